"""A scenario composes from the shipped files, and what is wrong is told in one clear line."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra

from sim112.config.area import AreaConfig
from sim112.config.clock import Clock
from sim112.config.scenario import (
    Scenario,
    choices,
    compose,
    compose_mapping,
    from_mapping,
    scenario,
    to_yaml,
)
from sim112.errors import InputError
from sim112.paths import configs_dir

GROUPS = sorted(folder.name for folder in configs_dir().iterdir() if folder.is_dir())
SCENARIOS = ("no_112", "dec_2021", "pati", "known_2025", "all_35", "six_hubs", "one_centre")
DEMANDS = (
    "typical_week",
    "launch_weeks",
    "dry_season",
    "lebaran",
    "borobudur_holiday",
    "pantura_flood",
    "merapi",
)


@cache
def default() -> Scenario:
    """The scenario without any override."""
    return compose()


def refused(*overrides: str) -> str:
    """The one line with which a configuration is refused."""
    with pytest.raises(InputError) as caught:
        compose(overrides)
    line = str(caught.value)
    assert line and "\n" not in line
    return line


def test_the_promised_scenarios_and_weeks_are_shipped() -> None:
    assert set(SCENARIOS) <= set(choices("scenario"))
    assert set(DEMANDS) <= set(choices("demand"))


@pytest.mark.parametrize("name", choices("scenario"))
@pytest.mark.parametrize("demand", choices("demand"))
def test_every_scenario_composes_with_every_demand(name: str, demand: str) -> None:
    composed = compose([f"scenario={name}", f"demand={demand}"])
    assert composed.name == name
    assert composed.question and composed.sourced and composed.assumed


@pytest.mark.parametrize(
    "choice",
    [f"{group}={name}" for group in GROUPS if group not in ("scenario", "demand") for name in choices(group)],
)
def test_every_other_group_choice_composes(choice: str) -> None:
    compose([choice])


@pytest.mark.parametrize("name", choices("scenario"))
def test_a_scenario_file_begins_with_its_question(name: str) -> None:
    lines = (configs_dir() / "scenario" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].startswith("# ") and lines[1].endswith("?")


@pytest.mark.parametrize("name", choices("scenario"))
def test_a_scenario_changes_only_deployment_and_rosters(name: str) -> None:
    bare, named = default().model_dump(), scenario(name).model_dump()
    different = {key for key in bare if bare[key] != named[key]}
    assert different <= {"name", "question", "sourced", "assumed", "deployment", "staffing"}


def test_a_resolved_scenario_reads_back_equal() -> None:
    whole = scenario(
        "known_2025", "demand=pantura_flood", "answering.outages=[{platform: jasnita, from_s: 0, to_s: 60}]"
    )
    assert from_mapping(yaml.safe_load(to_yaml(whole))) == whole


def test_composing_leaves_hydra_as_it_was() -> None:
    assert not GlobalHydra.instance().is_initialized()
    compose()
    assert not GlobalHydra.instance().is_initialized()


def test_a_command_line_choice_wins_over_the_scenario() -> None:
    assert scenario("six_hubs", "deployment.grouping=province").deployment.grouping == "province"
    assert scenario("all_35", "staffing=lean").staffing.rosters["small"].shifts["day"].call_takers == 1


def test_a_new_entry_needs_no_plus_sign() -> None:
    assert compose(["answering.lines_of.pati=12"]).answering.lines_of == {"pati": 12}


def test_one_more_folder_of_configs_adds_choices(tmp_path: Path) -> None:
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "mine.yaml").write_text("# @package _global_\nname: mine\n", encoding="utf-8")
    assert compose(["scenario=mine"], tmp_path).name == "mine"
    assert compose(["scenario=pati"], tmp_path).name == "pati"


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "mine.yaml").write_text("# @package _global_\nname: [mine\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        compose(["scenario=mine"], tmp_path)
    assert "\n" not in str(caught.value) and "mine.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("scenario=patti", ["scenario", "'patti'", "did you mean pati?"]),
        ("demand=lebarann", ["demand", "'lebarann'", "did you mean lebaran?"]),
        ("staffing=leen", ["'leen'", "did you mean lean?"]),
        ("demand=null", ["demand", "typical_week"]),
        ("staffing.call_takerz=2", ["staffing.call_takerz", "did you mean call_takers?"]),
        ("stafing.call_takers=2", ["stafing", "did you mean staffing?"]),
        ("staffing.rosters.small.shifts.day.calltakers=2", ["calltakers", "did you mean call_takers?"]),
        ("staffing.call_takers=-1", ["staffing.call_takers is -1", "greater than or equal to 1"]),
        ("staffing.call_takers=0", ["staffing.call_takers is 0", "greater than or equal to 1"]),
        ("staffing.call_takers=1.5", ["staffing.call_takers is 1.5", "integer"]),
        ("staffing.roster_of.pati=tiny", ["staffing.roster_of.pati", "'tiny'", "small"]),
        ("staffing.shift_end=never", ["staffing.shift_end", "'never'", "'finish'"]),
        ("clock.report_s=0", ["clock.report_s is 0", "greater than 0"]),
        ("clock.report_s=week", ["clock.report_s is 'week'", "number"]),
        ("clock.start=2021-12-05T00:00Z", ["clock.start", "without a time zone"]),
        ("clock.warm_up_s=inf", ["clock.warm_up_s", "finite"]),
        ("replications=0", ["replications is 0"]),
        ("engine=fast", ["engine is 'fast'", "reference"]),
        ("answering.announcement_s=-3", ["answering.announcement_s is -3"]),
        ("answering.lines.regency=0", ["answering.lines.regency is 0"]),
        ("answering.allocation.pati=telkom", ["answering.allocation.pati", "'telkom'", "jasnita"]),
        ("answering.outages=[{platform: jasnita, from_s: 9, to_s: 9}]", ["answering.outages.0", "to_s is 9"]),
        ("answering.overflow_to=kuduss", ["answering.overflow_to", "'kuduss'", "did you mean kudus?"]),
        ("deployment.add=[patti]", ["deployment.add", "'patti'", "did you mean pati?"]),
        ("area.regencies=[patti]", ["area.regencies", "'patti'", "did you mean pati?"]),
        ("demand.regencies.patti.dial_112_share=0.2", ["demand.regencies.patti", "did you mean pati?"]),
        ("deployment.as_of=2021-13-01", ["deployment.as_of", "2021-13-01"]),
        ("fleet.scale.fire=-1", ["fleet.scale.fire is -1"]),
        ("area.speeds_kmh.day.toll=0", ["area.speeds_kmh.day.toll is 0", "greater than 0"]),
        ("area.speeds_kmh.day.tol=80", ["area.speeds_kmh.day.tol ", "did you mean toll?"]),
        ("area.periods.peak.hours=[25]", ["area.periods.peak", "hour 25", "0 to 23"]),
        ("area.periods.peak.hours=[4]", ["area: ", "hour 4", "night", "peak"]),
        ("~clock", ["clock is missing"]),
        ("pati", ["'pati'", "key=value"]),
        ("clock.report_s={", ["'clock.report_s={'", "key=value"]),
        ("seed=1,2", ["several values"]),
        ("area.path=/nowhere", ["/nowhere/regencies.csv"]),
    ],
)
def test_bad_input_is_one_clear_line(override: str, parts: list[str]) -> None:
    line = refused(override)
    for part in parts:
        assert part in line


def test_a_roster_gap_within_opening_hours_is_refused() -> None:
    line = refused("staffing.rosters.typical.shifts.night.from_h=22.5")
    for part in ("staffing.rosters.typical", "21:00", "22:30", "00:00-24:00"):
        assert part in line


def test_a_roster_gap_outside_opening_hours_is_allowed() -> None:
    jepara = default().staffing.rosters["jepara"]
    assert jepara.call_takers_at(22) == 0
    assert not jepara.is_open(22)
    assert "staffing.rosters.jepara" in refused("staffing.rosters.jepara.open_to_h=22")


def test_a_misspelt_key_is_told_before_the_key_that_it_leaves_out() -> None:
    mapping = compose_mapping()
    mapping["clock"]["reports_s"] = mapping["clock"].pop("report_s")
    with pytest.raises(InputError, match=r"clock\.reports_s is no key") as caught:
        from_mapping(mapping)
    assert "did you mean report_s?" in str(caught.value)


def test_shifts_pass_midnight() -> None:
    pekalongan = default().staffing.rosters["kota_pekalongan"]
    assert pekalongan.edges_h() == (0.0, 8.0, 16.0, 23.0)
    assert [pekalongan.call_takers_at(hour) for hour in (0, 7.9, 8, 15.9, 16, 23)] == [3] * 6


def test_the_week_begins_on_monday() -> None:
    clock = Clock.model_validate(
        {"start": "2021-12-05T18:30", "warm_up_s": 10, "report_s": 20, "cool_down_s": 30}
    )
    assert clock.start_of_week_s == 6 * 86400 + 18.5 * 3600
    assert (clock.report_from_s, clock.report_to_s, clock.end_s) == (10, 30, 60)


def test_the_default_report_is_a_week_from_monday() -> None:
    clock = default().clock
    assert clock.start_of_week_s + clock.report_from_s == 7 * 86400
    assert clock.report_s == 7 * 86400


def test_hours_of_no_period_are_the_other_period() -> None:
    area: AreaConfig = default().area
    by_hour = area.period_by_hour()
    named = [area.period_names[at] for at in by_hour]
    monday, sunday = named[:24], named[-24:]
    assert (monday[2], monday[7], monday[10], monday[22]) == ("night", "peak", "day", "night")
    assert sunday[7] == "day"
