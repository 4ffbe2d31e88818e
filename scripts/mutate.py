"""What the checks would catch: put one fault at a time into a copy of the project, and run them on it.

    python scripts/mutate.py                       # every fault, cheap checks first, up to the first catch
    python scripts/mutate.py --only line_until_free tie_to_highest
    python scripts/mutate.py --all                 # every check on every fault
    python scripts/mutate.py --checks validate     # these checks alone
    python scripts/mutate.py --list

The faults are data, in ``scripts/faults``. Nothing is changed but a copy in a temporary folder. A
catch counts only where the same test passes without the fault. Ends with status 1 where nothing catches a
fault.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from time import monotonic
from typing import NamedTuple

from faults import FAULTS, Fault, Part

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = (".git", ".venv", "venv", "build", "dist", "__pycache__", ".*_cache", ".hypothesis", "outputs")
LONGEST_S = 900.0
"""A check that runs longer has met a fault that never ends."""

PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header")


VALIDATE = (sys.executable, "-m", "sim112", "validate", "lang=en", "workers=1", "--no-figures")


class Check(NamedTuple):
    """A group of checks that is run as one command."""

    name: str
    words: str
    command: tuple[str, ...]
    parts: tuple[Part, ...]  # what it can see at all


def tests(*files: str) -> tuple[str, ...]:
    return (*PYTEST, "-m", "not slow", *(f"tests/test_{name}.py" for name in files))


CASES = "doubtful cases of desks and units, and a second model of a desk"
SUITE = "cases of the validation suite that use what is at fault"
NOT_EXACT, EXACT = "not hypercube", "erlang or theory or hypercube or loss_formula or exact_queue"
MODEL: tuple[Part, ...] = ("both engines", "shared rules")
NUMBERS: tuple[Part, ...] = (*MODEL, "measuring", "intervals")
EVERY: tuple[Part, ...] = (*NUMBERS, "world", "drawing")
CHECKS = (
    Check("cases", CASES, (*tests("desks", "fleet"), "-k", NOT_EXACT), MODEL),
    Check("laws", "what holds in every world", tests("invariants"), MODEL),
    Check("intervals", "intervals and verdicts", tests("statistics", "comparison"), ("intervals",)),
    Check("draws", "what is drawn is what is configured", tests("calls", "dials", "arrivals"), ("drawing",)),
    Check("measures", "measures counted by hand", tests("kpis", "measures_by_hour"), NUMBERS),
    Check("world", "the deployment as arrays", tests("network", "small_worlds"), ("world",)),
    Check("engines", "both engines and a loop by hand in C", tests("engines_agree"), EVERY),
    Check("theory", "exact queues", (*tests("textbook", "queueing_theory", "fleet"), "-k", EXACT), EVERY),
    Check("validate", SUITE, VALIDATE, EVERY),
)
"""In order of cost."""


class Verdict(NamedTuple):
    """How the checks took a fault."""

    fault: Fault
    place: str  # file:line
    caught: dict[str, str]  # by check, the test that failed first
    seconds: float


# ---- putting a fault in ------------------------------------------------------------------------------------


def with_fault(fault: Fault, root: Path) -> dict[Path, str]:
    """The texts of the files that the fault changes, changed.

    Raises ValueError where an edit's old text does not stand in its file exactly once.
    """
    texts: dict[Path, str] = {}
    for edit in fault.edits:
        path = root / edit.file
        text = texts.get(path) or path.read_text(encoding="utf-8")
        found = text.count(edit.old)
        if found != 1:
            raise ValueError(f"{fault.name}: {edit.file} has {edit.old!r} {found} times; it must be once")
        texts[path] = text.replace(edit.old, edit.new)
    return texts


def place_of(fault: Fault, root: Path) -> str:
    """Where the fault begins, as file:line."""
    edit = fault.edits[0]
    before = (root / edit.file).read_text(encoding="utf-8").split(edit.old)[0]
    return f"{edit.file.removeprefix('sim112/')}:{before.count(chr(10)) + 1}"


# ---- running checks ----------------------------------------------------------------------------------------


def end_of(command: Sequence[str], folder: Path, caches: Path) -> tuple[int | None, str]:
    """Run a command in a copy of the project: its exit status (None: it never ended) and what it printed."""
    environment = os.environ | {
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(caches),
    }
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]
    return process.returncode, printed


def first_failure(printed: str) -> str | None:
    """The test that failed first, by pytest's own summary."""
    found = re.search(r"^(?:FAILED|ERROR) (tests/.*?)(?: - |$)", printed, re.MULTILINE)
    return found and found[1]


def first_row(printed: str) -> str | None:
    """The case and the measure of the first row of the validation suite that fails."""
    case = ""
    for line in printed.splitlines():
        header = re.match(r"(\w+): ", line)
        case = header[1] if header else case
        if re.search(r" FAILS +\[\d+\]$", line):
            return f"{case} {line.split()[0].rstrip(',')}"
    return None


class Bench(NamedTuple):
    """Where one fault at a time is tried: a copy to change, one to leave alone, and room for machine code."""

    folder: Path
    clean: Path
    caches: Path


@cache
def passes(command: tuple[str, ...], clean: Path, caches: Path) -> bool:
    """Whether a command succeeds where there is no fault."""
    return end_of(command, clean, caches)[0] == 0


def can_see(check: Check, fault: Fault) -> bool:
    """Whether the check uses what is at fault at all."""
    return fault.part in check.parts and (check.command != VALIDATE or bool(fault.cases))


