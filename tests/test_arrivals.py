"""Small worlds: arrivals of each form follow their law, kinds are open data, a word switches a part off."""

import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from pydantic import ValidationError
from scipy import stats
from test_calls import assert_untouched, merged, read, subset

from sim112.config.callers import Callers
from sim112.config.clock import Clock
from sim112.config.demand import AGENCIES, Demand
from sim112.config.profiles import Chain, Profile
from sim112.config.scenario import compose
from sim112.config.work import Work
from sim112.demand import arrivals
from sim112.demand.arrivals import draw_path
from sim112.demand.calls import draw_calls
from sim112.demand.draws import Source
from sim112.demand.streams import Frame, read_timeline
from sim112.engine import reference
from sim112.engine.contract import NONE, Calls, Outcome
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.study.replication import draw, world_of
from sim112.world.area import Area, load_area

DAY_S = 86400.0
CHAIN = {"factors": [0.2, 3], "mean_sojourn_s": [600, 300]}
RAMP = [[0, 0], [DAY_S / 4, 2], [DAY_S / 2, 0.5]]
FORMS = {
    "rate": {"rate_per_h": 30},
    "interval": {"interval_s": 90},
    "steps": {"rate_per_h": 30, "profile": "steps"},
    "ramp": {"rate_per_h": 30, "profile": "ramp"},
    "chain": {"rate_per_h": 30, "profile": "chain"},
}
PROFILES = {"steps": [[0, 1], [1000.5, 3], [1001, 0.5]], "ramp": {"linear": RAMP}, "chain": {"chain": CHAIN}}


def plain(demand: dict | None = None, callers: dict | None = None, work: dict | None = None, days: float = 1):
    """The shipped plain groups with these changes, from midnight, without warm-up."""
    clock = {"start": "2021-12-06T00:00:00", "warm_up_s": 0, "report_s": DAY_S * days, "cool_down_s": 0}
    return SimpleNamespace(
        seed=5,
        clock=Clock.model_validate(clock),
        demand=Demand.model_validate(merged(read("demand/plain"), demand or {})),
        callers=Callers.model_validate(merged(read("callers/plain"), callers or {})),
        work=Work.model_validate(merged(read("work/plain"), work or {})),
    )


def with_kind(form: dict, **kind) -> dict:
    """The plain demand whose one kind arrives in this form."""
    call = {"rate_per_h": None, "interval_s": None, "profile": None} | form | kind
    return {"profiles": PROFILES, "kinds": {"call": call}}


@pytest.fixture(scope="module")
def places() -> Area:
    return subset(load_area(data_dir()), "kudus", "pati")


def times_s(form: dict, places: Area, replications: int, days: float = 1) -> list[np.ndarray]:
    scenario = plain(with_kind(form), days=days)
    return [np.sort(draw_calls(scenario, places, run).incident_noticed_s) for run in range(replications)]


# ---- the law of each form ----------------------------------------------------------------------------------


def test_a_rate_by_the_hour_is_that_of_the_whole_area(places):
    runs = times_s({"rate_per_h": 30}, places, 40)
    counts = np.array([run.size for run in runs])
    assert counts.mean() == pytest.approx(720, abs=5 * np.sqrt(720 / 40))
    assert counts.var(ddof=1) / 720 == pytest.approx(1, abs=5 * np.sqrt(2 / 39))
    between_s = np.concatenate([np.diff(run) for run in runs])
    assert stats.kstest(between_s, "expon", args=(0, 120)).pvalue > 0.001


def test_a_rate_by_the_hour_is_split_by_population(places):
    for form in (FORMS["rate"] | {"rate_per_h": 3000}, {"interval_s": 2}):
        calls = draw_calls(plain(with_kind(form)), places, 0)
        people = np.array([of.population for of in places.regencies])
        share = np.bincount(calls.incident_regency, minlength=2) / calls.incident_regency.size
        assert share == pytest.approx(
            people / people.sum(), abs=5 * np.sqrt(0.25 / calls.incident_regency.size)
        )


