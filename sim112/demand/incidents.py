"""Incidents and what they need: events in the world, whoever calls about them."""

from dataclasses import dataclass

import numpy as np

from sim112.config.demand import AGENCIES, Demand
from sim112.config.work import ByAgency, Work
from sim112.demand.draws import NO_TIME, ByKey, Words, draw, draw_each, on_grid, order_of, seeded, uniform
from sim112.demand.places import Places, pick_zone
from sim112.demand.streams import (
    DAY_S,
    Events,
    Frame,
    Stream,
    Streams,
    Timeline,
    add_surges,
    draw_day_factor,
    draw_events,
    read_streams,
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
    """What each agency needed will meet, [N], in the fixed order of agencies within an incident."""

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


def incident_streams(demand: Demand, places: Places, timeline: Timeline) -> Streams:
    """One stream for each kind of incident, and one for each of its surges."""
    streams = []
    for number, (name, kind) in enumerate(demand.kinds.items()):
        per_year = np.array([demand.rate_per_100k_year_of(label, name) for label in places.label])
        rate_per_s = per_year * places.population * PER_100K / (YEAR_DAYS * DAY_S) * demand.rate_factor
        streams.append(Stream(name, number, NONE, rate_per_s, kind.profile))
    return read_streams(add_surges(streams, demand, places), demand.profiles, places, timeline)


def draw_incidents(demand: Demand, streams: Streams, frame: Frame) -> Incidents:
    """All incidents noticed from the start to the end of the simulated time."""
    drawn = draw_events(streams, draw_day_factor(demand.day_factor, frame), frame)
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
    return Needs(
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


def _each_agency(purpose: str, agency: Ints) -> ByKey:
    return ByKey(tuple(f"{purpose}/{name}" for name in AGENCIES), agency)
