"""The verb ``replay``: a day of one scenario or two, as one page that opens by double click."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sim112.cli.language import CHOICE, language_chosen, spoken
from sim112.cli.words import (
    add_words,
    check_no_compare_keys,
    groups_help,
    need,
    parser_of,
    scenarios_and_overrides,
)
from sim112.errors import InputError

if TYPE_CHECKING:
    from sim112.config.scenario import Scenario
    from sim112.study.store import StoredRun


def replay(words: list[str]) -> None:
    """``sim112 replay``: write the page."""
    parser = parser_of("replay", epilog=groups_help())
    add_words(parser)
    say = spoken().say
    parser.add_argument("--into", type=Path, metavar="FILE", help=say("cli.replay_into"))
    parser.add_argument("--replication", type=int, metavar="N", help=say("cli.replay_replication"))
    parser.add_argument("--day", type=int, metavar="N", help=say("cli.replay_day"))
    parser.add_argument("--regency", metavar="LABEL", help=say("cli.replay_regency"))
    given = parser.parse_intermixed_args(words)
    if given.into is not None and given.into.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--into {given.into}: a page is an .html file; give a name that ends so")
    saved = _saved(given.words)
    scenarios = _named(given) if saved is None else list(saved.scenarios.values())
    scenarios = scenarios[:1] if len(scenarios) == 1 else [scenarios[0], scenarios[-1]]
    most = None if saved is None else _replications_of(saved)
    number = given.replication
    if number is not None and (number < 1 or (most is not None and number > most)):
        upto = "" if most is None else f" to {most}"
        raise InputError(f"--replication {number}: replications are counted from 1{upto}; give one of them")
    if given.cfg:
        from sim112.config.scenario import to_yaml

        print("---\n".join(to_yaml(scenario) for scenario in scenarios), end="")
        return
    from sim112.views.replay import page, record

    started = datetime.now().astimezone()
    made = record(
        scenarios,
        replication=None if number is None else number - 1,
        day=given.day,
        regency=given.regency,
        replications=most,
    )
    text = page(made, language_chosen(given.words) or scenarios[0].lang)
    if given.into is None:
        place = _write_with_results(text, scenarios, given.results, ["sim112", "replay", *words], started)
    else:
        place = _write(text, given.into)
    names = ", ".join(scenario.name for scenario in scenarios)
    print(say("cli.replay_wrote", place=place, replication=made.replication + 1, names=names))


def _saved(words: Sequence[str]) -> StoredRun | None:
    """The saved study whose folder is named; None where the words are scenarios and changes."""
    folders = [word for word in words if "=" not in word and ("/" in word or "\\" in word)]
    if not folders:
        return None
    if len([word for word in words if not word.startswith(CHOICE)]) > 1:
        raise InputError(
            f"replay needs one folder alone, given: {', '.join(words)}; a saved study is shown as it was"
        )
    from sim112.study.store import open_run

    saved = open_run(folders[0])
    if saved.provenance["verb"] not in ("run", "compare"):
        raise InputError(
            f"{folders[0]}: is a {saved.provenance['verb']}; give the folder of a run or a comparison"
        )
    return saved


def _replications_of(saved: StoredRun) -> int:
    """How many replications a saved study has: more than it asked for where it went on until it was sure."""
    from sim112.study.saved_comparison import replications_of

    return replications_of(saved)


def _named(given: Namespace) -> list[Scenario]:
    """The scenarios that were named, of one day unless another clock is asked for."""
    from sim112.config.scenario import compose

    names, overrides = scenarios_and_overrides(given.words, given.config_dir)
    check_no_compare_keys(overrides, "replay")
    need(names, 1, None, "replay", "dec_2021 pati")
    if not any(override.split("=", 1)[0] == "clock" for override in overrides):
        overrides = ["clock=day", *overrides]
    return [compose([f"scenario={name}", *overrides], given.config_dir) for name in names]


def _write_with_results(
    text: str, scenarios: Sequence[Scenario], results: Path, command: Sequence[str], started: datetime
) -> Path:
    """Save the page as other results are, with its scenarios and what made it; where it is."""
    from sim112.study.store import saved

    with saved(results, started, scenarios, verb="replay", command=command) as unplaced:
        (unplaced.folder / "replay.html").write_text(text, encoding="utf-8")
    assert unplaced.place is not None
    return unplaced.place / "replay.html"


def _write(text: str, into: Path) -> Path:
    """Save the page whole or not at all; where it is."""
    from sim112.study.store import saving

    with saving(into):
        into.parent.mkdir(parents=True, exist_ok=True)
        partial = into.with_name(f".{into.name}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(into)
    return into
