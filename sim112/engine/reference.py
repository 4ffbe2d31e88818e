"""The reference engine: the model in SimPy, written to be read.

``caller`` below is the life of one caller from top to bottom; ``desks.py`` holds what a desk does with it and
``fleet.py`` what a unit does. New behaviour is put here first; any other engine must return the same log.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import fields
from math import inf
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import numpy as np
import simpy

from sim112.engine import rules
from sim112.engine.clock import Clock, Story, Timer, tell
from sim112.engine.contract import NONE, Calls, Change, Handler, Log, Outcome, Rank, World
from sim112.engine.desks import Desk, Platform
from sim112.engine.fleet import Fleet
from sim112.engine.records import CallRecord, Detour, to_log

BLOCKED = (Outcome.BLOCKED_OUTAGE, Outcome.BLOCKED_PLATFORM, Outcome.BLOCKED_LINES)
LOST = (*BLOCKED, Outcome.HUNG_UP, Outcome.ABANDONED)
"""How a dial ends that the caller may try again."""

Arrays = TypeVar("Arrays", World, Calls)


def simulate(world: World, calls: Calls) -> Log:
    """Run one replication: what happens to these calls in this world.

    Returns the log of everything before ``world.end_s``; what is open then has ``UNFINISHED`` as its outcome.
    """
    return simulate_with_detours(world, calls)[0]


def simulate_with_detours(world: World, calls: Calls) -> tuple[Log, list[Detour]]:
    """The same, and the ways of units that were turned away or moved to another station, in order of time."""
    with paused_garbage_collection():
        return _run(world, calls)


def _run(world: World, calls: Calls) -> tuple[Log, list[Detour]]:
    replication = Replication(as_lists(world), as_lists(calls))
    return replication.run(), replication.fleet.detours


@contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Hardly anything becomes garbage in cycles during a run; looking for it costs a sixth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)  # the run itself is one, and would stay in memory for long
        if was_enabled:
            gc.enable()


def as_lists(arrays: Arrays) -> Arrays:
    """The same with plain lists, which are several times faster to read one by one; tables stay arrays."""
    columns = {field.name: getattr(arrays, field.name) for field in fields(arrays)}
    plain = {k: v.tolist() if isinstance(v, np.ndarray) and v.ndim == 1 else v for k, v in columns.items()}
    return cast(Arrays, SimpleNamespace(**plain))


class Replication:
    """One world, one set of calls, and the clock that runs them."""

    def __init__(self, world: World, calls: Calls) -> None:
        self.world = world
        self.calls = calls
        self.env = Clock()
        self.fleet = Fleet(self.env, world, calls)
        self.platforms = [Platform(channels) for channels in world.platform_channels]
        self.desks = [Desk(d, self.env, world, calls, self.fleet) for d in range(len(world.desk_name))]
        for desk, platform in zip(self.desks, world.desk_platform, strict=True):
            desk.platform = None if platform == NONE else self.platforms[platform]
        self.records: list[CallRecord] = []

    def run(self) -> Log:
        tell(self.change_the_world())
        tell(self.start_callers())
        if self.world.end_s > 0.0:  # SimPy refuses to run for no time at all
            self.env.run(until=self.world.end_s)
        return to_log(self.records, self.fleet.jobs)

    def change_the_world(self) -> Story:
        """Rosters, opening hours, outages and travel periods, as they are due."""
        world = self.world
        for row, time_s in enumerate(world.change_time_s):
            yield Timer(self.env, time_s, Rank.CHANGE, row)
            subject, value = world.change_subject[row], world.change_value[row]
            match world.change_what[row]:
                case Change.CALL_TAKERS:
                    self.desks[subject].step_call_takers(value)
                case Change.DISPATCHERS:
                    self.desks[subject].step_dispatchers(value)
                case Change.OPEN:
                    self.desks[subject].is_open = bool(value)
                case Change.OUTAGE:
                    self.platforms[subject].is_down = bool(value)
                case Change.PERIOD:
                    self.fleet.period = value

    def start_callers(self) -> Story:
        """Begin each caller's story at its time, one ahead, so that the list of events stays short."""
        start_s = self.calls.caller_start_s
        for caller in np.argsort(start_s, kind="stable").tolist():
            yield Timer(self.env, start_s[caller], Rank.OFFER, caller)
            tell(self.caller(caller))

    # ---- the life of a caller ------------------------------------------------------------------------------

    def caller(self, caller: int) -> Story:
        """Dial 112 while it is there and worth another try, then the agency's own number, then give up."""
        calls, regency = self.calls, self.calls.caller_regency[caller]
        dial, own_number, end = (
            calls.dial_start[caller],
            calls.dial_second[caller],
            calls.dial_start[caller + 1],
        )

        if calls.caller_dials_112[caller]:
            while dial < own_number:
                right = self.centre(regency)
                if right is None:
                    break
                # near a border 112 may ring at the neighbour's centre
                desk = self.centre(calls.caller_wrong_regency[caller]) or right
                outcome = yield from self.attempt(caller, dial, desk, right)
                if outcome not in LOST:
                    return
                if not self.dials_again(dial, outcome):
                    break
                yield self.wait(caller, calls.dial_redial_delay_s[dial])
                dial += 1

        agency = calls.caller_agency[caller]
        if agency == NONE or self.world.regency_agency_desk[regency, agency] == NONE:
            return
        yield self.wait(caller, calls.caller_lookup_s[caller])
        desk = self.desks[self.world.regency_agency_desk[regency, agency]]
        for dial in range(own_number, end):
            outcome = yield from self.attempt(caller, dial, desk, desk)
            if not self.dials_again(dial, outcome):
                return
            yield self.wait(caller, calls.dial_redial_delay_s[dial])

    def wait(self, caller: int, duration_s: float) -> Timer:
        return Timer(self.env, self.env.now + duration_s, Rank.OFFER, caller)

    def dials_again(self, dial: int, outcome: Outcome) -> bool:
        if outcome in BLOCKED:
            return bool(self.calls.dial_redials_blocked[dial])
        return outcome in LOST and bool(self.calls.dial_redials_abandoned[dial])

    def centre(self, regency: int) -> Desk | None:
        """The 112 desk of a regency, None where 112 is absent or closed."""
        if regency == NONE or self.world.regency_desk[regency] == NONE:
            return None
        desk = self.desks[self.world.regency_desk[regency]]
        return desk if desk.is_open else None

    def attempt(
        self, caller: int, dial: int, desk: Desk, right: Desk
    ) -> Generator[simpy.Event, Any, Outcome]:
        """One dial until it ends, over all desks that it is passed on to; returns how it ended at the last.

        ``right`` is the desk that the caller meant to reach, where the network does not go astray.
        """
        is_astray = desk is not right
        hop = 0
        while True:
            record = self.offer(caller, dial, hop, desk)
            if record.outcome in BLOCKED and desk.overflow != NONE:
                hop += 1
                desk = self.desks[desk.overflow]
                record = self.offer(caller, dial, hop, desk)
            if record.outcome == Outcome.UNFINISHED:
                yield from self.be_served(record, desk, is_astray)
            if record.outcome != Outcome.TRANSFERRED:
                return record.outcome
            hop += 1
            desk, is_astray = right, False

    def offer(self, caller: int, dial: int, hop: int, desk: Desk) -> CallRecord:
        record = CallRecord(len(self.records), caller, dial, hop, desk.id, self.env.now)
        self.records.append(record)
        refusal = desk.refusal(self.calls.caller_number[caller])
        if refusal is None:
            desk.take_line()
        else:
            record.outcome = refusal
        return record

    def be_served(self, record: CallRecord, desk: Desk, is_astray: bool) -> Story:
        """A caller who has a line: announcement, queue, talk; then the call-taker's work after it."""
        env, calls, caller = self.env, self.calls, record.caller

        if desk.announcement_s > 0.0:
            share = calls.dial_hang_up_share[record.dial]
            if share < inf:
                hang_up_s = env.now + rules.on_grid(share * desk.announcement_s)
                yield Timer(env, hang_up_s, Rank.PATIENCE, caller, record.row)
                self.leave(record, desk, Outcome.HUNG_UP)
                return
            yield self.wait(caller, desk.announcement_s)

        yield desk.enter_queue(record, calls.dial_patience_s[record.dial])
        if record.has_left:
            self.leave(record, desk, Outcome.ABANDONED)
            return

        record.answered_s = env.now
        if is_astray and self.centre(calls.caller_regency[caller]) not in (None, desk):
            yield self.talk(record, calls.caller_transfer_talk_s[caller])
            record.outcome = Outcome.TRANSFERRED
            record.talk_end_s = record.free_s = env.now
            desk.free_line()
            desk.release_call_taker(record.shift)
            return

        incident = calls.caller_incident[caller]
        is_recognised = self.world.kind_recognised[calls.caller_kind[caller]]
        record.known = is_recognised and incident in desk.known
        is_news = incident != NONE and not record.known
        if is_news:
            desk.known.add(incident)
        is_to_be_barred = desk.count_nuisance(calls.caller_number[caller])
        talk_s = calls.caller_short_talk_s if record.known else calls.caller_talk_s
        yield self.talk(record, talk_s[caller])

        record.outcome = Outcome.ANSWERED
        record.talk_end_s = env.now
        desk.free_line()
        if is_to_be_barred:
            desk.bar(calls.caller_number[caller])
        if is_news:
            desk.make_ticket(record, incident)
            if desk.has_to_dispatch(record):
                yield from desk.handle(record, Handler.CALL_TAKER)
        yield Timer(env, env.now + calls.caller_after_call_s[caller], Rank.AFTER_CALL, caller, record.row)
        record.free_s = env.now
        desk.release_call_taker(record.shift)

    def talk(self, record: CallRecord, talk_s: float) -> Timer:
        return Timer(self.env, self.env.now + talk_s, Rank.TALK, record.caller, record.row)

    def leave(self, record: CallRecord, desk: Desk, outcome: Outcome) -> None:
        """The caller hangs up: the line is free at that very instant."""
        record.outcome = outcome
        record.left_s = self.env.now
        desk.free_line()
