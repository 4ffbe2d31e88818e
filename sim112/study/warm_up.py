"""Whether the warm-up is long enough: how long the world remembers that it started empty.

A few replications are simulated twice more on the same calls: once in full, and once with everything left out
that was noticed in the first day, so that the world starts empty a day late, at the same hour. What the
second lacks of the first, averaged over the replications hour by hour, is the bias of an empty start and
nothing else: both face the same day, the same bad luck and the same roster. The world has settled where, over
the day to come, what is left of that bias is less than ``VISIBLE_SHARE`` of the level or not clear (its 95 %
interval over replications holds zero).

Averaging a state over replications to see it settle is P. Welch's method (The statistical analysis of
simulation results, 1983; A. Law, Simulation Modeling and Analysis). It is applied to the difference of two
runs because hours of the day and good and bad days move the states far more than the start does: MSER-5 on
the states themselves, with the day's profile taken out, raised a false alarm in 3 to 19 % of made-up worlds
that had settled, and could not place the point in those that had not.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from sim112.config.scenario import Scenario
from sim112.engine import choice
from sim112.engine.choice import Engine
from sim112.engine.contract import NONE, Bools, Calls, Ints, JobOutcome, Log, Outcome
from sim112.study import statistics
from sim112.study.replication import draw, world_of
from sim112.study.statistics import Floats

STEP_S = 3600.0
DAY_S = 86400.0
DAY_STEPS = round(DAY_S / STEP_S)

LOOK_S = 2 * DAY_S
"""How long after the late start is looked at; a day more than the warm-up, where that is longer."""

VISIBLE_SHARE = 0.01

STATES = ("calls in the system", "units busy", "jobs that wait for a unit")

NEVER_INSIDE = (Outcome.BARRED, Outcome.BLOCKED_OUTAGE, Outcome.BLOCKED_PLATFORM, Outcome.BLOCKED_LINES)


@dataclass(frozen=True)
class WarmUp:
    """The warm-up that is set, and for each state how long it takes to fill from empty.

    ``needed_s`` is None for a state that had not settled a day before the end of what was looked at.
    ``bias_share`` is what is left of the bias in the day after the warm-up that is set.
    """

    set_s: float
    needed_s: tuple[tuple[str, float | None], ...]
    bias_share: tuple[tuple[str, float], ...]

    @property
    def short_for(self) -> tuple[str, ...]:
        """The states that need longer than is set."""
        return tuple(
            state for state, needed_s in self.needed_s if needed_s is None or needed_s > self.set_s
        )

    @property
    def wanted_s(self) -> float | None:
        """The warm-up that would be long enough for all states; None where that could not be seen."""
        needed = [needed_s for _, needed_s in self.needed_s]
        return None if None in needed else max(one for one in needed if one is not None)


def check_warm_up(scenario: Scenario, engine: Engine) -> WarmUp | None:
    """Look at ``precision.warm_up_replications`` again; None where that is fewer than two.

    Calls that come from a log are not looked at: it ends where it ends.
    """
    number = scenario.precision.warm_up_replications
    if number < 2 or scenario.demand.call_log is not None:
        return None
    look_s = max(LOOK_S, DAY_S + STEP_S * float(np.ceil(scenario.clock.warm_up_s / STEP_S)))
    times = {"warm_up_s": 0.0, "report_s": DAY_S + look_s, "cool_down_s": 0.0}
    longer = scenario.model_copy(update={"clock": scenario.clock.model_copy(update=times)})
    world = world_of(longer)
    full: list[Floats] = []
    late: list[Floats] = []
    for replication in range(number):
        calls = draw(longer, replication)
        for series, its in ((full, calls), (late, without_start(calls, DAY_S))):
            log = choice.simulate(engine, world, its)
            series.append(levels(log, longer.clock.end_s)[:, DAY_STEPS:])
    return judge(np.stack(full), np.stack(late), scenario.clock.warm_up_s)


def judge(full: Floats, late: Floats, warm_up_s: float) -> WarmUp:
    """Judge a warm-up by the states of a full world and of one that just started empty.

    Both are [replications, states, steps of ``STEP_S``].
    """
    needed: list[tuple[str, float | None]] = []
    bias: list[tuple[str, float]] = []
    from_step = int(np.ceil(warm_up_s / STEP_S))
    for name, this, other in zip(STATES, np.moveaxis(full, 1, 0), np.moveaxis(late, 1, 0), strict=True):
        days = [slice(step, step + DAY_STEPS) for step in range(this.shape[1] - DAY_STEPS + 1)]
        found = next((day.start for day in days if not _is_off(this[:, day], other[:, day])), None)
        needed.append((name, None if found is None else found * STEP_S))
        level, left = this[:, days[from_step]].mean(), (this - other)[:, days[from_step]].mean()
        bias.append((name, float(left / level) if level > 0 else 0.0))
    return WarmUp(warm_up_s, tuple(needed), tuple(bias))


def _is_off(full: Floats, late: Floats) -> bool:
    """Whether the states of a day differ clearly and visibly."""
    gap = statistics.mean_interval((full - late).mean(axis=1))
    is_clear = bool(gap.low > 0 or gap.high < 0)
    return is_clear and abs(float(gap.value)) >= VISIBLE_SHARE * float(full.mean())


# ---- a late start, and the states --------------------------------------------------------------------------


def without_start(calls: Calls, from_s: float) -> Calls:
    """The calls without every incident noticed, and every other caller who starts, before a moment."""
    incidents = calls.incident_noticed_s >= from_s
    needs = incidents[calls.need_incident]
    of_incident = calls.caller_incident >= 0
    callers = np.where(of_incident, False, calls.caller_start_s >= from_s)
    callers[of_incident] = incidents[calls.caller_incident[of_incident]]
    dials = np.repeat(callers, np.diff(calls.dial_start))
    kept: dict[str, Bools] = {"incident": incidents, "need": needs, "caller": callers, "dial": dials}
    parts = {
        field.name: getattr(calls, field.name)[kept[field.name.partition("_")[0]]]
        for field in fields(calls)
        if field.name not in ("need_start", "dial_start", "dial_second")
    }
    number = np.append(np.cumsum(incidents) - 1, NONE)  # the last for who reports no incident
    parts["need_incident"] = number[parts["need_incident"]]
    parts["caller_incident"] = number[parts["caller_incident"]]
    dial_start = _starts(calls.dial_start, callers)
    on_112 = (calls.dial_second - calls.dial_start[:-1])[callers]
    plain = {name: part.astype(getattr(calls, name).dtype) for name, part in parts.items()}
    return replace(
        calls,
        **plain,
        need_start=_starts(calls.need_start, incidents),
        dial_start=dial_start,
        dial_second=(dial_start[:-1] + on_112).astype(calls.dial_second.dtype),
    )


def _starts(start: Ints, kept: Bools) -> Ints:
    """Where the parts of each kept one start, and where the last ends."""
    starts: Ints = np.concatenate([[0], np.cumsum(np.diff(start)[kept])]).astype(start.dtype)
    return starts


def levels(log: Log, end_s: float) -> Floats:
    """How many calls are in the system, units busy and jobs waiting: each step's mean, [states, steps]."""
    inside = ~np.isin(log.call_outcome, NEVER_INSIDE)
    gone_s = np.where(np.isnan(log.call_left_s), log.call_talk_end_s, log.call_left_s)
    in_system = _number_in(log.call_offered_s[inside], gone_s[inside], end_s)
    busy = _number_in(log.job_assigned_s, log.job_available_s, end_s)
    waits = log.job_outcome != JobOutcome.LOST
    waiting = _number_in(log.job_alerted_s[waits], log.job_assigned_s[waits], end_s)
    return np.stack([in_system, busy, waiting])


def _number_in(from_s: Floats, to_s: Floats, end_s: float) -> Floats:
    """Mean number of things that have begun and not ended, by step; what never ends stays until the end."""
    has_begun = ~np.isnan(from_s)
    begun = np.sort(from_s[has_begun])
    ended = np.sort(np.where(np.isnan(to_s), end_s, to_s)[has_begun])
    at_s: Floats = np.arange(int(end_s // STEP_S) + 1, dtype=np.float64) * STEP_S
    number: Floats = np.diff(_since(begun, at_s) - _since(ended, at_s)) / STEP_S
    return number


def _since(instants_s: Floats, at_s: Floats) -> Floats:
    """The sum, over the instants before each point, of the time since."""
    before = np.searchsorted(instants_s, at_s)
    sums = np.concatenate([[0.0], np.cumsum(instants_s)])
    since: Floats = before * at_s - sums[before]
    return since
