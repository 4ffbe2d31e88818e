"""Sizing the desks of a scenario, from its configuration to people on shifts and what they cost."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from sim112.config.scenario import Scenario, check_surges
from sim112.config.staff import StaffSettings, Standard
from sim112.engine.choice import Engine
from sim112.engine.contract import NONE, Ints
from sim112.errors import InputError
from sim112.planning.beside import write_beside
from sim112.planning.budget import Budget, Changed, budget_of, sensitivity
from sim112.planning.curve import CurvePoint, curve
from sim112.planning.options import OptionRow, Say, hub_plan, price_options, served_by
from sim112.planning.requirement import WEEK_H, Plan, Requirement
from sim112.planning.roster import RosterPlan, plan_roster
from sim112.planning.sensitivity import Draw, harder_times
from sim112.planning.sized_configs import write_sized_configs
from sim112.planning.sizing import Sizing, resized, size_desks
from sim112.planning.staff_tables import (
    budget_rows,
    curve_rows,
    desk_rows,
    hour_rows,
    option_rows,
    sensitivity_rows,
    shift_rows,
)
from sim112.planning.trial import Simulate, simulator
from sim112.sources import numbers
from sim112.study.replication import check, draw, world_of
from sim112.study.run import under_stress
from sim112.study.store import draft, files_read, saving, stamp, write_provenance, write_rows, write_scenario

OWN = "own"
"""The scenario's own time, among the times in which variants of a plan are compared."""


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
    options: tuple[OptionRow, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    sensitivity: tuple[Changed, ...] = ()
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
    other_times: Mapping[str, Scenario] | None = None,
    hubs: Mapping[str, Scenario] | None = None,
    results: Path | str | None = None,
    command: Sequence[str] = (),
    say: Say = lambda text: None,
) -> SizedScenario:
    """Size every 112 desk of a scenario, or the one that serves ``regency``.

    ``other_times``: the same deployment under other demands, by name, in which variants of the plan are
    compared too; ``hubs``: the same with hubs instead, the scenario's own time (``OWN``) among them. With
    ``results`` it is saved in ``results/staff/<stamp>/``, whole or not at all. Raises InputError where there
    is no such desk, or nothing to size.
    """
    started = datetime.now().astimezone()
    check(scenario)
    others, shared = other_times or {}, hubs or {}
    for other in others.values():
        check_surges(under_stress(other, other.demand))
    if results is None:
        return _size(scenario, settings, regency, others, shared, say)
    with draft(Path(results) / "staff", stamp(started)) as unplaced:
        result = _size(scenario, settings, regency, others, shared, say)
        with saving(unplaced.folder.parent):
            _write(unplaced.folder, result, regency)
            write_beside(unplaced.folder, times=others, hubs=shared)
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
                regency=regency,
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
    others: Mapping[str, Scenario],
    hubs: Mapping[str, Scenario],
    say: Say,
) -> SizedScenario:
    world, desks = world_of(scenario), desks_to_size(scenario, regency)
    standard_name, standard = settings.standard(scenario.targets)
    engine: Engine = "reference" if scenario.engine == "reference" else "compiled"
    workers = scenario.workers or os.cpu_count() or 1
    office = Office(scenario, settings)

    def simulator_of(one: Draw) -> Simulate:
        return simulator(one, desks, settings, standard, engine, workers)

    simulate = simulator_of(lambda replication: draw(scenario, replication))
    sizing = size_desks(world, desks, simulate, settings, standard, office, say)
    sized = tuple(_sized_desk(sizing, row, office) for row in range(len(desks)))
    plan = sizing.on_duty

    points: tuple[CurvePoint, ...] = ()
    if settings.curve_replications:
        say("people against service level")
        fresh = range(sizing.fresh.start, sizing.fresh.start + settings.curve_replications)
        points = curve(world, plan, simulate, standard.answered, fresh)
    options: tuple[OptionRow, ...] = ()
    if settings.options.replications:
        served = {name: _hub(one, regency, office) for name, one in hubs.items()}
        options = price_options(
            {OWN: scenario, **others},
            plan,
            regency,
            {name: hub for name, hub in served.items() if hub is not None},
            office.rp_per_year,
            settings.options.break_min,
            settings.options.replications,
            engine,
            workers,
            say,
        )
    changes: tuple[Changed, ...] = ()
    if settings.sensitivity:
        others_plans = {}
        for what, drawn in harder_times(scenario).items():
            say(f"sized again: {what}")
            harder = simulator_of(drawn)
            others_plans[what] = resized(world, desks, harder, settings, standard, sizing.needed, office, say)
        changes = office.changes(sizing.needed, others_plans)
    return SizedScenario(
        scenario, settings, standard_name, standard, sized, sizing, engine, options, points, changes
    )


