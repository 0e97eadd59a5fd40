"""A dial of ours: the agent first, then the customer, and whatever may come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from handoff.telephony.backends.lab.limits import Limits
from handoff.telephony.backends.lab.provider import LabProvider
from handoff.telephony.backends.lab.transactions import Timers
from handoff.telephony.base import Audio, CallError, Control, HangUp, Kind, Nothing, Order
from tests.telephony.lab.conftest import Desk
from tests.telephony.softphone import Policy, Softphone

NUMBER = "+447700900123"


@pytest.fixture
def agent() -> Iterator[Softphone]:
    with Softphone("amira") as phone:
        yield phone


def dial(lab: LabProvider, *, agent: Softphone, reference: str = "call_1", ring_seconds: int = 30) -> str:
    return lab.originate(Order(reference, Audio(agent.address), NUMBER, "+442079460000", ring_seconds))


def test_both_hear_each_other(open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone) -> None:
    with Softphone("maya", answer_after=0.6) as customer:
        lab = open_lab(routes={NUMBER: customer.address})
        call_id = dial(lab, agent=agent)
        customer.wait_for(lambda: customer.received, what="our INVITE")
        assert agent.is_up, "the agent is on the line before the customer is rung"
        assert "sip:+442079460000@" in customer.received[0].get("from")
        agent.wait_for(lambda: agent.audio.recording.find_first(425), what="the ringback tone")
        desk.wait_for(Kind.BRIDGED)
        customer.send_tone(440)
        agent.send_tone(880)
        agent.wait_for(lambda: agent.hears(440), what="the customer")
        customer.wait_for(lambda: customer.hears(880), what="the agent")
        lab.control(call_id, Control.HOLD)
        customer.wait_for(lambda: customer.hears(330), what="the hold tone")
        lab.hang_up(call_id)
        for phone in (agent, customer):
            phone.wait_for(lambda phone=phone: phone.is_over)
    desk.wait_for(Kind.ENDED)
    assert desk.kinds == [Kind.AGENT_RINGING, Kind.RINGING, Kind.ANSWERED, Kind.BRIDGED, Kind.ENDED]
    assert {event.reference for event in desk.events} == {"call_1"}
    assert {event.called for event in desk.events} == {NUMBER}


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        (Policy.BUSY, Kind.BUSY),
        (Policy.DECLINE, Kind.BUSY),
        (Policy.AWAY, Kind.NO_ANSWER),
        (Policy.FAIL, Kind.FAILED),
        # Nobody there at all: our INVITE is repeated until T1 times 64 is over.
        (Policy.SILENT, Kind.NO_ANSWER),
    ],
)
def test_customer_who_is_not_reached(
    open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone, policy: Policy, kind: Kind
) -> None:
    with Softphone("maya", policy=policy) as customer:
        lab = open_lab(routes={NUMBER: customer.address}, timers=Timers(t1=0.02, t2=0.2))
        call_id = dial(lab, agent=agent)
        told = desk.wait_for(kind)
        agent.wait_for(lambda: agent.is_over, what="the agent's line closes too")
        assert lab.look_up(call_id=call_id, reference="") == told
        assert lab.look_up(call_id="", reference="call_1") == told
        if policy is Policy.SILENT:
            assert customer.methods.count("INVITE") > 3
        else:
            customer.wait_for(lambda: customer.kinds_of_request == ["INVITE", "ACK"])
    assert desk.kinds[-1] is kind


def test_customer_who_never_answers_is_taken_back(
    open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone
) -> None:
    with Softphone("maya", policy=Policy.NEVER) as customer:
        lab = open_lab(routes={NUMBER: customer.address})
        dial(lab, agent=agent, ring_seconds=1)
        desk.wait_for(Kind.RINGING)
        desk.wait_for(Kind.NO_ANSWER)
        customer.wait_for(lambda: customer.kinds_of_request == ["INVITE", "CANCEL", "ACK"], what="our CANCEL, our ACK")
        agent.wait_for(lambda: agent.is_over)
    assert desk.kinds == [Kind.AGENT_RINGING, Kind.RINGING, Kind.NO_ANSWER]


def test_customer_who_drops_ends_it(open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone) -> None:
    with Softphone("maya", drop_after=0.3) as customer:
        lab = open_lab(routes={NUMBER: customer.address})
        dial(lab, agent=agent)
        desk.wait_for(Kind.ENDED)
        agent.wait_for(lambda: agent.is_over)
    assert desk.kinds[-2:] == [Kind.BRIDGED, Kind.ENDED]


@pytest.mark.parametrize("policy", [Policy.BUSY, Policy.DECLINE, Policy.FAIL, Policy.NEVER])
def test_agent_who_cannot_leaves_the_customer_in_peace(
    open_lab: Callable[..., LabProvider], desk: Desk, policy: Policy
) -> None:
    with Softphone("maya") as customer, Softphone("amira", policy=policy) as agent:
        lab = open_lab(routes={NUMBER: customer.address}, limits=Limits(agent_ring_seconds=0.3))
        dial(lab, agent=agent)
        desk.wait_for(Kind.CANCELED)
        agent.wait_for(lambda: "ACK" in agent.methods, what="our ACK")
        assert ("CANCEL" in agent.methods) is (policy is Policy.NEVER)
        assert customer.received == []
    assert desk.kinds == [Kind.AGENT_RINGING, Kind.CANCELED]


@pytest.mark.parametrize("who", ["agent", "lab", "decision"])
def test_taking_back_while_it_rings(
    open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone, who: str
) -> None:
    if who == "decision":
        desk.decide = lambda event: HangUp() if event.kind is Kind.RINGING else Nothing()
    with Softphone("maya", policy=Policy.NEVER) as customer:
        lab = open_lab(routes={NUMBER: customer.address})
        call_id = dial(lab, agent=agent)
        desk.wait_for(Kind.RINGING)
        if who == "agent":
            agent.hang_up()
        elif who == "lab":
            lab.hang_up(call_id)
        desk.wait_for(Kind.CANCELED)
        customer.wait_for(lambda: "CANCEL" in customer.methods, what="our CANCEL")
        agent.wait_for(lambda: agent.is_over)


def test_answer_that_crosses_the_taking_back_is_hung_up(
    open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone
) -> None:
    """The customer's phone answers and pays no heed to the CANCEL: it gets an ACK and a BYE."""
    with Softphone("maya", policy=Policy.SILENT, heeds_cancel=False) as customer:
        lab = open_lab(routes={NUMBER: customer.address})
        call_id = dial(lab, agent=agent)
        customer.wait_for(lambda: customer.received, what="our INVITE")
        lab.hang_up(call_id)
        customer.policy = Policy.ANSWER  # it hears the repeated INVITE
        customer.wait_for(lambda: customer.kinds_of_request == ["INVITE", "CANCEL", "ACK", "BYE"], what="our BYE")
    desk.wait_for(Kind.CANCELED)
    assert desk.kinds == [Kind.AGENT_RINGING, Kind.CANCELED]


