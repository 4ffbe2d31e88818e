"""What ``build_world`` makes of a scenario: who is served, who is on duty when, what stands where."""

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from sim112.config.scenario import Scenario, compose
from sim112.demand.calls import hospital_takes
from sim112.engine.contract import NO_LIMIT, NONE, TICKS_PER_S, Change, Floats, World
from sim112.errors import InputError
from sim112.world.area import Area
from sim112.world.desks import deployed_labels
from sim112.world.network import build_world, describe, load_places
from sim112.world.roads import TravelTimes, way

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
DEC_2021 = {
    "wonosobo", "kab_magelang", "grobogan", "kudus", "kab_semarang",
    "kendal", "batang", "surakarta", "kota_semarang", "kota_pekalongan",
}  # fmt: skip


@cache
def places(regencies: tuple[str, ...] = ()) -> tuple[Area, TravelTimes]:
    return load_places(compose([f"area.regencies=[{','.join(regencies)}]"]))


@cache
def composed(*overrides: str) -> Scenario:
    return compose(overrides)


def world_of(*overrides: str, regencies: tuple[str, ...] = ()) -> tuple[Scenario, World]:
    scenario = composed(*overrides, f"area.regencies=[{','.join(regencies)}]")
    return scenario, build_world(scenario, *places(regencies))


def hours_of_steps(world: World, what: Change, subject: int) -> Floats:
    """The hours of the week of a subject's changes after the first state."""
    rows = (world.change_what == what) & (world.change_subject == subject) & (world.change_time_s > 0)
    return (world.change_time_s[rows] + world.start_of_week_s) / HOUR_S % 168


def served(world: World) -> set[str]:
    return {world.regency_name[at] for at in np.flatnonzero(world.regency_desk != NONE)}


def state(world: World, what: Change, subject: int, time_s: float) -> int:
    """What the changes up to a time have made of a subject."""
    rows = (world.change_what == what) & (world.change_subject == subject) & (world.change_time_s <= time_s)
    return int(world.change_value[np.flatnonzero(rows)[-1]])


def test_exactly_the_ten_known_centres_are_open_in_december_2021() -> None:
    _, world = world_of("scenario=dec_2021")
    assert served(world) == DEC_2021
    assert world.desk_name[:10] == tuple(f"112 {label}" for label in world.regency_name if label in DEC_2021)


def test_unknown_statuses_bound_the_truth_from_both_sides() -> None:
    _, lower = world_of("scenario=dec_2021")
    _, upper = world_of("scenario=dec_2021", "deployment.unknown_112=upper")
    assert served(lower) < served(upper)
    assert set(lower.regency_name) - served(upper) == {"purworejo", "pati", "jepara", "kab_tegal"}


@pytest.mark.slow
def test_the_scenarios_serve_whom_they_say() -> None:
    nobody, everybody = set(), set(places()[0].regencies[at].label for at in range(35))
    expected = {
        "no_112": nobody,
        "pati": DEC_2021 | {"pati"},
        "known_2025": DEC_2021 | {"purworejo", "kab_tegal", "jepara"},
        "all_35": everybody,
        "six_hubs": everybody,
        "one_centre": everybody,
    }
    for name, labels in expected.items():
        assert served(world_of(f"scenario={name}")[1]) == labels, name


def test_known_2025_agrees_with_the_table() -> None:
    area, _ = places()
    known = {regency.label for regency in area.regencies if regency.known_2025 == "yes"}
    assert deployed_labels(compose(["scenario=known_2025"]).deployment, area) == known


def test_nobody_has_112_before_the_first_launch() -> None:
    area, _ = places()
    for day, labels in (("2016-11-30", set()), ("2018-05-02", {"surakarta", "kota_semarang"})):
        assert deployed_labels(compose([f"deployment.as_of={day}"]).deployment, area) == labels


def test_hubs_are_six_and_the_province_is_one() -> None:
    _, hubs = world_of("scenario=six_hubs")
    _, province = world_of("scenario=one_centre")
    assert sum(hubs.desk_agency == NONE) == 6
    assert hubs.desk_name[hubs.regency_desk[hubs.regency_name.index("rembang")]] == "112 hub Pati"
    assert sum(province.desk_agency == NONE) == 1
    assert len(set(province.regency_desk)) == 1


