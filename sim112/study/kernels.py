"""The one walk over a log that sums and counts everything measures rest on.

These are plain functions over columns, in a part of Python that numba compiles: beside the compiled engine
they run as machine code, beside the reference on lists, and the sums are the same to the bit, as all times
are on one grid. ``desk_kpis`` and ``response_kpis`` say what is the same in every replication;
``definitions`` says what each column means.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import cache
from inspect import isfunction
from math import inf
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim112.engine import compiled
from sim112.engine.contract import NONE, Handler, JobOutcome, Outcome
from sim112.study.definitions import COLUMNS
from sim112.study.totals import BIN_FROM_S, BINS, GROWTH, LOWEST_S

SOURCES = ("kernels.py", "definitions.py", "totals.py")
"""What the machine code is made of."""

TYPICAL_COMPILE_S = 7.0
"""How long a cold compile usually takes."""


# ---- what is read and written ------------------------------------------------------------------------------


class Place(NamedTuple):
    """What is read of a world: the same in all its replications."""

    report_from_s: float
    report_to_s: float
    end_s: float
    start_of_week_s: float
    answered_within_s: float
    alert_cap_s: float
    response_cap_s: float
    # the first slot of each scope; what counts in no member of a scope goes to the slot ``nowhere``
    province: int
    regency: int
    regency_112: int
    desk: int
    service: int
    kind: int
    hour: int
    agency: int
    agency_regency: int
    nowhere: int
    # the first cell of services by regency, kinds and hours, after those of desks; the cell of what has none
    service_cells: int
    kind_cells: int
    hour_cells: int
    no_cell: int
    regencies: int
    kinds: int
    bins: int
    bin_from_s: Any  # [BINS - 1] where the second and every later bin begins
    bin_near: Any  # the bin of the shortest duration with the same first digits, see ``bins_near``
    target_s: Any  # [A] of response
    desk_agency: Any
    desk_lines: Any
    call_takers_start: Any  # [D + 1] rows of roster steps of each desk
    call_takers_from_s: Any
    call_takers: Any
    dispatchers_start: Any  # [D + 1]
    dispatchers_from_s: Any
    dispatchers: Any
    lines_from_s: Any  # [D]
    kind_is_emergency: Any
    kind_life_threatening: Any
    unit_agency: Any
    unit_regency: Any


class Asked(NamedTuple):
    """What is read of the calls of a replication."""

    incident_noticed_s: Any
    incident_kind: Any
    incident_regency: Any
    need_start: Any
    need_agency: Any
    caller_incident: Any
    caller_kind: Any
    caller_regency: Any
    caller_start_s: Any
    dial_second: Any


class Happened(NamedTuple):
    """What is read of its log."""

    call_caller: Any
    call_dial: Any
    call_hop: Any
    call_desk: Any
    call_outcome: Any
    call_offered_s: Any
    call_queued_s: Any
    call_picked_s: Any
    call_answered_s: Any
    call_left_s: Any
    call_talk_end_s: Any
    call_free_s: Any
    call_ticket_s: Any
    call_handler: Any
    call_dispatch_start_s: Any
    call_dispatch_end_s: Any
    job_need: Any
    job_notice: Any
    job_outcome: Any
    job_unit: Any
    job_alerted_s: Any
    job_assigned_s: Any
    job_rolling_s: Any
    job_on_scene_s: Any
    job_leave_scene_s: Any
    job_available_s: Any


class Notes(NamedTuple):
    """What is noted on the way."""

    last_call: Any  # [M] latest row of a caller, -1: none
    tried_112: Any  # [M]
    had_news: Any  # [M]
    found_nobody: Any  # [M]
    is_first: Any  # [calls] the caller's first
    is_passed_on: Any  # [calls] a later row has the same dial
    incident: Any  # [calls] -1: none
    picked_s: Any  # [I] a call about it was first picked up
    answered_s: Any  # [I] a call with a ticket was first answered
    ticket_112_s: Any  # [I] first ticket of a 112 centre
    ticket_112_desk: Any  # [I]
    job: Any  # [N] -1: none
    cells: Any  # [cells, NOTED], flat
    # by desk, one row for each of its calls: when somebody or something was taken, and when it was free again
    first_row: Any  # [D + 1]
    spells: Any  # [D, 3] how many of people, dispatchers, lines
    people_from_s: Any  # [2 * calls], as a call may take a call-taker twice
    people_to_s: Any
    dispatchers_from_s: Any  # [calls]
    dispatchers_to_s: Any
    lines_from_s: Any
    lines_to_s: Any
    spare_s: Any  # [2 * calls]


class Tally(NamedTuple):
    """What comes out: sums by slot and column, and how often each duration occurred."""

    sums: Any  # [slots + 1, COLUMNS], flat
    answered_by_kind: Any  # [D, K], flat
    answer_delay_s: Any  # [slots, bins], flat, as are all below
    wait_s: Any
    alert_s: Any
    response_s: Any
    all_agencies_s: Any


def columns_of(kind: Any, source: object) -> Any:
    """The columns that ``kind`` names, as the machine code takes them."""
    return kind(*(plain_column(name, getattr(source, name)) for name in kind._fields))


def plain_column(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """A column that lies in one piece, may be written, and is of the type that its name tells."""
    wanted = type_of(name)
    if column.dtype == wanted and column.flags.c_contiguous and column.flags.writeable:
        return column
    return np.array(column, wanted, order="C")


def type_of(name: str) -> Any:
    """The type of a column, by its name."""
    if name.endswith("_s"):
        return np.float64
    return np.bool_ if name in ("kind_is_emergency", "kind_life_threatening", "job_notice") else np.int64


def nothing(kind: Any) -> Any:
    """The same without a row."""
    return kind(*(np.zeros(int(name == "need_start"), type_of(name)) for name in kind._fields))


def blank_notes(place: Place, calls: Asked, log: Happened) -> Notes:
    desks = len(place.desk_agency)
    rows, callers, incidents = len(log.call_caller), len(calls.caller_kind), len(calls.incident_kind)
    return Notes(
        last_call=np.full(callers, NONE),
        tried_112=np.zeros(callers, bool),
        had_news=np.zeros(callers, bool),
        found_nobody=np.zeros(callers, bool),
        is_first=np.zeros(rows, bool),
        is_passed_on=np.zeros(rows, bool),
        incident=np.empty(rows, np.int64),
        picked_s=np.full(incidents, inf),
        answered_s=np.full(incidents, inf),
        ticket_112_s=np.full(incidents, inf),
        ticket_112_desk=np.full(incidents, NONE),
        job=np.full(len(calls.need_agency), NONE),
        cells=np.zeros((place.no_cell + 1) * NOTED),
        first_row=np.zeros(desks + 1, np.int64),
        spells=np.zeros(3 * desks, np.int64),
        people_from_s=np.empty(2 * rows),
        people_to_s=np.empty(2 * rows),
        dispatchers_from_s=np.empty(rows),
        dispatchers_to_s=np.empty(rows),
        lines_from_s=np.empty(rows),
        lines_to_s=np.empty(rows),
        spare_s=np.empty(2 * rows),
    )


# ---- columns of sums ---------------------------------------------------------------------------------------

WIDTH = len(COLUMNS)
(
    OFFERED, OFFERED_STAYED, BLOCKED, ANSWERS, ANSWERED_WITHIN, WAITS, WAITED, TALKS, HANDLES,
    GENUINE_ANSWERED, GENUINE_ANSWERED_112, PEOPLE_WITH_NEWS, NEWS_FOUND_NOBODY, EMERGENCIES_REPORTED_112,
) = map(COLUMNS.index, (
    "offered", "offered_stayed", "blocked", "answers", "answered_within", "waits", "waited", "talks",
    "handles", "genuine_answered", "genuine_answered_112", "people_with_news", "news_found_nobody",
    "emergencies_reported_112",
))  # fmt: skip
(
    CALL_TAKER_BUSY_S, CALL_TAKER_SIGNED_IN_S, OVERTIME_S, DISPATCHER_BUSY_S, DISPATCHER_SIGNED_IN_S,
    LINE_HELD_S, ALL_LINES_BUSY_S,
) = map(COLUMNS.index, (
    "call_taker_busy_s", "call_taker_signed_in_s", "overtime_s", "dispatcher_busy_s",
    "dispatcher_signed_in_s", "line_held_s", "all_lines_busy_s",
))  # fmt: skip
(
    INCIDENTS, NEEDING, UNREPORTED, UNSERVED, LOST, FIRST_ALERT_CAPPED_SUM_S, ALERT_CAPPED_SUM_S,
    FULLY_ALERTED, PROCESSED, PROCESSING_SUM_S, REACHED, RESPONSE_SUM_S, RESPONSE_CAPPED_SUM_S,
    ALL_AGENCIES_CAPPED_SUM_S, REACHED_WITHIN, ALL_REACHED_WITHIN, LIFE, LIFE_ALERT_CAPPED_SUM_S,
    LIFE_RESPONSE_CAPPED_SUM_S, LIFE_REACHED_WITHIN,
) = map(COLUMNS.index, (
    "incidents", "needing", "unreported", "unserved", "lost", "first_alert_capped_sum_s",
    "alert_capped_sum_s", "fully_alerted", "processed", "processing_sum_s", "reached", "response_sum_s",
    "response_capped_sum_s", "all_agencies_capped_sum_s", "reached_within", "all_reached_within", "life",
    "life_alert_capped_sum_s", "life_response_capped_sum_s", "life_reached_within",
))  # fmt: skip
(
    NEEDS, ALERTED, NEED_NOTICED, NEED_ALERT_CAPPED_SUM_S, NEED_RESPONSE_CAPPED_SUM_S, NEED_REACHED_WITHIN,
    UNIT_WAITED, ASSIGNED, UNIT_WAIT_SUM_S, TRIPS, AID_TRIPS, TURNOUTS, TURNOUT_SUM_S, TRAVELS, TRAVEL_SUM_S,
    ON_SCENES, ON_SCENE_SUM_S, JOBS_DONE, JOB_SUM_S, UNIT_BUSY_S,
) = map(COLUMNS.index, (
    "needs", "alerted", "need_noticed", "need_alert_capped_sum_s", "need_response_capped_sum_s",
    "need_reached_within", "unit_waited", "assigned", "unit_wait_sum_s", "trips", "aid_trips", "turnouts",
    "turnout_sum_s", "travels", "travel_sum_s", "on_scenes", "on_scene_sum_s", "jobs_done", "job_sum_s",
    "unit_busy_s",
))  # fmt: skip

DESK_TIMES = (
    CALL_TAKER_BUSY_S, CALL_TAKER_SIGNED_IN_S, OVERTIME_S, DISPATCHER_BUSY_S, DISPATCHER_SIGNED_IN_S,
    LINE_HELD_S, ALL_LINES_BUSY_S,
)  # fmt: skip
"""Columns that are summed by desk, service and province."""

IS_BARRED, IS_HUNG_UP, IS_ABANDONED = int(Outcome.BARRED), int(Outcome.HUNG_UP), int(Outcome.ABANDONED)
IS_BLOCKED_OUTAGE, IS_BLOCKED_LINES = int(Outcome.BLOCKED_OUTAGE), int(Outcome.BLOCKED_LINES)
IS_ANSWERED, IS_UNFINISHED = int(Outcome.ANSWERED), int(Outcome.UNFINISHED)
BY_DISPATCHER, BY_IDLE_CALL_TAKER = int(Handler.DISPATCHER), int(Handler.IDLE_CALL_TAKER)
IS_SERVED = int(JobOutcome.SERVED)
PEOPLE, DISPATCHERS, LINES = 0, 1, 2


# Calls are first noted in cells, one each for desks, services and regencies together, kinds, and hours: a few
# sums, and how many went which course. A course is an outcome, how far it came, and how long it waited.
IS_GENUINE, IS_GENUINE_112 = len(Outcome), len(Outcome) + 1
ENDING = tuple(
    COLUMNS.index(outcome.name.lower()) for outcome in (*Outcome, Outcome.ANSWERED, Outcome.ANSWERED)
)
"""The column that counts each outcome; answered calls about an incident are kept apart."""
STAGES, ANSWERED_STAGE, TALKED_STAGE, FREED_STAGE = 4, 1, 2, 3
NO_WAIT, WAITED_NOT, WAITED_SOME = 0, 1, 2
DELAY_S, WAIT_S, TALK_S, HANDLE_S, NOBODY, REDIAL, FALLBACK, FIRST_COURSE = range(8)
MEANING = tuple(map(COLUMNS.index, (
    "answer_delay_sum_s", "wait_sum_s", "talk_sum_s", "handle_sum_s", "found_nobody", "redials", "fallbacks",
)))  # fmt: skip
"""The column of each thing noted beside the courses."""
NOTED = FIRST_COURSE + len(ENDING) * STAGES * 2 * 3

LONGEST_S = LOWEST_S * GROWTH ** (BINS - 2)
"""Where the last bin begins."""
PARTS_OF_OCTAVE = 128
_LOW_EXPONENT, _HIGH_EXPONENT = math.frexp(LOWEST_S)[1], math.frexp(LONGEST_S)[1]
NEAR_FROM = -(_LOW_EXPONENT + 1) * PARTS_OF_OCTAVE
"""Where in ``bins_near`` the part of the octave that begins at 1/2 s would stand."""


def bins_near() -> NDArray[np.int64]:
    """The bin of the shortest duration in each 128th of each octave, which is no wider than a bin."""
    part = 0.5 + np.arange(PARTS_OF_OCTAVE) / (2 * PARTS_OF_OCTAVE)
    shortest_s = part * 2.0 ** np.arange(_LOW_EXPONENT, _HIGH_EXPONENT + 1)[:, None]
    return np.searchsorted(BIN_FROM_S, shortest_s.ravel(), side="right").astype(np.int64)


# ---- small parts -------------------------------------------------------------------------------------------


def add(sums: Any, slots: tuple[int, ...], column: int, amount: float) -> None:
    for slot in slots:
        sums[slot * WIDTH + column] += amount


def count(place: Place, counts: Any, slots: tuple[int, ...], duration_s: float) -> None:
    """Count a duration: the first bin holds all below LOWEST_S, each later one is a factor GROWTH wide."""
    at = 0
    if duration_s >= LONGEST_S:
        at = place.bins - 1
    elif duration_s >= LOWEST_S:
        mantissa, exponent = math.frexp(duration_s)
        at = place.bin_near[exponent * PARTS_OF_OCTAVE + int(mantissa * 2 * PARTS_OF_OCTAVE) + NEAR_FROM]
        while at < place.bins - 1 and duration_s >= place.bin_from_s[at]:
            at += 1
    for slot in slots:
        if slot != place.nowhere:
            counts[slot * place.bins + at] += 1


def hour_of_day(place: Place, time_s: float) -> int:
    """Hour of the local clock, 0 to 23."""
    return int(time_s + place.start_of_week_s) // 3600 % 24


def is_reported(place: Place, time_s: float) -> bool:
    """Whether what begins then belongs to the report: from the end of warm-up until before the horizon."""
    return place.report_from_s <= time_s < place.report_to_s


def or_never(time_s: float) -> float:
    """A clock point; infinite where it did not happen."""
    return time_s if time_s == time_s else inf


def clipped_s(place: Place, from_s: float, to_s: float) -> float:
    """How much of a stretch of time is within the reported time."""
    from_s = min(max(from_s, place.report_from_s), place.report_to_s)
    return min(max(to_s, place.report_from_s), place.report_to_s) - from_s


def incident_slots(place: Place, regency: int, kind: int, time_s: float) -> tuple[int, int, int, int]:
    """Where incidents, or people who tell of them, count: what is no emergency counts by kind only."""
    by_kind = place.kind + kind
    if not place.kind_is_emergency[kind]:
        return by_kind, place.nowhere, place.nowhere, place.nowhere
    return by_kind, place.province, place.regency + regency, place.hour + hour_of_day(place, time_s)


# ---- calls -------------------------------------------------------------------------------------------------


def look_ahead(place: Place, calls: Asked, log: Happened, notes: Notes) -> None:
    """Note what a call's row cannot know: whether the dial was passed on, and what came of the incident."""
    for row in range(len(log.call_caller)):
        caller, desk = log.call_caller[row], log.call_desk[row]
        notes.first_row[desk + 1] += 1
        before = notes.last_call[caller]
        notes.last_call[caller] = row
        if before == NONE:
            notes.is_first[row] = True
            notes.tried_112[caller] = log.call_dial[row] < calls.dial_second[caller]
        elif log.call_dial[before] == log.call_dial[row]:
            notes.is_passed_on[before] = True
        incident = calls.caller_incident[caller]
        notes.incident[row] = incident
        if incident == NONE:
            continue
        notes.picked_s[incident] = min(notes.picked_s[incident], or_never(log.call_picked_s[row]))
        ticket_s = or_never(log.call_ticket_s[row])
        if ticket_s < inf:
            notes.answered_s[incident] = min(notes.answered_s[incident], or_never(log.call_answered_s[row]))
            if place.desk_agency[desk] == NONE and ticket_s < notes.ticket_112_s[incident]:
                notes.ticket_112_s[incident], notes.ticket_112_desk[incident] = ticket_s, desk
    for desk in range(len(place.desk_agency)):
        notes.first_row[desk + 1] += notes.first_row[desk]


