"""People taken off shifts: only where every target is kept without them; hours judged by who is on duty."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from worlds import desk_calls, world

from sim112.config.costs import Costs
from sim112.config.scenario import scenario
from sim112.config.staff import StaffSettings, Standard, Within, staff_settings
from sim112.engine.contract import Calls, Ints
from sim112.planning.requirement import DAY_H, WEEK_H, with_people
from sim112.planning.roster import PlannedShift, plan_roster
from sim112.planning.service import apart
from sim112.planning.shaving import shaved
from sim112.planning.sizing import Search
from sim112.planning.trial import simulator

WEEK_S = 604800.0
DESK = np.array([0])
RUNS = ("search.replications=5", "search.verification_replications=5")


def settings() -> StaffSettings:
    off = ("service.days_share=null", "service.abandoned_share_most=null", "service.occupancy_most=null")
    return staff_settings([*off, "minimum_on_duty=1", "search.least_calls=100", *RUNS])


class Roster:
    """Shifts of a day and a night, twelve hours each, for people needed by hour."""

    def __init__(self, chosen: StaffSettings, costs: Costs) -> None:
        self.patterns = {"two_by_twelve": chosen.patterns["two_by_twelve"]}
        self.rules, self.costs = chosen.rules, costs

    def on_duty(self, needed: Ints) -> Ints:
        return plan_roster(needed, self.patterns, self.rules, self.costs).on_duty

    def shifts(self, needed: Ints) -> Ints:
        plan = plan_roster(needed, self.patterns, self.rules, self.costs)
        return np.array([shift.hours for shift in plan.shifts])


def daily_wave(replication: int) -> Calls:
    """Calls whose talks are long in one hour of the evening and short else."""
    rng = np.random.default_rng([5, replication])
    calls = desk_calls(rng, 0.03, WEEK_S, 90.0, patience_s=90.0)
    hour = calls.caller_start_s // 3600 % DAY_H
    calls.caller_talk_s[(hour != 18) & (rng.random(len(hour)) < 0.4)] = 0.0
    return calls


@pytest.fixture(scope="module")
def search() -> Search:
    chosen = settings()
    asked = Standard(answered=(Within(within_s=15, share=0.9),), call_processing=None)
    simulate = simulator(cache(daily_wave), DESK, chosen, asked)
    here = world(report_to_s=WEEK_S, end_s=WEEK_S)
    return Search(here, DESK, simulate, chosen, asked, lambda text: None)


def test_no_person_on_a_shift_can_be_spared_once_it_is_shaved(search: Search) -> None:
    roster = Roster(search.settings, scenario("pati").costs)
    found = search.lines(search.people(search.first())).plan
    needed = replace(found, call_takers=found.call_takers + 1)  # one too many in every hour
    before = search.covered(needed, roster.on_duty)
    lower = shaved(search, needed, roster.on_duty, roster.shifts)
    after = search.covered(lower, roster.on_duty)
    assert not search.trial(after).fails("call_takers", "lines").any()
    assert after.call_takers.sum() < before.call_takers.sum()
    for hours in roster.shifts(lower.call_takers[0]):
        fewer = after.call_takers - hours
        if fewer.min() >= 1:
            assert search.trial(replace(after, call_takers=fewer)).fails("call_takers", "lines").all()
    assert with_people(search.world, after).desk_lines[0] >= after.call_takers.max()


def test_what_a_repair_puts_on_whole_shifts_is_taken_off_again_where_it_can_be(search: Search) -> None:
    roster = Roster(search.settings, scenario("pati").costs)
    found = search.lines(search.people(search.first())).plan
    few = replace(found, call_takers=found.call_takers - 1, lines=found.lines + 20)
    plain, shorn = (search.verified(few, roster.on_duty, shifts) for shifts in (None, roster.shifts))
    assert plain.verified.all() and shorn.verified.all() and plain.rounds > 1
    assert shorn.on_duty.call_takers.sum() <= plain.on_duty.call_takers.sum()
    # whatever was taken off was held on one round more
    assert (shorn.rounds > plain.rounds) or (shorn.on_duty.call_takers == plain.on_duty.call_takers).all()


def test_the_floor_is_never_shaved(search: Search) -> None:
    roster = Roster(search.settings, scenario("pati").costs)
    needed = search.lines(search.people(search.first())).plan
    base = search.covered(needed, roster.on_duty)
    kept = shaved(search, needed, roster.on_duty, roster.shifts, least=base)
    assert (kept.call_takers == needed.call_takers).all()


def test_hours_with_other_people_on_duty_are_judged_apart_where_each_part_has_calls_enough() -> None:
    cells = np.tile(np.arange(DAY_H), 7)[None]
    people = np.full((1, WEEK_H), 3)
    counts = np.full((1, 2, WEEK_H), 10.0)
    assert (apart(cells, people, counts, 20) == cells).all()
    people[0, DAY_H + 5] = 2  # 05-06 h on Tuesday
    split = apart(cells, people, counts, 20)[0]
    assert (split == split[DAY_H + 5]).sum() == 1 and (split == split[5]).sum() == 6
    assert len(np.unique(split)) == DAY_H + 1 and split.max() < WEEK_H
    assert len(np.unique(apart(cells, people, counts, 21))) == DAY_H


def test_a_shift_covers_its_hours_also_past_the_end_of_the_week() -> None:
    night = PlannedShift("night", 23, 7, 6, 2).hours
    assert np.flatnonzero(night).tolist() == [*range(7), WEEK_H - 1]
    assert np.flatnonzero(PlannedShift("all", 12, 24, 0, 1).hours).tolist() == list(range(12, 24))
