"""A caller rings, keys a code, waits and is brought to an agent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from handoff.telephony.backends.lab.limits import Limits
from handoff.telephony.backends.lab.provider import LabProvider
from handoff.telephony.base import (
    AskCode,
    Audio,
    CallError,
    CallEvent,
    Control,
    HangUp,
    Hold,
    Instruction,
    Kind,
    Nothing,
)
from tests.telephony.lab.conftest import Desk, number_at
from tests.telephony.softphone import Policy, Softphone, wait_until


def wait_on_hold(lab: LabProvider, *, desk: Desk, caller: Softphone) -> str:
    """Bring a caller to the point where they wait; answers the call's id."""
    caller.call(number_at(lab))
    caller.wait_for(lambda: caller.is_up, what="the call is answered")
    caller.send_digits("12345678", way="info")
    return desk.wait_for(Kind.CODE_ENTERED).call_id


@pytest.mark.parametrize("way", ["rfc4733", "info"])
def test_code_is_keyed_and_told_once(lab: LabProvider, desk: Desk, way: str) -> None:
    with Softphone("+447700900001") as caller:
        caller.call(number_at(lab))
        caller.wait_for(lambda: caller.is_up)
        caller.send_digits("1*1223#345", way=way)
        event = desk.wait_for(Kind.CODE_ENTERED)
        assert event.digits == "11223345"
        assert (event.caller, event.called) == ("+447700900001", "+442079460000")
        caller.wait_for(lambda: caller.hears(330), what="the hold tone")
        caller.hang_up()
        desk.wait_for(Kind.ENDED)
    assert desk.kinds == [Kind.RINGING, Kind.ANSWERED, Kind.CODE_ENTERED, Kind.ENDED]
    assert len({event.event_id for event in desk.events}) == 4
    assert all(name.startswith("lab-report") for name in desk.threads)


def test_code_asked_again_is_another_prompt_and_begins_anew(lab: LabProvider, desk: Desk) -> None:
    asked = iter([AskCode(4), AskCode(4, is_again=True), Hold()])
    is_all_keyed = threading.Event()

    def decide(event: CallEvent) -> Instruction:
        if event.kind is Kind.CODE_ENTERED:
            is_all_keyed.wait(10)
        return next(asked) if event.kind in (Kind.RINGING, Kind.CODE_ENTERED) else Nothing()

    desk.decide = decide
    with Softphone() as caller:
        caller.call(number_at(lab))
        caller.wait_for(lambda: caller.audio.recording.find_first(620), what="the prompt")
        caller.send_digits("111199", way="info")
        caller.wait_for(lambda: caller.get_statuses("INFO") == [200] * 6)
        is_all_keyed.set()
        caller.wait_for(lambda: caller.audio.recording.find_first(250), what="the second prompt")
        caller.send_digits("2222", way="info")
        caller.wait_for(lambda: caller.audio.recording.find_first(330), what="the hold tone")
    assert [event.digits for event in desk.events if event.kind is Kind.CODE_ENTERED] == ["1111", "2222"]


@pytest.mark.parametrize(("keyed", "told"), [("", ""), ("123", "123")])
def test_code_that_stays_short_is_told_as_it_is(
    open_lab: Callable[..., LabProvider], desk: Desk, keyed: str, told: str
) -> None:
    lab = open_lab(limits=Limits(first_digit_seconds=0.8, next_digit_seconds=0.4))
    with Softphone() as caller:
        caller.call(number_at(lab))
        caller.wait_for(lambda: caller.is_up)
        caller.send_digits(keyed)
        assert desk.wait_for(Kind.CODE_ENTERED).digits == told


