"""What Hydra makes of the files in ``configs/`` and of the user's words: plain data that nothing has checked.

This is the one place where Hydra and its configuration objects are known.
"""

import difflib
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim112.errors import InputError
from sim112.paths import configs_dir

_OUTSIDE = re.compile(r"(?<!\\)\$\{\s*[A-Za-z_][\w.]*\s*:[^}]*\}?")
MOST_VALUES = 100_000
"""Values of one file of the user's: a hundred times as many as the largest shipped one has."""
_GLOBAL = re.compile(r"#\s*@package\s+_global_\s*")


def compose_mapping(overrides: Sequence[str] = (), config_dir: Path | None = None) -> dict[str, Any]:
    """What Hydra makes of the overrides, as plain resolved data that nothing has checked."""
    folders = [configs_dir()] + ([] if config_dir is None else [config_dir.resolve()])
    if not folders[-1].is_dir():
        raise InputError(f"config folder {config_dir} does not exist; give a folder of configs")
    parsed = parse_overrides(overrides)
    lines = [_prepared(override, folders) for override in parsed]
    if config_dir is not None:
        _check_files(folders[-1], folders[0])
    changes = _changes(parsed, folders)
    told_hydra = [line for override, line in zip(parsed, lines, strict=True) if override not in changes]
    try:
        mapping = _changed(_composed(tuple(told_hydra), tuple(folders), _texts(folders)), changes)
    except MissingConfigException as error:
        raise InputError(_missing(error, folders)) from None
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(f"configuration: {_one_line(error)}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"configuration: a file is not YAML in UTF-8: {_one_line(error)}") from None
    except RecursionError:
        raise InputError(
            "configuration: a file has itself among its defaults; give it a name that is not that of a "
            "shipped file"
        ) from None
    chosen = {override.get_key_element().lstrip("+"): override.value() for override in parsed}
    if "name" not in chosen and "scenario" in chosen and not _names_itself(str(chosen["scenario"]), folders):
        mapping["name"] = chosen["scenario"]
    return mapping


@lru_cache(maxsize=64)
def _composed(lines: tuple[str, ...], folders: tuple[Path, ...], texts: bytes) -> dict[str, Any]:
    """What Hydra makes of these words, as plain data in which references stand as written; not to be changed.

    Kept by what stands in the files: Hydra takes a quarter of a second, and a sweep asks at each point.
    """
    with _search_in(folders) as searched:
        found = OmegaConf.to_container(hydra.compose("config", overrides=[*lines, *searched]), resolve=False)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}


def _texts(folders: Sequence[Path]) -> bytes:
    """A digest of all files in these folders and the groups in them."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*/*.yaml")]):
            digest.update(f"\0{file}\0".encode(errors="surrogateescape"))
            with suppress(OSError):  # Hydra will say so, if it needs the file
                digest.update(file.read_bytes())
    return digest.digest()


def _changes(parsed: Sequence[Override], folders: Sequence[Path]) -> list[Override]:
    """The overrides that give a key a value, which Hydra does last; none where it must mind their order."""
    if any(override.type != OverrideType.CHANGE or override.package for override in parsed):
        return []
    return [
        override
        for override in parsed
        if not override.key_or_group.startswith("hydra") and not _is_group(override.key_or_group, folders)
    ]


def _changed(composed: Mapping[str, Any], changes: Sequence[Override]) -> dict[str, Any]:
    """The composed data with these changes and every reference resolved, made as Hydra itself makes it."""
    mapping = deepcopy(dict(composed))
    if "${" in str([composed, *(override.value() for override in changes)]):
        whole = OmegaConf.create(mapping)
        for override in changes:
            _change(whole, override.key_or_group, override)
        _check_own_values(OmegaConf.to_container(whole, resolve=False), "")
        return _plain(whole)
    for override in changes:  # by itself: to make all of it an object of OmegaConf takes most of the time
        node, path = mapping, override.key_or_group.split(".")
        while len(path) > 1 and isinstance(node.get(path[0]), dict):
            node = node[path.pop(0)]
        part = OmegaConf.create({name: value for name, value in node.items() if name == path[0]})
        _change(part, ".".join(path), override)
        node |= _plain(part)
    return mapping


def _change(config: DictConfig, key: str, override: Override) -> None:
    try:
        OmegaConf.update(config, key, override.value(), merge=True, force_add=True)
    except OmegaConfBaseException:
        raise ConfigCompositionException(f"Error merging override ++{override.input_line}") from None


def _plain(config: DictConfig) -> dict[str, Any]:
    found = OmegaConf.to_container(config, resolve=True)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}


def _is_group(key: str, folders: Sequence[Path]) -> bool:
    return any((folder / key).is_dir() for folder in folders)


@contextmanager
def _search_in(folders: Sequence[Path]) -> Iterator[list[str]]:
    """Hydra made ready to search the shipped folder, or the user's first; the overrides that this needs."""
    if len(folders) == 1:
        with hydra.initialize_config_dir(config_dir=str(folders[0]), version_base="1.3"):
            yield []
        return
    # Hydra searches the folder of config.yaml before all others, so config.yaml stands alone in one.
    with tempfile.TemporaryDirectory() as alone:
        name = "config.yaml"
        shutil.copy(next(folder / name for folder in reversed(folders) if (folder / name).is_file()), alone)
        searched = ["'file://{}'".format(str(folder).replace("'", "\\'")) for folder in reversed(folders)]
        with hydra.initialize_config_dir(config_dir=alone, version_base="1.3"):
            yield [f"hydra.searchpath=[{','.join(searched)}]"]


