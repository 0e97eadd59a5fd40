"""Bytes on the wire, as light as they can be: one request a connection, one socket, nothing that retries by itself."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import msgspec
import websockets
from websockets.asyncio.client import ClientConnection, connect

REQUEST_SECONDS: Final = 20.0
OPEN_SECONDS: Final = 10.0
FRAME_LIMIT: Final = 2**23

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
Frame = dict[str, Any]


@dataclass(frozen=True)
class Door:
    """A port behind which somebody speaks TLS under a public name."""

    host: str
    context: ssl.SSLContext


# Every other port is spoken to in the clear.
DOORS: Final[dict[int, Door]] = {}


class Unreachable(Exception):
    """Nobody answered, or not to the end: what became of the request is not known."""


class Refused(Unreachable):
    """Nobody listens there: a proxy would have asked the next one."""


class Answer:
    """An HTTP answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self._body = status, headers, body

    @property
    def body(self) -> Any:
        try:
            return _decode(self._body) if self._body else None
        except msgspec.DecodeError:
            # A proxy's own page, for one.
            return None

    @property
    def code(self) -> str | None:
        """Of a refusal."""
        body = self.body
        found = body.get("error") if isinstance(body, dict) else None
        return found.get("code") if isinstance(found, dict) else None

    def __repr__(self) -> str:
        return f"{self.status} {self._body[:300]!r}"


class Network:
    """The ports behind which the service may be: a load balancer's list without its health checks."""

    def __init__(self, ports: Collection[int], *, seed: int = 0) -> None:
        self.ports = list(ports)
        self._random = random.Random(seed)

    def order(self) -> list[int]:
        """All of them, in the order in which a balancer would try."""
        return self._random.sample(self.ports, len(self.ports))

    def pick(self, *, avoid: int | None = None) -> int:
        others = [port for port in self.ports if port != avoid]
        return self._random.choice(others or self.ports)


async def request(
    port: int, method: str, path: str, *, headers: Mapping[str, str], body: Any = None,
    seconds: float = REQUEST_SECONDS,
) -> Answer:  # fmt: skip
    """One request on a connection of its own. Raises Unreachable."""
    try:
        async with asyncio.timeout(seconds):
            return await _request(port, method, path, headers, b"" if body is None else _encode(body))
    except ConnectionRefusedError:
        raise Refused(f"{method} {path}: refused") from None
    except (OSError, EOFError, TimeoutError) as error:
        raise Unreachable(f"{method} {path}: {error!r}") from None


async def _request(port: int, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    door = DOORS.get(port)
    host = door.host if door else f"127.0.0.1:{port}"
    sent = {"Host": host, "Connection": "close", "Content-Length": str(len(body))}
    sent |= {"Content-Type": "application/json"} if body else {}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in (sent | headers).items())
    tls = {"ssl": door.context, "server_hostname": door.host} if door else {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **tls)  # type: ignore[arg-type]
    try:
        writer.write(head.encode() + b"\r\n" + body)
        return _read_answer(await reader.read(-1))
    finally:
        writer.close()


def _read_answer(raw: bytes) -> Answer:
    head, found, body = raw.partition(b"\r\n\r\n")
    if not found:
        raise EOFError("no answer")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    if headers.get("transfer-encoding") == "chunked":
        body = _join_chunks(body)
    elif len(body) < int(headers.get("content-length", 0)):
        raise EOFError("half an answer")
    return Answer(int(first.split()[1]), headers, body)


def _join_chunks(body: bytes) -> bytes:
    parts: list[bytes] = []
    while True:
        size, found, rest = body.partition(b"\r\n")
        if not found:
            raise EOFError("half an answer")
        if not int(size, 16):
            return b"".join(parts)
        parts.append(rest[: int(size, 16)])
        body = rest[int(size, 16) + 2 :]


class Socket:
    """One WebSocket; iterating gives its frames until it is closed."""

    def __init__(self, connection: ClientConnection, port: int) -> None:
        self.connection, self.port = connection, port

    @classmethod
    async def open(cls, port: int, role: str, origin: str) -> Self:
        """Raises Unreachable, also when the server lets nobody in."""
        door = DOORS.get(port)
        url = f"wss://{door.host}/ws/{role}" if door else f"ws://127.0.0.1:{port}/ws/{role}"
        tls = {"ssl": door.context, "host": "127.0.0.1", "port": port} if door else {}
        try:
            connection = await connect(
                url, origin=websockets.Origin(origin), **tls,
                subprotocols=[websockets.Subprotocol("handoff.v1")], compression=None, proxy=None,
                max_size=FRAME_LIMIT, open_timeout=OPEN_SECONDS, close_timeout=1, ping_interval=None,
            )  # fmt: skip
        except (OSError, EOFError, TimeoutError, websockets.WebSocketException) as error:
            raise Unreachable(f"no socket: {error!r}") from None
        return cls(connection, port)

    @classmethod
    async def knock(cls, port: int, role: str, origin: str) -> int:
        """The status with which a handshake is answered: 101 for those who may come in."""
        try:
            async with connect(
                f"ws://127.0.0.1:{port}/ws/{role}", origin=websockets.Origin(origin), proxy=None,
                subprotocols=[websockets.Subprotocol("handoff.v1")], open_timeout=OPEN_SECONDS,
            ):  # fmt: skip
                return 101
        except websockets.InvalidStatus as refused:
            return refused.response.status_code

    async def send(self, frame: Frame) -> None:
        """Raises Unreachable."""
        try:
            await self.connection.send(_encode(frame).decode())
        except (OSError, websockets.ConnectionClosed) as error:
            raise Unreachable(f"not sent: {error!r}") from None

    async def __aiter__(self) -> AsyncIterator[Frame]:
        try:
            async for raw in self.connection:
                yield _decode(raw)
        except websockets.ConnectionClosed:
            return

    def abort(self) -> None:
        """Gone without a word, as when a laptop's lid is shut and opened elsewhere."""
        self.connection.transport.abort()

    async def close(self) -> None:
        await self.connection.close()

    @property
    def close_code(self) -> int:
        return self.connection.close_code or 1006
