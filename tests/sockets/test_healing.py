"""A hint that never came: the poll makes up for it, and a change of Redis' state does so at once."""

from __future__ import annotations

import time

import pytest
from django.conf import settings

from handoff.config import asgi
from handoff.realtime import streams
from handoff.realtime.delivery import hub
from handoff.realtime.log import Entry, recording
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
