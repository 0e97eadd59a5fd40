"""Where a figure could be read two ways, it is the way its definition says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handoff.broker.models import Handoff
from handoff.conversations.models import ReAsk
from handoff.flows.transfer import transfer
from handoff.insights import gathering
from handoff.insights.metrics import Tally, offered, reask_rate, service_level, total
from handoff.knowledge.models import Article
from handoff.lib.clock import utc_now
from handoff.supervision.models import Stint
from tests.calls.scene import callback_body
from tests.scenes import accept, close, connect, offer_to, sit_down
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def counted() -> Tally:
    now = utc_now()
    return total(gathering.count(now - timedelta(hours=2), now=now + timedelta(seconds=1)).cells.values())


def test_a_customer_is_helped_once_and_not_at_all_if_they_queue(page) -> None:
    articles = [
        Article.objects.create(title=f"Part {number}", body="So.", is_published=True, updated_at=utc_now())
        for number in (1, 2)
    ]
    for name in ("ana", "sam"):
        tab = page()
        assert tab.open(tab.token(sub=name)).status == 201
        for article in articles:
            body = {"article": article.public_id, "intent": "dispute-charge"}
            assert tab.post("articles/solved", body).status == 204
    assert counted().deflected == 2
    assert tab.ask().status == 201
    assert counted().deflected == 1


def test_a_call_that_was_asked_for_is_not_an_answer(maya, amira, phone) -> None:
    opened = maya.ask(channel="callback", callback=callback_body())
    assert (opened.status, opened.body["state"]) == (201, "queued"), opened.body
    accept(amira, offer_to(amira))
    found = counted()
    assert (found.answered, found.callbacks, offered(found), service_level(found)) == (0, 1, 1, 0.0)


def test_one_that_is_passed_on_is_connected_once(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    Stint.objects.update(began_at=utc_now() - timedelta(hours=1), slot=0)
    sit_down(tomas)
    transfer(amira, handoff_id, queue=None, to_agent=tomas.public_id, note="knows it", version=None)
    handoff = Handoff.objects.get(public_id=handoff_id)
    accept(tomas, handoff.offers.get(status="pending"))
    ReAsk.objects.create(
        handoff=handoff, agent=tomas, fact_key="charge", fact_source="stated", client_id="r1", sent=True, at=utc_now()
    )
    assert reask_rate(counted()) == 1.0


def test_a_day_ends_where_the_next_begins(maya, amira, settings) -> None:
    """Clocks are put back: the day has 25 hours."""
    settings.HANDOFF_TIME_ZONE = "Europe/London"
    handoff_id = connect(maya, amira)
    close(amira, handoff_id)
    desk = Desk(amira)
    Handoff.objects.update(closed_at=datetime(2026, 10, 25, 23, 30, tzinfo=UTC))
    assert len(desk.call("GET", "desk/handoffs?from=2026-10-25&to=2026-10-25").body["handoffs"]) == 1
    assert desk.call("GET", "desk/handoffs?to=2026-10-24").body["handoffs"] == []
    assert desk.call("GET", "desk/handoffs?to=9999-12-31").code == "invalid_request"
