"""One socket from its handshake to its close: hello, snapshot, replay, live, commands."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from structlog.contextvars import bound_contextvars

from handoff.lib.errors import DomainError
from handoff.lib.rates import Bucket
from handoff.protocol.close_codes import CloseCode
from handoff.protocol.commands import AnyCommand, BadFrame, CommandRefused, Hello, Ping, Table, parse_hello
from handoff.realtime import limits, log, metrics
from handoff.realtime.roster import roster
from handoff.realtime.socket import Outlet
from handoff.realtime.threads import in_database
from handoff.realtime.wire import EXTENSION, Take, Wire

logger = logging.getLogger(__name__)

SUBPROTOCOL: Final = "handoff.v1"
FRAME_LIMIT: Final = 64 * 1024
BAD_FRAMES_ALLOWED: Final = 3
FAILED_RETRY_MS: Final = 2000
# The oldest of our own pages that this server speaks to, by major version; other names are not ours to judge.
OLDEST_CLIENTS: Final = {"panel": 1, "console": 1}
_CLIENT: Final = re.compile(r"(\w+)/(\d{1,6})(?!\d)")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Principal:
    """Who a socket speaks for: `key` groups a person's sockets, `grant` is what can be revoked."""

    role: str
    key: str
    grant: tuple[Any, ...]
    identity: Any


@dataclass(frozen=True)
class Start:
    """What a socket begins with; `heads` name every stream it may read, and where live starts."""

    snapshot: dict[str, Any]
    heads: dict[str, int] = field(default_factory=dict)
    # Handoffs among them that are read along only.
    reads_along: frozenset[str] = frozenset()


