"""The server of the workshop page: it hands out the page, streams answers, and saves scenarios.

An answer is a stream of lines of JSON, one after each stage of replications. What is computed in this process
(composing, checking, comparing) goes one after another through a thread; simulating goes to ``Workers``.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sim112.config.composition import suggestion
from sim112.config.scenario import Scenario
from sim112.errors import InputError
from sim112.study.kpis import Measures
from sim112.study.replication import check, engine_for
from sim112.views.words import LANGS, Lang, words
from sim112.views.words.messages import told_in
from sim112.views.workshop.answers import FIRST_LOOK, answer, stages_of
from sim112.views.workshop.choices import Choice, Offer, choice_from, scenarios_of
from sim112.views.workshop.guard import HEADERS, LARGEST_REQUEST, refusal
from sim112.views.workshop.page import page
from sim112.views.workshop.saving import check_name, command, save, scenario_file
from sim112.views.workshop.workers import KEPT_CHOICES, Workers

MOST_VISITORS = KEPT_CHOICES
"""People who are answered at the same time; others wait. A process keeps so many worlds ready."""

RETRY_AFTER_S = 2

ANY_RUNS = 1000
"""Runs that a workshop is taken to make, for the choice of the engine. CHOICE: minutes of use."""

Made = TypeVar("Made")


@dataclass(eq=False)
class Workshop:
    """What a running server holds.

    ``answered`` has the newest request of each visitor, while it is answered.
    """

    offer: Offer
    workers: Workers
    host: str
    lang: Lang
    answered: dict[str, int] = field(default_factory=dict)
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    async def compute(self, work: Callable[[], Made]) -> Made:
        """Do what takes a moment without keeping others waiting."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    def is_newest(self, visitor: str, number: int) -> bool:
        return self.answered.get(visitor) == number

    def leave(self, visitor: str, number: int) -> None:
        if self.is_newest(visitor, number):
            del self.answered[visitor]

    def close(self) -> None:
        self.thread.shutdown(wait=True, cancel_futures=True)
        self.workers.close()


def opened(offer: Offer, host: str, lang: Lang) -> Workshop:
    """Everything made ready before the first visitor: machine code, worlds, processes."""
    first = next(iter(offer.scenarios.values()))
    # so many runs as make it worth while to compile, unless another engine is asked for
    engine = engine_for(first, ANY_RUNS, progress=True)
    count = first.workers or os.cpu_count() or 1
    workshop = Workshop(offer, Workers(count, engine), host, lang)
    text = first.model_dump_json()
    for future in [workshop.workers.submit(text, text, number) for number in range(count)]:
        future.result()
    for name in LANGS:
        page(offer, name, offer.config_dir is not None)
    return workshop


@dataclass(frozen=True)
class Asked:
    """One request of a visitor: each has a name that the page made up, and numbers its requests."""

    visitor: str
    number: int
    lang: Lang
    choice: Choice


def app_of(workshop: Workshop) -> ASGIApp:
    """The application, behind its guard."""
    routes = [
        Route("/", partial(_told, workshop, show_page)),
        Route("/answers", partial(_told, workshop, stream_answers), methods=["POST"]),
        Route("/scenario", partial(_told, workshop, save_scenario), methods=["POST"]),
    ]
    return guarded(Starlette(routes=routes), workshop.host)


