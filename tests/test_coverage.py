"""95 % intervals hold the truth 95 times in 100, on data like the simulator's: replications are weeks or days
that are busy or quiet by a Gamma factor, and the truth is known because the distributions are.
"""

import numpy as np
import pytest

from sim112.study import statistics
from sim112.study.statistics import Interval
from sim112.study.totals import BIN_FROM_S, MIDDLE_S

STUDIES = 4000
REPLICATIONS = 30

pytestmark = pytest.mark.slow

DAYS = pytest.mark.parametrize(
    ("cv", "days"), [(0.22, 7), (0.22, 1), (0.5, 7), (0.5, 1)], ids=["calm week", "calm day", "week", "day"]
)
"""How much days vary (coefficient of variation), and how many days a replication has."""


def covered(interval: Interval, truth: float) -> float:
    return float(np.mean((interval.low <= truth) & (truth <= interval.high)))


def day_factors(rng: np.random.Generator, cv: float, days: int, studies: int = STUDIES) -> np.ndarray:
    """[replications, studies, days]"""
    return rng.gamma(cv**-2, cv**2, (REPLICATIONS, studies, days))


@DAYS
def test_a_mean_count_is_covered(cv: float, days: int) -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(40 / days * day_factors(rng, cv, days)).sum(axis=2)
    assert 0.94 <= covered(statistics.mean_interval(counts), 40) <= 0.96


@DAYS
@pytest.mark.parametrize("loss", [0.02, 0.3, 0.9])
def test_a_share_is_covered(cv: float, days: int, loss: float) -> None:
    """Busy days also lose a larger share of their calls."""
    rng = np.random.default_rng(2)
    factors = day_factors(rng, cv, days)
    counts = rng.poisson(200 / days * factors)
    lost = rng.binomial(counts, 1 - np.exp(-loss * factors))
    truth = 1 - (1 + loss * cv**2) ** -(cv**-2 + 1)  # the Laplace transform of a Gamma that weighs itself
    interval = statistics.ratio_interval(lost.sum(axis=2), counts.sum(axis=2))
    assert 0.94 <= covered(interval, truth) <= 0.96


@DAYS
def test_a_mean_over_calls_is_covered_where_busy_days_are_long_days(cv: float, days: int) -> None:
    """The hardest case: both what is summed and how many there are go with the day."""
    rng = np.random.default_rng(4)
    factors = day_factors(rng, cv, days)
    counts = rng.poisson(40 / days * factors)
    sums = rng.gamma(np.maximum(2.0 * counts, 1e-9), 30 * factors)
    interval = statistics.ratio_interval(sums.sum(axis=2), counts.sum(axis=2))
    assert 0.94 <= covered(interval, 60 * (1 + cv**2)) <= 0.96


