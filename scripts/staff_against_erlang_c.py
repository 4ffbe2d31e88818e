"""The plan of ``sim112 staff`` against hour-by-hour Erlang C at equal staff hours, as tables for the docs.

The usual spreadsheet takes the calls of each hour as a Poisson stream, the mean handle time, and the least
people with which Erlang C keeps the first level of the target. It plans the same cells of time as the search
does (hours of the day, where days are alike). Here that formula gets as many staff hours as the searched plan
has: its target is raised until it does, and what is left goes where it is worst. Both plans are then held on
the same fresh runs. Nothing else is asked of either: no floor, no days, no occupancy.

With ``--shifts`` the rosters are compared that people would work: all that ``sim112 staff`` asks for, and the
formula's hours rounded up to the same shifts, its target raised while they have no more hours than the plan.

    python scripts/staff_against_erlang_c.py one_centre
    python scripts/staff_against_erlang_c.py one_centre --shifts
    python scripts/staff_against_erlang_c.py twenty_seats --config-dir experiments/staffing
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from sim112.config.scenario import scenario
from sim112.config.staff import staff_settings
from sim112.engine.contract import Floats, Ints
from sim112.planning.requirement import WEEK_H, Plan, with_people
from sim112.planning.service import Counts, judge, pooled
from sim112.planning.sizing import Search, size_desks
from sim112.planning.staff import Office, desks_to_size
from sim112.planning.theory import erlang_c
from sim112.planning.trial import Simulate, simulator
from sim112.study.replication import draw, world_of

ONLY_ANSWERING = (
    *("service.days_share=null", "service.occupancy_most=null"),
    *("service.abandoned_share_most=null", "service.ticket_taken_share=null"),
)
SHARES = np.concatenate([np.linspace(0.5, 0.99, 99), 1 - np.logspace(-2, -6, 80)])
FRESH = 2  # times as many runs as the search had
ROSTER_RUNS = 480


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("scenario")
    parser.add_argument("changes", nargs="*", help="overrides, such as demand.use=high")
    parser.add_argument("--config-dir", type=Path)
    parser.add_argument("--replications", type=int, default=40)
    parser.add_argument("--least", type=int, default=1, help="people on duty at least, in all plans")
    parser.add_argument("--shifts", action="store_true", help="compare rosters, for a scenario of one desk")
    given = parser.parse_args()
    if given.shifts:
        compare_rosters(given)
        return
    one = scenario(given.scenario, *given.changes, config_dir=given.config_dir)
    quick = (f"search.replications={given.replications}", f"minimum_on_duty={given.least}")
    settings = staff_settings([*ONLY_ANSWERING, *quick])
    world, desks = world_of(one), desks_to_size(one)
    _, standard = settings.standard(one.targets)
    simulate = simulator(lambda number: draw(one, number), desks, settings, standard, workers=2)
    search = Search(
        world, desks, simulate, settings, standard, None, lambda told: print(f"# {told}", flush=True)
    )
    trial = search.lines(search.people(search.first()))
    rows = len(desks)
    same_hours, at_target = np.zeros((rows, WEEK_H), np.int64), np.zeros((rows, WEEK_H), np.int64)
    for row in range(rows):
        formula = Formula(search, row, standard.answered[0].within_s, given.least)
        at_target[row] = formula.people(standard.answered[0].share)
        same_hours[row] = formula.with_hours(int(trial.plan.call_takers[row].sum()))
    fresh = range(given.replications, (1 + FRESH) * given.replications)
    levels = [f"{level.within_s:g} s" for level in standard.answered]
    columns = [f"{span}, within {name}" for span in ("worst hour", "week") for name in levels]
    print(f"| desk | plan | staff hours | {' | '.join(columns)} |")
    print("|" + "---|" * (3 + 2 * len(levels)))
    for name, people in (
        ("as searched", trial.plan.call_takers),
        ("Erlang C, equal hours", same_hours),
        ("Erlang C at the target", at_target),
    ):
        _, counts = hold(search, trial.plan, simulate, people, fresh)
        for row, desk in enumerate(desks):
            worst = worst_cell(search, counts, row)
            week = [float(hits[row].sum() / counts.stayed[row].sum()) for hits in counts.answered_within]
            shares = " | ".join(f"{100 * share:.1f} %" for share in (*worst, *week))
            own = f"`{one.name}`" + (f", {world.desk_name[desk].removeprefix('112 ')}" if rows > 1 else "")
            print(f"| {own} | {name} | {people[row].sum()} | {shares} |")


def compare_rosters(given: argparse.Namespace) -> None:
    """The roster of the plan against one of the formula with as many hours, on runs that no search knew."""
    one, settings = scenario(given.scenario, *given.changes, config_dir=given.config_dir), staff_settings([])
    world, desks, office = world_of(one), desks_to_size(one), Office(one, settings)
    _, standard = settings.standard(one.targets)
    simulate = simulator(lambda number: draw(one, number), desks, settings, standard, workers=2)
    plan = size_desks(world, desks, simulate, settings, standard, office)
    search = Search(world, desks, simulate, settings, standard, office, lambda told: None)
    formula = Formula(search, 0, standard.answered[0].within_s, settings.minimum_on_duty)
    total_h = int(plan.on_duty.call_takers.sum())
    rosters = (office.on_duty(formula.people(share)) for share in SHARES)
    same_hours = max((people for people in rosters if people.sum() <= total_h), key=lambda one: one.sum())
    while True:  # what is left goes, by whole person-shifts, to where the formula is worst
        shares = [formula.share(hour, int(same_hours[hour])) for hour in range(WEEK_H)]
        worst = int(np.argmin(shares))
        fitting = [
            hours for hours in office.shifts(same_hours)
            if hours[worst] and same_hours.sum() + hours.sum() <= total_h
        ]  # fmt: skip
        if not fitting:
            break
        same_hours = same_hours + min(fitting, key=lambda hours: hours.sum())
    at_target = office.on_duty(formula.people(standard.answered[0].share))
    fresh = range(plan.fresh.stop, plan.fresh.stop + ROSTER_RUNS)
    levels = [f"within {level.within_s:g} s" for level in standard.answered]
    print(f"| desk | roster | staff hours | worst hour, {' | '.join(levels)} | days kept |")
    print("|" + "---|" * (4 + len(levels)))
    for name, people in (
        ("as sized", plan.on_duty.call_takers[0]),
        ("Erlang C, equal hours", same_hours),
        ("Erlang C at the target", at_target),
    ):
        held, counts = hold(search, plan.on_duty, simulate, people[None], fresh)
        days = next(check for check in judge(counts, held, search.asked) if check.name.startswith("days"))
        told = " | ".join(f"{100 * share:.1f} %" for share in (*worst_cell(search, counts, 0), days.value[0]))
        print(f"| `{one.name}` | {name} | {people.sum()} | {told} |", flush=True)


class Formula:
    """Hour-by-hour Erlang C for one desk, from what the ample simulation counted."""

    def __init__(self, search: Search, row: int, within_s: float, least: int) -> None:
        ample = search.ample
        self.cells: Ints = search.asked.cells[row]
        total, hours = (
            pooled(part[:, None, :], search.asked.cells)[row, 0]
            for part in (ample.answered.sum(axis=1), np.broadcast_to(ample.hours, ample.offered[:, 0].shape))
        )
        self.rate_per_s: Floats = total / (hours * ample.answered.shape[1]) / 3600.0
        answered = ample.answered[row].sum()
        self.handle_s = float(ample.busy_s[row].sum() / answered)
        self.within_s = within_s - float(ample.pick_up_s[row].sum() / answered)
        self.least = least

    def share(self, hour: int, people: int) -> float:
        return erlang_c(self.rate_per_s[hour], self.handle_s, people, self.within_s).answered_within_share

    def people(self, share: float) -> Ints:
        """The least people by hour with which the formula answers such a share in time."""
        needed = np.zeros(WEEK_H, dtype=np.int64)
        for hour in range(WEEK_H):
            people = max(self.least, int(self.rate_per_s[hour] * self.handle_s) + 1)
            while self.share(hour, people) < share:
                people += 1
            needed[hour] = people
        return needed

    def with_hours(self, total_h: int) -> Ints:
        """The plan at the highest share that so many staff hours allow, and the rest where it is worst."""
        plans = [plan for plan in map(self.people, SHARES) if plan.sum() <= total_h]
        plan = plans[-1] if plans else self.people(SHARES[0])
        while True:
            shares = [self.share(hour, int(plan[hour])) for hour in range(WEEK_H)]
            more = self.cells == self.cells[np.argmin(shares)]
            if plan.sum() + more.sum() > total_h:
                return plan
            plan = plan + more


def hold(search: Search, plan: Plan, simulate: Simulate, people: Ints, fresh: range) -> tuple[Plan, Counts]:
    """A plan with other call-takers and lines for everybody, and what it gets on fresh runs."""
    held = replace(plan, call_takers=people, lines=search.ample_plan.lines)
    return held, simulate(with_people(search.world, held), fresh)


def worst_cell(search: Search, counts: Counts, row: int) -> list[float]:
    """The share answered in time in the worst cell of time of a desk, by level."""
    stayed = pooled(counts.stayed, search.asked.cells).sum(axis=1)[row]
    hits = [pooled(part, search.asked.cells).sum(axis=1)[row] for part in counts.answered_within]
    return [float((part / stayed).min()) for part in hits]


if __name__ == "__main__":
    main()
