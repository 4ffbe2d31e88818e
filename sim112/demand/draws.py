"""Random draws without a generator: a draw is a pure function of (seed, replication, key, purpose, trial).

Every incident, caller and nuisance number has a permanent key. Its uniform numbers come from hashing that
key, so no draw depends on how many others were drawn before it: a new kind, regency, surge or centre moves
nothing else. Values follow by inverse transform, so a key keeps its place in the distribution when a
parameter moves.

The hash is the finaliser of splitmix64 (Steele, Lea and Flood 2014), applied after each part of the key.
"""

import math
import zlib
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

MOST_ORDINALS = 1 << ORDINAL_BITS
"""Events that one stream of one regency can have in one day."""


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


def fold_key(key: ArrayLike, ordinal: ArrayLike) -> Ints:
    """Permanent keys of parts of things: the n-th caller of an incident, the n-th call of a number."""
    return (_mix(_words(key) ^ _mix(_words(ordinal))) >> np.uint64(1)).astype(np.int64)


def seeded(key: ArrayLike, source: Source) -> Words:
    """The keys of one replication of one seed, to draw from with ``uniform``."""
    salt = _mix(_mix(_words(source.seed % 2**64)) ^ _words(source.replication % 2**64))
    return _mix(_words(key) ^ salt)


def uniform(key: Words, purpose: str, trial: ArrayLike = 0) -> Floats:
    """Uniform numbers in (0, 1), one for each seeded key (and trial); both ends are excluded."""
    word = _mix(key ^ _mix(_words(trial) + np.uint64(_purpose_id(purpose))))
    return ((word >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def on_grid(value: ArrayLike) -> Floats:
    """Round to the time grid of 1/1024 s; never negative."""
    return np.maximum(np.rint(np.asarray(value, dtype=np.float64) * TICKS_PER_S) / TICKS_PER_S, 0.0)


def draw(distribution: Duration | Factor, key: Words, purpose: str, trial: ArrayLike = 0) -> Floats:
    """Durations (s) or factors, one for each seeded key (and trial), on the grid of 1/1024."""
    if isinstance(distribution, Duration):
        mean = distribution.expected_s
        if distribution.values_s is not None:
            values = np.array(distribution.values_s, dtype=np.float64)
            return on_grid(_pick(values, distribution.weights, uniform(key, purpose, trial)))
    else:
        mean = distribution.mean
    shape = np.broadcast_shapes(key.shape, np.shape(trial))
    if distribution.dist == "deterministic" or distribution.cv == 0 or mean == 0:
        return on_grid(np.full(shape, mean))
    u = uniform(key, purpose, trial)
    if distribution.dist == "hyperexponential":
        assert distribution.cv is not None
        return on_grid(mean * _hyperexponential(distribution.cv, u, uniform(key, purpose + "/phase", trial)))
    return on_grid(mean * _standard(distribution, u))


def draw_count(count: Count, key: Words, purpose: str) -> Ints:
    """Whole numbers from 0 on, one for each seeded key."""
    if count.dist == "fixed" or count.expected == 0:
        return np.full(key.shape, int(count.expected), dtype=np.int64)
    u = uniform(key, purpose)
    if count.values is not None:
        return _pick(np.array(count.values, dtype=np.float64), count.weights, u).astype(np.int64)
    mean = count.expected
    if count.dist == "geometric":
        # P(more than k) = (m / (1 + m)) ** (k + 1)
        return np.floor(np.log1p(-u) / math.log(mean / (1 + mean))).astype(np.int64)
    return poisson_count(np.full(key.shape, mean), u)


def poisson_count(mean: Floats, u: Floats) -> Ints:
    """The inverse of the Poisson distribution function: never smaller for a larger mean at the same u."""
    count: Floats = np.ceil(np.nan_to_num(special.pdtrik(u, mean)))
    count = np.maximum(count, 0.0)
    # pdtrik is exact to rounding only: step to the least count whose distribution function reaches u
    while (low := special.pdtr(count, mean) < u).any():
        count = count + low
    while (high := (count > 0) & (special.pdtr(np.maximum(count - 1, 0.0), mean) >= u)).any():
        count = count - high
    return count.astype(np.int64)


def gamma_quantile(cv: float, u: Floats) -> Floats:
    """Quantiles of the Gamma distribution with mean 1 and this cv."""
    shape = 1 / cv**2
    return np.asarray(special.gammaincinv(shape, u), dtype=np.float64) / shape


def _standard(distribution: Duration | Factor, u: Floats) -> Floats:
    """Quantiles of the distribution of mean 1."""
    cv = distribution.cv
    if distribution.dist == "exponential":
        return -np.log1p(-u)
    if distribution.dist == "erlang":
        assert distribution.stages is not None
        return gamma_quantile(1 / math.sqrt(distribution.stages), u)
    assert cv is not None
    if distribution.dist == "lognormal":
        variance = math.log1p(cv**2)
        normal = np.asarray(special.ndtri(u), dtype=np.float64)
        return np.exp(math.sqrt(variance) * normal - variance / 2)
    if distribution.dist == "gamma":
        return gamma_quantile(cv, u)
    if distribution.dist == "weibull":
        shape = _weibull_shape(cv)
        powered: Floats = np.power(-np.log1p(-u), 1 / shape)
        return powered / math.gamma(1 + 1 / shape)
    return 1 + cv * math.sqrt(3) * (2 * u - 1)  # uniform


def _hyperexponential(cv: float, u: Floats, u_phase: Floats) -> Floats:
    """Two exponentials of balanced means: each carries half of the mean of 1."""
    often = (1 + math.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    half_rate: Floats = np.where(u_phase < often, often, 1 - often)
    return -np.log1p(-u) / (2 * half_rate)


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


def _words(value: ArrayLike) -> Words:
    return np.asarray(value).astype(np.uint64)


def _mix(word: Words) -> Words:
    """The finaliser of splitmix64, after one step of its counter; wraps round at 2 ** 64."""
    with np.errstate(over="ignore"):
        word = word + np.uint64(0x9E3779B97F4A7C15)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return word ^ (word >> np.uint64(31))
