"""The compiled engine's callers and desks: ``reference.py`` and ``desks.py`` as functions on tables.

A story of the reference that waits for an event is here a function that sets a timer and writes down in the
caller's ``phase`` where the story goes on. Names and the order of what happens inside one event are the
reference's.
"""

from __future__ import annotations

from math import inf, isnan, nan

from sim112.engine.compiled_clock import (
    NONE,
    ONE,
    ZERO,
    compiled,
    constant,
    inlined,
    join_line,
    leave_line,
    on_grid,
    set_timer,
    wide,
)
from sim112.engine.compiled_fleet import alert
from sim112.engine.compiled_tables import Simulation
from sim112.engine.contract import Handler, Outcome, Rank

TALK, AFTER_CALL, DISPATCH = constant(Rank.TALK), constant(Rank.AFTER_CALL), constant(Rank.DISPATCH)
NOTICE, PATIENCE, OFFER = constant(Rank.NOTICE), constant(Rank.PATIENCE), constant(Rank.OFFER)
(
    UNFINISHED,
    BARRED,
    BLOCKED_OUTAGE,
    BLOCKED_PLATFORM,
    BLOCKED_LINES,
    HUNG_UP,
    ABANDONED,
    ANSWERED,
    TRANSFERRED,
) = (constant(outcome) for outcome in Outcome)
NOBODY, DISPATCHER, CALL_TAKER, IDLE_CALL_TAKER = map(constant, Handler)

# Where a caller's story goes on at its next timer.
DIALS = constant(0)  # OFFER: dials, on 112 or on the agency's own number
LISTENS = constant(1)  # OFFER: has heard the announcement; PATIENCE: hangs up in it
WAITS = constant(
    2
)  # TALK: the call-taker who reached for the call answers; PATIENCE: abandons, if nobody has
IS_PASSED_ON = constant(3)  # TALK: the wrong desk transfers the call
TALKS = constant(4)  # TALK: the talk ends
IS_DONE = constant(5)  # AFTER_CALL: the call-taker is free again


@inlined
def is_blocked(outcome: int) -> bool:
    return outcome in (BLOCKED_OUTAGE, BLOCKED_PLATFORM, BLOCKED_LINES)


@inlined
def is_lost(outcome: int) -> bool:
    """Whether a dial ended in a way that the caller may try again."""
    return is_blocked(outcome) or outcome in (HUNG_UP, ABANDONED)


# ---- the life of a caller ----------------------------------------------------------------------------------


@inlined
def start_caller(sim: Simulation, caller_id: int) -> None:
    """Dial 112 while it is there and worth another try, then the agency's own number, then give up."""
    caller = sim.callers[caller_id]
    caller.phase = DIALS
    caller.on_112 = caller.dials_112
    if caller.on_112:
        dial(sim, caller_id)
    else:
        turn_to_own_number(sim, caller_id)


@inlined
def caller_goes_on(sim: Simulation, caller_id: int) -> None:
    """An OFFER timer of a caller who has started."""
    caller = sim.callers[caller_id]
    if caller.phase == LISTENS:
        enter_queue(sim, caller_id, wide(caller.call))
    else:
        dial(sim, caller_id)


@compiled
def dial(sim: Simulation, caller_id: int) -> None:
    """The next dial, if there is one left and somewhere to ring."""
    caller = sim.callers[caller_id]
    if caller.on_112:
        right = NONE
        if caller.dial < caller.second_dial:
            right = centre(sim, caller.regency)
        if right == NONE:
            turn_to_own_number(sim, caller_id)
            return
        # near a border 112 may ring at the neighbour's centre
        desk = centre(sim, caller.wrong_regency)
        if desk == NONE:
            desk = right
    else:
        if caller.dial >= caller.end_dial:
            return
        desk = right = sim.agency_desk[caller.regency, caller.agency]
    caller.right = right
    caller.is_astray = desk != right
    attempt(sim, caller_id, desk, ZERO)


@compiled
def turn_to_own_number(sim: Simulation, caller_id: int) -> None:
    caller = sim.callers[caller_id]
    caller.on_112 = False
    caller.dial = caller.second_dial
    if caller.agency == NONE or sim.agency_desk[caller.regency, caller.agency] == NONE:
        return
    caller.phase = DIALS
    set_timer(sim, sim.clock[0].now_s + caller.lookup_s, OFFER, caller_id, ZERO)


@inlined
def centre(sim: Simulation, regency: int) -> int:
    """The 112 desk of a regency, -1 where 112 is absent or closed."""
    if regency == NONE:
        return NONE
    desk = sim.regency_desk[regency]
    return desk if desk != NONE and sim.desks[desk].is_open else NONE


