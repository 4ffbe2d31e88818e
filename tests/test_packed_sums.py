"""What a study keeps of each replication gives back every sum and every count to the bit, in few bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import sim112
from sim112.engine.contract import Floats
from sim112.study.comparison import compare
from sim112.study.kpis import Measures, for_headline
from sim112.study.packed_sums import packed
from sim112.study.run import run
from sim112.study.totals import BINS, histogram_of, sum_of_histograms

TRICKY = (
    *(0.0, -0.0, 1.0, 254.0, 255.0, 256.0, 65534.0, 65535.0, 4294967294.0, 4294967295.0, 4294967296.0),
    *(1 / 1024, 1 / 2048, 0.1, -1.0, 1e300, float("inf"), float("-inf"), float("nan")),
)
SUMS = arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(0, 5)), elements=st.sampled_from(TRICKY))


def same_bits(one: Floats, other: Floats) -> bool:
    """Whether numbers are the same, one NaN being as good as another, and 0.0 not as -0.0."""
    return np.array_equal(one, other, equal_nan=True) and np.array_equal(
        np.signbit(one) & ~np.isnan(one), np.signbit(other) & ~np.isnan(other)
    )


@given(SUMS)
def test_packed_sums_come_back_to_the_bit(sums: Floats) -> None:
    again = packed(sums)
    for at, row in enumerate(sums):
        assert same_bits(again.row(at), row)
        assert same_bits(again.row(at, slice(1, 3)), row[1:3])
    if len(sums):
        assert same_bits(again.rows(), sums)


def test_counts_and_seconds_take_few_bytes() -> None:
    seconds = np.arange(100) + 5 / 1024
    kept = packed(np.stack([np.full(100, 254.0), np.full(100, 65534.0), seconds, np.full(100, 0.1)]))
    assert np.diff(kept.first).tolist() == [100, 200, 400, 800]


@given(st.dictionaries(st.integers(0, 3 * BINS - 1), st.sampled_from([1, 2, 254, 255, 256, 511, 70000])))
def test_histograms_come_back_and_add_up(counted: dict[int, int]) -> None:
    counts = np.zeros(3 * BINS, np.int32)
    counts[list(counted)] = list(counted.values())
    kept = histogram_of(counts)
    assert np.array_equal(kept.dense(slice(0, 3)).ravel(), counts)
    assert np.array_equal(kept.dense(slice(1, 2)).ravel(), counts[BINS : 2 * BINS])
    at, count = kept.cells(slice(1, 3))
    assert np.bincount(at, count, 2 * BINS).tolist() == counts[BINS:].tolist()
    assert np.array_equal(sum_of_histograms([kept, kept]).dense(slice(0, 3)).ravel(), 2 * counts)


@pytest.fixture(scope="module")
def runs() -> dict[str, tuple[Measures, ...]]:
    small = ("clock=day", "area.regencies=[pati,kudus]", "workers=1", "replications=3")
    return {name: run(sim112.scenario(name, *small)).measures for name in ("dec_2021", "all_35")}


def test_what_is_kept_for_the_headline_compares_as_the_whole(runs: dict[str, tuple[Measures, ...]]) -> None:
    kept = {name: [for_headline(one) for one in measures] for name, measures in runs.items()}
    assert repr(compare(kept)) == repr(compare(runs))
    whole, part = runs["all_35"][0], kept["all_35"][0]
    assert len(part.sums.data) < len(whole.sums.data)
    with pytest.raises(KeyError):
        part.total("offered", "desk")
