"""The road graph: whole, of plausible lengths, and its travel times exact on the grid."""

import csv
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from sim112.errors import InputError
from sim112.world.area import Area, distance_km, load_area
from sim112.world.roads import (
    TravelTimes,
    approach_times,
    check_connected,
    distances_km,
    kept_travel_times,
    load_roads,
    travel_times,
    way,
)

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "sim112" / "data" / "central_java"
SPEEDS_KMH = {  # ASSUMED, as in docs/roads.md
    "night": {"toll": 95.0, "national": 60.0, "provincial": 52.0, "local": 36.0},
    "day": {"toll": 85.0, "national": 48.0, "provincial": 42.0, "local": 30.0},
}
DAY = 1

sys.path.insert(0, str(ROOT / "scripts"))

from build_roads import Plan, build_edges, edges_text, plan_roads  # noqa: E402
from check_routes import compare_routes, read_routes  # noqa: E402


@pytest.fixture(scope="module")
def area() -> Area:
    return load_area(FOLDER)


@pytest.fixture(scope="module")
def graph() -> nx.Graph:
    return load_roads(FOLDER)


@pytest.fixture(scope="module")
def times(graph: nx.Graph) -> TravelTimes:
    return travel_times(graph, SPEEDS_KMH)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_roads(FOLDER)


def test_every_zone_reaches_every_other_on_the_mainland(
    graph: nx.Graph, area: Area, times: TravelTimes
) -> None:
    check_connected(graph, area.islands)
    island = np.array([zone.island for zone in area.zones])
    assert np.isfinite(times.travel_s[:, ~island][:, :, ~island]).all()
    assert np.isinf(times.travel_s[:, island][:, :, ~island]).all()
    assert np.isfinite(times.travel_s[:, island][:, :, island]).all()


def test_a_second_piece_is_refused_by_name(graph: nx.Graph, area: Area) -> None:
    cut = graph.copy()
    cut.remove_edges_from(list(graph.edges(0)))
    with pytest.raises(
        InputError, match=r"zone 0 \(33.01.01.0\) and 0 more have no road to the rest; add one"
    ):
        check_connected(cut, area.islands)
    check_connected(cut, {*area.islands, "33.01.01.0"})


def test_an_island_with_a_road_to_the_mainland_is_refused(graph: nx.Graph, area: Area) -> None:
    joined = graph.copy()
    island = next(zone.zone for zone in area.zones if zone.island)
    joined.add_edge(0, island, km=90.0, road_class="local")
    with pytest.raises(InputError, match="declared an island but a road joins it"):
        check_connected(joined, area.islands)


def test_no_road_is_shorter_than_the_straight_line(graph: nx.Graph) -> None:
    for a, b, edge in graph.edges(data=True):
        straight = float(distance_km(*(graph.nodes[n][k] for n in (a, b) for k in ("lat", "lon"))))
        assert edge["km"] >= straight - 0.006  # km are rounded to 0.01


def test_known_links_keep_their_length(plan: Plan) -> None:
    built = build_edges(plan).edges
    for link in plan.links:
        if link.km is not None:
            # The towns stand at district centres, so two links cannot be as short as they are.
            share = {"Surakarta-Karanganyar": 0.06, "Pemalang-Batang": 0.02}.get(link.name, 0.01)
            assert sum(built[pair][0] for pair in link.laid) == pytest.approx(link.km, rel=share), link.name


def test_toll_roads_are_entered_only_at_gates(graph: nx.Graph) -> None:
    toll = nx.Graph((a, b) for a, b, c in graph.edges(data="road_class") if c == "toll")
    assert toll.number_of_edges() == 16
    assert max(toll.nodes) < graph.number_of_nodes()
    tolls_km = sum(edge["km"] for _, _, edge in graph.edges(data=True) if edge["road_class"] == "toll")
    assert 300 < tolls_km < 340


def test_roads_not_open_by_december_2021_are_left_out(plan: Plan) -> None:
    names = {link.name for link in plan.links if link.road_class == "toll"}
    assert not names & {"Sayung-Demak", "Kartasura-Klaten"}


