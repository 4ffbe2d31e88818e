"""The form that a planner fills in instead of YAML: its cells, their defaults, and what a filled one changes.

A form is an Excel file, written by ``views/form_sheet.py`` and read by ``form_file.py``. Only what differs
from the defaults becomes a change, so an untouched form changes nothing.

Calls a month are calls that the centre answers. The parts that are about incidents become the share of people
who dial 112; information and nuisance become calls per 100,000 people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sim112.config.composition import suggestion
from sim112.config.demand import Demand
from sim112.config.scenario import Scenario, compose
from sim112.config.staff import StaffSettings, staff_settings
from sim112.config.staffing import Roster
from sim112.demand.incidents import PER_100K, YEAR_DAYS
from sim112.demand.volume import incidents_per_day, reports_per_day
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.planning.form_file import SHEET, Percentage, Unworked, cells_of
from sim112.world.area import Regency, read_regencies

MONTH_DAYS = YEAR_DAYS / 12
NOON_H, NIGHT_H = 12, 2  # when a roster's people by day and by night are looked up
DAY_FROM_H, DAY_TO_H = 7, 21  # ASSUMED: the day of the shipped rosters
MOST_INCIDENTS = 5  # times as many reports of incidents as are assumed; CHOICE: more are hardly all incidents
LEAST_PERCENT = 1  # of calls that are no nuisance; CHOICE: less is 0.18 where 18 % was meant
SAME = 1e-9  # relative; spreadsheets keep 15 digits


@dataclass(frozen=True)
class Cell:
    """One cell to fill in: its name, labels, unit and limits; ``key`` is the configured number behind it."""

    name: str
    section: str
    indonesian: str
    english: str
    unit: str
    whole: bool
    lowest: float
    highest: float
    key: str = ""

    @property
    def wanted(self) -> str:
        """What may stand in the cell."""
        limits = f"from {plain(self.lowest)} to {plain(self.highest)}"
        return f"a whole number {limits}" if self.whole else f"a number {limits}"


_CALLS, _TALK = "Wilayah dan panggilan / Area and calls", "Lama penanganan / Handling times"
_DESK, _COST = "Jam layanan dan petugas / Hours and people", "Biaya / Costs"
CELLS = (
    Cell("population", _CALLS, "Jumlah penduduk", "Population", "jiwa / people", True, 1000, 20_000_000),
    Cell("calls_a_month", _CALLS, "Panggilan yang dijawab per bulan", "Calls answered a month",
         "panggilan/bulan / calls a month", True, 30, 3_000_000),
    Cell("genuine_percent", _CALLS, "Bagian laporan kejadian sungguhan", "Share about real incidents",
         "%", False, 0.01, 100),
    Cell("information_percent", _CALLS, "Bagian permintaan informasi (sisanya prank dan panggilan kosong)",
         "Share asking for information (the rest: prank and silent calls)", "%", False, 0, 100),
    Cell("talk_s", _TALK, "Lama bicara laporan kejadian, rata-rata", "Talk about an incident, mean",
         "detik / s", False, 10, 1800, "demand.genuine_talk.talk_s.mean_s"),
    Cell("after_call_s", _TALK, "Lama pencatatan setelah bicara, rata-rata", "Work after the talk, mean",
         "detik / s", False, 1, 1800, "demand.genuine_talk.after_call_s.mean_s"),
    Cell("information_talk_s", _TALK, "Lama bicara permintaan informasi, rata-rata",
         "Talk about information, mean", "detik / s", False, 5, 1800,
         "demand.calls.information.talk_s.mean_s"),
    Cell("open_from_h", _DESK, "Layanan dibuka pukul", "Opens at", "pukul / hour", True, 0, 23),
    Cell("open_to_h", _DESK, "Layanan ditutup pukul (0 sampai 24: 24 jam)", "Closes at (0 to 24: all day)",
         "pukul / hour", True, 1, 24),
    Cell("seats_day", _DESK, "Petugas penerima panggilan kini, siang (07-21)",
         "Call-takers on duty now by day (07-21 h)", "orang / people", True, 0, 200),
    Cell("seats_night", _DESK, "Petugas penerima panggilan kini, malam (21-07)",
         "Call-takers on duty now by night (21-07 h)", "orang / people", True, 0, 200),
    Cell("dispatchers", _DESK, "Petugas dispatch bertugas (0: petugas penerima yang meneruskan)",
         "Dispatchers on duty (0: call-takers dispatch)", "orang / people", True, 0, 100),
    Cell("minimum_on_duty", _DESK, "Petugas bertugas paling sedikit, setiap jam buka",
         "Least people on duty in any open hour", "orang / people", True, 1, 20, "minimum_on_duty"),
    Cell("lines", _DESK, "Saluran telepon yang disewa kini",
         "Telephone lines rented now", "saluran / lines", True,
         1, 1000, "answering.lines.regency"),
    Cell("people_there", _DESK, "Petugas yang sudah ada", "People who are there already", "orang / people",
         True, 0, 1000, "budget.people_there"),
    Cell("lent_people", _DESK, "Petugas perbantuan dari BPBD, Damkar, PMI",
         "People lent by BPBD, Damkar, PMI", "orang / people", True, 0, 1000, "budget.lent_people"),
    Cell("wage_rp_per_month", _COST, "Upah petugas per bulan", "Pay of a call-taker a month", "Rp", False,
         100_000, 100_000_000, "costs.wage_rp_per_month"),
    Cell("platform_rp_per_year", _COST, "Sewa platform 112 per tahun", "Rent of the 112 platform a year",
         "Rp", False, 0, 100_000_000_000, "costs.platform_rp_per_year"),
    Cell("line_rp_per_year", _COST, "Sewa satu saluran telepon per tahun, di luar sewa platform",
         "Rent of one line a year, beside the platform's", "Rp", False, 0, 1_000_000_000,
         "budget.line_rp_per_year"),
    Cell("shrinkage_percent", _COST, "Waktu dibayar di luar meja (cuti, sakit, pelatihan)",
         "Paid time away from the desk (leave, illness, training)", "%", False, 1, 60, "costs.shrinkage"),
    Cell("price_year", _COST, "Tahun harga upah dan sewa di atas", "Year of the prices above",
         "tahun / year", True, 2015, 2050, "budget.price_year"),
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """What a filled form says: the regency, and what it changes in the scenario and in ``staff.yaml``.

    ``overrides`` and ``settings`` are words as on the command line, for ``compose`` and ``staff_settings``.
    """

    regency: str
    overrides: tuple[str, ...]
    settings: tuple[str, ...]


def regency_of(label: str) -> Regency:
    """The regency of Central Java with a label; InputError with the nearest one where there is none."""
    regencies = {regency.label: regency for regency in read_regencies(data_dir())}
    if label not in regencies:
        raise InputError(f"there is no regency {label!r}; {suggestion(label, regencies)}")
    return regencies[label]


def defaults_of(label: str, scenario: Scenario, settings: StaffSettings) -> dict[str, float]:
    """The value of every cell for one regency, as a scenario and the settings of staffing have it."""
    regency, demand = regency_of(label), scenario.demand
    calls = _answered_per_day(demand, label, regency.population)
    total = sum(calls.values())
    roster = _roster_of(scenario, regency)
    return {
        "population": regency.population,
        "calls_a_month": round(total * MONTH_DAYS),
        "genuine_percent": 100 * calls["genuine"] / total,
        "information_percent": 100 * calls["information"] / total,
        "talk_s": demand.genuine_talk.talk_s.expected_s,
        "after_call_s": demand.genuine_talk.after_call_s.expected_s,
        "information_talk_s": demand.calls["information"].talk_s.expected_s,
        "open_from_h": roster.open_from_h,
        "open_to_h": roster.open_to_h,
        "seats_day": roster.call_takers_at(NOON_H),
        "seats_night": roster.call_takers_at(NIGHT_H),
        "dispatchers": roster.dispatchers_at(NOON_H),
        "minimum_on_duty": settings.minimum_on_duty,
        "lines": scenario.answering.lines_of.get(label, scenario.answering.lines.regency),
        "people_there": settings.budget.people_there,
        "lent_people": settings.budget.lent_people,
        "wage_rp_per_month": scenario.costs.wage_rp_per_month,
        "platform_rp_per_year": scenario.costs.platform_rp_per_year,
        "line_rp_per_year": settings.budget.line_rp_per_year,
        "price_year": settings.budget.price_year,
        "shrinkage_percent": 100 * scenario.costs.shrinkage,
    }


def read_form(path: Path, scenario: Scenario | None = None, settings: StaffSettings | None = None) -> Form:
    """Read a filled form against the defaults it was written with, the shipped ones where none are given.

    Raises InputError, one line, for the first thing that is wrong.
    """
    label, places, values = cells_of(path, [cell.name for cell in CELLS])
    scenario, settings = scenario or compose(), settings or staff_settings()
    try:
        defaults = defaults_of(label, scenario, settings)
    except InputError as error:
        raise InputError(f"{SHEET}!{places['regency']}: {error}") from None
    given = {cell.name: _checked(cell, places[cell.name], values[cell.name]) for cell in CELLS}
    changed = {
        name: value
        for name, value in given.items()
        if not math.isclose(value, defaults[name], rel_tol=SAME, abs_tol=SAME)
    }
    overrides = [
        *_demand_changes(label, scenario.demand, defaults, given, changed, places),
        *_roster_changes(label, given, changed, places),
    ]
    for name, value in changed.items():
        key = next(cell.key for cell in CELLS if cell.name == name)
        if name == "lines":
            overrides.append(f"answering.lines_of.{label}={plain(value)}")
        elif name == "shrinkage_percent":
            overrides.append(f"{key}={plain(value / 100)}")
        elif key.startswith(("demand.", "costs.")):
            overrides.append(f"{key}={plain(value)}")
    of_staff = [cell for cell in CELLS if cell.name in changed and cell.key.split(".")[0] in _STAFF_KEYS]
    return Form(
        label, tuple(overrides), tuple(f"{cell.key}={plain(changed[cell.name])}" for cell in of_staff)
    )


_STAFF_KEYS = ("minimum_on_duty", "budget")


def plain(value: float) -> str:
    """A number without needless zeros, with all its digits."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _answered_per_day(demand: Demand, label: str, population: float) -> dict[str, float]:
    """Calls a day that a mature centre answers, by what they are about."""
    answered = {"genuine": sum(reports_per_day(demand, label, population).values())}
    for group, factor in (("information", demand.rate_factor), ("nuisance", demand.nuisance_factor)):
        rates = [demand.rate_per_100k_day_of(label, name) for name, kind in demand.calls.items()
                 if kind.caller == group]  # fmt: skip
        answered[group] = population * PER_100K * factor * sum(rates)
    return answered


