"""A schematic map from points alone: what lies nearest to each district's centre. These are no borders.

Coordinates are km on a plane that touches the area in its middle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from sim112.world.area import EARTH_RADIUS_KM, read_districts, read_regencies

Floats = NDArray[np.float64]

REACH = 1.9  # of a district's cell, in radii of the circle of its area: enough to close gaps on land
LEAST_REACH_KM = 4.0
SIDES = 32
FAR_KM = 1e4


@dataclass(frozen=True, eq=False)
class SchematicMap:
    """Cells of districts, each a polygon [corners, 2], with the label of its regency; lines between
    regencies [lines, 2, 2]; and the districts' points by regency.
    """

    cells: tuple[Floats, ...]
    regency_of_cell: tuple[str, ...]
    lines: Floats
    points: Mapping[str, Floats]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, east, south and north end."""
        corners = np.concatenate(self.cells)
        (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
        return float(west), float(east), float(south), float(north)


def plane_of(folder: Path, labels: tuple[str, ...]) -> Callable[[Sequence[float], Sequence[float]], Floats]:
    """What puts latitudes and longitudes on the plane of these regencies' map, km, [points, 2]."""
    codes = {regency.code for regency in read_regencies(folder) if regency.label in labels}
    lats = [district.lat for district in read_districts(folder) if district.regency_code in codes]
    km = EARTH_RADIUS_KM * math.pi / 180
    km_across = km * math.cos(math.radians((min(lats) + max(lats)) / 2))
    return lambda lat, lon: np.stack([km_across * np.asarray(lon), km * np.asarray(lat)], axis=1)


@lru_cache(maxsize=2)
def schematic_map(folder: Path, labels: tuple[str, ...]) -> SchematicMap:
    """The map of these regencies, from the districts in a folder of tables."""
    label_of = {regency.code: regency.label for regency in read_regencies(folder) if regency.label in labels}
    districts = [district for district in read_districts(folder) if district.regency_code in label_of]
    points = plane_of(folder, labels)([d.lat for d in districts], [d.lon for d in districts])
    reach = np.array([max(REACH * math.sqrt(d.area_km2 / math.pi), LEAST_REACH_KM) for d in districts])
    regency = [label_of[district.regency_code] for district in districts]

    # Four points far away make every cell of a district finite.
    centre = points.mean(axis=0)
    far = centre + FAR_KM * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    found = Voronoi(np.concatenate([points, far]))
    cells, owners = [], []
    for at, point in enumerate(points):
        corners = found.vertices[found.regions[found.point_region[at]]]
        if len(corners):
            cells.append(_within_reach(_turned(corners, point), point, reach[at]))
            owners.append(regency[at])
    lines = []
    for (one, other), ends in zip(found.ridge_points, found.ridge_vertices, strict=True):
        if max(one, other) < len(points) and regency[one] != regency[other] and min(ends) >= 0:
            wider = one if reach[one] > reach[other] else other
            line = _within_circle(found.vertices[ends], points[wider], reach[wider])
            lines += [] if line is None else [line]
    return SchematicMap(
        cells=tuple(cells),
        regency_of_cell=tuple(owners),
        lines=np.array(lines).reshape(-1, 2, 2),
        points={label: points[[own == label for own in regency]] for label in labels},
    )


def _turned(corners: Floats, point: Floats) -> Floats:
    """Corners of a convex cell in turn around its point."""
    offset = corners - point
    turned: Floats = corners[np.argsort(np.arctan2(offset[:, 1], offset[:, 0]))]
    return turned


def _within_reach(corners: Floats, point: Floats, reach_km: float) -> Floats:
    """A convex cell cut to a circle around its point."""
    if np.hypot(*(corners - point).T).max() <= reach_km:
        return corners
    polygon = [tuple(corner - point) for corner in corners]
    for angle in 2 * math.pi * np.arange(SIDES) / SIDES:
        towards = (math.cos(angle), math.sin(angle))
        kept: list[tuple[float, ...]] = []
        for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            over_1 = x1 * towards[0] + y1 * towards[1] - reach_km
            over_2 = x2 * towards[0] + y2 * towards[1] - reach_km
            if over_1 <= 0:
                kept.append((x1, y1))
            if (over_1 < 0 < over_2) or (over_2 < 0 < over_1):
                part = over_1 / (over_1 - over_2)
                kept.append((x1 + part * (x2 - x1), y1 + part * (y2 - y1)))
        polygon = kept
    return np.array(polygon) + point


def _within_circle(ends: Floats, point: Floats, reach_km: float) -> Floats | None:
    """The part of a line that lies in a circle; None where it passes by."""
    start, along = ends[0] - point, ends[1] - ends[0]
    a, b, c = float(along @ along), float(2 * start @ along), float(start @ start) - reach_km**2
    inside = b * b - 4 * a * c
    if a == 0 or inside <= 0:
        return None
    root = math.sqrt(inside)
    first, last = max((-b - root) / (2 * a), 0.0), min((-b + root) / (2 * a), 1.0)
    return None if first >= last else np.array([ends[0] + first * along, ends[0] + last * along])


def places_of_labels(points: Mapping[str, Floats], apart_km: float) -> dict[str, tuple[float, float]]:
    """Where to write each regency's number: near its middle, on one of its districts, away from the others.

    Regencies with few districts come first, as they have little choice.
    """
    placed: dict[str, Floats] = {}
    for label in sorted(points, key=lambda one: (len(points[one]), one)):
        own = points[label]
        middle = own.mean(axis=0)
        options = np.concatenate([[middle], own])
        from_middle = np.hypot(*(options - middle).T)
        taken = np.array(list(placed.values())).reshape(-1, 2)
        free = _nearest(options, taken)
        fits = np.flatnonzero(free >= apart_km)
        best = fits[np.argmin(from_middle[fits])] if len(fits) else int(np.argmax(free))
        placed[label] = options[best]
    return {label: (float(place[0]), float(place[1])) for label, place in placed.items()}


def _nearest(options: Floats, taken: Floats | Sequence[Floats]) -> Floats:
    """The distance from each option to the nearest place taken, km."""
    if not len(taken):
        return np.full(len(options), np.inf)
    apart: Floats = np.hypot(*np.moveaxis(options[:, None] - np.asarray(taken)[None], -1, 0)).min(axis=1)
    return apart
