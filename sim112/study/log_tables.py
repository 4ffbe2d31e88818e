"""The log as it is saved: every clock point of every call and job, with names instead of indices.

``calls.parquet`` and ``jobs.parquet`` name an incident by its number within the replication (``incident``)
and by a key that is the same in every scenario and every run (``incident_key``, text, as it has more digits
than a float can hold); zones, stations and hospitals are named as in the tables of the area.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import pyarrow as pa

from sim112.engine.contract import NONE, Calls, Handler, Ints, JobOutcome, Log, Outcome, World
from sim112.study.store import named, saving, write_table

CALL_TIMES = (
    "offered",
    "queued",
    "picked",
    "answered",
    "left",
    "talk_end",
    "free",
    "ticket",
    "dispatch_start",
    "dispatch_end",
)
JOB_TIMES = (
    "alerted",
    "assigned",
    "rolling",
    "on_scene",
    "leave_scene",
    "at_hospital",
    "available",
    "back",
)


@dataclass(frozen=True)
class PlaceNames:
    """What the tables of the area call the zones, units and hospitals of a world.

    ``station`` is where a unit stands when idle, ``unit`` the station with a number: ``station/1``.
    """

    zone: tuple[str, ...]
    station: tuple[str, ...]
    unit: tuple[str, ...]
    hospital: tuple[str, ...]


def write_log(folder: Path, world: World, calls: Calls, log: Log, places: PlaceNames) -> None:
    """Save one replication's log as ``calls.parquet`` and ``jobs.parquet``; NaN: did not happen.

    The folder is made, the folders above it are not: they are there as long as the run is wanted.
    """
    with saving(folder):
        folder.mkdir()
        write_table(folder / "calls.parquet", call_columns(world, calls, log))
        write_table(folder / "jobs.parquet", job_columns(world, calls, log, places))


def call_columns(world: World, calls: Calls, log: Log) -> dict[str, object]:
    """One row per attempt at a desk, in order of offer, with names instead of indices."""
    caller = log.call_caller
    incident = calls.caller_incident[caller]
    return {
        "caller": caller,
        "caller_key": _key(calls.caller_key, caller),
        "incident": pa.array(incident.astype(np.int32), mask=incident < 0),
        "incident_key": _key(calls.incident_key, incident),
        "kind": named(world.kind_name, calls.caller_kind[caller]),
        "regency": named(world.regency_name, calls.caller_regency[caller]),
        "desk": named(world.desk_name, log.call_desk),
        "attempt": log.call_dial - calls.dial_start[caller] + 1,
        "own_number": log.call_dial >= calls.dial_second[caller],
        "hop": log.call_hop,
        "outcome": _members(Outcome, log.call_outcome),
        "known": log.call_known,
        "handler": _members(Handler, log.call_handler),
        "decided_s": calls.caller_start_s[caller],
    } | {f"{name}_s": getattr(log, f"call_{name}_s") for name in CALL_TIMES}


def job_columns(world: World, calls: Calls, log: Log, places: PlaceNames) -> dict[str, object]:
    """One row per agency at an incident, in order of alert, with names instead of indices."""
    need = log.job_need
    incident = calls.need_incident[need]
    return {
        "incident": incident.astype(np.int32),
        "incident_key": _key(calls.incident_key, incident),
        "kind": named(world.kind_name, calls.incident_kind[incident]),
        "priority": world.kind_priority[calls.incident_kind[incident]],
        "regency": named(world.regency_name, calls.incident_regency[incident]),
        "zone": named(places.zone, calls.incident_zone[incident]),
        "agency": named(world.agency_name, calls.need_agency[need]),
        "desk": named(world.desk_name, log.job_desk),
        "notice": log.job_notice,
        "outcome": _members(JobOutcome, log.job_outcome),
        "unit": named(places.unit, log.job_unit),
        "station": _station(places, log.job_unit),
        "unit_regency": named(world.regency_name, _at(world.unit_regency, log.job_unit)),
        "assignments": log.job_assignments,
        "from_zone": named(places.zone, log.job_from_zone),
        "hospital": named(places.hospital, log.job_hospital),
        "noticed_s": calls.incident_noticed_s[incident],
    } | {f"{name}_s": getattr(log, f"job_{name}_s") for name in JOB_TIMES}


def _at(values: Ints, index: Ints) -> Ints:
    """Values at an index, NONE where it points nowhere."""
    found = np.full(index.shape, NONE, dtype=np.int64)
    found[index >= 0] = values[index[index >= 0]]
    return found


def _key(keys: Ints, index: Ints) -> pa.Array:
    """Permanent keys as text: tables that hold numbers as floats would lose their last digits."""
    return pa.array(_at(keys, index), mask=index < 0).cast(pa.string())


def _station(places: PlaceNames, unit: Ints) -> pa.Array:
    # several units share a station, and a dictionary holds each word once
    words = pa.array(places.station, pa.string())
    return words.take(pa.array(unit, mask=unit < 0)).dictionary_encode()


def _members(members: type[IntEnum], values: Ints) -> pa.Array:
    names = [""] * (max(members) + 1)
    for member in members:
        names[member] = member.name.lower()
    return named(names, values)
