"""Whole text frames take the short way, and everything else goes through uvicorn as if there were none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from deploy.processes import free_port
from handoff.realtime.packets import pack
from handoff.realtime.wire import EXTENSION, WHOLE_LIMIT, Wire

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
FIN = 0x80
LIMIT = 100_000


class Listener:
    """An application that notes what it is told, and by which way; `at_once` decides what the short way takes."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str | bytes]] = []
        self.at_once: Callable[[str], bool] = lambda text: True
        self.over = asyncio.Event()
        self.wire: Wire | None = None
        self.hold = asyncio.Event()
        self.hold.set()
        self.knocked = asyncio.Event()
        # Open: the handshake is answered.
        self.door = asyncio.Event()
        self.door.set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        self.knocked.set()
        await self.door.wait()
        wire, self.say = scope["extensions"][EXTENSION], send
        self.wire = wire
        await send({"type": "websocket.accept"})

        def take(text: str) -> bool:
            if not self.at_once(text):
                return False
            self.heard.append(("at once", text))
            return True

        while True:
            wire.take = take
            message = await receive()
            wire.take = None
            if message["type"] == "websocket.disconnect":
                self.heard.append(("over", str(message["code"])))
                self.over.set()
                return
            self.heard.append(("in turn", message["text"] if "text" in message else message["bytes"]))
            if message.get("text") == "leave":
                return
            await self.hold.wait()


