"""Asking a process as its balancer and its operator do, and reading its log."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from handoff.config import asgi
from tests.processes import ROOT, Server, environment, free_port

T = TypeVar("T")


async def ask(path: str, **scope: Any) -> tuple[int, dict[str, str], Any]:
    """The application itself, without a server: status, headers, body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asked = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
    await asgi.application(asked | scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(b"".join(part.get("body", b"") for part in sent[1:]) or b"null")


def get(url: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
            return answer.status, _lower(answer.headers), _read(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, _lower(refused.headers), _read(refused)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _read(answer: Any) -> Any:
    raw = answer.read()
    return json.loads(raw) if "json" in answer.headers.get("Content-Type", "") else raw.decode()


def send_raw(port: int, *lines: str) -> str:
    """What a client without manners sends: answers all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall("".join(f"{line}\r\n" for line in (*lines, "Connection: close", "")).encode())
        return b"".join(iter(lambda: link.recv(65536), b"")).decode()


def until(look: Callable[[], T], *, seconds: float = 30) -> T:
    """Look again until there is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def started(folder: Path, command: str, *arguments: str, **changes: str | None) -> Iterator[Server]:
    """A process that need not become ready; its port is that of its private address."""
    port = free_port()
    log = folder / f"{command}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", command, *arguments],
            cwd=ROOT,
            env=environment(folder, HANDOFF_METRICS_ADDRESS=f"127.0.0.1:{port}", **changes),
            stderr=output,
        )
    try:
        until(lambda: process.poll() is not None or _answers(port))
        assert process.poll() is None, log.read_text()
        yield Server(port, process, log)
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/healthz")[0] == 200
    except OSError:
        return False
