"""What one replication draws: permanent, independent of what else there is, and as the configuration says."""

from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from sim112.config.callers import Callers
from sim112.config.demand import AGENCIES, Demand
from sim112.config.scenario import compose
from sim112.config.work import Work
from sim112.demand.callers import name_streams
from sim112.demand.calls import draw_calls, hospital_takes, kind_table
from sim112.demand.draws import check_streams
from sim112.demand.volume import incidents_per_day, other_calls_per_day, reports_per_day
from sim112.engine.contract import TICKS_PER_S, Calls, first_difference, same
from sim112.errors import InputError
from sim112.paths import configs_dir, data_dir
from sim112.world.area import Area, load_area

KNOWN_GENUINE_PER_DAY = {  # docs/calibration.md
    "purworejo": 13 / 182,
    "kab_tegal": 210 / 304,
    "kab_magelang": 125 / 46,
    "kota_semarang": 12_336 / 366,
}


@cache
def read(group: str) -> dict:
    return yaml.safe_load((configs_dir() / f"{group}.yaml").read_text(encoding="utf-8"))


def merged(below: dict, above: dict) -> dict:
    return below | {
        key: merged(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }


def scenario(demand: dict | None = None, callers: dict | None = None, seed: int = 112, days: float = 2):
    return SimpleNamespace(
        seed=seed,
        clock=SimpleNamespace(
            start=datetime(2021, 12, 5), warm_up_s=0.0, report_s=86400.0 * days, cool_down_s=21600.0
        ),
        demand=Demand.model_validate(merged(read("demand/typical_week"), demand or {})),
        callers=Callers.model_validate(merged(read("callers/default"), callers or {})),
        work=Work.model_validate(read("work/default")),
    )


@pytest.fixture(scope="module")
def area() -> Area:
    return load_area(data_dir())


@pytest.fixture(scope="module")
def calls(area) -> Calls:
    return draw_calls(scenario(), area, 0)


def subset(area: Area, *labels: str) -> Area:
    codes = {area.regency(label).code for label in labels}
    zones = [zone for zone in area.zones if zone.regency_code in codes]
    return Area(
        regencies=tuple(regency for regency in area.regencies if regency.code in codes),
        districts=tuple(district for district in area.districts if district.regency_code in codes),
        zones=tuple(zone.__class__(**(vars(zone) | {"zone": at})) for at, zone in enumerate(zones)),
        stations=(),
        hospitals=(),
        neighbours=tuple((a, b) for a, b in area.neighbours if a in codes and b in codes),
    )


def rows_of(calls: Calls, prefix: str, keys) -> dict[str, np.ndarray]:
    """The columns of incidents or callers for these keys, less those that number other rows."""
    at = np.searchsorted(getattr(calls, f"{prefix}_key"), keys)
    skip = {"caller_incident", "caller_number", "incident_zone"}
    names = [f.name for f in fields(Calls) if f.name.startswith(f"{prefix}_") and f.name not in skip]
    return {name: getattr(calls, name)[at] for name in names}


def assert_untouched(before: Calls, after: Calls, *, but: tuple[str, ...] = ()) -> None:
    """Everything in ``before`` is in ``after``, with the same draws, dials and needs included."""
    for prefix in ("incident", "caller"):
        keys = getattr(before, f"{prefix}_key")
        assert np.isin(keys, getattr(after, f"{prefix}_key")).all()
        old, new = rows_of(before, prefix, keys), rows_of(after, prefix, keys)
        for name in old:
            assert name in but or np.array_equal(old[name], new[name]), name
    incident = np.searchsorted(after.incident_key, before.incident_key)
    caller = np.searchsorted(after.caller_key, before.caller_key)
    for start, row, prefix in (("need_start", incident, "need_"), ("dial_start", caller, "dial_")):
        first, last = getattr(after, start)[row], getattr(after, start)[row + 1]
        assert np.array_equal(np.diff(getattr(before, start)), last - first)
        keep = np.zeros(getattr(after, start)[-1], dtype=bool)
        for a, b in zip(first, last, strict=True):
            keep[a:b] = True
        for f in fields(Calls):
            if f.name.startswith(prefix) and f.name not in (start, "dial_second", "need_incident"):
                assert np.array_equal(getattr(before, f.name), getattr(after, f.name)[keep]), f.name


def test_the_same_seed_gives_the_same_bytes(area, calls):
    again = draw_calls(scenario(), area, 0)
    assert first_difference(calls, again) is None
    assert all(getattr(calls, f.name).tobytes() == getattr(again, f.name).tobytes() for f in fields(Calls))


def test_another_seed_or_replication_gives_other_calls(area, calls):
    assert not same(calls, draw_calls(scenario(), area, 1))
    assert not same(calls, draw_calls(scenario(seed=113), area, 0))


def test_arrays_are_as_the_contract_says(calls):
    sizes = {"incident": calls.incident_key.size, "need": calls.need_agency.size,
             "caller": calls.caller_key.size, "dial": calls.dial_patience_s.size}  # fmt: skip
    longer = {
        "need_start": sizes["incident"] + 1,
        "dial_start": sizes["caller"] + 1,
        "dial_second": sizes["caller"],
    }
    kinds = {"NDArray[np.float64]": np.float64, "Floats": np.float64, "Ints": np.int64, "Bools": np.bool_}
    for f in fields(Calls):
        values = getattr(calls, f.name)
        assert values.dtype == kinds[f.type] and values.flags.c_contiguous, f.name
        assert values.shape == (longer.get(f.name, sizes[f.name.split("_")[0]]),), f.name
    assert (np.diff(calls.incident_key) > 0).all() and (np.diff(calls.caller_key) > 0).all()
    assert np.array_equal(
        calls.need_incident, np.repeat(np.arange(sizes["incident"]), np.diff(calls.need_start))
    )
    assert (calls.dial_start[:-1] <= calls.dial_second).all() and (
        calls.dial_second <= calls.dial_start[1:]
    ).all()


def test_times_are_on_the_grid_and_not_negative(calls):
    for f in fields(Calls):
        values = getattr(calls, f.name)
        if f.name.endswith("_s"):
            finite = values[np.isfinite(values)]
            assert (finite >= 0).all() and np.array_equal(
                finite, np.rint(finite * TICKS_PER_S) / TICKS_PER_S
            ), f.name
    end_s = 2 * 86400 + 21600
    assert calls.incident_noticed_s.max() < end_s and calls.caller_start_s.max() < end_s


def test_callers_and_incidents_agree(calls):
    report = calls.caller_incident >= 0
    incident = calls.caller_incident[report]
    assert np.array_equal(np.unique(incident), np.arange(calls.incident_key.size))
    assert (calls.caller_start_s[report] >= calls.incident_noticed_s[incident]).all()
    first = np.full(calls.incident_key.size, np.inf)
    np.minimum.at(first, incident, calls.caller_start_s[report])
    assert np.array_equal(first, calls.incident_noticed_s)
    assert np.array_equal(calls.caller_kind[report], calls.incident_kind[incident])
    assert np.array_equal(calls.caller_regency[report], calls.incident_regency[incident])
    assert (calls.caller_agency[report] >= 0).all()


def test_everybody_has_a_number_to_dial(calls):
    first, second, end = calls.dial_start[:-1], calls.dial_second, calls.dial_start[1:]
    assert np.array_equal(second > first, calls.caller_dials_112)
    assert np.array_equal(end > second, calls.caller_agency >= 0)
    assert (end > first).all()


def test_nuisance_never_redials_and_only_nuisance_can_be_barred(calls):
    nuisance = np.isin(
        calls.caller_kind, [i for i, n in enumerate(read_kinds()) if n in ("prank", "ghost", "test")]
    )
    assert (np.diff(calls.dial_start)[nuisance] == 1).all()
    assert not calls.dial_redials_blocked[calls.dial_start[:-1][nuisance]].any()
    shown = calls.caller_number >= 0
    assert not shown[~nuisance].any()
    assert np.array_equal(np.unique(calls.caller_number[shown]), np.arange(calls.caller_number.max() + 1))
    assert shown[nuisance].mean() == pytest.approx(0.9, abs=0.03)
    for number in range(50):
        mine = calls.caller_number == number
        assert np.unique(calls.caller_regency[mine]).size == np.unique(calls.caller_agency[mine]).size == 1


def read_kinds() -> tuple[str, ...]:
    return kind_table(scenario().demand).name


def test_the_last_dial_of_a_number_never_redials_and_all_others_do(calls):
    again = calls.dial_redials_blocked | calls.dial_redials_abandoned
    last = np.zeros(again.size, dtype=bool)
    last[calls.dial_start[1:] - 1] = True
    last[calls.dial_second[calls.caller_dials_112] - 1] = True
    assert not again[last].any() and again[~last].all()


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": {"zebra": read("demand/typical_week")["kinds"]["fire"]}},
        {"calls": {"zebra": read("demand/typical_week")["calls"]["prank"]}},
        {
            "surges": {
                "flood": {
                    "from_h": 10,
                    "to_h": 20,
                    "regencies": ["pati"],
                    "factors": {"fire": 40, "prank": 9},
                }
            }
        },
        {"launch": {"regencies": ["pati", "kudus"], "use_factor": 1}},
        {"nuisance_factor": 2, "rate_factor": 1.5},
        {"regencies": {"pati": {"rate_per_100k_year": {"fire": 500}}}},
    ],
    ids=["kind", "call kind", "surge", "launch", "rate", "regency"],
)
def test_more_demand_only_adds(area, change):
    small = subset(area, "pati", "kudus", "kota_semarang")
    before, after = draw_calls(scenario(), small, 3), draw_calls(scenario(change), small, 3)
    assert after.caller_key.size > before.caller_key.size
    # a new incident kind moves the numbers of the kinds of calls behind it
    shifted = ("caller_kind",) if "zebra" in change.get("kinds", {}) else ()
    assert_untouched(before, after, but=shifted)


