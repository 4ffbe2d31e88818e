"""What a formula can be asked: one clear line for an impossible input."""

from __future__ import annotations

from math import inf, isfinite

from sim112.errors import InputError


def positive(name: str, value: float, endless: bool = False) -> float:
    """``value`` if it is above 0 and finite (or infinite, if ``endless``); InputError otherwise."""
    if not value > 0 or (not isfinite(value) and not endless):
        raise InputError(f"{name}={value}: must be above 0{'' if endless else ' and finite'}")
    return float(value)


def not_negative(name: str, value: float) -> float:
    """``value`` if it is 0 or more and finite; InputError otherwise."""
    if not 0 <= value < inf:
        raise InputError(f"{name}={value}: must be 0 or more and finite")
    return float(value)


def share(name: str, value: float) -> float:
    """``value`` if it lies in [0, 1]; InputError otherwise."""
    if not 0 <= value <= 1:
        raise InputError(f"{name}={value}: must lie between 0 and 1")
    return float(value)


def whole(name: str, value: float, least: int, reason: str = "") -> int:
    """``value`` as an integer of at least ``least``; InputError otherwise."""
    if not isfinite(value) or int(value) != value or value < least:
        raise InputError(f"{name}={value}: must be a whole number of {least} or more{reason}")
    return int(value)
