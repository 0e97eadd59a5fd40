"""Two server processes and Redis, the two sides of each talk on different ones, against one process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from deploy import redis_server
from tests.benchmarks import seeding
from tests.benchmarks.calibration import take_yardstick
from tests.benchmarks.deployment import (
    Database,
    Deployment,
    another_database,
    as_json,
    database,
    scratch,
    serving,
    serving_beside,
)
from tests.benchmarks.figures import Figure, Options, median_ratio
from tests.benchmarks.load import Generator
from tests.benchmarks.machine import cores

TALKS: Final = 50


@dataclass
class Side:
    """One of the two deployments under the same load."""

    generator: Generator
    pid: int
    where: Database

    def run(self, seconds: float, acked_to: Path) -> float:
        result = self.generator.run(
            {"seconds": seconds, "pid": self.pid, "core": cores()[0], "database_pid": None, "acked_to": str(acked_to)}
        )
        if result["wrong"] or result["unanswered"]:
            raise SystemExit(f"not correct: {result['unanswered']} unanswered, {result['wrong']}")
        return float(result["messages"] / result["seconds"])


def _plan(deployment: Deployment, ports: dict[str, int], talks: int) -> dict[str, Any]:
    """Customers go to one port, agents to the other."""
    sockets = []
    for number in range(talks):
        for role, origin in (("customer", deployment.site_origin), ("agent", deployment.origin)):
            hello = {"cmd": "hello", "ticket": seeding.ticket(role, number), "resume": None, "client": "benchmark/1"}
            sockets.append(
                {
                    "room": seeding.room(number),
                    "name": f"{role[0]}{number}",
                    "path": f"/ws/{role}",
                    "port": ports[role],
                    "headers": {"Origin": origin, "Sec-WebSocket-Protocol": "handoff.v1"},
                    "first": [as_json(hello)],
                }
            )
    return {"dialect": "handoff", "port": deployment.port, "sockets": sockets}


@contextlib.contextmanager
def side(where: Database, home: Path, *, talks: int, redis_url: str = "") -> Iterator[Side]:
    """With a Redis a second server stands beside the first, and the agents are there."""
    with contextlib.ExitStack() as stack:
        settings = {"REDIS_URL": redis_url}
        agents = [("amira", 1)]
        deployment = stack.enter_context(serving(where, home, server="uvicorn", agents=agents, settings=settings))
        beside = stack.enter_context(serving_beside(deployment, home, server="uvicorn")) if redis_url else None
        with psycopg.connect(where.url, autocommit=True) as link:
            seeding.add_talks(link, 0, talks)
            seeding.settle(link)
        ports = {"customer": deployment.port, "agent": beside or deployment.port}
        plan = _plan(deployment, ports, talks)
        generator = Generator(plan)
        stack.callback(generator.close)
        reached = [talk.link.getpeername()[1] for talk in generator.talks]
        if reached != [one["port"] for one in plan["sockets"]]:
            raise SystemExit("the two sides of a talk are not where they should be")
        yield Side(generator, deployment.pid, where)


def rows(options: Options) -> list[Figure]:
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(scratch())
        where = stack.enter_context(database("postgres", home))
        redis = stack.enter_context(redis_server.temporary_server())
        one = stack.enter_context(side(where, home, talks=TALKS))
        # A database of its own: without Redis a second process on the first would be refused.
        two = stack.enter_context(side(another_database(where, "two"), home, talks=TALKS, redis_url=redis.url))
        calibration = take_yardstick(where, home).line()
        pairs: list[tuple[float, float]] = []
        for number in range(options.rounds):
            pairs.append(_round(one, two, options.seconds, home, is_turned=number % 2 == 1))
    rates = ", ".join(f"{ours:,.0f} against {theirs:,.0f}" for ours, theirs in pairs)
    note = f"messages/s: {rates}; people on different processes; {len(cores())} cores for all; {calibration}"
    name = "two server processes + Redis, people on different processes, against one process"
    return [Figure(name, median_ratio(pairs), "x", 0.8, 1, "higher", note)]


def _round(one: Side, two: Side, seconds: float, home: Path, *, is_turned: bool) -> tuple[float, float]:
    rates: dict[str, float] = {}
    for name, own, other in (("one", one, two), ("two", two, one))[:: -1 if is_turned else 1]:
        # Whoever is not asked answers its pings, or it would be taken for gone.
        other.generator.idle(0.05)
        rates[name] = own.run(seconds, home / f"acked-{name}")
    return rates["two"], rates["one"]
