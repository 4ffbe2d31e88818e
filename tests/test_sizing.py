"""Sizing: the least people and lines that keep the targets, against exact answers and on the province."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import desk_calls, world

from sim112.config.scenario import scenario
from sim112.config.staff import Service, StaffSettings, Standard, Within, staff_settings
from sim112.engine.contract import Calls, Change, World
from sim112.errors import InputError
from sim112.planning import first_guess
from sim112.planning.requirement import DAY_H, WEEK_H, Plan, by_hour_of_week, own_plan, with_people
from sim112.planning.service import high_share, low_share, pooled, pools
from sim112.planning.sizing import Search, Sizing, resized, size_desks
from sim112.planning.staff import Office
from sim112.planning.theory import erlang_a, erlang_b
from sim112.planning.trial import Simulate, simulator

WEEK_S = 604800.0
DESK = np.array([0])


def settings(*overrides: str) -> StaffSettings:
    """The shipped settings with nothing asked but the answering, one person at least, and quick."""
    plain = ("service.days_share=null", "service.abandoned_share_most=null", "service.occupancy_most=null")
    quick = ("minimum_on_duty=1", "search.replications=10", "search.verification_replications=10")
    return staff_settings([*plain, *quick, *overrides])


def standard(within_s: float, share: float) -> Standard:
    return Standard(answered=(Within(within_s=within_s, share=share),), call_processing=None)


def plain_world(**given: object) -> World:
    return world(report_to_s=WEEK_S, end_s=WEEK_S, **given)


def sized(
    asked: Standard,
    chosen: StaffSettings,
    rate_per_s: float,
    talk_s: float,
    patience_s: float,
    seed: int = 1,
    on: World | None = None,
) -> Sizing:
    """A plain desk, sized."""

    @cache
    def draw(replication: int) -> Calls:
        rng = np.random.default_rng([seed, replication])
        return desk_calls(rng, rate_per_s, WEEK_S, talk_s, patience_s=patience_s)

    here = plain_world() if on is None else on
    return size_desks(here, DESK, simulator(draw, DESK, chosen, asked), chosen, asked)


def plain_search(
    asked: Standard, chosen: StaffSettings, rate_per_s: float, talk_s: float, patience_s: float, seed: int = 1
) -> Search:
    """The search at a plain desk, before any fresh runs."""

    @cache
    def draw(replication: int) -> Calls:
        rng = np.random.default_rng([seed, replication])
        return desk_calls(rng, rate_per_s, WEEK_S, talk_s, patience_s=patience_s)

    simulate = simulator(draw, DESK, chosen, asked)
    return Search(plain_world(), DESK, simulate, chosen, asked, None, lambda text: None)


def least_by_erlang(
    rate_per_s: float, talk_s: float, patience_s: float, within_s: float, share: float
) -> int:
    people = 1 if patience_s < inf else int(rate_per_s * talk_s) + 1
    while erlang_a(rate_per_s, talk_s, people, patience_s, within_s).answered_within_share < share:
        people += 1
    return people


def test_a_plain_desk_gets_the_people_of_the_exact_formula() -> None:
    chosen = settings("search.least_calls=1000000000")
    for rate_per_s, talk_s, patience_s in ((0.02, 120.0, 90.0), (0.004, 200.0, 60.0), (0.03, 90.0, inf)):
        found = sized(standard(15, 0.9), chosen, rate_per_s, talk_s, patience_s)
        people = least_by_erlang(rate_per_s, talk_s, patience_s, 15, 0.9)
        assert set(found.requirements[0].call_takers.tolist()) == {people}
        assert found.verified.all()


@pytest.mark.slow
def test_in_a_hundred_random_desks_the_answer_is_the_exact_one() -> None:
    rng = np.random.default_rng(112)
    chosen = settings("search.least_calls=1000000000", "search.replications=12")
    off = []
    for at in range(100):
        load, talk_s = float(np.exp(rng.uniform(np.log(0.1), np.log(8)))), float(rng.uniform(60, 300))
        patience_s = inf if rng.random() < 0.2 else float(rng.uniform(30, 300))
        within_s, share = float(rng.choice([10.0, 15.0, 20.0, 30.0])), float(rng.choice([0.8, 0.9, 0.95]))
        search = plain_search(standard(within_s, share), chosen, load / talk_s, talk_s, patience_s, seed=at)
        found = search.people(search.first()).plan
        exact = least_by_erlang(load / talk_s, talk_s, patience_s, within_s, share)
        off.append(int(found.call_takers[0, 0]) - exact)
    assert off.count(0) >= 95, off
    assert max(map(abs, off)) <= 1, off


def test_lines_are_those_of_erlang_b_where_nobody_waits() -> None:
    # as many people as it takes that nobody waits: the lines alone refuse
    chosen = settings("search.least_calls=1000000000", "minimum_on_duty=1", "service.blocked_share_most=0.05")
    found = sized(standard(0.001, 0.949), chosen, 0.02, 100.0, inf)
    least = next(lines for lines in range(1, 50) if erlang_b(2.0, lines) <= 0.05)
    assert found.requirements[0].lines in (least, int(found.requirements[0].call_takers.max()))


def test_where_the_load_binds_no_person_hour_can_be_spared() -> None:
    chosen = settings("search.replications=6", "search.least_calls=100")
    search = plain_search(standard(15, 0.9), chosen, 0.02, 120.0, 90.0)
    trial = search.lines(search.people(search.first()))
    assert not trial.fails("call_takers", "lines").any()
    cells = np.unique(search.asked.cells[0])
    assert len(cells) == DAY_H
    for cell in cells:
        fewer = trial.plan.call_takers - (search.asked.cells == cell)
        assert search.trial(replace(trial.plan, call_takers=fewer)).fails("call_takers").all()
    assert search.trial(replace(trial.plan, lines=trial.plan.lines - 1)).fails("call_takers", "lines").all()


def test_where_the_load_binds_no_person_shift_can_be_spared() -> None:
    # a daily wave: with few calls by night, many by day; a shift is the same on all days, as they are alike
    def draw(replication: int) -> Calls:
        rng = np.random.default_rng([7, replication])
        calls = desk_calls(rng, 0.04, WEEK_S, 120.0, patience_s=90.0)
        hour = calls.caller_start_s // 3600 % DAY_H
        calls.caller_talk_s[rng.random(len(hour)) > 0.2 + 0.8 * np.sin(np.pi * hour / DAY_H)] = 0.0
        return calls

    chosen, asked = settings("search.replications=6", "search.least_calls=100"), standard(15, 0.9)
    simulate, office = simulator(cache(draw), DESK, chosen, asked), Office(scenario("pati"), chosen)
    search = Search(plain_world(), DESK, simulate, chosen, asked, office, lambda _: None)
    trial = search.people(search.first())
    roster = office.roster(trial.plan.call_takers[0])
    held = search.trial(search.covered(trial.plan))
    assert not held.fails("call_takers").any() and len(set(roster.on_duty.tolist())) > 1
    shifts = {(shift.from_h, shift.to_h) for shift in roster.shifts}
    assert len(shifts) >= 3
    hour = np.arange(WEEK_H) % DAY_H
    for from_h, to_h in shifts:
        is_on = (hour >= from_h) & (hour < to_h) if from_h < to_h else (hour >= from_h) | (hour < to_h)
        if from_h == 8 and roster.pattern == "three_by_eight":
            is_on &= np.arange(WEEK_H) < 5 * DAY_H  # help in office hours
        fewer = held.plan.call_takers - is_on
        assert search.trial(replace(held.plan, call_takers=fewer)).fails("call_takers").all(), (from_h, to_h)


@pytest.mark.slow
def test_harder_times_add_to_a_plan_and_take_nothing_away() -> None:
    chosen, asked = settings("search.least_calls=1000000000"), standard(15, 0.9)

    def draw_at(rate_per_s: float) -> Simulate:
        def draw(replication: int) -> Calls:
            return desk_calls(np.random.default_rng(replication), rate_per_s, WEEK_S, 120.0, patience_s=90.0)

        return simulator(cache(draw), DESK, chosen, asked)

    easy = size_desks(plain_world(), DESK, draw_at(0.02), chosen, asked).needed
    hard = resized(plain_world(), DESK, draw_at(0.03), chosen, asked, easy)
    assert set(hard.call_takers[0].tolist()) == {least_by_erlang(0.03, 120.0, 90.0, 15, 0.9)}
    same = resized(plain_world(), DESK, draw_at(0.01), chosen, asked, easy)
    assert (same.call_takers == easy.call_takers).all() and (same.lines >= easy.lines).all()


def test_a_floor_that_binds_says_so() -> None:
    found = sized(standard(15, 0.9), settings("minimum_on_duty=2"), 0.0002, 120.0, 90.0)
    need = found.requirements[0]
    assert set(need.binding) == {"floor"}
    assert set(need.theory.tolist()) == {1} and set(need.call_takers.tolist()) == {2}


def test_a_closed_desk_needs_nobody_then() -> None:
    open_close = [(d * 86400.0 + h * 3600.0, Change.OPEN, v) for d in range(7) for h, v in ((7, 1), (21, 0))]
    rows = [(0.0, Change.CALL_TAKERS, 1), (0.0, Change.OPEN, 0), *open_close]
    here = plain_world(
        change_time_s=[row[0] for row in rows],
        change_what=[int(row[1]) for row in rows],
        change_subject=[0] * len(rows),
        change_value=[row[2] for row in rows],
    )
    found = sized(standard(15, 0.9), settings("search.least_calls=50"), 0.004, 100.0, 90.0, on=here)
    need = found.requirements[0]
    is_closed = np.array([word == "closed" for word in need.binding])
    assert (is_closed == [h % DAY_H < 7 or h % DAY_H >= 21 for h in range(WEEK_H)]).all()
    assert (need.call_takers[is_closed] == 0).all() and (need.call_takers[~is_closed] > 0).all()


def test_a_target_beyond_everybody_is_told_and_left_out() -> None:
    def draw(replication: int) -> Calls:
        calls = desk_calls(np.random.default_rng(replication), 0.004, WEEK_S, 100.0, patience_s=90.0)
        calls.caller_pick_up_s[:] = 20.0
        return calls

    chosen, asked = settings("search.replications=3", "search.verification_replications=3"), standard(15, 0.9)
    found = size_desks(plain_world(), DESK, simulator(draw, DESK, chosen, asked), chosen, asked)
    [finding] = found.findings
    assert finding.target == "answered within 15 s" and finding.at_best == 0.0
    assert "picking up alone takes 20 s" in finding.why
    assert set(found.requirements[0].call_takers.tolist()) == {1}


def test_a_target_that_the_most_people_do_not_keep_ends_in_a_finding() -> None:
    chosen = settings("search.most_people=2", "search.replications=2", "search.verification_replications=2")
    found = sized(standard(15, 0.9), chosen, 0.03, 120.0, 30.0)
    assert any("with 2 people on duty" in finding.why for finding in found.findings)


def test_a_desk_that_gets_no_call_is_refused() -> None:
    chosen, asked = settings("search.replications=2"), standard(15, 0.9)
    nothing = desk_calls(np.random.default_rng(0), 1e-9, WEEK_S, 100.0)
    with pytest.raises(InputError, match="112 gets no call"):
        size_desks(plain_world(), DESK, simulator(lambda _: nothing, DESK, chosen, asked), chosen, asked)


@pytest.mark.slow
def test_the_answer_does_not_depend_on_threads_or_on_what_is_kept() -> None:
    def draw(replication: int) -> Calls:
        return desk_calls(np.random.default_rng(replication), 0.01, WEEK_S, 100.0, patience_s=90.0)

    asked, found = standard(15, 0.9), []
    for workers, keep in ((1, "search.keep_mb=100"), (2, "search.keep_mb=0")):
        chosen = settings(keep, "search.replications=4", "search.verification_replications=4")
        simulate = simulator(draw, DESK, chosen, asked, workers=workers)
        found.append(size_desks(plain_world(), DESK, simulate, chosen, asked).needed)
    assert (found[0].call_takers == found[1].call_takers).all() and (found[0].lines == found[1].lines).all()


def test_people_of_a_plan_are_the_people_of_the_world() -> None:
    here = plain_world(start_of_week_s=6 * 86400.0)
    rng = np.random.default_rng(3)
    plan = Plan(DESK, rng.integers(0, 4, (1, WEEK_H)), rng.integers(0, 2, (1, WEEK_H)), np.array([5]))
    there = with_people(here, plan)
    back = own_plan(there, DESK)
    assert (back.call_takers == plan.call_takers).all() and (back.dispatchers == plan.dispatchers).all()
    assert back.lines.tolist() == [5] and (by_hour_of_week(there, Change.OPEN, DESK) == 1).all()
    assert (np.diff(there.change_time_s) >= 0).all()


@given(
    hits=st.lists(st.integers(0, 40), min_size=2, max_size=12),
    more=st.integers(0, 40),
    sure=st.floats(0.6, 0.99),
)
def test_bounds_of_a_share_lie_around_it(hits: list[int], more: int, sure: float) -> None:
    good = np.array(hits, dtype=float)[:, None]
    total = good + more
    share = good.sum() / max(total.sum(), 1)
    low, high = low_share(good, total, sure)[0], high_share(good, total, sure)[0]
    if total.sum():
        assert 0 <= low <= share <= high + 1e-12 <= 1 + 2e-12
    else:
        assert (low, high) == (1.0, 0.0)


def test_the_bound_is_missed_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    total = np.full((4000, 40, 1), 25.0)
    good = rng.binomial(25, 0.93, total.shape).astype(float)
    missed = (low_share(good, total, 0.95)[:, 0] > 0.93).mean()
    assert 0.02 < missed < 0.07


def test_hours_are_pooled_until_every_cell_has_calls_enough() -> None:
    flat, is_open = np.ones((4, WEEK_H)), np.ones((4, WEEK_H), dtype=bool)
    counts = flat * np.array([[10], [2], [0.4], [0.1]])
    counts[0, :DAY_H] *= 2  # Monday
    cells = pools(counts, is_open, 10)
    assert [len(set(row.tolist())) for row in cells] == [168, 24, 4, 1]
    sums = pooled(counts[:, None, :], cells)[:, 0, :]
    assert np.allclose(sums[:, 0], [20, 14, 0.4 * 42, 16.8])
    alike = pools(flat * 1000, is_open, 10)
    assert len(set(alike[0].tolist())) == DAY_H


def test_a_formula_never_needs_fewer_people_for_more_load() -> None:
    levels, service = ((10.0, 0.9),), 0.85
    needed = [
        first_guess._least_call_takers(load, 120.0, 90.0, levels, service) for load in np.arange(0, 9, 0.5)
    ]
    assert needed == sorted(needed) and needed[0] == 1


def test_the_standard_follows_the_answering_target_of_the_scenario() -> None:
    import sim112

    shipped = staff_settings()
    assert shipped.standard(sim112.scenario("pati").targets)[0] == "nena"
    assert shipped.standard(sim112.scenario("pati", "targets=nfpa").targets)[0] == "nfpa"
    name, own = shipped.standard(sim112.scenario("pati", "targets.answered_within_share=0.99").targets)
    assert name == "own" and own.answered == (Within(within_s=15, share=0.99),)
    with pytest.raises(InputError, match="share below 1"):
        shipped.standard(sim112.scenario("pati", "targets.answered_within_share=1").targets)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("service.dayshare=1", "did you mean service.days_share"),
        ("minimum_on_duty=0", "minimum_on_duty is 0"),
        ("service.blocked_share_most=1.5", "less than 1"),
        ("minimum_on_duty.x=1", "minimum_on_duty.x is no key"),
        ("search.replications=1", "search.replications is 1"),
        ("options.break_min=7", "options.*give 0 or a number that divides 60"),
        ("options.demand=[lebaran]", "did you mean options.demands"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(override: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        staff_settings([override])
    assert "\n" not in str(caught.value)


def test_service_has_no_limit_that_it_does_not_judge() -> None:
    # a limit added to the settings must be held somewhere
    assert set(Service.model_fields) == {
        *("per", "days_share", "blocked_share_most", "abandoned_share_most", "occupancy_most"),
        *("ticket_taken_within_s", "ticket_taken_share"),
    }
