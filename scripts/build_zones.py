"""Write zones.csv: the points where incidents happen and units stand.

Every district gives its population-weighted centre and, by its area, local points spread over a disc of
that area. Towns and toll gates that no centre stands for become junctions without people. The rules and
what they assume are told in SOURCES.md under zones.csv. The same tables give the same bytes.
"""

import csv
import io
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim112.world.area import District, distance_km, read_districts
from sim112.world.rows import Row, read_rows

FOLDER = Path(__file__).resolve().parents[1] / "sim112" / "data" / "central_java"
AREA_PER_LOCAL_KM2 = 40.0  # ASSUMED: one local point for each full 40 km2 of a district
MOST_LOCALS = 6  # ASSUMED
CENTRE_WEIGHT = 2.0  # ASSUMED: the centre stands for twice the people of a local point
LOCAL_RADIUS_SHARE = 0.85  # ASSUMED: locals keep off the rim of the disc, where shapes differ most
SUMMIT_KM = 3.0  # ASSUMED: nobody lives, and no road passes, this near a summit
MERGE_KM = {"seat": 2.5, "interchange": 1.0}  # ASSUMED: a district centre this near stands for the town
APPROACH_DETOUR = 1.3  # ASSUMED: road over straight line inside a zone
CANDIDATES = 60
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True)
class Barriers:
    """Coast lines (lat over lon) and summits (lat, lon), crude: +-3 km and +-1 km."""

    north: tuple[tuple[float, float], ...]
    south: tuple[tuple[float, float], ...]
    summits: tuple[tuple[float, float], ...]

    def on_land(self, lat: float, lon: float, tolerance_km: float = 0.0) -> bool:
        """Whether a point lies between the two coasts; where a coast is not drawn it does not bind."""
        slack = tolerance_km / 111.0
        north = coast_lat(self.north, lon)
        south = coast_lat(self.south, lon)
        return (north is None or lat <= north + slack) and (south is None or lat >= south - slack)

    def near_summit(self, lat: float, lon: float) -> bool:
        """Whether a point is within SUMMIT_KM of a summit."""
        return any(float(distance_km(lat, lon, a, b)) < SUMMIT_KM for a, b in self.summits)


def coast_lat(coast: Sequence[tuple[float, float]], lon: float) -> float | None:
    """Latitude of a coast (points of lon, lat in order of lon) at a longitude, None where it is not drawn."""
    if not coast or not coast[0][0] <= lon <= coast[-1][0]:
        return None
    lons, lats = zip(*coast, strict=True)
    return float(np.interp(lon, lons, lats))


def read_barriers(folder: Path) -> Barriers:
    """Read barriers.csv."""
    rows = list(read_rows(folder / "barriers.csv", ("kind", "name", "lat", "lon", "basis")))

    def points(kind: str) -> list[tuple[float, float]]:
        return [
            (r.number_in("lat", -90, 90), r.number_in("lon", -180, 180))
            for r in rows
            if r.cells["kind"] == kind
        ]

    return Barriers(
        north=tuple(sorted((lon, lat) for lat, lon in points("north_coast"))),
        south=tuple(sorted((lon, lat) for lat, lon in points("south_coast"))),
        summits=tuple(points("summit")),
    )


