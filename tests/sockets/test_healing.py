"""A hint that never came: the poll makes up for it, and a change of Redis' state does so at once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from django.conf import settings

from handoff.config import asgi
from handoff.realtime import log, streams
from handoff.realtime.delivery import Delivered, hub
from handoff.realtime.log import Entry, recording
from handoff.realtime.socket import Outlet
from handoff.realtime.threads import in_database as off_loop

pytestmark = pytest.mark.django_db(transaction=True)


async def test_what_was_missed_is_read_when_redis_falls_or_comes_back(serving, maya, monkeypatch) -> None:
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "POLL", 25)
    socket = await serving.customer(maya)
    await socket.settled()
    monkeypatch.setattr(hub, "announce", lambda entries: None)
    stream = streams.customer(maya.customer["id"])

    def write() -> None:
        with recording() as record:
            record.add([Entry(stream=stream, type="session.changed", data={})])

    await off_loop(write)
    began = time.monotonic()
    asgi.background._hints_changed.set()
    await socket.event("session.changed")
    assert time.monotonic() - began < 2


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
    async with asyncio.timeout(5):
        while len(sent) < 2:
            await asyncio.sleep(0.01)
    outlet.shut()
    assert sent == ["handoff.unassigned", "message.posted"]
    assert set(read) == {"agent/ag_1", "handoff/ho_2"}
