"""Measures of a log small enough to compute every number by hand."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from variations import TICKS_S, VARIATIONS, case_of

from sim112.config.costs import Costs
from sim112.config.targets import Targets
from sim112.engine import reference
from sim112.engine.contract import NO_LIMIT, NONE, Calls, Change, Handler, JobOutcome, Log, Outcome, World
from sim112.errors import InputError
from sim112.study import walk
from sim112.study.comparison import HEADLINE, STRESS, compare
from sim112.study.definitions import BY_KEY, MEASURES, MOST_LINES
from sim112.study.desk_sums import sort, times_of
from sim112.study.kpis import Measures, measure, merge
from sim112.study.totals import BIN_FROM_S, BINS, bins_near
from sim112.study.walk_sums import count

NAN = np.nan
YEAR_S = 365.25 * 86400
WINDOW_S = 7200.0
YEARS = WINDOW_S / YEAR_S
CENTRE, FIRE_NUMBER, AMBULANCE_NUMBER = 0, 1, 2
PATI, KUDUS = 0, 1

TARGETS = Targets.model_validate(
    {
        "answered_within_s": 4,
        "answered_within_share": 0.9,
        "response_target_s": {"fire": 900, "ambulance": 900, "police": 600, "rescue": 900},
        "response_cap_s": 7200,
        "alert_cap_s": 3600,
    }
)
COSTS = Costs(
    platform_rp_per_year=168e6,
    wage_rp_per_month=2.8e6,
    paid_months_per_year=13,
    paid_hours_per_week=40,
    shrinkage=0.25,
    supervisors_per_centre=1,
)


def ints(*values):
    return np.array(values, np.int64)


def floats(*values):
    return np.array(values, np.float64)


def tiny_world() -> World:
    """Two regencies; Pati has a centre with two call-takers (one from 7200 s on) that closes at 9000 s."""
    far = 1200.0
    way = np.array([[0, 600, far, far], [600, 0, far, far], [far, far, 0, 600], [far, far, 600, 0]])
    changes = [
        (0, Change.CALL_TAKERS, CENTRE, 2),
        (0, Change.CALL_TAKERS, AMBULANCE_NUMBER, 1),
        (0, Change.OPEN, CENTRE, 1),
        (0, Change.PERIOD, NONE, 0),
        (7200, Change.CALL_TAKERS, CENTRE, 1),
        (9000, Change.OPEN, CENTRE, 0),
    ]
    return World(
        report_from_s=3600.0, report_to_s=3600.0 + WINDOW_S, end_s=14400.0, start_of_week_s=0.0,
        desk_name=("pati 112", "fire kudus", "ambulance"), desk_agency=ints(NONE, 0, 1),
        desk_lines=ints(2, 1, 1),
        desk_platform=ints(0, NONE, NONE), desk_overflow=ints(NONE, NONE, NONE),
        desk_announcement_s=floats(0, 0, 0), desk_bar_after=ints(1, 0, 0), desk_bar_s=floats(86400, 0, 0),
        fresh_crew=False, platform_name=("provider",), platform_channels=ints(30),
        change_time_s=floats(*(c[0] for c in changes)), change_what=ints(*(c[1] for c in changes)),
        change_subject=ints(*(c[2] for c in changes)), change_value=ints(*(c[3] for c in changes)),
        regency_name=("pati", "kudus"), regency_population=floats(1000, 500), regency_desk=ints(CENTRE, NONE),
        regency_agency_desk=np.array([[NONE, AMBULANCE_NUMBER], [FIRE_NUMBER, AMBULANCE_NUMBER]]),
        neighbour_start=ints(0, 1, 2), neighbour_regency=ints(1, 0), agency_name=("fire", "ambulance"),
        kind_name=("fire", "medical", "tree", "prank"), kind_is_incident=np.array([True, True, True, False]),
        kind_priority=ints(0, 0, 2, 3), kind_queue_priority=ints(0, 0, 0, 0),
        kind_recognised=np.array([True, True, True, False]),
        kind_life_threatening=np.array([True, True, False, False]),
        kind_is_emergency=np.array([True, True, True, False]),
        zone_regency=ints(0, 0, 1, 1), zone_population=floats(600, 400, 300, 200),
        scene_approach_s=np.zeros((1, 4)), travel_s=way[None], previous_zone=np.zeros((1, 4, 4), np.int32),
        hospital_zone=ints(0), hospital_for=np.zeros((4, 1, 4), np.int64),
        unit_agency=ints(0, 1, 1), unit_regency=ints(PATI, PATI, PATI), unit_zone=ints(0, 0, 0),
        unit_turnout_s=floats(60, 60, 60), unit_busy_factor=np.ones(3),
        unit_preference=np.zeros((0, 0), np.int64), assign_returning=True, jobs_wait=True, busy_drawn=False,
        mutual_aid=True, divert=False, hold_back=2**31 - 1, move_up=False,
    )  # fmt: skip


def tiny_calls() -> Calls:
    """Five incidents (the fourth in the warm-up, the fifth needs nobody) and two pranks of one number."""
    noticed = floats(4000, 5000, 6000, 2000, 7000)
    callers, dials, needs = 7, 8, 5
    return Calls(
        incident_key=ints(0, 1, 2, 3, 4), incident_noticed_s=noticed, incident_kind=ints(0, 1, 1, 1, 2),
        incident_regency=ints(PATI, KUDUS, PATI, PATI, PATI), incident_zone=ints(1, 3, 1, 1, 1),
        need_start=ints(0, 2, 3, 4, 5, 5),
        need_incident=ints(0, 0, 1, 2, 3), need_agency=ints(0, 1, 1, 1, 1),
        **{f"need_{name}": np.zeros(needs) for name in (
            "handling_s", "notice_s", "turnout_s", "travel_factor", "on_scene_s", "handover_s", "busy_s")},
        need_transports=np.zeros(needs, bool),
        caller_key=np.arange(callers), caller_incident=ints(0, 1, 2, 3, 4, NONE, NONE),
        caller_kind=ints(0, 1, 1, 1, 2, 3, 3), caller_regency=ints(PATI, KUDUS, PATI, PATI, PATI, PATI, PATI),
        caller_start_s=floats(4000, 5000, 6000, 2000, 7000, 8000, 8100),
        caller_dials_112=np.ones(callers, bool), caller_agency=ints(0, 1, 1, 1, NONE, NONE, NONE),
        caller_wrong_regency=np.full(callers, NONE), caller_number=ints(NONE, NONE, NONE, NONE, NONE, 0, 0),
        **{f"caller_{name}": np.zeros(callers) for name in (
            "lookup_s", "pick_up_s", "talk_s", "short_talk_s", "transfer_talk_s", "after_call_s")},
        dial_start=ints(0, 1, 3, 4, 5, 6, 7, 8), dial_second=ints(1, 1, 4, 5, 6, 7, 8),
        dial_patience_s=np.full(dials, np.inf), dial_hang_up_share=np.full(dials, np.inf),
        dial_redials_blocked=np.ones(dials, bool), dial_redials_abandoned=np.zeros(dials, bool),
        dial_redial_delay_s=np.full(dials, 30.0),
    )  # fmt: skip


CALL_FLOATS = (
    "offered",
    "queued",
    "picked",
    "answered",
    "left",
    "talk_end",
    "free",
    "ticket",
    "dispatch_start",
)
JOB_FLOATS = ("alerted", "assigned", "rolling", "on_scene", "leave_scene", "at_hospital", "available", "back")


def log_of(calls: list[dict], jobs: list[dict]) -> Log:
    """A log from rows that state what happened; what a row leaves out did not happen."""
    columns = {}
    for prefix, rows, times in (("call", calls, (*CALL_FLOATS, "dispatch_end")), ("job", jobs, JOB_FLOATS)):
        for name in times:
            columns[f"{prefix}_{name}_s"] = floats(*(row.get(name, NAN) for row in rows))
    for name in ("caller", "dial", "desk", "outcome"):
        columns[f"call_{name}"] = ints(*(row[name] for row in calls))
    columns["call_hop"] = ints(*(row.get("hop", 0) for row in calls))
    columns["call_handler"] = ints(*(row.get("handler", Handler.NOBODY) for row in calls))
    columns["call_known"] = np.zeros(len(calls), bool)
    columns["job_need"] = ints(*(row["need"] for row in jobs))
    columns["job_unit"] = ints(*(row.get("unit", NONE) for row in jobs))
    columns["job_outcome"] = ints(*(JobOutcome.SERVED for _ in jobs))
    columns["job_assignments"] = np.ones(len(jobs), np.int64)
    columns["job_notice"] = np.array([row.get("notice", False) for row in jobs], bool)
    for name in ("desk", "from_zone", "hospital"):
        columns[f"job_{name}"] = np.full(len(jobs), NONE)
    return Log(**columns)


CALL_ROWS = [
    # in the warm-up: not counted
    {"caller": 3, "dial": 4, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 2000, "queued": 2000,
     "picked": 2000, "answered": 2000, "talk_end": 2050, "ticket": 2050, "free": 2060},
    # a fire, told by 112; the call-taker alerts both agencies
    {"caller": 0, "dial": 0, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 4000, "queued": 4000,
     "picked": 4000, "answered": 4005, "talk_end": 4100, "ticket": 4100, "free": 4230,
     "handler": Handler.CALL_TAKER, "dispatch_start": 4100, "dispatch_end": 4200},
    # a patient in Kudus: the ambulance's number is busy once, then answers after 30 s of waiting
    {"caller": 1, "dial": 1, "desk": AMBULANCE_NUMBER, "outcome": Outcome.BLOCKED_LINES, "offered": 5030},
    {"caller": 1, "dial": 2, "desk": AMBULANCE_NUMBER, "outcome": Outcome.ANSWERED, "offered": 5060,
     "queued": 5060, "picked": 5090, "answered": 5095, "talk_end": 5200, "ticket": 5200, "free": 5220},
    # a patient in Pati whose relative gives up
    {"caller": 2, "dial": 3, "desk": CENTRE, "outcome": Outcome.ABANDONED, "offered": 6000, "queued": 6000,
     "left": 6050},
    # a fallen tree, then a prank, then the same number barred
    {"caller": 4, "dial": 5, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 7000, "queued": 7000,
     "picked": 7000, "answered": 7005, "talk_end": 7065, "ticket": 7065, "free": 7100},
    {"caller": 5, "dial": 6, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 8000, "queued": 8000,
     "picked": 8000, "answered": 8003, "talk_end": 8013, "free": 8013},
    {"caller": 6, "dial": 7, "desk": CENTRE, "outcome": Outcome.BARRED, "offered": 8100},
]  # fmt: skip

JOB_ROWS = [
    {"need": 4, "unit": 1, "alerted": 2050, "assigned": 2100, "rolling": 2160, "on_scene": 2760,
     "available": 4260, "back": 4300},
    {"need": 0, "unit": 0, "alerted": 4150, "assigned": 4150, "rolling": 4210, "on_scene": 4810,
     "available": 6010, "back": 6610},
    {"need": 1, "unit": 1, "alerted": 4200, "assigned": 4260, "rolling": 4300, "on_scene": 4900,
     "leave_scene": 5200, "at_hospital": 5800, "available": 6100},
    {"need": 2, "unit": 2, "alerted": 5200, "assigned": 5200, "rolling": 5300, "on_scene": 6500,
     "available": 7000},
]  # fmt: skip


@pytest.fixture(scope="module")
def measured() -> Measures:
    return measure(tiny_world(), tiny_calls(), log_of(CALL_ROWS, JOB_ROWS), TARGETS, COSTS)


def value(measured, key, scope="province", member=0):
    return measured.value(key, scope)[member]


def test_calls_of_the_centre_are_counted_by_hand(measured):
    centre = ("desk", CENTRE)
    assert value(measured, "offered", *centre) == pytest.approx(4 / YEARS)
    assert value(measured, "barred", *centre) == pytest.approx(1 / YEARS)
    assert value(measured, "answered", *centre) == pytest.approx(3 / YEARS)
    assert value(measured, "abandoned_share", *centre) == 1 / 4
    assert value(measured, "blocked_share", *centre) == 0
    assert value(measured, "answer_delay_s", *centre) == pytest.approx((5 + 5 + 3) / 3)
    assert value(measured, "answered_within_share", *centre) == 1 / 4  # only 3 s is within 4 s
    assert value(measured, "wait_s", *centre) == 50 / 4
    assert value(measured, "waited_share", *centre) == 1 / 4
    assert value(measured, "talk_s", *centre) == pytest.approx((95 + 60 + 10) / 3)
    assert value(measured, "handle_s", *centre) == pytest.approx((225 + 95 + 10) / 3)
    assert measured.answered_by_kind[CENTRE].tolist() == [1, 0, 1, 1]


def test_agency_numbers_are_kept_apart_from_112(measured):
    service_112, fire, ambulance = range(3)
    assert value(measured, "offered", "service", service_112) == pytest.approx(4 / YEARS)
    assert value(measured, "offered", "service", ambulance) == pytest.approx(2 / YEARS)
    assert np.isnan(value(measured, "blocked_share", "service", fire))
    assert value(measured, "blocked_lines_share", "service", ambulance) == 1 / 2
    assert value(measured, "offered", "regency", KUDUS) == pytest.approx(2 / YEARS)
    assert value(measured, "offered", "regency_112", KUDUS) == 0
    assert value(measured, "redials") == pytest.approx(1 / YEARS)
    assert value(measured, "fallbacks") == 0
    assert value(measured, "genuine_answered") == pytest.approx(3 / YEARS)
    assert value(measured, "genuine_answered_112") == pytest.approx(2 / YEARS)


def test_a_person_who_finds_nobody_twice_counts_once(measured):
    assert value(measured, "found_nobody") == pytest.approx(3 / YEARS)
    assert value(measured, "genuine_found_nobody") == pytest.approx(2 / YEARS)
    assert value(measured, "genuine_found_nobody_share") == 2 / 4


def test_a_redial_that_is_passed_on_counts_where_it_was_offered_and_once_elsewhere():
    blocked = {"caller": 1, "desk": AMBULANCE_NUMBER, "outcome": Outcome.BLOCKED_LINES}
    rows = [
        {**blocked, "dial": 1, "offered": 5030},
        {**blocked, "dial": 1, "hop": 1, "desk": FIRE_NUMBER, "offered": 5030},
        {**blocked, "dial": 2, "offered": 5060},
        {"caller": 1, "dial": 2, "hop": 1, "desk": FIRE_NUMBER, "outcome": Outcome.ANSWERED, "offered": 5060,
         "queued": 5060, "picked": 5060, "answered": 5065, "talk_end": 5200, "free": 5220},
    ]  # fmt: skip
    total = measure(tiny_world(), tiny_calls(), log_of(rows, []), TARGETS, COSTS).total
    assert total("redials", "desk").tolist() == [0, 1, 1]
    for scope in ("province", "regency", "kind", "hour"):
        assert total("redials", scope).sum() == 1, scope
        assert total("fallbacks", scope).sum() == 0, scope


def test_who_is_passed_on_to_somebody_free_has_found_somebody():
    for waited_s in (0, 20):
        rows = [
            {"caller": 0, "dial": 0, "desk": CENTRE, "outcome": Outcome.BLOCKED_LINES, "offered": 4000},
            {"caller": 0, "dial": 0, "hop": 1, "desk": FIRE_NUMBER, "outcome": Outcome.ANSWERED,
             "offered": 4000, "queued": 4000, "picked": 4000 + waited_s, "answered": 4025, "talk_end": 4100,
             "free": 4100},
        ]  # fmt: skip
        total = measure(tiny_world(), tiny_calls(), log_of(rows, []), TARGETS, COSTS).total
        for column in ("found_nobody", "news_found_nobody"):
            assert total(column, "province")[0] == (waited_s > 0), column
        assert total("people_with_news", "province")[0] == 1


def test_further_witnesses_have_no_news():
    """A second caller about a fire that a desk has picked up, and one before that, both find no line."""
    for offered_s, people in ((3999, 2), (4000, 2), (4001, 1)):
        calls = replace(tiny_calls(), caller_incident=ints(0, 1, 0, 3, 4, NONE, NONE))
        rows = [
            {"caller": 0, "dial": 0, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 3990,
             "queued": 3990, "picked": 4000, "answered": 4005, "talk_end": 4100, "free": 4100},
            {"caller": 2, "dial": 3, "desk": CENTRE, "outcome": Outcome.BLOCKED_LINES, "offered": offered_s},
        ]  # fmt: skip
        measured = measure(tiny_world(), calls, log_of(rows, []), TARGETS, COSTS)
        assert measured.total("news_found_nobody", "province")[0] == people
        assert measured.total("people_with_news", "province")[0] == people


def test_hanging_up_in_the_announcement_is_no_bad_service():
    rows = [
        {"caller": 5, "dial": 6, "desk": CENTRE, "outcome": Outcome.HUNG_UP, "offered": 8000, "left": 8004},
        {"caller": 4, "dial": 5, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 7000,
         "queued": 7000, "picked": 7000, "answered": 7003, "talk_end": 7065, "free": 7100},
        {"caller": 2, "dial": 3, "desk": CENTRE, "outcome": Outcome.BLOCKED_LINES, "offered": 6000},
    ]  # fmt: skip
    measured = measure(tiny_world(), tiny_calls(), log_of(rows, []), TARGETS, COSTS)
    for scope, member in (("province", 0), ("desk", CENTRE), ("regency_112", PATI)):
        assert value(measured, "answered_within_share", scope, member) == 1 / 2
    assert value(measured, "hung_up_share") == 1 / 3


def test_what_is_no_emergency_counts_by_kind_and_by_the_units_it_takes(measured):
    """The patient in Kudus is a planned transport, now of the kind of the tree."""
    world = replace(tiny_world(), kind_is_emergency=np.array([True, True, False, False]))
    calls = tiny_calls()
    calls.incident_kind[1] = calls.caller_kind[1] = 2
    planned = measure(world, calls, log_of(CALL_ROWS, JOB_ROWS), TARGETS, COSTS)
    for column in ("needing", "needs", "assigned", "news_found_nobody"):
        for scope in ("province", "regency"):
            fewer = measured.total(column, scope) - planned.total(column, scope)
            assert fewer.sum() == 1, column
        assert planned.total(column, "kind")[2] == 1
    assert planned.total("incidents", "province")[0] == 2  # nor is the tree
    assert planned.total("needing", "hour").sum() == 2
    assert np.isnan(value(planned, "response_capped_s", "regency", KUDUS))
    assert value(planned, "agency_alert_capped_s", "agency", 1) == (200 + 3600) / 2
    assert value(planned, "unit_waited_share", "agency", 1) == 1
    assert np.isnan(planned.quantile("response_s", 0.5, "regency")[KUDUS])
    assert planned.quantile("response_s", 0.5, "kind")[2] == pytest.approx(1500, rel=0.005)
    for key in ("turnout_s", "travel_s", "on_scene_s", "job_s", "trips", "aid_trips", "utilisation"):
        assert planned.value(key)[0] == measured.value(key)[0]
    for key in ("offered", "genuine_answered", "genuine_answered_112", "answered_within_share"):
        assert planned.value(key)[0] == measured.value(key)[0]
    assert planned.total("emergencies_reported_112", "province")[0] == 1  # the fire; not the tree


def test_an_emergency_is_reported_once():
    """Told twice to the centre of Pati, and then to another one."""
    world = replace(tiny_world(), desk_agency=ints(NONE, NONE, 1), regency_desk=ints(CENTRE, 1))
    again = {**CALL_ROWS[1], "caller": 2, "dial": 3}
    elsewhere = {**CALL_ROWS[1], "caller": 4, "dial": 5, "desk": 1, "ticket": 4200}
    calls = replace(tiny_calls(), caller_incident=ints(0, 1, 0, 3, 0, NONE, NONE))
    measured = measure(world, calls, log_of([elsewhere, CALL_ROWS[1], again], []), TARGETS, COSTS)
    assert measured.total("emergencies_reported_112", "province")[0] == 1
    assert measured.total("emergencies_reported_112", "service").tolist() == [1, 0, 0]
    assert measured.total("emergencies_reported_112", "desk").tolist() == [1, 0, 0]
    assert measured.total("emergencies_reported_112", "regency_112").tolist() == [1, 0]
    assert measured.total("genuine_answered_112", "province")[0] == 3


def test_hours_are_of_the_local_clock(measured):
    by_hour = measured.total("offered", "hour")
    assert by_hour.tolist() == [0, 5, 1, *[0] * 21]  # 3600 s to 7200 s are hour 1
    assert measured.total("needing", "hour")[1] == 3


def test_hours_are_of_the_local_clock_whenever_the_simulation_starts():
    """From Sunday 22:30 on, so that what comes at 3600 s to 5400 s is of the hour before midnight."""
    world = replace(tiny_world(), start_of_week_s=6 * 86400 + 22.5 * 3600)
    by_hour = measure(world, tiny_calls(), log_of(CALL_ROWS, JOB_ROWS), TARGETS, COSTS).total
    assert by_hour("offered", "hour").tolist() == [3, *[0] * 22, 3]
    assert by_hour("needing", "hour")[[23, 0]].tolist() == [2, 1]


def test_the_answer_delay_starts_after_the_announcement():
    rows = [
        {"caller": 4, "dial": 5, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 7000,
         "queued": 7015, "picked": 7015, "answered": 7018, "talk_end": 7065, "free": 7100},
    ]  # fmt: skip
    measured = measure(tiny_world(), tiny_calls(), log_of(rows, []), TARGETS, COSTS)
    assert value(measured, "answer_delay_s") == 3
    assert value(measured, "answered_within_share") == 1
    assert value(measured, "wait_s") == 0


def test_time_at_the_desk_is_clipped_to_the_report(measured):
    busy_s = 230 + 100 + 13
    assert value(measured, "occupancy", "desk", CENTRE) == pytest.approx(busy_s / (2 * 3600 + 3600))
    assert value(measured, "occupancy", "desk", AMBULANCE_NUMBER) == pytest.approx(130 / WINDOW_S)
    assert value(measured, "lines_held", "desk", CENTRE) == pytest.approx((100 + 50 + 65 + 13) / WINDOW_S)
    assert value(measured, "all_lines_busy_share", "desk", CENTRE) == 0
    assert value(measured, "all_lines_busy_share", "desk", AMBULANCE_NUMBER) == pytest.approx(140 / WINDOW_S)
    assert value(measured, "open_share", "desk", CENTRE) == 0.75
    assert value(measured, "one_person_hours", "desk", CENTRE) == pytest.approx(0.5 / (WINDOW_S / 604800))
    assert value(measured, "one_person_hours") == pytest.approx(0.5 / (WINDOW_S / 604800))
    assert value(measured, "unattended_hours") == 0
    assert value(measured, "overtime_hours", "desk", CENTRE) == 0


def test_hours_with_one_person_add_up_over_centres_and_are_neither_better_nor_worse():
    """A second centre with one person on duty: more such hours, which is no bad news for the people there."""
    world = tiny_world()
    more = replace(
        world,
        desk_agency=ints(NONE, 0, NONE),
        regency_desk=ints(CENTRE, AMBULANCE_NUMBER),
        change_time_s=np.append(world.change_time_s, world.change_time_s[-1]),
        change_what=np.append(world.change_what, Change.OPEN),
        change_subject=np.append(world.change_subject, AMBULANCE_NUMBER),
        change_value=np.append(world.change_value, 1),
    )
    before, after = (measure(w, tiny_calls(), log_of([], []), TARGETS, COSTS) for w in (world, more))
    of_both = after.value("one_person_hours", "desk")[[CENTRE, AMBULANCE_NUMBER]]
    assert value(after, "one_person_hours") == pytest.approx(of_both.sum())
    assert value(after, "one_person_hours") > value(before, "one_person_hours")
    compared = compare({"one": [before, before], "two": [after, after]})
    assert compared.row("one_person_hours", "two").verdict == ""
    assert compared.row("one_person_hours", "two").difference > 0
    assert compare({"one": [before], "two": [before]}).row("one_person_hours", "two").verdict == "same"


def test_work_on_tickets_that_alerts_nobody_is_no_need_of_a_unit(measured):
    """The tree, which nobody needs to come to, and the fire each have work on their ticket as well."""
    calls = tiny_calls()
    incident = np.insert(calls.need_incident, [0, len(calls.need_incident)], [0, 4])
    order = np.argsort(incident, kind="stable")
    agency = np.insert(calls.need_agency, [0, len(calls.need_agency)], [NONE, NONE])[order]
    needs = {
        field.name: np.concatenate([column[:1], column, column[-1:]])[order]
        for field in fields(calls)
        if field.name.startswith("need_") and field.name != "need_start"
        for column in [getattr(calls, field.name)]
    }
    needs |= {"need_incident": incident[order], "need_agency": agency}
    start = np.searchsorted(incident[order], np.arange(len(calls.need_start)))
    rows = [row | {"need": int(np.flatnonzero(order == row["need"] + 1)[0])} for row in JOB_ROWS]
    again = measure(
        tiny_world(), replace(calls, need_start=start, **needs), log_of(CALL_ROWS, rows), TARGETS, COSTS
    )
    assert np.array_equal(again.totals, measured.totals, equal_nan=True)


def test_a_number_of_people_without_limit_is_no_roster():
    world = tiny_world()
    value_ = np.where(world.change_what == Change.CALL_TAKERS, NO_LIMIT, world.change_value)
    unlimited = measure(
        replace(world, change_value=value_), tiny_calls(), log_of(CALL_ROWS, []), TARGETS, COSTS
    )
    assert np.isnan(value(unlimited, "occupancy", "desk", CENTRE))
    assert value(unlimited, "carried_erlang", "desk", CENTRE) > 0
    assert value(unlimited, "cost_per_year") < 1e9


def test_people_are_covered_while_their_centre_is_open(measured):
    assert value(measured, "people_covered") == pytest.approx(0.75 * 1000)
    assert value(measured, "people_covered", "regency", KUDUS) == 0


def test_cost_is_platform_supervisor_and_roster(measured):
    person_rp = 2.8e6 * 13
    rostered_h = 2 + 1
    rp = (168e6 + person_rp) * YEARS + rostered_h * person_rp / (40 * 365.25 / 7) / 0.75
    assert value(measured, "cost_per_year") == pytest.approx(rp / YEARS)
    assert value(measured, "cost_per_report") == pytest.approx(rp / 2)


def test_incidents_are_counted_by_hand(measured):
    assert value(measured, "incidents") == pytest.approx(4 / YEARS)
    assert value(measured, "incidents_needing_unit") == pytest.approx(3 / YEARS)
    assert value(measured, "unreported_share") == pytest.approx(1 / 3)
    assert value(measured, "unserved_share") == pytest.approx(1 / 3)
    assert value(measured, "lost") == pytest.approx(1 / (WINDOW_S / 86400))
    assert value(measured, "fully_alerted_share") == pytest.approx(2 / 3)
    assert value(measured, "alert_capped_s") == pytest.approx((200 + 200 + 3600) / 3)
    assert value(measured, "first_alert_capped_s") == pytest.approx((150 + 200 + 3600) / 3)
    assert value(measured, "call_processing_s") == pytest.approx((145 + 105) / 2)
    assert value(measured, "response_s") == pytest.approx((810 + 1500) / 2)
    assert value(measured, "response_capped_s") == pytest.approx((810 + 1500 + 7200) / 3)
    assert value(measured, "all_agencies_capped_s") == pytest.approx((900 + 1500 + 7200) / 3)
    assert value(measured, "reached_within_share") == pytest.approx(1 / 3)
    assert value(measured, "all_reached_within_share") == pytest.approx(1 / 3)
    assert value(measured, "life_reached_within_share") == pytest.approx(1 / 3)
    assert value(measured, "response_capped_s", "regency", KUDUS) == pytest.approx(1500)
    assert value(measured, "life_alert_capped_s", "kind", 0) == pytest.approx(200)


def test_agencies_and_units_are_counted_by_hand(measured):
    fire, ambulance = 0, 1
    assert value(measured, "agency_alert_capped_s", "agency", ambulance) == pytest.approx(
        (200 + 200 + 3600) / 3
    )
    assert value(measured, "agency_response_capped_s", "agency", fire) == 810
    assert value(measured, "unit_wait_s", "agency", ambulance) == pytest.approx((60 + 0) / 2)
    assert value(measured, "unit_waited_share", "agency", ambulance) == 1 / 2
    assert value(measured, "turnout_s", "agency", ambulance) == pytest.approx((40 + 100) / 2)
    assert value(measured, "travel_s", "agency", ambulance) == pytest.approx((600 + 1200) / 2)
    assert value(measured, "on_scene_s", "agency", ambulance) == pytest.approx((300 + 500) / 2)
    assert value(measured, "job_s", "agency", fire) == pytest.approx(1860)
    assert value(measured, "trips", "agency", ambulance) == pytest.approx(2 / YEARS)
    assert value(measured, "aid_trips", "agency", ambulance) == pytest.approx(1 / YEARS)
    # unit 1 is busy from the warm-up until 4260 and from then until 6100, unit 2 for 1800 s
    assert value(measured, "utilisation", "agency", ambulance) == pytest.approx(
        (660 + 1840 + 1800) / (2 * WINDOW_S)
    )
    # Pati's zones of 600 and 400 people are 0 and 600 s from the station, Kudus is 1200 s away
    assert value(measured, "coverage_share", "agency", ambulance) == pytest.approx(1000 / 1500)
    assert value(measured, "coverage_share", "agency_regency", 2 + KUDUS) == 0


def test_a_neighbours_station_covers_people_only_with_mutual_aid():
    targets = TARGETS.model_copy(
        update={"response_target_s": TARGETS.response_target_s.model_copy(update={"ambulance": 1200})}
    )
    for mutual_aid, share in ((True, 1), (False, 0)):
        world = replace(tiny_world(), mutual_aid=mutual_aid)
        measured = measure(world, tiny_calls(), log_of([], []), targets, COSTS)
        assert value(measured, "coverage_share", "agency_regency", 2 + KUDUS) == share
        assert value(measured, "coverage_share", "agency_regency", 2 + PATI) == 1


def test_quantiles_are_those_of_the_durations(measured):
    assert measured.quantile("response_s", 0.5)[0] == pytest.approx(1500, rel=0.005)
    assert measured.quantile("response_s", 0.9)[0] == pytest.approx(7200, rel=0.005)
    assert measured.quantile("wait_s", 0.5, "desk")[CENTRE] == 0
    assert measured.quantile("wait_s", 0.9, "desk")[CENTRE] == pytest.approx(50, rel=0.005)
    assert np.isnan(measured.quantile("wait_s", 0.5, "desk")[FIRE_NUMBER])


def test_every_share_is_between_0_and_1(measured):
    for definition in MEASURES:
        if definition.unit == "share":
            for scope in measured.scopes.names:
                values = measured.value(definition.key, scope)
                assert np.all(np.isnan(values) | ((values >= 0) & (values <= 1))), (definition.key, scope)


def test_merged_replications_are_ratios_of_totals(measured):
    twice = merge([measured, measured])
    assert twice.replications == 2
    for definition in MEASURES:
        assert twice.value(definition.key)[0] == pytest.approx(measured.value(definition.key)[0], nan_ok=True)
    assert twice.quantile("response_s", 0.5)[0] == measured.quantile("response_s", 0.5)[0]


def test_losing_an_incident_never_looks_better(measured):
    """Take away the one incident that was reached in time: its caller abandons, nobody is alerted."""
    gone = {"caller": 0, "dial": 0, "desk": CENTRE, "outcome": Outcome.ABANDONED, "offered": 4000,
            "queued": 4000, "left": 4060}  # fmt: skip
    calls = [gone if row["caller"] == 0 else row for row in CALL_ROWS]
    jobs = [row for row in JOB_ROWS if row["need"] not in (0, 1)]
    worse = measure(tiny_world(), tiny_calls(), log_of(calls, jobs), TARGETS, COSTS)
    moved = set()
    times = ("response_capped_s", "all_agencies_capped_s", "first_alert_capped_s")
    for key in (*HEADLINE, STRESS, "lost", *times):
        sign = 1 if BY_KEY[key].better == "lower" else -1
        change = sign * (worse.value(key)[0] - measured.value(key)[0])
        assert change >= 0, key
        if change > 0:
            moved.add(key)
    assert {"alert_capped_s", "life_reached_within_share", "unreported", "cost_per_report", STRESS} <= moved
    assert "lost" in moved


def test_where_there_is_no_centre_its_measures_are_undefined():
    world = replace(tiny_world(), desk_agency=ints(0, 0, 1), regency_desk=ints(NONE, NONE))
    measured = measure(world, tiny_calls(), log_of(CALL_ROWS, JOB_ROWS), TARGETS, COSTS)
    assert value(measured, "people_covered") == 0
    assert np.isnan(value(measured, "cost_per_report"))
    assert value(measured, "one_person_hours") == 0
    assert np.isnan(value(measured, "one_person_hours", "regency_112", PATI))


def test_an_empty_log_measures_without_warning():
    measured = measure(tiny_world(), tiny_calls(), log_of([], []), TARGETS, COSTS)
    assert value(measured, "unreported_share") == 1
    assert value(measured, "offered") == 0
    assert np.isnan(value(measured, "answer_delay_s"))


def test_overtime_is_signed_in_time():
    """Two busy on a roster of one."""
    rows = [
        {"caller": 0, "dial": 0, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 7100, "queued": 7100,
         "picked": 7100, "answered": 7100, "talk_end": 7300, "free": 7400},
        {"caller": 2, "dial": 3, "desk": CENTRE, "outcome": Outcome.ANSWERED, "offered": 7100, "queued": 7100,
         "picked": 7100, "answered": 7100, "talk_end": 7300, "free": 7300},
    ]  # fmt: skip
    measured = measure(tiny_world(), tiny_calls(), log_of(rows, []), TARGETS, COSTS)
    assert measured.total("overtime_s", "desk")[CENTRE] == 100
    assert measured.total("call_taker_signed_in_s", "desk")[CENTRE] == 3600 * 3 + 100
    assert value(measured, "all_lines_busy_share", "desk", CENTRE) == pytest.approx(200 / WINDOW_S)


def test_idle_call_takers_at_tickets_and_dispatchers_are_busy():
    row = {**CALL_ROWS[1], "handler": Handler.IDLE_CALL_TAKER, "dispatch_start": 4300, "dispatch_end": 4400}
    measured = measure(tiny_world(), tiny_calls(), log_of([row], []), TARGETS, COSTS)
    assert measured.total("call_taker_busy_s", "desk")[CENTRE] == 230 + 100
    row["handler"] = Handler.DISPATCHER
    measured = measure(tiny_world(), tiny_calls(), log_of([row], []), TARGETS, COSTS)
    assert measured.total("call_taker_busy_s", "desk")[CENTRE] == 230
    assert measured.total("dispatcher_busy_s", "desk")[CENTRE] == 100


def test_a_call_passed_on_counts_once_for_its_regency_and_at_both_desks():
    """Overflow: blocked at the centre, answered at the ambulance's desk."""
    rows = [
        {"caller": 0, "dial": 0, "desk": CENTRE, "outcome": Outcome.BLOCKED_PLATFORM, "offered": 4000},
        {"caller": 0, "dial": 0, "hop": 1, "desk": AMBULANCE_NUMBER, "outcome": Outcome.ANSWERED,
         "offered": 4000, "queued": 4000, "picked": 4000, "answered": 4001, "talk_end": 4060, "free": 4060},
    ]  # fmt: skip
    measured = measure(tiny_world(), tiny_calls(), log_of(rows, []), TARGETS, COSTS)
    assert measured.total("offered", "regency")[PATI] == 1
    assert measured.total("blocked", "province")[0] == 0
    assert measured.total("offered", "desk").tolist() == [1, 0, 1]
    assert measured.total("blocked_platform", "desk")[CENTRE] == 1


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_offered_calls_end_in_exactly_one_way(data):
    """Whatever the log says, in every scope the endings sum to the offered calls, shares are in [0, 1]."""
    calls = tiny_calls()
    rows = []
    for dial, caller in enumerate((0, 1, 1, 2, 3, 4, 5, 6)):
        for hop in range(data.draw(st.integers(0, 2))):
            outcome = data.draw(st.sampled_from(Outcome))
            at = float(calls.caller_start_s[caller]) + hop
            row = {"caller": caller, "dial": dial, "hop": hop, "desk": data.draw(st.integers(0, 2)),
                   "outcome": outcome, "offered": at}  # fmt: skip
            if outcome in (Outcome.HUNG_UP, Outcome.ABANDONED):
                row |= {"left": at + 9}
            if outcome >= Outcome.ABANDONED:
                row |= {"queued": at + 1}
            if outcome >= Outcome.ANSWERED:
                row |= {"picked": at + 2, "answered": at + 3, "talk_end": at + 60, "free": at + 70}
            rows.append(row)
    measured = measure(tiny_world(), calls, log_of(rows, []), TARGETS, COSTS)
    endings = ("blocked", "hung_up", "abandoned", "answered", "transferred", "unfinished")
    for scope in ("province", "regency", "desk", "service", "kind", "hour"):
        total = sum(measured.total(ending, scope) for ending in endings)
        assert np.array_equal(measured.total("offered", scope), total)
    test_every_share_is_between_0_and_1(measured)


