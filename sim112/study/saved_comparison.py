"""A comparison read back from the tables of a saved study, to be told again without simulating."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sim112.config.scenario import Scenario
from sim112.errors import InputError
from sim112.study.comparison import (
    STEADY,
    Comparison,
    Estimate,
    Row,
    Sensitivity,
    Turn,
    Verdict,
    estimate_ratio,
    rows_of_estimates,
    unchanged_measures,
)
from sim112.study.definitions import BY_KEY
from sim112.study.sensitivity import ENDS, End
from sim112.study.store import StoredRun

TOTALS = ("scenario", "replication", "measure", "scope", "numerator", "denominator")
VERDICTS: tuple[str, ...] = get_args(Verdict)
_TURN = re.compile(r"(\w+) of (.+) at (low|high): (.*) instead of (.*)")


@dataclass(frozen=True, eq=False)
class SavedComparison:
    """What ``comparison.csv`` and ``sensitivity.csv`` hold.

    ``use`` is the headline at low and at high use of 112, empty where that was not looked at.
    """

    comparison: Comparison
    use: Mapping[End, Comparison]
    sensitivity: tuple[Sensitivity, ...]


def saved_comparison(stored: StoredRun) -> SavedComparison:
    """Read a saved comparison. Raises InputError where a table is not as it was written."""
    scenarios = stored.scenarios
    cells = stored.rows("comparison")
    try:
        found: dict[tuple[str, str], list[Row]] = {}
        for cell in cells:
            found.setdefault((cell["use"], cell["family"]), []).append(_row(cell))
        headline = found["as given", "headline"]
        steady = _steady_rows(stored, tuple(scenarios))
        sensitivity: tuple[Sensitivity, ...] = ()
        if "sensitivity.csv" in stored.files:
            sensitivity = tuple(_sensitivity(cell) for cell in stored.rows("sensitivity"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{stored.folder}: its tables are not those of a comparison ({error}); run the command again"
        ) from None
    replications = replications_of(stored)
    first = next(iter(scenarios.values()))

    def compared(rows: Sequence[Row], **more: tuple[Row, ...]) -> Comparison:
        reductions = [row.variance_reduction for row in rows if np.isfinite(row.variance_reduction)]
        return Comparison(
            scenarios=tuple(scenarios),
            replications=replications,
            window_days=days_of(first),
            targets=first.targets,
            headline=tuple(rows),
            regencies=more.get("regencies", ()),
            unchanged=unchanged_measures(rows, steady) if more else (),
            spreads=more.get("spreads", ()),
            variance_reduction=float(np.median(reductions)) if reductions else float("nan"),
        )

    return SavedComparison(
        compared(
            headline,
            regencies=tuple(found.get(("as given", "regency"), ())),
            spreads=tuple(found.get(("as given", "spread"), ())),
        ),
        {end: compared(found[end, "headline"]) for end in ENDS if (end, "headline") in found},
        sensitivity,
    )


def replications_of(stored: StoredRun) -> int:
    """How many replications a saved run or comparison has."""
    return int(pc.max(stored.table("measures", ["replication"])["replication"]).as_py()) + 1


def days_of(scenario: Scenario) -> float:
    """The length of the reported time of one replication, days."""
    return scenario.clock.report_s / 86400


def _row(cell: Mapping[str, str]) -> Row:
    values: dict[str, object] = {}
    for field in fields(Row):
        text = cell[field.name]
        if field.type == "float":
            values[field.name] = float(text) if text else float("nan")
        elif field.type == "bool":
            values[field.name] = {"True": True, "False": False}[text]
        else:
            values[field.name] = text
    if values["verdict"] not in VERDICTS:
        raise ValueError(f"verdict {values['verdict']!r}")
    return Row(**values)  # type: ignore[arg-type]


def _steady_rows(stored: StoredRun, scenarios: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of ``STEADY``, from the totals of each replication."""
    table = stored.table("measures", TOTALS)
    is_wanted = pc.and_(
        pc.equal(table["scope"].cast("string"), "province"),
        pc.is_in(table["measure"].cast("string"), value_set=pa.array(STEADY, pa.string())),
    )
    totals: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    for one in table.filter(is_wanted).to_pylist():
        place = totals.setdefault((one["measure"], one["scenario"]), [])
        place.append((one["replication"], one["numerator"], one["denominator"]))
    found = {}
    for key in STEADY:
        if all((key, name) in totals for name in scenarios):
            estimates = {name: _estimate(key, totals[key, name]) for name in scenarios}
            members = dict.fromkeys(scenarios, ("province",))
            found[key] = rows_of_estimates(BY_KEY[key], estimates, "province", members)
    return found


def _estimate(key: str, totals: Sequence[tuple[int, float, float]]) -> Estimate:
    in_order = np.array(sorted(totals))
    return estimate_ratio(BY_KEY[key], in_order[:, 1:2], in_order[:, 2:3])


def _sensitivity(cell: Mapping[str, str]) -> Sensitivity:
    turns = [_TURN.fullmatch(turn) for turn in cell["turns"].split("; ") if turn]
    low, middle, high = (float(cell[f"difference_{end}"]) for end in ("low", "middle", "high"))
    return Sensitivity(
        assumption=cell["assumption"],
        movement_share=float(cell["movement_share"]),
        measure=cell["measure"],
        unit=cell["unit"],
        scenario=cell["scenario"],
        differences=(low, middle, high),
        turns=tuple(Turn(*turn.groups()) for turn in turns if turn is not None),  # type: ignore[arg-type]
    )
