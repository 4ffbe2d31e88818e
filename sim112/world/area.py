"""The province as tables: regencies, districts, zones, stations, hospitals and who borders whom.

A *zone* is a point where incidents happen and units stand; every node of the road graph is a zone.
Latitudes and longitudes are degrees (WGS 84), areas km2, distances km, populations people of the census of
2020. The tables and their sources are described in ``data/central_java/SOURCES.md``; a user may point at a
folder of tables of another area with the same columns.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim112.errors import InputError
from sim112.world.rows import Row, read_rows, suggest, unique

EARTH_RADIUS_KM = 6371.0088  # mean radius of the Earth, IUGG
AGENCIES = ("fire", "ambulance", "police", "rescue")
ZONE_KINDS = ("centre", "local", "junction")
YES_NO_UNKNOWN = ("yes", "no", "unknown")
TABLES = tuple(
    f"{name}.csv"
    for name in (
        *("regencies", "districts", "zones", "stations", "hospitals", "neighbours", "edges"),
        *("desks", "units", "travel_times", "preferences"),  # of a small world
    )
)
"""The tables of an area that a simulation reads."""

FARTHEST_STATION_KM = 30.0  # from the nearest zone of its regency; a station farther off is a slip of the pen
PEOPLE_TOLERANCE = 0.01  # share by which the people of a regency and of its zones may differ


@dataclass(frozen=True)
class Regency:
    """A regency (kabupaten) or city (kota), the unit that opens or does not open a 112 centre."""

    code: str
    name: str
    label: str
    type: str
    seat: str
    seat_lat: float
    seat_lon: float
    area_km2: float
    population: int
    has_112_2021_12: str
    launch_date: str
    hours: str
    known_2025: str
    provider: str
    residency: str
    status_source: str


@dataclass(frozen=True)
class District:
    """A district (kecamatan) at its population-weighted centre; an island has no road to the rest."""

    code: str
    name: str
    regency_code: str
    lat: float
    lon: float
    area_km2: float
    population: int
    island: bool


@dataclass(frozen=True)
class Zone:
    """A point where incidents happen and units stand; ``zone`` is its number in every array.

    ``approach_km`` is the mean way by road from the point to a place in the zone (ASSUMED, see SOURCES.md).
    A junction has no people and no incidents.
    """

    zone: int
    code: str
    district_code: str
    regency_code: str
    lat: float
    lon: float
    population: int
    kind: str
    approach_km: float
    island: bool


@dataclass(frozen=True)
class Station:
    """Where an agency's units stand; ``zone`` is the nearest zone of the same regency."""

    station_id: str
    agency: str
    regency_code: str
    name: str
    lat: float
    lon: float
    units: int
    basis: str
    zone: int


@dataclass(frozen=True)
class Hospital:
    """Where patients are taken; ``zone`` is the nearest zone. ``service`` is general or a speciality."""

    hospital_id: str
    name: str
    kind: str
    service: str
    regency_code: str
    lat: float
    lon: float
    quality: str
    source: str
    zone: int


