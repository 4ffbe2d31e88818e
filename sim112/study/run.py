"""One study from its scenarios to its saved results: ``run`` for one scenario, ``compare`` for several."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from sim112.config.compare import CompareSettings, compare_settings
from sim112.config.demand import Demand
from sim112.config.scenario import Scenario, compose
from sim112.engine.choice import Engine
from sim112.engine.contract import NONE
from sim112.errors import InputError
from sim112.sources import assumptions
from sim112.study import comparison
from sim112.study.comparison import Comparison, Runs, Sensitivity
from sim112.study.definitions import MEASURES
from sim112.study.kpis import Measures
from sim112.study.replication import Batch, check, engine_for, notices, replicate, world_of
from sim112.study.sensitivity import ENDS, USE, End, at_end, movement
from sim112.study.store import (
    Draft,
    SavingError,
    data_checksum,
    draft,
    saving,
    stamp,
    write_provenance,
    write_rows,
    write_scenario,
    write_table,
)
from sim112.study.totals import column_at

SUMMARY_SCOPES = ("province", "regency", "regency_112", "service", "agency", "kind")
"""What is in summary.csv; measures.parquet has every scope."""

ALIKE = ("seed", "replications", "clock", "area")
"""What compared scenarios must agree on: the same time and place, drawn alike, as often."""


@dataclass(frozen=True, eq=False)
class Result:
    """One scenario, simulated: its measures by replication. Printing it shows what ``sim112 run`` shows."""

    scenario: Scenario
    measures: tuple[Measures, ...]
    engine: Engine
    folder: Path | None = None

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

    ``use`` is the comparison at low and at high use of 112, ``sensitivity`` the assumptions that move the
    headline most; both are empty where the settings leave them out.
    """

    scenarios: tuple[Scenario, ...]
    runs: Runs
    comparison: Comparison
    stress: Runs | None
    use: Mapping[End, Comparison]
    sensitivity: tuple[Sensitivity, ...]
    settings: CompareSettings
    engine: Engine
    folder: Path | None = None

    def __repr__(self) -> str:
        names = ", ".join(scenario.name for scenario in self.scenarios)
        return f"<ComparedResult of {names}: {self.comparison.replications} replications>"

    def __str__(self) -> str:
        from sim112.views.screens import compare_screen

        return compare_screen(self)


def run(
    scenario: Scenario | str,
    *,
    results: Path | str | None = None,
    figures: bool = True,
    command: Sequence[str] = (),
    progress: bool = False,
) -> Result:
    """Simulate one scenario, given as such or by name, ``scenario.replications`` times.

    With ``results`` the run is saved in ``results/run/<stamp>/``, whole or not at all, with ``figures`` in a
    folder of theirs; ``command`` is noted there. With ``progress`` it is told on stderr how far it is, and
    what in the scenario may not be meant. Raises InputError for a scenario that cannot be simulated, and
    SavingError, which holds the result, where only saving fails.
    """
    started = datetime.now().astimezone()
    scenario = scenario_of(scenario, "run")
    check(scenario)
    place = None if results is None else Path(results) / "run"
    _check_log(scenario, results)
    result = None
    try:
        with nullcontext(None) if place is None else draft(place, stamp(started)) as unplaced:
            data_sha256 = data_checksum(scenario)
            if progress:
                tell(notices(scenario))
            batch = Batch((scenario,), range(scenario.replications), _log_folder(scenario, unplaced))
            engine = engine_for(scenario, scenario.replications, progress)
            [[measures]] = replicate(
                [batch], engine=engine, workers=scenario.workers, progress="" if progress else None
            )
            result = Result(scenario, tuple(measures), engine)
            if unplaced is not None:
                with saving(unplaced.folder.parent):
                    write_result(unplaced.folder, [scenario], result.runs, str(result))
                    if figures:
                        draw_figures(unplaced.folder, result)
                    write_provenance(
                        unplaced.folder,
                        verb="run",
                        command=command,
                        seed=scenario.seed,
                        started=started,
                        data_sha256=data_sha256,
                        engine=engine,
                    )
    except SavingError as error:
        error.result = result
        raise
    return replace(result, folder=unplaced.place if unplaced is not None else None)


def scenario_of(given: object, verb: str) -> Scenario:
    """A scenario as it was given, or the shipped one of that name; InputError for anything else."""
    if isinstance(given, str):
        return compose([f"scenario={given}"])
    if not isinstance(given, Scenario):
        raise InputError(
            f"{verb} takes scenarios, not {type(given).__name__}; give sim112.scenario('pati') or 'pati'"
        )
    return given


