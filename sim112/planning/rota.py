"""A rota: a circle of days that its people walk through, each at a place of their own.

It is found as a flow through the week, where a unit of flow is a person-week, a node is what somebody does on
a day (which shift, on which working day in a row, or which free day), and an edge is a pair of days that the
rules allow. A circular flow is a rota: walking round along its edges never breaks a rule. Where all of the
flow hangs together, it is one circle, in which everybody works the same shifts in the end.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from sim112.config.area import DAYS
from sim112.config.shifts import OFF, Pattern, RosterRules, ShiftTimes
from sim112.errors import InputError

Ints = NDArray[np.int64]
WEEK_DAYS = 7
MOST_NODES = 20_000  # of a search; not a time limit, as the answer must not depend on the machine
MOST_FOUND = 6  # rotas of several circles, before one of them is taken
TRIALS = 4


@dataclass(frozen=True)
class Rota:
    """A circle of days, each the name of a shift or ``off``, from a Monday; its length is whole weeks.

    The person at ``starts[p]`` does ``days[(starts[p] + d) % len(days)]`` on the d-th day.
    """

    days: tuple[str, ...]
    starts: tuple[int, ...]

    def works(self, person: int, day: int) -> str:
        """The shift of a person on a day counted from the first Monday, or ``off``."""
        return self.days[(self.starts[person] + day) % len(self.days)]


def free_rotas(
    planned: Ints, times_of: Mapping[str, ShiftTimes], rules: RosterRules, paid_week_h: float, payroll: int
) -> tuple[Rota, ...] | None:
    """Rotas with ``planned`` people on each shift and day [shift, 7]; None where no rota keeps the rules.

    The smallest rota of a single circle that is found is taken, so that nights fall on everybody alike; else,
    of those of at most ``payroll`` people, or of the smallest, the one with the fewest circles. Nobody works
    more than ``paid_week_h`` on the mean.
    """
    times_of = {shift: times for at, (shift, times) in enumerate(times_of.items()) if planned[at].any()}
    planned = planned[planned.any(axis=1)]
    length_h = {OFF: 0} | {shift: times.length_h for shift, times in times_of.items()}
    hours = float(planned.sum(axis=1) @ [times.length_h for times in times_of.values()])
    flow = _flow_of(times_of, rules, paid_week_h)
    least = max(math.ceil(hours / paid_week_h - 1e-9), int(planned.sum(axis=0).max()))
    least = _least_by_relaxation(flow, planned, least)
    found: list[tuple[Rota, ...]] = []
    for trial in range(TRIALS):
        for people in range(least, WEEK_DAYS * int(planned.sum()) + 2):
            if found and (people > payroll or len(found) >= (trial + 1) * MOST_FOUND):
                break
            amounts = _flow_for(flow, planned, people, trial)
            if amounts is None:
                continue
            rotas = _circles(flow, amounts, tuple(times_of))
            weeks_h = [sum(length_h[day] for day in rota.days) * WEEK_DAYS / len(rota.days) for rota in rotas]
            if max(weeks_h) <= paid_week_h + 1e-9:
                found.append(rotas)
                if len(rotas) == 1:
                    return rotas
    return min(found, key=len) if found else None


def _rest_h(before: ShiftTimes, after: ShiftTimes) -> int:
    """Hours between a shift and one that begins on the next day."""
    return after.from_h + 24 - before.end_h


def team_rota(needed: Ints, covering: Ints, name: str, pattern: Pattern, rules: RosterRules) -> Rota:
    """Teams of equal size that walk through the rotation of a pattern.

    ``covering`` says which shifts and days cover which hours. Raises InputError where the rotation breaks a
    rule.
    """
    length = len(pattern.rotation)
    step = length // pattern.teams
    here = f"patterns.{name}.rotation"
    for day, today in enumerate(pattern.rotation):
        tomorrow = pattern.rotation[(day + 1) % length]
        if OFF in (today, tomorrow):
            continue
        rest_h = _rest_h(pattern.shifts[today], pattern.shifts[tomorrow])
        if rest_h < rules.rest_h:
            raise InputError(f"{here}: {rest_h} h from {today} to {tomorrow}; rules.rest_h is {rules.rest_h}")
    on_a_day = [
        [pattern.rotation[(day + step * team) % length] for team in range(pattern.teams)]
        for day in range(step)
    ]
    for shift, times in pattern.shifts.items():
        if len({day.count(shift) for day in on_a_day}) > 1 or times.days != DAYS:
            raise InputError(f"{here}: not every day has as many teams on {shift}; let all days be alike")
    mean_week_h = sum(pattern.shifts[one].length_h for one in pattern.rotation if one != OFF) * 7 / length
    if mean_week_h > rules.team_week_h:
        raise InputError(
            f"{here}: {mean_week_h:g} h a week; rules.team_week_h is {rules.team_week_h:g}, add free days"
        )
    counts = np.array([[on_a_day[0].count(shift)] * WEEK_DAYS for shift in pattern.shifts])
    teams_on_duty = counts.reshape(-1) @ covering
    if (teams_on_duty[needed > 0] == 0).any():
        hour = int(np.flatnonzero((needed > 0) & (teams_on_duty == 0))[0])
        raise InputError(f"{here}: no team on {DAYS[hour // 24]} {hour % 24:02d}:00; put every shift into it")
    size = int(max(-(-needed[hour] // teams_on_duty[hour]) for hour in np.flatnonzero(needed)))
    days = pattern.rotation * (math.lcm(length, WEEK_DAYS) // length)
    return Rota(days, tuple(step * team for team in range(pattern.teams) for _ in range(size)))


@dataclass(frozen=True)
class _Flow:
    """The graph of a week: an edge goes from what is done on a day to what may be done on the next.

    ``tail`` and ``head`` [edges] are nodes, ``day`` [edges] that of the tail, ``row`` [edges] the shift and
    day that the tail works, -1 for a free day.
    """

    tail: Ints
    head: Ints
    day: Ints
    row: Ints
    nodes: int


def _flow_of(times_of: Mapping[str, ShiftTimes], rules: RosterRules, paid_week_h: float) -> _Flow:
    """All pairs of days that the rules allow; a run of working days keeps within the paid week."""
    shifts = list(times_of.values())
    longest_h = max(times.length_h for times in shifts)
    most = max(1, min(rules.days_in_a_row, int(paid_week_h // longest_h)))
    off = rules.days_off_together
    # states of a day: shift s on working day r in a row; free day 1 .. off, the last one for more too
    states = [(s, r) for s in range(len(shifts)) for r in range(1, most + 1)]
    states += [(-1, r) for r in range(1, off + 1)]
    number = {state: at for at, state in enumerate(states)}

    def follow(state: tuple[int, int]) -> Iterator[tuple[int, int]]:
        s, r = state
        if s < 0:
            yield (-1, min(r + 1, off))
            if r == off:
                yield from ((after, 1) for after in range(len(shifts)))
            return
        yield (-1, 1)
        if r < most:
            for after in range(len(shifts)):
                if _rest_h(shifts[s], shifts[after]) >= rules.rest_h:
                    yield (after, r + 1)

    edges = []
    for day, label in enumerate(DAYS):
        tomorrow = DAYS[(day + 1) % WEEK_DAYS]
        for state in states:
            if state[0] >= 0 and label not in shifts[state[0]].days:
                continue
            row = -1 if state[0] < 0 else WEEK_DAYS * state[0] + day
            for after in follow(state):
                if after[0] < 0 or tomorrow in shifts[after[0]].days:
                    at = len(states) * day + number[state]
                    to = len(states) * ((day + 1) % WEEK_DAYS) + number[after]
                    edges.append((at, to, day, row))
    tail, head, days, rows = (np.array(column, dtype=np.int64) for column in zip(*edges, strict=True))
    return _Flow(tail, head, days, rows, len(states) * WEEK_DAYS)


def _least_by_relaxation(flow: _Flow, planned: Ints, least: int) -> int:
    """A size below which no rota has these shifts: the same programme with parts of people allowed."""
    monday = np.append(1.0 * (flow.day == 0), 0.0)
    solved = milp(monday[:-1], bounds=Bounds(0, np.inf), constraints=_constraints(flow, planned, None))
    return least if solved.x is None else max(least, math.ceil(solved.fun - 1e-6))


def _flow_for(flow: _Flow, planned: Ints, people: int, trial: int) -> Ints | None:
    """Person-weeks on each edge of a rota of so many people with these shifts; None where there is none."""
    edges = len(flow.tail)
    solved = milp(
        (np.arange(edges) * 7919 * trial) % 101,  # another trial prefers other edges
        integrality=np.ones(edges),
        bounds=Bounds(0, np.inf),
        constraints=_constraints(flow, planned, people),
        options={"node_limit": MOST_NODES},  # not a time limit: the answer must not depend on the machine
    )
    return None if solved.x is None else np.rint(solved.x).astype(np.int64)


def _constraints(flow: _Flow, planned: Ints, people: int | None) -> list[LinearConstraint]:
    """What flows into a node flows out of it, every shift has its people, and the rota has its size."""
    edges = np.arange(len(flow.tail))
    works = np.flatnonzero(flow.row >= 0)
    mondays = np.flatnonzero(flow.day == 0)
    ones = np.ones(len(edges))
    balance = coo_array(
        (np.r_[ones, -ones], (np.r_[flow.head, flow.tail], np.r_[edges, edges])),
        shape=(flow.nodes, len(edges)),
    )
    at_work = coo_array((ones[works], (flow.row[works], works)), shape=(planned.size, len(edges)))
    size = coo_array((ones[mondays], (0 * mondays, mondays)), shape=(1, len(edges)))
    wanted = planned.reshape(-1)
    kept = [LinearConstraint(balance.tocsr(), 0, 0), LinearConstraint(at_work.tocsr(), wanted, wanted)]
    return kept if people is None else [*kept, LinearConstraint(size.tocsr(), people, people)]


def _circles(flow: _Flow, amounts: Ints, shifts: tuple[str, ...]) -> tuple[Rota, ...]:
    """A flow as closed walks, one for each part that hangs together (Hierholzer's way), from a Monday."""
    onward: dict[int, list[int]] = {}
    for edge in np.flatnonzero(amounts)[::-1]:
        onward.setdefault(int(flow.tail[edge]), []).extend([int(edge)] * int(amounts[edge]))
    rotas = []
    per_day = flow.nodes // WEEK_DAYS
    for start in range(per_day):  # every walk passes through a Monday
        if not onward.get(start):
            continue
        walk: list[int] = []
        path: list[tuple[int, int]] = [(start, -1)]
        while path:
            node, by = path[-1]
            if onward.get(node):
                edge = onward[node].pop()
                path.append((int(flow.head[edge]), edge))
            else:
                path.pop()
                if by >= 0:
                    walk.append(by)
        walk.reverse()
        days = tuple(OFF if flow.row[edge] < 0 else shifts[int(flow.row[edge]) // WEEK_DAYS] for edge in walk)
        rotas.append(Rota(days, tuple(range(0, len(days), WEEK_DAYS))))
    return tuple(rotas)