def guarded(app: ASGIApp, host: str) -> ASGIApp:
    """Refuse what may not ask; put the headers of safety on all that is sent."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
                ]
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status = refusal(scope["method"], headers, host)
        if status is not None:
            await Response(status_code=status)(scope, receive, send_safely)
        else:
            await app(scope, receive, send_safely)

    return guard


async def _told(
    workshop: Workshop, handler: Callable[[Workshop, Request], Awaitable[Response]], request: Request
) -> Response:
    """Answer a request, and say in one line, as the command line does, what is wrong with it."""
    try:
        return await handler(workshop, request)
    except InputError as error:
        message = told_in(str(error), _lang_of(request.headers.get("x-lang"), workshop.lang))
        return JSONResponse({"error": message}, status_code=400)
    except ClientDisconnect:
        return Response(status_code=400)


def _lang_of(given: object, otherwise: Lang) -> Lang:
    return next((lang for lang in LANGS if lang == given), otherwise)


async def show_page(workshop: Workshop, request: Request) -> Response:
    """The page itself."""
    lang = _lang_of(request.query_params.get("lang"), workshop.lang)
    text, policy = page(workshop.offer, lang, workshop.offer.config_dir is not None)  # made at the start
    return Response(text, media_type="text/html", headers={"Content-Security-Policy": policy})


# ---- answers -----------------------------------------------------------------------------------------------


async def stream_answers(workshop: Workshop, request: Request) -> Response:
    """Answer a choice after each stage of replications, until all are done or something newer is asked."""
    lang = _lang_of(request.headers.get("x-lang"), workshop.lang)
    asked = _asked(await _content(request), lang)
    say = words(asked.lang).say
    known = workshop.answered.get(asked.visitor)
    if known is None and len(workshop.answered) >= MOST_VISITORS:
        return JSONResponse(
            {"error": say("workshop.busy", number=MOST_VISITORS)},
            status_code=503,
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    if known is not None and known >= asked.number:
        return JSONResponse({"error": say("workshop.outdated")}, status_code=409)
    workshop.answered[asked.visitor] = asked.number
    try:
        pair = await workshop.compute(partial(_checked, workshop.offer, asked.choice))
    except BaseException:
        workshop.leave(asked.visitor, asked.number)
        raise
    return StreamingResponse(_answers(workshop, asked, pair), media_type="application/x-ndjson")


def _asked(content: Any, lang: Lang) -> Asked:
    if not isinstance(content, dict):
        raise InputError("the request is no choice; send an object of JSON")
    for key in content:
        if key not in (known := ("visitor", "number", "choice")):
            raise InputError(f"{str(key)[:60]!r} is no part of a request; {suggestion(str(key), known)}")
    visitor, number = content.get("visitor"), content.get("number")
    if not isinstance(visitor, str) or not 0 < len(visitor) <= 64:
        raise InputError("visitor is missing or too long; give a text of at most 64 letters")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise InputError("number is no whole number from 0 on; count the requests")
    return Asked(visitor, number, lang, choice_from(content.get("choice")))


def _checked(offer: Offer, choice: Choice) -> tuple[Scenario, Scenario]:
    pair = scenarios_of(offer, choice)
    for scenario in pair:
        check(scenario)
    return pair


async def _answers(workshop: Workshop, asked: Asked, pair: tuple[Scenario, Scenario]) -> AsyncIterator[bytes]:
    before, after = (scenario.model_dump_json() for scenario in pair)
    total = pair[0].replications
    stages = stages_of(total)
    results: dict[int, list[Measures]] = {}
    pending: dict[asyncio.Future[list[Measures]], int] = {}
    try:
        while stages:
            # what a visitor sees first goes before what makes it surer for another
            is_first_look = len(results) + len(pending) < FIRST_LOOK or len(workshop.answered) == 1
            most = workshop.workers.count if is_first_look else 1
            while len(pending) < most and len(results) + len(pending) < total:
                number = len(results) + len(pending)
                future = asyncio.wrap_future(workshop.workers.submit(before, after, number))
                pending[future] = number
            done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                results[pending.pop(future)] = future.result()
            if not workshop.is_newest(asked.visitor, asked.number):
                return
            first_missing = next(number for number in range(total + 1) if number not in results)
            reached = [stage for stage in stages if stage <= first_missing]
            if reached:
                stages = stages[len(reached) :]
                measured = [results[number] for number in range(reached[-1])]
                found = await workshop.compute(partial(answer, measured))
                yield _line({"number": asked.number, "of": total, **found})
    except BrokenProcessPool:
        workshop.workers.replace()
        yield _line({"number": asked.number, "error": words(asked.lang).say("workshop.ended")})
    finally:
        for future in pending:
            future.cancel()
        workshop.leave(asked.visitor, asked.number)


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


# ---- saving ------------------------------------------------------------------------------------------------


async def save_scenario(workshop: Workshop, request: Request) -> Response:
    """The second scenario of a choice as a file: sent, or written where the command names a folder."""
    content = await _content(request)
    if not isinstance(content, dict) or not {"name", "choice"} >= content.keys():
        raise InputError("the request is no scenario to save; send its name and choice")
    offer = workshop.offer
    name, choice = check_name(offer, content.get("name")), choice_from(content.get("choice"))
    if offer.config_dir is None:
        text = await workshop.compute(partial(scenario_file, offer, choice, name))
        return JSONResponse({"file": text, "command": command(offer, choice, name)})
    path = await workshop.compute(partial(save, offer, choice, name))
    folder = str(offer.config_dir)
    return JSONResponse({"path": str(path), "command": command(offer, choice, name, folder)})


async def _content(request: Request) -> Any:
    """What was sent, as plain data. Raises InputError where it is too long or no JSON."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_REQUEST:
            raise InputError(f"the request is longer than {LARGEST_REQUEST} bytes; send less")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("the request is no JSON; send an object of JSON") from None
