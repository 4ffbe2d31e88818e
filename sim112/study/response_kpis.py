"""Totals of incidents, of the agencies they need, and of the units that serve them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim112.config.targets import Targets
from sim112.engine.contract import NONE, Calls, Change, Floats, Ints, JobOutcome, Log, World
from sim112.study.desk_kpis import hour_of_day, is_reported
from sim112.study.totals import Histogram, Totals, histogram


def add_incidents(
    totals: Totals, world: World, calls: Calls, log: Log, targets: Targets
) -> dict[str, Histogram]:
    """Sum the incidents of the report and what the agencies they need did.

    A time that never comes is infinite here, and the cap in every mean. Returns the histograms of
    ``alert_s``, ``response_s`` and ``all_agencies_s``.
    """
    target_s = np.array(targets.response_targets(world.agency_name))
    needs = np.diff(calls.need_start)
    counted = is_reported(world, calls.incident_noticed_s)
    everything, rows = np.flatnonzero(counted), np.flatnonzero(counted & (needs > 0))
    totals.add(_places_of_incidents(world, calls, everything), {"incidents": counted[everything]})

    noticed_s = calls.incident_noticed_s[calls.need_incident]
    job = np.full(len(calls.need_agency), NONE)
    job[log.job_need] = np.arange(len(log.job_need))
    alert_s = _by_need(job, log.job_alerted_s) - noticed_s
    arrival_s = _by_need(job, log.job_on_scene_s) - noticed_s
    within = arrival_s <= target_s[calls.need_agency]

    # needs of one incident stand together: reduce over each stretch
    having = np.flatnonzero(needs > 0)
    start = calls.need_start[having]
    at = np.searchsorted(having, rows)

    def over_needs(reduce: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        result: NDArray[Any] = reduce.reduceat(values, start)[at] if len(start) else values[:0]
        return result

    last_alert_s, first_alert_s = over_needs(np.maximum, alert_s), over_needs(np.minimum, alert_s)
    response_s, complete_s = over_needs(np.minimum, arrival_s), over_needs(np.maximum, arrival_s)
    any_within, all_within = over_needs(np.logical_or, within), over_needs(np.logical_and, within)
    assigned_s = over_needs(np.minimum, _by_need(job, log.job_assigned_s))
    answered_s, is_ticketed = _first_reports(calls, log)
    processed = np.isfinite(assigned_s) & np.isfinite(answered_s[rows])
    processing_s = np.zeros(len(rows))
    processing_s[processed] = assigned_s[processed] - answered_s[rows][processed]

    alert_capped_s = np.minimum(last_alert_s, targets.alert_cap_s)
    response_capped_s = np.minimum(response_s, targets.response_cap_s)
    complete_capped_s = np.minimum(complete_s, targets.response_cap_s)
    reached, life = np.isfinite(response_s), world.kind_life_threatening[calls.incident_kind[rows]]
    places = _places_of_incidents(world, calls, rows)
    columns: dict[str, NDArray[Any]] = {
        "needing": np.ones(len(rows)),
        "unreported": ~is_ticketed[rows],
        "unserved": ~reached,
        "lost": ~is_ticketed[rows] | ~(response_s <= targets.response_cap_s),
        "first_alert_capped_sum_s": np.minimum(first_alert_s, targets.alert_cap_s),
        "alert_capped_sum_s": alert_capped_s,
        "fully_alerted": np.isfinite(last_alert_s),
        "processed": processed,
        "processing_sum_s": processing_s,
        "reached": reached,
        "response_sum_s": np.where(reached, response_s, 0.0),
        "response_capped_sum_s": response_capped_s,
        "all_agencies_capped_sum_s": complete_capped_s,
        "reached_within": any_within,
        "all_reached_within": all_within,
        "life": life,
        "life_alert_capped_sum_s": np.where(life, alert_capped_s, 0.0),
        "life_response_capped_sum_s": np.where(life, response_capped_s, 0.0),
        "life_reached_within": any_within & life,
    }
    totals.add(places, columns)
    _add_needs(totals, world, calls, log, targets, job, alert_s, arrival_s, within)
    return {
        "alert_s": histogram(totals.scopes, places, alert_capped_s),
        "response_s": histogram(totals.scopes, places, response_capped_s),
        "all_agencies_s": histogram(totals.scopes, places, complete_capped_s),
    }


def _places_of_incidents(world: World, calls: Calls, rows: Ints) -> dict[str, Ints]:
    return {
        "province": np.zeros(len(rows), np.int64),
        "regency": calls.incident_regency[rows],
        "kind": calls.incident_kind[rows],
        "hour": hour_of_day(world, calls.incident_noticed_s[rows]),
    }


def _by_need(job: Ints, time_s: Floats) -> Floats:
    """A clock point of each need's job; infinite where it did not happen or there is no job."""
    times_s = np.append(np.where(np.isnan(time_s), np.inf, time_s), np.inf)
    return times_s[job]


def _first_reports(calls: Calls, log: Log) -> tuple[Floats, NDArray[np.bool_]]:
    """By incident: answer of the first report with a ticket (infinite: none has one), and whether one has."""
    rows = np.flatnonzero(~np.isnan(log.call_ticket_s))
    answered_s = np.full(len(calls.incident_kind), np.inf)
    np.minimum.at(answered_s, calls.caller_incident[log.call_caller[rows]], log.call_answered_s[rows])
    return answered_s, np.isfinite(answered_s)


