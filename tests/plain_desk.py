"""The plain desk in C: ``plain_desk.c`` compiled on the spot, called with the columns of ``Calls``."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from witness import CLOCK_POINTS

from sim112.engine.contract import Calls

COMPILER = shutil.which("gcc") or shutil.which("cc")
"""None: there is no C compiler, and nothing here can be used."""


@cache
def plain_desk() -> Any:
    """The function of ``plain_desk.c``, compiled for this machine."""
    assert COMPILER is not None
    source = Path(__file__).with_suffix(".c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "plain_desk.so"
        options = ("-O3", "-march=native", "-shared", "-fPIC")
        subprocess.run([COMPILER, *options, "-o", str(library), str(source), "-lm"], check=True)
        function = ctypes.CDLL(str(library)).plain_desk
    function.restype = ctypes.c_int64
    return function


def simulate_in_c(
    calls: Calls, channels: int, lines: int, call_takers: int, end_s: float
) -> tuple[dict[str, np.ndarray], int]:
    """What ``witness.simulate_idiomatically`` returns, and the number of events that were taken."""
    rows = len(calls.dial_patience_s)
    order = np.argsort(calls.caller_start_s, kind="stable")
    inputs = [
        *(
            order,
            calls.caller_start_s,
            calls.caller_pick_up_s,
            calls.caller_talk_s,
            calls.caller_after_call_s,
        ),
        *(calls.dial_start, calls.dial_second, calls.dial_patience_s, calls.dial_redials_blocked),
        *(calls.dial_redials_abandoned, calls.dial_redial_delay_s),
    ]
    inputs = [np.ascontiguousarray(column) for column in inputs]
    log = {name: np.empty(rows, dtype=np.int64) for name in ("caller", "dial", "outcome")}
    log |= {name: np.empty(rows) for name in CLOCK_POINTS}
    events = ctypes.c_int64(0)
    used = plain_desk()(
        ctypes.c_int64(len(order)),
        *map(pointer, inputs),
        *map(ctypes.c_int64, (channels, lines, call_takers)),
        ctypes.c_double(end_s),
        ctypes.c_int64(rows),
        *map(pointer, log.values()),
        ctypes.byref(events),
    )
    if used < 0:
        raise MemoryError("plain_desk.c")
    return {name: column[:used] for name, column in log.items()}, events.value


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
