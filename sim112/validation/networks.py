"""Cases of groups in a row or side by side: overflow, a shared platform, the wrong desk, dispatchers."""

from __future__ import annotations

from sim112.planning.retrials import overflow
from sim112.planning.theory import erlang_b, erlang_c
from sim112.validation.case import Case, Row, Tolerance
from sim112.validation.desks import ERLANG, HEAVY, KIND, desk_rows, exponential, hours, run_words

FEW_TICKETS = Tolerance(relative=0.05, reason="read from the saved log, so of fewer calls")


def overflow_rows() -> tuple[Row, ...]:
    """3 erlang at a group of three that overflows to a group of four, which has 1 erlang of its own."""
    exact = overflow(60 / 3600, 180, 3, 20 / 3600, 4, 3, 4)
    return (
        Row("blocked_share", (erlang_b(3, 3),), "desk", ("west",), "at the first group"),
        Row("blocked_share", (exact.lost_share,), "regency", ("west",), "the first's callers"),
        Row("blocked_share", (exact.second_blocked_share,), "regency", ("east",), "the second's own"),
        Row("occupancy", (exact.occupancy[1],), "desk", ("east",), "second group"),
    )


def tandem_rows() -> tuple[Row, ...]:
    """By Burke's theorem the dispatchers see a Poisson stream, and the two queues are independent."""
    second = erlang_c(30 / 3600, 120, 2)
    return (
        *desk_rows(erlang_c(30 / 3600, 180, 3), "waited_share", "wait_s", within=FEW_TICKETS),
        Row("dispatcher_occupancy", (0.5,)),
        Row("ticket_waited_share", (second.waited_share,), members=("tickets",)),
        Row("ticket_wait_s", (second.mean_wait_s,), members=("tickets",), within=FEW_TICKETS),
    )


WEST_PER_H, EAST_PER_H = 30.0, 20.0
WEST_ASTRAY_PER_H, EAST_ASTRAY_PER_H = 7.5, 5.0
"""Half of the calls near the border, which are half of each regency's, ring at the other's desk first."""


def misrouted_rows() -> tuple[Row, ...]:
    """Two queues that pass callers on to each other, every talk alike: each is as if its calls were Poisson.

    The time with whom is passed on is a talk too, so a desk meets its own callers and the strayed ones.
    """
    west = erlang_c((WEST_PER_H + EAST_ASTRAY_PER_H) / 3600, 180, 3)
    east = erlang_c((EAST_PER_H + WEST_ASTRAY_PER_H) / 3600, 180, 3)
    own_wait_s = (WEST_PER_H * west.mean_wait_s + EAST_PER_H * east.mean_wait_s) / (WEST_PER_H + EAST_PER_H)
    passed_on = (
        EAST_ASTRAY_PER_H / (WEST_PER_H + EAST_ASTRAY_PER_H),
        WEST_ASTRAY_PER_H / (EAST_PER_H + WEST_ASTRAY_PER_H),
    )
    return (
        Row("transferred_share", (passed_on[0],), "desk", ("west",), "west"),
        Row("transferred_share", (passed_on[1],), "desk", ("east",), "east"),
        Row("waited_share", (west.waited_share,), "desk", ("west",), "west"),
        Row("waited_share", (east.waited_share,), "desk", ("east",), "east"),
        Row("wait_s", (west.mean_wait_s,), "desk", ("west",), "west", within=HEAVY),
        Row("wait_s", (own_wait_s,), of="at the right desk", within=HEAVY),
        Row("occupancy", (east.occupancy,), "desk", ("east",), "east"),
    )


NETWORKS = (
    Case(
        "overflow", "a primary group that overflows to a second one",
        "R. Wilkinson, Theories for toll traffic engineering, BSTJ 35, 1956 (the chain solved whole)",
        overflow_rows,
        (f"{KIND}.rate_per_h=80", *run_words(1.5e6, 80, 40, 18000)), tables="overflow",
    ),
    Case(
        "platform", "two desks on one platform of six channels, 4 erlang", ERLANG,
        lambda: (
            Row("blocked_platform_share", (erlang_b(4, 6),)),
            Row("blocked_share", (erlang_b(4, 6),), "desk", ("east",), "at one desk"),
        ),
        (f"{KIND}.rate_per_h=80", *run_words(8e5, 80, 40, 18000)), tables="platform",
    ),
    Case(
        "misrouted", "two desks of three; calls near the border ring at the wrong one and are passed on",
        "J. R. Jackson, 1957; F. Kelly, Networks of queues with customers of different types, JAP 12, 1975",
        misrouted_rows,
        (
            f"{KIND}.rate_per_h={WEST_PER_H + EAST_PER_H:g}", "callers.misrouted={share: 0.5, border_km: 20}",
            f"work.transfer_talk_s={exponential(180)}", *run_words(2e6, 50, 40, 18000),
        ),
        tables="misrouted", controls=hours(50),
    ),
    Case(
        "tandem", "M/M/3 of call-takers, then M/M/2 of dispatchers",
        "P. Burke, The output of a queuing system, Operations Research 4, 1956; J. R. Jackson, 1957",
        tandem_rows,
        (
            f"{KIND}.rate_per_h=30", "area.desk.call_takers=3", "area.desk.dispatchers=2",
            f"{KIND}.handling_s={exponential(120)}", *run_words(1.6e6, 30, 40, 18000),
        ),
        controls=hours(30),
    ),
)  # fmt: skip
