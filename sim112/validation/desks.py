"""Cases of one desk in a steady state: Erlang's queues and their kin."""

from __future__ import annotations

from math import erfc, log, sqrt

from sim112.planning.patience import general_patience
from sim112.planning.retrials import retrials
from sim112.planning.theory import (
    DeskMeasures,
    erlang_a,
    erlang_b,
    erlang_c,
    finite_lines,
    mean_wait_one_server_s,
    priority,
)
from sim112.study.desk_kpis import YEAR_S
from sim112.validation.case import Case, Controls, Row, Tolerance
from sim112.validation.exact import FewLines, Waits, after_call_lines, batches, fixed_interval, modulated

KIND = "demand.kinds.call"
PATIENCE = "callers.genuine.patience_s"
NOBODY_LEFT_S = 7200.0
"""Cool-down, which is longer than anybody waits or talks."""

OF_DESK = {
    "blocked_share": "blocked_share",
    "abandoned_share": "abandoned_share",
    "waited_share": "waited_share",
    "answered_within_share": "answered_within_share",
    "wait_s": "mean_wait_s",
    "answer_delay_s": "answer_delay_s",
    "lines_held": "mean_lines",
    "occupancy": "occupancy",
}
"""Which exact value each measure of the study is held against."""


def desk_rows(
    exact: DeskMeasures | Waits | FewLines, *measures: str, within: Tolerance | None = None
) -> tuple[Row, ...]:
    """A row for each measure; ``within`` is for those in seconds."""
    return tuple(
        Row(name, (float(getattr(exact, OF_DESK[name])),), within=within if name.endswith("_s") else None)
        for name in measures
    )


def offered_row(calls_per_s: float, of: str = "") -> Row:
    """Calls offered a year."""
    return Row("offered", (calls_per_s * YEAR_S,), of=of)


def run_words(calls: float, calls_per_h: float, replications: int, warm_up_s: float) -> tuple[str, ...]:
    """The clock for so many calls in all."""
    report_s = round(calls / replications / calls_per_h * 3600)
    return (
        f"clock.warm_up_s={warm_up_s:g}",
        f"clock.report_s={report_s}",
        f"clock.cool_down_s={NOBODY_LEFT_S:g}",
    )


def desk_words(
    calls_per_h: float, talk_s: float, call_takers: int | None, calls: float, replications: int = 40
) -> tuple[str, ...]:
    """One desk, Poisson calls, exponential talk."""
    takers = "null" if call_takers is None else call_takers
    return (
        f"{KIND}.rate_per_h={calls_per_h:g}",
        f"{KIND}.talk.talk_s.mean_s={talk_s:g}",
        f"area.desk.call_takers={takers}",
        *run_words(calls, calls_per_h, replications, 100 * talk_s),
    )


def hours(calls_per_h: float, talk_s: float = 180.0) -> Controls:
    """The controls of a desk whose calls come at a constant rate."""
    return Controls(calls_per_h / 3600, talk_s)


def exponential(mean_s: float) -> str:
    return f"{{dist: exponential, mean_s: {mean_s:g}}}"


def lognormal_survival(mean_s: float, cv: float, time_s: float) -> float:
    """The share of lognormal times above ``time_s``."""
    if time_s <= 0:
        return 1.0
    spread = sqrt(log(1 + cv**2))
    return 0.5 * erfc((log(time_s / mean_s) + spread**2 / 2) / spread / sqrt(2))


ERLANG = "A. K. Erlang, 1917; R. Cooper, Introduction to Queueing Theory, 1981, ch. 3"
PALM = "C. Palm, 1946; Garnett, Mandelbaum, Reiman, MSOM 4, 2002"
POLLACZEK = "F. Pollaczek, 1930; A. Khinchine, 1932"
GARNETT = "Garnett, Mandelbaum, Reiman, Designing a call center with impatient customers, MSOM 4, 2002"
TWO_FIGURES = Tolerance(relative=0.03, reason="published to two figures")
LAST = Tolerance(relative=0.05, reason="whoever is taken last waits for very different times")
HEAVY = Tolerance(relative=0.05, reason="few wait, and those for very different times")

