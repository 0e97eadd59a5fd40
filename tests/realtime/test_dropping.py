"""Retention finishes what it began to drop, and nothing that an operator has detached to keep."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection

from handoff.broker.models import Handoff
from handoff.config import live_checks
from handoff.config.parts import look_at_database
from handoff.flows import retention
from handoff.lib.clock import utc_now
from handoff.realtime import dropping, partitions, streams
from handoff.realtime.clock import database_now
from handoff.realtime.partitions import TABLE, Part
from tests.realtime.test_partitions import part_of
from tests.realtime.test_partitions_in_use import exists, over_month, reading_on
from tests.scenes import close, connect

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

FOREIGN_KEY = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass(%s)"


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def mark_of(part: Part) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [part.name])
        mark: str | None = cursor.fetchone()[0]
    return mark


def detach(part: Part) -> None:
    run(f"ALTER TABLE {TABLE} DETACH PARTITION {part.name} CONCURRENTLY")


def begin_dropping(part: Part, monkeypatch: pytest.MonkeyPatch, *, dies_before: str) -> None:
    """A worker that is killed before its next statement of this kind."""
    with monkeypatch.context() as patch:
        for name in ("run", "briefly"):
            went_on = getattr(dropping, name)

            def until(sql: str, went_on=went_on) -> None:
                if dies_before in sql:
                    raise KeyboardInterrupt
                went_on(sql)

            patch.setattr(dropping, name, until)
        with pytest.raises(KeyboardInterrupt):
            dropping.drop(part)


def test_what_a_dead_worker_has_detached_and_not_dropped_is_dropped(in_parts, monkeypatch) -> None:
    part = over_month()
    begin_dropping(part, monkeypatch, dies_before="DROP")
    assert exists(part)
    assert part not in partitions.parts()
    assert dropping.left_alone() == []
    dropping.finish_dropping()
    assert not exists(part)


def test_what_a_dead_worker_has_half_detached_is_dropped(in_parts) -> None:
    part = over_month()
    with reading_on(TABLE):
        run(f"COMMENT ON TABLE {part.name} IS '{dropping.MARK}{database_now().isoformat()}'")
        run("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError):
            detach(part)
        with pytest.raises(OperationalError, match="long transaction"):
            dropping.finish_dropping()
    assert part not in partitions.parts()
    assert exists(part)
    dropping.finish_dropping()
    assert not exists(part)


def test_a_month_detached_by_hand_is_kept_and_told_until_it_is_out_of_the_way(in_parts) -> None:
    part = over_month()
    detach(part)
    dropping.finish_dropping()
    assert exists(part)
    assert part.name in look_at_database().notes["log"]
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEY, [part.name])
        [(key,)] = cursor.fetchall()
    # As the manual says it.
    run("CREATE SCHEMA archive", f"ALTER TABLE {part.name} SET SCHEMA archive")
    assert dropping.left_alone() == [part.name], "its foreign key still keeps streams from going"
    run(f"ALTER TABLE archive.{part.name} DROP CONSTRAINT {key}")
    dropping.finish_dropping()
    assert "log" not in look_at_database().notes
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM archive.{part.name}")


def test_half_detached_by_hand_it_is_nobodys_but_the_operators(in_parts) -> None:
    part = over_month()
    with reading_on(TABLE):
        run("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError):
            detach(part)
    dropping.finish_dropping()
    assert dropping.left_alone() == [part.name]
    run(f"ALTER TABLE {TABLE} DETACH PARTITION {part.name} FINALIZE")
    assert exists(part)


def test_a_mark_that_came_to_nothing_does_not_take_what_is_detached_by_hand_later(in_parts, monkeypatch) -> None:
    part = over_month()
    begin_dropping(part, monkeypatch, dies_before="DETACH")
    dropping.finish_dropping()
    assert mark_of(part) is not None, "the one who wrote it may be about to detach it"
    monkeypatch.setattr(dropping, "STALE", "0 seconds")
    dropping.finish_dropping()
    assert mark_of(part) is None
    detach(part)
    dropping.finish_dropping()
    assert exists(part)


def test_a_long_reader_is_seen_before_anything_is_marked(in_parts) -> None:
    part = over_month()
    with reading_on("handoff_stream"), pytest.raises(OperationalError, match="long transaction"):
        dropping.drop(part)
    assert mark_of(part) is None
    assert part in partitions.parts()


def test_with_its_foreign_key_it_would_hold_up_retention_of_its_handoffs(in_parts, maya, amira, monkeypatch) -> None:
    """Why the manual has the key dropped, and why it is told."""
    monkeypatch.setattr(settings, "HANDOFF_RETENTION_DAYS", settings.HANDOFF_RETENTION_DAYS | {"HANDOFFS": 90})
    old = connect(maya, amira)
    close(amira, old)
    [name] = part_of(streams.handoff(old))
    [part] = [part for part in partitions.parts() if part.name == name]
    detach(part)
    Handoff.objects.filter(public_id=old).update(closed_at=utc_now() - timedelta(days=91))
    with pytest.raises(DatabaseError):
        retention.retain(now=database_now())
    assert look_at_database().notes["log"].count(name) == 1
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEY, [name])
        [(key,)] = cursor.fetchall()
    run(f"ALTER TABLE {name} DROP CONSTRAINT {key}")
    assert retention.retain(now=database_now())["handoffs"] == 1


def test_the_check_before_a_deployment_tells_it(in_parts, settings) -> None:
    settings.HANDOFF_DEMO = False
    detach(over_month())
    assert "handoff.W015" in {message.id for message in live_checks.parts_answer(None)}
