"""What is read from saved logs, because no measure of the study has it: single units, tickets, days."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim112.config.clock import Clock
from sim112.engine.contract import Floats

DAY_S = 86400


def totals(measure: str, folder: Path, members: Sequence[str], clock: Clock) -> tuple[Floats, Floats]:
    """Numerator and denominator [members] of one replication, whose log is in ``folder``.

    ``members`` are units, or ``zone unit`` for ``dispatch_share``; ``out_of_area_share`` has one member, all
    zones each followed by the unit of its own area; tickets have one member, whatever its name. A member of
    ``day_count_variance`` is one regency or several, whose calls are counted together.
    """
    if measure == "unit_utilisation":
        return _utilisation(folder, members, clock)
    if measure == "dispatch_share":
        return _dispatches(folder, members, clock)
    if measure == "out_of_area_share":
        words = members[0].split()
        own = [f"{zone} {unit}" for zone, unit in zip(words[::2], words[1::2], strict=True)]
        sent, of_all = _dispatches(folder, own, clock)
        return of_all[:1] - sent.sum(), of_all[:1]
    if measure == "day_count_variance":
        return _day_counts(folder, members, clock)
    return _tickets(folder, measure == "ticket_waited_share", clock)


def _columns(path: Path, *names: str) -> list[np.ndarray]:
    table = pq.read_table(path, columns=list(names))
    # a dictionary turned to numpy as it is would make its last word of what is missing
    plain = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return [column.to_numpy(zero_copy_only=False) for column in plain]


def _utilisation(folder: Path, units: Sequence[str], clock: Clock) -> tuple[Floats, Floats]:
    """Seconds of the report in which each unit was busy, and the length of the report."""
    unit, assigned, available = _columns(folder / "jobs.parquet", "unit", "assigned_s", "available_s")
    until = np.clip(np.where(np.isnan(available), np.inf, available), clock.report_from_s, clock.report_to_s)
    busy = until - np.clip(assigned, clock.report_from_s, clock.report_to_s)
    sums = np.array([busy[unit == name].sum() for name in units])
    return sums, np.full(len(units), clock.report_s)


def _dispatches(folder: Path, members: Sequence[str], clock: Clock) -> tuple[Floats, Floats]:
    """How often each unit was sent to each zone, and all dispatches."""
    unit, zone, noticed, assigned = _columns(
        folder / "jobs.parquet", "unit", "zone", "noticed_s", "assigned_s"
    )
    sent = (noticed >= clock.report_from_s) & (noticed < clock.report_to_s) & ~np.isnan(assigned)
    counts = np.array(
        [
            np.sum(sent & (zone == of_zone) & (unit == of_unit))
            for of_zone, of_unit in map(str.split, members)
        ]
    )
    return counts.astype(np.float64), np.full(len(members), float(sent.sum()))


def _tickets(folder: Path, is_share: bool, clock: Clock) -> tuple[Floats, Floats]:
    """How long tickets waited for a dispatcher (or how many waited at all), and how many there were."""
    decided, ticket, start = _columns(folder / "calls.parquet", "decided_s", "ticket_s", "dispatch_start_s")
    mine = (decided >= clock.report_from_s) & (decided < clock.report_to_s) & ~np.isnan(start)
    wait = (start - ticket)[mine]
    top = np.sum(wait > 0) if is_share else wait.sum()
    return np.array([float(top)]), np.array([float(len(wait))])


def _day_counts(folder: Path, members: Sequence[str], clock: Clock) -> tuple[Floats, Floats]:
    """Squared deviations of the calls of a day from their mean, summed over days, and days less one."""
    decided, regency = _columns(folder / "calls.parquet", "decided_s", "regency")
    days = round(clock.report_s / DAY_S)
    day = np.floor((decided - clock.report_from_s) / DAY_S).astype(np.int64)
    inside = (day >= 0) & (day < days)
    sums = [
        np.bincount(day[inside & np.isin(regency, member.split())], minlength=days).var() * days
        for member in members
    ]
    return np.array(sums), np.full(len(members), days - 1.0)
