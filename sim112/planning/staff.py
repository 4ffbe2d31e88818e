"""Sizing the desks of a scenario, from its configuration to people on shifts and what they cost."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from sim112.config.scenario import Scenario, check_surges
from sim112.config.staff import StaffSettings, Standard
from sim112.engine.choice import Engine
from sim112.engine.contract import NONE, Ints
from sim112.errors import InputError
from sim112.planning.budget import Budget, budget_of
from sim112.planning.floor import FloorRow, price_floor
from sim112.planning.requirement import WEEK_H, Requirement
from sim112.planning.roster import RosterPlan, plan_roster
from sim112.planning.sized_configs import write_sized_configs
from sim112.planning.sizing import Sizing, size_desks
from sim112.planning.trial import simulator
from sim112.sources import numbers
from sim112.study.replication import check, draw, world_of
from sim112.study.run import under_stress
from sim112.study.store import draft, files_read, saving, stamp, write_provenance, write_rows, write_scenario


@dataclass(frozen=True, eq=False)
class SizedDesk:
    """One desk: what it needs, the shifts that cover it, what it costs, and what its callers then get."""

    requirement: Requirement
    call_takers: RosterPlan
    dispatchers: RosterPlan | None
    lines: int
    budget: Budget
    load_erlang: float  # in the busiest hour of the week, calls pooled as they are judged
    answered_within_share: tuple[float, ...]  # by level of the standard, over the whole week
    verified: bool

    @property
    def people(self) -> int:
        """People on the payroll who answer and dispatch; supervisors are in the budget."""
        return self.call_takers.people + (0 if self.dispatchers is None else self.dispatchers.people)


@dataclass(frozen=True, eq=False)
class SizedScenario:
    """The sized desks of a scenario. Printing it shows the screen of ``sim112 staff``."""

    scenario: Scenario
    settings: StaffSettings
    standard_name: str
    standard: Standard
    desks: tuple[SizedDesk, ...]
    sizing: Sizing
    engine: Engine
    floor: tuple[FloorRow, ...] = ()
    folder: Path | None = None

    @property
    def is_kept(self) -> bool:
        """Whether every target can be kept at every desk, and was shown to be on fresh runs."""
        return not self.sizing.findings and bool(self.sizing.verified.all())

    def __repr__(self) -> str:
        return f"<SizedScenario {self.scenario.name}: {len(self.desks)} desks>"

    def __str__(self) -> str:
        from sim112.views.staff_screen import staff_screen  # what prints itself looks up to the views

        return staff_screen(self)


def size_scenario(
    scenario: Scenario,
    settings: StaffSettings,
    regency: str | None = None,
    *,
    floor_scenarios: Mapping[str, Scenario] | None = None,
    results: Path | str | None = None,
    command: Sequence[str] = (),
    say: Callable[[str], None] = lambda text: None,
) -> SizedScenario:
    """Size every 112 desk of a scenario, or the one that serves ``regency``.

    ``floor_scenarios``: the same deployment under several demands, in which one, two and three people are
    compared where the floor binds at the one desk that is sized. With ``results`` it is saved in
    ``results/staff/<stamp>/``, whole or not at all. Raises InputError where there is no such desk, or nothing
    to size.
    """
    started = datetime.now().astimezone()
    check(scenario)
    others = floor_scenarios or {}
    for other in others.values():
        check_surges(under_stress(other, other.demand))
    if results is None:
        return _size(scenario, settings, regency, others, say)
    with draft(Path(results) / "staff", stamp(started)) as unplaced:
        result = _size(scenario, settings, regency, others, say)
        with saving(unplaced.folder.parent):
            _write(unplaced.folder, result, regency)
            write_provenance(
                unplaced.folder,
                verb="staff",
                command=command,
                seed=scenario.seed,
                started=started,
                files_read=files_read([scenario]),
                scenarios=[scenario.name],
                engine=result.engine,
                settings=settings.model_dump(mode="json"),
            )
    return SizedScenario(**(vars(result) | {"folder": unplaced.place}))


def desks_to_size(scenario: Scenario, regency: str | None = None) -> Ints:
    """The 112 desks of a scenario's world, [S], or the one that serves a regency."""
    world = world_of(scenario)
    if regency is None:
        desks = np.flatnonzero(world.desk_agency == NONE)
        if len(desks) == 0:
            raise InputError(f"{scenario.name} has no 112 desk; choose a scenario with one, such as all_35")
        return desks
    desk = int(world.regency_desk[world.regency_name.index(regency)])
    if desk == NONE:
        raise InputError(f"{regency} has no 112 desk in {scenario.name}; give deployment.add=[{regency}]")
    return np.array([desk], dtype=np.int64)