@pytest.mark.parametrize("interval_s", [90.0, 0.125, 7200.0, 1e9])
def test_a_fixed_interval_is_exact_and_the_same_in_every_replication(places, interval_s):
    days = 0.01 if interval_s < 1 else 1
    first, second = times_s({"interval_s": interval_s}, places, 2, days)
    assert np.array_equal(first, np.arange(interval_s, days * DAY_S, interval_s))
    assert np.array_equal(first, second)


def test_twice_the_demand_halves_the_interval_and_none_leaves_nothing(places):
    change = with_kind({"interval_s": 90})
    twice = draw_calls(plain(change | {"rate_factor": 2}), places, 0)
    assert np.array_equal(np.sort(twice.incident_noticed_s), np.arange(45, DAY_S, 45))
    assert draw_calls(plain(change | {"rate_factor": "off"}), places, 0).incident_key.size == 0


def test_calls_without_incident_come_at_an_interval_too(places):
    kind = {"interval_s": 100, "caller": "information", "talk_s": 30}
    calls = draw_calls(plain({"kinds": {}, "calls": {"ask": kind}} | {"regencies": {}}), places, 0)
    asks = np.sort(calls.caller_start_s[calls.caller_incident == NONE])
    assert np.array_equal(asks, np.arange(100, DAY_S, 100))


def test_steps_may_be_of_any_length(places):
    runs = np.concatenate(times_s({"rate_per_h": 36000, "profile": "steps"}, places, 20, days=0.02))
    lengths = {(0, 1000.5): 1, (1000.5, 1001): 3, (1001, 0.02 * DAY_S): 0.5}
    for (begin, end), factor in lengths.items():
        mean = 20 * 10 * factor * (end - begin)
        assert np.count_nonzero((runs >= begin) & (runs < end)) == pytest.approx(mean, abs=5 * np.sqrt(mean))


def ramp_up_to(time_s: np.ndarray) -> np.ndarray:
    """The integral of RAMP by hand: up to 2 in a quarter of a day, down to 0.5 in another, then flat."""
    t, quarter = time_s, DAY_S / 4
    up, down = np.minimum(t, quarter), np.clip(t - quarter, 0, quarter)
    return up**2 / quarter + (2 * down - 0.75 * down**2 / quarter) + 0.5 * np.maximum(t - 2 * quarter, 0)


def test_a_ramp_is_a_straight_line(places):
    runs = times_s({"rate_per_h": 30, "profile": "ramp"}, places, 60)
    mean = 30 / 3600 * ramp_up_to(np.array([DAY_S]))[0]
    assert np.mean([run.size for run in runs]) == pytest.approx(mean, abs=5 * np.sqrt(mean / 60))
    u = ramp_up_to(np.concatenate(runs)) / ramp_up_to(np.array([DAY_S]))
    assert stats.kstest(u, "uniform").pvalue > 0.001
    early = ramp_up_to(np.concatenate(runs)[np.concatenate(runs) < 3600]) / ramp_up_to(np.array([3600.0]))
    assert stats.kstest(early, "uniform").pvalue > 0.001


def test_a_chain_has_the_exact_mean_and_index_of_dispersion(places):
    window_s, rate_per_s = 900.0, 60 / 3600
    runs = times_s({"rate_per_h": 60, "profile": "chain"}, places, 100, days=5)
    counts = np.array([np.histogram(run, np.arange(0, 5 * DAY_S + 1, window_s))[0] for run in runs])
    low, high = (rate_per_s * factor for factor in CHAIN["factors"])
    leave_low, leave_high = (1 / of for of in CHAIN["mean_sojourn_s"])
    both = leave_low + leave_high
    in_high = leave_low / both
    mean = low + in_high * (high - low)
    # the variance of a count is its mean and the covariance of the rate, which falls with exp(-both x lag),
    # integrated over all pairs of instants of the window
    spread = 2 * in_high * (1 - in_high) * (high - low) ** 2 / (both * mean)
    dispersion = 1 + spread * (1 - (1 - np.exp(-both * window_s)) / (both * window_s))
    assert counts.mean() == pytest.approx(mean * window_s, rel=0.02)
    assert counts.var() / counts.mean() == pytest.approx(dispersion, rel=0.05)
    assert dispersion > 8  # a Poisson process has 1
    # stationary from the start: the first window is as the others
    assert counts[:, 0].mean() == pytest.approx(
        mean * window_s, abs=4 * np.sqrt(dispersion * mean * window_s / 100)
    )


