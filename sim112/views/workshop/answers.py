"""What the page is told of two scenarios: measures of the province and of each regency, and how they differ.

The numbers are those of ``comparison.compare``; how many figures of them are shown is said with them, so that
the page writes them in either language.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from sim112.study.comparison import HEADLINE, Comparison, Row, Runs, compare, measure_rows
from sim112.study.kpis import Measures
from sim112.views.tables import decimals_for, is_negligible, scale_of
from sim112.views.words import LANGS, words

PROVINCE = ""
"""Where the whole area stands among the places."""

REGENCY_KEYS = ("alert_capped_s", "response_capped_s", "life_reached_within_share", "unreported")
"""What is shown of a regency. Those that a comparison tests have verdicts, over all regencies together."""

FIRST_LOOK = 4
"""Replications behind the first answer. CHOICE: enough for an interval, few enough for a second."""


def stages_of(replications: int) -> list[int]:
    """After how many replications there is an answer: twice as many each time, at last all."""
    stages = []
    reached = FIRST_LOOK
    while reached < replications:
        stages.append(reached)
        reached *= 2
    return [*stages, replications]


def answer(measured: Sequence[Sequence[Measures]]) -> dict[str, Any]:
    """What two scenarios give, from their measures by replication: ``rows`` by place, as plain data."""
    runs = {"before": [pair[0] for pair in measured], "after": [pair[1] for pair in measured]}
    compared = compare(runs)
    return {
        "replications": len(measured),
        "days": compared.window_days,
        "rows": {PROVINCE: [_told(rows) for rows in _headline(compared)]} | _regencies(compared, runs),
    }


def _headline(compared: Comparison) -> list[tuple[Row, Row]]:
    return [(compared.row(key, "before"), compared.row(key, "after")) for key in HEADLINE]


def _regencies(compared: Comparison, runs: Runs) -> dict[str, list[dict[str, Any]]]:
    tested = {(row.measure, row.member, row.scenario): row for row in compared.regencies}
    for key in REGENCY_KEYS:
        for row in measure_rows(key, runs, "regency"):
            tested.setdefault((key, row.member, row.scenario), row)
    return {
        place: [_told((tested[key, place, "before"], tested[key, place, "after"])) for key in REGENCY_KEYS]
        for place in runs["before"][0].members("regency")
    }


def _told(rows: tuple[Row, Row]) -> dict[str, Any]:
    """One measure of one place: [value, low, high] before and after, and of the difference."""
    before, after = rows
    values = [row.value for row in rows]
    factor, _ = scale_of(before.unit, values)
    exact = [factor * value for value in (*values, before.low, before.high)]
    return {
        "measure": before.measure,
        "unit": {lang: scale_of(before.unit, values, words(lang))[1] for lang in LANGS},
        "factor": factor,
        "decimals": decimals_for(exact),
        "better": before.better,
        "before": _bounded(before.value, before.low, before.high),
        "after": _bounded(after.value, after.low, after.high),
        "difference": _bounded(after.difference, after.difference_low, after.difference_high),
        "verdict": "negligible" if is_negligible(after) else after.verdict,
        "is_few": after.is_few,
    }


def _bounded(*values: float) -> list[float | None]:
    return [value if isfinite(value) else None for value in values]
