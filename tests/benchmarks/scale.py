"""What customers a day come to: sockets, messages, hints, writes, bytes; what that takes, and what gives way first.

``.venv/bin/python -m tests.benchmarks.scale``. The figures of one process and one PostgreSQL stand in
``scale_measured.json``, each beside the command that measured it; what people do is assumed, and stands in `Habits`.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from tests.benchmarks.machine import table
from tests.processes import ROOT

MEASURED: Final = Path(__file__).with_name("scale_measured.json")
PAGE: Final = ROOT / "docs" / "operations.md"
BEGIN: Final = "<!-- scale: written by `python -m tests.benchmarks.scale --docs` -->"
END: Final = "<!-- end of scale -->"
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
# Of a core, a disk or a link: what is left over is for bursts, neighbours and the death of a machine.
HEADROOM: Final = 0.6
DAY: Final = 86_400


@dataclass(frozen=True)
class Habits:
    """What is assumed of people. A busy hour of 12 % is a call centre's; the rest is a talk about a card."""

    busy_hour_share: float = 0.12
    wait_seconds: float = 120
    talk_seconds: float = 600
    wrap_up_seconds: float = 60
    messages: float = 20
    # Typing, read marks and presence: told, never stored.
    signals_a_message: float = 1.0
    talks_an_agent: float = 3
    # A page that is left for another one, a telephone between two cells.
    connects_a_customer: float = 4
    offers_a_handoff: float = 1.2
    kept_days: float = 365


@dataclass(frozen=True)
class Measured:
    """What one of a thing costs or carries; the fields are the names in the table."""

    cpu_message_us: float
    cpu_handoff_ms: float
    cpu_connect_ms: float
    cpu_socket_us_a_second: float
    memory_socket_kib: float
    memory_process_mib: float
    cpu_hint_heard_us: float
    redis_delivery_us: float
    postgres_message_us: float
    postgres_handoff_ms: float
    commits_a_second: float
    commits_a_handoff: float
    entries_a_handoff: float
    entry_bytes: float
    matches_a_second: float

    @classmethod
    def read(cls, file: Path = MEASURED) -> Self:
        told: dict[str, dict[str, Any]] = json.loads(file.read_text())
        return cls(**{field.name: float(told[field.name]["value"]) for field in fields(cls)})


@dataclass(frozen=True)
class Load:
    """The busy hour of so many customers a day, each second of it; how many servers share it makes no difference."""

    arrivals: float
    waiting: float
    talking: float
    agents: float
    sockets: float
    messages: float
    entries: float
    hints: float
    commits: float
    connects: float
    bytes_a_day: float

    @classmethod
    def of(cls, customers_a_day: float, habits: Habits, measured: Measured) -> Self:
        arrivals = customers_a_day * habits.busy_hour_share / 3600
        waiting, talking = arrivals * habits.wait_seconds, arrivals * habits.talk_seconds
        # Whoever wraps up keeps their place on the desk.
        agents = (talking + arrivals * habits.wrap_up_seconds) / habits.talks_an_agent
        messages = arrivals * habits.messages
        moves = arrivals * measured.commits_a_handoff
        entries_a_customer = habits.messages + measured.entries_a_handoff
        return cls(
            arrivals=arrivals, waiting=waiting, talking=talking, agents=agents,
            sockets=waiting + talking + agents, messages=messages, entries=arrivals * entries_a_customer,
            # One a transaction and one a signal: at the load at which servers are counted, batches are small.
            hints=moves + messages * (1 + habits.signals_a_message),
            commits=moves + messages, connects=arrivals * habits.connects_a_customer,
            bytes_a_day=customers_a_day * entries_a_customer * measured.entry_bytes,
        )  # fmt: skip


@dataclass(frozen=True)
class Deployment:
    """Machines of one shape. With `topic_a_stream` a hint goes to those processes alone that have a reader of it."""

    name: str
    servers: int
    cores: int = 4
    memory_gib: float = 16
    postgres_cores: int = 16
    postgres_connections: int = 300
    disk_gib: float = 2000
    is_pooled: bool = False
    drops_old: bool = False
    topic_a_stream: bool = False
    # Other deployments of the same kind, each with its own sites.
    shards: int = 1

    @property
    def processes(self) -> int:
        return self.servers * self.cores


@dataclass(frozen=True)
class Limit:
    """One thing that can run out: what is needed of it, what there is, and what to do then."""

    name: str
    needed: float
    there_is: float
    lifted_by: str

    @property
    def share(self) -> float:
        return self.needed / self.there_is if self.there_is > 0 else math.inf


