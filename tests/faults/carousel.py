"""A balancer without memory: whatever comes from one person goes to another server than the last time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from typing import Self


class Carousel:
    """`async with Carousel(ports) as way`: one for each person; every connection to `way.port` goes one server on.

    `taken` is which server each went to, with the first line of what was asked.
    """

    def __init__(self, ports: Sequence[int], *, first: int = 0) -> None:
        self.taken: list[tuple[int, str]] = []
        self._next = itertools.cycle([*ports[first:], *ports[:first]])
        self._talks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def servers_of(self, begins: str) -> list[int]:
        """Where those went whose first line begins so."""
        return [server for server, line in self.taken if line.startswith(begins)]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)
        server = next(self._next)
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            first = await reader.readline()
            self.taken.append((server, first.decode("latin-1").strip()))
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server)
            far_writer.write(first)
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    finally:
        writer.close()
