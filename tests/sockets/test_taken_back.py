"""What a process remembers of sites never outlives what an administrator takes back."""

from __future__ import annotations

import pytest

from handoff.identity import doorstep
from handoff.identity.models import Site, SiteKey
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.realtime.threads import in_database as off_loop
from tests.conftest import SITE_ORIGIN
from tests.scenes import refusal
from tests.socket_client import ticket_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_origin_that_was_known_a_moment_ago_gets_no_socket(serving, maya, harbour) -> None:
    await serving.customer(maya)
    ticket = await off_loop(ticket_of, maya)
    await off_loop(lambda: Site.objects.filter(pk=harbour.pk).update(origins=["https://new.example.com"]))
    assert doorstep.is_known_lately(SITE_ORIGIN), "remembered for the sake of the door"
    socket = await serving.open("/ws/customer", SITE_ORIGIN)
    await socket.say({"cmd": "hello", "ticket": ticket})
    assert await socket.ended() == 4403


def test_an_origin_that_was_dropped_opens_no_session_and_reads_no_answer(maya, page, harbour) -> None:
    Site.objects.filter(pk=harbour.pk).update(origins=["https://new.example.com"])
    answer = page().open(maya.token())
    assert refusal(answer)[1]["code"] == "origin_not_allowed"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_revoked_key_signs_nothing_from_then_on(maya, page, harbour) -> None:
    SiteKey.objects.filter(site=harbour).update(revoked_at=utc_now())
    assert refusal(page().open(page().token()))[0] == 401


def test_a_channel_that_was_taken_from_an_intent_is_neither_shown_nor_taken(maya, harbour) -> None:
    Intent.objects.filter(site=harbour).update(channels=["callback"])
    assert refusal(maya.ask())[1]["code"] == "channel_not_offered"
    menu = maya.open(maya.token()).body["intents"]
    assert all(channel["channel"] != "chat" for intent in menu for channel in intent["channels"])
