"""The network of one scenario: which desks there are, who is on duty, which units stand where.

Desks are the 112 centres or hubs first, in order of the first regency they serve, then every agency's own
number, regency by regency in the fixed order of agencies.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from sim112.config.answering import Answering, OwnNumber
from sim112.config.clock import Clock
from sim112.config.demand import AGENCIES
from sim112.config.deployment import Deployment
from sim112.config.scenario import Scenario
from sim112.config.staffing import DAY_H, Roster, Shift, Staffing
from sim112.demand.calls import hospital_takes, kind_table
from sim112.engine.contract import NO_LIMIT, NONE, TICKS_PER_S, Bools, Change, Floats, Ints, World
from sim112.errors import InputError
from sim112.world.area import Area, Regency, Station, load_area, nearest_zone
from sim112.world.roads import (
    TravelTimes,
    approach_times,
    check_connected,
    default_cache_folder,
    load_roads,
    travel_times,
)

DAY_S = 86400.0
HOUR_S = 3600.0
STATUS_DATE = date(2021, 12, 1)  # of the column has_112_2021_12


@dataclass(frozen=True)
class Desk:
    """One place that answers for the regencies at the positions ``members``; ``agency`` is -1 for 112."""

    name: str
    agency: int
    members: tuple[int, ...]
    roster: Roster
    lines: int
    platform: int
    announcement_s: float
    bar_after: int


def load_places(scenario: Scenario, cache_folder: Path | None = None) -> tuple[Area, TravelTimes]:
    """The area of a scenario and the travel times on its roads, cut down to ``area.regencies`` if any.

    Raises InputError for a table that is wrong or a road graph in pieces.
    """
    folder = scenario.area_folder
    area, roads = load_area(folder), load_roads(folder)
    check_connected(roads, area.islands)
    travel = travel_times(roads, scenario.area.speeds_by_period(), cache_folder or default_cache_folder())
    return restrict(area, travel, scenario.area.regencies) if scenario.area.regencies else (area, travel)


def restrict(area: Area, travel: TravelTimes, labels: Sequence[str]) -> tuple[Area, TravelTimes]:
    """A part of an area, as if the rest held no people, units or hospitals; roads lead through it still."""
    codes = {area.regency(label).code for label in labels}
    kept = [zone.zone for zone in area.zones if zone.regency_code in codes]
    zones = tuple(replace(area.zones[old], zone=new) for new, old in enumerate(kept))
    number = {old: new for new, old in enumerate(kept)}
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
            replace(h, zone=number[h.zone] if h.zone in number else nearest_zone(h.lat, h.lon, zones))
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
    deployed = deployed_labels(scenario.deployment, area)
    desks = [*_centres(scenario, area, deployed), *_own_numbers(answering, area)]
    centres_count = sum(desk.agency == NONE for desk in desks)
    regency_desk = np.full(len(area.regencies), NONE, dtype=np.int64)
    for at, desk in enumerate(desks[:centres_count]):
        regency_desk[list(desk.members)] = at
    neighbours = [
        [area.regency_index(r.code) for r in area.neighbours_of(own.code)] for own in area.regencies
    ]
    changes = _changes(scenario, desks, travel.periods)
    kinds = kind_table(scenario.demand)
    speeds_kmh = scenario.area.speeds_by_period()
    approach_s = approach_times(area.approach_km, {name: speeds_kmh[name] for name in travel.periods})
    takes = hospital_takes(scenario.demand, [hospital.service for hospital in area.hospitals])
    hospital_zone = _ints(hospital.zone for hospital in area.hospitals)
    units = [
        (AGENCIES.index(station.agency), area.regency_index(station.regency_code), station.zone)
        for station, count in _scaled_units(area.stations, fleet.scale.model_dump())
        for _ in range(count)
    ]
    turnout_s = [scenario.work.turnout_s.of(agency).expected_s for agency in AGENCIES]
    return World(
        report_from_s=clock.report_from_s,
        report_to_s=clock.report_to_s,
        end_s=clock.end_s,
        start_of_week_s=clock.start_of_week_s,
        desk_name=tuple(desk.name for desk in desks),
        desk_agency=_ints(desk.agency for desk in desks),
        desk_lines=_ints(desk.lines for desk in desks),
        desk_platform=_ints(desk.platform for desk in desks),
        desk_overflow=_overflow(answering.overflow_to, desks, regency_desk, neighbours, area),
        desk_announcement_s=_on_grid([desk.announcement_s for desk in desks]),
        desk_bar_after=_ints(desk.bar_after for desk in desks),
        desk_bar_s=_on_grid([answering.bar_s] * len(desks)),
        fresh_crew=scenario.staffing.shift_end == "fresh_crew",
        platform_name=tuple(platform.name for platform in answering.platforms.values()),
        platform_channels=_ints(platform.channels for platform in answering.platforms.values()),
        change_time_s=np.array([time_s for time_s, *_ in changes], dtype=np.float64),
        change_what=_ints(what for _, what, _, _ in changes),
        change_subject=_ints(subject for _, _, subject, _ in changes),
        change_value=_ints(value for *_, value in changes),
        regency_name=tuple(regency.label for regency in area.regencies),
        regency_population=np.array([regency.population for regency in area.regencies], dtype=np.float64),
        regency_desk=regency_desk,
        regency_agency_desk=np.arange(centres_count, len(desks), dtype=np.int64).reshape(-1, len(AGENCIES)),
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
        scene_approach_s=np.ascontiguousarray(approach_s),
        travel_s=np.ascontiguousarray(travel.travel_s),
        previous_zone=np.ascontiguousarray(travel.previous, dtype=np.int32),
        hospital_zone=hospital_zone,
        hospital_for=_nearest_hospitals(travel.travel_s, hospital_zone, takes),
        unit_agency=_ints(agency for agency, _, _ in units),
        unit_regency=_ints(regency for _, regency, _ in units),
        unit_zone=_ints(zone for _, _, zone in units),
        unit_turnout_s=_on_grid([turnout_s[agency] for agency, _, _ in units]),
        assign_returning=fleet.assignable == "returning",
        jobs_wait=fleet.when_none == "wait",
        busy_drawn=fleet.busy_time == "drawn",
        mutual_aid=fleet.mutual_aid,
        divert=fleet.divert,
        hold_back=NO_LIMIT if fleet.hold_back is None else fleet.hold_back,
        move_up=fleet.move_up,
    )


def deployed_labels(deployment: Deployment, area: Area) -> frozenset[str]:
    """Labels of the regencies whose callers reach a 112 centre; see ``Deployment`` for the rules."""
    deployed = {regency.label for regency in area.regencies if _has_centre(deployment, regency)}
    here = {regency.label for regency in area.regencies}
    return frozenset((deployed | set(deployment.add)) & here - set(deployment.remove))


def _has_centre(deployment: Deployment, regency: Regency) -> bool:
    if deployment.centres != "known":
        return deployment.centres == "all"
    launched = _launch_date(regency.launch_date)
    if launched is not None:
        return launched <= deployment.as_of
    if regency.has_112_2021_12 == "yes":
        # the date of its launch is unknown, but it had one on the day of the statuses
        return deployment.as_of >= STATUS_DATE or deployment.unknown_112 == "upper"
    if regency.has_112_2021_12 == "no":
        return False
    return deployment.unknown_112 == "upper"


def _launch_date(text: str) -> date | None:
    """A launch date of the table: a day, or a month, which counts from its first day; None if empty."""
    if not text:
        return None
    try:
        return date.fromisoformat(text if len(text) > len("2021-12") else f"{text}-01")
    except ValueError:
        raise InputError(f"regencies.csv: launch_date is {text!r}; give 2021-12-31 or 2021-12") from None


def _centres(scenario: Scenario, area: Area, deployed: frozenset[str]) -> Iterator[Desk]:
    """The 112 desks in order of the first regency they serve."""
    grouping, answering = scenario.deployment.grouping, scenario.answering
    groups: dict[str, list[int]] = {}
    for at, regency in enumerate(area.regencies):
        if regency.label in deployed:
            group = {
                "regency": regency.label,
                "residency": f"hub {regency.residency}",
                "province": "province",
            }[grouping]
            if grouping == "residency" and not regency.residency:
                raise InputError(
                    f"regencies.csv: {regency.label} has no residency; give it one, or group otherwise"
                )
            groups.setdefault(group, []).append(at)
    in_turn = _platforms_in_turn(answering, area) if grouping == "regency" else {}
    platforms = list(answering.platforms)
    for at, (group, members) in enumerate(groups.items()):
        first = area.regencies[members[0]]
        lines: int = getattr(answering.lines, grouping)
        yield Desk(
            name=f"112 {group}",
            agency=NONE,
            members=tuple(members),
            roster=_roster_of(scenario.staffing, grouping, first),
            lines=answering.lines_of.get(first.label, lines) if grouping == "regency" else lines,
            platform=platforms.index(in_turn[first.label]) if in_turn else at % len(platforms),
            announcement_s=answering.announcement_s,
            bar_after=answering.bar_after,
        )


def _platforms_in_turn(answering: Answering, area: Area) -> dict[str, str]:
    """The platform of every regency, centre or not, so that a launch moves no other centre's platform."""
    platforms = list(answering.platforms)
    free = sorted((r for r in area.regencies if r.label not in answering.allocation), key=lambda r: r.code)
    in_turn = {regency.label: platforms[at % len(platforms)] for at, regency in enumerate(free)}
    return in_turn | answering.allocation


