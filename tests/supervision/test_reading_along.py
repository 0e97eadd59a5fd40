"""A supervisor's sockets: what reading along opens, when it shuts, and that every event comes once."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings

from handoff.config.watching import end_watches
from handoff.flows import clocks, supervise
from handoff.lib.clock import utc_now
from handoff.realtime import streams
from handoff.realtime.delivery import hub
from handoff.realtime.models import ServerBeat
from handoff.realtime.threads import in_database as off_loop
from handoff.staffing.models import Agent
from handoff.supervision.models import Watch
from tests.scenes import close, connect, offer_to
from tests.socket_client import PATIENCE_SECONDS, Desk

pytestmark = pytest.mark.django_db(transaction=True)


def seqs(socket, stream: str) -> list[int]:
    return [frame["seq"] for frame in socket.events(stream)]


async def say(customer, handoff: str, text: str) -> None:
    sent = await customer.command("message.send", handoff=handoff, client_id=text.replace(" ", "-"), text=text)
    assert sent["ev"] == "ack", sent


async def nobody_reads(handoff: str) -> None:
    """The server's sockets have left its streams; what they read out until then is on its way."""
    names = {streams.handoff(handoff), streams.desk(handoff)}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while names & hub.readers.keys():
            await asyncio.sleep(0.01)


async def test_two_supervisors_read_every_line_once_and_the_owner_sees_it(
    serving, maya, amira, sofia, cards, root
) -> None:
    handoff = await off_loop(connect, maya, amira)
    owner = await serving.agent(await off_loop(Desk, amira))
    first = await serving.agent(await off_loop(Desk, sofia))
    second = await serving.agent(await off_loop(Desk, root))
    customer = await serving.customer(maya)
    await say(customer, handoff, "before")
    watched = await first.command("handoff.watch", handoff=handoff)
    assert watched["result"]["handoff"]["id"] == handoff
    assert [one["data"].get("text") for one in watched["result"]["handoff"]["timeline"]][-1] == "before"
    await second.command("handoff.watch", handoff=handoff)
    await say(customer, handoff, "after")
    for socket in (first, second):
        await socket.event("message.posted", text="after")
        assert socket.cursors()
        opened = await socket.event("handoff.watched")
        heads = opened["data"]["heads"]
        assert seqs(socket, streams.handoff(handoff))[0] == heads[streams.handoff(handoff)] + 1
    told = await owner.event("supervision.recorded", act="watching")
    assert told["data"]["agent"] == {"id": sofia.public_id, "name": "Sofia"}


async def test_a_gap_is_read_from_the_log_and_a_lost_hint_heals(serving, maya, amira, sofia, monkeypatch) -> None:
    handoff = await off_loop(connect, maya, amira)
    reader = await serving.agent(await off_loop(Desk, sofia))
    customer = await serving.customer(maya)
    await reader.command("handoff.watch", handoff=handoff)
    with monkeypatch.context() as deaf:
        deaf.setattr(hub, "announce", lambda entries: None)
        await say(customer, handoff, "lost one")
        await say(customer, handoff, "lost two")
    await say(customer, handoff, "heard")
    await reader.event("message.posted", text="heard")
    texts = [frame["data"].get("text") for frame in reader.events(streams.handoff(handoff))]
    assert texts == ["lost one", "lost two", "heard"]
    assert reader.cursors()


async def test_it_goes_on_after_a_lost_line_with_nothing_twice(serving, maya, amira, sofia) -> None:
    handoff = await off_loop(connect, maya, amira)
    desk = await off_loop(Desk, sofia)
    reader = await serving.agent(desk)
    customer = await serving.customer(maya)
    await reader.command("handoff.watch", handoff=handoff)
    await say(customer, handoff, "one")
    await reader.event("message.posted", text="one")
    resume = {"epoch": reader.frames[0]["epoch"], "cursors": reader.cursors()}
    await reader.leave()
    await say(customer, handoff, "two")
    again = await serving.agent(desk, resume=resume)
    assert [one["id"] for one in again.frames[0]["snapshot"]["watching"]] == [handoff]
    await again.event("message.posted", text="two")
    await say(customer, handoff, "three")
    await again.event("message.posted", text="three")
    texts = [frame["data"].get("text") for frame in again.events(streams.handoff(handoff))]
    assert texts == ["two", "three"]
    assert again.cursors()


