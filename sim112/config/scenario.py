"""One scenario, whole: composed by Hydra from ``configs/``, checked by pydantic, and frozen.

This is the one place where Hydra and its configuration objects are known; what leaves it is a ``Scenario``.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import hydra
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim112.config.answering import Answering
from sim112.config.area import AreaConfig
from sim112.config.callers import Callers
from sim112.config.clock import Clock
from sim112.config.costs import Costs
from sim112.config.demand import Demand
from sim112.config.deployment import Deployment
from sim112.config.fleet import Fleet
from sim112.config.staffing import Staffing
from sim112.config.targets import Targets
from sim112.config.work import Work
from sim112.errors import InputError
from sim112.paths import configs_dir, data_dir
from sim112.world.area import read_regencies


class Scenario(BaseModel):
    """A named what-if: everything a simulation needs to know, and nothing random.

    ``question`` is what the scenario answers, ``sourced`` and ``assumed`` say which of its parts rest on
    sources and which on assumptions. ``workers`` null means one process a core; ``engine`` auto takes the
    engine that is done first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    question: str
    sourced: str
    assumed: str
    seed: int = Field(ge=0, lt=2**63)
    replications: int = Field(ge=1)
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

    @property
    def area_folder(self) -> Path:
        """The folder of the tables of the area."""
        return data_dir() if self.area.path is None else Path(self.area.path)


def scenario(name: str, *overrides: str, config_dir: Path | None = None) -> Scenario:
    """A scenario by its name, with further overrides: ``scenario("pati", "staffing=lean")``."""
    return compose([f"scenario={name}", *overrides], config_dir)


def compose(overrides: Sequence[str] = (), config_dir: Path | None = None) -> Scenario:
    """Compose and check a scenario from Hydra overrides: ``scenario=pati``, ``clock.report_s=86400``.

    ``config_dir`` is one more folder to search for groups, after the shipped one. A key that is not in the
    files yet needs no ``+``: what may be added is for the models to say. Raises InputError, one line, for
    anything that cannot be read or is not allowed.
    """
    return from_mapping(compose_mapping(overrides, config_dir))


def compose_mapping(overrides: Sequence[str] = (), config_dir: Path | None = None) -> dict[str, Any]:
    """What Hydra makes of the overrides, as plain resolved data that nothing has checked."""
    folders = [configs_dir()] + ([] if config_dir is None else [config_dir.resolve()])
    if not folders[-1].is_dir():
        raise InputError(f"config folder {config_dir} does not exist; give a folder of configs")
    lines = [_prepared(override, folders) for override in parse_overrides(overrides)]
    if config_dir is not None:
        quoted = str(folders[-1]).replace("'", "\\'")
        lines.append(f"hydra.searchpath=['file://{quoted}']")
    try:
        with hydra.initialize_config_dir(config_dir=str(folders[0]), version_base="1.3"):
            composed = OmegaConf.to_container(hydra.compose("config", overrides=lines), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(f"configuration: {_one_line(error)}") from None
    except yaml.YAMLError as error:
        raise InputError(f"configuration: a file is not YAML: {_one_line(error)}") from None
    assert isinstance(composed, dict)
    return {str(key): value for key, value in composed.items()}


def parse_overrides(overrides: Sequence[str]) -> list[Override]:
    """Overrides as Hydra reads them; InputError for one that it cannot read."""
    parser = OverridesParser.create()
    parsed = []
    for text in overrides:
        try:
            parsed.append(parser.parse_override(text))
        except HydraException:
            raise InputError(
                f"{text!r} cannot be read; write key=value, for instance scenario=pati"
            ) from None
    return parsed


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
    text: str = yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True, width=110)
    return text


def choices(group: str, config_dir: Path | None = None) -> tuple[str, ...]:
    """The names of the files in a group, ``choices("scenario")`` for the shipped scenarios."""
    folders = [configs_dir()] + ([] if config_dir is None else [config_dir])
    return tuple(sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")}))


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of an error line: the nearest known word and all known words."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"use one of {', '.join(words)}" if words else "nothing is known here"


def _prepared(override: Override, folders: Sequence[Path]) -> str:
    """The override as Hydra shall see it; group choices are checked here, where the known can be named."""
    text = override.input_line or ""
    key = override.get_key_element().lstrip("+~").split("@")[0]
    if override.is_sweep_override():
        raise InputError(f"{text!r} gives several values; give one, or sweep over them")
    if key.startswith("hydra.") or override.is_delete():
        return text
    if not any((folder / key).is_dir() for folder in folders):
        # A plain change becomes add-or-change: the models, not the files, say which keys there are.
        return f"++{text}" if override.type == OverrideType.CHANGE else text
    value = override.value()
    known = choices(key, folders[-1])
    for choice in value if isinstance(value, list) else [value]:
        if choice not in known:
            raise InputError(f"{text}: there is no {key} {choice!r}; {suggestion(str(choice), known)}")
    return text.lstrip("+")


def _one_line(error: BaseException) -> str:
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


def _check_labels(scenario: Scenario) -> None:
    """Raise InputError for a label that is no regency.

    Where the area is the user's own, the labels of Central Java in the shipped files do no harm.
    """
    own = {regency.label for regency in read_regencies(scenario.area_folder)}
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
        return f"{key} is missing; give it a value{more}"
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
