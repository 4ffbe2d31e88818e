"""One desk in a steady state: published values, exact fractions, and chains solved by another way."""

from __future__ import annotations

from fractions import Fraction
from math import exp, inf, isnan, nan

import numpy as np
import pytest
from chains import expected, law, reaches, time_until
from scipy.integrate import quad

from sim112.errors import InputError
from sim112.planning.theory import (
    DeskMeasures,
    erlang_a,
    erlang_b,
    erlang_c,
    finite_lines,
    mean_wait_one_server_s,
    priority,
)


def blocked_fraction(load: Fraction, servers: int) -> Fraction:
    """Erlang B from its definition: the last Poisson weight over the sum of all."""
    weight, total = Fraction(1), Fraction(1)
    for n in range(1, servers + 1):
        weight = weight * load / n
        total += weight
    return weight / total


LIGHT_AND_HEAVY = ["3/1000", "1/100", "3/10", "1", "4", "9", "25"]


@pytest.mark.parametrize("load", LIGHT_AND_HEAVY)
@pytest.mark.parametrize("servers", [1, 2, 3, 10, 30])
def test_erlang_b_equals_its_exact_fraction(load: str, servers: int) -> None:
    exact = float(blocked_fraction(Fraction(load), servers))
    assert erlang_b(float(Fraction(load)), servers) == pytest.approx(exact, rel=1e-13, abs=1e-300)


def test_erlang_b_as_in_published_tables() -> None:
    # loads that lose 1 % on 10 and on 100 circuits, to the digits of the usual tables; 10 erlang on 10
    assert erlang_b(4.46, 10) == pytest.approx(0.010, abs=5e-5)
    assert erlang_b(10, 10) == pytest.approx(0.2146, abs=5e-5)
    assert erlang_b(84.1, 100) == pytest.approx(0.010, abs=1e-4)


@pytest.mark.parametrize("load", [0.003, 0.3, 2.0, 40.0, 99.9, 100.1, 800.0])
@pytest.mark.parametrize("servers", [0.25, 0.5, 2.7, 10.999])
def test_erlang_b_between_whole_numbers_is_its_integral(load: float, servers: float) -> None:
    inverse = sum(
        quad(lambda u: exp(-u) * (1 + u / load) ** servers, low, high, epsrel=1e-12)[0]
        for low, high in ((0, 0.01), (0.01, 0.1), (0.1, 1), (1, 10), (10, 30), (30, 100))
    )
    assert erlang_b(load, servers) == pytest.approx(1 / inverse, rel=1e-8)


def test_erlang_b_falls_smoothly_through_a_whole_number() -> None:
    below, at, above = (erlang_b(3.0, servers) for servers in (4 - 1e-6, 4, 4 + 1e-6))
    assert below > at > above
    assert below - at == pytest.approx(at - above, rel=1e-4)


def test_erlang_b_of_thousands_of_servers_and_of_no_load() -> None:
    assert 0.0 < erlang_b(10_000, 10_000) < 0.01
    assert erlang_b(0.0, 3) == 0.0
    assert erlang_b(0.0, 0) == 1.0
    assert erlang_b(2.0, 0) == 1.0


@pytest.mark.parametrize("load", ["3/1000", "3/10", "9/10"])
@pytest.mark.parametrize("servers", [1, 2, 3])
def test_erlang_c_equals_its_exact_fraction(load: str, servers: int) -> None:
    a = Fraction(load)
    blocked = blocked_fraction(a, servers)
    waited = servers * blocked / (servers - a * (1 - blocked))
    desk = erlang_c(float(a) / 120, 120, servers, within_s=10)
    assert desk.waited_share == pytest.approx(float(waited), rel=1e-12)
    assert desk.mean_wait_s == pytest.approx(float(waited * 120 / (servers - a)), rel=1e-12)
    assert desk.waited_longer_share == pytest.approx(float(waited) * exp(-float(servers - a) / 12), rel=1e-12)
    assert desk.answered_within_share + desk.waited_longer_share == pytest.approx(1.0)
    assert desk.mean_queued == pytest.approx(desk.mean_wait_s * float(a) / 120)


