"""Keyed draws: uniform, independent, of the right distribution, and each the key's own."""

import zlib
from datetime import datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import special

from sim112.config.distributions import Count, Duration, Factor
from sim112.config.profiles import Profile
from sim112.demand.draws import (
    BLOCK,
    ByKey,
    Source,
    draw,
    draw_count,
    draw_count_each,
    draw_each,
    fold_key,
    gamma_quantile,
    on_grid,
    order_of,
    pack_key,
    poisson_count,
    seeded,
    stream_id,
    uniform,
)
from sim112.demand.steps import guide_to
from sim112.demand.streams import Timeline, _invert, read_curve

MANY = 200_000
KEYS = seeded(pack_key(3318, stream_id("fire"), 8009, np.arange(MANY)), Source(7, 0))


def test_uniform_numbers_are_uniform_and_within_the_open_interval():
    u = uniform(KEYS, "a")
    assert u.min() > 0 and u.max() < 1
    counts = np.bincount((u * 100).astype(int), minlength=100)
    chi_square = ((counts - MANY / 100) ** 2 / (MANY / 100)).sum()
    assert 50 < chi_square < 160  # 99 degrees of freedom


@pytest.mark.parametrize(
    "other",
    [
        uniform(KEYS, "b"),
        uniform(KEYS, "a", 1),
        uniform(np.roll(KEYS, 1), "a"),
        uniform(seeded(pack_key(3318, stream_id("fire"), 8009, np.arange(MANY)), Source(7, 1)), "a"),
        uniform(seeded(pack_key(3318, stream_id("fire"), 8009, np.arange(MANY)), Source(8, 0)), "a"),
        uniform(seeded(pack_key(3319, stream_id("fire"), 8009, np.arange(MANY)), Source(7, 0)), "a"),
    ],
    ids=["purpose", "trial", "ordinal", "replication", "seed", "regency"],
)
def test_draws_that_differ_in_one_part_of_the_key_are_independent(other):
    u = uniform(KEYS, "a")
    assert abs(np.corrcoef(u, other)[0, 1]) < 5 / np.sqrt(MANY)
    assert abs(np.mean((u < 0.1) & (other < 0.1)) - 0.01) < 5 * np.sqrt(0.01 * 0.99 / MANY)


def test_a_draw_does_not_depend_on_what_else_is_drawn():
    assert np.array_equal(uniform(KEYS, "a")[::7], uniform(KEYS[::7], "a"))


def test_keys_are_positive_and_distinct():
    codes, days = np.array([1, 3301, 9999])[:, None, None], np.array([0, 32767])[:, None]
    keys = pack_key(codes, stream_id("fire"), days, np.array([0, 524287]))
    assert keys.min() > 0 and np.unique(keys).size == keys.size
    assert np.unique(fold_key(np.repeat(keys.ravel(), 1000), np.tile(np.arange(1000), 12))).size == 12_000


def test_draws_stay_what_they_were():
    """The hash in whole numbers of Python; a change here changes every study ever made."""

    def mix(word: int) -> int:
        word = (word + 0x9E3779B97F4A7C15) % 2**64
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
        return word ^ (word >> 31)

    assert mix(1234567) == 6457827717110365317  # the first number of splitmix64 from this seed
    key = (((3318 << 15 | stream_id("fire")) << 15 | 8009) << 19) + 5
    word = mix(key ^ mix(mix(7) ^ 0))
    assert int(KEYS[5]) == word
    assert int(fold_key(np.array([key]), 3)[0]) == mix(key ^ mix(3)) >> 1
    for purpose, trial in (("talk", 0), ("redials 112", 2)):
        bits = mix(word ^ mix((zlib.crc32(purpose.encode()) << 32) + trial)) >> 12
        assert uniform(KEYS[5:6], purpose, trial)[0] == (bits + 0.5) / 2**52


def test_trials_and_purposes_by_key_are_those_of_each_key():
    keys, trial, which = KEYS[:3000], np.arange(3000) % 37, np.arange(3000) % 2
    u = uniform(keys, ByKey(("a", "b"), which), trial)
    for number, name in enumerate(("a", "b")):
        for n in (0, 1, 36):
            rows = np.flatnonzero((which == number) & (trial == n))
            assert np.array_equal(u[rows], uniform(keys[rows], name, n))
            assert np.array_equal(u[rows], uniform(keys[rows], name, trial[rows]))


