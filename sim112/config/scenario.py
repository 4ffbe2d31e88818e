"""One scenario, whole: composed from ``configs/``, checked by pydantic, and frozen."""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sim112.config.answering import Answering
from sim112.config.area import AreaConfig
from sim112.config.callers import Callers
from sim112.config.clock import Clock
from sim112.config.composition import compose_mapping, suggestion
from sim112.config.costs import Costs
from sim112.config.demand import Demand
from sim112.config.deployment import Deployment
from sim112.config.fleet import Fleet
from sim112.config.precision import Precision
from sim112.config.staffing import Staffing
from sim112.config.targets import Targets
from sim112.config.work import Work
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.world.area import Regency, read_regencies
from sim112.world.small import small_regencies

MOST_REPLICATIONS = 100_000

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the same in C, four times as fast
_NAME = re.compile(r"\w(?:[\w -]{0,78}[\w-])?")


class Scenario(BaseModel):
    """A named what-if: everything a simulation needs to know, and nothing random.

    ``question`` is what the scenario answers, ``sourced`` and ``assumed`` say which of its parts rest on
    sources and which on assumptions. ``replications`` are as many as are run, or, where ``precision`` wants
    something, the first of them. ``workers`` null means one process a core; ``engine`` auto takes the engine
    that is done first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    question: str
    sourced: str
    assumed: str
    seed: int = Field(ge=0, lt=2**63)
    replications: int = Field(ge=1, le=MOST_REPLICATIONS)
    precision: Precision
    workers: int | None = Field(ge=1)
    engine: Literal["auto", "compiled", "reference"]
    save_log: bool
    lang: Literal["en", "id"]
    clock: Clock
    area: AreaConfig
    demand: Demand
    callers: Callers
    work: Work
    deployment: Deployment
    staffing: Staffing
    answering: Answering
    fleet: Fleet
    targets: Targets
    costs: Costs

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        # it becomes part of the names of files
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name; use letters, digits, spaces, _ and -, at most 80")
        return name

    def __str__(self) -> str:
        clock = self.clock
        return (
            f"{self.name}: {' '.join(self.question.split())}\n"
            f"  {self.replications} replications from {clock.start:%Y-%m-%d %H:%M}, seed {self.seed}: "
            f"{clock.report_s / 3600:g} h are reported, after {clock.warm_up_s / 3600:g} h of warm-up\n"
            f"  in {self._where}; sim112.run(...) simulates it, to_yaml(...) has every value"
        )

    @property
    def _where(self) -> str:
        if self.area.is_small_world:
            return f"the small world of {self.area.path or 'one desk'}"
        return f"{', '.join(self.area.regencies) or 'every regency'} of {self.area.path or 'Central Java'}"

    @property
    def area_folder(self) -> Path:
        """The folder of the tables of the area."""
        return data_dir() if self.area.path is None else Path(self.area.path)

    def regencies(self) -> tuple[Regency, ...]:
        """All regencies of the area, simulated or not; InputError where the table of them is wrong."""
        if self.area.is_small_world:
            return small_regencies(self.area)
        return read_regencies(self.area_folder)


def scenario(name: str, *overrides: str, config_dir: Path | None = None) -> Scenario:
    """A scenario by its name, with further overrides: ``scenario("pati", "staffing=lean")``."""
    return compose([f"scenario={name}", *overrides], config_dir)


def compose(overrides: Sequence[str] = (), config_dir: Path | None = None) -> Scenario:
    """Compose and check a scenario from Hydra overrides: ``scenario=pati``, ``clock.report_s=86400``.

    ``config_dir`` is one more folder to search for groups; its files stand before shipped ones of the same
    name. A key that is not in the files yet needs no ``+``: what may be added is for the models to say. A
    scenario that does not name itself is named as its file. Raises InputError, one line, for anything that
    cannot be read or is not allowed.
    """
    return from_mapping(compose_mapping(overrides, config_dir))


def from_mapping(mapping: Mapping[str, Any]) -> Scenario:
    """Check plain data as a whole scenario; InputError, one line, for the first thing that is wrong."""
    try:
        scenario = Scenario.model_validate(mapping)
    except ValidationError as error:
        raise InputError(_explained(error, mapping)) from None
    _check_labels(scenario)
    return scenario


def to_yaml(scenario: Scenario) -> str:
    """The resolved scenario; ``from_mapping(yaml.safe_load(...))`` gives an equal one."""
    mapping = scenario.model_dump(mode="json")
    text: str = yaml.dump(mapping, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=110)
    return text


def check_surges(scenario: Scenario) -> None:
    """Raise InputError for a surge that lies wholly outside the reported time, where it would change nothing.

    A scenario may be composed so all the same: ``compare`` reports the time of its surges alone.
    """
    clock, demand = scenario.clock, scenario.demand
    if demand.call_log is not None:
        return
    from_h, to_h = clock.report_from_s / 3600, clock.report_to_s / 3600
    for name, surge in demand.surges.items():
        if surge.from_h >= to_h or surge.to_h <= from_h:
            length_h = surge.to_h - surge.from_h
            raise InputError(
                f"demand.surges.{name}: from hour {surge.from_h:g} to {surge.to_h:g}, but the report is "
                f"from hour {from_h:g} to {to_h:g}; set clock.warm_up_s={3600 * surge.from_h:.9g} "
                f"clock.report_s={3600 * length_h:.9g}, or another clock"
            )


def _check_labels(scenario: Scenario) -> None:
    """Raise InputError for a label that is no regency.

    Where the area is the user's own, the labels of Central Java in the shipped files do no harm.
    """
    folder = scenario.area_folder
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "there is no such folder"
        raise InputError(f"area.path is {scenario.area.path!r}; {what}: give a folder of tables, or null")
    own = {regency.label for regency in scenario.regencies()}
    known = own | {regency.label for regency in read_regencies(data_dir())}
    network = {
        "deployment.add": scenario.deployment.add,
        "deployment.remove": scenario.deployment.remove,
        "staffing.roster_of": scenario.staffing.roster_of,
        "answering.allocation": scenario.answering.allocation,
        "answering.lines_of": scenario.answering.lines_of,
        "answering.overflow_to": {scenario.answering.overflow_to} - {"none", "neighbour"},
    }
    used = [("area.regencies", label, own) for label in scenario.area.regencies]
    used += [(key, label, known) for key, labels in network.items() for label in labels]
    used += [(key, label, known) for key, label in scenario.demand.regency_labels]
    for key, label, allowed in used:
        if label not in allowed:
            raise InputError(f"{key}: {label!r} is no regency of the area; {suggestion(label, allowed)}")


def _explained(error: ValidationError, mapping: Mapping[str, Any]) -> str:
    """One line for the first error, misspelt keys before the missing keys that they cause."""
    errors = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    first = errors[0]
    key = ".".join(_path(first["loc"], mapping)) or "the scenario"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    if first["type"] == "extra_forbidden":
        parent, word = first["loc"][:-1], str(first["loc"][-1])
        known = _keys_at(Scenario, parent)
        return f"{key} is no key of the configuration; {suggestion(word, known)}{more}"
    if first["type"] == "missing":
        *above, name = _path(first["loc"][:-1], mapping) or [""]
        beside = mapping
        for part in above:
            beside = beside[part] if isinstance(beside, Mapping) else {}
        near = difflib.get_close_matches(name, [str(one) for one in beside if one != name], n=1, cutoff=0.6)
        meant = f"did you mean {'.'.join([*above, near[0]])}?" if above and near else "give it a value"
        return f"{key} is missing; {meant}{more}"
    if first["type"] == "tuple_type":
        return f"{key} is {_shown(first['input'])}; give a list in brackets, {key}=[{first['input']}]{more}"
    message = str(first["msg"])
    if first["type"] in ("value_error", "assertion_error"):
        message = message.split(", ", 1)[-1]
        named = message.partition(" ")[0].partition(".")[0] in _keys_at(Scenario, first["loc"])
        return f"{key}{'.' if named else ': '}{message}{more}"
    wanted = message.removeprefix("Input ").replace("should", "it should", 1)
    return f"{key} is {_shown(first['input'])}; {wanted}{more}"


def _path(location: Sequence[int | str], mapping: Any) -> list[str]:
    """The keys of a location in the data; pydantic also names the branches of a union, which are no keys."""
    keys, node = [], mapping
    for at, part in enumerate(location):
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(part, int) and isinstance(node, Sequence) and not isinstance(node, str):
            node = node[part] if part < len(node) else None
        elif at < len(location) - 1 or not isinstance(node, Mapping):
            continue
        keys.append(str(part))
    return keys


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _keys_at(annotation: Any, location: Sequence[int | str]) -> set[str]:
    """The keys that a model allows at a location below it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        if not location:
            return set(fields)
        if location[0] in fields:
            return _keys_at(fields[str(location[0])].annotation, location[1:])
        # the name of a branch of a union, which is no key
        return _keys_at(annotation, location[1:])
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return set().union(*(_keys_at(branch, location) for branch in inner))
    if origin in (dict, Mapping) and location:
        return _keys_at(inner[1], location[1:])
    if origin in (tuple, list, Sequence) and location:
        return _keys_at(inner[0], location[1:])
    if inner and origin is not Literal:
        return _keys_at(inner[0], location)
    return set()
