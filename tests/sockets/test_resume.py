"""Coming back: exactly what was missed, or an honest order to start anew."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings

from handoff.realtime import log, streams
from handoff.realtime.log import Entry
from handoff.realtime.models import Epoch
from handoff.realtime.threads import in_database as off_loop
from tests.scenes import accept, at_once, close, connect, offer_to
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def say(page, handoff: str, *texts: str) -> None:
    for text in texts:
        assert page.post(f"handoffs/{handoff}/messages", {"client_id": text, "text": text}).status == 201


def texts_of(frames) -> list[str]:
    return [frame["data"]["text"] for frame in frames if frame.get("type") == "message.posted"]


async def leave_and_note(socket) -> dict:
    """The cursors that a client would keep."""
    await socket.settled()
    kept = {"epoch": socket.frames[0]["epoch"], "cursors": socket.cursors()}
    await socket.leave()
    return kept


async def test_a_customer_gets_exactly_what_was_missed(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    first = await serving.customer(maya)
    await off_loop(say, maya, handoff, "before-1", "before-2")
    await first.event("message.posted", text="before-2")
    kept = await leave_and_note(first)
    await off_loop(say, maya, handoff, "missed-1", "missed-2", "missed-3")
    second = await serving.customer(maya, resume=kept)
    await second.event("message.posted", text="missed-3")
    await off_loop(say, maya, handoff, "live")
    await second.event("message.posted", text="live")
    seen = [frame["seq"] for frame in second.events(streams.handoff(handoff))]
    start = kept["cursors"][streams.handoff(handoff)] + 1
    assert seen == list(range(start, start + 4))
    assert texts_of(second.frames) == ["missed-1", "missed-2", "missed-3", "live"]
    assert not any(frame["ev"] == "resync" for frame in second.frames)


async def test_an_agent_resumes_every_stream_at_once(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    desk = await off_loop(Desk, amira)
    first = await serving.agent(desk)
    kept = await leave_and_note(first)
    assert set(kept["cursors"]) == {
        streams.agent(amira.public_id), streams.handoff(handoff), streams.desk(handoff)
    }  # fmt: skip
    await off_loop(say, maya, handoff, "missed")
    helper = await serving.agent(desk)
    assert (await helper.command("note.add", handoff=handoff, text="a remark"))["ev"] == "ack"
    second = await serving.agent(desk, resume=kept)
    await second.event("message.posted", text="missed")
    await second.event("note.added", text="a remark")
    await second.settled()
    assert len(second.events(streams.handoff(handoff))) == 1
    assert len(second.events(streams.desk(handoff))) == 1


async def test_an_agent_who_was_away_learns_what_was_assigned_and_what_ended(serving, maya, page, amira) -> None:
    gone = await off_loop(connect, maya, amira)
    desk = await off_loop(Desk, amira)
    kept = await leave_and_note(await serving.agent(desk))
    await off_loop(close, amira, gone)
    other = page()
    await off_loop(other.open)
    taken = await off_loop(connect, other, amira)
    second = await serving.agent(desk, resume=kept)
    await second.event("handoff.unassigned", id=gone)
    await second.event("handoff.assigned", id=taken)
    await off_loop(say, other, taken, "hello")
    await second.event("message.posted", text="hello")
    assert second.events(streams.handoff(gone)) == []


async def test_a_cursor_of_somebody_elses_stream_opens_nothing(serving, maya, stranger, amira, tomas) -> None:
    handoff = await off_loop(connect, maya, amira)
    foreign = {
        name: 0
        for name in (
            streams.handoff(handoff), streams.desk(handoff), streams.agent(amira.public_id),
            streams.customer(maya.customer["id"]), "handoff/", "", "x" * 300, "a\0b",
        )
    }  # fmt: skip
    epoch = await off_loop(log.epoch)
    resume = {"epoch": epoch, "cursors": foreign}
    others = [
        await serving.customer(stranger, origin=stranger.origin, resume=resume),
        await serving.agent(await off_loop(Desk, tomas), resume=resume),
    ]
    await off_loop(say, maya, handoff, "private")
    for socket in others:
        await socket.settled()
        assert set(socket.frames[0]["heads"]).isdisjoint(foreign)
        assert not any(frame["ev"] == "event" for frame in socket.frames)


async def test_a_customer_cannot_resume_the_desks_stream_of_the_own_handoff(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    resume = {"epoch": await off_loop(log.epoch), "cursors": {streams.desk(handoff): 0}}
    socket = await serving.customer(maya, resume=resume)
    await socket.settled()
    assert socket.events(streams.desk(handoff)) == []


async def test_another_epoch_orders_a_new_start(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    kept = await leave_and_note(await serving.customer(maya))
    await off_loop(lambda: Epoch.objects.update(value="restored-backup"))
    socket = await serving.customer(maya, resume=kept)
    await socket.until(lambda frame: frame == {"ev": "resync", "reason": "epoch_changed"})
    assert socket.frames[0]["epoch"] == "restored-backup"
    await off_loop(say, maya, handoff, "live")
    await socket.event("message.posted", text="live")


async def test_a_cursor_ahead_of_the_log_orders_a_new_start(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    kept = await leave_and_note(await serving.customer(maya))
    kept["cursors"][streams.handoff(handoff)] += 1
    socket = await serving.customer(maya, resume=kept)
    await socket.until(lambda frame: frame == {"ev": "resync", "reason": "ahead"})
    await off_loop(say, maya, handoff, "live")
    await socket.event("message.posted", text="live")


@pytest.mark.parametrize(("change", "reason"), [({"epoch": "restored-backup"}, "epoch_changed"), ({}, "ahead")])
async def test_a_desk_is_ordered_to_start_anew_for_the_same_reasons(serving, maya, amira, change, reason) -> None:
    """R19: one stream that is ahead makes all of them untrue; the snapshot before the order is whole."""
    handoff = await off_loop(connect, maya, amira)
    desk = await off_loop(Desk, amira)
    kept = await leave_and_note(await serving.agent(desk)) | change
    kept["cursors"][streams.desk(handoff)] += 1
    socket = await serving.agent(desk, resume=kept)
    await socket.until(lambda frame: frame == {"ev": "resync", "reason": reason})
    assert [one["id"] for one in socket.frames[0]["snapshot"]["handoffs"]] == [handoff]
    await off_loop(say, maya, handoff, "live")
    await socket.event("message.posted", text="live")


@pytest.mark.parametrize(("missed", "resyncs"), [(1000, False), (1001, True)])
async def test_a_thousand_missed_entries_are_the_most_that_is_replayed(serving, maya, missed, resyncs) -> None:
    kept = await leave_and_note(await serving.customer(maya))
    await off_loop(write_many, maya.customer["id"], missed)
    socket = await serving.customer(maya, resume=kept)
    if resyncs:
        await socket.until(lambda frame: frame == {"ev": "resync", "reason": "too_old"})
        await socket.settled()
        assert not any(frame["ev"] == "event" for frame in socket.frames)
    else:
        await socket.until(lambda frame: frame.get("seq") == missed)
        seqs = [frame["seq"] for frame in socket.events(streams.customer(maya.customer["id"]))]
        assert seqs == list(range(1, missed + 1))


def write_many(customer_id: str, count: int) -> None:
    stream = streams.customer(customer_id)
    with log.recording() as record:
        record.add(Entry(stream=stream, type="session.changed", data={}) for _ in range(count))


async def test_what_is_committed_while_a_tail_is_read_arrives_at_once(serving, maya, monkeypatch) -> None:
    """R20: the read began before the commit, and the hint came before the read was done."""
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "POLL", 60)
    stream = streams.customer(maya.customer["id"])
    await off_loop(write_many, maya.customer["id"], 1)
    read_after, written = log.read_after, []

    def read_then_write(*args, **kwargs):
        found = read_after(*args, **kwargs)
        if not written:
            written.append(True)
            write_many(maya.customer["id"], 3)
        return found

    monkeypatch.setattr(log, "read_after", read_then_write)
    kept = {"epoch": await off_loop(log.epoch), "cursors": {stream: 0}}
    socket = await serving.customer(maya, resume=kept)
    await socket.until(lambda frame: frame.get("seq") == 4)
    assert [frame["seq"] for frame in socket.events(stream)] == [1, 2, 3, 4]


@pytest.mark.parametrize("look", [1, 2])
async def test_what_is_committed_while_the_start_is_read_arrives_at_once(serving, maya, monkeypatch, look) -> None:
    """R20: after the heads of the snapshot, or after those of the look that follows once hints are heard."""
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "POLL", 60)
    stream = streams.customer(maya.customer["id"])
    heads_of, looks = log.heads_of, []

    def look_then_write(*args):
        found = heads_of(*args)
        looks.append(True)
        if len(looks) == look:
            # Beside the transaction that reads the snapshot.
            at_once([lambda: write_many(maya.customer["id"], 3)])
        return found

    monkeypatch.setattr(log, "heads_of", look_then_write)
    socket = await serving.customer(maya)
    await socket.until(lambda frame: frame.get("seq") == 3)
    assert [frame["seq"] for frame in socket.events(stream)] == [1, 2, 3]


async def test_a_reader_whose_hint_was_lost_is_healed_by_the_poll(serving, maya, monkeypatch) -> None:
    socket = await serving.customer(maya)
    await socket.settled()
    monkeypatch.setattr(log.hub, "announce", lambda entries: None)
    await off_loop(write_many, maya.customer["id"], 3)
    await socket.until(lambda frame: frame.get("seq") == 3)


async def test_many_writers_and_a_reader_that_comes_and_goes_lose_and_double_nothing(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    stream = streams.handoff(handoff)
    start = (await serving.customer(maya)).frames[0]["heads"][stream]
    sender = await serving.agent(await off_loop(Desk, amira))
    sending = asyncio.create_task(send_all(sender, handoff, 60))
    kept, seen = {"epoch": await off_loop(log.epoch), "cursors": {stream: start}}, []
    for _ in range(4):
        socket = await serving.customer(maya, resume=kept)
        await asyncio.sleep(0.05)
        kept = await leave_and_note(socket)
        seen += [frame["seq"] for frame in socket.events(stream)]
        kept["cursors"] |= {stream: max(seen, default=start)}
    await sending
    socket = await serving.customer(maya, resume=kept)
    await socket.until(lambda frame: frame.get("seq") == start + 60 or kept["cursors"][stream] == start + 60)
    seen += [frame["seq"] for frame in socket.events(stream)]
    assert seen == list(range(start + 1, start + 61))


async def send_all(socket, handoff: str, count: int) -> None:
    ids = [await socket.ask("message.send", handoff=handoff, client_id=f"a{n}", text=f"line {n}") for n in range(count)]
    for command_id in ids:
        assert (await socket.answer(command_id))["ev"] == "ack"


async def test_an_offer_made_while_the_agent_was_away_is_replayed_once(serving, maya, amira) -> None:
    desk = await off_loop(Desk, amira)
    kept = await leave_and_note(await serving.agent(desk))
    await off_loop(maya.ask)
    offer = await off_loop(offer_to, amira)
    socket = await serving.agent(desk, resume=kept)
    await socket.event("offer.made", id=offer.public_id)
    await off_loop(accept, amira, offer)
    await socket.event("handoff.assigned")
    types = [frame["type"] for frame in socket.events(streams.agent(amira.public_id))]
    assert types == ["availability.changed", "offer.made", "offer.ended", "handoff.assigned"]
