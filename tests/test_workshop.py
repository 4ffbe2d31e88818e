"""The workshop's server: what it answers is what the command line says, and no stranger may ask."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import yaml

import sim112
from sim112 import cli
from sim112.cli.workshop import listen
from sim112.config.compare import compare_settings
from sim112.config.scenario import Scenario, from_mapping
from sim112.errors import InputError
from sim112.sources import numbers_with
from sim112.study.comparison import compare
from sim112.study.replication import Batch, simulate_once
from sim112.views.words import LANGS, words
from sim112.views.workshop.answers import answer, stages_of
from sim112.views.workshop.choices import (
    SLIDERS,
    Choice,
    Grouping,
    Offer,
    choice_from,
    ends_of,
    keys_of,
    offer_of,
    scenarios_of,
    value_in,
)
from sim112.views.workshop.guard import LARGEST_REQUEST, is_loopback, is_own_name
from sim112.views.workshop.saving import command, scenario_file
from sim112.views.workshop.server import MOST_VISITORS, Workshop, app_of, opened
from sim112.views.workshop.workers import Workers

SMALL = ("area.regencies=[pati,kudus]", "replications=6", "engine=reference", "workers=1")
PATI = {"before": "dec_2021", "after": "dec_2021", "switched": ["pati"]}
MOVED = {"call_takers": 1, "lines": 5, "units": 0.8, "use": 0.3, "nuisance": 2.5, "talk": 150}
ALL_CHANGED = {
    "before": "dec_2021",
    "after": "known_2025",
    "switched": ["pati", "kudus"],
    "values": MOVED,
    "flood": True,
}


@pytest.fixture(scope="module")
def offer() -> Offer:
    return offer_of(SMALL)


@pytest.fixture(scope="module")
def workshop(offer: Offer) -> Iterator[Workshop]:
    found = opened(offer, "127.0.0.1", "en")
    yield found
    found.close()


class Client:
    """Asks a workshop without a network."""

    def __init__(self, workshop: Workshop, base_url: str = "http://127.0.0.1:8112") -> None:
        self.app, self.base_url = app_of(workshop), base_url

    def request(self, method: str, path: str, **asked: Any) -> httpx.Response:
        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.base_url) as client:
                return await client.request(method, path, **asked)

        return asyncio.run(one())

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("GET", path, **asked)

    def post(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("POST", path, **asked)


@pytest.fixture
def client(workshop: Workshop) -> Client:
    workshop.answered.clear()
    return Client(workshop)


def ask(client: Client, choice: dict[str, Any], number: int = 1, **headers: str) -> Any:
    return client.post("/answers", json={"visitor": "a", "number": number, "choice": choice}, headers=headers)


def last_of(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    lines: list[dict[str, Any]] = [json.loads(line) for line in response.text.splitlines()]
    return lines[-1]


# ---- choices -----------------------------------------------------------------------------------------------


def test_a_choice_without_changes_is_the_scenario_itself(offer: Offer) -> None:
    for name in offer.scenarios:
        pair = scenarios_of(offer, Choice(before=name, after=name))
        assert pair == (sim112.scenario(name, *SMALL),) * 2


def test_a_switched_regency_is_the_deployment_of_the_shipped_scenario(offer: Offer) -> None:
    _, after = scenarios_of(offer, choice_from(PATI))
    shipped = sim112.scenario("pati", *SMALL)
    assert after.deployment == shipped.deployment
    assert after.model_copy(update={"name": "", "question": "", "sourced": "", "assumed": ""}) == (
        shipped.model_copy(update={"name": "", "question": "", "sourced": "", "assumed": ""})
    )
    _, again = scenarios_of(offer, Choice(before="dec_2021", after="pati", switched=("pati", "kudus")))
    assert again.deployment.add == () and again.deployment.remove == ("kudus", "pati")


def test_the_plan_changes_the_second_scenario_alone_and_the_world_both(offer: Offer) -> None:
    before, after = scenarios_of(offer, choice_from({**PATI, "values": MOVED, "flood": True}))
    assert before.demand == after.demand and before.callers == after.callers and before.work == after.work
    plain, _ = scenarios_of(offer, choice_from(PATI))
    assert (before.staffing, before.answering, before.fleet) == (plain.staffing, plain.answering, plain.fleet)
    for slider in SLIDERS:
        moved = [value_in(scenario, slider) for scenario in (before, after)]
        expected = (
            [MOVED[slider.name]] * 2
            if slider.of == "world"
            else [value_in(plain, slider), MOVED[slider.name]]
        )
        assert moved == expected, slider.name
    assert before.demand.surges.keys() == {"flood"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dec_2021", "six_hubs", "one_centre"])
def test_both_ends_of_every_slider_are_allowed_and_change_something(offer: Offer, name: str) -> None:
    grouping = offer.scenarios[name].deployment.grouping
    for slider in SLIDERS:
        ends = ends_of(slider, grouping, offer.numbers)
        assert ends.low < ends.high
        seen = []
        for value in (ends.low, ends.high):
            _, after = scenarios_of(offer, Choice(before=name, after=name, values={slider.name: value}))
            assert value_in(after, slider) == value
            seen.append(after)
        assert seen[0] != seen[1]
        for beyond in (ends.low - 1, ends.high + 1):
            with pytest.raises(InputError, match=r"it should be (greater|less) than or equal to"):
                scenarios_of(offer, Choice(before=name, after=name, values={slider.name: beyond}))


def test_the_ends_of_a_slider_are_those_that_the_configuration_assumes(offer: Offer) -> None:
    found = {slider.name: ends_of(slider, "regency", offer.numbers) for slider in SLIDERS}
    of_key = {number.key: (number.low, number.high) for number in numbers_with(None)}
    for slider in SLIDERS:
        key = keys_of(slider, "regency")[0]
        if slider.name != "call_takers":
            assert (found[slider.name].low, found[slider.name].high) == of_key[key], slider.name
    assert (found["call_takers"].low, found["call_takers"].high) == (1, 4)


@pytest.mark.parametrize("lang", LANGS)
def test_every_slider_unit_and_measure_has_words(offer: Offer, lang: Any) -> None:
    known = words(lang)
    for slider in SLIDERS:
        assert known.has(f"workshop.sliders.{slider.name}") and known.has(f"workshop.about.{slider.name}")
        for grouping in get_args(Grouping):
            assert known.has(f"workshop.units.{ends_of(slider, grouping, offer.numbers).unit}")


def test_scenarios_survive_the_way_to_a_process(offer: Offer) -> None:
    for scenario in scenarios_of(offer, choice_from(ALL_CHANGED)):
        assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


# ---- answers -----------------------------------------------------------------------------------------------


def test_the_answer_is_what_run_says(client: Client, offer: Offer) -> None:
    choice = {**PATI, "values": {"use": 0.46, "call_takers": 1}}
    found = last_of(ask(client, choice))
    assert found["replications"] == 6 and found["number"] == 1
    world = ("demand.use=mid", "demand.dial_112_share.mid=0.46")
    runs = {
        "before": sim112.run(sim112.scenario("dec_2021", *SMALL, *world)).measures,
        "after": sim112.run(sim112.scenario("pati", *SMALL, *world, "staffing.call_takers=1")).measures,
    }
    expected = compare(runs)
    for told in found["rows"][""]:
        for name in ("before", "after"):
            row = expected.row(told["measure"], name)
            assert told[name] == [
                None if value != value else value for value in (row.value, row.low, row.high)
            ]
        assert told["difference"][0] == (None if row.difference != row.difference else row.difference)
    of_pati = {told["measure"]: told for told in found["rows"]["pati"]}
    for row in expected.regencies:
        if row.member == "pati" and row.scenario == "after":
            assert of_pati[row.measure]["after"][0] == row.value
            assert of_pati[row.measure]["difference"][0] == row.difference
    assert of_pati["alert_capped_s"]["difference"][0] != 0


def test_answers_come_in_stages_that_end_with_all_replications(client: Client) -> None:
    response = ask(client, PATI)
    assert [json.loads(line)["replications"] for line in response.text.splitlines()] == [4, 6]
    assert stages_of(30) == [4, 8, 16, 30] and stages_of(2) == [2] and stages_of(8) == [4, 8]


def test_an_early_answer_is_that_of_as_many_replications(client: Client, offer: Offer) -> None:
    first = json.loads(ask(client, PATI).text.splitlines()[0])
    pair = scenarios_of(offer, choice_from(PATI))
    batch = Batch(pair, range(4), for_headline=True)
    assert {**answer([simulate_once(batch, number) for number in range(4)])} == {
        key: value for key, value in first.items() if key not in ("number", "of")
    }


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({**PATI, "after": "pti"}, []),
    ({**PATI, "switched": ["ptai"]}, ["deployment.add=[ptai]"]),
    ({**PATI, "values": {"call_takers": 0}}, ["staffing.call_takers=0"]),
    ({**PATI, "values": {"call_takers": 1.5}}, ["staffing.call_takers=1.5"]),
    ({**PATI, "values": {"use": 7}}, ["demand.dial_112_share.mid=7"]),
    ({**PATI, "values": {"nuisance": -1}}, ["demand.nuisance_factor=-1"]),
]


@pytest.mark.parametrize(("choice", "changes"), BAD)
@pytest.mark.parametrize("lang", LANGS)
def test_a_bad_value_gets_the_message_of_the_command_line(
    client: Client, capsys: pytest.CaptureFixture[str], choice: dict[str, Any], changes: list[str], lang: str
) -> None:
    response = ask(client, choice, **{"X-Lang": lang})
    assert response.status_code == 400
    name = "dec_2021" if changes else "pti"
    assert cli.main(["run", name, *SMALL, *changes, f"lang={lang}"]) == 2
    said = capsys.readouterr().err.strip().removeprefix("sim112: ")
    told = response.json()["error"]
    if changes:
        assert told == said
    else:  # the command knows the small worlds too
        assert told.split(";")[0] == said.split(";")[0]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[" * 10_000, b"[]", b"3", b'{"visitor": "a", "number": 1}',
        b'{"visitor": "a", "number": 1, "choice": {"before": "pati"}}',
        b'{"visitor": "a", "number": 1, "choice": {"before": "pati", "after": "pati", "x": 1}}',
        b'{"visitor": "a", "number": 1, "choice": {"before": 3, "after": "pati"}}',
        b'{"visitor": "a", "number": 1, "choice": {"before": "a", "after": "a", "values": {"use": NaN}}}',
        b'{"visitor": "a", "number": 1, "choice": {"before": "pati", "after": "pati", "values": {"go": 1}}}',
        b'{"visitor": "", "number": 1, "choice": {}}', b'{"visitor": "a", "number": -1, "choice": {}}',
        b'{"visitor": "a", "number": true, "choice": {}}', b'{"vistor": "a"}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_told_in_one_line(client: Client, workshop: Workshop, content: bytes) -> None:
    for path in ("/answers", "/scenario"):
        response = client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert response.status_code == 400
        message = response.json()["error"]
        assert message and "\n" not in message and len(message) < 300
    assert workshop.answered == {}


# ---- who may ask, and how many -----------------------------------------------------------------------------


def test_a_stranger_is_refused(client: Client) -> None:
    body = {"visitor": "a", "number": 1, "choice": PATI}
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert client.post("/answers", json=body, headers={"Host": "evil.example:8112"}).status_code == 421
    assert client.post("/answers", json=body, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/answers", json=body, headers={"Origin": "null"}).status_code == 403
    assert (
        client.post("/answers", content=json.dumps(body), headers={"Content-Type": "text/plain"}).status_code
        == 415
    )
    assert client.post("/answers", json={"x": "y" * LARGEST_REQUEST}).status_code == 413
    assert client.get("/answers").status_code == 405
    assert client.request("OPTIONS", "/answers").status_code == 405
    assert client.get("/../pyproject.toml").status_code == 404


def test_a_long_request_without_a_length_is_refused(client: Client) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_REQUEST // 1000 + 2):
            yield b" " * 1000

    response = client.post("/answers", content=parts(), headers={"Content-Type": "application/json"})
    assert response.status_code == 400 and "longer" in response.json()["error"]


@pytest.mark.parametrize(
    ("asked", "host", "is_own"),
    [
        ("localhost:8112", "127.0.0.1", True), ("127.0.0.1:8112", "127.0.0.1", True),
        ("[::1]:8112", "::1", True),
        ("192.168.1.5:8112", "0.0.0.0", True), ("evil.example:8112", "0.0.0.0", False),
        ("localhost.evil.example", "127.0.0.1", False), ("", "127.0.0.1", False), ("hall", "hall", True),
        ("LOCALHOST", "127.0.0.1", True), ("127.0.0.1.evil.example", "127.0.0.1", False),
    ],
)  # fmt: skip
def test_only_names_of_this_machine_are_answered(asked: str, host: str, is_own: bool) -> None:
    assert is_own_name(asked, host) is is_own
    assert is_loopback("127.0.0.1") and is_loopback("::1") and not is_loopback("0.0.0.0")


def test_the_page_may_load_nothing_and_ask_only_its_server(client: Client) -> None:
    response = client.get("/?lang=id")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy and "unsafe" not in policy
    assert "access-control-allow-origin" not in response.headers
    assert response.headers["x-content-type-options"] == "nosniff"
    assert 'lang="id"' in response.text and "http://" not in response.text.replace(
        "http://www.w3.org/2000/svg", ""
    )


def test_nobody_else_is_answered_while_as_many_as_can_be_are(client: Client, workshop: Workshop) -> None:
    workshop.answered.update({f"other {at}": 1 for at in range(MOST_VISITORS)})
    for lang, word in (("en", "people"), ("id", "orang")):
        response = ask(client, PATI, **{"X-Lang": lang})
        assert response.status_code == 503 and int(response.headers["Retry-After"]) > 0
        assert word in response.json()["error"]
    workshop.answered.pop("other 0")
    assert last_of(ask(client, PATI))["replications"] == 6
    assert "a" not in workshop.answered


def test_something_older_is_not_answered(client: Client, workshop: Workshop) -> None:
    workshop.answered["a"] = 7
    assert ask(client, PATI, number=7).status_code == 409
    assert ask(client, PATI, number=6).status_code == 409
    assert last_of(ask(client, PATI, number=8))["number"] == 8


@pytest.mark.slow
def test_newer_work_of_a_visitor_ends_older_work_and_not_that_of_others(workshop: Workshop) -> None:
    from sim112.views.workshop.server import Asked, _answers

    pair = scenarios_of(workshop.offer, choice_from(PATI))

    async def collect(visitor: str, number: int) -> list[dict[str, Any]]:
        workshop.answered[visitor] = number
        asked = Asked(visitor, number, "en", choice_from(PATI))
        return [json.loads(line) async for line in _answers(workshop, asked, pair)]

    async def both() -> list[list[dict[str, Any]]]:
        return await asyncio.gather(collect("a", 1), collect("b", 1), collect("a", 2))

    workshop.answered.clear()
    older, other, newer = asyncio.run(both())
    assert older == []
    assert [line["replications"] for line in other] == [line["replications"] for line in newer] == [4, 6]
    assert newer[-1]["rows"] == other[-1]["rows"]
    assert workshop.answered == {}


@pytest.mark.slow
def test_a_process_that_ends_is_replaced(offer: Offer) -> None:
    import os
    import signal

    workers = Workers(1, "reference")
    text = offer.scenarios["dec_2021"].model_dump_json()
    alone = Workshop(offer, workers, "127.0.0.1", "id")
    try:
        pid = workers._pool.submit(os.getpid).result()
        os.kill(pid, signal.SIGKILL)
        client = Client(alone, "http://localhost")
        assert last_of(ask(client, PATI))["error"] == words("id").say("workshop.ended")
        assert last_of(ask(client, PATI, number=2))["replications"] == 6
        assert len(workers.submit(text, text, 0).result()) == 2
    finally:
        alone.close()


# ---- saving ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "choice",
    [
        PATI,
        ALL_CHANGED,
        {"before": "dec_2021", "after": "six_hubs", "values": MOVED | {"call_takers": 5, "lines": 20}},
    ],
)
def test_a_saved_scenario_gives_the_numbers_of_the_page_on_the_command_line(
    offer: Offer, client: Client, tmp_path: Path, choice: dict[str, Any]
) -> None:
    response = client.post("/scenario", json={"name": "my", "choice": choice})
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "my.yaml").write_text(response.json()["file"], encoding="utf-8")
    told = response.json()["command"].split()
    assert told[:4] == ["sim112", "compare", choice["before"], "my"] and told[-2] == "--config-dir"
    changes = told[4:-2]
    pair = scenarios_of(offer, choice_from(choice))
    again = [sim112.scenario(name, *changes, config_dir=tmp_path) for name in (choice["before"], "my")]
    assert again[0] == pair[0]
    as_named = {part: getattr(again[1], part) for part in ("name", "question", "sourced", "assumed")}
    assert again[1] == pair[1].model_copy(update=as_named)
    settings = compare_settings(["sensitivity=off", "use_levels=off", "stress=null"])
    result = sim112.compare(again, settings=settings)
    for row in last_of(ask(client, choice))["rows"][""]:
        expected = result.comparison.row(row["measure"], "my")
        assert row["after"][0] == (None if expected.value != expected.value else expected.value)
    assert numbers_with(tmp_path)  # every number says what it is


@pytest.mark.slow
def test_the_command_takes_a_saved_scenario(
    offer: Offer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scenario").mkdir()
    choice = choice_from({**PATI, "values": {"nuisance": 2}})
    (tmp_path / "scenario" / "my.yaml").write_text(scenario_file(offer, choice, "my"), encoding="utf-8")
    line = command(offer, choice, "my", str(tmp_path)).split()[1:]
    assert cli.main([*line, "--cfg", "job"]) == 0
    after = from_mapping(list(yaml.safe_load_all(capsys.readouterr().out))[-1])
    assert after.name == "my" and after.demand.nuisance_factor == 2 and after.deployment.add == ("pati",)


@pytest.mark.parametrize("name", ["", "My", "a b", "../x", "a" * 41, "pati", "x.yaml", 3, None, "1st"])
def test_a_name_that_is_none_or_taken_is_refused(client: Client, name: object) -> None:
    response = client.post("/scenario", json={"name": name, "choice": PATI})
    assert response.status_code == 400 and response.json()["error"].startswith("name is ")


def test_a_scenario_is_written_into_the_folder_once(offer: Offer, tmp_path: Path) -> None:
    own = replace(offer, config_dir=tmp_path)
    workers = Workers(1, "reference")
    there = Workshop(own, workers, "127.0.0.1", "en")
    try:
        client = Client(there)
        saved = client.post("/scenario", json={"name": "ours", "choice": PATI}).json()
        assert Path(saved["path"]) == tmp_path / "scenario" / "ours.yaml"
        before = Path(saved["path"]).read_bytes()
        again = client.post("/scenario", json={"name": "ours", "choice": {**PATI, "flood": True}})
        assert again.status_code == 400 and "already" in again.json()["error"]
        assert Path(saved["path"]).read_bytes() == before
    finally:
        there.close()
    assert sim112.scenario("ours", config_dir=tmp_path).deployment.add == ("pati",)


# ---- the command -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (["pati"], "chosen on the page"), (["scenario=pati"], "chosen on the page"),
        (["--port", "70000"], "65535"),
        (["--host", "no.such.place.invalid"], "cannot listen"), (["sensitivity=off"], "belongs to"),
        (["clock.repot_s=5", "--port", "0"], "did you mean"),
        (["area=one_desk", "--port", "0"], "no scenario has a map"),
    ],
)  # fmt: skip
def test_a_bad_command_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], given: list[str], part: str
) -> None:
    assert cli.main(["workshop", "--no-browser", *given]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if "getting" not in line]
    assert len(said) == 1 and part in said[0]


def test_a_port_in_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["workshop", "--no-browser", "--port", str(port)]) == 2
        assert "cannot listen there" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_serves_until_it_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    import subprocess
    import sys
    import urllib.request

    command_line = [sys.executable, "-m", "sim112", "workshop", "--no-browser", "--port", "0", *SMALL]
    with subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        timer = threading.Timer(60, process.kill)
        timer.start()
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline().split(" at ")[1].split()[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=20) as response:
            assert response.status == 200
        process.terminate()
        assert process.wait(timeout=20) == 0
        assert "closed" in process.stderr.read()
        timer.cancel()
