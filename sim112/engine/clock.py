"""Simulated time for the reference engine: SimPy events at absolute times, in the contract's order."""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappush
from typing import Any

import simpy

from sim112.engine.rules import event_key

Story = Generator[simpy.Event, Any, None]
"""What happens to one caller or one unit, told as a generator that yields the event it waits for."""


class Clock(simpy.Environment):
    """Simulated time, with events pushed at absolute times under the contract's key."""

    def push(self, event: simpy.Event, time_s: float, key: int) -> None:
        # SimPy orders by (time, priority, number of creation); two events never share a key, so no number is
        # needed
        heappush(self._queue, (time_s, key, 0, event))  # type: ignore[misc]


class Timer(simpy.Event):
    """An event at ``time_s`` whose priority is its key ``(rank, id, turn)``; a story may yield it.

    ``simpy.Timeout`` would order the events of one instant by the order of their creation, which is an
    accident of the program; the key makes it a rule of the model.
    """

    _ok = True
    _value = None

    def __init__(self, clock: Clock, time_s: float, rank: int, identity: int, turn: int = 0) -> None:
        # Event.__init__ is left out, as in simpy.Timeout, because most of a run is spent making timers
        self.env = clock
        self.callbacks = []
        clock.push(self, time_s, event_key(rank, identity, turn))

    def then(self, callback: Callable[[Any], None]) -> None:
        """Call ``callback`` with this event when its time comes."""
        assert self.callbacks is not None
        self.callbacks.append(callback)


def happen(event: simpy.Event, _: Any = None) -> None:
    """Let an event that was never scheduled happen now, inside the current one."""
    for callback in event.callbacks:
        callback(event)


def tell(story: Story) -> None:
    """Run a story until it waits for an event, and on from there whenever that event happens.

    ``simpy.Process`` without events of its own for its start and its end: a story begins inside the event
    that caused it, so that all an event causes is done before the next one, and the event list holds nothing
    but timers.
    """

    def resume(_: Any = None) -> None:
        for event in story:
            event.callbacks.append(resume)
            return

    resume()
