"""Figures of the measures themselves: the headline, agencies against their targets, response times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim112.engine.contract import Ints
from sim112.study.comparison import Row, estimate
from sim112.study.definitions import BY_KEY
from sim112.study.kpis import Measures
from sim112.study.statistics import is_few
from sim112.study.totals import BINS
from sim112.views.curves import draw_shares
from sim112.views.drawing import (
    INK,
    PAGE_WIDTH_IN,
    SOFT,
    Page,
    dots,
    fitted_lines,
    from_zero,
    name_rows,
    new_page,
    scenario_handles,
    spread,
    width_of,
    without_row_names,
)
from sim112.views.figure_study import Study
from sim112.views.tables import decimals_for, headline_label, scale_of, verdict_word
from sim112.views.words import localised

AGENCY_KEYS = ("agency_alert_capped_s", "agency_response_capped_s", "agency_reached_within_share")
CURVE_TARGETS = 4  # times the longest target: as far as curves are drawn
NEEDED_BY_MOST_SHARE = 0.5
ROW_IN = 0.2
HEADLINE_GAP_IN = 0.8
VALUE_IN = 1.05


# ---- the headline ------------------------------------------------------------------------------------------


def headline_page(study: Study) -> Page:
    """The headline measures of every scenario, and of one at low and high use of 112, each in its panel."""
    assert study.comparison is not None
    first = study.names[0]
    keys = list(dict.fromkeys(row.measure for row in study.comparison.headline))
    ends = [(end, at_end) for end, at_end in study.use.items() if study.use_scenario]
    at_ends = [study.say(f"figures.{end}", scenario=study.use_scenario) for end, _ in ends]
    named = [*study.names, *at_ends]
    columns = 2
    rows = -(-len(keys) // columns)
    height_in = ROW_IN * len(named) + 0.1
    page = new_page(
        study,
        study.say("figures.headline", first=first),
        study.say("figures.headline_subtitle", first=first),
        study.say("figures.headline_notes", first=first) if ends else "",
        rows * (height_in + HEADLINE_GAP_IN) + 0.1,
    )
    panels = page.panels(
        rows, columns, left_in=width_of(named) + 0.05, right_in=VALUE_IN, top_in=0.36, bottom_in=0.42,
        gap_in=(VALUE_IN + 0.15, HEADLINE_GAP_IN),
    )  # fmt: skip
    for at, key in enumerate(keys):
        row, column = divmod(at, columns)
        found = [_row_of(study.comparison.headline, key, name) for name in study.names]
        found += [_row_of(at_end.headline, key, study.use_scenario) for _, at_end in ends]
        _draw_measure(panels[row][column], key, named, found, len(study.names), study.use_scenario, study)
        if column:
            without_row_names(panels[row][column])
    for at in range(len(keys), rows * columns):
        panels[at // columns][at % columns].remove()
    return page


def _row_of(rows: Sequence[Row], key: str, scenario: str) -> Row | None:
    return next((row for row in rows if (row.measure, row.scenario) == (key, scenario)), None)


def _draw_measure(
    axes: Axes, key: str, named: Sequence[str], found: Sequence[Row | None], scenarios: int, at_use: str,
    study: Study,
) -> None:  # fmt: skip
    """One measure: a row for each scenario, with its value and verdict written at the right."""
    rows = [row for row in found if row is not None]
    scale, unit = scale_of(BY_KEY[key].unit, [row.value for row in rows], study.words)
    decimals = decimals_for([scale * row.value for row in rows])
    name_rows(axes, named)
    title = headline_label(key, study.words)
    room_in = PAGE_WIDTH_IN * axes.get_position().width + VALUE_IN
    axes.set_title("\n".join(fitted_lines(title, room_in, 8.5, "bold")))
    axes.set_xlabel(unit)
    bounds = [0.0]
    for y, row in enumerate(found):
        if row is None:
            axes.text(
                1.02, y, study.say("figures.not_run"), transform=axes.get_yaxis_transform(), va="center",
                color=SOFT,
            )  # fmt: skip
            continue
        at = y if y < scenarios else study.names.index(at_use)
        is_open = row.verdict not in ("better", "worse", "baseline")
        value, low, high = (np.array([scale * part]) for part in (row.value, row.low, row.high))
        dots(axes, value, low, high, np.array([float(y)]), at, is_open)
        bounds += [float(part[0]) for part in (value, low, high) if np.isfinite(part[0])]
        verdict = verdict_word(row, study.words).lower()
        told = study.say("figures.undefined")
        if np.isfinite(row.value):
            told = study.words.number(scale * row.value, decimals)
        axes.text(
            1.02, y, f"{told}  {verdict}".rstrip(), transform=axes.get_yaxis_transform(), va="center",
            color=INK,
        )  # fmt: skip
    top = max(bounds)
    axes.set_xlim(min(*bounds, -0.03 * top), 1.06 * top if top > 0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    lang = study.words.lang
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: localised(f"{tick:,.10g}", lang)))


# ---- response times ----------------------------------------------------------------------------------------


def kinds_page(study: Study) -> Page:
    """The distribution of the response time by kind of incident, with the targets of the agencies needed."""
    known = study.scenarios[0].demand.kinds
    kinds = [kind for kind in study.members("kind") if kind in known and _ever_needs_unit(study, kind)]
    columns = 3
    rows = max(-(-len(kinds) // columns), 1)
    targets = study.scenarios[0].targets
    longest_s = max(targets.response_target_s.model_dump().values())
    most_s = min(CURVE_TARGETS * longest_s, 0.99 * targets.response_cap_s)
    page = new_page(
        study,
        study.say("figures.kinds"),
        study.say("figures.kinds_subtitle"),
        study.say("figures.kinds_notes", most=most_s / 60),
        1.85 * rows + 0.15,
        legend=True,
    )
    panels = page.panels(rows, columns, left_in=0.5, gap_in=(0.25, 0.5))
    for cell, kind in enumerate(kinds):
        axes = panels[cell // columns][cell % columns]
        _draw_curves(axes, study, kind, most_s)
        _draw_targets(axes, study, kind)
        axes.set_title(study.words.named("kinds", kind))
        axes.set_xlim(0, most_s / 60)
        axes.set_ylim(0, 104)
        axes.grid(axis="both")
        if cell % columns:
            without_row_names(axes)
        else:
            axes.set_ylabel(study.say("figures.kinds_y"))
        if cell + columns >= len(kinds):
            axes.set_xlabel(study.say("figures.kinds_axis"))
        else:
            axes.tick_params(axis="x", labelbottom=False)
    for cell in range(len(kinds), rows * columns):
        panels[cell // columns][cell % columns].remove()
    label = study.say("figures.target")
    target = Line2D([], [], color=SOFT, linewidth=1.0, linestyle=(0, (2, 2)), label=label)
    page.legend([*scenario_handles(study, lines=True), target])
    return page


def _ever_needs_unit(study: Study, kind: str) -> bool:
    """Whether an incident of a kind needs a unit in any replication of any scenario."""
    return any(
        kind in run.members("kind") and run.total("needing", "kind")[run.members("kind").index(kind)] > 0
        for runs in study.runs.values()
        for run in runs
    )


def _draw_curves(axes: Axes, study: Study, kind: str, most_s: float) -> None:
    """The share of a kind of incident that is reached within each time, for every scenario."""

    def counts_of(run: Measures) -> Ints:
        if kind not in run.members("kind"):  # a scenario may have a kind that others have not
            return np.zeros(BINS, np.int64)
        first = run.scopes.slots("kind").start + run.members("kind").index(kind)
        counts: Ints = run.histograms["response_s"].dense(slice(first, first + 1))[0]
        return counts

    draw_shares(axes, study, counts_of, most_s)


def _draw_targets(axes: Axes, study: Study, kind: str) -> None:
    targets = study.scenarios[0].targets
    needs = study.scenarios[0].demand.kinds[kind].agencies
    needed = [agency for agency, share in needs.items() if share >= NEEDED_BY_MOST_SHARE]
    by_time: dict[float, list[str]] = {}
    for agency, target_s in zip(needed, targets.response_targets(tuple(needed)), strict=True):
        by_time.setdefault(target_s / 60, []).append(agency)
    for level, (minutes, agencies) in enumerate(sorted(by_time.items())):
        axes.axvline(minutes, color=SOFT, linewidth=1.0, linestyle=(0, (2, 2)))
        told = f"{', '.join(study.agency_names(agencies))} {study.words.short(minutes)}"
        axes.text(
            0.98, 0.04 + 0.13 * level, told, transform=axes.transAxes, ha="right", color=SOFT,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip


def agencies_page(study: Study) -> Page:
    """For each agency when it is alerted, when it is there, and how often within its target."""
    agencies = study.runs[study.names[0]][0].members("agency")
    several = len(study.names)
    targets = study.scenarios[0].targets
    page = new_page(
        study,
        study.say("figures.agencies"),
        study.say("figures.agencies_subtitle"),
        study.say(
            "figures.agencies_notes", alert=targets.alert_cap_s / 60, response=targets.response_cap_s / 60
        ),
        (0.25 + 0.14 * several) * len(agencies) + 0.85,
        legend=True,
    )
    named = study.agency_names(agencies)
    [panels] = page.panels(1, len(AGENCY_KEYS), left_in=width_of(named) + 0.15)
    y = np.arange(len(agencies), dtype=np.float64)
    for axes, key in zip(panels, AGENCY_KEYS, strict=True):
        name_rows(axes, named, axes is panels[0])
        is_time = BY_KEY[key].unit == "s"
        scale = 1 / 60 if is_time else 100.0
        axes.set_title(study.say(f"figures.{key}"))
        axes.set_xlabel(study.say("figures.minutes" if is_time else "figures.percent"))
        for order, runs in enumerate(study.runs.values()):
            found = estimate(key, runs, "agency")
            value, low, high = (
                scale * np.where(is_few(found.events), np.nan, part)
                for part in (found.interval.value, found.interval.low, found.interval.high)
            )
            dots(axes, value, low, high, y + spread(order, several), order)
        if key == "agency_response_capped_s":
            wanted = np.array(targets.response_targets(agencies)) / 60
            axes.vlines(wanted, y - 0.42, y + 0.42, color=SOFT, linewidth=1.6)
        from_zero(axes)
    stroke = Line2D([], [], color=SOFT, marker="|", markersize=9, markeredgewidth=1.6, linestyle="None",
                    label=study.say("figures.target"))  # fmt: skip
    page.legend([*scenario_handles(study), stroke])
    return page
