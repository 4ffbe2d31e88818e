"""Small worlds and calls for tests: made by hand, or at random in every feature at once."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from sim112.engine.contract import NO_LIMIT, NONE, TICKS_PER_S, Calls, Change, World

BOOLS = ("need_transports", "caller_dials_112", "dial_redials_blocked", "dial_redials_abandoned")
BOOLS = (*BOOLS, "kind_is_incident", "kind_recognised", "kind_life_threatening", "kind_is_emergency")
FLOAT_MARKS = ("_s", "_share", "_factor", "_population")


def grid(values: Any) -> np.ndarray:
    return np.rint(np.asarray(values, dtype=float) * TICKS_PER_S) / TICKS_PER_S


def as_array(name: str, value: Any) -> Any:
    if name == "previous_zone":
        return np.asarray(value, dtype=np.int32)
    if not isinstance(value, list | np.ndarray):
        return value
    if name in BOOLS:
        return np.asarray(value, dtype=bool)
    return np.asarray(value, dtype=np.float64 if name.endswith(FLOAT_MARKS) else np.int64)


def world(**given: Any) -> World:
    """One regency, one 112 desk with one call-taker and no limit of lines, no agency, one zone; or as given.

    Sizes follow from what is given for desks, regencies, agencies, kinds and units.
    """
    desks = len(given.get("desk_name", ("112",)))
    regencies = len(given.get("regency_name", ("here",)))
    agencies = len(given.get("agency_name", ()))
    kinds = len(given.get("kind_name", ("call",)))
    zones = np.asarray(given.get("travel_s", [[[0.0]]])).shape[1]
    periods = np.asarray(given.get("travel_s", [[[0.0]]])).shape[0]
    units = len(given.get("unit_agency", []))
    previous = np.tile(np.arange(zones)[:, None], (periods, 1, zones)).reshape(periods, zones, zones)
    previous[:, np.arange(zones), np.arange(zones)] = -9999
    values: dict[str, Any] = dict(
        report_from_s=0.0,
        report_to_s=86400.0,
        end_s=86400.0,
        start_of_week_s=0.0,
        desk_name=("112",),
        desk_agency=[NONE] * desks,
        desk_lines=[NO_LIMIT] * desks,
        desk_platform=[NONE] * desks,
        desk_overflow=[NONE] * desks,
        desk_announcement_s=[0.0] * desks,
        desk_bar_after=[0] * desks,
        desk_bar_s=[86400.0] * desks,
        fresh_crew=False,
        platform_name=(),
        platform_channels=[],
        change_time_s=[0.0, 0.0],
        change_what=[Change.CALL_TAKERS, Change.OPEN],
        change_subject=[0, 0],
        change_value=[1, 1],
        regency_name=("here",),
        regency_population=[1e6] * regencies,
        regency_desk=[0] * regencies,
        regency_agency_desk=np.full((regencies, agencies), NONE),
        neighbour_start=[0] * (regencies + 1),
        neighbour_regency=[],
        agency_name=(),
        kind_name=("call",),
        kind_is_incident=[True] * kinds,
        kind_priority=[0] * kinds,
        kind_queue_priority=[0] * kinds,
        kind_recognised=[True] * kinds,
        kind_life_threatening=[False] * kinds,
        kind_is_emergency=[True] * kinds,
        zone_regency=[0] * zones,
        zone_population=[0.0] * zones,
        scene_approach_s=np.zeros((periods, zones)),
        travel_s=[[[0.0]]],
        previous_zone=previous,
        hospital_zone=[],
        hospital_for=np.full((kinds, periods, zones), NONE),
        unit_agency=[],
        unit_regency=[0] * units,
        unit_zone=[0] * units,
        unit_turnout_s=[0.0] * units,
        unit_busy_factor=[1.0] * units,
        unit_preference=np.zeros((0, 0)),
        assign_returning=True,
        jobs_wait=True,
        busy_drawn=False,
        mutual_aid=False,
        divert=False,
        hold_back=NO_LIMIT,
        move_up=False,
    )
    values.update(given)
    return World(**{name: as_array(name, value) for name, value in values.items()})


def calls(**given: Any) -> Calls:
    """Callers without incident who dial 112 once, wait for ever and talk no time, or as given per caller.

    ``dials`` (a list per caller of dicts of ``dial_*`` values without the prefix, for 112) and ``own_dials``
    (for the agency's number) replace the default single dial.
    """
    starts = list(given.get("caller_start_s", []))
    m = len(starts)
    incidents = len(given.get("incident_noticed_s", []))
    needs = len(given.get("need_incident", []))
    default_dial = dict(
        patience_s=np.inf,
        hang_up_share=np.inf,
        redials_blocked=False,
        redials_abandoned=False,
        redial_delay_s=0.0,
    )
    on_112 = given.pop("dials", [[{}] for _ in range(m)])
    on_own = given.pop("own_dials", [[{}] for _ in range(m)])
    flat = [
        default_dial | dial for first, second in zip(on_112, on_own, strict=True) for dial in first + second
    ]
    lengths = np.array(
        [[len(first), len(second)] for first, second in zip(on_112, on_own, strict=True)] or [[0, 0]]
    )
    start = np.concatenate([[0], np.cumsum(lengths.sum(axis=1))]) if m else np.array([0])
    values: dict[str, Any] = dict(
        incident_key=list(range(incidents)),
        incident_noticed_s=[],
        incident_kind=[0] * incidents,
        incident_regency=[0] * incidents,
        incident_zone=[0] * incidents,
        need_start=np.searchsorted(given.get("need_incident", []), np.arange(incidents + 1)),
        need_incident=[],
        need_agency=[0] * needs,
        need_handling_s=[0.0] * needs,
        need_notice_s=[0.0] * needs,
        need_turnout_s=[0.0] * needs,
        need_travel_factor=[1.0] * needs,
        need_on_scene_s=[0.0] * needs,
        need_transports=[False] * needs,
        need_handover_s=[0.0] * needs,
        need_busy_s=[0.0] * needs,
        caller_key=list(range(m)),
        caller_incident=[NONE] * m,
        caller_kind=[0] * m,
        caller_regency=[0] * m,
        caller_start_s=[],
        caller_dials_112=[True] * m,
        caller_agency=[NONE] * m,
        caller_lookup_s=[0.0] * m,
        caller_wrong_regency=[NONE] * m,
        caller_number=[NONE] * m,
        caller_pick_up_s=[0.0] * m,
        caller_talk_s=[0.0] * m,
        caller_short_talk_s=[0.0] * m,
        caller_transfer_talk_s=[0.0] * m,
        caller_after_call_s=[0.0] * m,
        dial_start=start,
        dial_second=start[:-1] + lengths[:m, 0] if m else [],
        **{f"dial_{name}": [dial[name] for dial in flat] for name in default_dial},
    )
    values.update(given)
    return Calls(**{field.name: as_array(field.name, values[field.name]) for field in fields(Calls)})


def desk_calls(
    rng: np.random.Generator,
    rate_per_s: float,
    end_s: float,
    talk_s: float,
    after_call_s: float = 0.0,
    patience_s: float = np.inf,
) -> Calls:
    """A plain desk's calls: Poisson arrivals, exponential talk, after-call work and patience."""
    starts = np.cumsum(rng.exponential(1 / rate_per_s, int(rate_per_s * end_s * 1.1) + 100))
    starts = starts[starts < end_s]
    m = len(starts)
    patience = grid(rng.exponential(patience_s, m)) if np.isfinite(patience_s) else np.full(m, np.inf)
    one, never = np.arange(m + 1), np.zeros(m, dtype=bool)
    return calls(
        caller_start_s=grid(starts),
        caller_talk_s=grid(rng.exponential(talk_s, m)),
        caller_after_call_s=grid(rng.exponential(after_call_s, m)),
        dials=[[]] * m,
        own_dials=[[]] * m,
        dial_start=one,
        dial_second=one[1:],
        dial_patience_s=patience,
        dial_hang_up_share=np.full(m, np.inf),
        dial_redials_blocked=never,
        dial_redials_abandoned=never,
        dial_redial_delay_s=np.zeros(m),
    )


def random_world(rng: np.random.Generator, tick_s: float = 1 / TICKS_PER_S) -> tuple[World, Calls]:
    """A small world with everything in it and calls to match; times are multiples of ``tick_s``."""

    def some_s(mean_s: float, size: Any = None) -> Any:
        zero = rng.random(size) < 0.1
        return np.where(zero, 0.0, np.rint(rng.exponential(mean_s, size) / tick_s) * tick_s)

    regencies, agencies, kinds, zones, periods = 3, int(rng.integers(1, 3)), 3, 6, 2
    end_s = 20000.0
    # desks: up to three 112 desks (two regencies may share a hub), then the agencies' own numbers
    centre = rng.integers(-1, 3, regencies)
    own = np.full((regencies, agencies), NONE)
    desks = 3
    for r in range(regencies):
        for a in range(agencies):
            if rng.random() < 0.8:
                own[r, a] = desks
                desks += 1
    desk_agency = np.full(desks, NONE)
    for r, a in np.ndindex(regencies, agencies):
        if own[r, a] != NONE:
            desk_agency[own[r, a]] = a
    platform = np.where(np.arange(desks) < 3, rng.integers(-1, 2, desks), NONE)
    overflow = np.where((np.arange(desks) < 3) & (rng.random(desks) < 0.4), rng.integers(0, 3, desks), NONE)
    overflow[overflow == np.arange(desks)] = NONE

    change = []  # time, what, subject, value
    for desk in range(desks):
        for what, most in ((Change.CALL_TAKERS, 4), (Change.DISPATCHERS, 3)):
            times = [0.0, *some_s(6000.0, int(rng.integers(0, 4)))]
            change += [(t, what, desk, int(rng.integers(0, most))) for t in times]
        change += [(t, Change.OPEN, desk, int(rng.random() < 0.8)) for t in [0.0, *some_s(9000.0, 2)]]
    for p in range(2):
        change += [(t, Change.OUTAGE, p, int(rng.random() < 0.4)) for t in some_s(8000.0, 3)]
    change += [(t, Change.PERIOD, NONE, int(rng.integers(0, periods))) for t in some_s(5000.0, 4)]
    change.sort(key=lambda row: row[0])

    # a line of zones; the last one may be an island
    step_s = some_s(200.0, (periods, zones))
    position = np.cumsum(step_s, axis=1)
    travel = np.abs(position[:, :, None] - position[:, None, :])
    here, there = np.meshgrid(np.arange(zones), np.arange(zones), indexing="ij")
    previous = np.where(here == there, -9999, there + np.sign(here - there))
    previous = np.tile(previous, (periods, 1, 1))
    if rng.random() < 0.3:
        travel[:, -1, :-1] = travel[:, :-1, -1] = np.inf
        previous[:, -1, :-1] = previous[:, :-1, -1] = -9999
    hospitals = rng.choice(zones, 2, replace=False)
    to_hospital = travel[:, :, hospitals]
    nearest = np.where(np.isfinite(to_hospital.min(axis=2)), to_hospital.argmin(axis=2), NONE)
    hospital_for = np.stack(
        [nearest if rng.random() < 0.7 else np.full_like(nearest, NONE) for _ in range(kinds)]
    )
    units = int(rng.integers(0, 9))
    place_regency = np.repeat(np.arange(regencies), 2)  # two zones each
    unit_zone = rng.integers(0, zones, units)
    w = world(
        report_from_s=2000.0,
        report_to_s=end_s,
        end_s=end_s,
        desk_name=tuple(f"desk {d}" for d in range(desks)),
        desk_agency=desk_agency,
        desk_lines=np.where(rng.random(desks) < 0.3, NO_LIMIT, rng.integers(0, 6, desks)),
        desk_platform=platform,
        desk_overflow=overflow,
        desk_announcement_s=some_s(15.0, desks) * (rng.random(desks) < 0.6),
        desk_bar_after=rng.integers(0, 3, desks),
        desk_bar_s=some_s(3000.0, desks),
        fresh_crew=bool(rng.random() < 0.3),
        platform_name=("p", "q"),
        platform_channels=rng.integers(0, 8, 2),
        change_time_s=[c[0] for c in change],
        change_what=[int(c[1]) for c in change],
        change_subject=[c[2] for c in change],
        change_value=[c[3] for c in change],
        regency_name=("a", "b", "c"),
        regency_desk=centre,
        regency_agency_desk=own,
        neighbour_start=[0, 1, 3, 4],
        neighbour_regency=[1, 0, 2, 1],
        agency_name=tuple(f"agency {a}" for a in range(agencies)),
        kind_name=("urgent", "slow", "noise"),
        kind_is_incident=[True, True, False],
        kind_priority=[0, 1, 2],
        kind_queue_priority=rng.integers(0, 2, kinds),
        kind_recognised=[True, bool(rng.random() < 0.7), True],
        zone_regency=place_regency,
        scene_approach_s=some_s(40.0, (periods, zones)),
        travel_s=travel,
        previous_zone=previous,
        hospital_zone=hospitals,
        hospital_for=hospital_for,
        unit_agency=rng.integers(0, agencies, units),
        unit_regency=place_regency[unit_zone],
        unit_zone=unit_zone,
        unit_turnout_s=some_s(60.0, units),
        unit_busy_factor=1.0 + np.arange(units) % 3 / 4,
        assign_returning=bool(rng.random() < 0.7),
        jobs_wait=bool(rng.random() < 0.8),
        busy_drawn=bool(rng.random() < 0.2),
        mutual_aid=bool(rng.random() < 0.5),
    )

    incidents = int(rng.integers(0, 60))
    kind = rng.integers(0, 2, incidents)
    zone = rng.integers(0, zones, incidents)
    noticed = np.rint(rng.uniform(0, end_s, incidents) / tick_s) * tick_s
    need = [(i, a) for i in range(incidents) for a in range(agencies) if rng.random() < 0.7]
    needs = len(need)
    need_incident = np.array([i for i, _ in need], dtype=int)
    need_start = np.searchsorted(need_incident, np.arange(incidents + 1))
    callers = [
        (i, noticed[i] + (some_s(60.0) if n else 0.0))
        for i in range(incidents)
        for n in range(rng.integers(1, 4))
    ]
    callers += [(NONE, s) for s in np.rint(rng.uniform(0, end_s, int(rng.integers(0, 80))) / tick_s) * tick_s]
    m = len(callers)
    of = np.array([i for i, _ in callers], dtype=int)
    is_incident = of != NONE

    def pick(of_incident: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
        return np.where(is_incident, of_incident[of] if incidents else NONE, otherwise)

    first_agency = np.array(
        [need[need_start[i]][1] if need_start[i] < need_start[i + 1] else NONE for i in range(incidents)],
        dtype=int,
    )
    nuisance_agency = np.where(rng.random(m) < 0.3, rng.integers(0, agencies, m), NONE)
    dials_112 = np.where(is_incident, rng.random(m) < 0.7, nuisance_agency == NONE)

    def dials(most: int) -> list[dict[str, Any]]:
        count = int(rng.integers(1, most + 1))
        return [
            dict(
                patience_s=np.inf if rng.random() < 0.1 else float(some_s(60.0)),
                hang_up_share=float(rng.random()) if rng.random() < 0.2 else np.inf,
                redials_blocked=k < count - 1 and rng.random() < 0.8,
                redials_abandoned=k < count - 1 and rng.random() < 0.8,
                redial_delay_s=float(some_s(30.0)),
            )
            for k in range(count)
        ]

    c = calls(
        incident_noticed_s=noticed,
        incident_kind=kind,
        incident_regency=place_regency[zone],
        incident_zone=zone,
        need_incident=need_incident,
        need_agency=[a for _, a in need],
        need_handling_s=some_s(60.0, needs),
        need_notice_s=some_s(300.0, needs),
        need_turnout_s=some_s(60.0, needs),
        need_travel_factor=rng.choice([0.5, 1.0, 1.3], needs),
        need_on_scene_s=some_s(600.0, needs),
        need_transports=rng.random(needs) < 0.5,
        need_handover_s=some_s(300.0, needs),
        need_busy_s=some_s(900.0, needs),
        caller_incident=of,
        caller_kind=pick(kind, np.full(m, 2)),
        caller_regency=pick(place_regency[zone], rng.integers(0, regencies, m)),
        caller_start_s=np.array([s for _, s in callers], dtype=float),
        caller_dials_112=dials_112,
        caller_agency=pick(first_agency, nuisance_agency),
        caller_lookup_s=some_s(60.0, m),
        caller_wrong_regency=np.where(rng.random(m) < 0.3, rng.integers(0, regencies, m), NONE),
        caller_number=np.where(~is_incident & (rng.random(m) < 0.7), rng.integers(0, 4, m), NONE),
        caller_pick_up_s=some_s(4.0, m),
        caller_talk_s=some_s(120.0, m),
        caller_short_talk_s=some_s(30.0, m),
        caller_transfer_talk_s=some_s(20.0, m),
        caller_after_call_s=some_s(40.0, m),
        dials=[dials(3) for _ in range(m)],
        own_dials=[dials(2) for _ in range(m)],
    )
    return w, c
