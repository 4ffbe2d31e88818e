"""What a run leaves on disk: a folder that is there whole or not at all.

``results/<verb>/<stamp>/`` holds the resolved scenarios, ``provenance.json`` (what made it, and the checksums
of its files), and tidy tables: Parquet for what is long, CSV for what people open. With ``save_log`` there is
also every clock point of every call and job (``study.log_tables``).
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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

import sim112
from sim112.config.scenario import Scenario, from_mapping, to_yaml
from sim112.engine.contract import Ints
from sim112.errors import InputError
from sim112.world.area import TABLES

PACKAGES = ("hydra-core", "matplotlib", "networkx", "numba", "numpy", "pyarrow", "pydantic", "scipy", "simpy")
"""The packages that results may depend on; their versions are recorded."""

PROVENANCE = "provenance.json"

REPORT = "report.html"
"""Made of the other files, and made again by ``sim112 report``: it has no checksum among theirs."""

FORMAT = 2
"""Of provenance: 2 holds all that ``sim112 reproduce`` needs, what had no format did not."""

STRESS_SCENARIO = "stress.yaml"
"""The first scenario of a comparison with the demand of its worst day."""


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
        remove_stale(parent)
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


def remove_stale(parent: Path) -> None:
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
    write_pieces(path, [columns])


def write_pieces(path: Path, pieces: Iterable[Mapping[str, object]]) -> None:
    """Save one table as Parquet, of which no more than a piece is held at a time; there is one at least."""
    tables = (pa.table({name: _column(values) for name, values in columns.items()}) for columns in pieces)
    first = next(tables)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def named(names: Sequence[str], index: Ints) -> pa.Array:
    """A column of names by their index, missing where the index points nowhere."""
    return pa.DictionaryArray.from_arrays(_numbers(index.astype(np.int32), index < 0), _texts(names))


def _column(values: object) -> object:
    return _numbers(values) if isinstance(values, np.ndarray) and values.dtype.kind in "iuf" else values


# Arrow asks of whatever it converts whether it comes from pandas, and loads that to be able to ask, where it
# is installed: a second. From buffers nothing is converted.


def _numbers(values: NDArray[Any], is_missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """A column of numbers, missing where told."""
    known = None
    if is_missing is not None and is_missing.any():
        known = pa.py_buffer(np.packbits(~is_missing, bitorder="little"))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [known, pa.py_buffer(np.ascontiguousarray(values))])


def _texts(texts: Sequence[str]) -> pa.Array:
    """A column of texts."""
    coded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, coded)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(coded), pa.py_buffer(ends), pa.py_buffer(b"".join(coded)))


def write_provenance(
    folder: Path,
    *,
    verb: str,
    command: Sequence[str],
    seed: int,
    started: datetime,
    files_read: Mapping[str, str] | None = None,
    **more: object,
) -> None:
    """Save what made this folder, and the checksums of every file in it; the last thing written.

    ``files_read`` are the checksums of the tables that were used, by name.
    """
    files_read = {} if files_read is None else files_read
    told = (folder / PROVENANCE, folder / REPORT)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path not in told)
    provenance = {
        "format": FORMAT,
        "verb": verb,
        "command": list(command),
        "version": sim112.__version__,
        "commit": _commit(),
        "seed": seed,
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now().astimezone().isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": dict(_versions()),
        "data_sha256": data_checksum(files_read),
        "files_read_sha256": dict(files_read),
        **more,
        "files_sha256": {path.relative_to(folder).as_posix(): checksum(path) for path in files},
    }
    text = json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
    partial = folder / f".{PROVENANCE}.partial"
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, folder / PROVENANCE)


@contextmanager
def saved(
    place: Path,
    started: datetime,
    scenarios: Sequence[Scenario],
    *,
    verb: str,
    command: Sequence[str],
    **more: object,
) -> Iterator[Draft]:
    """A folder to fill that becomes ``place/verb/<stamp>``: its scenarios are in it, at last what made it.

    ``more`` is told in its provenance. Raises SavingError where anything cannot be written.
    """
    with draft(place / verb, stamp(started)) as unplaced, saving(place / verb):
        for scenario in scenarios:
            write_scenario(unplaced.folder, scenario)
        yield unplaced
        write_provenance(
            unplaced.folder,
            verb=verb,
            command=command,
            seed=scenarios[0].seed,
            started=started,
            files_read=files_read(scenarios),
            scenarios=[scenario.name for scenario in scenarios],
            **more,
        )


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_read(scenarios: Iterable[Scenario]) -> dict[str, str]:
    """SHA-256 of every table that scenarios read, their areas' and their call logs, by the path they name.

    A table that comes with the package is named within it: ``central_java/zones.csv``. One that is not there
    is passed over: it is told where it is read.
    """
    paths = {name: path for scenario in scenarios for name, path in _paths_read(scenario)}
    return {name: checksum(path) for name, path in paths.items() if path.is_file()}


def _paths_read(scenario: Scenario) -> Iterator[tuple[str, Path]]:
    folder = scenario.area_folder
    named = folder.name if scenario.area.path is None else folder.as_posix()
    yield from ((f"{named}/{name}", folder / name) for name in TABLES)
    if scenario.demand.call_log is not None:
        yield scenario.demand.call_log.as_posix(), scenario.demand.call_log


def data_checksum(files: Mapping[str, str]) -> str:
    """One SHA-256 over the names and checksums of tables."""
    lines = (f"{name} {sha256}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@cache  # looked up once: a sweep saves thousands of points, and what was imported stays
def _versions() -> Mapping[str, str]:
    """The packages that results may depend on, with their versions."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


