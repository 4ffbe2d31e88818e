"""Comparing scenarios that faced the same draws: what differs from the first one, and which differences are
clear.

At most eight headline measures are tested, as one family (Holm), the rows of regencies as a second;
everything else is shown with intervals only. Verdicts speak of chance. How far they hang on assumptions is
told by ``rank_assumptions``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from sim112.config.targets import Targets
from sim112.study import statistics
from sim112.study.definitions import BY_KEY, MEASURES, QUANTITIES, Measure
from sim112.study.kpis import Measures, all_totals, totals_by_replication
from sim112.study.statistics import Difference, Floats, Interval
from sim112.study.totals import MIDDLE_S, column_at

Runs = Mapping[str, Sequence[Measures]]
"""Scenario name -> the measures of each of its replications, in the same order of replications everywhere."""

Verdict = Literal[
    "baseline", "better", "worse", "not clear", "same", "too few", "one replication", "undefined", ""
]

HEADLINE = (
    "people_covered",
    "alert_capped_s",
    "life_reached_within_share",
    "unreported",
    "genuine_found_nobody",
    "one_person_hours",
    "cost_per_report",
)
"""The measures of the first screen. With ``STRESS`` from a run under stress they are eight."""

QUEUE_HEADLINE = (
    *("blocked_share", "abandoned_share", "waited_share", "wait_s", "occupancy"),
    *("unit_wait_s", "unit_waited_share", "utilisation", "unserved_share"),
)
"""The measures by which small worlds, textbook queues, are compared."""

STRESS = "unreported_a_day"
"""The measure of the worst day: units are overwhelmed then in every scenario, and the telephone shows in
what is never reported.
"""

REGENCY_FAMILY = ("alert_capped_s", "life_reached_within_share", "unreported")

STEADY = (
    "answer_delay_s",
    "turnout_s",
    "travel_s",
    "response_capped_s",
    "utilisation",
    "talk_s",
    "waited_share",
)
"""Measures looked at for what did not change, beside the headline."""

UNCHANGED_SHARE = 0.05
"""A difference that surely stays within this share of the first scenario's value counts as no change."""

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Row:
    """One measure of one scenario, for one member of a scope, and how it differs from the first scenario.

    Bounds are NaN where there is no interval (exact measures, one replication). ``events`` is how many things
    the measure rests on in all replications: for counts the events, for shares and means what is counted.
    """

    measure: str
    unit: str
    label: str
    better: str
    scope: str
    member: str
    scenario: str
    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    p_value: float
    p_holm: float
    verdict: Verdict
    variance_reduction: float
    events: float
    is_few: bool
    is_exact: bool


@dataclass(frozen=True)
class Comparison:
    """What differs between scenarios; the first is the baseline."""

    scenarios: tuple[str, ...]
    replications: int
    window_days: float
    targets: Targets
    headline: tuple[Row, ...]
    regencies: tuple[Row, ...]
    unchanged: tuple[
        tuple[str, float], ...
    ]  # measures (with the first scenario's value) that surely hardly moved
    spreads: tuple[Row, ...]  # between the best- and the worst-served regency
    variance_reduction: float  # median over the headline, NaN where nothing tells

    def row(self, measure: str, scenario: str) -> Row:
        """The headline row of a measure in a scenario. Raises KeyError."""
        for row in self.headline:
            if row.measure == measure and row.scenario == scenario:
                return row
        raise KeyError(f"{measure} of {scenario}")


# ---- estimates ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Estimate:
    """A measure for every member of a scope: its interval, what it rests on, and each replication's
    linearised value.
    """

    interval: Interval
    linearised: Floats  # [replications, members]
    events: Floats  # [members]


def estimate(key: str, runs: Sequence[Measures], scope: str = "province") -> Estimate:
    """Estimate a measure from the replications of one scenario.

    Rare counts and shares get exact intervals, zero events an upper bound; everything else Student-t over
    replications, corrected for skewness.
    """
    measure = BY_KEY[key]
    numerator = totals_by_replication(runs, measure.numerator, scope)
    denominator = totals_by_replication(runs, measure.denominator, scope)
    return estimate_ratio(measure, numerator, denominator)


