"""What ``sim112 staff`` prints: people and lines of every desk, what binds, what it costs, how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill

import numpy as np

from sim112.engine.contract import Ints
from sim112.planning.requirement import DAY_H
from sim112.planning.staff import SizedDesk, SizedScenario

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WIDTH = 110
IN_DETAIL = 6
"""Up to so many desks are told hour by hour and shift by shift."""


def staff_screen(result: SizedScenario) -> str:
    """The whole screen."""
    parts = [_asked(result), _table(result)]
    if len(result.desks) <= IN_DETAIL:
        parts += [_details(desk) for desk in result.desks]
    parts += [_floors(result), _floor_price(result), _legal(result), _findings(result), _how_sure(result)]
    return "\n\n".join(part for part in parts if part)


def spans(people: Ints) -> str:
    """People by hour of the week in words: ``2``, or ``00-09 h 2, 09-24 h 3``, by groups of days."""
    by_day = people.reshape(len(DAY_NAMES), DAY_H)
    groups: dict[bytes, list[int]] = {}
    for day in range(len(DAY_NAMES)):
        groups.setdefault(by_day[day].tobytes(), []).append(day)
    told = [
        (f"{_days(days)}: " if len(groups) > 1 else "") + _spans_of_day(by_day[days[0]])
        for days in groups.values()
    ]
    return "; ".join(told)


def _days(days: Sequence[int]) -> str:
    if len(days) > 1 and days[-1] - days[0] == len(days) - 1:
        return f"{DAY_NAMES[days[0]]}-{DAY_NAMES[days[-1]]}"
    return ", ".join(DAY_NAMES[day] for day in days)


def _spans_of_day(people: Ints) -> str:
    edges = [0, *(np.flatnonzero(np.diff(people)) + 1).tolist(), DAY_H]
    if len(edges) == 2:
        return f"{people[0]}"
    return ", ".join(f"{a:02d}-{b:02d} h {people[a]}" for a, b in pairwise(edges))


def _least_to_most(people: Ints) -> str:
    low, high = int(people.min()), int(people.max())
    return f"{low}" if low == high else f"{low}-{high}"


def _asked(result: SizedScenario) -> str:
    service = result.settings.service
    levels = " and ".join(
        f"{100 * level.share:g} % within {level.within_s:g} s" for level in result.standard.answered
    )
    period = "in every hour" if service.per == "hour" else "over the week"
    days = "" if service.days_share is None else f", and on {100 * service.days_share:g} % of the days"
    name = "" if result.standard_name == "own" else f" ({result.standard_name})"
    return (
        f"How many people and lines does 112 need?\n{fill(result.scenario.question, WIDTH)}\n"
        f"Asked for{name}: answered {levels} {period}{days};\n"
        f"at most {100 * service.blocked_share_most:g} % of calls without a line; "
        f"{result.settings.minimum_on_duty} people on duty at least. "
        f"Each with {100 * result.settings.confidence:g} % confidence."
    )


def _table(result: SizedScenario) -> str:
    level = result.standard.answered[0]
    has_dispatchers = any(desk.dispatchers is not None for desk in result.desks)
    head = ["desk", "busiest", "theory", "call-"]
    under = ["", "hour, erl", "", "takers"]
    if has_dispatchers:
        head.append("dis-")
        under.append("patchers")
    head += ["lines", "people", "Rp million", f"within {level.within_s:g} s", "binds"]
    under += ["", "on payroll", "a year", "%", ""]
    rows = [head, under]
    for desk in result.desks:
        need = desk.requirement
        row = [need.desk.removeprefix("112 "), f"{desk.load_erlang:.2f}", _least_to_most(need.theory)]
        row.append(_least_to_most(desk.call_takers.on_duty))
        if has_dispatchers:
            row.append("-" if desk.dispatchers is None else _least_to_most(desk.dispatchers.on_duty))
        binds = need.binding.count("load")
        row += [
            f"{desk.lines}",
            f"{desk.people}",
            f"{desk.budget.rp_per_year / 1e6:,.0f}",
            f"{100 * desk.answered_within_share[0]:.1f}" + ("" if desk.verified else " *"),
            "floor" if binds == 0 else f"load {binds} h/week",
        ]
        rows.append(row)
    people = sum(desk.people for desk in result.desks)
    cost = sum(desk.budget.rp_per_year for desk in result.desks) / 1e6
    if len(result.desks) > 1:
        total = ["all", "", "", "", *([""] if has_dispatchers else [])]
        rows.append(
            [*total, f"{sum(desk.lines for desk in result.desks)}", f"{people}", f"{cost:,.0f}", "", ""]
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if at in (0, len(head) - 1) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(2, "-" * max(len(line) for line in lines))
    if len(result.desks) > 1:
        lines.insert(-1, lines[2])
    return "\n".join(lines)


def _details(desk: SizedDesk) -> str:
    need = desk.requirement
    lines = [
        need.desk,
        f"  call-takers needed by hour   {spans(need.call_takers)}",
        f"  by theory alone              {spans(need.theory)}",
        f"  on duty by shift             {_shifts(desk, 'call_takers')}",
    ]
    if desk.dispatchers is not None:
        lines += [
            f"  dispatchers needed by hour   {spans(need.dispatchers)}",
            f"  on duty by shift             {_shifts(desk, 'dispatchers')}",
        ]
    return "\n".join(lines)


def _shifts(desk: SizedDesk, role: str) -> str:
    plan = desk.call_takers if role == "call_takers" or desk.dispatchers is None else desk.dispatchers
    by_shift: dict[tuple[str, int, int], list[int]] = {}
    for shift in plan.shifts:
        people = by_shift.setdefault((shift.name, shift.from_h, shift.to_h), [0] * len(DAY_NAMES))
        people[shift.day] += shift.people
    told = []
    for (name, from_h, to_h), people in by_shift.items():
        number = f"{people[0]}" if len(set(people)) == 1 else f"{'/'.join(map(str, people))} (Mon/../Sun)"
        told.append(f"{name} {from_h:02d}-{to_h:02d} h {number}")
    return ", ".join(told) + f"\n    = {plan.people} people on the payroll ({plan.pattern})"


def _floors(result: SizedScenario) -> str:
    """Small centres, said plainly: the floor binds, not the calls."""
    bound = [desk for desk in result.desks if desk.requirement.binding.count("load") == 0]
    if not bound:
        return ""
    theory = _least_to_most(np.concatenate([desk.requirement.theory for desk in bound]))
    people = sorted(desk.people for desk in bound)
    payroll = f"{people[0]}" if people[0] == people[-1] else f"{people[0]} to {people[-1]}"
    least = result.settings.minimum_on_duty
    where = "Here" if len(result.desks) == 1 else f"At {len(bound)} of {len(result.desks)} desks"
    return (
        f"{where} theory needs {theory}, safety needs {least}, which is about {payroll} people on the payroll"
        f"{'' if len(bound) == 1 else ' each'}:\nthe calls do not decide."
    )


def _floor_price(result: SizedScenario) -> str:
    """One, two and three people on duty side by side."""
    if not result.floor:
        return ""
    lines = [
        "What the second person is for (a day, in the mean; a flood is reported for the day itself)",
        "                                       hours a week   calls    wait, or find   incidents that no",
        "time                people on duty      nobody there  offered  nobody or line  agency hears of",
    ]
    lines += [
        f"{row.demand:18}  {row.staffed:18}  {row.away_h:12d}  {row.offered:7.1f}  {row.busy_or_absent:14.2f}"
        f"  {row.unreported:9.2f} of {row.incidents:.0f}"
        for row in result.floor
    ]
    return "\n".join(lines)


def _legal(result: SizedScenario) -> str:
    """What has to be said wherever a desk serves several regencies."""
    if result.scenario.deployment.grouping == "regency" or result.scenario.area.is_small_world:
        return ""
    return (
        "The legal basis of a desk for several regencies is to be checked: the rules of 2016 know a centre\n"
        "of a province, regency or city."
    )


def _findings(result: SizedScenario) -> str:
    """Targets that no number of people keeps, desks with the same words together."""
    groups: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    for one in result.sizing.findings:
        groups.setdefault((one.target, one.why), []).append((one.desk, one.wanted, one.at_best))
    lines = []
    for (target, why), found in groups.items():
        at_best = [value for _, _, value in found]
        some = ", ".join(name.removeprefix("112 ") for name, _, _ in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        reached = f"{100 * min(at_best):.1f}" + ("" if len(found) == 1 else f" to {100 * max(at_best):.1f}")
        text = (
            f"CANNOT BE KEPT: {target}: {100 * found[0][1]:g} % wanted, {reached} % at best ({some}{more}), "
            f"{why}. The plan is made for the other targets."
        )
        lines.append(fill(text, WIDTH))
    return "\n".join(lines)


def _how_sure(result: SizedScenario) -> str:
    search = result.settings.search
    failed = [desk.requirement.desk for desk in result.desks if not desk.verified]
    told = (
        f"Searched on {search.replications} runs of the simulated time, then held on "
        f"{search.verification_replications} fresh ones (round {result.sizing.rounds})"
    )
    if not failed:
        told += ": every target that can be kept\nis kept."
    else:
        told += f"; * not shown to be kept: {', '.join(failed[:8])}."
    return f"{told}\nThe confidence covers chance, not the assumptions: `sim112 sources --assumed`."
