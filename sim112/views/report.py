"""The report of a saved run or comparison: one page for a reader who has ten minutes, and for print.

It is made from the tables, figures and provenance in the folder alone, so that an old study can be told again
without simulating. The file asks for nothing from outside and holds no script; both languages are in it.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from sim112.config.scenario import Scenario
from sim112.errors import InputError
from sim112.sources import numbers
from sim112.study.assumed import AssumedNumber, assumed_numbers
from sim112.study.comparison import Row
from sim112.study.results import assumptions_checksum
from sim112.study.saved_comparison import SavedComparison, days_of, replications_of, saved_comparison
from sim112.study.store import REPORT, StoredRun, saving
from sim112.views import report_tables
from sim112.views.findings import (
    deciding_sentences,
    findings,
    regency_sentences,
    turned_sentences,
)
from sim112.views.inlined import WEB, hash_of, style_of
from sim112.views.report_tables import Table
from sim112.views.scenario_words import regency_names, text_of
from sim112.views.tables import unchanged_sentence
from sim112.views.words import LANGS, Lang, Words, words

VERBS = ("run", "compare")

FIGURES = (
    *("headline", "alert_difference_by_regency", "agencies_know", "map_alert", "map_reached"),
    *("levels_by_regency", "agencies_against_target", "response_by_agency", "response_by_kind"),
    *("hours_of_week", "calls_and_answer", "lines_by_desk", "line_occupancy", "coverage_by_regency"),
)
"""The order of the figures; others come after them by name."""

_FIELD = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, eq=False)
class Told:
    """All that a report tells: what a folder holds, read once.

    ``saved`` is None for one scenario, whose measures of the province are in ``rows``;
    ``is_assumed_otherwise`` where other assumptions are shipped since.
    """

    stored: StoredRun
    scenarios: tuple[Scenario, ...]
    saved: SavedComparison | None
    rows: Mapping[str, Row]
    assumed: tuple[AssumedNumber, ...]
    is_assumed_otherwise: bool
    replications: int

    @property
    def first(self) -> Scenario:
        return self.scenarios[0]

    @property
    def is_queue(self) -> bool:
        """Whether it is of textbook queues, which say nothing about Central Java."""
        return self.first.area.is_small_world

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the comparison, as they were noted."""
        found: Mapping[str, Any] = self.stored.provenance.get("settings", {})
        return found


def told_of(stored: StoredRun) -> Told:
    """Read a saved run or comparison. Raises InputError for anything else."""
    verb = stored.provenance["verb"]
    if verb not in VERBS:
        raise InputError(f"{stored.folder}: is of `sim112 {verb}`; give one of {', '.join(VERBS)}")
    try:
        scenarios = tuple(stored.scenarios.values())
    except InputError as error:
        version = stored.provenance.get("version", "of an unknown version")
        raise InputError(
            f"{stored.folder}: its scenarios are not those of this version, it was saved by sim112 {version} "
            f"({error}); run its command again"
        ) from None
    shipped = numbers()
    noted = stored.provenance.get("assumptions_sha256")
    return Told(
        stored,
        scenarios,
        saved_comparison(stored) if verb == "compare" else None,
        report_tables.rows_of_run(stored) if verb == "run" else {},
        assumed_numbers(scenarios, shipped),
        noted is not None and noted != assumptions_checksum(shipped),
        replications_of(stored),
    )


def write_report(stored: StoredRun, lang: Lang | None = None) -> Path:
    """Write the report into the folder of a saved run or comparison, in place of one that is there.

    ``lang`` is the language that it opens in, that of the run where None.
    """
    text = report_page(stored, lang)
    path = stored.folder / REPORT
    partial = path.with_name(f".{REPORT}.partial")
    with saving(stored.folder):
        try:
            partial.write_text(text, encoding="utf-8")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    return path


def report_page(stored: StoredRun, lang: Lang | None = None) -> str:
    """The whole page of a saved run or comparison."""
    told = told_of(stored)
    opens_in = lang or told.first.lang
    style = style_of(["report.css"])
    policy = (
        f"default-src 'none'; style-src '{hash_of(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    fields: dict[str, str] = {
        "lang": opens_in,
        "policy": policy,
        "title": escape(f"{_title(told, words(opens_in))} - sim112"),
        "style": style,
        "content": "\n".join(part for part in _parts(told) if part),
        "en": " checked" if opens_in == "en" else "",
        "id": " checked" if opens_in == "id" else "",
    }
    page = (WEB / "report.html").read_text(encoding="utf-8")
    return _FIELD.sub(lambda field: fields[field[1]], page)


