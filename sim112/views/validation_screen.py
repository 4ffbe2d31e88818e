"""What ``sim112 validate`` prints, and its report: exact and simulated, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import floor, log10

from sim112.validation.suite import Outcome, Validation
from sim112.views.words import Words, words

WIDTH = 110
MEASURE, NUMBER, INTERVAL, TOLERANCE, VERDICT = 40, 10, 22, 10, 8


def words_of(found: Validation) -> Words:
    """The words of the language that the cases were asked in."""
    return words(found.scenarios[0].lang)


def told(text: str, known: Words) -> str:
    """A text of a case, or a source, as the language says it: whole, or what stands behind it in brackets.

    The English stands in ``sim112.validation``, the others in the section ``validation`` of their words.
    """
    before, bracket, note = text.removesuffix(")").rpartition(" (")
    if bracket and text.endswith(")") and known.has(f"validation.{note}"):
        return f"{before} ({known.say(f'validation.{note}')})"
    return known.say(f"validation.{text}") if known.has(f"validation.{text}") else text


def shown(value: float, known: Words) -> str:
    """A number with four figures, or whole."""
    if value == 0 or abs(value) >= 1000:
        return known.number(value)
    return known.number(value, max(0, 3 - floor(log10(abs(value)))))


def measure_of(outcome: Outcome, known: Words) -> str:
    """What a row measures, of whom, and where it is worst."""
    words = outcome.row.measure
    if outcome.row.of:
        words += f", {told(outcome.row.of, known)}"
    if len(outcome.checked) > 1:
        words += f" ({known.say('validate.worst', member=outcome.worst.member)})"
    return words


def sources_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Every source once, in the order of the table; a row names its place in this list."""
    return list(dict.fromkeys(outcome.source for outcome in outcomes))


def cells_of(outcome: Outcome, sources: Sequence[str], known: Words) -> tuple[str, ...]:
    """Measure, exact, simulated, interval, tolerance, verdict, source."""
    worst = outcome.worst
    exact = shown(worst.exact, known) + (" *" if outcome.row.published else "  ")
    interval = f"{shown(worst.low, known)} .. {shown(worst.high, known)}"
    verdict = known.say("validate.passes" if outcome.passes else "validate.fails")
    return (
        measure_of(outcome, known),
        exact,
        shown(worst.value, known),
        interval,
        known.short(float(f"{worst.tolerance:.3g}")),
        verdict,
        f"[{sources.index(outcome.source) + 1}]",
    )


def heads_of(known: Words) -> tuple[str, ...]:
    names = ("measure", "exact", "simulated", "interval", "tolerance", "verdict", "source")
    return tuple(known.say(f"validate.{name}") for name in names)


def _line(cells: Sequence[str]) -> str:
    measure, exact, value, interval, tolerance, verdict, source = cells
    return (
        f"  {measure:<{MEASURE}}{exact:>{NUMBER}}{value:>{NUMBER}}{interval:>{INTERVAL}}"
        f"{tolerance:>{TOLERANCE}} {verdict:>{VERDICT}} {source:>6}"
    ).rstrip()


def validation_screen(found: Validation) -> str:
    """The whole screen, at most ``WIDTH`` columns wide."""
    known, sources = words_of(found), sources_of(found.outcomes)
    lines = [known.say("validate.not_java"), "", _line(heads_of(known))]
    for case, rows in groupby(found.outcomes, key=lambda outcome: outcome.case):
        lines.append(f"{case.name}: {told(case.title, known)}")
        lines += [_line(cells_of(outcome, sources, known)) for outcome in rows]
    lines += ["", known.say("validate.sources")]
    lines += [f"  [{number}] {told(source, known)}" for number, source in enumerate(sources, 1)]
    return "\n".join([*lines, "", *closing(found, known)])


def closing(found: Validation, known: Words) -> list[str]:
    """How many rows pass, the rule, and how long it took."""
    failed = sum(not outcome.passes for outcome in found.outcomes)
    key = "validate.all_pass" if failed == 0 else "validate.some_fail"
    return [
        known.say(key, rows=len(found.outcomes), failed=failed),
        known.say("validate.rule"),
        known.say("validate.published"),
        known.say("validate.took", seconds=round(found.took_s), seed=found.scenarios[0].seed),
    ]


def validation_report(found: Validation, figures: Sequence[str]) -> str:
    """The report in Markdown; its first line says what it is no proof of."""
    known, sources = words_of(found), sources_of(found.outcomes)
    lines = [known.say("validate.not_java"), "", f"# {known.say('validate.title')}", ""]
    lines += [*(f"- {line}" for line in closing(found, known)), ""]
    lines += [f"![{name}](figures/{name}.svg)\n" for name in figures]
    heads = [known.say("validate.case"), *heads_of(known)]
    lines += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for case, rows in groupby(found.outcomes, key=lambda outcome: outcome.case):
        for number, outcome in enumerate(rows):
            title = f"`{case.name}` {told(case.title, known)}" if number == 0 else ""
            lines.append(f"| {' | '.join([title, *cells_of(outcome, sources, known)])} |")
    lines += ["", f"## {known.say('validate.sources')}", ""]
    lines += [f"{number}. {told(source, known)}" for number, source in enumerate(sources, 1)]
    reasons = dict.fromkeys(
        f"`{outcome.case.name}`, {outcome.row.measure}: {told(outcome.row.within.reason, known)}"
        for outcome in found.outcomes
        if outcome.row.within is not None
    )
    if reasons:
        lines += ["", f"## {known.say('validate.reasons')}", "", *(f"- {reason}" for reason in reasons)]
    lines += ["", f"## {known.say('validate.again')}", "", "```sh", *commands(found), "```", ""]
    return "\n".join(lines)


def commands(found: Validation) -> list[str]:
    """Each case as a command, for whoever wants to see its whole screen; tables are those of the package."""
    lines = []
    for case in dict.fromkeys(outcome.case for outcome in found.outcomes):
        own = [word for word in case.words if len(word) < 200]
        left_out = "" if len(own) == len(case.words) else "  # and what is too long to print"
        tables = ["area=small", f"area.path=sim112/validation/worlds/{case.tables}"] if case.tables else []
        quoted = [f"'{word}'" if set(word) & set(" {}[]\"") else word for word in [*tables, *own]]
        count = f"replications={case.replications}"
        lines.append(f"sim112 run one_desk {count} {' '.join(quoted)}{left_out}")
    return lines
