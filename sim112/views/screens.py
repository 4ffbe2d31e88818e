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
from sim112.study.results import ComparedResult, Result, most_covered
from sim112.study.sensitivity import ENDS
from sim112.study.sweep import TABLE_KEYS, SweepResult
from sim112.views.precision_lines import stopping_lines, warm_up_lines
from sim112.views.queue_screens import queue_screen, queues_screen
from sim112.views.scenario_words import regency_names, text_of
from sim112.views.tables import (
    WIDTH,
    Column,
    aligned,
    decimals_for,
    first_screen,
    headline_table,
    scale_of,
    scenario_table,
)
from sim112.views.words import Words
from sim112.views.words import words as words_of

SWEEP_KEYS = (
    *("answered_within_share", "genuine_found_nobody", "alert_capped_s", "life_reached_within_share"),
    *("unreported", "cost_per_report"),
)
"""What the table over the points of a sweep shows."""

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


def run_screen(result: Result) -> str:
    """One scenario: its question, its measures, and what of it is sourced and assumed."""
    scenario = result.scenario
    words = words_of(scenario.lang)
    if scenario.area.is_small_world:
        return "\n".join([queue_screen(result, words), *_sureness(result, words)])
    return "\n".join(
        [
            _wrapped(text_of(scenario, "question", words)),
            "",
            scenario_table(scenario.name, result.measures, words=words),
            *_sureness(result, words),
            "",
            _wrapped(words.say("screen.sourced", text=text_of(scenario, "sourced", words))),
            _wrapped(words.say("screen.assumed", text=text_of(scenario, "assumed", words))),
        ]
    )


def compare_screen(result: ComparedResult) -> str:
    """Several scenarios: their questions, the headline, the use of 112, how far assumptions move it."""
    words = words_of(result.scenarios[0].lang)
    if result.scenarios[0].area.is_small_world:
        return "\n".join([queues_screen(result, words), *_sureness(result, words)])
    levels = []
    if result.use:
        scenario = most_covered(result).name
        notes = [words.say(f"screen.{end}") for end in ENDS]
        levels = [
            Column(scenario, result.use[end], scenario, note) for end, note in zip(ENDS, notes, strict=True)
        ]
    question, caps = _question(result.scenarios, words), _caps(result, words)
    screen = first_screen(question, result.comparison, result.sensitivity, [caps], levels, words)
    lines = [_scenario_line(scenario, words) for scenario in result.scenarios]
    sureness = _sureness(result, words)
    tables = [f"\n{table}" for table in _local_tables(result, words)]
    return "\n".join([*lines, "", screen, *sureness, *tables])


def _sureness(result: Result | ComparedResult, words: Words) -> list[str]:
    """When the replications ended, where more than their number was asked for; a warm-up that is short."""
    lines = [] if result.stopping is None else ["", *stopping_lines(result.stopping, words)]
    return lines + [_wrapped(line) for line in warm_up_lines(result.warm_ups, words)]


def _local_tables(result: ComparedResult, words: Words) -> list[str]:
    """What changes in the regencies that have a centre in some scenarios only, if they are few."""
    worlds = [world_of(scenario) for scenario in result.scenarios]
    served = np.array([world.regency_desk != NONE for world in worlds])
    changed = np.flatnonzero(served.any(axis=0) & ~served.all(axis=0))
    if len(changed) > MOST_LOCAL:
        return []
    tested = result.comparison.regencies
    tested_keys = {row.measure for row in tested}
    tables = []
    names = regency_names(result.scenarios[0], words)
    for label in (worlds[0].regency_name[at] for at in changed):
        rows = []
        for key, scope in LOCAL_KEYS:
            of_key = tested if key in tested_keys else measure_rows(key, result.runs, scope)
            rows += [row for row in of_key if (row.measure, row.member) == (key, label)]
        here = replace(result.comparison, headline=tuple(rows))
        title = words.say("screen.here", regency=names.get(label, label))
        keys = [key for key, _ in LOCAL_KEYS]
        columns = [Column(name, here, name) for name in here.scenarios]
        tables.append(headline_table(title, keys, columns, words))
    return tables


def _question(scenarios: Sequence[Scenario], words: Words) -> str:
    names = regency_names(scenarios[0], words)
    whom = ", ".join(names.get(label, label) for label in scenarios[0].area.regencies)
    return words.say("screen.whom", whom=whom or words.say("screen.province"))


def _scenario_line(scenario: Scenario, words: Words) -> str:
    told = f"{scenario.name}: {text_of(scenario, 'question', words)}"
    return textwrap.fill(told, WIDTH, subsequent_indent="    ")


def _caps(result: ComparedResult, words: Words) -> str:
    cap_min = result.scenarios[0].targets.alert_cap_s / 60
    if result.stress is None:
        return words.say("screen.caps_calm", alert=cap_min)
    return words.say("screen.caps", alert=cap_min, stress=result.settings.stress)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)


def sweep_screen(result: SweepResult) -> str:
    """One line for each point: what was swept, and a few measures of the province."""
    words = words_of(result.lang)
    swept = [key for key in result.rows[0] if key not in _columns_of_measures()]
    shown = [key for key in SWEEP_KEYS if any(row[key] for row in result.rows)]
    table: list[Sequence[str]] = []
    columns = []
    for key in shown:
        values = [float(row[key]) if row[key] else float("nan") for row in result.rows]
        scale, unit = scale_of(BY_KEY[key].unit, values, words)
        decimals = decimals_for([scale * value for value in values])
        told = [words.number(scale * value, decimals) for value in values]
        columns.append([f"{words.say(f'sweep.{key}')}, {unit}", *told])
    table = list(zip(*[[key, *(row[key] for row in result.rows)] for key in swept], *columns, strict=True))
    widths = [max(len(row[at]) for row in table) + 1 for at in range(len(table[0]))]
    lines = [aligned(table[:1], widths), "-" * (sum(widths) + len(widths) - 1), aligned(table[1:], widths)]
    if result.resumed:
        lines.append(words.say("screen.resumed", done=result.resumed, all=len(result.rows)))
    return "\n".join([*lines, words.say("screen.sweep_file", file=str(result.folder / "sweep.csv"))])


def _columns_of_measures() -> set[str]:
    return {f"{key}{end}" for key in TABLE_KEYS for end in ("", "_low", "_high")}