def _parts(told: Told) -> list[str]:
    parts = [
        _header(told),
        _section("asked", _both(lambda words: _questions(told, words))),
        _section("found", _both(lambda words: _found(told, words))),
    ]
    saved = told.saved
    if saved is not None:
        parts.append(_section("headline", _both(lambda words: report_tables.headline(saved, words)), "whole"))
        if len(told.scenarios) > 1 and not told.is_queue:
            parts.append(_section("unchanged", _both(lambda words: _unchanged(told, words))))
    else:
        table = _both(lambda words: report_tables.measures(told.rows, told.is_queue, words))
        parts.append(_section("measures", table))
    if not told.is_queue:
        parts.append(_section("assumptions", _both(lambda words: _assumptions(told, words))))
    return [
        *parts,
        _section("compared", _both(lambda words: _compared(told, words))),
        _section("limits", _both(lambda words: _limits(told, words))),
        _section("made", _both(lambda words: _made(told, words))),
        _section("figures", _figures(told)),
        _section("appendix", _both(lambda words: report_tables.appendix(told.assumed, words)), "new-page"),
    ]


# ---- pieces of a page --------------------------------------------------------------------------------------


def _both(make: Callable[[Words], str], tag: str = "div") -> str:
    """A piece in both languages, of which the page shows one."""
    return "".join(f'<{tag} class="in-{lang}" lang="{lang}">{make(words(lang))}</{tag}>' for lang in LANGS)


def _section(key: str, content: str, look: str = "") -> str:
    heading = _both(lambda words: escape(words.say(f"report.{key}")), "span")
    shown = f' class="{look}"' if look else ""
    return f'<section{shown} id="{key}"><h2>{heading}</h2>{content}</section>'


def _paragraphs(texts: Sequence[str], look: str = "") -> str:
    shown = f' class="{look}"' if look else ""
    return "".join(f"<p{shown}>{escape(text)}</p>" for text in texts if text)


