"""Everything random about one replication -> ``Calls``, whatever centres, rosters and units there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim112.config.callers import Behaviour, Callers
from sim112.config.demand import CallerClass, CallKind, Demand, IncidentKind, Talk
from sim112.config.work import Work
from sim112.demand.arrivals import Arrivals
from sim112.demand.call_log import people_of, read_call_log, told
from sim112.demand.callers import (
    People,
    call_streams,
    draw_other_calls,
    draw_reporters,
    join_people,
    name_streams,
    shares_who_dial_112,
    sort_people,
)
from sim112.demand.dials import draw_dials
from sim112.demand.draws import Source, Words, check_streams, draw, draw_each, seeded, uniform
from sim112.demand.incidents import draw_incidents, draw_needs, incident_streams
from sim112.demand.places import Places, read_places
from sim112.demand.streams import Clock, Frame, Timeline, read_timeline
from sim112.engine.contract import NONE, Bools, Calls, Floats, Ints
from sim112.world.area import Area

KEPT = 16
"""Demands that are kept ready, as a study may take several in turn."""


class DrawnScenario(Protocol):
    """The parts of a scenario that draws may depend on; nothing of a deployment is among them."""

    @property
    def seed(self) -> int:
        """The study's seed."""

    @property
    def clock(self) -> Clock:
        """The simulated span."""

    @property
    def demand(self) -> Demand:
        """What happens and who calls."""

    @property
    def callers(self) -> Callers:
        """How callers behave."""

    @property
    def work(self) -> Work:
        """How long people take."""


@dataclass(frozen=True)
class KindTable:
    """What an engine must know of the kinds, incident kinds first, in the order of the configuration, [K]."""

    name: tuple[str, ...]
    is_incident: Bools
    priority: Ints
    queue_priority: Ints
    recognised: Bools
    life_threatening: Bools
    is_emergency: Bools  # False: arranged ahead
    hospitals: tuple[tuple[str, ...], ...]  # services that take patients of the kind; empty for calls


def kind_table(demand: Demand) -> KindTable:
    """The kinds of a demand as arrays; calls without an incident have the priority after the last."""
    kinds, calls = demand.kinds.values(), demand.calls.values()
    queue_priority = [kind.queue_priority for kind in kinds] + [kind.queue_priority for kind in calls]
    last = max((kind.priority for kind in kinds), default=0) + 1
    return KindTable(
        name=(*demand.kinds, *demand.calls),
        is_incident=np.array([True] * len(kinds) + [False] * len(calls), dtype=np.bool_),
        priority=np.array([kind.priority for kind in kinds] + [last] * len(calls), dtype=np.int64),
        queue_priority=np.array(queue_priority, dtype=np.int64),
        recognised=np.array([kind.recognised for kind in kinds] + [False] * len(calls), dtype=np.bool_),
        life_threatening=np.array(
            [kind.life_threatening for kind in kinds] + [False] * len(calls), dtype=np.bool_
        ),
        is_emergency=np.array([kind.emergency for kind in kinds] + [False] * len(calls), dtype=np.bool_),
        hospitals=(*(kind.hospitals for kind in kinds), *(() for _ in calls)),
    )


def hospital_takes(demand: Demand, services: Sequence[str]) -> Bools:
    """Whether hospitals of these services take each kind, [K, H]."""
    return np.array(
        [[service in taken for service in services] for taken in kind_table(demand).hospitals], dtype=np.bool_
    ).reshape(len(demand.kinds) + len(demand.calls), len(services))


