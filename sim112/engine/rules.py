"""The choices that every engine makes, as plain scalar functions.

Written once, called by the reference engine as they are and compiled by the compiled one, so that the two
cannot drift apart. They take numbers and arrays, keep no state, and use nothing that a compiler of scalar
code would not know.
"""

from __future__ import annotations

import math
from typing import Any

from sim112.engine.contract import NO_LIMIT, NONE, TICKS_PER_S

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


def may_serve(rank: int, way_s: float) -> bool:
    """Whether a unit may be sent to a scene at all: there is a way, and its rank of preference is no refusal.

    The rank is -1 where there are no preferences.
    """
    return rank < NO_LIMIT and way_s < math.inf


def order_of_choice(rank: int, planned_s: float) -> float:
    """What units are compared by, the least first: their rank of preference or, without, their planned time.

    Infinite where the unit may not be sent.
    """
    if not may_serve(rank, planned_s):
        return math.inf
    return planned_s if rank == NONE else float(rank)


def is_chosen_before(order_a: float, unit_a: int, order_b: float, unit_b: int) -> bool:
    """Whether unit a is chosen before unit b: the least in ``order_of_choice``, ties to the lowest id."""
    return order_a < order_b or (order_a == order_b and unit_a < unit_b)


def busy_s(drawn_s: float, unit_factor: float) -> float:
    """How long a unit is busy where that is drawn: the job's draw times the unit's factor, on the grid."""
    return on_grid(drawn_s * unit_factor)


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