@compiled
def attempt(sim: Simulation, caller_id: int, desk: int, hop: int) -> None:
    """Offer a call to a desk, and to the one it overflows to; a transfer is an attempt with one more hop."""
    call_id = offer(sim, caller_id, desk, hop)
    if is_blocked(sim.calls[call_id].outcome) and sim.desks[desk].overflow != NONE:
        desk = sim.desks[desk].overflow
        call_id = offer(sim, caller_id, desk, hop + 1)
    if sim.calls[call_id].outcome == UNFINISHED:
        listen(sim, caller_id, call_id)
    else:
        end_attempt(sim, caller_id, sim.calls[call_id].outcome)


@compiled
def offer(sim: Simulation, caller_id: int, desk_id: int, hop: int) -> int:
    clock = sim.clock[0]
    call_id = clock.calls
    clock.calls += 1
    caller, call, desk = sim.callers[caller_id], sim.calls[call_id], sim.desks[desk_id]
    caller.call = call_id
    call.caller = caller_id
    call.dial = caller.dial
    call.hop = hop
    call.desk = desk_id
    call.handler = NOBODY
    call.offered_s = clock.now_s
    call.queued_s = nan
    call.picked_s = nan
    call.answered_s = nan
    call.left_s = nan
    call.talk_end_s = nan
    call.free_s = nan
    call.ticket_s = nan
    call.dispatch_start_s = nan
    call.dispatch_end_s = nan
    call.known = False
    call.outcome = UNFINISHED
    if caller.number != NONE and is_barred(sim, wide(caller.number), desk_id):
        call.outcome = BARRED
    elif desk.platform != NONE and sim.platforms[desk.platform].is_down:
        call.outcome = BLOCKED_OUTAGE
    elif (
        desk.platform != NONE and sim.platforms[desk.platform].in_use >= sim.platforms[desk.platform].channels
    ):
        call.outcome = BLOCKED_PLATFORM
    elif desk.lines_in_use >= desk.lines:
        call.outcome = BLOCKED_LINES
    else:
        desk.lines_in_use += 1
        if desk.platform != NONE:
            sim.platforms[desk.platform].in_use += 1
    return call_id  # type: ignore[no-any-return]


@inlined
def free_line(sim: Simulation, desk_id: int) -> None:
    desk = sim.desks[desk_id]
    desk.lines_in_use -= 1
    if desk.platform != NONE:
        sim.platforms[desk.platform].in_use -= 1


@compiled
def end_attempt(sim: Simulation, caller_id: int, outcome: int) -> None:
    """A dial has ended: dial again after a while, turn to the agency's own number, or give up."""
    caller = sim.callers[caller_id]
    if not is_lost(outcome):
        return
    redials = sim.dial_redials_blocked if is_blocked(outcome) else sim.dial_redials_abandoned
    if redials[caller.dial]:
        delay_s = sim.dial_redial_delay_s[caller.dial]
        caller.dial += 1
        caller.phase = DIALS
        set_timer(sim, sim.clock[0].now_s + delay_s, OFFER, caller_id, ZERO)
    elif caller.on_112:
        turn_to_own_number(sim, caller_id)


@inlined
def listen(sim: Simulation, caller_id: int, call_id: int) -> None:
    """A caller who has a line hears the announcement, where there is one, or hangs up in it."""
    caller, call, clock = sim.callers[caller_id], sim.calls[call_id], sim.clock[0]
    announcement_s = sim.desks[call.desk].announcement_s
    if announcement_s > 0.0:
        caller.phase = LISTENS
        share = sim.dial_hang_up_share[call.dial]
        if share < inf:
            set_timer(sim, clock.now_s + on_grid(share * announcement_s), PATIENCE, caller_id, call_id)
        else:
            set_timer(sim, clock.now_s + announcement_s, OFFER, caller_id, ZERO)
    else:
        enter_queue(sim, caller_id, call_id)


@compiled
def enter_queue(sim: Simulation, caller_id: int, call_id: int) -> None:
    """Picked at once by an idle call-taker, else queued."""
    caller, call, clock = sim.callers[caller_id], sim.calls[call_id], sim.clock[0]
    desk = sim.desks[call.desk]
    caller.phase = WAITS
    call.queued_s = clock.now_s
    if desk.call_takers_busy < desk.call_takers:
        pick(sim, call_id)
        return
    level = sim.kinds[caller.kind].queue_level
    join_line(sim.calls, sim.queues[call.desk, level], call_id, clock.now_s, caller_id)
    desk.waiting_callers += 1
    clock.waiting += 1
    patience_s = sim.dial_patience_s[call.dial]
    if patience_s < inf:
        set_timer(sim, clock.now_s + patience_s, PATIENCE, caller_id, call_id)