# Our own pool of a process, and the two connections on which it writes messages.
CONNECTIONS_A_PROCESS: Final = 22
# Whoever lost their server is back within this time: the promise of row R16.
HERD_SECONDS: Final = 45
# Of a process's one core: what it may spend on hearing of what others do.
HEARING: Final = 0.3
# What stays in the database where old parts of the log are moved away.
OLD_LOG_DAYS: Final = 30

# What lifts a limit.
MORE_SERVERS: Final = "more servers"
BY_SITE: Final = "a deployment a group of sites"
TOPICS: Final = f"a topic a stream; or {BY_SITE}"
POOLER: Final = "PgBouncer in transaction mode"
STRONGER: Final = f"more cores; replicas for what is only read; then {BY_SITE}"
OLD_GOES: Final = "partitions by time, the old moved away; a larger disk"


def heard(load: Load, deployment: Deployment) -> float:
    """Hints that one process hears a second."""
    if deployment.processes <= 1:
        return 0
    if not deployment.topic_a_stream:
        return load.hints * (1 - 1 / deployment.processes)
    # A customer's server and an agent's: one tells, and the other hears.
    return load.hints / deployment.processes


def limits(load: Load, deployment: Deployment, measured: Measured, habits: Habits) -> list[Limit]:
    """What one of `shards` such deployments needs and has."""
    load = share_of(load, deployment.shards)
    return [
        *_of_servers(load, deployment, measured),
        *_of_database(load, deployment, measured, habits),
        *_of_redis(load, deployment, measured),
    ]


def share_of(load: Load, shards: int) -> Load:
    return replace(load, **{field.name: getattr(load, field.name) / shards for field in fields(load)})


def cpu_seconds(load: Load, measured: Measured) -> float:
    """Of all servers together, each second, without what they tell each other."""
    return (
        load.messages * measured.cpu_message_us / 1e6
        + load.arrivals * measured.cpu_handoff_ms / 1e3
        + load.connects * measured.cpu_connect_ms / 1e3
        + load.sockets * measured.cpu_socket_us_a_second / 1e6
    )


def _of_servers(load: Load, deployment: Deployment, measured: Measured) -> list[Limit]:
    processes = deployment.processes
    hearing = heard(load, deployment) * measured.cpu_hint_heard_us / 1e6
    memory = load.sockets * measured.memory_socket_kib / 2**20 + processes * measured.memory_process_mib / 2**10
    left = max(1, deployment.servers - 1) * deployment.cores
    herd = load.sockets / deployment.servers * measured.cpu_connect_ms / 1e3
    cpu = cpu_seconds(load, measured) + processes * hearing
    return [
        Limit("CPU of the servers", cpu, processes * HEADROOM, MORE_SERVERS),
        Limit("memory of the servers", memory, deployment.servers * deployment.memory_gib * HEADROOM, MORE_SERVERS),
        Limit("a dead server's sockets are back in 45 s", herd, left * HEADROOM * HERD_SECONDS, MORE_SERVERS),
        Limit("every process hears every hint", hearing, HEARING, TOPICS),
    ]


def _of_database(load: Load, deployment: Deployment, measured: Measured, habits: Habits) -> list[Limit]:
    cpu = load.messages * measured.postgres_message_us / 1e6 + load.arrivals * measured.postgres_handoff_ms / 1e3
    connections = 0 if deployment.is_pooled else deployment.processes * CONNECTIONS_A_PROCESS
    log = load.bytes_a_day * (OLD_LOG_DAYS if deployment.drops_old else habits.kept_days) / 2**30
    matches = load.arrivals * habits.offers_a_handoff
    return [
        Limit("commits of one PostgreSQL", load.commits, measured.commits_a_second * HEADROOM, BY_SITE),
        Limit("CPU of one PostgreSQL", cpu, deployment.postgres_cores * HEADROOM, STRONGER),
        Limit("connections of one PostgreSQL", connections, deployment.postgres_connections, POOLER),
        Limit("disk for the log", log, deployment.disk_gib * HEADROOM, OLD_GOES),
        Limit("matches", matches, measured.matches_a_second * HEADROOM, BY_SITE),
    ]


def _of_redis(load: Load, deployment: Deployment, measured: Measured) -> list[Limit]:
    if deployment.processes <= 1:
        return []
    # Each hint comes once, and goes to everybody, its sender too.
    told = load.hints * (1 + (1 if deployment.topic_a_stream else deployment.processes))
    return [Limit("one Redis", told * measured.redis_delivery_us / 1e6, HEADROOM, TOPICS)]


def first(found: Sequence[Limit]) -> Limit:
    """What gives way first as everything grows alike."""
    return max(found, key=lambda limit: limit.share)


