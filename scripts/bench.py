"""Measure the engines against others on the same work, side by side in one run.

    python scripts/bench.py            everything, some minutes
    python scripts/bench.py --quick    fewer rounds

Contenders take turns, times are CPU time, and what is told is the median over the rounds. Every comparison
checks that the answers agree: to the bit where both take the same calls, to within chance where the other
tool draws its own. Writes ``results/bench/bench.md``. Ciw and salabim are the optional group ``bench``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from importlib.util import find_spec
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from plain_desk import COMPILER, simulate_in_c
from witness import CLOCK_POINTS, simulate_idiomatically
from worlds import desk_calls, grid, world

from sim112.engine import compiled, reference
from sim112.engine.contract import NO_LIMIT, Calls, Log, Outcome, World, same

TESTS = Path(__file__).resolve().parent.parent / "tests"

Contenders = dict[str, Callable[[], Any]]


@dataclass(frozen=True)
class Table:
    """One comparison, as it is printed."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""

    def __str__(self) -> str:
        rule = "|".join("---" if n == 0 else "--:" for n in range(len(self.header)))
        lines = [f"## {self.title}", "", *(f"| {' | '.join(row)} |" for row in [self.header]), f"|{rule}|"]
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join([*lines, "", self.note] if self.note else lines) + "\n"


