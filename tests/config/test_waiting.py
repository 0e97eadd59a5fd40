"""Requests that wait for one row hold neither the process's answers nor its threads for long."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from deploy.postgres import temporary_postgres
from handoff.config.http import THREADS
from tests.processes import Server, served


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with temporary_postgres() as url:
        yield url


@pytest.fixture
def server(database: str, tmp_path: Path) -> Iterator[Server]:
    with served(tmp_path, server="uvicorn", DATABASE_URL=database) as running:
        yield running


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_more_requests_than_threads_wait_for_a_lock(server: Server, database: str) -> None:
    with psycopg.connect(database) as holder, ThreadPoolExecutor(THREADS + 1) as crowd:
        holder.execute("LOCK TABLE handoff_site")
        began = time.monotonic()
        waiting = [crowd.submit(status_of, f"{server.origin}/widget/frame?site=harbour") for _ in range(THREADS + 1)]
        time.sleep(1)
        assert status_of(f"{server.origin}/healthz") == 200
        # Before the first of them has given up.
        assert time.monotonic() - began < 5
        # The last one begins when the first has given up.
        assert {one.result() for one in waiting} == {503}
        assert time.monotonic() - began < 19
