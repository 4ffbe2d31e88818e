"""The sized desks of a scenario as an Excel file for the budget meeting.

Amounts and totals of the budget are formulas, so that a price can be changed at the table. The library that
writes the file works out no formula, and a preview or a telephone shows none, so every amount stands beside
its formula as sim112 computed it; the two differ only where somebody changed a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from openpyxl import Workbook
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.worksheet.worksheet import Worksheet

from sim112.config.shifts import OFF
from sim112.planning.assumptions import assumptions_used
from sim112.planning.budget import INSURANCE, LENT, WAGES, BudgetLine, Changed
from sim112.planning.budget import sensitivity as change_of
from sim112.planning.roster import RosterPlan, people_per_seat
from sim112.planning.staff import SizedDesk, SizedScenario
from sim112.sources import Number
from sim112.views.scenario_words import text_of
from sim112.views.sheets import OWN_FILL, lay_out, put_heads, put_row, put_title, save_book
from sim112.views.words import words
from sim112.views.words.numbers import told_basis, told_number
from sim112.views.workbook_beside import inputs_sheet, options_sheet, regency_sized
from sim112.views.workbook_words import (
    BASES,
    BINDING,
    BOTH,
    CIRCUMSTANCES,
    DAYS,
    INDONESIAN,
    KINDS,
    PAYERS,
    ROLES,
    UNITS,
    in_both,
    named_in_both,
)

ROTA_DAYS = 28
MOST_ROTA_ROWS = 1000


def write_workbook(
    path: Path, result: SizedScenario, shipped: Sequence[Number], sensitivity: Sequence[Changed] = ()
) -> None:
    """Write the workbook.

    ``shipped``: the numbers of the configuration, for the sheet of assumptions. ``sensitivity``: what changes
    with other circumstances; where none is given, what a higher wage does to all desks together.
    """
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.title = "Ringkasan"
    _summary(first, result)
    if (label := regency_sized(result)) is not None:
        inputs_sheet(book.create_sheet("Isian"), result, label)
    _hours(book.create_sheet("Per jam"), result)
    _shifts(book.create_sheet("Sif"), result)
    _rota(book.create_sheet("Rota"), result)
    _people(book.create_sheet("Petugas"), result)
    _budget(book.create_sheet("Anggaran"), result, sensitivity or [_dearer(result)])
    if result.options:
        options_sheet(book.create_sheet("Pilihan"), result)
    _assumptions(book.create_sheet("Asumsi"), result, shipped)
    save_book(book, path)


def _dearer(result: SizedScenario) -> Changed:
    """What a higher wage does to all desks together."""
    one, settings = result.scenario.costs, result.settings.budget
    each = [
        change_of([plan for _, plan in _plans(desk)], desk.lines, one, settings, {})[0]
        for desk in result.desks
    ]
    return Changed(
        each[0].what,
        sum(change.people for change in each),
        sum(change.rp_per_year for change in each),
        sum(change.difference_rp for change in each),
    )


def _plans(desk: SizedDesk) -> list[tuple[str, RosterPlan]]:
    plans = [("call_taker", desk.call_takers)]
    return plans if desk.dispatchers is None else [*plans, ("dispatcher", desk.dispatchers)]


def _summary(sheet: Worksheet, result: SizedScenario) -> None:
    levels = [f"{one.share:.0%} dalam / within {one.within_s:g} s" for one in result.standard.answered]
    lay_out(sheet, (24, 17, 9, 9, 10, 10, 10, 17, 18, 18, 14), "Layanan 112: kebutuhan petugas")
    put_title(
        sheet,
        "Kebutuhan petugas dan anggaran layanan 112 / People and budget of 112",
        f"{result.scenario.name}: {_question(result)}",
    )
    put_row(sheet, 3, [f"Sasaran / Target ({result.standard_name}): {'; '.join(levels)}"])
    put_row(
        sheet,
        4,
        [
            f"Satu kursi 24 jam / one seat round the clock: {people_per_seat(result.scenario.costs):.1f} "
            f"petugas / people = 168 / ({result.scenario.costs.paid_hours_per_week:g} x "
            f"{1 - result.scenario.costs.shrinkage:g})"
        ],
    )
    for row in (3, 4):
        sheet.row_dimensions[row].height = 15
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=11)
    put_heads(
        sheet,
        6,
        ("Pusat / Desk", "Beban puncak\nPeak load, erlang", "Teori\nTheory", "Perlu\nNeeded",
         "Siang 12\nAt 12 h", "Malam 02\nAt 02 h", "Saluran\nLines",
         "Digaji, dengan\npengawas / Paid,\nwith supervisors",
         "Biaya per tahun, Rp\nA year", "Modal, Rp\nCapital", "Teruji\nHeld in tests"),
    )  # fmt: skip
    sheet.row_dimensions[6].height = 49
    for row, desk in enumerate(result.desks, start=7):
        need, on_duty = desk.requirement, np.sum([plan.on_duty for _, plan in _plans(desk)], axis=0)
        put_row(
            sheet,
            row,
            (need.desk, desk.load_erlang, int(need.theory.max()), int(need.call_takers.max()),
             int(on_duty[12]), int(on_duty[2]), desk.lines, desk.budget.people,
             desk.budget.rp_per_year, desk.budget.capital_rp,
             "ya / yes" if desk.verified else "TIDAK / NO"),
        )  # fmt: skip
    last = 6 + len(result.desks)
    if len(result.desks) > 1:
        put_row(
            sheet,
            last + 1,
            ["Jumlah / Total", None, None, None, None, None,
             *(f"=SUM({column}7:{column}{last})" for column in "GHIJ"), None],
            bold=True,
        )  # fmt: skip
    put_row(sheet, last + 3, [_sentence(result)])
    sheet.merge_cells(start_row=last + 3, end_row=last + 3, start_column=1, end_column=11)
    sheet.row_dimensions[last + 3].height = 48
    sheet.freeze_panes = "B7"


def _question(result: SizedScenario) -> str:
    told = (text_of(result.scenario, "question", words(lang)) for lang in BOTH)
    return " / ".join(dict.fromkeys(" ".join(text.split()) for text in told))


def _sentence(result: SizedScenario) -> str:
    floor = sum(desk.requirement.binding.count("floor") for desk in result.desks)
    load = sum(desk.requirement.binding.count("load") for desk in result.desks)
    share = floor / (floor + load) if floor + load else 0.0
    return (
        f"Dalam {share:.0%} jam buka, batas petugas paling sedikit yang menentukan, bukan beban panggilan. "
        "Biaya tahunan tidak memuat modal dan petugas yang dibayar OPD lain. / "
        f"In {share:.0%} of the open hours the least number on duty decides, not the calls. Yearly costs are "
        "without capital and without people whom other agencies pay."
    )


def _hours(sheet: Worksheet, result: SizedScenario) -> None:
    lay_out(sheet, (26, 10, 12, 12, *(9,) * 7, 36), "Layanan 112: petugas per jam")
    put_title(
        sheet, "Petugas bertugas per jam / People on duty by hour", "Senin sampai Minggu / Monday to Sunday"
    )
    put_heads(
        sheet, 4, ("Pusat / Desk", "Jam\nHour", "Teori\nTheory", "Perlu\nNeeded", *DAYS,
                   "Yang menentukan (Senin)\nWhat decides (Monday)"),
    )  # fmt: skip
    row = 5
    for desk in result.desks:
        need, on_duty = desk.requirement, np.sum([plan.on_duty for _, plan in _plans(desk)], axis=0)
        needed = (need.call_takers + need.dispatchers).reshape(7, 24).max(axis=0)
        by_day = on_duty.reshape(7, 24)
        for hour in range(24):
            theory = int(need.theory.reshape(7, 24)[:, hour].max())
            values = [int(by_day[day, hour]) for day in range(7)]
            put_row(
                sheet, row, (need.desk, f"{hour:02d}-{hour + 1:02d}", theory, int(needed[hour]), *values,
                             BINDING[need.binding[hour]]),
            )  # fmt: skip
            row += 1
    colours = ColorScaleRule("min", None, "FFFFFF", None, None, None, "max", None, "7FB2D6")
    sheet.conditional_formatting.add(f"E5:K{row - 1}", colours)
    sheet.auto_filter.ref = f"A4:L{row - 1}"
    sheet.freeze_panes = "C5"


def _shifts(sheet: Worksheet, result: SizedScenario) -> None:
    lay_out(sheet, (26, 36, 24, 20, 8, 8, *(8,) * 7), "Layanan 112: sif")
    put_title(sheet, "Petugas per sif dan hari / People by shift and day", "")
    put_heads(
        sheet, 4, ("Pusat / Desk", "Peran / Role", "Pola / Pattern", "Sif / Shift", "Dari\nFrom",
                   "Sampai\nTo", *DAYS),
    )  # fmt: skip
    row = 5
    for desk in result.desks:
        for role, plan in _plans(desk):
            people = {(shift.name, shift.day): shift.people for shift in plan.shifts}
            for name, from_h, to_h in dict.fromkeys((one.name, one.from_h, one.to_h) for one in plan.shifts):
                days = (people.get((name, day), 0) for day in range(7))
                put_row(
                    sheet, row, (desk.requirement.desk, ROLES[role],
                                 named_in_both("staff.patterns", plan.pattern),
                                 named_in_both("staff.shifts", name), f"{from_h:02d}:00", f"{to_h:02d}:00",
                                 *days),
                )  # fmt: skip
                row += 1
    sheet.freeze_panes = "E5"


def _rota(sheet: Worksheet, result: SizedScenario) -> None:
    lay_out(sheet, (26, 36, 8, *(5,) * ROTA_DAYS), "Layanan 112: rota empat minggu")
    plans = [plan for desk in result.desks for _, plan in _plans(desk)]
    letters = _letters(list(dict.fromkeys(shift.name for plan in plans for shift in plan.shifts)))
    told = {letter: named_in_both("staff.shifts", name) for name, letter in letters.items()}
    legend = ", ".join(f"{letter} = {name}" for letter, name in told.items())
    put_title(
        sheet,
        "Rota: siapa bekerja kapan, empat minggu pertama / Who works when, the first four weeks",
        f"{legend}, - = libur / off. Petugas cadangan tidak ada di sini. / Relief people are not in it.",
    )
    put_heads(
        sheet, 4, ("Pusat / Desk", "Peran / Role", "No.",
                   *(f"{DAYS[day % 7][:3]}\n{day // 7 + 1}" for day in range(ROTA_DAYS))),
    )  # fmt: skip
    row = 5
    for desk in result.desks:
        for role, plan in _plans(desk):
            people = [(rota, person) for rota in plan.rota for person in range(len(rota.starts))]
            for number, (rota, person) in enumerate(people, start=1):
                if row == 5 + MOST_ROTA_ROWS:
                    put_row(
                        sheet, row, (f"hanya {MOST_ROTA_ROWS} baris / only {MOST_ROTA_ROWS} rows are shown",)
                    )
                    return
                days = (rota.works(person, day) for day in range(ROTA_DAYS))
                shown = ("-" if name == OFF else letters[name] for name in days)
                put_row(sheet, row, (desk.requirement.desk, ROLES[role], number, *shown))
                row += 1
    sheet.freeze_panes = "D5"


def _letters(names: Sequence[str]) -> dict[str, str]:
    """The shortest beginning of every shift's Indonesian name that no name before it has taken."""
    letters: dict[str, str] = {}
    for name in names:
        taken, called = set(letters.values()), words("id").named("staff.shifts", name)
        beginnings = (called[:length].upper() for length in range(1, len(called) + 1))
        letters[name] = next((one for one in beginnings if one not in taken), name)
    return letters


