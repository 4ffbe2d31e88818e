"""The command as people use it: what it prints, what it saves, and how it says what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim112 import cli
from sim112.config.scenario import choices
from sim112.errors import InputError
from sim112.study.store import open_run

SMALL = ["clock=day", "area.regencies=[pati,kudus]", "replications=2", "workers=1"]
QUICK = ["sensitivity=off", "use_levels=off", "stress=null"]


def sim112(*words: str) -> int:
    return cli.main(list(words))


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_every_command_and_no_other(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert sim112(*words) == 0
    text = capsys.readouterr().out
    shown = {line.split()[1] for line in text.splitlines() if line.startswith("  sim112 ")}
    assert shown == set(cli.VERBS)


def test_help_comes_without_the_heavy_imports() -> None:
    code = "import sys; from sim112.cli import main; main(['--help']); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


@pytest.mark.parametrize("verb", list(cli.VERBS))
def test_every_command_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        sim112(verb, "--help")
    assert stop.value.code == 0
    assert f"usage: sim112 {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["comapre"], "there is no command 'comapre'; did you mean compare?"),
        (["run"], "run needs one scenario, given: none"),
        (["run", "dec_2021", "all_35"], "run needs one scenario, given: dec_2021, all_35"),
        (["run", "all35"], "there is no scenario 'all35'; did you mean all_35?"),
        (["run", "all_35", "--resluts", "x"], "unrecognized arguments: --resluts x"),
        (["run", "all_35", "clock.repot_s=5"], "clock.repot_s is no key"),
        (["run", "all_35", "demand=lebran"], "there is no demand 'lebran'; did you mean lebaran?"),
        (["run", "all_35", "replications=0"], "replications is 0"),
        (["run", "all_35", "seed=1,2"], "'seed=1,2' gives several values"),
        (["run", "all_35", "area.regencies=[patti]"], "did you mean pati?"),
        (["run", "all_35", "--config-dir", "nowhere"], "config folder nowhere does not exist"),
        (["compare", "all_35"], "compare needs two or more scenarios, given: all_35"),
        (["compare", "all_35", "all_35"], "scenario all_35 is named twice"),
        (["compare", "dec_2021", "all_35", "sensitivty=off"], "did you mean sensitivity?"),
        (["compare", "dec_2021", "all_35", "stress_replications=0"], "stress_replications is 0"),
        (["compare", "dec_2021", "all_35", "stress=flood"], "there is no demand 'flood'"),
        (["sweep", "all_35", "seed=interval(1,2)"], "'seed=interval(1,2)' is an interval"),
        (["sweep", "all_35", "staffing.call_takers=1,-1"], "staffing.call_takers is -1"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(
    words: list[str],
    line: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sim112(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"sim112: {line}") or line in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_prints_its_table_and_says_where_it_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim112("run", "pati", *SMALL, "--results", str(tmp_path)) == 0
    text = capsys.readouterr().out
    assert "What changes when 112 comes to Pati" in text
    folder = Path(text.rstrip().rsplit("Saved in ", 1)[1])
    stored = open_run(folder)
    assert stored.provenance["command"][:3] == ["sim112", "run", "pati"]
    assert str(stored) in text


def test_a_comparison_fits_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dec_2021", "pati", "all_35", *SMALL, *QUICK, "--results", str(tmp_path)]
    assert sim112("compare", *words) == 0
    text = capsys.readouterr().out.split("\nSaved in")[0]
    assert "people of pati, kudus" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_options_may_stand_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sim112("run", "--results", str(tmp_path), "pati", *SMALL, "--cfg", "job", "seed=7") == 0
    assert "seed: 7\n" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_cfg_prints_settings_and_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim112("compare", "dec_2021", "all_35", "stress_replications=3", "--cfg", "job") == 0
    settings, first, second = capsys.readouterr().out.split("---\n")
    assert "stress_replications: 3" in settings
    assert first.startswith("name: dec_2021")
    assert second.startswith("name: all_35")


def test_a_sweep_makes_one_row_a_point_and_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["all_35", *SMALL, "replications=1", "staffing.call_takers=1,2", "demand.rate_factor=range(1,3)"]
    assert sim112("sweep", *words, "--into", str(tmp_path / "s")) == 0
    rows = open_run(tmp_path / "s").rows("sweep")
    swept = [(row["staffing.call_takers"], row["demand.rate_factor"]) for row in rows]
    assert swept == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert float(rows[0]["offered"]) < float(rows[1]["offered"])
    assert float(rows[0]["cost_per_report"] or "inf") != float(rows[2]["cost_per_report"] or "-inf")
    capsys.readouterr()
    assert sim112("sweep", *words, "--into", str(tmp_path / "s")) == 0
    assert "4 of 4 points were saved before" in capsys.readouterr().out
    assert open_run(tmp_path / "s").rows("sweep") == rows


def test_scenarios_can_be_swept(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim112("sweep", "dec_2021", "all_35", "seed=1,2", "--cfg", "job") == 0
    documents = capsys.readouterr().out.split("---\n")
    assert [document.splitlines()[0] for document in documents] == ["name: dec_2021"] * 2 + [
        "name: all_35"
    ] * 2


def test_expansion_keeps_what_is_fixed_and_moves_the_last_list_fastest() -> None:
    points = cli.expand(["a=1,2", "b=5", "c=x,y", "d=[1,2]"])
    assert [values for values, _ in points] == [
        {"a": "1", "c": "x"}, {"a": "1", "c": "y"}, {"a": "2", "c": "x"}, {"a": "2", "c": "y"},
    ]  # fmt: skip
    assert points[1][1] == ["a=1", "b=5", "c=y", "d=[1,2]"]
    with pytest.raises(InputError, match="interval"):
        cli.expand(["a=interval(0,1)"])


def test_scenarios_prints_what_each_asks_and_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim112("scenarios") == 0
    text = capsys.readouterr().out
    for name in choices("scenario"):
        assert f"\n{name}\n" in f"\n{text}"
    assert text.count("sourced:") == text.count("assumed:") == len(choices("scenario"))


def test_sources_tells_guesses_from_facts(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim112("sources") == 0
    every = capsys.readouterr().out
    assert sim112("sources", "--assumed") == 0
    guesses = capsys.readouterr().out
    assert " SOURCE: " in every
    assert " SOURCE: " not in guesses
    assert "callers.lookup_s.mean_s: 180 [s" in guesses


def test_a_scenario_of_ones_own_is_found_in_a_folder_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scenario"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "# @package _global_\nname: mine\nquestion: Mine?\ndeployment:\n  add: [pati]\n", encoding="utf-8"
    )
    assert sim112("run", "mine", "--config-dir", str(tmp_path), "--cfg", "job") == 0
    assert "question: Mine?" in capsys.readouterr().out


def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("sends a signal of another kind")
    words = [
        sys.executable,
        "-m",
        "sim112",
        "run",
        "all_35",
        "replications=500",
        "workers=2",
        "--results",
        "r",
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen(
        words, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("r/run/.*.partial")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    os.killpg(running.pid, signal.SIGINT)  # a terminal sends it to every process of the command
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said == "sim112: stopped; nothing of this run is saved\n"
    assert list((tmp_path / "r" / "run").iterdir()) == []