def test_agent_and_caller_hear_each_other_from_the_bridge_on(lab: LabProvider, desk: Desk) -> None:
    with Softphone() as caller, Softphone("amira") as agent:
        call_id = wait_on_hold(lab, desk=desk, caller=caller)
        caller.send_tone(440)
        caller.wait_for(lambda: caller.hears(330), what="the hold tone")
        assert agent.received == []
        assert agent.first_audio_at is None
        asked_at = time.monotonic()
        lab.connect(call_id, Audio(agent.address), reference="ho_1")
        lab.connect(call_id, Audio(agent.address), reference="ho_1")
        desk.wait_for(Kind.BRIDGED)
        agent.send_tone(880)
        caller.wait_for(lambda: caller.hears(880), what="the agent")
        agent.wait_for(lambda: agent.hears(440), what="the caller")
        assert agent.first_audio_at > asked_at
        assert agent.times_rung == 1
        assert agent.received[0].get("x-handoff-reference") == "ho_1"
        assert lab.look_up(call_id="", reference="ho_1").kind is Kind.BRIDGED
        agent.hang_up()
        caller.wait_for(lambda: caller.is_over, what="the BYE")
    desk.wait_for(Kind.ENDED)
    assert desk.kinds[3:] == [Kind.AGENT_RINGING, Kind.BRIDGED, Kind.ENDED]


@pytest.mark.parametrize("policy", [Policy.BUSY, Policy.DECLINE, Policy.FAIL])
def test_caller_waits_on_when_the_agent_cannot_take_it(lab: LabProvider, desk: Desk, policy: Policy) -> None:
    with Softphone() as caller, Softphone("tomas", policy=policy) as busy, Softphone("amira") as free:
        call_id = wait_on_hold(lab, desk=desk, caller=caller)
        lab.connect(call_id, Audio(busy.address), reference="ho_1")
        desk.wait_for(Kind.QUEUED)
        since = time.monotonic()
        caller.wait_for(lambda: caller.hears(330, since=since), what="the hold tone again")
        lab.connect(call_id, Audio(free.address), reference="ho_2")
        desk.wait_for(Kind.BRIDGED)
        assert desk.kinds[3:] == [Kind.AGENT_RINGING, Kind.QUEUED, Kind.AGENT_RINGING, Kind.BRIDGED]


def test_agent_who_does_not_answer_is_taken_back(open_lab: Callable[..., LabProvider], desk: Desk) -> None:
    lab = open_lab(limits=Limits(agent_ring_seconds=0.3))
    with Softphone() as caller, Softphone("tomas", policy=Policy.NEVER) as away:
        call_id = wait_on_hold(lab, desk=desk, caller=caller)
        lab.connect(call_id, Audio(away.address), reference="ho_1")
        desk.wait_for(Kind.QUEUED)
        away.wait_for(lambda: "CANCEL" in away.methods, what="our CANCEL")
        away.wait_for(lambda: "ACK" in away.methods, what="our ACK of the 487")
        assert caller.is_up


def test_another_agent_takes_over(lab: LabProvider, desk: Desk) -> None:
    with Softphone() as caller, Softphone("amira") as first, Softphone("tomas", answer_after=0.5) as second:
        call_id = wait_on_hold(lab, desk=desk, caller=caller)
        lab.connect(call_id, Audio(first.address), reference="ho_1")
        first.wait_for(lambda: first.is_up)
        desk.wait_for(Kind.BRIDGED)
        lab.connect(call_id, Audio(second.address), reference="ho_2")
        first.wait_for(lambda: first.is_over, what="the BYE to the first agent")
        caller.wait_for(lambda: caller.hears(330), what="the hold tone meanwhile")
        wait_until(lambda: desk.kinds.count(Kind.BRIDGED) == 2)
        assert desk.events[-1].reference == "ho_2"
        caller.send_tone(440)
        second.wait_for(lambda: second.hears(440))


def test_hold_and_mute_part_the_two(lab: LabProvider, desk: Desk) -> None:
    with Softphone() as caller, Softphone("amira") as agent:
        call_id = wait_on_hold(lab, desk=desk, caller=caller)
        with pytest.raises(CallError) as refused:
            lab.control(call_id, Control.HOLD)
        assert refused.value.is_permanent
        lab.connect(call_id, Audio(agent.address), reference="ho_1")
        desk.wait_for(Kind.BRIDGED)
        caller.send_tone(440)
        agent.send_tone(880)
        agent.wait_for(lambda: agent.hears(440))
        caller.wait_for(lambda: caller.hears(880))

        lab.control(call_id, Control.MUTE)
        caller.wait_for(lambda: caller.power(880) == 0, what="silence from the muted agent")
        assert agent.hears(440)
        lab.control(call_id, Control.UNMUTE)
        caller.wait_for(lambda: caller.hears(880), what="the agent, no longer muted")

        lab.control(call_id, Control.HOLD)
        held_at = time.monotonic()
        caller.wait_for(lambda: caller.hears(330, since=held_at), what="the hold tone")
        agent.wait_for(lambda: agent.power(440) == 0, what="silence for the agent")
        caller.wait_for(lambda: caller.power(880) < 0.01, what="the agent is no longer heard")
        lab.control(call_id, Control.RESUME)
        agent.wait_for(lambda: agent.hears(440))
        caller.wait_for(lambda: caller.hears(880))


