"""What this machine does of the two things every figure is made of: commits on that database, echoes on a loop."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from tests.benchmarks.deployment import Database
from tests.benchmarks.machine import loop_turns_ms

SECONDS: Final = 0.5


@dataclass(frozen=True)
class Yardstick:
    """Taken in the same run as a figure, so that the two can be held together."""

    commits: float
    echoes: float
    loop_ms: float

    def line(self) -> str:
        return (
            f"{self.commits:,.0f} bare commits/s, {self.echoes:,.0f} loop echoes/s, Python loop {self.loop_ms:.0f} ms"
        )


def take_yardstick(where: Database, home: Path) -> Yardstick:
    """About two seconds, on a database like the measured one and as durable."""
    commits = (
        _postgres_commits(where.url) if where.engine == "postgres" else _sqlite_commits(home / "yardstick.sqlite3")
    )
    return Yardstick(commits=commits, echoes=asyncio.run(_echoes()), loop_ms=loop_turns_ms())


def _postgres_commits(url: str) -> float:
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("CREATE TABLE IF NOT EXISTS yardstick (id bigserial PRIMARY KEY, body text)")
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            link.execute("INSERT INTO yardstick (body) VALUES (%s)", ("x" * 160,), prepare=True)
            count += 1
        took = time.perf_counter() - started
        link.execute("DROP TABLE yardstick")
    return count / took


def _sqlite_commits(path: Path) -> float:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as link:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("PRAGMA synchronous=FULL")
        link.execute("CREATE TABLE IF NOT EXISTS yardstick (id INTEGER PRIMARY KEY, body TEXT)")
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            link.execute("INSERT INTO yardstick (body) VALUES (?)", ("x" * 160,))
            count += 1
        return count / (time.perf_counter() - started)


async def _echoes() -> float:
    """Round trips a second between two ends on one asyncio loop."""

    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()
        ended.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        writer.write(b"x" * 100)
        await reader.read(4096)
        count += 1
    took = time.perf_counter() - started
    writer.close()
    await ended.wait()
    server.close()
    return count / took
