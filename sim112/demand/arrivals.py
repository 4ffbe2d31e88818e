"""All streams of events of a demand: Poisson, modulated by a chain, or at a fixed interval.

Poisson streams with rates that are known beforehand are read once, in ``demand.streams``. What a chain does
is drawn for each replication, by keys of its own, and is one path for all streams that name its profile;
given the path they are Poisson streams like the others. Events at a fixed interval have the keys (stream,
ordinal), and a draw decides in which regency each happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim112.config.profiles import Chain, Profile
from sim112.demand.draws import ORDINAL_BITS, pack_key, seeded, stream_id, uniform
from sim112.demand.places import Places
from sim112.demand.streams import (
    Drawn,
    Events,
    Frame,
    Stream,
    Streams,
    Timeline,
    draw_events,
    group_by_curve,
    read_streams,
)
from sim112.engine.contract import Floats, Ints
from sim112.errors import InputError

MOST_STAYS = 1_000_000
"""Stays of a chain in one replication beyond which reading them takes longer than all the rest."""

MOST_REGULAR = 20_000_000
"""Events at a fixed interval in one replication beyond which memory would run out."""


@dataclass(frozen=True, eq=False)
class Arrivals:
    """S streams in all that is the same in every replication: Poisson ones, modulated ones, regular ones."""

    steady: Streams
    modulated: tuple[Stream, ...]  # those of one curve follow each other
    regular: tuple[Stream, ...]
    chains: Mapping[str, Chain]  # by profile
    kind: Ints  # [S]
    agency: Ints  # [S]


def read_arrivals(
    streams: Sequence[Stream], profiles: Mapping[str, Profile], places: Places, timeline: Timeline
) -> Arrivals:
    """All that can be said of these streams before a replication is drawn."""
    regular = tuple(stream for stream in streams if stream.interval_s is not None)
    used = {stream.profile for stream in streams if stream.interval_s is None}
    chains = {name: of.chain for name, of in profiles.items() if of.chain is not None and name in used}
    by_chain = group_by_curve(of for of in streams if of.interval_s is None and of.profile in chains)
    modulated = tuple(stream for alike in by_chain for stream in alike)
    rest = [of for of in streams if of.interval_s is None and of.profile not in chains]
    steady = read_streams(rest, profiles, places, timeline)
    return Arrivals(
        steady=steady,
        modulated=modulated,
        regular=regular,
        chains=chains,
        kind=np.append(steady.kind, [of.kind for of in (*modulated, *regular)]).astype(np.int64),
        agency=np.append(steady.agency, [of.agency for of in (*modulated, *regular)]).astype(np.int64),
    )


def draw_arrivals(arrivals: Arrivals, factor: Floats | float, frame: Frame) -> Drawn:
    """The events of all streams; ``factor`` [R, D] is each day's own, or 1. It moves no fixed interval."""
    steady = draw_events(arrivals.steady, factor, frame)
    if not arrivals.modulated and not arrivals.regular:
        return steady
    lots, number = [steady], len(arrivals.steady.name)
    if arrivals.modulated:
        paths = {name: draw_path(name, chain, frame) for name, chain in arrivals.chains.items()}
        modulated = read_streams(arrivals.modulated, paths, frame.places, frame.timeline)
        drawn = draw_events(modulated, factor, frame)
        lots.append(drawn._replace(stream=drawn.stream + number))
        number += len(arrivals.modulated)
    lots += [_draw_regular(of, at, frame) for at, of in enumerate(arrivals.regular, start=number)]
    return Drawn(
        Events(
            key=np.concatenate([lot.events.key for lot in lots]),
            regency=np.concatenate([lot.events.regency for lot in lots]),
            time_s=np.concatenate([lot.events.time_s for lot in lots]),
        ),
        stream=np.concatenate([lot.stream for lot in lots]),
        seeded=np.concatenate([lot.seeded for lot in lots]),
    )


def chain_stream(profile: str) -> str:
    """The name of the stream of draws of a chain."""
    return f"chain {profile}"


def draw_path(profile: str, chain: Chain, frame: Frame) -> Profile:
    """What a chain does in one replication, as pieces from second 0 to the end.

    Its first state is drawn by the share of time that the chain is in each, so that it is stationary.
    """
    factors, mean_s = np.array(chain.factors), np.array(chain.mean_sojourn_s)
    end_s = frame.timeline.end_s
    in_state = np.cumsum(mean_s) / mean_s.sum()
    stream = chain_stream(profile)
    u_first = uniform(seeded(_key_of(stream, np.arange(1)), frame.source), "first state")[0]
    first = min(int(np.searchsorted(in_state, u_first)), mean_s.size - 1)
    stays = int(1.2 * end_s / mean_s.mean()) + 8 * mean_s.size
    while True:
        if stays > MOST_STAYS:
            raise InputError(
                f"demand.profiles.{profile}.chain: more than {MOST_STAYS:,} stays in {end_s:g} s; "
                "give a longer mean_sojourn_s"
            )
        nth = np.arange(stays)
        u = uniform(seeded(_key_of(stream, nth), frame.source), "sojourn")
        state = (first + nth) % mean_s.size
        until_s = np.cumsum(-np.log1p(-u) * mean_s[state])
        if until_s[-1] >= end_s:
            break
        stays *= 2
    start_s = np.concatenate([[0.0], until_s[:-1]])
    keep = np.flatnonzero((start_s < end_s) & (until_s > start_s))
    return Profile(pieces=tuple(zip(start_s[keep].tolist(), factors[state[keep]].tolist(), strict=True)))


def _draw_regular(stream: Stream, number: int, frame: Frame) -> Drawn:
    """One event at each multiple of the interval before the end, in a regency by its share of the rate."""
    assert stream.interval_s is not None
    many = int(np.ceil(frame.timeline.end_s / stream.interval_s)) - 1
    if many > MOST_REGULAR:
        raise InputError(
            f"demand: {many:,} events of {stream.name} at an interval of {stream.interval_s:g} s; "
            "give a longer interval_s"
        )
    nth = np.arange(max(many, 0))
    key = _key_of(stream.name, nth)
    keys = seeded(key, frame.source)
    up_to = np.cumsum(stream.rate_per_s)
    regency = np.searchsorted(up_to, uniform(keys, "regency") * up_to[-1], side="right")
    return Drawn(
        Events(
            key=key,
            regency=np.minimum(regency, up_to.size - 1),
            time_s=np.multiply(nth + 1, stream.interval_s),
        ),
        stream=np.full(nth.size, number),
        seeded=keys,
    )


def _key_of(name: str, nth: Ints) -> Ints:
    """Permanent keys of what belongs to no regency, by its number in its stream."""
    return pack_key(0, stream_id(name), nth >> ORDINAL_BITS, nth % (1 << ORDINAL_BITS))
