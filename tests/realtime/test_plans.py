"""Every query on the hot path reads what it is about, whatever else the database holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg import pq

from agent_console.consumer import AgentConsumer
from agent_console.permissions import live_grants
from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.conversations import judging
from handoff.conversations.memory import Memory, Supposition
from handoff.identity import actions as identity
from handoff.identity.models import Customer, Session
from handoff.identity.queries import live_session_ids, session_by_token
from handoff.lib.clock import utc_now
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry
from handoff.realtime.pipeline import Statement
from handoff.routing import actions as routing
from handoff.routing import waits
from handoff.routing.models import Offer
from handoff.staffing import presence
from handoff.widget.consumer import CustomerConsumer
from tests.benchmarks import seeding
from tests.conftest import SITE_ORIGIN, Page
from tests.conversations.lanes import message
from tests.plans import Plans, grow, reading_plans
from tests.scenes import connect, connect_many, offer_to
from tests.socket_client import Desk, ticket_of

pytestmark = pytest.mark.django_db(transaction=True)

# Other people's, beside whom the cast of a test must not be read slower.
CROWD = 1500
# What the dearest statement of these may read of one table: a page of a talk, a few rows of its own.
FEW = 60

MANY_STREAMS = """
INSERT INTO handoff_stream (name, last_seq, sealed)
SELECT 'handoff/other-' || n, 0, false FROM generate_series(1, 20000) n
"""

# Thousands come back at once when a server has gone: every statement more is theirs to wait for.
STATEMENTS_OF_A_CUSTOMER = 13
STATEMENTS_OF_AN_AGENT = 28


@pytest.fixture
def crowd(maya: Page) -> None:
    """A deployment that has stood for a while: talks that are over, with their logs, sessions and tickets."""

    def seed(link: Any) -> None:
        seeding.add_waiting(link, 1, CROWD, turns=1)
        link.execute(
            "UPDATE handoff_handoff SET state = 'closed', close_reason = 'resolved', connected_at = now(),"
            " ended_at = now(), closed_at = now(), enqueued_at = NULL, ranked_at = NULL WHERE client_id = 'seeded'"
        )

    grow(seed)


def assert_reads_its_own(work: Callable[[], Any], *, rows: int = FEW) -> Plans:
    """Runs it once to make what is made at first, and then reads the plans of the second time."""
    with reading_plans() as plans:
        work()
    assert plans.statements, "nothing was asked"
    assert not plans.whole(), plans.whole()
    dear = [scan for scan in plans.scans if (scan.rows or 0) > rows]
    assert plans.dearest() <= rows, dear
    return plans


def say(handoff: str, page: Page, client_id: str) -> None:
    stream, customer = streams.handoff(handoff), page.customer["id"]
    entry = Entry(stream=stream, type="message.posted", data={"id": "me_1"}, author=customer, client_id=client_id)
    with transaction.atomic():
        log.append_many([entry], now=database_now(), locked=log.lock([stream]))


def test_a_message_and_its_repeat_are_stored(crowd, maya, amira) -> None:
    """The lock, the look-up by client id, the insert and the counter."""
    handoff = connect(maya, amira)
    assert_reads_its_own(lambda: say(handoff, maya, "first-of-two"))
    plans = assert_reads_its_own(lambda: say(handoff, maya, "first-of-two"))
    assert any("client_id" in statement for statement in plans.statements)


@pytest.mark.postgres
def test_messages_of_talks_that_are_remembered_are_stored(crowd, page, amira) -> None:
    """Asked of Django's connection, as the lane's own keeps its notices to itself."""
    talks = connect_many(page, amira)
    sends = [message(tab, handoff, f"m{number}") for number in range(3) for tab, handoff in talks]
    known, speakers = Memory(), judging.speakers_of(sends)
    for handoff_id, row in log.lock({send.stream for send in sends}).items():
        known.learn(handoff_id.partition("/")[2], row, speakers[handoff_id.partition("/")[2]])
    supposition, answers = Supposition(sends, known), [None] * len(sends)
    with transaction.atomic(), reading_plans() as plans:
        rows = [ask(statement) for statement in supposition.statements()[1:-1]]
    supposition.settle([[], *rows], answers)
    assert None not in answers
    assert not plans.whole(), plans.whole()
    # A row for each talk and one for each message.
    assert plans.dearest() <= 2 * len(sends), plans.scans


def ask(statement: Statement) -> list[Any]:
    result = connection.connection.pgconn.exec_params(statement.sql, statement.parameters)
    assert result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK), result.error_message
    return [[result.get_value(row, one) for one in range(result.nfields)] for row in range(result.ntuples)]


def test_a_talk_is_resumed(crowd, maya, amira) -> None:
    handoff = connect(maya, amira)
    stream = streams.handoff(handoff)
    for number in range(40):
        say(handoff, maya, f"message-{number}")
    cursor = log.heads_of([stream])[stream] - 5
    plans = assert_reads_its_own(lambda: log.read_after(stream, cursor, limit=200), rows=10)
    assert plans.statements
    assert_reads_its_own(lambda: log.read_last([stream, streams.desk(handoff)], limit=5), rows=10)
    assert_reads_its_own(lambda: log.read_last([stream], limit=5, before={stream: cursor}), rows=10)


def test_the_counters_of_all_sockets_are_read(crowd, maya) -> None:
    # Of some thousand streams PostgreSQL rightly reads all for thirty.
    grow(lambda link: link.execute(MANY_STREAMS))
    names = [streams.handoff(seeding.room(number)) for number in range(1, 31)]
    assert_reads_its_own(lambda: log.heads_of([*names, streams.customer(maya.customer["id"])]))


@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_customer_connects(crowd, maya, amira, is_waiting) -> None:
    if is_waiting:
        maya.ask()
    else:
        connect(maya, amira)
    consumer, ticket = CustomerConsumer(), ticket_of(maya)
    # What those who wait are told of how long is looked up once for all, every few seconds.
    waits.estimate_of_newcomer((Handoff.objects.latest("pk").queue_id, None, False))
    plans = assert_reads_its_own(lambda: consumer.start(consumer.authenticate(ticket, SITE_ORIGIN)))
    assert len(plans.statements) <= STATEMENTS_OF_A_CUSTOMER, plans.statements
    assert_reads_its_own(log.epoch)


def test_an_agent_connects(crowd, maya, amira) -> None:
    connect(maya, amira)
    consumer, ticket = AgentConsumer(), Desk(amira).ticket()
    plans = assert_reads_its_own(lambda: consumer.start(consumer.authenticate(ticket, settings.PUBLIC_ORIGIN)))
    assert len(plans.statements) <= STATEMENTS_OF_AN_AGENT, plans.statements


def test_a_session_is_found_by_its_token_and_gets_a_ticket(crowd, maya) -> None:
    now = utc_now()
    assert_reads_its_own(lambda: session_by_token(maya.session or ""))
    session = Session.objects.get(customer__public_id=maya.customer["id"])
    assert_reads_its_own(lambda: identity.issue_session_ticket(session, now=now))


def test_an_offer_is_taken_and_another_declined(crowd, maya, amira) -> None:
    maya.ask()
    declined = offer_to(amira)
    assert_reads_its_own(lambda: routing.decline(amira, offer_id=declined.public_id, token=declined.token, reason=""))
    Offer.objects.filter(pk=declined.pk).update(ended_at=utc_now() - timedelta(hours=1))
    offer = offer_to(amira)
    assert_reads_its_own(lambda: routing.accept(amira, offer_id=offer.public_id, token=offer.token))


def test_signs_of_life_and_looks_of_a_process_read_those_who_are_here(crowd, maya, amira) -> None:
    handoff, now = connect(maya, amira), utc_now()
    customer = Customer.objects.get(public_id=maya.customer["id"])
    session = Session.objects.get(customer=customer)
    grants = Desk(amira).client.session.session_key
    assert_reads_its_own(lambda: identity.note_lives([customer.pk], now=now))
    assert_reads_its_own(lambda: identity.note_departures([customer.pk], now=now))
    assert_reads_its_own(lambda: live_session_ids([session.pk], now=now))
    assert_reads_its_own(lambda: presence.note_life([amira.pk], now=now))
    assert_reads_its_own(lambda: handoffs.connected_among([handoff]))
    assert_reads_its_own(lambda: live_grants([("sign_in", amira.user_id, grants, "")]))


def test_the_reader_of_plans_sees_a_table_that_is_read_whole(crowd, maya) -> None:
    with reading_plans() as plans, connection.cursor() as cursor:
        cursor.execute("SELECT seq FROM handoff_logentry WHERE body_hash = 'x'")
    assert [scan.table for scan in plans.whole()] == ["handoff_logentry"]


def test_the_reader_of_plans_sees_an_index_that_finds_too_much(crowd, maya) -> None:
    if connection.vendor != "postgresql":
        return
    with reading_plans() as plans, connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SELECT seq FROM handoff_logentry WHERE seq > 0 AND stream_id > 0")
        cursor.execute("RESET enable_seqscan")
    assert not plans.whole()
    assert plans.dearest() > CROWD
