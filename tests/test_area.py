"""The province's tables: whole, consistent, and refused in one clear line when broken."""

import csv
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim112.errors import InputError
from sim112.world.area import Area, distance_km, load_area, nearest_of, notices_of

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "sim112" / "data" / "central_java"
POPULATION_2020 = 36_516_035  # census of 2020, bps_sp2020

sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def area() -> Area:
    return load_area(FOLDER)


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str, int, str, str], Path]:
    """A copy of the tables with one cell changed; row 1 is the header."""

    def changed(table: str, row: int, column: str, value: str) -> Path:
        for path in FOLDER.glob("*.csv"):
            shutil.copy(path, tmp_path)
        with (tmp_path / table).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        rows[row - 1][rows[0].index(column)] = value
        with (tmp_path / table).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        return tmp_path

    return changed


def test_the_province_has_its_regencies_districts_and_borders(area: Area) -> None:
    assert (len(area.regencies), len(area.districts), len(area.neighbours)) == (35, 576, 73)
    assert len(area.hospitals) == 178
    assert 900 <= len(area.zones) <= 1200


def test_people_add_up_from_zones_to_districts_to_regencies_to_the_census(area: Area) -> None:
    by_district: Counter[str] = Counter()
    by_regency: Counter[str] = Counter()
    for zone in area.zones:
        by_district[zone.district_code] += zone.population
        by_regency[zone.regency_code] += zone.population
    assert all(by_district[district.code] == district.population for district in area.districts)
    assert all(by_regency[regency.code] == regency.population for regency in area.regencies)
    assert sum(by_regency.values()) == POPULATION_2020


def test_status_in_december_2021_is_ten_yes_and_four_no(area: Area) -> None:
    assert Counter(regency.has_112_2021_12 for regency in area.regencies) == {
        "yes": 10,
        "no": 4,
        "unknown": 21,
    }
    later = {r.label for r in area.regencies if r.known_2025 == "yes" and r.has_112_2021_12 != "yes"}
    assert later == {"purworejo", "kab_tegal", "jepara"}


def test_six_residencies_share_the_regencies(area: Area) -> None:
    counts = Counter(regency.residency for regency in area.regencies)
    expected = {"Semarang": 6, "Pati": 5, "Surakarta": 7, "Kedu": 6, "Banyumas": 4, "Pekalongan": 7}
    assert counts == expected


def test_sourced_fire_posts_stand_with_their_engines(area: Area) -> None:
    def fire(label: str) -> list[int]:
        code = area.regency(label).code
        return [s.units for s in area.stations if s.agency == "fire" and s.regency_code == code]

    assert len(fire("kota_semarang")) == 7 and sum(fire("kota_semarang")) == 19
    assert len(fire("kendal")) == 5 and sum(fire("kendal")) == 11 and max(fire("kendal")) == 5
    assert len(fire("kab_semarang")) == 4
    assert len(fire("surakarta")) == 3


def test_five_ambulan_hebat_bases_stand_in_kota_semarang(area: Area) -> None:
    assert sum(station.name.startswith("Ambulan Hebat") for station in area.stations) == 5


def test_every_district_has_a_police_sector_and_every_regency_each_agency(area: Area) -> None:
    sectors = [s for s in area.stations if s.agency == "police" and "sector" in s.name]
    assert len(sectors) == len(area.districts)
    present = {(station.regency_code, station.agency) for station in area.stations if station.units}
    assert present == {(r.code, a) for r in area.regencies for a in ("fire", "ambulance", "police", "rescue")}


def test_the_island_has_units_of_each_agency(area: Area) -> None:
    zones = {zone.zone for zone in area.zones if zone.island}
    assert len(zones) == 2
    assert {s.agency for s in area.stations if s.zone in zones} == {"fire", "ambulance", "police", "rescue"}


def test_every_station_says_what_it_rests_on(area: Area) -> None:
    sourced = ("hboindo", "radar_semarang", "tribun_jateng", "posjateng", "detik")
    assert all(s.basis.startswith(("ASSUMED", *sourced)) for s in area.stations)


