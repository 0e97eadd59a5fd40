"""Who reads what, from when to when: streams open and shut with the right to them, and every event comes once."""

from __future__ import annotations

import pytest

from handoff.realtime import streams
from handoff.realtime.threads import in_database as off_loop
from handoff.routing import actions as routing
from tests.scenes import accept, close, connect, offer_to, sit_down
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


async def test_accepting_opens_the_handoffs_streams_on_every_desk_of_the_agent(serving, maya, amira, tomas) -> None:
    desk = await off_loop(Desk, amira)
    here, there = await serving.agent(desk), await serving.agent(desk)
    elsewhere = await serving.agent(await off_loop(Desk, tomas))
    handoff = (await off_loop(maya.ask)).body["id"]
    await off_loop(offer_to, amira)
    offer = (await here.event("offer.made"))["data"]
    accepted = await here.command("offer.accept", offer=offer["id"], token=offer["token"])
    assert accepted["result"] == {"handoff": handoff}
    customer = await serving.customer(maya)
    await customer.command("message.send", handoff=handoff, client_id="m1", text="hello")
    for socket in (here, there):
        assigned = (await socket.event("handoff.assigned", id=handoff))["data"]
        assert set(assigned["heads"]) == {streams.handoff(handoff), streams.desk(handoff)}
        await socket.event("message.posted", text="hello")
        first = socket.events(streams.handoff(handoff))[0]
        assert first["seq"] == assigned["heads"][streams.handoff(handoff)] + 1
        assert socket.cursors()
    await elsewhere.settled()
    assert not elsewhere.events(streams.handoff(handoff))
    assert not elsewhere.events(streams.agent(amira.public_id))