def test_every_regency_has_every_agencys_own_number() -> None:
    _, world = world_of("scenario=all_35")
    assert world.regency_agency_desk.shape == (35, 4)
    for at, label in enumerate(world.regency_name):
        for agency, name in enumerate(world.agency_name):
            desk = world.regency_agency_desk[at, agency]
            assert world.desk_name[desk] == f"{name} {label}"
            assert world.desk_agency[desk] == agency
            assert state(world, Change.CALL_TAKERS, desk, 0) >= 1
            assert state(world, Change.OPEN, desk, world.end_s) == 1


def test_removing_a_centre_removes_it() -> None:
    assert served(world_of("scenario=pati", "deployment.remove=[kudus]")[1]) == DEC_2021 - {"kudus"} | {
        "pati"
    }


def test_jepara_is_open_from_07_to_21() -> None:
    _, world = world_of("scenario=known_2025")
    desk = world.desk_name.index("112 jepara")
    for day in range(8):
        for hour, is_open in ((0, 0), (6.99, 0), (7, 1), (20.99, 1), (21, 0), (22, 0)):
            time_s = day * DAY_S + hour * HOUR_S
            assert state(world, Change.OPEN, desk, time_s) == is_open
            assert (state(world, Change.CALL_TAKERS, desk, time_s) > 0) == bool(is_open)


def test_rosters_follow_the_local_clock_whenever_the_simulation_starts() -> None:
    for start in ("2021-12-05T00:00", "2021-12-05T22:30", "2021-12-08T07:00"):
        scenario, world = world_of("scenario=all_35", f"clock.start={start}")
        expected = {
            "112 kota_pekalongan": {3: 3, 12: 3, 20: 3},
            "112 kab_magelang": {3: 1, 12: 2, 22: 1},
            "112 kota_semarang": {3: 2, 12: 2, 22: 2},
        }
        for name, by_hour in expected.items():
            for hour, count in by_hour.items():
                time_s = (2 * DAY_S + hour * HOUR_S) - scenario.clock.start_of_day_s
                assert state(world, Change.CALL_TAKERS, world.desk_name.index(name), time_s) == count
        _, pilot = world_of("scenario=all_35", "staffing=pilot", f"clock.start={start}")
        for of, expected_dispatchers in ((world, [0, 0]), (pilot, [0, 1])):
            desk = of.desk_name.index("112 kota_semarang")
            dispatchers = [
                state(of, Change.DISPATCHERS, desk, 2 * DAY_S + h * HOUR_S)
                for h in np.array([3, 12]) - scenario.clock.start_of_day_s / HOUR_S
            ]
            assert dispatchers == expected_dispatchers


def test_small_regencies_have_one_person_at_night_and_larger_ones_two() -> None:
    _, world = world_of("scenario=all_35")
    night_s = DAY_S + 2 * HOUR_S
    assert state(world, Change.CALL_TAKERS, world.desk_name.index("112 salatiga"), night_s) == 1
    assert state(world, Change.CALL_TAKERS, world.desk_name.index("112 pati"), night_s) == 2


def test_one_number_of_call_takers_replaces_all_rosters_but_not_opening_hours() -> None:
    _, world = world_of("scenario=known_2025", "staffing.call_takers=5", "staffing.dispatchers=3")
    for desk in np.flatnonzero(world.desk_agency == NONE):
        assert state(world, Change.CALL_TAKERS, desk, DAY_S + 12 * HOUR_S) == 5
        assert state(world, Change.DISPATCHERS, desk, DAY_S + 12 * HOUR_S) == 3
    assert state(world, Change.CALL_TAKERS, world.desk_name.index("112 jepara"), DAY_S + 3 * HOUR_S) == 0
    assert state(world, Change.CALL_TAKERS, world.desk_name.index("fire pati"), DAY_S) == 1


