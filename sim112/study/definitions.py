"""The measures, one record each: what it is called, what it means, and which two totals it is the ratio of.

Every measure is a ratio of two columns of totals, so that shares, means and yearly counts over several
replications are ratios of sums, not means of ratios. The columns are filled by ``desk_kpis`` and
``response_kpis``; the constant columns ``years``, ``weeks``, ``days`` and ``window_s`` are the length of the
reported time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "neither"]
Form = Literal["count", "share", "mean", "time", "exact"]
"""How chance works on a measure: a count of events; a share of counted things; a mean over counted things; a
ratio of times or of money; or exact, the same in every replication (no interval).
"""


@dataclass(frozen=True)
class Measure:
    """One measure: ``scale * numerator / denominator``, columns of ``Measures.totals``."""

    key: str
    unit: str
    label: str
    numerator: str
    denominator: str
    better: Better
    form: Form
    meaning: str
    scale: float = 1.0

    @property
    def is_rate_per_year(self) -> bool:
        return self.denominator == "years"


# fmt: off
CALL_MEASURES = (
    Measure(
        "offered", "calls/year", "calls offered",
        "offered", "years", "neither", "count",
        "Attempts that reach a desk, barred ones left out, whether or not they find a line.",
    ),
    Measure(
        "barred", "calls/year", "calls of barred numbers",
        "barred", "years", "neither", "count",
        "Attempts of a nuisance number while it is barred; they take no line and are not offered.",
    ),
    Measure(
        "blocked_share", "share", "blocked",
        "blocked", "offered", "lower", "share",
        "Offered calls that find no line, whatever the cause, of all offered.",
    ),
    Measure(
        "blocked_outage_share", "share", "blocked: platform down",
        "blocked_outage", "offered", "lower", "share",
        "Offered calls refused because the provider's platform is down, of all offered.",
    ),
    Measure(
        "blocked_platform_share", "share", "blocked: platform full",
        "blocked_platform", "offered", "lower", "share",
        "Offered calls refused because every channel of the platform is taken, of all offered.",
    ),
    Measure(
        "blocked_lines_share", "share", "blocked: lines busy",
        "blocked_lines", "offered", "lower", "share",
        "Offered calls refused because every line of the desk is taken, of all offered.",
    ),
    Measure(
        "hung_up_share", "share", "hung up in the announcement",
        "hung_up", "offered", "neither", "share",
        "Callers who hang up while the announcement plays, of all offered.",
    ),
    Measure(
        "abandoned_share", "share", "abandoned in the queue",
        "abandoned", "offered", "lower", "share",
        "Callers who hang up in the queue before a call-taker reaches for the call, of all offered.",
    ),
    Measure(
        "answered", "calls/year", "calls answered",
        "answered", "years", "neither", "count",
        "Calls answered and talked to the end at the desk they were meant for.",
    ),
    Measure(
        "transferred_share", "share", "passed on to another centre",
        "transferred", "offered", "lower", "share",
        "Calls answered by the wrong centre and passed on, of all offered there (only seen by desk).",
    ),
    Measure(
        "unfinished_share", "share", "still open at the end",
        "unfinished", "offered", "lower", "share",
        "Calls still waiting or talking when the simulation stops, of all offered.",
    ),
    Measure(
        "answered_within_share", "share", "answered within the target",
        "answered_within", "offered_stayed", "higher", "share",
        "Calls answered within targets.answered_within_s from the end of the announcement, of all "
        "offered but those who hung up during it, whose delay had not begun; blocked and abandoned count "
        "against.",
    ),
    Measure(
        "answer_delay_s", "s", "answer delay",
        "answer_delay_sum_s", "answers", "lower", "mean",
        "Answered minus end of the announcement (offered, where there is none), mean over answered calls.",
    ),
    Measure(
        "wait_s", "s", "wait in the queue",
        "wait_sum_s", "waits", "lower", "mean",
        "Time in the queue until a call-taker reaches for the call or the caller hangs up, mean over "
        "both.",
    ),
    Measure(
        "waited_share", "share", "had to wait",
        "waited", "waits", "lower", "share",
        "Calls that spent any time in the queue, of those answered or abandoned.",
    ),
    Measure(
        "found_nobody", "calls/year", "calls that found nobody free or no line",
        "found_nobody", "years", "lower", "count",
        "Attempts that were blocked, or had to wait because no call-taker was idle (answered later or "
        "not).",
    ),
    Measure(
        "redials", "calls/year", "redials",
        "redials", "years", "lower", "count",
        "Second and later attempts of one caller at the same number (112, or the agency's own).",
    ),
    Measure(
        "fallbacks", "calls/year", "gave up 112, dialled an agency",
        "fallbacks", "years", "lower", "count",
        "Callers who tried 112 first and then dialled an agency's own number.",
    ),
    Measure(
        "talk_s", "s", "talk",
        "talk_sum_s", "talks", "neither", "mean",
        "Answered to the end of the talk, mean over answered calls.",
    ),
    Measure(
        "handle_s", "s", "handle time",
        "handle_sum_s", "handles", "neither", "mean",
        "Answered until the call-taker is free: talk, after-call work, and the alerting where the call-"
        "taker does it.",
    ),
    Measure(
        "genuine_answered", "calls/year", "answered calls about an incident",
        "genuine_answered", "years", "higher", "count",
        "Answered calls of people who report an incident, later reports of it and what is arranged ahead "
        "(planned transports) included: what centres count.",
    ),
    Measure(
        "genuine_answered_112", "calls/year", "112 calls answered about an incident",
        "genuine_answered_112", "years", "higher", "count",
        "The same, answered by a 112 centre.",
    ),
    Measure(
        "genuine_found_nobody", "people/year",
        "people with news of an emergency who found nobody free or no line",
        "news_found_nobody", "years", "lower", "count",
        "People calling about an emergency of which no desk had yet picked up a call when they tried, who "
        "were blocked or had to wait because no call-taker was idle, at 112 or at an agency's own number; "
        "a person counts once however often they redial.",
    ),
    Measure(
        "genuine_found_nobody_share", "share",
        "people with news of an emergency who found nobody free or no line",
        "news_found_nobody", "people_with_news", "lower", "share",
        "The same, of the people who call about an emergency before any desk has picked up a call about "
        "it.",
    ),
)

DESK_MEASURES = (
    Measure(
        "occupancy", "share", "occupancy of call-takers",
        "call_taker_busy_s", "call_taker_signed_in_s", "neither", "time",
        "Time call-takers work on calls or tickets, of their signed-in time; signed in are those "
        "rostered, and those who run over their shift while they still work.",
    ),
    Measure(
        "dispatcher_occupancy", "share", "occupancy of dispatchers",
        "dispatcher_busy_s", "dispatcher_signed_in_s", "neither", "time",
        "Time dispatchers handle tickets, of their signed-in time.",
    ),
    Measure(
        "carried_erlang", "erlang", "call-takers busy on average",
        "call_taker_busy_s", "window_s", "neither", "time",
        "Mean number of call-takers at work.",
    ),
    Measure(
        "lines_held", "lines", "lines in use on average",
        "line_held_s", "window_s", "neither", "time",
        "Mean number of lines held, from the offer until the caller leaves.",
    ),
    Measure(
        "all_lines_busy_share", "share", "time with every line taken",
        "all_lines_busy_s", "line_window_s", "lower", "time",
        "Share of the time in which every line of the desk is held (desks with a limit of lines).",
    ),
    Measure(
        "overtime_hours", "h/week", "overtime",
        "overtime_s", "weeks", "lower", "time",
        "Person-hours a week that call-takers work beyond their roster to finish what they began.",
        scale=1 / 3600,
    ),
    Measure(
        "one_person_hours", "h/week", "hours with one person on duty, all centres",
        "one_person_s", "weeks", "neither", "exact",
        "Hours a week in which exactly one call-taker is rostered at an open 112 centre, summed over "
        "centres; every centre that opens may add to it, so that more is neither better nor worse.",
        scale=1 / 3600,
    ),
    Measure(
        "unattended_hours", "h/week", "open hours with nobody on duty, all centres",
        "unattended_s", "weeks", "lower", "exact",
        "Hours a week in which a 112 centre is open and nobody is rostered, summed over centres.",
        scale=1 / 3600,
    ),
    Measure(
        "open_share", "share", "time the centre is open",
        "open_s", "centre_window_s", "higher", "exact",
        "Share of the time in which a 112 centre is open, mean over centres.",
    ),
    Measure(
        "people_covered", "people", "people covered by a 112 centre",
        "people_covered_years", "years", "higher", "exact",
        "Inhabitants of regencies served by a 112 centre, weighted by the share of the time it is open.",
    ),
    Measure(
        "cost_per_year", "Rp/year", "cost of the centres",
        "cost_rp", "years", "lower", "exact",
        "Rent of the platforms, supervisors, and the people needed to fill the roster.",
    ),
    Measure(
        "cost_per_report", "Rp/report", "cost per emergency reported to 112",
        "cost_rp", "emergencies_reported_112", "lower", "mean",
        "Cost of the centres, divided by the emergencies reported to them, each once, at the centre that "
        "made its first ticket; undefined without centres.",
    ),
)

INCIDENT_MEASURES = (
    Measure(
        "incidents", "incidents/year", "incidents",
        "incidents", "years", "neither", "count",
        "Every emergency that happened, whether or not it needs a unit.",
    ),
    Measure(
        "incidents_needing_unit", "incidents/year", "incidents that need a unit",
        "needing", "years", "neither", "count",
        "Emergencies that need at least one agency; all measures below are about these.",
    ),
    Measure(
        "unreported", "incidents/year", "incidents unreported",
        "unreported", "years", "lower", "count",
        "Incidents nobody got through for: no desk made a ticket.",
    ),
    Measure(
        "unreported_share", "share", "incidents unreported",
        "unreported", "needing", "lower", "share",
        "The same, of the incidents that need a unit.",
    ),
    Measure(
        "unreported_a_day", "incidents/day", "incidents unreported",
        "unreported", "days", "lower", "count",
        "Incidents nobody got through for, a day.",
    ),
    Measure(
        "unserved", "incidents/year", "incidents no unit reached",
        "unserved", "years", "lower", "count",
        "Incidents that no needed unit had reached when the simulation stopped; unreported ones included.",
    ),
    Measure(
        "unserved_share", "share", "incidents no unit reached",
        "unserved", "needing", "lower", "share",
        "The same, of the incidents that need a unit.",
    ),
    Measure(
        "lost", "incidents/day", "incidents lost",
        "lost", "days", "lower", "count",
        "Incidents unreported, or not reached within targets.response_cap_s.",
    ),
    Measure(
        "lost_share", "share", "incidents lost",
        "lost", "needing", "lower", "share",
        "The same, of the incidents that need a unit.",
    ),
    Measure(
        "first_alert_capped_s", "s", "until the first needed agency is alerted",
        "first_alert_capped_sum_s", "needing", "lower", "mean",
        "First needed agency alerted minus noticed, at most the cap; never alerted counts as the cap "
        "(targets.alert_cap_s).",
    ),
    Measure(
        "alert_capped_s", "s", "until the last needed agency is alerted",
        "alert_capped_sum_s", "needing", "lower", "mean",
        "Last needed agency alerted minus noticed, at most the cap; never alerted counts as the cap "
        "(targets.alert_cap_s).",
    ),
    Measure(
        "life_alert_capped_s", "s", "life-threatening: until the last needed agency is alerted",
        "life_alert_capped_sum_s", "life", "lower", "mean",
        "The same for life-threatening kinds.",
    ),
    Measure(
        "fully_alerted_share", "share", "all needed agencies alerted",
        "fully_alerted", "needing", "higher", "share",
        "Incidents of which every needed agency was alerted before the simulation stopped.",
    ),
    Measure(
        "call_processing_s", "s", "call processing",
        "processing_sum_s", "processed", "lower", "mean",
        "First unit assigned minus answer of the first report, over incidents with a unit assigned.",
    ),
    Measure(
        "response_s", "s", "response, where reached",
        "response_sum_s", "reached", "lower", "mean",
        "First needed unit on scene minus noticed, over incidents reached; never to be read without the "
        "incidents not reached.",
    ),
    Measure(
        "response_capped_s", "s", "until the first needed unit is there",
        "response_capped_sum_s", "needing", "lower", "mean",
        "First needed unit on scene minus noticed, at most the cap; never reached counts as the cap "
        "(targets.response_cap_s).",
    ),
    Measure(
        "life_response_capped_s", "s", "life-threatening: until the first needed unit is there",
        "life_response_capped_sum_s", "life", "lower", "mean",
        "The same for life-threatening kinds.",
    ),
    Measure(
        "all_agencies_capped_s", "s", "until every needed agency is there",
        "all_agencies_capped_sum_s", "needing", "lower", "mean",
        "First unit of the last needed agency on scene minus noticed, at most the cap; never complete "
        "counts as the cap.",
    ),
    Measure(
        "reached_within_share", "share", "reached within the target",
        "reached_within", "needing", "higher", "share",
        "Incidents at which some needed agency is on scene within its own target from noticed "
        "(targets.response_target_s).",
    ),
    Measure(
        "all_reached_within_share", "share", "every needed agency within its target",
        "all_reached_within", "needing", "higher", "share",
        "Incidents at which every needed agency is on scene within its own target.",
    ),
    Measure(
        "life_reached_within_share", "share", "life-threatening incidents reached within the target",
        "life_reached_within", "life", "higher", "share",
        "Reached within the target, of incidents of life-threatening kinds.",
    ),
    Measure(
        "life_reached_within", "incidents/year", "life-threatening incidents reached within the target",
        "life_reached_within", "years", "higher", "count",
        "The same, as a count.",
    ),
)

AGENCY_MEASURES = (
    Measure(
        "agency_alert_capped_s", "s", "until the agency is alerted",
        "need_alert_capped_sum_s", "needs", "lower", "mean",
        "Agency alerted minus noticed, at most the cap, over incidents that need it.",
    ),
    Measure(
        "agency_response_capped_s", "s", "until the agency is there",
        "need_response_capped_sum_s", "needs", "lower", "mean",
        "Agency's first unit on scene minus noticed, at most the cap, over incidents that need it.",
    ),
    Measure(
        "agency_reached_within_share", "share", "agency there within its target",
        "need_reached_within", "needs", "higher", "share",
        "The agency is on scene within its own target, of incidents that need it.",
    ),
    Measure(
        "notice_share", "share", "told by another agency",
        "need_noticed", "needs", "lower", "share",
        "Agencies that hear of an incident from another agency, of all needed.",
    ),
    Measure(
        "unit_wait_s", "s", "wait for a unit",
        "unit_wait_sum_s", "assigned", "lower", "mean",
        "Unit assigned minus agency alerted, over jobs with a unit assigned.",
    ),
    Measure(
        "unit_waited_share", "share", "no unit available at the alert",
        "unit_waited", "alerted", "lower", "share",
        "Jobs that found no unit available when the agency was alerted, of all jobs.",
    ),
    Measure(
        "turnout_s", "s", "turnout",
        "turnout_sum_s", "turnouts", "lower", "mean",
        "Unit rolling minus assigned.",
    ),
    Measure(
        "travel_s", "s", "travel",
        "travel_sum_s", "travels", "lower", "mean",
        "Unit on scene minus rolling.",
    ),
    Measure(
        "on_scene_s", "s", "on scene",
        "on_scene_sum_s", "on_scenes", "neither", "mean",
        "Unit leaves the scene, or becomes available there, minus on scene.",
    ),
    Measure(
        "job_s", "s", "unit bound by one job",
        "job_sum_s", "jobs_done", "neither", "mean",
        "Unit available minus assigned, over jobs served.",
    ),
    Measure(
        "trips", "trips/year", "trips",
        "trips", "years", "neither", "count",
        "Units that started rolling to an incident.",
    ),
    Measure(
        "aid_trips", "trips/year", "trips of a neighbour's unit",
        "aid_trips", "years", "neither", "count",
        "Trips of a unit of another regency (mutual aid).",
    ),
    Measure(
        "coverage_share", "share", "nearest station within the target",
        "covered_people", "people_of_agency", "higher", "share",
        "People whose nearest station of the agency is within its target, by the travel-time table and "
        "without turnout; a mean over the reported time. Stations of their own regency, with mutual aid "
        "those of adjacent ones too.",
    ),
    Measure(
        "utilisation", "share", "utilisation of units",
        "unit_busy_s", "unit_staffed_s", "neither", "time",
        "Time units are assigned to a job until available again, of their staffed time.",
    ),
)
# fmt: on

MEASURES = CALL_MEASURES + DESK_MEASURES + INCIDENT_MEASURES + AGENCY_MEASURES
BY_KEY = {measure.key: measure for measure in MEASURES}

COLUMNS = tuple(dict.fromkeys(name for m in MEASURES for name in (m.numerator, m.denominator)))
"""The totals that are kept, each once."""

HOUR_MEASURES = (
    Measure(
        "offered_per_hour", "calls/h", "calls offered an hour",
        "offered", "hours", "neither", "count",
        "Attempts that reach a desk in an hour of the report, barred ones left out.",
    ),
    *(
        BY_KEY[key]
        for key in ("answered_within_share", "blocked_share", "abandoned_share", "waited_share", "wait_s")
    ),
)  # fmt: skip
"""What is kept hour by hour of the report, for 112 and for each agency's own numbers."""

