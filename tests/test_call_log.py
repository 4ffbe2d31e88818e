"""A log of real calls replaces the draws, and a bad row is refused in one clear line."""

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from sim112.config.callers import Callers
from sim112.config.demand import Demand
from sim112.config.work import Work
from sim112.demand.call_log import read_call_log
from sim112.demand.calls import draw_calls, kind_table
from sim112.engine.contract import Calls, same
from sim112.errors import InputError
from sim112.paths import configs_dir, data_dir
from sim112.world.area import load_area

LOG = """\
time,kind,place,incident,number,talk_s,after_call_s,patience_s
2021-12-05T10:00:00,fire,kudus,f1,,120,30,
2021-12-05T10:01:30,fire,kudus,f1,,,,60
2021-12-05T09:59:00.5,fire,kudus,f1,,20.0004,,
2021-12-05T11:00:00,medical_emergency,33.18.01,,,,,
2021-12-05T11:00:00,medical_emergency,33.18.01.0,,,,,
50000,prank,pati,,0812,15,0,5
50060,prank,pati,,0812,,,
2021-12-05T15:00:00,information,33.74,,,,,
2021-12-04T15:00:00,information,33.74,,,,,
"""


def read(group: str) -> dict:
    return yaml.safe_load((configs_dir() / f"{group}.yaml").read_text(encoding="utf-8"))


AREA = load_area(data_dir())
DEMAND = Demand.model_validate(read("demand/typical_week"))
CALLERS = Callers.model_validate(read("callers/default"))
WORK = Work.model_validate(read("work/default"))


def draw(tmp_path, text: str, replication: int = 0) -> Calls:
    path = tmp_path / "calls.csv"
    path.write_text(text, encoding="utf-8")
    clock = SimpleNamespace(start=datetime(2021, 12, 5), warm_up_s=0.0, report_s=86400.0, cool_down_s=21600.0)
    demand = DEMAND.model_copy(update={"call_log": path})
    scenario = SimpleNamespace(seed=112, clock=clock, demand=demand, callers=CALLERS, work=WORK)
    return draw_calls(scenario, AREA, replication)


def test_the_log_is_all_that_happens(tmp_path):
    calls = draw(tmp_path, LOG)
    assert calls.incident_key.size == 3 and calls.caller_key.size == 8
    name = kind_table(DEMAND).name
    kinds = sorted(name[kind] for kind in calls.caller_kind)
    assert kinds == ["fire"] * 3 + ["information"] + ["medical_emergency"] * 2 + ["prank"] * 2
    assert calls.caller_dials_112.all() and (calls.dial_second > calls.dial_start[:-1]).all()
    assert (np.diff(calls.incident_key) > 0).all() and (np.diff(calls.caller_key) > 0).all()


def test_an_incident_is_noticed_by_its_earliest_caller(tmp_path):
    calls = draw(tmp_path, LOG)
    fire = int(np.flatnonzero(calls.incident_kind == 0)[0])
    assert calls.incident_noticed_s[fire] == 9 * 3600 + 59 * 60 + 0.5
    mine = np.sort(calls.caller_start_s[calls.caller_incident == fire])
    assert mine.tolist() == [35940.5, 36000.0, 36090.0]
    assert AREA.zones[calls.incident_zone[fire]].regency_code == "33.19"
    for incident in range(3):
        callers = calls.caller_incident == incident
        assert calls.caller_start_s[callers].min() == calls.incident_noticed_s[incident]
        assert set(calls.caller_regency[callers]) == {calls.incident_regency[incident]}


def test_told_durations_replace_the_draws_and_empty_ones_do_not(tmp_path):
    calls = draw(tmp_path, LOG)
    at = {start: row for row, start in enumerate(calls.caller_start_s.tolist())}
    assert calls.caller_talk_s[at[36000.0]] == 120 and calls.caller_after_call_s[at[36000.0]] == 30
    assert calls.caller_talk_s[at[35940.5]] == 20
    assert calls.caller_after_call_s[at[50000.0]] == 0
    assert calls.dial_patience_s[calls.dial_start[at[36090.0]]] == 60
    other = draw(tmp_path, LOG.replace("120,30", "120,"))
    assert other.caller_after_call_s[at[36000.0]] not in (0.0, 30.0)
    assert (calls.caller_short_talk_s <= calls.caller_talk_s).all()


def test_places_are_where_the_log_says(tmp_path):
    calls = draw(tmp_path, LOG)
    zones = [AREA.zones[zone] for zone in calls.incident_zone[calls.incident_kind == 2]]
    assert {zone.district_code for zone in zones} == {"33.18.01"}
    assert "33.18.01.0" in {zone.code for zone in zones}


def test_calls_of_one_number_share_it(tmp_path):
    calls = draw(tmp_path, LOG)
    prank = calls.caller_kind == kind_table(DEMAND).name.index("prank")
    assert calls.caller_number[prank].tolist() == [0, 0] and (calls.caller_number[~prank] == -1).all()


