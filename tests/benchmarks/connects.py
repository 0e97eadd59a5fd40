"""How many sockets a second one process takes back in: a ticket over HTTP, an upgrade, a hello, a whole welcome.

    .venv/bin/python -m tests.benchmarks.connects

As after a restart of another server: everybody has a session and waits in the queue with a journey, each comes once and
stays, so many at once that the process is never without work. It has one core to itself, and PostgreSQL and those who
come back have the other.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Iterator
from itertools import count
from typing import Final

import msgspec
import psycopg

from tests.benchmarks import seeding
from tests.benchmarks.deployment import Deployment, database, scratch, serving
from tests.benchmarks.herd import Place, allow_open_files
from tests.benchmarks.machine import calibrate, cores, cpu_seconds, description, quantile, table

AT_ONCE: Final = 24
ROUNDS: Final = 3
SECONDS: Final = 6.0
WARM_UP_SECONDS: Final = 3.0
# More than any machine takes in within all rounds.
PEOPLE: Final = 6000
PATIENT: Final = {"HANDOFF_CUSTOMER_GONE_SECONDS": "3600", "HANDOFF_SESSION_IDLE_SECONDS": "7200"}


class Returning:
    """People who come back, one after the other from each of several doors; whoever is in stays."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.waits: list[float] = []
        self._numbers: Iterator[int] = iter(count())
        self._inside: list[asyncio.StreamWriter] = []

    async def until(self, moment: float) -> int:
        """How many were welcome by then; those who are under way come in too, and are not counted."""
        before = len(self.waits)
        await asyncio.gather(*(self._door(moment) for _ in range(AT_ONCE)))
        return len(self.waits) - before

    async def _door(self, moment: float) -> None:
        while (began := time.perf_counter()) < moment:
            await self._come_back(next(self._numbers))
            if (ended := time.perf_counter()) < moment:
                self.waits.append(ended - began)

    async def _come_back(self, number: int) -> None:
        place = Place(
            self.deployment.port, "customer", self.deployment.site_origin, await self._ticket(f"hs_cu_seeded{number}")
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(place.upgrade)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head, head
        writer.write(place.hello)
        await reader.readuntil(b'{"ev":"welcome"')
        self._inside.append(writer)

    async def _ticket(self, session: str) -> str:
        port = self.deployment.port
        lines = ["POST /api/v1/sessions/ticket HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Length: 0"]
        lines += [f"Origin: {self.deployment.site_origin}", f"Authorization: Bearer {session}", "Connection: close"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert b" 200 " in head.splitlines()[0], head
        ticket: str = msgspec.json.decode(body)["ticket"]
        return ticket

    def leave(self) -> None:
        for writer in self._inside:
            writer.close()


async def measure(deployment: Deployment, *, rounds: int, seconds: float) -> list[tuple[float, float, float, float]]:
    """Of each round: how many a second, the server's CPU seconds for each, their waits in the middle and at 95 %."""
    people = Returning(deployment)
    try:
        # The first ones pay for pools, caches and the interpreter's specialisation.
        await people.until(time.perf_counter() + WARM_UP_SECONDS)
        found = []
        for _ in range(rounds):
            people.waits.clear()
            before, began = cpu_seconds(deployment.pid), time.perf_counter()
            came = await people.until(began + seconds)
            spent = cpu_seconds(deployment.pid) - before
            waits = people.waits
            found.append((came / seconds, spent / max(1, came), quantile(waits, 0.5), quantile(waits, 0.95)))
        return found
    finally:
        people.leave()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    allow_open_files(2 * PEOPLE)
    ours, theirs = cores()[:2]
    os.sched_setaffinity(0, {theirs})
    with (
        scratch() as home,
        database("postgres", home, core=theirs) as where,
        serving(where, home, server="uvicorn", agents=[("amira", 1)], settings=PATIENT, core=ours) as deployment,
    ):
        with psycopg.connect(where.url, autocommit=True) as link:
            seeding.add_waiting(link, 0, PEOPLE)
            seeding.settle(link)
        calibration = calibrate().line()
        found = asyncio.run(measure(deployment, rounds=chosen.rounds, seconds=chosen.seconds))
    heads = ("sockets that came back/s", "server CPU each, ms", "wait p50 / p95, ms")
    rows = [
        (f"{rate:.0f}", f"{cpu * 1e3:.1f}", f"{middle * 1e3:.0f} / {late * 1e3:.0f}")
        for rate, cpu, middle, late in found
    ]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{description()}\n{calibration}; load {load}; {AT_ONCE} at once\n\n{table(heads, rows)}")


if __name__ == "__main__":
    main()
