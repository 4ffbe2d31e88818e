"""Totals by scope: where the sums behind the measures are kept, and how often each duration occurred.

A *scope* is a way to cut the province (by regency, by desk, by hour ...) and its *members* are the parts. All
members of all scopes stand side by side in one axis of *slots*, so that the totals of one replication are one
array [columns, slots] and those of many replications stack.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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

LONGEST_S = LOWEST_S * GROWTH ** (BINS - 2)
"""Where the last bin begins."""

PARTS_OF_OCTAVE = 128
_LOW_EXPONENT, _HIGH_EXPONENT = math.frexp(LOWEST_S)[1], math.frexp(LONGEST_S)[1]
NEAR_FROM = -(_LOW_EXPONENT + 1) * PARTS_OF_OCTAVE
"""Where in ``bins_near`` the part of the octave that begins at 1/2 s would stand."""


def bins_near() -> Ints:
    """The bin of the shortest duration in each 128th of each octave, which is no wider than a bin."""
    part = 0.5 + np.arange(PARTS_OF_OCTAVE) / (2 * PARTS_OF_OCTAVE)
    shortest_s = part * 2.0 ** np.arange(_LOW_EXPONENT, _HIGH_EXPONENT + 1)[:, None]
    return np.searchsorted(BIN_FROM_S, shortest_s.ravel(), side="right").astype(np.int64)


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


MOST = 255
"""What a byte can hold."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often each duration occurred, by slot, in two bytes for each bin in use.

    Places are slot * BINS + bin; ``step`` is how far each is from the one before, ``count`` how many are
    there. A step over ``MOST`` is made by way of places with no count, a count over it told by the same place
    again.
    """

    step: NDArray[np.uint8]
    count: NDArray[np.uint8]

    def cells(self, slots: slice) -> tuple[Ints, NDArray[np.uint8]]:
        """Places of some slots, ascending and counted from the first of them, and the counts there."""
        at = np.cumsum(self.step, dtype=np.int64)
        first, last = np.searchsorted(at, [slots.start * BINS, slots.stop * BINS])
        return at[first:last] - slots.start * BINS, self.count[first:last]

    def dense(self, slots: slice) -> Ints:
        """The counts of some slots, [slots, BINS]."""
        at, count = self.cells(slots)
        counts = np.bincount(at, count, (slots.stop - slots.start) * BINS)
        return counts.astype(np.int64).reshape(-1, BINS)


def histogram_of(counts: NDArray[np.int32]) -> Histogram:
    """The bins in use of [slots, BINS] counts, flat."""
    at = np.flatnonzero(counts != 0)
    return _histogram(at, counts[at])


def _histogram(at: Ints, count: NDArray[np.integer]) -> Histogram:
    """A histogram from ascending places and the counts there, all above 0."""
    gap = at.copy()
    gap[1:] -= at[:-1]
    bridges, repeats = gap // MOST, (count - 1) // MOST
    entries = bridges + 1 + repeats
    own = np.cumsum(entries) - 1 - repeats  # where the rest of a step and of a count stand
    is_bridge = np.repeat(own, entries) > np.arange(entries.sum())
    step, told = np.where(is_bridge, MOST, 0), np.where(is_bridge, 0, MOST)
    step[own], told[own] = gap - MOST * bridges, count - MOST * repeats
    return Histogram(step.astype(np.uint8), told.astype(np.uint8))


def sum_of_histograms(parts: Sequence[Histogram]) -> Histogram:
    """The counts of all together."""
    at, inverse = np.unique(
        np.concatenate([np.cumsum(part.step, dtype=np.int64) for part in parts]), return_inverse=True
    )
    count = np.bincount(inverse, np.concatenate([part.count for part in parts]), len(at)).astype(np.int64)
    return _histogram(at[count > 0], count[count > 0])
