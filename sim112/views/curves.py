"""Curves of how many have come to something by then: shares within each time, with their intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes

from sim112.engine.contract import Ints
from sim112.study.kpis import Measures
from sim112.study.statistics import is_few, ratio_interval
from sim112.study.totals import MIDDLE_S
from sim112.views.drawing import SOFT, look
from sim112.views.figure_study import Study

STEPS = 121


def draw_shares(axes: Axes, study: Study, counts_of: Callable[[Measures], Ints], most_s: float) -> None:
    """The share that has come within each time up to ``most_s``, of all that is counted, for every scenario.

    ``counts_of`` gives the counts of one replication by the bins of durations. Where a scenario has too few
    in all, it is said so and nothing is drawn.
    """
    within_s = np.linspace(0, most_s, STEPS)
    bins = np.searchsorted(MIDDLE_S, within_s, side="right")
    counted = [[counts_of(run) for run in runs] for runs in study.runs.values()]
    wholes = [np.array([count.sum() for count in counts], np.float64) for counts in counted]
    if any(is_few(whole.sum()) for whole in wholes):
        axes.text(
            0.5, 0.5, study.say("figures.few"), transform=axes.transAxes, ha="center", color=SOFT,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5}, zorder=5,
        )  # fmt: skip
        return
    for order, (counts, whole) in enumerate(zip(counted, wholes, strict=True)):
        below = np.stack([np.append(0, np.cumsum(count))[bins] for count in counts]).astype(np.float64)
        share = ratio_interval(below, np.repeat(whole[:, None], len(within_s), axis=1))
        colour, _, line = look(order)
        axes.plot(within_s / 60, 100 * share.value, color=colour, linestyle=line, linewidth=1.5)
        if np.isfinite(share.low).all():
            low, high = (100 * np.clip(part, 0, 1) for part in (share.low, share.high))
            axes.fill_between(within_s / 60, low, high, color=colour, alpha=0.15, linewidth=0)