def _size(
    scenario: Scenario,
    settings: StaffSettings,
    regency: str | None,
    floor_scenarios: Mapping[str, Scenario],
    say: Callable[[str], None],
) -> SizedScenario:
    world, desks = world_of(scenario), desks_to_size(scenario, regency)
    standard_name, standard = settings.standard(scenario.targets)
    engine: Engine = "reference" if scenario.engine == "reference" else "compiled"
    workers = scenario.workers or os.cpu_count() or 1
    plans: dict[bytes, RosterPlan] = {}

    def roster(needed: Ints) -> RosterPlan:
        key = needed.tobytes()
        if key not in plans:
            plans[key] = plan_roster(needed, settings.patterns, settings.rules, scenario.costs)
        return plans[key]

    simulate = simulator(
        lambda replication: draw(scenario, replication), desks, settings, standard, engine, workers
    )
    sizing = size_desks(
        world, desks, simulate, settings, standard, cover=lambda needed: roster(needed).on_duty, say=say
    )
    shipped = numbers()
    sized = []
    for row, requirement in enumerate(sizing.requirements):
        call_takers = roster(requirement.call_takers)
        dispatchers = roster(requirement.dispatchers) if requirement.dispatchers.any() else None
        both = [call_takers] if dispatchers is None else [call_takers, dispatchers]
        lines = int(sizing.on_duty.lines[row])
        stayed = sizing.counts.stayed[row].sum()
        sized.append(
            SizedDesk(
                requirement=requirement,
                call_takers=call_takers,
                dispatchers=dispatchers,
                lines=lines,
                budget=budget_of(both, lines, scenario.costs, settings.budget, shipped),
                load_erlang=float(sizing.load[row].max()),
                answered_within_share=tuple(
                    float(hits[row].sum() / stayed) for hits in sizing.counts.answered_within
                ),
                verified=bool(sizing.verified[row]),
            )
        )
    floor: tuple[FloorRow, ...] = ()
    if len(desks) == 1 and "load" not in sizing.requirements[0].binding and floor_scenarios:
        say("what the least people on duty are for")
        floor = price_floor(floor_scenarios, int(desks[0]), settings.floor_replications, engine)
    return SizedScenario(scenario, settings, standard_name, standard, tuple(sized), sizing, engine, floor)


# ---- what is saved -----------------------------------------------------------------------------------------


def _write(folder: Path, result: SizedScenario, regency: str | None) -> None:
    write_scenario(folder, result.scenario)
    write_rows(folder / "desks.csv", desk_rows(result))
    write_rows(folder / "hours.csv", hour_rows(result))
    write_rows(folder / "shifts.csv", shift_rows(result))
    write_rows(folder / "budget.csv", budget_rows(result))
    from sim112.views.workbook import write_workbook  # saving looks up to the views, as printing does

    write_workbook(folder / "staff.xlsx", result, numbers())
    if result.floor:
        write_rows(folder / "floor.csv", [asdict(row) for row in result.floor])
    (folder / "screen.txt").write_text(f"{result}\n", encoding="utf-8")
    if not result.scenario.area.is_small_world:
        write_sized_configs(folder / "configs", result.scenario, result.sizing, regency)


def desk_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk: people, lines, cost, and what callers get on the fresh runs."""
    rows: list[dict[str, object]] = []
    for desk in result.desks:
        need = desk.requirement
        row: dict[str, object] = {
            "desk": need.desk,
            "load_erlang": desk.load_erlang,
            "call_taker_hours_theory": int(need.theory.sum()),
            "call_taker_hours_needed": int(need.call_takers.sum()),
            "call_taker_hours_on_duty": int(desk.call_takers.on_duty.sum()),
            "dispatcher_hours_needed": int(need.dispatchers.sum()),
            "hours_where_load_binds": need.binding.count("load"),
            "lines": desk.lines,
            "people": desk.people,
            "pattern": desk.call_takers.pattern,
            "rp_per_year": desk.budget.rp_per_year,
            "verified": desk.verified,
        }
        for level, value in zip(result.standard.answered, desk.answered_within_share, strict=True):
            row[f"answered_within_{level.within_s:g}_s_share"] = value
        rows.append(row)
    return rows


def hour_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk and hour of the week, 0 Monday 00:00-01:00."""
    return [
        {
            "desk": desk.requirement.desk,
            "hour_of_week": hour,
            "load_erlang": float(result.sizing.load[row, hour]),
            "theory": int(desk.requirement.theory[hour]),
            "call_takers": int(desk.requirement.call_takers[hour]),
            "call_takers_on_duty": int(result.sizing.on_duty.call_takers[row, hour]),
            "dispatchers": int(desk.requirement.dispatchers[hour]),
            "dispatchers_on_duty": int(result.sizing.on_duty.dispatchers[row, hour]),
            "binding": desk.requirement.binding[hour],
        }
        for row, desk in enumerate(result.desks)
        for hour in range(WEEK_H)
    ]


def shift_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk, role, shift and day of the week, 0 Monday."""
    return [
        {
            "desk": desk.requirement.desk,
            "role": role,
            "pattern": plan.pattern,
            "shift": shift.name,
            "day": shift.day,
            "from_h": shift.from_h,
            "to_h": shift.to_h,
            "people": shift.people,
        }
        for desk in result.desks
        for role, plan in (("call_taker", desk.call_takers), ("dispatcher", desk.dispatchers))
        if plan is not None
        for shift in plan.shifts
    ]


def budget_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk and budget line, Rp of the price year."""
    return [
        {
            "desk": desk.requirement.desk,
            "kind": line.kind,
            "payer": line.payer,
            "what": line.what,
            "quantity": line.quantity,
            "unit": line.unit,
            "rp_each": line.rp_each,
            "rp": line.rp,
            "low_rp": line.low_rp,
            "high_rp": line.high_rp,
            "basis": line.basis,
            "price_year": desk.budget.price_year,
        }
        for desk in result.desks
        for line in desk.budget.lines
    ]
