"""One client that floods, hangs or never reads hurts nobody else, and thousands come back gently (R15, R16, R18)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Final

import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.faults.crowd import Crowd
from tests.faults.figures import note, short_or_full
from tests.faults.history import History
from tests.faults.measures import ack_seconds, quantile
from tests.faults.people import Customer, Manners
from tests.faults.proxy import Proxy
from tests.faults.stack import Process, Stack, off_loop
from tests.faults.wire import Unreachable

FLOOD_MESSAGES: Final = short_or_full(3_600, 10_000)
LONG_TEXT: Final = "and another thing " * 150
MIB: Final = 1024
# A quarter is meant to come in each of four seconds; two hundred scatter more than two thousand.
MOST_IN_A_SECOND: Final = short_or_full(0.5, 0.35)


def memory_kib(process: Process) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1])


def closed_as(server: Process, word: str) -> float:
    """How many sockets it has closed with this word, by its own count."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
        found = re.search(rf'handoff_sockets_closed_total{{[^}}]*"{word}"[^}}]*}} (\S+)', answer.read().decode())
    return float(found[1]) if found else 0


async def test_r15_a_reader_that_never_reads_is_let_go(stack: Stack) -> None:
    """It shares its server with another talk, which must not notice."""
    server = await off_loop(stack.add_server)
    try:
        async with Crowd(stack, customers=2, ports=[server.port]) as crowd:
            neighbour, sender = crowd.customers
            await _say_often(neighbour, 40)
            quiet = quantile(ack_seconds(crowd.history), 0.95)
            deaf = await _open_and_never_read(server, sender, stack)
            before, began = memory_kib(server), time.monotonic()
            sender.network.ports = stack.ports[:1]
            sender.socket.abort()  # type: ignore[union-attr]
            await sender.online()
            talking = asyncio.create_task(_say_often(neighbour, short_or_full(80, 400)))
            peak = await _flood(sender, server)
            await talking
            async with asyncio.timeout(30):
                while not closed_as(server, "too_slow"):
                    await asyncio.sleep(0.2)
            grown = (max(peak, memory_kib(server)) - before) / MIB
            busy = quantile([wait for wait in _waits_of(crowd.history, neighbour.name, began)], 0.95)
            deaf.transport.abort()
            await crowd.assert_all_kept()
        assert grown < 30
        assert busy < quiet + 0.5
        note(
            "R15",
            f"a reader that never reads: closed 4408 during {FLOOD_MESSAGES:,} events, memory +{grown:.0f} MiB, "
            f"the neighbour's ack p95 {quiet * 1000:.0f} -> {busy * 1000:.0f} ms",
        )
    finally:
        stack.remove(server)


def _waits_of(history: History, who: str, since: float) -> list[float]:
    return ack_seconds(history.filtered(lambda record: record["who"] == who), since=since)


async def _say_often(customer: Customer, times: int) -> None:
    for number in range(times):
        await customer.say(str(customer.handoff), f"word {number}")
        await asyncio.sleep(0.02)


async def _flood(sender: Customer, server: Process) -> int:
    """Say a great many long things, some dozens at a time; answers how large the server grew."""
    peak = 0
    for start in range(0, FLOOD_MESSAGES, 50):
        await asyncio.gather(*[sender.say(str(sender.handoff), f"{start + n} {LONG_TEXT}") for n in range(50)])
        peak = max(peak, memory_kib(server))
    return peak


