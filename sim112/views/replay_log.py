"""A log as a replay shows it: columns of whole numbers, times in ticks of 1/1024 s from a span's start.

What is blocked, waits or rolls at some instant is worked out on the page, by the definitions of
``study.moment``; here is only what the log says, cut to the span.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim112.engine.contract import NONE, TICKS_PER_S, Calls, Change, Floats, Ints, Log, Outcome, World
from sim112.engine.records import Detour
from sim112.study.moment import (
    Span,
    arrival_s,
    counted_calls,
    counted_incidents,
    detours_end_s,
    reported_s,
    returned_s,
)
from sim112.world.roads import way

NEVER = 2**31 - 1
"""A time that did not happen, in ticks."""

SHARE = 65535
"""A share of a leg is told in so many parts."""

FORGOTTEN_AFTER_S = 3600.0
"""How long an incident that nobody reported stays on the map. CHOICE: seen, and then out of the way."""

Column = NDArray[np.int32]
Leg = list[tuple[int, float]]
"""A way as zones, each with the share of its duration at which it is passed."""


def log_parts(
    world: World, calls: Calls, log: Log, span: Span, detours: Sequence[Detour] = ()
) -> dict[str, Any]:
    """One scenario's log within a span, and what of its world the page tells beside it."""
    return {
        "calls": _call_columns(world, calls, log, span),
        "incidents": _incident_columns(world, calls, log, span),
        "needs": _need_columns(world, calls, log, span),
        "trips": _trip_columns(world, calls, log, span, detours),
        "has_112": (world.regency_desk != NONE).astype(np.int32),
        "unit_agency": world.unit_agency.astype(np.int32),
        "unit_regency": world.unit_regency.astype(np.int32),
    }


def ticks(times_s: Floats, span: Span) -> Column:
    """Times in ticks from the start of the span; NEVER where they did not happen."""
    with np.errstate(invalid="ignore"):
        whole = np.clip((times_s - span.from_s) * TICKS_PER_S, -NEVER, NEVER)
    return np.where(np.isnan(whole), NEVER, whole).astype(np.int32)


def shown_calls(calls: Calls, log: Log, span: Span) -> Ints:
    """Rows of the log that are shown: not barred, offered before the span ends, or counted, and not over
    before it begins.
    """
    end_s = np.fmax(np.fmax(log.call_talk_end_s, log.call_left_s), log.call_offered_s)
    is_open = log.call_outcome == Outcome.UNFINISHED
    inside = (log.call_offered_s < span.to_s) & (is_open | (end_s >= span.from_s - FORGOTTEN_AFTER_S))
    return np.flatnonzero(inside & (log.call_outcome != Outcome.BARRED))


def _call_columns(world: World, calls: Calls, log: Log, span: Span) -> dict[str, Column]:
    rows = shown_calls(calls, log, span)
    caller = log.call_caller[rows]
    return {
        "regency": calls.caller_regency[caller].astype(np.int32),
        "zone": _zones_of_callers(world, calls)[caller].astype(np.int32),
        "outcome": log.call_outcome[rows].astype(np.int32),
        "is_112": (world.desk_agency[log.call_desk[rows]] == NONE).astype(np.int32),
        "is_counted": counted_calls(calls, log, span)[rows].astype(np.int32),
    } | {
        name: ticks(getattr(log, f"call_{name}_s")[rows], span)
        for name in ("offered", "queued", "picked", "answered", "left", "talk_end")
    }


def _zones_of_callers(world: World, calls: Calls) -> Ints:
    """Where each caller is drawn: at the incident, or at some zone of the regency, by people and by key.

    Where in a regency a caller without an incident stands is not simulated; it is for the eye alone.
    """
    zones = np.zeros(len(calls.caller_key), dtype=np.int64)
    share = (calls.caller_key % 100_003) / 100_003
    for regency in range(len(world.regency_name)):
        own = np.flatnonzero(world.zone_regency == regency)
        here = calls.caller_regency == regency
        people = np.cumsum(world.zone_population[own])
        if len(own) and people[-1] > 0:
            at = np.searchsorted(people, share[here] * people[-1], side="right")
            zones[here] = own[np.minimum(at, len(own) - 1)]
        elif len(own):
            zones[here] = own[0]
    at_incident = calls.caller_incident != NONE
    zones[at_incident] = calls.incident_zone[calls.caller_incident[at_incident]]
    return zones


