"""A small world: a few desks, zones and units in a folder of short tables, for queues with known answers.

A folder with ``desks.csv`` and without ``regencies.csv`` is a small world; it needs no roads, districts or
borders. ``docs/small_worlds.md`` describes the tables. The smallest world, one desk and no units, comes from
the configuration alone (``area.desk``) and is read by the same code.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim112.config.answering import Platform
from sim112.config.area import AreaConfig
from sim112.config.demand import AGENCIES, Demand
from sim112.errors import InputError
from sim112.world.area import Area, Hospital, Regency, Station, Zone
from sim112.world.roads import GRID_PER_S, NO_PREVIOUS, TravelTimes
from sim112.world.rows import Row, known_rows, suggest, unique
from sim112.world.small_desks import NOBODY, DeskRow, desk_rows, platforms_of, read_desks, row_of
from sim112.world.small_units import (
    UnitRow,
    read_hospitals,
    read_preferences,
    read_stations,
    read_units,
)

PEOPLE_OF_WEIGHTS = 100_000  # where zones have weights: a rate per 100,000 people is then that of the world
LONGEST_S = 366 * 86400.0

_LABEL = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True)
class SmallArea(Area):
    """The places of a small world, and its desks, platforms and units.

    ``preference`` gives for each zone the rank of every unit, NO_LIMIT where it is never sent; empty: the
    nearest unit goes.
    """

    desks: tuple[DeskRow, ...]
    platforms: tuple[Platform, ...]
    units: tuple[UnitRow, ...]
    preference: tuple[tuple[int, ...], ...]


def load_small(config: AreaConfig) -> tuple[SmallArea, TravelTimes]:
    """Read and check the tables of a small world, or make the world of the one desk.

    Raises InputError naming file, row, value and mend for the first thing that is wrong.
    """
    if config.desk is not None:
        zones, regencies = _places([Row("area.desk", 1, {"zone": "zone", "regency": "area", "weight": "1"})])
        desks = tuple(read_desks([row_of(config.desk)], regencies))
        return _area(desks, zones, regencies), _nowhere(config.period_names, 1)
    assert config.path is not None
    folder = Path(config.path)
    zones, regencies = read_small_places(folder)
    desks = tuple(read_desks(desk_rows(folder), regencies))
    numbers = {zone.code: zone.zone for zone in zones}
    stations = dict(read_stations(folder, numbers))
    units = tuple(read_units(folder, stations))
    travel = folder / "travel_times.csv"
    times = (
        _read_travel(travel, numbers, config.period_names)
        if units or travel.exists()
        else _nowhere(config.period_names, len(zones))
    )
    area = _area(
        desks,
        zones,
        regencies,
        units=units,
        preference=read_preferences(folder / "preferences.csv", numbers, [unit.name for unit in units]),
        hospitals=tuple(read_hospitals(folder, zones)),
    )
    return area, times


def read_small_places(folder: Path) -> tuple[tuple[Zone, ...], tuple[Regency, ...]]:
    """Only the zones of a small world and their regencies, in order of the file."""
    if (folder / "regencies.csv").exists():
        raise InputError(f"{folder}: has desks.csv and regencies.csv; keep desks.csv for a small world only")
    columns = ("regency", "population", "weight", "lat", "lon")
    return _places(known_rows(folder / "zones.csv", ("zone",), columns))


def small_regencies(config: AreaConfig) -> tuple[Regency, ...]:
    """Only the regencies of a small world."""
    if config.desk is not None:
        return load_small(config)[0].regencies
    assert config.path is not None
    return read_small_places(Path(config.path))[1]


def small_notices(area: SmallArea, demand: Demand) -> list[str]:
    """What is allowed in a small world and yet may be a slip: incidents that need a unit there is none of."""
    needed = {agency for kind in demand.kinds.values() for agency, share in kind.agencies.items() if share}
    present = {unit.agency for unit in area.units}
    return [
        f"a kind of incident may need {agency} and units.csv has no such unit: nobody is sent"
        for agency in AGENCIES
        if agency in needed and agency not in present
    ]


def _area(
    desks: tuple[DeskRow, ...],
    zones: tuple[Zone, ...],
    regencies: tuple[Regency, ...],
    *,
    units: tuple[UnitRow, ...] = (),
    preference: tuple[tuple[int, ...], ...] = (),
    hospitals: tuple[Hospital, ...] = (),
) -> SmallArea:
    codes = [regency.code for regency in regencies]
    return SmallArea(
        regencies=regencies,
        districts=(),
        zones=zones,
        stations=tuple(
            Station(
                station_id=unit.station,
                agency=unit.agency,
                regency_code=zones[unit.zone].regency_code,
                name=unit.station,
                lat=zones[unit.zone].lat,
                lon=zones[unit.zone].lon,
                units=1,
                basis="units.csv",
                zone=unit.zone,
            )
            for unit in units
        ),
        hospitals=hospitals,
        # with mutual aid every unit may be sent: there are no borders that only neighbours share
        neighbours=tuple((a, b) for a, b in product(codes, codes) if a < b),
        desks=desks,
        platforms=platforms_of(desks),
        units=units,
        preference=preference,
    )


# ---- zones -------------------------------------------------------------------------------------------------


def _places(rows: Iterable[Row]) -> tuple[tuple[Zone, ...], tuple[Regency, ...]]:
    """Zones and their regencies; people by zone, or weights made into people."""
    rows = list(rows)
    people = _people(rows)
    seen: dict[str, int] = {}
    at_regency: dict[str, int] = {}
    zones = []
    for at, row in enumerate(rows):
        label = row.cells["regency"] or "area"
        if not _LABEL.fullmatch(label) or label == NOBODY:
            raise row.error("regency", "give a label of letters, digits, _ and -, beginning with a letter")
        number = at_regency.setdefault(label, len(at_regency) + 1)
        zones.append(
            Zone(
                zone=at,
                code=unique(row, "zone", seen),
                district_code="",
                regency_code=f"{number:04d}",
                lat=_degrees(row, "lat", 90),
                lon=_degrees(row, "lon", 180),
                population=people[at],
                kind="centre",
                approach_km=0.0,
                island=False,
            )
        )
    regencies = tuple(_regency(f"{number:04d}", label, zones) for label, number in at_regency.items())
    return tuple(zones), regencies


def _people(rows: Sequence[Row]) -> list[int]:
    """The people of each zone: as told, or 100,000 shared by weight."""
    by_weight = any(row.cells.get("weight", "") for row in rows)
    if by_weight and any(row.cells.get("population", "") for row in rows):
        raise rows[0].error("weight", "zones have people or weights; leave population or weight empty")
    if not by_weight:
        return [row.count("population") for row in rows]
    weights = np.array([row.number_in("weight", 0, 1e9) for row in rows])
    if weights.sum() == 0:
        raise rows[0].error("weight", "some zone needs a weight above 0; give one")
    ends = np.rint(np.cumsum(weights) / weights.sum() * PEOPLE_OF_WEIGHTS)
    people = np.diff(ends, prepend=0.0)
    for row, weight, count in zip(rows, weights, people, strict=True):
        if weight > 0 and count == 0:
            raise row.error("weight", f"give 0, or at least 1/{PEOPLE_OF_WEIGHTS} of all weights")
    return [int(count) for count in people]


def _degrees(row: Row, column: str, most: float) -> float:
    """A coordinate; not known is NaN, which is near no border and on no map."""
    return row.number_in(column, -most, most) if row.cells.get(column) else float("nan")


def _regency(code: str, label: str, zones: Sequence[Zone]) -> Regency:
    people = sum(zone.population for zone in zones if zone.regency_code == code)
    if people == 0:
        raise InputError(f"zones.csv: nobody lives in the zones of {label}; give one a population or weight")
    return Regency(
        code=code,
        name=label,
        label=label,
        type="kabupaten",
        seat="",
        seat_lat=float("nan"),
        seat_lon=float("nan"),
        area_km2=float("nan"),
        population=people,
        has_112_2021_12="unknown",
        launch_date="",
        hours="",
        known_2025="unknown",
        provider="",
        residency="",
        status_source="",
    )


# ---- travel ------------------------------------------------------------------------------------------------


def _read_travel(path: Path, zones: dict[str, int], periods: tuple[str, ...]) -> TravelTimes:
    """Directed times between all pairs of zones, for each period or the same in all."""
    rows = list(known_rows(path, ("from", "to", "travel_s"), ("period",)))
    by_period = any(row.cells["period"] for row in rows)
    travel_s = np.full((len(periods) if by_period else 1, len(zones), len(zones)), np.nan)
    seen: dict[tuple[int, int, int], int] = {}
    for row in rows:
        a, b = (zones[_zone_of(row, column, list(zones))] for column in ("from", "to"))
        period = periods.index(row.choice("period", periods)) if by_period else 0
        if (period, a, b) in seen:
            raise row.error("to", f"row {seen[period, a, b]} has this way already; keep one")
        seen[period, a, b] = row.number
        travel_s[period, a, b] = np.rint(row.number_in("travel_s", 0, LONGEST_S) * GRID_PER_S) / GRID_PER_S
    own = np.arange(len(zones))
    travel_s[:, own, own] = np.where(np.isnan(travel_s[:, own, own]), 0.0, travel_s[:, own, own])
    missing = np.argwhere(np.isnan(travel_s))
    if len(missing):
        period, a, b = (int(at) for at in missing[0])
        names = list(zones)
        when = f" in period {periods[period]}" if by_period else ""
        raise InputError(
            f"{path.name}: no row from {names[a]!r} to {names[b]!r}{when}"
            f"{f' (and {len(missing) - 1} more)' if len(missing) > 1 else ''}; give its travel_s"
        )
    whole = travel_s if by_period else np.repeat(travel_s, len(periods), axis=0)
    return TravelTimes(periods, np.ascontiguousarray(whole), _straight(len(periods), len(zones)))


def _zone_of(row: Row, column: str, zones: Sequence[str]) -> str:
    if row.cells[column] not in zones:
        raise row.error(column, f"no such zone in zones.csv{suggest(row.cells[column], zones)}")
    return row.cells[column]


def _nowhere(periods: tuple[str, ...], zones: int) -> TravelTimes:
    """No ways at all, where nothing travels."""
    travel_s = np.full((len(periods), zones, zones), np.inf)
    travel_s[:, np.arange(zones), np.arange(zones)] = 0.0
    previous = np.full(travel_s.shape, NO_PREVIOUS, dtype=np.int32)
    return TravelTimes(periods, travel_s, previous)


def _straight(periods: int, zones: int) -> NDArray[np.int32]:
    """Every way leads straight from zone to zone, through no third."""
    previous = np.repeat(np.arange(zones, dtype=np.int32)[:, None], zones, axis=1)
    np.fill_diagonal(previous, NO_PREVIOUS)
    return np.repeat(previous[None], periods, axis=0)
