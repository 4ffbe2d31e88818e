"""Figures of the measures themselves: the headline, agencies against their targets, response times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim112.study.comparison import Row, estimate
from sim112.study.definitions import BY_KEY
from sim112.study.kpis import Measures
from sim112.study.statistics import Floats, is_few, ratio_interval
from sim112.study.totals import MIDDLE_S
from sim112.views.drawing import (
    INK,
    PAGE_WIDTH_IN,
    SOFT,
    Page,
    Study,
    dots,
    fitted_lines,
    from_zero,
    look,
    name_rows,
    new_page,
    scenario_handles,
    spread,
    width_of,
    without_row_names,
)
from sim112.views.figure_words import WORDS
from sim112.views.tables import LABELS, decimals_for, number, scale_of, verdict_word

AGENCY_KEYS = ("agency_alert_capped_s", "agency_response_capped_s", "agency_reached_within_share")
CURVE_STEPS = 121
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
    named = [*study.names, *(WORDS[end].format(scenario=study.use_scenario) for end, _ in ends)]
    columns = 2
    rows = -(-len(keys) // columns)
    height_in = ROW_IN * len(named) + 0.1
    page = new_page(
        study,
        WORDS["headline"].format(first=first),
        WORDS["headline_subtitle"].format(first=first),
        WORDS["headline_notes"].format(first=first) if ends else "",
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
    scale, unit = scale_of(BY_KEY[key].unit, [row.value for row in rows])
    decimals = decimals_for([scale * row.value for row in rows])
    name_rows(axes, named)
    title = LABELS.get(key, BY_KEY[key].label).removesuffix(", mean")
    room_in = PAGE_WIDTH_IN * axes.get_position().width + VALUE_IN
    axes.set_title("\n".join(fitted_lines(title, room_in, 8.5, "bold")))
    axes.set_xlabel(unit)
    bounds = [0.0]
    for y, row in enumerate(found):
        if row is None:
            axes.text(
                1.02, y, WORDS["not_run"], transform=axes.get_yaxis_transform(), va="center", color=SOFT
            )
            continue
        at = y if y < scenarios else study.names.index(at_use)
        is_open = row.verdict not in ("better", "worse", "baseline")
        value, low, high = (np.array([scale * part]) for part in (row.value, row.low, row.high))
        dots(axes, value, low, high, np.array([float(y)]), at, is_open)
        bounds += [float(part[0]) for part in (value, low, high) if np.isfinite(part[0])]
        verdict = "" if row.verdict in ("baseline", "one replication", "") else verdict_word(row).lower()
        told = number(scale * row.value, decimals) if np.isfinite(row.value) else WORDS["undefined"]
        axes.text(
            1.02, y, f"{told}  {verdict}".rstrip(), transform=axes.get_yaxis_transform(), va="center",
            color=INK,
        )  # fmt: skip
    top = max(bounds)
    axes.set_xlim(min(*bounds, -0.03 * top), 1.06 * top if top > 0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.10g}"))


# ---- response times ----------------------------------------------------------------------------------------


def kinds_page(study: Study) -> Page:
    """The distribution of the response time by kind of incident, with the targets of the agencies needed."""
    needed = study.runs[study.names[0]][0].total("needing", "kind")
    kinds = [
        (at, kind)
        for at, kind in enumerate(study.members("kind"))
        if needed[at] > 0 and kind in study.scenarios[0].demand.kinds
    ]
    columns = 3
    rows = max(-(-len(kinds) // columns), 1)
    targets = study.scenarios[0].targets
    longest_s = max(targets.response_target_s.model_dump().values())
    most_s = min(CURVE_TARGETS * longest_s, 0.99 * targets.response_cap_s)
    page = new_page(
        study,
        WORDS["kinds"],
        WORDS["kinds_subtitle"],
        WORDS["kinds_notes"].format(most=most_s / 60),
        1.85 * rows + 0.15,
        legend=True,
    )
    panels = page.panels(rows, columns, left_in=0.5, gap_in=(0.25, 0.5))
    within_s = np.linspace(0, most_s, CURVE_STEPS)
    for cell, (at, kind) in enumerate(kinds):
        axes = panels[cell // columns][cell % columns]
        _draw_curves(axes, study, at, within_s)
        _draw_targets(axes, study, kind)
        axes.set_title(kind.replace("_", " "))
        axes.set_xlim(0, most_s / 60)
        axes.set_ylim(0, 104)
        axes.grid(axis="both")
        if cell % columns:
            without_row_names(axes)
        else:
            axes.set_ylabel(WORDS["kinds_y"])
        if cell + columns >= len(kinds):
            axes.set_xlabel(WORDS["kinds_axis"])
        else:
            axes.tick_params(axis="x", labelbottom=False)
    for cell in range(len(kinds), rows * columns):
        panels[cell // columns][cell % columns].remove()
    target = Line2D([], [], color=SOFT, linewidth=1.0, linestyle=(0, (2, 2)), label=WORDS["target"])
    page.legend([*scenario_handles(study, lines=True), target])
    return page


def _draw_curves(axes: Axes, study: Study, at: int, within_s: Floats) -> None:
    """The share reached within each time, with its interval over replications, for every scenario."""
    for order, runs in enumerate(study.runs.values()):
        counts = [_counts_of(run, "response_s", "kind", at) for run in runs]
        whole = np.array([count.sum() for count in counts], np.float64)
        if is_few(whole.sum()):
            axes.text(
                0.5, 0.5, WORDS["few"], transform=axes.transAxes, ha="center", color=SOFT,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5}, zorder=5,
            )  # fmt: skip
            return
        bins = np.searchsorted(MIDDLE_S, within_s, side="right")
        below = np.stack([np.append(0, np.cumsum(count))[bins] for count in counts]).astype(np.float64)
        share = ratio_interval(below, np.repeat(whole[:, None], len(within_s), axis=1))
        colour, _, line = look(order)
        axes.plot(within_s / 60, 100 * share.value, color=colour, linestyle=line, linewidth=1.5)
        if np.isfinite(share.low).all():
            low, high = (100 * np.clip(part, 0, 1) for part in (share.low, share.high))
            axes.fill_between(within_s / 60, low, high, color=colour, alpha=0.15, linewidth=0)


def _counts_of(run: Measures, quantity: str, scope: str, at: int) -> Floats:
    slots = run.scopes.slots(scope)
    counts: Floats = run.histograms[quantity].dense(slice(slots.start + at, slots.start + at + 1))[0]
    return counts


def _draw_targets(axes: Axes, study: Study, kind: str) -> None:
    targets = study.scenarios[0].targets
    needs = study.scenarios[0].demand.kinds[kind].agencies
    needed = [agency for agency, share in needs.items() if share >= NEEDED_BY_MOST_SHARE]
    by_time: dict[float, list[str]] = {}
    for agency, target_s in zip(needed, targets.response_targets(tuple(needed)), strict=True):
        by_time.setdefault(target_s / 60, []).append(agency)
    for level, (minutes, agencies) in enumerate(sorted(by_time.items())):
        axes.axvline(minutes, color=SOFT, linewidth=1.0, linestyle=(0, (2, 2)))
        told = f"{', '.join(agencies)} {minutes:g}"
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
        WORDS["agencies"],
        WORDS["agencies_subtitle"],
        WORDS["agencies_notes"].format(alert=targets.alert_cap_s / 60, response=targets.response_cap_s / 60),
        (0.25 + 0.14 * several) * len(agencies) + 0.85,
        legend=True,
    )
    [panels] = page.panels(1, len(AGENCY_KEYS), left_in=width_of(agencies) + 0.15)
    y = np.arange(len(agencies), dtype=np.float64)
    for axes, key in zip(panels, AGENCY_KEYS, strict=True):
        name_rows(axes, agencies)
        if axes is not panels[0]:
            without_row_names(axes)
        scale, unit = (1 / 60, WORDS["minutes"]) if BY_KEY[key].unit == "s" else (100.0, WORDS["percent"])
        axes.set_title(WORDS[key])
        axes.set_xlabel(unit)
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
                    label=WORDS["target"])  # fmt: skip
    page.legend([*scenario_handles(study), stroke])
    return page
