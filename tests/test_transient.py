"""A desk whose arrivals and roster change: against steady states, a known law, and chains written out."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, inf, pi, sin

import numpy as np
import pytest
from chains import generator, reaches
from scipy.linalg import expm

from sim112.errors import InputError
from sim112.planning.theory import erlang_a, erlang_c, finite_lines
from sim112.planning.transient import time_varying

HOUR = 3600.0


@pytest.mark.parametrize(
    ("load", "takers", "lines", "patience_s"),
    [(0.003, 1, None, inf), (0.3, 2, None, inf), (3, 4, 8, 60.0), (3, 4, None, 60.0), (2, 4, 5, inf)],
)
def test_a_long_constant_day_ends_in_the_steady_state(
    load: float, takers: int, lines: int | None, patience_s: float
) -> None:
    day = time_varying(
        [(0, load / 120)], 120, [(0, takers)], [0, 6 * HOUR, 7 * HOUR], patience_s, lines, within_s=20
    )
    if lines is not None:
        steady = finite_lines(load / 120, 120, takers, lines, patience_s, within_s=20)
    elif patience_s < inf:
        steady = erlang_a(load / 120, 120, takers, patience_s, within_s=20)
    else:
        steady = erlang_c(load / 120, 120, takers, within_s=20)
    assert day.offered_calls[1] == pytest.approx(load / 120 * HOUR)
    assert day.blocked_share[1] == pytest.approx(steady.blocked_share, rel=1e-6, abs=1e-9)
    assert day.waited_share[1] == pytest.approx(steady.waited_share, rel=1e-6)
    assert day.answered_within_share[1] == pytest.approx(steady.answered_within_share, rel=1e-7)
    assert day.abandoned_per_s[1] == pytest.approx(load / 120 * steady.abandoned_share, rel=1e-6, abs=1e-12)
    assert day.mean_queued[1] == pytest.approx(steady.mean_queued, rel=1e-6)
    assert day.mean_busy[1] == pytest.approx(takers * steady.occupancy, rel=1e-7)
    assert day.state_share.sum(axis=(1, 2)) == pytest.approx([1.0, 1.0, 1.0])


def test_many_call_takers_follow_the_law_of_an_unlimited_group() -> None:
    """Mean busy under a sine (S. Eick, W. Massey and W. Whitt, The physics of the Mt/G/inf queue, 1993)."""
    level, swing, speed, serve = 3 / 120, 2 / 120, 2 * pi / HOUR, 1 / 120
    edges = [0.0, 5 * HOUR, *(5 * HOUR + np.arange(1, 5) * 600)]
    day = time_varying(lambda t: level + swing * sin(speed * t), 120, [(0, 40)], edges)

    def integral(t: float) -> float:  # of the mean number busy, long after the start
        lag = serve**2 + speed**2
        return level / serve * t - swing / lag * (serve * cos(speed * t) / speed + sin(speed * t))

    exact = np.diff([integral(t) for t in edges[1:]]) / 600
    assert day.mean_busy[1:] == pytest.approx(exact, rel=1e-7)


class WrittenOut:
    """The desk as matrices built move by move, for a roster of steps and steps of arrivals."""

    def __init__(self, serve: float, leave: float, most: int, longest: int, lines: int, fresh: bool) -> None:
        self.serve, self.leave, self.lines, self.fresh = serve, leave, lines, fresh
        self.states = [(b, q) for b in range(most + 1) for q in range(longest + 1) if b + q <= lines]
        self.number = {state: k for k, state in enumerate(self.states)}
        self.longest = longest

    def rates(self, rate: float, people: int) -> np.ndarray:
        matrix = np.zeros((len(self.states), len(self.states)))
        for (b, q), k in self.number.items():
            if q > 0 and b < people:
                continue  # cannot be
            if b < people and b + q < self.lines:
                matrix[k, self.number[(b + 1, q)]] += rate
            elif b + q < self.lines and q < self.longest:
                matrix[k, self.number[(b, q + 1)]] += rate
            if b:
                takes_next = q > 0 and b - 1 < people
                matrix[k, self.number[(b, q - 1) if takes_next else (b - 1, q)]] += b * self.serve
            if q:
                matrix[k, self.number[(b, q - 1)]] += q * self.leave
        return matrix - np.diag(matrix.sum(axis=1))

    def step(self, law: np.ndarray, people: int) -> np.ndarray:
        after = np.zeros_like(law)
        for (b, q), k in self.number.items():
            b = 0 if self.fresh else b
            while q > 0 and b < people:
                b, q = b + 1, q - 1
            if law[k] > 0:
                after[self.number[(b, q)]] += law[k]
        return after

    def mean(self, law: np.ndarray, value: Callable[[int, int], float]) -> float:
        return sum(law[k] * value(b, q) for (b, q), k in self.number.items())

    def answered(
        self, state: tuple[int, int], people: int, within_s: float, then: int, after_s: float
    ) -> float:
        """The chance that who finds ``state`` is answered in time, with ``then`` on duty from ``after_s``."""
        b, q = state
        if b + q >= self.lines:
            return 0.0
        if b < people:
            return 1.0

        def moves(on_duty: int) -> Callable[[object], list[tuple[object, float]]]:
            def of(place: object) -> list[tuple[object, float]]:
                if isinstance(place, str):
                    return []
                busy, ahead = place  # type: ignore[misc]
                out: list[tuple[object, float]] = [("gone", self.leave)]
                if ahead:
                    out.append(((busy, ahead - 1), ahead * self.leave))
                if busy and busy - 1 < on_duty:
                    out.append(((busy, ahead - 1) if ahead else "answered", busy * self.serve))
                elif busy:
                    out.append(((busy - 1, ahead), busy * self.serve))
                return out

            return of

        if after_s >= within_s:
            return reaches((b, q), "answered", moves(people), within_s)
        number, matrix = generator((b, q), moves(people))
        chances = expm(matrix * after_s)[0]
        total = 0.0
        for place, k in number.items():
            if place == "answered":
                total += chances[k]
            elif place != "gone":
                busy, ahead = place  # type: ignore[misc]
                busy = 0 if self.fresh else busy
                while ahead >= 0 and busy < then:
                    busy, ahead = busy + 1, ahead - 1
                if ahead < 0:
                    total += chances[k]
                else:
                    total += chances[k] * reaches((busy, ahead), "answered", moves(then), within_s - after_s)
        return total


@pytest.mark.parametrize(
    ("shift_end", "lines", "before", "after"),
    [("finish", 9, 5, 2), ("finish", 9, 1, 4), ("finish", None, 4, 0), ("fresh_crew", None, 4, 2)],
)
def test_a_roster_step_equals_the_chain_written_out(
    shift_end: str, lines: int | None, before: int, after: int
) -> None:
    serve, leave, rate, later_rate, within_s = 1 / 120, 1 / 80, 3 / 120, 2 / 120, 30.0
    longest = 9 if lines else 22
    out = WrittenOut(serve, leave, max(before, after), longest, lines or 99, shift_end == "fresh_crew")
    # windows of a thousandth of a second show the law and the chances at their moment
    moments = [400.0, 580.0, 597.0, 610.0, 700.0]
    edges = [0.0, *(at for moment in moments for at in (moment, moment + 0.001))]
    day = time_varying(
        [(0.0, rate), (450.0, later_rate)],
        120,
        [(0.0, before), (600.0, after)],
        edges,
        patience_s=80,
        lines=lines,
        within_s=within_s,
        shift_end=shift_end,  # type: ignore[arg-type]
    )
    law, now, people = np.zeros(len(out.states)), 0.0, before
    law[out.number[(0, 0)]] = 1.0
    steps = {450.0: "rate", 600.0: "roster"}
    current = rate
    for at in sorted([*moments, *steps]):
        law = law @ expm(out.rates(current, people) * (at - now))
        now = at
        if steps.get(at) == "rate":
            current = later_rate
        elif steps.get(at) == "roster":
            people = after
            law = out.step(law, people)
        else:
            edge = edges.index(at)
            for (b, q), k in out.number.items():
                if max(b, q) < min(day.state_share.shape[1], 10) and b < day.state_share.shape[1]:
                    assert day.state_share[edge, b, q] == pytest.approx(law[k], abs=1e-8)
            assert day.mean_queued[edge] == pytest.approx(out.mean(law, lambda b, q: q), rel=1e-4)
            assert day.mean_busy[edge] == pytest.approx(out.mean(law, lambda b, q: b), rel=1e-3)
            full = out.mean(law, lambda b, q: float(b + q >= out.lines))
            assert day.blocked_share[edge] == pytest.approx(full, rel=1e-3, abs=1e-8)
            waits = out.mean(law, lambda b, q, c=people: float(b >= c and b + q < out.lines))
            assert day.waited_share[edge] == pytest.approx(waits / (1 - full), rel=1e-3)
            chance = sum(
                share * out.answered(state, people, within_s, after, 600.0 - at if at < 600 else inf)
                for state, share in zip(out.states, law, strict=True)
                if share > 1e-9
            )
            assert day.answered_within_share[edge] == pytest.approx(chance, abs=1e-5), at


def test_windows_add_up_to_the_whole_whatever_the_windows() -> None:
    roster = [(0.0, 2), (2 * HOUR, 5), (4 * HOUR, 1)]
    profile = dict(handle_s=150.0, roster=roster, patience_s=90.0, lines=7, within_s=25.0)

    def rate(time_s: float) -> float:
        return (2 + sin(time_s / 2000)) / 150

    hours = time_varying(rate, edges_s=np.arange(7) * HOUR, **profile)
    whole = time_varying(rate, edges_s=[0, 6 * HOUR], **profile)
    assert hours.offered_calls.sum() == pytest.approx(whole.offered_calls[0])
    for name in ("blocked_share", "answered_within_share"):
        together = hours.offered_calls @ getattr(hours, name) / hours.offered_calls.sum()
        assert together == pytest.approx(getattr(whole, name)[0], rel=1e-6), name
    for name in ("abandoned_per_s", "mean_queued", "mean_busy"):
        assert getattr(hours, name).mean() == pytest.approx(getattr(whole, name)[0], rel=1e-6), name
    # who came in has left, or is still there
    inside = (whole.state_share[1] * np.add.outer(np.arange(6), np.arange(8))).sum()
    answered = whole.mean_busy[0] * 6 * HOUR / 150
    left = whole.abandoned_per_s[0] * 6 * HOUR
    assert answered + left + inside == pytest.approx(
        whole.offered_calls[0] * (1 - whole.blocked_share[0]), rel=1e-7
    )


def test_an_answer_in_no_time_is_an_answer_at_once() -> None:
    day = time_varying([(0, 2 / 60)], 60, [(0, 2), (900, 3)], [0, 1800], patience_s=60, within_s=0)
    assert day.answered_within_share == pytest.approx(1 - day.waited_share)


def test_a_quiet_night_with_nobody_calling_has_no_shares() -> None:
    day = time_varying([(0, 0.0), (HOUR, 1 / 60)], 60, [(0, 1)], [0, HOUR, 2 * HOUR], patience_s=60)
    assert np.isnan(day.blocked_share[0])
    assert day.mean_busy[0] == 0.0
    assert day.mean_busy[1] > 0.3


def test_more_states_than_a_dense_solver_takes() -> None:
    day = time_varying([(0, 20 / 60)], 60, [(0, 24), (600, 20)], [0, 600, 4200], patience_s=60, lines=48)
    assert day.state_share.shape[1] == 25
    steady = finite_lines(20 / 60, 60, 20, 48, patience_s=60)
    late = time_varying([(0, 20 / 60)], 60, [(0, 20)], [0, 600, 4200], patience_s=60, lines=48)
    assert day.mean_queued[1] == pytest.approx(late.mean_queued[1], rel=0.05)
    assert late.mean_queued[1] == pytest.approx(steady.mean_queued, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (dict(handle_s=0), "handle_s=0"),
        (dict(edges_s=[0, 0]), "edges_s"),
        (dict(edges_s=[0]), "edges_s"),
        (dict(roster=[(60, 2)]), "roster: must be .* the first by 0 s"),
        (dict(roster=[(0, 2), (0, 3)]), "roster: must be .* rising"),
        (dict(roster=[(0, 1.5)]), "roster=1.5"),
        (dict(roster=[(0, -1)]), "roster from 0 s=-1"),
        (dict(rate_per_s=[(0, -0.1)]), "rate_per_s from 0 s=-0.1"),
        (dict(rate_per_s=lambda t: -1.0), "rate_per_s at 0 s=-1"),
        (dict(lines=0), "lines=0"),
        (dict(lines=4, shift_end="fresh_crew"), "lines=4: must be without a limit"),
        (dict(shift_end="cut"), "shift_end=cut"),
        (dict(within_s=-1), "within_s=-1"),
        (dict(rate_per_s=[(0, 3000 / HOUR)], handle_s=1e6, edges_s=[0, HOUR]), "too few call-takers"),
    ],
)
def test_impossible_inputs_are_one_clear_line(change: dict[str, object], told: str) -> None:
    possible = dict(rate_per_s=[(0, 1 / 60)], handle_s=60, roster=[(0, 2)], edges_s=[0, 600])
    with pytest.raises(InputError, match=told):
        time_varying(**(possible | change))  # type: ignore[arg-type]
