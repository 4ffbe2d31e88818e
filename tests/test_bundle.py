"""The bundle has every wheel that its laptops need, starts without internet, and is whole or not there."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import sim112
from sim112 import cli
from sim112.errors import InputError
from sim112.paths import PACKAGE
from sim112.views.bundle import archive, wheels
from sim112.views.bundle.archive import FOLDER, start_files, write_bundle
from sim112.views.bundle.wheels import PYTHONS, Target, reason_of, run_pip

RUNNING = ".".join(platform.python_version_tuple()[:2])
TARGETS = (Target("windows", "3.11"), Target("linux", "3.13"))

PUBLISHED: dict[str, tuple[str, ...]] = {
    "click": ("colourful; platform_system == 'Windows'", "never; extra == 'more'"),
    "colourful": ("deep; sys_platform == 'win32'",),
    "deep": (),
    "fast": ("backport; python_version < '3.0' or (python_version < '3.12' and os_name == 'nt')",),
    "backport": (),
    "unix_only": (),
    "pip": (),
}
"""A small index: what each package requires. ``deep`` is two conditions away, both untrue on Linux."""

OWN = ("click>=8", "fast", "antlr4-python3-runtime==4.9.*", "unix_only; os_name == 'posix'")


def write_wheel(folder: Path, name: str, requires: Sequence[str], tag: str = "py3-none-any") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    head = [f"Name: {name}", *(f"Requires-Dist: {one}" for one in requires)]
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as packed:
        packed.writestr(zipfile.ZipInfo(f"{name}-1.0.dist-info/METADATA"), "\n".join(head) + "\n\n")


class Index:
    """A stand-in for pip that sees conditions as pip does: as if for the machine that it runs on."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.fails_at: tuple[str, BaseException] | None = None

    def run(self, words: Sequence[str], notice: Callable[[str], None]) -> None:
        self.asked.append(list(words))
        verb = words[0]
        if verb == "wheel":
            folder = Path(words[words.index("--wheel-dir") + 1])
            write_wheel(folder, "sim112", OWN)
            write_wheel(folder, "antlr4_python3_runtime", ())
            return
        python = words[words.index("--python-version") + 1]
        folder = Path(words[words.index("--dest") + 1])
        beside = Path(words[words.index("--find-links") + 1])
        system = "win_amd64" if "win_amd64" in words else "manylinux_2_28_x86_64"
        todo = [one for one in words[words.index("--python-version") + 2 :]]
        while todo:
            name = Requirement(todo.pop()).name if not (todo[-1].endswith(".whl")) else _own(todo.pop())
            if self.fails_at is not None and self.fails_at[0] == name:
                raise self.fails_at[1]
            here = list(beside.glob(f"{name.replace('-', '_')}-*.whl"))
            if here:
                shutil.copy(here[0], folder)
                requires: Sequence[str] = OWN if name == "sim112" else ()
            else:
                requires = PUBLISHED[name]
                number = python.replace(".", "")
                tag = f"cp{number}-cp{number}-{system}" if name == "fast" else "py3-none-any"
                write_wheel(folder, name, requires, tag)
                notice(name)
            for one in map(Requirement, requires):
                if one.marker is None or one.marker.evaluate({**LINUX, "extra": ""}):
                    todo.append(one.name)