@cache
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
    """A run that was saved, opened to be read; printing it shows its summary.

    ``known`` are its scenarios where they need not be read from the folder.
    """

    folder: Path
    provenance: Mapping[str, Any]
    known: tuple[Scenario, ...] = ()

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """The resolved scenarios by name, in the order in which they were given, ready to be run again."""
        if self.known:
            return {scenario.name: scenario for scenario in self.known}
        return self.read_scenarios(from_mapping)

    def read_scenarios(self, check: Callable[[dict[str, Any]], Scenario]) -> dict[str, Scenario]:
        """The resolved scenarios as ``check`` makes them from plain data, by name, in their order."""
        names = (name for name in self.files if name.startswith("scenario_") and name.endswith(".yaml"))
        found = {scenario.name: scenario for scenario in (check(self.mapping(name)) for name in names)}
        order = self.provenance.get("scenarios", list(found))
        if not isinstance(order, list) or sorted(map(str, order)) != sorted(found):
            raise InputError(
                f"{self.folder / PROVENANCE}: scenarios are {order}, but the folder has {list(found)}; "
                "give the folder as it was saved"
            )
        return {str(name): found[name] for name in order}

    def mapping(self, name: str) -> dict[str, Any]:
        """A YAML file of the run as plain data that nothing has checked."""
        import yaml

        self._require(name)
        try:
            found = yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
            told = " ".join(str(error).split())
            raise InputError(
                f"{self.folder / name}: not YAML in UTF-8 ({told}); run the command again"
            ) from None
        if not isinstance(found, dict):
            raise InputError(f"{self.folder / name}: has no keys; run the command again")
        return found

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the run, as paths within its folder."""
        return tuple(self.provenance["files_sha256"])

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A Parquet table of the run, such as ``measures`` or ``log/all_35/0/calls``; or some columns."""
        self._require(f"{name}.parquet")
        # not read_table, which loads what many files take, and pandas with it, for a third of a second
        with pq.ParquetFile(self.folder / f"{name}.parquet") as file:
            return file.read(columns=None if columns is None else list(columns))

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
        if not isinstance(provenance["verb"], str) or any(_leads_out(name) for name in files):
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


def _leads_out(name: str) -> bool:
    """Whether the name of a file leads out of the folder of its run."""
    return Path(name).is_absolute() or ".." in Path(name).parts
