"""A log of real calls to 112, which takes the place of drawn incidents and callers.

The table has one row a call, with the columns ``time`` (local, ``2021-12-06T08:15:00``, or seconds from the
scenario's start), ``kind`` (of the demand), ``place`` (a regency's label or code, a district's or a zone's
code), and optionally ``incident`` (calls with the same entry report one incident; a row without is an
incident of its own), ``number`` (the caller's, under any name), ``talk_s``, ``after_call_s`` and
``patience_s``. An empty optional cell is drawn, as is all that a log does not tell: agencies needed, redials,
the work of dispatchers and units.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from sim112.config.callers import Callers
from sim112.config.demand import AGENCIES, Demand
from sim112.demand.callers import People, number_called
from sim112.demand.draws import ORDINAL_BITS, draw, fold_key, pack_key, seeded, stream_id, uniform
from sim112.demand.incidents import Incidents, place_incidents
from sim112.demand.streams import Clock, Events, Frame
from sim112.engine.contract import NONE, TICKS_PER_S, Floats, Ints
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.world.area import Area, read_regencies
from sim112.world.rows import Row, read_rows, suggest

COLUMNS = ("time", "kind", "place")
OPTIONAL_COLUMNS = ("incident", "number", "talk_s", "after_call_s", "patience_s")
LONGEST_S = 7 * 24 * 3600.0  # of one call; a longer entry is a slip of the pen


@dataclass(frozen=True, eq=False)
class CallLog:
    """The calls of a log within the simulated time, in order of the file, [C]."""

    row: Ints  # in the file, the first call being 0
    time_s: Floats
    kind: Ints
    regency: Ints
    zones: tuple[Ints, ...]  # where the call may come from
    incident: Ints  # the first row of the same incident, -1: none
    number: Ints  # dense numbers of callers, -1: not told
    talk_s: Floats  # NaN: not told, as below
    after_call_s: Floats
    patience_s: Floats


def read_call_log(path: Path, demand: Demand, area: Area, clock: Clock) -> CallLog:
    """Read and check a log of calls; calls outside the simulated time are left out.

    Raises InputError for the first bad row, naming file, row, column, value and mend, and for a log of which
    no call lies within the simulated time.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such table"
        raise InputError(f"demand.call_log: {path}: {what}; give a CSV table of calls, or null")
    kinds = [*demand.kinds, *demand.calls]
    end_s = clock.warm_up_s + clock.report_s + clock.cool_down_s
    places = _known_places(area)
    first_of: dict[str, int] = {}
    numbers: dict[str, int] = {}
    taken: list[tuple[int, float, int, int, Ints, int, int, float, float, float]] = []
    facts: list[tuple[int, int, int]] = []
    for at, row in enumerate(read_rows(path, COLUMNS)):
        if at == 0:
            _check_header(row)
        time_s = _read_time_s(row, clock)
        kind = kinds.index(_known(row, "kind", kinds))
        regency, zones = places[_known_place(row, places, area)]
        facts.append((row.number, kind, regency))
        incident = NONE
        if kind < len(demand.kinds):
            incident = first_of.setdefault(row.cells.get("incident", "") or f"row {at}", at)
            if facts[incident][1:] != (kind, regency):
                raise row.error("incident", f"row {facts[incident][0]} gives it another kind or regency")
        elif row.cells.get("incident"):
            raise row.error("incident", f"a call of kind {kinds[kind]} has none; leave it empty")
        name = row.cells.get("number", "")
        number = numbers.setdefault(name, len(numbers)) if name else NONE
        durations = tuple(_read_duration_s(row, column) for column in OPTIONAL_COLUMNS[2:])
        if 0 <= time_s < end_s:
            taken.append((at, time_s, kind, regency, zones, incident, number, *durations))  # type: ignore[arg-type]
    if not facts:
        raise InputError(f"{path.name}: no calls below the header; give a row for each call")
    if not taken:
        raise InputError(
            f"{path.name}: none of {len(facts)} calls is within {end_s:g} s from {clock.start.isoformat()}; "
            "set clock.start to the log's first day"
        )
    columns = list(zip(*taken, strict=True))
    whole = [np.array(columns[at], dtype=np.int64) for at in (0, 2, 3, 5, 6)]
    real = [np.array(columns[at], dtype=np.float64) for at in (1, 7, 8, 9)]
    return CallLog(
        row=whole[0],
        time_s=np.rint(real[0] * TICKS_PER_S) / TICKS_PER_S,
        kind=whole[1],
        regency=whole[2],
        zones=columns[4],
        incident=whole[3],
        number=whole[4],
        talk_s=real[1],
        after_call_s=real[2],
        patience_s=real[3],
    )


