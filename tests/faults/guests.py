"""People for one test of a shared deployment, who leave it as they found it: nobody at work, nothing in line."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Any, Final, Self

from tests.faults.history import History
from tests.faults.people import Agent, Customer, Manners
from tests.faults.stack import Stack
from tests.faults.wire import Frame, Network, Unreachable

PATIENCE_SECONDS: Final = 30.0
Decide = Callable[[Frame], str | None]


class Watch:
    """Every frame of one person from now on, with the time at which it was heard."""

    def __init__(self, person: Any) -> None:
        self.frames: list[Frame] = []
        self._news = asyncio.Event()
        person.listeners.append(self._take)

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame | {"heard_at": time.monotonic()})
        self._news.set()

    async def until(self, suits: Callable[[Frame], bool], *, seconds: float = PATIENCE_SECONDS) -> Frame:
        looked = 0
        async with asyncio.timeout(seconds):
            while True:
                for frame in self.frames[looked:]:
                    if suits(frame):
                        return frame
                looked = len(self.frames)
                self._news.clear()
                await self._news.wait()

    async def event(self, type_: str, *, seconds: float = PATIENCE_SECONDS, **data: Any) -> Frame:
        """The first event of a type whose data holds these values."""
        return await self.until(
            lambda frame: (
                frame["ev"] == "event"
                and frame["type"] == type_
                and all(frame["data"].get(name) == value for name, value in data.items())
            ),
            seconds=seconds,
        )

    async def offer(self, handoff: str, *, seconds: float = PATIENCE_SECONDS) -> Frame:
        """The newest offer of this handoff."""
        await self.until(lambda frame: is_offer_of(frame, handoff), seconds=seconds)
        return [frame for frame in self.frames if is_offer_of(frame, handoff)][-1]


def is_offer_of(frame: Frame, handoff: str) -> bool:
    return frame.get("type") == "offer.made" and frame["data"]["handoff"]["id"] == handoff


class Guests:
    """`async with Guests(stack) as guests`: whoever is asked for is online."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.history = stack, History()
        self.manners = Manners(base_seconds=0.5, resend_seconds=1)
        self.customers: list[Customer] = []
        self.agents: list[Agent] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        everybody = (*self.customers, *self.agents)
        await asyncio.gather(*(self.let_go(customer) for customer in self.customers), return_exceptions=True)
        await asyncio.gather(*(self._send_home(agent) for agent in self.agents), return_exceptions=True)
        await asyncio.gather(*(person.stop() for person in everybody))

    async def customer(self, *ports: int, name: str = "", **claims: Any) -> Customer:
        name = name or f"customer-{secrets.token_hex(4)}"
        customer = Customer(name, self.stack, Network(ports or self.stack.ports), self.history, self.manners)
        self.customers.append(customer)
        await customer.arrive(**claims)
        customer.start()
        await customer.online()
        return customer

    async def agent(
        self, number: int, *ports: int, decide: Decide = lambda offer: None, available: bool = True
    ) -> Agent:
        """At work when this returns, if they want to be."""
        network = Network(ports or self.stack.ports)
        agent = Agent(self.stack.agents[number], self.stack, network, self.history, self.manners)
        agent.decide, agent.available = self._for_guests(decide), False
        if ports:
            # Another device of the same person reads its own log.
            agent.name += f" at {ports[0]}"
        self.agents.append(agent)
        agent.start()
        await agent.online()
        if available:
            await agent.command("availability.set", available=True)
        return agent

    def _for_guests(self, decide: Decide) -> Decide:
        """What a row before left in line is declined: two offers ignored would set an agent of this one to away."""

        def answer(offer: Frame) -> str | None:
            invited = {customer.id for customer in self.customers}
            return decide(offer) if offer["handoff"]["customer"]["id"] in invited else "decline"

        return answer

    async def let_go(self, customer: Customer) -> None:
        if customer.handoff is not None:
            for way in ("cancel", "end"):
                await customer.insist("POST", f"handoffs/{customer.handoff}/{way}", seconds=10)

    async def _send_home(self, agent: Agent) -> None:
        agent.decide = lambda offer: None
        with contextlib.suppress(Unreachable):
            await agent.command("availability.set", available=False, seconds=5)
            for handoff in list(agent.owned):
                await close(agent, handoff)


async def close(agent: Agent, handoff: str) -> None:
    """Ended, if it still goes on, and wrapped up."""
    await agent.command("handoff.end", handoff=handoff)
    await agent.command("handoff.wrap_up", handoff=handoff, disposition="resolved")


async def connect(customer: Customer, agent: Agent, *, intent: str = "dispute-charge") -> str:
    """The customer clicks, this agent takes it; answers the handoff's id."""
    watch = Watch(agent)
    handoff = await customer.click(intent)
    offer = (await watch.offer(handoff))["data"]
    answer = await agent.command("offer.accept", offer=offer["id"], token=offer["token"])
    assert answer["ev"] == "ack", answer
    await watch.event("handoff.assigned", id=handoff)
    return handoff
