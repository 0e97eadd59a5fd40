"""A log in parts is the same log: every promise holds while it is put in parts, across months, and when months go."""

from __future__ import annotations

import itertools
import json
import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from handoff.broker.models import Handoff
from handoff.flows import retention
from handoff.lib.clock import utc_now
from handoff.realtime import engines, log, partitions, streams
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry, Status
from handoff.realtime.models import LogEntry, Stream
from tests.scenes import at_once, close, connect

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

_numbers = itertools.count(1)


def say(stream: str, client_id: str, text: str = "hello", *, author: str = "cu_1", at: datetime | None = None) -> Any:
    entry = Entry(
        stream=stream,
        type="message.posted",
        data={"id": f"me_{client_id}", "text": text},
        author=author,
        client_id=client_id,
        body_hash=log.body_hash(text),
    )
    with transaction.atomic():
        return log.append(entry, now=at or database_now())


def turn_month(months: int = 1) -> datetime:
    """A worker looks so many months later."""
    then = database_now()
    for _ in range(months):
        then = (then.replace(day=1) + timedelta(days=32)).replace(day=1)
    partitions.keep_ahead(now=then)
    return then


def part_of(stream: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT e.tableoid::regclass::text FROM handoff_logentry e"
            " JOIN handoff_stream s ON s.id = stream_id WHERE name = %s",
            [stream],
        )
        return {row[0] for row in cursor.fetchall()}


def assert_gapless() -> None:
    for name, last in Stream.objects.values_list("name", "last_seq"):
        seqs = list(LogEntry.objects.filter(stream__name=name).order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, last + 1)), name


def test_what_was_there_is_there_and_goes_on(apart) -> None:
    for name in ("handoff/ho_a", "agent/ag_a"):
        for number in range(3):
            say(name, f"{name}{number}")
    before = list(LogEntry.objects.order_by("id").values_list("id", "seq", "at", "data"))
    call_command("partition_log", verbosity=0)
    assert list(LogEntry.objects.order_by("id").values_list("id", "seq", "at", "data")) == before
    assert part_of("handoff/ho_a") == {"handoff_logentry_before"}
    assert part_of("agent/ag_a") == {"handoff_logentry_people"}
    month = partitions.name_of(partitions.first_of(database_now()))
    say("handoff/ho_b", "first")
    assert part_of("handoff/ho_b") == {month}
    for name in ("handoff/ho_a", "agent/ag_a"):
        assert say(name, f"{name}1") == log.Outcome(
            Status.REPEAT, f"me_{name}1", 2, log.read_after(name, 1, limit=1)[0].at
        )
        assert say(name, f"{name}1", "other").status is Status.CONFLICT
        assert say(name, "new").seq == 4
    assert_gapless()
    ids = list(LogEntry.objects.values_list("id", flat=True))
    assert len(ids) == len(set(ids)) == 9


def test_run_again_it_changes_nothing(in_parts) -> None:
    before = partitions.parts()
    call_command("partition_log", verbosity=0)
    assert partitions.parts() == before
    assert [part.name for part in before][:2] == [partitions.PEOPLE, partitions.BEFORE]


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_cut_off_after_any_step_it_is_done_by_the_next(apart, step: int) -> None:
    say("handoff/ho_a", "a")
    say("agent/ag_a", "a")
    steps = partitions.partition(now=database_now())
    for _ in range(step):
        next(steps)
    steps.close()
    say("handoff/ho_a", "b")
    call_command("partition_log", verbosity=0)
    assert partitions.is_partitioned()
    assert part_of("agent/ag_a") == {partitions.PEOPLE}
    assert_gapless()


def test_the_model_and_its_constraints_are_as_they_were(in_parts) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    say("handoff/ho_a", "a")
    stream = Stream.objects.get(name="handoff/ho_a")
    twice = dict(stream=stream, at=utc_now(), type="x", data={})
    with pytest.raises(IntegrityError, match="seq"), transaction.atomic():
        LogEntry.objects.create(seq=1, **twice)
    with pytest.raises(IntegrityError, match="client_id"), transaction.atomic():
        LogEntry.objects.create(seq=2, client_id="a", author="cu_1", **twice)
    with pytest.raises(IntegrityError, match="seq_starts_at_one"), transaction.atomic():
        LogEntry.objects.create(seq=0, **twice)
    entry = LogEntry.objects.get()
    entry.data = {}
    entry.save(update_fields=["data"])
    assert LogEntry.objects.get(pk=entry.pk).data == {}