def tell(lines: Iterable[str]) -> None:
    """Say on stderr, once each, what may not be meant."""
    for line in dict.fromkeys(lines):
        print(f"sim112: note: {line}", file=sys.stderr)


def compare(
    scenarios: Sequence[Scenario | str],
    *,
    settings: CompareSettings | None = None,
    stress: Demand | None = None,
    results: Path | str | None = None,
    figures: bool = True,
    command: Sequence[str] = (),
    progress: bool = False,
) -> ComparedResult:
    """Simulate scenarios, given as such or by name, on the same calls, and compare them with the first.

    ``settings`` are those of ``configs/compare.yaml`` where None; ``stress`` is the demand of the worst day,
    composed from the one that the settings name where None. With ``results`` everything is saved in
    ``results/compare/<stamp>/``, whole or not at all, with ``figures`` in a folder of theirs. Where the calls
    come from a log, everybody in it dialled 112: the use of 112 is not varied then, and the worst day is
    drawn as it always is. Raises InputError where the scenarios cannot be compared, and SavingError, which
    holds the result, where only saving fails.
    """
    started = datetime.now().astimezone()
    settings = compare_settings() if settings is None else settings
    if stress is None and settings.stress is not None:
        stress = compose([f"demand={settings.stress}"]).demand
    if isinstance(scenarios, str | Scenario):
        raise InputError("a comparison needs two or more scenarios; give a list of them")
    compared = tuple(scenario_of(scenario, "compare") for scenario in scenarios)
    _check_comparable(compared)
    for scenario in compared:
        check(scenario)
    if any(scenario.demand.call_log is not None for scenario in compared):
        suspects = {name: keys for name, keys in settings.suspects.items() if USE not in keys}
        settings = settings.model_copy(update={"use_levels": False, "suspects": suspects})
        stress = None if stress is None else stress.model_copy(update={"call_log": None})
    first = compared[0]
    _check_log(first, results)
    place = None if results is None else Path(results) / "compare"
    result = None
    try:
        with nullcontext(None) if place is None else draft(place, stamp(started)) as unplaced:
            data_sha256 = data_checksum(*compared)
            if progress:
                worst = [] if stress is None else [first.model_copy(update={"demand": stress})]
                tell(line for scenario in (*compared, *worst) for line in notices(scenario))
            result = _compare(compared, settings, stress, _log_folder(first, unplaced), progress)
            if unplaced is not None:
                with saving(unplaced.folder.parent):
                    write_result(unplaced.folder, compared, result.runs, str(result))
                    write_rows(unplaced.folder / "comparison.csv", comparison_rows(result))
                    if result.sensitivity:
                        write_rows(unplaced.folder / "sensitivity.csv", sensitivity_rows(result.sensitivity))
                    if figures:
                        draw_figures(unplaced.folder, result)
                    write_provenance(
                        unplaced.folder,
                        verb="compare",
                        command=command,
                        seed=first.seed,
                        started=started,
                        data_sha256=data_sha256,
                        scenarios=[scenario.name for scenario in compared],
                        engine=result.engine,
                        settings=settings.model_dump(mode="json"),
                    )
    except SavingError as error:
        error.result = result
        raise
    return replace(result, folder=unplaced.place if unplaced is not None else None)


