"""Rows of CSV tables, read strictly: what is wrong is told in a line that names file, row, value and mend."""

import csv
import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim112.errors import InputError


def suggest(word: str, known: Sequence[str]) -> str:
    """The end of an error line: the nearest known word, or a few of them."""
    asked = word.lower().replace(" ", "_")
    near = [one for one in known if one.endswith(f"_{asked}")]  # semarang: the city or the regency?
    near = near or difflib.get_close_matches(asked, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(repr(one) for one in near)}?"
    if not known:
        return ""
    return f"; known are {', '.join(known[:4])}{', ...' if len(known) > 4 else ''}"


@dataclass(frozen=True)
class Row:
    """One row of a table, read strictly: each reader raises InputError naming file, row, value and mend."""

    file: str
    number: int
    cells: dict[str, str]

    def error(self, column: str, mend: str) -> InputError:
        """The one line for a bad cell."""
        return InputError(f"{self.file} row {self.number}: {column} is {self.cells[column]!r}; {mend}")

    def text(self, column: str, *, empty: bool = False) -> str:
        """The cell as it stands; empty only where that means *unknown* or *none*."""
        if not self.cells[column] and not empty:
            raise self.error(column, "give a value")
        return self.cells[column]

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """The cell, one of the allowed words."""
        if self.cells[column] not in allowed:
            raise self.error(column, f"use one of {', '.join(allowed)}")
        return self.cells[column]

    def number_in(self, column: str, least: float, most: float) -> float:
        """The cell as a finite number in [least, most]."""
        try:
            value = float(self.cells[column])
        except ValueError:
            raise self.error(column, "give a number") from None
        if not math.isfinite(value) or not least <= value <= most:
            raise self.error(column, f"give a number from {least:g} to {most:g}")
        return value

    def count(self, column: str, least: int = 0) -> int:
        """The cell as a whole number of at least ``least``."""
        try:
            value = int(self.cells[column])
        except ValueError:
            raise self.error(column, "give a whole number") from None
        if value < least:
            raise self.error(column, f"give a whole number of at least {least}")
        return value


def read_rows(path: Path, columns: Iterable[str]) -> Iterator[Row]:
    """The rows of a CSV table (UTF-8, header row) that has at least these columns.

    Row numbers count lines of the file, the header being 1; blank lines are passed over. Raises InputError
    for a missing file, a missing column or a row with too few or too many cells.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets put a mark at the beginning
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            _check_header(path, header, columns)
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise InputError(
                        f"{path.name} row {reader.line_num}: {len(cells)} cells; "
                        f"give {len(header)}, as in the header"
                    )
                row = Row(path.name, reader.line_num, dict(zip(header, map(str.strip, cells), strict=True)))
                for column, cell in row.cells.items():
                    if "\0" in cell:
                        raise row.error(column, "a NUL byte is no text; save the table as CSV in UTF-8")
                yield row
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; give a folder with {path.name} in it") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; give a CSV table of that name") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a CSV table") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name}: not a CSV table in UTF-8 ({error}); save it as one") from None


def _check_header(path: Path, header: Sequence[str], columns: Iterable[str]) -> None:
    columns = tuple(columns)
    if not any(header):
        raise InputError(f"{path.name}: is empty; give a header row ({', '.join(columns)}) and rows below it")
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            raise InputError(f"{path.name} row 1: cells are separated by {name}; save the table with commas")
    for column in columns:
        if column not in header:
            raise InputError(f"{path.name} row 1: no column {column!r}{suggest(column, header)}")
    for column in header:
        if header.count(column) > 1:
            raise InputError(f"{path.name} row 1: column {column!r} is there twice; keep one")


def unique(row: Row, column: str, seen: dict[str, int]) -> str:
    """The cell, which no earlier row has; ``seen`` keeps the row of each value."""
    value = row.text(column)
    if value in seen:
        raise row.error(column, f"row {seen[value]} has it already; give each row its own")
    seen[value] = row.number
    return value


def known_rows(path: Path, columns: Sequence[str], more: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of a table that may have some more columns, empty where it has not, and no others.

    Raises InputError, beside what ``read_rows`` refuses, for any other column and for a table without rows.
    """
    known = (*columns, *more)
    empty = True
    for row in read_rows(path, columns):
        empty = False
        for column in row.cells:
            if column not in known:
                raise InputError(f"{path.name} row 1: column {column!r} is not known{suggest(column, known)}")
        yield replace(row, cells={column: row.cells.get(column, "") for column in known})
    if empty:
        raise InputError(f"{path.name}: no rows below the header; give at least one, or leave the table out")


def one_of(row: Row, column: str, known: Sequence[str], table: str) -> str:
    """The cell, a name that another table gives."""
    name = row.text(column)
    if name not in known:
        raise row.error(column, f"no such name in {table}{suggest(name, known)}")
    return name
