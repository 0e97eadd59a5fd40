"""How a socket begins: the handshake, the ticket, the welcome."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from django.conf import settings

from agent_console.consumer import AgentConsumer
from handoff.identity.models import Ticket
from handoff.lib.clock import utc_now
from handoff.realtime.models import Epoch
from handoff.realtime.threads import in_database as off_loop
from tests.conftest import OTHER_ORIGIN, SITE_ORIGIN
from tests.scenes import connect, offer_to
from tests.socket_client import PATIENCE_SECONDS, Desk, Socket, ticket_of

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED_ORIGINS = {
    "missing": None,
    "null": "null",
    "unknown": "http://evil.example",
    "http instead of https, or the other way round": SITE_ORIGIN.replace("http", "https"),
    "another port": SITE_ORIGIN[:-1] + "9",
    "no port": "http://127.0.0.1",
    "userinfo": "http://user@127.0.0.1:8001",
    "a slash at the end": SITE_ORIGIN + "/",
    "upper case": SITE_ORIGIN.upper(),
    "a longer host": "http://127.0.0.1:8001.evil.example",
    "malformed": "http://[",
    "not ASCII": "http://127.0.0.1:8001\xe9",
    "empty": "",
}


@pytest.mark.parametrize("path", ["/ws/customer", "/ws/agent"])
@pytest.mark.parametrize("origin", REFUSED_ORIGINS.values(), ids=REFUSED_ORIGINS)
async def test_a_handshake_from_elsewhere_is_refused_before_it_is_accepted(serving, harbour, path, origin) -> None:
    socket = await serving.open(path, origin)
    assert socket.close_code == 4403
    assert socket.frames == []


@pytest.mark.parametrize("origins", [(SITE_ORIGIN, SITE_ORIGIN), ("http://evil.example", SITE_ORIGIN)])
async def test_two_origins_are_one_that_matches_nothing(serving, harbour, origins) -> None:
    socket = Socket("/ws/customer", None)
    serving.sockets.append(socket)
    socket.wire.scope["headers"] = [(b"origin", origin.encode()) for origin in origins]
    assert not await socket.open()


@pytest.mark.parametrize("subprotocols", [(), ("handoff.v2",), ("graphql-ws",)])
async def test_another_subprotocol_is_refused(serving, harbour, subprotocols) -> None:
    socket = await serving.open("/ws/customer", SITE_ORIGIN, subprotocols=subprotocols)
    assert socket.close_code == 4403


@pytest.mark.parametrize("path", ["/ws/", "/ws/admin", "/ws/customer/1", "/api/v1/sessions"])
async def test_an_unknown_path_is_refused(serving, harbour, path) -> None:
    assert (await serving.open(path, SITE_ORIGIN)).close_code == 4403


async def test_a_customer_is_welcomed_with_everything_the_panel_shows(serving, maya, amira) -> None:
    handoff_id = await off_loop(lambda: connect(maya, amira, statement="charged twice"))
    await off_loop(lambda: maya.post(f"handoffs/{handoff_id}/messages", {"client_id": "m1", "text": "hello"}))
    socket = await serving.customer(maya)
    welcome = socket.frames[0]
    snapshot = welcome["snapshot"]
    assert welcome["epoch"] == await off_loop(lambda: Epoch.objects.get().value)
    assert welcome["heartbeat_seconds"] == settings.HANDOFF_SECONDS["HEARTBEAT"]
    assert set(snapshot) == {"customer", "handoff", "scheduled", "recent", "timeline", "receipt"}
    assert snapshot["customer"] == maya.customer
    assert snapshot["handoff"]["id"] == handoff_id
    assert snapshot["timeline"][-1]["data"]["text"] == "hello"
    assert welcome["heads"] == {
        f"customer/{maya.customer['id']}": 1,
        f"handoff/{handoff_id}": snapshot["timeline"][-1]["seq"],
    }
    assert snapshot["receipt"] == (await off_loop(maya.get, f"handoffs/{handoff_id}/receipt")).body
    assert snapshot["handoff"] == (await off_loop(maya.get, f"handoffs/{handoff_id}")).body


async def test_an_agent_is_welcomed_with_the_whole_desk(serving, maya, page, amira) -> None:
    owned = await off_loop(connect, maya, amira)
    waiting = page()
    await off_loop(waiting.open)
    await off_loop(waiting.ask)
    offer = await off_loop(offer_to, amira)
    socket = await serving.agent(await off_loop(Desk, amira))
    welcome = socket.frames[0]
    snapshot = welcome["snapshot"]
    assert set(snapshot) == {"agent", "offers", "handoffs", "queues", "drafts", "watching", "joined"}
    assert snapshot["agent"]["id"] == amira.public_id
    assert [(one["id"], one["token"]) for one in snapshot["offers"]] == [(offer.public_id, offer.token)]
    assert [one["id"] for one in snapshot["handoffs"]] == [owned]
    assert [(one["key"], one["waiting"]) for one in snapshot["queues"]] == [("cards", 1)]
    assert set(welcome["heads"]) == {f"agent/{amira.public_id}", f"handoff/{owned}", f"handoff/{owned}/desk"}


FIRST_FRAMES = {
    "another command": {"cmd": "ping"},
    "a message": {"cmd": "message.send", "id": "1", "handoff": "ho_x", "client_id": "m", "text": "t"},
    "no ticket": {"cmd": "hello"},
    "a ticket that is no text": {"cmd": "hello", "ticket": 7},
    "an unknown field": {"cmd": "hello", "ticket": "ht_x", "role": "agent"},
    "a foreign ticket": {"cmd": "hello", "ticket": "ht_" + "x" * 43},
    "an empty ticket": {"cmd": "hello", "ticket": ""},
    "a ticket with NUL": {"cmd": "hello", "ticket": "ht_\0"},
    "a negative cursor": {"cmd": "hello", "ticket": "x", "resume": {"epoch": "e", "cursors": {"s": -1}}},
    "a huge cursor": {"cmd": "hello", "ticket": "x", "resume": {"epoch": "e", "cursors": {"s": 10**400}}},
    "no JSON": "hello",
    "a list": "[]",
    "nothing": "",
    "bytes": b"\x00\xff",
    "depth": "[" * 60_000,
}


@pytest.mark.parametrize("path", ["/ws/customer", "/ws/agent"])
@pytest.mark.parametrize("frame", FIRST_FRAMES.values(), ids=FIRST_FRAMES)
async def test_a_first_frame_that_is_no_good_hello_closes_4401(serving, harbour, path, frame) -> None:
    socket = await serving.open(path)
    await socket.say(frame)
    assert await socket.ended() == 4401
    assert socket.frames == [{"ev": "bye", "code": "auth", "retry_after_ms": None}]


async def test_silence_instead_of_hello_closes_4401(serving, harbour) -> None:
    socket = await serving.open("/ws/customer")
    assert await socket.ended() == 4401


async def test_a_first_frame_that_is_too_big_closes_4413(serving, harbour) -> None:
    socket = await serving.open("/ws/customer")
    await socket.say(json.dumps({"cmd": "hello", "ticket": "x" * 70_000}))
    assert await socket.ended() == 4413


async def test_a_client_that_leaves_before_hello_leaves_nothing_behind(serving, harbour) -> None:
    socket = await serving.open("/ws/customer")
    await socket.leave()
    assert socket.wire.future.done()


@pytest.mark.parametrize("client", ["panel/1", "panel/1.9", "panel/2", "site-app/0", "panel", "", None])
async def test_a_client_that_is_young_enough_or_somebody_elses_is_let_in(serving, maya, client) -> None:
    ticket = await off_loop(ticket_of, maya)
    socket = await serving.open("/ws/customer")
    await socket.say({"cmd": "hello", "ticket": ticket, "client": client})
    assert (await socket.until(lambda frame: True))["ev"] == "welcome"


@pytest.mark.parametrize("client", ["panel/0", "panel/0.9", "console/0"])
async def test_a_page_from_before_a_deploy_is_told_to_reload_and_keeps_its_ticket(serving, maya, client) -> None:
    ticket = await off_loop(ticket_of, maya)
    socket = await serving.open("/ws/customer")
    await socket.say({"cmd": "hello", "ticket": ticket, "client": client})
    assert await socket.ended() == 4426
    assert socket.frames == [{"ev": "bye", "code": "upgrade_required", "retry_after_ms": None}]
    await (await serving.open("/ws/customer")).hello(ticket)


async def test_a_ticket_opens_one_socket(serving, maya) -> None:
    ticket = await off_loop(ticket_of, maya)
    first, second = await serving.open("/ws/customer"), await serving.open("/ws/customer")
    await first.hello(ticket)
    await second.say({"cmd": "hello", "ticket": ticket})
    assert await second.ended() == 4401


async def test_of_eight_sockets_with_one_ticket_one_is_let_in(serving, maya) -> None:
    ticket = await off_loop(ticket_of, maya)
    sockets = [await serving.open("/ws/customer") for _ in range(8)]
    await asyncio.gather(*(socket.say({"cmd": "hello", "ticket": ticket}) for socket in sockets))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not all(socket.frames for socket in sockets):
            await asyncio.sleep(0.01)
    assert sorted(socket.frames[0]["ev"] for socket in sockets) == ["bye"] * 7 + ["welcome"]


async def test_an_old_ticket_opens_nothing(serving, maya) -> None:
    ticket = await off_loop(ticket_of, maya)
    await off_loop(lambda: Ticket.objects.update(expires_at=utc_now()))
    socket = await serving.open("/ws/customer")
    await socket.say({"cmd": "hello", "ticket": ticket})
    assert await socket.ended() == 4401


async def test_a_ticket_of_a_session_that_ended_opens_nothing(serving, maya) -> None:
    ticket = await off_loop(ticket_of, maya)
    await off_loop(maya.call, "DELETE", "sessions")
    socket = await serving.open("/ws/customer")
    await socket.say({"cmd": "hello", "ticket": ticket})
    assert await socket.ended() == 4401


async def test_a_ticket_does_not_fit_the_other_door(serving, maya, amira) -> None:
    customers, agents = await off_loop(ticket_of, maya), await off_loop((await off_loop(Desk, amira)).ticket)
    for path, ticket in (("/ws/agent", customers), ("/ws/customer", agents)):
        socket = await serving.open(path)
        await socket.say({"cmd": "hello", "ticket": ticket})
        assert await socket.ended() == 4401


async def test_a_session_token_is_no_ticket(serving, maya) -> None:
    socket = await serving.open("/ws/customer")
    await socket.say({"cmd": "hello", "ticket": maya.session})
    assert await socket.ended() == 4401


async def test_a_page_of_another_site_is_closed_4403_after_hello(serving, maya, neighbour) -> None:
    ticket = await off_loop(ticket_of, maya)
    socket = await serving.open("/ws/customer", OTHER_ORIGIN)
    await socket.say({"cmd": "hello", "ticket": ticket})
    assert await socket.ended() == 4403
    assert socket.frames[-1]["code"] == "forbidden"


async def test_a_desk_on_a_site_of_a_customer_is_closed_4403(serving, harbour, amira) -> None:
    ticket = await off_loop((await off_loop(Desk, amira)).ticket)
    socket = await serving.open("/ws/agent", SITE_ORIGIN)
    await socket.say({"cmd": "hello", "ticket": ticket})
    assert await socket.ended() == 4403


async def test_nothing_is_shown_before_the_welcome(serving, amira, monkeypatch) -> None:
    """The board is shown to every desk that is there, however long its snapshot takes."""
    monkeypatch.setattr("handoff.config.background.BOARD_SECONDS", 0.01)
    desk = await off_loop(Desk, amira)
    await serving.agent(desk)
    start = AgentConsumer.start
    monkeypatch.setattr(AgentConsumer, "start", lambda *args: time.sleep(0.2) or start(*args))
    second = await serving.agent(desk)
    await second.until(lambda frame: frame["ev"] == "board")
    assert [frame["ev"] for frame in second.frames[:2]] == ["welcome", "board"]


async def test_the_sixth_socket_of_a_person_closes_the_oldest_4409(serving, maya, stranger) -> None:
    someone_else = await serving.customer(stranger, origin=OTHER_ORIGIN)
    sockets = [await serving.customer(maya) for _ in range(6)]
    assert await sockets[0].ended() == 4409
    assert sockets[0].frames[-1]["code"] == "superseded"
    for socket in [*sockets[1:], someone_else]:
        await socket.settled()


async def test_the_sixth_desk_of_an_agent_closes_the_oldest_4409(serving, amira) -> None:
    desk = await off_loop(Desk, amira)
    sockets = [await serving.agent(desk) for _ in range(6)]
    assert await sockets[0].ended() == 4409
