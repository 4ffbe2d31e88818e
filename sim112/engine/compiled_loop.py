"""The compiled engine's loop: take the next event, let happen what follows from it.

Everything that the loop calls is compiled with it, and kept in one cache file.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from sim112.engine.compiled_clock import (
    ZERO,
    constant,
    drop_first_timer,
    event_key,
    id_of,
    inlined,
    is_hand_first,
    rank_of,
    turn_of,
)
from sim112.engine.compiled_desks import (
    AFTER_CALL,
    DISPATCH,
    NOTICE,
    OFFER,
    PATIENCE,
    TALK,
    caller_goes_on,
    end_after_call,
    handling_goes_on,
    lose_patience,
    notify,
    start_caller,
    step_call_takers,
    step_dispatchers,
    talk_goes_on,
)
from sim112.engine.compiled_fleet import UNIT, unit_goes_on
from sim112.engine.compiled_tables import MOST_CALLS_AT_ONCE, CallColumns, CallerColumns, Records, Simulation
from sim112.engine.contract import Change

CALL_TAKERS, DISPATCHERS, OPEN, OUTAGE, PERIOD = map(constant, Change)


@inlined
def has_room(sim: Simulation) -> bool:
    """Whether the log and the timers have room for all that one event may add to them.

    A roster step sets a timer for everybody who waits; any other event a few for people, and for each agency
    that is alerted a unit's, those of the jobs dropped in turn, each less urgent than the one before, and
    those of units moved up. Behind the last timer there is one that never comes.
    """
    clock = sim.clock[0]
    most = 8 + clock.waiting + clock.most_needs * 2 * (sim.waiting_jobs.shape[1] + 1)
    return bool(clock.calls + MOST_CALLS_AT_ONCE <= sim.calls.size and clock.timers + most < sim.timers.size)


def run(sim: Simulation) -> bool:
    """Take events to the end and return True, or False where a table may not have room for the next.

    Then give it more room and call again: the run goes on where it was.
    """
    clock = sim.clock[0]
    sim.timers[clock.timers].time_s = inf
    while has_room(sim):
        # three streams of events, each in order: changes of the world, first calls, and timers
        change_s = sim.changes[clock.changes_done].time_s
        start_s = sim.starts[clock.callers_started].time_s
        timer_s, key = clock.hand_s, clock.hand_key
        if not is_hand_first(sim):
            timer_s, key = sim.timers[0].time_s, sim.timers[0].key
        if change_s <= start_s and change_s <= timer_s:  # at one instant a change is first
            if not change_s < clock.end_s:
                return True
            clock.now_s = change_s
            change_the_world(sim)
            continue
        caller = sim.starts[clock.callers_started].caller
        if start_s < timer_s or (start_s == timer_s and event_key(OFFER, caller, ZERO) < key):
            if not start_s < clock.end_s:
                return True
            clock.now_s = start_s
            clock.callers_started += 1
            start_caller(sim, caller)
            continue
        if not timer_s < clock.end_s:
            return True
        clock.now_s = timer_s
        drop_first_timer(sim)
        let_happen(sim, rank_of(key), id_of(key), turn_of(key))
    return False


@inlined
def change_the_world(sim: Simulation) -> None:
    """Rosters, opening hours, outages and travel periods, as they are due."""
    clock = sim.clock[0]
    change = sim.changes[clock.changes_done]
    clock.changes_done += 1
    if change.what == CALL_TAKERS:
        step_call_takers(sim, change.subject, change.value)
    elif change.what == DISPATCHERS:
        step_dispatchers(sim, change.subject, change.value)
    elif change.what == OPEN:
        sim.desks[change.subject].is_open = change.value != 0
    elif change.what == OUTAGE:
        sim.platforms[change.subject].is_down = change.value != 0
    elif change.what == PERIOD:
        clock.period = change.value


@inlined
def let_happen(sim: Simulation, rank: int, identity: int, turn: int) -> None:
    """A timer's time has come. Its turn is a call, or a unit's assignment, void where a later one came."""
    if rank == TALK:
        talk_goes_on(sim, identity, turn)
    elif rank == AFTER_CALL:
        end_after_call(sim, turn)
    elif rank == PATIENCE:
        lose_patience(sim, identity, turn)
    elif rank == OFFER:
        caller_goes_on(sim, identity)
    elif rank == DISPATCH:
        handling_goes_on(sim, identity, turn)
    elif rank == UNIT:
        if turn == sim.units[identity].turn:
            unit_goes_on(sim, identity)
    elif rank == NOTICE:
        notify(sim, identity, turn)


def fill_callers(callers: Records, columns: CallerColumns) -> None:
    """Make records of columns, row by row: several times faster than column by column."""
    for caller_id in range(callers.size):
        caller = callers[caller_id]
        caller.dial = columns.dial_start[caller_id]
        caller.second_dial = columns.dial_second[caller_id]
        caller.end_dial = columns.dial_start[caller_id + 1]
        caller.incident = columns.incident[caller_id]
        caller.kind = columns.kind[caller_id]
        caller.regency = columns.regency[caller_id]
        caller.agency = columns.agency[caller_id]
        caller.wrong_regency = columns.wrong_regency[caller_id]
        caller.number = columns.number[caller_id]
        caller.lookup_s = columns.lookup_s[caller_id]
        caller.pick_up_s = columns.pick_up_s[caller_id]
        caller.talk_s = columns.talk_s[caller_id]
        caller.short_talk_s = columns.short_talk_s[caller_id]
        caller.transfer_talk_s = columns.transfer_talk_s[caller_id]
        caller.after_call_s = columns.after_call_s[caller_id]
        caller.dials_112 = columns.dials_112[caller_id]


def read_calls(calls: Records, columns: CallColumns) -> None:
    """Make columns of records, row by row."""
    for call_id in range(columns.caller.size):
        call = calls[call_id]
        columns.caller[call_id] = call.caller
        columns.dial[call_id] = call.dial
        columns.hop[call_id] = call.hop
        columns.desk[call_id] = call.desk
        columns.outcome[call_id] = call.outcome
        columns.offered_s[call_id] = call.offered_s
        columns.queued_s[call_id] = call.queued_s
        columns.picked_s[call_id] = call.picked_s
        columns.answered_s[call_id] = call.answered_s
        columns.left_s[call_id] = call.left_s
        columns.talk_end_s[call_id] = call.talk_end_s
        columns.free_s[call_id] = call.free_s
        columns.known[call_id] = call.known
        columns.ticket_s[call_id] = call.ticket_s
        columns.handler[call_id] = call.handler
        columns.dispatch_start_s[call_id] = call.dispatch_start_s
        columns.dispatch_end_s[call_id] = call.dispatch_end_s


class MachineCode(NamedTuple):
    """The functions that Python calls; all others are compiled as parts of these."""

    fill_callers: Callable[[Records, CallerColumns], None]
    run: Callable[[Simulation], bool]
    read_calls: Callable[[Records, CallColumns], None]
