"""The form that a planner fills in, as an Excel file: marked cells, their limits, what defaults rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, PatternFill, Protection, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from sim112.config.demand import Demand
from sim112.planning.form import CELLS, Cell, plain
from sim112.planning.form_file import FORM_VERSION, SHEET
from sim112.sources import Number, number_behind
from sim112.views.sheets import HEAD_FILL, INK, NOTE_INK, RULE, font, lay_out, save_book
from sim112.views.words.numbers import told_number
from sim112.world.area import Regency

INPUT_FILL = PatternFill("solid", fgColor="FFF4CC")
SECTION_FILL = PatternFill("solid", fgColor="E3ECF3")
WIDTHS = (5, 52, 17, 21, 17, 24, 62, 20)
HEADS = (
    "No.", "Isian / What to fill in", "Nilai / Value", "Satuan / Unit", "Nilai awal / Default",
    "Batas isian / May be", "Dasar nilai awal / What the default rests on", "Kunci / Key",
)  # fmt: skip
GUIDE = (
    ("Cara mengisi", "How to fill in"),
    (
        f"1. Buka lembar '{SHEET}'. Isi hanya sel kuning di kolom C. Sel lain terkunci (tanpa kata sandi).",
        f"Open the sheet '{SHEET}'. Fill in the yellow cells of column C only; the others are locked "
        "(without a password).",
    ),
    (
        "2. Biarkan nilai awal bila tidak tahu. Kolom G menyebut dasarnya: SOURCE bersumber, ASSUMED dugaan.",
        "Leave the default where you do not know better. Column G says what it rests on: SOURCE, or ASSUMED "
        "(a guess).",
    ),
    (
        "3. Angka ditulis sebagai angka, tanpa 'Rp', tanpa '%', tanpa titik ribuan.",
        "Write numbers as numbers, without 'Rp', '%' or separators of thousands.",
    ),
    (
        "4. Panggilan per bulan: yang dijawab petugas di pusat yang sudah mapan, bukan minggu-minggu "
        "peluncuran. Bila dibiarkan, jumlahnya mengikuti jumlah penduduk.",
        "Calls a month: those answered at a mature centre, not in the weeks of the launch. Left as they are, "
        "they follow the population.",
    ),
    (
        "5. Bagian laporan sungguhan dan permintaan informasi dalam persen; sisanya panggilan iseng (prank) "
        "dan kosong (ghost). Keduanya bersama paling banyak 100. Bila laporan kejadian lebih banyak daripada "
        "kejadian yang diasumsikan, kejadiannya dianggap lebih banyak.",
        "The shares of real reports and of information are percentages; the rest is prank and silent calls. "
        "The two add to at most 100. Where more incidents are reported than are assumed to happen, more are "
        "taken to happen.",
    ),
    (
        "6. Petugas dispatch 0 berarti petugas penerima panggilan sendiri yang meneruskan laporan ke OPD. "
        "Petugas dan saluran yang ada kini hanya dibandingkan dengan rencana.",
        "0 dispatchers mean that call-takers alert the agencies themselves. People and lines of today "
        "are only compared with the plan.",
    ),
    (
        "7. Simpan sebagai .xlsx (tanpa makro), lalu jalankan perintah di bawah ini. Bila ada isian yang "
        "keliru, pesan menyebut lembar dan selnya.",
        "Save as .xlsx (no macros), then run the command below. Where an entry is wrong, the message names "
        "sheet and cell.",
    ),
)


def write_form(
    path: Path, regency: Regency, defaults: Mapping[str, float], demand: Demand, numbers: Iterable[Number]
) -> None:
    """Write the form of one regency; ``numbers`` of the configuration tell what its defaults rest on."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = SHEET
    kind = "Kabupaten" if regency.type == "kabupaten" else "Kota"
    name = f"{kind} {regency.name.removeprefix('Kota ').removeprefix('Kab. ')}"
    lay_out(sheet, WIDTHS, f"Layanan 112 {name}")
    sheet["B1"] = f"Layanan darurat 112: isian untuk {name}"
    sheet["B1"].font = font(size=16, bold=True, color=INK)
    sheet["B2"] = (
        "Form for sizing a 112 centre: fill in the yellow cells, then run sim112 staff with this file."
    )
    sheet["B2"].font = font(italic=True, color=NOTE_INK)
    for row, label, value, key in (
        (3, "Wilayah (jangan diubah) / Regency (leave as it is)", regency.label, "regency"),
        (4, "Versi formulir / Version of the form", FORM_VERSION, "version"),
    ):
        sheet.cell(row, 2, label).font = font()
        sheet.cell(row, 3, value).alignment = Alignment(horizontal="right")
        sheet.cell(row, 3).font = font()
        sheet.cell(row, 8, key).font = font(size=8, color=NOTE_INK)
    for column, head in enumerate(HEADS, start=1):
        cell = sheet.cell(6, column, head)
        cell.font, cell.fill = font(bold=True, color="FFFFFF"), HEAD_FILL
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    sheet.row_dimensions[6].height = 32
    row, section = 7, ""
    known = list(numbers)
    for number, cell_of in enumerate(CELLS, start=1):
        if cell_of.section != section:
            section = cell_of.section
            for column in range(1, len(HEADS) + 1):
                sheet.cell(row, column).fill = SECTION_FILL
            sheet.cell(row, 2, section).font = font(bold=True, color=INK)
            row += 1
        default = defaults[cell_of.name]
        _write_row(sheet, row, number, cell_of, default, _basis(cell_of, regency, known, demand, default))
        row += 1
    sheet.freeze_panes = "C7"
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.print_title_rows = "6:6"
    _write_guide(book, regency)
    save_book(book, path)


