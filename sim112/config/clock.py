"""When the simulated time begins, and which part of it is reported."""

from datetime import datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

LONGEST_S = 366 * 86400
"""The longest span of each sort, s: a year. What is longer is a slip of the pen, and would hardly end."""


class Clock(BaseModel):
    """The simulated span: warm-up, then the reported time, then the cool-down.

    ``start`` is local time (WIB, no daylight saving), so it bears no time zone. Durations are seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    start: datetime
    warm_up_s: float = Field(ge=0, le=LONGEST_S)
    report_s: float = Field(gt=0, le=LONGEST_S)
    cool_down_s: float = Field(ge=0, le=LONGEST_S)

    @field_validator("start")
    @classmethod
    def _local(cls, start: datetime) -> datetime:
        if start.tzinfo is not None:
            raise ValueError("give local time (WIB) without a time zone")
        return start

    @property
    def report_from_s(self) -> float:
        """End of warm-up, seconds from the start."""
        return self.warm_up_s

    @property
    def report_to_s(self) -> float:
        """The horizon: the end of the reported time, seconds from the start."""
        return self.warm_up_s + self.report_s

    @property
    def end_s(self) -> float:
        """End of the cool-down, when the simulation stops, seconds from the start."""
        return self.report_to_s + self.cool_down_s

    @property
    def start_of_day_s(self) -> float:
        """Seconds from local midnight to the start."""
        return (self.start - datetime.combine(self.start.date(), time())).total_seconds()

    @property
    def start_of_week_s(self) -> float:
        """Seconds from Monday 00:00 local time to the start."""
        return timedelta(days=self.start.weekday()).total_seconds() + self.start_of_day_s