HOUR_COLUMNS = tuple(dict.fromkeys(name for m in HOUR_MEASURES for name in (m.numerator, m.denominator)))
"""The totals that are kept by hour; ``hours`` is how long an hour was simulated and reported."""

SPANS = ("years", "weeks", "days", "window_s")
"""Columns that are the length of the reported time, kept everywhere."""

_OF_CALLS = ("province", "regency", "regency_112", "desk", "service", "kind", "hour")
_OF_DESKS = ("province", "regency_112", "desk", "service")
_OF_INCIDENTS = ("province", "regency", "kind", "hour")
_OF_NEEDS = ("province", "regency", "kind", "agency", "agency_regency")
_OF_UNITS = ("province", "regency", "agency", "agency_regency")


def _scopes_of_columns() -> dict[str, tuple[str, ...]]:
    groups = (
        (AGENCY_MEASURES, _OF_NEEDS),
        (INCIDENT_MEASURES, _OF_INCIDENTS),
        (DESK_MEASURES, _OF_DESKS),
        (CALL_MEASURES, _OF_CALLS),
    )
    kept: dict[str, tuple[str, ...]] = {
        name: scopes for group, scopes in groups for m in group for name in (m.numerator, m.denominator)
    }
    kept |= dict.fromkeys(("people_with_news", "news_found_nobody"), _OF_INCIDENTS)
    kept |= dict.fromkeys(("unit_busy_s", "unit_staffed_s"), _OF_UNITS)
    of_agencies: tuple[str, ...] = ("agency", "agency_regency")
    kept |= dict.fromkeys(("covered_people", "people_of_agency"), of_agencies)
    return kept | {"people_covered_years": ("province", "regency")}


SCOPES_OF = {name: scopes for name, scopes in _scopes_of_columns().items() if name not in SPANS}
"""In which scopes each column is kept."""

QUANTITIES = {
    "answer_delay_s": "answer_delay_s",
    "wait_s": "wait_s",
    "alert_s": "alert_capped_s",
    "response_s": "response_capped_s",
    "all_agencies_s": "all_agencies_capped_s",
}
"""What quantiles are kept of, each with the measure that is the mean over the same incidents or calls; what
never came counts as the cap.
"""

CURVES = ("agency_response_s", "alert_by_report_s")
"""Durations that are counted for their distribution alone, over emergencies, each by members of its own: the
response of each agency, in the order of agencies, and the alert of the last needed agency, by ``REPORTS``.
"""

REPORTS = ("112", "own number")
"""How an incident became known: to a 112 centre, or to agencies' own numbers alone."""

MOST_LINES = 32
"""Lines held at once at a desk that are told apart; more count as so many."""
