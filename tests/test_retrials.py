"""Redialling and overflow: against one-server formulas, and chains written out with a far cut."""

from __future__ import annotations

from math import inf

import pytest
from chains import expected, law

from sim112.errors import InputError
from sim112.planning.retrials import overflow, retrials
from sim112.planning.theory import erlang_b, finite_lines


@pytest.mark.parametrize(("load", "delay_s"), [(0.003, 60.0), (0.3, 30.0), (0.7, 180.0)])
def test_one_server_whose_callers_always_redial(load: float, delay_s: float) -> None:
    """G. Falin and J. Templeton, Retrial Queues, 1997, ch. 1: the mean orbit of the M/M/1 retrial queue."""
    desk = retrials(load / 60, 60, 1, delay_s, redial_blocked_share=1.0)
    assert desk.occupancy == pytest.approx(load)
    assert desk.first_blocked_share == pytest.approx(load)
    assert desk.mean_redialling == pytest.approx(load / (1 - load) * (load / 60 * delay_s + load), rel=1e-7)
    assert desk.answered_share == pytest.approx(1.0)


def test_nobody_redials_is_a_desk_without_redials() -> None:
    desk = retrials(4 / 120, 120, 5, 30, 0.0, lines=8, patience_s=60)
    exact = finite_lines(4 / 120, 120, 5, 8, patience_s=60)
    assert desk.blocked_share == pytest.approx(exact.blocked_share)
    assert desk.first_blocked_share == pytest.approx(exact.blocked_share)
    assert desk.abandoned_share == pytest.approx(exact.abandoned_share)
    assert desk.waited_share == pytest.approx(exact.waited_share)
    assert desk.mean_wait_s == pytest.approx(exact.mean_wait_s)
    assert desk.mean_redialling == 0.0
    assert retrials(4 / 120, 120, 5, 30, 0.0).blocked_share == pytest.approx(erlang_b(4, 5))


@pytest.mark.parametrize(
    ("load", "takers", "lines", "patience_s", "blocked", "abandoned"),
    [(0.3, 1, 2, 60.0, 0.85, 0.5), (3.0, 3, 3, inf, 0.85, 0.0), (2.0, 2, 4, 45.0, 0.85, 0.6)],
)
def test_redials_equal_the_chain_written_out(
    load: float, takers: int, lines: int, patience_s: float, blocked: float, abandoned: float
) -> None:
    rate, serve, leave, redial, most = load / 120, 1 / 120, 1 / patience_s, 1 / 40, 60

    def moves(state: object) -> list[tuple[object, float]]:
        n, orbit = state  # type: ignore[misc]
        out: list[tuple[object, float]] = []
        if n < lines:
            out += [((n + 1, orbit), rate)] + ([((n + 1, orbit - 1), orbit * redial)] if orbit else [])
        else:
            out += [((n, orbit + 1), rate * blocked)] if orbit < most else []
            out += [((n, orbit - 1), orbit * redial * (1 - blocked))] if orbit else []
        if n:
            out.append(((n - 1, orbit), min(n, takers) * serve))
        if n > takers:
            out.append(((n - 1, orbit), (n - takers) * leave * (1 - abandoned)))
            if orbit < most:
                out.append(((n - 1, orbit + 1), (n - takers) * leave * abandoned))
        return out

    shares = law((0, 0), moves)
    desk = retrials(load / 120, 120, takers, 40, blocked, abandoned, lines, patience_s)
    orbit = expected(shares, lambda s: s[1])
    attempts = rate + redial * orbit
    refused = expected(shares, lambda s: (rate + s[1] * redial) * (s[0] == lines))
    waited = expected(shares, lambda s: (rate + s[1] * redial) * (takers <= s[0] < lines))
    queue = expected(shares, lambda s: max(s[0] - takers, 0))
    assert desk.mean_redialling == pytest.approx(orbit, rel=1e-8)
    assert desk.blocked_share == pytest.approx(refused / attempts, rel=1e-8)
    assert desk.first_blocked_share == pytest.approx(expected(shares, lambda s: s[0] == lines), rel=1e-8)
    assert desk.attempts_per_caller == pytest.approx(attempts / rate, rel=1e-8)
    assert desk.abandoned_share == pytest.approx(queue * leave / attempts, rel=1e-8, abs=1e-15)
    assert desk.waited_share == pytest.approx(waited / (attempts - refused), rel=1e-8, abs=1e-15)
    assert desk.mean_wait_s == pytest.approx(queue / (attempts - refused), rel=1e-8, abs=1e-12)
    assert desk.answered_share == pytest.approx(
        expected(shares, lambda s: min(s[0], takers)) * serve / rate, rel=1e-8
    )
    # whoever is not answered gave up after a refusal
    gave_up = refused * (1 - blocked) + queue * leave * (1 - abandoned)
    assert 1 - desk.answered_share == pytest.approx(gave_up / rate, rel=1e-7)


