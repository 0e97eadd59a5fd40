"""How uvicorn speaks WebSocket here: whole text frames go straight from the connection to its consumer and back.

uvicorn reads a frame in many small steps, queues it, wakes a task for it and stops reading until that task has taken
it, which is more work than all the rest of a message. Whatever is not a whole text frame of an open connection is left
to it: handshakes, fragments, pings, closes, and all that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

try:
    from websockets.speedups import apply_mask
except ImportError:  # built without a compiler
    from websockets.utils import apply_mask

# Where a server leaves the connection for the consumer (ASGI's `extensions`).
EXTENSION: Final = "handoff.wire"

# RFC 6455, 5.2: the first byte holds FIN and the opcode, the second MASK and the length or how it is written.
FIN: Final = 0x80
TEXT: Final = 1
CONTROL: Final = 8
MASKED: Final = 0x80
TWO_BYTES: Final = 126
EIGHT_BYTES: Final = 127
MASK_SIZE: Final = 4

# Longer frames are uvicorn's: nearly all are shorter, and no sender of single bytes may make us copy much.
WHOLE_LIMIT: Final = 8 * 1024

# Acts on one text at once, on the loop; False leaves it to the consumer's own loop.
Take = Callable[[str], bool]


def _find_end(data: bytes, start: int) -> int:
    """Where the frame that starts here ends; just past the data while its head is not whole."""
    have = len(data) - start
    if have < 2:
        return len(data) + 1
    size, head = data[start + 1] & ~MASKED, 2 + (MASK_SIZE if data[start + 1] & MASKED else 0)
    if size >= TWO_BYTES:
        width = 2 if size == TWO_BYTES else 8
        if have < 2 + width:
            return len(data) + 1
        size, head = int.from_bytes(data[start + 2 : start + 2 + width], "big"), head + width
    return start + head + size


def _is_worth_waiting(data: bytes, start: int, end: int) -> bool:
    """A short frame is taken whole, and a head before anything is decided by it."""
    return end - start <= WHOLE_LIMIT or end == len(data) + 1


class Wire(WebSocketsSansIOProtocol):
    """One connection. `take` is set while its consumer waits for a frame."""

    take: Take | None = None
    # The beginning of a short frame whose rest has not come.
    _rest: bytes = b""
    # Bytes that are still to come of a frame whose beginning uvicorn has.
    _owed = 0
    # A message in several frames is under way: each of them is uvicorn's.
    _in_parts = False
    # Something came before the handshake was answered: it is in uvicorn's hands, and so is all that stands behind it.
    _is_foreign = False

    async def run_asgi(self) -> None:
        cast("dict[str, Any]", self.scope["extensions"])[EXTENSION] = self
        await super().run_asgi()
        self._give_up_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._give_up_soon()

    def _give_up_soon(self) -> None:
        """A close waits until all is sent, which is for ever where nobody reads."""
        if not self.disconnected:
            self.loop.call_later(2 * self.close_timeout, self.transport.abort)

    def start_keepalive(self) -> None:
        """Comes once, as the handshake is answered: who wanted to know what it said has read it by then.

        Some 5 KiB less for as long as the socket is open.
        """
        super().start_keepalive()
        cast("list[Any]", self.scope["headers"]).clear()
        del self.request, self.response

    def write(self, packet: bytes) -> bool:
        """Send a packed frame now; False if the client is behind, and it has to go the slow way."""
        if self.close_sent or self.disconnected or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(packet)
        return True

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        if self.conn.state is not OPEN or self._is_foreign:
            self._is_foreign = self.handshake_initiated
            super().data_received(data)
            return
        if self._owed:
            data = self._pay(data)
        start = 0
        while start < len(data):
            end = _find_end(data, start)
            if end > len(data) and _is_worth_waiting(data, start, end):
                break
            self._read(data, start, end)
            start = end
        self._rest = data[start:]

    def _pay(self, data: bytes) -> bytes:
        """Pass on what is missing of a frame whose beginning is uvicorn's already; answers what follows it."""
        owed = data[: self._owed]
        self._owed -= len(owed)
        super().data_received(owed)
        return data[len(owed) :]

    def _read(self, data: bytes, start: int, end: int) -> None:
        """One frame, or the beginning of one that goes on past the data."""
        is_ours = end <= len(data) and end - start <= WHOLE_LIMIT and self.conn.state is OPEN and not self._in_parts
        size = data[start + 1] & ~MASKED if is_ours else EIGHT_BYTES
        # A short length may be written in eight bytes, though nobody should.
        if size != EIGHT_BYTES and data[start] == FIN | TEXT and data[start + 1] & MASKED:
            body = start + (8 if size == TWO_BYTES else 6)
            try:
                text = apply_mask(data[body:end], data[body - MASK_SIZE : body]).decode()
            except UnicodeDecodeError:
                super().data_received(data[start:end])
            else:
                self._hand_over(text)
            return
        if not data[start] & CONTROL:
            self._in_parts = not data[start] & FIN
        self._owed = max(0, end - len(data))
        super().data_received(data[start:end])

    def send_receive_event_to_app(self) -> None:
        """uvicorn has put a message together: what follows stands behind it."""
        self.take = None
        super().send_receive_event_to_app()

    def _hand_over(self, text: str) -> None:
        if self.close_sent:
            return
        if self.take is not None and self.take(text):
            return
        # The consumer's loop will run later: what comes until then stands behind this.
        self.take = None
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
