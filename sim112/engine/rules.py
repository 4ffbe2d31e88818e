"""The choices that every engine makes, as plain scalar functions.

Written once, called by the reference engine as they are and compiled by the compiled one, so that the two
cannot drift apart. They take numbers and arrays, keep no state, and use nothing that a compiler of scalar
code would not know.
"""

from __future__ import annotations

import math
from typing import Any

from sim112.engine.contract import TICKS_PER_S

ID_BITS = 32
TURN_BITS = 27


def event_key(rank: int, identity: int, turn: int) -> int:
    """The order of events at one instant, ``(rank, id, turn)`` packed into one positive 63-bit integer.

    Ranks start at 1 in the packed form: SimPy gives its own zero-delay events the priorities 0 and 1, so all
    that one event causes is finished before the next event of that instant.
    """
    return (rank + 1) << (ID_BITS + TURN_BITS) | identity << TURN_BITS | turn


def on_grid(duration_s: float) -> float:
    """Round a duration to the time grid of 1/1024 s, so that sums of times are exact."""
    return math.floor(duration_s * TICKS_PER_S + 0.5) / TICKS_PER_S


def leg_s(table_s: float, factor: float) -> float:
    """Driving time of one leg: the table's time times the job's factor, on the grid."""
    return on_grid(table_s * factor)


def planned_s(turnout_s: float, table_s: float) -> float:
    """The time by which units are compared: mean turnout plus table time, never the drawn values.

    The approach within the scene's zone is the same for all and left out.
    """
    return turnout_s + table_s


def is_nearer(planned_a_s: float, unit_a: int, planned_b_s: float, unit_b: int) -> bool:
    """Whether unit a is chosen before unit b: the least planned time, ties to the lowest id."""
    return planned_a_s < planned_b_s or (planned_a_s == planned_b_s and unit_a < unit_b)


def zone_on_way(
    travel_s: Any,
    previous_zone: Any,
    origin: int,
    destination: int,
    approach_s: float,
    factor: float,
    since_s: float,
    now_s: float,
) -> int:
    """The zone point at which a unit under way stands: the next one, or the one it is just passing.

    ``travel_s`` and ``previous_zone`` are the [Z, Z] tables of the period in which the leg started,
    ``approach_s`` is the table time from a scene to the origin's zone point (0 where the leg did not start at
    a scene). Walks back from the destination, because that is how a shortest-path tree is stored.
    """
    zone = destination
    while zone != origin:
        before = int(previous_zone[origin, zone])
        if before < 0 or since_s + leg_s(approach_s + travel_s[origin, before], factor) < now_s:
            break
        zone = before
    return zone
