"""Time at the desks: how long people and lines are taken, beyond their limit, or all at once."""

from __future__ import annotations

from math import inf
from typing import Any

from sim112.engine.contract import Handler, Outcome
from sim112.study.definitions import COLUMNS, MOST_LINES
from sim112.study.walk_sums import add, or_never
from sim112.study.walk_tables import Happened, Notes, Place, Tally

(
    CALL_TAKER_BUSY_S, CALL_TAKER_SIGNED_IN_S, OVERTIME_S, DISPATCHER_BUSY_S, DISPATCHER_SIGNED_IN_S,
    LINE_HELD_S, ALL_LINES_BUSY_S,
) = map(COLUMNS.index, (
    "call_taker_busy_s", "call_taker_signed_in_s", "overtime_s", "dispatcher_busy_s",
    "dispatcher_signed_in_s", "line_held_s", "all_lines_busy_s",
))  # fmt: skip

DESK_TIMES = (
    CALL_TAKER_BUSY_S, CALL_TAKER_SIGNED_IN_S, OVERTIME_S, DISPATCHER_BUSY_S, DISPATCHER_SIGNED_IN_S,
    LINE_HELD_S, ALL_LINES_BUSY_S,
)  # fmt: skip
"""Columns that are summed by desk, service and province."""

IS_UNFINISHED, FIRST_WITH_LINE = int(Outcome.UNFINISHED), int(Outcome.HUNG_UP)
BY_DISPATCHER, BY_IDLE_CALL_TAKER = int(Handler.DISPATCHER), int(Handler.IDLE_CALL_TAKER)
PEOPLE, DISPATCHERS, LINES = 0, 1, 2


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
    if outcome == IS_UNFINISHED or outcome >= FIRST_WITH_LINE:
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
    untold = len(tally.lines_s) - MOST_LINES - 1
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
                    tally.lines_s, untold,
                )  # fmt: skip
                add(sums, slots, CALL_TAKER_BUSY_S, busy_s)
                add(sums, slots, CALL_TAKER_SIGNED_IN_S, beyond_s)  # the rostered are signed in already
                add(sums, slots, OVERTIME_S, beyond_s)
            elif what == DISPATCHERS:
                busy_s, beyond_s, _ = times_of(
                    place, notes.dispatchers_from_s, notes.dispatchers_to_s, first, spells, notes.spare_s,
                    place.dispatchers_from_s, place.dispatchers,
                    place.dispatchers_start[desk], place.dispatchers_start[desk + 1],
                    tally.lines_s, untold,
                )  # fmt: skip
                add(sums, slots, DISPATCHER_BUSY_S, busy_s)
                add(sums, slots, DISPATCHER_SIGNED_IN_S, beyond_s)
            else:
                held_s, _, full_s = times_of(
                    place, notes.lines_from_s, notes.lines_to_s, first, spells, notes.spare_s,
                    place.lines_from_s, place.desk_lines, desk, desk + 1,
                    tally.lines_s, (place.desk_agency[desk] + 1) * (MOST_LINES + 1),
                )  # fmt: skip
                add(sums, slots, LINE_HELD_S, held_s)
                add(sums, slots, ALL_LINES_BUSY_S, full_s)


def times_of(
    place: Place, from_s: Any, to_s: Any, first: int, spells: int, spare_s: Any,
    limit_from_s: Any, limit: Any, first_step: int, end_step: int, taken_s_by_number: Any, first_number: int,
) -> tuple[float, float, float]:  # fmt: skip
    """How long things are taken, how long beyond a limit, and how long the limit is reached.

    Each of the spells takes one thing at ``from_s`` and gives one back at ``to_s``; sorts both. The limit
    steps in time, and is 0 before. The first two are sums over things, the last is plain time. How long each
    number is taken is added from ``first_number`` on.
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
            taken_s_by_number[first_number + min(taken, MOST_LINES)] += lasts_s
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
