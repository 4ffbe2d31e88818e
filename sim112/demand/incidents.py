"""Incidents and what they need: events in the world, whoever calls about them."""

import math
from dataclasses import dataclass, fields

import numpy as np

from sim112.config.demand import AGENCIES, CallKind, Demand, IncidentKind
from sim112.config.work import ByAgency, Work
from sim112.demand.arrivals import Arrivals, draw_arrivals, read_arrivals
from sim112.demand.draws import NO_TIME, ByKey, Words, draw, draw_each, on_grid, order_of, seeded, uniform
from sim112.demand.places import Places, pick_zone
from sim112.demand.streams import (
    DAY_S,
    HOUR_S,
    Events,
    Frame,
    Stream,
    Timeline,
    add_surges,
    draw_day_factor,
)
from sim112.engine.contract import NONE, Bools, Floats, Ints

YEAR_DAYS = 365.25
PER_100K = 1e-5


@dataclass(frozen=True, eq=False)
class Incidents:
    """The incidents of one replication in order of their key, [I]; ``seeded`` are their keys to draw from."""

    key: Ints
    seeded: Words
    noticed_s: Floats
    kind: Ints
    regency: Ints
    zone: Ints
    needed: Bools  # [I, A]


@dataclass(frozen=True, eq=False)
class Needs:
    """What each agency needed will meet, [N], in the fixed order of agencies within an incident.

    An agency of -1 is work on the ticket of an incident that needs no agency.
    """

    start: Ints  # [I + 1]
    incident: Ints
    agency: Ints
    handling_s: Floats
    notice_s: Floats
    turnout_s: Floats
    travel_factor: Floats
    on_scene_s: Floats
    transports: Bools
    handover_s: Floats
    busy_s: Floats


def incident_streams(demand: Demand, places: Places, timeline: Timeline) -> Arrivals:
    """One stream for each kind of incident, and one for each of its surges."""
    streams = []
    for number, (name, kind) in enumerate(demand.kinds.items()):
        if kind.rate_per_100k_year is None:
            rate_per_s, interval_s = area_rate_per_s(kind, places, demand.rate_factor)
        else:
            per_year = np.array([demand.rate_per_100k_year_of(label, name) for label in places.label])
            rate_per_s = per_year * places.population * PER_100K / (YEAR_DAYS * DAY_S) * demand.rate_factor
            interval_s = None
        streams.append(Stream(name, number, NONE, rate_per_s, kind.profile, interval_s=interval_s))
    return read_arrivals(add_surges(streams, demand, places), demand.profiles, places, timeline)


def area_rate_per_s(
    kind: IncidentKind | CallKind, places: Places, factor: float
) -> tuple[Floats, float | None]:
    """The rate of a kind that has one for the whole area, by regency, [R]; and the interval, if it is fixed.

    A factor of 0 leaves a fixed interval that is longer than any simulation.
    """
    share = places.population / places.population.sum()
    if kind.rate_per_h is not None:
        return kind.rate_per_h / HOUR_S * factor * share, None
    assert kind.interval_s is not None
    interval_s = kind.interval_s / factor if factor > 0 else math.inf
    return share / kind.interval_s, interval_s


def draw_incidents(demand: Demand, streams: Arrivals, frame: Frame) -> Incidents:
    """All incidents noticed from the start to the end of the simulated time."""
    drawn = draw_arrivals(streams, draw_day_factor(demand.day_factor, frame), frame)
    return place_incidents(demand, drawn.events, streams.kind[drawn.stream], frame)


