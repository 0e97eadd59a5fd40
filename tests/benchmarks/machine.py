"""What a figure means on this machine: calibration, CPU by process and core, quantiles, Markdown."""

from __future__ import annotations

import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
LOOP_ROUNDS: Final = 2_000_000
ECHOES: Final = 3000
COMMITS: Final = 100
_ECHO: Final = """
import socket, sys
talk = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while (data := talk.recv(4096)):
    talk.sendall(data)
"""


@dataclass(frozen=True)
class Calibration:
    """Three small tasks that every figure of the same run can be held against."""

    loop_ms: float
    echo_us: float
    commit_us: float

    def line(self) -> str:
        return (
            f"Calibration: {LOOP_ROUNDS // 1_000_000} million turns of a Python loop {self.loop_ms:.0f} ms, "
            f"loopback echo between two processes p50 {self.echo_us:.0f} us, "
            f"4 KiB write + fsync p50 {self.commit_us:.0f} us."
        )


def calibrate() -> Calibration:
    return Calibration(loop_ms=loop_turns_ms(), echo_us=_echo(), commit_us=_commit())


def loop_turns_ms() -> float:
    started = time.perf_counter()
    total = 0
    for number in range(LOOP_ROUNDS):
        total += number & 7
    return (time.perf_counter() - started) * 1000


def _echo() -> float:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        child = subprocess.Popen([sys.executable, "-c", _ECHO, port])
        talk, _ = listener.accept()
        took: list[float] = []
        with talk:
            for _ in range(ECHOES):
                started = time.perf_counter()
                talk.sendall(b"x" * 100)
                talk.recv(4096)
                took.append(time.perf_counter() - started)
        child.wait(10)
    return statistics.median(took) * 1e6


def _commit() -> float:
    took: list[float] = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(COMMITS):
            started = time.perf_counter()
            os.write(file.fileno(), b"x" * 4096)
            os.fsync(file.fileno())
            took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of_tree(pid: int) -> float:
    """The same with its living children: PostgreSQL's back ends."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_seconds(pid) + sum(_cpu_or_nothing(int(child)) for child in children)


def _cpu_or_nothing(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def busy_seconds(core: int) -> float:
    """How long one core has worked, for anybody."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _iowait, irq, softirq, steal = (int(part) for part in line.split()[1:9])
            return (user + nice + system + irq + softirq + steal) / TICKS
    raise LookupError(f"there is no core {core}")


def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile; 0 for nothing measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *rows)]
    return "\n".join(lines)


def description() -> str:
    """The machine and the versions behind the figures."""
    from importlib.metadata import version

    names = ("django", "channels", "uvicorn", "daphne", "psycopg")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return f"{day}, {len(cores())} cores, Linux {platform.release()}, Python {platform.python_version()}, {versions}."
