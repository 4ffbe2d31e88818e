"""How often each caller may dial, and each dial's own patience, hanging up and dialling again."""

from dataclasses import dataclass

import numpy as np

from sim112.config.callers import Behaviour
from sim112.demand.draws import Words, draw, on_grid, uniform
from sim112.engine.contract import Bools, Floats, Ints
from sim112.errors import InputError

MOST_DIALS = 20_000_000
"""Dials of one replication beyond which memory would run out."""


@dataclass(frozen=True, eq=False)
class Dials:
    """The dials of all callers, [L], by caller; those on 112 come first, up to ``second``."""

    start: Ints  # [M + 1]
    second: Ints  # [M]
    patience_s: Floats
    hang_up_share: Floats
    redials_blocked: Bools
    redials_abandoned: Bools
    redial_delay_s: Floats


@dataclass(frozen=True, eq=False)
class _Round:
    """The n-th dials on one number, of those callers who may make so many."""

    caller: Ints
    blocked: Bools
    abandoned: Bools
    delay_s: Floats


def draw_dials(
    behaviours: list[Behaviour],
    behaviour_of: Ints,
    keys: Words,
    start_s: Floats,
    on_112: Bools,
    on_agency: Bools,
    end_s: float,
) -> Dials:
    """The dials that may be needed, whatever happens.

    One uniform number decides whether a caller dials again after this dial, against the share for being
    blocked and the share for abandoning. The list ends with the first dial after which neither is the case,
    with the limit, or with the first dial that cannot come before ``end_s`` even if every dial before it was
    blocked at once.
    """
    phases = [
        _draw_rounds("112", behaviours, behaviour_of, keys, start_s, on_112, end_s),
        _draw_rounds("agency", behaviours, behaviour_of, keys, start_s, on_agency, end_s),
    ]
    counts = np.zeros((2, keys.size), dtype=np.int64)
    for phase, rounds in enumerate(phases):
        for one in rounds:
            counts[phase, one.caller] += 1
    start = np.concatenate([[0], np.cumsum(counts.sum(axis=0))]).astype(np.int64)
    second = start[:-1] + counts[0]
    size = int(start[-1])
    patience_s, hang_up_share, redial_delay_s = np.zeros((3, size))
    blocked, abandoned = np.zeros((2, size), dtype=np.bool_)
    for name, first, rounds in (("112", start[:-1], phases[0]), ("agency", second, phases[1])):
        for trial, one in enumerate(rounds):
            rows = first[one.caller] + trial
            blocked[rows], abandoned[rows], redial_delay_s[rows] = one.blocked, one.abandoned, one.delay_s
            patience_s[rows], hang_up_share[rows] = _draw_waiting(
                name, trial, behaviours, behaviour_of[one.caller], keys[one.caller]
            )
    return Dials(start, second, patience_s, hang_up_share, blocked, abandoned, redial_delay_s)


def _draw_rounds(
    number: str,
    behaviours: list[Behaviour],
    behaviour_of: Ints,
    keys: Words,
    start_s: Floats,
    dials: Bools,
    end_s: float,
) -> list[_Round]:
    redials = [of.redial for of in behaviours]
    blocked_share = np.array([0.0 if of is None else of.blocked_share for of in redials])
    abandoned_share = np.array([0.0 if of is None else of.abandoned_share for of in redials])
    limits = [0 if of is None else of.most_112 if number == "112" else of.most_agency for of in redials]
    limit = np.array([np.inf if of is None else of for of in limits])
    caller = np.flatnonzero(dials)
    earliest_s = start_s[caller]
    rounds: list[_Round] = []
    total = 0
    while caller.size:
        trial = len(rounds)
        total += caller.size
        if total > MOST_DIALS:
            raise InputError(
                f"callers: more than {MOST_DIALS:,} dials on {number} in one replication; "
                "give redial a limit (most_112, most_agency) or lower its shares"
            )
        of = behaviour_of[caller]
        u = uniform(keys[caller], f"redials {number}", trial)
        may = (trial < limit[of]) & (earliest_s < end_s)
        blocked, abandoned = may & (u < blocked_share[of]), may & (u < abandoned_share[of])
        again = blocked | abandoned
        delay_s = np.zeros(caller.size)
        for at, redial in enumerate(redials):
            rows = np.flatnonzero(again & (of == at))
            if redial is not None and rows.size:
                delay_s[rows] = draw(redial.delay_s, keys[caller[rows]], f"redial delay {number}", trial)
        rounds.append(_Round(caller, blocked, abandoned, delay_s))
        caller, earliest_s = caller[again], (earliest_s + delay_s)[again]
    return rounds


def _draw_waiting(
    number: str, trial: int, behaviours: list[Behaviour], behaviour_of: Ints, keys: Words
) -> tuple[Floats, Floats]:
    """Patience (s) and the share of the announcement that is heard, infinite for all of it."""
    patience_s, hang_up_share = np.full((2, keys.size), np.inf)
    for at, behaviour in enumerate(behaviours):
        rows = np.flatnonzero(behaviour_of == at)
        if behaviour.patience_s is not None:
            patience_s[rows] = draw(behaviour.patience_s, keys[rows], f"patience {number}", trial)
        hangs_up = uniform(keys[rows], f"hangs up {number}", trial) < behaviour.hang_up_share
        moment = on_grid(uniform(keys[rows], f"hang-up moment {number}", trial))
        hang_up_share[rows] = np.where(hangs_up, moment, np.inf)
    return patience_s, hang_up_share