def draw_calls(scenario: DrawnScenario, area: Area, replication: int) -> Calls:
    """Draw one replication of a scenario: incidents, their needs, everybody who calls, and all their dials.

    Covers the whole simulated time from second 0, warm-up and cool-down included. The same seed, replication
    and demand give the same bytes, whatever is deployed. Raises InputError for a demand that cannot be drawn.
    """
    demand, callers = scenario.demand, scenario.callers
    always = _always(demand, area, scenario.clock)
    timeline = always.timeline
    frame = Frame(always.places, timeline, Source(scenario.seed, replication))
    log = None
    if demand.call_log is None:
        incidents = draw_incidents(demand, always.incidents, frame)
        reporters = draw_reporters(demand, callers, incidents, always.dial_112_share, frame)
        others = draw_other_calls(demand, always.calls, frame)
        people = join_people(reporters, others, always.calls, always.places, timeline.end_s)
    else:
        log = read_call_log(demand.call_log, demand, area, scenario.clock)
        incidents, logged = people_of(log, demand, callers, area, frame)
        people = sort_people(logged, timeline.end_s)
    keys = seeded(people.key, frame.source)
    needs = draw_needs(demand, scenario.work, incidents)

    behaviours, behaviour_of = _behaviours(demand, callers)
    dials = draw_dials(
        behaviours,
        behaviour_of[people.kind],
        keys,
        people.start_s,
        people.dials_112,
        people.agency != NONE,
        timeline.end_s,
    )
    wrong_regency = _draw_wrong_regency(callers, people, frame.places, keys)
    astray = np.flatnonzero(wrong_regency != NONE)  # few: nobody else can need a transfer talk
    transfer_talk_s = np.zeros(keys.size)
    transfer_talk_s[astray] = draw(scenario.work.transfer_talk_s, keys[astray], "transfer talk")
    talk_s, short_talk_s, after_call_s = _draw_talks(demand, people.kind, keys)
    patience_s = dials.patience_s
    if log is not None:
        talk_s = told(log.talk_s, people.log_row, talk_s)
        short_talk_s = np.minimum(short_talk_s, talk_s)
        after_call_s = told(log.after_call_s, people.log_row, after_call_s)
        first = dials.start[:-1]
        patience_s[first] = told(log.patience_s, people.log_row, patience_s[first])
    if not demand.after_call_work:
        after_call_s = np.zeros(people.key.size)
    return Calls(
        incident_key=incidents.key,
        incident_noticed_s=incidents.noticed_s,
        incident_kind=incidents.kind,
        incident_regency=incidents.regency,
        incident_zone=incidents.zone,
        need_start=needs.start,
        need_incident=needs.incident,
        need_agency=needs.agency,
        need_handling_s=needs.handling_s,
        need_notice_s=needs.notice_s,
        need_turnout_s=needs.turnout_s,
        need_travel_factor=needs.travel_factor,
        need_on_scene_s=needs.on_scene_s,
        need_transports=needs.transports,
        need_handover_s=needs.handover_s,
        need_busy_s=needs.busy_s,
        caller_key=people.key,
        caller_incident=people.incident,
        caller_kind=people.kind,
        caller_regency=people.regency,
        caller_start_s=people.start_s,
        caller_dials_112=people.dials_112,
        caller_agency=people.agency,
        caller_lookup_s=people.lookup_s,
        caller_wrong_regency=wrong_regency,
        caller_number=_dense(people.number_key),
        caller_pick_up_s=draw(scenario.work.pick_up_s, keys, "pick-up"),
        caller_talk_s=talk_s,
        caller_short_talk_s=short_talk_s,
        caller_transfer_talk_s=transfer_talk_s,
        caller_after_call_s=after_call_s,
        dial_start=dials.start,
        dial_second=dials.second,
        dial_patience_s=patience_s,
        dial_hang_up_share=dials.hang_up_share,
        dial_redials_blocked=dials.redials_blocked,
        dial_redials_abandoned=dials.redials_abandoned,
        dial_redial_delay_s=dials.redial_delay_s,
    )


@dataclass(frozen=True, eq=False)
class _Always:
    """What is the same in every replication."""

    demand: Demand
    area: Area
    clock: tuple[object, ...]
    timeline: Timeline
    places: Places
    incidents: Arrivals
    calls: Arrivals
    dial_112_share: Floats