def test_an_agency_without_a_target_is_named():
    world = replace(tiny_world(), agency_name=("fire", "navy"))
    with pytest.raises(InputError, match="navy"):
        measure(world, tiny_calls(), log_of([], []), TARGETS, COSTS)


def test_every_measure_has_its_words_and_its_page():
    page = (Path(__file__).parents[1] / "docs" / "measures.md").read_text(encoding="utf-8")
    for definition in MEASURES:
        assert definition.meaning.endswith(".")
        assert definition.label
        assert f"`{definition.key}`" in page, definition.key
        assert definition.meaning in page, definition.key
    assert len(BY_KEY) == len(MEASURES)


# ---- the walk over a log, and its two ways to run ----------------------------------------------------------


def measured_both_ways(world: World, calls: Calls, log: Log, monkeypatch) -> tuple[Measures, Measures]:
    both = []
    for walker in (walk.walk_on_lists, walk.compiled_walk()):
        monkeypatch.setattr(walk, "walker", lambda walker=walker: walker)
        both.append(measure(world, calls, log, TARGETS, COSTS))
    return both[0], both[1]


@pytest.mark.parametrize("variation", VARIATIONS)
def test_machine_code_and_lists_measure_the_same_to_the_bit(variation, monkeypatch):
    for seed, tick_s in enumerate(TICKS_S):
        world, calls = case_of(seed, tick_s, variation)
        planned = np.arange(len(world.kind_name)) % 3 == 1
        agencies = ("fire", "ambulance", "police", "rescue")[: len(world.agency_name)]
        window = {"report_from_s": 0.2 * world.end_s, "report_to_s": 0.8 * world.end_s}
        world = replace(world, agency_name=agencies, kind_is_emergency=~planned, **window)
        a, b = measured_both_ways(world, calls, reference.simulate(world, calls), monkeypatch)
        assert np.array_equal(a.totals, b.totals, equal_nan=True)
        assert np.array_equal(a.answered_by_kind, b.answered_by_kind)
        assert np.array_equal(a.by_hour, b.by_hour)
        for name, histogram in a.histograms.items():
            assert np.array_equal(histogram.step, b.histograms[name].step)
            assert np.array_equal(histogram.count, b.histograms[name].count)