def _incident_columns(world: World, calls: Calls, log: Log, span: Span) -> dict[str, Column]:
    rows = np.flatnonzero(counted_incidents(world, calls, span))
    first_s = reported_s(calls, log)
    reached_s = np.full(len(first_s), np.inf)
    over_s = np.full(len(first_s), -np.inf)
    of_job = calls.need_incident[log.job_need]
    np.fmin.at(reached_s, of_job, log.job_on_scene_s)
    np.maximum.at(over_s, of_job, np.where(np.isnan(log.job_available_s), np.inf, log.job_available_s))
    unreported = np.isnan(first_s)
    over_s[unreported] = calls.incident_noticed_s[unreported] + FORGOTTEN_AFTER_S
    over_s[~unreported & np.isneginf(over_s)] = np.inf
    return {
        "regency": calls.incident_regency[rows].astype(np.int32),
        "zone": calls.incident_zone[rows].astype(np.int32),
        "kind": calls.incident_kind[rows].astype(np.int32),
        "noticed": ticks(calls.incident_noticed_s[rows], span),
        "reported": ticks(first_s[rows], span),
        "reached": ticks(reached_s[rows], span),
        "over": ticks(over_s[rows], span),
    }


def _need_columns(world: World, calls: Calls, log: Log, span: Span) -> dict[str, Column]:
    counted = counted_incidents(world, calls, span)
    rows = np.flatnonzero(counted[calls.need_incident] & (calls.need_agency != NONE))
    alerted_s = np.full(len(calls.need_agency), np.nan)
    on_scene_s = alerted_s.copy()
    alerted_s[log.job_need], on_scene_s[log.job_need] = log.job_alerted_s, log.job_on_scene_s
    incident = calls.need_incident[rows]
    return {
        "regency": calls.incident_regency[incident].astype(np.int32),
        "noticed": ticks(calls.incident_noticed_s[incident], span),
        "alerted": ticks(alerted_s[rows], span),
        "on_scene": ticks(on_scene_s[rows], span),
    }


def _trip_columns(
    world: World, calls: Calls, log: Log, span: Span, detours: Sequence[Detour]
) -> dict[str, Column]:
    """Jobs with a unit, then detours, and the legs driven: three a trip, to the scene, to hospital and back.

    Leg ``l`` passes ``leg_zone[leg_start[l]:leg_start[l + 1]]``, each at a share of its duration
    (``leg_share``, in parts of SHARE); one that was not driven is empty. ``back`` is when the way back would
    end, ``returned`` when it ends or is left for another incident. A unit that is turned away before it
    arrives has ``returned`` before ``on_scene``; a move to another station is a way back alone.
    """
    returned = returned_s(world, log, detours)
    rows = np.flatnonzero(
        (log.job_unit != NONE)
        & (log.job_assigned_s < span.to_s)
        & ~(np.fmax(returned, log.job_available_s) < span.from_s)
    )
    legs: list[Leg] = []
    back_s = np.full(len(log.job_need), np.nan)
    ways = _Ways(world)
    for job in rows.tolist():
        to_scene, to_hospital, back = ways.legs_of(calls, log, job)
        legs += [to_scene, to_hospital, back]
        if back and not math.isnan(log.job_available_s[job]):
            factor = calls.need_travel_factor[log.job_need[job]]
            back_s[job] = log.job_available_s[job] + ways.last_table_s * factor
    incident = calls.need_incident[log.job_need[rows]]
    hospital_zone = np.where(
        log.job_hospital[rows] == NONE, NONE, _at(world.hospital_zone, log.job_hospital[rows])
    )
    columns = {
        "unit": log.job_unit[rows],
        "zone": calls.incident_zone[incident],
        "hospital_zone": hospital_zone,
        "from_zone": log.job_from_zone[rows],
        "is_move": np.zeros(len(rows), dtype=np.int64),
    }
    times = {name: getattr(log, f"job_{name}_s")[rows] for name in CLOCK_POINTS}
    times |= {"returned": returned[rows], "back": back_s[rows]}
    shown = [
        (of, end_s)
        for of, end_s in zip(detours, detours_end_s(world, log, detours).tolist(), strict=True)
        if of.assigned_s < span.to_s and end_s >= span.from_s
    ]
    for detour, end_s in shown:
        own, own_times, own_legs = _detour(world, calls, ways, detour, end_s)
        legs += own_legs
        columns = {name: np.append(column, own[name]) for name, column in columns.items()}
        times = {name: np.append(column, own_times.get(name, math.nan)) for name, column in times.items()}
    return (
        {name: column.astype(np.int32) for name, column in columns.items()}
        | {name: ticks(column, span) for name, column in times.items()}
        | {
            "leg_start": np.cumsum([0, *(len(leg) for leg in legs)]).astype(np.int32),
            "leg_zone": np.array([zone for leg in legs for zone, _ in leg], dtype=np.int32),
            "leg_share": np.array([round(share * SHARE) for leg in legs for _, share in leg], dtype=np.int32),
        }
    )


