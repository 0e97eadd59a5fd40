"""A serving process in miniature: the real application on this test's loop, with short intervals."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.conf import settings

from handoff.config import asgi
from handoff.config.background import Background
from handoff.realtime.threads import THREADS, in_database
from tests.conftest import SITE_ORIGIN, Page
from tests.socket_client import Desk, Socket, ticket_of

PANEL_ORIGIN = "http://127.0.0.1:8000"
SHORT_SECONDS = {"REVOCATION": 0.1, "HELLO": 1, "POLL": 0.5}


class Serving:
    """Opens sockets, and closes whatever is left of them."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []

    async def open(self, path: str, origin: str | None = PANEL_ORIGIN, **options: Any) -> Socket:
        socket = Socket(path, origin, **options)
        self.sockets.append(socket)
        await socket.open()
        return socket

    async def customer(self, page: Page, *, resume: dict[str, Any] | None = None, origin: str = SITE_ORIGIN) -> Socket:
        ticket = await in_database(ticket_of, page)
        socket = await self.open("/ws/customer", origin)
        await socket.hello(ticket, resume)
        return socket

    async def agent(self, desk: Desk, *, resume: dict[str, Any] | None = None) -> Socket:
        ticket = await in_database(desk.ticket)
        socket = await self.open("/ws/agent")
        await socket.hello(ticket, resume)
        return socket


@pytest.fixture
async def serving(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> AsyncIterator[Serving]:
    for name, seconds in SHORT_SECONDS.items():
        monkeypatch.setitem(settings.HANDOFF_SECONDS, name, seconds)
    monkeypatch.setattr("handoff.config.background.BOARD_SECONDS", 0.2)
    background = Background()
    monkeypatch.setattr(asgi, "background", background)
    hall = Serving()
    yield hall
    await asyncio.gather(*(socket.leave() for socket in hall.sockets))
    background.stop()
    # The database is emptied next: whatever still reads it has to be done.
    everyone = threading.Barrier(THREADS)
    await asyncio.gather(*(in_database(everyone.wait, 10) for _ in range(THREADS)))