@dataclass(frozen=True)
class Area:
    """All tables of one area, checked. ``neighbours`` are pairs of regency codes with a land border."""

    regencies: tuple[Regency, ...]
    districts: tuple[District, ...]
    zones: tuple[Zone, ...]
    stations: tuple[Station, ...]
    hospitals: tuple[Hospital, ...]
    neighbours: tuple[tuple[str, str], ...]

    def regency(self, label_or_code: str) -> Regency:
        """The regency of that label (``pati``) or code (``33.18``); InputError with a suggestion if none."""
        return self.regencies[self.regency_index(label_or_code)]

    def regency_index(self, label_or_code: str) -> int:
        """The position of that regency in ``regencies``; InputError with a suggestion if none."""
        found = self._positions.get(label_or_code)
        if found is None:
            raise InputError(f"no regency {label_or_code!r}{suggest(label_or_code, sorted(self._positions))}")
        return found

    def neighbours_of(self, label_or_code: str) -> tuple[Regency, ...]:
        """The regencies with a land border to this one, in order of code."""
        code = self.regency(label_or_code).code
        codes = {b for a, b in self.neighbours if a == code} | {a for a, b in self.neighbours if b == code}
        return tuple(regency for regency in self.regencies if regency.code in codes)

    @cached_property
    def islands(self) -> frozenset[str]:
        """Codes of the zones that are declared to have no road to the mainland."""
        return frozenset(zone.code for zone in self.zones if zone.island)

    @cached_property
    def zone_population(self) -> NDArray[np.int64]:
        """People by zone, [n_zones]."""
        return np.array([zone.population for zone in self.zones], dtype=np.int64)

    @cached_property
    def zone_regency(self) -> NDArray[np.int32]:
        """The position in ``regencies`` of each zone's regency, [n_zones]."""
        return np.array([self.regency_index(zone.regency_code) for zone in self.zones], dtype=np.int32)

    @cached_property
    def approach_km(self) -> NDArray[np.float64]:
        """Mean way from a zone's point to a place in it, km, [n_zones]."""
        return np.array([zone.approach_km for zone in self.zones], dtype=np.float64)

    @cached_property
    def _positions(self) -> dict[str, int]:
        positions = {regency.label: at for at, regency in enumerate(self.regencies)}
        return positions | {regency.code: at for at, regency in enumerate(self.regencies)}


