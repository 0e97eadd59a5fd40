"""Frames that no good client sends: each gets one clear answer, and no socket dies without a bye."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from handoff.realtime import limits, log, socket, streams
from handoff.realtime.log import Entry
from handoff.realtime.threads import in_database as off_loop
from tests.scenes import connect
from tests.socket_client import PATIENCE_SECONDS, Desk

pytestmark = pytest.mark.django_db(transaction=True)

UNREADABLE: dict[str, str | bytes] = {
    "no JSON": "hello",
    "half of it": '{"cmd": "ping"',
    "a list": "[1]",
    "a number": "7",
    "null": "null",
    "no cmd": '{"id": "1"}',
    "a cmd that is no text": '{"cmd": 7}',
    "NaN": '{"cmd": "ping", "id": NaN}',
    "a lone surrogate": r'{"cmd": "typing", "id": "1", "handoff": "\ud800"}',
    "a raw surrogate": '{"cmd": "ping", "id": "\ud800"}',
    "depth": '{"cmd": "ping", "id": ' + "[" * 30_000 + "]" * 30_000 + "}",
    "nothing": "",
    "bytes": b"\xff\xfe\x00",
    "JSON as bytes": b'{"cmd": "ping"}',
    "two objects": '{"cmd": "ping"}{"cmd": "ping"}',
}


@pytest.mark.parametrize("frame", UNREADABLE.values(), ids=UNREADABLE)
async def test_three_unreadable_frames_close_4400(serving, maya, frame) -> None:
    client = await serving.customer(maya)
    for _ in range(3):
        await client.say(frame)
    assert await client.ended() == 4400
    *errors, bye = client.frames[-4:]
    assert [(one["ev"], one["id"], one["code"]) for one in errors] == [("error", None, "bad_frame")] * 3
    assert bye == {"ev": "bye", "code": "bad_frame", "retry_after_ms": None}


async def test_two_unreadable_frames_are_forgiven(serving, maya) -> None:
    client = await serving.customer(maya)
    await client.say("?")
    await client.say("?")
    await client.settled()
    assert client.close_code is None


NAMES = ["handoff.transfer", "offer.accept", "__init__", "perform", "hello", "Ping", "ping ", "pi\0ng", "", "x" * 5_000]


@pytest.mark.parametrize("name", NAMES)
async def test_an_unknown_command_is_refused_and_never_closes(serving, maya, name) -> None:
    client = await serving.customer(maya)
    for _ in range(5):
        refused = await client.command(name)
        assert refused["code"] == "unknown_command"
    await client.settled()


@pytest.mark.parametrize("name", ["fact.strike", "journey.record", "handoff.cancel"])
async def test_a_command_of_the_other_side_is_unknown_to_a_desk(serving, amira, name) -> None:
    client = await serving.agent(await off_loop(Desk, amira))
    assert (await client.command(name, handoff="ho_x"))["code"] == "unknown_command"


async def test_an_unknown_field_is_named_and_never_closes(serving, maya) -> None:
    client = await serving.customer(maya)
    for _ in range(5):
        refused = await client.command("typing", handoff="ho_x", role="agent")
        assert refused["code"] == "unknown_field"
        assert refused["fields"] == {"role": "unknown"}
    await client.settled()


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a handoff that is a number": ("typing", {"handoff": 7}, "handoff"),
    "a handoff that is missing": ("typing", {}, "handoff"),
    "a handoff that is null": ("typing", {"handoff": None}, "handoff"),
    "a handoff with NUL": ("typing", {"handoff": "ho_\0"}, "handoff"),
    "a text that is a list": ("message.send", {"handoff": "h", "client_id": "m", "text": ["t"]}, "text"),
    "a text with NUL": ("message.send", {"handoff": "h", "client_id": "m", "text": "a\0b"}, "text"),
    "an empty text": ("message.send", {"handoff": "h", "client_id": "m", "text": ""}, "text"),
    "a blank text": ("message.send", {"handoff": "h", "client_id": "m", "text": " \n"}, "text"),
    "an empty client id": ("message.send", {"handoff": "h", "client_id": "", "text": "t"}, "client_id"),
    "a long client id": ("message.send", {"handoff": "h", "client_id": "m" * 65, "text": "t"}, "client_id"),
    "a client id with a line break": ("message.send", {"handoff": "h", "client_id": "m\n", "text": "t"}, "client_id"),
    "a card as client id": (
        "message.send",
        {"handoff": "h", "client_id": "4111_1111_1111_1111", "text": "t"},
        "client_id",
    ),
    "a seq that is text": ("message.read", {"handoff": "h", "seq": "1"}, "seq"),
    "a seq that is a float": ("message.read", {"handoff": "h", "seq": 1.5}, "seq"),
    "a seq that is true": ("message.read", {"handoff": "h", "seq": True}, "seq"),
    "a negative seq": ("message.read", {"handoff": "h", "seq": -1}, "seq"),
    "a seq beyond a browser's": ("message.read", {"handoff": "h", "seq": 2**53}, "seq"),
    "a seq beyond the column": ("message.read", {"handoff": "h", "seq": 10**30}, "seq"),
    "steps that are text": ("journey.record", {"handoff": "h", "steps": "x"}, "steps"),
    "facts with NUL": ("journey.record", {"handoff": "h", "facts": [{"key": "a\0", "value": 1}]}, "facts"),
    "a source that nobody knows": ("fact.strike", {"handoff": "h", "key": "k", "source": "page"}, "source"),
    "a version that is text": ("handoff.end", {"handoff": "h", "version": "1"}, "version"),
}


@pytest.mark.parametrize(("name", "fields", "wrong"), WRONG.values(), ids=WRONG)
async def test_a_wrong_value_is_named_and_never_closes(serving, maya, name, fields, wrong) -> None:
    client = await serving.customer(maya)
    refused = await client.command(name, **fields)
    assert refused["code"] == "invalid_request"
    assert set(refused["fields"]) == {wrong}
    await client.settled()


@pytest.mark.parametrize("command_id", [7, None, "", "x" * 65, [], "a\0b"])
async def test_an_id_that_cannot_be_used_never_closes(serving, maya, command_id) -> None:
    client = await serving.customer(maya)
    await client.say({"cmd": "typing", "id": command_id, "handoff": "ho_x"})
    frames = await client.settled()
    assert next(frame["code"] for frame in frames if frame["ev"] == "error") in ("invalid_request", "not_found")


async def test_a_text_over_the_limit_is_too_long(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    client = await serving.customer(maya)
    fits = await client.command("message.send", handoff=handoff, client_id="m1", text="x" * 4000)
    over = await client.command("message.send", handoff=handoff, client_id="m2", text="x" * 4001)
    assert (fits["ev"], over["code"]) == ("ack", "too_long")


async def test_a_frame_over_the_limit_closes_4413(serving, maya) -> None:
    client = await serving.customer(maya)
    await client.say(json.dumps({"cmd": "ping", "id": "x" * 65_536}))
    assert await client.ended() == 4413
    assert client.frames[-1]["code"] == "too_big"


async def test_a_flood_closes_4429_and_says_when_to_come_back(serving, maya, monkeypatch) -> None:
    monkeypatch.setattr(limits, "FRAMES_BURST", 20)
    client = await serving.customer(maya)
    for _ in range(25):
        await client.say({"cmd": "ping"})
    assert await client.ended() == 4429
    assert client.frames[-1] == {"ev": "bye", "code": "rate", "retry_after_ms": 10_000}
    assert sum(frame["ev"] == "pong" for frame in client.frames) <= 21


async def test_messages_beyond_the_rate_are_refused_one_by_one(serving, maya, amira, monkeypatch) -> None:
    handoff = await off_loop(connect, maya, amira)
    monkeypatch.setattr(limits, "MESSAGES", limits.Limiter(2, 60))
    client = await serving.customer(maya)
    told = [await client.command("message.send", handoff=handoff, client_id=f"m{n}", text="t") for n in range(4)]
    assert [one.get("code", "ack") for one in told] == ["ack", "ack", "rate_limited", "rate_limited"]


async def test_the_socket_is_no_way_around_the_rate_of_http(serving, maya, amira, monkeypatch) -> None:
    handoff = await off_loop(connect, maya, amira)
    monkeypatch.setattr(limits, "MESSAGES", limits.Limiter(1, 60))
    client = await serving.customer(maya)
    assert (await client.command("message.send", handoff=handoff, client_id="m1", text="t"))["ev"] == "ack"
    over = await off_loop(lambda: maya.post(f"handoffs/{handoff}/messages", {"client_id": "m2", "text": "t"}))
    assert (over.status, over.code) == (429, "rate_limited")


async def test_a_slow_reader_is_closed_4408_and_owes_a_bounded_number_of_frames(serving, maya, monkeypatch) -> None:
    monkeypatch.setattr(socket, "OUTBOX_LIMIT", 50)
    client = await serving.customer(maya)
    await client.settled()
    sent = len(client.frames)
    await _write_many(maya.customer["id"], 200)
    assert await client.ended() == 4408
    assert client.frames[-1]["code"] == "too_slow"
    assert len(client.frames) - sent <= 60


async def test_a_client_that_never_reads_again_is_given_up(serving, maya, monkeypatch) -> None:
    monkeypatch.setattr(socket, "OUTBOX_LIMIT", 50)
    monkeypatch.setattr(socket, "BYE_SECONDS", 0.2)
    client = await serving.customer(maya)
    client.is_reading.clear()
    await _write_many(maya.customer["id"], 200)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.wire.future


async def _write_many(customer_id: str, count: int) -> None:
    """Events in one commit: they reach the socket in one go, before its writer runs."""
    stream = streams.customer(customer_id)

    def write() -> None:
        with log.recording() as record:
            record.add(Entry(stream=stream, type="session.changed", data={}) for _ in range(count))

    await off_loop(write)
