"""Where things happen: regencies and zones as arrays, zones by population, and zones near a border."""

from dataclasses import dataclass

import numpy as np

from sim112.demand.steps import Steps, guide_to
from sim112.engine.contract import NONE, Floats, Ints
from sim112.errors import InputError
from sim112.world.area import Area, distance_km


@dataclass(frozen=True, eq=False)
class Places:
    """An area as the draws see it. Sizes: R regencies, Z zones."""

    label: tuple[str, ...]
    code: Ints  # [R] 33.18 -> 3318
    population: Floats  # [R]
    zone: Ints  # [Z] zones by regency
    zone_end: Steps  # [Z] people up to and with this zone, in that order
    people_before: Floats  # [R] people in the zones of the regencies before
    people: Floats  # [R] people in the zones of the regency
    zone_regency: Ints  # [Z] by zone
    nearest_other: Ints  # [Z] by zone: the regency of the nearest zone of another regency, -1: none
    nearest_other_km: Floats  # [Z]


def read_places(area: Area) -> Places:
    """The arrays of an area; InputError where a regency has no zone with people."""
    regency = area.zone_regency.astype(np.int64)
    order = np.argsort(regency, kind="stable")
    zone_end = np.cumsum(area.zone_population[order], dtype=np.float64)
    people = np.zeros(len(area.regencies))
    np.add.at(people, regency, area.zone_population)
    for at, of in enumerate(area.regencies):
        if people[at] <= 0:
            raise InputError(
                f"zones.csv: nobody lives in the zones of {of.label}; give its zones a population"
            )
    nearest, nearest_km = _nearest_other(area, regency)
    return Places(
        label=tuple(of.label for of in area.regencies),
        code=np.array([_code_number(of.code) for of in area.regencies], dtype=np.int64),
        population=np.array([of.population for of in area.regencies], dtype=np.float64),
        zone=order,
        zone_end=guide_to(zone_end),
        people_before=np.cumsum(people) - people,
        people=people,
        zone_regency=regency,
        nearest_other=nearest,
        nearest_other_km=nearest_km,
    )


def pick_zone(places: Places, regency: Ints, u: Floats) -> Ints:
    """The zone of each event, by population within its regency."""
    at = places.zone_end.below(places.people_before[regency] + u * places.people[regency])
    return places.zone[np.minimum(at, places.zone.size - 1)]


def _code_number(code: str) -> int:
    digits = code.replace(".", "")
    if len(digits) > 4 or not digits.isdigit():
        raise InputError(f"regencies.csv: code is {code!r}; give four digits as in 33.18")
    return int(digits)


def _nearest_other(area: Area, regency: Ints) -> tuple[Ints, Floats]:
    """For each zone on the mainland, the nearest inhabited zone of another regency and how far it is, km."""
    lat = np.array([zone.lat for zone in area.zones])
    lon = np.array([zone.lon for zone in area.zones])
    reachable = np.array([not zone.island for zone in area.zones]) & (area.zone_population > 0)
    nearest = np.full(len(area.zones), NONE, dtype=np.int64)
    nearest_km = np.full(len(area.zones), np.inf)
    for at in range(len(area.regencies)):
        own, other = np.flatnonzero(reachable & (regency == at)), np.flatnonzero(reachable & (regency != at))
        if own.size and other.size:
            km = distance_km(lat[own, None], lon[own, None], lat[other], lon[other])
            best = km.argmin(axis=1)
            nearest[own] = regency[other[best]]
            nearest_km[own] = km[np.arange(own.size), best]
    return nearest, nearest_km
