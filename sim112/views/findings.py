"""What a comparison found, in sentences that are made from its numbers, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from sim112.study.comparison import Comparison, Row, Sensitivity
from sim112.views.tables import (
    decimals_for,
    headline_label,
    is_negligible,
    name_in_sentence,
    scale_of,
    suspect_name,
)
from sim112.views.words import Words

WAYS = {"alert_capped_s": ("sooner", "later"), "cost_per_report": ("cheaper", "dearer")}
"""How less and more of a measure is said, where it is not fewer and more (counted) or less and more."""

MINUS = "\N{MINUS SIGN}"

GROUPS = {
    "negligible": "negligible",
    "not clear": "unclear",
    "same": "same",
    "too few": "few",
    "one replication": "single",
    "undefined": "undefined",
}
"""The sentence in which measures with each verdict are named together, in this order."""


@dataclass(frozen=True)
class Finding:
    """One sentence; ``verdict`` is ``better``, ``worse``, or a key of ``GROUPS``, empty for neither."""

    verdict: str
    text: str


@dataclass(frozen=True)
class Reading:
    """How the numbers of one measure are written everywhere in a text: by what multiplied, how exact."""

    unit: str
    factor: float
    decimals: int
    words: Words
    unit_name: str = ""

    def plain(self, value: float, signed: bool = False) -> str:
        """The number alone, with the sign of print."""
        return self.words.number(self.factor * value, self.decimals, signed).replace("-", MINUS)

    def amount(self, value: float, signed: bool = False, is_difference: bool = False) -> str:
        """The number with its unit."""
        number = self.plain(value, signed)
        if self.unit == "s":
            form = "s" if self.factor == 1 else "min"
        elif self.unit == "share":
            form = "points" if is_difference else "percent"
        elif self.unit == "people":
            form = "people" if self.factor == 1 else "million_people"
        elif self.unit.startswith("Rp"):
            form = {1e-3: "rp_thousand", 1e-6: "rp_million", 1e-9: "rp_billion"}[self.factor]
            bare = number.lstrip(f"+{MINUS}")
            return number.removesuffix(bare) + self.words.say(f"report.amounts.{form}", number=bare)
        elif self.unit == "h/week":
            form = "hours"
        else:
            return f"{number} {self.words.named('units', self.unit)}"
        return self.words.say(f"report.amounts.{form}", number=number)

    def bounded(self, amount: str, low: float, high: float, signed: bool = False) -> str:
        """An amount and its interval, where there is one that can be seen at this exactness."""
        if not (isfinite(low) and isfinite(high)) or self.factor * (high - low) < 0.5 * 10.0**-self.decimals:
            return amount
        bounds = {"low": self.plain(low, signed), "high": self.plain(high, signed)}
        return self.words.say("report.amounts.bounds", amount=amount, **bounds)


def reading_of(rows: Sequence[Row], words: Words) -> Reading:
    """How to write the rows of one measure, the first scenario's first."""
    factor, unit = scale_of(rows[0].unit, [row.value for row in rows], words)
    exact = [row.value for row in rows] + [rows[0].low, rows[0].high]
    return Reading(rows[0].unit, factor, decimals_for([factor * value for value in exact]), words, unit)


def readings(comparison: Comparison, words: Words) -> dict[str, Reading]:
    """How each headline measure is written."""
    by_key: dict[str, list[Row]] = {}
    for row in comparison.headline:
        by_key.setdefault(row.measure, []).append(row)
    return {key: reading_of(rows, words) for key, rows in by_key.items()}


def findings(comparison: Comparison, scenario: str, words: Words) -> list[Finding]:
    """What differs in a scenario from the first one, and what does not; of the first, what it is like."""
    of_key = readings(comparison, words)
    first = comparison.scenarios[0]
    found: list[Finding] = []
    together: dict[str, list[str]] = {}
    for row in comparison.headline:
        if row.scenario != scenario:
            continue
        reading = of_key[row.measure]
        if row.verdict == "baseline":
            found.append(Finding("", words.say("report.sentence", sentence=clause(row, reading))))
        elif row.verdict in ("better", "worse", "") and not is_negligible(row):
            found.append(Finding(row.verdict, _sentence(row, reading, first)))
        else:
            kind = "negligible" if is_negligible(row) else row.verdict
            together.setdefault(kind, []).append(_named(row, reading))
    for verdict, key in GROUPS.items():
        if verdict in together:
            names = "; ".join(together[verdict])
            found.append(Finding(verdict, words.say(f"report.groups.{key}", first=first, names=names)))
    return found


def clause(row: Row, reading: Reading) -> str:
    """What a measure is, without an end to the sentence."""
    words = reading.words
    is_noun_said = row.unit.endswith(("/year", "/day", "/week"))
    amount = reading.plain(row.value) if is_noun_said else reading.amount(row.value)
    key = f"report.findings.{row.measure}"
    if not words.has(key):
        amount = reading.amount(row.value)
        value = reading.bounded(amount, row.low, row.high)
        return words.say("report.findings.other", measure=headline_label(row.measure, words), value=value)
    return words.say(key, value=reading.bounded(amount, row.low, row.high))