def walk_calls(place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally) -> None:
    nowhere = place.nowhere
    for row in range(len(log.call_caller)):
        note_spells(place, log, notes, row)
        caller = log.call_caller[row]
        if not is_reported(place, calls.caller_start_s[caller]):
            continue
        desk, kind, regency = log.call_desk[row], calls.caller_kind[caller], calls.caller_regency[caller]
        service, hour = place.desk_agency[desk] + 1, hour_of_day(place, log.call_offered_s[row])
        at_112 = place.regency_112 + regency if service == 0 else nowhere
        cells = (
            desk,
            place.service_cells + service * place.regencies + regency,
            place.kind_cells + kind,
            (place.hour_cells + hour),
        )
        slots = (
            place.desk + desk,
            place.province,
            place.regency + regency,
            at_112,
            place.service + service,
            (place.kind + kind),
            place.hour + hour,
        )
        if notes.is_passed_on[row]:
            cells = desk, place.no_cell, place.no_cell, place.no_cell
            slots = place.desk + desk, nowhere, nowhere, nowhere, nowhere, nowhere, nowhere
        note_call(place, calls, log, notes, tally, row, cells, slots)
        if log.call_outcome[row] == IS_ANSWERED:
            tally.answered_by_kind[desk * place.kinds + kind] += 1
    add_calls(place, notes, tally)


