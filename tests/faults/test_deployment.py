"""Two servers, two workers, PostgreSQL and Redis behind nginx, as an operator runs them (R17)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

import pytest

from tests.faults import balancer
from tests.faults.crowd import Crowd
from tests.faults.figures import FULL, note, short_or_full
from tests.faults.measures import ack_seconds, offline_seconds, quantile
from tests.faults.people import Manners
from tests.faults.stack import Stack, off_loop
from tests.faults.wire import Socket

FREEZE_SECONDS = short_or_full(3, 30)


@pytest.fixture
def front(stack: Stack) -> Iterator[tuple[list[int], str]]:
    """The ports that people know, and what stands there."""
    if balancer.PROGRAM is not None:
        with balancer.balanced(stack) as port:
            yield [port], "nginx"
    elif FULL:
        pytest.fail("nginx is not installed. On Debian: apt-get install nginx-light")
    else:
        yield stack.ports, "no nginx: clients try one server after the other"


@contextlib.asynccontextmanager
async def talking(crowd: Crowd) -> object:
    """Everybody talks until the block ends."""
    ended = asyncio.Event()

    async def talk() -> None:
        while not ended.is_set():
            await crowd.chatter(each=1, gap_seconds=0.2)

    crowd.answer_back()
    task = asyncio.create_task(talk())
    await asyncio.sleep(1)
    try:
        yield
    finally:
        ended.set()
        await task


def crowd_at(stack: Stack, ports: list[int]) -> Crowd:
    return Crowd(
        stack, customers=short_or_full(8, 50), agents=short_or_full(2, 6), ports=ports,
        manners=Manners(base_seconds=4, resend_seconds=2),
    )  # fmt: skip


async def test_r17_a_rolling_deploy_is_hardly_noticed(stack: Stack, front: tuple[list[int], str]) -> None:
    ports, what = front
    async with crowd_at(stack, ports) as crowd:
        async with talking(crowd):
            began = time.monotonic()
            for process in (*stack.servers, *stack.workers):
                assert await off_loop(process.stop) == 0
                await off_loop(process.start)
            # The last ones have to come back before they are counted.
            await asyncio.gather(*[person.online() for person in crowd.people])
        await crowd.assert_all_kept()
        breaks = offline_seconds(crowd.history, since=began)
        assert len(breaks) >= len(crowd.people)
        assert quantile(breaks, 0.95) < 5
        acked = len(crowd.history.of("ack"))
        note(
            "R17",
            f"{what}; {len(breaks)} sockets moved, offline p95 {quantile(breaks, 0.95):.1f} s, {acked:,} acked, 0 lost",
        )


async def test_one_server_dies_and_redis_hangs_and_nothing_is_lost(stack: Stack, front: tuple[list[int], str]) -> None:
    ports, what = front
    async with crowd_at(stack, ports) as crowd:
        async with talking(crowd):
            began = time.monotonic()
            await off_loop(stack.servers[0].kill)
            await asyncio.sleep(short_or_full(1, 5))
            await off_loop(stack.servers[0].start)
            stack.redis.freeze()
            try:
                await asyncio.sleep(FREEZE_SECONDS)
            finally:
                stack.redis.thaw()
            await asyncio.gather(*[person.online() for person in crowd.people])
        await crowd.assert_all_kept()
        waits = ack_seconds(crowd.history, since=began)
        breaks = offline_seconds(crowd.history, since=began)
        assert breaks
        assert max(breaks) < 30
        note(
            "stack",
            f"{what}; one server killed, Redis frozen for {FREEZE_SECONDS} s: {len(waits):,} acked, 0 lost, "
            f"offline at most {max(breaks):.1f} s",
        )


async def test_a_server_that_is_leaving_sends_new_sockets_elsewhere(stack: Stack) -> None:
    """To a proxy 503 means: ask the next one. A plain refusal would go back to the client."""
    async with Crowd(stack, customers=45, agents=0, ports=stack.ports[:1], connect=False) as crowd:
        leaving = asyncio.create_task(off_loop(stack.servers[0].stop))
        gone = asyncio.Event()
        for customer in crowd.customers:
            customer.listeners.append(lambda frame: gone.set() if frame["ev"] == "bye" else None)
        await asyncio.wait_for(gone.wait(), 20)
        assert await Socket.knock(stack.ports[0], "customer", stack.site_origin) == 503
        await leaving
        await off_loop(stack.servers[0].start)
