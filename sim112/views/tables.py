"""Plain text tables for a terminal of 100 columns: what an official reads first.

Numbers are rounded for reading, never for computing. All words stand in ``WORDS``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan

from sim112.study.comparison import (
    Comparison,
    Estimate,
    Row,
    Runs,
    Sensitivity,
    estimate,
    estimate_quantile,
    measure_rows,
)
from sim112.study.definitions import BY_KEY, QUANTITIES
from sim112.study.kpis import Measures
from sim112.study.statistics import is_few

WIDTH = 100
LABEL_WIDTH = 30
COLUMN_WIDTH = 20
MOST_COLUMNS = 5
DASH = "-"

NEGLIGIBLE_SHARE = 0.01
"""A clear difference that surely stays within this share of the first scenario's value is negligible."""

WORDS = {
    "measure": "measure",
    "regency": "regency",
    "value": "value",
    "same": "no change",
    "better": "better",
    "worse": "WORSE",
    "not clear": "unclear",
    "too few": "too few",
    "one replication": "",
    "undefined": "",
    "baseline": "",
    "": "",
    "compared_with": " Below each value: its difference from {first}.",
    "at_same_use": " How many dial 112 is a guess: the last columns have few and many, in {first} too.",
    "span": "{replications} replications of {days:.3g} simulated days; counts are scaled to a year.",
    "span_one": "{days:.3g} simulated days, one replication: no interval, no verdict. Counts are a year.",
    "unchanged": "What did not change (surely by less than 5 %): {names}.",
    "nothing_unchanged": "Nothing that was looked at surely stayed within 5 % of {first}.",
    "verdicts": "better, worse: clear at 5 % over this whole table (Holm). unclear: chance may explain it.",
    "negligible": "negligible",
    "negligible_note": "negligible: clear, but surely within 1 % of {first}.",
    "few": "too few: under 30 events in all replications.",
    "chance": "The intervals (95 %) cover chance, not the assumptions.",
    "pairing": "Scenarios face the same incidents: differences vary {factor} times less (variance).",
    "spread": "Best- and worst-served regency ({members}) are this many minutes apart until the first needed "
    "unit is there: {gaps}.",
    "sensitivity": "The guesses that move this most (difference from {first} at low | middle | high):",
    "turns": "Verdicts that they turn:",
    "turn": "{label} in {scenario}: {verdict} with {at}",
    "no_turn": "No assumption that was tried turns a verdict.",
    "low": "low",
    "high": "high",
    "targets": "Within target: one needed agency is on scene within its time ({times} min) from "
    "the moment the first person decides to call.",
    "sooner": "All needed agencies know sooner, later (clear), of {number} regencies: {counts}.",
    "regency_note": "Verdicts: clear at 5 % over all regencies and scenarios together (Holm).",
}

LABELS = {
    "people_covered": "People covered by a 112 centre",
    "alert_capped_s": "Until the last needed agency is alerted, mean",
    "life_reached_within_share": "Life-threatening incidents reached within target",
    "unreported": "Incidents nobody got through for",
    "genuine_found_nobody": "People with news of an emergency who found nobody free or no line",
    "one_person_hours": "One person on duty, hours a week per centre",
    "cost_per_report": "Cost per emergency reported to 112",
    "unreported_a_day": "Incidents nobody got through for on the worst day",
    "response_capped_s": "Until the first needed unit is there, mean",
    "reached_within_share": "Incidents reached within target",
}
"""Shorter or plainer names for the first screen."""

NAMES = {
    "alert_capped_s": "the time until the last needed agency is alerted",
    "life_reached_within_share": "life-threatening incidents reached within target",
    "unreported": "incidents nobody got through for",
    "genuine_found_nobody": "people with news of an emergency who found nobody free or no line",
    "answer_delay_s": "the answer delay",
    "turnout_s": "turnout",
    "travel_s": "travel to the scene",
    "response_capped_s": "the time until the first needed unit is there",
    "utilisation": "how busy units are",
    "talk_s": "the talk",
    "waited_share": "the share of callers who wait",
}
"""Names of measures in the middle of a sentence."""

SHOWN_UNITS = {
    "calls/year": "a year",
    "incidents/year": "a year",
    "people/year": "a year",
    "trips/year": "a year",
    "incidents/day": "a day",
    "h/week": "h",
}


