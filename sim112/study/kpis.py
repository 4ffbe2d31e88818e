"""Measures of one replication, or of several together: the only way from a log to a number.

``definitions.py`` says what each measure means; ``desk_kpis`` and ``response_kpis`` sum what it needs; here
is what the rest of the project reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim112.config.costs import Costs
from sim112.config.targets import Targets
from sim112.engine.contract import Calls, Floats, Ints, Log, World
from sim112.study.definitions import BY_KEY, QUANTITIES, SPANS
from sim112.study.desk_kpis import DAY_S, WEEK_S, YEAR_S, add_calls, add_desk_time, add_genuine_callers
from sim112.study.response_kpis import add_coverage, add_incidents, add_units
from sim112.study.statistics import quantile_of_counts
from sim112.study.totals import (
    MIDDLE_S,
    Histogram,
    Scopes,
    column_at,
    empty_totals,
    scopes_of,
    sum_of_histograms,
)


@dataclass(frozen=True, eq=False)
class Measures:
    """What one replication (or several, merged) says: totals, from which every measure is a ratio, and
    histograms.

    Its size depends on the world, not on how many calls there were. ``totals`` [columns, slots] is NaN where
    a total is not kept for a scope. ``histograms`` holds each quantity of ``definitions.QUANTITIES``.
    ``answered_by_kind`` [D, K] counts answered calls by desk and kind.
    """

    replications: int
    scopes: Scopes
    targets: Targets
    totals: Floats
    histograms: Mapping[str, Histogram]
    answered_by_kind: Ints

    def members(self, scope: str) -> tuple[str, ...]:
        return self.scopes.names[scope]

    def total(self, column: str, scope: str) -> Floats:
        """The sum of a column for each member of a scope."""
        part: Floats = self.totals[column_at(column), self.scopes.slots(scope)]
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
    totals = empty_totals(scopes_of(world))
    span_s = world.report_to_s - world.report_from_s
    spans = {"years": span_s / YEAR_S, "weeks": span_s / WEEK_S, "days": span_s / DAY_S, "window_s": span_s}
    for name in SPANS:
        totals.sums[column_at(name)] = spans[name]
    call_histograms, answered_by_kind = add_calls(totals, world, calls, log, targets)
    add_genuine_callers(totals, world, calls, log)
    add_desk_time(totals, world, log, costs)
    histograms = call_histograms | add_incidents(totals, world, calls, log, targets)
    add_units(totals, world, log)
    add_coverage(totals, world, targets)
    return Measures(1, totals.scopes, targets, totals.sums, histograms, answered_by_kind)


def merge(parts: Sequence[Measures]) -> Measures:
    """Several replications of one scenario as one, so that a long study keeps a fixed number of batches."""
    first = parts[0]
    return Measures(
        replications=sum(part.replications for part in parts),
        scopes=first.scopes,
        targets=first.targets,
        totals=np.sum([part.totals for part in parts], axis=0),
        histograms={
            name: sum_of_histograms([part.histograms[name] for part in parts]) for name in QUANTITIES
        },
        answered_by_kind=np.sum([part.answered_by_kind for part in parts], axis=0),
    )


def totals_by_replication(runs: Sequence[Measures], column: str, scope: str) -> Floats:
    """A total of each replication, [replications, members]."""
    return np.stack([run.total(column, scope) for run in runs])