def _add_needs(
    totals: Totals, world: World, calls: Calls, log: Log, targets: Targets,
    job: Ints, alert_s: Floats, arrival_s: Floats, within: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Sum what each needed agency did at the incidents of the report."""
    rows = np.flatnonzero(is_reported(world, calls.incident_noticed_s[calls.need_incident]))
    incident, agency = calls.need_incident[rows], calls.need_agency[rows]
    regency = calls.incident_regency[incident]
    places = {
        "province": np.zeros(len(rows), np.int64),
        "regency": regency,
        "kind": calls.incident_kind[incident],
        "agency": agency,
        "agency_regency": agency * len(world.regency_name) + regency,
    }
    alerted, assigned, rolling, on_scene, available = (
        _by_need(job, time_s)[rows]
        for time_s in (
            log.job_alerted_s, log.job_assigned_s, log.job_rolling_s, log.job_on_scene_s, log.job_available_s
        )
    )  # fmt: skip
    leaves = np.minimum(_by_need(job, log.job_leave_scene_s)[rows], available)
    is_served = np.append(log.job_outcome == JobOutcome.SERVED, False)[job[rows]]
    is_noticed = np.append(log.job_notice, False)[job[rows]]
    unit = np.append(log.job_unit, NONE)[job[rows]]
    unit_regency = np.append(world.unit_regency, NONE)[unit]
    has_alert = np.isfinite(alerted)
    columns: dict[str, NDArray[Any]] = {
        "needs": np.ones(len(rows)),
        "alerted": has_alert,
        "need_noticed": is_noticed,
        "need_alert_capped_sum_s": np.minimum(alert_s[rows], targets.alert_cap_s),
        "need_response_capped_sum_s": np.minimum(arrival_s[rows], targets.response_cap_s),
        "need_reached_within": within[rows],
        "unit_waited": has_alert & ~(assigned == alerted),
        "trips": np.isfinite(rolling),
        "aid_trips": np.isfinite(rolling) & (unit != NONE) & (unit_regency != regency),
    }
    for count, total, start_s, stop_s in (
        ("assigned", "unit_wait_sum_s", alerted, assigned),
        ("turnouts", "turnout_sum_s", assigned, rolling),
        ("travels", "travel_sum_s", rolling, on_scene),
        ("on_scenes", "on_scene_sum_s", on_scene, leaves),
        ("jobs_done", "job_sum_s", assigned, np.where(is_served, available, np.inf)),
    ):
        happened = np.isfinite(start_s) & np.isfinite(stop_s)
        duration_s = np.zeros(len(rows))
        duration_s[happened] = stop_s[happened] - start_s[happened]
        columns |= {count: happened, total: duration_s}
    totals.add(places, columns)


def add_coverage(totals: Totals, world: World, targets: Targets) -> None:
    """Sum the people who live within each agency's target of its nearest station, and all people."""
    agencies, regencies = len(world.agency_name), len(world.regency_name)
    agency = np.repeat(np.arange(agencies), regencies)
    places = {"agency": agency, "agency_regency": np.arange(agencies * regencies)}
    people = np.bincount(world.zone_regency, world.zone_population, regencies)
    covered = _covered_people(world, tuple(targets.response_targets(world.agency_name)))
    totals.add(places, {"covered_people": covered.ravel(), "people_of_agency": np.tile(people, agencies)})


@lru_cache(maxsize=8)
def _covered_people(world: World, target_s: tuple[float, ...]) -> Floats:
    """People within the target of the nearest station by table time, a mean over the reported time, [A, R].

    The same in every replication of a world, and so kept.
    """
    changes = np.flatnonzero(world.change_what == Change.PERIOD)
    times_s = np.concatenate([[0.0], world.change_time_s[changes], [world.end_s]])
    lasts_s = np.diff(np.clip(times_s, world.report_from_s, world.report_to_s))
    period = np.concatenate([[0], world.change_value[changes]])
    share = np.bincount(period, lasts_s, len(world.travel_s)) / lasts_s.sum()
    covered = np.zeros((len(target_s), len(world.regency_name)))
    for agency, within_s in enumerate(target_s):
        stations = np.unique(world.unit_zone[world.unit_agency == agency])
        if len(stations):
            nearest_s = world.travel_s[:, stations, :].min(axis=1) + world.scene_approach_s
            people = (share @ (nearest_s <= within_s)) * world.zone_population
            covered[agency] = np.bincount(world.zone_regency, people, len(world.regency_name))
    return covered


def add_units(totals: Totals, world: World, log: Log) -> None:
    """Sum the busy and staffed time of units within the reported time; units are staffed round the clock."""
    units, regencies = len(world.unit_agency), len(world.regency_name)
    rows = np.flatnonzero((log.job_unit != NONE) & ~np.isnan(log.job_assigned_s))
    until_s = np.where(np.isnan(log.job_available_s[rows]), world.end_s, log.job_available_s[rows])
    window = (world.report_from_s, world.report_to_s)
    busy_s = np.clip(until_s, *window) - np.clip(log.job_assigned_s[rows], *window)
    columns = {
        "unit_busy_s": np.bincount(log.job_unit[rows], busy_s, units),
        "unit_staffed_s": np.full(units, window[1] - window[0]),
    }
    places = {
        "province": np.zeros(units, np.int64),
        "regency": world.unit_regency,
        "agency": world.unit_agency,
        "agency_regency": world.unit_agency * regencies + world.unit_regency,
    }
    totals.add(places, columns)
