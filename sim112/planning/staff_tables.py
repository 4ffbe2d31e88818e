"""The tables that a sizing is saved as: desks, hours, shifts, budget, and what was compared beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from sim112.planning.options import OptionRow, Told
from sim112.planning.requirement import WEEK_H

if TYPE_CHECKING:
    from sim112.planning.staff import SizedScenario


def desk_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk: people, lines, cost, and what callers get on the fresh runs."""
    rows: list[dict[str, object]] = []
    for desk in result.desks:
        need = desk.requirement
        row: dict[str, object] = {
            "desk": need.desk,
            "load_erlang": desk.load_erlang,
            "call_taker_hours_theory": int(need.theory.sum()),
            "call_taker_hours_needed": int(need.call_takers.sum()),
            "call_taker_hours_on_duty": int(desk.call_takers.on_duty.sum()),
            "dispatcher_hours_needed": int(need.dispatchers.sum()),
            "hours_where_load_binds": need.binding.count("load"),
            "lines": desk.lines,
            "people": desk.people,
            "pattern": desk.call_takers.pattern,
            "rp_per_year": desk.budget.rp_per_year,
            "verified": desk.verified,
        }
        for level, value in zip(result.standard.answered, desk.answered_within_share, strict=True):
            row[f"answered_within_{level.within_s:g}_s_share"] = value
        rows.append(row)
    return rows


def hour_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk and hour of the week, 0 Monday 00:00-01:00."""
    return [
        {
            "desk": desk.requirement.desk,
            "hour_of_week": hour,
            "load_erlang": float(result.sizing.load[row, hour]),
            "theory": int(desk.requirement.theory[hour]),
            "call_takers": int(desk.requirement.call_takers[hour]),
            "call_takers_on_duty": int(result.sizing.on_duty.call_takers[row, hour]),
            "dispatchers": int(desk.requirement.dispatchers[hour]),
            "dispatchers_on_duty": int(result.sizing.on_duty.dispatchers[row, hour]),
            "binding": desk.requirement.binding[hour],
        }
        for row, desk in enumerate(result.desks)
        for hour in range(WEEK_H)
    ]


def shift_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk, role, shift and day of the week, 0 Monday."""
    return [
        {
            "desk": desk.requirement.desk,
            "role": role,
            "pattern": plan.pattern,
            "shift": shift.name,
            "day": shift.day,
            "from_h": shift.from_h,
            "to_h": shift.to_h,
            "people": shift.people,
        }
        for desk in result.desks
        for role, plan in (("call_taker", desk.call_takers), ("dispatcher", desk.dispatchers))
        if plan is not None
        for shift in plan.shifts
    ]


def budget_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk and budget line, Rp of the price year."""
    return [
        {
            "desk": desk.requirement.desk,
            "kind": line.kind,
            "payer": line.payer,
            "what": line.what,
            "quantity": line.quantity,
            "unit": line.unit,
            "rp_each": line.rp_each,
            "rp": line.rp,
            "low_rp": line.low_rp,
            "high_rp": line.high_rp,
            "basis": line.basis,
            "price_year": desk.budget.price_year,
        }
        for desk in result.desks
        for line in desk.budget.lines
    ]


def curve_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a desk, level of the target, and change of the people on duty."""
    return [asdict(point) for point in result.curve]


def sensitivity_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a circumstance that is other than assumed, all desks together."""
    return [asdict(change) for change in result.sensitivity]


def option_rows(result: SizedScenario) -> list[dict[str, object]]:
    """One row a time and variant of the plan; a measure has its interval and its difference in columns."""
    return [dict(_cells(row)) for row in result.options]


def _cells(row: OptionRow) -> Iterator[tuple[str, object]]:
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, Told):
            yield field.name, value.value
            for part in ("low", "high", "difference", "difference_low", "difference_high", "difference_p"):
                yield f"{field.name}_{part}", getattr(value, part)
        else:
            yield field.name, value