def note_call(
    place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally, row: int, cells: tuple[int, ...],
    slots: tuple[int, ...],
) -> None:  # fmt: skip
    """Note how one attempt at a desk went, in the cells of its desk, service and regency, kind, and hour."""
    caller, dial, outcome = log.call_caller[row], log.call_dial[row], log.call_outcome[row]
    queued_s, picked_s, answered_s = log.call_queued_s[row], log.call_picked_s[row], log.call_answered_s[row]
    incident = notes.incident[row]
    delay_s = talk_s = handle_s = 0.0
    stage, is_within, wait = 0, 0, NO_WAIT
    if answered_s == answered_s:
        delay_s = answered_s - queued_s
        count(place, tally.answer_delay_s, slots, delay_s)
        stage, is_within = ANSWERED_STAGE, int(delay_s <= place.answered_within_s)
        if log.call_talk_end_s[row] == log.call_talk_end_s[row]:
            talk_s = log.call_talk_end_s[row] - answered_s
            stage = TALKED_STAGE
            if log.call_free_s[row] == log.call_free_s[row]:
                handle_s = log.call_free_s[row] - answered_s
                stage = FREED_STAGE
    wait_s = (log.call_left_s[row] if outcome == IS_ABANDONED else picked_s) - queued_s
    if wait_s > 0:
        wait = WAITED_SOME
        count(place, tally.wait_s, slots, wait_s)
    elif wait_s == 0:
        wait = WAITED_NOT
    else:
        wait_s = 0.0
    ending = outcome
    if outcome == IS_ANSWERED and incident != NONE:
        ending = IS_GENUINE_112 if place.desk_agency[log.call_desk[row]] == NONE else IS_GENUINE
    course = FIRST_COURSE + ((ending * STAGES + stage) * 2 + is_within) * 3 + wait
    for cell in cells:
        first = cell * NOTED
        notes.cells[first + DELAY_S] += delay_s
        notes.cells[first + WAIT_S] += wait_s
        notes.cells[first + TALK_S] += talk_s
        notes.cells[first + HANDLE_S] += handle_s
        notes.cells[first + course] += 1.0

    found_nobody = IS_BLOCKED_OUTAGE <= outcome <= IS_BLOCKED_LINES
    found_nobody = found_nobody or (queued_s == queued_s and picked_s != queued_s)
    if found_nobody:
        note(notes.cells, cells, NOBODY)
    if log.call_hop[row] == 0 and not notes.is_first[row]:
        if dial != calls.dial_second[caller]:
            note(notes.cells, cells, REDIAL)
        elif notes.tried_112[caller]:
            note(notes.cells, cells, FALLBACK)
    if incident != NONE and notes.picked_s[incident] >= log.call_offered_s[row]:
        count_news(place, calls, notes, tally, caller, found_nobody)


