"""The page of the workshop: one file with all words in both languages, which asks only its own server."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any, get_args

from sim112.study.replication import world_of
from sim112.views.inlined import filled, hash_of, script_of, style_of
from sim112.views.replay import packed
from sim112.views.replay_map import map_parts
from sim112.views.words import LANGS, Lang, words
from sim112.views.workshop.answers import REGENCY_KEYS
from sim112.views.workshop.choices import SLIDERS, Grouping, Offer, ends_of, value_in
from sim112.world.desks import deployed_labels

SCRIPTS = (
    *("elements.js", "replay_data.js", "map.js", "workshop_words.js", "workshop_choice.js"),
    *("workshop_map.js", "workshop_rows.js", "workshop.js"),
)
STYLES = ("style.css", "workshop.css")
SECTIONS = ("calendar", "verdicts", "replay.scenarios")
"""What the page says in the words of others, beside its own."""

FIRST = ("dec_2021", "dec_2021")
"""The scenarios that the page opens with, where there are such: as it was, to be changed by a click."""

OPENS_WITH = "pati"


@lru_cache
def page(offer: Offer, lang: Lang, saves_in_folder: bool) -> tuple[str, str]:
    """The page and its Content-Security-Policy."""
    style, script = style_of(STYLES), script_of(SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{hash_of(script)}'; style-src '{hash_of(style)}'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    data = base64.b64encode(packed(parts(offer, lang, saves_in_folder))).decode("ascii")
    fields = {"lang": lang, "style": style, "script": script, "data": data}
    return filled("workshop.html", fields), policy


def parts(offer: Offer, lang: Lang, saves_in_folder: bool) -> dict[str, Any]:
    """Everything that the page knows before it asks, as plain data and arrays."""
    first = next(iter(offer.scenarios.values()))
    labels = world_of(first).regency_name
    known = list(offer.scenarios)
    before, after = (name if name in known else known[0] for name in FIRST)
    return {
        "lang": lang,
        "map": map_parts(first, offer.area, world_of(first)),
        "opens_with": {
            "before": before, "after": after, "place": OPENS_WITH if OPENS_WITH in labels else labels[0],
        },
        "scenarios": {name: _scenario_parts(offer, name, labels) for name in known},
        "sliders": [
            {
                "name": slider.name,
                "of": slider.of,
                "step": slider.step,
                "ends": {
                    grouping: vars(ends_of(slider, grouping, offer.numbers))
                    for grouping in get_args(Grouping)
                },
            }
            for slider in SLIDERS
        ],
        "regency_measures": list(REGENCY_KEYS),
        "has_flood": offer.has_flood,
        "seed": first.seed,
        "saves_in_folder": saves_in_folder,
        "words": {name: _words(name) for name in LANGS},
    }  # fmt: skip


def _scenario_parts(offer: Offer, name: str, labels: tuple[str, ...]) -> dict[str, Any]:
    scenario = offer.scenarios[name]
    has_112 = deployed_labels(scenario.deployment, offer.area)
    return {
        "has_112": [label in has_112 for label in labels],
        "grouping": scenario.deployment.grouping,
        "values": {slider.name: value_in(scenario, slider) for slider in SLIDERS},
    }


def _words(lang: Lang) -> dict[str, str]:
    known = words(lang)
    own = known.section("workshop")
    for section in SECTIONS:
        name = section.removeprefix("replay.")
        own |= {f"{name}.{key}": text for key, text in known.section(section).items()}
    return own