LINUX = {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix", "python_version": "3.13"}


def _own(path: str) -> str:
    assert Path(path).is_file()
    return "sim112"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    index = Index()
    monkeypatch.setattr(wheels, "run_pip", index.run)
    return index


def quietly(*_: object) -> None:
    """Say nothing."""


def made(path: Path, targets: Sequence[Target] = TARGETS) -> zipfile.ZipFile:
    size = write_bundle(path, targets, quietly, quietly)
    assert size == path.stat().st_size
    return zipfile.ZipFile(path)


# ---- what is in it -----------------------------------------------------------------------------------------


def test_what_only_another_system_needs_is_in_the_bundle(index: Index, tmp_path: Path) -> None:
    with made(tmp_path / "both.zip") as packed:
        found = [name for name in packed.namelist() if name.startswith(f"{FOLDER}/wheels/")]
    assert [name.rpartition("/")[2].partition("-1.0-")[::2] for name in found] == [
        ("antlr4_python3_runtime", "py3-none-any.whl"),
        ("backport", "py3-none-any.whl"),
        ("click", "py3-none-any.whl"),
        ("colourful", "py3-none-any.whl"),
        ("deep", "py3-none-any.whl"),
        ("fast", "cp311-cp311-win_amd64.whl"),
        ("fast", "cp313-cp313-manylinux_2_28_x86_64.whl"),
        ("pip", "py3-none-any.whl"),
        ("sim112", "py3-none-any.whl"),
        ("unix_only", "py3-none-any.whl"),
    ]


def test_a_linux_bundle_has_nothing_of_windows(index: Index, tmp_path: Path) -> None:
    with made(tmp_path / "linux.zip", TARGETS[1:]) as packed:
        names = " ".join(packed.namelist())
    assert "mulai.sh" in names and "mulai.bat" not in names
    assert all(word not in names for word in ("win_amd64", "colourful", "deep", "backport"))


def test_pip_is_asked_for_names_and_wheels_alone(index: Index, tmp_path: Path) -> None:
    made(tmp_path / "both.zip").close()
    for words in index.asked[1:]:
        assert words[0] == "download" and "--only-binary=:all:" in words
        assert not any("://" in word or "index" in word for word in words)
    systems = {one for words in index.asked for one in words if one in ("win_amd64", "manylinux2014_x86_64")}
    assert systems == {"win_amd64", "manylinux2014_x86_64"}


def test_the_start_scripts_suit_their_systems(index: Index, tmp_path: Path) -> None:
    with made(tmp_path / "both.zip") as packed:
        modes = {one.filename: one.external_attr >> 16 for one in packed.infolist()}
        texts = {
            name: packed.read(f"{FOLDER}/{name}").decode("ascii")
            for name in ("mulai.sh", "mulai.bat", "README.txt", "BACA_DULU.txt", "bundle.json")
        }
    assert modes[f"{FOLDER}/mulai.sh"] & 0o111 and not modes[f"{FOLDER}/mulai.py"] & 0o111
    assert "\r" not in texts["mulai.sh"]
    for name in ("mulai.bat", "README.txt", "BACA_DULU.txt"):
        assert texts[name].count("\r\n") == texts[name].count("\n") > 10
    assert not any("@" in text.replace("@echo off", "").replace('"$@"', "") for text in texts.values())
    assert "for python in python3.13 python3.11 python3 python" in texts["mulai.sh"]
    assert "for %%v in (3.13 3.11) do" in texts["mulai.bat"]
    assert "Python 3.13, Python 3.11 (64-bit)" in texts["README.txt"]
    about = json.loads(texts["bundle.json"])
    assert about == {
        "version": sim112.__version__,
        "systems": ["linux", "windows"],
        "pythons": ["3.13", "3.11"],
    }


def test_the_same_wheels_give_the_same_bytes(index: Index, tmp_path: Path) -> None:
    made(tmp_path / "one.zip").close()
    made(tmp_path / "two.zip").close()
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_every_python_of_the_project_can_be_asked_for() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = [one.rpartition(" ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    assert list(PYTHONS) == told


# ---- whole or not at all -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stop", [InputError("no connection; making a bundle needs the internet"), KeyboardInterrupt()]
)
def test_nothing_is_left_where_fetching_fails(index: Index, tmp_path: Path, stop: BaseException) -> None:
    index.fails_at = ("fast", stop)
    with pytest.raises(type(stop)):
        write_bundle(tmp_path / "it.zip", TARGETS, quietly, quietly)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archive.shutil, "copyfileobj", full)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="the disk is full; nothing was written"):
        write_bundle(tmp_path / "it.zip", TARGETS, quietly, quietly)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_as_it_is(index: Index, tmp_path: Path) -> None:
    (tmp_path / "it.zip").write_text("mine")
    with pytest.raises(InputError, match=r"it.zip: is there already; give another name with --into"):
        write_bundle(tmp_path / "it.zip", TARGETS, quietly, quietly)
    assert (tmp_path / "it.zip").read_text() == "mine" and index.asked == []


def test_without_its_source_or_pip_nothing_is_begun(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="has no pip, which fetches the wheels"):
        write_bundle(tmp_path / "it.zip", TARGETS, quietly, quietly)
    monkeypatch.setattr(wheels, "PACKAGE", tmp_path / "sim112")
    with pytest.raises(InputError, match="installed without its source; make the bundle in a checkout"):
        write_bundle(tmp_path / "it.zip", TARGETS, quietly, quietly)
    assert list(tmp_path.iterdir()) == [] and index.asked == []


# ---- the command -------------------------------------------------------------------------------------------


def test_the_command_shows_progress_and_says_the_size(
    index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "it.zip"
    asked = ["--python", "3.12", "3.12", "3.13", "--system", "linux"]
    assert cli.main(["bundle", "--into", str(into), *asked]) == 0
    shown = capsys.readouterr()
    assert "fetching for linux with Python 3.13 (2 of 2)" in shown.err and "click" in shown.err
    assert f"Wrote {into}: 0 MB in " in shown.out and "Python 3.12, 3.13" in shown.out
    with zipfile.ZipFile(into) as packed:
        assert packed.testzip() is None


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (["--into", "it.tar"], "--into it.tar: a bundle is a .zip file; give a name that ends so"),
        (["--into", "nowhere/it.zip"], "nowhere/it.zip: its folder is not there; make it, or give another"),
        (["--python", "3.10"], "argument --python: invalid choice: '3.10'"),
        (["--system", "mac"], "argument --system: invalid choice: 'mac'"),
    ],
)
def test_what_cannot_be_made_is_told_in_one_line(
    given: list[str],
    wrong: str,
    index: Index,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["bundle", *given]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"sim112: {wrong}") and said.count("\n") == 1
    assert cli.main(["bundle", *given, "lang=id"]) == 2
    assert capsys.readouterr().err != said


