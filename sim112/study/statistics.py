"""What replications can tell: intervals, paired differences, rare events, and families of tests.

Everything works on arrays whose first axis is the replication; all other axes are kept. Replications are
independent of each other, and what happens within one is not, so every interval is over replications. One
replication gives no interval: its bounds are NaN.

A ratio of totals is not a mean of ratios. Each replication is given its *linearised value* (the ratio, plus
its own residual over the mean denominator); these average to the ratio exactly and have its first-order
variance, so that the ratio, and the difference of two ratios under the same draws, get a plain Student-t
interval. The jackknife agrees to first order; linearising is chosen because it needs no re-summing and gives
the values that pairing needs.

Sources: A. Law, Simulation Modeling and Analysis (replications, common random numbers, paired-t); W. Cochran,
Sampling Techniques (ratio estimator); R. Woodruff, Confidence intervals for medians and other position
measures, 1952; F. Garwood, Fiducial limits for the Poisson distribution, 1936; C. Clopper and E. Pearson,
1934; J. Hanley and A. Lippman-Hand, If nothing goes wrong, is everything all right?, 1983 (3/N); S. Holm,
1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONFIDENCE = 0.95
FEW = 30
"""Under this many events in all, a result is called 'too few'."""


@dataclass(frozen=True, eq=False)
class Interval:
    """An estimate with its bounds; NaN bounds where replications do not give any."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Difference:
    """A paired difference (second minus first).

    ``p_value`` is of a two-sided paired t-test. ``variance_reduction`` is the variance that the difference
    would have without common draws, over the variance it has: above 1 where pairing helped.
    """

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats
    variance_reduction: Floats


# ---- means and ratios --------------------------------------------------------------------------------------


def mean_interval(values: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Mean over replications with its Student-t interval; ``values`` is [replications, ...]."""
    values = np.asarray(values, np.float64)
    mean = values.mean(axis=0)
    half = _half_width(values, confidence)
    return Interval(mean, mean - half, mean + half)


def _half_width(values: Floats, confidence: float) -> Floats:
    number = len(values)
    if number < 2:
        return np.full(values.shape[1:], np.nan)
    quantile = float(stats.t.ppf(0.5 + confidence / 2, number - 1))
    half: Floats = quantile * values.std(axis=0, ddof=1) / np.sqrt(number)
    return half


def linearised_ratio(numerator: Floats, denominator: Floats) -> Floats:
    """The linearised value of each replication, [replications, ...]; NaN where the denominators sum to
    nothing.

    Their mean over replications is exactly sum(numerator) / sum(denominator).
    """
    numerator, denominator = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    sums = denominator.sum(axis=0)
    safe = np.where(sums > 0, sums, np.nan)
    ratio = numerator.sum(axis=0) / safe
    values: Floats = ratio + (numerator - ratio * denominator) / (safe / len(denominator))
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


def count_interval(events: Floats, exposure: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Rate of rare events, exact for a Poisson count; no events in N give the upper bound 3 / N.

    ``events`` and ``exposure`` are over all replications together.
    """
    events, exposure = np.asarray(events, np.float64), np.asarray(exposure, np.float64)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(events > 0, stats.chi2.ppf(tail, 2 * np.maximum(events, 0.5)) / 2, 0.0)
        high = np.where(events > 0, stats.chi2.ppf(1 - tail, 2 * events + 2) / 2, 3.0)
        return Interval(events / exposure, low / exposure, high / exposure)


def share_interval(events: Floats, trials: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Share of rare (or rarely missing) events, exact for independent trials; none in N gives the bound 3 /
    N.
    """
    events, trials = np.asarray(events, np.float64), np.asarray(trials, np.float64)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        misses = trials - events
        low = stats.beta.ppf(tail, np.maximum(events, 0.5), misses + 1)
        high = stats.beta.ppf(1 - tail, events + 1, np.maximum(misses, 0.5))
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
    """A pooled quantile, its interval, and each replication's linearised value, [replications, ...]."""

    value: Floats
    low: Floats
    high: Floats
    linearised: Floats


def pooled_quantile(
    counts: Sequence[NDArray[Any]], values: Floats, share: float, confidence: float = CONFIDENCE
) -> Quantile:
    """Quantile of all replications' durations together, with an interval by replication (Woodruff).

    ``counts`` holds one array [..., bins] per replication. The share at or below the pooled quantile is a
    ratio of totals with its interval over replications; reading the pooled distribution at the ends of that
    interval bounds the quantile. Linearised values use the density between those ends.
    """
    pooled = np.sum(counts, axis=0)
    quantile = quantile_of_counts(pooled, values, share)
    whole = np.stack([part.sum(axis=-1) for part in counts]).astype(np.float64)
    below = np.stack(
        [np.where(values <= quantile[..., None], part, 0).sum(axis=-1) for part in counts]
    ).astype(float)
    if len(counts) < 2:
        nothing = np.full(quantile.shape, np.nan)
        return Quantile(quantile, nothing, nothing, quantile[None])
    half = _half_width(linearised_ratio(below, whole), confidence)
    half = np.where(np.isnan(half), 0.0, half)
    low_share, high_share = np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)
    low, high = quantile_of_counts(pooled, values, low_share), quantile_of_counts(pooled, values, high_share)
    span = high_share - low_share
    s_per_share = np.divide(high - low, span, out=np.zeros_like(span), where=span > 0)
    mean = np.where(whole.sum(axis=0) > 0, whole.mean(axis=0), np.nan)
    pooled_share = below.sum(axis=0) / np.where(whole.sum(axis=0) > 0, whole.sum(axis=0), np.nan)
    linearised = quantile - s_per_share * (below - pooled_share * whole) / mean
    return Quantile(quantile, low, high, linearised)


# ---- comparing ---------------------------------------------------------------------------------------------


def paired_difference(first: Floats, second: Floats, confidence: float = CONFIDENCE) -> Difference:
    """Second minus first over replications that faced the same draws.

    Both are [replications, ...]: plain values, or linearised values of ratios or quantiles. Where every pair
    is equal the p-value is 1; where all differ by the same amount it is 0. Raises ValueError where the
    numbers of replications differ.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(first) != len(second):
        raise ValueError(f"paired scenarios need the same replications: {len(first)} and {len(second)}")
    pairs = second - first
    mean, half = pairs.mean(axis=0), _half_width(pairs, confidence)
    if len(pairs) < 2:
        nothing = np.full(mean.shape, np.nan)
        return Difference(mean, nothing, nothing, nothing, nothing)
    variance = pairs.var(axis=0, ddof=1)
    # equal up to rounding of the linearised values
    still = variance <= (1e-12 * np.maximum(np.abs(mean), np.abs(first).max(axis=0))) ** 2
    error = np.sqrt(np.where(still, 1.0, variance) / len(pairs))
    p_value = np.where(
        still, np.where(mean == 0, 1.0, 0.0), 2 * stats.t.sf(np.abs(mean) / error, len(pairs) - 1)
    )
    p_value = np.where(np.isnan(mean), np.nan, p_value)
    unpaired = first.var(axis=0, ddof=1) + second.var(axis=0, ddof=1)
    reduction = np.where(still, np.nan, unpaired / np.where(still, 1.0, variance))
    return Difference(mean, mean - half, mean + half, p_value, reduction)


def holm(p_values: Floats) -> Floats:
    """Holm's adjusted p-values of one family; NaN (no test) stays NaN and does not count in the family."""
    p_values = np.asarray(p_values, np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return adjusted
