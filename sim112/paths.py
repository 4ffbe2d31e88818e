"""Where the configuration and the built tables are, installed or in a checkout."""

from pathlib import Path

from sim112.errors import InputError

PACKAGE = Path(__file__).resolve().parent


def configs_dir() -> Path:
    """The folder of Hydra groups: ``configs/`` in a checkout, ``sim112/configs`` when installed.

    Raises InputError where neither is there.
    """
    for folder in (PACKAGE / "configs", PACKAGE.parent / "configs"):
        if (folder / "config.yaml").is_file():
            return folder
    raise InputError(
        f"no configs folder in {PACKAGE} or beside it; install sim112 again, or run in a checkout"
    )


def data_dir(area: str = "central_java") -> Path:
    """The folder of the built tables of an area that comes with the package."""
    return PACKAGE / "data" / area
