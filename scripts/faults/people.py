"""Faults of call-takers, dispatchers and tickets: what people at a desk do."""

from __future__ import annotations

from faults.fault import fault

REFERENCE, DESKS, FLEET = (f"sim112/engine/{name}.py" for name in ("reference", "desks", "fleet"))
C_DESKS, C_FLEET = (f"sim112/engine/compiled_{name}.py" for name in ("desks", "fleet"))
TABLES = "sim112/engine/compiled_tables.py"

PEOPLE = (
    fault(
        "roster_step_cuts_off",
        "a talk is cut off at the desk's next roster step",
        "both engines",
        (
            REFERENCE,
            "        return Timer(self.env, self.env.now + talk_s, Rank.TALK, record.caller, record.row)",
            "        end_s, world = self.env.now + talk_s, self.world\n"
            "        for row, step_s in enumerate(world.change_time_s):\n"
            "            is_step = world.change_what[row] == Change.CALL_TAKERS\n"
            "            if is_step and world.change_subject[row] == record.desk and step_s > self.env.now:\n"
            "                end_s = min(end_s, step_s)\n"
            "        return Timer(self.env, end_s, Rank.TALK, record.caller, record.row)",
        ),
        (
            C_DESKS,
            "            set_timer(sim, now_s + caller.transfer_talk_s, TALK, caller_id, call_id)",
            "            ends_s = talk_ends_s(sim, call.desk, now_s + caller.transfer_talk_s)\n"
            "            set_timer(sim, ends_s, TALK, caller_id, call_id)",
        ),
        (
            C_DESKS,
            "    set_timer(sim, now_s + talk_s, TALK, caller_id, call_id)",
            "    set_timer(sim, talk_ends_s(sim, call.desk, now_s + talk_s), TALK, caller_id, call_id)",
        ),
        (
            C_DESKS,
            "@inlined\ndef is_reported(",
            "@inlined\ndef talk_ends_s(sim: Simulation, desk_id: int, end_s: float) -> float:\n"
            "    for row in range(sim.changes.size):\n"
            "        change = sim.changes[row]\n"
            "        is_step = change.what == 0 and change.subject == desk_id\n"
            "        if is_step and change.time_s > sim.clock[0].now_s:\n"
            "            end_s = min(end_s, change.time_s)\n"
            "    return end_s\n\n\n@inlined\ndef is_reported(",
        ),
        cases="day",
    ),
    fault(
        "after_call_forgotten",
        "after-call work is forgotten",
        "both engines",
        (REFERENCE, "env.now + calls.caller_after_call_s[caller], Rank", "env.now, Rank"),
        (C_DESKS, "set_timer(sim, now_s + caller.after_call_s, AFTER", "set_timer(sim, now_s, AFTER"),
        (
            C_DESKS,
            "set_timer(sim, now_s + sim.callers[call.caller].after_call_s, AFTER",
            "set_timer(sim, now_s, AFTER",
        ),
        cases="after_call_work",
    ),
    fault(
        "overtime_not_counted",
        "people who run over their roster do not count, as if every crew were fresh",
        "both engines",
        (
            DESKS,
            "        if fresh_crew:\n            self.shift += 1",
            "        if True:\n            self.shift += 1",
        ),
        (
            C_DESKS,
            "    if sim.options[0].fresh_crew:\n        desk.call_takers_shift += 1",
            "    if True:\n        desk.call_takers_shift += 1",
        ),
        (
            C_DESKS,
            "    if sim.options[0].fresh_crew:\n        desk.dispatchers_shift += 1",
            "    if True:\n        desk.dispatchers_shift += 1",
        ),
        cases="day",
    ),
    fault(
        "step_up_serves_one",
        "a roster step up serves only one of those who wait",
        "both engines",
        (
            DESKS,
            "        while self.give_work_to_call_taker():\n            pass",
            "        self.give_work_to_call_taker()",
        ),
        (
            C_DESKS,
            "    while give_work_to_call_taker(sim, desk_id):\n        pass",
            "    give_work_to_call_taker(sim, desk_id)",
        ),
        cases="day",
    ),
)

