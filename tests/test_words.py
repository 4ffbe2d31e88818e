"""Both languages say everything, say the same, and nothing is left over; Indonesian is Indonesian."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from string import Formatter

import pytest
import yaml
from indonesian import english_in
from matplotlib import rc_context
from matplotlib.text import Text
from said import PACKAGE, code

import sim112
from sim112 import cli
from sim112.cli.language import language_chosen, language_of, with_language
from sim112.config.compare import CompareSettings, compare_settings
from sim112.config.composition import choices
from sim112.config.scenario import compose
from sim112.errors import InputError
from sim112.paths import configs_dir
from sim112.sources import numbers
from sim112.study import precision, warm_up
from sim112.study.definitions import HOUR_MEASURES, MEASURES
from sim112.study.results import ComparedResult
from sim112.views.drawing import STYLE
from sim112.views.figure_study import Study
from sim112.views.figures import figure_pages
from sim112.views.scenario_words import text_of
from sim112.views.screens import compare_screen, run_screen
from sim112.views.tables import name_in_sentence
from sim112.views.words import LANGS, Words, read_texts, words
from sim112.views.words.messages import SECTIONS
from sim112.views.words.numbers import FILES, told_basis, told_number
from sim112.world.area import AGENCIES

ENGLISH_STANDS_ELSEWHERE = ("scenarios", "validation", *SECTIONS)
"""Sections of other languages alone: the English is in configs/scenario, in sim112/validation, or where a
message is raised.
"""

ON_PAGES = ("replay", "workshop", "report")
"""Sections that go whole into a page, whose scripts look their texts up."""

ALIKE = {
    "units.erlang", "figures.kota", "figures.kabupaten", "figures.percent", "figures.scale",
    "figures.service_112", "cli.error",
}  # fmt: skip
"""What is written the same in both languages: names, signs and units."""


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def without_form(key: str) -> str:
    return re.sub(r"\.(one|other)$", "", key)


@lru_cache
def names() -> set[str]:
    """What a part of a key may be that code fills in: a text of the code, or a name of the configuration."""
    whole, _, patterns = code()
    scenario = compose()
    suspects = yaml.safe_load((configs_dir() / "compare.yaml").read_text(encoding="utf-8"))["suspects"]
    parts = {f"{name}.{part}" for name in choices("scenario") for part in ("question", "sourced", "assumed")}
    kinds = {*scenario.demand.kinds, *scenario.demand.calls}
    units = {measure.unit.removeprefix("Rp/") for measure in MEASURES}
    first_words = {one.split()[0] for one in patterns if one.split()}
    rosters = yaml.safe_load((configs_dir() / "staff.yaml").read_text(encoding="utf-8"))["patterns"]
    shifts = {name for pattern in rosters.values() for name in pattern["shifts"]}
    known = {*CompareSettings.model_fields, *choices("demand"), *choices("scenario"), *suspects}
    known |= {*rosters, *shifts, "SOURCE", "ASSUMED", "CHOICE"}
    return whole | parts | kinds | units | first_words | known


# ---- the two files -----------------------------------------------------------------------------------------


def test_both_languages_have_the_same_keys() -> None:
    english, indonesian = ({without_form(key) for key in words(lang).texts} for lang in LANGS)
    assert english - indonesian == set()
    more = {key for key in indonesian - english if key.split(".")[0] not in ENGLISH_STANDS_ELSEWHERE}
    assert more == set()


def test_both_languages_fill_in_the_same_fields() -> None:
    found: list[dict[str, set[str]]] = []
    for lang in LANGS:
        by_key: dict[str, set[str]] = {}
        for key, text in words(lang).texts.items():
            by_key.setdefault(without_form(key), set()).update(fields_of(text) - {"count"})
        found.append(by_key)
    for key, fields in found[0].items():
        assert fields == found[1][key], key
    for section in SECTIONS:
        for english, indonesian in words("id").section(section).items():
            left_out = fields_of(english) - fields_of(indonesian)
            assert fields_of(indonesian) <= fields_of(english), english
            assert not left_out or section == "foreign_messages", english  # names of another's classes, say


@pytest.mark.parametrize("lang", LANGS)
def test_fields_are_plain_names(lang: str) -> None:
    for key, text in words(lang).texts.items():  # type: ignore[arg-type]
        for _, name, spec, conversion in Formatter().parse(text):
            assert name is None or (name.isidentifier() and not conversion and "{" not in (spec or "")), key


def test_every_text_is_used_somewhere() -> None:
    whole, beginnings, patterns = code()
    shapes = {f"{one}{{}}" for one in beginnings} | {one for one in patterns if re.match(r"[a-z_]+\.", one)}
    made_up = [re.compile(re.escape(one).replace(r"\{\}", "(.+)")) for one in shapes]
    pages = "\n".join(
        path.read_text(encoding="utf-8")
        for ending in ("js", "html", "py")
        for path in (PACKAGE / "views").rglob(f"*.{ending}")
    )
    unused = []
    for key in {without_form(key) for key in words("en").texts}:
        section, _, rest = key.partition(".")
        made = any(
            match is not None and set(match.groups()) <= names()
            for one in made_up
            if (match := one.fullmatch(key)) is not None
        )
        on_page = section in ON_PAGES and all(
            part in names() or re.search(rf"\b{re.escape(part)}\b", pages) for part in rest.split(".")
        )
        if key not in whole and not made and not on_page:
            unused.append(key)
    assert sorted(unused) == []


def test_no_english_is_left_in_indonesian() -> None:
    english, indonesian = words("en").texts, words("id").texts
    written = {
        key: text for key, text in indonesian.items() if re.search("[a-z]{2}", re.sub("{.*?}", "", text))
    }
    same = {key for key, text in written.items() if english.get(key) == text}
    assert {key for key in same - ALIKE if key.split(".")[0] not in ON_PAGES} == set()
    left = {key: found for key, text in indonesian.items() if (found := english_in(text))}
    assert left == {}


# ---- what there are words for ------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_every_measure_kind_agency_suspect_and_setting_has_words(lang: str) -> None:
    known = words(lang)  # type: ignore[arg-type]
    demand = compose().demand
    for measure in (*MEASURES, *HOUR_MEASURES):
        assert known.has(f"measures.{measure.key}") and name_in_sentence(measure.key, known)
    for kind in (*demand.kinds, *demand.calls):
        assert known.has(f"kinds.{kind}"), kind
    for agency in AGENCIES:
        assert known.has(f"agencies.{agency}") and known.has(f"agencies_short.{agency}")
    assert all(known.has(f"weeks.{name}") for name in choices("demand"))
    settings = compare_settings()
    assert all(known.has(f"suspects.{name}") for name in settings.suspects)
    assert all(known.has(f"settings.{key}") for key in CompareSettings.model_fields if key != "suspects")
    assert all(known.has(f"states.{state}") for state in warm_up.STATES)
    assert all(
        known.has(f"verdicts.{verdict}") for verdict in ("same", "better", "worse", "not clear", "too few")
    )


def test_english_words_of_measures_are_their_labels() -> None:
    for measure in (*MEASURES, *HOUR_MEASURES):
        assert words("en").say(f"measures.{measure.key}") == measure.label


def test_every_shipped_scenario_asks_in_indonesian_and_a_changed_one_in_its_own_words() -> None:
    indonesian = words("id")
    for name in choices("scenario"):
        scenario = sim112.scenario(name)
        for part in ("question", "sourced", "assumed"):
            told = text_of(scenario, part, indonesian)
            assert told == indonesian.say(f"scenarios.{name}.{part}") and not english_in(told)
            assert text_of(scenario, part, words("en")) == " ".join(getattr(scenario, part).split())
    assert text_of(sim112.scenario("pati", "question=Mine?"), "question", indonesian) == "Mine?"
    assert text_of(sim112.scenario("pati", "name=mine"), "question", indonesian).startswith("What changes")


def test_every_number_of_the_configuration_is_told_in_indonesian() -> None:
    """Units, meanings and bases: none is missing, none is left over, and a changed one is noticed."""
    said = {
        "units": {number.unit for number in numbers()},
        "meanings": {number.meaning for number in numbers()},
        "bases": {number.basis for number in numbers() if number.kind != "SOURCE"},
    }
    texts = read_texts(FILES["id"])
    wanted = {f"{part}.{english}" for part, known in said.items() for english in known}
    assert wanted - texts.keys() == set() and texts.keys() - wanted == set()
    assert {key: found for key, text in texts.items() if (found := english_in(text))} == {}
    number = next(one for one in numbers() if one.key == "callers.genuine.hang_up_share")
    told = told_number(number, "id")
    assert (told.unit, told.meaning) == ("bagian", "menutup telepon saat pengumuman")
    assert told_number(number, "en") == number
    own = replace(number, meaning="what I saw", basis="mine")
    assert (told_number(own, "id").meaning, told_number(own, "id").basis) == ("what I saw", "mine")
    assert told_basis("ASSUMED: none found", "id") == "ASUMSI: tidak ditemukan"
    assert told_basis("SOURCE: nena_20200625", "id") == "SUMBER: nena_20200625"
    assert told_basis("given by the planner", "en") == "given by the planner"


def test_sources_are_told_in_indonesian(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sources", "--assumed", "lang=id"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 300 and [line for line in lines if english_in(line)] == []
    assert any(line.endswith("ASUMSI 0..0,2: belum pernah diukur") for line in lines)


# ---- numbers, dates, times ---------------------------------------------------------------------------------


def test_numbers_dates_and_times_are_written_as_the_language_writes_them() -> None:
    english, indonesian = words("en"), words("id")
    assert english.number(1234.5, 1) == "1,234.5" and indonesian.number(1234.5, 1) == "1.234,5"
    assert indonesian.number(-0.001, 1, signed=True) == "0,0" and indonesian.number(0.5, 1, True) == "+0,5"
    assert indonesian.number(math.nan) == english.number(math.inf) == "-"
    assert english.percent(0.935, 1) == "93.5 %" and indonesian.percent(0.935, 1) == "93,5%"
    at = datetime(2021, 12, 1, 2, 14)
    assert english.date(at) == "Wednesday, 1 December 2021"
    assert indonesian.date(at) == "Rabu, 1 Desember 2021"
    assert english.time_of_day(at) == "02:14" and indonesian.time_of_day(at) == "02.14 WIB"
    assert indonesian.duration(419.4) == "6 menit 59 detik" and english.duration(11100) == "3 h 5 min"
    assert english.duration(59.6) == "1 min 0 s" and english.duration(math.nan) == "-"
    assert indonesian.short(7.5) == "7,5" and english.short(7.0) == "7"
    assert indonesian.short(2_810_025.0) == "2.810.025" and english.short(2700) == "2,700"


def test_a_text_fills_in_named_fields_and_nothing_else() -> None:
    mine = Words(
        "id", {"a": "{rate:,.1f} {year} {name}", "n.one": "satu", "n.other": "{count}", "bad": "{a.b}"}
    )
    assert mine.say("a", rate=1234.56, year=2021, name="1,5 {x}") == "1.234,6 2021 1,5 {x}"
    assert mine.say("n", count=1) == "satu" and mine.say("n", count=2) == "2"
    with pytest.raises(ValueError, match="plain names"):
        mine.say("bad", a=mine)
    with pytest.raises(KeyError):
        mine.say("a", rate=1.0)
    with pytest.raises(KeyError):
        mine.say("nowhere")


# ---- screens and figures -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result() -> ComparedResult:
    changes = ("clock=day", "area.regencies=[pati,kudus]", "replications=3", "workers=1", "lang=id")
    scenarios = [sim112.scenario(name, *changes) for name in ("dec_2021", "pati", "all_35")]
    settings = compare_settings(["sensitivity=off", "stress_replications=1"])
    return sim112.compare(scenarios, settings=settings)


def alone_of(result: ComparedResult) -> Iterator[str]:
    """What ``run`` prints of each scenario."""
    from sim112.study.results import Result

    for scenario in result.scenarios:
        yield run_screen(Result(scenario, tuple(result.runs[scenario.name]), result.engine))


def test_indonesian_screens_have_no_english_and_fit(result: ComparedResult) -> None:
    for screen in (compare_screen(result), *alone_of(result)):
        assert english_in(screen) == []
        assert max(len(line) for line in screen.splitlines()) <= 100
        assert not re.search(
            r"\d\.\d{1,2}\b(?!\d)", re.sub(r"\S*[=_]\S*", "", screen)
        )  # 1.5 is an English number
    assert "Apa yang berubah" in compare_screen(result)


def test_the_language_moves_no_column_and_no_digit(result: ComparedResult) -> None:
    """The same values in the same columns: only words, commas and points differ."""
    english = ComparedResult(
        **{
            **{name: getattr(result, name) for name in result.__dataclass_fields__},
            "scenarios": tuple(one.model_copy(update={"lang": "en"}) for one in result.scenarios),
        }
    )
    cells = []
    for one in (english, result):
        table = compare_screen(one).split("-----\n")[1].split("\n\n")[0]
        ends = [
            [
                (match.end(), re.sub(r"[.,;]", "", match[0]))
                for match in re.finditer(r"[-+±\d.,]*\d", line[30:])
            ]
            for line in table.splitlines()
        ]
        cells.append([line for line in ends if line])
    assert len(cells[0]) >= 10
    assert cells[0] == cells[1]


def test_indonesian_figures_have_no_english_and_stay_on_the_page(result: ComparedResult) -> None:
    study = Study(result.scenarios, result.runs, result.comparison, result.use, "all_35")
    with rc_context(STYLE):
        for name, page in figure_pages(study):
            page.figure.draw_without_rendering()
            width, height = page.figure.bbox.width, page.figure.bbox.height
            for text in page.figure.findobj(Text):
                told = text.get_text().strip()
                assert english_in(told) == [], (name, told)
                assert not re.fullmatch(r"\W?\d+\.\d{1,2}", told), (name, told)
                if text.get_visible() and not re.fullmatch(r"\W?[\d.,]*", told):
                    box = text.get_window_extent()
                    inside = box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1
                    assert inside, (name, told)


# ---- the command -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "environment", "lang"),
    [
        ([], {}, "en"),
        ([], {"LANG": "id_ID.UTF-8"}, "id"),
        ([], {"LANG": "en_GB.UTF-8"}, "en"),
        ([], {"LANG": "id_ID.UTF-8", "SIM112_LANG": "en"}, "en"),
        (["lang=id"], {"SIM112_LANG": "en"}, "id"),
        (["lang=id", "lang=en"], {}, "en"),
        (["lang=fr"], {"SIM112_LANG": "tlh", "LANG": "id"}, "id"),
    ],
)
def test_the_word_decides_the_language_then_the_environment(
    given: list[str], environment: dict[str, str], lang: str
) -> None:
    assert language_of(given, environment) == lang


def test_the_last_language_that_is_named_is_chosen_and_another_is_refused() -> None:
    assert language_chosen(["results/run/x"]) is None
    assert language_chosen(["lang=en", "results/run/x", "lang=id"]) == "id"
    with pytest.raises(InputError, match="'lang=fr' is no language; use one of en, id"):
        language_chosen(["lang=fr", "lang=id"])


def test_scenarios_speak_as_the_command_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIM112_LANG", "id")
    assert cli.main(["run", "pati", "--cfg", "job"]) == 0
    assert "\nlang: id\n" in capsys.readouterr().out
    assert cli.main(["run", "pati", "lang=en", "--cfg", "job"]) == 0
    assert "\nlang: en\n" in capsys.readouterr().out
    assert with_language("scenarios", ["lang=id"]) == []
    with pytest.raises(InputError, match="'lang=fr' is no language; use one of en, id"):
        with_language("sources", ["lang=fr"])


@pytest.mark.parametrize("verb", cli.VERBS)
def test_help_is_in_indonesian(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([verb, "lang=id", "--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"pakai: sim112 {verb} ")
    told = text.split("\n\n", 1)[1].split("\nkelompok, ")[0]  # without usage and groups, which are names
    described = [re.sub(r"^  \S+ ", "", line) for line in told.splitlines()]
    assert english_in("\n".join(described)) == []


def test_help_of_the_command_names_the_same_commands_in_both_languages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = []
    for lang in LANGS:
        assert cli.main([f"lang={lang}", "--help"]) == 0
        text = capsys.readouterr().out
        shown.append([line[:46] for line in text.splitlines() if line.startswith("  sim112 ")])
    assert shown[0] == shown[1] and len(shown[0]) >= len(cli.VERBS)
    assert english_in(text) == []


def test_stopping_and_warm_up_are_told_in_indonesian() -> None:
    from sim112.views.precision_lines import stopping_lines, warm_up_lines

    known = words("id")
    reached = precision.Reached("answer_delay_s", "s", "pati", "value", 4.0, 0.5, 0.25)
    best = precision.Best("unreported", "incidents/year", 5.0, 0.95, ("a", "b"), ("a", "b"), None)
    lines = stopping_lines(precision.Stopping(40, 40, (reached,), best), known)
    assert english_in(" ".join(lines).replace("incidents/year", "")) == [] and "±0,5" in " ".join(lines)
    short = warm_up.WarmUp(3600.0, (("units busy", 7200.0),), (("units busy", -0.25),))
    [line] = warm_up_lines({"pati": short}, known)
    assert english_in(line) == [] and "clock.warm_up_s=7200." in line
