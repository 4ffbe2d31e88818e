"""The verb ``bundle``: a zip from which a laptop without internet can hold the workshop."""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

from sim112.cli.language import spoken
from sim112.cli.words import parser_of
from sim112.errors import InputError

INTO = Path("sim112_workshop.zip")
MEGABYTE = 1_000_000


def bundle(words: list[str]) -> None:
    """``sim112 bundle``: fetch everything that such a laptop needs and write it into one zip."""
    from sim112.views.bundle.archive import write_bundle
    from sim112.views.bundle.wheels import PLATFORMS, PYTHONS, Target

    say = spoken().say
    running = ".".join(platform.python_version_tuple()[:2])
    parser = parser_of("bundle", description=say("bundle.about"))
    parser.add_argument("--into", type=Path, default=INTO, metavar="FILE", help=say("bundle.into"))
    parser.add_argument(
        "--python", nargs="+", choices=PYTHONS, default=[running], help=say("bundle.python", running=running)
    )
    parser.add_argument(
        "--system", nargs="+", choices=list(PLATFORMS), default=list(PLATFORMS), help=say("bundle.system")
    )
    given = parser.parse_args(words)
    if given.into.suffix.lower() != ".zip":
        raise InputError(f"--into {given.into}: a bundle is a .zip file; give a name that ends so")
    systems, pythons = dict.fromkeys(given.system), dict.fromkeys(given.python)
    targets = [Target(system, python) for system in systems for python in pythons]
    started_s = time.monotonic()

    def notice(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def begins(number: int, target: Target | None) -> None:
        if target is None:
            notice(say("bundle.building"))
            return
        of = {"number": number, "all": len(targets), "system": target.system, "python": target.python}
        notice(say("bundle.fetching", **of))

    size = write_bundle(given.into, targets, begins, notice) / MEGABYTE
    took = spoken().duration(time.monotonic() - started_s)
    print(say("bundle.wrote", path=str(given.into), size=spoken().number(size), took=took))
    print(say("bundle.next", python=", ".join(pythons)))
