"""Plain text tables for a terminal of 100 columns: what an official reads first.

Numbers are rounded for reading, never for computing. All words stand in ``WORDS``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
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
LABEL_WIDTH = 31
COLUMN_WIDTH = 22
DASH = "-"

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
    "compared_with": "Each column shows a value and, below it, the difference from {first}.",
    "span": "{days:.3g} simulated days, {replications} replications. Counts are scaled to a year.",
    "span_one": "{days:.3g} simulated days, one replication: no interval, no verdict. Counts are a year.",
    "unchanged": "What did not change (surely by less than 5 %): {names}.",
    "nothing_unchanged": "Nothing that was looked at surely stayed within 5 % of {first}.",
    "verdicts": "better, worse: clear at 5 % over this whole table (Holm). unclear: chance may explain it.",
    "few": "too few: under 30 events in all replications.",
    "chance": "The intervals (95 %) cover chance, not the assumptions.",
    "pairing": "Scenarios face the same incidents, so differences vary {factor:.1f} times less (variance).",
    "spread": "Between the best- and the worst-served regency, minutes until the first needed unit is there:",
    "sensitivity": "How far the assumptions move this (difference from {first} at low | middle | high):",
    "turn": "  {assumption} at {at}: {label} in {scenario} becomes '{verdict}' instead of '{instead_of}'",
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
    "genuine_found_nobody": "People reporting who found nobody free or no line",
    "one_person_hours": "One person on duty, hours a week per centre",
    "cost_per_report": "Cost per genuine report by 112",
    "lost": "Incidents lost on the worst day",
    "response_capped_s": "Until the first needed unit is there, mean",
    "reached_within_share": "Incidents reached within target",
}
"""Shorter or plainer names for the first screen."""

NAMES = {
    "alert_capped_s": "the time until the last needed agency is alerted",
    "life_reached_within_share": "life-threatening incidents reached within target",
    "unreported": "incidents nobody got through for",
    "genuine_found_nobody": "people reporting who found nobody free or no line",
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


def first_screen(
    question: str,
    comparison: Comparison,
    sensitivities: Sequence[Sensitivity] = (),
    notes: Sequence[str] = (),
) -> str:
    """What an official reads: the question, the headline by scenario, what did not change, and how sure it
    is.

    ``notes`` are further lines, such as what the caps are.
    """
    first = comparison.scenarios[0]
    keys = tuple(dict.fromkeys(row.measure for row in comparison.headline))
    span = WORDS["span_one" if comparison.replications == 1 else "span"]
    parts = [
        _wrapped(question),
        span.format(days=comparison.window_days, replications=comparison.replications),
        *([WORDS["compared_with"].format(first=first)] if len(comparison.scenarios) > 1 else []),
        "",
    ]
    for names in _blocks(comparison.scenarios):
        parts += [_headline_block(comparison, keys, names), ""]
    if len(comparison.scenarios) > 1:
        parts.append(_wrapped(_unchanged_sentence(comparison)))
    parts += [_wrapped(line) for line in (_regency_sentence(comparison),) if line]
    if comparison.spreads:
        parts += [_spread_lines(comparison), ""]
    parts += [_wrapped(note) for note in (_target_note(comparison), *notes)]
    if len(comparison.scenarios) > 1 and comparison.replications > 1:
        parts.append(WORDS["verdicts"])
    if any(row.is_few for row in comparison.headline):
        parts.append(WORDS["few"])
    parts.append(WORDS["chance"])
    if isfinite(comparison.variance_reduction):
        parts.append(WORDS["pairing"].format(factor=comparison.variance_reduction))
    if sensitivities:
        parts += ["", sensitivity_lines(sensitivities, first)]
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)


def _blocks(scenarios: Sequence[str]) -> list[tuple[str, ...]]:
    """Scenarios in blocks that fit the width, the first one in each."""
    fits = (WIDTH - LABEL_WIDTH) // (COLUMN_WIDTH + 1) - 1
    others = scenarios[1:]
    starts = range(0, max(len(others), 1), fits)
    return [(scenarios[0], *others[start : start + fits]) for start in starts]


def _headline_block(comparison: Comparison, keys: Sequence[str], names: Sequence[str]) -> str:
    widths = [LABEL_WIDTH, *[COLUMN_WIDTH] * len(names)]
    rows: list[Sequence[str]] = [["", *(_short(name, COLUMN_WIDTH) for name in names)]]
    rows.append(["-" * (sum(widths) + len(names))])
    for key in keys:
        found = [comparison.row(key, name) for name in names]
        rows += _headline_lines(found)
    return aligned(rows[:1], widths) + "\n" + rows[1][0] + "\n" + aligned(rows[2:], widths)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _headline_lines(found: Sequence[Row]) -> list[list[str]]:
    """Two lines of one measure: values, then differences with their verdicts."""
    scale, unit = scale_of(found[0].unit, [row.value for row in found])
    values = [scale * row.value for row in found]
    bounds = [scale * bound for row in found[:1] for bound in (row.low, row.high)]
    decimals = decimals_for([*values, *bounds])
    label = LABELS.get(found[0].measure, found[0].label)
    lines = textwrap.wrap(f"{label}, {unit}", LABEL_WIDTH - 1, subsequent_indent="  ")
    lines += [""] * (2 - len(lines))
    upper = [
        with_bounds(scale * row.value, scale * row.low, scale * row.high, decimals) if at == 0 or row.is_few
        else number(scale * row.value, decimals)
        for at, row in enumerate(found)
    ]  # fmt: skip
    lower = ["", *(_difference_cell(row, scale, decimals) for row in found[1:])]
    return [[lines[0], *upper], [lines[1], *lower], *([line] for line in lines[2:])]


def _difference_cell(row: Row, scale: float, decimals: int) -> str:
    if not isfinite(row.difference):
        return ""
    verdict = WORDS[row.verdict]
    if row.verdict in ("same", "too few"):
        return verdict
    low, high = scale * row.difference_low, scale * row.difference_high
    half = (high - low) / 2
    text = number(scale * row.difference, decimals, signed=True)
    margin = f" ±{number(half, decimals)}" if isfinite(half) and half >= 0.5 * 10.0**-decimals else ""
    full = f"{text}{margin} {verdict}".rstrip()
    return full if len(full) <= COLUMN_WIDTH else f"{text} {verdict}"


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


def _spread_lines(comparison: Comparison) -> str:
    rows = [
        ["  " + row.scenario, with_bounds(row.value / 60, row.low / 60, row.high / 60, 1), f"  {row.member}"]
        for row in comparison.spreads
    ]
    lines = [f"{row[0]:<{LABEL_WIDTH}} {row[1]:>14}   {row[2].strip()}" for row in rows if row[1] != DASH]
    return "\n".join([WORDS["spread"], *lines]) if lines else ""


def sensitivity_lines(sensitivities: Sequence[Sensitivity], first: str) -> str:
    """The assumptions that move the headline most, and the verdicts that they turn."""
    rows: list[Sequence[str]] = []
    turns = []
    for item in sensitivities:
        if not item.measure:
            continue
        scale, unit = (1 / 60, "min") if item.unit == "s" else scale_of(item.unit, item.differences)
        decimals = decimals_for([scale * value for value in item.differences])
        low, middle, high = (number(scale * value, decimals, signed=True) for value in item.differences)
        what = f"{_short(item.scenario, 12)}: {LABELS.get(item.measure, item.measure)}"
        rows.append([f"  {_short(item.assumption, 30)}", f"{low} | {middle} | {high} {unit}", what])
        turns += [
            WORDS["turn"].format(
                assumption=item.assumption, at=WORDS[turn.at], scenario=turn.scenario,
                label=LABELS.get(turn.measure, turn.measure),
                verdict=turn.verdict, instead_of=turn.instead_of,
            )
            for turn in item.turns
        ]  # fmt: skip
    table = [f"{row[0]:<33}{row[1]:>26}  {_short(row[2], WIDTH - 61)}" for row in rows]
    ending = [textwrap.fill(turn, WIDTH, subsequent_indent="    ") for turn in turns] or [WORDS["no_turn"]]
    return "\n".join([WORDS["sensitivity"].format(first=first), *table, *ending])


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
    parts = []
    for names in _blocks(comparison.scenarios):
        widths = [LABEL_WIDTH, *[COLUMN_WIDTH] * len(names)]
        lines: list[Sequence[str]] = []
        for key in dict.fromkeys(row.measure for row in [*tested, *others]):
            found = [
                row
                for name in names
                for row in [*tested, *others]
                if (row.measure, row.scenario) == (key, name)
            ]
            lines += _headline_lines(found)
        header = [f"{WORDS['regency']}: {regency}", *(_short(name, COLUMN_WIDTH) for name in names)]
        parts += [aligned([header], widths), "-" * (sum(widths) + len(names)), aligned(lines, widths), ""]
    parts += [WORDS["regency_note"], WORDS["few"], WORDS["chance"]]
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
                WORDS[row.verdict],
            ]
        )
    return "\n".join([aligned(rows, [LABEL_WIDTH, 14, 14, 18, 11]), WORDS["regency_note"], WORDS["chance"]])


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
