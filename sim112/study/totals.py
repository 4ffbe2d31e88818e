"""Totals by scope: where the sums behind the measures are kept, and how often each duration occurred.

A *scope* is a way to cut the province (by regency, by desk, by hour ...) and its *members* are the parts. All
members of all scopes stand side by side in one axis of *slots*, so that the totals of one replication are one
array [columns, slots] and those of many replications stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim112.engine.contract import Floats, Ints, World
from sim112.study.definitions import COLUMNS, SCOPES_OF

LOWEST_S = 0.1
GROWTH = 1.01
BINS = 1 + int(np.ceil(np.log(1e6 / LOWEST_S) / np.log(GROWTH)))
"""Bins of a histogram of durations: the first holds all below 0.1 s, the others are 1 % wide, up to a million
seconds.
"""

BIN_FROM_S: Floats = LOWEST_S * GROWTH ** np.arange(BINS - 1, dtype=np.float64)
"""Where the second and every later bin begins, [BINS - 1] s."""

MIDDLE_S: Floats = np.concatenate([[0.0], LOWEST_S * GROWTH ** (np.arange(BINS - 1) + 0.5)])
"""The duration a bin stands for, [BINS] s: right to half a percent."""

HOURS = 24

_COLUMN_AT = {name: row for row, name in enumerate(COLUMNS)}


def column_at(name: str) -> int:
    return _COLUMN_AT[name]


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
        # those with histograms of incidents come first, then those with histograms of calls
        "province": ("province",),
        "regency": regencies,
        "kind": world.kind_name,
        "hour": tuple(f"{hour:02d}" for hour in range(HOURS)),
        "regency_112": regencies,
        "desk": world.desk_name,
        "service": ("112", *agencies),
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
    """Sums under construction. NaN: not kept for that scope."""

    scopes: Scopes
    sums: Floats  # [slots, columns]

    def put(self, scope: str, columns: Mapping[str, Floats | float]) -> None:
        """Set columns of a scope to values by member."""
        for name, values in columns.items():
            self.sums[self.scopes.slots(scope), _COLUMN_AT[name]] = values

    def add(self, places: Mapping[str, Ints], columns: Mapping[str, Floats]) -> None:
        """Sum rows over the members of scopes: ``places`` gives for each scope the member of every row."""
        for scope, member in places.items():
            size = len(self.scopes.names[scope])
            self.put(
                scope,
                {
                    name: np.bincount(member, column, size).astype(np.float64)
                    for name, column in columns.items()
                },
            )


def no_totals(scopes: Scopes) -> Totals:
    """Nothing yet, in all scopes where a column is kept."""
    totals = Totals(scopes, np.full((scopes.size, len(COLUMNS)), np.nan))
    for name, kept in SCOPES_OF.items():
        for scope in kept:
            totals.put(scope, {name: 0.0})
    return totals


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


def histogram_of(counts: NDArray[np.int32]) -> Histogram:
    """The bins in use of [slots, BINS] counts, flat."""
    at = np.flatnonzero(counts != 0)
    return Histogram(at.astype(np.int32), counts[at])


def sum_of_histograms(parts: list[Histogram]) -> Histogram:
    at, inverse = np.unique(np.concatenate([part.at for part in parts]), return_inverse=True)
    count = np.bincount(inverse, np.concatenate([part.count for part in parts]), len(at)).astype(np.int32)
    return Histogram(at, count)