def test_any_kind_of_array_will_do_and_nothing_is_compiled_anew(monkeypatch):
    calls, log = tiny_calls(), log_of(CALL_ROWS, JOB_ROWS)
    odd = {}
    for field in fields(log):
        column = getattr(log, field.name)
        column = column.astype(np.int32) if column.dtype == np.int64 else column
        odd[field.name] = np.stack([column, column], axis=-1)[..., 0]
        odd[field.name].flags.writeable = False
    code = walk.compiled_walk()
    monkeypatch.setattr(walk, "walker", lambda: code)
    a = measure(tiny_world(), calls, log, TARGETS, COSTS)
    b = measure(tiny_world(), calls, Log(**odd), TARGETS, COSTS)
    assert np.array_equal(a.totals, b.totals, equal_nan=True)
    assert len(code.signatures) == 1
    assert walk.is_compiled()


def test_beside_the_reference_no_compiler_is_loaded():
    """A small run never waits for a compile, nor for a compiler to load."""
    probe = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_kpis as t; "
        "t.measure(t.tiny_world(), t.tiny_calls(), t.log_of(t.CALL_ROWS, t.JOB_ROWS), t.TARGETS, t.COSTS); "
        "sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe, str(Path(__file__).parent)], check=True)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=150), st.integers(0, 40), st.booleans())