@pytest.mark.parametrize("cv", [0.22, 0.5])
@pytest.mark.parametrize("calls", [10, 40])
def test_the_ninetieth_percentile_is_covered(cv: float, calls: int) -> None:
    rng = np.random.default_rng(5)
    studies, together = STUDIES, 500
    truth = 100 * np.log(10)  # of an exponential with mean 100 s, on every day
    inside = 0
    for _ in range(studies // together):
        counts = rng.poisson(calls * day_factors(rng, cv, 1, together)[:, :, 0])
        row = np.repeat(np.arange(counts.size), counts.ravel())
        bins = np.searchsorted(BIN_FROM_S, rng.exponential(100, len(row)), side="right")
        flat = np.bincount(row * len(MIDDLE_S) + bins, minlength=counts.size * len(MIDDLE_S))
        by_replication = flat.reshape(REPLICATIONS, together * len(MIDDLE_S)).astype(np.int32)
        cells = [(np.flatnonzero(one), one[one > 0]) for one in by_replication]
        found = statistics.pooled_quantile(cells, together, MIDDLE_S, 0.9)
        inside += int(np.sum((found.low <= truth) & (truth <= found.high)))
    assert 0.94 <= inside / studies <= 0.96


@pytest.mark.parametrize("mean", [0.5, 1.5, 3.05, 3.5, 5, 8, 12, 16, 20])
@DAYS
def test_a_rare_count_is_covered(cv: float, days: int, mean: float) -> None:
    """At least: counts are whole numbers, so an interval cannot be right at every mean and is on the long
    side.
    """
    rng = np.random.default_rng(6)
    counts = rng.poisson(mean / REPLICATIONS / days * day_factors(rng, cv, days, 20_000)).sum(axis=2)
    dispersed = statistics.dispersion(counts, np.ones(counts.shape))
    exposure = np.full(counts.shape[1], float(REPLICATIONS))
    interval = statistics.count_interval(counts.sum(axis=0), exposure, dispersed=dispersed)
    assert covered(interval, mean / REPLICATIONS) >= 0.94


@DAYS
def test_a_rare_share_is_covered(cv: float, days: int) -> None:
    rng = np.random.default_rng(7)
    trials = rng.poisson(50 / days * day_factors(rng, cv, days)).sum(axis=2)
    hits = rng.binomial(trials, 0.008)
    dispersed = statistics.dispersion(hits, trials, of_share=True)
    interval = statistics.share_interval(hits.sum(axis=0), trials.sum(axis=0), dispersed=dispersed)
    assert covered(interval, 0.008) >= 0.94


@DAYS
def test_a_paired_difference_is_covered(cv: float, days: int) -> None:
    """The second scenario loses a tenth of the first one's calls, each by a draw of its own."""
    rng = np.random.default_rng(8)
    first = rng.poisson(40 / days * day_factors(rng, cv, days)).sum(axis=2)
    second = rng.binomial(first, 0.9)
    found = statistics.paired_difference(first, second)
    assert 0.94 <= covered(Interval(found.value, found.low, found.high), -4) <= 0.96
    assert np.median(found.variance_reduction) > 5


@pytest.mark.parametrize("replications", [10, 30])
@DAYS
def test_a_family_of_verdicts_keeps_its_level_where_nothing_differs(
    cv: float, days: int, replications: int
) -> None:
    """Eight measures, two scenarios on the same day factors and with chance of their own: 5 studies in 100
    may have a verdict, and the correction does not make verdicts impossible.
    """
    rng = np.random.default_rng(9)
    measures, studies = 8, STUDIES
    factors = rng.gamma(cv**-2, cv**2, (replications, studies, measures, days))
    first, second = (rng.poisson(12 / days * factors).sum(axis=3) for _ in range(2))
    p_values = statistics.paired_difference(first, second).p_value
    wrong = np.mean([(statistics.holm(of_study) < 0.05).any() for of_study in p_values])
    assert 0.02 <= wrong <= 0.055


@pytest.mark.parametrize("replications", [10, 30])
def test_a_family_of_verdicts_keeps_its_level_where_differences_lean(replications: int) -> None:
    """Most replications hardly differ, and a few by a lot: rare long incidents that one scenario or the other
    has.
    """
    rng = np.random.default_rng(10)
    shape = (replications, STUDIES, 8)
    own = [rng.exponential(600, shape) * rng.poisson(0.5, shape) for _ in range(2)]
    moved = own[1] - own[0]
    first = rng.normal(4000, 300, shape)
    p_values = statistics.paired_difference(first, first + moved).p_value
    wrong = np.mean([(statistics.holm(of_study) < 0.05).any() for of_study in p_values])
    assert wrong <= 0.055


@pytest.mark.parametrize(("cv", "wanted"), [(0.22, 2.0), (0.5, 4.0), (0.5, 6.0)])
def test_an_interval_is_covered_after_stopping_when_it_is_narrow_enough(cv: float, wanted: float) -> None:
    """Stopping by the look-ahead of ``study.precision`` catches no interval at its narrowest."""
    from sim112.study.precision import BATCH, IN_A_ROW, LEAST

    rng = np.random.default_rng(11)
    counts = rng.poisson(40 * rng.gamma(cv**-2, cv**2, (400, STUDIES)))
    in_a_row, stopped = np.zeros(STUDIES, int), np.zeros(STUDIES, bool)
    inside = np.zeros(STUDIES, bool)
    for number in range(LEAST, len(counts) + 1, BATCH):
        interval = statistics.mean_interval(counts[:number])
        narrow = (interval.high - interval.low) / 2 <= wanted
        in_a_row = np.where(narrow, in_a_row + 1, 0)
        ends = (in_a_row >= IN_A_ROW) & ~stopped
        inside[ends] = ((interval.low <= 40) & (interval.high >= 40))[ends]
        stopped |= ends
    assert stopped.all()
    assert 0.94 <= inside.mean() <= 0.96
