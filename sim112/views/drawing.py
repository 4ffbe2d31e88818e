"""The paper that figures are drawn on: A4 width, one look, and the same bytes for the same numbers.

Everything goes through matplotlib's objects; no window and no global state of ``pyplot`` is touched. Lengths
are inches from the edge of the page, as print sizes are what a reader sees.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.ticker import ScalarFormatter

from sim112.study.statistics import Floats
from sim112.views.figure_study import Study
from sim112.views.words import Lang, Words, localised

PAGE_WIDTH_IN = 7.3  # A4 upright less margins of 12 mm
POINTS_PER_IN = 72.0
TEXT_PT = 8.0  # the smallest type on a page
TITLE_PT = 11.0
LINE_IN = 0.155  # of small type
PNG_DPI = 200
PNG_EFFORT = 3  # of 9: packs in a third of the time of 6, into a few per cent more bytes
MOST_LOOKS = 8
FINE = 10

INK, SOFT, BAND, NOTHING = "#1a1a1a", "#5a5a5a", "#f2f2f2", "#dddddd"
LOOKS = (
    ("#000000", "o", "-"),
    ("#D55E00", "s", "--"),
    ("#0072B2", "D", "-."),
    ("#009E73", "^", ":"),
    ("#CC79A7", "v", (0, (5, 1))),
    ("#E69F00", "P", (0, (3, 1, 1, 1))),
    ("#56B4E9", "X", (0, (1, 1))),
    ("#7a7a7a", "<", (0, (7, 2))),
)
"""Colour (Okabe and Ito), marker and line of each scenario: told apart in grey print by the last two."""

COLOURS_OF_VALUES = "viridis"

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_PT,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # no panel has ticks at its top, so titles need not be moved out of their way
    "axes.labelsize": TEXT_PT,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": "#999999",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.unicode_minus": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.fontsize": TEXT_PT,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.labelsize": TEXT_PT,
    "ytick.labelsize": TEXT_PT,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0.0,
    "svg.fonttype": "none",
    "text.hinting": "none",  # so that lines are as wide in print as on a screen
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


class TickNumbers(ScalarFormatter):
    """Numbers of an axis, written as the language writes them."""

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self.lang = lang

    def __call__(self, x: float, pos: int | None = None) -> str:
        return localised(super().__call__(x, pos), self.lang)


# ---- a page ------------------------------------------------------------------------------------------------


@dataclass
class Page:
    """A figure with its title above, its notes and source below, and the room between them."""

    figure: Figure
    height_in: float
    top_in: float  # taken by the heading
    bottom_in: float  # taken by notes and source
    words: Words

    @property
    def room_in(self) -> float:
        return self.height_in - self.top_in - self.bottom_in

    def panel(self, left_in: float, top_in: float, width_in: float, height_in: float) -> Axes:
        """Axes at a place in the room; ``top_in`` counts from the end of the heading down."""
        bottom_in = self.height_in - self.top_in - top_in - height_in
        box = (
            left_in / PAGE_WIDTH_IN,
            bottom_in / self.height_in,
            width_in / PAGE_WIDTH_IN,
            height_in / self.height_in,
        )
        axes = self.figure.add_axes(box)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(TickNumbers(self.words.lang))
        return axes

    def panels(
        self, rows: int, columns: int, *, left_in: float, right_in: float = 0.1, top_in: float = 0.22,
        bottom_in: float = 0.42, gap_in: tuple[float, float] = (0.25, 0.6),
    ) -> list[list[Axes]]:  # fmt: skip
        """Equal axes that fill the room; ``gap_in`` is the gap between columns and between rows."""
        width = (PAGE_WIDTH_IN - left_in - right_in - gap_in[0] * (columns - 1)) / columns
        height = (self.room_in - top_in - bottom_in - gap_in[1] * (rows - 1)) / rows
        return [
            [
                self.panel(
                    left_in + c * (width + gap_in[0]), top_in + r * (height + gap_in[1]), width, height
                )
                for c in range(columns)
            ]
            for r in range(rows)
        ]

    def legend(self, handles: Sequence[Artist], columns: int | None = None) -> None:
        """A legend between the heading and the panels; ``new_page`` keeps room for its lines."""
        self.figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(0.008, 1 - (self.top_in - LEGEND_IN) / self.height_in),
            ncols=columns or len(handles),
            borderaxespad=0.0,
            borderpad=0.1,
            handletextpad=0.4,
            columnspacing=1.4,
            handlelength=2.2,
        )


LEGEND_IN = 0.25


def new_page(
    study: Study, title: str, subtitle: str, notes: str, room_in: float, legend: bool = False
) -> Page:
    """A page whose height is what its words need and ``room_in`` for its panels, inches."""
    width_in = 0.97 * PAGE_WIDTH_IN
    titles = fitted_lines(title, width_in, TITLE_PT, "bold")
    subtitles = fitted_lines(subtitle, width_in)
    footers = [*fitted_lines(notes, width_in), *fitted_lines(study.source(), width_in)]
    title_line_in = 0.2
    top_in = 0.08 + title_line_in * len(titles) + LINE_IN * len(subtitles) + 0.06
    bottom_in = LINE_IN * len(footers) + 0.1
    top_in += LEGEND_IN if legend else 0.0
    height_in = top_in + room_in + bottom_in
    figure = Figure(figsize=(PAGE_WIDTH_IN, height_in))
    FigureCanvasAgg(figure)
    at_in = 0.08
    for line in titles:
        figure.text(0.01, 1 - at_in / height_in, line, va="top", fontsize=TITLE_PT, fontweight="bold")
        at_in += title_line_in
    for line in subtitles:
        figure.text(0.01, 1 - at_in / height_in, line, va="top", color=SOFT)
        at_in += LINE_IN
    for at, line in enumerate(footers):
        y_in = 0.06 + (len(footers) - 1 - at) * LINE_IN
        figure.text(0.01, y_in / height_in, line, va="bottom", color=SOFT)
    return Page(figure, height_in, top_in, bottom_in, study.words)


def write_page(page: Page, folder: Path, name: str) -> None:
    """Save a page as ``name.svg`` and ``name.png``; the same numbers give the same bytes."""
    with rc_context({"svg.hashsalt": f"sim112 {name}"}):
        drawn = io.StringIO()
        page.figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    (folder / f"{name}.svg").write_text(_shorter(drawn.getvalue()), encoding="utf-8")
    page.figure.savefig(
        folder / f"{name}.png",
        dpi=PNG_DPI,
        metadata={"Software": None},
        pil_kwargs={"compress_level": PNG_EFFORT},
    )


def _shorter(svg: str) -> str:
    """The same picture with paths to a hundredth of a point, which is finer than print."""
    return re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)


# ---- marks -------------------------------------------------------------------------------------------------


def look(number: int) -> tuple[str, str, Any]:
    """Colour, marker and line of the scenario of that number."""
    return LOOKS[number % MOST_LOOKS]


def scenario_handles(study: Study, lines: bool = False) -> list[Artist]:
    """What a legend shows for the scenarios, as dots or as lines."""
    handles: list[Artist] = []
    for number, name in enumerate(study.names):
        colour, marker, line = look(number)
        mark = "None" if lines else marker
        handles.append(
            Line2D([], [], color=colour, marker=mark, markersize=4.5, linestyle=line if lines else "-",
                   linewidth=1.6 if lines else 1.0, label=name)
        )  # fmt: skip
    return handles


def dots(
    axes: Axes, value: Floats, low: Floats, high: Floats, y: Floats, number: int, is_open: bool = False,
    size: float = 4.5,
) -> None:  # fmt: skip
    """Values with their intervals, lying; NaN bounds have none. Open dots are what is not clear."""
    colour, marker, _ = look(number)
    has = np.isfinite(low) & np.isfinite(high) & np.isfinite(value)
    axes.hlines(y[has], low[has], high[has], color=colour, linewidth=1.0)
    axes.plot(
        value, y, linestyle="None", marker=marker, markersize=size, color=colour,
        markerfacecolor="white" if is_open else colour, markeredgewidth=1.0,
    )  # fmt: skip


def name_rows(axes: Axes, names: Sequence[str], is_named: bool = True) -> None:
    """Rows from the top down, named at the left where that is not told beside, with soft bands between."""
    axes.set_ylim(len(names) - 0.5, -0.5)
    # a tick costs a millisecond, shown or not
    axes.set_yticks(range(len(names)) if is_named else [], list(names) if is_named else None)
    bands = [
        [(0, row - 0.5), (1, row - 0.5), (1, row + 0.5), (0, row + 0.5)] for row in range(0, len(names), 2)
    ]
    across = axes.get_yaxis_transform()
    axes.add_collection(
        PolyCollection(bands, facecolors=BAND, linewidths=0, zorder=0, transform=across), autolim=False
    )
    axes.grid(axis="x")


def from_zero(axes: Axes, most: float | None = None) -> None:
    """An axis from zero on, with room for whole dots at both ends."""
    most = axes.dataLim.x1 if most is None else most
    if np.isfinite(most) and most > 0:
        axes.set_xlim(-0.03 * most, 1.06 * most)


def without_row_names(axes: Axes) -> None:
    axes.tick_params(axis="y", labelleft=False)


def spread(number: int, of: int) -> float:
    """By how much to move the dots of a scenario within its row, so that they do not lie on each other."""
    return 0.0 if of == 1 else 0.56 * (number / (of - 1) - 0.5)


def width_of(texts: Iterable[str], size_pt: float = TEXT_PT) -> float:
    """How wide the longest of these texts is, with room after it, inches."""
    return max((text_width_in(text, size_pt) for text in texts), default=0.0) + 0.06


@lru_cache(maxsize=4096)
def text_width_in(text: str, size_pt: float = TEXT_PT, weight: str = "normal") -> float:
    """How wide a text is in print, inches."""
    font = get_font(findfont(FontProperties(family=STYLE["font.sans-serif"], weight=weight)))
    font.set_size(size_pt, FINE * POINTS_PER_IN)  # so fine that letters are not moved to whole pixels
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64 / FINE / POINTS_PER_IN


def fitted_lines(text: str, width_in: float, size_pt: float = TEXT_PT, weight: str = "normal") -> list[str]:
    """A text broken at its spaces into lines that fit a width."""
    lines: list[str] = []
    for word in text.split(" ") if text else []:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width_in(longer, size_pt, weight) <= width_in:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever is read better on a colour."""
    red, green, blue, *_ = colour
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
