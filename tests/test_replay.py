"""The replay without a browser: moments agree with the measures, the page with the log; words are whole."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim112
from sim112.cli import main
from sim112.engine import choice
from sim112.engine.contract import NONE, TICKS_PER_S, Outcome
from sim112.study.kpis import measure
from sim112.study.moment import (
    CALL_STATES,
    UNIT_STATES,
    Span,
    calls_by_state_at,
    measures_at,
    returned_s,
    units_by_state_at,
)
from sim112.study.replication import draw
from sim112.study.run import run
from sim112.views.inlined import WEB
from sim112.views.replay import SCRIPTS, Replay, packed, page, parts, record, span_of
from sim112.views.replay_choice import ENOUGH, Search, night_crashes
from sim112.views.replay_log import NEVER, SHARE
from sim112.views.words import words
from sim112.world.network import load_places, restrict
from sim112.world.roads import load_roads

SMALL = (
    *("clock=day", "area.regencies=[pati,kudus,kota_semarang]", "demand.rate_factor=3"),
    "precision.warm_up_replications=0",
)


@lru_cache
def replay() -> Replay:
    return record([sim112.scenario(name, *SMALL) for name in ("dec_2021", "pati")], replications=20)


@lru_cache
def content() -> dict[str, Any]:
    return unpacked(packed(parts(replay())))


def unpacked(blob: bytes) -> dict[str, Any]:
    raw = zlib.decompress(blob)
    length = int.from_bytes(raw[:8], "little")

    def revive(value: Any) -> Any:
        if isinstance(value, dict):
            if "array" in value:
                kind, where, count = value["array"]
                return np.frombuffer(raw, f"<{kind}", count, 8 + length + where)
            return {key: revive(below) for key, below in value.items()}
        return [revive(below) for below in value] if isinstance(value, list) else value

    found: dict[str, Any] = revive(json.loads(raw[8 : 8 + length]))
    return found


# ---- moments -----------------------------------------------------------------------------------------------


def test_when_all_is_over_the_moment_says_what_the_measures_say() -> None:
    made = replay()
    for scenario, world, log in zip(made.scenarios, made.worlds, made.logs, strict=True):
        measures = measure(world, made.calls, log, scenario.targets, scenario.costs)
        for regency in (None, 0, 2):
            scope, at = ("province", 0) if regency is None else ("regency", regency)
            found = measures_at(world, made.calls, log, made.span, world.end_s, regency)
            for key, column in {
                "calls_offered": "offered",
                "calls_answered": "answers",
                "calls_blocked": "blocked",
                "incidents_noticed": "needing",
                "agencies_needed": "needs",
                "agencies_alerted": "alerted",
            }.items():
                assert found[key] == measures.total(column, scope)[at], key
            gone = sum(measures.total(column, scope)[at] for column in ("abandoned", "hung_up"))
            assert found["calls_abandoned"] == gone
            unreported = measures.total("unreported", scope)[at]
            assert found["incidents_reported"] == found["incidents_noticed"] - unreported
            assert found["answer_delay_mean_s"] == pytest.approx(measures.value("answer_delay_s", scope)[at])


def test_counts_only_grow() -> None:
    made = replay()
    growing = ("calls_offered", "calls_answered", "incidents_noticed", "agencies_alerted", "agencies_reached")
    before = dict.fromkeys(growing, 0.0)
    for now_s in np.arange(made.span.from_s, made.span.to_s, 5000.0):
        now = measures_at(made.worlds[0], made.calls, made.logs[0], made.span, float(now_s))
        assert all(now[key] >= before[key] for key in growing)
        assert now["agencies_reached"] <= now["agencies_alerted"] <= now["agencies_needed"]
        before = now


def test_a_unit_does_one_thing_at_a_time() -> None:
    made = replay()
    for world, log in zip(made.worlds, made.logs, strict=True):
        until_s = returned_s(world, log)
        for now_s in np.arange(made.span.from_s, made.span.to_s, 1711.0):
            under_way = (log.job_unit != NONE) & (log.job_assigned_s <= now_s) & ~(until_s <= now_s)
            units = log.job_unit[under_way]
            assert len(set(units.tolist())) == len(units)
            assert sum(units_by_state_at(world, log, float(now_s)).values()) == len(units)


def test_a_call_that_holds_a_line_rings_waits_or_talks() -> None:
    made = replay()
    log = made.logs[1]
    through = ~np.isin(
        log.call_outcome,
        (Outcome.BARRED, Outcome.BLOCKED_OUTAGE, Outcome.BLOCKED_PLATFORM, Outcome.BLOCKED_LINES),
    )
    for now_s in np.arange(made.span.from_s, made.span.to_s, 911.0):
        ended = (log.call_left_s <= now_s) | (log.call_talk_end_s <= now_s)
        holding = through & (log.call_offered_s <= now_s) & ~ended
        counts = calls_by_state_at(log, float(now_s))
        assert tuple(counts) == CALL_STATES
        assert counts["ringing"] + counts["queued"] + counts["talking"] == holding.sum()


# ---- what is packed ----------------------------------------------------------------------------------------


def test_packed_times_are_those_of_the_log() -> None:
    made, scenario = replay(), content()["scenarios"][1]
    log = made.logs[1]
    offered_s = made.span.from_s + scenario["calls"]["offered"] / TICKS_PER_S
    assert set(offered_s.tolist()) <= set(log.call_offered_s.tolist())
    inside = (log.call_offered_s >= made.span.from_s) & (log.call_offered_s < made.span.to_s)
    inside &= log.call_outcome != Outcome.BARRED
    assert (offered_s >= made.span.from_s).sum() == inside.sum() > 500
    answered = scenario["calls"]["answered"]
    assert (answered == NEVER).sum() > 0
    happened_s = made.span.from_s + answered[answered != NEVER] / TICKS_PER_S
    assert set(happened_s.tolist()) <= set(log.call_answered_s.tolist())


def test_units_drive_along_roads_from_where_they_stood_to_the_scene() -> None:
    made = replay()
    area, _ = load_places(made.scenarios[0])
    graph = load_roads(made.scenarios[0].area_folder)
    code_of = graph.nodes(data="code")
    number = {code_of[node]: node for node in graph}
    inside = {zone.code for zone in area.zones}
    for scenario in content()["scenarios"]:
        trips = scenario["trips"]
        moved = 0
        for trip in range(len(trips["unit"])):
            first, end = trips["leg_start"][3 * trip : 3 * trip + 2]
            zones, shares = trips["leg_zone"][first:end], trips["leg_share"][first:end]
            if not len(zones):
                continue
            assert zones[0] == trips["from_zone"][trip] or len(set(zones.tolist())) == 1
            assert zones[-1] == trips["zone"][trip]
            assert (np.diff(shares.astype(int)) >= 0).all() and shares[-1] in (0, SHARE)
            for one, other in zip(zones[:-1].tolist(), zones[1:].tolist(), strict=True):
                a, b = area.zones[one].code, area.zones[other].code
                # where only some regencies are simulated, a way may lead through the others
                is_road = one == other or graph.has_edge(number[a], number[b])
                assert is_road or any(code_of[node] not in inside for node in graph.neighbors(number[a]))
                moved += one != other
        assert moved > 50


def test_every_file_is_the_same_each_time() -> None:
    again = record(replay().scenarios, replications=20)
    assert page(again, "id") == page(replay(), "id")


# ---- the incident ------------------------------------------------------------------------------------------


def test_the_story_tells_what_the_log_says() -> None:
    made, story = replay(), parts(replay())["story"]
    assert made.found is not None
    incident = int(np.flatnonzero(made.calls.incident_key == made.found.incident_key)[0])
    world = made.worlds[0]
    assert world.regency_name[made.calls.incident_regency[incident]] == "pati"
    assert world.kind_name[made.calls.incident_kind[incident]] == "traffic_accident"
    assert len(story["agencies"]) >= 2
    for events, log in zip(story["events"], made.logs, strict=True):
        at = [made.span.from_s + event["t"] / TICKS_PER_S for event in events]
        assert at == sorted(at)
        jobs = np.flatnonzero(made.calls.need_incident[log.job_need] == incident)
        for what, column in (
            ("alerted", log.job_alerted_s),
            ("on_scene", log.job_on_scene_s),
            ("at_hospital", log.job_at_hospital_s),
        ):
            told = sorted(t for t, event in zip(at, events, strict=True) if event["what"].startswith(what))
            assert told == sorted(t for t in column[jobs].tolist() if not math.isnan(t)), what
        of_incident = made.calls.caller_incident[log.call_caller] == incident
        offered = [t for t, event in zip(at, events, strict=True) if event["what"] == "offered"]
        assert offered == sorted(log.call_offered_s[of_incident].tolist())


def test_too_few_night_crashes_leave_the_nearest_to_two_of_those_that_are_wanted() -> None:
    made = replay()
    assert made.found is not None and made.found.among > 10 and not made.found.is_middle
    alone = [sim112.scenario("pati", *SMALL)]
    found = record(alone, replication=made.replication).found
    assert found is not None and found.days == 1
    # the choice among all days is that of its own day, as the order does not depend on the others
    assert found.incident_key == made.found.incident_key


def test_a_regency_without_emergencies_that_day_opens_on_the_whole_day() -> None:
    calm = sim112.scenario("pati", "clock=day", "area.regencies=[pati]", "demand.rate_factor=0.0001")
    made = record([calm], replications=2)
    assert made.found is None
    assert parts(made)["story"] is None


NIGHTS = ("clock=day", "area.regencies=[pati,kudus]", "demand.rate_factor=3", "demand.dial_112_share.mid=0.5")
"""Crashes enough, reported to 112, that some days hold several at night."""


@lru_cache
def nights() -> tuple[Replay, Search, dict[tuple[int, int], float]]:
    """A replay of the middle one of the night crashes, what the search found, and what 112 gains at each."""
    scenarios = [sim112.scenario(name, *NIGHTS) for name in ("dec_2021", "pati")]
    made = record(scenarios, replications=400)
    area, _ = restrict(*load_places(scenarios[0]), ("pati",))
    search = night_crashes(scenarios[0], area, range(400), [(1, made.span)], is_112_told=True)
    gains_s = {}
    for crash in search.crashes:
        calls = draw(scenarios[0], crash.replication)
        incident = int(np.flatnonzero(calls.incident_key == crash.key)[0])
        knows_s = []
        for world in made.worlds:
            log = choice.simulate("compiled", world, calls)
            jobs = np.flatnonzero(calls.need_incident[log.job_need] == incident)
            assert len(jobs) == (calls.need_incident == incident).sum()  # else one of them never knew
            knows_s.append(float(log.job_alerted_s[jobs].max()))
        gains_s[crash.replication, crash.key] = knows_s[0] - knows_s[1]
    return made, search, gains_s


def test_the_told_crash_is_the_middle_one_of_all_that_were_found() -> None:
    made, search, gains_s = nights()
    assert made.found is not None and made.found.is_middle
    assert len(gains_s) == made.found.compared >= ENOUGH
    own_s = gains_s[made.found.replication, made.found.incident_key]
    assert sum(gain_s < own_s for gain_s in gains_s.values()) == (len(gains_s) - 1) // 2
    assert len(set(gains_s.values())) == len(gains_s)
    assert made.found.sooner == sum(gain_s > 0 for gain_s in gains_s.values())
    assert made.found.later == sum(gain_s < 0 for gain_s in gains_s.values())
    assert (made.found.days, made.found.among) == (search.days, search.among)
    hour = parts(made)["story"]["noticed"] / TICKS_PER_S / 3600
    assert 1.5 <= hour <= 2.5


def test_the_search_finds_what_whole_replications_hold_and_nothing_else() -> None:
    made, search, _ = nights()
    expected = []
    last = max(crash.replication for crash in search.crashes)
    for number in range(last + 1):
        calls = draw(made.scenarios[0], number)
        for incident in range(len(calls.incident_key)):
            hour = (calls.incident_noticed_s[incident] - made.span.from_s) / 3600
            callers = np.flatnonzero(calls.caller_incident == incident)
            if (
                made.worlds[0].kind_name[calls.incident_kind[incident]] == "traffic_accident"
                and made.worlds[0].regency_name[calls.incident_regency[incident]] == "pati"
                and 1.5 <= hour <= 2.5
                and (calls.need_incident == incident).sum() >= 2
                and calls.caller_dials_112[callers[calls.caller_start_s[callers].argmin()]]
            ):
                expected.append((number, 1, int(calls.incident_key[incident])))
    assert [tuple(crash) for crash in search.crashes] == expected
    assert search.days == last + 1


def test_a_week_is_opened_on_the_day_of_its_incident_unless_a_day_is_asked_for() -> None:
    scenarios = [sim112.scenario(name, *NIGHTS, "clock=default") for name in ("dec_2021", "pati")]
    made = record(scenarios, replications=40)
    assert made.found is not None and made.found.is_middle
    assert made.span == span_of(scenarios[0], made.found.day)
    third = record(scenarios, replications=40, day=3)
    assert third.span == span_of(scenarios[0], 3)
    assert third.found is not None and third.found.day == 3


# ---- ways that are in no log -------------------------------------------------------------------------------

POLICIES = (
    *("clock=day", "area.regencies=[pati,kudus,jepara]", "demand.rate_factor=12"),
    *("fleet.divert=true", "fleet.move_up=true"),
)


@lru_cache
def diverted() -> Replay:
    return record([sim112.scenario("pati", *POLICIES)], replication=0, day=1)


def test_units_that_are_turned_away_or_moved_are_drawn() -> None:
    made = diverted()
    world, log, detours = made.worlds[0], made.logs[0], made.detours[0]
    trips = parts(made)["scenarios"][0]["trips"]
    moves = [of for of in detours if of.need == NONE]
    turned = [of for of in detours if of.need != NONE]
    assert len(moves) > 5 and len(turned) > 5
    diverted_jobs = log.job_assignments > 1
    assert diverted_jobs.sum() > 0
    assert sum(log.job_assignments[diverted_jobs] - 1) <= len(turned)  # a job may be dropped and never served
    states = {name: 0 for name in UNIT_STATES}
    for now_s in np.arange(made.span.from_s, made.span.to_s, 613.0):
        for name, count in units_by_state_at(world, log, float(now_s), detours).items():
            states[name] += count
    assert all(states.values())
    # the trips beyond those of the log are the detours, each with a way from where it began
    rows = np.flatnonzero(trips["is_move"])
    begun = [of for of in moves if made.span.from_s <= of.assigned_s < made.span.to_s]
    assert len(begun) <= len(rows) == len(begun) + (trips["assigned"][rows] < 0).sum() < len(moves)
    for row in rows.tolist():
        first, end = trips["leg_start"][3 * row + 2 : 3 * row + 4]
        assert end > first and trips["leg_zone"][first] == trips["from_zone"][row]
        assert trips["leg_zone"][end - 1] == trips["zone"][row]
        assert trips["available"][row] < trips["returned"][row] <= trips["back"][row]


def test_with_its_detours_a_unit_does_one_thing_at_a_time() -> None:
    made = diverted()
    trips = parts(made)["scenarios"][0]["trips"]
    order = np.lexsort((trips["returned"], trips["assigned"], trips["unit"]))
    unit, assigned, returned = (trips[name][order] for name in ("unit", "assigned", "returned"))
    again = unit[1:] == unit[:-1]
    assert again.sum() > 100
    assert (assigned[1:][again] >= returned[:-1][again]).all()
    # and a unit that was turned away is at once on another job
    turned = [of for of in made.detours[0] if of.need != NONE]
    log = made.logs[0]
    sent = set(zip(log.job_unit.tolist(), log.job_assigned_s.tolist(), strict=True))
    sent |= {(of.unit, of.assigned_s) for of in turned}
    assert all((of.unit, of.left_s) in sent for of in turned)


def test_noting_detours_changes_no_log() -> None:
    made = diverted()
    plain = choice.simulate("compiled", made.worlds[0], made.calls)
    for name, column in vars(plain).items():
        assert np.array_equal(column, getattr(made.logs[0], name), equal_nan=column.dtype.kind == "f"), name


# ---- the page ----------------------------------------------------------------------------------------------


def test_the_page_is_whole_and_allows_itself_nothing_from_outside() -> None:
    text = page(replay(), "id")
    assert "{{" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None and policy[1].startswith("default-src 'none'; ")
    for tag in ("script", "style"):
        [inside] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    links = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text))
    assert links <= {"http://www.w3.org"}  # the name of SVG, which nobody fetches


def test_text_from_data_is_never_read_as_markup() -> None:
    script = "\n".join((WEB / name).read_text(encoding="utf-8") for name in SCRIPTS)
    for bad in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert bad not in script


def test_no_timer_moves_the_drawing() -> None:
    script = "\n".join((WEB / name).read_text(encoding="utf-8") for name in SCRIPTS)
    assert "setTimeout" not in script and "setInterval" not in script and "Date.now" not in script
    assert script.count("requestAnimationFrame") == 1


def test_every_text_that_the_page_asks_for_is_there() -> None:
    script = "\n".join((WEB / name).read_text(encoding="utf-8") for name in SCRIPTS)
    for lang in ("en", "id"):
        known = words(lang).section("replay")  # type: ignore[arg-type]
        asked = set(re.findall(r'\bsay\("([\w.]+)"', script)) - {"calendar.weekdays", "calendar.months"}
        assert len(asked) > 40
        assert asked <= set(known)
        for state in CALL_STATES:
            assert f"call.{state}" in known
        for state in UNIT_STATES:
            assert f"unit.{state}" in known
        for event in {event["what"] for events in parts(replay())["story"]["events"] for event in events}:
            assert f"story.{event}" in known or event == "offered"


# ---- the command -------------------------------------------------------------------------------------------


def test_the_command_writes_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = tmp_path / "deep" / "day.html"
    assert main(["replay", "dec_2021", "pati", *SMALL, "--into", str(into), "--replication", "2"]) == 0
    assert str(into) in capsys.readouterr().out
    assert [path.name for path in into.parent.iterdir()] == ["day.html"]
    assert into.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_saved_comparison_is_shown_as_it_was(tmp_path: Path) -> None:
    scenarios = [sim112.scenario(name, *SMALL, "replications=2") for name in ("no_112", "pati")]
    from sim112.config.compare import compare_settings
    from sim112.study.run import compare

    settings = compare_settings(["sensitivity=off", "use_levels=off", "stress=null"])
    saved = compare(scenarios, settings=settings, results=tmp_path, figures=False)
    assert saved.folder is not None
    assert main(["replay", str(saved.folder), "--results", str(tmp_path)]) == 0
    [made] = (tmp_path / "replay").glob("*/replay.html")
    blob = re.search(r'id="data">([^<]*)<', made.read_text(encoding="utf-8"))
    assert blob is not None
    shown = unpacked(base64.b64decode(blob[1]))
    assert [scenario["name"] for scenario in shown["scenarios"]] == ["no_112", "pati"]
    assert shown["replication"] in (1, 2)


def test_every_replication_of_a_saved_run_can_be_shown_also_those_that_made_it_sure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sure = ("replications=20", "precision.measures.offered.relative=0.001", "precision.most_replications=21")
    off = ("precision.warm_up_replications=0", "area.regencies=[pati]")
    saved = run(sim112.scenario("pati", *SMALL, *off, *sure), results=tmp_path, figures=False)
    assert saved.folder is not None and len(saved.measures) == 21
    page = ["--into", str(tmp_path / "day.html")]
    assert main(["replay", str(saved.folder), "--replication", "21", *page]) == 0
    assert main(["replay", str(saved.folder), "--replication", "22", *page]) == 2
    assert "counted from 1 to 21" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nowhere/at/all"], "no run is saved here"),
        (["pati", "--day", "9", *SMALL], "days 1 to 1"),
        (["pati", "--regency", "atlantis", *SMALL], "atlantis"),
        (["pati", "--into", "page.pdf"], ".html"),
        (["pati", "--replication", "0"], "counted from 1"),
        (["one_desk"], "no map"),
        ([], "a scenario"),
        (["pati", "sensitivity=off"], "sensitivity"),
    ],
)
def test_bad_input_is_one_line(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", *given]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err and told.err.count("\n") == 1


def test_a_span_of_a_week_is_shown_by_the_day() -> None:
    week = sim112.scenario("pati")
    assert span_of(week, 1) == Span(86400.0, 2 * 86400.0)
    assert span_of(week, 7).to_s == week.clock.report_to_s
