"""The tables of the report, as HTML: the headline, the measures of one scenario, what is assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite

from sim112.study.assumed import AssumedNumber, behind_suspect
from sim112.study.comparison import HEADLINE, QUEUE_HEADLINE, Row, Sensitivity
from sim112.study.definitions import BY_KEY
from sim112.study.saved_comparison import SavedComparison
from sim112.study.sensitivity import ENDS
from sim112.study.store import StoredRun
from sim112.views.findings import (
    Reading,
    clause,
    differences_at_ends,
    reading_of,
    subject_of,
)
from sim112.views.queue_screens import QUEUE_KEYS
from sim112.views.tables import (
    RUN_KEYS,
    Column,
    blocks_of,
    headline_label,
    is_negligible,
    suspect_name,
    verdict_word,
)
from sim112.views.words import DASH, Words
from sim112.views.words.numbers import told_number


@dataclass(frozen=True)
class Table:
    """Cells that are HTML already; ``look`` is a class of the style."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    look: str = ""

    def html(self) -> str:
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        look = f' class="{self.look}"' if self.look else ""
        head = "".join(f'<th scope="col">{cell}</th>' if cell else "<td></td>" for cell in self.head)
        rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        return (
            f'<div class="sheet" tabindex="0"><table{look}>{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )


def _cell(content: str) -> str:
    return content if content.startswith("<t") else f"<td>{content}</td>"


# ---- a comparison ------------------------------------------------------------------------------------------


def headline(saved: SavedComparison, words: Words) -> str:
    """The headline by scenario, then the scenario that covers most people at low and high use of 112."""
    comparison = saved.comparison
    first = comparison.scenarios[0]
    columns = [Column(name, comparison, name) for name in comparison.scenarios]
    if saved.use:
        named = _most_covered(saved)
        notes = {"low": words.say("report.few_dial"), "high": words.say("report.many_dial")}
        columns += [Column(named, saved.use[end], named, notes[end]) for end in ENDS if end in saved.use]
    keys = tuple(dict.fromkeys(row.measure for row in comparison.headline))
    tables = []
    for block in blocks_of(columns):
        head = ["", *(_heading(column) for column in block)]
        rows = [_headline_row(key, block, columns, words) for key in keys]
        caption = words.say("report.headline_caption", first=first)
        tables.append(Table(head, rows, caption).html())
    return "".join(tables) + _notes(_headline_notes(saved, columns, words))


def _most_covered(saved: SavedComparison) -> str:
    """The scenario whose centres cover most people; the first of them where several do."""
    rows = [row for row in saved.comparison.headline if row.measure == "people_covered"]
    return max(rows, key=lambda row: row.value).scenario if rows else saved.comparison.scenarios[-1]


def _heading(column: Column) -> str:
    note = f"<small>{escape(column.note)}</small>" if column.note else ""
    return f"{escape(column.heading)}{note}"


def _headline_row(key: str, block: Sequence[Column], columns: Sequence[Column], words: Words) -> list[str]:
    rows = [row for column in columns if (row := column.row(key)) is not None]
    reading = reading_of(rows, words)
    label = f"{escape(headline_label(key, words))}<small>{escape(reading.unit_name)}</small>"
    return [f'<th scope="row">{label}</th>', *(_value(column.row(key), reading, words) for column in block)]


def _value(row: Row | None, reading: Reading, words: Words) -> str:
    """A value and its interval, the difference with its own, and the verdict."""
    if row is None:
        return ""
    value = f'<span class="value">{escape(reading.plain(row.value))}</span>'
    bounds = reading.bounded("", row.low, row.high).strip()
    shown = f"{value}<small>{escape(bounds)}</small>" if bounds else value
    if row.verdict == "baseline" or not isfinite(row.difference):
        return shown
    if row.verdict not in ("same", "too few"):
        amount = reading.plain(row.difference, True)
        difference = reading.bounded(amount, row.difference_low, row.difference_high, True)
        shown = f"{value}<small>{escape(difference)}</small>"
    word = verdict_word(row, words).lower()
    look = row.verdict if row.verdict in ("better", "worse") and not is_negligible(row) else "open"
    return f'{shown}<span class="{look}">{escape(word)}</span>' if word else shown


def _headline_notes(saved: SavedComparison, columns: Sequence[Column], words: Words) -> list[str]:
    comparison = saved.comparison
    first = comparison.scenarios[0]
    keys = dict.fromkeys(row.measure for row in comparison.headline)
    shown = [row for key in keys for column in columns if (row := column.row(key)) is not None]
    notes = [words.say("tables.verdicts")] if comparison.replications > 1 else []
    if any(map(is_negligible, shown)):
        notes.append(words.say("tables.negligible_note", first=first))
    if any(row.is_few for row in shown):
        notes.append(words.say("tables.few"))
    targets = comparison.targets.response_target_s.model_dump()
    times = ", ".join(
        f"{words.named('agencies', agency)} {words.short(target_s / 60)}"
        for agency, target_s in targets.items()
    )
    if any(row.measure == "life_reached_within_share" for row in shown):
        notes.append(words.say("tables.targets", times=times))
        notes.append(words.say("screen.caps_calm", alert=comparison.targets.alert_cap_s / 60))
    notes.append(words.say("tables.chance"))
    return notes


def _notes(texts: Sequence[str]) -> str:
    return f'<p class="note">{escape(" ".join(texts))}</p>'


# ---- one scenario ------------------------------------------------------------------------------------------


def rows_of_run(stored: StoredRun) -> dict[str, Row]:
    """The measures of the province of one scenario, as rows without differences."""
    nothing = float("nan")
    found = {}
    for cell in stored.rows("summary"):
        if cell["scope"] != "province" or cell["measure"] not in BY_KEY:
            continue
        value, low, high, events = (
            float(cell[name]) if cell[name] else nothing for name in ("value", "low", "high", "events")
        )
        measure = BY_KEY[cell["measure"]]
        found[measure.key] = Row(
            measure=measure.key, unit=cell["unit"], label=cell["label"], better=measure.better,
            scope="province", member=cell["member"], scenario=cell["scenario"], value=value, low=low,
            high=high, difference=nothing, difference_low=nothing, difference_high=nothing, p_value=nothing,
            p_holm=nothing, verdict="baseline", variance_reduction=nothing, events=events,
            is_few=cell["is_few"] == "True", is_exact=measure.form == "exact",
        )  # fmt: skip
    return found


def run_sentences(rows: Mapping[str, Row], is_queue: bool, words: Words) -> list[str]:
    """The headline measures of one scenario, a sentence each."""
    keys = [key for key in (QUEUE_HEADLINE if is_queue else HEADLINE) if key in rows]
    clauses = [clause(rows[key], reading_of([rows[key]], words)) for key in keys]
    told = [words.say("report.sentence", sentence=sentence) for sentence in clauses]
    few = [subject_of(key, words) for key in keys if rows[key].is_few]
    return told + ([words.say("report.groups.few", names="; ".join(few))] if few else [])


def measures(found: Mapping[str, Row], is_queue: bool, words: Words) -> str:
    """The measures of one scenario that its screen shows too, each with its interval."""
    rows = []
    for key in QUEUE_KEYS if is_queue else RUN_KEYS:
        if key in found:
            row = found[key]
            reading = reading_of([row], words)
            bounds = reading.bounded("", row.low, row.high).strip()
            few = f' <span class="open">{escape(words.say("verdicts.too few"))}</span>' if row.is_few else ""
            label = f'<th scope="row">{escape(words.say(f"measures.{key}"))}</th>'
            rows.append([label, f"{escape(reading.amount(row.value))}{few}", escape(bounds)])
    head = [escape(words.say("report.measure")), escape(words.say("report.value")), "95 %"]
    return Table(head, rows).html() + _notes([words.say("tables.chance")])


# ---- assumptions -------------------------------------------------------------------------------------------


def sensitivity(found: Sequence[Sensitivity], first: str, words: Words) -> str:
    """What moves the headline most: the difference at both ends of each assumption."""
    rows = []
    for item in found:
        if item.measure:
            what = words.say(
                "tables.in_scenario", measure=subject_of(item.measure, words), scenario=item.scenario
            )
            ends = differences_at_ends(item, words)
            name = escape(suspect_name(item.assumption, words))
            label = f'<th scope="row">{name}<small>{escape(what)}</small></th>'
            rows.append([label, *map(escape, ends)])
    keys = ("assumption", "at_low", "as_assumed", "at_high")
    head = [escape(words.say(f"report.{key}")) for key in keys]
    caption = words.say("report.assumptions_caption", first=first)
    return f'<div class="whole">{Table(head, rows, caption).html()}</div>'


def suspects(assumed: Sequence[AssumedNumber], keys_of: Mapping[str, Sequence[str]], words: Words) -> str:
    """The numbers behind the assumptions that move most, with what was thought possible and why."""
    rows = []
    for name, keys in keys_of.items():
        behind = behind_suspect(assumed, keys)
        label = suspect_name(name, words)
        for one in behind:
            rows.append([f"<b>{escape(label)}</b>" if label else "", *_number_cells(one, words)])
            label = ""
    if not rows:
        return ""
    heading = f"<h3>{escape(words.say('report.numbers'))}</h3>"
    named = ("assumption", "number", "value", "range", "basis")
    head = [escape(words.say(f"report.{key}")) for key in named]
    return heading + Table(head, rows, look="words small").html()


def _number_cells(one: AssumedNumber, words: Words) -> list[str]:
    number = told_number(one.number, words.lang)
    value = ", ".join(words.short(value) for value in one.values)
    own = f"<small>{escape(words.say('report.given'))}</small>" if one.is_own else ""
    bounds = words.say("report.not_varied")
    if number.low is not None and number.high is not None:
        bounds = f"{words.short(number.low)} \N{EN DASH} {words.short(number.high)}"
    key = "<wbr>".join(escape(part) for part in _parts_of(number.key))
    return [
        f"{escape(number.meaning)}<br><code>{key}</code>",
        f'<td class="number">{escape(value)}<small>{escape(number.unit)}</small>{own}</td>',
        f'<td class="number">{escape(bounds)}</td>',
        escape(number.basis),
    ]


def _parts_of(key: str) -> list[str]:
    """A dotted key in parts, between which a line may break."""
    parts = key.split(".")
    return [*(f"{part}." for part in parts[:-1]), parts[-1]]


def appendix(assumed: Sequence[AssumedNumber], words: Words) -> str:
    """Every assumed number of the study."""
    head = [escape(words.say(f"report.{key}")) for key in ("number", "value", "range", "basis")]
    rows = [_number_cells(one, words) for one in assumed]
    if not rows:
        return DASH
    return _notes([words.say("report.appendix_note")]) + Table(head, rows, look="words small").html()
