"""Textbook queues as small worlds: both engines, theory, the examples of the docs, how they are shown."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from small_tables import TABLES, folder_of, small

from sim112.cli import main
from sim112.config.composition import choices
from sim112.config.scenario import compose, scenario
from sim112.demand.calls import draw_calls
from sim112.engine.choice import simulate
from sim112.engine.contract import JobOutcome, first_difference
from sim112.errors import InputError
from sim112.planning.hypercube import hypercube
from sim112.planning.retrials import overflow
from sim112.planning.theory import erlang_b, erlang_c, priority
from sim112.study.comparison import estimate
from sim112.study.kpis import Measures
from sim112.study.replication import world_of
from sim112.study.run import compare, run
from sim112.world.network import build_world, load_places

ROOT = Path(__file__).resolve().parents[1]
TEXTBOOK = ROOT / "experiments" / "textbook"
DOCS = (ROOT / "docs" / "small_worlds.md").read_text(encoding="utf-8")

# ---- both engines, and theory ------------------------------------------------------------------------------

BUSY = (
    *("demand.kinds.call.rate_per_h=40", "demand.kinds.call.agencies={fire: 1}"),
    *("demand.kinds.call.on_scene_s={fire: {dist: exponential, mean_s: 300}}", "clock.report_s=43200"),
    *("callers.genuine.patience_s={dist: exponential, mean_s: 90}", "clock.warm_up_s=3600"),
    *("callers.genuine.redial.blocked_share=0.8", "work.handling_s={dist: exponential, mean_s: 40}"),
)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fleet.when_none=lost", "fleet.assignable=at_station"),
        ("fleet.mutual_aid=true", "staffing.shift_end=fresh_crew"),
    ],
)
def test_the_engines_agree_on_a_small_world(tmp_path: Path, words: tuple[str, ...]) -> None:
    given = small(folder_of(tmp_path), *BUSY, *words)
    area, travel = load_places(given)
    world, calls = build_world(given, area, travel), draw_calls(given, area, 0)
    logs = [simulate(engine, world, calls) for engine in ("reference", "compiled")]
    assert first_difference(*logs) is None
    assert len(logs[0].job_need) > 100 and set(logs[0].job_unit.tolist()) >= {0, 1}


@cache
def measured(name: str, *overrides: str) -> tuple[Measures, ...]:
    words = ("replications=30", "workers=1", "engine=compiled", *overrides)
    return run(scenario(name, *words, config_dir=TEXTBOOK)).measures


def assert_near(
    key: str, runs: tuple[Measures, ...], exact: float, scope: str = "province", at: int = 0
) -> None:
    """The exact value lies within twice the half-width of the interval, which is itself narrow."""
    found = estimate(key, runs, scope).interval
    value, low, high = (float(part[at]) for part in (found.value, found.low, found.high))
    assert high - low < 0.3 * exact, f"{key}: {low} to {high} tells little of {exact}"
    assert abs(value - exact) < high - low, f"{key}: {value} is not {exact}"


def test_one_desk_is_a_queue_of_erlang() -> None:
    exact = erlang_c(150 / 3600, 180.0, 9)
    runs = measured("one_desk", "area.desk.call_takers=9", "demand.kinds.call.rate_per_h=150")
    assert_near("waited_share", runs, exact.waited_share)
    assert_near("wait_s", runs, exact.mean_wait_s)
    assert_near("carried_erlang", runs, 7.5)


def test_urgent_callers_wait_as_theory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exact = priority([20 / 3600, 50 / 3600], 180.0, 4)
    runs = measured("priority")
    kinds = runs[0].members("kind")
    assert_near("wait_s", runs, exact.mean_wait_s[0], "kind", kinds.index("urgent"))
    assert_near("wait_s", runs, exact.mean_wait_s[1], "kind", kinds.index("call"))


def test_calls_overflow_as_theory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    runs = measured("overflow")
    exact = overflow(60 / 3600, 180.0, 3, 20 / 3600, 4, 3, 4)
    assert_near("blocked_share", runs, erlang_b(3.0, 3), "desk", runs[0].members("desk").index("west"))
    lost = exact.lost_share * 0.75 + exact.second_blocked_share * 0.25  # by whose callers they are
    assert_near("blocked_share", runs, lost)


def test_units_go_by_preference_as_the_hypercube_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    rates = np.array([0.25, 0.25, 0.25, 0.35, 0.40]) / 1800
    preferences = [(0, 1, 2), (0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 0, 1)]
    exact = hypercube(rates.tolist(), [1800.0] * 3, preferences, "wait")
    runs = measured("hypercube")
    assert_near("unit_waited_share", runs, exact.all_busy_share)
    assert_near("utilisation", runs, float(exact.utilisation.mean()))
    given = scenario("hypercube", config_dir=TEXTBOOK)
    world = world_of(given)
    area, _ = load_places(given)
    busy_s, sent = np.zeros(3), np.zeros((5, 3))
    for replication in range(20):
        calls = draw_calls(given, area, replication)
        log = simulate("compiled", world, calls)
        done = log.job_outcome == JobOutcome.SERVED
        np.add.at(busy_s, log.job_unit[done], (log.job_available_s - log.job_assigned_s)[done])
        zone = calls.incident_zone[calls.need_incident[log.job_need[done]]]
        np.add.at(sent, (zone, log.job_unit[done]), 1)
    assert busy_s / world.end_s / 20 == pytest.approx(exact.utilisation, rel=0.04)
    assert sent / sent.sum() == pytest.approx(exact.dispatch_share, abs=0.01)


def test_a_responder_cycle_is_erlangs_loss_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    runs = measured("responder_cycle")
    assert_near("unserved_share", runs, erlang_b(1.0, 2))  # 60 + 300 + 900 + 540 s, twice an hour


# ---- as it is shown ----------------------------------------------------------------------------------------

COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", DOCS, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("sim112 ")
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_of_the_docs_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    quick = ["replications=2", "workers=1", "clock.report_s=86400", "clock.warm_up_s=0"]
    words = [word for word in quick if word.split("=")[0] not in command]
    assert main([*shlex.split(command)[1:], *words, "--results", str(tmp_path), "--no-figures"]) == 0
    screen = capsys.readouterr().out
    assert "extbook" in screen and "Central Java?" not in screen and "wait" in screen


def test_the_docs_show_every_example_folder() -> None:
    shown = {command.split()[2] for command in COMMANDS}
    assert {path.stem for path in (TEXTBOOK / "scenario").glob("*.yaml")} <= shown
    assert len(COMMANDS) >= 12


SWITCHES = re.findall(r"`([\w.]+=[\w.]+)`", DOCS.split("## To switch X off")[1])


@pytest.mark.slow
@pytest.mark.parametrize("word", SWITCHES)
def test_every_word_that_switches_off_works_and_one_desk_has_it_off_already(word: str) -> None:
    plain, off = (
        compose(["scenario=one_desk", "clock=day"]),
        compose(["scenario=one_desk", "clock=day", word]),
    )
    area, travel = load_places(plain)
    assert first_difference(draw_calls(plain, area, 0), draw_calls(off, area, 0)) is None
    if "call_takers" not in word:  # a queue has somebody who answers
        worlds = build_world(plain, area, travel), build_world(off, *load_places(off))
        for name, value in vars(worlds[0]).items():
            assert np.array_equal(value, getattr(worlds[1], name)), name
    if not word.startswith("area.desk") and word != "answering.overflow_to=off":
        assert compose(["scenario=all_35", word]) != compose(["scenario=all_35"])


@pytest.mark.slow
def test_a_textbook_queue_is_told_apart_from_the_scenarios_of_the_province() -> None:
    for name in choices("scenario"):
        given = compose([f"scenario={name}"])
        assert given.area.is_small_world == ("textbook" in given.question), name


@pytest.mark.slow
def test_the_figures_of_a_small_world_are_drawn(tmp_path: Path) -> None:
    quick = ("replications=2", "workers=1", "clock=day")
    result = run(scenario("one_desk", *quick), results=tmp_path)
    assert result.folder is not None
    assert {path.stem for path in (result.folder / "figures").iterdir()} == {
        "calls_and_answer",
        "lines_by_desk",
    }


@pytest.mark.slow
def test_small_worlds_are_compared_where_their_people_are_the_same(tmp_path: Path) -> None:
    words = ("replications=3", "workers=1", "clock=day", "fleet.busy_time=drawn")
    first = small(folder_of(tmp_path / "one"), *words, "name=one")
    more = TABLES["desks.csv"].replace("north,,north,3,0:2 3600:1", "north,,north,9,9")
    second = small(folder_of(tmp_path / "two", desks=more), *words, "name=two")
    result = compare([first, second], figures=False)
    assert (result.stress, result.sensitivity, result.use) == (None, (), {})
    assert result.comparison.row("blocked_share", "two").difference < 0
    assert "textbook queues" in str(result)
    people = "zone,regency,weight\na,north,3\nb,north,1\nc,south,5\n"
    other = small(folder_of(tmp_path / "three", zones=people), *words, "name=three")
    with pytest.raises(InputError, match=r"area of three is not that of one"):
        compare([first, other], figures=False)
    with pytest.raises(InputError, match=r"area of all_35 is not that of one"):
        compare([first, scenario("all_35", *words)], figures=False)
