"""Exact results of queues with unusual arrivals, which nothing but the checks needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import gammaln

from sim112.planning.chain import Moves, stationary
from sim112.planning.theory import erlang_b
from sim112.planning.transient import time_varying

LONGEST_QUEUE = 1000


@dataclass(frozen=True)
class Waits:
    """``waited_share`` and ``mean_wait_s`` of callers who wait for ever."""

    waited_share: float
    mean_wait_s: float


def fixed_interval(interval_s: float, handle_s: float) -> Waits:
    """One call-taker, a call every ``interval_s``, exponential handle time (D/M/1).

    Waiting is geometric in the root of sigma = exp(-(1 - sigma) interval / handle).

    Source: D. Kendall, 1953; L. Kleinrock, Queueing Systems I, 1975, ch. 6 (G/M/1).
    Limits: the interval must be longer than the handle time.
    """
    sigma = float(brentq(lambda s: s - exp(-(1 - s) * interval_s / handle_s), 0.0, 1 - 1e-9, xtol=1e-14))
    return Waits(sigma, sigma * handle_s / (1 - sigma))


def batches(batches_per_s: float, further_callers: float, handle_s: float) -> Waits:
    """One call-taker, callers in batches of 1 and a geometric number more (M^X/M/1).

    ``further_callers`` is the mean number after the first. Waits are over all callers of a batch.

    Source: D. Gross and C. Harris, Fundamentals of Queueing Theory, ch. 3 (bulk input).
    Limits: the load must be below 1.
    """
    size = 1.0 + further_callers
    calls_per_s = batches_per_s * size
    load = calls_per_s * handle_s
    mean_present = load * size / (1 - load)
    return Waits(1 - (1 - load) / size, mean_present / calls_per_s - handle_s)


def modulated(rates_per_s: Sequence[float], mean_sojourn_s: Sequence[float], handle_s: float) -> Waits:
    """One call-taker, arrivals at one of two rates that take turns at random (MMPP/M/1).

    The chain of (callers present, rate) is solved up to ``LONGEST_QUEUE`` present.

    Source: M. Neuts, Matrix-Geometric Solutions in Stochastic Models, 1981; W. Fischer and K.
    Meier-Hellstern, The Markov-modulated Poisson process cookbook, Performance Evaluation 18, 1993.
    Limits: a mean load well below 1.
    """
    states = 2 * (LONGEST_QUEUE + 1)
    here = np.arange(states)
    present, phase = here // 2, here % 2
    rate = np.asarray(rates_per_s)[phase]
    turn = 1.0 / np.asarray(mean_sojourn_s)[phase]
    up, down = here[present < LONGEST_QUEUE], here[present > 0]
    moves: Moves = [
        (here, here + 1 - 2 * phase, turn),
        (up, up + 2, rate[up]),
        (down, down - 2, np.full(len(down), 1.0 / handle_s)),
    ]
    law = stationary(moves, states)
    calls_per_s = float(law @ rate)
    waited = float(law @ (rate * (present > 0))) / calls_per_s
    return Waits(waited, float(law @ np.maximum(present - 1, 0)) / calls_per_s)


@dataclass(frozen=True)
class FewLines:
    """A desk with few lines; shares and means as in ``planning.theory.DeskMeasures``."""

    blocked_share: float
    waited_share: float
    mean_wait_s: float
    mean_lines: float
    occupancy: float


def after_call_lines(
    rate_per_s: float, talk_s: float, after_call_s: float, call_takers: int, lines: int
) -> FewLines:
    """A desk whose line is free at the end of the talk and whose call-taker is free only after more work.

    Talk and after-call work are exponential. The state is (lines held, call-takers in after-call work); of
    the lines held, as many as there are other call-takers are talking and the rest wait.

    Source: the equations of balance of that chain, solved whole, as in L. Kleinrock, Queueing Systems I,
    1975, ch. 3.
    """
    held, after = (axis.ravel() for axis in np.mgrid[0 : lines + 1, 0 : call_takers + 1])
    talking = np.minimum(held, call_takers - after)
    here = np.arange(len(held))
    coming, ending, freeing = here[held < lines], here[talking > 0], here[after > 0]
    moves: Moves = [
        (coming, coming + call_takers + 1, np.full(len(coming), rate_per_s)),
        (ending, ending - call_takers, talking[ending] / talk_s),
        (freeing, freeing - 1, after[freeing] / after_call_s),
    ]
    law = stationary(moves, len(here))
    accepted = float(law[held < lines].sum())
    waited = float(law[(held < lines) & (held >= call_takers - after)].sum())
    return FewLines(
        blocked_share=1 - accepted,
        waited_share=waited / accepted,
        mean_wait_s=float(law @ (held - talking)) / (rate_per_s * accepted),
        mean_lines=float(law @ held),
        occupancy=float(law @ (talking + after)) / call_takers,
    )


@dataclass(frozen=True)
class Outages:
    """Shares of all offered in a cycle; ``mean_wait_s`` of those who get a channel."""

    outage_share: float
    full_share: float
    mean_wait_s: float
    mean_channels: float


def outages(
    rate_per_s: float, talk_s: float, call_takers: int, channels: int, cycle_s: float, down_s: float
) -> Outages:
    """A desk on a platform that fails for the first ``down_s`` of every cycle; what is there goes on.

    Calls come at random, so the share of them that meet an outage is the share of time that it lasts. For
    the others it is a desk whose arrivals stop in outages, solved by its differential equations over one
    cycle after another, from empty; the second is told.

    Source: R. Wolff, Poisson arrivals see time averages, Operations Research 30, 1982; B. Koopman, 1972
    (``planning.transient``).
    Limits: cycles long against talks, as the first one begins empty.
    """
    steps = [(cycle_s * k + at, rate) for k in (0, 1) for at, rate in ((0.0, 0.0), (down_s, rate_per_s))]
    found = time_varying(
        steps, talk_s, [(0.0, call_takers)], [0.0, cycle_s, cycle_s + down_s, 2 * cycle_s], lines=channels
    )
    length_s = np.diff(found.edges_s)[1:]
    full = float(found.blocked_share[2]) * (cycle_s - down_s) / cycle_s
    accepted_per_s = rate_per_s * (1 - down_s / cycle_s - full)
    queued, busy = (float(of[1:] @ length_s) / cycle_s for of in (found.mean_queued, found.mean_busy))
    return Outages(down_s / cycle_s, full, queued / accepted_per_s, queued + busy)


def gamma_days_blocked_share(load_erlang: float, servers: int, variation: float) -> float:
    """Calls lost at a desk without a queue whose days differ by a gamma factor of mean 1.

    Of all calls, so that days count by their calls. A day is long against a talk, so each is Erlang's loss
    system with a load of its own.

    Source: A. K. Erlang, 1917, mixed; A. Avramidis, A. Deslauriers and P. L'Ecuyer, Modeling daily arrivals
    to a telephone call center, Management Science 50, 2004 (gamma days).
    """
    shape = 1 / variation**2

    def lost_density(factor: float) -> float:
        log_density = shape * (log(shape) - factor) + (shape - 1) * log(factor) - float(gammaln(shape))
        return factor * erlang_b(load_erlang * factor, servers) * exp(log_density)

    return float(quad(lost_density, 0, 20)[0])
