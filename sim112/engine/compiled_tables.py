"""The compiled engine's tables: what the compiled loop reads and writes, as arrays of records.

A record holds what the loop needs of one thing (a caller, a desk, a unit) side by side, inputs and state, so
that an event touches few lines of memory and a function names what it reads as the reference engine does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from sim112.engine.contract import NONE, Bools, Calls, Floats, Ints, Log, World
from sim112.engine.rules import TURN_BITS

Records = NDArray[Any]

BLOCK = 2048
"""Rows copied between columns and records at a time: few enough to stay in the processor's cache."""

FIRST_TIMERS = 256
"""Room for timers at the start; it doubles when it may not do."""

MOST_CALLS = 1 << TURN_BITS
"""Attempts that the key of an event can tell apart."""

MOST_CALLS_AT_ONCE = 2
"""Rows of the log that one event may add: an attempt, and another where it overflows."""


def record_of(ints: str = "", floats: str = "", bools: str = "", *, int_type: str = "i8") -> np.dtype[Any]:
    """A record of these fields: indices and counts, times, and truths."""
    typed = [*((name, int_type) for name in ints.split()), *((name, "f8") for name in floats.split())]
    return np.dtype([*typed, *((name, "?") for name in bools.split())], align=True)


NARROW = "i4"
"""Callers and attempts are many: with short indices, more of those under way are in the processor's cache."""

CLOCK = record_of(
    "changes_done callers_started "  # rows taken from Simulation.changes and .starts
    "timers calls jobs grudges "  # rows in use of the tables of these names
    "waiting "  # callers and tickets in the lines of all desks
    "period "  # of travel times
    "most_needs "  # of one incident
    "hand_key",  # of the timer in hand
    "now_s end_s hand_s",
)
OPTIONS = record_of("hold_back", bools="fresh_crew assign_returning jobs_wait busy_drawn divert move_up")
TIMER = record_of("key", "time_s")
CHANGE = record_of("what subject value", "time_s")
START = record_of("caller", "time_s")
LINE = record_of("first last")  # of a linked list through the fields `before` and `after`
KIND = record_of(
    "priority ticket_level queue_level", bools="recognised"
)  # levels: ranks of priorities, from 0
DESK = record_of(
    "agency platform overflow bar_after lines lines_in_use waiting_callers waiting_tickets "
    "call_takers call_takers_busy call_takers_shift "  # rostered, busy, roster steps so far
    "dispatchers dispatchers_busy dispatchers_shift",
    "announcement_s bar_s",
    "is_open",
)
PLATFORM = record_of("channels in_use", bools="is_down")
UNIT = record_of(
    "agency regency group home base stage turn job "
    "back_job "  # the job that the way back belongs to
    "period origin destination",  # of the leg it drives, as in the reference
    "turnout_s busy_factor approach_s factor since_s",
)
CALLER = record_of(
    "incident kind regency agency wrong_regency number second_dial end_dial phase right dial call",
    "lookup_s pick_up_s talk_s short_talk_s transfer_talk_s after_call_s",
    "dials_112 on_112 is_astray is_news bars",
    int_type=NARROW,
)
INCIDENT = record_of(
    "kind regency zone first_need end_need "
    "last_report"  # the latest call that brought news of it to some desk
)
NEED = record_of(
    "incident agency",
    "handling_s notice_s turnout_s travel_factor on_scene_s handover_s busy_s",
    "transports is_alerted",
)
GRUDGE = record_of("desk answered next", "barred_until_s")  # what a desk holds against a number
LINKS = "line_id before after "  # of a place in a line
CALL = record_of(
    LINKS + "caller dial hop desk outcome handler shift handler_shift earlier_report",
    "offered_s queued_s picked_s answered_s left_s talk_end_s free_s "
    "ticket_s dispatch_start_s dispatch_end_s line_since_s",
    "known",
    int_type=NARROW,
)
JOB = record_of(
    LINKS + "need desk outcome unit assignments from_zone hospital priority level group kind scene",
    "alerted_s assigned_s rolling_s on_scene_s leave_scene_s at_hospital_s available_s back_s line_since_s",
    "notice",
)