def test_more_regencies_and_more_days_only_add(area):
    # the neighbour's centre that a call may be taken to depends on which neighbours there are
    two, three = subset(area, "pati", "kudus"), subset(area, "pati", "kudus", "kota_semarang")
    moved = ("incident_regency", "caller_regency", "caller_wrong_regency", "caller_transfer_talk_s")
    assert_untouched(draw_calls(scenario(), two, 0), draw_calls(scenario(), three, 0), but=moved)
    before, after = draw_calls(scenario(), two, 0), draw_calls(scenario(days=4), two, 0)
    assert np.isin(before.incident_key, after.incident_key).all()
    assert np.isin(before.caller_key, after.caller_key).all()


def test_more_use_of_112_only_moves_people_to_112(area):
    low, high = (draw_calls(scenario({"use": use}), area, 0) for use in ("low", "high"))
    assert np.array_equal(low.caller_key, high.caller_key)
    assert (high.caller_dials_112 | ~low.caller_dials_112).all()
    assert high.caller_dials_112.sum() > low.caller_dials_112.sum()
    for name in ("incident_noticed_s", "caller_start_s", "caller_talk_s", "need_turnout_s"):
        assert np.array_equal(getattr(low, name), getattr(high, name))


def test_the_draws_see_nothing_of_a_deployment(area, calls):
    bare = scenario()
    assert set(vars(bare)) == {"seed", "clock", "demand", "callers", "work"}
    assert same(calls, draw_calls(bare, area, 0))


