"""Which area is simulated, when its roads are busy, and how fast one drives on them."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sim112.config.distributions import off_as

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_OF_WEEK = 168
FASTEST_KMH = 200


class Period(BaseModel):
    """The hours of the week in which a travel period holds; hours are local, 8 being 08:00 to 09:00."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[Day, ...]
    hours: tuple[int, ...]

    @model_validator(mode="after")
    def _hours_of_a_day(self) -> "Period":
        for hour in self.hours:
            if not 0 <= hour <= 23:
                raise ValueError(f"hour {hour} does not exist; give hours from 0 to 23")
        return self


class Speeds(BaseModel):
    """Driving speed on each class of road, km/h."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    toll: float = Field(gt=0, le=FASTEST_KMH)
    national: float = Field(gt=0, le=FASTEST_KMH)
    provincial: float = Field(gt=0, le=FASTEST_KMH)
    local: float = Field(gt=0, le=FASTEST_KMH)


def people_steps(people: int | str) -> tuple[tuple[float, int], ...]:
    """People on duty from each second on: one number, or steps ``0:3 3600:5 7200:4`` (second:number).

    Raises ValueError, which says what to write, for anything else.
    """
    text = str(people).strip()
    if ":" not in text:
        text = f"0:{text}"
    steps = []
    for step in text.split():
        second, _, number = step.partition(":")
        try:
            steps.append((float(second), int(number)))
        except ValueError:
            raise ValueError("give a number, or steps as in 0:3 3600:5 (second:number)") from None
    if steps[0][0] != 0 or any(not a < b < math.inf for (a, _), (b, _) in pairwise(steps)):
        raise ValueError("steps begin at second 0 and go up; write them as in 0:3 3600:5")
    if min(number for _, number in steps) < 0:
        raise ValueError("give numbers of people from 0 up")
    return tuple(steps)


def _checked_steps(people: int | str | None) -> int | str | None:
    if people is not None:
        try:
            people_steps(people)
        except ValueError as error:
            raise ValueError(f"{people!r} is no number of people; {error}") from None
    return people


People = Annotated[int | str | None, AfterValidator(_checked_steps)]


class OneDesk(BaseModel):
    """The one desk of the smallest world: one zone, one regency, no units. As a row of ``desks.csv``.

    ``agency`` is empty for a 112 desk. ``lines`` and ``channels`` null: unlimited; ``call_takers`` null: as
    many as it takes; ``dispatchers`` null: none. ``announcement_s`` null: that of ``answering``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    desk: str = Field(default="desk", min_length=1)
    agency: Literal["", "fire", "ambulance", "police", "rescue"] = ""
    lines: int | None = Field(default=None, ge=1)
    call_takers: People = None
    dispatchers: People = None
    platform: str = ""
    channels: int | None = Field(default=None, ge=1)
    announcement_s: Annotated[float | None, Field(ge=0), off_as(0.0)] = None

    @model_validator(mode="after")
    def _channels_of_a_platform(self) -> "OneDesk":
        if self.channels is not None and not self.platform:
            raise ValueError(f"channels is {self.channels} and there is no platform; name one")
        return self


class AreaConfig(BaseModel):
    """The tables of the area, the part of it that is simulated, travel periods and speeds.

    ``path`` is a folder of tables, null for Central Java as it comes with the package. A folder with
    ``desks.csv`` is a *small world* (``world/small.py``); ``desk`` is the small world of one desk, with no
    folder. ``regencies`` are the labels of the regencies to simulate, empty for all. The hours that belong to
    no period in ``periods`` are the period ``other_hours``. ``speeds_kmh`` gives the speed by period and road
    class; a small world has travel times and needs none. Islands are declared in districts.csv.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: str | None
    desk: OneDesk | None = None
    regencies: tuple[str, ...]
    other_hours: str
    periods: dict[str, Period]
    speeds_kmh: dict[str, Speeds]

    @model_validator(mode="after")
    def _consistent(self) -> "AreaConfig":
        if self.other_hours in self.periods:
            raise ValueError(
                f"other_hours is {self.other_hours!r}, which has hours of its own; name another period"
            )
        if self.path is not None and self.desk is not None:
            raise ValueError(f"path is {self.path!r} and there is a desk; use area=small with a path")
        if self.other_hours not in self.speeds_kmh and self.speeds_kmh:
            free = [name for name in self.speeds_kmh if name not in self.periods]
            raise ValueError(
                f"other_hours is {self.other_hours!r}, which has no speeds_kmh; "
                f"use {' or '.join(free) or 'a period that has'}"
            )
        if len(set(self.regencies)) < len(self.regencies):
            raise ValueError("regencies names one twice; name each once")
        taken: dict[tuple[str, int], str] = {}
        for name, period in self.periods.items():
            for slot in ((day, hour) for day in period.days for hour in period.hours):
                if taken.setdefault(slot, name) != name:
                    day, hour = slot
                    raise ValueError(
                        f"hour {hour} on {day} is in {taken[slot]} and in {name}; leave it in one"
                    )
        if self.speeds_kmh and set(self.speeds_kmh) != set(self.period_names):
            raise ValueError(
                f"speeds_kmh has {', '.join(self.speeds_kmh)}; give {', '.join(self.period_names)}"
            )
        return self

    @property
    def is_small_world(self) -> bool:
        """Whether the places and desks come from the tables of a small world, or from ``desk``."""
        return self.desk is not None or (self.path is not None and (Path(self.path) / "desks.csv").is_file())

    @property
    def period_names(self) -> tuple[str, ...]:
        """The travel periods in the order of every table: ``other_hours`` first."""
        return (self.other_hours, *self.periods)

    def speeds_by_period(self) -> dict[str, dict[str, float]]:
        """Speeds, km/h, by period in the order of ``period_names`` and by road class."""
        return {name: self.speeds_kmh[name].model_dump() for name in self.period_names if self.speeds_kmh}

    def period_by_hour(self) -> tuple[int, ...]:
        """The travel period, as its place in the names, of each hour of the week from Monday 00:00."""
        by_hour = [0] * HOURS_OF_WEEK
        for at, period in enumerate(self.periods.values(), start=1):
            for day in period.days:
                for hour in period.hours:
                    by_hour[24 * DAYS.index(day) + hour] = at
        return tuple(by_hour)
