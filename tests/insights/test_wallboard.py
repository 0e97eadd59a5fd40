"""The wallboard of a small day that was played through the product, against what a clerk with a pencil would write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.broker.models import Handoff
from handoff.conversations.models import ReAsk
from handoff.flows import end_talk, supervise, switch_channel
from handoff.flows.transfer import transfer
from handoff.identity.models import Customer, Session
from handoff.insights import floor, wallboard
from handoff.lib.clock import utc_now
from handoff.protocol.shapes import Estimate
from handoff.realtime.clock import database_now
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, Queue
from handoff.supervision.ledger import draw_shifts, note_promise, slot_of
from handoff.supervision.models import Shift, Stint, Wait
from tests.conftest import make_agent
from tests.phones import wish
from tests.scenes import accept, close, connect, offer_to, sit_down
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sofia(cards: Queue) -> Agent:
    return make_agent("sofia", "Sofia", cards, role="supervisor")


def come(page, number: int):
    tab = page()
    assert tab.open(tab.token(sub=f"customer-{number}", name=f"Customer {number}")).status == 201
    return tab


def came(handoff_id: str, seconds_ago: float) -> None:
    """The wait began earlier than the test did."""
    then = utc_now() - timedelta(seconds=seconds_ago)
    Handoff.objects.filter(public_id=handoff_id).update(enqueued_at=then, ranked_at=then, opened_at=then)


def asked(tab, seconds_ago: float, **fields) -> str:
    handoff_id = tab.ask(**fields).body["id"]
    came(handoff_id, seconds_ago)
    return handoff_id


def shown(queue: str | None = None):
    wallboard.forget()
    return wallboard.wallboard(list(Queue.objects.order_by("name")), now=database_now(), shown=queue)


def test_a_day_as_it_was_played(page, amira, tomas, cards, phone) -> None:
    sit_down(amira)
    # Answered after 20 s: in time (30 s). Wrapped up, and found easy.
    quick = come(page, 1)
    first = asked(quick, 20)
    accept(amira, offer_to(amira))
    close(amira, first)
    assert quick.post(f"handoffs/{first}/survey", {"effort": 6}).status == 200
    # Answered after 90 s: late. Passed on to Tomas, who was asked something that was on record.
    late = come(page, 2)
    second = asked(late, 90)
    accept(amira, offer_to(amira))
    sit_down(tomas)
    transfer(amira, second, queue=None, to_agent=tomas.public_id, note="knows it", version=None)
    offer = Handoff.objects.get(public_id=second).offers.get(status="pending")
    accept(tomas, offer)
    _reask(second, tomas, client_id="r1", sent=True)
    _reask(second, tomas, client_id="r2", sent=True)
    _reask(first, amira, client_id="r3", sent=False)
    for agent in (amira, tomas):
        routing.set_availability(agent, available=False, after_current=False, reason="break")
    # Left after a minute, and left at once; asked to be called instead; waits for two minutes, and just came.
    end_talk.cancel(*_own(come(page, 3), 60))
    end_talk.cancel(*_own(come(page, 4), 2))
    call_me = come(page, 5)
    fifth = asked(call_me, 40)
    session = Session.objects.select_related("customer__site").get(customer__public_id=call_me.customer["id"])
    switch_channel.switch_by_customer(session, fifth, channel="callback", wish=wish(None))
    asked(come(page, 6), 120)
    asked(come(page, 7), 3)

    board = shown("cards")
    today = board.today
    assert (today.answered, today.abandoned, today.abandoned_short, today.callbacks, today.offered) == (2, 2, 1, 1, 6)
    assert today.service_level == pytest.approx(1 / 6)
    assert today.asa_seconds == pytest.approx(55, abs=3)
    assert today.abandonment == pytest.approx(1 / 6)
    assert today.transfer_rate == pytest.approx(1 / 3)
    assert today.reask_rate == pytest.approx(1 / 2)
    assert (today.effort, today.efforts) == (6, 1)
    assert board.last_hour == today
    # The one who asked for a call stands in line, too.
    assert board.now.waiting == 3
    assert [queue.key for queue in board.queues] == ["cards"]
    assert sum(half.arrivals for half in board.half_hours) == 6
    assert sum(half.answered for half in board.half_hours) == 2


def _reask(handoff_id: str, agent, *, client_id: str, sent: bool) -> None:
    handoff = Handoff.objects.get(public_id=handoff_id)
    ReAsk.objects.create(
        handoff=handoff,
        agent=agent,
        fact_key="charge",
        fact_source="observed",
        client_id=client_id,
        sent=sent,
        at=utc_now(),
    )


def _own(tab, seconds_ago: float):
    handoff_id = asked(tab, seconds_ago)
    return Customer.objects.get(public_id=tab.customer["id"]), handoff_id


def test_handle_time_is_each_agents_own_and_a_wait_in_between_is_a_second_wait(maya, amira, tomas) -> None:
    handoff_id = connect(maya, amira)
    hour = timedelta(hours=1)
    Stint.objects.update(began_at=utc_now() - hour)
    transfer(amira, handoff_id, queue="cards", to_agent=None, note="hm", version=None)
    came(handoff_id, 3700)
    Wait.objects.update(began_at=utc_now() - hour)
    Stint.objects.update(ended_at=utc_now() - hour / 2)
    routing.set_availability(amira, available=False, after_current=False, reason="")
    accept(tomas, offer_to(tomas))
    close(tomas, handoff_id)
    stints = list(Stint.objects.order_by("id"))
    assert [stint.agent for stint in stints] == [amira, tomas]
    assert stints[0].seconds == pytest.approx(3600, abs=5)
    assert (stints[0].ended_by, stints[1].ended_by) == ("transfer", "finish")
    assert stints[1].talked_until is not None
    waits = list(Wait.objects.order_by("id"))
    assert [wait.is_first for wait in waits] == [True, False]
    assert waits[1].seconds == pytest.approx(1800, abs=5)
    assert shown("cards").today.answered == 1


def test_practice_and_what_was_left_out_of_hours_count_nowhere(page, harbour, amira, cards) -> None:
    tab = come(page, 1)
    left = asked(tab, 7200)
    Handoff.objects.filter(public_id=left).update(is_left=True)
    accept(amira, offer_to(amira))
    practised = come(page, 2)
    second = asked(practised, 100)
    Handoff.objects.filter(public_id=second).update(is_simulated=True)
    end_talk.cancel(Customer.objects.get(public_id=practised.customer["id"]), second)
    third = asked(come(page, 3), 100)
    Handoff.objects.filter(public_id=third).update(is_simulated=True)
    today = shown("cards").today
    assert (today.offered, today.answered, today.abandoned) == (0, 0, 0)
    assert shown("cards").now.waiting == 0


def test_what_was_promised_is_held_against_what_it_became(page, amira) -> None:
    sit_down(amira)
    for number, (low, high, waited) in enumerate([(60, 180, 100), (60, 120, 300)]):
        handoff_id = asked(come(page, number), waited)
        handoff = Handoff.objects.get(public_id=handoff_id)
        note_promise(handoff, Estimate(kind="range", low_seconds=low, high_seconds=high))
        accept(amira, offer_to(amira))
    today = shown("cards").today
    assert today.promises_kept == 0.5
    assert today.promised_seconds == pytest.approx((120 + 90) / 2)
    assert today.actual_seconds == pytest.approx(200, abs=3)


def test_what_was_known_at_the_click_is_held_against_what_the_desk_was_shown(maya, amira) -> None:
    steps = [{"name": "upload", "path": "/dispute/3", "status": "failed", "error": "FILE_TOO_LARGE"}]
    facts = [{"key": "charge", "label": "Charge", "value": "GBP 42.10"}]
    handoff_id = connect(maya, amira, journey={"steps": steps, "facts": facts})
    assert shown("cards").today.context_delivered == 1
    told = LogEntry.objects.get(type="handoff.assigned", handoff_id=Handoff.objects.get(public_id=handoff_id).pk)
    shown_steps, shown_facts = len(told.data["journey"]["steps"]), len(told.data["facts"])
    told.data["facts"] = []
    told.save(update_fields=["data"])
    assert shown("cards").today.context_delivered == pytest.approx(shown_steps / (shown_steps + shown_facts))


def test_shifts_are_drawn_out_and_begun_anew(amira, tomas) -> None:
    sit_down(amira)
    now = database_now()
    draw_shifts(now=now)
    draw_shifts(now=now + timedelta(seconds=10))
    routing.set_availability(amira, available=False, after_current=False, reason="break")
    draw_shifts(now=now + timedelta(seconds=20))
    shifts = list(Shift.objects.order_by("id").values_list("agent__name", "wanted", "reason", "began_at", "until"))
    assert shifts == [
        ("Amira", True, "", now, now + timedelta(seconds=10)),
        ("Amira", False, "break", now + timedelta(seconds=20), now + timedelta(seconds=20)),
    ]


def test_occupancy_and_who_was_there_in_the_half_hour(maya, amira, cards) -> None:
    now = utc_now()
    Shift.objects.create(agent=amira, wanted=True, began_at=now - timedelta(minutes=40), until=now)
    connect(maya, amira)
    Stint.objects.update(began_at=now - timedelta(minutes=20))
    hour = shown("cards").last_hour
    assert hour.occupancy == pytest.approx(0.5, abs=0.01)
    slots = {half.at: half for half in shown("cards").half_hours}
    begun = datetime.fromtimestamp(slot_of(now - timedelta(minutes=1)) * 1800, UTC)
    if begun >= wallboard.day_start(now):
        assert next(half for at, half in slots.items() if at.startswith(f"{begun:%Y-%m-%dT%H:%M}")).agents == 1


@pytest.mark.parametrize(
    ("zone", "start"), [("Europe/Berlin", "2026-11-26T23:00"), ("Asia/Kathmandu", "2026-11-26T18:15")]
)
def test_the_day_begins_where_the_deployment_is(monkeypatch, zone: str, start: str) -> None:
    monkeypatch.setattr(settings, "HANDOFF_TIME_ZONE", zone)
    assert f"{wallboard.day_start(datetime(2026, 11, 27, 12, tzinfo=UTC)):%Y-%m-%dT%H:%M}" == start


def test_the_floor_tells_what_each_agent_does_and_why(maya, page, amira, tomas, sofia, cards) -> None:
    connect(maya, amira)
    routing.renew_lease(tomas, now=utc_now())
    supervise.set_away(sofia, tomas.public_id, reason="headset")
    draw_shifts(now=database_now())
    told = {one.name: one for one in floor.agents([cards], now=database_now()).agents}
    assert "Sofia" not in told, "she is not signed in"
    assert (told["Amira"].condition, told["Amira"].load, told["Amira"].capacity) == ("talking", 1, 3)
    assert (told["Tomas"].condition, told["Tomas"].reason) == ("away", "Set away by Sofia: headset")
    assert told["Tomas"].since is not None
    Agent.objects.filter(pk=amira.pk).update(lease_expires_at=utc_now())
    told = {one.name: one for one in floor.agents([cards], now=database_now()).agents}
    assert told["Amira"].condition == "disconnected"
    live = floor.live([cards], now=database_now()).handoffs
    assert [(one.state, one.agent.name if one.agent else None) for one in live] == [("connected", "Amira")]


def test_the_cost_does_not_grow_with_what_happened(page, amira, cards) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            shown("cards")
        return len(caught)

    sit_down(amira)
    asked(come(page, 0), 5)
    accept(amira, offer_to(amira))
    before = queries()
    for number in range(1, 4):
        asked(come(page, number), 5)
    routing.run_matching()
    for offer in Offer.objects.select_related("handoff").filter(status="pending"):
        accept(amira, offer)
    assert Stint.objects.count() == 3
    assert queries() == before


def test_only_supervisors_are_shown_it_and_only_their_queues(amira, sofia, cards) -> None:
    other = Queue.objects.create(key="loans", name="Loans")
    make_agent("root", "Root", other, role="admin")
    for path in ("wallboard", "agents", "live"):
        assert Desk(amira).call("GET", f"desk/{path}").code == "forbidden"
        assert Desk(sofia).call("GET", f"desk/{path}").status == 200
    board = Desk(sofia).call("GET", "desk/wallboard").body
    assert [queue["key"] for queue in board["queues"]] == ["cards"]
    assert Desk(sofia).call("GET", "desk/wallboard?queue=loans").code == "invalid_request"
    root = Agent.objects.get(name="Root")
    assert [queue["key"] for queue in Desk(root).call("GET", "desk/wallboard").body["queues"]] == ["cards", "loans"]
