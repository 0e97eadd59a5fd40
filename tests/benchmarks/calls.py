"""From the last digit that a caller keys to the agent's first sound, by real SIP and RTP through the lab.

Agents accept at once and say at once that the record is on screen, so what is left is the product's own time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from tests.benchmarks.deployment import NUMBER, Deployment, database, scratch, serving
from tests.benchmarks.machine import calibrate, cpu_seconds, description, quantile, table
from tests.benchmarks.people import Agent, Customer, Socket, client
from tests.telephony.softphone import Softphone

MANY: Final = 20
WARM_UP: Final = 4
TONE: Final = 440
PATIENCE_SECONDS: Final = 20.0
HEADS: Final = (
    "database", "calls", "n", "last digit to match p50 / p95", "match to offer p50 / p95",
    "match to screen pop p50 / p95", "pop to audio p50 / p95", "server CPU a call",
)  # fmt: skip
_mobiles = count(1)


@dataclass
class Figures:
    """Milliseconds, one of each a call."""

    match: list[float] = field(default_factory=list)
    offer: list[float] = field(default_factory=list)
    pop: list[float] = field(default_factory=list)
    audio: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0

    def row(self, engine: str, how: str) -> list[str]:
        pairs = (f"{quantile(of, 0.5):.1f} / {quantile(of, 0.95):.1f} ms" for of in self._kinds())
        return [engine, how, str(len(self.match)), *pairs, f"{self.cpu_ms:.0f} ms"]

    def _kinds(self) -> tuple[list[float], ...]:
        return self.match, self.offer, self.pop, self.audio


# Softphones note `time.monotonic()`, sockets `time.perf_counter()`: on Linux both read one clock.
def now() -> float:
    return time.perf_counter()


class Desk:
    """One agent with a console that answers at once, and a phone that does."""

    def __init__(self, agent: Agent, console: Socket, phone: Softphone) -> None:
        self.agent, self.console, self.phone = agent, console, phone
        # The call that is on: when it was offered and popped, and when the pop was acknowledged.
        self.offered_at = self.popped_at = self.rendered_at = 0.0
        self._work: set[asyncio.Task[Any]] = set()
        self.popped: Callable[[str, Desk], None] = lambda handoff, desk: None

    async def take_calls(self) -> None:
        """Until cancelled."""
        while True:
            offer = await self.console.event("offer.made", seconds=600)
            popped = self.console.event("handoff.assigned")
            self.phone.audio.recording.first_at = None
            self.offered_at = offer["read_at"]
            await self.console.command("offer.accept", offer=offer["data"]["id"], token=offer["data"]["token"])
            record = await popped
            handoff = record["data"]["id"]
            answer = await self.console.command("call.control", handoff=handoff, action="rendered")
            self.popped_at, self.rendered_at = record["read_at"], answer["read_at"]
            self.popped(handoff, self)

    async def finish(self, handoff: str) -> None:
        await self.console.command("handoff.end", handoff=handoff)
        await until(lambda: self.phone.is_over)
        await self.console.command("handoff.wrap_up", handoff=handoff, disposition="resolved")


class Room:
    """All desks: who has got which handoff."""

    def __init__(self, desks: list[Desk]) -> None:
        self.desks = desks
        self._popped: dict[str, asyncio.Future[Desk]] = {}
        for desk in desks:
            desk.popped = lambda handoff, at: self.pop_of(handoff).set_result(at)

    def pop_of(self, handoff: str) -> asyncio.Future[Desk]:
        return self._popped.setdefault(handoff, asyncio.get_running_loop().create_future())


class Caller:
    """A customer with the code in the page and a phone at the ear, all digits keyed but the last."""

    def __init__(self, handoff: str, page: Socket, phone: Softphone, last_digit: str) -> None:
        self.handoff, self.page, self.phone, self._last_digit = handoff, page, phone, last_digit

    @classmethod
    async def ring(cls, customer: Customer, sip_port: int) -> Caller:
        page = await customer.socket()
        shown = await customer.click("phone")
        code = str(shown["phone"]["code"])
        phone = Softphone(f"+4477009{next(_mobiles):05d}")
        phone.call(f"sip:{NUMBER}@127.0.0.1:{sip_port}")
        await until(lambda: phone.first_audio_at is not None)
        phone.send_tone(TONE)
        phone.send_digits(code[:-1], way="info")
        await until(lambda: len(phone.get_statuses("INFO")) == len(code) - 1)
        return cls(str(shown["id"]), page, phone, code[-1])

    async def measure(self, figures: Figures, room: Room) -> None:
        matched = self.page.event("call.changed", lambda data: data["call"]["claim"] == "asked")
        popped = room.pop_of(self.handoff)
        keyed_at = now()
        self.phone.send_digits(self._last_digit, way="info")
        matched_at = (await matched)["read_at"]
        desk = await asyncio.wait_for(popped, PATIENCE_SECONDS)
        await until(lambda: desk.phone.first_audio_at is not None)
        figures.match.append((matched_at - keyed_at) * 1000)
        figures.offer.append((desk.offered_at - matched_at) * 1000)
        figures.pop.append((desk.popped_at - matched_at) * 1000)
        figures.audio.append(((desk.phone.first_audio_at or 0.0) - desk.rendered_at) * 1000)
        self.phone.hang_up()
        await desk.finish(self.handoff)
        await self.page.close()
        self.phone.close()


async def until(is_so: Callable[[], bool]) -> None:
    """For what other threads do: the phones have a loop of their own."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():
            await asyncio.sleep(0.005)


