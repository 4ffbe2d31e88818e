"""What a 112 centre costs a year: its platform and its people."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Costs(BaseModel):
    """Yearly costs of 112 centres in rupiah; agencies' own numbers and vehicles are not in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    platform_rp_per_year: float = Field(ge=0)
    wage_rp_per_month: float = Field(ge=0)
    paid_months_per_year: float = Field(ge=12)
    paid_hours_per_week: float = Field(gt=0)
    shrinkage: float = Field(ge=0, lt=1)
    supervisors_per_centre: float = Field(ge=0)

    @property
    def rp_per_rostered_hour(self) -> float:
        """Cost of one person at a desk for one hour, Rp: a place at the desk needs more paid hours than it
        has.
        """
        rp_per_paid_hour = self.rp_per_person_year / (self.paid_hours_per_week * 365.25 / 7)
        return rp_per_paid_hour / (1 - self.shrinkage)

    @property
    def rp_per_person_year(self) -> float:
        """Cost of one employed person, Rp a year."""
        return self.wage_rp_per_month * self.paid_months_per_year

    @property
    def rp_per_centre_year(self) -> float:
        """Cost of one centre before anybody takes a call, Rp a year: the platform and the supervisors."""
        return self.platform_rp_per_year + self.supervisors_per_centre * self.rp_per_person_year