@inlined
def leave_queue(sim: Simulation, call_id: int) -> None:
    call = sim.calls[call_id]
    level = sim.kinds[sim.callers[call.caller].kind].queue_level
    leave_line(sim.calls, sim.queues[call.desk, level], call_id)
    sim.desks[call.desk].waiting_callers -= 1
    sim.clock[0].waiting -= 1


@inlined
def lose_patience(sim: Simulation, caller_id: int, call_id: int) -> None:
    """Hang up, in the announcement or in the queue, unless somebody has reached for the call."""
    call = sim.calls[call_id]
    if isnan(call.queued_s):
        call.outcome = HUNG_UP
    elif isnan(call.picked_s):
        leave_queue(sim, call_id)
        call.outcome = ABANDONED
    else:
        return
    call.left_s = sim.clock[0].now_s
    free_line(sim, call.desk)
    end_attempt(sim, caller_id, call.outcome)


# ---- the talk ----------------------------------------------------------------------------------------------


@inlined
def talk_goes_on(sim: Simulation, caller_id: int, call_id: int) -> None:
    phase = sim.callers[caller_id].phase
    if phase == WAITS:
        answer(sim, caller_id, call_id)
    elif phase == TALKS:
        end_talk(sim, caller_id, call_id)
    else:
        transfer(sim, caller_id, call_id)


@inlined
def pick(sim: Simulation, call_id: int) -> None:
    """A call-taker reaches for the call; the timer is the answer, after a moment."""
    call, clock = sim.calls[call_id], sim.clock[0]
    desk = sim.desks[call.desk]
    call.picked_s = clock.now_s
    call.shift = desk.call_takers_shift
    desk.call_takers_busy += 1
    set_timer(sim, clock.now_s + sim.callers[call.caller].pick_up_s, TALK, call.caller, call_id)


@inlined
def answer(sim: Simulation, caller_id: int, call_id: int) -> None:
    """The talk begins: to be transferred, short about a known incident, or in full."""
    caller, call, now_s = sim.callers[caller_id], sim.calls[call_id], sim.clock[0].now_s
    call.answered_s = now_s
    if caller.is_astray:
        right = centre(sim, caller.regency)
        if right != NONE and right != call.desk:
            caller.phase = IS_PASSED_ON
            set_timer(sim, now_s + caller.transfer_talk_s, TALK, caller_id, call_id)
            return
    is_known = sim.kinds[caller.kind].recognised and is_reported(sim, caller.incident, call.desk)
    call.known = is_known
    caller.is_news = caller.incident != NONE and not is_known
    if caller.is_news:
        incident = sim.incidents[caller.incident]
        call.earlier_report = incident.last_report
        incident.last_report = call_id
    caller.bars = caller.number != NONE and count_nuisance(sim, wide(caller.number), wide(call.desk))
    caller.phase = TALKS
    talk_s = caller.short_talk_s if is_known else caller.talk_s
    set_timer(sim, now_s + talk_s, TALK, caller_id, call_id)


@inlined
def is_reported(sim: Simulation, incident_id: int, desk_id: int) -> bool:
    """Whether the desk knows the incident: the reports of it are few, so they are looked through."""
    if incident_id == NONE:
        return False
    report = sim.incidents[incident_id].last_report
    while report != NONE and sim.calls[report].desk != desk_id:
        report = sim.calls[report].earlier_report
    return report != NONE  # type: ignore[no-any-return]


@inlined
def transfer(sim: Simulation, caller_id: int, call_id: int) -> None:
    """The wrong desk passes the caller on to the right one."""
    caller, call = sim.callers[caller_id], sim.calls[call_id]
    call.outcome = TRANSFERRED
    call.talk_end_s = sim.clock[0].now_s
    call.free_s = call.talk_end_s
    free_line(sim, call.desk)
    release_call_taker(sim, call.desk, call.shift)
    caller.is_astray = False
    attempt(sim, caller_id, wide(caller.right), call.hop + 1)