async def test_it_shuts_when_the_handoff_closes(serving, maya, amira, sofia) -> None:
    """What was committed with the end is still read out, once; what comes after it is for who opens the record."""
    handoff = await off_loop(connect, maya, amira)
    reader = await serving.agent(await off_loop(Desk, sofia))
    await reader.command("handoff.watch", handoff=handoff)
    await off_loop(close, amira, handoff)
    await reader.event("handoff.unwatched", id=handoff, reason="closed")
    # A survey that came while it still reads out would be read out too.
    await nobody_reads(handoff)
    await off_loop(lambda: maya.post(f"handoffs/{handoff}/survey", {"effort": 7}))
    await reader.settled()
    assert [frame["data"].get("state") for frame in reader.events(streams.handoff(handoff))].count("closed") == 1
    assert reader.cursors()
    assert not any(frame.get("type") == "survey.answered" for frame in reader.frames)
    assert not await off_loop(Watch.objects.exists)
    record = await off_loop(lambda: Desk(sofia).call("GET", f"desk/handoffs/{handoff}"))
    assert (record.status, record.body["state"]) == (200, "closed")
    assert any(entry["data"].get("state") == "closed" for entry in record.body["timeline"])


@pytest.mark.parametrize("lost", ["role", "queue", "account"])
async def test_it_shuts_within_the_revocation_interval(serving, maya, amira, sofia, lost: str) -> None:
    handoff = await off_loop(connect, maya, amira)
    reader = await serving.agent(await off_loop(Desk, sofia))
    customer = await serving.customer(maya)
    await reader.command("handoff.watch", handoff=handoff)
    if lost == "role":
        await off_loop(lambda: Agent.objects.filter(pk=sofia.pk).update(role="agent"))
    elif lost == "queue":
        await off_loop(sofia.queues.clear)
    else:
        await off_loop(lambda: type(sofia.user).objects.filter(pk=sofia.user_id).update(is_active=False))
        assert await reader.ended() == 4401
        return
    await reader.event("handoff.unwatched", id=handoff, reason="not_allowed")
    await say(customer, handoff, "not for her")
    await reader.settled()
    assert not any(frame["data"].get("text") == "not for her" for frame in reader.events(streams.handoff(handoff)))
    refused = await reader.command("handoff.whisper", handoff=handoff, text="still here")
    assert refused["code"] == "not_found"


async def test_a_socket_that_missed_the_news_of_it_shuts_all_the_same(serving, maya, amira, sofia, monkeypatch) -> None:
    handoff = await off_loop(connect, maya, amira)
    reader = await serving.agent(await off_loop(Desk, sofia))
    customer = await serving.customer(maya)
    await reader.command("handoff.watch", handoff=handoff)
    with monkeypatch.context() as deaf:
        deaf.setattr(hub, "announce", lambda entries: None)
        deaf.setitem(settings.HANDOFF_SECONDS, "POLL", 60)
        await off_loop(sofia.queues.clear)
        await end_watches()
    await say(customer, handoff, "not for her")
    await reader.settled()
    assert not any(frame.get("data", {}).get("text") == "not for her" for frame in reader.frames)


async def test_who_reads_along_is_not_the_agent_whom_the_customer_talks_to(serving, maya, amira, sofia) -> None:
    """Neither coming, going nor typing of theirs is told as the agent's."""
    handoff = await off_loop(connect, maya, amira)
    customer = await serving.customer(maya)
    reader = await serving.agent(await off_loop(Desk, sofia))
    await reader.command("handoff.watch", handoff=handoff)
    assert (await reader.command("typing", handoff=handoff))["code"] == "not_found"
    assert (await reader.command("message.read", handoff=handoff, seq=1))["code"] == "not_found"
    refused = await reader.command("message.send", handoff=handoff, client_id="m-s", text="hello")
    assert refused["code"] == "not_found"
    await reader.leave()
    await customer.settled()
    assert [
        frame for frame in customer.frames if frame["ev"] in ("presence", "typing") and frame["who"] == "agent"
    ] == []


async def test_who_joins_writes_as_themselves_until_they_leave(serving, maya, amira, sofia) -> None:
    handoff = await off_loop(connect, maya, amira)
    customer = await serving.customer(maya)
    owner = await serving.agent(await off_loop(Desk, amira))
    reader = await serving.agent(await off_loop(Desk, sofia))
    assert (await reader.command("handoff.join", handoff=handoff))["code"] == "not_found"
    await reader.command("handoff.watch", handoff=handoff)
    assert (await reader.command("handoff.join", handoff=handoff))["ev"] == "ack"
    await customer.event("agent.joined", agent={"name": "Sofia"})
    assert (await reader.command("message.send", handoff=handoff, client_id="s-1", text="I look at it"))["ev"] == "ack"
    said = await customer.event("message.posted", text="I look at it")
    assert said["data"]["author"] == {"kind": "agent", "name": "Sofia"}
    await owner.event("message.posted", text="I look at it")
    assert (await owner.command("message.send", handoff=handoff, client_id="a-1", text="and I"))["ev"] == "ack"
    assert (await reader.command("handoff.leave", handoff=handoff))["ev"] == "ack"
    await customer.event("agent.left", agent={"name": "Sofia"})
    refused = await reader.command("message.send", handoff=handoff, client_id="s-2", text="once more")
    assert refused["code"] == "not_found"
    repeated = await reader.command("message.send", handoff=handoff, client_id="s-1", text="I look at it")
    assert repeated["result"]["seq"] == said["seq"]


