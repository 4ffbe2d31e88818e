"""One-line messages in another language: errors, notices and progress, which the code says in English.

The English stands where a message is raised, so that it is read there; the file of a language gives its
patterns (``there is no scenario {word}; {mend}``) their text. A message without one stays English. What the
fields hold is told in the language too where it is a message itself, such as what would be right.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import Formatter

from sim112.views.words import Lang, words

SECTIONS = ("messages", "foreign_messages")


def told_in(message: str, lang: Lang) -> str:
    """A message in a language; as it is where the language has no text for it."""
    for pattern, text in _patterns(lang):
        match = pattern.fullmatch(message)
        if match:
            fields = {name: told_in(value, lang) for name, value in match.groupdict().items()}
            return text.format(**fields)
    return message


@lru_cache
def _patterns(lang: Lang) -> list[tuple[re.Pattern[str], str]]:
    """What messages look like and how they are told, in the order of the file: the first one holds."""
    spoken = words(lang)
    return [
        (re.compile(_pattern_of(english), re.DOTALL), text)
        for section in SECTIONS
        for english, text in spoken.section(section).items()
    ]


def _pattern_of(english: str) -> str:
    parts = []
    for before, name, _, _ in Formatter().parse(english):
        parts.append(re.escape(before))
        if name is not None:
            parts.append(f"(?P<{name}>.*?)")
    return "".join(parts)
