"""When a caller's line opens, to whom, and what happens to it as the handoff goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handoff.broker.models import Handoff
from handoff.calls import tasks
from handoff.flows import dispatch, end_talk
from handoff.flows.control_call import control
from handoff.realtime.clock import database_now
from handoff.staffing.models import Agent
from handoff.telephony.base import CallError, Kind
from tests.calls.scene import (
    call_of,
    call_with_code,
    desk,
    do_tasks,
    give_to_the_line,
    known_maya,
    pass_time,
    refusal_of,
    reload,
    take,
    told,
)
from tests.conftest import Page
from tests.scripted_phone import ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_opens_when_the_console_says_so(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    assert (do_tasks(), desk.asked("connect")) == (0, [])
    control(amira, handoff.public_id, action="rendered")
    assert call_of("call-1").rendered_at is not None
    do_tasks()
    assert desk.asked("connect") == [("call-1", amira.audio)]
    assert told(handoff, "call.changed")[-1]["call"]["is_rendered"] is True


def test_a_console_that_says_nothing_does_not_cost_the_call(
    desk: ScriptedPhone, known_maya: Page, amira: Agent, caplog
) -> None:
    call_with_code(known_maya, desk)
    take(amira)
    pass_time(timedelta(seconds=0.6))
    assert (do_tasks(), desk.asked("connect")) == (0, [])
    pass_time(timedelta(seconds=1.5))
    do_tasks()
    assert desk.asked("connect") == [("call-1", amira.audio)]
    assert "was not on screen in time" in caplog.text


def test_nothing_is_connected_before_anybody_accepted(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    assert refusal_of(lambda: control(amira, handoff.public_id, action="rendered")).code == "not_found"
    pass_time(timedelta(minutes=5))
    do_tasks()
    assert desk.asked("connect") == []


def test_passed_on_the_caller_waits_and_is_connected_to_the_next(
    desk: ScriptedPhone, known_maya: Page, amira: Agent, tomas: Agent
) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    control(amira, handoff.public_id, action="rendered")
    do_tasks()
    desk.tell("call-1", Kind.BRIDGED)
    give_to_the_line(amira, handoff)
    do_tasks()
    assert desk.asked("park") == [("call-1",)]
    assert (call_of("call-1").status, call_of("call-1").agent) == ("queued", None)
    take(tomas)
    assert call_of("call-1").rendered_at is None
    control(tomas, handoff.public_id, action="rendered")
    do_tasks()
    assert [address for _, address in desk.asked("connect")] == [amira.audio, tomas.audio]


def test_passed_on_before_it_opened_rings_the_next_alone(
    desk: ScriptedPhone, known_maya: Page, amira: Agent, tomas: Agent
) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    give_to_the_line(amira, handoff)
    take(tomas)
    pass_time(timedelta(seconds=3))
    do_tasks()
    assert [address for _, address in desk.asked("connect")] == [tomas.audio]


def test_a_park_that_is_tried_again_comes_before_the_next_agent(
    desk: ScriptedPhone, known_maya: Page, amira: Agent, tomas: Agent
) -> None:
    """Or it would take the one off the line who has just been put through."""
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    pass_time(timedelta(seconds=3))
    do_tasks()
    give_to_the_line(amira, handoff)
    desk.fails["park"] = CallError("busy", retry_after_seconds=30)
    do_tasks()
    take(tomas)
    control(tomas, handoff.public_id, action="rendered")
    assert do_tasks() == 0
    pass_time(timedelta(seconds=31))
    do_tasks()
    assert [ask[0] for ask in desk.asks] == ["connect", "park", "park", "connect"]


def test_the_next_agent_is_put_through_also_while_the_former_is_still_rung(
    desk: ScriptedPhone, known_maya: Page, amira: Agent, tomas: Agent
) -> None:
    """The ask for the former is under way: it is not taken for that of the next."""
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    pass_time(timedelta(seconds=3))
    (slow,) = tasks.claim_due(["scripted"], now=database_now(), limit=9)
    give_to_the_line(amira, handoff)
    take(tomas)
    control(tomas, handoff.public_id, action="rendered")
    dispatch.perform(slow)
    do_tasks()
    assert [ask[0] for ask in desk.asks][-2:] == ["park", "connect"]
    assert desk.asked("connect")[-1] == ("call-1", tomas.audio)


def test_over_is_hung_up(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    end_talk.end_by_agent(amira, handoff.public_id, version=None)
    pass_time(timedelta(seconds=3))
    do_tasks()
    assert [ask[0] for ask in desk.asks] == ["hang_up"]


def test_hold_and_mute_are_asked_in_their_order(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    act = refusal_of(lambda: control(amira, handoff.public_id, action="hold"))
    assert act.code == "illegal_transition"
    pass_time(timedelta(seconds=3))
    do_tasks()
    desk.tell("call-1", Kind.BRIDGED)
    for action in ("hold", "mute"):
        control(amira, handoff.public_id, action=action)
    do_tasks()
    for action in ("resume", "unmute"):
        control(amira, handoff.public_id, action=action)
    assert (call_of("call-1").is_held, call_of("call-1").is_muted) == (False, False)
    do_tasks()
    assert [ask[0] for ask in desk.asks] == ["connect", "hold", "mute", "resume", "unmute"]


def on_the_line(desk: ScriptedPhone, tab: Page, agent: Agent) -> Handoff:
    handoff, _ = call_with_code(tab, desk)
    take(agent)
    pass_time(timedelta(seconds=3))
    do_tasks()
    desk.tell("call-1", Kind.BRIDGED)
    return reload(handoff)


def test_the_last_wish_is_what_is_asked(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff = on_the_line(desk, known_maya, amira)
    for action in ("mute", "unmute", "mute"):
        control(amira, handoff.public_id, action=action)
    do_tasks()
    assert [ask[0] for ask in desk.asks if ask[0] in ("mute", "unmute")] == ["mute"]
    assert call_of("call-1").is_muted


def test_nothing_is_shown_as_done_that_was_refused(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff = on_the_line(desk, known_maya, amira)
    desk.fails["mute"] = CallError("not possible", is_permanent=True)
    control(amira, handoff.public_id, action="mute")
    do_tasks()
    assert (call_of("call-1").is_muted, call_of("call-1").trouble) == (False, "provider")


def test_hung_up_when_nobody_is_there_any_more_is_said(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    desk.tell("call-1", Kind.ENDED)
    control(amira, handoff.public_id, action="rendered")
    assert refusal_of(lambda: control(amira, handoff.public_id, action="hang_up")).code == "illegal_transition"
    assert (reload(handoff).state, call_of("call-1").status) == ("connected", "ended")


@pytest.mark.parametrize("what", ["connect", "park", "hang_up"])
def test_an_answer_that_got_lost_is_asked_for_again(
    desk: ScriptedPhone, known_maya: Page, amira: Agent, what: str
) -> None:
    """Unlike a dial, none of these does harm the second time; a caller who is left in silence does."""
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    desk.fails[what] = CallError("no answer", is_ambiguous=True)
    pass_time(timedelta(seconds=3))
    do_tasks()
    pass_time(timedelta(seconds=2))
    do_tasks()
    if what == "park":
        give_to_the_line(amira, handoff)
    elif what == "hang_up":
        end_talk.end_by_agent(amira, handoff.public_id, version=None)
    do_tasks()
    pass_time(timedelta(seconds=2))
    do_tasks()
    assert len(desk.asked(what)) == 2


def test_resumed_while_the_hold_is_under_way_it_is_resumed_after_it(
    desk: ScriptedPhone, known_maya: Page, amira: Agent
) -> None:
    handoff, _ = call_with_code(known_maya, desk)
    take(amira)
    pass_time(timedelta(seconds=3))
    do_tasks()
    desk.tell("call-1", Kind.BRIDGED)
    control(amira, handoff.public_id, action="hold")
    (slow,) = tasks.claim_due(["scripted"], now=database_now(), limit=9)
    for action in ("resume", "hold", "resume"):
        control(amira, handoff.public_id, action=action)
    assert do_tasks() == 0
    dispatch.perform(slow)
    do_tasks()
    assert [ask[0] for ask in desk.asks] == ["connect", "hold", "resume"]
