"""What must not start does not, and says why."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings

ROOT = Path(__file__).resolve().parents[2]
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
        timeout=60,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[int]:
    """A process that serves this folder's database; answers its port."""
    assert manage(tmp_path, "migrate", "--no-input").returncode == 0
    port = free_port()
    child = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), "--server", "uvicorn"],
        cwd=ROOT,
        env=environment(tmp_path),
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_ready(port)
        yield port
    finally:
        child.terminate()
        assert child.wait(20) in (0, -15)


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not become ready")


def test_without_a_secret_nothing_starts(tmp_path: Path) -> None:
    refused = manage(tmp_path, "check", SECRET_KEY=None)
    assert refused.returncode != 0
    assert "Set SECRET_KEY" in refused.stderr


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"SECRET_KEY": "short"}, "handoff.E001"),
        ({"DEBUG": "1", "PUBLIC_ORIGIN": "https://help.example.com"}, "handoff.E002"),
        ({"ALLOWED_HOSTS": "*"}, "handoff.E003"),
    ],
)
def test_an_unsafe_deployment_is_refused_at_the_start(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    refused = manage(tmp_path, "serve", "--port", str(free_port()), **changes)
    assert refused.returncode != 0
    assert says in refused.stderr


def test_a_second_process_without_redis_is_refused(tmp_path: Path, serving: int) -> None:
    refused = manage(tmp_path, "serve", "--port", str(free_port()))
    assert refused.returncode != 0
    assert "REDIS_URL" in refused.stderr
    worker = manage(tmp_path, "run_worker")
    assert worker.returncode != 0
    assert "REDIS_URL" in worker.stderr
    wait_until_ready(serving)


def test_a_killed_process_does_not_block_the_next(tmp_path: Path) -> None:
    assert manage(tmp_path, "migrate", "--no-input").returncode == 0
    for _ in range(2):
        port = free_port()
        child = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment(tmp_path),
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until_ready(port)
        finally:
            child.kill()
            child.wait(10)


@pytest.mark.django_db
def test_ready_needs_a_worker_and_alive_does_not(client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert answer.json()["checks"] == {"database": True, "delivery": True, "worker": False}


@pytest.mark.django_db
def test_metrics_are_not_for_the_public_unless_the_operator_says_so(client: Client) -> None:
    assert client.get("/metrics").status_code == 404
    with override_settings(HANDOFF_METRICS_PUBLIC=True):
        assert b"handoff_sockets" in client.get("/metrics").content


def test_passwords_are_hashed_with_argon2() -> None:
    from handoff.config import settings

    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