def test_draws_from_many_distributions_are_those_of_each():
    durations = [
        Duration(dist="lognormal", mean_s=90, cv=0.6),
        Duration(dist="lognormal", mean_s=10, cv=0.6),
        Duration(dist="hyperexponential", mean_s=90, cv=2),
        Duration(dist="exponential", mean_s=50),
        Duration(dist="exponential", mean_s=0),
        Duration(dist="deterministic", mean_s=7),
        Duration(dist="empirical", values_s=(60.0, 120.0)),
    ]
    counts = [
        Count(dist="geometric", mean=2),
        Count(dist="fixed", mean=3),
        Count(dist="empirical", values=(0, 4)),
    ]
    keys = KEYS[: 2 * BLOCK + 99]  # more than a block, and not a whole number of them
    at = np.arange(keys.size)
    which, purpose, trial = at % 7, ByKey(("a", "b"), at // 7 % 2), at // 14 % 3
    drawn_s = draw_each(durations, which, keys, purpose, trial)
    further = draw_count_each(counts, at % 3, keys, "further")
    for row in (*range(200), *range(BLOCK - 50, BLOCK + 50), *range(keys.size - 50, keys.size)):
        key = keys[row : row + 1]
        name, nth = purpose.names[purpose.which[row]], int(trial[row])
        assert drawn_s[row] == draw(durations[which[row]], key, name, nth)[0]
        assert further[row] == draw_count(counts[row % 3], key, "further")[0]
    assert np.array_equal(draw(durations[2], keys, "a"), draw_each(durations[2:3], at * 0, keys, "a"))


def test_no_keys_give_no_draws():
    nothing = np.zeros(0, dtype=np.int64)
    keys = seeded(nothing, Source(7, 0))
    assert uniform(keys, "a", nothing).size == 0
    assert draw_each([], nothing, keys, ByKey(("a",), nothing), nothing).size == 0
    assert draw_count_each([], nothing, keys, "a").size == 0
    assert fold_key(nothing, nothing).size == 0 and order_of(nothing).size == 0


@pytest.mark.parametrize(
    "key",
    [
        fold_key(np.arange(50_000), 0),
        pack_key(np.array([[3318], [3301]]), 77, 8009, np.arange(3000)[::-1]).ravel(),
        np.array([2**63 - 1, 0, 1, 2**62]),
    ],
    ids=["hashed", "packed", "extreme"],
)
def test_keys_are_put_in_order(key):
    assert np.array_equal(order_of(key), np.argsort(key))


@pytest.mark.parametrize(
    "step",
    [
        np.cumsum(np.random.default_rng(1).exponential(size=300)),
        np.cumsum(np.random.default_rng(2).exponential(size=300) ** 9),
        np.array([0.0, 0, 0, 0, 1, 1, 1, 2, 7, 7, 7]),
        np.array([0.0, 0, 0]),
        np.array([5.0]),
        np.array([0.1, 0.1 + 2**-56, 0.3, 0.1 + 0.2, 1e9]),
    ],
    ids=["even", "uneven", "flights", "flat", "one", "close"],
)
def test_steps_are_found_as_by_a_search(step):
    near = np.concatenate([np.nextafter(step, -np.inf), step, np.nextafter(step, np.inf)])
    between = np.random.default_rng(3).uniform(step[0] - 1, step[-1] + 1, 5000)
    for value in (near, between, step[0] + (step[-1] - step[0]) * uniform(KEYS[:5000], "a") ** 9):
        assert np.array_equal(guide_to(step).below(value), np.searchsorted(step, value, side="right"))


@pytest.mark.parametrize(
    ("distribution", "cv"),
    [
        (Duration(dist="exponential", mean_s=90), 1.0),
        (Duration(dist="lognormal", mean_s=90, cv=0.6), 0.6),
        (Duration(dist="gamma", mean_s=90, cv=0.7), 0.7),
        (Duration(dist="gamma", mean_s=90, cv=1.5), 1.5),
        (Duration(dist="erlang", mean_s=90, stages=4), 0.5),
        (Duration(dist="hyperexponential", mean_s=90, cv=2), 2.0),
        (Duration(dist="weibull", mean_s=90, cv=0.5), 0.5),
        (Duration(dist="weibull", mean_s=90, cv=1.4), 1.4),
        (Duration(dist="uniform", mean_s=90, cv=0.4), 0.4),
        (Duration(dist="deterministic", mean_s=90), 0.0),
        (Duration(dist="empirical", values_s=(60.0, 120.0)), 1 / 3),
        (Duration(dist="empirical", values_s=(120.0, 80.0), weights=(1, 3)), 0.1924500897),
    ],
    ids=lambda value: value.dist if isinstance(value, Duration) else f"{value:.2f}",
)
def test_durations_have_the_mean_and_cv_that_was_asked(distribution, cv):
    values_s = draw(distribution, KEYS, "talk")
    assert values_s.min() >= 0
    assert np.array_equal(values_s, on_grid(values_s))
    kurtosis = max(3.0, np.mean((values_s - values_s.mean()) ** 4) / max(values_s.var(), 1e-12) ** 2)
    assert values_s.mean() == pytest.approx(90, abs=5 * 90 * cv / np.sqrt(MANY) + 1e-3)
    assert values_s.std() / 90 == pytest.approx(cv, abs=5 * cv * np.sqrt(kurtosis / 4 / MANY) + 1e-5)
    assert distribution.expected_s == pytest.approx(90)


@pytest.mark.parametrize("dist", ["exponential", "lognormal", "gamma", "weibull", "hyperexponential"])
def test_a_longer_mean_lengthens_every_draw_in_proportion(dist):
    cv = None if dist == "exponential" else 1.3
    short = draw(Duration(dist=dist, mean_s=60, cv=cv), KEYS[:1000], "talk")
    long = draw(Duration(dist=dist, mean_s=120, cv=cv), KEYS[:1000], "talk")
    assert np.abs(long - 2 * short).max() <= 1.5 / 1024


def test_a_factor_is_drawn_like_a_duration():
    values = draw(Factor(dist="lognormal", mean=1, cv=0.25), KEYS, "travel")
    assert values.mean() == pytest.approx(1, abs=0.003) and values.std() == pytest.approx(0.25, abs=0.005)


@pytest.mark.parametrize(
    ("count", "mean", "variance"),
    [
        (Count(dist="fixed", mean=2), 2, 0),
        (Count(dist="poisson", mean=2.5), 2.5, 2.5),
        (Count(dist="geometric", mean=2), 2, 6),
        (Count(dist="empirical", values=(0, 4), weights=(3, 1)), 1, 3),
    ],
    ids=lambda value: value.dist if isinstance(value, Count) else "",
)
def test_counts_have_the_mean_and_variance_that_was_asked(count, mean, variance):
    values = draw_count(count, KEYS, "count")
    assert values.dtype == np.int64 and values.min() >= 0
    assert values.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / MANY))
    assert values.var() == pytest.approx(variance, abs=0.03 * variance)
    assert count.expected == pytest.approx(mean)


