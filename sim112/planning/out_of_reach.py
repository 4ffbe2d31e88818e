"""Targets that a desk cannot keep, or cannot be shown to keep, however many people and lines it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim112.engine.contract import Bools
from sim112.planning.service import Check, Counts

TOO_FEW = "too few calls in these runs to show so much; ask for less, or raise search.replications"


@dataclass(frozen=True)
class Finding:
    """A target that people and lines cannot keep at a desk, and what they reach at best.

    ``is_decided`` is false where it may be kept, but no number of people shows it on the runs of the search.
    """

    desk: str
    target: str
    wanted: float
    at_best: float
    why: str
    is_decided: bool = True


def findings(
    at_best: Sequence[Check], ample: Counts, desks: Sequence[str], cannot_mend: Sequence[Bools]
) -> Iterator[Finding]:
    """What fails at ``desks`` with people and lines for everybody (``ample``).

    ``cannot_mend``, by check: where nobody could mend it, which is no finding unless it is beyond reach.
    """
    for check, nobody in zip(at_best, cannot_mend, strict=True):
        beyond = is_beyond(check)
        for row in np.flatnonzero(beyond).tolist():
            why = "with people and lines for everybody"
            if check.name.startswith("answered"):
                reach_s = ample.pick_up_s[row].sum() / max(ample.answered[row].sum(), 1.0)
                why += f"; picking up alone takes {reach_s:.0f} s in the mean"
            if check.name.startswith("first unit"):
                why += "; the talk, the alerting and units that are out take longer"
            yield Finding(desks[row], check.name, check.target, float(check.value[row]), why)
        fails = check.fails & ~nobody
        undecided = (fails.any(axis=1) if fails.ndim == 2 else fails) & ~beyond
        for row in np.flatnonzero(undecided).tolist():
            yield Finding(desks[row], check.name, check.target, float(check.value[row]), TOO_FEW, False)


def is_beyond(check: Check) -> Bools:
    """Desks [S] at which a target fails over the whole week, whatever the intervals say."""
    fails = check.fails.any(axis=1) if check.fails.ndim == 2 else check.fails
    is_limit = check.role == "lines" or check.name.startswith(("callers", "occupancy"))
    beyond = check.value > check.target if is_limit else check.value < check.target
    return np.asarray(fails & beyond)
