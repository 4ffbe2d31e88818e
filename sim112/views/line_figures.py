"""The figure of lines held at once, against how many lines there are."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from sim112.engine.contract import NONE
from sim112.study.definitions import MOST_LINES
from sim112.study.kpis import Measures
from sim112.study.replication import world_of
from sim112.study.statistics import Floats, ratio_interval
from sim112.views.drawing import SOFT, Page, look, new_page, scenario_handles, without_row_names
from sim112.views.figure_study import Study

LEAST_PERCENT = 1e-3
PERCENTS = (0.001, 0.01, 0.1, 1, 10, 100)
PANEL_IN = 1.75


def occupancy_page(study: Study) -> Page:
    """The share of the time in which at least so many lines of a desk are held, by the number dialled."""
    services = study.members("service")
    lines = _lines_by_service(study)
    columns = 3
    rows = -(-len(services) // columns)
    page = new_page(
        study,
        study.say("figures.occupied"),
        study.say("figures.occupied_subtitle"),
        study.say("figures.occupied_notes", least=LEAST_PERCENT),
        PANEL_IN * rows + 0.4 * rows,
        legend=True,
    )
    panels = page.panels(rows, columns, left_in=0.62, gap_in=(0.25, 0.62))
    for at, service in enumerate(services):
        axes = panels[at // columns][at % columns]
        most = _draw_service(axes, study, at)
        known = lines.get(at)
        title = study.say("figures.service_112")
        if service != "112":
            title = study.say("figures.service_own", agency=study.words.named("agencies", service))
        axes.set_title(title)
        if known is not None:
            least, largest = known
            most = max(most, min(largest, MOST_LINES))
            axes.axvspan(least - 0.5, largest + 0.5, color=SOFT, alpha=0.18, linewidth=0)
        axes.set_xlim(0.5, most + 0.5)
        axes.set_xticks(np.unique(np.linspace(1, most, 5).round()))
        axes.set_ylim(LEAST_PERCENT, 100)  # first: a log scale finds none itself where no line is held
        axes.set_yscale("log")
        axes.set_yticks(PERCENTS, [study.words.short(percent) for percent in PERCENTS])
        axes.minorticks_off()
        axes.grid(axis="both")
        axes.set_xlabel(study.say("figures.occupied_axis"))
        if at % columns:
            without_row_names(axes)
        else:
            axes.set_ylabel(study.say("figures.time_unit"))
    for at in range(len(services), rows * columns):
        panels[at // columns][at % columns].remove()
    page.legend(scenario_handles(study))
    return page


def _draw_service(axes: Axes, study: Study, at: int) -> int:
    """Draw every scenario; the largest number of lines that is seen."""
    most = 1
    for order, runs in enumerate(study.runs.values()):
        held_s = np.stack([_held(run, at) for run in runs])
        whole_s = held_s.sum(axis=1, keepdims=True)
        if not whole_s.sum() > 0:
            continue
        at_least_s = held_s[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        share = ratio_interval(at_least_s, np.repeat(whole_s, at_least_s.shape[1], axis=1))
        percent = 100 * np.where(share.value > 0, share.value, np.nan)
        seen = np.flatnonzero(percent >= LEAST_PERCENT)
        most = max(most, int(seen[-1]) + 1 if len(seen) else 1)
        number = np.arange(1, MOST_LINES + 1)
        colour, marker, line = look(order)
        axes.plot(number, percent, color=colour, marker=marker, markersize=3.2, linestyle=line, linewidth=1.2)
        if np.isfinite(share.low).all():
            low, high = (100 * np.clip(part, LEAST_PERCENT / 1000, 1) for part in (share.low, share.high))
            axes.vlines(number, low, high, color=colour, linewidth=0.8)
    return most


def _held(run: Measures, at: int) -> Floats:
    return run.lines_s.row(at)


def _lines_by_service(study: Study) -> dict[int, tuple[int, int]]:
    """The fewest and the most lines of a desk of each service, over all scenarios, where they are limited."""
    found: dict[int, tuple[int, int]] = {}
    for scenario in study.scenarios:
        world = world_of(scenario)
        for agency, lines in zip(world.desk_agency, world.desk_lines, strict=True):
            at = 0 if agency == NONE else int(agency) + 1
            if 0 < lines <= MOST_LINES:
                least, most = found.get(at, (int(lines), int(lines)))
                found[at] = min(least, int(lines)), max(most, int(lines))
    return found