def carries(deployment: Deployment, measured: Measured, habits: Habits) -> tuple[float, Limit]:
    """Customers a day up to which nothing gives way, and what does then."""
    low, high = 0.0, 1e10
    for _ in range(80):
        middle = (low + high) / 2
        share = first(limits(Load.of(middle, habits, measured), deployment, measured, habits)).share
        low, high = (middle, high) if share <= 1 else (low, middle)
    return low, first(limits(Load.of(high, habits, measured), deployment, measured, habits))


ONE: Final = Deployment("one server", 1, postgres_cores=4)
TEN: Final = Deployment("ten servers", 10)
HUNDRED: Final = Deployment("a hundred servers", 100, postgres_cores=64, disk_gib=10_000)
# What the road of docs/operations.md adds, one after the other.
STEPS: Final[tuple[tuple[str, Callable[[Deployment], Deployment]], ...]] = (
    ("as they come", lambda one: one),
    ("and PgBouncer", lambda one: replace(one, is_pooled=True)),
    ("and partitions, the old dropped", lambda one: replace(one, is_pooled=True, drops_old=True)),
    ("and a topic a stream", lambda one: replace(one, is_pooled=True, drops_old=True, topic_a_stream=True)),
    ("and ten such deployments by site", lambda one: replace(one, is_pooled=True, drops_old=True, shards=10)),
)


def smallest(customers_a_day: float, measured: Measured, habits: Habits) -> Deployment:
    """The fewest servers, with pooler and partitions, whose own limits hold; what no server lifts may be over."""
    load, servers = Load.of(customers_a_day, habits, measured), 1
    while True:
        one = Deployment(f"{servers}", servers, is_pooled=True, drops_old=True)
        own = _of_servers(load, one, measured)[:3]
        if first(own).share <= 1 or servers >= 1000:
            return one
        servers = servers + 1 if servers < 20 else math.ceil(servers * 1.1)


def loads_table(measured: Measured, habits: Habits) -> str:
    heads = ("customers a day", "arrivals/s", "waiting + talking", "agents", "sockets", "messages/s", "hints/s",
             "commits/s", "server CPU", "memory", "log a day")  # fmt: skip
    rows = []
    for size in SIZES:
        load = Load.of(size, habits, measured)
        memory = load.sockets * measured.memory_socket_kib / 2**20
        rows.append([
            f"{size:,}", _short(load.arrivals), f"{load.waiting + load.talking:,.0f}", f"{load.agents:,.0f}",
            f"{load.sockets:,.0f}", _short(load.messages), _short(load.hints), _short(load.commits),
            f"{_short(cpu_seconds(load, measured))} cores", f"{_short(memory)} GiB",
            f"{_short(load.bytes_a_day / 2**30)} GiB",
        ])  # fmt: skip
    return table(heads, rows)


def firsts_table(measured: Measured, habits: Habits) -> str:
    """What each size takes at least, and what comes next there."""
    rows = []
    for size in SIZES:
        one = smallest(size, measured, habits)
        found = sorted(limits(Load.of(size, habits, measured), one, measured, habits), key=lambda each: -each.share)
        others = [limit for limit in found if limit.lifted_by != MORE_SERVERS]
        # All that counts grows with the customers, so a limit at a quarter is reached at four times as many.
        reached = f"{others[0].name}, at {_round(size / others[0].share):,}"
        rows.append([f"{size:,}", one.name, _told(found[0]), found[0].lifted_by, reached, others[0].lifted_by])
    heads = (
        "customers a day",
        "servers of 4 cores",
        "first limit",
        "lifted by",
        "first that no server lifts",
        "lifted by",
    )
    return table(heads, rows)


def road_table(measured: Measured, habits: Habits) -> str:
    rows = []
    for base in (ONE, TEN, HUNDRED):
        before = 0.0
        for step, change in STEPS:
            most, limit = carries(change(base), measured, habits)
            if step == "as they come" or most > before * 1.01:
                told = f"{_round(most):,}" if most >= 1 else "none"
                rows.append([base.name, step, told, limit.name, limit.lifted_by])
            before = max(before, most)
    return table(("servers", "with", "customers a day", "first limit", "lifted by"), rows)


def _told(limit: Limit) -> str:
    return f"{limit.name}, at {limit.share:.0%}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _round(value: float) -> int:
    """Two figures: what is assumed is no better than that."""
    places = max(0, int(math.log10(max(value, 1))) - 1)
    return int(value // 10**places) * 10**places


def main() -> None:
    measured, habits = Measured.read(), Habits()
    tables = (loads_table(measured, habits), firsts_table(measured, habits), road_table(measured, habits))
    text = "\n\n".join(tables)
    print(text)
    if "--docs" in sys.argv[1:]:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
