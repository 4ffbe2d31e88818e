"""Hold the road graph against published route distances, and against each known link with that link left out.

Prints three tables: the choice of the local detour factor, the published routes, and the links left out one
by one. Exits with status 1 when the published routes miss the bounds (median error under 10 %, none over 30
%), or when the factor in build_roads.py is not the one chosen here.
"""

import itertools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
from build_roads import LOCAL_DETOUR, Graph, Link, Plan, build_edges, plan_roads
from build_zones import FOLDER
from numpy.typing import NDArray

from sim112.world.rows import read_rows

FACTORS = (1.10, 1.15, 1.20, 1.25, 1.30, 1.35, 1.40, 1.45, 1.50)
MEDIAN_BOUND_SHARE, WORST_BOUND_SHARE = 0.10, 0.30
# Published distances follow the customary road, so the way is the quickest by ordinary roads, not the
# shortest. ASSUMED: the day speeds of docs/roads.md, km/h.
DAY_KMH: Mapping[str, float] = {"national": 48.0, "provincial": 42.0, "local": 30.0}


@dataclass(frozen=True)
class Route:
    """A published whole-route distance; ``published_km`` holds every value where sources disagree."""

    name: str
    start: int
    end: int
    published_km: tuple[float, ...]
    is_link: bool


@dataclass(frozen=True)
class Comparison:
    """A route by the graph: length of the quickest and of the shortest way by ordinary roads."""

    route: Route
    quickest_km: float
    shortest_km: float

    def error_share(self, km: float) -> float:
        """Relative error to the published value that is nearest."""
        return min((km / published - 1 for published in self.route.published_km), key=abs)


def read_routes(folder: Path, plan: Plan) -> list[Route]:
    """The published distances of route_distances.csv. A pair that is a link of the graph proves nothing."""
    laid = {frozenset((link.start, link.end)) for link in plan.links}
    routes = []
    for row in read_rows(folder / "route_distances.csv", ("from", "to", "km", "km_alternative")):
        start, end = plan.places.numbers[row.text("from")], plan.places.numbers[row.text("to")]
        values = [row.number_in("km", 1, 10_000)]
        if row.cells["km_alternative"]:
            values.append(row.number_in("km_alternative", 1, 10_000))
        name = f"{row.text('from')}-{row.text('to')}"
        routes.append(Route(name, start, end, tuple(values), frozenset((start, end)) in laid))
    return routes


def ordinary_roads(graph: Graph) -> nx.Graph:
    """The graph without toll roads, with the minutes of each edge by day."""
    roads = nx.Graph()
    for (a, b), (km, road_class, _) in sorted(graph.edges.items()):
        if road_class != "toll":
            roads.add_edge(a, b, km=km, minutes=km / DAY_KMH[road_class] * 60)
    return roads


def compare_routes(plan: Plan, routes: list[Route], local_detour: float = LOCAL_DETOUR) -> list[Comparison]:
    """Each route by the graph built with that factor."""
    roads = ordinary_roads(build_edges(plan, local_detour))
    compared = []
    for route in routes:
        way = nx.dijkstra_path(roads, route.start, route.end, "minutes")
        quickest_km = sum(roads[a][b]["km"] for a, b in itertools.pairwise(way))
        shortest_km = nx.dijkstra_path_length(roads, route.start, route.end, "km")
        compared.append(Comparison(route, float(quickest_km), float(shortest_km)))
    return compared


def tested_links(plan: Plan) -> list[Link]:
    """The ordinary links with a length of their own."""
    return [
        link
        for link in plan.links
        if link.use == "link" and link.road_class != "toll" and link.km is not None
    ]


def left_out_errors(plan: Plan) -> NDArray[np.float64]:
    """Relative error of each link's shortest way when that link is unknown, [n_factors, n_links]."""
    links = tested_links(plan)
    errors = np.empty((len(FACTORS), len(links)))
    for row, factor in enumerate(FACTORS):
        for column, link in enumerate(links):
            roads = ordinary_roads(build_edges(plan, factor, leave_out=link.name))
            km = nx.dijkstra_path_length(roads, link.start, link.end, "km")
            errors[row, column] = km / (link.km or np.nan) - 1
    return errors


def choose_factor(errors: NDArray[np.float64]) -> int:
    """The position in FACTORS with the least median absolute error."""
    return int(np.argmin(np.median(np.abs(errors), axis=1)))


def held_out_errors(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Error of each left-out link with the factor chosen by the other links alone, [n_links]."""
    held = np.empty(errors.shape[1])
    for column in range(errors.shape[1]):
        held[column] = errors[choose_factor(np.delete(errors, column, axis=1)), column]
    return held


def main() -> int:
    """Print the tables; 0 if the bounds hold."""
    plan = plan_roads(FOLDER)
    errors = left_out_errors(plan)
    chosen = choose_factor(errors)
    print("local detour   median |error|   median error   of the links left out one by one")
    for factor, row in zip(FACTORS, errors, strict=True):
        mark = "  <- chosen" if factor == FACTORS[chosen] else ""
        print(f"{factor:12.2f} {np.median(np.abs(row)):15.1%} {np.median(row):15.1%}{mark}")

    print("\nroute                  published km     quickest km   error   shortest km   error")
    compared = compare_routes(plan, read_routes(FOLDER, plan))
    for one in compared:
        published = " or ".join(f"{km:g}" for km in one.route.published_km)
        if one.route.is_link:
            print(f"{one.route.name:22} {published:>12}   (a link of the graph, left out of the check)")
            continue
        print(
            f"{one.route.name:22} {published:>12}"
            f" {one.quickest_km:15.1f} {one.error_share(one.quickest_km):7.1%}"
            f" {one.shortest_km:13.1f} {one.error_share(one.shortest_km):7.1%}"
        )
    checked = [one for one in compared if not one.route.is_link]
    within = FACTORS[chosen] == LOCAL_DETOUR
    if not within:
        print(f"build_roads.py has LOCAL_DETOUR = {LOCAL_DETOUR}; the links choose {FACTORS[chosen]}")
    for name, missed in (
        ("quickest", [abs(one.error_share(one.quickest_km)) for one in checked]),
        ("shortest", [abs(one.error_share(one.shortest_km)) for one in checked]),
    ):
        print(f"{name}: {len(missed)} routes, median error {np.median(missed):.1%}, worst {max(missed):.1%}")
        within &= bool(np.median(missed) < MEDIAN_BOUND_SHARE and max(missed) <= WORST_BOUND_SHARE)

    held = held_out_errors(errors)
    print("\nlinks left out one by one, the factor chosen by the others (link lengths themselves are +-10 %)")
    for error, link in sorted(zip(held, tested_links(plan), strict=True), key=lambda pair: pair[0]):
        print(f"{link.name:26} {link.road_class:11} {link.km:6.1f} km {error:7.1%}")
    print(
        f"{held.size} links, median |error| {np.median(np.abs(held)):.1%}, worst {np.max(np.abs(held)):.1%}"
    )
    print("within bounds" if within else "OUT OF BOUNDS")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