def test_stations_stand_in_their_own_regency_near_their_zone(area: Area) -> None:
    for station in area.stations:
        zone = area.zones[station.zone]
        assert zone.regency_code == station.regency_code
        assert float(distance_km(zone.lat, zone.lon, station.lat, station.lon)) < 6


def test_every_source_key_is_explained() -> None:
    words = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    missing = set()
    columns = ("source", "status_source", "source_alternative")
    for path in FOLDER.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for column in columns:
                    keys = (row.get(column) or "").split(";")
                    missing |= {key for key in keys if key and f"`{key}`" not in words}
    assert not missing


def test_every_table_is_explained() -> None:
    words = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    assert [path.name for path in FOLDER.glob("*.csv") if f"## {path.name}" not in words] == []


def test_a_misspelt_regency_gets_a_suggestion(area: Area) -> None:
    with pytest.raises(InputError, match="no regency 'patti'; did you mean 'pati'"):
        area.regency("patti")
    with pytest.raises(InputError, match="did you mean 'kab_semarang' or 'kota_semarang'"):
        area.regency("Semarang")
    assert area.regency("33.18") is area.regency("pati")


def test_pati_borders_its_five_neighbours(area: Area) -> None:
    names = {regency.label for regency in area.neighbours_of("pati")}
    assert names == {"grobogan", "blora", "rembang", "kudus", "jepara"}


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "line"),
    [
        ("districts.csv", 5, "population", "-3", "districts.csv row 5: population is '-3'; .*at least 0"),
        ("districts.csv", 5, "lat", "-97.5", "districts.csv row 5: lat is '-97.5'; .*from -90 to 90"),
        ("districts.csv", 5, "lat", "nan", "districts.csv row 5: lat is 'nan'; .*from -90 to 90"),
        ("districts.csv", 5, "area_km2", "big", "districts.csv row 5: area_km2 is 'big'; give a number"),
        ("districts.csv", 5, "code", "33.01.01", "districts.csv row 5: code is '33.01.01'; row 2 has it"),
        ("districts.csv", 5, "regency_code", "33.99", "row 5: regency_code is '33.99'; no such regency"),
        ("regencies.csv", 3, "label", "cilacap", "regencies.csv row 3: label is 'cilacap'; row 2 has it"),
        ("regencies.csv", 3, "has_112_2021_12", "maybe", "is 'maybe'; use one of yes, no, unknown"),
        ("regencies.csv", 1, "label", "etiket", "regencies.csv row 1: no column 'label'"),
        ("zones.csv", 4, "zone", "7", "zones.csv row 4: zone is '7'; .*give 2"),
        ("zones.csv", 4, "kind", "city", "zones.csv row 4: kind is 'city'; use one of"),
        ("zones.csv", 4, "district_code", "1", "zones.csv row 4: district_code is '1'; no such district"),
        ("stations.csv", 2, "agency", "army", "stations.csv row 2: agency is 'army'; use one of fire"),
        ("stations.csv", 2, "units", "1.5", "stations.csv row 2: units is '1.5'; give a whole number"),
        ("stations.csv", 2, "name", "", "stations.csv row 2: name is ''; give a value"),
        ("neighbours.csv", 2, "code_b", "33.01", "neighbours.csv row 2: code_b is '33.01'; .*own neighbour"),
        ("hospitals.csv", 2, "regency_code", "33.7", "hospitals.csv row 2: regency_code is '33.7'"),
    ],
)
def test_a_broken_cell_is_refused_in_one_line(
    change: Callable[[str, int, str, str], Path], table: str, row: int, column: str, value: str, line: str
) -> None:
    with pytest.raises(InputError, match=line) as caught:
        load_area(change(table, row, column, value))
    assert "\n" not in str(caught.value)


