"""Which language the command speaks: for help, messages and, unless another is asked for, results.

The word ``lang=id`` or ``lang=en`` decides; else the environment variable ``SIM112_LANG``; else Indonesian
where ``LANG`` begins with ``id``; else English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar

from sim112.errors import InputError
from sim112.views.words import LANGS, Lang, Words, words
from sim112.views.words.messages import told_in

CHOICE = "lang="
SIMULATING = ("run", "compare", "sweep", "staff", "replay", "validate", "workshop")
"""Verbs whose scenarios have a language of their own, the key ``lang``."""

WITHOUT_CHANGES = ("reproduce", "scenarios", "sources", "template", "bundle")
"""Verbs that take no changes of values; their ``lang=`` is for the command alone."""

_lang: ContextVar[Lang] = ContextVar("lang", default="en")


def language_of(given: Sequence[str], environment: Mapping[str, str]) -> Lang:
    """The language for these words of a command."""
    choices = [word.removeprefix(CHOICE) for word in given if word.startswith(CHOICE)]
    for choice in [*reversed(choices), environment.get("SIM112_LANG", "")]:
        if choice in LANGS:
            return choice
    return "id" if environment.get("LANG", "").startswith("id") else "en"


def language_chosen(given: Sequence[str]) -> Lang | None:
    """The language that a ``lang=`` names; None where there is none. Raises InputError for no language."""
    chosen: Lang | None = None
    for word in given:
        if word.startswith(CHOICE):
            found = next((lang for lang in LANGS if lang == word.removeprefix(CHOICE)), None)
            if found is None:
                raise InputError(f"{word!r} is no language; use one of {', '.join(LANGS)}")
            chosen = found
    return chosen


def speak(lang: Lang) -> None:
    """Speak this language from now on."""
    _lang.set(lang)


def spoken() -> Words:
    """The words of the language that is spoken."""
    return words(_lang.get())


def told(message: object) -> str:
    """A message in the language that is spoken; in English where it has no other text."""
    return told_in(str(message), _lang.get())


def with_language(verb: str, given: Sequence[str]) -> list[str]:
    """The words for a verb: scenarios speak as the command does, unless they are told otherwise."""
    chosen = [word for word in given if word.startswith(CHOICE)]
    if verb in WITHOUT_CHANGES:
        language_chosen(chosen)
        return [word for word in given if word not in chosen]
    if verb in SIMULATING and not chosen and _lang.get() != "en":
        return [*given, f"{CHOICE}{_lang.get()}"]
    return list(given)
