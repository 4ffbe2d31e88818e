"""Write stations.csv: where the units of each agency stand.

Posts that a source names come from known_stations.csv; all others follow the rules below, each ASSUMED and
told in SOURCES.md under stations.csv. The same tables give the same bytes.
"""

import csv
import io
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from build_zones import FOLDER

from sim112.world.area import District, Regency, distance_km, read_districts, read_regencies
from sim112.world.rows import read_rows

# All ASSUMED.
PATROLS_AT_SECTOR = 1  # a police sector station (Polsek) in each district
PATROLS_AT_RESORT = 2  # the police resort (Polres) at the seat
PEOPLE_PER_AMBULANCE_AT_BASE = 500_000
PEOPLE_PER_HEALTH_CENTRE_UNIT = 200_000
BASE_ENGINES = 2  # at a fire headquarters, and one more for each
PEOPLE_PER_ENGINE = 500_000
AREA_PER_FIRE_POST_KM2 = 350.0
MOST_FIRE_POSTS = 5
RESCUE_TEAMS = 2
TWIN_KM = 1.0  # a hospital this near another regional hospital adds no unit of its own

# Sourced counts of stations (headquarters included), placed by rule because no source names their places.
FIRE_STATIONS = {
    "33.22": (
        4,
        "tribun_jateng_20240804: 4 posts before 2024; headquarters counted in, places and 1 engine a post",
    ),
    "33.72": (3, "posjateng_2019: 3 posts; headquarters counted in, places and 1 engine a post"),
}
FIRE_HEADQUARTERS_ENGINES = {
    "33.72": 3
}  # 19 on duty a shift, 4 a crew as in Kota Semarang: about 5 crews in all
# Kota Semarang: 5 bases with an ambulance each in 2017 (detik_201701, republika_20170115), places not named.
AMBULANCE_BASES = {"33.74": (5, "detik_201701;republika_20170115: 5 bases with 1 ambulance each; the places")}


@dataclass(frozen=True)
class Post:
    """A station before it has its number."""

    agency: str
    regency_code: str
    name: str
    lat: float
    lon: float
    units: int
    basis: str


def spread_posts(
    districts: Sequence[District], taken: Sequence[tuple[float, float]], number: int
) -> list[District]:
    """Districts for ``number`` more posts, one after another where the people's straight way shrinks most.

    Ties go to the lowest code. With nothing taken yet the first post goes to the middle of the people.
    """
    lats, lons = np.array([d.lat for d in districts]), np.array([d.lon for d in districts])
    people = np.array([d.population for d in districts], dtype=np.float64)
    between = distance_km(lats[:, None], lons[:, None], lats[None, :], lons[None, :])
    nearest = np.full(len(districts), 1000.0)
    for lat, lon in taken:
        nearest = np.minimum(nearest, distance_km(lat, lon, lats, lons))
    chosen: list[District] = []
    for _ in range(min(number, len(districts))):
        burden = [
            round(float(np.sum(people * np.minimum(nearest, between[at]))), 3) for at in range(len(districts))
        ]
        best = min(
            (at for at in range(len(districts)) if districts[at] not in chosen),
            key=lambda at: (burden[at], districts[at].code),
        )
        chosen.append(districts[best])
        nearest = np.minimum(nearest, between[best])
    return chosen


def known_posts(folder: Path, regencies: dict[str, Regency], districts: dict[str, District]) -> list[Post]:
    """The posts that sources name; a post for two districts stands midway."""
    posts = []
    columns = ("agency", "regency_code", "name", "district_codes", "units", "source", "units_basis")
    for row in read_rows(folder / "known_stations.csv", columns):
        regency = regencies[row.text("regency_code")]
        if row.text("district_codes") == "seat":
            places = [(regency.seat_lat, regency.seat_lon)]
        else:
            places = [(districts[c].lat, districts[c].lon) for c in row.text("district_codes").split(";")]
        basis = (
            f"{row.text('source')}; units: {row.text('units_basis')}; place: ASSUMED: district centre or seat"
        )
        lat, lon = (float(np.mean(values)) for values in zip(*places, strict=True))
        posts.append(
            Post(row.text("agency"), regency.code, row.text("name"), lat, lon, row.count("units"), basis)
        )
    return posts


def fire_posts(regency: Regency, districts: Sequence[District]) -> list[Post]:
    """A headquarters at the seat and posts by area."""
    posts_count = min(MOST_FIRE_POSTS, round(regency.area_km2 / AREA_PER_FIRE_POST_KM2))
    engines = BASE_ENGINES + round(regency.population / PEOPLE_PER_ENGINE)
    engines = FIRE_HEADQUARTERS_ENGINES.get(regency.code, engines)
    basis = "ASSUMED: rule fire"
    if regency.code in FIRE_STATIONS:
        stations_count, source = FIRE_STATIONS[regency.code]
        posts_count, basis = stations_count - 1, f"{source} ASSUMED: rule fire"
    seat = (regency.seat_lat, regency.seat_lon)
    posts = [Post("fire", regency.code, f"Fire headquarters {regency.seat}", *seat, engines, basis)]
    for district in spread_posts(districts, [seat], posts_count):
        name = f"Fire post {district.name}"
        posts.append(Post("fire", regency.code, name, district.lat, district.lon, 1, basis))
    return posts


