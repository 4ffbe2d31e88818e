"""Faults of units and of the places they go to."""

from __future__ import annotations

from faults.fault import fault

FLEET, C_FLEET = "sim112/engine/fleet.py", "sim112/engine/compiled_fleet.py"
RULES, TABLES = "sim112/engine/rules.py", "sim112/engine/compiled_tables.py"
NETWORK, DESKS = "sim112/world/network.py", "sim112/world/desks.py"

UNITS = (
    fault(
        "second_nearest",
        "the second-nearest unit goes where there are two",
        "both engines",
        (
            FLEET,
            "        first, first_order = None, inf\n        for unit",
            "        first, first_order, second, second_order = None, inf, None, inf\n        for unit",
        ),
        (
            FLEET,
            "                first, first_order = unit, order\n        if self.world.divert:",
            "                second, second_order = first, first_order\n"
            "                first, first_order = unit, order\n"
            "            elif order < second_order:\n"
            "                second, second_order = unit, order\n"
            "        if isfinite(second_order):\n"
            "            first, first_order = second, second_order\n"
            "        if self.world.divert:",
        ),
        (
            C_FLEET,
            "    first, first_order = NONE, inf\n    period",
            "    first, first_order, second, second_order = NONE, inf, NONE, inf\n    period",
        ),
        (
            C_FLEET,
            "            first, first_order = unit_id, order\n    if sim.options[0].divert:",
            "            second, second_order = first, first_order\n"
            "            first, first_order = unit_id, order\n"
            "        elif order < second_order:\n"
            "            second, second_order = unit_id, order\n"
            "    if isfinite(second_order):\n"
            "        first, first_order = second, second_order\n"
            "    if sim.options[0].divert:",
        ),
        cases="nearest",
    ),
    fault(
        "tie_to_highest",
        "of units equally near the one with the highest id goes",
        "shared rules",
        (RULES, "(order_a == order_b and unit_a < unit_b)", "(order_a == order_b and unit_a > unit_b)"),
    ),
    fault(
        "from_the_station",
        "a returning unit is sent as if it stood at its station already",
        "both engines",
        (
            FLEET,
            "            origin = self.zone_of(unit)\n        elif unit.state == State.TURNOUT:",
            "            origin = unit.base if unit.state == State.RETURNING else self.zone_of(unit)\n"
            "        elif unit.state == State.TURNOUT:",
        ),
        (
            C_FLEET,
            "        origin = zone_of(sim, unit)\n",
            "        origin = unit.base if stage == RETURNING else zone_of(sim, unit)\n",
        ),
    ),
    fault(
        "position_by_present_period",
        "where a returning unit stands is read from the present period, not that of its leg",
        "both engines",
        (
            FLEET,
            "self.world.travel_s[period], self.world.previous_zone[period]",
            "self.world.travel_s[self.period], self.world.previous_zone[self.period]",
        ),
        (C_FLEET, "        sim.travel_s[unit.period],\n", "        sim.travel_s[sim.clock[0].period],\n"),
        (
            C_FLEET,
            "        sim.previous_zone[unit.period],\n",
            "        sim.previous_zone[sim.clock[0].period],\n",
        ),
    ),
    fault(
        "factor_on_one_leg",
        "the factor of a job counts on the way to the scene only",
        "both engines",
        (
            FLEET,
            "self.world.hospital_zone[hospital], factor, from_scene=True",
            "self.world.hospital_zone[hospital], 1.0, from_scene=True",
        ),
        (
            FLEET,
            "self.start_back(unit, unit.leg[2], factor, from_scene), job",
            "self.start_back(unit, unit.leg[2], 1.0, from_scene), job",
        ),
        (
            C_FLEET,
            "drive(sim, unit_id, job.scene, to, need.travel_factor, from_s, 0.0)",
            "drive(sim, unit_id, job.scene, to, 1.0, from_s, 0.0)",
        ),
        (
            C_FLEET,
            "unit.base, sim.needs[job.need].travel_factor, from_s, 0.0)",
            "unit.base, 1.0, from_s, 0.0)",
        ),
        cases="cycle hospital slow_roads",
    ),
    fault(
        "free_before_handover",
        "an ambulance is available when it reaches the hospital",
        "both engines",
        (FLEET, "env.now + calls.need_handover_s[need], Rank.UNIT", "env.now, Rank.UNIT"),
        (C_FLEET, "clock.now_s + need.handover_s, UNIT", "clock.now_s, UNIT"),
        cases="hospital",
    ),
    fault(
        "hospital_near_station",
        "the hospital nearest to the unit's station is taken",
        "both engines",
        (
            FLEET,
            "self.world.hospital_for[job.kind, self.period, job.scene]",
            "self.world.hospital_for[job.kind, self.period, unit.home]",
        ),
        (
            C_FLEET,
            "sim.hospital_for[job.kind, clock.period, job.scene]",
            "sim.hospital_for[job.kind, clock.period, unit.home]",
        ),
        cases="hospital hospitals",
    ),
    fault(
        "turnout_on_the_road",
        "a unit sent from the road needs its turnout again",
        "both engines",
        (FLEET, "turnout_s = 0.0 if on_the_road else self", "turnout_s = self"),
        (C_FLEET, "need.turnout_s if stage in (IDLE, TURNOUT) else 0.0", "need.turnout_s"),
    ),
    fault(
        "own_before_nearer",
        "a regency's own unit goes first, however near a neighbour's is",
        "both engines",
        (
            FLEET,
            "            order = rules.order_of_choice(self.rank_of(unit, job), planned_s)\n"
            "            if rules.is_chosen_before(",
            "            order = rules.order_of_choice(self.rank_of(unit, job), planned_s)\n"
            "            order += 1e6 * (unit.regency != job.regency)\n"
            "            if rules.is_chosen_before(",
        ),
        (
            C_FLEET,
            "        order = order_of_choice(preference_of(sim, unit_id, job), unit_s)\n"
            "        if is_chosen_before(",
            "        order = order_of_choice(preference_of(sim, unit_id, job), unit_s)\n"
            "        order += 1e6 * (unit.group != job.group)\n"
            "        if is_chosen_before(",
        ),
        cases="mutual_aid",
    ),
    fault(
        "aid_from_anywhere",
        "mutual aid comes from every regency, not from adjacent ones",
        "both engines",
        (
            FLEET,
            "list(neighbour[start[r] : start[r + 1]]) for r in regencies",
            "[s for s in regencies if s != r] for r in regencies",
        ),
        (FLEET, "start, neighbour = world.neighbour_start, world.neighbour_regency\n", "pass\n"),
        (
            TABLES,
            "neighbour[start[r] : start[r + 1]] for r in range(regencies)",
            "[s for s in range(regencies) if s != r] for r in range(regencies)",
        ),
    ),
    fault(
        "neighbours_jobs_unordered",
        "a freed unit takes the neighbours' jobs regency by regency, whatever their priority",
        "both engines",
        (FLEET, "for entry in sorted(jobs):", "for entry in jobs:"),
        (
            C_FLEET,
            "(first == NONE or waits_before(sim.jobs[other], sim.jobs[first]))",
            "first == NONE",
        ),
    ),
    fault(
        "held_back_from_urgent",
        "the last unit is held back from jobs that are just urgent enough",
        "both engines",
        (FLEET, "if job.priority < self.world.hold_back:", "if job.priority < self.world.hold_back - 1:"),
        (
            C_FLEET,
            "if job.priority < sim.options[0].hold_back:",
            "if job.priority < sim.options[0].hold_back - 1:",
        ),
    ),
    fault(
        "job_priority_ignored",
        "jobs wait by their alert, whatever their priority",
        "both engines",
        (FLEET, "(job.priority, job.alerted_s, job.need, job)", "(0, job.alerted_s, job.need, job)"),
        (C_FLEET, "job.level = sim.kinds[incident.kind].ticket_level", "job.level = 0"),
        (C_FLEET, "    if a.priority != b.priority:\n        return bool(a.priority < b.priority)\n", ""),
        cases="fleet_priority",
    ),
    fault(
        "period_of_assignment",
        "the way to the scene takes the travel period of the assignment, not of when the unit rolls",
        "both engines",
        (
            FLEET,
            "        approach_s = self.world.scene_approach_s[self.period]\n",
            "        period = unit.leg[0] if to_scene else self.period\n"
            "        approach_s = self.world.scene_approach_s[period]\n",
        ),
        (
            FLEET,
            "start_s + self.world.travel_s[self.period, origin, destination]",
            "start_s + self.world.travel_s[period, origin, destination]",
        ),
        (
            FLEET,
            "unit.leg = (self.period, origin, destination, start_s",
            "unit.leg = (period, origin, destination, start_s",
        ),
        (
            C_FLEET,
            "    set_leg(sim, unit, origin, destination, from_s, factor)\n",
            "    period = unit.period if unit.stage == ROLLING else clock.period\n"
            "    set_leg(sim, unit, origin, destination, from_s, factor)\n"
            "    unit.period = period\n",
        ),
        (
            C_FLEET,
            "from_s + sim.travel_s[clock.period, origin, destination] + to_s",
            "from_s + sim.travel_s[period, origin, destination] + to_s",
        ),
        (
            C_FLEET,
            "need.travel_factor, 0.0, approach_of(sim, job.scene))",
            "need.travel_factor, 0.0, float(sim.scene_approach_s[unit.period, job.scene]))",
        ),
    ),
)

WORLD = (
    fault(
        "same_number_same_crew",
        "a fresh crew of the same number is no fresh crew",
        "world",
        (DESKS, "(keep_all or value != steps[-1][1])", "value != steps[-1][1]"),
        cases="day_fresh_crew",
    ),
    fault(
        "hospital_tie_to_last",
        "of hospitals equally near the last is chosen",
        "world",
        (
            NETWORK,
            "hospitals[times_s.argmin(axis=2)]",
            "hospitals[times_s.shape[2] - 1 - times_s[:, :, ::-1].argmin(axis=2)]",
        ),
    ),
    fault(
        "period_an_hour_late",
        "travel periods begin an hour late",
        "world",
        (NETWORK, "by_hour[h % len(by_hour)]", "by_hour[(h - 1) % len(by_hour)]"),
    ),
)