async def test_unassigning_shuts_the_streams(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    socket = await serving.agent(await off_loop(Desk, amira))
    await socket.command("handoff.end", handoff=handoff)
    done = await socket.command("handoff.wrap_up", handoff=handoff, disposition="resolved", note="fine")
    assert done["ev"] == "ack"
    await socket.event("handoff.unassigned", id=handoff)
    await off_loop(lambda: maya.post(f"handoffs/{handoff}/survey", {"effort": 7}))
    assert (await socket.command("typing", handoff=handoff))["code"] == "not_found"
    await socket.settled()
    assert not any(frame.get("type") == "survey.answered" for frame in socket.frames)


async def test_a_declined_offer_opens_nothing(serving, maya, amira) -> None:
    socket = await serving.agent(await off_loop(Desk, amira))
    handoff = (await off_loop(maya.ask)).body["id"]
    await off_loop(offer_to, amira)
    offer = (await socket.event("offer.made"))["data"]
    assert (await socket.command("offer.decline", offer=offer["id"], token=offer["token"]))["result"] == {}
    await socket.event("offer.ended", id=offer["id"], status="declined")
    await off_loop(lambda: maya.post(f"handoffs/{handoff}/messages", {"client_id": "m", "text": "anybody?"}))
    await socket.settled()
    assert not socket.events(streams.handoff(handoff))
    assert not socket.events(streams.desk(handoff))


async def test_opening_opens_the_stream_on_every_tab_of_the_customer(serving, maya, page) -> None:
    tablet = page()
    await off_loop(lambda: tablet.open(tablet.token()))
    sockets = [await serving.customer(maya), await serving.customer(tablet)]
    handoff = (await off_loop(maya.ask)).body
    for socket in sockets:
        opened = await socket.event("handoff.opened")
        assert opened["data"]["handoff"] == handoff
    said = await sockets[0].command("message.send", handoff=handoff["id"], client_id="m1", text="hello")
    for socket in sockets:
        assert (await socket.event("message.posted", text="hello"))["seq"] == said["result"]["seq"]
        heads = (await socket.event("handoff.opened"))["data"]["heads"]
        assert set(heads) == {streams.handoff(handoff["id"])}
        seqs = [frame["seq"] for frame in socket.events(streams.handoff(handoff["id"]))]
        assert seqs == list(range(heads[streams.handoff(handoff["id"])] + 1, 3))


async def test_nothing_of_the_desk_ever_reaches_the_customer(serving, maya, amira) -> None:
    customer = await serving.customer(maya)
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    await agent.command("note.add", handoff=handoff, text="a secret remark")
    await agent.command("fact.add", handoff=handoff, key="checked", value=True)
    await agent.command("handoff.end", handoff=handoff)
    await agent.command("handoff.wrap_up", handoff=handoff, disposition="spam", note="a secret note")
    await customer.event("handoff.changed", state="closed")
    late = await serving.customer(maya)
    everything = str((await customer.settled()) + (await late.settled()))
    read = await off_loop(
        lambda: str(maya.get(f"handoffs/{handoff}/events").body) + str(maya.get(f"handoffs/{handoff}").body)
    )
    for told in (everything, read):
        assert "secret" not in told
        assert "spam" not in told
        assert "/desk" not in told
        assert "ag_" not in told


async def test_both_sides_read_one_talk_once_and_gapless(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    customer, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    for number in range(10):
        await customer.ask("message.send", handoff=handoff, client_id=f"c{number}", text=f"customer {number}")
        await agent.ask("message.send", handoff=handoff, client_id=f"a{number}", text=f"agent {number}")
    await off_loop(lambda: maya.post(f"handoffs/{handoff}/journey", {"facts": [{"key": "k", "value": 1}]}))
    for socket in (customer, agent):
        await socket.event("facts.changed")
        await socket.until(lambda _, s=socket: len(s.events(streams.handoff(handoff))) == 21)
        await socket.settled()
    assert customer.events(streams.handoff(handoff)) == agent.events(streams.handoff(handoff))
    start = customer.frames[0]["heads"][streams.handoff(handoff)]
    seqs = [frame["seq"] for frame in customer.events(streams.handoff(handoff))]
    assert seqs == list(range(start + 1, start + 22))
    authors = [e["data"]["author"] for e in agent.events(streams.handoff(handoff)) if e["type"] == "message.posted"]
    assert authors.count({"kind": "agent", "name": "Amira"}) == 10


async def test_typing_reaches_the_other_side_alone_and_is_not_kept(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    customer, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    assert (await customer.command("typing", handoff=handoff))["result"] == {}
    told = {"ev": "typing", "handoff": handoff, "who": "customer"}
    await agent.until(lambda frame: frame == told)
    assert (await agent.command("typing", handoff=handoff))["ev"] == "ack"
    await customer.until(lambda frame: frame == told | {"who": "agent"})
    assert told not in await customer.settled()
    late = await serving.agent(await off_loop(Desk, amira))
    assert not any(frame["ev"] == "typing" for frame in await late.settled())


async def test_a_hail_of_typing_is_shown_once(serving, maya, amira, monkeypatch) -> None:
    monkeypatch.setattr("handoff.conversations.socket.TYPING_SECONDS", 60)
    handoff = await off_loop(connect, maya, amira)
    customer, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    for _ in range(10):
        assert (await customer.command("typing", handoff=handoff))["ev"] == "ack"
    assert sum(frame["ev"] == "typing" for frame in await agent.settled()) == 1


async def test_read_marks_move_forward_alone(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    customer, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    for seq in (2, 1, 2, 3):
        assert (await customer.command("message.read", handoff=handoff, seq=seq))["result"] == {}
    marks = [frame for frame in await agent.settled() if frame["ev"] == "read"]
    assert [(mark["who"], mark["seq"]) for mark in marks] == [("customer", 2), ("customer", 3)]
    desk = await serving.agent(await off_loop(Desk, amira))
    assert desk.frames[0]["snapshot"]["handoffs"][0]["read"] == {"customer": 3, "agent": 0}


async def test_an_agent_who_goes_away_gives_the_offer_back(serving, maya, amira, tomas) -> None:
    socket = await serving.agent(await off_loop(Desk, amira))
    handoff = (await off_loop(maya.ask)).body["id"]
    offer = await off_loop(offer_to, amira)
    await socket.command("availability.set", available=False, reason="lunch")
    await socket.event("offer.ended", id=offer.public_id, status="withdrawn")
    await socket.event("availability.changed", available=False, reason="lunch")
    gone = await socket.command("offer.accept", offer=offer.public_id, token=offer.token)
    assert gone["code"] == "offer_gone"
    assert await off_loop(lambda: accept(tomas, offer_to(tomas))) == handoff


async def test_those_who_wait_are_told_their_place(serving, page, harbour) -> None:
    tabs = [page(), page()]
    for tab in tabs:
        await off_loop(tab.open)
        await off_loop(tab.ask)
    sockets = [await serving.customer(tab) for tab in tabs]
    for place, socket in enumerate(sockets, start=1):
        told = await socket.until(lambda frame: frame["ev"] == "queue")
        assert (told["position"], told["estimate"]) == (place, {"kind": "unknown"})


async def test_the_board_shows_the_agents_own_queues(serving, maya, amira) -> None:
    socket = await serving.agent(await off_loop(Desk, amira))
    await off_loop(maya.ask)
    board = await socket.until(lambda frame: frame["ev"] == "board" and frame["queues"][0]["waiting"] == 1)
    assert [queue["key"] for queue in board["queues"]] == ["cards"]


async def test_a_closed_talk_tells_both_sides_why(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    customer = await serving.customer(maya)
    await off_loop(close, amira, handoff)
    ended = await customer.event("handoff.changed", state="closed")
    assert ended["data"]["close_reason"] == "resolved"
    refused = await customer.command("message.send", handoff=handoff, client_id="late", text="too late")
    assert refused["code"] == "handoff_closed"
    await off_loop(sit_down, amira)
    assert await off_loop(routing.run_matching) == 0
