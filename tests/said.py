"""What the code says when something is wrong: every text of an error, with a stand-in for each field.

The texts are read from the code itself. Names that are given a text nearby are followed to it: those that are
assigned, run through in a loop, or given as an argument. A function that makes a part of a message
(``did you mean pati?``) is followed to what it returns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from pathlib import Path

import sim112

PACKAGE = Path(sim112.__file__).parent
STAND_IN = "Xyz"
ERRORS = ("InputError", "SavingError", "KeyboardInterrupt", "ArgumentTypeError")
"""What a command tells its user."""

CHECKS = "config/"
"""Where a ValueError becomes a message, told with its key."""

MOST_STEPS = 6  # from a name to what it stands for

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Code:
    """All functions of the package by name, with what is called where."""

    def __init__(self) -> None:
        self.functions: dict[str, list[Function]] = {}
        self.calls: dict[str, list[tuple[ast.Call, Function | None]]] = {}
        self.errors: list[tuple[str, str, ast.expr, Function | None]] = []
        self.keys: set[str] = set()
        for path in sorted(PACKAGE.rglob("*.py")):
            self._read(path, ast.parse(path.read_text(encoding="utf-8")), None)

    def _read(self, path: Path, node: ast.AST, inside: Function | None) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                self.functions.setdefault(child.name, []).append(child)
            if isinstance(child, ast.Call):
                name = _called(child)
                self.calls.setdefault(name, []).append((child, inside))
                place = path.relative_to(PACKAGE).as_posix()
                if (name in ERRORS or (name == "ValueError" and place.startswith(CHECKS))) and child.args:
                    self.errors.append((name, f"{place}:{child.lineno}", child.args[0], inside))
            if isinstance(child, ast.ClassDef) and path.parent.name == "config":
                fields = [one.target for one in child.body if isinstance(one, ast.AnnAssign)]
                self.keys |= {field.id for field in fields if isinstance(field, ast.Name)}
            self._read(path, child, child if isinstance(child, Function) else inside)

    def texts(self, node: ast.expr, inside: Function | None, steps: int = 0) -> list[str]:
        """What an expression may say."""
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        if isinstance(node, ast.JoinedStr):
            parts = [self.texts(part, inside, steps) for part in node.values]
            return list(dict.fromkeys("".join(one) for one in product(*parts)))
        if isinstance(node, ast.FormattedValue):
            return self.texts(node.value, inside, steps)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
            pairs = product(self.texts(node.left, inside, steps), self.texts(node.right, inside, steps))
            return ["".join(pair) for pair in pairs] if isinstance(node.op, ast.Add) else [STAND_IN]
        if isinstance(node, ast.IfExp):
            return [*self.texts(node.body, inside, steps), *self.texts(node.orelse, inside, steps)]
        if isinstance(node, ast.BoolOp):
            return [text for value in node.values for text in self.texts(value, inside, steps)]
        if isinstance(node, ast.Name) and inside is not None and steps < MOST_STEPS:
            meant = [
                text if " " in text or not text else STAND_IN  # a single word is a key or a name
                for one, where in self._meant(node.id, inside)
                for text in self.texts(one, where, steps + 1)
            ]
            return list(dict.fromkeys(meant)) or [STAND_IN]
        return [STAND_IN]

    def _meant(self, name: str, inside: Function) -> Iterator[tuple[ast.expr, Function | None]]:
        """What a name stands for in a function: what it is assigned, runs through, or is called with."""
        for node in ast.walk(inside):
            if isinstance(node, ast.Assign) and _is_text(node.value):
                if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                    yield node.value, inside
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Tuple):
                names = [one.id if isinstance(one, ast.Name) else "" for one in node.target.elts]
                if name in names and isinstance(node.iter, ast.Tuple):
                    for row in node.iter.elts:
                        if isinstance(row, ast.Tuple):
                            yield row.elts[names.index(name)], inside
        given = [one.arg for one in inside.args.args]
        if name in given and inside.args.args[given.index(name)].annotation is not None:
            at = given.index(name) - (given[0] in ("self", "cls"))
            for call, where in self.calls.get(inside.name, []):
                named = {one.arg: one.value for one in call.keywords}
                value = named.get(name, call.args[at] if at < len(call.args) else None)
                if value is not None and _is_text(value):
                    yield value, where

    def parts(self) -> Iterator[tuple[str, str]]:
        """What functions return that make a part of an error: (function, text)."""
        seen: set[str] = set()
        rest: list[tuple[ast.expr, Function | None]] = [(node, inside) for *_, node, inside in self.errors]
        known = {id(node) for node, _ in rest}
        while rest:
            node, inside = rest.pop()
            for one in ast.walk(node):
                more: list[tuple[ast.expr, Function | None]] = []
                if isinstance(one, ast.Name) and inside is not None:
                    more = list(self._meant(one.id, inside))
                elif (name := _name_of(one)) not in seen:
                    seen.add(name)
                    for function in self.functions.get(name, []):
                        if isinstance(function.returns, ast.Name) and function.returns.id == "str":
                            more += [(made, function) for made in _returned(function)]
                            for made in _returned(function):
                                yield from ((function.name, text) for text in self.texts(made, function))
                rest += [pair for pair in more if id(pair[0]) not in known]
                known.update(id(pair[0]) for pair in more)


def _name_of(node: ast.AST) -> str:
    """The function that is called, or the property that is read."""
    return _called(node) if isinstance(node, ast.Call) else getattr(node, "attr", "")


def _returned(function: Function) -> list[ast.expr]:
    return [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value is not None]


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _is_text(node: ast.expr) -> bool:
    """Whether an expression holds a text of its own; a text that is only looked up in is none."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) or _is_text(node.orelse)
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    if isinstance(node, ast.BoolOp):
        return any(map(_is_text, node.values))
    return isinstance(node, ast.JoinedStr | ast.Name)


def _as_told(text: str, error: str, keys: set[str]) -> str:
    """A check is told with the key that it belongs to, a wrong option with its name."""
    if error == "ArgumentTypeError":
        return f"argument {STAND_IN}: {text}; see `{STAND_IN} --help`"
    if error == "ValueError":
        first = text.partition(" ")[0].partition(".")[0]
        return f"{STAND_IN}.{text}" if first in keys else f"{STAND_IN}: {text}"
    return text


@lru_cache
def errors_said() -> dict[str, str]:
    """Every text of an error, and of the parts that functions make for one, by where it is said."""
    code = Code()
    said: dict[str, str] = {}
    for error, place, node, inside in code.errors:
        for text in code.texts(node, inside):
            said.setdefault(_as_told(text, error, code.keys), place)
    for function, text in code.parts():
        said.setdefault(text, function)
    return said


@lru_cache
def code() -> tuple[set[str], set[str], list[str]]:
    """Of all code: its texts, what its texts with fields begin with, and these with ``{}`` for each field."""
    whole, beginnings, patterns = set(), set(), []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values]
                patterns.append("".join(parts))
                beginnings.add(parts[0])
            elif isinstance(node, ast.Call) and _called(node).removeprefix("_") == "named" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    beginnings.add(f"{first.value}.")
    return whole, {one for one in beginnings if re.match(r"[a-z_]+\.", one)}, patterns
