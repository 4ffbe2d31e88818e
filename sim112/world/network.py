"""The network of one scenario: its area cut to size; desks, changes and units as the arrays of a World."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sim112.config.demand import AGENCIES
from sim112.config.scenario import Scenario
from sim112.demand.calls import hospital_takes, kind_table
from sim112.engine.contract import NO_LIMIT, NONE, TICKS_PER_S, Bools, Change, Floats, Ints, World
from sim112.errors import InputError
from sim112.world.area import Area, load_area, nearest_of
from sim112.world.desks import Desk, desks_of, steps_on_grid
from sim112.world.roads import TravelTimes, approach_times, default_cache_folder, kept_travel_times
from sim112.world.small import SmallArea, load_small
from sim112.world.units import units_of

HOUR_S = 3600.0


def load_places(scenario: Scenario, cache_folder: Path | None = None) -> tuple[Area, TravelTimes]:
    """The area of a scenario and the travel times on its roads, cut down to ``area.regencies`` if any.

    Raises InputError for a table that is wrong or a road graph in pieces.
    """
    if scenario.area.is_small_world:
        return load_small(scenario.area)
    if not scenario.area.speeds_kmh:
        raise InputError(
            f"area.path is {scenario.area.path!r} and there are no speeds; give the folder of a small world, "
            "with desks.csv in it, or area=default for an area with roads"
        )
    folder = scenario.area_folder
    area, speeds_kmh = load_area(folder), scenario.area.speeds_by_period()
    cache_folder = cache_folder or default_cache_folder()
    travel = kept_travel_times(folder, len(area.zones), area.islands, speeds_kmh, cache_folder)
    return restrict(area, travel, scenario.area.regencies) if scenario.area.regencies else (area, travel)


def restrict(area: Area, travel: TravelTimes, labels: Sequence[str]) -> tuple[Area, TravelTimes]:
    """A part of an area, as if the rest held no people, units or hospitals; roads lead through it still."""
    codes = {area.regency(label).code for label in labels}
    kept = [zone.zone for zone in area.zones if zone.regency_code in codes]
    zones = tuple(replace(area.zones[old], zone=new) for new, old in enumerate(kept))
    number = {old: new for new, old in enumerate(kept)}
    nearest = nearest_of(zones)
    part = Area(
        regencies=tuple(regency for regency in area.regencies if regency.code in codes),
        districts=tuple(district for district in area.districts if district.regency_code in codes),
        zones=zones,
        stations=tuple(
            replace(station, zone=number[station.zone])
            for station in area.stations
            if station.regency_code in codes
        ),
        hospitals=tuple(
            # a hospital at the border may be nearest to a zone beyond it
            replace(h, zone=number[h.zone] if h.zone in number else nearest(h.lat, h.lon))
            for h in area.hospitals
            if h.regency_code in codes
        ),
        neighbours=tuple((a, b) for a, b in area.neighbours if a in codes and b in codes),
    )
    rows = np.array(kept, dtype=np.int64)
    new_number = np.full(len(area.zones), NONE, dtype=np.int32)
    new_number[rows] = np.arange(len(rows), dtype=np.int32)
    return part, TravelTimes(
        travel.periods,
        np.ascontiguousarray(travel.travel_s[:, rows[:, None], rows]),
        np.stack([_previous_inside(previous, rows, new_number) for previous in travel.previous]),
    )


def _previous_inside(previous: np.ndarray, rows: Ints, new_number: np.ndarray) -> np.ndarray:
    """The last zone of the part before the destination, passing over zones outside; [part, part]."""
    whole = previous[rows]
    before = whole[:, rows]
    origin = np.arange(len(rows))[:, None]
    while (outside := (before >= 0) & (new_number[before] < 0)).any():
        before = np.where(outside, whole[origin, before], before)
    return np.where(before >= 0, new_number[before], NONE).astype(np.int32)


def build_world(scenario: Scenario, area: Area, travel: TravelTimes) -> World:
    """The deployment of one scenario as arrays; ``area`` and ``travel`` as ``load_places`` gives them.

    Raises InputError where the scenario does not fit the area.
    """
    clock, answering, fleet = scenario.clock, scenario.answering, scenario.fleet
    if set(travel.periods) != set(scenario.area.period_names):
        raise InputError(
            f"area.periods are {', '.join(scenario.area.period_names)} and the travel times are of"
            f" {', '.join(travel.periods)}; load the travel times of this scenario"
        )
    desks, platforms = desks_of(scenario, area)
    regency_desk = np.full(len(area.regencies), NONE, dtype=np.int64)
    agency_desk = np.full((len(area.regencies), len(AGENCIES)), NONE, dtype=np.int64)
    for at, desk in enumerate(desks):
        if desk.agency == NONE:
            regency_desk[list(desk.members)] = at
        else:
            agency_desk[list(desk.members), desk.agency] = at
    neighbours = [
        [area.regency_index(r.code) for r in area.neighbours_of(own.code)] for own in area.regencies
    ]
    changes = _changes(scenario, desks, platforms, travel.periods)
    kinds = kind_table(scenario.demand)
    takes = hospital_takes(scenario.demand, [hospital.service for hospital in area.hospitals])
    hospital_zone = _ints(hospital.zone for hospital in area.hospitals)
    units = units_of(scenario, area)
    return World(
        report_from_s=clock.report_from_s,
        report_to_s=clock.report_to_s,
        end_s=clock.end_s,
        start_of_week_s=clock.start_of_week_s,
        desk_name=tuple(desk.name for desk in desks),
        desk_agency=_ints(desk.agency for desk in desks),
        desk_lines=_ints(desk.lines for desk in desks),
        desk_platform=_ints(desk.platform for desk in desks),
        desk_overflow=_ints(desk.overflow for desk in desks),
        desk_announcement_s=_on_grid([desk.announcement_s for desk in desks]),
        desk_bar_after=_ints(desk.bar_after for desk in desks),
        desk_bar_s=_on_grid([answering.bar_s] * len(desks)),
        fresh_crew=scenario.staffing.shift_end == "fresh_crew",
        platform_name=tuple(platform.name for platform in platforms.values()),
        platform_channels=_ints(platform.channels for platform in platforms.values()),
        change_time_s=np.array([time_s for time_s, *_ in changes], dtype=np.float64),
        change_what=_ints(what for _, what, _, _ in changes),
        change_subject=_ints(subject for _, _, subject, _ in changes),
        change_value=_ints(value for *_, value in changes),
        regency_name=tuple(regency.label for regency in area.regencies),
        regency_population=np.array([regency.population for regency in area.regencies], dtype=np.float64),
        regency_desk=regency_desk,
        regency_agency_desk=agency_desk,
        neighbour_start=_ints([0, *np.cumsum([len(row) for row in neighbours])]),
        neighbour_regency=_ints(other for row in neighbours for other in row),
        agency_name=AGENCIES,
        kind_name=kinds.name,
        kind_is_incident=kinds.is_incident,
        kind_priority=kinds.priority,
        kind_queue_priority=kinds.queue_priority,
        kind_recognised=kinds.recognised,
        kind_life_threatening=kinds.life_threatening,
        kind_is_emergency=kinds.is_emergency,
        zone_regency=np.ascontiguousarray(area.zone_regency, dtype=np.int64),
        zone_population=np.ascontiguousarray(area.zone_population, dtype=np.float64),
        scene_approach_s=_approach_s(scenario, area, travel),
        travel_s=np.ascontiguousarray(travel.travel_s),
        previous_zone=np.ascontiguousarray(travel.previous, dtype=np.int32),
        hospital_zone=hospital_zone,
        hospital_for=_nearest_hospitals(travel.travel_s, hospital_zone, takes),
        unit_agency=_ints(unit.agency for unit in units),
        unit_regency=_ints(unit.regency for unit in units),
        unit_zone=_ints(unit.zone for unit in units),
        unit_turnout_s=_on_grid([unit.turnout_s for unit in units]),
        unit_busy_factor=np.array([unit.busy_factor for unit in units], dtype=np.float64),
        unit_preference=_preference(area),
        assign_returning=fleet.assignable == "returning",
        jobs_wait=fleet.when_none == "wait",
        busy_drawn=fleet.busy_time == "drawn",
        mutual_aid=fleet.mutual_aid,
        divert=fleet.divert,
        hold_back=NO_LIMIT if fleet.hold_back is None else fleet.hold_back,
        move_up=fleet.move_up,
    )


def _changes(
    scenario: Scenario, desks: Sequence[Desk], platforms: Iterable[str], periods: Sequence[str]
) -> list[tuple[float, int, int, int]]:
    """Rows (time s, what, subject, value) sorted so: the first state at 0, then what differs from before."""
    clock = scenario.clock
    rows: list[tuple[float, int, int, int]] = []
    for at, desk in enumerate(desks):
        for what, steps in (
            (Change.CALL_TAKERS, desk.call_takers),
            (Change.DISPATCHERS, desk.dispatchers),
            (Change.OPEN, desk.opening),
        ):
            rows += [(time_s, int(what), at, value) for time_s, value in steps]
    for number, name in enumerate(platforms):
        windows = [(o.from_s, o.to_s) for o in scenario.answering.outages if o.platform == name]
        edges = sorted({0.0} | {edge for window in windows for edge in window})
        failed = [(edge, int(any(a <= edge < b for a, b in windows))) for edge in edges]
        rows += [(t, int(Change.OUTAGE), number, v) for t, v in steps_on_grid(failed, clock.end_s)]
    by_hour = scenario.area.period_by_hour()
    place = [periods.index(name) for name in scenario.area.period_names]
    first_h = int(clock.start_of_week_s // HOUR_S)
    last_h = int((clock.start_of_week_s + clock.end_s) // HOUR_S)
    hours = [
        (h * HOUR_S - clock.start_of_week_s, place[by_hour[h % len(by_hour)]])
        for h in range(first_h, last_h + 1)
    ]
    rows += [(t, int(Change.PERIOD), NONE, v) for t, v in steps_on_grid(hours, clock.end_s)]
    return sorted(rows)


def _approach_s(scenario: Scenario, area: Area, travel: TravelTimes) -> Floats:
    """From a zone's point to a scene in it, [T, Z]; a scene of a small world lies at the point itself."""
    if isinstance(area, SmallArea):
        return np.zeros((len(travel.periods), len(area.zones)))
    speeds_kmh = scenario.area.speeds_by_period()
    return np.ascontiguousarray(
        approach_times(area.approach_km, {name: speeds_kmh[name] for name in travel.periods})
    )


