"""What one more person buys, and what it buys beside it: one more line, the 24-hour block, a shared hub.

A sized plan and its variants are simulated on the same calls, in the scenario's own time and in hard ones
(the weeks after a launch, a flood day). Every difference is paired by replication. Everybody takes breaks
here, one after another: it is what a second person at a small centre is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sim112.config.scenario import Scenario
from sim112.config.staff import Hub
from sim112.engine import choice
from sim112.engine.choice import Engine
from sim112.engine.contract import NONE, Ints, World
from sim112.planning.requirement import (
    DAY_H,
    WEEK_H,
    Plan,
    open_hours,
    own_plan,
    with_breaks,
    with_opening,
)
from sim112.study.comparison import estimate
from sim112.study.definitions import BY_KEY
from sim112.study.kpis import Measures, measure
from sim112.study.replication import draw, world_of
from sim112.study.run import under_stress
from sim112.study.statistics import paired_difference

NIGHT_FROM_H, NIGHT_TO_H = 21, 7
"""The hours in which the centre that is known to close is closed (Jepara)."""
BAR_AFTER = 3
"""Calls after which a number is barred where barring is tried and the scenario has none; as is shipped."""
ANNOUNCEMENT_S = 8.0
"""Length of the announcement where one is tried and the scenario has none; as is shipped."""
YEAR_DAYS = 365.25
OF_CALLS = ("offered", "answered_within_share", "found_nobody")
TOLD = (*OF_CALLS, "unreported_a_day", "lost")
"""Measures that are told: of calls to 112 the first three, of all incidents the others."""

CLEAR_P = 0.05

RpPerYear = Callable[[Plan], float]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """A measure and its interval, and by how much it differs from the plan as sized; NaN for that plan.

    ``difference_p``: the p-value of the paired difference, one test among many.
    """

    value: float
    low: float
    high: float
    difference: float = np.nan
    difference_low: float = np.nan
    difference_high: float = np.nan
    difference_p: float = np.nan

    @property
    def is_clear(self) -> bool:
        """Whether chance alone would make such a difference in fewer than 5 % of comparisons."""
        return self.difference_p < CLEAR_P


@dataclass(frozen=True)
class OptionRow:
    """One variant in one time, over all sized desks together.

    ``people_h`` is a week's hours on duty, ``away_h`` those of a week in which a desk has nobody there: it is
    closed, or one person alone takes a break. ``rp_per_year`` is NaN where the variant cannot be priced.
    ``answered_within`` is a share; ``found_nobody`` calls to 112 that were blocked or had to wait,
    ``unreported`` incidents nobody got through for, ``lost`` those and incidents not reached in time, a day.
    """

    demand: str
    option: str
    people_h: float
    away_h: float
    rp_per_year: float
    offered: Told
    answered_within: Told
    found_nobody: Told
    unreported: Told
    lost: Told


@dataclass(frozen=True, eq=False)
class Variant:
    """A named change of the sized plan or of its world."""

    name: str
    plan: Plan
    world: World


def variants(world: World, plan: Plan) -> tuple[Variant, ...]:
    """The variants of a plan that its world allows: the plan, people and lines as given, and others."""
    desks, is_open = plan.desks, open_hours(world, plan.desks)
    on = is_open.astype(np.int64)
    found = [Variant("as_sized", plan, world)]
    given = own_plan(world, desks)
    if given.call_takers.any() and not _alike(given, plan):
        found.append(Variant("as_given", given, world))

    def people(name: str, change: int) -> None:
        count = np.maximum(plan.call_takers + change * on, on)
        if (count != plan.call_takers).any():
            found.append(Variant(name, replace(plan, call_takers=count), world))

    people("one_person_less", -1)
    people("one_person_more", 1)
    found.append(Variant("one_line_more", replace(plan, lines=plan.lines + 1), world))
    bar_after, announcement_s = world.desk_bar_after.copy(), world.desk_announcement_s.copy()
    has_bar, has_announcement = bool(bar_after[desks].any()), bool(announcement_s[desks].any())
    bar_after[desks] = 0 if has_bar else BAR_AFTER
    announcement_s[desks] = 0.0 if has_announcement else ANNOUNCEMENT_S
    if has_bar or world.desk_bar_s[desks].all():
        name = "without_block" if has_bar else "with_block"
        found.append(Variant(name, plan, replace(world, desk_bar_after=bar_after)))
    name = "without_announcement" if has_announcement else "with_announcement"
    found.append(Variant(name, plan, replace(world, desk_announcement_s=announcement_s)))
    hour = np.arange(WEEK_H) % DAY_H
    is_day = (hour >= NIGHT_TO_H) & (hour < NIGHT_FROM_H)
    if (is_open & ~is_day).any():
        by_day = is_open & is_day
        closed = replace(plan, call_takers=plan.call_takers * by_day, dispatchers=plan.dispatchers * by_day)
        found.append(Variant("closed_by_night", closed, with_opening(world, desks, by_day)))
    return tuple(found)


def _alike(one: Plan, other: Plan) -> bool:
    """Whether two plans have the same people and lines."""
    return all(
        np.array_equal(getattr(one, part), getattr(other, part))
        for part in ("call_takers", "dispatchers", "lines")
    )


def price_options(
    scenarios: Mapping[str, Scenario],
    plan: Plan,
    regency: str | None,
    hubs: Mapping[str, tuple[Scenario, Plan, float]],
    rp_per_year: RpPerYear,
    break_min: int,
    replications: int,
    engine: Engine,
    workers: int = 1,
    say: Say = lambda text: None,
) -> tuple[OptionRow, ...]:
    """Every variant of a plan in every time, on the same calls.

    ``scenarios`` by the name of their demand; they share their desks. With a ``regency`` its callers and
    incidents are told, else those of the whole scenario. ``hubs``: by the name of the time, the scenario in
    which a hub serves the regency, the hub's plan, and the regency's part of its yearly cost, Rp. A time with
    surges is reported from the first to the last of them.
    """
    rows: list[OptionRow] = []
    for demand, scenario in scenarios.items():
        say(f"what one more person buys: {demand}")
        there = _reported(scenario)
        world = world_of(there)
        tried = [
            (
                one.name,
                with_breaks(one.world, one.plan, break_min),
                _hours(one.plan, break_min),
                rp_per_year(one.plan),
            )
            for one in variants(world, plan)
        ]
        if demand in hubs:
            other, hub, rp = hubs[demand]
            its = world_of(_reported(other))
            tried.append(("hub", with_breaks(its, hub, break_min), _hours(hub, break_min), rp))
        worlds = [one[1] for one in tried]

        runs: list[list[Measures]] = [[] for _ in tried]
        with ThreadPoolExecutor(workers) as pool:
            for replication in range(replications):
                calls = draw(there, replication)
                if replication == 0:  # loads what is compiled, before there are threads
                    choice.simulate(engine, worlds[0], calls)
                logs = pool.map(partial(choice.simulate, engine, calls=calls), worlds)
                for own, one, log in zip(runs, worlds, logs, strict=True):
                    own.append(measure(one, calls, log, there.targets, there.costs))
        for (name, _, (people_h, away_h), rp), own in zip(tried, runs, strict=True):
            told = (_told(key, own, runs[0], regency) for key in TOLD)
            rows.append(OptionRow(demand, name, people_h, away_h, rp, *told))
    return tuple(rows)


def _reported(scenario: Scenario) -> Scenario:
    return under_stress(scenario, scenario.demand) if scenario.demand.surges else scenario


def _hours(plan: Plan, break_min: int) -> tuple[float, float]:
    """Hours on duty a week, and hours a week in which an open desk, or a desk by night, has nobody there."""
    people = plan.call_takers
    alone_h = float((people == 1).sum()) * break_min / 60.0
    return float(people.sum() + plan.dispatchers.sum()), float((people == 0).sum()) + alone_h


def _told(key: str, own: Sequence[Measures], base: Sequence[Measures], regency: str | None) -> Told:
    """A measure of one variant over all replications, and its paired difference from the first variant."""
    of_calls = key in OF_CALLS
    if regency is None:
        scope, at = ("service", 0) if of_calls else ("province", 0)
    else:
        scope = "regency_112" if of_calls else "regency"
        at = own[0].members(scope).index(regency)
    scale = 1 / YEAR_DAYS if BY_KEY[key].is_rate_per_year else 1.0
    found = estimate(key, own, scope)
    value, low, high = (
        scale * float(part[at]) for part in (found.interval.value, found.interval.low, found.interval.high)
    )
    if own is base:
        return Told(value, low, high)
    first = estimate(key, base, scope).linearised[:, at]
    less = paired_difference(scale * first, scale * found.linearised[:, at])
    difference = (float(part) for part in (less.value, less.low, less.high, less.p_value))
    return Told(value, low, high, *difference)


def hub_plan(world: World, desk: int, hub: Hub, minimum_on_duty: int) -> Plan:
    """A hub with the people and lines of the settings in every hour in which it is open."""
    desks: Ints = np.array([desk], dtype=np.int64)
    on = open_hours(world, desks).astype(np.int64)
    people = max(hub.call_takers, minimum_on_duty)
    lines = np.array([max(hub.lines, people)], dtype=np.int64)
    return Plan(desks, on * people, on * hub.dispatchers, lines)


def served_by(world: World, desk: int) -> int:
    """How many regencies a desk serves."""
    return int(((world.regency_desk == desk) & (world.regency_desk != NONE)).sum())
