"""The replay in a real browser: it shows what Python says of the log, by keys alone, in two languages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_replay import diverted

import sim112
from sim112.study.moment import calls_by_state_at, measures_at, units_by_state_at
from sim112.views.replay import Replay, page, record

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
BUSY = ("clock=day", "demand.rate_factor=4", "area.regencies=[pati,kudus,jepara,kota_semarang,demak]")


@pytest.fixture(scope="module")
def replay() -> Replay:
    return record([sim112.scenario(name, *BUSY) for name in ("dec_2021", "pati")], replications=30)


@pytest.fixture(scope="module")
def file(replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "replay.html"
    path.write_text(page(replay, "id"), encoding="utf-8")
    return path


class Opened:
    """A page in the browser, with all that it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, size: dict[str, int]) -> None:
        self.page = browser.new_page(viewport=size, reduced_motion="reduce")
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]", timeout=30_000)

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(expression)


@pytest.fixture
def wide(browser: Any, file: Path) -> Iterator[Opened]:
    opened = Opened(browser, file, WIDE)
    yield opened
    opened.page.close()


def test_nothing_outside_is_asked_for_and_nothing_goes_wrong(wide: Opened, file: Path) -> None:
    wide.ask("sim112.setMode('day'); sim112.setTime(40000); sim112.setRegency(0); sim112.play(true)")
    wide.page.wait_for_timeout(500)
    wide.page.click(".languages button[lang=en]")
    assert [url for url in wide.requests if not url.startswith("data:")] == [file.as_uri()]
    assert wide.complaints == []


@pytest.mark.parametrize("hour", [0, 0.5, 2.03, 7.77, 12, 18.4, 23.999])
def test_a_moment_is_what_python_says_of_the_log(wide: Opened, replay: Replay, hour: float) -> None:
    time_s = hour * 3600
    now_s = replay.span.from_s + time_s
    for regency in (None, 0, 3):
        state = wide.ask(f"sim112.stateAt({time_s}, {'null' if regency is None else regency})")
        for shown, world, log in zip(state["scenarios"], replay.worlds, replay.logs, strict=True):
            expected = measures_at(world, replay.calls, log, replay.span, now_s, regency)
            assert set(shown["measures"]) == set(expected)
            for key, value in expected.items():
                told = shown["measures"][key]
                assert (told is None) if math.isnan(value) else told == pytest.approx(value, abs=1e-9), key
            assert shown["calls_by_state"] == calls_by_state_at(log, now_s)
            assert shown["units_by_state"] == units_by_state_at(world, log, now_s)


def test_ways_that_are_in_no_log_are_shown_as_python_says(browser: Any, tmp_path: Path) -> None:
    made = diverted()
    path = tmp_path / "diverted.html"
    path.write_text(page(made, "id"), encoding="utf-8")
    opened = Opened(browser, path, WIDE)
    world, log, detours = made.worlds[0], made.logs[0], made.detours[0]
    moving = 0
    for time_s in [7 + 1801 * step for step in range(45)]:
        now_s = made.span.from_s + time_s
        state = opened.ask(f"sim112.stateAt({time_s})")["scenarios"][0]
        assert state["units_by_state"] == units_by_state_at(world, log, now_s, detours)
        expected = measures_at(world, made.calls, log, made.span, now_s, None, detours)
        assert state["measures"]["units_busy"] == expected["units_busy"]
        moving += state["units_by_state"]["moving"]
    assert moving > 0
    opened.ask("sim112.setMode('day')")
    assert "pindah ke pos lain" in opened.page.inner_text(".legend")
    opened.page.close()


def test_the_words_above_the_maps_tell_what_happened_and_at_the_end_what_differed(wide: Opened) -> None:
    wide.page.click(".languages button[lang=en]")
    begins = wide.page.inner_text(".banner")
    assert begins.startswith("Traffic accident in Pati at ") and begins.endswith("Press Next.")
    wide.ask("sim112.setTime(sim112.steps.at(-1))")
    told = wide.ask("sim112.storyAt(86400).map(({ agencies }) => agencies)")
    knows = [max(one["knows_s"] for one in agencies) for agencies in told]
    how = "at the same time" if knows[0] == knows[1] else "sooner" if knows[1] < knows[0] else "later"
    first = wide.page.inner_text(".banner").split(";")[0]
    assert first.startswith("In B: all agencies know ") and first.endswith(how)


def test_some_moment_has_each_of_the_common_states(replay: Replay) -> None:
    """Otherwise the test above would compare nothing with nothing."""
    seen: set[str] = set()
    for hour in range(24 * 12):
        now_s = replay.span.from_s + hour * 300 + 7
        for world, log in zip(replay.worlds, replay.logs, strict=True):
            for counts in (calls_by_state_at(log, now_s), units_by_state_at(world, log, now_s)):
                seen |= {state for state, count in counts.items() if count}
    assert seen >= {"ringing", "talking", "abandoned", "turnout", "rolling", "on_scene", "to_hospital"}
    assert seen >= {"handover", "returning", "queued", "blocked"}


def test_the_state_depends_on_the_time_alone(wide: Opened) -> None:
    there = wide.ask("JSON.stringify(sim112.stateAt(30000))")
    wide.ask("sim112.setMode('day'); sim112.setTime(80000); sim112.setTime(3); sim112.play(true)")
    wide.page.wait_for_timeout(300)
    assert wide.ask("JSON.stringify(sim112.stateAt(30000))") == there


