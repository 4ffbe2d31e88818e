"""A saved study comes out again to the bit, or it is said what does not, and what made them differ."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import sim112
from sim112 import cli
from sim112.config.compare import compare_settings
from sim112.config.scenario import Scenario
from sim112.config.staff import staff_settings
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.planning.staff import OWN, size_scenario
from sim112.planning.staff_again import staff_again
from sim112.study.reproduce import Reproduction, reproduce
from sim112.study.store import checksum, open_run
from sim112.study.sweep import Point, sweep
from sim112.study.table_content import content_sha256, first_difference, read_content
from sim112.validation.again import validate_again
from sim112.validation.suite import chosen, validate

SMALL = (
    *("clock=day", "area.regencies=[pati]", "replications=2", "workers=1"),
    "precision.warm_up_replications=0",
)


def small(name: str, *overrides: str) -> Scenario:
    return sim112.scenario(name, *SMALL, *overrides)


@pytest.fixture(scope="module", autouse=True)
def one_commit() -> Iterator[None]:
    """The commit is the same then and now, whatever is being changed in the checkout that is tested."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sim112.study.store._commit", lambda: "c0ffee")
        yield


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("results")
    folder = sim112.run(small("pati", "save_log=true"), results=place, figures=False).folder
    assert folder is not None
    return folder


@pytest.fixture
def a_run(run_folder: Path, tmp_path: Path) -> Path:
    """A saved run of one's own, to be changed."""
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files
    }


def tables_in(folder: Path) -> int:
    return len([*folder.rglob("*.csv"), *folder.rglob("*.parquet")])


