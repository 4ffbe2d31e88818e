"""The verbs that say what there is: ``scenarios`` and ``sources``."""

from __future__ import annotations

from sim112.cli.language import spoken
from sim112.cli.words import add_config_dir, parser_of


def scenarios(words: list[str]) -> None:
    """``sim112 scenarios``: what there is to compare."""
    parser = parser_of("scenarios")
    add_config_dir(parser)
    given = parser.parse_intermixed_args(words)
    import textwrap

    from sim112.config.composition import choices
    from sim112.config.scenario import compose
    from sim112.views.scenario_words import text_of

    say = spoken().say
    for name in choices("scenario", given.config_dir):
        scenario = compose([f"scenario={name}"], given.config_dir)
        print(scenario.name)
        for line in (
            text_of(scenario, "question", spoken()),
            say("cli.sourced", text=text_of(scenario, "sourced", spoken())),
            say("cli.assumed", text=text_of(scenario, "assumed", spoken())),
        ):
            print(textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    "))
        print()
    print(say("cli.weeks"))
    for name in choices("demand", given.config_dir):
        week = f"weeks.{name}"  # a week of the user's own has no words
        print(f"  demand={name:18} {say(week) if spoken().has(week) else ''}".rstrip())


def sources(words: list[str]) -> None:
    """``sim112 sources``: where the numbers come from."""
    parser = parser_of("sources")
    parser.add_argument("--assumed", action="store_true", help=spoken().say("cli.only_assumed"))
    add_config_dir(parser)
    given = parser.parse_intermixed_args(words)
    from sim112.sources import numbers_with
    from sim112.views.words.numbers import told_number

    said = spoken()
    for number in numbers_with(given.config_dir):
        if number.kind == "ASSUMED" or not given.assumed:
            told = told_number(number, said.lang)
            ends = [] if number.low is None or number.high is None else [number.low, number.high]
            bounds = "..".join(map(said.short, ends))
            basis = f"{' '.join([said.say(f'number_kinds.{number.kind}'), bounds]).rstrip()}: {told.basis}"
            print(f"{number.key}: {number.value} [{told.unit}] {told.meaning}. {basis}")
