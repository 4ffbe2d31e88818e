"""The verb ``validate``: the simulation against cases whose answer is known."""

from __future__ import annotations

from pathlib import Path

from sim112.cli.language import spoken
from sim112.cli.words import add_figures, parser_of, say_how

ROW_FAILS = 1
"""Exit status where a row is not within its tolerance."""


def validate(words: list[str]) -> int:
    """``sim112 validate``: every case, or the named ones."""
    say = spoken().say
    parser = parser_of("validate")
    parser.add_argument("words", nargs="*", metavar="word", help=say("cli.validate_words"))
    parser.add_argument("--list", action="store_true", help=say("cli.validate_list"))
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help=say("cli.results")
    )
    add_figures(parser)
    given = parser.parse_intermixed_args(words)
    from sim112.validation.suite import chosen
    from sim112.validation.suite import validate as check

    overrides = [word for word in given.words if "=" in word]
    cases = chosen([word for word in given.words if word not in overrides])
    if given.list:
        from sim112.views.validation_screen import told

        for case in cases:
            print(f"{case.name:20}{told(case.title, spoken())}")
        return 0
    found = check(
        cases,
        overrides,
        results=given.results,
        figures=given.figures,
        command=["sim112", "validate", *words],
        progress=True,
    )
    print(found)
    say_how(found.folder, found.engine)
    return 0 if found.passes else ROW_FAILS