def estimate_ratio(measure: Measure, numerator: Floats, denominator: Floats) -> Estimate:
    """The same from the two totals of a measure, [replications, ...]."""
    linearised = statistics.linearised_ratio(numerator, denominator)
    plain = statistics.mean_interval(linearised)
    linearised = measure.scale * linearised
    total, whole = numerator.sum(axis=0), denominator.sum(axis=0)
    ratio = total / np.where(whole > 0, whole, np.nan)
    interval = Interval(*(measure.scale * part for part in (ratio, plain.low, plain.high)))
    events = np.full(total.shape, np.inf)
    if measure.form == "exact":
        interval = Interval(interval.value, interval.value, interval.value)
    elif measure.form == "count":
        events = total
        dispersed = statistics.dispersion(numerator, denominator)
        few = statistics.count_interval(total, whole, dispersed=dispersed)
        interval = _prefer(few, interval, total, len(numerator))
    elif measure.form == "share":
        events = whole
        dispersed = statistics.dispersion(numerator, denominator, of_share=True)
        few = statistics.share_interval(total, whole, dispersed=dispersed)
        interval = _prefer(few, interval, np.minimum(total, whole - total), len(numerator))
    elif measure.form == "mean":
        events = whole
    interval = _possible(interval, measure.scale if measure.unit == "share" else np.inf)
    return Estimate(interval, linearised, np.where(np.isnan(total), 0.0, events))


def _possible(interval: Interval, most: float) -> Interval:
    """An interval without what no measure can be: less than nothing, or a share over 1."""
    high = np.maximum(np.minimum(interval.high, most), interval.value)  # it may be 1 and a rounding error
    return Interval(interval.value, np.maximum(interval.low, 0.0), high)


def _prefer(rare: Interval, plain: Interval, events: Floats, replications: int) -> Interval:
    """The exact interval where events are few; for a single replication only where there were none."""
    use = (events == 0) | (statistics.is_few(events) & (replications > 1))
    return Interval(plain.value, np.where(use, rare.low, plain.low), np.where(use, rare.high, plain.high))


def estimate_quantile(
    quantity: str, share: float, runs: Sequence[Measures], scope: str = "province"
) -> Estimate:
    """Estimate a quantile of a duration (``definitions.QUANTITIES``), pooled over the replications of one
    scenario.
    """
    cells = [run.histograms[quantity].cells(run.scopes.slots(scope)) for run in runs]
    found = statistics.pooled_quantile(cells, len(runs[0].members(scope)), MIDDLE_S, share)
    return Estimate(Interval(found.value, found.low, found.high), found.linearised, found.durations)


def estimate_spread(key: str, runs: Sequence[Measures]) -> tuple[Estimate, tuple[str, str]]:
    """How far the worst-served regency is from the best-served one, and which they are (best, worst).

    Both are picked from all replications together, so the spread is a little too wide where regencies differ
    by chance only.
    """
    of_regencies = estimate(key, runs, "regency")
    value = np.where(of_regencies.events >= statistics.FEW, of_regencies.interval.value, np.nan)
    if np.isnan(value).all():
        nothing = np.full(1, np.nan)
        linearised = np.full((len(runs), 1), np.nan)
        return Estimate(Interval(nothing, nothing, nothing), linearised, np.zeros(1)), ("", "")
    least, most = int(np.nanargmin(value)), int(np.nanargmax(value))
    best, worst = (least, most) if BY_KEY[key].better == "lower" else (most, least)
    linearised = np.abs(of_regencies.linearised[:, [worst]] - of_regencies.linearised[:, [best]])
    interval = statistics.mean_interval(linearised)
    names = runs[0].members("regency")
    events = of_regencies.events[[best, worst]].min(keepdims=True)
    return Estimate(interval, linearised, events), (names[best], names[worst])


# ---- comparing ---------------------------------------------------------------------------------------------


