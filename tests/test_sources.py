"""No number without a source or the word ASSUMED."""

from functools import cache
from pathlib import Path

import pytest

from sim112.config.composition import compose_mapping
from sim112.config.scenario import compose
from sim112.errors import InputError
from sim112.paths import configs_dir
from sim112.sources import Number, assumptions, leaves, numbers, numbers_with, source_keys

FILES = sorted(path.relative_to(configs_dir()).as_posix() for path in configs_dir().rglob("*.yaml"))


@cache
def shipped() -> list[Number]:
    return numbers()


def read(tmp_path: Path, text: str, name: str = "work/mine.yaml") -> list[Number]:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return numbers(tmp_path)


@pytest.mark.parametrize("file", FILES)
def test_every_number_has_a_unit_and_a_source_or_says_assumed(file: str) -> None:
    text = (configs_dir() / file).read_text(encoding="utf-8")
    told = {number.line for number in shipped() if number.file == file}  # raises for a number without
    assert all(leaf.line in told for leaf in leaves(text) if leaf.has_number)


def test_every_source_key_is_in_a_table_of_sources() -> None:
    known = source_keys()
    for number in shipped():
        if number.kind == "SOURCE":
            for key in number.basis.split(";"):
                assert key.strip() in known, f"{number.file} line {number.line}: {key}"


def test_every_number_says_what_it_is() -> None:
    for number in shipped():
        assert number.unit and number.meaning and number.basis, f"{number.file} line {number.line}"


def test_every_assumption_lies_within_its_bounds() -> None:
    for number in assumptions():
        assert number.low is not None and number.high is not None
        assert number.low <= float(number.value) <= number.high, f"{number.file} line {number.line}"
        assert number.low < number.high, f"{number.file} line {number.line}"


def test_every_range_belongs_to_a_number_of_its_line() -> None:
    bounded = {(number.file, number.line) for number in assumptions()}
    for file in FILES:
        for at, line in enumerate((configs_dir() / file).read_text(encoding="utf-8").splitlines(), start=1):
            if "ASSUMED" in line and ".." in line.split("ASSUMED", 1)[1].split(":")[0]:
                assert (file, at) in bounded, f"{file} line {at}: {line}"


def test_every_assumption_of_the_default_scenario_can_be_overridden_to_both_bounds() -> None:
    mapping = compose_mapping()
    overrides: dict[str, list[str]] = {"low": [], "high": []}
    for number in assumptions():
        node = mapping
        for part in number.key.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if isinstance(node, int | float) and float(node) == float(number.value):
            whole = isinstance(node, int)
            for end, bound in (("low", number.low), ("high", number.high)):
                assert bound is not None
                overrides[end].append(f"{number.key}={int(bound) if whole and bound.is_integer() else bound}")
    assert len(overrides["low"]) > 50
    for end in overrides.values():
        compose(end)


def test_a_number_without_a_comment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"work/mine.yaml line 2: delay_s is 5 without a source"):
        read(tmp_path, "# a file\ndelay_s: 5\n")
    with pytest.raises(InputError, match="without a source"):
        read(tmp_path, "delay_s: 5  # [s] delay, more or less\n")
    with pytest.raises(InputError, match="without a source"):
        read(tmp_path, "delay_s: 5  # delay without a unit. ASSUMED 1..9: guess\n")
    with pytest.raises(InputError, match="without a source"):
        read(tmp_path, "delays_s: [1,\n  2]\n")


def test_a_comment_is_read_into_its_parts(tmp_path: Path) -> None:
    (number,) = read(tmp_path, "delay_s: 5  # [s] delay. ASSUMED 1..9.5: a guess: mine\n")
    assert (number.key, number.value, number.unit, number.meaning) == ("work.delay_s", "5", "s", "delay")
    assert (number.kind, number.low, number.high, number.basis) == ("ASSUMED", 1.0, 9.5, "a guess: mine")


def test_a_range_in_braces_belongs_to_the_named_field(tmp_path: Path) -> None:
    mean, cv = read(
        tmp_path,
        "talk_s: {dist: lognormal, mean_s: 110, cv: 0.8}  # [s] talk. ASSUMED mean_s 60..180: guess\n",
    )
    assert (mean.key, mean.low, mean.high) == ("work.talk_s.mean_s", 60.0, 180.0)
    assert (cv.key, cv.low, cv.kind) == ("work.talk_s.cv", None, "ASSUMED")


def test_a_list_over_lines_takes_the_comment_of_its_last_line(tmp_path: Path) -> None:
    (profile,) = read(tmp_path, "hours: [1, 2,\n  3]  # [ratio] profile. SOURCE some_key\n")
    assert (profile.value, profile.kind, profile.basis) == ("[1, 2, 3]", "SOURCE", "some_key")


def test_one_more_folder_adds_to_what_is_shipped_and_stands_before_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config folder .*nowhere does not exist"):
        numbers_with(tmp_path / "nowhere")
    text = "# Mine.\ndelay_s: 5  # [s] delay. CHOICE: mine\n"
    read(tmp_path, text)
    read(tmp_path, text, "clock/day.yaml")
    found = numbers_with(tmp_path)
    assert {"work.delay_s", "clock.delay_s"} <= {number.key for number in found}
    assert [number.key for number in found if number.file == "clock/day.yaml"] == ["clock.delay_s"]
    assert len(found) == len(shipped()) + 2 - sum(number.file == "clock/day.yaml" for number in shipped())


def test_a_file_that_is_no_yaml_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine.yaml: cannot be read as YAML in UTF-8"):
        read(tmp_path, "delays_s: [1,\n")


def test_a_scenario_file_names_whole_keys(tmp_path: Path) -> None:
    text = "# @package _global_\nstaffing:\n  call_takers: 2  # [people] all desks. CHOICE: to try\n"
    (number,) = read(tmp_path, text, "scenario/mine.yaml")
    assert (number.key, number.kind, number.basis) == ("staffing.call_takers", "CHOICE", "to try")


def test_brackets_without_end_are_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text("a: " + "[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match=r"deep\.yaml: cannot be read as YAML in UTF-8: .*recursion"):
        numbers(tmp_path)
