"""What a check against theory is: a case, its rows, and how near is near enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim112.config.scenario import Scenario, compose
from sim112.study.definitions import BY_KEY

WORLDS = Path(__file__).parent / "worlds"
"""The tables of the small worlds that have more than one desk."""

RELATIVE = 0.02
SHARE = 0.005
OF_SHARE = 0.1
"""A share, and what is missing to 1, is never told less exactly than to this part of itself."""

LOG_UNITS = {
    "unit_utilisation": "share",
    "dispatch_share": "share",
    "out_of_area_share": "share",
    "ticket_wait_s": "s",
    "ticket_waited_share": "share",
    "day_count_variance": "calls^2",
}
"""What no measure of the study has, read from the saved log (``logs``), with its unit."""


@dataclass(frozen=True)
class Tolerance:
    """How far the interval may reach from the exact value: a part of that value, or so much in its unit."""

    relative: float | None = None
    absolute: float | None = None
    reason: str = ""

    def of(self, exact: float) -> float:
        """The tolerance in the unit of the measure."""
        if self.absolute is not None:
            return self.absolute
        assert self.relative is not None
        return self.relative * abs(exact)


@dataclass(frozen=True)
class Row:
    """One measure of a case, and what it must be.

    ``exact`` has a value for each of ``members`` of the scope (all of them where empty); the row is then
    about the worst of them. ``of`` says in a word whom it is about. ``published`` is the source of a
    published value, empty where the value is computed from the case's formula. ``within`` None: the rule of
    ``usual_tolerance``.
    """

    measure: str
    exact: tuple[float, ...]
    scope: str = "province"
    members: tuple[str, ...] = ()
    of: str = ""
    published: str = ""
    within: Tolerance | None = None

    @property
    def unit(self) -> str:
        return LOG_UNITS[self.measure] if self.is_read_from_log else BY_KEY[self.measure].unit

    @property
    def is_read_from_log(self) -> bool:
        return self.measure in LOG_UNITS

    def tolerance_of(self, exact: float) -> float:
        """How far the ends of the interval may be from an exact value."""
        return usual_tolerance(self.unit, exact) if self.within is None else self.within.of(exact)


def usual_tolerance(unit: str, exact: float) -> float:
    """2 %; for a share 0.005, and never more than a tenth of the share or of what is missing to 1.

    Without the tenth, a share of 0.003 would also pass if nothing at all had happened.
    """
    if unit != "share":
        return RELATIVE * abs(exact)
    return min(SHARE, OF_SHARE * abs(exact), OF_SHARE * abs(1 - exact))


@dataclass(frozen=True)
class Controls:
    """What is known of the drawn calls whatever the queue does: calls a second, and their mean talk, s.

    How far a replication's calls are from that explains much of how far its queue is from theory; regressing
    on it takes that luck out (control variates: A. Law, Simulation Modeling and Analysis, ch. 11).
    """

    calls_per_s: float
    talk_s: float


@dataclass(frozen=True)
class Case:
    """A system with a known answer, as a configuration.

    ``words`` are changes to the scenario ``one_desk``; ``tables`` names a folder of ``worlds`` where one desk
    is not enough. ``rows`` computes what is expected, when it is wanted. ``source`` is the formula's.
    """

    name: str
    title: str
    source: str
    rows: Callable[[], tuple[Row, ...]]
    words: tuple[str, ...]
    replications: int = 40
    tables: str = ""
    controls: Controls | None = None

    @property
    def all_words(self) -> tuple[str, ...]:
        """Every change to the scenario ``one_desk``, as on the command line."""
        if not self.tables:
            return self.words
        folder = str(WORLDS / self.tables).replace("\\", "\\\\").replace("'", "\\'")
        return ("area=small", f"area.path='{folder}'", *self.words)

    def scenario(self, *overrides: str) -> Scenario:
        """The composed scenario, named as the case."""
        return compose(
            [
                *("scenario=one_desk", f"name={self.name}", f"replications={self.replications}"),
                *self.all_words,
                *overrides,
            ]
        )
