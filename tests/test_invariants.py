"""What holds in every world, whatever happens: checked on random worlds with every feature at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import random_world

from sim112.engine.contract import NO_LIMIT, NONE, Calls, Change, JobOutcome, Log, Outcome, World, same
from sim112.engine.reference import simulate

BLOCKED = [Outcome.BLOCKED_OUTAGE, Outcome.BLOCKED_PLATFORM, Outcome.BLOCKED_LINES]

Case = tuple[World, Calls, Log]


def case_of(seed: int, tick_s: float) -> Case:
    world, calls = random_world(np.random.default_rng(seed), tick_s)
    return world, calls, simulate(world, calls)


cases = st.builds(case_of, st.integers(0, 2**32 - 1), st.sampled_from([1 / 1024, 1.0, 60.0]))
every_world = settings(max_examples=60, deadline=None)


def most_at_once(start_s: np.ndarray, end_s: np.ndarray) -> int:
    """The largest number of intervals [start, end) that overlap; an end that never came is NaN."""
    times = np.concatenate([end_s, start_s])
    step = np.concatenate([np.full(len(end_s), -1), np.full(len(start_s), 1)])
    order = np.lexsort((step, np.where(np.isnan(times), np.inf, times)))  # an end frees before a start takes
    return int(np.max(np.cumsum(step[order]), initial=0))


def ascend(*columns: np.ndarray) -> bool:
    """Whether the times that happened ascend from column to column."""
    latest = np.full(len(columns[0]), -np.inf)
    for column in columns:
        if (column < latest).any():
            return False
        latest = np.fmax(latest, column)
    return True


@every_world
@given(cases)
def test_each_attempt_ends_in_exactly_one_way(case: Case) -> None:
    _, calls, log = case
    outcome = log.call_outcome
    left, ended, queued = (
        ~np.isnan(log.call_left_s),
        ~np.isnan(log.call_talk_end_s),
        ~np.isnan(log.call_queued_s),
    )
    lost = np.isin(outcome, [Outcome.HUNG_UP, Outcome.ABANDONED])
    served = np.isin(outcome, [Outcome.ANSWERED, Outcome.TRANSFERRED])
    assert np.array_equal(left, lost)
    assert np.array_equal(ended, served)
    assert not queued[np.isin(outcome, [*BLOCKED, Outcome.BARRED, Outcome.HUNG_UP])].any()
    assert queued[outcome == Outcome.ABANDONED].all()
    # one more row in a dial only after a block with overflow or a transfer, and the last hop is how the dial
    # ended
    _, first = np.unique(log.call_dial, return_index=True)
    assert (log.call_hop[first] == 0).all()
    passed_on = np.isin(outcome, [*BLOCKED, Outcome.TRANSFERRED])
    order = np.lexsort((log.call_hop, log.call_dial))
    follows = log.call_dial[order][1:] == log.call_dial[order][:-1]
    assert passed_on[order][:-1][follows].all()
    assert len(np.unique(log.call_dial)) <= len(calls.dial_patience_s)


@every_world
@given(cases)
def test_nobody_is_answered_before_calling_and_clock_points_ascend(case: Case) -> None:
    world, calls, log = case
    assert (log.call_offered_s >= calls.caller_start_s[log.call_caller]).all()
    assert ascend(
        log.call_offered_s,
        log.call_queued_s,
        log.call_picked_s,
        log.call_answered_s,
        log.call_talk_end_s,
        log.call_ticket_s,
        log.call_free_s,
    )
    assert ascend(log.call_offered_s, log.call_queued_s, log.call_left_s)
    assert ascend(log.call_talk_end_s, log.call_ticket_s, log.call_dispatch_start_s, log.call_dispatch_end_s)
    assert np.isnan(log.call_answered_s[~np.isnan(log.call_left_s)]).all()
    assert (
        np.fmax.reduce([log.call_offered_s, log.call_free_s, log.call_dispatch_end_s]) < world.end_s
    ).all()
    noticed = calls.incident_noticed_s[calls.need_incident[log.job_need]]
    assert (log.job_alerted_s >= noticed).all()
    if not world.busy_drawn:
        assert ascend(
            log.job_alerted_s,
            log.job_assigned_s,
            log.job_rolling_s,
            log.job_on_scene_s,
            log.job_leave_scene_s,
            log.job_at_hospital_s,
            log.job_available_s,
            log.job_back_s,
        )


@every_world
@given(cases)
def test_lines_and_channels_in_use_never_exceed_what_there_is(case: Case) -> None:
    world, _, log = case
    holds = ~np.isin(log.call_outcome, [Outcome.BARRED, *BLOCKED])
    end_s = np.fmin(log.call_left_s, log.call_talk_end_s)
    for desk, lines in enumerate(world.desk_lines):
        at = holds & (log.call_desk == desk)
        assert most_at_once(log.call_offered_s[at], end_s[at]) <= lines
    platform = world.desk_platform[log.call_desk]
    for p, channels in enumerate(world.platform_channels):
        at = holds & (platform == p)
        assert most_at_once(log.call_offered_s[at], end_s[at]) <= channels


def rostered(world: World, what: Change, desk: int, time_s: np.ndarray) -> np.ndarray:
    """People on the roster just before events at ``time_s`` that are not roster steps."""
    rows = (world.change_what == what) & (world.change_subject == desk)
    step = np.searchsorted(world.change_time_s[rows], time_s, side="right")
    return np.concatenate([[0], world.change_value[rows]])[step]


@every_world
@given(cases)
def test_nobody_starts_work_beyond_the_roster(case: Case) -> None:
    world, _, log = case
    if world.fresh_crew:  # people running over are not counted then
        return
    for desk in range(len(world.desk_name)):
        at = (log.call_desk == desk) & ~np.isnan(log.call_picked_s)
        start, end = log.call_picked_s[at], log.call_free_s[at]
        idle = (log.call_desk == desk) & (log.call_handler == 3)
        start = np.concatenate([start, log.call_dispatch_start_s[idle]])
        end = np.concatenate([end, log.call_dispatch_end_s[idle]])
        end = np.where(np.isnan(end), np.inf, end)
        # those working strictly across the start of another one, and that one itself
        across = (start[None, :] < start[:, None]) & (end[None, :] > start[:, None])
        assert (across.sum(axis=1) + 1 <= rostered(world, Change.CALL_TAKERS, desk, start)).all()


@every_world
@given(cases)
def test_abandoning_frees_the_line_at_that_instant(case: Case) -> None:
    """A caller is blocked for lines only while every line is held by somebody who has not left yet."""
    world, _, log = case
    holds = ~np.isin(log.call_outcome, [Outcome.BARRED, *BLOCKED])
    end_s = np.fmin(log.call_left_s, log.call_talk_end_s)
    end_s = np.where(np.isnan(end_s), np.inf, end_s)
    for row in np.flatnonzero(log.call_outcome == Outcome.BLOCKED_LINES):
        desk, now = log.call_desk[row], log.call_offered_s[row]
        rows = np.arange(len(end_s))
        # those that end at this very instant may end after this offer
        held = holds & (log.call_desk == desk) & (rows < row) & (end_s >= now)
        assert held.sum() >= world.desk_lines[desk]


@every_world
@given(cases)
def test_a_unit_serves_one_job_at_a_time_and_its_states_fill_its_time(case: Case) -> None:
    world, _, log = case
    for unit in range(len(world.unit_agency)):
        mine = log.job_unit == unit
        start = log.job_assigned_s[mine]
        busy_end = log.job_available_s[mine]
        assert most_at_once(start, busy_end) <= 1
        order = np.argsort(start, kind="stable")
        start, busy_end, back = start[order], busy_end[order], log.job_back_s[mine][order]
        following = np.append(start[1:], world.end_s)
        # after a job: back at its station before the next one, or assigned on its way, or the end
        returned = np.where(np.isnan(back), following, back)
        total = np.nansum(busy_end - start) + np.nansum(returned - busy_end) + np.nansum(following - returned)
        unfinished = np.isnan(busy_end)
        total += np.nansum((following - start)[unfinished])
        first = start[0] if len(start) else world.end_s
        assert first + total == pytest.approx(world.end_s, abs=1e-6)


@every_world
@given(cases)
def test_an_agency_is_alerted_at_most_once_and_a_desk_makes_one_ticket(case: Case) -> None:
    world, calls, log = case
    assert len(np.unique(log.job_need)) == len(log.job_need)
    ticket = ~np.isnan(log.call_ticket_s)
    incident = calls.caller_incident[log.call_caller]
    assert (incident[ticket] != NONE).all()
    one_each = ticket & world.kind_recognised[calls.caller_kind[log.call_caller]]
    pairs = np.stack([incident[one_each], log.call_desk[one_each]])
    assert np.unique(pairs, axis=1).shape[1] == pairs.shape[1]


@every_world
@given(cases)
def test_every_job_ends_in_one_way_and_belongs_to_an_answered_report(case: Case) -> None:
    world, calls, log = case
    served = log.job_outcome == JobOutcome.SERVED
    assert np.array_equal(served, ~np.isnan(log.job_available_s))
    assert (log.job_unit[log.job_outcome == JobOutcome.LOST] == NONE).all()
    if world.jobs_wait:
        assert (log.job_outcome != JobOutcome.LOST).all()
    reported = set(calls.caller_incident[log.call_caller[~np.isnan(log.call_ticket_s)]].tolist())
    assert set(calls.need_incident[log.job_need].tolist()) <= reported
    used = log.job_unit != NONE
    assert (world.unit_agency[log.job_unit[used]] == calls.need_agency[log.job_need[used]]).all()


@every_world
@given(cases)
def test_a_barred_number_takes_no_line_and_is_barred_for_its_time(case: Case) -> None:
    world, calls, log = case
    number = calls.caller_number[log.call_caller]
    for row in np.flatnonzero(log.call_outcome == Outcome.BARRED):
        desk = log.call_desk[row]
        assert world.desk_bar_after[desk] > 0
        earlier = (number == number[row]) & (log.call_desk == desk) & (log.call_outcome == Outcome.ANSWERED)
        since = log.call_talk_end_s[earlier & (log.call_talk_end_s <= log.call_offered_s[row])]
        assert len(since) >= world.desk_bar_after[desk]
        assert ((since + world.desk_bar_s[desk]) > log.call_offered_s[row]).any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_same_input_gives_the_same_log(seed: int) -> None:
    world, calls = random_world(np.random.default_rng(seed))
    assert same(simulate(world, calls), simulate(world, calls))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_without_any_limit_everybody_is_answered_at_once(seed: int) -> None:
    world, calls = random_world(np.random.default_rng(seed))
    takers = world.change_what == Change.CALL_TAKERS
    world = replace(
        world,
        desk_lines=np.full_like(world.desk_lines, NO_LIMIT),
        platform_channels=np.full_like(world.platform_channels, NO_LIMIT),
        change_value=np.where(
            takers, NO_LIMIT, np.where(world.change_what == Change.OUTAGE, 0, world.change_value)
        ),
        desk_bar_after=np.zeros_like(world.desk_bar_after),
        desk_announcement_s=np.zeros_like(world.desk_announcement_s),
    )
    log = simulate(world, calls)
    assert np.isin(log.call_outcome, [Outcome.ANSWERED, Outcome.TRANSFERRED, Outcome.UNFINISHED]).all()
    answered = log.call_outcome == Outcome.ANSWERED
    pick_up = calls.caller_pick_up_s[log.call_caller]
    assert np.array_equal((log.call_answered_s - log.call_offered_s)[answered], pick_up[answered])
