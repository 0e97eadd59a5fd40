"""Many sockets that do little: opened by raw bytes, their pings answered, every frame kept or counted."""

from __future__ import annotations

import resource
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import msgspec

from tests.benchmarks.load import CLOSE_OPCODE, PING_OPCODE, PONG_OPCODE, READ_SIZE, masked

# Opened side by side, so that a connect is what it costs and not what it waits for.
SIDE_BY_SIDE: Final = 20
PATIENCE_SECONDS: Final = 30
WELCOME: Final = b'{"ev":"welcome"'


@dataclass(frozen=True)
class Place:
    """Where a socket goes, and what it says first."""

    port: int
    role: str
    origin: str
    ticket: str
    resume: dict[str, Any] | None = None

    @property
    def upgrade(self) -> bytes:
        lines = [f"GET /ws/{self.role} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        lines += [f"Origin: {self.origin}", "Sec-WebSocket-Protocol: handoff.v1", "", ""]
        return "\r\n".join(lines).encode()

    @property
    def hello(self) -> bytes:
        hello = {"cmd": "hello", "ticket": self.ticket, "resume": self.resume, "client": "benchmark/1"}
        return masked(msgspec.json.encode(hello))


@dataclass(eq=False)
class Line:
    """One socket from its first byte on."""

    place: Place
    link: socket.socket = field(default_factory=socket.socket)
    inbox: bytearray = field(default_factory=bytearray)
    is_upgraded: bool = False
    is_welcome: bool = False
    # Of frames that were not asked for; `keep` holds them instead.
    frames: list[bytes] | None = None
    closed_with: bytes | None = None

    def open(self) -> None:
        self.link = socket.create_connection(("127.0.0.1", self.place.port))
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.sendall(self.place.upgrade)

    def read(self) -> None:
        data = self.link.recv(READ_SIZE)
        if not data:
            raise ConnectionError(f"the server hung up: {bytes(self.inbox)[:200]!r}")
        self.inbox += data
        if not self.is_upgraded and not self._finish_upgrade():
            return
        self._take_frames()

    def _finish_upgrade(self) -> bool:
        head, found, rest = bytes(self.inbox).partition(b"\r\n\r\n")
        if not found:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode())
        self.inbox, self.is_upgraded = bytearray(rest), True
        self.link.sendall(self.place.hello)
        return True

    def _take_frames(self) -> None:
        box, start = self.inbox, 0
        while len(box) - start >= 2:
            length, head = box[start + 1], 2
            if length == 126:
                length, head = int.from_bytes(box[start + 2 : start + 4], "big"), 4
            elif length == 127:
                length, head = int.from_bytes(box[start + 2 : start + 10], "big"), 10
            end = start + head + length
            if end > len(box):
                break
            self._take(box[start] & 15, bytes(box[start + head : end]))
            start = end
        del box[:start]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING_OPCODE:
            self.link.sendall(masked(payload, PONG_OPCODE))
        elif opcode == CLOSE_OPCODE:
            raise ConnectionError(f"closed with {payload!r}")
        elif payload.startswith(WELCOME):
            self.is_welcome = True
        if self.frames is not None and opcode == 1:
            self.frames.append(payload)


class Herd:
    """`with Herd() as herd`: everything open ends with the block."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self._poll = select.epoll()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for line in self.lines.values():
            line.link.close()
        self._poll.close()

    def open(self, places: Sequence[Place]) -> None:
        """All of them, until each is welcome."""
        for first in range(0, len(places), SIDE_BY_SIDE):
            fresh = [self.start(Line(place)) for place in places[first : first + SIDE_BY_SIDE]]
            self.read_until(lambda fresh=fresh: all(line.is_welcome for line in fresh))  # type: ignore[misc]

    def start(self, line: Line) -> Line:
        line.open()
        self.lines[line.link.fileno()] = line
        self._poll.register(line.link.fileno(), select.EPOLLIN)
        return line

    def end(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._poll.unregister(line.link.fileno())
            del self.lines[line.link.fileno()]
            line.link.close()

    def idle(self, seconds: float) -> None:
        """Answer pings, and read what comes."""
        until = time.perf_counter() + seconds
        self._read_once(0)
        while (left := until - time.perf_counter()) > 0:
            self._read_once(left)

    def read_until(self, is_done: Any, seconds: float = PATIENCE_SECONDS) -> None:
        until = time.perf_counter() + seconds
        while not is_done():
            if time.perf_counter() > until:
                raise SystemExit("a socket was not answered in time")
            self._read_once(0.05)

    def _read_once(self, seconds: float) -> None:
        for fd, _ in self._poll.poll(seconds):
            self.lines[fd].read()


def allow_open_files(count: int) -> None:
    """For this process and those it starts; as many as the machine lets it, if that is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise SystemExit(f"this row needs {count} open files, and the machine allows {hard}: raise ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
