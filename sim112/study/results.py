"""What a study found, and how it is saved: whole or not at all, the same way for a run and a comparison."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sim112.config.compare import CompareSettings
from sim112.config.demand import Demand
from sim112.config.scenario import Scenario, to_yaml
from sim112.engine.choice import Engine
from sim112.engine.contract import NONE
from sim112.sources import Number, assumptions
from sim112.study import comparison
from sim112.study.by_hour import hour_columns
from sim112.study.comparison import Comparison, Runs, Sensitivity
from sim112.study.definitions import MEASURES
from sim112.study.kpis import Measures
from sim112.study.precision import Stopping, reached_rows
from sim112.study.replication import world_of
from sim112.study.sensitivity import End
from sim112.study.store import (
    PROVENANCE,
    STRESS_SCENARIO,
    SavingError,
    StoredRun,
    draft,
    files_read,
    named,
    saving,
    stamp,
    write_pieces,
    write_provenance,
    write_rows,
    write_scenario,
    write_table,
)
from sim112.study.totals import column_at
from sim112.study.warm_up import WarmUp

if TYPE_CHECKING:
    from sim112.views.figure_process import Begin
    from sim112.views.figure_study import Study

SUMMARY_SCOPES = ("province", "regency", "regency_112", "service", "agency", "kind")
"""What is in summary.csv; measures.parquet has every scope."""


@dataclass(frozen=True, eq=False)
class Result:
    """One scenario, simulated: its measures by replication. Printing it shows what ``sim112 run`` shows.

    ``stopping`` is when the replications ended, None where no precision was wanted.
    """

    scenario: Scenario
    measures: tuple[Measures, ...]
    engine: Engine
    stopping: Stopping | None = None
    warm_ups: Mapping[str, WarmUp] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The one scenario, as a comparison has several."""
        return (self.scenario,)

    @property
    def runs(self) -> Runs:
        """The measures under the scenario's name, as the functions of ``study.comparison`` take them."""
        return {self.scenario.name: self.measures}

    def __repr__(self) -> str:
        return f"<Result of {self.scenario.name}: {len(self.measures)} replications>"

    def __str__(self) -> str:
        from sim112.views.screens import run_screen  # what prints itself looks up to the views, here alone

        return run_screen(self)


@dataclass(frozen=True, eq=False)
class ComparedResult:
    """Several scenarios on the same calls. Printing it shows the screen of ``sim112 compare``.

    ``stress`` are the measures of the worst day and ``stress_demand`` who calls on it, None without one.
    ``use`` is the comparison at low and at high use of 112, ``sensitivity`` the assumptions that move the
    headline most; both are empty where the settings leave them out. ``stopping`` is when the replications
    ended, None where nothing was wanted; ``warm_ups`` are by scenario.
    """

    scenarios: tuple[Scenario, ...]
    runs: Runs
    comparison: Comparison
    stress: Runs | None
    stress_demand: Demand | None
    use: Mapping[End, Comparison]
    sensitivity: tuple[Sensitivity, ...]
    settings: CompareSettings
    engine: Engine
    stopping: Stopping | None = None
    warm_ups: Mapping[str, WarmUp] = field(default_factory=dict)
    folder: Path | None = None

    def __repr__(self) -> str:
        names = ", ".join(scenario.name for scenario in self.scenarios)
        return f"<ComparedResult of {names}: {self.comparison.replications} replications>"

    def __str__(self) -> str:
        from sim112.views.screens import compare_screen

        return compare_screen(self)


Found = TypeVar("Found", Result, ComparedResult)

Show = Callable[[str], None]
"""Shows the screen of what was found; saving it may take a while longer."""