def test_erlang_c_as_published() -> None:
    # the worked example of the R package ErlangC: 100 calls in 30 minutes of 180 s, 14 people, 20 s
    desk = erlang_c(100 / 1800, 180, 14, within_s=20)
    assert desk.waited_share == pytest.approx(0.1741319, abs=5e-8)
    assert desk.answered_within_share == pytest.approx(0.88835, abs=5e-6)
    assert desk.answer_delay_s == pytest.approx(7.83593701, abs=5e-9)
    # Bronson, Operations Research, 1982, problem 24.6: 300 a year, 2 days each, 3 servers
    desk = erlang_c(300.0, 1 / 182.5, 3)
    assert desk.mean_queued == pytest.approx(0.352, abs=1e-3)
    assert desk.mean_lines == pytest.approx(1.996, abs=1e-3)


def test_fifty_agents_of_garnett_mandelbaum_and_reiman() -> None:
    """48 calls a minute of a minute each, 50 agents.

    Published without abandonment: mean wait 20.8 s, 90th percentile 58.1 s. With a mean patience of two
    minutes: 3.1 % abandon, mean wait 3.7 s, 90th percentile 12.5 s, 93 % busy. (A mean patience of one
    minute, as the example is sometimes told, gives 3.9 % and 2.4 s.)
    """
    patient = erlang_c(48 / 60, 60, 50, within_s=58.1)
    assert patient.mean_wait_s == pytest.approx(20.8, abs=0.05)
    assert patient.waited_longer_share == pytest.approx(0.1, abs=2e-4)
    desk = erlang_a(48 / 60, 60, 50, patience_s=120, within_s=12.5)
    assert desk.abandoned_share == pytest.approx(0.031, abs=5e-4)
    assert desk.mean_wait_s == pytest.approx(3.7, abs=0.05)
    assert desk.waited_longer_share == pytest.approx(0.1, abs=2e-3)
    assert desk.occupancy == pytest.approx(0.93, abs=5e-3)
    shorter = erlang_a(48 / 60, 60, 50, patience_s=60)
    assert shorter.abandoned_share == pytest.approx(0.0394, abs=5e-5)
    assert shorter.mean_wait_s == pytest.approx(2.365, abs=5e-4)


def written_out(
    rate: float, handle_s: float, takers: int, lines: int, patience_s: float, within_s: float
) -> DeskMeasures:
    """The desk as a chain, and every waiting caller followed through the queue ahead, move by move."""
    leave = 1 / patience_s

    def desk(n: int) -> list[tuple[int, float]]:
        up = [(n + 1, rate)] if n < lines else []
        return up + ([(n - 1, min(n, takers) / handle_s + max(n - takers, 0) * leave)] if n else [])

    def caller(ahead: object) -> list[tuple[object, float]]:
        if isinstance(ahead, str):
            return []
        assert isinstance(ahead, int)
        onward = ahead - 1 if ahead else "answered"
        return [(onward, takers / handle_s), ("gone", leave)] + (
            [(ahead - 1, ahead * leave)] if ahead else []
        )

    shares = law(0, desk)
    waits = {n - takers: share for n, share in shares.items() if takers <= n < lines}
    accepted = 1 - shares[lines]
    at_once = sum(share for n, share in shares.items() if n < takers)
    queue = expected(shares, lambda n: max(n - takers, 0))
    in_time = {k: reaches(k, "answered", caller, within_s) for k in waits}
    gone = {k: reaches(k, "gone", caller, within_s) for k in waits}
    ends = {k: time_until(k, "answered", caller) for k in waits}
    answered = sum(share * ends[k][0] for k, share in waits.items())
    answer_wait = sum(share * ends[k][1] for k, share in waits.items())
    busy = expected(shares, lambda n: min(n, takers))
    abandoned = queue * leave / rate
    return DeskMeasures(
        within_s=within_s,
        blocked_share=shares[lines],
        abandoned_share=abandoned,
        waited_share=sum(waits.values()) / accepted,
        waited_longer_share=sum(s * (1 - in_time[k] - gone[k]) for k, s in waits.items()) / accepted,
        answered_within_share=at_once + sum(s * in_time[k] for k, s in waits.items()),
        mean_wait_s=queue / rate / accepted,
        answer_delay_s=answer_wait / (at_once + answered),
        abandoned_after_s=(queue / rate - answer_wait) / abandoned if abandoned else nan,
        occupancy=busy / takers,
        mean_queued=queue,
        mean_lines=queue + busy,
    )


