"""A second witness: the same desk as anybody would write it in SimPy, with processes and ``Resource``.

Covers what a desk does: platform channels and lines held from the offer until the caller leaves, call-takers
held for pick-up, talk and after-call work, patience, redials after blocking and abandoning. Times come from
the same ``Calls``, so its answers must equal the engine's to the bit.
"""

from __future__ import annotations

from collections.abc import Generator
from math import nan
from typing import Any

import numpy as np
import simpy

from sim112.engine.contract import Calls, Outcome

CLOCK_POINTS = ("offered_s", "queued_s", "answered_s", "left_s", "talk_end_s", "free_s")


def simulate_idiomatically(
    calls: Calls, channels: int, lines: int, call_takers: int, end_s: float
) -> dict[str, np.ndarray]:
    """Return caller, dial, outcome and the clock points by attempt, in order of offer."""
    env = simpy.Environment()
    platform = simpy.Resource(env, capacity=channels)
    line_pool = simpy.Resource(env, capacity=lines)
    takers = simpy.Resource(env, capacity=call_takers)
    log: list[dict[str, Any]] = []
    c = {name: getattr(calls, name).tolist() for name in vars(calls)}

    def talk_to_call_taker(caller: int, dial: int, row: dict[str, Any]) -> Generator[Any, Any, None]:
        with takers.request() as request:
            with platform.request() as channel, line_pool.request() as line:
                yield channel & line
                row["queued_s"] = env.now
                result = yield request | env.timeout(c["dial_patience_s"][dial])
                if request not in result:
                    row["outcome"], row["left_s"] = Outcome.ABANDONED, env.now
                    return
                yield env.timeout(c["caller_pick_up_s"][caller])
                row["answered_s"] = env.now
                yield env.timeout(c["caller_talk_s"][caller])
                row["outcome"], row["talk_end_s"] = Outcome.ANSWERED, env.now
            yield env.timeout(c["caller_after_call_s"][caller])
            row["free_s"] = env.now

    def call(caller: int) -> Generator[Any, Any, None]:
        for dial in range(c["dial_start"][caller], c["dial_second"][caller]):
            row = dict(caller=caller, dial=dial, outcome=Outcome.UNFINISHED) | dict.fromkeys(
                CLOCK_POINTS, nan
            )
            row["offered_s"] = env.now
            log.append(row)
            if platform.count == platform.capacity:
                row["outcome"] = Outcome.BLOCKED_PLATFORM
                again = c["dial_redials_blocked"][dial]
            elif line_pool.count == line_pool.capacity:
                row["outcome"] = Outcome.BLOCKED_LINES
                again = c["dial_redials_blocked"][dial]
            else:
                yield from talk_to_call_taker(caller, dial, row)
                again = row["outcome"] == Outcome.ABANDONED and c["dial_redials_abandoned"][dial]
            if not again:
                return
            yield env.timeout(c["dial_redial_delay_s"][dial])

    def source() -> Generator[Any, Any, None]:
        for caller in np.argsort(calls.caller_start_s, kind="stable").tolist():
            yield env.timeout(c["caller_start_s"][caller] - env.now)
            env.process(call(caller))

    env.process(source())
    env.run(until=end_s)
    return {
        name: np.array([row[name] for row in log]) for name in ("caller", "dial", "outcome", *CLOCK_POINTS)
    }
