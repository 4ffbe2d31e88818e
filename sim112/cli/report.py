"""The verb ``report``: the report of a saved run or comparison, written once more."""

from __future__ import annotations

from pathlib import Path

from sim112.cli.language import CHOICE, spoken
from sim112.cli.words import parser_of
from sim112.errors import InputError
from sim112.views.words import LANGS


def report(words: list[str]) -> None:
    """``sim112 report``: tell a saved study again, from its tables, without simulating."""
    parser = parser_of("report")
    say = spoken().say
    parser.add_argument("folder", type=Path, help=say("cli.reproduce_folder"))
    chosen = [word.removeprefix(CHOICE) for word in words if word.startswith(CHOICE)]
    given = parser.parse_args([word for word in words if not word.startswith(CHOICE)])
    for choice in chosen:
        if choice not in LANGS:
            raise InputError(f"{CHOICE + choice!r} is no language; use one of {', '.join(LANGS)}")
    from sim112.study.store import open_run
    from sim112.views.report import write_report

    lang = next((lang for lang in LANGS if chosen and lang == chosen[-1]), None)
    place = write_report(open_run(given.folder), lang)
    print(say("cli.report_wrote", place=str(place)))
