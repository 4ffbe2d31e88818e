"""What a desk does, case by case; doubtful cases are settled as in docs/model.md."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan
from typing import Any

import numpy as np
import pytest
from witness import CLOCK_POINTS, simulate_idiomatically
from worlds import calls, desk_calls, grid, world

from sim112.engine.contract import NONE, Change, Handler, Log, Outcome
from sim112.engine.reference import simulate

DAY_S = 86400.0


def roster(*steps: tuple[float, Change, int, int]) -> dict[str, Any]:
    """Changes (time, what, subject, value) as World fields."""
    ordered = sorted(steps, key=lambda step: step[0])
    names = ("change_time_s", "change_what", "change_subject", "change_value")
    return {name: [step[k] for step in ordered] for k, name in enumerate(names)}


def open_desks(
    takers: int | list[int], dispatchers: int = 0, desks: int = 1
) -> list[tuple[float, Change, int, int]]:
    counts = takers if isinstance(takers, list) else [takers] * desks
    steps: list[tuple[float, Change, int, int]] = []
    for desk, count in enumerate(counts):
        steps += [(0.0, Change.CALL_TAKERS, desk, count), (0.0, Change.DISPATCHERS, desk, dispatchers)]
        steps += [(0.0, Change.OPEN, desk, 1)]
    return steps


def outcomes(log: Log) -> list[Outcome]:
    return [Outcome(x) for x in log.call_outcome]


# ---- lines ----------------------------------------------------------------------------------------------


def test_the_line_is_held_from_the_offer_through_queue_and_talk_but_not_after() -> None:
    w = world(desk_lines=[1])
    c = calls(
        caller_start_s=[0, 50, 99, 100, 150], caller_talk_s=[100, 1, 1, 1, 1], caller_after_call_s=[1000] * 5
    )
    log = simulate(w, c)
    assert outcomes(log)[:3] == [Outcome.ANSWERED, Outcome.BLOCKED_LINES, Outcome.BLOCKED_LINES]
    # the talk ends before an offer of the same instant; the call-taker is still at work, so the next one
    # waits
    assert log.call_queued_s[3] == 100.0
    assert log.call_answered_s[3] == 1100.0
    assert outcomes(log)[4] == Outcome.BLOCKED_LINES


def test_an_abandoned_call_frees_its_line_at_that_very_instant() -> None:
    w = world(desk_lines=[2])
    c = calls(
        caller_start_s=[0, 1, 30, 31],
        caller_talk_s=[1000] * 4,
        dials=[[{}], [{"patience_s": 30.0}], [{}], [{}]],
    )
    log = simulate(w, c)
    assert outcomes(log)[1:3] == [Outcome.ABANDONED, Outcome.BLOCKED_LINES]
    assert log.call_left_s[1] == 31.0
    assert not isnan(log.call_queued_s[3])


def test_causes_of_blocking_are_checked_in_order() -> None:
    w = world(
        desk_lines=[1],
        desk_platform=[0],
        platform_name=("p",),
        platform_channels=[1],
        desk_bar_after=[1],
        **roster(*open_desks(1), (100.0, Change.OUTAGE, 0, 1), (200.0, Change.OUTAGE, 0, 0)),
    )
    c = calls(
        caller_start_s=[0, 20, 30, 110, 120, 210],
        caller_talk_s=[10, 500, 1, 1, 1, 1],
        caller_number=[7, NONE, 7, 7, NONE, NONE],
    )
    log = simulate(w, c)
    assert outcomes(log) == [
        Outcome.ANSWERED,
        Outcome.ANSWERED,
        Outcome.BARRED,
        Outcome.BARRED,
        Outcome.BLOCKED_OUTAGE,
        Outcome.BLOCKED_PLATFORM,
    ]
    assert log.call_talk_end_s[1] == 520.0  # a call in progress survives the outage


def test_callers_who_wait_are_served_through_an_outage() -> None:
    w = world(
        desk_platform=[0],
        platform_name=("p",),
        platform_channels=[5],
        **roster(*open_desks(1), (50.0, Change.OUTAGE, 0, 1)),
    )
    log = simulate(w, calls(caller_start_s=[0, 10, 60], caller_talk_s=[100, 100, 100]))
    assert outcomes(log) == [Outcome.ANSWERED, Outcome.ANSWERED, Outcome.BLOCKED_OUTAGE]
    assert log.call_answered_s[1] == 100.0


def test_desks_share_the_channels_of_their_platform() -> None:
    w = world(
        desk_name=("a", "b"),
        desk_platform=[0, 0],
        platform_name=("p",),
        platform_channels=[1],
        regency_name=("a", "b"),
        regency_desk=[0, 1],
        **roster(*open_desks(1, desks=2)),
    )
    log = simulate(w, calls(caller_start_s=[0, 5, 10], caller_talk_s=[10, 10, 10], caller_regency=[0, 1, 1]))
    assert outcomes(log) == [Outcome.ANSWERED, Outcome.BLOCKED_PLATFORM, Outcome.ANSWERED]


def test_a_nuisance_number_is_barred_for_its_time_from_the_end_of_the_talk_of_the_kth_answered() -> None:
    w = world(desk_bar_after=[2], desk_bar_s=[1000.0], end_s=10_000.0)
    starts = [0, 100, 1109, 1110, 1200, 1300]
    c = calls(caller_start_s=starts, caller_talk_s=[10] * 6, caller_number=[3] * 6)
    log = simulate(w, c)
    # answered at 0 and 100, barred from 110 until 1110; then the count begins again
    assert outcomes(log) == [
        Outcome.ANSWERED,
        Outcome.ANSWERED,
        Outcome.BARRED,
        Outcome.ANSWERED,
        Outcome.ANSWERED,
        Outcome.BARRED,
    ]


def test_an_overflow_is_one_hop_and_holds_nothing_at_the_first_desk() -> None:
    w = world(
        desk_name=("a", "b", "c"),
        desk_lines=[0, 1, 5],
        desk_overflow=[1, 2, NONE],
        **roster(*open_desks(1, desks=3)),
    )
    log = simulate(w, calls(caller_start_s=[0, 1], caller_talk_s=[10, 10]))
    assert list(log.call_desk) == [0, 1, 0, 1]
    assert list(log.call_hop) == [0, 1, 0, 1]
    blocked = Outcome.BLOCKED_LINES
    assert outcomes(log) == [blocked, Outcome.ANSWERED, blocked, blocked]


# ---- the queue ------------------------------------------------------------------------------------------


def test_the_queue_is_served_by_priority_then_arrival() -> None:
    w = world(kind_name=("urgent", "slow"), kind_queue_priority=[0, 1], kind_priority=[0, 0])
    c = calls(caller_start_s=[0, 1, 2, 3], caller_kind=[0, 1, 0, 0], caller_talk_s=[100] * 4)
    log = simulate(w, c)
    assert list(log.call_answered_s) == [0, 300, 100, 200]


def test_patience_starts_after_the_announcement_and_a_share_hangs_up_during_it() -> None:
    w = world(desk_announcement_s=[20.0], **roster(*open_desks(0)))
    c = calls(caller_start_s=[0, 1], dials=[[{"patience_s": 30.0}], [{"hang_up_share": 0.5}]])
    log = simulate(w, c)
    assert outcomes(log) == [Outcome.ABANDONED, Outcome.HUNG_UP]
    assert list(log.call_left_s) == [50.0, 11.0]
    assert log.call_queued_s[0] == 20.0
    assert isnan(log.call_queued_s[1])


def test_a_caller_reached_for_by_a_call_taker_stays_until_the_answer() -> None:
    c = calls(caller_start_s=[0], caller_pick_up_s=[5], caller_talk_s=[10], dials=[[{"patience_s": 2.0}]])
    log = simulate(world(), c)
    assert (log.call_picked_s[0], log.call_answered_s[0], log.call_talk_end_s[0]) == (0.0, 5.0, 15.0)


def test_a_freed_call_taker_comes_before_the_end_of_patience_of_the_same_instant() -> None:
    c = calls(caller_start_s=[0, 10], caller_talk_s=[100, 5], dials=[[{}], [{"patience_s": 90.0}]])
    assert outcomes(simulate(world(), c)) == [Outcome.ANSWERED, Outcome.ANSWERED]


# ---- rosters --------------------------------------------------------------------------------------------


def test_a_roster_step_down_finishes_calls_and_a_step_up_serves_the_queue_at_once() -> None:
    steps = [*open_desks(2), (50.0, Change.CALL_TAKERS, 0, 0), (500.0, Change.CALL_TAKERS, 0, 2)]
    c = calls(caller_start_s=[0, 10, 60, 61, 62], caller_talk_s=[100] * 5)
    log = simulate(world(**roster(*steps)), c)
    assert list(log.call_talk_end_s[:2]) == [100.0, 110.0]
    assert list(log.call_answered_s[2:]) == [500.0, 500.0, 600.0]


@pytest.mark.parametrize(("fresh_crew", "answered_s"), [(False, 1000.0), (True, 200.0)])
def test_people_running_over_count_unless_the_crew_is_fresh(fresh_crew: bool, answered_s: float) -> None:
    steps = [*open_desks(1), (200.0, Change.CALL_TAKERS, 0, 1)]
    c = calls(caller_start_s=[0, 100], caller_talk_s=[1000, 10])
    log = simulate(world(fresh_crew=fresh_crew, **roster(*steps)), c)
    assert log.call_answered_s[1] == answered_s


# ---- redial and the agency's own number -----------------------------------------------------------------


def two_numbers(**given: Any) -> Any:
    """112 (desk 0) and the one agency's own number (desk 1) of one regency."""
    values = dict(
        desk_name=("112", "fire"),
        desk_agency=[NONE, 0],
        agency_name=("fire",),
        regency_agency_desk=np.array([[1]]),
        **roster(*open_desks([1, 1])),
    )
    return world(**values | given)