def test_a_stream_stays_in_the_month_in_which_it_began(in_parts) -> None:
    say("handoff/ho_a", "a")
    began = part_of("handoff/ho_a")
    then = turn_month()
    assert say("handoff/ho_a", "a", at=then).status is Status.REPEAT, "a repeat over the turn of a month is one"
    assert say("handoff/ho_a", "b", at=then).seq == 2
    assert part_of("handoff/ho_a") == began
    say("handoff/ho_b", "b", at=then)
    assert part_of("handoff/ho_b") == {partitions.name_of(partitions.first_of(then))}
    say("agent/ag_a", "b", at=then)
    assert part_of("agent/ag_a") == {partitions.PEOPLE}
    assert_gapless()


def test_months_are_there_before_they_begin_and_a_missed_turn_does_no_harm(in_parts) -> None:
    now = database_now()
    lows = [part.low for part in partitions.parts()]
    first = partitions.first_of(now)
    assert lows == [None, 0, first, partitions.next_month(first)]
    say("handoff/ho_late", "a", at=now + timedelta(days=200))
    assert part_of("handoff/ho_late") == {partitions.name_of(first)}
    at_once([lambda: turn_month(3)] * 4)
    assert len(partitions.parts()) == 6
    say("handoff/ho_c", "a")
    assert Stream.objects.get(name="handoff/ho_c").pk < partitions.first_of(now) + 100 * partitions.A_MONTH


def test_workers_turn_the_month(in_parts, monkeypatch) -> None:
    then = (database_now().replace(day=1) + timedelta(days=40)).replace(day=1)
    monkeypatch.setattr(retention, "database_now", lambda: then)
    worker = retention.Retention()
    # Never a quiet moment: somebody's session is always just over.
    monkeypatch.setattr(retention, "retain", lambda now: {"sessions": 1})
    worker.take_turn()
    say("handoff/ho_a", "a")
    assert part_of("handoff/ho_a") == {partitions.name_of(partitions.first_of(then))}
    before = len(partitions.parts())
    worker.take_turn()
    assert len(partitions.parts()) == before == 5


def test_the_year_turns() -> None:
    december = partitions.first_of(datetime(2026, 12, 31, tzinfo=UTC))
    assert partitions.name_of(partitions.next_month(december)) == "handoff_logentry_202701"
    assert partitions.name_of(partitions.next_month(partitions.next_month(december))) == "handoff_logentry_202702"


def test_nothing_acked_is_lost_or_doubled_while_it_is_put_in_parts(apart) -> None:
    """Writers on streams of handoffs and of people, a third of it said twice, from before the first step on."""
    names = [f"handoff/ho_{number}" for number in range(6)] + ["agent/ag_1", "agent/ag_2"]
    for name in names:
        say(name, "begin")
    stopped, acked, lock = threading.Event(), {}, threading.Lock()

    def write(seed: int) -> int:
        chance, sent = random.Random(seed), 0
        while not stopped.is_set() or sent < 30:
            sent += 1
            name, key = chance.choice([*names, f"handoff/ho_new_{seed}_{sent // 10}"]), f"{seed}-{sent}"
            outcome = say(name, key)
            assert outcome.status is Status.STORED
            with lock:
                acked[name, key] = outcome.seq
            if chance.random() < 0.3:
                with lock:
                    (name, key), seq = chance.choice(list(acked.items()))
                assert (say(name, key).status, say(name, key).seq) == (Status.REPEAT, seq)
        return sent

    def put_in_parts() -> int:
        try:
            call_command("partition_log", verbosity=0)
            turn_month()
        finally:
            stopped.set()
        return 0

    sent = sum(at_once([*(lambda seed=seed: write(seed) for seed in range(4)), put_in_parts]))
    stored = LogEntry.objects.exclude(client_id="begin").values_list("stream__name", "client_id", "seq")
    assert sent == len(acked) == len(stored) >= 120
    assert {(name, key): seq for name, key, seq in stored} == acked
    assert_gapless()
    assert part_of("agent/ag_1") == {partitions.PEOPLE}