@inlined
def end_talk(sim: Simulation, caller_id: int, call_id: int) -> None:
    """The line is free; the call-taker goes on to dispatch, if nobody else does, or to after-call work."""
    caller, call, now_s = sim.callers[caller_id], sim.calls[call_id], sim.clock[0].now_s
    call.outcome = ANSWERED
    call.talk_end_s = now_s
    free_line(sim, call.desk)
    if caller.bars:
        grudge = sim.grudges[grudge_of(sim, wide(caller.number), wide(call.desk))]
        grudge.barred_until_s = now_s + sim.desks[call.desk].bar_s
        grudge.answered = 0
    caller.phase = IS_DONE
    if caller.is_news:
        make_ticket(sim, caller.incident, call_id)
        desk = sim.desks[call.desk]
        if desk.agency == NONE and desk.dispatchers == 0 and next_need(sim, caller.incident, NONE) != NONE:
            handle(sim, call_id, CALL_TAKER, wide(call.shift))
            return
    set_timer(sim, now_s + caller.after_call_s, AFTER_CALL, caller_id, call_id)


@inlined
def end_after_call(sim: Simulation, call_id: int) -> None:
    call = sim.calls[call_id]
    call.free_s = sim.clock[0].now_s
    release_call_taker(sim, call.desk, call.shift)


# ---- people ------------------------------------------------------------------------------------------------


@compiled
def step_call_takers(sim: Simulation, desk_id: int, rostered: int) -> None:
    desk = sim.desks[desk_id]
    desk.call_takers = rostered
    if sim.options[0].fresh_crew:
        desk.call_takers_shift += 1
        desk.call_takers_busy = 0
    while give_work_to_call_taker(sim, desk_id):
        pass


@compiled
def step_dispatchers(sim: Simulation, desk_id: int, rostered: int) -> None:
    desk = sim.desks[desk_id]
    desk.dispatchers = rostered
    if sim.options[0].fresh_crew:
        desk.dispatchers_shift += 1
        desk.dispatchers_busy = 0
    while give_work_to_dispatcher(sim, desk_id) or give_work_to_call_taker(sim, desk_id):
        pass


@inlined
def release_call_taker(sim: Simulation, desk_id: int, shift: int) -> None:
    desk = sim.desks[desk_id]
    if shift == desk.call_takers_shift:
        desk.call_takers_busy -= 1
    if desk.waiting_callers > 0 or desk.waiting_tickets > 0:
        give_work_to_call_taker(sim, wide(desk_id))


@compiled
def give_work_to_call_taker(sim: Simulation, desk_id: int) -> bool:
    """An idle call-taker takes the first caller, or a ticket where no dispatcher is rostered."""
    desk = sim.desks[desk_id]
    if desk.call_takers_busy >= desk.call_takers:
        return False
    if desk.waiting_callers > 0:
        level = 0
        while sim.queues[desk_id, level].first == NONE:
            level += 1
        call_id = sim.queues[desk_id, level].first
        leave_queue(sim, call_id)
        pick(sim, call_id)
        return True
    if desk.dispatchers == 0:
        call_id = next_ticket(sim, desk_id)
        if call_id != NONE:
            desk.call_takers_busy += 1
            handle(sim, call_id, IDLE_CALL_TAKER, desk.call_takers_shift)
            return True
    return False


@compiled
def give_work_to_dispatcher(sim: Simulation, desk_id: int) -> bool:
    desk = sim.desks[desk_id]
    if desk.dispatchers_busy >= desk.dispatchers:
        return False
    call_id = next_ticket(sim, desk_id)
    if call_id == NONE:
        return False
    desk.dispatchers_busy += 1
    handle(sim, call_id, DISPATCHER, desk.dispatchers_shift)
    return True


# ---- tickets -----------------------------------------------------------------------------------------------


@compiled
def make_ticket(sim: Simulation, incident_id: int, call_id: int) -> None:
    """The first answered report of an incident has been told to its end.

    On an agency's own number that agency knows at once and the others after a while. At a 112 desk somebody
    has to alert them: the ticket waits for a dispatcher, or is the call-taker's where none is rostered.
    """
    call, clock = sim.calls[call_id], sim.clock[0]
    desk, incident = sim.desks[call.desk], sim.incidents[incident_id]
    call.ticket_s = clock.now_s
    if desk.agency != NONE:
        for need_id in range(incident.first_need, incident.end_need):
            if sim.needs[need_id].agency == desk.agency:
                alert(sim, need_id, call.desk, ZERO)
            else:
                set_timer(sim, clock.now_s + sim.needs[need_id].notice_s, NOTICE, need_id, call_id)
    elif desk.dispatchers > 0 and next_need(sim, incident_id, NONE) != NONE:
        level = sim.kinds[sim.callers[call.caller].kind].ticket_level
        join_line(sim.calls, sim.tickets[call.desk, level], call_id, clock.now_s, incident_id)
        desk.waiting_tickets += 1
        clock.waiting += 1
        give_work_to_dispatcher(sim, wide(call.desk))


