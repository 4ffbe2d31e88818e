"""The road graph, and what the model needs of it: travel times and ways between zones by period of day.

Every node is a zone (see ``area.py``); an edge has ``km`` and ``road_class``. How the default graph is
built, and how far it can be trusted, is told in ``docs/roads.md``.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim112.errors import InputError
from sim112.world.area import ZONE_KINDS
from sim112.world.rows import read_rows, suggest

if TYPE_CHECKING:  # loaded where travel times are computed: both are slow to load, and mostly they are kept
    import networkx as nx
    from scipy.sparse import csr_array

ROAD_CLASSES = ("toll", "national", "provincial", "local")
GRID_PER_S = 1024  # times are multiples of 1/1024 s, so that sums of them are exact in float64
NO_PREVIOUS = -1


@dataclass(frozen=True)
class TravelTimes:
    """Travel between zones by period of day, in order of ``periods``.

    ``travel_s``   float64 [n_periods, n_zones, n_zones]: seconds from the first zone's point to the second's,
                   multiples of 1/1024 s; inf where no road leads.
    ``previous``   int32 [n_periods, n_zones, n_zones]: the last zone before the destination on the way from
                   the origin; -1 at the origin itself and where no road leads.
    """

    periods: tuple[str, ...]
    travel_s: NDArray[np.float64]
    previous: NDArray[np.int32]


def load_roads(folder: Path) -> nx.Graph:
    """The road graph of an area: a node for every zone (code, lat, lon), edges with km and road_class.

    Raises InputError, naming file, row, value and mend, for an unknown zone, a class that is not one of
    ROAD_CLASSES, a length that is not positive, a road from a zone to itself or given twice.
    """
    import networkx as nx

    graph = nx.Graph()
    columns = ("zone", "code", "lat", "lon", "kind")
    for expected, row in enumerate(read_rows(folder / "zones.csv", columns)):
        if row.count("zone") != expected:
            raise row.error("zone", f"zones are numbered 0, 1, 2, ... in file order: give {expected}")
        row.choice("kind", ZONE_KINDS)
        lat, lon = row.number_in("lat", -90, 90), row.number_in("lon", -180, 180)
        graph.add_node(expected, code=row.text("code"), lat=lat, lon=lon)
    zones_count = graph.number_of_nodes()
    for row in read_rows(folder / "edges.csv", ("node_a", "node_b", "km", "road_class")):
        a, b = row.count("node_a"), row.count("node_b")
        for column, node in (("node_a", a), ("node_b", b)):
            if node >= zones_count:
                raise row.error(column, f"zones.csv ends at {zones_count - 1}; give a zone of that table")
        if a == b:
            raise row.error("node_b", "a road leads to another zone; give one")
        if graph.has_edge(a, b):
            raise row.error("node_b", f"zones {a} and {b} have a road already; keep one row")
        km, road_class = row.number_in("km", 0.001, 10_000), row.choice("road_class", ROAD_CLASSES)
        graph.add_edge(a, b, km=km, road_class=road_class)
    return graph


def check_connected(graph: nx.Graph, islands: Collection[str]) -> None:
    """Raise InputError unless all zones but the declared islands' (codes) hang together by road.

    A declared island is left in peace only while no road joins it to the mainland and it is itself one piece
    or several.
    """
    import networkx as nx

    pieces = sorted(nx.connected_components(graph), key=lambda piece: (-len(piece), min(piece)))
    codes = graph.nodes(data="code")
    for piece in pieces:
        on_islands = [node for node in piece if codes[node] in islands]
        if on_islands and len(on_islands) < len(piece):
            raise InputError(
                f"edges.csv: zone {min(on_islands)} ({codes[min(on_islands)]}) is declared an island but a "
                "road joins it to the mainland; drop that road, or set island to no in districts.csv"
            )
    mainland = [piece for piece in pieces if codes[min(piece)] not in islands]
    if len(mainland) > 1:
        lost = min(mainland[1])
        raise InputError(
            f"edges.csv: zone {lost} ({codes[lost]}) and {len(mainland[1]) - 1} more have no road to the "
            "rest; add one, or set island to yes in districts.csv"
        )


def kept_travel_times(
    folder: Path,
    zones: int,
    islands: Collection[str],
    speeds_kmh: Mapping[str, Mapping[str, float]],
    cache_folder: Path,
) -> TravelTimes:
    """The travel times of an area from its tables: those kept in the cache folder, else computed and kept.

    They are kept by all that they are made of, so tables whose times are found have been checked and are not
    read again. A cache that cannot be read or written is passed over. Raises InputError as ``load_roads``,
    ``check_connected`` and ``travel_times`` do.
    """
    kept = cache_folder / f"travel-{_key(folder, islands, speeds_kmh)}.npz"
    times = _read_cache(kept, tuple(speeds_kmh), zones)
    if times is None:
        graph = load_roads(folder)
        check_connected(graph, islands)
        times = travel_times(graph, speeds_kmh)
        _write_cache(kept, times)
    return times


def travel_times(graph: nx.Graph, speeds_kmh: Mapping[str, Mapping[str, float]]) -> TravelTimes:
    """Fastest ways between all zones, for each period of ``speeds_kmh`` (period -> road class -> km/h).

    The graph may be directed (nx.DiGraph) where a road is one-way. Raises InputError for a class of road
    without a speed or a speed that is not above zero.
    """
    from scipy.sparse.csgraph import dijkstra

    a, b, km, classes = _edge_arrays(graph)
    speeds = {period: _speeds(period, by_class, classes) for period, by_class in speeds_kmh.items()}
    n = graph.number_of_nodes()
    travel_s = np.empty((len(speeds), n, n), dtype=np.float64)
    previous = np.empty((len(speeds), n, n), dtype=np.int32)
    for at, speed_kmh in enumerate(speeds.values()):
        # On the grid edge by edge: a way's time is then exactly the sum of its edges' times.
        edge_s = np.maximum(np.rint(km / speed_kmh * 3600 * GRID_PER_S), 1) / GRID_PER_S
        travel_s[at], before = dijkstra(_matrix(graph, a, b, edge_s), return_predecessors=True)
        previous[at] = np.where(before < 0, NO_PREVIOUS, before)
    return TravelTimes(tuple(speeds), travel_s, previous)


def approach_times(
    approach_km: NDArray[np.float64], speeds_kmh: Mapping[str, Mapping[str, float]]
) -> NDArray[np.float64]:
    """Mean time from a zone's point to a place in it at the local speed, s, [n_periods, n_zones]."""
    local_kmh = np.array([by_class["local"] for by_class in speeds_kmh.values()])
    return np.asarray(np.rint(approach_km / local_kmh[:, None] * 3600 * GRID_PER_S) / GRID_PER_S)