class Office:
    """Rosters and prices of plans, each roster planned once."""

    def __init__(self, scenario: Scenario, settings: StaffSettings) -> None:
        self.costs, self.settings, self.shipped = scenario.costs, settings, numbers()
        self._plans: dict[bytes, RosterPlan] = {}

    def roster(self, needed: Ints) -> RosterPlan:
        """The roster for people needed by hour of the week."""
        key = needed.tobytes()
        if key not in self._plans:
            self._plans[key] = plan_roster(needed, self.settings.patterns, self.settings.rules, self.costs)
        return self._plans[key]

    def on_duty(self, needed: Ints) -> Ints:
        """People on duty once the people needed are rounded up to shifts."""
        return self.roster(needed).on_duty

    def shifts(self, needed: Ints) -> Ints:
        """The hours of one person on each shift and day of the roster, [shifts, 168] of 0 and 1."""
        hours = [shift.hours for shift in self.roster(needed).shifts]
        return np.array(hours, dtype=np.int64).reshape(-1, WEEK_H)

    def rosters(self, plan: Plan, row: int) -> list[RosterPlan]:
        """Those of one desk: its call-takers and, where it has any, its dispatchers."""
        both = (plan.call_takers[row], plan.dispatchers[row])
        return [self.roster(needed) for needed in both if needed.any()]

    def lines(self, plan: Plan, row: int) -> int:
        """Lines of one desk, one at least for everybody on duty."""
        return max(int(plan.lines[row]), int(self.on_duty(plan.call_takers[row]).max()))

    def budget(self, plan: Plan, row: int) -> Budget:
        """What one desk of a plan costs."""
        rosters, lines = self.rosters(plan, row), self.lines(plan, row)
        return budget_of(rosters, lines, self.costs, self.settings.budget, self.shipped)

    def rp_per_year(self, plan: Plan) -> float:
        """What all desks of a plan cost a year, Rp."""
        return sum(self.budget(plan, row).rp_per_year for row in range(len(plan.desks)))

    def changes(self, needed: Plan, others: Mapping[str, Plan]) -> tuple[Changed, ...]:
        """What all desks together need and cost in other circumstances."""
        by_desk = [
            sensitivity(
                self.rosters(needed, row),
                self.lines(needed, row),
                self.costs,
                self.settings.budget,
                {what: (self.rosters(plan, row), self.lines(plan, row)) for what, plan in others.items()},
            )
            for row in range(len(needed.desks))
        ]
        return tuple(
            Changed(
                of_desks[0].what,
                sum(one.people for one in of_desks),
                sum(one.rp_per_year for one in of_desks),
                sum(one.difference_rp for one in of_desks),
            )
            for of_desks in zip(*by_desk, strict=True)
        )


def _sized_desk(sizing: Sizing, row: int, office: Office) -> SizedDesk:
    requirement = sizing.requirements[row]
    stayed = sizing.counts.stayed[row].sum()
    return SizedDesk(
        requirement=requirement,
        call_takers=office.roster(requirement.call_takers),
        dispatchers=office.roster(requirement.dispatchers) if requirement.dispatchers.any() else None,
        lines=int(sizing.on_duty.lines[row]),
        budget=office.budget(sizing.needed, row),
        load_erlang=float(sizing.load[row].max()),
        answered_within_share=tuple(
            float(hits[row].sum() / stayed) for hits in sizing.counts.answered_within
        ),
        verified=bool(sizing.verified[row]),
    )


def _hub(scenario: Scenario, regency: str | None, office: Office) -> tuple[Scenario, Plan, float] | None:
    """The hub that serves a regency, staffed as the settings say, and the regency's part of its cost.

    None where it would serve no other regency.
    """
    if regency is None:
        return None
    world = world_of(scenario)
    [desk] = desks_to_size(scenario, regency).tolist()
    serves = served_by(world, desk)
    if serves < 2:
        return None
    plan = hub_plan(world, desk, office.settings.options.hub, office.settings.minimum_on_duty)
    return scenario, plan, office.rp_per_year(plan) / serves


# ---- what is saved -----------------------------------------------------------------------------------------


def _write(folder: Path, result: SizedScenario, regency: str | None) -> None:
    write_scenario(folder, result.scenario)
    write_rows(folder / "desks.csv", desk_rows(result))
    write_rows(folder / "hours.csv", hour_rows(result))
    write_rows(folder / "shifts.csv", shift_rows(result))
    write_rows(folder / "budget.csv", budget_rows(result))
    from sim112.views.staff_figures import (
        write_staff_figures,  # saving looks up to the views, as printing does
    )
    from sim112.views.workbook import write_workbook

    write_workbook(folder / "staff.xlsx", result, numbers(), result.sensitivity)
    write_staff_figures(folder / "figures", result)
    for name, rows in (
        ("options", option_rows(result)),
        ("curve", curve_rows(result)),
        ("sensitivity", sensitivity_rows(result)),
    ):
        if rows:
            write_rows(folder / f"{name}.csv", rows)
    (folder / "screen.txt").write_text(f"{result}\n", encoding="utf-8")
    if not result.scenario.area.is_small_world:
        write_sized_configs(folder / "configs", result.scenario, result.sizing, regency)
