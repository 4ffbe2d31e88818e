"""The workbook for the budget meeting: numbers are numbers, formulas give what was computed, guesses told."""

import re
import time
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from sim112.config.scenario import scenario
from sim112.config.staff import staff_settings
from sim112.planning.budget import budget_of, sensitivity
from sim112.planning.requirement import Requirement
from sim112.planning.roster import plan_roster
from sim112.planning.sizing import Sizing
from sim112.planning.staff import SizedDesk, SizedScenario
from sim112.sources import Number, numbers
from sim112.views.workbook import write_workbook

SHEETS = ["Ringkasan", "Per jam", "Sif", "Rota", "Petugas", "Anggaran", "Asumsi"]


@cache
def known() -> list[Number]:
    return numbers()


def sized_desk(name: str, seats: int, dispatchers: int) -> SizedDesk:
    given, costs = staff_settings(), scenario("pati").costs
    needed, sending = np.full(168, seats), np.full(168, dispatchers)
    answer = plan_roster(needed, given.patterns, given.rules, costs)
    send = plan_roster(sending, given.patterns, given.rules, costs) if dispatchers else None
    plans = [answer] if send is None else [answer, send]
    need = Requirement(name, needed, sending, 8, ("floor",) * 168, np.ones(168, dtype=np.int64))
    return SizedDesk(
        need, answer, send, 8, budget_of(plans, 8, costs, given.budget, known()), 0.04, (0.97, 0.99), True
    )


@cache
def result() -> SizedScenario:
    given, one = staff_settings(), scenario("pati")
    name, standard = given.standard(one.targets)
    desks = (sized_desk("pati", 2, 0), sized_desk("hub", 5, 2))
    return SizedScenario(one, given, name, standard, desks, cast(Sizing, None), "compiled")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    path: Path = tmp_path_factory.mktemp("workbook") / "staff.xlsx"
    one, desk = result().scenario, result().desks[0]
    changes = sensitivity([desk.call_takers], 8, one.costs, staff_settings().budget, {})
    write_workbook(path, result(), known(), changes)
    return load_workbook(path)


@pytest.mark.slow
def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.xlsx", "other.xlsx"):
        write_workbook(tmp_path / name, result(), known())
        time.sleep(1.1)  # the format writes down the second in which a book is saved
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "other.xlsx").read_bytes()


def test_every_sheet_is_there_named_and_printed_on_a4_across(book: Workbook) -> None:
    assert book.sheetnames == SHEETS
    for sheet in book:
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert sheet.page_setup.fitToWidth == 1 and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.oddHeader.left.text and sheet.oddFooter.right.text
        assert sheet.freeze_panes and sheet.print_title_rows


def price_in(sheet: Worksheet, row: int) -> float:
    """The price of a row of the budget, worked out where it is a formula (``=G$5``, ``=G$5*1.1``)."""
    price = sheet.cell(row, 7).value
    if not isinstance(price, str):
        assert isinstance(price, int | float)
        return float(price)
    found = re.fullmatch(r"=G\$(\d+)(?:\*([\d.]+))?", price)
    assert found is not None, price
    return price_in(sheet, int(found[1])) * float(found[2] or 1)


def test_every_price_of_the_budget_stands_once(book: Workbook) -> None:
    """So that a wage changed at the table changes the insurance, the pay of lent people and all desks."""
    rows = [row for row in book["Anggaran"].iter_rows(min_row=5) if isinstance(row[4].value, int | float)]
    typed = [str(row[1].value) for row in rows if not isinstance(row[6].value, str)]
    assert len(typed) == len(set(typed)) == 7
    assert not [name for name in typed if "insurance" in name or "lent" in name]


def test_amount_formulas_give_what_was_computed(book: Workbook) -> None:
    sheet = book["Anggaran"]
    lines = [line for desk in result().desks for line in desk.budget.lines]
    for row, line in enumerate(lines, start=5):
        assert sheet.cell(row, 8).value == f"=E{row}*G{row}"
        assert sheet.cell(row, 5).value * price_in(sheet, row) == pytest.approx(sheet.cell(row, 9).value)
        assert sheet.cell(row, 9).value == line.rp
        assert sheet.cell(row, 9).number_format == "#,##0"
        assert str(sheet.cell(row, 12).value).endswith(line.basis)  # in Indonesian before that


