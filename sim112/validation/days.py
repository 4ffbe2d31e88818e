"""Cases of days: calls by the hour and a roster that steps, hour by hour; outages; good and bad days."""

from __future__ import annotations

from functools import cache
from typing import Literal

from sim112.planning.transient import TimeVarying, time_varying
from sim112.study.desk_kpis import YEAR_S
from sim112.validation.case import Case, Row, Tolerance
from sim112.validation.desks import KIND, PATIENCE, desk_words, exponential, hours
from sim112.validation.exact import gamma_days_blocked_share, outages

CALLS_PER_H = (
    *(8, 6, 5, 4, 5, 8, 16, 28, 36, 40, 40, 38),
    *(36, 38, 40, 40, 38, 36, 32, 30, 28, 24, 18, 12),
)
"""Calls in each hour of the day."""

ROSTER = ((0, 2), (7, 4), (9, 6), (14, 3), (16, 5), (18, 5), (21, 3))
"""From this hour on, so many call-takers; at 18 h the number stays and only the crew may be another."""

TALK_S, PATIENCE_S = 480.0, 240.0
DAYS, REPLICATIONS = 200, 40
DAY_S = 86400
EVENING_H = 5

HOURLY = Tolerance(absolute=0.02, reason="an hour has a 24th of the calls, and the worst of 24 counts")
QUIET = Tolerance(relative=0.05, reason="four calls in the quietest hour, and the worst of 24 counts")


@cache
def exact_day(shift_end: Literal["finish", "fresh_crew"]) -> TimeVarying:
    """The last hours of an evening from empty, which is forgotten by midnight, and then a day."""
    return time_varying(
        [(3600.0 * hour, CALLS_PER_H[hour % 24] / 3600) for hour in range(-EVENING_H, 24)],
        TALK_S,
        [(DAY_S * day + 3600.0 * hour, people) for day in (-1, 0, 1) for hour, people in ROSTER],
        [3600.0 * hour for hour in range(-EVENING_H, 25)],
        PATIENCE_S,
        shift_end=shift_end,
    )


def hourly(measure: str, exact: list[float], within: Tolerance) -> Row:
    return Row(measure, tuple(exact), "hour", of="hourly", within=within)


def day_rows(shift_end: Literal["finish", "fresh_crew"]) -> tuple[Row, ...]:
    exact = exact_day(shift_end)
    calls = exact.offered_calls[EVENING_H:]
    waited = float((calls * exact.waited_share[EVENING_H:]).sum() / calls.sum())
    abandoned = float(exact.abandoned_per_s[EVENING_H:].sum() * 3600 / calls.sum())
    wait_s = float(exact.mean_queued[EVENING_H:].sum() * 3600 / calls.sum())
    rows = [
        hourly("offered", [number * YEAR_S / DAY_S for number in CALLS_PER_H], QUIET),
        hourly("waited_share", exact.waited_share[EVENING_H:].tolist(), HOURLY),
        hourly("answered_within_share", exact.answered_within_share[EVENING_H:].tolist(), HOURLY),
        Row("waited_share", (waited,), of="the day"),
        Row("abandoned_share", (abandoned,), of="the day"),
        Row("wait_s", (wait_s,), of="the day"),
    ]
    if shift_end == "finish":  # a fresh crew sits beside the old one, whose work is counted too
        rows.append(Row("carried_erlang", (float(exact.mean_busy[EVENING_H:].mean()),), of="the day"))
    return tuple(rows)


def day_words(shift_end: str) -> tuple[str, ...]:
    steps = " ".join(
        f"{DAY_S * day + 3600 * hour}:{people}" for day in range(DAYS + 2) for hour, people in ROSTER
    )
    return (
        'clock.start="2021-12-06T00:00"',
        f"clock.warm_up_s={DAY_S}",
        f"clock.report_s={DAYS * DAY_S}",
        "clock.cool_down_s=7200",
        f"{KIND}.rate_per_h={sum(CALLS_PER_H) / 24:.17g}",
        f"demand.profiles.day=[{','.join(map(str, CALLS_PER_H))}]",
        f"{KIND}.profile=day",
        f"{KIND}.talk.talk_s.mean_s={TALK_S:g}",
        f"{PATIENCE}={exponential(PATIENCE_S)}",
        f"staffing.shift_end={shift_end}",
        f'area.desk.call_takers="{steps}"',
    )


