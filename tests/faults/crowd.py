"""Many people at once: a desk that answers, customers who talk, and the reading of everything at the end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from tests.faults.checker import Rule, assert_kept
from tests.faults.history import History
from tests.faults.people import Agent, Customer, Manners, Person
from tests.faults.stack import Stack
from tests.faults.wire import Frame, Network

# What a test on a slow machine may wait for something that takes a moment.
PATIENCE_SECONDS: Final = 60
# What most rows are about is not how long a client waits.
IMPATIENT: Final = Manners(base_seconds=0.3, cap_seconds=1, resend_seconds=1)
# Whoever is behind once everything has settled stays behind.
LAST_WAIT_SECONDS: Final = 2
_numbers = itertools.count(1)


class Crowd:
    """`async with Crowd(stack, customers=5, agents=2) as crowd`: all are online, each customer is connected."""

    def __init__(
        self,
        stack: Stack,
        *,
        customers: int,
        agents: int = 2,
        manners: Manners | None = None,
        ports: Sequence[int] | None = None,
        history: Path | History | None = None,
        connect: bool = True,
    ) -> None:
        self.stack, self.manners, self._connect = stack, manners or IMPATIENT, connect
        self.history = history if isinstance(history, History) else History(history)
        self.ports = list(stack.ports if ports is None else ports)
        self.agents = [self.agent(place) for place in range(agents)]
        self.customers = [self.customer() for _ in range(customers)]

    def customer(self, **options: Any) -> Customer:
        """One who has not come yet; the names are new in each test that shares a stack."""
        number = next(_numbers)
        options = {"network": Network(self.ports, seed=number), "manners": self.manners} | options
        return Customer(f"customer-{number}", self.stack, history=self.history, **options)

    def agent(self, place: int, **options: Any) -> Agent:
        options = {"network": Network(self.ports, seed=place), "manners": self.manners} | options
        return Agent(self.stack.agents[place], self.stack, history=self.history, **options)

    @property
    def people(self) -> list[Person]:
        return [*self.agents, *self.customers]

    async def __aenter__(self) -> Self:
        try:
            for agent in self.agents:
                agent.start()
            await asyncio.gather(*[agent.online() for agent in self.agents])
            await asyncio.gather(*[self.bring(customer) for customer in self.customers])
        except BaseException:
            await self.leave()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def bring(self, customer: Customer) -> None:
        """Session, socket, click, and an agent who accepts."""
        await customer.arrive()
        customer.start()
        await customer.online()
        if self._connect:
            await customer.click()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await customer.connected.wait()

    async def leave(self) -> None:
        """End the talks and leave the desk, so that the next test is offered to its own agents, and go."""
        await asyncio.gather(*[self._end(customer) for customer in self.customers], return_exceptions=True)
        await asyncio.gather(*[agent.go_away() for agent in self.agents])
        await asyncio.gather(*[person.stop() for person in self.people])
        self.history.close()

    async def _end(self, customer: Customer) -> None:
        if customer.handoff is not None:
            for verb in ("end", "cancel"):
                await customer.insist("POST", f"handoffs/{customer.handoff}/{verb}", seconds=10)

    def answer_back(self) -> None:
        """Every agent answers every message of a customer."""
        for agent in self.agents:
            agent.listeners.append(lambda frame, agent=agent: _answer(agent, frame))

    async def chatter(self, *, each: int, gap_seconds: float) -> None:
        """Every customer says so many things, one after the other is acked, and everything is acked in the end."""
        async with asyncio.timeout(PATIENCE_SECONDS + each * (1 + gap_seconds)):
            await asyncio.gather(*[self._say(customer, each, gap_seconds) for customer in self.customers])
            while any(person.outbox for person in self.people):
                await asyncio.sleep(0.05)

    async def _say(self, customer: Customer, each: int, gap_seconds: float) -> None:
        for number in range(each):
            assert customer.handoff is not None
            await customer.say(customer.handoff, f"word {number} of {customer.name}")
            await asyncio.sleep(gap_seconds)

    async def talk_until(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            await self.chatter(each=1, gap_seconds=0.2)

    async def until_delivery_is_prompt(self, since: float, *, seconds: float = 30) -> float:
        """When somebody else has read, within a second, something that each customer said after this moment."""
        async with asyncio.timeout(seconds):
            while True:
                acks = [ack for ack in self.history.of("ack") if ack["t"] > since and ack["who"].startswith("customer")]
                said = {ack["client_id"]: ack for ack in acks}
                events = self.history.of("event", type="message.posted")
                read = [(event, said.get(event["data"]["client_id"])) for event in events]
                prompt = {
                    ack["who"] for event, ack in read
                    if ack is not None and event["who"] != ack["who"] and event["t"] - ack["t"] < 1
                }  # fmt: skip
                if len(prompt) == len(self.customers):
                    return time.monotonic() - 0.1
                await asyncio.sleep(0.1)

    async def settle(self, *, seconds: float) -> None:
        """Wait until everybody is back, has read all there is, and has nothing left to say."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                before: dict[str, int] | None = None
                while (heads := await self._heads()) != before or not self._is_quiet(heads):
                    before = heads
                    await asyncio.sleep(0.1)

    async def _heads(self) -> dict[str, int]:
        """How far each talk is, by the API."""
        handoffs = {customer.handoff: customer for customer in self.customers if customer.handoff}
        answers = [await customer.insist("GET", f"handoffs/{handoff}") for handoff, customer in handoffs.items()]
        return {f"handoff/{answer.body['id']}": answer.body["head"] for answer in answers}

    def _is_quiet(self, heads: dict[str, int]) -> bool:
        return all(
            person.is_online.is_set()
            and not person.outbox
            and all(cursor >= heads.get(stream, 0) for stream, cursor in person.view.cursors.items())
            for person in self.people
        )

    async def read_everything(self, *, seconds: float = 30) -> None:
        """Everybody reads their logs to the end through the API, and waits until their own view is as far."""
        await self.settle(seconds=seconds)
        for customer in self.customers:
            if customer.handoff is not None:
                await customer.has_read(await customer.read_log(), seconds=LAST_WAIT_SECONDS)
        for agent in self.agents:
            for handoff in list(agent.owned):
                heads = await agent.read_log(handoff) | await agent.read_log(handoff, desk=True)
                await agent.has_read(heads, seconds=LAST_WAIT_SECONDS)

    async def assert_all_kept(self, rules: Sequence[Rule] | None = None, *, seconds: float = 30) -> None:
        await self.read_everything(seconds=seconds)
        assert_kept(self.history, rules)


def _answer(agent: Agent, frame: Frame) -> None:
    if frame["ev"] == "event" and frame["type"] == "message.posted" and frame["data"]["author"]["kind"] == "customer":
        agent.say(frame["stream"].removeprefix("handoff/"), f"answer to {frame['data']['client_id']}")