def test_without_own_callers_two_desks_are_one_group() -> None:
    both = overflow(5 / 60, 60, 4, 0.0, 3)
    assert both.overflowed_share == pytest.approx(erlang_b(5, 4))
    assert both.lost_share == pytest.approx(erlang_b(5, 7))
    assert both.overflow_blocked_share == pytest.approx(erlang_b(5, 7) / erlang_b(5, 4))
    # the overflow is burstier than a Poisson stream of the same load
    assert both.overflow_blocked_share > erlang_b(5 * erlang_b(5, 4), 3)


def test_overflow_between_desks_with_queues_equals_the_chain_written_out() -> None:
    rate, own, serve, leave = 3 / 60, 1 / 60, 1 / 60, 1 / 45
    takers, lines = (2, 2), (4, 3)

    def moves(state: object) -> list[tuple[object, float]]:
        first, second = state  # type: ignore[misc]
        out: list[tuple[object, float]] = []
        out += [((first + 1, second), rate)] if first < lines[0] else []
        if second < lines[1]:
            out.append(((first, second + 1), own + (rate if first == lines[0] else 0.0)))
        if first:
            out.append(((first - 1, second), min(first, 2) * serve + max(first - 2, 0) * leave))
        if second:
            out.append(((first, second - 1), min(second, 2) * serve + max(second - 2, 0) * leave))
        return out

    shares = law((0, 0), moves)
    desks = overflow(rate, 60, takers[0], own, takers[1], lines[0], lines[1], patience_s=45)
    alone = finite_lines(rate, 60, takers[0], lines[0], patience_s=45)
    assert desks.overflowed_share == pytest.approx(alone.blocked_share)
    assert desks.mean_wait_s[0] == pytest.approx(alone.mean_wait_s)
    lost = expected(shares, lambda s: s == lines)
    refused = expected(shares, lambda s: s[1] == lines[1])
    accepted = own * (1 - refused) + rate * (desks.overflowed_share - lost)
    assert desks.lost_share == pytest.approx(lost)
    assert desks.second_blocked_share == pytest.approx(refused)
    assert desks.mean_wait_s[1] == pytest.approx(expected(shares, lambda s: max(s[1] - 2, 0)) / accepted)
    assert desks.abandoned_share[1] == pytest.approx(desks.mean_wait_s[1] / 45)
    assert desks.occupancy[1] == pytest.approx(expected(shares, lambda s: min(s[1], 2)) / 2)


def test_light_loads_keep_their_small_shares_exact() -> None:
    desks = overflow(0.003 / 60, 60, 3, 0.0, 3)
    assert desks.lost_share == pytest.approx(erlang_b(0.003, 6), rel=1e-10)
    desk = retrials(0.003 / 60, 60, 4, 30, 0.85)
    assert desk.first_blocked_share == pytest.approx(erlang_b(0.003, 4), rel=0.05)


@pytest.mark.parametrize(
    ("impossible", "told"),
    [
        (lambda: retrials(3 / 60, 60, 3, 30, 1.0), "redial_blocked_share=1: with 3 erlang on 3"),
        (lambda: retrials(1 / 60, 60, 3, 30, 1.2), "redial_blocked_share=1.2"),
        (lambda: retrials(1 / 60, 60, 3, 0, 0.5), "redial_delay_s=0"),
        (lambda: retrials(1 / 60, 60, 3, 30, 0.5, lines=2), "lines=2"),
        (lambda: overflow(1 / 60, 60, 3, -1.0, 3), "second_rate_per_s=-1"),
        (lambda: overflow(1 / 60, 60, 3, 0.0, 3, lines=1000, second_lines=1000), "states"),
    ],
)
def test_impossible_inputs_are_one_clear_line(impossible: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        impossible()  # type: ignore[operator]
