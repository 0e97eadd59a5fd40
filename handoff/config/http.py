"""HTTP by Django, with a request's whole work on one thread that keeps its database connection.

Django's own ASGI handler starts a thread, and with it a connection, for every request, and crosses between loop and
thread several times: more work than most of our requests are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http import HTTPStatus
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from handoff.api.attachments import ADMITTED
from handoff.api.errors import status_of
from handoff.config import uploads
from handoff.config.requests import refuse_unread
from handoff.lib.errors import DomainError

# One that waits for the message batch holds its thread; PostgreSQL's pool has 20 connections for all threads.
THREADS: Final = 12
# Files that come in at once, each on the disk until it is whole.
UPLOADS: Final = 32
# Of these, checked and stored at once: pictures and scanners take their time, and everybody else needs threads too.
STORING: Final = 4
LENGTH: Final = b"content-length"
# What is a little too long is read to its end: a client whose body is cut off does not see why.
READ_ON_LIMIT: Final = 1024 * 1024

Receive = Callable[[], Awaitable[dict[str, Any]]]


class HttpHandler(ASGIHandler):
    """Answers requests to their end, also when the client has gone: as under WSGI, work is not cut in the middle."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="http")
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._held = uploads.Held()
        self._storing = asyncio.Semaphore(STORING)
        self.load_middleware()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            if uploads.is_upload(scope):
                response = await self._take_upload(scope, receive)
            else:
                body = await _read_body(scope, receive, limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
                response = await self._answer(_with_length(scope, len(body)), BytesIO(body))
        except RequestAborted:
            return
        except DomainError as error:
            response = _refuse(scope, error)
        await self.send_response(response, send)

    async def _take_upload(self, scope: dict[str, Any], receive: Receive) -> HttpResponseBase:
        """A file is read once the view has said that it would take it from this sender."""
        asked = await self._answer(uploads.as_question(scope), BytesIO())
        if asked.status_code != HTTPStatus.NO_CONTENT:
            await uploads.write_body(scope, receive, into=None)
            return asked
        if self._uploads.locked():
            raise DomainError("not_ready", "Too many files at once; try again.")
        with self._held.place(getattr(asked, "senders", ())):
            return await self._take_in(scope, receive)

    async def _take_in(self, scope: dict[str, Any], receive: Receive) -> HttpResponseBase:
        async with self._uploads:
            # Closed by the request that reads it.
            file = TemporaryFile()  # noqa: SIM115
            try:
                size = await uploads.write_body(scope, receive, into=file)
                await self._storing.acquire()
            except BaseException:
                file.close()
                raise
            try:
                return await self._answer(_with_length(scope | {ADMITTED: True}, size), file)
            finally:
                self._storing.release()

    async def _answer(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._respond, scope, body)

    def _respond(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        with closing(body) as stream:
            request, refusal = self.create_request(scope, stream)
            response: Any = refusal if request is None else self.get_response(request)
            response._handler_class = type(self)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                # Our own files are small; read here, they do not keep the loop or another thread busy.
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


def _with_length(scope: dict[str, Any], size: int) -> dict[str, Any]:
    """A body that came in chunks has no length of its own, and what has no length is read as nothing."""
    if not size or any(name == LENGTH for name, _ in scope["headers"]):
        return scope
    return scope | {"headers": [*scope["headers"], (LENGTH, str(size).encode())]}


def _refuse(scope: dict[str, Any], error: DomainError) -> HttpResponseBase:
    response = refuse_unread(scope, error.code, error.message, status=status_of(error))
    # What is left of the body stays unread, so nothing else can come on this connection.
    response["Connection"] = "close"
    return response


async def _replay(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
