"""Selecting the best of several scenarios with a stated probability of being right.

The procedure is that of S. Kim and B. Nelson, A fully sequential procedure for indifference-zone selection in
simulation, ACM TOMACS 11 (2001) 251-273, with c = 1. It takes one replication of every scenario at a time and
drops a scenario once its mean lies too far behind another's. It works on the variances of differences, so
scenarios that face the same calls are told apart in fewer replications, and it allows any dependence between
them.

Limits: values of different replications are independent and normal (each is a week of a whole province, so
nearly). The probability holds where the best is ahead of every other by the indifference or more; where
several are closer than that, one of them is selected. A ratio enters by its linearised values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim112.study.statistics import Floats


@dataclass(frozen=True)
class Selection:
    """The scenarios, by their place, that may still be the best; one where it is decided.

    ``decided_after`` is the number of replications that it took, None where it is not decided.
    """

    remaining: tuple[int, ...]
    decided_after: int | None


def select_best(
    values: Floats, first: int, indifference: float, probability: float, larger: bool = True
) -> Selection:
    """Select the scenario with the largest mean (or the smallest).

    ``values`` is [replications, scenarios], in one unit with ``indifference``; the ``first`` replications are
    the first stage, from which variances are estimated: 2 or more, and better 10 or more. More replications
    of the same study never bring a scenario back. Raises ValueError where what is asked for makes no sense.
    """
    number, scenarios = values.shape
    if not (2 <= first <= number and scenarios >= 1 and indifference > 0 and 0 < probability < 1):
        raise ValueError(
            f"first {first} of {number} replications, {scenarios} scenarios, indifference {indifference}, "
            f"probability {probability}"
        )
    if scenarios == 1:
        return Selection((0,), first)
    values = values if larger else -values
    eta = ((2 * (1 - probability) / (scenarios - 1)) ** (-2 / (first - 1)) - 1) / 2
    pairs = values[:first, :, None] - values[:first, None, :]
    # how many replications settle a pair for certain: h squared times S squared over delta squared
    enough = 2 * eta * (first - 1) * pairs.var(axis=0, ddof=1) / indifference**2
    means = np.cumsum(values, axis=0) / np.arange(1, number + 1)[:, None]
    alive = np.arange(scenarios)
    for done in range(first, number + 1):
        mean, among = means[done - 1, alive], np.ix_(alive, alive)
        margin = np.maximum(indifference / (2 * done) * (enough[among] - done), 0.0)
        if done > enough[among].max():
            alive = alive[[int(np.argmax(mean))]]
        else:
            alive = alive[(mean[:, None] >= mean[None, :] - margin).all(axis=1)]
        if len(alive) == 1:
            return Selection((int(alive[0]),), done)
    return Selection(tuple(int(one) for one in alive), None)
