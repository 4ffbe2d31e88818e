"""Exact results for one desk in a steady state: Erlang B, C and A, finite lines, priorities, M/G/1.

Calls arrive as a Poisson stream, handle times are exponential and independent (Erlang B and M/G/1: of any
distribution), calls are taken in order of arrival, and nothing changes with time. A desk's line and its
call-taker are free again at the same moment, so after-call work counts as talk. Nobody redials
(``retrials``), rates and rosters are constant (``transient``), patience is exponential (``patience``: of any
distribution).

Symbols in the sources: lambda is ``rate_per_s``, 1/mu ``handle_s``, c or n ``call_takers``, 1/theta
``patience_s``, K ``lines``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isinf, nan

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim112.errors import InputError
from sim112.planning.limits import not_negative, positive, whole

Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-18
"""Share of time in the states that are left out where the queue has no limit."""
MOST_STATES = 4_000_000


@dataclass(frozen=True)
class DeskMeasures:
    """What callers meet at a desk in a steady state.

    ``blocked_share``, ``abandoned_share`` and ``answered_within_share`` (answered within ``within_s`` of
    being offered) are shares of all offered. ``waited_share`` and ``waited_longer_share`` (more than
    ``within_s``) are shares of those who get a line. ``mean_wait_s`` is over those too, answered or
    abandoned; ``answer_delay_s`` over the answered, ``abandoned_after_s`` over the abandoned (NaN if nobody
    abandons). ``occupancy`` is the busy share of a call-taker; ``mean_queued`` and ``mean_lines`` are the
    mean numbers of callers waiting, and of lines held by waiting and talking.
    """

    within_s: float
    blocked_share: float
    abandoned_share: float
    waited_share: float
    waited_longer_share: float
    answered_within_share: float
    mean_wait_s: float
    answer_delay_s: float
    abandoned_after_s: float
    occupancy: float
    mean_queued: float
    mean_lines: float


def erlang_b(load_erlang: float, servers: float) -> float:
    """Share of calls lost at a desk without a queue (M/G/c/c).

    The handle time may have any distribution. Where ``servers`` is not whole: the analytic continuation
    1/B = integral of e^-u (1 + u/load)^servers over u from 0, which interpolates between whole numbers.

    Source: A. K. Erlang, 1917; D. Jagerman, Some properties of the Erlang loss function, Bell System
    Technical Journal 53, 1974 (recursion and continuation).
    Errors: InputError for a negative load or number of servers.
    """
    load = not_negative("load_erlang", load_erlang)
    servers = not_negative("servers", servers)
    if load == 0.0:
        return 1.0 if servers == 0 else 0.0
    steps = int(servers)
    fraction = servers - steps
    inverse = 1.0
    if fraction > 0.0 and load < 100.0:
        inverse = float(special.gammaincc(fraction + 1, load) * special.gamma(fraction + 1))
        inverse *= exp(load) / load**fraction
    elif fraction > 0.0:  # the same, where the incomplete gamma function vanishes
        inverse = load * float(special.hyperu(1.0, fraction + 2.0, load))
    for step in range(1, steps + 1):
        inverse = 1.0 + (fraction + step) / load * inverse
    return 1.0 / inverse


def erlang_c(rate_per_s: float, handle_s: float, call_takers: int, within_s: float = 15.0) -> DeskMeasures:
    """A desk with lines for everybody and callers of endless patience (M/M/c).

    Source: A. K. Erlang, 1917; R. Cooper, Introduction to Queueing Theory, 2nd ed. 1981, ch. 3.
    Limits: the load must be below the number of call-takers, or the queue grows without end.
    Errors: InputError for that, and for rates or times that are not above 0.
    """
    rate, handle = positive("rate_per_s", rate_per_s), positive("handle_s", handle_s)
    servers = whole("call_takers", call_takers, 1)
    within = not_negative("within_s", within_s)
    load = rate * handle
    if load >= servers:
        raise InputError(
            f"call_takers={servers}: must be more than the load of {load:g} erlang, or the queue never ends"
        )
    blocked = erlang_b(load, servers)
    waited = blocked / (1.0 - load / servers * (1.0 - blocked))
    mean_wait = waited * handle / (servers - load)
    longer = waited * exp(-(servers - load) * within / handle)
    return DeskMeasures(
        within_s=within,
        blocked_share=0.0,
        abandoned_share=0.0,
        waited_share=waited,
        waited_longer_share=longer,
        answered_within_share=1.0 - longer,
        mean_wait_s=mean_wait,
        answer_delay_s=mean_wait,
        abandoned_after_s=nan,
        occupancy=load / servers,
        mean_queued=rate * mean_wait,
        mean_lines=rate * mean_wait + load,
    )


def erlang_a(
    rate_per_s: float, handle_s: float, call_takers: int, patience_s: float, within_s: float = 15.0
) -> DeskMeasures:
    """A desk with lines for everybody whose callers hang up after an exponential patience (M/M/c+M).

    ``patience_s`` is the mean patience; infinite is ``erlang_c``. Any load is possible.

    Source: C. Palm, 1946; O. Garnett, A. Mandelbaum and M. Reiman, Designing a call center with impatient
    customers, Manufacturing & Service Operations Management 4, 2002.
    Limits: the chain is cut where the share of time beyond is below 1e-18; a desk so overloaded, by callers
    so patient, that this takes over four million states is refused.
    Errors: InputError for rates or times that are not above 0.
    """
    if isinf(positive("patience_s", patience_s, endless=True)):
        return erlang_c(rate_per_s, handle_s, call_takers, within_s)
    return _desk(rate_per_s, handle_s, call_takers, None, patience_s, within_s)


def finite_lines(
    rate_per_s: float,
    handle_s: float,
    call_takers: int,
    lines: int,
    patience_s: float = inf,
    within_s: float = 15.0,
) -> DeskMeasures:
    """A desk with ``lines`` lines, each held while its caller waits and talks (M/M/c/K+M).

    A call that finds no line is blocked. With as many lines as call-takers it is Erlang's loss system. Any
    load is possible. At least as many lines as call-takers.

    Source: birth and death equations, as in L. Kleinrock, Queueing Systems I, 1975, ch. 3; the waiting times
    as in Garnett, Mandelbaum and Reiman, 2002.
    Errors: InputError for rates or times that are not above 0, or fewer lines than call-takers.
    """
    servers = whole("call_takers", call_takers, 1)
    places = whole("lines", lines, servers, ", no fewer than the call-takers")
    positive("patience_s", patience_s, endless=True)
    return _desk(rate_per_s, handle_s, servers, places, patience_s, within_s)


def _desk(
    rate_per_s: float,
    handle_s: float,
    call_takers: int,
    lines: int | None,
    patience_s: float,
    within_s: float,
) -> DeskMeasures:
    """The birth and death chain, and the waits of a caller who finds ``ahead`` others waiting.

    That caller's wait until served, if patient, is a sum of exponentials of rates c mu + i theta, i =
    0..ahead: Erlang's distribution if nobody hangs up, else -log(Beta(c mu / theta, ahead + 1)) / theta.
    """
    rate, handle = positive("rate_per_s", rate_per_s), positive("handle_s", handle_s)
    servers = whole("call_takers", call_takers, 1)
    within = not_negative("within_s", within_s)
    leave = 0.0 if isinf(patience_s) else 1.0 / patience_s
    law = _law(rate, 1.0 / handle, servers, lines, leave)
    blocked = 0.0 if lines is None else float(law[-1])
    at_once = float(law[:servers].sum())
    waits = law[servers:] if lines is None else law[servers:-1]
    queued = np.arange(len(law)) - servers
    mean_queued = float(law @ np.maximum(queued, 0))

    ahead = np.arange(len(waits), dtype=np.float64)
    speed = servers / handle
    answered = speed / (speed + (ahead + 1) * leave)
    answered_wait = answered * np.cumsum(1.0 / (speed + (ahead + 1) * leave))
    abandoned_wait = np.cumsum((ahead + 1) * leave / (speed + (ahead + 1) * leave)) / (
        speed + (ahead + 1) * leave
    )
    if leave == 0.0:
        longer = special.gammaincc(ahead + 1, speed * within)
        in_time = special.gammainc(ahead + 1, speed * within)
    else:
        gone = -np.expm1(-leave * within)
        longer = exp(-leave * within) * special.betaincc(ahead + 1, speed / leave, gone)
        in_time = answered * special.betainc(ahead + 1, speed / leave + 1, gone)
    accepted = 1.0 - blocked
    abandoned = leave * mean_queued / rate
    busy = float(law @ np.minimum(np.arange(len(law)), servers))
    return DeskMeasures(
        within_s=within,
        blocked_share=blocked,
        abandoned_share=abandoned,
        waited_share=float(waits.sum()) / accepted,
        waited_longer_share=float(waits @ longer) / accepted,
        answered_within_share=at_once + float(waits @ in_time),
        mean_wait_s=mean_queued / (rate * accepted),
        answer_delay_s=float(waits @ answered_wait) / (at_once + float(waits @ answered)),
        abandoned_after_s=float(waits @ abandoned_wait) / abandoned if abandoned > 0.0 else nan,
        occupancy=busy / servers,
        mean_queued=mean_queued,
        mean_lines=mean_queued + busy,
    )


def _law(rate: float, serve: float, servers: int, lines: int | None, leave: float) -> Floats:
    """Shares of time with 0, 1, 2, ... callers at the desk; without ``lines``, as far as they matter."""
    places = servers + 256 if lines is None else lines
    while True:
        n = np.arange(1, places + 1)
        out = np.minimum(n, servers) * serve + np.maximum(n - servers, 0) * leave
        log_law = np.concatenate([[0.0], np.cumsum(np.log(rate / out))])
        top = log_law.max()
        ratio = rate / out[-1]
        if lines is not None or (
            ratio < 1 and log_law[-1] + np.log(ratio / (1 - ratio)) < top + np.log(NEGLIGIBLE)
        ):
            law = np.exp(log_law - top)
            return np.asarray(law / law.sum(), dtype=np.float64)
        places *= 2
        if places > MOST_STATES:
            raise InputError(
                f"patience_s={1 / leave:g}: too long for a load of {rate / serve:g} erlang on "
                f"{servers} call-takers; the queue would pass {MOST_STATES} callers"
            )


@dataclass(frozen=True)
class PriorityMeasures:
    """``mean_wait_s`` [classes], the most urgent first; ``waited_share`` is the same in every class."""

    waited_share: float
    mean_wait_s: tuple[float, ...]


def priority(rates_per_s: Sequence[float], handle_s: float, call_takers: int) -> PriorityMeasures:
    """A desk that takes the most urgent waiting call first and never interrupts a talk (M/M/c, any classes).

    ``rates_per_s`` [classes], most urgent first; within a class by arrival.

    Source: A. Cobham, Priority assignment in waiting line problems, Operations Research 2, 1954.
    Limits: the same handle time in all classes; endless patience, lines for everybody; the whole load must be
    below the number of call-takers.
    Errors: InputError for that, for no classes, and for rates or times that are not above 0.
    """
    if len(rates_per_s) == 0:
        raise InputError("rates_per_s=[]: must give at least one class")
    rates = [positive(f"rates_per_s[{k}]", rate) for k, rate in enumerate(rates_per_s)]
    all_calls = erlang_c(sum(rates), handle_s, call_takers)
    used = np.concatenate([[0.0], np.cumsum(rates)]) * handle_s / call_takers
    until_free_s = all_calls.waited_share * handle_s / call_takers
    waits = until_free_s / ((1.0 - used[:-1]) * (1.0 - used[1:]))
    return PriorityMeasures(all_calls.waited_share, tuple(float(wait) for wait in waits))


def mean_wait_one_server_s(rate_per_s: float, handle_s: float, variation: float) -> float:
    """Mean wait at one call-taker whose handle times have any distribution (M/G/1).

    ``variation`` is the coefficient of variation of the handle time (standard deviation over mean): 0 if
    always the same, 1 if exponential.

    Source: F. Pollaczek, 1930; A. Khinchine, 1932.
    Limits: endless patience, lines for everybody; the load must be below 1.
    Errors: InputError for that, a rate or time that is not above 0, or a negative variation.
    """
    load = positive("rate_per_s", rate_per_s) * positive("handle_s", handle_s)
    variation = not_negative("variation", variation)
    if load >= 1:
        raise InputError(f"rate_per_s={rate_per_s}: a load of {load:g} erlang, must be below 1")
    return load * handle_s * (1.0 + variation**2) / (2.0 * (1.0 - load))
