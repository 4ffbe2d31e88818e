"""What a visitor of the workshop page can choose, and the two scenarios that a choice stands for.

Sliders are data: which key each moves, and between which ends. The ends are those that the configuration
itself gives as ``ASSUMED low..high``; the models refuse what they do not allow, as on the command line.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim112.config.composition import choices, compose_mapping, suggestion
from sim112.config.scenario import Scenario, check_surges, from_mapping
from sim112.errors import InputError
from sim112.sources import Number, numbers_with
from sim112.world.area import Area
from sim112.world.desks import deployed_labels
from sim112.world.network import load_places

FLOOD = "pantura_flood"
"""The demand that the switch of the surge puts in."""

Grouping = Literal["regency", "residency", "province"]
ROSTERS: Mapping[Grouping, tuple[str, ...]] = {
    "regency": ("small", "typical", "kota_semarang"),
    "residency": ("hub",),
    "province": ("province",),
}
"""The rosters whose assumed ends bound the call-takers of a centre, by what a centre serves."""


@dataclass(frozen=True)
class Slider:
    """A parameter that is moved by hand: all of ``keys`` take its value.

    The ends are the lowest low and the highest high of what is assumed at ``assumed_at``, in which * stands
    for anything, {grouping} for what a centre serves and {roster} for each of its rosters. ``with_it`` are
    values without which it would move nothing. A slider of the ``plan`` changes the second scenario alone;
    one of the ``world`` changes both, so that both face the same calls.
    """

    name: str
    of: Literal["plan", "world"]
    keys: tuple[str, ...]
    assumed_at: tuple[str, ...]
    step: float
    with_it: tuple[tuple[str, str], ...] = ()


SLIDERS = (
    Slider(
        "call_takers", "plan", ("staffing.call_takers",),
        ("staffing.rosters.{roster}.shifts.*.call_takers",), 1,
    ),
    Slider("lines", "plan", ("answering.lines.{grouping}",), ("answering.lines.{grouping}",), 1),
    Slider(
        "units", "plan",
        ("fleet.scale.fire", "fleet.scale.ambulance", "fleet.scale.police", "fleet.scale.rescue"),
        ("fleet.scale.*",), 0.1,
    ),
    Slider(
        "use", "world", ("demand.dial_112_share.mid",), ("demand.dial_112_share.mid",), 0.01,
        with_it=(("demand.use", "mid"),),
    ),
    Slider("nuisance", "world", ("demand.nuisance_factor",), ("demand.nuisance_factor",), 0.1),
    Slider(
        "talk", "world", ("demand.genuine_talk.talk_s.mean_s",), ("demand.genuine_talk.talk_s.mean_s",), 5
    ),
)  # fmt: skip


class Choice(BaseModel):
    """Two scenarios, and what is changed in them: regencies whose 112 is switched in the second one, values
    of sliders by name, and whether there is a flood.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    before: str = Field(max_length=80)
    after: str = Field(max_length=80)
    switched: tuple[str, ...] = Field(default=(), max_length=200)
    values: dict[str, float] = {}
    flood: bool = False


@dataclass(frozen=True, eq=False)
class Offer:
    """What the page offers to choose from.

    ``overrides`` are those of the command, for every scenario; ``scenarios`` those with a map, by name;
    ``has_flood``: whether the reported time has the flood in it; ``numbers``: what the configuration says of
    itself.
    """

    overrides: tuple[str, ...]
    config_dir: Path | None
    scenarios: Mapping[str, Scenario]
    area: Area
    has_flood: bool
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class Ends:
    """The lowest and highest value of a slider, and their unit as the configuration names it."""

    low: float
    high: float
    unit: str


def offer_of(overrides: tuple[str, ...] = (), config_dir: Path | None = None) -> Offer:
    """Every scenario that has a map. Raises InputError where a scenario or an override is wrong."""
    scenarios = {}
    for name in choices("scenario", config_dir):
        try:
            scenario = from_mapping(_mapping_of(name, False, overrides, config_dir))
        except InputError:
            if _is_small(name, config_dir):  # a textbook queue need not know what is changed on a map
                continue
            raise
        if not scenario.area.is_small_world:
            scenarios[name] = scenario
    if not scenarios:
        raise InputError("workshop: no scenario has a map with these changes; leave area as it is")
    name, first = next(iter(scenarios.items()))
    area, _ = load_places(first)
    has_flood = _has_flood(from_mapping(_mapping_of(name, True, overrides, config_dir)))
    return Offer(overrides, config_dir, scenarios, area, has_flood, tuple(numbers_with(config_dir)))


def _has_flood(scenario: Scenario) -> bool:
    try:
        check_surges(scenario)
    except InputError:
        return False
    return True


def _is_small(name: str, config_dir: Path | None) -> bool:
    return from_mapping(_mapping_of(name, False, (), config_dir)).area.is_small_world


@lru_cache(maxsize=256)
def _mapping_of(
    name: str, flood: bool, overrides: tuple[str, ...], config_dir: Path | None
) -> Mapping[str, Any]:
    words = [f"scenario={name}", *overrides, *([f"demand={FLOOD}"] if flood else [])]
    return compose_mapping(words, config_dir)


