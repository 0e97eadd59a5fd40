"""The log is put in parts, and months go, while a backup reads: that waits, and nobody waits behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction

from handoff.flows import retention
from handoff.realtime import dropping, partitions, poolers
from handoff.realtime.clock import database_now
from handoff.realtime.partitions import Part
from tests.realtime.test_partitions import say, turn_month
from tests.scenes import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def eventually(check: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def over_month() -> Part:
    """The part of this month, which is over: a worker looks two months later."""
    turn_month(2)
    [part] = [part for part in partitions.parts() if part.low == partitions.first_of(database_now())]
    return part


def exists(part: Part) -> bool:
    """Attached, half detached or alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [part.name])
        return bool(cursor.fetchone()[0])


@contextmanager
def reading_on(*tables: str) -> Iterator[None]:
    """Somebody else's long transaction, as a backup is one: it has read these tables, and may again."""
    link = connection.copy()
    try:
        link.set_autocommit(False)
        with link.cursor() as cursor:
            for table in tables:
                cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
        yield
    finally:
        link.close()


def test_a_month_that_a_backup_reads_goes_when_it_is_over_and_holds_up_nothing(in_parts, monkeypatch) -> None:
    part = over_month()
    monkeypatch.setattr(settings, "HANDOFF_RETENTION_DAYS", settings.HANDOFF_RETENTION_DAYS | {"HANDOFFS": 90})
    monkeypatch.setattr(partitions, "months", lambda before: [one for one in partitions.parts() if one == part])
    monkeypatch.setattr(retention._Months, "rest_until", 0.0)
    with reading_on("handoff_logentry", "handoff_stream"):
        with connection.cursor() as cursor:
            # As a worker's connection has it, only shorter.
            cursor.execute("SET lock_timeout = '300ms'")
        assert retention.retain(now=database_now())["months of the log"] == 0
        assert retention.retain(now=database_now()).keys() >= {"handoffs", "customers"}, "the others go on"
        assert exists(part)
    monkeypatch.setattr(retention._Months, "rest_until", 0.0)
    retention.retain(now=database_now())
    assert not exists(part)


def test_a_part_is_not_dropped_by_making_everybody_wait_for_a_backup(in_parts, monkeypatch) -> None:
    part = over_month()
    # It begins in the moment after the look.
    monkeypatch.setattr(dropping, "_give_way", lambda: None)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '5s'")
    with reading_on("handoff_stream"), pytest.raises(OperationalError, match="lock timeout"):
        dropping.drop(part)
    dropping.finish_dropping()
    assert not exists(part)


def waiting_for_the_log() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = 'handoff_logentry'::regclass"
            " AND mode = 'AccessExclusiveLock' AND NOT granted"
        )
        return bool(cursor.fetchone()[0])


def test_while_a_backup_reads_the_log_everybody_else_passes(apart) -> None:
    say("handoff/ho_a", "a")
    over = threading.Event()

    def back_up() -> int:
        with reading_on("handoff_logentry"):
            assert over.wait(20)
        return 0

    def pass_by() -> int:
        try:
            eventually(waiting_for_the_log)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '3s'")
                cursor.execute("SELECT count(*) FROM handoff_logentry")
        finally:
            over.set()
        return 0

    at_once([back_up, pass_by, lambda: call_command("partition_log", verbosity=0) or 0])
    assert partitions.is_partitioned()


def test_through_a_pooler_it_refuses_and_says_how(apart, monkeypatch) -> None:
    monkeypatch.setattr(poolers, "look", lambda: poolers.Standing(is_pooled=True))
    with pytest.raises(CommandError, match="deploy/with_settings"):
        call_command("partition_log", verbosity=0)
    assert not partitions.is_partitioned()


def test_two_do_not_put_it_in_parts_at_once(apart) -> None:
    steps = partitions.partition(now=database_now())
    next(steps)

    def once_more() -> int:
        with pytest.raises(CommandError, match="Another partition_log"):
            call_command("partition_log", verbosity=0)
        return 0

    at_once([once_more])
    for _ in steps:
        pass
    assert partitions.is_partitioned()
