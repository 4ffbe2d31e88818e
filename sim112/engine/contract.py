"""The contract of an engine: ``simulate(world, calls) -> log``, a pure function.

``World`` is where and with what (desks, rosters, units, travel times), ``Calls`` is everything random about
one replication, drawn beforehand, and ``Log`` is what happened: one row per attempt at a desk, one row per
job. All three are frozen sets of arrays. An engine knows no configuration, no file and no randomness, so two
engines can be held against each other to the bit.

Times are float64 seconds from the start of the scenario, on a grid of 1/1024 s: sums of such times are exact,
so the order of additions does not matter. A time that did not happen is NaN. Indices are dense integers; -1
means none.

**The order of events.** Every event has a unique key ``(time, rank, id, turn)`` and events are taken in the
order of that key. The rank says what kind of event it is and which table its id comes from; ``turn`` counts
the attempts of a caller or the assignments of a unit, and a timer whose turn has passed is dropped. A zero
duration is still a timer. Whatever one event causes at once (a freed call-taker takes the next caller)
happens inside that event, before the next key; a freed resource makes one choice.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TICKS_PER_S = 1024.0
"""Drawn times and table times are multiples of 1 / TICKS_PER_S seconds."""

NO_LIMIT = 2**31 - 1
"""A number of lines, channels or call-takers that never binds."""

NONE = -1
"""The index that points nowhere."""


class Rank:
    """Kinds of events in the order in which they are taken at one instant, with the table of their id."""

    CHANGE = 0  # a row of World.change_*
    TALK = 1  # a caller: answered, end of talk or of transfer talk
    AFTER_CALL = 2  # a caller (whose call the call-taker works on): after-call work ends
    DISPATCH = 3  # a need, NEED_IDS of Calls: handling for one agency ends, by whoever does it
    UNIT = 4  # a unit: its clock points
    NOTICE = 5  # a need: the other agencies hear of an incident reported to one agency's own number
    PATIENCE = 6  # a caller: hangs up in the announcement or in the queue
    OFFER = 7  # a caller: decides, dials, or enters the queue after the announcement


class Change(IntEnum):
    """What a row of ``World.change_*`` changes; the subject is a desk, a platform, or nothing."""

    CALL_TAKERS = 0  # subject desk: rostered call-takers from now on
    DISPATCHERS = 1  # subject desk: rostered dispatchers from now on
    OPEN = 2  # subject desk: 1 opens, 0 closes (112 then behaves as if absent)
    OUTAGE = 3  # subject platform: 1 fails, 0 works again; calls in progress survive
    PERIOD = 4  # subject none: the travel period from now on


class Outcome(IntEnum):
    """How one attempt at one desk ended."""

    UNFINISHED = 0  # still waiting or talking when the simulation stopped
    BARRED = 1  # the number is barred at this desk: no line, not offered
    BLOCKED_OUTAGE = 2
    BLOCKED_PLATFORM = 3
    BLOCKED_LINES = 4
    HUNG_UP = 5  # during the announcement
    ABANDONED = 6  # in the queue
    ANSWERED = 7  # and talked to the end
    TRANSFERRED = 8  # answered by the wrong desk, which passed the caller on


class JobOutcome(IntEnum):
    """How one job (one agency at one incident) stands at the end."""

    UNFINISHED = 0  # waiting for a unit, or a unit still at work
    SERVED = 1  # the unit became available again
    LOST = 2  # no unit was available and the fleet's rule is not to wait


class Handler(IntEnum):
    """Who handled the ticket of a call."""

    NOBODY = 0
    DISPATCHER = 1
    CALL_TAKER = 2  # the one who talked to the caller, because no dispatcher was rostered
    IDLE_CALL_TAKER = 3  # an idle one, after the dispatchers' roster stepped to zero


@dataclass(frozen=True, eq=False)
class World:
    """Where and with what: the deployment of one scenario, without anything random.

    Sizes: D desks, P platforms, C changes, R regencies, A agencies, K kinds of calls, Z zones, T travel
    periods, U units, H hospitals.
    """

    # clock
    report_from_s: float  # end of warm-up
    report_to_s: float  # the horizon: incidents noticed and callers starting before it are counted
    end_s: float  # horizon + cool-down: events at or after it do not happen
    start_of_week_s: float  # seconds from Monday 00:00 local time to the scenario's time 0

    # desks: every place that answers
    desk_name: tuple[str, ...]
    desk_agency: Ints  # [D] -1: a 112 centre; else the agency whose own number this is
    desk_lines: Ints  # [D]
    desk_platform: Ints  # [D] -1: lines of its own
    desk_overflow: Ints  # [D] the desk that a blocked caller is offered to, -1: none
    desk_announcement_s: Floats  # [D]
    desk_bar_after: Ints  # [D] nuisance calls answered from one number before it is barred; 0: never
    desk_bar_s: Floats  # [D] how long it is barred
    # True: at each roster step the whole crew is replaced and people running over do not count
    fresh_crew: bool

    platform_name: tuple[str, ...]
    platform_channels: Ints  # [P]

    # changes, sorted by time; rows at time 0 set the first state
    change_time_s: Floats  # [C]
    change_what: Ints  # [C] a Change
    change_subject: Ints  # [C]
    change_value: Ints  # [C]

    # regencies
    regency_name: tuple[str, ...]
    regency_population: Floats  # [R]
    regency_desk: Ints  # [R] the 112 desk that serves it, -1: none
    regency_agency_desk: Ints  # [R, A] the desk of each agency's own number, -1: none
    neighbour_start: Ints  # [R + 1] row r of neighbours is neighbour_regency[start[r]:start[r + 1]]
    neighbour_regency: Ints

    agency_name: tuple[str, ...]

    # kinds of calls: incidents and others (information, prank, ghost, test)
    kind_name: tuple[str, ...]
    kind_is_incident: Bools  # [K]
    kind_priority: Ints  # [K] of tickets and jobs; 0 is the most urgent
    kind_queue_priority: Ints  # [K] of callers in a desk's queue; 0 first
    kind_recognised: Bools  # [K] a later report of a known incident is recognised and kept short
    kind_life_threatening: Bools  # [K]
    kind_is_emergency: Bools  # [K] False: arranged ahead, such as a planned transport; measures keep it apart

    # places: a zone is a point of the road graph
    zone_regency: Ints  # [Z]
    zone_population: Floats  # [Z]
    # [T, Z] between a zone's point and a scene within the zone, on legs to and from scenes
    scene_approach_s: Floats
    travel_s: Floats  # [T, Z, Z] from, to; inf where there is no way
    # [T, Z, Z] the zone before `to` on the way `from` -> `to`; negative: none
    previous_zone: NDArray[np.int32]

    hospital_zone: Ints  # [H]
    hospital_for: Ints  # [K, T, Z] the hospital nearest to a scene that takes the kind, -1: none

    # fleet
    unit_agency: Ints  # [U]
    unit_regency: Ints  # [U]
    unit_zone: Ints  # [U] its station
    unit_turnout_s: Floats  # [U] planned (mean) turnout, used to choose a unit
    unit_busy_factor: Floats  # [U] times need_busy_s where busy_drawn; 1 where all units are alike
    # [Z, U] rank of a unit for a scene in a zone, 0 first, NO_LIMIT: never sent there; shape (0, 0): no
    # preferences, the unit with the least planned time is sent
    unit_preference: Ints
    assign_returning: bool  # True: a unit on its way back may be assigned from where it is
    jobs_wait: bool  # True: a job waits where no unit is available; False: it is lost
    busy_drawn: bool  # True: a unit is busy for need_busy_s instead of the stages (theory)
    mutual_aid: bool  # True: units of adjacent regencies are candidates too
    divert: bool  # True: a unit rolling to a less urgent job may be turned to a more urgent one
    # jobs with priority >= this never take the last available unit of its regency; NO_LIMIT: off
    hold_back: int
    move_up: bool  # True: an idle unit moves to an uncovered station of its regency and agency


@dataclass(frozen=True, eq=False)
class Calls:
    """Everything random about one replication, drawn before the simulation and independent of the deployment.

    Sizes: I incidents, N needs (agencies needed by incidents, in the fixed order of agencies within an
    incident), M callers, L dials. Ids are dense in the order of the permanent keys, not in the order of time.

    A *caller* is one person with something to report or say, or one call of a nuisance number. A caller's
    *dials* are the attempts that may be needed: first those on 112, then those on an agency's own number; how
    far the list is used depends on what happens.
    """

    incident_key: Ints  # [I] permanent key, equal in every scenario that draws this incident
    incident_noticed_s: Floats  # [I] the first caller decides to call
    incident_kind: Ints  # [I]
    incident_regency: Ints  # [I]
    incident_zone: Ints  # [I]
    need_start: Ints  # [I + 1] needs of incident i: start[i] .. start[i + 1]

    need_incident: Ints  # [N]
    need_agency: Ints  # [N] -1: work on the ticket that alerts nobody and makes no job
    need_handling_s: Floats  # [N] a dispatcher's (or call-taker's) work until the agency is alerted
    need_notice_s: Floats  # [N] after a report to another agency's own number, until this one hears of it
    need_turnout_s: Floats  # [N]
    need_travel_factor: Floats  # [N] of the job, times table time, on all its legs
    need_on_scene_s: Floats  # [N]
    need_transports: Bools  # [N] to hospital
    need_handover_s: Floats  # [N] at hospital
    need_busy_s: Floats  # [N] only used where World.busy_drawn

    caller_key: Ints  # [M] permanent key
    caller_incident: Ints  # [M] -1: no incident
    caller_kind: Ints  # [M]
    caller_regency: Ints  # [M] where the caller is
    caller_start_s: Floats  # [M] decides to call; looking for a number comes after
    caller_dials_112: Bools  # [M] would dial 112 where it is present and open
    caller_agency: Ints  # [M] whose own number is called otherwise or in the end, -1: none
    caller_lookup_s: Floats  # [M] lost before the first dial of an agency's number; 0 for who knows it
    # [M] the network takes a 112 call from here to this regency's centre, -1: the right one
    caller_wrong_regency: Ints
    caller_number: Ints  # [M] nuisance number that can be barred, -1: none
    caller_pick_up_s: Floats  # [M] the call-taker's moment before answering
    caller_talk_s: Floats  # [M] full talk
    caller_short_talk_s: Floats  # [M] talk where the desk knows the incident already
    caller_transfer_talk_s: Floats  # [M] talk at a wrong desk before the transfer; only used where astray
    caller_after_call_s: Floats  # [M]
    dial_start: Ints  # [M + 1] dials of caller m: start[m] .. start[m + 1]
    dial_second: Ints  # [M] first dial on the agency's number; those before it are on 112

    dial_patience_s: Floats  # [L] from being queued; inf: waits for ever
    dial_hang_up_share: Floats  # [L] hangs up after this share of the announcement; inf: hears it out
    dial_redials_blocked: Bools  # [L] dials again after being blocked (the limit is already applied)
    dial_redials_abandoned: Bools  # [L] dials again after abandoning
    dial_redial_delay_s: Floats  # [L]


@dataclass(frozen=True, eq=False)
class Log:
    """What happened. One row per attempt at a desk, in order of offer; one row per job, in order of alert.

    Intervals are not stored: they are differences of clock points, taken in ``study.kpis``.
    """

    call_caller: Ints
    call_dial: Ints  # row of Calls.dial_*
    call_hop: Ints  # 0; 1 after an overflow or a transfer (2 after both)
    call_desk: Ints
    call_outcome: Ints  # an Outcome
    call_offered_s: Floats  # also the instant of being barred or blocked
    call_queued_s: Floats  # end of the announcement
    call_picked_s: Floats  # a call-taker reaches for the call
    call_answered_s: Floats
    call_left_s: Floats  # hung up or abandoned
    call_talk_end_s: Floats  # the line is freed
    call_free_s: Floats  # the call-taker is free again
    call_known: Bools  # the desk knew the incident at the answer: short talk, no ticket
    call_ticket_s: Floats  # NaN: no ticket was made
    call_handler: Ints  # a Handler
    call_dispatch_start_s: Floats
    call_dispatch_end_s: Floats

    job_need: Ints  # row of Calls.need_*
    job_desk: Ints  # the desk through which the agency was alerted
    job_notice: Bools  # alerted by notice from another agency, not by a dispatcher or its own number
    job_outcome: Ints  # a JobOutcome
    job_unit: Ints  # last unit assigned, -1: none
    job_assignments: Ints  # more than 1 where a unit was diverted
    job_from_zone: Ints  # where the unit stood when assigned
    job_hospital: Ints
    job_alerted_s: Floats
    job_assigned_s: Floats
    job_rolling_s: Floats
    job_on_scene_s: Floats
    job_leave_scene_s: Floats
    job_at_hospital_s: Floats
    job_available_s: Floats
    job_back_s: Floats  # NaN where the unit was assigned again on its way


def same(a: Log | Calls, b: Log | Calls) -> bool:
    """Whether two logs (or two sets of calls) are equal to the bit, NaN equal to NaN."""
    return first_difference(a, b) is None


def first_difference(a: Log | Calls, b: Log | Calls) -> str | None:
    """Name the first field and row where two logs (or sets of calls) differ; None where there is none."""
    for field in fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if x.dtype != y.dtype or x.shape != y.shape:
            return f"{field.name}: {x.dtype}{x.shape} and {y.dtype}{y.shape}"
        unequal = ~((x == y) | ((x != x) & (y != y)))
        if unequal.any():
            row = int(np.argmax(unequal))
            return f"{field.name}[{row}]: {x[row]} and {y[row]}"
    return None