# ---- numbers -----------------------------------------------------------------------------------------------


def scale_of(unit: str, values: Iterable[float]) -> tuple[float, str]:
    """By what to multiply values of one row for reading, and the unit they are then shown in."""
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    if unit == "s":
        return (1 / 60, "min") if largest >= 120 else (1.0, "s")
    if unit == "share":
        return 100.0, "%"
    if unit == "people":
        return (1e-6, "million") if largest >= 1e6 else (1.0, "people")
    if unit.startswith("Rp"):
        per = unit.removeprefix("Rp")
        if largest >= 1e9:
            return 1e-9, f"Rp billion{per}"
        return (1e-6, f"Rp million{per}") if largest >= 1e6 else (1e-3, f"Rp thousand{per}")
    return 1.0, SHOWN_UNITS.get(unit, unit)


def decimals_for(values: Iterable[float]) -> int:
    """Decimals that show about three figures of the largest value."""
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    return 0 if largest >= 100 else 1 if largest >= 10 else 2


def number(value: float, decimals: int, signed: bool = False) -> str:
    """A number with thousands separators; a dash where it is not defined."""
    if not isfinite(value):
        return DASH
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text


def with_bounds(value: float, low: float, high: float, decimals: int, signed: bool = False) -> str:
    """A value with its interval: ``12.3 ±0.4`` where it is even, ``12.3 [11.9, 13.1]`` where it is not."""
    text = number(value, decimals, signed)
    if isnan(low) or isnan(high) or not isfinite(value) or high - low < 0.5 * 10.0**-decimals:
        return text
    if abs((high - value) - (value - low)) <= 0.02 * (high - low):
        return f"{text} ±{number((high - low) / 2, decimals)}"
    return f"{text} [{number(low, decimals)}, {number(high, decimals)}]"


