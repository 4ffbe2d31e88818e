"""Exact results of queues with unusual arrivals, which nothing but the checks needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from scipy.optimize import brentq

from sim112.planning.chain import Moves, stationary

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
