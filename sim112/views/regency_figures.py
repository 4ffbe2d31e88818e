"""Figures by regency: what changes, how each is served, and who lives near a station."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sim112.study.comparison import Row, estimate
from sim112.study.definitions import BY_KEY
from sim112.study.statistics import is_few
from sim112.views.drawing import (
    COLOURS_OF_VALUES,
    INK,
    PAGE_WIDTH_IN,
    SOFT,
    Page,
    dots,
    ink_on,
    name_rows,
    new_page,
    scenario_handles,
    spread,
    width_of,
)
from sim112.views.figure_study import Study

ROW_IN = 0.185
MOST_PANELS = 4
LEAST_REACH_MINUTES = 0.2  # of the axis to both sides, so that a few seconds do not look large
LEVEL_KEYS = ("alert_capped_s", "reached_within_share", "answered_within_share")


# ---- differences by regency --------------------------------------------------------------------------------


def pages_of_scenarios(study: Study) -> list[tuple[str, ...]]:
    """The scenarios but the first, as many as fit on a page together."""
    others = study.names[1:]
    return [others[start : start + MOST_PANELS] for start in range(0, len(others), MOST_PANELS)]


def difference_page(study: Study, others: Sequence[str]) -> Page:
    """The difference from the first scenario by regency, with intervals, in a panel for each other."""
    assert study.comparison is not None
    first = study.names[0]
    rows = [row for row in study.comparison.regencies if row.measure == "alert_capped_s"]
    by_scenario = {name: {row.member: row for row in rows if row.scenario == name} for name in others}
    least = {
        member: min(_or_zero(by_scenario[name][member].difference) for name in others)
        for member in study.regency_names
    }
    members = sorted(least, key=lambda member: (least[member], member))
    named = [study.regency_names[member] for member in members]
    page = new_page(
        study,
        _difference_title(study, by_scenario),
        study.say("figures.difference_subtitle", first=first),
        study.say("figures.difference_notes", cap=study.comparison.targets.alert_cap_s / 60),
        ROW_IN * len(members) + 0.75,
        legend=True,
    )
    [panels] = page.panels(1, len(others), left_in=width_of(named) + 0.1, bottom_in=0.45)
    ends = [
        bound / 60
        for found in by_scenario.values()
        for row in found.values()
        for bound in (row.difference, row.difference_low, row.difference_high)
        if np.isfinite(bound) and not row.is_few
    ]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    low, high = min(low, -LEAST_REACH_MINUTES), max(high, LEAST_REACH_MINUTES)
    margin = 0.05 * (high - low)
    for axes, name in zip(panels, others, strict=True):
        name_rows(axes, named, axes is panels[0])
        axes.axvline(0, color=SOFT, linewidth=0.9)
        axes.set_xlim(low - margin, high + margin)
        axes.set_title(name)
        axes.set_xlabel(study.say("figures.difference_axis", scenario=name, first=first))
        _draw_differences(axes, [by_scenario[name][m] for m in members], study.names.index(name))
    colour = INK
    page.legend(
        [
            Line2D([], [], color=colour, marker="o", markersize=4.5, linewidth=1.0,
                   label=study.say("figures.clear")),
            Line2D([], [], color=colour, marker="o", markersize=4.5, linewidth=1.0, markerfacecolor="white",
                   label=study.say("figures.unclear")),
            Line2D([], [], color=SOFT, marker=".", markersize=6, linestyle="None",
                   label=study.say("figures.same")),
            Line2D([], [], color=SOFT, marker="x", markersize=4.5, linestyle="None",
                   label=study.say("figures.few")),
        ]
    )  # fmt: skip
    return page


def _or_zero(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def _draw_differences(axes: Axes, rows: Sequence[Row], number: int) -> None:
    y = np.arange(len(rows), dtype=np.float64)
    value = np.array([row.difference for row in rows]) / 60
    low = np.array([row.difference_low for row in rows]) / 60
    high = np.array([row.difference_high for row in rows]) / 60
    few = np.array([row.is_few for row in rows])
    clear = np.array([row.verdict in ("better", "worse") for row in rows]) & ~few
    same = np.array([row.verdict == "same" for row in rows]) & ~few
    for which, is_open in ((clear, False), (~clear & ~few & ~same, True)):
        dots(axes, value[which], low[which], high[which], y[which], number, is_open)
    axes.plot(value[same], y[same], linestyle="None", marker=".", markersize=6, color=SOFT)
    # Nothing can be said of them, so they stand at the edge, whatever chance made of them.
    axes.plot(
        np.full(few.sum(), 0.97), y[few], transform=axes.get_yaxis_transform(), linestyle="None", marker="x",
        markersize=4.5, color=SOFT,
    )  # fmt: skip


def _difference_title(study: Study, by_scenario: dict[str, dict[str, Row]]) -> str:
    if study.replications == 1:
        return study.say("figures.difference_plain")
    name, found = list(by_scenario.items())[-1]
    verdicts = [row.verdict for row in found.values()]
    sooner = verdicts.count("better")
    title = study.say("figures.difference", sooner=sooner, number=len(verdicts), scenario=name)
    later = verdicts.count("worse")
    return title + (study.say("figures.difference_later", later=later) if later else "")


# ---- levels by regency -------------------------------------------------------------------------------------


def levels_page(study: Study) -> Page:
    """Alert time, share reached and share answered in time, by regency, every scenario in the same row."""
    found = {
        key: {name: estimate(key, runs, "regency") for name, runs in study.runs.items()} for key in LEVEL_KEYS
    }
    first = found[LEVEL_KEYS[0]][study.names[0]]
    shown = np.where(is_few(first.events), np.nan, first.interval.value)
    order = np.argsort(-np.nan_to_num(shown, nan=-1.0), kind="stable")
    named = np.array(list(study.regency_names.values()))[order]
    several = len(study.names)
    page = new_page(
        study,
        study.say("figures.levels"),
        study.say("figures.levels_subtitle", first=study.names[0]),
        study.say("figures.levels_notes", answer=study.scenarios[0].targets.answered_within_s),
        (ROW_IN + 0.03 * max(several - 2, 0)) * len(named) + 0.75,
        legend=several > 1,
    )
    [panels] = page.panels(1, len(LEVEL_KEYS), left_in=width_of(named) + 0.1)
    y = np.arange(len(named), dtype=np.float64)
    for axes, key in zip(panels, LEVEL_KEYS, strict=True):
        name_rows(axes, list(named), axes is panels[0])
        is_time = BY_KEY[key].unit == "s"
        scale = 1 / 60 if is_time else 100.0
        axes.set_title(study.say(f"figures.{key}"))
        axes.set_xlabel(study.say("figures.minutes" if is_time else "figures.percent"))
        for number, name in enumerate(study.names):
            this = found[key][name]
            value = np.where(is_few(this.events), np.nan, this.interval.value)[order]
            low, high = this.interval.low[order], this.interval.high[order]
            if BY_KEY[key].unit == "share":
                low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
            dots(
                axes, scale * value, scale * low, scale * high, y + spread(number, several), number, size=3.6
            )
    if several > 1:
        page.legend(scenario_handles(study))
    return page


# ---- coverage ----------------------------------------------------------------------------------------------


def coverage_page(study: Study) -> Page:
    """Who lives within the target of the nearest station, by agency and regency, as a table in colours."""
    first = study.names[0]
    measures = study.runs[first][0]
    agencies = measures.members("agency")
    shares = {
        name: runs[0].value("coverage_share", "agency_regency").reshape(len(agencies), -1).T
        for name, runs in study.runs.items()
    }
    same = all(np.allclose(share, shares[first], equal_nan=True) for share in shares.values())
    table = 100 * shares[first]
    order = np.argsort(np.nan_to_num(table).mean(axis=1), kind="stable")
    named = np.array(list(study.regency_names.values()))[order]
    targets = measures.targets.response_targets(agencies)
    named_agencies = study.agency_names(agencies)
    told = ", ".join(
        f"{agency} {study.words.short(target / 60)}"
        for agency, target in zip(named_agencies, targets, strict=True)
    )
    if len(study.names) == 1:
        ending = ""
    else:
        key = "figures.coverage_same" if same else "figures.coverage_first"
        ending = study.say(key, first=first)
    page = new_page(
        study,
        study.say("figures.coverage"),
        study.say("figures.coverage_subtitle", targets=told),
        study.say("figures.coverage_notes", same=ending),
        ROW_IN * len(named) + 1.0,
    )
    left_in = width_of(named) + 0.1
    height_in, width_in = ROW_IN * len(named), PAGE_WIDTH_IN - left_in - 0.2
    axes = page.panel(left_in, 0.3, width_in, height_in)
    picture = axes.pcolormesh(table[order], cmap=COLOURS_OF_VALUES, vmin=0, vmax=100, edgecolors="face")
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(named)) + 0.5, list(named))
    axes.set_xticks(np.arange(len(agencies)) + 0.5, named_agencies)
    axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, labelcolor=INK)
    for row, at in enumerate(order):
        for column, share in enumerate(table[at]):
            if np.isfinite(share):
                ink = ink_on(picture.cmap(float(share) / 100))
                axes.text(column + 0.5, row + 0.5, f"{share:.0f}", ha="center", va="center", color=ink)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = page.panel(left_in, 0.3 + height_in + 0.1, width_in, 0.1)
    label = study.say("figures.coverage_axis")
    page.figure.colorbar(picture, cax=bar, orientation="horizontal", label=label)
    return page
