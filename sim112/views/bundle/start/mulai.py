"""Starts the workshop from a bundle, which is unpacked where this file is. It needs Python, no internet.

On the first start it makes a virtual environment beside itself and installs the wheels of the bundle there.
``--check`` says whether all of it works and opens no browser; ``--suits`` only whether this Python suits.
Other words go to ``sim112 workshop``.
"""

import json
import os
import platform
import re
import struct
import subprocess
import sys
import threading
import urllib.request
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUNDLE = json.loads((HERE / "bundle.json").read_text(encoding="utf-8"))
SYSTEM = {"Windows": "windows", "Linux": "linux"}.get(platform.system(), platform.system())
PLACE = HERE / f"venv_{SYSTEM}"
PYTHON = PLACE / ("Scripts/python.exe" if SYSTEM == "windows" else "bin/python")
READY = PLACE / f"sim112_{BUNDLE['version']}_ready"
CHECK_WITHIN_S = 600
"""The longest wait for the page in a check. CHOICE: many times the usual, for a slow laptop."""


def main(words: list[str]) -> int:
    """Start the workshop, or check; the exit status."""
    if "--suits" in words:
        return 0 if suits() else 1
    if not suits():
        say(
            f"Python ini tidak cocok. Perlu Python {' / '.join(BUNDLE['pythons'])}, 64 bit.",
            f"This Python does not suit. Python {' / '.join(BUNDLE['pythons'])}, 64-bit, is needed.",
        )
        return 1
    try:
        if not READY.exists() and not install():
            return 1
        return check() if "--check" in words else workshop(words)
    except OSError as error:
        say(
            f"Tidak berhasil: {error}. Salin folder ini ke disk laptop, lalu coba lagi.",
            f"It failed: {error}. Copy this folder to the laptop's own disk and try again.",
        )
        return 1


def suits() -> bool:
    """Whether the bundle has wheels for this Python on this machine."""
    return (
        f"{sys.version_info[0]}.{sys.version_info[1]}" in BUNDLE["pythons"]
        and SYSTEM in BUNDLE["systems"]
        and sys.implementation.name == "cpython"
        and struct.calcsize("P") == 8
        and platform.machine().lower() in ("x86_64", "amd64")
    )


def install() -> bool:
    """Install the program into an environment of its own; False where that fails, to be begun anew."""
    say(
        f"Pertama kali: memasang sim112 ke {PLACE}, tanpa internet. Beberapa menit ...",
        f"First start: installing sim112 in {PLACE}, without internet. A few minutes ...",
    )
    wheels = HERE / "wheels"
    pip = next(iter(sorted(wheels.glob("pip-*.whl"))), None)
    if pip is None:
        say(
            "Folder wheels tidak lengkap. Ekstrak lagi seluruh isi zip.",
            "The folder wheels is not complete. Extract the whole zip again.",
        )
        return False
    # The laptop's pip, and its settings, are left out of it.
    venv.EnvBuilder(with_pip=False, clear=True, symlinks=SYSTEM != "windows").create(PLACE)
    command = [str(PYTHON), str(pip / "pip"), "install", "--isolated", "--no-index"]
    command += ["--find-links", str(wheels), "--only-binary=:all:", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", f"sim112=={BUNDLE['version']}"]
    if subprocess.run(command, env=surroundings(), cwd=HERE).returncode != 0:
        say(
            "Pemasangan gagal; sebabnya tertulis di atas. Baca BACA_DULU.txt, lalu jalankan lagi.",
            "The installation failed; the reason stands above. Read README.txt, then start again.",
        )
        return False
    READY.touch()
    return True


def workshop(words: list[str]) -> int:
    """Open the workshop page and serve it until Ctrl-C."""
    say(
        "Membuka halaman lokakarya di peramban. Pertama kali perlu sekitar 20 detik lagi. Ctrl-C menutupnya.",
        "Opening the workshop page in the browser. The first time takes about 20 s more. Ctrl-C closes it.",
    )
    process = subprocess.Popen(sim112("workshop", *words), env=surroundings(), cwd=HERE)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the workshop has heard it too, and ends by itself


def check() -> int:
    """Try what a workshop needs, and fetch the page once."""
    for words in (["--version"], ["workshop", "--help"]):
        if subprocess.run(sim112(*words), env=surroundings(), cwd=HERE).returncode != 0:
            return failed()
    command = sim112("workshop", "--no-browser", "--port", "0")
    process = subprocess.Popen(
        command, env=surroundings(), cwd=HERE, stdout=subprocess.PIPE, text=True, errors="replace"
    )
    late = threading.Timer(CHECK_WITHIN_S, process.kill)
    late.start()
    try:
        told = (re.search(r"http://\S+/", line) for line in process.stdout or ())
        address = next(filter(None, told), None)
        if address is None:
            return failed()
        directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with directly.open(address[0], timeout=60) as answer:
            page = answer.read()
    finally:
        late.cancel()
        process.terminate()
        process.wait()
    if b"sim112" not in page:
        return failed()
    say("Semua berjalan baik.", "Everything works.")
    return 0


def failed() -> int:
    """Say so; the exit status."""
    say("Pemeriksaan gagal; baca BACA_DULU.txt.", "The check failed; read README.txt.")
    return 1


def sim112(*words: str) -> list[str]:
    """The command, by the environment's Python: it works also where the folder was moved."""
    return [str(PYTHON), "-m", "sim112", *words]


def surroundings() -> dict[str, str]:
    """The environment without what would bring in other packages; Indonesian unless chosen."""
    apart = ("PYTHONPATH", "PYTHONHOME")
    chosen = {"SIM112_LANG": os.environ.get("SIM112_LANG", "id"), "PIP_CONFIG_FILE": os.devnull}
    return {name: value for name, value in os.environ.items() if name not in apart} | chosen


def say(indonesian: str, english: str) -> None:
    """Say something in both languages."""
    print(f"{indonesian}\n{english}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
