"""The command as people use it: what it prints, what it saves, and how it says what is wrong."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim112 import cli
from sim112.cli.studies import expand
from sim112.config.compare import CompareSettings
from sim112.config.composition import choices
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
        (["compare", "dec_2021", "all_35", "stress=flod"], "stress=flod: there is no demand 'flod'; "),
        (
            ["compare", "dec_2021", "all_35", "clock=day", "demand=merapi"],
            "demand.surges.eruption: from hour",
        ),
        (["run", "all_35", "clock=day", "demand=pantura_flood"], "demand.surges.flood: from hour 96 to 120"),
        (["sweep", "all_35", "clock=day", "demand=lebaran,merapi"], "demand.surges.eruption: from hour"),
        (["run", "pati", "stress=null"], "stress belongs to `sim112 compare`; leave it out of `sim112 run`"),
        (["sweep", "pati", "sensitivity=off"], "sensitivity belongs to `sim112 compare`; leave it out of"),
        (["run", "pati", "=3"], "'=3' has no key"),
        (["run", "pati", "name=../../evil"], "name: '../../evil' is no name"),
        (["run", "pati", "question=${oc.env:HOME}"], "question is ${oc.env:HOME}, which is no value"),
        (["run", "pati", "demand.call_log=/nowhere.csv"], "demand.call_log: /nowhere.csv: no such table"),
        (["run", "pati", "demand.call_log=."], "demand.call_log: .: is a folder; give a CSV table"),
        (["sources", "--config-dir", "nowhere"], "config folder nowhere does not exist"),
        (["scenarios", "--config-dir", "nowhere"], "config folder nowhere does not exist"),
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
    assert sim112("run", "pati", *SMALL, "--no-figures", "--results", str(tmp_path)) == 0
    text = capsys.readouterr().out
    assert "What changes when 112 comes to Pati" in text
    folder = Path(text.rstrip().rsplit("Saved in ", 1)[1])
    stored = open_run(folder)
    assert stored.provenance["command"][:3] == ["sim112", "run", "pati"]
    assert str(stored) in text
    assert f"\nSimulated by the {stored.provenance['engine']} engine.\n" in text


def test_a_comparison_fits_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dec_2021", "pati", "all_35", *SMALL, *QUICK, "--no-figures", "--results", str(tmp_path)]
    assert sim112("compare", *words) == 0
    text = capsys.readouterr().out.split("\nSaved in")[0]
    assert "people of Pati, Kudus" in text
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
    points = expand(["a=1,2", "b=5", "c=x,y", "d=[1,2]"])
    assert [values for values, _ in points] == [
        {"a": "1", "c": "x"}, {"a": "1", "c": "y"}, {"a": "2", "c": "x"}, {"a": "2", "c": "y"},
    ]  # fmt: skip
    assert points[1][1] == ["a=1", "b=5", "c=y", "d=[1,2]"]
    with pytest.raises(InputError, match="interval"):
        expand(["a=interval(0,1)"])


def test_steps_of_a_range_have_no_rounding_errors() -> None:
    points = expand(["callers.misrouted.share=range(0.01,0.08,0.01)", "seed=range(1,3)"])
    shares = dict.fromkeys(values["callers.misrouted.share"] for values, _ in points)
    assert list(shares) == ["0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07"]
    assert {values["seed"] for values, _ in points} == {"1", "2"}


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


def test_help_of_compare_names_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sim112("compare", "--help")
    text = capsys.readouterr().out
    for setting in CompareSettings.model_fields:
        assert f"\n  {setting}=" in text or setting == "suspects"
    assert "CHOICE" not in text


def test_sources_of_ones_own_are_told_beside_the_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "hour.yaml").write_text("report_s: 3600  # [s] an hour. CHOICE: mine\n")
    assert sim112("sources", "--config-dir", str(tmp_path)) == 0
    text = capsys.readouterr().out
    assert "clock.report_s: 3600 [s] an hour. CHOICE: mine\n" in text
    assert "callers.lookup_s.mean_s: 180 [s" in text


def test_a_comparison_may_report_a_day_and_still_look_at_a_flood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["dec_2021", "all_35", "clock=day", "area.regencies=[banyumas]", "replications=1", "workers=1"]
    quick = ["sensitivity=off", "use_levels=off", "stress_replications=1", "--no-figures"]
    assert sim112("compare", *words, *quick, "--results", str(tmp_path)) == 0
    assert "sim112: note: demand.surges.flood changes nothing" in capsys.readouterr().err


def test_a_result_is_shown_where_only_saving_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sim112.study.results.write_rows", full)
    assert sim112("run", "pati", *SMALL, "replications=1", "--no-figures", "--results", str(tmp_path)) == 2
    said = capsys.readouterr()
    assert "What changes when 112 comes to Pati" in said.out
    assert said.err.startswith("sim112: results: cannot save in") and said.err.count("\n") == 1


def test_a_screen_that_cannot_be_printed_is_told_in_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for words in (["--version"], ["sources"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "sim112", *words],
                stdout=full, stderr=subprocess.PIPE, text=True, env=environment,
            )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr.startswith("sim112: the screen cannot be printed (No space left on device)")
        assert done.stderr.count("\n") == 1


def test_a_run_is_saved_though_its_screen_cannot_be_printed(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")
    words = ["run", "pati", *SMALL, "replications=1", "--no-figures", "--results", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sim112", *words],
            stdout=full, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("sim112: the screen cannot be printed (No space left on device)")
    assert done.stderr.count("\n") == 1
    [folder] = (tmp_path / "run").iterdir()
    assert "What changes when 112 comes to Pati" in str(open_run(folder))


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


@pytest.mark.parametrize("sent, status", [("SIGINT", 130), ("SIGTERM", 143)])
def test_ctrl_c_and_a_request_to_end_leave_nothing(tmp_path: Path, sent: str, status: int) -> None:
    if sys.platform == "win32":
        pytest.skip("sends a signal of another kind")
    words = ["run", "all_35", "replications=500", "workers=2", "engine=reference", "--results", "r"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen(
        [sys.executable, "-m", "sim112", *words],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("r/run/.*.partial")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    if sent == "SIGINT":
        os.killpg(running.pid, signal.SIGINT)  # a terminal sends it to every process of the command
    else:
        os.kill(running.pid, signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    assert said == "sim112: stopped; nothing of this run is saved\n"
    assert running.returncode == status
    assert list((tmp_path / "r" / "run").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)  # nobody of it is left
