"""The units of a small world: ``stations.csv``, ``units.csv``, ``preferences.csv``; and ``hospitals.csv``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim112.engine.contract import NO_LIMIT
from sim112.errors import InputError
from sim112.world.area import AGENCIES, Hospital, Zone
from sim112.world.rows import known_rows, one_of, suggest, unique

LONGEST_S = 366 * 86400.0


@dataclass(frozen=True)
class UnitRow:
    """A row of ``units.csv``; the position of a row is the unit's id. None: as the configuration says."""

    name: str
    agency: str
    station: str
    zone: int
    turnout_s: float | None
    busy_s: float | None


def read_stations(folder: Path, zones: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The name and zone of each station; none where there is no table and no unit."""
    path, units = folder / "stations.csv", folder / "units.csv"
    if not path.exists() and not units.exists():
        return
    seen: dict[str, int] = {}
    for row in known_rows(path, ("station", "zone")):
        yield unique(row, "station", seen), zones[one_of(row, "zone", list(zones), "zones.csv")]


def read_units(folder: Path, stations: dict[str, int]) -> Iterator[UnitRow]:
    """The units, in order of their ids; ``stations`` gives the zone of each station."""
    path = folder / "units.csv"
    if not path.exists():
        return
    seen: dict[str, int] = {}
    for row in known_rows(path, ("unit", "agency", "station"), ("turnout_s", "busy_s")):
        name = unique(row, "unit", seen)
        if len(name.split()) > 1:
            raise row.error("unit", "a unit's name has no spaces; write it as one word")
        station = one_of(row, "station", list(stations), "stations.csv")
        yield UnitRow(
            name=name,
            agency=row.choice("agency", AGENCIES),
            station=station,
            zone=stations[station],
            turnout_s=row.number_in("turnout_s", 0, LONGEST_S) if row.cells["turnout_s"] else None,
            busy_s=row.number_in("busy_s", 0, LONGEST_S) if row.cells["busy_s"] else None,
        )


def read_hospitals(folder: Path, zones: Sequence[Zone]) -> Iterator[Hospital]:
    """The hospitals, which take what the kinds of incidents say of their service."""
    path = folder / "hospitals.csv"
    if not path.exists():
        return
    seen: dict[str, int] = {}
    numbers = {zone.code: zone for zone in zones}
    for row in known_rows(path, ("hospital", "zone"), ("service",)):
        name, zone = unique(row, "hospital", seen), numbers[one_of(row, "zone", list(numbers), "zones.csv")]
        yield Hospital(
            hospital_id=name,
            name=name,
            kind="",
            service=row.cells["service"] or "general",
            regency_code=zone.regency_code,
            lat=zone.lat,
            lon=zone.lon,
            quality="",
            source="",
            zone=zone.zone,
        )


def read_preferences(path: Path, zones: dict[str, int], units: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The rank of each unit for each zone, [zones][units]; NO_LIMIT: never sent. Empty without a table."""
    if not path.exists():
        return ()
    ranks: dict[tuple[int, int], int] = {}
    rows = list(known_rows(path, ("zone",), ("units", "unit", "rank")))
    in_order = any(row.cells["units"] for row in rows)
    number = {name: at for at, name in enumerate(units)}
    for row in rows:
        zone = zones[one_of(row, "zone", list(zones), "zones.csv")]
        if in_order:
            if any(of == zone for of, _ in ranks):
                raise row.error("zone", "it has a row already; give each zone one")
            given = [(word, at) for at, word in enumerate(row.text("units").split())]
        else:
            given = [(row.text("unit"), row.count("rank"))]
        for word, rank in given:
            column = "units" if in_order else "unit"
            if word not in number:
                raise row.error(column, f"no unit {word!r} in units.csv{suggest(word, list(units))}")
            if (zone, number[word]) in ranks:
                raise row.error(column, f"unit {word!r} has a rank there already; name it once")
            ranks[zone, number[word]] = rank
    for name, zone in zones.items():
        if not any(of == zone for of, _ in ranks):
            raise InputError(f"preferences.csv: zone {name!r} has no row; give its units in order")
    return tuple(
        tuple(ranks.get((zone, unit), NO_LIMIT) for unit in range(len(units))) for zone in zones.values()
    )