def one_incident(callers: int, **given: Any) -> Any:
    starts = given.pop("caller_start_s", [100.0] * callers)
    values = dict(
        incident_noticed_s=[100.0],
        need_incident=[0],
        need_agency=[0],
        caller_incident=[0] * callers,
        caller_agency=[0] * callers,
        caller_start_s=starts,
        caller_talk_s=[60.0] * callers,
        caller_short_talk_s=[15.0] * callers,
    )
    return calls(**values | given)


def test_112_first_then_redials_then_the_agency_number_then_the_caller_gives_up() -> None:
    again = dict(redials_blocked=True, redial_delay_s=10.0)
    c = one_incident(1, caller_lookup_s=[40.0], dials=[[again, {}]], own_dials=[[again, {}]])
    log = simulate(two_numbers(desk_lines=[0, 0]), c)
    assert list(log.call_desk) == [0, 0, 1, 1]
    assert list(log.call_offered_s) == [100.0, 110.0, 150.0, 160.0]
    assert len(log.job_need) == 0


def test_nobody_dials_112_where_it_is_absent_or_closed() -> None:
    c = one_incident(1, caller_lookup_s=[40.0])
    absent = simulate(two_numbers(regency_desk=[NONE]), c)
    assert list(absent.call_desk) == [1]
    assert absent.call_offered_s[0] == 140.0
    closed = simulate(two_numbers(**roster(*open_desks([1, 1]), (50.0, Change.OPEN, 0, 0))), c)
    assert list(closed.call_desk) == [1]


