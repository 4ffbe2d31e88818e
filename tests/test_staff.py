"""``sim112 staff``: from a word to people on shifts, and a configuration that the other commands take."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook

import sim112
from sim112.cli import BAD_INPUT, main
from sim112.cli.staff import Teller
from sim112.config.staff import staff_settings
from sim112.config.staffing import Roster, Shift
from sim112.engine.contract import Change, World, same
from sim112.planning.budget import budget_of
from sim112.planning.form import CELLS
from sim112.planning.options import hub_plan, price_options
from sim112.planning.requirement import WEEK_H, Plan, by_hour_of_week, own_plan, with_breaks, with_people
from sim112.planning.sensitivity import harder_times, with_longer_talks
from sim112.planning.sized_configs import write_sized_configs
from sim112.planning.staff import SizedScenario, desks_to_size, size_scenario
from sim112.study.replication import draw, world_of
from sim112.views.staff_screen import spans

QUICK = (
    "options.replications=3",
    "curve_replications=3",
    "search.replications=3",
    "search.verification_replications=3",
)
SMALL = ("area.regencies=[pati]", "clock=day", "engine=compiled", "workers=1")


@pytest.fixture(scope="module")
def pati(tmp_path_factory: pytest.TempPathFactory) -> SizedScenario:
    scenario = sim112.scenario("pati", *SMALL)
    return size_scenario(scenario, staff_settings(QUICK), "pati", results=tmp_path_factory.mktemp("results"))


def test_a_small_centre_is_told_that_the_floor_binds(pati: SizedScenario) -> None:
    [desk] = pati.desks
    screen = str(pati)
    assert (desk.call_takers.on_duty >= desk.requirement.call_takers).all()
    assert set(desk.requirement.binding) == {"floor"}
    assert f"theory needs 1, safety needs 2, which is about {desk.people} people on the payroll" in screen
    assert all(len(line) <= 110 for line in screen.splitlines())


def test_the_sized_configuration_gives_the_sized_world(pati: SizedScenario) -> None:
    assert pati.folder is not None
    configs = pati.folder / "configs"
    for words in (("sized_pati",), ("pati", "staffing=sized_pati")):
        again = sim112.scenario(*words, *SMALL, config_dir=configs)
        world, desks = world_of(again), desks_to_size(again, "pati")
        assert (own_plan(world, desks).call_takers == pati.sizing.on_duty.call_takers).all()
        if words[0] == "sized_pati":
            assert own_plan(world, desks).lines.tolist() == [desk.lines for desk in pati.desks]


def test_the_sized_configuration_keeps_what_was_given(pati: SizedScenario, tmp_path: Path) -> None:
    """Also what another scenario, group or key in use says, and where something was taken away."""
    given = (
        *SMALL, "demand=pantura_flood", "demand.genuine_talk.talk_s.mean_s=240", "costs.shrinkage=0.18",
        "staffing=lean", "staffing.shift_end=fresh_crew", "staffing.call_takers=3", "seed=5",
        "answering.lines_of={kudus:9}", "~demand.regencies.purworejo", "~staffing.roster_of.jepara",
    )  # fmt: skip
    sized = sim112.scenario("pati", *given)
    write_sized_configs(tmp_path, sized, pati.sizing, "pati")
    again = sim112.scenario("sized_pati", config_dir=tmp_path)
    told = {part: dict(vars(one)) for part, one in (("sized", sized), ("again", again))}
    for one in told.values():
        for key in ("name", "question", "staffing", "answering", "workers", "engine"):
            del one[key]
    assert told["again"] == told["sized"]
    assert again.answering.lines_of == {"kudus": 9}
    assert (again.staffing.call_takers, again.staffing.shift_end) == (None, "fresh_crew")
    assert again.staffing.rosters["small"] == sized.staffing.rosters["small"]
    write_sized_configs(tmp_path / "twice", again, pati.sizing, "pati")
    twice = sim112.scenario("sized_pati", config_dir=tmp_path / "twice")
    assert twice.staffing.roster_of_desk == {"112 pati": "sized_2"}


def test_every_hour_and_shift_is_saved(pati: SizedScenario) -> None:
    assert pati.folder is not None
    with (pati.folder / "hours.csv").open(encoding="utf-8", newline="") as file:
        hours = list(csv.DictReader(file))
    assert len(hours) == 168 and {row["binding"] for row in hours} == {"floor"}
    with (pati.folder / "shifts.csv").open(encoding="utf-8", newline="") as file:
        shifts = list(csv.DictReader(file))
    worked = sum(int(row["people"]) * ((int(row["to_h"]) - int(row["from_h"])) % 24 or 24) for row in shifts)
    assert worked == pati.desks[0].call_takers.on_duty.sum()
    assert sim112.open_run(pati.folder).provenance["verb"] == "staff"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["patti"], "did you mean pati?"),
        ([], "staff needs one regency, or scenarios, given: none"),
        (["pati", "kudus"], "given: pati, kudus"),
        (["no_112"], "no_112 has no 112 desk"),
        (["kudus", "deployment.add=[]", "deployment.centres=none"], "kudus has no 112 desk in dec_2021"),
        (["pati", "answering.lines.regency=0"], "answering.lines.regency is 0"),
        (["pati", "answering.lines_of_desk={112 pati:0}"], "give at least 1"),
        (["pati", "answering.lines_of_desk={112 patti:3}"], "did you mean 112 pati?"),
        (["pati", "minimum_on_duty=none"], "minimum_on_duty is 'none'"),
        (["pati", "serv.per=week"], "serv is no key"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["staff", *words, "--results", str(tmp_path)]) == BAD_INPUT
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1 and "Traceback" not in said


@pytest.mark.slow
def test_a_target_that_cannot_be_kept_is_told_and_ends_as_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["staff", "pati", *SMALL, *QUICK, "targets.answered_within_s=1", "--results", str(tmp_path)]
    assert main(words) == BAD_INPUT
    said = capsys.readouterr()
    assert "CANNOT BE KEPT: answered within 1 s: 90 % wanted" in said.out
    assert "picking up alone takes 4 s" in said.out
    last = said.err.splitlines()[-1]
    assert last.startswith("sim112: no plan keeps all that was asked; left out: answered within 1 s (with")
    assert "picking up alone takes 4 s in the mean)" in last


def test_a_shift_on_some_days_is_worked_on_these_and_runs_into_the_next() -> None:
    night = Shift(from_h=22, to_h=6, call_takers=1, days=("fri", "sun"))
    roster = Roster(shifts={"always": Shift(from_h=0, to_h=24, call_takers=1), "night": night})
    people = np.array([roster.call_takers_at(hour) for hour in range(168)])
    expected = np.ones(168, dtype=int)
    expected[4 * 24 + 22 : 5 * 24 + 6] += 1
    expected[6 * 24 + 22 :] += 1
    expected[:6] += 1
    assert (people == expected).all()


def test_a_day_without_anybody_is_named() -> None:
    with pytest.raises(ValueError, match="nobody answers from 00:00 to 24:00 on sat, sun"):
        Roster(
            shifts={"week": Shift(from_h=0, to_h=24, call_takers=1, days=("mon", "tue", "wed", "thu", "fri"))}
        )


def test_a_roster_by_days_is_in_the_world_on_these_days(tmp_path: Path) -> None:
    (tmp_path / "staffing").mkdir()
    (tmp_path / "staffing" / "mine.yaml").write_text(
        "defaults: [default]\n"
        "roster_of_desk: {112 pati: mine}\n"
        "rosters:\n"
        "  mine:\n"
        "    shifts:\n"
        "      all: {from_h: 0, to_h: 24, call_takers: 1}\n"
        "      more: {from_h: 8, to_h: 16, call_takers: 2, days: [tue, sat]}\n",
        encoding="utf-8",
    )
    scenario = sim112.scenario("pati", "staffing=mine", "area.regencies=[pati]", config_dir=tmp_path)
    people = by_hour_of_week(world_of(scenario), Change.CALL_TAKERS, desks_to_size(scenario, "pati"))[0]
    hour = np.arange(168)
    assert (people == 1 + 2 * (np.isin(hour // 24, (1, 5)) & (hour % 24 >= 8) & (hour % 24 < 16))).all()


def test_spans_tell_people_by_hour_and_group_of_days() -> None:
    people = np.full(168, 2)
    assert spans(people) == "2"
    people = people.reshape(7, 24)
    people[:, 9:19] = 3
    assert spans(people.ravel()) == "00-09 h: 2, 09-19 h: 3, 19-24 h: 2"
    people[5:] = 2
    assert spans(people.ravel()) == "Mon-Fri: 00-09 h: 2, 09-19 h: 3, 19-24 h: 2; Sat-Sun: 2"


# ---- what is compared beside the plan ----------------------------------------------------------------------


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_more_people_on_duty_leave_fewer_calls_waiting() -> None:
    scenario = sim112.scenario("pati", "demand=launch_weeks", *SMALL)
    desks = desks_to_size(scenario, "pati")
    people = np.full((1, 168), 2)
    plan = Plan(desks, people, 0 * people, np.array([4]))
    rows = price_options(
        {"launch_weeks": scenario},
        plan,
        "pati",
        {},
        lambda one: float(one.call_takers.sum()),
        5,
        3,
        "compiled",
    )
    by_name = {row.option: row for row in rows}
    assert rows[0].option == "as_sized" and len(by_name) == len(rows) == 8
    less, base, more = (by_name[name] for name in ("one_person_less", "as_sized", "one_person_more"))
    assert less.found_nobody.value > base.found_nobody.value > more.found_nobody.value
    assert less.found_nobody.difference == pytest.approx(less.found_nobody.value - base.found_nobody.value)
    assert (less.people_h, base.people_h, more.people_h) == (168, 336, 504)
    assert (less.away_h, base.away_h, more.away_h) == (14, 0, 0)  # five minutes of every hour
    closed = by_name["closed_by_night"]
    assert closed.away_h == 70 and closed.people_h == 2 * 98 and closed.rp_per_year == 2 * 98
    assert closed.offered.value < base.offered.value
    assert by_name["without_announcement"].found_nobody.value != base.found_nobody.value
    # what the scenario has now: as many people, more lines
    given = own_plan(world_of(scenario), desks)
    assert (given.call_takers == 2).all() and given.lines.tolist() != [4]
    assert by_name["as_given"].people_h == 336
    alike = price_options({"own": scenario}, given, "pati", {}, lambda one: 0.0, 5, 1, "compiled")
    assert "as_given" not in {row.option for row in alike}


def test_people_take_their_breaks_one_after_another() -> None:
    scenario = sim112.scenario("pati", *SMALL)
    world, desks = world_of(scenario), desks_to_size(scenario, "pati")
    for people, break_min, at_minute in (
        (1, 5, {0: 0, 5: 1, 59: 1}),
        (3, 5, {0: 2, 14: 2, 15: 3, 59: 3}),
        (5, 30, {0: 2, 30: 3}),
    ):
        count = np.full((1, 168), people)
        changed = with_breaks(world, Plan(desks, count, 0 * count, np.array([4])), break_min)
        own = (changed.change_what == Change.CALL_TAKERS) & (changed.change_subject == desks[0])
        times, values = changed.change_time_s[own], changed.change_value[own]
        for minute, there in at_minute.items():
            for hour in (0, 7, 23):
                at_s = 3600.0 * hour + 60.0 * minute
                assert values[np.searchsorted(times, at_s, side="right") - 1] == there
    assert same_changes(
        with_breaks(world, own_plan(world, desks), 0), with_people(world, own_plan(world, desks))
    )


def same_changes(one: World, other: World) -> bool:
    names = ("change_time_s", "change_what", "change_subject", "change_value")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_one_more_person_never_lowers_the_service_level(pati: SizedScenario) -> None:
    for within_s in (15.0, 20.0):
        own = sorted((p.people, p.share, p.low, p.high) for p in pati.curve if p.within_s == within_s)
        shares = [share for _, share, _, _ in own]
        assert [people for people, *_ in own] == [1, 2, 3, 4, 5] and shares == sorted(shares)
        assert all(low <= share <= high for _, share, low, high in own)
    assert {point.change for point in pati.curve if point.people == 2} == {0}


def test_harder_times_never_need_fewer_people_and_dearer_ones_cost_more(pati: SizedScenario) -> None:
    assert [change.what for change in pati.sensitivity] == ["wage +30 %", "demand +50 %", "talk +20 %"]
    [desk] = pati.desks
    supervisors = pati.scenario.costs.supervisors_per_centre
    for change in pati.sensitivity:
        assert change.people >= desk.people + supervisors
        assert change.rp_per_year == pytest.approx(desk.budget.rp_per_year + change.difference_rp)
    assert pati.sensitivity[0].difference_rp > 0


def test_longer_talks_are_longer_by_that_share_and_on_the_grid() -> None:
    calls = draw(sim112.scenario("pati", *SMALL), 0)
    longer = with_longer_talks(calls, 0.2)
    assert np.allclose(longer.caller_talk_s, 1.2 * calls.caller_talk_s, atol=1 / 1024)
    assert (longer.caller_talk_s * 1024 % 1 == 0).all()
    talks = ("caller_talk_s", "caller_short_talk_s", "caller_transfer_talk_s")
    assert same(replace(longer, **{name: getattr(calls, name) for name in talks}), calls)


def test_a_demand_of_harder_times_has_half_as_many_calls_again() -> None:
    scenario = sim112.scenario("pati", *SMALL)
    busier = harder_times(scenario)["demand +50 %"]
    plain, more = (
        sum(len(one(number).caller_key) for number in range(8))
        for one in (lambda n: draw(scenario, n), busier)
    )
    assert 1.4 < more / plain < 1.6


def test_the_screen_tells_the_cost_and_who_pays_it(pati: SizedScenario) -> None:
    [desk] = pati.desks
    text = " ".join(str(pati).split())
    own = f"From the 112 budget Rp {desk.budget.rp_per_year / 1e6:,.0f} million a year, supervisors (1)"
    assert own in text
    assert f"Once, for places and room: Rp {desk.budget.capital_rp / 1e6:,.0f} million" in text
    assert "lend" not in text and "To recruit" not in text
    settings = pati.settings.budget.model_copy(update={"lent_people": 4, "people_there": 5})
    budget = budget_of([desk.call_takers], desk.lines, pati.scenario.costs, settings)
    lent = replace(
        pati,
        settings=pati.settings.model_copy(update={"budget": settings}),
        desks=(replace(desk, budget=budget),),
    )
    text = " ".join(str(lent).split())
    paid = budget.total_rp("yearly", "agencies") / 1e6
    assert budget.lent_people == 4
    assert f"lend 4 of these people and pay them: Rp {paid:,.0f} million a year more" in text
    assert f"To recruit, supervisors included: {desk.people + 1 - 4 - 5}." in text


def test_a_week_with_a_surge_says_that_its_day_is_a_choice(pati: SizedScenario) -> None:
    said = "Which day of the week it falls on is a choice"
    assert said not in " ".join(str(pati).split())
    flood = sim112.scenario("pati", "demand=pantura_flood", *SMALL)
    assert said in " ".join(str(replace(pati, scenario=flood)).split())


def test_where_days_are_alike_it_is_said_that_the_days_with_more_people_are_a_choice(
    pati: SizedScenario,
) -> None:
    said = "which days have one more is yours to choose"
    assert said not in " ".join(str(pati).split())
    [desk] = pati.desks
    first, *others = desk.call_takers.shifts
    uneven = replace(desk.call_takers, shifts=(replace(first, people=first.people + 1), *others))
    changed = replace(pati, desks=(replace(desk, call_takers=uneven),))
    assert said in " ".join(str(changed).split())
    by_day = pati.sizing.asked.cells.copy()
    by_day[0] = np.arange(WEEK_H)  # each hour of the week judged alone
    apart = replace(pati.sizing, asked=replace(pati.sizing.asked, cells=by_day))
    assert said not in " ".join(str(replace(changed, sizing=apart)).split())


def test_the_workbook_says_what_was_asked_and_what_else_could_be_done(pati: SizedScenario) -> None:
    assert pati.folder is not None
    book = load_workbook(pati.folder / "staff.xlsx")
    inputs = {row[1]: row[2:4] for row in book["Isian"].iter_rows(min_row=5, values_only=True)}
    assert len(inputs) == len(CELLS)
    wage = inputs["Upah petugas per bulan / Pay of a call-taker a month"]
    assert wage == (pati.scenario.costs.wage_rp_per_month,) * 2
    rows = list(book["Pilihan"].iter_rows(min_row=5, values_only=True))
    assert len(rows) == len(pati.options)
    for row, option in zip(rows, pati.options, strict=True):
        assert row[2] == option.people_h and row[6] == pytest.approx(option.offered.value, abs=0.005)
        if option is not pati.options[0]:
            assert row[5] == pytest.approx(option.rp_per_year - pati.options[0].rp_per_year)
            assert row[13] == pytest.approx(option.found_nobody.difference, abs=0.005)


def test_what_was_compared_is_saved_with_figures(pati: SizedScenario) -> None:
    assert pati.folder is not None
    options = rows_of(pati.folder / "options.csv")
    assert {row["demand"] for row in options} == {"own"} and options[0]["found_nobody_difference"] == ""
    assert len(rows_of(pati.folder / "curve.csv")) == len(pati.curve) == 10
    changes = [row["what"] for row in rows_of(pati.folder / "sensitivity.csv")]
    assert changes == [change.what for change in pati.sensitivity]
    drawn = {path.name for path in (pati.folder / "figures").iterdir()}
    assert drawn == {
        f"{name}.{end}" for name in ("people_by_hour", "people_against_service") for end in ("svg", "png")
    }


def test_variants_are_told_with_the_share_that_is_answered_in_time(pati: SizedScenario) -> None:
    lines = str(pati).splitlines()
    [sized] = [line.split() for line in lines if line.startswith("2 on duty, as sized")]
    assert sized[7] == f"{100 * pati.options[0].answered_within.value:.1f}"


def test_variants_in_one_time_alone_say_so(pati: SizedScenario) -> None:
    assert "Compared in the scenario's own time only" in " ".join(str(pati).split())


def test_a_hub_has_the_roster_of_the_settings_and_no_fewer_people_than_a_centre() -> None:
    world = world_of(sim112.scenario("six_hubs"))
    [desk] = desks_to_size(sim112.scenario("six_hubs"), "pati").tolist()
    own = ("options.hub.call_takers=3", "options.hub.dispatchers=1", "options.hub.lines=7")
    for words, least, expected in ((own, 2, (3, 1, 7)), ((), 2, (2, 0, 4)), ((), 5, (5, 0, 5))):
        plan = hub_plan(world, desk, staff_settings(words).options.hub, least)
        assert (plan.call_takers.max(), plan.dispatchers.max(), plan.lines[0]) == expected
        assert (plan.call_takers == plan.call_takers.max()).all()


def test_the_screen_says_what_the_second_person_is_for(pati: SizedScenario) -> None:
    [less] = [row for row in pati.options if row.option == "one_person_less"]
    assert f"{less.found_nobody.difference:,.1f} more calls a day wait" in " ".join(str(pati).split())


@pytest.mark.slow
def test_an_indonesian_screen_and_its_figures_have_no_english(tmp_path: Path) -> None:
    scenario = sim112.scenario("pati", *SMALL, "lang=id")
    result = size_scenario(scenario, staff_settings(QUICK), "pati", results=tmp_path)
    screen = str(result)
    assert "teori memerlukan 1, keselamatan memerlukan 2" in " ".join(screen.split())
    for word in (
        *("morning", "evening", "night"),
        "the",
        "people",
        "of",
        "calls",
        "hour",
        "week",
        "lines",
        "needed",
        "fresh",
        "million",
        "and",
    ):
        assert word not in screen.replace("`sim112 sources --assumed`", "").split(), word
    assert "pagi 07-15: 2 orang" in screen and "12 petugas digaji (3 x 8 jam)" in screen
    assert result.folder is not None
    drawn = (result.folder / "figures" / "people_against_service.svg").read_text(encoding="utf-8")
    assert "Jumlah petugas dan mutu layanan" in drawn


@pytest.mark.slow
def test_the_same_sizing_gives_the_same_bytes(pati: SizedScenario, tmp_path: Path) -> None:
    assert pati.folder is not None
    again = size_scenario(pati.scenario, pati.settings, "pati", results=tmp_path)
    assert again.folder is not None
    files = sorted(path.relative_to(again.folder) for path in again.folder.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(pati.folder) for p in pati.folder.rglob("*") if p.is_file())
    differ = [str(f) for f in files if (again.folder / f).read_bytes() != (pati.folder / f).read_bytes()]
    assert differ == ["provenance.json"]


@pytest.mark.slow
def test_shared_desks_are_told_against_the_first_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ("area.regencies=[pati,kudus]", "clock=day", "engine=compiled", "workers=1")
    off = (*QUICK, "options.replications=0", "curve_replications=0", "sensitivity=off")
    main(["staff", "all_35", "six_hubs", *few, *off, "--results", str(tmp_path)])
    screen = capsys.readouterr().out
    assert "What desks for several regencies save, against all_35" in screen
    assert "legal basis" in screen
    [saved] = tmp_path.glob("staff/*/pooling.csv")
    own, hub = rows_of(saved)
    assert (own["scenario"], own["desks"], own["people_more"]) == ("all_35", "2", "0")
    assert (hub["scenario"], hub["desks"]) == ("six_hubs", "1")
    assert int(hub["people_more"]) == int(hub["people"]) - int(own["people"]) < 0
    assert float(hub["rp_per_year_more"]) < 0


def test_what_is_left_out_is_left_out(tmp_path: Path) -> None:
    off = (*QUICK, "options.replications=0", "curve_replications=0", "sensitivity=off")
    result = size_scenario(sim112.scenario("pati", *SMALL), staff_settings(off), "pati", results=tmp_path)
    assert (result.options, result.curve, result.sensitivity) == ((), (), ())
    assert result.folder is not None
    assert not list(result.folder.glob("options.csv")) and "What one more person" not in str(result)


def test_off_a_terminal_the_same_step_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Teller()
    for step in ("adding people (desks: 1)", "adding people (desks: 1)", "the least lines"):
        tell(step)
    assert capsys.readouterr().err.splitlines() == [
        "sizing: adding people (desks: 1)",
        "sizing: the least lines",
    ]
