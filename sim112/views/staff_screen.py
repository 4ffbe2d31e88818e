"""What ``sim112 staff`` prints: people and lines of every desk, what binds, what it costs, how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isnan
from textwrap import fill

import numpy as np

from sim112.engine.contract import Ints
from sim112.planning.options import OptionRow, Told
from sim112.planning.out_of_reach import Finding
from sim112.planning.pooling import PooledRow
from sim112.planning.requirement import DAY_H
from sim112.planning.roster import ROUND_THE_CLOCK_H, people_per_seat
from sim112.planning.staff import SizedDesk, SizedScenario
from sim112.views.scenario_words import text_of
from sim112.views.words import DASH, Lang, Words, words
from sim112.views.words.messages import told_in

WIDTH = 110
IN_DETAIL = 6
"""Up to so many kinds of desks are told hour by hour and shift by shift."""
WEEK_DAYS = 7
MOST_NAMED = 5


def staff_screen(result: SizedScenario) -> str:
    """The whole screen, in the language of the scenario."""
    said = words(result.scenario.lang)
    parts = [
        _asked(result, said),
        _table(result, said),
        *_details(result, said),
        _floors(result, said),
        _costs(result, said),
        _options(result, said),
        _what_if(result, said),
        _legal(result, said),
        _which_days(result, said),
        _findings(result, said),
        _how_sure(result, said),
    ]
    return "\n\n".join(part for part in parts if part)


def pooling_screen(rows: Sequence[PooledRow], lang: Lang) -> str:
    """Sized scenarios side by side, against the first."""
    said = words(lang)
    number = said.number
    cells = [
        [
            row.scenario + ("" if row.is_kept else " *"),
            f"{row.desks}",
            number(row.people),
            number(row.dispatchers),
            number(row.lines),
            number(row.rp_per_year / 1e6),
            number(row.people_more, signed=True) if at else "",
            number(row.rp_per_year_more / 1e6, signed=True) if at else "",
        ]
        for at, row in enumerate(rows)
    ]
    keys = ("scenario", "desks", "people", "dispatchers", "lines", "cost", "more_people", "more_cost")
    heads = [said.say(f"staff.pooling_columns.{key}") for key in keys]
    notes = [said.say("staff.pooling_note")]
    if any(row.shares_desks for row in rows):
        notes.append(said.say("staff.legal"))
    title = said.say("staff.pooling", first=rows[0].scenario)
    return "\n".join([title, *_aligned(heads, cells), *(fill(note, WIDTH) for note in notes)])


def spans(people: Ints, said: Words | None = None) -> str:
    """People by hour of the week in words: ``2``, or ``00-09 h 2, 09-24 h 3``, by groups of days."""
    by_day = people.reshape(WEEK_DAYS, DAY_H)
    groups: dict[bytes, list[int]] = {}
    for day in range(WEEK_DAYS):
        groups.setdefault(by_day[day].tobytes(), []).append(day)
    told = [
        (f"{_days(days, said or words())}: " if len(groups) > 1 else "")
        + _spans_of_day(by_day[days[0]], said or words())
        for days in groups.values()
    ]
    return "; ".join(told)


def _days(days: Sequence[int], said: Words) -> str:
    names = said.say("staff.days_short").split()
    if len(days) > 1 and days[-1] - days[0] == len(days) - 1:
        return f"{names[days[0]]}-{names[days[-1]]}"
    return ", ".join(names[day] for day in days)


def _spans_of_day(people: Ints, said: Words) -> str:
    edges = [0, *(np.flatnonzero(np.diff(people)) + 1).tolist(), DAY_H]
    if len(edges) == 2:
        return f"{people[0]}"
    return ", ".join(
        said.say("staff.span", from_h=a, to_h=b, people=int(people[a])) for a, b in pairwise(edges)
    )


def _least_to_most(people: Ints) -> str:
    low, high = int(people.min()), int(people.max())
    return f"{low}" if low == high else f"{low}-{high}"


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], total: bool = False) -> list[str]:
    """Lines of a table: heads of two lines (``over|under``), a rule, rows; the first column to the left.

    With ``total`` the last row stands under a rule of its own.
    """
    table = [[head.partition("|")[0] for head in heads], [head.partition("|")[2] for head in heads], *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    lines = [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    rule = "-" * max(len(line) for line in lines)
    lines.insert(2, rule)
    if total:
        lines.insert(-1, rule)
    return lines


# ---- what was asked, and the answer ------------------------------------------------------------------------


def _asked(result: SizedScenario, said: Words) -> str:
    service, say = result.settings.service, said.say
    levels = say("staff.and").join(
        say("staff.level", share=said.percent(level.share), within_s=level.within_s)
        for level in result.standard.answered
    )
    days = service.days_share
    asked = say(
        "staff.asked",
        name="" if result.standard_name == "own" else say("staff.standard", name=result.standard_name),
        levels=levels,
        period=say("staff.hour" if service.per == "hour" else "staff.week"),
        days="" if days is None else say("staff.days", share=said.percent(days)),
        blocked=_all_of(service.blocked_share_most, said),
        others=_others_asked(result, said),
        least=result.settings.minimum_on_duty,
        confidence=said.percent(result.settings.confidence),
    )
    question = text_of(result.scenario, "question", said)
    return "\n".join([say("staff.title"), fill(question, WIDTH), fill(asked, WIDTH)])


def _others_asked(result: SizedScenario, said: Words) -> str:
    """What else is asked for: hanging up, busy time, and, where there are any, what dispatchers do."""
    service, processing = result.settings.service, result.standard.call_processing
    told = []
    if service.abandoned_share_most is not None:
        told.append(said.say("staff.abandoned", share=_all_of(service.abandoned_share_most, said)))
    if service.occupancy_most is not None:
        told.append(said.say("staff.occupancy", share=_all_of(service.occupancy_most, said)))
    has_dispatchers = any(desk.dispatchers is not None for desk in result.desks)
    if service.ticket_taken_share is not None and has_dispatchers:
        share, within_s = _all_of(service.ticket_taken_share, said), service.ticket_taken_within_s
        told.append(said.say("staff.tickets", share=share, within_s=within_s))
    if processing is not None:
        share, within_s = _all_of(processing.share, said), processing.within_s
        told.append(said.say("staff.processing", share=share, within_s=within_s))
    return "".join(told)


def _all_of(share: float, said: Words) -> str:
    return said.percent(share, _decimals(share))


def _decimals(share: float) -> int:
    """Decimals of a percentage that was asked for, so that all of it is told; six at most."""
    return next((places for places in range(6) if round(100 * share, places) == round(100 * share, 9)), 6)


def _table(result: SizedScenario, said: Words) -> str:
    has_dispatchers = any(desk.dispatchers is not None for desk in result.desks)
    keys = ["desk", "busiest", "theory", "call_takers", "dispatchers", "lines", "people", "cost", "within"]
    keys.append("binds")
    within_s = result.standard.answered[0].within_s
    heads = {key: said.say(f"staff.columns.{key}", within_s=within_s) for key in keys}
    rows = [_row(desk, said) for desk in result.desks]
    if len(rows) > 1:
        desks = result.desks
        rows.append(
            dict.fromkeys(keys, "")
            | {
                "desk": said.say("staff.all"),
                "lines": said.number(sum(desk.lines for desk in desks)),
                "people": said.number(sum(desk.people for desk in desks)),
                "cost": said.number(sum(desk.budget.rp_per_year for desk in desks) / 1e6),
            }
        )
    shown = [key for key in keys if key != "dispatchers" or has_dispatchers]
    cells = [[row[key] for key in shown] for row in rows]
    return "\n".join(_aligned([heads[key] for key in shown], cells, total=len(result.desks) > 1))


def _row(desk: SizedDesk, said: Words) -> dict[str, str]:
    need = desk.requirement
    load_h = need.binding.count("load")
    return {
        "desk": need.desk.removeprefix("112 "),
        "busiest": said.number(desk.load_erlang, 2),
        "theory": _least_to_most(need.theory),
        "call_takers": _least_to_most(desk.call_takers.on_duty),
        "dispatchers": DASH if desk.dispatchers is None else _least_to_most(desk.dispatchers.on_duty),
        "lines": f"{desk.lines}",
        "people": f"{desk.people}",
        "cost": said.number(desk.budget.rp_per_year / 1e6),
        "within": said.number(100 * desk.answered_within_share[0], 1) + ("" if desk.verified else " *"),
        "binds": said.say("staff.floor") if load_h == 0 else said.say("staff.load", hours=load_h),
    }


def _details(result: SizedScenario, said: Words) -> list[str]:
    """Desks hour by hour and shift by shift, those that are alike together; nothing where they are many."""
    alike: dict[str, list[str]] = {}
    for desk in result.desks:
        alike.setdefault(_detail(desk, said), []).append(desk.requirement.desk)
    if len(alike) > IN_DETAIL:
        return []
    return [f"{_named(desks, said)}\n{told}" for told, desks in alike.items()]


def _named(desks: Sequence[str], said: Words) -> str:
    some = ", ".join([*desks[:1], *(desk.removeprefix("112 ") for desk in desks[1:MOST_NAMED])])
    return some + (
        said.say("staff.more_desks", count=len(desks) - MOST_NAMED) if len(desks) > MOST_NAMED else ""
    )


def _detail(desk: SizedDesk, said: Words) -> str:
    need, say = desk.requirement, said.say
    lines = [
        (say("staff.call_takers_needed"), spans(need.call_takers, said)),
        (say("staff.theory_alone"), spans(need.theory, said)),
        (say("staff.on_duty"), _shifts(desk, "call_takers", said)),
    ]
    if desk.dispatchers is not None:
        lines += [
            (say("staff.dispatchers_needed"), spans(need.dispatchers, said)),
            (say("staff.on_duty"), _shifts(desk, "dispatchers", said)),
        ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(
        fill(f"  {(name, '')[number > 0].ljust(width)}  {line}", WIDTH, subsequent_indent=" " * (width + 4))
        for name, told in lines
        for number, line in enumerate(told.splitlines())
    )


def _shifts(desk: SizedDesk, role: str, said: Words) -> str:
    plan = desk.call_takers if role == "call_takers" or desk.dispatchers is None else desk.dispatchers
    by_shift: dict[tuple[str, int, int], list[int]] = {}
    for shift in plan.shifts:
        people = by_shift.setdefault((shift.name, shift.from_h, shift.to_h), [0] * WEEK_DAYS)
        people[shift.day] += shift.people
    told = []
    for (name, from_h, to_h), people in by_shift.items():
        alike = len(set(people)) == 1
        number = f"{people[0]}" if alike else f"{'/'.join(map(str, people))} {said.say('staff.several_days')}"
        named = said.named("staff.shifts", name)
        told.append(said.say("staff.shift", name=named, from_h=from_h, to_h=to_h, people=number))
    pattern = said.named("staff.patterns", plan.pattern)
    payroll = said.say("staff.payroll", people=plan.people, pattern=pattern)
    return ", ".join(told) + f"\n{payroll}"


def _which_days(result: SizedScenario, said: Words) -> str:
    """Whether it matters on which days of the week people stand."""
    if result.scenario.demand.surges:
        return fill(said.say("staff.surge"), WIDTH)
    for row, desk in enumerate(result.desks):
        days_alike = np.ptp(result.sizing.asked.cells[row].reshape(WEEK_DAYS, DAY_H), axis=0).max() == 0
        by_shift: dict[tuple[str, int], set[int]] = {}
        for shift in desk.call_takers.shifts:
            by_shift.setdefault((shift.name, shift.from_h), set()).add(shift.people)
        if days_alike and any(len(people) > 1 for people in by_shift.values()):
            return fill(said.say("staff.which_days"), WIDTH)
    return ""


def _floors(result: SizedScenario, said: Words) -> str:
    """Small centres, said plainly: the floor binds, not the calls."""
    least = result.settings.minimum_on_duty
    bound = [
        desk
        for desk in result.desks
        if desk.requirement.binding.count("load") == 0 and desk.requirement.theory.max() <= least
    ]
    costs = result.scenario.costs
    seat = said.say(
        "staff.seat",
        hours=ROUND_THE_CLOCK_H,
        week_h=costs.paid_hours_per_week,
        there=1 - costs.shrinkage,
        people=people_per_seat(costs),
    )
    if not bound:
        return seat
    people = sorted(desk.people for desk in bound)
    several = len(result.desks) > 1
    told = said.say(
        "staff.bound_each" if len(bound) > 1 else "staff.bound",
        where=said.say("staff.at_desks", some=len(bound), all=len(result.desks))
        if several
        else said.say("staff.here"),
        theory=_least_to_most(np.concatenate([desk.requirement.theory for desk in bound])),
        least=least,
        people=said.say("staff.to").join(dict.fromkeys(map(str, (people[0], people[-1])))),
    )
    return f"{fill(told, WIDTH)}\n{seat}"


def _costs(result: SizedScenario, said: Words) -> str:
    """The cost of all desks a year and once, who pays it, and how far assumed prices leave it open."""
    budgets = [desk.budget for desk in result.desks]

    def million(part: str) -> str:
        return said.number(sum(getattr(one, part) for one in budgets) / 1e6)

    lines = [
        said.say(
            "staff.costs",
            cost=million("rp_per_year"),
            low=million("low_rp_per_year"),
            high=million("high_rp_per_year"),
            price_year=budgets[0].price_year,
            supervisors=said.number(result.scenario.costs.supervisors_per_centre * len(budgets)),
            capital=million("capital_rp"),
        )
    ]
    if lent := sum(one.lent_people for one in budgets):
        paid = said.number(sum(one.total_rp("yearly", "agencies") for one in budgets) / 1e6)
        lines.append(said.say("staff.costs_lent", people=lent, cost=paid))
    if lent or result.settings.budget.people_there:
        lines.append(said.say("staff.recruits", people=sum(one.recruits for one in budgets)))
    return "\n".join(fill(line, WIDTH) for line in lines)


# ---- what else could be done -------------------------------------------------------------------------------


def _options(result: SizedScenario, said: Words) -> str:
    """Variants of the plan in every time: first the plan, below it differences from it."""
    if not result.options:
        return ""
    settings, say = result.settings.options, said.say
    notes = [say("staff.buys", runs=settings.replications)]
    if settings.break_min:
        notes.append(say("staff.buys_breaks", minutes=settings.break_min))
    notes.append(say("staff.buys_less"))
    by_time: dict[str, list[OptionRow]] = {}
    for row in result.options:
        by_time.setdefault(row.demand, []).append(row)
    if len(by_time) == 1 and settings.demands:
        notes.append(say("staff.buys_one_time"))
    lines = [*(fill(note, WIDTH) for note in notes), *_second_person(by_time, result, said)]
    keys = ("option", "away", "offered", "in_time", "nobody", "unreported", "lost", "cost")
    within_s = result.scenario.targets.answered_within_s
    heads = [say(f"staff.buys_columns.{key}", within_s=within_s) for key in keys]
    for time, rows in by_time.items():
        cells = [_option(row, rows[0], result, said) for row in rows]
        lines += ["", f"{said.named('staff.times', time)}:", *_aligned(heads, cells)]
    return "\n".join(lines)


def _second_person(by_time: dict[str, list[OptionRow]], result: SizedScenario, said: Words) -> list[str]:
    """In a sentence: what one person less at a small centre does."""
    least = result.settings.minimum_on_duty
    if len(result.desks) > 1 or least < 2 or "load" in result.desks[0].requirement.binding:
        return []
    told, away_h, saved_rp = [], 0.0, 0.0
    for time, rows in by_time.items():
        less = next(row for row in rows if row.option == "one_person_less")
        away_h, saved_rp = less.away_h, rows[0].rp_per_year - less.rp_per_year
        more = said.number(less.found_nobody.difference, 1)
        told.append(said.say("staff.second_calls", calls=more, time=said.named("staff.times", time)))
    text = said.say(
        "staff.second",
        less=least - 1,
        least=least,
        calls="; ".join(told),
        hours=said.number(away_h),
        cost=said.number(saved_rp / 1e6),
    )
    return ["", fill(text, WIDTH)]


def _option(row: OptionRow, first: OptionRow, result: SizedScenario, said: Words) -> list[str]:
    name = said.named("staff.options", row.option)
    people = result.sizing.on_duty.call_takers
    change = {"as_sized": 0, "one_person_less": -1, "one_person_more": 1}.get(row.option)
    if change is not None and len(people) == 1 and people.min() == people.max():
        key = "staff.on_duty_many" if change else "staff.on_duty_sized"
        name = said.say(key, people=int(people.max()) + change)
    measures = (
        _told(row.offered, said, 1),
        _told(row.answered_within, said, 1, scale=100),
        _told(row.found_nobody, said, 2),
        _told(row.unreported, said, 2),
        _told(row.lost, said, 2),
    )
    if row is first or isnan(row.rp_per_year):
        cost = said.number(row.rp_per_year / 1e6)
    else:
        cost = said.number((row.rp_per_year - first.rp_per_year) / 1e6, signed=True)
    return [name, said.number(row.away_h), *measures, cost]


def _told(told: Told, said: Words, decimals: int, scale: float = 1) -> str:
    """A value, or its difference with half its interval; ``?`` where chance may explain it."""
    room = " " * (5 + decimals)  # that of "±0.00?", so that values stand over differences
    if isnan(told.difference):
        return said.number(scale * told.value, decimals) + room
    half = scale * (told.difference_high - told.difference_low) / 2
    if told.difference == 0 and half == 0:
        return said.say("staff.same") + room
    around = f"±{said.number(half, decimals)}" + ("" if told.is_clear else "?")
    return f"{said.number(scale * told.difference, decimals, signed=True)} {around.ljust(4 + decimals)}"


def _what_if(result: SizedScenario, said: Words) -> str:
    """The sensitivity: one line a circumstance."""
    if not result.sensitivity:
        return ""
    lines = [said.say("staff.what_if")]
    for change in result.sensitivity:
        what, _, rise = change.what.partition(" ")
        share = float(rise.strip("+% ")) / 100
        lines.append(
            said.say(
                "staff.changed",
                what=said.say(f"staff.changes.{what}", rise="+" + said.percent(share)),
                people=said.number(change.people),
                cost=said.number(change.rp_per_year / 1e6),
                difference=said.number(change.difference_rp / 1e6, signed=True),
            )
        )
    return "\n".join([*lines, said.say("staff.supervisors")])


# ---- how sure ----------------------------------------------------------------------------------------------


def _legal(result: SizedScenario, said: Words) -> str:
    """What has to be said wherever a desk serves several regencies."""
    shares = result.scenario.deployment.grouping != "regency"
    if (
        not (shares or any(row.option == "hub" for row in result.options))
        or result.scenario.area.is_small_world
    ):
        return ""
    return fill(said.say("staff.legal"), WIDTH)


def _findings(result: SizedScenario, said: Words) -> str:
    """Targets that no number of people keeps, desks with the same words together."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for one in result.sizing.findings:
        groups.setdefault((one.target, one.why), []).append(one)
    lines = []
    for (target, why), found in groups.items():
        at_best, wanted = sorted(one.at_best for one in found), found[0].wanted
        decimals = _decimals(wanted)
        ends = dict.fromkeys(said.percent(value, max(1, decimals)) for value in (at_best[0], at_best[-1]))
        text = said.say(
            "staff.beyond" if found[0].is_decided else "staff.undecided",
            target=told_in(target, said.lang),
            wanted=said.percent(wanted, decimals),
            reached=said.say("staff.to").join(ends),
            desks=_named([one.desk.removeprefix("112 ") for one in found], said),
            why="; ".join(told_in(part, said.lang) for part in why.split("; ")),
        )
        lines.append(fill(text, WIDTH))
    return "\n".join(lines)


def _how_sure(result: SizedScenario, said: Words) -> str:
    sizing = result.sizing
    failed = [desk.requirement.desk for desk in result.desks if not desk.verified]
    sure = "staff.sure_of_others" if result.sizing.findings else "staff.sure"
    told = said.say(
        "staff.unsure" if failed else sure,
        runs=len(sizing.searched),
        fresh=len(sizing.fresh),
        round=int(sizing.rounds.max()),
        desks=_named(failed, said),
    )
    return f"{fill(told, WIDTH)}\n{said.say('staff.chance')}"
