"""Every command's ack and its refusals, on both sockets."""

from __future__ import annotations

import pytest

from handoff.realtime import streams
from handoff.realtime.models import LogEntry
from handoff.realtime.threads import in_database as off_loop
from handoff.routing.models import Offer
from tests.scenes import close, connect, offer_to, sit_down
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def code_of(frame) -> str:
    return "ack" if frame["ev"] == "ack" else frame["code"]


async def test_a_ping_is_answered_by_pong_alone(serving, maya) -> None:
    client = await serving.customer(maya)
    await client.say({"cmd": "ping", "id": "p1"})
    await client.say({"cmd": "ping"})
    frames = await client.settled()
    assert [frame for frame in frames if frame["ev"] in ("ack", "error", "pong")] == [{"ev": "pong"}] * 2


async def test_a_message_sent_again_gets_the_same_ack_and_is_stored_once(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    first, second = await serving.customer(maya), await serving.customer(maya)
    fields = {"handoff": handoff, "client_id": "m1", "text": "hello"}
    acks = [await socket.command("message.send", **fields) for socket in (first, first, second)]
    over_http = await off_loop(lambda: maya.post(f"handoffs/{handoff}/messages", {"client_id": "m1", "text": "hello"}))
    assert over_http.status == 200
    assert [ack["result"] for ack in acks] == [over_http.body] * 3
    assert set(over_http.body) == {"id", "seq", "at"}
    entry = await off_loop(lambda: LogEntry.objects.get(type="message.posted"))
    assert (entry.data["id"], entry.seq) == (over_http.body["id"], over_http.body["seq"])
    assert len([frame for frame in await second.settled() if frame.get("type") == "message.posted"]) == 1


async def test_a_client_id_with_another_text_is_a_conflict(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    client = await serving.customer(maya)
    await client.command("message.send", handoff=handoff, client_id="m1", text="hello")
    refused = await client.command("message.send", handoff=handoff, client_id="m1", text="something else")
    assert refused["code"] == "idempotency_conflict"
    assert "something" not in str(refused)


async def test_the_two_sides_may_use_the_same_client_id(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    customer, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    said = [
        await socket.command("message.send", handoff=handoff, client_id="m1", text=text)
        for socket, text in ((customer, "one"), (agent, "two"))
    ]
    assert said[0]["result"]["seq"] + 1 == said[1]["result"]["seq"]


async def test_acks_come_in_the_order_of_the_sends_and_before_a_later_command(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    ids = [await agent.ask("message.send", handoff=handoff, client_id=f"m{n}", text=f"line {n}") for n in range(20)]
    ended = await agent.ask("handoff.end", handoff=handoff)
    await agent.answer(ended)
    answers = [frame for frame in agent.frames if frame["ev"] in ("ack", "error")]
    assert [frame["id"] for frame in answers] == [*ids, ended]
    seqs = [frame["result"]["seq"] for frame in answers[:-1]]
    assert seqs == list(range(seqs[0], seqs[0] + 20))
    await agent.event("handoff.changed", state="wrap_up")
    order = [frame["type"] for frame in agent.events(streams.handoff(handoff))]
    assert order == ["message.posted"] * 20 + ["handoff.changed"]


async def test_a_journey_is_recorded_live(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    client, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    steps = [{"path": "/dispute/3", "status": "failed", "error": "TOO_LARGE"}]
    facts = [{"key": "amount", "label": "Amount", "value": 42.5, "source": "stated"}]
    assert (await client.command("journey.record", handoff=handoff, steps=steps, facts=facts))["result"] == {}
    assert (await agent.event("journey.recorded"))["data"]["steps"][0]["error"] == "TOO_LARGE"
    assert (await agent.event("facts.changed"))["data"]["added"][0]["value"] == 42.5
    assert "TOO_LARGE" in (await agent.event("briefing.changed"))["data"]["brief"]
    assert (await client.command("journey.record", handoff=handoff))["ev"] == "ack"
    wrong = await client.command("journey.record", handoff=handoff, facts=[{"key": "k"}])
    assert (wrong["code"], wrong["fields"]) == ("invalid_request", {"facts.0.value": "is required"})
    unknown = await client.command("journey.record", handoff=handoff, facts=[{"key": "k", "value": 1, "by": "me"}])
    assert unknown["code"] == "unknown_field"
    huge = await client.command("journey.record", handoff=handoff, facts=[{"key": "k", "value": "x" * 4001}])
    assert huge["code"] == "context_too_large"


async def test_a_fact_is_struck_and_the_agent_sees_it_go(serving, maya, amira) -> None:
    handoff = await off_loop(lambda: connect(maya, amira, journey={"facts": [{"key": "k", "value": "v"}]}))
    client, agent = await serving.customer(maya), await serving.agent(await off_loop(Desk, amira))
    assert (await client.command("fact.strike", handoff=handoff, key="k", source="observed"))["result"] == {}
    told = await agent.event("facts.changed")
    assert told["data"] == {"added": [], "struck": [{"key": "k", "source": "observed"}]}
    again = await client.command("fact.strike", handoff=handoff, key="k", source="observed")
    signed = await client.command("fact.strike", handoff=handoff, key="sub", source="verified")
    assert (code_of(again), code_of(signed)) == ("not_found", "invalid_request")


async def test_a_customer_cancels_while_waiting_and_ends_while_talking(serving, maya, amira) -> None:
    client = await serving.customer(maya)
    waiting = (await off_loop(maya.ask)).body["id"]
    assert code_of(await client.command("handoff.end", handoff=waiting)) == "illegal_transition"
    assert code_of(await client.command("handoff.cancel", handoff=waiting)) == "ack"
    assert (await client.event("handoff.changed", state="closed"))["data"]["close_reason"] == "cancelled"
    talking = await off_loop(connect, maya, amira)
    assert code_of(await client.command("handoff.cancel", handoff=talking)) == "illegal_transition"
    assert code_of(await client.command("handoff.end", handoff=talking)) == "ack"
    assert code_of(await client.command("handoff.end", handoff=talking)) == "illegal_transition"


async def test_a_note_is_added_once_however_often_it_is_sent(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    notes = [await agent.command("note.add", handoff=handoff, text="vip", client_id="n1") for _ in range(2)]
    assert notes[0]["result"] == notes[1]["result"]
    other = await agent.command("note.add", handoff=handoff, text="another", client_id="n1")
    assert code_of(other) == "idempotency_conflict"
    assert code_of(await agent.command("note.add", handoff=handoff, text=" ")) == "invalid_request"
    assert code_of(await agent.command("note.add", handoff=handoff, text="x" * 4001)) == "too_long"
    added = [frame for frame in await agent.settled() if frame.get("type") == "note.added"]
    assert [note["data"]["author"] for note in added] == [{"id": amira.public_id, "name": "Amira"}]


async def test_a_card_is_no_client_id_of_a_note(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    desk = await serving.agent(await off_loop(Desk, amira))
    refused = await desk.command("note.add", handoff=handoff, client_id="4111111111111111", text="t")
    assert (refused["code"], set(refused["fields"])) == ("invalid_request", {"client_id"})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": "checked", "value": True}, "ack"),
        ({"key": "limit", "label": "Limit", "value": 500}, "ack"),
        ({"key": "nothing", "value": None}, "ack"),
        ({"key": "a key", "value": 1}, "invalid_request"),
        ({"key": "k", "value": [1]}, "invalid_request"),
        ({"key": "k", "value": 1e300}, "invalid_request"),
        ({"key": "k", "value": 10**30}, "invalid_request"),
        ({"key": "k", "label": "x" * 101, "value": 1}, "invalid_request"),
        ({"key": "k", "value": "x" * 4001}, "context_too_large"),
        ({"key": "k", "value": 1, "source": "verified"}, "unknown_field"),
        ({"key": "k"}, "invalid_request"),
    ],
)
async def test_an_agent_adds_a_fact(serving, maya, amira, fields, code) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    assert code_of(await agent.command("fact.add", handoff=handoff, **fields)) == code
    if code == "ack":
        assert (await agent.event("facts.changed"))["data"]["added"][0]["source"] == "desk"


async def test_availability_is_what_the_agent_says(serving, amira) -> None:
    agent = await serving.agent(await off_loop(Desk, amira))
    away = {"available": False, "reason": None, "after_current": False}
    for fields, told in (
        ({"available": True}, away | {"available": True}),
        # With nothing to finish, finishing is done at once.
        ({"available": True, "after_current": True}, away),
        ({"available": False, "reason": "lunch"}, away | {"reason": "lunch"}),
    ):
        assert (await agent.command("availability.set", **fields))["result"] == {}
        await agent.event("availability.changed", **told)
    assert code_of(await agent.command("availability.set", available="yes")) == "invalid_request"
    assert code_of(await agent.command("availability.set", available=1)) == "invalid_request"


@pytest.mark.parametrize("available", [True, False])
async def test_who_finishes_what_they_have_is_away_with_the_last_of_it(serving, maya, amira, available) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    await agent.command("availability.set", available=available, after_current=True)
    await agent.event("availability.changed", available=False, after_current=True)
    late = await serving.agent(await off_loop(Desk, amira))
    assert late.frames[0]["snapshot"]["agent"]["availability"]["after_current"]
    await off_loop(close, amira, handoff)
    await agent.event("availability.changed", available=False, after_current=False)


async def test_an_offer_is_taken_once_and_with_its_token_alone(serving, maya, amira, tomas) -> None:
    await off_loop(maya.ask)
    offer = await off_loop(offer_to, amira)
    agent, other = await serving.agent(await off_loop(Desk, amira)), await serving.agent(await off_loop(Desk, tomas))
    refused = [
        await agent.command("offer.accept", offer=offer.public_id, token="x"),
        await agent.command("offer.decline", offer=offer.public_id, token="x"),
        await agent.command("offer.accept", offer="of_absent", token=offer.token),
        await other.command("offer.accept", offer=offer.public_id, token=offer.token),
        await other.command("offer.decline", offer=offer.public_id, token=offer.token),
    ]
    assert [code_of(one) for one in refused] == ["offer_gone"] * 5
    assert code_of(await agent.command("offer.accept", offer=offer.public_id, token=offer.token)) == "ack"
    for name in ("offer.accept", "offer.decline"):
        assert code_of(await agent.command(name, offer=offer.public_id, token=offer.token)) == "offer_gone"


async def test_an_offer_that_ran_out_cannot_be_taken(serving, maya, amira) -> None:
    await off_loop(maya.ask)
    offer = await off_loop(offer_to, amira)
    await off_loop(lambda: Offer.objects.update(expires_at=offer.made_at))
    agent = await serving.agent(await off_loop(Desk, amira))
    for name in ("offer.accept", "offer.decline"):
        assert code_of(await agent.command(name, offer=offer.public_id, token=offer.token)) == "offer_gone"


async def test_an_agent_ends_and_wraps_up(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    early = await agent.command("handoff.wrap_up", handoff=handoff, disposition="resolved")
    assert code_of(early) == "illegal_transition"
    assert code_of(await agent.command("handoff.end", handoff=handoff)) == "ack"
    assert code_of(await agent.command("handoff.end", handoff=handoff)) == "illegal_transition"
    said = await agent.command("message.send", handoff=handoff, client_id="m1", text="one more thing")
    assert code_of(said) == "ack"
    wrong = await agent.command("handoff.wrap_up", handoff=handoff, disposition="whatever")
    assert (code_of(wrong), wrong["fields"]) == ("invalid_request", {"disposition": "unknown"})
    long = await agent.command("handoff.wrap_up", handoff=handoff, disposition="resolved", note="x" * 4001)
    assert code_of(long) == "too_long"
    assert code_of(await agent.command("handoff.wrap_up", handoff=handoff, disposition="resolved")) == "ack"
    for name, fields in (("handoff.wrap_up", {"disposition": "resolved"}), ("note.add", {"text": "t"})):
        assert code_of(await agent.command(name, handoff=handoff, **fields)) == "not_found"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("handoff.end", {}),
        ("note.add", {"text": "t"}),
        ("fact.add", {"key": "k", "value": 1}),
        ("handoff.wrap_up", {"disposition": "resolved"}),
    ],
)
async def test_a_desk_that_saw_an_older_version_is_refused(serving, maya, amira, name, fields) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    version = agent.frames[0]["snapshot"]["handoffs"][0]["version"]
    assert code_of(await agent.command(name, handoff=handoff, version=version - 1, **fields)) == "stale_version"
    current = await agent.command(name, handoff=handoff, version=version, **fields)
    assert code_of(current) == ("illegal_transition" if name == "handoff.wrap_up" else "ack")


async def test_a_former_owner_can_do_nothing_any_more(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    agent = await serving.agent(await off_loop(Desk, amira))
    await off_loop(close, amira, handoff)
    await off_loop(sit_down, amira)
    for name, fields in (
        ("message.send", {"client_id": "m1", "text": "t"}),
        ("message.read", {"seq": 1}),
        ("note.add", {"text": "t"}),
        ("fact.add", {"key": "k", "value": 1}),
        ("handoff.end", {}),
    ):
        assert code_of(await agent.command(name, handoff=handoff, **fields)) == "not_found"