class SocketConsumer(AsyncWebsocketConsumer, ABC):  # type: ignore[misc]
    """The protocol of every socket; subclasses say who may enter, what they see and what they may ask.

    Its own receive loop replaces Channels' dispatch, which starts a task and hops threads for every event.
    """

    table: ClassVar[Table]
    outlet: Outlet
    principal: Principal

    # -- filled in by subclasses; all but `handle_inline` run on a database thread

    @abstractmethod
    def is_origin_allowed(self, origin: str | None) -> bool: ...

    def is_origin_known(self, origin: str | None) -> bool:
        """On the loop, without the database: True if there is no need to ask it."""
        return False

    @abstractmethod
    def authenticate(self, ticket: str, origin: str | None) -> Principal:
        """Who it is, noted as present. Raises DomainError: `forbidden` closes 4403, anything else 4401."""

    @abstractmethod
    def start(self, principal: Principal) -> Start: ...

    @abstractmethod
    def perform(self, command: AnyCommand) -> Answer: ...

    @abstractmethod
    def note_presence(self, principal: Principal) -> None: ...

    @abstractmethod
    def handle_inline(self, command: AnyCommand) -> bool:
        """Act on the loop without the database; True if that was all."""

    # -- the life of the socket

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Callable[..., Awaitable[None]]) -> None:
        self.scope, self._receive = scope, receive
        await receive()
        origin = _origin(scope)
        if roster.is_draining:
            await _send_elsewhere(scope, send)
            return
        if not await self._may_enter(origin):
            await send({"type": "websocket.close", "code": int(CloseCode.FORBIDDEN)})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        talk = asyncio.create_task(self._converse(origin, send))
        await asyncio.wait({talk})
        if not talk.cancelled() and (error := talk.exception()) is not None:
            logger.error("a socket failed", exc_info=error)

    async def _converse(self, origin: str | None, send: Callable[..., Awaitable[None]]) -> None:
        talk = asyncio.current_task()
        assert talk is not None  # noqa: S101
        # Once bye is out, or the client is gone, nobody waits for another frame.
        wire = self.scope.get("extensions", {}).get(EXTENSION)
        self._wire: Wire | None = wire
        self.outlet = Outlet(send, role="", on_closed=talk.cancel, **({"write": wire.write} if wire else {}))
        try:
            await self._serve(origin)
            await self._finish_closing()
        finally:
            if roster.remove(self.outlet):
                self.left()
            self.outlet.shut()

    async def _may_enter(self, origin: str | None) -> bool:
        if SUBPROTOCOL not in self.scope.get("subprotocols", []):
            return False
        return self.is_origin_known(origin) or await in_database(self.is_origin_allowed, origin)

    async def _serve(self, origin: str | None) -> None:
        try:
            if await self._greet(origin):
                await self._listen()
        except Exception:
            # A client that is told to come back does; one whose line only dies shows itself as connected.
            logger.exception("a socket failed")
            self.outlet.close(CloseCode.GOING_AWAY, retry_after_ms=FAILED_RETRY_MS)

    def left(self) -> None:
        """The socket is over; a subclass may tell the other side."""

    async def _greet(self, origin: str | None) -> bool:
        try:
            async with asyncio.timeout(settings.HANDOFF_SECONDS["HELLO"]):
                raw = await self._next_text()
            if raw is None:
                return False
            hello = parse_hello(raw)
            if _is_outdated(hello.client):
                self.outlet.close(CloseCode.UPGRADE_REQUIRED)
                return False
            self.principal, epoch, start = await in_database(self._arrive, hello.ticket, origin)
        except (TimeoutError, BadFrame):
            self.outlet.close(CloseCode.AUTH)
        except DomainError as error:
            self.outlet.close(CloseCode.FORBIDDEN if error.code == "forbidden" else CloseCode.AUTH)
        except DatabaseError:
            logger.exception("no snapshot for a new socket")
            self.outlet.close(CloseCode.GOING_AWAY, retry_after_ms=FAILED_RETRY_MS)
        else:
            self._welcome(hello, epoch, start)
            return True
        return False

    def _arrive(self, ticket: str, origin: str | None) -> tuple[Principal, str, Start]:
        """All that a new socket asks of the database, on one thread and one connection."""
        principal = self.authenticate(ticket, origin)
        return principal, log.epoch(), self.start(principal)

    def _welcome(self, hello: Hello, epoch: str, start: Start) -> None:
        self.outlet.role = self.principal.role
        roster.add(self.principal, self.outlet)
        cursors, reason = _resume(hello, start.heads, epoch)
        self.outlet.show(
            {
                "ev": "welcome",
                "epoch": epoch,
                "heartbeat_seconds": _heartbeat_seconds(),
                "snapshot": start.snapshot,
                "heads": start.heads,
            }
        )
        if reason is not None:
            self.outlet.show({"ev": "resync", "reason": reason})
        self.outlet.reads_along |= start.reads_along
        self.outlet.follow(start.heads | cursors, known=start.heads)
        self.entered()

    def entered(self) -> None:
        """The socket is live; a subclass may tell the other side."""

    async def _listen(self) -> None:
        self._bad_frames = 0
        self._bucket = Bucket(limits.FRAMES_BURST, limits.FRAMES_SECONDS, at=time.monotonic())
        self._begun: AnyCommand | None = None
        while self.outlet.closing is None:
            raw = await self._next_text(take=self._take)
            # A client that does not take its bye must not go on asking.
            if raw is None or self.outlet.closing is not None:
                return
            if (command := self._pick_up(raw)) is not None:
                await self._handle(command)

    def _take(self, raw: str) -> bool:
        """Act on a frame as it arrives; False if the loop above has to go on with it."""
        command = self._understand(raw) if self.outlet.closing is None else None
        if command is None or self._handle_at_once(command):
            return True
        self._begun = command
        return False

    def _pick_up(self, raw: str) -> AnyCommand | None:
        """What `_take` has read of this frame already, else what is in it."""
        begun, self._begun = self._begun, None
        return begun or self._understand(raw)

    def _understand(self, raw: str) -> AnyCommand | None:
        """The command in a frame; None if it was refused, or the socket is closed for it."""
        if self._bucket.take(time.monotonic()):
            self.outlet.close(CloseCode.RATE, retry_after_ms=10_000)
            return None
        try:
            return self.table.parse(raw)
        except BadFrame as error:
            self._bad_frames += 1
            self.refuse(None, error)
            if self._bad_frames >= BAD_FRAMES_ALLOWED:
                self.outlet.close(CloseCode.BAD_FRAME)
        except CommandRefused as error:
            self.refuse(error.command_id, error)
        return None

    async def _handle(self, command: AnyCommand) -> None:
        if isinstance(command, Ping):
            self.outlet.show({"ev": "pong"})
            await self._in_database_quietly(self.note_presence, self.principal)
        elif not self._handle_at_once(command):
            try:
                await self.settle()
                with bound_contextvars(command=command.id):
                    self.acknowledge(command.id, await in_database(self.perform, command))
            except Exception as error:
                self._refuse_for(command.id, error)

    def _handle_at_once(self, command: AnyCommand) -> bool:
        """True if the command is done with, or under way without this socket's waiting for it."""
        if isinstance(command, Ping):
            return False
        try:
            return self.handle_inline(command)
        except Exception as error:
            self._refuse_for(command.id, error)
            return True

    def _refuse_for(self, command_id: str, error: Exception) -> None:
        if not isinstance(error, DomainError):
            # As over HTTP: what nobody anticipated is refused, and does not end the talk that goes on around it.
            logger.error("a command was not saved", exc_info=error)
            error = DomainError("not_saved", "It could not be saved; nothing was done. Try again.")
        self.refuse(command_id, error)

    async def settle(self) -> None:
        """Wait for what this socket sent before, so that its commands take effect in its order."""

    async def _in_database_quietly(self, work: Callable[[Principal], None], principal: Principal) -> None:
        try:
            await in_database(work, principal)
        except DatabaseError:
            logger.warning("a sign of life was not saved", exc_info=True)

    def has_other_sockets(self) -> bool:
        """True if this person is connected here by another socket too."""
        return roster.count(self.principal.key, besides=self.outlet) > 0

    def acknowledge(self, command_id: str, result: Answer) -> None:
        self.outlet.show({"ev": "ack", "id": command_id, "result": result})

    def refuse(self, command_id: str | None, error: DomainError) -> None:
        metrics.count_refusal("socket", error.code)
        frame = {"ev": "error", "id": command_id, "code": error.code, "message": error.message}
        self.outlet.show(frame | ({"fields": error.fields} if error.fields else {}))

    async def _next_text(self, *, take: Take | None = None) -> str | None:
        """The next text frame that `take` did not take, "" for a binary one, or None when the socket is over."""
        message = await self._receive() if self._wire is None else await self._receive_over(self._wire, take)
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        if text is None:
            return ""
        if len(text) > FRAME_LIMIT:
            self.outlet.close(CloseCode.TOO_BIG)
            return None
        return cast(str, text)

    async def _receive_over(self, wire: Wire, take: Take | None) -> dict[str, Any]:
        wire.take = take
        try:
            return await self._receive()
        finally:
            # What arrives while this frame is handled stands behind it.
            wire.take = None

    async def _finish_closing(self) -> None:
        if self.outlet.closing is not None:
            try:
                async with asyncio.timeout(2):
                    await self.outlet.closed.wait()
            except TimeoutError:
                logger.info("a socket did not take its bye")


