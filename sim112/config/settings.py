"""Settings of a command, beside its scenarios: a shipped YAML file, in whose place a user may put another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sim112.config.composition import suggestion
from sim112.errors import InputError
from sim112.paths import configs_dir


def read_settings(name: str, config_dir: Path | None = None) -> dict[str, Any]:
    """The file ``name`` of the user's folder of configuration, if it has one, else the shipped one.

    Raises InputError, one line, for a file that cannot be read or has no keys.
    """
    path = configs_dir() / name
    if config_dir is not None and (config_dir / name).is_file():
        path = config_dir / name
    try:
        mapping = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        told = "; ".join(line.strip() for line in str(error).splitlines())
        raise InputError(f"{path}: cannot be read as YAML in UTF-8: {told}") from None
    if not isinstance(mapping, dict):
        raise InputError(f"{path}: has no keys; write key: value, as in the {name} that is shipped")
    return mapping


def first_wrong(error: ValidationError, name: str, known: Iterable[str]) -> InputError:
    """The first thing that is wrong in the settings of a file, in one line; ``known`` are its keys."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return InputError(f"{key} is no key of {name}; {suggestion(key, known)}")
    if first["type"] == "missing":
        return InputError(f"{key} is missing in {name}; give it a value")
    if first["type"] == "value_error":  # ours, which says what is wrong and how to mend it
        return InputError(f"{key}: {first['msg'].removeprefix('Value error, ')}")
    wanted = first["msg"].removeprefix("Input ").replace("should", "it should", 1)
    return InputError(f"{key} is {first['input']!r}; {wanted}")
