"""What ``compare`` looks at beside the scenarios as they are: a flood, the use of 112, and other guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim112.config.composition import choices, parse_overrides, suggestion
from sim112.config.scenario import MOST_REPLICATIONS
from sim112.config.settings import first_wrong, read_settings
from sim112.errors import InputError


class CompareSettings(BaseModel):
    """How a comparison is told, beside its scenarios.

    ``stress`` is the demand under which losses are counted, null for none. ``use_levels``: also show the
    scenario with most people covered at low and at high use of 112. ``sensitivity``: run the headline again
    with the ``suspects`` at the low and at the high end of what was assumed; all of them
    ``screening_replications`` times, and the ``sensitivity_shown`` that move it most as often as the
    scenarios, at most ``sensitivity_replications`` times. A suspect is a name and the keys of the
    assumptions that move together; ``sensitivity.at_end`` says how keys are read.

    ``best`` is a measure by which the best scenario is selected, null for none: replications go on until it
    is known with ``probability``, where it is ahead of the others by ``indifference``, in the measure's unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stress: str | None
    stress_replications: int = Field(ge=1, le=MOST_REPLICATIONS)
    use_levels: bool
    sensitivity: bool
    screening_replications: int = Field(ge=1, le=MOST_REPLICATIONS)
    sensitivity_shown: int = Field(ge=1)
    sensitivity_replications: int = Field(ge=1)
    best: str | None
    indifference: float | None = Field(gt=0, allow_inf_nan=False)
    probability: float = Field(gt=0.5, lt=1)
    suspects: dict[str, tuple[str, ...]]


def compare_settings(overrides: Sequence[str] = (), config_dir: Path | None = None) -> CompareSettings:
    """Read ``compare.yaml`` and change what the overrides name, for instance ``sensitivity=off``.

    Raises InputError, one line, for a key that does not exist or a value that is not allowed.
    """
    mapping = read_settings("compare.yaml", config_dir)
    for override in parse_overrides(overrides):
        if override.is_sweep_override():
            raise InputError(f"{override.input_line!r} gives several values; give one")
        mapping[override.key_or_group] = override.value()
    settings = settings_from_mapping(mapping)
    known = choices("demand", config_dir)
    if settings.stress is not None and settings.stress not in known:
        told = suggestion(settings.stress, [*known, "null"])
        raise InputError(f"stress={settings.stress}: there is no demand {settings.stress!r}; {told}")
    return settings


def settings_from_mapping(mapping: Mapping[str, Any]) -> CompareSettings:
    """Check plain data as settings of a comparison; InputError for the first thing that is wrong."""
    try:
        return CompareSettings.model_validate(mapping)
    except ValidationError as error:
        raise first_wrong(error, "compare.yaml", CompareSettings.model_fields) from None


def is_compare_key(override: str) -> bool:
    """Whether an override belongs to the comparison, not to its scenarios."""
    return override.split("=", 1)[0].lstrip("+~").split(".", 1)[0] in CompareSettings.model_fields
