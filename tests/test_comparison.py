"""Verdicts on made-up replications: what is clear is said, what is not is not."""

from dataclasses import replace

import numpy as np
import pytest
from test_kpis import CALL_ROWS, COSTS, JOB_ROWS, KUDUS, PATI, TARGETS, log_of, tiny_calls, tiny_world

from sim112.study.comparison import (
    HEADLINE,
    Comparison,
    all_rows,
    compare,
    estimate,
    estimate_spread,
    measure_rows,
    quantile_rows,
    rank_assumptions,
    rows_of,
)
from sim112.study.definitions import MEASURES
from sim112.study.kpis import Measures, measure
from sim112.study.packed_sums import packed
from sim112.study.totals import column_at

BASE = measure(tiny_world(), tiny_calls(), log_of(CALL_ROWS, JOB_ROWS), TARGETS, COSTS)


def with_totals(**columns: float) -> Measures:
    """The tiny replication with some totals replaced, in every scope where they are kept."""
    totals = BASE.totals.copy()
    for name, total in columns.items():
        row = totals[column_at(name)]
        row[~np.isnan(row)] = total
    return replace(BASE, sums=packed(totals))


def runs_of(alert_s: float, covered: float = 1000, unreported: int = 50, seed: int = 1, number: int = 12):
    """Replications around a mean alert time; the noise comes mostly from the seed, so equal seeds pair."""
    days = np.random.default_rng(seed).normal(0, 150, number)
    days += np.random.default_rng(int(alert_s)).normal(0, 3, number)
    days -= days.mean()
    year = float(BASE.total("years", "province")[0])
    return [
        with_totals(
            needing=100, life=50, life_reached_within=20 + at % 5,
            alert_capped_sum_s=100 * (alert_s + days[at]),
            unreported=unreported + at % 3, people_covered_years=covered * year,
        )
        for at in range(number)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    runs = {"no_112": runs_of(900, 0), "same": runs_of(900, 0), "all_35": runs_of(840, 1000)}
    return compare(runs, stress=runs)


def test_the_first_scenario_is_the_baseline(comparison):
    assert comparison.scenarios[0] == "no_112"
    assert comparison.row("alert_capped_s", "no_112").verdict == "baseline"
    assert len({row.measure for row in comparison.headline}) == 8


def test_a_paired_difference_smaller_than_the_noise_is_clear(comparison):
    row = comparison.row("alert_capped_s", "all_35")
    assert row.high - row.low > abs(row.difference)  # the two intervals overlap
    assert row.difference == pytest.approx(-60)
    assert row.verdict == "better"
    assert row.variance_reduction > 100


def test_equal_scenarios_are_the_same_and_never_better(comparison):
    verdicts = {row.verdict for row in comparison.headline if row.scenario == "same"}
    assert verdicts <= {"same", "too few", "undefined"}


def test_unpaired_noise_gives_no_verdict():
    comparison = compare({"a": runs_of(900, seed=1), "b": runs_of(901, seed=2)})
    assert comparison.row("alert_capped_s", "b").verdict == "not clear"
    assert comparison.row("unreported", "b").verdict == "same"


def test_what_is_exact_has_a_verdict_without_an_interval(comparison):
    row = comparison.row("people_covered", "all_35")
    assert (row.value, row.low, row.high) == (pytest.approx(1000), pytest.approx(1000), pytest.approx(1000))
    assert row.difference == pytest.approx(1000)
    assert row.verdict == "better" and np.isnan(row.p_value)


def test_under_thirty_events_are_too_few():
    runs = {"a": runs_of(900, unreported=0, number=4), "b": runs_of(900, unreported=1, number=4)}
    row = compare(runs).row("unreported", "b")
    assert row.is_few and row.verdict == "too few"


def test_no_events_show_an_upper_bound():
    runs = [with_totals(unreported=0)] * 3
    interval = estimate("unreported", runs).interval
    years = 3 * BASE.total("years", "province")[0]
    assert interval.low[0] == 0 and interval.high[0] == pytest.approx(3 / years)
    share = estimate("life_reached_within_share", [with_totals(life=50, life_reached_within=50)] * 3).interval
    assert share.low[0] == pytest.approx(1 - 3 / 150) and share.high[0] == 1


def test_an_interval_ends_where_the_possible_ends():
    busy = [with_totals(wait_sum_s=wait, waits=100) for wait in (0, 0, 0, 400)]
    wait = measure_rows("wait_s", {"a": busy})[0]
    assert wait.low == 0 and 0 < wait.value < wait.high
    full = [with_totals(life=50, life_reached_within=reached) for reached in (50, 50, 10)]
    share = measure_rows("life_reached_within_share", {"a": full})[0]
    assert share.value < share.high == 1
    less = measure_rows("wait_s", {"a": [with_totals(wait_sum_s=900, waits=100)] * 4, "b": busy})[1]
    assert less.difference_low < less.difference < 0  # differences are not cut


def test_one_replication_has_no_verdict():
    comparison = compare({"a": runs_of(900, number=1), "b": runs_of(500, number=1)})
    row = comparison.row("alert_capped_s", "b")
    assert row.verdict == "one replication" and np.isnan(row.low)
    assert row.difference == pytest.approx(-400)
    assert comparison.row("people_covered", "b").verdict == "same"


def test_what_stayed_within_five_percent_is_named(comparison):
    unchanged = dict(comparison.unchanged)
    assert "unreported" in unchanged
    assert "alert_capped_s" not in unchanged  # it moved by 60 of 900
    assert unchanged["travel_s"] == pytest.approx((600 + 600 + 1200) / 3)
    few = compare({"a": runs_of(900, number=4), "b": runs_of(900, number=4)})
    assert "travel_s" not in dict(few.unchanged)  # 12 trips are too few to say so


def test_holm_is_stricter_than_each_test_alone(comparison):
    for row in (*comparison.headline, *comparison.regencies):
        assert np.isnan(row.p_holm) or row.p_holm >= row.p_value


def test_rows_are_plain_and_complete(comparison):
    rows = rows_of(comparison)
    assert len([row for row in rows if row["family"] == "headline"]) == 8 * 3
    assert {row["member"] for row in rows if row["family"] == "regency"} == {"pati", "kudus"}
    assert all(isinstance(value, (str, float, bool)) for row in rows for value in row.values())


def test_every_measure_makes_a_row_by_scope():
    runs = {"a": runs_of(900), "b": runs_of(800)}
    rows = all_rows(runs, ("province", "desk", "hour"))
    assert {"response_p90_s", "wait_p50_s", "occupancy"} <= {row.measure for row in rows}
    assert not any(row.verdict not in ("", "baseline") for row in rows)
    assert {row.member for row in quantile_rows("wait_s", 0.9, runs, "desk")} == set(BASE.members("desk"))
    assert measure_rows("offered", runs, "regency")[KUDUS].member == "kudus"


def test_all_rows_are_those_of_each_measure():
    runs = {"a": runs_of(900), "b": runs_of(840, seed=2)}
    rows = all_rows(runs, ("regency", "province"))
    alone = [
        row
        for scope in ("regency", "province")
        for measure in MEASURES
        for row in measure_rows(measure.key, runs, scope)
        if np.isfinite(row.value)
    ]
    keys = {measure.key for measure in MEASURES}
    assert repr([row for row in rows if row.measure in keys]) == repr(alone)
    assert len(alone) > 2 * len(HEADLINE)


def test_a_desk_is_compared_with_the_same_desk():
    """Scenarios have other desks in another order; what the first one lacks has no difference."""
    world = replace(tiny_world(), desk_name=("fire kudus", "kudus 112", "pati 112"))
    other = measure(world, tiny_calls(), log_of(CALL_ROWS, JOB_ROWS), TARGETS, COSTS)
    rows = {row.member: row for row in measure_rows("offered", {"a": [BASE] * 3, "b": [other] * 3}, "desk")
            if row.scenario == "b"}  # fmt: skip
    # 2 calls at what is now "pati 112" against 4 before, 4 at "fire kudus" against none
    years = BASE.total("years", "province")[0]
    assert rows["pati 112"].difference == pytest.approx(-2 / years)
    assert rows["fire kudus"].difference == pytest.approx(4 / years)
    assert np.isnan(rows["kudus 112"].difference)


def test_the_spread_is_between_the_best_and_the_worst_regency():
    runs = []
    for at in range(4):
        totals = BASE.totals.copy()
        slots = BASE.scopes.slots("regency")
        totals[column_at("needing"), slots] = 50
        totals[column_at("response_capped_sum_s"), slots] = [50 * (600 + at), 50 * (900 - at)]
        runs.append(replace(BASE, sums=packed(totals)))
    spread, (best, worst) = estimate_spread("response_capped_s", runs)
    assert (best, worst) == ("pati", "kudus")
    assert spread.interval.value[0] == pytest.approx(300 - 3)
    assert spread.interval.low[0] < 297 < spread.interval.high[0]


def test_a_regency_that_alone_improves_is_alone_in_the_second_family():
    runs = {"a": runs_of(900), "b": []}
    for run in runs["a"]:
        totals = run.totals.copy()
        totals[column_at("alert_capped_sum_s"), BASE.scopes.slots("regency").start + PATI] -= 100 * 300
        runs["b"].append(replace(run, sums=packed(totals)))
    rows = {row.member: row for row in compare(runs).regencies
            if row.measure == "alert_capped_s" and row.scenario == "b"}  # fmt: skip
    assert rows["pati"].verdict == "better"
    assert rows["kudus"].verdict == "same"


def test_assumptions_are_ranked_by_what_they_move():
    middle = compare({"a": runs_of(900), "b": runs_of(800)})
    little = (
        compare({"a": runs_of(900), "b": runs_of(810)}),
        compare({"a": runs_of(900), "b": runs_of(790)}),
    )
    turning = (
        compare({"a": runs_of(900), "b": runs_of(950)}),
        compare({"a": runs_of(900), "b": runs_of(700)}),
    )
    ranked = rank_assumptions(middle, {"pick-up": little, "look-up time": turning})
    assert [item.assumption for item in ranked] == ["look-up time", "pick-up"]
    assert ranked[0].measure == "alert_capped_s"
    assert ranked[0].differences == pytest.approx((50, -100, -200), abs=0.01)
    assert ranked[0].movement_share == pytest.approx(250 / 900, rel=0.01)
    turns = ranked[0].turns
    assert [(turn.at, turn.verdict, turn.instead_of) for turn in turns] == [("low", "worse", "better")]
    assert ranked[1].turns == ()


def test_the_headline_is_at_most_eight():
    assert len(HEADLINE) + 1 <= 8


def test_the_worst_day_shows_what_nobody_got_through_for():
    calm, flood = ({name: runs_of(900, unreported=n) for name in ("a", "b")} for n in (50, 500))
    comparison = compare(calm, stress=flood)
    days = BASE.total("days", "province")[0]
    assert comparison.row("unreported_a_day", "a").value == pytest.approx((500 + 1) / days)
    assert comparison.row("unreported", "a").value == pytest.approx(51 / BASE.total("years", "province")[0])
