"""Distributions of durations, factors and counts, as they are written in a configuration.

A continuous distribution is given by its mean and its coefficient of variation (cv: standard deviation /
mean), so that a sweep moves one without the other. How values are drawn from it stands in ``demand.draws``.
A plain number stands for what always has this value, and ``off`` for a duration of 0 s.
"""

import math
from typing import Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Shape = Literal[
    "deterministic", "exponential", "lognormal", "gamma", "erlang", "hyperexponential", "weibull", "uniform"
]
WIDEST_UNIFORM_CV = 1 / math.sqrt(3)  # of a uniform distribution that begins at 0


def is_off(value: object) -> bool:
    """Whether a value of the configuration is the word ``off``, which YAML reads as false."""
    return value is False or value == "off"


def off_as(value: Any) -> BeforeValidator:
    """What the word ``off`` stands for in a part of the configuration that can be switched off."""
    return BeforeValidator(lambda given: value if is_off(given) else given)


class Duration(BaseModel):
    """A random time in seconds, never negative.

    ``cv`` belongs to lognormal, gamma, hyperexponential (1 or more, balanced means), weibull (0.05 to 10) and
    uniform (at most 0.577); ``stages`` to erlang; ``values_s``, with optional ``weights``, to empirical.
    Deterministic and exponential need the mean alone. A number of seconds is deterministic, ``off`` 0 s.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dist: Shape | Literal["empirical"]
    mean_s: float | None = Field(default=None, ge=0)
    cv: float | None = Field(default=None, ge=0)
    stages: int | None = Field(default=None, ge=1)
    values_s: tuple[float, ...] | None = None
    weights: tuple[float, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return _constant(0 if is_off(value) else value, "deterministic", "mean_s")

    @model_validator(mode="after")
    def _complete(self) -> "Duration":
        if self.dist == "empirical":
            _check_values(self.values_s, self.weights, "values_s")
            _refuse(self.dist, mean_s=self.mean_s, cv=self.cv, stages=self.stages)
            return self
        _refuse(self.dist, values_s=self.values_s, weights=self.weights)
        _check_shape(self.dist, self.mean_s, self.cv, self.stages, "mean_s")
        return self

    @property
    def expected_s(self) -> float:
        """The mean, s, whatever the distribution."""
        if self.dist == "empirical":
            assert self.values_s is not None
            return _weighted_mean(self.values_s, self.weights)
        assert self.mean_s is not None
        return self.mean_s


class Factor(BaseModel):
    """A random factor without unit, never negative; the same distributions as ``Duration``, by ``mean``.

    A number is deterministic.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dist: Shape
    mean: float = Field(ge=0)
    cv: float | None = Field(default=None, ge=0)
    stages: int | None = Field(default=None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return _constant(value, "deterministic", "mean")

    @model_validator(mode="after")
    def _complete(self) -> "Factor":
        _check_shape(self.dist, self.mean, self.cv, self.stages, "mean")
        return self


class Count(BaseModel):
    """A random whole number from 0 on.

    Fixed (the mean, a whole number), poisson, geometric on 0, 1, 2, ... (by the mean) or empirical
    (``values`` with optional ``weights``). A number is fixed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dist: Literal["fixed", "poisson", "geometric", "empirical"]
    mean: float | None = Field(default=None, ge=0)
    values: tuple[int, ...] | None = None
    weights: tuple[float, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return _constant(value, "fixed", "mean")

    @model_validator(mode="after")
    def _complete(self) -> "Count":
        if self.dist == "empirical":
            _check_values(self.values, self.weights, "values")
            _refuse(self.dist, mean=self.mean)
            return self
        _refuse(self.dist, values=self.values, weights=self.weights)
        if self.mean is None:
            raise ValueError(f"{self.dist} has no mean; give mean")
        if self.dist == "fixed" and self.mean != int(self.mean):
            raise ValueError(f"mean is {self.mean:g}; a fixed count is a whole number")
        return self

    @property
    def expected(self) -> float:
        """The mean, whatever the distribution."""
        if self.dist == "empirical":
            assert self.values is not None
            return _weighted_mean(self.values, self.weights)
        assert self.mean is not None
        return self.mean


def _constant(value: Any, dist: str, mean_name: str) -> Any:
    """A plain number as a distribution that always has this value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"dist": dist, mean_name: value}
    if isinstance(value, bool | str | None):
        raise ValueError(f"{value!r} is no distribution; give a number, or {{dist: ..., {mean_name}: ...}}")
    return value


def _refuse(dist: str, **fields: object) -> None:
    for name, value in fields.items():
        if value is not None:
            raise ValueError(
                f"{name} does not belong to a distribution that is {dist}; leave it out or set it to null"
            )


def _check_shape(dist: str, mean: float | None, cv: float | None, stages: int | None, mean_name: str) -> None:
    if mean is None:
        raise ValueError(f"{dist} has no mean; give {mean_name}")
    if dist == "erlang":
        _refuse(dist, cv=cv)
        if stages is None:
            raise ValueError("erlang has no stages; give stages, a whole number from 1")
        return
    _refuse(dist, stages=stages)
    if dist in ("deterministic", "exponential"):
        _refuse(dist, cv=cv)
        return
    if cv is None:
        raise ValueError(f"{dist} has no cv; give cv (standard deviation / mean)")
    least, most = {
        "hyperexponential": (1.0, math.inf),
        "weibull": (0.05, 10.0),
        "uniform": (0.0, WIDEST_UNIFORM_CV + 1e-9),
    }.get(dist, (0.0, math.inf))
    if not least <= cv <= most:
        raise ValueError(f"cv is {cv:g}; a distribution that is {dist} has one from {least:g} to {most:.4g}")


def _check_values(
    values: tuple[float, ...] | tuple[int, ...] | None, weights: tuple[float, ...] | None, name: str
) -> None:
    if not values:
        raise ValueError(f"empirical has no values; give {name}, a list")
    if min(values) < 0:
        raise ValueError(f"{name} holds {min(values):g}; give values from 0")
    if weights is None:
        return
    if len(weights) != len(values):
        raise ValueError(
            f"weights has {len(weights)} entries and {name} {len(values)}; give one weight a value"
        )
    if min(weights) < 0 or sum(weights) <= 0:
        raise ValueError("weights must not be negative, and not all 0")


def _weighted_mean(values: tuple[float, ...] | tuple[int, ...], weights: tuple[float, ...] | None) -> float:
    if weights is None:
        return sum(values) / len(values)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)
