"""The socket of an Asterisk: who may open it, and what happens when it falls silent, breaks or comes back."""

from __future__ import annotations

import threading

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from handoff.telephony.backends import asterisk_link
from handoff.telephony.backends.asterisk import AsteriskProvider
from handoff.telephony.base import Audio, CallError, Kind
from tests.telephony.asterisk_scene import (
    AGENT,
    CUSTOMER,
    PASSWORD,
    USER,
    connected,
    order,
    wait,
    waiting,
)
from tests.telephony.deciding import AMIRA_SIP, Decider
from tests.telephony.fake_asterisk import FakeAsterisk


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer YXN0ZXJpc2s6YSBwYXNzd29yZCBvZiBzb21lIGxlbmd0aA=="},
        {"Authorization": "Basic YXN0ZXJpc2s6YSBwYXNzd29yZA=="},
        {"Authorization": "Basic OmEgcGFzc3dvcmQgb2Ygc29tZSBsZW5ndGg="},
    ],
)
def test_whoever_does_not_know_the_password_is_refused_before_the_socket_opens(
    server: str, provider: AsteriskProvider, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(server, additional_headers=headers)
    assert refused.value.response.status_code == 403
    assert not provider.is_reachable()


def test_without_the_provider_there_is_no_socket(server: str) -> None:
    with pytest.raises(InvalidStatus):
        FakeAsterisk(server, user=USER, password=PASSWORD)


def test_nothing_that_arrives_ends_the_socket(asterisk: FakeAsterisk, decider: Decider) -> None:
    for text in (
        "",
        "{",
        "[]",
        "1",
        "null",
        '{"type": 7}',
        '{"type": "StasisStart"}',
        '{"type": "Dial", "peer": 1}',
        '{"type": "RESTResponse"}',
        '{"type": "StasisStart", "args": 4, "channel": {"id": 4}}',
        "[" * 9000,
    ):
        asterisk._socket.send(text)
    waiting(asterisk, decider)


def test_it_can_be_asked_only_while_it_is_connected(server: str, provider: AsteriskProvider) -> None:
    assert not provider.is_reachable()
    with pytest.raises(CallError) as gone:
        provider.originate(order())
    assert not gone.value.is_permanent
    assert not gone.value.is_ambiguous
    with connected(server, provider):
        assert provider.is_reachable()


def test_a_dial_that_is_refused_can_be_asked_again(asterisk: FakeAsterisk, provider: AsteriskProvider) -> None:
    with pytest.raises(CallError) as refused:
        provider.originate(order())
    assert refused.value.is_permanent
    asterisk.phones[AGENT] = "ring"
    assert provider.originate(order()) == "call-7.1"
    asterisk.refuses["POST channels"] = 503
    with pytest.raises(CallError) as down:
        provider.originate(order(reference="call-8.1"))
    assert not down.value.is_permanent


def test_an_asterisk_that_falls_silent_may_have_dialled(
    asterisk: FakeAsterisk, provider: AsteriskProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_link, "ANSWER_SECONDS", 0.1)
    asterisk.silent_for = {"POST channels", "GET channels/*"}
    with pytest.raises(CallError) as doubt:
        provider.originate(order())
    assert doubt.value.is_ambiguous
    with pytest.raises(CallError) as deaf:
        provider.look_up(call_id="", reference="call-9.1")
    assert not deaf.value.is_ambiguous


def test_a_socket_that_breaks_leaves_what_was_asked_in_doubt(server: str, provider: AsteriskProvider) -> None:
    with connected(server, provider) as asterisk:
        asterisk.silent_for = {"POST channels"}
        errors: list[CallError] = []

        def dial() -> None:
            with pytest.raises(CallError) as gone:
                provider.originate(order())
            errors.append(gone.value)

        thread = threading.Thread(target=dial)
        thread.start()
        wait(lambda: asterisk.asked("POST channels"))
    thread.join(5)
    assert errors[0].is_ambiguous


def test_a_look_up_tells_what_stands(asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider) -> None:
    asterisk.phones |= {AGENT: "ring", CUSTOMER: "ring"}
    assert provider.look_up(call_id="", reference="call-7.1") is None
    provider.originate(order())
    told = decider.wait_for(Kind.AGENT_RINGING)
    assert provider.look_up(call_id="", reference="call-7.1") == told
    asterisk.pick_up(asterisk.channels["call-7.1"])
    decider.wait_for(Kind.RINGING)
    found = provider.look_up(call_id="call-7.1", reference="call-7.1")
    assert found is not None
    assert found.kind is Kind.RINGING
    asterisk.pick_up(asterisk.channels["call-7.1-customer"])
    assert provider.look_up(call_id="call-7.1", reference="call-7.1") == decider.wait_for(Kind.BRIDGED)
    provider.hang_up("call-7.1")
    assert provider.look_up(call_id="", reference="call-7.1") == decider.wait_for(Kind.ENDED)
    gone = provider.look_up(call_id="from-before.1", reference="")
    assert gone is not None
    assert gone.kind is Kind.ENDED


def test_calls_outlive_their_socket(server: str, provider: AsteriskProvider, decider: Decider) -> None:
    with connected(server, provider) as asterisk:
        stays, goes = waiting(asterisk, decider), waiting(asterisk, decider)
    assert Kind.ENDED not in decider.kinds()
    # The second caller hung up while nobody listened; that is seen at once.
    with connected(server, provider, channels={stays.id: stays}) as again:
        assert decider.wait_for(Kind.ENDED).call_id == goes.id
        again.phones[AGENT] = "answer"
        provider.connect(stays.id, AMIRA_SIP, reference="offer-1")
        assert decider.wait_for(Kind.BRIDGED).call_id == stays.id
        assert decider.kinds().count(Kind.ENDED) == 1


def test_a_caller_from_before_this_process_is_connected(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider
) -> None:
    caller = waiting(asterisk, decider)
    provider._calls.calls.clear()
    provider._calls._by_channel.clear()
    asterisk.phones[AGENT] = "answer"
    provider.connect(caller.id, AMIRA_SIP, reference="offer-1")
    assert decider.wait_for(Kind.BRIDGED).call_id == caller.id
    with pytest.raises(CallError) as unknown:
        provider.connect("nobody.1", AMIRA_SIP, reference="offer-2")
    assert unknown.value.is_permanent


def test_two_instances_are_told_apart(server: str, provider: AsteriskProvider, decider: Decider) -> None:
    with (
        connected(server, provider, asterisk_id="02:fc:01") as one,
        connected(server, provider, asterisk_id="02:fc:02") as two,
    ):
        callers = [(each, waiting(each, decider)) for each in (one, two)]
        for place, (each, caller) in enumerate(callers):
            each.phones[AGENT] = "answer"
            provider.connect(caller.id, AMIRA_SIP, reference=f"offer-{place}")
            wait(lambda each=each, place=place: f"offer-{place}" in each.channels)  # type: ignore[misc]
        decider.wait_for(Kind.BRIDGED, count=2)


@pytest.mark.parametrize(
    "address", ["sip:a/b@pbx", "sip:a&b@pbx", "sip:{user}@pbx", "sip:@pbx", "abc", "sip:amira,1@pbx", "1" * 30]
)
def test_what_could_be_read_as_more_than_an_address_is_not_dialled(
    asterisk: FakeAsterisk, provider: AsteriskProvider, address: str
) -> None:
    with pytest.raises(CallError) as refused:
        provider.originate(order(Audio(address)))
    assert refused.value.is_permanent
    with pytest.raises(CallError):
        provider.originate(order(reference="a/b"))
    assert not asterisk.asked("POST .*")
