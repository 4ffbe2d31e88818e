"""Hold simulated 112 centres against what is known of real ones, and print Markdown tables of the two.

The known figures are those of ``centres.csv`` and the few counts of incidents and reports named below. A
simulated figure *matches* when it lies within 15 % of the known one or within two standard errors of its
mean; known figures have errors of their own, which nobody states. Nothing here fits anything:
``docs/calibration.md`` says how the demand was calibrated, and bears the output of this script.
"""

import argparse
import csv
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

import sim112
from sim112.config.scenario import Scenario
from sim112.engine.contract import NONE, Change
from sim112.paths import data_dir
from sim112.study.definitions import BY_KEY
from sim112.study.desk_kpis import YEAR_S
from sim112.study.kpis import Measures, totals_by_replication
from sim112.study.replication import Batch, draw, replicate, world_of
from sim112.study.statistics import linearised_ratio

Floats = NDArray[np.float64]

BAND_SHARE = 0.15
STANDARD_ERRORS = 2.0
FEW_EVENTS = 30
DAYS_PER_YEAR = YEAR_S / 86400.0
HEALTH = ("medical_emergency", "planned_medical")
LAUNCHED = ("jepara", "kudus", "batang")
LAUNCH_OVERRIDES = ("demand=launch_weeks", f"demand.launch.regencies=[{','.join(LAUNCHED)}]")
PEOPLE_OF_THE_COUNTRY_2013 = 250e6  # general knowledge


@dataclass(frozen=True)
class Figure:
    """A simulated figure, with the standard error of its mean and how many things were counted for it."""

    value: float
    error: float
    events: float

    def text(self) -> str:
        return f"{self.value:.3g} ± {STANDARD_ERRORS * self.error:.2g}"


@dataclass(frozen=True)
class KnownCount:
    """A count that a source gives beside centres.csv, per day; ``key`` names the source."""

    what: str
    per_day: float
    key: str


@dataclass(frozen=True, eq=False)
class Run:
    """The measures of one scenario, by replication."""

    scenario: Scenario
    measures: Sequence[Measures]

    @cached_property
    def days(self) -> Floats:
        return totals_by_replication(self.measures, "days", "province")[:, 0]

    @cached_property
    def kind_names(self) -> tuple[str, ...]:
        return self.measures[0].members("kind")

    @cached_property
    def incident_kinds(self) -> tuple[str, ...]:
        return tuple(self.scenario.demand.kinds)

    def desk_at(self, name: str) -> int | None:
        desks = self.measures[0].members("desk")
        return desks.index(name) if name in desks else None

    def answered(self, desk: str, kinds: Iterable[str]) -> Floats:
        """Answered calls of some kinds at a desk, by replication."""
        at, columns = self.desk_at(desk), [self.kind_names.index(kind) for kind in kinds]
        return np.array([float(one.answered_by_kind[at, columns].sum()) for one in self.measures])

    def per_day(self, counts: Floats) -> Figure:
        return figure(counts, self.days)

    def measured(self, key: str, scope: str, member: str) -> float:
        """A measure over all replications: the ratio of its sums."""
        of = BY_KEY[key]
        at = self.measures[0].members(scope).index(member)
        above, below = (
            totals_by_replication(self.measures, column, scope)[:, at].sum()
            for column in (of.numerator, of.denominator)
        )
        return of.scale * float(above / below) if below > 0 else math.nan


def figure(numerator: Floats, denominator: Floats) -> Figure:
    """The ratio of two sums over replications, with its standard error."""
    values = linearised_ratio(numerator[:, None], denominator[:, None])[:, 0]
    error = float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
    return Figure(float(values.mean()), error, float(numerator.sum()))


def verdict(known: float, simulated: Figure) -> str:
    """Whether a simulated figure matches a known one."""
    gap = simulated.value - known
    near = abs(gap) <= BAND_SHARE * abs(known) or abs(gap) <= STANDARD_ERRORS * simulated.error
    if near:
        few = simulated.events < FEW_EVENTS
        return "matches (few events)" if few else "matches"
    ratio = f", {simulated.value / known:.2g} times" if known > 0 else ""
    return f"**{'high' if gap > 0 else 'low'}**{ratio}"


# ---- what is known -----------------------------------------------------------------------------------------

