"""The loop's own connection, whatever comes back over it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection

from handoff.realtime.pipeline import BEGIN, COMMIT, Pipeline, Statement

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

# As PostgreSQL frames them: a row whose length cannot be, and "ready" before anything was answered.
GARBLED = b"D\0\0\0\0"
READY = b"Z\0\0\0\5I"

Open = Callable[[], Awaitable[Pipeline]]


class Between:
    """Passes everything on; what the server says next can be put aside for something else."""

    def __init__(self) -> None:
        self.instead: bytes | None = None
        self.port = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = connection.settings_dict
        far_reader, far_writer = await asyncio.open_connection(there["HOST"], int(there["PORT"]))
        self._tasks.append(asyncio.create_task(self._pass(reader, far_writer, is_answer=False)))
        self._tasks.append(asyncio.create_task(self._pass(far_reader, writer, is_answer=True)))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        while data := await reader.read(65536):
            if is_answer and self.instead is not None:
                data, self.instead = self.instead, None
            writer.write(data)
        writer.close()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


@pytest.fixture
async def between() -> AsyncIterator[Between]:
    passing = Between()
    server = await asyncio.start_server(passing.take, "127.0.0.1", 0)
    passing.port = server.sockets[0].getsockname()[1]
    yield passing
    server.close()
    passing.close()


@pytest.fixture
async def pipe(between: Between) -> AsyncIterator[Pipeline]:
    there = connection.get_connection_params()
    there |= {"host": "127.0.0.1", "port": between.port, "sslmode": "disable", "autocommit": True}
    opened = Pipeline(await asyncio.to_thread(lambda: psycopg.connect(**there)), is_preparing=True)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _is_never_stuck() -> Iterator[None]:
    """A loop that spins can be interrupted by a signal alone."""

    def give_up(*_: Any) -> None:
        raise AssertionError("the loop did not come to an end")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(15)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


async def ask(pipe: Pipeline, *statements: Statement) -> Any:
    async with asyncio.timeout(10):
        return await pipe.send(*statements)


async def test_what_cannot_be_understood_ends_the_connection_and_not_the_loop(between, pipe) -> None:
    assert await ask(pipe, Statement(b"SELECT 1")) == [[[b"1"]]]
    between.instead = GARBLED
    with pytest.raises(DatabaseError, match="synchronization"):
        await ask(pipe, BEGIN, Statement(b"SELECT 2"))
    assert not pipe.is_open


async def test_nothing_is_done_before_each_statement_was_answered(between, pipe) -> None:
    await ask(pipe, BEGIN, COMMIT)
    between.instead = READY
    with pytest.raises(DatabaseError):
        await ask(pipe, BEGIN, COMMIT)
    assert not pipe.is_open


async def test_a_statement_that_fails_takes_the_others_and_the_connection_with_it(pipe) -> None:
    with pytest.raises(DatabaseError, match="division by zero"):
        await ask(pipe, BEGIN, Statement(b"SELECT 1/0"), COMMIT)
    assert not pipe.is_open
    with pytest.raises(DatabaseError, match="lost"):
        await ask(pipe, BEGIN, COMMIT)


async def test_more_than_the_socket_takes_at_once(pipe) -> None:
    large = b"x" * 3_000_000
    asked = [Statement(b"SELECT length($1), $1", (large,)) for _ in range(3)]
    assert await ask(pipe, *asked) == [[[b"3000000", large]]] * 3


async def test_a_connection_that_dies_while_nobody_asks_is_known_to_be_dead(pipe) -> None:
    def cut(pid: int) -> None:
        with psycopg.connect(**connection.get_connection_params()) as link:
            link.execute("SELECT pg_terminate_backend(%s)", [pid])

    await asyncio.to_thread(cut, pipe._wire.backend_pid)
    async with asyncio.timeout(5):
        while pipe.is_open:
            await asyncio.sleep(0.01)
