"""Where every number of the configuration comes from, read from the comments on the lines that bear them.

A line that bears a number ends in one of::

    key: 120  # [s] meaning in words. ASSUMED 60..300: basis
    key: 34   # [reports/day] meaning in words. SOURCE source_key
    key: 20   # [s] meaning in words. CHOICE: why

``ASSUMED low..high`` belongs to the number of the line; where a line bears several, in braces, the name of
the field stands before the range. An assumption without a range is told but cannot be varied.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from sim112.errors import InputError
from sim112.paths import configs_dir, data_dir

Kind = Literal["SOURCE", "ASSUMED", "CHOICE"]

_COMMENT = re.compile(
    r"#\s*\[(?P<unit>[^\]]+)\]\s*(?P<meaning>.*?)\s*\b(?P<kind>SOURCE|ASSUMED|CHOICE)\b\s*(?P<rest>.*?)\s*$"
)
_RANGE = re.compile(
    r"^(?:(?P<field>[a-z_][a-z0-9_.]*)\s+)?(?P<low>-?[\d.]*\d(?:e-?\d+)?)\.\.(?P<high>-?\d[\d.]*(?:e-?\d+)?)\s*:\s*(?P<basis>.+)$"
)
_KEY_IN_SOURCES = re.compile(r"^\| `([a-z0-9_]+)`", re.MULTILINE)
_NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_GLOBAL = "# @package _global_"
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in C, six times as fast. For shipped files alone: endless brackets in brackets end the process."""


@dataclass(frozen=True)
class Number:
    """One number of the configuration and what it rests on.

    ``key`` is the dotted key by which it can be overridden, ``value`` what the file says. ``low`` and
    ``high`` are the bounds of an assumption, None where the line gives none for this number. ``basis`` is the
    reason of an assumption or choice, or the source keys, separated by a semicolon.
    """

    file: str
    line: int
    key: str
    value: str
    unit: str
    meaning: str
    kind: Kind
    low: float | None
    high: float | None
    basis: str

    @property
    def is_varied(self) -> bool:
        """Whether it is assumed within bounds, so that a study can vary it."""
        return self.kind == "ASSUMED" and self.low is not None


@dataclass(frozen=True)
class Leaf:
    """A value in a file (a list in brackets is one), with the lines where its comment may stand."""

    key: str
    value: str
    has_number: bool
    in_braces: bool
    line: int
    comment_lines: tuple[int, ...]


def numbers(folder: Path | None = None) -> list[Number]:
    """Every number of every file under ``configs/``, or another folder, in order of file and line.

    Raises InputError for a number without a comment of the known form.
    """
    root = folder or configs_dir()
    return [number for path in sorted(root.rglob("*.yaml")) for number in _numbers_of(path, root)]


def numbers_with(folder: Path | None) -> list[Number]:
    """The numbers that are shipped, and those of one more folder, whose files stand before shipped ones.

    Raises InputError where there is no such folder.
    """
    if folder is None:
        return numbers()
    if not folder.is_dir():
        raise InputError(f"config folder {folder} does not exist; give a folder of configs")
    own = numbers(folder)
    replaced = {path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml")}
    return [*(number for number in numbers() if number.file not in replaced), *own]


def assumptions(folder: Path | None = None) -> list[Number]:
    """The numbers that are assumed within bounds: those a study can vary."""
    return [number for number in numbers(folder) if number.is_varied]


def number_behind(numbers: Iterable[Number], key: str, value: float) -> Number | None:
    """The number that a configured value rests on; None where no file gives the key this value.

    Several files may give one key, each its own value.
    """
    for number in numbers:
        if number.key == key and number.value not in ("true", "false"):
            try:
                if float(number.value) == value:
                    return number
            except ValueError:
                continue
    return None


def source_keys(paths: Iterable[Path] | None = None) -> frozenset[str]:
    """The keys that the two SOURCES.md define, each at the start of a table row."""
    files = paths or (configs_dir() / "SOURCES.md", data_dir() / "SOURCES.md")
    return frozenset(
        key for path in files for key in _KEY_IN_SOURCES.findall(path.read_text(encoding="utf-8"))
    )


def leaves(text: str, is_shipped: bool = False) -> Iterator[Leaf]:
    """Every value of a YAML text."""
    node = yaml.compose(text, Loader=_FAST if is_shipped else yaml.SafeLoader)
    if node is not None:
        yield from _leaves(node, "", ())


def _leaves(node: yaml.Node, key: str, braces: tuple[int, ...]) -> Iterator[Leaf]:
    here = (node.start_mark.line + 1, node.end_mark.line + 1)
    flow = isinstance(node, yaml.CollectionNode) and bool(node.flow_style)
    if isinstance(node, yaml.ScalarNode) or (isinstance(node, yaml.SequenceNode) and flow):
        scalars = list(_scalars(node))
        value = (
            node.value if isinstance(node, yaml.ScalarNode) else f"[{', '.join(s.value for s in scalars)}]"
        )
        has_number = any(scalar.tag in _NUMBER_TAGS for scalar in scalars)
        # the comment of what stands in braces or brackets may be on its first or on its last line
        yield Leaf(key, value, has_number, bool(braces), here[0], (*(here if flow else here[:1]), *braces))
    elif isinstance(node, yaml.MappingNode):
        for name, value_node in node.value:
            below = f"{key}.{name.value}" if key else str(name.value)
            yield from _leaves(value_node, below, braces or (here if flow else ()))
    elif isinstance(node, yaml.SequenceNode):
        for at, value_node in enumerate(node.value):
            yield from _leaves(value_node, f"{key}.{at}", braces)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    else:
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                yield from _scalars(part)


def _numbers_of(path: Path, root: Path) -> Iterator[Number]:
    try:
        text = path.read_text(encoding="utf-8")
        is_shipped = root == configs_dir()
        found = [leaf for leaf in leaves(text, is_shipped) if not leaf.key.startswith("defaults.")]
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        told = "; ".join(line.strip() for line in str(error).splitlines())
        raise InputError(f"{path}: cannot be read as YAML in UTF-8: {told}") from None
    lines = text.splitlines()
    file = path.relative_to(root).as_posix()
    package = "" if text.startswith(_GLOBAL) else ".".join(path.relative_to(root).parts[:-1])
    for leaf in found:
        match = next((m for n in leaf.comment_lines if (m := _COMMENT.search(lines[n - 1]))), None)
        if match is None:
            if leaf.has_number:
                raise InputError(
                    f"{root.name}/{file} line {leaf.line}: {leaf.key} is {leaf.value} without a source; end"
                    " the line in '# [unit] meaning. SOURCE key', 'ASSUMED low..high: basis' or 'CHOICE: why'"
                )
            continue
        if leaf.in_braces and not leaf.has_number:
            continue
        yield _number(leaf, match, file, f"{package}.{leaf.key}" if package else leaf.key)


def _number(leaf: Leaf, match: re.Match[str], file: str, key: str) -> Number:
    kind: Kind = match["kind"]  # type: ignore[assignment]
    low = high = None
    basis = match["rest"].removeprefix(":").strip()
    bounds = _RANGE.match(match["rest"]) if kind == "ASSUMED" else None
    if bounds:
        basis = bounds["basis"]
        if (
            leaf.has_number
            and not leaf.value.startswith("[")
            and bounds["field"] in (None, leaf.key.rpartition(".")[2])
        ):
            low, high = float(bounds["low"]), float(bounds["high"])
    return Number(
        file, leaf.line, key, leaf.value, match["unit"], match["meaning"].rstrip(". "), kind, low, high, basis
    )
