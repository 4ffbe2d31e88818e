"""Every word on a figure but names: of scenarios, regencies, desks, kinds, and of the headline measures."""

from __future__ import annotations

WORDS = {
    # on every page
    "scenarios": "Scenarios: {names}.",
    "scenario": "Scenario: {names}.",
    "span": "{replications} replications of {days:.3g} simulated {unit}, seed {seed}.",
    "span_one": "One replication of {days:.3g} simulated {unit}, seed {seed}: no intervals.",
    "day": "day",
    "days": "days",
    "chance": "Intervals (95 %) cover chance, not assumptions.",
    "simulated": "Simulated with sim112.",
    "kota": "Kota {name}",
    "kabupaten": "Kab. {name}",
    # by place
    "difference": (
        "All needed agencies know clearly sooner in {sooner} of {number} regencies with {scenario}"
    ),
    "difference_later": ", later in {later}",
    "difference_plain": "Until the last needed agency knows: the difference by regency",
    "difference_subtitle": (
        "Minutes from the first caller's decision to call until the last needed agency is alerted, mean by "
        "regency, less the mean in {first}."
    ),
    "difference_axis": "minutes, {scenario} less {first}",
    "difference_notes": (
        "Clear: at 5 % over all regencies, scenarios and tested measures together (Holm). An agency never "
        "alerted counts as {cap:g} minutes. Left of zero is sooner."
    ),
    "clear": "clear",
    "same": "no change",
    "unclear": "chance may explain it",
    "few": "too few (under 30 events)",
    "levels": "How each regency is served",
    "levels_subtitle": (
        "Mean, and shares, by regency; sorted by the minutes until the last needed agency is alerted in "
        "{first}."
    ),
    "levels_notes": (
        "Within target: one needed agency is on scene within its own time from the decision to call. "
        "Answered in time: within {answer:g} s, at 112 and agencies' own numbers together. Not drawn: under"
        " 30 events."
    ),
    "alert_capped_s": "last needed agency alerted",
    "reached_within_share": "reached within target",
    "answered_within_share": "calls answered in time",
    "minutes": "minutes",
    "percent": "%",
    "map_alert_capped_s": "Where it takes long until all needed agencies know",
    "map_reached_within_share": "Where incidents are reached within the target",
    "map_subtitle": "{label}, by regency. Boxed number: 112 is answered there.",
    "map_notes": (
        "Schematic map: each area is what lies nearest to the centre of a district, not an official border."
        " Hatched: under 30 incidents."
    ),
    "map_label_alert_capped_s": "Minutes until the last needed agency is alerted, mean",
    "map_label_reached_within_share": (
        "% of incidents at which a needed agency is on scene within its target"
    ),
    "map_unit_alert_capped_s": "minutes (bright is better)",
    "map_unit_reached_within_share": "% of incidents (bright is better)",
    "map_few": "under 30 incidents",
    "scale": "{km:g} km",
    "coverage": "Who lives within reach of the nearest station",
    "coverage_subtitle": (
        "% of people whose nearest station of the agency is within its target ({targets} min), by the "
        "travel-time table and without turnout."
    ),
    "coverage_notes": (
        "It follows from stations and roads alone, not from chance or from 112{same}. Sorted by the mean of"
        " the agencies."
    ),
    "coverage_same": ", and is the same in every scenario shown",
    "coverage_first": "; shown for {first}",
    "coverage_axis": "% of people",
    # by measure and time
    "headline": "The headline: what changes against {first}",
    "headline_subtitle": (
        "Each with its interval. Filled: clear against {first} over this whole page (Holm); open: chance "
        "may explain the difference, or it was not tested."
    ),
    "headline_notes": (
        "Few and many dial 112: the same scenarios at the low and high end of how many dial 112, which is a"
        " guess; their differences are from {first} at the same end."
    ),
    "low": "{scenario}, few dial 112",
    "high": "{scenario}, many dial 112",
    "undefined": "undefined",
    "not_run": "not run",
    "kinds": "How soon the first needed unit is there, by kind of incident",
    "kinds_subtitle": (
        "Share of incidents at which a needed unit is on scene within the minutes since the first caller's "
        "decision to call."
    ),
    "kinds_notes": (
        "Incidents never reached never enter the curve, so it may end under 100 %; it is drawn to {most:g} "
        "minutes. Upright lines: targets of the agencies that at least half of these incidents need."
    ),
    "kinds_axis": "minutes",
    "kinds_y": "% of incidents",
    "agencies": "When each agency knows and is there, against its target",
    "agencies_subtitle": (
        "By agency, over the incidents that need it, from the first caller's decision to call."
    ),
    "agencies_notes": (
        "Never alerted counts as {alert:g} minutes, never there as {response:g} minutes. Upright stroke: "
        "the agency's target."
    ),
    "agency_alert_capped_s": "alerted, mean",
    "agency_response_capped_s": "on scene, mean",
    "agency_reached_within_share": "on scene within target",
    "target": "target of the agency",
    "hours": "When calls come, and how soon they are answered",
    "hours_subtitle": "By hour of the local clock (left), and by the number that was dialled (right).",
    "hours_notes": (
        "The hours count 112 and agencies' own numbers together. Answer delay: from the end of the "
        "announcement, mean over answered calls; whoever was blocked or hung up is not in it. Answered in "
        "time: within {answer:g} s, of all offered; hanging up while the announcement plays counts against."
    ),
    "hour_offered": "calls offered an hour, all numbers",
    "hour_answer_delay_s": "answer delay, all numbers, seconds",
    "hour_axis": "hour of day",
    "service_answer_delay_s": "answer delay, seconds",
    "service_answered_within_share": "answered in time, %",
    "service_112": "112",
    "service_own": "{agency}, own number",
    "lines": "Whose lines are most often all taken",
    "lines_subtitle": (
        "Up to {number} centres of 112 and {number} of the agencies' own numbers: those that come first in "
        "any scenario, of {of} desks that have calls."
    ),
    "lines_notes": (
        "A line is held from the offer until the caller leaves. A desk that a scenario does not have has no"
        " dot."
    ),
    "all_lines_busy_share": "all lines taken",
    "lines_held": "lines held, mean",
    "lines_unit": "lines",
    "time_unit": "% of time",
    "occupancy": "call-takers busy",
}