def test_phone_that_holds_by_itself_is_sent_nothing(lab: LabProvider, desk: Desk) -> None:
    with Softphone() as caller, Softphone() as other:
        wait_on_hold(lab, desk=desk, caller=caller)
        caller.wait_for(lambda: caller.hears(330))
        other.call(number_at(lab))
        other.wait_for(lambda: other.is_up)
        caller.hold()
        caller.wait_for(lambda: caller.get_statuses("INVITE").count(200) == 2, what="the answer to the re-INVITE")
        assert "a=recvonly" in caller.received[-1].body
        count, other_count = caller.audio.packets, other.audio.packets
        other.wait_for(lambda: other.audio.packets > other_count + 10, what="audio for somebody else meanwhile")
        # What was under way when it held may still come, and no more than that.
        assert caller.audio.packets - count <= 2
        caller.hold(is_held=False)
        caller.wait_for(lambda: caller.audio.packets > count + 10, what="audio again")
        assert Kind.ENDED not in desk.kinds


def test_caller_who_gives_up_before_the_answer_ends_it(lab: LabProvider, desk: Desk) -> None:
    desk.decide = lambda event: Nothing()
    with Softphone() as caller:
        caller.call(number_at(lab))
        desk.wait_for(Kind.RINGING)
        caller.wait_for(lambda: 180 in caller.statuses)
        caller.cancel()
        caller.wait_for(lambda: 487 in caller.statuses)
    desk.wait_for(Kind.ENDED)
    assert desk.kinds == [Kind.RINGING, Kind.ENDED]


def test_caller_whom_nobody_decides_about_is_not_rung_for_ever(
    open_lab: Callable[..., LabProvider], desk: Desk
) -> None:
    desk.decide = lambda event: Nothing()
    lab = open_lab(limits=Limits(undecided_seconds=0.2))
    with Softphone() as caller:
        caller.call(number_at(lab))
        caller.wait_for(lambda: 480 in caller.statuses)
    desk.wait_for(Kind.ENDED)


def test_goodbye_is_said_before_the_line_closes(lab: LabProvider, desk: Desk) -> None:
    def decide(event: CallEvent) -> Instruction:
        return (
            HangUp("Goodbye.")
            if event.kind is Kind.CODE_ENTERED
            else Hold()
            if event.kind is Kind.RINGING
            else AskCode(2)
        )

    desk.decide = decide
    with Softphone() as caller:
        caller.call(number_at(lab))
        caller.wait_for(lambda: caller.is_up)
        caller.send_digits("12")
        caller.wait_for(lambda: caller.is_over, what="the BYE")
        assert caller.audio.recording.find_first(290)
    desk.wait_for(Kind.ENDED)


def test_goodbye_parts_the_two_and_is_not_interrupted(lab: LabProvider, desk: Desk) -> None:
    desk.decide = lambda event: (
        HangUp() if event.kind is Kind.BRIDGED else Hold() if event.kind is Kind.RINGING else Nothing()
    )
    with Softphone() as caller, Softphone("amira") as agent, Softphone("tomas") as other:
        caller.call(number_at(lab))
        call_id = desk.wait_for(Kind.ANSWERED).call_id
        lab.connect(call_id, Audio(agent.address), reference="ho_1")
        agent.wait_for(lambda: agent.is_over, what="the BYE to the agent")
        assert caller.is_up
        with pytest.raises(CallError) as refused:
            lab.connect(call_id, Audio(other.address), reference="ho_2")
        assert refused.value.is_permanent
        caller.wait_for(lambda: caller.is_over, what="the BYE after the goodbye")
        assert caller.audio.recording.find_first(290)
        assert other.received == []


def test_caller_can_be_refused(lab: LabProvider, desk: Desk) -> None:
    desk.decide = lambda event: HangUp()
    with Softphone() as caller:
        caller.call(number_at(lab))
        caller.wait_for(lambda: caller.is_over)
        assert caller.statuses[-1] == 603
    desk.wait_for(Kind.ENDED)


