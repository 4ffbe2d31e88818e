"""Figures of who knows and who comes, over time: agencies against their targets, and how 112 and own numbers
differ.
"""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sim112.engine.contract import Ints
from sim112.study.definitions import REPORTS
from sim112.study.kpis import Measures
from sim112.views.curves import draw_shares
from sim112.views.desk_figures import draw_hours
from sim112.views.drawing import SOFT, Page, new_page, scenario_handles, without_row_names
from sim112.views.figure_study import Study

TARGETS_SHOWN = 4  # times the longest target: as far as curves are drawn
ALERTS_SHOWN_S = 1800.0
PANEL_IN = 2.0
DASHED = (0, (2, 2))


def _counts(quantity: str, at: int, run: Measures) -> Ints:
    counts: Ints = run.histograms[quantity].dense(slice(at, at + 1))[0]
    return counts


# ---- agencies ----------------------------------------------------------------------------------------------


def agency_response_page(study: Study) -> Page:
    """How many of the incidents that need an agency it has reached within each time, beside its target."""
    agencies = study.runs[study.names[0]][0].members("agency")
    targets = study.scenarios[0].targets
    wanted_s = targets.response_targets(agencies)
    most_s = min(TARGETS_SHOWN * max(wanted_s), 0.99 * targets.response_cap_s)
    columns = 2
    rows = -(-len(agencies) // columns)
    page = new_page(
        study,
        study.say("figures.response"),
        study.say("figures.response_subtitle"),
        study.say("figures.response_notes", most=most_s / 60),
        PANEL_IN * rows + 0.3,
        legend=True,
    )
    panels = page.panels(rows, columns, left_in=0.5, gap_in=(0.3, 0.62))
    named = study.agency_names(agencies)
    for at, (name, target_s) in enumerate(zip(named, wanted_s, strict=True)):
        axes = panels[at // columns][at % columns]
        draw_shares(axes, study, partial(_counts, "agency_response_s", at), most_s)
        axes.axvline(target_s / 60, color=SOFT, linewidth=1.0, linestyle=DASHED)
        told = study.say("figures.response_target", minutes=target_s / 60)
        axes.text(
            target_s / 60, 101, f" {told}", ha="left", va="top", color=SOFT,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
        axes.set_title(name)
        _percent_over_minutes(axes, study, most_s, is_left=at % columns == 0)
    for at in range(len(agencies), rows * columns):
        panels[at // columns][at % columns].remove()
    target = Line2D([], [], color=SOFT, linewidth=1.0, linestyle=DASHED, label=study.say("figures.target"))
    page.legend([*scenario_handles(study, lines=True), target])
    return page


def _percent_over_minutes(axes: Axes, study: Study, most_s: float, is_left: bool) -> None:
    axes.set_xlim(0, most_s / 60)
    axes.set_ylim(0, 104)
    axes.grid(axis="both")
    axes.set_xlabel(study.say("figures.kinds_axis"))
    if is_left:
        axes.set_ylabel(study.say("figures.kinds_y"))
    else:
        without_row_names(axes)


# ---- who knows ---------------------------------------------------------------------------------------------


def alert_page(study: Study) -> Page:
    """When the last needed agency knows: by hour of day, and by the number through which it became known."""
    targets = study.scenarios[0].targets
    most_s = min(ALERTS_SHOWN_S, 0.99 * targets.alert_cap_s)
    page = new_page(
        study,
        study.say("figures.know"),
        study.say("figures.know_subtitle"),
        study.say("figures.know_notes", cap=targets.alert_cap_s / 60, most=most_s / 60),
        2 * PANEL_IN + 0.9,
        legend=True,
    )
    hours = page.panel(0.5, 0.24, 6.65, PANEL_IN - 0.2)
    draw_hours(hours, study, "alert_capped_s", 1 / 60)
    hours.set_ylabel(study.say("figures.minutes"))
    width_in = (6.65 - 0.3) / len(REPORTS)
    for at in range(len(REPORTS)):
        axes = page.panel(0.5 + at * (width_in + 0.3), PANEL_IN + 0.7, width_in, PANEL_IN - 0.3)
        draw_shares(axes, study, partial(_counts, "alert_by_report_s", at), most_s)
        axes.set_title(study.say(f"figures.know_{'112' if at == 0 else 'own'}"))
        _percent_over_minutes(axes, study, most_s, is_left=at == 0)
    page.legend(scenario_handles(study, lines=True))
    return page
