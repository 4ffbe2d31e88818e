"""What a scenario says of itself, in the language that is asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import yaml

from sim112.config.scenario import Scenario
from sim112.errors import InputError
from sim112.paths import configs_dir
from sim112.views.words import Words

Part = Literal["question", "sourced", "assumed"]


def text_of(scenario: Scenario, part: Part, words: Words) -> str:
    """The question of a scenario, or what in it is sourced or assumed, in one line.

    A shipped scenario has words; one that somebody wrote or changed says it in its own.
    """
    own = " ".join(str(getattr(scenario, part)).split())
    key = f"scenarios.{scenario.name}.{part}"
    return words.say(key) if words.has(key) and own == _shipped_text(scenario.name, part) else own


def regency_names(scenario: Scenario, words: Words) -> dict[str, str]:
    """What regencies are called, by label; empty where the tables of the area lie here no more."""
    try:
        regencies = scenario.regencies()
    except (InputError, OSError):
        return {}
    named = {}
    for regency in regencies:
        kind = regency.label.partition("_")[0]
        key = {"kota": "figures.kota", "kab": "figures.kabupaten"}.get(kind)
        named[regency.label] = words.say(key, name=regency.name) if key else regency.name
    return named


@lru_cache
def _shipped_text(name: str, part: Part) -> str:
    """What the shipped scenario of that name says, empty where there is none."""
    file = configs_dir() / "scenario" / f"{name}.yaml"
    if not file.is_file():
        return ""
    return " ".join(str(yaml.safe_load(file.read_text(encoding="utf-8")).get(part, "")).split())
