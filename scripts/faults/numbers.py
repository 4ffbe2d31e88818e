"""Faults of what goes into a simulation and of what is made of it: drawing, measuring, intervals."""

from __future__ import annotations

from faults.fault import fault

STREAMS, DIALS, CALLS, INCIDENTS, CALLERS = (
    f"sim112/demand/{name}.py" for name in ("streams", "dials", "calls", "incidents", "callers")
)
WALK, CALL_SUMS, DESK_SUMS, INCIDENT_SUMS, STATISTICS = (
    f"sim112/study/{name}.py"
    for name in ("walk_sums", "call_sums", "desk_sums", "incident_sums", "statistics")
)

DRAWING = (
    fault(
        "profile_an_hour_early",
        "the profile of the day is an hour early",
        "drawing",
        (STREAMS, "values[hour % values.size]", "values[(hour + 1) % values.size]"),
        cases="day",
    ),
    fault(
        "shared_factor_not_shared",
        "the part of the day factor that the province shares is drawn for each regency",
        "drawing",
        (STREAMS, '("shared", places.code // 100,', '("shared", places.code,'),
        cases="day_factor",
    ),
    fault(
        "days_too_alike",
        "the spread of good and bad days is the square of what is told",
        "drawing",
        (STREAMS, "gamma_quantile(cv, uniform", "gamma_quantile(cv * cv, uniform"),
        cases="day_factor day_factor_lost",
    ),
    fault(
        "surge_comes_on_top",
        "a surge of factor 3 brings three times as much on top",
        "drawing",
        (STREAMS, "inside * (factor - 1)", "inside * factor"),
    ),
    fault(
        "patience_drawn_once",
        "patience is drawn once for a caller, not afresh for each attempt",
        "drawing",
        (
            DIALS,
            '_each_number("patience", number), trial)',
            '_each_number("patience", number), 0 * trial)',
        ),
        cases="redial_both",
    ),
    fault(
        "noticed_by_each",
        "the first caller, too, calls some time after the incident is noticed",
        "drawing",
        (
            CALLERS,
            "    later = np.flatnonzero(ordinal)\n",
            "    later = np.arange(ordinal.size)\n",
        ),
    ),
    fault(
        "everybody_transports",
        "agencies other than the ambulance take patients to hospital",
        "drawing",
        (
            INCIDENTS,
            'np.flatnonzero(agency == AGENCIES.index("ambulance"))',
            "np.arange(agency.size)",
        ),
    ),
    fault(
        "short_talk_not_short",
        "a short talk is no shorter than the full one",
        "drawing",
        (
            CALLS,
            "short_talk_s[genuine] = np.minimum(short_s, talk_s[genuine])",
            "short_talk_s[genuine] = np.maximum(short_s, talk_s[genuine])",
        ),
        cases="further_callers",
    ),
    fault(
        "nobody_calls_after_report",
        "arrivals end with the report, not with the cool-down",
        "drawing",
        (
            STREAMS,
            "end_s = clock.warm_up_s + clock.report_s + clock.cool_down_s",
            "end_s = clock.warm_up_s + clock.report_s",
        ),
    ),
)