async def test_a_whisper_reaches_the_agent_and_never_the_customer(serving, maya, amira, sofia) -> None:
    handoff = await off_loop(connect, maya, amira)
    customer = await serving.customer(maya)
    owner = await serving.agent(await off_loop(Desk, amira))
    reader = await serving.agent(await off_loop(Desk, sofia))
    sent = await reader.command("handoff.whisper", handoff=handoff, text="offer the refund", client_id="w-1")
    repeated = await reader.command("handoff.whisper", handoff=handoff, text="offer the refund", client_id="w-1")
    assert sent["result"] == repeated["result"]
    heard = await owner.event("note.added", text="offer the refund")
    assert heard["data"]["whisper"] is True
    assert heard["data"]["author"]["name"] == "Sofia"
    await customer.settled()
    assert not any("refund" in str(frame) for frame in customer.frames)
    assert "refund" not in str((await off_loop(lambda: maya.get(f"handoffs/{handoff}/events"))).body)


async def test_who_has_left_the_desk_reads_along_no_more(serving, maya, amira, sofia) -> None:
    handoff = await off_loop(connect, maya, amira)
    reader = await serving.agent(await off_loop(Desk, sofia))
    customer = await serving.customer(maya)
    await reader.command("handoff.watch", handoff=handoff)
    await reader.command("handoff.join", handoff=handoff)
    await reader.leave()
    assert await off_loop(clocks.end_watches) == 0
    # It was served for long enough that she could have come back.
    await off_loop(lambda: ServerBeat.objects.update(since="2020-01-01T00:00:00Z"))
    await off_loop(lambda: Agent.objects.filter(pk=sofia.pk).update(seen_at="2020-01-01T00:00:00Z"))
    assert await off_loop(clocks.end_watches) == 1
    await customer.event("agent.left", agent={"name": "Sofia"})


async def test_taking_over_while_reading_along_goes_on_with_the_same_log(serving, maya, amira, sofia) -> None:
    handoff = await off_loop(connect, maya, amira)
    owner = await serving.agent(await off_loop(Desk, amira))
    reader = await serving.agent(await off_loop(Desk, sofia))
    customer = await serving.customer(maya)
    await reader.command("handoff.watch", handoff=handoff)
    assert (await reader.command("handoff.take_over", handoff=handoff))["ev"] == "ack"
    await reader.event("handoff.unwatched", id=handoff, reason="assigned")
    assigned = await reader.event("handoff.assigned", id=handoff)
    assert assigned["data"]["agent"]["name"] == "Sofia"
    await owner.event("handoff.unassigned", id=handoff, reason="take_over")
    await say(customer, handoff, "who is there")
    await reader.event("message.posted", text="who is there")
    assert (await reader.command("message.send", handoff=handoff, client_id="s-1", text="Sofia"))["ev"] == "ack"
    assert (await owner.command("message.send", handoff=handoff, client_id="a-1", text="me"))["code"] == "not_found"
    await owner.settled()
    assert not any(frame["data"].get("text") == "who is there" for frame in owner.events(streams.handoff(handoff)))


async def test_an_agent_is_set_away_and_told_by_whom(serving, maya, amira, sofia) -> None:
    owner = await serving.agent(await off_loop(Desk, amira))
    reader = await serving.agent(await off_loop(Desk, sofia))
    await off_loop(maya.ask)
    await off_loop(offer_to, amira)
    offer = (await owner.event("offer.made"))["data"]
    assert (await reader.command("agent.set_away", agent=amira.public_id, reason=" "))["code"] == "invalid_request"
    assert (await reader.command("agent.set_away", agent=amira.public_id, reason="headset broken"))["ev"] == "ack"
    told = await owner.event("availability.changed", available=False)
    assert told["data"]["reason"] == "Set away by Sofia: headset broken"
    await owner.event("offer.ended", id=offer["id"], status="withdrawn")


def test_at_most_ten_at_once(maya, amira, sofia, page) -> None:
    for number in range(11):
        tab = page()
        assert tab.open(tab.token(sub=f"customer-{number}")).status == 201
        handoff = tab.ask().body["id"]
        if number < 10:
            assert supervise.watch(sofia, handoff)["state"] == "queued"
        else:
            with pytest.raises(Exception, match="At most 10"):
                supervise.watch(sofia, handoff)
    assert Watch.objects.filter(agent=sofia, since__lte=utc_now()).count() == 10