def change_provenance(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "provenance.json"
    provenance = json.loads(path.read_text(encoding="utf-8"))
    change(provenance)
    path.write_text(json.dumps(provenance), encoding="utf-8")


def seal(folder: Path, name: str) -> None:
    """Note the checksum of a file as it is now: what somebody does who changes it on purpose."""
    change_provenance(folder, lambda known: known["files_sha256"].update({name: checksum(folder / name)}))


def test_a_run_comes_out_again_and_its_folder_stays_as_it_is(
    a_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(a_run)
    assert cli.main(["reproduce", str(a_run), "--workers", "2"]) == 0
    said = capsys.readouterr().out
    assert f"\nidentical: all {tables_in(a_run)} tables came out again, to the bit\n" in said
    assert "log: 4 of 4 tables identical" in said
    assert "as it was" not in said
    assert contents(a_run) == before


@pytest.mark.slow
def test_the_other_engine_makes_the_same_tables(a_run: Path) -> None:
    made_by = open_run(a_run).provenance["engine"]
    other: Any = {"reference": "compiled", "compiled": "reference"}[made_by]
    found = reproduce(a_run, engine=other)
    assert found.is_identical
    assert found.changes == (f"engine: {made_by} then, {other} now",)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [["use_levels=off", "sensitivity=off", "stress=null"], []])
def test_a_comparison_comes_out_again(tmp_path: Path, settings: list[str]) -> None:
    quick = ["screening_replications=1", "stress_replications=1", "sensitivity_shown=1", *settings]
    scenarios = [small("pati"), small("dec_2021")]  # in an order that is not that of their names
    demand = sim112.scenario("pati", "demand=pantura_flood", "demand.rate_factor=2").demand
    result = sim112.compare(
        scenarios,
        settings=compare_settings(quick),
        stress=None if settings else demand,
        results=tmp_path,
        figures=False,
    )
    assert result.folder is not None
    found = reproduce(result.folder)
    assert found.is_identical, found
    names = {table.name for table in found.tables}
    assert {"measures.parquet", "summary.csv", "comparison.csv"} <= names
    assert ("sensitivity.csv" in names) is (settings == [])


@pytest.mark.slow
def test_a_sweep_comes_out_again_with_all_its_points(tmp_path: Path) -> None:
    points = [
        Point({"staffing.call_takers": str(n)}, small("pati", f"staffing.call_takers={n}")) for n in (1, 2)
    ]
    folder = sweep(points, into=tmp_path / "s").folder
    # a point of an earlier look, which the table over the points no longer tells of
    sweep(points[1:], into=folder)
    found = reproduce(folder)
    assert found.is_identical
    assert found.tables[0].name == "sweep.csv"
    of_points = [str(Path(table.name).parent) for table in found.tables[1:]]
    assert set(of_points) == {"points/staffing.call_takers=2"}
    sweep(points, into=folder)
    assert len(reproduce(folder).tables) == 1 + 2 * len(of_points)
    change_provenance(folder, lambda known: known["points"][0]["values"].update(more="1"))
    different = reproduce(folder)
    assert different.tables[0].difference == "columns: more only now"


def changed_measures(folder: Path) -> None:
    path = folder / "measures.parquet"
    table = pq.read_table(path)
    value = table["value"].to_numpy().copy()
    value[7] = np.nextafter(value[7], np.inf)
    pq.write_table(table.set_column(table.column_names.index("value"), "value", pa.array(value)), path)
    seal(folder, path.name)


QUICK_CASES = ("workers=1", "replications=3", "seed=7", "engine=compiled")


def test_a_validation_comes_out_again_with_its_seed_and_replications(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = validate(chosen(["platform", "cycle"]), QUICK_CASES, results=tmp_path, figures=False)
    assert found.folder is not None
    assert "worlds/cycle/units.csv" in open_run(found.folder).provenance["files_read_sha256"]
    assert cli.main(["reproduce", str(found.folder)]) == 0
    assert "\nidentical: all 3 tables came out again, to the bit\n" in capsys.readouterr().out
    change_provenance(found.folder, lambda known: known["overrides"].remove("seed=7"))
    other = reproduce(found.folder, {"validate": validate_again})
    assert not other.is_identical and "seed: 7 then, 112 now" in other.changes


QUICK_SIZING = (
    *("options.replications=2", "curve_replications=2", "search.replications=2"),
    *("search.verification_replications=2", "sensitivity=off"),
)


CSV_OF_A_SIZING = ("desks", "hours", "shifts", "budget", "options", "curve")


@pytest.mark.slow
def test_a_sizing_comes_out_again_with_the_times_and_hubs_beside_it(tmp_path: Path) -> None:
    few = ("clock=day", "area.regencies=[pati,kudus]", "workers=1", "engine=compiled")
    own = sim112.scenario("pati", *few)
    times = {name: sim112.scenario("pati", *few, f"demand={name}") for name in ("lebaran", "dry_season")}
    hubs = {
        name: sim112.scenario("all_35", *few, *words, "deployment.grouping=residency")
        for name, words in ((OWN, ()), ("lebaran", ("demand=lebaran",)))
    }
    result = size_scenario(
        own, staff_settings(QUICK_SIZING), "pati", other_times=times, hubs=hubs, results=tmp_path
    )
    assert result.folder is not None
    assert {row.option for row in result.options} > {"hub"}
    found = reproduce(result.folder, {"staff": staff_again})
    assert found.is_identical and found.changes == (), found
    assert {"desks.csv", "hours.csv", "options.csv", "curve.csv"} <= {table.name for table in found.tables}
    documented = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
    stored = open_run(result.folder)
    columns = [column for name in CSV_OF_A_SIZING for column in stored.rows(name)[0]]
    plain = [name for name in columns if not re.search(r"_\d+_s_share$|_low$|_high$|_difference", name)]
    names = [*stored.provenance, *plain]
    assert [name for name in names if f"`{name}`" not in documented] == []


@pytest.mark.slow
def test_sizings_side_by_side_come_out_again(tmp_path: Path) -> None:
    few = ["area.regencies=[pati,kudus]", "clock=day", "engine=compiled", "workers=1"]
    off = [*QUICK_SIZING, "options.replications=0", "curve_replications=0"]
    cli.main(["staff", "all_35", "six_hubs", *few, *off, "--results", str(tmp_path)])
    [saved] = tmp_path.glob("staff/*/pooling.csv")
    found = reproduce(saved.parent, {"staff": staff_again})
    assert found.is_identical and [table.name for table in found.tables] == ["pooling.csv"], found


def test_one_bit_of_one_value_is_found_and_named(a_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = open_run(a_run).table("measures")["value"][7].as_py()
    changed = float(np.nextafter(right, np.inf))
    changed_measures(a_run)
    assert cli.main(["reproduce", str(a_run)]) == 1
    said = capsys.readouterr().out
    assert f"different: 1 of {tables_in(a_run)} tables; the first difference:\n  measures.parquet: " in said
    assert "measures.parquet: column value, row 8 (scenario pati, replication 0, scope " in said
    assert f": {changed!r} then, {right!r} now" in said
    assert "it is a defect" in said


def test_a_changed_cell_of_the_summary_is_named(a_run: Path) -> None:
    path = a_run / "summary.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    names, cells = lines[0].split(","), lines[3].split(",")
    right, cells[names.index("unit")] = cells[names.index("unit")], "parsec"
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:], ""]), encoding="utf-8")
    seal(a_run, path.name)
    [table] = [table for table in reproduce(a_run).tables if table.difference]
    assert table.name == "summary.csv"
    assert table.difference is not None
    assert table.difference.startswith("column unit, row 3 (scenario pati, scope province, member ")
    assert table.difference.endswith(f": 'parsec' then, {right!r} now")


