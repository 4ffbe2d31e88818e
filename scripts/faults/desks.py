"""Faults of lines and queues: what happens to a call at a desk."""

from __future__ import annotations

from faults.fault import fault

REFERENCE, DESKS = (f"sim112/engine/{name}.py" for name in ("reference", "desks"))
C_LOOP, C_DESKS = (f"sim112/engine/compiled_{name}.py" for name in ("loop", "desks"))

LINES = (
    fault(
        "line_until_free",
        "a line is freed when the call-taker is, not at the end of the talk",
        "both engines",
        (
            REFERENCE,
            "record.talk_end_s = env.now\n        desk.free_line()\n        if is_to_be_barred",
            "record.talk_end_s = env.now\n        if is_to_be_barred",
        ),
        (
            REFERENCE,
            "        record.free_s = env.now\n        desk.release",
            "        record.free_s = env.now\n        desk.free_line()\n        desk.release",
        ),
        (
            C_DESKS,
            "call.talk_end_s = now_s\n    free_line(sim, call.desk)\n",
            "call.talk_end_s = now_s\n",
        ),
        (
            C_DESKS,
            "    call.free_s = sim.clock[0].now_s\n",
            "    call.free_s = sim.clock[0].now_s\n    free_line(sim, call.desk)\n",
        ),
        cases="after_call_work after_call_lines",
    ),
    fault(
        "line_kept_by_abandoning",
        "who abandons in the queue leaves a line taken for ever",
        "both engines",
        (
            REFERENCE,
            "record.left_s = self.env.now\n        desk.free_line()",
            "record.left_s = self.env.now\n        if outcome == Outcome.HUNG_UP:\n"
            "            desk.free_line()",
        ),
        (
            C_DESKS,
            "call.left_s = sim.clock[0].now_s\n    free_line(sim, call.desk)",
            "call.left_s = sim.clock[0].now_s\n    if call.outcome == HUNG_UP:\n"
            "        free_line(sim, call.desk)",
        ),
        cases="finite_lines",
    ),
    fault(
        "overflow_holds_both",
        "a call that overflows takes a line of the first desk too",
        "both engines",
        (
            REFERENCE,
            "                hop += 1\n                desk = self.desks[desk.overflow]",
            "                hop += 1\n                desk.take_line()\n"
            "                desk = self.desks[desk.overflow]",
        ),
        (
            C_DESKS,
            "        desk = sim.desks[desk].overflow\n        call_id = offer",
            "        sim.desks[desk].lines_in_use += 1\n        if sim.desks[desk].platform != NONE:\n"
            "            sim.platforms[sim.desks[desk].platform].in_use += 1\n"
            "        desk = sim.desks[desk].overflow\n        call_id = offer",
        ),
        cases="overflow",
    ),
    fault(
        "outage_forgets_channels",
        "an outage forgets which channels of the platform are taken",
        "both engines",
        (
            REFERENCE,
            "                    self.platforms[subject].is_down = bool(value)\n",
            "                    self.platforms[subject].is_down = bool(value)\n"
            "                    self.platforms[subject].in_use = 0\n",
        ),
        (
            C_LOOP,
            "        sim.platforms[change.subject].is_down = change.value != 0\n",
            "        sim.platforms[change.subject].is_down = change.value != 0\n"
            "        sim.platforms[change.subject].in_use = 0\n",
        ),
        cases="outages",
    ),
    fault(
        "outage_stops_queue",
        "callers in the queue are not served while their platform is down",
        "both engines",
        (
            DESKS,
            "        while self.queue:\n",
            "        while self.queue and not (self.platform is not None and self.platform.is_down):\n",
        ),
        (
            C_DESKS,
            "    if desk.waiting_callers > 0:\n        level = 0",
            "    if desk.waiting_callers > 0 and not ("
            "desk.platform != NONE and sim.platforms[desk.platform].is_down):\n        level = 0",
        ),
        cases="outages",
    ),
    fault(
        "barred_once_only",
        "a number that was barred once is never barred again",
        "both engines",
        (DESKS, "        self.nuisance_answered[number] = 0", "        pass"),
        (C_DESKS, "        grudge.answered = 0", "        pass"),
    ),
)