def _people(sheet: Worksheet, result: SizedScenario) -> None:
    lay_out(sheet, (26, 36, 16, 14, 14, 12, 14, 16, 16), "Layanan 112: petugas")
    put_title(
        sheet,
        "Dari jam bertugas ke petugas yang digaji / From hours on duty to people paid",
        "Digaji = yang terbesar dari rota dan jam bertugas / (jam dibayar x (1 - waktu di luar meja)). / "
        "Paid = the larger of the rota, and hours on duty / (paid week x (1 - shrinkage)).",
    )
    put_heads(
        sheet,
        4,
        ("Pusat / Desk", "Peran / Role", "Jam bertugas\nper minggu\nHours on duty",
         "Jam dibayar\nPaid week, h", "Di luar meja\nShrinkage", "Rota", "Cadangan\nRelief",
         "Digaji (rumus)\nPaid (formula)",
         "Digaji (sim112)\nPaid (computed)"),
    )  # fmt: skip
    row = 5
    for desk in result.desks:
        for role, plan in _plans(desk):
            paid = f"=MAX(F{row},ROUNDUP(ROUND(C{row}/(D{row}*(1-E{row})),6),0))"
            put_row(
                sheet, row, (desk.requirement.desk, ROLES[role], plan.rostered_hours_per_week,
                             plan.paid_week_h, plan.shrinkage, plan.rota_people, plan.relief_people,
                             paid, plan.people),
            )  # fmt: skip
            sheet.cell(row, 5).number_format = "0%"
            row += 1
    put_row(
        sheet, row, ["Jumlah / Total", None, f"=SUM(C5:C{row - 1})", None, None,
                     *(f"=SUM({column}5:{column}{row - 1})" for column in "FGHI")], bold=True,
    )  # fmt: skip
    recruits = sum(desk.budget.recruits for desk in result.desks)
    extra = result.scenario.costs.supervisors_per_centre * len(result.desks)
    put_row(sheet, row + 2, ("Pengawas / Supervisors", None, extra))
    lent = sum(desk.budget.lent_people for desk in result.desks)
    put_row(sheet, row + 4, ("Perbantuan / Lent", "dibayar OPD asal / paid by their agencies", lent))
    beyond = "sendiri, selain yang sudah ada / own, beyond those there"
    put_row(sheet, row + 3, ("Perlu direkrut / To recruit", beyond, recruits))
    sheet.freeze_panes = "C5"


