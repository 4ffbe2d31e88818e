"""Totals of calls and of the desks that answer them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim112.config.costs import Costs
from sim112.config.targets import Targets
from sim112.engine.contract import (
    NO_LIMIT,
    NONE,
    Bools,
    Calls,
    Change,
    Floats,
    Handler,
    Ints,
    Log,
    Outcome,
    World,
)
from sim112.study.totals import Histogram, Totals, histogram

DAY_S = 86400.0
YEAR_S = 365.25 * DAY_S
WEEK_S = 7 * DAY_S


def is_reported(world: World, time_s: Floats) -> Bools:
    """Whether what begins at these times belongs to the report: from the end of warm-up until before the
    horizon.
    """
    counted: Bools = (time_s >= world.report_from_s) & (time_s < world.report_to_s)
    return counted


def hour_of_day(world: World, time_s: Floats) -> Ints:
    """Hour of the local clock, 0 to 23."""
    return ((time_s + world.start_of_week_s) % DAY_S // 3600).astype(np.int64)


def last_hops(calls: Calls, log: Log) -> Bools:
    """Rows of the log at which a dial ended: the desk that it was passed on to last."""
    hops = np.full(len(calls.dial_patience_s), -1, np.int64)
    np.maximum.at(hops, log.call_dial, log.call_hop)
    last: Bools = log.call_hop == hops[log.call_dial]
    return last


def add_calls(
    totals: Totals, world: World, calls: Calls, log: Log, targets: Targets
) -> tuple[dict[str, Histogram], Ints]:
    """Sum the calls of the report, and count their delays.

    By desk every attempt at that desk counts, so a call passed on counts at both; by regency, kind and hour a
    dial counts once, as it ended. Returns the histograms of ``answer_delay_s`` and ``wait_s``, and the calls
    answered by desk and kind, [D, K].
    """
    caller = log.call_caller
    counted = is_reported(world, calls.caller_start_s[caller])
    columns = _call_columns(world, calls, log, targets)
    wait_s, delay_s = _wait_s(log), log.call_answered_s - log.call_queued_s

    by_desk = np.flatnonzero(counted)
    once = np.flatnonzero(counted & last_hops(calls, log))
    parts: dict[str, list[Histogram]] = {"answer_delay_s": [], "wait_s": []}
    for rows in (by_desk, once):
        places = _places_of_calls(world, calls, log, rows) if rows is once else {"desk": log.call_desk[rows]}
        totals.add(places, {name: column[rows] for name, column in columns.items()})
        parts["answer_delay_s"].append(histogram(totals.scopes, places, delay_s[rows]))
        parts["wait_s"].append(histogram(totals.scopes, places, wait_s[rows]))
    histograms = {name: _side_by_side(*both) for name, both in parts.items()}

    desks, kinds = len(world.desk_name), len(world.kind_name)
    answered = by_desk[log.call_outcome[by_desk] == Outcome.ANSWERED]
    cell = log.call_desk[answered] * kinds + calls.caller_kind[caller[answered]]
    return histograms, np.bincount(cell, minlength=desks * kinds).reshape(desks, kinds)


def _side_by_side(a: Histogram, b: Histogram) -> Histogram:
    """Join histograms that share no slot."""
    at, count = np.concatenate([a.at, b.at]), np.concatenate([a.count, b.count])
    order = np.argsort(at)
    return Histogram(at[order], count[order])


def _places_of_calls(world: World, calls: Calls, log: Log, rows: Ints) -> dict[str, Ints]:
    caller, desk = log.call_caller[rows], log.call_desk[rows]
    regency, agency = calls.caller_regency[caller], world.desk_agency[desk]
    return {
        "province": np.zeros(len(rows), np.int64),
        "regency": regency,
        "regency_112": np.where(agency == NONE, regency, NONE),
        "service": agency + 1,
        "kind": calls.caller_kind[caller],
        "hour": hour_of_day(world, log.call_offered_s[rows]),
    }


def _wait_s(log: Log) -> Floats:
    """Time in the queue of those answered or abandoned, NaN for all others."""
    until_s = np.where(log.call_outcome == Outcome.ABANDONED, log.call_left_s, log.call_picked_s)
    return until_s - log.call_queued_s


def found_nobody(log: Log) -> Bools:
    """Rows that found no line, or nobody idle: blocked, or in the queue for any time, answered in the end or
    not.
    """
    blocked = (log.call_outcome >= Outcome.BLOCKED_OUTAGE) & (log.call_outcome <= Outcome.BLOCKED_LINES)
    queued = ~np.isnan(log.call_queued_s)
    unlucky: Bools = blocked | (queued & ~(log.call_picked_s == log.call_queued_s))
    return unlucky


def _call_columns(world: World, calls: Calls, log: Log, targets: Targets) -> dict[str, NDArray[Any]]:
    """What each row of the log adds to each total."""
    outcome, dial, caller = log.call_outcome, log.call_dial, log.call_caller
    is_first_hop = log.call_hop == 0
    second = calls.dial_second[caller]
    tried_112 = np.zeros(len(calls.caller_kind), bool)
    tried_112[caller[dial < second]] = True

    answers = ~np.isnan(log.call_answered_s)
    delay_s = np.where(answers, log.call_answered_s - log.call_queued_s, 0.0)
    wait_s = _wait_s(log)
    waits = ~np.isnan(wait_s)
    talks, handles = ~np.isnan(log.call_talk_end_s) & answers, ~np.isnan(log.call_free_s) & answers
    genuine = (outcome == Outcome.ANSWERED) & (calls.caller_incident[caller] != NONE)
    return {
        "offered": outcome != Outcome.BARRED,
        "barred": outcome == Outcome.BARRED,
        "blocked": (outcome >= Outcome.BLOCKED_OUTAGE) & (outcome <= Outcome.BLOCKED_LINES),
        "blocked_outage": outcome == Outcome.BLOCKED_OUTAGE,
        "blocked_platform": outcome == Outcome.BLOCKED_PLATFORM,
        "blocked_lines": outcome == Outcome.BLOCKED_LINES,
        "hung_up": outcome == Outcome.HUNG_UP,
        "abandoned": outcome == Outcome.ABANDONED,
        "answered": outcome == Outcome.ANSWERED,
        "transferred": outcome == Outcome.TRANSFERRED,
        "unfinished": outcome == Outcome.UNFINISHED,
        "answers": answers,
        "answered_within": answers & (delay_s <= targets.answered_within_s),
        "answer_delay_sum_s": delay_s,
        "waits": waits,
        "waited": waits & (wait_s > 0),
        "wait_sum_s": np.where(waits, wait_s, 0.0),
        "found_nobody": found_nobody(log),
        "redials": is_first_hop & (dial != calls.dial_start[caller]) & (dial != second),
        "fallbacks": is_first_hop & (dial == second) & tried_112[caller],
        "talks": talks,
        "talk_sum_s": np.where(talks, log.call_talk_end_s - log.call_answered_s, 0.0),
        "handles": handles,
        "handle_sum_s": np.where(handles, log.call_free_s - log.call_answered_s, 0.0),
        "genuine_answered": genuine,
        "genuine_answered_112": genuine & (world.desk_agency[log.call_desk] == NONE),
    }


def add_genuine_callers(totals: Totals, world: World, calls: Calls, log: Log) -> None:
    """Count the people who called about an incident, each once, and those who ever found nobody free or no
    line.
    """
    people = len(calls.caller_kind)
    called, unlucky = np.zeros(people, bool), np.zeros(people, bool)
    called[log.call_caller] = True
    unlucky[log.call_caller[found_nobody(log)]] = True
    rows = np.flatnonzero(called & (calls.caller_incident != NONE) & is_reported(world, calls.caller_start_s))
    places = {
        "province": np.zeros(len(rows), np.int64),
        "regency": calls.caller_regency[rows],
        "kind": calls.caller_kind[rows],
        "hour": hour_of_day(world, calls.caller_start_s[rows]),
    }
    columns = {"genuine_callers": called[rows], "genuine_callers_found_nobody": unlucky[rows]}
    totals.add(places, columns)


# ---- time at the desks -------------------------------------------------------------------------------------


def level_steps(
    subject: Ints, time_s: Floats, change: Floats, subjects: int, from_s: float, to_s: float
) -> tuple[Ints, Floats, Floats]:
    """Turn changes of levels into stretches of time with constant levels.

    ``change`` [events, levels] is by how much each level of ``subject`` rises at ``time_s``; all levels start
    at 0. Returns for every stretch its subject, its duration within [from_s, to_s], s, and the levels,
    [stretches, levels].
    """
    everybody = np.arange(subjects)
    subject = np.concatenate([everybody, subject])
    time_s = np.concatenate([np.full(subjects, -np.inf), time_s])
    change = np.concatenate([np.zeros((subjects, change.shape[1])), change])
    order = np.lexsort((time_s, subject))
    subject, time_s = subject[order], time_s[order]
    level = np.cumsum(change[order], axis=0)
    start = np.searchsorted(subject, everybody)
    before = np.concatenate([np.zeros((1, level.shape[1])), level])[start]
    level -= before[subject]
    until_s = np.append(time_s[1:], np.inf)
    until_s[np.append(start[1:], len(subject)) - 1] = np.inf
    duration_s = np.clip(until_s, from_s, to_s) - np.clip(time_s, from_s, to_s)
    return subject, duration_s, level


def _changes(world: World, what: Change, desks: int) -> tuple[Ints, Floats, Floats]:
    """Desk, time and rise of a rostered number (or of being open) at each of its changes."""
    rows = np.flatnonzero((world.change_what == what) & (world.change_subject < desks))
    rows = rows[np.lexsort((np.arange(len(rows)), world.change_subject[rows]))]
    desk, value = world.change_subject[rows], world.change_value[rows].astype(np.float64)
    rise = np.diff(value, prepend=0.0)
    first = np.flatnonzero(np.diff(desk, prepend=-1))
    rise[first] = value[first]
    return desk, world.change_time_s[rows], rise


def _together(*parts: tuple[Ints, Floats, Floats, int], levels: int) -> tuple[Ints, Floats, Floats]:
    """Join changes of several levels: (subject, time, rise, which level)."""
    change = [np.zeros((len(rise), levels)) for _, _, rise, _ in parts]
    for columns, (_, _, rise, which) in zip(change, parts, strict=True):
        columns[:, which] = rise
    return (
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] for p in parts]),
        np.concatenate(change),
    )


def _spells(subject: Ints, from_s: Floats, to_s: Floats, end_s: float) -> tuple[Ints, Floats, Floats]:
    """The rises and falls of a number of things that each last from a time to a time (NaN: to the end)."""
    rows = np.flatnonzero(~np.isnan(from_s))
    ends_s = np.where(np.isnan(to_s[rows]), end_s, to_s[rows])
    rise = np.ones(len(rows))
    return (
        np.concatenate([subject[rows], subject[rows]]),
        np.concatenate([from_s[rows], ends_s]),
        np.concatenate([rise, -rise]),
    )


def add_desk_time(totals: Totals, world: World, log: Log, costs: Costs) -> None:
    """Sum the time of people and lines at each desk, what the centres cost, and whom they cover.

    Everything is clipped to the reported time, whoever the call belongs to.
    """
    desks = len(world.desk_name)
    columns = _people_columns(world, log, desks) | _line_columns(world, log, desks)
    is_centre = world.desk_agency == NONE
    span_s = world.report_to_s - world.report_from_s
    opens = is_centre & (columns["open_s"] > 0)
    columns["open_s"] = np.where(is_centre, columns["open_s"], 0.0)
    for name in ("one_person_s", "unattended_s"):
        columns[name] = np.where(is_centre, columns[name], 0.0)
    columns["centre_weeks"] = np.where(opens, span_s / WEEK_S, 0.0)
    columns["centre_window_s"] = np.where(opens, span_s, 0.0)
    rostered_h = columns.pop("rostered_s") / 3600
    columns["cost_rp"] = np.where(
        opens, costs.rp_per_centre_year * span_s / YEAR_S + rostered_h * costs.rp_per_rostered_hour, 0.0
    )

    totals.put("desk", columns)
    totals.add({"service": world.desk_agency + 1, "province": np.zeros(desks, np.int64)}, columns)
    own = np.where(world.regency_desk == NONE, desks, world.regency_desk)
    by_regency = {name: np.append(values, np.nan)[own] for name, values in columns.items()}
    totals.put("regency_112", by_regency)

    open_share = np.append(columns["open_s"], 0.0)[own] / span_s
    covered = world.regency_population * open_share * (span_s / YEAR_S)
    totals.put("regency", {"people_covered_years": covered})
    totals.put("province", {"people_covered_years": float(covered.sum())})


def _sum_by(desk: Ints, time_s: Floats, desks: int) -> Floats:
    sums: Floats = np.bincount(desk, time_s, desks).astype(np.float64)
    return sums


def _people_columns(world: World, log: Log, desks: int) -> dict[str, Floats]:
    """Seconds of people by desk, [D]."""
    window = (world.report_from_s, world.report_to_s)
    at_idle = log.call_handler == Handler.IDLE_CALL_TAKER
    talking = _spells(log.call_desk, log.call_picked_s, log.call_free_s, world.end_s)
    idle_start_s = np.where(at_idle, log.call_dispatch_start_s, np.nan)
    alerting = _spells(log.call_desk, idle_start_s, log.call_dispatch_end_s, world.end_s)
    desk, duration_s, level = level_steps(
        *_together(
            (*_changes(world, Change.CALL_TAKERS, desks), 0),
            (*talking, 1), (*alerting, 1),
            (*_changes(world, Change.OPEN, desks), 2),
            levels=3,
        ), desks, *window,
    )  # fmt: skip
    rostered, busy, is_open = level[:, 0], level[:, 1], level[:, 2]

    def time_of(weight: NDArray[Any]) -> Floats:
        return _sum_by(desk, duration_s * weight, desks)

    by_dispatcher = np.where(log.call_handler == Handler.DISPATCHER, log.call_dispatch_start_s, np.nan)
    desk_2, duration_2_s, level_2 = level_steps(
        *_together(
            (*_changes(world, Change.DISPATCHERS, desks), 0),
            (*_spells(log.call_desk, by_dispatcher, log.call_dispatch_end_s, world.end_s), 1),
            levels=2,
        ), desks, *window,
    )  # fmt: skip
    dispatchers, handling = level_2[:, 0], level_2[:, 1]
    return {
        "call_taker_busy_s": time_of(busy),
        "call_taker_signed_in_s": time_of(np.maximum(rostered, busy)),
        "overtime_s": time_of(np.maximum(busy - rostered, 0.0)),
        "open_s": time_of(is_open),
        "one_person_s": time_of((rostered == 1) & (is_open == 1)),
        "unattended_s": time_of((rostered == 0) & (is_open == 1)),
        "rostered_s": time_of(rostered) + _sum_by(desk_2, duration_2_s * dispatchers, desks),
        "dispatcher_busy_s": _sum_by(desk_2, duration_2_s * handling, desks),
        "dispatcher_signed_in_s": _sum_by(desk_2, duration_2_s * np.maximum(dispatchers, handling), desks),
    }


def _line_columns(world: World, log: Log, desks: int) -> dict[str, Floats]:
    """Seconds of lines by desk, [D]; a line is held from the offer until the caller leaves."""
    holds = (log.call_outcome == Outcome.UNFINISHED) | (log.call_outcome >= Outcome.HUNG_UP)
    left_s = np.where(np.isnan(log.call_left_s), log.call_talk_end_s, log.call_left_s)
    held = _spells(log.call_desk, np.where(holds, log.call_offered_s, np.nan), left_s, world.end_s)
    desk, duration_s, level = level_steps(
        held[0], held[1], held[2][:, None], desks, world.report_from_s, world.report_to_s
    )
    lines = world.desk_lines[desk]
    is_limited = world.desk_lines < NO_LIMIT
    span_s = world.report_to_s - world.report_from_s
    return {
        "line_held_s": _sum_by(desk, duration_s * level[:, 0], desks),
        "all_lines_busy_s": _sum_by(desk, duration_s * (level[:, 0] >= lines), desks),
        "line_window_s": np.where(is_limited, span_s, 0.0),
    }