def test_a_chain_goes_round_its_states_and_stays_as_long_as_told(places):
    chain = Chain(factors=(1, 2, 3), mean_sojourn_s=(100, 200, 700))
    timeline = read_timeline(plain(days=100).clock)
    first = []
    for run in range(200):
        pieces = draw_path("x", chain, Frame(None, read_timeline(plain().clock), Source(1, run))).pieces
        first.append(int(pieces[0][1]))
    assert np.bincount(first, minlength=4)[1:] / 200 == pytest.approx([0.1, 0.2, 0.7], abs=0.12)
    start_s, factor = np.array(draw_path("x", chain, Frame(None, timeline, Source(1, 0))).pieces).T
    assert start_s[0] == 0 and (np.diff(factor) % 3 == 1).all()
    stay_s = np.diff(start_s)
    for state, mean_s in zip((1, 2, 3), (100, 200, 700), strict=True):
        mine = stay_s[factor[:-1] == state]
        assert mine.size > 8000 and stats.kstest(mine, "expon", args=(0, mean_s)).pvalue > 0.001


def test_kinds_of_one_chain_go_up_and_down_together_and_not_with_another(places):
    on_off = {"chain": {"factors": [0, 2], "mean_sojourn_s": [1800, 1800]}}
    kinds = {name: {"rate_per_h": 300, "profile": profile, "agencies": {}}
             for name, profile in (("call", "one"), ("other", "one"), ("apart", "two"))}  # fmt: skip
    calls = draw_calls(
        plain({"profiles": {"one": on_off, "two": on_off}, "kinds": kinds}, days=10), places, 0
    )
    counts = [
        np.histogram(calls.incident_noticed_s[calls.incident_kind == kind], np.arange(0, 10 * DAY_S, 60))[0]
        for kind in range(3)
    ]
    assert np.corrcoef(counts[0], counts[1])[0, 1] > 0.7
    assert abs(np.corrcoef(counts[0], counts[2])[0, 1]) < 0.3


# ---- a draw is its own key's -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_further_kind_moves_no_other_draw(places, form):
    before = draw_calls(plain(with_kind({"rate_per_h": 20})), places, 1)
    for own in FORMS.values():  # nor does any kind that is there already
        before = draw_calls(plain(with_kind(own)), places, 1)
        kinds = {"other": {"agencies": {}, "further_callers": 1} | FORMS[form]}
        after = draw_calls(plain(merged(with_kind(own), {"kinds": kinds})), places, 1)
        assert after.incident_key.size > before.incident_key.size
        assert_untouched(before, after)


@pytest.mark.parametrize("form", FORMS)
def test_a_longer_time_only_adds(places, form):
    one, two = (draw_calls(plain(with_kind(FORMS[form]), days=days), places, 1) for days in (1, 2))
    assert_untouched(one, two)
    assert (two.incident_noticed_s[~np.isin(two.incident_key, one.incident_key)] >= DAY_S).all()


