"""Going on until numbers are sure enough: wanted half-widths, and the best of several scenarios.

Replications are added ``BATCH`` at a time, whatever the number of workers, and looked at after each batch. An
interval that is looked at again and again is caught when it happens to be narrow; so the first look comes
after ``LEAST`` replications, and it ends only where the widths are met at ``IN_A_ROW`` looks, one after the
other. This is the replications algorithm of K. Hoad, S. Robinson and R. Davies, Automated selection of the
number of replications for a discrete-event simulation, JORS 61 (2010), with its look-ahead in batches;
docs/statistics.md has the coverage that is left after stopping.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Literal

import numpy as np

from sim112.config.compare import CompareSettings
from sim112.config.precision import Precision
from sim112.config.scenario import Scenario
from sim112.errors import InputError
from sim112.study.comparison import Row, Runs, estimate, measure_rows, quantile_rows
from sim112.study.definitions import BY_KEY, QUANTITIES
from sim112.study.kpis import Measures
from sim112.study.selection import Selection, select_best

LEAST = 20
"""Replications before the first look."""

BATCH = 10
"""Replications between looks."""

IN_A_ROW = 2
"""Looks, one after the other, at which every width must be met."""

QUANTILES = {
    f"{quantity.removesuffix('_s')}_p{100 * share:g}_s": (quantity, share)
    for quantity in QUANTITIES
    for share in (0.5, 0.9)
}
"""The quantiles that may be named, such as response_p90_s."""

KNOWN = (*BY_KEY, *QUANTILES)


@dataclass(frozen=True)
class Reached:
    """The half-width that one wanted number has, beside the one that was wanted, both in its unit."""

    measure: str
    unit: str
    scenario: str
    of: Literal["value", "difference"]
    value: float
    half_width: float
    wanted: float

    @property
    def is_met(self) -> bool:
        return self.half_width <= self.wanted


@dataclass(frozen=True)
class Best:
    """Which scenario is the best by a measure; several ``remaining`` where the cap came first."""

    measure: str
    unit: str
    indifference: float
    probability: float
    scenarios: tuple[str, ...]
    remaining: tuple[str, ...]
    decided_after: int | None


@dataclass(frozen=True)
class Stopping:
    """When the replications ended, and what was reached by then."""

    replications: int
    most_replications: int
    reached: tuple[Reached, ...]
    best: Best | None

    @property
    def is_met(self) -> bool:
        """Whether every wanted half-width was reached."""
        return all(one.is_met for one in self.reached)

    @property
    def is_capped(self) -> bool:
        """Whether the cap came first."""
        return not self.is_met or (self.best is not None and self.best.decided_after is None)


# ---- what is wanted ----------------------------------------------------------------------------------------


def check_precision(scenario: Scenario, several: bool, settings: CompareSettings | None = None) -> None:
    """Raise InputError where what is wanted cannot be: a measure that there is not, too low a cap."""
    wanted = scenario.precision
    for part, names in (("measures", wanted.measures), ("differences", wanted.differences)):
        for name in names:
            if name not in KNOWN:
                told = _nearest(name, KNOWN)
                raise InputError(f"precision.{part}.{name}: there is no measure {name!r}; {told}")
    if wanted.differences and not several:
        key = next(iter(wanted.differences))
        raise InputError(
            f"precision.differences.{key}: one scenario differs from nothing; compare it, or give "
            f"precision.measures.{key}"
        )
    if settings is not None:
        check_best(settings)
    if not wanted.is_wanted and (settings is None or settings.best is None):
        return
    if scenario.replications < LEAST:
        raise InputError(
            f"replications is {scenario.replications}; give {LEAST} or more where precision or best is asked "
            "for: they are run before the first look"
        )
    if wanted.most_replications < scenario.replications:
        raise InputError(
            f"precision.most_replications is {wanted.most_replications}, fewer than the "
            f"{scenario.replications} replications of the first look; give as many or more"
        )


def check_best(settings: CompareSettings) -> None:
    """Raise InputError where the best is asked for by a measure that has none."""
    key = settings.best
    if key is None:
        return
    if key not in BY_KEY:
        raise InputError(f"best={key}: there is no measure {key!r}; {_nearest(key, BY_KEY)}")
    if BY_KEY[key].better == "neither":
        raise InputError(f"best={key}: neither more nor less of it is better; give another measure")
    if settings.indifference is None:
        unit = BY_KEY[key].unit
        raise InputError(
            f"best={key} needs the smallest difference that matters, in {unit}; give indifference=..."
        )


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else "docs/measures.md lists the measures"


# ---- going on ----------------------------------------------------------------------------------------------


def go_on(
    runs: Mapping[str, Sequence[Measures]],
    precision: Precision,
    settings: CompareSettings | None,
    more: Callable[[range], Mapping[str, Sequence[Measures]]],
) -> tuple[dict[str, list[Measures]], Stopping | None]:
    """Add replications until what is wanted is reached; with nothing wanted, the runs as they are and None.

    ``more`` simulates a range of replications of every scenario.
    """
    so_far = {name: list(measures) for name, measures in runs.items()}
    wants_best = settings is not None and settings.best is not None
    if not precision.is_wanted and not wants_best:
        return so_far, None
    first = number = len(next(iter(so_far.values())))
    in_a_row = 0
    while True:
        found = reached(so_far, precision)
        best = best_of(so_far, settings, first) if settings is not None and wants_best else None
        in_a_row = in_a_row + 1 if all(one.is_met for one in found) else 0
        is_decided = best is None or best.decided_after is not None
        is_sure = not found or in_a_row >= IN_A_ROW
        if (is_sure and is_decided) or number >= precision.most_replications:
            return so_far, Stopping(number, precision.most_replications, found, best)
        added = more(range(number, min(number + BATCH, precision.most_replications)))
        for name, measures in added.items():
            so_far[name] += measures
        number = len(next(iter(so_far.values())))


def reached(runs: Runs, precision: Precision) -> tuple[Reached, ...]:
    """The half-width of every number that is wanted; numbers that are not defined are passed over."""
    first = next(iter(runs))
    found = []
    for name, wanted in precision.measures.items():
        for row in _rows(name, runs):
            if not isnan(row.value):
                half = (row.high - row.low) / 2
                found.append(_reached(row, "value", row.value, half, wanted.of(row.value)))
    for name, wanted in precision.differences.items():
        for row in _rows(name, runs):
            if row.scenario != first and not isnan(row.difference):
                half = (row.difference_high - row.difference_low) / 2
                found.append(_reached(row, "difference", row.difference, half, wanted.of(row.difference)))
    return tuple(found)


def _rows(name: str, runs: Runs) -> list[Row]:
    if name in QUANTILES:
        return quantile_rows(*QUANTILES[name], runs)
    return measure_rows(name, runs)


def _reached(
    row: Row, of: Literal["value", "difference"], value: float, half_width: float, wanted: float
) -> Reached:
    # NaN, of one replication, is as wide as can be
    half_width = half_width if isfinite(half_width) else float("inf")
    return Reached(row.measure, row.unit, row.scenario, of, value, half_width, wanted)


def best_of(runs: Runs, settings: CompareSettings, first: int) -> Best:
    """The best scenario by ``settings.best``; scenarios in which that is not defined are left out."""
    assert settings.best is not None and settings.indifference is not None
    measure = BY_KEY[settings.best]
    values = {name: estimate(measure.key, measures).linearised[:, 0] for name, measures in runs.items()}
    known = tuple(name for name, one in values.items() if not np.isnan(one).any())
    if not known:
        raise InputError(f"best={measure.key}: it is defined in no scenario; give another measure")
    chosen: Selection = select_best(
        np.stack([values[name] for name in known], axis=1),
        first,
        settings.indifference,
        settings.probability,
        larger=measure.better == "higher",
    )
    return Best(
        measure=measure.key,
        unit=measure.unit,
        indifference=settings.indifference,
        probability=settings.probability,
        scenarios=known,
        remaining=tuple(known[at] for at in chosen.remaining),
        decided_after=chosen.decided_after,
    )


def reached_rows(stopping: Stopping) -> list[dict[str, object]]:
    """What was wanted and reached, for a table: one row for each number."""
    return [
        {
            "measure": one.measure,
            "unit": one.unit,
            "scenario": one.scenario,
            "of": one.of,
            "value": one.value,
            "half_width": one.half_width,
            "wanted": one.wanted,
            "is_met": one.is_met,
            "replications": stopping.replications,
        }
        for one in stopping.reached
    ]