def test_launching_a_centre_leaves_the_calls_identical_to_the_byte(area):
    before, after, everywhere = (
        draw_calls(compose([f"scenario={name}"]), area, 0) for name in ("dec_2021", "pati", "all_35")
    )
    for f in fields(Calls):
        assert getattr(before, f.name).tobytes() == getattr(after, f.name).tobytes()
        assert getattr(before, f.name).tobytes() == getattr(everywhere, f.name).tobytes()


def test_counts_follow_the_configured_rates(area):
    demand = scenario({"day_factor": {"shared_cv": 0, "own_cv": 0}}).demand
    days, runs = 2.25, 20
    found = np.zeros(len(read_kinds()))
    on_112 = np.zeros(len(read_kinds()))
    for replication in range(runs):
        calls = draw_calls(scenario({"day_factor": {"shared_cv": 0, "own_cv": 0}}), area, replication)
        found += np.bincount(calls.incident_kind, minlength=found.size)
        on_112 += np.bincount(calls.caller_kind[calls.caller_dials_112], minlength=found.size)
    people = [(r.label, float(r.population)) for r in area.regencies]
    for kind, name in enumerate(demand.kinds):
        # the quarter of a day at the end is a night, in which some kinds are rare
        mean = runs * days * sum(incidents_per_day(demand, label, n)[name] for label, n in people)
        assert found[kind] == pytest.approx(mean, abs=5 * np.sqrt(mean) + 0.1 * mean)
        reports = runs * days * sum(reports_per_day(demand, label, n)[name] for label, n in people)
        assert on_112[kind] == pytest.approx(reports, abs=8 * np.sqrt(reports) + 0.1 * reports)
    for kind, name in enumerate(demand.calls, start=len(demand.kinds)):
        mean = runs * days * sum(other_calls_per_day(demand, label, n)[name] for label, n in people)
        assert on_112[kind] == pytest.approx(mean, abs=8 * np.sqrt(mean) + 0.1 * mean)


