"""Taking people off shifts where every target is kept without them, on the search's own calls.

The people needed by hour are rounded up to shifts, so that most hours of a shift have more people than they
need, and calls of one hour are answered by people who stand idle in the next. So the hour that decides how
many people a shift has may do with one fewer: tried here, first on all days, then on one day alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sim112.engine.contract import Bools, Ints
from sim112.planning.requirement import DAY_H, WEEK_H, Plan
from sim112.planning.trial import ROLES

if TYPE_CHECKING:
    from sim112.planning.sizing import Search

MOST_LINES_ADDED = 10


class Rosters(Protocol):
    """Shifts for people needed by hour of the week [168], zeros among them."""

    def on_duty(self, needed: Ints) -> Ints:
        """People whom the shifts put on duty, [168], nowhere fewer than needed."""
        ...

    def shifts(self, needed: Ints) -> Ints:
        """The hours of one person on each shift and day, [shifts, 168] of 0 and 1."""
        ...


def shaved(search: Search, needed: Plan, least: Plan | None = None) -> Plan:
    """The people needed, lowered where a person on a shift can be spared; never below the floor or ``least``.

    A desk gets lines first, where the people whom shifts put on duty beside those needed keep so many
    callers from hanging up that the lines no longer do. One at which another target fails stays as it is.
    """
    for _ in range(MOST_LINES_ADDED):
        on_duty = search.covered(needed)
        short = search.trial(on_duty).fails("lines")
        if not short.any():
            break
        needed = replace(needed, lines=on_duty.lines + short)
    for on_all_days in (True, False):
        needed = _shaved(search, needed, least, on_all_days)
    return needed


def _shaved(search: Search, needed: Plan, least: Plan | None, on_all_days: bool) -> Plan:
    assert search.rosters is not None
    on_duty = search.covered(needed)
    stuck: set[tuple[int, str, bytes]] = set()
    while True:
        tried: dict[int, tuple[str, Ints]] = {}
        for row in np.flatnonzero(~search.settled).tolist():
            for role in ROLES:
                floor = search.floors[role][row]
                if least is not None:
                    floor = np.maximum(floor, least.people(role)[row])
                on = on_duty.people(role)[row]
                for hours in _persons(search.rosters.shifts(needed.people(role)[row]), on_all_days):
                    spare = (on - hours >= floor) | (hours == 0)
                    if row not in tried and spare.all() and (row, role, hours.tobytes()) not in stuck:
                        tried[row] = role, hours
        if not tried:
            return needed
        search.say(f"taking people off shifts (desks: {len(tried)})")
        fewer = _without(on_duty, on_duty, tried)
        fewer = replace(fewer, lines=np.maximum(needed.lines, fewer.call_takers.max(axis=1)))
        fails = search.trial(fewer).fails(*ROLES, "lines")
        kept = {row: one for row, one in tried.items() if not fails[row]}
        lower = _without(needed, on_duty, kept)
        covered = search.covered(lower)
        breaks = _breaks(search, covered, fewer, kept)
        for row, (role, hours) in tried.items():
            saves = covered.people(role)[row].sum() < on_duty.people(role)[row].sum()
            if row not in kept or breaks[row] or not saves:
                stuck.add((row, role, hours.tobytes()))
                kept.pop(row, None)
        needed = _without(needed, on_duty, kept)
        on_duty = search.covered(needed)


def _persons(shifts: Ints, on_all_days: bool) -> list[Ints]:
    """The hours of one person on each shift, on one day of it or, the same shift of every day, on all."""
    if not on_all_days:
        return list(shifts)
    alike: dict[bytes, Ints] = {}
    for hours in shifts:
        of_day = hours.reshape(-1, DAY_H).any(axis=0).tobytes()
        alike[of_day] = alike.get(of_day, np.zeros(WEEK_H, dtype=np.int64)) + hours
    return list(alike.values())


def _without(plan: Plan, on_duty: Plan, taken: dict[int, tuple[str, Ints]]) -> Plan:
    """A plan of at most those on duty without the persons taken; other desks are left as they are."""
    people = {role: plan.people(role).copy() for role in ROLES}
    for row, (role, hours) in taken.items():
        people[role][row] = np.minimum(people[role][row], on_duty.people(role)[row] - hours)
    return replace(plan, **people)


def _breaks(search: Search, covered: Plan, fewer: Plan, kept: dict[int, tuple[str, Ints]]) -> Bools:
    """Desks at which shifts chosen anew, no longer those that were tried, break a target."""
    same = all((covered.people(role)[row] >= fewer.people(role)[row]).all() for row in kept for role in ROLES)
    if same:
        return np.zeros(len(search.desks), dtype=bool)
    return search.trial(covered).fails(*ROLES, "lines")
