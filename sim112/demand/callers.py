"""Who calls: reporters of incidents, information seekers and nuisance, on 112 and on agencies' numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sim112.config.callers import Callers
from sim112.config.demand import AGENCIES, CallKind, Demand
from sim112.demand.draws import draw, draw_count, fold_key, seeded, uniform
from sim112.demand.incidents import PER_100K, Incidents, draw_with_surges
from sim112.demand.places import Places, pick_zone
from sim112.demand.streams import DAY_S, WEEK_S, Events, Frame, Timeline, draw_events, join_events, read_curve
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
    number_key: Ints  # the key of the nuisance number that shows itself, -1: none
    log_row: Ints  # the caller's row of a call log, -1: drawn


def draw_reporters(demand: Demand, callers: Callers, incidents: Incidents, frame: Frame) -> People:
    """The people who report incidents: the first at the instant it is noticed, each further one later."""
    places = frame.places
    further = np.zeros(incidents.key.size, dtype=np.int64)
    for number, kind in enumerate(demand.kinds.values()):
        rows = np.flatnonzero(incidents.kind == number)
        further[rows] = draw_count(kind.further_callers, incidents.seeded[rows], "further callers")
    incident, ordinal = _expand(further + 1)
    key = fold_key(incidents.key[incident], ordinal)
    keys = seeded(key, frame.source)
    kind_of = incidents.kind[incident]
    delay_s = np.zeros(key.size)
    for number, kind in enumerate(demand.kinds.values()):
        rows = np.flatnonzero((kind_of == number) & (ordinal > 0))
        delay_s[rows] = draw(kind.caller_delay_s, keys[rows], "caller delay")
    start_s = incidents.noticed_s[incident] + delay_s
    regency = incidents.regency[incident]
    share = np.array(
        [[demand.dial_112_share_of(label, name) for name in demand.kinds] for label in places.label]
    )
    share_of = share.reshape(len(places.label), len(demand.kinds))[regency, kind_of]
    share_of = share_of * _use_after_launch(demand, places, regency, start_s)
    agency = number_called(demand, incidents)[incident]
    lookup_s = draw(callers.lookup_s, keys, "look-up")
    knows = np.array([callers.knows_share(name) for name in AGENCIES])
    lookup_s[uniform(keys, "knows number") < knows[agency]] = 0.0
    return People(
        key=key,
        incident=incident,
        kind=kind_of,
        regency=regency,
        zone=incidents.zone[incident],
        start_s=start_s,
        dials_112=uniform(keys, "dials 112") < share_of,
        agency=agency,
        lookup_s=lookup_s,
        number_key=np.full(key.size, NONE, dtype=np.int64),
        log_row=np.full(key.size, NONE, dtype=np.int64),
    )


def draw_other_people(demand: Demand, frame: Frame) -> list[People]:
    """Calls without an incident, on 112 and on each agency's own number, and test calls after a launch."""
    lots = []
    for at, (name, kind) in enumerate(demand.calls.items()):
        number = len(demand.kinds) + at
        answered = np.array([demand.rate_per_100k_day_of(label, name) for label in frame.places.label])
        per_day = answered / kind.answered_share
        lots.append(_draw_calls_of(name, number, kind, NONE, per_day, demand, frame))
        for column, agency in enumerate(AGENCIES):
            per_day = np.full(frame.places.code.size, kind.agency_rate_per_100k_day.get(agency, 0.0))
            lots.append(_draw_calls_of(name, number, kind, column, per_day, demand, frame))
    return lots


def join_people(lots: Sequence[People], timeline: Timeline) -> People:
    """Several lots of people who start within the simulated time as one, in order of their key."""
    joined = {
        field.name: np.concatenate([getattr(lot, field.name) for lot in lots]) for field in fields(People)
    }
    keep = np.flatnonzero((joined["start_s"] >= 0) & (joined["start_s"] < timeline.end_s))
    keep = keep[np.argsort(joined["key"][keep])]
    return People(**{name: values[keep] for name, values in joined.items()})


def name_streams(demand: Demand) -> list[str]:
    """The names of all streams of draws of this demand, whose numbers must differ."""
    names = [*demand.kinds, "day factor", "call log"]
    for name in demand.calls:
        names += [name, *(f"{name}@{agency}" for agency in AGENCIES)]
    for surge, of in demand.surges.items():
        names += [f"{name}/{surge}" for name in names if name.split("@")[0] in of.factors]
    return [*names, f"{demand.launch.kind}/launch"] if demand.launch.regencies else names


