"""The command ``sim112``: verbs, and words that are scenarios or overrides.

Bad input ends with status 2 and one line on stderr, Ctrl-C with 130, a request to end with 143. Heavy imports
wait until a verb needs them, so that help comes at once.
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import sim112
from sim112.errors import InputError

BAD_INPUT = 2
INTERRUPTED = 130
TERMINATED = 143

HELP = """\
sim112: what does the emergency number 112 do for the people of Central Java?

It simulates a province from the first ring to the responder at the scene: calls arrive, take a line, wait for
a call-taker, reach a dispatcher, and send a unit over the road. Scenarios differ in where 112 is deployed.

  sim112 compare dec_2021 known_2025 all_35     what changes between deployments, with intervals
  sim112 run all_35 staffing=lean               one scenario, in more detail
  sim112 sweep all_35 staffing.call_takers=1,2  many points, one table; resumes where it was stopped
  sim112 scenarios                              the scenarios there are, and what each asks
  sim112 sources                                every number, and where it comes from
  sim112 sources --assumed                      only the guesses, with their low and high ends

Bare words are scenarios; anything with = changes a value:
  area.regencies=[pati,kudus]   only these regencies (quick)
  clock=day                     one reported day instead of a week (quick)
  demand=pantura_flood          another week: typical_week, lebaran, dry_season, ...
  deployment.unknown_112=upper  count centres whose status is unknown as there
  replications=50  seed=7  workers=1  save_log=true
  sensitivity=off               (compare) without the runs at both ends of the guesses; much faster

A comparison of three scenarios takes about a minute on two free cores, once the engine is compiled (twenty
seconds, once on a machine). Every run is saved in results/<verb>/<time>/. `sim112 <verb> --help` says more;
`sim112 run all_35 --cfg job` prints every value that a run would use; `sim112 --version` says which this is.
"""

WORDS_HELP = "scenarios (bare words) and changes of values (key=value)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console that has no ± shall still show the table
    try:
        try:
            return _told(words)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has what it wants.
        _print_no_more()
        return 0
    except OSError as error:
        _print_no_more()
        what = (
            "the screen cannot be printed" if error.filename is None else f"{error.filename}: cannot be used"
        )
        print(f"sim112: {what} ({error.strerror}); what was saved before stays saved", file=sys.stderr)
        return BAD_INPUT


def _told(words: list[str]) -> int:
    """Run one command and say in one line what ended it before its time."""
    with _ended_by_signals() as received:
        try:
            _dispatch(words)
            return 0
        except InputError as error:
            result = getattr(error, "result", None)  # what was simulated, where only saving it failed
            if result is not None:
                print(result)
                sys.stdout.flush()
            print(f"sim112: {error}", file=sys.stderr)
            return BAD_INPUT
        except KeyboardInterrupt as stop:
            print(f"sim112: stopped; {str(stop) or 'nothing of this run is saved'}", file=sys.stderr)
            return TERMINATED if received else INTERRUPTED


@contextmanager
def _ended_by_signals() -> Iterator[list[int]]:
    """A request to end works as Ctrl-C does while a command runs; the signals that were received."""
    received: list[int] = []
    command = os.getpid()

    def stop(number: int, _: object) -> None:
        if os.getpid() != command:  # a process that was forked and has not begun its own life yet
            os._exit(128 + number)
        received.append(number)
        raise KeyboardInterrupt

    wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [number for number in wanted if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _print_no_more() -> None:
    """What is still in the buffer must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    if words[0] == "--version":
        print(f"sim112 {sim112.__version__}")
        return 0
    verb, *rest = words
    if verb not in VERBS:
        raise InputError(f"there is no command {verb!r}; {_nearest(verb, VERBS)}")
    VERBS[verb](rest)
    return 0


