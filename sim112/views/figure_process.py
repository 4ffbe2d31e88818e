"""A process that loads what figures are drawn with while a study is simulated, and then draws them.

Loading matplotlib and drawing with it for the first time take about a second, in which most of a study waits
for one core anyway: it reads the configuration, the tables and the machine code.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO

from sim112.errors import InputError
from sim112.study.replication import end_with_parent
from sim112.views.figure_study import Study

Begin = Callable[[Path, Study], Callable[[], None]]
"""Begins to draw the figures of a study into a folder; what it returns waits until all are there."""


@contextmanager
def figure_process(workers: int | None) -> Iterator[Begin]:
    """Get ready to draw, while the block simulates.

    ``workers`` is the number of processes that draw, all cores where None. Where it is one, figures are drawn
    by this process when they are waited for.
    """
    workers = workers or os.cpu_count() or 1
    if workers == 1 or sys.platform != "linux":  # elsewhere a process takes longer to start than it saves
        yield partial(_begin_here, workers)
        return
    context = multiprocessing.get_context("fork")
    orders, order = os.pipe()
    answer, answers = context.Pipe(duplex=False)
    with os.fdopen(order, "wb") as ordered, answer:
        process = context.Process(target=_draw, args=(orders, order, answers, workers, os.getpid()))
        with warnings.catch_warnings():
            # Python 3.12 and later warn of forking beside other threads; ours are the idle ones of BLAS.
            warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
            process.start()
        os.close(orders)
        answers.close()
        try:
            yield partial(_begin_there, workers, ordered, answer)
        finally:
            process.terminate()
            process.join()


def processes_ended(workers: int) -> InputError:
    """What to say where a process that draws is there no more."""
    return InputError(
        f"figures: one of {workers} processes was ended, perhaps for want of memory; give workers=1"
    )


def _begin_here(workers: int, folder: Path, study: Study) -> Callable[[], None]:
    def finish() -> None:
        from sim112.views.figures import write_figures

        write_figures(folder, study, workers)

    return finish


def _begin_there(
    workers: int, ordered: BinaryIO, answer: Connection, folder: Path, study: Study
) -> Callable[[], None]:
    try:
        with ordered:  # piece by piece: the measures of a long study shall not be there twice
            pickle.dump((folder, study), ordered, protocol=pickle.HIGHEST_PROTOCOL)
    except BrokenPipeError:
        raise processes_ended(workers) from None

    def finish() -> None:
        try:
            failed = answer.recv()
        except EOFError:
            raise processes_ended(workers) from None
        if failed is not None:
            raise failed

    return finish


def _draw(orders: int, order: int, answers: Connection, workers: int, parent: int) -> None:
    """The life of the process: load, wait for a study, draw it, and say what went wrong, None where nothing
    did.
    """
    end_with_parent(parent)
    os.close(order)
    from sim112.views import figures

    figures.load()
    with os.fdopen(orders, "rb") as received:
        folder, study = pickle.load(received)
    failed = None
    try:
        figures.write_figures(folder, study, workers)
    except Exception as error:
        failed = error
    answers.send(failed)
