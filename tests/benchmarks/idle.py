"""What an open socket costs: memory while it idles, and the CPU of one connect beside few and beside many others.

Everybody is a customer who waits in the queue with a journey, and gets the whole welcome.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from deploy.processes import last_lines
from tests.benchmarks import seeding
from tests.benchmarks.calibration import take_yardstick
from tests.benchmarks.deployment import Database, Deployment, database, scratch, serving
from tests.benchmarks.figures import Figure, Options, best
from tests.benchmarks.herd import Herd, Place, allow_open_files
from tests.benchmarks.machine import cpu_seconds

FEW: Final = 400
SOME: Final = 1000
MANY: Final = 5000
# Measured each time; more make the figure calmer, and the run longer.
CONNECTS: Final = 200
BACKGROUND_SECONDS: Final = 6.0
# The first ones pay for pools, caches and the interpreter's specialisation.
WARM_UP: Final = 100


@dataclass
class Stage:
    """One server with a growing crowd."""

    deployment: Deployment
    herd: Herd
    taken: int = 0

    def places(self, count: int) -> list[Place]:
        first = self.taken
        self.taken += count
        return [self._place(number) for number in range(first, first + count)]

    def _place(self, number: int) -> Place:
        ticket = seeding.ticket("customer", number)
        return Place(self.deployment.port, "customer", self.deployment.site_origin, ticket)

    def grow(self, size: int) -> None:
        self.herd.open(self.places(max(0, size - len(self.herd.lines))))

    def measure_connects(self) -> tuple[float, float]:
        """CPU seconds a connect, and of an idle second around it; those who came go again."""
        self.herd.idle(1.0)
        before, started = cpu_seconds(self.deployment.pid), time.perf_counter()
        self.herd.idle(BACKGROUND_SECONDS)
        background = (cpu_seconds(self.deployment.pid) - before) / (time.perf_counter() - started)
        stayed = set(self.herd.lines.values())
        before = cpu_seconds(self.deployment.pid)
        self.herd.open(self.places(CONNECTS))
        spent = cpu_seconds(self.deployment.pid) - before
        self.herd.end([line for line in self.herd.lines.values() if line not in stayed])
        return spent / CONNECTS, background

    def memory(self) -> int:
        """Resident bytes of the server."""
        self.herd.idle(2.0)
        fields = Path(f"/proc/{self.deployment.pid}/statm").read_text().split()
        return int(fields[1]) * 4096


@contextlib.contextmanager
def stage(home: Path, where: Database, *, people: int) -> Iterator[Stage]:
    # Nobody who was seeded leaves the line because the run takes its time.
    patient = {"HANDOFF_CUSTOMER_GONE_SECONDS": "3600", "HANDOFF_SESSION_IDLE_SECONDS": "7200"}
    with serving(where, home, server="uvicorn", agents=[("amira", 1)], settings=patient) as deployment:
        with psycopg.connect(where.url, autocommit=True) as link:
            seeding.add_waiting(link, 0, people)
            seeding.settle(link)
        try:
            with Herd() as herd:
                yield Stage(deployment, herd)
        except ConnectionError as error:
            raise ConnectionError(f"{error}; the server's last words: {last_lines(deployment.log, 40)}") from error


def rows(options: Options) -> list[Figure]:
    """Three rounds of connects at each size; the crowd grows once, so they cannot be interleaved."""
    few, some, many = (int(size * options.scale) for size in (FEW, SOME, MANY))
    allow_open_files(2 * many + 1000)
    people = WARM_UP + many + 2 * options.rounds * CONNECTS
    with scratch() as home, database("postgres", home) as where, stage(home, where, people=people) as one:
        calibration = take_yardstick(where, home).line()
        one.herd.open(one.places(WARM_UP))
        one.grow(few)
        at_few = [one.measure_connects() for _ in range(options.rounds)]
        one.grow(some)
        small = one.memory()
        one.grow(many)
        large = one.memory()
        at_many = [one.measure_connects() for _ in range(options.rounds)]
    each = (large - small) / (many - some) / 1024
    return [_memory_figure(each, some, many, calibration), _connect_figure(at_few, at_many, few, many, calibration)]


def _memory_figure(each: float, some: int, many: int, calibration: str) -> Figure:
    note = f"RSS from {some} to {many} sockets, each a customer in the queue with a whole welcome; {calibration}"
    return Figure("memory an idle authenticated socket", each, "KiB", 50, 35, "lower", note)


def _connect_figure(
    at_few: list[tuple[float, float]], at_many: list[tuple[float, float]], few: int, many: int, calibration: str
) -> Figure:
    cheap, dear = best([one for one, _ in at_few], better="lower"), best([one for one, _ in at_many], better="lower")
    idle = [best([background for _, background in side], better="lower") for side in (at_few, at_many)]
    note = (
        f"{cheap * 1000:.2f} ms at {few}, {dear * 1000:.2f} ms at {many}, best of {len(at_few)} x {CONNECTS}; "
        f"the server idles at {idle[0]:.1%} and {idle[1]:.1%} of a core; {calibration}"
    )
    return Figure("CPU a connect with 5,000 sockets open, against 400", dear / cheap, "x", 1.3, 1.1, "lower", note)
