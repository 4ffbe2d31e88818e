"""The lists of dials: those of every caller, as one would write them down caller by caller."""

import numpy as np
import pytest

from sim112.config.callers import Behaviour
from sim112.demand import dials as module
from sim112.demand.dials import draw_dials
from sim112.demand.draws import Source, draw, on_grid, seeded, uniform
from sim112.errors import InputError

WAITS = {"dist": "exponential", "mean_s": 60}
BEHAVIOURS = [
    Behaviour(
        patience_s=WAITS,
        hang_up_share=0.3,
        redial={
            "blocked_share": 0.9, "abandoned_share": 0.5, "most_112": None, "most_agency": 2,
            "delay_s": {"dist": "lognormal", "mean_s": 300, "cv": 1},
        },
    ),
    Behaviour(
        patience_s=None,
        hang_up_share=0.1,
        redial={
            "blocked_share": 0.2, "abandoned_share": 0.6, "most_112": 1, "most_agency": 0,
            "delay_s": {"dist": "deterministic", "mean_s": 30},
        },
    ),
    Behaviour(patience_s=WAITS, hang_up_share=0, redial=None),
]  # fmt: skip
END_S = 3600.0


def draw_all(callers: int, behaviours=BEHAVIOURS):
    at = np.arange(callers)
    start_s = on_grid(END_S * at / max(callers, 1))
    keys = seeded(at, Source(7, 0))
    on_112, on_agency = at % 5 > 0, at % 3 > 0
    of = at % len(behaviours)
    return (
        keys,
        of,
        start_s,
        on_112,
        on_agency,
        draw_dials(behaviours, of, keys, start_s, on_112, on_agency, END_S),
    )


def test_the_dials_of_every_caller_are_those_of_the_caller_alone():
    keys, behaviour_of, start_s, on_112, on_agency, dials = draw_all(600)
    row, longest = 0, 0
    for caller in range(600):
        key, of = keys[caller : caller + 1], BEHAVIOURS[behaviour_of[caller]]
        assert dials.start[caller] == row
        for name, calls in (("112", on_112[caller]), ("agency", on_agency[caller])):
            if name == "agency":
                assert dials.second[caller] == row
            trial, again, earliest_s = 0, calls, start_s[caller]
            while again:
                patience_s = np.inf
                if of.patience_s is not None:
                    patience_s = draw(of.patience_s, key, f"patience {name}", trial)[0]
                heard = np.inf
                if uniform(key, f"hangs up {name}", trial)[0] < of.hang_up_share:
                    heard = on_grid(uniform(key, f"hang-up moment {name}", trial))[0]
                u, delay_s, blocked, abandoned = uniform(key, f"redials {name}", trial)[0], 0.0, False, False
                most = 0
                if of.redial is not None:
                    most = of.redial.most_112 if name == "112" else of.redial.most_agency
                if of.redial is not None and (most is None or trial < most) and earliest_s < END_S:
                    blocked, abandoned = u < of.redial.blocked_share, u < of.redial.abandoned_share
                again = blocked or abandoned
                if again:
                    delay_s = draw(of.redial.delay_s, key, f"redial delay {name}", trial)[0]
                assert dials.patience_s[row] == patience_s and dials.hang_up_share[row] == heard
                assert (dials.redials_blocked[row], dials.redials_abandoned[row]) == (blocked, abandoned)
                assert dials.redial_delay_s[row] == delay_s
                row, trial, earliest_s = row + 1, trial + 1, earliest_s + delay_s
                longest = max(longest, trial)
    assert dials.start[-1] == row == dials.patience_s.size
    assert longest > 6


def test_nobody_makes_no_dials():
    *_, dials = draw_all(0)
    assert dials.start.tolist() == [0] and dials.second.size == dials.patience_s.size == 0


@pytest.mark.parametrize("behaviours", [BEHAVIOURS[:1], BEHAVIOURS[2:]], ids=["redials", "first dials"])
def test_more_dials_than_memory_holds_are_refused(behaviours, monkeypatch):
    monkeypatch.setattr(module, "MOST_DIALS", 250)
    with pytest.raises(InputError, match="more than 250 dials on 112"):
        draw_all(400, behaviours)
