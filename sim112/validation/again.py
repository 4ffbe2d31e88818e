"""A saved validation made again, to prove that its tables come out the same (``study.reproduce``)."""

from __future__ import annotations

from pathlib import Path

from sim112.errors import InputError
from sim112.study.reproduce import Pair, Terms, as_of_its_version, noted, paired
from sim112.study.store import PROVENANCE, StoredRun
from sim112.validation.suite import chosen, validate

OF_THE_MACHINE = ("engine", "workers")
"""Changes to the cases that change no result."""


def validate_again(stored: StoredRun, terms: Terms, place: Path) -> list[Pair]:
    """Simulate the cases of a stored validation again, with the seed and replications that they had."""
    names, overrides = (noted(stored, key) for key in ("cases", "overrides"))
    if not all(
        isinstance(of, list) and all(isinstance(word, str) for word in of) for of in (names, overrides)
    ):
        raise InputError(f"{stored.folder / PROVENANCE}: not as it was written; run the command again")
    kept = [word for word in overrides if word.split("=", 1)[0] not in OF_THE_MACHINE]
    changed = [f"{key}={value}" for key, value in terms.changed.items()]
    with as_of_its_version(stored):
        cases = chosen(names)
    found = validate(cases, [*kept, *changed], results=place, figures=False, progress=terms.progress)
    return [paired(stored, terms, found.folder)]