def _roster_of(scenario: Scenario, regency: Regency) -> Roster:
    staffing = scenario.staffing
    small = regency.population < staffing.small_below_population
    by_size = staffing.small_centre if small else staffing.centre
    return staffing.rosters[staffing.roster_of.get(regency.label, by_size)]


def _demand_changes(
    label: str,
    demand: Demand,
    defaults: Mapping[str, float],
    given: Mapping[str, float],
    changed: Mapping[str, float],
    places: Mapping[str, str],
) -> list[str]:
    """Overrides that give the people and calls of the form; calls left as they are follow the population."""
    if not changed.keys() & {"population", "calls_a_month", "genuine_percent", "information_percent"}:
        return []
    shares = {
        "genuine": given["genuine_percent"] / 100,
        "information": given["information_percent"] / 100,
    }
    shares["nuisance"] = 1 - sum(shares.values())
    if shares["nuisance"] < -SAME:
        raise InputError(
            f"{SHEET}!{places['genuine_percent']} and {SHEET}!{places['information_percent']} add to"
            f" {100 * (shares['genuine'] + shares['information']):.6g} %; give at most 100 % together"
        )
    typed = {"genuine_percent", "information_percent"} <= changed.keys()
    if typed and shares["nuisance"] > 1 - LEAST_PERCENT / 100:
        raise InputError(
            f"{SHEET}!{places['genuine_percent']} and {SHEET}!{places['information_percent']} add to"
            f" {100 * (shares['genuine'] + shares['information']):.6g} %; give percentages, 18 for 18 %"
        )
    growth = given["population"] / defaults["population"]
    here = f"demand.regencies.{label}"
    people = defaults["population"]  # of the tables, to which all rates belong
    now = _answered_per_day(demand, label, people)
    month = given["calls_a_month"] if "calls_a_month" in changed else sum(now.values()) * MONTH_DAYS * growth
    words = []
    wanted = {group: share * month / MONTH_DAYS for group, share in shares.items()}
    rise, use = _use_changes(label, demand, people, growth, wanted["genuine"], places)
    if "population" in changed or rise > 1:
        for kind in demand.kinds:
            rate = demand.rate_per_100k_year_of(label, kind) * growth * rise
            words.append(f"{here}.rate_per_100k_year.{kind}={plain(rate)}")
    words += use
    for group, factor in (("information", demand.rate_factor), ("nuisance", demand.nuisance_factor)):
        kinds = [name for name, kind in demand.calls.items() if kind.caller == group]
        target = max(0.0, wanted[group])
        if math.isclose(target, now[group], rel_tol=SAME):
            continue
        for name in kinds:
            rate = demand.rate_per_100k_day_of(label, name)
            if now[group] > 0 and rate == 0:
                continue
            if now[group] > 0:
                rate *= target / now[group]
            else:  # none by default: alike for all kinds
                rate = target / (len(kinds) * people * PER_100K * factor) if factor else 0.0
            words.append(f"{here}.rate_per_100k_day.{name}={plain(rate)}")
    return words