def _roster_of(staffing: Staffing, grouping: str, first: Regency) -> Roster:
    """The roster of a centre: by name, by size, or by what it serves."""
    if grouping == "residency":
        name = staffing.residency_centre
    elif grouping == "province":
        name = staffing.province_centre
    else:
        small = first.population < staffing.small_below_population
        name = staffing.roster_of.get(first.label, staffing.small_centre if small else staffing.centre)
    return staffing.rosters[name]


def _own_numbers(answering: Answering, area: Area) -> Iterator[Desk]:
    """Every agency's own number in every regency, round the clock."""
    numbers: list[OwnNumber] = [getattr(answering.agencies, agency) for agency in AGENCIES]
    rosters = [
        Roster(shifts={"always": Shift(from_h=0, to_h=DAY_H, call_takers=own.call_takers)}) for own in numbers
    ]
    for at, regency in enumerate(area.regencies):
        for number, (agency, own, roster) in enumerate(zip(AGENCIES, numbers, rosters, strict=True)):
            yield Desk(
                name=f"{agency} {regency.label}",
                agency=number,
                members=(at,),
                roster=roster,
                lines=own.lines,
                platform=NONE,
                announcement_s=0.0,
                bar_after=own.bar_after,
            )


def _overflow(
    overflow_to: str,
    desks: Sequence[Desk],
    regency_desk: Ints,
    neighbours: Sequence[Sequence[int]],
    area: Area,
) -> Ints:
    """The desk that takes whom each 112 desk cannot, [D]; -1 for none and for agencies' own numbers."""
    overflow = np.full(len(desks), NONE, dtype=np.int64)
    if overflow_to == "none":
        return overflow
    labels = {regency.label: at for at, regency in enumerate(area.regencies)}
    for at, desk in enumerate(desks):
        if desk.agency != NONE:
            continue
        if overflow_to == "neighbour":
            others = {int(regency_desk[other]) for member in desk.members for other in neighbours[member]}
            near = sorted(others - {NONE, at}, key=lambda other: (-desks[other].lines, other))
            overflow[at] = near[0] if near else NONE
        elif overflow_to in labels and regency_desk[labels[overflow_to]] != at:
            overflow[at] = regency_desk[labels[overflow_to]]
    return overflow


