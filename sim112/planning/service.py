"""What callers get at desks hour by hour: counts from logs, and whether targets are shown to be kept.

Counts are of what is offered in the reported time, by hour of the week of the offer (busy time by the hour in
which it is spent). A target is kept where the bound of its share, at the wanted confidence and over
replications, is on the right side: chance alone does not pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy import special

from sim112.config.staff import Service, Standard, Within
from sim112.engine.contract import NONE, Bools, Calls, Floats, Handler, Ints, Log, Outcome, World
from sim112.planning.requirement import DAY_H, HOUR_S, WEEK_H, Plan

DAYS_DIFFER = 1.25
"""Calls of the busiest day of the week over those of the quietest, above which days are planned one by one:
more than chance makes of days that are alike, in the replications of a search."""


@dataclass(frozen=True, eq=False)
class Counts:
    """What happened at S desks: [S, 168] of one replication, [S, R, 168] of several.

    ``stayed`` are the offered who did not hang up in the announcement; ``answered_within`` [levels, ...],
    ``day_stayed`` and ``day_answered_within`` by day of the report instead of by hour. ``tickets`` are
    those that somebody had to handle, ``reported`` those of incidents that need an agency. Seconds:
    ``busy_s`` call-takers at work, ``dispatcher_busy_s``, ``line_s``
    lines held, ``pick_up_s`` reaching for calls. ``patience_s`` sums over those who have an end to it.
    ``hours`` [168] is how often each hour of the week is in the report.
    """

    offered: Floats
    stayed: Floats
    answered_within: Floats
    answered: Floats
    blocked: Floats
    abandoned: Floats
    tickets: Floats
    tickets_taken: Floats
    reported: Floats
    processed: Floats
    busy_s: Floats
    dispatcher_busy_s: Floats
    line_s: Floats
    pick_up_s: Floats
    patience_s: Floats
    impatient: Floats
    day_stayed: Floats
    day_answered_within: Floats
    hours: Floats


def count(
    world: World,
    calls: Calls,
    log: Log,
    desks: Ints,
    answered: Sequence[Within],
    ticket_taken_within_s: float,
    processing: Within | None,
) -> Counts:
    """Count one replication."""
    size = len(desks)
    row_of = np.full(len(world.desk_name), NONE, dtype=np.int64)
    row_of[desks] = np.arange(size)
    seen = (row_of[log.call_desk] != NONE) & (log.call_offered_s >= world.report_from_s)
    seen &= (log.call_offered_s < world.report_to_s) & (log.call_outcome != Outcome.BARRED)
    at = np.flatnonzero(seen)
    row, offered_s, outcome = row_of[log.call_desk[at]], log.call_offered_s[at], log.call_outcome[at]
    hour = ((offered_s + world.start_of_week_s) // HOUR_S).astype(np.int64)
    first_day = int((world.report_from_s + world.start_of_week_s) // (DAY_H * HOUR_S))
    last_day = int(np.ceil((world.report_to_s + world.start_of_week_s) / (DAY_H * HOUR_S)))
    days = last_day - first_day
    cell, day = row * WEEK_H + hour % WEEK_H, row * days + hour // DAY_H - first_day

    def by_hour(chosen: Bools | None = None, weight: Floats | None = None) -> Floats:
        where = cell if chosen is None else cell[chosen]
        return np.bincount(where, weight, size * WEEK_H).reshape(size, WEEK_H).astype(np.float64)

    def by_day(chosen: Bools) -> Floats:
        return np.bincount(day[chosen], minlength=size * days).reshape(size, days).astype(np.float64)

    stayed = outcome != Outcome.HUNG_UP
    delay_s = log.call_answered_s[at] - log.call_queued_s[at]
    in_time = [delay_s <= level.within_s for level in answered]
    caller = log.call_caller[at]
    incident = calls.caller_incident[caller]
    needs = np.append(np.diff(calls.need_start), 0)[incident] > 0  # the last is for no incident
    # a ticket is nobody's work where its agencies knew already; it counts if work began, or should have
    alerted = np.zeros(len(calls.need_incident), dtype=bool)
    alerted[log.job_need] = True
    left = np.bincount(calls.need_incident[~alerted], minlength=len(calls.incident_key))
    unalerted = np.append(left, 0) > 0
    begun = ~np.isnan(log.call_dispatch_start_s[at])
    ticket = ~np.isnan(log.call_ticket_s[at]) & (begun | unalerted[incident])
    reported = ~np.isnan(log.call_ticket_s[at]) & needs
    taken = ticket & (log.call_dispatch_start_s[at] - log.call_ticket_s[at] <= ticket_taken_within_s)
    processed = np.zeros_like(reported)
    if processing is not None:
        assigned_s = np.full(len(calls.incident_key) + 1, np.inf)
        has_unit = ~np.isnan(log.job_assigned_s)
        np.minimum.at(assigned_s, calls.need_incident[log.job_need[has_unit]], log.job_assigned_s[has_unit])
        processed = reported & (assigned_s[incident] - log.call_answered_s[at] <= processing.within_s)
    left_s = np.fmin(log.call_left_s[at], log.call_talk_end_s[at])
    picked_s, free_s = log.call_picked_s[at], log.call_free_s[at]
    picked = ~np.isnan(picked_s)
    patience_s = calls.dial_patience_s[log.call_dial[at]]
    impatient = np.isfinite(patience_s)

    # work is counted when it is done, whenever it was offered
    work = row_of[log.call_desk] != NONE
    dispatches = work & ~np.isnan(log.call_dispatch_start_s) & (log.call_handler == Handler.DISPATCHER)
    return Counts(
        offered=by_hour(),
        stayed=by_hour(stayed),
        answered_within=np.stack([by_hour(one) for one in in_time]),
        answered=by_hour(~np.isnan(delay_s)),
        blocked=by_hour(outcome == Outcome.BLOCKED_LINES),
        abandoned=by_hour(outcome == Outcome.ABANDONED),
        tickets=by_hour(ticket),
        reported=by_hour(reported),
        tickets_taken=by_hour(taken),
        processed=by_hour(processed),
        busy_s=_spread(world, row_of, log, work & ~np.isnan(log.call_picked_s), "picked", "free", size),
        dispatcher_busy_s=_spread(world, row_of, log, dispatches, "dispatch_start", "dispatch_end", size),
        line_s=by_hour(None, np.nan_to_num(np.minimum(left_s, world.end_s) - offered_s)),
        pick_up_s=by_hour(picked, np.fmin(log.call_answered_s[at], free_s)[picked] - picked_s[picked]),
        patience_s=by_hour(impatient, patience_s[impatient]),
        impatient=by_hour(impatient),
        day_stayed=by_day(stayed),
        day_answered_within=np.stack([by_day(one) for one in in_time]),
        hours=_hours_reported(world),
    )


def _hours_reported(world: World) -> Floats:
    """How much of each hour of the week is in the reported time, h [168]."""
    from_s, to_s = world.report_from_s + world.start_of_week_s, world.report_to_s + world.start_of_week_s
    hours = np.arange(int(from_s // HOUR_S), int(np.ceil(to_s / HOUR_S)))
    lasts_s = np.minimum((hours + 1) * HOUR_S, to_s) - np.maximum(hours * HOUR_S, from_s)
    return np.asarray(np.bincount(hours % WEEK_H, lasts_s / HOUR_S, WEEK_H), dtype=np.float64)


def _spread(world: World, row_of: Ints, log: Log, chosen: Bools, begin: str, end: str, size: int) -> Floats:
    """Seconds from one clock point to another that fall into each hour of the week, [S, 168]."""
    row = row_of[log.call_desk[chosen]]
    from_s = np.maximum(getattr(log, f"call_{begin}_s")[chosen], world.report_from_s)
    to_s = np.fmin(getattr(log, f"call_{end}_s")[chosen], world.report_to_s)
    total = np.zeros(size * WEEK_H)
    while len(row):
        hour = ((from_s + world.start_of_week_s) // HOUR_S).astype(np.int64)
        ends_s = np.minimum((hour + 1) * HOUR_S - world.start_of_week_s, to_s)
        lasts_s = np.maximum(ends_s - from_s, 0.0)
        total += np.bincount(row * WEEK_H + hour % WEEK_H, lasts_s, size * WEEK_H)
        more = ends_s < to_s
        row, from_s, to_s = row[more], ends_s[more], to_s[more]
    return total.reshape(size, WEEK_H)


def together(parts: Sequence[Counts]) -> Counts:
    """Counts of several replications, the replication behind the desk: [S, R, 168]."""
    joined = {}
    for field in fields(Counts):
        if field.name == "hours":
            joined["hours"] = parts[0].hours
        else:
            joined[field.name] = np.stack([getattr(part, field.name) for part in parts], axis=-2)
    return Counts(**joined)


def pools(counts: Floats, is_open: Bools, least: int) -> Ints:
    """The cells of time in which each desk is judged, [S, 168]: the finest that all have calls enough.

    Hours of the week where days of the week differ; else hours of the day; else quarters of the day; else the
    whole week. ``counts`` [S, 168]: calls in all replications.
    """
    hour = np.arange(WEEK_H)
    levels = (hour, hour % DAY_H, hour % DAY_H // 6, np.zeros_like(hour))
    chosen = np.zeros((len(counts), WEEK_H), dtype=np.int64)
    for row in range(len(counts)):
        by_day = counts[row].reshape(-1, DAY_H).sum(axis=1)
        differ = by_day.max() > DAYS_DIFFER * by_day.min()
        for level in levels if differ else levels[1:]:
            own = is_open[row]
            if not own.any():
                break
            in_cell = np.bincount(level[own], counts[row][own], WEEK_H)[np.unique(level[own])]
            chosen[row] = level
            if in_cell.min() >= least:
                break
    return chosen


def apart(cells: Ints, people: Ints, counts: Floats, least: int) -> Ints:
    """Cells [S, 168] in which hours stand together only where as many people are on duty.

    Else a day that lacks a person would hide behind the others. A cell stays whole where a part of it would
    have fewer than ``least`` of ``counts`` [S, R, 168].
    """
    split = cells.copy()
    for row, (own, on_duty) in enumerate(zip(cells, people, strict=True)):
        calls = counts[row].sum(axis=0)
        for cell in np.unique(own):
            hours = own == cell
            parts = np.unique(on_duty[hours])
            if all(calls[hours & (on_duty == part)].sum() >= least for part in parts):
                for part in parts[1:]:
                    split[row][hours & (on_duty == part)] = split[row].max() + 1
    # dense numbers below 168, as for all cells
    return np.stack([np.unique(row, return_inverse=True)[1].reshape(-1) for row in split])


def pooled(values: Floats, cells: Ints) -> Floats:
    """Values [S, R, 168] added up over the hours of each cell, and given to each of its hours."""
    size, repeats, _ = values.shape
    flat = (np.arange(size)[:, None, None] * repeats + np.arange(repeats)[:, None]) * WEEK_H
    index = flat + cells[:, None, :]
    sums = np.bincount(index.ravel(), values.ravel(), size * repeats * WEEK_H)
    return np.asarray(sums[index], dtype=np.float64)


def low_share(good: Floats, total: Floats, confidence: float) -> Floats:
    """The one-sided lower bound of a share over replications, the axis before the last.

    Wilson's bound, with the effective number of trials where replications differ by more than chance, and
    Student's t in place of the normal quantile. 1 where there are no trials.
    """
    repeats = good.shape[-2]
    n, hits = total.sum(axis=-2), good.sum(axis=-2)
    share = np.divide(hits, n, out=np.ones_like(n), where=n > 0)
    off = good - share[..., None, :] * total
    by_replication = (off**2).sum(axis=-2) * repeats / max(repeats - 1, 1)  # variance of the hits
    binomial = n * share * (1.0 - share)
    effect = np.maximum(np.divide(by_replication, binomial, out=np.ones_like(n), where=binomial > 0), 1.0)
    trials = np.maximum(n / effect, 1e-9)
    z = float(special.stdtrit(max(repeats - 1, 1), confidence))
    centre = share + z**2 / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return np.asarray(np.where(n > 0, (centre - half) / (1 + z**2 / trials), 1.0), dtype=np.float64)


def high_share(hits: Floats, total: Floats, confidence: float) -> Floats:
    """The one-sided upper bound of a share; 0 where there are no trials."""
    high: Floats = 1.0 - low_share(total - hits, total, confidence)
    return high


@dataclass(frozen=True, eq=False)
class Check:
    """Whether a target fails: ``fails`` [S, 168] by hour or [S] as a whole; ``role`` can mend it.

    ``value`` is the share as it was counted over the whole week, [S], ``target`` what it is held to.
    """

    name: str
    role: str  # call_takers, dispatchers or lines
    fails: Bools
    value: Floats
    target: float


@dataclass(frozen=True, eq=False)
class Judging:
    """What is asked of desks, and the cells of time in which it is asked."""

    standard: Standard
    service: Service
    confidence: float
    cells: Ints  # [S, 168] of calls
    ticket_cells: Ints  # [S, 168] of tickets
    least: int  # calls or tickets of a part of a cell that is judged alone, as in ``apart``


def judge(counts: Counts, plan: Plan, asked: Judging) -> tuple[Check, ...]:
    """Hold counts [S, R, 168] against what is asked."""
    service, sure = asked.service, asked.confidence
    whole = np.zeros_like(asked.cells)
    cells = ticket_cells = whole
    if service.per == "hour":
        cells = apart(asked.cells, plan.call_takers, counts.stayed, asked.least)
        ticket_cells = apart(asked.ticket_cells, plan.dispatchers, counts.tickets, asked.least)
    checks: list[Check] = []

    def add(name: str, role: str, fails: Bools, share: tuple[Floats, Floats], target: float) -> None:
        hits, total = (part.sum(axis=(-2, -1)) for part in share)
        value = np.divide(hits, total, out=np.full(len(hits), np.nan), where=total > 0)
        checks.append(Check(name, role, fails, value, target))

    def in_cells(fails: Bools) -> Bools:
        """By hour where hours are judged, else once for the whole week."""
        return fails if service.per == "hour" else np.asarray(fails.any(axis=-1))

    def in_week(part: Floats) -> Floats:
        return pooled(part, whole)[..., :1]

    stayed = pooled(counts.stayed, cells)
    for level, hits in zip(asked.standard.answered, counts.answered_within, strict=True):
        fails = low_share(pooled(hits, cells), stayed, sure) < level.share
        name, pair = f"answered within {level.within_s:g} s", (hits, counts.stayed)
        add(name, "call_takers", in_cells(fails), pair, level.share)
    if service.days_share is not None:
        kept = np.ones_like(counts.day_stayed)
        for level, hits in zip(asked.standard.answered, counts.day_answered_within, strict=True):
            kept *= hits >= level.share * counts.day_stayed
        some = (counts.day_stayed > 0).astype(np.float64)
        days = (kept * some).sum(axis=-1, keepdims=True), some.sum(axis=-1, keepdims=True)
        fails = low_share(days[0], days[1], sure)[..., 0] < service.days_share
        add("days on which answering keeps its targets", "call_takers", fails, days, service.days_share)
    if service.abandoned_share_most is not None:
        pair = counts.abandoned, counts.offered
        most = service.abandoned_share_most
        over = high_share(in_week(pair[0]), in_week(pair[1]), sure)[..., 0]
        add("callers who hang up in the queue", "call_takers", over > most, pair, most)
    most = service.blocked_share_most
    pair = counts.blocked, counts.offered
    fails = high_share(pooled(pair[0], cells), pooled(pair[1], cells), sure) > most
    add("calls that find no line", "lines", np.asarray(fails.any(axis=-1)), pair, most)
    has_dispatchers: Bools = np.any(plan.dispatchers > 0, axis=1)
    if service.ticket_taken_share is not None:
        pair = counts.tickets_taken, counts.tickets * has_dispatchers[:, None, None]
        low = low_share(pooled(pair[0], ticket_cells), pooled(pair[1], ticket_cells), sure)
        fails = low < service.ticket_taken_share
        name = f"tickets begun within {service.ticket_taken_within_s:g} s"
        add(name, "dispatchers", in_cells(fails), pair, service.ticket_taken_share)
    if asked.standard.call_processing is not None:
        level = asked.standard.call_processing
        pair = counts.processed, counts.reported
        bound = low_share(in_week(pair[0]), in_week(pair[1]), sure)[..., 0]
        name = f"first unit assigned within {level.within_s:g} s of the answer"
        add(name, "dispatchers", bound < level.share, pair, level.share)
    if service.occupancy_most is not None:
        for role, busy, own in (
            ("call_takers", counts.busy_s, cells),
            ("dispatchers", counts.dispatcher_busy_s, ticket_cells),
        ):
            there_s = np.broadcast_to(plan.people(role)[:, None, :] * counts.hours * HOUR_S, busy.shape)
            worked, signed_in = pooled(busy, own), pooled(there_s, own).mean(axis=-2)
            spread = worked.std(axis=-2, ddof=1) / np.sqrt(worked.shape[-2])
            z = float(special.stdtrit(worked.shape[-2] - 1, sure))
            fails = worked.mean(axis=-2) + z * spread > service.occupancy_most * signed_in
            fails &= plan.people(role) > 0
            name = "occupancy of call-takers" if role == "call_takers" else "occupancy of dispatchers"
            add(name, role, in_cells(fails), (busy, there_s), service.occupancy_most)
    return tuple(checks)
