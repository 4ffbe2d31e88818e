"""What desks for several regencies save over one for each: sized scenarios side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sim112.planning.staff import SizedScenario
from sim112.study.store import saved, write_rows

TABLE = "pooling"


@dataclass(frozen=True)
class PooledRow:
    """One sized scenario: people on the payroll, lines, yearly cost (Rp), and what it needs beyond the first.

    ``shares_desks``: whether its desks serve several regencies, the legal basis of which is to be checked.
    """

    scenario: str
    desks: int
    people: int
    dispatchers: int
    lines: int
    rp_per_year: float
    capital_rp: float
    people_more: int
    rp_per_year_more: float
    shares_desks: bool
    is_kept: bool


def pooled_rows(results: Sequence[SizedScenario]) -> tuple[PooledRow, ...]:
    """Sized scenarios side by side, the differences from the first of them."""
    people = [sum(desk.people for desk in one.desks) for one in results]
    costs_rp = [sum(desk.budget.rp_per_year for desk in one.desks) for one in results]
    return tuple(
        PooledRow(
            scenario=one.scenario.name,
            desks=len(one.desks),
            people=people[at],
            dispatchers=sum(desk.dispatchers.people for desk in one.desks if desk.dispatchers is not None),
            lines=sum(desk.lines for desk in one.desks),
            rp_per_year=costs_rp[at],
            capital_rp=sum(desk.budget.capital_rp for desk in one.desks),
            people_more=people[at] - people[0],
            rp_per_year_more=costs_rp[at] - costs_rp[0],
            shares_desks=one.scenario.deployment.grouping != "regency",
            is_kept=one.is_kept,
        )
        for at, one in enumerate(results)
    )


def save_pooling(results: Sequence[SizedScenario], place: Path, command: Sequence[str], screen: str) -> Path:
    """Save the table in ``<place>/staff/<stamp>/``; the folder."""
    told = {
        "engine": results[0].engine,
        "settings": results[0].settings.model_dump(mode="json"),
        "regency": None,
    }
    scenarios, started = [one.scenario for one in results], datetime.now().astimezone()
    with saved(place, started, scenarios, verb="staff", command=command, **told) as unplaced:
        write_rows(unplaced.folder / f"{TABLE}.csv", [asdict(row) for row in pooled_rows(results)])
        (unplaced.folder / "screen.txt").write_text(f"{screen}\n", encoding="utf-8")
    assert unplaced.place is not None  # it is placed once it is whole
    return unplaced.place