def people_of(
    log: CallLog, demand: Demand, callers: Callers, area: Area, frame: Frame
) -> tuple[Incidents, People]:
    """The incidents and callers of a log, with keys by row of the file; everybody in it dialled 112."""
    stream = stream_id("call log")
    row_key = pack_key(
        frame.places.code[log.regency], stream, log.row >> ORDINAL_BITS, log.row % (1 << ORDINAL_BITS)
    )
    zone = _pick_zones(log, area, uniform(seeded(row_key, frame.source), "zone"))
    reports = np.flatnonzero(log.incident != NONE)
    # an incident is noticed by its earliest caller, wherever that one stands in the file
    order = reports[np.lexsort((log.row[reports], log.time_s[reports], log.incident[reports]))]
    earliest = order[np.unique(log.incident[order], return_index=True)[1]]
    events = Events(key=row_key[earliest], regency=log.regency[earliest], time_s=log.time_s[earliest])
    incidents = place_incidents(demand, events, log.kind[earliest], frame, zone[earliest])
    incident = np.full(log.row.size, NONE, dtype=np.int64)
    at = np.searchsorted(log.incident[earliest], log.incident[reports])
    incident[reports] = np.searchsorted(incidents.key, row_key[earliest][at])
    agency = np.full(log.row.size, NONE, dtype=np.int64)
    agency[reports] = number_called(demand, incidents)[incident[reports]]
    key = fold_key(row_key, 0)
    keys = seeded(key, frame.source)
    lookup_s = draw(callers.lookup_s, keys, "look-up")
    knows = np.array([callers.knows_share(name) for name in AGENCIES])
    lookup_s[(agency == NONE) | (uniform(keys, "knows number") < knows[agency])] = 0.0
    return incidents, People(
        key=key,
        incident=incident,
        kind=log.kind,
        regency=log.regency,
        zone=zone,
        start_s=log.time_s,
        dials_112=np.ones(log.row.size, dtype=np.bool_),
        agency=agency,
        lookup_s=lookup_s,
        number_key=log.number,
        log_row=np.arange(log.row.size),
    )


def told(values_s: Floats, log_row: Ints, drawn_s: Floats) -> Floats:
    """Durations as the log tells them, else as drawn; ``log_row`` leads from callers to the log."""
    mine = values_s[log_row]
    return np.where(np.isnan(mine), drawn_s, mine)


def _known_places(area: Area) -> dict[str, tuple[int, Ints]]:
    """Every name of a place, with its regency and its inhabited zones."""
    population = area.zone_population
    zones_of: dict[str, list[int]] = {}
    regency_of: dict[str, int] = {}
    for regency in area.regencies:
        regency_of[regency.label] = regency_of[regency.code] = area.regency_index(regency.code)
    label_of = {regency.code: regency.label for regency in area.regencies}
    for zone in area.zones:
        if population[zone.zone] > 0:
            for name in (zone.regency_code, label_of[zone.regency_code], zone.district_code, zone.code):
                zones_of.setdefault(name, []).append(zone.zone)
                regency_of[name] = area.regency_index(zone.regency_code)
    return {name: (regency_of[name], np.array(zones, dtype=np.int64)) for name, zones in zones_of.items()}


def _pick_zones(log: CallLog, area: Area, u: Floats) -> Ints:
    """A zone for each call, by population among those where it may come from."""
    zone = np.zeros(log.row.size, dtype=np.int64)
    for at, zones in enumerate(log.zones):
        steps = np.cumsum(area.zone_population[zones])
        zone[at] = zones[np.searchsorted(steps, u[at] * steps[-1], side="right")]
    return zone


def _check_header(row: Row) -> None:
    known = [*COLUMNS, *OPTIONAL_COLUMNS]
    for column in row.cells:
        if column not in known:
            raise InputError(f"{row.file} row 1: column {column!r} is not known{suggest(column, known)}")


def _known(row: Row, column: str, known: list[str]) -> str:
    value = row.text(column)
    if value not in known:
        raise row.error(column, f"no such {column}{suggest(value, sorted(known))}")
    return value


def _known_place(row: Row, places: dict[str, tuple[int, Ints]], area: Area) -> str:
    place = row.text("place")
    if place in places:
        return place
    here = {regency.label for regency in area.regencies}
    for regency in read_regencies(data_dir()):
        inside = place in (regency.label, regency.code) or place.startswith(f"{regency.code}.")
        if inside and regency.label not in here:
            raise row.error(
                "place",
                f"{regency.label} is not simulated; add it to area.regencies, or leave the row out",
            )
    return _known(row, "place", list(places))


def _read_time_s(row: Row, clock: Clock) -> float:
    text = row.text("time")
    try:
        return float(text) if np.isfinite(float(text)) else _no_time(row)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return _no_time(row)
    if time.tzinfo is not None:
        raise row.error("time", "give local time without a time zone")
    return (time - clock.start).total_seconds()


def _no_time(row: Row) -> float:
    raise row.error("time", "give a local time as 2021-12-06T08:15:00, or seconds from the scenario's start")


def _read_duration_s(row: Row, column: str) -> float:
    if not row.cells.get(column):
        return float("nan")
    value = row.number_in(column, 0, LONGEST_S)
    return round(value * TICKS_PER_S) / TICKS_PER_S
