"""Small worlds: tables read strictly, told in one line what is wrong, and the world that they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_tables import PLAIN, TABLES, folder_of, small, world_in

from sim112.config.scenario import compose
from sim112.engine import compiled, reference
from sim112.engine.contract import NO_LIMIT, NONE, Change, World, first_difference
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.study.replication import draw, notices
from sim112.world.desks import steps_on_grid
from sim112.world.network import build_world, load_places


def state(world: World, what: Change, desk: str) -> list[tuple[float, int]]:
    rows = (world.change_what == what) & (world.change_subject == world.desk_name.index(desk))
    return list(zip(world.change_time_s[rows].tolist(), world.change_value[rows].tolist(), strict=True))


# ---- what the tables become --------------------------------------------------------------------------------


def test_desks_are_as_their_rows_say(tmp_path: Path) -> None:
    world = world_in(folder_of(tmp_path))
    assert world.desk_name == ("north", "hub", "fire")
    assert world.desk_agency.tolist() == [NONE, NONE, 0]
    assert world.desk_lines.tolist() == [3, NO_LIMIT, 1]
    assert world.desk_overflow.tolist() == [1, NONE, NONE]
    assert (world.platform_name, world.platform_channels.tolist()) == (("p",), [4])
    assert world.desk_platform.tolist() == [0, 0, NONE]
    assert world.regency_name == ("north", "south")
    assert world.regency_desk.tolist() == [0, 1]
    assert world.regency_agency_desk.tolist() == [[2, NONE, NONE, NONE]] * 2
    assert state(world, Change.CALL_TAKERS, "north") == [(0.0, 2), (3600.0, 1)]
    assert state(world, Change.CALL_TAKERS, "hub") == [(0.0, NO_LIMIT)]
    assert state(world, Change.DISPATCHERS, "north") == [(0.0, 1)]
    assert state(world, Change.DISPATCHERS, "hub") == [(0.0, 0)]


def test_people_are_shared_by_weight(tmp_path: Path) -> None:
    world = world_in(folder_of(tmp_path))
    assert world.zone_population.tolist() == [37500, 12500, 50000]
    assert world.regency_population.tolist() == [50000, 50000]
    told = folder_of(tmp_path, zones="zone,regency,population\na,north,7\nb,north,0\nc,south,5\n")
    assert world_in(told).zone_population.tolist() == [7, 0, 5]


def test_travel_times_are_directed_and_on_the_grid(tmp_path: Path) -> None:
    world = world_in(folder_of(tmp_path))
    assert world.travel_s.tolist() == [[[0, 60, 600], [90, 0, 500], [601, 0, 0]]]
    assert not world.scene_approach_s.any()
    assert world.previous_zone[0].tolist() == [[-1, 0, 0], [1, -1, 1], [2, 2, -1]]


def test_travel_times_by_period_need_every_pair_in_every_period(tmp_path: Path) -> None:
    rows = TABLES["travel_times.csv"].splitlines()
    both = [f"{row},{period}" for period in ("calm", "rush") for row in rows[1:]]
    whole = "\n".join(["from,to,travel_s,period", *both])
    periods = ("area.other_hours=calm", "area.periods.rush={days:[sun],hours:[7]}")
    world = world_in(folder_of(tmp_path, travel_times=whole.replace("a,b,60,rush", "a,b,99,rush")), *periods)
    assert world.travel_s[:, 0, 1].tolist() == [60, 99]
    with pytest.raises(InputError, match=r"no row from 'c' to 'b' in period rush; give its travel_s"):
        world_in(folder_of(tmp_path, travel_times="\n".join(whole.splitlines()[:-1])), *periods)


def test_units_have_ranks_turnout_and_a_factor_on_the_busy_time(tmp_path: Path) -> None:
    world = world_in(folder_of(tmp_path), "work.busy_s={dist:exponential,mean_s:1200}", "work.turnout_s=45")
    assert world.unit_zone.tolist() == [0, 2]
    assert world.unit_turnout_s.tolist() == [30, 45]
    assert world.unit_busy_factor.tolist() == [0.5, 1.5]
    assert world.unit_preference.tolist() == [[0, 1], [1, 0], [NO_LIMIT, 0]]
    by_rank = "zone,unit,rank\na,one,0\na,two,1\nb,two,0\nb,one,1\nc,two,0\n"
    again = world_in(folder_of(tmp_path, preferences=by_rank))
    assert np.array_equal(again.unit_preference, world.unit_preference)


def test_without_units_no_travel_is_needed_and_without_preferences_the_nearest_goes(tmp_path: Path) -> None:
    none = dict.fromkeys(("stations", "units", "travel_times", "preferences"))
    assert world_in(folder_of(tmp_path / "bare", **none)).unit_zone.size == 0
    nearest = folder_of(tmp_path / "nearest", preferences=None)
    assert world_in(nearest).unit_preference.shape == (0, 0)


def test_the_settings_of_desks_and_fleet_reach_the_world(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    usual = world_in(folder)
    assert (usual.fresh_crew, usual.assign_returning, usual.jobs_wait, usual.busy_drawn) == (
        False, True, True, True,
    )  # fmt: skip
    changed = world_in(
        folder,
        *("staffing.shift_end=fresh_crew", "fleet.assignable=at_station", "fleet.when_none=lost"),
        *("answering.announcement_s=8", "answering.bar_after=2", "fleet.mutual_aid=true"),
    )
    assert (changed.fresh_crew, changed.assign_returning, changed.jobs_wait) == (True, False, False)
    assert changed.desk_announcement_s.tolist() == [8, 8, 0]
    assert changed.desk_bar_after.tolist() == [2, 2, 0]
    assert changed.mutual_aid and changed.neighbour_regency.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("shift_end", "answered_s"),
    [
        # two talk from 100 s and 200 s for 5000 s each; two more take their chairs at 1000 s, for 5000 s
        ("fresh_crew", [100, 200, 1000, 1000, 6000, 6000]),
        ("finish", [100, 200, 5100, 5200, 10100, 10200]),
    ],
)
def test_a_fresh_crew_of_the_same_number_serves_the_queue_in_both_engines(
    shift_end: str, answered_s: list[float]
) -> None:
    scenario = compose(
        [
            *("scenario=one_desk", "area.desk.call_takers='0:2 1000:2'", f"staffing.shift_end={shift_end}"),
            *("demand.kinds.call.rate_per_h=null", "demand.kinds.call.interval_s=100"),
            *("demand.kinds.call.talk.talk_s=5000", "clock.warm_up_s=0", "clock.report_s=12000"),
        ]
    )
    world, calls = build_world(scenario, *load_places(scenario)), draw(scenario, 0)
    logs = [reference.simulate(world, calls), compiled.simulate(world, calls)]
    assert first_difference(*logs) is None
    assert logs[0].call_answered_s[:6].tolist() == answered_s


def test_steps_are_changes_on_the_grid_and_of_one_instant_the_last_counts() -> None:
    values = [(0.0, 2), (50.0, 2), (60.0, 3), (60.0001, 2), (90.0, 1), (100.0, 5)]
    assert steps_on_grid(values, 100.0) == ((0.0, 2), (90.0, 1))
    assert steps_on_grid(values, 100.0, keep_all=True) == ((0.0, 2), (50.0, 2), (60.0, 2), (90.0, 1))


def test_platforms_of_a_small_world_may_fail_and_must_be_there(tmp_path: Path) -> None:
    outage = "answering.outages=[{platform: provider, from_s: 60, to_s: 90}]"
    rented = ("scenario=one_desk", "area.desk.platform=provider", "area.desk.channels=2", outage)
    scenario = compose(rented)
    world = build_world(scenario, *load_places(scenario))
    rows = world.change_what == Change.OUTAGE
    assert world.change_time_s[rows].tolist() == [0, 60, 90]
    assert world.change_value[rows].tolist() == [0, 1, 0]
    other = compose(["scenario=one_desk", outage])
    with pytest.raises(InputError, match=r"platform is 'provider', which is no platform; name one"):
        build_world(other, *load_places(other))


def test_one_desk_is_the_folder_with_one_row(tmp_path: Path) -> None:
    (tmp_path / "desks.csv").write_text("desk,lines,call_takers\ndesk,16,0:9 60:8\n", encoding="utf-8")
    (tmp_path / "zones.csv").write_text("zone,weight\nzone,1\n", encoding="utf-8")
    from_folder = compose(["scenario=one_desk", "area=small", f"area.path={tmp_path}"])
    from_words = compose(["scenario=one_desk", "area.desk.lines=16", 'area.desk.call_takers="0:9 60:8"'])
    worlds = [build_world(one, *load_places(one)) for one in (from_folder, from_words)]
    for name, value in vars(worlds[0]).items():
        assert np.array_equal(value, getattr(worlds[1], name)), name


# ---- what is refused ---------------------------------------------------------------------------------------

BAD = [
    ("desks", "desk,call_taker\nx,1\n", r"desks.csv row 1: column 'call_taker' is not known; did you"),
    ("desks", "desk\nx\nx\n", r"desks.csv row 3: desk is 'x'; row 2 has it already"),
    ("desks", "desk,agency\nx,fires\n", r"desks.csv row 2: agency is 'fires'; use one of fire"),
    ("desks", "desk,serves\nx,nort\n", r"row 2: serves is 'nort'; 'nort' is no regency .* mean 'north'\?"),
    ("desks", "desk\nx\ny\n", r"row 3: serves is ''; row 2 is the 112 desk of north already; name other"),
    ("desks", "desk,lines\nx,0\n", r"row 2: lines is '0'; give a whole number of at least 1"),
    ("desks", "desk,lines\nx,2.5\n", r"row 2: lines is '2.5'; give a whole number"),
    ("desks", "desk,call_takers\nx,two\n", r"row 2: call_takers is 'two'; give a number, or steps as in 0:3"),
    ("desks", "desk,call_takers\nx,5:2\n", r"row 2: call_takers is '5:2'; steps begin at second 0"),
    ("desks", "desk,call_takers\nx,0:2 9:1 9:2\n", r"call_takers is '0:2 9:1 9:2'; steps begin at second 0"),
    ("desks", "desk,dispatchers\nx,-1\n", r"row 2: dispatchers is '-1'; give numbers of people from 0 up"),
    ("desks", "desk,channels\nx,3\n", r"row 2: channels is '3'; there is no platform"),
    ("desks", "desk,serves,platform,channels\nx,north,p,3\ny,south,p,4\n", r"row 3: channels is '4'; row 2"),
    ("desks", "desk,overflow_to\nx,y\n", r"row 2: overflow_to is 'y'; no such name in desks.csv"),
    ("desks", "desk,overflow_to\nx,x\n", r"row 2: overflow_to is 'x'; a desk does not overflow to itself"),
    ("desks", "desk,agency,overflow_to\nx,,y\ny,fire,\n", r"overflow_to is 'y'; that desk is of another"),
    ("desks", "desk,announcement_s\nx,-1\n", r"row 2: announcement_s is '-1'; give a number from 0"),
    ("desks", "desk\n", r"desks.csv: no rows below the header"),
    ("zones", "zone,weight\na,\n", r"zones.csv row 2: population is ''; give a whole number"),
    ("zones", "zone,weight\na,0\n", r"zones.csv row 2: weight is '0'; some zone needs a weight above 0"),
    ("zones", "zone,weight\na,1\nb,1e-9\n", r"row 3: weight is '1e-9'; give 0, or at least 1/100000"),
    ("zones", "zone,weight,population\na,1,5\n", r"row 2: weight is '1'; zones have people or weights"),
    ("zones", "zone,weight\na,1\na,1\n", r"row 3: zone is 'a'; row 2 has it already"),
    ("zones", "zone,regency,weight\na,no rth,1\n", r"row 2: regency is 'no rth'; give a label of letters"),
    ("zones", "zone,regency,weight\na,none,1\n", r"row 2: regency is 'none'; give a label"),
    ("zones", "zone,regency,weight\na,north,1\nc,south,0\n", r"nobody lives in the zones of south"),
    ("zones", "zone,weight,lat\na,1,99\n", r"row 2: lat is '99'; give a number from -90 to 90"),
    ("zones", "name,weight\na,1\n", r"zones.csv row 1: no column 'zone'"),
    ("zones", None, r"zones.csv: no such table"),
    ("stations", "station,zone\npost,d\n", r"stations.csv row 2: zone is 'd'; no such name in zones.csv"),
    ("stations", None, r"stations.csv: no such table"),
    ("units", "unit,agency,station\nu,fire,pots\n", r"units.csv row 2: station is 'pots'; .* mean 'post'\?"),
    ("units", "unit,agency,station\nu,navy,post\n", r"units.csv row 2: agency is 'navy'; use one of fire"),
    ("units", "unit,agency,station\nu v,fire,post\n", r"units.csv row 2: unit is 'u v'; a unit's name has"),
    ("units", "unit,agency,station,busy_s\nu,fire,post,inf\n", r"units.csv row 2: busy_s is 'inf'"),
    ("travel_times", "from,to,travel_s\na,b,60\n", r"no row from 'a' to 'c' \(and 4 more\); give its"),
    ("travel_times", "from,to,travel_s\na,b,-1\n", r"row 2: travel_s is '-1'; give a number from 0"),
    ("travel_times", "from,to,travel_s\na,b,1\na,b,2\n", r"row 3: to is 'b'; row 2 has this way already"),
    ("travel_times", "from,to,travel_s\nq,b,1\n", r"row 2: from is 'q'; no such zone in zones.csv"),
    ("travel_times", "from,to,travel_s,period\na,b,1,noon\n", r"row 2: period is 'noon'; use one of always"),
    ("travel_times", None, r"travel_times.csv: no such table"),
    ("preferences", "zone,units\na,one\nb,two\n", r"preferences.csv: zone 'c' has no row"),
    ("preferences", "zone,units\na,one tow\n", r"row 2: units is 'one tow'; no unit 'tow' .* mean 'two'\?"),
    ("preferences", "zone,units\na,one one\n", r"row 2: units is 'one one'; unit 'one' has a rank there"),
    ("preferences", "zone,units\na,one\na,two\n", r"row 3: zone is 'a'; it has a row already"),
    ("preferences", "zone,unit,rank\na,one,first\n", r"row 2: rank is 'first'; give a whole number"),
]


@pytest.mark.parametrize(("table", "text", "told"), BAD)
def test_a_bad_cell_is_told_by_its_place(tmp_path: Path, table: str, text: str | None, told: str) -> None:
    with pytest.raises(InputError, match=told) as found:
        world_in(folder_of(tmp_path, **{table: text}))
    assert "\n" not in str(found.value)


def test_hospitals_are_in_zones_of_the_world(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "hospitals.csv").write_text("hospital,zone\nh,c\n", encoding="utf-8")
    assert world_in(folder).hospital_zone.tolist() == [2]
    (folder / "hospitals.csv").write_text("hospital,zone\nh,z\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"hospitals.csv row 2: zone is 'z'; no such name in zones.csv"):
        world_in(folder)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("area.regencies=[north]", r"area.regencies is \['north'\], which a small world does not read"),
        ("staffing.call_takers=3", r"staffing.call_takers is 3, which a small world does not read"),
        ("answering.overflow_to=neighbour", r"answering.overflow_to is neighbour, which a small world"),
        ("fleet.scale.fire=2", r"fleet.scale is .*, which a small world does not read"),
        ("fleet.busy_time=stages", r"units.csv: one has busy_s 600, which nothing reads; set fleet.busy"),
        ("work.busy_s=off", r"work.busy_s has a mean of 0 and one of units.csv 600"),
    ],
)
def test_a_setting_that_nothing_would_read_is_refused(tmp_path: Path, word: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        world_in(folder_of(tmp_path), word)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("area.desk.call_takers=two",), r"area.desk.call_takers.*'two' is no number of people; give"),
        (("area.desk.lines=0",), r"area.desk.lines is 0"),
        (("area.desk.line=3",), r"area.desk.line is no key of the configuration; did you mean lines\?"),
        (("area.desk.channels=3",), r"area.desk.*channels is 3 and there is no platform"),
        (("area.path=somewhere",), r"area.*path is 'somewhere' and there is a desk"),
    ],
)
def test_one_desk_is_checked_where_it_is_composed(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputError, match=told):
        compose(["scenario=one_desk", *words])


def test_a_small_world_needs_a_folder_with_desks(tmp_path: Path) -> None:
    for path in ("null", str(tmp_path)):
        (tmp_path / "regencies.csv").write_text((data_dir() / "regencies.csv").read_text("utf-8"), "utf-8")
        with pytest.raises(InputError, match=r"area.path is .* give the folder of a small world, with"):
            load_places(compose([*PLAIN, f"area.path={path}"]))


def test_a_folder_is_one_sort_of_area_or_the_other(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "regencies.csv").write_text("code\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"has desks.csv and regencies.csv; keep desks.csv for a small world"
    ):
        small(folder)


def test_an_agency_that_is_needed_and_has_no_unit_is_noticed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    kind = "demand.kinds.call.agencies={fire: 1, police: 0.5}"
    on_scene = "demand.kinds.call.on_scene_s={fire: 60, police: 60}"
    assert notices(small(folder)) == []
    assert notices(small(folder, kind, on_scene)) == [
        "a kind of incident may need police and units.csv has no such unit: nobody is sent"
    ]
