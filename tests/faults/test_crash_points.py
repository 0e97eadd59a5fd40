"""Commit before ack, announce after commit: a process may die at any line of a send (R4)."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.faults.crowd import Crowd
from tests.faults.figures import note
from tests.faults.people import Customer
from tests.faults.stack import Process, Stack, off_loop

# Whether the message had been committed, and its ack sent, when the process died.
POINTS: Final = {
    "before_insert": (False, False),
    "before_commit": (False, False),
    "after_commit": (True, False),
    "before_hint": (True, True),
}


async def test_r4_a_process_may_die_at_every_point_of_a_send(stack: Stack) -> None:
    """Each point has a server and a customer of its own; the agents sit at one that survives."""
    dying = {point: await off_loop(_add_dying, stack, point) for point in POINTS}
    try:
        for server in dying.values():
            await off_loop(server.wait_until_ready)
        survivor = stack.ports[:1]
        crowd = Crowd(stack, customers=len(POINTS), ports=survivor)
        for customer, server in zip(crowd.customers, dying.values(), strict=True):
            customer.network.ports = [server.port or 0]
        async with crowd:
            for customer, (point, server) in zip(crowd.customers, dying.items(), strict=True):
                await _die_at(crowd, customer, point, server)
            await _assert_healed(crowd)
            for customer in crowd.customers:
                customer.network.ports = survivor
            await crowd.assert_all_kept()
    finally:
        for server in dying.values():
            stack.remove(server)
    for point, (is_stored, is_acked) in POINTS.items():
        note("R4", f"{point}: stored {is_stored}, acked {is_acked}, healed, nothing lost or doubled", of=point)


def _add_dying(stack: Stack, point: str) -> Process:
    module = "tests.faults.crashing"
    return stack.add_server(wait=False, module=module, FAULTS_CRASH_POINT=point, FAULTS_CRASH_MESSAGE=point)


async def _die_at(crowd: Crowd, customer: Customer, point: str, server: Process) -> None:
    assert customer.handoff is not None
    assert server.child is not None
    await customer.say(customer.handoff, "the word before")
    customer.say(customer.handoff, "the word in question", client_id=point)
    assert await off_loop(server.child.wait, 30) == 9
    _, is_acked = POINTS[point]
    assert [ack["client_id"] for ack in crowd.history.of("ack")].count(point) == is_acked


async def _assert_healed(crowd: Crowd) -> None:
    """What was committed is read by the other side although no hint of it ever left the process that died."""
    stored = {point for point, (is_stored, _) in POINTS.items() if is_stored}
    async with asyncio.timeout(25):
        while stored:
            await asyncio.sleep(0.1)
            events = crowd.history.of("event", type="message.posted")
            stored -= {event["data"]["client_id"] for event in events if event["who"].startswith("agent")}