def _sentence(row: Row, reading: Reading, first: str) -> str:
    """What a measure is, and by how much less or more than in the first scenario."""
    words = reading.words
    default = ("fewer", "more") if row.unit != "s" and row.unit != "share" else ("less", "more")
    way = WAYS.get(row.measure, default)[row.difference > 0]
    size = abs(row.difference)
    low, high = sorted((abs(row.difference_low), abs(row.difference_high)))
    if row.difference_low * row.difference_high < 0:  # it may be either way, so signs are needed
        difference = reading.bounded(
            reading.amount(row.difference, True, True), row.difference_low, row.difference_high, True
        )
        sentence = clause(row, reading)
        return words.say("report.than_signed", sentence=sentence, difference=difference, first=first)
    is_noun_said = row.unit.endswith(("/year", "/day")) and words.has(f"report.findings.{row.measure}")
    amount = reading.plain(size) if is_noun_said else reading.amount(size, is_difference=True)
    return words.say(
        "report.than",
        sentence=clause(row, reading), difference=reading.bounded(amount, low, high),
        way=words.say(f"report.ways.{way}"), first=first,
    )  # fmt: skip


def _named(row: Row, reading: Reading) -> str:
    """A measure and its difference, to be named among others."""
    subject = subject_of(row.measure, reading.words)
    if row.verdict in ("same", "too few", "undefined") or not isfinite(row.difference):
        return subject
    return reading.words.say("report.named", subject=subject, difference=difference_of(row, reading))


def difference_of(row: Row, reading: Reading) -> str:
    """A difference with its sign and its interval."""
    amount = reading.amount(row.difference, True, True)
    return reading.bounded(amount, row.difference_low, row.difference_high, True)


def subject_of(measure: str, words: Words) -> str:
    """A measure in the middle of a sentence."""
    key = f"report.subjects.{measure}"
    return words.say(key) if words.has(key) else name_in_sentence(measure, words)


# ---- assumptions -------------------------------------------------------------------------------------------


def differences_at_ends(item: Sensitivity, words: Words) -> tuple[str, str, str]:
    """The difference that an assumption moves most, at its low end, as assumed, and at its high end."""
    factor, _ = scale_of(item.unit, item.differences, words)
    if item.unit == "s":
        factor = 1 / 60
    decimals = decimals_for([factor * value for value in item.differences])
    reading = Reading(item.unit, factor, decimals, words)
    low, middle, high = (reading.amount(value, True, True) for value in item.differences)
    return low, middle, high


def deciding_sentences(sensitivities: Sequence[Sensitivity], first: str, words: Words) -> list[str]:
    """Which assumption moves the headline most, and how many verdicts are turned by any."""
    if not sensitivities or not sensitivities[0].measure:
        return []
    top = sensitivities[0]
    low, middle, high = differences_at_ends(top, words)
    told = words.say(
        "report.decides",
        assumption=suspect_name(top.assumption, words), measure=subject_of(top.measure, words), first=first,
        scenario=top.scenario, low=low, middle=middle, high=high,
    )  # fmt: skip
    turned = len({(turn.measure, turn.scenario) for item in sensitivities for turn in item.turns})
    count = words.say("report.decides_turns", count=turned) if turned else words.say("report.decides_nothing")
    return [told, count]


def turned_sentences(sensitivities: Sequence[Sensitivity], words: Words) -> list[str]:
    """Each verdict that another end of an assumption turns, with all that turn it so."""
    causes: dict[tuple[str, str, str, str], list[str]] = {}
    for item in sensitivities:
        for turn in item.turns:
            place = (turn.measure, turn.scenario, turn.verdict, turn.instead_of)
            at = words.say(f"tables.{turn.at}")
            causes.setdefault(place, []).append(f"{suspect_name(item.assumption, words)} {at}")
    return [
        words.say(
            "report.turned",
            measure=subject_of(measure, words), scenario=scenario, verdict=verdict_named(verdict, words),
            instead=verdict_named(instead, words), at=", ".join(at),
        )
        for (measure, scenario, verdict, instead), at in causes.items()
    ]  # fmt: skip


def verdict_named(verdict: str, words: Words) -> str:
    """A verdict in the middle of a sentence."""
    return words.named("verdicts", verdict or "neither").lower()


# ---- regencies ---------------------------------------------------------------------------------------------


def regency_sentences(comparison: Comparison, names: Mapping[str, str], words: Words) -> list[str]:
    """In how many regencies, and in which, all needed agencies clearly know sooner or later."""
    told = []
    rows = [row for row in comparison.regencies if row.measure == "alert_capped_s"]
    if comparison.replications == 1 or not rows:
        return []
    number = len({row.member for row in rows})
    for scenario in comparison.scenarios[1:]:
        clear = {
            verdict: [
                names.get(row.member, row.member)
                for row in sorted(rows, key=lambda row: row.difference)
                if row.scenario == scenario and row.verdict == verdict
            ]
            for verdict in ("better", "worse")
        }
        sentence = words.say(
            "report.regencies",
            number=number, scenario=scenario, sooner=len(clear["better"]), later=len(clear["worse"]),
        )  # fmt: skip
        if clear["better"]:
            sentence += " " + words.say("report.clear_regencies", names=", ".join(clear["better"]))
        told.append(sentence)
    return told
