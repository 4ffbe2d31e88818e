"""Cases of units: Larson's hypercube, Erlang's formulas for a fleet, and the cycle of a responder."""

from __future__ import annotations

import csv
from functools import cache
from typing import Literal

import numpy as np

from sim112.planning.hypercube import Hypercube, hypercube
from sim112.planning.theory import erlang_b, erlang_c, priority
from sim112.study.desk_kpis import YEAR_S
from sim112.validation.case import WORLDS, Case, Row, Tolerance
from sim112.validation.desks import (
    ERLANG,
    HEAVY,
    KIND,
    LAST,
    exponential,
    lognormal_survival,
    run_words,
)

LARSON = "R. Larson, Computers & Operations Research 1, 1974 (all states solved)"
LARSON_ODONI = "R. Larson, A. Odoni, Urban Operations Research, 1981, ch. 5.4"
SMALL_SHARES = Tolerance(absolute=0.003, reason="shares of all dispatches, 15 of them, the worst counts")

PREFERENCES = {
    "atom_1": (0, 1, 2),
    "atom_2": (0, 1, 2),
    "atom_4": (0, 2, 1),
    "area_2": (1, 0, 2),
    "area_3": (2, 0, 1),
}
RATES = {"atom_1": 0.25, "atom_2": 0.25, "atom_4": 0.25, "area_2": 0.35, "area_3": 0.40}
"""Calls in a mean service time; those of areas 2 and 3 are inferred (docs/theory.md)."""
POSTS = ("atom_1", "area_2", "area_3")

NEAR_RATES = {"a": 3.0, "b": 2.0, "c": 2.0, "d": 1.0, "e": 1.0}
NEAR_POSTS = ("a", "c", "e")
NEAR_UNITS = ("first", "second", "third")
NEAR_BUSY_S = (1500.0, 1800.0, 2400.0)
NEAR_CALLS_PER_H = 4.5


def travel_s(world: str, posts: tuple[str, ...], zones: tuple[str, ...]) -> np.ndarray:
    """Times [units, zones] from the table of a world."""
    with (WORLDS / world / "travel_times.csv").open(encoding="utf-8", newline="") as file:
        times = {(row["from"], row["to"]): float(row["travel_s"]) for row in csv.DictReader(file)}
    return np.array([[times[post, zone] for zone in zones] for post in posts])


AID_RATES = {"north": 2.0, "border": 1.0, "south": 2.0}
AID_POSTS = ("north", "south")
AID_CALLS_PER_H = 1.6


@cache
def three_units(when_none: Literal["lost", "wait"]) -> Hypercube:
    zones = tuple(RATES)
    return hypercube(
        [RATES[zone] / 1800 for zone in zones],
        [1800.0] * 3,
        [PREFERENCES[zone] for zone in zones],
        when_none,
        travel_s("hypercube", POSTS, zones),
    )


@cache
def nearest_units() -> Hypercube:
    zones = tuple(NEAR_RATES)
    times = travel_s("nearest", NEAR_POSTS, zones)
    return hypercube(
        [NEAR_CALLS_PER_H / 3600 * rate / sum(NEAR_RATES.values()) for rate in NEAR_RATES.values()],
        NEAR_BUSY_S,
        [tuple(np.argsort(times[:, zone], kind="stable").tolist()) for zone in range(len(zones))],
        "lost",
        times,
    )


@cache
def two_regencies() -> Hypercube:
    """A unit in each of two regencies that help each other; for the border the neighbour's is nearer."""
    zones = tuple(AID_RATES)
    times = travel_s("mutual_aid", AID_POSTS, zones)
    return hypercube(
        [AID_CALLS_PER_H / 3600 * rate / sum(AID_RATES.values()) for rate in AID_RATES.values()],
        [1800.0] * 2,
        [tuple(np.argsort(times[:, zone], kind="stable").tolist()) for zone in range(len(zones))],
        "lost",
        times,
    )