class Simulation(NamedTuple):
    """All that one run reads and writes. A *group* is the units, or the jobs, of an agency in a regency."""

    clock: Records  # [1]
    options: Records  # [1]
    timers: Records  # a binary heap, and behind its end one that never comes
    changes: Records  # [C + 1] the last one never comes
    starts: Records  # [M + 1] callers by the time of their start; the last one never comes
    kinds: Records  # [K]
    desks: Records  # [D]
    platforms: Records  # [P]
    callers: Records  # [M]
    # columns of Calls as they are, because most dials are never used
    dial_patience_s: Floats  # [L]
    dial_hang_up_share: Floats  # [L]
    dial_redials_blocked: Bools  # [L]
    dial_redials_abandoned: Bools  # [L]
    dial_redial_delay_s: Floats  # [L]
    incidents: Records  # [I]
    needs: Records  # [N]
    units: Records  # [U]
    grudges: Records
    first_grudge: Ints  # by nuisance number
    calls: Records  # rows of Log.call_*
    jobs: Records  # [N] rows of Log.job_*
    queues: Records  # [D, levels] lines of callers
    tickets: Records  # [D, levels] lines of tickets
    waiting_jobs: Records  # [groups, levels] lines of jobs
    regency_desk: Ints  # [R]
    agency_desk: Ints  # [R, A]
    group_of: Ints  # [A, R]
    own_start: Ints  # [groups + 1] units of a group: own_unit[start[g] : start[g + 1]]
    own_unit: Ints
    candidate_start: Ints  # [groups + 1] units that may serve a job of the group, by id
    candidate_unit: Ints
    helps_start: Ints  # [R + 1] other regencies that a unit of a regency may serve
    helps_regency: Ints
    scene_approach_s: Floats  # [T, Z]
    travel_s: Floats  # [T, Z, Z]
    previous_zone: NDArray[np.int32]  # [T, Z, Z]
    hospital_for: Ints  # [K, T, Z]
    hospital_zone: Ints  # [H]
    unit_preference: Ints  # [Z, U] or, without preferences, [0, 0]


class CallerColumns(NamedTuple):
    """What is known of callers beforehand; compiled code makes records of it."""

    dial_start: Ints
    dial_second: Ints
    incident: Ints
    kind: Ints
    regency: Ints
    agency: Ints
    wrong_regency: Ints
    number: Ints
    lookup_s: Floats
    pick_up_s: Floats
    talk_s: Floats
    short_talk_s: Floats
    transfer_talk_s: Floats
    after_call_s: Floats
    dials_112: Bools


class CallColumns(NamedTuple):
    """``Log.call_*``; compiled code makes them of the records."""

    caller: Ints
    dial: Ints
    hop: Ints
    desk: Ints
    outcome: Ints
    offered_s: Floats
    queued_s: Floats
    picked_s: Floats
    answered_s: Floats
    left_s: Floats
    talk_end_s: Floats
    free_s: Floats
    known: Bools
    ticket_s: Floats
    handler: Ints
    dispatch_start_s: Floats
    dispatch_end_s: Floats


# ---- the world ---------------------------------------------------------------------------------------------


def to_records(kind: np.dtype[Any], rows: int, columns: Mapping[str, Any]) -> Records:
    """``rows`` records with these columns, arrays or single values; the other fields are 0."""
    records = np.zeros(rows, kind)
    for start in range(0, rows, BLOCK):
        block = slice(start, start + BLOCK)
        for name, column in columns.items():
            records[name][block] = column[block] if isinstance(column, np.ndarray) else column
    return records


def columns_of(arrays: World | Calls, prefix: str, names: str) -> dict[str, Any]:
    return {name: getattr(arrays, f"{prefix}_{name}") for name in names.split()}


