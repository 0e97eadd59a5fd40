"""A deployment of its own for a test: `manage.py` on a folder's database, and a server that ends with the block."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What the tests' own process runs with, and a deployment does not.
FOREIGN = ("DJANGO_SETTINGS_MODULE", "HANDOFF_DEMO", "REDIS_URL", "DEBUG", "ALLOWED_HOSTS", "HANDOFF_LIMIT_SCALE")
SECRET = "a secret that only this test knows, long enough"


def environment(folder: Path, **changes: str | None) -> dict[str, str]:
    own = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "PUBLIC_ORIGIN": "http://127.0.0.1:8000",
    }
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {name: value for name, value in (kept | own | changes).items() if value is not None}


def manage(folder: Path, *arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(folder, **changes),
        capture_output=True,
        text=True,
        timeout=180,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not become ready")


@dataclass(frozen=True)
class Server:
    """One that serves."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask_to_leave(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def prepare(folder: Path, **changes: str | None) -> None:
    """A migrated database: the folder's own is a copy of one that was migrated once, which takes as long as a test."""
    if "DATABASE_URL" not in changes:
        shutil.copyfile(_migrated() / "db.sqlite3", folder / "db.sqlite3")
        return
    _migrate(folder, **changes)


@cache
def _migrated() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="handoff-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _migrate(folder)
    return folder


def _migrate(folder: Path, **changes: str | None) -> None:
    done = manage(folder, "migrate", "--no-input", **changes)
    assert done.returncode == 0, done.stderr


@contextmanager
def served(folder: Path, *, server: str, **changes: str | None) -> Iterator[Server]:
    """Migrate and serve until the block ends; the server has to end well, unless the test killed it."""
    prepare(folder, **changes)
    port = free_port()
    log = folder / f"serve-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port), "--server", server],
            cwd=ROOT,
            env=environment(folder, **{"PUBLIC_ORIGIN": f"http://127.0.0.1:{port}"} | changes),
            stderr=output,
        )
    try:
        wait_until_ready(port)
        yield Server(port, process, log)
    finally:
        if process.poll() is None:
            process.terminate()
        assert process.wait(30) in (0, -9), log.read_text()
