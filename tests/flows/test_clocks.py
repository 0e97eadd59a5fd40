"""What the clock does: each thing once, when it is due, however many are due with it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from handoff.broker.models import Handoff
from handoff.broker.states import Channel
from handoff.callbacks.windows import Window
from handoff.flows import clocks
from handoff.flows.open_handoff import Ask, open_handoff
from handoff.flows.worker import Worker
from handoff.identity.models import Customer, Session
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.lib.turns import TURN_LIMIT, take_turn
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from tests.phones import window_in, wish
from tests.scenes import at_once, connect, offer_to, sit_down
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def every_channel(phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.routing.queries.BUILT_CHANNELS", tuple(Channel))
    Intent.objects.update(channels=list(Channel))


def opened(page: Any, channel: Channel, *, intent: str = "dispute-charge", window: Window | None = None) -> Handoff:
    session = Session.objects.select_related("customer__site").get(customer__public_id=page.customer["id"])
    ask = Ask(client_id=f"{intent}-{channel}", intent=intent, channel=channel, wish=wish(window))
    return Handoff.objects.get(public_id=open_handoff(session, ask)[0]["id"])


def tomorrow() -> Window:
    return window_in(24)


def events_of(stream: str) -> list[tuple[str, dict[str, Any]]]:
    return list(LogEntry.objects.filter(stream__name=stream).order_by("seq").values_list("type", "data"))


# -- agents who are gone


def be_gone(agent: Agent, *, seen: float, heard: float | None = None, lease: float | None = None) -> None:
    """Seconds since a socket was seen and a heartbeat heard, and what is left of the lease."""
    now = utc_now()
    left = settings.HANDOFF_SECONDS["LEASE"] - (heard or 0) if lease is None else lease
    Agent.objects.filter(pk=agent.pk).update(
        seen_at=now - timedelta(seconds=seen),
        heard_at=None if heard is None else now - timedelta(seconds=heard),
        lease_expires_at=now + timedelta(seconds=left),
    )


@pytest.mark.parametrize(
    ("gone", "channel", "is_lost"),
    [
        # Without a socket and without a heartbeat: the grace of the channel.
        ({"seen": 61, "heard": 61}, Channel.CHAT, True),
        ({"seen": 59, "heard": 70}, Channel.CHAT, True),
        ({"seen": 61, "heard": 59}, Channel.CHAT, False),
        ({"seen": 11, "heard": 11}, Channel.CHAT, False),
        ({"seen": 11, "heard": 11}, Channel.VOICE, True),
        ({"seen": 11, "heard": 9}, Channel.VOICE, False),
        ({"seen": 1, "heard": 20}, Channel.VOICE, False),
        # A socket, and a page that shows no life.
        ({"seen": 1, "heard": 61}, Channel.CHAT, True),
        ({"seen": 1, "heard": 50}, Channel.CHAT, False),
        # Signed out on one device: the lease has ended, and the other's next heartbeat is still to come.
        ({"seen": 1, "heard": 19, "lease": -19}, Channel.CHAT, False),
        # A process of a former version renews the lease alone.
        ({"seen": 99, "lease": 44}, Channel.CHAT, False),
        ({"seen": 99, "lease": -16}, Channel.CHAT, True),
    ],
)
def test_an_agent_is_lost_after_the_grace_of_the_channel(maya, amira, gone, channel, is_lost: bool) -> None:
    handoff_id = connect(maya, amira)
    enqueued_at = Handoff.objects.get().enqueued_at
    Handoff.objects.update(channel=channel)
    be_gone(amira, **gone)
    assert clocks.lose_agents() == is_lost
    handoff = Handoff.objects.get()
    assert handoff.enqueued_at == enqueued_at
    assert (handoff.state, handoff.agent) == (("queued", None) if is_lost else ("connected", amira))
    told = ("handoff.unassigned", {"id": handoff_id, "reason": "lose_agent"}) in events_of(f"agent/{amira.public_id}")
    assert told == is_lost
    last = events_of(f"handoff/{handoff_id}")[-1][1]
    assert (last["state"], last["agent"] is None) == (handoff.state, is_lost)


def test_who_was_lost_is_asked_again_only_when_their_page_is_back(maya, amira) -> None:
    connect(maya, amira)
    Handoff.objects.update(channel=Channel.VOICE)
    be_gone(amira, seen=11, heard=11)
    clocks.lose_agents()
    assert routing.run_matching() == 0
    routing.renew_lease(amira, now=utc_now())
    assert routing.run_matching() == 1


def test_an_offer_to_a_page_without_life_goes_back_into_line(maya, amira, tomas) -> None:
    maya.ask()
    offer = offer_to(amira)
    assert routing.lose_offers() == 0
    Agent.objects.filter(pk=amira.pk).update(lease_expires_at=utc_now())
    assert routing.lose_offers() == 1
    offer.refresh_from_db()
    assert offer.status == Offer.Status.AGENT_LOST
    assert Agent.objects.get(pk=amira.pk).missed_in_a_row == 0
    assert offer_to(tomas).handoff_id == offer.handoff_id


def test_whose_sign_in_ends_is_offered_nothing_more(maya, amira) -> None:
    desk = Desk(amira)
    sit_down(amira)
    desk.client.logout()
    maya.ask()
    assert routing.run_matching() == 0


# -- later


def test_a_scheduled_one_comes_due_once_at_the_place_it_was_promised(every_channel, maya, amira) -> None:
    window = tomorrow()
    due_at = window.starts_at
    handoff = opened(maya, Channel.CALLBACK, window=window)
    assert (handoff.state, handoff.enqueued_at, handoff.due_at) == ("scheduled", due_at, due_at)
    assert clocks.come_due() == 0
    promised = utc_now() - timedelta(minutes=1)
    Handoff.objects.update(due_at=promised, enqueued_at=promised)
    assert [clocks.come_due(), clocks.come_due()] == [1, 0]
    handoff.refresh_from_db()
    assert (handoff.state, handoff.enqueued_at, handoff.due_at, handoff.expires_at) == ("queued", promised, None, None)
    assert events_of(f"customer/{maya.customer['id']}")[-1][0] == "handoff.opened"


def test_it_stands_aside_while_another_is_open_and_is_looked_at_each_minute(every_channel, maya, amira) -> None:
    later = opened(maya, Channel.CALLBACK, window=tomorrow())
    now_open = opened(maya, Channel.CHAT, intent="lost-card")
    promised = utc_now() - timedelta(minutes=1)
    Handoff.objects.filter(pk=later.pk).update(due_at=promised, enqueued_at=promised)
    assert [clocks.come_due(), clocks.come_due()] == [1, 0]
    later.refresh_from_db()
    assert later.state == "scheduled"
    assert timedelta(seconds=20) < later.due_at - utc_now() <= timedelta(seconds=60)
    assert later.enqueued_at == promised
    maya.post(f"handoffs/{now_open.public_id}/cancel")
    Handoff.objects.filter(pk=later.pk).update(due_at=utc_now())
    clocks.come_due()
    later.refresh_from_db()
    assert (later.state, later.enqueued_at) == ("queued", promised)


def test_what_waits_too_long_expires(every_channel, maya, page) -> None:
    tab = page()
    tab.open()
    called, scheduled = opened(maya, Channel.PHONE), opened(tab, Channel.CALLBACK, window=tomorrow())
    minutes = (called.expires_at - utc_now()) / timedelta(minutes=1)
    days = (scheduled.expires_at - utc_now()) / timedelta(days=1)
    assert 29 < minutes <= 30
    assert 6.9 < days <= 7
    assert clocks.expire() == 0
    Handoff.objects.update(expires_at=utc_now())
    assert clocks.expire() == 2
    assert set(Handoff.objects.values_list("state", "close_reason")) == {("closed", "expired")}


@pytest.mark.parametrize("channel", [Channel.CHAT, Channel.VOICE])
def test_who_leaves_a_page_leaves_the_line(every_channel, maya, channel: Channel) -> None:
    opened(maya, channel)
    Customer.objects.update(seen_at=LONG_AGO)
    assert clocks.close_abandoned() == 1
    assert Handoff.objects.get().close_reason == "abandoned"


@pytest.mark.parametrize("channel", [Channel.CALLBACK, Channel.PHONE])
def test_who_waits_by_the_phone_may_close_the_page(every_channel, maya, channel: Channel) -> None:
    opened(maya, Channel.CHAT)
    Handoff.objects.update(channel=channel)
    Customer.objects.update(seen_at=LONG_AGO)
    assert clocks.close_abandoned() == 0


# -- many at once


def crowd(page: Any, count: int) -> None:
    """So many in line, without the cost of so many clicks."""
    tab = page()
    tab.open()
    first = tab.ask().body["id"]
    for number in range(1, count):
        one = Handoff.objects.select_related("journey", "customer").get(public_id=first)
        journey, customer = one.journey, one.customer
        one.pk = journey.pk = customer.pk = None
        one.public_id, customer.public_id = f"ho_{number}", f"cu_{number}"
        journey.save()
        customer.save()
        one.journey, one.customer = journey, customer
        one.save()


def test_a_hundred_at_once_are_done_in_seconds_and_each_once(page, harbour) -> None:
    crowd(page, 100)
    Customer.objects.update(seen_at=LONG_AGO)
    worker = Worker("w1")
    started = time.thread_time()
    while worker.tick():
        pass
    assert time.thread_time() - started < 5
    assert set(Handoff.objects.values_list("state", flat=True)) == {"closed"}
    told = LogEntry.objects.filter(type="handoff.changed", data__state="closed")
    assert told.count() == told.values("handoff_id").distinct().count() == 100


def test_several_workers_share_what_is_due(page, harbour) -> None:
    crowd(page, 30)
    Customer.objects.update(seen_at=LONG_AGO)
    assert sum(at_once([clocks.close_abandoned] * 3)) == 30
    told = LogEntry.objects.filter(type="handoff.changed", data__state="closed")
    assert told.count() == 30


def test_a_long_line_of_one_kind_does_not_hold_up_the_others(page, maya, amira) -> None:
    handoff_id = connect(maya, amira)
    routing.set_availability(amira, available=False, after_current=False, reason="")
    crowd(page, TURN_LIMIT + 20)
    Customer.objects.exclude(public_id=maya.customer["id"]).update(seen_at=LONG_AGO)
    be_gone(amira, seen=99, heard=99)
    assert Worker("w1").tick()
    assert Handoff.objects.get(public_id=handoff_id).agent is None
    assert Handoff.objects.filter(state="closed").count() == TURN_LIMIT


def test_a_turn_passes_over_what_fails_and_ends_with_what_is_nobodys_fault() -> None:
    seen: list[int] = []

    def act(key: int) -> bool:
        seen.append(key)
        if key in (1, 2, 4):
            raise LookupError(key)
        return key != 3

    assert take_turn(range(6), act, fatal=ZeroDivisionError) == 2
    assert seen == [0, 1, 2, 3, 4, 5]
    assert take_turn([1, 2, 4, 1, 2, 4, 1, 2, 4, 0], act, fatal=ZeroDivisionError) == 1
    before = len(seen)
    with pytest.raises(ZeroDivisionError):
        take_turn(range(20), lambda key: seen.append(key) or 1 / 0 > 0, fatal=ZeroDivisionError)
    assert len(seen) == before + 1