def plain(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """The array as compiled code takes it; a copy where it is read-only, of another type or not contiguous.

    A read-only array, say, would be another type and have everything compiled anew.
    """
    return np.require(array, dtype, ["C", "A", "W"])


def levels_of(priority: Ints) -> tuple[Ints, int]:
    """The ranks of priorities among those that occur, and how many there are (at least 1)."""
    levels, rank = np.unique(priority, return_inverse=True)
    return rank.astype(np.int64), max(1, len(levels))


def lines(*shape: int) -> Records:
    empty = np.empty(shape, LINE)
    empty["first"] = empty["last"] = NONE
    return empty


def end_to_end(lists: list[list[int]]) -> tuple[Ints, Ints]:
    """Lists joined, with where each one starts and the last one ends."""
    start = np.cumsum([0, *map(len, lists)], dtype=np.int64)
    return start, np.array([value for values in lists for value in values], dtype=np.int64)


_tables_of_worlds: WeakKeyDictionary[World, dict[str, Any]] = WeakKeyDictionary()


def world_tables(world: World) -> dict[str, Any]:
    """The fields of ``Simulation`` that follow from the world; kept, as many replications share a world."""
    tables = _tables_of_worlds.get(world)
    if tables is None:
        tables = desk_tables(world) | fleet_tables(world)
        _tables_of_worlds[world] = tables
    return tables


def desk_tables(world: World) -> dict[str, Any]:
    ticket_level, ticket_levels = levels_of(world.kind_priority)
    queue_level, queue_levels = levels_of(world.kind_queue_priority)
    kinds = dict(priority=world.kind_priority, recognised=world.kind_recognised)
    levels = dict(ticket_level=ticket_level, queue_level=queue_level)
    desks = len(world.desk_name)
    never = dict(time_s=np.inf, what=NONE, subject=NONE, value=0)
    changes = {name: np.append(getattr(world, f"change_{name}"), last) for name, last in never.items()}
    channels = dict(channels=world.platform_channels)
    on_desks = "agency platform overflow bar_after lines announcement_s bar_s"
    return dict(
        changes=to_records(CHANGE, len(changes["time_s"]), changes),
        kinds=to_records(KIND, len(world.kind_name), kinds | levels),
        desks=to_records(DESK, desks, columns_of(world, "desk", on_desks)),
        platforms=to_records(PLATFORM, len(world.platform_name), channels),
        queues=lines(desks, queue_levels),
        tickets=lines(desks, ticket_levels),
        regency_desk=plain(world.regency_desk, np.int64),
        agency_desk=plain(world.regency_agency_desk, np.int64),
    )


def fleet_tables(world: World) -> dict[str, Any]:
    agencies, regencies = len(world.agency_name), len(world.regency_name)
    group_of = np.arange(agencies * regencies, dtype=np.int64).reshape(agencies, regencies)
    unit_group = group_of[world.unit_agency, world.unit_regency]
    own: list[list[int]] = [[] for _ in range(group_of.size)]
    for unit, group in enumerate(unit_group.tolist()):
        own[group].append(unit)
    neighbours: list[list[int]] = [[] for _ in range(regencies)]
    if world.mutual_aid:
        start, neighbour = world.neighbour_start.tolist(), world.neighbour_regency.tolist()
        neighbours = [neighbour[start[r] : start[r + 1]] for r in range(regencies)]
    candidates = [
        sorted(unit for s in [r, *neighbours[r]] for unit in own[group_of[a, s]])
        for a in range(agencies)
        for r in range(regencies)
    ]
    helps = [[r for r in range(regencies) if s in neighbours[r]] for s in range(regencies)]
    own_start, own_unit = end_to_end(own)
    candidate_start, candidate_unit = end_to_end(candidates)
    helps_start, helps_regency = end_to_end(helps)
    station = world.unit_zone
    units = columns_of(world, "unit", "agency regency turnout_s busy_factor")
    units |= dict(group=unit_group, home=station, base=station, job=NONE, back_job=NONE)
    units |= dict(origin=station, destination=station, factor=1.0)
    return dict(
        options=to_records(OPTIONS, 1, {name: getattr(world, name) for name in OPTIONS.names or ()}),
        units=to_records(UNIT, len(station), units),
        waiting_jobs=lines(group_of.size, levels_of(world.kind_priority)[1]),
        group_of=group_of,
        own_start=own_start,
        own_unit=own_unit,
        candidate_start=candidate_start,
        candidate_unit=candidate_unit,
        helps_start=helps_start,
        helps_regency=helps_regency,
        scene_approach_s=plain(world.scene_approach_s, np.float64),
        travel_s=plain(world.travel_s, np.float64),
        previous_zone=plain(world.previous_zone, np.int32),
        hospital_for=plain(world.hospital_for, np.int64),
        hospital_zone=plain(world.hospital_zone, np.int64),
        unit_preference=plain(world.unit_preference, np.int64),
    )


STATE_OF_WORLD = ("desks", "platforms", "units", "queues", "tickets", "waiting_jobs")
"""Tables of the world that a run changes: each run has its own copy."""


# ---- one run -----------------------------------------------------------------------------------------------


def simulation(world: World, calls: Calls) -> tuple[Simulation, CallerColumns]:
    """A run that has not begun, and the columns to fill the records of its callers with."""
    tables = dict(world_tables(world))
    for name in STATE_OF_WORLD:
        tables[name] = tables[name].copy()
    clock = np.zeros(1, CLOCK)
    clock["end_s"], clock["hand_s"] = world.end_s, np.inf
    clock["most_needs"] = np.diff(calls.need_start).max(initial=0)
    callers, needs = len(calls.caller_key), len(calls.need_incident)
    numbers, number = nuisance_numbers(calls.caller_number)
    incidents = columns_of(calls, "incident", "kind regency zone")
    incidents |= dict(first_need=calls.need_start[:-1], end_need=calls.need_start[1:], last_report=NONE)
    on_needs = (
        "incident agency handling_s notice_s turnout_s travel_factor on_scene_s handover_s busy_s transports"
    )
    sim = Simulation(
        clock=clock,
        timers=np.empty(FIRST_TIMERS, TIMER),
        starts=starts_of(calls.caller_start_s),
        callers=np.empty(callers, CALLER),
        dial_patience_s=plain(calls.dial_patience_s, np.float64),
        dial_hang_up_share=plain(calls.dial_hang_up_share, np.float64),
        dial_redials_blocked=plain(calls.dial_redials_blocked, np.bool_),
        dial_redials_abandoned=plain(calls.dial_redials_abandoned, np.bool_),
        dial_redial_delay_s=plain(calls.dial_redial_delay_s, np.float64),
        incidents=to_records(INCIDENT, len(calls.incident_key), incidents),
        needs=to_records(NEED, needs, columns_of(calls, "need", on_needs)),
        # a caller is answered at most once, and only who is answered can be held against a number
        grudges=np.empty(np.count_nonzero(number != NONE), GRUDGE),
        first_grudge=np.full(numbers, NONE, dtype=np.int64),
        calls=np.empty(min(callers + callers // 4 + 16, MOST_CALLS), CALL),
        jobs=np.empty(needs, JOB),
        **tables,
    )
    given = dict(dial_start=calls.dial_start, dial_second=calls.dial_second, number=number)
    columns = {
        name: plain(given[name] if name in given else getattr(calls, f"caller_{name}"), type_of(name))
        for name in CallerColumns._fields
    }
    return sim, CallerColumns(**columns)


def type_of(name: str) -> Any:
    """The type of a column, by the contract's names."""
    if name.endswith("_s"):
        return np.float64
    return np.bool_ if name in ("known", "notice", "dials_112") else np.int64


def nuisance_numbers(number: Ints) -> tuple[int, Ints]:
    """How many nuisance numbers there are, and each caller's as a dense index, -1 for those without."""
    most = int(number.max(initial=NONE))
    if most < len(number):
        return most + 1, number
    known, dense = np.unique(np.append(number, NONE), return_inverse=True)
    return len(known) - 1, dense[:-1].astype(np.int64) - 1


def starts_of(start_s: Floats) -> Records:
    """Callers in the order of (start, id), and one that never starts."""
    order, sorted_s = order_of(start_s)
    starts = np.empty(len(order) + 1, START)
    starts["time_s"][:-1] = sorted_s
    starts["caller"][:-1] = order
    starts[-1] = NONE, np.inf
    return starts


def order_of(start_s: Floats) -> tuple[Ints, Floats]:
    """The order of callers by (start, id), and the starts in that order."""
    if (start_s[1:] >= start_s[:-1]).all():
        return np.arange(len(start_s)), start_s
    # by 16 bits first, which is fast and leaves little to do
    first_s, last_s = start_s.min(), start_s.max()
    parts = (start_s - first_s) * ((2**16 - 1) / (last_s - first_s))
    roughly = np.argsort(parts.astype(np.uint16), kind="stable")
    order = roughly[np.argsort(start_s[roughly], kind="stable")]
    return order, start_s[order]


def with_room(sim: Simulation) -> Simulation:
    """The same run with more room for attempts, where they may have too little, or else for timers."""
    used = sim.clock["calls"][0]
    if used + MOST_CALLS_AT_ONCE <= len(sim.calls):
        return sim._replace(timers=longer(sim.timers, 2 * len(sim.timers)))
    if used + MOST_CALLS_AT_ONCE > MOST_CALLS:
        raise ValueError(f"calls: more than {MOST_CALLS} attempts; an engine cannot tell more apart")
    return sim._replace(calls=longer(sim.calls, min(2 * len(sim.calls) + 16, MOST_CALLS)))


def longer(records: Records, rows: int) -> Records:
    more = np.empty(rows, records.dtype)
    more[: len(records)] = records
    return more


def empty_call_columns(sim: Simulation) -> CallColumns:
    rows = sim.clock["calls"][0]
    return CallColumns(**{name: np.empty(rows, type_of(name)) for name in CallColumns._fields})


def to_log(sim: Simulation, calls: CallColumns) -> Log:
    """The log of a finished run in the columns of the contract."""
    jobs = sim.jobs[: sim.clock["jobs"][0]]
    columns = {field.name for field in fields(Log)}
    names = [name for name in JOB.names or () if f"job_{name}" in columns]
    return Log(
        **{f"call_{name}": column for name, column in calls._asdict().items()},
        **{f"job_{name}": jobs[name].astype(type_of(name)) for name in names},
    )
