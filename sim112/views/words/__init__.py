"""The words that people see, one file per language: ``en.yaml`` and ``id.yaml`` beside this file.

A text is found by its dotted key (``tables.chance``) and filled in with named fields. Numbers in it are
written as the language writes them: 1,234.5 in English, 1.234,5 in Indonesian. A text may have the forms
``one`` and ``other``, of which the field ``count`` chooses; both languages have the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from numbers import Real
from pathlib import Path
from string import Formatter
from typing import Any, Literal, get_args

import yaml

Lang = Literal["en", "id"]
LANGS: tuple[Lang, ...] = get_args(Lang)

DASH = "-"
FORMS = {"one", "other"}

_FOLDER = Path(__file__).parent
_COMMAS_FOR_POINTS = str.maketrans(",.", ".,")


@dataclass(frozen=True, eq=False)
class Words:
    """All texts of one language. ``texts`` has them by dotted key, as they stand in the file."""

    lang: Lang
    texts: Mapping[str, str]

    def say(self, key: str, **fields: object) -> str:
        """The text of a key, its fields filled in. Raises KeyError for an unknown key or a missing field."""
        text = self.texts.get(key)
        if text is None:
            form = "one" if fields.get("count") == 1 and f"{key}.one" in self.texts else "other"
            text = self.texts[f"{key}.{form}"]
        return _filled(text, fields, self.lang)

    def has(self, key: str) -> bool:
        """Whether there is such a text: names of what users bring themselves have none."""
        return key in self.texts

    def named(self, section: str, name: str) -> str:
        """What something is called, ``named("agencies", "fire")``; its own name where there are no words."""
        return self.texts.get(f"{section}.{name}", name.replace("_", " "))

    def section(self, name: str) -> dict[str, str]:
        """Every text under a key, by what follows it; for a page that fills in its own fields."""
        start = f"{name}."
        return {key.removeprefix(start): text for key, text in self.texts.items() if key.startswith(start)}

    def number(self, value: float, decimals: int = 0, signed: bool = False) -> str:
        """A number with separators of thousands; a dash where it is not defined."""
        if not isfinite(value):
            return DASH
        text = f"{value:{'+' if signed else ''},.{decimals}f}"
        if float(text.replace(",", "")) == 0:
            text = text.lstrip("+-")
        return localised(text, self.lang)

    def short(self, value: float) -> str:
        """A number with no more figures than it has: 7, 7.5; 7,5 in Indonesian. A large one is whole."""
        return self.number(value) if abs(value) >= 1000 else localised(f"{value:g}", self.lang)

    def percent(self, share: float, decimals: int = 0) -> str:
        """A share as a percentage: 93.5 % in English, 93,5% in Indonesian."""
        number = self.number(100 * share, decimals)
        return number if number == DASH else self.say("quantities.percent", number=number)

    def date(self, day: date) -> str:
        """A day in words: Wednesday, 1 December 2021; Rabu, 1 Desember 2021."""
        weekday = self.texts["calendar.weekdays"].split()[day.weekday()]
        month = self.texts["calendar.months"].split()[day.month - 1]
        return f"{weekday}, {day.day} {month} {day.year}"

    def time_of_day(self, moment: datetime) -> str:
        """The local time of day: 02:14 in English, 02.14 WIB in Indonesian."""
        return self.say("calendar.time_of_day", hour=f"{moment.hour:02d}", minute=f"{moment.minute:02d}")

    def duration(self, duration_s: float) -> str:
        """A duration in its two largest units: 45 s, 6 min 59 s, 3 h 5 min; a dash where undefined."""
        if not isfinite(duration_s):
            return DASH
        whole_s = round(duration_s)
        minutes, seconds = divmod(whole_s, 60)
        hours, rest = divmod(minutes, 60)
        if hours:
            return self.say("quantities.hours_minutes", hours=hours, minutes=rest)
        if minutes:
            return self.say("quantities.minutes_seconds", minutes=minutes, seconds=seconds)
        return self.say("quantities.seconds", seconds=seconds)


@lru_cache
def words(lang: Lang = "en") -> Words:
    """The words of a language."""
    return Words(lang, read_texts(f"{lang}.yaml"))


def read_texts(file: str) -> dict[str, str]:
    """The texts of a file beside this one, by dotted key."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C: help comes sooner
    with (_FOLDER / file).open(encoding="utf-8") as texts:
        return dict(_flat(yaml.load(texts, loader), ""))


def _flat(tree: Mapping[str, Any], above: str) -> list[tuple[str, str]]:
    texts = []
    for key, below in tree.items():
        if isinstance(below, dict):
            texts += _flat(below, f"{above}{key}.")
        elif isinstance(below, str):
            texts.append((f"{above}{key}", below))
        else:
            raise TypeError(f"words: {above}{key} is {below!r}; put it in quotes")
    return texts


def _filled(text: str, fields: Mapping[str, object], lang: Lang) -> str:
    """Fill in ``{name}`` and ``{name:spec}``; nothing else is looked up in a field."""
    parts = []
    for before, name, spec, conversion in Formatter().parse(text):
        parts.append(before)
        if name is not None:
            if not name.isidentifier() or conversion:
                raise ValueError(f"{text!r}: fields have plain names, not {name!r}")
            parts.append(_shown(fields[name], spec or "", lang))
    return "".join(parts)


def _shown(value: object, spec: str, lang: Lang) -> str:
    shown = format(value, spec)
    is_written = isinstance(value, Real) and (spec or not isinstance(value, int))
    return localised(shown, lang) if is_written else shown


def localised(number: str, lang: Lang) -> str:
    """A number that was written in English, as the language writes it."""
    return number.translate(_COMMAS_FOR_POINTS) if lang == "id" else number
