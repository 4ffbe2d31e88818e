"""The verb ``staff``: how many people and lines a centre, or every desk of a scenario, needs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim112.cli.language import spoken, told
from sim112.cli.words import add_words, check_first_keys, groups_help, nearest, parser_of, say_how
from sim112.errors import InputError

if TYPE_CHECKING:
    from sim112.config.scenario import Scenario
    from sim112.config.staff import StaffSettings

TARGET_LEFT_OUT = 2
"""Exit status where nobody can keep a target, as for other bad input; a plan for the others is made."""

TARGET_NOT_SHOWN = 1
"""Exit status where a target that can be kept was not shown to be; a plan is made all the same."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What one run of the verb is about: scenarios to size, in one the desk of a regency alone."""

    scenarios: tuple[Scenario, ...]
    regency: str | None
    settings: StaffSettings
    base: tuple[str, ...]  # words that make the first scenario
    overrides: tuple[str, ...]  # and what changes it


def staff(words: list[str]) -> int:
    """``sim112 staff``: people, shifts, lines and cost."""
    parser = parser_of("staff", epilog=groups_help())
    add_words(parser)
    given = parser.parse_intermixed_args(words)
    asked = _asked(given.words, given.config_dir)
    if given.cfg:
        _show_config(asked)
        return 0
    from sim112.planning.sized_configs import sized_name
    from sim112.planning.staff import size_scenario

    times, hubs = _beside(asked, given.config_dir)
    command = ["sim112", "staff", *words]
    results = []
    teller = Teller()
    for scenario in asked.scenarios:
        result = size_scenario(
            scenario,
            asked.settings,
            asked.regency,
            other_times=times,
            hubs=hubs,
            results=given.results,
            command=command,
            say=teller,
        )
        results.append(result)
        if sys.stderr.isatty():
            sys.stderr.write("\r" + " " * 78 + "\r")
        print(result)
        say_how(result.folder, result.engine)
        if result.folder is not None and (result.folder / "configs").is_dir():
            sized = sized_name(scenario, asked.regency)
            said = f"sim112 run {sized} --config-dir {result.folder / 'configs'}"
            print(spoken().say("staff.go_on", command=said) + "\n")
    if len(results) > 1:
        from sim112.planning.pooling import pooled_rows, save_pooling
        from sim112.views.staff_screen import pooling_screen

        screen = pooling_screen(pooled_rows(results), results[0].scenario.lang)
        print(screen)
        say_how(save_pooling(results, given.results, command, screen), results[0].engine)
    left_out = {one.target: one.why for result in results for one in result.sizing.findings if one.is_decided}
    if left_out:  # asked for what nobody can give: as other bad input, but the plan for the rest is there
        why = {target: ", ".join(map(told, why.split("; "))) for target, why in left_out.items()}
        targets = "; ".join(f"{told(target)} ({why[target]})" for target in left_out)
        print(spoken().say("staff.ended", targets=targets), file=sys.stderr)
        return TARGET_LEFT_OUT
    return 0 if all(result.is_kept for result in results) else TARGET_NOT_SHOWN


def _asked(words: list[str], config_dir: Path | None) -> Asked:
    """Read the words: a regency, a filled form, or scenarios, and what is changed in them."""
    from sim112.config.composition import choices
    from sim112.config.scenario import Scenario, compose
    from sim112.config.staff import StaffSettings, is_staff_key, staff_settings
    from sim112.paths import data_dir
    from sim112.world.area import read_regencies

    overrides = [word for word in words if "=" in word or word.startswith("~")]
    names = [word for word in words if word not in overrides]
    filled: tuple[str, ...] = ()
    if len(names) == 1 and Path(names[0]).suffix and names[0] not in choices("scenario", config_dir):
        from sim112.planning.form import read_form

        form = read_form(Path(names[0]), compose((), config_dir), staff_settings((), config_dir))
        names, filled, overrides = [form.regency], form.settings, [*form.overrides, *overrides]
    scenarios = choices("scenario", config_dir)
    regencies = [one.label for one in read_regencies(data_dir())]
    for name in names:
        if name not in scenarios and name not in regencies:
            known = nearest(name, [*scenarios, *regencies])
            raise InputError(f"there is no regency or scenario {name!r}; {known}")
    if not names or (len(names) > 1 and (set(names) - set(scenarios) or len(set(names)) < len(names))):
        raise InputError(
            f"staff needs one regency, or scenarios, given: {', '.join(names) or 'none'}; "
            "for instance `sim112 staff pati`"
        )
    check_first_keys(overrides, [*Scenario.model_fields, *StaffSettings.model_fields])
    own = [word for word in overrides if is_staff_key(word)]
    settings = staff_settings([*filled, *own], config_dir)
    overrides = [word for word in overrides if not is_staff_key(word)]
    regency = names[0] if len(names) == 1 and names[0] in regencies else None
    bases = [
        (f"scenario={name}",) if name in scenarios else ("scenario=dec_2021", f"deployment.add=[{name}]")
        for name in names
    ]
    composed = tuple(compose([*base, *overrides], config_dir) for base in bases)
    return Asked(composed, regency, settings, bases[0], tuple(overrides))


def _beside(asked: Asked, config_dir: Path | None) -> tuple[dict[str, Scenario], dict[str, Scenario]]:
    """For one regency: its scenario in other times, and the same times with hubs, its own time included."""
    from sim112.config.scenario import compose
    from sim112.planning.staff import OWN

    if asked.regency is None or not asked.settings.options.replications:
        return {}, {}
    kept = [word for word in asked.overrides if not word.startswith("demand=")]
    words = {name: [*asked.base, *kept, f"demand={name}"] for name in asked.settings.options.demands}
    times = {name: compose(of, config_dir) for name, of in words.items()}
    if asked.scenarios[0].deployment.grouping != "regency":
        return times, {}
    words[OWN] = [*asked.base, *asked.overrides]
    hub = "deployment.grouping=residency"
    return times, {name: compose([*of, hub], config_dir) for name, of in words.items()}


def _show_config(asked: Asked) -> None:
    """Print the settings and the scenarios as YAML."""
    import yaml

    from sim112.config.scenario import to_yaml

    shown = asked.settings.model_dump(mode="json")
    print(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110), end="")
    for scenario in asked.scenarios:
        print(f"---\n{to_yaml(scenario)}", end="")


def _in_words(text: str) -> str:
    """What the search is at, with a time or a harder circumstance (``demand +50 %``) in words."""
    step, colon, name = text.rpartition(": ")
    what, _, rise = name.partition(" ")
    if spoken().has(f"staff.times.{name}"):
        name = spoken().say(f"staff.times.{name}")
    elif spoken().has(f"staff.changes.{what}"):
        name = spoken().say(f"staff.changes.{what}", rise=rise)
    return f"{step}{colon}{name}"


class Teller:
    """Tells on stderr what the search is at: on a terminal in one line that is written over, elsewhere in
    lines, the same one never twice running."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, text: str) -> None:
        said = spoken().say("staff.sizing", what=told(_in_words(text)))
        if sys.stderr.isatty():
            sys.stderr.write("\r" + said.ljust(78))
        elif said != self.last:
            sys.stderr.write(f"{said}\n")
        sys.stderr.flush()
        self.last = said
