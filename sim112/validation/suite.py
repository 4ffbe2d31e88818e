"""The suite: simulate every case as any scenario, and hold its intervals against the exact values."""

from __future__ import annotations

import difflib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from sim112.config.scenario import Scenario
from sim112.engine.choice import Engine
from sim112.engine.contract import Floats
from sim112.errors import InputError
from sim112.study import statistics
from sim112.study.comparison import estimate_ratio
from sim112.study.definitions import BY_KEY
from sim112.study.kpis import Measures, totals_by_replication
from sim112.study.replication import Batch, engine_for, replicate
from sim112.study.store import (
    SavingError,
    checksum,
    draft,
    saving,
    stamp,
    write_provenance,
    write_rows,
    write_table,
)
from sim112.validation import logs
from sim112.validation.case import WORLDS, Case, Controls, Row
from sim112.validation.days import DAYS_OF_DESKS
from sim112.validation.desks import DESKS
from sim112.validation.networks import NETWORKS
from sim112.validation.units import FLEETS

CASES: tuple[Case, ...] = (*DESKS, *NETWORKS, *DAYS_OF_DESKS, *FLEETS)
"""Every case, in the order of the table."""

KEYS = ("engine", "seed", "replications", "workers", "lang")
"""What may be changed: all else makes the case."""


DRAWN = ("offered", "talk_s", "handle_s")
"""Measures of the drawn calls themselves: controls would leave nothing of them to check."""


@dataclass(frozen=True)
class Checked:
    """One value of a row, simulated: ``member`` names whom it is about where the row has several."""

    member: str
    exact: float
    value: float
    low: float
    high: float
    tolerance: float

    @property
    def reach(self) -> float:
        """How far the farther end of the interval is from the exact value, in tolerances; 1 is the limit."""
        if not np.isfinite([self.low, self.high]).all():
            return float("inf")
        far = max(abs(self.low - self.exact), abs(self.high - self.exact))
        if self.tolerance == 0:
            return 0.0 if far == 0 else float("inf")
        return far / self.tolerance

    @property
    def passes(self) -> bool:
        """Whether the whole interval lies within the tolerance."""
        return self.reach <= 1


@dataclass(frozen=True)
class Outcome:
    """A row, simulated: ``checked`` has every value, of which the worst is told."""

    case: Case
    row: Row
    checked: tuple[Checked, ...]

    @property
    def worst(self) -> Checked:
        return max(self.checked, key=lambda one: one.reach)

    @property
    def passes(self) -> bool:
        return self.worst.passes

    @property
    def source(self) -> str:
        """Where the exact value comes from."""
        return self.row.published or self.case.source


@dataclass(frozen=True, eq=False)
class Validation:
    """The whole table. Printing it shows what ``sim112 validate`` shows."""

    outcomes: tuple[Outcome, ...]
    scenarios: tuple[Scenario, ...]
    engine: Engine
    took_s: float
    folder: Path | None = None

    @property
    def passes(self) -> bool:
        return all(outcome.passes for outcome in self.outcomes)

    def __str__(self) -> str:
        # what prints itself looks up to the views, here alone
        from sim112.views.validation_screen import validation_screen

        return validation_screen(self)


def chosen(names: Sequence[str], cases: Sequence[Case] = CASES) -> tuple[Case, ...]:
    """The named cases, in the order of the table; all where none is named. InputError for an unknown name."""
    known = [case.name for case in cases]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            told = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
            raise InputError(f"there is no case {name!r}; {told}")
    return tuple(case for case in cases if not names or case.name in names)


def validate(
    cases: Sequence[Case] = CASES,
    overrides: Sequence[str] = (),
    *,
    results: Path | str | None = None,
    figures: bool = True,
    command: Sequence[str] = (),
    progress: bool = False,
) -> Validation:
    """Simulate the cases and check every row.

    ``overrides`` may change ``KEYS`` alone. With ``results`` the table and a report are saved in
    ``results/validate/<stamp>/``, whole or not at all. Raises InputError for anything else, and SavingError,
    which holds the result, where only saving fails.
    """
    _check_overrides(overrides)
    scenarios = tuple(case.scenario(*overrides) for case in cases)
    if results is None:
        return _simulated(cases, scenarios, progress)
    place, started, found = Path(results) / "validate", datetime.now().astimezone(), None
    try:
        with draft(place, stamp(started)) as unplaced:
            found = _simulated(cases, scenarios, progress)
            with saving(place):
                _write(unplaced.folder, found, figures)
                write_provenance(
                    unplaced.folder,
                    verb="validate",
                    command=command,
                    seed=scenarios[0].seed,
                    started=started,
                    files_read=tables_of(cases),
                    engine=found.engine,
                    cases=[case.name for case in cases],
                    overrides=list(overrides),
                )
    except SavingError as error:
        error.result = found
        raise
    return replace(found, folder=unplaced.place)


def _check_overrides(overrides: Sequence[str]) -> None:
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~")
        if key not in KEYS:
            raise InputError(
                f"{key} makes the case, whose answer would no longer be known; change {', '.join(KEYS)} only"
            )