# ---- pip ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for hatchling",
            "no connection; making a bundle needs the internet, using it does not",
        ),
        (
            "WARNING: Retrying (Retry(total=1)) after connection broken by 'ReadTimeoutError'\n"
            "ERROR: No matching distribution found for numba<0.70,>=0.61",
            "there is no wheel of numba<0.70,>=0.61 for such a laptop; leave out that --python or --system",
        ),
        ("ERROR: Could not install: [Errno 28] No space left on device", "the disk is full; nothing was wri"),
        ("Collecting x\nERROR: odd\nnotice", "pip could not fetch the wheels (ERROR: odd); try again"),
        ("", "pip could not fetch the wheels (no reason given); try again"),
    ],
)
def test_why_pip_failed_is_told_in_one_line(said: str, reason: str) -> None:
    told = reason_of(said.splitlines())
    assert told.startswith(reason) and "\n" not in told


def test_pip_itself_runs_and_its_failure_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no wheel of sim112-is-not-there for such a laptop"):
        run_pip(["download", "--no-index", "--dest", str(tmp_path), "sim112-is-not-there"], quietly)


# ---- on the laptop -----------------------------------------------------------------------------------------


def unpacked(folder: Path, targets: Sequence[Target]) -> Path:
    """The bundle without its wheels."""
    for name, content, mode in start_files(targets):
        (folder / name).write_bytes(content)
        (folder / name).chmod(mode & 0o777)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="the start script of Linux")
def test_a_python_that_does_not_suit_is_told_in_both_languages(tmp_path: Path) -> None:
    other = next(python for python in PYTHONS if python != RUNNING)
    place = unpacked(tmp_path, [Target("linux", other)])
    alone = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    (tmp_path / "bin").mkdir()
    for name in (f"python{other}", "python3", "python"):
        (tmp_path / "bin" / name).symlink_to(sys.executable)  # the running Python, whatever it is called
    found = subprocess.run([place / "mulai.sh"], env=alone, capture_output=True, text=True)
    assert found.returncode == 1 and found.stdout == ""
    assert f"Perlu: Python {other}" in found.stderr and f"Needed: Python {other}" in found.stderr
    direct = subprocess.run([sys.executable, place / "mulai.py"], capture_output=True, text=True)
    assert direct.returncode == 1 and f"Python {other}, 64-bit, is needed" in direct.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="a bundle for Linux")
def test_a_bundle_without_its_wheels_is_told_and_tried_anew(tmp_path: Path) -> None:
    place = unpacked(tmp_path, [Target("linux", RUNNING)])
    command = [sys.executable, place / "mulai.py", "--check"]
    for _ in range(2):
        found = subprocess.run(command, capture_output=True, text=True)
        assert found.returncode == 1 and "Extract the whole zip again" in found.stdout
    write_wheel(place / "wheels", "pip", ())
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 1 and "The installation failed" in found.stdout
    assert not list(place.glob("venv_linux/*_ready"))


def without_network() -> list[str]:
    """What runs a shell command in a network that has loopback alone; skips where none can be had."""
    for words in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        start = [*words, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        if shutil.which("unshare") and subprocess.run([*start, "true"], capture_output=True).returncode == 0:
            return start
    if os.environ.get("CI") == "true" and hasattr(os, "geteuid") and os.geteuid() == 0:
        pytest.fail("unshare must be allowed to root in continuous integration")
    pytest.skip("unshare is not allowed here, so the network cannot be cut off")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="unshare is of Linux")
def test_a_real_bundle_installs_and_opens_the_workshop_without_network(tmp_path: Path) -> None:
    start = without_network()
    try:
        write_bundle(tmp_path / "it.zip", [Target("linux", RUNNING)], quietly, quietly)
    except InputError as error:
        if str(error).startswith("no connection") and os.environ.get("CI") != "true":
            pytest.skip(str(error))
        raise
    shutil.unpack_archive(tmp_path / "it.zip", tmp_path)
    place = tmp_path / FOLDER
    home = {"PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path)}
    # As ``sh mulai.sh``: unpack_archive keeps no modes.
    found = subprocess.run(
        [*start, "sh", place / "mulai.sh", "--check"], env=home, capture_output=True, text=True, timeout=1800
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"sim112 {sim112.__version__}" in found.stdout and "Everything works." in found.stdout
    assert "sim112 workshop" in found.stdout and list(place.glob("venv_linux/*_ready"))
    # Once installed it is not installed again, and its folder may be elsewhere.
    moved = place.rename(tmp_path / "elsewhere")
    found = subprocess.run(
        [*start, "sh", moved / "mulai.sh", "--check"], env=home, capture_output=True, text=True, timeout=1800
    )
    assert found.returncode == 0 and "First start" not in found.stdout, found.stdout + found.stderr
    shutil.rmtree(moved)  # a gigabyte, which is not left to lie about
    (tmp_path / "it.zip").unlink()
