"""The lines on which calls come in: platforms, lines of each desk, and the agencies' own numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim112.config.distributions import off_as


class Platform(BaseModel):
    """A provider's platform, which rents lines to 112 desks and has so many channels in all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    channels: int = Field(ge=1)


class Outage(BaseModel):
    """A platform fails for a while, seconds from the start; calls in progress survive."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    platform: str
    from_s: float = Field(ge=0)
    to_s: float

    @model_validator(mode="after")
    def _has_length(self) -> "Outage":
        if self.to_s <= self.from_s:
            raise ValueError(f"to_s is {self.to_s:g}, not after from_s {self.from_s:g}; give a later end")
        return self


class DeskLines(BaseModel):
    """Lines of a 112 desk by what it serves: a regency, a former residency (hub), the province."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regency: int = Field(ge=1)
    residency: int = Field(ge=1)
    province: int = Field(ge=1)


class OwnNumber(BaseModel):
    """An agency's own number in one regency: lines and people, round the clock.

    ``bar_after`` calls of nuisance from one number bar it (0: never); the length is ``Answering.bar_s``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: int = Field(ge=1)
    call_takers: int = Field(ge=1)
    bar_after: Annotated[int, Field(ge=0), off_as(0)]


class OwnNumbers(BaseModel):
    """Each agency's own number; every regency has all four."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fire: OwnNumber
    ambulance: OwnNumber
    police: OwnNumber
    rescue: OwnNumber


class Answering(BaseModel):
    """How calls reach a desk, and what stands in their way.

    ``lines`` by what a desk serves, ``lines_of`` for the centre of one regency, ``lines_of_desk`` before both
    for any 112 desk by its name (``112 pati``). ``allocation`` names the
    platform of a regency's centre; all others take the platforms in turn, in order of regency code, and hubs
    likewise in order of the first regency they serve. ``overflow_to`` is where a caller goes whom the first
    desk cannot take: ``none``, ``neighbour`` (the desk of an adjacent regency with the most lines, ties to
    the lowest code), or the label of a regency whose desk takes the overflow of all. ``outages`` name
    platforms, in a small world those of its ``desks.csv``.
    ``off`` stands for 0 and for ``none``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lines: DeskLines
    lines_of: dict[str, int]
    lines_of_desk: dict[str, int] = {}
    platforms: dict[str, Platform] = Field(min_length=1)
    allocation: dict[str, str]
    outages: tuple[Outage, ...]
    announcement_s: Annotated[float, Field(ge=0), off_as(0.0)]
    bar_after: Annotated[int, Field(ge=0), off_as(0)]
    bar_s: float = Field(ge=0)
    overflow_to: Annotated[str, off_as("none")]
    agencies: OwnNumbers

    @model_validator(mode="after")
    def _consistent(self) -> "Answering":
        for label, platform in self.allocation.items():
            if platform not in self.platforms:
                raise ValueError(
                    f"allocation.{label} is {platform!r}, which is no platform; "
                    f"use one of {', '.join(self.platforms)}"
                )
        of_one = {f"lines_of.{label}": lines for label, lines in self.lines_of.items()}
        of_one |= {f"lines_of_desk.{desk}": lines for desk, lines in self.lines_of_desk.items()}
        for key, lines in of_one.items():
            if lines < 1:
                raise ValueError(f"{key} is {lines}; give at least 1")
        return self