def _compare(
    scenarios: tuple[Scenario, ...],
    settings: CompareSettings,
    stress: Demand | None,
    log_folder: Path | None,
    progress: bool,
) -> ComparedResult:
    workers, every = scenarios[0].workers, range(scenarios[0].replications)
    screened = every[: settings.screening_replications] if settings.sensitivity else every[:0]
    known = assumptions()
    suspects = {
        name: (
            tuple(at_end(scenario, keys, "low", known) for scenario in scenarios),
            tuple(at_end(scenario, keys, "high", known) for scenario in scenarios),
        )
        for name, keys in _suspects(settings).items()
    }
    ends = [(name, number) for name in suspects for number in range(len(ENDS))]

    # First the scenarios as they are, the worst day, and a look at every suspect.
    batches = [Batch(scenarios, every, log_folder)]
    if stress is not None:
        worst = tuple(under_stress(scenario, stress) for scenario in scenarios)
        batches.append(Batch(worst, range(settings.stress_replications)))
    batches += [Batch(suspects[name][end], screened) for name, end in ends]
    runs_to_come = sum(len(batch.scenarios) * len(batch.replications) for batch in batches)
    engine = engine_for(scenarios[0], runs_to_come, progress)
    simulated = replicate(batches, engine=engine, workers=workers, progress=_label(progress, ""))
    measured = [_by_name(scenarios, one) for one in simulated]
    runs, flood = measured[0], measured[1] if stress is not None else None
    found = dict(zip(ends, measured[-len(ends) :], strict=True)) if ends else {}

    # Then the suspects that move the headline most (and the use of 112), as often as the scenarios
    # themselves.
    use = next(
        (name for name, keys in settings.suspects.items() if USE in keys and settings.use_levels), None
    )
    kept = _strongest(runs, found, suspects, settings.sensitivity_shown) if settings.sensitivity else []
    chosen = list(dict.fromkeys([*kept, *([use] if use is not None else [])]))
    fully = every[: max(settings.sensitivity_replications, len(screened))]
    rest = fully[len(screened) :]
    ends = [(name, number) for name in chosen for number in range(len(ENDS))]
    batches = [Batch(suspects[name][end], rest) for name, end in ends]
    label = _label(progress, "assumptions: " if settings.sensitivity else "use of 112: ")
    simulated = replicate(batches, engine=engine, workers=workers, progress=label)
    for key, more in zip(ends, simulated, strict=True):
        found[key] = {name: [*found[key][name], *added] for name, added in _by_name(scenarios, more).items()}

    compared = {
        name: (comparison.compare(found[name, 0]), comparison.compare(found[name, 1])) for name in chosen
    }
    whole = comparison.compare(runs, flood)
    # ends are held against the middle with as many replications, or less power would pass for a turn
    middle = comparison.compare({name: one[: len(fully)] for name, one in runs.items()}, flood)
    return ComparedResult(
        scenarios=scenarios,
        runs=runs,
        comparison=whole,
        stress=flood,
        use=dict(zip(ENDS, compared[use], strict=True)) if use is not None else {},
        sensitivity=comparison.rank_assumptions(middle, {name: compared[name] for name in kept}),
        settings=settings,
        engine=engine,
    )


def _suspects(settings: CompareSettings) -> dict[str, tuple[str, ...]]:
    """The suspects to run: all for the sensitivity, else only the use of 112 where its levels are shown."""
    if settings.sensitivity:
        return dict(settings.suspects)
    return {name: keys for name, keys in settings.suspects.items() if USE in keys and settings.use_levels}


def _by_name(
    scenarios: Sequence[Scenario], measured: Sequence[Sequence[Measures]]
) -> dict[str, list[Measures]]:
    return {scenario.name: list(one) for scenario, one in zip(scenarios, measured, strict=True)}


def _label(progress: bool, label: str) -> str | None:
    return label if progress else None


def _strongest(
    runs: Runs, found: Mapping[tuple[str, int], Runs], suspects: Iterable[str], most: int
) -> list[str]:
    """The suspects that move the headline most, judged from their first replications."""
    few = len(next(iter(next(iter(found.values())).values())))
    middle = comparison.compare({name: measures[:few] for name, measures in runs.items()})
    moved = {
        name: movement(middle, comparison.compare(found[name, 0]), comparison.compare(found[name, 1]))
        for name in suspects
    }
    return sorted(moved, key=lambda name: (-moved[name], name))[:most]


def under_stress(scenario: Scenario, stress: Demand) -> Scenario:
    """A scenario in the time of the stress alone: from its first surge to the end of its last."""
    clock = scenario.clock
    if stress.surges:
        from_s = 3600 * min(surge.from_h for surge in stress.surges.values())
        to_s = 3600 * max(surge.to_h for surge in stress.surges.values())
        clock = clock.model_copy(update={"warm_up_s": from_s, "report_s": to_s - from_s})
    return scenario.model_copy(update={"demand": stress, "clock": clock})


def most_covered(result: ComparedResult) -> Scenario:
    """The scenario whose centres cover most people; the first of them where several do."""

    def people(scenario: Scenario) -> float:
        world = world_of(scenario)
        return float(world.regency_population[world.regency_desk != NONE].sum())

    return max(result.scenarios, key=people)


