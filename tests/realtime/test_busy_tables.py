"""A migration on tables in use: an index is built beside everybody's work, and nothing large is read under a lock."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import OperationalError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from handoff.broker.models import Handoff
from handoff.realtime.busy_tables import AddIndex
from tests.realtime.test_partitions_in_use import eventually
from tests.scenes import at_once, connect

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

NAME = "closed_by_time"
INDEX = models.Index(condition=models.Q(state="closed"), fields=["-closed_at", "-id"], name=NAME)
RELEASED = "0004_server_beat"


def build() -> None:
    """As `deploy/migrate` runs the step."""
    state = ProjectState.from_apps(apps)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '500ms'")
    with connection.schema_editor(atomic=False) as editor:
        AddIndex("handoff", INDEX).database_forwards("handoff", editor, state, state)


def validity() -> bool | None:
    """None: it is not there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [NAME])
        found = cursor.fetchone()
    return found and bool(found[0])


def drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {NAME}")


@contextmanager
def backing_up() -> Iterator[None]:
    """As pg_dump: one moment of the database, held to the end."""
    link = connection.copy()
    try:
        link.set_autocommit(False)
        with link.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM handoff_handoff")
        yield
    finally:
        link.close()


def waits_for_others() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'")
        return bool(cursor.fetchone()[0])


def test_what_was_cut_off_is_built_anew_and_what_is_there_stays(apart) -> None:
    drop()
    with backing_up(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '300ms'")
        with pytest.raises(OperationalError):
            cursor.execute(f"CREATE INDEX CONCURRENTLY {NAME} ON handoff_handoff (closed_at) WHERE state = 'closed'")
        cursor.execute("SET statement_timeout = 0")
    assert validity() is False
    build()
    assert validity() is True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(to_regclass(%s))", [NAME])
        assert "closed_at DESC, id DESC" in cursor.fetchone()[0]
    build()
    assert validity() is True


def test_it_waits_for_a_backup_longer_than_for_a_lock_and_writers_pass(apart, maya, amira) -> None:
    connect(maya, amira)
    drop()
    over = threading.Event()

    def back_up() -> int:
        with backing_up():
            assert over.wait(20)
        return 0

    def write() -> int:
        try:
            eventually(waits_for_others)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                assert Handoff.objects.update(statement="written meanwhile") == 1
                # Longer than a migration waits for a table.
                cursor.execute("SELECT pg_sleep(0.7)")
            assert validity() is False
        finally:
            over.set()
        return 0

    def migrate() -> int:
        eventually(lambda: bool(readers()))
        build()
        return 0

    at_once([back_up, write, migrate])
    assert validity() is True


def readers() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = 'handoff_handoff'::regclass AND pid <> pg_backend_pid()"
        )
        found: int = cursor.fetchone()[0]
    return found


def statements_since_the_release() -> list[str]:
    graph = MigrationLoader(connection).graph
    names = sorted(name for app, name in graph.nodes if app == "handoff" and name > RELEASED)
    found: list[str] = []
    for name in names:
        told = StringIO()
        call_command("sqlmigrate", "handoff", name, stdout=told)
        found += [line for line in told.getvalue().splitlines() if not line.startswith("--")]
    return found


def test_no_step_since_the_release_reads_or_writes_a_table_that_was_there() -> None:
    """Under the lock of a change of it, everybody would wait for as long as it is large."""
    statements = statements_since_the_release()
    made = {name for line in statements for name in re.findall(r'^CREATE TABLE "(\w+)"', line)}
    assert {"handoff_call", "handoff_wait"} <= made
    of_old = [
        line
        for line in statements
        if (table := re.search(r'^(?:ALTER TABLE|CREATE (?:UNIQUE )?INDEX .*? ON|UPDATE) "?(\w+)', line))
        and table[1] not in made
    ]
    for line in of_old:
        assert re.search(r"CONCURRENTLY", line) or not line.startswith("CREATE"), line
        assert "CHECK" not in line or "NOT VALID" in line, line
        assert not re.search(r"^UPDATE|SET NOT NULL| TYPE |FOREIGN KEY", line), line
        assert "ADD COLUMN" not in line or "DEFAULT" in line or " NULL" in line, line
    assert len(of_old) >= 5, of_old
