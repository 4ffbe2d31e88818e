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
from sim112.planning.requirement import DAY_H, WEEK_H, Plan, with_people
from sim112.planning.roster import PlannedShift, plan_roster
from sim112.planning.service import apart
from sim112.planning.shaving import shaved
from sim112.planning.sizing import SEARCHED_MORE, Search
from sim112.planning.thinning import thinned
from sim112.planning.trial import ROLES, simulator

WEEK_S = 604800.0
DESK = np.array([0])
RUNS = ("search.replications=5", "search.verification_replications=5")


def settings(*changes: str) -> StaffSettings:
    off = ("service.days_share=null", "service.abandoned_share_most=null", "service.occupancy_most=null")
    return staff_settings([*off, "minimum_on_duty=1", "search.least_calls=100", *RUNS, *changes])


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
    return new_search()


def new_search(*changes: str) -> Search:
    chosen = settings(*changes)
    asked = Standard(answered=(Within(within_s=15, share=0.9),), call_processing=None)
    simulate = simulator(cache(daily_wave), DESK, chosen, asked)
    here = world(report_to_s=WEEK_S, end_s=WEEK_S)
    roster = Roster(chosen, scenario("pati").costs)
    return Search(here, DESK, simulate, chosen, asked, roster, lambda text: None)


def nobody_can_be_spared(search: Search, needed: Plan) -> bool:
    """Whether a target breaks on the search's calls without any one person on any shift of any day."""
    assert search.rosters is not None
    on_duty = search.covered(needed)
    fewer = [on_duty.call_takers - hours for hours in search.rosters.shifts(needed.call_takers[0])]
    tried = [search.trial(replace(on_duty, call_takers=people)) for people in fewer if people.min() >= 1]
    return bool(tried) and all(trial.fails("call_takers", "lines").all() for trial in tried)


def test_no_person_on_a_shift_can_be_spared_once_it_is_shaved(search: Search) -> None:
    found = search.lines(search.people(search.first())).plan
    needed = replace(found, call_takers=found.call_takers + 1)  # one too many in every hour
    before = search.covered(needed)
    lower = shaved(search, needed)
    after = search.covered(lower)
    assert not search.trial(after).fails("call_takers", "lines").any()
    assert after.call_takers.sum() < before.call_takers.sum()
    assert nobody_can_be_spared(search, lower)
    assert with_people(search.world, after).desk_lines[0] >= after.call_takers.max()


def test_what_fails_on_fresh_runs_is_searched_again_with_them_and_held_on_others() -> None:
    search = new_search()
    found = search.lines(search.people(search.first())).plan
    few = replace(found, call_takers=found.call_takers - 1, lines=found.lines + 20)
    held = search.verified(few)
    assert held.verified.all() and held.rounds[0] > 1
    assert held.searched == range(5 * SEARCHED_MORE ** (held.rounds[0] - 1))
    assert len(held.fresh) == len(held.searched) and held.fresh.start >= held.searched.stop
    search.settled[:] = False  # or nothing of the desk would be judged any more
    assert not search.trial(held.on_duty).fails("call_takers", "lines").any()
    assert nobody_can_be_spared(search, held.needed)


def test_nothing_of_a_desk_that_was_held_is_tried_any_more() -> None:
    search = new_search()
    found = search.lines(search.people(search.first())).plan
    ample = replace(found, call_takers=found.call_takers + 1)
    search.settled[:] = True
    assert (shaved(search, ample).call_takers == ample.call_takers).all()
    floors = {role: 0 * found.people(role) for role in ROLES}
    assert (thinned(search, search.trial(ample), floors).plan.call_takers == ample.call_takers).all()
    empty = replace(found, call_takers=0 * found.call_takers)
    assert not search.trial(empty).fails("call_takers", "lines").any()


def test_before_the_last_round_nothing_is_searched_again() -> None:
    search = new_search("search.verification_rounds=2")
    found = search.lines(search.people(search.first())).plan
    few = replace(found, call_takers=found.call_takers - 1, lines=found.lines + 20)
    held = search.verified(few)
    assert held.rounds[0] == 2 and held.searched == range(5) and held.fresh == range(10, 15)
    assert held.on_duty.call_takers.sum() > search.covered(few).call_takers.sum()


def test_a_search_on_more_runs_adds_people_and_takes_others_away(search: Search) -> None:
    found = search.lines(search.people(search.first())).plan
    for people in (found.call_takers - 1, found.call_takers + 1):
        again = search.searched_again(replace(found, call_takers=people, lines=found.lines + 20))
        assert not search.trial(search.covered(again)).fails("call_takers", "lines").any()
        assert nobody_can_be_spared(search, again)


def test_the_floor_is_never_shaved(search: Search) -> None:
    needed = search.lines(search.people(search.first())).plan
    kept = shaved(search, needed, least=search.covered(needed))
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
