"""The load generator: many sockets, one message in flight on each, in a process of its own on raw epoll.

Commands on stdin, one JSON line each, one JSON line back: `open`, `run`, `close`. Three dialects of one conversation,
so that the product and the two relays are asked the same by the same code. It must outrun what it measures: no event
loop, and nothing decoded before the round is over.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tests.benchmarks.machine import busy_seconds, cpu_of_tree, cpu_seconds, quantile

TEXT: Final = "I was charged twice for the same coffee, and the receipt could not be uploaded. " * 2
READ_SIZE: Final = 1 << 18
WARM_UP_SECONDS: Final = 0.7
DRAIN_SECONDS: Final = 10
WELCOME_SECONDS: Final = 60
PING_OPCODE, PONG_OPCODE, CLOSE_OPCODE = 9, 10, 8
FINAL, MASKED = 0x80, 0x80


def masked(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame; with a mask of zeros the payload stays as it is."""
    size = len(payload)
    if size < 126:
        head = bytes((FINAL | opcode, MASKED | size))
    elif size < 1 << 16:
        head = bytes((FINAL | opcode, MASKED | 126)) + size.to_bytes(2, "big")
    else:
        raise ValueError("a benchmark's frame is small")
    return head + b"\0\0\0\0" + payload


class Dialect(ABC):
    """How a target wants to be spoken to, and what its frames mean."""

    ack: bytes
    event: bytes
    # Whether the author's own socket hears the message too.
    is_echoing = True

    @abstractmethod
    def frame(self, talk: Talk, client_id: str) -> bytes: ...

    # What the server says first, for the dialects in which a socket may not speak before.
    greeting = b""

    def heartbeat(self) -> bytes:
        """Sent between rounds; empty for none."""
        return b""

    def reply(self, payload: bytes) -> bytes:
        """What a frame has to be answered with at once; empty for nothing."""
        return b""

    @abstractmethod
    def read_ack(self, payload: bytes) -> int:
        """The seq that the sender was told; 0 where there is none."""

    @abstractmethod
    def read_event(self, payload: bytes) -> tuple[str, int] | None:
        """(client id, seq) of a delivered message."""


class Handoff(Dialect):
    ack = b'{"ev":"ack"'
    event = b'{"ev":"event"'
    greeting = b'{"ev":"welcome"'

    def frame(self, talk: Talk, client_id: str) -> bytes:
        return _packed(cmd="message.send", id=client_id, handoff=talk.room, client_id=client_id, text=TEXT)

    def heartbeat(self) -> bytes:
        return masked(b'{"cmd":"ping","id":"p"}')

    def read_ack(self, payload: bytes) -> int:
        return int(msgspec.json.decode(payload)["result"]["seq"])

    def read_event(self, payload: bytes) -> tuple[str, int] | None:
        frame = msgspec.json.decode(payload)
        return (frame["data"]["client_id"], frame["seq"]) if frame["type"] == "message.posted" else None


class Stock(Dialect):
    ack = b'{"ack"'
    event = b'{"message"'

    def frame(self, talk: Talk, client_id: str) -> bytes:
        return _packed(client_id=client_id, text=TEXT)

    def read_ack(self, payload: bytes) -> int:
        return 0

    def read_event(self, payload: bytes) -> tuple[str, int] | None:
        return msgspec.json.decode(payload)["message"]["client_id"], 0


class SocketIO(Dialect):
    """Engine.IO 4 with Socket.IO 5 packets: 42n[...] asks for ack n, 43n[...] is the ack, 2 and 3 are the heartbeat."""

    ack = b"43"
    event = b"42"
    is_echoing = False

    def frame(self, talk: Talk, client_id: str) -> bytes:
        body = msgspec.json.encode(["message", {"client_id": client_id, "text": TEXT}])
        return masked(b"42%d" % talk.sent + body)

    def reply(self, payload: bytes) -> bytes:
        if payload[:1] == b"0":
            return masked(b"40")
        return masked(b"3") if payload == b"2" else b""

    def read_ack(self, payload: bytes) -> int:
        return 0

    def read_event(self, payload: bytes) -> tuple[str, int] | None:
        return msgspec.json.decode(payload[2:])[1]["client_id"], 0


DIALECTS: Final[dict[str, Dialect]] = {"handoff": Handoff(), "stock": Stock(), "socketio": SocketIO()}


def _packed(**fields: str) -> bytes:
    return masked(msgspec.json.encode(fields))