class Client:
    """Bytes, as a client may send them in any order and in any pieces."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes, *, by: int = 0) -> None:
        for start in range(0, len(data), by or len(data)):
            self.writer.write(data[start : start + (by or len(data))])
            await self.writer.drain()
            if by:
                await asyncio.sleep(0)

    async def read_frame(self) -> tuple[int, bytes]:
        async with asyncio.timeout(5):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            return first & 15, await self.reader.readexactly(size)


def frame(payload: bytes | str, opcode: int = TEXT, *, is_last: bool = True, is_masked: bool = True) -> bytes:
    raw = payload.encode() if isinstance(payload, str) else payload
    mask = os.urandom(4)
    head = bytes([opcode | (FIN if is_last else 0)])
    bit = 0x80 if is_masked else 0
    if len(raw) < 126:
        head += bytes([bit | len(raw)])
    elif len(raw) < 1 << 16:
        head += bytes([bit | 126]) + len(raw).to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + len(raw).to_bytes(8, "big")
    if not is_masked:
        return head + raw
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(raw))


@pytest.fixture
def listener() -> Listener:
    return Listener()


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.fixture
async def port(listener: Listener) -> AsyncIterator[int]:
    port = free_port()
    config = uvicorn.Config(
        listener, port=port, ws=Wire, lifespan="off", log_config=None, ws_max_size=LIMIT, ws_per_message_deflate=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    with contextlib.suppress(asyncio.CancelledError):
        await serving


@pytest.fixture
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    yield Client(reader, writer)
    writer.close()


@pytest.fixture
async def hasty(
    port: int, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[bytes], Awaitable[Client]]]:
    """A client that does not wait for the answer to its handshake before it sends something."""
    writers: list[asyncio.StreamWriter] = []

    async def knock(early: bytes) -> Client:
        listener.door.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(HANDSHAKE)
        await listener.knocked.wait()
        # Of the protocol itself: nothing outside it shows what it has received and could not use yet.
        seen, received = asyncio.Event(), Wire.data_received
        monkeypatch.setattr(Wire, "data_received", lambda self, data: (received(self, data), seen.set()))
        writer.write(early)
        await seen.wait()
        monkeypatch.undo()
        listener.door.set()
        await reader.readuntil(b"\r\n\r\n")
        return Client(reader, writer)

    yield knock
    for writer in writers:
        writer.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("by", [0, 1, 3, 7])
async def test_frames_are_heard_once_and_in_order_in_whatever_pieces_they_come(listener, client, by) -> None:
    texts = ["a", "ü" * 40, "x" * 125, "x" * 126, "€" * 900, "", "y" * WHOLE_LIMIT, "z" * 70_000, "last"]
    await client.send(b"".join(map(frame, texts)), by=by and by * 211)
    await until(lambda: len(listener.heard) == len(texts))
    assert [text for _, text in listener.heard] == texts
    ways = [way for way, _ in listener.heard]
    assert ways[:6] == ["at once"] * 6
    assert ways[7] == "in turn"


async def test_a_short_frame_byte_by_byte(listener, client) -> None:
    await client.send(frame("one") + frame("two " * 60) + frame("", PING) + frame("three"), by=1)
    await until(lambda: len(listener.heard) == 3)
    assert listener.heard == [("at once", "one"), ("at once", "two " * 60), ("at once", "three")]
    assert await client.read_frame() == (PONG, b"")


async def test_what_has_to_wait_holds_up_what_stands_behind_it(listener, client) -> None:
    listener.at_once = lambda text: text != "slow"
    listener.hold.clear()
    await client.send(frame("1") + frame("slow") + frame("2") + frame("3"))
    await until(lambda: ("in turn", "slow") in listener.heard)
    await client.send(frame("4"))
    await asyncio.sleep(0.05)
    assert listener.heard == [("at once", "1"), ("in turn", "slow")]
    listener.hold.set()
    await until(lambda: len(listener.heard) == 5)
    assert [text for _, text in listener.heard] == ["1", "slow", "2", "3", "4"]
    await client.send(frame("5"))
    await until(lambda: len(listener.heard) == 6)
    assert listener.heard[-1] == ("at once", "5")


async def test_a_message_in_parts_is_put_together_and_pings_come_between(listener, client) -> None:
    parts = frame("he", is_last=False) + frame("now", PING) + frame("ll", CONTINUED, is_last=False)
    await client.send(parts + frame("o", CONTINUED) + frame("whole"))
    await until(lambda: len(listener.heard) == 2)
    assert listener.heard == [("in turn", "hello"), ("in turn", "whole")]
    assert await client.read_frame() == (PONG, b"now")


async def test_a_text_within_a_message_in_parts_breaks_the_rules(listener, client) -> None:
    await client.send(frame("he", is_last=False) + frame("whole"))
    assert await client.read_frame() == (CLOSE, (1002).to_bytes(2, "big") + b"expected a continuation frame")
    await listener.over.wait()
    assert [way for way, _ in listener.heard] == ["over"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"\xff\xfe"), 1007),
        (frame("bare", is_masked=False), 1002),
        (frame("x", 5), 1002),
        (bytes([FIN | TEXT, 0xFF]) + (LIMIT + 1).to_bytes(8, "big") + b"mask", 1009),
        (bytes([FIN | 0x40 | TEXT, 0x81]) + b"maskx", 1002),
    ],
)
async def test_what_is_wrong_is_closed_for_it_and_nothing_behind_it_is_heard(listener, client, data, code) -> None:
    await client.send(frame("before") + data + frame("behind"))
    opcode, payload = await client.read_frame()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
    await listener.over.wait()
    assert [text for way, text in listener.heard if way != "over"] == ["before"]


async def test_nothing_is_heard_after_a_close(listener, client) -> None:
    await client.send(frame((1000).to_bytes(2, "big"), CLOSE) + frame("behind"))
    assert (await client.read_frame())[0] == CLOSE
    await listener.over.wait()
    assert listener.heard == [("over", "1000")]


async def test_binary_frames_and_large_ones_go_the_long_way(listener, client) -> None:
    large = json.dumps({"text": "x" * 90_000})
    await client.send(frame(b"\x00\x01", BINARY) + frame(large) + frame("small"), by=1000)
    await until(lambda: len(listener.heard) == 3)
    assert [text for _, text in listener.heard] == [b"\x00\x01", large, "small"]
    await client.send(frame("smaller"))
    await until(lambda: len(listener.heard) == 4)
    assert listener.heard[-1] == ("at once", "smaller")


@pytest.mark.parametrize("size", [0, 5, 126, 300])
async def test_a_length_in_more_bytes_than_it_needs_is_the_same_length(listener, client, size) -> None:
    body = b"x" * size
    wide = bytes([FIN | TEXT, 0xFF]) + size.to_bytes(8, "big") + bytes(4) + body
    middle = bytes([FIN | TEXT, 0xFE]) + size.to_bytes(2, "big") + bytes(4) + body
    await client.send(wide + middle + frame("next"))
    await until(lambda: len(listener.heard) == 3)
    assert [text for _, text in listener.heard] == [body.decode(), body.decode(), "next"]


async def test_a_frame_whose_beginning_came_before_our_close_does_not_spoil_the_clients_own(listener, client) -> None:
    await client.send(frame("hello"))
    await until(lambda: bool(listener.heard))
    late = frame("a" * 100)
    await client.send(late[:40])
    await until(lambda: listener.wire is not None and bool(listener.wire._rest))
    await listener.say({"type": "websocket.close", "code": 4000})
    assert (await client.read_frame())[0] == CLOSE
    await client.send(late[40:] + frame((4000).to_bytes(2, "big"), CLOSE))
    await until(lambda: listener.wire is not None and listener.wire.conn.close_rcvd is not None)
    assert await client.reader.read() == b""
    assert listener.heard == [("at once", "hello"), ("over", "4000")]


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 9, None])
async def test_what_comes_before_the_handshake_is_answered_is_heard_as_what_comes_after(listener, hasty, cut) -> None:
    first = frame("hello", is_last=cut is not None)
    client = await hasty(first[:cut])
    await client.send(first[cut or len(first) :] + (b"" if cut else frame("!", CONTINUED)) + frame("next"))
    await until(lambda: len(listener.heard) == 2)
    assert [text for _, text in listener.heard] == ["hello" if cut else "hello!", "next"]


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_what_is_packed_is_one_frame(listener, client, size) -> None:
    await client.send(frame("hello"))
    await until(lambda: bool(listener.heard))
    assert listener.wire is not None
    assert listener.wire.write(pack(b"x" * size))
    assert listener.wire.write(pack(b"next"))
    first = await client.reader.readexactly(2)
    width = {126: 2, 127: 8}.get(first[1], 0)
    told = int.from_bytes(await client.reader.readexactly(width), "big") if width else first[1]
    assert (first[0], told) == (FIN | TEXT, size)
    assert await client.reader.readexactly(size) == b"x" * size
    assert await client.read_frame() == (TEXT, b"next")


async def test_a_reader_who_is_behind_is_not_written_to(listener, client) -> None:
    await client.send(frame("hello"))
    await until(lambda: bool(listener.heard))
    wire = listener.wire
    assert wire is not None
    packet = pack(b"x" * 60_000)
    written = 0
    while wire.write(packet) and written < 1000:
        written += 1
        await asyncio.sleep(0)
    assert 0 < written < 1000
    # Once they have read, it goes on.
    for _ in range(written):
        assert (await client.reader.readexactly(4 + 60_000))[:2] == b"\x81\x7e"
    await until(lambda: wire.write(pack(b"again")))


async def fill(wire: Wire) -> None:
    """Until the client, who does not read, is behind."""
    packet = pack(b"x" * 60_000)
    while wire.write(packet):
        await asyncio.sleep(0)


async def test_who_does_not_read_is_not_waited_for_when_all_is_over(listener, client) -> None:
    await client.send(frame("hello"))
    await until(lambda: bool(listener.heard))
    wire = listener.wire
    assert wire is not None
    wire.close_timeout = 0.1
    await fill(wire)
    listener.at_once = lambda text: text != "leave"
    await client.send(frame("leave"))
    await until(lambda: wire.disconnected)


async def test_who_neither_reads_nor_answers_pings_is_gone(listener, client) -> None:
    await client.send(frame("hello"))
    await until(lambda: bool(listener.heard))
    assert listener.wire is not None
    listener.wire.close_timeout = 0.1
    await fill(listener.wire)
    listener.wire.keepalive_timeout()
    await until(listener.over.is_set)
    assert listener.wire.disconnected


async def test_a_client_who_has_gone_is_not_written_to(listener, client) -> None:
    client.writer.close()
    await listener.over.wait()
    assert listener.wire is not None
    assert not listener.wire.write(pack(b"hello"))
