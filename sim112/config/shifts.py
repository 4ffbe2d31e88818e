"""On which shifts people work at a 112 desk, what rest they get, and what a centre costs beside its wages.

Parts of the settings of ``sim112 staff`` (``configs/staff.yaml``). Hours are whole local hours of the day; a
shift from 23 to 8 passes midnight and belongs to the day on which it begins.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim112.config.area import DAYS, Day

OFF = "off"
LONGEST_SHIFT_H = 12
Rupiah = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    """A part of the settings: frozen, and closed to misspelt keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ShiftTimes(_Part):
    """When a shift begins and ends, and on which days of the week it is worked; at most 12 hours long."""

    from_h: int = Field(ge=0, le=23)
    to_h: int = Field(ge=1, le=24)
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1)

    @model_validator(mode="after")
    def _has_a_length(self) -> ShiftTimes:
        if not 1 <= self.length_h <= LONGEST_SHIFT_H:
            raise ValueError(
                f"from_h {self.from_h} to to_h {self.to_h} is {self.length_h} h; give 1 to {LONGEST_SHIFT_H}"
            )
        return self

    @property
    def length_h(self) -> int:
        """Hours from begin to end; 0 where both are the same hour."""
        return self.to_h - self.from_h + (24 if self.to_h < self.from_h else 0)

    @property
    def end_h(self) -> int:
        """The hour of the end, counted from midnight before the begin: 32 for a shift from 23 to 8."""
        return self.from_h + self.length_h


class Pattern(_Part):
    """A way to share out the day: shifts, and whether people are planned one by one or in fixed teams.

    Without a ``rotation`` the people of every shift and day are chosen freely. With one, ``teams`` of equal
    size go through it day by day, each as many days behind the one before as keeps them evenly apart.
    """

    shifts: dict[str, ShiftTimes] = Field(min_length=1)
    rotation: tuple[str, ...] = ()
    teams: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _complete(self) -> Pattern:
        if OFF in self.shifts:
            raise ValueError(f"a shift is named {OFF!r}, which means a free day; give it another name")
        if bool(self.rotation) != bool(self.teams):
            raise ValueError("rotation and teams belong together; give both or neither")
        for name in self.rotation:
            if name != OFF and name not in self.shifts:
                raise ValueError(
                    f"rotation has {name!r}, which is no shift; use {OFF}, {', '.join(self.shifts)}"
                )
        if self.rotation and len(self.rotation) % self.teams:
            raise ValueError(
                f"a rotation of {len(self.rotation)} days for {self.teams} teams; "
                "give a number of days that the teams divide"
            )
        return self


class RosterRules(_Part):
    """What rotas keep to; the hours of the paid week and the shrinkage stand in the costs.

    ``rest_h``: between two shifts of one person. ``days_in_a_row``: working days without a free day, fewer
    where their hours would pass the paid week. ``days_off_together``: free days come at least so many at a
    time. Fixed teams keep ``rest_h`` and a mean week of ``team_week_h`` at most, before relief people take
    their share; their working and free days are as the rotation says.
    """

    rest_h: int = Field(ge=0, le=12)
    days_in_a_row: int = Field(ge=1, le=12)
    days_off_together: int = Field(ge=1, le=7)
    team_week_h: float = Field(gt=0, le=84)


class BudgetSettings(_Part):
    """What a centre costs beside wages and platform (those stand in the costs), rupiah of ``price_year``.

    ``lent_people`` of those needed come from BPBD, Damkar or PMI; ``lent_paid_by_centre``: whether their pay
    is in the centre's budget or in that of their agencies. ``people_there`` work at the centre already.
    ``life_years`` spreads the capital where a yearly figure is wanted; capital is otherwise kept apart.
    """

    price_year: int = Field(ge=2000, le=2100)
    employer_share: float = Field(ge=0, le=1)
    line_rp_per_year: Rupiah
    training_rp_per_person_year: Rupiah
    running_rp_per_year: Rupiah
    seat_rp: Rupiah
    room_rp: Rupiah
    life_years: float = Field(gt=0, le=50)
    people_there: int = Field(ge=0)
    lent_people: int = Field(ge=0)
    lent_paid_by_centre: bool