def _simulated(cases: Sequence[Case], scenarios: Sequence[Scenario], progress: bool) -> Validation:
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sim112-validate-") as scratch:
        rows = [case.rows() for case in cases]
        batches = [
            Batch(
                (scenario,),
                range(scenario.replications),
                Path(scratch) / case.name if any(row.is_read_from_log for row in expected) else None,
            )
            for case, scenario, expected in zip(cases, scenarios, rows, strict=True)
        ]
        runs = sum(scenario.replications for scenario in scenarios)
        engine = engine_for(scenarios[0], runs, progress)
        measured = replicate(
            batches, engine=engine, workers=scenarios[0].workers, progress="" if progress else None
        )
        outcomes = tuple(
            checked(case, row, scenario, one[0], batch.log_folder)
            for case, scenario, expected, batch, one in zip(
                cases, scenarios, rows, batches, measured, strict=True
            )
            for row in expected
        )
    return Validation(outcomes, tuple(scenarios), engine, time.monotonic() - started_s)


def checked(
    case: Case, row: Row, scenario: Scenario, runs: Sequence[Measures], log_folder: Path | None
) -> Outcome:
    """Hold one row against its replications."""
    members = row.members or runs[0].members(row.scope)
    if len(members) != len(row.exact):
        raise ValueError(f"{case.name}, {row.measure}: {len(row.exact)} values for {len(members)} members")
    if row.is_read_from_log:
        assert log_folder is not None
        folders = [log_folder / scenario.name / str(number) for number in range(len(runs))]
        read = [logs.totals(row.measure, folder, members, scenario.clock) for folder in folders]
        numerator, denominator = (np.stack(part) for part in zip(*read, strict=True))
        interval = statistics.ratio_interval(numerator, denominator)
    else:
        at = [runs[0].members(row.scope).index(member) for member in members]
        measure = BY_KEY[row.measure]
        numerator = totals_by_replication(runs, measure.numerator, row.scope)[:, at]
        denominator = totals_by_replication(runs, measure.denominator, row.scope)[:, at]
        found = estimate_ratio(measure, numerator, denominator)
        interval = found.interval
        if case.controls is not None and row.measure not in DRAWN and (found.events >= statistics.FEW).all():
            interval = controlled(found.linearised, runs, scenario, case.controls)
    value, low, high = (part.tolist() for part in (interval.value, interval.low, interval.high))
    return Outcome(
        case,
        row,
        tuple(
            Checked(member, exact, value[k], low[k], high[k], row.tolerance_of(exact))
            for k, (member, exact) in enumerate(zip(members, row.exact, strict=True))
        ),
    )


def controlled(
    values: Floats, runs: Sequence[Measures], scenario: Scenario, controls: Controls
) -> statistics.Interval:
    """The interval of linearised values [replications, members] with the luck of the draw taken out.

    The controls of a replication are its offered calls less those expected, and its talk less what so many
    talks take on average; both have the mean 0 whatever the queue does. Each fitted control costs a degree of
    freedom.
    """
    expected = controls.calls_per_s * scenario.clock.report_s
    offered = totals_by_replication(runs, "offered", "province")[:, 0] - expected
    talk_s = (
        totals_by_replication(runs, "talk_sum_s", "province")[:, 0]
        - controls.talk_s * totals_by_replication(runs, "talks", "province")[:, 0]
    )
    known = [column for column in (offered, talk_s) if np.ptp(column) > 1e-9]
    number = len(values)
    if number <= len(known) + 1:
        return statistics.mean_interval(values)
    design = np.column_stack([np.ones(number), *known])
    fit, *_ = np.linalg.lstsq(design, values, rcond=None)
    residual = values - design @ fit
    widened = np.sqrt((number - 1) / (number - 1 - len(known)))
    return statistics.mean_interval(fit[0] + widened * residual)


# ---- saving ------------------------------------------------------------------------------------------------


def table_rows(found: Validation, every_member: bool = False) -> list[dict[str, object]]:
    """The table as rows; with ``every_member`` all values of rows that have several, such as hours."""
    return [
        {
            "case": outcome.case.name,
            "title": outcome.case.title,
            "measure": outcome.row.measure,
            "of": outcome.row.of,
            "member": one.member,
            "unit": outcome.row.unit,
            "exact": one.exact,
            "is_published": bool(outcome.row.published),
            "simulated": one.value,
            "low": one.low,
            "high": one.high,
            "tolerance": one.tolerance,
            "tolerance_reason": "" if outcome.row.within is None else outcome.row.within.reason,
            "reach": one.reach,
            "passes": one.passes,
            "source": outcome.source,
        }
        for outcome in found.outcomes
        for one in (outcome.checked if every_member else (outcome.worst,))
    ]


def tables_of(cases: Sequence[Case]) -> dict[str, str]:
    """SHA-256 of the tables of the cases' worlds, by their path below the package's folder of worlds."""
    folders = dict.fromkeys(WORLDS / case.tables for case in cases if case.tables)
    paths = [path for folder in folders for path in sorted(folder.glob("*.csv"))]
    return {f"worlds/{path.relative_to(WORLDS).as_posix()}": checksum(path) for path in paths}


def _write(folder: Path, found: Validation, figures: bool) -> None:
    from sim112.views.validation_screen import validation_report

    rows, every = table_rows(found), table_rows(found, every_member=True)
    write_rows(folder / "validation.csv", rows)
    for name, table in (("validation", rows), ("members", every)):
        write_table(folder / f"{name}.parquet", {key: [row[key] for row in table] for key in table[0]})
    (folder / "screen.txt").write_text(f"{found}\n", encoding="utf-8")
    drawn: list[str] = []
    if figures:
        from sim112.views.validation_figures import write_validation_figures

        drawn = write_validation_figures(folder / "figures", found)
    (folder / "report.md").write_text(validation_report(found, drawn), encoding="utf-8")
