"""Exact results where a refused call goes elsewhere: redialling, and overflow to another desk."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf

import numpy as np

from sim112.errors import InputError
from sim112.planning.chain import Floats, Ints, Moves, stationary
from sim112.planning.limits import positive, share, whole

NEGLIGIBLE = 1e-12
"""Share of time with as many redialling callers as the chain can hold."""
MOST_STATES = 200_000


@dataclass(frozen=True)
class RetrialMeasures:
    """What callers meet where the refused redial.

    Of attempts (first calls and redials): ``blocked_share``, ``abandoned_share``, ``attempts_per_caller``. Of
    first calls: ``first_blocked_share``. Of callers: ``answered_share``, in the end; the others give up.
    ``waited_share`` and ``mean_wait_s`` are over attempts that get a line. ``mean_redialling`` is the mean
    number of callers between two attempts. ``occupancy`` is the busy share of a call-taker.
    ``redialling_share`` [callers between two attempts] is the law behind ``mean_redialling``.
    """

    blocked_share: float
    first_blocked_share: float
    abandoned_share: float
    attempts_per_caller: float
    answered_share: float
    waited_share: float
    mean_wait_s: float
    mean_redialling: float
    occupancy: float
    redialling_share: Floats


def retrials(
    rate_per_s: float,
    handle_s: float,
    call_takers: int,
    redial_delay_s: float,
    redial_blocked_share: float,
    redial_abandoned_share: float = 0.0,
    lines: int | None = None,
    patience_s: float = inf,
) -> RetrialMeasures:
    """A desk whose blocked and abandoning callers redial (M/M/c/K+M with an orbit).

    ``rate_per_s`` is of first calls. After being blocked a caller redials with ``redial_blocked_share`` (the
    persistence), after hanging up with ``redial_abandoned_share``, each time anew and without a limit, after
    an exponential delay of mean ``redial_delay_s``. ``lines`` None: as many as call-takers, so nobody waits.

    Source: G. Falin and J. Templeton, Retrial Queues, 1997. The chain of (callers at the desk, callers
    redialling) is solved whole, cut where the share of time at the cut is below 1e-12.
    Limits: exponential delays and patience, unlimited redials; up to 200,000 states.
    Errors: InputError for rates or times that are not above 0, shares outside [0, 1], fewer lines than
    call-takers, or a load under which the number of redialling callers grows without end.
    """
    rate, handle = positive("rate_per_s", rate_per_s), positive("handle_s", handle_s)
    servers = whole("call_takers", call_takers, 1)
    places = servers if lines is None else whole("lines", lines, servers, ", no fewer than the call-takers")
    delay = positive("redial_delay_s", redial_delay_s)
    again_blocked = share("redial_blocked_share", redial_blocked_share)
    again_abandoned = share("redial_abandoned_share", redial_abandoned_share)
    leave = 0.0 if isinf(positive("patience_s", patience_s, endless=True)) else 1.0 / patience_s
    flow_out = servers / handle + (places - servers) * leave * (1 - again_abandoned)
    if again_blocked == 1.0 and rate >= flow_out:
        raise InputError(
            f"redial_blocked_share=1: with {rate * handle:g} erlang on {servers} call-takers the number of "
            "redialling callers grows without end; must be below 1, or the load lower"
        )

    limit = 16
    while True:
        moves = _moves(
            rate, 1 / handle, servers, places, leave, 1 / delay, again_blocked, again_abandoned, limit
        )
        law = stationary(moves, (limit + 1) * (places + 1)).reshape(limit + 1, places + 1)
        if law[-1].sum() < NEGLIGIBLE:
            break
        limit *= 2
        if (limit + 1) * (places + 1) > MOST_STATES:
            raise InputError(
                f"redial_delay_s={delay:g}: more than {limit // 2} callers would be redialling at a time, "
                f"too many to compute; must be shorter, or the load lower"
            )

    redialling = law.sum(axis=1)
    mean_redialling = float(redialling @ np.arange(limit + 1))
    at_desk = law.sum(axis=0)
    n = np.arange(places + 1)
    offered = rate * at_desk + np.arange(limit + 1) @ law / delay  # attempts a second by callers at the desk
    attempts = float(offered.sum())
    accepted = attempts - float(offered[-1])
    queued = float(at_desk @ np.maximum(n - servers, 0))
    busy = float(at_desk @ np.minimum(n, servers))
    return RetrialMeasures(
        blocked_share=float(offered[-1]) / attempts,
        first_blocked_share=float(at_desk[-1]),
        abandoned_share=leave * queued / attempts,
        attempts_per_caller=attempts / rate,
        answered_share=busy / handle / rate,
        waited_share=float(offered[servers:-1].sum()) / accepted,
        mean_wait_s=queued / accepted,
        mean_redialling=mean_redialling,
        occupancy=busy / servers,
        redialling_share=redialling,
    )


def _moves(
    rate: float,
    serve: float,
    servers: int,
    places: int,
    leave: float,
    redial: float,
    again_blocked: float,
    again_abandoned: float,
    limit: int,
) -> Moves:
    """The chain of (redialling, at the desk); at ``limit`` redialling, nobody joins them."""
    orbit, n = (axis.ravel() for axis in np.mgrid[0 : limit + 1, 0 : places + 1])
    full, waiting = n == places, np.maximum(n - servers, 0)
    may_join = orbit < limit
    moves: Moves = []

    def add(where: Ints, more_redialling: int, more_at_desk: int, rates: Floats) -> None:
        here = np.flatnonzero(where & (rates > 0))
        moves.append((here, here + more_redialling * (places + 1) + more_at_desk, rates[here]))

    same = np.ones(len(n))
    add(~full, 0, 1, rate * same)
    add(full & may_join, 1, 0, rate * again_blocked * same)
    add(n > 0, 0, -1, np.minimum(n, servers) * serve)
    joining = np.where(may_join, again_abandoned, 0.0)
    add(waiting > 0, 0, -1, waiting * leave * (1 - joining))
    add((waiting > 0) & may_join, 1, -1, waiting * leave * joining)
    add((orbit > 0) & ~full, -1, 1, orbit * redial)
    add((orbit > 0) & full, -1, 0, orbit * redial * (1 - again_blocked))
    return moves


@dataclass(frozen=True)
class OverflowMeasures:
    """What callers meet at a first desk and at the second one, which takes the calls that find no line there.

    Of the first desk's callers: ``overflowed_share``, ``lost_share`` (no line at either). Of the calls that
    overflow: ``overflow_blocked_share``. Of the second desk's own callers: ``second_blocked_share``.
    ``abandoned_share`` [2] is of the calls that get a line at the first, second desk; ``mean_wait_s`` [2]
    too, answered or abandoned. ``occupancy`` [2] is the busy share of a call-taker.
    """

    overflowed_share: float
    lost_share: float
    overflow_blocked_share: float
    second_blocked_share: float
    abandoned_share: tuple[float, float]
    mean_wait_s: tuple[float, float]
    occupancy: tuple[float, float]


def overflow(
    rate_per_s: float,
    handle_s: float,
    call_takers: int,
    second_rate_per_s: float,
    second_call_takers: int,
    lines: int | None = None,
    second_lines: int | None = None,
    patience_s: float = inf,
) -> OverflowMeasures:
    """Two desks: a call that finds no line at the first is offered, once and at once, to the second.

    The second desk has callers of its own, ``second_rate_per_s``, which may be 0. Lines None: as many as
    call-takers, so nobody waits. Handle time and patience are the same at both.

    Source: R. Wilkinson, Theories for toll traffic engineering in the U.S.A., Bell System Technical Journal
    35, 1956 (overflow is burstier than Poisson, so Erlang B does not hold at the second desk); here the chain
    of (callers at the first, at the second) is solved whole.
    Limits: up to 200,000 states, (lines + 1) x (second_lines + 1).
    Errors: InputError for rates or times that are not above 0, fewer lines than call-takers, or too many
    lines.
    """
    rate, handle = positive("rate_per_s", rate_per_s), positive("handle_s", handle_s)
    own_rate = 0.0 if second_rate_per_s == 0 else positive("second_rate_per_s", second_rate_per_s)
    servers = (whole("call_takers", call_takers, 1), whole("second_call_takers", second_call_takers, 1))
    places = (
        servers[0] if lines is None else whole("lines", lines, servers[0], ", no fewer than the call-takers"),
        servers[1]
        if second_lines is None
        else whole("second_lines", second_lines, servers[1], ", no fewer than the call-takers"),
    )
    leave = 0.0 if isinf(positive("patience_s", patience_s, endless=True)) else 1.0 / patience_s
    states = (places[0] + 1) * (places[1] + 1)
    if states > MOST_STATES:
        raise InputError(
            f"lines={places[0]}, second_lines={places[1]}: {states} states, must be up to {MOST_STATES}"
        )

    n = [axis.ravel() for axis in np.mgrid[0 : places[0] + 1, 0 : places[1] + 1]]
    full = [n[0] == places[0], n[1] == places[1]]
    queued = [np.maximum(n[k] - servers[k], 0) for k in (0, 1)]
    out = [np.minimum(n[k], servers[k]) / handle + queued[k] * leave for k in (0, 1)]
    second = own_rate + rate * full[0]
    step = (places[1] + 1, 1)
    moves: Moves = []
    for where, jump, rates in (
        (~full[0], step[0], np.full(states, rate)),
        (~full[1] & (second > 0), step[1], second),
        (n[0] > 0, -step[0], out[0]),
        (n[1] > 0, -step[1], out[1]),
    ):
        here = np.flatnonzero(where)
        moves.append((here, here + jump, rates[here]))
    law = stationary(moves, states)

    overflowed = float(law @ full[0])
    lost = float(law @ (full[0] & full[1]))
    second_blocked = float(law @ full[1])
    accepted = (rate * (1 - overflowed), own_rate * (1 - second_blocked) + rate * (overflowed - lost))
    mean_queued = [float(law @ queued[k]) for k in (0, 1)]
    busy = [float(law @ np.minimum(n[k], servers[k])) for k in (0, 1)]
    return OverflowMeasures(
        overflowed_share=overflowed,
        lost_share=lost,
        overflow_blocked_share=lost / overflowed,
        second_blocked_share=second_blocked,
        abandoned_share=(leave * mean_queued[0] / accepted[0], leave * mean_queued[1] / accepted[1]),
        mean_wait_s=(mean_queued[0] / accepted[0], mean_queued[1] / accepted[1]),
        occupancy=(busy[0] / servers[0], busy[1] / servers[1]),
    )