def test_scripts_write_the_same_edges_again(plan: Plan) -> None:
    assert (FOLDER / "edges.csv").read_bytes() == edges_text(build_edges(plan)).encode()


def test_route_errors_are_within_bounds(plan: Plan) -> None:
    compared = [one for one in compare_routes(plan, read_routes(FOLDER, plan)) if not one.route.is_link]
    assert len(compared) == 11
    for errors in (
        [abs(one.error_share(one.quickest_km)) for one in compared],
        [abs(one.error_share(one.shortest_km)) for one in compared],
    ):
        assert np.median(errors) < 0.10
        assert max(errors) <= 0.30


def test_times_lie_on_the_grid_and_satisfy_the_triangle(times: TravelTimes) -> None:
    day = times.travel_s[DAY]
    finite = day[np.isfinite(day)]
    assert np.array_equal(finite * 1024, np.rint(finite * 1024))
    assert np.array_equal(np.diag(day), np.zeros(len(day)))
    assert np.array_equal(day, day.T)
    middle = 500
    assert (day <= day[:, [middle]] + day[[middle], :]).all()


def test_the_way_takes_exactly_the_time_of_the_table(graph: nx.Graph, times: TravelTimes) -> None:
    rng = np.random.default_rng(112)
    for origin, destination in rng.integers(0, 1000, size=(50, 2)).tolist():
        passed = way(times.previous, DAY, origin, destination)
        if not passed:
            assert np.isinf(times.travel_s[DAY, origin, destination])
            continue
        assert passed[0] == origin and passed[-1] == destination
        legs = list(itertools.pairwise(passed))
        assert all(graph.has_edge(a, b) for a, b in legs)
        assert sum(times.travel_s[DAY, a, b] for a, b in legs) == times.travel_s[DAY, origin, destination]


def test_there_is_no_way_to_the_island(area: Area, times: TravelTimes) -> None:
    island = next(zone.zone for zone in area.zones if zone.island)
    assert way(times.previous, DAY, 0, island) == []
    assert way(times.previous, DAY, island, island) == [island]


def test_one_way_roads_are_kept_one_way() -> None:
    graph = nx.DiGraph()
    graph.add_edge(0, 1, km=1.0, road_class="local")
    graph.add_edge(1, 2, km=1.0, road_class="local")
    graph.add_edge(2, 0, km=5.0, road_class="local")
    times = travel_times(graph, {"day": {"local": 36.0}})
    assert times.travel_s[0].tolist() == [[0, 100, 200], [600, 0, 100], [500, 600, 0]]
    assert way(times.previous, 0, 1, 0) == [1, 2, 0]


def test_travel_takes_as_long_as_people_say(plan: Plan, times: TravelTimes) -> None:
    place = plan.places.numbers
    minutes = times.travel_s[DAY] / 60
    assert 70 <= minutes[place["Semarang"], place["Surakarta"]] <= 90
    assert 95 <= minutes[place["Pati"], place["Semarang"]] <= 130


def test_distances_without_toll_are_never_shorter(graph: nx.Graph) -> None:
    everywhere = distances_km(graph)
    ordinary = distances_km(graph, avoid=("toll",))
    assert (ordinary >= everywhere).all()
    assert (ordinary > everywhere + 1).any()


def test_approach_is_slower_where_the_local_speed_is_lower(area: Area) -> None:
    approach_s = approach_times(area.approach_km, SPEEDS_KMH)
    assert approach_s.shape == (2, len(area.zones))
    assert (approach_s[DAY] >= approach_s[0]).all()
    assert np.array_equal(approach_s * 1024, np.rint(approach_s * 1024))


def test_a_missing_or_impossible_speed_is_refused(graph: nx.Graph) -> None:
    with pytest.raises(InputError, match="speeds of period 'day': none for road class 'local'"):
        travel_times(graph, {"day": {"toll": 80.0, "national": 40.0, "provincial": 40.0}})
    with pytest.raises(InputError, match="speeds of period 'day': toll is 0; give km/h above zero"):
        travel_times(graph, {"day": {"toll": 0, "national": 40.0, "provincial": 40.0, "local": 20.0}})