OUTAGE_EVERY_S, OUTAGE_S, CYCLES = 3600, 180, 120
"""A platform that fails for three minutes of every hour, as long as a talk takes."""


def outage_rows() -> tuple[Row, ...]:
    exact = outages(100 / 3600, 180, 5, 8, OUTAGE_EVERY_S, OUTAGE_S)
    return (
        Row("blocked_outage_share", (exact.outage_share,), of="the share of time"),
        Row("blocked_platform_share", (exact.full_share,)),
        Row("wait_s", (exact.mean_wait_s,)),
        Row("lines_held", (exact.mean_channels,)),
    )


def outage_words() -> tuple[str, ...]:
    windows = ", ".join(
        f"{{platform: provider, from_s: {start}, to_s: {start + OUTAGE_S}}}"
        for start in range(0, (CYCLES + 2) * OUTAGE_EVERY_S, OUTAGE_EVERY_S)
    )
    return (
        *desk_words(100, 180, 5, 1),
        f"clock.warm_up_s={OUTAGE_EVERY_S}",
        f"clock.report_s={CYCLES * OUTAGE_EVERY_S}",
        "area.desk.platform=provider",
        "area.desk.channels=8",
        f"answering.outages=[{windows}]",
    )


A_DAY, SHARED, OWN = 10.0, 0.3, 0.4
"""Incidents a day in each of two regencies, and how much days vary: with the province, and on their own."""

VARIANCES = Tolerance(relative=0.08, reason="a variance needs many more days than a mean")


def day_factor_rows() -> tuple[Row, ...]:
    """A Poisson number of a gamma mean: the variance of a count, and of the counts of both regencies."""
    one = A_DAY + A_DAY**2 * ((1 + SHARED**2) * (1 + OWN**2) - 1)
    both = 2 * one + 2 * A_DAY**2 * SHARED**2
    return (
        Row("offered", (2 * A_DAY / DAY_S * YEAR_S,)),
        Row("day_count_variance", (one,), members=("west",), of="of one regency", within=VARIANCES),
        Row("day_count_variance", (both,), members=("west east",), of="of both", within=VARIANCES),
    )


def many_days_words(days: int) -> tuple[str, ...]:
    return (
        'clock.start="2021-12-06T00:00"',
        f"clock.warm_up_s={DAY_S}",
        f"clock.report_s={days * DAY_S}",
        "clock.cool_down_s=7200",
    )


EQUATIONS = "B. Koopman, Operations Research 20, 1972; L. Green, P. Kolesar, J. Soares, OR 49, 2001"
DAYS_OF_DESKS = (
    Case(
        "day", "M(t)/M/c(t)+M through a day; who is talking finishes", EQUATIONS,
        lambda: day_rows("finish"), day_words("finish"), REPLICATIONS,
    ),
    Case(
        "day_fresh_crew", "M(t)/M/c(t)+M through a day; a whole new crew at each step", EQUATIONS,
        lambda: day_rows("fresh_crew"), day_words("fresh_crew"), REPLICATIONS,
    ),
    Case(
        "outages", "a platform that fails for three minutes of every hour; who has a line keeps it",
        "R. Wolff, Poisson arrivals see time averages, Operations Research 30, 1982; B. Koopman, OR 20, 1972",
        outage_rows, outage_words(), controls=hours(100),
    ),
    Case(
        "day_factor", "good and bad days: the variance of the calls of a day",
        "M. Greenwood, G. Yule, JRSS 83, 1920 (variance of a Poisson number of gamma mean)", day_factor_rows,
        (
            f"{KIND}.rate_per_h={2 * A_DAY / 24:.17g}", f"{KIND}.talk.talk_s=off",
            f"demand.day_factor={{shared_cv: {SHARED}, own_cv: {OWN}}}", *many_days_words(360),
        ),
        60, tables="two",
    ),
    Case(
        "day_factor_lost", "good and bad days: Erlang's loss formula, mixed over gamma days",
        "A. Avramidis, A. Deslauriers, P. L'Ecuyer, MS 50, 2004 (gamma days, each Erlang's loss formula)",
        lambda: (Row("blocked_share", (gamma_days_blocked_share(1.5, 3, 0.5),)),),
        (
            *desk_words(30, 180, 3, 1), "area.desk.lines=3",
            "demand.day_factor={shared_cv: 0, own_cv: 0.5}", *many_days_words(100),
        ),
        controls=hours(30),
    ),
)  # fmt: skip