WAITING = (
    Case(
        "mm1", "M/M/1, 0.5 erlang", ERLANG,
        lambda: (
            *desk_rows(
                erlang_c(10 / 3600, 180, 1), "waited_share", "wait_s", "answered_within_share", "lines_held"
            ),
            offered_row(10 / 3600),
            Row("talk_s", (180.0,)),
        ),
        desk_words(10, 180, 1, 2e6), controls=hours(10),
    ),
    Case(
        "mm14", "M/M/14, 10 erlang: 100 calls of 3 minutes in half an hour", ERLANG,
        lambda: (
            Row("waited_share", (0.1741319,), published="R package ErlangC, its example"),
            Row("answered_within_share", (0.88835,), published="R package ErlangC, its example"),
            Row("wait_s", (7.83594,), published="R package ErlangC, its example", within=HEAVY),
            Row("carried_erlang", (10.0,)),
        ),
        (*desk_words(200, 180, 14, 6e6), "targets.answered_within_s=20"), controls=hours(200),
    ),
    Case(
        "light_0003", "M/M/1, 0.003 erlang", ERLANG,
        lambda: desk_rows(
            erlang_c(0.54 / 3600, 20, 1), "waited_share", "wait_s",
            within=Tolerance(relative=0.15, reason="one call in 333 waits"),
        ),
        desk_words(0.54, 20, 1, 1.6e6, replications=360), replications=360,
    ),
    Case(
        "light_003", "M/M/1, 0.03 erlang", ERLANG,
        lambda: desk_rows(
            erlang_c(0.6 / 3600, 180, 1), "waited_share", "wait_s",
            within=Tolerance(relative=0.05, reason="one call in 33 waits"),
        ),
        desk_words(0.6, 180, 1, 1.2e6, replications=240), replications=240, controls=hours(0.6),
    ),
    Case(
        "light_03", "M/M/2, 0.3 erlang", ERLANG,
        lambda: desk_rows(
            erlang_c(6 / 3600, 180, 2), "waited_share", "wait_s",
            within=Tolerance(relative=0.05, reason="one call in 26 waits"),
        ),
        desk_words(6, 180, 2, 2e6), controls=hours(6),
    ),
)  # fmt: skip

LOSING = (
    Case(
        "mm10_lost", "M/M/10/10, 8 erlang: Erlang's loss formula",
        "A. K. Erlang, 1917; D. Jagerman, BSTJ 53, 1974",
        lambda: (
            Row("blocked_share", (erlang_b(8, 10),)),
            Row("lines_held", (8 * (1 - erlang_b(8, 10)),)),
            Row("all_lines_busy_share", (erlang_b(8, 10),)),
        ),
        (*desk_words(160, 180, 10, 1.2e6), "area.desk.lines=10"), controls=hours(160),
    ),
    Case(
        "mg5_lost", "M/G/5/5, 4 erlang, lognormal talk: the same whatever the talk",
        "B. Sevastyanov, Theory of Probability and its Applications 2, 1957 (insensitivity)",
        lambda: (Row("blocked_share", (erlang_b(4, 5),)),),
        (
            *desk_words(80, 180, 5, 1e6), "area.desk.lines=5",
            f"{KIND}.talk.talk_s={{dist: lognormal, mean_s: 180, cv: 1.5}}",
        ),
        controls=hours(80),
    ),
    Case(
        "mm10_impatient", "M/M/10+M, 11 erlang: Erlang A, overloaded", PALM,
        lambda: desk_rows(
            erlang_a(220 / 3600, 180, 10, 120),
            "abandoned_share", "waited_share", "answered_within_share", "wait_s", "answer_delay_s",
            "occupancy",
        ),
        (*desk_words(220, 180, 10, 2e6), f"{PATIENCE}={exponential(120)}"), controls=hours(220),
    ),
    Case(
        "garnett_50", "M/M/50+M: 48 calls a minute, patience 2 minutes", PALM,
        lambda: (
            Row("abandoned_share", (0.031,), published=GARNETT),
            Row("wait_s", (3.7,), published=GARNETT, within=TWO_FIGURES),
            Row("occupancy", (0.93,), published=GARNETT, within=Tolerance(
                absolute=0.005, reason="published to two figures")),
            *desk_rows(
                erlang_a(48 / 60, 60, 50, 120), "waited_share", "answered_within_share"
            ),
        ),
        (*desk_words(2880, 60, 50, 7e6), f"{PATIENCE}={exponential(120)}"), controls=hours(2880, 60),
    ),
    Case(
        "finite_lines", "M/M/3/8+M: lines held while waiting and talking",
        "L. Kleinrock, Queueing Systems I, 1975, ch. 3 (birth and death equations)",
        lambda: desk_rows(
            finite_lines(66 / 3600, 180, 3, 8, 120),
            "blocked_share", "abandoned_share", "waited_share", "answered_within_share", "wait_s",
            "lines_held",
        ),
        (*desk_words(66, 180, 3, 2.4e6), "area.desk.lines=8", f"{PATIENCE}={exponential(120)}"),
        controls=hours(66),
    ),
    Case(
        "fixed_patience", "M/M/3+D: everybody hangs up after a minute",
        "F. Baccelli, G. Hebuterne, Performance '81; S. Zeltyn, A. Mandelbaum, Queueing Systems 51, 2005",
        lambda: desk_rows(
            general_patience(60 / 3600, 180, 3, lambda t: float(t < 60), breaks_s=(60,)),
            "abandoned_share", "waited_share", "wait_s",
        ),
        (*desk_words(60, 180, 3, 1e6), f"{PATIENCE}=60"), controls=hours(60),
    ),
    Case(
        "lognormal_patience", "M/M/4+G: lognormal patience",
        "F. Baccelli, G. Hebuterne, Performance '81; S. Zeltyn, A. Mandelbaum, Queueing Systems 51, 2005",
        lambda: desk_rows(
            general_patience(80 / 3600, 180, 4, lambda t: lognormal_survival(90, 1.2, t)),
            "abandoned_share", "answered_within_share", "wait_s",
        ),
        (*desk_words(80, 180, 4, 1e6), f"{PATIENCE}={{dist: lognormal, mean_s: 90, cv: 1.2}}"),
        controls=hours(80),
    ),
)  # fmt: skip


