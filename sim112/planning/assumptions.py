"""The guesses that a plan rests on: every assumed number that its scenario and its settings really use."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sim112.config.scenario import Scenario
from sim112.config.staff import StaffSettings
from sim112.sources import Number


@dataclass(frozen=True)
class Assumption:
    """A number that is assumed where it is shipped, with the value in use; ``is_own``: another was given."""

    number: Number
    value: float
    is_own: bool


def assumptions_used(
    scenario: Scenario, settings: StaffSettings, shipped: Iterable[Number]
) -> tuple[Assumption, ...]:
    """Assumed numbers by their keys, in the order of the files, each key once.

    Where several files give a key, the one whose value is in use counts, else the first.
    """
    used: Mapping[str, Any] = {**settings.model_dump(mode="json"), **scenario.model_dump(mode="json")}
    found: dict[str, Assumption] = {}
    for number in shipped:
        if number.kind != "ASSUMED":
            continue
        node: Any = used
        for part in number.key.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        if isinstance(node, bool) or not isinstance(node, int | float):
            continue
        try:
            is_own = float(number.value) != node
        except ValueError:
            continue
        if number.key not in found or (found[number.key].is_own and not is_own):
            found[number.key] = Assumption(number, float(node), is_own)
    return tuple(found.values())
