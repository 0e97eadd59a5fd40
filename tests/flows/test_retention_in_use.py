"""Retention beside everybody's work: it waits apart from the clocks, not for long, and keeps nobody from anything."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from handoff.broker.models import Handoff
from handoff.flows import retention
from handoff.flows.retention import Retention
from handoff.flows.worker import Worker
from handoff.lib.clock import utc_now
from handoff.realtime import partitions, poolers, streams
from handoff.realtime.clock import database_now
from handoff.realtime.dropping import drop
from handoff.realtime.models import WorkerBeat
from tests.flows.test_retention import age, keep
from tests.flows.test_worker import overdue
from tests.scenes import close, connect

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


WAITS = "SELECT count(*) FROM pg_locks WHERE relation = 'handoff_recordread'::regclass AND NOT granted"


@pytest.fixture(autouse=True)
def from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention._Walk, "after", 0)
    monkeypatch.setattr(retention._Months, "rest_until", 0.0)
    keep(monkeypatch, HANDOFFS=90, READS=90)


@contextmanager
def holding(statement: str) -> Iterator[None]:
    """Somebody else's transaction that has done this, and goes on."""
    link = connection.copy()
    try:
        link.set_autocommit(False)
        with link.cursor() as cursor:
            cursor.execute(statement)
        yield
    finally:
        link.close()


@contextmanager
def running(*jobs: Worker | Retention) -> Iterator[None]:
    threads = [threading.Thread(target=job.run) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for job in jobs:
            job.stop()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)


def until(what: str, sql: str) -> None:
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while True:
            cursor.execute(sql)
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < deadline, what
            time.sleep(0.02)


def test_the_clocks_go_on_while_it_waits_for_a_lock(maya, amira, monkeypatch) -> None:
    monkeypatch.setattr(settings, "HANDOFF_SECONDS", settings.HANDOFF_SECONDS | {"TICK": 0.1})
    handoff_id = connect(maya, amira)
    share = Retention()
    share._look_at = share._parts_at = math.inf
    with running(Worker("w1"), share), holding("LOCK TABLE handoff_recordread IN ACCESS EXCLUSIVE MODE"):
        share._look_at = 0.0
        until("retention waits", WAITS)
        overdue(handoff_id, amira)
        until("the wrap-up ends", "SELECT count(*) FROM handoff_handoff WHERE state = 'closed'")
        WorkerBeat.objects.update(beat_at=utc_now().replace(year=2020))
        until("a sign of life", "SELECT count(*) FROM handoff_workerbeat WHERE beat_at > now() - interval '1 minute'")
        until("it waits still", WAITS)


def test_in_a_process_it_gives_a_lock_up_after_half_a_second_and_the_other_kinds_go(maya, amira, monkeypatch) -> None:
    monkeypatch.setattr(poolers, "_is_limited", True)
    handoff_id = connect(maya, amira)
    close(amira, handoff_id)
    age(handoff_id, 91)
    retention.Shift.objects.all().delete()
    old = utc_now().replace(year=2020)
    retention.Shift.objects.create(agent=amira, wanted=True, began_at=old, until=old)
    name = streams.handoff(handoff_id)
    with holding(f"SELECT 1 FROM handoff_stream WHERE name = '{name}' FOR UPDATE"):
        began = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"):
            retention.retain(now=database_now())
        assert time.monotonic() - began < 4, "less than the 5 s that a request waits"
        assert Handoff.objects.filter(public_id=handoff_id).exists()
        assert not retention.Shift.objects.exists()
    assert retention.retain(now=database_now())["handoffs"] == 1


def test_a_month_that_somebody_reads_is_left_alone_for_a_while(monkeypatch) -> None:
    monkeypatch.setattr(partitions, "is_partitioned", lambda: True)
    monkeypatch.setattr(partitions, "months", lambda before: [partitions.Part("handoff_logentry_202001", 1, 2)])
    with holding("SELECT 1 FROM handoff_logentry"):
        assert retention.retain(now=database_now())["months of the log"] == 0
        with CaptureQueriesContext(connection) as caught:
            assert retention.retain(now=database_now())["months of the log"] == 0
    assert not [one for one in caught if "pg_locks" in one["sql"]]
    with holding("SELECT 1 FROM handoff_logentry"), pytest.raises(OperationalError, match="long transaction"):
        drop(partitions.Part("handoff_logentry_202001", 1, 2))