def _changes(
    scenario: Scenario, desks: Sequence[Desk], periods: Sequence[str]
) -> list[tuple[float, int, int, int]]:
    """Rows (time s, what, subject, value) sorted so: the first state at 0, then what differs from before."""
    clock, staffing = scenario.clock, scenario.staffing
    rows: list[tuple[float, int, int, int]] = []
    by_roster: dict[int, tuple[list[tuple[float, int]], ...]] = {}  # many desks share a roster
    for at, desk in enumerate(desks):
        if id(desk.roster) not in by_roster:
            by_roster[id(desk.roster)] = _desk_steps(
                clock, desk.roster, staffing if desk.agency == NONE else None
            )
        three = zip(
            (Change.CALL_TAKERS, Change.DISPATCHERS, Change.OPEN), by_roster[id(desk.roster)], strict=True
        )
        for what, steps in three:
            rows += [(time_s, int(what), at, value) for time_s, value in steps]
    platforms = list(scenario.answering.platforms)
    for number, name in enumerate(platforms):
        windows = [(o.from_s, o.to_s) for o in scenario.answering.outages if o.platform == name]
        edges = sorted({0.0} | {edge for window in windows for edge in window})
        failed = [(edge, int(any(a <= edge < b for a, b in windows))) for edge in edges]
        rows += [(t, int(Change.OUTAGE), number, v) for t, v in _steps(failed, clock.end_s)]
    by_hour = scenario.area.period_by_hour()
    place = [periods.index(name) for name in scenario.area.period_names]
    first_h = int(clock.start_of_week_s // HOUR_S)
    last_h = int((clock.start_of_week_s + clock.end_s) // HOUR_S)
    hours = [
        (h * HOUR_S - clock.start_of_week_s, place[by_hour[h % len(by_hour)]])
        for h in range(first_h, last_h + 1)
    ]
    rows += [(t, int(Change.PERIOD), NONE, v) for t, v in _steps(hours, clock.end_s)]
    return sorted(rows)


def _desk_steps(
    clock: Clock, roster: Roster, staffing: Staffing | None
) -> tuple[list[tuple[float, int]], ...]:
    """Steps (time s, value) of call-takers, dispatchers and opening of one desk over the simulated time."""
    one_call_takers = staffing.call_takers if staffing else None
    one_dispatchers = staffing.dispatchers if staffing else None

    def call_takers(hour: float) -> int:
        return roster.call_takers_at(hour) if one_call_takers is None else one_call_takers

    def dispatchers(hour: float) -> int:
        return roster.dispatchers_at(hour) if one_dispatchers is None else one_dispatchers

    def when_open(value: Callable[[float], int]) -> list[tuple[float, int]]:
        by_edge = [(hour, value(hour) if roster.is_open(hour) else 0) for hour in roster.edges_h()]
        last_day = int((clock.start_of_day_s + clock.end_s) // DAY_S)
        times = [
            (day * DAY_S + hour * HOUR_S - clock.start_of_day_s, count)
            for day in range(last_day + 1)
            for hour, count in by_edge
        ]
        return _steps(times, clock.end_s)

    return when_open(call_takers), when_open(dispatchers), when_open(lambda _: 1)


def _steps(values: Iterable[tuple[float, int]], end_s: float) -> list[tuple[float, int]]:
    """The state at 0 and each later change before the end, on the grid; values come in order of time."""
    steps: list[tuple[float, int]] = []
    for time_s, value in values:
        at_s = max(round(time_s * TICKS_PER_S) / TICKS_PER_S, 0.0)
        if at_s == 0.0:
            steps = [(0.0, value)]
        elif at_s < end_s and value != steps[-1][1]:
            steps.append((at_s, value))
    return steps


def _scaled_units(stations: Sequence[Station], scale: dict[str, float]) -> Iterator[tuple[Station, int]]:
    """Stations with their units times the scale, so rounded that a regency's total of an agency is kept."""
    sums: dict[tuple[str, str], int] = {}
    for station in stations:
        key = (station.regency_code, station.agency)
        before = sums.get(key, 0)
        sums[key] = before + station.units
        factor = scale[station.agency]
        yield station, int(sums[key] * factor + 0.5) - int(before * factor + 0.5)


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
