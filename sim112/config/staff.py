"""What ``sim112 staff`` plans for: targets, the least people on duty, how sure, and the search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim112.config.composition import parse_overrides, suggestion
from sim112.config.scenario import MOST_REPLICATIONS
from sim112.config.settings import first_wrong, read_settings
from sim112.config.shifts import BudgetSettings, Pattern, RosterRules
from sim112.config.targets import Targets
from sim112.errors import InputError


class Within(BaseModel):
    """So large a share must happen within so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    within_s: float = Field(gt=0)
    share: float = Field(gt=0, lt=1)


class Standard(BaseModel):
    """A published standard: how soon calls are answered and, in some, the first unit is assigned."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    answered: tuple[Within, ...] = Field(min_length=1)
    call_processing: Within | None


class Service(BaseModel):
    """What callers must get beside the standard; null where a limit is not asked for.

    ``per`` hour: answering, blocking and occupancy are kept in every hour (hours are pooled where calls are
    few); week: over the whole week. ``days_share``: on so many of the days, the day as a whole keeps the
    answering targets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    per: Literal["hour", "week"]
    days_share: float | None = Field(gt=0, lt=1)
    blocked_share_most: float = Field(gt=0, lt=1)
    abandoned_share_most: float | None = Field(gt=0, lt=1)
    occupancy_most: float | None = Field(gt=0, lt=1)
    ticket_taken_within_s: float = Field(ge=0)
    ticket_taken_share: float | None = Field(gt=0, lt=1)


class Search(BaseModel):
    """How long the search looks, and on how many simulated weeks."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    replications: int = Field(ge=2, le=MOST_REPLICATIONS)
    verification_replications: int = Field(ge=2, le=MOST_REPLICATIONS)
    verification_rounds: int = Field(ge=1, le=20)
    least_calls: int = Field(ge=1)
    most_people: int = Field(ge=1, le=10_000)
    keep_mb: float = Field(ge=0)


class Hub(BaseModel):
    """The roster of a hub for several regencies that a plan is compared with, round the clock.

    ``call_takers`` are never fewer than ``minimum_on_duty``, lines never fewer than call-takers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    call_takers: int = Field(ge=1)
    dispatchers: int = Field(ge=0)
    lines: int = Field(ge=1)


class Options(BaseModel):
    """What is compared beside the plan: in which other times, how often, and with which breaks.

    ``break_min``: minutes of every hour in which each person is away from the desk, one after another; 0 or a
    number that divides 60. ``replications`` 0 leaves the comparison out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    demands: tuple[str, ...]
    replications: int = Field(ge=0, le=MOST_REPLICATIONS)
    break_min: int = Field(ge=0, le=30)
    hub: Hub

    @model_validator(mode="after")
    def _divides(self) -> Options:
        if self.break_min and 60 % self.break_min:
            raise ValueError(f"break_min is {self.break_min}; give 0 or a number that divides 60")
        return self


class StaffSettings(BaseModel):
    """How a centre is sized, beside its scenario (``configs/staff.yaml``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    standards: dict[str, Standard]
    service: Service
    minimum_on_duty: int = Field(ge=1)
    minimum_dispatchers: int = Field(ge=1)
    options: Options
    sensitivity: bool
    curve_replications: int = Field(ge=0, le=MOST_REPLICATIONS)
    confidence: float = Field(gt=0.5, lt=1)
    search: Search
    patterns: dict[str, Pattern | None]
    rules: RosterRules
    budget: BudgetSettings

    def standard(self, targets: Targets) -> tuple[str, Standard]:
        """The standard whose first level is the answering target of a scenario, by name; else ``own``."""
        for name, one in self.standards.items():
            first = one.answered[0]
            if (first.within_s, first.share) == (targets.answered_within_s, targets.answered_within_share):
                return name, one
        own = {"within_s": targets.answered_within_s, "share": targets.answered_within_share}
        try:
            return "own", Standard.model_validate({"answered": (own,), "call_processing": None})
        except ValidationError:
            raise InputError(
                f"targets.answered_within_share is {targets.answered_within_share:g}; give a share below 1, "
                "which a plan can be held to"
            ) from None


def staff_settings(overrides: Sequence[str] = (), config_dir: Path | None = None) -> StaffSettings:
    """Read ``staff.yaml`` and change what the overrides name, for instance ``minimum_on_duty=1``.

    Raises InputError, one line, for a key that does not exist or a value that is not allowed.
    """
    mapping = read_settings("staff.yaml", config_dir)
    for override in parse_overrides(overrides):
        if override.is_sweep_override():
            raise InputError(f"{override.input_line!r} gives several values; give one")
        _change(mapping, override.key_or_group, override.value())
    return settings_from_mapping(mapping)


def _change(mapping: dict[str, Any], key: str, value: Any) -> None:
    """Put a value at a dotted key; what does not exist yet is for the models to say."""
    *above, last = key.split(".")
    node: Any = mapping
    for part in above:
        node = node.setdefault(part, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise InputError(f"{key} is no key of staff.yaml; {suggestion(key, StaffSettings.model_fields)}")
    node[last] = value


def settings_from_mapping(mapping: Mapping[str, Any]) -> StaffSettings:
    """Check plain data as settings; InputError for the first thing that is wrong."""
    try:
        return StaffSettings.model_validate(mapping)
    except ValidationError as error:
        known = [*StaffSettings.model_fields, *(f"service.{name}" for name in Service.model_fields)]
        known += [f"search.{name}" for name in Search.model_fields]
        known += [f"options.{name}" for name in Options.model_fields]
        known += [f"options.hub.{name}" for name in Hub.model_fields]
        raise first_wrong(error, "staff.yaml", known) from None


def is_staff_key(override: str) -> bool:
    """Whether an override belongs to the sizing, not to its scenario."""
    return override.split("=", 1)[0].lstrip("+~").split(".", 1)[0] in StaffSettings.model_fields