def test_times_in_any_order_are_sorted(times, first, nearly):
    values = list(range(first)) + (sorted(times, key=lambda t: t // 8) if nearly else times) + [-1]
    sort(values, first, len(times), [0] * (len(times) + 1))
    assert values == [*range(first), *sorted(times), -1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=4),
)
def test_time_beyond_a_limit_is_that_of_every_second(spells, steps):
    """Against a count second by second, of spells that may begin and end before the report or after it."""
    place = SimpleNamespace(report_from_s=5.0, report_to_s=25.0)
    spells = [(min(spell), max(spell)) for spell in spells]
    steps = sorted(steps, key=lambda step: step[0])
    by_number = [0.0] * (MOST_LINES + 1)
    times = times_of(
        place, [s[0] for s in spells], [s[1] for s in spells], 0, len(spells), [0] * 20,
        [s[0] for s in steps], [s[1] for s in steps], 0, len(steps), by_number, 0,
    )  # fmt: skip
    seconds = range(5, 25)
    taken = [sum(start <= t < stop for start, stop in spells) for t in seconds]
    limit = [next((value for at, value in reversed(steps) if at <= t), 0) for t in seconds]
    pairs = list(zip(taken, limit, strict=True))
    assert times == (
        sum(taken),
        sum(max(n - most, 0) for n, most in pairs),
        sum(n >= most for n, most in pairs),
    )
    assert by_number == [taken.count(number) for number in range(MOST_LINES + 1)]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.floats(0, 2e6), st.sampled_from(BIN_FROM_S.tolist()), st.integers(0, 10**7).map(lambda n: n / 1024)
    )
)
def test_a_duration_is_counted_in_the_bin_that_holds_it(duration_s):
    place = SimpleNamespace(
        bins=BINS, bin_from_s=BIN_FROM_S.tolist(), bin_near=bins_near().tolist(), nowhere=1
    )
    counts = [0] * BINS
    count(place, counts, (0, 1), duration_s)
    assert counts.index(1) == np.searchsorted(BIN_FROM_S, duration_s, side="right")
    assert sum(counts) == 1