def test_same_reference_dials_once(open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone) -> None:
    with Softphone("maya") as customer:
        lab = open_lab(routes={NUMBER: customer.address})
        first = dial(lab, agent=agent)
        assert lab.look_up(call_id="", reference="call_1").call_id == first, "it is known from its first moment on"
        assert dial(lab, agent=agent) == first
        desk.wait_for(Kind.BRIDGED)
        lab.hang_up(first)
        for phone in (agent, customer):
            phone.wait_for(lambda phone=phone: phone.is_over)
        assert dial(lab, agent=agent) == first
        assert dial(lab, agent=agent, reference="call_2") != first
        customer.wait_for(lambda: customer.times_rung == 2)
    assert lab.look_up(call_id="", reference="call_3") is None


def test_ended_calls_are_forgotten_after_their_time(
    open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone
) -> None:
    with Softphone("maya") as customer:
        lab = open_lab(routes={NUMBER: customer.address}, limits=Limits(kept_seconds=0.2))
        first = dial(lab, agent=agent)
        lab.hang_up(first)
        ended_at = time.monotonic()
        agent.wait_for(lambda: lab.look_up(call_id=first, reference="call_1") is None, what="it is forgotten")
        assert time.monotonic() - ended_at > 0.15


def test_gateway_gets_what_has_no_route(open_lab: Callable[..., LabProvider], desk: Desk, agent: Softphone) -> None:
    with Softphone("gateway") as gateway:
        lab = open_lab(gateway=f"127.0.0.1:{gateway.port}")
        dial(lab, agent=agent)
        desk.wait_for(Kind.BRIDGED)
        assert gateway.received[0].first == f"INVITE sip:{NUMBER}@127.0.0.1:{gateway.port} SIP/2.0"


def test_registered_softphones_are_rung_by_name_and_number(lab: LabProvider, desk: Desk) -> None:
    with Softphone("amira") as agent, Softphone(NUMBER) as customer:
        order = Order("call_1", Audio("sip:amira@lab"), NUMBER, "+442079460000")
        with pytest.raises(CallError, match="registered") as refused:
            lab.originate(order)
        assert not refused.value.is_permanent
        agent.register(lab.address)
        agent.wait_for(lambda: 200 in agent.statuses)
        assert f"<sip:amira@127.0.0.1:{agent.port}>" in agent.received[-1].get("contact")
        with pytest.raises(CallError, match="no route"):
            lab.originate(order)
        customer.register(lab.address)
        customer.wait_for(lambda: 200 in customer.statuses)
        lab.originate(order)
        desk.wait_for(Kind.BRIDGED)


def test_softphone_that_took_its_name_back_is_not_rung(lab: LabProvider, desk: Desk, agent: Softphone) -> None:
    agent.register(lab.address)
    agent.wait_for(lambda: agent.get_statuses("REGISTER") == [200])
    agent.register(lab.address, seconds=0)
    agent.wait_for(lambda: agent.get_statuses("REGISTER") == [200, 200])
    assert "expires" not in agent.received[-1].get("contact")
    with pytest.raises(CallError, match="registered"):
        lab.originate(Order("call_1", Audio("sip:amira@lab"), NUMBER, "+442079460000"))
    assert agent.times_rung == 0


@pytest.mark.parametrize(
    "address", ["+447700900999", "sip:amira@192.0.2.1:5060", "sip:amira@127.0.0.1:5060\r\nX: y", "sip:@", ""]
)
def test_agent_who_cannot_be_rung_is_refused_for_good(lab: LabProvider, desk: Desk, address: str) -> None:
    with pytest.raises(CallError) as refused:
        lab.originate(Order("call_1", Audio(address), NUMBER, "+442079460000"))
    assert refused.value.is_permanent
    assert desk.events == []