def _preference(area: Area) -> Ints:
    """The rank of each unit for each zone, [Z, U]; (0, 0) where the nearest unit goes."""
    if isinstance(area, SmallArea) and area.preference:
        return np.array(area.preference, dtype=np.int64)
    return np.zeros((0, 0), dtype=np.int64)


def _nearest_hospitals(travel_s: Floats, hospital_zone: Ints, takes: Bools) -> Ints:
    """The hospital nearest by table time, [K, T, Z]; ties to the lowest id, -1 where there is none.

    ``takes`` [K, H]: whether a hospital takes a kind.
    """
    nearest = np.full((len(takes), *travel_s.shape[:2]), NONE, dtype=np.int64)
    groups, group_of_kind = np.unique(
        takes, axis=0, return_inverse=True
    )  # many kinds go to the same hospitals
    for group, taking in enumerate(groups):
        hospitals = np.flatnonzero(taking)
        if hospitals.size == 0:
            continue
        times_s = travel_s[:, :, hospital_zone[hospitals]]
        found = np.where(np.isfinite(times_s.min(axis=2)), hospitals[times_s.argmin(axis=2)], NONE)
        nearest[group_of_kind == group] = found
    return nearest


def describe(world: World) -> str:
    """A few lines on a world: desks, people, units, hospitals."""
    centres = world.desk_agency == NONE
    served = world.regency_desk != NONE
    share = world.regency_population[served].sum() / world.regency_population.sum()
    units = ", ".join(
        f"{int((world.unit_agency == at).sum())} {agency}" for at, agency in enumerate(world.agency_name)
    )
    return (
        f"112 desks: {int(centres.sum())}, for {int(served.sum())} of {len(served)} regencies and"
        f" {share:.0%} of the people\nown numbers of agencies: {int((~centres).sum())}\nunits: {units}\n"
        f"hospitals: {len(world.hospital_zone)}\nzones: {len(world.zone_regency)}"
    )


def _ints(values: Iterable[int]) -> Ints:
    return np.array([int(value) for value in values], dtype=np.int64)


def _on_grid(times_s: Sequence[float]) -> Floats:
    return np.rint(np.array(times_s, dtype=np.float64) * TICKS_PER_S) / TICKS_PER_S
