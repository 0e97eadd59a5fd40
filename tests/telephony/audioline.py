"""The audio of a test phone: RTP sent and recorded, keys within it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import socket
import struct
import time

from tests.telephony.siptext import Address
from tests.telephony.sound import Recording, make_frames

HOST = "127.0.0.1"
FRAME_SECONDS = 0.02
EVENT_TYPE = 101
KEYS = "0123456789*#ABCD"


class AudioLine:
    """One RTP port; used on its event loop alone, except for what it recorded."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.recording = Recording()
        self.packets = 0
        # Where to send; None: nowhere yet.
        self.target: Address | None = None
        self._loop = loop
        self._socket = bind_even()
        self.port = self._socket.getsockname()[1]
        self._sequence, self._timestamp, self._ssrc = 0, 0, secrets.randbits(32)
        self._tone: itertools.cycle[bytes] | None = None
        self._events: list[bytes] = []
        self._sender: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def speak(self, hertz: int | None) -> None:
        self._tone = None if hertz is None else itertools.cycle(make_frames(hertz))
        self._start()

    def press(self, digits: str) -> None:
        """Each press: five packets of one time, its end three times, and a pause."""
        for digit in digits:
            code = KEYS.index(digit)
            self._events += [struct.pack("!BBH", code, 10, 160 * step) for step in range(1, 6)]
            self._events += [struct.pack("!BBH", code, 0x80 | 10, 960)] * 3 + [b""] * 2
        self._start()

    def send(self, payload: bytes, *, payload_type: int, timestamp: int) -> None:
        self._sequence += 1
        if self.target is not None:
            head = struct.pack("!BBHII", 0x80, payload_type, self._sequence & 0xFFFF, timestamp, self._ssrc)
            self._socket.sendto(head + payload, self.target)

    def _start(self) -> None:
        if self._sender is None:
            self._sender = self._loop.create_task(self._run())

    async def _run(self) -> None:
        due = time.monotonic()
        pressed_at, was_event = 0, False
        while True:
            self._timestamp += 160
            if self._events:
                event = self._events.pop(0)
                pressed_at = pressed_at if was_event else self._timestamp
                if event:
                    self.send(event, payload_type=EVENT_TYPE, timestamp=pressed_at)
                was_event = bool(event)
            elif self._tone is not None:
                self.send(next(self._tone), payload_type=0, timestamp=self._timestamp)
            due = max(due + FRAME_SECONDS, time.monotonic() - 0.1)
            await asyncio.sleep(max(due - time.monotonic(), 0))

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, _ = self._socket.recvfrom(2048)
                if len(data) > 12 and data[1] & 0x7F in (0, 8):
                    self.packets += 1
                    self.recording.add(data[12:], payload_type=data[1] & 0x7F)


def bind(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((HOST, port))
    return made


def bind_even() -> socket.socket:
    while True:
        made = bind(0)
        if made.getsockname()[1] % 2 == 0:
            return made
        made.close()
