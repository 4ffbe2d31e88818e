"""The compiled engine's clock: the heap of timers, the shared rules compiled, and lines of things that wait.

Compiled functions allocate nothing: every table is made by ``compiled_tables`` before the loop is entered, so
they are compiled without reference counting.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import isfunction
from math import inf
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
import numpy as np

from sim112.engine import contract, rules
from sim112.engine.compiled_tables import Records, Simulation
from sim112.engine.rules import ID_BITS, TURN_BITS

Function = TypeVar("Function", bound=Callable[..., Any])


OPTIONS: dict[str, Any] = dict(nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""No reference counting, as nothing is allocated, and no way in from Python, which would be compiled too."""


def compiled(function: Function) -> Function:
    """Compile the function when the loop is compiled, as a part of it."""
    return cast(Function, numba.njit(**OPTIONS)(function))


def inlined(function: Function) -> Function:
    """The same, put in place of each call: for what is small or called once for most events."""
    return cast(Function, numba.njit(forceinline=True, **OPTIONS)(function))


def constant(value: int) -> int:
    """A whole number for compiled code.

    A plain one would count as a type of its own where it is passed on, and have functions compiled anew.
    """
    return cast(int, np.int64(value))


@inlined
def wide(number: int) -> int:
    """A whole number out of a narrow field, to be passed on: a narrow one would be another type."""
    return np.int64(number)  # type: ignore[return-value]


NONE, ZERO, ONE = constant(contract.NONE), constant(0), constant(1)


def compiled_rules() -> dict[str, Any]:
    """The functions of ``rules.py``, compiled, each seeing the others compiled."""
    scope = dict(vars(rules))
    for name, function in vars(rules).items():
        if isfunction(function) and function.__module__ == rules.__name__:
            scope[name] = inlined(FunctionType(function.__code__, scope, name))
    return scope


_rules = compiled_rules()
event_key = _rules["event_key"]
on_grid = _rules["on_grid"]
leg_s = _rules["leg_s"]
planned_s = _rules["planned_s"]
may_serve = _rules["may_serve"]
order_of_choice = _rules["order_of_choice"]
is_chosen_before = _rules["is_chosen_before"]
busy_s = _rules["busy_s"]
zone_on_way = _rules["zone_on_way"]

ID_MASK = (1 << ID_BITS) - 1
TURN_MASK = (1 << TURN_BITS) - 1


@inlined
def rank_of(key: int) -> int:
    return (key >> (ID_BITS + TURN_BITS)) - 1


@inlined
def id_of(key: int) -> int:
    return (key >> TURN_BITS) & ID_MASK


@inlined
def turn_of(key: int) -> int:
    return key & TURN_MASK


# ---- timers: a binary heap on (time, key), and the latest timer kept in hand -------------------------------
#
# The latest timer is often the next one to come, or else takes the place at the top of the one that does:
# both are cheaper than putting it into the heap and taking another out. An empty hand holds a time that never
# comes, and behind the end of the heap stands a timer that never comes, so that every timer has a neighbour.


@inlined
def set_timer(sim: Simulation, time_s: float, rank: int, identity: int, turn: int) -> None:
    clock, timers = sim.clock[0], sim.timers
    if clock.hand_s < inf:
        rise(timers, clock.timers, clock.hand_s, clock.hand_key)
        clock.timers += 1
        timers[clock.timers].time_s = inf
    clock.hand_s = time_s
    clock.hand_key = event_key(rank, identity, turn)


@inlined
def is_hand_first(sim: Simulation) -> bool:
    clock, timers = sim.clock[0], sim.timers
    return bool(
        clock.hand_s < timers[0].time_s
        or (clock.hand_s == timers[0].time_s and clock.hand_key < timers[0].key)
    )


@inlined
def drop_first_timer(sim: Simulation) -> None:
    """Take away the first timer: from the hand, or from the heap, whose top the one in hand then replaces."""
    clock, timers = sim.clock[0], sim.timers
    if not is_hand_first(sim):
        if clock.hand_s < inf:
            sink(timers, clock.timers, clock.hand_s, clock.hand_key)
        else:
            clock.timers -= 1
            last = clock.timers
            time_s, key = timers[last].time_s, timers[last].key
            timers[last].time_s = inf
            if last > 0:
                sink(timers, last, time_s, key)
    clock.hand_s = inf


@inlined
def timer_at(timers: Records, place: int) -> Any:
    """One of the timers; of a place without a sign nobody asks whether it counts from the end."""
    return timers[np.uint64(place)]


@inlined
def put_timer(timers: Records, place: int, time_s: float, key: int) -> None:
    timer = timer_at(timers, place)
    timer.time_s = time_s
    timer.key = key


@inlined
def rise(timers: Records, place: int, time_s: float, key: int) -> None:
    """Put a timer where it belongs between the free place and the top."""
    while place > 0:
        above = timer_at(timers, (place - 1) >> 1)
        if above.time_s < time_s or (above.time_s == time_s and above.key < key):
            break
        put_timer(timers, place, above.time_s, above.key)
        place = (place - 1) >> 1
    put_timer(timers, place, time_s, key)


@inlined
def sink(timers: Records, count: int, time_s: float, key: int) -> None:
    """Put a timer where it belongs below the top, which is free."""
    place, child = 0, 1
    while child < count:
        # the earlier of two, taken without a branch, as no processor can foresee which it is; few are tied
        one, other = timer_at(timers, child), timer_at(timers, child + 1)
        if one.time_s == other.time_s:
            child += other.key < one.key
        else:
            child += other.time_s < one.time_s
        below = timer_at(timers, child)
        if time_s < below.time_s or (time_s == below.time_s and key < below.key):
            break
        put_timer(timers, place, below.time_s, below.key)
        place, child = child, 2 * child + 1
    put_timer(timers, place, time_s, key)


# ---- lines: linked lists in the order of (since when, id, row) ---------------------------------------------


@inlined
def join_line(nodes: Records, line: Any, node: int, since_s: float, identity: int) -> None:
    """Stand in line; nearly always at its end, except among those who came at the same instant."""
    before = line.last
    while before != NONE and (
        nodes[before].line_since_s > since_s
        or (nodes[before].line_since_s == since_s and nodes[before].line_id > identity)
        or (nodes[before].line_since_s == since_s and nodes[before].line_id == identity and before > node)
    ):
        before = nodes[before].before
    after = line.first if before == NONE else nodes[before].after
    nodes[node].line_since_s = since_s
    nodes[node].line_id = identity
    nodes[node].before = before
    nodes[node].after = after
    if before == NONE:
        line.first = node
    else:
        nodes[before].after = node
    if after == NONE:
        line.last = node
    else:
        nodes[after].before = node


@inlined
def leave_line(nodes: Records, line: Any, node: int) -> None:
    before, after = nodes[node].before, nodes[node].after
    if before == NONE:
        line.first = after
    else:
        nodes[before].after = after
    if after == NONE:
        line.last = before
    else:
        nodes[after].before = before
