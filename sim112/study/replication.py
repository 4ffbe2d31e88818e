"""Replications: the same drawn calls through each compared scenario, many times over, on all cores.

The calls of a replication are drawn once and simulated in every scenario of a batch that asks for the same
demand (common random numbers), so every difference between scenarios is paired. Replications are independent
jobs for processes; results come back in order of batch, scenario and replication, whatever the number of
workers.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, TextIO, TypeVar

from sim112.config.area import AreaConfig
from sim112.config.scenario import Scenario, check_surges
from sim112.demand.calls import draw_calls
from sim112.engine import choice, compiled
from sim112.engine.choice import Engine
from sim112.engine.contract import Calls, World
from sim112.errors import InputError
from sim112.study import walk
from sim112.study.kpis import KEPT_WORLDS, Measures, for_headline, measure, sharing
from sim112.study.log_tables import PlaceNames, write_log
from sim112.study.store import saving
from sim112.world.area import TABLES, Area, notices_of
from sim112.world.network import build_world, load_places
from sim112.world.roads import TravelTimes
from sim112.world.small import SmallArea, small_notices
from sim112.world.units import units_of

REPORT_EVERY_S = 15.0
"""Seconds between lines of progress where the output is not a terminal."""


@dataclass(frozen=True)
class Batch:
    """Scenarios that are compared with each other, and which replications of them are wanted.

    With a ``log_folder`` each replication's log is saved in ``log_folder/<scenario>/<replication>/``. With
    ``for_headline`` no more is kept of each than ``comparison.compare`` reads.
    """

    scenarios: tuple[Scenario, ...]
    replications: range
    log_folder: Path | None = None
    for_headline: bool = False


def told_in(message: str, lang: Literal["en", "id"]) -> str:
    """A line of progress or a notice in a language."""
    from sim112.views.words import messages  # what is told looks up to the views, here alone

    return messages.told_in(message, lang)


@dataclass
class Progress:
    """Tells on a stream how much is simulated, how long it took and how long the rest may take.

    On a terminal it is one line that is written over; elsewhere a line now and then.
    """

    total: int
    label: str = ""
    lang: Literal["en", "id"] = "en"
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    started_s: float = field(default_factory=time.monotonic)
    done: int = 0
    said_s: float = field(default_factory=time.monotonic)

    def advance(self, amount: int) -> None:
        """Add what was simulated since, and say so if it is time to."""
        self.done += amount
        now_s = time.monotonic()
        if self.stream.isatty():
            self.stream.write("\r" + self.line(now_s).ljust(78))
            self.stream.flush()
        elif now_s - self.said_s >= REPORT_EVERY_S:
            self.stream.write(self.line(now_s) + "\n")
            self.stream.flush()
            self.said_s = now_s

    def line(self, now_s: float) -> str:
        """What is said at that moment."""
        elapsed_s = now_s - self.started_s
        rest_s = elapsed_s / self.done * (self.total - self.done)
        gone, rest = _minutes(elapsed_s), _minutes(rest_s)
        told = f"{self.label}simulated {self.done} of {self.total} runs, {gone} gone, about {rest} to go"
        return told_in(told, self.lang)

    def close(self) -> None:
        """Clear the line on a terminal."""
        if self.stream.isatty():
            self.stream.write("\r" + " " * 78 + "\r")
            self.stream.flush()


def _minutes(duration_s: float) -> str:
    return f"{round(duration_s) // 60}:{round(duration_s) % 60:02d}"


def engine_for(scenario: Scenario, runs: int, progress: bool = False) -> Engine:
    """The engine for a study of so many runs of one scenario or its like.

    The compiled one is made ready here, once for all processes; with ``progress`` a wait is told on stderr.
    """
    calls = draw(scenario, 0)
    processes = processes_for(scenario.workers, runs)
    engine = choice.choose(scenario.engine, len(calls.caller_key) * runs, processes)
    if engine == "compiled":
        if progress and not (compiled.is_compiled() and walk.is_compiled()):
            wait_s = compiled.TYPICAL_COMPILE_S + walk.TYPICAL_COMPILE_S
            told = f"compiling the engine, once on this machine: about {wait_s:.0f} s"
            print(told_in(told, scenario.lang), file=sys.stderr)
        # one replication loads (or compiles) all of it, the measuring too, before processes are forked
        world = world_of(scenario)
        measure(world, calls, choice.simulate(engine, world, calls), scenario.targets, scenario.costs)
    return engine


def replicate(
    batches: Sequence[Batch],
    *,
    engine: Engine = "reference",
    workers: int | None = None,
    progress: str | None = None,
) -> list[list[list[Measures]]]:
    """Simulate every replication of every batch: measures by batch, scenario and replication.

    ``workers`` is the number of processes, all cores where None; the results do not depend on it. The worlds
    of the first batch are built first, so that bad input is told before the work starts; other batches vary
    them. With ``progress``, a label (perhaps empty), it is told on stderr how far it is.
    """
    for scenario in batches[0].scenarios if batches else ():
        world_of(scenario)
    for batch in batches:
        _make_log_folders(batch)
    tasks = [(b, replication) for b, batch in enumerate(batches) for replication in batch.replications]
    workers = processes_for(workers, len(tasks))
    total = sum(len(batch.scenarios) * len(batch.replications) for batch in batches)
    lang = batches[0].scenarios[0].lang if batches else "en"
    said = None if progress is None else Progress(total, progress, lang)
    try:
        if workers <= 1:
            results = _alone(batches, tasks, engine, said)
        else:
            results = _together(batches, tasks, engine, workers, said)
    finally:
        if said is not None:
            said.close()
    return [
        [[results[b, r][s] for r in batch.replications] for s in range(len(batch.scenarios))]
        for b, batch in enumerate(batches)
    ]


def _make_log_folders(batch: Batch) -> None:
    """The folders of the logs, made once: what is removed while it is filled does not come back in parts."""
    if batch.log_folder is not None:
        with saving(batch.log_folder):
            for folder in (batch.log_folder, *(batch.log_folder / one.name for one in batch.scenarios)):
                folder.mkdir(exist_ok=True)


def processes_for(workers: int | None, tasks: int) -> int:
    """How many processes work on so many tasks; ``workers`` None means one a core."""
    return min(workers or os.cpu_count() or 1, tasks)


Task = tuple[int, int]
Results = dict[Task, list[Measures]]


def _alone(batches: Sequence[Batch], tasks: Sequence[Task], engine: Engine, said: Progress | None) -> Results:
    results: Results = {}
    for b, replication in tasks:
        results[b, replication] = simulate_once(batches[b], replication, engine)
        if said is not None:
            said.advance(len(batches[b].scenarios))
    return results


def _together(
    batches: Sequence[Batch], tasks: Sequence[Task], engine: Engine, workers: int, said: Progress | None
) -> Results:
    results: Results = {}
    first_of: dict[int, list[Measures]] = {}
    begin = partial(begin_worker, tuple(batches), engine)
    for task, measured in in_processes(_work, tasks, workers, begin):
        # what is sent from process to process is copied: what all replications share is kept once
        first = first_of.setdefault(task[0], measured)
        results[task] = [sharing(*both) for both in zip(measured, first, strict=True)]
        if said is not None:
            said.advance(len(batches[task[0]].scenarios))
    return results


Given = TypeVar("Given")
Made = TypeVar("Made")


def in_processes(
    work: Callable[[Given], Made], tasks: Sequence[Given], workers: int, begin: Callable[[int], None]
) -> Generator[Made, None, None]:
    """What ``work`` makes of each task in one of some processes, as it is made.

    A process begins with ``begin``, which is given the number of this one. When this is stopped, or a task
    raises, they all end at once.
    """
    # Forked workers share the travel times and worlds that are built already; where there is no safe fork
    # (Windows, macOS) each builds its own.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=begin, initargs=(os.getpid(),))
    try:
        with warnings.catch_warnings():
            # Python 3.12 and later warn of forking beside other threads; ours are the idle ones of numpy's
            # BLAS.
            warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
            waiting = {pool.submit(work, task) for task in tasks}
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    except BrokenProcessPool:
        raise InputError(
            f"workers: one of {workers} processes was ended, perhaps for want of memory; give workers=1"
        ) from None
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_batches: tuple[Batch, ...] = ()
_engine: Engine = "reference"


_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux: the signal that a process gets when its parent ends


def begin_worker(batches: tuple[Batch, ...], engine: Engine, parent: int) -> None:
    """Begin the life of a process that simulates for another, and ends with it."""
    global _batches, _engine
    _batches, _engine = batches, engine
    end_with_parent(parent)


def end_with_parent(parent: int) -> None:
    """Make this process, which was started by ``parent``, end when that ends or when it is told to."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # Ctrl-C ends a worker at once and in silence
    if sys.platform == "linux":  # a worker does not outlive a parent that was killed
        ctypes.CDLL(None).prctl(_DEATH_OF_PARENT, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


def _work(task: Task) -> tuple[Task, list[Measures]]:
    b, replication = task
    return task, simulate_once(_batches[b], replication, _engine)


def simulate_once(batch: Batch, replication: int, engine: Engine = "reference") -> list[Measures]:
    """One replication of a batch: the measures of each of its scenarios."""
    drawn: list[tuple[Scenario, Calls]] = []
    measured = []
    for scenario in batch.scenarios:
        calls = next((calls for other, calls in drawn if same_demand(scenario, other)), None)
        if calls is None:
            calls = draw(scenario, replication)
            drawn.append((scenario, calls))
        world = world_of(scenario)
        log = choice.simulate(engine, world, calls)
        whole = measure(world, calls, log, scenario.targets, scenario.costs)
        measured.append(for_headline(whole) if batch.for_headline else whole)
        if batch.log_folder is not None:
            folder = batch.log_folder / scenario.name / str(replication)
            write_log(folder, world, calls, log, place_names(scenario))
    return measured


def same_demand(scenario: Scenario, other: Scenario) -> bool:
    """Whether two scenarios face the same calls, which then are drawn once."""
    return all(
        getattr(scenario, part) == getattr(other, part)
        for part in ("seed", "clock", "area", "demand", "callers", "work")
    )


Tables = tuple[tuple[int, int], ...]
"""When the tables of an area were written and how large they are."""

_worlds: list[tuple[Scenario, Tables, World]] = []


def world_of(scenario: Scenario) -> World:
    """The world of a scenario, kept ready for the replications to come."""
    tables = _tables_of(scenario)
    for known, read, world in _worlds:
        if known is scenario and read == tables:
            return world
    area, travel = _places(scenario)
    world = build_world(scenario, area, travel)
    _worlds.append((scenario, tables, world))
    del _worlds[:-KEPT_WORLDS]
    return world


_places_of: list[tuple[AreaConfig, Tables, tuple[Area, TravelTimes]]] = []


def _places(scenario: Scenario) -> tuple[Area, TravelTimes]:
    """The area and travel times of a scenario; scenarios of one study nearly always share them."""
    tables = _tables_of(scenario)
    for config, read, places in _places_of:
        if config == scenario.area and read == tables:
            return places
    places = load_places(scenario)
    _places_of[:] = [(scenario.area, tables, places)]
    return places


def _tables_of(scenario: Scenario) -> Tables:
    if scenario.area.path is None:
        return ()  # those of the package do not change
    files = (scenario.area_folder / name for name in TABLES)
    return tuple((file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())


def place_names(scenario: Scenario) -> PlaceNames:
    """What the tables of the area call the zones, units and hospitals of a scenario's world."""
    area, _ = _places(scenario)
    units = units_of(scenario, area)
    return PlaceNames(
        zone=tuple(zone.code for zone in area.zones),
        station=tuple(unit.station for unit in units),
        unit=tuple(unit.name for unit in units),
        hospital=tuple(hospital.hospital_id for hospital in area.hospitals),
    )


def check(scenario: Scenario) -> None:
    """Raise InputError where a scenario cannot be simulated, or simulating it would not show what it asks."""
    check_surges(scenario)
    world_of(scenario)
    if scenario.demand.call_log is not None:
        draw(scenario, 0)


def notices(scenario: Scenario) -> list[str]:
    """What is allowed in a scenario and yet may not be meant: each a line to be shown beside the results."""
    area, _ = _places(scenario)
    here = {regency.label for regency in area.regencies}
    found = small_notices(area, scenario.demand) if isinstance(area, SmallArea) else notices_of(area)
    if scenario.demand.call_log is None:
        for name, surge in scenario.demand.surges.items():
            if surge.regencies and here.isdisjoint(surge.regencies):
                found.append(
                    f"demand.surges.{name} changes nothing: none of its regencies is simulated "
                    f"({', '.join(surge.regencies)})"
                )
    return found


def draw(scenario: Scenario, replication: int) -> Calls:
    """The calls of one replication of a scenario, which depend on nothing that is deployed."""
    area, _ = _places(scenario)
    return draw_calls(scenario, area, replication)