def dispatch_rows(exact: Hypercube, zones: tuple[str, ...], units: tuple[str, ...]) -> tuple[Row, ...]:
    """Every unit's workload, who goes where, and how long the ways are."""
    return (
        *(
            Row("unit_utilisation", (float(busy),), members=(unit,), of=unit)
            for unit, busy in zip(units, exact.utilisation, strict=True)
        ),
        Row(
            "dispatch_share", tuple(exact.dispatch_share.ravel().tolist()),
            members=tuple(f"{zone} {unit}" for zone in zones for unit in units),
            within=SMALL_SHARES,
        ),
        Row("travel_s", (exact.mean_travel_s,)),
    )  # fmt: skip


UNITS = ("unit_1", "unit_2", "unit_3")
ACROSS = (" ".join(f"{zone} {UNITS[order[0]]}" for zone, order in PREFERENCES.items()),)
"""Every zone with the unit that is sent there first."""


def published_rows() -> tuple[Row, ...]:
    workloads = zip(UNITS, (0.5574, 0.4734, 0.4693), strict=True)
    return (
        *(
            Row("unit_utilisation", (busy,), members=(unit,), of=unit, published=LARSON_ODONI)
            for unit, busy in workloads
        ),
        Row("out_of_area_share", (0.43529,), members=ACROSS, published=LARSON_ODONI),
        *dispatch_rows(three_units("wait"), tuple(RATES), UNITS)[3:],
    )


def waiting_rows() -> tuple[Row, ...]:
    exact = three_units("wait")
    return (
        Row("unit_waited_share", (0.23684,), published=LARSON_ODONI),
        Row("unit_wait_s", (exact.mean_wait_s,), within=HEAVY),
        Row("utilisation", (0.5,)),
    )


def lost_rows() -> tuple[Row, ...]:
    exact = three_units("lost")
    return (
        Row("unserved_share", (exact.all_busy_share,)),
        *dispatch_rows(exact, tuple(RATES), UNITS),
    )


def nearest_rows() -> tuple[Row, ...]:
    exact = nearest_units()
    return (
        Row("unserved_share", (exact.all_busy_share,)),
        *dispatch_rows(exact, tuple(NEAR_RATES), NEAR_UNITS),
    )


def aid_rows() -> tuple[Row, ...]:
    exact = two_regencies()
    trips = exact.dispatch_share * (AID_CALLS_PER_H / 3600 * (1 - exact.all_busy_share) * YEAR_S)
    return (
        Row("unserved_share", (exact.all_busy_share,)),
        Row("aid_trips", (float(trips[0, 1] + trips[1, 1]),), "regency", ("north",), "to the north"),
        Row("aid_trips", (float(trips[2, 0]),), "regency", ("south",), "to the south"),
        Row("utilisation", (float(exact.utilisation[0]),), "regency", ("north",), "unit of the north"),
        Row("utilisation", (float(exact.utilisation[1]),), "regency", ("south",), "unit of the south"),
        Row("travel_s", (exact.mean_travel_s,)),
    )


def unit_words(
    agency: str, calls_per_h: float, calls: float, busy_s: float | None, replications: int = 40
) -> tuple[str, ...]:
    """Calls that need one unit each, at once; busy for a drawn time of this mean, unless that is None."""
    drawn = () if busy_s is None else ("fleet.busy_time=drawn", f"work.busy_s.mean_s={busy_s:g}")
    return (
        f"{KIND}.rate_per_h={calls_per_h:g}",
        f"{KIND}.agencies={{{agency}: 1}}",
        f"{KIND}.on_scene_s={{{agency}: off}}",
        f"{KIND}.talk.talk_s=off",
        "fleet.assignable=at_station",
        *drawn,
        *run_words(calls, calls_per_h, replications, 180000),
        "clock.cool_down_s=86400",
    )


def fleet_rows() -> tuple[Row, ...]:
    """Four units, 2.5 erlang; calls wait."""
    exact = erlang_c(5 / 3600, 1800, 4)
    return (
        Row("unit_waited_share", (exact.waited_share,)),
        Row("unit_wait_s", (exact.mean_wait_s,), within=HEAVY),
        Row("utilisation", (2.5 / 4,)),
    )