def way(previous: NDArray[np.integer], period: int, origin: int, destination: int) -> list[int]:
    """The zones on the way, origin and destination included; empty where no road leads."""
    if origin == destination:
        return [origin]
    passed = [destination]
    while passed[-1] != origin:
        before = int(previous[period, origin, passed[-1]])
        if before < 0:
            return []
        passed.append(before)
    return passed[::-1]


def distances_km(graph: nx.Graph, avoid: Collection[str] = ()) -> NDArray[np.float64]:
    """Shortest distance by road between all zones, km, [n_zones, n_zones]; inf where no road leads.

    ``avoid`` names road classes not to use, for instance ``("toll",)``.
    """
    from scipy.sparse.csgraph import dijkstra

    a, b, km, classes = _edge_arrays(graph)
    kept = ~np.isin(classes, list(avoid))
    return np.asarray(dijkstra(_matrix(graph, a[kept], b[kept], km[kept])), dtype=np.float64)


def default_cache_folder() -> Path:
    """The user's cache folder for this program ($XDG_CACHE_HOME, else ~/.cache)."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "sim112"


def _edge_arrays(
    graph: nx.Graph,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.str_]]:
    edges = sorted((a, b, edge["km"], edge["road_class"]) for a, b, edge in graph.edges(data=True))
    return (
        np.array([edge[0] for edge in edges], dtype=np.int32),
        np.array([edge[1] for edge in edges], dtype=np.int32),
        np.array([edge[2] for edge in edges], dtype=np.float64),
        np.array([edge[3] for edge in edges], dtype=np.str_),
    )


def _matrix(
    graph: nx.Graph, a: NDArray[np.int32], b: NDArray[np.int32], weight: NDArray[np.float64]
) -> csr_array:
    from scipy.sparse import csr_array

    n = graph.number_of_nodes()
    if not graph.is_directed():
        a, b, weight = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([weight, weight])
    return csr_array((weight, (a, b)), shape=(n, n))


def _speeds(period: str, by_class: Mapping[str, float], classes: NDArray[np.str_]) -> NDArray[np.float64]:
    present: Sequence[str] = sorted(set(classes.tolist()))
    for road_class in present:
        if road_class not in by_class:
            known = sorted(by_class)
            raise InputError(
                f"speeds of period {period!r}: none for road class {road_class!r}{suggest(road_class, known)}"
            )
        if not 0 < by_class[road_class] < float("inf"):
            raise InputError(
                f"speeds of period {period!r}: {road_class} is {by_class[road_class]!r}; give km/h above zero"
            )
    if not present:
        return np.empty(0)
    return np.array([by_class[road_class] for road_class in present])[np.searchsorted(present, classes)]


def _key(folder: Path, islands: Collection[str], speeds_kmh: Mapping[str, Mapping[str, float]]) -> str:
    """A name for travel times by all that they and the checks of the roads are made of."""
    speeds = [(period, sorted(by_class.items())) for period, by_class in speeds_kmh.items()]
    digest = hashlib.sha256(f"2 {speeds} {sorted(islands)}".encode())
    for table in ("zones.csv", "edges.csv"):
        if (folder / table).is_file():  # what is wrong with one that is not there is told where it is read
            digest.update(hashlib.sha256((folder / table).read_bytes()).digest())
    return digest.hexdigest()[:32]


def _read_cache(path: Path, periods: tuple[str, ...], n: int) -> TravelTimes | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            travel_s, previous = arrays["travel_s"], arrays["previous"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    shape = (len(periods), n, n)
    if travel_s.shape != shape or previous.shape != shape:
        return None
    if travel_s.dtype != np.float64 or previous.dtype != np.int32:
        return None
    return TravelTimes(periods, travel_s, previous)


def _write_cache(path: Path, times: TravelTimes) -> None:
    """Write beside, then rename: a reader sees the whole file or none. Failing to write is no failure."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, travel_s=times.travel_s, previous=times.previous)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError:
        return
