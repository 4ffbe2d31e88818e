"""A saved study simulated again, from nothing but its folder, to prove that its tables come out the same.

What is run are the resolved scenarios and the settings in the folder; what comes out is held against the
saved tables value by value, to the bit. Nothing in the folder is changed and nothing in it is executed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import sim112
from sim112.config.compare import settings_from_mapping
from sim112.config.scenario import Scenario, from_mapping
from sim112.engine.choice import Engine
from sim112.errors import InputError
from sim112.study.run import compare, run
from sim112.study.store import FORMAT, PROVENANCE, STRESS_SCENARIO, SavingError, StoredRun, open_run
from sim112.study.sweep import Point, sweep
from sim112.study.table_content import ENDINGS, content_sha256, first_difference, read_content, rows_of

NAMED = {
    "version": "version of sim112",
    "commit": "commit",
    "python": "Python",
    "system": "platform",
    "engine": "engine",
    "seed": "seed",
}
"""Single values of the provenance that may explain a difference, and what they are called."""


@dataclass(frozen=True)
class Terms:
    """How it is run again: where the user's tables lie, and keys of scenarios that change no result.

    ``progress``: whether replications tell how far they are. ``say`` is told of other steps.
    """

    files: Path | None
    changed: Mapping[str, str | int]
    progress: bool
    say: Callable[[str], None]


@dataclass(frozen=True)
class Pair:
    """A stored folder and the one that was made again; ``moved`` are paths then by paths now."""

    then: StoredRun
    now: StoredRun
    moved: Mapping[str, str]
    prefix: str = ""


@dataclass(frozen=True)
class TableAgain:
    """One table of a saved study beside the one that was made again.

    ``difference`` names the first column and row that differ and both values, None where there is none.
    """

    name: str
    rows: int
    sha256: str
    difference: str | None


@dataclass(frozen=True)
class Reproduction:
    """A saved study and what came out when it was run again; printing it gives the verdict and the reasons.

    ``changes`` are lines on what made the two: version, packages, tables that were read and so on.
    """

    folder: Path
    verb: str
    tables: tuple[TableAgain, ...]
    changes: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        """Whether every table came out again, to the bit."""
        return all(table.difference is None for table in self.tables)

    def __str__(self) -> str:
        lines = [f"{self.folder}: {self.verb}, made again and compared value by value"]
        own = [table for table in self.tables if "/" not in table.name]
        width = max((len(table.name) for table in own), default=0)
        for table in own:
            name, content = f"{table.name:{width}}", f"{table.rows:>9,} rows  {table.sha256[:16]}"
            if table.difference is None:
                lines.append(f"  {name}  identical  {content}")
            else:
                lines.append(f"  {name}  DIFFERENT  {content}")
        for part in ("points", "log"):
            below = [table for table in self.tables if table.name.startswith(f"{part}/")]
            if below:
                same = sum(table.difference is None for table in below)
                rows = sum(table.rows for table in below)
                lines.append(f"  {part}: {same} of {len(below)} tables identical, {rows:,} rows")
        lines.append("")
        different = [table for table in self.tables if table.difference is not None]
        if different:
            first = different[0]
            lines.append(f"different: {len(different)} of {len(self.tables)} tables; the first difference:")
            lines.append(f"  {first.name}: {first.difference}")
        else:
            lines.append(f"identical: all {len(self.tables)} tables came out again, to the bit")
        if self.changes:
            lines += ["", "What is not, or may not be, as it was when it was saved:"]
            lines += [f"  {line}" for line in self.changes]
        elif different:
            lines.append("")
            lines.append(
                "Version, packages, Python, platform, engine, seed and data are as they were: it is a defect."
            )
        return "\n".join(lines)


def reproduce(
    folder: Path | str,
    ways: Mapping[str, Way] | None = None,
    *,
    files: Path | str | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Reproduction:
    """Run a saved study again in a temporary place and compare every table.

    ``ways``: how each verb is done again; runs, comparisons and sweeps where None. ``files`` is the folder
    where the user's own tables (``area.path``, ``demand.call_log``) lie now, where it is another than then.
    ``engine`` is the one that made the study where None. Raises InputError where the folder is no whole
    study, a file in it is not as it was written, or a table that it needs is not there.
    """
    stored = open_run(folder)
    _check_format(stored)
    ways, verb = ways or WAYS, stored.provenance["verb"]
    if verb not in ways:
        raise InputError(f"{stored.folder}: is of `sim112 {verb}`; give one of {', '.join(ways)}")
    wanted = {"workers": workers, "engine": engine or _engine_of(stored)}
    changed = {key: value for key, value in wanted.items() if value is not None}
    terms = Terms(None if files is None else Path(files), changed, progress, say)
    with _temporary_place(stored) as place:
        try:
            pairs = ways[verb](stored, terms, place)
        except SavingError as error:
            raise InputError(f"{error}; it is a temporary folder, which TMPDIR names") from None
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"nothing in {stored.folder} was changed") from None
        tables = [table for pair in pairs for table in _tables(pair)]
        changes = dict.fromkeys(line for pair in pairs for line in _changes(pair))
    return Reproduction(stored.folder, verb, tuple(tables), tuple(changes))


@contextmanager
def _temporary_place(stored: StoredRun) -> Iterator[Path]:
    try:
        place = tempfile.TemporaryDirectory(prefix="sim112-", ignore_cleanup_errors=True)
    except OSError as error:
        raise InputError(
            f"{stored.folder}: there is no temporary folder to run it in ({error.strerror}); set TMPDIR"
        ) from None
    with place as name:
        yield Path(name)


def _check_format(stored: StoredRun) -> None:
    found = stored.provenance.get("format")
    if found == FORMAT:
        return
    version = stored.provenance.get("version", "of an unknown version")
    if isinstance(found, int) and found > FORMAT:
        raise InputError(
            f"{stored.folder}: saved by a newer sim112 ({version}, format {found}); use that version"
        )
    raise _noted_too_little(stored)


def noted(stored: StoredRun, key: str) -> Any:
    """What the provenance says of ``key``; InputError where an older version did not note it."""
    if key not in stored.provenance:
        raise _noted_too_little(stored)
    return stored.provenance[key]


def _noted_too_little(stored: StoredRun) -> InputError:
    version = stored.provenance.get("version", "of an unknown version")
    words = stored.provenance.get("command")
    command = f": {' '.join(map(str, words))}" if isinstance(words, list) and words else ""
    return InputError(
        f"{stored.folder}: saved by an older sim112 ({version}), which did not note all that is needed to "
        f"reproduce it; run its command again{command}"
    )


def _engine_of(stored: StoredRun) -> Engine | None:
    found = stored.provenance.get("engine")
    return found if found in ("reference", "compiled") else None


def scenarios_of(stored: StoredRun, terms: Terms) -> dict[str, Scenario]:
    """The scenarios of a stored study as they are run again."""
    with as_of_its_version(stored):
        return stored.read_scenarios(lambda mapping: scenario_from(mapping, stored, terms))


@contextmanager
def as_of_its_version(stored: StoredRun) -> Iterator[None]:
    """What is refused now and was saved by another version says so."""
    try:
        yield
    except InputError as error:
        version = stored.provenance.get("version")
        if version == sim112.__version__:
            raise
        raise InputError(
            f"{stored.folder}: saved by sim112 {version}, and this is {sim112.__version__}: {error}"
        ) from None


def scenario_from(mapping: dict[str, Any], stored: StoredRun, terms: Terms) -> Scenario:
    """A stored scenario, its own tables where they lie now."""
    for section, key, path in _own_paths(mapping):
        place = _place_now(path, terms)
        if not place.exists():
            raise InputError(
                f"{stored.folder}: {section}.{key} was {path}, and {place} is not there; "
                "run this where it lies, or name the folder that holds it with --files"
            )
        mapping[section] = {**mapping[section], key: str(place)}
    return from_mapping(mapping).model_copy(update=dict(terms.changed))


def _own_paths(mapping: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The user's own tables that a scenario names: section, key and path."""
    found = []
    for section, key in (("area", "path"), ("demand", "call_log")):
        part = mapping.get(section)
        path = part.get(key) if isinstance(part, dict) else None
        if isinstance(path, str):
            found.append((section, key, path))
    return found


