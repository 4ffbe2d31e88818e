"""The workshop page in a real browser: clicks and keys change scenarios; the numbers are those of ``run``."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

import sim112
from sim112.cli.workshop import listen
from sim112.study.comparison import Comparison, compare
from sim112.views.workshop.choices import offer_of
from sim112.views.workshop.server import MOST_VISITORS, Workshop, app_of, opened

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
SMALL = ("area.regencies=[pati,kudus,jepara]", "replications=6", "workers=1")


@dataclass
class Served:
    """A workshop that is being served."""

    workshop: Workshop
    address: str


@contextmanager
def serving(workshop: Workshop) -> Iterator[str]:
    """A workshop is served, at this address, until the end."""
    listening: socket.socket = listen("127.0.0.1", 0)
    config = uvicorn.Config(app_of(workshop), ws="none", log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(timeout=20)
    listening.close()
    workshop.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    workshop = opened(offer_of(SMALL), "127.0.0.1", "id")
    with serving(workshop) as address:
        yield Served(workshop, address)


class Visitor:
    """Somebody at the page, with all that the page asked for and complained of."""

    def __init__(self, browser: Any, address: str, size: dict[str, int] = WIDE) -> None:
        self.page = browser.new_page(viewport=size)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready=yes]", timeout=30_000)

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def until(self, expression: str, timeout_s: float = 60) -> None:
        ends_s = time.monotonic() + timeout_s
        while not self.ask(expression):
            assert time.monotonic() < ends_s, f"{expression}\n{self.page.inner_text('body')}"
            self.page.wait_for_timeout(30)

    def settled(self) -> dict[str, Any]:
        """The answer on all replications to what is chosen now."""
        self.until("sim112.answer !== null && sim112.answer.replications === sim112.answer.of")
        found: dict[str, Any] = self.ask("sim112.answer")
        return found

    def row(self, place: str, measure: str) -> dict[str, Any]:
        return next(row for row in self.settled()["rows"][place] if row["measure"] == measure)

    def point_at(self, label: str) -> tuple[float, float]:
        """Where on the screen a regency is."""
        x, y = self.ask(
            f"(() => {{ const at = sim112.data.map.regencies.findIndex((one) => one.label === '{label}');"
            " const zone = sim112.data.map.zone_regency.indexOf(at), zones = sim112.data.map.zones;"
            " return sim112.map.toScreen(zones[2 * zone], zones[2 * zone + 1]); })()"
        )
        box = self.page.locator(".map canvas").bounding_box()
        return box["x"] + x, box["y"] + y

    def colour_at(self, label: str) -> str:
        """The colour that most of a regency has on the map."""
        colour: str = self.ask(
            "(() => { const { data, map } = sim112;"
            f" const at = data.map.regencies.findIndex((one) => one.label === '{label}');"
            " const canvas = document.querySelector('.map canvas'), pen = canvas.getContext('2d');"
            " const ratio = window.devicePixelRatio, counts = {}, { zones, zone_regency } = data.map;"
            " zone_regency.forEach((regency, zone) => { if (regency !== at) return;"
            " const [x, y] = map.toScreen(zones[2 * zone], zones[2 * zone + 1]);"
            " for (const [dx, dy] of [[4, 4], [-4, 4], [4, -4], [-4, -4]]) {"
            " const [r, g, b] = pen.getImageData((x + dx) * ratio, (y + dy) * ratio, 1, 1).data;"
            " const key = `rgb(${r}, ${g}, ${b})`; counts[key] = (counts[key] ?? 0) + 1; } });"
            " return Object.entries(counts).sort((a, b) => b[1] - a[1])[0][0]; })()"
        )
        return colour


@pytest.fixture
def visitor(browser: Any, served: Served) -> Iterator[Visitor]:
    found = Visitor(browser, served.address)
    yield found
    found.page.close()


def by_command(*changes: str, after: tuple[str, ...] = ()) -> Comparison:
    """What ``sim112.run`` gives for both scenarios of the page."""
    both = {
        "before": sim112.run(sim112.scenario("dec_2021", *SMALL, *changes)).measures,
        "after": sim112.run(sim112.scenario("dec_2021", *SMALL, *changes, *after)).measures,
    }
    return compare(both)


def agree(rows: list[dict[str, Any]], expected: Comparison) -> None:
    """Every row of the page has the values of a comparison."""
    assert rows
    for row in rows:
        for name in ("before", "after"):
            found = expected.row(row["measure"], name).value
            assert row[name][0] == (None if math.isnan(found) else found), (row["measure"], name)


def test_a_click_on_a_regency_changes_its_deployment_and_the_numbers(visitor: Visitor) -> None:
    still = visitor.row("pati", "alert_capped_s")
    assert still["difference"][0] == 0 and visitor.ask("sim112.chosen.switched") == []
    visitor.page.mouse.click(*visitor.point_at("pati"))
    assert visitor.ask("sim112.chosen.switched") == ["pati"]
    expected = by_command(after=("deployment.add=[pati]",))
    agree(visitor.settled()["rows"][""], expected)
    assert visitor.row("pati", "alert_capped_s")["difference"][0] != 0
    assert "lebih baik" in visitor.page.inner_text("#of_province tr[data-measure=people_covered]")
    visitor.page.mouse.click(*visitor.point_at("pati"))
    assert visitor.ask("sim112.chosen.switched") == []
    assert visitor.row("pati", "alert_capped_s") == still


def test_a_slider_moved_by_keyboard_gives_the_number_of_run(visitor: Visitor) -> None:
    visitor.settled()
    visitor.page.focus("#nuisance")
    for _ in range(5):
        visitor.page.keyboard.press("ArrowRight")
    assert visitor.ask("sim112.chosen.values.nuisance") == 1.5
    assert visitor.page.get_attribute("#nuisance", "aria-valuetext") == "1,5 \N{MULTIPLICATION SIGN}"
    visitor.page.focus("#call_takers")
    visitor.page.keyboard.press("ArrowRight")
    assert visitor.ask("sim112.chosen.values.call_takers") == 1
    expected = by_command("demand.nuisance_factor=1.5", after=("staffing.call_takers=1",))
    agree(visitor.settled()["rows"][""], expected)
    cell = visitor.page.locator("#of_province tr[data-measure=one_person_hours] td").nth(1)
    hours = expected.row("one_person_hours", "after").value
    assert cell.inner_text().split("\n")[0] == f"{hours:,.0f}".replace(",", ".")


def test_keys_alone_switch_a_regency_and_choose_scenarios(visitor: Visitor) -> None:
    visitor.settled()
    press = visitor.page.keyboard.press
    seen = []
    visitor.page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        press("Tab")
        seen.append(visitor.ask("document.activeElement.id || document.activeElement.lang"))
        if seen[-1] == "toggle":
            break
    press("Enter")
    assert visitor.ask("sim112.chosen.switched") == ["pati"]
    for _ in range(20):
        press("Tab")
        seen.append(visitor.ask("document.activeElement.id"))
    wanted = {"before", "after", "id", "en", "place", "toggle", "flood", "save", "share", "reset"}
    wanted |= {"map_centres", "map_after", "map_difference"}
    assert wanted | {slider["name"] for slider in visitor.ask("sim112.data.sliders")} <= set(seen)
    visitor.page.select_option("#after", "all_35")
    visitor.settled()
    assert visitor.ask("sim112.chosen.after") == "all_35"
    assert (
        visitor.page.inner_text("#toggle") == "Nyalakan 112 di Pati"
    )  # the switch turns what the scenario has


def test_the_map_shows_a_measure_by_colour_and_its_numbers_in_a_table(visitor: Visitor) -> None:
    visitor.settled()
    centres = visitor.colour_at("pati"), visitor.colour_at("kudus")
    visitor.page.focus("#map_after")
    visitor.page.keyboard.press("Enter")
    visitor.page.select_option("#measure", "alert_capped_s")
    rows = {place: visitor.row(place, "alert_capped_s") for place in ("pati", "kudus", "jepara")}
    values = {place: row["after"][0] * row["factor"] for place, row in rows.items()}
    legend = visitor.ask(
        "[...document.querySelectorAll('.map .legend span')].map((one) =>"
        " [getComputedStyle(one.querySelector('i')).backgroundColor, one.textContent])"
    )
    for place, value in values.items():
        [shown] = [text for colour, text in legend if colour == visitor.colour_at(place)]
        low, high = (float(end.replace(",", ".")) for end in shown.split(" s.d. "))
        assert low <= value <= high, (place, value, shown)
    assert (visitor.colour_at("pati"), visitor.colour_at("kudus")) != centres
    assert "menit" in visitor.page.inner_text(".map .legend")
    # the difference is coloured where it is clear of 0 alone
    visitor.page.click("#map_difference")
    neutral = visitor.colour_at("kudus")
    assert {visitor.colour_at(place) for place in rows} == {neutral}
    visitor.ask("sim112.change({ values: { units: 0.6 } })")
    visitor.page.select_option("#measure", "response_capped_s")
    clear = {
        place: visitor.row(place, "response_capped_s")["difference"][1] > 0 for place in ("pati", "jepara")
    }
    assert any(clear.values())
    for place, is_clear in clear.items():
        assert (visitor.colour_at(place) != neutral) == is_clear
    # all numbers by keyboard, and the view in the address
    visitor.page.focus("#numbers")
    visitor.page.keyboard.press("Enter")
    table = visitor.page.inner_text("dialog[open] table")
    assert all(name in table for name in ("Pati", "Kudus", "Jepara", "Sampai unit pertama tiba"))
    visitor.page.keyboard.press("Escape")
    assert "map=difference&measure=response_capped_s" in visitor.page.url


def test_what_a_slider_means_is_told_where_it_is_used(visitor: Visitor) -> None:
    said = visitor.page.inner_text(".about_line")
    for slider in visitor.ask("sim112.data.sliders"):
        visitor.page.focus(f"#{slider['name']}")
        told = visitor.page.inner_text(".about_line")
        assert told != said
        described = visitor.page.get_attribute(f"#{slider['name']}", "aria-describedby")
        assert visitor.page.text_content(f"#{described}") == told
        said = told


def test_the_address_restores_what_was_chosen(visitor: Visitor, browser: Any, served: Served) -> None:
    visitor.page.mouse.click(*visitor.point_at("kudus"))
    visitor.page.focus("#talk")
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.check("#flood")
    answer = visitor.settled()
    other = Visitor(browser, visitor.page.url)
    assert other.ask("sim112.chosen") == visitor.ask("sim112.chosen")
    assert other.settled()["rows"] == answer["rows"]
    other.page.close()


def test_a_bad_address_gets_the_message_of_the_command_line(browser: Any, served: Served) -> None:
    other = Visitor(browser, served.address + "#before=dec_2021&after=dec_2021&call_takers=0&lang=id")
    other.until("document.querySelector('.error').textContent !== ''")
    assert other.page.inner_text(".error") == "staffing.call_takers adalah 0; seharusnya sedikitnya 1"
    other.page.click("#reset")
    assert other.settled()["replications"] == 6
    assert other.page.locator(".error").is_hidden()
    other.page.close()


def test_two_people_do_not_disturb_each_other(visitor: Visitor, browser: Any, served: Served) -> None:
    other = Visitor(browser, served.address)
    visitor.ask("sim112.toggle('pati')")
    other.ask("sim112.toggle('kudus')")
    mine, theirs = visitor.settled(), other.settled()
    assert visitor.ask("sim112.chosen.switched") == ["pati"] and other.ask("sim112.chosen.switched") == [
        "kudus"
    ]
    expected = by_command(after=("deployment.add=[pati]",)), by_command(after=("deployment.remove=[kudus]",))
    for found, comparison in zip((mine, theirs), expected, strict=True):
        agree(found["rows"][""], comparison)
    other.page.close()


def test_an_older_answer_never_stands_over_a_newer_choice(visitor: Visitor) -> None:
    visitor.settled()
    before = visitor.ask("sim112.told.length")
    for label in ("pati", "jepara", "kudus", "pati"):
        visitor.ask(f"sim112.toggle('{label}')")
        visitor.page.wait_for_timeout(40)
    visitor.settled()
    told = visitor.ask("sim112.told")[before:]
    numbers = [one["number"] for one in told]
    assert numbers == sorted(numbers)
    assert visitor.ask("sim112.answer.number") == numbers[-1] == max(numbers)
    expected = by_command(after=("deployment.add=[jepara]", "deployment.remove=[kudus]"))
    agree(visitor.settled()["rows"][""], expected)


def test_intervals_narrow_in_view(visitor: Visitor) -> None:
    visitor.ask("sim112.toggle('pati')")
    visitor.settled()
    last = visitor.ask("sim112.told")[-2:]
    assert [one["replications"] for one in last] == [4, 6] and last[0]["number"] == last[1]["number"]
    ends = visitor.ask(
        "[...document.querySelectorAll('#of_province .interval')]"
        ".map((one) => one.x2.baseVal.value - one.x1.baseVal.value)"
    )
    assert ends and all(0 < wide < 130 for wide in ends)


def test_when_it_is_busy_the_page_says_so_and_tries_again(visitor: Visitor, served: Served) -> None:
    visitor.settled()
    served.workshop.answered.update({f"other {at}": 1 for at in range(MOST_VISITORS)})
    visitor.ask("sim112.toggle('pati')")
    visitor.until("document.querySelector('.error').textContent !== ''")
    assert f"sedang melayani {MOST_VISITORS} orang" in visitor.page.inner_text(".error")
    served.workshop.answered.clear()
    visitor.settled()
    assert visitor.page.locator(".error").is_hidden()
    assert [text for text in visitor.complaints if "503" not in text] == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["projector", "phone"])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_nothing_runs_out_of_the_screen(
    browser: Any, served: Served, size: dict[str, int], lang: str
) -> None:
    opened_page = Visitor(browser, served.address, size)
    opened_page.page.click(f".languages button[lang={lang}]")
    opened_page.ask("sim112.toggle('pati')")
    opened_page.settled()
    assert opened_page.ask("document.documentElement.scrollWidth <= window.innerWidth")
    if size is WIDE:
        assert opened_page.ask("document.documentElement.scrollHeight <= window.innerHeight")
        assert opened_page.ask(
            "(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight)"
            "(document.querySelector('.results'))"
        )
    beyond = opened_page.ask(
        "[...document.querySelectorAll('td, th, button, select, input, label, p')]"
        ".filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)"
        ".map((one) => one.outerHTML)"
    )
    assert beyond == []
    opened_page.page.close()


def test_each_language_has_its_words_and_numbers(visitor: Visitor) -> None:
    visitor.ask("sim112.toggle('pati')")
    visitor.settled()
    said = visitor.page.inner_text("body")
    assert (
        "Sampai semua instansi tahu" in said and "selang kepercayaan 95%" in said and "batas skematis" in said
    )
    visitor.page.click(".languages button[lang=en]")
    said = visitor.page.inner_text("body")
    assert "Until all agencies know" in said and "95 % intervals" in said and "not official borders" in said
    assert "instansi" not in said and visitor.ask("document.documentElement.lang") == "en"


def test_a_scenario_is_saved_from_the_page(visitor: Visitor) -> None:
    visitor.ask("sim112.toggle('pati')")
    visitor.settled()
    visitor.page.click("#save")
    visitor.page.fill("#name", "pati")
    visitor.page.keyboard.press("Enter")
    visitor.until("document.querySelector('.saved .error') !== null")
    visitor.page.fill("#name", "usulan_kami")
    with visitor.page.expect_download() as download:
        visitor.page.keyboard.press("Enter")
    assert download.value.suggested_filename == "usulan_kami.yaml"
    text = download.value.path().read_text(encoding="utf-8")
    assert text.startswith("# @package _global_\n") and "  add: [pati]\n" in text
    visitor.until("document.querySelector('.saved code') !== null")
    assert visitor.page.inner_text(".saved code").startswith("sim112 compare dec_2021 usulan_kami ")


def test_nothing_outside_is_asked_for_and_nothing_goes_wrong(visitor: Visitor, served: Served) -> None:
    visitor.page.mouse.move(*visitor.point_at("kudus"))
    assert "Kudus" in visitor.page.inner_text(".tip")
    for step in (
        "sim112.toggle('pati')",
        "sim112.change({ flood: true })",
        "sim112.change({ after: 'six_hubs' })",
    ):
        visitor.ask(step)
        visitor.settled()
    visitor.page.click(".languages button[lang=en]")
    outside = [url for url in visitor.requests if not url.startswith((served.address, "data:", "blob:"))]
    assert outside == [] and visitor.complaints == []