def distance_km(
    lat: ArrayLike, lon: ArrayLike, other_lat: ArrayLike, other_lon: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance in km between points in degrees (haversine); shapes broadcast."""
    phi, other_phi = np.radians(lat), np.radians(other_lat)
    across = np.radians(np.asarray(other_lon) - np.asarray(lon))
    chord = np.sin((other_phi - phi) / 2) ** 2 + np.cos(phi) * np.cos(other_phi) * np.sin(across / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord)), dtype=np.float64)


RowType = TypeVar("RowType")


def load_area(folder: Path) -> Area:
    """Read and check the tables of an area.

    Raises InputError for the first missing column, wrong type, impossible value, duplicate code or unknown
    regency, and for tables that do not agree, naming file, row, value and mend.
    """
    regencies = _some("regencies.csv", _read_regencies(folder / "regencies.csv"))
    codes = {regency.code for regency in regencies}
    districts = _some("districts.csv", _read_districts(folder / "districts.csv", codes))
    zones = _some("zones.csv", _read_zones(folder / "zones.csv", codes, {d.code: d for d in districts}))
    _check_people(regencies, zones)
    _check_roads(folder / "edges.csv", zones)
    return Area(
        regencies=regencies,
        districts=districts,
        zones=zones,
        stations=tuple(_read_stations(folder / "stations.csv", codes, zones)),
        hospitals=tuple(_read_hospitals(folder / "hospitals.csv", codes, zones)),
        neighbours=tuple(_read_neighbours(folder / "neighbours.csv", codes)),
    )


def _some(table: str, rows: Iterable[RowType]) -> tuple[RowType, ...]:
    """The rows of a table that cannot be empty."""
    read = tuple(rows)
    if not read:
        raise InputError(f"{table}: no rows below the header; give at least one")
    return read


def _check_people(regencies: Sequence[Regency], zones: Sequence[Zone]) -> None:
    """Raise InputError for a regency whose zones have more or fewer people than it has."""
    people: Counter[str] = Counter()
    for zone in zones:
        people[zone.regency_code] += zone.population
    for regency in regencies:
        if abs(people[regency.code] - regency.population) > PEOPLE_TOLERANCE * regency.population:
            raise InputError(
                f"zones.csv: the zones of {regency.label} have {people[regency.code]} people and "
                f"regencies.csv gives it {regency.population}; make them agree within {PEOPLE_TOLERANCE:.0%}"
            )


def _check_roads(path: Path, zones: Sequence[Zone]) -> None:
    """Raise InputError for a table without any road where there are zones to be joined."""
    if sum(not zone.island for zone in zones) > 1 and next(read_rows(path, ()), None) is None:
        raise InputError(f"{path.name}: no rows below the header; give the roads between the zones")


def notices_of(area: Area) -> list[str]:
    """What is allowed in the tables of an area and yet may be a slip: an agency without units."""
    notices = []
    if not area.stations:
        notices.append("stations.csv has no rows: no unit is simulated, and no incident is reached")
    else:
        present = {(station.regency_code, station.agency) for station in area.stations if station.units}
        for agency in AGENCIES:
            without = [one.label for one in area.regencies if (one.code, agency) not in present]
            if without:
                shown = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
                notices.append(f"stations.csv has no {agency} unit in {shown}")
    if not area.hospitals:
        notices.append("hospitals.csv has no rows: nobody is taken to a hospital")
    return notices


def read_regencies(folder: Path) -> tuple[Regency, ...]:
    """Only the regencies of an area, in order of the file."""
    return tuple(_read_regencies(folder / "regencies.csv"))


def read_districts(folder: Path) -> tuple[District, ...]:
    """Only the districts of an area, in order of the file."""
    codes = {regency.code for regency in read_regencies(folder)}
    return tuple(_read_districts(folder / "districts.csv", codes))


def read_zones(folder: Path) -> tuple[Zone, ...]:
    """Only the zones of an area, in order of their number."""
    codes = {regency.code for regency in read_regencies(folder)}
    districts = {district.code: district for district in read_districts(folder)}
    return tuple(_read_zones(folder / "zones.csv", codes, districts))


def _latitude(row: Row, column: str = "lat") -> float:
    return row.number_in(column, -90, 90)


def _longitude(row: Row, column: str = "lon") -> float:
    return row.number_in(column, -180, 180)


def _regency_code(row: Row, codes: set[str], column: str = "regency_code") -> str:
    code = row.text(column)
    if code not in codes:
        raise row.error(column, f"no such regency in regencies.csv{suggest(code, sorted(codes))}")
    return code


def _read_regencies(path: Path) -> Iterator[Regency]:
    seen_codes: dict[str, int] = {}
    seen_labels: dict[str, int] = {}
    for row in read_rows(path, Regency.__dataclass_fields__):
        yield Regency(
            code=unique(row, "code", seen_codes),
            name=row.text("name"),
            label=unique(row, "label", seen_labels),
            type=row.choice("type", ("kabupaten", "kota")),
            seat=row.text("seat"),
            seat_lat=_latitude(row, "seat_lat"),
            seat_lon=_longitude(row, "seat_lon"),
            area_km2=row.number_in("area_km2", 0.01, 1e6),
            population=row.count("population"),
            has_112_2021_12=row.choice("has_112_2021_12", YES_NO_UNKNOWN),
            launch_date=row.text("launch_date", empty=True),
            hours=row.text("hours", empty=True),
            known_2025=row.choice("known_2025", YES_NO_UNKNOWN),
            provider=row.text("provider", empty=True),
            residency=row.text("residency", empty=True),
            status_source=row.text("status_source", empty=True),
        )


def _read_districts(path: Path, codes: set[str]) -> Iterator[District]:
    seen: dict[str, int] = {}
    for row in read_rows(path, District.__dataclass_fields__):
        yield District(
            code=unique(row, "code", seen),
            name=row.text("name"),
            regency_code=_regency_code(row, codes),
            lat=_latitude(row),
            lon=_longitude(row),
            area_km2=row.number_in("area_km2", 0.01, 1e6),
            population=row.count("population"),
            island=row.choice("island", ("yes", "no")) == "yes",
        )


def _read_zones(path: Path, codes: set[str], districts: dict[str, District]) -> Iterator[Zone]:
    seen: dict[str, int] = {}
    columns = [column for column in Zone.__dataclass_fields__ if column != "island"]
    for expected, row in enumerate(read_rows(path, columns)):
        if row.count("zone") != expected:
            raise row.error("zone", f"zones are numbered 0, 1, 2, ... in file order: give {expected}")
        district = districts.get(row.text("district_code"))
        if district is None:
            raise row.error("district_code", "no such district in districts.csv")
        regency_code = _regency_code(row, codes)
        if district.regency_code != regency_code:
            raise row.error("regency_code", f"the district lies in {district.regency_code}: give that")
        yield Zone(
            zone=expected,
            code=unique(row, "code", seen),
            district_code=district.code,
            regency_code=regency_code,
            lat=_latitude(row),
            lon=_longitude(row),
            population=row.count("population"),
            kind=row.choice("kind", ZONE_KINDS),
            approach_km=row.number_in("approach_km", 0, 100),
            island=district.island,
        )


def _read_stations(path: Path, codes: set[str], zones: tuple[Zone, ...]) -> Iterator[Station]:
    seen: dict[str, int] = {}
    by_regency: dict[str, list[Zone]] = {}
    for zone in zones:
        by_regency.setdefault(zone.regency_code, []).append(zone)
    # A station serves its own regency, so it stands there, not at a nearer point across the border.
    nearest = {code: nearest_of(own) for code, own in by_regency.items()}
    anywhere = nearest_of(zones)
    columns = [column for column in Station.__dataclass_fields__ if column != "zone"]
    for row in read_rows(path, columns):
        regency_code = _regency_code(row, codes)
        lat, lon = _latitude(row), _longitude(row)
        at = nearest.get(regency_code, anywhere)(lat, lon)
        far_km = float(distance_km(lat, lon, zones[at].lat, zones[at].lon))
        if far_km > FARTHEST_STATION_KM:
            raise row.error(
                "lat",
                f"with lon {row.cells['lon']!r} it is {far_km:.0f} km from the nearest zone of "
                f"{regency_code}, farther than {FARTHEST_STATION_KM:g} km; correct lat, lon or regency_code",
            )
        yield Station(
            station_id=unique(row, "station_id", seen),
            agency=row.choice("agency", AGENCIES),
            regency_code=regency_code,
            name=row.text("name"),
            lat=lat,
            lon=lon,
            units=row.count("units"),
            basis=row.text("basis"),
            zone=at,
        )


def _read_hospitals(path: Path, codes: set[str], zones: tuple[Zone, ...]) -> Iterator[Hospital]:
    seen: dict[str, int] = {}
    columns = [column for column in Hospital.__dataclass_fields__ if column != "zone"]
    nearest = nearest_of(zones)
    for row in read_rows(path, columns):
        lat, lon = _latitude(row), _longitude(row)
        yield Hospital(
            hospital_id=unique(row, "hospital_id", seen),
            name=row.text("name"),
            kind=row.text("kind"),
            service=row.text("service"),
            regency_code=_regency_code(row, codes),
            lat=lat,
            lon=lon,
            quality=row.text("quality"),
            source=row.text("source"),
            zone=nearest(lat, lon),
        )


def _read_neighbours(path: Path, codes: set[str]) -> Iterator[tuple[str, str]]:
    seen: dict[tuple[str, str], int] = {}
    for row in read_rows(path, ("code_a", "code_b")):
        first, second = (_regency_code(row, codes, column) for column in ("code_a", "code_b"))
        if first == second:
            raise row.error("code_b", "a regency is not its own neighbour; give another")
        pair = (min(first, second), max(first, second))
        if pair in seen:
            raise row.error("code_b", f"row {seen[pair]} has this pair already; drop one")
        seen[pair] = row.number
        yield pair


def nearest_of(zones: Sequence[Zone]) -> Callable[[float, float], int]:
    """What tells the number of the zone nearest to a latitude and longitude by great circle.

    The zones are in order of their numbers; ties go to the lowest.
    """
    number, zone_lat, zone_lon = (
        np.array([getattr(zone, part) for zone in zones]) for part in ("zone", "lat", "lon")
    )

    def nearest(lat: float, lon: float) -> int:
        # A local plane is exact enough to rank neighbours and many times faster than the haversine.
        shrink = math.cos(math.radians(lat))
        return int(number[np.argmin((zone_lat - lat) ** 2 + ((zone_lon - lon) * shrink) ** 2)])

    return nearest
