"""The report of a saved study: made of its tables alone, true to them, closed to the outside, bilingual."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import astuple
from html import unescape
from pathlib import Path

import pytest

import sim112
from sim112.cli import main
from sim112.config.compare import compare_settings
from sim112.errors import InputError
from sim112.study import replication
from sim112.study.comparison import Comparison
from sim112.study.results import ComparedResult
from sim112.study.run import compare, run
from sim112.study.saved_comparison import saved_comparison
from sim112.study.store import REPORT, open_run
from sim112.views.findings import findings, readings
from sim112.views.report import report_page, write_report
from sim112.views.words import LANGS, words

SMALL = (
    *("clock=day", "area.regencies=[pati,kudus,kab_magelang]", "workers=1", "demand.rate_factor=5"),
    "precision.warm_up_replications=0",
)
HOSTILE = "Is </p><script>alert(1)</script> & \"this\" 'safe' {{style}} <img src=https://example.org/x>?"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ComparedResult:
    scenarios = [sim112.scenario(name, *SMALL, "replications=3") for name in ("no_112", "dec_2021", "all_35")]
    scenarios[1] = scenarios[1].model_copy(update={"question": HOSTILE})
    settings = compare_settings(
        [
            "stress_replications=1",
            "screening_replications=1",
            "sensitivity_replications=2",
            "sensitivity_shown=2",
        ]
    )
    results = tmp_path_factory.mktemp("results")
    command = ["sim112", "compare", "a <b>"]
    return compare(scenarios, settings=settings, results=results, command=command)


@pytest.fixture(scope="module")
def folder(result: ComparedResult) -> Path:
    assert result.folder is not None
    return result.folder


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / REPORT).read_text(encoding="utf-8")


def told_in(page: str, lang: str) -> str:
    """What a reader of one language reads, without marks."""
    other = next(one for one in LANGS if one != lang)
    kept = re.sub(rf'<(div|span|p)( class="(note )?in-{other}").*?</\1>', " ", _flat(page), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", kept)).split())


def _flat(page: str) -> str:
    """The page without its style and with blocks in blocks made plain, so that a block ends at its end."""
    body = page[page.index("<main>") :]
    body = re.sub(r'<div class="(sheet|whole|decides)">', "", body)
    return re.sub(r'src="data:[^"]*"', "", body).replace("</table></div>", "</table>")


def test_the_page_asks_for_nothing_from_outside_and_runs_nothing(page: str) -> None:
    marks = " ".join(re.findall(r"<[^>]*>", page))
    named = re.findall(r"\s(?:src|href|action|srcset|poster|data)\s*=\s*[\"']?([^\"'>]*)", marks)
    assert named and all(target.startswith("data:") for target in named)
    assert not re.search(r"<(script|iframe|object|embed|base|form)\b", page, re.IGNORECASE)
    assert not re.search(r"url\(|@import|https?:", page[: page.index("</style>")])
    assert re.search(r"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-", page)
    assert not re.search(r"\son\w+\s*=|\sstyle\s*=", marks)


def test_what_a_scenario_says_is_text_and_nothing_else(page: str) -> None:
    assert "<script" not in page and "<img src=https" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == len(LANGS)
    assert "{{style}}" in page  # it is not filled in
    assert "a &lt;b&gt;" in page


def test_it_is_made_again_without_simulating_and_comes_out_the_same(
    folder: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_simulation(*_: object, **__: object) -> None:
        raise AssertionError("the report simulates")

    monkeypatch.setattr(replication, "replicate", no_simulation)
    monkeypatch.setattr(replication, "draw", no_simulation)
    assert report_page(open_run(folder)) == page


def test_a_comparison_read_back_is_the_one_that_was_saved(result: ComparedResult, folder: Path) -> None:
    def plain(comparison: Comparison) -> list[object]:
        rows = [*comparison.headline, *comparison.regencies, *comparison.spreads]
        cells = [cell for row in rows for cell in astuple(row)]
        return [None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in cells]

    found = saved_comparison(open_run(folder))
    assert plain(found.comparison) == plain(result.comparison)
    assert found.comparison.unchanged == result.comparison.unchanged
    assert found.comparison.variance_reduction == pytest.approx(
        result.comparison.variance_reduction, nan_ok=True
    )
    assert set(found.use) == set(result.use)
    assert found.sensitivity == result.sensitivity


@pytest.mark.parametrize("lang", LANGS)
def test_every_clear_difference_is_a_sentence_with_the_numbers_of_the_table(folder: Path, lang: str) -> None:
    comparison = saved_comparison(open_run(folder)).comparison
    said = words(lang)  # type: ignore[arg-type]
    scale_of = {key: reading.factor for key, reading in readings(comparison, said).items()}
    with (folder / "comparison.csv").open(encoding="utf-8", newline="") as file:
        saved = [
            row for row in csv.DictReader(file) if (row["use"], row["family"]) == ("as given", "headline")
        ]
    seen = 0
    for scenario in comparison.scenarios[1:]:
        told = [
            finding
            for finding in findings(comparison, scenario, said)
            if finding.verdict in ("better", "worse")
        ]
        clear = [
            row for row in saved if row["scenario"] == scenario and row["verdict"] in ("better", "worse")
        ]
        assert len(told) == len(clear)
        for finding, row in zip(told, clear, strict=True):
            numbers = _numbers(finding.text.replace(comparison.scenarios[0], ""), lang)
            value, difference = (
                float(row[name]) * scale_of[row["measure"]] for name in ("value", "difference")
            )
            for wanted in (value, abs(difference)):
                assert any(math.isclose(wanted, number, rel_tol=0.01, abs_tol=0.006) for number in numbers), (
                    row
                )
            seen += 1
    assert seen >= 2


def _numbers(text: str, lang: str) -> list[float]:
    found = re.findall(r"\d[\d.,]*", text.replace("112", "", 1) if "112 centre" in text else text)
    plain = [number.strip(".,") for number in found]
    if lang == "id":
        plain = [number.replace(".", "").replace(",", ".") for number in plain]
    return [float(number.replace(",", "")) for number in plain]


def test_both_languages_are_in_it_and_it_opens_in_the_one_of_the_run(page: str) -> None:
    english, indonesian = told_in(page, "en"), told_in(page, "id")
    for said, text in ((words("en"), english), (words("id"), indonesian)):
        for key in ("asked", "found", "headline", "limits", "made", "appendix"):
            assert said.say(f"report.{key}") in text
    assert "Apa yang ditanyakan" not in english and "What was asked" not in indonesian
    assert 'id="to-en" checked' in page and 'id="to-id">' in page
    assert '<html lang="en">' in page


def test_it_can_open_in_the_other_language(folder: Path, page: str) -> None:
    other = report_page(open_run(folder), "id")
    assert 'id="to-id" checked' in other and '<html lang="id">' in other
    assert told_in(other, "en") == told_in(page, "en")


def test_every_figure_is_in_it_with_a_caption_and_words_for_who_cannot_see_it(
    folder: Path, page: str
) -> None:
    drawn = list((folder / "figures").glob("*.svg"))
    images = re.findall(r'<img src="data:image/svg\+xml;base64,[^"]+" alt="([^"]*)">', page)
    assert len(images) == len(drawn) >= 12
    assert all(len(text) > 20 for text in images)
    assert page.count("<figcaption>") == len(drawn)


def test_assumptions_are_shown_with_their_ends_and_reasons(page: str) -> None:
    text = told_in(page, "en")
    assert "callers.knows_number_share.ambulance" in re.sub(r"\.\s+", ".", text)
    assert "119 in some places, long local numbers in others" in text
    assert re.search(r"0\.05 . 0\.5", text)


def test_it_says_how_to_make_it_again(folder: Path, page: str) -> None:
    text = told_in(page, "en")
    provenance = open_run(folder).provenance
    for told in ("sim112 reproduce FOLDER", provenance["version"], provenance["data_sha256"], "seed 112"):
        assert str(told) in text


def test_few_events_are_said_to_be_too_few(tmp_path: Path) -> None:
    small = ("clock=day", "area.regencies=[pati]", "workers=1", "replications=2")
    scenarios = [sim112.scenario(name, *small) for name in ("dec_2021", "pati")]
    settings = compare_settings(["sensitivity=off", "stress=null", "use_levels=false"])
    found = compare(scenarios, settings=settings, results=tmp_path, figures=False)
    assert found.folder is not None
    assert not (found.folder / REPORT).exists()  # without figures only tables are saved
    assert any(row.verdict == "too few" for row in found.comparison.headline)
    text = write_report(open_run(found.folder)).read_text(encoding="utf-8")
    assert "Under 30 events in all replications, too few to say anything about:" in told_in(text, "en")
    assert "terlalu sedikit untuk menyimpulkan" in told_in(text, "id")
    assert words("en").say("report.no_figures") in told_in(text, "en")
    assert open_run(found.folder).files == open_run(found.folder).files  # the folder is still whole


def test_one_replication_has_no_verdict(tmp_path: Path) -> None:
    scenarios = [sim112.scenario(name, *SMALL, "replications=1") for name in ("no_112", "all_35")]
    settings = compare_settings(["sensitivity=off", "stress=null", "use_levels=false"])
    found = compare(scenarios, settings=settings, results=tmp_path, figures=False)
    assert found.folder is not None
    text = told_in(report_page(open_run(found.folder)), "en")
    assert "One replication says nothing of chance" in text
    assert "no interval" in text


def test_a_run_and_a_textbook_queue_have_reports_too(tmp_path: Path) -> None:
    one = run(sim112.scenario("all_35", *SMALL, "replications=2"), results=tmp_path, figures=False)
    queue = run(sim112.scenario("one_desk", "replications=2", "workers=1"), results=tmp_path, figures=False)
    assert one.folder is not None and queue.folder is not None
    text = told_in(report_page(open_run(one.folder)), "en")
    assert re.search(r"The last needed agency knows after [\d.]+ min \[\S+, [\d.]+\] on average\.", text)
    of_queue = told_in(report_page(open_run(queue.folder)), "en")
    assert words("en").say("report.limit.queue") in of_queue
    for key in ("wait_s", "lines_held"):
        assert words("en").say(f"measures.{key}") in of_queue
    assert words("en").say("measures.people_covered") not in of_queue  # which a queue has no say in


def test_the_command_writes_it_again_in_a_language(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / REPORT).read_bytes()
    assert main(["report", str(folder), "lang=id"]) == 0
    assert REPORT in capsys.readouterr().out
    assert 'id="to-id" checked' in (folder / REPORT).read_text(encoding="utf-8")
    open_run(folder)  # the folder is as it was written
    assert main(["report", str(folder)]) == 0
    assert (folder / REPORT).read_bytes() == before


def test_what_has_no_report_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["report", str(tmp_path)], ["report", str(tmp_path), "lang=fr"], ["report"]):
        assert main(given) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "Traceback" not in told


def test_a_table_that_is_not_of_a_comparison_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = open_run(folder)
    monkeypatch.setattr(type(stored), "rows", lambda self, name: [{"use": "as given"}])
    with pytest.raises(InputError, match=r"not those of a comparison.*run the command again"):
        saved_comparison(stored)