def caught_by(check: Check, fault: Fault, bench: Bench) -> str | None:
    """What catches the fault, where the check does: a test, or a case, that passes without it.

    A test that fails without the fault too is left out. Raises RuntimeError where the check does not run.
    """
    is_suite = check.command == VALIDATE
    words = (*fault.cases, *results_of(bench)) if is_suite else ()
    left_out: list[str] = []
    while True:
        deselected = [word for test in left_out for word in ("--deselect", test)]
        status, printed = end_of(
            (*check.command, *words, *deselected), bench.folder, bench.caches / fault.name
        )
        if status == 0:
            return None
        if status is None:
            return "never ends"
        told = first_row(printed) if is_suite else first_failure(printed)
        if told is None or told in left_out:
            raise RuntimeError(f"{fault.name}: {check.name} did not run\n{printed[-3000:]}")
        again = (*VALIDATE, told.split()[0], *results_of(bench)) if is_suite else (*PYTEST, told)
        if passes(again, bench.clean, bench.caches / "none"):
            return told.removeprefix("tests/")
        if is_suite:
            raise RuntimeError(f"the case {told} fails without any fault too")
        print(f"          {told} fails without any fault too: left out", file=sys.stderr, flush=True)
        left_out.append(told)


def results_of(bench: Bench) -> tuple[str, str]:
    return "--results", str(bench.caches / "results")


def judge(fault: Fault, checks: Sequence[Check], every: bool, bench: Bench) -> Verdict:
    """Run the checks on one fault, up to the first that catches it unless ``every``."""
    started, caught = monotonic(), {}
    place, texts = place_of(fault, bench.folder), with_fault(fault, bench.folder)
    before = {path: path.read_text(encoding="utf-8") for path in texts}
    try:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        for check in (check for check in checks if can_see(check, fault)):
            told = caught_by(check, fault, bench)
            if told is not None:
                caught[check.name] = told
                if not every:
                    break
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
        shutil.rmtree(bench.caches / fault.name, ignore_errors=True)
    return Verdict(fault, place, caught, monotonic() - started)


def judge_all(faults: Sequence[Fault], checks: Sequence[Check], every: bool, processes: int) -> list[Verdict]:
    """Judge each fault in a copy of the project as it is now; tells each verdict as it comes."""
    with TemporaryDirectory(prefix="sim112-faults-") as room, ThreadPoolExecutor(processes) as threads:
        clean, caches = Path(room) / "clean", Path(room) / "machine_code"
        shutil.copytree(ROOT, clean, ignore=shutil.ignore_patterns(*LEFT_OUT))
        benches: SimpleQueue[Bench] = SimpleQueue()
        for number in range(processes):
            folder = Path(room) / f"faulty_{number}"
            shutil.copytree(clean, folder)
            benches.put(Bench(folder, clean, caches))

        def judge_one(fault: Fault) -> Verdict:
            bench = benches.get()
            try:
                verdict = judge(fault, checks, every, bench)
            finally:
                benches.put(bench)
            told = ", ".join(f"{check}: {by}" for check, by in verdict.caught.items()) or "SURVIVED"
            print(f"{verdict.seconds:6.0f} s  {fault.name}: {told}", file=sys.stderr, flush=True)
            return verdict

        return list(threads.map(judge_one, faults))


# ---- telling -----------------------------------------------------------------------------------------------


def table(verdicts: Sequence[Verdict], checks: Sequence[Check], every: bool) -> str:
    """A row for each fault, in Markdown."""
    lines = ["| fault | in | at | caught by |", "|---|---|---|---|"]
    for fault, place, caught, _ in verdicts:
        by = "; ".join(f"{check}: `{told}`" for check, told in caught.items()) or "**nothing**"
        lines.append(f"| {fault.words} | {fault.part} | `{place}` | {by} |")
    lines += ["", "| check | what it is | faults it was tried on | caught |", "|---|---|---|---|"]
    for at, check in enumerate(checks):
        earlier = {before.name for before in checks[:at]}
        seen = [verdict for verdict in verdicts if can_see(check, verdict.fault)]
        tried = [verdict for verdict in seen if every or not earlier & set(verdict.caught)]
        caught_here = sum(check.name in verdict.caught for verdict in tried)
        lines.append(f"| {check.name} | {check.words} | {len(tried)} | {caught_here} |")
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="only list the faults and the checks")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[of.name for of in FAULTS], default=[])
    parser.add_argument("--checks", nargs="+", choices=[of.name for of in CHECKS], help="these checks alone")
    parser.add_argument("--all", action="store_true", help="every check on every fault")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=2)
    given = parser.parse_args(words)
    faults = [of for of in FAULTS if not given.only or of.name in given.only]
    checks = [of for of in CHECKS if not given.checks or of.name in given.checks]
    if given.list:
        for fault in faults:
            print(f"{fault.name:26} {fault.part:14} {place_of(fault, ROOT):28} {fault.words}")
        for check in CHECKS:
            print(f"{check.name:26} {check.words}")
        return 0
    started = monotonic()
    verdicts = judge_all(faults, checks, given.all, given.processes)
    survivors = [verdict.fault.name for verdict in verdicts if not verdict.caught]
    print(table(verdicts, checks, given.all))
    took_s = monotonic() - started
    print(f"\n{len(verdicts) - len(survivors)} of {len(verdicts)} faults caught in {took_s:.0f} s")
    if survivors:
        print(f"not caught: {', '.join(survivors)}")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