def _place_now(path: str, terms: Terms) -> Path:
    """Where a table of the user's lies now; only the last name counts of a path that led elsewhere."""
    if terms.files is None:
        return Path(path)
    inside = terms.files / path  # an absolute path stays what it is
    return inside if not Path(path).is_absolute() and inside.exists() else terms.files / PurePath(path).name


def paired(stored: StoredRun, terms: Terms, folder: Path | None) -> Pair:
    """A stored folder and the one in which it was made again."""
    assert folder is not None
    return Pair(stored, open_run(folder), moved_names(stored, terms))


def moved_names(stored: StoredRun, terms: Terms) -> dict[str, str]:
    """What the user's own tables were called then, by what they are called now."""
    files = [name for name in stored.files if name.endswith(".yaml") and "/" not in name]
    paths = (path for name in files for *_, path in _own_paths(stored.mapping(name)))
    return {_place_now(path, terms).as_posix(): Path(path).as_posix() for path in paths}


# ---- run again ---------------------------------------------------------------------------------------------


def _run_again(stored: StoredRun, terms: Terms, place: Path) -> list[Pair]:
    scenarios = list(scenarios_of(stored, terms).values())
    if len(scenarios) != 1:
        raise InputError(f"{stored.folder}: a run has one scenario, this has {len(scenarios)}; run it again")
    result = run(scenarios[0], results=place, figures=False, progress=terms.progress)
    return [paired(stored, terms, result.folder)]


