"""Customers whom we call, by ARI: agent first, and each way of not reaching somebody."""

from __future__ import annotations

import pytest

from handoff.telephony.backends.asterisk import AsteriskProvider
from handoff.telephony.base import Audio, Kind
from tests.telephony.asterisk_scene import (
    AGENT,
    CUSTOMER,
    LINE,
    PHONE,
    order,
    wait,
)
from tests.telephony.deciding import AMIRA_PHONE, AMIRA_SIP, Decider
from tests.telephony.fake_asterisk import FakeAsterisk


@pytest.mark.parametrize("agent", [AMIRA_SIP, AMIRA_PHONE])
def test_a_dial_rings_the_agent_first_and_then_the_customer(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider, agent: Audio
) -> None:
    asterisk.phones |= {AGENT: "answer", PHONE: "answer", CUSTOMER: "answer"}
    assert provider.originate(order(agent)) == "call-7.1"
    if not agent.is_sip:
        wait(lambda: asterisk.channels["call-7.1"].heard == ["play sound:handoff/press-one"])
        assert len(asterisk.asked("POST channels")) == 1
        asterisk.press(asterisk.channels["call-7.1"], "1")
    decider.wait_for(Kind.BRIDGED)
    provider.hang_up("call-7.1")
    decider.wait_for(Kind.ENDED)
    assert decider.kinds() == [Kind.AGENT_RINGING, Kind.RINGING, Kind.ANSWERED, Kind.BRIDGED, Kind.ENDED]
    assert {(event.call_id, event.reference) for event in decider.events} == {("call-7.1", "call-7.1")}
    assert [query["callerId"] for _, _, query in asterisk.asked("POST channels")] == [LINE, LINE]


@pytest.mark.parametrize(
    ("does", "kind"),
    [("busy", Kind.BUSY), ("no-answer", Kind.NO_ANSWER), ("reject", Kind.BUSY), ("broken", Kind.FAILED)],
)
def test_how_a_customer_is_not_reached(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider, does: str, kind: Kind
) -> None:
    asterisk.phones |= {AGENT: "answer", CUSTOMER: does}
    provider.originate(order())
    decider.wait_for(kind)
    wait(lambda: not asterisk.channels)
    assert decider.kinds() == [Kind.AGENT_RINGING, Kind.RINGING, kind]


def test_a_customer_whose_number_leads_nowhere_has_failed(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider
) -> None:
    asterisk.phones |= {AGENT: "answer"}
    provider.originate(order())
    decider.wait_for(Kind.FAILED)
    wait(lambda: not asterisk.channels)


@pytest.mark.parametrize("does", ["busy", "no-answer"])
def test_an_agent_who_is_not_reached_is_not_told_as_the_customer(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider, does: str
) -> None:
    asterisk.phones |= {AGENT: does, CUSTOMER: "answer"}
    provider.originate(order())
    decider.wait_for(Kind.CANCELED)
    assert decider.kinds() == [Kind.AGENT_RINGING, Kind.CANCELED]


def test_a_dial_is_taken_back_while_it_rings(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider
) -> None:
    asterisk.phones |= {AGENT: "answer", CUSTOMER: "ring"}
    provider.originate(order())
    decider.wait_for(Kind.RINGING)
    provider.hang_up("call-7.1")
    decider.wait_for(Kind.CANCELED)
    wait(lambda: not asterisk.channels)


def test_an_order_is_dialled_once_even_by_a_process_that_knows_nothing_of_it(
    asterisk: FakeAsterisk, provider: AsteriskProvider, decider: Decider
) -> None:
    asterisk.phones |= {AGENT: "ring", CUSTOMER: "answer"}
    for _ in range(2):
        provider.originate(order())
    provider._calls.take_back("call-7.1")
    assert provider.originate(order()) == "call-7.1"
    assert list(asterisk.channels) == ["call-7.1"]