def _draw_calls_of(
    name: str,
    number: int,
    kind: CallKind,
    agency: int,
    per_day: Floats,
    demand: Demand,
    frame: Frame,
) -> People:
    """The calls of one kind on one number: 112 (agency -1) or an agency's own."""
    places, timeline, source = frame
    stream = name if agency == NONE else f"{name}@{AGENCIES[agency]}"
    profile = demand.profiles[kind.profile]
    scale = demand.rate_factor if kind.caller == "information" else demand.nuisance_factor
    entities_per_call = 1.0 if kind.numbers is None else 1 / (1 + kind.numbers.further_calls.expected)
    to_rate = places.population * PER_100K / DAY_S * scale * entities_per_call
    flat = np.ones((1, 1))
    lots: list[Events] = []
    if per_day.any():
        lots += draw_with_surges(stream, name, profile, per_day * to_rate, flat, demand, frame)
    launch = demand.launch
    if agency == NONE and launch.regencies and launch.kind == name:
        curve = read_curve(profile, timeline, decay_s=launch.decay_weeks * WEEK_S)
        answered_now = launch.rate_per_100k_day * np.exp(-launch.weeks_since / launch.decay_weeks)
        rate = _launched(demand, places) * answered_now / kind.answered_share * to_rate
        lots.append(draw_events(f"{name}/launch", curve, rate, flat, frame))
    events = join_events(lots)
    row, ordinal = _expand(np.ones(events.key.size, dtype=np.int64))
    # on the grid, not clipped at 0: a number whose first call came before is met in the middle of its calls
    start_s = np.rint(events.time_s * TICKS_PER_S) / TICKS_PER_S + 0.0
    number_key = np.full(events.key.size, NONE, dtype=np.int64)
    entity = seeded(events.key, source)
    if kind.numbers is not None:
        row, ordinal = _expand(1 + draw_count(kind.numbers.further_calls, entity, "further calls"))
        spacing_s = draw(kind.numbers.spacing_s, entity[row], "spacing", ordinal)
        spacing_s[ordinal == 0] = 0.0
        waited_s = np.cumsum(spacing_s)
        start_s = start_s[row] + (waited_s - waited_s[_row_starts(row)])
        identified = uniform(entity, "identified") < kind.numbers.identified_share
        number_key = np.where(identified, events.key, NONE)
    key = fold_key(events.key[row], ordinal)
    return People(
        key=key,
        incident=np.full(key.size, NONE, dtype=np.int64),
        kind=np.full(key.size, number, dtype=np.int64),
        regency=events.regency[row],
        zone=pick_zone(places, events.regency[row], uniform(entity, "zone")[row]),
        start_s=start_s,
        dials_112=np.full(key.size, agency == NONE),
        agency=np.full(key.size, agency, dtype=np.int64),
        lookup_s=np.zeros(key.size),
        number_key=number_key[row],
        log_row=np.full(key.size, NONE, dtype=np.int64),
    )


def _row_starts(row: Ints) -> Ints:
    """For each entry of an ascending list of rows, where its row begins."""
    return np.searchsorted(row, row)


def _expand(count: Ints) -> tuple[Ints, Ints]:
    """(row, ordinal) of every member of rows that have so many."""
    row = np.repeat(np.arange(count.size), count)
    return row, np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)


def number_called(demand: Demand, incidents: Incidents) -> Ints:
    """Whose own number is called about an incident: the first needed in the kind's order, else the first."""
    agency = np.full(incidents.key.size, NONE, dtype=np.int64)
    for number, kind in enumerate(demand.kinds.values()):
        rows = np.flatnonzero(incidents.kind == number)
        order = np.array([AGENCIES.index(name) for name in kind.numbers_called])
        agency[rows] = order[incidents.needed[np.ix_(rows, order)].argmax(axis=1)]
    return agency


def _launched(demand: Demand, places: Places) -> Bools:
    return np.array([label in demand.launch.regencies for label in places.label])


def _use_after_launch(demand: Demand, places: Places, regency: Ints, time_s: Floats) -> Floats:
    """How much of its mature use 112 has where it was launched lately; 1 elsewhere."""
    launch = demand.launch
    age_weeks = launch.weeks_since + time_s / WEEK_S
    grown = 1 - (1 - launch.use_factor) * np.exp(-age_weeks / launch.use_growth_weeks)
    return np.where(_launched(demand, places)[regency], grown, 1.0)
