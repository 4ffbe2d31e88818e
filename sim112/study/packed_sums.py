"""Sums in few bytes: a study keeps those of every replication of every scenario to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim112.engine.contract import Floats

TICKS_PER_S = 1024.0
UNITS: tuple[tuple[type[np.unsignedinteger[Any]], float], ...] = (
    (np.uint8, 1.0), (np.uint16, 1.0), (np.uint32, 1.0), (np.uint32, TICKS_PER_S),
)  # fmt: skip
"""Whole numbers as which a row of sums may be written, the shortest first, and how many of them are 1."""

AS_IT_IS = len(UNITS)
"""A row written in its own eight bytes."""

_WRITTEN: tuple[tuple[type[np.generic[Any]], float, int | None], ...] = (
    *((of_type, units, np.iinfo(of_type).max) for of_type, units in UNITS),
    (np.float64, 1.0, None),
)


@dataclass(frozen=True, eq=False)
class Packed:
    """Rows of sums, each written in the fewest bytes that give it back to the bit.

    Counts take one to four bytes, seconds four (they lie on the grid of 1/1024 s), all else eight. The
    largest whole number of a type stands for NaN; NaN at the end of a row is left out.
    """

    width: int
    unit: NDArray[np.uint8]  # [rows] which of UNITS, or AS_IT_IS
    first: NDArray[np.int32]  # [rows + 1] where each begins in ``data``
    data: bytes

    def row(self, at: int, part: slice = slice(None)) -> Floats:
        """One row, as it was, or a part of it."""
        start, stop, _ = part.indices(self.width)
        found = np.full(stop - start, np.nan)
        of_type, units, missing = _WRITTEN[self.unit[at]]
        whole = np.frombuffer(memoryview(self.data)[self.first[at] : self.first[at + 1]], of_type)[start:stop]
        if missing is None:
            found[: len(whole)] = whole
        else:
            np.divide(whole, units, out=found[: len(whole)], where=whole != missing)
        return found

    def rows(self) -> Floats:
        """All rows, [rows, width]."""
        return np.stack([self.row(at) for at in range(len(self.unit))])


def _is_whole(sums: Floats) -> NDArray[np.bool_]:
    """Which rows are whole numbers throughout."""
    whole: NDArray[np.bool_] = (np.floor(sums) == sums).all(axis=1)
    return whole


def _length(is_missing: NDArray[np.bool_]) -> int:
    """How long a row is without what is missing at its end."""
    return len(is_missing.tobytes().rstrip(b"\x01"))


def packed(sums: Floats) -> Packed:
    """Sums [rows, width] in few bytes."""
    sums = np.ascontiguousarray(sums)
    is_missing = np.isnan(sums)
    kept = np.where(is_missing, 0.0, sums)
    most = kept.max(axis=1, initial=0.0)
    is_plain = ~(np.signbit(kept).any(axis=1) | np.isinf(most))
    unit = np.full(len(sums), AS_IT_IS, np.uint8)
    is_whole = {1.0: _is_whole(kept), TICKS_PER_S: np.zeros(len(sums), np.bool_)}
    parted = np.flatnonzero(is_plain & ~is_whole[1.0])
    is_whole[TICKS_PER_S][parted] = _is_whole(kept[parted] * TICKS_PER_S)
    for at, (of_type, units) in reversed(list(enumerate(UNITS))):
        unit[is_plain & is_whole[units] & (most * units < np.iinfo(of_type).max)] = at
    pieces = [b""] * len(sums)
    for at, (of_type, units, missing) in enumerate(_WRITTEN):
        rows = np.flatnonzero(unit == at)
        if not rows.size:
            continue
        written: NDArray[Any] = sums[rows]
        if missing is not None:
            written = (kept[rows] * units).astype(of_type)
            written[is_missing[rows]] = missing
        for row, whole in zip(rows.tolist(), written, strict=True):
            pieces[row] = whole[: _length(is_missing[row])].tobytes()
    first = np.cumsum([0, *(len(piece) for piece in pieces)])
    return Packed(sums.shape[1], unit, first.astype(np.int32), b"".join(pieces))