def test_switching_a_part_off_moves_no_other_draw(places):
    minute = {"dist": "exponential", "mean_s": 60}
    call = {"further_callers": 1, "caller_delay_s": minute, "talk": {"after_call_s": minute}}
    change = {"kinds": {"call": call}}
    before = draw_calls(plain(change, {"genuine": {"patience_s": 60}}), places, 0)
    after = draw_calls(plain(change | {"after_call_work": "off"}), places, 0)
    for name in ("caller_key", "caller_start_s", "caller_talk_s", "incident_zone"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
    assert before.caller_after_call_s.any() and not after.caller_after_call_s.any()


# ---- kinds -------------------------------------------------------------------------------------------------


def dials_of(calls: Calls, kind: int) -> np.ndarray:
    return np.repeat(calls.caller_kind == kind, np.diff(calls.dial_start))


def test_kinds_have_their_own_patience_or_none_and_others_that_of_their_class(places):
    kinds = {
        "call": {"patience_s": {"dist": "exponential", "mean_s": 20}},
        "calm": {"rate_per_h": 30, "agencies": {}, "patience_s": "off"},
        "usual": {"rate_per_h": 30, "agencies": {}},
    }
    asks = {"ask": {"rate_per_h": 30, "caller": "information", "talk_s": 60, "patience_s": 7}}
    calls = draw_calls(
        plain({"kinds": kinds, "calls": asks}, {"genuine": {"patience_s": 99}}, days=5), places, 0
    )
    own = calls.dial_patience_s[dials_of(calls, 0)]
    assert stats.kstest(own, "expon", args=(0, 20)).pvalue > 0.001
    assert np.isinf(calls.dial_patience_s[dials_of(calls, 1)]).all()
    assert (calls.dial_patience_s[dials_of(calls, 2)] == 99).all()
    assert (calls.dial_patience_s[dials_of(calls, 3)] == 7).all()


def test_an_incident_that_needs_no_agency_may_need_work_on_its_ticket(places):
    kinds = {
        "call": {"handling_s": {"dist": "exponential", "mean_s": 60}},
        "none": {"rate_per_h": 30, "agencies": {}},
        "perhaps": {"rate_per_h": 30, "agencies": {"police": 0.4, "fire": 0.2}, "handling_s": 5,
                    "on_scene_s": {"police": 600, "fire": 600}},
    }  # fmt: skip
    calls = draw_calls(plain({"kinds": kinds}, work={"handling_s": 30}, days=4), places, 0)
    kind, needs = calls.incident_kind, np.diff(calls.need_start)
    assert np.array_equal(calls.need_incident, np.repeat(np.arange(kind.size), needs))
    assert (needs[kind == 0] == 1).all() and not needs[kind == 1].any() and (needs[kind == 2] >= 1).all()
    of_kind, nobodys = kind[calls.need_incident], calls.need_agency == NONE
    assert nobodys[of_kind == 0].all()
    assert stats.kstest(calls.need_handling_s[of_kind == 0], "expon", args=(0, 60)).pvalue > 0.001
    perhaps = of_kind == 2
    assert (needs[calls.need_incident[perhaps & nobodys]] == 1).all()
    alone = np.count_nonzero(perhaps & nobodys) / np.count_nonzero(kind == 2)
    assert alone == pytest.approx(0.6 * 0.8, abs=0.05)
    assert (calls.need_handling_s[perhaps] == np.where(nobodys[perhaps], 5, 30)).all()
    assert (calls.need_travel_factor[nobodys] == 1).all()
    assert not calls.need_on_scene_s[nobodys].any() and not calls.need_transports[nobodys].any()


def test_who_has_no_number_but_112_is_nobodys_caller(places):
    calls = draw_calls(
        plain(callers={"lookup_s": 50, "knows_number_share": dict.fromkeys(AGENCIES, 0)}), places, 0
    )
    assert (calls.caller_agency == NONE).all() and calls.caller_dials_112.all()
    assert not calls.caller_lookup_s.any() and calls.caller_key.size > 200
    assert np.array_equal(calls.dial_second, calls.dial_start[1:])


def test_callers_about_one_incident_may_call_at_once(places):
    calls = draw_calls(plain({"kinds": {"call": {"further_callers": 2}}}), places, 0)
    assert calls.caller_key.size == 3 * calls.incident_key.size
    assert np.array_equal(calls.caller_start_s, calls.incident_noticed_s[calls.caller_incident])


def test_reports_that_are_not_recognised_talk_in_full_and_nobody_is_alerted_twice():
    police = ["agencies={police: 1}", "on_scene_s={police: 60}", "further_callers=2", "recognised=false"]
    desk = ["area.desk.call_takers=3", "area.desk.dispatchers=3", "work.handling_s=200"]
    clock = ["clock.warm_up_s=0", "clock.report_s=20000", "clock.cool_down_s=20000"]
    composed = compose(["scenario=one_desk", *desk, *clock, *(f"demand.kinds.call.{of}" for of in police)])
    calls = draw(composed, 0)
    log = reference.simulate(world_of(composed), calls)
    answered = log.call_outcome == Outcome.ANSWERED
    assert np.count_nonzero(answered) > 300 and not log.call_known.any()
    talk_s = (log.call_talk_end_s - log.call_answered_s)[answered]
    assert np.array_equal(talk_s, calls.caller_talk_s[log.call_caller[answered]])
    assert np.isfinite(log.call_ticket_s[answered]).all()
    assert log.job_need.size > 100 and np.unique(log.job_need).size == log.job_need.size


def test_redials_without_a_limit_make_a_geometric_number_of_dials(places):
    redial = {"blocked_share": 0.85, "abandoned_share": 0.3, "delay_s": 1}
    calls = draw_calls(
        plain({"kinds": {"call": {"rate_per_h": 600}}}, {"genuine": {"redial": redial}}), places, 0
    )
    early = calls.caller_start_s < DAY_S - 600
    dials = np.diff(calls.dial_start)[early]
    assert dials.max() > 40  # no hidden limit
    for most in (1, 2, 5, 10, 20, 40):
        share, exact = np.mean(dials > most), 0.85**most
        assert share == pytest.approx(exact, abs=5 * np.sqrt(exact / dials.size))
    last = np.zeros(calls.dial_patience_s.size, dtype=bool)
    last[calls.dial_start[1:] - 1] = True
    assert calls.dial_redials_blocked[~last].all()
    assert calls.dial_redials_abandoned[~last].mean() == pytest.approx(0.3 / 0.85, abs=0.02)


def test_a_log_of_calls_serves_a_plain_world(places, tmp_path):
    table = "time,kind,place,talk_s,patience_s\n10,call,kudus,60,30\n10.5,call,kudus,,\n4000,call,pati,1,\n"
    (tmp_path / "calls.csv").write_text(table, encoding="utf-8")
    calls = draw_calls(plain({"call_log": tmp_path / "calls.csv"}), places, 0)
    order = np.argsort(calls.caller_start_s)
    assert calls.caller_start_s[order].tolist() == [10, 10.5, 4000]
    assert calls.caller_talk_s[order][[0, 2]].tolist() == [60, 1]
    assert calls.dial_patience_s[calls.dial_start[:-1][order]].tolist() == [30, np.inf, np.inf]
    assert (calls.caller_agency == NONE).all() and calls.need_agency.size == 0


# ---- off by one word ---------------------------------------------------------------------------------------

PLAIN = ("demand=plain", "callers=plain", "work=plain")


def test_the_plain_groups_are_a_stream_of_exponential_talks_and_nothing_else(places):
    calls = draw_calls(compose(["clock=day", *PLAIN]), places, 0)
    assert stats.kstest(calls.caller_talk_s, "expon", args=(0, 180)).pvalue > 0.001
    assert np.array_equal(calls.caller_talk_s, calls.caller_short_talk_s)
    nothing = ("caller_lookup_s", "caller_pick_up_s", "caller_transfer_talk_s", "caller_after_call_s",
               "dial_redials_blocked", "dial_redials_abandoned")  # fmt: skip
    assert not any(getattr(calls, name).any() for name in nothing)
    assert np.isinf(calls.dial_patience_s).all() and np.isinf(calls.dial_hang_up_share).all()
    assert (calls.caller_wrong_regency == NONE).all() and (calls.caller_number == NONE).all()
    assert calls.caller_dials_112.all() and calls.caller_key.size == calls.incident_key.size


@pytest.mark.parametrize(
    ("word", "is_off"),
    [
        ("demand.day_factor=off", lambda s, c: not any(vars(s.demand.day_factor).values())),
        ("demand.nuisance_factor=off", lambda s, c: (c.caller_number == NONE).all()),
        ("demand.use=everybody", lambda s, c: c.caller_dials_112[c.caller_incident != NONE].all()),
        ("demand.after_call_work=off", lambda s, c: not c.caller_after_call_s.any()),
        ("callers.redial=off", lambda s, c: not (c.dial_redials_blocked | c.dial_redials_abandoned).any()),
        ("callers.lookup_s=off", lambda s, c: not c.caller_lookup_s.any()),
        ("callers.misrouted=off", lambda s, c: (c.caller_wrong_regency == NONE).all()),
        ("work.pick_up_s=off", lambda s, c: not c.caller_pick_up_s.any()),
        ("work.handling_s=off", lambda s, c: not c.need_handling_s.any()),
        ("work.notice_s=off", lambda s, c: not c.need_notice_s.any()),
        ("work.turnout_s=off", lambda s, c: not c.need_turnout_s.any()),
        ("work.travel_factor=1", lambda s, c: (c.need_travel_factor == 1).all()),
        (
            "callers.genuine.patience_s=off",
            lambda s, c: np.isinf(
                c.dial_patience_s[np.repeat(c.caller_incident != NONE, np.diff(c.dial_start))]
            ).all(),
        ),
        (
            "callers.genuine.redial=off",
            lambda s, c: np.diff(c.dial_start)[c.caller_incident != NONE].max() == 2,
        ),
    ],
)  # fmt: skip
def test_one_word_switches_a_part_of_the_default_scenario_off(places, word, is_off):
    usual, off = compose(["clock=day"]), compose(["clock=day", word])
    assert not is_off(usual, draw_calls(usual, places, 0))
    assert is_off(off, draw_calls(off, places, 0))


def test_a_plain_number_is_what_always_has_this_value(places):
    calls = draw_calls(plain(work={"pick_up_s": 2.5}), places, 0)
    assert (calls.caller_pick_up_s == 2.5).all()


# ---- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"kinds": {"call": {"interval_s": 60}}}, "rate_per_h and interval_s are both given; set one"),
        ({"kinds": {"call": {"rate_per_h": None}}}, "give one of rate_per_100k_year, rate_per_h, interval_s"),
        ({"kinds": {"call": {"rate_per_h": -1}}}, "greater than or equal to 0"),
        ({"kinds": {"call": {"rate_per_h": None, "interval_s": 0}}}, "greater than or equal to 0.0009"),
        (with_kind({"interval_s": 60, "profile": "ramp"}), "same at all times; set profile to null"),
        ({"kinds": {"cal": {"rate_per_h": 3}}}, "kinds.cal.agencies"),
        ({"kinds": {"call": {"profile": "ramp"}}}, "'ramp', which is no profile"),
        ({"kinds": {"call": {"patience_s": "none"}}}, "'none' is no distribution; give a number"),
        ({"kinds": {"call": {"patience_s": {"dist": "exponential"}}}}, "give mean_s"),
        ({"kinds": {"call": {"talk": {"talk_s": -1}}}}, "greater than or equal to 0"),
        ({"profiles": {"x": {"linear": [[0, 1], [0, 2]]}}}, "begin at 0 s and go up"),
        ({"profiles": {"x": {"linear": [[0, 1], [9, -2]]}}}, "give factors from 0"),
        ({"profiles": {"x": {"linear": [[0, 1]], "pieces": [[0, 1]]}}}, "give either"),
        ({"profiles": {"x": {"chain": {"factors": [1, 2], "mean_sojourn_s": [1]}}}}, "one of each a state"),
        ({"profiles": {"x": {"chain": {"factors": [], "mean_sojourn_s": []}}}}, "factors is empty"),
        ({"profiles": {"x": {"chain": {"factors": [1], "mean_sojourn_s": [0]}}}}, "greater than 0"),
        ({"regencies": {"pati": {"rate_per_100k_year": {"call": 1}}}}, "no kind with such a rate; there is"),
        (
            with_kind({"interval_s": 60})
            | {"surges": {"x": {"from_h": 0, "to_h": 1, "regencies": [], "factors": {"call": 2}}}},
            "which no surge can change",
        ),
        (
            {"calls": {"x": {"rate_per_h": 1, "answered_share": 0.5, "caller": "nuisance", "talk_s": 1}}},
            "counted as they are placed",
        ),
        (
            {"calls": {"x": {"interval_s": 1, "agency_rate_per_100k_day": {"fire": 1}, "caller": "nuisance",
                             "talk_s": 1}}},
            "leave out numbers and agency rates",
        ),
    ],
)  # fmt: skip
def test_an_impossible_small_world_is_refused_in_a_clear_line(change, line):
    with pytest.raises(ValidationError) as error:
        Demand.model_validate(merged(read("demand/plain"), change))
    assert line in str(error.value)