def test_full_lab_is_busy(open_lab: Callable[..., LabProvider], desk: Desk) -> None:
    lab = open_lab(limits=Limits(calls=1))
    with Softphone() as first, Softphone() as second:
        first.call(number_at(lab))
        first.wait_for(lambda: first.is_up)
        second.call(number_at(lab))
        second.wait_for(lambda: 486 in second.statuses)
    assert desk.kinds.count(Kind.RINGING) == 1


def test_hanging_up_twice_is_no_error(lab: LabProvider, desk: Desk) -> None:
    with Softphone() as caller:
        call_id = wait_on_hold(lab, desk=desk, caller=caller)
        lab.hang_up(call_id)
        lab.hang_up(call_id)
        lab.hang_up("lab_unknown")
        caller.wait_for(lambda: caller.is_over)
        assert caller.kinds_of_request == ["BYE"]
    ended = desk.wait_for(Kind.ENDED)
    assert lab.look_up(call_id=call_id, reference="") == ended
    with pytest.raises(CallError) as refused:
        lab.connect(call_id, Audio("sip:amira@127.0.0.1:5099"), reference="ho_1")
    assert refused.value.is_permanent


def test_report_that_fails_is_told_again_under_the_same_id(lab: LabProvider, desk: Desk) -> None:
    failures = iter([True, False])

    def decide(event: CallEvent) -> Instruction:
        if event.kind is Kind.RINGING and next(failures):
            raise RuntimeError("the database is away")
        return Hold() if event.kind is Kind.RINGING else Nothing()

    desk.decide = decide
    with Softphone() as caller:
        caller.call(number_at(lab))
        caller.wait_for(lambda: caller.hears(330), what="the hold tone")
    assert desk.kinds[:2] == [Kind.RINGING, Kind.RINGING]
    assert desk.events[0].event_id == desk.events[1].event_id


def test_decision_that_cannot_be_done_stops_no_report(lab: LabProvider, desk: Desk) -> None:
    desk.decide = lambda event: AskCode("eight") if event.kind is Kind.RINGING else Nothing()
    with Softphone() as caller:
        caller.call(number_at(lab))
        desk.wait_for(Kind.ANSWERED)
        caller.hang_up()
        desk.wait_for(Kind.ENDED)


def test_sixty_callers_at_once_each_with_their_own_code(lab: LabProvider, desk: Desk) -> None:
    codes = {f"+4477009{place:05d}": f"{place:02d}{place * 7919 % 1000000:06d}" for place in range(60)}
    phones = [Softphone(number) for number in codes]
    try:
        for phone in phones:
            phone.call(number_at(lab))
        for phone in phones:
            phone.wait_for(lambda phone=phone: phone.is_up)
            phone.send_digits(codes[phone.user])
        wait_until(lambda: desk.kinds.count(Kind.CODE_ENTERED) == 60, seconds=20, what=lambda: str(len(desk.events)))
    finally:
        for phone in phones:
            phone.close()
    keyed = {event.caller: event.digits for event in desk.events if event.kind is Kind.CODE_ENTERED}
    assert keyed == codes
    wait_until(lambda: desk.kinds.count(Kind.ENDED) == 60, what="every call ends")


def test_a_parked_caller_waits_again_and_is_brought_to_the_next_agent(lab: LabProvider, desk: Desk) -> None:
    with Softphone("+447700900001") as caller, Softphone("amira") as amira, Softphone("tomas") as tomas:
        call_id = wait_on_hold(lab, desk=desk, caller=caller)
        lab.connect(call_id, Audio(amira.address), reference="to-amira")
        desk.wait_for(Kind.BRIDGED)
        lab.park(call_id)
        amira.wait_for(lambda: amira.is_over, what="off the line")
        since = time.monotonic()
        caller.wait_for(lambda: caller.hears(330, since=since), what="the hold tone")
        lab.park(call_id)
        caller.send_tone(440)
        lab.connect(call_id, Audio(tomas.address), reference="to-tomas")
        tomas.wait_for(lambda: tomas.hears(440), what="the caller")
        assert desk.kinds.count(Kind.BRIDGED) == 2
        assert Kind.QUEUED not in desk.kinds
