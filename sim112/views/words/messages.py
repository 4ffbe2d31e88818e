"""One-line messages in another language: errors, notices and progress, which the code says in English.

The English stands where a message is raised, so that it is read there; the file of a language gives its
patterns (``there is no scenario {word}; {mend}``) their text. Of several patterns that fit, the one with the
most letters of its own holds. What the fields hold is told in the language too where it is a message itself,
such as what would be right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from string import Formatter

from sim112.views.words import Lang, localised, words

SECTIONS = ("messages", "foreign_messages")
ONE_WORD = "key"
"""A field of this name holds one word, which is typed and so never told, or one after *the*."""

COUNT = "rows"
"""A field of this name holds a number, which is written as the language writes it."""

ANY = "message"
"""A pattern with a field of this name goes around any message; it is looked at before the others."""


@dataclass(frozen=True)
class Pattern:
    """What a message looks like: ``parts`` stand before its fields, ``names``, and after the last one."""

    parts: tuple[str, ...]
    names: tuple[str, ...]
    text: str

    def fields(self, message: str) -> dict[str, str] | None:
        """What the fields hold in a message; None where it does not look so."""
        if not message.startswith(self.parts[0]) or any(part not in message for part in self.parts):
            return None  # said without the cost of making the expression ready
        match = self._expression.fullmatch(message)
        return None if match is None else match.groupdict()

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        shape = [re.escape(self.parts[0])]
        for name, part in zip(self.names, self.parts[1:], strict=True):
            held = r"(?:the )?\S*?" if name == ONE_WORD else ".*?"
            shape += [f"(?P<{name}>{held})", re.escape(part)]
        return re.compile("".join(shape), re.DOTALL)


def told_in(message: str, lang: Lang) -> str:
    """A message in a language; as it is where the language has no text for it."""
    found = looked_up(message, lang)
    if found is None:
        return message
    text, fields = found
    return text.format(**{name: _field_told(name, value, lang) for name, value in fields.items()})


def _field_told(name: str, value: str, lang: Lang) -> str:
    if name == COUNT:
        return localised(value, lang)
    is_key = name == ONE_WORD and " " not in value
    return value if is_key else told_in(value, lang)


def looked_up(message: str, lang: Lang) -> tuple[str, dict[str, str]] | None:
    """The text of a language for a message, and what its fields hold in English; None where it has none."""
    for pattern in _patterns(lang):
        fields = pattern.fields(message)
        if fields is not None:
            return pattern.text, fields
    return None


@lru_cache
def _patterns(lang: Lang) -> list[Pattern]:
    """All patterns of a language: first those around any message, then by how much is their own."""
    spoken = words(lang)
    found = [
        pattern_of(english, text) for section in SECTIONS for english, text in spoken.section(section).items()
    ]
    return sorted(found, key=lambda one: (ANY not in one.names, -sum(map(len, one.parts))))


def pattern_of(english: str, text: str) -> Pattern:
    """The pattern of an English text whose fields have names in braces."""
    parts, names = [""], []
    for before, name, _, _ in Formatter().parse(english):
        parts[-1] += before
        if name is not None:
            parts.append("")
            names.append(name)
    return Pattern(tuple(parts), tuple(names), text)