def test_work_is_said_for_all_agencies_or_for_each():
    with pytest.raises(ValidationError, match="give one duration for all agencies, or one for each of fire"):
        Work.model_validate(read("work/plain") | {"handling_s": {"fire": 5}})


def test_a_bad_word_is_one_line_that_names_its_place():
    with pytest.raises(InputError) as error:
        compose([*PLAIN, "demand.kinds.call.patience_s={dist: exponential}"])
    assert str(error.value) == "demand.kinds.call.patience_s: exponential has no mean; give mean_s"


def test_what_would_never_end_is_refused(places, monkeypatch):
    hasty = {"profiles": {"x": {"chain": {"factors": [1, 2], "mean_sojourn_s": [0.001, 0.001]}}},
             "kinds": {"call": {"profile": "x"}}}  # fmt: skip
    with pytest.raises(
        InputError, match=r"demand.profiles.x.chain: more than 1,000,000 stays in 86400 s; give"
    ):
        draw_calls(plain(hasty), places, 0)
    monkeypatch.setattr(arrivals, "MOST_REGULAR", 100)
    with pytest.raises(
        InputError, match="863 events of call at an interval of 100 s; give a longer interval_s"
    ):
        draw_calls(plain(with_kind({"interval_s": 100})), places, 0)
    with pytest.raises(InputError, match=r"demand: \d{17} events of call on one day in"):
        draw_calls(plain(with_kind({"rate_per_h": 1e15})), places, 0)


