"""What replications can tell: intervals, paired differences, rare events, and families of tests.

Everything works on arrays whose first axis is the replication; all other axes are kept. Replications are
independent of each other, and what happens within one is not, so every interval is over replications. One
replication gives no interval: its bounds are NaN.

A ratio of totals is not a mean of ratios. Each replication is given its *linearised value*: the ratio, plus
how far leaving the replication out would move it (a jackknife pseudo-value, centred on the ratio). These
average to the ratio exactly, so that the ratio, and the difference of two ratios under the same draws, get
an interval as a mean does. Busy replications have leverage on a ratio; leaving out accounts for it.

Totals of busy and quiet days lean to the right, and a Student interval of what leans misses the truth on one
side. From ten replications on, intervals and p-values allow for it: Hall's monotone cubic takes the skewness
out of the Student statistic, and the degrees of freedom are those of a variance estimated from values with
the kurtosis that was seen. docs/statistics.md has the measured coverage.

Sources: A. Law, Simulation Modeling and Analysis (replications, common random numbers, paired-t); W. Cochran,
Sampling Techniques (ratio estimator); R. Miller, The jackknife: a review, 1974; P. Hall, On the removal of
skewness by transformation, 1992; F. Satterthwaite, 1946 (degrees of freedom from the variance of a variance);
R. Woodruff, Confidence intervals for medians and other position measures, 1952; F. Garwood, Fiducial limits
for the Poisson distribution, 1936; C. Clopper and E. Pearson, 1934; J. Hanley and A. Lippman-Hand, If nothing
goes wrong, is everything all right?, 1983 (3/N); S. Holm, 1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special  # not scipy.stats, which takes half a second to import

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONFIDENCE = 0.95
FEW = 30
"""Under this many events in all, a result is called 'too few'."""

BESIDE_NONE = 10
"""Under this many events the low end is 3 at most. 3 / N for no events is the whole of 5 % on one side: were
a true mean just above 3 also missed by the intervals of eight and nine events (low ends 3.45 and 4.12), more
than 6 % would miss it.
"""

LEAST_FOR_SHAPE = 10
"""Under this many replications skewness and kurtosis cannot be seen, and intervals are plain Student ones."""


@dataclass(frozen=True, eq=False)
class Interval:
    """An estimate with its bounds; NaN bounds where replications do not give any."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Difference:
    """A paired difference (second minus first).

    ``p_value`` is of a two-sided paired t-test, corrected as the interval is. ``variance_reduction`` is the
    variance that the difference would have without common draws, over the variance it has: above 1 where
    pairing helped.
    """

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats
    variance_reduction: Floats


# ---- means and ratios --------------------------------------------------------------------------------------