def _use_changes(
    label: str, demand: Demand, people: float, growth: float, wanted_per_day: float, places: Mapping[str, str]
) -> tuple[float, list[str]]:
    """Overrides of the share that dials 112, so that so many genuine calls come; every share up to 1.

    Where more come than there are callers, everybody dials 112 and there are more incidents than assumed:
    so many times, which is 1 otherwise.
    """
    callers = {
        kind: rate * growth * (1 + demand.kinds[kind].further_callers.expected)
        for kind, rate in incidents_per_day(demand, label, people).items()
    }
    shares = {kind: demand.dial_112_share_of(label, kind) for kind in demand.kinds}
    if not any(shares.values()):  # nobody by default: alike for all kinds
        shares = dict.fromkeys(shares, 1.0)
    now = sum(callers[kind] * share for kind, share in shares.items())
    if math.isclose(now, wanted_per_day, rel_tol=SAME):
        return 1.0, []
    here = f"demand.regencies.{label}.dial_112_share"
    most = sum(callers.values())
    if wanted_per_day > MOST_INCIDENTS * most:
        raise InputError(
            f"{SHEET}!{places['calls_a_month']} with {SHEET}!{places['genuine_percent']} is"
            f" {wanted_per_day * MONTH_DAYS:.0f} calls a month about incidents; give at most"
            f" {math.floor(MOST_INCIDENTS * most * MONTH_DAYS)}, {MOST_INCIDENTS} times those assumed there"
        )
    if wanted_per_day > most:
        return wanted_per_day / most, [f"{here}_by_kind.{kind}=1" for kind in shares]

    def calls(factor: float) -> float:
        return sum(callers[kind] * min(1.0, factor * share) for kind, share in shares.items())

    low, high = 0.0, 1 / min(share for share in shares.values() if share > 0)
    for _ in range(200):  # halved until nothing is left between the ends
        middle = (low + high) / 2
        low, high = (middle, high) if calls(middle) < wanted_per_day else (low, middle)
    return 1.0, [f"{here}_by_kind.{kind}={plain(min(1.0, high * share))}" for kind, share in shares.items()]


