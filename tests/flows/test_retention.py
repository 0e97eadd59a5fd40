"""What is past its time goes from every table, what is not stays whole, and nobody who reads on can tell."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from handoff.attachments import storage
from handoff.attachments.models import Attachment
from handoff.broker.models import Handoff
from handoff.calls.models import Call
from handoff.conversations.batch import Send, batcher
from handoff.flows import end_talk, retention
from handoff.identity.models import Customer, Session
from handoff.insights import wallboard
from handoff.intents.models import Intent
from handoff.journeys.models import Fact, Journey, Step
from handoff.lib.clock import utc_now
from handoff.realtime import expiry, log, partitions, streams
from handoff.realtime.clock import database_now
from handoff.realtime.models import LogEntry, Stream
from handoff.staffing.models import Agent, Queue
from handoff.supervision.actions import note_read
from handoff.supervision.models import RecordRead, Shift, Stint, Wait
from tests.conftest import make_agent
from tests.phones import ring_in_vain
from tests.plans import grow, reading_plans
from tests.scenes import accept, at_once, close, connect, offer_to, tables_that_hold
from tests.scripted_phone import MAYAS_NUMBER

pytestmark = pytest.mark.django_db(transaction=True)

# Said, signed, typed, noted, named and sent below; none of it may be found again.
PERSONAL = re.compile("quokka|" + MAYAS_NUMBER.removeprefix("+"), re.IGNORECASE)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture(autouse=True)
def from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention._Walk, "after", 0)
    keep(monkeypatch, HANDOFFS=90)


def keep(monkeypatch: pytest.MonkeyPatch, **days: int) -> None:
    monkeypatch.setattr(settings, "HANDOFF_RETENTION_DAYS", settings.HANDOFF_RETENTION_DAYS | days)


@pytest.fixture
def quokka(page: Any) -> Any:
    tab = page()
    claims = {"name": "Quokka Q", "email": "quokka@example.com", "facts": {"account": "quokka account"}}
    assert tab.open(tab.token(sub="quokka-7", acr="urn:quokka", amr=["quokka"], **claims)).status == 201
    return tab


def whole_life(tab: Any, agent: Agent, **ask: Any) -> str:
    """A handoff that has left something in every table that it can."""
    journey = {
        "steps": [{"name": "quokka", "path": "/quokka", "status": "failed", "error": "QUOKKA"}],
        "facts": [{"key": "pet", "label": "Pet", "value": "quokka"}],
    }
    handoff_id = connect(tab, agent, statement="a quokka", journey=journey, **ask)
    sent = tab.call(
        "POST", f"handoffs/{handoff_id}/attachments", PNG, **{"Content-Type": "image/png", "X-File-Name": "quokka.png"}
    )
    assert sent.status == 201, sent.body
    said = tab.post(
        f"handoffs/{handoff_id}/messages",
        {"client_id": "quokka-1", "text": "the quokka bit me", "attachments": [sent.body["id"]]},
    )
    assert said.status == 201, said.body
    close(agent, handoff_id, note="quokka calmed")
    end_talk.answer_survey(Customer.objects.get(subject="quokka-7"), handoff_id, effort=6, comment="a happy quokka")
    note_read(agent, Handoff.objects.get(public_id=handoff_id))
    return handoff_id


def age(handoff_id: str, days: float) -> None:
    """As if all of it had happened so many days ago."""
    ago = timedelta(days=days)
    handoff = Handoff.objects.get(public_id=handoff_id)
    Handoff.objects.filter(pk=handoff.pk).update(
        **{
            name: moment - ago
            for name in ("opened_at", "enqueued_at", "connected_at", "ended_at", "closed_at")
            if (moment := getattr(handoff, name)) is not None
        }
    )
    for entry in LogEntry.objects.filter(handoff_id=handoff.pk):
        LogEntry.objects.filter(pk=entry.pk).update(at=entry.at - ago)


def leave(days: float) -> None:
    """Every customer was last here so long ago, and their sessions with them."""
    then = utc_now() - timedelta(days=days)
    Customer.objects.update(seen_at=then, created_at=then)
    Session.objects.update(created_at=then, seen_at=then, expires_at=then + timedelta(hours=12))


def retain() -> None:
    call_command("retain", verbosity=0)


def test_nothing_of_a_customer_is_left_in_any_table_or_folder(quokka, amira) -> None:
    handoff_id = whole_life(quokka, amira)
    [file] = Attachment.objects.values_list("storage_name", flat=True)
    age(handoff_id, 91)
    leave(91)
    assert len(tables_that_hold(PERSONAL)) >= 10
    assert storage.has(file)

    retain()

    assert tables_that_hold(PERSONAL) == []
    assert tables_that_hold(re.compile(handoff_id)) == []
    assert tables_that_hold(re.compile(quokka.customer["id"])) == []
    assert not storage.has(file)
    for model in (Handoff, Journey, Step, Fact, Attachment, Customer, Session, RecordRead):
        assert not model.objects.exists(), model
    assert not Stream.objects.exclude(name__startswith="agent/").exists()


def test_no_number_of_who_was_called_is_left(quokka, phone, amira) -> None:
    Intent.objects.update(channels=["chat", "callback", "phone"])
    asked = {"phone": MAYAS_NUMBER, "consent": "Call the quokka.", "time_zone": "Europe/London"}
    handoff_id = quokka.ask(channel="callback", callback=asked).body["id"]
    accept(amira, offer_to(amira))
    ring_in_vain(phone, amira, handoff_id)
    end_talk.cancel(Customer.objects.get(subject="quokka-7"), handoff_id)
    age(handoff_id, 91)
    leave(91)
    assert tables_that_hold(PERSONAL)
    retain()
    assert tables_that_hold(PERSONAL) == []
    assert not Call.objects.exists()


def test_a_caller_who_led_to_no_handoff_goes_too(phone, harbour) -> None:
    phone.ring("call-1")
    Call.objects.update(status="ended", ended_at=utc_now() - timedelta(days=91))
    retain()
    assert not Call.objects.exists()


def test_what_is_young_open_or_promised_stays_whole(quokka, maya, page, amira) -> None:
    young = whole_life(quokka, amira)
    age(young, 89)
    connect(maya, amira)
    waiting = page()
    waiting.open()
    promised = waiting.ask().body["id"]
    tomorrow = utc_now() + timedelta(days=1)
    Handoff.objects.filter(public_id=promised).update(state="scheduled", due_at=tomorrow, expires_at=tomorrow)
    Handoff.objects.exclude(public_id=young).update(opened_at=utc_now() - timedelta(days=400))
    leave(400)
    before = everything()
    retain()
    # Sessions are past their time, and the panel's sign-in with them; a customer with a handoff is not.
    assert before - everything() == {row for row in before if row[0] == "handoff_session"}


def everything() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        found: set[tuple[str, str]] = set()
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found |= {(table, str(row)) for row in cursor.fetchall()}
    return found


def test_by_default_handoffs_are_kept_for_ever(quokka, amira, monkeypatch, capsys) -> None:
    keep(monkeypatch, HANDOFFS=0)
    handoff_id = whole_life(quokka, amira)
    age(handoff_id, 4000)
    leave(4000)
    call_command("retain", dry_run=True)
    assert "handoffs: kept for ever" in capsys.readouterr().out
    retain()
    assert Handoff.objects.get(public_id=handoff_id).customer.name == "Quokka Q"
    assert LogEntry.objects.filter(data__text="the quokka bit me").exists()


def test_a_rehearsal_counts_and_removes_nothing(quokka, amira, capsys) -> None:
    age(whole_life(quokka, amira), 91)
    leave(91)
    before = everything()
    call_command("retain", dry_run=True)
    told = capsys.readouterr().out
    assert "handoffs: 1 due" in told
    assert "sessions: 1 due" in told
    assert everything() == before


def test_figures_outlive_their_handoffs_and_say_the_same(quokka, amira, cards, monkeypatch) -> None:
    handoff_id = whole_life(quokka, amira)
    Handoff.objects.filter(public_id=handoff_id).update(closed_at=utc_now() - timedelta(days=91))

    def today() -> Any:
        wallboard.forget()
        return wallboard.wallboard([cards], now=database_now()).today

    before = today()
    retain()
    assert not Handoff.objects.exists()
    after = today()
    for name in ("offered", "answered", "abandoned", "asa_seconds", "aht_seconds", "service_level", "occupancy"):
        assert getattr(after, name) == pytest.approx(getattr(before, name)), name
    assert list(Wait.objects.values_list("handoff", "outcome")) == [(None, "answered")]
    then = utc_now() - timedelta(days=401)
    Shift.objects.create(agent=amira, wanted=True, began_at=then, until=then)
    Wait.objects.update(began_at=then)
    Stint.objects.update(began_at=then, ended_at=then)
    retain()
    assert not any(model.objects.exists() for model in (Wait, Stint, Shift))


def test_places_in_an_agents_own_stream_stay_and_say_nothing(quokka, amira) -> None:
    handoff_id = whole_life(quokka, amira)
    name = streams.agent(amira.public_id)
    before = [(one.seq, one.type) for one in log.read_after(name, 0, limit=100)]
    age(handoff_id, 91)
    retain()
    after = log.read_after(name, 0, limit=100)
    assert [(one.seq, one.type) for one in after] == before
    told = [one.data for one in after if one.type.startswith(("handoff.", "offer."))]
    assert told == [{}] * len(told) != []
    assert Stream.objects.get(name=name).last_seq == before[-1][0]


def test_of_an_agents_stream_goes_what_is_old_and_out_of_reach(amira, monkeypatch) -> None:
    monkeypatch.setattr(log, "REPLAY_LIMIT", 10)
    monkeypatch.setattr(expiry, "ENTRIES_AT_ONCE", 7)
    name = streams.agent(amira.public_id)
    old = utc_now() - timedelta(days=31)
    with log.recording() as record:
        record.add(log.Entry(stream=name, type="agent.changed", data={"n": n}) for n in range(30))
    LogEntry.objects.filter(seq__lte=15).update(at=old)
    retain()
    assert [one.seq for one in log.read_after(name, 0, limit=100)] == list(range(16, 31)), "younger ones stay"
    LogEntry.objects.update(at=old)
    retain()
    left = [one.seq for one in log.read_after(name, 0, limit=100)]
    assert left == list(range(21, 31)), "whoever may read on from a cursor finds all that follows it"
    with log.recording() as record:
        record.add([log.Entry(stream=name, type="agent.changed", data={})])
    assert log.heads_of([name])[name] == 31


def test_a_long_talk_goes_in_parts(quokka, amira, monkeypatch) -> None:
    monkeypatch.setattr(expiry, "ENTRIES_AT_ONCE", 5)
    handoff_id = connect(quokka, amira)
    for number in range(12):
        batcher.send(
            Send.of(
                handoff_id=handoff_id,
                author_kind="customer",
                author_id=quokka.customer["id"],
                client_id=f"m{number}",
                text="quokka",
            )
        )
    close(amira, handoff_id)
    age(handoff_id, 91)
    retain()
    assert not LogEntry.objects.filter(data__text="quokka").exists()
    assert not Handoff.objects.exists()


def test_cut_off_anywhere_it_is_done_by_the_next(quokka, amira, monkeypatch) -> None:
    handoff_id = whole_life(quokka, amira)
    age(handoff_id, 91)
    leave(91)
    for module, name in ((expiry, "forget_handoffs"), (retention.calls, "forget"), (retention.log, "forget")):
        with monkeypatch.context() as broken:

            def die(*_: Any, **__: Any) -> None:
                raise SystemExit

            broken.setattr(module, name, die)
            with pytest.raises(SystemExit):
                retention.retain(now=database_now())
        assert Customer.objects.exists()
    retain()
    assert tables_that_hold(PERSONAL) == []


def test_a_file_that_cannot_be_removed_keeps_its_handoff_and_holds_up_nobody(quokka, maya, amira, monkeypatch) -> None:
    first = whole_life(quokka, amira)
    second = connect(maya, amira)
    close(amira, second)
    age(first, 92)
    age(second, 91)
    monkeypatch.setattr(retention, "HANDOFFS_AT_ONCE", 1)
    with monkeypatch.context() as broken:

        def fail(name: str) -> None:
            raise OSError("read-only")

        broken.setattr(storage, "remove", fail)
        retention.retain(now=database_now())
        retention.retain(now=database_now())
        assert list(Handoff.objects.values_list("public_id", flat=True)) == [first]
    retention.attachments.sweep(now=database_now())
    retain()
    assert not Handoff.objects.exists()


def test_what_was_joined_goes_with_what_it_was_joined_to(quokka, maya, amira) -> None:
    joined, into = connect(quokka, amira), connect(maya, amira)
    close(amira, joined)
    target = Handoff.objects.get(public_id=into)
    Handoff.objects.filter(public_id=joined).update(
        close_reason="merged", merged_into=target, closed_at=utc_now() - timedelta(days=100)
    )
    retain()
    assert Handoff.objects.count() == 2, "its words are part of a talk that goes on"
    close(amira, into)
    age(into, 91)
    retain()
    assert not Handoff.objects.exists()


def test_a_customer_who_comes_back_is_somebody_new(quokka, amira) -> None:
    before = quokka.customer["id"]
    leave(31)
    retain()
    assert quokka.get("availability").status == 401
    quokka.session = None
    back = quokka.open(quokka.token(sub="quokka-7"))
    assert (back.status, back.body["handoff"]) == (201, None)
    assert quokka.customer["id"] != before


def test_customers_are_walked_through_a_part_at_a_time(harbour, monkeypatch) -> None:
    monkeypatch.setattr(retention, "CUSTOMERS_LOOKED_AT", 2)
    now = utc_now()
    for number in range(7):
        seen = now - timedelta(days=40 if number % 2 else 1)
        Customer.objects.create(site=harbour, subject=f"s{number}", created_at=seen, seen_at=seen)
    retention.retain(now=database_now())
    assert Customer.objects.count() == 6
    assert retention.is_midway()
    retain()
    assert sorted(Customer.objects.values_list("subject", flat=True)) == ["s0", "s2", "s4", "s6"]


def test_a_process_does_it_by_itself(quokka, amira) -> None:
    age(whole_life(quokka, amira), 91)
    leave(91)
    share = retention.Retention()
    for _ in range(3):
        share.take_turn()
    assert tables_that_hold(PERSONAL) == []
    with CaptureQueriesContext(connection) as caught:
        share.take_turn()
    assert len(caught) == 0, "nothing is due: nobody is asked again for a while"


@pytest.mark.postgres
def test_who_holds_a_handoff_is_not_waited_for(quokka, amira) -> None:
    age(whole_life(quokka, amira), 91)
    held, done = threading.Event(), threading.Event()

    def hold() -> int:
        with transaction.atomic():
            Handoff.objects.select_for_update().get()
            held.set()
            assert done.wait(20)
        return 0

    def remove() -> int:
        assert held.wait(20)
        gone = retention.retain(now=database_now())["handoffs"]
        done.set()
        return gone

    assert at_once([hold, remove]) == [0, 0]
    assert retention.retain(now=database_now())["handoffs"] == 1


@pytest.mark.postgres
def test_several_at_once_remove_each_once(page, amira) -> None:
    Agent.objects.update(capacity=50)
    amira.refresh_from_db()
    for number in range(24):
        tab = page()
        tab.open(tab.token(sub=f"s{number}"))
        handoff_id = connect(tab, amira)
        close(amira, handoff_id)
        age(handoff_id, 91)
    gone = at_once([lambda: retention.retain(now=database_now())["handoffs"]] * 4)
    while Handoff.objects.exists():
        gone.append(retention.retain(now=database_now())["handoffs"])
    assert sum(gone) == 24


@pytest.mark.postgres
def test_who_signs_in_meanwhile_is_not_lost(quokka, page, monkeypatch) -> None:
    leave(31)
    forget, has_locked = log.forget, threading.Event()
    on = page()

    def forget_slowly(names: Any) -> None:
        has_locked.set()
        threading.Event().wait(0.3)
        forget(names)

    def sign_in() -> Any:
        assert has_locked.wait(20)
        return on.open(on.token(sub="quokka-7"))

    monkeypatch.setattr(retention.log, "forget", forget_slowly)
    _, answer = at_once([lambda: retention.retain(now=database_now()), sign_in])
    assert answer.status == 201, answer.body
    assert Customer.objects.filter(subject="quokka-7").count() == 1


@pytest.mark.parametrize("days", ["-1", "1", "7"])
def test_less_than_is_looked_back_to_is_refused(days: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from handoff.config import env

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDOFF_RETENTION_HANDOFFS_DAYS", days)
        with pytest.raises(ImproperlyConfigured, match="at least 8, or 0"):
            env._retention_days("HANDOFFS", 0)


def test_a_queue_is_not_asked_for_a_handoff_that_is_gone(quokka, amira, cards: Queue) -> None:
    """Whoever reads the history of a customer finds what is kept, and no trace of the rest."""
    first = whole_life(quokka, amira)
    age(first, 91)
    retain()
    second = connect(quokka, amira)
    sofia = make_agent("sofia", "Sofia", cards, role="supervisor")
    from tests.socket_client import Desk

    desk = Desk(sofia)
    assert desk.call("GET", f"desk/handoffs/{first}").status == 404
    assert Desk(amira).call("GET", f"desk/handoffs/{second}").body["history"] == []


def test_only_postgresql_keeps_a_log_in_parts(monkeypatch) -> None:
    monkeypatch.setattr(partitions, "connection", SimpleNamespace(vendor="sqlite"))
    with pytest.raises(CommandError, match="Only PostgreSQL"):
        call_command("partition_log")
    assert not partitions.is_partitioned()


def copy_rows(link: Any, table: str, number: int, **changed: str) -> None:
    """So many more rows like the first of a table; `changed` says in SQL how each differs, by its number g."""
    names = [row[0] for row in link.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
    )]  # fmt: skip
    changed = {"id": "1000000 + g"} | changed
    values = ", ".join(changed.get(name, f't."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    link.execute(
        f"INSERT INTO {table} ({listed}) SELECT {values} FROM generate_series(1, {number}) g,"
        f" (SELECT * FROM {table} ORDER BY id LIMIT 1) t"
    )


@pytest.mark.postgres
def test_a_look_reads_no_more_than_it_takes_however_much_is_kept(quokka, amira, monkeypatch) -> None:
    handoff_id = whole_life(quokka, amira)
    keep(monkeypatch, READS=90)

    def seed(link: Any) -> None:
        copy_rows(link, "handoff_journey", 5_000)
        copy_rows(
            link,
            "handoff_handoff",
            5_000,
            public_id="'ho_' || g",
            client_id="'again-' || g",
            journey_id="1000000 + g",
            closed_at="t.closed_at + g * interval '1 second'",
        )
        later = "t.{0} + g * interval '1 second'"
        for table, at in (("wait", "began_at"), ("stint", "began_at"), ("recordread", "at")):
            copy_rows(link, f"handoff_{table}", 5_000, handoff_id="1000000 + g", **{at: later.format(at)})
        copy_rows(link, "handoff_session", 5_000, token_hash="'h' || g")
        copy_rows(link, "handoff_customer", 5_000, public_id="'cu_' || g", subject="'s' || g")
        copy_rows(link, "handoff_stream", 5_000, name="'handoff/ho_' || g")
        copy_rows(
            link, "handoff_logentry", 5_000, stream_id="1000000 + g", handoff_id="1000000 + g", client_id="'m' || g"
        )

    grow(seed)
    age(handoff_id, 91)
    with reading_plans() as plans:
        gone = retention.retain(now=database_now())
    assert gone["handoffs"] == 1
    # A table that holds a handful of rows is read whole.
    assert [scan for scan in plans.whole() if scan.rows > 100] == []
    assert plans.dearest() <= retention.CUSTOMERS_LOOKED_AT


def test_a_kind_that_cannot_go_holds_up_no_other(harbour, monkeypatch) -> None:
    then = utc_now() - timedelta(days=40)
    Customer.objects.create(site=harbour, subject="long gone", created_at=then, seen_at=then)

    def fail(before: datetime) -> int:
        raise IntegrityError("somebody points to it")

    broken = retention.Kind("broken", None, lambda before: 1, fail)
    monkeypatch.setattr(retention, "KINDS", (broken, *retention.KINDS))
    with pytest.raises(IntegrityError, match="points to it"):
        retention.retain(now=database_now())
    assert not Customer.objects.filter(subject="long gone").exists()
