"""Who a customer is, over time: refreshed, verified in the middle of a talk, merged, on two devices, gone."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from handoff.broker import queries as broker
from handoff.broker.models import Handoff
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import clocks
from handoff.identity.models import Customer, Session
from handoff.lib.clock import utc_now
from handoff.realtime import streams
from handoff.realtime.models import LogEntry
from handoff.staffing.models import Agent
from tests.conftest import Page
from tests.scenes import accept, close, connect, offer_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(page, harbour) -> Page:
    """Somebody whom nobody vouches for."""
    tab = page()
    assert tab.open().status == 201
    return tab


def desk_of(handoff_id: str) -> dict:
    """The handoff as its agent sees it."""
    return broker.desk_view(broker.by_id(handoff_id), why=[], now=utc_now()).to_wire()


def texts(tab: Page, handoff_id: str) -> list[str]:
    events = tab.get(f"handoffs/{handoff_id}/events").body["events"]
    return [event["data"]["text"] for event in events if event["type"] == "message.posted"]


def say(tab: Page, handoff_id: str, client_id: str, text: str) -> None:
    answer = tab.post(f"handoffs/{handoff_id}/messages", {"client_id": client_id, "text": text})
    assert answer.status == 201, answer.body


# -- sessions


def test_a_session_tells_everything_the_panel_needs(page, harbour) -> None:
    tab = page()
    token = tab.token(name="Maya Chen", acr="urn:bank:2", amr=["pwd", "otp"], auth_time=int(time.time()))
    answer = tab.open(token)
    assert {"token", "expires_at", "customer", "intents", "handoff", "scheduled", "recent"} <= set(answer.body)
    assert answer.body["customer"]["verified"] is True
    assert answer.body["customer"]["assurance"]["amr"] == ["pwd", "otp"]
    assert (answer.body["handoff"], answer.body["scheduled"], answer.body["recent"]) == (None, [], None)
    assert [intent["key"] for intent in answer.body["intents"]] == ["dispute-charge", "lost-card"]


def test_an_unverified_session_has_no_name_and_no_assurance(visitor: Page) -> None:
    assert visitor.customer | {"id": ""} == {"id": "", "name": None, "verified": False, "assurance": None}


def test_two_visitors_are_two_customers(visitor: Page, page) -> None:
    other = page()
    other.open()
    assert other.customer["id"] != visitor.customer["id"]


def test_a_refresh_keeps_the_handoff_and_kills_the_old_token(maya: Page) -> None:
    handoff, old = maya.ask().body["id"], maya.session
    answer = maya.open(maya.token(name="Maya Chen", acr="urn:bank:3", amr=["hwk"]))
    assert (answer.status, answer.body["handoff"]["id"]) == (200, handoff)
    assert maya.session != old
    assert maya.get("availability", Authorization=f"Bearer {old}").code == "session_expired"
    assert desk_of(handoff)["customer"]["assurance"]["acr"] == "urn:bank:3"


def test_a_live_session_without_a_token_is_read(maya: Page) -> None:
    before = maya.session
    answer = maya.open()
    assert (answer.status, answer.body["token"]) == (200, before)
    assert answer.body["customer"]["verified"] is True


def test_a_dead_session_with_a_fresh_token_is_a_first_one(maya: Page) -> None:
    handoff = maya.ask().body["id"]
    maya.call("DELETE", "sessions")
    answer = maya.open(maya.token())
    assert (answer.status, answer.body["handoff"]["id"]) == (201, handoff)


def test_the_embedding_page_is_recorded(page, harbour) -> None:
    page().post("sessions", {"site": "harbour", "embedded_by": "https://www.harbour.example"})
    session = Session.objects.get()
    assert (session.embedded_by, session.origin) == ("https://www.harbour.example", "http://127.0.0.1:8001")


# -- signing in during a talk


def test_signing_in_keeps_the_handoff_its_place_and_its_timeline(visitor: Page, amira: Agent) -> None:
    journey = {"steps": [{"path": "/dispute/1"}], "facts": [{"key": "charge", "value": "GBP 42.10"}]}
    handoff = connect(visitor, amira, statement="charged twice", journey=journey)
    say(visitor, handoff, "m1", "before")
    old = visitor.session
    answer = visitor.open(
        visitor.token(name="Maya Chen", email="maya@example.org", amr=["pwd"], facts={"tier": "gold"})
    )
    assert (answer.status, answer.body["handoff"]["id"]) == (200, handoff)
    assert visitor.get("availability", Authorization=f"Bearer {old}").code == "session_expired"
    say(visitor, handoff, "m2", "after")
    assert texts(visitor, handoff) == ["before", "after"]
    desk = desk_of(handoff)
    assert (desk["state"], desk["customer"]["verified"], desk["customer"]["name"]) == ("connected", True, "Maya Chen")
    sources = {fact["key"]: fact["source"] for fact in desk["facts"]}
    assert sources == {"charge": "observed", "tier": "verified", "email": "verified", "sub": "verified"}
    assert [step["path"] for step in desk["journey"]["steps"]] == ["/dispute/1"]
    assert desk["brief"].startswith("Maya Chen, verified by password, wants to dispute a charge.")
    types = [event["type"] for event in visitor.get(f"handoffs/{handoff}/events").body["events"]]
    assert "identity.changed" in types


def test_a_message_sent_again_after_signing_in_is_the_same_message(visitor: Page, amira: Agent) -> None:
    handoff = connect(visitor, amira)
    body = {"client_id": "m1", "text": "hello"}
    first = visitor.post(f"handoffs/{handoff}/messages", body)
    visitor.open(visitor.token())
    again = visitor.post(f"handoffs/{handoff}/messages", body)
    assert (again.status, again.body) == (200, first.body)


@pytest.fixture
def merged(maya: Page, visitor: Page, amira: Agent) -> tuple[str, str]:
    """Maya talks on her phone; on a tablet she asked as a visitor, and signs in there. The ids: kept, closed."""
    kept = connect(maya, amira, journey={"facts": [{"key": "charge", "value": "known"}]})
    say(maya, kept, "m1", "on the phone")
    journey = {
        "steps": [{"path": "/lost"}],
        "facts": [{"key": "charge", "value": "other"}, {"key": "card", "value": 7}],
    }
    asked = visitor.ask(intent="lost-card", statement="it was stolen", journey=journey).body["id"]
    say(visitor, asked, "m1", "on the tablet")
    say(visitor, asked, "m2", "anybody?")
    answer = visitor.open(visitor.token(sub="maya-1", name="Maya Chen"))
    assert (answer.status, answer.body["handoff"]["id"]) == (200, kept)
    return kept, asked


def test_a_merge_shows_the_closed_ones_timeline_in_the_one_that_stays(merged, maya: Page, visitor: Page) -> None:
    kept, asked = merged
    told = texts(maya, kept)
    assert told == ["on the phone", "it was stolen", "on the tablet", "anybody?"]
    assert texts(visitor, kept) == told
    closed = visitor.get(f"handoffs/{asked}").body
    assert (closed["state"], closed["close_reason"]) == ("closed", "merged")
    events = maya.get(f"handoffs/{kept}/events").body["events"]
    copied = [event for event in events if "original_at" in event["data"]]
    assert [event["data"]["text"] for event in copied] == ["it was stolen", "on the tablet", "anybody?"]
    assert {event["data"]["author"]["kind"] for event in copied} == {"customer"}
    ids = [event["data"]["client_id"] for event in events if event["type"] == "message.posted"]
    assert len(set(ids)) == 4


def test_a_merge_keeps_facts_and_steps_and_the_agent_sees_them(merged, maya: Page) -> None:
    desk = desk_of(merged[0])
    facts = {fact["key"]: fact["value"] for fact in desk["facts"] if fact["source"] == "observed"}
    assert facts == {"charge": "known", "card": 7}
    assert [step["path"] for step in desk["journey"]["steps"]] == ["/lost"]
    assert {"on the tablet", "anybody?"} <= {entry["data"].get("text") for entry in desk["timeline"]}


def test_a_merged_handoff_takes_no_more_and_nobody_waits_with_it(merged, visitor: Page, tomas: Agent) -> None:
    kept, asked = merged
    refused = visitor.post(f"handoffs/{asked}/messages", {"client_id": "m3", "text": "late"})
    assert refused.code == "handoff_closed"
    say(visitor, kept, "m3", "on both")
    assert Handoff.objects.filter(state="queued").count() == 0


def test_a_message_sent_again_after_a_merge_gets_its_first_answer(merged, visitor: Page) -> None:
    body = {"client_id": "m1", "text": "on the tablet"}
    again = visitor.post(f"handoffs/{merged[1]}/messages", body)
    assert (again.status, again.body["seq"]) == (200, 2)


def test_an_agents_words_keep_their_author_in_a_merge(maya: Page, visitor: Page, amira: Agent, tomas: Agent) -> None:
    kept = connect(maya, amira)
    other = visitor.ask().body["id"]
    if broker.by_id(other).state == "queued":
        accept(tomas, offer_to(tomas))
    owner = broker.by_id(other).agent
    say(visitor, other, "m1", "from the customer")
    batcher.send(
        Send.of(handoff_id=other, author_kind="agent", author_id=owner.public_id, client_id="m1", text="from the agent")
    )
    visitor.open(visitor.token(sub="maya-1"))
    events = maya.get(f"handoffs/{kept}/events").body["events"]
    said = {
        event["data"]["text"]: event["data"]["author"]["kind"] for event in events if "original_at" in event["data"]
    }
    assert said == {"from the customer": "customer", "from the agent": "agent"}


def test_the_same_click_id_on_two_devices_does_not_stop_signing_in(maya: Page, visitor: Page, amira: Agent) -> None:
    close(amira, connect(maya, amira, client_id="click-1"))
    assert visitor.ask(client_id="click-1").status == 201
    assert visitor.open(visitor.token(sub="maya-1")).status == 200


# -- two devices, and the end of sessions


def test_a_second_device_finds_the_same_handoff(maya: Page, page, amira: Agent) -> None:
    handoff = connect(maya, amira)
    say(maya, handoff, "m1", "from the phone")
    tablet = page()
    answer = tablet.open(tablet.token())
    assert (answer.status, answer.body["handoff"]["id"], tablet.customer["id"]) == (201, handoff, maya.customer["id"])
    say(tablet, handoff, "m2", "from the tablet")
    assert texts(maya, handoff) == texts(tablet, handoff) == ["from the phone", "from the tablet"]
    again = tablet.ask()
    assert (again.status, again.body["id"], again.body["existing"]) == (200, handoff, True)
    assert maya.get("availability").status == 200


def test_a_sign_out_is_of_one_device_and_everywhere_of_all(maya: Page, page) -> None:
    devices = [page() for _ in range(3)]
    for device in devices:
        device.open(device.token())
    assert devices[0].call("DELETE", "sessions").status == 204
    assert [tab.get("availability").status for tab in (*devices, maya)] == [401, 200, 200, 200]
    assert devices[1].call("DELETE", "sessions?everywhere=true").status == 204
    assert {tab.get("availability").code for tab in (*devices, maya)} == {"session_expired"}


def test_a_talk_goes_on_after_a_sign_out_and_ends_when_nobody_comes_back(maya: Page, page, amira: Agent) -> None:
    handoff = connect(maya, amira)
    maya.call("DELETE", "sessions")
    assert Handoff.objects.get().state == "connected"
    assert clocks.end_signed_out() == 0
    Handoff.objects.update(signed_out_at=utc_now() - timedelta(minutes=11))
    assert clocks.end_signed_out() == 1
    back = page()
    recent = back.open(back.token()).body["recent"]
    assert (recent["id"], recent["close_reason"], recent["survey_due"]) == (handoff, "customer_left", True)


def test_coming_back_in_time_keeps_the_talk(maya: Page, page, amira: Agent) -> None:
    connect(maya, amira)
    maya.call("DELETE", "sessions")
    Handoff.objects.update(signed_out_at=utc_now() - timedelta(minutes=11))
    back = page()
    back.open(back.token())
    assert clocks.end_signed_out() == 0


def test_a_second_device_keeps_the_talk_alive(maya: Page, page, amira: Agent) -> None:
    connect(maya, amira)
    tablet = page()
    tablet.open(tablet.token())
    maya.call("DELETE", "sessions")
    assert Handoff.objects.get().signed_out_at is None


# -- S17


def test_an_unverified_customer_never_sees_a_verified_ones_history(maya: Page, page, amira: Agent) -> None:
    close(amira, connect(maya, amira), note="the verified past")
    alike = page()
    answer = alike.open()
    assert (answer.body["handoff"], answer.body["recent"]) == (None, None)
    handoff = connect(alike, amira, statement="I am Maya Chen, maya@example.org")
    desk = desk_of(handoff)
    assert (desk["history"], desk["customer"]["verified"], desk["customer"]["name"]) == ([], False, None)
    assert desk["brief"].startswith("Not verified;")


def test_the_same_e_mail_or_phone_merges_nobody(page, harbour) -> None:
    for sub in ("one", "two"):
        tab = page()
        tab.open(tab.token(sub=sub, email="shared@example.org", phone_number="+442079460000"))
    assert Customer.objects.filter(email="shared@example.org").count() == 2


def test_a_facts_source_is_not_the_pages_to_choose(visitor: Page, maya: Page) -> None:
    for tab in (visitor, maya):
        facts = [{"key": "tier", "value": "gold", "source": source} for source in ("verified", "desk")]
        handoff = tab.ask(journey={"facts": facts}).body["id"]
        receipt = tab.get(f"handoffs/{handoff}/receipt").body
        told = [(fact["key"], fact["source"]) for fact in receipt["facts"] if fact["key"] == "tier"]
        assert told == [("tier", "observed")]


def test_signed_facts_are_replaced_by_the_next_sign_in(maya: Page) -> None:
    maya.open(maya.token(facts={"tier": "gold", "old": 1}))
    handoff = maya.ask().body["id"]
    maya.open(maya.token(facts={"tier": {"label": "Tier", "value": "silver"}}))
    facts = maya.get(f"handoffs/{handoff}/receipt").body["facts"]
    assert {fact["key"]: fact["value"] for fact in facts} == {"tier": "silver", "sub": "maya-1"}
    events = LogEntry.objects.filter(stream__name=streams.handoff(handoff), type="facts.changed")
    assert events.latest("seq").data["struck"] == [{"key": "old", "source": "verified"}]


def test_an_agent_sees_the_history_of_a_verified_customer_alone(maya: Page, amira: Agent) -> None:
    first = connect(maya, amira)
    close(amira, first, note="was refunded")
    past = desk_of(connect(maya, amira))["history"]
    assert [(one["id"], one["disposition"], one["note"]) for one in past] == [(first, "resolved", "was refunded")]
