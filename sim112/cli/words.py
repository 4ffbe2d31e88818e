"""The words of a command: options, scenarios (bare words) and overrides (anything with =)."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from sim112.cli.language import spoken
from sim112.errors import InputError


class Parser(argparse.ArgumentParser):
    """Says what is wrong with an option as everything else does: in one line, with status 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `{self.prog} --help`")


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Begins, and names what is given, in the language that is spoken."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, prefix or spoken().say("cli.usage"))

    def _metavar_formatter(
        self, action: argparse.Action, default_metavar: str
    ) -> Callable[[int], tuple[str, ...]]:
        name = action.metavar or default_metavar
        key = f"cli.metavars.{name}"
        if action.choices is None and spoken().has(key):
            return lambda number: (spoken().say(key),) * number
        return super()._metavar_formatter(action, default_metavar)


def parser_of(verb: str, description: str = "", epilog: str = "") -> Parser:
    """The parser of a verb, whose bad input is one line; it is told in the words ``cli.about_<verb>``."""
    say = spoken().say
    parser = Parser(
        prog=f"sim112 {verb}",
        description=description or say(f"cli.about_{verb}"),
        epilog=epilog,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser._positionals.title, parser._optionals.title = say("cli.positional"), say("cli.options")
    parser.add_argument("-h", "--help", action="help", help=say("cli.help_option"))
    return parser


def add_words(parser: Parser, results: bool = True) -> None:
    """Scenarios and overrides, and the options that go with them."""
    parser.add_argument("words", nargs="*", metavar="word", help=spoken().say("cli.words"))
    parser.add_argument("--cfg", choices=["job"], help=spoken().say("cli.cfg"))
    add_config_dir(parser)
    if results:
        parser.add_argument(
            "--results",
            type=Path,
            default=Path("results"),
            metavar="DIR",
            help=spoken().say("cli.results"),
        )


def add_config_dir(parser: Parser) -> None:
    """The option that names one more folder of configuration."""
    parser.add_argument("--config-dir", type=Path, metavar="DIR", help=spoken().say("cli.config_dir"))


def add_figures(parser: Parser) -> None:
    """The option that leaves figures out."""
    parser.add_argument(
        "--no-figures", dest="figures", action="store_false", help=spoken().say("cli.no_figures")
    )


def scenarios_and_overrides(words: Sequence[str], config_dir: Path | None) -> tuple[list[str], list[str]]:
    """Scenarios and overrides. Raises InputError for a scenario that does not exist or is named twice."""
    from sim112.config.composition import choices

    overrides = [word for word in words if "=" in word or word.startswith("~")]
    scenarios = [word for word in words if word not in overrides]
    known = choices("scenario", config_dir)
    for scenario in scenarios:
        if scenario not in known:
            raise InputError(f"there is no scenario {scenario!r}; {nearest(scenario, known)}")
        if scenarios.count(scenario) > 1:
            raise InputError(f"scenario {scenario} is named twice; name each once")
    return scenarios, overrides


def need(scenarios: Sequence[str], least: int, most: int | None, verb: str, example: str) -> None:
    """Raise InputError where a verb is given too few or too many scenarios."""
    if len(scenarios) < least or (most is not None and len(scenarios) > most):
        wanted = {(1, 1): "one scenario", (2, None): "two or more scenarios"}.get((least, most), "a scenario")
        given = ", ".join(scenarios) or "none"
        raise InputError(f"{verb} needs {wanted}, given: {given}; for instance `sim112 {verb} {example}`")


def check_no_compare_keys(overrides: Sequence[str], verb: str) -> None:
    """Raise InputError for a setting of a comparison where there is none."""
    from sim112.config.compare import is_compare_key

    for override in overrides:
        if is_compare_key(override):
            key = override.split("=", 1)[0]
            raise InputError(f"{key} belongs to `sim112 compare`; leave it out of `sim112 {verb}`")


def check_first_keys(overrides: Sequence[str], known: Sequence[str]) -> None:
    """Raise InputError for an override whose first key no scenario and no comparison has."""
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~").split(".", 1)[0].split("@", 1)[0]
        if key not in known:
            raise InputError(f"{key} is no key of the configuration; {nearest(key, known)}")


def nearest(word: str, known: Collection[str]) -> str:
    """What to say where a word is not known: the one that was meant, or all there are."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"


def compare_help() -> str:
    """The settings of a comparison and their values, for its help."""
    from sim112.paths import configs_dir

    say = spoken().say
    lines = [say("cli.compare_settings")]
    for line in (configs_dir() / "compare.yaml").read_text(encoding="utf-8").splitlines():
        setting, _, _ = line.partition("  # ")
        key, _, value = setting.partition(": ")
        if key.isidentifier() and value:
            lines.append(f"  {key}={value}  {say(f'settings.{key}')}")
    return "\n".join([*lines, say("cli.suspects")])


def groups_help() -> str:
    """The groups and their choices, for the help of a verb."""
    from sim112.paths import configs_dir

    lines = [spoken().say("cli.groups")]
    for folder in sorted(path for path in configs_dir().iterdir() if path.is_dir()):
        lines.append(f"  {folder.name:11} {', '.join(sorted(file.stem for file in folder.glob('*.yaml')))}")
    return "\n".join(lines)


def say_how(folder: Path | None, engine: str | None) -> None:
    """Say by which engine it was simulated, which ``engine=auto`` leaves open, and where it is saved."""
    print()
    if engine is not None:
        print(spoken().say("cli.engine_used", engine=engine))
    if folder is not None:
        print(spoken().say("cli.saved_in", folder=str(folder)))
