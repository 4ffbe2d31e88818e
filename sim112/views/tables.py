"""Plain text tables for a terminal of 100 columns: what an official reads first.

Numbers are rounded for reading, never for computing. All words are those of ``views/words``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan

from sim112.study.comparison import (
    Comparison,
    Estimate,
    Row,
    Sensitivity,
    estimate,
    estimate_quantile,
)
from sim112.study.definitions import BY_KEY, QUANTITIES
from sim112.study.kpis import Measures
from sim112.study.statistics import is_few
from sim112.views.words import Words
from sim112.views.words import words as words_of

WIDTH = 100
LABEL_WIDTH = 30
COLUMN_WIDTH = 20
MOST_COLUMNS = 5

NEGLIGIBLE_SHARE = 0.01
"""A clear difference that surely stays within this share of the first scenario's value is negligible."""

NEARLY_EVEN = 0.1
"""An interval whose sides differ by at most this share of its width is printed with ±."""

ENGLISH = words_of("en")


# ---- numbers -----------------------------------------------------------------------------------------------


def scale_of(unit: str, values: Iterable[float], words: Words = ENGLISH) -> tuple[float, str]:
    """By what to multiply values of one row for reading, and the unit they are then shown in."""
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    if unit == "s":
        return (1 / 60, words.say("units.min")) if largest >= 120 else (1.0, words.say("units.s"))
    if unit == "share":
        return 100.0, "%"
    if unit == "people":
        if largest >= 1e6:
            return 1e-6, words.say("units.million")
        return 1.0, words.say("units.people")
    if unit.startswith("Rp"):
        per = words.say(f"units.{unit.removeprefix('Rp/')}")
        if largest >= 1e9:
            return 1e-9, words.say("units.rp_billion", per=per)
        if largest >= 1e6:
            return 1e-6, words.say("units.rp_million", per=per)
        return 1e-3, words.say("units.rp_thousand", per=per)
    return 1.0, words.named("units", unit)


def decimals_for(values: Iterable[float]) -> int:
    """Decimals that show about three figures of the largest value."""
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    return 0 if largest >= 100 else 1 if largest >= 10 else 2


def number(value: float, decimals: int, signed: bool = False, words: Words = ENGLISH) -> str:
    """A number with thousands separators; a dash where it is not defined."""
    return words.number(value, decimals, signed)


def with_bounds(
    value: float, low: float, high: float, decimals: int, signed: bool = False, words: Words = ENGLISH
) -> str:
    """A value with its interval: ``12.3 ±0.4`` where it is nearly even, ``12.3 [11.9, 13.1]`` where not."""
    text = words.number(value, decimals, signed)
    if isnan(low) or isnan(high) or not isfinite(value) or high - low < 0.5 * 10.0**-decimals:
        return text
    if abs((high - value) - (value - low)) <= NEARLY_EVEN * (high - low):
        return f"{text} ±{words.number((high - low) / 2, decimals)}"
    between = ", " if words.lang == "en" else "; "  # where the comma is in the numbers
    return f"{text} [{words.number(low, decimals)}{between}{words.number(high, decimals)}]"


def headline_label(measure: str, words: Words) -> str:
    """A measure at the start of a row of the first screen: shorter or plainer than its own label."""
    key = f"headline.{measure}"
    return words.say(key) if words.has(key) else words.say(f"measures.{measure}")


