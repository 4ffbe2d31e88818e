"""Measures of one replication, or of several together: the only way from a log to a number.

``definitions.py`` says what each measure means; ``desk_kpis`` and ``response_kpis`` say what is the same in
every replication, ``walk`` sums what happened in one; here is what the rest of the project reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim112.config.costs import Costs
from sim112.config.targets import Targets
from sim112.engine.contract import Calls, Change, Floats, Ints, Log, World
from sim112.study import walk
from sim112.study.definitions import BY_KEY, CURVES, HOUR_COLUMNS, MOST_LINES, QUANTITIES, REPORTS, SPANS
from sim112.study.desk_kpis import DAY_S, WEEK_S, YEAR_S, desk_of_regency, put_desks, steps_of
from sim112.study.desk_sums import DESK_TIMES
from sim112.study.packed_sums import Packed, packed
from sim112.study.response_kpis import put_coverage, put_units
from sim112.study.statistics import quantile_of_counts
from sim112.study.totals import (
    BIN_FROM_S,
    BINS,
    HOURS,
    MIDDLE_S,
    Histogram,
    Scopes,
    bins_near,
    column_at,
    histogram_of,
    no_totals,
    scopes_of,
    sum_of_histograms,
)
from sim112.study.walk_tables import Asked, Happened, Place, Tally, columns_of, plain_column


@dataclass(frozen=True, eq=False)
class Measures:
    """What one replication (or several, merged) says: totals, from which every measure is a ratio, and
    histograms.

    A study keeps one of these for each replication of each scenario, so they are held in few bytes.
    ``histograms`` holds each quantity of ``definitions.QUANTITIES`` by slot, and each of ``CURVES`` by
    members of its own. ``answered_by_kind`` [D, K] counts answered calls by desk and kind.
    """

    replications: int
    scopes: Scopes
    targets: Targets
    sums: Packed  # [columns, slots]
    histograms: Mapping[str, Histogram]
    answered_by_kind: NDArray[np.unsignedinteger]
    hour_sums: Packed  # [columns, services * hours]
    lines_s: Packed  # [services, MOST_LINES + 1] how long so many lines of a desk are held, summed over desks

    @property
    def totals(self) -> Floats:
        """The sums of all columns by slot, [columns, slots]; NaN where a total is not kept for a scope."""
        return self.sums.rows()

    @property
    def by_hour(self) -> Floats:
        """``definitions.HOUR_COLUMNS`` of calls by the hour of the report in which they are offered.

        [columns, services, hours]; after a week the hours begin anew.
        """
        return self.hour_sums.rows().reshape(len(HOUR_COLUMNS), len(self.scopes.names["service"]), -1)

    def members(self, scope: str) -> tuple[str, ...]:
        return self.scopes.names[scope]

    def total(self, column: str, scope: str) -> Floats:
        """The sum of a column for each member of a scope."""
        part: Floats = self.sums.row(column_at(column), self.scopes.slots(scope))
        return part

    def value(self, key: str, scope: str = "province") -> Floats:
        """A measure for each member of a scope; NaN where it is not defined there."""
        measure = BY_KEY[key]
        numerator, denominator = self.total(measure.numerator, scope), self.total(measure.denominator, scope)
        defined = denominator > 0
        ratio: Floats = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=defined)
        return measure.scale * ratio

    def quantile(self, quantity: str, share: float, scope: str = "province") -> Floats:
        """A quantile of a duration for each member of a scope, s, right to half a percent; NaN where there is
        none.
        """
        counts = self.histograms[quantity].dense(self.scopes.slots(scope))
        return quantile_of_counts(counts, MIDDLE_S, share)


def measure(world: World, calls: Calls, log: Log, targets: Targets, costs: Costs) -> Measures:
    """Measure one replication.

    What is noticed (incidents) or begun (callers) in the reported time counts, with all that follows from it;
    time averages are clipped to the reported time. Raises InputError where an agency has no target.
    """
    asked, happened = columns_of(Asked, calls), columns_of(Happened, log)
    fixed = _fixed(world, targets, costs)
    scopes, desks, kinds = fixed.scopes, len(world.desk_name), len(world.kind_name)
    slots = [scopes.start["agency" if name in OF_CALLS else "regency_112"] for name in QUANTITIES]
    counts = [np.zeros(size * BINS, np.int32) for size in slots]
    by_hour = np.zeros(len(scopes.names["service"]) * fixed.place.hours * len(HOUR_COLUMNS))
    services = len(scopes.names["service"])
    curves = [np.zeros(size * BINS, np.int32) for size in (len(world.agency_name), len(REPORTS))]
    lines_s = np.zeros((services + 1) * (MOST_LINES + 1))
    answered_by_kind = np.zeros(desks * kinds, np.int64)
    tally = Tally(*(fixed.sums.flatten(), by_hour, answered_by_kind, *counts, *curves, lines_s))
    walk.walker()(fixed.place, asked, happened, walk.blank_notes(fixed.place, asked, happened), tally)

    sums = tally.sums.reshape(scopes.size + 1, -1)
    of_desks = sums[scopes.slots("desk")][:, DESK_TIMES]
    of_desks = np.concatenate([of_desks, np.full((1, len(DESK_TIMES)), np.nan)])
    sums[scopes.slots("regency_112"), DESK_TIMES] = of_desks[desk_of_regency(world)]
    return Measures(
        replications=1,
        scopes=scopes,
        targets=targets,
        sums=packed(sums[:-1].T),
        histograms={
            name: histogram_of(of_quantity)
            for name, of_quantity in zip((*QUANTITIES, *CURVES), (*counts, *curves), strict=True)
        },
        answered_by_kind=_narrow(tally.answered_by_kind.reshape(desks, kinds)),
        hour_sums=packed(_with_lengths(by_hour.reshape(-1, fixed.place.hours, len(HOUR_COLUMNS)), world)),
        lines_s=packed(lines_s.reshape(services + 1, -1)[:-1]),
    )


def _with_lengths(by_hour: Floats, world: World) -> Floats:
    """Sums [services, hours, columns] as [columns, services * hours], with the time that each hour lasts."""
    span_h = (world.report_to_s - world.report_from_s) / HOUR_S
    begins_h = np.arange(np.ceil(span_h))
    hour = begins_h.astype(np.int64) % by_hour.shape[1]
    by_hour[:, :, HOUR_COLUMNS.index("hours")] = np.bincount(hour, np.minimum(span_h - begins_h, 1.0))
    return np.ascontiguousarray(by_hour.reshape(-1, by_hour.shape[2]).T)


def _narrow(counts: Ints) -> NDArray[np.unsignedinteger]:
    """The same counts in the fewest bytes."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


