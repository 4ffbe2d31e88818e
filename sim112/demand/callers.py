"""Who calls: reporters of incidents, information seekers and nuisance, on 112 and on agencies' numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sim112.config.callers import Callers
from sim112.config.demand import AGENCIES, Demand
from sim112.demand.arrivals import Arrivals, chain_stream, draw_arrivals, read_arrivals
from sim112.demand.draws import draw, draw_count_each, draw_each, fold_key, order_of, seeded, uniform
from sim112.demand.incidents import PER_100K, Incidents, area_rate_per_s
from sim112.demand.places import Places, pick_zone
from sim112.demand.streams import (
    DAY_S,
    WEEK_S,
    Frame,
    Stream,
    Timeline,
    add_surges,
    expand,
)
from sim112.engine.contract import NONE, TICKS_PER_S, Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class People:
    """Everybody who calls, [M]: permanent key, what about, where, when, and which number."""

    key: Ints
    incident: Ints
    kind: Ints
    regency: Ints
    zone: Ints
    start_s: Floats
    dials_112: Bools
    agency: Ints
    lookup_s: Floats
    number_key: Ints  # the nuisance number that shows itself, numbered from 0 in order of key, -1: none
    log_row: Ints  # the caller's row of a call log, -1: drawn


def shares_who_dial_112(demand: Demand, places: Places) -> Floats:
    """Of the callers about each kind of incident in each regency with a mature centre, [R, K]."""
    shares = [[demand.dial_112_share_of(label, kind) for kind in demand.kinds] for label in places.label]
    return np.array(shares).reshape(len(places.label), len(demand.kinds))


def draw_reporters(
    demand: Demand, callers: Callers, incidents: Incidents, dial_112_share: Floats, frame: Frame
) -> People:
    """The people who report incidents: the first at the instant it is noticed, each further one later."""
    kinds = list(demand.kinds.values())
    further = [kind.further_callers for kind in kinds]
    incident, ordinal = expand(
        1 + draw_count_each(further, incidents.kind, incidents.seeded, "further callers")
    )
    key = fold_key(incidents.key[incident], ordinal)
    keys = seeded(key, frame.source)
    kind_of, regency = incidents.kind[incident], incidents.regency[incident]
    start_s = incidents.noticed_s[incident]
    later = np.flatnonzero(ordinal)
    delays = [kind.caller_delay_s for kind in kinds]
    if later.size:
        start_s[later] += draw_each(delays, kind_of[later], keys[later], "caller delay")
    share = dial_112_share[regency, kind_of] * _use_after_launch(demand, frame.places, regency, start_s)
    agency = number_called(demand, incidents)[incident]
    lookup_s = draw(callers.lookup_s, keys, "look-up")
    knows = np.array([callers.knows_share(name) for name in AGENCIES])
    lookup_s[(uniform(keys, "knows number") < knows[agency]) | (agency == NONE)] = 0.0
    return People(
        key=key,
        incident=incident,
        kind=kind_of,
        regency=regency,
        zone=incidents.zone[incident],
        start_s=start_s,
        dials_112=uniform(keys, "dials 112") < share,
        agency=agency,
        lookup_s=lookup_s,
        number_key=np.full(key.size, NONE, dtype=np.int64),
        log_row=np.full(key.size, NONE, dtype=np.int64),
    )


def call_streams(demand: Demand, places: Places, timeline: Timeline) -> Arrivals:
    """Calls without an incident, on 112 and on each agency's own number, and test calls after a launch."""
    streams = []
    launch = demand.launch
    for number, (name, kind) in enumerate(demand.calls.items(), start=len(demand.kinds)):
        scale = demand.rate_factor if kind.caller == "information" else demand.nuisance_factor
        entities_per_call = 1.0 if kind.numbers is None else 1 / (1 + kind.numbers.further_calls.expected)
        to_rate = places.population * PER_100K / DAY_S * scale * entities_per_call
        interval_s = None
        if kind.rate_per_100k_day is None:
            on_112, interval_s = area_rate_per_s(kind, places, scale * entities_per_call)
        else:
            answered = np.array([demand.rate_per_100k_day_of(label, name) for label in places.label])
            on_112 = answered / kind.answered_share * to_rate
        own = [Stream(name, number, NONE, on_112, kind.profile, interval_s=interval_s)]
        for column, agency in enumerate(AGENCIES):
            per_day = np.full(places.code.size, kind.agency_rate_per_100k_day.get(agency, 0.0))
            own.append(Stream(f"{name}@{agency}", number, column, per_day * to_rate, kind.profile))
        streams += add_surges([of for of in own if of.rate_per_s.any()], demand, places)
        if launch.regencies and launch.kind == name:
            answered_now = launch.rate_per_100k_day * np.exp(-launch.weeks_since / launch.decay_weeks)
            rate = _launched(demand, places) * answered_now / kind.answered_share * to_rate
            decay_s = launch.decay_weeks * WEEK_S
            streams.append(Stream(f"{name}/launch", number, NONE, rate, kind.profile, decay_s=decay_s))
    return read_arrivals(streams, demand.profiles, places, timeline)


@dataclass(frozen=True, eq=False)
class OtherCalls:
    """Calls without an incident, in no order."""

    key: Ints
    start_s: Floats
    zone: Ints
    stream: Ints
    number_key: Ints


