"""A real replica answers for history and figures, and one that is behind, away or frozen costs little."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from os import kill
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from deploy.postgres import PostgresServer, temporary_replica
from handoff.broker.models import Handoff
from handoff.config import env
from handoff.flows.erase_customer import erase_customer
from handoff.identity.models import Customer
from handoff.insights import records, wallboard
from handoff.insights.records import Asked
from handoff.lib.clock import utc_now
from handoff.realtime import metrics, replica
from handoff.realtime.beats import note_serving
from handoff.realtime.clock import database_now
from handoff.realtime.models import ServerBeat, WorkerBeat
from handoff.staffing.models import Agent, Queue
from tests.conftest import make_agent
from tests.scenes import at_once, close, connect
from tests.socket_client import Desk

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[PostgresServer]:
    one: dict[str, Any] = connections.databases["default"]
    if "postgresql" not in one["ENGINE"]:
        pytest.fail("needs PostgreSQL: choose with -m postgres")
    with temporary_replica(
        f"postgresql://{one['USER']}:{one['PASSWORD']}@{one['HOST']}:{one['PORT']}/postgres"
    ) as copy:
        yield copy


@pytest.fixture
def copy(server: PostgresServer, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """The deployment has a replica, and a server that gives signs of life."""
    guarded = BaseDatabaseWrapper.ensure_connection

    def ensure_connection(self: BaseDatabaseWrapper) -> None:
        """Django lets tests into the databases alone that it has made."""
        if self.alias != "replica":
            guarded(self)
        elif self.connection is None:
            with self.wrap_database_errors:
                self.connect()

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", ensure_connection)
    own = connections.databases["default"]
    options = {name: value for name, value in own["OPTIONS"].items() if name != "pool"} | {"connect_timeout": 2}
    connections.databases["replica"] = own | {"HOST": "127.0.0.1", "PORT": server.port, "OPTIONS": options}
    replica.standing.forget()
    replica.standing.keeps_up = False
    note_serving("here", now=database_now())
    catch_up(server)
    yield server
    connections.close_all()
    del connections.databases["replica"]


@contextmanager
def asked(server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    url = server.url.replace("/postgres", f"/{connection.settings_dict['NAME']}")
    with psycopg.connect(url, autocommit=True) as link:
        yield link


def catch_up(server: PostgresServer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()")
        written = cursor.fetchone()[0]
    with asked(server) as link:
        wait_for(lambda: one(link, f"SELECT pg_last_wal_replay_lsn() >= '{written}'"))


def one(link: psycopg.Connection[Any], sql: str) -> Any:
    found = link.execute(sql).fetchone()
    assert found is not None
    return found[0]


def wait_for(is_so: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def answered_by(who: str) -> float:
    return float(metrics.REPLICA_READS.labels(who)._value.get())


@pytest.fixture
def talked(maya: Any, amira: Agent) -> str:
    handoff_id = connect(maya, amira)
    said = maya.post(f"handoffs/{handoff_id}/messages", {"client_id": "m1", "text": "on the ferry"})
    assert said.status == 201
    close(amira, handoff_id)
    return handoff_id


@pytest.fixture
def sofia(cards: Queue) -> Agent:
    return make_agent("sofia", "Sofia", cards, role="supervisor")


def look(cards: Queue) -> Any:
    wallboard.forget()
    return wallboard.wallboard([cards], now=database_now())


def test_the_wallboard_is_the_same_and_the_primary_is_not_asked(talked, copy, cards, monkeypatch) -> None:
    with monkeypatch.context() as alone:
        alone.setattr(replica, "is_configured", lambda: False)
        expected = look(cards)
    catch_up(copy)
    before = answered_by("replica")
    with CaptureQueriesContext(connection) as first:
        shown = look(cards)
    with CaptureQueriesContext(connection) as second:
        look(cards)
    assert (shown.today, shown.now, shown.queues[0].today) == (expected.today, expected.now, expected.queues[0].today)
    assert shown.today.answered == 1
    # One for the board's own time, and one for how far behind the replica is, asked every two seconds.
    assert [len(first), len(second)] == [2, 1]
    assert answered_by("replica") == before + 4


def test_one_that_falls_behind_is_noticed_and_left_until_it_is_back(
    talked, copy, cards, maya, amira, monkeypatch
) -> None:
    assert look(cards).today.answered == 1
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "REPLICA_LAG", 1.0)
    monkeypatch.setattr(replica, "FRESH_SECONDS", 0.05)
    with asked(copy) as link:
        link.execute("SELECT pg_wal_replay_pause()")
        wait_for(lambda: one(link, "SELECT pg_get_wal_replay_pause_state()") == "paused")
    close(amira, connect(maya, amira))

    def is_left() -> bool:
        note_serving("here", now=database_now())
        return not replica.standing.is_usable()

    wait_for(is_left)
    assert look(cards).today.answered == 2
    assert metrics.REPLICA_UP._value.get() == 0
    with asked(copy) as link:
        link.execute("SELECT pg_wal_replay_resume()")
    wait_for(lambda: not is_left())
    before = answered_by("replica")
    assert look(cards).today.answered == 2
    assert answered_by("replica") == before + 2


def test_without_a_sign_of_life_nobody_can_say_and_the_primary_is_asked(talked, copy, cards) -> None:
    ServerBeat.objects.all().delete()
    WorkerBeat.objects.all().delete()
    catch_up(copy)
    before = answered_by("primary")
    assert look(cards).today.answered == 1
    assert answered_by("primary") == before + 2


def test_one_that_is_killed_costs_nobody_an_answer(talked, copy, cards, sofia) -> None:
    assert look(cards).today.answered == 1
    copy.stop("immediate")
    try:
        started = time.monotonic()
        assert look(cards).today.answered == 1
        board = Desk(sofia).call("GET", "desk/wallboard")
        assert (board.status, board.body["today"]["answered"]) == (200, 1)
        assert time.monotonic() - started < 5
        with CaptureQueriesContext(connection) as caught:
            look(cards)
        assert len(caught) > 10, "nobody tries it again for a while"
    finally:
        copy.start()
    replica.standing.forget()
    with asked(copy):
        pass
    note_serving("here", now=database_now())
    catch_up(copy)
    before = answered_by("replica")
    look(cards)
    assert answered_by("replica") == before + 2


def test_one_that_is_frozen_costs_one_look(talked, copy, cards) -> None:
    pid = int((copy.data / "postmaster.pid").read_text().split()[0])
    kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        for _ in range(4):
            assert look(cards).today.answered == 1
        assert time.monotonic() - started < 3 * replica.PATIENCE_SECONDS
    finally:
        kill(pid, signal.SIGCONT)


def test_a_read_that_hangs_is_given_up_and_read_elsewhere(talked, copy, monkeypatch) -> None:
    def read() -> tuple[int, bool]:
        with connections[replica.ALIAS if replica._asks_replica.get() else "default"].cursor() as cursor:
            if replica._asks_replica.get():
                cursor.execute("SELECT pg_sleep(3)")
            cursor.execute("SELECT 1, pg_is_in_recovery()")
            return cursor.fetchone()

    assert replica.standing.is_usable()
    monkeypatch.setattr(replica, "PATIENCE_SECONDS", 0.3)
    assert replica.ask(read) == (1, False)
    assert not replica.standing.is_usable()


def test_more_readers_than_it_has_places_do_not_send_all_of_them_away(talked, copy, monkeypatch) -> None:
    # Another look at its lag would need a place too.
    monkeypatch.setattr(replica, "FRESH_SECONDS", 60)
    replica.standing.forget()
    assert replica.standing.is_usable()
    over = threading.Event()

    def read() -> bool:
        is_replica = replica._asks_replica.get()
        assert not is_replica or over.wait(10)
        return is_replica

    def one_too_many() -> bool:
        while replica.standing._places._value:
            time.sleep(0.01)
        try:
            return replica.ask(read)
        finally:
            over.set()

    found = at_once([lambda: replica.ask(read)] * replica.READS_AT_ONCE + [one_too_many])
    assert sorted(found) == [False, *[True] * replica.READS_AT_ONCE]
    assert replica.ask(read), "it was in use, and not away"


def test_who_was_erased_a_moment_ago_is_not_found_in_the_copy(talked, copy, amira) -> None:
    Handoff.objects.update(closed_at=utc_now() - timedelta(minutes=5))
    catch_up(copy)
    with asked(copy) as link:
        link.execute("SELECT pg_wal_replay_pause()")
        wait_for(lambda: one(link, "SELECT pg_get_wal_replay_pause_state()") == "paused")
    try:
        assert [one.customer.name for one in records.find(amira, Asked(), now=database_now()).handoffs] == ["Maya Chen"]
        erase_customer(Customer.objects.get(name="Maya Chen"))
        assert "Maya" not in str(records.find(amira, Asked(), now=database_now()).to_wire())
        assert records.find(amira, Asked(words="ferry"), now=database_now()).handoffs == []
    finally:
        with asked(copy) as link:
            link.execute("SELECT pg_wal_replay_resume()")


def test_what_was_closed_just_now_is_found_and_the_rest_is_looked_for_in_the_copy(
    talked, copy, amira, maya, page
) -> None:
    Handoff.objects.update(closed_at=utc_now() - timedelta(minutes=5))
    catch_up(copy)
    with asked(copy) as link:
        link.execute("SELECT pg_wal_replay_pause()")
        wait_for(lambda: one(link, "SELECT pg_get_wal_replay_pause_state()") == "paused")
    try:
        fresh = connect(maya, amira)
        close(amira, fresh)
        before = answered_by("replica")
        found = records.find(amira, Asked(), now=database_now())
        assert [one.id for one in found.handoffs] == [fresh, talked]
        assert answered_by("replica") == before + 1
        by_words = records.find(amira, Asked(words="ferry"), now=database_now())
        assert [one.id for one in by_words.handoffs] == [talked]
        # Whoever lost the queue a moment ago finds nothing more, whatever the copy knows.
        amira.queues.clear()
        assert records.find(amira, Asked(), now=database_now()).handoffs == []
    finally:
        with asked(copy) as link:
            link.execute("SELECT pg_wal_replay_resume()")


def test_what_was_read_there_is_written_where_it_belongs(talked, copy) -> None:
    catch_up(copy)
    customer = replica.ask(lambda: Customer.objects.get(name="Maya Chen"))
    assert customer._state.db == "replica"
    customer.name = "Maya C."
    customer.save()
    assert Customer.objects.get(pk=customer.pk).name == "Maya C."
    assert customer.site.key == "harbour", "what hangs from it is read from the primary"


def test_in_a_transaction_only_the_primary_is_asked(talked, copy) -> None:
    before = answered_by("replica")
    with transaction.atomic():
        Customer.objects.update(name="Maya C.")
        assert replica.ask(lambda: Customer.objects.values_list("name", flat=True)[0]) == "Maya C."
    assert answered_by("replica") == before


def test_a_replica_needs_postgresql_and_has_no_pool(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@primary/h")
    monkeypatch.setenv("DATABASE_REPLICA_URL", "postgres://u:p@copy:6432/h?sslmode=require")
    found = env.databases()
    options: Any = found["replica"]["OPTIONS"]
    assert (found["replica"]["HOST"], options["sslmode"], options["connect_timeout"]) == ("copy", "require", 2)
    assert "pool" not in options
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x.sqlite3")
    with pytest.raises(ImproperlyConfigured, match="needs PostgreSQL"):
        env.databases()
    monkeypatch.setenv("DATABASE_REPLICA_URL", "")
    assert set(env.databases()) == {"default"}
