"""Figures of the places that answer: hours of the day, the numbers dialled, and lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from sim112.study.comparison import estimate
from sim112.study.definitions import BY_KEY
from sim112.study.kpis import Measures
from sim112.study.statistics import Floats, is_few
from sim112.views.drawing import (
    Page,
    dots,
    from_zero,
    look,
    name_rows,
    new_page,
    scenario_handles,
    spread,
    width_of,
)
from sim112.views.figure_study import Study

MOST_DESKS = 10
DESK_KEYS = ("all_lines_busy_share", "lines_held", "occupancy")


# ---- hours and numbers -------------------------------------------------------------------------------------


def hours_page(study: Study) -> Page:
    """Calls offered and answer delay by hour of the day; answer delay and service level by number dialled."""
    services = study.members("service")
    several = len(study.names)
    named = [
        study.say("figures.service_112")
        if service == "112"
        else study.say("figures.service_own", agency=study.words.named("agencies_short", service))
        for service in services
    ]
    page = new_page(
        study,
        study.say("figures.hours"),
        study.say("figures.hours_subtitle"),
        study.say("figures.hours_notes", answer=study.scenarios[0].targets.answered_within_s),
        max(4.6, 2 * ((0.1 + 0.09 * several) * len(services) + 0.85)),
        legend=several > 1,
    )
    half_in = page.room_in / 2
    right_in = 3.55 + width_of(named) + 0.15
    for row, (key, scale) in enumerate((("offered", 1 / 365.25), ("answer_delay_s", 1.0))):
        axes = page.panel(0.5, 0.27 + row * half_in, 2.85, half_in - 0.78)
        draw_hours(axes, study, key, scale)
    for row, key in enumerate(("answer_delay_s", "answered_within_share")):
        axes = page.panel(right_in, 0.27 + row * half_in, 7.2 - right_in, half_in - 0.78)
        _draw_services(axes, study, key, named)
    if several > 1:
        page.legend(scenario_handles(study))
    return page


def draw_hours(axes: Axes, study: Study, key: str, scale: float) -> None:
    """A measure by hour of the local clock, times ``scale``, with its interval, for every scenario."""
    hour = np.arange(25, dtype=np.float64)
    for order, runs in enumerate(study.runs.values()):
        found = estimate(key, runs, "hour").interval
        value, low, high = (
            np.append(part, part[-1]) * scale for part in (found.value, found.low, found.high)
        )
        colour, _, line = look(order)
        axes.plot(hour, value, drawstyle="steps-post", color=colour, linestyle=line, linewidth=1.4)
        if np.isfinite(low).any():
            axes.fill_between(
                hour, np.maximum(low, 0), high, step="post", color=colour, alpha=0.15, linewidth=0
            )
    axes.set_title(study.say(f"figures.hour_{key}"))
    axes.set_xlabel(study.say("figures.hour_axis"))
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set_ylim(bottom=0)
    axes.grid(axis="both")


def _draw_services(axes: Axes, study: Study, key: str, named: Sequence[str]) -> None:
    name_rows(axes, named)
    several = len(study.names)
    y = np.arange(len(named), dtype=np.float64)
    scale = 100.0 if BY_KEY[key].unit == "share" else 1.0
    for order, runs in enumerate(study.runs.values()):
        found = estimate(key, runs, "service")
        value = np.where(is_few(found.events), np.nan, found.interval.value)
        dots(
            axes, scale * value, scale * found.interval.low, scale * found.interval.high,
            y + spread(order, several), order,
        )  # fmt: skip
    axes.set_title(study.say(f"figures.service_{key}"))
    from_zero(axes, 100.0 if BY_KEY[key].unit == "share" else None)


# ---- lines -------------------------------------------------------------------------------------------------


def lines_page(study: Study) -> Page:
    """The desks with all lines taken most often: how long, how many are held, how busy people are."""
    desks = study.members("desk")
    found: dict[str, dict[str, tuple[Floats, Floats, Floats]]] = {}
    for key in DESK_KEYS:
        scale = 1.0 if key == "lines_held" else 100.0
        found[key] = {name: _by_desk(key, runs, desks, scale) for name, runs in study.runs.items()}
    ranks = [np.nanmax(np.nan_to_num([v[0] for v in found[key].values()]), axis=0) for key in DESK_KEYS[:2]]
    has_calls = ranks[1] > 0
    order = np.lexsort((-ranks[1], -ranks[0]))
    order = order[has_calls[order]]
    centre = np.array([desks[at].startswith("112") for at in order], bool)
    order = np.concatenate([order[centre][:MOST_DESKS], order[~centre][:MOST_DESKS]])
    named = [_desk_name(study, desks[at]) for at in order]
    several = len(study.names)
    page = new_page(
        study,
        study.say("figures.lines"),
        study.say("figures.lines_subtitle", number=MOST_DESKS, of=int(has_calls.sum())),
        study.say("figures.lines_notes"),
        (0.19 + 0.03 * max(several - 2, 0)) * max(len(order), 1) + 0.75,
        legend=several > 1,
    )
    [panels] = page.panels(1, len(DESK_KEYS), left_in=width_of(named) + 0.1)
    y = np.arange(len(order), dtype=np.float64)
    for axes, key in zip(panels, DESK_KEYS, strict=True):
        name_rows(axes, named, axes is panels[0])
        axes.set_title(study.say(f"figures.{key}"))
        axes.set_xlabel(study.say("figures.lines_unit" if key == "lines_held" else "figures.time_unit"))
        for at, name in enumerate(study.names):
            value, low, high = (part[order] for part in found[key][name])
            dots(axes, value, low, high, y + spread(at, several), at, size=3.6)
        from_zero(axes)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    if several > 1:
        page.legend(scenario_handles(study))
    return page


def _by_desk(
    key: str, runs: Sequence[Measures], desks: Sequence[str], scale: float
) -> tuple[Floats, Floats, Floats]:
    """Value, low and high for these desks, NaN where the scenario does not have one."""
    interval = estimate(key, runs, "desk").interval
    place = {desk: at for at, desk in enumerate(runs[0].members("desk"))}
    take = np.array([place.get(desk, len(place)) for desk in desks])
    value, low, high = (
        scale * np.append(part, np.nan)[take] for part in (interval.value, interval.low, interval.high)
    )
    return value, np.maximum(low, 0.0), high


def _desk_name(study: Study, desk: str) -> str:
    """A desk's name with its regency as people call it."""
    for label, named in study.regency_names.items():
        if desk.endswith(label) and not desk.removesuffix(label)[-1:].isalnum():
            number = desk.removesuffix(label).strip(" _:")
            return f"{study.words.named('agencies_short', number)} {named}".strip()
    return desk.replace("_", " ")
