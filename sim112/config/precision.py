"""How sure numbers shall be before the replications end."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

ONE_OF = "give one of absolute and relative, for instance relative=0.05"


class HalfWidth(BaseModel):
    """The widest half of a 95 % interval that will do: ``absolute``, in the measure's own unit, or
    ``relative``, as a share of the estimate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    absolute: float | None = Field(default=None, gt=0)
    relative: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        if not isinstance(given, dict | HalfWidth):
            raise ValueError(f"{given!r} alone may mean either; {ONE_OF}")
        return given

    @model_validator(mode="after")
    def _one(self) -> HalfWidth:
        if (self.absolute is None) == (self.relative is None):
            raise ValueError(ONE_OF)
        return self

    def of(self, value: float) -> float:
        """What is wanted for an estimate, in its unit."""
        if self.absolute is not None:
            return self.absolute
        assert self.relative is not None
        return self.relative * abs(value)


class Precision(BaseModel):
    """Wanted half-widths, by measure: of every scenario's value, and of its difference from the first one.

    With none, ``replications`` are run and no more. Else replications are added, ``most_replications`` in
    all at most. ``warm_up_replications`` are looked at again, from an empty start, to see whether the warm-up
    is long enough; 0 for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: dict[str, HalfWidth]
    differences: dict[str, HalfWidth]
    most_replications: int = Field(ge=1, le=100_000)
    warm_up_replications: int = Field(ge=0, le=1000)

    @property
    def is_wanted(self) -> bool:
        """Whether any half-width is asked for."""
        return bool(self.measures or self.differences)