def _check_comparable(scenarios: Sequence[Scenario]) -> None:
    if len(scenarios) < 2:
        raise InputError(f"a comparison needs two or more scenarios; {len(scenarios)} given")
    names = [scenario.name for scenario in scenarios]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two scenarios are named {name!r}; give one another name (name=...)")
    first = scenarios[0]
    for scenario in scenarios[1:]:
        for part in ALIKE:
            if getattr(scenario, part) != getattr(first, part):
                raise InputError(
                    f"{part} of {scenario.name} is not that of {first.name}; give both the same {part}"
                )


def _check_log(scenario: Scenario, results: Path | str | None) -> None:
    if scenario.save_log and results is None:
        raise InputError("save_log is true and nothing is saved; give a folder (results=...)")


def _log_folder(scenario: Scenario, unplaced: Draft | None) -> Path | None:
    return unplaced.folder / "log" if unplaced is not None and scenario.save_log else None


# ---- what is saved -----------------------------------------------------------------------------------------


def write_result(folder: Path, scenarios: Iterable[Scenario], runs: Runs, screen: str) -> None:
    """Save scenarios, every measure by replication, the summary, and the screen as it was printed."""
    for scenario in scenarios:
        write_scenario(folder, scenario)
    write_table(folder / "measures.parquet", measure_columns(runs))
    write_rows(folder / "summary.csv", summary_rows(runs))
    (folder / "screen.txt").write_text(screen + "\n", encoding="utf-8")


def draw_figures(folder: Path, result: Result | ComparedResult) -> None:
    """Save the figures of a run or a comparison in ``folder/figures/``."""
    from sim112.views import drawing, figures  # matplotlib is slow to load, and not needed for anything else

    if isinstance(result, Result):
        study = drawing.Study((result.scenario,), result.runs)
    else:
        use_scenario = most_covered(result).name if result.use else ""
        study = drawing.Study(result.scenarios, result.runs, result.comparison, result.use, use_scenario)
    workers = study.scenarios[0].workers
    figures.write_figures(folder / "figures", study, workers)


def measure_columns(runs: Runs) -> dict[str, object]:
    """Every measure by scenario, replication and member of a scope, as value, numerator and denominator.

    The value, in ``unit``, is scale * numerator / denominator, NaN where there is nothing to divide by; over
    replications it is the ratio of the sums, not the mean of the values.
    """
    scenario_names, measure_keys = list(runs), [measure.key for measure in MEASURES]
    numerator_at = [column_at(measure.numerator) for measure in MEASURES]
    denominator_at = [column_at(measure.denominator) for measure in MEASURES]
    parts = []
    members: list[str] = []
    scope_names: list[str] = []
    for number, measures in enumerate(runs.values()):
        for replication, one in enumerate(measures):
            if not replication:
                first_member = len(members)
                for scope, names in one.scopes.names.items():
                    members += names
                    scope_names += [scope] * len(names)
            numerator, denominator = one.totals[numerator_at], one.totals[denominator_at]
            row, slot = np.nonzero(~(np.isnan(numerator) | np.isnan(denominator)))
            where = np.full(len(row), number), np.full(len(row), replication), row, first_member + slot
            parts.append((*where, numerator[row, slot], denominator[row, slot]))
    scenario_at, repeat, measure_at, member_at, above, below = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    scale = np.array([measure.scale for measure in MEASURES])[measure_at]
    value = np.full(len(above), np.nan)
    np.divide(scale * above, below, out=value, where=below != 0)
    units = list(dict.fromkeys(measure.unit for measure in MEASURES))
    unit_of = np.array([units.index(measure.unit) for measure in MEASURES])
    scopes = np.array([list(dict.fromkeys(scope_names)).index(scope) for scope in scope_names])
    return {
        "scenario": _coded(scenario_at, scenario_names),
        "replication": repeat,
        "measure": _coded(measure_at, measure_keys),
        "scope": _coded(scopes[member_at], list(dict.fromkeys(scope_names))),
        "member": pa.array(members).take(pa.array(member_at)).dictionary_encode(),
        "value": value,
        "unit": _coded(unit_of[measure_at], units),
        "numerator": above,
        "denominator": below,
        "scale": scale,
    }


def _coded(index: np.ndarray, names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(names, pa.string()))


def summary_rows(runs: Runs) -> list[dict[str, object]]:
    """Every measure with its interval over replications, for what people ask for first."""
    kept = (
        "scenario",
        "scope",
        "member",
        "measure",
        "unit",
        "label",
        "value",
        "low",
        "high",
        "events",
        "is_few",
    )
    return [
        {name: value for name, value in asdict(row).items() if name in kept}
        for row in comparison.all_rows(runs, SUMMARY_SCOPES)
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