def small_roads(folder: Path, km: float = 1.0) -> Path:
    """Tables of two zones of one regency with a road between them."""
    folder.mkdir(exist_ok=True)
    with (FOLDER / "zones.csv").open(encoding="utf-8", newline="") as file:
        zones = list(csv.reader(file))[:3]
    for name, rows in (
        ("zones.csv", zones),
        ("edges.csv", [["node_a", "node_b", "km", "road_class"], ["0", "1", str(km), "local"]]),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


def test_the_cache_gives_the_same_times_and_its_loss_is_no_failure(tmp_path: Path) -> None:
    folder, speeds = small_roads(tmp_path / "area"), {"day": {"local": 30.0}}

    def kept_in(name: str, kmh: float = 30.0, islands: tuple[str, ...] = ()) -> TravelTimes:
        return kept_travel_times(folder, 2, islands, {"day": {"local": kmh}}, tmp_path / name)

    first = kept_in("cache")
    assert np.array_equal(first.travel_s, travel_times(load_roads(folder), speeds).travel_s)
    (kept,) = (tmp_path / "cache").iterdir()
    again = kept_in("cache")
    assert np.array_equal(first.travel_s, again.travel_s)
    assert np.array_equal(first.previous, again.previous)
    kept.write_bytes(b"broken")
    assert np.array_equal(kept_in("cache").travel_s, first.travel_s)
    (tmp_path / "file").write_text("a file where a folder should be")
    assert np.array_equal(kept_in("file").travel_s, first.travel_s)
    assert kept_in("cache", kmh=60.0).travel_s[0, 0, 1] == first.travel_s[0, 0, 1] / 2
    small_roads(folder, km=2.0)
    assert kept_in("cache").travel_s[0, 0, 1] == 2 * first.travel_s[0, 0, 1]


def test_times_that_are_kept_do_not_hide_what_is_wrong_with_the_roads(tmp_path: Path) -> None:
    folder, speeds = small_roads(tmp_path), {"day": {"local": 30.0}}
    kept_travel_times(folder, 2, (), speeds, tmp_path)
    codes = load_roads(folder).nodes(data="code")
    with pytest.raises(InputError, match="is declared an island but a road joins it"):
        kept_travel_times(folder, 2, (codes[1],), speeds, tmp_path)
    with pytest.raises(InputError, match="none for road class 'local'"):
        kept_travel_times(folder, 2, (), {"day": {"toll": 30.0}}, tmp_path)
    (folder / "edges.csv").write_text("node_a,node_b,km,road_class\n0,1,1,motorway\n")
    with pytest.raises(InputError, match="road_class is 'motorway'"):
        kept_travel_times(folder, 2, (), speeds, tmp_path)


def test_kept_travel_times_need_no_graph() -> None:
    code = (
        "import sys; from sim112.config.scenario import scenario;"
        "from sim112.world.network import load_places;"
        "load_places(scenario('pati')); print({'networkx', 'scipy.sparse'} & sys.modules.keys())"
    )
    for _ in range(2):  # the first process may be the one that computes them
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["0", "9999", "1", "local"], "node_b is '9999'; zones.csv ends at"),
        (["0", "0", "1", "local"], "node_b is '0'; a road leads to another zone"),
        (["0", "1", "-1", "local"], "km is '-1'; give a number from 0.001"),
        (["0", "1", "1", "motorway"], "road_class is 'motorway'; use one of toll"),
    ],
)
def test_a_broken_edge_is_refused_in_one_line(tmp_path: Path, cells: list[str], line: str) -> None:
    shutil.copy(FOLDER / "zones.csv", tmp_path)
    with (tmp_path / "edges.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["node_a", "node_b", "km", "road_class", "source"], [*cells, ""]])
    with pytest.raises(InputError, match=f"edges.csv row 2: {line}"):
        load_roads(tmp_path)
    with (tmp_path / "edges.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["node_a", "node_b", "km", "road_class"], *[[0, 1, 1, "local"]] * 2])
    with pytest.raises(InputError, match=r"edges.csv row 3: node_b is '1'; .* have a road already"):
        load_roads(tmp_path)