def note(cells: Any, at: tuple[int, ...], what: int) -> None:
    for cell in at:
        cells[cell * NOTED + what] += 1.0


def add_calls(place: Place, notes: Notes, tally: Tally) -> None:
    """Add what is noted in cells to the sums of all that it counts for."""
    nowhere = place.nowhere
    for cell in range(place.no_cell):
        slots = place.desk + cell, nowhere, nowhere, nowhere
        if cell >= place.hour_cells:
            slots = place.hour + cell - place.hour_cells, nowhere, nowhere, nowhere
        elif cell >= place.kind_cells:
            slots = place.kind + cell - place.kind_cells, nowhere, nowhere, nowhere
        elif cell >= place.service_cells:
            service = (cell - place.service_cells) // place.regencies
            regency = (cell - place.service_cells) % place.regencies
            at_112 = place.regency_112 + regency if service == 0 else nowhere
            slots = place.service + service, place.province, place.regency + regency, at_112
        for what in range(NOTED):
            amount = notes.cells[cell * NOTED + what]
            if amount and what < FIRST_COURSE:
                add(tally.sums, slots, MEANING[what], amount)
            elif amount:
                add_course(place, tally, slots, what - FIRST_COURSE, amount)


def add_course(place: Place, tally: Tally, slots: tuple[int, ...], course: int, amount: float) -> None:
    """Add so many calls that all went one way."""
    sums = tally.sums
    outcome, stage, is_within, wait = course // 6 // STAGES, course // 6 % STAGES, course // 3 % 2, course % 3
    add(sums, slots, ENDING[outcome], amount)
    if outcome != IS_BARRED:
        add(sums, slots, OFFERED, amount)
        if outcome != IS_HUNG_UP:
            add(sums, slots, OFFERED_STAYED, amount)
    if IS_BLOCKED_OUTAGE <= outcome <= IS_BLOCKED_LINES:
        add(sums, slots, BLOCKED, amount)
    if outcome in (IS_GENUINE, IS_GENUINE_112):
        add(sums, slots, GENUINE_ANSWERED, amount)
        if outcome == IS_GENUINE_112:
            add(sums, slots, GENUINE_ANSWERED_112, amount)
    if stage >= ANSWERED_STAGE:
        add(sums, slots, ANSWERS, amount)
    if stage >= TALKED_STAGE:
        add(sums, slots, TALKS, amount)
    if stage >= FREED_STAGE:
        add(sums, slots, HANDLES, amount)
    if is_within:
        add(sums, slots, ANSWERED_WITHIN, amount)
    if wait != NO_WAIT:
        add(sums, slots, WAITS, amount)
    if wait == WAITED_NOT:
        for slot in slots:
            if slot != place.nowhere:
                tally.wait_s[slot * place.bins] += int(amount)
    elif wait == WAITED_SOME:
        add(sums, slots, WAITED, amount)


