"""The scenarios that a sizing looks at beside its own, resolved, in the folder in which it is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sim112.config.scenario import Scenario, to_yaml
from sim112.study.store import StoredRun

FOLDER = "beside"


def write_beside(folder: Path, **groups: Mapping[str, Scenario]) -> None:
    """Save each group of scenarios, such as ``times``, as ``beside/<group>_<number>_<name>.yaml``."""
    for group, scenarios in groups.items():
        for number, (name, scenario) in enumerate(scenarios.items()):
            (folder / FOLDER).mkdir(exist_ok=True)
            path = folder / FOLDER / f"{group}_{number}_{name}.yaml"
            path.write_text(to_yaml(scenario), encoding="utf-8")


def read_beside(
    stored: StoredRun, group: str, read: Callable[[dict[str, Any]], Scenario]
) -> dict[str, Scenario]:
    """The scenarios of a group by name, in their order; ``read`` makes one of plain data."""
    start = f"{FOLDER}/{group}_"
    numbered = [name.removeprefix(start).partition("_") for name in stored.files if name.startswith(start)]
    ordered = sorted(numbered, key=lambda parts: int(parts[0]) if parts[0].isdecimal() else -1)
    return {
        name.removesuffix(".yaml"): read(stored.mapping(f"{start}{number}_{name}"))
        for number, _, name in ordered
    }