async def _open_and_never_read(server: Process, customer: Customer, stack: Stack) -> ClientConnection:
    """A socket that says hello by hand and never takes a byte again."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", server.port or 0))
    ticket = await customer.ticket(server.port or 0)
    connection = await connect(
        f"ws://127.0.0.1:{server.port}/ws/customer", sock=raw, origin=websockets.Origin(stack.site_origin),
        subprotocols=[websockets.Subprotocol("handoff.v1")], compression=None, proxy=None, ping_interval=None,
    )  # fmt: skip
    hello = {"cmd": "hello", "ticket": ticket, "resume": None, "client": "faults/1"}
    await connection.send(json.dumps(hello))
    assert "welcome" in str(await connection.recv())[:40]
    connection.transport.pause_reading()
    return connection


async def test_r15_who_floods_is_let_go(stack: Stack) -> None:
    """A thousand frames a second, at the limits of a real deployment."""
    server = await off_loop(stack.add_server, HANDOFF_LIMIT_SCALE="1")
    try:
        async with Crowd(stack, customers=2, ports=[server.port]) as crowd:
            neighbour, flooder = crowd.customers
            began, before = time.monotonic(), memory_kib(server)
            flood = asyncio.create_task(_send_frames(flooder))
            await _say_gently(neighbour, 12)
            await flood
            [code] = {one["code"] for one in crowd.history.of("closed", who=flooder.name)}
            busy = quantile(_waits_of(crowd.history, neighbour.name, began), 0.95)
            grown = (memory_kib(server) - before) / MIB
        assert code == 4429
        assert busy < 0.5
        assert grown < 30
        note(
            "R15", f"1,000 frames/s: closed 4429, memory +{grown:.0f} MiB, the neighbour's ack p95 {busy * 1000:.0f} ms"
        )
    finally:
        stack.remove(server)


async def _say_gently(customer: Customer, times: int) -> None:
    """No more than a session may say."""
    for number in range(times):
        await customer.say(str(customer.handoff), f"word {number}")
        await asyncio.sleep(0.25)


async def _send_frames(flooder: Customer) -> None:
    began = time.monotonic()
    for number in range(3000):
        if flooder.socket is None:
            return
        with contextlib.suppress(Unreachable):
            await flooder.socket.send({"cmd": "typing", "id": f"t{number}", "handoff": flooder.handoff})
        await asyncio.sleep(max(0, began + number / 1000 - time.monotonic()))


async def test_r16_a_herd_comes_back_gently(stack: Stack) -> None:
    """Everybody's server is killed; they come back to it and to its neighbour with the jitter of the contract."""
    size = short_or_full(200, 2_000)
    first = stack.servers[0]
    manners = Manners(base_seconds=4)
    crowd = Crowd(stack, customers=size, agents=0, ports=stack.ports[:1], manners=manners, connect=False)
    for group in range(0, size, 50):
        await asyncio.gather(*[crowd.bring(customer) for customer in crowd.customers[group : group + 50]])
    try:
        for customer in crowd.customers:
            customer.network.ports = stack.ports
        killed = time.monotonic()
        await off_loop(first.kill)
        await off_loop(first.start)
        async with asyncio.timeout(90):
            await asyncio.gather(*[_is_back(customer, killed) for customer in crowd.customers])
        back = [record["t"] - killed for record in crowd.history.of("welcome") if record["t"] > killed]
        busiest = max(Counter(int(moment) for moment in back).values()) / size
        requests, failed = _count_answers(crowd.history, killed)
        assert len(back) >= size
        assert busiest <= MOST_IN_A_SECOND
        assert max(back) < 45
        assert failed / requests < 0.01
        note(
            "R16",
            f"{size:,} sockets: all back after {max(back):.1f} s, at most {busiest:.0%} in one second, "
            f"{failed} of {requests:,} answers 5xx",
        )
    finally:
        await crowd.leave()


async def _is_back(customer: Customer, since: float) -> None:
    while not (customer.is_online.is_set() and customer.online_since > since):
        await asyncio.sleep(0.1)


def _count_answers(history: History, since: float) -> tuple[int, int]:
    told = [record["status"] for record in history.of("http") if record["t"] > since]
    return len(told), sum(status >= 500 for status in told)


async def test_r18_a_server_notices_that_a_customer_is_gone_without_a_word(stack: Stack) -> None:
    """The line swallows everything and closes nothing; the agent is told."""
    heartbeat = short_or_full(2, 20)
    server = await off_loop(stack.add_server, HANDOFF_HEARTBEAT_SECONDS=str(heartbeat))
    try:
        async with Proxy(server.port or 0) as proxy:
            crowd = Crowd(stack, customers=1, agents=1, ports=[server.port])
            crowd.customers[0].network.ports = [proxy.port]
            async with crowd:
                noticed = asyncio.Event()
                crowd.agents[0].listeners.append(lambda frame: noticed.set() if _says_gone(frame) else None)
                cut = time.monotonic()
                proxy.set(black_hole=True)
                async with asyncio.timeout(heartbeat * 2.5 + 5):
                    await noticed.wait()
                took = time.monotonic() - cut
                proxy.set()
                await crowd.customers[0].online()
        assert took <= 2.5 * heartbeat
        note("R18", f"the server noticed after {took:.0f} s, with a heartbeat of {heartbeat} s")
    finally:
        stack.remove(server)


def _says_gone(frame: dict[str, object]) -> bool:
    return frame["ev"] == "presence" and frame["who"] == "customer" and frame["status"] != "here"
