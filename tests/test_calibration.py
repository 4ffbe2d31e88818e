"""The figures that the model is held against, and the document that shows them."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import check_calibration as calibration  # noqa: E402

DOCUMENT = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
FIGURE_COLUMNS = (
    *("answered_per_day", "genuine_per_day", "genuine_share", "information_share", "prank_share"),
    "ghost_share",
)


@pytest.fixture(scope="module")
def runs() -> dict[str, calibration.Run]:
    return calibration.simulate_all(2, 1, ["clock=day"])


def figure(value: float, error: float = 0.0, events: float = 1000.0) -> calibration.Figure:
    return calibration.Figure(value, error, events)


def test_a_figure_matches_within_the_band_or_within_two_standard_errors() -> None:
    assert calibration.verdict(100, figure(114.9)) == "matches"
    assert calibration.verdict(100, figure(115.2)).startswith("**high**")
    assert calibration.verdict(100, figure(84.8)).startswith("**low**")
    assert calibration.verdict(100, figure(130, error=15)) == "matches"
    assert calibration.verdict(100, figure(100, events=29)) == "matches (few events)"


def test_a_figure_is_the_ratio_of_the_sums_over_replications() -> None:
    calls, days = calibration.np.array([10.0, 30.0]), calibration.np.array([5.0, 5.0])
    found = calibration.figure(calls, days)
    assert found.value == pytest.approx(4.0)
    assert found.error == pytest.approx(2.0)  # of 2 and 6 a day
    assert found.events == 40


def test_seats_are_read_by_local_hour_over_midnight() -> None:
    seats = calibration.seats_by_hour("08-16 3;16-23 2;23-08 1")
    assert [seats[hour] for hour in (8, 15, 16, 22, 23, 0, 7)] == [3, 3, 2, 2, 1, 1, 1]
    assert calibration.seats_by_hour("day 2") == dict.fromkeys(range(8, 16), 2)
    with pytest.raises(ValueError, match="seats_by_shift is 'morning 3'"):
        calibration.seats_by_hour("morning 3")


def test_launch_weeks_are_not_held_against_mature_ones() -> None:
    weeks = {
        (row["regency_label"], row["period"]): calibration.week_of(row) for row in calibration.known_centres()
    }
    assert weeks["jepara", "first 2 days, May 2025"] == "launch"
    assert weeks["kudus", "first month, May 2019"] == "launch"
    assert weeks["kab_magelang", "Lebaran 2022"] == "lebaran"
    assert weeks["kota_pekalongan", "Jan-Sep 2021"] == "dec_2021"
    assert weeks["purworejo", "Jan-Jun 2024"] == "all_35"


@pytest.mark.slow
def test_every_known_centre_and_figure_is_held_against_a_simulated_one(
    runs: dict[str, calibration.Run],
) -> None:
    rows = list(calibration.centre_rows(runs))
    for known in calibration.known_centres():
        shown = [row for row in rows if row[:2] == (known["place"], known["period"])]
        assert shown, f"{known['place']}, {known['period']} is in no row"
        for column in FIGURE_COLUMNS:
            if known[column]:
                assert any(row[4] == known[column] for row in shown), (known["place"], column)


@pytest.mark.slow
def test_rosters_of_centres_with_known_seats_are_those(runs: dict[str, calibration.Run]) -> None:
    by_place = {row[0]: row for row in calibration.staffing_rows(runs) if "seats" in row[3]}
    assert set(by_place) == {"Kab. Magelang", "Kota Pekalongan"}
    assert all(row[-1] == "matches" for row in by_place.values())


@pytest.mark.slow
def test_the_report_prints_every_table_as_markdown(runs: dict[str, calibration.Run]) -> None:
    for part in calibration.report(runs).split("### ")[1:]:
        title, _, table = part.partition("\n\n")
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len(lines) > 2, title
        assert len({line.count("|") for line in lines}) == 1, title
        assert f"### {title}" in DOCUMENT


def test_the_document_shows_every_known_centre_and_figure() -> None:
    for known in calibration.known_centres():
        assert f"| {known['place']} | {known['period']} |" in DOCUMENT
        for column in FIGURE_COLUMNS:
            if known[column]:
                assert f"| {known[column]} |" in DOCUMENT, (known["place"], column)
