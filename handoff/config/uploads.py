"""Files on their way in: asked about before a byte is read, and kept on the disk while they come."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final

from django.conf import settings
from django.core.exceptions import RequestAborted

from handoff.api.attachments import ASKED
from handoff.attachments.refusals import refuse
from handoff.lib.errors import DomainError

_PATH: Final = re.compile(r"/api/v1/(?:desk/)?handoffs/[^/]+/attachments")
# What a form puts around a file.
WRAPPING_BYTES: Final = 64 * 1024
# Written to the disk in pieces of this size, off the loop.
PIECE_BYTES: Final = 256 * 1024
# A sender that says nothing for this long has gone.
SILENCE_SECONDS: Final = 30
# And one that takes this long altogether keeps a place from somebody else: the largest file is through at 35 KB/s.
WHOLE_SECONDS: Final = 600
# What is a little too long is read to its end: a client whose body is cut off does not see why.
READ_ON_BYTES: Final = 1024 * 1024

# Who sends, with how many files at once they may: a sender may be slow, and hold a place for minutes.
Senders = Sequence[tuple[object, int]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Held:
    """The places that are taken in this process, by who took them."""

    def __init__(self) -> None:
        self._by: Counter[object] = Counter()

    @contextmanager
    def place(self, senders: Senders) -> Iterator[None]:
        """Raises `not_ready` for who has enough of them: one sender must not hold what all others need."""
        if any(self._by[sender] >= most for sender, most in senders):
            raise DomainError("not_ready", "Too many files at once; try again.")
        self._by.update(sender for sender, _ in senders)
        try:
            yield
        finally:
            self._by.subtract(sender for sender, _ in senders)
            self._by += Counter()


def is_upload(scope: dict[str, Any]) -> bool:
    return scope["method"] == "POST" and _PATH.fullmatch(scope["path"]) is not None


def told_length(scope: dict[str, Any]) -> int:
    header = dict(scope["headers"]).get(b"content-length", b"")
    return int(header[:20]) if header.isdigit() else 0


def as_question(scope: dict[str, Any]) -> dict[str, Any]:
    """The same request without its body: would the file be taken? Strangers must not fill the disk."""
    headers = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"content-type")]
    return scope | {"headers": headers, ASKED: max(0, told_length(scope) - WRAPPING_BYTES)}


def limit() -> int:
    most: int = settings.HANDOFF_ATTACHMENT_BYTES
    return most + WRAPPING_BYTES


async def write_body(scope: dict[str, Any], receive: Receive, *, into: IO[bytes] | None) -> int:
    """The body's length, once all of it is in the file; without one it is read and forgotten.

    Raises `attachment_too_large`, and RequestAborted for a sender that went away, fell silent or never comes to an end.
    """
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            return await _write_body(scope, receive, into)
    except TimeoutError:
        raise RequestAborted from None


async def _write_body(scope: dict[str, Any], receive: Receive, into: IO[bytes] | None) -> int:
    size, piece, more = 0, bytearray(), told_length(scope) <= limit() + READ_ON_BYTES
    while more and size <= limit() + READ_ON_BYTES:
        message = await _next(receive)
        part = message.get("body", b"")
        size, more = size + len(part), message.get("more_body", False)
        if into is not None and size <= limit():
            piece += part
            if len(piece) >= PIECE_BYTES:
                await asyncio.to_thread(into.write, bytes(piece))
                piece.clear()
    if max(size, told_length(scope)) > limit():
        raise refuse("attachment_too_large")
    if into is not None:
        await asyncio.to_thread(into.write, bytes(piece))
        into.seek(0)
    return size


async def _next(receive: Receive) -> dict[str, Any]:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            message = await receive()
    except TimeoutError:
        raise RequestAborted from None
    if message["type"] == "http.disconnect":
        raise RequestAborted
    return message
