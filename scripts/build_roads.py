"""Write edges.csv: the road graph over the zones.

Known links between towns (roads.csv) are laid along the zones they pass and scaled so that each link keeps
its published length; everything else is a local road of a Gabriel graph, its length the straight line times
a detour factor. How and why is told in docs/roads.md. The same tables give the same bytes.
"""

import csv
import io
import itertools
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import networkx as nx
import numpy as np
from build_zones import FOLDER, SUMMIT_KM, Barriers, read_barriers
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from sim112.world.area import Zone, distance_km, read_zones
from sim112.world.rows import read_rows

LOCAL_DETOUR = 1.2  # ASSUMED: road over straight line; chosen by scripts/check_routes.py, see docs/roads.md
LINK_DETOUR = {"toll": 1.05, "national": 1.15, "provincial": 1.2}  # ASSUMED, only for parts without a length
LONGEST_HOP_KM = 16.0  # a trunk road is laid in hops of at most this
TIGHTNESS = (1.6, 1.4, 1.3, 1.2, 1.1, 1.05, 1.02)  # hops cost length ** this: more means more places passed
SNUG_SHARE = 0.98  # a link's straight hops sum to at most this share of its length, if any laying allows it
SEA_TOLERANCE_KM = 3.0  # the drawn coast is right to +-3 km

Pair = tuple[int, int]


@dataclass
class Graph:
    """The graph while it is built: by pair of zones, (km, class, source)."""

    edges: dict[Pair, tuple[float, str, str]] = field(default_factory=dict)
    strained: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Places:
    """Zones as arrays, and which zone stands for each town and district code."""

    zones: tuple[Zone, ...]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    numbers: dict[str, int]

    def straight_km(self, a: int, b: int) -> float:
        """Great-circle distance between two zones, km."""
        return float(distance_km(self.lat[a], self.lon[a], self.lat[b], self.lon[b]))


def place_towns(folder: Path) -> Places:
    """Which zone stands for each town (by name) and each district (by code)."""
    zones = read_zones(folder)
    numbers = {zone.district_code: zone.zone for zone in zones if zone.kind == "centre"}
    by_code = {zone.code: zone.zone for zone in zones}
    for town in read_rows(folder / "towns.csv", ("name", "lat", "lon", "regency_code", "kind")):
        name, regency_code = town.text("name"), town.text("regency_code")
        lat, lon = town.number_in("lat", -90, 90), town.number_in("lon", -180, 180)
        own = by_code.get(f"{regency_code}.{name.lower().replace(' ', '_')}")
        if own is None:
            centres = [z for z in zones if z.regency_code == regency_code and z.kind == "centre"]
            own = min(centres, key=lambda z: (float(distance_km(lat, lon, z.lat, z.lon)), z.zone)).zone
        numbers[name] = own
    lats = np.array([zone.lat for zone in zones])
    return Places(zones, lats, np.array([zone.lon for zone in zones]), numbers)


def gabriel_pairs(places: Places, barriers: Barriers) -> list[Pair]:
    """Pairs of zones with no third zone in the circle between them, off summits and off the sea."""
    lat0 = float(np.mean(places.lat))
    plane = np.column_stack([places.lon * math.cos(math.radians(lat0)), places.lat]) * 111.195
    tree = cKDTree(plane)
    pairs: set[Pair] = set()
    # A Gabriel pair is a Delaunay pair; searching the Delaunay triangles alone keeps this linear.
    for triangle in Delaunay(plane).simplices:
        corners = sorted(int(corner) for corner in triangle)
        pairs.update([(corners[0], corners[1]), (corners[0], corners[2]), (corners[1], corners[2])])
    kept = []
    for a, b in sorted(pairs):
        if places.zones[a].island != places.zones[b].island:
            continue
        middle, half = (plane[a] + plane[b]) / 2, float(np.hypot(*(plane[a] - plane[b]))) / 2
        if any(c not in (a, b) for c in tree.query_ball_point(middle, half - 1e-9)):
            continue
        if passable(places, barriers, a, b):
            kept.append((a, b))
    return kept


def passable(places: Places, barriers: Barriers, a: int, b: int) -> bool:
    """Whether the straight line between two zones keeps off summits and (by the crude coast) off the sea."""
    if places.zones[a].island:
        return True
    for share in np.linspace(0.1, 0.9, 9):
        lat = float(places.lat[a] + share * (places.lat[b] - places.lat[a]))
        lon = float(places.lon[a] + share * (places.lon[b] - places.lon[a]))
        if any(float(distance_km(lat, lon, *summit)) < SUMMIT_KM for summit in barriers.summits):
            return False
        if not barriers.on_land(lat, lon, SEA_TOLERANCE_KM):
            return False
    return True


def hop_graph(places: Places) -> nx.Graph:
    """Zones of the mainland, each joined to all others within a hop: what a trunk road may be laid along."""
    graph = nx.Graph()
    mainland = [z.zone for z in places.zones if not z.island and not z.code.endswith("_gate")]
    plane = np.column_stack([places.lon * math.cos(math.radians(7.2)), places.lat]) * 111.195
    tree = cKDTree(plane[mainland])
    for near, far in sorted(tree.query_pairs(LONGEST_HOP_KM)):
        a, b = mainland[near], mainland[far]
        graph.add_edge(a, b, km=places.straight_km(a, b))
    return graph


