"""The verb ``template``: a form for planners who would rather fill in a table than write YAML."""

from __future__ import annotations

from pathlib import Path

from sim112.cli.language import spoken
from sim112.cli.words import parser_of
from sim112.errors import InputError


def template(words: list[str]) -> None:
    """``sim112 template``: write the form of one regency."""
    parser = parser_of("template")
    parser.add_argument("regency", help=spoken().say("cli.template_regency"))
    parser.add_argument("--into", type=Path, metavar="FILE", help=spoken().say("cli.template_into"))
    given = parser.parse_intermixed_args(words)
    path = given.into or Path(f"{given.regency}.xlsx")
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"--into {path}: a form is an .xlsx file; give a name that ends so")
    from sim112.config.scenario import compose
    from sim112.config.staff import staff_settings
    from sim112.planning.form import defaults_of, regency_of
    from sim112.sources import numbers
    from sim112.views.form_sheet import write_form

    regency = regency_of(given.regency)
    if path.exists():
        raise InputError(f"{path}: is there already and may be filled in; give another name with --into")
    scenario = compose()
    defaults = defaults_of(given.regency, scenario, staff_settings())
    write_form(path, regency, defaults, scenario.demand, numbers())
    print(spoken().say("cli.template_written", path=str(path)))