def test_a_redial_finds_112_closed_and_goes_to_the_agency_number() -> None:
    again = dict(redials_blocked=True, redial_delay_s=100.0)
    steps = roster(*open_desks([1, 1]), (150.0, Change.OPEN, 0, 0))
    log = simulate(two_numbers(desk_lines=[0, 5], **steps), one_incident(1, dials=[[again, {}]]))
    assert list(log.call_desk) == [0, 1]


def test_redial_shares_after_blocking_and_after_abandoning_are_separate() -> None:
    dial = dict(redials_blocked=True, redials_abandoned=False, patience_s=5.0)
    c = calls(caller_start_s=[0.0], dials=[[dial, {}]])
    assert len(simulate(world(desk_lines=[0]), c).call_caller) == 2
    assert len(simulate(world(change_value=[0, 1]), c).call_caller) == 1


# ---- reports, tickets, dispatchers ----------------------------------------------------------------------


def test_the_first_answered_report_makes_the_ticket_and_a_second_caller_is_short() -> None:
    w = two_numbers(**roster(*open_desks([2, 1])))
    log = simulate(w, one_incident(2, caller_start_s=[100.0, 110.0]))
    assert list(log.call_known) == [False, True]
    assert list(log.call_talk_end_s) == [160.0, 125.0]
    assert log.call_ticket_s[0] == 160.0
    assert isnan(log.call_ticket_s[1])
    assert len(log.job_need) == 1