def test_a_table_that_was_taken_out_is_missed(a_run: Path) -> None:
    (a_run / "summary.csv").unlink()
    change_provenance(a_run, lambda known: known["files_sha256"].pop("summary.csv"))
    assert [table.difference for table in reproduce(a_run).tables if table.difference] == [
        "was not saved then"
    ]


def test_what_made_it_is_told_also_where_nothing_differs(
    a_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_provenance(
        a_run,
        lambda known: (
            known.update(version="0.0.9", python="3.11.0", seed=7, system="Plan9 vax", commit="abc"),
            known["packages"].update(numpy="1.0", lost="2.0"),
        ),
    )
    assert cli.main(["reproduce", str(a_run)]) == 0
    said = capsys.readouterr().out
    assert f"identical: all {tables_in(a_run)} tables" in said
    for line in (
        f"version of sim112: 0.0.9 then, {sim112.__version__} now",
        "Python: 3.11.0 then, ",
        "seed: 7 then, 112 now",
        "platform: Plan9 vax then, ",
        "commit: abc then, ",
        "package numpy: 1.0 then, ",
        "package lost: 2.0 then, none now",
    ):
        assert f"\n  {line}" in said


def own_tables(folder: Path) -> Path:
    folder.mkdir()
    for table in data_dir().glob("*.csv"):
        shutil.copy(table, folder)
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run on tables and a call log of the user's own, named by relative paths."""
    monkeypatch.chdir(tmp_path)
    own_tables(tmp_path / "tables")
    Path("calls.csv").write_text("time,kind,place\n30000,fire,pati\n", encoding="utf-8")
    scenario = small("pati", "area.path=tables", "demand.call_log=calls.csv", "replications=1")
    folder = sim112.run(scenario, results=tmp_path, figures=False).folder
    assert folder is not None
    yield folder


@pytest.mark.slow
def test_changed_data_of_the_user_is_told(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce(own).changes == ()
    Path("calls.csv").write_text("time,kind,place\n30000,fire,pati\n31000,fire,pati\n", encoding="utf-8")
    hospitals = Path("tables") / "hospitals.csv"
    hospitals.write_text(hospitals.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert cli.main(["reproduce", str(own)]) == 1
    said = capsys.readouterr().out
    assert f"different: {tables_in(own)} of {tables_in(own)} tables" in said
    assert "\n  data: tables/hospitals.csv is not as it was\n  data: calls.csv is not as it was\n" in said


@pytest.mark.slow
def test_moved_data_of_the_user_is_found_where_it_lies_now(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert cli.main(["reproduce", str(own)]) == 2
    said = capsys.readouterr().err
    assert "area.path was tables, and tables is not there; run this where it lies, or name the" in said
    assert said.count("\n") == 1
    for name in ("tables", "calls.csv"):
        shutil.move(tmp_path / name, elsewhere / name)
    monkeypatch.chdir(tmp_path)
    found = reproduce(own, files=elsewhere)
    assert found.is_identical
    assert found.changes == ()


def test_changed_tables_of_the_package_are_told(a_run: Path) -> None:
    name = "central_java/stations.csv"
    change_provenance(a_run, lambda known: known["files_read_sha256"].update({name: "0"}))
    assert reproduce(a_run).changes == (f"data: {name} is not as it was",)


def test_the_same_values_in_another_file_are_the_same(a_run: Path) -> None:
    path = a_run / "measures.parquet"
    pq.write_table(pq.read_table(path), path, compression="gzip", row_group_size=100)
    seal(a_run, path.name)
    assert reproduce(a_run).is_identical


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (shutil.rmtree, "no run is saved here"),
    "incomplete": (lambda run: (run / "summary.csv").unlink(), "summary.csv: is missing from the run"),
    "tampered": (
        lambda run: (run / "summary.csv").write_text("a\n", encoding="utf-8"),
        "summary.csv: not as it was written",
    ),
    "old": (
        lambda run: change_provenance(run, lambda known: known.pop("format")),
        "saved by an older sim112 (0.1.0), which did not note all that is needed to reproduce it",
    ),
    "new": (
        lambda run: change_provenance(run, lambda known: known.update(format=99)),
        "saved by a newer sim112 (0.1.0, format 99); use that version",
    ),
    "verb": (
        lambda run: change_provenance(run, lambda known: known.update(verb="dance")),
        "is of `sim112 dance`; give one of run, compare, sweep, staff, validate",
    ),
    "no settings": (
        lambda run: change_provenance(run, lambda known: known.update(verb="compare")),
        "has no settings",
    ),
    "no points": (
        lambda run: change_provenance(run, lambda known: known.update(verb="sweep")),
        "points are not as they were written",
    ),
    "no regency": (
        lambda run: change_provenance(run, lambda known: known.update(verb="staff", settings={})),
        "saved by an older sim112 (0.1.0), which did not note all that is needed to reproduce it",
    ),
    "no cases": (
        lambda run: change_provenance(run, lambda known: known.update(verb="validate")),
        "saved by an older sim112 (0.1.0), which did not note all that is needed to reproduce it",
    ),
    "unknown case": (
        lambda run: change_provenance(
            run, lambda known: known.update(verb="validate", cases=["mm99_lost"], overrides=[])
        ),
        "there is no case 'mm99_lost'; did you mean mm10_lost?",
    ),
    "case changed": (
        lambda run: change_provenance(
            run,
            lambda known: known.update(verb="validate", cases=["mm1"], overrides=["demand.rate_factor=2"]),
        ),
        "demand.rate_factor makes the case, whose answer would no longer be known",
    ),
    "other scenarios": (
        lambda run: change_provenance(run, lambda known: known.update(scenarios=["all_35"])),
        "scenarios are ['all_35'], but the folder has ['pati']",
    ),
    "leads out": (
        lambda run: change_provenance(run, lambda known: known["files_sha256"].update({"../x.csv": "0"})),
        "provenance.json: not as it was written",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_run_again_is_one_line_and_status_2(
    case: str, a_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, line = BAD[case]
    spoil(a_run)
    assert cli.main(["reproduce", str(a_run)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert line in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "text, line",
    [
        ("!!python/object/apply:os.mkdir [executed]", "not YAML in UTF-8"),
        ("[1, 2]", "has no keys"),
        ("name: pati", "is missing"),
    ],
)
def test_nothing_in_the_folder_is_trusted(
    a_run: Path, text: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (a_run / "scenario_pati.yaml").write_text(text, encoding="utf-8")
    seal(a_run, "scenario_pati.yaml")
    with pytest.raises(InputError, match=line):
        reproduce(a_run)
    assert not Path("executed").exists()


def test_a_scenario_of_another_version_says_of_which(a_run: Path) -> None:
    path = a_run / "scenario_pati.yaml"
    mapping = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**mapping, "luck": 1}), encoding="utf-8")
    seal(a_run, path.name)
    change_provenance(a_run, lambda known: known.update(version="0.0.9"))
    with pytest.raises(InputError, match=r"saved by sim112 0\.0\.9, and this is .*: luck is no key"):
        reproduce(a_run)


@pytest.mark.parametrize("word", ["0", "-1", "two"])
def test_a_wrong_number_of_workers_is_one_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reproduce", "somewhere", f"--workers={word}"]) == 2
    assert "is no number of processes; give a whole number from 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "other, told",
    [
        ({"a": [1.0, 2.0]}, None),
        ({"a": [1.0, np.nextafter(2.0, 3.0)]}, "column a, row 2: 2.0 then, 2.0000000000000004 now"),
        ({"a": [1, 2]}, "column a: double then, int64 now"),
        ({"a": [1.0]}, "2 rows then, 1 now"),
        ({"b": [1.0, 2.0]}, "columns: a only then; b only now"),
    ],
)
def test_the_first_difference_of_tables(other: dict[str, list[float]], told: str | None) -> None:
    then, now = ({name: pa.array(one) for name, one in table.items()} for table in ({"a": [1.0, 2.0]}, other))
    assert first_difference(then, now) == told
    assert (content_sha256(then) == content_sha256(now)) is (told is None)


def test_zeros_of_either_sign_differ_and_nans_do_not() -> None:
    quiet = np.array([0x7FF8000000000000, 0xFFF8000000000001], dtype=np.uint64).view(np.float64)
    assert first_difference({"a": pa.array(quiet[:1])}, {"a": pa.array(quiet[1:])}) is None
    assert first_difference({"a": pa.array([0.0])}, {"a": pa.array([-0.0])}) is not None


def test_words_and_their_absence_differ() -> None:
    words = [["x", "", "y"], ["x", None, "y"], ["y", "", "x"], ["x", "x", "y"]]
    assert len({content_sha256({"a": pa.array(one, pa.string())}) for one in words}) == len(words)
    coded = {"a": pa.array(["x", "", "y"]).dictionary_encode().dictionary_decode()}
    assert content_sha256(coded) == content_sha256({"a": pa.array(words[0])})


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    for name, text in (("a.csv", "a,b\n1\n"), ("a.parquet", "no")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="cannot be read as a table"):
            read_content(tmp_path / name)


def test_a_verdict_is_told_once() -> None:
    text = str(Reproduction(Path("x"), "run", (), ()))
    assert text.count("identical") == 1