@dataclass(eq=False)
class Talk:
    """One side of one talk."""

    dialect: Dialect
    room: str
    name: str
    number: int
    peer: Talk | None = None
    sent: int = 0
    sent_at: float = 0.0
    inbox: bytearray = field(default_factory=bytearray)
    waiting: str = ""
    is_welcome: bool = False
    acked: list[str] = field(default_factory=list)
    acks: list[bytes] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    link: socket.socket = field(default_factory=socket.socket)

    def open(self, plan: dict[str, Any], port: int) -> None:
        self.link = socket.create_connection(("127.0.0.1", port))
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {plan['path']} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        lines += [f"{name}: {value}" for name, value in plan["headers"].items()]
        self.link.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.inbox:
            data = self.link.recv(READ_SIZE)
            if not data:
                raise ConnectionError(f"the upgrade was refused: {bytes(self.inbox)!r}")
            self.inbox += data
        head, _, rest = bytes(self.inbox).partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode())
        self.inbox = bytearray(rest)
        for first in plan["first"]:
            self.link.sendall(masked(first.encode()))
        self._parse()

    def say(self) -> None:
        self.sent += 1
        self.waiting = self._next_client_id()
        self.sent_at = time.perf_counter()
        self.link.sendall(self.dialect.frame(self, self.waiting))

    def _next_client_id(self) -> str:
        """A UUIDv7, as the product's own pages make them: time first, then who speaks, then a count."""
        at, count = f"{time.time_ns() // 1_000_000:012x}", f"{self.sent:08x}"
        return f"{at[:8]}-{at[8:]}-7{count[:3]}-8{count[3:6]}-{count[6:]}{self.number:010x}"

    def read(self) -> int:
        """Take what has come; answers how many of our messages were acked."""
        data = self.link.recv(READ_SIZE)
        if not data:
            raise ConnectionError(f"{self.name}: the server closed: {self.events[-1:]}")
        self.inbox += data
        return self._parse()

    def _parse(self) -> int:
        box = self.inbox
        start, size, acks = 0, len(box), 0
        while size - start >= 2:
            length, head = box[start + 1], 2
            if length == 126:
                length, head = int.from_bytes(box[start + 2 : start + 4], "big"), 4
            elif length == 127:
                length, head = int.from_bytes(box[start + 2 : start + 10], "big"), 10
            end = start + head + length
            if end > size:
                break
            acks += self._take(box[start] & 15, bytes(box[start + head : end]))
            start = end
        del box[:start]
        return acks

    def _take(self, opcode: int, payload: bytes) -> int:
        self.is_welcome = self.is_welcome or payload.startswith(self.dialect.greeting)
        if opcode == 1 and payload.startswith(self.dialect.ack):
            self.took.append(time.perf_counter() - self.sent_at)
            self.acks.append(payload)
            self.acked.append(self.waiting)
            return 1
        if opcode == 1 and payload.startswith(self.dialect.event):
            self.events.append(payload)
        elif opcode == PING_OPCODE:
            self.link.sendall(masked(payload, PONG_OPCODE))
        elif opcode == CLOSE_OPCODE:
            raise ConnectionError(f"{self.name}: closed with {payload!r}")
        elif reply := self.dialect.reply(payload):
            self.link.sendall(reply)
        return 0


