"""Figures are whole, readable, the same for the same numbers, and drawn only when asked for."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

import sim112
from sim112.config.compare import compare_settings
from sim112.errors import InputError
from sim112.paths import data_dir
from sim112.study.packed_sums import packed
from sim112.study.run import compare, run
from sim112.study.totals import column_at
from sim112.views.drawing import LOOKS, PAGE_WIDTH_IN, PNG_DPI, STYLE, TEXT_PT, fitted_lines, text_width_in
from sim112.views.figure_process import figure_process
from sim112.views.figure_study import Study
from sim112.views.figures import figure_makers, figure_pages, write_figures
from sim112.views.measure_figures import kinds_page
from sim112.views.schematic_map import places_of_labels, schematic_map
from sim112.world.area import read_regencies
from sim112.world.network import load_places

SMALL = ("clock=day", "area.regencies=[pati,kota_magelang,kab_magelang]", "workers=1", "demand.rate_factor=5")
FOR_ONE = {
    "levels_by_regency", "map_alert", "map_reached", "agencies_against_target", "response_by_kind",
    "calls_and_answer", "lines_by_desk", "coverage_by_regency", "response_by_agency", "agencies_know",
    "hours_of_week", "line_occupancy",
}  # fmt: skip
FOR_SEVERAL = FOR_ONE | {"headline", "alert_difference_by_regency"}


@pytest.fixture(scope="module")
def study() -> Study:
    scenarios = [sim112.scenario(name, *SMALL, "replications=3") for name in ("no_112", "dec_2021", "all_35")]
    settings = compare_settings(["sensitivity=off", "stress_replications=1"])
    result = compare(scenarios, settings=settings)
    return Study(result.scenarios, result.runs, result.comparison, result.use, "all_35")


@pytest.fixture(scope="module")
def alone(study: Study) -> Study:
    """One replication of one scenario: no interval and no verdict anywhere."""
    return Study(study.scenarios[2:], {"all_35": study.runs["all_35"][:1]})


@pytest.fixture(scope="module")
def written(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures") / "figures"
    write_figures(folder, study)
    return folder


@pytest.fixture(scope="module")
def written_alone(alone: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    write_figures(folder, alone)
    return folder


SLOW_ALL = (pytest.param(None, marks=pytest.mark.slow),)  # every figure, which takes longer
Drawn = list[tuple[str, Figure]]


@pytest.fixture(scope="module")
def drawn(study: Study) -> Drawn:
    """Every figure by its name, with every text in its place."""
    with rc_context(STYLE):
        pages = [(name, page.figure) for name, page in figure_pages(study)]
        for _, figure in pages:
            figure.draw_without_rendering()
        return pages


def text_of(path: Path) -> str:
    """Everything that is written on an SVG."""
    return " ".join(" ".join(ET.parse(path).getroot().itertext()).split())


def test_each_figure_is_there_as_svg_and_as_png(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == {
        f"{name}.{ending}" for name in FOR_SEVERAL for ending in ("svg", "png")
    }


def test_svg_is_well_formed_with_real_text_and_without_pictures_in_it(written: Path) -> None:
    for path in written.glob("*.svg"):
        root = ET.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.findall(".//{http://www.w3.org/2000/svg}text"), path.name
        if path.stem not in ("map_alert", "map_reached", "coverage_by_regency", "hours_of_week"):
            assert not root.findall(".//{http://www.w3.org/2000/svg}image"), path.name


def test_png_has_the_width_of_the_page_and_ink_on_it(written: Path) -> None:
    for path in written.glob("*.png"):
        pixels = imread(path)
        assert pixels.shape[1] == round(PAGE_WIDTH_IN * PNG_DPI)
        assert pixels[..., :3].min() < 0.3 < 0.8 < pixels[..., :3].mean(), path.name


def test_no_type_is_too_small_for_print(written: Path) -> None:
    for path in written.glob("*.svg"):
        sizes = [
            float(size) for size in re.findall(r"font(?:-size)?: ?(?:bold )?([\d.]+)px", path.read_text())
        ]
        assert sizes and min(sizes) >= TEXT_PT, path.name


@pytest.mark.slow
def test_the_same_numbers_give_the_same_bytes_and_leave_settings_alone(
    alone: Study, written_alone: Path, tmp_path: Path
) -> None:
    before = dict(matplotlib.rcParams)
    write_figures(tmp_path, alone, workers=2)
    assert dict(matplotlib.rcParams) == before
    for path in written_alone.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_no_date_and_no_program_is_in_the_files(written: Path) -> None:
    for path in written.iterdir():
        content = path.read_bytes()
        assert b"dc:date" not in content and b"Software" not in content
        assert matplotlib.__version__.encode() not in content


def test_every_figure_says_where_it_comes_from(written: Path) -> None:
    for path in written.glob("*.svg"):
        text = text_of(path)
        for said in (
            "no_112, dec_2021, all_35",
            "3 replications",
            "seed 112",
            "cover chance, not assumptions",
        ):
            assert said in text, (path.name, said)


def test_axes_name_their_units(drawn: Drawn) -> None:
    for name, figure in drawn:
        words = " ".join(text.get_text() for text in figure.findobj(Text))
        assert re.search(r"minutes|%|seconds|a year", words), name


def test_labels_are_there_and_a_city_is_told_from_the_regency_of_its_name(written: Path) -> None:
    for name in ("alert_difference_by_regency", "levels_by_regency", "coverage_by_regency", "map_alert"):
        text = text_of(written / f"{name}.svg")
        for label in ("Pati", "Kota Magelang", "Kab. Magelang"):
            assert label in text, name
    assert "not an official border" in text_of(written / "map_alert.svg")
    assert "112 Pati" in text_of(written / "lines_by_desk.svg")
    headline = text_of(written / "headline.svg")
    assert "all_35, few dial 112" in headline and "all_35, many dial 112" in headline
    assert "undefined" in headline  # what a report costs where nothing answers 112


def test_nothing_undefined_is_written(written: Path, written_alone: Path) -> None:
    for folder in (written, written_alone):
        for path in folder.glob("*.svg"):
            assert not re.search(r"\b(nan|inf|None)\b", text_of(path)), path.name


def test_all_words_stay_on_the_page(drawn: Drawn) -> None:
    with rc_context(STYLE):
        for name, figure in drawn:
            width, height = figure.bbox.width, figure.bbox.height
            for text in figure.findobj(Text):
                # matplotlib keeps numbers of ticks beyond the ends of an axis, which it does not draw
                words = text.get_text().strip()
                if text.get_visible() and not re.fullmatch(r"\W?[\d.,]*", words):
                    box = text.get_window_extent()
                    inside = box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1
                    assert inside, (name, words)


def test_a_kind_that_is_rare_in_the_first_replication_is_shown_all_the_same(study: Study) -> None:
    alone = Study(study.scenarios[2:], {"all_35": study.runs["all_35"][:2]})
    first, second = alone.runs["all_35"]
    needing, kinds = first.total("needing", "kind"), first.members("kind")
    at = int(np.argmax((needing > 0) & (second.total("needing", "kind") > 0)))
    rows = first.totals.copy()
    rows[column_at("needing"), first.scopes.slots("kind").start + at] = 0.0
    without = replace(first, sums=packed(rows))
    for runs in ((without, second), (second, without)):
        with rc_context(STYLE):
            page = kinds_page(Study(alone.scenarios, {"all_35": runs}))
        titles = {axes.get_title(loc="left") for axes in page.figure.axes}
        assert alone.words.named("kinds", kinds[at]) in titles


def test_where_nobody_calls_there_are_figures_without_a_warning(tmp_path: Path) -> None:
    short = ("clock.warm_up_s=0", "clock.report_s=60", "clock.cool_down_s=0", "demand.rate_factor=0.001")
    nobody = ("area.regencies=[pati]", "demand.nuisance_factor=0", "replications=1", "workers=1", *short)
    found = run(sim112.scenario("pati", *nobody), results=tmp_path)
    assert found.folder is not None
    names = {path.stem for path in (found.folder / "figures").glob("*.svg")}
    assert names == FOR_ONE - {"lines_by_desk"}


def test_names_of_rows_do_not_overlap(drawn: Drawn) -> None:
    with rc_context(STYLE):
        for name, figure in drawn:
            for axes in figure.axes:
                boxes = [label.get_window_extent() for label in axes.get_yticklabels() if label.get_text()]
                boxes.sort(key=lambda box: box.y0)
                for below, above in pairwise(boxes):
                    assert below.y1 <= above.y0 + 1, name


def test_one_scenario_and_one_replication_say_that_there_are_no_intervals(written_alone: Path) -> None:
    assert {path.stem for path in written_alone.iterdir()} == FOR_ONE
    for path in written_alone.glob("*.svg"):
        assert "no intervals" in text_of(path)


def test_scenarios_are_told_apart_without_colour() -> None:
    assert len({marker for _, marker, _ in LOOKS}) == len({str(line) for _, _, line in LOOKS}) == len(LOOKS)


def test_lines_of_text_fit_their_width() -> None:
    text = "An agency never alerted counts as 120 minutes, " * 6
    lines = fitted_lines(text.strip(), 4.0)
    assert " ".join(lines) == text.strip()
    assert all(text_width_in(line) <= 4.0 for line in lines)
    assert fitted_lines("", 4.0) == []


def test_numbers_on_the_map_of_all_regencies_keep_apart() -> None:
    folder = data_dir()
    labels = tuple(regency.label for regency in read_regencies(folder))
    drawn = schematic_map(folder, labels)
    assert set(drawn.regency_of_cell) == set(labels)
    assert len(drawn.lines) > 35
    places = np.array(list(places_of_labels(drawn.points, 17.0).values()))
    apart = np.hypot(*np.moveaxis(places[:, None] - places[None], -1, 0))
    assert apart[np.triu_indices(len(places), 1)].min() > 13.0
    for cell, label in zip(drawn.cells, drawn.regency_of_cell, strict=True):
        assert np.hypot(*(cell - drawn.points[label].mean(axis=0)).T).max() < 150, label


@pytest.mark.slow
def test_figures_are_saved_with_a_run_unless_refused(tmp_path: Path) -> None:
    scenario = sim112.scenario("pati", "clock=day", "area.regencies=[pati]", "replications=1", "workers=1")
    saved = run(scenario, results=tmp_path).folder
    assert saved is not None
    stored = sim112.open_run(saved)
    assert {Path(name).stem for name in stored.files if name.startswith("figures/")} == FOR_ONE
    bare = run(scenario, results=tmp_path, figures=False).folder
    assert bare is not None and not (bare / "figures").exists()


def test_figures_that_fail_leave_no_run_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no ink")

    monkeypatch.setattr("sim112.views.figures.write_page", fails)
    small = ("clock=day", "area.regencies=[pati]", "replications=1")
    for workers in (1, 2):
        with pytest.raises(RuntimeError, match="no ink"):
            run(sim112.scenario("pati", *small, f"workers={workers}"), results=tmp_path)
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="figures are drawn by other processes on Linux only")
def test_a_process_that_is_ended_while_it_draws_is_told(
    alone: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim112.views.figures.write_page", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(InputError, match="figures: one of 2 processes was ended"):
        write_figures(tmp_path, alone, workers=2)


@pytest.mark.parametrize("names", [("map_alert", "hours_of_week", "lines_by_desk"), *SLOW_ALL])
def test_a_process_that_gets_ready_draws_the_same(
    alone: Study,
    written_alone: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...] | None,
) -> None:
    few = tuple(figure_makers(alone)) if names is None else names
    monkeypatch.setattr(
        "sim112.views.figures.figure_makers", lambda study: {name: figure_makers(study)[name] for name in few}
    )
    with figure_process(2) as begin:
        begin(tmp_path / "there", alone)()
    with figure_process(1) as begin:
        begin(tmp_path / "here", alone)()
    for folder in ("there", "here"):
        paths = list((tmp_path / folder).iterdir())
        assert len(paths) == 2 * len(few)
        for path in paths:
            assert path.read_bytes() == (written_alone / path.name).read_bytes(), (folder, path.name)


def test_what_is_wrong_with_a_figure_comes_back(alone: Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    with pytest.raises(FileExistsError), figure_process(2) as begin:
        begin(tmp_path / "file", alone)()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere this process draws")
@pytest.mark.parametrize("is_waited_for", [False, True])
def test_a_process_that_draws_and_is_ended_is_told_in_one_line(
    alone: Study, tmp_path: Path, is_waited_for: bool
) -> None:
    with (
        pytest.raises(InputError, match="figures: one of 2 processes was ended"),
        figure_process(2) as begin,
    ):
        finish = begin(tmp_path, alone) if is_waited_for else None
        [process] = multiprocessing.active_children()
        process.kill()
        process.join()
        (finish or begin(tmp_path, alone))()
    assert not multiprocessing.active_children()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere this process draws")
@pytest.mark.parametrize("figures", [pytest.param([], marks=pytest.mark.slow), ["--no-figures"]])
def test_a_command_loads_only_what_it_uses(tmp_path: Path, figures: list[str]) -> None:
    words = ["run", "pati", *SMALL[:2], "workers=2", "replications=2", "--results", str(tmp_path), *figures]
    code = (
        f"import sys; from sim112.cli import main; status = main({words});"
        "print({'matplotlib', 'pandas', 'networkx', 'scipy.sparse'} & sys.modules.keys(), status)"
    )
    load_places(sim112.scenario("pati", *SMALL[:2]))  # computes and keeps travel times, where they are not
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set() 0\n")
    assert bool(list(tmp_path.glob("run/*/figures/*.png"))) is not bool(figures)


def test_matplotlib_is_loaded_only_to_draw_and_pyplot_never() -> None:
    code = (
        "import sys, sim112.study.run, sim112.views.screens, sim112.views.figure_process, sim112.cli;"
        "early = 'matplotlib' in sys.modules; import sim112.views.figures;"
        "sys.exit(early or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
