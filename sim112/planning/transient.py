"""Exact results for a desk whose arrivals and roster change with time: M(t)/M/c(t)/K+M."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf, isfinite, isinf
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.integrate import solve_ivp

from sim112.errors import InputError
from sim112.planning.chain import Floats
from sim112.planning.desk_states import DeskStates
from sim112.planning.limits import not_negative, positive, whole

Steps = Sequence[tuple[float, float]]
"""(from this second, this value on), times rising."""

FIRST_LIMIT = 32
LAST_LIMIT = 1024
NEGLIGIBLE = 1e-9
"""Share of the offered calls that may meet the cut of an unlimited queue in any window."""
DENSE_STATES = 400
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True, eq=False)
class TimeVarying:
    """What callers meet in each window [windows], by the moment they call, and what goes on meanwhile.

    ``offered_calls`` is the expected number. Of these ``blocked_share`` and ``answered_within_share`` (within
    ``within_s`` of being offered, the roster's later steps included); ``waited_share`` is of those who get a
    line. Averages over the window's time: ``abandoned_per_s`` (by the moment they hang up), ``mean_queued``,
    ``mean_busy`` call-takers. ``state_share`` [edges, busy, queued] is the law at each edge of the windows,
    just after a roster step there.
    """

    edges_s: Floats
    within_s: float
    offered_calls: Floats
    blocked_share: Floats
    waited_share: Floats
    answered_within_share: Floats
    abandoned_per_s: Floats
    mean_queued: Floats
    mean_busy: Floats
    state_share: Floats


def time_varying(
    rate_per_s: Steps | Callable[[float], float],
    handle_s: float,
    roster: Steps,
    edges_s: Sequence[float],
    patience_s: float = inf,
    lines: int | None = None,
    within_s: float = 15.0,
    shift_end: Literal["finish", "fresh_crew"] = "finish",
) -> TimeVarying:
    """A desk under a daily profile and a roster, from empty at the first edge, by its differential equations.

    ``rate_per_s``: arrivals as steps, or a smooth function of the time in seconds. ``roster``: call-takers on
    duty as steps, which may be 0. ``edges_s``: the windows to report, e.g. every hour; put the first edge
    early enough for a warm-up. ``lines`` None: lines for everybody.

    ``shift_end``, when the roster steps down: ``finish`` lets talks in progress finish, those people count,
    and nobody starts while the busy are as many as the roster; exact, with or without a limit on lines.
    ``fresh_crew`` brings a whole new crew at every step given, and talks in progress are finished by the old
    crew, uncounted (``mean_busy`` is of the crew on duty); exact only without a limit on lines, because the
    old crew's talks hold lines, so it is refused with one. When the roster steps up the queue is served at
    once.

    The state is (busy, queued). Kolmogorov's forward equations are solved by scipy's LSODA (BDF for more than
    400 states) with relative tolerance 1e-9; the chance of being answered in time follows the caller
    backwards from the deadline through the roster's steps, by matrix exponentials.

    Source: B. Koopman, Air-terminal queues under time-dependent conditions, Operations Research 20, 1972; L.
    Green, P. Kolesar and J. Soares, Operations Research 49, 2001 (staffing under time-varying demand).
    Limits: exponential handle time and patience; up to 20,000 states. An unlimited queue is cut where at most
    1e-9 of a window's calls meet the cut; queues that may pass 1024 are refused.
    Errors: InputError for that, for times that do not rise, and rates, times or rosters below 0.
    """
    handle = positive("handle_s", handle_s)
    within = not_negative("within_s", within_s)
    leave = 0.0 if isinf(positive("patience_s", patience_s, endless=True)) else 1.0 / patience_s
    edges = np.asarray(edges_s, dtype=np.float64)
    if len(edges) < 2 or not np.all(np.isfinite(edges)) or not np.all(np.diff(edges) > 0):
        raise InputError("edges_s: must be two or more finite times, rising")
    if shift_end not in ("finish", "fresh_crew"):
        raise InputError(f"shift_end={shift_end}: must be finish or fresh_crew")
    if shift_end == "fresh_crew" and lines is not None:
        raise InputError(f"lines={lines}: must be without a limit where shift_end is fresh_crew")
    crew = _checked("roster", roster, float(edges[0]))
    for _, people in crew:
        whole("roster", people, 0)
    rate_times: list[float] = []
    if callable(rate_per_s):
        profile = rate_per_s

        def rate(time_s: float) -> float:
            return not_negative(f"rate_per_s at {time_s:g} s", profile(time_s))

    else:
        steps = _checked("rate_per_s", rate_per_s, float(edges[0]))
        rate_times = [at for at, _ in steps]
        values = [value for _, value in steps]

        def rate(time_s: float) -> float:
            return values[max(int(np.searchsorted(rate_times, time_s, side="right")) - 1, 0)]

    if lines is not None:
        whole("lines", lines, 1)
        desk = DeskStates(handle, leave, crew, lines, lines, shift_end == "fresh_crew")
        return _solve(desk, rate, rate_times, edges, within)[0]
    backlog = _backlog(rate, crew, handle, leave, float(edges[0]), float(edges[-1]))
    limit = max(FIRST_LIMIT, ceil(backlog + 8 * backlog**0.5))
    while limit <= LAST_LIMIT:
        desk = DeskStates(handle, leave, crew, None, limit, shift_end == "fresh_crew")
        result, cut = _solve(desk, rate, rate_times, edges, within)
        if cut <= NEGLIGIBLE:
            return result
        limit *= 4
    raise InputError(f"roster: too few call-takers; the queue may pass {LAST_LIMIT} callers")


def _backlog(
    rate: Callable[[float], float],
    crew: list[tuple[float, float]],
    handle_s: float,
    leave_per_s: float,
    start_s: float,
    end_s: float,
) -> float:
    """The longest queue if calls flowed like water, which tells where to cut the real one."""
    pieces = ceil((end_s - start_s) * 2 * max(1 / handle_s, leave_per_s))
    times = np.linspace(start_s, end_s, max(2000, pieces))
    present = longest = 0.0
    for now, then in pairwise(times):
        people = [number for at, number in crew if at <= now][-1]
        queue = max(present - people, 0.0)
        flow = rate(float(now)) - min(present, people) / handle_s - queue * leave_per_s
        present = max(present + flow * (then - now), 0.0)
        longest = max(longest, present - people)
    return longest


def _checked(name: str, steps: Steps, start_s: float) -> list[tuple[float, float]]:
    """The steps, the one in force at ``start_s`` first."""
    times = [at for at, _ in steps]
    if not times or times[0] > start_s or any(not later > at for at, later in pairwise(times)):
        raise InputError(f"{name}: must be (from this second, value), rising, the first by {start_s:g} s")
    for at, value in steps:
        if not isfinite(at):
            raise InputError(f"{name}: must change at a finite time, not at {at}")
        not_negative(f"{name} from {at:g} s", value)
    before = sum(at <= start_s for at in times) - 1
    return list(steps[before:])


def _solve(
    desk: DeskStates, rate: Callable[[float], float], rate_times: list[float], edges: Floats, within_s: float
) -> tuple[TimeVarying, float]:
    """The measures, and the largest share of a window's calls that met the cut of an unlimited queue."""
    start, end = float(edges[0]), float(edges[-1])
    roster_times = desk.step_times(start, end + within_s)
    deadlines = [at - within_s for at in roster_times]  # from here on, the step matters to new callers
    cuts = sorted(
        {at for at in [*edges, *roster_times, *rate_times, *deadlines] if start <= at <= end} | {start, end}
    )
    law = np.zeros(desk.states)
    law[desk.number[0, 0]] = 1.0
    windows = len(edges) - 1
    offered, blocked, waited, in_time, left, queued, busy = np.zeros((7, windows))
    laws = np.zeros((len(edges), *desk.number.shape))
    laws[0, desk.busy, desk.queued] = law
    known: dict[int, Floats] = {}  # chances of an answer in time, by roster step, far from the next step

    for begin, stop in pairwise(cuts):
        people = desk.on_duty(begin)
        window = int(np.searchsorted(edges, begin, side="right")) - 1
        near = bool(desk.step_times(begin, begin + (stop - begin) / 2 + within_s))
        pieces = ceil((stop - begin) * desk.serve * (people + 1) / 2) if near else 1
        step = (stop - begin) / pieces
        nodes = begin + step * (np.arange(pieces)[:, None] + (NODES + 1) / 2)
        times = nodes.ravel() if near else np.zeros(0)
        shift = len(desk.step_times(-inf, begin))
        if not near and shift not in known:
            known[shift] = desk.answered_within(begin, within_s)
        far = np.zeros(desk.states) if near else known[shift]
        law, sums, path = _piece(desk, rate, people, begin, stop, law, far, times)
        offered[window] += sums[0]
        blocked[window] += sums[1]
        waited[window] += sums[2]
        in_time[window] += sums[3]
        left[window] += sums[4] * desk.leave
        queued[window] += sums[4]
        busy[window] += sums[5]
        for k, time in enumerate(times):
            chance = desk.answered_within(float(time), within_s)
            in_time[window] += step / 2 * WEIGHTS[k % len(NODES)] * rate(float(time)) * (path[k] @ chance)
        if stop in roster_times:
            after = np.zeros(desk.states)
            np.add.at(after, desk.number[desk.stepped(desk.on_duty(stop))], law)
            law = after
        if stop in edges:
            laws[window + 1, desk.busy, desk.queued] = law

    length = np.diff(edges)
    with np.errstate(invalid="ignore"):
        result = TimeVarying(
            edges_s=edges,
            within_s=within_s,
            offered_calls=offered,
            blocked_share=blocked / offered,
            waited_share=waited / (offered - blocked),
            answered_within_share=in_time / offered,
            abandoned_per_s=left / length,
            mean_queued=queued / length,
            mean_busy=busy / length,
            state_share=laws,
        )
        return result, float(np.nanmax(blocked / offered, initial=0.0))


def _piece(
    desk: DeskStates,
    rate: Callable[[float], float],
    people: int,
    begin: float,
    stop: float,
    law: Floats,
    chance: Floats,
    times: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Between two changes: the law at ``stop``, the integrals, and the laws [times, states] at ``times``.

    The integrals over time are of: the arrival rate, the rate of blocked calls, of calls that wait, of calls
    answered in time (by ``chance`` [states]), the queue, and the busy.
    """
    arrive, depart = desk.arrivals(people).T.tocsr(), desk.departures(people).T.tocsr()
    free = desk.free(people)
    full = desk.full.astype(np.float64)
    by_rate = sparse.csr_matrix(np.vstack([np.ones(desk.states), full, 1.0 - free - full, chance]))
    by_time = sparse.csr_matrix(np.vstack([desk.queued, desk.busy]))
    size = desk.states + 6
    moving = _stack(arrive, by_rate, None, size)
    still = _stack(depart, None, by_time, size)
    dense = desk.states <= DENSE_STATES

    def slopes(time: float, state: Floats) -> Floats:
        return np.asarray(rate(min(max(time, begin), inside)) * (moving @ state) + still @ state)

    def jacobian(time: float, state: Floats) -> Floats | sparse.csc_matrix:
        matrix = rate(min(max(time, begin), inside)) * moving + still
        return matrix.toarray() if dense else matrix.tocsc()

    inside = np.nextafter(stop, begin)
    path = solve_ivp(
        slopes,
        (begin, stop),
        np.concatenate([law, np.zeros(6)]),
        method="LSODA" if dense else "BDF",
        jac=jacobian,
        t_eval=np.append(times, stop),
        rtol=1e-9,
        atol=1e-13,
    )
    if path.status != 0:
        raise InputError(f"rate_per_s: cannot be followed from {begin:g} s to {stop:g} s; must be smooth")
    return path.y[: desk.states, -1], path.y[desk.states :, -1], path.y[: desk.states, :-1].T


def _stack(
    top: sparse.csr_matrix, by_rate: sparse.csr_matrix | None, by_time: sparse.csr_matrix | None, size: int
) -> sparse.csr_matrix:
    """A square matrix of ``top``, then 4 rows, then 2 rows; absent ones are 0."""
    rows = [
        top,
        sparse.csr_matrix((4, top.shape[1])) if by_rate is None else by_rate,
        sparse.csr_matrix((2, top.shape[1])) if by_time is None else by_time,
    ]
    tall = sparse.vstack(rows, format="csr")
    return sparse.csr_matrix(sparse.hstack([tall, sparse.csr_matrix((size, size - top.shape[1]))]))
