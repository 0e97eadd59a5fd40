"""Nobody in particular turns out to be a customer: what both had becomes one, wherever each of them stood."""

from __future__ import annotations

from typing import Any

import pytest

from handoff.broker.models import Handoff
from handoff.broker.states import Channel
from handoff.flows.open_handoff import Ask, open_handoff
from handoff.identity.models import Session
from handoff.intents.models import Intent
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.staffing.models import Agent
from tests.phones import window_in, wish
from tests.scenes import accept, at_once, connect, offer_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def every_channel(phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.routing.queries.BUILT_CHANNELS", tuple(Channel))
    Intent.objects.update(channels=list(Channel))


@pytest.fixture
def tab(page) -> Any:
    one = page()
    one.open()
    return one


def opened(page: Any, channel: Channel, *, intent: str = "dispute-charge", hours: int = 2) -> Handoff:
    session = Session.objects.select_related("customer__site").get(customer__public_id=page.customer["id"])
    wished = wish(window_in(hours))
    ask = Ask(client_id=f"{channel}-{intent}", intent=intent, channel=channel, statement=intent, wish=wished)
    return Handoff.objects.get(public_id=open_handoff(session, ask)[0]["id"])


def sign_in(tab: Any) -> None:
    assert tab.open(tab.token()).status == 200


def now(handoff: Handoff) -> Handoff:
    return Handoff.objects.select_related("customer", "agent", "merged_into").get(pk=handoff.pk)


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.CALLBACK, Channel.CHAT])
def test_what_is_new_to_the_customer_goes_on_as_theirs(maya, tab, channel: Channel) -> None:
    handoff = opened(tab, channel)
    sign_in(tab)
    assert (now(handoff).state, now(handoff).customer.subject) == (handoff.state, "maya-1")
    assert now(handoff).enqueued_at == handoff.enqueued_at


def test_a_talk_that_is_being_wrapped_up_is_theirs_and_stays_with_its_agent(maya, tab, amira) -> None:
    handoff_id = connect(tab, amira)
    tab.post(f"handoffs/{handoff_id}/end")
    theirs = opened(maya, Channel.CHAT, intent="lost-card")
    sign_in(tab)
    handoff = now(Handoff.objects.get(public_id=handoff_id))
    assert (handoff.state, handoff.agent, handoff.customer.subject) == ("wrap_up", amira, "maya-1")
    assert now(theirs).state == "queued"


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.CHAT])
@pytest.mark.parametrize("standing", [Channel.PHONE, Channel.CHAT])
def test_of_two_open_ones_the_customer_s_stays(maya, tab, standing: Channel, channel: Channel) -> None:
    theirs, other = opened(maya, standing), opened(tab, channel)
    sign_in(tab)
    assert (now(theirs).state, now(theirs).channel) == (theirs.state, standing)
    assert (now(other).close_reason, now(other).merged_into) == ("merged", theirs)
    said = LogEntry.objects.get(type="message.posted", stream__name=f"handoff/{theirs.public_id}")
    assert said.data["text"] == "dispute-charge"


def test_of_two_talks_with_two_agents_one_goes_on_and_the_other_agent_is_free(maya, tab, amira, tomas) -> None:
    kept = connect(maya, amira)
    routing.set_availability(amira, available=False, after_current=False, reason="")
    closed = connect(tab, tomas)
    routing.set_availability(tomas, available=False, after_current=True, reason="")
    Agent.objects.filter(pk=tomas.pk).update(idle_since=None)
    sign_in(tab)
    assert Handoff.objects.get(public_id=kept).agent == amira
    assert Handoff.objects.get(public_id=closed).close_reason == "merged"
    told = LogEntry.objects.filter(stream__name=f"agent/{tomas.public_id}").order_by("seq")
    assert [entry.data.get("reason") for entry in told if entry.type == "handoff.unassigned"] == ["merged"]
    tomas.refresh_from_db()
    assert tomas.idle_since is not None
    assert not tomas.after_current


def test_of_two_that_are_scheduled_for_one_intent_the_customer_s_stays(maya, tab) -> None:
    theirs = opened(maya, Channel.CALLBACK, hours=3)
    other, also = opened(tab, Channel.CALLBACK), opened(tab, Channel.CALLBACK, intent="lost-card")
    sign_in(tab)
    assert (now(theirs).state, now(theirs).due_at) == ("scheduled", theirs.due_at)
    assert (now(other).close_reason, now(other).merged_into) == ("merged", theirs)
    assert (now(also).state, now(also).customer.subject) == ("scheduled", "maya-1")


def test_an_open_one_does_not_close_what_is_scheduled(maya, tab) -> None:
    theirs, other = opened(maya, Channel.CHAT), opened(tab, Channel.CALLBACK)
    sign_in(tab)
    assert [now(theirs).state, now(other).state] == ["queued", "scheduled"]


def test_merging_talks_and_matching_at_once_do_not_block_each_other(page, amira, tomas) -> None:
    """Both lock several agents: in one order, or they would wait for each other."""
    pairs = []
    for number in range(3):
        known, nobody = page(), page()
        known.open(known.token(sub=f"known-{number}"))
        nobody.open()
        for one, agent in ((nobody, (amira, tomas)[number % 2]), (known, (tomas, amira)[number % 2])):
            one.ask()
            accept(agent, offer_to(agent))
            routing.set_availability(agent, available=False, after_current=False, reason="")
        pairs.append((nobody, f"known-{number}"))
    for agent in (amira, tomas):
        routing.set_availability(agent, available=True, after_current=False, reason="")
    for number in range(6):
        waiting = page()
        waiting.open(waiting.token(sub=f"waiting-{number}"))
        waiting.ask()
    merges = [lambda tab=tab, sub=sub: tab.open(tab.token(sub=sub)).status for tab, sub in pairs]
    answers = at_once([*merges, *[routing.run_matching] * 3])
    assert answers[:3] == [200] * 3
    assert Handoff.objects.filter(close_reason="merged").count() == 3