def test_a_kind_that_is_not_recognised_is_told_in_full_but_alerted_once() -> None:
    w = two_numbers(kind_recognised=[False], **roster(*open_desks([2, 1])))
    log = simulate(w, one_incident(2, caller_start_s=[100.0, 110.0]))
    assert list(log.call_talk_end_s) == [160.0, 170.0]
    assert len(log.job_need) == 1


def test_desks_share_no_tickets_but_an_agency_is_alerted_once() -> None:
    c = one_incident(2, caller_dials_112=[True, False], caller_start_s=[100.0, 130.0])
    log = simulate(two_numbers(), c)
    assert not np.isnan(log.call_ticket_s).any()
    assert list(log.job_alerted_s) == [160.0]


def test_without_a_dispatcher_the_call_taker_goes_on_but_the_line_is_free() -> None:
    c = one_incident(1, need_handling_s=[45.0], caller_after_call_s=[20.0])
    log = simulate(two_numbers(), c)
    assert log.call_handler[0] == Handler.CALL_TAKER
    assert (log.call_talk_end_s[0], log.call_dispatch_end_s[0], log.call_free_s[0]) == (160.0, 205.0, 225.0)
    assert log.job_alerted_s[0] == 205.0


def three_agencies(**given: Any) -> Any:
    values = dict(
        desk_name=("112", "fire"),
        desk_agency=[NONE, 0],
        agency_name=("fire", "ambulance", "police"),
        regency_agency_desk=np.array([[1, NONE, NONE]]),
        **roster(*open_desks([1, 1], dispatchers=1)),
    )
    return world(**values | given)


THREE_NEEDS = dict(
    need_incident=[0, 0, 0],
    need_agency=[0, 1, 2],
    need_handling_s=[10.0, 20.0, 30.0],
    need_notice_s=[500.0, 600.0, 700.0],
)


def test_a_dispatcher_alerts_the_agencies_one_after_another() -> None:
    log = simulate(three_agencies(), one_incident(1, **THREE_NEEDS))
    assert list(log.job_alerted_s) == [170.0, 190.0, 220.0]
    assert log.call_handler[0] == Handler.DISPATCHER
    assert log.call_free_s[0] == 160.0  # the call-taker does not wait for it


def test_on_its_own_number_an_agency_knows_at_once_and_the_others_later() -> None:
    log = simulate(three_agencies(), one_incident(1, caller_dials_112=[False], **THREE_NEEDS))
    assert list(log.job_alerted_s) == [160.0, 760.0, 860.0]
    assert list(log.job_notice) == [False, True, True]


def test_an_agency_alerted_meanwhile_is_passed_over_by_the_dispatcher() -> None:
    c = one_incident(2, caller_dials_112=[False, True], caller_start_s=[100.0, 130.0], **THREE_NEEDS)
    log = simulate(three_agencies(), c)
    # fire at 160 through its own number; the ticket of 112 at 190 has the other two left
    assert list(log.job_alerted_s) == [160.0, 210.0, 240.0]


def two_tickets(**given: Any) -> Any:
    values = dict(
        incident_noticed_s=[100.0, 100.0, 100.0],
        incident_kind=[0, 0, 1],
        need_incident=[0, 1, 2],
        need_agency=[0, 0, 0],
        need_handling_s=[100.0] * 3,
        caller_incident=[0, 1, 2],
        caller_kind=[0, 0, 1],
        caller_start_s=[100.0, 101.0, 102.0],
        caller_talk_s=[10.0] * 3,
    )
    return calls(**values | given)


