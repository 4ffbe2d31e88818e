"""Two sheets beside the plan: what the planner gave, and what else could be done.

They answer what a budget meeting asks first: how many calls was this made for, and why not one person less?
"""

from __future__ import annotations

import math

from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from sim112.config.scenario import compose
from sim112.config.staff import staff_settings
from sim112.planning.form import CELLS, SAME, defaults_of
from sim112.planning.options import OptionRow, Told
from sim112.planning.staff import SizedScenario
from sim112.views.sheets import OWN_FILL, lay_out, put_heads, put_row, put_title
from sim112.views.workbook_words import named_in_both

MEASURES = (
    ("offered", "Panggilan\nke 112\nCalls to 112", 1.0),
    ("answered_within", "Tepat\nwaktu, %\nIn time, %", 100.0),
    ("found_nobody", "Menunggu,\ntanpa saluran\nWait, no line", 1.0),
    ("unreported", "Tak\nterlaporkan\nUnreported", 1.0),
    ("lost", "Hilang\nLost", 1.0),
)


def regency_sized(result: SizedScenario) -> str | None:
    """The label of the one regency whose own centre was sized; None for several desks and for shared ones."""
    if len(result.desks) > 1 or result.scenario.deployment.grouping != "regency":
        return None
    label = result.desks[0].requirement.desk.removeprefix("112 ")
    own = not result.scenario.area.is_small_world and result.scenario.area.path is None
    return label if own else None


def inputs_sheet(sheet: Worksheet, result: SizedScenario, label: str) -> None:
    """Every cell of the form, with the value that this plan was made with beside the default."""
    lay_out(sheet, (6, 60, 20, 20, 28, 40), "Layanan 112: isian")
    put_title(
        sheet,
        "Isian: rencana ini dibuat untuk apa / What this plan was made for",
        "Sama dengan sel formulir (sim112 template). / The cells of the form.",
    )
    put_heads(
        sheet, 4, ("No.", "Isian / Cell", "Dipakai\nIn use", "Nilai awal\nDefault", "Satuan / Unit",
                   "Asal / From"),
    )  # fmt: skip
    base = compose()
    shipped = defaults_of(label, base, staff_settings())
    used = defaults_of(label, result.scenario, result.settings)
    rows = [(f"{cell.indonesian} / {cell.english}", cell.name, cell.unit) for cell in CELLS]
    kind = max(base.demand.kinds, key=lambda one: base.demand.rate_per_100k_year_of(label, one))
    rate = [one.demand.rate_per_100k_year_of(label, kind) for one in (result.scenario, base)]
    if rate[1] > 0 and not math.isclose(*rate, rel_tol=SAME):  # other people, or more reports than assumed
        rows.insert(1, ("Kejadian, kali yang diasumsikan / Incidents, times those assumed", "rise", "x"))
        used["rise"], shipped["rise"] = rate[0] / rate[1], 1.0
    for row, (meaning, name, unit) in enumerate(rows, start=5):
        is_own = not math.isclose(used[name], shipped[name], rel_tol=1e-6)
        origin = "diisi sendiri / given" if is_own else "nilai awal, lihat Asumsi / default, see Asumsi"
        form = "0" if name == "price_year" else "#,##0"
        put_row(sheet, row, (row - 4, meaning, used[name], shipped[name], unit, origin), form)
        sheet.cell(row, 5).alignment = Alignment(vertical="top", indent=1)
        if is_own:
            sheet.cell(row, 3).fill = OWN_FILL
    sheet.freeze_panes = "C5"


def options_sheet(sheet: Worksheet, result: SizedScenario) -> None:
    """Variants of the plan in every time; below the plan differences from it, with 95 % intervals."""
    lay_out(sheet, (24, 32, 10, 9, 16, 16, *(13, 11, 8) * len(MEASURES)), "Layanan 112: pilihan lain")
    runs, minutes = result.settings.options.replications, result.settings.options.break_min
    put_title(
        sheet,
        "Pilihan lain: nilai sehari, dan selisihnya terhadap rencana / What else could be done, a day",
        f"{runs} simulasi tiap masa; tiap petugas istirahat {minutes} menit tiap jam; ± selang kepercayaan "
        f"95%. / {runs} runs of each time; everybody is away {minutes} minutes of every hour; ± 95 % "
        "interval.",
    )
    heads = [part for _, name, _ in MEASURES for part in (name, "Selisih\nDifference", "±")]
    put_heads(
        sheet, 4, ("Masa / Time", "Pilihan / Variant", "Jam tugas\nHours\na week", "Jam\nkosong\nNobody",
                   "Rp per tahun\nRp a year", "Selisih Rp\nDifference", *heads),
    )  # fmt: skip
    first: dict[str, OptionRow] = {}
    for row, one in enumerate(result.options, start=5):
        plan = first.setdefault(one.demand, one)
        cost = None if math.isnan(one.rp_per_year) else one.rp_per_year
        more = None if cost is None or one is plan else cost - plan.rp_per_year
        values = [part for key, _, scale in MEASURES for part in _parts(getattr(one, key), scale)]
        time, name = named_in_both("staff.times", one.demand), named_in_both("staff.options", one.option)
        put_row(sheet, row, (time, name, one.people_h, one.away_h, cost, more, *values), bold=one is plan)
    sheet.freeze_panes = "C5"


def _parts(told: Told, scale: float) -> tuple[float | None, float | None, float | None]:
    """A value, its difference from the plan, and half the interval of that; the plan has no difference."""
    value = round(scale * told.value, 2)
    if math.isnan(told.difference):
        return value, None, None
    half = scale * (told.difference_high - told.difference_low) / 2
    return value, round(scale * told.difference, 2), round(half, 2)