def _check_files(folder: Path, shipped: Path) -> None:
    """Raise InputError for a file of the user's that Hydra would misread or stumble over."""
    for file in _files_of(folder, shipped):
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(f"{file}: not YAML in UTF-8 ({error}); save it as UTF-8") from None
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror}); give a file") from None
        if _values_in("\n".join(lines)) > MOST_VALUES:
            raise InputError(
                f"{file}: holds more than {MOST_VALUES} values, aliases written out, or goes too deep; "
                "write fewer"
            )
        for number, line in enumerate(lines, start=1):
            found = None if line.lstrip().startswith("#") else _OUTSIDE.search(line.split(" #")[0])
            if found:
                raise InputError(f"{file} line {number}: {found[0]} is no value; write the value itself")
        if file.parent.name == "scenario":
            head = [line for line in lines if line.strip()]
            comments = head[: next((at for at, one in enumerate(head) if one[0] != "#"), len(head))]
            if not any(_GLOBAL.fullmatch(line) for line in comments):
                raise InputError(f"{file}: the first line is missing; begin with '# @package _global_'")


@lru_cache(maxsize=256)
def _values_in(text: str) -> int:
    """How many values a file holds, aliases (``*name``) written out; over ``MOST_VALUES`` if without end."""
    counts: dict[int, int] = {}

    def count(node: yaml.Node) -> int:
        if id(node) not in counts:
            counts[id(node)] = MOST_VALUES + 1  # for a node that holds itself
            parts = node.value if isinstance(node, yaml.CollectionNode) else []
            flat = (one for part in parts for one in (part if isinstance(part, tuple) else (part,)))
            counts[id(node)] = 1 + sum(count(one) for one in flat)
        return counts[id(node)]

    try:
        root = yaml.compose(text, yaml.SafeLoader)
        return 0 if root is None else count(root)
    except yaml.YAMLError:
        return 0  # which Hydra tells
    except RecursionError:
        return MOST_VALUES + 1


def _files_of(folder: Path, shipped: Path) -> list[Path]:
    """The files of a folder of configuration that Hydra may read: its own, and those of the known groups."""
    groups = [path.name for path in shipped.iterdir() if path.is_dir()]
    return sorted(
        [*folder.glob("*.yaml"), *(file for group in groups for file in (folder / group).glob("*.yaml"))]
    )


def _check_own_values(node: Any, key: str) -> None:
    """Raise InputError for a value that would be taken from outside the configuration."""
    if isinstance(node, Mapping):
        for name, below in node.items():
            _check_own_values(below, f"{key}.{name}" if key else str(name))
    elif isinstance(node, list):
        for at, below in enumerate(node):
            _check_own_values(below, f"{key}.{at}")
    elif isinstance(node, str) and (found := _OUTSIDE.search(node)):
        raise InputError(f"{key} is {found[0]}, which is no value; write the value itself")


def _names_itself(choice: str, folders: Sequence[Path]) -> bool:
    """Whether the file of a scenario gives a name."""
    for folder in reversed(folders):
        file = folder / "scenario" / f"{choice}.yaml"
        if file.is_file():
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            return isinstance(content, dict) and "name" in content
    return True


def _missing(error: MissingConfigException, folders: Sequence[Path]) -> str:
    """One line for a choice in the defaults of a file that does not exist; it names the file, if one can."""
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    group = group.lstrip("/")
    choice = rf"^\s*-\s.*\b{re.escape(group)}(@\S+)?\s*:\s*['\"]?{re.escape(name)}\b"
    where = "configuration"
    for file in (file for folder in folders for file in _files_of(folder, folders[0])):
        if re.search(choice, file.read_text(encoding="utf-8"), re.MULTILINE):
            where = str(file)
    known = choices(group, folders[-1]) if group else ()
    return f"{where}: there is no {group or 'file'} {name!r}; {suggestion(name, known)}"


def parse_overrides(overrides: Sequence[str]) -> list[Override]:
    """Overrides as Hydra reads them; InputError for one that it cannot read."""
    parser = OverridesParser.create()
    parsed = []
    for text in overrides:
        if text.startswith("="):
            raise InputError(f"{text!r} has no key; write key=value, for instance scenario=pati")
        try:
            parsed.append(parser.parse_override(text))
        except HydraException:
            raise InputError(
                f"{text!r} cannot be read; write key=value, for instance scenario=pati"
            ) from None
    return parsed


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
    if not _is_group(key, folders):
        # A plain change becomes add-or-change: the models, not the files, say which keys there are.
        return f"++{text}" if override.type == OverrideType.CHANGE else text
    value = override.value()
    known = choices(key, folders[-1])
    for choice in value if isinstance(value, list) else [value]:
        if choice not in known:
            raise InputError(f"{text}: there is no {key} {choice!r}; {suggestion(str(choice), known)}")
    return text.lstrip("+")


def _one_line(error: BaseException) -> str:
    text = str(error).split("Config search path:")[0]
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())