def test_tickets_are_handled_by_priority_then_arrival() -> None:
    w = two_numbers(
        kind_name=("slow", "urgent"),
        kind_priority=[1, 0],
        kind_queue_priority=[0, 0],
        **roster(*open_desks([3, 0], dispatchers=1)),
    )
    log = simulate(w, two_tickets())
    assert list(log.call_dispatch_start_s) == [110.0, 310.0, 210.0]


def test_tickets_left_when_dispatchers_step_to_zero_are_taken_by_idle_call_takers_calls_first() -> None:
    steps = roster(*open_desks([2, 0], dispatchers=1), (150.0, Change.DISPATCHERS, 0, 0))
    log = simulate(two_numbers(kind_name=("a", "b"), kind_priority=[0, 0], **steps), two_tickets())
    assert list(log.call_handler) == [Handler.DISPATCHER, Handler.IDLE_CALL_TAKER, Handler.IDLE_CALL_TAKER]
    assert list(log.call_dispatch_start_s) == [110.0, 150.0, 150.0]
    busy = two_tickets(caller_talk_s=[10.0, 10.0, 10.0], caller_start_s=[100.0, 101.0, 140.0])
    log = simulate(two_numbers(kind_name=("a", "b"), kind_priority=[0, 0], **steps), busy)
    assert log.call_handler[2] == Handler.CALL_TAKER or log.call_answered_s[2] == 140.0


def test_an_idle_call_taker_takes_waiting_callers_before_tickets() -> None:
    """The dispatcher has gone, two tickets are left, and a caller waits when the only call-taker is free."""
    steps = roster(*open_desks([1, 0], dispatchers=1), (150.0, Change.DISPATCHERS, 0, 0))
    w = two_numbers(kind_name=("a", "b"), kind_priority=[0, 0], **steps)
    c = two_tickets(
        incident_noticed_s=[100.0] * 2,
        incident_kind=[0, 0],
        need_incident=[0, 1],
        need_agency=[0, 0],
        need_handling_s=[100.0] * 2,
        caller_incident=[0, 1, NONE, NONE],
        caller_kind=[0] * 4,
        caller_start_s=[100.0, 101.0, 140.0, 160.0],
        caller_talk_s=[10.0, 10.0, 30.0, 30.0],
    )
    log = simulate(w, c)
    assert list(log.call_answered_s) == [100.0, 110.0, 140.0, 170.0]
    assert list(log.call_handler[:2]) == [Handler.DISPATCHER, Handler.IDLE_CALL_TAKER]
    assert log.call_dispatch_start_s[1] == 200.0


def test_a_ticket_that_needs_no_agency_is_made_and_closed() -> None:
    c = one_incident(1, need_incident=[], need_agency=[], caller_agency=[NONE])
    log = simulate(two_numbers(**roster(*open_desks([1, 1], dispatchers=1))), c)
    assert log.call_ticket_s[0] == 160.0
    assert log.call_handler[0] == Handler.NOBODY


# ---- mis-routing ----------------------------------------------------------------------------------------


def border(**given: Any) -> Any:
    values = dict(
        desk_name=("a", "b"),
        regency_name=("a", "b"),
        regency_desk=[0, 1],
        **roster(*open_desks(1, desks=2)),
    )
    return world(**values | given)


def astray(**given: Any) -> Any:
    values = dict(
        caller_start_s=[0.0],
        caller_regency=[0],
        caller_wrong_regency=[1],
        caller_talk_s=[60.0],
        caller_transfer_talk_s=[20.0],
        caller_after_call_s=[30.0],
    )
    return calls(**values | given)


def test_a_misrouted_call_holds_the_wrong_desk_for_the_transfer_talk_and_queues_at_the_right_one() -> None:
    log = simulate(border(), astray())
    assert list(log.call_desk) == [1, 0]
    assert outcomes(log) == [Outcome.TRANSFERRED, Outcome.ANSWERED]
    assert list(log.call_free_s) == [20.0, 110.0]
    assert log.call_offered_s[1] == 20.0


def test_patience_is_kept_when_a_call_is_passed_on() -> None:
    c = astray(dials=[[{"patience_s": 30.0}]])
    nobody_there = border(**roster(*open_desks([0, 1], desks=2)))
    log = simulate(nobody_there, c)
    assert outcomes(log) == [Outcome.TRANSFERRED, Outcome.ABANDONED]
    assert list(log.call_queued_s) == [0.0, 20.0]
    assert log.call_left_s[1] == 50.0


