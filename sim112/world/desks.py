"""The desks of one scenario: the deployed 112 centres, the agencies' own numbers, who is on duty when.

Desks of a province are the 112 centres or hubs first, in order of the first regency they serve, then every
agency's own number, regency by regency in the fixed order of agencies. Desks of a small world are the rows of
its ``desks.csv``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sim112.config.answering import Answering, OwnNumber, Platform
from sim112.config.clock import Clock
from sim112.config.composition import suggestion
from sim112.config.demand import AGENCIES
from sim112.config.deployment import Deployment
from sim112.config.scenario import Scenario
from sim112.config.staffing import DAY_H, Roster, Staffing
from sim112.engine.contract import NONE, TICKS_PER_S
from sim112.errors import InputError
from sim112.world.area import Area, Regency
from sim112.world.small import SmallArea

DAY_S = 86400.0
HOUR_S = 3600.0
STATUS_DATE = date(2021, 12, 1)  # of the column has_112_2021_12

Steps = tuple[tuple[float, int], ...]
"""A number from each time on, s: the state at 0 and each later change before the end."""


@dataclass(frozen=True)
class Desk:
    """One place that answers for the regencies at the positions ``members``; ``agency`` is -1 for 112.

    ``platform`` and ``overflow`` are positions among the platforms and the desks, -1 for none.
    """

    name: str
    agency: int
    members: tuple[int, ...]
    lines: int
    platform: int
    announcement_s: float
    bar_after: int
    call_takers: Steps
    dispatchers: Steps
    opening: Steps
    overflow: int = NONE


def desks_of(scenario: Scenario, area: Area) -> tuple[list[Desk], dict[str, Platform]]:
    """The desks of a scenario in the order of their ids, and by key the platforms that rent them lines.

    Raises InputError where the scenario does not fit the area.
    """
    answering = scenario.answering
    if isinstance(area, SmallArea):
        _check_all_read(scenario)
        platforms = {platform.name: platform for platform in area.platforms}
        _check_outages(answering, platforms)
        return _desks_of_tables(scenario, area), platforms
    _check_outages(answering, answering.platforms)
    centres = list(_centres(scenario, area, deployed_labels(scenario.deployment, area)))
    desks = [*_with_overflow(answering.overflow_to, centres, area), *_own_numbers(scenario, area)]
    return desks, answering.platforms


def _check_all_read(scenario: Scenario) -> None:
    """Raise InputError for a changed setting that a small world, with desks of its own, never reads."""
    deployment, staffing, answering = scenario.deployment, scenario.staffing, scenario.answering
    tables = "the tables of a small world (or area.desk)"
    for key, value, unset, where in (
        ("area.regencies", list(scenario.area.regencies), [], "a small world is simulated whole"),
        ("deployment.add", list(deployment.add), [], f"{tables} say which desks there are"),
        ("deployment.remove", list(deployment.remove), [], f"{tables} say which desks there are"),
        ("staffing.call_takers", staffing.call_takers, None, f"{tables} say who is on duty"),
        ("staffing.dispatchers", staffing.dispatchers, None, f"{tables} say who is on duty"),
        ("answering.overflow_to", answering.overflow_to, "none", f"{tables} say where a desk overflows to"),
        ("fleet.scale", set(scenario.fleet.scale.model_dump().values()), {1.0}, "units.csv has its units"),
    ):
        if value != unset:
            raise InputError(f"{key} is {value}, which a small world does not read: {where}; leave it out")


def _check_outages(answering: Answering, platforms: Iterable[str]) -> None:
    """Raise InputError for an outage of a platform that is not there."""
    for at, outage in enumerate(answering.outages):
        if outage.platform not in platforms:
            known = ", ".join(platforms)
            mend = f"use one of {known}" if known else "name one in desks.csv (or area.desk.platform)"
            raise InputError(
                f"answering.outages.{at}.platform is {outage.platform!r}, which is no platform; {mend}"
            )


def _desks_of_tables(scenario: Scenario, area: SmallArea) -> list[Desk]:
    """The rows of ``desks.csv`` as desks, open all the time; no regency is served twice by desks alike."""
    answering, end_s = scenario.answering, scenario.clock.end_s
    is_fresh = scenario.staffing.shift_end == "fresh_crew"
    platforms = [platform.name for platform in area.platforms]
    names = [row.name for row in area.desks]
    desks = []
    for row in area.desks:
        agency = AGENCIES.index(row.agency) if row.agency else NONE
        announcement_s = 0.0 if row.agency else answering.announcement_s
        own: Answering | OwnNumber = getattr(answering.agencies, row.agency) if row.agency else answering
        desks.append(
            Desk(
                name=row.name,
                agency=agency,
                members=row.serves,
                lines=row.lines,
                platform=platforms.index(row.platform) if row.platform else NONE,
                announcement_s=announcement_s if row.announcement_s is None else row.announcement_s,
                bar_after=own.bar_after,
                call_takers=steps_on_grid(row.call_takers, end_s, keep_all=is_fresh),
                dispatchers=steps_on_grid(row.dispatchers, end_s, keep_all=is_fresh),
                opening=((0.0, 1),),
                overflow=names.index(row.overflow_to) if row.overflow_to else NONE,
            )
        )
    return desks


def deployed_labels(deployment: Deployment, area: Area) -> frozenset[str]:
    """Labels of the regencies whose callers reach a 112 centre; see ``Deployment`` for the rules."""
    deployed = {regency.label for regency in area.regencies if _has_centre(deployment, regency)}
    here = {regency.label for regency in area.regencies}
    return frozenset((deployed | set(deployment.add)) & here - set(deployment.remove))


def _has_centre(deployment: Deployment, regency: Regency) -> bool:
    if deployment.centres != "known":
        return deployment.centres == "all"
    launched = _launch_date(regency.launch_date)
    if launched is not None:
        return launched <= deployment.as_of
    if regency.has_112_2021_12 == "yes":
        # the date of its launch is unknown, but it had one on the day of the statuses
        return deployment.as_of >= STATUS_DATE or deployment.unknown_112 == "upper"
    if regency.has_112_2021_12 == "no":
        return False
    return deployment.unknown_112 == "upper"


def _launch_date(text: str) -> date | None:
    """A launch date of the table: a day, or a month, which counts from its first day; None if empty."""
    if not text:
        return None
    try:
        return date.fromisoformat(text if len(text) > len("2021-12") else f"{text}-01")
    except ValueError:
        raise InputError(f"regencies.csv: launch_date is {text!r}; give 2021-12-31 or 2021-12") from None


def _centres(scenario: Scenario, area: Area, deployed: frozenset[str]) -> Iterator[Desk]:
    """The 112 desks in order of the first regency they serve."""
    grouping, answering = scenario.deployment.grouping, scenario.answering
    groups: dict[str, list[int]] = {}
    for at, regency in enumerate(area.regencies):
        if regency.label in deployed:
            group = {
                "regency": regency.label,
                "residency": f"hub {regency.residency}",
                "province": "province",
            }[grouping]
            if grouping == "residency" and not regency.residency:
                raise InputError(
                    f"regencies.csv: {regency.label} has no residency; give it one, or group otherwise"
                )
            groups.setdefault(group, []).append(at)
    in_turn = _platforms_in_turn(answering, area) if grouping == "regency" else {}
    platforms = list(answering.platforms)
    by_roster: dict[str, tuple[Steps, Steps, Steps]] = {}  # many desks share a roster
    _check_desk_names(scenario, area)
    for at, (group, members) in enumerate(groups.items()):
        first = area.regencies[members[0]]
        lines: int = getattr(answering.lines, grouping)
        if grouping == "regency":
            lines = answering.lines_of.get(first.label, lines)
        name = f"112 {group}"
        roster = scenario.staffing.roster_of_desk.get(name, _roster_of(scenario.staffing, grouping, first))
        if roster not in by_roster:
            by_roster[roster] = _on_duty(scenario.clock, scenario.staffing.rosters[roster], scenario.staffing)
        call_takers, dispatchers, opening = by_roster[roster]
        yield Desk(
            name=name,
            agency=NONE,
            members=tuple(members),
            lines=answering.lines_of_desk.get(name, lines),
            platform=platforms.index(in_turn[first.label]) if in_turn else at % len(platforms),
            announcement_s=answering.announcement_s,
            bar_after=answering.bar_after,
            call_takers=call_takers,
            dispatchers=dispatchers,
            opening=opening,
        )


def _check_desk_names(scenario: Scenario, area: Area) -> None:
    """Raise InputError for the name of a desk that no deployment of the area has."""
    known = {f"112 {regency.label}" for regency in area.regencies}
    known |= {f"112 hub {regency.residency}" for regency in area.regencies} | {"112 province"}
    if scenario.area.regencies:
        return  # a part of an area: the other desks are not here
    for key, names in (
        ("staffing.roster_of_desk", scenario.staffing.roster_of_desk),
        ("answering.lines_of_desk", scenario.answering.lines_of_desk),
    ):
        for name in names:
            if name not in known:
                raise InputError(f"{key}: there is no desk {name!r}; {suggestion(name, known)}")


def _platforms_in_turn(answering: Answering, area: Area) -> dict[str, str]:
    """The platform of every regency, centre or not, so that a launch moves no other centre's platform."""
    platforms = list(answering.platforms)
    free = sorted((r for r in area.regencies if r.label not in answering.allocation), key=lambda r: r.code)
    in_turn = {regency.label: platforms[at % len(platforms)] for at, regency in enumerate(free)}
    return in_turn | answering.allocation


