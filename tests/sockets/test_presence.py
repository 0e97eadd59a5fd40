"""Who is there: told at once where a socket opens or closes, and soon where only the record can tell."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from handoff.broker.models import Handoff
from handoff.broker.queries import agent_presence, customer_presence
from handoff.config.presence import note_customers
from handoff.identity.models import Customer
from handoff.lib.clock import utc_now
from handoff.realtime import streams
from handoff.realtime.delivery import Signal, hub
from handoff.realtime.roster import roster
from handoff.realtime.threads import in_database as off_loop
from handoff.staffing.models import Agent
from tests.scenes import connect
from tests.socket_client import PATIENCE_SECONDS, Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.config.presence.LOOK_SECONDS", 0.1)


def told(who: str, status: str):
    return lambda frame: frame["ev"] == "presence" and (frame["who"], frame["status"]) == (who, status)


def statuses(socket) -> list[str]:
    return [frame["status"] for frame in socket.frames if frame["ev"] == "presence"]


async def shows(socket, status: str) -> None:
    """In the end, whatever it showed before."""
    await socket.until(lambda _: statuses(socket)[-1:] == [status])


async def sit(serving, agent):
    return await serving.agent(await off_loop(Desk, agent))


async def test_presence_follows_the_last_socket_of_a_person(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await sit(serving, amira)
    first, second = await serving.customer(maya), await serving.customer(maya)
    await agent.until(told("customer", "here"))
    await first.leave()
    await agent.settled()
    assert "reconnecting" not in statuses(agent)
    await second.leave()
    frame = await agent.until(told("customer", "reconnecting"))
    assert frame == {"ev": "presence", "handoff": handoff, "who": "customer", "status": "reconnecting"}


async def test_a_line_that_broke_is_not_back_because_of_an_older_sign(serving, maya, amira) -> None:
    await off_loop(connect, maya, amira)
    agent, customer = await sit(serving, amira), await serving.customer(maya)
    await customer.leave()
    await agent.until(told("customer", "reconnecting"))
    await asyncio.sleep(0.5)
    assert statuses(agent)[-1] == "reconnecting"
    await serving.customer(maya)
    await shows(agent, "here")


async def test_the_agent_learns_that_the_customer_signed_out_and_of_nothing_less(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent, customer = await sit(serving, amira), await serving.customer(maya)
    await off_loop(maya.call, "DELETE", "sessions")
    frame = await agent.until(told("customer", "signed_out"))
    assert frame["handoff"] == handoff
    assert await customer.ended() == 4401
    await asyncio.sleep(0.3)
    assert "reconnecting" not in statuses(agent)
    assert statuses(agent)[-1] == "signed_out"
    late = await sit(serving, amira)
    assert late.frames[0]["snapshot"]["handoffs"][0]["presence"] == "signed_out"


async def test_a_customer_of_a_process_that_was_killed_is_away_and_comes_back(serving, maya, amira) -> None:
    await off_loop(connect, maya, amira)
    agent = await sit(serving, amira)
    await agent.until(told("customer", "here"))
    now = utc_now()
    long_ago = {"seen_at": now - timedelta(seconds=31), "present_until": now - timedelta(seconds=1)}
    await off_loop(lambda: Customer.objects.update(**long_ago))
    await agent.until(told("customer", "away"))
    late = await sit(serving, amira)
    assert late.frames[0]["snapshot"]["handoffs"][0]["presence"] == "away"
    await off_loop(lambda: maya.get("availability"))
    await shows(agent, "here")


async def test_the_customer_learns_that_the_desk_is_gone_and_back(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    before = utc_now()
    customer, desk = await serving.customer(maya), await sit(serving, amira)
    await customer.until(told("agent", "here"))
    await desk.leave()
    frame = await customer.until(told("agent", "reconnecting"))
    until = datetime.fromisoformat(frame.pop("until"))
    assert frame == {"ev": "presence", "handoff": handoff, "who": "agent", "status": "reconnecting"}
    # How long the talk waits is the deployment's own setting, not a number that the panel made up.
    grace = timedelta(seconds=settings.HANDOFF_SECONDS["AGENT_GRACE"])
    assert before + grace <= until <= utc_now() + grace
    await sit(serving, amira)
    await shows(customer, "here")


async def test_the_customer_learns_of_a_desk_whose_process_was_killed(serving, maya, amira) -> None:
    await off_loop(connect, maya, amira)
    customer = await serving.customer(maya)
    await off_loop(lambda: Agent.objects.update(seen_at=utc_now() - timedelta(seconds=9)))
    told_until = (await customer.until(told("agent", "reconnecting")))["until"]
    late = (await serving.customer(maya)).frames[0]["snapshot"]["handoff"]
    assert (late["agent_presence"], late["agent_until"]) == ("reconnecting", told_until)
    agent = await off_loop(Agent.objects.get)
    last = max(sign for sign in (agent.seen_at, agent.heard_at) if sign)
    assert datetime.fromisoformat(told_until) >= last + timedelta(seconds=settings.HANDOFF_SECONDS["AGENT_GRACE"] - 1)


async def test_a_desk_keeps_its_talks_by_its_socket_alone(serving, maya, amira, monkeypatch) -> None:
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "AGENT_GRACE", 0.8)
    await off_loop(connect, maya, amira)
    await sit(serving, amira)
    before = await off_loop(Agent.objects.get)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (agent := await off_loop(Agent.objects.get)).seen_at < before.seen_at + timedelta(seconds=1):
            await asyncio.sleep(0.05)
    assert agent.lease_expires_at == before.lease_expires_at


async def test_a_tab_that_closed_in_another_process_is_contradicted_by_one_that_is_open_here(
    serving, maya, amira
) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent, _ = await sit(serving, amira), await serving.customer(maya)
    await agent.until(told("customer", "here"))
    frame = {"ev": "presence", "handoff": handoff, "who": "customer", "status": "reconnecting"}
    hub.receive((), [Signal(streams.handoff(handoff), frame, role="agent")])
    await agent.settled()
    assert statuses(agent)[-2:] == ["reconnecting", "here"]


async def test_nobody_is_contradicted_who_has_no_tab_here(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await sit(serving, amira)
    frame = {"ev": "presence", "handoff": handoff, "who": "customer", "status": "reconnecting"}
    hub.receive((), [Signal(streams.handoff(handoff), frame, role="agent")])
    await agent.settled()
    assert statuses(agent)[-1] == "reconnecting"


async def test_presence_is_told_on_change_alone(serving, maya, amira) -> None:
    await off_loop(connect, maya, amira)
    agent = await sit(serving, amira)
    await serving.customer(maya)
    await asyncio.sleep(0.6)
    assert len(statuses(agent)) <= 2


def test_how_the_record_sees_a_customer(maya, amira) -> None:
    connect(maya, amira)
    handoff, now = Handoff.objects.select_related("customer").get(), utc_now()

    def seen(ago: float, until: float | None = None) -> str:
        handoff.customer.seen_at = now - timedelta(seconds=ago)
        handoff.customer.present_until = None if until is None else now + timedelta(seconds=until)
        return customer_presence(handoff, now=now)

    assert [seen(0), seen(19), seen(21), seen(29), seen(31)] == ["here", "here", "reconnecting", "reconnecting", "away"]
    assert [seen(31, until=29), seen(61, until=-1), seen(21, until=-1)] == ["here", "away", "reconnecting"]
    handoff.signed_out_at = now
    assert seen(0) == "signed_out"


def test_how_the_record_sees_an_agent(amira) -> None:
    now = utc_now()
    assert agent_presence(amira, now=now) == "reconnecting"
    amira.seen_at = now - timedelta(seconds=7)
    assert agent_presence(amira, now=now) == "here"
    amira.seen_at = now - timedelta(seconds=8)
    assert agent_presence(amira, now=now) == "reconnecting"


def test_an_http_call_speaks_for_its_customer_a_minute_and_a_socket_for_itself(maya) -> None:
    def left() -> float:
        return (Customer.objects.get().present_until - utc_now()).total_seconds()

    assert 50 < left() <= 60
    Customer.objects.update(present_until=utc_now())
    maya.get("availability")
    assert 50 < left() <= 60


async def test_the_last_socket_that_closes_ends_what_the_last_call_promised(serving, maya, amira) -> None:
    def left() -> float:
        return (Customer.objects.get().present_until - utc_now()).total_seconds()

    first, second = await serving.customer(maya), await serving.customer(maya)
    await off_loop(lambda: Customer.objects.update(present_until=utc_now()))
    await off_loop(maya.ask)
    await first.leave()
    roster.take_departed("agent")
    assert roster.take_departed("customer") == []
    assert await off_loop(left) > 50
    await second.leave()
    await note_customers()
    assert await off_loop(left) <= 0
    # They come back by calls alone.
    await off_loop(maya.get, "availability")
    await note_customers()
    assert await off_loop(left) > 50


async def test_a_heartbeat_after_the_sign_out_brings_nothing_back(serving, amira, monkeypatch) -> None:
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "REVOCATION", 60)
    desk = await off_loop(Desk, amira)
    agent = await serving.agent(desk)
    await off_loop(desk.client.logout)
    await agent.say({"cmd": "ping"})
    await agent.until(lambda frame: frame["ev"] == "pong")
    await agent.settled()
    assert not (await off_loop(Agent.objects.get)).is_signed_in(utc_now())
