"""The reference engine's units: who is sent, and what a unit does until it is back at its station."""

from __future__ import annotations

from bisect import insort
from enum import IntEnum
from math import inf, isfinite, nan
from typing import Any

from sim112.engine import rules
from sim112.engine.clock import Clock, Story, Timer, tell
from sim112.engine.contract import NO_LIMIT, NONE, Calls, JobOutcome, Rank, World
from sim112.engine.records import Detour, JobRecord


class State(IntEnum):
    """What a unit is doing; it does one of these at any time."""

    IDLE = 0  # at its base
    TURNOUT = 1  # assigned, getting ready
    ROLLING = 2  # on its way to a scene
    AT_WORK = 3  # at a scene, on the way to hospital, or handing over
    RETURNING = 4  # on its way to its base


class Unit:
    """One vehicle with its crew: its *home* is its station, its *base* where it returns to."""

    def __init__(self, identity: int, world: World) -> None:
        self.id = identity
        self.agency = world.unit_agency[identity]
        self.regency = world.unit_regency[identity]
        self.home = self.base = world.unit_zone[identity]
        self.turnout_s = world.unit_turnout_s[identity]
        self.busy_factor = world.unit_busy_factor[identity]
        self.state = State.IDLE
        self.turn = 0  # assignments so far; a timer of an earlier turn is void
        self.job: JobRecord | None = None
        # the leg it drives: travel period, origin, destination, approach from a scene, factor, since when
        self.leg: tuple[int, int, int, float, float, float] = (0, self.home, self.home, 0.0, 1.0, 0.0)


