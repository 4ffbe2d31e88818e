"""Random worlds bent towards one extreme each, and the first event at which two engines' logs part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
from worlds import random_world

from sim112.engine.contract import NO_LIMIT, NONE, Calls, Change, Log, Outcome, World

Case = tuple[World, Calls]

TICKS_S = (1 / 1024, 1.0, 60.0)
"""Grids of time: on the coarse ones most events tie."""


def with_people(case: Case, call_takers: int | None = None, dispatchers: int | None = None) -> Case:
    world, calls = case
    value = world.change_value.copy()
    for what, people in ((Change.CALL_TAKERS, call_takers), (Change.DISPATCHERS, dispatchers)):
        if people is not None:
            value[world.change_what == what] = people
    return replace(world, change_value=value), calls


def with_units(case: Case, rows: Any) -> Case:
    world, calls = case
    names = [field.name for field in fields(World) if field.name.startswith("unit_")]
    return replace(world, **{name: getattr(world, name)[..., rows] for name in names}), calls


def with_world(**given: Any) -> Callable[[Case], Case]:
    return lambda case: (replace(case[0], **given), case[1])


def with_calls(case: Case, change: Callable[[str, np.ndarray], np.ndarray]) -> Case:
    """The case with every column of its calls changed, or returned as it is."""
    world, calls = case
    names = [field.name for field in fields(Calls)]
    return world, replace(calls, **{name: change(name, getattr(calls, name)) for name in names})


def without_durations(case: Case) -> Case:
    starts = ("incident_noticed_s", "caller_start_s")
    world, calls = with_calls(
        case,
        lambda name, column: np.zeros_like(column) if name.endswith("_s") and name not in starts else column,
    )
    world = replace(
        world,
        travel_s=np.where(np.isfinite(world.travel_s), 0.0, np.inf),
        scene_approach_s=world.scene_approach_s * 0.0,
        unit_turnout_s=world.unit_turnout_s * 0.0,
        desk_announcement_s=world.desk_announcement_s * 0.0,
    )
    return world, calls


def with_everybody_at_once(case: Case) -> Case:
    """All callers within a minute or two, who wait for ever: long queues, and all of them tied."""
    world, calls = with_calls(
        case, lambda name, column: np.floor(column / 10000) * 60 if name == "caller_start_s" else column
    )
    return world, replace(calls, dial_patience_s=np.full_like(calls.dial_patience_s, np.inf))


def with_an_early_end(case: Case) -> Case:
    """The end at the very instant at which a caller starts: that one does not happen any more."""
    world, calls = case
    starts = np.sort(calls.caller_start_s[calls.caller_start_s > 0])
    return replace(world, end_s=float(starts[len(starts) // 2]) if len(starts) else 1.0), calls


def with_busy_units(case: Case) -> Case:
    """Everybody is answered, and ways and work are long: jobs wait, units are diverted and held back."""
    world, calls = with_people(
        with_calls(
            case,
            lambda name, column: column * 4 if name in ("need_on_scene_s", "need_handover_s") else column,
        ),
        NO_LIMIT,
        NO_LIMIT,
    )
    value = np.where(world.change_what == Change.OUTAGE, 0, world.change_value)
    world = replace(
        world,
        change_value=value,
        desk_lines=np.full_like(world.desk_lines, NO_LIMIT),
        platform_channels=np.full_like(world.platform_channels, NO_LIMIT),
        travel_s=world.travel_s * 8,
        jobs_wait=True,
        busy_drawn=False,
        kind_priority=np.array([0, 3, 5]),
    )
    return world, calls


def with_preferences(case: Case) -> Case:
    """A fixed order of units by zone, with ties and with units that are never sent there."""
    world, calls = case
    zones, units = len(world.zone_regency), len(world.unit_zone)
    rank = (np.arange(zones)[:, None] * 3 + np.arange(units) * 7 + len(calls.caller_key)) % 5
    return replace(world, unit_preference=np.where(rank == 4, NO_LIMIT, rank)), calls


def with_work_that_alerts_nobody(case: Case) -> Case:
    """Some needs are of no agency: work on the ticket alone, in places before others and in places all."""
    world, calls = case
    of_nobody = (np.arange(len(calls.need_agency)) + calls.need_incident) % 3 == 0
    return world, replace(calls, need_agency=np.where(of_nobody, NONE, calls.need_agency))


def with_policies(case: Case) -> Case:
    return with_world(divert=True, hold_back=3, move_up=True)(with_busy_units(case))


VARIATIONS: dict[str, Callable[[Case], Case]] = {
    "as drawn": lambda case: case,
    "no call-takers": lambda case: with_people(case, call_takers=0),
    "no dispatchers": lambda case: with_people(case, dispatchers=0),
    "people without limit": lambda case: with_people(case, NO_LIMIT, NO_LIMIT),
    "no lines": lambda case: with_world(desk_lines=np.zeros_like(case[0].desk_lines))(case),
    "no units": lambda case: with_units(case, np.arange(0)),
    "no durations": without_durations,
    "one of each": lambda case: with_units(
        with_people(with_world(desk_lines=np.ones_like(case[0].desk_lines))(case), 1, 1), slice(0, 1)
    ),
    "an early end": with_an_early_end,
    "everybody at once": with_everybody_at_once,
    "fresh crew": with_world(fresh_crew=True),
    "busy drawn": with_world(busy_drawn=True),
    "mutual aid": with_world(mutual_aid=True),
    "no mutual aid": with_world(mutual_aid=False),
    "at station": with_world(assign_returning=False),
    "lost jobs": with_world(jobs_wait=False),
    "busy units": with_busy_units,
    "divert": lambda case: with_world(divert=True)(with_busy_units(case)),
    "hold back": lambda case: with_world(hold_back=3)(with_busy_units(case)),
    "move up": with_world(move_up=True),
    "all policies": with_policies,
    "all policies, busy drawn": lambda case: with_world(busy_drawn=True)(with_policies(case)),
    "preferences": with_preferences,
    "preferences, busy units": lambda case: with_preferences(with_busy_units(case)),
    "preferences, mutual aid, lost jobs": lambda case: with_world(mutual_aid=True, jobs_wait=False)(
        with_preferences(case)
    ),
    "preferences, busy drawn": lambda case: with_world(busy_drawn=True)(
        with_preferences(with_busy_units(case))
    ),
    "preferences, all policies": lambda case: with_preferences(with_policies(case)),
    "work that alerts nobody": with_work_that_alerts_nobody,
    "nobody to alert": lambda case: with_calls(
        case, lambda name, column: np.full_like(column, NONE) if name == "need_agency" else column
    ),
}


def case_of(seed: int, tick_s: float, variation: str) -> Case:
    return VARIATIONS[variation](random_world(np.random.default_rng(seed), tick_s))


# ---- where two logs part -----------------------------------------------------------------------------------


def events(log: Log) -> Iterator[tuple[float, str, tuple[int, ...]]]:
    """Every clock point of a log that happened: its time, its name, and whose it is."""
    attempts = list(zip(log.call_caller, log.call_dial, log.call_hop, strict=True))
    for prefix, owners in (("call", attempts), ("job", [(need,) for need in log.job_need])):
        for field in fields(log):
            if field.name.startswith(prefix) and field.name.endswith("_s"):
                for owner, time_s in zip(owners, getattr(log, field.name), strict=True):
                    if time_s == time_s:
                        yield float(time_s), field.name, tuple(int(part) for part in owner)


def row_of(log: Log, name: str, owner: tuple[int, ...]) -> str:
    """All that a log says about one attempt or one job."""
    prefix = name.partition("_")[0]
    keys = ("call_caller", "call_dial", "call_hop") if prefix == "call" else ("job_need",)
    found = np.flatnonzero(
        np.logical_and.reduce([getattr(log, k) == v for k, v in zip(keys, owner, strict=True)])
    )
    if not len(found):
        return "no such row"
    row = int(found[0])
    columns = [field.name for field in fields(log) if field.name.startswith(prefix)]
    values = {column.removeprefix(prefix + "_"): getattr(log, column)[row] for column in columns}
    if prefix == "call":
        values["outcome"] = Outcome(int(values["outcome"])).name
    told = (f"{k}={v}" for k, v in values.items() if v == v)
    return f"row {row}: " + " ".join(told)


def first_parting(a: Log, b: Log, names: tuple[str, str] = ("reference", "compiled")) -> str | None:
    """The first event that is not the same in two logs, with both views of its row; None where all are."""
    apart = sorted(set(events(a)) ^ set(events(b)))
    if not apart:
        return None
    time_s, name, owner = apart[0]
    lines = [f"first differing event: {name} of {owner} at {time_s} s"]
    lines += [f"  {engine:>9}: {row_of(log, name, owner)}" for engine, log in zip(names, (a, b), strict=True)]
    return "\n".join([*lines, f"  and {len(apart) - 1} more"])