def _list(items: Sequence[str]) -> str:
    """A list of pieces that are HTML already."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


# ---- the parts ---------------------------------------------------------------------------------------------


def _title(told: Told, words: Words) -> str:
    if told.is_queue:
        return words.say("report.question_queue")
    chosen = told.first.area.regencies
    whom = ", ".join(regency_names(told.first, words).get(label, label) for label in chosen)
    key = "screen.whom" if told.saved is not None else "report.question_run"
    return words.say(key, whom=whom or words.say("screen.province"))


def _header(told: Told) -> str:
    kind = "report.kind_run" if told.saved is None else "report.kind_compare"

    def make(words: Words) -> str:
        days = days_of(told.first)
        span = words.say(
            "figures.span",
            count=told.replications, days=days, unit=words.say(f"figures.{'day' if days == 1 else 'days'}"),
            seed=told.first.seed,
        )  # fmt: skip
        lead = words.say("report.lead", date=words.date(_started(told).date()), span=span)
        return (
            f'<p class="kind">{escape(words.say(kind))}</p><h1>{escape(_title(told, words))}</h1>'
            f'<p>{escape(lead)}</p><p class="on-screen">{escape(words.say("report.print"))}</p>'
        )

    return f"<header>{_both(make)}</header>"


def _started(told: Told) -> datetime:
    try:
        return datetime.fromisoformat(told.stored.provenance["started"])
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{told.stored.folder}: its provenance has no date; run the command again") from None


def _questions(told: Told, words: Words) -> str:
    return _list(
        [
            f"<b>{escape(scenario.name)}</b>: {escape(text_of(scenario, 'question', words))}"
            for scenario in told.scenarios
        ]
    )


def _found(told: Told, words: Words) -> str:
    if told.saved is None:
        return _list([escape(text) for text in report_tables.run_sentences(told.rows, told.is_queue, words)])
    comparison = told.saved.comparison
    first = comparison.scenarios[0]
    parts = []
    for scenario in comparison.scenarios[1:]:
        items = []
        for finding in findings(comparison, scenario, words):
            mark = ""
            if finding.verdict in ("better", "worse"):
                word = escape(words.named("verdicts", finding.verdict).lower())
                mark = f' <span class="{finding.verdict}">({word})</span>'
            items.append(f"{escape(finding.text)}{mark}")
        heading = words.say("report.against", scenario=scenario, first=first)
        parts.append(f"<h3>{escape(heading)}</h3>{_list(items)}")
    deciding = deciding_sentences(told.saved.sensitivity, first, words)
    decided = f'<div class="decides">{_paragraphs(deciding)}</div>' if deciding else ""
    return "".join(parts) + decided


def _unchanged(told: Told, words: Words) -> str:
    assert told.saved is not None
    comparison = told.saved.comparison
    sentences = [unchanged_sentence(comparison, words)]
    return _paragraphs([*sentences, *regency_sentences(comparison, regency_names(told.first, words), words)])


def _assumptions(told: Told, words: Words) -> str:
    count = sum(not one.is_own for one in told.assumed)
    saved = told.saved
    if saved is None or not saved.sensitivity:
        key = "report.numbers_note" if saved is None else "report.assumptions_off"
        return _paragraphs([words.say(key, count=count)])
    first = saved.comparison.scenarios[0]
    turned = turned_sentences(saved.sensitivity, words)
    suspects = _suspect_keys(told)
    parts = [report_tables.sensitivity(saved.sensitivity, first, words)]
    if turned:
        heading = escape(words.say("report.turns"))
        parts.append(f"<h3>{heading}</h3>{_list([escape(text) for text in turned])}")
    else:
        parts.append(_paragraphs([words.say("report.decides_nothing")]))
    shown = [item.assumption for item in saved.sensitivity]
    keys_of = {name: suspects.get(name, ()) for name in shown}
    parts.append(report_tables.suspects(told.assumed, keys_of, words))
    parts.append(_paragraphs([words.say("report.numbers_note", count=count)], "note"))
    return "".join(parts)


def _suspect_keys(told: Told) -> dict[str, tuple[str, ...]]:
    """The keys behind each suspect, as the settings of the comparison noted them."""
    found = told.settings.get("suspects", {})
    return {str(name): tuple(map(str, keys)) for name, keys in found.items()}


def _compared(told: Told, words: Words) -> str:
    head = [words.say(f"report.{key}") for key in ("scenario", "sourced", "assumed")]
    rows = [
        [
            f"<b>{escape(scenario.name)}</b>",
            escape(text_of(scenario, "sourced", words)),
            escape(text_of(scenario, "assumed", words)),
        ]
        for scenario in told.scenarios
    ]
    return Table([escape(text) for text in head], rows, look="words").html()


def _figures(told: Told) -> str:
    names = [Path(name).stem for name in told.stored.files if re.fullmatch(r"figures/\w+\.svg", name)]
    if not names:
        return _both(lambda words: _paragraphs([words.say("report.no_figures")]))
    base = {name: re.sub(r"_\d+$", "", name) for name in names}
    names.sort(key=lambda name: (FIGURES.index(base[name]) if base[name] in FIGURES else len(FIGURES), name))
    other = next(lang for lang in LANGS if lang != told.first.lang)
    note = words(other).say("report.figures_language")
    parts = [f'<p class="note in-{other}" lang="{other}">{escape(note)}</p>']
    for number, name in enumerate(names, start=1):
        parts.append(_figure(told, number, name, base[name]))
    return "".join(parts)


def _figure(told: Told, number: int, name: str, base: str) -> str:
    def caption(words: Words) -> str:
        key = f"report.captions.{base}"
        text = words.say(key) if words.has(key) else name.replace("_", " ")
        return f"<b>{escape(words.say('report.figure', number=number))}</b> {escape(text)}"

    svg = (told.stored.folder / "figures" / f"{name}.svg").read_bytes()
    alt = words(told.first.lang)
    key = f"report.captions.{base}"
    told_in_words = escape(alt.say(key) if alt.has(key) else name)
    # as an image, so that nothing in it can run and its names cannot meet those of another figure
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
    image = f'<img src="{source}" alt="{told_in_words}">'
    return f"<figure><figcaption>{_both(caption)}</figcaption>{image}</figure>"


def _limits(told: Told, words: Words) -> str:
    keys: tuple[str, ...] = ("chance", "measured", "who", "use", "borders", "roads", "many")
    if told.saved is None:
        keys = keys[:-1]
    if told.is_queue:
        keys = ("queue", "chance")
    return _list([escape(words.say(f"report.limit.{key}")) for key in keys])


def _made(told: Told, words: Words) -> str:
    known = told.stored.provenance
    version = str(known.get("version", ""))
    if known.get("commit"):
        version = words.say("report.made_by.commit", version=version, commit=str(known["commit"])[:12])
    packages = known.get("packages", {})
    folder = words.say("report.made_by.folder")
    command = shlex.join(str(word) for word in known.get("command", ()))
    rows = [
        ("command", f"<code>{escape(command)}</code>" if command else "-"),
        ("again", f"<code>sim112 reproduce {folder}</code>"),
        ("retell", "<br>".join(f"<code>sim112 report {folder} lang={lang}</code>" for lang in LANGS)),
        ("started", escape(f"{words.date(_started(told).date())}, {words.time_of_day(_started(told))}")),
        ("seed", escape(str(told.first.seed))),
        ("replications", escape(str(told.replications))),
        ("version", escape(version)),
        ("engine", escape(str(known.get("engine", "-")))),
        ("python", escape(f"{known.get('python', '')}, {known.get('system', '')}")),
        ("packages", escape(", ".join(f"{name} {number}" for name, number in packages.items()))),
        ("data", f"<code>{escape(str(known.get('data_sha256', '-')))}</code>"),
    ]
    told_rows = "".join(
        f"<dt>{escape(words.say(f'report.made_by.{key}'))}</dt><dd>{value}</dd>" for key, value in rows
    )
    notes = [words.say("report.made_by.where")]
    if told.is_assumed_otherwise:
        notes.append(words.say("report.made_by.changed"))
    return f"<dl>{told_rows}</dl>{_paragraphs(notes, 'note')}"
