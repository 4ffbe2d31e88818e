"""The verb that proves a saved study: ``reproduce``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sim112.cli.language import spoken, told
from sim112.cli.words import parser_of

DIFFERENT = 1
"""Exit status where a table does not come out again."""


def reproduce(words: list[str]) -> int:
    """``sim112 reproduce``: run a saved study again and compare its tables to the bit."""
    parser = parser_of("reproduce")
    say = spoken().say
    parser.add_argument("folder", type=Path, help=say("cli.reproduce_folder"))
    parser.add_argument("--workers", type=_whole_number, metavar="N", help=say("cli.reproduce_workers"))
    parser.add_argument("--engine", choices=["reference", "compiled"], help=say("cli.reproduce_engine"))
    parser.add_argument(
        "--files",
        type=Path,
        metavar="DIR",
        help=say("cli.reproduce_files"),
    )
    given = parser.parse_args(words)
    from sim112.planning.staff_again import staff_again
    from sim112.study.reproduce import WAYS
    from sim112.study.reproduce import reproduce as run_again
    from sim112.validation.again import validate_again

    found = run_again(
        given.folder,
        {**WAYS, "staff": staff_again, "validate": validate_again},
        files=given.files,
        workers=given.workers,
        engine=given.engine,
        progress=True,
        say=_say_step,
    )
    print("\n".join(told(line) for line in str(found).splitlines()))
    return 0 if found.is_identical else DIFFERENT


def _say_step(text: str) -> None:
    """Tell on stderr what a sizing is at."""
    print(spoken().say("staff.sizing", what=told(text)), file=sys.stderr, flush=True)


def _whole_number(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is no number of processes; give a whole number from 1")
    return int(word)
