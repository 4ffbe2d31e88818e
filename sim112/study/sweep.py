"""Many points of one study, one table over them, and a folder from which it goes on where it was stopped.

Each point is saved whole in ``<folder>/points/``. A point is known by its resolved scenario and by what is in
the tables that it reads, so one that is there already is read instead of simulated, whatever it is called,
and what was changed is never mistaken for what was there before. ``sweep.csv`` has a row for each point: what
was swept, ``replications``, and each measure with the ends of its 95 % interval, in the units in which the
``summary.csv`` of the point tells them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

import sim112
from sim112.config.scenario import Scenario, check_surges
from sim112.engine.choice import Engine
from sim112.errors import InputError
from sim112.study.comparison import HEADLINE
from sim112.study.precision import check_precision
from sim112.study.replication import (
    Progress,
    end_with_parent,
    engine_for,
    in_processes,
    notices,
    processes_for,
)
from sim112.study.results import simulate_and_save
from sim112.study.run import simulate_run, tell
from sim112.study.store import (
    PROVENANCE,
    SavingError,
    StoredRun,
    data_checksum,
    files_read,
    free_place,
    open_run,
    remove_stale,
    saving,
    stamp,
    write_provenance,
    write_rows,
)

TABLE_KEYS = (*HEADLINE, "offered", "answered_within_share", "response_capped_s")
"""Measures of the province in the table over the points."""

POINTS_A_PROCESS = 4
"""With so many points a process each is simulated by one process, which hardly leaves any idle at the end."""

NOT_THE_STUDY = frozenset({"engine", "workers", "save_log", "lang"})
"""Keys of a scenario that change no result."""


@dataclass(frozen=True)
class Point:
    """One point of a sweep: the swept keys with their values, and the scenario they make."""

    values: Mapping[str, str]
    scenario: Scenario

    @property
    def label(self) -> str:
        """A name for the point's folder, from what was swept."""
        words = ",".join(f"{key}={value}" for key, value in self.values.items()) or self.scenario.name
        return re.sub(r"[^\w.,=+-]+", "_", words)[:100]


@dataclass(frozen=True, eq=False)
class SweepResult:
    """A finished sweep: a row for each point, and how many of them had been there before."""

    folder: Path
    rows: tuple[dict[str, str], ...]
    resumed: int
    engine: Engine | None = None  # None: every point had been there before
    lang: Literal["en", "id"] = "en"  # of what is printed

    def __repr__(self) -> str:
        return f"<SweepResult of {len(self.rows)} points in {self.folder}>"

    def __str__(self) -> str:
        from sim112.views.screens import sweep_screen  # what prints itself looks up to the views

        return sweep_screen(self)


def sweep(
    points: Sequence[Point],
    *,
    results: Path | str = "results",
    into: Path | str | None = None,
    command: Sequence[str] = (),
    progress: bool = False,
) -> SweepResult:
    """Simulate every point that is not saved yet, and make one table over all.

    ``into`` is the folder of the sweep, new or to be resumed; else it is ``results/sweep/<stamp>``. When
    stopped, the points that are done stay. Raises InputError where the folder cannot be written or holds a
    damaged point, and SavingError, which holds the result, where only the table cannot be saved.
    """
    started = datetime.now().astimezone()
    if not points:
        raise InputError("a sweep needs a point; give one or more")
    for point in points:
        check_surges(point.scenario)
        check_precision(point.scenario, several=False)
    folder = Path(into) if into is not None else free_place(Path(results) / "sweep", stamp(started))
    place = folder / "points"
    done = saved_points(place)
    studies = [study_of(point.scenario) for point in points]
    resumed = sum(study in done for study in studies)
    to_come: dict[str, Point] = {}
    for point, study in zip(points, studies, strict=True):
        if study not in done:
            to_come.setdefault(study, point)
    new = [point.scenario for point in to_come.values()]
    engine = engine_for(new[0], sum(one.replications for one in new), progress) if new else "reference"
    try:
        if progress:
            tell((line for scenario in new for line in notices(scenario)), points[0].scenario.lang)
        if new:
            done.update(_simulated(to_come, place, command, engine, progress))
    except KeyboardInterrupt:
        remove_stale(place)
        saved = sum(study in done for study in studies)
        raise KeyboardInterrupt(
            f"{saved} of {len(points)} points are saved; go on with --into {folder}"
        ) from None
    rows = [point_row(point, done[study]) for point, study in zip(points, studies, strict=True)]
    lang = points[0].scenario.lang
    result = SweepResult(folder, tuple(rows), resumed, engine if new else None, lang)
    try:
        with saving(folder):
            replace_rows(folder / "sweep.csv", rows)
            write_provenance(
                folder,
                verb="sweep",
                command=command,
                seed=points[0].scenario.seed,
                started=started,
                files_read=files_read([point.scenario for point in points]),
                engine=engine if new else None,
                points=[
                    {"values": dict(point.values), "folder": f"points/{done[study].folder.name}"}
                    for point, study in zip(points, studies, strict=True)
                ],
            )
    except SavingError as error:
        error.result = result
        raise
    return result


