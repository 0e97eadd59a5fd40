"""What nobody anticipated: a socket says goodbye before it ends, and a full house is left in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handoff.realtime import roster as module
from handoff.realtime.roster import roster
from handoff.realtime.threads import in_database as off_loop
from handoff.widget.consumer import CustomerConsumer
from tests.socket_client import ticket_of

pytestmark = pytest.mark.django_db(transaction=True)


def fail(*_: Any, **__: Any) -> None:
    raise LookupError("nobody thought of this")


@pytest.mark.parametrize("method", ["authenticate", "start", "entered"])
async def test_a_greeting_that_fails_says_when_to_come_back(serving, maya, monkeypatch, method) -> None:
    monkeypatch.setattr(CustomerConsumer, method, fail)
    socket = await serving.open("/ws/customer")
    await socket.say({"cmd": "hello", "ticket": await off_loop(ticket_of, maya), "resume": None})
    assert await socket.ended() == 4503
    assert socket.frames[-1] == {"ev": "bye", "code": "going_away", "retry_after_ms": 2000}


async def test_a_command_that_fails_is_refused_and_the_talk_goes_on(serving, maya, monkeypatch) -> None:
    socket = await serving.customer(maya)
    with monkeypatch.context() as patch:
        patch.setattr(CustomerConsumer, "perform", fail)
        assert (await socket.command("handoff.cancel", handoff="ho_x"))["code"] == "not_saved"
    await socket.settled()


async def test_a_socket_whose_listening_fails_says_when_to_come_back(serving, maya, monkeypatch) -> None:
    socket = await serving.customer(maya)
    monkeypatch.setattr(CustomerConsumer, "acknowledge", fail)
    monkeypatch.setattr(CustomerConsumer, "refuse", fail)
    await socket.ask("handoff.cancel", handoff="ho_x")
    assert await socket.ended() == 4503


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(roster, "is_draining", False)
    monkeypatch.setattr(module, "DRAIN_STEP_SECONDS", 0.3)
    monkeypatch.setattr(module, "DRAIN_STEP_SOCKETS", 1)
    return roster


async def test_sockets_are_seen_off_step_by_step(serving, maya, house) -> None:
    sockets = [await serving.customer(maya) for _ in range(3)]
    leaving = asyncio.create_task(house.drain())
    assert await sockets[0].ended() == 4503
    assert sockets[2].close_code is None
    await leaving
    assert [await socket.ended() for socket in sockets] == [4503] * 3


async def test_nobody_enters_a_process_that_leaves(serving, maya, house) -> None:
    await house.drain()
    socket = await serving.open("/ws/customer")
    assert socket.close_code == 4503
