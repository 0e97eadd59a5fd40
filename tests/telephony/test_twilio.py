"""Whole calls by TwiML, driven by a local Twilio that raises on any verb it does not know."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import Client

from handoff.telephony import registry
from handoff.telephony.backends.twilio import TwilioProvider
from handoff.telephony.base import Audio, CallError, Connect, Kind, Order
from tests.telephony.deciding import AMIRA_PHONE, AMIRA_SIP, CODE, GOODBYE, Decider
from tests.telephony.twiml_engine import Call, Phone, TwimlEngine

ORIGIN = "https://help.example.com"
TOKEN = "the account's own token, 32 chars"
ACCOUNT = "AC00000000000000000000000000000001"
LINE, CALLER = "+448005550100", "+447700900001"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def through_django(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    parts = urlsplit(url)
    named = {name: value for name, value in headers.items() if name != "Content-Type"}
    response = Client(raise_request_exception=False).post(
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        data=body,
        content_type=headers["Content-Type"],
        headers=named,
    )
    return response.status_code, response.content.decode()


@pytest.fixture
def decider() -> Decider:
    return Decider()


@pytest.fixture
def engine() -> Iterator[TwimlEngine]:
    with TwimlEngine(ORIGIN, TOKEN, transport=through_django, account=ACCOUNT) as engine:
        yield engine


@pytest.fixture
def provider(engine: TwimlEngine, decider: Decider) -> Iterator[TwilioProvider]:
    provider = TwilioProvider(
        account_sid=ACCOUNT, auth_token=TOKEN, public_origin=ORIGIN, api_base=engine.api.base, report=decider
    )
    registry.add(provider)
    yield provider
    engine.end()
    registry.remove(provider.name)


def waiting(engine: TwimlEngine, decider: Decider, *, presses: str = CODE) -> Call:
    call = engine.call_in(CALLER, LINE, presses=presses)
    engine.wait(lambda: any("in line" in words for words in call.said))
    return call


def order(agent: Audio, reference: str = "call-7.1") -> Order:
    return Order(reference=reference, agent=agent, number=CALLER, caller_id=LINE, ring_seconds=20)


# -- customers who call


@pytest.mark.parametrize("agent", [AMIRA_SIP, AMIRA_PHONE])
def test_a_caller_keys_the_code_waits_and_talks(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider, agent: Audio
) -> None:
    engine.phones[agent.address] = Phone(presses="1")
    call = waiting(engine, decider)
    assert "8 digits" in call.said[0]
    provider.connect(call.sid, agent, reference="offer-1")
    decider.wait_for(Kind.BRIDGED)
    engine.wait(lambda: call.talks_to)
    leg = engine.leg_of(call)
    assert leg is not None
    assert leg.said == ([] if agent.is_sip else ["A customer of yours is waiting. Press 1 to talk."])
    engine.hang_up(call)
    decider.wait_for(Kind.ENDED)
    told = [event for event in decider.events if event.kind is not Kind.QUEUED]
    assert [event.kind for event in told] == [
        Kind.RINGING,
        Kind.CODE_ENTERED,
        Kind.AGENT_RINGING,
        Kind.BRIDGED,
        Kind.ENDED,
    ]
    assert {event.call_id for event in told} == {call.sid}
    assert (told[0].caller, told[0].called) == (CALLER, LINE)
    assert told[1].digits == CODE
    assert [event.reference for event in told[2:4]] == ["offer-1", "offer-1"]


def test_a_wrong_code_is_asked_for_again_and_silence_goes_in_line(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    call = waiting(engine, decider, presses="00000000")
    entered = [event.digits for event in decider.events if event.kind is Kind.CODE_ENTERED]
    assert entered == ["00000000", ""]
    assert "not right" in call.said[1]


def test_keys_that_stop_are_reported_as_far_as_they_came(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    decider.code = "482#"
    waiting(engine, decider, presses="482#")
    assert decider.wait_for(Kind.CODE_ENTERED).digits == "482#"


def test_a_caller_on_hold_stays_and_asks_again(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    call = waiting(engine, decider)
    decider.wait_for(Kind.QUEUED, count=2, seconds=10)
    assert call.is_live
    polls = [event.event_id for event in decider.events if event.kind is Kind.QUEUED]
    assert len(set(polls)) == len(polls)


def test_a_poll_can_be_answered_with_the_agent(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    engine.phones[AMIRA_SIP.address] = Phone()
    decider.connect = Connect(AMIRA_SIP, "offer-2")
    waiting(engine, decider)
    assert decider.wait_for(Kind.BRIDGED).reference == "offer-2"


def test_an_agent_who_does_not_press_one_leaves_the_caller_in_line(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    engine.phones[AMIRA_PHONE.address] = Phone(presses="5")
    call = waiting(engine, decider)
    provider.connect(call.sid, AMIRA_PHONE, reference="offer-1")
    queued = decider.wait(
        lambda: [event for event in decider.events if event.kind is Kind.QUEUED and event.reference], seconds=5
    )
    assert queued.reference == "offer-1"
    assert Kind.BRIDGED not in decider.kinds()
    assert call.is_live
    # The same caller is connected to the next one.
    engine.phones[AMIRA_SIP.address] = Phone()
    provider.connect(call.sid, AMIRA_SIP, reference="offer-2")
    decider.wait_for(Kind.BRIDGED)


@pytest.mark.parametrize("does", ["busy", "no-answer", "failed"])
def test_an_agent_who_cannot_be_reached_leaves_the_caller_in_line(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider, does: str
) -> None:
    engine.phones[AMIRA_SIP.address] = Phone(does)
    call = waiting(engine, decider)
    provider.connect(call.sid, AMIRA_SIP, reference="offer-1")
    decider.wait(
        lambda: [event for event in decider.events if event.reference and event.kind is Kind.QUEUED], seconds=5
    )
    assert call.is_live


def test_a_caller_who_hangs_up_in_line_has_ended(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    call = waiting(engine, decider)
    engine.hang_up(call)
    assert decider.wait_for(Kind.ENDED).call_id == call.sid


def test_an_agent_who_hangs_up_ends_the_call(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    engine.phones[AMIRA_SIP.address] = Phone()
    call = waiting(engine, decider)
    provider.connect(call.sid, AMIRA_SIP, reference="offer-1")
    engine.wait(lambda: call.talks_to)
    leg = engine.leg_of(call)
    assert leg is not None
    engine.hang_up(leg)
    decider.wait_for(Kind.ENDED)
    engine.wait(lambda: not call.is_live)


def test_asked_twice_it_rings_once(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    engine.phones[AMIRA_SIP.address] = Phone()
    call = waiting(engine, decider)
    provider.connect(call.sid, AMIRA_SIP, reference="offer-1")
    decider.wait_for(Kind.BRIDGED)
    provider.connect(call.sid, AMIRA_SIP, reference="offer-1")
    elsewhere = TwilioProvider(
        account_sid=ACCOUNT, auth_token=TOKEN, public_origin=ORIGIN, api_base=engine.api.base, report=decider
    )
    elsewhere.connect(call.sid, AMIRA_SIP, reference="offer-1")
    assert len([leg for leg in engine.calls.values() if leg.parent == call.sid]) == 1


def test_a_parked_caller_waits_and_is_connected_again(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    engine.phones[AMIRA_SIP.address] = Phone()
    call = waiting(engine, decider)
    provider.connect(call.sid, AMIRA_SIP, reference="offer-1")
    engine.wait(lambda: call.talks_to)
    heard = len(call.said)
    provider.park(call.sid)
    engine.wait(lambda: "in line" in "".join(call.said[heard:]))
    assert call.is_live
    # The leg that was let go may be listed as talking for a moment more.
    engine.make("outbound-dial", LINE, AMIRA_SIP.address, parent=call.sid, status="in-progress")
    provider.connect(call.sid, AMIRA_SIP, reference="offer-2")
    assert decider.wait_for(Kind.BRIDGED, count=2).reference == "offer-2"


def test_hostile_words_stay_words(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    decider.refuses_with = GOODBYE
    call = engine.call_in('"/><Hangup/>\x00\x0b', LINE)
    engine.wait(lambda: not call.is_live)
    assert call.said == ["We are closed & <gone>."]


def test_an_agent_s_address_cannot_add_a_verb(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    hostile = Audio('sip:a@b</Sip><Play>http://x</Play>"\x00')
    engine.phones['sip:a@b</Sip><Play>http://x</Play>"'] = Phone()
    call = waiting(engine, decider)
    provider.connect(call.sid, hostile, reference='r"<&')
    assert decider.wait_for(Kind.BRIDGED).reference == 'r"<&'


def test_a_fallback_brings_the_caller_back(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    call = waiting(engine, decider)
    document = engine.ask(call, f"{ORIGIN}/voice/twilio/fallback")
    assert "One moment" in document
    assert f"{ORIGIN}/voice/twilio/incoming" in document


# -- customers whom we call


@pytest.mark.parametrize("agent", [AMIRA_SIP, AMIRA_PHONE])
def test_a_dial_rings_the_agent_first_and_then_the_customer(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider, agent: Audio
) -> None:
    engine.phones |= {agent.address: Phone(presses="1"), CALLER: Phone()}
    call_id = provider.originate(order(agent))
    decider.wait_for(Kind.BRIDGED)
    leg = engine.leg_of(engine.calls[call_id])
    assert leg is not None
    assert (leg.to, leg.from_) == (CALLER, LINE)
    engine.hang_up(leg)
    decider.wait_for(Kind.ENDED)
    assert decider.kinds()[:3] == [Kind.AGENT_RINGING, Kind.RINGING, Kind.BRIDGED]
    assert {event.call_id for event in decider.events} == {call_id}
    assert {event.reference for event in decider.events} == {"call-7.1"}


@pytest.mark.parametrize(
    ("does", "kind"), [("busy", Kind.BUSY), ("no-answer", Kind.NO_ANSWER), ("failed", Kind.FAILED)]
)
def test_how_a_customer_is_not_reached(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider, does: str, kind: Kind
) -> None:
    engine.phones |= {AMIRA_SIP.address: Phone(), CALLER: Phone(does)}
    call = engine.calls[provider.originate(order(AMIRA_SIP))]
    decider.wait_for(kind)
    engine.wait(lambda: not call.is_live)
    assert "customer" in call.said[-1].lower()
    ends = [event.kind for event in decider.events if event.kind in (kind, Kind.ENDED)]
    assert ends[0] is kind


def test_a_customer_is_not_rung_for_an_agent_who_does_not_press_one(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    engine.phones |= {AMIRA_PHONE.address: Phone(), CALLER: Phone()}
    provider.originate(order(AMIRA_PHONE))
    decider.wait_for(Kind.CANCELED)
    assert CALLER not in [call.to for call in engine.calls.values()]


@pytest.mark.parametrize("does", ["busy", "no-answer"])
def test_an_agent_who_is_not_reached_is_not_told_as_the_customer(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider, does: str
) -> None:
    engine.phones |= {AMIRA_SIP.address: Phone(does), CALLER: Phone()}
    provider.originate(order(AMIRA_SIP))
    assert decider.wait_for(Kind.CANCELED).reference == "call-7.1"
    assert Kind.RINGING not in decider.kinds()


def test_a_dial_that_is_taken_back_ends_every_leg(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    engine.phones |= {AMIRA_SIP.address: Phone(), CALLER: Phone("no-answer")}
    call_id = provider.originate(order(AMIRA_SIP))
    decider.wait_for(Kind.RINGING)
    provider.hang_up(call_id)
    engine.wait(lambda: not any(call.is_live for call in engine.calls.values()))
    provider.hang_up(call_id)
    provider.hang_up("CA-unknown")


def test_the_customer_s_number_is_in_no_address(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    engine.phones |= {AMIRA_PHONE.address: Phone(presses="1"), CALLER: Phone()}
    provider.originate(order(AMIRA_PHONE))
    decider.wait_for(Kind.BRIDGED)
    assert not [url for url, _ in engine.asked if CALLER.removeprefix("+") in url]


def test_a_repeated_order_is_not_dialled_again(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    engine.phones |= {AMIRA_SIP.address: Phone(), CALLER: Phone()}
    assert provider.originate(order(AMIRA_SIP)) == provider.originate(order(AMIRA_SIP))


# -- what stands


def test_a_poll_and_a_report_of_the_same_thing_are_one_event(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    engine.phones |= {AMIRA_SIP.address: Phone(), CALLER: Phone()}
    call_id = provider.originate(order(AMIRA_SIP))
    told = decider.wait_for(Kind.BRIDGED)
    found = provider.look_up(call_id=call_id, reference="call-7.1")
    assert found is not None
    assert (found.kind, found.event_id) == (told.kind, told.event_id)
    provider.hang_up(call_id)
    ended = decider.wait_for(Kind.ENDED)
    found = provider.look_up(call_id=call_id, reference="call-7.1")
    assert found is not None
    assert found.event_id == ended.event_id


def test_a_dial_whose_answer_was_lost_is_found_by_its_reference(
    engine: TwimlEngine, provider: TwilioProvider, decider: Decider
) -> None:
    engine.phones |= {AMIRA_SIP.address: Phone("no-answer"), CALLER: Phone()}
    engine.api.is_deaf_after = True
    with pytest.raises(CallError) as lost:
        provider.originate(order(AMIRA_SIP))
    assert lost.value.is_ambiguous
    decider.wait_for(Kind.AGENT_RINGING)
    found = provider.look_up(call_id="", reference="call-7.1")
    assert found is not None
    assert found.call_id == next(iter(engine.calls))
    assert provider.look_up(call_id="", reference="another") is None


def test_a_call_that_has_asked_for_nothing_yet_leaves_the_look_up_in_doubt(
    engine: TwimlEngine, provider: TwilioProvider
) -> None:
    engine.make("outbound-api", LINE, AMIRA_SIP.address)
    with pytest.raises(CallError) as doubt:
        provider.look_up(call_id="", reference="call-7.1")
    assert doubt.value.is_ambiguous


def test_a_caller_s_standing_is_looked_up(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    engine.phones[AMIRA_SIP.address] = Phone()
    call = waiting(engine, decider)
    standing = provider.look_up(call_id=call.sid, reference="")
    assert standing is not None
    assert standing.kind is Kind.ANSWERED
    provider.connect(call.sid, AMIRA_SIP, reference="offer-1")
    told = decider.wait_for(Kind.BRIDGED)
    assert provider.look_up(call_id=call.sid, reference="offer-1") == told
    assert provider.look_up(call_id="CA-unknown", reference="") is None


def test_it_is_the_same_over_a_wire(engine: TwimlEngine, provider: TwilioProvider, decider: Decider) -> None:
    """As a live server hears it: its own public origin, HTTP, and a query that no test client spelt."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}"
        with TwimlEngine(origin, TOKEN, account=ACCOUNT) as live:
            there = TwilioProvider(
                account_sid=ACCOUNT, auth_token=TOKEN, public_origin=origin, api_base=live.api.base, report=decider
            )
            registry.add(there)
            live.phones[AMIRA_PHONE.address] = Phone(presses="1")
            call = waiting(live, decider)
            there.connect(call.sid, AMIRA_PHONE, reference="offer & 1")
            assert decider.wait_for(Kind.BRIDGED).reference == "offer & 1"
            live.end()
        server.shutdown()
    assert Kind.ENDED in decider.kinds(call.sid)