def test_a_profile_is_read_again_as_it_was_written():
    for profile in PROFILES.values():
        once = Profile.model_validate(profile)
        assert Profile.model_validate(once.model_dump(mode="json")) == once


# ---- what the documentation says ---------------------------------------------------------------------------


def told(heading: str) -> str:
    """The section of docs/demand.md under this heading."""
    text = (Path(__file__).parents[1] / "docs" / "demand.md").read_text(encoding="utf-8")
    return text.split(f"### {heading}\n")[1].split("\n### ")[0]


@pytest.mark.slow
def test_every_word_and_example_of_the_documentation_can_be_given():
    table, examples, _ = told("To switch X off say Y").split("```")
    said = re.findall(r"`((?:demand|callers|work)[.=][^`]+)`", table)
    lines = [word.split() if "{" not in word else [word] for word in said]
    lines += [[*PLAIN, *shlex.split(line, comments=True)] for line in examples.strip().splitlines()]
    assert len(lines) > 25
    for line in lines:
        compose(line)


def test_every_form_of_a_profile_in_the_documentation_is_one():
    forms = re.findall(r"^\| `([\[{].*)` \|", told("How rates move"), re.MULTILINE)
    assert len(forms) == 4
    for form in forms:
        Profile.model_validate(yaml.safe_load(form))
