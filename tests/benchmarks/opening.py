"""Handoffs opened a second, each with a signed session, stored, queued and offered, against a bare DRF insert."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from deploy import processes
from deploy.shell import ROOT
from tests.benchmarks.calibration import take_yardstick
from tests.benchmarks.deployment import (
    PYTHON,
    Database,
    Deployment,
    another_database,
    as_json,
    database,
    pinned,
    scratch,
    serving,
)
from tests.benchmarks.figures import Figure, Options, median_ratio
from tests.benchmarks.machine import cores, quantile

CLIENTS: Final = 12
AGENTS: Final = 60
# Nobody answers an offer here: enough room for all that a run may open.
CAPACITY: Final = 100
OFFERED_SECONDS: Final = 30
STOCK: Final = "tests.benchmarks.stock_insert.insert"
# They want handoffs and stay at work for as long as a run may take.
_SIT_DOWN: Final = "UPDATE handoff_agent SET wanted = {yes}, lease_expires_at = '2099-01-01 00:00:00'"
_OPENED: Final = """
SELECT (SELECT count(*) FROM handoff_handoff), (SELECT count(*) FROM handoff_handoff h
  JOIN handoff_offer o ON o.handoff_id = h.id WHERE h.state = 'offered' AND o.status = 'pending')
"""


@dataclass
class Target:
    """One server under load, and how a round of it is asked for."""

    kind: str
    port: int
    pid: int
    site: dict[str, str]


class Clickers:
    """The clients' process, on the other core."""

    def __init__(self) -> None:
        command = pinned([PYTHON, "-m", "tests.benchmarks.clickers"], cores()[-1])
        self._child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._turn = 0

    def run(self, target: Target, seconds: float) -> dict[str, Any]:
        self._turn += 1
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        asked = {"kind": target.kind, "port": target.port, "pid": target.pid, "clients": CLIENTS, "turn": self._turn}
        self._child.stdin.write(as_json(asked | {"seconds": seconds} | target.site) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit("the clients' process has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(30)


@contextlib.contextmanager
def stock_insert(where: Database, home: Path) -> Iterator[Target]:
    port = processes.free_port()
    env = os.environ | {"STOCK_DATABASE_URL": where.url, "STOCK_POOL": "1"}
    subprocess.run([PYTHON, "-m", STOCK], cwd=ROOT, env=env, check=True, capture_output=True)
    command = [PYTHON, "-m", "uvicorn", f"{STOCK}:application", "--port", str(port), "--log-level", "warning"]
    log = home / "stock-insert.log"
    child = processes.start(pinned(command, cores()[0]), env=env, log=log)
    try:
        _wait_for(port, child, log=log)
        yield Target("insert", port, child.pid, {"secret": "", "audience": "", "origin": ""})
    finally:
        processes.stop(child, seconds=10)


def _wait_for(port: int, child: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + 60
    while processes.is_free(port):
        if child.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the bare insert did not start:\n{processes.last_lines(log)}")
        time.sleep(0.1)


@contextlib.contextmanager
def handoffs(where: Database, home: Path) -> Iterator[tuple[Target, Deployment]]:
    agents = [(f"agent{number}", CAPACITY) for number in range(AGENTS)]
    with serving(where, home, server="uvicorn", agents=agents, core=cores()[0]) as deployment:
        _execute(where, _SIT_DOWN.format(yes="true" if where.engine == "postgres" else "1"))
        site = {"secret": deployment.secret, "audience": deployment.origin, "origin": deployment.site_origin}
        yield Target("open", deployment.port, deployment.pid, site), deployment


def _execute(where: Database, sql: str) -> Any:
    if where.engine == "postgres":
        with psycopg.connect(where.url, autocommit=True) as link:
            done = link.execute(sql)  # type: ignore[call-overload]
            return done.fetchone() if done.description else None
    with contextlib.closing(sqlite3.connect(where.url.removeprefix("sqlite:///"), timeout=20)) as link:
        found = link.execute(sql).fetchone()
        link.commit()
        return found


def _open(clickers: Clickers, target: Target, where: Database, *, seconds: float) -> dict[str, Any]:
    """A round that lasts until the last handoff is offered."""
    before, _ = _execute(where, _OPENED)
    round_ = clickers.run(target, seconds)
    started = time.perf_counter()
    while True:
        opened, offered = _execute(where, _OPENED)
        if opened == offered:
            break
        if time.perf_counter() - started > OFFERED_SECONDS:
            raise SystemExit(f"{opened} handoffs, {offered} of them offered")
        time.sleep(0.02)
    if opened - before != round_["done"]:
        raise SystemExit(f"{round_['done']} answers, {opened - before} handoffs")
    return round_ | {"seconds": round_["seconds"] + time.perf_counter() - started}


def rows(options: Options) -> list[Figure]:
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(scratch())
        where = stack.enter_context(database(options.engine, home))
        own, theirs = _apart(where, home)
        target, _ = stack.enter_context(handoffs(own, home))
        stock = stack.enter_context(stock_insert(theirs, home))
        clickers = Clickers()
        stack.callback(clickers.end)
        calibration = take_yardstick(where, home).line()
        # The first requests load what is loaded late, and prepare statements.
        _open(clickers, target, own, seconds=2)
        clickers.run(stock, 2)
        pairs = [
            (_open(clickers, target, own, seconds=options.seconds), clickers.run(stock, options.seconds))
            for _ in range(options.rounds)
        ]
    rates = [(_rate(ours), _rate(others)) for ours, others in pairs]
    cpu = statistics.median(ours["cpu"] / ours["done"] for ours, _ in pairs)
    their_cpu = statistics.median(others["cpu"] / others["done"] for _, others in pairs)
    took = statistics.median(quantile(ours["took"], 0.5) for ours, _ in pairs) * 1e3
    note = (
        f"{statistics.median(ours for ours, _ in rates):.0f} opened/s against "
        f"{statistics.median(others for _, others in rates):.0f} inserts/s, {CLIENTS} clients each, "
        f"rounds {', '.join(f'{ours / others:.2f}' for ours, others in rates)}; server CPU {cpu * 1e3:.1f} ms an "
        f"opening (two requests, a match) and {their_cpu * 1e3:.1f} ms an insert; session and click p50 {took:.0f} ms; "
        f"{where.engine}; {calibration}"
    )
    return [Figure("handoffs opened against a bare DRF insert", median_ratio(rates), "x", 0.15, 0.3, "higher", note)]


def _apart(where: Database, home: Path) -> tuple[Database, Database]:
    if where.engine == "postgres":
        return where, another_database(where, "stock_insert")
    return where, Database("sqlite", f"sqlite:///{home / 'stock-insert.sqlite3'}")


def _rate(round_: dict[str, Any]) -> float:
    return float(round_["done"] / round_["seconds"])
