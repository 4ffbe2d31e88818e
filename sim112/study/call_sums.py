"""The walk over calls: how each attempt went, for its desk, regency, kind and hour."""

from __future__ import annotations

from math import inf
from typing import Any

from sim112.engine.contract import NONE, Outcome
from sim112.study.definitions import COLUMNS, HOUR_COLUMNS
from sim112.study.desk_sums import note_spells
from sim112.study.walk_sums import add, count, hour_of_day, incident_slots, is_reported, or_never
from sim112.study.walk_tables import Asked, Happened, Notes, Place, Tally

(
    OFFERED, OFFERED_STAYED, BLOCKED, ANSWERS, ANSWERED_WITHIN, WAITS, WAITED, TALKS, HANDLES,
    GENUINE_ANSWERED, GENUINE_ANSWERED_112, PEOPLE_WITH_NEWS, NEWS_FOUND_NOBODY,
) = map(COLUMNS.index, (
    "offered", "offered_stayed", "blocked", "answers", "answered_within", "waits", "waited", "talks",
    "handles", "genuine_answered", "genuine_answered_112", "people_with_news", "news_found_nobody",
))  # fmt: skip
HOUR_WIDTH = len(HOUR_COLUMNS)
(
    HOUR_OFFERED, HOUR_OFFERED_STAYED, HOUR_BLOCKED, HOUR_ABANDONED, HOUR_ANSWERED_WITHIN, HOUR_WAITS,
    HOUR_WAITED, HOUR_WAIT_SUM_S,
) = map(HOUR_COLUMNS.index, (
    "offered", "offered_stayed", "blocked", "abandoned", "answered_within", "waits", "waited", "wait_sum_s",
))  # fmt: skip

IS_BARRED, IS_HUNG_UP, IS_ABANDONED = int(Outcome.BARRED), int(Outcome.HUNG_UP), int(Outcome.ABANDONED)
IS_BLOCKED_OUTAGE, IS_BLOCKED_LINES = int(Outcome.BLOCKED_OUTAGE), int(Outcome.BLOCKED_LINES)
IS_ANSWERED = int(Outcome.ANSWERED)

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
            notes.is_first[row] = notes.is_first[before]
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
    # calls come in the order of their offers, and so do hours
    hour_of_report, hour_ends_s = 0, place.report_from_s + 3600.0
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
        by_hour = NONE
        offered_s = log.call_offered_s[row]
        if offered_s < place.report_to_s and not notes.is_passed_on[row]:
            while offered_s >= hour_ends_s:
                hour_ends_s += 3600.0
                hour_of_report += 1
                if hour_of_report == place.hours:  # after a week the hours begin anew
                    hour_of_report = 0
            by_hour = (service * place.hours + hour_of_report) * HOUR_WIDTH
        if notes.is_passed_on[row]:
            cells = desk, place.no_cell, place.no_cell, place.no_cell
            slots = place.desk + desk, nowhere, nowhere, nowhere, nowhere, nowhere, nowhere
        note_call(place, calls, log, notes, tally, row, cells, slots, by_hour)
        if log.call_outcome[row] == IS_ANSWERED:
            tally.answered_by_kind[desk * place.kinds + kind] += 1
    add_calls(place, notes, tally)


def note_call(
    place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally, row: int, cells: tuple[int, ...],
    slots: tuple[int, ...], by_hour: int,
) -> None:  # fmt: skip
    """Note how one attempt at a desk went, in the cells of its desk, service and regency, kind, and hour.

    ``by_hour`` is where the sums of its hour of the report begin, -1 where it counts in none.
    """
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
    if by_hour != NONE and outcome != IS_BARRED:
        note_hour(tally.by_hour, by_hour, outcome, is_within, wait, wait_s)
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

    is_blocked = IS_BLOCKED_OUTAGE <= outcome <= IS_BLOCKED_LINES
    found_nobody = is_blocked or (queued_s == queued_s and picked_s != queued_s)
    if found_nobody:
        note(notes.cells, cells, NOBODY)
    if not notes.is_first[row]:
        if dial != calls.dial_second[caller]:
            note(notes.cells, cells, REDIAL)
        elif notes.tried_112[caller]:
            note(notes.cells, cells, FALLBACK)
    if incident != NONE and notes.picked_s[incident] >= log.call_offered_s[row]:
        # who overflows is blocked at one desk, and finds somebody or nobody at the next
        overflows = is_blocked and notes.is_passed_on[row]
        count_news(place, calls, notes, tally, caller, found_nobody and not overflows)


def note_hour(by_hour: Any, first: int, outcome: int, is_within: int, wait: int, wait_s: float) -> None:
    """Add an offered call to the sums of its hour, as ``add_course`` adds it to all others."""
    by_hour[first + HOUR_OFFERED] += 1.0
    if outcome != IS_HUNG_UP:
        by_hour[first + HOUR_OFFERED_STAYED] += 1.0
    if IS_BLOCKED_OUTAGE <= outcome <= IS_BLOCKED_LINES:
        by_hour[first + HOUR_BLOCKED] += 1.0
    if outcome == IS_ABANDONED:
        by_hour[first + HOUR_ABANDONED] += 1.0
    if is_within:
        by_hour[first + HOUR_ANSWERED_WITHIN] += 1.0
    if wait != NO_WAIT:
        by_hour[first + HOUR_WAITS] += 1.0
    if wait == WAITED_SOME:
        by_hour[first + HOUR_WAITED] += 1.0
        by_hour[first + HOUR_WAIT_SUM_S] += wait_s


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