def one_server_rows(variation: float) -> tuple[Row, ...]:
    wait_s = mean_wait_one_server_s(10 / 3600, 180, variation)
    return Row("waited_share", (0.5,)), Row("wait_s", (wait_s,))


def worked_rows() -> tuple[Row, ...]:
    """Talk exponential of mean 120 s, then always 60 s of work after the call, which hold no line."""
    wait_s = mean_wait_one_server_s(10 / 3600, 180, 120 / 180)
    return (
        Row("wait_s", (wait_s,)),
        Row("handle_s", (180.0,)),
        Row("lines_held", (10 / 3600 * (wait_s + 120),)),
        Row("occupancy", (0.5,)),
    )


TALKS = (
    Case(
        "md1", "M/D/1, 0.5 erlang: every talk takes 3 minutes", POLLACZEK, lambda: one_server_rows(0),
        (*desk_words(10, 180, 1, 1e6), f"{KIND}.talk.talk_s=180"), controls=hours(10),
    ),
    Case(
        "mg1", "M/G/1, 0.5 erlang: gamma talk, variation 1.4", POLLACZEK, lambda: one_server_rows(1.4),
        (*desk_words(10, 180, 1, 3.5e6), f"{KIND}.talk.talk_s={{dist: gamma, mean_s: 180, cv: 1.4}}"),
        controls=hours(10),
    ),
    Case(
        "after_call_work", "M/G/1: a talk, then a minute of work after it", POLLACZEK, worked_rows,
        (*desk_words(10, 120, 1, 1.8e6), f"{KIND}.talk.after_call_s=60"), controls=hours(10, 120),
    ),
    Case(
        "after_call_lines", "M/M/3/5 with work after the talk: a line is free before its call-taker",
        "L. Kleinrock, Queueing Systems I, 1975, ch. 3 (the chain solved whole)",
        lambda: desk_rows(
            after_call_lines(45 / 3600, 120, 90, 3, 5),
            "blocked_share", "waited_share", "wait_s", "lines_held", "occupancy",
        ),
        (
            *desk_words(45, 120, 3, 1.2e6), "area.desk.lines=5",
            f"{KIND}.talk.after_call_s={exponential(90)}",
        ),
        controls=hours(45, 120),
    ),
    Case(
        "pick_up", "M/M/infinity: five seconds until the answer", "no queue, so just the five seconds",
        lambda: (Row("answer_delay_s", (5.0,)), Row("lines_held", (5 * 185 / 180,))),
        (*desk_words(100, 180, None, 4e5), "work.pick_up_s=5"), controls=hours(100),
    ),
)  # fmt: skip

ARRIVALS = (
    Case(
        "fixed_interval", "D/M/1: a call every 5 minutes", "D. Kendall, 1953; L. Kleinrock, 1975, ch. 6",
        lambda: (
            *desk_rows(fixed_interval(300, 180), "waited_share", "wait_s"),
            offered_row(1 / 300),
        ),
        (
            f"{KIND}.rate_per_h=null", f"{KIND}.interval_s=300", "area.desk.call_takers=1",
            *run_words(2.5e6, 12, 40, 18000),
        ),
        controls=hours(12),
    ),
    Case(
        "modulated", "MMPP/M/1: two rates that take turns at random",
        "M. Neuts, 1981; W. Fischer, K. Meier-Hellstern, Performance Evaluation 18, 1993",
        lambda: desk_rows(modulated((3.2 / 3600, 17.6 / 3600), (600, 300), 180), "waited_share", "wait_s"),
        (
            *desk_words(8, 180, 1, 4e6, replications=60), f"{KIND}.profile=turns",
            "demand.profiles.turns={chain: {factors: [0.4, 2.2], mean_sojourn_s: [600, 300]}}",
        ),
        replications=60, controls=hours(8),
    ),
    Case(
        "batches", "M^X/M/1: several callers at once, none of them recognised",
        "D. Gross, C. Harris, Fundamentals of Queueing Theory, ch. 3",
        lambda: (*desk_rows(batches(5 / 3600, 1, 180), "waited_share", "wait_s"), offered_row(10 / 3600)),
        (
            *desk_words(5, 180, 1, 1.5e6), f"{KIND}.further_callers={{dist: geometric, mean: 1}}",
            f"{KIND}.recognised=false", f"{KIND}.caller_delay_s=0",
        ),
        controls=hours(10),
    ),
    Case(
        "further_callers", "further callers about an incident, kept short", "means of the drawn counts",
        lambda: (
            offered_row(10 * 2.5 / 3600, of="2.5 an incident"),
            Row("talk_s", ((180 + 1.5 * 60) / 2.5,), of="one full, others short"),
        ),
        (
            *desk_words(10, 180, None, 2e5), f"{KIND}.further_callers={{dist: poisson, mean: 1.5}}",
            f"{KIND}.caller_delay_s={exponential(120)}", f"{KIND}.talk.short_talk_s={exponential(60)}",
        ),
    ),
)  # fmt: skip