def name_in_sentence(measure: str, words: Words) -> str:
    """A measure in the middle of a sentence."""
    key = f"in_sentence.{measure}"
    return words.say(key) if words.has(key) else headline_label(measure, words)


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
    words: Words = ENGLISH,
) -> str:
    """What an official reads: the question, the headline by scenario, what did not change, how sure it is.

    ``levels`` are further columns, a scenario at low and at high use of 112; ``notes`` are further lines,
    such as what the caps are.
    """
    first = comparison.scenarios[0]
    keys = tuple(dict.fromkeys(row.measure for row in comparison.headline))
    columns = [*(Column(name, comparison, name) for name in comparison.scenarios), *levels]
    several = len(comparison.scenarios) > 1
    parts = [
        _wrapped(question),
        _wrapped(
            words.say("tables.span", days=comparison.window_days, count=comparison.replications)
            + (words.say("tables.compared_with", first=first) if several else "")
            + (words.say("tables.at_same_use", first=first) if levels else "")
        ),
        "",
    ]
    for block in blocks_of(columns):
        parts += [headline_table("", keys, block, words), ""]
    if several:
        parts.append(_wrapped(unchanged_sentence(comparison, words)))
    sentences = (_spread_sentence(comparison, words), _regency_sentence(comparison, words))
    parts += [_wrapped(line) for line in sentences if line]
    if sensitivities:
        parts += ["", sensitivity_lines(sensitivities, first, words)]
    parts.append("")
    parts += [_wrapped(note) for note in (_target_note(comparison, words), *notes)]
    verdicts = [words.say("tables.verdicts")] if several and comparison.replications > 1 else []
    shown = [row for key in keys for column in columns if (row := column.row(key)) is not None]
    verdicts += _verdict_notes(shown, first, words)
    few = [words.say("tables.few")] if any(row.is_few for row in comparison.headline) else []
    ending = [*verdicts, *few, words.say("tables.chance"), _pairing(comparison, words)]
    parts.append(_wrapped(" ".join(ending)))
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)


def _pairing(comparison: Comparison, words: Words) -> str:
    factors = [row.variance_reduction for row in comparison.headline if isfinite(row.variance_reduction)]
    return (
        words.say(
            "tables.pairing",
            factor=words.number(comparison.variance_reduction),
            low=_times(min(factors), words),
            high=_times(max(factors), words),
        )
        if factors
        else ""
    )


def _times(factor: float, words: Words) -> str:
    return words.number(factor, 0 if factor >= 10 else 1)


def blocks_of(columns: Sequence[Column]) -> list[list[Column]]:
    """Columns in blocks that fit the width, the first one in each."""
    others = columns[1:]
    starts = range(0, max(len(others), 1), MOST_COLUMNS - 1)
    return [[columns[0], *others[start : start + MOST_COLUMNS - 1]] for start in starts]


