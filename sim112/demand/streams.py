"""Streams of events: non-homogeneous Poisson processes whose events have permanent keys.

The block of a stream is one local day in one regency. Its count is the inverse Poisson distribution function
of one keyed uniform number at the day's integrated rate; event k has the key (regency, stream, day, k) and a
time that is the inverse of the day's cumulated profile at a uniform number of its own. A higher rate
therefore adds events and moves none, and a surge or a launch is a stream of its own on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

import numpy as np

from sim112.config.demand import DayFactor, Profile
from sim112.demand.draws import (
    DAY_BITS,
    MOST_ORDINALS,
    Source,
    gamma_quantile,
    pack_key,
    poisson_count,
    seeded,
    stream_id,
    uniform,
)
from sim112.demand.places import Places
from sim112.engine.contract import Floats, Ints
from sim112.errors import InputError

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
DAY_ZERO = date(2000, 1, 1)


class Clock(Protocol):
    """The simulated span, as ``config.clock`` has it."""

    @property
    def start(self) -> datetime:
        """Local time of second 0."""

    @property
    def warm_up_s(self) -> float:
        """Simulated, not reported."""

    @property
    def report_s(self) -> float:
        """The reported time."""

    @property
    def cool_down_s(self) -> float:
        """Simulated on, so that what began can end."""


@dataclass(frozen=True)
class Timeline:
    """The local days that the simulation touches."""

    day: Ints  # [D] days since 2000-01-01
    midnight_s: Floats  # [D + 1] from the scenario's start; the first is 0 or negative
    first_weekday: int  # 0 is Monday
    end_s: float


class Frame(NamedTuple):
    """Where, when and by which seed a replication is drawn."""

    places: Places
    timeline: Timeline
    source: Source


@dataclass(frozen=True, eq=False)
class Curve:
    """A relative rate in time, cumulated: S pieces of constant rate."""

    edge_s: Floats  # [S + 1]
    total_s: Floats  # [S + 1] the integral of the relative rate up to each edge


@dataclass(frozen=True, eq=False)
class Events:
    """Events of one or more streams, each with its permanent key."""

    key: Ints
    regency: Ints
    time_s: Floats


def read_timeline(clock: Clock) -> Timeline:
    """The days from the clock's start to the end of its cool-down."""
    first = clock.start.date()
    end_s = clock.warm_up_s + clock.report_s + clock.cool_down_s
    midnight_s = (datetime.combine(first, time()) - clock.start) / timedelta(seconds=1)
    days = max(int(np.ceil((end_s - midnight_s) / DAY_S)), 1)
    since = (first - DAY_ZERO).days
    if not 0 <= since < (1 << DAY_BITS) - days:
        raise InputError(f"clock.start is {clock.start.isoformat()}; give a date from 2000 to 2088")
    return Timeline(
        day=since + np.arange(days, dtype=np.int64),
        midnight_s=midnight_s + DAY_S * np.arange(days + 1, dtype=np.float64),
        first_weekday=first.weekday(),
        end_s=end_s,
    )


def read_curve(
    profile: Profile,
    timeline: Timeline,
    window_s: tuple[float, float] | None = None,
    decay_s: float | None = None,
) -> Curve:
    """A profile over the timeline, inside the window if one is given, decaying by the hour if asked."""
    hours = timeline.midnight_s[0] + HOUR_S * np.arange(24 * timeline.day.size + 1)
    cuts = [hours]
    if window_s is not None:
        cuts.append(np.array(window_s))
    if profile.pieces is not None:
        cuts.append(np.array([start for start, _ in profile.pieces]))
    edge_s = np.unique(np.clip(np.concatenate(cuts), hours[0], hours[-1]))
    middle_s = (edge_s[:-1] + edge_s[1:]) / 2
    rate = _relative_rate(profile, timeline, middle_s)
    if window_s is not None:
        rate = rate * ((middle_s >= window_s[0]) & (middle_s < window_s[1]))
    if decay_s is not None:
        rate = rate * np.exp(-np.maximum(middle_s, 0.0) / decay_s)
    return Curve(edge_s, np.concatenate([[0.0], np.cumsum(rate * np.diff(edge_s))]))


