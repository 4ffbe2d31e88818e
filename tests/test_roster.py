"""Shifts, rotas and payroll: every hour covered, every rule kept, nobody too many."""

import itertools
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim112.config.area import DAYS
from sim112.config.costs import Costs
from sim112.config.scenario import scenario
from sim112.config.shifts import OFF, Pattern, RosterRules, ShiftTimes
from sim112.config.staff import StaffSettings, staff_settings
from sim112.errors import InputError
from sim112.planning.roster import RosterPlan, people_per_seat, plan_of_pattern, plan_roster
from sim112.planning.rota import Ints

WEEKS_SEEN = 12


@cache
def shipped() -> tuple[StaffSettings, Costs]:
    return staff_settings(), scenario("pati").costs


def by_hour(day: list[int], weekend: list[int] | None = None) -> Ints:
    return np.array([*(day * 5), *((weekend or day) * 2)], dtype=np.int64)


needs = st.tuples(
    st.lists(st.integers(0, 6), min_size=4, max_size=4), st.lists(st.integers(0, 6), min_size=4, max_size=4)
).map(lambda both: by_hour(list(np.repeat(both[0], 6)), list(np.repeat(both[1], 6))))


def check(plan: RosterPlan, needed: Ints, pattern: Pattern, rules: RosterRules, costs: Costs) -> None:
    """Walk through the rota day by day, knowing nothing of how it was found."""
    on_duty = np.zeros((WEEKS_SEEN, 168), dtype=np.int64)
    longest_h = max((pattern.shifts[shift.name].length_h for shift in plan.shifts), default=0)
    for rota in plan.rota:
        assert len(rota.days) % 7 == 0 and len(rota.starts) > 0
        for person in range(len(rota.starts)):
            days = [rota.works(person, day) for day in range(7 * WEEKS_SEEN + 1)]
            ended_h, in_a_row, off_in_a_row = -1000, 0, 99
            for day, name in enumerate(days):
                if name == OFF:
                    in_a_row, off_in_a_row = 0, off_in_a_row + 1
                    continue
                times = pattern.shifts[name]
                assert DAYS[day % 7] in times.days
                assert 24 * day + times.from_h - ended_h >= rules.rest_h, "works twice or without rest"
                ended_h = 24 * day + times.from_h + times.length_h
                if not pattern.rotation:
                    assert off_in_a_row == 0 or off_in_a_row >= rules.days_off_together or day < 14
                    in_a_row, off_in_a_row = in_a_row + 1, 0
                    assert in_a_row <= rules.days_in_a_row
                    assert in_a_row * longest_h <= costs.paid_hours_per_week
                for hour in range(24 * day + times.from_h, ended_h):
                    if hour < 168 * WEEKS_SEEN:
                        on_duty[hour // 168, hour % 168] += 1
        if not pattern.rotation and (rules.days_in_a_row, rules.days_off_together) == (5, 2):
            worked = np.array([name != OFF for name in rota.days * 2])
            in_seven = np.convolve(worked, np.ones(7, dtype=int), "valid")
            assert in_seven.max() <= 5, "more than five days of seven"
        if not pattern.rotation:
            hours = sum(pattern.shifts[name].length_h for name in rota.days if name != OFF)
            assert hours * 7 / len(rota.days) <= costs.paid_hours_per_week + 1e-9
    # the first hours belong to the night before the first Monday
    assert (on_duty[1:] == plan.on_duty).all()
    assert (plan.on_duty >= needed).all()
    told = np.zeros(168, dtype=np.int64)
    for shift in plan.shifts:
        length_h = (shift.to_h - shift.from_h) % 24 or 24
        told[np.arange(24 * shift.day + shift.from_h, 24 * shift.day + shift.from_h + length_h) % 168] += (
            shift.people
        )
    assert (told == plan.on_duty).all()


@settings(max_examples=12)
@given(needs, st.sampled_from(["three_by_eight", "eight_seven_nine", "two_by_twelve", "four_teams"]))
def test_every_hour_is_covered_and_everybody_rests(needed: Ints, name: str) -> None:
    given_, costs = shipped()
    pattern = given_.patterns[name]
    assert pattern is not None
    plan = plan_of_pattern(needed, name, pattern, given_.rules, costs)
    check(plan, needed, pattern, given_.rules, costs)


@settings(max_examples=12)
@given(needs)
def test_never_more_people_than_the_hours_on_duty_ask_for(needed: Ints) -> None:
    given_, costs = shipped()
    plan = plan_roster(needed, given_.patterns, given_.rules, costs)
    effective_h = costs.paid_hours_per_week * (1 - costs.shrinkage)
    assert plan.people == math.ceil(plan.rostered_hours_per_week / effective_h - 1e-9)
    # a plain plan: the most that are needed in any hour of the week, round the clock in three shifts
    assert plan.people <= max(1, math.ceil(168 * int(needed.max()) / effective_h))
    assert plan.rota_people + plan.relief_people == plan.people
    assert plan.paid_hours_per_week == plan.people * costs.paid_hours_per_week


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2), min_size=168, max_size=168))
def test_no_choice_of_shifts_covers_with_fewer_hours(raw: list[int]) -> None:
    # every way to staff a day is tried; shifts that stay within the day make days independent
    given_, costs = shipped()
    pattern = Pattern(
        shifts={
            "early": ShiftTimes(from_h=6, to_h=14),
            "late": ShiftTimes(from_h=12, to_h=20),
            "long": ShiftTimes(from_h=8, to_h=20),
        }
    )
    needed = np.array([count if 6 <= hour % 24 < 20 else 0 for hour, count in enumerate(raw)])
    if not needed.any():
        return
    plan = plan_of_pattern(needed, "tiny", pattern, given_.rules, costs)
    least = 0
    for day in range(7):
        options = []
        for early, late, long in itertools.product(range(3), repeat=3):
            covered = np.zeros(24)
            for count, times in zip((early, late, long), pattern.shifts.values(), strict=True):
                covered[times.from_h : times.to_h] += count
            if (covered >= needed[24 * day : 24 * day + 24]).all():
                options.append(8 * early + 8 * late + 12 * long)
        least += min(options)
    assert plan.rostered_hours_per_week == least


