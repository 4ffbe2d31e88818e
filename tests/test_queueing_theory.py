"""Exact results: the whole 95 % interval within 2 % (shares: 0.005) of the exact value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from worlds import desk_calls, world

from sim112.engine import compiled, reference
from sim112.engine.contract import NO_LIMIT, Log, Outcome, same


@dataclass(frozen=True)
class Queue:
    """M/M/c with K places and exponential patience, per second, by its balance equations."""

    rate: float
    service_rate: float
    servers: int
    places: int  # in service and waiting
    patience_rate: float = 0.0

    def law(self) -> np.ndarray:
        n = np.arange(1, self.places + 1)
        out = (
            np.minimum(n, self.servers) * self.service_rate
            + np.maximum(n - self.servers, 0) * self.patience_rate
        )
        log_p = np.concatenate([[0.0], np.cumsum(np.log(self.rate) - np.log(out))])
        p = np.exp(log_p - log_p.max())
        return p / p.sum()

    def blocked_share(self) -> float:
        return float(self.law()[-1]) if self.places < 2000 else 0.0

    def queue_length(self) -> float:
        return float(self.law() @ np.maximum(np.arange(self.places + 1) - self.servers, 0))

    def mean_wait_s(self) -> float:
        """Over all who hold a line, whether answered or abandoned: Little's law."""
        return self.queue_length() / (self.rate * (1 - self.blocked_share()))

    def abandoned_share(self) -> float:
        return self.patience_rate * self.queue_length() / self.rate

    def waited_share(self) -> float:
        p = self.law()
        return float(p[self.servers : -1].sum() + (p[-1] if self.blocked_share() == 0.0 else 0.0)) / (
            1 - self.blocked_share()
        )


def after_warm_up(log: Log, warm_up_s: float) -> SimpleNamespace:
    """The rows of calls offered after the empty start is forgotten."""
    rows = log.call_offered_s >= warm_up_s
    return SimpleNamespace(
        **{name: column[rows] for name, column in vars(log).items() if name.startswith("call_")}
    )


def wait_s(log: Log) -> np.ndarray:
    return np.fmin(log.call_picked_s, log.call_left_s) - log.call_queued_s


MEASURES: dict[str, tuple[Callable[[Log], tuple[float, float]], Callable[[Queue], float], str]] = {
    "blocked": (
        lambda log: (float(np.sum(log.call_outcome == Outcome.BLOCKED_LINES)), float(len(log.call_outcome))),
        Queue.blocked_share,
        "share",
    ),
    "abandoned": (
        lambda log: (float(np.sum(log.call_outcome == Outcome.ABANDONED)), float(len(log.call_outcome))),
        Queue.abandoned_share,
        "share",
    ),
    "waited": (
        lambda log: (float(np.sum(wait_s(log) > 0)), float(np.sum(~np.isnan(wait_s(log))))),
        Queue.waited_share,
        "share",
    ),
    "wait": (
        lambda log: (float(np.nansum(wait_s(log))), float(np.sum(~np.isnan(wait_s(log))))),
        Queue.mean_wait_s,
        "time",
    ),
}

CASES = {
    "Erlang B, 10 lines": (Queue(6 / 120, 1 / 120, 10, 10), ["blocked"], 1500),
    "Erlang C, 2 call-takers at 50 %": (Queue(1 / 120, 1 / 120, 2, 4000), ["waited", "wait"], 80_000),
    "Erlang A, 10 call-takers overloaded": (
        Queue(11 / 120, 1 / 120, 10, 4000, 1 / 90),
        ["abandoned", "waited", "wait"],
        50_000,
    ),
    "5 call-takers, 8 lines": (Queue(4 / 120, 1 / 120, 5, 8), ["blocked", "waited", "wait"], 50_000),
    "2 call-takers, light load": (Queue(0.3 / 120, 1 / 120, 2, 4000), ["waited"], 1500),
}
REPLICATIONS = 40


def estimate(top: np.ndarray, bottom: np.ndarray, controls: np.ndarray) -> tuple[float, float]:
    """A ratio of totals and the half-width of its 95 % interval.

    ``controls`` [replications, k] have the known mean 0 (how far the drawn calls are from their
    distribution); regressing on them takes out the luck of the draw (control variates: Law, Simulation
    Modeling and Analysis).
    """
    n, k = controls.shape
    ratio = top.sum() / bottom.sum()
    design = np.column_stack([np.ones(n), controls])
    fit, *_ = np.linalg.lstsq(design, ratio + (top - ratio * bottom) / bottom.mean(), rcond=None)
    residual = ratio + (top - ratio * bottom) / bottom.mean() - design @ fit
    variance = residual @ residual / (n - 1 - k) * np.linalg.inv(design.T @ design)[0, 0]
    return float(fit[0]), float(stats.t.ppf(0.975, n - 1 - k) * np.sqrt(variance))


QUICK = ("Erlang B, 10 lines", "2 call-takers, light load")


@pytest.mark.parametrize(
    ("case", "seed"),
    [
        pytest.param(case, seed, marks=() if case in QUICK and seed == 1 else pytest.mark.slow)
        for case in CASES
        for seed in (1, 2, 3)
    ],
)
def test_a_plain_desk_agrees_with_the_exact_queue(case: str, seed: int) -> None:
    queue, measures, calls_each = CASES[case]
    end_s, talk_s = calls_each / queue.rate, 1 / queue.service_rate
    patience_s = 1 / queue.patience_rate if queue.patience_rate else inf
    lines = queue.places if queue.places < 2000 else NO_LIMIT
    desk = world(end_s=end_s, report_to_s=end_s, desk_lines=[lines], change_value=[queue.servers, 1])
    totals: dict[str, list[tuple[float, float]]] = {name: [] for name in measures}
    controls = []
    for rng in np.random.default_rng([seed, len(case)]).spawn(REPLICATIONS):
        calls = desk_calls(rng, queue.rate, end_s, talk_s, patience_s=patience_s)
        controls.append([len(calls.caller_start_s) / calls_each - 1, calls.caller_talk_s.mean() / talk_s - 1])
        whole = compiled.simulate(desk, calls)
        if not controls[1:]:  # the reference takes fifty times as long, and must say the same to the bit
            assert same(whole, reference.simulate(desk, calls))
        log = after_warm_up(whole, 10 * talk_s)
        for name in measures:
            totals[name].append(MEASURES[name][0](log))
    for name in measures:
        _, exact_of, unit = MEASURES[name]
        exact = exact_of(queue)
        value, half = estimate(*np.array(totals[name]).T, np.array(controls))
        tolerance = 0.005 if unit == "share" else 0.02 * exact
        assert abs(value - exact) + half <= tolerance, f"{name}: {value} +- {half}, exact {exact}"