def _is_outdated(client: str | None) -> bool:
    """True for a page of ours that was loaded before a deploy it cannot live with; a new one is a reload away."""
    named = _CLIENT.match(client or "")
    return named is not None and int(named[2]) < OLDEST_CLIENTS.get(named[1], 0)


async def _send_elsewhere(scope: dict[str, Any], send: Callable[..., Awaitable[None]]) -> None:
    """A proxy that is told 503 asks the next server; daphne can refuse a handshake with 403 alone."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": int(CloseCode.GOING_AWAY)})
        return
    headers = [(b"retry-after", b"1"), (b"content-length", b"0")]
    await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})


def _heartbeat_seconds() -> float:
    """As configured, and often enough for what is kept alive by it."""
    seconds = settings.HANDOFF_SECONDS
    return min(seconds["HEARTBEAT"], seconds["LEASE"] / 2, seconds["SESSION_IDLE"] / 2)


def _origin(scope: dict[str, Any]) -> str | None:
    """The Origin header; two of them count as one that matches nothing."""
    found = [value for name, value in scope["headers"] if name == b"origin"]
    return b",".join(found).decode("latin-1") if found else None


def _resume(hello: Hello, heads: dict[str, int], epoch: str) -> tuple[dict[str, int], str | None]:
    """The cursors to go on from, and why the client has to start anew instead, if it has to."""
    if hello.resume is None:
        return {}, None
    if hello.resume.epoch != epoch:
        return {}, "epoch_changed"
    known = {stream: cursor for stream, cursor in hello.resume.cursors.items() if stream in heads}
    if any(cursor > heads[stream] for stream, cursor in known.items()):
        return {}, "ahead"
    if any(heads[stream] - cursor > log.REPLAY_LIMIT for stream, cursor in known.items()):
        return {}, "too_old"
    return known, None
