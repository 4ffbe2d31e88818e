"""What can be said at one moment: counts, means and states from a log up to an instant.

The replay shows these numbers while its clock runs. A *span* is the part of the simulated time that is shown;
what is counted began in it, as in ``definitions.py``, and had happened by the moment. ``docs/replay.md`` says
what each key means. Times are seconds from the start of the scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim112.engine import rules
from sim112.engine.contract import NONE, Bools, Calls, Change, Floats, Ints, Log, Outcome, World
from sim112.engine.records import Detour

SHOWN_AFTER_S = 300.0
"""How long a blocked or abandoned call is still shown. CHOICE: seen even where time runs fast."""

CALL_STATES = ("ringing", "queued", "talking", "blocked", "abandoned")
UNIT_STATES = ("turnout", "rolling", "on_scene", "to_hospital", "handover", "returning", "moving")

BLOCKED = (Outcome.BLOCKED_OUTAGE, Outcome.BLOCKED_PLATFORM, Outcome.BLOCKED_LINES)


@dataclass(frozen=True)
class Span:
    """The shown part of the simulated time, from its first instant to the first that is no longer in it."""

    from_s: float
    to_s: float


def counted_calls(calls: Calls, log: Log, span: Span) -> Bools:
    """Which attempts are counted, [rows]: offered, last of their dial, and of a caller who began in the span.

    A call that overflows or is transferred counts where it ends up.
    """
    last = np.ones(len(log.call_caller), dtype=bool)
    last_row: dict[int, int] = {}
    for row, dial in enumerate(log.call_dial.tolist()):
        if dial in last_row:
            last[last_row[dial]] = False
        last_row[dial] = row
    start_s = calls.caller_start_s[log.call_caller]
    began = (start_s >= span.from_s) & (start_s < span.to_s)
    return np.asarray(last & began & (log.call_outcome != Outcome.BARRED))


def counted_incidents(world: World, calls: Calls, span: Span) -> Bools:
    """Which incidents are counted, [incidents]: emergencies that need an agency, noticed in the span."""
    noticed_s = calls.incident_noticed_s
    needs = np.zeros(len(noticed_s), dtype=bool)
    needs[calls.need_incident[calls.need_agency != NONE]] = True
    emergency = world.kind_is_emergency[calls.incident_kind]
    return np.asarray(needs & emergency & (noticed_s >= span.from_s) & (noticed_s < span.to_s))


def reported_s(calls: Calls, log: Log) -> Floats:
    """When some desk first made a ticket of each incident, NaN where none did, [incidents]."""
    first_s = np.full(len(calls.incident_noticed_s), np.inf)
    incident = calls.caller_incident[log.call_caller]
    made = (incident != NONE) & ~np.isnan(log.call_ticket_s)
    np.minimum.at(first_s, incident[made], log.call_ticket_s[made])
    return np.where(np.isfinite(first_s), first_s, np.nan)


def measures_at(
    world: World,
    calls: Calls,
    log: Log,
    span: Span,
    now_s: float,
    regency: int | None = None,
    detours: Sequence[Detour] = (),
) -> dict[str, float]:
    """The measures at one moment, of the whole area or of one regency; a mean of nothing is NaN.

    ``detours`` are the ways that the log does not keep, where units are turned away or moved.
    """
    counted = counted_calls(calls, log, span)
    here = np.ones(len(counted), dtype=bool)
    incidents = counted_incidents(world, calls, span)
    own_unit = np.ones(len(world.unit_regency), dtype=bool)
    if regency is not None:
        here = calls.caller_regency[log.call_caller] == regency
        incidents = incidents & (calls.incident_regency == regency)
        own_unit = world.unit_regency == regency
    counted = counted & here
    offered = counted & (log.call_offered_s <= now_s)
    answered = counted & (log.call_answered_s <= now_s)
    delay_s = (log.call_answered_s - log.call_queued_s)[answered]
    states = _call_states(log, now_s)

    noticed_s, first_s = calls.incident_noticed_s, reported_s(calls, log)
    noticed = incidents & (noticed_s <= now_s)
    reported = incidents & (first_s <= now_s)
    needed = noticed[calls.need_incident] & (calls.need_agency != NONE)
    of_job = log.job_need
    among = incidents[calls.need_incident[of_job]]
    alerted = among & (log.job_alerted_s <= now_s)
    reached = among & (log.job_on_scene_s <= now_s)
    alert_s = (log.job_alerted_s - noticed_s[calls.need_incident[of_job]])[alerted]
    busy = (log.job_unit != NONE) & (log.job_assigned_s <= now_s) & ~(log.job_available_s <= now_s)
    turned = [own_unit[of.unit] for of in detours if of.need != NONE and of.assigned_s <= now_s < of.left_s]
    return {
        "calls_offered": float(offered.sum()),
        "calls_answered": float(answered.sum()),
        "calls_blocked": float((offered & np.isin(log.call_outcome, BLOCKED)).sum()),
        "calls_abandoned": float((counted & (log.call_left_s <= now_s)).sum()),
        "calls_waiting": float((states["queued"] & here).sum()),
        "answer_delay_mean_s": _mean(delay_s),
        "incidents_noticed": float(noticed.sum()),
        "incidents_reported": float(reported.sum()),
        "report_mean_s": _mean((first_s - noticed_s)[reported]),
        "agencies_needed": float(needed.sum()),
        "agencies_alerted": float(alerted.sum()),
        "alert_mean_s": _mean(alert_s),
        "agencies_reached": float(reached.sum()),
        "units_busy": float(own_unit[log.job_unit[busy]].sum() + sum(turned)),
    }


def calls_by_state_at(log: Log, now_s: float) -> dict[str, int]:
    """How many attempts are in each of ``CALL_STATES`` at a moment."""
    return {name: int(here.sum()) for name, here in _call_states(log, now_s).items()}


def units_by_state_at(
    world: World, log: Log, now_s: float, detours: Sequence[Detour] = ()
) -> dict[str, int]:
    """How many units are in each of ``UNIT_STATES`` at a moment; the others stand at their stations.

    A unit that is sent to another incident on its way back returns no longer from the earlier one.
    """
    until_s = returned_s(world, log, detours)
    end_of_scene_s = np.fmin(log.job_leave_scene_s, log.job_available_s)
    edges = {
        "turnout": (log.job_assigned_s, log.job_rolling_s),
        "rolling": (log.job_rolling_s, log.job_on_scene_s),
        "on_scene": (log.job_on_scene_s, end_of_scene_s),
        "to_hospital": (log.job_leave_scene_s, log.job_at_hospital_s),
        "handover": (log.job_at_hospital_s, log.job_available_s),
        "returning": (log.job_available_s, until_s),
        "moving": (np.zeros(0), np.zeros(0)),
    }
    counts = {
        name: int(((start <= now_s) & ~(end <= now_s)).sum()) for name, (start, end) in edges.items()
    }
    for of, end_s in zip(detours, detours_end_s(world, log, detours), strict=True):
        if of.assigned_s <= now_s < end_s:
            counts["moving" if of.need == NONE else "rolling" if of.rolling_s <= now_s else "turnout"] += 1
    return counts


def returned_s(world: World, log: Log, detours: Sequence[Detour] = ()) -> Floats:
    """When each job's unit was back at its station or was assigned again, [jobs]; NaN: not before the end."""
    until_s = log.job_back_s.copy()
    next_s = _next_assigned_s(log, detours, log.job_unit, log.job_assigned_s)
    again = (log.job_unit != NONE) & np.isfinite(next_s) & ~(until_s <= next_s)
    until_s[again] = next_s[again]
    return until_s