class Fleet:
    """All units of the province and the jobs they serve or that wait for them."""

    def __init__(self, env: Clock, world: World, calls: Calls) -> None:
        self.env = env
        self.world = world
        self.calls = calls
        self.period = 0  # of travel times, set by World.change_*
        self.jobs: list[JobRecord] = []
        self.detours: list[Detour] = []  # in no log, as nothing is measured of them; a map shows them
        self.is_alerted = bytearray(len(calls.need_agency))
        self.units = [Unit(u, world) for u in range(len(world.unit_agency))]

        regencies, agencies = range(len(world.regency_name)), range(len(world.agency_name))
        own: dict[tuple[int, int], list[Unit]] = {(a, r): [] for a in agencies for r in regencies}
        for unit in self.units:
            own[unit.agency, unit.regency].append(unit)
        neighbours: list[list[int]] = [[] for _ in regencies]
        if world.mutual_aid:
            start, neighbour = world.neighbour_start, world.neighbour_regency
            neighbours = [list(neighbour[start[r] : start[r + 1]]) for r in regencies]
        self.own_units = own
        # the units that may serve a regency, and the other regencies that a unit may serve
        self.candidates = {
            (a, r): sorted((u for s in [r, *neighbours[r]] for u in own[a, s]), key=lambda unit: unit.id)
            for a, r in own
        }
        self.helps = [[r for r in regencies if s in neighbours[r]] for s in regencies]
        self.waiting: dict[tuple[int, int], list[tuple[int, float, int, JobRecord]]] = {
            key: [] for key in own
        }

    # ---- alerting and choosing -----------------------------------------------------------------------------

    def alert(self, need: int, desk: int, by_notice: bool = False) -> None:
        """An agency hears of an incident, once: make its job and assign a unit.

        A need of no agency was work on the ticket only.
        """
        if self.is_alerted[need]:
            return
        self.is_alerted[need] = True
        if self.calls.need_agency[need] == NONE:
            return
        job = JobRecord(need, desk, by_notice, self.env.now)
        incident = self.calls.need_incident[need]
        job.agency = self.calls.need_agency[need]
        job.regency = self.calls.incident_regency[incident]
        job.kind = self.calls.incident_kind[incident]
        job.priority = self.world.kind_priority[job.kind]
        job.scene = self.calls.incident_zone[incident]
        self.jobs.append(job)
        self.assign(job)

    def assign(self, job: JobRecord) -> None:
        """Send the first choice of the available units; with none available the job waits, or is lost."""
        unit = self.first_choice(job)
        if unit is not None:
            self.send(unit, job)
        elif self.world.jobs_wait:
            insort(self.waiting[job.agency, job.regency], (job.priority, job.alerted_s, job.need, job))
        else:
            job.outcome = JobOutcome.LOST

    def first_choice(self, job: JobRecord) -> Unit | None:
        """The available unit that is preferred for the scene or, without preferences, has the least planned
        time; ties to the lowest id.
        """
        to_scene_s = self.world.travel_s[self.period, :, job.scene]
        first, first_order = None, inf
        for unit in self.candidates[job.agency, job.regency]:
            if not self.is_available(unit) or self.is_held_back(unit, job):
                continue
            if unit.state == State.IDLE:
                planned_s = rules.planned_s(unit.turnout_s, to_scene_s[unit.base])
            else:
                planned_s = rules.planned_s(0.0, to_scene_s[self.zone_of(unit)])
            order = rules.order_of_choice(self.rank_of(unit, job), planned_s)
            if rules.is_chosen_before(order, unit.id, first_order, NO_LIMIT if first is None else first.id):
                first, first_order = unit, order
        if self.world.divert:
            first, first_order = self.first_by_diversion(job, to_scene_s, first, first_order)
        return first if isfinite(first_order) else None

    def first_by_diversion(
        self, job: JobRecord, to_scene_s: Any, first: Unit | None, first_order: float
    ) -> tuple[Unit | None, float]:
        """A unit rolling to a less urgent job, where it comes before any available one in order of choice."""
        for unit in self.candidates[job.agency, job.regency]:
            if unit.job is None or unit.job.priority <= job.priority:
                continue
            if unit.state == State.TURNOUT:
                planned_s = rules.planned_s(unit.turnout_s, to_scene_s[unit.leg[1]])
            elif unit.state == State.ROLLING:
                planned_s = rules.planned_s(0.0, to_scene_s[self.zone_of(unit)])
            else:
                continue
            order = rules.order_of_choice(self.rank_of(unit, job), planned_s)
            if order < first_order:
                first, first_order = unit, order
        return first, first_order

    def rank_of(self, unit: Unit, job: JobRecord) -> int:
        """The unit's rank of preference for the scene, -1 where there are no preferences."""
        preference = self.world.unit_preference
        return int(preference[job.scene, unit.id]) if preference.size else NONE

    def is_available(self, unit: Unit) -> bool:
        return unit.state == State.IDLE or (unit.state == State.RETURNING and self.world.assign_returning)

    def is_held_back(self, unit: Unit, job: JobRecord) -> bool:
        """Whether the unit is the last available one of its regency and the job not urgent enough."""
        if job.priority < self.world.hold_back:  # always, where the policy is off
            return False
        group = self.own_units[unit.agency, unit.regency]
        return not any(self.is_available(other) for other in group if other is not unit)

    def zone_of(self, unit: Unit) -> int:
        """The zone point at which a unit under way is, or the next one it reaches."""
        period, origin, destination, approach_s, factor, since_s = unit.leg
        travel_s, previous_zone = self.world.travel_s[period], self.world.previous_zone[period]
        return rules.zone_on_way(
            travel_s, previous_zone, origin, destination, approach_s, factor, since_s, self.env.now
        )

    # ---- what a unit does ----------------------------------------------------------------------------------

    def send(self, unit: Unit, job: JobRecord) -> None:
        """Assign the unit to the job, from where it is: its base, or the road."""
        dropped = unit.job  # where it is diverted
        on_the_road = unit.state in (State.RETURNING, State.ROLLING, State.AT_WORK)
        if unit.state in (State.RETURNING, State.ROLLING):
            origin = self.zone_of(unit)
        elif unit.state == State.TURNOUT:
            origin = unit.leg[1]
        elif unit.state == State.AT_WORK:  # just became available, where its last job ended
            origin = unit.leg[2]
        else:
            origin = unit.base
        left_base = unit.state == State.IDLE
        unit.state = State.TURNOUT
        unit.turn += 1
        unit.job = job
        unit.leg = (self.period, origin, origin, 0.0, 1.0, self.env.now)
        job.unit, job.from_zone = unit.id, origin
        job.assigned_s = self.env.now
        job.assignments += 1
        turnout_s = 0.0 if on_the_road else self.calls.need_turnout_s[job.need]
        tell(self.be_busy(unit, job) if self.world.busy_drawn else self.respond(unit, job, turnout_s))
        if left_base and self.world.move_up:
            self.move_up(unit)
        if dropped is not None:
            started = (dropped.assigned_s, dropped.rolling_s, self.env.now)
            self.detours.append(Detour(unit.id, dropped.need, dropped.from_zone, dropped.scene, *started))
            dropped.unit = dropped.from_zone = NONE
            dropped.assigned_s = dropped.rolling_s = nan
            self.assign(dropped)

    def respond(self, unit: Unit, job: JobRecord, turnout_s: float) -> Story:
        """The story of one unit at one job, from the assignment until it is back at its base."""
        env, calls, need, turn = self.env, self.calls, job.need, unit.turn
        factor = calls.need_travel_factor[need]

        yield Timer(env, env.now + turnout_s, Rank.UNIT, unit.id, turn)
        if unit.turn != turn:  # diverted
            return
        unit.state = State.ROLLING
        job.rolling_s = env.now
        yield self.drive(unit, unit.leg[1], job.scene, factor, to_scene=True)
        if unit.turn != turn:
            return
        unit.state = State.AT_WORK
        job.on_scene_s = env.now
        yield Timer(env, env.now + calls.need_on_scene_s[need], Rank.UNIT, unit.id, turn)

        hospital = int(self.world.hospital_for[job.kind, self.period, job.scene])
        if calls.need_transports[need] and hospital != NONE:
            job.hospital = hospital
            job.leave_scene_s = env.now
            yield self.drive(unit, job.scene, self.world.hospital_zone[hospital], factor, from_scene=True)
            job.at_hospital_s = env.now
            yield Timer(env, env.now + calls.need_handover_s[need], Rank.UNIT, unit.id, turn)

        job.available_s = env.now
        job.outcome = JobOutcome.SERVED
        unit.job = None
        if self.world.assign_returning and self.take_waiting_job(unit):
            return
        unit.base = unit.home
        from_scene = job.hospital == NONE
        yield from self.come_back(unit, self.start_back(unit, unit.leg[2], factor, from_scene), job)

    def be_busy(self, unit: Unit, job: JobRecord) -> Story:
        """The unit of queueing theory: busy for a drawn time that has nothing to do with the way."""
        env, need, turn = self.env, job.need, unit.turn
        unit.state = State.AT_WORK
        table_s = self.world.travel_s[self.period, job.from_zone, job.scene]
        table_s += self.world.scene_approach_s[self.period, job.scene]
        way_s = rules.leg_s(table_s, self.calls.need_travel_factor[need])
        job.rolling_s = env.now + self.calls.need_turnout_s[need]
        job.on_scene_s = job.rolling_s + way_s
        busy_s = rules.busy_s(self.calls.need_busy_s[need], unit.busy_factor)
        yield Timer(env, env.now + busy_s, Rank.UNIT, unit.id, turn)
        job.available_s = job.back_s = env.now
        job.outcome = JobOutcome.SERVED
        unit.job = None
        unit.state = State.IDLE
        self.take_waiting_job(unit)

    def drive(
        self,
        unit: Unit,
        origin: int,
        destination: int,
        factor: float,
        from_scene: bool = False,
        to_scene: bool = False,
    ) -> Timer:
        """Start a leg; its period and factor are fixed now. The timer is the arrival."""
        approach_s = self.world.scene_approach_s[self.period]
        start_s = float(approach_s[origin]) if from_scene else 0.0
        table_s = start_s + self.world.travel_s[self.period, origin, destination]
        if to_scene:
            table_s += approach_s[destination]
        unit.leg = (self.period, origin, destination, start_s, factor, self.env.now)
        return Timer(self.env, self.env.now + rules.leg_s(table_s, factor), Rank.UNIT, unit.id, unit.turn)

    def start_back(self, unit: Unit, origin: int, factor: float, from_scene: bool) -> Timer:
        unit.state = State.RETURNING
        return self.drive(unit, origin, unit.base, factor, from_scene)

    def come_back(self, unit: Unit, arrival: Timer, job: JobRecord | None) -> Story:
        turn = unit.turn
        yield arrival
        if unit.turn != turn:  # assigned again on its way
            return
        unit.state = State.IDLE
        if job is not None:
            job.back_s = self.env.now
        if not self.world.assign_returning:
            self.take_waiting_job(unit)

    def take_waiting_job(self, unit: Unit) -> bool:
        """A unit that becomes available takes the first waiting job that it may be sent to.

        Its own regency's jobs come before others.
        """
        for group in ([unit.regency], self.helps[unit.regency]):
            jobs = [entry for regency in group for entry in self.waiting[unit.agency, regency]]
            for entry in sorted(jobs):
                job = entry[3]
                zone = unit.base if unit.state == State.IDLE else unit.leg[2]
                way_s = self.world.travel_s[self.period, zone, job.scene]
                if rules.may_serve(self.rank_of(unit, job), way_s) and not self.is_held_back(unit, job):
                    self.waiting[unit.agency, job.regency].remove(entry)
                    self.send(unit, job)
                    return True
        return False

    def move_up(self, gone: Unit) -> None:
        """Cover the base that ``gone`` left empty from the nearest base with two idle units."""
        idle = [u for u in self.own_units[gone.agency, gone.regency] if u.state == State.IDLE]
        if any(unit.base == gone.base for unit in idle):
            return
        nearest, nearest_s = None, inf
        for unit in idle:
            way_s = float(self.world.travel_s[self.period, unit.base, gone.base])
            if way_s < nearest_s and sum(other.base == unit.base for other in idle) >= 2:
                nearest, nearest_s = unit, way_s
        if nearest is not None:
            origin, nearest.base = nearest.base, gone.base
            nearest.turn += 1
            self.detours.append(Detour(nearest.id, NONE, origin, gone.base, self.env.now, self.env.now, nan))
            tell(self.come_back(nearest, self.start_back(nearest, origin, 1.0, False), None))
