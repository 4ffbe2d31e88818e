"""What happens in the province and who calls: kinds, rates, profiles, surges, nuisance, use of 112."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from sim112.config.distributions import Count, Duration, is_off, off_as
from sim112.config.profiles import Profile

Agency = Literal["fire", "ambulance", "police", "rescue"]
AGENCIES: tuple[Agency, ...] = ("fire", "ambulance", "police", "rescue")
CallerClass = Literal["genuine", "information", "nuisance"]

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0)]
Interval = Annotated[float, Field(ge=1 / 1024)]


def _read_patience(value: Any) -> Duration | Literal["off"]:
    return "off" if is_off(value) else Duration.model_validate(value)


Patience = Annotated[Duration | Literal["off"], PlainValidator(_read_patience)]
"""How long callers wait in the queue; off is for ever."""


class Part(BaseModel):
    """A part of the configuration: frozen, and closed to misspelt keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


NOTHING_S = Duration(dist="deterministic", mean_s=0)
NOBODY = Count(dist="fixed", mean=0)


class Talk(Part):
    """How long a call takes, s: the full talk, a talk about an incident already known, the work after it.

    Without ``short_talk_s`` every talk is a full one.
    """

    talk_s: Duration
    short_talk_s: Duration | None = None
    after_call_s: Duration = NOTHING_S


class IncidentKind(Part):
    """A kind of event in the world that people report. What else is left out is off, none or 0.

    How often: ``rate_per_100k_year``, or ``rate_per_h`` in the whole area, or one every ``interval_s``
    somewhere in the area, the first after one interval; split over regencies and zones by population.
    ``profile``: how the rate moves in time; null is constant. ``agencies`` gives the probability that each is
    needed; it must be there, if only as {}, so that no misspelt name makes a new kind. ``call_order`` says
    whose own number people call: the first in it that is needed, else the first; empty stands for the fixed
    order of the agencies. ``further_callers`` come after the first, each ``caller_delay_s`` after the
    incident is noticed. ``on_scene_s`` goes by agency. ``handling_s``: a dispatcher's work on the ticket
    where no agency is needed. ``transport_share`` is the probability that an ambulance takes somebody to a
    hospital, ``hospitals`` the services that take the kind. ``recognised``: a later report is recognised and
    kept short. ``talk`` replaces ``Demand.genuine_talk`` and ``patience_s`` that of genuine callers; off is
    for ever. ``emergency`` is false for what is arranged ahead, such as a planned transport: a report, and
    work for a unit, but no emergency.
    """

    rate_per_100k_year: Rate | None = None
    rate_per_h: Rate | None = None
    interval_s: Interval | None = None
    profile: str | None = None
    priority: int = Field(default=0, ge=0)
    queue_priority: int = Field(default=0, ge=0)
    life_threatening: bool = False
    emergency: bool = True
    agencies: dict[Agency, Share]
    call_order: tuple[Agency, ...] = ()
    on_scene_s: dict[Agency, Duration] = {}
    handling_s: Duration | None = None
    transport_share: Share = 0
    hospitals: tuple[str, ...] = ("general",)
    further_callers: Count = NOBODY
    caller_delay_s: Duration = NOTHING_S
    recognised: bool = True
    talk: Talk | None = None
    patience_s: Patience | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "IncidentKind":
        _check_rate(self, "rate_per_100k_year")
        for agency in self.agencies:
            if agency not in self.on_scene_s:
                raise ValueError(f"on_scene_s has no {agency}, which the kind may need; give its time")
        return self

    @property
    def numbers_called(self) -> tuple[Agency, ...]:
        """Whose own number people call, in the order of preference; empty: nobody's."""
        return self.call_order or tuple(agency for agency in AGENCIES if agency in self.agencies)


class Numbers(Part):
    """Nuisance numbers: each calls once and then ``further_calls`` times more, ``spacing_s`` apart.

    ``identified_share`` of them show a number, so that they can be barred.
    """

    further_calls: Count
    spacing_s: Duration
    identified_share: Share