def medians_s(contenders: Contenders, rounds: int) -> dict[str, float]:
    """CPU time of each, the median over rounds in which they take turns; a first round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            began_s = time.process_time()
            work()
            if number:
                taken[name].append(time.process_time() - began_s)
    return {name: statistics.median(times) for name, times in taken.items()}


def against(title: str, contenders: Contenders, ours: str, calls: int, rounds: int, note: str = "") -> Table:
    """Times of contenders and how many times longer each takes than ``ours``."""
    times_s = medians_s(contenders, rounds)
    rows = [
        (name, f"{time_s * 1e3:.1f}", f"{time_s / calls * 1e6:.3g}", f"{time_s / times_s[ours]:.3g}")
        for name, time_s in times_s.items()
    ]
    return Table(title, ("", "ms", "us a call", f"times {ours}"), rows, note)


# ---- the desk of the witness -------------------------------------------------------------------------------

CHANNELS, LINES, CALL_TAKERS, TALK_S = 14, 16, 9, 120.0


def desk(calls: int) -> tuple[World, Calls]:
    """A desk at 90 % load whose callers lose patience, are blocked at times, and dial up to three times."""
    end_s = calls * TALK_S / CALL_TAKERS / 0.9
    rng = np.random.default_rng(112)
    c = desk_calls(rng, calls / end_s, end_s, TALK_S * 0.8, TALK_S * 0.15, 60.0)
    callers = len(c.caller_key)
    dials = 3 * callers
    again = np.arange(dials) % 3 < 2
    c = replace(
        c,
        caller_pick_up_s=grid(rng.exponential(TALK_S * 0.05, callers)),
        dial_start=np.arange(callers + 1) * 3,
        dial_second=np.arange(1, callers + 1) * 3,
        dial_patience_s=grid(rng.exponential(60.0, dials)),
        dial_hang_up_share=np.full(dials, np.inf),
        dial_redials_blocked=again & (rng.random(dials) < 0.5),
        dial_redials_abandoned=again & (rng.random(dials) < 0.3),
        dial_redial_delay_s=grid(rng.exponential(40.0, dials)),
    )
    w = world(
        report_to_s=end_s,
        end_s=end_s,
        desk_lines=[LINES],
        desk_platform=[0],
        platform_name=("platform",),
        platform_channels=[CHANNELS],
        change_value=[CALL_TAKERS, 1],
    )
    return w, c


def check_columns(log: Log, columns: dict[str, np.ndarray]) -> None:
    """Refuse to tell the time of a contender whose answer is another."""
    for name in ("caller", "dial", "outcome", *CLOCK_POINTS):
        if not np.array_equal(getattr(log, f"call_{name}"), columns[name], equal_nan=True):
            raise SystemExit(f"bench: the answers differ in {name}")


def witness_table(rounds: int) -> Table:
    w, c = desk(20_000)
    limits = (CHANNELS, LINES, CALL_TAKERS, w.end_s)
    log = compiled.simulate(w, c)
    assert same(log, reference.simulate(w, c))
    check_columns(log, simulate_idiomatically(c, *limits))
    contenders: Contenders = {
        "idiomatic SimPy": lambda: simulate_idiomatically(c, *limits),
        "reference": lambda: reference.simulate(w, c),
        "compiled": lambda: compiled.simulate(w, c),
    }
    calls = len(c.caller_key)
    note = f"{calls} callers, {len(log.call_caller)} attempts; the logs are equal to the bit."
    return against("One desk, against an idiomatic SimPy model", contenders, "compiled", calls, rounds, note)


def c_table(rounds: int) -> Table:
    title = "One desk, against a loop by hand in C"
    if COMPILER is None:
        return Table(title, ("",), [], "Skipped: there is no C compiler here.")
    w, c = desk(150_000)
    limits = (CHANNELS, LINES, CALL_TAKERS, w.end_s)
    log = compiled.simulate(w, c)
    columns, events = simulate_in_c(c, *limits)
    check_columns(log, columns)
    contenders: Contenders = {
        "C": lambda: simulate_in_c(c, *limits),
        "compiled": lambda: compiled.simulate(w, c),
    }
    times_s = medians_s(contenders, 3 * rounds)
    rows = [
        (
            name,
            f"{t * 1e3:.1f}",
            f"{t / len(c.caller_key) * 1e6:.3g}",
            f"{events / t / 1e6:.1f}",
            f"{t / times_s['C']:.2f}",
        )
        for name, t in times_s.items()
    ]
    header = ("", "ms", "us a call", "million events a s", "times C")
    note = f"{len(c.caller_key)} callers, {len(log.call_caller)} attempts, {events} events; equal to the bit."
    return Table(title, header, rows, note)


# ---- a plain M/M/c+M queue, against other tools ------------------------------------------------------------

SERVERS, SERVICE_S, PATIENCE_S, LOAD = 9, 120.0, 60.0, 0.95


def abandon_by_heapq(calls: Calls, servers: int, end_s: float) -> tuple[list[float], list[float]]:
    """The queue as a bare loop over ``heapq``: when each caller was answered, or left."""
    start, talk, patience = (
        column.tolist() for column in (calls.caller_start_s, calls.caller_talk_s, calls.dial_patience_s)
    )
    answered, left = [nan] * len(start), [nan] * len(start)
    events: list[tuple[float, int, int]] = [(start[0], 2, 0)]
    waiting: deque[int] = deque()
    busy = 0
    while events and events[0][0] < end_s:
        now, kind, caller = heappop(events)
        if kind == 2:  # a call
            if caller + 1 < len(start):
                heappush(events, (start[caller + 1], 2, caller + 1))
            if busy < servers:
                busy += 1
                answered[caller] = now
                heappush(events, (now + talk[caller], 0, caller))
            else:
                waiting.append(caller)
                heappush(events, (now + patience[caller], 1, caller))
        elif kind == 1:  # the end of a patience
            if answered[caller] != answered[caller]:
                left[caller] = now
        else:  # the end of a talk
            busy -= 1
            while waiting:
                first = waiting.popleft()
                if left[first] != left[first]:
                    busy += 1
                    answered[first] = now
                    heappush(events, (now + talk[first], 0, first))
                    break
    return answered, left


def abandon_by_ciw(rate_per_s: float, end_s: float) -> float:
    """The share of callers who abandon, by Ciw."""
    import ciw

    ciw.seed(112)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate_per_s)],
        service_distributions=[ciw.dists.Exponential(1 / SERVICE_S)],
        reneging_time_distributions=[ciw.dists.Exponential(1 / PATIENCE_S)],
        number_of_servers=[SERVERS],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(end_s)
    kinds = [record.record_type for record in simulation.get_all_records()]
    return kinds.count("renege") / len(kinds)


def abandon_by_salabim(rate_per_s: float, end_s: float) -> float:
    """The share of callers who abandon, by salabim."""
    import salabim

    salabim.yieldless(False)
    environment = salabim.Environment(random_seed=112, trace=False)
    takers = salabim.Resource("call-takers", capacity=SERVERS, monitor=False)
    draw = np.random.default_rng(112)
    counts = {"calls": 0, "abandoned": 0}

    class Caller(salabim.Component):  # type: ignore[misc]
        def process(self) -> Any:
            counts["calls"] += 1
            yield self.request(takers, fail_delay=draw.exponential(PATIENCE_S))
            if self.failed():
                counts["abandoned"] += 1
            else:
                yield self.hold(draw.exponential(SERVICE_S))

    class Source(salabim.Component):  # type: ignore[misc]
        def process(self) -> Any:
            while True:
                yield self.hold(draw.exponential(1 / rate_per_s))
                Caller()

    Source()
    environment.run(till=end_s)
    return counts["abandoned"] / counts["calls"]


def tools_table(rounds: int) -> Table:
    callers = 30_000
    rate_per_s = LOAD * SERVERS / SERVICE_S
    end_s = callers / rate_per_s
    c = desk_calls(np.random.default_rng(112), rate_per_s, end_s, SERVICE_S, patience_s=PATIENCE_S)
    w = world(end_s=end_s, report_to_s=end_s, change_value=[SERVERS, 1])
    log = compiled.simulate(w, c)
    answered, left = abandon_by_heapq(c, SERVERS, end_s)
    assert np.array_equal(log.call_answered_s, answered, equal_nan=True)
    assert np.array_equal(log.call_left_s, left, equal_nan=True)
    share = float(np.mean(log.call_outcome == Outcome.ABANDONED))
    contenders: Contenders = {
        "bare heapq": lambda: abandon_by_heapq(c, SERVERS, end_s),
        "compiled": lambda: compiled.simulate(w, c),
    }
    told = [f"compiled and heapq {share:.4f} (equal to the bit)"]
    others = {"Ciw": ("ciw", abandon_by_ciw), "salabim": ("salabim", abandon_by_salabim)}
    for name, (module, abandon) in others.items():
        if find_spec(module) is None:
            told.append(f"{name} is not installed (pip install sim112[bench])")
            continue
        other = abandon(rate_per_s, end_s)
        if abs(other - share) > 0.02:
            raise SystemExit(f"bench: {other:.4f} abandon by {name}, {share:.4f} by the compiled engine")
        told.append(f"{name} {other:.4f}")
        contenders[name] = lambda abandon=abandon: abandon(rate_per_s, end_s)
    title = f"A plain queue, M/M/{SERVERS}+M at {LOAD:.0%} load, against other tools"
    note = f"{len(c.caller_key)} callers. Share who abandon: {', '.join(told)}."
    return against(title, contenders, "compiled", len(c.caller_key), rounds, note)


# ---- linearity ---------------------------------------------------------------------------------------------


def linearity_tables(rounds: int) -> list[Table]:
    weekly = 40_000
    by_weeks = {f"{weeks} weeks": desk(weeks * weekly) for weeks in (1, 4, 16)}
    by_servers = {}
    for servers in (10, 100, 1000):
        rate_per_s = LOAD * servers / SERVICE_S
        end_s = 150_000 / rate_per_s
        c = desk_calls(np.random.default_rng(7), rate_per_s, end_s, SERVICE_S, patience_s=PATIENCE_S)
        by_servers[f"{servers} call-takers"] = (
            world(end_s=end_s, report_to_s=end_s, change_value=[servers, 1], desk_lines=[NO_LIMIT]),
            c,
        )
    titles = ("From 1 to 16 weeks of one desk", "From 10 to 1,000 call-takers")
    return [
        linearity_table(title, cases, rounds)
        for title, cases in zip(titles, (by_weeks, by_servers), strict=True)
    ]


def linearity_table(title: str, cases: dict[str, tuple[World, Calls]], rounds: int) -> Table:
    times_s = medians_s({n: (lambda c=c: compiled.simulate(*c)) for n, c in cases.items()}, rounds)
    per_call = {name: times_s[name] / len(case[1].caller_key) * 1e6 for name, case in cases.items()}
    first = next(iter(per_call.values()))
    rows = [
        (
            name,
            f"{len(cases[name][1].caller_key)}",
            f"{times_s[name] * 1e3:.1f}",
            f"{us:.3f}",
            f"{us / first:.2f}",
        )
        for name, us in per_call.items()
    ]
    return Table(title, ("", "callers", "ms", "us a call", "times the first"), rows)


# ---- a whole replication, and the start --------------------------------------------------------------------


def replication_tables(rounds: int) -> list[Table]:
    return [replication_table(demand, rounds) for demand in ("typical_week", "launch_weeks")]


def replication_table(demand: str, rounds: int) -> Table:
    """Drawing, simulating and measuring one week of all_35; launch weeks bring three times the calls."""
    from sim112.config.scenario import compose
    from sim112.demand.calls import draw_calls
    from sim112.study.kpis import measure
    from sim112.world.network import build_world, load_places

    scenario = compose(["scenario=all_35", f"demand={demand}"])
    area, travel = load_places(scenario)
    w, c = build_world(scenario, area, travel), draw_calls(scenario, area, 0)
    log = compiled.simulate(w, c)
    assert same(log, reference.simulate(w, c))

    def whole() -> None:
        drawn = draw_calls(scenario, area, 0)
        measure(w, drawn, compiled.simulate(w, drawn), scenario.targets, scenario.costs)

    contenders: Contenders = {
        "draw": lambda: draw_calls(scenario, area, 0),
        "simulate, compiled": lambda: compiled.simulate(w, c),
        "simulate, reference": lambda: reference.simulate(w, c),
        "measure": lambda: measure(w, c, log, scenario.targets, scenario.costs),
        "draw, simulate, measure": whole,
    }
    note = f"{len(c.caller_key)} callers, {len(log.call_caller)} attempts, {len(log.job_need)} jobs."
    title = f"One replication of all_35, demand={demand}"
    return against(title, contenders, "simulate, compiled", len(c.caller_key), rounds, note)


STUDY = """
import resource, sys, time
import sim112
from sim112.study.replication import Batch, engine_for, replicate
replications, workers = int(sys.argv[1]), int(sys.argv[2])
scenarios = tuple(sim112.scenario(name, "engine=compiled") for name in ("dec_2021", "known_2025", "all_35"))
engine = engine_for(scenarios[0], 1)
began = time.perf_counter()
replicate([Batch(scenarios, range(replications))], engine=engine, workers=workers)
print(time.perf_counter() - began)
print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""