def _budget(sheet: Worksheet, result: SizedScenario, sensitivity: Sequence[Changed]) -> None:
    lay_out(sheet, (20, 36, 12, 14, 9, 12, 15, 17, 17, 15, 15, 36), "Layanan 112: anggaran")
    put_title(
        sheet,
        f"Anggaran / Budget, rupiah, harga {result.desks[0].budget.price_year} / prices of that year",
        "Jumlah (rumus) mengikuti harga kuning yang diubah; jumlah (sim112) adalah hitungan saat berkas "
        "dibuat. / The formula follows a changed yellow price, each of which stands once; beside it is what "
        "was computed. Low, high: the ends of an assumed price.",
    )
    put_heads(
        sheet,
        4,
        ("Pusat / Desk", "Pos / Item", "Jenis / Kind", "Dibayar / Paid by", "Banyak\nQuantity",
         "Satuan\nUnit", "Harga, Rp\nPrice", "Jumlah (rumus)\nAmount\n(formula)",
         "Jumlah (sim112)\nAmount\n(computed)",
         "Terendah\nLow", "Tertinggi\nHigh", "Dasar / Basis"),
    )  # fmt: skip
    row = 5
    price_row: dict[str, int] = {}
    for desk in result.desks:
        for line in desk.budget.lines:
            price = _price(line, price_row, result.settings.budget.employer_share)
            price_row.setdefault(line.what, row)
            what = f"{INDONESIAN[line.what]} / {line.what}"
            basis = in_both(BASES.get(line.basis, told_basis(line.basis, "id")), line.basis)
            put_row(
                sheet, row, (desk.requirement.desk, what, KINDS[line.kind], PAYERS[line.payer], line.quantity,
                             UNITS[line.unit], price, f"=E{row}*G{row}", line.rp, line.low_rp,
                             line.high_rp, basis),
            )  # fmt: skip
            if not isinstance(price, str):
                sheet.cell(row, 7).fill = OWN_FILL
            row += 1
    last = row - 1
    sheet.auto_filter.ref = f"A4:L{last}"
    for title, kind, payer in (
        ("Biaya tahunan, anggaran 112 / Yearly, own budget", "yearly", "centre"),
        ("Modal, dibayar sekali / Capital, paid once", "capital", "centre"),
        ("Biaya tahunan, OPD asal / Yearly, other agencies", "yearly", "agencies"),
    ):
        row += 1
        chosen = [
            line
            for desk in result.desks
            for line in desk.budget.lines
            if (line.kind, line.payer) == (kind, payer)
        ]
        total = f"=SUMIFS(H$5:H${last},$C$5:$C${last},C{row},$D$5:$D${last},D{row})"
        computed = (sum(line.rp for line in chosen), sum(line.low_rp for line in chosen),
                    sum(line.high_rp for line in chosen))  # fmt: skip
        words = (title, None, KINDS[kind], PAYERS[payer], None, None, None)
        put_row(sheet, row, (*words, total, *computed), bold=True)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=2)
        sheet.row_dimensions[row].height = 28
    if sensitivity:
        row += 2
        put_row(sheet, row, ("Bila keadaan lain / What if", "", "Petugas / People", "Rp per tahun / a year",
                             "", "", "Selisih / Difference"), bold=True)  # fmt: skip
        for change in sensitivity:
            row += 1
            what, _, rise = change.what.partition(" ")
            named = f"{CIRCUMSTANCES[what]} {rise} / {change.what}"
            values = (named, "", change.people, change.rp_per_year, "", "", change.difference_rp)
            put_row(sheet, row, values)
    sheet.freeze_panes = "C5"


