"""Machine code on disk: compiled once on a machine, and loaded by every later run of the same version.

The folder's name holds a digest of everything that the code is made of, because numba itself would notice a
change of one source file only. numba is imported where something is declared, and nowhere before.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

OPTIONS: dict[str, Any] = dict(nogil=True, _nrt=False)
"""Other threads run on meanwhile; no reference counting, as compiled functions here allocate nothing."""


def declare(functions: Sequence[Callable[..., Any]], sources: Sequence[Path]) -> list[Callable[..., Any]]:
    """These functions, each compiled at its first call or loaded from disk.

    ``sources`` are the files that the code is made of. Where nothing may be written it is kept nowhere.
    """
    import numba

    folder = next(filter(_is_writable, folders(sources)), None)
    config: Any = numba.config
    told, config.CACHE_DIR = config.CACHE_DIR, str(folder or "")  # read where a function is declared
    try:
        return [numba.njit(cache=folder is not None, **OPTIONS)(function) for function in functions]
    finally:
        config.CACHE_DIR = told


def is_kept(name: str, sources: Sequence[Path]) -> bool:
    """Whether machine code of this function, of this very version, is on disk."""
    return any(any(folder.glob(f"*/*.{name}-*.nbc")) for folder in folders(sources))


def folders(sources: Sequence[Path]) -> Iterator[Path]:
    """Where the machine code may be kept, best first: where numba is told, beside the program, the user's."""
    name = f"sim112-{_digest(sources)}"
    told = os.environ.get("NUMBA_CACHE_DIR")
    if told:
        yield Path(told) / name
        return
    yield Path(__file__).parent / "__pycache__" / name
    root = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    yield (Path(root) if root else Path("~/.cache").expanduser()) / "sim112" / name


def _digest(sources: Sequence[Path]) -> str:
    """Of the sources, the compiler's and the language's version, and the kind of machine."""
    parts = [source.read_bytes() for source in sources]
    parts += [part.encode() for part in (version("numba"), version("numpy"), sys.version, platform.machine())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
