"""The places of a replay: schematic areas, roads, stations and hospitals, in km on a plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim112.config.scenario import Scenario
from sim112.engine.contract import World
from sim112.study.statistics import Floats
from sim112.views.schematic_map import places_of_labels, plane_of, schematic_map
from sim112.world.area import Area
from sim112.world.roads import ROAD_CLASSES, load_roads

LABELS_APART_KM = 16.0  # so that names of neighbours do not lie over one another
ISLANDS_APART_KM = 20.0  # from the mainland, where they lie farther off


def map_parts(scenario: Scenario, area: Area, world: World) -> dict[str, Any]:
    """Everything that stands still on the maps, as plain data and arrays.

    ``cells`` are polygons of districts, corner by corner, ``cell_start`` where each begins; the y axis points
    down, as on a screen.
    """
    folder = scenario.area_folder
    labels = tuple(world.regency_name)
    drawn = schematic_map(folder, labels)
    plane = plane_of(folder, labels)
    number = {label: at for at, label in enumerate(labels)}
    zones, stations, hospitals = (
        plane([one.lat for one in places], [one.lon for one in places])
        for places in (area.zones, area.stations, area.hospitals)
    )
    on_island = np.array([zone.island for zone in area.zones])
    nearer_km = _nearer_km(zones, on_island)
    stations[on_island[[one.zone for one in area.stations]], 1] -= nearer_km
    hospitals[on_island[[one.zone for one in area.hospitals]], 1] -= nearer_km
    coast_km = zones[~on_island, 1].max() if nearer_km else np.inf
    zones[on_island, 1] -= nearer_km
    # a cell of an island is one whose middle lies beyond the coast
    cells = [cell - [0.0, nearer_km * (cell[:, 1].mean() > coast_km + nearer_km / 2)] for cell in drawn.cells]
    names = places_of_labels(drawn.points, LABELS_APART_KM)
    return {
        "regencies": [
            {
                "label": regency.label,
                "name": regency.name,
                "is_city": regency.type == "kota",
                "population": regency.population,
            }
            for regency in area.regencies
        ],
        "name_places": _down(np.array([names[label] for label in labels])),
        "cells": _down(np.concatenate(cells)),
        "cell_start": np.cumsum([0, *(len(cell) for cell in cells)]).astype(np.int32),
        "cell_regency": np.array([number[label] for label in drawn.regency_of_cell], dtype=np.int32),
        "borders": _down(drawn.lines.reshape(-1, 2)),
        "zones": _down(zones),
        "zone_regency": world.zone_regency.astype(np.int32),
        "roads": _roads(scenario, area),
        "road_classes": list(ROAD_CLASSES),
        "has_nearer_islands": nearer_km > 0,
        "stations": _down(stations),
        "station_agency": np.array(
            [world.agency_name.index(one.agency) for one in area.stations], dtype=np.int32
        ),
        "hospitals": _down(hospitals),
        "agencies": list(world.agency_name),
        "kinds": list(world.kind_name),
    }


def _nearer_km(zones: Floats, on_island: NDArray[np.bool_]) -> float:
    """How far islands in the north are drawn south of where they lie, for land that is large on a screen."""
    if not on_island.any() or on_island.all():
        return 0.0
    apart_km = float(zones[on_island, 1].min() - zones[~on_island, 1].max())
    return max(apart_km - ISLANDS_APART_KM, 0.0)


def _roads(scenario: Scenario, area: Area) -> NDArray[np.int32]:
    """Roads between zones that are simulated, [roads, 3]: both zones and the class."""
    graph = load_roads(scenario.area_folder)
    number = {zone.code: zone.zone for zone in area.zones}
    codes = graph.nodes(data="code")
    rows = [
        (number[codes[a]], number[codes[b]], ROAD_CLASSES.index(road_class))
        for a, b, road_class in graph.edges(data="road_class")
        if codes[a] in number and codes[b] in number
    ]
    return np.array(rows, dtype=np.int32).reshape(-1, 3)


def _down(points: Floats) -> NDArray[np.float32]:
    """Points [n, 2] with y pointing down, as float32: metres are more than a screen shows."""
    down: NDArray[np.float32] = (points.reshape(-1, 2) * np.array([1.0, -1.0])).astype(np.float32)
    return down
