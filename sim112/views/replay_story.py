"""The incident with which a replay opens: how it is chosen, and what the logs say of it step by step.

It is a road crash of one regency, as near to two in the morning as there is, at which several agencies are
needed; where the scenarios differ in the regency's 112, one whose first caller dials 112 comes first. The
page says how many days were looked through and how many crashes such a one stands among.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim112.engine.contract import NONE, Calls, Handler, Log, Outcome, World
from sim112.study.moment import BLOCKED, Span
from sim112.views.replay_log import ticks

HOUR_S, DAY_S = 3600.0, 86400.0
WANTED_KIND = "traffic_accident"
WANTED_HOUR = 2.0
SEVERAL = 2
"""Agencies that shall be needed."""

TOLD_S = 2 * HOUR_S
"""The story is told to its end before the span ends. CHOICE: longer than nearly every job."""


@dataclass(frozen=True)
class Found:
    """An incident by its key, in a replication; how many like it were looked at, in how many days."""

    replication: int
    incident_key: int
    is_to_112: bool
    days: int
    among: int
    among_to_112: int


def choose(
    drawn: Iterator[tuple[int, Calls]], world: World, span: Span, regency: str, is_112_told: bool
) -> Found | None:
    """The incident to open with, out of replications; None where no emergency needs an agency there.

    ``is_112_told``: whether an incident that is reported to 112 comes before all others.
    """
    best: tuple[tuple[Any, ...], Found] | None = None
    days = among = among_to_112 = 0
    for replication, calls in drawn:
        days += 1
        for incident in _emergencies(world, calls, span, regency):
            needed = int((calls.need_agency[_needs(calls, incident)] != NONE).sum())
            to_112 = bool(calls.caller_dials_112[_callers(calls, incident)[0]])
            is_wanted = world.kind_name[calls.incident_kind[incident]] == WANTED_KIND and needed >= SEVERAL
            among, among_to_112 = among + is_wanted, among_to_112 + (is_wanted and to_112)
            hour = (world.start_of_week_s + float(calls.incident_noticed_s[incident])) % DAY_S / HOUR_S
            apart_h = min(abs(hour - WANTED_HOUR), 24 - abs(hour - WANTED_HOUR))
            order = (not is_wanted, is_112_told and not to_112, -needed * (not is_wanted), apart_h, days)
            if best is None or order < best[0]:
                key = int(calls.incident_key[incident])
                best = order, Found(replication, key, to_112, 0, 0, 0)
    if best is None:
        return None
    one = best[1]
    return Found(one.replication, one.incident_key, one.is_to_112, days, among, among_to_112)


def _emergencies(world: World, calls: Calls, span: Span, regency: str) -> list[int]:
    """Emergencies of a regency that need some agency and have a caller, early enough in a span."""
    if regency not in world.regency_name:
        return []
    noticed_s = calls.incident_noticed_s
    needs = np.zeros(len(noticed_s), dtype=bool)
    needs[calls.need_incident[calls.need_agency != NONE]] = True
    needs &= np.isin(np.arange(len(noticed_s)), calls.caller_incident)
    here = calls.incident_regency == world.regency_name.index(regency)
    inside = (noticed_s >= span.from_s) & (noticed_s < max(span.to_s - TOLD_S, span.from_s + TOLD_S))
    found = needs & here & inside & world.kind_is_emergency[calls.incident_kind]
    return [int(incident) for incident in np.flatnonzero(found)]


def _needs(calls: Calls, incident: int) -> slice:
    return slice(int(calls.need_start[incident]), int(calls.need_start[incident + 1]))


def _callers(calls: Calls, incident: int) -> list[int]:
    """The callers of an incident in the order in which they decide to call."""
    found = np.flatnonzero(calls.caller_incident == incident)
    return [int(caller) for caller in found[np.argsort(calls.caller_start_s[found], kind="stable")]]


def story_parts(
    worlds: Sequence[World], calls: Calls, logs: Sequence[Log], span: Span, found: Found,
    hospitals: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    """What the page tells of the incident: its place, and for each scenario the events in order of time."""
    incident = int(np.flatnonzero(calls.incident_key == found.incident_key)[0])
    needs = range(*_needs(calls, incident).indices(len(calls.need_agency)))
    return {
        "zone": int(calls.incident_zone[incident]),
        "regency": int(calls.incident_regency[incident]),
        "kind": int(calls.incident_kind[incident]),
        "noticed": _tick(float(calls.incident_noticed_s[incident]), span),
        "is_to_112": found.is_to_112,
        "days": found.days,
        "among": found.among,
        "among_to_112": found.among_to_112,
        "agencies": [int(calls.need_agency[need]) for need in needs if calls.need_agency[need] != NONE],
        "events": [
            _events(world, calls, log, span, incident, hospitals)
            for world, log in zip(worlds, logs, strict=True)
        ],
    }


def _tick(time_s: float, span: Span) -> int:
    return int(ticks(np.array([time_s]), span)[0])


Event = dict[str, Any]
Told = tuple[float, str, Mapping[str, Any]]


def _events(
    world: World, calls: Calls, log: Log, span: Span, incident: int, hospitals: Sequence[str]
) -> list[Event]:
    """What happened to one incident in one scenario, in order of time: ``t`` in ticks, ``what``, fields."""
    noticed_s = float(calls.incident_noticed_s[incident])
    told: list[Told] = [(noticed_s, "noticed", {})]
    for number, caller in enumerate(_callers(calls, incident), start=1):
        told += _calls_of(world, calls, log, caller, number)
    for need in range(*_needs(calls, incident).indices(len(calls.need_agency))):
        told += _job_of(world, calls, log, need, hospitals)
    order = {"noticed": 0, "offered": 1, "blocked": 2, "abandoned": 2, "answered": 3, "ticket": 4}
    told = sorted(told, key=lambda event: (event[0], order.get(event[1], 9)))
    return [{"t": _tick(time_s, span), "what": what, **fields} for time_s, what, fields in told]


def _calls_of(world: World, calls: Calls, log: Log, caller: int, number: int) -> Iterator[Told]:
    """The attempts of one caller."""
    for attempt, row in enumerate(np.flatnonzero(log.call_caller == caller).tolist()):
        desk = int(log.call_desk[row])
        agency = int(world.desk_agency[desk])
        served = [int(r) for r in np.flatnonzero(world.regency_desk == desk)] if agency == NONE else []
        at: dict[str, Any] = {"caller": number, "agency": agency, "served": served, "attempt": attempt + 1}
        offered_s = float(log.call_offered_s[row])
        # Looking for a number lies between deciding to call and the first dial of an agency's own number.
        lookup_s = float(calls.caller_lookup_s[caller])
        is_own = log.call_dial[row] == calls.dial_second[caller]
        looked_s = lookup_s if agency != NONE and is_own and log.call_hop[row] == 0 else 0.0
        yield offered_s, "offered", at | {"looked_s": looked_s}
        outcome = int(log.call_outcome[row])
        if outcome in BLOCKED:
            yield offered_s, "blocked", at
        elif outcome in (Outcome.HUNG_UP, Outcome.ABANDONED):
            yield float(log.call_left_s[row]), "abandoned", at
        answered_s = float(log.call_answered_s[row])
        if not math.isnan(answered_s):
            waited_s = answered_s - float(log.call_queued_s[row])
            what = "answered_known" if log.call_known[row] else "answered"
            yield answered_s, what, at | {"waited_s": waited_s}
        if outcome == Outcome.TRANSFERRED:
            yield float(log.call_talk_end_s[row]), "transferred", at
        if not math.isnan(log.call_ticket_s[row]):
            by_dispatcher = log.call_handler[row] == Handler.DISPATCHER
            what = "ticket_own" if agency != NONE else "ticket_dispatcher" if by_dispatcher else "ticket"
            yield float(log.call_ticket_s[row]), what, at


def _job_of(world: World, calls: Calls, log: Log, need: int, hospitals: Sequence[str]) -> Iterator[Told]:
    """What one agency did."""
    for job in np.flatnonzero(log.job_need == need).tolist():
        agency = int(calls.need_agency[need])
        desk_agency = int(world.desk_agency[log.job_desk[job]])
        how = "alerted_notice" if log.job_notice[job] else "alerted_own" if desk_agency != NONE else "alerted"
        at: dict[str, Any] = {"agency": agency, "from_agency": desk_agency}
        alerted_s, assigned_s = float(log.job_alerted_s[job]), float(log.job_assigned_s[job])
        yield alerted_s, how, at | {"has_unit": assigned_s == alerted_s}
        if not math.isnan(assigned_s) and assigned_s != alerted_s:
            yield assigned_s, "assigned", at
        for name in ("rolling", "on_scene", "at_hospital", "available"):
            time_s = float(getattr(log, f"job_{name}_s")[job])
            hospital = int(log.job_hospital[job])
            if not math.isnan(time_s):
                named = {"hospital": hospitals[hospital]} if name == "at_hospital" else {}
                yield time_s, name, at | named
