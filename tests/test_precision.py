"""Replications go on until numbers are as sure as was wanted, and it is said where the cap came first."""

from pathlib import Path

import pytest
from test_comparison import runs_of, with_totals

import sim112
from sim112.config.compare import CompareSettings, compare_settings
from sim112.config.precision import HalfWidth, Precision
from sim112.config.scenario import Scenario
from sim112.errors import InputError
from sim112.study.kpis import Measures
from sim112.study.precision import BATCH, LEAST, check_precision, go_on, reached
from sim112.study.store import open_run
from sim112.views.precision_lines import stopping_lines

PLAIN = compare_settings(["sensitivity=off", "use_levels=off", "stress=null"])


def wanted(
    most: int = 300, differences: bool = False, key: str = "alert_capped_s", **width: float
) -> Precision:
    named = {key: HalfWidth(**width)}
    return Precision(
        measures={} if differences else named,
        differences=named if differences else {},
        most_replications=most,
        warm_up_replications=0,
    )


class Endless:
    """Replications of two scenarios without end: days vary by 150 s, their differences by 4 s."""

    def __init__(self) -> None:
        self.a, self.b = runs_of(900, number=400), runs_of(840, number=400)
        self.asked: list[range] = []

    def __call__(self, replications: range) -> dict[str, list[Measures]]:
        self.asked.append(replications)
        return {name: [runs[at] for at in replications] for name, runs in (("a", self.a), ("b", self.b))}


def test_nothing_wanted_adds_nothing() -> None:
    more = Endless()
    nothing = Precision(measures={}, differences={}, most_replications=300, warm_up_replications=0)
    runs, stopping = go_on(more(range(20)), nothing, PLAIN, more)
    assert stopping is None and len(runs["a"]) == 20 and more.asked == [range(20)]


def test_a_wanted_half_width_is_reached_and_no_more_is_run() -> None:
    more = Endless()
    runs, stopping = go_on(more(range(20)), wanted(absolute=30), None, more)
    assert stopping is not None and stopping.is_met and not stopping.is_capped
    # 1.96 * 150 / sqrt(n) is 30 for n = 96; one look more, and chance
    assert 80 <= stopping.replications == len(runs["a"]) == len(runs["b"]) <= 140
    assert all(one.half_width <= 30 and one.wanted == 30 and one.of == "value" for one in stopping.reached)
    assert [one.scenario for one in stopping.reached] == ["a", "b"]
    added = [range(at, at + BATCH) for at in range(20, stopping.replications, BATCH)]
    assert more.asked == [range(20), *added]
    assert stopping_lines(stopping)[0].startswith("Precision: every half-width that was wanted is reached")


def test_the_cap_is_told_where_it_comes_first() -> None:
    more = Endless()
    runs, stopping = go_on(more(range(20)), wanted(most=35, absolute=30), None, more)
    assert stopping is not None and len(runs["a"]) == stopping.replications == 35
    assert stopping.is_capped and not stopping.is_met
    first, *lines = stopping_lines(stopping)
    assert "the cap came first. 2 of 2 half-widths are not reached after 35 replications" in first
    assert all(line.endswith("wanted ±30 - not reached") for line in lines[1:])


def test_a_relative_width_is_a_share_of_the_estimate() -> None:
    more = Endless()
    _, stopping = go_on(more(range(20)), wanted(relative=0.05), None, more)
    assert stopping is not None and stopping.is_met
    for one in stopping.reached:
        assert one.wanted == pytest.approx(0.05 * one.value) and one.half_width <= one.wanted


def test_a_difference_takes_fewer_replications_than_the_values_it_is_of() -> None:
    """Scenarios face the same calls: 2 s of the difference are there long before 30 s of the values."""
    more = Endless()
    _, stopping = go_on(more(range(20)), wanted(differences=True, absolute=2), None, more)
    assert stopping is not None and stopping.is_met and stopping.replications < 60
    [one] = stopping.reached
    assert (one.scenario, one.of, one.value) == ("b", "difference", pytest.approx(-60, abs=3))


def test_a_width_that_is_met_once_must_be_met_again() -> None:
    more = Endless()
    _, stopping = go_on(more(range(LEAST)), wanted(absolute=1000), None, more)
    assert stopping is not None and stopping.replications == LEAST + BATCH


def test_a_rate_that_never_happens_is_not_called_sure() -> None:
    runs = {"a": [with_totals(unreported=0)] * 20}
    [one] = reached(runs, wanted(key="unreported", relative=0.1))
    assert one.value == 0 and one.wanted == 0 and not one.is_met


def test_quantiles_may_be_named_and_what_is_not_defined_is_passed_over() -> None:
    runs = {"a": runs_of(900)}
    [one] = reached(runs, wanted(key="response_p90_s", relative=0.1))
    assert one.measure == "response_p90_s" and one.unit == "s"
    nobody = {"a": [with_totals(needing=0, alert_capped_sum_s=0)] * 20}
    assert reached(nobody, wanted(relative=0.1)) == ()


def best(**changes: object) -> CompareSettings:
    words = {"best": "alert_capped_s", "indifference": 20, "probability": 0.95} | changes
    return PLAIN.model_copy(update=words)