def _roster_of(staffing: Staffing, grouping: str, first: Regency) -> str:
    """The roster of a centre: by name, by size, or by what it serves."""
    if grouping == "residency":
        return staffing.residency_centre
    if grouping == "province":
        return staffing.province_centre
    small = first.population < staffing.small_below_population
    return staffing.roster_of.get(first.label, staffing.small_centre if small else staffing.centre)


def _own_numbers(scenario: Scenario, area: Area) -> Iterator[Desk]:
    """Every agency's own number in every regency, round the clock."""
    numbers: list[OwnNumber] = [getattr(scenario.answering.agencies, agency) for agency in AGENCIES]
    always: Steps = ((0.0, 1),)
    for at, regency in enumerate(area.regencies):
        for number, (agency, own) in enumerate(zip(AGENCIES, numbers, strict=True)):
            yield Desk(
                name=f"{agency} {regency.label}",
                agency=number,
                members=(at,),
                lines=own.lines,
                platform=NONE,
                announcement_s=0.0,
                bar_after=own.bar_after,
                call_takers=((0.0, own.call_takers),),
                dispatchers=((0.0, 0),),
                opening=always,
            )


def _with_overflow(overflow_to: str, centres: Sequence[Desk], area: Area) -> list[Desk]:
    """The 112 desks, and for each the desk that takes whom it cannot."""
    if overflow_to == "none":
        return list(centres)
    desk_of = {member: at for at, desk in enumerate(centres) for member in desk.members}
    taker = {regency.label: desk_of.get(at, NONE) for at, regency in enumerate(area.regencies)}
    found = []
    for at, desk in enumerate(centres):
        if overflow_to == "neighbour":
            codes = [area.regencies[member].code for member in desk.members]
            others = {taker[r.label] for code in codes for r in area.neighbours_of(code)} - {NONE, at}
            near = sorted(others, key=lambda other: (-centres[other].lines, other))
            found.append(near[0] if near else NONE)
        else:
            to = taker.get(overflow_to, NONE)
            found.append(NONE if to == at else to)
    return [replace(desk, overflow=to) for desk, to in zip(centres, found, strict=True)]


