"""Which figures there are, and writing them: each as SVG for print and PNG for slides.

They are drawn from measures alone and decide no number. ``run`` and ``compare`` have them written by a
process of its own (``figure_process``), beside their tables; matplotlib is loaded there alone.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim112.study.comparison import estimate
from sim112.study.replication import end_with_parent
from sim112.views import (
    desk_figures,
    line_figures,
    map_figures,
    measure_figures,
    regency_figures,
    response_figures,
    week_figures,
)
from sim112.views.drawing import STYLE, Page, write_page
from sim112.views.figure_process import processes_ended
from sim112.views.figure_study import Study

MAPS = {"map_alert": "alert_capped_s", "map_reached": "reached_within_share"}


def figure_makers(study: Study) -> dict[str, Callable[[], Page]]:
    """What draws each figure that this study supports, by file name, in the order to look at them."""
    makers: dict[str, Callable[[], Page]] = {}
    if study.scenarios[0].area.is_small_world:  # there are no places and no agencies to be held to a target
        return _of_desks(study)
    if study.comparison is not None:
        makers["headline"] = partial(measure_figures.headline_page, study)
        for number, others in enumerate(regency_figures.pages_of_scenarios(study), start=1):
            name = "alert_difference_by_regency" + (f"_{number}" if number > 1 else "")
            makers[name] = partial(regency_figures.difference_page, study, others)
    makers["levels_by_regency"] = partial(regency_figures.levels_page, study)
    makers |= {name: partial(map_figures.map_page, study, key) for name, key in MAPS.items()}
    makers["agencies_against_target"] = partial(measure_figures.agencies_page, study)
    makers["response_by_agency"] = partial(response_figures.agency_response_page, study)
    makers["response_by_kind"] = partial(measure_figures.kinds_page, study)
    makers["agencies_know"] = partial(response_figures.alert_page, study)
    makers["hours_of_week"] = partial(week_figures.week_page, study)
    makers |= _of_desks(study)
    makers["line_occupancy"] = partial(line_figures.occupancy_page, study)
    makers["coverage_by_regency"] = partial(regency_figures.coverage_page, study)
    return makers


def _of_desks(study: Study) -> dict[str, Callable[[], Page]]:
    """What draws the figures of desks; that of their lines only where a line is ever held."""
    makers: dict[str, Callable[[], Page]] = {"calls_and_answer": partial(desk_figures.hours_page, study)}
    if any(estimate("lines_held", runs).interval.value[0] > 0 for runs in study.runs.values()):
        makers["lines_by_desk"] = partial(desk_figures.lines_page, study)
    return makers


def figure_pages(study: Study) -> Iterator[tuple[str, Page]]:
    """Every figure, by file name; draw them in the style of the pages, ``rc_context(STYLE)``."""
    for name, make in figure_makers(study).items():
        yield name, make()


def write_figures(folder: Path, study: Study, workers: int | None = 1) -> None:
    """Write every figure into a folder, which is made.

    ``workers`` is the number of processes, all cores where None; what is written does not depend on it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = tuple(figure_makers(study))
    workers = min(workers or os.cpu_count() or 1, len(names))
    if workers == 1 or sys.platform != "linux":  # elsewhere a process takes longer to start than it saves
        for name in names:
            _write(folder, study, name)
        return
    with warnings.catch_warnings():
        # Python 3.12 and later warn of forking beside other threads; ours are the idle ones of BLAS.
        warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
        pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("fork"), _begin_worker, (folder, study, os.getpid())
        )
        drawn = [pool.submit(_write_one, name) for name in names]
    try:
        for one in drawn:
            one.result()
    except BrokenProcessPool:
        raise processes_ended(workers) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def load() -> None:
    """Draw next to nothing, so that all that drawing needs is loaded."""
    with rc_context(STYLE):
        figure = Figure(figsize=(1, 1))
        FigureCanvasAgg(figure)
        figure.add_subplot().set_title("112")
        for kind in ("svg", "png"):
            figure.savefig(io.BytesIO(), format=kind)


def _write(folder: Path, study: Study, name: str) -> None:
    with rc_context(STYLE):
        write_page(figure_makers(study)[name](), folder, name)


_at_work: list[tuple[Path, Study]] = []


def _begin_worker(folder: Path, study: Study, parent: int) -> None:
    end_with_parent(parent)
    _at_work[:] = [(folder, study)]


def _write_one(name: str) -> None:
    _write(*_at_work[0], name)