def headline_table(title: str, keys: Sequence[str], columns: Sequence[Column], words: Words = ENGLISH) -> str:
    """Measures by scenario, three lines each: values, differences from the first scenario, verdicts."""
    width = min(COLUMN_WIDTH, (WIDTH - LABEL_WIDTH) // len(columns) - 1)
    widths = [LABEL_WIDTH, *[width] * len(columns)]
    header: list[Sequence[str]] = [[title, *(_short(column.heading, width) for column in columns)]]
    if any(column.note for column in columns):
        header.append(["", *(_short(column.note, width) for column in columns)])
    lines: list[Sequence[str]] = []
    for key in keys:
        lines += _headline_lines([column.row(key) for column in columns], width, words)
    return "\n".join([aligned(header, widths), "-" * (sum(widths) + len(columns)), aligned(lines, widths)])


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _headline_lines(found: Sequence[Row | None], width: int, words: Words) -> list[list[str]]:
    """Lines of one measure: values, then differences, then verdicts (left out where all are empty)."""
    rows = [row for row in found if row is not None]
    scale, unit = scale_of(rows[0].unit, [row.value for row in rows], words)
    bounds = [scale * bound for bound in (rows[0].low, rows[0].high)]
    decimals = decimals_for([*(scale * row.value for row in rows), *bounds])
    label = headline_label(rows[0].measure, words)
    labels = textwrap.wrap(f"{label}, {unit}", LABEL_WIDTH - 1, subsequent_indent="  ")
    cells = [[""] * 3 if row is None else _cell_lines(row, scale, decimals, width, words) for row in found]
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


def verdict_word(row: Row, words: Words = ENGLISH) -> str:
    """A verdict as it is printed; empty where there is none."""
    verdict = "negligible" if is_negligible(row) else row.verdict
    return words.say(f"verdicts.{verdict}") if words.has(f"verdicts.{verdict}") else ""


def _verdict_notes(rows: Iterable[Row], first: str, words: Words) -> list[str]:
    """What the printed verdicts mean, as far as it needs saying."""
    return [words.say("tables.negligible_note", first=first)] if any(map(is_negligible, rows)) else []


def _cell_lines(row: Row, scale: float, decimals: int, width: int, words: Words = ENGLISH) -> list[str]:
    value = words.number(scale * row.value, decimals)
    if row.verdict == "baseline" or row.is_few:
        bounds = (scale * row.low, scale * row.high)
        with_interval = with_bounds(scale * row.value, *bounds, decimals, words=words)
        even = f"{value} ±{words.number((bounds[1] - bounds[0]) / 2, decimals)}"  # shorter, and less exact
        texts = [with_interval] if row.is_few else [with_interval, even]
        value = next((text for text in texts if len(text) <= width), value)
    if not isfinite(row.difference) or row.verdict == "baseline":
        return [value, "", ""]
    verdict = verdict_word(row, words)
    if row.verdict in ("same", "too few"):
        return [value, verdict, ""]
    half = scale * (row.difference_high - row.difference_low) / 2
    text = words.number(scale * row.difference, decimals, signed=True)
    margin = f" ±{words.number(half, decimals)}" if isfinite(half) and half >= 0.5 * 10.0**-decimals else ""
    return [value, f"{text}{margin}" if len(f"{text}{margin}") <= width else text, verdict]


def unchanged_sentence(comparison: Comparison, words: Words = ENGLISH) -> str:
    """Which measures surely stayed about as they were in every scenario, with their first value."""
    if not comparison.unchanged:
        return words.say("tables.nothing_unchanged", first=comparison.scenarios[0])
    names = []
    for key, value in comparison.unchanged:
        if BY_KEY[key].unit == "share":
            shown = words.percent(value, decimals_for([100 * value]))
        else:
            scale, unit = scale_of(BY_KEY[key].unit, [value], words)
            shown = f"{words.number(scale * value, decimals_for([scale * value]))} {unit}"
        names.append(f"{name_in_sentence(key, words)} ({shown})")
    return words.say("tables.unchanged", names=", ".join(names))


def _regency_sentence(comparison: Comparison, words: Words) -> str:
    """In how many regencies the agencies clearly know sooner or later than in the first scenario."""
    rows = [row for row in comparison.regencies if row.measure == "alert_capped_s"]
    if comparison.replications == 1 or len(comparison.scenarios) == 1:
        return ""
    counts = []
    for name in comparison.scenarios[1:]:
        verdicts = [row.verdict for row in rows if row.scenario == name]
        counts.append(f"{name} {verdicts.count('better')}, {verdicts.count('worse')}")
    number = len({row.member for row in rows})
    return words.say("tables.sooner", number=number, counts="; ".join(counts))


def _target_note(comparison: Comparison, words: Words) -> str:
    targets = comparison.targets.response_target_s.model_dump()
    times = ", ".join(
        f"{words.named('agencies', agency)} {words.short(target_s / 60)}"
        for agency, target_s in targets.items()
    )
    return words.say("tables.targets", times=times)


def _spread_sentence(comparison: Comparison, words: Words) -> str:
    """How far apart the best- and the worst-served regency are, by scenario."""
    known = [row for row in comparison.spreads if isfinite(row.value)]
    gaps = [
        f"{row.scenario} {with_bounds(row.value / 60, row.low / 60, row.high / 60, 1, words=words)}"
        for row in known
    ]
    told = {"members": known[0].member, "gaps": ", ".join(gaps)} if known else {}
    return words.say("tables.spread", **told) if known else ""


def sensitivity_lines(sensitivities: Sequence[Sensitivity], first: str, words: Words = ENGLISH) -> str:
    """The assumptions that move the headline most, and the verdicts that they turn."""
    rows: list[str] = []
    turned: dict[tuple[str, str, str], list[str]] = {}
    for item in sensitivities:
        if not item.measure:
            continue
        assumption = suspect_name(item.assumption, words)
        if item.unit == "s":
            scale, unit = 1 / 60, words.say("units.min")
        else:
            scale, unit = scale_of(item.unit, item.differences, words)
        decimals = decimals_for([scale * value for value in item.differences])
        low, middle, high = (words.number(scale * value, decimals, signed=True) for value in item.differences)
        name = name_in_sentence(item.measure, words)
        what = words.say("tables.in_scenario", measure=name, scenario=item.scenario)
        moves = f"{low} | {middle} | {high} {unit}"
        rows.append(f"  {_short(assumption, 28):<29}{moves:>36}  {_short(what, WIDTH - 69)}")
        for turn in item.turns:
            verdict = words.named("verdicts", turn.verdict)
            causes = turned.setdefault((turn.measure, turn.scenario, verdict), [])
            causes.append(f"{assumption} {words.say(f'tables.{turn.at}')}")
    turns = [
        words.say(
            "tables.turn",
            label=name_in_sentence(measure, words), scenario=scenario, verdict=verdict, at=", ".join(causes),
        )
        for (measure, scenario, verdict), causes in turned.items()
    ]  # fmt: skip
    ending = [textwrap.fill(turn, WIDTH, initial_indent="  ", subsequent_indent="    ") for turn in turns]
    ending = [words.say("tables.turns"), *ending] if turns else [words.say("tables.no_turn")]
    return "\n".join([words.say("tables.sensitivity", first=first), *rows, *ending])


def suspect_name(assumption: str, words: Words) -> str:
    """What a suspect is called; its name in the settings where the words have no other."""
    key = f"suspects.{assumption}"
    return words.say(key) if words.has(key) else assumption


# ---- one scenario ------------------------------------------------------------------------------------------


RUN_KEYS = (
    *("people_covered", "offered", "genuine_answered_112", "answered_within_share", "blocked_share"),
    *("abandoned_share", "answer_delay_s", "waited_share", "occupancy", "one_person_hours"),
    *("incidents_needing_unit", "unreported", "alert_capped_s", "call_processing_s", "response_capped_s"),
    *("reached_within_share", "life_reached_within_share", "turnout_s", "travel_s", "utilisation"),
    *("genuine_found_nobody", "cost_per_report"),
)
"""What ``run`` prints of one scenario."""


def scenario_table(
    name: str,
    runs: Sequence[Measures],
    keys: Sequence[str] = RUN_KEYS,
    quantities: Iterable[str] = tuple(QUANTITIES),
    note: str = "",
    words: Words = ENGLISH,
) -> str:
    """One scenario, for the province: each measure with its interval over replications, and its quantiles."""
    rows: list[Sequence[str]] = [[name, "", ""]]
    for key in keys:
        label = words.say(f"measures.{key}")
        rows.append(_estimate_line(label, BY_KEY[key].unit, estimate(key, runs), words))
    for quantity in quantities:
        for share in (0.5, 0.9):
            of = words.say(f"measures.{QUANTITIES[quantity]}")
            label = words.say("tables.percentile", label=of, percent=100 * share)
            rows.append(_estimate_line(label, "s", estimate_quantile(quantity, share, runs), words))
    count = sum(run.replications for run in runs)
    days = float(runs[0].total("days", "province")[0]) / runs[0].replications
    span = _wrapped(words.say("tables.span", days=days, count=count))
    return "\n".join([span, aligned(rows, [56, 28, 14]), note or words.say("tables.chance")])


def _estimate_line(label: str, unit: str, found: Estimate, words: Words) -> list[str]:
    value, low, high = (
        float(part[0]) for part in (found.interval.value, found.interval.low, found.interval.high)
    )
    scale, shown = scale_of(unit, [value], words)
    decimals = decimals_for([scale * value])
    few = f"({words.say('verdicts.too few')})" if is_few(found.events)[0] and isfinite(value) else ""
    bounds = with_bounds(scale * value, scale * low, scale * high, decimals, words=words)
    return [f"{label}, {shown}", bounds, few]