def job_rows() -> tuple[Row, ...]:
    """Four units, 2 erlang of urgent and 1 of other jobs."""
    exact = priority([3 / 3600, 2 / 3600], 1800, 4)
    return tuple(
        Row("unit_wait_s", (wait_s,), "kind", (name,), name, within=LAST)
        for name, wait_s in zip(("urgent", "call"), exact.mean_wait_s, strict=True)
    )


def cycle_rows() -> tuple[Row, ...]:
    """Turnout 60 s, 300 s there, 900 s at the scene, 540 s back: an erlang on two crews."""
    lost = erlang_b(1, 2)
    return (
        Row("unserved_share", (lost,)),
        Row("turnout_s", (60.0,)),
        Row("travel_s", (300.0,)),
        Row("on_scene_s", (900.0,)),
        Row("job_s", (1260.0,), of="until free to leave"),
        Row("utilisation", (2 / 3600 * (1 - lost) * 1260 / 2,), of="by Little's law"),
        Row("response_s", (360.0,)),
    )


def hospital_rows() -> tuple[Row, ...]:
    """Half go to a hospital: 420 s there, 600 s of handover, 600 s back; else 540 s back."""
    lost = erlang_b(3 / 3600 * (60 + 300 + 900 + 0.5 * (420 + 600 + 600) + 0.5 * 540), 3)
    job_s = 60 + 300 + 900 + 0.5 * (420 + 600)
    return (
        Row("unserved_share", (lost,)),
        Row("job_s", (job_s,)),
        Row("utilisation", (3 / 3600 * (1 - lost) * job_s / 3,), of="by Little's law"),
    )


SLOWER, SPREAD = 1.25, 0.5
"""The factor of a job on all its legs: mean and variation."""


def slow_rows() -> tuple[Row, ...]:
    """Turnout 60 s, 300 s there and 540 s back by the table, 900 s at the scene; both legs by the factor."""
    there_s, back_s = 300 * SLOWER, 540 * SLOWER
    job_s = 60 + there_s + 900
    lost = erlang_b(2 / 3600 * (job_s + back_s), 2)
    late = lognormal_survival(SLOWER, SPREAD, (600 - 60) / 300)
    return (
        Row("unserved_share", (lost,)),
        Row("travel_s", (there_s,)),
        Row("job_s", (job_s,), of="until free to leave"),
        Row("utilisation", (2 / 3600 * (1 - lost) * job_s / 2,), of="by Little's law"),
        Row("reached_within_share", ((1 - lost) * (1 - late),), of="in ten minutes"),
    )


def hospitals_rows() -> tuple[Row, ...]:
    """Each village's patients go to the nearest of two hospitals; the clinic, nearest of all, takes none."""
    hill, coast = 60 + 300 + 900 + 720 + 600, 60 + 480 + 900 + 360 + 600
    job_s = 0.6 * hill + 0.4 * coast
    back_s = 0.6 * 240 + 0.4 * 900
    lost = erlang_b(3 / 3600 * (job_s + back_s), 3)
    return (
        Row("unserved_share", (lost,)),
        Row("job_s", (job_s,)),
        Row("utilisation", (3 / 3600 * (1 - lost) * job_s / 3,), of="by Little's law"),
    )


