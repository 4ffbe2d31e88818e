"""The desks of a small world: the rows of its ``desks.csv``, or the one desk of the configuration."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim112.config.answering import Platform
from sim112.config.area import OneDesk, people_steps
from sim112.engine.contract import NO_LIMIT
from sim112.world.area import AGENCIES, Regency
from sim112.world.rows import Row, known_rows, one_of, suggest, unique

NOBODY = "none"  # in the column serves: a desk that only takes what overflows to it
LONGEST_S = 366 * 86400.0

COLUMNS = (
    *("desk", "agency", "serves", "lines", "call_takers", "dispatchers"),
    *("platform", "channels", "overflow_to", "announcement_s"),
)


@dataclass(frozen=True)
class DeskRow:
    """A row of ``desks.csv``; ``agency`` is empty for 112, ``serves`` positions of regencies.

    ``call_takers`` and ``dispatchers`` are steps (from second, number). ``announcement_s`` None: that of the
    configuration.
    """

    name: str
    agency: str
    serves: tuple[int, ...]
    lines: int
    call_takers: tuple[tuple[float, int], ...]
    dispatchers: tuple[tuple[float, int], ...]
    platform: str
    channels: int | None
    overflow_to: str
    announcement_s: float | None


def desk_rows(folder: Path) -> Iterator[Row]:
    """The rows of ``desks.csv``, of which only the name is needed."""
    return known_rows(folder / "desks.csv", COLUMNS[:1], COLUMNS[1:])


def row_of(desk: OneDesk) -> Row:
    """The one desk of the configuration as a row of ``desks.csv``."""
    cells = dict.fromkeys(COLUMNS, "")
    given = {name: str(value) for name, value in desk.model_dump().items() if value is not None}
    return Row("area.desk", 1, cells | given)


def read_desks(rows: Iterable[Row], regencies: Sequence[Regency]) -> Iterator[DeskRow]:
    """Check the rows of the desks; InputError where two desks alike serve one regency."""
    rows = list(rows)
    seen: dict[str, int] = {}
    served: dict[tuple[str, str], int] = {}
    names = [row.cells["desk"] for row in rows]
    agencies = {row.cells["desk"]: row.cells["agency"] for row in rows}
    channels: dict[str, tuple[int, str]] = {}
    for row in rows:
        name = unique(row, "desk", seen)
        agency = row.choice("agency", AGENCIES) if row.cells["agency"] else ""
        serves = _serves(row, [regency.label for regency in regencies])
        for at in serves:
            label = regencies[at].label
            if (agency, label) in served:
                what = f"{agency} desk" if agency else "112 desk"
                raise row.error(
                    "serves", f"row {served[agency, label]} is the {what} of {label} already; "
                    f"name other regencies, or {NOBODY} for a desk that only takes overflow",
                )  # fmt: skip
            served[agency, label] = row.number
        to = row.cells["overflow_to"]
        if to:
            one_of(row, "overflow_to", names, "desks.csv")
            if to == name:
                raise row.error("overflow_to", "a desk does not overflow to itself; name another, or none")
            if agencies[to] != agency:
                raise row.error("overflow_to", "that desk is of another agency; name one of the same agency")
        yield DeskRow(
            name=name,
            agency=agency,
            serves=serves,
            lines=row.count("lines", 1) if row.cells["lines"] else NO_LIMIT,
            call_takers=_people_on_duty(row, "call_takers", NO_LIMIT),
            dispatchers=_people_on_duty(row, "dispatchers", 0),
            platform=row.cells["platform"],
            channels=_channels(row, channels),
            overflow_to=to,
            announcement_s=(
                row.number_in("announcement_s", 0, LONGEST_S) if row.cells["announcement_s"] else None
            ),
        )


def _serves(row: Row, labels: Sequence[str]) -> tuple[int, ...]:
    """Positions of the regencies that a desk serves: all, none, or those named."""
    words = row.cells["serves"].split()
    if words == [NOBODY]:
        return ()
    for word in words:
        if word not in labels:
            raise row.error("serves", f"{word!r} is no regency of zones.csv{suggest(word, labels)}")
    return tuple(at for at, label in enumerate(labels) if not words or label in words)


def _people_on_duty(row: Row, column: str, empty: int) -> tuple[tuple[float, int], ...]:
    if not row.cells[column]:
        return ((0.0, empty),)
    try:
        return people_steps(row.cells[column])
    except ValueError as error:
        raise row.error(column, str(error)) from None


def _channels(row: Row, channels: dict[str, tuple[int, str]]) -> int | None:
    """The channels of the desk's platform, told at one of its desks or alike at several."""
    platform, told = row.cells["platform"], row.cells["channels"]
    if not told:
        return None
    if not platform:
        raise row.error("channels", "there is no platform; name one")
    number, first = channels.setdefault(platform, (row.number, told))
    if told != first:
        raise row.error("channels", f"row {number} gives platform {platform!r} {first}; make them agree")
    return row.count("channels", 1)


def platforms_of(desks: Sequence[DeskRow]) -> tuple[Platform, ...]:
    """The platforms that desks name, in order; without channels in any row a platform has no limit."""
    names = dict.fromkeys(desk.platform for desk in desks if desk.platform)
    told = {desk.platform: desk.channels for desk in desks if desk.channels is not None}
    return tuple(Platform(name=name, channels=told.get(name, NO_LIMIT)) for name in names)
