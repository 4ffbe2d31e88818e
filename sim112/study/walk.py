"""The one walk over a log that sums and counts everything measures rest on.

``walk_tables`` holds what it reads and writes; ``call_sums``, ``desk_sums`` and ``incident_sums`` are its
parts. These are plain functions over columns, in a part of Python that numba compiles: beside the compiled
engine they run as machine code, beside the reference on lists, and the sums are the same to the bit, as all
times are on one grid.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import isfunction
from math import inf
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from sim112.engine import compiled, contract, machine_code
from sim112.engine.contract import NONE
from sim112.study import call_sums, desk_sums, incident_sums, walk_sums
from sim112.study.call_sums import NOTED, look_ahead, walk_calls
from sim112.study.desk_sums import walk_desks
from sim112.study.incident_sums import walk_incidents, walk_units
from sim112.study.walk_tables import Asked, Happened, Notes, Place, Tally

PARTS = (walk_sums, call_sums, desk_sums, incident_sums)
"""The modules whose functions are all compiled as parts of ``walk``."""

INLINED = {"count", "note", "note_hour", "hour_of_day", "is_reported", "or_never"}
"""Those put in place of each call."""

_STUDY = Path(__file__).parent
SOURCES = (
    *(_STUDY / name for name in ("walk.py", "walk_tables.py", "walk_sums.py", "call_sums.py")),
    *(_STUDY / name for name in ("desk_sums.py", "incident_sums.py", "definitions.py", "totals.py")),
    Path(contract.__file__),
)
"""What the machine code is made of."""

TYPICAL_COMPILE_S = 7.0
"""How long a cold compile usually takes."""


def walk(place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally) -> None:
    """Walk a log once and add all that happened to the tally."""
    look_ahead(place, calls, log, notes)
    walk_calls(place, calls, log, notes, tally)
    walk_desks(place, notes, tally)
    walk_incidents(place, calls, log, notes, tally)
    walk_units(place, log, tally)


def blank_notes(place: Place, calls: Asked, log: Happened) -> Notes:
    desks = len(place.desk_agency)
    rows, callers, incidents = len(log.call_caller), len(calls.caller_kind), len(calls.incident_kind)
    return Notes(
        last_call=np.full(callers, NONE),
        tried_112=np.zeros(callers, bool),
        had_news=np.zeros(callers, bool),
        found_nobody=np.zeros(callers, bool),
        is_first=np.zeros(rows, bool),
        is_passed_on=np.zeros(rows, bool),
        incident=np.empty(rows, np.int64),
        picked_s=np.full(incidents, inf),
        answered_s=np.full(incidents, inf),
        ticket_112_s=np.full(incidents, inf),
        ticket_112_desk=np.full(incidents, NONE),
        job=np.full(len(calls.need_agency), NONE),
        cells=np.zeros((place.no_cell + 1) * NOTED),
        first_row=np.zeros(desks + 1, np.int64),
        spells=np.zeros(3 * desks, np.int64),
        people_from_s=np.empty(2 * rows),
        people_to_s=np.empty(2 * rows),
        dispatchers_from_s=np.empty(rows),
        dispatchers_to_s=np.empty(rows),
        lines_from_s=np.empty(rows),
        lines_to_s=np.empty(rows),
        spare_s=np.empty(2 * rows),
    )


def walk_on_lists(place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally) -> None:
    """The same without a compiler, several times faster than Python would read arrays."""
    on_lists = tally._replace(
        sums=tally.sums.tolist(),
        by_hour=tally.by_hour.tolist(),
        answered_by_kind=tally.answered_by_kind.tolist(),
    )
    walk(as_lists(place), as_lists(calls), as_lists(log), as_lists(notes), on_lists)
    tally.sums[:], tally.by_hour[:] = on_lists.sums, on_lists.by_hour
    tally.answered_by_kind[:] = on_lists.answered_by_kind


def as_lists(columns: Any) -> Any:
    """The same columns as lists."""
    return type(columns)(*(c.tolist() if isinstance(c, np.ndarray) else c for c in columns))


def walker() -> Callable[[Place, Asked, Happened, Notes, Tally], None]:
    """Measuring goes with the simulation: machine code where the compiled engine is in use, else lists."""
    return compiled_walk() if compiled.is_in_use() else walk_on_lists


@cache
def compiled_walk() -> Callable[[Place, Asked, Happened, Notes, Tally], None]:
    """``walk``, compiled at its first call or loaded from disk, with what it calls as parts of it."""
    import numba

    scope = {name: thing for part in PARTS for name, thing in vars(part).items()} | globals()
    hidden: dict[str, Any] = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True, **machine_code.OPTIONS)
    for name, function in list(scope.items()):
        if isfunction(function) and function.__module__ in [part.__name__ for part in PARTS]:
            compiled_part = FunctionType(function.__code__, scope, name)
            scope[name] = numba.njit(forceinline=name in INLINED, **hidden)(compiled_part)
    [code] = machine_code.declare([FunctionType(walk.__code__, scope, walk.__name__)], SOURCES)
    return code


def is_compiled() -> bool:
    """Whether machine code of this very version is on disk."""
    return machine_code.is_kept("walk", SOURCES)
