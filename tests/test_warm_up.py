"""A warm-up that is too short is told, with what it would be; one that is long enough is not."""

from collections.abc import Sequence

import numpy as np
import pytest

import sim112
from sim112.config.scenario import Scenario
from sim112.engine import reference
from sim112.engine.contract import same
from sim112.study.replication import draw, world_of
from sim112.study.warm_up import (
    DAY_S,
    STEP_S,
    check_warm_up,
    judge,
    levels,
    without_start,
)
from sim112.views.precision_lines import warm_up_lines


def worlds(memory_h: float, noise: float, replications: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """States around 100 with the hours of the day and good and bad days; the late one fills up slowly."""
    rng = np.random.default_rng(1)
    hours = np.arange(72)
    day = 100 * (1 + 0.5 * np.sin(hours / 24 * 2 * np.pi)) * rng.gamma(25, 1 / 25, (replications, 3, 1))
    empty = np.exp(-hours / memory_h) if memory_h else np.zeros(72)
    return day, day * (1 - empty) + rng.normal(0, noise, day.shape)


def needed_h(memory_h: float) -> float:
    """The first hour from which a day is less than 1 % off: the mean of exp(-t / memory) over that day."""
    hours = np.arange(48)
    off = [np.exp(-(hour + np.arange(24)) / memory_h).mean() for hour in hours]
    return float(next(hour for hour, one in zip(hours, off, strict=True) if one < 0.01))


@pytest.mark.parametrize("memory_h", [1.0, 3.0, 6.0, 9.0])
def test_a_known_memory_is_found_whatever_the_hours_and_the_days_do(memory_h: float) -> None:
    found = judge(*worlds(memory_h, 0.1), warm_up_s=0.0)
    wanted = needed_h(memory_h)
    assert wanted > 0
    for _, needed_s in found.needed_s:
        # the profile of the day weighs the hours, so an hour or two to either side is right
        assert needed_s is not None and abs(needed_s / 3600 - wanted) <= 3
    assert len(found.short_for) == 3


def test_a_warm_up_that_is_long_enough_is_silent() -> None:
    found = judge(*worlds(6.0, 0.1), warm_up_s=DAY_S)
    assert found.short_for == () and warm_up_lines({"a": found}) == []


def test_a_world_that_forgets_at_once_is_silent_whatever_its_noise() -> None:
    found = judge(*worlds(0.0, 30.0), warm_up_s=0.0)
    assert found.short_for == ()


def test_a_world_that_does_not_settle_says_so() -> None:
    found = judge(*worlds(200.0, 1.0), warm_up_s=3600.0)
    [line] = warm_up_lines({"pati": found})
    assert line.startswith("Warm-up of pati: 1 h are too short. A world that starts empty needs more than")
    assert found.wanted_s is None and "Set clock" not in line


def small(*overrides: str) -> Scenario:
    return sim112.scenario("pati", "area.regencies=[pati]", "clock=day", "engine=reference", *overrides)


def long_scenes() -> Sequence[str]:
    """Fires are many, and each keeps its engine for six hours."""
    return [
        "demand.kinds.fire.rate_per_100k_year=150",
        "demand.kinds.fire.on_scene_s.fire={dist: deterministic, mean_s: 21600, cv: null}",
    ]


def test_a_late_start_leaves_out_what_came_before_and_nothing_else() -> None:
    scenario = small()
    world, calls = world_of(scenario), draw(scenario, 0)
    assert same(without_start(calls, 0.0), calls)
    late = without_start(calls, 40_000.0)
    assert late.incident_noticed_s.min() >= 40_000.0
    kept = calls.incident_noticed_s >= 40_000.0
    assert late.incident_key.tolist() == calls.incident_key[kept].tolist()
    assert late.need_start[-1] == len(late.need_incident) == np.diff(calls.need_start)[kept].sum()
    assert late.dial_start[-1] == len(late.dial_patience_s)
    assert (late.dial_second >= late.dial_start[:-1]).all()
    assert (late.dial_second <= late.dial_start[1:]).all()
    noticed_s = dict(zip(calls.incident_key, calls.incident_noticed_s, strict=True))
    for need, incident in enumerate(late.need_incident):
        assert late.need_start[incident] <= need < late.need_start[incident + 1]
    assert [noticed_s[key] for key in late.incident_key] == late.incident_noticed_s.tolist()
    reference.simulate(world, late)  # a whole set of calls


def test_levels_are_times_held_over_the_step() -> None:
    scenario = small()
    world, calls = world_of(scenario), draw(scenario, 0)
    log = reference.simulate(world, calls)
    found = levels(log, scenario.clock.end_s)
    assert found.shape == (3, int(scenario.clock.end_s // STEP_S))
    served = ~np.isnan(log.job_assigned_s)
    ends = np.where(np.isnan(log.job_available_s), scenario.clock.end_s, log.job_available_s)
    assert found[1].sum() * STEP_S == pytest.approx((ends - log.job_assigned_s)[served].sum())


def test_a_run_whose_units_are_long_at_the_scene_needs_a_longer_warm_up() -> None:
    short = check_warm_up(small("clock.warm_up_s=0", *long_scenes()), "reference")
    assert short is not None and "units busy" in short.short_for
    assert short.wanted_s is not None and 2 * 3600 <= short.wanted_s <= 10 * 3600
    enough = check_warm_up(small("clock.warm_up_s=36000", *long_scenes()), "reference")
    assert enough is not None and enough.short_for == ()


def test_the_shipped_scenario_has_warm_up_enough_and_none_is_looked_at_where_none_is_wanted() -> None:
    found = check_warm_up(small(), "reference")
    assert found is not None and found.short_for == ()
    assert check_warm_up(small("precision.warm_up_replications=0"), "reference") is None
