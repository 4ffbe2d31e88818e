"""What a run leaves on disk: a folder that is there whole or not at all.

``results/<verb>/<stamp>/`` holds the resolved scenarios, ``provenance.json`` (what made it, and the checksums
of its files), and tidy tables: Parquet for what is long, CSV for what people open. With ``save_log`` there is
also every clock point of every call and job, in ``log/<scenario>/<replication>/calls.parquet`` and
``jobs.parquet``. Both name an incident by its number within the replication (``incident``) and by a key
that is the same in every scenario and every run (``incident_key``, text, as it has more digits than a float
can hold); zones, stations and hospitals are named as in the tables of the area.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import sim112
from sim112.config.scenario import Scenario, from_mapping, to_yaml
from sim112.engine.contract import NONE, Calls, Handler, Ints, JobOutcome, Log, Outcome, World
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.world.area import TABLES

PACKAGES = ("hydra-core", "matplotlib", "networkx", "numba", "numpy", "pyarrow", "pydantic", "scipy", "simpy")
"""The packages that results may depend on; their versions are recorded."""

PROVENANCE = "provenance.json"

CALL_TIMES = (
    "offered",
    "queued",
    "picked",
    "answered",
    "left",
    "talk_end",
    "free",
    "ticket",
    "dispatch_start",
    "dispatch_end",
)
JOB_TIMES = (
    "alerted",
    "assigned",
    "rolling",
    "on_scene",
    "leave_scene",
    "at_hospital",
    "available",
    "back",
)


class SavingError(InputError):
    """What could not be saved, for a reason outside the program; ``result`` is what had been simulated."""

    result: object = None


@contextmanager
def saving(place: Path) -> Iterator[None]:
    """What is written in this block is said not to be saved, in one line, where it cannot be written."""
    try:
        yield
    except OSError as error:
        told = error.strerror or " ".join(str(error).split())
        raise SavingError(
            f"results: cannot save in {place} ({told}); make room there, or give another folder"
        ) from None


@dataclass
class Draft:
    """A folder being filled; ``place`` is where it went when it was whole."""

    folder: Path
    place: Path | None = None


@contextmanager
def draft(parent: Path, name: str) -> Iterator[Draft]:
    """A folder to fill that becomes ``parent/name`` when the block ends well, and is removed otherwise.

    Where that name is taken, ``name-2``, ``name-3``, ... is used: nothing already saved is touched. Moving it
    into place is the last thing that happens, so nobody ever reads half a run.
    """
    folder = parent / f".{name}.{_machine()}.{os.getpid()}.partial"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(parent)
        folder.mkdir()
    except OSError as error:
        raise InputError(
            f"results: cannot write in {parent} ({error.strerror}); give another folder"
        ) from None
    unplaced, made = Draft(folder), folder.stat()
    # Held open, so that a folder made in its place has another number.
    held = None if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
    try:
        yield unplaced
        with saving(parent):
            if not os.path.samestat(folder.stat(), made):
                raise FileNotFoundError(errno.ENOENT, "the folder was removed meanwhile")
            unplaced.place = _move(folder, parent, name)
    finally:
        if held is not None:
            os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def _machine() -> str:
    return re.sub(r"[^\w-]+", "-", platform.node()) or "machine"


def _remove_stale(parent: Path) -> None:
    """Remove what runs left behind that were killed on this machine: no process fills it any more."""
    if sys.platform == "win32":  # there is no way to ask whether a process is alive without a risk for it
        return
    for folder in parent.glob(f".*.{_machine()}.*.partial"):
        process = folder.name.split(".")[-2]
        if process.isdigit():
            try:
                os.kill(int(process), 0)  # asks whether it is alive
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except (OSError, OverflowError):
                pass


def _move(folder: Path, parent: Path, name: str) -> Path:
    while True:
        place = free_place(parent, name)
        try:
            os.replace(folder, place)
        except OSError:
            # Somebody took the name since; if that is not the reason, it is said here.
            if not place.exists():
                raise
        else:
            return place


def free_place(parent: Path, name: str) -> Path:
    """``parent/name``, or the first of ``name-2``, ``name-3``, ... that is not taken."""
    place, number = parent / name, 1
    while place.exists():
        number += 1
        place = parent / f"{name}-{number}"
    return place


def stamp(moment: datetime) -> str:
    """A folder's name for a moment, which sorts by time: ``2025-11-24T08-13-24``."""
    return moment.strftime("%Y-%m-%dT%H-%M-%S")


