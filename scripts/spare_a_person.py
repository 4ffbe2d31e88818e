"""Whether any person on any shift of a sized roster can be spared, as a table for the docs.

Every kind of person-shift (one person, one shift, one day of the week) is taken away by itself, and the
roster is simulated on the calls of the search and on the fresh runs on which the plan was held at last. A
person-shift is needed where a target breaks that was kept before.

    python scripts/spare_a_person.py one_centre
    python scripts/spare_a_person.py all_35 --regency kota_semarang
    python scripts/spare_a_person.py twenty_seats --config-dir experiments/staffing
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from sim112.config.scenario import scenario
from sim112.config.staff import staff_settings
from sim112.planning.requirement import Plan, with_people
from sim112.planning.service import judge
from sim112.planning.sizing import size_desks
from sim112.planning.staff import Office, desks_to_size
from sim112.planning.trial import ROLES, simulator
from sim112.study.replication import draw, world_of


def tell(text: str) -> None:
    print(f"# {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("scenario", help="one with a single 112 desk, unless --regency is given")
    parser.add_argument("changes", nargs="*", help="overrides of staff.yaml, such as minimum_on_duty=1")
    parser.add_argument("--config-dir", type=Path)
    parser.add_argument("--regency", help="whose desk it is")
    given = parser.parse_args()
    one, settings = scenario(given.scenario, config_dir=given.config_dir), staff_settings(given.changes)
    world, desks = world_of(one), desks_to_size(one, given.regency)
    _, standard = settings.standard(one.targets)
    name = given.regency or one.name
    simulate = simulator(lambda number: draw(one, number), desks, settings, standard, workers=2)
    office = Office(one, settings)
    sizing = size_desks(world, desks, simulate, settings, standard, office, say=tell)
    runs = sizing.searched, sizing.fresh

    def broken(plan: Plan, replications: range) -> set[str]:
        counts = simulate(with_people(world, plan), replications)
        return {check.name for check in judge(counts, plan, sizing.asked) if check.fails.any()}

    whole = [broken(sizing.on_duty, part) for part in runs]
    print("| desk | role | shift, day | people | breaks on the search's calls | on fresh runs |")
    print("|---|---|---|---|---|---|")
    needed_at = [0, 0]
    tried = 0
    for role in ROLES:
        people = sizing.needed.people(role)[0]
        roster = office.roster(people)
        for shift in roster.shifts if people.any() else ():
            on_duty = sizing.on_duty.people(role) - shift.hours
            if (on_duty[0] < settings.minimum_on_duty)[shift.hours > 0].any() and role == "call_takers":
                continue  # the least people on duty, which no simulation decides
            if role == "dispatchers" and (on_duty[0] < settings.minimum_dispatchers)[shift.hours > 0].any():
                continue
            fewer = replace(sizing.on_duty, **{role: on_duty})
            breaks = [broken(fewer, part) - kept for part, kept in zip(runs, whole, strict=True)]
            tried += 1
            needed_at = [number + bool(names) for number, names in zip(needed_at, breaks, strict=True)]
            told = " | ".join("; ".join(sorted(names)) or "nothing" for names in breaks)
            print(
                f"| {name} | {role} | {shift.name} {shift.day} | {shift.people} | {told} |",
                flush=True,
            )
    hours = int(np.sum([sizing.on_duty.people(role).sum() for role in ROLES]))
    print(f"\n{name}: {hours} hours on duty, kept before: {[not names for names in whole]};")
    print(f"of {tried} kinds of person-shift {needed_at[0]} break a target on the search's calls,")
    print(f"{needed_at[1]} on the fresh ones ({len(runs[0])} and {len(runs[1])} runs).")


if __name__ == "__main__":
    main()