def place_incidents(
    demand: Demand, events: Events, kind: Ints, frame: Frame, zone: Ints | None = None
) -> Incidents:
    """Events within the simulated time as incidents: in order of key, with zone and agencies needed."""
    noticed_s = on_grid(events.time_s)
    keep = np.flatnonzero((events.time_s >= 0) & (noticed_s < frame.timeline.end_s))
    keep = keep[order_of(events.key[keep])]
    key, kind, regency = events.key[keep], kind[keep], events.regency[keep]
    keys = seeded(key, frame.source)
    needed = np.zeros((key.size, len(AGENCIES)), dtype=np.bool_)
    for column, agency in enumerate(AGENCIES):
        share = np.array([of.agencies.get(agency, 0.0) for of in demand.kinds.values()])
        if share.any():
            needed[:, column] = uniform(keys, f"needs/{agency}") < share[kind]
    return Incidents(
        key=key,
        seeded=keys,
        noticed_s=noticed_s[keep],
        kind=kind,
        regency=regency,
        zone=pick_zone(frame.places, regency, uniform(keys, "zone")) if zone is None else zone[keep],
        needed=needed,
    )


def draw_needs(demand: Demand, work: Work, incidents: Incidents) -> Needs:
    """The work that each needed agency meets; every draw is the incident's and the agency's own."""
    incident, agency = np.nonzero(incidents.needed)
    keys, kind = incidents.seeded[incident], incidents.kind[incident]

    def draw_by_agency(durations: ByAgency, purpose: str) -> Floats:
        return draw_each(
            [durations.of(name) for name in AGENCIES], agency, keys, _each_agency(purpose, agency)
        )

    on_scene = [of.on_scene_s.get(name, NO_TIME) for name in AGENCIES for of in demand.kinds.values()]
    ambulance = np.flatnonzero(agency == AGENCIES.index("ambulance"))
    transport_share = np.array([of.transport_share for of in demand.kinds.values()])
    transports, handover_s = np.zeros(agency.size, dtype=np.bool_), np.zeros(agency.size)
    transports[ambulance] = uniform(keys[ambulance], "transports") < transport_share[kind[ambulance]]
    handover_s[ambulance] = draw(work.handover_s, keys[ambulance], "handover")
    needs = Needs(
        start=np.concatenate([[0], np.cumsum(incidents.needed.sum(axis=1))]).astype(np.int64),
        incident=incident.astype(np.int64),
        agency=agency.astype(np.int64),
        handling_s=draw_by_agency(work.handling_s, "handling"),
        notice_s=draw_by_agency(work.notice_s, "notice"),
        turnout_s=draw_by_agency(work.turnout_s, "turnout"),
        travel_factor=draw(work.travel_factor, keys, _each_agency("travel", agency)),
        on_scene_s=draw_each(
            on_scene, agency * len(demand.kinds) + kind, keys, _each_agency("on scene", agency)
        ),
        transports=transports,
        handover_s=handover_s,
        busy_s=draw(work.busy_s, keys, _each_agency("busy", agency)),
    )
    return _with_ticket_work(demand, incidents, needs)


def _with_ticket_work(demand: Demand, incidents: Incidents, needs: Needs) -> Needs:
    """These needs and, for each incident that needs no agency but work on its ticket, one of nobody's."""
    handling = [of.handling_s for of in demand.kinds.values()]
    has_work = np.array([of is not None for of in handling], dtype=np.bool_)
    rows = np.flatnonzero(has_work[incidents.kind] & ~incidents.needed.any(axis=1))
    if rows.size == 0:
        return needs
    own: dict[str, Ints | Floats | Bools | float] = {
        "incident": rows,
        "agency": NONE,
        "handling_s": draw_each(
            [of or NO_TIME for of in handling],
            incidents.kind[rows],
            incidents.seeded[rows],
            "handling/ticket",
        ),
        "travel_factor": 1.0,
    }
    count = np.diff(needs.start)
    count[rows] = 1
    columns = {field.name: getattr(needs, field.name) for field in fields(Needs) if field.name != "start"}
    return Needs(
        start=np.concatenate([[0], np.cumsum(count)]),
        **{name: np.insert(of, needs.start[rows], own.get(name, 0)) for name, of in columns.items()},
    )


def _each_agency(purpose: str, agency: Ints) -> ByKey:
    return ByKey(tuple(f"{purpose}/{name}" for name in AGENCIES), agency)