@pytest.mark.parametrize(
    ("overrides", "steps_h"),
    [
        (("staffing.roster_of.pati=wonosobo",), {7, 15, 23}),
        (("staffing.roster_of.pati=typical",), {7, 21}),
        (("staffing.roster_of.pati=jepara",), {7, 14, 21}),  # shut by night
        (("staffing.roster_of.pati=wonosobo", "staffing.call_takers=2"), set()),
        (("staffing.roster_of.pati=wonosobo", "staffing.shift_end=finish"), {7, 23}),
    ],
)
def test_a_fresh_crew_comes_with_every_shift_though_the_number_may_stay(
    overrides: tuple[str, ...], steps_h: set[int]
) -> None:
    _, world = world_of("scenario=pati", "staffing.shift_end=fresh_crew", *overrides, regencies=("pati",))
    of_day_h = hours_of_steps(world, Change.CALL_TAKERS, 0) % 24
    assert set(of_day_h.tolist()) == steps_h
    days = np.bincount(of_day_h.astype(int), minlength=24)[sorted(steps_h)]
    assert (days >= 7).all()
    nobody = hours_of_steps(world, Change.DISPATCHERS, 0)
    assert nobody.size == 0, "nobody dispatches, so nobody comes fresh to it"


def test_a_shift_of_some_days_brings_a_fresh_crew_on_those_days_alone() -> None:
    week = "week: {from_h: 0, to_h: 24, call_takers: 1}"
    more = "more: {from_h: 22, to_h: 6, call_takers: 1, days: [sat]}"
    _, world = world_of(
        "scenario=pati", "staffing.shift_end=fresh_crew",
        f"+staffing.rosters.own={{shifts: {{{week}, {more}}}}}",
        "staffing.roster_of_desk={112 pati: own}", regencies=("pati",),
    )  # fmt: skip
    hours = set(hours_of_steps(world, Change.CALL_TAKERS, 0).tolist())
    assert {hour for hour in hours if hour % 24 != 0} == {5 * 24 + 22, 6 * 24 + 6}
    assert len(hours) == 7 + 2, "and one of the whole week each midnight"


def test_an_outage_of_a_platform_that_is_not_there_is_one_line() -> None:
    with pytest.raises(InputError, match=r"outages\.0\.platform is 'x', which is no platform; use one"):
        world_of("answering.outages=[{platform: x, from_s: 1, to_s: 2}]")


def test_changes_are_in_order_and_each_changes_something() -> None:
    _, world = world_of(
        "scenario=known_2025", "answering.outages=[{platform: jasnita, from_s: 100, to_s: 200}]"
    )
    rows = list(
        zip(world.change_time_s, world.change_what, world.change_subject, world.change_value, strict=True)
    )
    assert rows == sorted(rows)
    assert world.change_time_s[0] == 0 and world.change_time_s[-1] < world.end_s
    now: dict[tuple[int, int], int] = {}
    for time_s, what, subject, value in rows:
        key = (int(what), int(subject))
        assert (time_s == 0) == (key not in now)
        assert now.get(key) != value
        now[key] = int(value)
    desks, platforms = len(world.desk_name), len(world.platform_name)
    assert len(now) == 3 * desks + platforms + 1


def test_an_outage_lasts_as_long_as_its_windows_together() -> None:
    outages = (
        "answering.outages=[{platform: jasnita,from_s: 50,to_s: 90},{platform: jasnita,from_s: 80,to_s: 120}]"
    )
    _, world = world_of(outages)
    jasnita = world.platform_name.index("PT Jasnita Telekomindo")
    other = world.platform_name.index("PT Softindo Computech")
    assert [state(world, Change.OUTAGE, jasnita, t) for t in (0, 50, 85, 100, 120)] == [0, 1, 1, 1, 0]
    assert state(world, Change.OUTAGE, other, 85) == 0


def test_travel_periods_follow_the_hours_of_the_week() -> None:
    scenario, world = world_of("clock.start=2021-12-05T18:00")
    names = scenario.area.period_names
    by_hour = scenario.area.period_by_hour()
    for hour in range(int(world.end_s / HOUR_S)):
        period = state(world, Change.PERIOD, NONE, hour * HOUR_S)
        expected = names[by_hour[int(world.start_of_week_s / HOUR_S + hour) % 168]]
        assert names[period] == expected