def mean_interval(values: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Mean over replications with its interval; ``values`` is [replications, ...].

    The interval is Student's, corrected for skewness and kurtosis from ``LEAST_FOR_SHAPE`` replications on;
    it then reaches further to the side to which the values lean.
    """
    values = np.asarray(values, np.float64)
    mean = values.mean(axis=0)
    if len(values) < 2:
        nothing = np.full(mean.shape, np.nan)
        return Interval(mean, nothing, nothing)
    spread = _spread(values)
    quantile = special.stdtrit(spread.freedom, 0.5 + confidence / 2)
    low = mean - spread.error * _leaning(quantile, spread.lean)
    high = mean - spread.error * _leaning(-quantile, spread.lean)
    return Interval(mean, low, high)


@dataclass(frozen=True, eq=False)
class _Spread:
    """How a mean over replications varies: its standard error, how it leans, and its degrees of freedom."""

    error: Floats
    lean: Floats  # skewness of the values over the root of their number; 0 where they are even
    freedom: Floats


def _spread(values: Floats) -> _Spread:
    number = len(values)
    moved = values - values.mean(axis=0)
    squares = np.square(moved)
    variance = squares.mean(axis=0)
    error = np.sqrt(variance / (number - 1))
    if number < LEAST_FOR_SHAPE:
        return _Spread(error, np.zeros(error.shape), np.full(error.shape, number - 1.0))
    safe = np.where(variance > 0, variance, 1.0)
    skewness = (squares * moved).mean(axis=0) / safe**1.5 * np.sqrt(number * (number - 1)) / (number - 2)
    excess = np.square(squares).mean(axis=0) / np.square(safe) - 3.0
    excess = ((number + 1) * excess + 6) * (number - 1) / ((number - 2) * (number - 3))
    excess = np.where(variance > 0, np.maximum(excess, 0.0), 0.0)
    # the variance of s squared is (2 / (n - 1) + excess kurtosis / n) times the fourth power of sigma
    return _Spread(error, skewness / np.sqrt(number), 2 / (2 / (number - 1) + excess / number))


def _straightened(statistic: Floats, lean: Floats) -> Floats:
    """A Student statistic with its skewness taken out (Hall 1992): increasing in the statistic."""
    straight: Floats = statistic + lean / 6 + lean * statistic**2 / 3 + lean**2 * statistic**3 / 27
    return straight


def _leaning(straight: Floats, lean: Floats) -> Floats:
    """The inverse of ``_straightened``."""
    even = np.abs(lean) < 1e-9
    safe = np.where(even, 1.0, lean)
    statistic: Floats = np.where(even, straight, 3 / safe * (np.cbrt(1 + safe * (straight - safe / 6)) - 1))
    return statistic


def linearised_ratio(numerator: Floats, denominator: Floats) -> Floats:
    """The linearised value of each replication, [replications, ...]; NaN where the denominators sum to
    nothing.

    Their mean over replications is exactly sum(numerator) / sum(denominator), and their variance that of the
    jackknife. Where one replication has the whole of the denominator nothing can be left out; its residual
    is then set over the mean denominator.
    """
    numerator, denominator = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    number, sums = len(denominator), denominator.sum(axis=0)
    safe = np.where(sums > 0, sums, np.nan)
    ratio = numerator.sum(axis=0) / safe
    residual = numerator - ratio * denominator
    rest = safe - denominator
    alone = ~(rest > 1e-12 * safe)
    moves = np.where(alone, residual * number / safe, residual * (number - 1) / np.where(alone, 1.0, rest))
    values: Floats = ratio + moves - moves.mean(axis=0)
    return values


def ratio_interval(numerator: Floats, denominator: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Ratio of totals with its interval over replications; both are [replications, ...]."""
    interval = mean_interval(linearised_ratio(numerator, denominator), confidence)
    sums = np.asarray(denominator, np.float64).sum(axis=0)
    ratio = np.asarray(numerator, np.float64).sum(axis=0) / np.where(sums > 0, sums, np.nan)
    return Interval(ratio, interval.low, interval.high)


# ---- rare events -------------------------------------------------------------------------------------------


def is_few(events: Floats) -> Bools:
    """Whether there are too few events in all for a verdict."""
    few: Bools = np.asarray(events) < FEW
    return few


def dispersion(events: Floats, exposure: Floats, of_share: bool = False) -> Floats:
    """How much more counts vary from replication to replication than chance alone would have them, 1 or more.

    ``events`` and ``exposure`` are [replications, ...]. The variance of events about what their exposure
    (years, trials) lets expect, over that of a Poisson count, or of a binomial one with ``of_share``. Busy
    and quiet days make it more than 1. Under ``LEAST_FOR_SHAPE`` replications it cannot be seen and is 1.
    """
    events, exposure = np.asarray(events, np.float64), np.asarray(exposure, np.float64)
    number, total, whole = len(events), events.sum(axis=0), exposure.sum(axis=0)
    if number < LEAST_FOR_SHAPE:
        return np.ones(total.shape)
    rate = total / np.where(whole > 0, whole, np.nan)
    seen = np.square(events - rate * exposure).sum(axis=0) / (number - 1)
    expected = total / number * ((1 - rate) if of_share else 1.0)
    known = expected > 0
    found: Floats = np.where(known, np.maximum(seen / np.where(known, expected, 1.0), 1.0), 1.0)
    return found


def count_interval(
    events: Floats,
    exposure: Floats,
    confidence: float = CONFIDENCE,
    dispersed: float | Floats = 1.0,
) -> Interval:
    """Rate of rare events, exact for a Poisson count; no events in N give the upper bound 3 / N.

    ``events`` and ``exposure`` are over all replications together. Where counts are ``dispersed``, so many
    events tell no more than one, and the interval is that of fewer.
    """
    events, exposure = (np.asarray(part, np.float64) / dispersed for part in (events, exposure))
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(events > 0, special.gammaincinv(np.maximum(events, 0.5), tail), 0.0)
        low = np.where(events < BESIDE_NONE, np.minimum(low, 3.0), low)
        high = np.where(events > 0, special.gammaincinv(events + 1, 1 - tail), 3.0)
        return Interval(events / exposure, low / exposure, high / exposure)


def share_interval(
    events: Floats,
    trials: Floats,
    confidence: float = CONFIDENCE,
    dispersed: float | Floats = 1.0,
) -> Interval:
    """Share of rare (or rarely missing) events, exact for independent trials; none in N gives the bound 3 /
    N. ``dispersed`` as for counts.
    """
    events, trials = (np.asarray(part, np.float64) / dispersed for part in (events, trials))
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        misses = trials - events
        low = special.betaincinv(np.maximum(events, 0.5), misses + 1, tail)
        high = special.betaincinv(events + 1, np.maximum(misses, 0.5), 1 - tail)
        many = trials >= 2 * BESIDE_NONE  # of fewer, eight are hardly ever met where the share is 3 / N
        low = np.where(many & (events < BESIDE_NONE), np.minimum(low, 3 / trials), low)
        high = np.where(many & (misses < BESIDE_NONE), np.maximum(high, 1 - 3 / trials), high)
        low = np.where(events == 0, 0.0, np.where(misses == 0, np.maximum(1 - 3 / trials, 0.0), low))
        high = np.where(misses == 0, 1.0, np.where(events == 0, np.minimum(3 / trials, 1.0), high))
        value = events / trials
    undefined = ~(trials > 0)
    low, high, value = (np.where(undefined, np.nan, part) for part in (low, high, value))
    return Interval(value, low, high)


# ---- quantiles ---------------------------------------------------------------------------------------------


def quantile_of_counts(counts: NDArray[Any], values: Floats, share: float | Floats) -> Floats:
    """The least value with at least ``share`` of the counts at or below it; NaN where there are none.

    ``counts`` is [..., bins], ``values`` [bins] ascending; ``share`` a number or an array [...].
    """
    below = np.cumsum(counts, axis=-1)
    whole = below[..., -1]
    # a share that falls on a count exactly must not be pushed past it by the last bit
    enough = below >= (np.asarray(share) * whole)[..., None] - 1e-9 * whole[..., None]
    found: Floats = np.where(whole > 0, values[np.argmax(enough & (below > 0), axis=-1)], np.nan)
    return found


@dataclass(frozen=True, eq=False)
class Quantile:
    """A pooled quantile of each member, its interval, each replication's linearised value [replications,
    members], and how many durations there are in all.
    """

    value: Floats
    low: Floats
    high: Floats
    linearised: Floats
    durations: Floats


Cells = tuple[NDArray[Any], NDArray[Any]]
"""How often durations occurred, for several members: places member * bins + bin, and the count at each."""


def pooled_quantile(
    cells: Sequence[Cells], members: int, values: Floats, share: float, confidence: float = CONFIDENCE
) -> Quantile:
    """Quantile of all replications' durations together, with an interval by replication (Woodruff).

    ``cells`` are those of each replication; ``values`` [bins] ascending is what bins stand for. What is
    estimated is the duration that ``share`` of all durations stay within, in the long run of replications;
    busy replications weigh more. The share at or below the pooled quantile is a ratio of totals with its
    interval over replications; reading the pooled distribution at the ends of that interval bounds the
    quantile. Linearised values use the density between those ends.
    """
    all_at, all_counts = (np.concatenate(part) for part in zip(*cells, strict=True))
    pooled = np.bincount(all_at, all_counts, members * len(values)).reshape(members, len(values))
    quantile = quantile_of_counts(pooled, values, share)
    whole, below = np.zeros((2, len(cells), members))
    for replication, (at, count) in enumerate(cells):
        member, bin_of = np.divmod(at, len(values))
        whole[replication] = np.bincount(member, count, members)
        is_below = values[bin_of] <= quantile[member]
        below[replication] = np.bincount(member[is_below], count[is_below], members)
    durations: Floats = whole.sum(axis=0)
    if len(cells) < 2:
        nothing = np.full(quantile.shape, np.nan)
        return Quantile(quantile, nothing, nothing, quantile[None], durations)
    at_or_below = linearised_ratio(below, whole)
    spread = _spread(at_or_below)
    # even on both sides: the share at the pooled quantile does not move, so it has no lean to be corrected
    half = np.nan_to_num(spread.error * special.stdtrit(spread.freedom, 0.5 + confidence / 2))
    low_share, high_share = np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)
    low, high = quantile_of_counts(pooled, values, low_share), quantile_of_counts(pooled, values, high_share)
    span = high_share - low_share
    s_per_share = np.divide(high - low, span, out=np.zeros_like(span), where=span > 0)
    linearised = quantile - s_per_share * (at_or_below - at_or_below.mean(axis=0))
    return Quantile(quantile, low, high, linearised, durations)