def test_the_smallest_rota_of_a_tiny_desk_is_found() -> None:
    # one person, 08-16 on five days: one person does it; on seven days: two, as free days come two together
    rules = RosterRules(rest_h=11, days_in_a_row=5, days_off_together=2, team_week_h=42)
    costs = shipped()[1].model_copy(update={"shrinkage": 0.0})
    office = Pattern(shifts={"office": ShiftTimes(from_h=8, to_h=16)})
    day = [0] * 8 + [1] * 8 + [0] * 8
    five = plan_of_pattern(by_hour(day, [0] * 24), "office", office, rules, costs)
    seven = plan_of_pattern(by_hour(day), "office", office, rules, costs)
    assert (five.people, seven.people) == (1, 2)
    check(seven, by_hour(day), office, rules, costs)


def test_the_same_need_gives_the_same_plan() -> None:
    given_, costs = shipped()
    needed = by_hour([1] * 7 + [2] * 14 + [1] * 3)
    first, again = (plan_roster(needed, given_.patterns, given_.rules, costs) for _ in range(2))
    assert first.rota == again.rota and first.shifts == again.shifts


def test_two_seats_round_the_clock_take_about_five_people_each() -> None:
    given_, costs = shipped()
    by_the_book = costs.model_copy(update={"shrinkage": 0.15})
    assert people_per_seat(by_the_book) == pytest.approx(168 / (40 * 0.85))
    plan = plan_roster(by_hour([2] * 24), given_.patterns, given_.rules, by_the_book)
    assert plan.people == math.ceil(2 * people_per_seat(by_the_book)) == 10