def _compare_again(stored: StoredRun, terms: Terms, place: Path) -> list[Pair]:
    given = stored.provenance.get("settings")
    if not isinstance(given, dict):
        raise InputError(f"{stored.folder / PROVENANCE}: has no settings; run the command again")
    settings, stress = settings_from_mapping(given), None
    scenarios = list(scenarios_of(stored, terms).values())
    if STRESS_SCENARIO in stored.files:
        stress = scenario_from(stored.mapping(STRESS_SCENARIO), stored, terms).demand
    else:
        settings = settings.model_copy(update={"stress": None})
    result = compare(
        scenarios, settings=settings, stress=stress, results=place, figures=False, progress=terms.progress
    )
    return [paired(stored, terms, result.folder)]


def _sweep_again(stored: StoredRun, terms: Terms, place: Path) -> list[Pair]:
    points, folders = [], []
    for values, name in _points_of(stored):
        then = open_run(stored.folder / name)
        _check_format(then)
        scenarios = list(scenarios_of(then, terms).values())
        if len(scenarios) != 1:
            raise InputError(f"{then.folder}: a point has one scenario, this has {len(scenarios)}")
        points.append(Point(values, scenarios[0]))
        folders.append(then)
    result = sweep(points, into=place / "sweep", progress=terms.progress)
    now = open_run(result.folder)
    pairs = {
        then.folder: Pair(
            then, open_run(now.folder / name), moved_names(then, terms), f"points/{then.folder.name}/"
        )
        for then, (_, name) in zip(folders, _points_of(now), strict=True)
    }
    moved = {new: old for pair in pairs.values() for new, old in pair.moved.items()}
    return [Pair(stored, now, moved), *pairs.values()]


def _points_of(stored: StoredRun) -> list[tuple[dict[str, str], str]]:
    """The swept values of each point of a sweep, and its folder."""
    found = []
    try:
        for point in stored.provenance["points"]:
            name = str(point["folder"])
            if f"{name}/{PROVENANCE}" not in stored.files:
                raise KeyError(name)
            found.append(({str(key): str(value) for key, value in point["values"].items()}, name))
    except (KeyError, TypeError, AttributeError):
        found = []
    if not found:
        raise InputError(f"{stored.folder / PROVENANCE}: points are not as they were written; sweep again")
    return found


Way = Callable[[StoredRun, Terms, Path], Sequence[Pair]]
"""Makes a stored study again under terms, in a temporary place; whoever saves studies of a verb has one."""

WAYS: Mapping[str, Way] = {"run": _run_again, "compare": _compare_again, "sweep": _sweep_again}
"""How each verb of this package is done again."""


# ---- compare -----------------------------------------------------------------------------------------------


def _tables(pair: Pair) -> Iterator[TableAgain]:
    """Every table of one folder, beside its like; the points of a sweep are folders of their own."""
    then, now = (
        [name for name in study.files if name.endswith(ENDINGS) and not name.startswith("points/")]
        for study in (pair.then, pair.now)
    )
    for name in dict.fromkeys([*then, *now]):
        shown = f"{pair.prefix}{name}"
        if name not in now:
            table = read_content(pair.then.folder / name)
            difference: str | None = "is not made any more"
        else:
            table = read_content(pair.now.folder / name)
            difference = "was not saved then"
            if name in then:
                difference = first_difference(read_content(pair.then.folder / name), table)
        yield TableAgain(shown, rows_of(table), content_sha256(table), difference)


def _changes(pair: Pair) -> Iterator[str]:
    """What made the two folders and is not the same."""
    then, now = pair.then.provenance, pair.now.provenance
    for key, name in NAMED.items():
        if then.get(key) != now.get(key) and (key != "engine" or None not in (then.get(key), now.get(key))):
            yield f"{name}: {then.get(key)} then, {now.get(key)} now"
    if then.get("commit") == now.get("commit") and str(now.get("commit")).endswith("+"):
        yield f"commit: {now['commit']} both times, with changes that are in no commit and may be others"
    for name, (before, after) in _beside(then.get("packages"), now["packages"]):
        yield f"package {name}: {before or 'none'} then, {after or 'none'} now"
    files = {_named_then(name, pair.moved): value for name, value in now["files_read_sha256"].items()}
    for name, (before, after) in _beside(then.get("files_read_sha256"), files):
        told = (
            "is not as it was" if before and after else "was read then only" if before else "is read now only"
        )
        yield f"data: {name} {told}"
    if then.get("assumptions_sha256") != now.get("assumptions_sha256"):
        yield "configs: the assumptions, or their low and high ends, are not as they were"


def _beside(then: object, now: Mapping[str, str]) -> Iterator[tuple[str, tuple[object, object]]]:
    """What differs between two mappings, by key."""
    before = then if isinstance(then, dict) else {}
    for key in dict.fromkeys([*before, *now]):
        if before.get(key) != now.get(key):
            yield key, (before.get(key), now.get(key))


def _named_then(name: str, moved: Mapping[str, str]) -> str:
    """What a table that was read now was called then."""
    for new, old in moved.items():
        if name == new or name.startswith(f"{new}/"):
            return old + name.removeprefix(new)
    return name
