"""The two engines return the same log, to the bit, in any world: with ties, extremes and policies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_desk import COMPILER, simulate_in_c
from variations import TICKS_S, VARIATIONS, Case, case_of, first_parting
from worlds import desk_calls, world

import sim112
from sim112.config.scenario import compose
from sim112.demand.calls import draw_calls
from sim112.engine import compiled, compiled_tables, reference
from sim112.engine.compiled_tables import CALL, TIMER, nuisance_numbers, order_of, simulation
from sim112.engine.contract import Calls, World, first_difference, same
from sim112.paths import configs_dir
from sim112.world.network import build_world, load_places

seeds = st.integers(0, 2**32 - 1)
ticks = st.sampled_from(TICKS_S)


def disagreement(case: Case) -> str | None:
    """Where the engines part, told with both views; None where they agree to the bit."""
    a, b = reference.simulate(*case), compiled.simulate(*case)
    difference = first_difference(a, b)
    return difference and f"{difference}\n{first_parting(a, b)}"


@settings(max_examples=150, deadline=None)
@given(seeds, ticks, st.sampled_from(list(VARIATIONS)))
def test_the_engines_agree_in_any_world(seed: int, tick_s: float, variation: str) -> None:
    assert not (told := disagreement(case_of(seed, tick_s, variation))), told


@pytest.mark.parametrize("variation", VARIATIONS)
@pytest.mark.parametrize("tick_s", TICKS_S)
def test_the_engines_agree_at_every_extreme(variation: str, tick_s: float) -> None:
    for seed in range(4):
        told = disagreement(case_of(seed, tick_s, variation))
        assert not told, f"seed {seed}, tick {tick_s}, {variation}: {told}"


@pytest.mark.slow
@pytest.mark.parametrize("tick_s", TICKS_S)
def test_the_engines_agree_in_thousands_of_worlds(tick_s: float) -> None:
    names = list(VARIATIONS)
    for seed in range(10_000, 12_200):
        told = disagreement(case_of(seed, tick_s, names[seed % len(names)]))
        assert not told, f"seed {seed}, tick {tick_s}, {names[seed % len(names)]}: {told}"


@pytest.mark.parametrize("end_s", [0.0, -60.0])
def test_in_no_time_nothing_happens(end_s: float) -> None:
    world, calls = case_of(0, 1.0, "as drawn")
    case = replace(world, end_s=end_s), calls
    assert not (told := disagreement(case)), told
    assert len(reference.simulate(*case).call_caller) == 0


def test_tables_that_start_with_hardly_any_room_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_hardly_any_room(world: World, calls: Calls) -> Any:
        sim, callers = simulation(world, calls)
        return sim._replace(timers=np.empty(1, TIMER), calls=np.empty(0, CALL)), callers

    monkeypatch.setattr(compiled, "simulation", with_hardly_any_room)
    for seed in range(20):
        for tick_s in TICKS_S:
            told = disagreement(case_of(seed, tick_s, "everybody at once"))
            assert not told, f"seed {seed}, tick {tick_s}: {told}"


def test_too_many_attempts_are_refused_and_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_tables, "MOST_CALLS", 20)
    with pytest.raises(ValueError, match="more than 20 attempts"):
        compiled.simulate(*case_of(0, 1.0, "as drawn"))


def frozen(arrays: World | Calls) -> World | Calls:
    """The same in arrays that are read-only, of smaller integers, and not contiguous."""
    odd = {}
    for field in fields(arrays):
        array = getattr(arrays, field.name)
        if isinstance(array, np.ndarray):
            array = np.stack([array, array], axis=-1)[..., 0]
            if array.dtype == np.int64 and np.abs(array).max(initial=0) < 2**31:
                array = array.astype(np.int32)
            array.flags.writeable = False
            odd[field.name] = array
    return replace(arrays, **odd)


def test_any_kind_of_array_will_do_and_nothing_is_changed_or_compiled_anew() -> None:
    world, calls = case_of(5, 1.0, "busy units")
    log = compiled.simulate(world, calls)
    assert same(compiled.simulate(frozen(world), frozen(calls)), log)
    assert same(compiled.simulate(world, calls), log)  # the world's tables are kept between runs
    assert len(compiled.loop_code().run.signatures) == 1


def test_runs_side_by_side_do_not_disturb_each_other() -> None:
    cases = [case_of(seed, 1.0, "as drawn") for seed in range(12)]
    cases = [(cases[0][0], calls) if n % 2 else (world, calls) for n, (world, calls) in enumerate(cases)]
    cases = [case for n, case in enumerate(cases) if not n % 2] * 2
    one_by_one = [compiled.simulate(*case) for case in cases]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda case: compiled.simulate(*case), cases))
    assert all(same(a, b) for a, b in zip(one_by_one, together, strict=True))


SCENARIOS = sorted(path.stem for path in (configs_dir() / "scenario").glob("*.yaml"))
WEEKS = sorted(path.stem for path in (configs_dir() / "demand").glob("*.yaml"))


def shipped(*overrides: str) -> Case:
    scenario = compose(overrides)
    area, travel = load_places(scenario)
    return build_world(scenario, area, travel), draw_calls(scenario, area, 0)


EACH_ONCE = [*((scenario, "typical_week") for scenario in SCENARIOS), *(("all_35", week) for week in WEEKS)]


@pytest.mark.parametrize("scenario, week", sorted(set(EACH_ONCE)))
def test_the_engines_agree_on_a_day_of_every_shipped_scenario_and_demand(scenario: str, week: str) -> None:
    told = disagreement(shipped(f"scenario={scenario}", f"demand={week}", "clock=day"))
    assert not told, told


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("week", WEEKS)
def test_the_engines_agree_on_every_shipped_scenario_and_demand(scenario: str, week: str) -> None:
    world, calls = shipped(f"scenario={scenario}", f"demand={week}")
    assert not (told := disagreement((world, calls))), told
    coarse = on_whole_minutes(calls)
    assert not (told := disagreement((world, coarse))), told


def on_whole_minutes(calls: Calls) -> Calls:
    """The same with every time rounded to a minute, so that thousands of events tie."""
    times = {field.name: getattr(calls, field.name) for field in fields(Calls) if field.name.endswith("_s")}
    return replace(calls, **{name: np.rint(column / 60) * 60 for name, column in times.items()})


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10), max_size=40), st.sampled_from([1 / 1024, 1.0, 0.3, -1.0, 1e15]))
def test_callers_start_in_order_of_time_then_id(ticks: list[int], tick_s: float) -> None:
    start_s = np.array(ticks, dtype=float) * tick_s
    order, sorted_s = order_of(start_s)
    assert order.tolist() == np.argsort(start_s, kind="stable").tolist()
    assert sorted_s.tolist() == np.sort(start_s).tolist()


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here")
@pytest.mark.parametrize("tick_s", TICKS_S)
def test_the_compiled_engine_equals_a_loop_by_hand_in_c(tick_s: float) -> None:
    """A third opinion on ties: a desk with limits, patience and redials."""
    rng = np.random.default_rng(3)

    def some_s(mean_s: float, size: int) -> np.ndarray:
        return np.rint(rng.exponential(mean_s, size) / tick_s) * tick_s

    end_s, callers = 120_000.0, 9_000
    calls = desk_calls(rng, callers / end_s, end_s, 120.0)
    callers = len(calls.caller_key)
    calls = replace(
        calls,
        caller_start_s=np.rint(calls.caller_start_s / tick_s) * tick_s,
        caller_pick_up_s=some_s(4.0, callers),
        caller_talk_s=some_s(100.0, callers),
        caller_after_call_s=some_s(30.0, callers),
        dial_start=np.arange(callers + 1) * 2,
        dial_second=np.arange(1, callers + 1) * 2,
        dial_patience_s=some_s(90.0, 2 * callers),
        dial_hang_up_share=np.full(2 * callers, np.inf),
        dial_redials_blocked=np.arange(2 * callers) % 2 == 0,
        dial_redials_abandoned=np.arange(2 * callers) % 2 == 0,
        dial_redial_delay_s=some_s(30.0, 2 * callers),
    )
    desk = world(
        end_s=end_s,
        desk_lines=[14],
        change_value=[9, 1],
        desk_platform=[0],
        platform_name=("p",),
        platform_channels=[13],
    )
    log = compiled.simulate(desk, calls)
    columns, _ = simulate_in_c(calls, 13, 14, 9, end_s)
    for name, column in columns.items():
        assert np.array_equal(getattr(log, f"call_{name}"), column, equal_nan=True), name


def test_nuisance_numbers_may_be_any_integers() -> None:
    count, dense = nuisance_numbers(np.array([-1, 10**12, 7, -1, 10**12]))
    assert count == 2
    assert dense.tolist() == [-1, 1, 0, -1, 1]


def test_it_is_known_whether_a_compile_is_due() -> None:
    world, _ = case_of(0, 1.0, "as drawn")
    assert compiled.supports(world)
    compiled.get_ready(world)
    assert compiled.is_compiled()
    assert compiled.TYPICAL_COMPILE_S > 0


PROBE = """
import sys
from sim112.engine import compiled
before = compiled.is_compiled()
assert "numba" not in sys.modules, "asking must not import numba"
sys.path.insert(0, {tests!r})
from plain_desk import COMPILER, simulate_in_c
from variations import case_of
compiled.simulate(*case_of(0, 1.0, "as drawn"))
print(before, compiled.is_compiled())
"""


@pytest.mark.slow
def test_a_program_that_may_not_write_beside_itself_keeps_its_code_with_the_user(tmp_path: Path) -> None:
    installed = tmp_path / "site" / "sim112"
    ignored = shutil.ignore_patterns("__pycache__", "data")
    shutil.copytree(Path(sim112.__file__).parent, installed, ignore=ignored)
    (installed / "engine" / "__pycache__").touch()  # no folder can be made here, whoever runs this

    def answers() -> list[str]:
        environment = os.environ | {
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "PYTHONPATH": str(tmp_path / "site"),
        }
        environment.pop("NUMBA_CACHE_DIR", None)
        probe = PROBE.format(tests=str(Path(__file__).parent))
        done = subprocess.run(
            [sys.executable, "-c", probe],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert answers() == ["False", "True"]
    assert list((tmp_path / "cache" / "sim112").glob("sim112-*/*/*.nbc"))
    assert answers() == ["True", "True"]