def write_scenario(folder: Path, scenario: Scenario) -> None:
    """Save a resolved scenario as ``scenario_<name>.yaml``, from which it can be run again."""
    (folder / f"scenario_{scenario.name}.yaml").write_text(to_yaml(scenario), encoding="utf-8")


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Save rows as CSV (UTF-8), columns in the order of their first row; what is not finite stays empty."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(row.get(column, "")) for column in columns] for row in rows)


def _cell(value: object) -> object:
    return "" if isinstance(value, float) and not math.isfinite(value) else value


def write_table(path: Path, columns: Mapping[str, object]) -> None:
    """Save columns of equal length as Parquet."""
    pq.write_table(pa.table(dict(columns)), path)


@dataclass(frozen=True)
class PlaceNames:
    """What the tables of the area call the zones, units and hospitals of a world.

    ``station`` is where a unit stands when idle, ``unit`` the station with a number: ``station/1``.
    """

    zone: tuple[str, ...]
    station: tuple[str, ...]
    unit: tuple[str, ...]
    hospital: tuple[str, ...]


def write_log(folder: Path, world: World, calls: Calls, log: Log, places: PlaceNames) -> None:
    """Save one replication's log as ``calls.parquet`` and ``jobs.parquet``; NaN: did not happen.

    The folder is made, the folders above it are not: they are there as long as the run is wanted.
    """
    with saving(folder):
        folder.mkdir()
        write_table(folder / "calls.parquet", call_columns(world, calls, log))
        write_table(folder / "jobs.parquet", job_columns(world, calls, log, places))


def call_columns(world: World, calls: Calls, log: Log) -> dict[str, object]:
    """One row per attempt at a desk, in order of offer, with names instead of indices."""
    caller = log.call_caller
    incident = calls.caller_incident[caller]
    return {
        "caller": caller,
        "caller_key": _key(calls.caller_key, caller),
        "incident": pa.array(incident.astype(np.int32), mask=incident < 0),
        "incident_key": _key(calls.incident_key, incident),
        "kind": _names(world.kind_name, calls.caller_kind[caller]),
        "regency": _names(world.regency_name, calls.caller_regency[caller]),
        "desk": _names(world.desk_name, log.call_desk),
        "attempt": log.call_dial - calls.dial_start[caller] + 1,
        "own_number": log.call_dial >= calls.dial_second[caller],
        "hop": log.call_hop,
        "outcome": _members(Outcome, log.call_outcome),
        "known": log.call_known,
        "handler": _members(Handler, log.call_handler),
        "decided_s": calls.caller_start_s[caller],
    } | {f"{name}_s": getattr(log, f"call_{name}_s") for name in CALL_TIMES}


def job_columns(world: World, calls: Calls, log: Log, places: PlaceNames) -> dict[str, object]:
    """One row per agency at an incident, in order of alert, with names instead of indices."""
    need = log.job_need
    incident = calls.need_incident[need]
    return {
        "incident": incident.astype(np.int32),
        "incident_key": _key(calls.incident_key, incident),
        "kind": _names(world.kind_name, calls.incident_kind[incident]),
        "priority": world.kind_priority[calls.incident_kind[incident]],
        "regency": _names(world.regency_name, calls.incident_regency[incident]),
        "zone": _names(places.zone, calls.incident_zone[incident]),
        "agency": _names(world.agency_name, calls.need_agency[need]),
        "desk": _names(world.desk_name, log.job_desk),
        "notice": log.job_notice,
        "outcome": _members(JobOutcome, log.job_outcome),
        "unit": _names(places.unit, log.job_unit),
        "station": _station(places, log.job_unit),
        "unit_regency": _names(world.regency_name, _at(world.unit_regency, log.job_unit)),
        "assignments": log.job_assignments,
        "from_zone": _names(places.zone, log.job_from_zone),
        "hospital": _names(places.hospital, log.job_hospital),
        "noticed_s": calls.incident_noticed_s[incident],
    } | {f"{name}_s": getattr(log, f"job_{name}_s") for name in JOB_TIMES}


def _at(values: Ints, index: Ints) -> Ints:
    """Values at an index, NONE where it points nowhere."""
    found = np.full(index.shape, NONE, dtype=np.int64)
    found[index >= 0] = values[index[index >= 0]]
    return found


def _key(keys: Ints, index: Ints) -> pa.Array:
    """Permanent keys as text: tables that hold numbers as floats would lose their last digits."""
    return pa.array(_at(keys, index), mask=index < 0).cast(pa.string())


def _names(names: Sequence[str], index: Ints) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(index.astype(np.int32), mask=index < 0), pa.array(names, pa.string())
    )


