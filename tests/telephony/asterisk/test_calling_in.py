"""Customers who call, by ARI: an Asterisk in documented shape is moved by a real server."""

from __future__ import annotations

import pytest

from handoff.telephony import registry
from handoff.telephony.backends import asterisk_calls
from handoff.telephony.backends.asterisk import AsteriskProvider
from handoff.telephony.base import Audio, Connect, Control, HangUp, Kind
from tests.telephony.asterisk_scene import (
    AGENT,
    CALLER,
    LINE,
    PHONE,
    wait,
    waiting,
)
from tests.telephony.deciding import AMIRA_PHONE, AMIRA_SIP, CODE, Decider
from tests.telephony.fake_asterisk import FakeAsterisk


@pytest.mark.parametrize("agent", [AMIRA_SIP, AMIRA_PHONE])
def test_a_caller_keys_the_code_waits_and_talks(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider, agent: Audio
) -> None:
    asterisk.phones |= {AGENT: "answer", PHONE: "answer"}
    caller = waiting(asterisk, decider)
    provider.connect(caller.id, agent, reference="offer-1")
    if not agent.is_sip:
        wait(lambda: asterisk.channels["offer-1"].heard == ["play sound:handoff/press-one"])
        assert Kind.BRIDGED not in decider.kinds()
        asterisk.press(asterisk.channels["offer-1"], "1")
    decider.wait_for(Kind.BRIDGED)
    assert asterisk.bridges == {f"{caller.id}-bridge": [caller.id, "offer-1"]}
    assert caller.heard[-2:] == ["moh", "moh"]  # begun, and ended
    asterisk.hang_up(caller.id)
    decider.wait_for(Kind.ENDED)
    wait(lambda: not asterisk.channels and not asterisk.bridges)
    assert decider.kinds() == [
        Kind.RINGING,
        Kind.ANSWERED,
        Kind.CODE_ENTERED,
        Kind.AGENT_RINGING,
        Kind.BRIDGED,
        Kind.ENDED,
    ]
    assert {event.call_id for event in decider.events} == {caller.id}
    assert (decider.events[0].caller, decider.events[0].called) == (CALLER, LINE)
    assert decider.events[2].digits == CODE


def test_the_first_key_ends_the_words(asterisk: FakeAsterisk, decider: Decider) -> None:
    waiting(asterisk, decider)
    assert len(asterisk.asked("DELETE playbacks/.*")) == 1


def test_a_wrong_code_is_asked_for_again(asterisk: FakeAsterisk, decider: Decider) -> None:
    channel = asterisk.call_in(CALLER, LINE)
    wait(lambda: "play sound:handoff/code" in channel.heard)
    asterisk.press(channel, "00000000")
    wait(lambda: "play sound:handoff/code-again" in channel.heard)
    asterisk.press(channel, CODE)
    wait(lambda: "moh" in channel.heard)
    entered = [event for event in decider.events if event.kind is Kind.CODE_ENTERED]
    assert [event.digits for event in entered] == ["00000000", CODE]
    assert len({event.event_id for event in entered}) == 2


def test_keys_that_do_not_come_are_not_waited_for(
    asterisk: FakeAsterisk, decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_calls, "FIRST_KEY_SECONDS", 0.1)
    channel = asterisk.call_in(CALLER, LINE)
    assert decider.wait_for(Kind.CODE_ENTERED).digits == ""
    wait(lambda: "moh" in channel.heard)


def test_keys_that_stop_are_reported_as_far_as_they_came(
    asterisk: FakeAsterisk, decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_calls, "NEXT_KEY_SECONDS", 0.1)
    channel = asterisk.call_in(CALLER, LINE)
    wait(lambda: "play sound:handoff/code" in channel.heard)
    asterisk.press(channel, "48#")
    assert decider.wait_for(Kind.CODE_ENTERED).digits == "48#"


def test_an_agent_who_does_not_press_one_leaves_the_caller_in_line(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_calls, "PRESS_SECONDS", 0.1)
    asterisk.phones |= {PHONE: "answer", AGENT: "answer"}
    caller = waiting(asterisk, decider)
    provider.connect(caller.id, AMIRA_PHONE, reference="offer-1")
    wait(lambda: "offer-1" in asterisk.channels)
    asterisk.press(asterisk.channels["offer-1"], "2")
    assert decider.wait_for(Kind.QUEUED).reference == "offer-1"
    assert caller.id in asterisk.channels
    provider.connect(caller.id, AMIRA_SIP, reference="offer-2")
    assert decider.wait_for(Kind.BRIDGED).reference == "offer-2"