def test_a_month_of_which_nothing_is_kept_goes_whole(in_parts, maya, page, amira, monkeypatch) -> None:
    monkeypatch.setattr(settings, "HANDOFF_RETENTION_DAYS", settings.HANDOFF_RETENTION_DAYS | {"HANDOFFS": 90})
    monkeypatch.setattr(retention._Walk, "after", 0)
    old = connect(maya, amira)
    close(amira, old)
    month = part_of(streams.handoff(old))
    then = turn_month(5)
    young = page()
    young.open()
    kept = connect(young, amira)
    close(amira, kept)

    retention.retain(now=database_now())
    assert len(partitions.parts()) == 6, "nothing is due"
    later = then.replace(day=20)
    monkeypatch.setattr(partitions, "months", lambda before, months=partitions.months: months(before=later))
    Handoff.objects.filter(public_id=old).update(closed_at=utc_now() - timedelta(days=91))
    gone = retention.retain(now=database_now())

    assert (gone["months of the log"], gone["handoffs"]) == (1, 1)
    assert month.isdisjoint(part.name for part in partitions.parts())
    assert [one.public_id for one in Handoff.objects.all()] == [kept]
    assert not Stream.objects.filter(name__contains=old).exists()
    assert log.read_after(streams.handoff(kept), 0, limit=100)
    assert_gapless()
    # Nothing in them, and over: those of the months between go too, one a turn. The one in use stays.
    while retention.retain(now=database_now())["months of the log"]:
        pass
    assert part_of(streams.handoff(kept)) <= {part.name for part in partitions.parts()}


def test_a_month_with_one_that_is_kept_stays(in_parts, maya, page, amira, monkeypatch) -> None:
    first = connect(maya, amira)
    close(amira, first)
    tab = page()
    tab.open()
    connect(tab, amira)
    Handoff.objects.filter(public_id=first).update(closed_at=utc_now() - timedelta(days=91))
    [part] = [part for part in partitions.parts() if {part.name} == part_of(streams.handoff(first))]
    assert retention._is_needed(part, utc_now() - timedelta(days=90))


def plan_of(sql: str, parameters: list[Any]) -> dict[str, Any]:
    """As it runs: which parts a parameter leads to is found out while it does."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters)
        found = cursor.fetchone()[0]
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def looked_into(plan: dict[str, Any]) -> set[str]:
    own = {plan["Relation Name"]} if plan.get("Relation Name") and plan.get("Actual Loops") else set()
    return own.union(*(looked_into(one) for one in plan.get("Plans", [])))


def fill(low: int, streams: int, entries: int) -> None:
    """So many entries of streams of this month, as if they had been written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO handoff_stream (id, name, last_seq, sealed)"
            f" SELECT {low} + n, 'handoff/ho_{low}_' || n, {entries}, false FROM generate_series(1, {streams}) n"
        )
        cursor.execute(
            "INSERT INTO handoff_logentry (stream_id, seq, at, type, data, author, client_id, body_hash)"
            f" SELECT {low} + n, m, now(), 'x', '{{}}', 'cu_1', 'c' || n || '-' || m, ''"
            f" FROM generate_series(1, {streams}) n, generate_series(1, {entries}) m"
        )


def test_a_look_goes_to_one_part(in_parts) -> None:
    turn_month(3)
    lows = [part.low for part in partitions.parts() if part.low]
    for low in lows:
        fill(low, 100, 40)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE handoff_logentry, handoff_stream")
        # What the planner chooses by itself where a part holds millions and not thousands.
    stream_id, own = lows[1] + 7, {partitions.name_of(lows[1])}
    found = plan_of(engines._PG_FIND, [json.dumps([["c7-3", "cu_1", stream_id]])])
    assert found["Actual Rows"] == 1
    assert {table for table in looked_into(found) if table.startswith("handoff_logentry")} == own
    rows = LogEntry.objects.filter(stream__name=f"handoff/ho_{lows[1]}_7", seq__gt=3).order_by("seq")
    sql, parameters = rows.values_list("seq", "data")[:200].query.sql_with_params()
    read = plan_of(sql, list(parameters))
    assert read["Actual Rows"] == 37
    assert {table for table in looked_into(read) if table.startswith("handoff_logentry")} == own