def test_poisson_counts_are_the_exact_inverse_and_grow_with_the_mean():
    u = uniform(KEYS[:3000], "count")
    before = np.zeros(u.size)
    for mean in (0.0, 1e-6, 0.01, 0.3, 3.0, 50.0, 5000.0):
        count = poisson_count(np.full(u.size, mean), u)
        assert (count >= before).all()
        assert (special.pdtr(count, mean) >= u).all()
        below = count > 0
        assert (special.pdtr(count[below] - 1.0, mean) < u[below]).all()
        assert count.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / u.size) + 1e-3)
        before = count


def test_poisson_counts_are_the_exact_inverse_where_two_ways_of_counting_meet():
    u = uniform(KEYS, "count")
    for mean in (31.999, 32.0, 32.001):
        count = poisson_count(np.full(u.size, mean), u)
        assert (special.pdtr(count, mean) >= u).all() and (special.pdtr(count - 1.0, mean) < u).all()


def test_poisson_counts_end_at_the_last_uniform_numbers_before_one():
    mean = np.array([1e-9, 0.5, 8.0, 32.0, 33.0, 5e5])
    for u in (1 - 2.0**-53, 2.0**-53):
        count = poisson_count(mean, np.full(mean.size, u))
        assert (np.diff(count) >= 0).all() and count[-1] < 2 * mean[-1]
        assert (np.abs(count - mean) < 12 * np.sqrt(mean) + 30).all()


def test_gamma_factors_have_a_mean_of_one():
    values = gamma_quantile(0.3, uniform(KEYS, "day"))
    assert values.mean() == pytest.approx(1, abs=0.005) and values.std() == pytest.approx(0.3, abs=0.005)


def test_the_grid_rounds_to_1024ths_and_never_below_zero():
    assert on_grid([0.0004, 0.0005, 1.0, -3.0]).tolist() == [0.0, 1 / 1024, 1.0, 0.0]


