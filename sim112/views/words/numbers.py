"""What the numbers of the configuration are, and what they rest on, in another language.

The English stands in the comments of ``configs/``; ``numbers_id.yaml`` gives it in Indonesian: units,
meanings, and the bases of assumptions and choices. The keys of sources stay, and what a user's own files say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from sim112.sources import Number
from sim112.views.words import Lang, read_texts, words

FILES: Mapping[Lang, str] = {"id": "numbers_id.yaml"}
"""The files of the languages other than that of the comments."""

PARTS = ("units", "meanings", "bases")


def told_number(number: Number, lang: Lang) -> Number:
    """The number with its unit, its meaning and its basis in a language."""
    basis = number.basis if number.kind == "SOURCE" else number_text("bases", number.basis, lang)
    meaning = number_text("meanings", number.meaning, lang)
    return replace(number, unit=number_text("units", number.unit, lang), meaning=meaning, basis=basis)


def number_text(part: str, english: str, lang: Lang) -> str:
    """A unit, meaning or basis in a language; as it is where the language has no text for it."""
    return _texts(lang).get(f"{part}.{english}", english)


def told_basis(basis: str, lang: Lang) -> str:
    """What a price rests on (``ASSUMED: none found``) in a language."""
    kind, colon, reason = basis.partition(": ")
    known = words(lang)
    if not colon or not known.has(f"number_kinds.{kind}"):
        return basis
    reason = reason if kind == "SOURCE" else number_text("bases", reason, lang)
    return f"{known.say(f'number_kinds.{kind}')}: {reason}"


@lru_cache
def _texts(lang: Lang) -> dict[str, str]:
    return read_texts(FILES[lang]) if lang in FILES else {}
