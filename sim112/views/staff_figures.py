"""Figures of a sizing: people on duty by hour and how busy they are, and people against service level."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from sim112.engine.contract import Bools, Floats
from sim112.planning.curve import ALL, CurvePoint
from sim112.planning.requirement import DAY_H
from sim112.planning.staff import SizedScenario
from sim112.views.drawing import (
    COLOURS_OF_VALUES,
    INK,
    STYLE,
    Page,
    ink_on,
    look,
    new_page,
    width_of,
    write_page,
)
from sim112.views.figure_study import Study

MOST_ROWS = 36
COLUMNS = 3
ROW_IN = 0.2
CURVE_IN = 1.75
LEAST_BUSY = 10.0  # percent of the scale of colours, so that idle desks look alike
LEAST_SPAN = 2.0  # points of the axis of a curve, so that nothing is drawn as a difference


@dataclass(frozen=True, eq=False)
class SizedStudy(Study):
    """The paper of a sizing: as for a study, with a line of its own on where its numbers are from."""

    replications_of_search: int = 0
    replications_held: int = 0

    def source(self) -> str:
        [scenario] = self.scenarios
        return self.say(
            "staff.figures.source",
            name=scenario.name,
            runs=self.replications_of_search,
            fresh=self.replications_held,
            seed=scenario.seed,
        )


def write_staff_figures(folder: Path, result: SizedScenario) -> tuple[str, ...]:
    """Write every figure of a sizing into a folder, which is made; the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    study = SizedStudy(
        (result.scenario,),
        {},
        replications_of_search=len(result.sizing.searched),
        replications_held=len(result.sizing.fresh),
    )
    with rc_context(STYLE):
        pages = {"people_by_hour": heat_page(study, result)}
        if result.curve:
            pages["people_against_service"] = curve_page(study, result)
        for name, page in pages.items():
            write_page(page, folder, name)
    return tuple(f"{name}.{ending}" for name in pages for ending in ("svg", "png"))


# ---- by hour -----------------------------------------------------------------------------------------------


def heat_page(study: SizedStudy, result: SizedScenario) -> Page:
    """People on duty by hour (numbers) and how busy they are (colour): days of one desk, or desks."""
    say, people = study.say, result.sizing.on_duty.call_takers
    load = result.sizing.load
    bound = np.array([[word == "load" for word in desk.requirement.binding] for desk in result.desks])
    notes = say("staff.figures.heat_notes", least=result.settings.minimum_on_duty)
    if len(result.desks) == 1:
        rows = say("calendar.weekdays").split()
        title = say("staff.figures.heat_desk", desk=result.desks[0].requirement.desk)
        count, busy, framed = (part[0].reshape(7, DAY_H) for part in (people, load, bound))
    else:
        order = np.argsort(-load.max(axis=1), kind="stable")[:MOST_ROWS]
        rows = [result.desks[row].requirement.desk.removeprefix("112 ") for row in order]
        title = say("staff.figures.heat_desks")
        count, busy, framed = (
            part[order].reshape(len(order), 7, DAY_H).mean(axis=1) for part in (people, load, bound)
        )
        notes += " " + say("staff.figures.heat_mean")
        if len(order) < len(result.desks):
            notes += " " + say("staff.figures.heat_more", shown=len(order), all=len(result.desks))
    page = new_page(study, title, say("staff.figures.heat_subtitle"), notes, ROW_IN * len(rows) + 0.75)
    left_in = width_of(rows) + 0.1
    axes = page.panel(left_in, 0.1, 6.45 - left_in, ROW_IN * len(rows))
    _draw_heat(axes, study, count.astype(np.float64), busy, framed > 0, rows)
    bar = page.panel(6.65, 0.1, 0.12, min(ROW_IN * len(rows), 2.5))
    _draw_scale(bar, study, _norm(count, busy))
    return page


def _occupancy(count: Floats, busy: Floats) -> Floats:
    return np.divide(busy, count, out=np.zeros_like(busy), where=count > 0)


def _norm(count: Floats, busy: Floats) -> Normalize:
    return Normalize(0.0, max(100 * float(_occupancy(count, busy).max()), LEAST_BUSY))