def lay_link(places: Places, hops: nx.Graph, stops: Sequence[int], km: float | None) -> list[Pair]:
    """The pairs of zones a trunk road passes between its stops: as many as its length has room for."""
    laid: list[Pair] = []
    for power in TIGHTNESS if km is not None else (1.2,):
        laid = []
        for start, end in itertools.pairwise(stops):
            way = nx.dijkstra_path(hops, start, end, weight=lambda a, b, edge, p=power: edge["km"] ** p)
            laid += list(itertools.pairwise(way))
        if km is None or sum(places.straight_km(a, b) for a, b in laid) <= SNUG_SHARE * km:
            return laid
    return laid


@dataclass(frozen=True)
class Link:
    """A known road between towns and the pairs of zones it is laid along; ``km`` None if not published."""

    name: str
    start: int
    end: int
    road_class: str
    km: float | None
    use: str
    source: str
    laid: tuple[Pair, ...]


@dataclass(frozen=True)
class Plan:
    """All that does not depend on the detour factor or on which links are left out."""

    places: Places
    gabriel: tuple[Pair, ...]
    links: tuple[Link, ...]


def read_links(folder: Path, places: Places, hops: nx.Graph) -> list[Link]:
    """The links of roads.csv in use, each laid along the zones it passes."""
    links = []
    for row in read_rows(folder / "roads.csv", ("from", "to", "road_class", "km", "use", "via", "source")):
        use = row.choice("use", ("link", "part", "whole", "not_open", "outside"))
        if use not in ("link", "part"):
            continue
        names = [row.text("from"), *filter(None, row.cells["via"].split(";")), row.text("to")]
        for name in names:
            if name not in places.numbers:
                raise row.error("via", f"{name!r} is neither in towns.csv nor a district code")
        stops = [places.numbers[name] for name in names]
        km = row.number_in("km", 0.1, 1000) if row.cells["km"] else None
        road_class = row.choice("road_class", tuple(LINK_DETOUR))
        if road_class == "toll" or names[0].endswith(" gate"):
            # A toll road touches the world only at its gates: no zone between them.
            laid = list(itertools.pairwise(stops))
        else:
            laid = lay_link(places, hops, stops, km)
        pairs = tuple(sorted({(min(a, b), max(a, b)) for a, b in laid}))
        name = f"{names[0]}-{names[-1]}"
        links.append(Link(name, stops[0], stops[-1], road_class, km, use, row.text("source"), pairs))
    return links


def plan_roads(folder: Path) -> Plan:
    """Read the tables and lay every link."""
    places, barriers = place_towns(folder), read_barriers(folder)
    links = read_links(folder, places, hop_graph(places))
    return Plan(places, tuple(gabriel_pairs(places, barriers)), tuple(links))


def add_link(graph: Graph, places: Places, link: Link) -> None:
    """Give the pairs of a link its class and a length in proportion, so that the whole keeps its known km.

    Pairs that an earlier link already has keep what they have; the rest of the length goes to the new ones.
    """
    fresh = [pair for pair in link.laid if graph.edges.get(pair, (0.0, "local", ""))[1] == "local"]
    straight = sum(places.straight_km(*pair) for pair in fresh)
    known = sum(graph.edges[pair][0] for pair in link.laid if pair not in fresh)
    scale = (
        LINK_DETOUR[link.road_class] if link.km is None else (link.km - known) / straight if straight else 1.0
    )
    if not 1.0 <= scale <= 2.0:
        graph.strained.append(f"{link.name}: {scale:.2f} times the straight line over {straight:.1f} km")
    scale = max(scale, 1.0)  # no road is shorter than the straight line
    for pair in fresh:
        graph.edges[pair] = (places.straight_km(*pair) * scale, link.road_class, link.source)


def build_edges(plan: Plan, local_detour: float = LOCAL_DETOUR, leave_out: str = "") -> Graph:
    """All edges; ``leave_out`` names a link ("Kudus-Pati" as in roads.csv) that is treated as unknown."""
    graph = Graph()
    for pair in plan.gabriel:
        graph.edges[pair] = (plan.places.straight_km(*pair) * local_detour, "local", "ASSUMED")
    # Short links first: where two share a stretch, the long one has more room for what is left.
    for link in sorted(plan.links, key=lambda link: (link.km is None, link.km or 0.0, link.name)):
        if link.name != leave_out:
            add_link(graph, plan.places, link)
    return graph


def edges_text(graph: Graph) -> str:
    """The text of edges.csv, sorted, km to 0.01."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["node_a", "node_b", "km", "road_class", "source"])
    for (a, b), (km, road_class, source) in sorted(graph.edges.items()):
        writer.writerow([a, b, f"{max(km, 0.01):.2f}", road_class, source])
    return out.getvalue()


def main() -> None:
    """Write edges.csv into the folder given, by default the project's; print links that fit badly."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    graph = build_edges(plan_roads(folder))
    (folder / "edges.csv").write_text(edges_text(graph), encoding="utf-8", newline="\n")
    for line in graph.strained:
        print("fits badly:", line)


if __name__ == "__main__":
    main()
