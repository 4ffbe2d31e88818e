"""What ``run`` and ``compare`` print of a small world: the measures of a queue, by desk and by kind."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from math import isfinite

from sim112.study.comparison import QUEUE_HEADLINE, estimate, measure_rows
from sim112.study.kpis import Measures
from sim112.study.results import ComparedResult, Result
from sim112.views.scenario_words import text_of
from sim112.views.tables import (
    WIDTH,
    Column,
    aligned,
    blocks_of,
    decimals_for,
    headline_table,
    scenario_table,
    with_bounds,
)
from sim112.views.words import Words

QUEUE_KEYS = (
    *("offered", "answered", "blocked_share", "hung_up_share", "abandoned_share", "waited_share", "wait_s"),
    *("answer_delay_s", "answered_within_share", "carried_erlang", "lines_held", "occupancy"),
    *("dispatcher_occupancy", "unit_wait_s", "unit_waited_share", "job_s", "utilisation", "unserved_share"),
)
"""What ``run`` prints of a small world, as far as it is defined there."""

PART_KEYS = ("offered", "blocked_share", "abandoned_share", "waited_share", "wait_s", "occupancy")
"""What is printed by desk and by kind, as far as it is kept there."""


def queue_screen(result: Result, words: Words) -> str:
    """One small world: its question, the measures of its queues, and these by desk and kind if several."""
    runs = result.measures
    keys = [key for key in QUEUE_KEYS if isfinite(float(estimate(key, runs).interval.value[0]))]
    parts = [
        _wrapped(text_of(result.scenario, "question", words)),
        "",
        scenario_table(result.scenario.name, runs, keys, ("wait_s",), words.say("queue.chance"), words),
    ]
    for scope in ("desk", "kind"):
        if len(runs[0].members(scope)) > 1:
            parts += ["", _table_of_parts(scope, runs, words)]
    return "\n".join(parts)


def queues_screen(result: ComparedResult, words: Words) -> str:
    """Several small worlds: how they differ from the first."""
    comparison = result.comparison
    lines = [_wrapped(f"{one.name}: {text_of(one, 'question', words)}") for one in result.scenarios]
    columns = [Column(name, comparison, name) for name in comparison.scenarios]
    keys = [
        key
        for key in QUEUE_HEADLINE
        if any(isfinite(row.value) for row in comparison.headline if row.measure == key)
    ]
    span = words.say("queue.span", replications=comparison.replications, first=comparison.scenarios[0])
    tables = [headline_table("", keys, block, words) for block in blocks_of(columns)]
    question, chance = words.say("queue.question"), words.say("queue.chance")
    return "\n".join([*lines, "", _wrapped(question), _wrapped(span), "", *tables, "", _wrapped(chance)])


def _table_of_parts(scope: str, runs: Sequence[Measures], words: Words) -> str:
    """A few measures of every desk or kind."""
    found = {key: measure_rows(key, {"": runs}, scope) for key in PART_KEYS}
    found = {key: rows for key, rows in found.items() if any(isfinite(row.value) for row in rows)}
    header = [words.say(f"queue.{scope}"), *(words.say(f"queue.part_{key}") for key in found)]
    table = [header]
    for at, member in enumerate(runs[0].members(scope)):
        cells = []
        for rows in found.values():
            row = rows[at]
            scale = 100.0 if row.unit == "share" else 1.0
            decimals = decimals_for([scale * row.value])
            low, high = scale * row.low, scale * row.high
            cells.append(with_bounds(scale * row.value, low, high, decimals, words=words))
        table.append([words.texts.get(f"kinds.{member}", member) if scope == "kind" else member, *cells])
    widths = [max(len(line[at]) for line in table) + 1 for at in range(len(header))]
    return aligned(table, widths)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)
