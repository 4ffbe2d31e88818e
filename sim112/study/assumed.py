"""The assumed numbers that a study rests on, and those of them that one of its suspects moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim112.config.scenario import Scenario
from sim112.sources import Number
from sim112.study.sensitivity import USE

USE_LEVELS = "demand.dial_112_share"
"""Where the numbers behind the levels of the use of 112 stand."""


@dataclass(frozen=True)
class AssumedNumber:
    """A number that is assumed where it is shipped; ``values`` are those in use, one or one a scenario.

    ``is_own``: somebody gave another value than the one that is shipped.
    """

    number: Number
    values: tuple[float, ...]
    is_own: bool


def assumed_numbers(scenarios: Sequence[Scenario], shipped: Iterable[Number]) -> tuple[AssumedNumber, ...]:
    """The assumed numbers in use in any of the scenarios, in the order of the files, each key once.

    Where several files give a key, the one whose value is in use counts, else the first.
    """
    mappings = [scenario.model_dump(mode="json") for scenario in scenarios]
    found: dict[str, AssumedNumber] = {}
    for number in shipped:
        if number.kind != "ASSUMED":
            continue
        known = (_number_at(mapping, number.key) for mapping in mappings)
        values = tuple(dict.fromkeys(value for value in known if value is not None))
        try:
            is_own = float(number.value) not in values
        except ValueError:  # a list or a word
            continue
        if values and (number.key not in found or (found[number.key].is_own and not is_own)):
            found[number.key] = AssumedNumber(number, values, is_own)
    return tuple(found.values())


def behind_suspect(numbers: Iterable[AssumedNumber], keys: Sequence[str]) -> tuple[AssumedNumber, ...]:
    """The numbers that a suspect moves: those at its keys and below them."""
    wanted = [USE_LEVELS if key == USE else key.removeprefix("-") for key in keys]
    return tuple(
        one
        for one in numbers
        if any(one.number.key == key or one.number.key.startswith(f"{key}.") for key in wanted)
        and one.number.low is not None
    )


def _number_at(mapping: Mapping[str, Any], key: str) -> float | None:
    node: Any = mapping
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return float(node) if isinstance(node, int | float) and not isinstance(node, bool) else None
