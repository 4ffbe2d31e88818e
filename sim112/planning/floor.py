"""What the least people on duty are for: one, two, three people at a small centre; a night without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim112.config.scenario import Scenario
from sim112.engine import choice
from sim112.engine.choice import Engine
from sim112.engine.contract import Bools, Calls, Ints, Log, Outcome, World
from sim112.planning.requirement import DAY_H, WEEK_H, Plan, own_plan, with_opening, with_people
from sim112.study.replication import draw, world_of
from sim112.study.run import under_stress

NIGHT_FROM_H, NIGHT_TO_H = 21, 7
"""The hours in which the centre that is known to close is closed (Jepara)."""
DAY_S = 86400.0


@dataclass(frozen=True)
class FloorRow:
    """One desk in one time, so staffed: what a day brings in the mean, over the reported time.

    ``busy_or_absent`` are calls that had to wait or found no line. ``unreported`` are incidents of the
    regencies that the desk serves of which no needed agency ever heard. ``people_h`` is a week's rostered
    hours, ``away_h`` those of a week in which nobody answers.
    """

    demand: str
    staffed: str
    people_h: int
    away_h: int
    offered: float
    busy_or_absent: float
    unreported: float
    incidents: float


def price_floor(
    scenarios: Mapping[str, Scenario], desk: int, replications: int, engine: Engine
) -> tuple[FloorRow, ...]:
    """A desk with one, two and three people, and closed by night, in several times, on the same calls.

    ``scenarios`` by the name of their demand; they share their desks. A time with surges is reported from the
    first to the last of them.
    """
    hour = np.arange(WEEK_H) % DAY_H
    is_night = (hour >= NIGHT_FROM_H) | (hour < NIGHT_TO_H)
    day_only = f"2, closed {NIGHT_FROM_H}-{NIGHT_TO_H:02d} h"
    rows = []
    for demand, scenario in scenarios.items():
        busiest = under_stress(scenario, scenario.demand) if scenario.demand.surges else scenario
        world = world_of(busiest)
        drawn = [draw(busiest, replication) for replication in range(replications)]
        for staffed, people, is_open in (
            ("1", 1, np.ones(WEEK_H, dtype=bool)),
            ("2", 2, np.ones(WEEK_H, dtype=bool)),
            ("3", 3, np.ones(WEEK_H, dtype=bool)),
            (day_only, 2, ~is_night),
        ):
            there = _staffed(world, desk, np.where(is_open, people, 0), is_open)
            told = [_count(there, calls, choice.simulate(engine, there, calls), desk) for calls in drawn]
            days = (world.report_to_s - world.report_from_s) / DAY_S * replications
            totals = np.sum(told, axis=0) / days
            away_h = int((~is_open).sum())
            rows.append(FloorRow(demand, staffed, people * (WEEK_H - away_h), away_h, *map(float, totals)))
    return tuple(rows)


def _staffed(world: World, desk: int, people: Ints, is_open: Bools) -> World:
    desks = np.array([desk], dtype=np.int64)
    own = own_plan(world, desks)
    plan = Plan(desks, people[None, :], own.dispatchers * is_open, own.lines)
    return with_people(with_opening(world, desks, is_open[None, :]), plan)


def _count(world: World, calls: Calls, log: Log, desk: int) -> tuple[int, int, int, int]:
    """Offered calls, those that found nobody or no line, incidents unreported, incidents in all."""
    seen = (log.call_desk == desk) & (log.call_outcome != Outcome.BARRED)
    seen &= (log.call_offered_s >= world.report_from_s) & (log.call_offered_s < world.report_to_s)
    blocked = (Outcome.BLOCKED_OUTAGE, Outcome.BLOCKED_PLATFORM, Outcome.BLOCKED_LINES)
    nobody = (log.call_picked_s > log.call_queued_s) | (log.call_outcome == Outcome.ABANDONED)
    nobody |= np.isin(log.call_outcome, blocked)
    here = world.regency_desk[calls.incident_regency] == desk
    here &= (calls.incident_noticed_s >= world.report_from_s) & (calls.incident_noticed_s < world.report_to_s)
    here &= np.diff(calls.need_start) > 0
    alerted = np.zeros(len(calls.need_incident), dtype=bool)
    alerted[log.job_need] = True
    known = np.bincount(calls.need_incident[alerted], minlength=len(calls.incident_key)) > 0
    return int(seen.sum()), int((seen & nobody).sum()), int((here & ~known).sum()), int(here.sum())
