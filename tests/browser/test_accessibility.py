"""The pages as axe-core, the checker of accessibility, reads them: nothing serious, in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import sim112
from browser.test_workshop import serving
from sim112.config.compare import compare_settings
from sim112.study.run import compare
from sim112.study.store import open_run
from sim112.views.replay import page, record
from sim112.views.report import write_report
from sim112.views.words import Lang
from sim112.views.workshop.choices import offer_of
from sim112.views.workshop.server import opened

pytestmark = pytest.mark.browser

SMALL = ("clock=day", "area.regencies=[pati,kudus]", "demand.rate_factor=4", "replications=3", "workers=1")
SIZES = {"projector": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    try:
        return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        missing = "axe-playwright-python is not installed; pip install 'sim112[browser]'"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing}, and CI=true wants the browser tests")
        pytest.skip(missing)


@pytest.fixture(params=list(SIZES))
def look(request: pytest.FixtureRequest, browser: Any, axe: str) -> Iterator[Callable[..., Any]]:
    """Opens an address; what it returns shows each of several states and finds what is serious there."""
    # the pages let no foreign script in, which the checker is
    context = browser.new_context(viewport=SIZES[request.param], reduced_motion="reduce", bypass_csp=True)

    def open_page(address: str, ready: str = "html") -> tuple[Any, Callable[[str], list[str]]]:
        opened_page = context.new_page()
        opened_page.goto(address)
        opened_page.wait_for_selector(ready, timeout=30_000, state="attached")
        opened_page.evaluate(axe)

        def found(state: str = "") -> list[str]:
            if state:
                opened_page.evaluate(state)
            result = opened_page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
            assert len(result["passes"]) > 10  # it did look
            return [
                f"{one['id']}: {one['nodes'][0]['html'][:200]}"
                for one in result["violations"]
                if one["impact"] in ("serious", "critical")
            ]

        return opened_page, found

    yield open_page
    context.close()


@pytest.fixture(scope="module")
def replay_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "replay.html"
    made = record([sim112.scenario(name, *SMALL) for name in ("dec_2021", "pati")], replications=5)
    path.write_text(page(made, "id"), encoding="utf-8")
    return path


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_replay(look: Callable[..., Any], replay_file: Path, lang: str) -> None:
    opened_page, found = look(replay_file.as_uri(), "html[data-ready=yes]")
    opened_page.click(f".languages button[lang={lang}]")
    assert found() == []
    assert found("sim112.setTime(sim112.steps.at(-1))") == []
    assert found("sim112.setMode('day'); sim112.setTime(64000); sim112.setRegency(0)") == []
    assert found("document.querySelector('.top > button').click()") == []


@pytest.fixture(scope="module")
def workshop() -> Iterator[str]:
    with serving(opened(offer_of(SMALL), "127.0.0.1", "id")) as address:
        yield address


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_workshop(look: Callable[..., Any], workshop: str, lang: str) -> None:
    opened_page, found = look(f"{workshop}#map=after&lang={lang}", "html[data-ready=yes]")
    opened_page.wait_for_function("sim112.answer?.replications === sim112.answer?.of && sim112.answer")
    assert found() == []
    assert found("sim112.toggle('pati')") == []
    opened_page.wait_for_function("sim112.answer?.replications === sim112.answer?.of && sim112.answer")
    assert found("document.querySelector('#numbers').click()") == []
    opened_page.keyboard.press("Escape")
    assert found("document.querySelector('#save').click()") == []


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenarios = [sim112.scenario(name, *SMALL) for name in ("dec_2021", "pati")]
    settings = compare_settings(["sensitivity=off", "use_levels=off", "stress=null"])
    study = compare(scenarios, settings=settings, results=tmp_path_factory.mktemp("results"), figures=False)
    assert study.folder is not None
    return study.folder


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_report(look: Callable[..., Any], saved: Path, lang: Lang) -> None:
    _, found = look(write_report(open_run(saved), lang).as_uri())
    assert found() == []
