"""The agent calls the customer back: when that is allowed, how often, and what comes of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from handoff.broker.models import Handoff
from handoff.callbacks.models import CallingRules, Suppression
from handoff.calls.models import Call
from handoff.flows import callbacks, end_talk
from handoff.flows.control_call import control
from handoff.flows.dial import dial
from handoff.flows.switch_channel import switch_by_agent
from handoff.identity.models import Site
from handoff.lib.clock import rfc3339, utc_now
from handoff.staffing.models import Agent
from handoff.telephony.base import Kind, Order
from handoff.telephony.models import PhoneNumber
from tests.calls.scene import (
    ask_for_callback,
    callback_of,
    come_due,
    desk,
    do_tasks,
    give_to_the_line,
    known_maya,
    pass_time,
    refusal_of,
    reload,
    sign_in,
    take,
    told,
)
from tests.conftest import Page
from tests.phones import later, ring, ring_in_vain, window_in
from tests.scripted_phone import MAYAS_NUMBER, NUMBER, ScriptedPhone

__all__ = ["desk", "known_maya"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owed(known_maya: Page, amira: Agent) -> Handoff:
    """Maya's callback, as soon as possible, on Amira's desk."""
    ask_for_callback(known_maya)
    return take(amira)


def hours_on(hours: float) -> datetime:
    return utc_now() + timedelta(hours=hours)


def again_on_the_desk_of(agent: Agent, handoff: Handoff, *, minutes: float) -> None:
    pass_time(timedelta(minutes=minutes))
    assert come_due() == 1
    assert take(agent) == handoff


# -- the dial itself


def test_the_agent_is_rung_first_and_the_provider_is_told_no_more_than_it_needs(
    desk: ScriptedPhone, owed: Handoff, amira: Agent, harbour: Site
) -> None:
    CallingRules.objects.filter(site=harbour).update(ring_seconds=17)
    call_id = dial(amira, owed.public_id)
    do_tasks()
    ((order,),) = desk.asked("originate")
    assert isinstance(order, Order)
    assert (order.reference, order.agent.address) == (call_id, amira.audio)
    assert (order.number, order.caller_id, order.ring_seconds) == (MAYAS_NUMBER, NUMBER, 17)
    assert told(owed, "call.changed")[0]["call"]["caller"] == "..0001"


def test_asked_twice_it_is_one_call(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    assert dial(amira, owed.public_id) == dial(amira, owed.public_id)
    do_tasks()
    call = Call.objects.get()
    desk.tell(f"dial-{call.public_id}", Kind.ANSWERED)
    assert dial(amira, owed.public_id) == call.public_id
    do_tasks()
    assert len(desk.asked("originate")) == 1


def test_after_a_talk_that_broke_off_the_agent_may_ring_again(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    first = ring(amira, owed.public_id)
    for kind in (Kind.AGENT_RINGING, Kind.RINGING, Kind.ANSWERED, Kind.BRIDGED, Kind.ENDED):
        desk.tell(first, kind)
    assert (reload(owed).state, reload(owed).agent) == ("connected", amira)
    assert (callback_of(owed).attempts, callback_of(owed).last_outcome) == (1, "answered")
    assert callback_of(owed).next_at is None
    assert ring(amira, owed.public_id) != first
    assert Call.objects.latest("pk").attempt == 2


def test_who_may_not_dial(desk: ScriptedPhone, owed: Handoff, amira: Agent, tomas: Agent) -> None:
    assert refusal_of(lambda: dial(tomas, owed.public_id)).code == "not_found"
    assert refusal_of(lambda: dial(amira, owed.public_id, version=1)).code == "stale_version"
    amira.audio = ""
    assert refusal_of(lambda: dial(amira, owed.public_id)).code == "illegal_transition"
    end_talk.end_by_agent(amira, owed.public_id, version=None)
    assert refusal_of(lambda: dial(amira, owed.public_id)).code == "illegal_transition"
    assert not Call.objects.exists()


def test_a_chat_and_a_site_without_a_number_ring_nobody(desk: ScriptedPhone, known_maya: Page, amira: Agent) -> None:
    known_maya.ask()
    handoff = take(amira)
    assert refusal_of(lambda: dial(amira, handoff.public_id)).code == "illegal_transition"
    switch_by_agent(amira, handoff.public_id, channel="callback")
    take(amira)
    PhoneNumber.objects.all().delete()
    assert refusal_of(lambda: dial(amira, handoff.public_id)).code == "illegal_transition"


def test_the_former_agent_s_dial_is_not_the_next_one_s(
    desk: ScriptedPhone, owed: Handoff, amira: Agent, tomas: Agent
) -> None:
    first = ring(amira, owed.public_id)
    give_to_the_line(amira, owed)
    take(tomas)
    assert refusal_of(lambda: dial(tomas, owed.public_id)).code == "illegal_transition"
    do_tasks()
    assert desk.asked("hang_up") == [(first,)]
    # What becomes of it is not what becomes of the handoff: Tomas has it now.
    desk.tell(first, Kind.RINGING)
    desk.tell(first, Kind.BUSY)
    assert (reload(owed).state, reload(owed).agent) == ("connected", tomas)
    assert callback_of(owed).attempts == 1
    assert ring(tomas, owed.public_id) != first


# -- when it is not allowed


def refused(agent: Agent, handoff: Handoff) -> tuple[str, dict[str, str] | None]:
    error = refusal_of(lambda: dial(agent, handoff.public_id))
    assert not Call.objects.exists()
    return error.code, error.fields


def test_quiet_hours(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    now = utc_now()
    quiet = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    CallingRules.objects.update(quiet_hours=quiet)
    assert refused(amira, owed) == ("number_not_allowed", {"phone": "quiet_hours"})


@pytest.mark.parametrize(("starts", "problem"), [(1, "too_early"), (-2, "window_over")])
def test_outside_the_promised_window(
    desk: ScriptedPhone, owed: Handoff, amira: Agent, starts: float, problem: str
) -> None:
    callback = callback_of(owed)
    callback.starts_at, callback.ends_at = hours_on(starts), hours_on(starts + 0.5)
    callback.save()
    assert refused(amira, owed) == ("number_not_allowed", {"phone": problem})


@pytest.mark.parametrize("is_everywhere", [True, False])
def test_a_number_that_was_suppressed_after_it_was_booked(
    desk: ScriptedPhone, owed: Handoff, amira: Agent, harbour: Site, neighbour: Site, is_everywhere: bool
) -> None:
    Suppression.objects.create(number=MAYAS_NUMBER, site=neighbour)
    Suppression.objects.create(number=MAYAS_NUMBER, site=None if is_everywhere else harbour)
    assert refused(amira, owed) == ("number_not_allowed", {"phone": "suppressed"})


def test_another_site_s_list_suppresses_nothing(
    desk: ScriptedPhone, owed: Handoff, amira: Agent, neighbour: Site
) -> None:
    Suppression.objects.create(number=MAYAS_NUMBER, site=neighbour)
    assert dial(amira, owed.public_id)


def test_so_many_dials_a_day_to_one_customer(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    CallingRules.objects.update(per_customer_day=2)
    for _ in range(2):
        desk.tell(ring(amira, owed.public_id), Kind.ENDED)
    error = refusal_of(lambda: dial(amira, owed.public_id))
    assert error.code == "rate_limited"
    Call.objects.update(created_at=utc_now() - timedelta(hours=24, seconds=1))
    assert dial(amira, owed.public_id)


def test_dials_that_rang_nobody_do_not_count(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    CallingRules.objects.update(per_customer_day=1)
    for _ in range(2):
        desk.tell(ring(amira, owed.public_id), Kind.CANCELED)
    assert dial(amira, owed.public_id)


def test_so_many_dials_an_hour_of_one_site(
    desk: ScriptedPhone, owed: Handoff, amira: Agent, tomas: Agent, page, harbour: Site
) -> None:
    CallingRules.objects.update(per_site_hour=1)
    desk.tell(ring(amira, owed.public_id), Kind.ENDED)
    ask_for_callback(sign_in(page(), "noor-1"))
    other = take(tomas)
    assert refusal_of(lambda: dial(tomas, other.public_id)).code == "rate_limited"
    Call.objects.update(created_at=utc_now() - timedelta(hours=1, seconds=1))
    assert dial(tomas, other.public_id)


# -- nobody was reached


@pytest.mark.parametrize(
    ("kind", "outcome", "minutes"),
    [(Kind.BUSY, "busy", 2), (Kind.NO_ANSWER, "no_answer", 10), (Kind.FAILED, "failed", 1)],
)
def test_it_is_tried_again_by_its_outcome(
    desk: ScriptedPhone, owed: Handoff, amira: Agent, kind: Kind, outcome: str, minutes: int
) -> None:
    ring_in_vain(desk, amira, owed.public_id, kind=kind)
    after = reload(owed)
    assert (after.state, after.agent, after.preferred_agent) == ("scheduled", None, amira)
    assert after.due_at is not None
    wait = after.due_at - utc_now()
    assert timedelta(minutes=minutes, seconds=-5) < wait <= timedelta(minutes=minutes)
    shown = told(owed, "callback.changed")[-1]["callback"]
    assert (shown["attempts"], shown["last_outcome"], shown["next_at"]) == (1, outcome, rfc3339(after.due_at))
    pass_time(timedelta(minutes=minutes, seconds=-6))
    assert come_due() == 0
    pass_time(timedelta(seconds=7))
    assert come_due() == 1
    assert take(amira) == owed


def test_three_attempts_and_it_is_given_up(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    for _ in range(2):
        ring_in_vain(desk, amira, owed.public_id)
        again_on_the_desk_of(amira, owed, minutes=11)
    ring_in_vain(desk, amira, owed.public_id)
    after = reload(owed)
    assert (after.state, after.close_reason) == ("closed", "unreachable")
    assert (callback_of(owed).attempts, len(desk.asked("originate"))) == (3, 3)
    assert told(owed, "callback.changed")[-1]["callback"]["next_at"] is None
    assert come_due() == 0


def test_what_could_not_be_placed_is_tried_once_more(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    ring_in_vain(desk, amira, owed.public_id, kind=Kind.FAILED)
    again_on_the_desk_of(amira, owed, minutes=2)
    ring_in_vain(desk, amira, owed.public_id, kind=Kind.FAILED)
    assert reload(owed).close_reason == "unreachable"


def test_never_after_the_window(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    callback = callback_of(owed)
    callback.starts_at, callback.ends_at = hours_on(-0.2), hours_on(0.1)
    callback.save()
    ring_in_vain(desk, amira, owed.public_id)
    assert reload(owed).close_reason == "unreachable"


def test_in_quiet_hours_it_waits_for_their_end(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    call_id = ring(amira, owed.public_id)
    now = utc_now()
    ends = (now + timedelta(hours=2)).replace(second=0, microsecond=0)
    CallingRules.objects.update(quiet_hours=f"{now - timedelta(minutes=1):%H:%M}-{ends:%H:%M}")
    desk.tell(call_id, Kind.NO_ANSWER)
    assert (reload(owed).state, reload(owed).due_at) == ("scheduled", ends)


def test_a_machine_answered_says_the_human_who_hears_it(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    call_id = ring(amira, owed.public_id)
    act = refusal_of(lambda: control(amira, owed.public_id, action="voicemail"))
    assert act.code == "illegal_transition"
    desk.tell(call_id, Kind.BRIDGED)
    control(amira, owed.public_id, action="voicemail")
    do_tasks()
    assert desk.asked("hang_up") == [(call_id,)]
    desk.tell(call_id, Kind.ENDED)
    after = reload(owed)
    assert (after.state, callback_of(owed).last_outcome) == ("scheduled", "voicemail")
    assert after.due_at is not None
    assert after.due_at - utc_now() > timedelta(minutes=9)


# -- put off while it rings


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_put_off_it_stops_ringing(desk: ScriptedPhone, owed: Handoff, amira: Agent, is_asked_for: bool) -> None:
    """Before anybody was asked to dial, nobody is; after it, the call is ended."""
    call_id = dial(amira, owed.public_id)
    if is_asked_for:
        do_tasks()
        desk.tell(f"dial-{call_id}", Kind.RINGING)
    window = window_in(3)
    callbacks.postpone_by_customer(owed.customer, owed.public_id, later(window))
    do_tasks()
    assert len(desk.asked("originate")) == is_asked_for
    assert len(desk.asked("hang_up")) == is_asked_for
    if is_asked_for:
        desk.tell(f"dial-{call_id}", Kind.CANCELED)
    assert Call.objects.get().status == "canceled"
    after = reload(owed)
    assert (after.state, after.due_at, callback_of(owed).attempts) == ("scheduled", window.starts_at, is_asked_for)


def test_its_agent_agrees_on_another_time(desk: ScriptedPhone, owed: Handoff, amira: Agent, tomas: Agent) -> None:
    call_id = ring(amira, owed.public_id)
    put_off = callbacks.Later(minutes=45)
    assert refusal_of(lambda: callbacks.postpone_by_agent(tomas, owed.public_id, put_off)).code == "not_found"
    callbacks.postpone_by_agent(amira, owed.public_id, put_off)
    do_tasks()
    assert desk.asked("hang_up") == [(call_id,)]
    desk.tell(call_id, Kind.NO_ANSWER)
    after = reload(owed)
    assert after.due_at is not None
    assert timedelta(minutes=44) < after.due_at - utc_now() <= timedelta(minutes=45)
    assert (after.state, after.preferred_agent) == ("scheduled", amira)


def test_cancelled_it_stops_ringing(desk: ScriptedPhone, owed: Handoff, amira: Agent) -> None:
    call_id = ring(amira, owed.public_id)
    end_talk.end_by_customer(owed.customer, owed.public_id)
    do_tasks()
    assert desk.asked("hang_up") == [(call_id,)]
    desk.tell(call_id, Kind.BUSY)
    assert reload(owed).state == "wrap_up"