def test_day_factors_spread_the_counts_and_keep_the_mean(area):
    one = subset(area, "kota_semarang")
    counts = {}
    for cv in (0.0, 0.5):
        change = {"day_factor": {"shared_cv": cv, "own_cv": 0}, "calls": {}, "rate_factor": 3}
        calls = draw_calls(scenario(change, days=400), one, 0)
        counts[cv] = np.bincount((calls.incident_noticed_s // 86400).astype(int))[:400]
    assert counts[0.0].var() / counts[0.0].mean() == pytest.approx(1, abs=0.3)
    mean = counts[0.5].mean()
    assert mean == pytest.approx(counts[0.0].mean(), rel=0.1)
    assert counts[0.5].var() == pytest.approx(mean + (0.5 * mean) ** 2, rel=0.3)


def test_good_and_bad_days_are_shared_by_the_regencies_of_the_province(area):
    """Counts of two regencies on the same day covary by the shared part of the factor, and only by that."""
    two = subset(area, "kota_semarang", "demak")
    correlation = {}
    for cv in ((0.5, 0.0), (0.0, 0.5)):
        change = {"day_factor": {"shared_cv": cv[0], "own_cv": cv[1]}, "calls": {}, "rate_factor": 20}
        calls = draw_calls(scenario(change, days=200), two, 0)
        day = (calls.incident_noticed_s // 86400).astype(int)
        counts = [np.bincount(day[calls.incident_regency == r], minlength=200)[:200] for r in range(2)]
        correlation[cv] = np.corrcoef(*counts)[0, 1]
    assert correlation[0.5, 0.0] > 0.8
    assert abs(correlation[0.0, 0.5]) < 0.3


@pytest.mark.parametrize("start_h", [0.0, 5.5])
def test_the_hours_of_a_profile_are_those_of_the_local_clock(area, start_h):
    """Whenever the simulation starts; 2021-12-05 is a Sunday."""
    for hours, of_day in (([0.0] * 7 + [1.0] + [0.0] * 16, 7), ([0.0] * 33 + [1.0] + [0.0] * 134, 9)):
        given = scenario({"profiles": {"fire": {"hours": hours, "peak_hour": None, "swing": None}}}, days=8)
        given.clock.start = datetime(2021, 12, 5) + timedelta(hours=start_h)
        calls = draw_calls(given, area, 0)
        fires = calls.incident_noticed_s[calls.incident_kind == read_kinds().index("fire")]
        clock_h = fires / 3600 + start_h
        assert fires.size > 5
        assert set((clock_h % 24).astype(int)) == {of_day}
        assert len(hours) == 24 or set((clock_h // 24).astype(int) % 7) == {2}  # Tuesday, two days on


def test_the_waves_of_the_day_have_their_top_at_the_peak_hour(area):
    wave = {"fire": {"peak_hour": 15, "swing": 0.6}}
    calls = draw_calls(scenario({"rate_factor": 60, "profiles": wave}, days=6), area, 0)
    fires = calls.incident_noticed_s[calls.incident_kind == read_kinds().index("fire")]
    angle = 2 * np.pi * fires[fires < 6 * 86400] / 86400
    top_h = np.arctan2(np.sin(angle).mean(), np.cos(angle).mean()) * 12 / np.pi % 24
    assert top_h == pytest.approx(15, abs=0.3)


def test_a_surge_multiplies_what_there_is_in_its_hours_and_its_regencies(area):
    two = subset(area, "kota_semarang", "demak")
    surge = {"from_h": 24, "to_h": 120, "regencies": ["demak"], "factors": {"fire": 3.0}}
    change = {"day_factor": {"shared_cv": 0, "own_cv": 0}, "rate_factor": 100, "calls": {}}
    counts = []
    for surges in ({}, {"dry": surge}):
        calls = draw_calls(scenario(change | {"surges": surges}, days=6), two, 0)
        fires = calls.incident_kind == read_kinds().index("fire")
        inside = (calls.incident_noticed_s >= 86400) & (calls.incident_noticed_s < 5 * 86400)
        where = calls.incident_regency == [of.label for of in two.regencies].index("demak")
        counts.append([(fires & where & inside).sum(), fires.sum() - (fires & where & inside).sum()])
    assert counts[1][0] == pytest.approx(3 * counts[0][0], abs=5 * np.sqrt(2 * counts[0][0]))
    assert counts[1][1] == counts[0][1]


def test_replications_are_independent(area):
    one = subset(area, "kota_semarang")
    runs = [draw_calls(scenario(days=20), one, replication) for replication in range(20)]
    counts = np.array([np.bincount((run.caller_start_s // 3600).astype(int), minlength=486) for run in runs])
    hourly = counts[:, :480].reshape(20, 20, 24)
    # less the mean of each hour of the day, which all replications share
    alone = (hourly - hourly.mean(axis=(0, 1))).reshape(20, 480)
    others = np.corrcoef(alone)[~np.eye(20, dtype=bool)]
    assert abs(others.mean()) < 0.02 and np.abs(others).max() < 0.3
    talks = [run.caller_talk_s[:1000] for run in runs[:2]]
    assert abs(np.corrcoef(*talks)[0, 1]) < 0.15


def test_places_are_taken_by_population(area):
    calls = draw_calls(scenario({"rate_factor": 30}), subset(area, "kudus"), 0)
    people = np.array([z.population for z in subset(area, "kudus").zones])
    share = np.bincount(calls.incident_zone, minlength=people.size) / calls.incident_zone.size
    assert np.abs(share - people / people.sum()).max() < 5 * np.sqrt(0.1 / calls.incident_zone.size)
    assert share[people == 0].sum() == 0


def test_calls_are_misrouted_only_near_a_border_and_only_to_another_regency(area):
    change = {"misrouted": {"share": 1.0, "border_km": 5.0}}
    some = draw_calls(scenario(callers=change), area, 0)
    wrong = some.caller_wrong_regency >= 0
    assert 0.05 < wrong[some.caller_dials_112].mean() < 0.4
    assert (some.caller_wrong_regency[wrong] != some.caller_regency[wrong]).all()
    assert some.caller_dials_112[wrong].all()
    none = draw_calls(scenario(callers={"misrouted": {"share": 1.0, "border_km": 0.0}}), area, 0)
    assert (none.caller_wrong_regency == -1).all()


def test_a_transfer_talk_is_the_callers_own_and_only_of_those_who_are_misrouted(area):
    half, all_of_them = (
        draw_calls(scenario(callers={"misrouted": {"share": share, "border_km": 5.0}}), area, 0)
        for share in (0.5, 1.0)
    )
    for some in (half, all_of_them):
        assert ((some.caller_transfer_talk_s > 0) == (some.caller_wrong_regency >= 0)).all()
    astray = half.caller_wrong_regency >= 0
    assert 0 < astray.sum() < (all_of_them.caller_wrong_regency >= 0).sum()
    assert np.array_equal(half.caller_transfer_talk_s[astray], all_of_them.caller_transfer_talk_s[astray])


def test_a_short_talk_is_the_callers_own_and_never_longer_than_the_full_one(calls):
    demand = scenario().demand
    genuine = calls.caller_incident >= 0
    short_s, talk_s = calls.caller_short_talk_s[genuine], calls.caller_talk_s[genuine]
    assert (short_s <= talk_s).all()
    wanted = demand.genuine_talk
    assert short_s.mean() == pytest.approx(wanted.short_talk_s.mean_s, rel=0.1)
    assert talk_s.mean() == pytest.approx(wanted.talk_s.mean_s, rel=0.1)
    assert np.array_equal(calls.caller_short_talk_s[~genuine], calls.caller_talk_s[~genuine])


def test_needs_stand_in_the_fixed_order_of_agencies_and_only_ambulances_transport(calls):
    same_incident = calls.need_incident[1:] == calls.need_incident[:-1]
    assert (np.diff(calls.need_agency)[same_incident] > 0).all()
    ambulance = calls.need_agency == AGENCIES.index("ambulance")
    assert calls.need_transports[ambulance].any() and not calls.need_transports[~ambulance].any()
    assert (calls.need_on_scene_s > 0).all() and (calls.need_travel_factor > 0).all()


def test_people_call_the_number_of_an_agency_that_is_needed(calls):
    needed = np.zeros((calls.incident_key.size, len(AGENCIES)), dtype=bool)
    needed[calls.need_incident, calls.need_agency] = True
    report = np.flatnonzero(calls.caller_incident >= 0)
    mine = needed[calls.caller_incident[report]]
    assert mine[np.arange(report.size), calls.caller_agency[report]][mine.any(axis=1)].all()


def test_redials_without_a_limit_run_until_the_end_of_the_simulation(area):
    redial = {"blocked_share": 1.0, "abandoned_share": 0.5, "most_112": None, "most_agency": None,
              "delay_s": {"dist": "deterministic", "mean_s": 600, "cv": None}}  # fmt: skip
    one = subset(area, "kudus")
    calls = draw_calls(scenario(callers={"genuine": {"redial": redial}}, days=0.5), one, 0)
    end_s = 0.5 * 86400 + 21600
    genuine = np.flatnonzero(calls.caller_incident >= 0)
    assert genuine.size > 2
    for caller in genuine:
        first, last = calls.dial_second[caller], calls.dial_start[caller + 1]
        reached_s = calls.caller_start_s[caller] + np.concatenate(
            [[0.0], np.cumsum(calls.dial_redial_delay_s[first : last - 1])]
        )
        assert reached_s[-1] >= end_s and (reached_s[:-1] < end_s).all()
        assert calls.dial_redials_blocked[first : last - 1].all() and not calls.dial_redials_blocked[last - 1]


def test_redials_that_would_fill_the_memory_are_refused(area, monkeypatch):
    monkeypatch.setattr("sim112.demand.dials.MOST_DIALS", 100_000)
    redial = {"blocked_share": 1.0, "most_agency": None,
              "delay_s": {"dist": "deterministic", "mean_s": 0.01, "cv": None}}  # fmt: skip
    with pytest.raises(InputError, match="give redial a limit"):
        draw_calls(scenario(callers={"genuine": {"redial": redial}}), area, 0)


def test_patience_is_drawn_afresh_for_each_dial_and_may_be_endless(area, calls):
    second = calls.dial_second[np.diff(calls.dial_start) >= 2]
    assert (calls.dial_patience_s[second] != calls.dial_patience_s[second + 1])[: second.size].mean() > 0.9
    endless = draw_calls(scenario(callers={"genuine": {"patience_s": None, "hang_up_share": 0.0}}), area, 0)
    of_genuine = np.repeat(endless.caller_incident >= 0, np.diff(endless.dial_start))
    assert np.isinf(endless.dial_patience_s[of_genuine]).all()
    assert np.isinf(endless.dial_hang_up_share[of_genuine]).all()
    hung_up = calls.dial_hang_up_share[np.isfinite(calls.dial_hang_up_share)]
    assert hung_up.size and hung_up.min() >= 0 and hung_up.max() <= 1


def test_who_knows_the_number_loses_no_time(area):
    everybody = {"knows_number_share": dict.fromkeys(AGENCIES, 1.0)}
    assert (draw_calls(scenario(callers=everybody), area, 0).caller_lookup_s == 0).all()
    nobody = draw_calls(scenario(callers={"knows_number_share": dict.fromkeys(AGENCIES, 0.0)}), area, 0)
    assert (nobody.caller_lookup_s[nobody.caller_incident >= 0] > 0).all()
    assert (nobody.caller_lookup_s[nobody.caller_incident < 0] == 0).all()


def test_nothing_happens_where_nothing_is_configured(area):
    empty = scenario({"rate_factor": 0, "nuisance_factor": 0})
    assert draw_calls(empty, area, 0).caller_key.size == 0
    bare = scenario()
    bare.demand = bare.demand.model_copy(update={"kinds": {}, "calls": {}, "regencies": {}})
    calls = draw_calls(bare, area, 0)
    assert calls.incident_key.size == calls.need_agency.size == calls.dial_patience_s.size == 0
    assert calls.need_start.tolist() == calls.dial_start.tolist() == [0]


def test_a_launch_brings_test_calls_that_decay_and_less_use(area):
    one = subset(area, "pati")
    launch = {"regencies": ["pati"], "decay_weeks": 1}
    calls = draw_calls(scenario({"launch": launch, "use": "high"}, days=28), one, 0)
    test = calls.caller_start_s[calls.caller_kind == read_kinds().index("test")]
    week = np.bincount((test // (7 * 86400)).astype(int), minlength=4)
    assert 1.5 < week[0] / week[1] < 4 and week[0] > 500
    mature = draw_calls(scenario({"use": "high"}, days=28), one, 0)
    report = calls.caller_incident >= 0
    assert calls.caller_dials_112[report].sum() < mature.caller_dials_112[mature.caller_incident >= 0].sum()


def test_the_anchors_report_as_many_genuine_calls_as_is_known(area):
    demand = scenario().demand
    for label, known in KNOWN_GENUINE_PER_DAY.items():
        expected = sum(reports_per_day(demand, label, area.regency(label).population).values())
        assert expected == pytest.approx(known, rel=0.15), label


def test_kota_semarang_has_the_mix_that_is_known(area):
    demand = scenario().demand
    reports = reports_per_day(demand, "kota_semarang", area.regency("kota_semarang").population)
    health = reports["planned_medical"] + reports["medical_emergency"] + reports["traffic_accident"]
    total = sum(reports.values())
    assert reports["traffic_accident"] / total == pytest.approx(0.149, abs=0.01)
    assert health / total == pytest.approx(0.852, abs=0.02)


def test_known_counts_of_crashes_and_fires_come_out(area):
    demand = scenario().demand
    crashes = sum(
        incidents_per_day(demand, r.label, r.population)["traffic_accident"] for r in area.regencies
    )
    assert crashes * 365.25 == pytest.approx(31_233, rel=0.01)
    fires = incidents_per_day(demand, "kota_semarang", area.regency("kota_semarang").population)["fire"]
    assert fires * 365.25 == pytest.approx(349, rel=0.01)


def test_a_flood_day_brings_about_28_times_the_calls_about_incidents(area):
    flood = read("demand/pantura_flood")["surges"]
    labels = flood["flood"]["regencies"]
    demand = scenario().demand
    usual = wet = 0.0
    for label in labels:
        for kind, rate in incidents_per_day(demand, label, area.regency(label).population).items():
            callers = rate * (1 + demand.kinds[kind].further_callers.expected)
            usual += callers
            wet += callers * flood["flood"]["factors"].get(kind, 1)
    assert wet / usual == pytest.approx(28, rel=0.1)


WEEKS = sorted(path for path in (configs_dir() / "demand").glob("*.yaml") if path.stem != "plain")


@pytest.mark.parametrize("path", WEEKS, ids=lambda path: path.stem)
def test_every_shipped_week_names_known_places_and_only_adds(area, path):
    week = {key: value for key, value in read(f"demand/{path.stem}").items() if key != "defaults"}
    changed = scenario(week, days=5)
    assert {label for _, label in changed.demand.regency_labels} <= {of.label for of in area.regencies}
    check_streams(name_streams(changed.demand))
    small = subset(area, "pati", "kab_magelang", "jepara")
    before, after = draw_calls(scenario(days=5), small, 0), draw_calls(changed, small, 0)
    assert np.isin(before.incident_key, after.incident_key).all()
    assert np.isin(before.caller_key, after.caller_key).all()
    assert path.stem == "typical_week" or after.caller_key.size > before.caller_key.size


def test_the_table_of_kinds_says_which_hospitals_take_them():
    demand = scenario().demand
    table = kind_table(demand)
    assert table.name[-4:] == ("information", "prank", "ghost", "test")
    assert table.is_incident.sum() == len(demand.kinds) and not table.is_incident[-4:].any()
    planned = table.name.index("planned_medical")
    assert (table.is_incident & ~table.is_emergency).nonzero()[0].tolist() == [planned]
    assert not table.is_emergency[-4:].any()
    takes = hospital_takes(demand, ["general", "psychiatric", "maternity"])
    assert takes.shape == (len(table.name), 3)
    assert takes[table.name.index("traffic_accident")].tolist() == [True, False, False]
    assert takes[table.name.index("medical_emergency")].tolist() == [True, False, True]
    assert not takes[table.name.index("prank")].any()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"kinds": {"fire": {"rate_per_100k_year": -1}}}, "greater than or equal to 0"),
        ({"kinds": {"fire": {"agencies": {"fire": 1.2}}}}, "less than or equal to 1"),
        ({"kinds": {"fire": {"agencies": {"army": 0.5}}}}, "'fire', 'ambulance', 'police' or 'rescue'"),
        ({"kinds": {"fire": {"profile": "nightly"}}}, "kinds.fire.profile is 'nightly', which is no profile"),
        ({"kinds": {"fire": {"agencies": {"rescue": 0.5}}}}, "on_scene_s has no rescue"),
        ({"profiles": {"fire": [1.0] * 23}}, "a profile of 23 values"),
        ({"surges": {"x": {"from_h": 5, "to_h": 4, "regencies": [], "factors": {}}}}, "give a later end"),
        (
            {"surges": {"x": {"from_h": 0, "to_h": 4, "regencies": [], "factors": {"fire": 0.5}}}},
            "than or equal to 1",
        ),
        (
            {"surges": {"x": {"from_h": 0, "to_h": 4, "regencies": [], "factors": {"fires": 2}}}},
            "no kind; use one of",
        ),
        ({"regencies": {"pati": {"dial_112_share_by_kind": {"prank": 1}}}}, "no kind of that sort"),
        ({"calls": {"fire": read("demand/typical_week")["calls"]["prank"]}}, "rename one of them"),
        ({"use": "medium"}, "'low', 'mid', 'high' or 'everybody'"),
        ({"rate_facter": 2}, "rate_facter"),
    ],
)
def test_an_impossible_demand_is_refused_in_a_clear_line(change, line):
    with pytest.raises(ValidationError, match=line):
        Demand.model_validate(merged(read("demand/typical_week"), change))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"nuisance": {"redial": read("callers/default")["genuine"]["redial"]}},
            "nuisance.redial must be null",
        ),
        ({"genuine": {"hang_up_share": 1.5}}, "less than or equal to 1"),
        (
            {"genuine": {"redial": {"blocked_share": 1, "most_112": None,
                                    "delay_s": {"dist": "deterministic", "mean_s": 0, "cv": None}}}},
            "give a limit or a delay above 0",
        ),
    ],
)  # fmt: skip
def test_impossible_callers_are_refused_in_a_clear_line(change, line):
    with pytest.raises(ValidationError, match=line):
        Callers.model_validate(merged(read("callers/default"), change))


@pytest.mark.parametrize("group", ["demand/typical_week", "callers/default", "work/default"])
def test_what_is_written_out_can_be_read_again(group):
    model = {"demand": Demand, "callers": Callers, "work": Work}[group.split("/")[0]]
    once = model.model_validate(read(group))
    assert model.model_validate(yaml.safe_load(yaml.safe_dump(once.model_dump(mode="json")))) == once


def test_two_streams_of_one_number_are_refused():
    with pytest.raises(InputError, match="rename one of them"):
        check_streams([f"kind {number}" for number in range(2000)])


def test_more_events_than_a_day_has_keys_are_refused(area):
    with pytest.raises(InputError, match="lower the rate below 524288 a day"):
        draw_calls(scenario({"nuisance_factor": 1e5}), subset(area, "kota_semarang"), 0)
