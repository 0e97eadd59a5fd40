"""Redis and PostgreSQL may die, hang or forget while people talk (R5, R6)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.measures import ack_seconds, deliveries, quantile
from tests.faults.people import Customer
from tests.faults.stack import Stack, off_loop
from tests.faults.wire import Answer, Unreachable

Outage = Callable[[Stack], Awaitable[None]]
OUTAGE_SECONDS: Final = short_or_full(3, 30)
MOST_CRASHES: Final = 10


async def kill(stack: Stack) -> None:
    await off_loop(stack.redis.kill)
    await asyncio.sleep(OUTAGE_SECONDS)
    await off_loop(stack.redis.start)


async def flush(stack: Stack) -> None:
    await off_loop(stack.redis.flush)


async def freeze(stack: Stack) -> None:
    stack.redis.freeze()
    try:
        await asyncio.sleep(OUTAGE_SECONDS)
    finally:
        stack.redis.thaw()


@pytest.mark.parametrize("outage", [kill, flush, freeze])
async def test_r5_redis_may_go_and_come_back(stack: Stack, outage: Outage) -> None:
    """Customers on one server and agents on the other: only hints, or the poll, bring them together."""
    crowd = Crowd(stack, customers=short_or_full(4, 20), ports=stack.ports[:1])
    for agent in crowd.agents:
        agent.network.ports = stack.ports[1:2]
    async with crowd:
        crowd.answer_back()
        talk = asyncio.create_task(crowd.talk_until(ended := asyncio.Event()))
        await asyncio.sleep(1)
        began = time.monotonic()
        await outage(stack)
        back = time.monotonic()
        healed = await crowd.until_delivery_is_prompt(back) - back
        ended.set()
        await talk
        await crowd.assert_all_kept()
        waits = ack_seconds(crowd.history, since=began, until=back)
        slowest = max((lag for at, lag in deliveries(crowd.history) if began < at < back), default=0)
        assert healed < 5
        assert quantile(waits, 0.99) < 2
        note(
            "R5",
            f"{outage.__name__}, {OUTAGE_SECONDS} s: {len(waits):,} messages meanwhile, ack p99 "
            f"{quantile(waits, 0.99):.2f} s, delivery at most {slowest:.1f} s late, back after {healed:.1f} s, 0 lost",
        )


async def test_r6_postgres_may_crash_under_load(stack: Stack) -> None:
    async with Crowd(stack, customers=short_or_full(5, 30), agents=short_or_full(2, 4)) as crowd:
        crowd.answer_back()
        talk = asyncio.create_task(crowd.talk_until(ended := asyncio.Event()))
        answers: list[Answer] = []
        probe = asyncio.create_task(_probe(crowd.customers[0], answers, ended))
        crashes, refused = 0, list[Answer]()
        # Who asks in that second may be answered when it is over: then nobody was refused, and it crashes again.
        while crashes < short_or_full(1, 5) or (not refused and crashes < MOST_CRASHES):
            crashes += 1
            await asyncio.sleep(1)
            await off_loop(stack.postgres.stop, "immediate")
            await asyncio.sleep(1)
            await off_loop(stack.postgres.start)
            back = time.monotonic()
            await _until_everybody_is_heard(crowd, back)
            refused = [answer for answer in answers if answer.status >= 500]
        recovered = time.monotonic() - back
        ended.set()
        await talk
        await probe
        await crowd.assert_all_kept()
        refused = [answer for answer in answers if answer.status >= 500]
        assert {(answer.status, answer.code) for answer in refused} == {(503, "not_saved")}, refused[:3]
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        assert recovered < 10
        told = Counter(answer.status for answer in answers)
        note("R6", f"answers {dict(told)}, recovered {recovered:.1f} s after it was back, 0 lost")


async def _probe(customer: Customer, answers: list[Answer], ended: asyncio.Event) -> None:
    """What a plain request is told, over and over."""
    while not ended.is_set():
        body = {"client_id": f"probe-{len(answers)}", "text": "is anybody there?"}
        try:
            answers.append(await customer.call("POST", f"handoffs/{customer.handoff}/messages", body))
        except Unreachable as error:
            raise AssertionError(f"a request got no answer: {error}") from None
        await asyncio.sleep(0.05)


async def _until_everybody_is_heard(crowd: Crowd, since: float) -> None:
    """Each customer has been acked something that was said after this moment."""
    async with asyncio.timeout(30):
        missing = {customer.name for customer in crowd.customers}
        while missing:
            await asyncio.sleep(0.1)
            fresh = [record for record in crowd.history.of("say") if record["t"] > since]
            said = {record["client_id"] for record in fresh}
            acks = [ack for ack in crowd.history.of("ack") if ack["t"] > since and ack["client_id"] in said]
            missing -= {ack["who"] for ack in acks}
