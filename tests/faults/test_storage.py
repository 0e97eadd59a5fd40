"""R7, R24 and a database or Redis that is locked, full, read-only, held up or away: a code, and nothing acked lost."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests.faults.checker import assert_kept
from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.guests import Guests, Watch, connect
from tests.faults.house import CONFIGURATION, intervals
from tests.faults.measures import ack_seconds
from tests.faults.people import Agent, Customer
from tests.faults.stack import Process, Stack, off_loop
from tests.faults.wire import request

LONG: Final = "a longer story " * 200


# -- R7: SQLite


async def test_r7_sqlite_is_never_locked_for_those_who_write() -> None:
    writers, seconds = short_or_full((20, 5.0), (20, 60.0))
    with small_stack("daphne") as stack:
        async with Crowd(stack, customers=writers, agents=3) as crowd:
            crowd.answer_back()
            until = time.monotonic() + seconds
            holder = asyncio.create_task(off_loop(hold_sqlite, stack, 3.0))
            await asyncio.gather(*(write_on(customer, until) for customer in crowd.customers))
            await holder
            await crowd.chatter(each=1, gap_seconds=0)
            await crowd.assert_all_kept()
            refused = crowd.history.of("refused")
            acked = len(crowd.history.of("ack"))
        assert not refused, refused[:3]
        assert "database is locked" not in whole_log(stack)
    note(
        "R7", f"0 refused of {acked} messages of {writers} writers in {seconds:.0f} s, 3 s of them locked from outside"
    )


def small_stack(server: str, **options: Any) -> Stack:
    """SQLite and no Redis: everything in one process."""
    options = {"servers": 1, "configuration": CONFIGURATION} | options
    return Stack(workers=0, database="sqlite", server=server, redis=False, **intervals(), **options)


def hold_sqlite(stack: Stack, seconds: float) -> None:
    """Somebody else's transaction, as a backup's or an operator's."""
    with contextlib.closing(sqlite3.connect(database_file(stack), timeout=10, isolation_level=None)) as outside:
        outside.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        outside.execute("ROLLBACK")


def database_file(stack: Stack) -> Path:
    return Path(stack.database_url.removeprefix("sqlite:///"))


def whole_log(stack: Stack) -> str:
    return "".join(file.read_text() for file in stack.home.glob("*.log"))


async def write_on(customer: Customer, until: float) -> None:
    number = 0
    while time.monotonic() < until:
        assert customer.handoff is not None
        await customer.say(customer.handoff, f"{number} of {customer.name}")
        number += 1


# -- R24: no room


async def test_r24_a_full_disk_is_told_and_what_waited_is_saved_once_there_is_room() -> None:
    with small_stack("daphne", servers=0) as stack:
        pages = lay_ballast(stack)
        # The only way to give SQLite a small disk without owning the machine; the same error comes of a full one.
        stack.add_server(HANDOFF_SQLITE_SYNCHRONOUS=f"FULL; PRAGMA max_page_count={pages + 40}")
        async with Crowd(stack, customers=2, agents=1) as crowd:
            await fill_until_refused(crowd)
            await refused_with_a_code(crowd.customers[0])
            assert (await crowd.customers[0].call("GET", f"handoffs/{crowd.customers[0].handoff}")).status == 200
            drop_ballast(stack)
            await outboxes_empty(crowd)
            await crowd.assert_all_kept()
            told = len(crowd.history.of("refused", code="not_saved"))
    note(
        "R24",
        f"SQLite at its page limit: not_saved {told} times, all of it saved once there was room, nothing acked lost",
    )


def lay_ballast(stack: Stack) -> int:
    with contextlib.closing(sqlite3.connect(database_file(stack))) as outside, outside:
        outside.execute("CREATE TABLE ballast (weight BLOB)")
        outside.execute("INSERT INTO ballast VALUES (zeroblob(2000000))")
    with contextlib.closing(sqlite3.connect(database_file(stack))) as outside:
        pages: int = outside.execute("PRAGMA page_count").fetchone()[0]
    return pages


