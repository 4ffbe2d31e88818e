"""A sizing as configuration that the other commands take: rosters and lines of the sized desks.

``staffing/sized_<name>.yaml`` holds the rosters, ``scenario/sized_<name>.yaml`` the scenario with these
rosters and lines, and with every value in which it differs from the shipped scenario of its name, such as
those of a filled form. Both are read with ``--config-dir``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, pairwise
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np
import yaml

from sim112.config.area import DAYS
from sim112.config.composition import choices
from sim112.config.scenario import Scenario, compose
from sim112.engine.contract import Ints
from sim112.planning.requirement import DAY_H
from sim112.planning.sizing import Sizing

NOT_TOLD = ("name", "question", "staffing", "replications", "precision", "workers", "engine", "save_log",
            "lang")  # fmt: skip
"""Of a scenario: what the sized one has of its own, and how it is run, which is for each command to say."""

Tree = Mapping[str, Any]


def write_sized_configs(folder: Path, scenario: Scenario, sizing: Sizing, regency: str | None) -> None:
    """Write the files into ``folder``, which is then a folder for ``--config-dir``."""
    name = sized_name(scenario, regency)
    base = [f"scenario={scenario.name}"] if scenario.name in choices("scenario") else []
    shipped, own = compose(base).model_dump(mode="json"), scenario.model_dump(mode="json")
    changed = {key: value for key, value in own.items() if key not in NOT_TOLD and value != shipped[key]}
    # a group from which something was taken away cannot be told as differences: it gets a file of its own
    whole = [key for key, value in changed.items() if _lacks(value, shipped[key])]
    merged = {key: _differences(value, shipped[key]) for key, value in changed.items() if key not in whole}
    texts = {
        "staffing": staffing_text(scenario, sizing),
        "scenario": scenario_text(scenario, sizing, name, bool(base), whole, merged),
    } | {group: f"# Of {name}, whole.\n{_yaml(changed[group])}" for group in whole}
    for group, text in texts.items():
        (folder / group).mkdir(parents=True, exist_ok=True)
        (folder / group / f"{name}.yaml").write_text(text, encoding="utf-8")


def sized_name(scenario: Scenario, regency: str | None) -> str:
    """The name of the files: ``sized_`` and the scenario, or the regency."""
    return f"sized_{regency or scenario.name}"


def staffing_text(scenario: Scenario, sizing: Sizing) -> str:
    """The rosters of the sized desks, and which desk has which; other desks keep what they had."""
    shipped, own = (one.staffing.model_dump(mode="json") for one in (compose(), scenario))
    names = (name for number in count(1) if (name := f"sized_{number}") not in own["rosters"])
    rosters: dict[str, str] = {}  # text of a roster -> its name
    of_desk = {}
    for row, need in enumerate(sizing.requirements):
        is_open = np.array([word != "closed" for word in need.binding])
        text = _roster(sizing.on_duty.call_takers[row], sizing.on_duty.dispatchers[row], is_open)
        if text not in rosters:
            rosters[text] = next(names)
        of_desk[need.desk] = rosters[text]
    lacks = _lacks(own, shipped)
    kept = own if lacks else _differences(own, shipped)
    others = kept.pop("rosters", {})
    for role in kept.keys() & {"call_takers", "dispatchers"}:
        kept[role] = None  # one number for every desk would go before the rosters
    kept["roster_of_desk"] = {**own["roster_of_desk"], **of_desk}
    lines = [
        f"# What if the desks of {scenario.name} were staffed as sized? Written by `sim112 staff`.",
        *([] if lacks else ["defaults:", "  - default", ""]),
        f"{_yaml(kept)}rosters:",
        *([indent(_yaml(others), "  ").rstrip()] if others else []),
        *(f"  {name}:\n{text}" for text, name in rosters.items()),
    ]
    return "\n".join(lines) + "\n"


def scenario_text(
    scenario: Scenario, sizing: Sizing, name: str, is_shipped: bool, whole: list[str], changed: Tree
) -> str:
    """The scenario with the sized rosters and lines, and with what was changed in it."""
    desks = zip(sizing.requirements, sizing.on_duty.lines, strict=True)
    answering = dict(changed.get("answering", {}))
    answering["lines_of_desk"] = {
        **answering.get("lines_of_desk", {}),
        **{need.desk: int(lines) for need, lines in desks},
    }
    lines = [
        "# @package _global_",
        f"# What if the desks of {scenario.name} were staffed as sized? Written by `sim112 staff`.",
        "# Below: the lines as sized, and every value that was given and is not that of the shipped files.",
        "defaults:",
        *([f"  - {scenario.name}"] if is_shipped else []),
        *(f"  - override /{group}: {name}" for group in ("staffing", *whole)),
        "",
        f"name: {name}",
        f"question: What if the desks of {scenario.name} had the people and lines that `sim112 staff` found?",
        _yaml({**changed, "answering": answering}).rstrip("\n"),
    ]
    return "\n".join(lines) + "\n"


def _differences(own: Any, shipped: Any) -> Any:
    """The values of a part of a configuration that are not those of the shipped one."""
    if not (isinstance(own, Mapping) and isinstance(shipped, Mapping)):
        return own
    return {
        key: _differences(value, shipped.get(key))
        for key, value in own.items()
        if key not in shipped or value != shipped[key]
    }


def _lacks(own: Any, shipped: Any) -> bool:
    """Whether a part of a configuration lacks a key of the shipped one."""
    if not (isinstance(own, Mapping) and isinstance(shipped, Mapping)):
        return False
    return any(key not in own or _lacks(own[key], value) for key, value in shipped.items())


def _yaml(tree: Tree) -> str:
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110)
    return text


def _roster(call_takers: Ints, dispatchers: Ints, is_open: np.ndarray) -> str:
    """One roster as YAML: the days of the week that are alike together, in spans of equal people."""
    by_day = np.stack([call_takers * is_open, dispatchers * is_open, is_open]).reshape(3, len(DAYS), DAY_H)
    lines = []
    opened = np.flatnonzero(by_day[2].any(axis=0))
    if len(opened) < DAY_H:
        # the closed hours are one span of the day
        closed = np.flatnonzero(~by_day[2].any(axis=0))
        from_h = next(int(hour + 1) % DAY_H for hour in closed if (hour + 1) % DAY_H not in closed)
        to_h = next(int(hour) for hour in closed if (hour - 1) % DAY_H not in closed)
        lines += [
            f"    open_from_h: {from_h}  # [h] opens at this local hour. CHOICE: as in the scenario",
            f"    open_to_h: {to_h or DAY_H}  # [h] closes at this local hour. CHOICE: as in the scenario",
        ]
    lines.append("    shifts:")
    alike: dict[bytes, list[int]] = {}
    for day in range(len(DAYS)):
        alike.setdefault(by_day[:2, day].tobytes(), []).append(day)
    for days in alike.values():
        people = by_day[:2, days[0]]
        edges = [0, *(np.flatnonzero((np.diff(people, axis=1) != 0).any(axis=0)) + 1).tolist(), DAY_H]
        for from_h, to_h in pairwise(edges):
            answer, dispatch = (int(count) for count in people[:, from_h])
            if answer + dispatch == 0:
                continue
            names = [DAYS[day] for day in days]
            on_days = "" if len(days) == len(DAYS) else f", days: [{', '.join(names)}]"
            key = f"{names[0]}_{from_h:02d}"
            lines.append(
                f"      {key}: {{from_h: {from_h}, to_h: {to_h}, call_takers: {answer},"
                f" dispatchers: {dispatch}{on_days}}}  # [h; people] on duty. CHOICE: as sized"
            )
    return "\n".join(lines)
