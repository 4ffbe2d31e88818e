"""The compiled engine: the reference's model as one compiled loop over tables; the same log, to the bit.

``compiled_tables.py`` makes the tables, ``compiled_desks.py`` and ``compiled_fleet.py`` hold what happens in
one event, ``compiled_clock.py`` the timers, and ``compiled_loop.py`` takes events in their order. numba is
imported when the first simulation begins, and its machine code is kept on disk: compiling takes about
``TYPICAL_COMPILE_S``, loading it well under a second.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim112.engine import machine_code
from sim112.engine.compiled_tables import empty_call_columns, simulation, to_log, with_room
from sim112.engine.contract import Calls, Log, World

if TYPE_CHECKING:
    from sim112.engine.compiled_loop import MachineCode

TYPICAL_COMPILE_S = 20.0
"""How long a cold compile usually takes, to tell a user and to choose an engine by."""

SOURCES = tuple(
    Path(__file__).with_name(f"{name}.py")
    for name in (
        *("contract", "rules", "compiled_tables", "compiled_clock", "compiled_fleet"),
        *("compiled_desks", "compiled_loop"),
    )
)
"""What the machine code is made of."""


def simulate(world: World, calls: Calls) -> Log:
    """Run one replication: what happens to these calls in this world.

    Returns the log of everything before ``world.end_s``, equal to the reference engine's to the bit. Other
    threads run on meanwhile. Raises ValueError beyond 2**27 attempts.
    """
    code = loop_code()
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
    return machine_code.is_kept("run", SOURCES)


@cache
def loop_code() -> MachineCode:
    """What is compiled: loaded from disk or, at its first call, made."""
    from sim112.engine import compiled_loop  # imports numba

    functions = (compiled_loop.fill_callers, compiled_loop.run, compiled_loop.read_calls)
    return compiled_loop.MachineCode(*machine_code.declare(functions, SOURCES))


def is_in_use() -> bool:
    """Whether this process simulates with machine code."""
    return loop_code.cache_info().currsize > 0
