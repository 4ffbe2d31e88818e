"""Measures hour by hour of the reported time, for 112 and for each agency's own numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sim112.config.clock import Clock
from sim112.study.comparison import Estimate, Runs, estimate_ratio
from sim112.study.definitions import HOUR_COLUMNS, HOUR_MEASURES, Measure
from sim112.study.kpis import HOURS_OF_WEEK, Measures
from sim112.study.store import named


def estimate_by_hour(measure: Measure, runs: Sequence[Measures]) -> Estimate:
    """One of ``HOUR_MEASURES`` of one scenario, by service and hour of the report.

    The arrays of the interval are [services, hours]; services are the members of the scope of that name.
    """
    at = [HOUR_COLUMNS.index(column) for column in (measure.numerator, measure.denominator)]
    numerator, denominator = (np.stack([run.by_hour[column] for run in runs]) for column in at)
    return estimate_ratio(measure, numerator, denominator)


def hour_columns(runs: Runs, clocks: Mapping[str, Clock]) -> dict[str, object]:
    """The measures of every hour as columns of one table, a row by scenario, service, hour and measure.

    ``hour`` counts from the start of the report, ``hour_of_week`` is where it begins on the local clock, in
    hours after Monday 00:00. ``clocks`` are those of the scenarios. Rows without a value are left out.
    """
    parts = []
    services: tuple[str, ...] = next(iter(runs.values()))[0].members("service")
    for scenario, (name, measures) in enumerate(runs.items()):
        clock = clocks[name]
        begins_h = (clock.start_of_week_s + clock.report_from_s) / 3600
        for number, measure in enumerate(HOUR_MEASURES):
            found = estimate_by_hour(measure, measures).interval
            service, hour = np.nonzero(np.isfinite(found.value))
            bounds = (part[service, hour] for part in (found.value, found.low, found.high))
            of_week = (begins_h + hour) % HOURS_OF_WEEK
            same = (np.full(len(hour), part) for part in (scenario, number))
            parts.append((*same, service, hour, of_week, *bounds))
    scenario_at, measure_at, service_at, hour, of_week, value, low, high = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    units = list(dict.fromkeys(measure.unit for measure in HOUR_MEASURES))
    unit_at = np.array([units.index(measure.unit) for measure in HOUR_MEASURES])[measure_at]
    return {
        "scenario": named(list(runs), scenario_at),
        "service": named(services, service_at),
        "hour": hour,
        "hour_of_week": of_week,
        "measure": named([measure.key for measure in HOUR_MEASURES], measure_at),
        "unit": named(units, unit_at),
        "value": value,
        "low": low,
        "high": high,
    }