def test_totals_are_sums_over_every_line_of_their_kind(book: Workbook) -> None:
    sheet = book["Anggaran"]
    last = 4 + sum(len(desk.budget.lines) for desk in result().desks)
    totals = [row for row in sheet.iter_rows(min_row=last + 1) if str(row[7].value).startswith("=SUMIFS(")]
    assert len(totals) == 3
    for row in totals:
        kind, payer, total = row[2].value, row[3].value, row[8].value
        lines = [
            one
            for one in sheet.iter_rows(min_row=5, max_row=last, values_only=True)
            if one[2:4] == (kind, payer)
        ]
        assert f"H$5:H${last}" in row[7].value and f"C{row[0].row}" in row[7].value
        assert total == pytest.approx(sum(one[8] for one in lines))
    assert totals[0][8].value == pytest.approx(sum(desk.budget.rp_per_year for desk in result().desks))


def test_the_payroll_formula_gives_the_people_of_the_plan(book: Workbook) -> None:
    sheet = book["Petugas"]
    plans = [plan for desk in result().desks for plan in (desk.call_takers, desk.dispatchers) if plan]
    for row, plan in enumerate(plans, start=5):
        hours, week_h, away, rota = (sheet.cell(row, column).value for column in (3, 4, 5, 6))
        assert max(rota, np.ceil(round(hours / (week_h * (1 - away)), 6))) == plan.people
        assert sheet.cell(row, 9).value == plan.people == rota + sheet.cell(row, 7).value


def test_people_by_hour_and_shift_are_those_of_the_plan(book: Workbook) -> None:
    hours = list(book["Per jam"].iter_rows(min_row=5, values_only=True))
    assert len(hours) == 24 * len(result().desks)
    shown = np.array([row[4:11] for row in hours]).reshape(len(result().desks), 24, 7)
    for at, desk in enumerate(result().desks):
        on_duty = desk.call_takers.on_duty + (0 if desk.dispatchers is None else desk.dispatchers.on_duty)
        assert (shown[at].T.reshape(-1) == on_duty).all()
    planned = sum(
        shift.people
        for desk in result().desks
        for plan in (desk.call_takers, desk.dispatchers)
        if plan
        for shift in plan.shifts
    )
    assert sum(sum(row[6:13]) for row in book["Sif"].iter_rows(min_row=5, values_only=True)) == planned


def test_the_rota_shows_every_person_and_keeps_the_shifts(book: Workbook) -> None:
    rows = list(book["Rota"].iter_rows(min_row=5, values_only=True))
    assert len(rows) == sum(
        plan.rota_people for desk in result().desks for plan in (desk.call_takers, desk.dispatchers) if plan
    )
    on_monday = sum(row[3] != "-" for row in rows if row[0] == "pati")
    assert on_monday == sum(s.people for s in result().desks[0].call_takers.shifts if s.day == 0)


def test_assumptions_have_a_sheet_of_their_own_with_both_ends_and_a_basis(book: Workbook) -> None:
    rows = list(book["Asumsi"].iter_rows(min_row=5, values_only=True))
    keys = [row[0] for row in rows]
    assert len(keys) == len(set(keys)) > 100
    for row in rows:
        assert isinstance(row[2], int | float) and row[5] and row[6], row[0]
        assert row[3] is None or row[3] <= row[2] <= row[4], row[0]
    assert {"costs.wage_rp_per_month", "budget.seat_rp", "demand.dial_112_share.mid"} <= set(keys)
    [wage] = [row for row in rows if row[0] == "costs.wage_rp_per_month"]
    assert wage[1].startswith("upah petugas penerima panggilan atau petugas dispatch / pay of a call-taker")
    assert wage[5] == "Rp/bulan / Rp/month" and wage[6].startswith("sekitar upah minimum Kota Semarang")


def test_no_cell_holds_a_number_as_text_or_an_error(book: Workbook) -> None:
    for sheet in book:
        for row in sheet.iter_rows(min_row=5):
            for cell in row:
                assert cell.data_type != "e"
                assert not (isinstance(cell.value, str) and cell.value.replace(".", "", 1).isdigit()), cell


def test_names_and_units_are_told_in_indonesian_first(book: Workbook) -> None:
    assert "Apa yang berubah bila 112 hadir di Pati" in str(book["Ringkasan"]["A2"].value)
    assert book["Sif"]["C5"].value == "3 x 8 jam / 3 x 8 h"
    assert book["Sif"]["D5"].value == "pagi / morning"
    assert "P = pagi / morning" in str(book["Rota"]["A2"].value)
    units = {str(row[0].value) for row in book["Anggaran"]["F5:F12"]}
    assert units == {"orang / people", "pusat / centre", "saluran / lines", "kursi / places"}