def simulate_and_save(
    simulate: Callable[[Path | None], Found],
    scenarios: Sequence[Scenario],
    place: Path | None,
    *,
    verb: str,
    name: str | None = None,
    figures: bool = False,
    command: Sequence[str] = (),
    show: Show | None = None,
) -> Found:
    """Simulate, and save what was found as ``place/name``, whole or not at all; without a place, simulate.

    ``simulate`` is given the folder of the logs, None where none are wanted. The name is the moment where
    None. The screen of what was found is shown as soon as it is known. Raises SavingError where only saving
    fails; it holds the result, unless that was shown.
    """
    result: Found | None = None
    if place is None:
        result = simulate(None)
        if show is not None:
            show(str(result))
        return result
    started = datetime.now().astimezone()
    try:
        with draft(place, name or stamp(started)) as unplaced, _drawing(scenarios, figures) as draw:
            log_folder = unplaced.folder / "log" if scenarios[0].save_log else None
            files = files_read(scenarios)  # as they are before they are read
            result = simulate(log_folder)
            finish = None if draw is None else draw(unplaced.folder / "figures", study_of(result))
            screen = str(result)
            if show is not None:
                show(screen)
            with saving(place):
                _write(unplaced.folder, result, screen)
                if finish is not None:
                    finish()
                write_provenance(
                    unplaced.folder,
                    verb=verb,
                    command=command,
                    seed=scenarios[0].seed,
                    started=started,
                    files_read=files,
                    scenarios=[scenario.name for scenario in scenarios],
                    engine=result.engine,
                    **_settings(result),
                    **_sureness(result),
                )
                if figures:
                    add_report(unplaced.folder, result)
    except SavingError as error:
        error.result = result if show is None else None
        raise
    return replace(result, folder=unplaced.place)


def _drawing(scenarios: Sequence[Scenario], figures: bool) -> AbstractContextManager[Begin | None]:
    """Get ready to draw figures, where any are wanted, while the block simulates."""
    if not figures:
        return nullcontext()
    from sim112.views.figure_process import figure_process  # what is drawn looks up to the views, here alone

    return figure_process(scenarios[0].workers)


def _write(folder: Path, result: Result | ComparedResult, screen: str) -> None:
    """Save scenarios, every measure by replication, the tables, and the screen."""
    for scenario in result.scenarios:
        write_scenario(folder, scenario)
    write_pieces(folder / "measures.parquet", measure_pieces(result.runs))
    clocks = {scenario.name: scenario.clock for scenario in result.scenarios}
    write_table(folder / "measures_by_hour.parquet", hour_columns(result.runs, clocks))
    write_rows(folder / "summary.csv", summary_rows(result.runs))
    if result.stopping is not None and result.stopping.reached:
        write_rows(folder / "precision.csv", reached_rows(result.stopping))
    if isinstance(result, ComparedResult):
        write_rows(folder / "comparison.csv", comparison_rows(result))
        if result.sensitivity:
            write_rows(folder / "sensitivity.csv", sensitivity_rows(result.sensitivity))
        if result.stress_demand is not None:
            worst = result.scenarios[0].model_copy(update={"demand": result.stress_demand})
            (folder / STRESS_SCENARIO).write_text(to_yaml(worst), encoding="utf-8")
    (folder / "screen.txt").write_text(f"{screen}\n", encoding="utf-8")


def _settings(result: Result | ComparedResult) -> dict[str, object]:
    """What a comparison was told beside its scenarios, for its provenance."""
    if isinstance(result, Result):
        return {}
    return {
        "settings": result.settings.model_dump(mode="json"),
        "assumptions_sha256": assumptions_checksum(),
    }


def _sureness(result: Result | ComparedResult) -> dict[str, object]:
    """When the replications ended and how long a warm-up is needed, for the provenance."""
    told: dict[str, object] = {}
    if result.stopping is not None:
        told["stopping"] = asdict(result.stopping) | {"is_capped": result.stopping.is_capped}
    if result.warm_ups:
        told["warm_up_s_needed"] = {
            name: dict(warm_up.needed_s) for name, warm_up in result.warm_ups.items()
        }
    return told


def assumptions_checksum(shipped: Iterable[Number] | None = None) -> str:
    """SHA-256 over the assumptions that a comparison varies: keys, values, and low and high ends.

    ``shipped`` are the numbers of the configuration, read where None.
    """
    varied = assumptions() if shipped is None else (number for number in shipped if number.is_varied)
    known = [(number.key, number.value, number.low, number.high) for number in varied]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def study_of(result: Result | ComparedResult) -> Study:
    """What the figures of a run or comparison are drawn from."""
    from sim112.views.figure_study import Study

    if isinstance(result, Result):
        return Study(result.scenarios, result.runs)
    use_scenario = most_covered(result).name if result.use else ""
    return Study(result.scenarios, result.runs, result.comparison, result.use, use_scenario)


def add_report(folder: Path, result: Result | ComparedResult) -> None:
    """Save the report of a run or a comparison, made of all that is in its folder by now."""
    from sim112.views.report import write_report  # what is told looks up to the views, as figures do

    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    write_report(StoredRun(folder, provenance, result.scenarios))


