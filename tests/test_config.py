"""A scenario composes from the shipped files, and what is wrong is told in one clear line."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra

from sim112.config.area import AreaConfig
from sim112.config.clock import Clock
from sim112.config.composition import choices, compose_mapping
from sim112.config.scenario import Scenario, check_surges, compose, from_mapping, scenario, to_yaml
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


ALL_PAIRS = [(name, demand) for name in choices("scenario") for demand in choices("demand")]
EACH_ONCE = [
    *((name, "typical_week") for name in choices("scenario")),
    *(("all_35", demand) for demand in choices("demand")),
]


@pytest.mark.parametrize(
    ("name", "demand"),
    [pytest.param(*pair, marks=() if pair in EACH_ONCE else pytest.mark.slow) for pair in ALL_PAIRS],
)
def test_every_scenario_composes_with_every_demand(name: str, demand: str) -> None:
    composed = compose([f"scenario={name}", f"demand={demand}"])
    assert composed.name == name
    assert composed.question and composed.sourced and composed.assumed


OTHERS = [
    [f"{group}={name}" for name in choices(group)] for group in GROUPS if group not in ("scenario", "demand")
]


@pytest.mark.parametrize("at", range(max(map(len, OTHERS))))
def test_every_other_group_choice_composes(at: int) -> None:
    compose([words[at % len(words)] for words in OTHERS])


@pytest.mark.parametrize("name", choices("scenario"))
def test_a_scenario_file_begins_with_its_question(name: str) -> None:
    lines = (configs_dir() / "scenario" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].startswith("# ") and lines[1].endswith("?")


@pytest.mark.parametrize("name", [name for name in choices("scenario") if name != "one_desk"])
def test_a_scenario_of_the_province_changes_only_deployment_and_rosters(name: str) -> None:
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


@pytest.mark.parametrize(
    ("chosen", "changes"),
    [
        ([], ["seed=7", "clock.report_s=60", "seed=8"]),
        (["scenario=pati", "clock=day"], ["answering.lines_of={kudus: 3}", "answering.lines_of.pati=12"]),
        (["demand=merapi"], ["answering.announcement_s=${clock.cool_down_s}", "clock.cool_down_s=60"]),
        (["demand=merapi"], ["demand.surges.eruption.from_h=1", "area.regencies=[pati,kudus]", "own.key=x"]),
        ([], ["answering.outages=[{platform: jasnita, from_s: 0}]", "answering.outages.0.to_s=60"]),
        ([], ["fleet.hold_back=null", "callers.misrouted=off", "question='what if?'"]),
    ],
)
def test_values_are_changed_as_hydra_changes_them(chosen: list[str], changes: list[str]) -> None:
    by_hydra = compose_mapping([*chosen, *(f"++{change}" for change in changes)])
    assert compose_mapping([*chosen, *changes]) == compose_mapping([*changes, *chosen]) == by_hydra
    assert list(compose_mapping([*chosen, *changes])) == list(by_hydra)


def test_what_is_composed_is_ones_own_to_change() -> None:
    mapping = compose_mapping(["clock=day"])
    mapping["clock"]["report_s"] = mapping["name"] = None
    assert compose_mapping(["clock=day"])["clock"]["report_s"] == 86400


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    for question in ("First?", "Other?"):
        mine(tmp_path, f"{GLOBAL}defaults: [/more/own]\n")
        mine(tmp_path, f"{GLOBAL}question: {question}\n", "more/own.yaml")
        assert compose(["scenario=mine"], tmp_path).question == question


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
        ("area.path=/nowhere", ["area.path is '/nowhere'", "no such folder"]),
        (f"area.path={Path(__file__)}", ["area.path is", "is a file", "give a folder of tables"]),
        ("area.regencies=pati", ["area.regencies is 'pati'", "area.regencies=[pati]"]),
        ("area.other_hours=dai", ["area.other_hours is 'dai'", "no speeds_kmh; use day"]),
        ("demand.kinds.fires.rate_per_100k_year=5", ["fires", "did you mean demand.kinds.fire?"]),
        ("clock.report_s=1e9", ["clock.report_s is 1000000000", "less than or equal to 31622400"]),
        ("clock.warm_up_s=1e9", ["clock.warm_up_s", "less than or equal to"]),
        ("fleet.scale.fire=1e6", ["fleet.scale.fire", "less than or equal to 100"]),
        ("replications=1000000000", ["replications", "less than or equal to 100000"]),
        ("lang=fr", ["lang is 'fr'", "it should be 'en' or 'id'"]),
        ("name=../../evil", ["name: '../../evil' is no name", "letters, digits, spaces, _ and -"]),
        ("name='a b/c'", ["name: 'a b/c' is no name"]),
        ("name=", ["name: '' is no name"]),
        ("=3", ["'=3' has no key"]),
        ("question=${oc.env:HOME}", ["question is ${oc.env:HOME}, which is no value"]),
        ("question='${oc.decode:3}'", ["question is ${oc.decode:3}, which is no value"]),
    ],
)
def test_bad_input_is_one_clear_line(override: str, parts: list[str]) -> None:
    line = refused(override)
    for part in parts:
        assert part in line


def mine(folder: Path, text: str | bytes, name: str = "scenario/mine.yaml") -> Path:
    """A folder of configuration with one file."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