def _roster_changes(
    label: str, given: Mapping[str, float], changed: Mapping[str, float], places: Mapping[str, str]
) -> list[str]:
    """Overrides that give the centre the hours and people of the form."""
    if not changed.keys() & {"open_from_h", "open_to_h", "seats_day", "seats_night", "dispatchers"}:
        return []
    from_h, to_h = given["open_from_h"], given["open_to_h"]
    if from_h == to_h:
        raise InputError(
            f"{SHEET}!{places['open_to_h']} is {plain(to_h)}, as {SHEET}!{places['open_from_h']};"
            " give 0 and 24 for round the clock"
        )
    shifts = {"day": (DAY_FROM_H, DAY_TO_H, "seats_day"), "night": (DAY_TO_H, DAY_FROM_H, "seats_night")}
    parts = []
    for name, (begin, end, cell) in shifts.items():
        hours = [hour % 24 for hour in range(begin, end if end > begin else end + 24)]
        opened = any(
            from_h <= hour < to_h if from_h < to_h else hour >= from_h or hour < to_h for hour in hours
        )
        if opened and given[cell] < 1:
            raise InputError(
                f"{SHEET}!{places[cell]} is {plain(given[cell])} although the centre is open then;"
                f" give at least 1, or other hours in {SHEET}!{places['open_from_h']}"
            )
        parts.append(
            f"{name}:{{from_h:{begin},to_h:{end},call_takers:{plain(given[cell])},"
            f"dispatchers:{plain(given['dispatchers'])}}}"
        )
    roster = f"{{open_from_h:{plain(from_h)},open_to_h:{plain(to_h)},shifts:{{{','.join(parts)}}}}}"
    return [f"staffing.rosters.form={roster}", f"staffing.roster_of.{label}=form"]


def _checked(cell: Cell, place: str, value: object) -> float:
    """The value of a cell as a number within its limits."""
    where = f"{SHEET}!{place}"
    if value is None or (isinstance(value, str) and not value.strip()):
        raise InputError(f"{where} is empty ({cell.indonesian} / {cell.english}); give {cell.wanted}")
    if isinstance(value, Unworked):
        raise InputError(f"{where} has the formula {value.text}, which is not worked out; give {cell.wanted}")
    if isinstance(value, Percentage):
        if cell.unit != "%":
            raise InputError(f"{where} is {plain(value.percent)}%; give {cell.wanted}")
        value = value.percent
    if isinstance(value, str):
        shown = repr(value if len(value) <= 60 else f"{value[:57]}...")
        raise InputError(f"{where} is {shown}; give {cell.wanted}, without Rp, % or dots for thousands")
    shown = str(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{where} is {shown}; give {cell.wanted}")
    if not cell.lowest <= value <= cell.highest or (cell.whole and not float(value).is_integer()):
        raise InputError(f"{where} is {plain(value)}; give {cell.wanted}")
    return float(value)