def local_points(
    district: District, number: int, centres: Sequence[District], barriers: Barriers
) -> list[tuple[float, float]]:
    """Up to ``number`` points in the district: far from its centre and from each other.

    Candidates lie on a sunflower pattern in a disc of the district's area. A candidate is refused when
    another district's centre is nearer, when it lies in the sea or near a summit.
    """
    radius = math.sqrt(district.area_km2 / math.pi) * LOCAL_RADIUS_SHARE
    lats = np.array([centre.lat for centre in centres])
    lons = np.array([centre.lon for centre in centres])
    shrink = math.cos(math.radians(district.lat))
    own = centres.index(district)
    allowed: list[tuple[float, float]] = []
    for at in range(1, CANDIDATES + 1):
        reach, angle = radius * math.sqrt(at / CANDIDATES), at * GOLDEN_ANGLE
        lat = round(district.lat + reach * math.sin(angle) / 111.195, 4)
        lon = round(district.lon + reach * math.cos(angle) / (111.195 * shrink), 4)
        if int(np.argmin(distance_km(lat, lon, lats, lons))) != own:
            continue
        if barriers.on_land(lat, lon) and not barriers.near_summit(lat, lon):
            allowed.append((lat, lon))
    chosen: list[tuple[float, float]] = []
    while allowed and len(chosen) < number:
        taken = [(district.lat, district.lon), *chosen]

        def gap(point: tuple[float, float]) -> float:
            return min(float(distance_km(*point, *other)) for other in taken)  # noqa: B023

        best = max(allowed, key=lambda point: (round(gap(point), 6), point))
        if gap(best) < radius / 3:
            break
        chosen.append(best)
        allowed.remove(best)
    return chosen


def share_population(population: int, locals_count: int) -> list[int]:
    """People at the centre and at each local point; whole numbers that sum to the district's."""
    each = int(population / (CENTRE_WEIGHT + locals_count))
    return [population - each * locals_count] + [each] * locals_count


def build_zones(folder: Path) -> str:
    """The text of zones.csv."""
    districts = sorted(read_districts(folder), key=lambda district: district.code)
    towns = list(read_rows(folder / "towns.csv", ("name", "lat", "lon", "regency_code", "kind", "basis")))
    barriers = read_barriers(folder)
    island_points = {row.text("regency_code"): row for row in towns if row.cells["kind"] == "island"}
    rows: list[list[object]] = []
    for district in districts:
        points = []
        if district.island:
            row = island_points[district.regency_code]
            points = [(row.number_in("lat", -90, 90), row.number_in("lon", -180, 180))]
        else:
            number = min(MOST_LOCALS, int(district.area_km2 // AREA_PER_LOCAL_KM2))
            if number:
                points = local_points(district, number, districts, barriers)
        people = share_population(district.population, len(points))
        approach = 2 / 3 * math.sqrt(district.area_km2 / (1 + len(points)) / math.pi) * APPROACH_DETOUR
        for at, (lat, lon) in enumerate([(district.lat, district.lon), *points]):
            rows.append(
                [
                    f"{district.code}.{at}",
                    district.code,
                    district.regency_code,
                    f"{lat:.4f}",
                    f"{lon:.4f}",
                    people[at],
                    "local" if at else "centre",
                    f"{approach:.2f}",
                ]
            )
    rows += junction_rows(towns, districts)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header = [
        "zone",
        "code",
        "district_code",
        "regency_code",
        "lat",
        "lon",
        "population",
        "kind",
        "approach_km",
    ]
    writer.writerow(header)
    writer.writerows([number, *row] for number, row in enumerate(rows))
    return out.getvalue()


def junction_rows(towns: Sequence[Row], districts: Sequence[District]) -> list[list[object]]:
    """Zone rows of the towns and gates for which no district centre stands."""
    rows: list[list[object]] = []
    for town in towns:
        if town.cells["kind"] == "island":
            continue
        lat, lon = town.number_in("lat", -90, 90), town.number_in("lon", -180, 180)
        regency_code = town.text("regency_code")
        own = [d for d in districts if d.regency_code == regency_code and not d.island]
        nearest = min(own, key=lambda d: (float(distance_km(lat, lon, d.lat, d.lon)), d.code))
        if float(distance_km(lat, lon, nearest.lat, nearest.lon)) <= MERGE_KM.get(town.cells["kind"], 0.0):
            continue
        if any(d.lat == lat and d.lon == lon for d in own):
            continue
        slug = town.text("name").lower().replace(" ", "_")
        rows.append(
            [
                f"{regency_code}.{slug}",
                nearest.code,
                regency_code,
                f"{lat:.4f}",
                f"{lon:.4f}",
                0,
                "junction",
                "0.00",
            ]
        )
    return rows


def main() -> None:
    """Write zones.csv into the folder given, by default the project's."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    (folder / "zones.csv").write_text(build_zones(folder), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