def test_known_contracts_are_kept_and_a_launch_moves_no_other_platform() -> None:
    _, before = world_of("scenario=dec_2021")
    _, after = world_of("scenario=all_35")
    for name in before.desk_name[:10]:
        platforms = [w.platform_name[w.desk_platform[w.desk_name.index(name)]] for w in (before, after)]
        assert platforms[0] == platforms[1]
    kudus, pekalongan = (
        after.desk_platform[after.desk_name.index(f"112 {n}")] for n in ("kudus", "kota_pekalongan")
    )
    assert after.platform_name[kudus] == "PT Jasnita Telekomindo"
    assert after.platform_name[pekalongan] == "PT Infomedia Nusantara"
    counts = np.bincount(after.desk_platform[after.desk_agency == NONE])
    assert counts.max() - counts.min() <= 2


def test_own_numbers_have_no_platform_no_announcement_and_no_overflow() -> None:
    _, world = world_of("scenario=all_35", "answering.overflow_to=neighbour")
    own = world.desk_agency != NONE
    assert (world.desk_platform[own] == NONE).all() and (world.desk_overflow[own] == NONE).all()
    assert (world.desk_announcement_s[own] == 0).all()
    assert (world.desk_platform[~own] != NONE).all()


def test_overflow_goes_to_another_112_desk() -> None:
    area, _ = places()
    _, none = world_of("scenario=all_35")
    assert (none.desk_overflow == NONE).all()
    _, near = world_of("scenario=all_35", "answering.overflow_to=neighbour", "answering.lines_of.kudus=9")
    pati, kudus = (near.desk_name.index(f"112 {label}") for label in ("pati", "kudus"))
    assert near.desk_overflow[pati] == kudus
    to = near.desk_overflow[:35]
    for own, other in enumerate(to):
        assert area.regencies[other] in area.neighbours_of(area.regencies[own].code)
    _, one = world_of("scenario=all_35", "answering.overflow_to=kota_semarang")
    semarang = one.desk_name.index("112 kota_semarang")
    assert one.desk_overflow[semarang] == NONE
    assert (np.delete(one.desk_overflow[:35], semarang) == semarang).all()


def test_units_stand_where_the_table_says() -> None:
    area, _ = places()
    _, world = world_of()
    assert len(world.unit_agency) == sum(station.units for station in area.stations)
    assert (world.zone_regency[world.unit_zone] == world.unit_regency).all()


def test_scaling_a_fleet_keeps_the_totals_of_regencies() -> None:
    _, world = world_of()
    _, double = world_of("fleet.scale.fire=2", "fleet.scale.police=0.5", "fleet.scale.rescue=0")

    def count(w: World, agency: int) -> np.ndarray:
        return np.bincount(w.unit_regency[w.unit_agency == agency], minlength=35)

    assert (count(double, 0) == 2 * count(world, 0)).all()
    assert (count(double, 1) == count(world, 1)).all()
    assert (np.abs(count(double, 2) - count(world, 2) / 2) <= 0.5).all()
    assert count(double, 3).sum() == 0


def test_karimunjawa_belongs_to_jepara_and_has_no_road_to_the_mainland() -> None:
    area, _ = places()
    _, world = world_of()
    island = np.array([zone.island for zone in area.zones])
    jepara = area.regency_index("jepara")
    assert set(world.zone_regency[island]) == {jepara}
    assert np.isinf(world.travel_s[:, island][:, :, ~island]).all()
    assert np.isfinite(world.travel_s[:, ~island][:, :, ~island]).all()
    on_island = island[world.unit_zone]
    assert set(world.unit_agency[on_island]) == {0, 1, 2, 3}
    assert (world.unit_regency[on_island] == jepara).all()
    assert (world.hospital_for[0][:, island] == NONE).all()