# ---- comparing ---------------------------------------------------------------------------------------------


def paired_difference(first: Floats, second: Floats, confidence: float = CONFIDENCE) -> Difference:
    """Second minus first over replications that faced the same draws.

    Both are [replications, ...]: plain values, or linearised values of ratios or quantiles. Where every pair
    is equal the p-value is 1; where all differ by the same amount it is 0. Where the p-value is under 5 % the
    95 % interval leaves out zero. Raises ValueError where the numbers of replications differ.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(first) != len(second):
        raise ValueError(f"paired scenarios need the same replications: {len(first)} and {len(second)}")
    pairs = second - first
    interval = mean_interval(pairs, confidence)
    mean = interval.value
    if len(pairs) < 2:
        nothing = np.full(mean.shape, np.nan)
        return Difference(mean, nothing, nothing, nothing, nothing)
    variance = pairs.var(axis=0, ddof=1)
    # equal up to rounding of the linearised values
    still = variance <= (1e-12 * np.maximum(np.abs(mean), np.abs(first).max(axis=0))) ** 2
    spread = _spread(pairs)
    student = mean / np.where(still, 1.0, spread.error)
    corrected = _straightened(student, spread.lean)
    # both must be clear: far out in the tails, where a family of tests looks, skewness is estimated too badly
    # to make a verdict on the strength of it
    nearer = np.minimum(np.abs(corrected), np.abs(student))
    p_value = 2 * special.stdtr(spread.freedom, -nearer)
    p_value = np.where(still, np.where(mean == 0, 1.0, 0.0), p_value)
    p_value = np.where(np.isnan(mean), np.nan, p_value)
    unpaired = first.var(axis=0, ddof=1) + second.var(axis=0, ddof=1)
    reduction = np.where(still, np.nan, unpaired / np.where(still, 1.0, variance))
    return Difference(mean, interval.low, interval.high, p_value, reduction)


def holm(p_values: Floats) -> Floats:
    """Holm's adjusted p-values of one family; NaN (no test) stays NaN and does not count in the family."""
    p_values = np.asarray(p_values, np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return adjusted