def ambulance_posts(
    regency: Regency, districts: Sequence[District], hospitals: Sequence[tuple[str, float, float]]
) -> list[Post]:
    """The base of PSC 119 at the seat, a unit at each regional public hospital, health centres by people."""
    posts: list[Post] = []
    if regency.code in AMBULANCE_BASES:
        bases_count, source = AMBULANCE_BASES[regency.code]
        for district in spread_posts(districts, [], bases_count):
            name, basis = f"Ambulan Hebat base {district.name}", f"{source} ASSUMED: rule ambulance"
            posts.append(Post("ambulance", regency.code, name, district.lat, district.lon, 1, basis))
    else:
        units = max(1, round(regency.population / PEOPLE_PER_AMBULANCE_AT_BASE))
        seat = (regency.seat_lat, regency.seat_lon)
        name = f"PSC 119 base {regency.seat}"
        posts.append(Post("ambulance", regency.code, name, *seat, units, "ASSUMED: rule ambulance"))
    standing: list[tuple[float, float]] = []
    for name, lat, lon in hospitals:
        if any(float(distance_km(lat, lon, *other)) < TWIN_KM for other in standing):
            continue
        standing.append((lat, lon))
        posts.append(Post("ambulance", regency.code, name, lat, lon, 1, "ASSUMED: rule ambulance"))
    taken = [(post.lat, post.lon) for post in posts]
    for district in spread_posts(districts, taken, regency.population // PEOPLE_PER_HEALTH_CENTRE_UNIT):
        name, basis = f"Health centre {district.name}", "ASSUMED: rule ambulance"
        posts.append(Post("ambulance", regency.code, name, district.lat, district.lon, 1, basis))
    return posts


def island_posts(district: District) -> list[Post]:
    """An island's own units: one of each agency (the police sector station is among the police posts)."""
    names = {
        "fire": f"Fire post {district.name}",
        "ambulance": f"Health centre {district.name}",
        "rescue": f"Rescue post {district.name}",
    }
    where = (district.regency_code, district.lat, district.lon)
    return [
        Post(agency, where[0], name, where[1], where[2], 1, "ASSUMED: rule island")
        for agency, name in names.items()
    ]


def build_stations(folder: Path) -> str:
    """The text of stations.csv."""
    regencies = {regency.code: regency for regency in read_regencies(folder)}
    districts = {district.code: district for district in read_districts(folder)}
    hospitals: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    for row in read_rows(
        folder / "hospitals.csv", ("name", "kind", "service", "regency_code", "lat", "lon", "note")
    ):
        if (
            row.cells["kind"] == "rsud"
            and row.cells["service"] == "general"
            and "duplicate" not in row.cells["note"]
        ):
            place = (row.text("name"), row.number_in("lat", -90, 90), row.number_in("lon", -180, 180))
            hospitals[row.text("regency_code")].append(place)
    posts = known_posts(folder, regencies, districts)
    known = {(post.agency, post.regency_code) for post in posts}
    for regency in regencies.values():
        own = sorted((d for d in districts.values() if d.regency_code == regency.code), key=lambda d: d.code)
        mainland = [district for district in own if not district.island]
        seat = (regency.seat_lat, regency.seat_lon)
        if ("fire", regency.code) not in known:
            posts += fire_posts(regency, mainland)
        posts += ambulance_posts(regency, mainland, hospitals[regency.code])
        name = f"Police resort {regency.seat}"
        posts.append(Post("police", regency.code, name, *seat, PATROLS_AT_RESORT, "ASSUMED: rule police"))
        for district in own:
            place = (f"Police sector {district.name}", district.lat, district.lon)
            posts.append(Post("police", regency.code, *place, PATROLS_AT_SECTOR, "ASSUMED: rule police"))
        name = f"BPBD {regency.seat}"
        posts.append(Post("rescue", regency.code, name, *seat, RESCUE_TEAMS, "ASSUMED: rule rescue"))
        for district in own:
            posts += island_posts(district) if district.island else []
    return stations_text(posts)


def stations_text(posts: Sequence[Post]) -> str:
    """Posts as a table, by agency and regency; numbers count within an agency and regency."""
    order = {"fire": 0, "ambulance": 1, "police": 2, "rescue": 3}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["station_id", "agency", "regency_code", "name", "lat", "lon", "units", "basis"])
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for post in sorted(posts, key=lambda post: (order[post.agency], post.regency_code)):
        counts[post.agency, post.regency_code] += 1
        station_id = f"{post.agency}-{post.regency_code}-{counts[post.agency, post.regency_code]:02d}"
        place = [f"{post.lat:.4f}", f"{post.lon:.4f}"]
        writer.writerow(
            [station_id, post.agency, post.regency_code, post.name, *place, post.units, post.basis]
        )
    return out.getvalue()


def main() -> None:
    """Write stations.csv into the folder given, by default the project's."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    (folder / "stations.csv").write_text(build_stations(folder), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