def compare(runs: Runs, stress: Runs | None = None, headline_keys: Sequence[str] = HEADLINE) -> Comparison:
    """Compare scenarios with the first one.

    ``stress`` are the same scenarios on the worst day (a flood); from it comes what is never reported. Every
    scenario needs the same replications, drawn alike. Raises ValueError where they differ in number.
    """
    names = tuple(runs)
    first = runs[names[0]]
    families = [(key, runs) for key in headline_keys] + ([] if stress is None else [(STRESS, stress)])
    headline = _with_verdicts([row for key, source in families for row in measure_rows(key, source)])
    regencies = _with_verdicts([row for key in REGENCY_FAMILY for row in measure_rows(key, runs, "regency")])
    reductions = [row.variance_reduction for row in headline if np.isfinite(row.variance_reduction)]
    return Comparison(
        scenarios=names,
        replications=len(first),
        window_days=float(first[0].total("days", "province")[0]) / first[0].replications,
        targets=first[0].targets,
        headline=tuple(headline),
        regencies=tuple(regencies),
        unchanged=unchanged_measures(headline, {key: measure_rows(key, runs) for key in STEADY}),
        spreads=tuple(_spread_rows("response_capped_s", runs)),
        variance_reduction=float(np.median(reductions)) if reductions else float("nan"),
    )


def measure_rows(key: str, runs: Runs, scope: str = "province") -> list[Row]:
    """A measure of every scenario and every member of a scope, with differences from the first scenario,
    untested.
    """
    estimates = {name: estimate(key, measures, scope) for name, measures in runs.items()}
    return rows_of_estimates(BY_KEY[key], estimates, scope, _members(runs, scope))


def quantile_rows(quantity: str, share: float, runs: Runs, scope: str = "province") -> list[Row]:
    """The same for a quantile, such as the 90th percentile (0.9) of ``response_s``."""
    estimates = {name: estimate_quantile(quantity, share, measures, scope) for name, measures in runs.items()}
    named = f"p{100 * share:g}"
    base = BY_KEY[QUANTITIES[quantity]]
    measure = replace(
        base, key=f"{quantity.removesuffix('_s')}_{named}_s", form="mean", label=f"{base.label}, {named}"
    )
    return rows_of_estimates(measure, estimates, scope, _members(runs, scope))


def _members(runs: Runs, scope: str) -> dict[str, tuple[str, ...]]:
    return {name: measures[0].members(scope) for name, measures in runs.items()}


def all_rows(runs: Runs, scopes: Sequence[str] = ("province",)) -> list[Row]:
    """Every measure and the quantiles p50 and p90 that a scope knows: long and tidy, intervals only."""
    rows: list[Row] = []
    totals = {name: all_totals(measures, scopes) for name, measures in runs.items()}
    for scope in scopes:
        members = _members(runs, scope)
        for measure in MEASURES:
            above, below = column_at(measure.numerator), column_at(measure.denominator)
            estimates = {
                name: estimate_ratio(measure, of_name[scope][above], of_name[scope][below])
                for name, of_name in totals.items()
            }
            rows += rows_of_estimates(measure, estimates, scope, members)
        for quantity in QUANTITIES:
            for share in (0.5, 0.9):
                rows += quantile_rows(quantity, share, runs, scope)
    return [row for row in rows if np.isfinite(row.value)]


