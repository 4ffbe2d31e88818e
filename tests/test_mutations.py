"""The faults of ``scripts/mutate.py`` can be put into the project as it is now; none is run here."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from faults import FAULTS, Edit, Fault  # noqa: E402
from mutate import CHECKS, Verdict, first_failure, table, with_fault  # noqa: E402

NAMES = [fault.name for fault in FAULTS]


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_every_fault_can_be_put_into_the_project_as_it_is(fault: Fault) -> None:
    """Each old text stands in its file once, and what comes out is still Python and another program."""
    changed = with_fault(fault, ROOT)
    assert set(changed) == {ROOT / edit.file for edit in fault.edits}
    for path, text in changed.items():
        before = path.read_text(encoding="utf-8")
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(before)), path


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_of_the_model_is_in_both_engines_or_in_what_they_share(fault: Fault) -> None:
    engine = {edit.file.removeprefix("sim112/engine/") for edit in fault.edits if "/engine/" in edit.file}
    is_compiled = {name.startswith("compiled") for name in engine - {"rules.py"}}
    assert is_compiled == ({True, False} if fault.part == "both engines" else set())


def test_faults_are_many_and_each_has_its_name() -> None:
    assert len(set(NAMES)) == len(FAULTS) >= 24
    assert len({fault.words for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("old", ["no such text", "import"])
def test_a_fault_that_no_longer_applies_is_refused_by_name(old: str) -> None:
    lost = FAULTS[0]._replace(edits=(Edit("sim112/engine/rules.py", old, "x"),))
    with pytest.raises(ValueError, match=rf"{lost.name}: sim112/engine/rules.py has '{old}' \d times"):
        with_fault(lost, ROOT)


def test_checks_run_files_that_exist() -> None:
    for check in CHECKS:
        for word in check.command:
            assert not word.startswith("tests/") or (ROOT / word).is_file(), word


def test_the_test_that_failed_is_read_from_what_pytest_prints() -> None:
    printed = "F\nFAILED tests/test_a.py::test_b[5 call-takers, 8 lines-1] - assert 1 == 2\n1 failed"
    assert first_failure(printed) == "tests/test_a.py::test_b[5 call-takers, 8 lines-1]"
    assert first_failure("2 passed") is None


def test_the_table_tells_survivors() -> None:
    caught = Verdict(FAULTS[0], "a.py:1", {"cases": "test_desks.py::test_x"}, 1.0)
    shown = table([caught, Verdict(FAULTS[1], "b.py:2", {}, 1.0)], CHECKS[:2], False)
    assert f"| {FAULTS[0].words} | both engines | `a.py:1` | cases: `test_desks.py::test_x` |" in shown
    assert f"| {FAULTS[1].words} | both engines | `b.py:2` | **nothing** |" in shown
    assert "| 2 | 1 |" in shown and "| 1 | 0 |" in shown
