"""What must never be, the database itself refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from handoff.broker.models import Handoff
from handoff.identity.models import SiteKey, Ticket, UsedToken
from handoff.lib.clock import utc_now
from handoff.realtime.models import Epoch, LogEntry, Stream
from handoff.routing.models import Offer
from handoff.staffing.models import Agent

pytestmark = pytest.mark.django_db


def refused(sql: str, *parameters: object) -> bool:
    """True if the database refuses this statement, whatever the product's own code would do."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
    except IntegrityError:
        return True
    return False


@pytest.fixture
def handoff(maya) -> Handoff:
    return Handoff.objects.get(public_id=maya.ask().body["id"])


@pytest.mark.parametrize(
    "change",
    [
        "state = 'lost'",
        "channel = 'pigeon'",
        "state = 'closed'",
        "state = 'closed', close_reason = 'boredom', closed_at = opened_at",
        "closed_at = opened_at",
        "state = 'connected'",
        "state = 'wrap_up'",
        "enqueued_at = NULL",
    ],
)
def test_an_impossible_handoff_is_refused(handoff: Handoff, change: str) -> None:
    assert refused(f"UPDATE handoff_handoff SET {change} WHERE id = %s", handoff.pk)


def test_a_customer_has_one_open_handoff_at_most(handoff: Handoff) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Handoff.objects.create(
            site=handoff.site,
            customer=handoff.customer,
            journey=handoff.journey,
            intent=handoff.intent,
            queue=handoff.queue,
            channel="chat",
            state="queued",
            client_id="another",
            opened_at=utc_now(),
            enqueued_at=utc_now(),
        )


def test_a_handoff_has_one_pending_offer_at_most(handoff: Handoff, amira: Agent, tomas: Agent) -> None:
    now = utc_now()
    Offer.objects.create(handoff=handoff, agent=amira, why=[], made_at=now, expires_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.create(handoff=handoff, agent=tomas, why=[], made_at=now, expires_at=now)


def test_a_stream_has_one_entry_a_seq_and_a_client_id(db: None) -> None:
    stream = Stream.objects.create(name="handoff/x")
    entry = {"stream": stream, "at": utc_now(), "type": "x", "data": {}, "author": "cu_1"}
    LogEntry.objects.create(seq=1, client_id="c1", **entry)
    for seq, client_id in ((1, "c2"), (2, "c1"), (0, "c3")):
        with pytest.raises(IntegrityError), transaction.atomic():
            LogEntry.objects.create(seq=seq, client_id=client_id, **entry)


def test_there_is_one_epoch(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Epoch.objects.create(value="another")


def test_a_token_id_is_used_once_a_site(harbour, neighbour) -> None:
    UsedToken.objects.create(site=harbour, jti="a-token-identifier", expires_at=utc_now())
    UsedToken.objects.create(site=neighbour, jti="a-token-identifier", expires_at=utc_now())
    with pytest.raises(IntegrityError), transaction.atomic():
        UsedToken.objects.create(site=harbour, jti="a-token-identifier", expires_at=utc_now())


def test_key_material_fits_its_algorithm(harbour) -> None:
    for algorithm, secret, public in (("HS256", "", "pem"), ("ES256", "secret", ""), ("HS256", "", "")):
        with pytest.raises(IntegrityError), transaction.atomic():
            SiteKey.objects.create(
                site=harbour,
                kid=f"{algorithm}-x",
                algorithm=algorithm,
                encrypted_secret=secret,
                public_key=public,
                created_at=utc_now(),
            )


def test_a_ticket_is_a_customer_s_or_an_agent_s(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.create(ticket_hash="x", expires_at=utc_now())
