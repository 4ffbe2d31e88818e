"""The reference engine's desks: lines, call-takers, the queue, dispatchers and their tickets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from math import inf

import simpy

from sim112.engine.clock import Clock, Story, Timer, happen, tell
from sim112.engine.contract import NONE, Calls, Handler, Outcome, Rank, World
from sim112.engine.fleet import Fleet
from sim112.engine.records import CallRecord


class Crew:
    """People of one role at one desk: how many are rostered, and how many are busy.

    Busy people who run over their roster count (``finish``), or not, where each step brings a fresh crew.
    """

    def __init__(self) -> None:
        self.rostered = 0
        self.busy = 0
        self.shift = 0  # roster steps so far, counted only where each brings a fresh crew

    def step(self, rostered: int, fresh_crew: bool) -> None:
        self.rostered = rostered
        if fresh_crew:
            self.shift += 1
            self.busy = 0

    def can_start(self) -> bool:
        """Nobody starts while the busy, people running over included, are as many as the roster allows."""
        return self.busy < self.rostered

    def start(self) -> int:
        """One of them starts work; returns the shift to hand back to ``stop``."""
        self.busy += 1
        return self.shift

    def stop(self, shift: int) -> None:
        if shift == self.shift:
            self.busy -= 1


class Platform:
    """A provider's platform: channels shared by the desks that rent lines from it."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.in_use = 0
        self.is_down = False