_kept: list[_Always] = []


def _always(demand: Demand, area: Area, clock: Clock) -> _Always:
    """Read a demand once; those read last are kept for the replications to come."""
    times = (clock.start, clock.warm_up_s, clock.report_s, clock.cool_down_s)
    for known in _kept:
        if known.demand is demand and known.area is area and known.clock == times:
            return known
    check_streams(name_streams(demand))
    timeline = read_timeline(clock)
    places = next((known.places for known in _kept if known.area is area), None) or read_places(area)
    always = _Always(
        demand=demand,
        area=area,
        clock=times,
        timeline=timeline,
        places=places,
        incidents=incident_streams(demand, places, timeline),
        calls=call_streams(demand, places, timeline),
        dial_112_share=shares_who_dial_112(demand, places),
    )
    _kept.insert(0, always)
    del _kept[KEPT:]
    return always


def _behaviours(demand: Demand, callers: Callers) -> tuple[list[Behaviour], Ints]:
    """The behaviours that there are, and which of them callers of each kind have, [K]."""
    classes: list[CallerClass] = ["genuine", "information", "nuisance"]
    behaviours = [callers.behaviour(name) for name in classes]
    kinds: list[IncidentKind | CallKind] = [*demand.kinds.values(), *demand.calls.values()]
    number = [classes.index(of.caller) if isinstance(of, CallKind) else 0 for of in kinds]
    for kind, patience_s in enumerate(of.patience_s for of in kinds):
        if patience_s is not None:
            own = None if patience_s == "off" else patience_s
            behaviours.append(behaviours[number[kind]].model_copy(update={"patience_s": own}))
            number[kind] = len(behaviours) - 1
    return behaviours, np.array(number, dtype=np.int64)


def _dense(number: Ints) -> Ints:
    """Numbers from 0 on without gaps, in the same order; -1 stays."""
    shown = np.flatnonzero(number != NONE)
    occurs = np.zeros(int(number.max(initial=NONE)) + 1, dtype=np.int64)
    occurs[number[shown]] = 1
    dense = np.full(number.size, NONE, dtype=np.int64)
    dense[shown] = (np.cumsum(occurs) - 1)[number[shown]]
    return dense


def _draw_talks(demand: Demand, kind: Ints, keys: Words) -> tuple[Floats, Floats, Floats]:
    """Full talk, short talk and after-call work of every caller, s; without an incident none is short."""
    talks: list[Talk] = [of.talk or demand.genuine_talk for of in demand.kinds.values()]
    full = [of.talk_s for of in talks] + [of.talk_s for of in demand.calls.values()]
    after = [of.after_call_s for of in talks] + [of.after_call_s for of in demand.calls.values()]
    talk_s = draw_each(full, kind, keys, "talk")
    after_call_s = draw_each(after, kind, keys, "after call")
    # one uniform number for both: who speaks slowly does so in a short talk too, and it is never longer
    short_talk_s = talk_s.copy()
    genuine = np.flatnonzero(kind < len(talks))
    if genuine.size:
        short_s = draw_each(
            [of.short_talk_s or of.talk_s for of in talks], kind[genuine], keys[genuine], "talk"
        )
        short_talk_s[genuine] = np.minimum(short_s, talk_s[genuine])
    return talk_s, short_talk_s, after_call_s


def _draw_wrong_regency(callers: Callers, people: People, places: Places, keys: Words) -> Ints:
    """The neighbour to whose centre the network takes a 112 call from near the border, -1: the right one."""
    near = places.nearest_other_km <= callers.misrouted.border_km
    rows = np.flatnonzero(near[people.zone] & people.dials_112)
    rows = rows[uniform(keys[rows], "misrouted") < callers.misrouted.share]
    wrong_regency = np.full(people.zone.size, NONE, dtype=np.int64)
    wrong_regency[rows] = places.nearest_other[people.zone[rows]]
    return wrong_regency