GLOBAL = "# @package _global_\n"
ALIASES = "[&a0 [1, 1, 1, 1, 1, 1, 1, 1], {}]".format(
    ", ".join(f"&a{at} [{', '.join([f'*a{at - 1}'] * 8)}]" for at in range(1, 8))
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("name: mine\n", ["mine.yaml: the first line is missing; begin with '# @package _global_'"]),
        (f"{GLOBAL}name: caf\u00e9\n".encode("latin-1"), ["mine.yaml: not YAML in UTF-8"]),
        (f"{GLOBAL}question: ${{oc.env:HOME}}\n", ["mine.yaml line 2: ${oc.env:HOME} is no value"]),
        (
            f"{GLOBAL}defaults:\n  - override /demand: ${{oc.env:HOME}}\n",
            ["mine.yaml line 3: ${oc.env:HOME} is no value"],
        ),
        (
            f"{GLOBAL}defaults:\n  - override /demand: lebarann\n",
            ["mine.yaml: there is no demand 'lebarann'; did you mean lebaran?"],
        ),
        (f"{GLOBAL}defaults:\n  - mine\n", ["has itself among its defaults"]),
        (f"{GLOBAL}name: {ALIASES}\n", ["mine.yaml: holds more than 100000 values"]),
        (f"{GLOBAL}name: &a [*a]\n", ["mine.yaml: holds more than 100000 values"]),
        (f"{GLOBAL}name: {'[' * 20_000}\n", ["mine.yaml: holds more than 100000 values", "goes too deep"]),
        (f"{GLOBAL}name: a/b\n", ["name: 'a/b' is no name"]),
    ],
)
def test_a_bad_file_of_ones_own_is_one_clear_line(
    tmp_path: Path, text: str | bytes, parts: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        compose(["scenario=mine"], mine(tmp_path, text))
    line = str(caught.value)
    assert "\n" not in line and len(line) < 250
    for part in parts:
        assert part in line


def test_a_file_of_ones_own_stands_before_a_shipped_one(tmp_path: Path) -> None:
    folder = mine(tmp_path, f"{GLOBAL}defaults:\n  - all_35\nquestion: Mine?\n", "scenario/pati.yaml")
    own = compose(["scenario=pati"], folder)
    assert (own.name, own.question, own.deployment.centres) == ("pati", "Mine?", "all")
    assert compose(["scenario=all_35"], folder) == compose(["scenario=all_35"])
    mine(tmp_path, "defaults:\n  - typical_week\nrate_factor: 2\n", "demand/my_week.yaml")
    assert compose(["scenario=pati", "demand=my_week"], folder).demand.rate_factor == 2


def test_a_scenario_without_a_name_is_named_as_its_file(tmp_path: Path) -> None:
    folder = mine(tmp_path, f"{GLOBAL}question: Mine?\n")
    assert compose(["scenario=mine"], folder).name == "mine"
    assert compose(["scenario=mine", "name=other"], folder).name == "other"
    assert compose([], folder).name == "default"


def test_a_reference_within_the_configuration_is_a_value() -> None:
    assert compose(["answering.announcement_s=${clock.cool_down_s}"]).answering.announcement_s == 21600


def test_a_surge_outside_the_reported_time_is_refused() -> None:
    check_surges(scenario("all_35", "demand=pantura_flood"))
    check_surges(scenario("all_35", "demand=lebaran", "clock=day"))
    for week in ("pantura_flood", "merapi"):
        with pytest.raises(InputError, match=r"demand.surges.\w+: from hour \d+ to 120, .* 6 to 30; set"):
            check_surges(scenario("all_35", f"demand={week}", "clock=day"))
    mend = ("clock.warm_up_s=345600", "clock.report_s=86400")
    check_surges(scenario("all_35", "demand=pantura_flood", *mend))


def test_a_name_may_have_words() -> None:
    assert compose(["name='all 35 once more'"]).name == "all 35 once more"


def test_a_scenario_prints_what_it_is() -> None:
    text = str(scenario("pati", "area.regencies=[pati,kudus]"))
    assert text.startswith("pati: What changes when 112 comes to Pati")
    assert "30 replications" in text and "pati, kudus" in text and len(text.splitlines()) == 3


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
