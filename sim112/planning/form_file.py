"""A filled form as it comes back: an Excel file from anywhere, read with limits, values only.

No formula is worked out, no macro run, no link followed, no entity expanded; what is too large is not opened.
Rows are told by the key in their last column, so that inserted rows do no harm.
"""

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell

from sim112.errors import InputError

SHEET = "Isian"
FORM_VERSION = "sim112 form 2"
VALUE_COLUMN, KEY_COLUMN = 3, 8  # C and H
LAST_ROW = 80
MOST_BYTES = 1_000_000
OLD_OR_LOCKED = bytes.fromhex("d0cf11e0a1b11ae1")  # how .xls and files with a password begin
MOST_BYTES_UNPACKED = 20_000_000


@dataclass(frozen=True)
class Unworked:
    """A formula that came without its value: no spreadsheet has worked it out."""

    text: str


@dataclass(frozen=True)
class Percentage:
    """A number that the sheet shows as a percentage: 25 where the cell reads 25% and holds 0.25."""

    percent: float


def cells_of(path: Path, names: Sequence[str]) -> tuple[str, dict[str, str], dict[str, object]]:
    """The regency of a form, and by name the places and values of its cells.

    Raises InputError, one line, for what is no form of this version, or has not all the cells.
    """
    raw = _harmless(path)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        if SHEET not in book.sheetnames:
            raise InputError(f"{path.name}: has no sheet {SHEET!r}; write a form with `sim112 template`")
        rows = book[SHEET].iter_rows(max_row=LAST_ROW, max_col=KEY_COLUMN)
        table = [[*map(_shown, row), *[None] * (KEY_COLUMN - len(row))] for row in rows]
        written = load_workbook(io.BytesIO(raw), read_only=True, keep_links=False)[SHEET]
        entries = written.iter_rows(
            max_row=LAST_ROW, min_col=VALUE_COLUMN, max_col=VALUE_COLUMN, values_only=True
        )
        for row, (entry,) in zip(table, entries, strict=False):
            if row[VALUE_COLUMN - 1] is None and isinstance(entry, str) and entry.startswith("="):
                row[VALUE_COLUMN - 1] = Unworked(entry if len(entry) <= 60 else f"{entry[:57]}...")
    except InputError:
        raise
    except Exception as error:  # what a broken file makes the reader raise cannot be listed
        raise InputError(
            f"{path.name}: cannot be read as an Excel file ({type(error).__name__}); save it as .xlsx"
        ) from None
    wanted = ("version", "regency", *names)
    places: dict[str, str] = {}
    values: dict[str, object] = {}
    for number, row in enumerate(table, start=1):
        key = row[KEY_COLUMN - 1]
        if key in wanted:
            if key in places:
                raise InputError(f"{SHEET}!H{number}: {key} stands there a second time; keep each row once")
            places[key], values[key] = f"C{number}", row[VALUE_COLUMN - 1]
    if not places:
        raise InputError(f"{SHEET}!H: the keys of the rows are gone; write a new form with `sim112 template`")
    for name in wanted:
        if name not in places:
            raise InputError(
                f"{SHEET}: the row of {name} is missing; write a new form with `sim112 template`"
            )
    if values["version"] != FORM_VERSION:
        raise InputError(
            f"{SHEET}!{places['version']} is {values['version']!r}; this version reads {FORM_VERSION!r}"
        )
    if values["regency"] is None:
        raise InputError(f"{SHEET}!{places['regency']} is empty; give the label of a regency, such as pati")
    return str(values["regency"]), places, values


def _shown(cell: Cell | ReadOnlyCell | EmptyCell) -> object:
    """What a cell holds, and that it is a percentage where it is shown as one."""
    value = cell.value
    if type(value) in (int, float) and "%" in str(cell.number_format):
        return Percentage(round(100 * value, 9))
    return value


def _harmless(path: Path) -> bytes:
    """The bytes of a file that is small, also unpacked, and has neither macros nor XML entities."""
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"{path.name}: is no .xlsx file; save it as an Excel workbook (.xlsx)")
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"{path.name}: {size} bytes; a form has less than {MOST_BYTES}")
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give an .xlsx file") from None
    if raw.startswith(OLD_OR_LOCKED):
        raise InputError(
            f"{path.name}: has a password, or is an old .xls; save it as .xlsx without a password"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            entries = packed.infolist()
            if sum(entry.file_size for entry in entries) > MOST_BYTES_UNPACKED:
                raise InputError(
                    f"{path.name}: more than {MOST_BYTES_UNPACKED} bytes unpacked; a form is smaller"
                )
            for entry in entries:
                if "vbaproject" in entry.filename.lower():
                    raise InputError(f"{path.name}: has macros; save it as .xlsx without them")
                with packed.open(entry) as part:
                    content = part.read(MOST_BYTES_UNPACKED)
                if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
                    raise InputError(f"{path.name}: {entry.filename} declares entities; write a new form")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name}: is no Excel file; save it as .xlsx") from None
    except zlib.error:
        raise InputError(f"{path.name}: is damaged; save it as .xlsx again") from None
    return raw
