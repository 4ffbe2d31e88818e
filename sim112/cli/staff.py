"""The verb ``staff``: how many people and lines a centre, or every desk of a scenario, needs."""

from __future__ import annotations

import sys
from pathlib import Path

from sim112.cli.words import add_words, check_first_keys, groups_help, nearest, parser_of, say_how
from sim112.errors import InputError

TARGET_NOT_KEPT = 1
"""Exit status where a target cannot be kept, or was not shown to be; a plan is made all the same."""

DESCRIPTION = """\
Size the 112 desks of a scenario, or the centre of one regency: call-takers and dispatchers by hour,
shifts, people on the payroll, lines and cost, found by simulation and held on fresh runs.

A bare word is a regency (`staff pati`: its centre, deployed if it is not) or a scenario
(`staff six_hubs`: all its desks). targets=nena or targets=nfpa, targets.answered_within_s=.. and
targets.answered_within_share=.. say how soon calls shall be answered; minimum_on_duty=1,
service.per=week, service.days_share=null and the rest of staff.yaml say what else is asked. Exit status 1:
a target cannot be kept, or was not shown to be.
"""


def staff(words: list[str]) -> int:
    """``sim112 staff``: people, shifts, lines and cost."""
    parser = parser_of("staff", DESCRIPTION, groups_help())
    add_words(parser)
    given = parser.parse_intermixed_args(words)
    from sim112.config.scenario import Scenario, choices, compose, to_yaml
    from sim112.config.staff import StaffSettings, is_staff_key, staff_settings
    from sim112.paths import data_dir
    from sim112.world.area import read_regencies

    overrides = [word for word in given.words if "=" in word or word.startswith("~")]
    names = [word for word in given.words if word not in overrides]
    if len(names) != 1:
        raise InputError(
            f"staff needs one regency or one scenario, given: {', '.join(names) or 'none'}; "
            "for instance `sim112 staff pati`"
        )
    [name] = names
    filled: tuple[str, ...] = ()
    if name.lower().endswith(".xlsx"):
        from sim112.planning.form import read_form

        form = read_form(Path(name), compose((), given.config_dir), staff_settings((), given.config_dir))
        name, filled, overrides = form.regency, form.settings, [*form.overrides, *overrides]
    scenarios = choices("scenario", given.config_dir)
    regencies = [one.label for one in read_regencies(data_dir())]
    if name not in scenarios and name not in regencies:
        known = nearest(name, [*scenarios, *regencies])
        raise InputError(f"there is no regency or scenario {name!r}; {known}")
    check_first_keys(overrides, [*Scenario.model_fields, *StaffSettings.model_fields])
    own = [word for word in overrides if is_staff_key(word)]
    settings = staff_settings([*filled, *own], given.config_dir)
    overrides = [word for word in overrides if not is_staff_key(word)]
    regency = name if name in regencies else None
    base = [f"scenario={name}"] if name in scenarios else ["scenario=dec_2021", f"deployment.add=[{name}]"]
    scenario = compose([*base, *overrides], given.config_dir)
    if given.cfg:
        import yaml

        shown = settings.model_dump(mode="json")
        print(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110), end="")
        print(f"---\n{to_yaml(scenario)}", end="")
        return 0
    from sim112.planning.staff import size_scenario

    kept = [word for word in overrides if not word.startswith("demand=")]
    floor = {"the scenario's own": scenario}
    for demand in settings.floor_demands:
        floor[demand] = compose([*base, *kept, f"demand={demand}"], given.config_dir)

    result = size_scenario(
        scenario,
        settings,
        regency,
        floor_scenarios=floor if regency is not None else None,
        results=given.results,
        command=["sim112", "staff", *words],
        say=_say,
    )
    if sys.stderr.isatty():
        sys.stderr.write("\r" + " " * 78 + "\r")
    print(result)
    say_how(result.folder, result.engine)
    if result.folder is not None and (result.folder / "configs").is_dir():
        from sim112.planning.sized_configs import sized_name

        sized = sized_name(scenario, regency)
        print(f"Go on with it: sim112 run {sized} --config-dir {result.folder / 'configs'}")
    return 0 if result.is_kept else TARGET_NOT_KEPT


def _say(text: str) -> None:
    """Tell on stderr what the search is at; on a terminal in one line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write("\r" + f"sizing: {text}".ljust(78))
    else:
        sys.stderr.write(f"sizing: {text}\n")
    sys.stderr.flush()
