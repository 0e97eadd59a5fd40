"""Another Redis takes over while people talk: hints are late for some seconds, and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from redis.exceptions import ConnectionError as NobodyThere

from handoff.realtime import redis_clients
from handoff.realtime.counters import Counters, Spending
from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.measures import ack_seconds, deliveries, quantile
from tests.faults.sentinels import WatchedRedis, WatchedStack
from tests.faults.stack import off_loop

# A message that was read later than this after its ack had no hint.
LATE_SECONDS = 0.5


@pytest.fixture(scope="module")
def stack() -> Iterator[WatchedStack]:
    with WatchedStack(workers=1, TICK=0.5, WRAP_UP=3) as whole:
        yield whole


@pytest.mark.parametrize("fault", ["freeze", "kill"])
async def test_a_failover_costs_some_seconds_and_nothing_else(stack: WatchedStack, fault: str) -> None:
    """Customers on one server and agents on the other: only hints, or the poll, bring them together."""
    watched, old = stack.watched, await off_loop(lambda: stack.watched.primary)
    crowd = Crowd(stack, customers=short_or_full(4, 20), ports=stack.ports[:1])
    for agent in crowd.agents:
        agent.network.ports = stack.ports[1:2]
    async with crowd:
        crowd.answer_back()
        talk = asyncio.create_task(crowd.talk_until(ended := asyncio.Event()))
        await crowd.until_delivery_is_prompt(time.monotonic())
        began = time.monotonic()
        getattr(watched, fault)(old)
        await off_loop(watched.wait_for_another, old)
        elected = time.monotonic() - began
        await crowd.until_delivery_is_prompt(time.monotonic())
        if fault == "freeze":
            # It wakes, and believes for a moment that it is still the one.
            watched.thaw(old)
            await off_loop(watched.wait_until_demoted, old)
            await crowd.until_delivery_is_prompt(time.monotonic())
        await asyncio.sleep(short_or_full(2, 10))
        over = time.monotonic()
        ended.set()
        await talk
        await crowd.assert_all_kept()
    waits = ack_seconds(crowd.history, since=began, until=over)
    lags = [(at - began, lag) for at, lag in deliveries(crowd.history) if began < at < over]
    without_hints = max((at for at, lag in lags if lag > LATE_SECONDS), default=0)
    slowest = max(lag for _, lag in lags)
    assert without_hints < over - began - 1, "hints have not come back"
    assert slowest < 10
    assert quantile(waits, 0.99) < 2
    note(
        "failover",
        f"{fault} of the primary, another after {elected:.1f} s: hints lost for {without_hints:.1f} s, "
        f"delivery at most {slowest:.1f} s late; {len(waits):,} acked, p99 {quantile(waits, 0.99):.2f} s, 0 lost",
        of=fault,
    )


def test_what_counts_limits_finds_the_server_that_has_taken_over(tmp_path: Path) -> None:
    with WatchedRedis(tmp_path / "redis") as watched:
        old = watched.primary
        counters = Counters(watched.url)
        one = Spending("failover", each_seconds=60, all_seconds=120)
        assert counters.spend([one]) == 0
        assert watched.client(old).keys() == [b"handoff:rate:failover"]
        watched.kill(old)
        assert counters.spend([one]) is None
        new = watched.wait_for_another(old)
        deadline = time.monotonic() + 20
        while counters.spend([one]) is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert watched.client(new).keys() == [b"handoff:rate:failover"]


async def test_the_url_of_the_primary_is_asked_anew(tmp_path: Path) -> None:
    with WatchedRedis(tmp_path / "redis") as watched:
        old = watched.primary
        assert await _port(watched.url) == old
        watched.kill(old)
        new = await off_loop(watched.wait_for_another, old)
        async with asyncio.timeout(20):
            # The other Sentinels hear of it a moment later, and until then there is none.
            while await _port(watched.url) != new:
                await asyncio.sleep(0.1)
        with redis.Redis.from_url(await redis_clients.primary_url(watched.url)) as client:
            assert client.info("replication")["role"] == "master"
        for port in watched.sentinels:
            watched.kill(port)
        with pytest.raises(NobodyThere):
            await redis_clients.primary_url(watched.url)


async def _port(url: str) -> int | None:
    try:
        return urlsplit(await redis_clients.primary_url(url)).port
    except NobodyThere:
        return None
