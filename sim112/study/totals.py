"""Totals by scope: where the sums behind the measures are kept, and how they are filled.

A *scope* is a way to cut the province (by regency, by desk, by hour ...) and its *members* are the parts. All
members of all scopes stand side by side in one axis of *slots*, so that the totals of one replication are one
array [columns, slots] and those of many replications stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim112.engine.contract import NONE, Floats, Ints, World
from sim112.study.definitions import COLUMNS

LOWEST_S = 0.1
GROWTH = 1.01
BINS = 1 + int(np.ceil(np.log(1e6 / LOWEST_S) / np.log(GROWTH)))
"""Bins of a histogram of durations: the first holds all below 0.1 s, the others are 1 % wide, up to a million
seconds.
"""

MIDDLE_S: Floats = np.concatenate([[0.0], LOWEST_S * GROWTH ** (np.arange(BINS - 1) + 0.5)])
"""The duration a bin stands for, [BINS] s: right to half a percent."""

_COLUMN_AT = {name: row for row, name in enumerate(COLUMNS)}


@dataclass(frozen=True)
class Scopes:
    """The members of each scope, by name, and where they stand among the slots."""

    names: Mapping[str, tuple[str, ...]]
    start: Mapping[str, int]
    size: int

    def slots(self, scope: str) -> slice:
        """The slots of a scope's members. Raises KeyError for a scope that does not exist."""
        return slice(self.start[scope], self.start[scope] + len(self.names[scope]))


def scopes_of(world: World) -> Scopes:
    """The scopes of a world.

    ``regency_112`` is a regency's calls to 112 centres and its own centre's times; ``service`` is 112 (all
    centres) and each agency's own numbers; ``agency_regency`` runs over regencies within agencies.
    """
    agencies, regencies = world.agency_name, world.regency_name
    names = {
        "province": ("province",),
        "regency": regencies,
        "regency_112": regencies,
        "desk": world.desk_name,
        "service": ("112", *agencies),
        "kind": world.kind_name,
        "hour": tuple(f"{hour:02d}" for hour in range(24)),
        "agency": agencies,
        "agency_regency": tuple(f"{agency} {regency}" for agency in agencies for regency in regencies),
    }
    start, size = {}, 0
    for scope, members in names.items():
        start[scope] = size
        size += len(members)
    return Scopes(names, start, size)


@dataclass(frozen=True, eq=False)
class Totals:
    """Sums under construction for one replication. NaN: not kept for that scope."""

    scopes: Scopes
    sums: Floats  # [columns, slots]

    def add(self, places: Mapping[str, Ints], columns: Mapping[str, NDArray[Any]]) -> None:
        """Sum columns of rows over the members of scopes.

        ``places`` gives for each scope the member of every row (-1: in none); ``columns`` the value of every
        row.
        """
        touched = np.concatenate([np.arange(self.scopes.size)[self.scopes.slots(scope)] for scope in places])
        at = slots_of_rows(self.scopes, places)
        for name, column in columns.items():
            rows = np.flatnonzero(column)
            slot = at[rows].ravel()
            weight = np.repeat(column[rows].astype(np.float64), at.shape[1])
            inside = slot >= 0
            sums = np.bincount(slot[inside], weight[inside], self.scopes.size)
            self.sums[_COLUMN_AT[name], touched] = sums[touched]

    def put(self, scope: str, columns: Mapping[str, Floats | float]) -> None:
        """Set columns of a scope to values by member."""
        for name, values in columns.items():
            self.sums[_COLUMN_AT[name], self.scopes.slots(scope)] = values


def empty_totals(scopes: Scopes) -> Totals:
    return Totals(scopes, np.full((len(COLUMNS), scopes.size), np.nan))


def slots_of_rows(scopes: Scopes, places: Mapping[str, Ints]) -> Ints:
    """The slot of every row in every scope, [rows, scopes]; -1 where it is in none."""
    return np.stack(
        [np.where(member == NONE, NONE, member + scopes.start[scope]) for scope, member in places.items()],
        axis=1,
    )


def column_at(name: str) -> int:
    return _COLUMN_AT[name]


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often each duration occurred, by slot; only the bins in use are kept.

    ``at`` is slot * BINS + bin, ascending; ``count`` how many.
    """

    at: NDArray[np.int32]
    count: NDArray[np.int32]

    def dense(self, slots: slice) -> Ints:
        """The counts of some slots, [slots, BINS]."""
        first, last = np.searchsorted(self.at, [slots.start * BINS, slots.stop * BINS])
        counts = np.zeros((slots.stop - slots.start) * BINS, np.int64)
        counts[self.at[first:last] - slots.start * BINS] = self.count[first:last]
        return counts.reshape(-1, BINS)


def histogram(scopes: Scopes, places: Mapping[str, Ints], durations_s: Floats) -> Histogram:
    """Count durations (s, none negative, NaN left out) by the members of scopes."""
    rows = np.flatnonzero(~np.isnan(durations_s))
    with np.errstate(divide="ignore"):
        steps = np.floor(np.log(durations_s[rows] / LOWEST_S) / np.log(GROWTH))
    bins = np.clip(steps + 1, 0, BINS - 1).astype(np.int64)
    slot = slots_of_rows(scopes, places)[rows]
    flat = np.where(slot == NONE, NONE, slot * BINS + bins[:, None]).ravel()
    counts = np.bincount(flat[flat >= 0], minlength=1)
    at = np.flatnonzero(counts)
    return Histogram(at.astype(np.int32), counts[at].astype(np.int32))


def sum_of_histograms(parts: list[Histogram]) -> Histogram:
    at, inverse = np.unique(np.concatenate([part.at for part in parts]), return_inverse=True)
    count = np.bincount(inverse, np.concatenate([part.count for part in parts]), len(at)).astype(np.int32)
    return Histogram(at, count)
