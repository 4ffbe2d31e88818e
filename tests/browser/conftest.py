"""A real browser for the pages: the system's Chromium, driven by Playwright.

Where either is missing the tests are skipped with a word, but not where ``CI=true``: there they must run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser, closed when the tests are over."""
    missing = None
    path = next((found for found in map(shutil.which, NAMES) if found), None)
    if path is None:
        missing = f"no Chromium is installed ({', '.join(NAMES)})"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing = "playwright is not installed; pip install 'sim112[browser]'"
    if missing is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing}, and CI=true wants the browser tests")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        # Without its sandbox, as continuous integration often runs as root.
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
