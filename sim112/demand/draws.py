"""Random draws without a generator: a draw is a pure function of (seed, replication, key, purpose, trial).

Every incident, caller and nuisance number has a permanent key. Its uniform numbers come from hashing that
key, so no draw depends on how many others were drawn before it: a new kind, regency, surge or centre moves
nothing else. Values follow by inverse transform, so a key keeps its place in the distribution when a
parameter moves.

The hash is the finaliser of splitmix64 (Steele, Lea and Flood 2014), applied after each part of the key.

Everything is drawn for many keys at once, because a step on an array costs a microsecond whatever its length
and a nanosecond or less for each key.
"""

import math
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sim112.config.distributions import Count, Duration, Factor
from sim112.engine.contract import TICKS_PER_S, Floats, Ints
from sim112.errors import InputError

Words = NDArray[np.uint64]

# Widths of the parts of a key, which fill the 63 bits of a positive int64.
REGENCY_BITS, STREAM_BITS, DAY_BITS, ORDINAL_BITS = 14, 15, 15, 19

# What the finaliser of splitmix64 adds and multiplies by.
STEP, FACTORS = 0x9E3779B97F4A7C15, (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
SHIFTS = 30, 27, 31
_STEP, _FACTORS, _SHIFTS = np.uint64(STEP), np.array(FACTORS, np.uint64), np.array(SHIFTS, np.uint64)

MOST_ORDINALS = 1 << ORDINAL_BITS
"""Events that one stream of one regency can have in one day."""

BLOCK = 1 << 15
"""Keys taken at a time: few enough that their numbers stay in a core's own memory from step to step."""

NO_TIME = Duration(dist="deterministic", mean_s=0)
"""Stands in a list of distributions where there is none."""

SMALL_MEAN, STRIDE = 32.0, 8
"""Up to this mean, Poisson counts are found by stepping up from 0, so many at a time."""

NO_CHANCE = 1e-20
"""A probability that no longer makes a difference to a distribution function near 1."""


class Source(NamedTuple):
    """Where draws come from, beside their key: the study's seed and the number of the replication."""

    seed: int
    replication: int


def stream_id(name: str) -> int:
    """The permanent number of a stream, from its name alone."""
    return zlib.crc32(name.encode()) & ((1 << STREAM_BITS) - 1)


def check_streams(names: list[str]) -> None:
    """Refuse two streams whose names hash to one number, which would make their draws equal."""
    seen: dict[int, str] = {}
    for name in names:
        other = seen.setdefault(stream_id(name), name)
        if other != name:
            raise InputError(
                f"demand: the names {other!r} and {name!r} share a stream of draws; rename one of them"
            )


def pack_key(regency_code: ArrayLike, stream: ArrayLike, day: ArrayLike, ordinal: ArrayLike) -> Ints:
    """Permanent keys of things: (regency, stream, day, ordinal) in one positive int64; shapes broadcast.

    ``regency_code`` is the code without its point (33.18 -> 3318), ``day`` the days since 2000-01-01.
    """
    key = np.asarray(regency_code, dtype=np.int64)
    for part, bits in ((stream, STREAM_BITS), (day, DAY_BITS), (ordinal, ORDINAL_BITS)):
        key = (key << bits) | np.asarray(part, dtype=np.int64)
    return key


def fold_key(key: Ints, ordinal: int | Ints) -> Ints:
    """Permanent keys of parts of things: the n-th caller of an incident, the n-th call of a number."""
    word = _mix(key.view(np.uint64) ^ _hashes((0,), ordinal))
    word >>= np.uint64(1)
    return word.view(np.int64)


def order_of(key: Ints) -> Ints:
    """The order in which keys ascend: by 16 bits first, which is fast and leaves little to do."""
    roughly = np.argsort((key >> 47).astype(np.uint16), kind="stable")
    return roughly[np.argsort(key[roughly], kind="stable")]


def seeded(key: Ints, source: Source) -> Words:
    """The keys of one replication of one seed, to draw from with ``uniform``."""
    salt = _mix_number(_mix_number(source.seed) ^ (source.replication % 2**64))
    return _mix(key.view(np.uint64) ^ np.uint64(salt))


class ByKey(NamedTuple):
    """A purpose for each key: ``names[which]``."""

    names: tuple[str, ...]
    which: Ints


Purpose = str | ByKey


def uniform(key: Words, purpose: Purpose, trial: int | Ints = 0) -> Floats:
    """Uniform numbers in (0, 1), one for each seeded key (and trial); both ends are excluded."""
    u = np.empty(key.shape)
    keys, numbers = key.reshape(-1), u.reshape(-1)
    for block in _blocks(keys.size):
        word = _mix(keys[block] ^ _salt(_purpose_of(purpose, block), _trial_of(trial, block)))
        word >>= np.uint64(12)
        number = numbers[block]
        number[:] = word
        number += 0.5
        number *= 2.0**-52
    return u


def on_grid(value: ArrayLike) -> Floats:
    """Round to the time grid of 1/1024 s; never negative."""
    return _put_on_grid(np.array(value, dtype=np.float64))


def draw(distribution: Duration | Factor, key: Words, purpose: Purpose, trial: int | Ints = 0) -> Floats:
    """Durations (s) or factors, one for each seeded key (and trial), on the grid of 1/1024."""
    shape, scale = _shape_and_scale(distribution)
    values = np.empty(key.size)
    for block in _blocks(key.size):
        part = _standard(shape, key[block], _purpose_of(purpose, block), _trial_of(trial, block))
        values[block] = _put_on_grid(part, scale)
    return values


def draw_each(
    distributions: Sequence[Duration | Factor],
    which: Ints,
    key: Words,
    purpose: Purpose,
    trial: int | Ints = 0,
) -> Floats:
    """Like ``draw``, each key from ``distributions[which]``; those of one shape are drawn together."""
    pairs = [_shape_and_scale(distribution) for distribution in distributions]
    scale = np.array([scale for _, scale in pairs])
    shapes: dict[_Shape, int] = {}
    shape_of = np.array([shapes.setdefault(shape, len(shapes)) for shape, _ in pairs], dtype=np.int64)
    values = np.empty(key.size)
    for block in _blocks(key.size):
        part, which_of = values[block], which[block]
        number_of = shape_of[which_of]
        for shape, number in shapes.items():
            rows = np.flatnonzero(number_of == number)
            if rows.size == part.size:
                part[:] = _standard(shape, key[block], _purpose_of(purpose, block), _trial_of(trial, block))
            elif rows.size:
                at = rows + block.start
                part[rows] = _standard(shape, key[at], _purpose_of(purpose, at), _trial_of(trial, at))
        _put_on_grid(part, scale[which_of])
    return values


def draw_count(count: Count, key: Words, purpose: str) -> Ints:
    """Whole numbers from 0 on, one for each seeded key."""
    return _count_at(count, uniform(key, purpose))


def draw_count_each(counts: Sequence[Count], which: Ints, key: Words, purpose: str) -> Ints:
    """Like ``draw_count``, each key from ``counts[which]``."""
    u = uniform(key, purpose)
    values = np.zeros(key.size, dtype=np.int64)
    for number, count in enumerate(counts):
        rows = np.flatnonzero(which == number)
        if rows.size:
            values[rows] = _count_at(count, u[rows])
    return values


def poisson_count(mean: Floats, u: Floats) -> Ints:
    """The inverse of the Poisson distribution function: never smaller for a larger mean at the same u.

    Exact, unless u comes within rounding (some 1e-15) of a value of that function.
    """
    count = np.zeros(mean.shape, dtype=np.int64)
    counts, mean, u = count.reshape(-1), mean.reshape(-1), u.reshape(-1)
    many = np.flatnonzero(mean > SMALL_MEAN)
    if many.size:
        counts[many] = _large_poisson_count(mean[many], u[many])
    chance = np.exp(-mean)
    left = np.flatnonzero((mean <= SMALL_MEAN) & (chance < u))
    mean, u, chance, reached = mean[left], u[left], chance[left], chance[left]
    before = 0
    while left.size:
        # the chances of the next counts, and the distribution function there: added up in their order
        chances = np.empty((left.size, STRIDE + 1))
        chances[:, 0] = chance
        np.divide(mean[:, None], before + np.arange(1, STRIDE + 1), out=chances[:, 1:])
        np.multiply.accumulate(chances, axis=1, out=chances)
        chance = chances[:, -1].copy()
        chances[:, 0] = reached
        np.add.accumulate(chances, axis=1, out=chances)
        counts[left] = before + (chances < u[:, None]).sum(axis=1)
        before += STRIDE
        on = np.flatnonzero((chances[:, -1] < u) & (chance > NO_CHANCE))
        left, mean, u, chance, reached = left[on], mean[on], u[on], chance[on], chances[on, -1]
    return count


def gamma_quantile(cv: float, u: Floats) -> Floats:
    """Quantiles of the Gamma distribution with mean 1 and this cv."""
    shape = 1 / cv**2
    return np.asarray(special.gammaincinv(shape, u), dtype=np.float64) / shape


class _Shape(NamedTuple):
    """A distribution without its scale."""

    dist: str
    cv: float | None = None
    stages: int | None = None
    values: tuple[float, ...] | None = None
    weights: tuple[float, ...] | None = None


@lru_cache(maxsize=4096)
def _shape_and_scale(distribution: Duration | Factor) -> tuple[_Shape, float]:
    if isinstance(distribution, Duration):
        if distribution.values_s is not None:
            return _Shape("empirical", values=distribution.values_s, weights=distribution.weights), 1.0
        mean = distribution.expected_s
    else:
        mean = distribution.mean
    if distribution.dist == "deterministic" or distribution.cv == 0 or mean == 0:
        return _Shape("deterministic"), mean
    return _Shape(distribution.dist, distribution.cv, distribution.stages), mean


def _standard(shape: _Shape, key: Words, purpose: Purpose, trial: int | Ints) -> Floats:
    """Quantiles at the uniform numbers of these keys, of mean 1 unless empirical."""
    if shape.dist == "deterministic":
        return np.ones(key.size)
    u, cv = uniform(key, purpose, trial), shape.cv
    if shape.values is not None:
        return _pick(np.array(shape.values, dtype=np.float64), shape.weights, u)
    if shape.dist == "exponential":
        return _standard_exponential(u)
    if shape.dist == "erlang":
        assert shape.stages is not None
        return gamma_quantile(1 / math.sqrt(shape.stages), u)
    assert cv is not None
    if shape.dist == "lognormal":
        variance = math.log1p(cv**2)
        normal: Floats = special.ndtri(u)
        normal *= math.sqrt(variance)
        normal -= variance / 2
        return np.exp(normal, out=normal)
    if shape.dist == "gamma":
        return gamma_quantile(cv, u)
    if shape.dist == "hyperexponential":
        return _hyperexponential(cv, u, uniform(key, _phase(purpose), trial))
    if shape.dist == "weibull":
        exponent = 1 / _weibull_shape(cv)
        powered: Floats = np.power(_standard_exponential(u), exponent)
        return powered / math.gamma(1 + exponent)
    return 1 + cv * math.sqrt(3) * (2 * u - 1)  # uniform


def _standard_exponential(u: Floats) -> Floats:
    return np.negative(np.log1p(-u))


def _hyperexponential(cv: float, u: Floats, u_phase: Floats) -> Floats:
    """Two exponentials of balanced means: each carries half of the mean of 1."""
    often = (1 + math.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    half_rate: Floats = np.where(u_phase < often, often, 1 - often)
    return _standard_exponential(u) / (2 * half_rate)


def _phase(purpose: Purpose) -> Purpose:
    if isinstance(purpose, ByKey):
        return ByKey(tuple(f"{name}/phase" for name in purpose.names), purpose.which)
    return f"{purpose}/phase"


def _count_at(count: Count, u: Floats) -> Ints:
    """The quantiles of a whole number."""
    if count.dist == "fixed" or count.expected == 0:
        return np.full(u.shape, int(count.expected), dtype=np.int64)
    if count.values is not None:
        return _pick(np.array(count.values, dtype=np.float64), count.weights, u).astype(np.int64)
    mean = count.expected
    if count.dist == "geometric":
        # P(more than k) = (m / (1 + m)) ** (k + 1)
        return np.floor(np.log1p(-u) / math.log(mean / (1 + mean))).astype(np.int64)
    return poisson_count(np.full(u.shape, mean), u)


def _large_poisson_count(mean: Floats, u: Floats) -> Ints:
    count: Floats = np.maximum(np.ceil(np.nan_to_num(special.pdtrik(u, mean))), 0.0)
    # pdtrik is exact to rounding only: step to the least count whose distribution function reaches u
    while (low := special.pdtr(count, mean) < u).any():
        count = count + low
    while (high := (count > 0) & (special.pdtr(np.maximum(count - 1, 0.0), mean) >= u)).any():
        count = count - high
    return count.astype(np.int64)


def _put_on_grid(values: Floats, scale: Floats | float = 1.0) -> Floats:
    """``on_grid`` of the values times their scale, in place."""
    values *= scale
    values *= TICKS_PER_S
    np.rint(values, out=values)
    values /= TICKS_PER_S
    return np.maximum(values, 0.0, out=values)


@lru_cache(maxsize=64)
def _weibull_shape(cv: float) -> float:
    """The shape of a Weibull distribution with this cv, by bisection on its logarithm."""
    low, high = math.log(0.1), math.log(100.0)
    for _ in range(80):
        middle = (low + high) / 2
        shape = math.exp(middle)
        log_ratio = math.lgamma(1 + 2 / shape) - 2 * math.lgamma(1 + 1 / shape)
        low, high = (middle, high) if log_ratio > math.log1p(cv**2) else (low, middle)
    return math.exp((low + high) / 2)


def _pick(values: Floats, weights: tuple[float, ...] | None, u: Floats) -> Floats:
    """The inverse of an empirical distribution, values ascending."""
    order = np.argsort(values, kind="stable")
    heights = np.ones(values.size) if weights is None else np.array(weights, dtype=np.float64)[order]
    steps = np.cumsum(heights) / heights.sum()
    picked: Floats = values[order][np.minimum(np.searchsorted(steps, u), values.size - 1)]
    return picked


@lru_cache(maxsize=1024)
def _purpose_id(purpose: str) -> int:
    return zlib.crc32(purpose.encode()) << 32


def _blocks(size: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK)]


def _purpose_of(purpose: Purpose, rows: slice | Ints) -> Purpose:
    return ByKey(purpose.names, purpose.which[rows]) if isinstance(purpose, ByKey) else purpose


def _trial_of(trial: int | Ints, rows: slice | Ints) -> int | Ints:
    return trial[rows] if isinstance(trial, np.ndarray) else trial


def _salt(purpose: Purpose, trial: int | Ints) -> Words:
    """What tells purposes and trials apart."""
    if isinstance(purpose, ByKey):
        return _hashes(tuple(map(_purpose_id, purpose.names)), trial, purpose.which)
    return _hashes((_purpose_id(purpose),), trial)


def _hashes(first: tuple[int, ...], number: int | Ints, which: Ints | None = None) -> Words:
    """Hashes of ``first[which] + number``, looked up: these numbers are small and come again and again."""
    if which is None and not isinstance(number, np.ndarray):
        return np.array(_mix_number(first[0] + int(number)), dtype=np.uint64)
    size = 1 + int(number.max(initial=0) if isinstance(number, np.ndarray) else number)
    table = _table_of_hashes(first, max(size, 16))
    return table.take(number if which is None else number + which * table.shape[1])


@lru_cache(maxsize=64)
def _table_of_hashes(first: tuple[int, ...], size: int) -> Words:
    table: Words = _mix(np.add.outer(np.array(first, dtype=np.uint64), np.arange(size, dtype=np.uint64)))
    table.flags.writeable = False
    return table


def _mix(word: Words) -> Words:
    """The finaliser of splitmix64, after one step of its counter, in place; wraps round at 2 ** 64."""
    (first, second, third), (factor, last_factor) = _SHIFTS, _FACTORS
    words = word.reshape(-1)
    for block in _blocks(words.size):
        part = words[block]
        part += _STEP
        shifted = part >> first
        part ^= shifted
        part *= factor
        np.right_shift(part, second, out=shifted)
        part ^= shifted
        part *= last_factor
        np.right_shift(part, third, out=shifted)
        part ^= shifted
    return word


@lru_cache(maxsize=4096)
def _mix_number(word: int) -> int:
    """``_mix`` of one word."""
    word = (word + STEP) % 2**64
    word = (word ^ (word >> 30)) * FACTORS[0] % 2**64
    word = (word ^ (word >> 27)) * FACTORS[1] % 2**64
    return word ^ (word >> 31)