def test_the_nearest_hospital_that_takes_the_kind_is_chosen() -> None:
    area, _ = places()
    scenario, world = world_of()
    takes = hospital_takes(scenario.demand, [hospital.service for hospital in area.hospitals])
    rng = np.random.default_rng(1)
    kinds = np.flatnonzero(takes.any(axis=1))
    for kind in rng.choice(kinds, 3):
        for zone in rng.integers(0, len(area.zones), 20):
            for period in range(len(world.travel_s)):
                times = np.where(takes[kind], world.travel_s[period, zone, world.hospital_zone], np.inf)
                nearest = int(np.argmin(times)) if np.isfinite(times).any() else NONE
                assert world.hospital_for[kind, period, zone] == nearest
    assert (world.hospital_for[~takes.any(axis=1)] == NONE).all()


def test_travel_takes_longest_at_peak_hours() -> None:
    scenario, world = world_of()
    night, day, peak = (
        world.travel_s[scenario.area.period_names.index(name)] for name in ("night", "day", "peak")
    )
    assert (night <= day).all() and (day <= peak).all()


def test_arrays_are_as_the_contract_wants_them() -> None:
    scenario, world = world_of("scenario=all_35")
    for field in fields(world):
        value = getattr(world, field.name)
        if isinstance(value, np.ndarray):
            assert value.flags.c_contiguous, field.name
            wanted = {"Ints": np.int64, "Floats": np.float64, "Bools": np.bool_}.get(
                str(field.type), np.int32
            )
            assert value.dtype == wanted, field.name
            if field.name.endswith("_s"):
                finite = value[np.isfinite(value)]
                assert (np.rint(finite * TICKS_PER_S) == finite * TICKS_PER_S).all(), field.name
                assert (finite >= 0).all(), field.name
    kinds, periods, zones = len(world.kind_name), len(scenario.area.period_names), len(world.zone_regency)
    assert world.hospital_for.shape == (kinds, periods, zones)
    assert world.hold_back == NO_LIMIT and not world.mutual_aid and world.assign_returning and world.jobs_wait
    assert world.neighbour_start[-1] == len(world.neighbour_regency) == 2 * len(places()[0].neighbours)
    assert world.report_to_s - world.report_from_s == scenario.clock.report_s


def test_the_same_scenario_gives_the_same_world() -> None:
    _, one = world_of("scenario=known_2025")
    _, other = world_of("scenario=known_2025")
    for field in fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_a_part_of_the_area_is_cut_out_whole() -> None:
    labels = ("pati", "kudus")
    area, travel = places(labels)
    whole, _ = places()
    scenario, world = world_of("scenario=all_35", regencies=labels)
    assert world.regency_name == ("pati", "kudus")
    assert served(world) == {"pati", "kudus"}
    assert world.neighbour_regency.tolist() == [1, 0]
    _, full = world_of("scenario=all_35")
    old = {zone.code: zone.zone for zone in whole.zones}
    rows = np.array([old[zone.code] for zone in area.zones])
    assert np.array_equal(world.travel_s, full.travel_s[:, rows[:, None], rows])
    assert len(world.unit_zone) == sum(
        s.units for s in whole.stations if s.regency_code in ("33.18", "33.19")
    )
    assert {h.regency_code for h in area.hospitals} == {"33.18", "33.19"}
    # a way in the part is the way in the whole without the zones that lie outside
    for origin, destination in ((0, len(rows) - 1), (5, 20), (len(rows) // 2, 3)):
        inside = [rows[zone] for zone in way(travel.previous, 0, origin, destination)]
        through = way(places()[1].previous, 0, int(rows[origin]), int(rows[destination]))
        assert inside == [zone for zone in through if zone in set(rows.tolist())]
    assert scenario.deployment.centres == "all"


def test_a_scenario_that_names_a_centre_outside_the_part_still_works() -> None:
    _, world = world_of("scenario=pati", regencies=("kudus", "jepara"))
    assert served(world) == {"kudus"}


def test_travel_times_of_other_periods_are_refused() -> None:
    scenario = compose(
        [
            "area.other_hours=noon",
            "~area.speeds_kmh.day",
            "area.speeds_kmh.noon={toll: 80,national: 50,provincial: 40,local: 20}",
        ]
    )
    with pytest.raises(InputError, match="noon"):
        build_world(scenario, *places())


def test_a_world_tells_what_it_is() -> None:
    text = describe(world_of("scenario=dec_2021")[1])
    assert "112 desks: 10, for 10 of 35 regencies" in text
