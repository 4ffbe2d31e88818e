"""A saved sizing made again, to prove that its tables come out the same (``study.reproduce``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim112.config.scenario import Scenario
from sim112.config.staff import settings_from_mapping
from sim112.errors import InputError
from sim112.planning.beside import read_beside
from sim112.planning.pooling import TABLE, save_pooling
from sim112.planning.staff import size_scenario
from sim112.study.reproduce import Pair, Terms, as_of_its_version, noted, paired, scenario_from, scenarios_of
from sim112.study.store import PROVENANCE, StoredRun


def staff_again(stored: StoredRun, terms: Terms, place: Path) -> list[Pair]:
    """Size the desks of a stored sizing again; or of several, which were put side by side."""
    given, regency = noted(stored, "settings"), noted(stored, "regency")
    if not isinstance(given, dict) or not (regency is None or isinstance(regency, str)):
        raise InputError(f"{stored.folder / PROVENANCE}: not as it was written; run the command again")
    scenarios = list(scenarios_of(stored, terms).values())

    def read(mapping: dict[str, Any]) -> Scenario:
        return scenario_from(mapping, stored, terms)

    with as_of_its_version(stored):
        settings = settings_from_mapping(given)
        times, hubs = (read_beside(stored, group, read) for group in ("times", "hubs"))
    if f"{TABLE}.csv" in stored.files:
        results = [size_scenario(one, settings, say=terms.say) for one in scenarios]
        return [paired(stored, terms, save_pooling(results, place, (), ""))]
    if len(scenarios) != 1:
        raise InputError(
            f"{stored.folder}: a sizing has one scenario, this has {len(scenarios)}; run it again"
        )
    result = size_scenario(
        scenarios[0], settings, regency, other_times=times, hubs=hubs, results=place, say=terms.say
    )
    return [paired(stored, terms, result.folder)]
