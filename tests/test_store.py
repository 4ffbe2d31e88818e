"""What is left on disk: whole or not at all, the same bytes twice, and readable again."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import sim112
from sim112.config.compare import compare_settings
from sim112.config.scenario import Scenario
from sim112.engine.reference import simulate
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.study import replication
from sim112.study.definitions import BY_KEY
from sim112.study.replication import Progress, draw, world_of
from sim112.study.store import (
    SavingError,
    StoredRun,
    draft,
    open_run,
    stamp,
    write_provenance,
    write_rows,
)
from sim112.study.sweep import Point, sweep
from sim112.views.figures import figure_makers
from sim112.world.area import load_area

TABLES_OF = (".csv", ".parquet", ".txt")

SMALL = ("clock=day", "area.regencies=[pati,kudus]", "replications=2", "workers=1")


@cache
def small(name: str, *overrides: str) -> Scenario:
    return sim112.scenario(name, *SMALL, *overrides)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = sim112.run(
        small("all_35", "save_log=true"), results=tmp_path_factory.mktemp("results"), figures=False
    )
    assert result.folder is not None
    return result.folder


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    with draft(tmp_path, "run") as unplaced:
        (unplaced.folder / "table.csv").write_text("a\n", encoding="utf-8")
        assert not (tmp_path / "run").exists()
    assert unplaced.place == tmp_path / "run"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, InputError])
def test_a_run_that_stops_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    with pytest.raises(stop), draft(tmp_path, "run") as unplaced:
        (unplaced.folder / "table.csv").write_text("a\n", encoding="utf-8")
        raise stop
    assert list(tmp_path.iterdir()) == []


def test_what_is_saved_already_is_not_touched(tmp_path: Path) -> None:
    places = []
    for text in ("first", "second", "third"):
        with draft(tmp_path, "run") as unplaced:
            (unplaced.folder / "text").write_text(text, encoding="utf-8")
        places.append(unplaced.place)
    assert [place.name for place in places if place] == ["run", "run-2", "run-3"]
    assert [(place / "text").read_text(encoding="utf-8") for place in places if place] == [
        "first",
        "second",
        "third",
    ]


def test_what_a_killed_run_left_is_removed_and_what_another_fills_is_not(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("does not ask whether a process is alive")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with draft(tmp_path, "first") as unplaced:
        mine = unplaced.folder
        machine = mine.name.removeprefix(".first.").removesuffix(f".{os.getpid()}.partial")
        for name in (f".old.{machine}.{ended.pid}.partial", f".old.elsewhere.{ended.pid}.partial", "old"):
            (tmp_path / name).mkdir()
        with draft(tmp_path, "second"):
            pass
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {mine.name, f".old.elsewhere.{ended.pid}.partial", "old", "second"}


def test_a_folder_that_was_removed_meanwhile_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(SavingError, match="removed meanwhile"), draft(tmp_path, "run") as unplaced:
        unplaced.folder.rmdir()
        unplaced.folder.mkdir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("save_log", ["true", "false"])
def test_a_run_whose_folder_is_removed_keeps_its_result(
    tmp_path: Path, save_log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = replication.simulate_once

    def removing(*given: object) -> object:
        shutil.rmtree(tmp_path / "run")
        return really(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(replication, "simulate_once", removing)
    scenario = small("all_35", f"save_log={save_log}", "replications=1")
    with pytest.raises(SavingError, match=r"cannot save in .*; make room there") as caught:
        sim112.run(scenario, results=tmp_path, figures=False)
    assert (caught.value.result is None) is (save_log == "true")
    assert not list(tmp_path.rglob("*"))


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sim112.study.results.write_rows", full)
    with pytest.raises(SavingError, match=r"cannot save in .*run \(No space left on device\)") as caught:
        sim112.run(small("all_35", "replications=1"), results=tmp_path, figures=False)
    assert "calls offered" in str(caught.value.result)
    assert list((tmp_path / "run").iterdir()) == []


def test_the_screen_is_shown_before_figures_are_drawn_and_then_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def show(screen: str) -> None:
        shown.append(screen)
        for kind in ("csv", "png", "html"):
            assert not list((tmp_path / "run").glob(f".*.partial/**/*.{kind}"))

    one = "map_alert"
    monkeypatch.setattr("sim112.views.figures.figure_makers", lambda study: {one: figure_makers(study)[one]})
    scenario = small("all_35", "replications=1")
    result = sim112.run(scenario, results=tmp_path, show=show)
    assert result.folder is not None and (result.folder / "figures" / f"{one}.png").is_file()
    assert shown == [str(result)]
    assert (result.folder / "screen.txt").read_text(encoding="utf-8") == f"{shown[0]}\n"
    sim112.run(scenario, show=shown.append)
    assert shown == [shown[0]] * 2

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sim112.study.results.write_rows", full)
    with pytest.raises(SavingError) as caught:
        sim112.run(scenario, results=tmp_path, figures=False, show=show)
    assert caught.value.result is None  # it was shown, and is not to be shown again


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="cannot write in"), draft(tmp_path / "results", "run"):
        pass


def test_stamps_sort_by_time() -> None:
    assert stamp(datetime(2021, 12, 1, 9, 5, 7)) == "2021-12-01T09-05-07"


def test_the_same_seed_writes_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    again = sim112.run(small("all_35", "save_log=true"), results=tmp_path, figures=False).folder
    assert again is not None
    first, second = open_run(saved), open_run(again)
    assert first.files == second.files
    assert first.provenance["files_sha256"] == second.provenance["files_sha256"]


def test_another_seed_writes_other_measures(saved: Path, tmp_path: Path) -> None:
    other = sim112.run(small("all_35", "seed=7"), results=tmp_path, figures=False).folder
    assert other is not None
    assert not open_run(saved).table("measures").equals(open_run(other).table("measures"))


def test_a_saved_run_tells_what_made_it(saved: Path) -> None:
    provenance = json.loads((saved / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["version"] == sim112.__version__
    assert provenance["seed"] == 112
    assert provenance["packages"]["simpy"].startswith("4.")
    assert provenance["started"] <= provenance["ended"]
    assert set(provenance["files_sha256"]) == {
        path.relative_to(saved).as_posix() for path in saved.rglob("*") if path.is_file()
    } - {"provenance.json"}


def test_a_saved_scenario_can_be_run_again(saved: Path) -> None:
    assert open_run(saved).scenarios == {"all_35": small("all_35", "save_log=true")}


def test_a_saved_run_prints_the_screen_that_was_shown(saved: Path) -> None:
    result = sim112.run(small("all_35"))
    assert str(sim112.open_run(saved)) == str(result)
    assert repr(sim112.open_run(saved)) == f"<StoredRun {saved}: run, all_35>"


def test_saved_measures_give_the_measured_values(saved: Path) -> None:
    result = sim112.run(small("all_35"))
    table = open_run(saved).table("measures").to_pydict()
    for number, measures in enumerate(result.measures):
        for key, scope in (("answer_delay_s", "regency_112"), ("offered", "desk"), ("utilisation", "agency")):
            rows = [
                at
                for at in range(len(table["measure"]))
                if (table["measure"][at], table["scope"][at], table["replication"][at])
                == (key, scope, number)
            ]
            saved_values = {
                table["member"][at]: table["scale"][at] * table["numerator"][at] / table["denominator"][at]
                for at in rows
                if table["denominator"][at] > 0
            }
            names = measures.members(scope)
            expected = {
                name: float(value)
                for name, value in zip(names, measures.value(key, scope), strict=True)
                if np.isfinite(value)
            }
            assert saved_values == pytest.approx(expected)
            assert {table["unit"][at] for at in rows} == {BY_KEY[key].unit}
            told = {table["member"][at]: table["value"][at] for at in rows if table["denominator"][at] > 0}
            assert told == pytest.approx(saved_values)
            assert BY_KEY[key].scale == table["scale"][rows[0]]


def test_the_summary_has_every_regency(saved: Path) -> None:
    rows = open_run(saved).rows("summary")
    found = {row["member"] for row in rows if row["scope"] == "regency" and row["measure"] == "offered"}
    assert found == {"pati", "kudus"}


def test_the_saved_log_is_the_log(saved: Path) -> None:
    scenario = small("all_35")
    for number in range(2):
        world, calls = world_of(scenario), draw(scenario, number)
        log = simulate(world, calls)
        stored = open_run(saved)
        table = stored.table(f"log/all_35/{number}/calls")
        assert table.num_rows == len(log.call_caller)
        np.testing.assert_array_equal(table["answered_s"].to_numpy(), log.call_answered_s)
        keys = [str(key) for key in calls.caller_key[log.call_caller]]
        assert table["caller_key"].to_pylist() == keys
        assert table["desk"].to_pylist() == [world.desk_name[desk] for desk in log.call_desk]
        assert min(table["attempt"].to_pylist()) == 1
        jobs = stored.table(f"log/all_35/{number}/jobs")
        np.testing.assert_array_equal(jobs["on_scene_s"].to_numpy(), log.job_on_scene_s)
        incidents = calls.need_incident[log.job_need]
        assert jobs["incident"].to_pylist() == incidents.tolist()
        assert jobs["incident_key"].to_pylist() == [str(key) for key in calls.incident_key[incidents]]


def test_the_log_joins_to_itself_and_to_the_tables(saved: Path) -> None:
    stored = open_run(saved)
    calls, jobs = (stored.table(f"log/all_35/0/{name}").to_pydict() for name in ("calls", "jobs"))
    key_of = {one: key for one, key in zip(calls["incident"], calls["incident_key"], strict=True) if key}
    both = [one for one in jobs["incident"] if one in key_of]
    assert both
    for one, key in zip(jobs["incident"], jobs["incident_key"], strict=True):
        assert key_of.get(one, key) == key
    area = load_area(data_dir())
    station = {one.station_id: one for one in area.stations}
    zone = {one.code: one for one in area.zones}
    label = {one.code: one.label for one in area.regencies}
    for at, unit in enumerate(jobs["unit"]):
        if unit is not None:
            stands = station[jobs["station"][at]]
            assert unit.rpartition("/")[0] == stands.station_id
            assert 1 <= int(unit.rpartition("/")[2]) <= stands.units
            assert (stands.agency, label[stands.regency_code]) == (
                jobs["agency"][at],
                jobs["unit_regency"][at],
            )
            assert jobs["from_zone"][at] in zone
        assert label[zone[jobs["zone"][at]].regency_code] == jobs["regency"][at]
    taken = {hospital for hospital in jobs["hospital"] if hospital is not None}
    assert taken and taken <= {hospital.hospital_id for hospital in area.hospitals}


def undocumented(stored: StoredRun) -> list[str]:
    """Columns of the tables, keys of the provenance and files that docs/results.md does not name."""
    text = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
    names = [*stored.provenance, *(Path(file).name for file in stored.files if "scenario_" not in file)]
    for file in stored.files:
        name, _, ending = file.rpartition(".")
        if ending == "parquet":
            names += stored.table(name).column_names
        elif ending == "csv":
            names += stored.rows(name)[0]
    return [name for name in dict.fromkeys(names) if f"`{name}`" not in text]


def test_the_documentation_names_every_file_column_and_key(saved: Path) -> None:
    assert undocumented(open_run(saved)) == []


def test_every_scope_is_in_the_documentation(saved: Path) -> None:
    text = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
    scopes = open_run(saved).table("measures")["scope"].unique().to_pylist()
    assert [scope for scope in scopes if f"`{scope}`" not in text] == []


def test_a_call_without_incident_has_none_in_the_log(saved: Path) -> None:
    table = open_run(saved).table("log/all_35/0/calls").to_pydict()
    nuisance = [kind in ("information", "prank", "ghost", "test") for kind in table["kind"]]
    assert nuisance == [incident is None for incident in table["incident"]]


def test_a_damaged_run_is_refused(saved: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "summary.csv", [{"a": 1.0, "b": float("nan")}])
    assert (tmp_path / "summary.csv").read_text(encoding="utf-8") == "a,b\n1.0,\n"
    started = datetime.now().astimezone()
    write_provenance(tmp_path, verb="run", command=["sim112"], seed=1, started=started)
    assert open_run(tmp_path).rows("summary") == [{"a": "1.0", "b": ""}]
    with pytest.raises(InputError, match=r"no measures\.parquet"):
        open_run(tmp_path).table("measures")
    (tmp_path / "summary.csv").write_text("a,b\n2.0,\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"summary\.csv: not as it was written"):
        open_run(tmp_path)
    (tmp_path / "summary.csv").unlink()
    with pytest.raises(InputError, match=r"summary\.csv: is missing"):
        open_run(tmp_path)


def test_no_run_and_no_provenance_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run is saved here"):
        open_run(tmp_path)
    for text in ("{", "[]", "{}", '{"files_sha256": {}}', '{"files_sha256": {}, "verb": 3}'):
        (tmp_path / "provenance.json").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="not as it was written"):
            open_run(tmp_path)


def test_a_comparison_saves_its_tables(tmp_path: Path) -> None:
    settings = compare_settings(["sensitivity_shown=1", "screening_replications=1", "stress_replications=1"])
    result = sim112.compare(
        [small("dec_2021"), small("all_35")], settings=settings, results=tmp_path, figures=False
    )
    assert result.folder is not None
    stored = sim112.open_run(result.folder)
    assert list(stored.scenarios) == ["dec_2021", "all_35"]
    rows = stored.rows("comparison")
    assert {row["use"] for row in rows} == {"as given", "low", "high"}
    covered = {row["scenario"]: float(row["value"]) for row in rows if row["measure"] == "people_covered"}
    assert covered["dec_2021"] < covered["all_35"]
    assert str(stored) == str(result)
    assert len(stored.rows("sensitivity")) == 1
    assert undocumented(stored) == []


def points(*replications: int) -> list[Point]:
    return [
        Point({"replications": str(number)}, small("all_35", f"replications={number}"))
        for number in replications
    ]


def test_a_sweep_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sweep"
    first = sweep(points(1, 2), into=folder)
    assert (len(first.rows), first.resumed) == (2, 0)
    kept = {path: path.stat().st_mtime_ns for path in (folder / "points").rglob("*") if path.is_file()}

    def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sim112.study.run.replicate", interrupted)
        with pytest.raises(KeyboardInterrupt, match="2 of 3 points are saved; go on with --into"):
            sweep(points(1, 2, 3), into=folder)
    assert {
        path: path.stat().st_mtime_ns for path in (folder / "points").rglob("*") if path.is_file()
    } == kept

    whole = sweep(points(3, 1, 2), into=folder)
    assert (len(whole.rows), whole.resumed) == (3, 2)
    assert [row["replications"] for row in whole.rows] == ["3", "1", "2"]
    assert whole.rows[1:] == first.rows
    assert open_run(folder).rows("sweep") == list(whole.rows)
    assert "2 of 3 points were saved before" in str(whole)


def test_a_sweep_of_many_points_is_the_same_with_any_number_of_workers(tmp_path: Path) -> None:
    def files(workers: int, among: int) -> dict[str, bytes]:
        """The tables of the point of one call-taker, simulated among so many points."""
        words = (f"workers={workers}", "area.regencies=[pati]")
        asked = [
            Point({"people": str(number)}, small("pati", *words, f"staffing.call_takers={number}"))
            for number in [1, 1, *range(2, among + 1)]
        ]
        found = sweep(asked, into=tmp_path / f"{workers}-{among}")
        assert [row["people"] for row in found.rows] == [point.values["people"] for point in asked]
        tables = sorted(path for path in found.folder.glob("points/people=1/*") if path.suffix in TABLES_OF)
        return {path.name: path.read_bytes() for path in tables}

    by_point = files(2, 8)
    assert {"summary.csv", "measures.parquet"} < set(by_point)
    assert by_point == files(1, 8) == files(2, 2)


def test_what_many_workers_had_saved_stays_when_they_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: Progress, amount: int) -> None:
        raise KeyboardInterrupt

    asked = [
        Point({"seed": str(seed)}, small("pati", "area.regencies=[pati]", f"seed={seed}", "workers=2"))
        for seed in range(8)
    ]
    with monkeypatch.context() as patched:
        patched.setattr(Progress, "advance", stopped)
        with pytest.raises(KeyboardInterrupt, match=r"of 8 points are saved; go on with --into"):
            sweep(asked, into=tmp_path, progress=True)
    assert multiprocessing.active_children() == []
    assert list((tmp_path / "points").glob(".*")) == []
    assert 1 <= sweep(asked, into=tmp_path).resumed < 8


def test_workers_do_not_make_another_point(tmp_path: Path) -> None:
    sweep(points(1), into=tmp_path)
    again = [Point({}, small("all_35", "replications=1", "workers=2"))]
    assert sweep(again, into=tmp_path).resumed == 1
    assert sweep([Point({}, small("all_35", "replications=1", "seed=7"))], into=tmp_path).resumed == 0


def test_a_damaged_point_is_not_taken_for_a_result(tmp_path: Path) -> None:
    sweep(points(1), into=tmp_path)
    [summary] = tmp_path.glob("points/*/summary.csv")
    summary.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"summary\.csv: not as it was written; delete the folder") as caught:
        sweep(points(1), into=tmp_path)
    assert str(summary.parent) in str(caught.value)
    provenance = summary.with_name("provenance.json")
    provenance.write_text('{"verb": "run", "files_sha256": {}}', encoding="utf-8")
    with pytest.raises(InputError, match=r"provenance.json: has no 'version'; delete the folder"):
        sweep(points(1), into=tmp_path)


def test_changed_tables_and_a_changed_call_log_make_another_point(tmp_path: Path) -> None:
    tables, log = tmp_path / "tables", tmp_path / "calls.csv"
    tables.mkdir()
    for table in data_dir().glob("*.csv"):
        shutil.copy(table, tables)
    log.write_text("time,kind,place\n30000,fire,pati\n", encoding="utf-8")
    words = (f"area.path={tables}", f"demand.call_log={log}", "replications=1")
    point = [Point({}, sim112.scenario("all_35", *SMALL, *words))]
    assert sweep(point, into=tmp_path / "s").resumed == 0
    assert sweep(point, into=tmp_path / "s").resumed == 1
    log.write_text("time,kind,place\n30000,fire,pati\n31000,fire,kudus\n", encoding="utf-8")
    assert sweep(point, into=tmp_path / "s").resumed == 0
    first, second = (open_run(folder).provenance for folder in sorted((tmp_path / "s" / "points").iterdir()))
    assert first["data_sha256"] != second["data_sha256"]
    stations = tables / "stations.csv"
    stations.write_text(stations.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert sweep(point, into=tmp_path / "s").resumed == 0
    assert sweep(point, into=tmp_path / "s").resumed == 1


def test_a_sweep_of_no_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a sweep needs a point"):
        sweep([], into=tmp_path)
