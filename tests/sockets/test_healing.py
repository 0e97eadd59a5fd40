"""A hint that never came: the poll makes up for it, and a change of Redis' state does so at once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.conf import settings

from handoff.config import asgi
from handoff.realtime import log, streams
from handoff.realtime.delivery import Delivered, hub
from handoff.realtime.log import Entry, recording
from handoff.realtime.socket import GAP_PATIENCE_SECONDS, Outlet
from handoff.realtime.threads import in_database as off_loop
from tests.socket_client import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


async def test_what_was_missed_is_read_when_redis_falls_or_comes_back(serving, maya, monkeypatch) -> None:
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "POLL", 60)
    socket = await serving.customer(maya)
    await socket.settled()
    monkeypatch.setattr(hub, "announce", lambda entries: None)
    stream = streams.customer(maya.customer["id"])

    def write() -> None:
        with recording() as record:
            record.add([Entry(stream=stream, type="session.changed", data={})])

    await off_loop(write)
    # The poll would come long after this test has lost its patience.
    asgi.background._hints_changed.set()
    await socket.event("session.changed")


async def test_what_is_no_longer_theirs_is_not_read_from_the_log(monkeypatch) -> None:
    """A desk that missed everything learns first from its own stream which others it may still read."""
    sent: list[str] = []
    read: list[str] = []
    gone = Delivered("agent/ag_1", 4, "2026-01-01T00:00:00.000Z", "handoff.unassigned", {"id": "ho_1", "reason": "x"})
    said = Delivered("handoff/ho_2", 9, "2026-01-01T00:00:00.000Z", "message.posted", {"text": "still mine"})

    def read_after(stream: str, cursor: int, *, limit: int) -> list[Delivered]:
        read.append(stream)
        return [entry for entry in (gone, said) if entry.stream == stream and entry.seq > cursor]

    async def send(message: dict[str, Any]) -> None:
        sent.append(json.loads(message["text"])["type"])

    monkeypatch.setattr(log, "read_after", read_after)
    outlet = Outlet(send, role="agent", on_closed=lambda: None)
    outlet.cursors = {"agent/ag_1": 3, "handoff/ho_1": 5, "handoff/ho_1/desk": 2, "handoff/ho_2": 8}
    outlet.check({"agent/ag_1": 4, "handoff/ho_1": 6, "handoff/ho_1/desk": 3, "handoff/ho_2": 9})
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(sent) < 2:
            await asyncio.sleep(0.01)
    outlet.shut()
    assert sent == ["handoff.unassigned", "message.posted"]
    assert set(read) == {"agent/ag_1", "handoff/ho_2"}


def said(seq: int) -> Delivered:
    return Delivered("handoff/ho_2", seq, "2026-01-01T00:00:00.000Z", "message.posted", {"text": f"word {seq}"})


class Hall:
    """An outlet that follows one talk from its eighth entry on, and what it has sent and read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, stored: int = 20) -> None:
        self.sent: list[int] = []
        self.reads = 0
        self.outlet = Outlet(self._send, role="agent", on_closed=lambda: None)
        self.outlet.cursors = {"handoff/ho_2": 8}

        def read_after(stream: str, cursor: int, *, limit: int) -> list[Delivered]:
            self.reads += 1
            return [said(seq) for seq in range(cursor + 1, stored + 1)][:limit]

        monkeypatch.setattr(log, "read_after", read_after)

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(json.loads(message["text"])["seq"])

    def hear(self, *seqs: int) -> None:
        for seq in seqs:
            self.outlet.deliver(said(seq))

    async def until_sent(self, last: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.sent[-1:] != [last]:
                await asyncio.sleep(0.005)


@pytest.mark.parametrize("heard", [(10, 9), (11, 10, 9), (10, 12, 9, 11), (9, 11, 12, 10, 10, 9, 13), (12, 10, 9, 11)])
async def test_hints_that_cross_are_put_in_order_and_nothing_is_read(monkeypatch, heard) -> None:
    hall = Hall(monkeypatch)
    hall.hear(*heard)
    await hall.until_sent(max(heard))
    assert hall.sent == list(range(9, max(heard) + 1))
    await asyncio.sleep(2 * GAP_PATIENCE_SECONDS)
    assert hall.reads == 0
    # And the next one goes out at once, as ever; a new gap is a gap of its own.
    hall.hear(max(heard) + 1, max(heard) + 3, max(heard) + 2)
    await hall.until_sent(max(heard) + 3)
    assert hall.sent == list(range(9, max(heard) + 4))
    assert hall.reads == 0
    hall.outlet.shut()


async def test_a_gap_that_nothing_closes_is_read(monkeypatch) -> None:
    hall = Hall(monkeypatch, stored=14)
    hall.hear(10, 12)
    await hall.until_sent(14)
    hall.hear(13, 12, 9, 15)
    await hall.until_sent(15)
    assert hall.sent == list(range(9, 16))
    assert hall.reads == 1
    hall.outlet.shut()


async def test_a_stream_that_was_left_behind_a_gap_is_not_read(monkeypatch) -> None:
    hall = Hall(monkeypatch)
    hall.hear(10)
    hall.outlet.leave("handoff/ho_2")
    hall.hear(9, 11)
    await asyncio.sleep(2 * GAP_PATIENCE_SECONDS)
    assert (hall.sent, hall.reads) == ([], 0)
    hall.outlet.shut()
