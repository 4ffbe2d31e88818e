"""What is printed fits the screen and says what it must."""

import math
from dataclasses import replace

import pytest
from test_comparison import runs_of

from sim112.study.comparison import compare, rank_assumptions
from sim112.views import tables


@pytest.fixture(scope="module")
def runs():
    return {
        "dec_2021": runs_of(900, 0),
        "known_2025": runs_of(860, 11_000_000),
        "all_35": runs_of(800, 36_500_000),
    }


@pytest.fixture(scope="module")
def screen(runs):
    middle = compare(runs, stress=runs)
    other = compare(runs | {"all_35": runs_of(950, 36_500_000)})
    ranked = rank_assumptions(middle, {"callers.look_up_s": (other, middle)})
    return tables.first_screen("What does 112 change for the people of Central Java?", middle, ranked)


def test_the_first_screen_fits_a_terminal(screen):
    assert max(len(line) for line in screen.splitlines()) <= tables.WIDTH
    assert len(screen.splitlines()) <= 48


def test_the_first_screen_says_what_it_must(screen):
    assert screen.startswith("What does 112 change")
    assert "36.5" in screen and "+36.5" in screen and "better" in screen
    assert "cover chance, not the assumptions" in screen
    assert "What did not change" in screen
    assert "callers.look_up_s" in screen
    assert "in all_35: WORSE with callers.look_up_s low" in " ".join(screen.split())
    assert "nan" not in screen


def test_wide_differences_stay_in_their_column():
    row = compare({"a": runs_of(900), "b": runs_of(800)}).row("alert_capped_s", "b")
    wide = replace(row, difference=-123456.0, difference_low=-190000.0, difference_high=-50000.0)
    for one in (row, wide):
        cells = tables._cell_lines(one, 1.0, 0, 12)
        assert max(len(cell) for cell in cells) <= 12
        assert cells[-1] == "better"


def test_a_clear_difference_within_one_percent_is_negligible():
    """An alert 5 s later of 900 s: clear by the pairing, and of no matter."""
    runs = {name: runs_of(alert_s, number=24) for name, alert_s in (("a", 900), ("b", 905), ("c", 960))}
    comparison = compare(runs)
    row = comparison.row("alert_capped_s", "b")
    assert row.verdict == "worse" and tables.verdict_word(row) == "negligible"
    assert tables.verdict_word(comparison.row("alert_capped_s", "c")) == "WORSE"
    assert tables.verdict_word(replace(row, difference_high=9.5)) == "WORSE"  # perhaps more than 1 %
    assert tables.verdict_word(replace(row, verdict="not clear")) == "unclear"
    text = tables.first_screen("?", comparison)
    assert "negligible: clear, but surely within 1 % of a." in " ".join(text.split()[-60:])
    assert "negligible" not in tables.first_screen("?", compare({"a": runs["a"], "c": runs["c"]}))


def test_more_scenarios_than_fit_are_shown_in_blocks(runs):
    many = {f"scenario_{at}": runs["dec_2021"] for at in range(6)}
    text = tables.first_screen("?", compare(many))
    assert all(name in text for name in many)
    assert max(len(line) for line in text.splitlines()) <= tables.WIDTH


def test_one_replication_says_so_and_gives_no_verdict(runs):
    text = tables.first_screen("?", compare({name: one[:1] for name, one in runs.items()}))
    assert "one replication: no interval" in text
    assert "±" not in text and "unclear" not in text


def test_a_run_prints_its_measures(runs):
    text = tables.scenario_table("all_35", runs["all_35"])
    assert "p90" in text and "calls offered" in text and "nan" not in text
    assert max(len(line) for line in text.splitlines()) <= tables.WIDTH


def test_numbers_are_written_for_reading():
    assert tables.number(1234567.4, 0) == "1,234,567"
    assert tables.number(0.5, 1, signed=True) == "+0.5"
    assert tables.number(-0.001, 1, signed=True) == "0.0"
    assert tables.number(math.nan, 1) == "-"
    assert tables.with_bounds(12.3, 11.9, 12.7, 1) == "12.3 ±0.4"
    assert tables.with_bounds(12.3, 11.9, 13.7, 1) == "12.3 [11.9, 13.7]"
    assert tables.with_bounds(12.3, math.nan, math.nan, 1) == "12.3"
    assert tables.scale_of("s", [1800.0]) == (1 / 60, "min")
    assert tables.scale_of("share", [0.2]) == (100.0, "%")
    assert tables.scale_of("Rp/report", [2.5e6]) == (1e-6, "Rp million/report")