def test_a_row_more_moves_no_other_row(tmp_path):
    calls = draw(tmp_path, LOG)
    more = draw(tmp_path, LOG + "2021-12-05T08:00:00,fire,pati,,,,,\n")
    at = np.searchsorted(more.caller_key, calls.caller_key)
    assert np.array_equal(more.caller_key[at], calls.caller_key)
    for name in ("caller_talk_s", "caller_start_s", "caller_lookup_s", "caller_pick_up_s"):
        assert np.array_equal(getattr(more, name)[at], getattr(calls, name))


def test_only_what_the_log_does_not_tell_differs_between_replications(tmp_path):
    calls, other = draw(tmp_path, LOG), draw(tmp_path, LOG, replication=1)
    assert same(calls, draw(tmp_path, LOG))
    assert np.array_equal(calls.caller_start_s, other.caller_start_s)
    assert not np.array_equal(calls.caller_talk_s, other.caller_talk_s)


def test_the_optional_columns_may_be_left_out(tmp_path):
    assert draw(tmp_path, "time,kind,place\n0,fire,pati\n").incident_key.size == 1


HEAD = "time,kind,place\n"
LABELLED = "time,kind,place,incident\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("time,kind\n0,fire\n", r"calls.csv row 1: no column 'place'"),
        ("time,kind,place,tallk_s\n0,fire,pati,3\n", r"row 1: column .tallk_s. is not known"),
        (HEAD + "0,fire,pati\n0,fire\n", r"calls.csv row 3: 2 cells; give 3"),
        (HEAD + "noon,fire,pati\n", r"row 2: time is 'noon'; give a local time as 2021-12-06T08:15:00"),
        (HEAD + "nan,fire,pati\n", r"row 2: time is 'nan'; give a local time"),
        (HEAD + "2021-12-05T10:00:00+07:00,fire,pati\n", r"row 2: time .* without a time zone"),
        (HEAD + ",fire,pati\n", r"row 2: time is ''; give a value"),
        (HEAD + "0,fires,pati\n", r"row 2: kind is 'fires'; no such kind; did you mean 'fire'\?"),
        (HEAD + "0,fire,patti\n", r"row 2: place is 'patti'; no such place; did you mean 'pati'\?"),
        ("time,kind,place,talk_s\n0,fire,pati,-3\n", r"row 2: talk_s is '-3'; give a number from 0"),
        ("time,kind,place,talk_s\n0,fire,pati,long\n", r"row 2: talk_s is 'long'; give a number"),
        (LABELLED + "0,fire,pati,a\n1,rescue,pati,a\n", r"row 3: incident is 'a'; row 2 gives it"),
        (LABELLED + "0,prank,pati,a\n", r"row 2: incident is 'a'; a call of kind prank has none"),
        (HEAD + "2020-01-01,fire,pati\n", r"none of 1 calls is within .* set clock.start"),
        (HEAD, r"calls.csv: no calls below the header; give a row for each call"),
        (HEAD + "inf,fire,pati\n", r"row 2: time is 'inf'; give a local time"),
        ("", r"calls.csv: is empty; give a header row \(time, kind, place\)"),
        ("time;kind;place\n0;fire;pati\n", r"row 1: cells are separated by semicolons; save the table"),
        (HEAD + "0,fire,pa\0ti\n", r"row 2: place is .*NUL byte"),
    ],
)  # fmt: skip
def test_a_bad_log_is_refused_naming_row_column_value_and_mend(tmp_path, text, line):
    with pytest.raises(InputError, match=line) as caught:
        draw(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_mark_at_the_beginning_and_blank_lines_are_passed_over(tmp_path):
    plain = draw(tmp_path, HEAD + "0,fire,pati\n")
    assert same(plain, draw(tmp_path, "\ufeff" + HEAD + "0,fire,pati\n\n\n"))


def test_a_place_that_is_not_simulated_is_told_from_one_that_does_not_exist(tmp_path):
    kept = [regency for regency in AREA.regencies if regency.label == "pati"]
    zones = [zone for zone in AREA.zones if zone.regency_code == kept[0].code]
    renumbered = tuple(replace(zone, zone=number) for number, zone in enumerate(zones))
    part = replace(AREA, regencies=tuple(kept), zones=renumbered)
    path = tmp_path / "calls.csv"
    clock = SimpleNamespace(start=datetime(2021, 12, 5), warm_up_s=0.0, report_s=9.0, cool_down_s=0.0)
    for place in ("kudus", "33.19", "33.19.01"):
        path.write_text(HEAD + f"0,fire,{place}\n", encoding="utf-8")
        with pytest.raises(InputError, match=f"row 2: place is '{place}'; kudus is not simulated; add it"):
            read_call_log(path, DEMAND, part, clock)


@pytest.mark.parametrize(("name", "words"), [("none.csv", "no such table"), ("", "is a folder")])
def test_a_missing_log_is_refused(tmp_path, name, words):
    demand = DEMAND.model_copy(update={"call_log": tmp_path / name})
    clock = SimpleNamespace(start=datetime(2021, 12, 5), warm_up_s=0.0, report_s=1.0, cool_down_s=0.0)
    scenario = SimpleNamespace(seed=1, clock=clock, demand=demand, callers=CALLERS, work=WORK)
    with pytest.raises(InputError, match=f"demand.call_log: .*{words}; give a CSV table"):
        draw_calls(scenario, AREA, 0)
