"""Many points of one study, one table over them, and a folder from which it goes on where it was stopped.

Each point is saved whole in ``<folder>/points/``. A point is known by its resolved scenario, so one that is
there already is read instead of simulated, whatever it is called, and changed settings are never mistaken for
old ones.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sim112
from sim112.config.scenario import Scenario
from sim112.engine.choice import Engine
from sim112.study.comparison import HEADLINE
from sim112.study.replication import Batch, engine_for, replicate
from sim112.study.run import Result, write_result
from sim112.study.store import (
    PROVENANCE,
    StoredRun,
    data_checksum,
    draft,
    free_place,
    open_run,
    stamp,
    write_provenance,
    write_rows,
)

TABLE_KEYS = (*HEADLINE, "offered", "answered_within_share", "response_capped_s")
"""Measures of the province in the table over the points."""

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
    damaged point.
    """
    started = datetime.now().astimezone()
    folder = Path(into) if into is not None else free_place(Path(results) / "sweep", stamp(started))
    done = saved_points(folder / "points")
    to_come = [point.scenario for point in points if study_of(point.scenario) not in done]
    resumed = len(points) - len(to_come)
    rows = []
    runs = sum(scenario.replications for scenario in to_come)
    engine = engine_for(to_come[0], runs, progress) if to_come else "reference"
    try:
        for number, point in enumerate(points, start=1):
            study = study_of(point.scenario)
            if study not in done:
                label = f"point {number} of {len(points)}: " if progress else None
                done[study] = _simulate(point, folder / "points", command, engine, label)
            rows.append(point_row(point, done[study]))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"{len(rows)} of {len(points)} points are saved; go on with --into {folder}"
        ) from None
    replace_rows(folder / "sweep.csv", rows)
    write_provenance(folder, verb="sweep", command=command, seed=points[0].scenario.seed, started=started)
    return SweepResult(folder, tuple(rows), resumed)


def study_of(scenario: Scenario, version: str = sim112.__version__, data_sha256: str | None = None) -> str:
    """What makes two points the same: the program, its data, and every value that can change a result."""
    values = scenario.model_dump(mode="json", exclude=set(NOT_THE_STUDY))
    return json.dumps([version, data_sha256 or data_checksum(), values], sort_keys=True)


def saved_points(folder: Path) -> dict[str, StoredRun]:
    """The points that are saved whole in a folder, by their study. Raises InputError for a damaged one."""
    done = {}
    for saved in sorted(folder.glob(f"[!.]*/{PROVENANCE}")):
        stored = open_run(saved.parent)
        [scenario] = stored.scenarios.values()
        done[study_of(scenario, stored.provenance["version"], stored.provenance["data_sha256"])] = stored
    return done


def _simulate(
    point: Point, folder: Path, command: Sequence[str], engine: Engine, label: str | None
) -> StoredRun:
    """Simulate one point and save it, whole or not at all."""
    started = datetime.now().astimezone()
    scenario = point.scenario
    with draft(folder, point.label) as unplaced:
        log_folder = unplaced.folder / "log" if scenario.save_log else None
        batch = Batch((scenario,), range(scenario.replications), log_folder)
        [[measures]] = replicate([batch], engine=engine, workers=scenario.workers, progress=label)
        result = Result(scenario, tuple(measures), engine)
        write_result(unplaced.folder, [scenario], result.runs, str(result))
        write_provenance(
            unplaced.folder, verb="run", command=command, seed=scenario.seed, started=started, engine=engine
        )
    assert unplaced.place is not None
    return open_run(unplaced.place)


def point_row(point: Point, stored: StoredRun) -> dict[str, str]:
    """The row of a point: what was swept, and each measure of the province with its interval."""
    row = dict(point.values)
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
