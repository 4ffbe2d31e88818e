"""How often each caller may dial, and each dial's own patience, hanging up and dialling again."""

from dataclasses import dataclass, fields

import numpy as np

from sim112.config.callers import Behaviour
from sim112.demand.draws import NO_TIME, ByKey, Words, draw_each, on_grid, uniform
from sim112.engine.contract import NO_LIMIT, Bools, Floats, Ints
from sim112.errors import InputError

NUMBERS = ("112", "agency")
"""What a caller dials. A *part*, below, is a caller's dials on one of them: 2 x caller, plus 1 on agency."""

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
class _Redials:
    """The dials after which a caller may dial again."""

    part: Ints
    trial: Ints
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
    redials = _draw_redials(behaviours, behaviour_of, keys, start_s, on_112, on_agency, end_s)
    first = np.stack([on_112, on_agency], axis=1).ravel()
    count = np.bincount(redials.part, minlength=first.size)
    count += first
    start = np.zeros(first.size + 1, dtype=np.int64)
    np.cumsum(count, out=start[1:])
    size = int(start[-1])
    blocked, abandoned = np.zeros((2, size), dtype=np.bool_)
    redial_delay_s = np.zeros(size)
    trial = np.zeros(size, dtype=np.int64)
    rows = start[redials.part] + redials.trial
    blocked[rows], abandoned[rows], redial_delay_s[rows] = redials.blocked, redials.abandoned, redials.delay_s
    trial[rows + 1] = redials.trial + 1
    dialled = np.flatnonzero(first)
    part = np.repeat(dialled, count[dialled])
    caller = part >> 1
    patience_s, hang_up_share = _draw_waiting(behaviours, behaviour_of[caller], keys[caller], part & 1, trial)
    return Dials(
        start=start[::2].copy(),
        second=start[1::2].copy(),
        patience_s=patience_s,
        hang_up_share=hang_up_share,
        redials_blocked=blocked,
        redials_abandoned=abandoned,
        redial_delay_s=redial_delay_s,
    )


def _draw_redials(
    behaviours: list[Behaviour],
    behaviour_of: Ints,
    keys: Words,
    start_s: Floats,
    on_112: Bools,
    on_agency: Bools,
    end_s: float,
) -> _Redials:
    redials = [of.redial for of in behaviours]
    blocked_share = np.array([0.0 if of is None else of.blocked_share for of in redials])
    abandoned_share = np.array([0.0 if of is None else of.abandoned_share for of in redials])
    delays = [NO_TIME if of is None else of.delay_s for of in redials]
    limits = [(0, 0) if of is None else (of.most_112, of.most_agency) for of in redials]
    limit = np.array([[NO_LIMIT if most is None else most for most in of] for of in limits])
    ever = (limit.max(axis=1) > 0)[behaviour_of]
    part = np.flatnonzero(np.stack([on_112 & ever, on_agency & ever], axis=1))
    of, earliest_s, trial = behaviour_of[part >> 1], start_s[part >> 1], 0
    dials = np.array([np.count_nonzero(on_112), np.count_nonzero(on_agency)])
    rounds = [_Redials(part[:0], part[:0], ever[:0], ever[:0], earliest_s[:0])]
    while True:
        if dials.max() > MOST_DIALS:
            raise InputError(
                f"callers: more than {MOST_DIALS:,} dials on {NUMBERS[dials.argmax()]} in one replication; "
                "give redial a limit (most_112, most_agency) or lower its shares"
            )
        if not part.size:
            break
        may = np.flatnonzero((earliest_s < end_s) & (limit.take(2 * of + (part & 1)) > trial))
        part, of, earliest_s = part[may], of[may], earliest_s[may]
        key = keys[part >> 1]
        u = uniform(key, _each_number("redials", part & 1), trial)
        blocked, abandoned = u < blocked_share[of], u < abandoned_share[of]
        again = np.flatnonzero(blocked | abandoned)
        part, of, key = part[again], of[again], key[again]
        delay_s = draw_each(delays, of, key, _each_number("redial delay", part & 1), trial)
        earliest_s = earliest_s[again] + delay_s
        rounds.append(_Redials(part, np.full(part.size, trial), blocked[again], abandoned[again], delay_s))
        trial += 1
        dials += np.bincount(part & 1, minlength=len(NUMBERS))
    return _Redials(
        **{
            field.name: np.concatenate([getattr(of, field.name) for of in rounds])
            for field in fields(_Redials)
        }
    )


def _draw_waiting(
    behaviours: list[Behaviour], behaviour_of: Ints, keys: Words, number: Ints, trial: Ints
) -> tuple[Floats, Floats]:
    """Patience (s) and the share of the announcement that is heard, infinite for all of it, of every dial."""
    patience = [of.patience_s or NO_TIME for of in behaviours]
    patience_s = draw_each(patience, behaviour_of, keys, _each_number("patience", number), trial)
    endless = np.array([of.patience_s is None for of in behaviours])
    if endless.any():
        patience_s[endless[behaviour_of]] = np.inf
    share = np.array([of.hang_up_share for of in behaviours])
    hangs_up = uniform(keys, _each_number("hangs up", number), trial) < share[behaviour_of]
    rows = np.flatnonzero(hangs_up)
    hang_up_share = np.full(keys.size, np.inf)
    hang_up_share[rows] = on_grid(
        uniform(keys[rows], _each_number("hang-up moment", number[rows]), trial[rows])
    )
    return patience_s, hang_up_share


def _each_number(purpose: str, number: Ints) -> ByKey:
    return ByKey(tuple(f"{purpose} {name}" for name in NUMBERS), number)
