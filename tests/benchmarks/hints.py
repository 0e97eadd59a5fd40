"""What processes cost each other: CPU of a hint where it is heard and in Redis, and what a handoff writes.

``.venv/bin/python -m tests.benchmarks.hints``. These are the figures of ``scale_measured.json`` that nothing else here
measures.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

import psycopg

from deploy.redis_server import RedisServer, temporary_server
from tests.benchmarks.machine import calibrate, cpu_seconds, description, table
from tests.processes import ROOT, environment

LISTENERS: Final = 4
HINTS: Final = 8000
A_SECOND: Final = 1000
CUSTOMERS: Final = 20
MESSAGES: Final = 20
# A message of the usual length, as another process hears of it.
_TELLER: Final = """
import asyncio, sys, time
import django; django.setup()
from handoff.realtime.bridge import RedisBridge
from handoff.realtime.delivery import Delivered, Hub

async def main(url, count, a_second):
    hub = Hub()
    hub.attach(asyncio.get_running_loop())
    bridge = hub.bridge = RedisBridge(url, hub)
    task = asyncio.create_task(bridge.run())
    while not bridge.is_connected:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    if count:
        sys.stdin.readline()
    began = time.perf_counter()
    for number in range(count):
        author = {"kind": "customer", "id": "cu_0123456789abcdefghijkl", "name": "Maya Lindgren"}
        data = {"id": f"ms_{number:022}", "handoff": "ho_0123456789abcdefghijkl", "author": author,
                "client_id": "0198c0de-0000-7000-8000-000000000001", "text": "word " * 16}
        entry = Delivered(f"handoff/ho_{number % 200:022}", number, "2026-01-01T00:00:00.000Z", "message.posted", data)
        bridge.publish([entry], ())
        await asyncio.sleep(max(0, began + number / a_second - time.perf_counter()))
    await asyncio.sleep(1 if count else 10**6)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
"""


class Hint(NamedTuple):
    """Microseconds of CPU a hint."""

    heard_us: float
    redis_us: float


class Written(NamedTuple):
    """What the database holds more after a handoff, messages apart."""

    commits: float
    entries: float
    entry_bytes: float


def hint_cost() -> Hint:
    """Processes as they are, without sockets; those that listen have no reader of what they hear."""
    with temporary_server() as server, ExitStack() as stack:
        listeners = [stack.enter_context(_process(server, 0)) for _ in range(LISTENERS)]
        teller = stack.enter_context(_process(server, HINTS))
        assert server.process is not None
        assert teller.stdin is not None
        pids = [child.pid for child in listeners]
        # What they do while nobody tells anything is not the hints'.
        quiet = _spent(pids, server.process.pid, teller, seconds=HINTS / A_SECOND)
        teller.stdin.write(b"go\n")
        teller.stdin.flush()
        busy = _spent(pids, server.process.pid, teller, seconds=None)
    return Hint(*((ours - idle) / HINTS / LISTENERS * 1e6 for ours, idle in zip(busy, quiet, strict=True)))


@contextmanager
def _process(server: RedisServer, count: int) -> Iterator[subprocess.Popen[bytes]]:
    env = environment(server.home, DJANGO_SETTINGS_MODULE="handoff.config.settings", PYTHONPATH=str(ROOT))
    child = subprocess.Popen(
        [sys.executable, "-c", _TELLER, server.url, str(count), str(A_SECOND)], cwd=ROOT, env=env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        yield child
    finally:
        child.kill()
        child.wait()


def _spent(listeners: list[int], redis: int, teller: subprocess.Popen[bytes], *, seconds: float | None) -> Hint:
    """CPU seconds until the teller is done, or for so long."""
    before = sum(cpu_seconds(pid) for pid in listeners), cpu_seconds(redis)
    if seconds is None:
        teller.wait(60)
    else:
        time.sleep(seconds)
    return Hint(sum(cpu_seconds(pid) for pid in listeners) - before[0], cpu_seconds(redis) - before[1])


async def written() -> Written:
    """Customers come, are connected, talk and leave; agents wrap up."""
    from tests.faults import desk
    from tests.faults.crowd import Crowd
    from tests.faults.stack import Stack

    with Stack(servers=1, workers=0, redis=False, configuration=desk.configuration(agents=4)) as stack:
        async with Crowd(stack, customers=0) as nobody:
            assert nobody.customers == []
            idle = _transactions(stack.database_url)
            started = time.monotonic()
            await asyncio.sleep(5)
            idle_a_second = (_transactions(stack.database_url) - idle) / (time.monotonic() - started)
        before, entries = _transactions(stack.database_url), _entries(stack.database_url)
        started = time.monotonic()
        async with Crowd(stack, customers=CUSTOMERS):
            pass
        took = time.monotonic() - started
        commits = (_transactions(stack.database_url) - before - idle_a_second * took) / CUSTOMERS
        moves = (_entries(stack.database_url) - entries) / CUSTOMERS
        async with Crowd(stack, customers=CUSTOMERS) as crowd:
            crowd.answer_back()
            await crowd.chatter(each=MESSAGES, gap_seconds=0.01)
        return Written(commits, moves, _bytes(stack.database_url) / _entries(stack.database_url))


def _ask(url: str, query: str) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        [(value,)] = connection.execute(query.encode()).fetchall()
    return float(value)


def _transactions(url: str) -> float:
    """Numbers are given to those that write; this one takes one too."""
    return _ask(url, "SELECT pg_current_xact_id()::text::numeric")


def _entries(url: str) -> float:
    return _ask(url, "SELECT count(*) FROM handoff_logentry")


def _bytes(url: str) -> float:
    """With indexes, in parts or in one."""
    tables = "relkind = 'r' AND relname LIKE 'handoff_logentry%'"
    return _ask(url, f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE {tables}")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")
    print(description(), calibrate().line(), sep="\n")
    hint, wrote = hint_cost(), asyncio.run(written())
    rows = [
        ["cpu_hint_heard_us", f"{hint.heard_us:.0f}"],
        ["redis_delivery_us", f"{hint.redis_us:.1f}"],
        ["commits_a_handoff", f"{wrote.commits:.1f}"],
        ["entries_a_handoff", f"{wrote.entries:.1f}"],
        ["entry_bytes", f"{wrote.entry_bytes:.0f}"],
    ]
    print(table(("figure", "value"), rows))


if __name__ == "__main__":
    main()
