"""What the walk over a log reads and writes: columns of the world, of the calls, of the log, and notes.

Columns are arrays beside the compiled engine and lists beside the reference.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


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
    hours: int  # of the report that are told apart
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
    is_first: Any  # [calls] of the caller's first dial
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
    by_hour: Any  # [services, hours, HOUR_COLUMNS], flat
    answered_by_kind: Any  # [D, K], flat
    answer_delay_s: Any  # [slots, bins], flat, as are all below
    wait_s: Any
    alert_s: Any
    response_s: Any
    all_agencies_s: Any
    agency_response_s: Any  # [A, bins], flat
    alert_by_report_s: Any  # [REPORTS, bins], flat
    lines_s: Any  # [services + 1, MOST_LINES + 1], flat: so many lines of a desk held; the last row is waste


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