def aligned(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    """Lay out rows: the first column to the left (wrapped, hanging), the others to the right."""
    lines = []
    for row in rows:
        label = textwrap.wrap(row[0], widths[0], subsequent_indent="  ") or [""]
        cells = "".join(f" {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=False))
        lines += label[:-1]
        lines.append(f"{label[-1]:<{widths[0]}}{cells}".rstrip())
    return "\n".join(lines)


# ---- the first screen of a comparison ----------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One column of a headline table: a scenario as a comparison has it, under its heading."""

    heading: str
    comparison: Comparison
    scenario: str
    note: str = ""  # second line of the heading

    def row(self, measure: str) -> Row | None:
        """The scenario's row of a measure; None where this comparison does not have it."""
        found = [r for r in self.comparison.headline if (r.measure, r.scenario) == (measure, self.scenario)]
        return found[0] if found else None


def first_screen(
    question: str,
    comparison: Comparison,
    sensitivities: Sequence[Sensitivity] = (),
    notes: Sequence[str] = (),
    levels: Sequence[Column] = (),
) -> str:
    """What an official reads: the question, the headline by scenario, what did not change, how sure it is.

    ``levels`` are further columns, a scenario at low and at high use of 112; ``notes`` are further lines,
    such as what the caps are.
    """
    first = comparison.scenarios[0]
    keys = tuple(dict.fromkeys(row.measure for row in comparison.headline))
    columns = [*(Column(name, comparison, name) for name in comparison.scenarios), *levels]
    span = WORDS["span_one" if comparison.replications == 1 else "span"]
    several = len(comparison.scenarios) > 1
    parts = [
        _wrapped(question),
        _wrapped(
            span.format(days=comparison.window_days, replications=comparison.replications)
            + (WORDS["compared_with"].format(first=first) if several else "")
            + (WORDS["at_same_use"].format(first=first) if levels else "")
        ),
        "",
    ]
    for block in _blocks(columns):
        parts += [headline_table("", keys, block), ""]
    if several:
        parts.append(_wrapped(_unchanged_sentence(comparison)))
    parts += [
        _wrapped(line) for line in (_spread_sentence(comparison), _regency_sentence(comparison)) if line
    ]
    if sensitivities:
        parts += ["", sensitivity_lines(sensitivities, first)]
    parts.append("")
    parts += [_wrapped(note) for note in (_target_note(comparison), *notes)]
    verdicts = [WORDS["verdicts"]] if several and comparison.replications > 1 else []
    shown = [row for key in keys for column in columns if (row := column.row(key)) is not None]
    verdicts += _verdict_notes(shown, first)
    few = [WORDS["few"]] if any(row.is_few for row in comparison.headline) else []
    parts.append(_wrapped(" ".join([*verdicts, *few, WORDS["chance"], _pairing(comparison)])))
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)


def _pairing(comparison: Comparison) -> str:
    factor = comparison.variance_reduction
    return WORDS["pairing"].format(factor=number(factor, 0)) if isfinite(factor) else ""


def _blocks(columns: Sequence[Column]) -> list[list[Column]]:
    """Columns in blocks that fit the width, the first one in each."""
    others = columns[1:]
    starts = range(0, max(len(others), 1), MOST_COLUMNS - 1)
    return [[columns[0], *others[start : start + MOST_COLUMNS - 1]] for start in starts]


def headline_table(title: str, keys: Sequence[str], columns: Sequence[Column]) -> str:
    """Measures by scenario, three lines each: values, differences from the first scenario, verdicts."""
    width = min(COLUMN_WIDTH, (WIDTH - LABEL_WIDTH) // len(columns) - 1)
    widths = [LABEL_WIDTH, *[width] * len(columns)]
    header: list[Sequence[str]] = [[title, *(_short(column.heading, width) for column in columns)]]
    if any(column.note for column in columns):
        header.append(["", *(_short(column.note, width) for column in columns)])
    lines: list[Sequence[str]] = []
    for key in keys:
        lines += _headline_lines([column.row(key) for column in columns], width)
    return "\n".join([aligned(header, widths), "-" * (sum(widths) + len(columns)), aligned(lines, widths)])


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _headline_lines(found: Sequence[Row | None], width: int) -> list[list[str]]:
    """Lines of one measure: values, then differences, then verdicts (left out where all are empty)."""
    rows = [row for row in found if row is not None]
    scale, unit = scale_of(rows[0].unit, [row.value for row in rows])
    bounds = [scale * bound for bound in (rows[0].low, rows[0].high)]
    decimals = decimals_for([*(scale * row.value for row in rows), *bounds])
    label = LABELS.get(rows[0].measure, rows[0].label)
    labels = textwrap.wrap(f"{label}, {unit}", LABEL_WIDTH - 1, subsequent_indent="  ")
    cells = [[""] * 3 if row is None else _cell_lines(row, scale, decimals, width) for row in found]
    lines = [list(line) for line in zip(*cells, strict=True)]
    while len(lines) > len(labels) and not any(lines[-1]):
        lines.pop()
    labels += [""] * (len(lines) - len(labels))
    lines += [[""] * len(found) for _ in range(len(labels) - len(lines))]
    return [[name, *line] for name, line in zip(labels, lines, strict=True)]


def is_negligible(row: Row) -> bool:
    """Whether a difference is clear, and as clearly too small to matter."""
    bound = NEGLIGIBLE_SHARE * abs(row.value - row.difference)
    reach = max(abs(row.difference), abs(row.difference_low), abs(row.difference_high))
    return row.verdict in ("better", "worse") and reach <= bound


def verdict_word(row: Row) -> str:
    """A verdict as it is printed."""
    return WORDS["negligible" if is_negligible(row) else row.verdict]


def _verdict_notes(rows: Iterable[Row], first: str) -> list[str]:
    """What the printed verdicts mean, as far as it needs saying."""
    return [WORDS["negligible_note"].format(first=first)] if any(map(is_negligible, rows)) else []


def _cell_lines(row: Row, scale: float, decimals: int, width: int) -> list[str]:
    value = number(scale * row.value, decimals)
    if row.verdict == "baseline" or row.is_few:
        with_interval = with_bounds(scale * row.value, scale * row.low, scale * row.high, decimals)
        value = with_interval if len(with_interval) <= width else value
    if not isfinite(row.difference) or row.verdict == "baseline":
        return [value, "", ""]
    verdict = verdict_word(row)
    if row.verdict in ("same", "too few"):
        return [value, verdict, ""]
    half = scale * (row.difference_high - row.difference_low) / 2
    text = number(scale * row.difference, decimals, signed=True)
    margin = f" ±{number(half, decimals)}" if isfinite(half) and half >= 0.5 * 10.0**-decimals else ""
    return [value, f"{text}{margin}" if len(f"{text}{margin}") <= width else text, verdict]


def _unchanged_sentence(comparison: Comparison) -> str:
    if not comparison.unchanged:
        return WORDS["nothing_unchanged"].format(first=comparison.scenarios[0])
    names = []
    for key, value in comparison.unchanged:
        scale, unit = scale_of(BY_KEY[key].unit, [value])
        shown = f"{number(scale * value, decimals_for([scale * value]))} {unit}".replace(" %", " %")
        names.append(f"{NAMES.get(key, BY_KEY[key].label)} ({shown})")
    return WORDS["unchanged"].format(names=", ".join(names))


def _regency_sentence(comparison: Comparison) -> str:
    """In how many regencies the agencies clearly know sooner or later than in the first scenario."""
    rows = [row for row in comparison.regencies if row.measure == "alert_capped_s"]
    if comparison.replications == 1 or len(comparison.scenarios) == 1:
        return ""
    counts = []
    for name in comparison.scenarios[1:]:
        verdicts = [row.verdict for row in rows if row.scenario == name]
        counts.append(f"{name} {verdicts.count('better')}, {verdicts.count('worse')}")
    number = len({row.member for row in rows})
    return WORDS["sooner"].format(number=number, counts="; ".join(counts))


def _target_note(comparison: Comparison) -> str:
    targets = comparison.targets
    times = ", ".join(
        f"{agency} {seconds / 60:g}" for agency, seconds in targets.response_target_s.model_dump().items()
    )
    return WORDS["targets"].format(times=times)


def _spread_sentence(comparison: Comparison) -> str:
    """How far apart the best- and the worst-served regency are, by scenario."""
    known = [row for row in comparison.spreads if isfinite(row.value)]
    gaps = [f"{row.scenario} {with_bounds(row.value / 60, row.low / 60, row.high / 60, 1)}" for row in known]
    return WORDS["spread"].format(gaps=", ".join(gaps), members=known[0].member) if known else ""


def sensitivity_lines(sensitivities: Sequence[Sensitivity], first: str) -> str:
    """The assumptions that move the headline most, and the verdicts that they turn."""
    rows: list[str] = []
    turned: dict[tuple[str, str, str], list[str]] = {}
    for item in sensitivities:
        if not item.measure:
            continue
        scale, unit = (1 / 60, "min") if item.unit == "s" else scale_of(item.unit, item.differences)
        decimals = decimals_for([scale * value for value in item.differences])
        low, middle, high = (number(scale * value, decimals, signed=True) for value in item.differences)
        what = f"{_name(item.measure)} in {item.scenario}"
        moves = f"{low} | {middle} | {high} {unit}"
        rows.append(f"  {_short(item.assumption, 28):<29}{moves:>36}  {_short(what, WIDTH - 69)}")
        for turn in item.turns:
            key = (turn.measure, turn.scenario, WORDS[turn.verdict] or turn.verdict)
            turned.setdefault(key, []).append(f"{item.assumption} {WORDS[turn.at]}")
    turns = [
        WORDS["turn"].format(
            label=_name(measure), scenario=scenario, verdict=verdict, at=", ".join(causes)
        )
        for (measure, scenario, verdict), causes in turned.items()
    ]  # fmt: skip
    ending = [textwrap.fill(turn, WIDTH, initial_indent="  ", subsequent_indent="    ") for turn in turns]
    title = WORDS["sensitivity"].format(first=first)
    return "\n".join([title, *rows, *([WORDS["turns"], *ending] if turns else [WORDS["no_turn"]])])


def _name(measure: str) -> str:
    return NAMES.get(measure) or LABELS.get(measure) or BY_KEY[measure].label


# ---- one regency, one scenario -----------------------------------------------------------------------------


def regency_table(comparison: Comparison, runs: Runs, regency: str) -> str:
    """What changes in one regency, such as ``pati``: the tested rows, and beside them what the numbers rest
    on.

    Raises KeyError for a regency that is not simulated.
    """
    members = next(iter(runs.values()))[0].members("regency")
    if regency not in members:
        raise KeyError(f"{regency}: not among the simulated regencies")
    tested = [row for row in comparison.regencies if row.member == regency]
    untested = ("people_covered", "response_capped_s", "reached_within_share", "genuine_found_nobody")
    others = [row for key in untested for row in measure_rows(key, runs, "regency") if row.member == regency]
    here = replace(comparison, headline=(*tested, *others))
    keys = tuple(dict.fromkeys(row.measure for row in here.headline))
    parts = []
    for block in _blocks([Column(name, here, name) for name in comparison.scenarios]):
        parts += [headline_table(f"{WORDS['regency']}: {regency}", keys, block), ""]
    notes = [WORDS["regency_note"], *_verdict_notes(here.headline, comparison.scenarios[0]), WORDS["few"]]
    parts.append(_wrapped(" ".join([*notes, WORDS["chance"]])))
    return "\n".join(parts)


def regencies_table(comparison: Comparison, measure: str, scenario: str) -> str:
    """One tested measure in every regency: baseline, scenario, difference and verdict, largest difference
    first.
    """
    first = comparison.scenarios[0]
    chosen = {
        row.member: row for row in comparison.regencies if row.measure == measure and row.scenario == scenario
    }
    base = {
        row.member: row for row in comparison.regencies if row.measure == measure and row.scenario == first
    }
    ranked = sorted(
        chosen.values(), key=lambda row: -abs(row.difference) if isfinite(row.difference) else 0.0
    )
    if not ranked:
        return ""
    scale, unit = scale_of(ranked[0].unit, [row.value for row in [*chosen.values(), *base.values()]])
    decimals = decimals_for([scale * row.value for row in chosen.values()])
    rows: list[Sequence[str]] = [
        [f"{LABELS.get(measure, measure)}, {unit}", first, scenario, "difference", ""]
    ]
    for row in ranked:
        low, high = scale * row.difference_low, scale * row.difference_high
        rows.append(
            [
                row.member,
                number(scale * base[row.member].value, decimals),
                number(scale * row.value, decimals),
                with_bounds(scale * row.difference, low, high, decimals, signed=True),
                verdict_word(row),
            ]
        )
    notes = [WORDS["regency_note"], *_verdict_notes(ranked, first), WORDS["chance"]]
    return "\n".join([aligned(rows, [LABEL_WIDTH, 14, 14, 18, 11]), *notes])


RUN_KEYS = (
    *("people_covered", "offered", "genuine_answered_112", "answered_within_share", "blocked_share"),
    *("abandoned_share", "answer_delay_s", "waited_share", "occupancy", "one_person_hours"),
    *("incidents_needing_unit", "unreported", "alert_capped_s", "call_processing_s", "response_capped_s"),
    *("reached_within_share", "life_reached_within_share", "turnout_s", "travel_s", "utilisation"),
    *("genuine_found_nobody", "cost_per_report"),
)
"""What ``run`` prints of one scenario."""


def scenario_table(name: str, runs: Sequence[Measures], keys: Sequence[str] = RUN_KEYS) -> str:
    """One scenario, for the province: each measure with its interval over replications, and its quantiles."""
    rows: list[Sequence[str]] = [[name, "", ""]]
    rows += [_estimate_line(BY_KEY[key].label, BY_KEY[key].unit, estimate(key, runs)) for key in keys]
    for quantity, key in QUANTITIES.items():
        for share in (0.5, 0.9):
            label = f"{BY_KEY[key].label}, p{100 * share:g}"
            rows.append(_estimate_line(label, "s", estimate_quantile(quantity, share, runs)))
    count = sum(run.replications for run in runs)
    days = float(runs[0].total("days", "province")[0]) / runs[0].replications
    span = WORDS["span_one" if len(runs) == 1 else "span"].format(days=days, replications=count)
    return "\n".join([span, aligned(rows, [56, 28, 14]), WORDS["chance"]])


def _estimate_line(label: str, unit: str, found: Estimate) -> list[str]:
    value, low, high = (
        float(part[0]) for part in (found.interval.value, found.interval.low, found.interval.high)
    )
    scale, shown = scale_of(unit, [value])
    decimals = decimals_for([scale * value])
    few = f" ({WORDS['too few']})" if is_few(found.events)[0] and isfinite(value) else ""
    return [f"{label}, {shown}", with_bounds(scale * value, scale * low, scale * high, decimals), few]
