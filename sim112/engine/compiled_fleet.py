"""The compiled engine's units: ``fleet.py`` as functions on tables, in the same order of what happens."""

from __future__ import annotations

from math import inf, isfinite, nan
from typing import Any

from sim112.engine.compiled_clock import (
    NONE,
    busy_s,
    compiled,
    constant,
    inlined,
    is_chosen_before,
    join_line,
    leave_line,
    leg_s,
    may_serve,
    order_of_choice,
    planned_s,
    set_timer,
    zone_on_way,
)
from sim112.engine.compiled_tables import Simulation
from sim112.engine.contract import NO_LIMIT, JobOutcome, Rank

UNIT = constant(Rank.UNIT)
UNFINISHED, SERVED, LOST = (constant(outcome) for outcome in JobOutcome)

# What a unit is doing. The reference's AT_WORK is four stages here, because its place in the story has to be
# written down.
IDLE, TURNOUT, ROLLING, ON_SCENE, TO_HOSPITAL, HANDING_OVER, BUSY, RETURNING = map(constant, range(8))


# ---- alerting and choosing ---------------------------------------------------------------------------------


@compiled
def alert(sim: Simulation, need_id: int, desk: int, by_notice: int) -> None:
    """An agency hears of an incident, once: make its job and assign a unit.

    A need of no agency was work on the ticket only.
    """
    need, clock = sim.needs[need_id], sim.clock[0]
    if need.is_alerted:
        return
    need.is_alerted = True
    if need.agency == NONE:
        return
    incident = sim.incidents[need.incident]
    job_id = clock.jobs
    clock.jobs += 1
    job = sim.jobs[job_id]
    job.need = need_id
    job.desk = desk
    job.notice = by_notice != 0
    job.outcome = UNFINISHED
    job.unit = NONE
    job.from_zone = NONE
    job.hospital = NONE
    job.assignments = 0
    job.alerted_s = clock.now_s
    job.assigned_s = nan
    job.rolling_s = nan
    job.on_scene_s = nan
    job.leave_scene_s = nan
    job.at_hospital_s = nan
    job.available_s = nan
    job.back_s = nan
    job.kind = incident.kind
    job.priority = sim.kinds[incident.kind].priority
    job.level = sim.kinds[incident.kind].ticket_level
    job.group = sim.group_of[need.agency, incident.regency]
    job.scene = incident.zone
    assign(sim, job_id)


@compiled
def assign(sim: Simulation, job_id: int) -> None:
    """Send the first choice of the available units; with none available the job waits, or is lost.

    Where a unit is diverted, the same then befalls the job that it drops.
    """
    while job_id != NONE:
        dropped = NONE
        job = sim.jobs[job_id]
        unit_id = first_choice(sim, job)
        if unit_id != NONE:
            dropped = send(sim, unit_id, job_id)
        elif sim.options[0].jobs_wait:
            join_line(sim.jobs, sim.waiting_jobs[job.group, job.level], job_id, job.alerted_s, job.need)
        else:
            job.outcome = LOST
        job_id = dropped


@compiled
def first_choice(sim: Simulation, job: Any) -> int:
    """The available unit that is preferred for the scene or, without preferences, has the least planned time;
    ties to the lowest id.
    """
    first, first_order = NONE, inf
    period = sim.clock[0].period
    for at in range(sim.candidate_start[job.group], sim.candidate_start[job.group + 1]):
        unit_id = sim.candidate_unit[at]
        unit = sim.units[unit_id]
        if not is_available(sim, unit) or is_held_back(sim, unit_id, job):
            continue
        if unit.stage == IDLE:
            unit_s = planned_s(unit.turnout_s, sim.travel_s[period, unit.base, job.scene])
        else:
            unit_s = planned_s(0.0, sim.travel_s[period, zone_of(sim, unit), job.scene])
        order = order_of_choice(preference_of(sim, unit_id, job), unit_s)
        if is_chosen_before(order, unit_id, first_order, NO_LIMIT if first == NONE else first):
            first, first_order = unit_id, order
    if sim.options[0].divert:
        # a unit rolling to a less urgent job, where it comes before any available one in order of choice
        for at in range(sim.candidate_start[job.group], sim.candidate_start[job.group + 1]):
            unit_id = sim.candidate_unit[at]
            unit = sim.units[unit_id]
            if unit.job == NONE or sim.jobs[unit.job].priority <= job.priority:
                continue
            if unit.stage == TURNOUT:
                unit_s = planned_s(unit.turnout_s, sim.travel_s[period, unit.origin, job.scene])
            elif unit.stage == ROLLING:
                unit_s = planned_s(0.0, sim.travel_s[period, zone_of(sim, unit), job.scene])
            else:
                continue
            order = order_of_choice(preference_of(sim, unit_id, job), unit_s)
            if order < first_order:
                first, first_order = unit_id, order
    return first if isfinite(first_order) else NONE


@inlined
def preference_of(sim: Simulation, unit_id: int, job: Any) -> int:
    """The unit's rank of preference for the scene, -1 where there are no preferences."""
    return int(sim.unit_preference[job.scene, unit_id]) if sim.unit_preference.size else NONE