def class_words(name: str, calls_per_h: float, queue_priority: int) -> str:
    return (
        f"demand.kinds.{name}={{rate_per_h: {calls_per_h:g}, queue_priority: {queue_priority}, "
        f"agencies: {{}}, talk: {{talk_s: {exponential(180)}}}}}"
    )


def class_rows(calls_per_h: tuple[float, ...], call_takers: int, names: tuple[str, ...]) -> tuple[Row, ...]:
    exact = priority([rate / 3600 for rate in calls_per_h], 180, call_takers)
    return (
        *(
            Row("wait_s", (wait_s,), "kind", (name,), name, within=LAST)
            for name, wait_s in zip(names, exact.mean_wait_s, strict=True)
        ),
        Row("waited_share", (exact.waited_share,)),
    )


COBHAM = "A. Cobham, Priority assignment in waiting line problems, Operations Research 2, 1954"
CLASSES = (
    Case(
        "two_classes", "M/M/4, two classes, nobody interrupted", COBHAM,
        lambda: class_rows((20, 36), 4, ("urgent", "call")),
        (*desk_words(36, 180, 4, 2e6), f"{KIND}.queue_priority=1", class_words("urgent", 20, 0)),
        controls=hours(56),
    ),
    Case(
        "three_classes", "M/M/1, three classes, nobody interrupted", COBHAM,
        lambda: class_rows((2, 4, 4), 1, ("first", "call", "last")),
        (
            *desk_words(4, 180, 1, 1.2e6), f"{KIND}.queue_priority=1",
            class_words("first", 2, 0), class_words("last", 4, 2),
        ),
        controls=hours(10),
    ),
)  # fmt: skip


def redial_rows(
    calls_per_h: float, call_takers: int, lines: int | None, patience_s: float, abandoned_share: float
) -> tuple[Row, ...]:
    """Redialling a minute after being blocked (0.85 of them) or hanging up."""
    exact = retrials(
        calls_per_h / 3600, 180, call_takers, 60, 0.85, abandoned_share, lines=lines, patience_s=patience_s
    )
    rows = [
        Row("blocked_share", (exact.blocked_share,), of="of attempts"),
        Row("redials", ((exact.attempts_per_caller - 1) * calls_per_h / 3600 * YEAR_S,)),
        Row("answered", (exact.answered_share * calls_per_h / 3600 * YEAR_S,)),
    ]
    if abandoned_share:
        rows += [Row("abandoned_share", (exact.abandoned_share,)), Row("wait_s", (exact.mean_wait_s,))]
    return tuple(rows)


FALIN = "G. Falin, J. Templeton, Retrial Queues, 1997 (the chain solved whole)"
REDIALLING = (
    Case(
        "redial", "M/M/3/3, 2.5 erlang, 85 % of the blocked redial", FALIN,
        lambda: redial_rows(50, 3, None, float("inf"), 0.0),
        (*desk_words(50, 180, 3, 2.4e6), "area.desk.lines=3", "callers.genuine.redial.blocked_share=0.85"),
    ),
    Case(
        "redial_both", "M/M/3/5+M, 3 erlang, blocked and abandoning callers redial", FALIN,
        lambda: redial_rows(60, 3, 5, 90.0, 0.6),
        (
            *desk_words(60, 180, 3, 3e6), "area.desk.lines=5", f"{PATIENCE}={exponential(90)}",
            "callers.genuine.redial.blocked_share=0.85", "callers.genuine.redial.abandoned_share=0.6",
        ),
    ),
)  # fmt: skip

DESKS = (*WAITING, *LOSING, *TALKS, *ARRIVALS, *CLASSES, *REDIALLING)
