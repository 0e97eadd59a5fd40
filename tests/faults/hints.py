"""A Redis in front of Redis that loses, doubles and reorders hints, and leaves everything else alone."""

from __future__ import annotations

import asyncio
import random
from typing import Final, Self

from redis import asyncio as redis

from handoff.realtime.bridge import TOPIC

LONGEST_SECONDS: Final = 0.3


class UnreliableHints:
    """`async with UnreliableHints(redis_url) as hints`: processes use `hints.url`."""

    def __init__(self, url: str, *, lost: float = 0.2, doubled: float = 0.3, late: float = 0.5, seed: int = 1) -> None:
        self._socket = url.removeprefix("unix://")
        self._lost, self._doubled, self._late = lost, doubled, late
        self._random = random.Random(seed)
        self._publisher = redis.from_url(url)
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts = {"passed": 0, "lost": 0, "doubled": 0, "late": 0}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._publisher.aclose()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back_reader, back_writer = await asyncio.open_unix_connection(self._socket)
        answers = asyncio.create_task(_copy(back_reader, writer))
        try:
            while (command := await _read_command(reader)) is not None:
                if command[0].upper() == b"PUBLISH" and command[1] == TOPIC.encode():
                    self._mishandle(command[2])
                    writer.write(b":1\r\n")
                else:
                    back_writer.write(_encode(command))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            answers.cancel()
            back_writer.transport.abort()
            writer.transport.abort()
            self._tasks.discard(task)

    def _mishandle(self, hint: bytes) -> None:
        if self._random.random() < self._lost:
            self.counts["lost"] += 1
            return
        copies = 2 if self._random.random() < self._doubled else 1
        self.counts["doubled"] += copies - 1
        for _ in range(copies):
            is_late = self._random.random() < self._late
            self.counts["late" if is_late else "passed"] += 1
            self._spawn(self._publish(hint, self._random.uniform(0, LONGEST_SECONDS) if is_late else 0))

    def _spawn(self, work: object) -> None:
        task = asyncio.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, hint: bytes, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        await self._publisher.publish(TOPIC, hint)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _read_command(reader: asyncio.StreamReader) -> list[bytes] | None:
    """A client's command: an array of strings, each with its length."""
    head = await reader.readline()
    if not head.startswith(b"*"):
        return None
    return [await _read_string(reader) for _ in range(int(head[1:]))]


async def _read_string(reader: asyncio.StreamReader) -> bytes:
    size = int((await reader.readline())[1:])
    return (await reader.readexactly(size + 2))[:-2]


def _encode(command: list[bytes]) -> bytes:
    parts = [b"*%d\r\n" % len(command), *(b"$%d\r\n%s\r\n" % (len(part), part) for part in command)]
    return b"".join(parts)
