"""HTTP by Django, with a request's whole work on one thread that keeps its database connection.

Django's own ASGI handler starts a thread, and with it a connection, for every request, and crosses between loop and
thread several times: more work than most of our requests are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import IO, Any, Final

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

# One that waits for the message batch holds its thread; PostgreSQL's pool has 20 connections for all threads.
THREADS: Final = 12


class HttpHandler(ASGIHandler):
    """Answers requests to their end, also when the client has gone: as under WSGI, work is not cut in the middle."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="http")
        self.load_middleware()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()
        await self.send_response(await loop.run_in_executor(self._threads, self._respond, scope, body), send)

    def _respond(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        with closing(body):
            request, refusal = self.create_request(scope, body)
            response: Any = refusal if request is None else self.get_response(request)
            response._handler_class = type(self)
            if isinstance(response, StreamingHttpResponse):
                # Our files are small; read here, they do not keep the loop or another thread busy.
                response.streaming_content = _replay(list(response))
            response.close()
        answer: HttpResponseBase = response
        return answer


async def _replay(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
