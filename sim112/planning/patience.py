"""Exact results for a desk whose callers' patience has any distribution (M/M/c+G)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, nan

import numpy as np
from scipy.integrate import quad, solve_ivp

from sim112.errors import InputError
from sim112.planning.limits import not_negative, positive, whole
from sim112.planning.theory import DeskMeasures, Floats, erlang_b

END = 60.0
"""The wait's density is followed until it is e^-60 of its maximum."""
LONGEST = 1e7
"""In mean times between talk ends with everybody busy."""

Survival = Callable[[float], float]


def general_patience(
    rate_per_s: float,
    handle_s: float,
    call_takers: int,
    still_waiting_share: Survival,
    within_s: float = 15.0,
    breaks_s: Sequence[float] = (),
) -> DeskMeasures:
    """A desk with lines for everybody whose callers hang up after a patience of any distribution (M/M/c+G).

    ``still_waiting_share(t_s)`` is the share of callers whose patience exceeds ``t_s``: falling, and it may
    end above 0, or start below 1 (people who hang up rather than wait at all). ``breaks_s`` names the times
    at which it jumps or bends, for accuracy. A SciPy distribution's ``sf`` can be given as it is.

    The wait of a very patient caller has an atom at 0 and the density proportional to exp(rate H(t) - c t /
    handle), H the integral of ``still_waiting_share``; everything is an integral over it.

    Source: F. Baccelli and G. Hebuterne, On queues with impatient customers, Performance '81; S. Zeltyn and
    A. Mandelbaum, Call centers with impatient customers: many-server asymptotics of the M/M/n+G queue,
    Queueing Systems 51, 2005.
    Limits: relative accuracy about 1e-8. Callers who never hang up must be a load below ``call_takers``.
    Errors: InputError for that, for a share outside [0, 1], and for rates or times that are not above 0.
    """
    rate, handle = positive("rate_per_s", rate_per_s), positive("handle_s", handle_s)
    servers = whole("call_takers", call_takers, 1)
    within = not_negative("within_s", within_s)
    unit_s = handle / servers  # time is counted in mean times between talk ends, everybody busy
    busy_rate = rate * unit_s
    breaks = [positive(f"breaks_s[{k}]", at) / unit_s for k, at in enumerate(breaks_s)]

    def patient(time: float) -> float:
        value = float(still_waiting_share(time * unit_s))
        if not -1e-12 <= value <= 1 + 1e-12:
            raise InputError(f"still_waiting_share({time * unit_s:g})={value}: must lie between 0 and 1")
        return value

    top = _highest(patient, busy_rate, breaks, servers)

    def slopes(time: float, state: Floats, first: float, last: float) -> list[float]:
        held = state[0]  # H, the mean of the smaller of patience and time
        still = patient(min(max(time, first), last))  # on this side of the jumps at both ends
        density = exp(min(busy_rate * held - time - top, 50.0))
        return [
            still,
            density,
            density * held,
            density * still,
            density * (1.0 - still),
            density * time * still,
            density * max(held - time * still, 0.0),
        ]

    def finished(time: float, state: Floats, first: float, last: float) -> float:
        return float(busy_rate * state[0] - time - top + END)

    finished.terminal = True  # type: ignore[attr-defined]
    finished.direction = -1.0  # type: ignore[attr-defined]

    state = np.zeros(7)
    limit = within / unit_s
    early = None if limit > 0 else state
    cuts = [0.0, *sorted({*breaks, limit} - {0.0}), LONGEST]
    for start, stop in pairwise(cuts):
        path = solve_ivp(
            slopes,
            (start, stop),
            state,
            method="DOP853",
            rtol=1e-11,
            atol=1e-16,
            events=finished,
            args=(start * (1 + 1e-12), stop * (1 - 1e-12)),
        )
        state = path.y[:, -1]
        if start < limit <= stop:
            early = state
        if path.status == 1:
            break
    else:
        raise InputError(_too_few(rate * handle * patient(LONGEST), servers))
    if early is None:
        early = state

    # everything is divided by the density's maximum e^top, so the atom is too
    atom = exp(-top) / erlang_b(rate * handle, servers - 1)
    total = atom + busy_rate * state[1]
    weight = busy_rate / total
    abandoned = float(weight * state[4])
    mean_wait = float(weight * state[2] * unit_s)
    at_once = float(atom / total)
    longer = float(weight * patient(limit) * (state[1] - early[1]))
    return DeskMeasures(
        within_s=within,
        blocked_share=0.0,
        abandoned_share=abandoned,
        waited_share=float(weight * state[1]),
        waited_longer_share=longer,
        answered_within_share=at_once + float(weight * early[3]),
        mean_wait_s=mean_wait,
        answer_delay_s=float(weight * state[5] * unit_s) / (at_once + float(weight * state[3])),
        abandoned_after_s=float(state[6] * unit_s / state[4]) if abandoned > 0 else nan,
        occupancy=rate * handle * (1.0 - abandoned) / servers,
        mean_queued=rate * mean_wait,
        mean_lines=rate * mean_wait + rate * handle * (1.0 - abandoned),
    )


def _highest(patient: Survival, busy_rate: float, breaks: list[float], servers: int) -> float:
    """The maximum of busy_rate H(t) - t, which is where still waiting x busy_rate falls below 1."""
    if busy_rate * patient(0.0) <= 1.0:
        return 0.0
    low, high = 0.0, 1.0
    while busy_rate * patient(high) > 1.0:
        low, high = high, 2.0 * high
        if high > LONGEST:
            raise InputError(_too_few(busy_rate * patient(high) * servers, servers))
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if busy_rate * patient(middle) > 1.0 else (low, middle)
    inner = [at for at in breaks if 0 < at < high]
    held, _ = quad(patient, 0.0, high, points=inner or None, limit=200 + len(inner))
    return float(busy_rate * held - high)


def _too_few(load: float, servers: int) -> str:
    return f"call_takers={servers}: must be more than the load of callers who never hang up, {load:g} erlang"