LITTLE = "A. K. Erlang, 1917; J. Little, OR 9, 1961; B. Sevastyanov, 1957 (insensitivity)"
FLEETS = (
    Case(
        "hypercube", "three units with a fixed order of preference; calls wait", LARSON, published_rows,
        unit_words("police", 3, 1.6e6, 1800, 80), 80, tables="hypercube",
    ),
    Case(
        "hypercube_waits", "the same, longer, without its log", LARSON, waiting_rows,
        unit_words("police", 3, 3e6, 1800, 120), 120, tables="hypercube",
    ),
    Case(
        "hypercube_lost", "the same; calls that find nobody are lost", LARSON, lost_rows,
        (*unit_words("police", 3, 1e6, 1800), "fleet.when_none=lost"), tables="hypercube",
    ),
    Case(
        "nearest", "three unlike units, the nearest free one goes; lost else", LARSON, nearest_rows,
        (*unit_words("fire", NEAR_CALLS_PER_H, 1e6, 1800), "fleet.when_none=lost"), tables="nearest",
    ),
    Case(
        "fleet_lost", "four units, 3 erlang, lost where none is free: Erlang's loss formula", ERLANG,
        lambda: (
            Row("unserved_share", (erlang_b(3, 4),)),
            Row("utilisation", (3 * (1 - erlang_b(3, 4)) / 4,)),
        ),
        (*unit_words("fire", 6, 1e6, 1800), "fleet.when_none=lost"), tables="fleet",
    ),
    Case(
        "fleet_waits", "four units, 2.5 erlang, jobs wait: M/M/4", ERLANG, fleet_rows,
        unit_words("fire", 5, 4e6, 1800, 120), 120, tables="fleet",
    ),
    Case(
        "fleet_priority", "four units, 2.5 erlang, urgent jobs first",
        "A. Cobham, Priority assignment in waiting line problems, Operations Research 2, 1954", job_rows,
        (
            *unit_words("fire", 2, 1.2e6, 1800, 80), f"{KIND}.priority=1",
            "demand.kinds.urgent={rate_per_h: 3, priority: 0, agencies: {fire: 1}, on_scene_s: {fire: off}, "
            "talk: {talk_s: off}}",
        ),
        80, tables="fleet",
    ),
    Case(
        "cycle", "two crews: turnout, way there, scene, way back; lost if none is there", LITTLE, cycle_rows,
        (
            *unit_words("fire", 2, 6e5, None), "fleet.when_none=lost",
            f"{KIND}.on_scene_s={{fire: {exponential(900)}}}",
            "work.turnout_s={dist: gamma, mean_s: 60, cv: 0.5}",
            "work.travel_factor={dist: lognormal, mean: 1, cv: 0.3}",
        ),
        tables="cycle",
    ),
    Case(
        "hospital", "three ambulances, half of the patients taken to a hospital; lost if none is there",
        LITTLE, hospital_rows,
        (
            *unit_words("ambulance", 3, 6e5, None), "fleet.when_none=lost",
            f"{KIND}.on_scene_s={{ambulance: {exponential(900)}}}", f"{KIND}.transport_share=0.5",
            "work.turnout_s=60", f"work.handover_s={exponential(600)}",
        ),
        tables="hospital",
    ),
    Case(
        "slow_roads", "two crews; all legs take the table's time times a factor of the job, of mean 1.25",
        LITTLE, slow_rows,
        (
            *unit_words("fire", 2, 6e5, None), "fleet.when_none=lost",
            f"{KIND}.on_scene_s={{fire: {exponential(900)}}}", "work.turnout_s=60",
            f"work.travel_factor={{dist: lognormal, mean: {SLOWER}, cv: {SPREAD}}}",
            "targets.response_target_s.fire=600",
        ),
        tables="cycle",
    ),
    Case(
        "hospitals", "three ambulances, two villages, two hospitals and a clinic that takes nobody", LITTLE,
        hospitals_rows,
        (
            *unit_words("ambulance", 3, 6e5, None), "fleet.when_none=lost",
            f"{KIND}.on_scene_s={{ambulance: {exponential(900)}}}", f"{KIND}.transport_share=1",
            "work.turnout_s=60", f"work.handover_s={exponential(600)}",
        ),
        tables="hospitals",
    ),
    Case(
        "mutual_aid", "two regencies with a unit each, the nearest free one goes; lost else",
        LARSON, aid_rows,
        (
            *unit_words("fire", AID_CALLS_PER_H, 8e5, 1800, 60),
            "fleet.when_none=lost", "fleet.mutual_aid=true",
        ),
        60, tables="mutual_aid",
    ),
)  # fmt: skip
