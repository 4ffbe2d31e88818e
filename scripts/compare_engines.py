"""Run both engines on the same input and show the first event at which they part, with both views of it.

    python scripts/compare_engines.py --seed 7 --tick 60                 one random world, in every variation
    python scripts/compare_engines.py --seed 7 --variation "move up"     in one
    python scripts/compare_engines.py --seed 0 --worlds 1000             a thousand seeds from 0
    python scripts/compare_engines.py --scenario all_35 demand=lebaran   a shipped scenario

Exits with 1 where the engines disagree.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from variations import VARIATIONS, Case, case_of, first_parting

from sim112.config.scenario import compose
from sim112.demand.calls import draw_calls
from sim112.engine import compiled, reference
from sim112.engine.contract import first_difference
from sim112.world.network import build_world, load_places


def main() -> int:
    """Compare the engines as the command line says; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of the first random world")
    parser.add_argument("--worlds", type=int, default=1, help="how many seeds from there")
    parser.add_argument("--tick", type=float, default=1 / 1024, help="seconds on whose multiples times lie")
    parser.add_argument("--variation", choices=list(VARIATIONS), help="only this one")
    parser.add_argument("--scenario", nargs="+", metavar="word", help="a shipped scenario, then overrides")
    parser.add_argument("--replication", type=int, default=0)
    given = parser.parse_args()
    compared = parted = 0
    for name, case in cases(given):
        a, b = reference.simulate(*case), compiled.simulate(*case)
        compared += 1
        difference = first_difference(a, b)
        if difference is not None:
            parted += 1
            print(f"{name}: {difference}\n{first_parting(a, b) or 'every event is the same'}\n")
    print(f"{compared} compared, {parted} parted")
    return 1 if parted else 0


def cases(given: argparse.Namespace) -> Iterator[tuple[str, Case]]:
    """The named inputs that the command line asks for."""
    if given.scenario:
        word, *overrides = given.scenario
        scenario = compose([f"scenario={word}", *overrides])
        area, travel = load_places(scenario)
        calls = draw_calls(scenario, area, given.replication)
        yield " ".join(given.scenario), (build_world(scenario, area, travel), calls)
        return
    for seed in range(given.seed, given.seed + given.worlds):
        for variation in [given.variation] if given.variation else VARIATIONS:
            yield (
                f"--seed {seed} --tick {given.tick} --variation {variation!r}",
                case_of(seed, given.tick, variation),
            )


if __name__ == "__main__":
    sys.exit(main())
