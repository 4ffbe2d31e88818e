"""What units do, case by case, on a line of zones one minute apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
import pytest
from worlds import calls, grid, world

from sim112.engine import compiled
from sim112.engine.contract import NO_LIMIT, NONE, Calls, Change, Handler, JobOutcome, World
from sim112.engine.reference import simulate
from sim112.planning.hypercube import hypercube

ZONES = 11
LINE = np.abs(np.arange(ZONES)[:, None] - np.arange(ZONES)[None, :]) * 60.0
BEFORE = np.arange(ZONES)[None, :] + np.sign(np.arange(ZONES)[:, None] - np.arange(ZONES)[None, :])
BEFORE = np.where(np.eye(ZONES, dtype=bool), -9999, BEFORE)


URGENT_AND_SLOW = dict(kind_name=("urgent", "slow"), kind_priority=[0, 1])


def county(unit_zone: list[int], **given: Any) -> World:
    """One regency and one agency, alerted through a 112 desk that takes no time."""
    values: dict[str, Any] = dict(
        agency_name=("fire",),
        regency_agency_desk=np.array([[NONE]]),
        change_value=[99, 1],
        end_s=100_000.0,
        travel_s=[LINE],
        previous_zone=[BEFORE],
        unit_agency=[0] * len(unit_zone),
        unit_zone=unit_zone,
        unit_turnout_s=[60.0] * len(unit_zone),
    )
    return world(**values | given)


def incidents(noticed_s: Sequence[float], zone: Sequence[int], **given: Any) -> Calls:
    """One caller and one need each; on scene for 600 s."""
    n = len(noticed_s)
    values: dict[str, Any] = dict(
        incident_noticed_s=noticed_s,
        incident_zone=zone,
        need_incident=list(range(n)),
        need_agency=[0] * n,
        need_turnout_s=[60.0] * n,
        need_on_scene_s=[600.0] * n,
        caller_incident=list(range(n)),
        caller_start_s=noticed_s,
        caller_kind=given.get("incident_kind", [0] * n),
        caller_regency=given.get("incident_regency", [0] * n),
    )
    return calls(**values | given)


def test_a_job_goes_through_its_stages() -> None:
    w = county([0], hospital_zone=[10], hospital_for=np.zeros((1, 1, ZONES), int))
    c = incidents([100.0], [5], need_transports=[True], need_handover_s=[300.0], need_travel_factor=[2.0])
    log = simulate(w, c)
    assert log.job_alerted_s[0] == log.job_assigned_s[0] == 100.0
    assert log.job_rolling_s[0] == 160.0
    assert log.job_on_scene_s[0] == 160.0 + 600.0
    assert log.job_leave_scene_s[0] == 1360.0
    assert log.job_at_hospital_s[0] == 1360.0 + 600.0
    assert log.job_available_s[0] == 2260.0
    assert log.job_back_s[0] == 2260.0 + 1200.0


def test_the_approach_from_the_zone_point_counts_to_and_from_the_scene_only() -> None:
    w = county(
        [0],
        hospital_zone=[10],
        hospital_for=np.zeros((1, 1, ZONES), int),
        scene_approach_s=np.full((1, ZONES), 30.0),
    )
    log = simulate(w, incidents([100.0], [5], need_transports=[True]))
    assert log.job_on_scene_s[0] - log.job_rolling_s[0] == 330.0
    assert log.job_at_hospital_s[0] - log.job_leave_scene_s[0] == 330.0
    assert log.job_back_s[0] - log.job_available_s[0] == 600.0


def test_without_transport_the_unit_returns_from_the_scene() -> None:
    log = simulate(county([0]), incidents([100.0], [5]))
    assert isnan(log.job_leave_scene_s[0])
    assert log.job_available_s[0] == 1060.0
    assert log.job_back_s[0] == 1360.0


def test_the_unit_with_the_least_planned_time_goes_and_ties_go_to_the_lowest_id() -> None:
    c = incidents([100.0], [5])
    assert simulate(county([0, 3, 9]), c).job_unit[0] == 1
    assert simulate(county([3, 7, 7]), c).job_unit[0] == 0
    assert simulate(county([3, 7], unit_turnout_s=[61.0, 60.0]), c).job_unit[0] == 1
    # by mean turnout, not by what this crew happens to need
    assert simulate(county([3, 8]), replace(c, need_turnout_s=np.array([5000.0]))).job_unit[0] == 0


def test_a_returning_unit_is_sent_from_the_next_point_of_its_way_without_turnout() -> None:
    # on scene at zone 5 from 460 to 1060, back at zone 0 at 1360; at 1100 it is between 5 and 4
    log = simulate(county([0]), incidents([100.0, 1100.0], [5, 6]))
    assert log.job_from_zone[1] == 4
    assert log.job_rolling_s[1] == log.job_assigned_s[1] == 1100.0
    assert log.job_on_scene_s[1] == 1220.0
    assert isnan(log.job_back_s[0])


@pytest.mark.parametrize(("second_s", "zone"), [(1060.0, 5), (1120.0, 4), (1121.0, 3), (1359.0, 0)])
def test_the_position_on_the_way_is_the_point_just_passed_or_the_next_one(second_s: float, zone: int) -> None:
    log = simulate(county([0]), incidents([100.0, second_s], [5, 10]))
    assert log.job_from_zone[1] == zone


def test_a_unit_that_must_be_at_its_station_is_assigned_only_there() -> None:
    log = simulate(county([0], assign_returning=False), incidents([100.0, 1100.0], [5, 6]))
    assert log.job_assigned_s[1] == 1360.0
    assert log.job_rolling_s[1] == 1420.0
    assert log.job_from_zone[1] == 0


def test_jobs_wait_by_priority_then_alert_or_are_lost() -> None:
    kinds = dict(kind_name=("urgent", "slow"), kind_priority=[0, 1])
    c = incidents([100.0, 200.0, 300.0, 400.0], [5, 5, 5, 5], incident_kind=[0, 1, 0, 0])
    log = simulate(county([0], **kinds), c)
    assert np.argsort(log.job_assigned_s).tolist() == [0, 2, 3, 1]
    lost = simulate(county([0], jobs_wait=False, **kinds), c)
    assert list(lost.job_outcome) == [JobOutcome.SERVED] + [JobOutcome.LOST] * 3


def two_counties(unit_zone: list[int], unit_regency: list[int], **given: Any) -> World:
    values: dict[str, Any] = dict(
        regency_name=("a", "b"),
        regency_desk=[0, 0],
        regency_agency_desk=np.full((2, 1), NONE),
        neighbour_start=[0, 1, 2],
        neighbour_regency=[1, 0],
        zone_regency=[0] * 6 + [1] * 5,
        unit_regency=unit_regency,
    )
    return county(unit_zone, **values | given)


def test_mutual_aid_lets_the_nearer_neighbour_come() -> None:
    c = incidents([100.0], [5], incident_regency=[0])
    assert simulate(two_counties([0, 6], [0, 1]), c).job_unit[0] == 0
    assert simulate(two_counties([0, 6], [0, 1], mutual_aid=True), c).job_unit[0] == 1


def test_a_freed_unit_takes_its_own_regencys_jobs_first() -> None:
    c = incidents([100.0, 200.0, 300.0], [7, 5, 7], incident_regency=[1, 0, 1])
    log = simulate(two_counties([6], [1], mutual_aid=True), c)
    assert np.argsort(log.job_assigned_s).tolist() == [0, 2, 1]
    alone = simulate(two_counties([6], [1]), c)
    assert list(alone.job_outcome) == [JobOutcome.SERVED, JobOutcome.UNFINISHED, JobOutcome.SERVED]


def three_in_a_row(unit_zone: list[int], unit_regency: list[int], **given: Any) -> World:
    """Regencies a, b and c side by side: a and c border on b, and not on each other."""
    values: dict[str, Any] = dict(
        regency_name=("a", "b", "c"),
        regency_desk=[0] * 3,
        regency_agency_desk=np.full((3, 1), NONE),
        neighbour_start=[0, 1, 3, 4],
        neighbour_regency=[1, 0, 2, 1],
        zone_regency=[0] * 4 + [1] * 4 + [2] * 3,
        unit_regency=unit_regency,
        mutual_aid=True,
    )
    return county(unit_zone, **values | given)


def test_mutual_aid_comes_from_adjacent_regencies_only() -> None:
    # the unit of c stands at the scene in a, that of b is far from it
    c = incidents([100.0, 110.0], [3, 3], incident_regency=[0, 0])
    log = simulate(three_in_a_row([7, 3], [1, 2]), c)
    assert list(log.job_unit) == [0, 0]
    only = simulate(three_in_a_row([3], [2]), c)
    assert list(only.job_unit) == [NONE, NONE]


def test_a_freed_unit_takes_the_neighbours_jobs_by_priority_wherever_they_are() -> None:
    # both wait for the unit of b, the less urgent one of a longer than the urgent one of c
    c = incidents([100.0, 200.0, 300.0], [5, 3, 8], incident_regency=[1, 0, 2], incident_kind=[0, 1, 0])
    log = simulate(three_in_a_row([5], [1], **URGENT_AND_SLOW), c)
    assert np.argsort(log.job_assigned_s).tolist() == [0, 2, 1]


def test_patients_go_to_the_hospital_that_is_nearest_to_the_scene() -> None:
    nearest = np.where(np.arange(ZONES) < 5, 0, 1)[None, None, :]
    w = county([0], hospital_zone=[1, 9], hospital_for=nearest)
    log = simulate(w, incidents([100.0], [7], need_transports=[True]))
    assert log.job_hospital[0] == 1
    assert log.job_at_hospital_s[0] - log.job_leave_scene_s[0] == 120.0


def test_an_island_is_served_by_its_own_unit_only() -> None:
    travel, before = LINE.copy(), BEFORE.copy()
    travel[10, :10] = travel[:10, 10] = np.inf
    before[10, :10] = before[:10, 10] = -9999
    c = incidents([100.0, 200.0, 5000.0], [10, 10, 5])
    log = simulate(county([0, 10], travel_s=[travel], previous_zone=[before]), c)
    assert list(log.job_unit) == [1, 1, 0]
    stranded = simulate(county([0], travel_s=[travel], previous_zone=[before]), c)
    assert list(stranded.job_outcome) == [JobOutcome.UNFINISHED, JobOutcome.UNFINISHED, JobOutcome.SERVED]


def test_the_period_and_the_factor_of_a_leg_are_fixed_when_it_starts() -> None:
    steps = dict(
        change_time_s=[0.0, 0.0, 300.0],
        change_what=[Change.CALL_TAKERS, Change.OPEN, Change.PERIOD],
        change_subject=[0, 0, NONE],
        change_value=[99, 1, 1],
    )
    w = county([0], travel_s=[LINE, 3 * LINE], previous_zone=[BEFORE, BEFORE], **steps)
    log = simulate(w, incidents([100.0], [5]))
    assert log.job_on_scene_s[0] == 460.0  # rolling at 160, in the first period
    assert log.job_back_s[0] == 1060.0 + 900.0


def test_a_leg_takes_the_period_in_which_it_starts_not_that_of_the_assignment() -> None:
    """Assigned at 100 in the first period, rolling at 160 in the second, whose approach differs too."""
    steps = dict(
        change_time_s=[0.0, 0.0, 130.0],
        change_what=[Change.CALL_TAKERS, Change.OPEN, Change.PERIOD],
        change_subject=[0, 0, NONE],
        change_value=[99, 1, 1],
    )
    approach = np.array([[0.0] * ZONES, [20.0] * ZONES])
    w = county(
        [0],
        travel_s=[LINE, 3 * LINE],
        previous_zone=[BEFORE, BEFORE],
        scene_approach_s=approach,
        **steps,
    )
    assert simulate(w, incidents([100.0], [5])).job_on_scene_s[0] == 160.0 + 900.0 + 20.0


def test_a_unit_on_its_way_stands_where_the_period_of_its_leg_has_taken_it() -> None:
    """On its way back from zone 5 since 1060, a minute a zone; ways that begin after 1070 take three."""
    steps = dict(
        change_time_s=[0.0, 0.0, 1070.0],
        change_what=[Change.CALL_TAKERS, Change.OPEN, Change.PERIOD],
        change_subject=[0, 0, NONE],
        change_value=[99, 1, 1],
    )
    w = county([0], travel_s=[LINE, 3 * LINE], previous_zone=[BEFORE, BEFORE], **steps)
    log = simulate(w, incidents([100.0, 1181.0], [5, 6]))
    assert log.job_from_zone[1] == 2
    assert log.job_on_scene_s[1] == 1181.0 + 4 * 180.0


def test_a_drawn_busy_time_has_nothing_to_do_with_the_way() -> None:
    w = county([0], busy_drawn=True)
    log = simulate(w, incidents([100.0, 200.0], [5, 5], need_busy_s=[1000.0, 50.0]))
    assert list(log.job_available_s) == [1100.0, 1150.0]
    assert list(log.job_assigned_s) == [100.0, 1100.0]


def test_a_drawn_busy_time_is_longer_for_a_slower_unit_and_stays_on_the_grid() -> None:
    w = county([0, 0], busy_drawn=True, unit_busy_factor=[1.5, 1 / 3])
    log = simulate(w, incidents([100.0, 200.0], [5, 5], need_busy_s=[1000.0, 100.0]))
    assert list(log.job_unit) == [0, 1]
    assert list(log.job_available_s) == [1600.0, 200.0 + 34133 / 1024]


def preferring(*units_by_zone: list[int], units: int) -> np.ndarray:
    """Ranks of units by zone from lists of units in order; a unit that is not in the list never goes."""
    rank = np.full((ZONES, units), NO_LIMIT)
    for zone in range(ZONES):
        wanted = units_by_zone[min(zone, len(units_by_zone) - 1)]
        rank[zone, wanted] = np.arange(len(wanted))
    return rank


def test_the_preferred_available_unit_goes_however_far_it_is() -> None:
    c = incidents([100.0, 110.0, 120.0], [5, 5, 5])
    log = simulate(county([5, 0, 10], unit_preference=preferring([2, 0, 1], units=3)), c)
    assert list(log.job_unit) == [2, 0, 1]
    by_zone = county([5, 0, 10], unit_preference=preferring([1], [2, 0], units=3))
    assert list(simulate(by_zone, incidents([100.0, 110.0, 120.0], [0, 5, 5])).job_unit) == [1, 2, 0]


def test_equally_preferred_units_go_by_the_lowest_id() -> None:
    w = county([5, 0, 10], unit_preference=np.tile([1, 0, 0], (ZONES, 1)))
    assert list(simulate(w, incidents([100.0, 110.0, 120.0], [5, 5, 5])).job_unit) == [1, 2, 0]


def test_a_unit_that_is_no_choice_for_a_zone_never_goes_there_and_passes_over_jobs_that_wait() -> None:
    # unit 0 serves zone 0 alone; both jobs at zone 5 wait for unit 1, the second until it is free
    w = county([0, 9], busy_drawn=True, unit_preference=preferring([0], [1], units=2))
    c = incidents([100.0, 110.0, 120.0, 130.0], [0, 5, 5, 0], need_busy_s=[50.0, 500.0, 500.0, 50.0])
    log = simulate(w, c)
    assert list(log.job_unit) == [0, 1, 1, 0]
    assert list(log.job_assigned_s) == [100.0, 110.0, 610.0, 150.0]
    nobody = simulate(replace(w, unit_preference=np.full((ZONES, 2), NO_LIMIT)), c)
    assert list(nobody.job_outcome) == [JobOutcome.UNFINISHED] * 4


def test_a_preferred_unit_without_a_way_to_the_scene_does_not_go() -> None:
    travel, before = LINE.copy(), BEFORE.copy()
    travel[10, :10] = travel[:10, 10] = np.inf
    before[10, :10] = before[:10, 10] = -9999
    ranks = preferring([1, 0], units=2)
    w = county([0, 10], travel_s=[travel], previous_zone=[before], unit_preference=ranks)
    assert list(simulate(w, incidents([100.0, 110.0], [5, 5])).job_unit) == [0, 0]


def test_preferences_in_the_order_of_planned_times_change_nothing() -> None:
    zones = [2, 6, 9]
    c = incidents([100.0 * n for n in range(1, 30)], [n * 7 % ZONES for n in range(29)])
    nearest = np.argsort(np.argsort(LINE[zones].T, axis=1, kind="stable"), axis=1)
    settings: dict[str, Any] = dict(assign_returning=False)  # a unit under way has no fixed place in an order
    a = simulate(county(zones, **settings), c)
    b = simulate(county(zones, unit_preference=nearest, **settings), c)
    assert list(a.job_unit) == list(b.job_unit)
    assert list(a.job_available_s) == list(b.job_available_s)


def test_work_that_alerts_nobody_keeps_a_dispatcher_busy_and_makes_no_job() -> None:
    """A call-taker, then a dispatcher, in tandem and without any unit."""
    steps = dict(
        change_time_s=[0.0] * 3,
        change_what=[Change.CALL_TAKERS, Change.OPEN, Change.DISPATCHERS],
        change_subject=[0, 0, 0],
    )
    c = incidents(
        [100.0, 110.0],
        [0, 0],
        need_agency=[NONE, NONE],
        need_handling_s=[60.0, 60.0],
        caller_talk_s=[30.0] * 2,
    )
    log = simulate(county([], **steps, change_value=[2, 1, 1]), c)
    assert len(log.job_need) == 0
    assert list(log.call_ticket_s) == [130.0, 140.0]
    assert list(log.call_dispatch_start_s) == [130.0, 190.0]
    assert list(log.call_dispatch_end_s) == [190.0, 250.0]
    alone = simulate(county([], **steps, change_value=[2, 1, 0]), c)
    assert list(alone.call_handler) == [Handler.CALL_TAKER] * 2
    assert list(alone.call_free_s) == [190.0, 200.0]


def test_work_on_the_ticket_comes_before_the_agency_that_follows_it() -> None:
    c = incidents(
        [100.0], [5], need_incident=[0, 0], need_agency=[NONE, 0], need_handling_s=[60.0, 10.0],
        need_turnout_s=[0.0, 60.0], need_on_scene_s=[0.0, 60.0],
    )  # fmt: skip
    log = simulate(county([0]), c)
    assert list(log.job_need) == [1]
    assert log.job_alerted_s[0] == 170.0


def test_two_agencies_work_at_one_incident_each_with_its_own_unit() -> None:
    w = county(
        [0, 9],
        agency_name=("fire", "police"),
        unit_agency=[0, 1],
        regency_agency_desk=np.array([[NONE, NONE]]),
    )
    c = incidents(
        [100.0],
        [5],
        need_incident=[0, 0],
        need_agency=[0, 1],
        need_turnout_s=[60.0, 60.0],
        need_on_scene_s=[600.0, 60.0],
    )
    log = simulate(w, c)
    assert list(log.job_unit) == [0, 1]
    assert list(log.job_on_scene_s) == [460.0, 400.0]


# ---- policies -------------------------------------------------------------------------------------------


def test_a_unit_rolling_to_a_less_urgent_job_is_diverted_where_it_is_nearer() -> None:
    c = incidents([100.0, 280.0], [10, 3], incident_kind=[1, 0])
    plain = simulate(
        county([0, 9], **URGENT_AND_SLOW), incidents([100.0, 280.0], [5, 3], incident_kind=[1, 0])
    )
    assert list(plain.job_unit) == [1, 0]
    # only one unit: it rolls at 160 and has just passed zone 2 when the urgent job comes
    log = simulate(county([0], divert=True, **URGENT_AND_SLOW), c)
    assert (log.job_from_zone[1], log.job_rolling_s[1], log.job_on_scene_s[1]) == (2, 280.0, 340.0)
    assert list(log.job_assignments) == [2, 1]
    assert log.job_assigned_s[0] == log.job_available_s[1] == 940.0  # the dropped job waited
    kept = simulate(county([0], **URGENT_AND_SLOW), c)
    assert list(kept.job_assignments) == [1, 1]


def test_an_equally_urgent_job_diverts_nobody() -> None:
    log = simulate(county([0], divert=True, **URGENT_AND_SLOW), incidents([100.0, 280.0], [10, 3]))
    assert list(log.job_assignments) == [1, 1]


def test_the_last_available_unit_is_held_back_from_less_urgent_jobs() -> None:
    w = county([0, 9], hold_back=1, **URGENT_AND_SLOW)
    log = simulate(w, incidents([100.0, 200.0, 300.0], [5, 5, 5], incident_kind=[1, 1, 0]))
    assert log.job_assigned_s[0] == 100.0
    assert log.job_assigned_s[2] == 300.0
    assert log.job_assigned_s[1] >= min(log.job_available_s[0], log.job_available_s[2])


def test_an_idle_unit_moves_up_to_an_uncovered_station() -> None:
    # two units at zone 0, one at zone 10; the one at 10 goes and one of the two moves up
    c = incidents([100.0, 2000.0], [10, 9], need_on_scene_s=[9000.0, 60.0])
    moved = simulate(county([0, 0, 10], move_up=True), c)
    assert list(moved.job_from_zone) == [10, 10]
    stayed = simulate(county([0, 0, 10]), c)
    assert list(stayed.job_from_zone) == [10, 0]
    # on its way it may be assigned from where it is
    early = simulate(
        county([0, 0, 10], move_up=True),
        replace(c, incident_noticed_s=np.array([100.0, 341.0]), caller_start_s=np.array([100.0, 341.0])),
    )
    assert early.job_from_zone[1] == 5


@pytest.mark.parametrize("jobs_wait", [True, False])
def test_units_sent_by_preference_are_as_busy_as_larsons_hypercube_says(jobs_wait: bool) -> None:
    """Three units of unlike speed, three zones; where jobs are lost, one zone does without a unit."""
    factors, orders = [0.8, 1.0, 1.4], [[0, 1, 2], [1, 2, 0], [2, 0, 1] if jobs_wait else [2, 0]]
    rates_per_s, mean_busy_s, end_s = np.array([0.5, 0.3, 0.6]) / 600, 600.0, 4e7
    exact = hypercube(
        rates_per_s.tolist(),
        [factor * mean_busy_s for factor in factors],
        orders,
        "wait" if jobs_wait else "lost",
    )
    rng = np.random.default_rng(1974)
    noticed_s = grid(np.cumsum(rng.exponential(1 / rates_per_s.sum(), int(rates_per_s.sum() * end_s))))
    zone = rng.choice(3, len(noticed_s), p=rates_per_s / rates_per_s.sum())
    zeros = np.zeros(len(noticed_s))
    c = incidents(
        noticed_s,
        zone,
        need_turnout_s=zeros,
        need_on_scene_s=zeros,
        need_busy_s=grid(rng.exponential(mean_busy_s, len(noticed_s))),
    )
    w = county(
        [0, 4, 9],
        busy_drawn=True,
        jobs_wait=jobs_wait,
        unit_busy_factor=factors,
        unit_preference=preferring(*orders, units=3),
        end_s=1.1 * end_s,
        change_value=[NO_LIMIT, 1],
    )
    log = compiled.simulate(w, c)
    served = log.job_outcome == JobOutcome.SERVED
    busy_s = np.bincount(
        log.job_unit[served], log.job_available_s[served] - log.job_assigned_s[served], minlength=3
    )
    assert busy_s / noticed_s[-1] == pytest.approx(exact.utilisation, rel=0.02)
    sent = np.zeros((3, 3))
    np.add.at(sent, (zone[log.job_need[served]], log.job_unit[served]), 1 / served.sum())
    assert sent == pytest.approx(exact.dispatch_share, abs=0.005)
    waits_s = log.job_assigned_s[served] - log.job_alerted_s[served]
    assert waits_s.mean() == pytest.approx(exact.mean_wait_s, rel=0.05)
