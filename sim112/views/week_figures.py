"""Heat maps of the week: when 112 is called, and how long callers wait then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from sim112.study.definitions import HOUR_COLUMNS, HOUR_MEASURES
from sim112.study.kpis import Measures
from sim112.study.statistics import Floats, is_few
from sim112.views.drawing import COLOURS_OF_VALUES, INK, PAGE_WIDTH_IN, Page, TickNumbers, new_page, width_of
from sim112.views.figure_study import Study

WEEK_KEYS = ("offered_per_hour", "wait_s")
DAYS, HOURS = 7, 24
MOST_ROWS = 4
CELL_IN = 0.155
_BY_KEY = {measure.key: measure for measure in HOUR_MEASURES}


def week_page(study: Study) -> Page:
    """Load and delay by hour of the week at 112, by scenario; where none has it, at own numbers."""
    named, service = _shown(study)
    title = study.say("figures.week_112" if service == "112" else "figures.week_own")
    weeks = {key: [_week(study, name, key, service) for name in named] for key in WEEK_KEYS}
    with_calls = np.any([np.isfinite(week).any(axis=1) for week in weeks["offered_per_hour"]], axis=0)
    days = np.flatnonzero(with_calls)
    day_names = [study.words.texts["calendar.weekdays"].split()[day] for day in days]
    height_in = max(CELL_IN * len(days), 0.3)
    page = new_page(
        study,
        title,
        study.say("figures.week_subtitle"),
        study.say("figures.week_notes", names=", ".join(named)),
        (height_in + 0.62) * len(named) + 0.72,
    )
    left_in = width_of(day_names) + 0.1
    width_in = (PAGE_WIDTH_IN - 2 * left_in - 0.35) / 2
    for column, key in enumerate(WEEK_KEYS):
        x_in = left_in + column * (width_in + left_in + 0.2)
        most = max((float(np.nanmax(w)) for w in weeks[key] if np.isfinite(w).any()), default=0.0) or 1.0
        for row, (name, week) in enumerate(zip(named, weeks[key], strict=True)):
            axes = page.panel(x_in, 0.24 + row * (height_in + 0.62), width_in, height_in)
            drawn = _draw_week(axes, week[days], day_names, most)
            axes.set_title(name)
            axes.set_xlabel(study.say("figures.hour_axis"))
        bar = page.panel(x_in, (height_in + 0.62) * len(named) + 0.16, width_in, 0.1)
        label, numbers = study.say(f"figures.week_{key}"), TickNumbers(study.words.lang)
        page.figure.colorbar(drawn, cax=bar, orientation="horizontal", label=label, format=numbers)
    return page


def _shown(study: Study) -> tuple[list[str], str]:
    """The scenarios that are drawn, the last of them if they are many, and the service that is."""
    with_112 = [name for name, runs in study.runs.items() if _offered(runs)[0] > 0]
    if with_112:
        return with_112[-MOST_ROWS:], "112"
    return list(study.names[-1:]), "own"


def _week(study: Study, name: str, key: str, service: str) -> Floats:
    """A measure of one scenario, [days, hours] from Monday 00:00; NaN where it is not known or of too few."""
    runs = study.runs[name]
    number = study.names.index(name)
    clock = study.scenarios[number].clock
    measure = _BY_KEY[key]
    numerator, denominator = (
        np.sum([run.by_hour[HOUR_COLUMNS.index(column)] for run in runs], axis=0)
        for column in (measure.numerator, measure.denominator)
    )
    at = 0
    if service != "112":  # the one that is called most
        at = 1 + int(np.argmax(_offered(runs)[1:]))
    value = np.full(numerator.shape[1], np.nan)
    np.divide(measure.scale * numerator[at], denominator[at], out=value, where=denominator[at] > 0)
    if key != "offered_per_hour":
        value[is_few(denominator[at])] = np.nan
    begins_h = int((clock.start_of_week_s + clock.report_from_s) // 3600)
    week = np.full(DAYS * HOURS, np.nan)
    week[(begins_h + np.arange(len(value))) % len(week)] = value
    return week.reshape(DAYS, HOURS)


def _offered(runs: Sequence[Measures]) -> Floats:
    """Calls offered at each service."""
    row = HOUR_COLUMNS.index("offered")
    total: Floats = np.sum([run.by_hour[row].sum(axis=1) for run in runs], axis=0)
    return total


def _draw_week(axes: Axes, week: Floats, days: Sequence[str], most: float) -> QuadMesh:
    drawn = axes.pcolormesh(
        np.ma.masked_invalid(week), cmap=COLOURS_OF_VALUES, vmin=0, vmax=most, edgecolors="face"
    )
    axes.set_facecolor("white")
    axes.patch.set_hatch("////")
    axes.patch.set_edgecolor("#bbbbbb")
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(days)) + 0.5, list(days))
    axes.set_xticks(range(0, HOURS + 1, 6), [str(hour) for hour in range(0, HOURS + 1, 6)])
    axes.tick_params(axis="both", labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return drawn