@pytest.mark.parametrize(
    "desk",
    [
        (0.003 / 120, 120.0, 1, 2, 60.0, 15.0),
        (0.3 / 120, 120.0, 2, 6, 60.0, 10.0),
        (4 / 120, 120.0, 5, 8, 90.0, 20.0),
        (9 / 60, 60.0, 4, 12, 30.0, 15.0),
        (2 / 60, 60.0, 2, 7, inf, 30.0),
    ],
)
def test_finite_lines_equal_the_chain_written_out(desk: tuple[float, float, int, int, float, float]) -> None:
    exact, desk_measures = written_out(*desk), finite_lines(*desk)
    for name, value in vars(exact).items():
        got = getattr(desk_measures, name)
        assert (isnan(got) and isnan(value)) or got == pytest.approx(value, rel=1e-7, abs=1e-13), name


def test_as_many_lines_as_call_takers_is_erlang_b() -> None:
    desk = finite_lines(9 / 60, 60, 7, 7, patience_s=30)
    assert desk.blocked_share == pytest.approx(erlang_b(9, 7))
    assert desk.waited_share == desk.mean_wait_s == desk.abandoned_share == 0.0
    assert desk.answered_within_share == pytest.approx(1 - erlang_b(9, 7))


def test_many_lines_are_erlang_a_and_then_long_patience_is_erlang_c() -> None:
    load = dict(rate_per_s=4 / 120, handle_s=120.0, call_takers=5, within_s=20.0)
    many, any_number = finite_lines(lines=400, patience_s=70.0, **load), erlang_a(patience_s=70.0, **load)
    for name, value in vars(any_number).items():
        assert getattr(many, name) == pytest.approx(value, rel=1e-10, abs=1e-15), name
    longest, endless = erlang_a(patience_s=1e11, **load), erlang_a(patience_s=inf, **load)
    for name, value in vars(endless).items():
        if name != "abandoned_after_s":
            assert getattr(longest, name) == pytest.approx(value, rel=1e-7, abs=1e-8), name


def test_everybody_answered_or_lost_and_waits_add_up() -> None:
    desk = finite_lines(11 / 120, 120, 6, 15, patience_s=45, within_s=1e5)
    assert desk.answered_within_share == pytest.approx(1 - desk.blocked_share - desk.abandoned_share)
    accepted = 1 - desk.blocked_share
    both = desk.abandoned_share * desk.abandoned_after_s
    both += (accepted - desk.abandoned_share) * desk.answer_delay_s
    assert both == pytest.approx(accepted * desk.mean_wait_s)
    assert desk.occupancy * 6 == pytest.approx(11 * (accepted - desk.abandoned_share))


def test_an_overloaded_desk_loses_what_it_cannot_take() -> None:
    assert erlang_a(30 / 60, 60, 10, patience_s=600).abandoned_share == pytest.approx(2 / 3, abs=1e-6)


