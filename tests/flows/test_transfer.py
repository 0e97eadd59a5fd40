"""A talk is passed on: to a line or to somebody, with a word, and never lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from handoff.broker.models import Handoff
from handoff.calls.models import Call
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import clocks, dispatch, end_talk
from handoff.flows.control_call import control
from handoff.flows.transfer import transfer
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError
from handoff.protocol.events import TransferRecorded
from handoff.realtime import streams
from handoff.realtime.models import LogEntry
from handoff.realtime.threads import in_database as off_loop
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.actions import end_lease
from handoff.staffing.models import Agent, Queue
from tests.conftest import make_agent
from tests.phones import call_in
from tests.scenes import accept, connect, offer_to, sit_down
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOTE = "Asks for the second charge; card 4111 1111 1111 1111"


def pass_on(agent: Agent, handoff_id: str, **to: Any) -> str:
    return transfer(agent, handoff_id, **{"queue": None, "to_agent": None, "note": NOTE, "version": None} | to)


def pending(handoff_id: str) -> Offer:
    return Offer.objects.select_related("agent").get(handoff__public_id=handoff_id, status=Offer.Status.PENDING)


@pytest.fixture
def loans(db: None) -> Queue:
    return Queue.objects.create(key="loans", name="Loans")


def test_to_a_queue_it_keeps_its_place_and_goes_to_who_serves_it(maya, amira, loans) -> None:
    handoff_id = connect(maya, amira)
    noor = make_agent("noor", "Noor", loans)
    enqueued_at = Handoff.objects.get().enqueued_at
    assert pass_on(amira, handoff_id, queue="loans") == "queued"
    handoff = Handoff.objects.select_related("queue").get()
    assert (handoff.queue.key, handoff.enqueued_at, handoff.agent) == ("loans", enqueued_at, None)
    shown = offer_to(noor).told["handoff"]
    assert shown["transfer"]["agent"] == {"id": amira.public_id, "name": "Amira"}
    assert shown["transfer"]["note"].startswith("Asks for the second charge")
    assert "4111 1111" not in shown["transfer"]["note"]
    assert shown["queue"] == {"key": "loans", "name": "Loans"}


def test_to_an_agent_at_work_it_is_offered_at_once(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    sit_down(tomas)
    assert pass_on(amira, handoff_id, to_agent=tomas.public_id) == "offered"
    offer = pending(handoff_id)
    assert offer.agent == tomas
    assert offer.told["handoff"]["transfer"]["agent"]["name"] == "Amira"
    assert offer.why == ["Passed on by Amira", "Tomas: chosen by Amira"]
    accept(tomas, offer)
    assert Handoff.objects.get().agent == tomas
    told = LogEntry.objects.get(type=TransferRecorded.TYPE, stream__name=streams.desk(handoff_id)).data
    assert (told["queue"], told["to_agent"]["name"]) == (None, "Tomas")


@pytest.mark.parametrize("absent", ["away", "signed out", "full"])
def test_to_an_agent_who_cannot_take_it_goes_into_line(maya, page, amira, tomas, absent: str) -> None:
    handoff_id = connect(maya, amira)
    routing.set_availability(amira, available=False, after_current=False, reason="")
    sit_down(tomas)
    if absent == "away":
        routing.set_availability(tomas, available=False, after_current=False, reason="")
    elif absent == "signed out":
        end_lease(tomas, now=utc_now())
    else:
        Agent.objects.filter(pk=tomas.pk).update(capacity=1)
        other = page()
        other.open()
        connect(other, tomas)
    assert pass_on(amira, handoff_id, to_agent=tomas.public_id) == "queued"
    assert not Offer.objects.filter(status=Offer.Status.PENDING).exists()


def test_who_passed_it_on_is_not_the_next_to_be_asked(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    sit_down(tomas)
    pass_on(amira, handoff_id, to_agent=tomas.public_id)
    offer = pending(handoff_id)
    routing.decline(tomas, offer_id=offer.public_id, token=offer.token, reason="")
    assert routing.run_matching() == 0
    Handoff.objects.update(excluded_until=utc_now())
    assert routing.run_matching() == 1
    assert pending(handoff_id).agent == amira


def test_declined_by_somebody_of_another_queue_it_waits_in_theirs(maya, amira, loans) -> None:
    handoff_id = connect(maya, amira)
    noor = make_agent("noor", "Noor", loans)
    sit_down(noor)
    pass_on(amira, handoff_id, to_agent=noor.public_id)
    offer = pending(handoff_id)
    routing.decline(noor, offer_id=offer.public_id, token=offer.token, reason="")
    assert Handoff.objects.select_related("queue").get().queue == loans


def test_the_word_is_shown_until_somebody_has_taken_it(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    sit_down(tomas)
    pass_on(amira, handoff_id, queue="cards")
    accept(tomas, offer_to(tomas))
    Handoff.objects.update(excluded_agent=None)
    pass_on(tomas, handoff_id, queue="cards", note="Once more")
    assert offer_to(amira).told["handoff"]["transfer"] == {
        "agent": {"id": tomas.public_id, "name": "Tomas"}, "note": "Once more"
    }  # fmt: skip
    accept(amira, pending(handoff_id))
    Agent.objects.filter(pk=amira.pk).update(seen_at=LONG_AGO, heard_at=LONG_AGO, lease_expires_at=LONG_AGO)
    assert clocks.lose_agents() == 1
    assert offer_to(tomas).told["handoff"]["transfer"] is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"queue": "cards", "note": "  "}, "invalid_request"),
        ({"queue": "cards", "note": "x" * 4001}, "too_long"),
        ({"queue": "absent"}, "invalid_request"),
        ({"to_agent": "ag_absent"}, "invalid_request"),
        ({"to_agent": "amira"}, "invalid_request"),
        ({"to_agent": "tomas", "queue": "cards"}, "invalid_request"),
        ({}, "invalid_request"),
        ({"queue": "cards", "version": 1}, "stale_version"),
    ],
)
def test_what_cannot_be_passed_on_stays(maya, amira, tomas, fields: dict[str, Any], code: str) -> None:
    handoff_id = connect(maya, amira)
    people = {"amira": amira.public_id, "tomas": tomas.public_id}
    fields = {name: people.get(value, value) for name, value in fields.items()}
    with pytest.raises(DomainError) as refused:
        pass_on(amira, handoff_id, **fields)
    assert refused.value.code == code
    assert Handoff.objects.get().agent == amira


def test_only_a_talk_is_passed_on_and_only_by_its_owner(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    with pytest.raises(DomainError, match="not_found"):
        pass_on(tomas, handoff_id, queue="cards")
    end_talk.end_by_agent(amira, handoff_id, version=None)
    with pytest.raises(DomainError, match="illegal_transition"):
        pass_on(amira, handoff_id, queue="cards")


def test_who_has_passed_it_on_has_nothing_more_to_say_in_it(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    pass_on(amira, handoff_id, queue="cards")
    send = Send.of(handoff_id=handoff_id, author_kind="agent", author_id=amira.public_id, client_id="m1", text="wait")
    acts = [
        lambda: batcher.send(send),
        lambda: end_talk.end_by_agent(amira, handoff_id, version=None),
        lambda: pass_on(amira, handoff_id, queue="cards"),
    ]
    for act in acts:
        with pytest.raises(DomainError, match="not_found"):
            act()
    accept(tomas, offer_to(tomas))
    for act in acts:
        with pytest.raises(DomainError, match="not_found"):
            act()
    assert not LogEntry.objects.filter(type="message.posted").exists()


async def test_the_command_is_acked_with_where_it_is_now(serving, maya, amira, tomas) -> None:
    handoff_id = await off_loop(connect, maya, amira)
    await off_loop(sit_down, tomas)
    desk, other = await serving.agent(await off_loop(Desk, amira)), await serving.agent(await off_loop(Desk, tomas))
    refused = await desk.command("handoff.transfer", handoff=handoff_id, note="")
    assert refused["code"] == "invalid_request"
    fields = {"handoff": handoff_id, "agent": tomas.public_id, "note": "knows the shop"}
    ack = await desk.command("handoff.transfer", **fields)
    assert ack["result"] == {"state": "offered"}
    assert (await desk.event("handoff.unassigned", id=handoff_id))["data"]["reason"] == "transfer"
    made = await other.event("offer.made")
    assert made["data"]["handoff"]["transfer"]["note"] == "knows the shop"


def test_an_agent_sees_where_a_talk_can_go(maya, amira, tomas, loans) -> None:
    noor = make_agent("noor", "Noor", loans, capacity=1)
    sit_down(noor)
    gone = make_agent("gone", "Gone", loans)
    gone.user.is_active = False
    gone.user.save()
    answer = Desk(amira).call("GET", "desk/destinations")
    assert answer.status == 200
    assert answer.body == {
        "queues": [{"key": "cards", "name": "Cards"}, {"key": "loans", "name": "Loans"}],
        "agents": [
            {"id": noor.public_id, "name": "Noor", "available": True, "queues": ["loans"]},
            {"id": tomas.public_id, "name": "Tomas", "available": False, "queues": ["cards"]},
        ],
    }
    assert maya.get("desk/destinations").status == 401


# -- calls


def on_the_line(page: Any, phone: Any, agent: Agent) -> str:
    """A call that is with this agent."""
    Intent.objects.update(channels=["chat", "phone"])
    handoff = Handoff.objects.get(public_id=page.ask(channel="phone").body["id"])
    call_in(phone, handoff, call_id=f"call-{handoff.pk}")
    accept(agent, offer_to(agent))
    return handoff.public_id


def test_a_call_is_passed_on_and_its_caller_waits_meanwhile(maya, phone, amira, tomas) -> None:
    handoff_id = on_the_line(maya, phone, amira)
    sit_down(tomas)
    assert pass_on(amira, handoff_id, to_agent=tomas.public_id) == "offered"
    dispatch.run_due()
    call = Call.objects.get()
    assert (call.agent, [ask[0] for ask in phone.asks]) == (None, ["park"])
    accept(tomas, pending(handoff_id))
    control(tomas, handoff_id, action="rendered")
    dispatch.run_due()
    assert phone.asked("connect") == [(call.provider_id, tomas.audio)]


@pytest.mark.parametrize("why", ["no phone", "another call", "another call is offered"])
def test_to_an_agent_who_cannot_take_a_call_it_goes_into_line(maya, page, phone, amira, tomas, why: str) -> None:
    handoff_id = on_the_line(maya, phone, amira)
    routing.set_availability(amira, available=False, after_current=False, reason="")
    sit_down(tomas)
    if why == "no phone":
        Agent.objects.filter(pk=tomas.pk).update(audio="")
    else:
        other = page()
        other.open()
        handoff = Handoff.objects.get(public_id=other.ask(channel="phone").body["id"])
        call_in(phone, handoff, call_id="call-2")
        offer = offer_to(tomas)
        if why == "another call":
            accept(tomas, offer)
    assert pass_on(amira, handoff_id, to_agent=tomas.public_id) == "queued"
    assert not Offer.objects.filter(handoff__public_id=handoff_id, status=Offer.Status.PENDING).exists()


def test_a_chat_is_passed_on_to_somebody_on_the_phone(maya, page, phone, amira, tomas) -> None:
    on_the_line(maya, phone, tomas)
    routing.set_availability(tomas, available=False, after_current=False, reason="")
    other = page()
    other.open()
    handoff_id = connect(other, amira)
    sit_down(tomas)
    assert pass_on(amira, handoff_id, to_agent=tomas.public_id) == "offered"
