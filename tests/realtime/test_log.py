"""The log under concurrency: gapless, ordered, once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from msgspec.structs import replace

from handoff.lib.clock import rfc3339, utc_now
from handoff.realtime import log
from handoff.realtime.log import Entry, Status
from handoff.realtime.models import LogEntry, Stream

pytestmark = pytest.mark.django_db(transaction=True)


def entry(stream: str, number: int, *, client_id: str | None = None, body: str = "") -> Entry:
    return Entry(
        stream=stream,
        type="message.posted",
        data={"id": f"me_{number}", "text": body},
        author="cu_1",
        client_id=client_id,
        body_hash=log.body_hash(body),
    )


@transaction.atomic
def write(*entries: Entry) -> list[log.Outcome]:
    return log.append_many(entries, now=utc_now())


def in_threads(count: int, work) -> list:
    barrier = threading.Barrier(count)

    def run(number: int):
        try:
            barrier.wait()
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_writers_at_once_leave_no_gap_and_no_double() -> None:
    def work(writer: int) -> list[int]:
        seqs = []
        for number in range(15):
            outcomes = write(entry("handoff/a", number), entry("handoff/b", number), entry("handoff/a", number))
            seqs += [outcomes[0].seq, outcomes[2].seq]
        return seqs

    seqs = [seq for writer in in_threads(6, work) for seq in writer]
    assert sorted(seqs) == list(range(1, 181))
    for name, count in (("handoff/a", 180), ("handoff/b", 90)):
        stored = list(LogEntry.objects.filter(stream__name=name).order_by("seq").values_list("seq", flat=True))
        assert stored == list(range(1, count + 1))
        assert Stream.objects.get(name=name).last_seq == count


def test_one_client_id_sent_by_many_at_once_is_stored_once_and_told_alike() -> None:
    write(entry("handoff/a", 0))
    outcomes = in_threads(6, lambda number: write(entry("handoff/a", number, client_id="c1", body="hello"))[0])
    assert [one.status for one in outcomes].count(Status.STORED) == 1
    assert {one.seq for one in outcomes} == {2}
    assert len({one.id for one in outcomes}) == 1
    assert LogEntry.objects.filter(client_id="c1").count() == 1


def test_a_waiting_writer_sees_what_the_first_one_committed() -> None:
    """The look-up must not use a snapshot older than the lock it waited for."""
    write(entry("handoff/a", 0))
    first_holds, second_waits = threading.Event(), threading.Event()

    def work(number: int) -> list[log.Outcome]:
        if number == 0:
            with transaction.atomic():
                outcomes = log.append_many([entry("handoff/a", 1, client_id="k", body="x")], now=utc_now())
                first_holds.set()
                second_waits.wait(0.4)
                return outcomes
        first_holds.wait()
        second_waits.set()
        return write(entry("handoff/a", 2, client_id="k", body="x"), entry("handoff/a", 3, client_id="new", body="y"))

    first, second = in_threads(2, work)
    assert [one.seq for one in first] == [2]
    assert [(one.status, one.seq) for one in second] == [(Status.REPEAT, 2), (Status.STORED, 3)]


def test_the_same_client_id_twice_in_one_batch_is_folded() -> None:
    outcomes = write(
        entry("handoff/a", 1, client_id="c1", body="hello"),
        entry("handoff/a", 2, client_id="c1", body="hello"),
        entry("handoff/a", 3, client_id="c1", body="other"),
    )
    assert [one.status for one in outcomes] == [Status.STORED, Status.REPEAT, Status.CONFLICT]
    assert outcomes[1].id == outcomes[0].id == "me_1"


def test_a_sealed_stream_takes_the_system_s_entries_and_no_message() -> None:
    write(entry("handoff/a", 1))
    write(replace(entry("handoff/a", 9), seals=True))
    outcomes = write(entry("handoff/a", 2, client_id="late", body="x"), entry("handoff/a", 3))
    assert [(one.status, one.seq) for one in outcomes] == [(Status.SEALED, 0), (Status.STORED, 3)]


def test_an_earlier_clock_never_puts_an_entry_before_its_predecessor() -> None:
    now = utc_now()
    with transaction.atomic():
        log.append_many([entry("handoff/a", 1)], now=now)
        (late,) = log.append_many([entry("handoff/a", 2)], now=now - timedelta(seconds=90))
    assert late.at == rfc3339(now)


def test_a_rolled_back_append_leaves_no_trace() -> None:
    write(entry("handoff/a", 1))
    with transaction.atomic():
        log.append_many([entry("handoff/a", 2)], now=utc_now())
        transaction.set_rollback(True)
    assert write(entry("handoff/a", 3))[0].seq == 2


def test_appending_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        log.append(entry("handoff/a", 1), now=utc_now())


def test_what_is_pushed_is_what_is_read_back() -> None:
    write(entry("handoff/a", 1, body="hello"))
    (read,) = log.read_after("handoff/a", 0, limit=10)
    assert read.to_wire() == {
        "stream": "handoff/a",
        "seq": 1,
        "at": read.at,
        "type": "message.posted",
        "data": {"id": "me_1", "text": "hello"},
    }
    assert read.at.endswith("Z")
    assert len(read.at) == len("2026-11-26T12:00:00.000Z")


def test_a_new_epoch_is_another_one_and_stays() -> None:
    before = log.epoch()
    call_command("new_epoch")
    assert log.epoch() != before
    assert log.epoch() == log.epoch()