CLOCK_POINTS = ("assigned", "rolling", "on_scene", "leave_scene", "at_hospital", "available")


def _detour(
    world: World, calls: Calls, ways: _Ways, detour: Detour, end_s: float
) -> tuple[dict[str, int], dict[str, float], list[Leg]]:
    """One trip that is in no log, as the columns, times and legs of a trip."""
    is_move = detour.need == NONE
    columns = {
        "unit": detour.unit,
        "zone": detour.to_zone,
        "hospital_zone": NONE,
        "from_zone": detour.from_zone,
        "is_move": int(is_move),
    }
    times = {"assigned": detour.assigned_s, "rolling": detour.rolling_s, "returned": end_s}
    if is_move:
        way = ways.leg(detour.assigned_s, detour.from_zone, detour.to_zone)
        times |= {"available": detour.assigned_s, "back": arrival_s(world, detour)}
        return columns, times, [Leg(), Leg(), way]
    if math.isnan(detour.rolling_s):
        return columns, times, [Leg(), Leg(), Leg()]
    way = ways.leg(detour.rolling_s, detour.from_zone, detour.to_zone, to_scene=True)
    factor = float(calls.need_travel_factor[detour.need])
    times["on_scene"] = detour.rolling_s + ways.last_table_s * factor  # when it would have been there
    return columns, times, [way, Leg(), Leg()]


def _at(values: Ints, index: Ints) -> Ints:
    return values[index] if len(values) else np.full(index.shape, NONE, dtype=np.int64)


class _Ways:
    """The ways of units by zones, with the share of the leg's duration at which each zone is passed."""

    def __init__(self, world: World) -> None:
        self.world = world
        changes = world.change_what == Change.PERIOD
        self.changes_s, self.periods = world.change_time_s[changes], world.change_value[changes]
        self.last_table_s = 0.0  # of the last leg that was asked for
        self.known: dict[tuple[int, int, int], list[int]] = {}

    def legs_of(self, calls: Calls, log: Log, job: int) -> tuple[Leg, Leg, Leg]:
        """The legs to the scene, to hospital and back of one job; empty where they were not driven."""
        world = self.world
        scene = int(calls.incident_zone[calls.need_incident[log.job_need[job]]])
        rolling_s, leave_s = float(log.job_rolling_s[job]), float(log.job_leave_scene_s[job])
        available_s = float(log.job_available_s[job])
        hospital, to_scene, to_hospital, back = int(log.job_hospital[job]), Leg(), Leg(), Leg()
        if world.busy_drawn:
            return to_scene, to_hospital, back
        if not math.isnan(rolling_s):
            to_scene = self.leg(rolling_s, int(log.job_from_zone[job]), scene, to_scene=True)
        stands = scene
        if hospital != NONE and not math.isnan(leave_s):
            stands = int(world.hospital_zone[hospital])
            to_hospital = self.leg(leave_s, scene, stands, from_scene=True)
        if not math.isnan(available_s):
            home = int(world.unit_zone[log.job_unit[job]])
            back = self.leg(available_s, stands, home, from_scene=hospital == NONE)
        return to_scene, to_hospital, back

    def leg(
        self, start_s: float, origin: int, destination: int, from_scene: bool = False, to_scene: bool = False
    ) -> Leg:
        """The way of one leg in the period in which it starts, as the engines drive it."""
        period = int(self.periods[np.searchsorted(self.changes_s, start_s, side="right") - 1])
        approach_s, travel_s = self.world.scene_approach_s[period], self.world.travel_s[period]
        before_s = float(approach_s[origin]) if from_scene else 0.0
        after_s = float(approach_s[destination]) if to_scene else 0.0
        key = (period, origin, destination)
        if key not in self.known:
            found = way(self.world.previous_zone, *key)
            self.known[key] = found or [origin, destination]
        zones = self.known[key]
        table_s = float(travel_s[origin, destination])
        self.last_table_s = total_s = before_s + (table_s if math.isfinite(table_s) else 0.0) + after_s
        if total_s <= 0:
            return [(destination, 0.0)]
        passed = [(zone, min((before_s + float(travel_s[origin, zone])) / total_s, 1.0)) for zone in zones]
        return passed if passed[-1][1] == 1.0 else [*passed, (destination, 1.0)]
