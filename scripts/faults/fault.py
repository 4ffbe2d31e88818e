"""What a fault is: the change of one or a few places of the project, told in words."""

from __future__ import annotations

from typing import Literal, NamedTuple

Part = Literal["both engines", "shared rules", "world", "drawing", "measuring", "intervals"]


class Edit(NamedTuple):
    """A change of one place of one file."""

    file: str
    old: str
    new: str


class Fault(NamedTuple):
    """What is wrong, told in words, and how to put it in."""

    name: str
    words: str
    part: Part
    edits: tuple[Edit, ...]
    cases: tuple[str, ...] = ()  # of the validation suite, those that use what is at fault


def fault(name: str, words: str, part: Part, *edits: tuple[str, str, str], cases: str = "") -> Fault:
    return Fault(name, words, part, tuple(Edit(*edit) for edit in edits), tuple(cases.split()))
