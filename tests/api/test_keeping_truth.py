"""What stays true after a merge, a struck fact, a late resend, and a second look."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from handoff.broker import actions as broker
from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.panel import on_panel
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import end_talk
from handoff.identity.models import Customer, SiteKey
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError
from handoff.realtime import log, streams
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from tests.conftest import Page

pytestmark = pytest.mark.django_db(transaction=True)


def connect(page: Page, agent: Agent, **fields: Any) -> str:
    routing.renew_lease(agent, now=utc_now())
    routing.set_availability(agent, available=True, after_current=False, reason="")
    handoff_id = page.ask(**fields).body["id"]
    routing.run_matching()
    offer = Offer.objects.get(handoff__public_id=handoff_id)
    return routing.accept(agent, offer_id=offer.public_id, token=offer.token)


def finish(agent: Agent, handoff_id: str) -> None:
    end_talk.end_by_agent(agent, handoff_id, version=None)
    end_talk.wrap_up(agent, handoff_id, disposition="resolved", note="", version=None)


def facts(count: int, size: int) -> dict[str, Any]:
    return {"facts": [{"key": f"k{number}", "value": "x" * size} for number in range(count)]}


def test_two_large_contexts_do_not_keep_their_person_from_signing_in(page: Callable[[], Page], harbour) -> None:
    kept, visitor = page(), page()
    kept.open(kept.token(sub="maya-1"))
    kept.ask(journey=facts(7, 3500))
    visitor.open()
    visitor.ask(journey={"facts": [{"key": f"v{number}", "value": "y" * 3500} for number in range(7)]})
    signed = {f"s{number}": "z" * 100 for number in range(40)}
    answer = visitor.open(visitor.token(sub="maya-1", facts=signed))
    assert answer.status == 200, answer.body
    receipt = visitor.get(f"handoffs/{answer.body['handoff']['id']}/receipt").body
    assert {fact["key"] for fact in receipt["facts"]} >= {f"k{n}" for n in range(7)} | {f"v{n}" for n in range(7)}


def test_a_hundred_facts_of_a_page_fit_beside_the_signed_ones(maya: Page) -> None:
    assert maya.ask(journey=facts(100, 1)).status == 201


def test_recent_is_the_talk_that_ended_not_the_one_that_was_merged(page, harbour, amira: Agent) -> None:
    tab, visitor = page(), page()
    tab.open(tab.token(sub="maya-1"))
    talked = connect(tab, amira)
    finish(amira, talked)
    tab.ask()
    visitor.open()
    connect(visitor, amira)
    visitor.open(visitor.token(sub="maya-1"))
    assert Handoff.objects.filter(close_reason="merged").count() == 1
    recent = on_panel(Customer.objects.get(subject="maya-1"), now=utc_now()).recent
    assert recent is not None
    assert recent.public_id == talked


def test_a_struck_fact_is_gone_from_every_entry_of_the_log(maya: Page, amira: Agent) -> None:
    handoff_id = maya.ask(journey={"facts": [{"key": "charge", "value": "SECRET-ONE"}]}).body["id"]
    maya.post(f"handoffs/{handoff_id}/journey", {"facts": [{"key": "charge", "value": "SECRET-TWO"}]})
    routing.renew_lease(amira, now=utc_now())
    routing.set_availability(amira, available=True, after_current=False, reason="")
    routing.run_matching()
    offer = Offer.objects.get()
    routing.accept(amira, offer_id=offer.public_id, token=offer.token)
    assert "SECRET-TWO" in json.dumps([entry.data for entry in LogEntry.objects.all()])
    struck = maya.post(f"handoffs/{handoff_id}/receipt/strike", {"key": "charge", "source": "observed"})
    assert struck.status == 200
    told = json.dumps([entry.data for entry in LogEntry.objects.all()])
    assert "SECRET-ONE" not in told
    assert "SECRET-TWO" not in told


def test_an_agent_s_resend_after_the_close_gets_its_first_answer(maya: Page, amira: Agent) -> None:
    handoff_id = connect(maya, amira)
    send = Send.of(
        handoff_id=handoff_id, author_kind="agent", author_id=amira.public_id, client_id="a1", text="All done."
    )
    first = batcher.send(send)
    finish(amira, handoff_id)
    again = batcher.send(send)
    assert (again.id, again.seq, again.at) == (first.id, first.seq, first.at)
    for changed, code in (({"text": "Other."}, "idempotency_conflict"), ({"client_id": "a2"}, "not_found")):
        fields = {"client_id": "a1", "text": "All done."} | changed
        other = Send.of(handoff_id=handoff_id, author_kind="agent", author_id=amira.public_id, **fields)
        with pytest.raises(DomainError, match=code):
            batcher.send(other)


def test_nobody_has_read_more_than_there_is(maya: Page, amira: Agent) -> None:
    handoff = handoffs.by_id(connect(maya, amira))
    head = log.heads_of([streams.handoff(handoff.public_id)])[streams.handoff(handoff.public_id)]
    assert broker.mark_read(handoff, by_agent=True, seq=2**53 - 1) == head
    assert broker.mark_read(handoff, by_agent=True, seq=2**53 - 1) is None


def test_a_timeline_at_the_desk_ends_where_live_begins(maya: Page, amira: Agent) -> None:
    handoff_id = connect(maya, amira)
    (assigned,) = LogEntry.objects.filter(type="handoff.assigned").values_list("data", flat=True)
    for stream, head in assigned["heads"].items():
        told = [entry["seq"] for entry in assigned["timeline"] if entry["stream"] == stream]
        assert all(seq <= head for seq in told)
    assert streams.handoff(handoff_id) in assigned["heads"]


def test_the_key_that_signed_is_the_key_that_was_used(maya: Page, harbour) -> None:
    idle = SiteKey.objects.get(site=harbour, kid="k1")
    SiteKey.objects.create(
        site=harbour, kid="k2", algorithm="HS256", encrypted_secret=idle.encrypted_secret, created_at=utc_now()
    )
    SiteKey.objects.filter(site=harbour).update(last_used_at=None)
    tab = Page(harbour, maya.origin, maya.secret)
    assert tab.open(tab.token(kid="k2")).status == 201
    used = dict(SiteKey.objects.filter(site=harbour).values_list("kid", "last_used_at"))
    assert used["k2"] is not None
    assert used["k1"] is None


def test_other_devices_learn_of_a_handoff_that_came_with_its_visitor(page, harbour) -> None:
    device, visitor = page(), page()
    device.open(device.token(sub="maya-1"))
    visitor.open()
    handoff_id = visitor.ask().body["id"]
    visitor.open(visitor.token(sub="maya-1"))
    told = LogEntry.objects.filter(stream__name=streams.customer(device.customer["id"]), type="handoff.opened")
    (opened,) = told.values_list("data", flat=True)
    assert opened["handoff"]["id"] == handoff_id
    assert opened["heads"] == {streams.handoff(handoff_id): 0}
