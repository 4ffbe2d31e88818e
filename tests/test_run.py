"""Studies from end to end on two regencies and a day: what a run gives, and that it gives it again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import sim112
from sim112.config.compare import compare_settings
from sim112.config.scenario import Scenario, to_yaml
from sim112.engine.contract import first_difference
from sim112.paths import data_dir
from sim112.sources import assumptions
from sim112.study import replication
from sim112.study.comparison import HEADLINE, STRESS
from sim112.study.replication import Batch, Progress, draw, notices, replicate, same_demand, world_of
from sim112.study.results import ComparedResult, most_covered
from sim112.study.run import under_stress
from sim112.study.sensitivity import at_end

SMALL = (
    *("clock=day", "area.regencies=[pati,kudus]", "replications=3", "workers=1"),
    "precision.warm_up_replications=0",
)
QUICK = ("sensitivity=off", "use_levels=off", "stress=null")


@cache
def small(name: str, *overrides: str) -> Scenario:
    return sim112.scenario(name, *SMALL, *overrides)


def totals(measured: list[list[list[replication.Measures]]]) -> list[np.ndarray]:
    return [run.totals for batch in measured for scenario in batch for run in scenario]


def test_results_do_not_depend_on_the_number_of_workers() -> None:
    batches = [
        Batch((small("dec_2021"), small("all_35")), range(3)),
        Batch((small("all_35", "demand.use=high"),), range(1, 3)),
    ]
    alone, together = totals(replicate(batches, workers=1)), totals(replicate(batches, workers=2))
    assert len(alone) == len(together) == 3 + 3 + 2
    for one, other in zip(alone, together, strict=True):
        assert one.tobytes() == other.tobytes()


def test_replications_differ_and_come_in_their_order() -> None:
    scenario = small("all_35")
    [[[first, second]]] = replicate([Batch((scenario,), range(2))], workers=1)
    [[[again]]] = replicate([Batch((scenario,), range(1, 2))], workers=1)
    assert first.totals.tobytes() != second.totals.tobytes()
    assert second.totals.tobytes() == again.totals.tobytes()


def test_a_centre_more_leaves_the_calls_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    without, with_pati = small("dec_2021"), small("pati")
    assert same_demand(without, with_pati)
    assert first_difference(draw(without, 0), draw(with_pati, 0)) is None
    drawn: list[str] = []

    def counting(scenario: Scenario, number: int) -> object:
        drawn.append(scenario.name)
        return draw(scenario, number)

    monkeypatch.setattr(replication, "draw", counting)
    replicate([Batch((without, with_pati), range(2))], workers=1)
    assert drawn == ["dec_2021", "dec_2021"]


def test_other_demand_is_drawn_for_itself() -> None:
    assert not same_demand(small("all_35"), small("all_35", "demand.rate_factor=2"))
    assert not same_demand(small("all_35"), small("all_35", "seed=7"))


def test_a_run_saves_nothing_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = sim112.run(small("all_35"))
    assert result.folder is None
    assert list(tmp_path.iterdir()) == []
    assert repr(result) == "<Result of all_35: 3 replications>"
    assert "calls offered" in str(result)


def test_a_comparison_has_the_headline_for_every_scenario() -> None:
    result = sim112.compare([small("dec_2021"), small("all_35")], settings=compare_settings(QUICK))
    for name in ("dec_2021", "all_35"):
        assert {row.measure for row in result.comparison.headline if row.scenario == name} == set(HEADLINE)
    assert result.comparison.row("people_covered", "all_35").verdict == "better"
    assert result.stress is None
    assert result.use == {}
    assert result.sensitivity == ()
    assert "dec_2021" in str(result)


@pytest.fixture(scope="module")
def whole() -> ComparedResult:
    settings = compare_settings(["sensitivity_shown=2", "screening_replications=1", "stress_replications=2"])
    return sim112.compare([small("dec_2021"), small("all_35")], settings=settings)


def test_a_flood_fills_the_last_row_of_the_headline(whole: ComparedResult) -> None:
    lost = [row for row in whole.comparison.headline if row.measure == STRESS]
    assert [row.scenario for row in lost] == ["dec_2021", "all_35"]
    assert lost[0].value >= 0
    assert whole.stress is not None
    assert {len(measures) for measures in whole.stress.values()} == {2}


def test_use_and_strong_suspects_are_run_as_often_as_the_scenarios(whole: ComparedResult) -> None:
    assert set(whole.use) == {"low", "high"}
    assert {comparison.replications for comparison in whole.use.values()} == {3}
    assert len(whole.sensitivity) == 2
    assert {one.assumption for one in whole.sensitivity} <= set(whole.settings.suspects)


def test_more_use_of_112_means_more_calls_to_it(whole: ComparedResult) -> None:
    few, many = (whole.use[end].row("cost_per_report", "all_35") for end in ("low", "high"))
    assert many.events > few.events


def test_the_fullest_deployment_is_found(whole: ComparedResult) -> None:
    assert most_covered(whole).name == "all_35"


def test_the_stress_is_reported_for_its_own_day_only() -> None:
    flood = sim112.scenario("all_35", "demand=pantura_flood").demand
    [surge] = flood.surges.values()
    stressed = under_stress(small("all_35"), flood)
    assert stressed.clock.report_from_s == 3600 * surge.from_h
    assert stressed.clock.report_to_s == 3600 * surge.to_h
    assert under_stress(small("all_35"), small("all_35").demand).clock == small("all_35").clock


def test_every_suspect_moves_every_shipped_scenario_both_ways() -> None:
    known = assumptions()
    scenario = small("all_35")
    for keys in compare_settings().suspects.values():
        low, high = (to_yaml(at_end(scenario, keys, end, known)) for end in ("low", "high"))
        assert len({low, high, to_yaml(scenario)}) == 3, keys


def test_a_minus_turns_the_ends_of_a_key() -> None:
    known, scenario = assumptions(), small("all_35")
    turned = at_end(scenario, ["-demand.nuisance_factor"], "low", known)
    assert turned == at_end(scenario, ["demand.nuisance_factor"], "high", known)


def test_a_value_changed_on_purpose_is_no_assumption_any_more() -> None:
    scenario = small("all_35", "demand.nuisance_factor=0.5")
    assert at_end(scenario, ["demand.nuisance_factor"], "low", assumptions()) == scenario


def test_a_suspect_without_assumption_is_refused() -> None:
    with pytest.raises(sim112.InputError, match=r"nothing is assumed at 'demand\.luck'"):
        at_end(small("all_35"), ["demand.luck"], "low", assumptions())


@pytest.mark.parametrize(
    ("scenarios", "words"),
    [
        (("all_35",), "needs two or more"),
        (("all_35", "all_35"), "two scenarios are named 'all_35'"),
    ],
)
def test_scenarios_that_cannot_be_compared_are_refused(scenarios: tuple[str, ...], words: str) -> None:
    with pytest.raises(sim112.InputError, match=words):
        sim112.compare([small(name) for name in scenarios], settings=compare_settings(QUICK))


def test_scenarios_of_different_seeds_are_not_compared() -> None:
    with pytest.raises(sim112.InputError, match="seed of all_35 is not that of dec_2021"):
        sim112.compare([small("dec_2021"), small("all_35", "seed=7")], settings=compare_settings(QUICK))


def test_scenarios_held_to_different_targets_are_not_compared() -> None:
    with pytest.raises(sim112.InputError, match="targets of all_35 is not that of dec_2021"):
        sim112.compare([small("dec_2021"), small("all_35", "targets=nfpa")], settings=compare_settings(QUICK))


def test_scenarios_may_be_given_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def composed(words: list[str]) -> Scenario:
        asked.append(words)
        return small("pati")

    monkeypatch.setattr("sim112.study.run.compose", composed)
    assert sim112.run("pati").scenario == small("pati")
    assert asked == [["scenario=pati"]]
    with pytest.raises(sim112.InputError, match="needs two or more scenarios; give a list"):
        sim112.compare("pati")  # type: ignore[arg-type]
    with pytest.raises(sim112.InputError, match="run takes scenarios, not int"):
        sim112.run(7)  # type: ignore[arg-type]
    with pytest.raises(sim112.InputError, match="compare takes scenarios, not dict"):
        sim112.compare([{}, {}])  # type: ignore[list-item]


def test_a_surge_outside_the_reported_time_is_refused_before_anything_is_saved(tmp_path: Path) -> None:
    flood = small("all_35", "demand=pantura_flood")
    with pytest.raises(sim112.InputError, match=r"demand.surges.flood: from hour 96 to 120"):
        sim112.run(flood, results=tmp_path)
    with pytest.raises(sim112.InputError, match=r"demand.surges.flood"):
        sim112.compare([small("dec_2021"), flood], settings=compare_settings(QUICK), results=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_surge_elsewhere_is_noticed() -> None:
    assert notices(small("all_35", "demand=pantura_flood")) == []
    [line] = notices(small("all_35", "demand=merapi"))
    assert line.startswith("demand.surges.eruption changes nothing: none of its regencies is simulated (kab_")


def test_with_a_call_log_nobody_is_asked_whether_112_is_dialled(tmp_path: Path) -> None:
    log = tmp_path / "calls.csv"
    log.write_text("time,kind,place\n30000,fire,pati\n40000,prank,kudus\n", encoding="utf-8")
    logged = [small(name, f"demand.call_log={log}") for name in ("dec_2021", "all_35")]
    settings = compare_settings(["sensitivity=off", "stress_replications=1"])
    result = sim112.compare(logged, settings=settings, stress=logged[0].demand)
    assert result.use == {}
    assert result.stress is not None
    assert result.comparison.row("people_covered", "all_35").verdict == "better"


def test_a_comparison_without_suspects_ranks_none() -> None:
    settings = compare_settings(["suspects={}", "stress=null"])
    result = sim112.compare([small("dec_2021"), small("pati")], settings=settings)
    assert result.sensitivity == () and result.use == {}


def own_tables(folder: Path) -> Path:
    """A copy of the shipped tables."""
    folder.mkdir()
    for table in data_dir().glob("*.csv"):
        shutil.copy(table, folder)
    return folder


def test_changed_tables_are_read_again(tmp_path: Path) -> None:
    folder = own_tables(tmp_path / "tables")
    scenario = small("all_35", f"area.path={folder}")
    before = len(world_of(scenario).hospital_zone)
    hospitals = folder / "hospitals.csv"
    lines = hospitals.read_text(encoding="utf-8").splitlines()
    hospitals.write_text(lines[0] + "\n", encoding="utf-8")
    assert before > len(world_of(scenario).hospital_zone) == 0
    assert notices(scenario) == ["hospitals.csv has no rows: nobody is taken to a hospital"]


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("asks for a signal of Linux")
    code = (
        "import os, sim112, time\n"
        "from sim112.study import replication\n"
        "def work(batch, number, engine):\n"
        "    open(f'{number}.pid', 'w').write(str(os.getpid()))\n"
        "    time.sleep(120)\n"
        "replication.simulate_once = work\n"
        "scenario = sim112.scenario('all_35', 'clock=day', 'area.regencies=[pati]')\n"
        "replication.replicate([replication.Batch((scenario,), range(2))], workers=2)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment)
    assert within(60, lambda: len([path for path in tmp_path.glob("*.pid") if path.read_text()]) == 2)
    workers = [int(path.read_text(encoding="utf-8")) for path in tmp_path.glob("*.pid")]
    parent.kill()
    parent.wait()
    assert within(20, lambda: not any(is_alive(worker) for worker in workers))


def is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def within(duration_s: float, happened: Callable[[], bool]) -> bool:
    """Whether something happens in time."""
    deadline = time.monotonic() + duration_s
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened()


def test_a_log_needs_a_place(tmp_path: Path) -> None:
    with pytest.raises(sim112.InputError, match="save_log is true and nothing is saved"):
        sim112.run(small("all_35", "save_log=true"))


def test_a_dead_worker_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("needs workers that are forked")
    monkeypatch.setattr(replication, "simulate_once", lambda *_: os._exit(1))
    with pytest.raises(sim112.InputError, match="give workers=1"):
        replicate([Batch((small("all_35"),), range(2))], workers=2)


def test_progress_says_how_much_is_done_and_what_remains() -> None:
    progress = Progress(total=10, label="point 1 of 2: ", started_s=0.0, done=4)
    assert progress.line(60.0) == "point 1 of 2: simulated 4 of 10 runs, 1:00 gone, about 1:30 to go"


def test_the_exported_names_are_these() -> None:
    assert sim112.__all__ == ["InputError", "__version__", "compare", "open_run", "run", "scenario"]
    for name in sim112.__all__:
        assert getattr(sim112, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'simulate'"):
        sim112.simulate  # noqa: B018