def test_the_table_on_the_screen_shows_the_measures(wide: Opened, replay: Replay) -> None:
    wide.ask("sim112.setMode('day'); sim112.setTime(64000)")
    now_s = replay.span.from_s + 64000
    expected = [
        measures_at(world, replay.calls, log, replay.span, now_s)["calls_offered"]
        for world, log in zip(replay.worlds, replay.logs, strict=True)
    ]
    cells = wide.page.locator(".day table").first.locator("tbody tr").first.locator("td").all_inner_texts()
    in_indonesian = [f"{round(value):,}".replace(",", ".") for value in expected]
    assert cells[:2] == in_indonesian
    difference = cells[2].replace("\u2212", "-").lstrip("+").replace(".", "")
    assert difference == str(round(expected[1] - expected[0]))


def test_keys_alone_lead_through_the_incident_and_the_day(wide: Opened) -> None:
    press = wide.page.keyboard.press
    steps = wide.ask("sim112.steps")
    press("Home")
    assert wide.ask("sim112.now.time_s") == pytest.approx(max(steps[0] - 60, 0))
    for step in steps:
        press("ArrowRight")
        assert wide.ask("sim112.now.time_s") == pytest.approx(step)
    press("ArrowLeft")
    assert wide.ask("sim112.now.time_s") == pytest.approx(steps[-2])
    press("End")
    for _ in range(12):  # the button that leads on can be reached by Tab
        press("Tab")
        if wide.ask("document.activeElement.id") == "next":
            break
    press("Enter")
    assert wide.ask("sim112.now.mode") == "day"
    wide.ask("document.activeElement.blur()")
    press("Home")
    press("ArrowRight")
    press("Shift+ArrowRight")
    assert wide.ask("sim112.now.time_s") == 660
    press("+")
    assert wide.ask("sim112.now.speed") == 120
    press("Space")
    wide.page.wait_for_timeout(400)
    press("Space")
    assert wide.ask("sim112.now.time_s") > 660
    assert wide.ask("sim112.now.playing") is False
    press("End")
    assert wide.ask("sim112.now.time_s") == 86400
    wide.ask("sim112.setRegency(1)")
    press("Escape")
    assert wide.ask("sim112.now.regency") is None


def test_each_language_has_its_words_and_numbers(wide: Opened) -> None:
    wide.ask("sim112.setMode('day'); sim112.setTime(7800)")
    said = wide.page.inner_text("body")
    assert wide.ask("document.documentElement.lang") == "id"
    assert "02.10.00" in said and "Senin, 6 Desember 2021" in said and "Panggilan masuk" in said
    assert "batas skematis, bukan batas resmi" in said
    wide.page.click(".languages button[lang=en]")
    said = wide.page.inner_text("body")
    assert wide.ask("document.documentElement.lang") == "en"
    assert "02:10:00" in said and "Monday, 6 December 2021" in said and "Calls that came in" in said
    assert "schematic, not official borders" in said
    assert "Panggilan" not in said


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["projector", "phone"])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_nothing_runs_out_of_the_screen(browser: Any, file: Path, size: dict[str, int], lang: str) -> None:
    opened = Opened(browser, file, size)
    opened.page.click(f".languages button[lang={lang}]")
    for mode in ("story", "day"):
        opened.ask(f"sim112.setMode('{mode}')")
        opened.ask("sim112.setTime(85000)")
        assert opened.ask("document.documentElement.scrollWidth <= window.innerWidth"), mode
        if size is WIDE:
            assert opened.ask("document.documentElement.scrollHeight <= window.innerHeight"), mode
        beyond = opened.ask(
            "[...document.querySelectorAll('td, th, button, select, h1, h2, li')]"
            ".filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)"
            ".map((one) => one.textContent)"
        )
        assert beyond == [], mode
    opened.page.close()


def test_names_from_the_data_are_only_ever_text(browser: Any, replay: Replay, tmp_path: Path) -> None:
    from dataclasses import replace

    bad = '</script><img src=x onerror="window.broken=1"><b>'
    scenarios = tuple(one.model_copy(update={"name": bad, "question": bad}) for one in replay.scenarios)
    path = tmp_path / "bad.html"
    path.write_text(page(replace(replay, scenarios=scenarios), "en"), encoding="utf-8")
    opened = Opened(browser, path, WIDE)
    assert opened.ask("window.broken === undefined")
    assert opened.ask("document.querySelectorAll('img').length") == 0
    assert bad.replace("_", " ") in opened.page.inner_text("body")
    opened.page.close()


def test_a_pointer_on_a_regency_shows_its_numbers_and_a_click_selects_it(wide: Opened) -> None:
    wide.ask("sim112.setMode('day'); sim112.setTime(60000)")
    box = wide.page.locator(".map canvas").first.bounding_box()
    for across in range(10, 95, 5):
        x, y = box["x"] + box["width"] * across / 100, box["y"] + box["height"] * 0.55
        wide.page.mouse.move(round(x), round(y))
        if wide.ask("sim112.now.hovered !== null"):
            break
    regency = wide.ask("sim112.now.hovered.regency")
    tip = wide.page.inner_text(".tip")
    assert wide.ask(f"sim112.data.map.regencies[{regency}].name").split()[-1] in tip
    wide.page.mouse.down()
    wide.page.mouse.up()
    assert wide.ask("sim112.now.regency") == regency
    assert wide.page.input_value("#place") == str(regency)
