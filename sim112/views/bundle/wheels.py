"""What a laptop must be given so that sim112 can be installed there without internet: wheels.

pip finds and fetches them. It looks at the conditions of a requirement (``colorama; platform_system ==
"Windows"``) as if for this machine, also when it fetches for another one; what only the other one needs is
therefore asked for once more by name, until nothing is missing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from sim112.errors import InputError
from sim112.paths import PACKAGE

PYTHONS = ("3.11", "3.12", "3.13")
"""The versions of Python that sim112 runs on (pyproject.toml)."""

OLDEST_GLIBC, NEWEST_GLIBC = 5, 28
"""Minor versions of the C library 2.x. CHOICE: 2.28 (2018) is older than that of any Linux still kept up, and
what scientific packages are built for now."""

PLATFORMS: dict[str, tuple[str, ...]] = {
    "linux": (
        *(f"manylinux_2_{minor}_x86_64" for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)),
        *(f"manylinux{year}_x86_64" for year in (2014, 2010, 1)),
    ),
    "windows": ("win_amd64",),
}
"""By system, pip's names of what a wheel may be built for. 64-bit Intel and AMD processors only."""

CONDITIONS: dict[str, dict[str, str]] = {
    "linux": {
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
    },
    "windows": {
        "os_name": "nt",
        "sys_platform": "win32",
        "platform_system": "Windows",
        "platform_machine": "AMD64",
    },
}
"""By system, what the conditions of requirements ask about."""

ONLY_AS_SOURCE = ("antlr4-python3-runtime==4.9.*",)
"""Published without a wheel, so one is built here; pure Python. Hydra needs this version."""

INSTALLER = "pip"
"""Goes with the wheels: a Linux may have Python without it."""

Notice = Callable[[str], None]


@dataclass(frozen=True)
class Target:
    """A kind of laptop: its system (a key of PLATFORMS) and its Python, such as 3.12."""

    system: str
    python: str


def check_can_build() -> None:
    """Raise InputError where this program's own source is not there, or pip is not."""
    if not (PACKAGE.parent / "pyproject.toml").is_file():
        raise InputError(f"{PACKAGE}: installed without its source; make the bundle in a checkout of sim112")
    if find_spec("pip") is None:
        raise InputError(f"{sys.executable}: has no pip, which fetches the wheels; install pip there")


def build(folder: Path, notice: Notice) -> Path:
    """Build into a folder what is not published as a wheel; the wheel of this program."""
    words = ["wheel", "--no-deps", "--wheel-dir", str(folder)]
    run_pip([*words, str(PACKAGE.parent), *ONLY_AS_SOURCE], notice)
    [own] = folder.glob("sim112-*.whl")
    return own


def fetch(target: Target, own: Path, folder: Path, notice: Notice) -> None:
    """Fetch into a folder every wheel that a laptop needs; those beside ``own`` need not be published."""
    folder.mkdir(parents=True)
    asked = [str(own), INSTALLER]
    while asked:
        before = len(asked)
        run_pip([*_download(target, own.parent, folder), *asked], notice)
        asked += [str(requirement) for requirement in missing(folder, target)]
        if len(asked) == before:
            return


def _download(target: Target, beside: Path, folder: Path) -> list[str]:
    words = ["download", "--only-binary=:all:", "--dest", str(folder), "--find-links", str(beside)]
    for platform in PLATFORMS[target.system]:
        words += ["--platform", platform]
    return [*words, "--implementation", "cp", "--python-version", target.python]


def missing(folder: Path, target: Target) -> list[Requirement]:
    """What the wheels of a folder require on a laptop and the folder has not, each once, no conditions."""
    conditions = {
        **CONDITIONS[target.system],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "extra": "",
    }
    wheels = sorted(folder.glob("*.whl"))
    there = {parse_wheel_filename(wheel.name)[0] for wheel in wheels}
    found: dict[str, Requirement] = {}
    for wheel in wheels:
        for requirement in requirements(wheel):
            name = canonicalize_name(requirement.name)
            wanted = requirement.marker is None or requirement.marker.evaluate(conditions)
            if wanted and name not in there:
                requirement.marker = None
                found.setdefault(str(requirement), requirement)
    return list(found.values())


def requirements(wheel: Path) -> list[Requirement]:
    """What a wheel says that it requires, with the conditions."""
    with zipfile.ZipFile(wheel) as packed:
        [name] = [one for one in packed.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one)]
        head = HeaderParser().parsestr(packed.read(name).decode("utf-8"))
    return [Requirement(text) for text in head.get_all("Requires-Dist", [])]


def gather(folders: Sequence[Path], into: Path) -> list[Path]:
    """Move the wheels of several folders into one, each once; all that are there then, by name."""
    into.mkdir()
    for folder in folders:
        for wheel in folder.glob("*.whl"):
            wheel.replace(into / wheel.name)
    return sorted(into.glob("*.whl"))


# ---- pip ---------------------------------------------------------------------------------------------------

RETRIES = "2"
"""How often pip tries again, unless the environment says otherwise. CHOICE: who has no internet shall hear
so in seconds."""

QUIETLY = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")
FETCHED = re.compile(r"\s*(?:Downloading|Using cached) (\S+\.whl) \((.*)\)")
NO_NETWORK = ("Retry(total=0", "Max retries exceeded")
DISK_FULL = ("No space left on device", "[Errno 28]", "not enough space on the disk")


def run_pip(words: Sequence[str], notice: Notice) -> None:
    """Run this Python's pip and tell each wheel that it fetches. Raises InputError where it fails."""
    verb, *rest = words
    said = []
    with subprocess.Popen(
        [sys.executable, "-m", "pip", verb, *QUIETLY, *rest],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PIP_RETRIES": RETRIES, **os.environ, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                said.append(line.rstrip())
                fetched = FETCHED.match(line)
                if fetched is not None:
                    notice(f"  {fetched[1].rpartition('/')[2]} ({fetched[2]})")
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise InputError(reason_of(said))


def reason_of(said: Sequence[str]) -> str:
    """Why pip failed, in one line, from what it said."""
    text = "\n".join(said)
    if any(sign in text for sign in DISK_FULL):
        return "the disk is full; nothing was written, make room or give another place with --into"
    if any(sign in text for sign in NO_NETWORK):
        return "no connection; making a bundle needs the internet, using it does not"
    none = re.findall(r"No matching distribution found for (\S+)", text)
    if none:
        return f"there is no wheel of {none[-1]} for such a laptop; leave out that --python or --system"
    errors = [line.strip() for line in said if line.lstrip().lower().startswith("error")]
    return f"pip could not fetch the wheels ({(errors or list(said) or ['no reason given'])[-1]}); try again"