FIRES = {
    "kota_semarang": KnownCount("349 in 2024", 349 / 366, "indoraya_202601"),
    "kab_semarang": KnownCount("60 in January to July 2024", 60 / 213, "tribun_jateng_20240804"),
    "kendal": KnownCount("130 in January to October 2021", 130 / 304, "radar_semarang_20211102"),
}
RESCUES = {"kota_semarang": KnownCount("1,389 in 2024", 1389 / 366, "indoraya_202601")}
CRASHES = KnownCount("31,233 in 2023", 31233 / 365, "republika_20231229")
KOTA_SEMARANG_2024 = (  # 12,336 reports of the year by kind
    ("traffic accidents", ("traffic_accident",), KnownCount("1,832", 1832 / 366, "antara_jateng_567670")),
    ("other health", HEALTH, KnownCount("8,684", 8684 / 366, "antara_jateng_567670")),
)
EVERYTHING_ELSE_2024 = KnownCount("1,820", 1820 / 366, "antara_jateng_567670")
AGENCIES_AN_INCIDENT = KnownCount("259 assignments, 210 incidents", 259 / 210, "smpantura_20251031")


def known_centres() -> list[dict[str, str]]:
    """The rows of centres.csv that lie in Central Java."""
    with (data_dir() / "centres.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["in_central_java"] == "yes"]


def week_of(row: dict[str, str]) -> str:
    """Which simulated week a row of centres.csv is to be held against."""
    words = f"{row['period']} {row['note']}".lower()
    if row["regency_label"] in LAUNCHED and re.search(r"launch|first|trial|may 2025", words):
        return "launch"
    if "lebaran" in words:
        return "lebaran"
    return "dec_2021" if int(row["year"]) <= 2021 else "all_35"


def seats_by_hour(text: str) -> dict[int, int]:
    """The people on duty by local hour, of ``08-16 3;16-23 3;23-08 3`` or ``day 2`` (08 to 16)."""
    seats: dict[int, int] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        named = part.replace("day ", "08-16 ")
        shift = re.fullmatch(r"(\d\d)-(\d\d) (\d+)", named)
        if shift is None:
            raise ValueError(f"seats_by_shift is {part!r}; give 08-16 3")
        start, stop, people = (int(group) for group in shift.groups())
        for hour in range(start, stop if stop > start else stop + 24):
            seats[hour % 24] = people
    return seats


# ---- tables ------------------------------------------------------------------------------------------------

Row = Sequence[str]


def markdown(head: Row, rows: Iterable[Row]) -> str:
    lines = [" | ".join(cells).rstrip() for cells in (head, *rows)]
    return "\n".join(f"| {line} |" for line in (lines[0], " | ".join(["---"] * len(head)), *lines[1:]))


def centre_rows(runs: dict[str, Run]) -> Iterator[Row]:
    """Every figure of every row of centres.csv in Central Java beside the simulated one."""
    for row in known_centres():
        run = runs[week_of(row)]
        desk = f"112 {row['regency_label']}"
        every = run.answered(desk, run.kind_names)
        genuine = run.answered(desk, run.incident_kinds)
        nuisance = {"launch": ("prank", "ghost", "test")}.get(week_of(row), ("prank", "ghost"))
        figures = {
            "answered_per_day": ("answered a day", run.per_day(every)),
            "genuine_per_day": ("genuine a day", run.per_day(genuine)),
            "genuine_share": ("share genuine", figure(genuine, every)),
            "information_share": ("share information", figure(run.answered(desk, ["information"]), every)),
            "prank_share": ("share prank", figure(run.answered(desk, ["prank"]), every)),
            "ghost_share": ("share ghost", figure(run.answered(desk, ["ghost"]), every)),
        }
        both = ("share prank, ghost, test", figure(run.answered(desk, nuisance), every))
        where = (row["place"], row["period"], run.scenario.name)
        told = [column for column in figures if row[column]]
        for column in told:
            name, simulated = figures[column]
            if column == "prank_share" and week_of(row) == "launch":
                name, simulated = both  # at a launch a source calls every test call a prank
            known = float(row[column])
            yield (*where, name, row[column], simulated.text(), verdict(known, simulated))
        together = re.search(r"prank and ghost together (0\.\d+)", row["note"])
        if together:
            known = float(together[1])
            name, simulated = "share prank and ghost", figure(run.answered(desk, nuisance), every)
            yield (*where, name, together[1], simulated.text(), verdict(known, simulated))
        pranks = re.search(r"about (\d+) prank calls a day", row["note"])
        if pranks:
            simulated = run.per_day(run.answered(desk, ["prank"]))
            known = float(pranks[1])
            yield (*where, "prank a day", pranks[1], simulated.text(), verdict(known, simulated))
        if not told and not together and not pranks:
            yield (*where, "answered a day", "not told", run.per_day(every).text(), "")


def mix_rows(run: Run) -> Iterator[Row]:
    """The reports of Kota Semarang in 2024 by kind."""
    desk = "112 kota_semarang"
    named: set[str] = set()
    for name, kinds, known in KOTA_SEMARANG_2024:
        named |= set(kinds)
        simulated = run.per_day(run.answered(desk, kinds))
        yield name, known.what, f"{known.per_day:.2f}", simulated.text(), verdict(known.per_day, simulated)
    rest = [kind for kind in run.incident_kinds if kind not in named]
    simulated, known = run.per_day(run.answered(desk, rest)), EVERYTHING_ELSE_2024
    yield (
        "everything else",
        known.what,
        f"{known.per_day:.2f}",
        simulated.text(),
        verdict(known.per_day, simulated),
    )


def incident_rows(run: Run) -> Iterator[Row]:
    """Incidents by kind where they are counted."""
    scenario, world = run.scenario, world_of(run.scenario)
    kinds, places = run.incident_kinds, world.regency_name
    counts = []
    for replication in range(len(run.measures)):
        calls = draw(scenario, replication)
        counted = (calls.incident_noticed_s >= world.report_from_s) & (
            calls.incident_noticed_s < world.report_to_s
        )
        cell = calls.incident_regency[counted] * len(kinds) + calls.incident_kind[counted]
        counts.append(np.bincount(cell, minlength=len(places) * len(kinds)).reshape(-1, len(kinds)))
    by_place = np.stack(counts).astype(np.float64)  # [replications, regencies, kinds]

    def line(place: str, name: str, kind: str, known: KnownCount) -> Row:
        cells = by_place[:, :, kinds.index(kind)]
        counted = cells.sum(axis=1) if place == "province" else cells[:, places.index(place)]
        simulated = run.per_day(counted)
        match = verdict(known.per_day, simulated)
        return place, name, known.what, f"{known.per_day:.2f}", simulated.text(), match

    yield line("province", "crashes", "traffic_accident", CRASHES)
    for place, known in FIRES.items():
        yield line(place, "fires", "fire", known)
    for place, known in RESCUES.items():
        yield line(place, "rescues", "rescue", known)


def report_rows(run: Run) -> Iterator[Row]:
    """What is known of the agencies' own numbers and of agencies sent, all from other places or years."""
    people = world_of(run.scenario).regency_population.sum()
    police = [f"police {place}" for place in run.measures[0].members("regency")]
    for name, known, kinds in (
        ("calls of all sorts a day on 110, per million people", 18000.0, run.kind_names),
        ("real reports a day on 110, per million people", 101.0, run.incident_kinds),
    ):
        answered = np.sum([run.answered(desk, kinds) for desk in police], axis=0)
        simulated = figure(answered, run.days * people / 1e6)
        per_million = known / (PEOPLE_OF_THE_COUNTRY_2013 / 1e6)
        what = f"{known:,.0f} a day in the country in 2013"
        yield name, what, f"{per_million:.3g}", simulated.text(), verdict(per_million, simulated)
    simulated = figure(run.answered("ambulance batang", run.incident_kinds), run.days / (DAYS_PER_YEAR / 12))
    yield (
        "reports a month to the ambulance number of Batang",
        "28.6 in 2017",
        "28.6",
        simulated.text(),
        verdict(28.6, simulated),
    )
    needs, needing = (
        totals_by_replication(run.measures, column, "regency")[
            :, run.measures[0].members("regency").index("kab_tegal")
        ]
        for column in ("needs", "needing")
    )
    known_count, simulated = AGENCIES_AN_INCIDENT, figure(needs, needing)
    yield (
        "agencies an incident, Kab. Tegal",
        known_count.what,
        f"{known_count.per_day:.2f}",
        simulated.text(),
        verdict(known_count.per_day, simulated),
    )


STANDARDS = (("fire", "15"), ("ambulance", "15"), ("police", "10"))


def response_rows(run: Run) -> Iterator[Row]:
    """How often each agency is at the scene within its standard, at the places of the table."""
    labels = dict.fromkeys(row["regency_label"] for row in known_centres())
    for label in [*labels, "province"]:
        cells = []
        for agency, _ in STANDARDS:
            scope, member = (
                ("agency", agency) if label == "province" else ("agency_regency", f"{agency} {label}")
            )
            within = run.measured("agency_reached_within_share", scope, member)
            response_min = run.measured("agency_response_capped_s", scope, member) / 60
            cells += [f"{within:.0%}", f"{response_min:.0f}"]
        yield label, *cells


def duty(run: Run, label: str) -> tuple[Floats, Floats]:
    """Call-takers and dispatchers on duty at a centre by local hour, [24] each."""
    world, desk = world_of(run.scenario), run.desk_at(f"112 {label}")
    of_both = []
    for what in (Change.CALL_TAKERS, Change.DISPATCHERS):
        rows = np.flatnonzero((world.change_what == what) & (world.change_subject == desk))
        # the second day, whatever hour the clock starts at; NONE stands for no roster before the first row
        first = (-world.start_of_week_s) % 86400.0
        turn = np.searchsorted(world.change_time_s[rows], first + 3600.0 * np.arange(24), side="right") - 1
        values = np.append(world.change_value[rows], 0)
        of_both.append(values[np.where(turn < 0, NONE, turn)].astype(np.float64))
    return of_both[0], of_both[1]


def staffing_rows(runs: dict[str, Run]) -> Iterator[Row]:
    """Seats and staff where a source tells them."""
    for row in known_centres():
        if not row["staff"] and not row["seats_by_shift"]:
            continue
        run = runs[week_of(row)]
        call_takers, dispatchers = duty(run, row["regency_label"])
        costs = run.scenario.costs
        people = (call_takers + dispatchers).sum() * 7 / (costs.paid_hours_per_week * (1 - costs.shrinkage))
        seats = f"{call_takers.max():.0f} by day, {call_takers[call_takers > 0].min():.0f} at least"
        if dispatchers.any():
            seats += f", {dispatchers.max():.0f} dispatcher"
        known, matches = [], []
        if row["seats_by_shift"]:
            known.append(f"seats {row['seats_by_shift']}")
            told = seats_by_hour(row["seats_by_shift"])
            matches.append(all(call_takers[hour] == number for hour, number in told.items()))
        if row["staff"]:
            known.append(f"{row['staff']} people")
            # a supervisor more or less is within what can be told
            matches.append(abs(people - float(row["staff"])) <= max(BAND_SHARE * float(row["staff"]), 1))
        yield (
            row["place"],
            row["period"],
            run.scenario.name,
            ", ".join(known),
            f"{seats}; takes {people:.1f} people",
            "matches" if all(matches) else "**differs**",
        )


def largest_shift(runs: dict[str, Run]) -> str:
    """How far the figures of a centre of December 2021 move when all its neighbours get one."""
    before, after = runs["dec_2021"], runs["all_35"]
    shifts = []
    for desk in before.measures[0].members("desk"):
        if desk.startswith("112 "):
            was, now = (run.per_day(run.answered(desk, run.kind_names)).value for run in (before, after))
            shifts.append((abs(now - was), desk.removeprefix("112 "), was, now))
    _, label, was, now = max(shifts)
    return (
        f"Of the {len(shifts)} centres of dec_2021, the one whose answered calls differ most in all_35 is"
        f" {label}: {was:.2f} and {now:.2f} a day."
    )


def simulate_all(replications: int, workers: int | None, overrides: Sequence[str] = ()) -> dict[str, Run]:
    """The runs that the known figures are held against, by the name that ``week_of`` gives."""
    scenarios = {
        "all_35": sim112.scenario("all_35", *overrides),
        "dec_2021": sim112.scenario("dec_2021", *overrides),
        "launch": sim112.scenario(
            "known_2025", *LAUNCH_OVERRIDES, "name=known_2025 launch_weeks", *overrides
        ),
        "lebaran": sim112.scenario("all_35", "demand=lebaran", "name=all_35 lebaran", *overrides),
    }
    together = tuple(scenarios[name] for name in ("all_35", "dec_2021"))
    groups = [together, (scenarios["launch"],), (scenarios["lebaran"],)]
    batches = [Batch(group, range(replications)) for group in groups]
    measured = replicate(batches, workers=workers)
    found = [measures for batch in measured for measures in batch]
    order = ("all_35", "dec_2021", "launch", "lebaran")
    return {name: Run(scenarios[name], measures) for name, measures in zip(order, found, strict=True)}


def report(runs: dict[str, Run]) -> str:
    """All tables, in the order of docs/calibration.md."""
    after = runs["all_35"]
    held = ("simulated ± 2 s.e.", "")
    parts = [
        ("Centres", ("place", "period", "simulated as", "figure", "known", *held), centre_rows(runs)),
        ("Kota Semarang by kind", ("reports", "known in 2024", "a day", *held), mix_rows(after)),
        ("Incidents", ("place", "kind", "known", "a day", *held), incident_rows(after)),
        ("Agencies", ("figure", "known", "that is", *held), report_rows(after)),
        (
            "Staffing",
            ("place", "period", "simulated as", "known", "configured", ""),
            staffing_rows(runs),
        ),
        (
            "Response against standards",
            (
                "place",
                *(
                    cell
                    for agency, minutes in STANDARDS
                    for cell in (f"{agency} in {minutes} min", "mean min")
                ),
            ),
            response_rows(after),
        ),
    ]
    tables = [f"### {title}\n\n{markdown(head, rows)}" for title, head, rows in parts]
    return "\n\n".join([*tables, largest_shift(runs)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and print; the status is 0 whatever matches, as a mismatch is a finding."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=20, help="weeks of each scenario (default 20)")
    parser.add_argument("--workers", type=int, default=None, help="processes (default: one a core)")
    given = parser.parse_args(arguments)
    if given.replications < 2:
        parser.error("--replications: give 2 or more, or there is no standard error")
    print(report(simulate_all(given.replications, given.workers)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
