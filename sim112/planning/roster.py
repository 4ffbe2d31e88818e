"""Who works when: from the people needed in each hour of the week to shifts, a rota, and the payroll.

An integer programme chooses how many people work each shift of each day: the fewest hours on duty that cover
every hour. Then a rota is found for these shifts (``planning/rota.py``). The payroll: whoever is away (leave,
illness, training) is stood in for, so ``rostered hours / (paid week x (1 - shrinkage))`` people are employed,
those of the rota and relief. With the shrinkage of practice this is the larger number, and since no plan of a
pattern has fewer hours on duty, none has fewer people.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from sim112.config.area import DAYS, HOURS_OF_WEEK
from sim112.config.costs import Costs
from sim112.config.shifts import OFF, Pattern, RosterRules, ShiftTimes
from sim112.errors import InputError
from sim112.planning.rota import WEEK_DAYS, Ints, Rota, free_rotas, team_rota

MOST_PEOPLE = 500  # needed in one hour; more is a slip of the pen
ROUND_THE_CLOCK_H = 168


@dataclass(frozen=True)
class PlannedShift:
    """People on one shift of one day of the week, 0 Monday; a shift with to_h <= from_h ends a day later."""

    name: str
    from_h: int
    to_h: int
    day: int
    people: int

    @property
    def hours(self) -> Ints:
        """Whether the shift covers an hour of the week, [168] of 0 and 1."""
        times = ShiftTimes(from_h=self.from_h, to_h=self.to_h)
        covered = np.zeros(HOURS_OF_WEEK, dtype=np.int64)
        first = 24 * self.day + self.from_h
        covered[np.arange(first, first + times.length_h) % HOURS_OF_WEEK] = 1
        return covered


@dataclass(frozen=True)
class RosterPlan:
    """The answer for one role at one desk.

    ``on_duty``: people on duty in each hour of the week [168]. ``people``: on the payroll. ``paid_week_h``
    and ``shrinkage`` are those of the costs it was made with.
    """

    pattern: str
    needed: Ints
    on_duty: Ints
    shifts: tuple[PlannedShift, ...]
    rota: tuple[Rota, ...] = field(repr=False)
    paid_week_h: float
    shrinkage: float

    @property
    def rota_people(self) -> int:
        """People who walk through the rota."""
        return sum(len(rota.starts) for rota in self.rota)

    @property
    def people(self) -> int:
        """People on the payroll: those of the rota, and relief for whoever is away."""
        return max(self.rota_people, _payroll(self.rostered_hours_per_week, self.paid_week_h, self.shrinkage))

    @property
    def relief_people(self) -> int:
        """People beyond the rota, who stand in."""
        return self.people - self.rota_people

    @property
    def rostered_hours_per_week(self) -> float:
        """Person-hours on duty in a week."""
        return float(self.on_duty.sum())

    @property
    def paid_hours_per_week(self) -> float:
        """Person-hours paid in a week."""
        return self.people * self.paid_week_h

    @property
    def mean_week_h(self) -> float:
        """Mean hours of one person of the rota in a week in which nobody is away."""
        return self.rostered_hours_per_week / self.rota_people if self.rota_people else 0.0


def people_per_seat(costs: Costs) -> float:
    """People it takes to keep one seat staffed round the clock: a check that planners know by heart."""
    return ROUND_THE_CLOCK_H / (costs.paid_hours_per_week * (1 - costs.shrinkage))


def plan_roster(
    needed: Ints, patterns: Mapping[str, Pattern | None], rules: RosterRules, costs: Costs
) -> RosterPlan:
    """The plan with the fewest people on the payroll, then the fewest hours on duty, over all patterns.

    ``needed``: people in each hour of the week from Monday 00:00, 168 whole numbers. Ties go to the pattern
    that stands first. Raises InputError where no pattern serves: an hour without a shift, or a rule no rota
    can keep.
    """
    needed = _checked(needed)
    best: RosterPlan | None = None
    refused = []
    for name, pattern in patterns.items():
        if pattern is None:
            continue
        try:
            if best is not None and _least_cost(needed, name, pattern, costs) >= _cost(best):
                continue
            plan = plan_of_pattern(needed, name, pattern, rules, costs)
        except InputError as error:
            refused.append(str(error))
            continue
        if best is None or _cost(plan) < _cost(best):
            best = plan
    if best is None:
        raise InputError("; ".join(refused) or "patterns are all null; leave one in")
    return best


def plan_of_pattern(
    needed: Ints, name: str, pattern: Pattern, rules: RosterRules, costs: Costs
) -> RosterPlan:
    """The plan of one pattern; InputError, which names the pattern, where there is none."""
    needed = _checked(needed)
    covering = _covering(pattern)
    _check_covered(needed, name, covering)
    if not needed.any():
        return RosterPlan(name, needed, needed, (), (), costs.paid_hours_per_week, costs.shrinkage)
    rotas: tuple[Rota, ...] | None
    if pattern.rotation:
        rotas = (team_rota(needed, covering, name, pattern, rules),)
    else:
        planned = _fewest_hours(needed, pattern)
        hours = float(planned.reshape(-1) @ covering.sum(axis=1))
        payroll = _payroll(hours, costs.paid_hours_per_week, costs.shrinkage)
        rotas = free_rotas(planned, pattern.shifts, rules, costs.paid_hours_per_week, payroll)
    if rotas is None:
        raise InputError(f"patterns.{name}: no rota keeps the rules; loosen rules.rest_h or days_in_a_row")
    counts = _counts(rotas, tuple(pattern.shifts))
    shifts = tuple(
        PlannedShift(shift, times.from_h, times.to_h, day, int(counts[at, day]))
        for at, (shift, times) in enumerate(pattern.shifts.items())
        for day in range(WEEK_DAYS)
        if counts[at, day]
    )
    on_duty = counts.reshape(-1) @ covering
    return RosterPlan(name, needed, on_duty, shifts, rotas, costs.paid_hours_per_week, costs.shrinkage)


def _checked(needed: Ints) -> Ints:
    array = np.asarray(needed)
    if array.shape != (HOURS_OF_WEEK,) or not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"people needed: {array.shape} {array.dtype}; give {HOURS_OF_WEEK} whole numbers")
    if array.min() < 0 or array.max() > MOST_PEOPLE:
        worst = array.min() if array.min() < 0 else array.max()
        raise InputError(f"people needed: {worst} in one hour; give numbers from 0 to {MOST_PEOPLE}")
    return array.astype(np.int64)


def _check_covered(needed: Ints, name: str, covering: Ints) -> None:
    for hour in np.flatnonzero(needed):
        if not covering[:, hour].any():
            day, of_day = divmod(int(hour), 24)
            raise InputError(
                f"patterns.{name}: no shift covers {DAYS[day]} {of_day:02d}:00, where {needed[hour]} "
                f"{'is' if needed[hour] == 1 else 'are'} needed; add a shift, or choose another pattern"
            )


def _least_cost(needed: Ints, name: str, pattern: Pattern, costs: Costs) -> tuple[int, float]:
    """A cost below which no plan of the pattern can be."""
    covering = _covering(pattern)
    _check_covered(needed, name, covering)
    hours = float(_fewest_hours(needed, pattern).reshape(-1) @ covering.sum(axis=1))
    return _payroll(hours, costs.paid_hours_per_week, costs.shrinkage), hours


def _cost(plan: RosterPlan) -> tuple[int, float]:
    return plan.people, plan.rostered_hours_per_week


def _payroll(rostered_h: float, paid_week_h: float, shrinkage: float) -> int:
    """People who must be employed for so many hours on duty a week."""
    return math.ceil(rostered_h / (paid_week_h * (1 - shrinkage)) - 1e-9)


def _covering(pattern: Pattern) -> Ints:
    """Whether a shift of a day covers an hour of the week: [shift x day, 168], shifts outermost."""
    rows = np.zeros((len(pattern.shifts), WEEK_DAYS, HOURS_OF_WEEK), dtype=np.int64)
    for at, times in enumerate(pattern.shifts.values()):
        for name in times.days:
            first = 24 * DAYS.index(name) + times.from_h
            rows[at, DAYS.index(name), np.arange(first, first + times.length_h) % HOURS_OF_WEEK] = 1
    return rows.reshape(-1, HOURS_OF_WEEK)


def _counts(rotas: tuple[Rota, ...], shifts: tuple[str, ...]) -> Ints:
    """People on each shift [shift, day of the week] that the rotas give, the same in every week."""
    counts = np.zeros((len(shifts), WEEK_DAYS), dtype=np.int64)
    for rota in rotas:
        for day in range(WEEK_DAYS):
            for person in range(len(rota.starts)):
                if (name := rota.works(person, day)) != OFF:
                    counts[shifts.index(name), day] += 1
    return counts


def _fewest_hours(needed: Ints, pattern: Pattern) -> Ints:
    """People on each shift and day [shift, day] that cover every hour with the fewest hours on duty."""
    covering = _covering(pattern)
    length_h = covering.sum(axis=1)  # 0 where the shift is not worked on that day
    # one best plan, the same on every machine: ties go to the shift that stands first
    tie_h = np.arange(len(length_h)) / (2.0 * len(length_h) ** 2 * max(1, needed.max()))
    solved = milp(
        length_h + tie_h,
        integrality=np.ones(len(length_h)),
        bounds=Bounds(0, np.where(length_h > 0, np.inf, 0)),
        constraints=LinearConstraint(covering.T.astype(np.float64), needed, np.inf),
        options={"mip_rel_gap": 0},
    )
    if solved.x is None:
        raise InputError(f"shifts for the people needed cannot be chosen ({solved.message})")
    counts: Ints = np.rint(solved.x).astype(np.int64).reshape(-1, WEEK_DAYS)
    return counts