@inlined
def is_available(sim: Simulation, unit: Any) -> bool:
    return bool(unit.stage == IDLE or (unit.stage == RETURNING and sim.options[0].assign_returning))


@inlined
def is_held_back(sim: Simulation, unit_id: int, job: Any) -> bool:
    """Whether the unit is the last available one of its regency and the job is not urgent enough for it."""
    if job.priority < sim.options[0].hold_back:  # always, where the policy is off
        return False
    group = sim.units[unit_id].group
    for at in range(sim.own_start[group], sim.own_start[group + 1]):
        other_id = sim.own_unit[at]
        if other_id != unit_id and is_available(sim, sim.units[other_id]):
            return False
    return True


@compiled
def zone_of(sim: Simulation, unit: Any) -> int:
    """The zone point at which a unit under way is, or the next one it reaches."""
    zone: int = zone_on_way(
        sim.travel_s[unit.period],
        sim.previous_zone[unit.period],
        unit.origin,
        unit.destination,
        unit.approach_s,
        unit.factor,
        unit.since_s,
        sim.clock[0].now_s,
    )
    return zone


# ---- what a unit does --------------------------------------------------------------------------------------


@compiled
def send(sim: Simulation, unit_id: int, job_id: int) -> int:
    """Assign the unit to the job, from where it is; returns the job that it drops for it, -1: none."""
    clock, unit, job = sim.clock[0], sim.units[unit_id], sim.jobs[job_id]
    dropped = unit.job
    stage = unit.stage
    if stage in (RETURNING, ROLLING):
        origin = zone_of(sim, unit)
    elif stage == TURNOUT:
        origin = unit.origin
    elif stage == IDLE:
        origin = unit.base
    else:  # just became available, where its last job ended
        origin = unit.destination
    unit.turn += 1
    unit.job = job_id
    set_leg(sim, unit, origin, origin, 0.0, 1.0)
    job.unit = unit_id
    job.from_zone = origin
    job.assigned_s = clock.now_s
    job.assignments += 1
    need = sim.needs[job.need]
    if sim.options[0].busy_drawn:
        unit.stage = BUSY
        table_s = sim.travel_s[clock.period, origin, job.scene] + approach_of(sim, job.scene)
        way_s = leg_s(table_s, need.travel_factor)
        job.rolling_s = clock.now_s + need.turnout_s
        job.on_scene_s = job.rolling_s + way_s
        set_timer(sim, clock.now_s + busy_s(need.busy_s, unit.busy_factor), UNIT, unit_id, unit.turn)
    else:
        unit.stage = TURNOUT
        turnout_s = need.turnout_s if stage in (IDLE, TURNOUT) else 0.0
        set_timer(sim, clock.now_s + turnout_s, UNIT, unit_id, unit.turn)
    if stage == IDLE and sim.options[0].move_up:
        move_up(sim, unit)
    if dropped != NONE:
        left = sim.jobs[dropped]
        left.unit = NONE
        left.from_zone = NONE
        left.assigned_s = nan
        left.rolling_s = nan
    return int(dropped)


@inlined
def approach_of(sim: Simulation, scene: int) -> float:
    """Time between the zone's point and a scene in it, on legs that start now."""
    return float(sim.scene_approach_s[sim.clock[0].period, scene])


@inlined
def set_leg(
    sim: Simulation, unit: Any, origin: int, destination: int, approach_s: float, factor: float
) -> None:
    unit.period = sim.clock[0].period
    unit.origin = origin
    unit.destination = destination
    unit.approach_s = approach_s
    unit.factor = factor
    unit.since_s = sim.clock[0].now_s


@compiled
def drive(
    sim: Simulation, unit_id: int, origin: int, destination: int, factor: float, from_s: float, to_s: float
) -> None:
    """Start a leg; its period and factor are fixed now. The timer is the arrival.

    ``from_s`` and ``to_s`` are the approaches from and to a scene, 0 where that end is none.
    """
    clock, unit = sim.clock[0], sim.units[unit_id]
    set_leg(sim, unit, origin, destination, from_s, factor)
    table_s = from_s + sim.travel_s[clock.period, origin, destination] + to_s
    set_timer(sim, clock.now_s + leg_s(table_s, factor), UNIT, unit_id, unit.turn)


