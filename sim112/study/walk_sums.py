"""How the walk over a log adds something to many sums at once, and what all its parts ask of a time."""

from __future__ import annotations

import math
from math import inf
from typing import Any

from sim112.study.definitions import COLUMNS
from sim112.study.totals import LONGEST_S, LOWEST_S, NEAR_FROM, PARTS_OF_OCTAVE
from sim112.study.walk_tables import Place

WIDTH = len(COLUMNS)
"""How many columns the sums of one slot have."""


def add(sums: Any, slots: tuple[int, ...], column: int, amount: float) -> None:
    for slot in slots:
        sums[slot * WIDTH + column] += amount


def count(place: Place, counts: Any, slots: tuple[int, ...], duration_s: float) -> None:
    """Count a duration: the first bin holds all below LOWEST_S, each later one is a factor GROWTH wide."""
    at = 0
    if duration_s >= LONGEST_S:
        at = place.bins - 1
    elif duration_s >= LOWEST_S:
        mantissa, exponent = math.frexp(duration_s)
        at = place.bin_near[exponent * PARTS_OF_OCTAVE + int(mantissa * 2 * PARTS_OF_OCTAVE) + NEAR_FROM]
        while at < place.bins - 1 and duration_s >= place.bin_from_s[at]:
            at += 1
    for slot in slots:
        if slot != place.nowhere:
            counts[slot * place.bins + at] += 1


def hour_of_day(place: Place, time_s: float) -> int:
    """Hour of the local clock, 0 to 23."""
    return int(time_s + place.start_of_week_s) // 3600 % 24


def is_reported(place: Place, time_s: float) -> bool:
    """Whether what begins then belongs to the report: from the end of warm-up until before the horizon."""
    return place.report_from_s <= time_s < place.report_to_s


def or_never(time_s: float) -> float:
    """A clock point; infinite where it did not happen."""
    return time_s if time_s == time_s else inf


def clipped_s(place: Place, from_s: float, to_s: float) -> float:
    """How much of a stretch of time is within the reported time."""
    from_s = min(max(from_s, place.report_from_s), place.report_to_s)
    return min(max(to_s, place.report_from_s), place.report_to_s) - from_s


def incident_slots(place: Place, regency: int, kind: int, time_s: float) -> tuple[int, int, int, int]:
    """Where incidents, or people who tell of them, count: what is no emergency counts by kind only."""
    by_kind = place.kind + kind
    if not place.kind_is_emergency[kind]:
        return by_kind, place.nowhere, place.nowhere, place.nowhere
    return by_kind, place.province, place.regency + regency, place.hour + hour_of_day(place, time_s)