def test_a_short_row_a_missing_table_and_a_strange_encoding_are_refused(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.csv"):
        shutil.copy(path, tmp_path)
    with (tmp_path / "neighbours.csv").open("a", encoding="utf-8") as file:
        file.write("33.01\n")
    with pytest.raises(InputError, match=r"neighbours.csv row 75: 1 cells; give 2"):
        load_area(tmp_path)
    (tmp_path / "neighbours.csv").write_bytes(b"code_a,code_b\n\xff\xfe,33.01\n")
    with pytest.raises(InputError, match=r"neighbours.csv: not a CSV table in UTF-8"):
        load_area(tmp_path)
    (tmp_path / "neighbours.csv").unlink()
    with pytest.raises(InputError, match=r"neighbours.csv: no such table"):
        load_area(tmp_path)


def test_tables_of_a_spreadsheet_are_read_or_told_apart(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.csv"):
        shutil.copy(path, tmp_path)
    table = tmp_path / "neighbours.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text("\ufeff" + text + "\n\n", encoding="utf-8")
    assert load_area(tmp_path) == load_area(FOLDER)
    for bad, line in (
        (text.replace(",", ";"), r"neighbours.csv row 1: cells are separated by semicolons"),
        ("", r"neighbours.csv: is empty; give a header row \(code_a, code_b\)"),
        ("code_a,code_b,code_b\n", r"neighbours.csv row 1: column 'code_b' is there twice"),
        ("code_a,code_b\n33.\x0001,33.02\n", r"neighbours.csv row 2: code_a is .*a NUL byte"),
    ):
        table.write_text(bad, encoding="utf-8")
        with pytest.raises(InputError, match=line):
            load_area(tmp_path)
    table.unlink()
    table.mkdir()
    with pytest.raises(InputError, match=r"neighbours.csv: is a folder; give a CSV table"):
        load_area(tmp_path)


@pytest.mark.parametrize("table", ["regencies.csv", "districts.csv", "zones.csv", "edges.csv"])
def test_a_table_without_rows_is_refused(tmp_path: Path, table: str) -> None:
    for path in FOLDER.glob("*.csv"):
        shutil.copy(path, tmp_path)
    header = (tmp_path / table).read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / table).write_text(header + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"{table}: no rows below the header"):
        load_area(tmp_path)


def test_a_station_far_from_its_regency_is_refused(
    change: Callable[[str, int, str, str], Path],
) -> None:
    with pytest.raises(InputError, match=r"stations.csv row 2: lat is '-5'; .* km from the nearest zone"):
        load_area(change("stations.csv", 2, "lat", "-5"))


def test_people_that_do_not_add_up_are_refused(change: Callable[[str, int, str, str], Path]) -> None:
    with pytest.raises(
        InputError, match=r"the zones of cilacap have \d+ people and regencies.csv gives it 5;"
    ):
        load_area(change("regencies.csv", 2, "population", "5"))


def test_an_agency_without_units_is_noticed(area: Area) -> None:
    assert notices_of(area) == []
    pati = area.regency("pati").code
    fewer = [s for s in area.stations if (s.regency_code, s.agency) != (pati, "fire")]
    assert notices_of(replace(area, stations=tuple(fewer))) == ["stations.csv has no fire unit in pati"]
    empty = notices_of(replace(area, stations=(), hospitals=()))
    assert [notice.split(":")[0] for notice in empty] == [
        "stations.csv has no rows",
        "hospitals.csv has no rows",
    ]


@pytest.mark.slow
def test_scripts_write_the_same_zones_and_stations_again() -> None:
    from build_stations import build_stations
    from build_zones import build_zones

    assert (FOLDER / "zones.csv").read_bytes() == build_zones(FOLDER).encode()
    assert (FOLDER / "stations.csv").read_bytes() == build_stations(FOLDER).encode()


def test_the_nearest_zone_is_nearest_and_of_two_the_lower(area: Area) -> None:
    zones = area.zones
    nearest = nearest_of(zones)
    zone_lat, zone_lon = np.array([(zone.lat, zone.lon) for zone in zones]).T
    for zone in zones[::97]:
        lat = zone.lat + 0.02
        apart_km = distance_km(lat, zone.lon, zone_lat, zone_lon)
        assert apart_km[nearest(lat, zone.lon)] <= 1.001 * apart_km.min()  # a plane ranks them, not a sphere
    twins = (replace(zones[3], zone=0), replace(zones[3], zone=1))
    assert nearest_of(twins)(zones[3].lat, zones[3].lon) == 0