def detours_end_s(world: World, log: Log, detours: Sequence[Detour]) -> Floats:
    """When each detour ended: the unit was turned away, stood at the other station, or was assigned, [D]."""
    if not detours:
        return np.zeros(0)
    unit = np.array([of.unit for of in detours])
    began_s = np.array([of.assigned_s for of in detours])
    next_s = _next_assigned_s(log, detours, unit, began_s)
    left_s = [of.left_s if of.need != NONE else arrival_s(world, of) for of in detours]
    ended_s: Floats = np.fmin(np.array(left_s), next_s)
    return ended_s


def arrival_s(world: World, move: Detour) -> float:
    """When a unit that moves to another station would be there."""
    changes = world.change_what == Change.PERIOD
    row = int(np.searchsorted(world.change_time_s[changes], move.assigned_s, side="right")) - 1
    period = int(world.change_value[changes][row])
    way_s = float(world.travel_s[period, move.from_zone, move.to_zone])
    return move.assigned_s + rules.leg_s(way_s, 1.0)


def _next_assigned_s(log: Log, detours: Sequence[Detour], unit: Ints, after_s: Floats) -> Floats:
    """When each of these units was assigned next after each of these times; infinite where it was not."""
    turned = [of for of in detours if of.need != NONE]
    sent = np.concatenate([log.job_unit, np.array([of.unit for of in turned], dtype=np.int64)])
    sent_s = np.concatenate([log.job_assigned_s, np.array([of.assigned_s for of in turned], dtype=float)])
    order = np.lexsort((sent_s, sent))
    sent, sent_s = sent[order], sent_s[order]
    found = np.full(len(unit), np.inf)
    for row, (one, time_s) in enumerate(zip(unit.tolist(), after_s.tolist(), strict=True)):
        first, last = np.searchsorted(sent, one), np.searchsorted(sent, one, side="right")
        at = first + int(np.searchsorted(sent_s[first:last], time_s, side="right"))
        if at < last:
            found[row] = sent_s[at]
    return found


def _call_states(log: Log, now_s: float) -> dict[str, Bools]:
    """Which attempts are in each state, [rows].

    A call rings during the announcement and while a call-taker reaches for it; between the two it is queued.
    """
    outcome, offered_s, queued_s = log.call_outcome, log.call_offered_s, log.call_queued_s
    picked_s, answered_s, left_s = log.call_picked_s, log.call_answered_s, log.call_left_s
    is_blocked = np.isin(outcome, BLOCKED)
    is_let_in = ~is_blocked & (outcome != Outcome.BARRED) & (offered_s <= now_s)
    is_gone = left_s <= now_s
    in_announcement = is_let_in & ~is_gone & ~(queued_s <= now_s)
    in_queue = (queued_s <= now_s) & ~is_gone & ~(picked_s <= now_s)
    return {
        "ringing": in_announcement | ((picked_s <= now_s) & ~(answered_s <= now_s)),
        "queued": in_queue,
        "talking": (answered_s <= now_s) & ~(log.call_talk_end_s <= now_s),
        "blocked": is_blocked & (offered_s <= now_s) & (now_s < offered_s + SHOWN_AFTER_S),
        "abandoned": is_gone & (now_s < left_s + SHOWN_AFTER_S),
    }


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
