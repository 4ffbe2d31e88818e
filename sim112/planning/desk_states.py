"""The states (busy, queued) of a desk whose roster changes, and how it moves between them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

from sim112.errors import InputError
from sim112.planning.chain import Floats, Ints, Moves, generator

MOST_STATES = 20_000


class DeskStates:
    """The states of one desk, and how they move under a number of people on duty.

    ``lines`` None: the queue is cut at ``limit``. States are (busy, queued) pairs; a queue exists only
    where at least the fewest ever rostered are busy.
    """

    def __init__(
        self,
        handle_s: float,
        leave_per_s: float,
        crew: list[tuple[float, float]],
        lines: int | None,
        limit: int,
        fresh_crew: bool,
    ) -> None:
        self.serve, self.leave, self.crew, self.fresh = 1.0 / handle_s, leave_per_s, crew, fresh_crew
        self.most = int(max(people for _, people in crew))
        fewest = int(min(people for _, people in crew))
        busy, queued = (axis.ravel() for axis in np.mgrid[0 : self.most + 1, 0 : limit + 1])
        kept = (queued == 0) | (busy >= fewest)
        if lines is not None:
            kept &= busy + queued <= lines
        self.number = np.full((self.most + 1, limit + 1), -1)
        self.busy, self.queued = busy[kept], queued[kept]
        self.states = len(self.busy)
        if self.states > MOST_STATES:
            raise InputError(
                f"roster: {self.states} states of busy and queued, must be up to {MOST_STATES}: "
                "fewer people, or fewer lines"
            )
        self.number[self.busy, self.queued] = np.arange(self.states)
        self.full = self.queued == limit if lines is None else self.busy + self.queued == lines

    def on_duty(self, time_s: float) -> int:
        """People rostered from ``time_s`` on."""
        return int([people for at, people in self.crew if at <= time_s][-1])

    def step_times(self, after_s: float, until_s: float) -> list[float]:
        """Roster steps in (after, until]."""
        return [at for at, _ in self.crew if after_s < at <= until_s]

    def free(self, people: int) -> Floats:
        """1 where a call is answered at once, else 0 [states]."""
        return np.where((self.busy < people) & (self.queued == 0) & ~self.full, 1.0, 0.0)

    def arrivals(self, people: int) -> sparse.csr_matrix:
        """The generator of one arrival a second."""
        free = self.free(people) > 0
        waits = ~free & ~self.full
        blocks: Moves = [
            (np.flatnonzero(free), self.number[self.busy[free] + 1, 0], np.ones(int(free.sum()))),
            (
                np.flatnonzero(waits),
                self.number[self.busy[waits], self.queued[waits] + 1],
                np.ones(int(waits.sum())),
            ),
        ]
        return generator(blocks, self.states)

    def departures(self, people: int, of_a_waiting_caller: bool = False) -> sparse.csr_matrix:
        """The generator of talks that end, with the next caller taken if the roster allows, and hang-ups.

        ``of_a_waiting_caller``: what happens to one who waits with ``queued`` others ahead; one more state,
        the last, is being answered, and the rows lack what the caller's own hanging up takes.
        """
        working, waiting = self.busy > 0, self.queued > 0
        may_take = working & (self.busy <= people)
        takes = may_take & waiting
        answered = may_take & ~waiting if of_a_waiting_caller else np.zeros_like(waiting)
        ends = working & ~takes & ~answered
        end_rate = self.busy * self.serve
        blocks: Moves = [
            (
                np.flatnonzero(takes),
                self.number[self.busy[takes], self.queued[takes] - 1],
                end_rate[takes],
            ),
            (np.flatnonzero(answered), np.full(int(answered.sum()), self.states), end_rate[answered]),
            (
                np.flatnonzero(ends),
                self.number[self.busy[ends] - 1, self.queued[ends]],
                end_rate[ends],
            ),
            (
                np.flatnonzero(waiting),
                self.number[self.busy[waiting], self.queued[waiting] - 1],
                self.queued[waiting] * self.leave,
            ),
        ]
        if not of_a_waiting_caller:
            return generator(blocks, self.states)
        own = np.append(np.full(self.states, self.leave), 0.0)
        return sparse.csr_matrix(generator(blocks, self.states + 1) - sparse.diags(own))

    def stepped(self, people: int) -> tuple[Ints, Ints]:
        """(busy, queued) of each state just after a roster step to ``people``, the queue served at once."""
        busy = np.zeros_like(self.busy) if self.fresh else self.busy
        taken = np.minimum(self.queued, np.maximum(people - busy, 0))
        return busy + taken, self.queued - taken

    def answered_within(self, time_s: float, within_s: float) -> Floats:
        """Chance [states] that a call offered at ``time_s`` is answered within ``within_s``."""
        stops = [time_s, *self.step_times(time_s, time_s + within_s), time_s + within_s]
        chance = np.append(np.zeros(self.states), 1.0)  # at the deadline, still waiting
        for start, stop in reversed(list(pairwise(stops))):
            if stop < time_s + within_s or stop in self.step_times(start, stop):
                people = self.on_duty(stop)
                busy = np.zeros_like(self.busy) if self.fresh else self.busy
                taken = np.minimum(self.queued + 1, np.maximum(people - busy, 0))
                later = self.number[np.minimum(busy + taken, self.most), np.maximum(self.queued - taken, 0)]
                chance[:-1] = np.where(taken > self.queued, 1.0, chance[later])
            if stop > start:
                chance = expm_multiply((stop - start) * self.departures(self.on_duty(start), True), chance)
        at_once = self.free(self.on_duty(time_s))
        return np.where(self.full, 0.0, np.where(at_once > 0, 1.0, chance[:-1]))