def draw_other_calls(demand: Demand, streams: Arrivals, frame: Frame) -> list[OtherCalls]:
    """Calls without an incident: the first of every number, and all that follow from numbers of nuisance."""
    events, stream, keys = draw_arrivals(streams, 1.0, frame)
    kind = streams.kind[stream]
    # on the grid, not clipped at 0: a number whose first call came before is met in the middle of its calls
    start_s = np.rint(events.time_s * TICKS_PER_S) / TICKS_PER_S + 0.0
    zone = pick_zone(frame.places, events.regency, uniform(keys, "zone"))
    number_key = np.full(kind.size, NONE, dtype=np.int64)
    first = OtherCalls(fold_key(events.key, 0), start_s, zone, stream, number_key)

    each = [None] * len(demand.kinds) + [of.numbers for of in demand.calls.values()]
    numbers = [of for of in each if of is not None]
    numbers_of = np.cumsum([of is not None for of in each]) - 1
    caller = np.flatnonzero(np.array([of is not None for of in each], dtype=np.bool_)[kind])
    if caller.size == 0:
        return [first]
    which, keys = numbers_of[kind[caller]], keys[caller]
    shown = uniform(keys, "identified") < np.array([of.identified_share for of in numbers])[which]
    number_key[caller[shown][order_of(events.key[caller[shown]])]] = np.arange(np.count_nonzero(shown))
    row, nth = expand(draw_count_each([of.further_calls for of in numbers], which, keys, "further calls"))
    caller, nth = caller[row], nth + 1
    spacing_s = draw_each([of.spacing_s for of in numbers], which[row], keys[row], "spacing", nth)
    total_s = np.concatenate([[0.0], np.cumsum(spacing_s)])
    at = np.arange(1, nth.size + 1)
    further = OtherCalls(
        key=fold_key(events.key[caller], nth),
        start_s=start_s[caller] + (total_s[at] - total_s[at - nth]),
        zone=zone[caller],
        stream=stream[caller],
        number_key=number_key[caller],
    )
    return [first, further]


def join_people(
    reporters: People, others: Sequence[OtherCalls], streams: Arrivals, places: Places, end_s: float
) -> People:
    """Everybody who calls within the simulated time, in order of key."""
    key = np.concatenate([reporters.key, *(lot.key for lot in others)])
    start_s = np.concatenate([reporters.start_s, *(lot.start_s for lot in others)])
    order = _within(key, start_s, end_s)
    reports = np.flatnonzero(order < reporters.key.size)
    reporter = order[reports]

    nobody = np.full(reporters.key.size, NONE, dtype=np.int64)
    stream = np.concatenate([nobody, *(lot.stream for lot in others)])[order]
    agency = np.append(streams.agency, NONE)[stream]
    agency[reports] = reporters.agency[reporter]
    kind = np.append(streams.kind, NONE)[stream]
    kind[reports] = reporters.kind[reporter]
    dials_112 = agency == NONE
    dials_112[reports] = reporters.dials_112[reporter]
    incident = np.full(order.size, NONE, dtype=np.int64)
    incident[reports] = reporters.incident[reporter]
    lookup_s = np.zeros(order.size)
    lookup_s[reports] = reporters.lookup_s[reporter]
    zone = np.concatenate([reporters.zone, *(lot.zone for lot in others)])[order]
    return People(
        key=key[order],
        incident=incident,
        kind=kind,
        regency=places.zone_regency[zone],
        zone=zone,
        start_s=start_s[order],
        dials_112=dials_112,
        agency=agency,
        lookup_s=lookup_s,
        number_key=np.concatenate([nobody, *(lot.number_key for lot in others)])[order],
        log_row=np.full(order.size, NONE, dtype=np.int64),
    )


def sort_people(people: People, end_s: float) -> People:
    """Those who call within the simulated time, in order of key."""
    order = _within(people.key, people.start_s, end_s)
    return People(**{field.name: getattr(people, field.name)[order] for field in fields(People)})


def _within(key: Ints, start_s: Floats, end_s: float) -> Ints:
    keep = np.flatnonzero((start_s >= 0) & (start_s < end_s))
    return keep[order_of(key[keep])]


def name_streams(demand: Demand) -> list[str]:
    """The names of all streams of draws of this demand, whose numbers must differ."""
    chains = [chain_stream(name) for name, of in demand.profiles.items() if of.chain is not None]
    names = [*demand.kinds, "day factor", "call log", *chains]
    for name in demand.calls:
        names += [name, *(f"{name}@{agency}" for agency in AGENCIES)]
    for surge, of in demand.surges.items():
        names += [f"{name}/{surge}" for name in names if name.split("@")[0] in of.factors]
    return [*names, f"{demand.launch.kind}/launch"] if demand.launch.regencies else names


def number_called(demand: Demand, incidents: Incidents) -> Ints:
    """Whose own number is called about an incident: the first needed in the kind's order, else the first.

    -1 for a kind that has no such number.
    """
    orders = [[AGENCIES.index(name) for name in kind.numbers_called] for kind in demand.kinds.values()]
    most = max(map(len, orders), default=0)
    # to one length by the first number again, which there is never the first that is needed
    filled = [[*order, *(order or [NONE])[:1] * (most - len(order))] for order in orders]
    order: Ints = np.array(filled, dtype=np.int64).reshape(len(orders), most)[incidents.kind]
    if not order.size:
        return np.full(incidents.key.size, NONE, dtype=np.int64)
    row = np.arange(incidents.key.size)
    called: Ints = order[row, incidents.needed[row[:, None], order].argmax(axis=1)]
    return called


def _launched(demand: Demand, places: Places) -> Bools:
    return np.array([label in demand.launch.regencies for label in places.label])


def _use_after_launch(demand: Demand, places: Places, regency: Ints, time_s: Floats) -> Floats:
    """How much of its mature use 112 has where it was launched lately; 1 elsewhere."""
    launch = demand.launch
    age_weeks = launch.weeks_since + time_s / WEEK_S
    grown = 1 - (1 - launch.use_factor) * np.exp(-age_weeks / launch.use_growth_weeks)
    return np.where(_launched(demand, places)[regency], grown, 1.0)