def _on_duty(clock: Clock, roster: Roster, staffing: Staffing) -> tuple[Steps, Steps, Steps]:
    """Call-takers, dispatchers and opening of one desk over the simulated time.

    Where each step brings a fresh crew, a shift that begins or ends is a step, though the number may stay;
    one number in place of those of the roster has no shifts.
    """
    weekday = int(clock.start_of_week_s // DAY_S)
    last_day = int((clock.start_of_day_s + clock.end_s) // DAY_S)
    hours = [
        (day * DAY_S + hour * HOUR_S - clock.start_of_day_s, (weekday + day) % 7 * DAY_H + hour)
        for day in range(last_day + 1)
        for hour in roster.edges_h()
    ]
    is_fresh = staffing.shift_end == "fresh_crew"

    def when_open(
        number_at: Callable[[float], int], changes_at: Callable[[float], bool], one: int | None
    ) -> Steps:
        steps: list[tuple[float, int]] = []
        for time_s, hour in hours:
            number = number_at(hour) if one is None else one
            number = number if roster.is_open(hour) else 0
            is_new_crew = is_fresh and one is None and changes_at(hour)
            if time_s <= 0.0 or number != steps[-1][1] or is_new_crew:
                steps.append((time_s, number))
        return steps_on_grid(steps, clock.end_s, keep_all=True)

    return (
        when_open(roster.call_takers_at, roster.call_takers_change_at, staffing.call_takers),
        when_open(roster.dispatchers_at, roster.dispatchers_change_at, staffing.dispatchers),
        when_open(lambda _: 1, lambda _: False, 1),
    )


def steps_on_grid(values: Iterable[tuple[float, int]], end_s: float, keep_all: bool = False) -> Steps:
    """The state at 0 and each later change before the end, on the grid; values come in order of time.

    ``keep_all``: a step to the same number is one too. Of steps at one instant the last counts.
    """
    steps: list[tuple[float, int]] = []
    for time_s, value in values:
        at_s = max(round(time_s * TICKS_PER_S) / TICKS_PER_S, 0.0)
        if steps and steps[-1][0] == at_s:
            steps.pop()
        if not steps or (at_s < end_s and (keep_all or value != steps[-1][1])):
            steps.append((at_s, value))
    return tuple(steps)
