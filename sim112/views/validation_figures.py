"""Figures of ``sim112 validate``: every row against its tolerance, a day hour by hour, who goes where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim112.validation.suite import Outcome, Validation
from sim112.views.drawing import (
    LOOKS,
    NOTHING,
    STYLE,
    TEXT_PT,
    Page,
    name_rows,
    new_page,
    width_of,
    write_page,
)
from sim112.views.figure_study import Study
from sim112.views.validation_screen import told, words_of

ROW_IN = 0.145
BLACK, ORANGE, BLUE = (LOOKS[number][0] for number in (0, 1, 2))


class CheckedStudy(Study):
    """The cases as what a page is drawn from; its line of source speaks of cases."""

    def source(self) -> str:
        return self.words.say("validate.not_java")


def write_validation_figures(folder: Path, found: Validation) -> list[str]:
    """Save each figure as ``name.svg`` and ``name.png``; the names of those for which there is something."""
    folder.mkdir()
    drawn = []
    for name, draw in FIGURES.items():
        with rc_context(STYLE):
            page = draw(found)
            if page is not None:
                write_page(page, folder, name)
                drawn.append(name)
    return drawn


def _page(found: Validation, name: str, room_in: float, legend: bool = False) -> Page:
    say = words_of(found).say
    study = CheckedStudy(found.scenarios, {})
    title, subtitle = say(f"validate.figure_{name}"), say(f"validate.figure_{name}_what")
    return new_page(study, title, subtitle, say("validate.rule"), room_in, legend)


def forest(found: Validation) -> Page | None:
    """Every row: how far the interval is from the exact value, in tolerances."""
    rows = [(outcome, outcome.worst) for outcome in found.outcomes]
    known = words_of(found)
    names = [
        f"{o.case.name}  {o.row.measure}" + (f", {told(o.row.of, known)}" if o.row.of else "")
        for o, _ in rows
    ]
    left_in = width_of(names) + 0.1
    page = _page(found, "forest", ROW_IN * len(rows) + 0.5)
    axes = page.panel(left_in, 0.05, 7.2 - left_in, page.room_in - 0.45)
    name_rows(axes, names)
    axes.axvspan(-1, 1, color="#d9ead3", linewidth=0, zorder=0.5)
    axes.axvline(0, color=BLACK, linewidth=0.6)
    for number, (outcome, worst) in enumerate(rows):
        if not np.isfinite([worst.low, worst.high]).all() or worst.tolerance == 0:
            continue
        low, value, high = (
            (part - worst.exact) / worst.tolerance for part in (worst.low, worst.value, worst.high)
        )
        colour = BLUE if outcome.passes else ORANGE
        axes.hlines(number, low, high, color=colour, linewidth=1.2)
        axes.plot(value, number, "o" if outcome.passes else "X", color=colour, markersize=3)
    axes.set_xlim(-max(1.15, -axes.dataLim.x0), max(1.15, axes.dataLim.x1))
    axes.set_xlabel(words_of(found).say("validate.axis_tolerances"))
    return page


def day(found: Validation) -> Page | None:
    """Measures hour by hour, exact and simulated."""
    rows = [outcome for outcome in found.outcomes if outcome.row.scope == "hour"]
    if not rows:
        return None
    page = _page(found, "day", 1.55 * ((len(rows) + 1) // 2) + 0.4, legend=True)
    grid = page.panels((len(rows) + 1) // 2, 2, left_in=0.55, gap_in=(0.5, 0.55))
    panels = [axes for line in grid for axes in line]
    for axes, outcome in zip(panels, rows, strict=False):
        hours = np.arange(24)
        exact, value, low, high = (
            np.array([getattr(one, part) for one in outcome.checked])
            for part in ("exact", "value", "low", "high")
        )
        axes.stairs(exact, np.arange(25), color=BLACK, linewidth=1.1)
        axes.vlines(hours + 0.5, low, high, color=ORANGE, linewidth=1.6)
        axes.plot(hours + 0.5, value, "o", color=ORANGE, markersize=2.2)
        axes.set_title(f"{outcome.case.name}: {outcome.row.measure}")
        axes.set_xlim(0, 24)
        axes.set_xticks(range(0, 25, 6))
        axes.set_ylim(bottom=0)
    for axes in panels[len(rows) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel(words_of(found).say("validate.axis_hour"))
    say = words_of(found).say
    page.legend(
        [
            Line2D([], [], color=BLACK, label=say("validate.exact")),
            Line2D([], [], color=ORANGE, marker="o", markersize=3, label=say("validate.simulated_interval")),
        ]
    )
    return page


def dispatches(found: Validation) -> Page | None:
    """Which unit goes to which zone, exact and simulated, for each fleet that was checked so."""
    rows = [outcome for outcome in found.outcomes if outcome.row.measure == "dispatch_share"]
    if not rows:
        return None
    page = _page(found, "dispatches", 1.75 * len(rows) + 0.25, legend=True)
    grid = page.panels(len(rows), 1, left_in=0.55, gap_in=(0.25, 0.65), bottom_in=0.5)
    for [axes], outcome in zip(grid, rows, strict=True):
        _bars(axes, outcome)
    say = words_of(found).say
    page.legend(
        [
            Patch(color=NOTHING, label=say("validate.exact")),
            Line2D([], [], color=ORANGE, marker="o", markersize=3, label=say("validate.simulated_interval")),
        ]
    )
    return page


def _bars(axes: Axes, outcome: Outcome) -> None:
    at = np.arange(len(outcome.checked))
    axes.bar(at, [one.exact for one in outcome.checked], color=NOTHING, width=0.75)
    axes.vlines(at, [one.low for one in outcome.checked], [one.high for one in outcome.checked], color=ORANGE)
    axes.plot(at, [one.value for one in outcome.checked], "o", color=ORANGE, markersize=3)
    axes.set_xticks(at, [one.member.replace(" ", "\n") for one in outcome.checked], fontsize=TEXT_PT - 2)
    axes.set_title(f"{outcome.case.name}: {outcome.row.measure}")


FIGURES: dict[str, Callable[[Validation], Page | None]] = {
    "forest": forest,
    "day": day,
    "dispatches": dispatches,
}
