"""The emergency number 112 in Central Java, simulated from the first ring to the responder at the scene.

>>> import sim112
>>> print(sim112.run(sim112.scenario("all_35", "staffing=lean", "replications=5")))
>>> print(sim112.compare([sim112.scenario("dec_2021"), sim112.scenario("all_35")]))

A scenario can be given by its name: ``sim112.run("pati")``. The words are those of the command ``sim112``;
``sim112 --help`` explains them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim112.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from sim112.config.scenario import Scenario
    from sim112.study.run import compare, run
    from sim112.study.store import open_run

__version__ = "0.1.0"

__all__ = ["InputError", "__version__", "compare", "open_run", "run", "scenario"]


def scenario(name: str, *overrides: str, config_dir: Path | None = None) -> Scenario:
    """A shipped scenario, or one in ``config_dir``, with changes such as ``"clock=day"``.

    Raises InputError, one line, for a name, key or value that does not exist or is not allowed.
    """
    from sim112.config.scenario import compose

    return compose([f"scenario={name}", *overrides], config_dir)


def __getattr__(name: str) -> object:
    # Imported when first asked for: `sim112 --help` shall not wait for scipy.
    if name in ("compare", "run"):
        from sim112.study import run

        return getattr(run, name)
    if name == "open_run":
        from sim112.study.store import open_run

        return open_run
    raise AttributeError(f"module 'sim112' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