def drop_ballast(stack: Stack) -> None:
    with contextlib.closing(sqlite3.connect(database_file(stack), timeout=20)) as outside, outside:
        outside.execute("DROP TABLE ballast")


async def fill_until_refused(crowd: Crowd) -> None:
    """Talk until there is no room; whatever is refused stays in its outbox."""
    async with asyncio.timeout(60):
        while not crowd.history.of("refused", code="not_saved"):
            for person, handoff in talks(crowd):
                person.say(handoff, LONG)
            await asyncio.sleep(0.1)


def talks(crowd: Crowd) -> list[tuple[Customer | Agent, str]]:
    customers = [(one, str(one.handoff)) for one in crowd.customers]
    return [*customers, *((agent, handoff) for agent in crowd.agents for handoff in agent.owned)]


async def refused_with_a_code(customer: Customer) -> None:
    """Over HTTP: 503, when to come back, and nothing of it is there."""
    async with asyncio.timeout(20):
        while True:
            body = {"client_id": f"try-{time.monotonic_ns()}", "text": LONG}
            answer = await customer.call("POST", f"handoffs/{customer.handoff}/messages", body)
            if answer.status == 503:
                assert (answer.code, answer.headers.get("retry-after")) == ("not_saved", "2")
                return


async def outboxes_empty(crowd: Crowd) -> None:
    async with asyncio.timeout(60):
        while any(person.outbox for person in crowd.people):
            await asyncio.sleep(0.1)


# -- PostgreSQL, whose operators and neighbours do things to it


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(servers=2, workers=0, configuration=CONFIGURATION, **intervals()) as running:
        yield running


async def test_r24_a_read_only_database_refuses_with_a_code_and_goes_on_when_it_may(stack: Stack) -> None:
    async with Crowd(stack, customers=2, agents=1) as crowd:
        await crowd.chatter(each=3, gap_seconds=0)
        with read_only(stack):
            async with asyncio.timeout(30):
                # Each of the database's processes hears of it in its own time.
                while not crowd.history.of("refused", code="not_saved"):
                    for person, handoff in talks(crowd):
                        person.say(handoff, "said while nothing can be written")
                    await asyncio.sleep(0.2)
            await refused_with_a_code(crowd.customers[0])
            answer = await crowd.customers[0].call("POST", "handoffs", {**CLICK, "client_id": "while-read-only"})
            assert (answer.status, answer.code) == (503, "not_saved")
            assert (await crowd.customers[0].call("GET", f"handoffs/{crowd.customers[0].handoff}")).status == 200
            acked = len(crowd.history.of("ack"))
        await outboxes_empty(crowd)
        assert len(crowd.history.of("ack")) > acked
        await crowd.assert_all_kept()
    note("R24", "PostgreSQL read-only: not_saved with Retry-After, all of it saved afterwards, nothing acked lost")


CLICK: Final = {"intent": "dispute-charge", "channel": "chat"}


@contextlib.contextmanager
def read_only(stack: Stack) -> Iterator[None]:
    """As a standby is, or a server whose disk is nearly full."""
    with psycopg.connect(stack.postgres.url, autocommit=True) as operator:
        operator.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        operator.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            operator.execute("ALTER SYSTEM RESET default_transaction_read_only")
            operator.execute("SELECT pg_reload_conf()")