def _nearest(word: str, known: Sequence[str] | dict[str, Callable[[list[str]], None]]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with an option as everything else does: in one line, with status 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `{self.prog} --help`")


def _parser(verb: str, description: str, epilog: str = "") -> _Parser:
    return _Parser(
        prog=f"sim112 {verb}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_words(parser: _Parser, results: bool = True) -> None:
    parser.add_argument("words", nargs="*", metavar="word", help=WORDS_HELP)
    parser.add_argument("--cfg", choices=["job"], help="print the whole resolved configuration and stop")
    parser.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="one more folder of configuration groups, read first"
    )
    if results:
        parser.add_argument(
            "--results",
            type=Path,
            default=Path("results"),
            metavar="DIR",
            help="where runs are saved (results)",
        )


def _add_figures(parser: _Parser) -> None:
    parser.add_argument(
        "--no-figures", dest="figures", action="store_false", help="save tables only, which is quicker"
    )


def _split(words: Sequence[str], config_dir: Path | None) -> tuple[list[str], list[str]]:
    """Scenarios and overrides. Raises InputError for a scenario that does not exist or is named twice."""
    from sim112.config.scenario import choices

    overrides = [word for word in words if "=" in word or word.startswith("~")]
    scenarios = [word for word in words if word not in overrides]
    known = choices("scenario", config_dir)
    for scenario in scenarios:
        if scenario not in known:
            raise InputError(f"there is no scenario {scenario!r}; {_nearest(scenario, known)}")
        if scenarios.count(scenario) > 1:
            raise InputError(f"scenario {scenario} is named twice; name each once")
    return scenarios, overrides


def _need(scenarios: Sequence[str], least: int, most: int | None, verb: str, example: str) -> None:
    if len(scenarios) < least or (most is not None and len(scenarios) > most):
        wanted = {(1, 1): "one scenario", (2, None): "two or more scenarios"}.get((least, most), "a scenario")
        given = ", ".join(scenarios) or "none"
        raise InputError(f"{verb} needs {wanted}, given: {given}; for instance `sim112 {verb} {example}`")


def run(words: list[str]) -> None:
    """``sim112 run``: one scenario."""
    parser = _parser("run", "Simulate one scenario and print its measures.", _groups_help())
    _add_words(parser)
    _add_figures(parser)
    given = parser.parse_intermixed_args(words)
    from sim112.config.scenario import compose, to_yaml

    scenarios, overrides = _split(given.words, given.config_dir)
    _check_no_compare_keys(overrides, "run")
    _need(scenarios, 1, 1, "run", "all_35 staffing=lean")
    scenario = compose([f"scenario={scenarios[0]}", *overrides], given.config_dir)
    if given.cfg:
        print(to_yaml(scenario), end="")
        return
    from sim112.study.run import run as run_scenario

    result = run_scenario(
        scenario,
        results=given.results,
        figures=given.figures,
        command=["sim112", "run", *words],
        progress=True,
    )
    print(result)
    _say_where(result.folder)


def compare(words: list[str]) -> None:
    """``sim112 compare``: several scenarios on the same calls."""
    parser = _parser(
        "compare",
        "Simulate two or more scenarios on the same calls and print what changes against the first.",
        f"{_compare_help()}\n\n{_groups_help()}",
    )
    _add_words(parser)
    _add_figures(parser)
    given = parser.parse_intermixed_args(words)
    from sim112.config.compare import CompareSettings, compare_settings, is_compare_key
    from sim112.config.scenario import Scenario, compose, to_yaml

    names, overrides = _split(given.words, given.config_dir)
    _need(names, 2, None, "compare", "dec_2021 known_2025 all_35")
    _check_first_keys(overrides, [*Scenario.model_fields, *CompareSettings.model_fields])
    settings = compare_settings([word for word in overrides if is_compare_key(word)], given.config_dir)
    overrides = [word for word in overrides if not is_compare_key(word)]
    scenarios = [compose([f"scenario={name}", *overrides], given.config_dir) for name in names]
    if given.cfg:
        import yaml

        print(
            yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110),
            end="",
        )
        for scenario in scenarios:
            print(f"---\n{to_yaml(scenario)}", end="")
        return
    from sim112.study.run import compare as compare_scenarios

    stress = None
    if settings.stress is not None:
        kept = [word for word in overrides if not word.startswith("demand=")]
        stress = compose(
            [f"scenario={names[0]}", *kept, f"demand={settings.stress}"], given.config_dir
        ).demand
    result = compare_scenarios(
        scenarios,
        settings=settings,
        stress=stress,
        results=given.results,
        figures=given.figures,
        command=["sim112", "compare", *words],
        progress=True,
    )
    print(result)
    _say_where(result.folder)


def _check_no_compare_keys(overrides: Sequence[str], verb: str) -> None:
    from sim112.config.compare import is_compare_key

    for override in overrides:
        if is_compare_key(override):
            key = override.split("=", 1)[0]
            raise InputError(f"{key} belongs to `sim112 compare`; leave it out of `sim112 {verb}`")


def _check_first_keys(overrides: Sequence[str], known: Sequence[str]) -> None:
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~").split(".", 1)[0].split("@", 1)[0]
        if key not in known:
            raise InputError(f"{key} is no key of the configuration; {_nearest(key, known)}")


def sweep(words: list[str]) -> None:
    """``sim112 sweep``: a scenario at many points."""
    parser = _parser(
        "sweep",
        "Simulate every combination of values given as lists (a,b,c) or range(start,stop,step), and print\n"
        "one table over the points. With --into, points that are saved there are not simulated again.",
        _groups_help(),
    )
    _add_words(parser)
    parser.add_argument(
        "--into", type=Path, metavar="DIR", help="the folder of the sweep, new or to be resumed"
    )
    given = parser.parse_intermixed_args(words)
    from sim112.config.scenario import compose, to_yaml
    from sim112.study.sweep import Point
    from sim112.study.sweep import sweep as sweep_points

    scenarios, overrides = _split(given.words, given.config_dir)
    _check_no_compare_keys(overrides, "sweep")
    _need(scenarios, 1, None, "sweep", "all_35 staffing.call_takers=1,2,3")
    if len(scenarios) > 1:
        overrides.insert(0, f"scenario={','.join(scenarios)}")
        fixed = []
    else:
        fixed = [f"scenario={scenarios[0]}"]
    points = [
        Point(values, compose([*fixed, *lines], given.config_dir)) for values, lines in expand(overrides)
    ]
    if given.cfg:
        print("---\n".join(to_yaml(point.scenario) for point in points), end="")
        return
    result = sweep_points(
        points, results=given.results, into=given.into, command=["sim112", "sweep", *words], progress=True
    )
    print(result)
    _say_where(result.folder)