def study_of(scenario: Scenario, version: str = sim112.__version__, data_sha256: str | None = None) -> str:
    """What makes two points the same: the program, its tables, and every value that can change a result."""
    values = scenario.model_dump(mode="json", exclude=set(NOT_THE_STUDY))
    return json.dumps([version, data_sha256 or data_checksum(files_read([scenario])), values], sort_keys=True)


def saved_points(folder: Path) -> dict[str, StoredRun]:
    """The points that are saved whole in a folder, by their study. Raises InputError for a damaged one."""
    done = {}
    for saved in sorted(folder.glob(f"[!.]*/{PROVENANCE}")):
        try:
            stored = open_run(saved.parent)
            version, data_sha256 = stored.provenance["version"], stored.provenance["data_sha256"]
        except (InputError, KeyError) as error:
            told = str(error) if isinstance(error, InputError) else f"{saved}: has no {error}"
            told = told.removesuffix("; run the command again")
            raise InputError(f"{told}; delete the folder {saved.parent} and sweep again") from None
        try:
            [scenario] = stored.scenarios.values()
        except InputError:
            continue  # of another version, which allowed what this one does not: another study
        done[study_of(scenario, version, data_sha256)] = stored
    return done


def _simulated(
    points: Mapping[str, Point], place: Path, command: Sequence[str], engine: Engine, progress: bool
) -> Iterator[tuple[str, StoredRun]]:
    """Simulate points, by study, and save each in ``place``: its study and what was saved, as it is done.

    Where there are many, each is one process's own from its first draw to its last file: to share out the
    replications of a small one takes longer than to simulate them.
    """
    first = next(iter(points.values())).scenario
    processes = processes_for(first.workers, len(points))
    if len(points) < POINTS_A_PROCESS * processes:
        for number, (study, point) in enumerate(points.items(), start=1):
            label = f"point {number} of {len(points)}: " if progress else None
            yield study, _simulate(point, place, command, engine, label)
        return
    runs = sum(point.scenario.replications for point in points.values())
    said = Progress(runs, lang=first.lang) if progress else None
    tasks = [(study, point, place, command, engine) for study, point in points.items()]
    alone = (_work(task) for task in tasks)
    made = alone if processes == 1 else in_processes(_work, tasks, processes, end_with_parent)
    try:
        with closing(made):
            for study, stored in made:
                if said is not None:
                    said.advance(points[study].scenario.replications)
                yield study, stored
    finally:
        if said is not None:
            said.close()


def _work(task: tuple[str, Point, Path, Sequence[str], Engine]) -> tuple[str, StoredRun]:
    """Simulate and save one point in this process alone."""
    study, point, place, command, engine = task
    return study, _simulate(point, place, command, engine, workers=1)


def _simulate(
    point: Point,
    place: Path,
    command: Sequence[str],
    engine: Engine,
    label: str | None = None,
    workers: int | None = None,
) -> StoredRun:
    """Simulate one point and save it, whole or not at all; by the workers that it asks for if not told."""
    scenario = point.scenario
    simulate = partial(simulate_run, scenario, engine=engine, progress=label, workers=workers)
    found = simulate_and_save(simulate, [scenario], place, name=point.label, verb="run", command=command)
    assert found.folder is not None
    return open_run(found.folder)


def point_row(point: Point, stored: StoredRun) -> dict[str, str]:
    """The row of a point: what was swept, and each measure of the province with its interval."""
    stopping = stored.provenance.get("stopping") or {"replications": point.scenario.replications}
    row = {**point.values, "replications": str(stopping["replications"])}
    found = {one["measure"]: one for one in stored.rows("summary") if one["scope"] == "province"}
    for key in TABLE_KEYS:
        one = found.get(key, {})
        row |= {
            key: one.get("value", ""),
            f"{key}_low": one.get("low", ""),
            f"{key}_high": one.get("high", ""),
        }
    return row


def replace_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Save rows as CSV in place of what was there, in one step."""
    partial = path.with_name(f".{path.name}.partial")
    write_rows(partial, rows)
    os.replace(partial, path)