@compiled
def unit_goes_on(sim: Simulation, unit_id: int) -> None:
    """A clock point of a unit: the end of one stage and the start of the next."""
    clock, unit = sim.clock[0], sim.units[unit_id]
    if unit.stage == RETURNING:
        come_back(sim, unit_id)
        return
    job = sim.jobs[unit.job]
    need = sim.needs[job.need]
    if unit.stage == TURNOUT:
        unit.stage = ROLLING
        job.rolling_s = clock.now_s
        drive(sim, unit_id, unit.origin, job.scene, need.travel_factor, 0.0, approach_of(sim, job.scene))
    elif unit.stage == ROLLING:
        unit.stage = ON_SCENE
        job.on_scene_s = clock.now_s
        set_timer(sim, clock.now_s + need.on_scene_s, UNIT, unit_id, unit.turn)
    elif unit.stage == ON_SCENE:
        hospital = sim.hospital_for[job.kind, clock.period, job.scene]
        if need.transports and hospital != NONE:
            unit.stage = TO_HOSPITAL
            job.hospital = hospital
            job.leave_scene_s = clock.now_s
            from_s, to = approach_of(sim, job.scene), sim.hospital_zone[hospital]
            drive(sim, unit_id, job.scene, to, need.travel_factor, from_s, 0.0)
        else:
            become_available(sim, unit_id)
    elif unit.stage == TO_HOSPITAL:
        unit.stage = HANDING_OVER
        job.at_hospital_s = clock.now_s
        set_timer(sim, clock.now_s + need.handover_s, UNIT, unit_id, unit.turn)
    else:  # handed over, or the end of a drawn busy time
        become_available(sim, unit_id)


@compiled
def become_available(sim: Simulation, unit_id: int) -> None:
    """The job is done: take a waiting one, or go back."""
    clock, unit = sim.clock[0], sim.units[unit_id]
    job_id = unit.job
    job = sim.jobs[job_id]
    job.available_s = clock.now_s
    job.outcome = SERVED
    unit.job = NONE
    if unit.stage == BUSY:
        job.back_s = clock.now_s
        unit.stage = IDLE
        take_waiting_job(sim, unit_id)
    elif not (sim.options[0].assign_returning and take_waiting_job(sim, unit_id)):
        unit.base = unit.home
        unit.back_job = job_id
        unit.stage = RETURNING
        from_s = approach_of(sim, job.scene) if job.hospital == NONE else 0.0
        drive(sim, unit_id, unit.destination, unit.base, sim.needs[job.need].travel_factor, from_s, 0.0)


@compiled
def come_back(sim: Simulation, unit_id: int) -> None:
    unit = sim.units[unit_id]
    unit.stage = IDLE
    if unit.back_job != NONE:
        sim.jobs[unit.back_job].back_s = sim.clock[0].now_s
    if not sim.options[0].assign_returning:
        take_waiting_job(sim, unit_id)


@compiled
def take_waiting_job(sim: Simulation, unit_id: int) -> bool:
    """A unit that becomes available takes the first waiting job that it may be sent to.

    Its own regency's jobs come before others.
    """
    unit = sim.units[unit_id]
    first = first_waiting_job(sim, unit_id, unit.regency)
    if first == NONE:
        for at in range(sim.helps_start[unit.regency], sim.helps_start[unit.regency + 1]):
            other = first_waiting_job(sim, unit_id, sim.helps_regency[at])
            if other != NONE and (first == NONE or waits_before(sim.jobs[other], sim.jobs[first])):
                first = other
    if first == NONE:
        return False
    job = sim.jobs[first]
    leave_line(sim.jobs, sim.waiting_jobs[job.group, job.level], first)
    send(sim, unit_id, first)
    return True


@compiled
def first_waiting_job(sim: Simulation, unit_id: int, regency: int) -> int:
    """The first job waiting in a regency that the unit may serve and is not held back from, -1: none."""
    unit, period = sim.units[unit_id], sim.clock[0].period
    group = sim.group_of[unit.agency, regency]
    zone = unit.base if unit.stage == IDLE else unit.destination
    for level in range(sim.waiting_jobs.shape[1]):
        job_id = sim.waiting_jobs[group, level].first
        while job_id != NONE:
            job = sim.jobs[job_id]
            rank, way_s = preference_of(sim, unit_id, job), sim.travel_s[period, zone, job.scene]
            if may_serve(rank, way_s) and not is_held_back(sim, unit_id, job):
                return job_id  # type: ignore[no-any-return]
            job_id = job.after
    return NONE


@inlined
def waits_before(a: Any, b: Any) -> bool:
    if a.priority != b.priority:
        return bool(a.priority < b.priority)
    if a.alerted_s != b.alerted_s:
        return bool(a.alerted_s < b.alerted_s)
    return bool(a.need < b.need)


@compiled
def move_up(sim: Simulation, gone: Any) -> None:
    """Cover the base that ``gone`` left empty from the nearest base of its group that has two idle units."""
    first, end = sim.own_start[gone.group], sim.own_start[gone.group + 1]
    period = sim.clock[0].period
    nearest, nearest_s = NONE, inf
    for at in range(first, end):
        unit = sim.units[sim.own_unit[at]]
        if unit.stage != IDLE:
            continue
        if unit.base == gone.base:
            return
        at_base = 0
        for other_at in range(first, end):
            other = sim.units[sim.own_unit[other_at]]
            at_base += other.stage == IDLE and other.base == unit.base
        way_s = sim.travel_s[period, unit.base, gone.base]
        if way_s < nearest_s and at_base >= 2:
            nearest, nearest_s = sim.own_unit[at], way_s
    if nearest != NONE:
        unit = sim.units[nearest]
        origin = unit.base
        unit.base = gone.base
        unit.turn += 1
        unit.back_job = NONE
        unit.stage = RETURNING
        drive(sim, nearest, origin, unit.base, 1.0, 0.0, 0.0)