class Generator:
    """All talks of one target."""

    def __init__(self, plan: dict[str, Any]) -> None:
        dialect = DIALECTS[plan["dialect"]]
        self.talks = [Talk(dialect, one["room"], one["name"], place) for place, one in enumerate(plan["sockets"])]
        self.poll = select.epoll()
        self.by_fd: dict[int, Talk] = {}
        for talk, one in zip(self.talks, plan["sockets"], strict=True):
            # A socket may name its own server.
            talk.open(one, one.get("port", plan["port"]))
            self.by_fd[talk.link.fileno()] = talk
            self.poll.register(talk.link.fileno(), select.EPOLLIN)
        # Sides of one talk follow each other in the plan.
        for one, other in zip(self.talks[::2], self.talks[1::2], strict=True):
            one.peer, other.peer = other, one
        self._wait_for_welcome()
        self.idle(2.0)
        self._forget()

    def _wait_for_welcome(self) -> None:
        until = time.perf_counter() + WELCOME_SECONDS
        while not all(talk.is_welcome or not talk.dialect.greeting for talk in self.talks):
            if time.perf_counter() > until:
                raise TimeoutError("not everybody was welcomed")
            self.idle(0.1)

    def idle(self, seconds: float) -> None:
        """Read and answer heartbeats, so that nobody is taken for gone."""
        until = time.perf_counter() + seconds
        for talk in self.talks:
            if beat := talk.dialect.heartbeat():
                talk.link.sendall(beat)
        while (left := until - time.perf_counter()) > 0:
            for fd, _ in self.poll.poll(left):
                self.by_fd[fd].read()

    def run(self, command: dict[str, Any]) -> dict[str, Any]:
        self.idle(0.3)
        self._forget()
        for talk in self.talks:
            talk.say()
        self._exchange(WARM_UP_SECONDS)
        before, started = _cpu(command), time.perf_counter()
        acks = self._exchange(command["seconds"])
        seconds = time.perf_counter() - started
        spent = {name: value - before[name] for name, value in _cpu(command).items()}
        took = [one for talk in self.talks for one in talk.took]
        self._drain()
        result = {
            "messages": acks,
            "seconds": seconds,
            "spent": spent,
            "p50_ms": quantile(took, 0.5) * 1000,
            "p99_ms": quantile(took, 0.99) * 1000,
        }
        return result | self._check(command.get("acked_to"))

    def _exchange(self, seconds: float) -> int:
        acks, by_fd, wait = 0, self.by_fd, self.poll.poll
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            for fd, _ in wait(left):
                talk = by_fd[fd]
                if talk.read():
                    acks += 1
                    talk.say()
        return acks

    def _drain(self) -> None:
        """Until every message is answered and delivered, or the patience is over."""
        until = time.perf_counter() + DRAIN_SECONDS
        while time.perf_counter() < until and not all(self._is_complete(talk) for talk in self.talks):
            for fd, _ in self.poll.poll(0.05):
                self.by_fd[fd].read()
        self.idle(0.2)

    def _is_complete(self, talk: Talk) -> bool:
        assert talk.peer is not None
        due = talk.peer.sent + (talk.sent if talk.dialect.is_echoing else 0)
        return len(talk.acked) == talk.sent and len(talk.events) >= due

    def _check(self, acked_to: str | None) -> dict[str, Any]:
        """Each acked message reached the other side once, in order, under the seq that its sender was told."""
        wrong: list[str] = []
        acked: dict[str, int] = {}
        for talk in self.talks:
            seqs = [talk.dialect.read_ack(payload) for payload in talk.acks]
            acked |= dict(zip(talk.acked, seqs, strict=True))
            assert talk.peer is not None
            heard = [found for payload in talk.peer.events if (found := talk.dialect.read_event(payload))]
            from_talk = [(client_id, seq) for client_id, seq in heard if int(client_id[-10:], 16) == talk.number]
            if from_talk != list(zip(talk.acked, seqs, strict=True)):
                wrong.append(f"{talk.name}: {len(talk.acked)} acked, {len(from_talk)} heard by the other side")
            numbers = [seq for _, seq in heard]
            if numbers and numbers[0] and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
                wrong.append(f"{talk.peer.name} heard a gap")
        if acked_to:
            with open(acked_to, "a") as file:
                file.writelines(f"{client_id} {seq}\n" for client_id, seq in acked.items())
        return {
            "acked": len(acked),
            "wrong": wrong[:5],
            "unanswered": sum(talk.sent - len(talk.acked) for talk in self.talks),
        }

    def _forget(self) -> None:
        for talk in self.talks:
            talk.sent = 0
            talk.acked, talk.acks, talk.events, talk.took = [], [], [], []

    def close(self) -> None:
        for talk in self.talks:
            talk.link.close()


def _cpu(command: dict[str, Any]) -> dict[str, float]:
    """CPU so far of the server, of its database, of its core, and of this generator."""
    return {
        "server": cpu_seconds(command["pid"]),
        "database": cpu_of_tree(command["database_pid"]) if command["database_pid"] else 0.0,
        "core": busy_seconds(command["core"]),
        "generator": time.process_time(),
    }


def _next_line(generators: dict[str, Generator]) -> str:
    """The next command; while none comes, pings are answered, or the servers would take their clients for gone."""
    while not select.select([sys.stdin], [], [], 1)[0]:
        for generator in generators.values():
            generator.idle(0.05)
    return sys.stdin.readline()


def main() -> None:
    generators: dict[str, Generator] = {}
    while line := _next_line(generators):
        command = json.loads(line)
        answer: dict[str, Any] = {}
        if command["do"] == "open":
            generators[command["target"]] = Generator(command)
        elif command["do"] == "run":
            for name, other in generators.items():
                if name != command["target"]:
                    other.idle(0.05)
            answer = generators[command["target"]].run(command)
        else:
            for generator in generators.values():
                generator.close()
            generators.clear()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
