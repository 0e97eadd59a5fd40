"""The page that showed the code says whether the call is its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from handoff.broker.models import Handoff
from handoff.calls import codes
from handoff.calls.models import Call, Code
from handoff.flows import clocks, end_talk
from handoff.lib.clock import utc_now
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, Hours, Queue
from handoff.telephony.base import AskCode, Hold, Kind
from tests.calls.scene import (
    ask_to_call,
    call_of,
    call_with_code,
    callback_body,
    claim,
    desk,
    do_tasks,
    known_maya,
    reload,
    sign_in,
    stranger_of,
    take,
    told,
)
from tests.conftest import Page
from tests.scenes import assert_refused, offer_to
from tests.scripted_phone import ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_me(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, call = call_with_code(known_maya, desk, caller="")
    for _ in range(2):
        assert claim(known_maya, handoff, call, mine=True).body["call"]["evidence"] == "tap"
    assert (reload(handoff).state, reload(handoff).evidence) == ("queued", "tap")


def test_a_denial_counts_after_a_tap_too(desk: ScriptedPhone, known_maya: Page) -> None:
    """Whoever tapped may have been somebody else at an open page."""
    handoff, call = call_with_code(known_maya, desk)
    claim(known_maya, handoff, call, mine=True)
    assert claim(known_maya, handoff, call, mine=False).body["state"] == "awaiting_call"
    assert claim(known_maya, handoff, call, mine=True).status == 404
    assert (reload(handoff).evidence, stranger_of("call-1").state) == ("", "queued")


def test_a_tap_carries_the_sign_in_of_the_session_that_taps(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, call = call_with_code(known_maya, desk)
    Handoff.objects.update(acr="urn:bank:3", auth_time=1_700_000_000)
    weak = Page(known_maya.site, known_maya.origin, known_maya.secret)
    weak.open(weak.token(sub="maya-1", name="Maya Chen", acr="urn:bank:1"))
    assert claim(weak, handoff, call, mine=True).status == 200
    assert (reload(handoff).acr, reload(handoff).auth_time, reload(handoff).evidence) == ("urn:bank:1", None, "tap")


def test_a_call_that_was_left_for_another_number_vouches_for_nobody(desk: ScriptedPhone, known_maya: Page) -> None:
    handoff, call = call_with_code(known_maya, desk)
    wish = {"phone": "+44 7700 900123", "consent": "Call me", "time_zone": "Europe/London"}
    switched(known_maya, handoff, "callback", callback=wish)
    assert claim(known_maya, handoff, call, mine=True).status == 404
    assert reload(handoff).evidence == "other_number"


def test_not_me_while_it_waits(desk: ScriptedPhone, known_maya: Page) -> None:
    opened = known_maya.ask()
    since = utc_now() - timedelta(minutes=5)
    Handoff.objects.update(enqueued_at=since)
    assert known_maya.post(f"handoffs/{opened.body['id']}/channel", {"channel": "phone"}).status == 200
    handoff, call = call_with_code(known_maya, desk)
    used = codes.derive(handoff.public_id, Code.objects.count(), secret=settings.SECRET_KEY)
    answer = claim(known_maya, handoff, call, mine=False)
    assert (answer.status, answer.body["state"], answer.body["call"]) == (200, "awaiting_call", None)
    after = reload(handoff)
    assert (after.enqueued_at, after.evidence) == (since, "")
    assert after.expires_at is not None
    theirs = stranger_of("call-1")
    assert (theirs.state, call_of("call-1").claim) == ("queued", "")
    assert theirs.customer != handoff.customer
    # A new code, that works and leads to the old place.
    code = answer.body["phone"]["code"]
    desk.ring("call-2")
    assert desk.key("call-2", used) == AskCode(8, is_again=True)
    assert desk.key("call-2", code) == Hold()
    assert (reload(handoff).state, reload(handoff).enqueued_at) == ("queued", since)
    # The first caller's end is not Maya's.
    desk.tell("call-1", Kind.ENDED)
    assert (reload(theirs).close_reason, reload(handoff).state) == ("abandoned", "queued")
    assert_refused(claim(known_maya, handoff, call, mine=False), 404, "not_found")


def test_not_me_while_it_is_offered_takes_the_offer_back(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, call = call_with_code(known_maya, desk)
    offer = offer_to(amira)
    claim(known_maya, handoff, call, mine=False)
    assert reload(handoff).state == "awaiting_call"
    assert Offer.objects.get(pk=offer.pk).status == "withdrawn"


def test_not_me_while_they_talk_takes_nothing_back(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, call = call_with_code(known_maya, desk)
    take(amira)
    desk.tell("call-1", Kind.BRIDGED)
    for _ in range(2):
        assert claim(known_maya, handoff, call, mine=False).status == 200
    after = reload(handoff)
    assert (after.state, after.agent, after.evidence) == ("connected", amira, "denied")
    assert (call_of("call-1").handoff, call_of("call-1").evidence) == (handoff, "denied")
    assert len(told(handoff, "briefing.changed")) == 1


def test_not_me_where_the_line_has_closed_meanwhile(desk: ScriptedPhone, known_maya: Page, cards: Queue) -> None:
    handoff, call = call_with_code(known_maya, desk)
    cards.hours = Hours.objects.create(key="never", weekly={"monday": ["00:00-00:01"]}, closed=[])
    cards.save()
    claim(known_maya, handoff, call, mine=False)
    do_tasks()
    assert desk.asked("hang_up") == [("call-1",)]
    assert reload(handoff).state == "awaiting_call"


@pytest.mark.parametrize("mine", [True, False])
def test_a_foreign_call_is_not_found(desk: ScriptedPhone, known_maya: Page, page, mine: bool) -> None:
    handoff, call = call_with_code(known_maya, desk)
    noor = sign_in(page(), "noor-1", phone_number="+447700900002")
    own, _ = ask_to_call(noor)
    assert_refused(claim(noor, handoff, call, mine=mine), 404, "not_found")
    assert_refused(claim(noor, own, call, mine=mine), 404, "not_found")
    assert_refused(claim(known_maya, handoff, Call(public_id="ca_absent"), mine=mine), 404, "not_found")
    assert reload(handoff).evidence == "code"


@pytest.mark.parametrize("mine", [True, False])
def test_after_the_caller_has_gone_there_is_nothing_to_say(desk: ScriptedPhone, known_maya: Page, mine: bool) -> None:
    handoff, call = call_with_code(known_maya, desk)
    desk.tell("call-1", Kind.ENDED)
    assert_refused(claim(known_maya, handoff, call, mine=mine), 409, "handoff_closed")


def test_not_me_in_the_wrap_up_still_reaches_the_agent(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    handoff, call = call_with_code(known_maya, desk)
    take(amira)
    desk.tell("call-1", Kind.ENDED)
    end_talk.end_by_agent(amira, handoff.public_id, version=None)
    assert claim(known_maya, handoff, call, mine=False).status == 200
    assert (reload(handoff).state, reload(handoff).evidence) == ("wrap_up", "denied")


def test_not_me_after_the_call_puts_no_ghost_in_line(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    """They hung up, and the agent who had them is gone: nobody is left to stand in line as a stranger."""
    handoff, call = call_with_code(known_maya, desk)
    take(amira)
    desk.tell("call-1", Kind.ENDED)
    Agent.objects.update(seen_at=utc_now() - timedelta(hours=1), heard_at=None, lease_expires_at=utc_now())
    Agent.objects.update(lease_expires_at=utc_now() - timedelta(hours=1))
    assert clocks.lose_agents() == 1
    # Nobody is on the line for another agent.
    assert reload(handoff).state == "wrap_up"
    assert claim(known_maya, handoff, call, mine=False).body["state"] == "wrap_up"
    assert Handoff.objects.get() == handoff


def switched(tab: Page, handoff: Handoff, channel: str, **fields: Any) -> None:
    assert tab.post(f"handoffs/{handoff.public_id}/channel", {"channel": channel} | fields).status == 200


@pytest.mark.parametrize("mine", [True, False])
def test_what_is_said_of_a_call_does_not_count_where_another_number_is_rung(
    desk: ScriptedPhone, known_maya: Page, mine: bool
) -> None:
    handoff, call = call_with_code(known_maya, desk)
    switched(known_maya, handoff, "callback", callback=callback_body(phone="+447700900002"))
    assert_refused(claim(known_maya, handoff, call, mine=mine), 404, "not_found")
    assert (reload(handoff).evidence, reload(handoff).state) == ("other_number", "queued")


@pytest.mark.parametrize("mine", [True, False])
def test_what_is_said_of_a_former_call_does_not_count_for_this_one(
    desk: ScriptedPhone, known_maya: Page, mine: bool
) -> None:
    handoff, former = call_with_code(known_maya, desk)
    switched(known_maya, handoff, "chat")
    desk.tell("call-1", Kind.ENDED)
    switched(known_maya, handoff, "phone")
    _, call = call_with_code(known_maya, desk, "call-2", caller="")
    assert (call.handoff, call.evidence) == (handoff, "code_only")
    assert_refused(claim(known_maya, handoff, former, mine=mine), 404, "not_found")
    assert (reload(handoff).evidence, reload(handoff).state) == ("code_only", "queued")