async def until(happens: Callable[[], Any], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not happens():
            await asyncio.sleep(0.05)


async def test_r24_one_locked_stream_is_waited_for_or_refused_and_nothing_is_lost(stack: Stack) -> None:
    """Held for longer than a statement waits for a lock (5 s): its sends are told so, and saved once it is free."""
    async with Crowd(stack, customers=3, agents=1) as crowd:
        held, *others = crowd.customers
        with psycopg.connect(stack.database_url) as neighbour:
            row = "SELECT id FROM handoff_stream WHERE name = %s FOR UPDATE"
            neighbour.execute(row, [f"handoff/{held.handoff}"])
            assert held.handoff is not None
            held.say(held.handoff, "into what is held")
            await until(lambda: crowd.history.of("refused", who=held.name, code="not_saved"))
            assert not crowd.history.of("ack", who=held.name)
            for other in others:
                assert other.handoff is not None
                assert await other.say(other.handoff, "beside it") is not None
        await outboxes_empty(crowd)
        await crowd.assert_all_kept()
        beside = crowd.history.filtered(lambda record: record["who"] != held.name)
        waited = max(ack_seconds(beside))
    note("R24", f"a stream held for more than 5 s: refused, saved later; beside it acked in {waited:.1f} s at most")


async def test_r14_a_server_frozen_within_a_transaction_holds_nobody_up_for_long(stack: Stack) -> None:
    """As a machine that lost its power: its locks stay, and its connections are not missed for hours."""
    message = "the one it freezes with"
    settings = {"FAULTS_CRASH_POINT": "frozen_before_commit", "FAULTS_CRASH_MESSAGE": "frozen-1"}
    frozen = await off_loop(stack.add_server, module="tests.faults.crashing", **settings)
    crowd = Crowd(stack, customers=1, agents=1, ports=stack.ports[:1])
    held, agent = crowd.customers[0], crowd.agents[0]
    held.network.ports = [frozen.port or 0]
    try:
        async with crowd:
            assert held.handoff is not None
            held.say(held.handoff, message, client_id="frozen-1")
            await until(lambda: idle_transactions(stack))
            began = time.monotonic()
            # The other side writes into the very stream that is locked.
            assert await agent.say(held.handoff, "are you still there?") is not None
            let_go = time.monotonic() - began
            assert not crowd.history.of("ack", client_id="frozen-1")
            frozen.thaw()
            await outboxes_empty(crowd)
            await crowd.assert_all_kept()
    finally:
        frozen.thaw()
        stack.remove(frozen)
    assert let_go <= 10
    note("R14", f"a server frozen within a transaction: its stream taken back after {let_go:.1f} s, 0 lost")


def idle_transactions(stack: Stack) -> list[Any]:
    """Of this database: begun, and nothing asked for since."""
    query = """
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'
        AND state_change < clock_timestamp() - interval '0.15 seconds'
    """
    with psycopg.connect(stack.database_url, autocommit=True) as operator:
        return operator.execute(query).fetchall()


# -- Redis


async def test_r5_servers_that_start_without_redis_serve_and_say_that_they_are_not_whole(stack: Stack) -> None:
    here, there = stack.servers
    stack.redis.kill()
    try:
        for server in stack.servers:
            server.kill()
            server.start(wait=False)
        for server in stack.servers:
            await answers(server, "/healthz", 200)
        async with Guests(stack) as guests:
            maya, amira = await guests.customer(stack.ports[0]), await guests.agent(0, stack.ports[1])
            await answers(here, "/readyz", 503)
            handoff = await connect(maya, amira)
            at_amira = Watch(amira)
            assert await maya.say(handoff, "over the log alone") is not None
            await at_amira.event("message.posted", text="over the log alone", seconds=10)
            stack.redis.start()
            for server in (here, there):
                await answers(server, "/readyz", 200)
            assert await maya.say(handoff, "over hints again") is not None
            await at_amira.event("message.posted", text="over hints again", seconds=10)
            await maya.read_log()
            assert_kept(guests.history)
    finally:
        if stack.redis.is_running is False:
            stack.redis.start()


async def answers(server: Process, path: str, status: int, *, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(Exception):
                assert server.port is not None
                if (await request(server.port, "GET", path, headers={})).status == status:
                    return
            await asyncio.sleep(0.1)
