"""``sim112 staff``: from a word to people on shifts, and a configuration that the other commands take."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import sim112
from sim112.cli import BAD_INPUT, main
from sim112.config.staff import staff_settings
from sim112.config.staffing import Roster, Shift
from sim112.engine.contract import Change
from sim112.planning.floor import price_floor
from sim112.planning.requirement import by_hour_of_week, own_plan
from sim112.planning.staff import SizedScenario, desks_to_size, size_scenario
from sim112.study.replication import world_of
from sim112.views.staff_screen import spans

QUICK = ("search.replications=3", "search.verification_replications=3")
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
        ([], "staff needs one regency or one scenario, given: none"),
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


def test_a_target_that_cannot_be_kept_is_told_and_ends_with_status_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["staff", "pati", *SMALL, *QUICK, "targets.answered_within_s=1", "--results", str(tmp_path)]
    assert main(words) == 1
    screen = capsys.readouterr().out
    assert "CANNOT BE KEPT: answered within 1 s: 90 % wanted" in screen
    assert "picking up alone takes 4 s" in screen


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
    assert spans(people.ravel()) == "00-09 h 2, 09-19 h 3, 19-24 h 2"
    people[5:] = 2
    assert spans(people.ravel()) == "Mon-Fri: 00-09 h 2, 09-19 h 3, 19-24 h 2; Sat-Sun: 2"


def test_more_people_on_duty_leave_fewer_calls_waiting() -> None:
    scenario = sim112.scenario("pati", "demand=launch_weeks", *SMALL)
    desk = int(desks_to_size(scenario, "pati")[0])
    rows = price_floor({"launch_weeks": scenario}, desk, 3, "compiled")
    one, two, three, by_day = rows
    assert one.busy_or_absent > two.busy_or_absent > three.busy_or_absent
    assert by_day.offered < two.offered and by_day.away_h == 70 and by_day.people_h == 2 * 98
    assert one.incidents == by_day.incidents  # the same days
