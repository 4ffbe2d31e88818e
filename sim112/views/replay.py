"""The replay: one page that shows one or two scenarios of one simulated day on a map, second by second.

The page is a single file without any request to the outside: the logs of one replication, cut to a day, are
packed into it with all words in both languages. Its state is a function of the log and the time; measures are
those of ``study.moment``.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from sim112.config.scenario import Scenario
from sim112.engine import choice
from sim112.engine.contract import NONE, Calls, Log, World
from sim112.engine.records import Detour
from sim112.errors import InputError
from sim112.study.moment import SHOWN_AFTER_S, Span
from sim112.study.replication import draw, engine_for, same_demand, world_of
from sim112.views.inlined import filled, hash_of, script_of, style_of
from sim112.views.replay_choice import DAY_S, Days, Found, middle_one, nearest, night_crashes
from sim112.views.replay_log import log_parts
from sim112.views.replay_map import map_parts
from sim112.views.replay_story import story_parts
from sim112.views.words import LANGS, words
from sim112.world.network import load_places, restrict

STYLES = ("style.css",)
SCRIPTS = (
    *("elements.js", "replay_data.js", "replay_state.js", "replay_words.js", "map.js"),
    *("replay_parts.js", "replay_story.js", "replay.js"),
)
MOST_SEARCHED = 10_000
"""Replications that are looked through, by draws alone, for night crashes. CHOICE: some seconds."""

MOST_DRAWN = 366
"""Replications that are drawn whole where there are too few night crashes. CHOICE: a year of nights."""

OPENS_WITH = "pati"
"""The regency whose incident is told, where it is simulated and another is not asked for."""


@dataclass(frozen=True, eq=False)
class Replay:
    """What a replay is made of: scenarios on the same calls of one replication, and what came of them."""

    scenarios: tuple[Scenario, ...]
    worlds: tuple[World, ...]
    calls: Calls
    logs: tuple[Log, ...]
    detours: tuple[Sequence[Detour], ...]
    span: Span
    replication: int
    found: Found | None


def record(
    scenarios: Sequence[Scenario],
    *,
    replication: int | None = None,
    day: int | None = None,
    regency: str | None = None,
    replications: int | None = None,
) -> Replay:
    """Simulate one replication of one scenario or of two on the same calls.

    Without a ``replication`` or ``day`` (of the reported time, from 1) it is that of the incident to open
    with, looked for among the first ``replications``. Raises InputError where there is nothing to show.
    """
    first = scenarios[0]
    _check(scenarios)
    spans = [(day, span_of(first, day))] if day is not None else _days_of(first)
    worlds = tuple(world_of(scenario) for scenario in scenarios)
    label = regency or (OPENS_WITH if OPENS_WITH in worlds[0].regency_name else worlds[0].regency_name[0])
    if label not in worlds[0].regency_name:
        known = ", ".join(worlds[0].regency_name)
        raise InputError(f"--regency {label}: it is not simulated; use one of {known}")
    numbers = range(MOST_SEARCHED if replications is None else replications)
    if replication is not None:
        numbers = range(replication, replication + 1)
    found, engine = _found(scenarios, worlds, label, numbers, spans)
    shown = replication if replication is not None else found.replication if found is not None else 0
    span = dict(spans)[found.day] if found is not None else spans[0][1]
    calls = draw(first, shown)
    logs, detours = zip(*(_simulated(engine, world, calls) for world in worlds), strict=True)
    return Replay(tuple(scenarios), worlds, calls, logs, detours, span, shown, found)


def _simulated(engine: choice.Engine, world: World, calls: Calls) -> tuple[Log, Sequence[Detour]]:
    """The log, which is the same from either engine, and what units drove beside it."""
    if not (world.divert or world.move_up):
        return choice.simulate(engine, world, calls), ()
    from sim112.engine.reference import simulate_with_detours  # simpy is imported where it is needed

    return simulate_with_detours(world, calls)


def _found(
    scenarios: Sequence[Scenario],
    worlds: Sequence[World],
    label: str,
    numbers: range,
    spans: Days,
) -> tuple[Found | None, choice.Engine]:
    """The incident to open with, and the engine that simulates the scenarios."""
    first = scenarios[0]
    at = worlds[0].regency_name.index(label)
    is_112_told = any(world.regency_desk[at] != NONE for world in worlds)
    area, _ = restrict(*load_places(first), (label,))
    search = night_crashes(first, area, numbers, spans, is_112_told)
    engine = engine_for(first, len(scenarios) * (1 + len(search.crashes)))

    def simulated(number: int) -> tuple[Calls, list[Log]]:
        calls = draw(first, number)
        return calls, [choice.simulate(engine, world, calls) for world in worlds]

    found = middle_one(search, is_112_told, simulated)
    if found is None:
        alone = _alone(first, label)
        found = nearest(_draws(alone, numbers[:MOST_DRAWN]), world_of(alone), spans, label, is_112_told)
    return found, engine


def _check(scenarios: Sequence[Scenario]) -> None:
    first = scenarios[0]
    for scenario in scenarios:
        if scenario.area.is_small_world:
            raise InputError(
                f"replay: {scenario.name} is a small world, which has no map; give a scenario of an area "
                "with roads"
            )
        if not same_demand(first, scenario):
            raise InputError(
                f"replay: {first.name} and {scenario.name} do not face the same calls; give scenarios with "
                "the same seed, clock, area, demand, callers and work"
            )


def _days_of(scenario: Scenario) -> Days:
    """The days of the reported time that can be shown, each with its number."""
    last = int(np.ceil(scenario.clock.report_s / DAY_S))
    return [(day, span_of(scenario, day)) for day in range(1, last + 1)]


def span_of(scenario: Scenario, day: int) -> Span:
    """The shown day of the reported time, counted from 1; the last may be shorter."""
    clock = scenario.clock
    from_s = clock.report_from_s + (day - 1) * DAY_S
    if day < 1 or from_s >= clock.report_to_s:
        last = int(np.ceil(clock.report_s / DAY_S))
        raise InputError(f"--day {day}: the reported time has days 1 to {last}; give one of them")
    return Span(from_s, min(from_s + DAY_S, clock.report_to_s))


def _alone(scenario: Scenario, label: str) -> Scenario:
    """The scenario with one regency alone, whose draws are those of the whole and are made much sooner."""
    if scenario.demand.call_log is not None:
        return scenario
    return scenario.model_copy(update={"area": scenario.area.model_copy(update={"regencies": (label,)})})


def _draws(scenario: Scenario, numbers: range) -> Iterator[tuple[int, Calls]]:
    if scenario.demand.call_log is not None:
        numbers = numbers[:1]  # a call log is the same in every replication
    for number in numbers:
        yield number, draw(scenario, number)


def page(replay: Replay, lang: str = "en") -> str:
    """The whole page."""
    style, script = style_of(STYLES), script_of(SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{hash_of(script)}'; style-src '{hash_of(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    fields = {
        "lang": lang,
        "policy": policy,
        "style": style,
        "script": script,
        "data": base64.b64encode(packed(parts(replay, lang))).decode("ascii"),
    }
    return filled("replay.html", fields)


def parts(replay: Replay, lang: str = "en") -> dict[str, Any]:
    """Everything that the page knows, as plain data and arrays."""
    first = replay.scenarios[0]
    area, _ = load_places(first)
    begins = first.clock.start + timedelta(seconds=replay.span.from_s)
    hospitals = [hospital.name for hospital in area.hospitals]
    story = None
    if replay.found is not None:
        story = story_parts(replay.worlds, replay.calls, replay.logs, replay.span, replay.found, hospitals)
    return {
        "lang": lang,
        "begins": [begins.year, begins.month, begins.day, begins.hour, begins.minute, begins.weekday()],
        "span_s": replay.span.to_s - replay.span.from_s,
        "replication": replay.replication + 1,
        "seed": first.seed,
        "shown_after_s": SHOWN_AFTER_S,
        "map": map_parts(first, area, replay.worlds[0]),
        "story": story,
        "scenarios": [
            {"name": scenario.name, "question": scenario.question}
            | log_parts(world, replay.calls, log, replay.span, detours)
            for scenario, world, log, detours in zip(
                replay.scenarios, replay.worlds, replay.logs, replay.detours, strict=True
            )
        ],
        "words": {name: _words(name) for name in LANGS},
    }


def _words(lang: Any) -> dict[str, str]:
    """The words of the page, and the names of agencies, kinds, days and months, in one language."""
    known = words(lang)
    own = known.section("replay")
    for section in ("agencies", "kinds", "calendar"):
        own |= {f"{section}.{name}": text for name, text in known.section(section).items()}
    return own


def packed(content: Mapping[str, Any]) -> bytes:
    """Plain data and arrays as compressed bytes: the length of the text, the text, the arrays.

    The text is JSON in which an array is ``{"array": [type, where, length]}``; arrays are little-endian and
    begin at multiples of eight bytes after the text.
    """
    chunks: list[bytes] = []
    size = 0

    def plain(value: Any) -> Any:
        nonlocal size
        if isinstance(value, np.ndarray):
            flat = np.ascontiguousarray(value).ravel()
            flat = flat.astype("<f4") if flat.dtype.kind == "f" else _narrowest(flat)
            raw = flat.tobytes()
            told = {"array": [flat.dtype.str[1:], size, len(flat)]}
            chunks.append(raw + b"\0" * (-len(raw) % 8))
            size += len(chunks[-1])
            return told
        if isinstance(value, Mapping):
            return {key: plain(below) for key, below in value.items()}
        if isinstance(value, list | tuple):
            return [plain(below) for below in value]
        return value

    text = json.dumps(plain(content), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-(len(text) + 8) % 8)
    head = len(text).to_bytes(8, "little")
    return zlib.compress(head + text + b"".join(chunks), 9)


def _narrowest(values: np.ndarray) -> np.ndarray:
    """Whole numbers in the smallest type that holds them."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for kind in ("<u1", "<u2", "<i2"):
        bounds = np.iinfo(kind)
        if bounds.min <= low and high <= bounds.max:
            return values.astype(kind)
    return values.astype("<i4")
