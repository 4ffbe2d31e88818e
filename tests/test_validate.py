"""``sim112 validate``: the rule, the cases, the exact values of its own, and what it says of a wrong one."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields, replace
from functools import cache
from math import inf, nan
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim112 import cli
from sim112.config.scenario import compose
from sim112.errors import InputError
from sim112.planning.theory import erlang_b, erlang_c, finite_lines
from sim112.planning.transient import TimeVarying
from sim112.study.replication import Batch, check, simulate_once
from sim112.study.store import open_run
from sim112.validation import days, suite
from sim112.validation.case import Case, Row, Tolerance, usual_tolerance
from sim112.validation.days import EVENING_H
from sim112.validation.exact import (
    after_call_lines,
    batches,
    fixed_interval,
    gamma_days_blocked_share,
    modulated,
    outages,
)
from sim112.validation.logs import totals
from sim112.validation.suite import (
    CASES,
    Checked,
    Outcome,
    Validation,
    chosen,
    controlled,
    table_rows,
    validate,
)
from sim112.views.validation_screen import (
    MEASURE,
    WIDTH,
    commands,
    measure_of,
    told,
    validation_report,
    validation_screen,
)
from sim112.views.words import Lang, words

QUICK = ("mm10_lost", "light_03", "further_callers", "platform", "cycle")
ROOT = Path(__file__).parents[1]
FAST = ("workers=1", "engine=compiled")


# ---- the rule ----------------------------------------------------------------------------------------------


def test_a_row_passes_when_its_whole_interval_is_within_the_tolerance() -> None:
    inside = Checked("", 10.0, 10.1, 9.9, 10.2, 0.2)
    assert inside.passes and inside.reach == pytest.approx(1.0)
    assert not replace(inside, high=10.21).passes
    assert not replace(inside, low=9.79).passes
    assert not replace(inside, low=nan, high=nan).passes, "one replication proves nothing"
    assert replace(inside, tolerance=0.0).reach == inf


def test_the_usual_tolerance_is_two_percent_or_a_half_of_a_hundredth_and_never_lets_nothing_pass() -> None:
    assert usual_tolerance("s", 50.0) == pytest.approx(1.0)
    assert usual_tolerance("share", 0.4) == 0.005
    assert usual_tolerance("share", 0.003) == pytest.approx(0.0003)
    assert usual_tolerance("share", 0.99) == pytest.approx(0.001)
    assert Tolerance(relative=0.1).of(-3.0) == pytest.approx(0.3)
    assert Tolerance(absolute=0.02).of(0.5) == 0.02


@cache
def rows() -> list[tuple[Case, Row]]:
    """Every row in its words; in place of the values of the days, whose equations take long, stand ones."""
    with pytest.MonkeyPatch.context() as patched:
        ones = TimeVarying(**{field.name: np.ones(EVENING_H + 24) for field in fields(TimeVarying)})
        patched.setattr(days, "exact_day", lambda shift_end: ones)
        return [(case, row) for case in CASES for row in case.rows()]


@pytest.mark.slow
def test_no_row_would_pass_if_nothing_happened() -> None:
    for case in CASES:
        for row in case.rows():
            for exact in row.exact:
                assert row.tolerance_of(exact) <= 0.2 * exact, (case.name, row.measure, exact)


def test_every_tolerance_of_its_own_has_a_reason() -> None:
    for case, row in rows():
        assert row.within is None or row.within.reason, (case.name, row.measure)


def test_there_are_more_than_thirty_rows_each_with_a_source() -> None:
    found = rows()
    assert len(found) > 90
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.source and case.title for case in CASES)
    assert sum(bool(row.published) for _, row in found) >= 10


# ---- the cases ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_composes_and_its_world_can_be_built(case: Case) -> None:
    check(case.scenario())


def test_the_commands_of_the_report_are_the_cases(quick: Validation) -> None:
    for case, line in zip(chosen(QUICK), commands(quick), strict=True):
        words = shlex.split(line)
        assert words[:3] == ["sim112", "run", "one_desk"]
        again, given = compose(["scenario=one_desk", *words[3:]]), case.scenario()
        assert (again.demand, again.clock, again.fleet, again.work) == (
            given.demand,
            given.clock,
            given.fleet,
            given.work,
        )


@pytest.fixture(scope="module")
def quick() -> Validation:
    return validate(chosen(QUICK), FAST)


def test_the_quick_cases_pass(quick: Validation) -> None:
    assert [(o.case.name, o.row.measure) for o in quick.outcomes if not o.passes] == []
    assert {outcome.case.name for outcome in quick.outcomes} == set(QUICK)


def test_quick_rows_are_narrow_enough_to_pass_nearly_always(quick: Validation) -> None:
    for outcome in quick.outcomes:
        worst = outcome.worst
        assert (worst.high - worst.low) / 2 <= 0.4 * worst.tolerance, (outcome.case.name, outcome.row.measure)


@pytest.mark.slow
def test_every_row_passes() -> None:
    found = validate(CASES, ["engine=compiled"])
    assert [(o.case.name, o.row.measure, o.worst) for o in found.outcomes if not o.passes] == []


def test_few_replications_do_not_pass_by_width() -> None:
    assert not validate(chosen(["light_03"]), [*FAST, "replications=2"]).passes
    one = validate(chosen(["light_03"]), [*FAST, "replications=1"])
    assert not any(outcome.passes for outcome in one.outcomes)


def test_both_engines_and_any_number_of_workers_say_the_same() -> None:
    cases = chosen(["mg5_lost", "hospital"])
    found = [
        table_rows(validate(cases, ["replications=2", *words]))
        for words in (FAST, ("workers=1", "engine=reference"), ("workers=2", "engine=compiled"))
    ]
    assert found[0] == found[1] == found[2]


# ---- a wrong value is told ---------------------------------------------------------------------------------


def test_a_wrong_exact_value_fails_with_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [right] = chosen(["platform"])
    wrong = replace(
        right, rows=lambda: tuple(replace(row, exact=(row.exact[0] + 0.006,)) for row in right.rows())
    )
    words = ["validate", "platform", *FAST, "--no-figures", "--results", str(tmp_path)]
    assert cli.main(words) == 0
    assert "2 rows, all pass" in capsys.readouterr().out
    monkeypatch.setattr(suite, "chosen", lambda names: (wrong,))
    assert cli.main(words) == 1
    screen = capsys.readouterr().out
    assert screen.count("FAILS") == 2 and "2 of 2 rows fail" in screen


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["mm11"], "there is no case 'mm11'; did you mean mm1?"),
        (["nothing_like_it"], "there is no case 'nothing_like_it'; use one of mm1, mm14"),
        (["mm1", "demand.rate_factor=2"], "demand.rate_factor makes the case, whose answer would"),
        (["mm1", "replications=none"], "replications is 'none'"),
        (["mm1", "--quick"], "unrecognized arguments: --quick"),
    ],
)
def test_bad_input_is_one_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", *words]) == 2
    printed = capsys.readouterr()
    assert line in printed.err and printed.err.count("\n") == 1 and printed.out == ""


def test_the_list_names_every_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [case.name for case in CASES]


# ---- what is saved and shown -------------------------------------------------------------------------------


def test_what_is_saved_is_what_was_found(tmp_path: Path) -> None:
    found = validate(chosen(["cycle", "platform"]), [*FAST, "replications=4"], results=tmp_path)
    assert found.folder is not None
    report = (found.folder / "report.md").read_text(encoding="utf-8")
    assert report.splitlines()[0] == "Agreement with theory is not agreement with Central Java."
    assert (found.folder / "figures" / "forest.svg").is_file() and "(figures/forest.svg)" in report
    stored = open_run(found.folder)
    assert stored.table("validation").to_pylist() == table_rows(found)
    assert [row["case"] for row in stored.rows("validation")] == [row["case"] for row in table_rows(found)]
    assert stored.provenance["cases"] == ["platform", "cycle"]
    documented = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    names = [*stored.provenance, *table_rows(found)[0]]
    assert [name for name in names if f"`{name}`" not in documented] == []


@pytest.mark.parametrize("lang", ["en", "id"])
def test_the_screen_fits_and_names_every_row_and_source(quick: Validation, lang: Lang) -> None:
    spoken = replace(quick, scenarios=tuple(one.model_copy(update={"lang": lang}) for one in quick.scenarios))
    screen, report = validation_screen(spoken), validation_report(spoken, ["forest"])
    assert max(map(len, screen.splitlines())) <= WIDTH
    assert "Central Java" in screen.splitlines()[0] or "Jawa Tengah" in screen.splitlines()[0]
    for outcome in quick.outcomes:
        source = told(outcome.source, words(lang))
        assert outcome.row.measure in screen and source in screen and source in report
        assert told(outcome.case.title, words(lang)) in screen


def texts_of(case: Case) -> set[str]:
    """Every text of a case that people see; a source as the note in its brackets, where it has one."""
    found = {case.title}
    for row in (row for one, row in rows() if one is case):
        source = row.published or case.source
        note = re.search(r" \((.*)\)$", source)
        found |= {row.of, note[1] if note else source, row.within.reason if row.within else ""}
        found -= {"", *row.members}
    return found


def test_every_text_of_a_case_is_said_in_indonesian_and_none_is_left_over() -> None:
    texts, known = set().union(*map(texts_of, CASES)), set(words("id").section("validation"))
    assert known - texts == set()
    authors = re.compile(r"[A-Z]\..*\d{4}|^Garnett|^F\. Baccelli|^D\. Gross")  # references stay as they are
    assert {text for text in texts - known if not authors.search(text)} == set()


@pytest.mark.parametrize("lang", ["en", "id"])
def test_every_row_and_title_fits_its_place_on_the_screen(lang: Lang) -> None:
    known = words(lang)
    for case, row in rows():
        longest = max(row.members or ("00",), key=len) if len(row.exact) > 1 else ""
        checked = (Checked(longest, 1.0, 1.0, 1.0, 1.0, 1.0),) * len(row.exact)
        assert len(measure_of(Outcome(case, row, checked), known)) <= MEASURE, (case.name, row.of)
        assert len(f"{case.name}: {told(case.title, known)}") <= WIDTH


# ---- parts -------------------------------------------------------------------------------------------------


def test_queues_of_the_suite_meet_erlangs_where_they_must() -> None:
    plain = erlang_c(1 / 360, 180, 1)
    for found in (batches(1 / 360, 0, 180), modulated((1 / 360, 1 / 360), (600, 300), 180)):
        assert found.waited_share == pytest.approx(plain.waited_share, rel=1e-9)
        assert found.mean_wait_s == pytest.approx(plain.mean_wait_s, rel=1e-9)
    half = fixed_interval(360, 180)  # sigma of D/M/1 at half load, as in textbooks
    assert half.waited_share == pytest.approx(0.2032, abs=5e-5)
    assert half.mean_wait_s == pytest.approx(180 * 0.2032 / 0.7968, rel=1e-3)


def test_work_after_the_call_holds_people_and_no_lines() -> None:
    hardly = after_call_lines(1 / 60, 180, 1e-6, 3, 8)
    plain = finite_lines(1 / 60, 180, 3, 8)
    assert hardly.blocked_share == pytest.approx(plain.blocked_share, rel=1e-6)
    assert hardly.mean_wait_s == pytest.approx(plain.mean_wait_s, rel=1e-6)
    assert hardly.waited_share == pytest.approx(plain.waited_share, rel=1e-6)
    assert hardly.mean_lines == pytest.approx(plain.mean_lines, rel=1e-6)
    many = after_call_lines(1 / 60, 180, 600, 40, 4)  # people for everybody: only the talks hold lines
    assert many.blocked_share == pytest.approx(erlang_b(3, 4), rel=1e-6)
    some = after_call_lines(1 / 80, 120, 90, 3, 5)
    busy = (1 - some.blocked_share) / 80 * (120 + 90) / 3  # Little's law
    assert some.occupancy == pytest.approx(busy, rel=1e-9)


def test_a_platform_that_never_fails_for_long_is_as_one_that_works() -> None:
    hardly = outages(100 / 3600, 180, 5, 8, 7200, 1e-3)
    plain = finite_lines(100 / 3600, 180, 5, 8)
    assert hardly.full_share == pytest.approx(plain.blocked_share, rel=1e-3)
    assert hardly.mean_wait_s == pytest.approx(plain.mean_wait_s, rel=1e-3)
    assert hardly.mean_channels == pytest.approx(plain.mean_lines, rel=1e-3)
    often = outages(100 / 3600, 180, 8, 8, 3600, 900)
    accepted = 100 / 3600 * (1 - often.outage_share - often.full_share)
    assert often.mean_channels == pytest.approx(accepted * 180, rel=1e-6)  # Little's law
    assert (often.outage_share, often.mean_wait_s) == (0.25, pytest.approx(0.0, abs=1e-9))


def test_days_all_alike_are_erlangs_and_days_that_differ_lose_more() -> None:
    assert gamma_days_blocked_share(1.5, 3, 0.05) == pytest.approx(erlang_b(1.5, 3), rel=0.01)
    rng = np.random.default_rng(1)
    factor = rng.gamma(4.0, 0.25, 200_000)
    lost = np.array([erlang_b(1.5 * one, 3) for one in factor[:20_000]]) @ factor[:20_000]
    assert gamma_days_blocked_share(1.5, 3, 0.5) == pytest.approx(lost / 20_000, rel=0.02)


def test_the_variance_of_a_day_is_of_whole_days_of_the_report_alone(tmp_path: Path) -> None:
    [case] = chosen(["day_factor"])
    clock = case.scenario().clock
    from_s, days = clock.report_from_s, round(clock.report_s / 86400)
    table = {
        "decided_s": [from_s - 1.0, from_s, from_s + 5.0, from_s + 86400.0, clock.report_to_s],
        "regency": pa.DictionaryArray.from_arrays(pa.array([0, 0, 1, 1, 0], pa.int32()), ["west", "east"]),
    }
    pq.write_table(pa.table(table), tmp_path / "calls.parquet")
    deviations, of = totals("day_count_variance", tmp_path, ("west", "west east"), clock)
    counts = np.zeros((2, days))
    counts[:, 0], counts[1, 1] = (1, 2), 1
    assert (deviations / of).tolist() == pytest.approx(counts.var(axis=1, ddof=1).tolist())


def test_controls_take_out_the_luck_of_the_draw_and_nothing_else() -> None:
    [case] = chosen(["light_03"])
    scenario = case.scenario("replications=12")
    runs = [simulate_once(Batch((scenario,), range(1)), number, "compiled")[0] for number in range(12)]
    assert case.controls is not None
    expected = case.controls.calls_per_s * scenario.clock.report_s
    offered = np.array([run.total("offered", "province")[0] for run in runs]) - expected
    lucky = controlled((7.0 + 0.5 * offered)[:, None], runs, scenario, case.controls)
    assert (lucky.low[0], lucky.high[0]) == pytest.approx((7.0, 7.0))
    noise = np.random.default_rng(1).normal(size=(12, 1))
    plain, held = noise.mean(), controlled(noise, runs, scenario, case.controls)
    assert held.low[0] < plain < held.high[0]


def test_a_job_without_a_unit_is_no_unit_s_work(tmp_path: Path) -> None:
    [case] = chosen(["hypercube_lost"])
    clock = case.scenario().clock
    at = clock.report_from_s + 10.0
    table = {
        "unit": pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int32()), ["unit_1", "unit_3"]),
        "zone": pa.array(["atom_1", "area_3", "area_3"]),
        "noticed_s": [at, at, at],
        "assigned_s": [at, at, nan],
        "available_s": [at + 60, nan, nan],
    }
    pq.write_table(pa.table(table), tmp_path / "jobs.parquet")
    busy, whole = totals("unit_utilisation", tmp_path, ("unit_1", "unit_2", "unit_3"), clock)
    assert busy.tolist() == [60.0, 0.0, clock.report_to_s - at] and whole[0] == clock.report_s
    sent, of_all = totals("dispatch_share", tmp_path, ("atom_1 unit_1", "area_3 unit_1"), clock)
    assert sent.tolist() == [1.0, 0.0] and of_all.tolist() == [2.0, 2.0]
    across, _ = totals("out_of_area_share", tmp_path, ("atom_1 unit_1 area_3 unit_1",), clock)
    assert across.tolist() == [1.0]


def test_a_row_for_other_members_than_it_has_is_refused() -> None:
    with pytest.raises(InputError, match="no case"):
        chosen(["mm1", "mm2_lost"])
    [case] = chosen(["platform"])
    scenario = case.scenario("replications=2")
    runs = simulate_once(Batch((scenario,), range(1)), 0, "compiled")
    with pytest.raises(ValueError, match="2 members"):
        suite.checked(case, Row("blocked_share", (0.1,), "desk"), scenario, runs, None)
