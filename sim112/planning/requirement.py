"""How many people and lines desks need, by hour of the week, and a world that has just these.

Hours of the week: 0 is Monday 00:00-01:00, 167 Sunday 23:00-24:00.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim112.engine.contract import TICKS_PER_S, Bools, Change, Ints, World

HOUR_S = 3600.0
DAY_H = 24
WEEK_H = 168
WEEK_S = WEEK_H * HOUR_S


@dataclass(frozen=True)
class Requirement:
    """What one desk needs, [168] by hour of the week.

    ``binding`` says what decides in an hour: ``floor`` the least people on duty, ``load`` the calls,
    ``closed`` that nobody answers. ``theory`` is what the formula alone needs of call-takers.
    """

    desk: str
    call_takers: Ints
    dispatchers: Ints
    lines: int
    binding: tuple[str, ...]
    theory: Ints


@dataclass(frozen=True, eq=False)
class Plan:
    """People and lines of some desks: ``desks`` [S] are rows of ``World.desk_*``, people are [S, 168]."""

    desks: Ints
    call_takers: Ints
    dispatchers: Ints
    lines: Ints  # [S]

    def people(self, role: str) -> Ints:
        """The people of a role, ``call_takers`` or ``dispatchers``."""
        return self.call_takers if role == "call_takers" else self.dispatchers


def with_people(world: World, plan: Plan) -> World:
    """The same world with the people and lines of a plan in place of its own at the plan's desks."""
    lines = world.desk_lines.copy()
    lines[plan.desks] = plan.lines
    changed = _with_steps(world, plan.desks, Change.CALL_TAKERS, plan.call_takers)
    return replace(_with_steps(changed, plan.desks, Change.DISPATCHERS, plan.dispatchers), desk_lines=lines)


def with_opening(world: World, desks: Ints, is_open: Bools) -> World:
    """The same world with other opening hours of desks, [S, 168]."""
    return _with_steps(world, desks, Change.OPEN, is_open.astype(np.int64))


def with_breaks(world: World, plan: Plan, break_min: int) -> World:
    """The world of a plan in which everybody at its desks leaves for ``break_min`` minutes in every hour.

    They go one after another from the full hour on, so that two go at once only where an hour has no other
    time left. Where it is 0, or there is nobody, nothing changes.
    """
    if break_min == 0:
        return with_people(world, plan)
    slots = 60 // break_min
    slot = np.arange(slots)
    people = plan.call_takers[:, :, None]
    there = people - people // slots - (slot < people % slots)
    changed = with_people(world, plan)
    return _with_steps(changed, plan.desks, Change.CALL_TAKERS, there.reshape(len(people), -1))


def _with_steps(world: World, desks: Ints, what: Change, values: Ints) -> World:
    """A world in which a change has these values at desks instead of its own, [S, equal parts of a week]."""
    kept = ~((world.change_what == what) & np.isin(world.change_subject, desks))
    part_s = WEEK_S / values.shape[1]
    first = int(world.start_of_week_s // part_s)
    last = int(np.ceil((world.start_of_week_s + world.end_s) / part_s))
    parts = np.arange(first, max(last, first + 1))
    begins_s = np.maximum(np.rint((parts * part_s - world.start_of_week_s) * TICKS_PER_S) / TICKS_PER_S, 0.0)
    by_part = values[:, parts % values.shape[1]]
    steps = np.concatenate([np.ones((len(desks), 1), bool), np.diff(by_part, axis=1) != 0], axis=1)
    desk, part = np.nonzero(steps)
    time_s = np.concatenate([world.change_time_s[kept], begins_s[part]])
    whats = np.concatenate([world.change_what[kept], np.full(len(desk), int(what))])
    subject = np.concatenate([world.change_subject[kept], desks[desk]])
    value = np.concatenate([world.change_value[kept], by_part[desk, part]])
    order = np.lexsort((value, subject, whats, time_s))
    return replace(
        world,
        change_time_s=time_s[order],
        change_what=whats[order],
        change_subject=subject[order],
        change_value=value[order],
    )


def by_hour_of_week(world: World, what: Change, desks: Ints) -> Ints:
    """The most that a change sets at desks in each hour of the week, [S, 168].

    Hours of the week that are not simulated are as the same hour of a day that is.
    """
    first_h = int(world.start_of_week_s // HOUR_S)
    last_h = max(int(np.ceil((world.start_of_week_s + world.end_s) / HOUR_S)), first_h + 1)
    hours = np.arange(first_h, last_h)
    from_s = np.maximum(hours * HOUR_S - world.start_of_week_s, 0.0)
    to_s = (hours + 1) * HOUR_S - world.start_of_week_s
    most = np.full((len(desks), WEEK_H), -1, dtype=np.int64)
    for row, desk in enumerate(desks):
        own = (world.change_what == what) & (world.change_subject == desk)
        time_s, value = world.change_time_s[own], np.append(0, world.change_value[own])
        # a change at the end of an hour is of the next one
        at = np.searchsorted(time_s, from_s, side="right")
        until = np.searchsorted(time_s, to_s, side="left")
        of_hour = [int(value[a : max(b, a) + 1].max()) for a, b in zip(at, until, strict=True)]
        np.maximum.at(most[row], hours % WEEK_H, of_hour)
    by_day = most.reshape(len(desks), 7, DAY_H)
    alike = np.broadcast_to(by_day.max(axis=1, keepdims=True), by_day.shape)
    return np.maximum(np.where(by_day < 0, alike, by_day), 0).reshape(most.shape)


def own_plan(world: World, desks: Ints) -> Plan:
    """The people and lines that a world has at desks."""
    return Plan(
        desks,
        by_hour_of_week(world, Change.CALL_TAKERS, desks),
        by_hour_of_week(world, Change.DISPATCHERS, desks),
        world.desk_lines[desks],
    )


def open_hours(world: World, desks: Ints) -> Bools:
    """Whether desks are open for some of each hour of the week, [S, 168]."""
    is_open: Bools = by_hour_of_week(world, Change.OPEN, desks) > 0
    return is_open


def requirements(
    world: World, plan: Plan, floors: Ints, is_open: Bools, theory: Ints
) -> Sequence[Requirement]:
    """A plan told desk by desk; ``floors`` [S, 168] are the least call-takers on duty."""
    bound = np.where(plan.call_takers > floors, "load", "floor")
    binding = np.where(is_open, bound, "closed")
    return [
        Requirement(
            desk=world.desk_name[desk],
            call_takers=plan.call_takers[row],
            dispatchers=plan.dispatchers[row],
            lines=int(plan.lines[row]),
            binding=tuple(str(word) for word in binding[row]),
            theory=theory[row],
        )
        for row, desk in enumerate(plan.desks)
    ]
