"""The zip of a bundle: wheels, start scripts, and what to read first. It is written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sim112
from sim112.errors import InputError
from sim112.views.bundle.wheels import Target, build, check_can_build, fetch, gather

FOLDER = "sim112_workshop"
"""What the zip unpacks to. Short: Windows has trouble with long paths."""

START = Path(__file__).parent / "start"
STARTERS = {"windows": "mulai.bat", "linux": "mulai.sh"}
ALWAYS = ("mulai.py", "BACA_DULU.txt", "README.txt")
MADE = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip, the first that a zip can hold: the same wheels give the same bytes."""

EXECUTABLE, PLAIN = 0o100755, 0o100644


def write_bundle(
    into: Path,
    targets: Sequence[Target],
    begins: Callable[[int, Target | None], None],
    notice: Callable[[str], None],
) -> int:
    """Fetch all wheels and write the zip; its size in bytes.

    ``begins`` is told which target's wheels are fetched next (its number from 1 on; 0 and None: this
    program's own wheel is built), ``notice`` each wheel. Raises InputError where the zip is there already,
    its folder is not, or anything fails; then there is no zip.
    """
    if into.exists():
        raise InputError(f"{into}: is there already; give another name with --into")
    check_can_build()
    with _workplace(into) as place:
        begins(0, None)
        own = build(place / "own", notice)
        fetched = []
        for number, target in enumerate(targets, start=1):
            begins(number, target)
            fetched.append(place / f"{target.system}_{target.python}")
            fetch(target, own, fetched[-1], notice)
        wheels = gather(fetched, place / "wheels")
        part = place / "bundle.zip"
        with zipfile.ZipFile(part, "x") as packed:
            for name, content, mode in start_files(targets):
                _add(packed, name, mode, content)
            for wheel in wheels:
                _add(packed, f"wheels/{wheel.name}", PLAIN, wheel)
        os.replace(part, into)
        return into.stat().st_size


def start_files(targets: Sequence[Target]) -> Iterator[tuple[str, bytes, int]]:
    """Everything in the bundle but wheels: name, content, and mode on Linux."""
    systems = sorted({target.system for target in targets})
    pythons = sorted({target.python for target in targets}, reverse=True)
    about = {"version": sim112.__version__, "systems": systems, "pythons": pythons}
    yield "bundle.json", json.dumps(about, indent=1).encode() + b"\n", PLAIN
    for name in (*ALWAYS, *(STARTERS[system] for system in systems)):
        text = (START / name).read_text(encoding="utf-8")
        for mark, value in (
            ("@PYTHONS@", " ".join(pythons)),
            ("@COMMANDS@", " ".join(f"python{python}" for python in pythons)),
            ("@NAMED@", ", ".join(f"Python {python}" for python in pythons)),
            ("@SYSTEMS@", ", ".join(system.capitalize() for system in systems)),
            ("@VERSION@", sim112.__version__),
        ):
            text = text.replace(mark, value)
        if name.endswith((".bat", ".txt")):
            text = text.replace("\n", "\r\n")  # the lines of Windows, which Linux shows as well
        yield name, text.encode("utf-8"), EXECUTABLE if name.endswith(".sh") else PLAIN


@contextmanager
def _workplace(into: Path) -> Iterator[Path]:
    """A folder beside the zip that is gone afterwards: what fits there fits the zip's own disk."""
    if not into.parent.is_dir():
        raise InputError(f"{into}: its folder is not there; make it, or give another place with --into")
    try:
        place = Path(tempfile.mkdtemp(prefix=".sim112_bundle_", dir=into.parent))
    except OSError as error:
        raise InputError(
            f"{into}: cannot be written ({error.strerror}); give another place with --into"
        ) from None
    try:
        yield place
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(
                "the disk is full; nothing was written, make room or give another place with --into"
            ) from None
        raise InputError(
            f"{into}: cannot be written ({error.strerror}); give another place with --into"
        ) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _add(packed: zipfile.ZipFile, name: str, mode: int, content: bytes | Path) -> None:
    """A wheel is packed already, so it is stored as it is; the texts are too small to matter."""
    entry = zipfile.ZipInfo(f"{FOLDER}/{name}", MADE)
    entry.create_system, entry.external_attr = 3, mode << 16  # 3: the mode is one of Unix, on every machine
    if isinstance(content, bytes):
        packed.writestr(entry, content)
        return
    entry.file_size = content.stat().st_size
    with content.open("rb") as source, packed.open(entry, "w") as sink:
        shutil.copyfileobj(source, sink)
