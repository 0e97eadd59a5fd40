"""What a transaction sees that waited for another one: the new row with its new relations, or a clear refusal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import add_context, end_talk
from handoff.flows.change_intent import change_intent
from handoff.identity.models import Customer, Session
from handoff.lib.clock import utc_now
from handoff.realtime import streams
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent

pytestmark = pytest.mark.django_db(transaction=True)


def while_uncommitted(change: Callable[[], Any], waiter: Callable[[], Any]) -> Any:
    """Run `waiter` on another thread while `change` holds its locks; answer what it returned or raised."""
    found: dict[str, Any] = {}

    def run() -> None:
        try:
            found["value"] = waiter()
        except Exception as error:
            found["value"] = error
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        change()
        thread.start()
        # Long enough to reach the lock; SQLite's writer waits at its very start.
        time.sleep(0.25)
    thread.join(20)
    return found["value"]


def customer_of(page: Any) -> Customer:
    return Customer.objects.get(public_id=page.customer["id"])


def session_of(page: Any) -> Session:
    return Session.objects.select_related("customer__site").filter(customer=customer_of(page)).latest("id")


def offered(page: Any, agent: Agent) -> tuple[str, Offer]:
    routing.renew_lease(agent, now=utc_now())
    routing.set_availability(agent, available=True, after_current=False, reason="")
    handoff_id = page.ask().body["id"]
    assert routing.run_matching() == 1
    return handoff_id, Offer.objects.get(handoff__public_id=handoff_id)


def accept(agent: Agent, offer: Offer) -> None:
    routing.accept(agent, offer_id=offer.public_id, token=offer.token)


def events_of(stream: str) -> list[dict[str, Any]]:
    return list(LogEntry.objects.filter(stream__name=stream).order_by("seq").values("type", "data"))


def test_a_step_that_waits_for_a_change_of_intent_is_kept(maya) -> None:
    handoff_id = maya.ask().body["id"]
    session, customer = session_of(maya), customer_of(maya)
    answer = while_uncommitted(
        lambda: change_intent(session, handoff_id, intent_key="lost-card"),
        lambda: add_context.record_journey(customer, handoff_id, journey={"steps": [{"path": "/next"}]}),
    )
    assert answer is None
    assert [step["path"] for step in maya.get(f"handoffs/{handoff_id}/receipt").body["steps"]] == ["/next"]


def test_an_end_that_waits_for_the_accept_names_the_agent(maya, amira: Agent) -> None:
    handoff_id, offer = offered(maya, amira)
    customer = customer_of(maya)
    answer = while_uncommitted(lambda: accept(amira, offer), lambda: end_talk.end_by_customer(customer, handoff_id))
    assert answer is None
    assert events_of(streams.handoff(handoff_id))[-1]["data"]["agent"] == {"name": "Amira"}


def test_an_agent_s_end_that_waits_for_the_sign_in_is_done(page, harbour, amira: Agent) -> None:
    tab = page()
    tab.open()
    handoff_id, offer = offered(tab, amira)
    accept(amira, offer)
    answer = while_uncommitted(
        lambda: tab.open(tab.token(sub="late-1")),
        lambda: end_talk.end_by_agent(amira, handoff_id, version=None),
    )
    assert answer is None
    assert Handoff.objects.get(public_id=handoff_id).state == "wrap_up"


def test_a_merge_that_waits_for_the_accept_clears_the_agent_s_desk(page, harbour, amira: Agent) -> None:
    tab, other = page(), page()
    other.open(other.token(sub="maya-1"))
    other.ask(intent="lost-card")
    tab.open()
    handoff_id = tab.ask().body["id"]
    routing.renew_lease(amira, now=utc_now())
    routing.set_availability(amira, available=True, after_current=False, reason="")
    routing.run_matching()
    offer = Offer.objects.get(handoff__public_id=handoff_id)
    answer = while_uncommitted(lambda: accept(amira, offer), lambda: tab.open(tab.token(sub="maya-1")))
    assert answer.status == 200
    assert Handoff.objects.get(public_id=handoff_id).close_reason == "merged"
    unassigned = [event["data"] for event in events_of(streams.agent(amira.public_id))]
    assert {"id": handoff_id, "reason": "merged"} in unassigned


def test_a_message_stored_while_signing_in_is_stored_once_for_the_new_identity(page, harbour) -> None:
    tab = page()
    tab.open()
    handoff_id, before = tab.ask().body["id"], tab.customer["id"]
    send = Send.of(handoff_id=handoff_id, author_kind="customer", author_id=before, client_id="m1", text="hello")
    while_uncommitted(lambda: tab.open(tab.token(sub="late-1")), lambda: batcher.send(send))
    again = tab.post(f"handoffs/{handoff_id}/messages", {"client_id": "m1", "text": "hello"})
    assert again.status in (200, 201)
    said = LogEntry.objects.filter(type="message.posted", client_id="m1")
    assert [entry.author for entry in said] == [tab.customer["id"]]


def test_a_merge_and_a_batch_over_both_streams_do_not_block_each_other(page, harbour) -> None:
    tab, other = page(), page()
    other.open(other.token(sub="maya-1"))
    kept = other.ask().body["id"]
    tab.open()
    merged = tab.ask().body["id"]
    sends = [
        Send.of(handoff_id=id_, author_kind="customer", author_id=who, client_id=f"m{number}", text="hello")
        for number in range(20)
        for id_, who in ((kept, other.customer["id"]), (merged, tab.customer["id"]))
    ]
    answers: list[Any] = []
    for send in sends[:20]:
        batcher.submit(send, answers.append)
    answer = while_uncommitted(
        lambda: tab.open(tab.token(sub="maya-1")),
        lambda: [batcher.submit(send, answers.append) for send in sends[20:]],
    )
    assert answer is not None
    deadline = time.monotonic() + 10
    while len(answers) < len(sends) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(answers) == len(sends)
    stored = LogEntry.objects.filter(stream__name=streams.handoff(kept), type="message.posted")
    acked = [answer for answer in answers if not isinstance(answer, Exception)]
    assert len(acked) <= stored.count()
    assert Handoff.objects.get(public_id=merged).state == "closed"


def test_a_click_that_races_with_signing_in_is_not_left_behind(page, harbour) -> None:
    tab = page()
    tab.open()
    old_session = tab.session
    answer = while_uncommitted(
        lambda: tab.open(tab.token(sub="late-1")),
        lambda: tab.call("POST", "handoffs", ask_body(), Authorization=f"Bearer {old_session}"),
    )
    assert answer.status == 401
    assert answer.code == "session_expired"
    assert Handoff.objects.count() == 0


def ask_body() -> dict[str, str]:
    return {"client_id": "click-1", "intent": "dispute-charge", "channel": "chat"}


def test_two_devices_that_sign_out_at_once_leave_a_signed_out_customer(page, harbour) -> None:
    first, second = page(), page()
    for tab in (first, second):
        tab.open(tab.token(sub="maya-1"))
    handoff_id = first.ask().body["id"]
    while_uncommitted(lambda: first.call("DELETE", "sessions"), lambda: second.call("DELETE", "sessions"))
    assert Handoff.objects.get(public_id=handoff_id).signed_out_at is not None


def test_a_locked_handoff_comes_with_its_relations(maya, amira: Agent) -> None:
    handoff_id, offer = offered(maya, amira)

    def look() -> tuple[str, str | None]:
        with transaction.atomic():
            handoff = broker.lock_any(handoff_id)
            assert handoff is not None
            return handoff.state, handoff.agent and handoff.agent.name

    assert while_uncommitted(lambda: accept(amira, offer), look) == ("connected", "Amira")
