"""Stored and delivered messages a second in one process, against a Socket.IO relay and a stock Channels relay."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from deploy import processes
from deploy.shell import ROOT
from tests.benchmarks.deployment import PYTHON, Database, Deployment, as_json, database, pinned, scratch, serving
from tests.benchmarks.machine import calibrate, cores, description, table
from tests.benchmarks.people import Agent, Customer, Socket, client, connect_talk

HERE: Final = Path(__file__).parent
# A server that got less of its core than this was disturbed, and its round says nothing.
SHARE_NEEDED: Final = 0.8
TARGETS: Final = ("handoff", "socketio", "stock")


@dataclass
class Target:
    """One server under load."""

    name: str
    pid: int
    port: int
    sockets: list[dict[str, Any]]
    database_pid: int | None = None
    rounds: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Run:
    """What one command measures, and where."""

    engine: str
    server: str
    talks: int
    seconds: float
    rounds: int
    is_kind: bool
    home: Path = Path()

    @property
    def server_core(self) -> int:
        return cores()[0]

    @property
    def generator_core(self) -> int:
        return cores()[-1]


class Load:
    """The generator's process, on the other core."""

    def __init__(self, core: int) -> None:
        command = pinned([PYTHON, "-m", "tests.benchmarks.load"], core)
        self._child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **command: Any) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(as_json(command) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit("the load generator ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()


# -- the three servers


async def _open_talks(deployment: Deployment, talks: int, load: Load) -> list[dict[str, Any]]:
    """Customers and agents in pairs; the generator takes the places of these sockets."""
    sockets: list[dict[str, Any]] = []
    desks: list[Socket] = []
    async with client(deployment) as http:
        for number in range(talks):
            agent = await Agent(deployment, f"agent{number}").sign_in()
            desk = await agent.socket()
            desks.append(desk)
            await desk.command("availability.set", available=True)
            customer = await Customer(deployment, f"talker-{number}", http).open()
            room = await connect_talk(customer, desk)
            sockets.append(_plan(room, f"c{number}", "customer", await customer.ticket(), deployment.site_origin))
            sockets.append(_plan(room, f"a{number}", "agent", await agent.ticket(), deployment.origin))
            await agent.http.aclose()
        load.ask(do="open", target="handoff", dialect="handoff", port=deployment.port, sockets=sockets)
        for desk in desks:
            await desk.close()
    return sockets


def _plan(room: str, name: str, role: str, ticket: str, origin: str) -> dict[str, Any]:
    return {
        "room": room,
        "name": name,
        "path": f"/ws/{role}",
        "headers": {"Origin": origin, "Sec-WebSocket-Protocol": "handoff.v1"},
        "first": [as_json({"cmd": "hello", "ticket": ticket, "resume": None, "client": "benchmark/1"})],
    }


def _relay_plan(talks: int, path: str) -> list[dict[str, Any]]:
    return [
        {"room": f"room{n}", "name": f"{side}{n}", "path": path.format(room=f"room{n}"), "headers": {}, "first": []}
        for n in range(talks)
        for side in "ca"
    ]


@contextlib.contextmanager
def socketio_relay(run: Run) -> Iterator[Target]:
    if not (HERE / "node_modules").exists():
        raise SystemExit("Run `npm ci --prefix tests/benchmarks` first: the Socket.IO relay lives there.")
    port = processes.free_port()
    node = shutil.which("node") or "node"
    log = run.home / "socketio.log"
    command = pinned([node, str(HERE / "socketio_relay.mjs"), str(port)], run.server_core)
    env = os.environ | {"NODE_ENV": "production"}
    child = processes.start(command, env=env, log=log)
    try:
        processes.wait_until_ready(f"http://127.0.0.1:{port}/", child, log=log)
        path = "/socket.io/?EIO=4&transport=websocket&room={room}"
        yield Target("socketio", child.pid, port, _relay_plan(run.talks, path))
    finally:
        processes.stop(child, seconds=5)


@contextlib.contextmanager
def stock_relay(run: Run, where: Database) -> Iterator[Target]:
    port = processes.free_port()
    log = run.home / "stock.log"
    module = "tests.benchmarks.stock_relay.relay"
    env = os.environ | {"STOCK_DATABASE_URL": _second_database(where, run.home)}
    env["STOCK_CONN_MAX_AGE"] = "600" if run.is_kind else "0"
    subprocess.run([PYTHON, "-m", module], cwd=ROOT, env=env, check=True)
    command = [PYTHON, "-m", "uvicorn", f"{module}:application", "--port", str(port), "--log-level", "error"]
    child = processes.start(pinned(command, run.server_core), env=env, log=log)
    try:
        _wait_for_port(port, child, log)
        yield Target("stock", child.pid, port, _relay_plan(run.talks, "/ws/{room}/"), where.pid)
    finally:
        processes.stop(child, seconds=5)


def _wait_for_port(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    """It has no page that would say it is ready; an empty port does."""
    deadline = time.monotonic() + 30
    while processes.is_free(port):
        if child.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the stock relay did not start:\n{processes.last_lines(log)}")
        time.sleep(0.1)
    time.sleep(0.5)


def _second_database(where: Database, home: Path) -> str:
    if where.engine == "sqlite":
        return f"sqlite:///{home / 'stock.sqlite3'}"
    with psycopg.connect(where.url, autocommit=True) as link:
        link.execute("CREATE DATABASE stock")
    return where.url.rpartition("/")[0] + "/stock"


# -- rounds


def measure(run: Run) -> dict[str, Target]:
    with contextlib.ExitStack() as stack:
        run.home = stack.enter_context(scratch())
        load = Load(run.generator_core)
        stack.callback(load.end)
        where = stack.enter_context(database(run.engine, run.home, core=run.generator_core))
        agents = [(f"agent{number}", 1) for number in range(run.talks)]
        product = stack.enter_context(serving(where, run.home, server=run.server, agents=agents, core=run.server_core))
        relays = [stack.enter_context(socketio_relay(run)), stack.enter_context(stock_relay(run, where))]
        sockets = asyncio.run(_open_talks(product, run.talks, load))
        targets = {"handoff": Target("handoff", product.pid, product.port, sockets, where.pid)}
        for relay in relays:
            targets[relay.name] = relay
            load.ask(do="open", target=relay.name, dialect=relay.name, port=relay.port, sockets=relay.sockets)
        acked_to = run.home / "acked"
        for number in range(run.rounds):
            # Each round starts with another one, so that a drift of the machine favours nobody.
            for name in TARGETS[number % 3 :] + TARGETS[: number % 3]:
                _run_round(run, targets[name], load, acked_to)
        load.ask(do="close")
        print(_compare_with_database(where, acked_to), flush=True)
    return targets


def _run_round(run: Run, target: Target, load: Load, acked_to: Path) -> None:
    result = load.ask(
        do="run", target=target.name, seconds=run.seconds, pid=target.pid, core=run.server_core,
        database_pid=target.database_pid, acked_to=str(acked_to) if target.name == "handoff" else None,
    )  # fmt: skip
    result["rate"] = result["messages"] / result["seconds"]
    # The core's ticks are sampled and the process's are not: they may differ by a little.
    result["share"] = min(1.0, 1 - (result["spent"]["core"] - result["spent"]["server"]) / result["seconds"])
    result["cpu_us"] = result["spent"]["server"] / result["messages"] * 1e6
    target.rounds.append(result)
    if result["wrong"] or result["unanswered"]:
        raise SystemExit(f"{target.name} is not correct: {result['unanswered']} unanswered, {result['wrong']}")
    print(
        f"{target.name:9} {result['rate']:8.0f}/s  server {result['cpu_us']:6.1f} us  share {result['share']:.2f}  "
        f"p50 {result['p50_ms']:.1f} ms  p99 {result['p99_ms']:.1f} ms  "
        f"generator {result['spent']['generator'] / result['seconds']:.2f}  "
        f"database {result['spent']['database'] / result['seconds']:.2f}",
        flush=True,
    )


def _compare_with_database(where: Database, acked_to: Path) -> str:
    """Every acked message is stored once under its seq, and no stream has a hole."""
    acked = dict(line.split() for line in acked_to.read_text().splitlines())
    stored = _query(where, "SELECT client_id, seq FROM handoff_logentry WHERE client_id IS NOT NULL")
    holes = _query(where, "SELECT stream_id FROM handoff_logentry GROUP BY stream_id HAVING count(*) <> max(seq)")
    found = {client_id: str(seq) for client_id, seq in stored}
    wrong = [client_id for client_id, seq in acked.items() if found.get(client_id) != seq]
    if wrong or holes or len(found) != len(stored):
        raise SystemExit(f"the log is not correct: {len(wrong)} acked and not stored, {len(holes)} streams with holes")
    return (
        f"Correct: {len(acked)} acked messages were delivered exactly once and in order to the other side, "
        "are stored under their seq, and no stream has a hole."
    )


def _query(where: Database, sql: str) -> list[tuple[Any, ...]]:
    if where.engine == "sqlite":
        with contextlib.closing(sqlite3.connect(where.url.removeprefix("sqlite:///"))) as link:
            return link.execute(sql).fetchall()
    with psycopg.connect(where.url) as connection:
        return connection.execute(sql).fetchall()


# -- figures


def report(run: Run, targets: dict[str, Target]) -> list[list[str]]:
    """One row a target; ratios are medians of paired rounds in which both servers had their core."""
    product = targets["handoff"].rounds
    rows: list[list[str]] = []
    for target in targets.values():
        pairs = [
            (ours, theirs)
            for ours, theirs in zip(product, target.rounds, strict=True)
            if min(ours["share"], theirs["share"]) >= SHARE_NEEDED
        ]
        kept = pairs or list(zip(product, target.rounds, strict=True))
        count = f"{len(pairs)} of {run.rounds}" if pairs else f"none of {run.rounds}; all shown"
        rows.append(
            [
                f"{run.server} + {run.engine}" if target.name == "handoff" else target.name,
                _median([theirs["rate"] for _, theirs in kept], "{:.0f}"),
                _median([theirs["cpu_us"] for _, theirs in kept], "{:.0f} us"),
                _median([ours["rate"] / theirs["rate"] for ours, theirs in kept], "{:.2f}"),
                _median([ours["cpu_us"] / theirs["cpu_us"] for ours, theirs in kept], "{:.2f}"),
                _median([theirs["p50_ms"] for _, theirs in kept], "{:.1f}")
                + _median([theirs["p99_ms"] for _, theirs in kept], " / {:.1f} ms"),
                count,
            ]
        )
    return rows


def _median(values: list[float], pattern: str) -> str:
    return pattern.format(statistics.median(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["postgres", "sqlite"], choices=["sqlite", "postgres"])
    parser.add_argument("--server", default="uvicorn", choices=["uvicorn", "daphne"])
    parser.add_argument("--talks", type=int, default=50, help="two sides each, one message in flight a side")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", action="store_true", help="let the stock relay keep its database connection")
    options = parser.parse_args()
    print(description(), calibrate().line(), sep="\n", flush=True)
    rows: list[list[str]] = []
    for engine in options.databases:
        run = Run(engine, options.server, options.talks, options.seconds, options.rounds, options.kind)
        rows += report(run, measure(run))
    heads = ("target", "messages/s", "server CPU each", "ours / it", "our CPU / its", "ack p50 / p99", "rounds kept")
    print("\n" + table(heads, rows))


if __name__ == "__main__":
    main()
