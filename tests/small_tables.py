"""The tables of a small world for tests, any of which a test may replace."""

from __future__ import annotations

from pathlib import Path

from sim112.config.scenario import Scenario, compose
from sim112.engine.contract import World
from sim112.world.network import build_world, load_places

PLAIN = ("area=small", "demand=plain", "callers=plain", "work=plain", "answering=plain")

TABLES = {
    "desks.csv": (
        "desk,agency,serves,lines,call_takers,dispatchers,platform,channels,overflow_to\n"
        "north,,north,3,0:2 3600:1,1,p,4,hub\n"
        "hub,,south,,,,p,,\n"
        "fire,fire,,1,1,,,,\n"
    ),
    "zones.csv": "zone,regency,weight\na,north,3\nb,north,1\nc,south,4\n",
    "stations.csv": "station,zone\npost,a\nfar,c\n",
    "units.csv": "unit,agency,station,turnout_s,busy_s\none,fire,post,30,600\ntwo,fire,far,,1800\n",
    "travel_times.csv": "from,to,travel_s\na,b,60\nb,a,90\na,c,600\nc,a,601.0004\nb,c,500\nc,b,0\n",
    "preferences.csv": "zone,units\na,one two\nb,two one\nc,two\n",
}


def folder_of(folder: Path, **changed: str | None) -> Path:
    """The tables above with some replaced, or left out (None), by name without ending."""
    folder.mkdir(exist_ok=True)
    for name, text in TABLES.items():
        new = changed.get(name.removesuffix(".csv"), text)
        if new is not None:
            (folder / name).write_text(new, encoding="utf-8")
    return folder


def small(folder: Path, *overrides: str) -> Scenario:
    return compose([*PLAIN, f"area.path={folder}", "fleet.busy_time=drawn", *overrides])


def world_in(folder: Path, *overrides: str) -> World:
    given = small(folder, *overrides)
    return build_world(given, *load_places(given))
