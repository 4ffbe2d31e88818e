"""What a world fixes about its agencies, whatever happens: whom stations cover, when units are staffed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim112.config.targets import Targets
from sim112.engine.contract import Change, Floats, Ints, World
from sim112.study.totals import Totals


def put_coverage(totals: Totals, world: World, targets: Targets) -> None:
    """Sum the people who live within each agency's target of its nearest station, and all people."""
    agencies, regencies = len(world.agency_name), len(world.regency_name)
    agency = np.repeat(np.arange(agencies), regencies)
    places = {"agency": agency, "agency_regency": np.arange(agencies * regencies)}
    people = np.bincount(world.zone_regency, world.zone_population, regencies)
    covered = _covered_people(world, tuple(targets.response_targets(world.agency_name)))
    totals.add(places, {"covered_people": covered.ravel(), "people_of_agency": np.tile(people, agencies)})


def _covered_people(world: World, target_s: tuple[float, ...]) -> Floats:
    """People within the target of the nearest station, a mean over the reported time, [A, R]."""
    changes = np.flatnonzero(world.change_what == Change.PERIOD)
    times_s = np.concatenate([[0.0], world.change_time_s[changes], [world.end_s]])
    lasts_s = np.diff(np.clip(times_s, world.report_from_s, world.report_to_s))
    period = np.concatenate([[0], world.change_value[changes]])
    share = np.bincount(period, lasts_s, len(world.travel_s)) / lasts_s.sum()
    covered = np.zeros((len(target_s), len(world.regency_name)))
    for agency, within_s in enumerate(target_s):
        stations = np.unique(world.unit_zone[world.unit_agency == agency])
        if len(stations):
            may_come = _may_come(world, stations)
            nearest_s = np.where(may_come, world.travel_s[:, stations, :], np.inf).min(axis=1)
            people = (share @ (nearest_s + world.scene_approach_s <= within_s)) * world.zone_population
            covered[agency] = np.bincount(world.zone_regency, people, len(world.regency_name))
    return covered


def _may_come(world: World, stations: Ints) -> NDArray[np.bool_]:
    """Whether units from a station serve a zone: their own regency, with mutual aid the adjacent ones too."""
    regencies = len(world.regency_name)
    serves = np.eye(regencies, dtype=bool)
    if world.mutual_aid:
        helped = np.repeat(np.arange(regencies), np.diff(world.neighbour_start))
        serves[world.neighbour_regency, helped] = True
    return serves[world.zone_regency[stations]][:, world.zone_regency]


def put_units(totals: Totals, world: World) -> None:
    """Sum the staffed time of units, by where they are stationed; they are staffed round the clock."""
    units, regencies = len(world.unit_agency), len(world.regency_name)
    places = {
        "province": np.zeros(units, np.int64),
        "regency": world.unit_regency,
        "agency": world.unit_agency,
        "agency_regency": world.unit_agency * regencies + world.unit_regency,
    }
    totals.add(places, {"unit_staffed_s": np.full(units, world.report_to_s - world.report_from_s)})