def _timeline(days=7, start=datetime(2021, 12, 6, 6)):
    midnight_s = (datetime(start.year, start.month, start.day) - start) / timedelta(seconds=1)
    return Timeline(
        day=8010 + np.arange(days),
        midnight_s=midnight_s + 86400.0 * np.arange(days + 1),
        first_weekday=start.weekday(),
        end_s=86400.0 * days + midnight_s,
    )


def test_times_follow_the_profile_by_hour():
    hours = np.array([1, 1, 0, 0, 0, 2, 4, 8, 8, 8, 6, 6, 6, 6, 5, 5, 5, 5, 6, 4, 3, 2, 1, 1])
    curve = read_curve(Profile.model_validate(hours.tolist()), _timeline(days=1))
    target = uniform(KEYS, "time") * curve.total_s[-1]
    hour = ((_invert(curve, target) + 6 * 3600) // 3600).astype(int)
    share = np.bincount(hour, minlength=24) / MANY
    assert share[hours == 0].max() == 0
    assert np.abs(share - hours / hours.sum()).max() < 5 * np.sqrt(0.1 / MANY)


def test_a_profile_of_the_week_keeps_its_days_apart():
    weekday = np.repeat([1, 2, 3, 4, 5, 6, 7], 24)
    curve = read_curve(Profile.model_validate(weekday.tolist()), _timeline())
    total = np.interp(_timeline().midnight_s, curve.edge_s, curve.total_s)
    assert np.diff(total) == pytest.approx(86400 * np.arange(1, 8) / 4)


def test_profiles_keep_the_mean_rate():
    for profile in ({"peak_hour": 15, "swing": 0.8}, list(range(24)), list(range(168))):
        assert read_curve(Profile.model_validate(profile), _timeline()).total_s[-1] == pytest.approx(
            7 * 86400
        )


def test_pieces_are_taken_as_they_are():
    curve = read_curve(Profile.model_validate([[0, 2], [3600, 0], [7200, 5]]), _timeline())
    at_s = np.array([-6 * 3600.0, 0, 1800, 3600, 7200, 7201])
    assert np.interp(at_s, curve.edge_s, curve.total_s).tolist() == [0, 0, 3600, 7200, 7200, 7205]


def test_a_window_and_a_decay_cut_the_profile():
    timeline = _timeline()
    curve = read_curve(Profile(peak_hour=0, swing=0), timeline, window_s=(100.0, 4100.0))
    assert curve.total_s[-1] == pytest.approx(4000)
    decaying = read_curve(Profile(peak_hour=0, swing=0), timeline, decay_s=86400.0)
    assert decaying.total_s[-1] == pytest.approx(6 * 3600 + 86400 * (1 - np.exp(-6.75)), rel=1e-3)


@pytest.mark.parametrize(
    ("model", "fields", "mend"),
    [
        (Duration, {"dist": "lognormal", "mean_s": 90}, "give cv"),
        (Duration, {"dist": "exponential", "mean_s": -1}, "greater than or equal to 0"),
        (Duration, {"dist": "exponential", "mean_s": float("inf")}, "finite"),
        (Duration, {"dist": "exponential", "mean_s": 9, "cv": 1}, "leave it out"),
        (Duration, {"dist": "hyperexponential", "mean_s": 9, "cv": 0.5}, "from 1 to inf"),
        (Duration, {"dist": "uniform", "mean_s": 9, "cv": 0.8}, "from 0 to 0.5774"),
        (Duration, {"dist": "erlang", "mean_s": 9}, "give stages"),
        (Duration, {"dist": "empirical", "values_s": [1, -2]}, "values from 0"),
        (Duration, {"dist": "empirical", "values_s": [1], "weights": [1, 2]}, "one weight a value"),
        (Duration, {"dist": "triangular", "mean_s": 9}, "exponential"),
        (Duration, "soon", "give a number"),
        (Duration, -3, "greater than or equal to 0"),
        (Count, 1.5, "whole number"),
        (Count, "off", "give a number"),
        (Factor, True, "give a number"),
        (Count, {"dist": "fixed", "mean": 1.5}, "whole number"),
        (Count, {"dist": "poisson"}, "give mean"),
        (Factor, {"dist": "gamma", "mean": 1}, "give cv"),
        (Profile, [1.0] * 23, "23 values; give 24"),
        (Profile, [0] * 24, "at least one value above 0"),
        (Profile, [[5, 1]], "begin at 0 s"),
        (Profile, {"peak_hour": 3}, "both peak_hour and swing"),
    ],
)
def test_an_impossible_distribution_or_profile_is_refused_with_a_mend(model, fields, mend):
    with pytest.raises(ValidationError, match=mend):
        model.model_validate(fields)
