"""One study from its scenarios to its saved results: ``run`` for one scenario, ``compare`` for several."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from sim112.config.compare import CompareSettings, compare_settings
from sim112.config.demand import Demand
from sim112.config.scenario import Scenario, compose
from sim112.engine.choice import Engine
from sim112.errors import InputError
from sim112.sources import assumptions
from sim112.study import comparison
from sim112.study.comparison import Runs
from sim112.study.kpis import Measures
from sim112.study.precision import check_precision, go_on
from sim112.study.replication import Batch, check, engine_for, notices, replicate, told_in
from sim112.study.results import ComparedResult, Result, Show, simulate_and_save
from sim112.study.sensitivity import ENDS, USE, at_end, movement
from sim112.study.warm_up import WarmUp, check_warm_up

ALIKE = ("seed", "replications", "precision", "clock", "area", "targets")
"""What compared scenarios must agree on: the same time and place, drawn alike, as often, held to the same."""


def run(
    scenario: Scenario | str,
    *,
    results: Path | str | None = None,
    figures: bool = True,
    command: Sequence[str] = (),
    progress: bool = False,
    show: Show | None = None,
) -> Result:
    """Simulate one scenario, given as such or by name, ``scenario.replications`` times.

    Where ``scenario.precision`` wants a half-width, replications are added until it is met or the cap comes.
    With ``results`` the run is saved in ``results/run/<stamp>/``, whole or not at all, with ``figures`` in a
    folder of theirs; ``command`` is noted there. With ``progress`` it is told on stderr how far it is, and
    what in the scenario may not be meant. ``show`` is given the screen as soon as it is known, before figures
    are drawn. Raises InputError for a scenario that cannot be simulated, and SavingError, which holds the
    result unless that was shown, where only saving fails.
    """
    given = scenario_of(scenario, "run")
    check_precision(given, several=False)
    check(given)
    _check_log(given, results)

    def simulate(log_folder: Path | None) -> Result:
        if progress:
            tell(notices(given), given.lang)
        found = simulate_run(given, log_folder, progress=_label(progress, ""))
        return replace(found, warm_ups=warm_ups_of([given], found.engine))

    place = None if results is None else Path(results) / "run"
    return simulate_and_save(
        simulate, [given], place, verb="run", figures=figures, command=command, show=show
    )


def simulate_run(
    scenario: Scenario,
    log_folder: Path | None = None,
    *,
    engine: Engine | None = None,
    progress: str | None = None,
    workers: int | None = None,
) -> Result:
    """Every replication of one scenario, on the engine and by the workers that it asks for if not told.

    How many that are its precision decides, where it wants any.
    """
    if engine is None:
        engine = engine_for(scenario, scenario.replications, progress is not None)
    more = _simulator((scenario,), engine, log_folder, progress, workers or scenario.workers)
    first = more(range(scenario.replications))
    runs, stopping = go_on(first, scenario.precision, None, more)
    return Result(scenario, tuple(runs[scenario.name]), engine, stopping)


def _simulator(
    scenarios: tuple[Scenario, ...],
    engine: Engine,
    log_folder: Path | None,
    progress: str | None,
    workers: int | None,
) -> Callable[[range], dict[str, list[Measures]]]:
    """What simulates some replications of scenarios: their measures by name."""

    def simulate(replications: range) -> dict[str, list[Measures]]:
        batch = Batch(scenarios, replications, log_folder)
        label = progress
        if progress is not None and replications.start > 0:
            label = f"{progress}from replication {replications.start + 1} on: "
        [measured] = replicate([batch], engine=engine, workers=workers, progress=label)
        return _by_name(scenarios, measured)

    return simulate


def warm_ups_of(scenarios: Iterable[Scenario], engine: Engine) -> dict[str, WarmUp]:
    """How long each scenario takes to fill, where that is looked at."""
    looked_at = {scenario.name: check_warm_up(scenario, engine) for scenario in scenarios}
    return {name: warm_up for name, warm_up in looked_at.items() if warm_up is not None}


def scenario_of(given: object, verb: str) -> Scenario:
    """A scenario as it was given, or the shipped one of that name; InputError for anything else."""
    if isinstance(given, str):
        return compose([f"scenario={given}"])
    if not isinstance(given, Scenario):
        raise InputError(
            f"{verb} takes scenarios, not {type(given).__name__}; give sim112.scenario('pati') or 'pati'"
        )
    return given


def tell(lines: Iterable[str], lang: Literal["en", "id"]) -> None:
    """Say on stderr, once each, what may not be meant."""
    for line in dict.fromkeys(lines):
        print(told_in(f"sim112: note: {line}", lang), file=sys.stderr)


def compare(
    scenarios: Sequence[Scenario | str],
    *,
    settings: CompareSettings | None = None,
    stress: Demand | None = None,
    results: Path | str | None = None,
    figures: bool = True,
    command: Sequence[str] = (),
    progress: bool = False,
    show: Show | None = None,
) -> ComparedResult:
    """Simulate scenarios, given as such or by name, on the same calls, and compare them with the first.

    ``settings`` are those of ``configs/compare.yaml`` where None; ``stress`` is the demand of the worst day,
    composed from the one that the settings name where None. With ``results`` everything is saved in
    ``results/compare/<stamp>/``, whole or not at all, with ``figures`` in a folder of theirs. Where the calls
    come from a log, everybody in it dialled 112: the use of 112 is not varied then, and the worst day is
    drawn as it always is. ``show`` is given the screen as soon as it is known. Raises InputError where the
    scenarios cannot be compared, and SavingError, which holds the result unless that was shown, where only
    saving fails.
    """
    settings = compare_settings() if settings is None else settings
    if stress is None and settings.stress is not None:
        stress = compose([f"demand={settings.stress}"]).demand
    if isinstance(scenarios, str | Scenario):
        raise InputError("a comparison needs two or more scenarios; give a list of them")
    compared = tuple(scenario_of(scenario, "compare") for scenario in scenarios)
    _check_comparable(compared)
    check_precision(compared[0], several=True, settings=settings)
    for scenario in compared:
        check(scenario)
    if compared[0].area.is_small_world:
        # floods and what is assumed of Central Java are no questions about a textbook queue
        off = {"stress": None, "use_levels": False, "sensitivity": False}
        settings, stress = settings.model_copy(update=off), None
    if any(scenario.demand.call_log is not None for scenario in compared):
        suspects = {name: keys for name, keys in settings.suspects.items() if USE not in keys}
        settings = settings.model_copy(update={"use_levels": False, "suspects": suspects})
        stress = None if stress is None else stress.model_copy(update={"call_log": None})
    _check_log(compared[0], results)
    simulate = partial(_compare, compared, settings, stress, progress)
    place = None if results is None else Path(results) / "compare"
    return simulate_and_save(
        simulate, compared, place, verb="compare", figures=figures, command=command, show=show
    )


def _compare(
    scenarios: tuple[Scenario, ...],
    settings: CompareSettings,
    stress: Demand | None,
    progress: bool,
    log_folder: Path | None,
) -> ComparedResult:
    if progress:
        worst_day = [] if stress is None else [scenarios[0].model_copy(update={"demand": stress})]
        lines = [line for scenario in (*scenarios, *worst_day) for line in notices(scenario)]
        tell(lines, scenarios[0].lang)
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
    batches += [Batch(suspects[name][end], screened, for_headline=True) for name, end in ends]
    runs_to_come = sum(len(batch.scenarios) * len(batch.replications) for batch in batches)
    engine = engine_for(scenarios[0], runs_to_come, progress)
    simulated = replicate(batches, engine=engine, workers=workers, progress=_label(progress, ""))
    measured = [_by_name(scenarios, one) for one in simulated]
    flood = measured[1] if stress is not None else None
    found = dict(zip(ends, measured[-len(ends) :], strict=True)) if ends else {}
    # Then as many more of the scenarios as make the numbers sure, where that is wanted.
    simulator = _simulator(scenarios, engine, log_folder, _label(progress, ""), scenarios[0].workers)
    runs, stopping = go_on(measured[0], scenarios[0].precision, settings, simulator)

    # At last the suspects that move the headline most (and the use of 112), as often as the scenarios
    # themselves.
    use = next(
        (name for name, keys in settings.suspects.items() if USE in keys and settings.use_levels), None
    )
    kept = _strongest(runs, found, suspects, settings.sensitivity_shown) if settings.sensitivity else []
    chosen = list(dict.fromkeys([*kept, *([use] if use is not None else [])]))
    fully = every[: max(settings.sensitivity_replications, len(screened))]
    rest = fully[len(screened) :]
    ends = [(name, number) for name in chosen for number in range(len(ENDS))]
    batches = [Batch(suspects[name][end], rest, for_headline=True) for name, end in ends]
    label = _label(progress, "assumptions: " if settings.sensitivity else "use of 112: ")
    simulated = replicate(batches, engine=engine, workers=workers, progress=label)
    for key, more in zip(ends, simulated, strict=True):
        found[key] = {name: [*found[key][name], *added] for name, added in _by_name(scenarios, more).items()}

    compared = {
        name: (comparison.compare(found[name, 0]), comparison.compare(found[name, 1])) for name in chosen
    }
    small = scenarios[0].area.is_small_world
    whole = comparison.compare(runs, flood, comparison.QUEUE_HEADLINE if small else comparison.HEADLINE)
    # ends are held against the middle with as many replications, or less power would pass for a turn
    middle = comparison.compare({name: one[: len(fully)] for name, one in runs.items()}, flood)
    return ComparedResult(
        scenarios=scenarios,
        runs=runs,
        comparison=whole,
        stress=flood,
        stress_demand=stress,
        use=dict(zip(ENDS, compared[use], strict=True)) if use is not None else {},
        sensitivity=comparison.rank_assumptions(middle, {name: compared[name] for name in kept}),
        settings=settings,
        engine=engine,
        stopping=stopping,
        warm_ups=warm_ups_of(scenarios, engine),
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
    """The suspects that move the headline most, judged from their first replications; none of none."""
    if not found:
        return []
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
            if part == "area" and _same_people(scenario, first):
                continue
            if getattr(scenario, part) != getattr(first, part):
                raise InputError(
                    f"{part} of {scenario.name} is not that of {first.name}; give both the same {part}"
                )


def _same_people(scenario: Scenario, other: Scenario) -> bool:
    """Whether two small worlds, which may differ in desks and units, have the same regencies and people."""
    if not (scenario.area.is_small_world and other.area.is_small_world):
        return False
    people, others = (
        [(regency.label, regency.population) for regency in one.regencies()] for one in (scenario, other)
    )
    return people == others


def _check_log(scenario: Scenario, results: Path | str | None) -> None:
    if scenario.save_log and results is None:
        raise InputError("save_log is true and nothing is saved; give a folder (results=...)")
