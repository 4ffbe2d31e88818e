"""The walk over incidents: when agencies were alerted and there, and what units did."""

from __future__ import annotations

from math import inf

from sim112.engine.contract import NONE, JobOutcome
from sim112.study.definitions import COLUMNS, REPORTS
from sim112.study.walk_sums import add, clipped_s, count, incident_slots, is_reported, or_never
from sim112.study.walk_tables import Asked, Happened, Notes, Place, Tally

(
    INCIDENTS, NEEDING, UNREPORTED, UNSERVED, LOST, FIRST_ALERT_CAPPED_SUM_S, ALERT_CAPPED_SUM_S,
    FULLY_ALERTED, PROCESSED, PROCESSING_SUM_S, REACHED, RESPONSE_SUM_S, RESPONSE_CAPPED_SUM_S,
    ALL_AGENCIES_CAPPED_SUM_S, REACHED_WITHIN, ALL_REACHED_WITHIN, LIFE, LIFE_ALERT_CAPPED_SUM_S,
    LIFE_RESPONSE_CAPPED_SUM_S, LIFE_REACHED_WITHIN, EMERGENCIES_REPORTED_112,
) = map(COLUMNS.index, (
    "incidents", "needing", "unreported", "unserved", "lost", "first_alert_capped_sum_s",
    "alert_capped_sum_s", "fully_alerted", "processed", "processing_sum_s", "reached", "response_sum_s",
    "response_capped_sum_s", "all_agencies_capped_sum_s", "reached_within", "all_reached_within", "life",
    "life_alert_capped_sum_s", "life_response_capped_sum_s", "life_reached_within",
    "emergencies_reported_112",
))  # fmt: skip
(
    NEEDS, ALERTED, NEED_NOTICED, NEED_ALERT_CAPPED_SUM_S, NEED_RESPONSE_CAPPED_SUM_S, NEED_REACHED_WITHIN,
    UNIT_WAITED, ASSIGNED, UNIT_WAIT_SUM_S, TRIPS, AID_TRIPS, TURNOUTS, TURNOUT_SUM_S, TRAVELS, TRAVEL_SUM_S,
    ON_SCENES, ON_SCENE_SUM_S, JOBS_DONE, JOB_SUM_S, UNIT_BUSY_S,
) = map(COLUMNS.index, (
    "needs", "alerted", "need_noticed", "need_alert_capped_sum_s", "need_response_capped_sum_s",
    "need_reached_within", "unit_waited", "assigned", "unit_wait_sum_s", "trips", "aid_trips", "turnouts",
    "turnout_sum_s", "travels", "travel_sum_s", "on_scenes", "on_scene_sum_s", "jobs_done", "job_sum_s",
    "unit_busy_s",
))  # fmt: skip

IS_SERVED = int(JobOutcome.SERVED)
TO_112, TO_OWN_NUMBER = map(REPORTS.index, ("112", "own number"))


def walk_incidents(place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally) -> None:
    for row in range(len(log.job_need)):
        notes.job[log.job_need[row]] = row
    sums = tally.sums
    for incident in range(len(calls.incident_kind)):
        noticed_s, kind = calls.incident_noticed_s[incident], calls.incident_kind[incident]
        if not is_reported(place, noticed_s):
            continue
        slots = incident_slots(place, calls.incident_regency[incident], kind, noticed_s)
        add(sums, slots, INCIDENTS, 1.0)
        if place.kind_is_emergency[kind] and notes.ticket_112_s[incident] < inf:
            at_desk = place.desk + notes.ticket_112_desk[incident]
            at_regency = place.regency_112 + calls.incident_regency[incident]
            at_112 = place.province, place.service, at_desk, at_regency
            add(sums, at_112, EMERGENCIES_REPORTED_112, 1.0)
        if needs_some_agency(calls, incident):
            count_incident(place, calls, log, notes, tally, incident, slots)


def needs_some_agency(calls: Asked, incident: int) -> bool:
    """Whether there is more to it than work on the ticket, which is a need of no agency."""
    for need in range(calls.need_start[incident], calls.need_start[incident + 1]):
        if calls.need_agency[need] != NONE:
            return True
    return False


