"""Which units go: rules of assignment, help across borders, and how many units there are."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LARGEST_SCALE = 100.0


class UnitScale(BaseModel):
    """Units of each agency as a multiple of those in the stations table."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    fire: float = Field(ge=0, le=LARGEST_SCALE)
    ambulance: float = Field(ge=0, le=LARGEST_SCALE)
    police: float = Field(ge=0, le=LARGEST_SCALE)
    rescue: float = Field(ge=0, le=LARGEST_SCALE)


class Fleet(BaseModel):
    """Rules of the fleet.

    ``mutual_aid`` makes the units of adjacent regencies candidates too. ``assignable: returning`` lets a unit
    on its way back be sent from where it is. ``when_none``: a job waits for a unit, or is lost.
    ``busy_time``: a unit is busy by the stages of its job, or for one drawn time (for checks against theory).
    Policies, off by default: ``divert`` turns a unit that rolls to a less urgent job; ``hold_back`` keeps the
    last unit of a regency from jobs of that priority number or higher (null: off); ``move_up`` sends an idle
    unit to an uncovered station.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: UnitScale
    mutual_aid: bool
    assignable: Literal["returning", "at_station"]
    when_none: Literal["wait", "lost"]
    busy_time: Literal["stages", "drawn"]
    divert: bool
    hold_back: int | None = Field(ge=0)
    move_up: bool
