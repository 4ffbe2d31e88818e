"""The incident with which a replay opens: chosen by a rule, so that nobody picks the one that looks best.

Night crashes are looked for among many simulated days by their draws alone, which is quick; those days are
then simulated, and the crash in the middle by what 112 gains is told. Where there are too few of them, it is
the incident nearest to two in the morning. ``docs/replay.md`` says the rule; the page says what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from sim112.config.scenario import Scenario
from sim112.demand.callers import draw_reporters, shares_who_dial_112
from sim112.demand.draws import Source
from sim112.demand.incidents import draw_incidents, incident_streams
from sim112.demand.places import read_places
from sim112.demand.streams import Frame, read_timeline
from sim112.engine.contract import NONE, Calls, Log, World
from sim112.study.moment import Span
from sim112.world.area import Area

HOUR_S, DAY_S = 3600.0, 86400.0
WANTED_KIND = "traffic_accident"
WANTED_HOUR = 2.0
WITHIN_H = 0.5
"""A night crash lies no farther than this from the wanted hour."""

SEVERAL = 2
"""Agencies that shall be needed."""

TOLD_S = 2 * HOUR_S
"""The story is told to its end before the span ends. CHOICE: longer than nearly every job."""

ENOUGH = 15
"""Night crashes among which the middle one is told. CHOICE: odd, and found in some seconds."""

FEWEST = 3
"""With fewer there is no middle one to speak of."""


class NightCrash(NamedTuple):
    """A crash that was found by its draws: in which replication, on which reported day, and its key."""

    replication: int
    day: int
    key: int


@dataclass(frozen=True)
class Found:
    """An incident by its key, in a replication and on a day of the reported time (from 1); and among what.

    ``days`` were looked through; ``among`` are the crashes that need several agencies (at night, where
    ``is_middle``), ``among_to_112`` those of them whose first caller dials 112. Where it is the middle one of
    ``compared``, ``sooner`` and ``later`` say for how many of them the agencies knew sooner, or later, in the
    second scenario.
    """

    replication: int
    day: int
    incident_key: int
    is_to_112: bool
    days: int
    among: int
    among_to_112: int
    is_middle: bool = False
    compared: int = 0
    sooner: int = 0
    later: int = 0


# ---- the middle one of the night crashes -------------------------------------------------------------------


@dataclass(frozen=True)
class Search:
    """Night crashes that may be told, and among how many they were found, in how many days."""

    crashes: tuple[NightCrash, ...]
    days: int
    among: int
    among_to_112: int


Days = Sequence[tuple[int, Span]]
"""Days of the reported time, each with its number from 1."""


def night_crashes(
    scenario: Scenario, area: Area, numbers: Iterable[int], spans: Days, is_112_told: bool
) -> Search:
    """Look through replications until there are enough crashes at night; ``area`` is one regency alone.

    Only crashes and who reports them are drawn, which is some ten times as quick as a replication. With
    ``is_112_told`` only those count whose first caller dials 112.
    """
    demand, wanted = scenario.demand, []
    days = among = among_to_112 = 0
    kind = demand.kinds.get(WANTED_KIND)
    if demand.call_log is not None or kind is None:
        return Search((), 0, 0, 0)
    alone = demand.model_copy(update={"kinds": {WANTED_KIND: kind}, "calls": {}})
    places, timeline = read_places(area), read_timeline(scenario.clock)
    streams, share = incident_streams(alone, places, timeline), shares_who_dial_112(alone, places)
    start_s = seconds_of_day(scenario)
    for replication in numbers:
        frame = Frame(places, timeline, Source(scenario.seed, replication))
        incidents = draw_incidents(alone, streams, frame)
        is_night = _hours_apart(incidents.noticed_s + start_s) <= WITHIN_H
        days += len(spans)
        at = np.flatnonzero(is_night & (incidents.needed.sum(axis=1) >= SEVERAL))
        if not at.size:
            continue
        people = draw_reporters(alone, scenario.callers, incidents, share, frame)
        dials_112 = dict(zip(people.incident[::-1].tolist(), people.dials_112[::-1].tolist(), strict=True))
        for incident in at.tolist():  # the first of an incident's callers stands first
            day = _day_of(float(incidents.noticed_s[incident]), spans)
            if day is None:
                continue
            among += 1
            among_to_112 += dials_112[incident]
            if dials_112[incident] or not is_112_told:
                wanted.append(NightCrash(replication, day, int(incidents.key[incident])))
        if len(wanted) >= ENOUGH:
            break
    return Search(tuple(wanted), days, among, among_to_112)


def _day_of(noticed_s: float, spans: Days) -> int | None:
    """The day in which an incident is early enough to be told to its end."""
    return next((day for day, span in spans if _is_told_in(noticed_s, span)), None)


def _is_told_in(noticed_s: Any, span: Span) -> Any:
    return (noticed_s >= span.from_s) & (noticed_s < max(span.to_s - TOLD_S, span.from_s + TOLD_S))


def seconds_of_day(scenario: Scenario) -> float:
    """The local time at which a scenario starts, s after midnight."""
    start = scenario.clock.start
    return start.hour * HOUR_S + start.minute * 60.0 + start.second


def _hours_apart(local_s: Any) -> Any:
    """How far times are from the wanted hour of some night."""
    return np.abs((local_s / HOUR_S - WANTED_HOUR + 12.0) % 24.0 - 12.0)


Simulated = tuple[Calls, Sequence[Log]]


def middle_one(search: Search, is_112_told: bool, simulate: Callable[[int], Simulated]) -> Found | None:
    """The crash in the middle by how much sooner all needed agencies know in the second scenario.

    With one scenario it is the middle one by how long that takes. Where the crashes are even in number it is
    the lower of the two in the middle. None where there are too few.
    """
    gains = []
    for crash in search.crashes:
        calls, logs = simulate(crash.replication)
        at = np.flatnonzero(calls.incident_key == crash.key)
        if at.size:  # it is, unless the draws of the regency alone are not those of the whole
            known_s = [all_know_s(calls, log, int(at[0])) for log in logs]
            gains.append((_gain_s(known_s), crash))
    if len(gains) < FEWEST:
        return None
    _, told = sorted(gains)[(len(gains) - 1) // 2]
    return Found(
        told.replication, told.day, told.key, is_112_told, search.days, search.among, search.among_to_112,
        is_middle=True, compared=len(gains),
        sooner=sum(gain_s > 0 for gain_s, _ in gains), later=sum(gain_s < 0 for gain_s, _ in gains),
    )  # fmt: skip


def _gain_s(known_s: Sequence[float]) -> float:
    if len(known_s) == 1:
        return known_s[0]
    return 0.0 if known_s[0] == known_s[-1] else known_s[0] - known_s[-1]  # both may be infinite


def all_know_s(calls: Calls, log: Log, incident: int) -> float:
    """How long it takes until the last needed agency knows of an incident; infinite where one never does."""
    needs = np.arange(*needs_of(calls, incident).indices(len(calls.need_agency)))
    needs = needs[calls.need_agency[needs] != NONE]
    alerted_s = np.full(len(calls.need_agency), np.inf)
    alerted_s[log.job_need] = log.job_alerted_s
    return float(alerted_s[needs].max(initial=-np.inf) - calls.incident_noticed_s[incident])


# ---- the one nearest to two in the morning -----------------------------------------------------------------


def nearest(
    drawn: Iterator[tuple[int, Calls]],
    world: World,
    spans: Days,
    regency: str,
    is_112_told: bool,
) -> Found | None:
    """The incident nearest to two in the morning; None where no emergency needs an agency there.

    Crashes that need several agencies come before all others, and of these, with ``is_112_told``, those whose
    first caller dials 112.
    """
    best: tuple[tuple[Any, ...], Found] | None = None
    days = among = among_to_112 = 0
    for replication, calls in drawn:
        for day, span in spans:
            days += 1
            for incident in _emergencies(world, calls, span, regency):
                needed = int((calls.need_agency[needs_of(calls, incident)] != NONE).sum())
                to_112 = bool(calls.caller_dials_112[callers_of(calls, incident)[0]])
                kind = world.kind_name[calls.incident_kind[incident]]
                is_wanted = kind == WANTED_KIND and needed >= SEVERAL
                among, among_to_112 = among + is_wanted, among_to_112 + (is_wanted and to_112)
                apart_h = float(_hours_apart(world.start_of_week_s + calls.incident_noticed_s[incident]))
                order = (not is_wanted, is_112_told and not to_112, -needed * (not is_wanted), apart_h, days)
                if best is None or order < best[0]:
                    key = int(calls.incident_key[incident])
                    best = order, Found(replication, day, key, to_112, 0, 0, 0)
    if best is None:
        return None
    return replace(best[1], days=days, among=among, among_to_112=among_to_112)


def _emergencies(world: World, calls: Calls, span: Span, regency: str) -> list[int]:
    """Emergencies of a regency that need some agency and have a caller, early enough in a span."""
    if regency not in world.regency_name:
        return []
    noticed_s = calls.incident_noticed_s
    needs = np.zeros(len(noticed_s), dtype=bool)
    needs[calls.need_incident[calls.need_agency != NONE]] = True
    needs &= np.isin(np.arange(len(noticed_s)), calls.caller_incident)
    here = calls.incident_regency == world.regency_name.index(regency)
    found = needs & here & _is_told_in(noticed_s, span) & world.kind_is_emergency[calls.incident_kind]
    return [int(incident) for incident in np.flatnonzero(found)]


def needs_of(calls: Calls, incident: int) -> slice:
    """Where the needs of an incident stand."""
    return slice(int(calls.need_start[incident]), int(calls.need_start[incident + 1]))


def callers_of(calls: Calls, incident: int) -> list[int]:
    """The callers of an incident in the order in which they decide to call."""
    found = np.flatnonzero(calls.caller_incident == incident)
    return [int(caller) for caller in found[np.argsort(calls.caller_start_s[found], kind="stable")]]