def _write_row(sheet: Worksheet, row: int, number: int, cell: Cell, default: float, basis: str) -> None:
    value = int(default) if float(default).is_integer() else default
    shown = "#,##0" if cell.whole or abs(default) >= 1000 or float(default).is_integer() else "#,##0.0#"
    shown = "0" if cell.name == "price_year" else shown
    limits_shown = f"{cell.lowest:,g} ... {cell.highest:,.12g}"
    limits_shown = limits_shown.replace(",", "") if cell.name == "price_year" else limits_shown
    texts = (number, f"{cell.indonesian}\n{cell.english}", value, cell.unit, value,
             limits_shown, basis, cell.name)  # fmt: skip
    for column, text in enumerate(texts, start=1):
        one = sheet.cell(row, column, text)
        one.alignment = Alignment(
            wrap_text=True, vertical="center", horizontal="left", indent=int(column > 1)
        )
        one.font = font()
        one.border = Border(bottom=RULE)
        if column in (3, 5):
            one.number_format = shown
            one.alignment = Alignment(horizontal="right", vertical="center")
        if column >= 5:
            one.font = font(size=8 if column == 8 else 9, color=NOTE_INK)
    entry = sheet.cell(row, 3)
    entry.fill, entry.font = INPUT_FILL, font(bold=True, size=12)
    entry.border = Border(*(Side("thin", color="B59B3A") for _ in range(4)))
    entry.protection = Protection(locked=False)
    sheet.row_dimensions[row].height = max(32, 12.5 * (1 + len(basis) // 68))
    limits = f"{plain(cell.lowest)} sampai {plain(cell.highest)}"
    rule = DataValidation(
        type="whole" if cell.whole else "decimal",
        operator="between",
        formula1=plain(cell.lowest),
        formula2=plain(cell.highest),
        allow_blank=False,
        showErrorMessage=True,
        showInputMessage=True,
        errorTitle="Isian tidak sesuai",
        error=f"Isi bilangan{' bulat' if cell.whole else ''} dari {limits}.",
        promptTitle=cell.unit[:32],
        prompt=f"{cell.indonesian}. {limits}."[:255],
    )
    rule.add(entry.coordinate)
    sheet.add_data_validation(rule)


def _basis(cell: Cell, regency: Regency, numbers: list[Number], demand: Demand, default: float) -> str:
    """What a default rests on: its own line in the configuration, or where it is worked out from."""
    if cell.name == "population":
        return "SOURCE sensus penduduk 2020 / census of 2020"
    if cell.name in ("calls_a_month", "genuine_percent", "information_percent"):
        own = f"demand.regencies.{regency.label}.dial_112_share"
        shared = f"demand.dial_112_share.{demand.use}"
        use = demand.regencies[regency.label].dial_112_share if regency.label in demand.regencies else None
        for key, value in ((own, use), (shared, getattr(demand.dial_112_share, demand.use))):
            of = None if value is None else number_behind(numbers, key, value)
            if of is not None:
                return (
                    f"ASSUMED, dihitung dari / worked out from {key} = {of.value} "
                    f"({_ends(of)}{_reason(of)}); "
                    "laju kejadian dan panggilan / rates of incidents and calls: demand/typical_week.yaml"
                )
    if cell.section.startswith("Jam") and not cell.key:
        return "roster dalam / in staffing/default.yaml; lihat / see `sim112 sources`"
    factor = 100 if cell.unit == "%" else 1
    of = number_behind(numbers, cell.key, default / factor)
    return "" if of is None else f"{of.kind} {_ends(of, factor)}{_reason(of)}"


def _reason(number: Number) -> str:
    """What a number rests on, in both languages."""
    return " / ".join(dict.fromkeys((told_number(number, "id").basis, number.basis)))


def _ends(number: Number, factor: int = 1) -> str:
    if number.low is None or number.high is None:
        return ""
    ends = (factor * number.low, factor * number.high)
    low, high = (f"{end:,.0f}" if end >= 1000 else f"{end:g}" for end in ends)
    return f"{low} ... {high}: "


def _write_guide(book: Workbook, regency: Regency) -> None:
    sheet = book.create_sheet("Petunjuk")
    lay_out(sheet, (3, 120), "Petunjuk / How to fill in")
    for at, (indonesian, english) in enumerate(GUIDE):
        row = 2 + 2 * at
        sheet.cell(row, 2, indonesian).font = font(bold=at == 0, size=16 if at == 0 else 11, color=INK)
        sheet.cell(row + 1, 2, english).font = font(italic=True, color=NOTE_INK)
        for one in (row, row + 1):
            sheet.cell(one, 2).alignment = Alignment(wrap_text=True, vertical="top")
            sheet.row_dimensions[one].height = 15.5 * (1 + len(str(sheet.cell(one, 2).value)) // 130)
    sheet.row_dimensions[2].height = 24
    last = 3 + 2 * len(GUIDE)
    sheet.cell(last, 2, f"sim112 staff {regency.label}.xlsx").font = font(size=12, bold=True)
    sheet.cell(last, 2).fill = SECTION_FILL
