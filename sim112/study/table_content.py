"""What is in a saved table, whatever wrote the file: its columns to the bit, and where two tables differ.

Two Parquet files with the same content need not have the same bytes, as each version of the library writes
them its own way. So content is compared: names and types of columns in their order, and every value. Numbers
are the same when their bits are (so 0.0 is not -0.0), except that one NaN is as good as another.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim112.errors import InputError

ENDINGS = (".csv", ".parquet")
"""How the names of tables end."""

KEYS = ("use", "scenario", "replication", "scope", "member", "measure", "assumption")
"""Columns that say which row it is, in the tables that have them."""

SHOWN_COLUMNS = 5
"""Columns that are told to say which row it is, in tables without such keys."""

Table = Mapping[str, pa.Array]
"""Columns by name, of equal length; text is never coded as numbers."""


def read_content(path: Path) -> Table:
    """Read a CSV or Parquet table; every cell of a CSV is text. Raises InputError for what is no table."""
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                names, *rows = list(csv.reader(file)) or [[]]
            columns = zip(*rows, strict=True) if rows else [()] * len(names)
            return {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
        table = pq.read_table(path)
        return {name: _plain(table[name].combine_chunks()) for name in table.column_names}
    except (OSError, ValueError, KeyError, csv.Error, pa.ArrowException) as error:
        told = " ".join(str(error).split())
        raise InputError(
            f"{path}: cannot be read as a table ({told}); give the folder as it was saved"
        ) from None


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def rows_of(table: Table) -> int:
    """The number of rows."""
    return len(next(iter(table.values()), ()))


def content_sha256(table: Table) -> str:
    """SHA-256 over the names, types and values of the columns, the same on every machine."""
    columns = [(name, str(column.type), column_sha256(column)) for name, column in table.items()]
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()


def column_sha256(column: pa.Array) -> str:
    """SHA-256 over the values of one column."""
    total = hashlib.sha256(f"{column.type} {len(column)}\n".encode())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        coded = column.dictionary_encode()  # words in the order in which they first stand
        total.update(json.dumps(coded.dictionary.to_pylist()).encode())
        total.update(_bytes(coded.indices.fill_null(-1)))
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        total.update(_bytes(column.is_null()))
        total.update(_bytes(column.fill_null(0)))
    else:
        total.update(json.dumps(column.to_pylist(), default=str).encode())
    return total.hexdigest()


def _bytes(column: pa.Array) -> bytes:
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values)
    return bytes(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())


def first_difference(then: Table, now: Table) -> str | None:
    """The first column and row in which two tables differ, with both values; None where they are the same."""
    if list(then) != list(now):
        gone, new = [name for name in then if name not in now], [name for name in now if name not in then]
        told = [f"{' and '.join(gone)} only then"] * bool(gone) + [f"{' and '.join(new)} only now"] * bool(
            new
        )
        return f"columns: {'; '.join(told) or 'in another order'}"
    if rows_of(then) != rows_of(now):
        return f"{rows_of(then)} rows then, {rows_of(now)} now"
    for name in then:
        if then[name].type != now[name].type:
            return f"column {name}: {then[name].type} then, {now[name].type} now"
        if column_sha256(then[name]) != column_sha256(now[name]):
            row = _first_row(then[name], now[name])
            values = f"{then[name][row].as_py()!r} then, {now[name][row].as_py()!r} now"
            return f"column {name}, row {row + 1}{_which(then, name, row)}: {values}"
    return None


def _first_row(then: pa.Array, now: pa.Array) -> int:
    """The first row whose value has another digest, found by halving."""
    low, high = 0, len(then)  # the first difference lies in low..high - 1
    while high - low > 1:
        middle = (low + high) // 2
        same = column_sha256(then.slice(low, middle - low)) == column_sha256(now.slice(low, middle - low))
        low, high = (middle, high) if same else (low, middle)
    return low


def _which(table: Table, column: str, row: int) -> str:
    """The words of a row that say which it is: its keys, or what stands to the left of the column."""
    keys = [name for name in KEYS if name in table and name != column]
    shown = keys or list(table)[: list(table).index(column)][:SHOWN_COLUMNS]
    return f" ({', '.join(f'{name} {table[name][row].as_py()}' for name in shown)})" if shown else ""
