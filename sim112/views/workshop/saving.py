"""A choice of the workshop page as a scenario file, and the command that gives its numbers again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim112.config.composition import choices
from sim112.errors import InputError
from sim112.sources import number_behind
from sim112.study.store import saving
from sim112.views.workshop.choices import (
    FLOOD,
    SLIDERS,
    Choice,
    Grouping,
    Offer,
    ends_of,
    keys_of,
    plan_changes,
    scenarios_of,
    world_changes,
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def check_name(offer: Offer, name: object) -> str:
    """A name for a new scenario; InputError where it is none, or taken."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"name is {str(name)[:60]!r}; give small letters, digits and _, a letter first, at most 40"
        )
    if name in choices("scenario", offer.config_dir):
        raise InputError(f"name is {name!r}, which is a scenario already; give another name")
    return name


def scenario_file(offer: Offer, choice: Choice, name: str) -> str:
    """The second scenario of a choice as a file of the group ``scenario``.

    It rests on the scenario that was chosen and states only what was changed. Raises InputError for a choice
    that is not allowed.
    """
    scenarios_of(offer, choice)
    grouping = offer.scenarios[choice.after].deployment.grouping
    changes = world_changes(choice) | plan_changes(offer, choice)
    flood = [f"  - override /demand: {FLOOD}"] if choice.flood else []
    lines = [
        "# @package _global_",
        "# Saved on the page of `sim112 workshop`. Its numbers again, with this file in DIR/scenario:",
        f"#   {command(offer, choice, name)}",
        "defaults:",
        f"  - {choice.after}",
        *flood,
        "",
        f"name: {name}",
        f"question: What changes with the choices made at a workshop, from {choice.after}?",
        f"sourced: What {choice.after} says.",
        "assumed: What was chosen at the workshop, and all else that is assumed there.",
    ]
    lines += _lines(_tree(changes), 0, _comments(offer, choice, grouping))
    return "\n".join(lines) + "\n"


def command(offer: Offer, choice: Choice, name: str, folder: str = "DIR") -> str:
    """What to type to compare the scenario, once it is saved, as the page did."""
    changes = [f"{key}={_shown(value)}" for key, value in world_changes(choice).items()]
    flood = [f"demand={FLOOD}"] if choice.flood else []
    words = ["sim112 compare", choice.before, name, *offer.overrides, *flood, *changes]
    return " ".join([*words, "--config-dir", f'"{folder}"' if " " in folder else folder])


def save(offer: Offer, choice: Choice, name: str) -> Path:
    """Write the file into the user's folder of configuration; where it is."""
    assert offer.config_dir is not None
    text = scenario_file(offer, choice, name)
    path = offer.config_dir / "scenario" / f"{name}.yaml"
    with saving(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise InputError(f"name is {name!r}, which is a scenario already; give another name") from None
    return path


def _comments(offer: Offer, choice: Choice, grouping: Grouping) -> dict[str, str]:
    """What to say of each number, in the form that every number of the configuration has."""
    base, comments = offer.scenarios[choice.after], {}
    for slider in SLIDERS:
        ends = ends_of(slider, grouping, offer.numbers)
        for key in keys_of(slider, grouping):
            node: Any = base
            for part in key.split("."):
                node = node[part] if isinstance(node, Mapping) else getattr(node, part)
            number = None if node is None else number_behind(offer.numbers, key, float(node))
            meaning = number.meaning if number is not None else "of every 112 centre at all its open hours"
            comments[key] = f"# [{ends.unit}] {meaning}. CHOICE: made at a workshop"
    return comments


def _tree(changes: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in changes.items():
        *above, name = key.split(".")
        node = tree
        for part in above:
            node = node.setdefault(part, {})
        node[name] = value
    return tree


def _lines(tree: Mapping[str, Any], depth: int, comments: Mapping[str, str], above: str = "") -> list[str]:
    lines = []
    for name, value in tree.items():
        key = f"{above}{name}"
        if isinstance(value, dict):
            lines += [f"{'  ' * depth}{name}:", *_lines(value, depth + 1, comments, f"{key}.")]
        else:
            comment = f"  {comments[key]}" if key in comments else ""
            lines.append(f"{'  ' * depth}{name}: {_shown(value)}{comment}")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return value if isinstance(value, str) else f"{value:.10g}"
