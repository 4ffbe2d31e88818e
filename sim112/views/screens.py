"""What ``run``, ``compare`` and ``sweep`` print: tables put together, with the notes that belong to them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sim112.config.scenario import Scenario
from sim112.engine.contract import NONE
from sim112.study.comparison import measure_rows
from sim112.study.definitions import BY_KEY
from sim112.study.replication import world_of
from sim112.study.run import ComparedResult, Result, most_covered
from sim112.study.sensitivity import ENDS
from sim112.study.sweep import TABLE_KEYS, SweepResult
from sim112.views.tables import (
    WIDTH,
    Column,
    aligned,
    decimals_for,
    first_screen,
    headline_table,
    number,
    scale_of,
    scenario_table,
)

SWEEP_KEYS = {
    "answered_within_share": "answered in time",
    "genuine_found_nobody": "found nobody free",
    "alert_capped_s": "agencies alerted",
    "life_reached_within_share": "life reached in time",
    "unreported": "unreported",
    "cost_per_report": "cost per report",
}
"""What the table over the points of a sweep shows, and how it calls it."""

LOCAL_KEYS = (
    ("incidents_needing_unit", "regency"),
    ("answered", "regency_112"),
    ("genuine_answered_112", "regency_112"),
    ("alert_capped_s", "regency"),
    ("response_capped_s", "regency"),
    ("life_reached_within_share", "regency"),
    ("one_person_hours", "regency_112"),
    ("cost_per_year", "regency_112"),
)
"""What is told of a regency whose centre comes or goes, and where each is kept."""

MOST_LOCAL = 3

WORDS = {
    "here": "In {regency}",
    "whom": "What does the emergency number 112 change for the people of {whom}?",
    "province": "Central Java",
    "low": "few dial 112",
    "high": "many dial 112",
    "caps": "An agency never alerted counts as {alert:g} min. The worst day is that of demand={stress}.",
    "caps_calm": "An agency never alerted counts as {alert:g} min.",
}


def run_screen(result: Result) -> str:
    """One scenario: its question, its measures, and what of it is sourced and assumed."""
    scenario = result.scenario
    return "\n".join(
        [
            _wrapped(scenario.question),
            "",
            scenario_table(scenario.name, result.measures),
            "",
            _wrapped(f"Sourced: {scenario.sourced}"),
            _wrapped(f"Assumed: {scenario.assumed}"),
        ]
    )


def compare_screen(result: ComparedResult) -> str:
    """Several scenarios: their questions, the headline, the use of 112, how far assumptions move it."""
    levels = []
    if result.use:
        scenario = most_covered(result).name
        levels = [Column(scenario, result.use[end], scenario, note=WORDS[end]) for end in ENDS]
    screen = first_screen(
        _question(result.scenarios), result.comparison, result.sensitivity, [_caps(result)], levels
    )
    lines = [_scenario_line(scenario) for scenario in result.scenarios]
    return "\n".join([*lines, "", screen, *(f"\n{table}" for table in _local_tables(result))])


def _local_tables(result: ComparedResult) -> list[str]:
    """What changes in the regencies that have a centre in some scenarios only, if they are few."""
    worlds = [world_of(scenario) for scenario in result.scenarios]
    served = np.array([world.regency_desk != NONE for world in worlds])
    changed = np.flatnonzero(served.any(axis=0) & ~served.all(axis=0))
    if len(changed) > MOST_LOCAL:
        return []
    tested = result.comparison.regencies
    tested_keys = {row.measure for row in tested}
    tables = []
    for label in (worlds[0].regency_name[at] for at in changed):
        rows = []
        for key, scope in LOCAL_KEYS:
            of_key = tested if key in tested_keys else measure_rows(key, result.runs, scope)
            rows += [row for row in of_key if (row.measure, row.member) == (key, label)]
        here = replace(result.comparison, headline=tuple(rows))
        title = WORDS["here"].format(regency=label)
        keys = [key for key, _ in LOCAL_KEYS]
        tables.append(headline_table(title, keys, [Column(name, here, name) for name in here.scenarios]))
    return tables


def _question(scenarios: Sequence[Scenario]) -> str:
    regencies = scenarios[0].area.regencies
    return WORDS["whom"].format(whom=", ".join(regencies) if regencies else WORDS["province"])


def _scenario_line(scenario: Scenario) -> str:
    return textwrap.fill(
        f"{scenario.name}: {' '.join(scenario.question.split())}", WIDTH, subsequent_indent="    "
    )


def _caps(result: ComparedResult) -> str:
    targets = result.scenarios[0].targets
    text = WORDS["caps_calm" if result.stress is None else "caps"]
    return text.format(alert=targets.alert_cap_s / 60, stress=result.settings.stress)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)


def sweep_screen(result: SweepResult) -> str:
    """One line for each point: what was swept, and a few measures of the province."""
    swept = [key for key in result.rows[0] if key not in _columns_of_measures()]
    shown = [key for key in SWEEP_KEYS if any(row[key] for row in result.rows)]
    table: list[Sequence[str]] = []
    columns = []
    for key in shown:
        values = [float(row[key]) if row[key] else float("nan") for row in result.rows]
        scale, unit = scale_of(BY_KEY[key].unit, values)
        decimals = decimals_for([scale * value for value in values])
        columns.append([f"{SWEEP_KEYS[key]}, {unit}", *(number(scale * value, decimals) for value in values)])
    table = list(zip(*[[key, *(row[key] for row in result.rows)] for key in swept], *columns, strict=True))
    widths = [max(len(row[at]) for row in table) + 1 for at in range(len(table[0]))]
    lines = [aligned(table[:1], widths), "-" * (sum(widths) + len(widths) - 1), aligned(table[1:], widths)]
    if result.resumed:
        lines.append(
            f"{result.resumed} of {len(result.rows)} points were saved before and not simulated again."
        )
    return "\n".join([*lines, f"Intervals and more measures are in {result.folder / 'sweep.csv'}."])


def _columns_of_measures() -> set[str]:
    return {f"{key}{end}" for key in TABLE_KEYS for end in ("", "_low", "_high")}
