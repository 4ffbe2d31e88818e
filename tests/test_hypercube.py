"""Larson's hypercube: the published three-unit example, and chains written out with the queue in them."""

from __future__ import annotations

import numpy as np
import pytest
from chains import expected, law

from sim112.errors import InputError
from sim112.planning.hypercube import Hypercube, hypercube
from sim112.planning.theory import erlang_b, erlang_c

# Atoms 1, 2, 4 (unit 1's area), then the areas of units 2 and 3 as a whole; units numbered from 0. Unit 1 is
# backed up by unit 2 in atoms 1 and 2, by unit 3 in atom 4; unit 1 backs up everybody else.
RATES = [0.25, 0.25, 0.25, 0.35, 0.40]
PREFERENCES = [(0, 1, 2), (0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 0, 1)]


def written_out(
    rates: list[float],
    busy_s: list[float],
    preferences: list[tuple[int, ...]],
    longest: int,
) -> tuple[dict[object, float], np.ndarray]:
    """The law of (busy units, queued), cut at ``longest``, and dispatches a second [zones, units]."""
    units, total = len(busy_s), sum(rates)

    def moves(state: object) -> list[tuple[object, float]]:
        busy, queued = state  # type: ignore[misc]
        out: list[tuple[object, float]] = []
        for rate, order in zip(rates, preferences, strict=True):
            free = [unit for unit in order if unit not in busy]
            if free:
                out.append(((busy | {free[0]}, 0), rate))
            elif queued < longest:
                out.append(((busy, queued + 1), rate))
        for unit in busy:
            out.append(((busy, queued - 1) if queued else (busy - {unit}, 0), 1 / busy_s[unit]))
        return out

    shares = law((frozenset(), 0), moves)
    dispatches = np.zeros((len(rates), units))
    for (busy, queued), share in shares.items():  # type: ignore[misc]
        for zone, order in enumerate(preferences):
            free = [unit for unit in order if unit not in busy]
            if free:
                dispatches[zone, free[0]] += share * rates[zone]
            if queued:  # the head of the queue comes from any zone
                for unit in busy:
                    dispatches[zone, unit] += share / busy_s[unit] * rates[zone] / total
    return shares, dispatches


def test_three_units_of_larson_and_odoni() -> None:
    """Urban Operations Research, 1981, sections 5.4.3, 5.4.4 and 5.5.3.

    Published: 1.5 calls a service time, half of them in unit 1's area; workloads 0.5574, 0.4734, 0.4693;
    queueing probability 0.23684; 0.43529 of the dispatches cross areas (from state probabilities of four
    digits); 8.7 % of all calls are unit 1 sent to atom 1. The areas of units 2 and 3 are taken as 0.35 and
    0.40 calls a service time.
    """
    city = hypercube(RATES, [1.0, 1.0, 1.0], PREFERENCES, "wait")
    assert city.utilisation == pytest.approx([0.5574, 0.4734, 0.4693], abs=5.1e-5)
    assert city.all_busy_share == pytest.approx(0.23684, abs=5e-6)
    assert city.out_of_area_share == pytest.approx(0.43529, abs=1e-4)
    assert city.dispatch_share[0, 0] == pytest.approx(0.087, abs=5e-4)


@pytest.mark.parametrize("busy_s", [[1.0, 1.0, 1.0], [0.5, 1.3, 0.9]])
def test_waiting_calls_equal_the_chain_written_out(busy_s: list[float]) -> None:
    city = hypercube(RATES, busy_s, PREFERENCES, "wait")
    shares, dispatches = written_out(RATES, busy_s, PREFERENCES, longest=60)
    for unit in range(3):
        assert city.utilisation[unit] == pytest.approx(
            expected(shares, lambda s, u=unit: u in s[0]), rel=1e-8
        )
    assert city.dispatch_share == pytest.approx(dispatches / dispatches.sum(), rel=1e-7)
    assert city.all_busy_share == pytest.approx(expected(shares, lambda s: len(s[0]) == 3), rel=1e-8)
    assert city.mean_wait_s == pytest.approx(expected(shares, lambda s: s[1]) / sum(RATES), rel=1e-7)
    assert city.state_share[0b011] == pytest.approx(shares[(frozenset({0, 1}), 0)], rel=1e-8)