QUEUE = (
    fault(
        "patience_from_offer",
        "patience starts at the offer, not when the call is queued",
        "both engines",
        (
            DESKS,
            "Timer(env, env.now + patience_s, Rank.PATIENCE",
            "Timer(env, max(env.now, record.offered_s + patience_s), Rank.PATIENCE",
        ),
        (
            C_DESKS,
            "set_timer(sim, clock.now_s + patience_s, PATIENCE",
            "set_timer(sim, max(clock.now_s, call.offered_s + patience_s), PATIENCE",
        ),
    ),
    fault(
        "patience_lost_on_transfer",
        "a caller who is passed on waits for ever at the next desk",
        "both engines",
        (DESKS, "        if patience_s < inf:\n", "        if patience_s < inf and record.hop == 0:\n"),
        (C_DESKS, "    if patience_s < inf:\n", "    if patience_s < inf and call.hop == 0:\n"),
    ),
    fault(
        "transfer_takes_no_time",
        "a wrong desk passes the caller on without a word",
        "both engines",
        (REFERENCE, "calls.caller_transfer_talk_s[caller])", "0.0)"),
        (C_DESKS, "now_s + caller.transfer_talk_s, TALK", "now_s, TALK"),
        cases="misrouted",
    ),
    fault(
        "last_come_first_served",
        "the queue is served from its end",
        "both engines",
        (
            DESKS,
            "heappush(self.queue, (priority, env.now, caller, record.row, record))",
            "heappush(self.queue, (priority, -env.now, -caller, -record.row, record))",
        ),
        (
            C_DESKS,
            "        call_id = sim.queues[desk_id, level].first\n",
            "        call_id = sim.queues[desk_id, level].last\n",
        ),
        cases="fixed_patience",
    ),
    fault(
        "queue_priority_ignored",
        "the priority of a kind in the queue is ignored",
        "both engines",
        (DESKS, "priority = self.world.kind_queue_priority[self.calls.caller_kind[caller]]", "priority = 0"),
        (
            C_DESKS,
            "level = sim.kinds[caller.kind].queue_level",
            "level = 0",
        ),
        (C_DESKS, "level = sim.kinds[sim.callers[call.caller].kind].queue_level", "level = 0"),
        cases="two_classes",
    ),
    fault(
        "pick_up_forgotten",
        "a call-taker needs no moment to pick up",
        "both engines",
        (DESKS, "now + self.calls.caller_pick_up_s[caller], Rank.TALK", "now, Rank.TALK"),
        (C_DESKS, "clock.now_s + sim.callers[call.caller].pick_up_s, TALK", "clock.now_s, TALK"),
        cases="pick_up",
    ),
    fault(
        "closed_centre_answers",
        "112 is dialled at a centre that is closed",
        "both engines",
        (REFERENCE, "return desk if desk.is_open else None", "return desk"),
        (C_DESKS, "return desk if desk != NONE and sim.desks[desk].is_open else NONE", "return desk"),
    ),
    fault(
        "redial_share_of_blocked",
        "who abandons redials as if they had been blocked",
        "both engines",
        (
            REFERENCE,
            "bool(self.calls.dial_redials_abandoned[dial])",
            "bool(self.calls.dial_redials_blocked[dial])",
        ),
        (
            C_DESKS,
            "redials = sim.dial_redials_blocked if is_blocked(outcome) else sim.dial_redials_abandoned",
            "redials = sim.dial_redials_blocked",
        ),
        cases="redial_both",
    ),
    fault(
        "look_up_forgotten",
        "looking up an agency's number takes no time",
        "both engines",
        (
            REFERENCE,
            "yield self.wait(caller, calls.caller_lookup_s[caller])",
            "yield self.wait(caller, 0.0)",
        ),
        (C_DESKS, "sim.clock[0].now_s + caller.lookup_s, OFFER", "sim.clock[0].now_s, OFFER"),
    ),
)