MEASURING = (
    fault(
        "redial_a_new_caller",
        "a redial counts as a new caller among people with news",
        "measuring",
        (CALL_SUMS, "        notes.had_news[caller] = True\n", ""),
        (CALL_SUMS, "        notes.found_nobody[caller] = True\n", ""),
    ),
    fault(
        "barred_is_offered",
        "a barred attempt counts as offered",
        "measuring",
        (
            CALL_SUMS,
            "    if outcome != IS_BARRED:\n        add(sums, slots, OFFERED",
            "    if True:\n        add(sums, slots, OFFERED",
        ),
    ),
    fault(
        "warm_up_counted",
        "what begins in the warm-up counts",
        "measuring",
        (WALK, "return place.report_from_s <= time_s", "return 0.0 <= time_s"),
        cases="mm1",
    ),
    fault(
        "redial_by_its_own_time",
        "an attempt belongs to the report by its own time, not by its caller's first attempt",
        "measuring",
        (
            CALL_SUMS,
            "if not is_reported(place, calls.caller_start_s[caller]):",
            "if not is_reported(place, log.call_offered_s[row]):",
        ),
    ),
    fault(
        "abandoned_forgiven",
        "abandoned calls do not count against the service level",
        "measuring",
        (
            CALL_SUMS,
            "        if outcome != IS_HUNG_UP:\n            add(",
            "        if outcome != IS_HUNG_UP and outcome != IS_ABANDONED:\n            add(",
        ),
        cases="mm10_impatient",
    ),
    fault(
        "delay_from_offer",
        "the answer delay runs through the announcement",
        "measuring",
        (CALL_SUMS, "delay_s = answered_s - queued_s", "delay_s = answered_s - log.call_offered_s[row]"),
    ),
    fault(
        "unreported_left_out",
        "an incident nobody got through for is no incident",
        "measuring",
        (
            INCIDENT_SUMS,
            "        if needs_some_agency(calls, incident):",
            "        if notes.answered_s[incident] < inf and needs_some_agency(calls, incident):",
        ),
    ),
    fault(
        "response_from_alert",
        "the response time starts when the agency is alerted, not when the incident is noticed",
        "measuring",
        (
            INCIDENT_SUMS,
            "arrival_s = or_never(log.job_on_scene_s[job]) - noticed_s",
            "arrival_s = or_never(log.job_on_scene_s[job]) - log.job_alerted_s[job]",
        ),
    ),
    fault(
        "first_agency_is_all",
        "all agencies are alerted when the first one is",
        "measuring",
        (INCIDENT_SUMS, "alert_capped_s = min(last_alert_s,", "alert_capped_s = min(first_alert_s,"),
    ),
    fault(
        "overtime_not_signed_in",
        "people who run over are not signed in, so that occupancy may exceed 1",
        "measuring",
        (
            DESK_SUMS,
            "                add(sums, slots, CALL_TAKER_SIGNED_IN_S, beyond_s)"
            "  # the rostered are signed in already\n",
            "",
        ),
    ),
    fault(
        "day_begins_at_start",
        "the hour of the day counts from the scenario's start, not by the local clock",
        "measuring",
        (WALK, "int(time_s + place.start_of_week_s) // 3600", "int(time_s) // 3600"),
        cases="day",
    ),
    fault(
        "busy_time_unclipped",
        "the busy time of units counts outside the report too",
        "measuring",
        (INCIDENT_SUMS, "clipped_s(place, assigned_s, until_s)", "until_s - assigned_s"),
    ),
)

INTERVALS = (
    fault(
        "mean_of_ratios",
        "a ratio over replications is the mean of their ratios, not the ratio of totals",
        "intervals",
        (
            STATISTICS,
            "    ratio = np.asarray(numerator, np.float64).sum(axis=0) / np.where(sums > 0, sums, np.nan)\n",
            "    ratio = (numerator / np.where(denominator > 0, denominator, np.nan)).mean(axis=0)\n",
        ),
    ),
    fault(
        "weights_forgotten",
        "busy replications weigh no more than quiet ones in the interval of a ratio",
        "intervals",
        (
            STATISTICS,
            "residual * (number - 1) / np.where(alone, 1.0, rest))",
            "residual / np.where(denominator > 0, denominator, np.inf))",
        ),
    ),
    fault(
        "error_of_n",
        "the standard error divides by n where n - 1 belongs",
        "intervals",
        (STATISTICS, "error = np.sqrt(variance / (number - 1))", "error = np.sqrt(variance / number)"),
    ),
    fault(
        "unpaired",
        "scenarios are compared as if they had not faced the same draws",
        "intervals",
        (
            STATISTICS,
            "    pairs = second - first\n",
            "    pairs = second[::-1] - first\n",
        ),
    ),
    fault(
        "zero_is_certain",
        "no events in N print an interval of [0, 0]",
        "intervals",
        (
            STATISTICS,
            "special.gammaincinv(events + 1, 1 - tail), 3.0)",
            "special.gammaincinv(events + 1, 1 - tail), 0.0)",
        ),
    ),
    fault(
        "family_forgotten",
        "every verdict of the headline is tested as if it were the only one",
        "intervals",
        (STATISTICS, "np.arange(len(order), 0, -1)", "np.ones(len(order))"),
    ),
)