@pytest.mark.parametrize("does", ["busy", "no-answer", "reject", "broken"])
def test_an_agent_who_is_not_reached_leaves_the_caller_in_line(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider, does: str
) -> None:
    asterisk.phones[AGENT] = does
    caller = waiting(asterisk, decider)
    decider.connect = Connect(AMIRA_PHONE, "offer-2")
    asterisk.phones[PHONE] = "ring"
    provider.connect(caller.id, AMIRA_SIP, reference="offer-1")
    decider.wait_for(Kind.QUEUED)
    # The decision has the next one rung in its answer.
    assert decider.wait_for(Kind.AGENT_RINGING, count=2).reference == "offer-2"


def test_asked_twice_it_rings_once(asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider) -> None:
    asterisk.phones[AGENT] = "ring"
    caller = waiting(asterisk, decider)
    for _ in range(2):
        provider.connect(caller.id, AMIRA_SIP, reference="offer-1")
    assert len(asterisk.asked("POST channels")) == 1


def test_an_agent_who_hangs_up_ends_the_call(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider
) -> None:
    asterisk.phones[AGENT] = "answer"
    caller = waiting(asterisk, decider)
    provider.connect(caller.id, AMIRA_SIP, reference="offer-1")
    decider.wait_for(Kind.BRIDGED)
    asterisk.hang_up("offer-1")
    decider.wait_for(Kind.ENDED)
    wait(lambda: not asterisk.channels)


def test_a_call_is_held_muted_parked_and_hung_up(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider
) -> None:
    asterisk.phones[AGENT] = "answer"
    caller = waiting(asterisk, decider)
    provider.connect(caller.id, AMIRA_SIP, reference="offer-1")
    decider.wait_for(Kind.BRIDGED)
    bridge = asterisk.bridges[f"{caller.id}-bridge"]
    provider.control(caller.id, Control.HOLD)
    assert bridge == ["offer-1"]
    provider.control(caller.id, Control.RESUME)
    assert set(bridge) == {caller.id, "offer-1"}
    provider.control(caller.id, Control.MUTE)
    provider.control(caller.id, Control.UNMUTE)
    assert [method for method, _, _ in asterisk.asked(".* channels/offer-1/mute")] == ["POST", "DELETE"]
    provider.park(caller.id)
    assert set(asterisk.channels) == {caller.id}
    assert caller.heard[-1] == "moh"
    provider.connect(caller.id, AMIRA_SIP, reference="offer-2")
    assert decider.wait_for(Kind.BRIDGED, count=2).reference == "offer-2"
    provider.hang_up(caller.id)
    decider.wait_for(Kind.ENDED)
    provider.hang_up(caller.id)
    wait(lambda: not asterisk.channels)


def test_a_caller_who_is_turned_away_at_once_is_not_answered(asterisk: FakeAsterisk, decider: Decider) -> None:
    decider.refuses_with = HangUp("We are closed.")
    channel = asterisk.call_in(CALLER, LINE)
    wait(lambda: not asterisk.channels)
    assert channel.heard == ["DELETE"]


def test_a_caller_who_is_turned_away_later_hears_a_goodbye(asterisk: FakeAsterisk, decider: Decider) -> None:
    decider.connect = Connect(AMIRA_SIP, "offer-1")
    channel = waiting(asterisk, decider)
    provider = registry.get("asterisk")
    assert isinstance(provider, AsteriskProvider)
    with provider._lock:
        effects = provider._calls.instruct(channel.id, HangUp("We are closed."), now=1.0)
        provider._carry_out(effects, provider._links[0])
    decider.wait_for(Kind.ENDED)
    wait(lambda: not asterisk.channels)
    assert channel.heard[-2:] == ["play sound:handoff/goodbye", "DELETE"]


def test_a_report_that_cannot_be_stored_is_told_again(asterisk: FakeAsterisk, decider: Decider) -> None:
    decider.fails = 1
    waiting(asterisk, decider)
    assert decider.kinds()[0] is Kind.RINGING


def test_sixty_callers_at_once_are_all_asked(asterisk: FakeAsterisk, decider: Decider) -> None:
    channels = [asterisk.call_in(f"+4477009{number:05}", LINE) for number in range(60)]
    wait(lambda: all("play sound:handoff/code" in channel.heard for channel in channels), seconds=10)
    for channel in channels:
        asterisk.press(channel, CODE)
    wait(lambda: all("moh" in channel.heard for channel in channels), seconds=10)
    entered = {event.call_id: event.digits for event in decider.events if event.kind is Kind.CODE_ENTERED}
    assert entered == {channel.id: CODE for channel in channels}