def test_patience_is_kept_when_a_call_overflows() -> None:
    w = world(
        desk_name=("a", "b"),
        desk_lines=[0, 5],
        desk_overflow=[1, NONE],
        **roster(*open_desks(0, desks=2)),
    )
    log = simulate(w, calls(caller_start_s=[0], dials=[[{"patience_s": 30.0}]]))
    assert outcomes(log) == [Outcome.BLOCKED_LINES, Outcome.ABANDONED]
    assert log.call_left_s[1] == 30.0


def test_a_call_goes_astray_only_to_a_centre_that_is_there_and_open() -> None:
    assert list(simulate(border(regency_desk=[0, NONE]), astray()).call_desk) == [0]
    closed = roster(*open_desks(1, desks=2), (0.0, Change.OPEN, 1, 0))
    assert list(simulate(border(**closed), astray()).call_desk) == [0]


def test_the_wrong_desk_keeps_the_call_where_the_right_one_has_closed() -> None:
    steps = roster(*open_desks([1, 0], desks=2), (5.0, Change.OPEN, 0, 0), (10.0, Change.CALL_TAKERS, 1, 1))
    log = simulate(border(**steps), astray())
    assert outcomes(log) == [Outcome.ANSWERED]
    assert log.call_desk[0] == 1


# ---- the end, and the whole -----------------------------------------------------------------------------


def test_what_is_open_at_the_end_is_unfinished_and_nothing_happens_at_the_end_itself() -> None:
    c = calls(caller_start_s=[0.0, 1.0, 100.0], caller_talk_s=[100.0] * 3)
    log = simulate(world(end_s=100.0), c)
    assert outcomes(log) == [Outcome.UNFINISHED, Outcome.UNFINISHED]
    assert isnan(log.call_talk_end_s[0])


def test_a_longer_roster_never_changes_the_calls_and_serves_nobody_later() -> None:
    rng = np.random.default_rng(5)
    c = desk_calls(rng, 5 / 100, 20_000.0, 80.0, 20.0)
    one_less = simulate(world(end_s=1e6, change_value=[6, 1]), c)
    one_more = simulate(world(end_s=1e6, change_value=[7, 1]), c)
    assert np.array_equal(one_less.call_offered_s, one_more.call_offered_s)
    assert (one_more.call_answered_s <= one_less.call_answered_s).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_reference_equals_the_idiomatic_witness_to_the_bit(seed: int) -> None:
    rng, channels = np.random.default_rng(seed), 14 + seed % 2
    c = desk_calls(rng, 11 / 170, 100_000.0, 120.0, 50.0, 90.0)
    m = len(c.caller_start_s)
    twice = np.repeat(np.arange(m), 2)
    c = replace(
        c,
        caller_pick_up_s=grid(rng.exponential(4.0, m)),
        dial_start=np.arange(m + 1) * 2,
        dial_second=np.arange(1, m + 1) * 2,
        dial_patience_s=grid(rng.exponential(90.0, 2 * m)),
        dial_hang_up_share=np.full(2 * m, inf),
        dial_redials_blocked=(np.arange(2 * m) % 2 == 0) & (twice % 3 > 0),
        dial_redials_abandoned=(np.arange(2 * m) % 2 == 0) & (twice % 2 > 0),
        dial_redial_delay_s=grid(rng.exponential(30.0, 2 * m)),
    )
    w = world(
        end_s=120_000.0,
        desk_lines=[16],
        change_value=[10, 1],
        desk_platform=[0],
        platform_name=("p",),
        platform_channels=[channels],
    )
    log, witness = simulate(w, c), simulate_idiomatically(c, channels, 16, 10, 120_000.0)
    assert {Outcome.BLOCKED_PLATFORM, Outcome.ABANDONED, Outcome.ANSWERED} <= set(outcomes(log))
    for name in ("caller", "dial", "outcome", *CLOCK_POINTS):
        assert np.array_equal(getattr(log, f"call_{name}"), witness[name], equal_nan=True), name
