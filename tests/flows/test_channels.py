"""Every channel's beginning, and the ways from one to another: the place is kept, and the same agent comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff.broker.models import Handoff
from handoff.broker.states import Channel
from handoff.flows import callbacks, clocks, end_talk
from handoff.flows.booking import Wish
from handoff.flows.open_handoff import Ask, open_handoff
from handoff.flows.switch_channel import switch_by_agent, switch_by_customer
from handoff.identity.models import Session
from handoff.intents.models import Intent, IntentAction
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, Hours, Queue
from handoff.telephony.base import Kind
from handoff.telephony.models import PhoneNumber
from tests.phones import call_in, later, ring, ring_in_vain, window_in, wish
from tests.scenes import accept, offer_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def every_channel(phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.routing.queries.BUILT_CHANNELS", tuple(Channel))
    Intent.objects.update(channels=list(Channel))


def session_of(page: Any) -> Session:
    return Session.objects.select_related("customer__site").get(customer__public_id=page.customer["id"])


def click(page: Any, channel: str, *, wished: Wish | None = None, **fields: Any) -> tuple[Handoff, bool]:
    asked = {"client_id": f"c{LogEntry.objects.count()}", "intent": "dispute-charge"} | fields
    view, is_new = open_handoff(session_of(page), Ask(channel=channel, wish=wished or wish(), **asked))
    return Handoff.objects.select_related("customer").get(public_id=view["id"]), is_new


def reload(handoff: Handoff) -> Handoff:
    return Handoff.objects.select_related("agent", "preferred_agent").get(pk=handoff.pk)


def talking(page: Any, agent: Agent, channel: str) -> Handoff:
    handoff, _ = click(page, channel)
    accept(agent, offer_to(agent))
    return reload(handoff)


def code_of(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


# -- the beginning


@pytest.mark.parametrize(
    ("channel", "in_hours", "state"),
    [
        ("chat", 0, "queued"),
        ("voice", 0, "queued"),
        ("callback", 0, "queued"),
        ("callback", 2, "scheduled"),
        ("phone", 0, "awaiting_call"),
        ("chat", 2, "queued"),
    ],
)
def test_where_each_channel_begins(maya, channel: str, in_hours: int, state: str) -> None:
    window = window_in(in_hours) if in_hours else None
    handoff, is_new = click(maya, channel, wished=wish(window))
    assert (handoff.state, is_new) == (state, True)
    place = {"queued": handoff.opened_at, "scheduled": window and window.starts_at, "awaiting_call": None}[state]
    assert handoff.enqueued_at == place
    assert (handoff.expires_at is not None) == (state != "queued")
    assert (handoff.due_at is not None) == (state == "scheduled")


def test_calls_are_offered_where_the_site_has_a_number(maya, monkeypatch) -> None:
    monkeypatch.undo()
    shown = {one["channel"] for one in maya.get("availability").body["intents"][0]["channels"]}
    assert shown == {"chat", "callback", "phone"}
    PhoneNumber.objects.all().delete()
    shown = {one["channel"] for one in maya.get("availability").body["intents"][0]["channels"]}
    assert shown == {"chat"}
    for channel in ("voice", "phone", "callback"):
        assert maya.ask(channel=channel).code == "channel_not_offered"


def test_a_callback_needs_a_number_to_call(maya) -> None:
    refused = maya.ask(channel="callback")
    assert (refused.code, refused.body["error"]["fields"]) == ("invalid_request", {"callback": "missing"})
    chat, _ = click(maya, "chat")
    assert (
        code_of(lambda: switch_by_customer(session_of(maya), chat.public_id, channel="callback")) == "invalid_request"
    )


def test_at_most_three_are_scheduled_and_one_an_intent(maya, harbour, cards: Queue) -> None:
    for number in range(4):
        Intent.objects.create(site=harbour, key=f"i{number}", label="I", queue=cards, channels=["callback"])
    windows = [window_in(2 + number) for number in range(4)]
    made = [click(maya, "callback", wished=wish(windows[number]), intent=f"i{number}")[0] for number in range(3)]
    assert code_of(lambda: click(maya, "callback", wished=wish(windows[3]), intent="i3")) == "channel_full"
    end_talk.cancel(made[0].customer, made[0].public_id)
    too_far = wish(window_in(8 * 24))
    assert code_of(lambda: click(maya, "callback", wished=too_far, intent="i3")) == "invalid_request"
    assert click(maya, "callback", wished=wish(windows[3]), intent="i3")[1]


def test_opening_the_intent_of_a_scheduled_one_brings_it_forward(maya) -> None:
    promised = window_in(2)
    scheduled, _ = click(maya, "callback", wished=wish(promised), statement="later is fine")
    Session.objects.update(acr="urn:bank:3")
    found, is_new = click(maya, "chat", journey={"steps": [{"path": "/cards"}]}, statement="it happened again")
    assert (found.statement, found.acr) == ("it happened again", "urn:bank:3")
    assert (found.pk, is_new, found.state, found.channel) == (scheduled.pk, False, "queued", "chat")
    assert found.enqueued_at < promised.starts_at
    assert (found.due_at, found.expires_at) == (None, None)
    assert maya.get(f"handoffs/{found.public_id}/receipt").body["steps"][0]["path"] == "/cards"
    opened = LogEntry.objects.filter(type="handoff.opened").order_by("-seq")[0]
    assert opened.data["heads"] == {f"handoff/{found.public_id}": 0}


def test_a_scheduled_one_that_is_left_out_of_hours_waits_without_its_customer(maya, cards: Queue) -> None:
    scheduled, _ = click(maya, "callback", wished=wish(window_in(2)))
    cards.hours = Hours.objects.create(key="never", weekly={"monday": ["00:00-00:01"]}, closed=[])
    cards.save()
    assert code_of(lambda: click(maya, "chat")) == "channel_closed"
    found, _ = click(maya, "chat", leave=True, client_id="click-left")
    assert (found.pk, found.state, found.is_left) == (scheduled.pk, "queued", True)
    end_talk.cancel(found.customer, found.public_id)
    # The same click again, later, is still that one.
    assert click(maya, "chat", leave=True, client_id="click-left")[0].pk == scheduled.pk


def test_asking_again_for_a_later_time_postpones_it(maya) -> None:
    click(maya, "callback", wished=wish(window_in(2)))
    at = window_in(5).starts_at
    found, is_new = click(maya, "callback", wished=wish(window_in(5)))
    assert (is_new, found.state, found.due_at, found.enqueued_at) == (False, "scheduled", at, at)


# -- from one to another


@pytest.mark.parametrize("to", ["voice", "callback", "phone"])
def test_the_place_is_kept(maya, phone, to: str) -> None:
    handoff, _ = click(maya, "chat")
    since = utc_now() - timedelta(minutes=5)
    Handoff.objects.update(enqueued_at=since)
    wished = wish(window_in(2)) if to == "callback" else None
    switch_by_customer(session_of(maya), handoff.public_id, channel=to, wish=wished)
    assert reload(handoff).enqueued_at == since
    if to == "phone":
        call_in(phone, handoff)
        assert (reload(handoff).state, reload(handoff).enqueued_at) == ("queued", since)


def test_who_never_waited_begins_to_wait_with_the_call(maya, phone) -> None:
    handoff, _ = click(maya, "phone")
    call_in(phone, handoff)
    assert reload(handoff).enqueued_at >= handoff.opened_at


def test_what_was_promised_for_later_waits_from_now_on(maya) -> None:
    handoff, _ = click(maya, "callback", wished=wish(window_in(2)))
    switch_by_customer(session_of(maya), handoff.public_id, channel="chat")
    assert reload(handoff).enqueued_at <= utc_now()


def test_a_chat_becomes_voice_without_a_pause(maya, amira) -> None:
    IntentAction.objects.create(
        intent=Intent.objects.get(key="dispute-charge", site__key="harbour"), key="refund", label="R", channels=["chat"]
    )
    handoff = talking(maya, amira, "chat")
    switch_by_agent(amira, handoff.public_id, channel="voice", version=handoff.version)
    after = reload(handoff)
    assert (after.state, after.agent, after.channel) == ("connected", amira, "voice")
    briefing = LogEntry.objects.filter(type="briefing.changed").latest("id").data
    assert briefing["verdicts"][0]["verdict"] == "not_here"


@pytest.mark.parametrize("to", ["callback", "phone"])
def test_after_a_talk_the_same_agent_is_asked_first(maya, phone, amira, tomas, to: str) -> None:
    handoff = talking(maya, amira, "chat")
    offer_ids = set(Offer.objects.values_list("pk", flat=True))
    switch_by_customer(session_of(maya), handoff.public_id, channel=to, wish=wish())
    after = reload(handoff)
    assert (after.agent, after.preferred_agent) == (None, amira)
    assert timedelta(seconds=20) < after.preferred_until - utc_now() <= timedelta(seconds=60)
    if to == "phone":
        call_in(phone, handoff)
    routing.renew_lease(tomas, now=utc_now())
    routing.set_availability(tomas, available=True, after_current=False, reason="")
    assert routing.run_matching() == 1
    assert Offer.objects.exclude(pk__in=offer_ids).get().agent == amira
    accept(amira, Offer.objects.get(status="pending"))
    assert reload(handoff).preferred_agent is None


def test_the_same_channel_again_changes_nothing(maya) -> None:
    handoff, _ = click(maya, "chat")
    switch_by_customer(session_of(maya), handoff.public_id, channel="chat")
    assert reload(handoff).version == handoff.version


def test_what_cannot_be_switched_stays(maya, amira) -> None:
    handoff = talking(maya, amira, "chat")
    session, id_ = session_of(maya), handoff.public_id
    assert code_of(lambda: switch_by_customer(session, id_, channel="pigeon")) == "invalid_request"
    assert code_of(lambda: switch_by_agent(amira, id_, channel="voice", version=1)) == "stale_version"
    Intent.objects.update(channels=["chat"])
    assert code_of(lambda: switch_by_agent(amira, id_, channel="voice")) == "channel_not_offered"
    Intent.objects.update(channels=list(Channel))
    end_talk.end_by_agent(amira, id_, version=None)
    assert code_of(lambda: switch_by_customer(session, id_, channel="voice")) == "illegal_transition"
    end_talk.wrap_up(amira, id_, disposition="resolved", note="", version=None)
    assert code_of(lambda: switch_by_customer(session, id_, channel="voice")) == "handoff_closed"


def test_a_scheduled_one_does_not_open_beside_another(maya) -> None:
    scheduled, _ = click(maya, "callback", wished=wish(window_in(2)))
    click(maya, "chat", intent="lost-card")
    act = lambda: switch_by_customer(session_of(maya), scheduled.public_id, channel="chat")  # noqa: E731
    assert code_of(act) == "illegal_transition"


# -- calls and callbacks


def test_a_caller_who_hangs_up_has_left_and_the_second_report_says_nothing_new(maya, phone) -> None:
    handoff, _ = click(maya, "phone")
    call_in(phone, handoff)
    for _ in range(2):
        phone.tell("call-1", Kind.ENDED, event_id="ended")
        phone.tell("call-1", Kind.ENDED)
    after = reload(handoff)
    assert (after.close_reason, after.version) == ("abandoned", 3)


def test_the_end_of_a_call_does_not_close_what_goes_on_in_a_chat(maya, phone) -> None:
    handoff, _ = click(maya, "phone")
    call_in(phone, handoff)
    switch_by_customer(session_of(maya), handoff.public_id, channel="chat")
    phone.tell("call-1", Kind.ENDED)
    after = reload(handoff)
    assert (after.state, after.channel) == ("queued", "chat")


def test_an_unanswered_callback_is_tried_again_and_given_up_at_last(maya, phone, amira) -> None:
    handoff = talking(maya, amira, "callback")
    place = reload(handoff).enqueued_at
    for attempt in range(1, 4):
        ring_in_vain(phone, amira, handoff.public_id)
        after = reload(handoff)
        if attempt < 3:
            assert (after.state, after.agent, after.enqueued_at) == ("scheduled", None, place)
            assert timedelta(minutes=9) < after.due_at - utc_now() <= timedelta(minutes=10)
            assert code_of(lambda: ring(amira, handoff.public_id)) == "not_found"
            Handoff.objects.update(due_at=utc_now())
            assert clocks.come_due() == 1
            accept(amira, offer_to(amira))
    assert (after.state, after.close_reason) == ("closed", "unreachable")
    assert len(phone.asked("originate")) == 3


def test_an_agent_reschedules_what_is_theirs(maya, amira, tomas) -> None:
    handoff, window = talking(maya, amira, "callback"), window_in(3)
    id_, put_off = handoff.public_id, later(window)
    assert code_of(lambda: callbacks.postpone_by_agent(tomas, id_, put_off)) == "not_found"
    assert code_of(lambda: callbacks.postpone_by_agent(amira, id_, put_off, version=1)) == "stale_version"
    callbacks.postpone_by_agent(amira, id_, put_off)
    assert (reload(handoff).state, reload(handoff).due_at) == ("scheduled", window.starts_at)


def test_by_so_many_minutes_or_in_a_window_and_never_both(maya) -> None:
    handoff, _ = click(maya, "callback")
    put_off = lambda asked: callbacks.postpone_by_customer(handoff.customer, handoff.public_id, asked)  # noqa: E731
    both = callbacks.Later(minutes=5, window=later(window_in(1)).window, time_zone="UTC")
    for wrong in (callbacks.Later(), both, callbacks.Later(minutes=0), callbacks.Later(minutes=7 * 24 * 60 + 1)):
        assert code_of(lambda wrong=wrong: put_off(wrong)) == "invalid_request"
    put_off(callbacks.Later(minutes=45))
    after = reload(handoff)
    assert after.state == "scheduled"
    assert timedelta(minutes=44) < after.due_at - utc_now() <= timedelta(minutes=45)


def test_a_chat_is_not_put_off(maya) -> None:
    handoff, _ = click(maya, "chat")
    act = lambda: callbacks.postpone_by_customer(handoff.customer, handoff.public_id, later(window_in(1)))  # noqa: E731
    assert code_of(act) == "illegal_transition"