def scenarios_of(offer: Offer, choice: Choice) -> tuple[Scenario, Scenario]:
    """The scenarios before and after. Raises InputError, as the command line does, for what is wrong."""
    for name in (choice.before, choice.after):
        if name not in offer.scenarios:
            raise InputError(f"there is no scenario {name!r}; {suggestion(name, offer.scenarios)}")
    world, plan = world_changes(choice), plan_changes(offer, choice)
    before = from_mapping(_changed(_of_choice(offer, choice.before, choice), world))
    after = from_mapping(_changed(_of_choice(offer, choice.after, choice), world | plan))
    _check_ends(offer, choice)
    return before, after


def _of_choice(offer: Offer, name: str, choice: Choice) -> Mapping[str, Any]:
    return _mapping_of(name, choice.flood, offer.overrides, offer.config_dir)


def world_changes(choice: Choice) -> dict[str, Any]:
    """Values that are changed in both scenarios, by key."""
    return _moved(choice, "world", "regency")


def plan_changes(offer: Offer, choice: Choice) -> dict[str, Any]:
    """Values that are changed in the second scenario alone, by key."""
    base = offer.scenarios[choice.after]
    changes = _moved(choice, "plan", base.deployment.grouping)
    if choice.switched:
        has_112 = deployed_labels(base.deployment, offer.area)
        off = [label for label in choice.switched if label in has_112]
        on = [label for label in choice.switched if label not in has_112]
        changes["deployment.add"] = sorted({*base.deployment.add, *on} - {*off})
        changes["deployment.remove"] = sorted({*base.deployment.remove, *off} - {*on})
    return changes


def _moved(choice: Choice, of: Literal["plan", "world"], grouping: Grouping) -> dict[str, Any]:
    known = {slider.name: slider for slider in SLIDERS}
    for name in choice.values:
        if name not in known:
            raise InputError(f"there is no slider {name!r}; {suggestion(name, known)}")
    changes: dict[str, Any] = {}
    for slider in SLIDERS:
        if slider.of == of and slider.name in choice.values:
            value = choice.values[slider.name]
            changes |= dict(slider.with_it)
            changes |= {key: _plain(value) for key in keys_of(slider, grouping)}
    return changes


def _plain(value: float) -> float:
    return int(value) if value.is_integer() else value


def keys_of(slider: Slider, grouping: Grouping) -> tuple[str, ...]:
    """The keys that a slider moves where centres serve so much."""
    return tuple(key.format(grouping=grouping) for key in slider.keys)


def ends_of(slider: Slider, grouping: Grouping, numbers: tuple[Number, ...]) -> Ends:
    """Between which ends a slider moves. Raises InputError where nothing is assumed there."""
    patterns = {
        pattern.format(grouping=grouping, roster=roster)
        for pattern in slider.assumed_at
        for roster in ROSTERS[grouping]
    }
    found = [
        number
        for number in numbers
        if number.low is not None and any(fnmatchcase(number.key, pattern) for pattern in patterns)
    ]
    if not found:
        raise InputError(f"workshop: nothing is assumed at {', '.join(sorted(patterns))}; give it low..high")
    lows, highs = [n.low for n in found if n.low is not None], [n.high for n in found if n.high is not None]
    units = [unit.strip() for unit in found[0].unit.split(";")]  # of hours and people, or of mean and spread
    return Ends(min(lows), max(highs), "people" if "people" in units else units[0])


def value_in(scenario: Scenario, slider: Slider) -> float | None:
    """Where a slider stands in a scenario; None where no single value is in use (people by roster, say)."""
    mapping = scenario.model_dump(mode="json")
    if any(_at(mapping, key) != value for key, value in slider.with_it):
        return None
    found = {_at(mapping, key) for key in keys_of(slider, scenario.deployment.grouping)}
    value = found.pop() if len(found) == 1 else None
    return None if value is None else float(value)


def _check_ends(offer: Offer, choice: Choice) -> None:
    grouping = offer.scenarios[choice.after].deployment.grouping
    for slider in SLIDERS:
        value = choice.values.get(slider.name)
        if value is None:
            continue
        ends, key = ends_of(slider, grouping, offer.numbers), keys_of(slider, grouping)[0]
        if value < ends.low:
            raise InputError(f"{key} is {value:g}; it should be greater than or equal to {ends.low:g}")
        if value > ends.high:
            raise InputError(f"{key} is {value:g}; it should be less than or equal to {ends.high:g}")


def _changed(mapping: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(dict(mapping))
    for key, value in changes.items():
        *above, name = key.split(".")
        node = changed
        for part in above:
            node = node[part]
        node[name] = value
    return changed


def _at(mapping: Mapping[str, Any], key: str) -> Any:
    node: Any = mapping
    for part in key.split("."):
        node = node[part]
    return node


def choice_from(mapping: Any) -> Choice:
    """A choice from what a browser sent; InputError, one line, for the first thing that is wrong."""
    try:
        return Choice.model_validate(mapping)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the choice"
        if first["type"] == "extra_forbidden":
            mend = suggestion(key, Choice.model_fields)
            raise InputError(f"{key} is no part of a choice; {mend}") from None
        if first["type"] == "missing":
            raise InputError(f"{key} is missing; give it a value") from None
        wanted = str(first["msg"]).removeprefix("Input ").replace("should", "it should", 1)
        shown = repr(first["input"])
        raise InputError(f"{key} is {shown if len(shown) <= 60 else shown[:57] + '...'}; {wanted}") from None
