"""People against service: what callers get with fewer and with more people than were found to be needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim112.config.staff import Within
from sim112.engine.contract import Floats, World
from sim112.planning.requirement import Plan, with_people
from sim112.planning.service import high_share, low_share
from sim112.planning.trial import Simulate

OFFSETS = (-3, -2, -1, 0, 1, 2, 3)
CONFIDENCE = 0.975
"""Of each bound, so that 95 % of intervals hold the true share."""
ALL = "all"
MOST_DESKS = 8
"""Up to so many desks have a curve each; more are told together."""


@dataclass(frozen=True)
class CurvePoint:
    """One level of the target at one desk (or all), with so many people more or fewer in every open hour.

    ``people`` is the mean number of call-takers on duty while the desk is open. ``share`` is the share
    answered in time over the week, with its interval.
    """

    desk: str
    change: int
    people: float
    within_s: float
    share: float
    low: float
    high: float


def curve(
    world: World, plan: Plan, simulate: Simulate, answered: Sequence[Within], fresh: range
) -> tuple[CurvePoint, ...]:
    """The curve around a plan on fresh runs; hours with nobody stay closed, all others keep one person."""
    is_on = plan.call_takers > 0
    desks = [world.desk_name[desk] for desk in plan.desks]
    points: list[CurvePoint] = []
    tried: set[bytes] = set()
    for change in OFFSETS:
        people = np.where(is_on, np.maximum(plan.call_takers + change, 1), 0)
        if people.tobytes() in tried:  # fewer than one there cannot be
            continue
        tried.add(people.tobytes())
        lines = np.maximum(plan.lines, people.max(axis=1))
        counts = simulate(with_people(world, replace(plan, call_takers=people, lines=lines)), fresh)
        mean = people.sum(axis=1) / is_on.sum(axis=1)
        for level, hits in zip(answered, counts.answered_within, strict=True):
            if len(desks) <= MOST_DESKS:
                shares = _shares(hits, counts.stayed)
                for row, desk in enumerate(desks):
                    share, low, high = (float(part[row]) for part in shares)
                    points.append(
                        CurvePoint(desk, change, float(mean[row]), level.within_s, share, low, high)
                    )
            if len(desks) > 1:
                share, low, high = (float(part[0]) for part in _shares(
                    hits.sum(axis=0, keepdims=True), counts.stayed.sum(axis=0, keepdims=True)
                ))  # fmt: skip
                points.append(CurvePoint(ALL, change, float(mean.sum()), level.within_s, share, low, high))
    return tuple(points)


def _shares(hits: Floats, stayed: Floats) -> tuple[Floats, Floats, Floats]:
    """Share and bounds over the week, [S], from [S, R, 168]."""
    good, total = (part.sum(axis=-1, keepdims=True) for part in (hits, stayed))
    n = total.sum(axis=-2)[:, 0]
    share = np.divide(good.sum(axis=-2)[:, 0], n, out=np.full(len(n), np.nan), where=n > 0)
    low, high = low_share(good, total, CONFIDENCE)[:, 0], high_share(good, total, CONFIDENCE)[:, 0]
    return share, low, high
