"""Measure the engines against others on the same work, side by side in one run.

    python scripts/bench.py            everything, some minutes
    python scripts/bench.py --quick    fewer rounds

Contenders take turns, times are CPU time, and what is told is the median over the rounds. Every comparison
checks that the answers agree: to the bit where both take the same calls, to within chance where the other
tool draws its own. Writes ``results/bench/bench.md``. Ciw and salabim are the optional group ``bench``.
"""

from __future__ import annotations

import argparse
import ctypes
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


TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of the GNU C library's mallopt


def keep_memory() -> None:
    """Have freed memory kept for the next round, as it is in a study, and not given back to the system.

    Else a contender's time would hang on whether its tables together just pass a limit of the C library: then
    all their pages are asked for anew each round, which takes as long as a quarter of the work.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(TRIM_THRESHOLD, 2**30)
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, 2**25)


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

SERVICE_S, PATIENCE_S, LOAD = 120.0, 60.0, 0.95


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


def abandon_by_ciw(servers: int, rate_per_s: float, end_s: float) -> float:
    """The share of callers who abandon, by Ciw."""
    import ciw

    ciw.seed(112)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate_per_s)],
        service_distributions=[ciw.dists.Exponential(1 / SERVICE_S)],
        reneging_time_distributions=[ciw.dists.Exponential(1 / PATIENCE_S)],
        number_of_servers=[servers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(end_s)
    kinds = [record.record_type for record in simulation.get_all_records()]
    return kinds.count("renege") / len(kinds)


def abandon_by_salabim(servers: int, rate_per_s: float, end_s: float) -> float:
    """The share of callers who abandon, by salabim."""
    import salabim

    salabim.yieldless(False)
    environment = salabim.Environment(random_seed=112, trace=False)
    takers = salabim.Resource("call-takers", capacity=servers, monitor=False)
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


Tool = Callable[[int, float, float], float]
CIW: dict[str, Tool] = {"ciw": abandon_by_ciw}
TOOLS: dict[str, Tool] = {**CIW, "salabim": abandon_by_salabim}


def tools_tables(rounds: int) -> list[Table]:
    """A small desk against every tool, and larger ones against the fastest, whose cost may grow."""
    larger = [tools_table(servers, CIW, rounds) for servers in (50, 200, 1_000)]
    return [tools_table(9, TOOLS, rounds), *larger]


def tools_table(servers: int, tools: dict[str, Tool], rounds: int) -> Table:
    callers = 30_000
    rate_per_s = LOAD * servers / SERVICE_S
    end_s = callers / rate_per_s
    c = desk_calls(np.random.default_rng(112), rate_per_s, end_s, SERVICE_S, patience_s=PATIENCE_S)
    w = world(end_s=end_s, report_to_s=end_s, change_value=[servers, 1], desk_lines=[NO_LIMIT])
    log = compiled.simulate(w, c)
    answered, left = abandon_by_heapq(c, servers, end_s)
    assert np.array_equal(log.call_answered_s, answered, equal_nan=True)
    assert np.array_equal(log.call_left_s, left, equal_nan=True)
    share = float(np.mean(log.call_outcome == Outcome.ABANDONED))
    contenders: Contenders = {}
    if COMPILER is not None:
        check_columns(log, simulate_in_c(c, callers, callers, servers, end_s)[0])
        contenders["C"] = lambda: simulate_in_c(c, callers, callers, servers, end_s)
    contenders["compiled"] = lambda: compiled.simulate(w, c)
    contenders["bare heapq"] = lambda: abandon_by_heapq(c, servers, end_s)
    told = [f"compiled, C and heapq {share:.4f} (equal to the bit)"]
    for name, abandon in tools.items():
        if find_spec(name) is None:
            told.append(f"{name} is not installed (pip install sim112[bench])")
            continue
        other = abandon(servers, rate_per_s, end_s)
        if abs(other - share) > 0.02:
            raise SystemExit(f"bench: {other:.4f} abandon by {name}, {share:.4f} by the compiled engine")
        told.append(f"{name} {other:.4f}")
        contenders[name] = lambda abandon=abandon: abandon(servers, rate_per_s, end_s)
    title = f"A plain queue, M/M/{servers}+M at {LOAD:.0%} load, against other tools"
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


REPLICATIONS = {
    "150,000 calls": ["demand=launch_weeks", "demand.nuisance_factor=1.35"],
    "the default week": ["demand=typical_week"],
    "fixed costs: an all but empty week": ["demand.rate_factor=0.001", "demand.nuisance_factor=0.001"],
}


def replication_tables(rounds: int) -> list[Table]:
    return [replication_table(name, overrides, rounds) for name, overrides in REPLICATIONS.items()]


def replication_table(name: str, overrides: list[str], rounds: int) -> Table:
    """Drawing, simulating and measuring one week of all_35."""
    from sim112.config.scenario import compose
    from sim112.demand.calls import draw_calls
    from sim112.study.kpis import measure
    from sim112.world.network import build_world, load_places

    scenario = compose(["scenario=all_35", *overrides])
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
        "measure": lambda: measure(w, c, log, scenario.targets, scenario.costs),
        "draw, simulate, measure": whole,
    }
    counts = f"{len(c.caller_key)} callers, {len(log.call_caller)} attempts, {len(log.job_need)} jobs"
    note = f"{counts}; {' '.join(overrides)}."
    title = f"One replication of all_35, {name}"
    made = against(title, contenders, "simulate, compiled", len(c.caller_key), 2 * rounds, note)
    # apart, as no study runs it in between: it takes the caches, and the memory that others would use again
    alone: Contenders = {"simulate, reference": lambda: reference.simulate(w, c)}
    [row] = against(title, alone, "simulate, reference", len(c.caller_key), min(rounds, 3), note).rows
    times = f"{float(row[1]) / float(made.rows[1][1]):.3g}"
    return replace(made, rows=[*made.rows, (*row[:-1], times)])


STUDY = """
import os, pathlib, sys, time
import sim112
from sim112.study.replication import Batch, engine_for, replicate, world_of
replications, workers = int(sys.argv[1]), int(sys.argv[2])
scenarios = tuple(sim112.scenario(name, "engine=compiled") for name in ("dec_2021", "known_2025", "all_35"))
engine = engine_for(scenarios[0], 1)
began, before = time.perf_counter(), os.times()
replicate([Batch(scenarios, range(replications))], engine=engine, workers=workers)
print(time.perf_counter() - began)
print(sum(os.times()[:4]) - sum(before[:4]))
status = pathlib.Path("/proc/self/status")
print(next((line.split()[1] for line in status.open() if line.startswith("VmHWM")), "nan"))
"""


@dataclass(frozen=True)
class Study:
    """What one comparison took."""

    elapsed_s: float
    cpu_s: float
    peak_mb: float  # of its main process, from its own start on; what getrusage tells is inherited


def study(replications: int, workers: int) -> Study:
    """Simulate three scenarios in a process of its own."""
    command = [sys.executable, "-c", STUDY, str(replications), str(workers)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    elapsed_s, cpu_s, peak_kb = map(float, done.stdout.split())
    return Study(elapsed_s, cpu_s, peak_kb / 1024)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def study_tables(rounds: int) -> list[Table]:
    """A comparison of three scenarios: by workers, and by replications."""
    taken = [[study(60, workers) for workers in (1, 2)] for _ in range(min(rounds, 3))]
    by_number_of = list(zip(*taken, strict=True))
    elapsed_s = [statistics.median(one.elapsed_s for one in alike) for alike in by_number_of]
    cpu_s = [statistics.median(one.cpu_s for one in alike) for alike in by_number_of]
    rows = [
        (f"{at + 1}", f"{elapsed_s[at]:.2f}", f"{elapsed_s[0] / elapsed_s[at]:.2f}", f"{cpu_s[at]:.2f}")
        for at in range(2)
    ]
    note = f"60 replications of three scenarios, medians; {os.cpu_count()} cores."
    by_workers = Table("One worker against two", ("workers", "s", "times as fast", "CPU s"), rows, note)
    memory = []
    for replications in (10, 200):
        one = study(replications, 1)
        memory.append((str(replications), f"{one.peak_mb:.0f}", f"{one.cpu_s:.1f}"))
    by_replications = Table("Peak memory of a comparison", ("replications", "MB", "CPU s"), memory)
    return [by_workers, by_replications]


COMMANDS = (
    "run all_35 --no-figures",
    "run all_35",
    "compare dec_2021 known_2025 all_35 replications=200",
)


def command_table() -> Table:
    """Whole commands as a user gives them, with the machine code on disk."""
    rows = []
    for words in COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "sim112", *words.split(), "--results", folder]
            began_s, before = time.perf_counter(), os.times()
            subprocess.run(command, env=environment(), capture_output=True, check=True)
            cpu_s = sum(os.times()[2:4]) - sum(before[2:4])
            rows.append((f"`sim112 {words}`", f"{time.perf_counter() - began_s:.1f}", f"{cpu_s:.1f}"))
    return Table("Commands", ("", "s", "CPU s of all processes"), rows)


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
        apart = environment() | {"NUMBA_CACHE_DIR": folder}
        for name in ("cold", "warm"):
            command = [sys.executable, "-c", START.format(tests=str(TESTS))]
            done = subprocess.run(command, env=apart, capture_output=True, text=True, check=True)
            rows.append((name, f"{float(done.stdout):.1f}"))
    return Table("Until the compiled engine is ready", ("start", "s (elapsed)"), rows)


def main() -> None:
    """Run everything, print it as it comes, and write it down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    given = parser.parse_args()
    rounds = 3 if given.quick else 7
    keep_memory()
    compiled.get_ready(world())
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    said = f"CPU time, medians of {rounds} rounds in which the contenders took turns. {machine}."
    if hasattr(os, "getloadavg"):
        said += f" Processes at work when it began: {os.getloadavg()[0]:.1f}."
    parts = [f"# Speed\n\n{said}\n"]
    print(parts[0])
    work: list[Callable[[], Table | list[Table]]] = [
        lambda: witness_table(rounds),
        lambda: c_table(rounds),
        lambda: tools_tables(rounds),
        lambda: linearity_tables(rounds),
        lambda: replication_tables(rounds),
        lambda: study_tables(rounds),
        command_table,
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
