"""The verb ``workshop``: a local page on which people switch 112 on and off and see what it changes."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser
from pathlib import Path

from sim112.cli.language import spoken
from sim112.cli.words import add_config_dir, check_no_compare_keys, groups_help, parser_of
from sim112.errors import InputError

HOST = "127.0.0.1"
PORT = 8112


def workshop(words: list[str]) -> None:
    """``sim112 workshop``: get everything ready, open the page, and serve it until Ctrl-C."""
    parser, say = parser_of("workshop", epilog=groups_help()), spoken().say
    parser.add_argument("words", nargs="*", metavar="key=value", help=say("cli.workshop_words"))
    add_config_dir(parser)
    parser.add_argument("--host", default=HOST, help=say("cli.workshop_host"))
    parser.add_argument("--port", type=int, default=PORT, help=say("cli.workshop_port"))
    parser.add_argument(
        "--no-browser", dest="browser", action="store_false", help=say("cli.workshop_no_browser")
    )
    given = parser.parse_intermixed_args(words)
    for word in given.words:
        if "=" not in word:
            raise InputError(f"{word!r} changes no value; scenarios are chosen on the page, give key=value")
        if word.startswith("scenario="):
            raise InputError(f"{word!r}: scenarios are chosen on the page; leave it out")
    check_no_compare_keys(given.words, "workshop")
    listening = listen(given.host, given.port)
    try:
        _serve(listening, given.words, given.config_dir, given.host, given.browser)
    except KeyboardInterrupt:  # the way to end it
        pass
    finally:
        listening.close()
    print(say("cli.workshop_closed"), file=sys.stderr)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises InputError where none can."""
    if not 0 <= port <= 65535:
        raise InputError(f"--port {port}: ports go from 0 to 65535; give one of them")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(
            f"--host {host} --port {port}: cannot listen there ({error.strerror}); give another port"
        ) from None


def _serve(
    listening: socket.socket, words: list[str], config_dir: Path | None, host: str, browser: bool
) -> None:
    import uvicorn

    from sim112.views.words import words as words_of
    from sim112.views.workshop.choices import offer_of
    from sim112.views.workshop.guard import is_loopback
    from sim112.views.workshop.server import app_of, opened

    say = spoken().say
    print(say("cli.workshop_ready_soon"), file=sys.stderr)
    offer = offer_of(tuple(words), config_dir)
    lang = next(iter(offer.scenarios.values())).lang
    workshop = opened(offer, host, words_of(lang).lang)
    try:
        port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{'localhost' if host in ('0.0.0.0', '::') else shown}:{port}/"
        if not is_loopback(host):
            print(say("cli.workshop_warning", host=host), file=sys.stderr)
        print(say("cli.workshop_open", address=address), flush=True)
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        config = uvicorn.Config(
            app_of(workshop),
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        workshop.close()
