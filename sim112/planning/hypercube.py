"""Exact results for units that answer calls over a territory: Larson's hypercube model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from sim112.errors import InputError
from sim112.planning.chain import Floats, Moves, stationary
from sim112.planning.limits import positive

MOST_UNITS = 12


@dataclass(frozen=True, eq=False)
class Hypercube:
    """How busy each unit is, and who goes where.

    ``utilisation`` [units] is each unit's busy share of time. ``dispatch_share`` [zones, units] is the share
    of all dispatches that send the unit to the zone; it adds up to 1. ``out_of_area_share`` is the share of
    dispatches of another unit than the zone's first choice. ``all_busy_share`` is the share of calls that
    find no unit free (of those in its list): lost, or waiting. ``mean_wait_s`` is over all calls, 0 where
    calls are lost. ``mean_travel_s`` is over all dispatches, ``zone_travel_s`` [zones] and ``unit_travel_s``
    [units] over those to a zone and by a unit (NaN where there are none, or no travel table was given).
    ``state_share`` [2^units] is the law of who is busy, bit i of the index being unit i; with calls waiting,
    all are busy.
    """

    utilisation: Floats
    dispatch_share: Floats
    out_of_area_share: float
    all_busy_share: float
    mean_wait_s: float
    mean_travel_s: float
    zone_travel_s: Floats
    unit_travel_s: Floats
    state_share: Floats


def hypercube(
    rates_per_s: Sequence[float],
    busy_s: Sequence[float],
    preferences: Sequence[Sequence[int]],
    when_none: Literal["lost", "wait"],
    travel_s: ArrayLike | None = None,
) -> Hypercube:
    """Units of known mean busy time, sent by a fixed order of preference for each zone.

    ``rates_per_s`` [zones]: calls. ``busy_s`` [units]: mean exponential busy time of a dispatch, travel
    included, whatever the zone. ``preferences`` [zones][units]: unit numbers from 0, the first free one is
    sent; with ``lost`` a list may leave units out. ``travel_s`` [units, zones]: only averaged, never part of
    the busy time. ``when_none``: a call that finds nobody is ``lost``, or waits in one queue by order of
    arrival and is taken by whichever unit becomes free (``wait``).

    Source: R. Larson, A hypercube queuing model for facility location and redistricting in urban emergency
    services, Computers & Operations Research 1, 1974; R. Larson and A. Odoni, Urban Operations Research,
    1981, ch. 5.4. All 2^units states are solved; the queue is the tail of a birth and death chain, geometric.
    Limits: up to 12 units; no priorities, no ties in preference, one unit a call.
    Errors: InputError for other numbers of units, rates or times that are not above 0 (a zone's rate may be
    0), a preference that is not a list of different units, or with ``wait`` not all of them or too high a
    load.
    """
    units, zones = len(busy_s), len(rates_per_s)
    if not 1 <= units <= MOST_UNITS:
        raise InputError(f"busy_s: {units} units, must be 1 to {MOST_UNITS}")
    if when_none not in ("lost", "wait"):
        raise InputError(f"when_none={when_none}: must be lost or wait")
    serve = 1.0 / np.array([positive(f"busy_s[{i}]", busy) for i, busy in enumerate(busy_s)])
    rates = np.array(
        [0.0 if rate == 0 else positive(f"rates_per_s[{j}]", rate) for j, rate in enumerate(rates_per_s)]
    )
    rate = positive("rates_per_s in all", float(rates.sum()))
    if len(preferences) != zones:
        raise InputError(f"preferences: {len(preferences)} lists, must be one for each of {zones} zones")
    for j, order in enumerate(preferences):
        if len(order) == 0 or len(set(order)) != len(order) or not set(order) <= set(range(units)):
            raise InputError(
                f"preferences[{j}]={list(order)}: must be different unit numbers, 0 to {units - 1}"
            )
        if when_none == "wait" and len(order) < units:
            raise InputError(f"preferences[{j}]={list(order)}: must name all {units} units where calls wait")
    if when_none == "wait" and rate >= serve.sum():
        raise InputError(
            f"rates_per_s: {rate:g} calls a second in all, must be below "
            f"the {serve.sum():g} that the units can take"
        )
    travel = np.full((units, zones), np.nan) if travel_s is None else np.asarray(travel_s, dtype=np.float64)
    if travel.shape != (units, zones):
        raise InputError(f"travel_s: of shape {travel.shape}, must be [units, zones] = [{units}, {zones}]")

    states = 2**units
    here = np.arange(states)
    busy = (here[:, None] >> np.arange(units)) & 1  # [states, units]
    sent = np.zeros((states, zones), dtype=np.int64)  # the unit sent, or -1
    for j, order in enumerate(preferences):
        free = busy[:, list(order)] == 0
        sent[:, j] = np.where(free.any(axis=1), np.array(order)[free.argmax(axis=1)], -1)
    moves: Moves = []
    for i in range(units):
        working = np.flatnonzero(busy[:, i])
        moves.append((working, working ^ (1 << i), np.full(len(working), serve[i])))
        up = (sent == i) @ rates
        start = np.flatnonzero(up > 0)
        moves.append((start, start | (1 << i), up[start]))
    law = stationary(moves, states)

    waiting = 0.0
    if when_none == "wait":
        ratio = rate / float(serve.sum())
        waiting = float(law[-1]) * ratio / (1.0 - ratio)  # relative to the states without a queue
        law = law / (1.0 + waiting)
        waiting /= 1.0 + waiting
    dispatches = np.zeros((zones, units))  # a second
    for i in range(units):
        dispatches[:, i] = rates * (law @ (sent == i))
    all_busy = float(rates @ (law @ (sent == -1))) / rate + waiting
    mean_wait = 0.0
    if when_none == "wait":
        dispatches += all_busy * np.outer(rates, serve / serve.sum())
        mean_wait = all_busy / (float(serve.sum()) - rate)
    state_share = law.copy()
    state_share[-1] += waiting

    shares = dispatches / dispatches.sum()
    first = np.array([order[0] for order in preferences])
    seconds = shares * travel.T
    with np.errstate(invalid="ignore"):
        zone_travel = seconds.sum(axis=1) / shares.sum(axis=1)
        unit_travel = seconds.sum(axis=0) / shares.sum(axis=0)
    return Hypercube(
        utilisation=state_share @ busy,
        dispatch_share=shares,
        out_of_area_share=1.0 - float(shares[np.arange(zones), first].sum()),
        all_busy_share=all_busy,
        mean_wait_s=mean_wait,
        mean_travel_s=float(seconds.sum()),
        zone_travel_s=zone_travel,
        unit_travel_s=unit_travel,
        state_share=state_share,
    )