def draw_events(stream: str, curve: Curve, rate_per_s: Floats, factor: Floats, frame: Frame) -> Events:
    """The events of one stream in all regencies, with times in [first midnight, last midnight).

    ``rate_per_s`` [R] is the mean rate of each regency, ``factor`` [R, D] or a scalar array the day's own.
    """
    places, timeline, source = frame
    at_midnight = np.interp(timeline.midnight_s, curve.edge_s, curve.total_s)
    mean = rate_per_s[:, None] * factor * np.diff(at_midnight)
    number = stream_id(stream)
    block = pack_key(places.code[:, None], number, timeline.day, 0)
    count = poisson_count(mean, uniform(seeded(block, source), "count"))
    if count.size and count.max() >= MOST_ORDINALS:
        label = places.label[int(count.max(axis=1).argmax())]
        raise InputError(
            f"demand: {count.max()} events of {stream} on one day in {label}; "
            f"lower the rate below {MOST_ORDINALS} a day"
        )
    flat = count.ravel()
    row = np.repeat(np.arange(flat.size), flat)
    ordinal = np.arange(row.size) - np.repeat(np.cumsum(flat) - flat, flat)
    regency, day = np.divmod(row, timeline.day.size)
    key = pack_key(places.code[regency], number, timeline.day[day], ordinal)
    u = uniform(seeded(key, source), "time")
    target = at_midnight[day] + u * (at_midnight[day + 1] - at_midnight[day])
    return Events(key=key, regency=regency, time_s=_invert(curve, target))


def draw_day_factor(day_factor: DayFactor, frame: Frame) -> Floats:
    """How good or bad each day is, [R, D]: Gamma of mean 1, the province's times the regency's own."""
    places, timeline, source = frame
    factor = np.ones((places.code.size, timeline.day.size))
    for purpose, code, cv in (
        ("shared", places.code // 100, day_factor.shared_cv),
        ("own", places.code, day_factor.own_cv),
    ):
        if cv > 0:
            key = pack_key(code[:, None], stream_id("day factor"), timeline.day, 0)
            factor = factor * gamma_quantile(cv, uniform(seeded(key, source), purpose))
    return factor


def join_events(parts: Sequence[Events]) -> Events:
    """Several lots of events as one, in the order given."""
    if not parts:
        return Events(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Events(
        key=np.concatenate([part.key for part in parts]),
        regency=np.concatenate([part.regency for part in parts]),
        time_s=np.concatenate([part.time_s for part in parts]),
    )


def _relative_rate(profile: Profile, timeline: Timeline, time_s: Floats) -> Floats:
    """The profile at these times; hours have a mean of 1 over the week."""
    if profile.pieces is not None:
        starts, factors = np.array(profile.pieces, dtype=np.float64).T
        at = np.searchsorted(starts, time_s, side="right") - 1
        return np.where(at >= 0, factors[np.maximum(at, 0)], 0.0)
    if profile.hours is not None:
        values = np.array(profile.hours, dtype=np.float64)
        values = values / values.mean()
    else:
        assert profile.peak_hour is not None and profile.swing is not None
        middle_h = np.arange(24) + 0.5
        values = 1 + profile.swing * np.cos(2 * np.pi * (middle_h - profile.peak_hour) / 24)
    hour: Ints = (
        np.floor((time_s - timeline.midnight_s[0]) / HOUR_S).astype(np.int64) + 24 * timeline.first_weekday
    )
    relative: Floats = values[hour % values.size]
    return relative


def _invert(curve: Curve, target: Floats) -> Floats:
    """The times at which the cumulated rate reaches the targets; a piece of rate 0 is never hit."""
    at = np.clip(np.searchsorted(curve.total_s, target, side="right") - 1, 0, curve.total_s.size - 2)
    width = curve.total_s[at + 1] - curve.total_s[at]
    part = np.divide(target - curve.total_s[at], width, out=np.zeros_like(target), where=width > 0)
    return curve.edge_s[at] + np.minimum(part, 1.0) * (curve.edge_s[at + 1] - curve.edge_s[at])
