"""Streams of events: non-homogeneous Poisson processes whose events have permanent keys.

The block of a stream is one local day in one regency. Its count is the inverse Poisson distribution function
of one keyed uniform number at the day's integrated rate; event k has the key (regency, stream, day, k) and a
time that is the inverse of the day's cumulated profile at a uniform number of its own. A higher rate
therefore adds events and moves none, and a surge or a launch is a stream of its own on top.

``read_streams`` makes, once for a demand, what is the same in every replication; ``draw_events`` then draws
all blocks of all streams together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

import numpy as np

from sim112.config.demand import DayFactor, Demand
from sim112.config.profiles import Profile
from sim112.demand.draws import (
    DAY_BITS,
    MOST_ORDINALS,
    Source,
    Words,
    gamma_quantile,
    pack_key,
    poisson_count,
    seeded,
    stream_id,
    uniform,
)
from sim112.demand.places import Places
from sim112.demand.steps import Steps, guide_to
from sim112.engine.contract import Floats, Ints
from sim112.errors import InputError

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
DAY_ZERO = date(2000, 1, 1)
CONSTANT = Profile(peak_hour=0, swing=0)


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
    """A relative rate in time, cumulated: S pieces of constant rate, or of a rate that goes up or down."""

    edge_s: Floats  # [S + 1] ascending
    total_s: Floats  # [S + 1] the integral of the relative rate up to each edge
    steps: Steps  # the same, to find totals among
    gain_s: Floats  # [S] of each piece; infinite where the rate is 0
    length_s: Floats  # [S]
    slope_share: Floats | None = None  # [S] (last - first) / (last + first) rate of the piece; None: all 0


@dataclass(frozen=True, eq=False)
class Stream:
    """Events of one name in every regency."""

    name: str
    kind: int  # the number of the kind of incident or call
    agency: int  # whose own number is called, NONE: 112, or an incident
    rate_per_s: Floats  # [R] mean rates
    profile: str | None  # None: constant
    window_s: tuple[float, float] | None = None
    decay_s: float | None = None
    interval_s: float | None = None  # one event at each multiple, somewhere in the area


@dataclass(frozen=True, eq=False)
class Streams:
    """S streams in all that is the same in every replication; those of one curve follow each other.

    B blocks: for each stream, each regency, each day.
    """

    name: tuple[str, ...]
    kind: Ints  # [S]
    agency: Ints  # [S]
    rate_per_s: Floats  # [S, R, 1]
    gain_s: Floats  # [S, 1, D] the relative rate, integrated over each day
    block_key: Ints  # [B] the key of the block's first event
    block_regency: Ints  # [B]
    block_from_s: Floats  # [B] the relative rate, integrated up to the day
    block_gain_s: Floats  # [B]
    curves: tuple[tuple[Curve, int], ...]  # and how many streams each is for


@dataclass(frozen=True, eq=False)
class Events:
    """Events of one or more streams, each with its permanent key."""

    key: Ints
    regency: Ints
    time_s: Floats


class Drawn(NamedTuple):
    """Events, the stream that each is of, and their keys to draw from."""

    events: Events
    stream: Ints
    seeded: Words


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
    pairs = profile.pieces or profile.linear
    if pairs is not None:
        cuts.append(np.array([start for start, _ in pairs]))
    edge_s = np.unique(np.clip(np.concatenate(cuts), hours[0], hours[-1]))
    middle_s = (edge_s[:-1] + edge_s[1:]) / 2
    rate = _relative_rate(profile, timeline, middle_s)
    if window_s is not None:
        rate = rate * ((middle_s >= window_s[0]) & (middle_s < window_s[1]))
    if decay_s is not None:
        rate = rate * np.exp(-np.maximum(middle_s, 0.0) / decay_s)
    total_s = np.concatenate([[0.0], np.cumsum(rate * np.diff(edge_s))])
    gain_s = np.diff(total_s)
    return Curve(
        edge_s=edge_s,
        total_s=total_s,
        steps=guide_to(total_s),
        gain_s=np.where(gain_s > 0, gain_s, np.inf),
        length_s=np.diff(edge_s),
        slope_share=None if profile.linear is None else _slope_share(profile.linear, edge_s),
    )


def add_surges(streams: Sequence[Stream], demand: Demand, places: Places) -> list[Stream]:
    """These streams and, on top of each, one stream for each surge of its kind."""
    names = [*demand.kinds, *demand.calls]
    every: list[Stream] = []
    for stream in streams:
        every.append(stream)
        for surge_name, surge in demand.surges.items():
            factor = surge.factors.get(names[stream.kind])
            if factor is not None:
                inside = np.array([not surge.regencies or label in surge.regencies for label in places.label])
                every.append(
                    replace(
                        stream,
                        name=f"{stream.name}/{surge_name}",
                        rate_per_s=stream.rate_per_s * inside * (factor - 1),
                        window_s=(surge.from_h * HOUR_S, surge.to_h * HOUR_S),
                    )
                )
    return every


def group_by_curve(streams: Iterable[Stream]) -> list[list[Stream]]:
    """The streams whose rates move alike, together."""
    by_curve: dict[tuple[object, ...], list[Stream]] = {}
    for stream in streams:
        by_curve.setdefault((stream.profile, stream.window_s, stream.decay_s), []).append(stream)
    return list(by_curve.values())


def read_streams(
    streams: Sequence[Stream], profiles: Mapping[str, Profile], places: Places, timeline: Timeline
) -> Streams:
    """All that can be said of these streams before a replication is drawn."""
    by_curve = group_by_curve(streams)
    streams = [stream for alike in by_curve for stream in alike]
    curves = []
    for alike in by_curve:
        profile = CONSTANT if alike[0].profile is None else profiles[alike[0].profile]
        curves.append((read_curve(profile, timeline, alike[0].window_s, alike[0].decay_s), len(alike)))
    shape = (len(streams), places.code.size, timeline.day.size)
    up_to_s = np.zeros((0, timeline.day.size + 1))
    if streams:
        at_midnight = [np.interp(timeline.midnight_s, curve.edge_s, curve.total_s) for curve, _ in curves]
        up_to_s = np.repeat(at_midnight, [number for _, number in curves], axis=0)
    from_s, gain_s = up_to_s[:, None, :-1], np.diff(up_to_s)[:, None, :]
    number = np.array([stream_id(stream.name) for stream in streams], dtype=np.int64)
    return Streams(
        name=tuple(stream.name for stream in streams),
        kind=np.array([stream.kind for stream in streams], dtype=np.int64),
        agency=np.array([stream.agency for stream in streams], dtype=np.int64),
        rate_per_s=np.array([stream.rate_per_s for stream in streams]).reshape(*shape[:2], 1),
        gain_s=gain_s,
        block_key=pack_key(places.code[:, None], number[:, None, None], timeline.day, 0).ravel(),
        block_regency=np.broadcast_to(np.arange(shape[1])[:, None], shape).ravel(),
        block_from_s=np.broadcast_to(from_s, shape).ravel(),
        block_gain_s=np.broadcast_to(gain_s, shape).ravel(),
        curves=tuple(curves),
    )


def draw_events(streams: Streams, factor: Floats | float, frame: Frame) -> Drawn:
    """The events of all streams in all regencies, with times in [first midnight, last midnight).

    ``factor`` [R, D] is each day's own, or 1.
    """
    mean = streams.rate_per_s * factor * streams.gain_s
    flat, enough = mean.ravel(), 2.0 * MOST_ORDINALS  # more is refused anyway, and takes for ever to draw
    u = uniform(seeded(streams.block_key, frame.source), "count")
    count = poisson_count(np.minimum(flat, enough), u)
    if count.size and count.max() >= MOST_ORDINALS:
        events = np.where(flat < enough, count, flat)
        worst = int(events.argmax())
        stream = streams.name[worst * len(streams.name) // count.size]
        raise InputError(
            f"demand: {events[worst]:.0f} events of {stream} on one day in "
            f"{frame.places.label[streams.block_regency[worst]]}; lower the rate below {MOST_ORDINALS} a day"
        )
    block, ordinal = expand(count)
    key = streams.block_key[block] + ordinal
    keys = seeded(key, frame.source)
    total_s = uniform(keys, "time")
    total_s *= streams.block_gain_s[block]
    total_s += streams.block_from_s[block]
    events_of = count.reshape(mean.shape).sum(axis=(1, 2))
    time_s, begin, first = np.zeros(key.size), 0, 0
    for curve, number in streams.curves:
        end = begin + int(events_of[first : first + number].sum())
        if end > begin:
            time_s[begin:end] = _invert(curve, total_s[begin:end])
        begin, first = end, first + number
    return Drawn(
        Events(key=key, regency=streams.block_regency[block], time_s=time_s),
        stream=np.repeat(np.arange(events_of.size), events_of),
        seeded=keys,
    )


def expand(count: Ints) -> tuple[Ints, Ints]:
    """(row, ordinal) of every member of rows that have so many."""
    row = np.repeat(np.arange(count.size), count)
    return row, np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)


def draw_day_factor(day_factor: DayFactor, frame: Frame) -> Floats:
    """How good or bad each day is, [R, D]: Gamma of mean 1, the province's times the regency's own."""
    places, timeline, source = frame
    factor = np.ones((places.code.size, timeline.day.size))
    for purpose, code_of, cv in (
        ("shared", places.code // 100, day_factor.shared_cv),
        ("own", places.code, day_factor.own_cv),
    ):
        if cv > 0:
            code, at = np.unique(code_of, return_inverse=True)
            key = pack_key(code[:, None], stream_id("day factor"), timeline.day, 0)
            factor = factor * gamma_quantile(cv, uniform(seeded(key, source), purpose))[at]
    return factor


def _relative_rate(profile: Profile, timeline: Timeline, time_s: Floats) -> Floats:
    """The profile at these times; hours have a mean of 1 over the week."""
    if profile.pieces is not None:
        starts, factors = np.array(profile.pieces, dtype=np.float64).T
        at = np.searchsorted(starts, time_s, side="right") - 1
        return np.where(at >= 0, factors[np.maximum(at, 0)], 0.0)
    if profile.linear is not None:
        starts, factors = np.array(profile.linear, dtype=np.float64).T
        return np.where(time_s >= 0, np.interp(time_s, starts, factors), 0.0)
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


def _slope_share(pairs: Sequence[tuple[float, float]], edge_s: Floats) -> Floats:
    """How steep each piece between two edges is, from -1 (down to 0) to 1 (up from 0)."""
    starts, factors = np.array(pairs, dtype=np.float64).T
    rate = np.interp(edge_s, starts, factors)
    both = rate[1:] + rate[:-1]
    return np.where((both > 0) & (edge_s[:-1] >= 0), np.diff(rate) / np.where(both > 0, both, 1.0), 0.0)


def _invert(curve: Curve, target: Floats) -> Floats:
    """The times at which the cumulated rate reaches the targets; a piece of rate 0 is never hit."""
    at = np.minimum(curve.steps.below(target), curve.total_s.size - 1) - 1
    part: Floats = target - curve.total_s[at]
    part /= curve.gain_s[at]
    np.minimum(part, 1.0, out=part)
    if curve.slope_share is not None:
        # of a rate 1 - a + 2 a x at x of the piece, the part (1 - a) x + a x^2 has come
        slope = curve.slope_share[at]
        root = np.sqrt(np.maximum((1 - slope) ** 2 + 4 * slope * part, 0.0))
        part = 2 * part / np.maximum(1 - slope + root, np.finfo(np.float64).tiny)
    part *= curve.length_s[at]
    part += curve.edge_s[at]
    return part