class CallKind(Part):
    """A kind of call without an incident: information, prank, ghost, test. What is left out is off or none.

    How often: ``rate_per_100k_day`` counts calls that a mature 112 centre answers, as centres count them, per
    100,000 people and day, and ``answered_share`` of the calls placed are answered; or ``rate_per_h`` counts
    calls placed on 112 in the whole area; or one comes every ``interval_s``, the first after one interval.
    ``agency_rate_per_100k_day`` counts calls placed on each agency's own number. With ``numbers`` the calls
    come from nuisance numbers that call again and again. ``patience_s`` replaces that of the class; off is
    for ever.
    """

    rate_per_100k_day: Rate | None = None
    answered_share: Share = Field(default=1, gt=0)
    rate_per_h: Rate | None = None
    interval_s: Interval | None = None
    agency_rate_per_100k_day: dict[Agency, Rate] = {}
    profile: str | None = None
    queue_priority: int = Field(default=0, ge=0)
    caller: Literal["information", "nuisance"]
    talk_s: Duration
    after_call_s: Duration = NOTHING_S
    patience_s: Patience | None = None
    numbers: Numbers | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "CallKind":
        _check_rate(self, "rate_per_100k_day")
        if self.rate_per_100k_day is None and self.answered_share != 1:
            raise ValueError(
                f"answered_share is {self.answered_share:g}, but calls are counted as they are placed; "
                "set it to 1"
            )
        if self.interval_s is not None and (self.numbers or self.agency_rate_per_100k_day):
            raise ValueError("interval_s is for calls to 112 one by one; leave out numbers and agency rates")
        return self


def _check_rate(kind: IncidentKind | CallKind, by_people: str) -> None:
    """Refuse a kind unless it has one of its three rates."""
    names = (by_people, "rate_per_h", "interval_s")
    given = [name for name in names if getattr(kind, name) is not None]
    if not given:
        raise ValueError(f"there is no rate; give one of {', '.join(names)}")
    if len(given) > 1:
        raise ValueError(f"{given[0]} and {given[1]} are both given; set one of them to null")
    if kind.interval_s is not None and kind.profile is not None:
        raise ValueError("interval_s is the same at all times; set profile to null")


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
    calls included; off is 0. ``use``: which level of ``dial_112_share`` holds where a regency has no figure
    of its own; or ``everybody`` dials 112, whatever a regency's figure. ``day_factor`` off: all days are
    alike. ``after_call_work`` off: there is none, whatever the kinds say. ``call_log`` names a table of calls
    that replaces all of these draws.
    """

    rate_factor: Annotated[Rate, off_as(0)]
    nuisance_factor: Annotated[Rate, off_as(0)]
    use: Literal["low", "mid", "high", "everybody"]
    dial_112_share: UseLevels
    day_factor: Annotated[DayFactor, off_as({"shared_cv": 0, "own_cv": 0})]
    after_call_work: bool = True
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
        both: dict[str, IncidentKind | CallKind] = {**self.kinds, **self.calls}
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
                profile is None or profile in self.profiles, True, f"{group}.profile",
                f"{profile!r}, which is no profile; use one of {', '.join(self.profiles)}",
            )  # fmt: skip
        for label, regency in self.regencies.items():
            by_year = [name for name, kind in self.kinds.items() if kind.rate_per_100k_year is not None]
            by_day = [name for name, kind in self.calls.items() if kind.rate_per_100k_day is not None]
            for field, kinds, known, sort in (
                ("rate_per_100k_year", regency.rate_per_100k_year, by_year, "with such a rate"),
                ("rate_per_100k_day", regency.rate_per_100k_day, by_day, "with such a rate"),
                ("dial_112_share_by_kind", regency.dial_112_share_by_kind, list(self.kinds), "of that sort"),
            ):
                for kind in kinds:
                    _known(
                        kind in known, True, f"regencies.{label}.{field}.{kind}",
                        f"no kind {sort}; {_one_of(known)}",
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
                    both[kind].interval_s is None,
                    True,
                    f"surges.{name}.factors.{kind}",
                    "for a kind with interval_s, which no surge can change; give the kind a rate",
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
        """Incidents of a kind per 100,000 people and year in one regency, before factors and surges.

        0 for a kind whose rate is that of the whole area.
        """
        own = self.regencies[label].rate_per_100k_year if label in self.regencies else {}
        return own.get(kind, self.kinds[kind].rate_per_100k_year or 0.0)

    def rate_per_100k_day_of(self, label: str, kind: str) -> float:
        """Calls without incident that 112 answers per 100,000 people and day, before factors and surges.

        0 for a kind whose rate is that of the whole area.
        """
        own = self.regencies[label].rate_per_100k_day if label in self.regencies else {}
        return own.get(kind, self.calls[kind].rate_per_100k_day or 0.0)

    def dial_112_share_of(self, label: str, kind: str) -> float:
        """The share of callers about a kind of incident who dial 112 in one regency with a mature centre."""
        if self.use == "everybody":
            return 1.0
        regency = self.regencies.get(label, RegencyDemand())
        default: float = getattr(self.dial_112_share, self.use)
        overall = default if regency.dial_112_share is None else regency.dial_112_share
        return regency.dial_112_share_by_kind.get(kind, overall)


def _known(found: bool, wanted: bool, key: str, mend: str) -> None:
    if found is not wanted:
        raise ValueError(f"{key} is {mend}")


def _one_of(names: list[str]) -> str:
    return f"use one of {', '.join(names)}" if names else "there is none"
