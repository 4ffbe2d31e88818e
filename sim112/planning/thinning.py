"""Taking people away from a plan where every target is kept without them, on the search's own calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim112.engine.contract import Bools, Ints
from sim112.planning.requirement import WEEK_H
from sim112.planning.trial import ROLES, Trial

if TYPE_CHECKING:
    from sim112.planning.sizing import Search

APART_H = 3
"""Hours between two hours of the day that are thinned out on the same trial: a queue is gone by then."""
WHOLE = None
"""What failed on a trial: a target of the whole week or of days, instead of hours."""


def thinned(search: Search, trial: Trial, least: Mapping[str, Ints]) -> Trial:
    """People taken away where every target is kept without them, down to ``least`` by role, [S, 168].

    Hours a few apart are tried together. Where a target of the week or of days fails, fewer hours are
    tried at a time, down to one.
    """
    settled = search.settled[:, None]
    tight = {role: (trial.plan.people(role) <= least[role]) | settled for role in ROLES}
    batch = {role: np.full(len(search.desks), WEEK_H) for role in ROLES}
    while True:
        tried = {role: _choose(search, trial, role, tight[role], batch[role]) for role in ROLES}
        if not any(chosen.any() for chosen in tried.values()):
            return trial
        at = np.any([chosen.any(axis=1) for chosen in tried.values()], axis=0)
        search.say(f"taking away people (desks: {int(at.sum())})")
        less = {role: trial.plan.people(role) - tried[role] for role in ROLES}
        lower = search.trial(replace(trial.plan, **less))
        kept = {}
        for role in ROLES:
            kept[role] = tried[role].copy()
            hours, whole = lower.by_hour(role), lower.as_a_whole(role)
            for row in np.flatnonzero(tried[role].any(axis=1)).tolist():
                failed = WHOLE if whole[row] else hours[row]
                _give_back(search, role, row, kept[role], failed, tight[role], batch[role])
        if all((kept[role] == tried[role]).all() for role in ROLES):
            trial = lower
        else:
            less = {role: trial.plan.people(role) - kept[role] for role in ROLES}
            mixed = search.trial(replace(trial.plan, **less))
            broken = mixed.fails(*ROLES)
            if broken.any():  # what was kept holds only with what was given back: all back at these desks
                for role in ROLES:
                    tight[role][broken] |= kept[role][broken]
                    less[role][broken] = trial.plan.people(role)[broken]
                mixed = search.trial(replace(trial.plan, **less))
            trial = mixed
        for role in ROLES:
            tight[role] |= trial.plan.people(role) <= least[role]


def _choose(search: Search, trial: Trial, role: str, tight: Bools, batch: Ints) -> Bools:
    """Hours from which a person is taken on trial, [S, 168]: those where least fails first."""
    chosen = np.zeros(tight.shape, dtype=bool)
    bad = search.badness(trial, role)
    for row in range(len(tight)):
        cells = search.cells(role)[row]
        free = np.unique(cells[~tight[row]])
        taken = 0
        for cell in sorted(free, key=lambda one: (bad[row][cells == one].max(), one)):
            hours = cells == cell
            near = np.zeros(WEEK_H, dtype=bool)
            for shift in range(-APART_H, APART_H + 1):
                near |= np.roll(hours, shift)
            if not (near & chosen[row]).any() and taken < batch[row]:
                chosen[row] |= hours & search.is_open[row] & ~tight[row]
                taken += 1
    return chosen


def _give_back(
    search: Search, role: str, row: int, kept: Bools, failed: Bools | None, tight: Bools, batch: Ints
) -> None:
    """Give people back in the hours that failed, in all where a target of the whole did (``WHOLE``)."""
    cells = search.cells(role)[row]
    tried = np.unique(cells[kept[row]])
    if failed is None:
        if len(tried) == 1:
            tight[row] |= cells == tried[0]
        batch[row] = max(1, len(tried) // 2)
        kept[row] = False
        return
    for cell in tried:
        window = own = cells == cell
        for shift in range(1, APART_H):
            window = window | np.roll(own, shift)
        if (window & failed).any():
            kept[row] &= ~own
            tight[row] |= own