def rows_of_estimates(
    measure: Measure, estimates: Mapping[str, Estimate], scope: str, members: Mapping[str, tuple[str, ...]]
) -> list[Row]:
    """Rows of a measure from its estimates by scenario, with differences from the first one, untested."""
    names = list(estimates)
    rows: list[Row] = []
    for name in names:
        this = estimates[name]
        base = _lined_up(estimates[names[0]], members[names[0]], members[name])
        difference = _difference(measure, base, this)
        # the difference of two counts rests on the events of both; of two means or shares on the thinner one
        if name == names[0]:
            events = this.events
        elif measure.form == "count":
            events = base.events + this.events
        else:
            events = np.minimum(base.events, this.events)
        is_few = statistics.is_few(events)
        for at, member in enumerate(members[name]):
            row = Row(
                measure=measure.key,
                unit=measure.unit,
                label=measure.label,
                better=measure.better,
                scope=scope,
                member=member,
                scenario=name,
                value=float(this.interval.value[at]),
                low=float(this.interval.low[at]),
                high=float(this.interval.high[at]),
                difference=float(difference.value[at]),
                difference_low=float(difference.low[at]),
                difference_high=float(difference.high[at]),
                p_value=float(difference.p_value[at]),
                p_holm=float("nan"),
                verdict="baseline" if name == names[0] else "",
                variance_reduction=float(difference.variance_reduction[at]),
                events=float(this.events[at]),
                is_few=bool(is_few[at]),
                is_exact=measure.form == "exact",
            )
            rows.append(row)
    return rows


def _lined_up(base: Estimate, its: tuple[str, ...], others: tuple[str, ...]) -> Estimate:
    """The baseline's estimate for the members of another scenario; undefined where it has none (another
    desk).
    """
    if its == others:
        return base
    place = {member: at for at, member in enumerate(its)}
    take = np.array([place.get(member, len(its)) for member in others], np.int64)

    def pick(part: Floats, missing: float = np.nan) -> Floats:
        return np.append(part, np.full((*part.shape[:-1], 1), missing), axis=-1)[..., take]

    interval = Interval(pick(base.interval.value), pick(base.interval.low), pick(base.interval.high))
    return Estimate(interval, pick(base.linearised), pick(base.events, 0.0))


def _difference(measure: Measure, base: Estimate, this: Estimate) -> Difference:
    value = this.interval.value - base.interval.value
    nothing = np.full(value.shape, np.nan)
    if measure.form == "exact":
        return Difference(value, value, value, nothing, nothing)
    if this is base:
        return Difference(value, value, value, nothing, nothing)
    difference = statistics.paired_difference(base.linearised, this.linearised)
    return Difference(
        value, difference.low, difference.high, difference.p_value, difference.variance_reduction
    )


def _with_verdicts(rows: Sequence[Row]) -> list[Row]:
    """Judge the rows of one family of tests."""
    tested = [not (row.is_exact or row.is_few or row.verdict == "baseline") for row in rows]
    p_values = np.array([row.p_value if test else np.nan for row, test in zip(rows, tested, strict=True)])
    adjusted = statistics.holm(p_values)
    return [
        replace(row, p_holm=float(p), verdict=_verdict(row, float(p)))
        for row, p in zip(rows, adjusted, strict=True)
    ]


def _verdict(row: Row, p_holm: float) -> Verdict:
    if row.verdict == "baseline":
        return "baseline"
    if not np.isfinite(row.difference):
        return "undefined"
    if row.is_exact:
        clear = abs(row.difference) > 1e-9 * max(abs(row.value), 1.0)
        return _direction(row) if clear else "same"
    if row.better == "neither":
        return ""
    if row.is_few:
        return "too few"
    if np.isnan(row.p_value):
        return "one replication"
    if row.difference == 0 and row.difference_low == row.difference_high:
        return "same"
    return _direction(row) if p_holm < SIGNIFICANCE else "not clear"


def _direction(row: Row) -> Verdict:
    """Which way a clear difference goes; no word where more is neither better nor worse."""
    if row.better == "neither":
        return ""
    improves = row.difference > 0 if row.better == "higher" else row.difference < 0
    return "better" if improves else "worse"


def unchanged_measures(
    headline: Sequence[Row], steady: Mapping[str, Sequence[Row]]
) -> tuple[tuple[str, float], ...]:
    """Measures of which every difference, with its interval, is small; with the first one's value.

    Looked at are the headline and the rows of ``STEADY``, by measure. A measure with a clear verdict is not
    among them, however small the difference.
    """
    by_key: dict[str, list[Row]] = {}
    for row in headline:
        if row.measure != STRESS and not row.is_exact:
            by_key.setdefault(row.measure, []).append(row)
    by_key |= {key: list(rows) for key, rows in steady.items()}
    kept = []
    for key, rows in by_key.items():
        bound = UNCHANGED_SHARE * abs(rows[0].value)
        reach = [
            np.nanmax(np.abs([row.difference, row.difference_low, row.difference_high]))
            for row in rows[1:]
            if np.isfinite(row.difference)
        ]
        is_clear = any(row.verdict in ("better", "worse") for row in rows)
        small = len(reach) == len(rows) - 1 and reach and max(reach) <= bound
        if small and not is_clear and not rows[0].is_few:
            kept.append((key, rows[0].value))
    return tuple(kept)


