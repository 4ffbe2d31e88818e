"""The reference engine's notes: a record per attempt and per job, made into a ``Log`` at the end."""

from __future__ import annotations

from math import nan
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import simpy

from sim112.engine.contract import NONE, Handler, JobOutcome, Log, Outcome


class CallRecord:
    """One attempt at one desk. A field that is never set keeps the class's value: it did not happen."""

    outcome = Outcome.UNFINISHED
    queued_s = picked_s = answered_s = left_s = talk_end_s = free_s = nan
    known = False
    ticket_s = dispatch_start_s = dispatch_end_s = nan
    handler = Handler.NOBODY
    # while it runs, not logged
    has_left = False
    shift = 0  # of the call-taker who picked it
    wait_ends: simpy.Event  # what a queued caller waits for

    def __init__(self, row: int, caller: int, dial: int, hop: int, desk: int, offered_s: float) -> None:
        self.row = row
        self.caller = caller
        self.dial = dial
        self.hop = hop
        self.desk = desk
        self.offered_s = offered_s


class JobRecord:
    """One agency at one incident, with what a unit has to know of it."""

    outcome = JobOutcome.UNFINISHED
    unit = from_zone = hospital = NONE
    assignments = 0
    assigned_s = rolling_s = on_scene_s = leave_scene_s = at_hospital_s = available_s = back_s = nan

    def __init__(self, need: int, desk: int, by_notice: bool, alerted_s: float) -> None:
        self.need = need
        self.desk = desk
        self.notice = by_notice
        self.alerted_s = alerted_s
        # set by the fleet, not logged
        self.agency = self.regency = self.kind = self.priority = self.scene = NONE


class Detour(NamedTuple):
    """A unit's way that is in no log: to a job from which it was turned away, or to another station.

    ``need`` is the job's, -1 for a move; ``left_s`` is when it was turned away, NaN for a move.
    """

    unit: int
    need: int
    from_zone: int
    to_zone: int
    assigned_s: float
    rolling_s: float
    left_s: float


CALL_COLUMNS: dict[Any, tuple[str, ...]] = {
    np.int64: ("caller", "dial", "hop", "desk", "outcome", "handler"),
    np.float64: (
        *("offered_s", "queued_s", "picked_s", "answered_s", "left_s", "talk_end_s", "free_s"),
        *("ticket_s", "dispatch_start_s", "dispatch_end_s"),
    ),
    np.bool_: ("known",),
}
JOB_COLUMNS: dict[Any, tuple[str, ...]] = {
    np.int64: ("need", "desk", "outcome", "unit", "assignments", "from_zone", "hospital"),
    np.float64: (
        *("alerted_s", "assigned_s", "rolling_s", "on_scene_s", "leave_scene_s", "at_hospital_s"),
        *("available_s", "back_s"),
    ),
    np.bool_: ("notice",),
}


def to_log(calls: list[CallRecord], jobs: list[JobRecord]) -> Log:
    """Turn the records, in their order, into the arrays of the contract."""
    columns: dict[str, Any] = {}
    for prefix, records, by_type in (("call", calls, CALL_COLUMNS), ("job", jobs, JOB_COLUMNS)):
        names = [name for same_type in by_type.values() for name in same_type]
        values = zip(*map(attrgetter(*names), records), strict=True) if records else iter([()] * len(names))
        for dtype, same_type in by_type.items():
            for name in same_type:
                columns[f"{prefix}_{name}"] = np.fromiter(next(values), dtype, len(records))
    return Log(**columns)
