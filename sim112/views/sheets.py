"""How every sheet of an Excel file looks and prints: widths, A4 across, header and footer, colours."""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from sim112.errors import InputError

INK = "1F3A4D"
NOTE_INK = "5F6B73"
HEAD_FILL = PatternFill("solid", fgColor="1F3A4D")
OWN_FILL = PatternFill("solid", fgColor="FFF4CC")
"""Of a value that somebody gave in place of the shipped one."""
RULE = Side("hair", color="9AA5AC")


def font(size: float = 10, bold: bool = False, italic: bool = False, color: str = "000000") -> Font:
    """The one typeface, which every office has."""
    return Font(name="Calibri", size=size, bold=bold, italic=italic, color=color)


def lay_out(sheet: Worksheet, widths: Sequence[float], title: str, portrait: bool = False) -> None:
    """Column widths, and print as A4 as wide as the page, with a title and page numbers."""
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "portrait" if portrait else "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.page_margins.top = sheet.page_margins.bottom = 0.7
    plain = title.replace("&", "&&")
    sheet.oddHeader.left.text, sheet.oddHeader.left.size = plain, 9
    sheet.oddFooter.left.text, sheet.oddFooter.left.size = "sim112", 8
    sheet.oddFooter.right.text, sheet.oddFooter.right.size = "&P / &N", 8


def put_title(sheet: Worksheet, title: str, note: str) -> None:
    """The first two rows: what the sheet is, and a note in small print."""
    sheet["A1"], sheet["A2"] = title, note
    sheet["A1"].font, sheet["A2"].font = font(16, bold=True, color=INK), font(italic=True, color=NOTE_INK)


def put_heads(sheet: Worksheet, row: int, heads: Sequence[str]) -> None:
    """A row of column heads, which is also printed at the top of every page."""
    for column, head in enumerate(heads, start=1):
        cell = sheet.cell(row, column, head)
        cell.font, cell.fill = font(bold=True, color="FFFFFF"), HEAD_FILL
        cell.alignment = Alignment(
            wrap_text=True, vertical="center", horizontal="center" if column > 1 else None
        )
    sheet.row_dimensions[row].height = 15 * (1 + max(head.count("\n") for head in heads)) + 4
    sheet.print_title_rows = f"{row}:{row}"


def put_row(
    sheet: Worksheet, row: int, values: Iterable[object], form: str = "#,##0", bold: bool = False
) -> None:
    """One row of values; whole numbers and amounts in ``form``, other numbers with their decimals."""
    lines = 1
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(row, column, value)
        cell.font, cell.border = font(bold=bold), Border(bottom=RULE)
        if isinstance(value, str) and not value.startswith("="):
            cell.alignment = Alignment(
                wrap_text=True, vertical="top", horizontal="left", indent=int(column > 1 and len(value) > 2)
            )
            width = sheet.column_dimensions[get_column_letter(column)].width
            lines = max(lines, math.ceil(len(value) * 1.1 / width))
        else:
            cell.alignment = Alignment(vertical="top", horizontal="right")
            is_small = isinstance(value, float) and abs(value) < 1000 and not value.is_integer()
            cell.number_format = "#,##0.0###" if is_small else form
    sheet.row_dimensions[row].height = 14 * lines


SAVED_AT = (1980, 1, 1, 0, 0, 0)
"""The time of every file: the same book gives the same bytes. 1980 is where the format's calendar begins."""


def save_book(book: Workbook, path: Path) -> None:
    """Save under a name only once the file is whole; InputError where the place cannot be written."""
    part = path.with_name(f".{path.name}.part")
    drawn = io.BytesIO()
    book.save(drawn)
    try:
        with ZipFile(drawn) as made, ZipFile(part, "w", ZIP_DEFLATED) as kept:
            for name in made.namelist():
                kept.writestr(ZipInfo(name, SAVED_AT), _timeless(made.read(name)), ZIP_DEFLATED)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror}); give another place") from None


def _timeless(content: bytes) -> bytes:
    """The same part of a book without the moment at which it was made."""
    made_at = rb"(<dcterms:(created|modified)[^>]*>)[^<]*"
    return re.sub(made_at, rb"\g<1>1980-01-01T00:00:00Z", content)
