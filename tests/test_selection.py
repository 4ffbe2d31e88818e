"""The best scenario is selected as often as is promised, and sooner where scenarios face the same calls."""

from itertools import pairwise

import numpy as np
import pytest

from sim112.study.selection import Selection, select_best

STUDIES = 600


def share_right(
    means: list[float], shared_sd: float, own_sd: float, probability: float
) -> tuple[float, float]:
    """How often the scenario with the largest mean (the last) is selected, and replications on average."""
    rng = np.random.default_rng(1)
    right, taken = 0, []
    for _ in range(STUDIES):
        days = rng.normal(0, shared_sd, (2000, 1)) + rng.normal(0, own_sd, (2000, len(means)))
        found = select_best(np.array(means) + days, 20, 1.0, probability)
        assert found.decided_after is not None
        right += found.remaining == (len(means) - 1,)
        taken.append(found.decided_after)
    return right / STUDIES, float(np.mean(taken))


@pytest.mark.parametrize("scenarios", [2, 5])
@pytest.mark.parametrize("shared_sd", [0.0, 5.0])
def test_the_best_is_found_as_often_as_promised_where_it_is_just_ahead(
    scenarios: int, shared_sd: float
) -> None:
    """The hardest means: all others alike, and behind by the indifference."""
    right, _ = share_right([0.0] * (scenarios - 1) + [1.0], shared_sd, 3.0, 0.9)
    assert right >= 0.9 - 2 * np.sqrt(0.09 / STUDIES)


def test_facing_the_same_calls_saves_replications() -> None:
    """What is shared does not matter; what is not does."""
    _, same = share_right([0, 0, 1], 4.0, 1.0, 0.95)
    _, apart = share_right([0, 0, 1], 0.0, float(np.sqrt(17)), 0.95)
    assert same < apart / 3


def test_scenarios_far_behind_are_dropped_at_the_first_look() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal([0, 100, 50], 1, (20, 3))
    assert select_best(values, 20, 1.0, 0.95) == Selection((1,), 20)
    assert select_best(values, 20, 1.0, 0.95, larger=False) == Selection((0,), 20)


def test_few_replications_leave_it_open_and_more_never_bring_one_back() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal([0, 0.1, 0.2, -60], 30, (400, 4))
    sets = [set(select_best(values[:number], 20, 1.0, 0.95).remaining) for number in range(20, 400, 20)]
    assert len(sets[0]) > 1 and select_best(values[:20], 20, 1.0, 0.95).decided_after is None
    assert all(later <= sooner for sooner, later in pairwise(sets))


def test_equal_scenarios_are_decided_for_the_first() -> None:
    values = np.repeat(np.random.default_rng(4).normal(0, 1, (20, 1)), 3, axis=1)
    assert select_best(values, 20, 0.1, 0.95) == Selection((0,), 20)


def test_the_first_stage_by_hand() -> None:
    """Two scenarios, 4 replications: eta = ((2 * 0.05) ** (-2 / 3) - 1) / 2 = 1.8208, h squared = 10.925;
    the differences 0, 2, 0, 2 have variance 4 / 3, so that 14.57 replications settle it for indifference 1.
    """
    values = np.array([[0, 0], [0, 2], [0, 0], [0, 2]] * 5, float)
    # after 4: mean difference 1, margin (14.57 - 4) / 8 = 1.32; after 5: 0.8 and 0.96; after 6: 1 and 0.71
    assert select_best(values[:5], 4, 1.0, 0.95) == Selection((0, 1), None)
    assert select_best(values, 4, 1.0, 0.95) == Selection((1,), 6)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="first 30 of 20"):
        select_best(np.zeros((20, 2)), 30, 1.0, 0.95)
    with pytest.raises(ValueError, match="indifference 0"):
        select_best(np.zeros((20, 2)), 10, 0.0, 0.95)
