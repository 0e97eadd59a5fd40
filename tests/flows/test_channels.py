"""Every channel's beginning, and the ways from one to another: the place is kept, and the same agent comes first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from handoff.broker.models import Handoff
from handoff.broker.states import Channel
from handoff.flows import callbacks, calls, end_talk
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
from tests.scenes import accept, offer_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def every_channel(harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.routing.queries.BUILT_CHANNELS", tuple(Channel))
    Intent.objects.update(channels=list(Channel))


def session_of(page: Any) -> Session:
    return Session.objects.select_related("customer__site").get(customer__public_id=page.customer["id"])


def click(page: Any, channel: str, *, due_at: datetime | None = None, **fields: Any) -> tuple[Handoff, bool]:
    asked = {"client_id": f"c{LogEntry.objects.count()}", "intent": "dispute-charge"} | fields
    view, is_new = open_handoff(session_of(page), Ask(channel=channel, due_at=due_at, **asked))
    return Handoff.objects.select_related("customer").get(public_id=view["id"]), is_new


def reload(handoff: Handoff) -> Handoff:
    return Handoff.objects.select_related("agent", "preferred_agent").get(pk=handoff.pk)


def hours_on(hours: int) -> datetime:
    return utc_now() + timedelta(hours=hours)


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
        ("callback", -1, "queued"),
        ("phone", 0, "awaiting_call"),
        ("chat", 2, "queued"),
    ],
)
def test_where_each_channel_begins(maya, channel: str, in_hours: int, state: str) -> None:
    due_at = hours_on(in_hours) if in_hours else None
    handoff, is_new = click(maya, channel, due_at=due_at)
    assert (handoff.state, is_new) == (state, True)
    place = {"queued": handoff.opened_at, "scheduled": due_at, "awaiting_call": None}[state]
    assert handoff.enqueued_at == place
    assert (handoff.expires_at is not None) == (state != "queued")
    assert (handoff.due_at is not None) == (state == "scheduled")


def test_only_chat_is_offered_to_the_public(maya, monkeypatch) -> None:
    monkeypatch.undo()
    for channel in ("voice", "phone", "callback"):
        assert maya.ask(channel=channel).code == "channel_not_offered"


def test_at_most_three_are_scheduled_and_one_an_intent(maya, harbour, cards: Queue) -> None:
    for number in range(4):
        Intent.objects.create(site=harbour, key=f"i{number}", label="I", queue=cards, channels=["callback"])
    made = [click(maya, "callback", due_at=hours_on(2), intent=f"i{number}")[0] for number in range(3)]
    assert code_of(lambda: click(maya, "callback", due_at=hours_on(2), intent="i3")) == "channel_full"
    assert code_of(lambda: click(maya, "callback", due_at=hours_on(8 * 24), intent="i3")) == "channel_full"
    end_talk.cancel(made[0].customer, made[0].public_id)
    assert code_of(lambda: click(maya, "callback", due_at=hours_on(8 * 24), intent="i3")) == "invalid_request"
    assert click(maya, "callback", due_at=hours_on(2), intent="i3")[1]


def test_opening_the_intent_of_a_scheduled_one_brings_it_forward(maya) -> None:
    promised = hours_on(2)
    scheduled, _ = click(maya, "callback", due_at=promised, statement="later is fine")
    Session.objects.update(acr="urn:bank:3")
    found, is_new = click(maya, "chat", journey={"steps": [{"path": "/cards"}]}, statement="it happened again")
    assert (found.statement, found.acr) == ("it happened again", "urn:bank:3")
    assert (found.pk, is_new, found.state, found.channel) == (scheduled.pk, False, "queued", "chat")
    assert found.enqueued_at < promised
    assert (found.due_at, found.expires_at) == (None, None)
    assert maya.get(f"handoffs/{found.public_id}/receipt").body["steps"][0]["path"] == "/cards"
    opened = LogEntry.objects.filter(type="handoff.opened").order_by("-seq")[0]
    assert opened.data["heads"] == {f"handoff/{found.public_id}": 0}


def test_a_scheduled_one_that_is_left_out_of_hours_waits_without_its_customer(maya, cards: Queue) -> None:
    scheduled, _ = click(maya, "callback", due_at=hours_on(2))
    cards.hours = Hours.objects.create(key="never", weekly={"monday": ["00:00-00:01"]}, closed=[])
    cards.save()
    assert code_of(lambda: click(maya, "chat")) == "channel_closed"
    found, _ = click(maya, "chat", leave=True, client_id="click-left")
    assert (found.pk, found.state, found.is_left) == (scheduled.pk, "queued", True)
    end_talk.cancel(found.customer, found.public_id)
    # The same click again, later, is still that one.
    assert click(maya, "chat", leave=True, client_id="click-left")[0].pk == scheduled.pk


def test_asking_again_for_a_later_time_postpones_it(maya) -> None:
    click(maya, "callback", due_at=hours_on(2))
    later = hours_on(5)
    found, is_new = click(maya, "callback", due_at=later)
    assert (is_new, found.state, found.due_at, found.enqueued_at) == (False, "scheduled", later, later)


# -- from one to another


@pytest.mark.parametrize("to", ["voice", "callback", "phone"])
def test_the_place_is_kept(maya, to: str) -> None:
    handoff, _ = click(maya, "chat")
    since = utc_now() - timedelta(minutes=5)
    Handoff.objects.update(enqueued_at=since)
    due_at = hours_on(2) if to == "callback" else None
    switch_by_customer(session_of(maya), handoff.public_id, channel=to, due_at=due_at)
    assert reload(handoff).enqueued_at == since
    if to == "phone":
        calls.arrive(handoff.public_id)
        calls.arrive(handoff.public_id)
        assert (reload(handoff).state, reload(handoff).enqueued_at) == ("queued", since)


def test_who_never_waited_begins_to_wait_with_the_call(maya) -> None:
    handoff, _ = click(maya, "phone")
    calls.arrive(handoff.public_id)
    assert reload(handoff).enqueued_at >= handoff.opened_at


def test_what_was_promised_for_later_waits_from_now_on(maya) -> None:
    handoff, _ = click(maya, "callback", due_at=hours_on(2))
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
def test_after_a_talk_the_same_agent_is_asked_first(maya, amira, tomas, to: str) -> None:
    handoff = talking(maya, amira, "chat")
    offer_ids = set(Offer.objects.values_list("pk", flat=True))
    switch_by_customer(session_of(maya), handoff.public_id, channel=to)
    after = reload(handoff)
    assert (after.agent, after.preferred_agent) == (None, amira)
    assert timedelta(seconds=20) < after.preferred_until - utc_now() <= timedelta(seconds=60)
    if to == "phone":
        calls.arrive(handoff.public_id)
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
    scheduled, _ = click(maya, "callback", due_at=hours_on(2))
    click(maya, "chat", intent="lost-card")
    act = lambda: switch_by_customer(session_of(maya), scheduled.public_id, channel="chat")  # noqa: E731
    assert code_of(act) == "illegal_transition"


# -- calls and callbacks


def test_a_caller_who_hangs_up_has_left_and_the_second_report_says_nothing_new(maya) -> None:
    handoff, _ = click(maya, "phone")
    calls.arrive(handoff.public_id)
    calls.hang_up(handoff.public_id)
    calls.hang_up(handoff.public_id)
    after = reload(handoff)
    assert (after.close_reason, after.version) == ("abandoned", 3)


def test_a_chat_is_no_call(maya) -> None:
    handoff, _ = click(maya, "chat")
    assert code_of(lambda: calls.hang_up(handoff.public_id)) == "not_found"
    assert code_of(lambda: calls.arrive("ho_absent")) == "not_found"


def test_an_unanswered_callback_is_tried_again_and_given_up_at_last(maya, amira) -> None:
    handoff, later = talking(maya, amira, "callback"), hours_on(1)
    callbacks.retry_later(handoff.public_id, due_at=later)
    after = reload(handoff)
    assert (after.state, after.agent, after.due_at, after.enqueued_at) == ("scheduled", None, later, later)
    assert code_of(lambda: callbacks.retry_later(handoff.public_id, due_at=later)) == "illegal_transition"
    callbacks.give_up(handoff.public_id)
    assert reload(handoff).close_reason == "unreachable"


def test_an_agent_reschedules_what_is_theirs(maya, amira, tomas) -> None:
    handoff, later = talking(maya, amira, "callback"), hours_on(3)
    id_ = handoff.public_id
    assert code_of(lambda: callbacks.postpone_by_agent(tomas, id_, due_at=later)) == "not_found"
    assert code_of(lambda: callbacks.postpone_by_agent(amira, id_, due_at=later, version=1)) == "stale_version"
    callbacks.postpone_by_agent(amira, id_, due_at=later)
    assert (reload(handoff).state, reload(handoff).due_at) == ("scheduled", later)


def test_a_chat_is_not_put_off(maya) -> None:
    handoff, _ = click(maya, "chat")
    act = lambda: callbacks.postpone_by_customer(handoff.customer, handoff.public_id, due_at=hours_on(1))  # noqa: E731
    assert code_of(act) == "illegal_transition"
