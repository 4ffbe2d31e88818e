"""The map: regencies coloured by a measure, side by side for each scenario."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke

from sim112.study.comparison import estimate
from sim112.study.definitions import BY_KEY
from sim112.study.statistics import Floats, is_few
from sim112.views.drawing import (
    COLOURS_OF_VALUES,
    LINE_IN,
    NOTHING,
    PAGE_WIDTH_IN,
    SOFT,
    TEXT_PT,
    Page,
    TickNumbers,
    new_page,
)
from sim112.views.figure_study import Study
from sim112.views.schematic_map import SchematicMap, places_of_labels, schematic_map

HATCH = "#aaaaaa"
LEAST_SPAN = {"s": 1.0, "share": 10.0}
"""Of the colours, minutes and %, so that small differences do not look large."""


def map_page(study: Study, key: str) -> Page:
    """A schematic map for each scenario, regencies coloured by a measure on one scale."""
    several = len(study.names)
    columns = 1 if several == 1 else 2
    rows = -(-several // columns)
    drawn = schematic_map(study.area_folder, tuple(study.regencies))
    west, east, south, north = drawn.extent
    width_in = (PAGE_WIDTH_IN - 0.1 - 0.2 * (columns - 1)) / columns
    height_in = min(width_in * (north - south) / (east - west), 6.5)
    bar_in = 0.62
    # Colours and names stand beside the last map where the grid leaves room for them, else below.
    is_beside = several > 1 and several % 2 == 1 and height_in > 2.5
    key_columns, key_width_in = (3, width_in - 0.1) if is_beside else (5, PAGE_WIDTH_IN - 0.2)
    key_lines = -(-len(study.regencies) // key_columns)
    label = study.say(f"figures.map_label_{key}")
    room_in = rows * (height_in + 0.28) + (0.0 if is_beside else bar_in + LINE_IN * key_lines + 0.25)
    page = new_page(
        study,
        study.say(f"figures.map_{key}"),
        study.say("figures.map_subtitle", label=label),
        study.say("figures.map_notes"),
        room_in,
    )
    estimates = {name: estimate(key, runs, "regency") for name, runs in study.runs.items()}
    scale = 1 / 60 if BY_KEY[key].unit == "s" else 100.0
    values = {
        name: np.where(is_few(found.events), np.nan, scale * found.interval.value)
        for name, found in estimates.items()
    }
    together = np.concatenate(list(values.values()))
    known = together[np.isfinite(together)]
    least, most = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    widen = max(LEAST_SPAN[BY_KEY[key].unit] - (most - least), 0.0) / 2
    norm = Normalize(least - widen, most + widen)
    colours = colormaps[COLOURS_OF_VALUES]
    if BY_KEY[key].better == "lower":
        colours = colours.reversed()
    km_per_pt = (east - west) / (width_in * 72)
    places = places_of_labels(drawn.points, 13 * km_per_pt)
    for number, name in enumerate(study.names):
        row, column = divmod(number, columns)
        axes = page.panel(
            0.05 + column * (width_in + 0.2), 0.24 + row * (height_in + 0.28), width_in, height_in
        )
        _draw_map(axes, study, drawn, name, values[name], ScalarMappable(norm, colours), places)
        axes.set_title(name)
    left_in = width_in + 0.35 if is_beside else 0.15
    top_in = (rows - 1 if is_beside else rows) * (height_in + 0.28) + (0.3 if is_beside else 0.1)
    bar = page.panel(left_in, top_in, 1.85 if several > 1 else 3.4, 0.13)
    if len(known):
        page.figure.colorbar(
            ScalarMappable(norm, colours),
            cax=bar,
            orientation="horizontal",
            label=study.say(f"figures.map_unit_{key}"),
            format=TickNumbers(study.words.lang),
        )
    else:
        bar.axis("off")
    if np.isnan(together).any():
        unknown = Patch(
            facecolor=NOTHING,
            edgecolor=HATCH,
            hatch="////",
            linewidth=0.0,
            label=study.say("figures.map_few"),
        )
        beside = 1.03 if len(known) else -0.05
        bar.legend(handles=[unknown], loc="center left", bbox_to_anchor=(beside, 0.5))
    _draw_numbers(page, study, (left_in, top_in + bar_in), key_width_in / key_columns, key_lines)
    return page


def _draw_map(
    axes: Axes, study: Study, drawn: SchematicMap, name: str, value: Floats, shading: ScalarMappable,
    places: dict[str, tuple[float, float]],
) -> None:  # fmt: skip
    by_label = dict(zip(study.regencies, value, strict=True))
    for label, area in _areas(drawn).items():
        is_known = np.isfinite(by_label[label])
        filled = shading.to_rgba(by_label[label]) if is_known else NOTHING
        # Edges in the colour of the area close the hair lines between its cells.
        axes.add_artist(PathPatch(area, facecolor=filled, edgecolor=filled, linewidth=0.4))
        if not is_known:
            axes.add_artist(PathPatch(area, facecolor="none", edgecolor=HATCH, linewidth=0.0, hatch="////"))
    axes.add_collection(LineCollection(list(drawn.lines), colors="white", linewidths=0.9), autolim=False)
    covered = study.runs[name][0].value("people_covered", "regency")
    numbers = _numbers(study)
    for at, (label, place) in enumerate(places.items()):
        has_112 = covered[list(study.regencies).index(label)] > 0
        text = axes.text(
            *place, numbers[label], ha="center", va="center", fontsize=TEXT_PT, color="black", zorder=5 + at,
            bbox={"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "black", "linewidth": 0.7}
            if has_112 else None,
        )  # fmt: skip
        if not has_112:
            text.set_path_effects([withStroke(linewidth=2.2, foreground="white")])
    west, east, south, north = drawn.extent
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect("equal")
    axes.axis("off")
    length = next(
        step for step in (50.0, 20.0, 10.0, 5.0, 2.0, 1.0) if step <= 0.4 * (east - west) or step == 1
    )
    axes.plot([west, west + length], [south + 0.02 * (north - south)] * 2, color=SOFT, linewidth=1.2)
    scale = study.say("figures.scale", km=length)
    axes.text(west, south + 0.03 * (north - south), scale, color=SOFT, va="bottom")


def _areas(drawn: SchematicMap) -> dict[str, Path]:
    """The cells of each regency as one path."""
    cells: dict[str, list[Path]] = {}
    for label, cell in zip(drawn.regency_of_cell, drawn.cells, strict=True):
        cells.setdefault(label, []).append(Path(np.concatenate([cell, cell[:1]]), closed=True))
    return {label: Path.make_compound_path(*own) for label, own in cells.items()}


def _numbers(study: Study) -> dict[str, str]:
    """The last part of each regency's official code."""
    return {label: regency.code.rsplit(".", 1)[-1] for label, regency in study.regencies.items()}


def _draw_numbers(
    page: Page, study: Study, corner_in: tuple[float, float], width_in: float, lines: int
) -> None:
    """Which number is which regency, in columns of a width from a corner (left, top) on."""
    numbers = _numbers(study)
    for at, (label, named) in enumerate(study.regency_names.items()):
        column, line = divmod(at, lines)
        x = (corner_in[0] + column * width_in) / PAGE_WIDTH_IN
        y = 1 - (page.top_in + corner_in[1] + line * LINE_IN) / page.height_in
        page.figure.text(x, y, f"{numbers[label]}  {named}", va="top")