def _price(line: BudgetLine, price_row: dict[str, int], employer_share: float) -> float | str:
    """The price of a line, or a formula where it follows from one that stands above it."""
    if line.what in price_row:
        return f"=G${price_row[line.what]}"
    if WAGES in price_row and line.what in (INSURANCE, LENT):
        part = employer_share if line.what == INSURANCE else 1 + employer_share
        return f"=G${price_row[WAGES]}*{part:.12g}"
    return line.rp_each


def _assumptions(sheet: Worksheet, result: SizedScenario, shipped: Sequence[Number]) -> None:
    lay_out(sheet, (38, 40, 12, 11, 11, 20, 52), "Layanan 112: asumsi")
    put_title(
        sheet,
        "Asumsi: angka yang diduga, bukan diukur / Assumptions: guessed, not measured",
        "Yang diisi sendiri di atas, berwarna kuning; lalu semua dugaan yang dipakai, dengan batasnya. / "
        "Own values first, in yellow; then every assumed number in use, with its ends.",
    )
    put_heads(
        sheet, 4, ("Kunci / Key", "Arti / Meaning", "Nilai\nValue", "Rendah\nLow", "Tinggi\nHigh",
                   "Satuan / Unit", "Dasar / Basis"),
    )  # fmt: skip
    used = sorted(assumptions_used(result.scenario, result.settings, shipped), key=lambda one: not one.is_own)
    for row, one in enumerate(used, start=5):
        number, told = one.number, told_number(one.number, "id")
        own = f"diisi sendiri / own value (semula / was {number.value})"
        meaning, unit = in_both(told.meaning, number.meaning), in_both(told.unit, number.unit)
        basis = own if one.is_own else in_both(told.basis, number.basis)
        put_row(sheet, row, (number.key, meaning, one.value, number.low, number.high, unit, basis))
        if one.is_own:
            sheet.cell(row, 3).fill = OWN_FILL
    sheet.auto_filter.ref = f"A4:G{4 + len(used)}"
    sheet.freeze_panes = "C5"