def most_covered(result: ComparedResult) -> Scenario:
    """The scenario whose centres cover most people; the first of them where several do."""

    def people(scenario: Scenario) -> float:
        world = world_of(scenario)
        return float(world.regency_population[world.regency_desk != NONE].sum())

    return max(result.scenarios, key=people)


REPLICATIONS_OF_PIECE = 10
"""Replications whose measures are written at a time."""


def measure_pieces(runs: Runs) -> Iterator[dict[str, object]]:
    """Every measure by scenario, replication and member of a scope, as value, numerator and denominator.

    The value, in ``unit``, is scale * numerator / denominator, NaN where there is nothing to divide by; over
    replications it is the ratio of the sums, not the mean of the values. The columns of one table come in
    pieces, each of some replications of a scenario.
    """
    firsts = [measures[0].scopes.names for measures in runs.values()]
    scope_names = list(dict.fromkeys(scope for names in firsts for scope in names))
    member_names = list(
        dict.fromkeys(name for names in firsts for members in names.values() for name in members)
    )
    scope_of = {name: at for at, name in enumerate(scope_names)}
    member_of = {name: at for at, name in enumerate(member_names)}
    units = list(dict.fromkeys(measure.unit for measure in MEASURES))
    unit_of = np.array([units.index(measure.unit) for measure in MEASURES])
    scale_of = np.array([measure.scale for measure in MEASURES])
    numerator_at = [column_at(measure.numerator) for measure in MEASURES]
    denominator_at = [column_at(measure.denominator) for measure in MEASURES]
    for number, (names, measures) in enumerate(zip(firsts, runs.values(), strict=True)):
        scope_at = np.repeat([scope_of[scope] for scope in names], [len(part) for part in names.values()])
        member_at = np.array([member_of[name] for members in names.values() for name in members])
        for begin in range(0, len(measures), REPLICATIONS_OF_PIECE):
            totals = np.stack([one.totals for one in measures[begin : begin + REPLICATIONS_OF_PIECE]])
            is_kept = ~np.isnan(totals)
            repeat, row, slot = np.nonzero(is_kept[:, numerator_at] & is_kept[:, denominator_at])
            above = totals[repeat, np.array(numerator_at)[row], slot]
            below = totals[repeat, np.array(denominator_at)[row], slot]
            scale = scale_of[row]
            value = np.full(len(above), np.nan)
            np.divide(scale * above, below, out=value, where=below != 0)
            yield {
                "scenario": named(list(runs), np.full(len(row), number)),
                "replication": begin + repeat,
                "measure": named([measure.key for measure in MEASURES], row),
                "scope": named(scope_names, scope_at[slot]),
                "member": named(member_names, member_at[slot]),
                "value": value,
                "unit": named(units, unit_of[row]),
                "numerator": above,
                "denominator": below,
                "scale": scale,
            }


def summary_rows(runs: Runs) -> list[dict[str, object]]:
    """Every measure with its interval over replications, for what people ask for first."""
    kept = (
        *("measure", "unit", "label", "scope", "member", "scenario"),
        *("value", "low", "high", "events", "is_few"),
    )
    return [
        {name: getattr(row, name) for name in kept} for row in comparison.all_rows(runs, SUMMARY_SCOPES)
    ]


def comparison_rows(result: ComparedResult) -> list[dict[str, object]]:
    """Headline, regency and spread rows, and the headline at low and high use of 112."""
    rows: list[dict[str, object]] = [
        {"use": "as given", **row} for row in comparison.rows_of(result.comparison)
    ]
    for end, at_level in result.use.items():
        rows += [{"use": end, **row} for row in comparison.rows_of(at_level) if row["family"] == "headline"]
    return rows


def sensitivity_rows(found: Iterable[Sensitivity]) -> list[dict[str, object]]:
    """How far each assumption moves the headline."""
    return [
        {
            "assumption": one.assumption,
            "movement_share": one.movement_share,
            "measure": one.measure,
            "unit": one.unit,
            "scenario": one.scenario,
            "difference_low": one.differences[0],
            "difference_middle": one.differences[1],
            "difference_high": one.differences[2],
            "turns": "; ".join(
                f"{turn.measure} of {turn.scenario} at {turn.at}: {turn.verdict} instead of {turn.instead_of}"
                for turn in one.turns
            ),
        }
        for one in found
    ]
