"""The planner's form: untouched it changes nothing, filled in it means what it says, broken it says where."""

import math
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from sim112.cli import main
from sim112.config.scenario import Scenario, compose
from sim112.config.staff import StaffSettings, staff_settings
from sim112.demand.volume import reports_per_day
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.planning.form import CELLS, MONTH_DAYS, MOST_INCIDENTS, Form, defaults_of, read_form, regency_of
from sim112.planning.form_file import SHEET
from sim112.sources import Number, numbers
from sim112.views.form_sheet import write_form
from sim112.world.area import read_regencies

LABELS = [regency.label for regency in read_regencies(data_dir())]


@cache
def shipped() -> tuple[Scenario, StaffSettings]:
    return compose(), staff_settings()


@cache
def known_numbers() -> list[Number]:
    return numbers()


def read(path: Path) -> Form:
    return read_form(path, *shipped())


@cache
def untouched(label: str) -> bytes:
    """The form of a regency as it is given to a planner."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        defaults = defaults_of(label, *shipped())
        write_form(path, regency_of(label), defaults, shipped()[0].demand, known_numbers())
        return path.read_bytes()


def form_of(folder: Path, label: str = "pati", changes: Mapping[str, object] | None = None) -> Path:
    """A form with some cells filled in, by name."""
    path = folder / f"{label}.xlsx"
    path.write_bytes(untouched(label))
    if changes:
        book = load_workbook(path)
        sheet = book[SHEET]
        places = {row[7].value: row[2] for row in sheet.iter_rows()}
        for name, value in changes.items():
            places[name].value = value
        book.save(path)
    return path


def place(path: Path, name: str) -> str:
    rows = load_workbook(path)[SHEET].iter_rows()
    return next(f"{SHEET}!{row[2].coordinate}" for row in rows if row[7].value == name)


@pytest.mark.parametrize("label", LABELS)
def test_an_untouched_form_gives_exactly_the_shipped_defaults(tmp_path: Path, label: str) -> None:
    form = read(form_of(tmp_path, label))
    assert (form.regency, form.overrides, form.settings) == (label, (), ())


def test_the_defaults_of_a_form_are_the_shipped_ones(tmp_path: Path) -> None:
    assert read_form(form_of(tmp_path)) == Form("pati", (), ())


@pytest.mark.parametrize("label", ["pati", "kota_semarang", "purworejo", "jepara"])
def test_a_filled_form_reads_back_as_what_was_filled_in(tmp_path: Path, label: str) -> None:
    wanted: dict[str, float] = {
        "calls_a_month": 2000, "genuine_percent": 5, "information_percent": 20, "talk_s": 150,
        "after_call_s": 30, "information_talk_s": 60, "open_from_h": 6, "open_to_h": 22, "seats_day": 3,
        "seats_night": 1, "dispatchers": 1, "minimum_on_duty": 1, "lines": 4, "people_there": 5,
        "lent_people": 3, "wage_rp_per_month": 2_500_000, "platform_rp_per_year": 90_000_000,
        "line_rp_per_year": 5_000_000, "price_year": 2026, "shrinkage_percent": 20,
    }  # fmt: skip
    assert set(wanted) == {cell.name for cell in CELLS} - {"population"}
    form = read(form_of(tmp_path, label, wanted))
    scenario, given_ = compose(form.overrides), staff_settings(form.settings)
    now = defaults_of(label, scenario, given_)
    for name, value in wanted.items():
        assert now[name] == pytest.approx(value, rel=1e-6), name
    assert scenario.staffing.roster_of[label] == "form"


def test_calls_follow_the_population_unless_they_are_given(tmp_path: Path) -> None:
    people = regency_of("pati").population
    plain_demand = shipped()[0].demand
    before = defaults_of("pati", *shipped())
    doubled = read(form_of(tmp_path, changes={"population": 2 * people}))
    after = defaults_of("pati", compose(doubled.overrides), staff_settings())
    assert after["calls_a_month"] == pytest.approx(2 * before["calls_a_month"], abs=1)  # whole calls
    assert after["genuine_percent"] == pytest.approx(before["genuine_percent"])
    incidents = reports_per_day(compose(doubled.overrides).demand, "pati", people)
    assert sum(incidents.values()) == pytest.approx(
        2 * sum(reports_per_day(plain_demand, "pati", people).values())
    )
    both = read(form_of(tmp_path, changes={"population": 2 * people, "calls_a_month": 500}))
    kept = defaults_of("pati", compose(both.overrides), staff_settings())
    assert kept["calls_a_month"] == pytest.approx(500)


def test_more_genuine_calls_mean_more_use_of_112_and_no_share_above_one(tmp_path: Path) -> None:
    changes = {"calls_a_month": 3000, "genuine_percent": 12}
    form = read(form_of(tmp_path, "kota_semarang", changes))
    demand = compose(form.overrides).demand
    shares = {kind: demand.dial_112_share_of("kota_semarang", kind) for kind in demand.kinds}
    assert max(shares.values()) <= 1
    calls = sum(reports_per_day(demand, "kota_semarang", regency_of("kota_semarang").population).values())
    assert calls * MONTH_DAYS == pytest.approx(360, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seats_day": "dua"}, "{seats_day} is 'dua'; give a whole number from 0 to 200"),
        ({"seats_day": 2.5}, "{seats_day} is 2.5; give a whole number from 0 to 200"),
        ({"seats_day": 300}, "{seats_day} is 300; give a whole number from 0 to 200"),
        ({"seats_day": True}, "{seats_day} is True; give a whole number from 0 to 200"),
        ({"seats_day": None}, "{seats_day} is empty (Petugas penerima panggilan kini, siang"),
        ({"seats_night": 0}, "{seats_night} is 0 although the centre is open then; give at least 1"),
        ({"open_from_h": 8, "open_to_h": 8}, "{open_to_h} is 8, as {open_from_h}; give 0 and 24"),
        ({"talk_s": "=1/0"}, "{talk_s} has the formula =1/0, which is not worked out; give a number from 10"),
        ({"genuine_percent": 60, "information_percent": 50}, " and {information_percent} add to 110 %"),
        ({"calls_a_month": 1_000_000, "genuine_percent": 80}, " calls a month about incidents; give at most"),
        ({"genuine_percent": 0.022, "information_percent": 0.158}, " add to 0.18 %; give percentages"),
        ({"shrinkage_percent": 0.25}, "{shrinkage_percent} is 0.25; give a number from 1 to 60"),
        ({"calls_a_month": 1.224}, "{calls_a_month} is 1.224; give a whole number from 30"),
        ({"regency": None}, "Isian!C3 is empty; give the label of a regency"),
        ({"wage_rp_per_month": "Rp 2.800.000"}, "{wage_rp_per_month} is 'Rp 2.800.000'; give a number"),
        ({"regency": "paty"}, "Isian!C3: there is no regency 'paty'; did you mean pati?"),
        ({"version": "sim112 form 9"}, "this version reads 'sim112 form 2'"),
    ],
)  # fmt: skip
def test_an_error_names_sheet_and_cell(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    path = form_of(tmp_path, changes=changes)
    wanted = told.format_map({cell.name: place(path, cell.name) for cell in CELLS})
    with pytest.raises(InputError) as caught:
        read(path)
    assert wanted in str(caught.value) and "\n" not in str(caught.value)


def test_a_cell_shown_as_a_percentage_is_what_it_shows(tmp_path: Path) -> None:
    """Whoever types 25% into a sheet gets 0.25 in the file and sees 25%."""
    path = form_of(tmp_path, changes={"shrinkage_percent": 0.3, "talk_s": 1.5})
    for name in ("shrinkage_percent", "talk_s"):
        book = load_workbook(path)
        book[SHEET][place(path, name).partition("!")[2]].number_format = "0.0%"
        book.save(path)
        if name == "shrinkage_percent":
            book[SHEET][place(path, "talk_s").partition("!")[2]] = 110
            book.save(tmp_path / "right.xlsx")
            assert read(tmp_path / "right.xlsx").overrides == ("costs.shrinkage=0.3",)
    with pytest.raises(InputError, match=r"C\d+ is 150%; give a number from 10 to 1800"):
        read(path)


def test_more_reports_than_assumed_incidents_mean_more_incidents(tmp_path: Path) -> None:
    form = read(form_of(tmp_path, changes={"calls_a_month": 9000, "genuine_percent": 6}))
    demand, people = compose(form.overrides).demand, regency_of("pati").population
    assert {demand.dial_112_share_of("pati", kind) for kind in demand.kinds} == {1.0}
    reports = sum(reports_per_day(demand, "pati", people).values())
    assert reports * MONTH_DAYS == pytest.approx(540, rel=1e-6)
    default = shipped()[0].demand
    rises = {
        demand.rate_per_100k_year_of("pati", kind) / default.rate_per_100k_year_of("pati", kind)
        for kind in demand.kinds
    }
    assert max(rises) == pytest.approx(min(rises)) and 1 < max(rises) < MOST_INCIDENTS


def test_rows_may_be_moved_and_notes_written_beside_them(tmp_path: Path) -> None:
    path = form_of(tmp_path, changes={"lines": 5})
    book = load_workbook(path)
    book[SHEET].insert_rows(9, 2)
    book[SHEET]["J12"] = "a note"
    book.save(path)
    assert read(path).overrides == ("answering.lines_of.pati=5",)


def test_a_form_with_a_row_missing_or_doubled_is_refused(tmp_path: Path) -> None:
    path = form_of(tmp_path)
    book = load_workbook(path)
    row = int(place(path, "lines").rpartition("C")[2])
    book[SHEET].delete_rows(row)
    book.save(path)
    with pytest.raises(InputError, match="the row of lines is missing"):
        read(path)
    path = form_of(tmp_path)
    book = load_workbook(path)
    book[SHEET]["H70"] = "lines"
    book.save(path)
    with pytest.raises(InputError, match="Isian!H70: lines stands there a second time"):
        read(path)
    path = form_of(tmp_path)
    book = load_workbook(path)
    book[SHEET].insert_cols(2)
    book.save(path)
    with pytest.raises(InputError, match="Isian!H: the keys of the rows are gone"):
        read(path)


def test_a_file_that_is_no_form_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "odd.xlsx"
    with pytest.raises(InputError, match="cannot be read"):
        read(path)
    path.write_bytes(b"not a table")
    with pytest.raises(InputError, match=r"odd.xlsx: is no Excel file"):
        read(path)
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(5000))
    with pytest.raises(InputError, match=r"has a password, or is an old .xls"):
        read(path)
    with pytest.raises(InputError, match=r"pati.ods: is no .xlsx file"):
        read(tmp_path / "pati.ods")
    path.write_bytes(b"x" * 1_000_001)
    with pytest.raises(InputError, match=r"1000001 bytes; a form has less"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 30_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="bytes unpacked"):
        read(path)
    for name, content, told in (
        ("xl/vbaProject.bin", b"", "has macros"),
        ("xl/a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", "declares entities"),
        ("xl/a.xml", b"<a/>", "cannot be read as an Excel file"),
    ):
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr(name, content)
        with pytest.raises(InputError, match=told):
            read(path)


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_file_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(form_of(tmp_path_factory.getbasetemp()).read_bytes())
    for at in data.draw(st.lists(st.integers(0, 9999), min_size=1, max_size=5)):
        raw[at * len(raw) // 10_000] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.xlsx"
    path.write_bytes(raw)
    try:
        read(path)
    except InputError as error:
        assert "\n" not in str(error)


def test_every_cell_of_the_form_is_unlocked_limited_and_has_a_basis(tmp_path: Path) -> None:
    sheet = load_workbook(form_of(tmp_path))[SHEET]
    ruled = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    rows = {row[7].value: row for row in sheet.iter_rows()}
    for cell in CELLS:
        entry = rows[cell.name][2]
        rule = ruled[entry.coordinate]
        assert not entry.protection.locked and rows[cell.name][1].protection.locked
        assert (float(rule.formula1), float(rule.formula2)) == (cell.lowest, cell.highest)
        assert rule.type == ("whole" if cell.whole else "decimal")
        assert rows[cell.name][6].value, f"{cell.name} does not say what its default rests on"
    assert sheet.protection.sheet and sheet.page_setup.orientation == "landscape"


def test_every_default_lies_within_its_limits() -> None:
    for label in LABELS:
        for name, value in defaults_of(label, *shipped()).items():
            cell = next(cell for cell in CELLS if cell.name == name)
            assert cell.lowest <= value <= cell.highest and math.isfinite(value), (label, name)


def test_the_command_writes_a_form_and_never_over_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["template", "pati"]) == 0
    assert "sim112 staff pati.xlsx" in capsys.readouterr().out
    before = (tmp_path / "pati.xlsx").read_bytes()
    assert main(["template", "pati"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "pati.xlsx").read_bytes() == before
    assert main(["template", "pati", "--into", "other.xlsx"]) == 0
    assert main(["template", "patti"]) == 2
    assert "did you mean pati?" in capsys.readouterr().err
    assert main(["template", "pati", "--into", "other.csv"]) == 2
    assert "give a name that ends so" in capsys.readouterr().err
    assert main(["template", "pati", "--into", "nowhere/a.xlsx"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.xlsx", "pati.xlsx"]


def test_staff_takes_a_filled_form_in_place_of_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    form_of(tmp_path, changes={"lines": 5, "minimum_on_duty": 3, "wage_rp_per_month": 2_500_000})
    assert main(["staff", "pati.xlsx", "--cfg", "job"]) == 0
    settings_told, _, scenario_told = capsys.readouterr().out.partition("---\n")
    assert yaml.safe_load(settings_told)["minimum_on_duty"] == 3
    scenario = yaml.safe_load(scenario_told)
    assert scenario["deployment"]["add"] == ["pati"]
    assert scenario["answering"]["lines_of"] == {"pati": 5}
    assert scenario["costs"]["wage_rp_per_month"] == 2_500_000
    assert main(["staff", "nowhere.xlsx"]) == 2
    assert "nowhere.xlsx: cannot be read" in capsys.readouterr().err
