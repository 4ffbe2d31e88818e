"""The command ``sim112``: verbs, and words that are scenarios or overrides.

Bad input ends with status 2 and one line on stderr, Ctrl-C with 130, a request to end with 143. Heavy imports
wait until a verb needs them, so that help comes at once.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import sim112
from sim112.cli.bundle import bundle
from sim112.cli.catalogue import scenarios, sources
from sim112.cli.language import CHOICE, language_of, speak, spoken, told, with_language
from sim112.cli.proofs import reproduce
from sim112.cli.replay import replay
from sim112.cli.report import report
from sim112.cli.staff import staff
from sim112.cli.studies import compare, run, sweep
from sim112.cli.template import template
from sim112.cli.validation import validate
from sim112.cli.words import nearest
from sim112.cli.workshop import workshop
from sim112.errors import InputError

BAD_INPUT = 2
INTERRUPTED = 130
TERMINATED = 143

LOOK_FOR_GARBAGE_EVERY = 50_000
"""New objects between two looks for garbage in circles. There is next to none, and looking as often as Python
does by itself takes a tenth of a short command's time.
"""

VERBS: dict[str, Callable[[list[str]], int | None]] = {
    "run": run,
    "compare": compare,
    "sweep": sweep,
    "reproduce": reproduce,
    "validate": validate,
    "report": report,
    "replay": replay,
    "workshop": workshop,
    "bundle": bundle,
    "staff": staff,
    "scenarios": scenarios,
    "sources": sources,
    "template": template,
}
"""Each verb takes the words after it; what it returns is the exit status, None where all is well."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(LOOK_FOR_GARBAGE_EVERY)
    atexit.register(gc.freeze)  # all that is left at the end goes with the process: no last look through it
    speak(language_of(words, os.environ))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console that has no ± shall still show the table
    try:
        try:
            return _told(words)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has what it wants.
        _print_no_more()
        return 0
    except OSError as error:
        _print_no_more()
        say, reason = spoken().say, told(error.strerror)
        if error.filename is None:
            print(say("cli.unprintable", reason=reason), file=sys.stderr)
        else:
            print(say("cli.unusable", place=error.filename, reason=reason), file=sys.stderr)
        return BAD_INPUT


def _told(words: list[str]) -> int:
    """Run one command and say in one line what ended it before its time."""
    with _ended_by_signals() as received:
        try:
            return _dispatch(words)
        except InputError as error:
            result = getattr(error, "result", None)  # what was simulated, where only saving it failed
            if result is not None:
                print(result)
                sys.stdout.flush()
            print(spoken().say("cli.error", message=told(error)), file=sys.stderr)
            return BAD_INPUT
        except KeyboardInterrupt as stop:
            message = told(str(stop) or "nothing of this run is saved")
            print(spoken().say("cli.stopped", message=message), file=sys.stderr)
            return TERMINATED if received else INTERRUPTED


@contextmanager
def _ended_by_signals() -> Iterator[list[int]]:
    """A request to end works as Ctrl-C does while a command runs; the signals that were received."""
    received: list[int] = []
    command = os.getpid()

    def stop(number: int, _: object) -> None:
        if os.getpid() != command:  # a process that was forked and has not begun its own life yet
            os._exit(128 + number)
        received.append(number)
        raise KeyboardInterrupt

    wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [number for number in wanted if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _print_no_more() -> None:
    """What is still in the buffer must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: list[str]) -> int:
    asked = [word for word in words if not word.startswith(CHOICE)]
    if not asked or asked[0] in ("-h", "--help", "help"):
        print(spoken().say("help.sim112"), end="")
        return 0
    if asked[0] == "--version":
        print(f"sim112 {sim112.__version__}")
        return 0
    verb, rest = asked[0], list(words)
    rest.remove(verb)
    if verb not in VERBS:
        raise InputError(f"there is no command {verb!r}; {nearest(verb, VERBS)}")
    return VERBS[verb](with_language(verb, rest)) or 0
