"""HTTP by Django, with a request's whole work on one thread that keeps its database connection.

Django's own ASGI handler starts a thread, and with it a connection, for every request, and crosses between loop and
thread several times: more work than most of our requests are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from typing import Any, Final

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from handoff.api.errors import status_of
from handoff.config.refusals import new_request_id, refuse
from handoff.lib.errors import DomainError

# One that waits for the message batch holds its thread; PostgreSQL's pool has 20 connections for all threads.
THREADS: Final = 12
LENGTH: Final = b"content-length"
# What is a little too long is read to its end: a client whose body is cut off does not see why.
READ_ON_LIMIT: Final = 1024 * 1024

Receive = Callable[[], Awaitable[dict[str, Any]]]


class HttpHandler(ASGIHandler):
    """Answers requests to their end, also when the client has gone: as under WSGI, work is not cut in the middle."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="http")
        self.load_middleware()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await _read_body(scope, receive, limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        except RequestAborted:
            return
        except DomainError as error:
            await self.send_response(_refuse(error), send)
            return
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._threads, self._respond, _with_length(scope, body), body)
        await self.send_response(response, send)

    def _respond(self, scope: dict[str, Any], body: bytes) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        with closing(BytesIO(body)) as stream:
            request, refusal = self.create_request(scope, stream)
            response: Any = refusal if request is None else self.get_response(request)
            response._handler_class = type(self)
            if isinstance(response, StreamingHttpResponse):
                # Our files are small; read here, they do not keep the loop or another thread busy.
                response.streaming_content = _replay(list(response))
            response.close()
        answer: HttpResponseBase = response
        return answer


async def _read_body(scope: dict[str, Any], receive: Receive, *, limit: int) -> bytes:
    """The whole body. Raises `too_long` and keeps no more than the limit: nobody has said yet who they are."""
    header = dict(scope["headers"]).get(LENGTH, b"")
    told = int(header[:20]) if header.isdigit() else 0
    body, size, more = bytearray(), 0, told <= READ_ON_LIMIT
    while more and size < READ_ON_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        part = message.get("body", b"")
        size, more = size + len(part), message.get("more_body", False)
        if size <= limit:
            body += part
    if max(size, told) > limit:
        raise DomainError("too_long", f"A body has at most {limit} bytes.")
    return bytes(body)


def _with_length(scope: dict[str, Any], body: bytes) -> dict[str, Any]:
    """A body that came in chunks has no length of its own, and what has no length is read as nothing."""
    if not body or any(name == LENGTH for name, _ in scope["headers"]):
        return scope
    return scope | {"headers": [*scope["headers"], (LENGTH, str(len(body)).encode())]}


def _refuse(error: DomainError) -> HttpResponseBase:
    response = refuse(error.code, error.message, status=status_of(error), request_id=new_request_id())
    # What is left of the body stays unread, so nothing else can come on this connection.
    response["Connection"] = "close"
    return response


async def _replay(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
