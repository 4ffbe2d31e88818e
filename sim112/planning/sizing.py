"""The least people and lines that keep the targets: found on the same calls, held on fresh ones.

All desks are sized at once: one simulation tells what every desk's callers get, and each desk takes its own
next step. Where a target fails in an hour, that hour gets a person; where there is slack, a person is taken
away on trial, and given back if a target fails. What people cannot mend (the moment of picking up alone is
longer than the target) is found with people and lines for everybody, told, and left out of the search.

The plan found is held on fresh runs. Where it fails there, the search goes on with more runs, and what it
then finds is held on fresh runs again. So no person can be spared on the runs that the search knows, and
every target is kept on runs that it never saw.
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
from sim112.planning.shaving import Rosters, shaved
from sim112.planning.thinning import thinned
from sim112.planning.trial import ROLES, Simulate, Trial

AMPLE = 100_000
"""People of one role at a desk where nobody shall ever wait."""
ADDED_SHARE = 0.125
"""Share of the open hours that get a person at a time where a target of the whole week or of days fails."""
PATIENT_TRIES = 6
"""Rounds of adding after which the next ones add one person more at a time."""
SEARCHED_MORE = 3
"""Times as many runs that the search knows, where a plan failed on fresh ones."""
LINES_TRIED = 40
"""Lines added to the first guess before people are added instead."""

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Sizing:
    """What desks need and what their callers then get.

    ``requirements`` are what the search found, ``on_duty`` the people after rounding up to shifts, ``asked``
    what is asked of whom; ``checks`` and ``counts`` are of ``on_duty`` on the last round's fresh runs.
    ``verified`` [S]: every target that can be kept was shown to be kept on fresh runs, those of the round in
    which the desk's plan was found. ``load`` [S, 168] is the offered load of call-takers, erlang, in the
    cells of time in which calls are judged. ``searched`` and ``fresh`` are the replications of the last
    round, ``rounds`` [S] the round in which a desk was held, from 1.
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
    searched: range
    fresh: range
    rounds: Ints


def size_desks(
    world: World,
    desks: Ints,
    simulate: Simulate,
    settings: StaffSettings,
    standard: Standard,
    rosters: Rosters | None = None,
    say: Say = lambda text: None,
) -> Sizing:
    """Size desks of a world: people by hour and lines that keep what ``settings`` and ``standard`` ask.

    With ``rosters`` the people needed are rounded up to shifts, and then taken off shifts where they can be
    spared; without, people come by the hour. Raises InputError where a desk is never open or gets no calls.
    """
    search = Search(world, desks, simulate, settings, standard, rosters, say)
    needed = search.mended(search.lines(search.people(search.first()))).plan
    if rosters is not None:
        needed = shaved(search, needed)
    return search.verified(needed)


def resized(
    world: World,
    desks: Ints,
    simulate: Simulate,
    settings: StaffSettings,
    standard: Standard,
    base: Plan,
    rosters: Rosters | None = None,
    say: Say = lambda text: None,
) -> Plan:
    """The plan that harder times need, from one for easier times: people and lines added, none taken away.

    It is searched as the first one was, and not held on fresh runs.
    """
    search = Search(world, desks, simulate, settings, standard, rosters, say)
    trial = search.mended(search.trial(base))
    needed = thinned(search, trial, {role: base.people(role) for role in ROLES}).plan
    return needed if rosters is None else shaved(search, needed, search.covered(base))


class Search:
    """One search: its calls, its cells of time, what was found to be out of reach, and what is settled.

    A desk is ``settled`` [S] once its plan was held on fresh runs; nothing of it is tried any more.
    """

    def __init__(
        self,
        world: World,
        desks: Ints,
        simulate: Simulate,
        settings: StaffSettings,
        standard: Standard,
        rosters: Rosters | None,
        say: Say,
    ) -> None:
        self.world, self.desks, self.settings, self.say = world, desks, settings, say
        self.simulate, self.rosters = simulate, rosters
        self.seen = 0
        self.settled: Bools = np.zeros(len(desks), dtype=bool)
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
        return self.simulate(with_people(self.world, plan), replications)

    def trial(self, plan: Plan) -> Trial:
        """Simulate a plan on the search's own calls."""
        return self._trial_on(plan, self.range)

    def _trial_on(self, plan: Plan, replications: range) -> Trial:
        counts = self._simulate(plan, replications)
        excused = tuple(
            one | (self.settled[:, None] if one.ndim == 2 else self.settled) for one in self.excused
        )
        return Trial(plan, counts, judge(counts, plan, self.asked), excused)

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
            self.say(f"adding people (desks: {int(trial.fails(*ROLES).sum())})")
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

    def verified(self, needed: Plan) -> Sizing:
        """The plan on fresh runs; searched again on more runs at desks where it fails.

        Before the last round nothing is searched again: what failed gets people, and nobody is taken away. A
        plan with a person too many is better than none that was held.
        """
        rounds = self.settings.search.verification_rounds
        held_in = np.zeros(len(self.desks), dtype=np.int64)
        for number in range(1, rounds + 1):
            fresh = self._fresh()
            self.say(f"fresh runs, round {number}")
            held = self._trial_on(self.covered(needed), fresh)
            held_in[~self.settled] = number
            self.settled = ~held.fails(*ROLES, "lines")
            if self.settled.all() or number == rounds:
                break
            if number == rounds - 1:
                needed = self._with_more(needed, held)
            else:
                self.range = range(SEARCHED_MORE * len(self.range))
                needed = self.searched_again(needed)
        return Sizing(
            requirements=tuple(
                requirements(self.world, needed, self.floors["call_takers"], self.is_open, self.theory)
            ),
            needed=needed,
            on_duty=held.plan,
            findings=tuple(self.findings),
            asked=self.asked,
            checks=held.checks,
            counts=held.counts,
            verified=self.settled,
            load=first_guess.in_cells(
                first_guess.loads(self.ample.busy_s, self.ample.hours), self.ample.hours, self.asked.cells
            ),
            searched=self.range,
            fresh=fresh,
            rounds=held_in,
        )

    def _fresh(self) -> range:
        """Runs that were never simulated, in proportion to those that the search knows."""
        settings = self.settings.search
        size = len(self.range) * settings.verification_replications // settings.replications
        first = max(self.seen, len(self.range))
        self.seen = first + size
        return range(first, self.seen)

    def searched_again(self, needed: Plan) -> Plan:
        """People and lines added on the search's own calls, and then taken away again where they can be."""
        while True:
            trial = self.trial(self.covered(needed))
            if not trial.fails(*ROLES, "lines").any():
                break
            needed = self._with_more(needed, trial)
        return thinned(self, trial, self.floors).plan if self.rosters is None else shaved(self, needed)

    def _with_more(self, needed: Plan, on_duty: Trial) -> Plan:
        """People and lines added where those on duty do not keep the targets."""
        raised, more = self.raised(on_duty), {}
        for role in ROLES:
            is_more = raised.people(role) > on_duty.plan.people(role)
            more[role] = np.where(is_more, raised.people(role), needed.people(role))
        return replace(needed, **more, lines=on_duty.plan.lines + on_duty.fails("lines"))

    def covered(self, needed: Plan) -> Plan:
        """What shifts put on duty, and a line for everybody on duty."""
        people = {role: needed.people(role) for role in ROLES}
        if self.rosters is not None:
            people = {
                role: np.stack(
                    [self.rosters.on_duty(row) if row.any() else row for row in needed.people(role)]
                )
                for role in ROLES
            }
        return Plan(self.desks, **people, lines=np.maximum(needed.lines, people["call_takers"].max(axis=1)))