def _draw_heat(axes: Axes, study: Study, count: Floats, busy: Floats, framed: Bools, rows: list[str]) -> None:
    colours, norm = colormaps[COLOURS_OF_VALUES].reversed(), _norm(count, busy)
    shade = 100 * _occupancy(count, busy)
    axes.pcolormesh(shade, cmap=colours, norm=norm, edgecolors="white", linewidth=0.4)
    for row, hour in np.ndindex(count.shape):
        if count[row, hour] == 0:
            axes.add_patch(Rectangle((hour, row), 1, 1, facecolor="white", linewidth=0))
            continue
        whole = float(count[row, hour]).is_integer()
        axes.text(
            hour + 0.5, row + 0.5, study.words.number(float(count[row, hour]), 0 if whole else 1),
            ha="center", va="center", color=ink_on(colours(norm(shade[row, hour]))), fontsize=7.5,
            fontweight="bold" if framed[row, hour] else "normal",
        )  # fmt: skip
    axes.set_ylim(len(rows), 0)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.set_xticks(range(0, DAY_H + 1, 3), [f"{hour:02d}" for hour in range(0, DAY_H + 1, 3)])
    axes.set_xlabel(study.say("staff.figures.hour"))
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_scale(axes: Axes, study: Study, norm: Normalize) -> None:
    assert norm.vmax is not None
    steps = np.linspace(0.0, norm.vmax, 101)
    axes.pcolormesh(
        [0, 1], steps, 0.5 * (steps[:-1] + steps[1:])[:, None], norm=norm,
        cmap=colormaps[COLOURS_OF_VALUES].reversed(),
    )  # fmt: skip
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_title(study.say("staff.figures.busy"), fontsize=8, fontweight="normal", loc="center")
    axes.spines["left"].set_visible(False)


# ---- people against service level --------------------------------------------------------------------------


def curve_page(study: SizedStudy, result: SizedScenario) -> Page:
    """Share answered in time with more and with fewer people, a panel for each desk."""
    say = study.say
    desks = list(dict.fromkeys(point.desk for point in result.curve))
    columns = min(COLUMNS, len(desks))
    rows = ceil(len(desks) / columns)
    page = new_page(
        study,
        say("staff.figures.curve"),
        say("staff.figures.curve_subtitle"),
        say("staff.figures.curve_notes", runs=result.settings.curve_replications),
        rows * (CURVE_IN + 0.62) + 0.1,
        legend=True,
    )
    panels = [axes for row in page.panels(rows, columns, left_in=0.6, gap_in=(0.5, 0.62)) for axes in row]
    for axes, desk in zip(panels, desks, strict=False):
        own = [point for point in result.curve if point.desk == desk]
        _draw_curve(axes, study, result, own)
        axes.set_title(say("staff.figures.all_desks") if desk == ALL else desk)
    for axes in panels[len(desks) :]:
        axes.set_visible(False)
    panels[0].set_ylabel(say("staff.figures.curve_share"))
    handles: list[Artist] = []
    for number, level in enumerate(result.standard.answered):
        colour, marker, line = look(number + 1)
        named = say("staff.figures.curve_level", within_s=level.within_s)
        handles.append(
            Line2D([], [], color=colour, marker=marker, linestyle=line, markersize=4.5, label=named)
        )
    page.legend(handles)
    return page


def _draw_curve(axes: Axes, study: Study, result: SizedScenario, points: list[CurvePoint]) -> None:
    for number, level in enumerate(result.standard.answered):
        own = sorted((p for p in points if p.within_s == level.within_s), key=lambda point: point.people)
        colour, marker, line = look(number + 1)
        people, share = [point.people for point in own], [100 * point.share for point in own]
        axes.vlines(
            people, [100 * point.low for point in own], [100 * point.high for point in own], color=colour
        )
        axes.plot(people, share, color=colour, linestyle=line, marker=marker, markersize=3.5, linewidth=1.2)
        sized = [point for point in own if point.change == 0]
        axes.plot(
            [point.people for point in sized], [100 * point.share for point in sized], linestyle="None",
            marker=marker, markersize=8, color=colour, markeredgecolor=INK,
        )  # fmt: skip
        axes.axhline(100 * level.share, color=colour, linewidth=0.8, linestyle=line, alpha=0.7)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 100 - LEAST_SPAN), min(max(high, 100.0), 100.4))
    axes.set_xlabel(study.say("staff.figures.curve_people"))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(axis="both")
