"""Times that are harder than assumed: what a budget meeting asks for after it has seen the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim112.config.scenario import Scenario
from sim112.engine.contract import TICKS_PER_S, Calls, Floats
from sim112.study.replication import draw

DEMAND_RISE = 0.50
TALK_RISE = 0.20

Draw = Callable[[int], Calls]


def harder_times(scenario: Scenario) -> dict[str, Draw]:
    """What draws the calls of times with more demand and with longer talks, by what they are called."""
    demand = scenario.demand
    factors = {name: getattr(demand, name) * (1 + DEMAND_RISE) for name in ("rate_factor", "nuisance_factor")}
    busier = scenario.model_copy(update={"demand": demand.model_copy(update=factors)})
    return {
        f"demand +{100 * DEMAND_RISE:.0f} %": lambda number: draw(busier, number),
        f"talk +{100 * TALK_RISE:.0f} %": lambda number: with_longer_talks(draw(scenario, number), TALK_RISE),
    }


def with_longer_talks(calls: Calls, rise: float) -> Calls:
    """The same calls, each talk longer by a share, on the grid of times."""
    return replace(
        calls,
        caller_talk_s=_on_grid(calls.caller_talk_s * (1 + rise)),
        caller_short_talk_s=_on_grid(calls.caller_short_talk_s * (1 + rise)),
        caller_transfer_talk_s=_on_grid(calls.caller_transfer_talk_s * (1 + rise)),
    )


def _on_grid(duration_s: Floats) -> Floats:
    return np.asarray(np.rint(duration_s * TICKS_PER_S) / TICKS_PER_S, dtype=np.float64)
