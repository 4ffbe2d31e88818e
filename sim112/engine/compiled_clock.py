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
# comes.


@inlined
def set_timer(sim: Simulation, time_s: float, rank: int, identity: int, turn: int) -> None:
    clock = sim.clock[0]
    if clock.hand_s < inf:
        rise(sim.timers, clock.timers, clock.hand_s, clock.hand_key)
        clock.timers += 1
    clock.hand_s = time_s
    clock.hand_key = event_key(rank, identity, turn)


@inlined
def is_hand_first(sim: Simulation) -> bool:
    clock, timers = sim.clock[0], sim.timers
    return bool(
        clock.timers == 0
        or clock.hand_s < timers[0].time_s
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
            if last > 0:
                sink(timers, last, timers[last].time_s, timers[last].key)
    clock.hand_s = inf


@inlined
def rise(timers: Records, place: int, time_s: float, key: int) -> None:
    """Put a timer where it belongs between the free place and the top."""
    while place > 0:
        parent = (place - 1) >> 1
        if timers[parent].time_s < time_s or (timers[parent].time_s == time_s and timers[parent].key < key):
            break
        timers[place].time_s = timers[parent].time_s
        timers[place].key = timers[parent].key
        place = parent
    timers[place].time_s = time_s
    timers[place].key = key


@inlined
def sink(timers: Records, count: int, time_s: float, key: int) -> None:
    """Put a timer where it belongs below the top, which is free."""
    place, child = 0, 1
    while child < count:
        # the earlier of two, taken without a branch, as no processor can foresee which it is
        other = child + (child + 1 < count)
        at_s, other_s = timers[child].time_s, timers[other].time_s
        is_other = (other_s < at_s) | ((other_s == at_s) & (timers[other].key < timers[child].key))
        child += (other - child) * is_other
        if time_s < timers[child].time_s or (time_s == timers[child].time_s and key < timers[child].key):
            break
        timers[place].time_s = timers[child].time_s
        timers[place].key = timers[child].key
        place, child = child, 2 * child + 1
    timers[place].time_s = time_s
    timers[place].key = key


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