def _station(places: PlaceNames, unit: Ints) -> pa.Array:
    # several units share a station, and a dictionary holds each word once
    words = pa.array(places.station, pa.string())
    return words.take(pa.array(unit, mask=unit < 0)).dictionary_encode()


def _members(members: type[IntEnum], values: Ints) -> pa.Array:
    names = [""] * (max(members) + 1)
    for member in members:
        names[member] = member.name.lower()
    return _names(names, values)


def write_provenance(
    folder: Path,
    *,
    verb: str,
    command: Sequence[str],
    seed: int,
    started: datetime,
    data_sha256: str | None = None,
    **more: object,
) -> None:
    """Save what made this folder, and the checksums of every file in it; the last thing written.

    ``data_sha256`` is of the tables that were used, of those that come with the package where None.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / PROVENANCE)
    provenance = {
        "verb": verb,
        "command": list(command),
        "version": sim112.__version__,
        "commit": _commit(),
        "seed": seed,
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now().astimezone().isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "data_sha256": data_checksum() if data_sha256 is None else data_sha256,
        **more,
        "files_sha256": {path.relative_to(folder).as_posix(): checksum(path) for path in files},
    }
    text = json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
    partial = folder / f".{PROVENANCE}.partial"
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, folder / PROVENANCE)


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def data_checksum(*scenarios: Scenario) -> str:
    """SHA-256 over names and contents of all tables that scenarios read: their areas' and their call logs.

    Without a scenario it is of the tables that come with the package. A table that is not there is passed
    over: it is told where it is read.
    """
    folders = dict.fromkeys(scenario.area_folder for scenario in scenarios) or {data_dir(): None}
    logs = dict.fromkeys(
        scenario.demand.call_log for scenario in scenarios if scenario.demand.call_log is not None
    )
    files = [(name, folder / name) for folder in folders for name in TABLES]
    files += [("call_log", path) for path in logs]
    total = hashlib.sha256()
    for name, path in files:
        if path.is_file():
            total.update(f"{name} {checksum(path)}\n".encode())
    return total.hexdigest()


def _commit() -> str | None:
    """The commit of the checkout, with ``+`` where files differ from it; None outside a checkout."""
    home = Path(__file__).resolve().parents[2]
    if not (home / ".git").exists():
        return None
    try:
        commit = _git(home, "rev-parse", "HEAD")
        return commit + ("+" if _git(home, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(home: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(home), *words], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class StoredRun:
    """A run that was saved, opened to be read; printing it shows its summary."""

    folder: Path
    provenance: Mapping[str, Any]

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """The resolved scenarios by name, in the order in which they were given, ready to be run again."""
        import yaml

        names = (name for name in self.files if name.startswith("scenario_") and name.endswith(".yaml"))
        texts = [(self.folder / name).read_text(encoding="utf-8") for name in names]
        found = {
            scenario.name: scenario for scenario in (from_mapping(yaml.safe_load(text)) for text in texts)
        }
        return {name: found[name] for name in self.provenance.get("scenarios", found)}

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the run, as paths within its folder."""
        return tuple(self.provenance["files_sha256"])

    def table(self, name: str) -> pa.Table:
        """A Parquet table of the run, such as ``measures`` or ``log/all_35/0/calls``."""
        self._require(f"{name}.parquet")
        return pq.read_table(self.folder / f"{name}.parquet")

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a CSV table of the run, such as ``summary`` or ``comparison``."""
        self._require(f"{name}.csv")
        with (self.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _require(self, name: str) -> None:
        if name not in self.files:
            raise InputError(f"{self.folder}: no {name}; it has {', '.join(self.files)}")

    def __repr__(self) -> str:
        return f"<StoredRun {self.folder}: {self.provenance['verb']}, {', '.join(self.scenarios)}>"

    def __str__(self) -> str:
        screen = self.folder / "screen.txt"
        return screen.read_text(encoding="utf-8").rstrip("\n") if screen.exists() else repr(self)


def open_run(folder: Path | str) -> StoredRun:
    """Open a saved run. Raises InputError where there is none, or where a file is not as it was written."""
    folder = Path(folder)
    try:
        provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        files = dict(provenance["files_sha256"])
        if not isinstance(provenance["verb"], str):
            raise TypeError
    except OSError:
        raise InputError(f"{folder}: no run is saved here; give a folder with a {PROVENANCE} in it") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{folder / PROVENANCE}: not as it was written; run the command again") from None
    for name, written in files.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path}: is missing from the run; run the command again")
        if checksum(path) != written:
            raise InputError(f"{path}: not as it was written; run the command again")
    return StoredRun(folder, provenance)
