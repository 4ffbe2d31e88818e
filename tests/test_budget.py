"""What a centre costs: every line counted once, every price told with what it rests on."""

from functools import cache

import numpy as np
import pytest

from sim112.config.costs import Costs
from sim112.config.scenario import scenario
from sim112.config.shifts import BudgetSettings
from sim112.config.staff import staff_settings
from sim112.planning.assumptions import assumptions_used
from sim112.planning.budget import Budget, budget_of, sensitivity
from sim112.planning.roster import RosterPlan, plan_roster
from sim112.sources import Number, numbers


@cache
def shipped() -> tuple[Costs, BudgetSettings, list[Number]]:
    return scenario("pati").costs, staff_settings().budget, numbers()


@cache
def plan_for(seats: int) -> RosterPlan:
    given = staff_settings()
    return plan_roster(np.full(168, seats), given.patterns, given.rules, scenario("pati").costs)


def budget(seats: int = 2, lines: int = 8, **changes: object) -> Budget:
    costs, settings, known = shipped()
    return budget_of([plan_for(seats)], lines, costs, settings.model_copy(update=changes), known)


def rp(of: Budget, what: str) -> float:
    return next(line.rp for line in of.lines if line.what.startswith(what))


def test_the_budget_of_a_small_centre_by_hand() -> None:
    of = budget()
    people = 12 + 1  # two seats round the clock, and a supervisor
    assert of.people == people == of.recruits
    assert rp(of, "wages") == people * 13 * 2_800_000
    assert rp(of, "social insurance") == pytest.approx(0.1 * people * 13 * 2_800_000)
    assert rp(of, "rent of the 112 platform") == 168_000_000
    assert rp(of, "rent of lines") == 8 * 3_000_000
    assert of.rp_per_year == pytest.approx(
        1.1 * people * 13 * 2_800_000 + 168_000_000 + 24_000_000 + people * 1_000_000 + 36_000_000
    )
    assert of.capital_rp == 2 * 25_000_000 + 150_000_000
    assert of.rp_per_year_with_capital == of.rp_per_year + of.capital_rp / 5


def test_totals_are_the_sums_of_their_lines_and_nothing_is_counted_twice() -> None:
    of = budget(lent_people=4)
    total = sum(line.rp for line in of.lines)
    assert of.total_rp("yearly") + of.total_rp("capital") + of.total_rp(
        "yearly", "agencies"
    ) == pytest.approx(total)


def test_lent_people_cost_their_agency_or_the_centre_never_both_or_none() -> None:
    alone, lent = budget(), budget(lent_people=4)
    paid = budget(lent_people=4, lent_paid_by_centre=True)
    assert lent.total_rp("yearly", "agencies") == pytest.approx(4 * 1.1 * 13 * 2_800_000)
    assert lent.rp_per_year + lent.total_rp("yearly", "agencies") == pytest.approx(alone.rp_per_year)
    assert paid.rp_per_year == pytest.approx(alone.rp_per_year)
    assert paid.total_rp("yearly", "agencies") == 0
    assert (lent.people, lent.recruits) == (alone.people, alone.recruits - 4)


def test_people_who_are_there_need_not_be_recruited() -> None:
    assert budget(people_there=5).recruits == budget().recruits - 5
    assert budget(people_there=500).recruits == 0


def test_low_and_high_ends_hold_the_amount_and_say_what_a_price_rests_on() -> None:
    of = budget()
    for line in of.lines:
        assert line.low_rp <= line.rp <= line.high_rp, line.what
        assert line.basis.startswith(("ASSUMED: ", "SOURCE: ", "CHOICE: ")), line.what
        assert (line.low_rp < line.high_rp) == line.basis.startswith("ASSUMED"), line.what
    assert of.low_rp_per_year < of.rp_per_year < of.high_rp_per_year


def test_a_price_of_ones_own_is_told_as_given() -> None:
    own = next(line for line in budget(running_rp_per_year=50_000_000).lines if line.what.startswith("power"))
    assert (own.basis, own.low_rp, own.high_rp) == ("given by the planner", own.rp, own.rp)


def test_more_people_never_cost_less() -> None:
    yearly = [budget(seats).rp_per_year for seats in (1, 2, 3, 6)]
    assert yearly == sorted(yearly) and yearly[0] < yearly[-1]


def test_a_wage_a_third_higher_raises_wages_and_insurance_alone() -> None:
    costs, settings, _ = shipped()
    wage, demand = sensitivity([plan_for(2)], 8, costs, settings, {"demand +50 %": ([plan_for(3)], 9)})
    assert (wage.what, demand.what) == ("wage +30 %", "demand +50 %")
    assert wage.difference_rp == pytest.approx(0.3 * 1.1 * 13 * 13 * 2_800_000)
    assert wage.people == budget().people and demand.people == budget(3).people
    assert demand.rp_per_year == pytest.approx(budget(3, 9).rp_per_year)
    assert demand.difference_rp == pytest.approx(budget(3, 9).rp_per_year - budget().rp_per_year)


def test_assumptions_in_use_are_told_once_with_the_value_in_use() -> None:
    known = shipped()[2]
    used = assumptions_used(scenario("pati", "costs.wage_rp_per_month=2500000"), staff_settings(), known)
    by_key = {one.number.key: one for one in used}
    assert len(by_key) == len(used) > 100
    wage = by_key["costs.wage_rp_per_month"]
    assert (wage.value, wage.is_own, wage.number.low) == (2_500_000, True, 2_000_000)
    talk = by_key["demand.genuine_talk.talk_s.mean_s"]
    assert (talk.value, talk.is_own) == (110, False), "not the value of another demand"
    assert by_key["budget.seat_rp"].value == 25_000_000
    assert all(one.number.kind == "ASSUMED" for one in used)
