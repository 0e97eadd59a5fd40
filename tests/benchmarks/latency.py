"""Click to offer, and message to message: at the sockets, or with --screens on the screens of a real browser."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks.deployment import Deployment, database, scratch, serving
from tests.benchmarks.machine import calibrate, cpu_seconds, description, quantile, table
from tests.benchmarks.people import Agent, Customer, Socket, client, connect_talk

WARM_UP: Final = 20
TALKS: Final = 10
# Calm: the server idles most of the time, so a figure is a wait for work and not for those before.
CLICKS_A_SECOND: Final = 8
MESSAGES_A_SECOND: Final = 20
HEADS: Final = (
    "server", "database", "n", "click to offer p50 / p95", "message p50 / p95", "server CPU a click, a message"
)  # fmt: skip


@dataclass
class Figures:
    """One server on one database; milliseconds."""

    clicks: list[float] = field(default_factory=list)
    messages: list[float] = field(default_factory=list)
    click_cpu_ms: float = 0.0
    message_cpu_ms: float = 0.0

    def row(self, server: str, engine: str) -> list[str]:
        cpu = f"{self.click_cpu_ms:.1f}, {self.message_cpu_ms:.1f} ms"
        return [server, engine, str(len(self.clicks)), _pair(self.clicks), _pair(self.messages), cpu]


def _pair(values: list[float]) -> str:
    return f"{quantile(values, 0.5):.1f} / {quantile(values, 0.95):.1f} ms"


async def at_rate(count: int, per_second: float, act: Callable[[int], Awaitable[None]]) -> None:
    """Start `act` at fixed times, whether or not the one before has ended: a slow server cannot slow the clock."""
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
            group.create_task(_awaited(act, number))


async def _awaited(act: Callable[[int], Awaitable[None]], number: int) -> None:
    await act(number)


async def measure(deployment: Deployment, *, count: int) -> Figures:
    figures = Figures()
    agent = await Agent(deployment, "amira").sign_in()
    async with client(deployment) as http, contextlib.aclosing(agent.http):
        desk = await agent.socket()
        await desk.command("availability.set", available=True)
        customers = [await Customer(deployment, f"cust-{n}", http).open() for n in range(count + WARM_UP + TALKS)]
        before = cpu_seconds(deployment.pid)
        await _measure_clicks(figures, customers[TALKS:], desk)
        # With the cancelling that makes room for the next click.
        figures.click_cpu_ms = (cpu_seconds(deployment.pid) - before) * 1000 / (count + WARM_UP)
        sides = await _connect(customers[:TALKS], desk)
        before = cpu_seconds(deployment.pid)
        await _measure_messages(figures, sides, count)
        figures.message_cpu_ms = (cpu_seconds(deployment.pid) - before) * 1000 / (count + WARM_UP)
        await desk.close()
    return figures


async def _measure_clicks(figures: Figures, customers: list[Customer], desk: Socket) -> None:
    async def click(number: int) -> None:
        customer = customers[number]
        offers: dict[str, float] = {}
        # The offer may be read before the answer to the click that tells the handoff's id.
        seen = desk.expect(lambda frame: _note_offer(frame, offers, wanted))
        wanted: list[str] = []
        started = time.perf_counter()
        handoff = str((await customer.click())["id"])
        wanted.append(handoff)
        if handoff not in offers:
            offers[handoff] = (await seen)["read_at"]
        seen.cancel()
        if number >= WARM_UP:
            figures.clicks.append((offers[handoff] - started) * 1000)
        await customer.cancel(handoff)

    await at_rate(len(customers), CLICKS_A_SECOND, click)


def _note_offer(frame: dict[str, object], offers: dict[str, float], wanted: list[str]) -> bool:
    if frame.get("type") != "offer.made":
        return False
    handoff: str = frame["data"]["handoff"]["id"]  # type: ignore[index]
    offers[handoff] = frame["read_at"]  # type: ignore[assignment]
    return handoff in wanted


Side = tuple[str, Socket, Socket]


async def _connect(customers: list[Customer], desk: Socket) -> list[Side]:
    """Both sides of one talk a customer: (handoff, who speaks, who hears)."""
    sides: list[Side] = []
    for customer in customers:
        handoff = await connect_talk(customer, desk)
        own = await customer.socket()
        sides += [(handoff, own, desk), (handoff, desk, own)]
    return sides


async def _measure_messages(figures: Figures, sides: list[Side], count: int) -> None:
    turns = itertools.cycle(sides)

    async def say(number: int) -> None:
        handoff, speaker, hearer = next(turns)
        client_id = f"message-{number:06d}"
        heard = hearer.event("message.posted", lambda data: data["client_id"] == client_id)
        started = time.perf_counter()
        await speaker.command("message.send", handoff=handoff, client_id=client_id, text=f"Is it number {number}?")
        took = ((await heard)["read_at"] - started) * 1000
        if number >= WARM_UP:
            figures.messages.append(took)

    await at_rate(count + WARM_UP, MESSAGES_A_SECOND, say)
    for _, own, _ in sides[::2]:
        await own.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", nargs="+", default=["uvicorn", "daphne"], choices=["uvicorn", "daphne"])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    parser.add_argument("--count", type=int, help="200 at the sockets, 60 on the screens")
    parser.add_argument("--screens", action="store_true", help="on the screens of headless Chromium")
    options = parser.parse_args()
    count = options.count or (60 if options.screens else 200)
    print(description(), calibrate().line(), sep="\n", flush=True)
    rows: list[list[str]] = []
    for engine, server in itertools.product(options.databases, options.servers):
        with contextlib.ExitStack() as stack:
            home = stack.enter_context(scratch())
            where = stack.enter_context(database(engine, home))
            deployment = stack.enter_context(serving(where, home, server=server, agents=[("amira", 100)]))
            if options.screens:
                from tests.benchmarks import screens

                figures = screens.measure(deployment, count=count)
            else:
                figures = asyncio.run(measure(deployment, count=count))
        rows.append(figures.row(server, engine))
        print(" ".join(rows[-1]), flush=True)
    print("\n" + table(HEADS, rows))


if __name__ == "__main__":
    main()
