"""Pages that are one file: styles and scripts put into their template, and what their policy calls them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

WEB = Path(__file__).parent / "web"


def style_of(files: Sequence[str]) -> str:
    """The styles of a page, one after another."""
    return "".join((WEB / name).read_text(encoding="utf-8") for name in files)


def script_of(files: Sequence[str]) -> str:
    """The scripts of a page as one strict script that leaves no names behind."""
    sources = [(WEB / name).read_text(encoding="utf-8") for name in files]
    return '"use strict";\n(() => {\n' + "\n".join(sources) + "\n})();\n"


def hash_of(text: str) -> str:
    """What a page's policy calls a script or style that may run."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def filled(template: str, fields: Mapping[str, str]) -> str:
    """A template of the pages with its fields put in."""
    text = (WEB / template).read_text(encoding="utf-8")
    for name, value in fields.items():
        text = text.replace("{{" + name + "}}", value)
    return text
