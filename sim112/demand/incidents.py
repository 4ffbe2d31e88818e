"""Incidents and what they need: events in the world, whoever calls about them."""

from dataclasses import dataclass

import numpy as np

from sim112.config.demand import AGENCIES, Demand, Profile
from sim112.config.work import Work
from sim112.demand.draws import Words, draw, on_grid, seeded, uniform
from sim112.demand.places import pick_zone
from sim112.demand.streams import (
    DAY_S,
    HOUR_S,
    Events,
    Frame,
    draw_day_factor,
    draw_events,
    join_events,
    read_curve,
)
from sim112.engine.contract import Bools, Floats, Ints

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


def draw_incidents(demand: Demand, frame: Frame) -> Incidents:
    """All incidents noticed from the start to the end of the simulated time."""
    places = frame.places
    factor = draw_day_factor(demand.day_factor, frame)
    lots: list[Events] = []
    kinds: list[int] = []
    for number, (name, kind) in enumerate(demand.kinds.items()):
        per_year = np.array([demand.rate_per_100k_year_of(label, name) for label in places.label])
        rate_per_s = per_year * places.population * PER_100K / (YEAR_DAYS * DAY_S) * demand.rate_factor
        lots += draw_with_surges(name, name, demand.profiles[kind.profile], rate_per_s, factor, demand, frame)
        kinds += [number] * (len(lots) - len(kinds))
    events = join_events(lots)
    kind_of = np.repeat(np.array(kinds, dtype=np.int64), [lot.key.size for lot in lots])
    return place_incidents(demand, events, kind_of, frame)


def place_incidents(
    demand: Demand, events: Events, kind: Ints, frame: Frame, zone: Ints | None = None
) -> Incidents:
    """Events within the simulated time as incidents: in order of key, with zone and agencies needed."""
    noticed_s = on_grid(events.time_s)
    keep = np.flatnonzero((events.time_s >= 0) & (noticed_s < frame.timeline.end_s))
    keep = keep[np.argsort(events.key[keep])]
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
    size = incident.size
    handling_s, notice_s, turnout_s, travel_factor, on_scene_s, handover_s, busy_s = np.zeros((7, size))
    transports = np.zeros(size, dtype=np.bool_)
    for column, name in enumerate(AGENCIES):
        rows = np.flatnonzero(agency == column)
        own = keys[rows]
        handling_s[rows] = draw(work.handling_s.of(name), own, f"handling/{name}")
        notice_s[rows] = draw(work.notice_s.of(name), own, f"notice/{name}")
        turnout_s[rows] = draw(work.turnout_s.of(name), own, f"turnout/{name}")
        travel_factor[rows] = draw(work.travel_factor, own, f"travel/{name}")
        busy_s[rows] = draw(work.busy_s, own, f"busy/{name}")
        for number, of in enumerate(demand.kinds.values()):
            if name in of.agencies:
                mine = rows[kind[rows] == number]
                on_scene_s[mine] = draw(of.on_scene_s[name], keys[mine], f"on scene/{name}")
        if name == "ambulance":
            share = np.array([of.transport_share for of in demand.kinds.values()])
            transports[rows] = uniform(own, "transports") < share[kind[rows]]
            handover_s[rows] = draw(work.handover_s, own, "handover")
    return Needs(
        start=np.concatenate([[0], np.cumsum(incidents.needed.sum(axis=1))]).astype(np.int64),
        incident=incident.astype(np.int64),
        agency=agency.astype(np.int64),
        handling_s=handling_s,
        notice_s=notice_s,
        turnout_s=turnout_s,
        travel_factor=travel_factor,
        on_scene_s=on_scene_s,
        transports=transports,
        handover_s=handover_s,
        busy_s=busy_s,
    )


def draw_with_surges(
    stream: str,
    kind: str,
    profile: Profile,
    rate_per_s: Floats,
    factor: Floats,
    demand: Demand,
    frame: Frame,
) -> list[Events]:
    """One stream and, on top of it, one stream for each surge of its kind."""
    lots = [draw_events(stream, read_curve(profile, frame.timeline), rate_per_s, factor, frame)]
    for name, surge in demand.surges.items():
        if kind in surge.factors:
            inside = np.array(
                [not surge.regencies or label in surge.regencies for label in frame.places.label]
            )
            curve = read_curve(profile, frame.timeline, (surge.from_h * HOUR_S, surge.to_h * HOUR_S))
            extra = rate_per_s * inside * (surge.factors[kind] - 1)
            lots.append(draw_events(f"{stream}/{name}", curve, extra, factor, frame))
    return lots