def count_incident(
    place: Place, calls: Asked, log: Happened, notes: Notes, tally: Tally, incident: int,
    slots: tuple[int, ...],
) -> None:  # fmt: skip
    """Add an incident that needs some agency to the sums of all that it counts for."""
    sums = tally.sums
    noticed_s = calls.incident_noticed_s[incident]
    first_alert_s = response_s = assigned_s = inf
    last_alert_s = complete_s = -inf
    some_within, all_within = False, True
    for need in range(calls.need_start[incident], calls.need_start[incident + 1]):
        if calls.need_agency[need] == NONE:
            continue
        job = notes.job[need]
        alert_s = arrival_s = inf
        if job != NONE:
            alert_s = or_never(log.job_alerted_s[job]) - noticed_s
            arrival_s = or_never(log.job_on_scene_s[job]) - noticed_s
            assigned_s = min(assigned_s, or_never(log.job_assigned_s[job]))
        is_within = arrival_s <= place.target_s[calls.need_agency[need]]
        first_alert_s, last_alert_s = min(first_alert_s, alert_s), max(last_alert_s, alert_s)
        response_s, complete_s = min(response_s, arrival_s), max(complete_s, arrival_s)
        some_within, all_within = some_within or is_within, all_within and is_within
        count_need(place, calls, log, tally, incident, need, job, alert_s, arrival_s, is_within)

    alert_capped_s = min(last_alert_s, place.alert_cap_s)
    response_capped_s = min(response_s, place.response_cap_s)
    complete_capped_s = min(complete_s, place.response_cap_s)
    answered_s = notes.answered_s[incident]
    add(sums, slots, NEEDING, 1.0)
    add(sums, slots, FIRST_ALERT_CAPPED_SUM_S, min(first_alert_s, place.alert_cap_s))
    add(sums, slots, ALERT_CAPPED_SUM_S, alert_capped_s)
    add(sums, slots, RESPONSE_CAPPED_SUM_S, response_capped_s)
    add(sums, slots, ALL_AGENCIES_CAPPED_SUM_S, complete_capped_s)
    if not answered_s < inf:
        add(sums, slots, UNREPORTED, 1.0)
    if not answered_s < inf or not response_s <= place.response_cap_s:
        add(sums, slots, LOST, 1.0)
    if last_alert_s < inf:
        add(sums, slots, FULLY_ALERTED, 1.0)
    if assigned_s < inf and answered_s < inf:
        add(sums, slots, PROCESSED, 1.0)
        add(sums, slots, PROCESSING_SUM_S, assigned_s - answered_s)
    if response_s < inf:
        add(sums, slots, REACHED, 1.0)
        add(sums, slots, RESPONSE_SUM_S, response_s)
    else:
        add(sums, slots, UNSERVED, 1.0)
    if some_within:
        add(sums, slots, REACHED_WITHIN, 1.0)
    if all_within:
        add(sums, slots, ALL_REACHED_WITHIN, 1.0)
    if place.kind_life_threatening[calls.incident_kind[incident]]:
        add(sums, slots, LIFE, 1.0)
        add(sums, slots, LIFE_ALERT_CAPPED_SUM_S, alert_capped_s)
        add(sums, slots, LIFE_RESPONSE_CAPPED_SUM_S, response_capped_s)
        if some_within:
            add(sums, slots, LIFE_REACHED_WITHIN, 1.0)
    count(place, tally.alert_s, slots, alert_capped_s)
    count(place, tally.response_s, slots, response_capped_s)
    count(place, tally.all_agencies_s, slots, complete_capped_s)
    if place.kind_is_emergency[calls.incident_kind[incident]]:
        if notes.ticket_112_s[incident] < inf:
            count(place, tally.alert_by_report_s, (TO_112,), alert_capped_s)
        elif answered_s < inf:
            count(place, tally.alert_by_report_s, (TO_OWN_NUMBER,), alert_capped_s)