def test_everybody_walks_through_the_same_rota_where_the_payroll_allows() -> None:
    given_, costs = shipped()
    for day in ([2] * 24, [1] * 24, [1] * 7 + [2] * 14 + [1] * 3, [0] * 7 + [1] * 14 + [0] * 3):
        plan = plan_roster(by_hour(day), given_.patterns, given_.rules, costs)
        assert len(plan.rota) == 1, day
        assert set(plan.rota[0].days) == {shift.name for shift in plan.shifts} | {OFF}


def test_four_teams_share_all_shifts_alike_and_need_a_free_week_of_42_hours() -> None:
    given_, costs = shipped()
    teams = given_.patterns["four_teams"]
    assert teams is not None
    needed = by_hour([3] * 24)
    plan = plan_of_pattern(needed, "four_teams", teams, given_.rules, costs)
    assert (plan.rota_people, plan.mean_week_h) == (12, 42.0)  # Kota Cirebon: 12 in four teams of three
    check(plan, needed, teams, given_.rules, costs)
    with pytest.raises(InputError, match=r"four_teams.rotation: 42 h a week; rules.team_week_h is 40"):
        plan_of_pattern(
            needed, "four_teams", teams, given_.rules.model_copy(update={"team_week_h": 40.0}), costs
        )


def test_a_desk_that_closes_at_night_has_nobody_at_night() -> None:
    given_, costs = shipped()
    needed = by_hour([0] * 7 + [1] * 14 + [0] * 3)
    plan = plan_roster(needed, given_.patterns, given_.rules, costs)
    assert plan.pattern == "two_by_seven"
    assert (plan.on_duty == needed).all()


def test_nobody_needed_is_nobody_employed() -> None:
    given_, costs = shipped()
    plan = plan_roster(np.zeros(168, dtype=np.int64), given_.patterns, given_.rules, costs)
    assert (plan.people, plan.rostered_hours_per_week, plan.shifts) == (0, 0.0, ())


def test_what_cannot_be_planned_is_told_in_one_line() -> None:
    given_, costs = shipped()
    office = {"office": Pattern(shifts={"office": ShiftTimes(from_h=8, to_h=16)})}
    with pytest.raises(
        InputError, match=r"patterns.office: no shift covers mon 00:00, where 1 is needed; add"
    ):
        plan_roster(by_hour([1] * 24), office, given_.rules, costs)
    with pytest.raises(InputError, match="patterns are all null"):
        plan_roster(by_hour([1] * 24), {"office": None}, given_.rules, costs)
    with pytest.raises(InputError, match="give 168 whole numbers"):
        plan_roster(np.ones(24, dtype=np.int64), given_.patterns, given_.rules, costs)
    with pytest.raises(InputError, match=r"people needed: -1 in one hour"):
        plan_roster(by_hour([-1] * 24), given_.patterns, given_.rules, costs)
    short = given_.patterns["three_by_eight"]
    assert short is not None
    hasty = Pattern(shifts=short.shifts, rotation=("night", "morning", OFF, "evening"), teams=4)
    with pytest.raises(InputError, match=r"patterns.hasty.rotation: 0 h from night to morning; rules.rest_h"):
        plan_of_pattern(by_hour([1] * 24), "hasty", hasty, given_.rules, costs)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("patterns.mine.shifts.a={from_h:8,to_h:8}", "from_h 8 to to_h 8 is 0 h; give 1 to 12"),
        ("patterns.mine.shifts.off={from_h:8,to_h:16}", "which means a free day"),
        ("patterns.mine={shifts:{a:{from_h:8,to_h:16}},rotation:[a,b],teams:2}", "'b', which is no shift"),
        ("patterns.mine={shifts:{a:{from_h:8,to_h:16}},rotation:[a,a,a],teams:2}", "that the teams divide"),
        ("patterns.mine={shifts:{a:{from_h:8,to_h:16}},teams:2}", "rotation and teams belong together"),
        ("rules.rest_h=30", "rules.rest_h is 30"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(override: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        staff_settings([override])
    assert told in str(caught.value) and "\n" not in str(caught.value)
