"""What may ask the server: its own pages, under a name of this machine, in small pieces of JSON."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping

LARGEST_REQUEST = 20_000
"""Bytes of the largest request that is read. CHOICE: all regencies and sliders have under 2,000."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_own_name(asked: str, host: str) -> bool:
    """Whether a Host header names this machine: by address, or by a name that is its own.

    Any other name may be a stranger's, that was made to lead here (DNS rebinding).
    """
    name = _name_of(asked)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = {"localhost", host.lower()}
        if not is_loopback(host):
            own.add(socket.gethostname().lower())
        return name in own
    return True


def _name_of(authority: str) -> str:
    """The name in ``name:port`` or ``[address]:port``."""
    text = authority.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def refusal(method: str, headers: Mapping[str, str], host: str) -> int | None:
    """The status with which a request is refused before it is read; None where it may be."""
    asked = headers.get("host", "")
    if not is_own_name(asked, host):
        return 421
    if method not in ("GET", "HEAD", "POST"):
        return 405
    if method == "POST":
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != asked.strip().lower():
            return 403
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return 415
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            return 413
    return None