TICKETS = (
    fault(
        "ticket_priority_ignored",
        "a dispatcher takes tickets by arrival, whatever their priority",
        "both engines",
        (DESKS, "priority = self.world.kind_priority[calls.caller_kind[record.caller]]", "priority = 0"),
        (C_DESKS, "level = sim.kinds[sim.callers[call.caller].kind].ticket_level", "level = 0"),
    ),
    fault(
        "ticket_at_answer",
        "the ticket is made when the talk begins, not when it ends",
        "both engines",
        (
            REFERENCE,
            "            desk.known.add(incident)\n",
            "            desk.known.add(incident)\n            desk.make_ticket(record, incident)\n",
        ),
        (
            REFERENCE,
            "            desk.make_ticket(record, incident)\n            if desk.has_to_dispatch",
            "            if desk.has_to_dispatch",
        ),
        (
            C_DESKS,
            "        incident.last_report = call_id\n",
            "        incident.last_report = call_id\n        make_ticket(sim, caller.incident, call_id)\n",
        ),
        (
            C_DESKS,
            "        make_ticket(sim, caller.incident, call_id)\n        desk = sim.desks",
            "        desk = sim.desks",
        ),
        cases="tandem",
    ),
    fault(
        "known_at_talk_end",
        "an incident is known at a desk only from the end of its report on",
        "both engines",
        (REFERENCE, "            desk.known.add(incident)\n", "            pass\n"),
        (
            REFERENCE,
            "            desk.make_ticket(record, incident)\n",
            "            desk.known.add(incident)\n            desk.make_ticket(record, incident)\n",
        ),
        (
            C_DESKS,
            "        call.earlier_report = incident.last_report\n        incident.last_report = call_id\n",
            "        call.earlier_report = NONE\n",
        ),
        (
            C_DESKS,
            "        make_ticket(sim, caller.incident, call_id)\n",
            "        call.earlier_report = sim.incidents[caller.incident].last_report\n"
            "        sim.incidents[caller.incident].last_report = call_id\n"
            "        make_ticket(sim, caller.incident, call_id)\n",
        ),
        cases="further_callers",
    ),
    fault(
        "dispatched_twice",
        "an agency that was alerted is alerted again by a second desk or a notice",
        "both engines",
        (FLEET, "        if self.is_alerted[need]:\n            return\n", ""),
        (
            FLEET,  # jobs of one need that wait are told apart, as in the other engine
            "(job.priority, job.alerted_s, job.need, job)",
            "(job.priority, job.alerted_s, job.need + 1e-6 * self.jobs.index(job), job)",
        ),
        (C_FLEET, "    if need.is_alerted:\n        return\n", ""),
        (TABLES, "jobs=np.empty(needs, JOB)", "jobs=np.empty(20 * needs + 20, JOB)"),
    ),
    fault(
        "notice_at_once",
        "the other agencies hear at once of what is told on one agency's number",
        "both engines",
        (DESKS, "env.now + calls.need_notice_s[need], Rank.NOTICE", "env.now, Rank.NOTICE"),
        (C_DESKS, "clock.now_s + sim.needs[need_id].notice_s, NOTICE", "clock.now_s, NOTICE"),
    ),
    fault(
        "agencies_alerted_together",
        "a dispatcher alerts the later agencies of a ticket without handling time",
        "both engines",
        (
            DESKS,
            "            need = self.next_need(record, need)\n",
            "            need = self.next_need(record, need)\n"
            "            while need != NONE:\n"
            "                self.fleet.alert(need, self.id)\n"
            "                need = self.next_need(record, need)\n",
        ),
        (
            C_DESKS,
            "    need_id = next_need(sim, sim.needs[need_id].incident, need_id)\n",
            "    incident_id = sim.needs[need_id].incident\n"
            "    need_id = next_need(sim, incident_id, need_id)\n"
            "    while need_id != NONE:\n"
            "        alert(sim, need_id, call.desk, ZERO)\n"
            "        need_id = next_need(sim, incident_id, need_id)\n",
        ),
    ),
    fault(
        "tickets_before_calls",
        "where no dispatcher is rostered, an idle call-taker takes tickets before callers who wait",
        "both engines",
        (
            DESKS,
            "        while self.queue:\n",
            "        while self.queue and not (self.tickets and self.dispatchers.rostered == 0):\n",
        ),
        (
            C_DESKS,
            "    if desk.waiting_callers > 0:\n        level = 0",
            "    if desk.waiting_callers > 0 and not (desk.waiting_tickets > 0 and desk.dispatchers == 0):\n"
            "        level = 0",
        ),
    ),
    fault(
        "desks_share_reports",
        "what was reported at one desk is known at all desks",
        "both engines",
        (REFERENCE, "incident in desk.known", "any(incident in one.known for one in self.desks)"),
        (
            C_DESKS,
            "    while report != NONE and sim.calls[report].desk != desk_id:\n"
            "        report = sim.calls[report].earlier_report\n",
            "",
        ),
    ),
)
