"""One socket's outgoing side: cursors, gaps, a bounded outbox, and one writer."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from typing import Any, Final

import msgspec
from django.db import DatabaseError

from handoff.protocol.close_codes import BYE_CODES, CloseCode
from handoff.protocol.events import STREAM_OPENING, HandoffUnassigned, HandoffUnwatched, HandoffWatched
from handoff.realtime import log, metrics, streams
from handoff.realtime.delivery import Delivered, hub
from handoff.realtime.packets import pack
from handoff.realtime.threads import in_database

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]
# Writes one packed frame at once, or answers False.
Write = Callable[[bytes], bool]

# Frames a slow reader may owe before it is closed: some megabytes at the very most.
OUTBOX_LIMIT: Final = 2000
# Two processes' hints may cross; most gaps close by themselves in this time.
GAP_PATIENCE_SECONDS: Final = 0.03
CATCH_UP_BATCH: Final = 200
# A client that has not taken its bye by then is given up.
BYE_SECONDS: Final = 2

_SHUTTING: Final = frozenset({HandoffUnassigned.TYPE, HandoffUnwatched.TYPE})
# Over, and not taken away: what was committed with it is still this reader's.
_READ_TO_THE_END: Final = frozenset({"closed"})

_encoder = msgspec.json.Encoder()


class Outlet:
    """Everything that goes to one client, in order; `deliver` and `show` never wait."""

    def __init__(
        self, send: Send, *, role: str, on_closed: Callable[[], object], write: Write = lambda packet: False
    ) -> None:
        self.role = role
        self.cursors: dict[str, int] = {}
        # The last word on the other side of each talk, and when it was said on the loop's clock.
        self.presence: dict[str, tuple[str, float]] = {}
        # Handoffs that are read along, which are not this person's to speak in.
        self.reads_along: set[str] = set()
        self.closing: CloseCode | None = None
        self.closed = asyncio.Event()
        self._send = send
        self._write_now = write
        self._on_closed = on_closed
        self._retry_after_ms: int | None = None
        self._outbox: deque[bytes] = deque()
        # Streams that are being read from the database; hints for them wait until that is done.
        self._behind: dict[str, int] = {}
        # Of them, those that wait for a gap to close by itself, with what came early.
        self._early: dict[str, dict[int, Delivered]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Only while something has to go out in turn: whatever comes meanwhile has to follow it.
        self._writer: asyncio.Task[None] | None = None

    # -- frames

    def put(self, frame: bytes, *, packet: bytes | None = None) -> None:
        """Send JSON at once where the server can, else in turn; `packet` is the same, packed."""
        if self.closing is not None:
            return
        if self._writer is None and self._write_now(packet or pack(frame)):
            return
        if len(self._outbox) >= OUTBOX_LIMIT:
            self._outbox.clear()
            self.close(CloseCode.TOO_SLOW)
            return
        self._outbox.append(frame)
        self._ensure_writing()

    def show(self, frame: dict[str, Any]) -> None:
        if frame["ev"] == "presence":
            self.presence[frame["handoff"]] = (frame["status"], asyncio.get_running_loop().time())
        self.put(_encoder.encode(frame))

    def close(self, code: CloseCode, *, retry_after_ms: int | None = None) -> None:
        """Say `bye` after what is already in the outbox, then close."""
        if self.closing is None:
            self.closing, self._retry_after_ms = code, retry_after_ms
            metrics.CLOSED.labels(BYE_CODES[code]).inc()
            asyncio.get_running_loop().call_later(BYE_SECONDS, self._ensure_writing().cancel)

    # -- streams

    def follow(self, cursors: Mapping[str, int], *, known: Mapping[str, int] | None = None) -> None:
        """Listen to these streams from these cursors on, and fetch whatever came in between.

        `known` are the heads that were read before; what is behind them is fetched without another look.
        """
        fresh = {stream: cursor for stream, cursor in cursors.items() if stream not in self.cursors}
        for stream, cursor in fresh.items():
            self.cursors[stream] = cursor
            hub.subscribe(stream, self)
        behind = {stream: head for stream, head in (known or {}).items() if fresh.get(stream, head) < head}
        for stream, head in behind.items():
            self._catch_up_soon(stream, known=head)
        if rest := fresh.keys() - behind.keys():
            self._spawn(self._look(rest))

    async def _look(self, names: Collection[str]) -> None:
        """One look at the counters, now that every hint is heard: nothing came in between, or it is fetched."""
        try:
            self._catch_up_with(await in_database(log.heads_of, names))
        except DatabaseError:
            logger.warning("the counters could not be read; the poll tries again", exc_info=True)

    def leave(self, stream: str) -> None:
        if self.cursors.pop(stream, None) is not None:
            hub.unsubscribe(stream, self)
            if self._early.pop(stream, None) is not None:
                self._behind.pop(stream, None)

    def deliver(self, entry: Delivered) -> None:
        cursor = self.cursors.get(entry.stream)
        if cursor is None or entry.seq <= cursor:
            return
        if entry.stream in self._early:
            self._hold(entry)
        elif entry.stream in self._behind:
            self._behind[entry.stream] = max(self._behind[entry.stream], entry.seq)
        elif entry.seq == cursor + 1:
            self._apply(entry)
        else:
            self._early[entry.stream] = {entry.seq: entry}
            self._behind[entry.stream] = entry.seq
            self._spawn(self._close_gap(entry.stream))

    def _hold(self, entry: Delivered) -> None:
        """Behind a gap; with what closes it, everything goes out in order, and nothing has to be read."""
        stream, early = entry.stream, self._early[entry.stream]
        early[entry.seq] = entry
        self._behind[stream] = max(self._behind[stream], entry.seq)
        while stream in self.cursors and (following := early.pop(self.cursors[stream] + 1, None)):
            self._apply(following)
        if not early and self._early.get(stream) is early:
            del self._early[stream], self._behind[stream]

    def check(self, heads: Mapping[str, int]) -> None:
        """Compare with the database's counters: heals a reader whose last hint was lost."""
        metrics.HEALED.inc(self._catch_up_with(heads))

    def _catch_up_with(self, heads: Mapping[str, int]) -> int:
        """How many of its streams were behind these counters; they are read on."""
        # Its own streams and not the heads: those are of every socket here.
        missed = {
            stream: heads[stream]
            for stream, cursor in self.cursors.items()
            if stream not in self._behind and heads.get(stream, cursor) > cursor
        }
        own = {stream: head for stream, head in missed.items() if streams.handoff_id_of(stream) is None}
        if own and len(own) < len(missed):
            # Their own stream first: it may say that the others are not theirs to read any more.
            self._spawn(self._catch_up_in_turn(own, missed))
        else:
            for stream, head in missed.items():
                self._catch_up_soon(stream, known=head)
        return len(missed)

    async def _catch_up_in_turn(self, first: Mapping[str, int], rest: Mapping[str, int]) -> None:
        for stream, head in first.items():
            if stream not in self._behind:
                self._behind[stream] = head
                await self._catch_up(stream)
        for stream, head in rest.items():
            if stream not in self._behind and head > self.cursors.get(stream, head):
                self._catch_up_soon(stream, known=head)

    def _apply(self, entry: Delivered) -> None:
        self.cursors[entry.stream] = entry.seq
        self.put(entry.frame, packet=entry.packet)
        if entry.type in STREAM_OPENING:
            self._open(entry)
        elif entry.type in _SHUTTING and (handoff_id := entry.data.get("id")):
            if entry.type == HandoffUnwatched.TYPE and entry.data.get("reason") in _READ_TO_THE_END:
                self._spawn(self._read_out(handoff_id))
            else:
                self.shut_handoff(handoff_id)

    def _open(self, entry: Delivered) -> None:
        if entry.type == HandoffWatched.TYPE and entry.data:
            self.reads_along.add(entry.data["handoff"]["id"])
        self.follow(entry.data.get("heads", {}))

    async def _read_out(self, handoff_id: str) -> None:
        """Read what these streams still hold, then leave them."""
        for stream in (streams.handoff(handoff_id), streams.desk(handoff_id)):
            while stream in self._behind:
                # Two that read one stream would say everything twice.
                await asyncio.sleep(GAP_PATIENCE_SECONDS)
            if stream in self.cursors:
                self._behind[stream] = 0
                await self._catch_up(stream)
        self.shut_handoff(handoff_id)

    def shut_handoff(self, handoff_id: str) -> None:
        """It is not theirs to read any more."""
        self.reads_along.discard(handoff_id)
        self.presence.pop(handoff_id, None)
        self.leave(streams.handoff(handoff_id))
        self.leave(streams.desk(handoff_id))

    def _catch_up_soon(self, stream: str, *, known: int) -> None:
        self._behind[stream] = known
        self._spawn(self._catch_up(stream))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close_gap(self, stream: str) -> None:
        """Read what is missing, unless it comes in a moment; what came early is read with it then."""
        early = self._early.get(stream)
        await asyncio.sleep(GAP_PATIENCE_SECONDS)
        if early is not None and self._early.get(stream) is early:
            del self._early[stream]
            metrics.CATCH_UPS.inc()
            await self._catch_up(stream)

    async def _catch_up(self, stream: str) -> None:
        try:
            while (cursor := self.cursors.get(stream)) is not None:
                known = self._behind[stream]
                entries = await in_database(log.read_after, stream, cursor, limit=CATCH_UP_BATCH)
                for entry in entries:
                    if stream in self.cursors:
                        self._apply(entry)
                if len(entries) < CATCH_UP_BATCH and self.cursors.get(stream, 0) >= self._behind[stream]:
                    break
                if not entries and self._behind[stream] == known:
                    # The hint ran ahead of what this connection can see, or lied; the poll looks again.
                    # One that came during the read is news: its entry was committed after the read began.
                    break
        except DatabaseError:
            logger.warning("reading on from the log failed; the poll tries again", exc_info=True)
        finally:
            self._behind.pop(stream, None)

    # -- the writer

    def _ensure_writing(self) -> asyncio.Task[None]:
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return self._writer

    async def _write(self) -> None:
        is_over = True
        try:
            while self._outbox:
                await self._send({"type": "websocket.send", "text": self._outbox.popleft().decode()})
            if self.closing is None:
                self._writer, is_over = None, False
                return
            await self._say_bye(self.closing)
        except (OSError, RuntimeError):
            pass  # the client is gone; the receiving side ends the socket
        finally:
            if is_over:
                self.closed.set()
                self._on_closed()

    async def _say_bye(self, code: CloseCode) -> None:
        bye = {"ev": "bye", "code": BYE_CODES[code], "retry_after_ms": self._retry_after_ms}
        await self._send({"type": "websocket.send", "text": _encoder.encode(bye).decode()})
        await self._send({"type": "websocket.close", "code": int(code), "reason": BYE_CODES[code]})

    def shut(self) -> None:
        """The client is gone: leave every stream and stop."""
        for stream in list(self.cursors):
            self.leave(stream)
        for task in (*self._tasks, *([self._writer] if self._writer else [])):
            task.cancel()
        self.closed.set()
