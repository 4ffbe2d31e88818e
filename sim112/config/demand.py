"""What happens in the province and who calls: kinds, rates, profiles, surges, nuisance, use of 112."""

import itertools
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim112.config.distributions import Count, Duration

Agency = Literal["fire", "ambulance", "police", "rescue"]
AGENCIES: tuple[Agency, ...] = ("fire", "ambulance", "police", "rescue")
CallerClass = Literal["genuine", "information", "nuisance"]

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A part of the configuration: frozen, and closed to misspelt keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Profile(Part):
    """How a rate moves in time, given in one of three ways.

    A daily wave, 1 + ``swing`` x cos(2 pi (hour - ``peak_hour``) / 24), taken hour by hour; or ``hours``, 24
    (of the day) or 168 (of the week, from Monday 00:00) relative values, scaled to a mean of 1; or
    ``pieces``, pairs of [seconds from the scenario's start, factor], each lasting until the next begins, the
    last for ever, not scaled. A plain list stands for hours or pieces.
    """

    peak_hour: float | None = Field(default=None, ge=0, lt=24)
    swing: Share | None = None
    hours: tuple[Rate, ...] | None = None
    pieces: tuple[tuple[float, float], ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"pieces" if value and isinstance(value[0], list | tuple) else "hours": value}
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Profile":
        wave = self.peak_hour is not None or self.swing is not None
        if wave + (self.hours is not None) + (self.pieces is not None) != 1:
            raise ValueError(
                "give either peak_hour and swing, or a list of 24 or 168 values, or a list of pieces"
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
        if self.pieces is not None:
            starts = [start for start, _ in self.pieces]
            if not starts or starts[0] != 0 or any(a >= b for a, b in itertools.pairwise(starts)):
                raise ValueError("pieces begin at 0 s and go up; give [[0, factor], [start_s, factor], ...]")
            if min(factor for _, factor in self.pieces) < 0:
                raise ValueError("a piece with a negative factor; give factors from 0")
        return self


class Talk(Part):
    """How long a call takes, s: the full talk, a talk about an incident already known, the work after it."""

    talk_s: Duration
    short_talk_s: Duration
    after_call_s: Duration


class IncidentKind(Part):
    """A kind of event in the world that people report.

    ``agencies`` gives the probability that each is needed. ``call_order`` says whose own number people call:
    the first in it that is needed, else the first; empty stands for the fixed order of the agencies.
    ``further_callers`` come after the first, each ``caller_delay_s`` after the incident is noticed.
    ``on_scene_s`` and ``busy_s`` go by agency. ``transport_share`` is the probability that an ambulance takes
    somebody to a hospital, ``hospitals`` the services that take the kind. ``recognised``: a later report is
    recognised and kept short. ``talk`` replaces ``Demand.genuine_talk``. ``emergency`` is false for what is
    arranged ahead, such as a planned transport: a report, and work for a unit, but no emergency.
    """

    rate_per_100k_year: Rate
    profile: str
    priority: int = Field(ge=0)
    queue_priority: int = Field(ge=0)
    life_threatening: bool
    emergency: bool = True
    agencies: dict[Agency, Share]
    call_order: tuple[Agency, ...] = ()
    on_scene_s: dict[Agency, Duration]
    transport_share: Share
    hospitals: tuple[str, ...] = ("general",)
    further_callers: Count
    caller_delay_s: Duration
    recognised: bool
    talk: Talk | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "IncidentKind":
        if not self.agencies and not self.call_order:
            raise ValueError("needs no agency and has no call_order; say whose number people call")
        for agency in self.agencies:
            if agency not in self.on_scene_s:
                raise ValueError(f"on_scene_s has no {agency}, which the kind may need; give its time")
        return self

    @property
    def numbers_called(self) -> tuple[Agency, ...]:
        """Whose own number people call, in the order of preference."""
        return self.call_order or tuple(agency for agency in AGENCIES if agency in self.agencies)


class Numbers(Part):
    """Nuisance numbers: each calls once and then ``further_calls`` times more, ``spacing_s`` apart.

    ``identified_share`` of them show a number, so that they can be barred.
    """

    further_calls: Count
    spacing_s: Duration
    identified_share: Share


class CallKind(Part):
    """A kind of call without an incident: information, prank, ghost, test.

    ``rate_per_100k_day`` counts calls that a mature 112 centre answers, as centres count them, and
    ``answered_share`` of the calls placed are answered; ``agency_rate_per_100k_day`` counts calls placed on
    each agency's own number; per 100,000 people and day. With ``numbers`` the calls come from nuisance
    numbers that call again and again.
    """

    rate_per_100k_day: Rate
    answered_share: Share = Field(gt=0)
    agency_rate_per_100k_day: dict[Agency, Rate]
    profile: str
    queue_priority: int = Field(ge=0)
    caller: Literal["information", "nuisance"]
    talk_s: Duration
    after_call_s: Duration
    numbers: Numbers | None = None


class RegencyDemand(Part):
    """What is known of one regency, in place of the defaults: rates by kind, and the share that dials 112."""

    rate_per_100k_year: dict[str, Rate] = {}
    rate_per_100k_day: dict[str, Rate] = {}
    dial_112_share: Share | None = None
    dial_112_share_by_kind: dict[str, Share] = {}


class Surge(Part):
    """A window in which some kinds come ``factors`` times as often; hours from the scenario's start.

    ``regencies``: empty for all. A surge only adds events, so its factors are 1 or more.
    """

    from_h: float = Field(ge=0)
    to_h: float
    regencies: tuple[str, ...]
    factors: dict[str, Annotated[float, Field(ge=1)]]

    @model_validator(mode="after")
    def _has_length(self) -> "Surge":
        if self.to_h <= self.from_h:
            raise ValueError(f"to_h is {self.to_h:g}, not after from_h {self.from_h:g}; give a later end")
        return self


class Launch(Part):
    """New centres draw test calls, and few people use them yet.

    In the named ``regencies`` calls of kind ``kind`` come at ``rate_per_100k_day`` at the launch and decay
    with ``decay_weeks``; the share that dials 112 begins at ``use_factor`` of its mature value and grows
    towards it with ``use_growth_weeks``. ``weeks_since`` is the age at the scenario's start. No regencies:
    mature centres.
    """

    regencies: tuple[str, ...]
    kind: str
    weeks_since: float = Field(ge=0)
    rate_per_100k_day: Rate
    decay_weeks: float = Field(gt=0)
    use_factor: Share
    use_growth_weeks: float = Field(gt=0)


class DayFactor(Part):
    """Good and bad days: Gamma factors of mean 1 on a day's incidents, the province's and the regency's."""

    shared_cv: Rate
    own_cv: Rate


class UseLevels(Part):
    """The share of callers who dial 112 where it is present, where no regency has its own figure."""

    low: Share
    mid: Share
    high: Share


class Demand(Part):
    """Everything that happens and everybody who calls, whatever 112 centres there are.

    ``rate_factor`` scales incidents and information calls, ``nuisance_factor`` the calls of nuisance, test
    calls included. ``call_log`` names a table of calls that replaces all of these draws.
    """

    rate_factor: Rate
    nuisance_factor: Rate
    use: Literal["low", "mid", "high"]
    dial_112_share: UseLevels
    day_factor: DayFactor
    genuine_talk: Talk
    profiles: dict[str, Profile]
    kinds: dict[str, IncidentKind]
    calls: dict[str, CallKind]
    regencies: dict[str, RegencyDemand]
    surges: dict[str, Surge]
    launch: Launch
    call_log: Path | None

    @model_validator(mode="after")
    def _consistent(self) -> "Demand":
        both = [*self.kinds, *self.calls]
        for name in self.kinds:
            _known(
                name in self.calls,
                False,
                f"calls.{name}",
                "the name of an incident kind too; rename one of them",
            )
        for group, profile in [(f"kinds.{n}", k.profile) for n, k in self.kinds.items()] + [
            (f"calls.{n}", c.profile) for n, c in self.calls.items()
        ]:
            _known(
                profile in self.profiles, True, f"{group}.profile",
                f"{profile!r}, which is no profile; use one of {', '.join(self.profiles)}",
            )  # fmt: skip
        for label, regency in self.regencies.items():
            for field, kinds, known in (
                ("rate_per_100k_year", regency.rate_per_100k_year, list(self.kinds)),
                ("rate_per_100k_day", regency.rate_per_100k_day, list(self.calls)),
                ("dial_112_share_by_kind", regency.dial_112_share_by_kind, list(self.kinds)),
            ):
                for kind in kinds:
                    _known(
                        kind in known, True, f"regencies.{label}.{field}.{kind}",
                        f"no kind of that sort; use one of {', '.join(known)}",
                    )  # fmt: skip
        for name, surge in self.surges.items():
            for kind in surge.factors:
                _known(
                    kind in both,
                    True,
                    f"surges.{name}.factors.{kind}",
                    f"no kind; use one of {', '.join(both)}",
                )
        _known(
            self.launch.kind in self.calls or not self.launch.regencies, True, "launch.kind",
            f"{self.launch.kind!r}, which is no kind of call; use one of {', '.join(self.calls)}",
        )  # fmt: skip
        return self

    @property
    def regency_labels(self) -> tuple[tuple[str, str], ...]:
        """(key, label) of every place where this part names a regency, to be checked against the area."""
        named = [(f"demand.regencies.{label}", label) for label in self.regencies]
        for name, surge in self.surges.items():
            named += [(f"demand.surges.{name}.regencies", label) for label in surge.regencies]
        return tuple(named + [("demand.launch.regencies", label) for label in self.launch.regencies])

    def rate_per_100k_year_of(self, label: str, kind: str) -> float:
        """Incidents of a kind per 100,000 people and year in one regency, before factors and surges."""
        own = self.regencies[label].rate_per_100k_year if label in self.regencies else {}
        return own.get(kind, self.kinds[kind].rate_per_100k_year)

    def rate_per_100k_day_of(self, label: str, kind: str) -> float:
        """Calls without incident that 112 answers per 100,000 people and day, before factors and surges."""
        own = self.regencies[label].rate_per_100k_day if label in self.regencies else {}
        return own.get(kind, self.calls[kind].rate_per_100k_day)

    def dial_112_share_of(self, label: str, kind: str) -> float:
        """The share of callers about a kind of incident who dial 112 in one regency with a mature centre."""
        regency = self.regencies.get(label, RegencyDemand())
        default: float = getattr(self.dial_112_share, self.use)
        overall = default if regency.dial_112_share is None else regency.dial_112_share
        return regency.dial_112_share_by_kind.get(kind, overall)


def _known(found: bool, wanted: bool, key: str, mend: str) -> None:
    if found is not wanted:
        raise ValueError(f"{key} is {mend}")
