"""What figures are drawn from; nothing here draws, and matplotlib is not loaded for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sim112.config.scenario import Scenario
from sim112.study.comparison import Comparison, Runs
from sim112.views.words import Words, words
from sim112.world.area import Regency


@dataclass(frozen=True, eq=False)
class Study:
    """What figures are drawn from: one scenario or several, with their measures.

    ``comparison`` is None for one scenario; ``use`` holds the comparison at low and at high use of 112, of
    ``use_scenario``.
    """

    scenarios: tuple[Scenario, ...]
    runs: Runs
    comparison: Comparison | None = None
    use: Mapping[Any, Comparison] = field(default_factory=dict)
    use_scenario: str = ""

    @property
    def words(self) -> Words:
        """The words of the language that the scenarios ask for."""
        return words(self.scenarios[0].lang)

    def say(self, key: str, **fields: object) -> str:
        """A text in that language."""
        return self.words.say(key, **fields)

    def agency_names(self, agencies: Iterable[str]) -> list[str]:
        """What agencies are called."""
        return [self.words.named("agencies", agency) for agency in agencies]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.runs)

    @property
    def replications(self) -> int:
        return len(self.runs[self.names[0]])

    @property
    def days(self) -> float:
        """The length of the reported time of one replication, days."""
        first = self.runs[self.names[0]][0]
        return float(first.total("days", "province")[0]) / first.replications

    @property
    def area_folder(self) -> Path:
        return self.scenarios[0].area_folder

    @cached_property
    def regencies(self) -> dict[str, Regency]:
        """The simulated regencies by label, in the order of every regency scope."""
        known = {regency.label: regency for regency in self.scenarios[0].regencies()}
        return {label: known[label] for label in self.runs[self.names[0]][0].members("regency")}

    @cached_property
    def regency_names(self) -> dict[str, str]:
        """What a regency is called where a city and a regency may share a name."""
        return {label: called(regency, self.words) for label, regency in self.regencies.items()}

    def members(self, scope: str) -> list[str]:
        """The members of a scope over all scenarios, each once: desks differ between scenarios."""
        return list(dict.fromkeys(m for runs in self.runs.values() for m in runs[0].members(scope)))

    def source(self) -> str:
        """The line under every figure."""
        say = self.say
        key = "figures.scenario" if len(self.names) == 1 else "figures.scenarios"
        named = say(key, names=", ".join(self.names))
        unit = say("figures.day" if self.days == 1 else "figures.days")
        seed = self.scenarios[0].seed
        span = say("figures.span", count=self.replications, days=self.days, unit=unit, seed=seed)
        chance = "" if self.replications == 1 else say("figures.chance")
        return " ".join(f"{named} {span} {chance} {say('figures.simulated')}".split())


def called(regency: Regency, words: Words) -> str:
    """What people call a regency or city, where two may share a name."""
    if regency.label.startswith("kota_"):
        return words.say("figures.kota", name=regency.name)
    if regency.label.startswith("kab_"):
        return words.say("figures.kabupaten", name=regency.name)
    return regency.name