def count_news(
    place: Place, calls: Asked, notes: Notes, tally: Tally, caller: int, found_nobody: bool
) -> None:
    """Count a person with news of an incident once, and once if they ever find nobody."""
    if notes.had_news[caller] and (notes.found_nobody[caller] or not found_nobody):
        return
    slots = incident_slots(
        place, calls.caller_regency[caller], calls.caller_kind[caller], calls.caller_start_s[caller]
    )
    if not notes.had_news[caller]:
        add(tally.sums, slots, PEOPLE_WITH_NEWS, 1.0)
        notes.had_news[caller] = True
    if found_nobody:
        add(tally.sums, slots, NEWS_FOUND_NOBODY, 1.0)
        notes.found_nobody[caller] = True


# ---- time at the desks -------------------------------------------------------------------------------------


def note_spells(place: Place, log: Happened, notes: Notes, row: int) -> None:
    """Note when a call takes people and a line at its desk, and when it gives them back."""
    desk, outcome = log.call_desk[row], log.call_outcome[row]
    first, spells = notes.first_row[desk], 3 * desk
    if log.call_picked_s[row] == log.call_picked_s[row]:
        at = 2 * first + notes.spells[spells + PEOPLE]
        notes.people_from_s[at] = log.call_picked_s[row]
        notes.people_to_s[at] = min(or_never(log.call_free_s[row]), place.end_s)
        notes.spells[spells + PEOPLE] += 1
    handler = log.call_handler[row]
    if handler in (BY_DISPATCHER, BY_IDLE_CALL_TAKER):
        start_s = log.call_dispatch_start_s[row]
        stop_s = min(or_never(log.call_dispatch_end_s[row]), place.end_s)
        if start_s == start_s and handler == BY_DISPATCHER:
            at = first + notes.spells[spells + DISPATCHERS]
            notes.dispatchers_from_s[at], notes.dispatchers_to_s[at] = start_s, stop_s
            notes.spells[spells + DISPATCHERS] += 1
        elif start_s == start_s:
            at = 2 * first + notes.spells[spells + PEOPLE]
            notes.people_from_s[at], notes.people_to_s[at] = start_s, stop_s
            notes.spells[spells + PEOPLE] += 1
    if outcome == IS_UNFINISHED or outcome >= IS_HUNG_UP:
        at = first + notes.spells[spells + LINES]
        left_s = log.call_left_s[row]
        notes.lines_from_s[at] = log.call_offered_s[row]
        notes.lines_to_s[at] = min(
            or_never(left_s if left_s == left_s else log.call_talk_end_s[row]), place.end_s
        )
        notes.spells[spells + LINES] += 1


