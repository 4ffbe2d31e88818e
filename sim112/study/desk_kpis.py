"""What a world fixes about its desks, whatever happens: rosters, opening hours, costs, people covered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim112.config.costs import Costs
from sim112.engine.contract import NO_LIMIT, NONE, Change, Floats, Ints, World
from sim112.study.totals import Totals

DAY_S = 86400.0
YEAR_S = 365.25 * DAY_S
WEEK_S = 7 * DAY_S


class Steps(NamedTuple):
    """A number at each desk as it steps in time; 0 before the first step."""

    start: Ints  # [D + 1] rows of each desk
    from_s: Floats
    value: Ints


def steps_of(world: World, what: Change) -> Steps:
    """The steps of one kind of change at every desk, in order of time."""
    desks = len(world.desk_name)
    rows = np.flatnonzero((world.change_what == what) & (world.change_subject < desks))
    rows = rows[np.argsort(world.change_subject[rows], kind="stable")]
    start = np.searchsorted(world.change_subject[rows], np.arange(desks + 1))
    return Steps(start, world.change_time_s[rows], world.change_value[rows])


def put_desks(totals: Totals, world: World, costs: Costs) -> None:
    """Sum who is rostered when at each desk, what the centres cost, and whom they cover."""
    columns = _desk_columns(world, costs)
    desks = len(world.desk_name)
    totals.put("desk", columns)
    totals.add({"service": world.desk_agency + 1, "province": np.zeros(desks, np.int64)}, columns)
    of_regency = desk_of_regency(world)
    totals.put(
        "regency_112", {name: np.append(values, np.nan)[of_regency] for name, values in columns.items()}
    )

    span_s = world.report_to_s - world.report_from_s
    open_share = np.append(columns["open_s"], 0.0)[of_regency] / span_s
    covered = world.regency_population * open_share * (span_s / YEAR_S)
    totals.put("regency", {"people_covered_years": covered})
    totals.put("province", {"people_covered_years": float(covered.sum())})


def desk_of_regency(world: World) -> Ints:
    """The desk that serves 112 in each regency, [R]; one after the last where there is none."""
    desk: Ints = np.where(world.regency_desk == NONE, len(world.desk_name), world.regency_desk)
    return desk


def _desk_columns(world: World, costs: Costs) -> dict[str, Floats]:
    """What is fixed by desk, [D], clipped to the reported time; who is rostered counts as signed in."""
    call_takers, dispatchers, opening = (
        steps_of(world, what) for what in (Change.CALL_TAKERS, Change.DISPATCHERS, Change.OPEN)
    )
    columns = {
        name: np.zeros(len(world.desk_name))
        for name in (
            *("call_taker_signed_in_s", "dispatcher_signed_in_s"),
            *("open_s", "one_person_s", "unattended_s"),
        )
    }
    for desk in range(len(world.desk_name)):
        from_s, (people, others, is_open) = _together(desk, call_takers, dispatchers, opening)
        lasts_s = np.diff(np.clip([*from_s, np.inf], world.report_from_s, world.report_to_s))
        # a number without limit is no roster: nobody is signed in, and their occupancy is undefined
        columns["call_taker_signed_in_s"][desk] = lasts_s @ np.where(people < NO_LIMIT, people, 0)
        columns["dispatcher_signed_in_s"][desk] = lasts_s @ np.where(others < NO_LIMIT, others, 0)
        if world.desk_agency[desk] == NONE:
            columns["open_s"][desk] = lasts_s @ is_open
            columns["one_person_s"][desk] = lasts_s @ ((people == 1) & (is_open == 1))
            columns["unattended_s"][desk] = lasts_s @ ((people == 0) & (is_open == 1))

    span_s = world.report_to_s - world.report_from_s
    opens = columns["open_s"] > 0
    rostered_h = (columns["call_taker_signed_in_s"] + columns["dispatcher_signed_in_s"]) / 3600
    cost_rp = costs.rp_per_centre_year * span_s / YEAR_S + rostered_h * costs.rp_per_rostered_hour
    return columns | {
        "centre_window_s": np.where(opens, span_s, 0.0),
        "cost_rp": np.where(opens, cost_rp, 0.0),
        "line_window_s": np.where(world.desk_lines < NO_LIMIT, span_s, 0.0),
    }


def _together(desk: int, *steps: Steps) -> tuple[Floats, list[Ints]]:
    """The instants at which any of some numbers steps at a desk, and each number from then on."""
    own = [slice(one.start[desk], one.start[desk + 1]) for one in steps]
    from_s = np.unique(np.concatenate([one.from_s[rows] for one, rows in zip(steps, own, strict=True)]))
    return from_s, [
        np.append(0, one.value[rows])[np.searchsorted(one.from_s[rows], from_s, side="right")]
        for one, rows in zip(steps, own, strict=True)
    ]
