"""The compiled engine: the reference's model as one compiled loop over tables; the same log, to the bit.

``compiled_tables.py`` makes the tables, ``compiled_desks.py`` and ``compiled_fleet.py`` hold what happens in
one event, ``compiled_clock.py`` the timers, and ``compiled_loop.py`` takes events in their order. numba is
imported when the first simulation begins, and its machine code is kept on disk: compiling takes about
``TYPICAL_COMPILE_S``, loading it well under a second.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np

from sim112.engine.compiled_tables import empty_call_columns, simulation, to_log, with_room
from sim112.engine.contract import Calls, Log, World

if TYPE_CHECKING:
    from sim112.engine.compiled_loop import MachineCode

TYPICAL_COMPILE_S = 20.0
"""How long a cold compile usually takes, to tell a user and to choose an engine by."""

SOURCES = (
    *("contract.py", "rules.py", "compiled_tables.py", "compiled_clock.py", "compiled_fleet.py"),
    *("compiled_desks.py", "compiled_loop.py"),
)
"""What the machine code is made of."""


def simulate(world: World, calls: Calls) -> Log:
    """Run one replication: what happens to these calls in this world.

    Returns the log of everything before ``world.end_s``, equal to the reference engine's to the bit. Other
    threads run on meanwhile. Raises ValueError beyond 2**27 attempts.
    """
    code = machine_code()
    sim, callers = simulation(world, calls)
    code.fill_callers(sim.callers, callers)
    while not code.run(sim):
        sim = with_room(sim)
    columns = empty_call_columns(sim)
    code.read_calls(sim.calls, columns)
    return to_log(sim, columns)


def supports(world: World) -> bool:
    """Whether this engine does everything that happens in the world.

    So far it does, in every world. A policy that so far exists in the reference alone is refused here, and
    ``engine=auto`` then takes the reference.
    """
    return True


def get_ready(world: World) -> None:
    """Compile the loop, or load it, ahead of the first replication and before worker processes are forked."""
    starts = ("need_start", "dial_start")
    nothing: dict[str, Any] = {field.name: np.zeros(int(field.name in starts)) for field in fields(Calls)}
    simulate(world, Calls(**nothing))


def is_compiled() -> bool:
    """Whether machine code of this very version is on disk, so that nobody has to wait for a compile."""
    return any(any(folder.glob("*/*.run-*.nbc")) for folder in cache_folders())


@cache
def machine_code() -> MachineCode:
    """What is compiled: loaded from disk or, at its first call, made."""
    from sim112.engine import compiled_loop  # imports numba

    return compiled_loop.machine_code(next(filter(is_writable, cache_folders()), None))


def cache_folders() -> Iterator[Path]:
    """Where the machine code may be kept, best first: where numba is told, beside the program, the user's.

    The folder's name holds a digest of everything that the code is made of, because numba itself would notice
    a change of one source file only.
    """
    name = f"sim112-{fingerprint()}"
    told = os.environ.get("NUMBA_CACHE_DIR")
    if told:
        yield Path(told) / name
        return
    yield Path(__file__).parent / "__pycache__" / name
    root = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    yield (Path(root) if root else Path("~/.cache").expanduser()) / "sim112" / name


@cache
def fingerprint() -> str:
    """A digest of the sources, the compiler's and the language's version, and the kind of machine."""
    folder = Path(__file__).parent
    parts = [(folder / name).read_bytes() for name in SOURCES]
    parts += [part.encode() for part in (version("numba"), version("numpy"), sys.version, platform.machine())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