HOUR_S = 3600.0
HOURS_OF_WEEK = 168

OF_CALLS = ("answer_delay_s", "wait_s")
"""Quantities that are kept in the scopes of calls; the others are in those of incidents."""


@dataclass(frozen=True, eq=False)
class _Fixed:
    """What is the same in every replication of a world."""

    scopes: Scopes
    place: Place
    sums: Floats  # [slots + 1, columns]; the last slot is nowhere


def _fixed(world: World, targets: Targets, costs: Costs) -> _Fixed:
    for of_world, of_targets, of_costs, fixed in _kept:
        if of_world is world and of_targets == targets and of_costs == costs:
            return fixed
    totals = no_totals(scopes_of(world))
    span_s = world.report_to_s - world.report_from_s
    spans = {"years": span_s / YEAR_S, "weeks": span_s / WEEK_S, "days": span_s / DAY_S, "window_s": span_s}
    for name in SPANS:
        totals.sums[:, column_at(name)] = spans[name]
    put_desks(totals, world, costs)
    put_coverage(totals, world, targets)
    put_units(totals, world)
    nowhere = np.full((1, totals.sums.shape[1]), np.nan)
    fixed = _Fixed(
        totals.scopes, _place(world, targets, totals.scopes), np.concatenate([totals.sums, nowhere])
    )
    _kept.append((world, targets, costs, fixed))
    del _kept[:-KEPT_WORLDS]
    return fixed


KEPT_WORLDS = 32
"""Worlds of which a process keeps it, and which it keeps ready: batches are worked through in order, so those
of one batch are enough. With more scenarios than this each would be built anew in every replication.
"""

_kept: list[tuple[World, Targets, Costs, _Fixed]] = []


