"""Which area is simulated, when its roads are busy, and how fast one drives on them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


class AreaConfig(BaseModel):
    """The tables of the area, the part of it that is simulated, travel periods and speeds.

    ``path`` is a folder of tables, null for Central Java as it comes with the package. ``regencies`` are the
    labels of the regencies to simulate, empty for all. The hours that belong to no period in ``periods`` are
    the period ``other_hours``. ``speeds_kmh`` gives the speed by period and road class. Islands are declared
    in districts.csv.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: str | None
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
        if self.other_hours not in self.speeds_kmh:
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
        if set(self.speeds_kmh) != set(self.period_names):
            raise ValueError(
                f"speeds_kmh has {', '.join(self.speeds_kmh)}; give {', '.join(self.period_names)}"
            )
        return self

    @property
    def period_names(self) -> tuple[str, ...]:
        """The travel periods in the order of every table: ``other_hours`` first."""
        return (self.other_hours, *self.periods)

    def speeds_by_period(self) -> dict[str, dict[str, float]]:
        """Speeds, km/h, by period in the order of ``period_names`` and by road class."""
        return {name: self.speeds_kmh[name].model_dump() for name in self.period_names}

    def period_by_hour(self) -> tuple[int, ...]:
        """The travel period, as its place in the names, of each hour of the week from Monday 00:00."""
        by_hour = [0] * HOURS_OF_WEEK
        for at, period in enumerate(self.periods.values(), start=1):
            for day in period.days:
                for hour in period.hours:
                    by_hour[24 * DAYS.index(day) + hour] = at
        return tuple(by_hour)
