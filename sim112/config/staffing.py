"""How many people answer at the 112 desks, by hour of the day."""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim112.config.area import DAYS, Day

DAY_H = 24.0


class Shift(BaseModel):
    """People on duty from one local hour of the day to another; a shift from 23 to 8 passes midnight.

    ``days``: the days of the week on which it begins, all unless given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    from_h: float = Field(ge=0, lt=DAY_H)
    to_h: float = Field(gt=0, le=DAY_H)
    call_takers: int = Field(ge=0)
    dispatchers: int = Field(default=0, ge=0)
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1)

    @model_validator(mode="after")
    def _has_length(self) -> "Shift":
        if self.from_h == self.to_h:
            raise ValueError(f"from_h and to_h are both {self.from_h:g}; give 0 and 24 for the whole day")
        return self


class Roster(BaseModel):
    """The day of one desk: opening hours, and shifts that leave no open hour without call-takers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    open_from_h: float = Field(default=0.0, ge=0, lt=DAY_H)
    open_to_h: float = Field(default=DAY_H, gt=0, le=DAY_H)
    shifts: dict[str, Shift] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_gap(self) -> "Roster":
        if self.open_from_h == self.open_to_h:
            raise ValueError("open_from_h and open_to_h are equal; give 0 and 24 for round the clock")
        edges = [*self.edges_h(), DAY_H]
        for start_h, end_h in pairwise(edges):
            missing = [day for at, day in enumerate(DAYS) if self.call_takers_at(start_h + at * DAY_H) == 0]
            if self.is_open(start_h) and missing:
                when = "" if len(missing) == len(DAYS) else f" on {', '.join(missing)}"
                raise ValueError(
                    f"nobody answers from {clock_face(start_h)} to {clock_face(end_h)}{when}"
                    f" although the desk is open {clock_face(self.open_from_h)}-{clock_face(self.open_to_h)};"
                    " let a shift with call-takers cover it, or shorten the opening hours"
                )
        return self

    def is_open(self, hour: float) -> bool:
        """Whether the desk is open at an hour of the day or of the week, from Monday 00:00."""
        return covers(self.open_from_h, self.open_to_h, hour % DAY_H)

    def call_takers_at(self, hour: float) -> int:
        """Call-takers on duty at an hour of the week, from Monday 00:00: the sum over the shifts."""
        return self._sum(hour, lambda shift: shift.call_takers)

    def dispatchers_at(self, hour: float) -> int:
        """Dispatchers on duty at an hour of the week, from Monday 00:00: the sum over the shifts."""
        return self._sum(hour, lambda shift: shift.dispatchers)

    def call_takers_change_at(self, hour: float) -> bool:
        """Whether a shift with call-takers begins or ends at an hour of the week, from Monday 00:00."""
        return self._changes(hour, lambda shift: shift.call_takers)

    def dispatchers_change_at(self, hour: float) -> bool:
        """Whether a shift with dispatchers begins or ends at an hour of the week, from Monday 00:00."""
        return self._changes(hour, lambda shift: shift.dispatchers)

    def edges_h(self) -> tuple[float, ...]:
        """The hours of the day at which something may change, ascending, 0 first."""
        ends = [end for shift in self.shifts.values() for end in (shift.from_h, shift.to_h)]
        return tuple(sorted({0.0} | {end % DAY_H for end in (*ends, self.open_from_h, self.open_to_h)}))

    def _sum(self, hour: float, count: Callable[[Shift], int]) -> int:
        return sum(count(s) for s in self.shifts.values() if _is_on(s, hour))

    def _changes(self, hour: float, count: Callable[[Shift], int]) -> bool:
        return any(count(s) and _begins_or_ends(s, hour) for s in self.shifts.values())


def _is_on(shift: Shift, hour: float) -> bool:
    """Whether a shift covers an hour of the week; the hours after midnight are of the day before."""
    day, of_day = int(hour // DAY_H), hour % DAY_H
    if not covers(shift.from_h, shift.to_h, of_day):
        return False
    begun = day if of_day >= shift.from_h else day - 1
    return DAYS[begun % len(DAYS)] in shift.days


def _begins_or_ends(shift: Shift, hour: float) -> bool:
    """Whether a shift begins or ends at an hour of the week, on a day of its own."""
    today, of_day = int(hour // DAY_H), hour % DAY_H
    days = [today] if of_day == shift.from_h else []
    if of_day == shift.to_h % DAY_H:
        days.append(today if shift.from_h < of_day else today - 1)
    return any(DAYS[day % len(DAYS)] in shift.days for day in days)


class Staffing(BaseModel):
    """Rosters of the 112 desks.

    ``call_takers`` and ``dispatchers`` put one number at every 112 desk in all its open hours in place of
    those of the rosters; null leaves the rosters. ``roster_of`` names the roster of a regency's centre. Other
    centres take ``small_centre`` where fewer than ``small_below_population`` people live and ``centre``
    elsewhere, hubs of a residency ``residency_centre``, and the province ``province_centre``.
    ``roster_of_desk`` names the roster of any 112 desk by the desk's name (``112 pati``) and goes before all
    of these. ``shift_end``: ``finish`` lets people finish what they do and counts them meanwhile,
    ``fresh_crew`` replaces the whole crew whenever a shift begins or ends, though the number may stay, and
    does not count overtime.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    call_takers: int | None = Field(ge=1)
    dispatchers: int | None = Field(ge=0)
    shift_end: Literal["finish", "fresh_crew"]
    small_below_population: int = Field(ge=0)
    small_centre: str
    centre: str
    residency_centre: str
    province_centre: str
    roster_of: dict[str, str]
    roster_of_desk: dict[str, str] = {}
    rosters: dict[str, Roster] = Field(min_length=1)

    @model_validator(mode="after")
    def _rosters_exist(self) -> "Staffing":
        by_rule = {
            name: getattr(self, name)
            for name in ("small_centre", "centre", "residency_centre", "province_centre")
        }
        by_label = {f"roster_of.{label}": roster for label, roster in self.roster_of.items()}
        by_label |= {f"roster_of_desk.{desk}": roster for desk, roster in self.roster_of_desk.items()}
        for key, roster in (by_rule | by_label).items():
            if roster not in self.rosters:
                raise ValueError(
                    f"{key} is {roster!r}, which is no roster; use one of {', '.join(self.rosters)}"
                )
        return self


def covers(from_h: float, to_h: float, hour: float) -> bool:
    """Whether an hour of the day lies in [from, to), a span that may pass midnight."""
    return from_h <= hour < to_h if from_h < to_h else hour >= from_h or hour < to_h


def clock_face(hour: float) -> str:
    """An hour of the day as people read it: 7.5 is 07:30."""
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
