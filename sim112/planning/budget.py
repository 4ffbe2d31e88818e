"""What a centre costs a year, line by line, with what every price rests on.

Yearly costs stand apart from capital, and what other agencies pay (the people they lend) apart from the
centre's own budget. Amounts are rupiah of the settings' price year, before any rise of prices.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sim112.config.costs import Costs
from sim112.config.shifts import BudgetSettings
from sim112.planning.roster import RosterPlan
from sim112.sources import Number, number_behind

Payer = Literal["centre", "agencies"]
Kind = Literal["yearly", "capital"]
WAGES = "wages of the centre's own people"
LENT = "pay of people lent by BPBD, Damkar and PMI"
INSURANCE = "social insurance on wages"
GIVEN = "given by the planner"
WAGE_RISE = 0.30  # of the sensitivity line that a budget meeting asks for first


@dataclass(frozen=True)
class BudgetLine:
    """One line: ``quantity`` of ``unit`` at ``rp_each``. ``key`` is the configured price it rests on.

    ``low_rp`` and ``high_rp``: the amount at the low and high end of that price, as they are where it is not
    assumed; ``basis`` says what it rests on.
    """

    key: str
    what: str
    kind: Kind
    payer: Payer
    quantity: float
    unit: str
    rp_each: float
    low_rp: float
    high_rp: float
    basis: str

    @property
    def rp(self) -> float:
        """The amount, Rp; a year for yearly lines."""
        return self.quantity * self.rp_each


@dataclass(frozen=True)
class Budget:
    """The lines of one centre and their totals, Rp of ``price_year``."""

    lines: tuple[BudgetLine, ...]
    price_year: int
    people: int
    recruits: int
    life_years: float

    def total_rp(self, kind: Kind, payer: Payer = "centre") -> float:
        """The sum of the lines of one kind and payer, Rp."""
        return sum(line.rp for line in self.lines if (line.kind, line.payer) == (kind, payer))

    @property
    def rp_per_year(self) -> float:
        """Yearly costs that the centre itself pays, Rp, without capital."""
        return self.total_rp("yearly")

    @property
    def capital_rp(self) -> float:
        """What is paid once, Rp."""
        return self.total_rp("capital")

    @property
    def lent_people(self) -> int:
        """People of the plan whom other agencies lend and pay."""
        return int(sum(line.quantity for line in self.lines if line.payer == "agencies"))

    @property
    def rp_per_year_with_capital(self) -> float:
        """Yearly costs with the capital spread evenly over its life, without interest, Rp."""
        return self.rp_per_year + self.capital_rp / self.life_years

    @property
    def low_rp_per_year(self) -> float:
        """Yearly costs with every assumed price at its low end, Rp."""
        return sum(line.low_rp for line in self.lines if (line.kind, line.payer) == ("yearly", "centre"))

    @property
    def high_rp_per_year(self) -> float:
        """Yearly costs with every assumed price at its high end, Rp."""
        return sum(line.high_rp for line in self.lines if (line.kind, line.payer) == ("yearly", "centre"))


@dataclass(frozen=True)
class Changed:
    """One line of the sensitivity: what changes, and the people and yearly costs it leads to, Rp."""

    what: str
    people: int
    rp_per_year: float
    difference_rp: float


def budget_of(
    plans: Sequence[RosterPlan],
    lines: int,
    costs: Costs,
    settings: BudgetSettings,
    shipped: Iterable[Number] = (),
) -> Budget:
    """The budget of one centre.

    ``plans``: of its call-takers and, where it has any, its dispatchers. ``lines``: rented telephone lines.
    ``shipped``: the numbers of the configuration (``sim112.sources.numbers()``), for what prices rest on; a
    price that differs from the shipped one is told as given.
    """
    known = list(shipped)
    seats = sum(int(plan.on_duty.max()) for plan in plans)
    on_desk = sum(plan.people for plan in plans)
    people = on_desk + costs.supervisors_per_centre
    lent = min(settings.lent_people, on_desk)
    own = people - lent
    year_rp = costs.rp_per_person_year
    insured_rp = year_rp * settings.employer_share

    def line(
        key: str, what: str, quantity: float, unit: str, rp_each: float,
        value: float, kind: Kind = "yearly", payer: Payer = "centre",
    ) -> BudgetLine:  # fmt: skip
        low, high, basis = _basis(number_behind(known, key, value), value)
        ratio_low, ratio_high = (low / value, high / value) if value else (1.0, 1.0)
        amount = quantity * rp_each
        return BudgetLine(
            key, what, kind, payer, quantity, unit, rp_each, amount * ratio_low, amount * ratio_high, basis
        )

    wage, share = costs.wage_rp_per_month, settings.employer_share
    lent_payer: Payer = "centre" if settings.lent_paid_by_centre else "agencies"
    rows = [
        line("costs.wage_rp_per_month", WAGES, own, "people", year_rp, wage),
        line("budget.employer_share", INSURANCE, own, "people", insured_rp, share),
        line("costs.platform_rp_per_year", "rent of the 112 platform", 1, "centre",
             costs.platform_rp_per_year, costs.platform_rp_per_year),
        line("budget.line_rp_per_year", "rent of lines", lines, "lines",
             settings.line_rp_per_year, settings.line_rp_per_year),
        line("budget.training_rp_per_person_year", "training", people, "people",
             settings.training_rp_per_person_year, settings.training_rp_per_person_year),
        line("budget.running_rp_per_year", "power, internet, cleaning, paper", 1, "centre",
             settings.running_rp_per_year, settings.running_rp_per_year),
        line("budget.seat_rp", "places with desk, computer, telephone", seats, "places",
             settings.seat_rp, settings.seat_rp, "capital"),
        line("budget.room_rp", "room, power back-up, screens", 1, "centre",
             settings.room_rp, settings.room_rp, "capital"),
    ]  # fmt: skip
    if lent:
        rows.insert(
            1,
            line(
                "costs.wage_rp_per_month", LENT, lent, "people",
                year_rp + insured_rp, wage, payer=lent_payer,
            ),
        )  # fmt: skip
    recruits = max(0, int(-(-own // 1)) - settings.people_there)
    return Budget(tuple(rows), settings.price_year, int(-(-people // 1)), recruits, settings.life_years)


def _basis(number: Number | None, value: float) -> tuple[float, float, str]:
    """The low and high end of a price and what it rests on; a price of one's own has no ends."""
    if number is None:
        return value, value, GIVEN
    if number.kind == "ASSUMED" and number.low is not None and number.high is not None:
        return number.low, number.high, f"ASSUMED: {number.basis}"
    return value, value, f"{number.kind}: {number.basis}"


def sensitivity(
    plans: Sequence[RosterPlan],
    lines: int,
    costs: Costs,
    settings: BudgetSettings,
    others: Mapping[str, tuple[Sequence[RosterPlan], int]],
) -> tuple[Changed, ...]:
    """What the yearly costs become when the wage, or the plan, is another.

    ``others``: plans and lines of the same centre made for other circumstances, by what they stand for
    (``"demand +50 %"``); those are for whoever searches plans to make.
    """
    base = budget_of(plans, lines, costs, settings)
    dearer = costs.model_copy(update={"wage_rp_per_month": costs.wage_rp_per_month * (1 + WAGE_RISE)})
    budgets = {f"wage +{WAGE_RISE:.0%}".replace("%", " %"): budget_of(plans, lines, dearer, settings)}
    for what, (other_plans, other_lines) in others.items():
        budgets[what] = budget_of(other_plans, other_lines, costs, settings)
    return tuple(
        Changed(what, budget.people, budget.rp_per_year, budget.rp_per_year - base.rp_per_year)
        for what, budget in budgets.items()
    )
