"""Every interval may be short: whoever is present stays present, and sessions that ping go on."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings

from handoff.flows.clocks import close_abandoned
from handoff.identity.actions import sign_of_life_seconds
from handoff.realtime.threads import in_database as off_loop

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_customer_with_a_socket_is_never_taken_for_gone(serving, maya, monkeypatch) -> None:
    for name in ("CUSTOMER_AWAY", "CUSTOMER_GONE", "SESSION_IDLE"):
        monkeypatch.setitem(settings.HANDOFF_SECONDS, name, 3)
    socket = await serving.customer(maya)
    handoff = (await off_loop(maya.ask)).body["id"]
    for _ in range(9):
        await asyncio.sleep(0.4)
        await socket.say({"cmd": "ping"})
        # The sign of life is written before the next command is taken.
        await socket.settled()
        assert await off_loop(close_abandoned) == 0
    assert (await off_loop(maya.get, f"handoffs/{handoff}")).body["state"] == "queued"


async def test_pings_are_asked_for_often_enough_for_what_they_keep(serving, maya, monkeypatch) -> None:
    assert (await serving.customer(maya)).frames[0]["heartbeat_seconds"] == 20
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "SESSION_IDLE", 4)
    assert (await serving.customer(maya)).frames[0]["heartbeat_seconds"] == 2


def test_with_the_defaults_a_sign_of_life_is_written_every_ten_seconds() -> None:
    assert sign_of_life_seconds() == 10