def test_priorities_equal_a_chain_of_two_queues() -> None:
    urgent, other, handle_s, takers, most = 0.5 / 60, 0.7 / 60, 60.0, 2, 30

    def moves(state: object) -> list[tuple[object, float]]:
        busy, first, second = state  # type: ignore[misc]
        out: list[tuple[object, float]] = []
        if busy < takers:
            out.append(((busy + 1, 0, 0), urgent + other))
        else:
            if first < 15:
                out.append(((busy, first + 1, second), urgent))
            if second < most:
                out.append(((busy, first, second + 1), other))
        if first:
            out.append(((busy, first - 1, second), busy / handle_s))
        elif second:
            out.append(((busy, first, second - 1), busy / handle_s))
        elif busy:
            out.append(((busy - 1, 0, 0), busy / handle_s))
        return out

    shares = law((0, 0, 0), moves)
    waits = priority([urgent, other], handle_s, takers)
    assert waits.mean_wait_s[0] == pytest.approx(expected(shares, lambda s: s[1]) / urgent, rel=1e-5)
    assert waits.mean_wait_s[1] == pytest.approx(expected(shares, lambda s: s[2]) / other, rel=1e-5)


def test_three_classes_agree_with_two_when_neighbours_are_merged() -> None:
    rates = [0.4 / 60, 0.5 / 60, 0.6 / 60]
    three = priority(rates, 60, 2).mean_wait_s
    merged_last = priority([rates[0], rates[1] + rates[2]], 60, 2).mean_wait_s
    merged_first = priority([rates[0] + rates[1], rates[2]], 60, 2).mean_wait_s
    assert three[0] == pytest.approx(merged_last[0])
    assert three[2] == pytest.approx(merged_first[1])
    assert np.dot(rates, three) / sum(rates) == pytest.approx(erlang_c(sum(rates), 60, 2).mean_wait_s)
    assert priority([1 / 60], 60, 2).mean_wait_s == pytest.approx((erlang_c(1 / 60, 60, 2).mean_wait_s,))


def test_one_server_of_any_handle_time() -> None:
    assert mean_wait_one_server_s(0.3 / 60, 60, 1.0) == pytest.approx(erlang_c(0.3 / 60, 60, 1).mean_wait_s)
    fixed, exponential = (mean_wait_one_server_s(0.9 / 60, 60, variation) for variation in (0.0, 1.0))
    assert fixed == pytest.approx(exponential / 2)
    assert fixed == pytest.approx(0.9 * 60 / (2 * 0.1))


@pytest.mark.parametrize(
    ("impossible", "told"),
    [
        (lambda: erlang_b(-1, 3), "load_erlang=-1"),
        (lambda: erlang_b(nan, 3), "load_erlang=nan"),
        (lambda: erlang_b(1, -0.5), "servers=-0.5"),
        (lambda: erlang_c(3 / 60, 60, 3), "call_takers=3: must be more than the load of 3 erlang"),
        (lambda: erlang_c(1, -60, 3), "handle_s=-60"),
        (lambda: erlang_c(0, 60, 3), "rate_per_s=0"),
        (lambda: erlang_c(1 / 60, 60, 2.5), "call_takers=2.5"),  # type: ignore[arg-type]
        (lambda: erlang_a(1 / 60, 60, 2, patience_s=0), "patience_s=0"),
        (lambda: erlang_a(1 / 60, 60, 2, patience_s=9, within_s=-1), "within_s=-1"),
        (lambda: erlang_a(9 / 60, 60, 2, patience_s=1e9), "patience_s=1e"),
        (lambda: finite_lines(1 / 60, 60, 3, 2), "lines=2"),
        (lambda: priority([], 60, 2), "at least one class"),
        (lambda: priority([1 / 60, 0], 60, 2), r"rates_per_s\[1\]=0"),
        (lambda: priority([1 / 60, 1 / 60], 60, 2), "call_takers=2"),
        (lambda: mean_wait_one_server_s(1 / 60, 60, 1), "must be below 1"),
        (lambda: mean_wait_one_server_s(0.5 / 60, 60, -1), "variation=-1"),
    ],
)
def test_impossible_inputs_are_one_clear_line(impossible: object, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        impossible()  # type: ignore[operator]
    assert "\n" not in str(error.value)
