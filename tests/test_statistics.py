"""Intervals cover as often as they say, pairing pays, and rare events are never called certain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim112.study import statistics


def test_the_interval_of_few_replications_is_student_t():
    interval = statistics.mean_interval(np.array([1.0, 2.0, 3.0]))
    assert interval.value == 2.0
    # t(0.975, 2) = 4.30265, standard deviation 1, square root of 3
    assert interval.high - interval.value == pytest.approx(4.30265 / np.sqrt(3), rel=1e-5)


def test_one_replication_gives_no_interval_and_no_warning():
    interval = statistics.mean_interval(np.array([[1.0, 2.0]]))
    assert interval.value.tolist() == [1.0, 2.0]
    assert np.isnan(interval.low).all() and np.isnan(interval.high).all()
    difference = statistics.paired_difference(np.array([1.0]), np.array([3.0]))
    assert difference.value == 2.0 and np.isnan(difference.low) and np.isnan(difference.p_value)
    cells = np.array([0, 1]), np.array([1, 1])
    quantile = statistics.pooled_quantile([cells], 1, np.array([1.0, 2.0]), 0.5)
    assert quantile.value == 1.0 and np.isnan(quantile.low)


def test_a_ratio_is_of_totals_and_its_linearised_values_average_to_it():
    numerator, denominator = np.array([1.0, 9.0]), np.array([10.0, 30.0])
    interval = statistics.ratio_interval(numerator, denominator)
    assert interval.value == 10 / 40  # not the mean of 1/10 and 9/30
    assert statistics.linearised_ratio(numerator, denominator).mean() == pytest.approx(0.25)


def test_a_ratio_with_nothing_below_is_undefined():
    interval = statistics.ratio_interval(np.zeros((3, 2)), np.array([[0.0, 1.0]] * 3))
    assert np.isnan(interval.value[0]) and interval.value[1] == 0


def clustered(rng, studies: int, replications: int):
    """Durations whose replications share a level: [studies, replications] sums, counts, and the true mean."""
    level = rng.gamma(20, 1 / 20, (studies, replications))
    # busy days are long days: numerator and denominator go together
    counts = rng.poisson(40 * level) + 1
    sums = rng.gamma(counts * 2.0, 30 * level)
    return sums, counts


def test_ratio_intervals_cover_the_truth():
    rng = np.random.default_rng(5)
    sums, counts = clustered(rng, 4000, 20)
    many, many_counts = clustered(rng, 1, 400_000)
    truth = many.sum() / many_counts.sum()
    interval = statistics.ratio_interval(sums.T, counts.T)
    covered = np.mean((interval.low <= truth) & (truth <= interval.high))
    assert 0.94 <= covered <= 0.96


def test_an_interval_reaches_to_the_side_to_which_values_lean_and_turns_with_them():
    values = np.random.default_rng(3).exponential(1, 30)
    interval, turned = statistics.mean_interval(values), statistics.mean_interval(-values)
    assert interval.high - interval.value > 1.2 * (interval.value - interval.low)
    assert (turned.low, turned.high) == (pytest.approx(-interval.high), pytest.approx(-interval.low))
    scaled = statistics.mean_interval(5 + 1e6 * values)
    assert (scaled.low - 5) / 1e6 == pytest.approx(interval.low)


def test_even_values_have_students_interval_and_heavy_tails_a_wider_one():
    even = np.tile([-1.0, 1.0], 15)
    interval = statistics.mean_interval(even)
    # t(0.975, 29) = 2.04523, standard error sqrt(30 / 29 / 30)
    assert interval.high == pytest.approx(2.04523 / np.sqrt(29), rel=1e-5) == -interval.low
    heavy = np.concatenate([np.zeros(28), [-4.0, 4.0]])
    student = 2.04523 * heavy.std(ddof=1) / np.sqrt(30)
    assert statistics.mean_interval(heavy).high > 1.4 * student


def test_a_clear_p_value_has_an_interval_without_zero():
    rng = np.random.default_rng(4)
    first = rng.exponential(1, (15, 3000))
    found = statistics.paired_difference(first, first + rng.exponential(1, first.shape) - 0.6)
    outside = (found.low > 0) | (found.high < 0)
    assert outside[found.p_value < 0.05].all() and (found.p_value < 0.05).mean() > 0.1


def test_one_busy_replication_has_its_leverage():
    """A replication with half of all calls moves the ratio twice as far as its residual says."""
    numerator, denominator = np.array([9.0, 1.0, 1.0, 1.0]), np.array([6.0, 2.0, 2.0, 2.0])
    values = statistics.linearised_ratio(numerator, denominator)
    without = [(12 - n) / (12 - d) for n, d in zip(numerator, denominator, strict=True)]
    moves = 3 * (1 - np.array(without))  # (n - 1) times how far leaving out moves the ratio of 1
    assert values - values.mean() == pytest.approx(moves - moves.mean())
    alone = statistics.linearised_ratio(np.array([3.0, 0.0]), np.array([6.0, 0.0]))
    assert alone.tolist() == [0.5, 0.5]


def test_quantile_intervals_cover_the_truth():
    rng = np.random.default_rng(6)
    edges = np.arange(0, 400.0)
    truth = 100 * np.log(10)  # p90 of an exponential with mean 100 s
    covered = 0
    for _ in range(300):
        counts = [
            np.unique(np.minimum(rng.exponential(100, 120), 399).astype(int), return_counts=True)
            for _ in range(12)
        ]
        quantile = statistics.pooled_quantile(counts, 1, edges + 0.5, 0.9)
        covered += quantile.low - 0.5 <= truth <= quantile.high + 0.5
    assert 0.90 < covered / 300 < 0.99


def test_quantile_differences_are_paired():
    rng = np.random.default_rng(7)
    first, second = [], []
    for _ in range(10):
        durations = rng.exponential(100, 400) * rng.gamma(20, 1 / 20)
        first.append(np.unique(np.minimum(durations, 999).astype(int), return_counts=True))
        later = durations + 20 + rng.normal(0, 5, 400)
        second.append(np.unique(np.clip(later, 0, 999).astype(int), return_counts=True))
    values = np.arange(1000) + 0.5
    a, b = (statistics.pooled_quantile(counts, 1, values, 0.5) for counts in (first, second))
    difference = statistics.paired_difference(a.linearised, b.linearised)
    assert difference.low <= 20 <= difference.high
    assert difference.p_value < 0.001
    assert difference.variance_reduction > 3


def test_pairing_reduces_variance_where_draws_are_shared():
    rng = np.random.default_rng(8)
    shared = rng.normal(0, 3, 50)
    first, second = 10 + shared + rng.normal(0, 0.3, 50), 11 + shared + rng.normal(0, 0.3, 50)
    difference = statistics.paired_difference(first, second)
    assert difference.low < 1 < difference.high
    assert difference.variance_reduction > 20
    apart = statistics.paired_difference(first, rng.permutation(second))
    assert apart.variance_reduction < 2


def test_equal_scenarios_differ_by_nothing_for_sure():
    same = np.array([1.0, 5.0, 2.0])
    difference = statistics.paired_difference(same, same)
    assert (difference.value, difference.p_value) == (0.0, 1.0)
    shifted = statistics.paired_difference(same, same + 1)
    assert (shifted.value, shifted.p_value) == (1.0, 0.0)


def test_scenarios_with_other_replications_are_not_paired():
    with pytest.raises(ValueError, match="same replications: 2 and 3"):
        statistics.paired_difference(np.zeros(2), np.zeros(3))


def test_no_events_in_n_give_three_over_n_and_never_zero():
    assert statistics.count_interval(np.array(0.0), np.array(50.0)).high == pytest.approx(3 / 50)
    assert statistics.count_interval(np.array(0.0), np.array(50.0)).low == 0
    none = statistics.share_interval(np.array(0.0), np.array(200.0))
    assert (none.value, none.low, none.high) == (0, 0, pytest.approx(3 / 200))
    all_of_them = statistics.share_interval(np.array(200.0), np.array(200.0))
    assert (all_of_them.low, all_of_them.high) == (pytest.approx(1 - 3 / 200), 1)


def test_few_counts_have_the_exact_poisson_interval():
    interval = statistics.count_interval(np.array(10.0), np.array(2.0))
    # Garwood's limits of a count of 10: 4.795 and 18.39
    assert (interval.value, interval.low, interval.high) == (5, pytest.approx(4.7954 / 2, rel=1e-4),
                                                             pytest.approx(18.390 / 2, rel=1e-4))  # fmt: skip


def test_days_that_differ_widen_the_interval_of_few_counts():
    even = np.tile([1.0, 0.0], (1, 10)).T
    bunched = np.array([[10.0]] + [[0.0]] * 19)
    exposure = np.ones((20, 1))
    assert statistics.dispersion(even, exposure) == [1.0]
    assert statistics.dispersion(bunched, exposure) == pytest.approx([10.0])
    assert statistics.dispersion(bunched[:5], exposure[:5]) == [1.0]  # too few replications to see it
    plain = statistics.count_interval(np.array(10.0), np.array(20.0))
    wide = statistics.count_interval(np.array(10.0), np.array(20.0), dispersed=np.array(10.0))
    assert wide.value == plain.value and wide.low < plain.low and wide.high > plain.high


def test_a_true_mean_just_above_three_is_not_missed_on_both_sides():
    """No events give [0, 3]; eight and nine reach down to 3."""
    events = np.arange(60.0)
    interval = statistics.count_interval(events, np.ones(60))
    for mean in np.arange(0.1, 25, 0.01):
        chance = np.exp(events * np.log(mean) - mean - np.cumsum(np.log(np.maximum(events, 1))))
        assert chance[(interval.low <= mean) & (mean <= interval.high)].sum() > 0.945


@pytest.mark.parametrize("trials", [10, 19, 20, 30, 60, 1000])
def test_rare_shares_are_missed_one_time_in_twenty_at_most(trials):
    events = np.arange(trials + 1.0)
    interval = statistics.share_interval(events, np.full(trials + 1, float(trials)))
    for share in np.arange(0.002, 1, 0.002):
        chance = stats.binom.pmf(events, trials, share)
        assert chance[(interval.low <= share) & (share <= interval.high)].sum() > 0.94


def test_few_shares_have_the_exact_binomial_interval():
    interval = statistics.share_interval(np.array(1.0), np.array(10.0))
    # Clopper and Pearson: 1 of 10
    assert (interval.low, interval.high) == (
        pytest.approx(0.002529, rel=1e-3),
        pytest.approx(0.44502, rel=1e-4),
    )


def test_holm_by_hand():
    adjusted = statistics.holm(np.array([0.01, np.nan, 0.04, 0.03]))
    assert adjusted.tolist() == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_lies_between_raw_and_bonferroni(p_values):
    raw = np.array(p_values)
    adjusted = statistics.holm(raw)
    assert np.all(adjusted >= raw) and np.all(adjusted <= np.minimum(raw * len(raw), 1) + 1e-12)
    order = np.argsort(raw, kind="stable")
    assert np.all(np.diff(adjusted[order]) >= 0)


def test_quantile_of_counts_is_the_least_value_with_enough_below():
    values = np.array([0.0, 1.0, 2.0])
    counts = np.array([[1, 0, 1], [0, 4, 0], [0, 0, 0]])
    assert statistics.quantile_of_counts(counts, values, 0.5).tolist()[:2] == [0.0, 1.0]
    assert statistics.quantile_of_counts(counts, values, 0.51).tolist()[:2] == [2.0, 1.0]
    assert np.isnan(statistics.quantile_of_counts(counts, values, 0.5)[2])
