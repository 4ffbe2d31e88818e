"""How rates move in time: daily waves, hours, steps, ramps, and chains that are drawn."""

import itertools
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

NotNegative = Annotated[float, Field(ge=0)]


class Chain(BaseModel):
    """A chain of states, in each of which a rate has its own factor: a Markov-modulated Poisson process.

    A stay in a state is exponential with its mean; then comes the next state of the list, after the last the
    first. The chain is stationary from second 0 on, one for the whole area, and drawn for each replication.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    factors: tuple[NotNegative, ...]
    mean_sojourn_s: tuple[Annotated[float, Field(gt=0)], ...]

    @model_validator(mode="after")
    def _pairs(self) -> "Chain":
        if not self.factors:
            raise ValueError("factors is empty; give a factor and a mean_sojourn_s for each state")
        if len(self.factors) != len(self.mean_sojourn_s):
            raise ValueError(
                f"factors has {len(self.factors)} entries and mean_sojourn_s {len(self.mean_sojourn_s)}; "
                "give one of each a state"
            )
        return self


class Profile(BaseModel):
    """How a rate moves in time, given in one of five ways.

    A daily wave, 1 + ``swing`` x cos(2 pi (hour - ``peak_hour``) / 24), taken hour by hour; or ``hours``, 24
    (of the day) or 168 (of the week, from Monday 00:00) relative values, scaled to a mean of 1; or
    ``pieces``, pairs of [seconds from the scenario's start, factor], each lasting until the next begins, the
    last for ever, not scaled; or ``linear``, such pairs with straight lines between them and the last factor
    for ever; or a ``chain``, not scaled either. A plain list stands for hours or pieces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    peak_hour: float | None = Field(default=None, ge=0, lt=24)
    swing: float | None = Field(default=None, ge=0, le=1)
    hours: tuple[NotNegative, ...] | None = None
    pieces: tuple[tuple[float, float], ...] | None = None
    linear: tuple[tuple[float, float], ...] | None = None
    chain: Chain | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"pieces" if value and isinstance(value[0], list | tuple) else "hours": value}
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Profile":
        wave = self.peak_hour is not None or self.swing is not None
        others = (self.hours, self.pieces, self.linear, self.chain)
        if wave + sum(one is not None for one in others) != 1:
            raise ValueError(
                "give either peak_hour and swing, or a list of 24 or 168 values, or a list of pieces, "
                "or linear, or a chain"
            )
        if wave and (self.peak_hour is None or self.swing is None):
            raise ValueError("a daily wave needs both peak_hour and swing")
        if self.hours is not None:
            if len(self.hours) not in (24, 168):
                raise ValueError(
                    f"a profile of {len(self.hours)} values; give 24 (hours of the day) or 168 (of the week)"
                )
            if sum(self.hours) <= 0:
                raise ValueError("a profile of zeros; give at least one value above 0")
        for name, pairs in (("pieces", self.pieces), ("linear", self.linear)):
            if pairs is not None:
                _check_pairs(name, pairs)
        return self


def _check_pairs(name: str, pairs: tuple[tuple[float, float], ...]) -> None:
    starts = [start for start, _ in pairs]
    if not starts or starts[0] != 0 or any(a >= b for a, b in itertools.pairwise(starts)):
        raise ValueError(f"{name} begin at 0 s and go up; give [[0, factor], [start_s, factor], ...]")
    if min(factor for _, factor in pairs) < 0:
        raise ValueError(f"{name} with a negative factor; give factors from 0")
