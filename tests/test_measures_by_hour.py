"""Measures by the hour of the report in which a call is offered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_kpis import COSTS, TARGETS
from variations import TICKS_S, VARIATIONS, case_of
from worlds import calls, desk_calls, world

import sim112
from sim112.engine import compiled, reference
from sim112.engine.contract import NO_LIMIT, Change
from sim112.study.by_hour import estimate_by_hour, hour_columns
from sim112.study.definitions import HOUR_COLUMNS, HOUR_MEASURES, MEASURES
from sim112.study.kpis import Measures, measure, merge

HOUR_S, DAY_S, WEEK_S = 3600.0, 86400.0, 604800.0


def measured(report: tuple[float, float], starts: list[float], **given: Any) -> Measures:
    """A desk with one call-taker on whom these callers talk ten minutes each, and nobody gives up."""
    desk = world(report_from_s=report[0], report_to_s=report[1], end_s=report[1] + DAY_S, **given)
    drawn = calls(caller_start_s=starts, caller_talk_s=[600.0] * len(starts))
    return measure(desk, drawn, reference.simulate(desk, drawn), TARGETS, COSTS)


def by_hour(run: Measures, column: str) -> list[float]:
    return run.by_hour[HOUR_COLUMNS.index(column), 0].tolist()


def test_a_call_counts_in_the_hour_of_its_offer() -> None:
    half = HOUR_S / 2  # the report begins at half past
    run = measured((half, half + 3 * HOUR_S), [half, half + 1, half + HOUR_S - 1, half + HOUR_S])
    assert by_hour(run, "offered") == [3, 1, 0]
    assert by_hour(run, "waited") == [1, 1, 0]
    assert by_hour(run, "wait_sum_s") == [599, 599, 0]
    assert by_hour(run, "hours") == [1, 1, 1]


def test_after_a_week_the_hours_begin_anew_and_the_last_one_may_be_short() -> None:
    run = measured((0.0, WEEK_S + 1.5 * HOUR_S), [10.0, WEEK_S + 10.0, WEEK_S + HOUR_S + 1, 5 * HOUR_S])
    assert len(by_hour(run, "hours")) == 168
    assert by_hour(run, "offered")[:6] == [2, 1, 0, 0, 0, 1]
    assert by_hour(run, "hours")[:3] == [2, 1.5, 1]
    short = measured((0.0, 1.25 * HOUR_S), [10.0])
    assert by_hour(short, "hours") == [1, 0.25]


def test_a_redial_counts_in_the_hour_in_which_it_is_offered() -> None:
    drawn = calls(caller_start_s=[10.0], dials=[[dict(redials_blocked=True, redial_delay_s=2 * HOUR_S), {}]])
    desk = world(report_to_s=4 * HOUR_S, desk_lines=[0])
    run = measure(desk, drawn, reference.simulate(desk, drawn), TARGETS, COSTS)
    assert by_hour(run, "offered") == [1, 0, 1, 0]


def test_what_is_offered_after_the_report_counts_in_no_hour() -> None:
    """Blocked just before the end of the report, and again after it."""
    drawn = calls(
        caller_start_s=[HOUR_S - 1],
        dials=[[dict(redials_blocked=True, redial_delay_s=60.0), {}]],
    )
    desk = world(report_to_s=HOUR_S, desk_lines=[0])
    run = measure(desk, drawn, reference.simulate(desk, drawn), TARGETS, COSTS)
    assert run.total("blocked", "province")[0] == 2
    assert by_hour(run, "blocked") == [1]


@pytest.mark.parametrize("variation", VARIATIONS)
def test_the_hours_of_each_service_add_up_to_the_whole(variation: str) -> None:
    """In any world, of which every call is offered within the report."""
    for seed, tick_s in enumerate(TICKS_S):
        random, drawn = case_of(seed, tick_s, variation)
        agencies = ("fire", "ambulance", "police", "rescue")[: len(random.agency_name)]
        random = replace(random, agency_name=agencies, report_from_s=0.0, report_to_s=random.end_s)
        run = measure(random, drawn, reference.simulate(random, drawn), TARGETS, COSTS)
        assert run.by_hour[HOUR_COLUMNS.index("hours")].sum(axis=1) * HOUR_S == pytest.approx(
            np.full(1 + len(agencies), random.end_s)
        )
        for at, column in enumerate(HOUR_COLUMNS):
            if column != "hours":
                assert np.array_equal(run.by_hour[at].sum(axis=1), run.total(column, "service")), column


def test_merged_replications_add_up_hour_by_hour() -> None:
    run = measured((0.0, 2 * HOUR_S), [10.0, 20.0, HOUR_S + 5])
    assert np.array_equal(merge([run, run]).by_hour, 2 * run.by_hour)


def test_a_roster_step_shows_in_its_hour_and_in_no_other() -> None:
    """One erlang on two people, and on all the people there are in the fourth hour."""
    steps = dict(
        change_time_s=[0.0, 0.0, 3 * HOUR_S, 4 * HOUR_S],
        change_what=[Change.CALL_TAKERS, Change.OPEN, Change.CALL_TAKERS, Change.CALL_TAKERS],
        change_subject=[0] * 4,
        change_value=[2, 1, NO_LIMIT, 2],
    )
    desk = world(report_to_s=8 * HOUR_S, end_s=9 * HOUR_S, **steps)
    runs = []
    for seed in range(40):
        drawn = desk_calls(np.random.default_rng(seed), 1 / 60, 9 * HOUR_S, 60.0)
        runs.append(measure(desk, drawn, compiled.simulate(desk, drawn), TARGETS, COSTS))
    measures = {one.key: one for one in HOUR_MEASURES}
    waited = estimate_by_hour(measures["waited_share"], runs).interval
    assert waited.value[0, 3] == 0
    # two people in a steady state: a third of the callers wait (Erlang C); the first hour begins empty
    steady = [1, 2, 5, 6, 7]
    assert (waited.low[0, steady] < 1 / 3).all() and (waited.high[0, steady] > 1 / 3).all()
    offered = estimate_by_hour(measures["offered_per_hour"], runs).interval
    assert offered.value[0] == pytest.approx(np.full(8, 60), rel=0.05)


def test_the_measures_of_hours_are_those_of_the_whole_but_for_the_rate() -> None:
    known = {one.key: one for one in MEASURES}
    assert [one.key for one in HOUR_MEASURES if one.key not in known] == ["offered_per_hour"]
    page = (Path(__file__).parents[1] / "docs" / "measures.md").read_text(encoding="utf-8")
    assert HOUR_MEASURES[0].meaning in page
    assert all(f"`{one.key}`" in page for one in HOUR_MEASURES)


def test_a_saved_run_has_a_row_for_each_service_hour_and_measure(tmp_path: Path) -> None:
    small = ("area.regencies=[pati]", "clock=day", "replications=2", "engine=reference", "workers=1")
    scenario = sim112.scenario("pati", *small)
    result = sim112.run(scenario, results=tmp_path, figures=False)
    assert result.folder is not None
    table = pq.read_table(result.folder / "measures_by_hour.parquet").to_pydict()
    expected = hour_columns(result.runs, {scenario.name: scenario.clock})
    assert table["value"] == list(expected["value"])  # type: ignore[call-overload]
    offered = [
        (service, hour, of_week, value)
        for service, hour, of_week, key, value in zip(
            *(table[name] for name in ("service", "hour", "hour_of_week", "measure", "value")), strict=True
        )
        if key == "offered_per_hour"
    ]
    assert {service for service, *_ in offered} == {"112", "fire", "ambulance", "police", "rescue"}
    assert sorted(hour for service, hour, *_ in offered if service == "112") == list(range(24))
    begins_h = (scenario.clock.start_of_week_s + scenario.clock.report_from_s) / HOUR_S
    assert all(of_week == (begins_h + hour) % 168 for _, hour, of_week, _ in offered)
    total = sum(run.total("offered", "province")[0] for run in result.measures)
    assert total - 5 <= 2 * sum(value for *_, value in offered) <= total
