"""Where the search for people and lines begins: the offered load hour by hour, and queueing formulas.

The load of an hour is the mean number of call-takers at work in it when nobody ever waits, as simulated with
people and lines for everybody. It thus contains what the demand contains, and it lags the arrivals by the
time they are handled, as it should where the rate changes (the modified offered load of O. Jennings,
A. Mandelbaum, W. Massey and W. Whitt, Server staffing to meet time-varying demand, Management Science 42,
1996).
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, inf

import numpy as np

from sim112.config.staff import Service, Within
from sim112.engine.contract import Bools, Floats, Ints
from sim112.planning.requirement import HOUR_S
from sim112.planning.service import Counts, pooled
from sim112.planning.theory import erlang_a, erlang_b


def loads(busy_s: Floats, hours: Floats) -> Floats:
    """Erlang by desk and hour of the week, [S, 168], from seconds at work [S, R, 168]."""
    there_s = hours * HOUR_S * busy_s.shape[1]
    total = busy_s.sum(axis=1)
    return np.asarray(np.divide(total, there_s, out=np.zeros_like(total), where=there_s > 0))


def in_cells(values: Floats, hours: Floats, cells: Ints) -> Floats:
    """The mean of values [S, 168] over the hours of each cell, weighted by how often they are reported."""
    weights = np.broadcast_to(hours, values.shape)
    total, weight = (pooled(part[:, None, :], cells)[:, 0, :] for part in (values * weights, weights))
    return np.asarray(np.divide(total, weight, out=np.zeros_like(total), where=weight > 0))


def call_takers(
    ample: Counts, cells: Ints, is_open: Bools, answered: tuple[tuple[Within, ...], ...], service: Service
) -> Ints:
    """Call-takers that the formula (Erlang A) needs in each hour, [S, 168]; at least one while open.

    ``ample`` are the counts with people and lines for everybody; ``answered`` are the levels that each desk
    can reach at all.
    """
    load = in_cells(loads(ample.busy_s, ample.hours), ample.hours, cells)
    answers, busy_s = ample.answered.sum(axis=(1, 2)), ample.busy_s.sum(axis=(1, 2))
    pick_up_s, patience_s = ample.pick_up_s.sum(axis=(1, 2)), ample.patience_s.sum(axis=(1, 2))
    impatient, offered = ample.impatient.sum(axis=(1, 2)), ample.offered.sum(axis=(1, 2))
    needed = np.zeros(load.shape, dtype=np.int64)
    for row in range(len(load)):
        if answers[row] == 0 or busy_s[row] == 0:
            needed[row] = is_open[row]
            continue
        # nearly everybody has an end to patience, or nearly nobody
        patient = patience_s[row] / impatient[row] if 2 * impatient[row] > offered[row] else inf
        reach_s = pick_up_s[row] / answers[row]
        levels = tuple((max(level.within_s - reach_s, 0.0), level.share) for level in answered[row])
        for value in np.unique(load[row]):
            people = _least_call_takers(
                float(value),
                float(busy_s[row] / answers[row]),
                float(patient),
                levels,
                service.occupancy_most,
            )
            needed[row][(load[row] == value) & is_open[row]] = people
    return needed


@lru_cache(maxsize=100_000)
def _least_call_takers(
    load_erlang: float,
    handle_s: float,
    patience_s: float,
    levels: tuple[tuple[float, float], ...],
    occupancy_most: float | None,
) -> int:
    """The least call-takers at which Erlang A keeps every (seconds, share) and the occupancy."""
    if load_erlang <= 0:
        return 1
    people = max(1, ceil(load_erlang * 0.5)) if patience_s < inf else int(load_erlang) + 1
    while True:
        at = [
            erlang_a(load_erlang / handle_s, handle_s, people, patience_s, within_s) for within_s, _ in levels
        ]
        is_kept = all(one.answered_within_share >= share for one, (_, share) in zip(at, levels, strict=True))
        occupancy = load_erlang / people if not at else at[0].occupancy
        if is_kept and (occupancy_most is None or occupancy <= occupancy_most):
            return people
        people += 1


def dispatchers(ample: Counts, cells: Ints, has_any: Bools, service: Service) -> Ints:
    """Dispatchers to begin with, [S, 168]: their load at the occupancy wanted, at desks that have any."""
    load = in_cells(loads(ample.dispatcher_busy_s, ample.hours), ample.hours, cells)
    needed = np.maximum(np.ceil(load / (service.occupancy_most or 1.0)), 1.0)
    return np.where(has_any[:, None], needed, 0.0).astype(np.int64)


def lines(ample: Counts, cells: Ints, service: Service) -> Ints:
    """Lines that Erlang B needs in the busiest cell of each desk, [S]."""
    busiest = in_cells(loads(ample.line_s, ample.hours), ample.hours, cells).max(axis=1)
    return np.array(
        [least_lines(float(load), service.blocked_share_most) for load in busiest], dtype=np.int64
    )


def least_lines(load_erlang: float, blocked_share_most: float) -> int:
    """The least lines that lose at most such a share of a Poisson stream (Erlang B), at least one."""
    needed = 1
    while erlang_b(load_erlang, needed) > blocked_share_most:
        needed += 1
    return needed
