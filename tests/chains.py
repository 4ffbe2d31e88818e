"""Markov chains written out move by move, to check the formulas in ``sim112.planning`` by another way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import numpy as np
from scipy.linalg import expm

Moves = Callable[[Hashable], Iterable[tuple[Hashable, float]]]
"""From a state, the states it moves to and the rate of each."""


def generator(start: Hashable, moves: Moves) -> tuple[dict[Hashable, int], np.ndarray]:
    """The states that can be reached from ``start``, numbered, and the dense matrix of rates."""
    number = {start: 0}
    entries = []
    for state in (waiting := [start]):
        for after, rate in moves(state):
            if after not in number:
                number[after] = len(number)
                waiting.append(after)
            entries.append((number[state], number[after], rate))
    rates = np.zeros((len(number), len(number)))
    for row, column, rate in entries:
        rates[row, column] += rate
    return number, rates - np.diag(rates.sum(axis=1))


def law(start: Hashable, moves: Moves) -> dict[Hashable, float]:
    """The share of time in each state."""
    number, rates = generator(start, moves)
    equations = np.vstack([rates.T, np.ones(len(number))])
    shares = np.linalg.lstsq(equations, np.append(np.zeros(len(number)), 1.0), rcond=None)[0]
    return {state: float(shares[k]) for state, k in number.items()}


def expected(shares: dict[Hashable, float], value: Callable[..., float]) -> float:
    """The mean of ``value(state)``."""
    return sum(share * value(state) for state, share in shares.items())


def reaches(start: Hashable, goal: Hashable, moves: Moves, within_s: float) -> float:
    """The chance of being in the absorbing state ``goal`` after ``within_s``."""
    number, rates = generator(start, moves)
    return float(expm(rates * within_s)[0, number[goal]]) if goal in number else 0.0


def time_until(start: Hashable, goal: Hashable, moves: Moves) -> tuple[float, float]:
    """The chance of ending in ``goal``, and the mean time until then where it happens (elsewhere 0).

    ``goal`` and the other ends are states without moves.
    """
    number, rates = generator(start, moves)
    inner = [k for k in range(len(number)) if rates[k, k] < 0]
    stay, into = -rates[np.ix_(inner, inner)], rates[inner, number[goal]]
    chance = np.linalg.solve(stay, into)
    return float(chance[inner.index(0)]), float(np.linalg.solve(stay, chance)[inner.index(0)])
