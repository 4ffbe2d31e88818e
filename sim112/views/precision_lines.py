"""What is said of how sure a study is: when its replications ended, the best scenario, the warm-up."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from sim112.study.precision import Best, Reached, Stopping
from sim112.study.warm_up import WarmUp
from sim112.views.tables import ENGLISH, WIDTH
from sim112.views.words import Words


def stopping_lines(stopping: Stopping, words: Words = ENGLISH) -> list[str]:
    """When the replications ended, and why; what was wanted and reached; which scenario is the best."""
    lines = []
    if stopping.reached:
        unmet = sum(not one.is_met for one in stopping.reached)
        key = "precision.capped" if unmet else "precision.reached"
        told = words.say(key, unmet=unmet, all=len(stopping.reached), replications=stopping.replications)
        lines += [_wrapped(told), *(_reached_line(one, words) for one in stopping.reached)]
    elif stopping.best is None:
        lines.append(words.say("precision.undefined"))
    if stopping.best is not None:
        lines.append(_wrapped(_best_line(stopping.best, stopping.replications, words)))
    return lines


def _reached_line(one: Reached, words: Words) -> str:
    number = words.say(f"precision.{one.of}", measure=one.measure, scenario=one.scenario)
    line = words.say("precision.line", number=number, half=one.half_width, unit=one.unit, wanted=one.wanted)
    return line if one.is_met else line + words.say("precision.not_met")


def _best_line(best: Best, replications: int, words: Words) -> str:
    if best.decided_after is None:
        remaining = ", ".join(best.remaining)
        return words.say(
            "precision.no_best", measure=best.measure, replications=replications, remaining=remaining
        )
    return words.say(
        "precision.best",
        measure=best.measure,
        scenario=best.remaining[0],
        number=len(best.scenarios),
        probability=best.probability,
        indifference=best.indifference,
        unit=best.unit,
        replications=best.decided_after,
    )


def warm_up_lines(warm_ups: Mapping[str, WarmUp], words: Words = ENGLISH) -> list[str]:
    """A line for each scenario whose warm-up is too short, with what it would be."""
    lines = []
    for name, warm_up in warm_ups.items():
        if not warm_up.short_for:
            continue
        needed_s, bias = dict(warm_up.needed_s), dict(warm_up.bias_share)
        parts = []
        for state in warm_up.short_for:
            this_s = needed_s[state]
            key = "precision.needs_more" if this_s is None else "precision.needs"
            told = words.named("states", state)
            parts.append(words.say(key, state=told, hours=(this_s or 0) / 3600, bias=abs(bias[state])))
        line = words.say(
            "precision.short", scenario=name, hours=warm_up.set_s / 3600, needed=", ".join(parts)
        )
        if warm_up.wanted_s is not None:
            line += " " + words.say("precision.set", warm_up_s=f"{warm_up.wanted_s:g}")
        lines.append(line)
    return lines


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ")
