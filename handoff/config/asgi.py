"""The ASGI application: HTTP by Django, sockets by the consumers, lifespan by neither."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")

import django

django.setup(set_prefix=False)

from handoff.config import health, sockets  # noqa: E402
from handoff.config.background import background  # noqa: E402
from handoff.config.http import HttpHandler  # noqa: E402
from handoff.realtime.roster import roster  # noqa: E402

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_answer = HttpHandler()
# Said by the loop: when every thread waits for the database is when these are wanted.
_ANSWERS = {"/healthz": health.answer_alive, "/readyz": health.answer_ready}


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Starts the background work with the first thing that arrives: daphne knows no lifespan."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    background.ensure_started()
    if scope["type"] == "websocket":
        await sockets.serve(scope, receive, send)
    elif scope["path"] in _ANSWERS:
        await _ANSWERS[scope["path"]](send)
    else:
        await _answer(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            background.ensure_started()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            # Its server has seen its sockets off already; under another one this is the last moment to.
            await roster.drain()
            background.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
