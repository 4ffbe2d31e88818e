"""The verb ``report``: the report of a saved run or comparison, written once more."""

from __future__ import annotations

from pathlib import Path

from sim112.cli.language import CHOICE, language_chosen, spoken
from sim112.cli.words import parser_of


def report(words: list[str]) -> None:
    """``sim112 report``: tell a saved study again, from its tables, without simulating."""
    parser = parser_of("report")
    say = spoken().say
    parser.add_argument("folder", type=Path, help=say("cli.reproduce_folder"))
    given = parser.parse_args([word for word in words if not word.startswith(CHOICE)])
    lang = language_chosen(words)
    from sim112.study.store import open_run
    from sim112.views.report import write_report

    place = write_report(open_run(given.folder), lang)
    print(say("cli.report_wrote", place=str(place)))
