"""The verbs that simulate scenarios: ``run``, ``compare``, ``sweep``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sim112.cli.language import spoken
from sim112.cli.words import (
    add_figures,
    add_words,
    check_first_keys,
    check_no_compare_keys,
    compare_help,
    groups_help,
    need,
    parser_of,
    say_how,
    scenarios_and_overrides,
)
from sim112.errors import InputError


def run(words: list[str]) -> None:
    """``sim112 run``: one scenario."""
    parser = parser_of("run", epilog=groups_help())
    add_words(parser)
    add_figures(parser)
    given = parser.parse_intermixed_args(words)
    from sim112.config.scenario import compose, to_yaml

    scenarios, overrides = scenarios_and_overrides(given.words, given.config_dir)
    check_no_compare_keys(overrides, "run")
    need(scenarios, 1, 1, "run", "all_35 staffing=lean")
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
        show=_shown(given.figures),
    )
    say_how(result.folder, result.engine)


def compare(words: list[str]) -> None:
    """``sim112 compare``: several scenarios on the same calls."""
    parser = parser_of("compare", epilog=f"{compare_help()}\n\n{groups_help()}")
    add_words(parser)
    add_figures(parser)
    given = parser.parse_intermixed_args(words)
    from sim112.config.compare import CompareSettings, compare_settings, is_compare_key
    from sim112.config.scenario import Scenario, compose, to_yaml

    names, overrides = scenarios_and_overrides(given.words, given.config_dir)
    need(names, 2, None, "compare", "dec_2021 known_2025 all_35")
    check_first_keys(overrides, [*Scenario.model_fields, *CompareSettings.model_fields])
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
    if settings.stress is not None and not scenarios[0].area.is_small_world:
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
        show=_shown(given.figures),
    )
    say_how(result.folder, result.engine)


def _shown(figures: bool) -> Callable[[str], None]:
    """What shows a screen at once, and says what is waited for then."""

    def show(screen: str) -> None:
        # A reader that went away, or a full disk, is told at the end: what was found is saved all the same.
        with suppress(OSError):
            print(screen, flush=True)
        if figures:
            print(spoken().say("cli.drawing"), file=sys.stderr)

    return show


def sweep(words: list[str]) -> None:
    """``sim112 sweep``: a scenario at many points."""
    parser = parser_of("sweep", epilog=groups_help())
    add_words(parser)
    parser.add_argument("--into", type=Path, metavar="DIR", help=spoken().say("cli.into"))
    given = parser.parse_intermixed_args(words)
    from sim112.config.scenario import compose, to_yaml
    from sim112.study.sweep import Point
    from sim112.study.sweep import sweep as sweep_points

    scenarios, overrides = scenarios_and_overrides(given.words, given.config_dir)
    check_no_compare_keys(overrides, "sweep")
    need(scenarios, 1, None, "sweep", "all_35 staffing.call_takers=1,2,3")
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
    say_how(result.folder, result.engine)


def expand(overrides: Sequence[str]) -> list[tuple[dict[str, str], list[str]]]:
    """Every combination of swept overrides: (swept keys and their values, overrides of that point).

    The last list moves fastest. Lists and ranges are Hydra's: ``a=1,2``, ``a=choice(1,2)``, ``a=range(1,4)``.
    """
    from itertools import product

    from sim112.config.composition import parse_overrides

    parsed = parse_overrides(overrides)
    options: list[list[str]] = []
    for override in parsed:
        if not override.is_sweep_override():
            options.append([str(override.input_line)])
        elif override.is_discrete_sweep():
            key = override.get_key_element()
            told = list(override.sweep_string_iterator())
            if override.is_range_sweep():  # steps of 0.01 come to 0.06, not 0.060000000000000005
                told = [f"{float(value):.12g}" if "." in value else value for value in told]
            options.append([f"{key}={value}" for value in told])
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