def walk_desks(place: Place, notes: Notes, tally: Tally) -> None:
    """Sum the time of people and lines, clipped to the reported time, whoever the call belongs to."""
    sums = tally.sums
    for desk in range(len(place.desk_agency)):
        slots = place.desk + desk, place.service + place.desk_agency[desk] + 1, place.province
        first = notes.first_row[desk]
        for what in (PEOPLE, DISPATCHERS, LINES):
            spells = notes.spells[3 * desk + what]
            if what == PEOPLE:
                busy_s, beyond_s, _ = times_of(
                    place, notes.people_from_s, notes.people_to_s, 2 * first, spells, notes.spare_s,
                    place.call_takers_from_s, place.call_takers,
                    place.call_takers_start[desk], place.call_takers_start[desk + 1],
                )  # fmt: skip
                add(sums, slots, CALL_TAKER_BUSY_S, busy_s)
                add(sums, slots, CALL_TAKER_SIGNED_IN_S, beyond_s)  # the rostered are signed in already
                add(sums, slots, OVERTIME_S, beyond_s)
            elif what == DISPATCHERS:
                busy_s, beyond_s, _ = times_of(
                    place, notes.dispatchers_from_s, notes.dispatchers_to_s, first, spells, notes.spare_s,
                    place.dispatchers_from_s, place.dispatchers,
                    place.dispatchers_start[desk], place.dispatchers_start[desk + 1],
                )  # fmt: skip
                add(sums, slots, DISPATCHER_BUSY_S, busy_s)
                add(sums, slots, DISPATCHER_SIGNED_IN_S, beyond_s)
            else:
                held_s, _, full_s = times_of(
                    place, notes.lines_from_s, notes.lines_to_s, first, spells, notes.spare_s,
                    place.lines_from_s, place.desk_lines, desk, desk + 1,
                )  # fmt: skip
                add(sums, slots, LINE_HELD_S, held_s)
                add(sums, slots, ALL_LINES_BUSY_S, full_s)


def times_of(
    place: Place, from_s: Any, to_s: Any, first: int, spells: int, spare_s: Any,
    limit_from_s: Any, limit: Any, first_step: int, end_step: int,
) -> tuple[float, float, float]:  # fmt: skip
    """How long things are taken, how long beyond a limit, and how long the limit is reached.

    Each of the spells takes one thing at ``from_s`` and gives one back at ``to_s``; sorts both. The limit
    steps in time, and is 0 before. The first two are sums over things, the last is plain time.
    """
    sort(from_s, first, spells, spare_s)
    sort(to_s, first, spells, spare_s)
    taken_s = beyond_s = full_s = 0.0
    now_s = place.report_from_s
    taken, most = 0, 0
    rise, fall, step, end = first, first, first_step, first + spells
    while now_s < place.report_to_s:
        next_s = inf
        if rise < end:
            next_s = from_s[rise]
        if fall < end:
            next_s = min(next_s, to_s[fall])
        if step < end_step:
            next_s = min(next_s, limit_from_s[step])
        if next_s > now_s:
            lasts_s = min(next_s, place.report_to_s) - now_s
            taken_s += taken * lasts_s
            if taken >= most:
                full_s += lasts_s
                beyond_s += (taken - most) * lasts_s
            now_s += lasts_s
        if rise < end and from_s[rise] <= next_s:
            taken += 1
            rise += 1
        if fall < end and to_s[fall] <= next_s:
            taken -= 1
            fall += 1
        if step < end_step and limit_from_s[step] <= next_s:
            most = limit[step]
            step += 1
    return taken_s, beyond_s, full_s


RUN = 16
"""How many values are sorted by insertion before sorted runs are merged."""


def sort(values: Any, first: int, size: int, spare: Any) -> None:
    """Sort ``values[first : first + size]``, fast where they are nearly in order, as times of calls are.

    Insertion makes runs, and runs are merged where they overlap; n log n for any order.
    """
    end = first + size
    for low in range(first, end, RUN):
        for at in range(low + 1, min(low + RUN, end)):
            value = values[at]
            to = at
            while to > low and values[to - 1] > value:
                values[to] = values[to - 1]
                to -= 1
            values[to] = value
    width = RUN
    while width < size:
        for low in range(first, end - width, 2 * width):
            merge(values, low, low + width, min(low + 2 * width, end), spare)
        width *= 2


def merge(values: Any, low: int, middle: int, high: int, spare: Any) -> None:
    """Merge the sorted ``values[low : middle]`` and ``values[middle : high]``, as far as they overlap."""
    left = middle
    while left > low and values[left - 1] > values[middle]:
        left -= 1
        spare[left - low] = values[left]
    # values[left : middle] stand aside, and go back among those after the middle
    right, at = middle, left
    while left < middle:
        if right < high and values[right] < spare[left - low]:
            values[at] = values[right]
            right += 1
        else:
            values[at] = spare[left - low]
            left += 1
        at += 1


# ---- incidents, agencies and units -------------------------------------------------------------------------


def walk_incidents(place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally) -> None:
    for row in range(len(log.job_need)):
        notes.job[log.job_need[row]] = row
    sums = tally.sums
    for incident in range(len(calls.incident_kind)):
        noticed_s, kind = calls.incident_noticed_s[incident], calls.incident_kind[incident]
        if not is_reported(place, noticed_s):
            continue
        slots = incident_slots(place, calls.incident_regency[incident], kind, noticed_s)
        add(sums, slots, INCIDENTS, 1.0)
        if place.kind_is_emergency[kind] and notes.ticket_112_s[incident] < inf:
            at_desk = place.desk + notes.ticket_112_desk[incident]
            at_regency = place.regency_112 + calls.incident_regency[incident]
            at_112 = place.province, place.service, at_desk, at_regency
            add(sums, at_112, EMERGENCIES_REPORTED_112, 1.0)
        if calls.need_start[incident] < calls.need_start[incident + 1]:
            count_incident(place, calls, log, notes, tally, incident, slots)


