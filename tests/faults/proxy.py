"""A TCP proxy in front of a port, whose faults are switched while people talk through it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from dataclasses import dataclass, field
from typing import Final, Self

CHUNK: Final = 65536


@dataclass
class Faults:
    """What happens to bytes; the default is nothing."""

    delay_seconds: float = 0.0
    # Bytes vanish, in both directions, and no connection ends: a cable that was pulled.
    black_hole: bool = False
    # New connections are reset at once.
    refuse: bool = False
    # After so many seconds a connection is cut in the middle of whatever comes next for the client.
    cut_between: tuple[float, float] | None = None
    # A line this slow, towards the client.
    drip_bytes_per_second: float | None = None


@dataclass
class Proxy:
    """`async with Proxy(port) as proxy`: people use `proxy.port`, a test sets `proxy.faults`."""

    upstream: int
    faults: Faults = field(default_factory=Faults)
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set(self, **faults: object) -> None:
        """From here on these faults, and no others."""
        self.faults = Faults(**faults)  # type: ignore[arg-type]
        self._changed.set()
        self._changed = asyncio.Event()

    def reset(self) -> None:
        """Every open connection ends with a RST."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if not self.faults.refuse:
                await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        try:
            out = asyncio.create_task(self._pump(reader, upstream_writer, to_client=False))
            back = asyncio.create_task(self._pump(upstream_reader, writer, to_client=True))
            try:
                await asyncio.wait([out, back], return_when=asyncio.FIRST_COMPLETED)
                with contextlib.suppress(OSError):
                    await writer.drain()
            finally:
                out.cancel()
                back.cancel()
        finally:
            upstream_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool) -> None:
        life = self.faults.cut_between
        cut_at = time.monotonic() + random.uniform(*life) if life else math.inf
        while data := await reader.read(CHUNK):
            await self._pass_black_hole()
            await asyncio.sleep(self.faults.delay_seconds)
            is_cut = to_client and time.monotonic() > cut_at
            await self._write(writer, data[: len(data) // 2] if is_cut else data, to_client=to_client)
            if is_cut:
                return
        # The peer said goodbye: the other one has to hear it.
        if writer.can_write_eof():
            writer.write_eof()

    async def _pass_black_hole(self) -> None:
        while self.faults.black_hole:
            await self._changed.wait()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes, *, to_client: bool) -> None:
        rate = self.faults.drip_bytes_per_second if to_client else None
        step = max(1, int(rate / 10)) if rate else len(data)
        for start in range(0, len(data), step or 1):
            writer.write(data[start : start + step])
            await writer.drain()
            if rate:
                await asyncio.sleep(step / rate)