def _place(world: World, targets: Targets, scopes: Scopes) -> Place:
    call_takers, dispatchers = steps_of(world, Change.CALL_TAKERS), steps_of(world, Change.DISPATCHERS)
    columns = {
        "bin_from_s": BIN_FROM_S,
        "bin_near": bins_near(),
        "target_s": np.array(targets.response_targets(world.agency_name)),
        "desk_agency": world.desk_agency,
        "desk_lines": world.desk_lines,
        "lines_from_s": np.full(len(world.desk_lines), -np.inf),
        "call_takers_start": call_takers.start,
        "call_takers_from_s": call_takers.from_s,
        "call_takers": call_takers.value,
        "dispatchers_start": dispatchers.start,
        "dispatchers_from_s": dispatchers.from_s,
        "dispatchers": dispatchers.value,
        "kind_is_emergency": world.kind_is_emergency,
        "kind_life_threatening": world.kind_life_threatening,
        "unit_agency": world.unit_agency,
        "unit_regency": world.unit_regency,
    }
    services_by_regency = len(scopes.names["service"]) * len(world.regency_name)
    cells = np.cumsum([len(world.desk_name), services_by_regency, len(world.kind_name), HOURS]).tolist()
    plain: dict[str, Any] = {name: plain_column(name, column) for name, column in columns.items()}
    return Place(
        report_from_s=float(world.report_from_s),
        report_to_s=float(world.report_to_s),
        end_s=float(world.end_s),
        start_of_week_s=float(world.start_of_week_s),
        answered_within_s=float(targets.answered_within_s),
        alert_cap_s=float(targets.alert_cap_s),
        response_cap_s=float(targets.response_cap_s),
        **{name: int(start) for name, start in scopes.start.items()},
        nowhere=scopes.size,
        service_cells=cells[0],
        kind_cells=cells[1],
        hour_cells=cells[2],
        no_cell=cells[3],
        regencies=len(world.regency_name),
        kinds=len(world.kind_name),
        hours=min(math.ceil((world.report_to_s - world.report_from_s) / HOUR_S), HOURS_OF_WEEK),
        bins=BINS,
        **plain,
    )


def merge(parts: Sequence[Measures]) -> Measures:
    """Several replications of one scenario as one, so that a long study keeps a fixed number of batches."""
    first = parts[0]
    return Measures(
        replications=sum(part.replications for part in parts),
        scopes=first.scopes,
        targets=first.targets,
        sums=packed(np.sum([part.totals for part in parts], axis=0)),
        histograms={
            name: sum_of_histograms([part.histograms[name] for part in parts]) for name in first.histograms
        },
        answered_by_kind=_narrow(np.sum([part.answered_by_kind for part in parts], axis=0)),
        hour_sums=packed(np.sum([part.hour_sums.rows() for part in parts], axis=0)),
        lines_s=packed(np.sum([part.lines_s.rows() for part in parts], axis=0)),
    )


def for_headline(whole: Measures) -> Measures:
    """Only what ``comparison.compare`` reads: totals of the province and of regencies, a tenth of the bytes.

    They stand first among the slots.
    """
    names = {scope: whole.scopes.names[scope] for scope in ("province", "regency")}
    start = {scope: whole.scopes.start[scope] for scope in names}
    scopes = Scopes(names, start, sum(map(len, names.values())))
    nothing = packed(np.empty((0, 0)))
    return replace(
        whole,
        scopes=scopes,
        sums=packed(whole.totals[:, : scopes.size]),
        histograms={},
        answered_by_kind=_narrow(np.empty((0, 0), np.int64)),
        lines_s=nothing,
        hour_sums=nothing,
    )


def sharing(measures: Measures, first: Measures) -> Measures:
    """The same with the scopes and targets of another, which are nearly always alike."""
    if measures.scopes == first.scopes and measures.targets == first.targets:
        return replace(measures, scopes=first.scopes, targets=first.targets)
    return measures


def totals_by_replication(runs: Sequence[Measures], column: str, scope: str) -> Floats:
    """A total of each replication, [replications, members]."""
    return np.stack([run.total(column, scope) for run in runs])


def all_totals(runs: Sequence[Measures], scopes: Sequence[str]) -> dict[str, Floats]:
    """Every total of each replication by scope, [columns, replications, members]; each unpacked but once."""
    found: dict[str, list[Floats]] = {scope: [] for scope in scopes}
    for run in runs:
        totals = run.totals
        for scope, kept in found.items():
            kept.append(totals[:, run.scopes.slots(scope)].copy())
    return {scope: np.stack(kept, axis=1) for scope, kept in found.items()}
