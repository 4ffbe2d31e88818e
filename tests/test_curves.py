"""What is counted for curves alone agrees with the totals of the same replication."""

from __future__ import annotations

import numpy as np
import pytest

import sim112
from sim112.study.definitions import MOST_LINES
from sim112.study.kpis import Measures, merge
from sim112.study.run import simulate_run
from sim112.study.totals import BINS, MIDDLE_S


@pytest.fixture(scope="module")
def measured() -> tuple[Measures, ...]:
    scenario = sim112.scenario(
        "dec_2021", "clock=day", "area.regencies=[pati,kudus,kab_magelang]", "workers=1", "replications=2",
        "demand.rate_factor=10",
    )  # fmt: skip
    return simulate_run(scenario, engine="reference").measures


def counts_of(one: Measures, quantity: str, members: int) -> np.ndarray:
    return one.histograms[quantity].dense(slice(0, members))


def test_each_agency_has_as_many_responses_as_incidents_need_it(measured: tuple[Measures, ...]) -> None:
    for one in measured:
        agencies = one.members("agency")
        counts = counts_of(one, "agency_response_s", len(agencies))
        assert counts.shape == (len(agencies), BINS)
        assert np.array_equal(counts.sum(axis=1), one.total("needs", "agency"))
        mean_s = counts @ MIDDLE_S / counts.sum(axis=1)
        assert np.allclose(mean_s, one.value("agency_response_capped_s", "agency"), rtol=0.006)


def test_an_incident_became_known_to_112_or_to_own_numbers_or_to_nobody(
    measured: tuple[Measures, ...],
) -> None:
    for one in measured:
        to_112, to_own_numbers = counts_of(one, "alert_by_report_s", 2).sum(axis=1)
        assert to_112 > 0 and to_own_numbers > 0
        known = one.total("needing", "province")[0] - one.total("unreported", "province")[0]
        assert to_112 + to_own_numbers == known


def test_lines_held_fill_the_reported_time_of_every_desk(measured: tuple[Measures, ...]) -> None:
    for one in measured:
        held_s = one.lines_s.rows()
        desks = len(one.members("desk"))
        assert held_s.sum() == desks * one.total("window_s", "province")[0]
        assert held_s[:, MOST_LINES].sum() == 0
        mean = held_s @ np.arange(MOST_LINES + 1) / one.total("window_s", "province")[0]
        assert np.allclose(mean, one.value("lines_held", "service"), rtol=1e-12)


def test_replications_together_are_their_sum(measured: tuple[Measures, ...]) -> None:
    both = merge(measured)
    assert np.array_equal(both.lines_s.rows(), sum(one.lines_s.rows() for one in measured))
    for quantity, members in (("agency_response_s", len(both.members("agency"))), ("alert_by_report_s", 2)):
        apart = sum(counts_of(one, quantity, members) for one in measured)
        assert np.array_equal(counts_of(both, quantity, members), apart)