def study(replications: int, workers: int) -> tuple[float, float]:
    """Elapsed time, s, and peak memory of the largest process, MB, of one comparison."""
    command = [sys.executable, "-c", STUDY, str(replications), str(workers)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    elapsed_s, peak_kb = map(float, done.stdout.split())
    return elapsed_s, peak_kb / 1024


def study_tables(rounds: int) -> list[Table]:
    """A comparison of three scenarios: by workers, and by replications."""
    taken = [[study(20, workers)[0] for workers in (1, 2)] for _ in range(min(rounds, 3))]
    one_s, two_s = (statistics.median(times) for times in zip(*taken, strict=True))
    rows = [("1", f"{one_s:.2f}", "1"), ("2", f"{two_s:.2f}", f"{one_s / two_s:.2f}")]
    note = f"20 replications of three scenarios, elapsed; {os.cpu_count()} cores, other work beside."
    by_workers = Table("One worker against two", ("workers", "s", "times as fast"), rows, note)
    memory = []
    for replications in (10, 200):
        elapsed_s, peak_mb = study(replications, 1)
        memory.append((str(replications), f"{peak_mb:.0f}", f"{elapsed_s:.1f}"))
    by_number = Table("Peak memory of a comparison", ("replications", "MB", "s (one worker)"), memory)
    return [by_workers, by_number]


START = """
import time, sys
sys.path.insert(0, {tests!r})
from worlds import world
from sim112.engine import compiled
began = time.perf_counter()
compiled.get_ready(world())
print(time.perf_counter() - began)
"""


def start_table() -> Table:
    """A cold start compiles, a warm one imports the compiler and loads machine code from disk."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder, "PYTHONPATH": os.pathsep.join(sys.path)}
        for name in ("cold", "warm"):
            command = [sys.executable, "-c", START.format(tests=str(TESTS))]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            rows.append((name, f"{float(done.stdout):.1f}"))
    return Table("Until the compiled engine is ready", ("start", "s (elapsed)"), rows)


def main() -> None:
    """Run everything, print it as it comes, and write it down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    given = parser.parse_args()
    rounds = 3 if given.quick else 7
    compiled.get_ready(world())
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    parts = [
        f"# Speed\n\nCPU time, medians of {rounds} rounds in which the contenders took turns. {machine}.\n"
    ]
    print(parts[0])
    work: list[Callable[[], Table | list[Table]]] = [
        lambda: witness_table(rounds),
        lambda: c_table(rounds),
        lambda: tools_table(rounds),
        lambda: linearity_tables(rounds),
        lambda: replication_tables(rounds),
        lambda: study_tables(rounds),
        start_table,
    ]
    for make in work:
        made = make()
        for table in made if isinstance(made, list) else [made]:
            parts.append(str(table))
            print(table, flush=True)
    folder = given.results / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