def count_need(
    place: Place, calls: Asked, log: Happened, tally: Tally, incident: int, need: int, job: int,
    alert_s: float, arrival_s: float, is_within: bool,
) -> None:  # fmt: skip
    """Add what one agency did at an incident: for those in need, and (whatever the kind) for its units."""
    sums = tally.sums
    regency, agency = calls.incident_regency[incident], calls.need_agency[need]
    by_kind = place.kind + calls.incident_kind[incident]
    by_agency = place.agency_regency + agency * place.regencies + regency
    of_units = by_kind, place.province, place.regency + regency, place.agency + agency, by_agency
    of_people = of_units
    if not place.kind_is_emergency[calls.incident_kind[incident]]:
        of_people = by_kind, place.nowhere, place.nowhere, place.nowhere, place.nowhere

    add(sums, of_people, NEEDS, 1.0)
    add(sums, of_people, NEED_ALERT_CAPPED_SUM_S, min(alert_s, place.alert_cap_s))
    add(sums, of_people, NEED_RESPONSE_CAPPED_SUM_S, min(arrival_s, place.response_cap_s))
    if is_within:
        add(sums, of_people, NEED_REACHED_WITHIN, 1.0)
    if place.kind_is_emergency[calls.incident_kind[incident]]:
        count(place, tally.agency_response_s, (agency,), min(arrival_s, place.response_cap_s))
    if job == NONE:
        return
    if log.job_notice[job]:
        add(sums, of_people, NEED_NOTICED, 1.0)
    alerted_s, assigned_s = or_never(log.job_alerted_s[job]), or_never(log.job_assigned_s[job])
    rolling_s, on_scene_s = or_never(log.job_rolling_s[job]), or_never(log.job_on_scene_s[job])
    available_s = or_never(log.job_available_s[job])
    leaves_s = min(or_never(log.job_leave_scene_s[job]), available_s)
    if alerted_s < inf:
        add(sums, of_people, ALERTED, 1.0)
        if assigned_s != alerted_s:
            add(sums, of_people, UNIT_WAITED, 1.0)
    if alerted_s < inf and assigned_s < inf:
        add(sums, of_people, ASSIGNED, 1.0)
        add(sums, of_people, UNIT_WAIT_SUM_S, assigned_s - alerted_s)
    if rolling_s < inf:
        add(sums, of_units, TRIPS, 1.0)
        unit = log.job_unit[job]
        if unit != NONE and place.unit_regency[unit] != regency:
            add(sums, of_units, AID_TRIPS, 1.0)
    if assigned_s < inf and rolling_s < inf:
        add(sums, of_units, TURNOUTS, 1.0)
        add(sums, of_units, TURNOUT_SUM_S, rolling_s - assigned_s)
    if rolling_s < inf and on_scene_s < inf:
        add(sums, of_units, TRAVELS, 1.0)
        add(sums, of_units, TRAVEL_SUM_S, on_scene_s - rolling_s)
    if on_scene_s < inf and leaves_s < inf:
        add(sums, of_units, ON_SCENES, 1.0)
        add(sums, of_units, ON_SCENE_SUM_S, leaves_s - on_scene_s)
    if assigned_s < inf and available_s < inf and log.job_outcome[job] == IS_SERVED:
        add(sums, of_units, JOBS_DONE, 1.0)
        add(sums, of_units, JOB_SUM_S, available_s - assigned_s)


def walk_units(place: Place, log: Happened, tally: Tally) -> None:
    """Sum the busy time of units within the reported time."""
    for job in range(len(log.job_need)):
        unit, assigned_s = log.job_unit[job], log.job_assigned_s[job]
        if unit == NONE or assigned_s != assigned_s:
            continue
        agency, regency = place.unit_agency[unit], place.unit_regency[unit]
        by_agency = place.agency_regency + agency * place.regencies + regency
        slots = place.province, place.regency + regency, place.agency + agency, by_agency
        until_s = min(or_never(log.job_available_s[job]), place.end_s)
        add(tally.sums, slots, UNIT_BUSY_S, clipped_s(place, assigned_s, until_s))