@inlined
def notify(sim: Simulation, need_id: int, call_id: int) -> None:
    alert(sim, need_id, sim.calls[call_id].desk, ONE)


@compiled
def next_ticket(sim: Simulation, desk_id: int) -> int:
    """Take the first ticket that still has an agency to alert; overtaken tickets are closed."""
    desk = sim.desks[desk_id]
    level = 0
    while desk.waiting_tickets > 0:
        call_id = sim.tickets[desk_id, level].first
        if call_id == NONE:
            level += 1
            continue
        leave_line(sim.calls, sim.tickets[desk_id, level], call_id)
        desk.waiting_tickets -= 1
        sim.clock[0].waiting -= 1
        if next_need(sim, sim.callers[sim.calls[call_id].caller].incident, NONE) != NONE:
            return call_id  # type: ignore[no-any-return]
    return NONE


@inlined
def next_need(sim: Simulation, incident_id: int, after: int) -> int:
    """The next agency of the ticket that is not alerted yet, in the fixed order; -1 where there is none."""
    incident = sim.incidents[incident_id]
    need_id = max(after + 1, incident.first_need)
    while need_id < incident.end_need:
        if not sim.needs[need_id].is_alerted:
            return int(need_id)
        need_id += 1
    return NONE


@compiled
def handle(sim: Simulation, call_id: int, handler: int, shift: int) -> None:
    """Begin to alert the agencies one after another, each at the end of its own handling."""
    call, now_s = sim.calls[call_id], sim.clock[0].now_s
    call.handler = handler
    call.handler_shift = shift
    call.dispatch_start_s = now_s
    need_id = next_need(sim, sim.callers[call.caller].incident, NONE)
    set_timer(sim, now_s + sim.needs[need_id].handling_s, DISPATCH, need_id, call_id)


@inlined
def handling_goes_on(sim: Simulation, need_id: int, call_id: int) -> None:
    """One agency is alerted: on to the next, or to what the handler does after the last."""
    call, now_s = sim.calls[call_id], sim.clock[0].now_s
    alert(sim, need_id, call.desk, ZERO)
    need_id = next_need(sim, sim.needs[need_id].incident, need_id)
    if need_id != NONE:
        set_timer(sim, now_s + sim.needs[need_id].handling_s, DISPATCH, need_id, call_id)
        return
    call.dispatch_end_s = now_s
    if call.handler == CALL_TAKER:
        set_timer(sim, now_s + sim.callers[call.caller].after_call_s, AFTER_CALL, call.caller, call_id)
    elif call.handler == IDLE_CALL_TAKER:
        release_call_taker(sim, call.desk, call.handler_shift)
    else:
        desk = sim.desks[call.desk]
        if call.handler_shift == desk.dispatchers_shift:
            desk.dispatchers_busy -= 1
        give_work_to_dispatcher(sim, wide(call.desk))


# ---- nuisance ----------------------------------------------------------------------------------------------


@compiled
def grudge_of(sim: Simulation, number: int, desk_id: int) -> int:
    """What the desk holds against a number, -1: nothing yet; a list, as a number calls few desks."""
    grudge = sim.first_grudge[number]
    while grudge != NONE and sim.grudges[grudge].desk != desk_id:
        grudge = sim.grudges[grudge].next
    return grudge  # type: ignore[no-any-return]


@compiled
def is_barred(sim: Simulation, number: int, desk_id: int) -> bool:
    grudge = grudge_of(sim, number, desk_id)
    return bool(grudge != NONE and sim.grudges[grudge].barred_until_s > sim.clock[0].now_s)


@compiled
def count_nuisance(sim: Simulation, number: int, desk_id: int) -> bool:
    """Count an answered nuisance call; whether the number is to be barred when this talk ends."""
    desk, clock = sim.desks[desk_id], sim.clock[0]
    if desk.bar_after == 0:
        return False
    grudge_id = grudge_of(sim, number, desk_id)
    if grudge_id == NONE:
        grudge_id = clock.grudges
        clock.grudges += 1
        new = sim.grudges[grudge_id]
        new.desk = desk_id
        new.answered = 0
        new.barred_until_s = 0.0
        new.next = sim.first_grudge[number]
        sim.first_grudge[number] = grudge_id
    grudge = sim.grudges[grudge_id]
    grudge.answered += 1
    return bool(grudge.answered == desk.bar_after)