def test_lost_calls_and_short_lists_equal_the_chain_written_out() -> None:
    busy_s = [0.5, 1.3, 0.9]
    travel = np.array([[3.0, 4, 5, 9, 9], [7, 6, 9, 2, 8], [9, 9, 4, 8, 1]])
    for preferences in (PREFERENCES, [(0, 1), (0,), (0, 2, 1), (1,), (2, 0)]):
        city = hypercube(RATES, busy_s, preferences, "lost", travel)
        shares, dispatches = written_out(RATES, busy_s, preferences, longest=0)
        assert city.dispatch_share == pytest.approx(dispatches / dispatches.sum(), rel=1e-9)
        assert city.all_busy_share == pytest.approx(1 - dispatches.sum() / sum(RATES), rel=1e-9)
        # a unit is busy as long as it is sent
        assert city.utilisation == pytest.approx(dispatches.sum(axis=0) * busy_s, rel=1e-9)
        weighted = dispatches * travel.T
        assert city.mean_travel_s == pytest.approx(weighted.sum() / dispatches.sum())
        assert city.zone_travel_s == pytest.approx(weighted.sum(axis=1) / dispatches.sum(axis=1))
        assert city.unit_travel_s == pytest.approx(weighted.sum(axis=0) / dispatches.sum(axis=0))
        assert city.mean_wait_s == 0.0
        assert shares[(frozenset(), 0)] == pytest.approx(city.state_share[0], rel=1e-9)


def random_city(units: int, when_none: str, load: float) -> Hypercube:
    rng = np.random.default_rng(5)
    rates = rng.uniform(0.5, 1.5, 10)
    orders = [tuple(int(u) for u in rng.permutation(units)) for _ in range(10)]
    return hypercube(list(rates / rates.sum() * load / 900), [900.0] * units, orders, when_none)  # type: ignore[arg-type]


@pytest.mark.parametrize(("units", "load"), [(2, 0.01), (5, 0.3), (8, 5.0), (10, 7.0)])
def test_equal_units_together_are_erlang_b_or_c(units: int, load: float) -> None:
    lost = random_city(units, "lost", load)
    assert lost.all_busy_share == pytest.approx(erlang_b(load, units), rel=1e-8)
    assert lost.utilisation.sum() == pytest.approx(load * (1 - erlang_b(load, units)), rel=1e-10)
    waits, group = random_city(units, "wait", load), erlang_c(load / 900, 900, units)
    assert waits.all_busy_share == pytest.approx(group.waited_share, rel=1e-8)
    assert waits.mean_wait_s == pytest.approx(group.mean_wait_s, rel=1e-8)
    assert waits.utilisation.sum() == pytest.approx(load)
    assert waits.dispatch_share.sum() == pytest.approx(1.0)
    assert waits.state_share.sum() == pytest.approx(1.0)


def test_twelve_units_are_possible_and_thirteen_refused() -> None:
    assert random_city(12, "lost", 9.0).all_busy_share == pytest.approx(erlang_b(9.0, 12), rel=1e-8)
    with pytest.raises(InputError, match="13 units, must be 1 to 12"):
        hypercube([1.0], [1.0] * 13, [tuple(range(13))], "lost")


def test_one_unit_alone_is_a_single_server() -> None:
    assert hypercube([0.5], [1.0], [(0,)], "lost").all_busy_share == pytest.approx(1 / 3)
    assert hypercube([0.5], [1.0], [(0,)], "wait").mean_wait_s == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("impossible", "told"),
    [
        (lambda: hypercube([1.0], [1.0, 1.0], [(0, 0)], "lost"), r"preferences\[0\]=\[0, 0\]"),
        (lambda: hypercube([1.0], [1.0, 1.0], [(0, 2)], "lost"), "different unit numbers, 0 to 1"),
        (lambda: hypercube([1.0], [1.0, 1.0], [(0,)], "wait"), "must name all 2 units"),
        (lambda: hypercube([1.0, 1.0], [1.0, 1.0], [(0, 1)], "lost"), "must be one for each of 2 zones"),
        (lambda: hypercube([2.0], [1.0, 1.0], [(0, 1)], "wait"), "must be below the 2"),
        (lambda: hypercube([-1.0], [1.0], [(0,)], "lost"), r"rates_per_s\[0\]=-1"),
        (lambda: hypercube([1.0], [0.0], [(0,)], "lost"), r"busy_s\[0\]=0"),
        (lambda: hypercube([1.0], [1.0], [(0,)], "lost", [[1.0, 2.0]]), "travel_s: of shape"),
        (lambda: hypercube([1.0], [1.0], [(0,)], "queue"), "when_none=queue"),  # type: ignore[arg-type]
    ],
)
def test_impossible_inputs_are_one_clear_line(impossible: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        impossible()  # type: ignore[operator]
