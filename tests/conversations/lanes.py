"""A door with a lane on the test's own loop, and what is sent through it. Needs PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from handoff.conversations import batch
from handoff.conversations.batch import Batcher
from handoff.conversations.judging import Answer, Send
from handoff.conversations.lane import LoopLane
from handoff.lib.errors import DomainError
from handoff.realtime.models import LogEntry, Stream
from tests.conftest import Page


class Door:
    """A batcher with a lane on this test's loop."""

    def __init__(self) -> None:
        self.batcher = Batcher()
        self.lane = self.batcher.lane = LoopLane(self.batcher)
        self.by_thread = 0
        put = self.batcher.put

        def counted(job: batch.Job) -> None:
            self.by_thread += 1
            put(job)

        self.batcher.put = counted  # type: ignore[method-assign]

    async def send(self, *sends: Send) -> list[Answer]:
        """All handed over in one turn of the loop, each with its own answer."""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in sends]
        for send, future in zip(sends, futures, strict=True):
            self.batcher.submit(send, future.set_result, loop=loop)
        async with asyncio.timeout(30):
            return list(await asyncio.gather(*futures))

    async def until_open(self, *, after: int = 0) -> None:
        """By another connection than the one with that backend."""
        async with asyncio.timeout(10):
            while self.lane._pipe is None or not self.lane._pipe.is_open or self.backend_pid() == after:
                await asyncio.sleep(0.01)

    def backend_pid(self) -> int:
        assert self.lane._pipe is not None
        return int(self.lane._pipe._wire.backend_pid)

    async def exchanges_of(self, *sends: Send) -> tuple[list[str], int]:
        """What became of each, and how often the lane asked the database."""
        pipe = self.lane._pipe
        assert pipe is not None
        asked, send = 0, pipe.send

        def counted(*statements: Any) -> Any:
            nonlocal asked
            asked += 1
            return send(*statements)

        pipe.send = counted  # type: ignore[method-assign]
        try:
            return codes_of(await self.send(*sends)), asked
        finally:
            del pipe.send  # type: ignore[method-assign]


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    door = Door()
    running = asyncio.create_task(door.lane.run())
    await door.until_open()
    yield door
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    # The thread gives its connection back before the tables are emptied.
    if door.batcher._thread is not None:
        await asyncio.sleep(2 * batch.IDLE_SECONDS)


def message(page: Page, handoff: str, client_id: str, text: str = "hello", **more: Any) -> Send:
    return Send.of(
        handoff_id=handoff,
        author_kind="customer",
        author_id=page.customer["id"],
        client_id=client_id,
        text=text,
        **more,
    )


def by_agent(agent: Any, handoff: str, client_id: str, **more: Any) -> Send:
    return Send.of(
        handoff_id=handoff, author_kind="agent", author_id=agent.public_id, client_id=client_id, text="hi", **more
    )


def code_of(answer: Answer) -> str:
    return answer.code if isinstance(answer, DomainError) else answer.status.value


def codes_of(answers: Sequence[Answer]) -> list[str]:
    return [code_of(answer) for answer in answers]


def stored() -> dict[str, list[tuple[str, int]]]:
    """(client id, seq) of the messages of every handoff's stream; asserts that no number is left out or doubled."""
    for stream in Stream.objects.all():
        rows = list(stream.entries.order_by("seq").values_list("seq", "at"))
        assert [seq for seq, _ in rows] == list(range(1, stream.last_seq + 1)), stream.name
        assert [at for _, at in rows] == sorted(at for _, at in rows), stream.name
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    rows = LogEntry.objects.filter(type="message.posted").order_by("stream", "seq")
    for name, client_id, seq in rows.values_list("stream__name", "client_id", "seq"):
        found[name].append((client_id, seq))
    return found