def test_the_best_is_selected_and_told() -> None:
    more = Endless()
    nothing = Precision(measures={}, differences={}, most_replications=300, warm_up_replications=0)
    _, stopping = go_on(more(range(20)), nothing, best(), more)
    assert stopping is not None and stopping.best is not None and not stopping.is_capped
    assert stopping.best.remaining == ("b",)  # an alert is better sooner
    [line] = stopping_lines(stopping)
    assert "Best by alert_capped_s: b, selected of 2" in line and "probability 0.95" in " ".join(line.split())


def test_a_best_that_is_not_decided_at_the_cap_is_not_named() -> None:
    more = Endless()
    nothing = Precision(measures={}, differences={}, most_replications=40, warm_up_replications=0)
    same = {"a": more.a, "c": runs_of(900, seed=7, number=400)}

    def more_of_the_same(which: range) -> dict[str, list[Measures]]:
        return {name: [one[at] for at in which] for name, one in same.items()}

    _, stopping = go_on(more_of_the_same(range(20)), nothing, best(indifference=1), more_of_the_same)
    assert stopping is not None and stopping.is_capped and stopping.best is not None
    assert stopping.best.remaining == ("a", "c") and stopping.best.decided_after is None
    assert "not decided after 40 replications; a, c are still possible" in stopping_lines(stopping)[0]


# ---- through the whole -------------------------------------------------------------------------------------

SMALL = ("area.regencies=[pati]", "clock=day", "engine=reference", "replications=20")


def small(name: str, *overrides: str) -> Scenario:
    return sim112.scenario(name, *SMALL, *overrides)


def test_a_run_is_the_same_with_any_number_of_workers_and_says_when_it_ended(tmp_path: Path) -> None:
    asked = ("precision.measures.alert_capped_s.relative=0.09", "precision.most_replications=60")
    one, two = (sim112.run(small("pati", *asked, f"workers={n}")) for n in (1, 2))
    assert str(one) == str(two) and one.stopping == two.stopping
    assert one.stopping is not None and len(one.measures) == one.stopping.replications > 20
    assert "Precision: " in str(one)


def test_a_comparison_goes_on_for_a_difference_and_saves_what_was_reached(tmp_path: Path) -> None:
    asked = ("precision.differences.alert_capped_s.absolute=0.001", "precision.most_replications=23")
    result = sim112.compare(
        [small("dec_2021", *asked), small("pati", *asked)],
        settings=PLAIN.model_copy(update={"best": "alert_capped_s", "indifference": 60.0}),
        results=tmp_path,
        figures=False,
    )
    assert result.comparison.replications == 23
    assert "the cap came first. 1 of 1 half-widths" in str(result) and "Best by alert_capped_s" in str(result)
    assert result.folder is not None
    stored = open_run(result.folder)
    [row] = stored.rows("precision")
    assert (row["measure"], row["of"], row["is_met"]) == ("alert_capped_s", "difference", "False")
    assert stored.provenance["stopping"]["is_capped"] is True
    assert stored.provenance["stopping"]["replications"] == 23
    assert {"variance_reduction"} <= set(stored.rows("comparison")[0])


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("precision.measures.alert_s.relative=0.1", "there is no measure 'alert_s'; did you mean"),
        ("precision.differences.alert_capped_s.relative=0.1", "one scenario differs from nothing"),
        ("precision.measures.zzz.relative=0.1", "docs/measures.md lists the measures"),
    ],
)
def test_what_cannot_be_wanted_is_told_in_one_line(override: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as raised:
        sim112.run(small("pati", override))
    assert "\n" not in str(raised.value)


def test_too_few_replications_for_a_look_and_too_low_a_cap_are_told() -> None:
    asked = "precision.measures.alert_capped_s.relative=0.1"
    with pytest.raises(InputError, match="replications is 5; give 20 or more"):
        check_precision(small("pati", asked, "replications=5"), several=False)
    with pytest.raises(InputError, match=r"precision\.most_replications is 10, fewer than the 20"):
        check_precision(small("pati", asked, "precision.most_replications=10"), several=False)


@pytest.mark.parametrize(
    ("width", "told"),
    [
        ("relative=2", "less than 1"),
        ("relativ=0.1", "did you mean relative"),
        ("absolute=0", "greater than 0"),
    ],
)
def test_a_misspelt_width_is_told(width: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        small("pati", f"precision.measures.alert_capped_s.{width}")


def test_one_of_absolute_and_relative_is_wanted() -> None:
    key = "precision.measures.alert_capped_s"
    for overrides in ([f"{key}=0.1"], [f"{key}.relative=0.1", f"{key}.absolute=3"]):
        with pytest.raises(InputError, match="give one of absolute and relative, for instance"):
            small("pati", *overrides)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["best=response_caped_s"], "did you mean response_capped_s"),
        (["best=offered"], "neither more nor less of it is better"),
        (["best=response_capped_s"], "needs the smallest difference that matters, in s; give indifference="),
    ],
)
def test_a_best_that_cannot_be_is_told(words: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        sim112.compare([small("dec_2021"), small("pati")], settings=compare_settings(words))


def test_settings_of_the_best_are_checked() -> None:
    with pytest.raises(InputError, match="probability is 1"):
        compare_settings(["probability=1"])
    with pytest.raises(InputError, match="indifference is -1"):
        compare_settings(["indifference=-1"])
