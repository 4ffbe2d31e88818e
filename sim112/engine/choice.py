"""Which engine runs a study: the results are the same to the bit, the time is not."""

from __future__ import annotations

from typing import Literal

from sim112.engine import compiled
from sim112.engine.contract import Calls, Log, World

Engine = Literal["reference", "compiled"]

REFERENCE_S_PER_CALLER = 32e-6
"""What the reference and measuring beside it take for one caller, s of one core (docs/performance.md)."""

LOADING_S = 1.5
"""What it takes to import the compiler and load machine code that is on disk already, s."""


def choose(wanted: Literal["auto", "reference", "compiled"], callers: int, workers: int) -> Engine:
    """The engine for so many callers in all replications together, worked on by so many processes.

    ``auto`` takes the reference while that is predicted to be done before the compiled engine could begin.
    """
    if wanted != "auto":
        return wanted
    begins_s = LOADING_S if compiled.is_compiled() else compiled.TYPICAL_COMPILE_S
    return "reference" if callers * REFERENCE_S_PER_CALLER / workers < begins_s else "compiled"


def simulate(engine: Engine, world: World, calls: Calls) -> Log:
    """Run one replication with an engine; what only the reference can do is done by the reference."""
    if engine == "compiled" and compiled.supports(world):
        return compiled.simulate(world, calls)
    from sim112.engine import reference  # simpy is imported only where it is needed

    return reference.simulate(world, calls)
