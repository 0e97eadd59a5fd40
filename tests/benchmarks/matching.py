"""How many handoffs a worker gives to agents in a second, and whether that depends on how many wait."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from deploy.shell import ROOT
from tests.benchmarks.calibration import take_yardstick
from tests.benchmarks.deployment import PYTHON, Database, another_database, as_json, database, pinned, scratch
from tests.benchmarks.figures import Figure, Options, best, median_ratio
from tests.benchmarks.machine import cores

AGENTS: Final = 500
CAPACITY: Final = 3
WAITING: Final = 10_000
SHORT, LONG = 1_000, 100_000
# Of a round of the benchmark: 400 decisions, so that the short line stays a line.
LOOKS: Final = 20


class Line:
    """A line in a database of its own, and the process that matches it."""

    def __init__(self, where: Database, waiting: int, *, core: int | None) -> None:
        env = os.environ | {
            "DATABASE_URL": where.url,
            "SECRET_KEY": secrets.token_hex(32),
            "PUBLIC_ORIGIN": "http://127.0.0.1:8000",
            "DEBUG": "",
            "REDIS_URL": "",
        }
        self.waiting = waiting
        self._child = subprocess.Popen(
            pinned([PYTHON, "-m", "tests.benchmarks.long_line"], core),
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ask(do="fill", waiting=waiting, agents=AGENTS, capacity=CAPACITY)

    def decide(self) -> dict[str, Any]:
        """One round; its decisions, seconds and seconds of CPU."""
        return self._ask(do="play", rounds=LOOKS)

    def end(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(30)

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(as_json(command) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit("the process that matches has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def standing(where: Database, home: Path, waiting: int) -> Iterator[Line]:
    own = (
        another_database(where, f"line_{waiting}")
        if where.engine == "postgres"
        else Database("sqlite", f"sqlite:///{home / f'line-{waiting}.sqlite3'}")
    )
    line = Line(own, waiting, core=cores()[0])
    try:
        yield line
    finally:
        line.end()


def rows(options: Options) -> list[Figure]:
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(scratch())
        where = stack.enter_context(database(options.engine, home))
        sizes = [int(size * options.scale) for size in (WAITING, SHORT, LONG)]
        lines = [stack.enter_context(standing(where, home, size)) for size in sizes]
        calibration = take_yardstick(where, home).line()
        for line in lines:
            line.decide()
        played = [[line.decide() for line in lines] for _ in range(options.rounds)]
    rates = [middle["made"] / middle["seconds"] for middle, _, _ in played]
    costs = [(_cost(long), _cost(short)) for _, short, long in played]
    cpu = statistics.median(middle["cpu"] / middle["made"] for middle, _, _ in played)
    made = played[0][0]["made"]
    decisions = Figure(
        f"matching, {sizes[0]:,} waiting and {AGENTS} agents: decisions",
        best(rates, better="higher"),
        "/s",
        120,
        500,
        "higher",
        f"{made} decisions a round, each an offer committed with its events; "
        f"{cpu * 1e3:.2f} ms of the worker's CPU each; rounds {', '.join(f'{rate:.0f}' for rate in rates)}; "
        f"{where.engine}; {calibration}",
    )
    growth = Figure(
        f"one decision with {sizes[2]:,} waiting against {sizes[1]:,}",
        median_ratio(costs),
        "x",
        1.5,
        1.1,
        "lower",
        f"{statistics.median(cost[0] for cost in costs) * 1e3:.2f} ms against "
        f"{statistics.median(cost[1] for cost in costs) * 1e3:.2f} ms; {where.engine}",
    )
    return [decisions, growth]


def _cost(round_: dict[str, Any]) -> float:
    return float(round_["seconds"] / round_["made"])