def _spread_rows(key: str, runs: Runs) -> list[Row]:
    measure = replace(BY_KEY[key], label=f"{BY_KEY[key].label}: worst less best regency")
    rows = []
    for name, measures in runs.items():
        spread, (best, worst) = estimate_spread(key, measures)
        row = rows_of_estimates(measure, {name: spread}, "regency", {name: (f"{best} - {worst}",)})[0]
        rows.append(replace(row, verdict=""))
    return rows


def rows_of(comparison: Comparison) -> list[dict[str, Any]]:
    """Headline and regency rows as plain dicts, for a CSV file: one row a measure, member and scenario."""
    tagged = [("headline", row) for row in comparison.headline]
    tagged += [("regency", row) for row in comparison.regencies]
    tagged += [("spread", row) for row in comparison.spreads]
    return [{"family": family} | asdict(row) for family, row in tagged]


# ---- assumptions -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """A verdict that is another at one end of an assumption."""

    measure: str
    scenario: str
    at: Literal["low", "high"]
    verdict: Verdict
    instead_of: Verdict


@dataclass(frozen=True)
class Sensitivity:
    """How far an assumption moves the headline differences.

    ``movement_share`` is the widest move of a headline difference from the low to the high end, as a share of
    the measure's own size; ``measure`` and ``scenario`` say whose. ``differences`` are that difference at
    low, middle and high. ``turns`` are the verdicts that change.
    """

    assumption: str
    movement_share: float
    measure: str
    unit: str
    scenario: str
    differences: tuple[float, float, float]
    turns: tuple[Turn, ...]


def rank_assumptions(
    middle: Comparison, ends: Mapping[str, tuple[Comparison, Comparison]]
) -> tuple[Sensitivity, ...]:
    """Rank assumptions by how far they move the headline differences, the strongest first.

    ``ends`` gives for each assumption the comparison at its low and at its high end. Rows without a clear
    verdict at any of the three are chance and are passed over.
    """
    found = [_sensitivity(name, middle, low, high) for name, (low, high) in ends.items()]
    return tuple(sorted(found, key=lambda s: (-s.movement_share, s.assumption)))


def _sensitivity(assumption: str, middle: Comparison, low: Comparison, high: Comparison) -> Sensitivity:
    clear = {"better", "worse"}
    widest = Sensitivity(assumption, 0.0, "", "", "", (0.0, 0.0, 0.0), ())
    turns: list[Turn] = []
    for row in middle.headline:
        if row.verdict == "baseline":
            continue
        try:
            ends = low.row(row.measure, row.scenario), high.row(row.measure, row.scenario)
            first = middle.row(row.measure, middle.scenarios[0])
        except KeyError:
            continue
        verdicts = {row.verdict, ends[0].verdict, ends[1].verdict}
        if not verdicts & clear:
            continue
        for where, end in zip(("low", "high"), ends, strict=True):
            if end.verdict != row.verdict:
                turns.append(Turn(row.measure, row.scenario, where, end.verdict, row.verdict))  # type: ignore[arg-type]
        differences = (ends[0].difference, row.difference, ends[1].difference)
        size = max(abs(first.value), *(abs(value) for value in differences))
        if not np.isfinite(differences).all() or not size > 0:
            continue
        movement = abs(differences[2] - differences[0]) / size
        if movement > widest.movement_share:
            widest = Sensitivity(assumption, movement, row.measure, row.unit, row.scenario, differences, ())
    return replace(widest, turns=tuple(turns))
