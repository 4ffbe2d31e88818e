"""One plan tried: simulated on given calls, and what fails in it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sim112.config.staff import StaffSettings, Standard
from sim112.engine import choice
from sim112.engine.choice import Engine
from sim112.engine.contract import Bools, Calls, Ints, World
from sim112.planning.requirement import Plan
from sim112.planning.service import Check, Counts, count, together

ROLES = ("call_takers", "dispatchers")
Simulate = Callable[[World, range], Counts]


@dataclass(frozen=True, eq=False)
class Trial:
    """A plan, simulated on the search's own calls, and what fails in it that could be kept."""

    plan: Plan
    counts: Counts
    checks: tuple[Check, ...]
    excused: tuple[Bools, ...]

    def by_hour(self, role: str) -> Bools:
        """Hours [S, 168] in which a target fails that the role can mend."""
        failed = np.zeros(self.plan.call_takers.shape, dtype=bool)
        for check, excused in zip(self.checks, self.excused, strict=True):
            if check.role == role and check.fails.ndim == 2:
                failed |= check.fails & ~excused
        return failed

    def as_a_whole(self, role: str) -> Bools:
        """Desks [S] at which a target of the whole week or of days fails that the role can mend."""
        failed = np.zeros(len(self.plan.desks), dtype=bool)
        for check, excused in zip(self.checks, self.excused, strict=True):
            if check.role == role and check.fails.ndim == 1:
                failed |= check.fails & ~excused
        return failed

    def fails(self, *roles: str) -> Bools:
        """Desks [S] at which anything fails that one of the roles can mend."""
        failed = np.zeros(len(self.plan.desks), dtype=bool)
        for role in roles:
            failed |= self.as_a_whole(role) | self.by_hour(role).any(axis=1)
        return failed


def simulator(
    draw: Callable[[int], Calls],
    desks: Ints,
    settings: StaffSettings,
    standard: Standard,
    engine: Engine = "compiled",
    workers: int = 1,
) -> Simulate:
    """A function that simulates a world on a range of replications and counts at the desks.

    Drawn calls are kept up to ``search.keep_mb``. Results do not depend on ``workers``, which are threads.
    """
    kept: dict[int, Calls] = {}

    def calls_of(replication: int) -> Calls:
        calls = kept.get(replication) or draw(replication)
        if replication not in kept and (len(kept) + 1) * _size_mb(calls) <= settings.search.keep_mb:
            kept[replication] = calls
        return calls

    def one(world: World, calls: Calls) -> Counts:
        log = choice.simulate(engine, world, calls)
        within_s = settings.service.ticket_taken_within_s
        return count(world, calls, log, desks, standard.answered, within_s, standard.call_processing)

    def simulate(world: World, replications: range) -> Counts:
        if workers == 1:
            return together([one(world, calls_of(replication)) for replication in replications])
        with ThreadPoolExecutor(workers) as pool:
            # draws are made by this thread alone, and the first run loads what is compiled
            first = one(world, calls_of(replications[0]))
            futures = [pool.submit(one, world, calls_of(replication)) for replication in replications[1:]]
            return together([first, *(future.result() for future in futures)])

    return simulate


def _size_mb(calls: Calls) -> float:
    return float(sum(column.nbytes for column in vars(calls).values())) / 1e6
