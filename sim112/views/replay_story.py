"""What the logs say of the incident with which a replay opens, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sim112.engine.contract import NONE, Calls, Handler, Log, Outcome, World
from sim112.study.moment import BLOCKED, Span
from sim112.views.replay_choice import Found, callers_of, needs_of
from sim112.views.replay_log import ticks


def story_parts(
    worlds: Sequence[World], calls: Calls, logs: Sequence[Log], span: Span, found: Found,
    hospitals: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    """What the page tells of the incident: its place, and for each scenario the events in order of time."""
    incident = int(np.flatnonzero(calls.incident_key == found.incident_key)[0])
    needs = range(*needs_of(calls, incident).indices(len(calls.need_agency)))
    return {
        "zone": int(calls.incident_zone[incident]),
        "regency": int(calls.incident_regency[incident]),
        "kind": int(calls.incident_kind[incident]),
        "noticed": _tick(float(calls.incident_noticed_s[incident]), span),
        "found": {name: value for name, value in vars(found).items() if name != "incident_key"},
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
    for number, caller in enumerate(callers_of(calls, incident), start=1):
        told += _calls_of(world, calls, log, caller, number)
    for need in range(*needs_of(calls, incident).indices(len(calls.need_agency))):
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
