"""The units of one scenario: those of the stations table as scaled, or the rows of a small world's table."""

from collections.abc import Iterator
from dataclasses import dataclass

from sim112.config.demand import AGENCIES
from sim112.config.scenario import Scenario
from sim112.errors import InputError
from sim112.world.area import Area, Station
from sim112.world.small import SmallArea


@dataclass(frozen=True)
class Unit:
    """A vehicle or team; its position among the units is its id.

    ``turnout_s`` is the planned turnout by which units are chosen. ``busy_factor`` multiplies the drawn busy
    time where units are told to be busy for one drawn time (``fleet.busy_time``).
    """

    name: str
    station: str
    agency: int
    regency: int
    zone: int
    turnout_s: float
    busy_factor: float


def units_of(scenario: Scenario, area: Area) -> list[Unit]:
    """The units of a scenario in the order of their ids."""
    turnout_s = [scenario.work.turnout_s.of(agency).expected_s for agency in AGENCIES]
    if isinstance(area, SmallArea):
        return _units_of_table(scenario, area, turnout_s)
    return [
        Unit(
            name=f"{station.station_id}/{at}",
            station=station.station_id,
            agency=AGENCIES.index(station.agency),
            regency=area.regency_index(station.regency_code),
            zone=station.zone,
            turnout_s=turnout_s[AGENCIES.index(station.agency)],
            busy_factor=1.0,
        )
        for station, count in _scaled(scenario, area)
        for at in range(1, count + 1)
    ]


def _scaled(scenario: Scenario, area: Area) -> Iterator[tuple[Station, int]]:
    """Stations and their units as scaled, so rounded that a regency's total of an agency is kept."""
    scale = scenario.fleet.scale.model_dump()
    sums: dict[tuple[str, str], int] = {}
    for station in area.stations:
        key = (station.regency_code, station.agency)
        before = sums.get(key, 0)
        sums[key] = before + station.units
        factor = scale[station.agency]
        yield station, int(sums[key] * factor + 0.5) - int(before * factor + 0.5)


def _units_of_table(scenario: Scenario, area: SmallArea, turnout_s: list[float]) -> list[Unit]:
    """The rows of ``units.csv``; a unit's own mean busy time becomes a factor on the drawn one."""
    mean_busy_s = scenario.work.busy_s.expected_s
    units = []
    for row in area.units:
        factor = 1.0
        if row.busy_s is not None:
            if scenario.fleet.busy_time != "drawn":
                raise InputError(
                    f"units.csv: {row.name} has busy_s {row.busy_s:g}, which nothing reads; "
                    "set fleet.busy_time=drawn, or leave busy_s empty"
                )
            if mean_busy_s <= 0:
                raise InputError(
                    f"work.busy_s has a mean of {mean_busy_s:g} and {row.name} of units.csv {row.busy_s:g}; "
                    "give work.busy_s a mean above 0"
                )
            factor = row.busy_s / mean_busy_s
        agency = AGENCIES.index(row.agency)
        units.append(
            Unit(
                name=row.name,
                station=row.station,
                agency=agency,
                regency=int(area.zone_regency[row.zone]),
                zone=row.zone,
                turnout_s=turnout_s[agency] if row.turnout_s is None else row.turnout_s,
                busy_factor=factor,
            )
        )
    return units
