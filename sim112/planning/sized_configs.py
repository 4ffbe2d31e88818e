"""A sizing as configuration that the other commands take: rosters and lines of the sized desks.

``staffing/sized_<name>.yaml`` holds the rosters, ``scenario/sized_<name>.yaml`` the scenario with these
rosters and lines. Both are read with ``--config-dir``.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from sim112.config.area import DAYS
from sim112.config.scenario import Scenario
from sim112.engine.contract import Ints
from sim112.planning.requirement import DAY_H
from sim112.planning.sizing import Sizing


def write_sized_configs(folder: Path, scenario: Scenario, sizing: Sizing, regency: str | None) -> None:
    """Write both files into ``folder``, which is then a folder for ``--config-dir``."""
    name = sized_name(scenario, regency)
    for group, text in (
        ("staffing", staffing_text(scenario, sizing)),
        ("scenario", scenario_text(scenario, sizing, name, regency)),
    ):
        (folder / group).mkdir(parents=True, exist_ok=True)
        (folder / group / f"{name}.yaml").write_text(text, encoding="utf-8")


def sized_name(scenario: Scenario, regency: str | None) -> str:
    """The name of the files: ``sized_`` and the scenario, or the regency."""
    return f"sized_{regency or scenario.name}"


def staffing_text(scenario: Scenario, sizing: Sizing) -> str:
    """The rosters of the sized desks, and which desk has which."""
    rosters: dict[str, str] = {}  # text of a roster -> its name
    of_desk = []
    for row, need in enumerate(sizing.requirements):
        is_open = np.array([word != "closed" for word in need.binding])
        text = _roster(sizing.on_duty.call_takers[row], sizing.on_duty.dispatchers[row], is_open)
        name = rosters.setdefault(text, f"sized_{len(rosters) + 1}")
        of_desk.append(f"  {need.desk}: {name}")
    lines = [
        f"# What if the desks of {scenario.name} were staffed as sized? Written by `sim112 staff`.",
        "defaults:",
        "  - default",
        "",
        "roster_of_desk:",
        *of_desk,
        "rosters:",
        *(f"  {name}:\n{text}" for text, name in rosters.items()),
    ]
    return "\n".join(lines) + "\n"


def scenario_text(scenario: Scenario, sizing: Sizing, name: str, regency: str | None) -> str:
    """The scenario with the sized rosters and lines."""
    lines = [
        "# @package _global_",
        f"# What if the desks of {scenario.name} were staffed as sized? Written by `sim112 staff`.",
        "defaults:",
        f"  - {scenario.name}",
        f"  - override /staffing: {name}",
        "",
        f"name: {name}",
        f"question: What if the desks of {scenario.name} had the people and lines that `sim112 staff` found?",
    ]
    if regency is not None:
        lines += ["deployment:", f"  add: [{', '.join(dict.fromkeys([*scenario.deployment.add, regency]))}]"]
    lines += ["answering:", "  lines_of_desk:"]
    lines += [
        f"    {need.desk}: {int(count)}  # [lines] of this desk. CHOICE: as sized"
        for need, count in zip(sizing.requirements, sizing.on_duty.lines, strict=True)
    ]
    return "\n".join(lines) + "\n"


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
