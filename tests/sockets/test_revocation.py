"""A right that ends ends its sockets: sign-outs, disabled accounts, new passwords, sessions that ran out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session as SignIn

from handoff.config import env
from handoff.config.background import Background
from handoff.identity.models import Session
from handoff.lib.clock import utc_now
from handoff.realtime.threads import in_database as off_loop
from handoff.staffing.models import Agent
from tests.conftest import PASSWORD
from tests.scenes import connect, refusal
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_sign_out_ends_the_sockets_of_that_device_alone(serving, maya, page) -> None:
    tablet = page()
    await off_loop(lambda: tablet.open(tablet.token()))
    phone_socket, tablet_socket = await serving.customer(maya), await serving.customer(tablet)
    assert (await off_loop(maya.call, "DELETE", "sessions")).status == 204
    assert await phone_socket.ended() == 4401
    assert phone_socket.frames[-1]["code"] == "auth"
    await asyncio.sleep(0.3)
    await tablet_socket.settled()


async def test_a_sign_out_everywhere_ends_every_device(serving, maya, page, stranger) -> None:
    tablet = page()
    await off_loop(lambda: tablet.open(tablet.token()))
    own = [await serving.customer(maya), await serving.customer(tablet)]
    other = await serving.customer(stranger, origin=stranger.origin)
    await off_loop(maya.call, "DELETE", "sessions?everywhere=true")
    assert [await socket.ended() for socket in own] == [4401, 4401]
    await other.settled()


async def test_a_refreshed_session_ends_the_sockets_of_the_old_one(serving, maya) -> None:
    socket = await serving.customer(maya)
    assert (await off_loop(lambda: maya.open(maya.token()))).status == 200
    assert await socket.ended() == 4401


@pytest.mark.parametrize("column", ["expires_at", "seen_at"])
async def test_a_session_that_ran_out_ends_its_sockets(serving, maya, column) -> None:
    socket = await serving.customer(maya)
    past = utc_now() - timedelta(days=2)
    await off_loop(lambda: Session.objects.update(**{column: past}))
    assert await socket.ended() == 4401


async def test_a_socket_dies_with_the_next_look_which_comes_every_three_seconds(serving, maya, monkeypatch) -> None:
    looks, revoke = [], Background._revoke

    async def look(background: Background) -> None:
        looks.append(True)
        await revoke(background)

    monkeypatch.setattr(Background, "_revoke", look)
    monkeypatch.setitem(settings.HANDOFF_SECONDS, "REVOCATION", env._INTERVALS["REVOCATION"])
    assert env._INTERVALS["REVOCATION"] == 3
    socket = await serving.customer(maya)
    await off_loop(maya.call, "DELETE", "sessions")
    begun = len(looks)
    assert await socket.ended() == 4401
    assert len(looks) <= begun + 1


async def test_a_ping_keeps_the_session_alive(serving, maya) -> None:
    socket = await serving.customer(maya)
    before = utc_now() - timedelta(seconds=settings.HANDOFF_SECONDS["SESSION_IDLE"] - 60)
    await off_loop(lambda: Session.objects.update(seen_at=before))
    await socket.say({"cmd": "ping"})
    await socket.until(lambda frame: frame["ev"] == "pong")
    await socket.settled()
    assert (await off_loop(Session.objects.get)).seen_at > before + timedelta(seconds=60)


def sign_out(desk: Desk) -> None:
    token = desk.client.cookies[settings.CSRF_COOKIE_NAME].value
    assert desk.client.post("/accounts/logout/", {"csrfmiddlewaretoken": token}).status_code == 302


def disable(desk: Desk) -> None:
    desk.agent.user.is_active = False
    desk.agent.user.save()


def change_password(desk: Desk) -> None:
    token = desk.client.cookies[settings.CSRF_COOKIE_NAME].value
    new = "quite another passphrase"
    form = {"csrfmiddlewaretoken": token, "oldpassword": PASSWORD, "password1": new, "password2": new}
    assert desk.client.post("/accounts/password/change/", form).status_code == 302


def set_password(desk: Desk) -> None:
    desk.agent.user.set_password("what the administrator chose")
    desk.agent.user.save()


def drop_sign_in(desk: Desk) -> None:
    SignIn.objects.all().delete()


def let_sign_in_run_out(desk: Desk) -> None:
    SignIn.objects.update(expire_date=utc_now() - timedelta(seconds=1))


def take_role_away(desk: Desk) -> None:
    Agent.objects.filter(pk=desk.agent.pk).delete()


ENDINGS = [sign_out, disable, change_password, set_password, drop_sign_in, let_sign_in_run_out, take_role_away]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
async def test_what_ends_an_agents_right_ends_the_desks_sockets(serving, amira, end) -> None:
    desk = await off_loop(Desk, amira)
    socket = await serving.agent(desk)
    await socket.settled()
    await off_loop(end, desk)
    assert await socket.ended() == 4401


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
async def test_what_ends_an_agents_right_ends_the_desks_requests(serving, amira, end) -> None:
    desk = await off_loop(Desk, amira)
    await off_loop(end, desk)
    answer = await off_loop(desk.call, "POST", "desk/ticket")
    allowed = end is change_password  # the browser that changed it stays signed in
    assert answer.status == (200 if allowed else 403 if end is take_role_away else 401)


async def test_one_agents_end_is_not_anothers(serving, amira, tomas) -> None:
    gone, stays = await off_loop(Desk, amira), await off_loop(Desk, tomas)
    sockets = [await serving.agent(desk) for desk in (gone, stays)]
    await off_loop(sign_out, gone)
    assert await sockets[0].ended() == 4401
    await sockets[1].settled()


async def test_a_client_that_does_not_read_its_bye_cannot_act_any_more(serving, maya, amira) -> None:
    handoff = await off_loop(connect, maya, amira)
    other = await serving.customer(maya)
    socket = await serving.customer(maya)
    socket.is_reading.clear()
    await off_loop(maya.call, "DELETE", "sessions?everywhere=true")
    assert await other.ended() == 4401
    await asyncio.sleep(0.2)
    await socket.ask("handoff.end", handoff=handoff)
    await asyncio.sleep(0.2)
    back = maya
    await off_loop(lambda: back.open(back.token()))
    assert (await off_loop(back.get, f"handoffs/{handoff}")).body["state"] == "connected"


async def test_a_dead_session_is_told_so_over_http(serving, maya) -> None:
    await off_loop(maya.call, "DELETE", "sessions")
    for method, path in (("POST", "sessions/ticket"), ("GET", "availability"), ("DELETE", "sessions")):
        status, error = refusal(await off_loop(maya.call, method, path))
        assert (status, error["code"]) == (401, "session_expired")