class Desk:
    """Any place that answers: a 112 centre, a hub, or an agency's own number."""

    def __init__(self, identity: int, env: Clock, world: World, calls: Calls, fleet: Fleet) -> None:
        self.id = identity
        self.env = env
        self.calls = calls
        self.fleet = fleet
        self.world = world
        self.agency = world.desk_agency[identity]
        self.lines = world.desk_lines[identity]
        self.overflow = world.desk_overflow[identity]
        self.announcement_s = world.desk_announcement_s[identity]
        self.bar_after = world.desk_bar_after[identity]
        self.bar_s = world.desk_bar_s[identity]

        self.platform: Platform | None = None  # set by the engine
        self.is_open = False
        self.lines_in_use = 0
        self.call_takers = Crew()
        self.dispatchers = Crew()
        self.queue: list[tuple[int, float, int, int, CallRecord]] = []
        self.tickets: list[tuple[int, float, int, int, CallRecord]] = []
        self.known: set[int] = set()  # incidents reported here
        self.nuisance_answered: dict[int, int] = {}  # by number
        self.barred_until_s: dict[int, float] = {}

    # ---- lines ---------------------------------------------------------------------------------------------

    def refusal(self, number: int) -> Outcome | None:
        """Why a call offered now finds no line; None where it does."""
        if number != NONE and self.barred_until_s.get(number, 0.0) > self.env.now:
            return Outcome.BARRED
        if self.platform is not None:
            if self.platform.is_down:
                return Outcome.BLOCKED_OUTAGE
            if self.platform.in_use >= self.platform.channels:
                return Outcome.BLOCKED_PLATFORM
        if self.lines_in_use >= self.lines:
            return Outcome.BLOCKED_LINES
        return None

    def take_line(self) -> None:
        self.lines_in_use += 1
        if self.platform is not None:
            self.platform.in_use += 1

    def free_line(self) -> None:
        self.lines_in_use -= 1
        if self.platform is not None:
            self.platform.in_use -= 1

    # ---- the queue -----------------------------------------------------------------------------------------

    def enter_queue(self, record: CallRecord, patience_s: float) -> simpy.Event:
        """A caller has heard the announcement: picked at once by an idle call-taker, else queued.

        Returns the event that ends the wait: the answer, or the end of patience (``record.has_left``).
        """
        env = self.env
        record.queued_s = env.now
        if self.call_takers.can_start():
            return self.pick(record)
        record.wait_ends = simpy.Event(env)
        caller = record.caller
        priority = self.world.kind_queue_priority[self.calls.caller_kind[caller]]
        heappush(self.queue, (priority, env.now, caller, record.row, record))
        if patience_s < inf:
            patience = Timer(env, env.now + patience_s, Rank.PATIENCE, caller, record.row)
            patience.then(lambda _: self.lose_patience(record))
        return record.wait_ends

    def lose_patience(self, record: CallRecord) -> None:
        if record.picked_s != record.picked_s:  # NaN: nobody has reached for the call
            record.has_left = True  # its place in the queue will be passed over
            happen(record.wait_ends)

    def pick(self, record: CallRecord) -> Timer:
        """A call-taker reaches for the call; the timer is the answer, after a moment."""
        now = self.env.now
        record.picked_s = now
        record.shift = self.call_takers.start()
        caller = record.caller
        return Timer(self.env, now + self.calls.caller_pick_up_s[caller], Rank.TALK, caller, record.row)

    # ---- people --------------------------------------------------------------------------------------------

    def step_call_takers(self, rostered: int) -> None:
        self.call_takers.step(rostered, self.world.fresh_crew)
        while self.give_work_to_call_taker():
            pass

    def step_dispatchers(self, rostered: int) -> None:
        self.dispatchers.step(rostered, self.world.fresh_crew)
        while self.give_work_to_dispatcher() or self.give_work_to_call_taker():
            pass

    def release_call_taker(self, shift: int) -> None:
        self.call_takers.stop(shift)
        self.give_work_to_call_taker()

    def give_work_to_call_taker(self) -> bool:
        """An idle call-taker takes the first caller, or a ticket where no dispatcher is rostered."""
        if not self.call_takers.can_start():
            return False
        while self.queue:
            record = heappop(self.queue)[-1]
            if not record.has_left:
                self.pick(record).then(partial(happen, record.wait_ends))
                return True
        if self.dispatchers.rostered == 0:
            ticket = self.next_ticket()
            if ticket is not None:
                tell(self.handle_while_idle(ticket, self.call_takers.start()))
                return True
        return False

    def give_work_to_dispatcher(self) -> bool:
        if not self.dispatchers.can_start():
            return False
        record = self.next_ticket()
        if record is None:
            return False
        tell(self.handle_as_dispatcher(record, self.dispatchers.start()))
        return True

    # ---- tickets -------------------------------------------------------------------------------------------

    def make_ticket(self, record: CallRecord, incident: int) -> None:
        """The first answered report of an incident has been told to its end.

        On an agency's own number that agency knows at once and the others after a while. At a 112 desk
        somebody has to alert them: the ticket waits for a dispatcher, or is the call-taker's where none is
        rostered.
        """
        env, calls = self.env, self.calls
        record.ticket_s = env.now
        if self.agency != NONE:
            for need in range(calls.need_start[incident], calls.need_start[incident + 1]):
                if calls.need_agency[need] == self.agency:
                    self.fleet.alert(need, self.id)
                else:
                    notice = Timer(env, env.now + calls.need_notice_s[need], Rank.NOTICE, need, record.row)
                    notice.then(self.notify(need))
        elif self.dispatchers.rostered > 0 and self.next_need(record, NONE) != NONE:
            priority = self.world.kind_priority[calls.caller_kind[record.caller]]
            heappush(self.tickets, (priority, env.now, incident, record.row, record))
            self.give_work_to_dispatcher()

    def notify(self, need: int) -> Callable[[simpy.Event], None]:
        return lambda _: self.fleet.alert(need, self.id, by_notice=True)

    def has_to_dispatch(self, record: CallRecord) -> bool:
        """Whether the call-taker who made this ticket goes on to handle it: no dispatcher is on duty."""
        is_centre = self.agency == NONE
        return is_centre and self.dispatchers.rostered == 0 and self.next_need(record, NONE) != NONE

    def next_ticket(self) -> CallRecord | None:
        """Take the first ticket that still has an agency to alert; overtaken tickets are closed."""
        while self.tickets:
            record = heappop(self.tickets)[-1]
            if self.next_need(record, NONE) != NONE:
                return record
        return None

    def next_need(self, record: CallRecord, after: int) -> int:
        """The next agency of the ticket that is not alerted yet, in the fixed order; -1: none."""
        incident = self.calls.caller_incident[record.caller]
        first = max(after + 1, self.calls.need_start[incident])
        for need in range(first, self.calls.need_start[incident + 1]):
            if not self.fleet.is_alerted[need]:
                return need
        return NONE

    def handle(self, record: CallRecord, handler: Handler) -> Story:
        """Alert the agencies one after another, each at the end of its own handling."""
        env = self.env
        record.handler = handler
        record.dispatch_start_s = env.now
        need = self.next_need(record, NONE)
        while need != NONE:
            yield Timer(env, env.now + self.calls.need_handling_s[need], Rank.DISPATCH, need, record.row)
            self.fleet.alert(need, self.id)
            need = self.next_need(record, need)
        record.dispatch_end_s = env.now

    def handle_as_dispatcher(self, record: CallRecord, shift: int) -> Story:
        yield from self.handle(record, Handler.DISPATCHER)
        self.dispatchers.stop(shift)
        self.give_work_to_dispatcher()

    def handle_while_idle(self, record: CallRecord, shift: int) -> Story:
        yield from self.handle(record, Handler.IDLE_CALL_TAKER)
        self.release_call_taker(shift)

    # ---- nuisance ------------------------------------------------------------------------------------------

    def count_nuisance(self, number: int) -> bool:
        """Count an answered nuisance call; whether the number is to be barred when this talk ends."""
        if number == NONE or self.bar_after == 0:
            return False
        self.nuisance_answered[number] = self.nuisance_answered.get(number, 0) + 1
        return self.nuisance_answered[number] == int(self.bar_after)

    def bar(self, number: int) -> None:
        self.barred_until_s[number] = self.env.now + self.bar_s
        self.nuisance_answered[number] = 0
