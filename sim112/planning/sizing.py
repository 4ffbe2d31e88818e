"""The least people and lines that keep the targets: found on the same calls, held on fresh ones.

All desks are sized at once: one simulation tells what every desk's callers get, and each desk takes its own
next step. Where a target fails in an hour, that hour gets a person; where there is slack, a person is taken
away on trial, and given back if a target fails. What people cannot mend (the moment of picking up alone is
longer than the target) is found with people and lines for everybody, told, and left out of the search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sim112.config.staff import Service, StaffSettings, Standard
from sim112.engine.contract import NO_LIMIT, Bools, Change, Floats, Ints, World
from sim112.errors import InputError
from sim112.planning import first_guess
from sim112.planning.out_of_reach import Finding, findings, is_beyond
from sim112.planning.requirement import (
    WEEK_H,
    Plan,
    Requirement,
    by_hour_of_week,
    open_hours,
    requirements,
    with_people,
)
from sim112.planning.service import Check, Counts, Judging, judge, pools
from sim112.planning.shaving import Shifts, shaved
from sim112.planning.thinning import thinned
from sim112.planning.trial import ROLES, Simulate, Trial

AMPLE = 100_000
"""People of one role at a desk where nobody shall ever wait."""
ADDED_SHARE = 0.125
"""Share of the open hours that get a person at a time where a target of the whole week or of days fails."""
PATIENT_TRIES = 6
"""Rounds of adding after which the next ones add one person more at a time."""
LINES_TRIED = 40
"""Lines added to the first guess before people are added instead."""

Cover = Callable[[Ints], Ints]
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Sizing:
    """What desks need and what their callers then get.

    ``requirements`` are what the search found, ``on_duty`` the people after rounding up to shifts. ``own`` is
    what is asked of whom, ``checks`` and ``counts`` are of ``on_duty`` on the fresh runs of the last round;
    ``verified`` [S]: every target that can be kept was shown to be kept there. ``load`` [S, 168] is the
    offered load of call-takers, erlang, in the cells of time in which calls are judged. ``runs`` counts
    simulated replications.
    """

    requirements: tuple[Requirement, ...]
    needed: Plan
    on_duty: Plan
    findings: tuple[Finding, ...]
    asked: Judging
    checks: tuple[Check, ...]
    counts: Counts
    verified: Bools
    load: Floats
    rounds: int
    runs: int


def size_desks(
    world: World,
    desks: Ints,
    simulate: Simulate,
    settings: StaffSettings,
    standard: Standard,
    cover: Cover = lambda needed: needed,
    shifts: Shifts | None = None,
    say: Say = lambda text: None,
) -> Sizing:
    """Size desks of a world: people by hour and lines that keep what ``settings`` and ``standard`` ask.

    ``cover`` rounds the people needed [168] up to what shifts can put on duty; with ``shifts`` people are
    then taken off shifts where they can be spared. Raises InputError where a desk is never open or gets no
    calls.
    """
    search = Search(world, desks, simulate, settings, standard, say)
    trial = search.lines(search.people(search.first()))
    needed = search.mended(trial).plan
    if shifts is not None:
        needed = shaved(search, needed, cover, shifts)
    return search.verified(needed, cover, shifts)


def resized(
    world: World,
    desks: Ints,
    simulate: Simulate,
    settings: StaffSettings,
    standard: Standard,
    base: Plan,
    cover: Cover = lambda needed: needed,
    shifts: Shifts | None = None,
    say: Say = lambda text: None,
) -> Plan:
    """The plan that harder times need, from one for easier times: people and lines added, none taken away.

    It is searched as the first one was, and not held on fresh runs.
    """
    search = Search(world, desks, simulate, settings, standard, say)
    trial = search.mended(search.trial(base))
    needed = thinned(search, trial, {role: base.people(role) for role in ROLES}).plan
    if shifts is not None:
        needed = shaved(search, needed, cover, shifts, search.covered(base, cover))
    return needed


class Search:
    """One search: its calls, its cells of time, and what was found to be out of reach."""

    def __init__(
        self,
        world: World,
        desks: Ints,
        simulate: Simulate,
        settings: StaffSettings,
        standard: Standard,
        say: Say,
    ) -> None:
        self.world, self.desks, self.settings, self.say = world, desks, settings, say
        self.simulate = simulate
        self.runs = 0
        self.is_open = open_hours(world, desks)
        for row in np.flatnonzero(~self.is_open.any(axis=1)):
            raise InputError(f"{world.desk_name[desks[row]]} is never open; give it opening hours")
        self.has_dispatchers: Bools = np.any(by_hour_of_week(world, Change.DISPATCHERS, desks) > 0, axis=1)
        shape = (len(desks), WEEK_H)
        self.floors = {
            "call_takers": np.where(self.is_open, settings.minimum_on_duty, 0),
            "dispatchers": np.where(
                self.is_open & self.has_dispatchers[:, None], settings.minimum_dispatchers, 0
            ),
        }
        dispatchers = np.where(self.floors["dispatchers"] > 0, AMPLE, 0)
        self.ample_plan = Plan(
            desks,
            np.where(self.is_open, AMPLE, 0),
            dispatchers,
            np.full(len(desks), NO_LIMIT, dtype=np.int64),
        )
        say("the offered load, with people and lines for everybody")
        self.range = range(settings.search.replications)
        self.ample = self._simulate(self.ample_plan, self.range)
        for row in np.flatnonzero(self.ample.offered.sum(axis=(1, 2)) == 0):
            name = world.desk_name[desks[row]]
            raise InputError(f"{name} gets no call in the simulated time; there is nothing to size")
        open_reported = self.is_open & (self.ample.hours > 0)
        least = settings.search.least_calls
        self.asked = Judging(
            standard,
            settings.service,
            settings.confidence,
            pools(self.ample.stayed.sum(axis=1), open_reported, least),
            pools(self.ample.tickets.sum(axis=1), open_reported, least),
            least,
        )
        at_best = judge(self.ample, self.ample_plan, self.asked)
        self.excused = tuple(np.array(check.fails | self._cannot_mend(check)) for check in at_best)
        names = [world.desk_name[desk] for desk in desks]
        self.findings = list(findings(at_best, self.ample, names, [*map(self._cannot_mend, at_best)]))
        self.reachable = tuple(
            tuple(
                level
                for level, check in zip(standard.answered, at_best, strict=False)
                if not is_beyond(check)[row]
            )
            for row in range(shape[0])
        )
        self.theory = self._theory(settings.service)

    def _theory(self, service: Service) -> Ints:
        """Call-takers that the formula needs for the targets that can be reached, [S, 168]."""
        return first_guess.call_takers(self.ample, self.asked.cells, self.is_open, self.reachable, service)

    def _cannot_mend(self, check: Check) -> Bools:
        """Where a desk has nobody of the role that could mend a target."""
        nobody = np.full_like(check.fails, check.role == "dispatchers")
        nobody[self.has_dispatchers] = False
        return nobody

    def _simulate(self, plan: Plan, replications: range) -> Counts:
        self.runs += len(replications)
        return self.simulate(with_people(self.world, plan), replications)

    def trial(self, plan: Plan) -> Trial:
        """Simulate a plan on the search's own calls."""
        counts = self._simulate(plan, self.range)
        return Trial(plan, counts, judge(counts, plan, self.asked), self.excused)

    def first(self) -> Trial:
        """The plan of the formulas, no fewer than the floor, with lines for everybody."""
        tickets = first_guess.dispatchers(
            self.ample, self.asked.ticket_cells, self.has_dispatchers, self.settings.service
        )
        plan = Plan(
            self.desks,
            np.where(self.is_open, np.maximum(self.theory, self.floors["call_takers"]), 0),
            np.where(self.is_open, np.maximum(tickets, self.floors["dispatchers"]), 0),
            self.ample_plan.lines,
        )
        self.say("the plan of the formulas")
        return self.trial(plan)

    # ---- people --------------------------------------------------------------------------------------------

    def people(self, trial: Trial) -> Trial:
        """Add where a target fails, then take away where there is slack."""
        return thinned(self, self.filled(trial), self.floors)

    def filled(self, trial: Trial) -> Trial:
        """People added until every target is kept that can be."""
        tries = 0
        while trial.fails(*ROLES).any():
            self.say(f"adding people at {int(trial.fails(*ROLES).sum())} desks")
            trial = self.trial(self.raised(trial, 1 + tries // PATIENT_TRIES))
            tries += 1
        return trial

    def raised(self, trial: Trial, step: int = 1) -> Plan:
        """More people in every hour in which a target fails, or where most calls fail it."""
        plan = trial.plan
        for role in ROLES:
            more = trial.by_hour(role) & self.is_open
            whole = trial.as_a_whole(role) & ~more.any(axis=1)
            for row in np.flatnonzero(whole).tolist():
                more[row] = self._worst_hours(trial, role, row)
            people = plan.people(role) + step * more
            beyond = (people > self.settings.search.most_people) & more
            for row in np.flatnonzero(beyond.any(axis=1)).tolist():
                self._give_up(trial, role, row)
                people[row] = np.maximum(self.floors[role][row], self.theory[row] if role == ROLES[0] else 0)
                people[row][~self.is_open[row]] = 0
            plan = replace(plan, **{role: people})
        return plan

    def _give_up(self, trial: Trial, role: str, row: int) -> None:
        """Leave targets out of the search at a desk that the most people allowed do not keep."""
        without_occupancy = self.settings.service.model_copy(update={"occupancy_most": None})
        for check, excused in zip(trial.checks, self.excused, strict=True):
            if check.role == role and (check.fails & ~excused)[row].any():
                excused[row] = True
                if check.name == "occupancy of call-takers":
                    self.theory[row] = self._theory(without_occupancy)[row]
                most = self.settings.search.most_people
                self.findings.append(
                    Finding(
                        self.world.desk_name[self.desks[row]],
                        check.name,
                        check.target,
                        float(check.value[row]),
                        f"not shown to be kept with {most} people on duty, the most that are tried",
                    )
                )

    def _worst_hours(self, trial: Trial, role: str, row: int) -> Bools:
        """The cells of one desk in which most fails for a person-hour, an eighth of the open hours."""
        bad = self.badness(trial, role)[row]
        cells = self.cells(role)[row]
        open_cells = np.unique(cells[self.is_open[row]])
        chosen = np.zeros(WEEK_H, dtype=bool)
        for cell in sorted(open_cells, key=lambda one: (-bad[cells == one].max(), one)):
            chosen |= (cells == cell) & self.is_open[row]
            if chosen.sum() >= ADDED_SHARE * self.is_open[row].sum():
                break
        return chosen

    def cells(self, role: str) -> Ints:
        """The cells of time in which a role is planned, [S, 168]."""
        return self.asked.cells if role == "call_takers" else self.asked.ticket_cells

    def badness(self, trial: Trial, role: str) -> Floats:
        """What fails in each cell for an hour of it, [S, 168]."""
        counts = trial.counts
        if role == "call_takers":
            bad = counts.stayed - counts.answered_within[-1]
        else:
            bad = counts.tickets - counts.tickets_taken
        return first_guess.in_cells(bad.sum(axis=1), np.ones(WEEK_H), self.cells(role))

    # ---- lines ---------------------------------------------------------------------------------------------

    def lines(self, trial: Trial) -> Trial:
        """The least lines with which nothing fails, never fewer than the people who could answer them."""
        guess = first_guess.lines(self.ample, self.asked.cells, self.settings.service)
        least = trial.plan.call_takers.max(axis=1)
        self.say("the least lines")
        trial = self.trial(replace(trial.plan, lines=np.maximum(guess, least)))
        for _ in range(LINES_TRIED):
            short = trial.fails("call_takers", "lines")
            if not short.any():
                break
            trial = self.trial(replace(trial.plan, lines=trial.plan.lines + short))
        tight = trial.plan.lines <= least
        while not tight.all():
            fewer = self.trial(replace(trial.plan, lines=trial.plan.lines - ~tight))
            tight |= fewer.fails("call_takers", "lines")
            if tight.all():
                break
            lines = np.where(tight, trial.plan.lines, fewer.plan.lines)
            trial = (
                fewer if (lines == fewer.plan.lines).all() else self.trial(replace(trial.plan, lines=lines))
            )
            tight |= lines <= least
        return trial

    def mended(self, trial: Trial) -> Trial:
        """People and lines added until nothing fails, once both are limited."""
        while trial.fails(*ROLES, "lines").any():
            plan = self.raised(trial)
            trial = self.trial(replace(plan, lines=plan.lines + trial.fails("lines")))
        return trial

    # ---- on fresh runs -------------------------------------------------------------------------------------

    def verified(self, needed: Plan, cover: Cover, shifts: Shifts | None = None) -> Sizing:
        """The plan, rounded up to shifts, on fresh runs; repaired, on fresh runs again, where it fails.

        A repair adds a person in all hours that fail, and whole shifts by that. So people are taken off
        shifts once more, on the runs that the repaired plan was held on, and what is left is held on fresh
        ones; where that fails, the repaired plan stays.
        """
        settings = self.settings.search
        for number in range(settings.verification_rounds):
            held = self._held(needed, cover, number)
            on_duty, failed = held.plan, held.fails(*ROLES, "lines")
            if not failed.any() or number == settings.verification_rounds - 1:
                break
            raised, more = self.raised(held), {}
            for role in ROLES:
                is_more = raised.people(role) > on_duty.people(role)
                more[role] = np.where(is_more, raised.people(role), needed.people(role))
            needed = replace(needed, **more, lines=on_duty.lines + held.fails("lines"))
        if shifts is not None and number > 0 and not failed.any():
            searched, self.range = self.range, self._fresh(number)
            fewer = shaved(self, needed, cover, shifts)
            self.range = searched
            again = self._held(fewer, cover, number + 1)
            if not again.fails(*ROLES, "lines").any():
                needed, held, number = fewer, again, number + 1
        on_duty, counts = held.plan, held.counts
        floors = self.floors["call_takers"]
        return Sizing(
            requirements=tuple(requirements(self.world, needed, floors, self.is_open, self.theory)),
            needed=needed,
            on_duty=on_duty,
            findings=tuple(self.findings),
            asked=self.asked,
            checks=held.checks,
            counts=counts,
            verified=~failed,
            load=first_guess.in_cells(
                first_guess.loads(self.ample.busy_s, self.ample.hours), self.ample.hours, self.asked.cells
            ),
            rounds=number + 1,
            runs=self.runs,
        )

    def _fresh(self, number: int) -> range:
        """The runs of a round, which nothing was searched on."""
        settings = self.settings.search
        first = settings.replications + number * settings.verification_replications
        return range(first, first + settings.verification_replications)

    def _held(self, needed: Plan, cover: Cover, number: int) -> Trial:
        """A plan, rounded up to shifts, on the fresh runs of a round."""
        on_duty = self.covered(needed, cover)
        self.say(f"fresh runs, round {number + 1}")
        counts = self._simulate(on_duty, self._fresh(number))
        return Trial(on_duty, counts, judge(counts, on_duty, self.asked), self.excused)

    def covered(self, needed: Plan, cover: Cover) -> Plan:
        """What shifts put on duty, and a line for everybody on duty."""
        rows = range(len(self.desks))
        call_takers = np.stack([cover(needed.call_takers[row]) for row in rows])
        dispatchers = needed.dispatchers.copy()
        for row in np.flatnonzero(self.has_dispatchers):
            dispatchers[row] = cover(needed.dispatchers[row])
        return Plan(self.desks, call_takers, dispatchers, np.maximum(needed.lines, call_takers.max(axis=1)))
