"""A real PostgreSQL that is not what it should be: each time a sentence that says what to do, and no secret in it."""

from __future__ import annotations

import glob
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import environ
import psycopg
import pytest
from django.core.management.base import CommandError
from django.db import OperationalError, connection, connections

from deploy.postgres import PostgresServer, temporary_server
from handoff.config import operation, parts
from handoff.config.readiness import Look
from tests.config.asking import get, lines_of, send_raw, started, until
from tests.faults.poolers import PgBouncer
from tests.processes import environment, free_port, manage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with temporary_server() as server:
        yield server


@pytest.fixture(scope="module")
def migrated(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with this release's schema."""
    run(postgres, "CREATE DATABASE migrated")
    url = url_of(postgres, "migrated")
    done = manage(tmp_path_factory.mktemp("migrate"), "migrate", "--no-input", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    return url


def url_of(postgres: PostgresServer, database: str) -> str:
    return postgres.url.rpartition("/")[0] + f"/{database}"


def run(postgres: PostgresServer, *statements: str, database: str = "postgres") -> None:
    with psycopg.connect(url_of(postgres, database), autocommit=True) as link:
        for statement in statements:
            link.execute(statement)


@pytest.fixture
def lead_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """From now on new connections lead there; parts are as unknown as to a process that has just begun."""

    def lead(url: str) -> None:
        ours = dict(connections["default"].settings_dict)
        asked = ours | environ.Env.db_url_config(url) | {"OPTIONS": {}}
        monkeypatch.setitem(connections.settings, "default", asked)

    monkeypatch.setattr(parts._Schema, "is_whole", False)
    return lead


def reason(part: str = "database") -> str:
    told = parts.look_at_database().troubles
    assert "handoff:" not in str(told), "no password, and not whose"
    return told[part]


def test_a_wrong_password(postgres, lead_to) -> None:
    lead_to(postgres.url.replace(postgres.password, "another"))
    assert "look at the user and the password in DATABASE_URL" in reason()


def test_nobody_there(lead_to) -> None:
    lead_to(f"postgresql://handoff:secret@127.0.0.1:{free_port()}/handoff")
    assert "is PostgreSQL up, and DATABASE_URL right?" in reason()
    assert reason("worker") == parts.UNKNOWN_WORKER


def test_no_such_database_and_no_such_host(postgres, lead_to) -> None:
    lead_to(url_of(postgres, "nowhere"))
    assert "look at the name in DATABASE_URL" in reason()
    lead_to("postgresql://handoff:secret@no-such-host.invalid/handoff")
    assert "look at the host in DATABASE_URL" in reason()


def test_a_database_without_our_tables(postgres, lead_to) -> None:
    lead_to(postgres.url)
    assert reason().startswith("Migrations are not applied: ")
    assert reason().endswith(" more. Run `manage.py migrate`.")


def test_a_database_that_takes_no_writes(postgres, migrated, lead_to) -> None:
    run(postgres, "ALTER DATABASE migrated SET default_transaction_read_only = on")
    lead_to(migrated)
    try:
        assert reason() == parts.READ_ONLY
    finally:
        run(postgres, "ALTER DATABASE migrated RESET default_transaction_read_only")
    assert "database" not in parts.look_at_database().troubles


def test_no_connection_left(postgres, migrated, lead_to) -> None:
    run(postgres, "DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN PASSWORD 'guest' CONNECTION LIMIT 0")
    lead_to(migrated.replace(f"handoff:{postgres.password}", "guest:guest"))
    assert "raise its max_connections" in reason()


def test_one_that_hangs_is_named_in_time_and_heard_again_when_it_is_back(postgres, migrated, lead_to) -> None:
    lead_to(migrated)
    postmaster = int((postgres.data / "postmaster.pid").read_text().split()[0])
    look = Look(parts.look_at_database, fresh_seconds=0)
    os.kill(postmaster, signal.SIGSTOP)
    try:
        asked = look.ask()
        with pytest.raises(TimeoutError):
            asked.result(0.8)
        assert "did not answer in time" in asked.result(10).troubles["database"]
    finally:
        os.kill(postmaster, signal.SIGCONT)
    assert "database" not in look.ask().result(10).troubles


@pytest.mark.postgres
@pytest.mark.parametrize("look", [parts.with_own_connection, lambda ask: ask()])
def test_a_machine_that_is_lost_is_noticed_in_seconds(look: Callable[[Callable[[], int]], int]) -> None:
    def user_timeout() -> int:
        connection.ensure_connection()
        with socket.socket(fileno=os.dup(connection.connection.fileno())) as link:
            assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 10
            return link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert 0 < look(user_timeout) <= 15_000


# -- through a pooler


def test_a_pooler_that_refuses_transactions(migrated, lead_to) -> None:
    with PgBouncer(url=migrated, mode="statement") as pooler:
        lead_to(pooler.url)
        assert "The pooler before PostgreSQL is in statement mode" in reason()
        assert "set pool_mode = transaction" in reason()
        with pytest.raises(CommandError, match="set pool_mode = transaction"):
            operation.require_database()


def test_a_pooler_in_its_right_mode_and_what_it_should_do_more(migrated, lead_to) -> None:
    with PgBouncer(url=migrated, mode="transaction", has_limits=False) as pooler:
        lead_to(pooler.url)
        report = parts.look_at_database()
        assert "database" not in report.troubles
        assert "connect_query='SET lock_timeout" in report.notes["database"]
    with PgBouncer(url=migrated, mode="transaction") as pooler:
        lead_to(pooler.url)
        assert "database" not in parts.look_at_database().notes


def test_a_pooler_that_does_not_know_us(postgres, migrated, lead_to) -> None:
    with PgBouncer(url=migrated, mode="transaction") as pooler:
        lead_to(pooler.url.replace("/migrated", "/elsewhere"))
        assert "does not know DATABASE_URL's database" in reason()
        lead_to(pooler.url.replace(f"handoff:{postgres.password}", "stranger:secret"))
        assert "the pooler's auth_file" in reason()


# -- processes


def test_servers_refuse_a_schema_that_is_older_than_they_are(tmp_path, postgres, migrated, lead_to) -> None:
    run(postgres, "CREATE DATABASE older TEMPLATE migrated")
    run(postgres, "DELETE FROM django_migrations WHERE app = 'handoff' AND name > '0011_z'", database="older")
    url = url_of(postgres, "older")
    refused = manage(tmp_path, "serve", "--port", str(free_port()), DATABASE_URL=url)
    assert refused.returncode != 0
    assert "Migrations are not applied: handoff.0012" in refused.stderr
    assert "Run `manage.py migrate`." in refused.stderr
    assert "Traceback" not in refused.stderr
    lead_to(url)
    assert "handoff.0012" in reason()


def test_workers_refuse_too(postgres, lead_to) -> None:
    """By the same look, which `serve` and `run_worker` take before anything else."""
    lead_to(postgres.url)
    with pytest.raises(CommandError, match="Migrations are not applied"):
        operation.require_database()
    lead_to(postgres.url.replace(postgres.password, "another"))
    with pytest.raises(CommandError, match="the password in DATABASE_URL"):
        operation.require_database()


@contextmanager
def serving(folder: Path, url: str, **changes: str) -> Iterator[Any]:
    with started(
        folder, "serve", "--server", "uvicorn", "--port", str(free_port()), DATABASE_URL=url, **changes
    ) as one:
        yield one


def told_by(server: Any) -> dict[str, Any]:
    told: dict[str, Any] = get(f"{server.origin}/readyz")[2]
    return told


def is_ready(server: Any) -> bool:
    return bool(told_by(server)["status"] == "ready")


def test_servers_go_on_while_a_newer_release_migrates(tmp_path, postgres, migrated, lead_to) -> None:
    """The schema grows while they serve, as every migration of ours makes it; one of the old release starts too."""
    newer = (
        "INSERT INTO django_migrations (app, name, applied) VALUES ('handoff', '9999_newer', now())",
        "ALTER TABLE handoff_workerbeat ADD COLUMN load integer",
    )
    try:
        with serving(tmp_path, migrated) as server:
            until(lambda: is_ready(server))
            run(postgres, *newer, database="migrated")
            until(lambda: is_ready(server))
        # One of the old release that starts now.
        lead_to(migrated)
        operation.require_database()
    finally:
        run(
            postgres,
            "DELETE FROM django_migrations WHERE name = '9999_newer'",
            "ALTER TABLE handoff_workerbeat DROP COLUMN IF EXISTS load",
            database="migrated",
        )


def test_a_clock_that_is_hours_off_is_told_and_does_not_serve(tmp_path, migrated) -> None:
    [library] = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    wrong = {"LD_PRELOAD": library, "FAKETIME": "+7200", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with serving(tmp_path, migrated, **wrong) as server:
        told = until(lambda: (now := told_by(server))["checks"]["worker"] and now)
        assert told["checks"] == {"database": True, "delivery": True, "worker": True, "clock": False}
        assert "clock is 7200 s ahead of the database's" in told["reasons"]["clock"]
        _, _, figures = get(f"{server.origin}/metrics")
        assert "handoff_clock_ahead_seconds 7" in figures


@pytest.mark.parametrize(
    "said",
    [
        "FATAL:  the database system is in recovery mode",
        "FATAL:  the database system is not yet accepting connections",
        "server closed the connection unexpectedly",
        "database is locked",
    ],
)
def test_a_start_waits_for_one_that_comes_back_from_a_crash(said: str, monkeypatch) -> None:
    trouble = [OperationalError(said)]

    def look() -> None:
        if trouble:
            raise trouble.pop()

    monkeypatch.setattr(operation, "_look", look)
    operation.require_database()
    assert not trouble


def test_a_start_waits_for_a_database_that_is_only_late(tmp_path, postgres, migrated) -> None:
    postgres.stop()
    port = free_port()
    log = tmp_path / "late.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [".venv/bin/python", "manage.py", "serve", "--server", "uvicorn", "--port", str(port)],
            env=environment(tmp_path, DATABASE_URL=migrated),
            stderr=output,
        )
    try:
        until(lambda: any(line.get("event") == "waiting for the database" for line in lines_of(log)))
        postgres.start()
        until(lambda: process.poll() is not None or _serves(port))
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(30)


def _serves(port: int) -> bool:
    try:
        return "200 OK" in send_raw(port, "GET /healthz HTTP/1.1", f"Host: 127.0.0.1:{port}")
    except OSError:
        return False