def expand(overrides: Sequence[str]) -> list[tuple[dict[str, str], list[str]]]:
    """Every combination of swept overrides: (swept keys and their values, overrides of that point).

    The last list moves fastest. Lists and ranges are Hydra's: ``a=1,2``, ``a=choice(1,2)``, ``a=range(1,4)``.
    """
    from itertools import product

    from sim112.config.scenario import parse_overrides

    parsed = parse_overrides(overrides)
    options: list[list[str]] = []
    for override in parsed:
        if not override.is_sweep_override():
            options.append([str(override.input_line)])
        elif override.is_discrete_sweep():
            key = override.get_key_element()
            options.append([f"{key}={value}" for value in override.sweep_string_iterator()])
        else:
            raise InputError(
                f"{override.input_line!r} is an interval; give a list (a,b,c) or range(start,stop,step)"
            )
    swept = [at for at, override in enumerate(parsed) if override.is_sweep_override()]
    points = []
    for lines in product(*options):
        values = dict(lines[at].split("=", 1) for at in swept)
        points.append((values, list(lines)))
    return points


def scenarios(words: list[str]) -> None:
    """``sim112 scenarios``: what there is to compare."""
    parser = _parser(
        "scenarios", "Print every scenario: its question, what in it is sourced and what is assumed."
    )
    parser.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="one more folder of configuration groups, read first"
    )
    given = parser.parse_intermixed_args(words)
    import textwrap

    from sim112.config.scenario import choices, compose

    for name in choices("scenario", given.config_dir):
        scenario = compose([f"scenario={name}"], given.config_dir)
        print(scenario.name)
        for title, text in (
            ("", scenario.question),
            ("sourced: ", scenario.sourced),
            ("assumed: ", scenario.assumed),
        ):
            print(
                textwrap.fill(
                    f"{title}{' '.join(text.split())}", 100, initial_indent="  ", subsequent_indent="    "
                )
            )
        print()
    print("Weeks to combine them with:")
    for name in choices("demand", given.config_dir):
        print(f"  demand={name}")


def sources(words: list[str]) -> None:
    """``sim112 sources``: where the numbers come from."""
    parser = _parser("sources", "Print every number of the configuration and where it comes from.")
    parser.add_argument(
        "--assumed", action="store_true", help="only assumptions, with their low and high ends"
    )
    parser.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="one more folder of configuration groups, read first"
    )
    given = parser.parse_intermixed_args(words)
    from sim112.sources import numbers_with

    for number in numbers_with(given.config_dir):
        if number.kind == "ASSUMED" or not given.assumed:
            bounds = "" if number.low is None else f" {number.low:g}..{number.high:g}"
            basis = f"{number.kind}{bounds}: {number.basis}"
            print(f"{number.key}: {number.value} [{number.unit}] {number.meaning}. {basis}")


def _compare_help() -> str:
    """The settings of a comparison and their values, for its help."""
    from sim112.paths import configs_dir

    lines = ["settings of a comparison, each changed with key=value:"]
    for line in (configs_dir() / "compare.yaml").read_text(encoding="utf-8").splitlines():
        setting, _, comment = line.partition("  # ")
        key, _, value = setting.partition(": ")
        if key.isidentifier() and value:
            meaning = comment.partition("] ")[2] or comment
            lines.append(f"  {key}={value}  {meaning.split('. CHOICE')[0]}")
    return "\n".join(
        [*lines, "  (suspects: the assumptions varied; change them in a compare.yaml, --config-dir)"]
    )


def _groups_help() -> str:
    """The groups and their choices, for the help of a verb."""
    from sim112.paths import configs_dir

    lines = ["groups, each chosen with group=choice:"]
    for folder in sorted(path for path in configs_dir().iterdir() if path.is_dir()):
        lines.append(f"  {folder.name:11} {', '.join(sorted(file.stem for file in folder.glob('*.yaml')))}")
    return "\n".join(lines)


def _say_where(folder: Path | None) -> None:
    if folder is not None:
        print(f"\nSaved in {folder}")


VERBS: dict[str, Callable[[list[str]], None]] = {
    "run": run,
    "compare": compare,
    "sweep": sweep,
    "scenarios": scenarios,
    "sources": sources,
}