def count_incident(
    place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally, incident: int,
    slots: tuple[int, ...],
) -> None:  # fmt: skip
    """Add an incident that needs some agency to the sums of all that it counts for."""
    sums = tally.sums
    noticed_s = calls.incident_noticed_s[incident]
    first_alert_s = response_s = assigned_s = inf
    last_alert_s = complete_s = -inf
    some_within, all_within = False, True
    for need in range(calls.need_start[incident], calls.need_start[incident + 1]):
        job = notes.job[need]
        alert_s = arrival_s = inf
        if job != NONE:
            alert_s = or_never(log.job_alerted_s[job]) - noticed_s
            arrival_s = or_never(log.job_on_scene_s[job]) - noticed_s
            assigned_s = min(assigned_s, or_never(log.job_assigned_s[job]))
        is_within = arrival_s <= place.target_s[calls.need_agency[need]]
        first_alert_s, last_alert_s = min(first_alert_s, alert_s), max(last_alert_s, alert_s)
        response_s, complete_s = min(response_s, arrival_s), max(complete_s, arrival_s)
        some_within, all_within = some_within or is_within, all_within and is_within
        count_need(place, calls, log, tally, incident, need, job, alert_s, arrival_s, is_within)

    alert_capped_s = min(last_alert_s, place.alert_cap_s)
    response_capped_s = min(response_s, place.response_cap_s)
    complete_capped_s = min(complete_s, place.response_cap_s)
    answered_s = notes.answered_s[incident]
    add(sums, slots, NEEDING, 1.0)
    add(sums, slots, FIRST_ALERT_CAPPED_SUM_S, min(first_alert_s, place.alert_cap_s))
    add(sums, slots, ALERT_CAPPED_SUM_S, alert_capped_s)
    add(sums, slots, RESPONSE_CAPPED_SUM_S, response_capped_s)
    add(sums, slots, ALL_AGENCIES_CAPPED_SUM_S, complete_capped_s)
    if not answered_s < inf:
        add(sums, slots, UNREPORTED, 1.0)
    if not answered_s < inf or not response_s <= place.response_cap_s:
        add(sums, slots, LOST, 1.0)
    if last_alert_s < inf:
        add(sums, slots, FULLY_ALERTED, 1.0)
    if assigned_s < inf and answered_s < inf:
        add(sums, slots, PROCESSED, 1.0)
        add(sums, slots, PROCESSING_SUM_S, assigned_s - answered_s)
    if response_s < inf:
        add(sums, slots, REACHED, 1.0)
        add(sums, slots, RESPONSE_SUM_S, response_s)
    else:
        add(sums, slots, UNSERVED, 1.0)
    if some_within:
        add(sums, slots, REACHED_WITHIN, 1.0)
    if all_within:
        add(sums, slots, ALL_REACHED_WITHIN, 1.0)
    if place.kind_life_threatening[calls.incident_kind[incident]]:
        add(sums, slots, LIFE, 1.0)
        add(sums, slots, LIFE_ALERT_CAPPED_SUM_S, alert_capped_s)
        add(sums, slots, LIFE_RESPONSE_CAPPED_SUM_S, response_capped_s)
        if some_within:
            add(sums, slots, LIFE_REACHED_WITHIN, 1.0)
    count(place, tally.alert_s, slots, alert_capped_s)
    count(place, tally.response_s, slots, response_capped_s)
    count(place, tally.all_agencies_s, slots, complete_capped_s)


def count_need(
    place: Place, calls: Asked, log: Happened, tally: Tally, incident: int, need: int, job: int,
    alert_s: float, arrival_s: float, is_within: bool,
) -> None:  # fmt: skip
    """Add what one agency did at an incident: for those in need, and (whatever the kind) for its units."""
    sums = tally.sums
    regency, agency = calls.incident_regency[incident], calls.need_agency[need]
    by_kind = place.kind + calls.incident_kind[incident]
    by_agency = place.agency_regency + agency * place.regencies + regency
    of_units = by_kind, place.province, place.regency + regency, place.agency + agency, by_agency
    of_people = of_units
    if not place.kind_is_emergency[calls.incident_kind[incident]]:
        of_people = by_kind, place.nowhere, place.nowhere, place.nowhere, place.nowhere

    add(sums, of_people, NEEDS, 1.0)
    add(sums, of_people, NEED_ALERT_CAPPED_SUM_S, min(alert_s, place.alert_cap_s))
    add(sums, of_people, NEED_RESPONSE_CAPPED_SUM_S, min(arrival_s, place.response_cap_s))
    if is_within:
        add(sums, of_people, NEED_REACHED_WITHIN, 1.0)
    if job == NONE:
        return
    if log.job_notice[job]:
        add(sums, of_people, NEED_NOTICED, 1.0)
    alerted_s, assigned_s = or_never(log.job_alerted_s[job]), or_never(log.job_assigned_s[job])
    rolling_s, on_scene_s = or_never(log.job_rolling_s[job]), or_never(log.job_on_scene_s[job])
    available_s = or_never(log.job_available_s[job])
    leaves_s = min(or_never(log.job_leave_scene_s[job]), available_s)
    if alerted_s < inf:
        add(sums, of_people, ALERTED, 1.0)
        if assigned_s != alerted_s:
            add(sums, of_people, UNIT_WAITED, 1.0)
    if alerted_s < inf and assigned_s < inf:
        add(sums, of_people, ASSIGNED, 1.0)
        add(sums, of_people, UNIT_WAIT_SUM_S, assigned_s - alerted_s)
    if rolling_s < inf:
        add(sums, of_units, TRIPS, 1.0)
        unit = log.job_unit[job]
        if unit != NONE and place.unit_regency[unit] != regency:
            add(sums, of_units, AID_TRIPS, 1.0)
    if assigned_s < inf and rolling_s < inf:
        add(sums, of_units, TURNOUTS, 1.0)
        add(sums, of_units, TURNOUT_SUM_S, rolling_s - assigned_s)
    if rolling_s < inf and on_scene_s < inf:
        add(sums, of_units, TRAVELS, 1.0)
        add(sums, of_units, TRAVEL_SUM_S, on_scene_s - rolling_s)
    if on_scene_s < inf and leaves_s < inf:
        add(sums, of_units, ON_SCENES, 1.0)
        add(sums, of_units, ON_SCENE_SUM_S, leaves_s - on_scene_s)
    if assigned_s < inf and available_s < inf and log.job_outcome[job] == IS_SERVED:
        add(sums, of_units, JOBS_DONE, 1.0)
        add(sums, of_units, JOB_SUM_S, available_s - assigned_s)


