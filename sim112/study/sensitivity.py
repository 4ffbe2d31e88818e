"""How far the headline hangs on what is assumed: the same scenarios at the low and high ends of guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Literal

from sim112.config.scenario import Scenario, from_mapping
from sim112.errors import InputError
from sim112.sources import Number
from sim112.study.comparison import Comparison

End = Literal["low", "high"]
ENDS: tuple[End, End] = ("low", "high")

USE = "demand.use"
"""Not a number but a choice of level, low or high, of the share who dial 112."""


def at_end(scenario: Scenario, keys: Sequence[str], end: End, known: Sequence[Number]) -> Scenario:
    """A scenario with some assumptions at one end of what was thought possible.

    A key stands for every assumption at it or below it; with a minus before it the assumption goes to its
    other end, so that several move in one direction for people. A value that the scenario does not take from
    the assumption (it was changed on purpose) stays. ``known`` are the assumptions. Raises InputError for a
    key under which nothing is assumed.
    """
    mapping = scenario.model_dump(mode="json")
    for signed in keys:
        key = signed.removeprefix("-")
        this_end: End = end if signed == key else ENDS[1 - ENDS.index(end)]
        if key == USE:
            _set(mapping, key, this_end)
            continue
        below = [number for number in known if number.key == key or number.key.startswith(f"{key}.")]
        if not below:
            raise InputError(
                f"suspects: nothing is assumed at {key!r}; `sim112 sources --assumed` lists what is"
            )
        for number in below:
            if _get(mapping, number.key) == float(number.value):
                bound = number.low if this_end == "low" else number.high
                assert bound is not None
                _set(mapping, number.key, int(bound) if bound.is_integer() else bound)
    return from_mapping(mapping)


def _get(mapping: Mapping[str, Any], key: str) -> float | None:
    """The number at a dotted key; None where there is none."""
    node: Any = mapping
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return float(node) if isinstance(node, int | float) else None


def _set(mapping: dict[str, Any], key: str, value: object) -> None:
    *parents, last = key.split(".")
    for part in parents:
        mapping = mapping[part]
    mapping[last] = value


def movement(middle: Comparison, low: Comparison, high: Comparison) -> float:
    """How far an assumption moves the headline: the widest move of a difference of scenarios, low to high.

    It is a share of the measure's own size, so that measures can be set side by side. The same draws stand
    behind both ends, so even few replications rank assumptions; rows with too few events are left out.
    """
    widest = 0.0
    for row in middle.headline:
        if row.verdict == "baseline" or row.is_few:
            continue
        differences = [
            comparison.row(row.measure, row.scenario).difference for comparison in (low, middle, high)
        ]
        size = max(
            abs(middle.row(row.measure, middle.scenarios[0]).value), *(abs(one) for one in differences)
        )
        if all(isfinite(one) for one in differences) and isfinite(size) and size > 0:
            widest = max(widest, abs(differences[2] - differences[0]) / size)
    return widest
