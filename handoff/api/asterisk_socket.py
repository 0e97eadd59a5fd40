"""Asterisk's own socket: its outgoing ARI WebSocket ends here, and carries events, requests and their answers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from handoff.lib.errors import NotFound
from handoff.realtime.threads import with_connection
from handoff.telephony import registry
from handoff.telephony.backends.asterisk import AsteriskProvider

logger = logging.getLogger(__name__)

PROTOCOL: Final = "ari"
TICK_SECONDS: Final = 0.5
FORBIDDEN: Final = 4403

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """One instance of Asterisk, for as long as it stays. No page opens this socket, so no Origin is asked for."""
    await receive()
    provider = _provider()
    if provider is None or not _is_known(scope, provider):
        await send({"type": "websocket.close", "code": FORBIDDEN})
        return
    offered = PROTOCOL if PROTOCOL in scope.get("subprotocols", []) else None
    await send({"type": "websocket.accept", "subprotocol": offered})
    await _live(provider, receive, send)


async def _live(provider: AsteriskProvider, receive: Receive, send: Send) -> None:
    loop = asyncio.get_running_loop()

    def send_text(text: str) -> None:
        """From any thread. Sent in the order of the calls."""
        loop.call_soon_threadsafe(outgoing.put_nowait, text)

    outgoing: asyncio.Queue[str] = asyncio.Queue()
    link = provider.open_link(send_text, run=with_connection)
    tasks = [asyncio.create_task(_write(outgoing, send)), asyncio.create_task(_tick(link.tick))]
    logger.info("an Asterisk has connected")
    try:
        while (message := await receive())["type"] == "websocket.receive":
            link.take(message.get("text") or "")
    finally:
        provider.close_link(link)
        for task in tasks:
            task.cancel()
        logger.warning("an Asterisk has gone")


async def _write(outgoing: asyncio.Queue[str], send: Send) -> None:
    while True:
        text = await outgoing.get()
        with contextlib.suppress(OSError, RuntimeError):
            # A socket that has gone is noticed by its reader; whoever waits for an answer is told then.
            await send({"type": "websocket.send", "text": text})


async def _tick(tick: Callable[[], None]) -> None:
    """Digits that stop coming, and a 1 that is not pressed, are seen here."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
        tick()


def _provider() -> AsteriskProvider | None:
    try:
        provider = registry.get("asterisk")
    except NotFound:
        return None
    return provider if isinstance(provider, AsteriskProvider) else None


def _is_known(scope: dict[str, Any], provider: AsteriskProvider) -> bool:
    """By HTTP basic authentication, compared in constant time."""
    given = dict(scope["headers"]).get(b"authorization", b"")
    kind, _, token = given.partition(b" ")
    try:
        credentials = base64.b64decode(token, validate=True) if kind.lower() == b"basic" else b""
    except binascii.Error:
        credentials = b""
    return hmac.compare_digest(credentials, f"{provider.user}:{provider.password}".encode())