def walk_units(place: Place, log: Happened, tally: Tally) -> None:
    """Sum the busy time of units within the reported time."""
    for job in range(len(log.job_need)):
        unit, assigned_s = log.job_unit[job], log.job_assigned_s[job]
        if unit == NONE or assigned_s != assigned_s:
            continue
        agency, regency = place.unit_agency[unit], place.unit_regency[unit]
        by_agency = place.agency_regency + agency * place.regencies + regency
        slots = place.province, place.regency + regency, place.agency + agency, by_agency
        until_s = min(or_never(log.job_available_s[job]), place.end_s)
        add(tally.sums, slots, UNIT_BUSY_S, clipped_s(place, assigned_s, until_s))


# ---- both ways to run --------------------------------------------------------------------------------------


def walk(place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally) -> None:
    """Walk a log once and add all that happened to the tally."""
    look_ahead(place, calls, log, notes)
    walk_calls(place, calls, log, notes, tally)
    walk_desks(place, notes, tally)
    walk_incidents(place, calls, log, notes, tally)
    walk_units(place, log, tally)


def walk_on_lists(place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally) -> None:
    """The same without a compiler, several times faster than Python would read arrays."""
    sums, answered = tally.sums.tolist(), tally.answered_by_kind.tolist()
    on_lists = tally._replace(sums=sums, answered_by_kind=answered)
    walk(as_lists(place), as_lists(calls), as_lists(log), as_lists(notes), on_lists)
    tally.sums[:], tally.answered_by_kind[:] = sums, answered


def as_lists(columns: Any) -> Any:
    """The same columns as lists."""
    return type(columns)(*(c.tolist() if isinstance(c, np.ndarray) else c for c in columns))


def walker() -> Callable[[Place, Asked, Happened, Notes, Tally], None]:
    """Measuring goes with the simulation: machine code where the compiled engine is in use, else lists."""
    return machine_code() if compiled.machine_code.cache_info().currsize else walk_on_lists


@cache
def machine_code() -> Callable[[Place, Asked, Happened, Notes, Tally], None]:
    """``walk``, compiled at its first call or loaded from disk, with what it calls as parts of it."""
    import numba

    folder = next(filter(compiled.is_writable, cache_folders()), None)
    config: Any = numba.config
    scope = dict(globals())
    options: dict[str, Any] = dict(nogil=True, _nrt=False)
    for name, function in globals().items():
        if isfunction(function) and function.__module__ == __name__ and name in PARTS:
            part = FunctionType(function.__code__, scope, name)
            hidden: dict[str, Any] = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)
            scope[name] = numba.njit(forceinline=name in INLINED, **hidden)(part)
    told, config.CACHE_DIR = config.CACHE_DIR, str(folder or "")  # read where a function is declared
    try:
        whole = FunctionType(walk.__code__, scope, walk.__name__)
        code: Callable[[Place, Asked, Happened, Notes, Tally], None] = numba.njit(
            cache=folder is not None, **options
        )(whole)
    finally:
        config.CACHE_DIR = told
    return code


PARTS = {
    *(
        "add",
        "count",
        "note",
        "hour_of_day",
        "is_reported",
        "or_never",
        "clipped_s",
        "incident_slots",
        "look_ahead",
    ),
    *(
        "walk_calls",
        "note_call",
        "add_calls",
        "add_course",
        "count_news",
        "note_spells",
        "walk_desks",
        "times_of",
        "sort",
        "merge",
    ),
    *("walk_incidents", "count_incident", "count_need", "walk_units"),
}
"""The functions that are compiled as parts of ``walk``."""


INLINED = {"count", "note", "hour_of_day", "is_reported", "or_never"}
"""Those put in place of each call."""


def is_compiled() -> bool:
    """Whether machine code of this very version is on disk."""
    return any(any(folder.glob("*/*.walk-*.nbc")) for folder in cache_folders())


def cache_folders() -> Sequence[Path]:
    """Where the machine code may be kept, best first: in the engine's folders, by a digest of the sources."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"\0".join((here / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    return [folder / f"measures-{digest}" for folder in compiled.cache_folders()]
