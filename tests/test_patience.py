"""Patience of any distribution: against exponential patience, known formulas, and queues written out."""

from __future__ import annotations

from math import exp, isnan

import pytest
from chains import expected, law
from scipy import stats

from sim112.errors import InputError
from sim112.planning.patience import general_patience
from sim112.planning.theory import erlang_a, erlang_b, erlang_c


@pytest.mark.parametrize(
    ("load", "takers", "patience_s", "within_s"),
    [
        (0.003, 1, 60, 15),
        (0.3, 2, 60, 10),
        (4, 5, 90, 20),
        (48, 50, 120, 0),
        (9, 4, 30, 500),
        (30, 3, 20, 60),
    ],
)
def test_exponential_patience_is_erlang_a(
    load: float, takers: int, patience_s: float, within_s: float
) -> None:
    any_patience = general_patience(load / 60, 60, takers, stats.expon(scale=patience_s).sf, within_s)
    for name, exact in vars(erlang_a(load / 60, 60, takers, patience_s, within_s)).items():
        assert getattr(any_patience, name) == pytest.approx(exact, rel=1e-7, abs=1e-14), name


@pytest.mark.parametrize(("load", "takers"), [(0.3, 1), (2, 3), (9, 5)])
def test_fixed_patience_as_in_its_formula(load: float, takers: int) -> None:
    """M/M/c+D: D. Barrer, Queuing with impatient customers and ordered service, 1957."""
    handle_s, patience_s, rate = 60.0, 40.0, load / 60
    drift = takers / handle_s - rate
    weight = 1 / erlang_b(load, takers - 1)
    before = rate * (1 - exp(-drift * patience_s)) / drift
    beyond = rate * exp(-drift * patience_s) * handle_s / takers
    total = weight + before + beyond
    desk = general_patience(
        rate, handle_s, takers, lambda t: float(t < patience_s), within_s=20, breaks_s=[patience_s]
    )
    assert desk.abandoned_share == pytest.approx(beyond / total, rel=1e-8)
    assert desk.waited_share == pytest.approx((before + beyond) / total, rel=1e-8)
    assert desk.abandoned_after_s == pytest.approx(patience_s, rel=1e-8)
    early = rate * (1 - exp(-drift * 20)) / drift
    assert desk.answered_within_share == pytest.approx((weight + early) / total, rel=1e-8)


def test_nobody_waits_is_erlang_b_and_everybody_waits_is_erlang_c() -> None:
    assert general_patience(4 / 60, 60, 5, lambda t: 0.0).abandoned_share == pytest.approx(erlang_b(4, 5))
    endless, exact = general_patience(4 / 60, 60, 5, lambda t: 1.0), erlang_c(4 / 60, 60, 5)
    assert isnan(endless.abandoned_after_s)
    for name in ("waited_share", "waited_longer_share", "mean_wait_s", "answer_delay_s", "occupancy"):
        assert getattr(endless, name) == pytest.approx(getattr(exact, name), rel=1e-8), name


def test_two_kinds_of_callers_equal_the_queue_written_out() -> None:
    """Patience of 20 s or 120 s, equally likely: the queue is a row of kinds, the oldest answered first."""
    rate, handle_s, takers, leave, longest = 1 / 60, 60.0, 1, (1 / 20, 1 / 120), 7

    def moves(state: object) -> list[tuple[object, float]]:
        busy, queue = state  # type: ignore[misc]
        if not busy:
            return [((1, ()), rate)]
        out: list[tuple[object, float]] = []
        if len(queue) < longest:
            out += [((1, (*queue, kind)), rate / 2) for kind in (0, 1)]
        out.append(((1, queue[1:]) if queue else (0, ()), takers / handle_s))
        return out + [((1, queue[:k] + queue[k + 1 :]), leave[kind]) for k, kind in enumerate(queue)]

    shares = law((0, ()), moves)
    desk = general_patience(rate, handle_s, takers, lambda t: (exp(-t / 20) + exp(-t / 120)) / 2)
    lost = expected(shares, lambda s: sum(leave[kind] for kind in s[1]))
    assert desk.abandoned_share == pytest.approx(lost / rate, rel=3e-4)
    assert desk.mean_queued == pytest.approx(expected(shares, lambda s: len(s[1])), rel=1e-3)
    assert desk.waited_share == pytest.approx(expected(shares, lambda s: s[0]), rel=1e-4)


def test_some_callers_never_hang_up() -> None:
    desk = general_patience(0.9 / 60, 60, 1, lambda t: 0.5 + 0.5 * exp(-t / 30))
    assert 0 < desk.abandoned_share < 0.5
    with pytest.raises(
        InputError, match="call_takers=1: must be more than the load of callers who never hang up"
    ):
        general_patience(3 / 60, 60, 1, lambda t: 0.5 + 0.5 * exp(-t / 30))


def test_lognormal_patience_adds_up() -> None:
    desk = general_patience(4 / 60, 60, 4, stats.lognorm(s=1.0, scale=60).sf, within_s=1e5)
    assert desk.answered_within_share == pytest.approx(1 - desk.abandoned_share)
    both = desk.abandoned_share * desk.abandoned_after_s + (1 - desk.abandoned_share) * desk.answer_delay_s
    assert both == pytest.approx(desk.mean_wait_s)


def test_a_share_outside_its_bounds_is_refused() -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        general_patience(1 / 60, 60, 2, lambda t: 1.5)
    with pytest.raises(InputError, match=r"breaks_s\[0\]=-1"):
        general_patience(1 / 60, 60, 2, lambda t: 1.0, breaks_s=[-1])