async def open_desks(
    deployment: Deployment, sip_port: int, stack: contextlib.AsyncExitStack, *, desks_wanted: int
) -> Room:
    desks: list[Desk] = []
    for number in range(desks_wanted):
        agent = await Agent(deployment, f"agent-{number}").sign_in()
        stack.push_async_callback(agent.http.aclose)
        phone = stack.enter_context(Softphone(agent.username))
        phone.register(("127.0.0.1", sip_port), seconds=3600)
        await until(lambda: 200 in phone.get_statuses("REGISTER"))  # noqa: B023 - awaited here
        console = await agent.socket()
        stack.push_async_callback(console.close)
        await console.command("availability.set", available=True)
        desks.append(Desk(agent, console, phone))
    return Room(desks)


async def measure(deployment: Deployment, sip_port: int, *, calls: int, at_once: int) -> Figures:
    """Calls in rounds of `at_once`, whose last digits are keyed together; a round begins when the last one is over."""
    figures = Figures()
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(client(deployment))
        room = await open_desks(deployment, sip_port, stack, desks_wanted=max(at_once, 2))
        working = [asyncio.create_task(desk.take_calls()) for desk in room.desks]
        for task in working:
            stack.callback(task.cancel)
        for _ in range(WARM_UP):
            await play_round(Figures(), room, deployment, http, sip_port, at_once=min(at_once, 2))
        before = cpu_seconds(deployment.pid)
        for _ in range(calls // at_once):
            await play_round(figures, room, deployment, http, sip_port, at_once=at_once)
        figures.cpu_ms = (cpu_seconds(deployment.pid) - before) * 1000 / len(figures.match)
    return figures


async def play_round(
    figures: Figures, room: Room, deployment: Deployment, http: Any, sip_port: int, *, at_once: int
) -> None:
    customers = [await Customer(deployment, f"caller-{next(_mobiles)}", http).open() for _ in range(at_once)]
    callers = [await Caller.ring(customer, sip_port) for customer in customers]
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.measure(figures, room))


def free_sip_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def load_line() -> str:
    return f"Load average of the last minute: {os.getloadavg()[0]:.2f}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite"], choices=["sqlite", "postgres"])
    parser.add_argument("--server", default="uvicorn", choices=["uvicorn", "daphne"])
    parser.add_argument("--each", action="store_true", help="print the milliseconds of each call too")
    parser.add_argument("--count", type=int, default=60, help="calls of each kind")
    options = parser.parse_args()
    print(description(), calibrate().line(), load_line(), sep="\n", flush=True)
    agents = [(f"agent-{number}", 1) for number in range(MANY)]
    rows: list[list[str]] = []
    for engine in options.databases:
        for how, at_once in (("one after another", 1), (f"{MANY} at once", MANY)):
            with contextlib.ExitStack() as stack:
                home = stack.enter_context(scratch())
                where = stack.enter_context(database(engine, home))
                sip_port = free_sip_port()
                deployment = stack.enter_context(
                    serving(where, home, server=options.server, agents=agents, sip_port=sip_port)
                )
                figures = asyncio.run(measure(deployment, sip_port, calls=options.count, at_once=at_once))
            rows.append(figures.row(engine, how))
            print(" ".join(rows[-1]), flush=True)
            if options.each:
                print(figures)
    print(load_line(), "\n" + table(HEADS, rows), sep="\n")


if __name__ == "__main__":
    main()
