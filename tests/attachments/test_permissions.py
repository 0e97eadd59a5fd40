"""Whose files they are: who may add, read and take back, and for how long a link holds."""

from __future__ import annotations

import time

import pytest
from django.core import signing
from django.test import Client

from handoff.flows.transfer import transfer
from handoff.staffing.models import Agent
from tests.attachments.files import PDF, desk_link, fetch, link, send, send_from_desk
from tests.conftest import make_agent
from tests.scenes import close, connect
from tests.socket_client import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(maya, amira) -> str:
    return connect(maya, amira)


def say(page, handoff_id: str, *ids: str, client_id: str = "a-message", text: str = "") -> object:
    return page.post(f"handoffs/{handoff_id}/messages", {"client_id": client_id, "text": text, "attachments": [*ids]})


def test_a_stranger_and_another_sites_customer_find_nothing(maya, talk, page, stranger) -> None:
    file = send(maya, talk, PDF).body["id"]
    unverified = page()
    unverified.open()
    for other in (stranger, unverified):
        assert send(other, talk, PDF).code == "not_found"
        assert link(other, talk, file).code == "not_found"
        assert other.call("DELETE", f"handoffs/{talk}/attachments/{file}").code == "not_found"
        own = other.ask().body["id"]
        # Nor in a handoff of their own.
        assert link(other, own, file).code == "not_found"
        assert say(other, own, file).code == "attachment_gone"


def test_only_the_owner_at_the_desk_reads_and_adds(maya, talk, desk, tomas) -> None:
    file = send(maya, talk, PDF).body["id"]
    # What was not sent yet is its sender's alone.
    assert desk_link(desk, talk, file).code == "not_found"
    assert say(maya, talk, file).status == 201
    assert desk_link(desk, talk, file).status == 200
    elsewhere = Desk(tomas)
    assert desk_link(elsewhere, talk, file).code == "not_found"
    assert send_from_desk(elsewhere, talk, PDF).code == "not_found"
    assert desk_link(desk, "ho_absent", file).code == "not_found"
    assert desk_link(desk, talk, "at_absent").code == "not_found"


def test_a_supervisor_reads_along_in_their_own_lines(maya, talk, cards) -> None:
    from handoff.staffing.models import Queue

    file = send(maya, talk, PDF).body["id"]
    say(maya, talk, file)
    over = Desk(make_agent("sofia", "Sofia", cards, role="supervisor"))
    assert fetch(desk_link(over, talk, file).body["url"])[0] == 200
    loans = Queue.objects.create(key="loans", name="Loans")
    elsewhere = Desk(make_agent("lena", "Lena", loans, role="supervisor"))
    assert desk_link(elsewhere, talk, file).code == "not_found"
    admin = Desk(make_agent("root", "Root", role="admin"))
    assert desk_link(admin, talk, file).status == 200


def test_the_consoles_own_address_leads_to_a_link(maya, talk, desk, tomas) -> None:
    file = send(maya, talk, PDF).body["id"]
    say(maya, talk, file)
    address = f"/api/v1/desk/handoffs/{talk}/attachments/{file}"
    led = desk.client.get(address)
    assert (led.status_code, fetch(led["Location"])[2]) == (302, PDF)
    # Without the sign-in, or with another one, it leads nowhere.
    assert Client().get(address).json()["error"]["code"] == "session_required"
    assert Desk(tomas).client.get(address).status_code == 404


def test_nobody_without_a_session_is_heard(maya, talk, desk) -> None:
    maya.session = None
    assert send(maya, talk, PDF).code == "session_required"
    path = f"/api/v1/desk/handoffs/{talk}/attachments"
    assert Client().post(path, PDF, content_type="application/pdf").json()["error"]["code"] == "session_required"
    # Another page of the agent's browser has the cookie, and neither the origin nor the token.
    foreign = send_from_desk(desk, talk, PDF, headers={"Origin": "https://evil.example"})
    assert (foreign.status, foreign.code) == (403, "origin_not_allowed")
    assert send_from_desk(desk, talk, PDF, headers={"X-CSRFToken": "wrong"}).status == 403


def test_a_link_is_over_after_its_minute(maya, talk, monkeypatch) -> None:
    told = link(maya, talk, send(maya, talk, PDF).body["id"]).body
    assert told["expires_in"] == 60
    assert fetch(told["url"])[0] == 200
    later = time.time() + 61
    monkeypatch.setattr(signing.time, "time", lambda: later)
    assert fetch(told["url"])[0] == 404


def test_a_link_cannot_be_bent(maya, talk) -> None:
    url = link(maya, talk, send(maya, talk, PDF).body["id"]).body["url"]
    head, _, tail = url.rpartition("/")
    for bent in (f"{head}/x{tail[1:]}", f"{url}x", f"{head}/", f"{head}/{signing.dumps(['at_x', 'customer', 'cu_x'])}"):
        assert Client().get(bent).status_code == 404


def test_the_link_of_a_former_owner_is_dead_at_once(maya, talk, desk, amira, tomas) -> None:
    file = send(maya, talk, PDF).body["id"]
    say(maya, talk, file)
    url = desk_link(desk, talk, file).body["url"]
    assert fetch(url)[0] == 200
    transfer(amira, talk, queue="cards", to_agent=None, note="please go on", version=None)
    assert fetch(url)[0] == 404
    assert desk_link(desk, talk, file).code == "not_found"
    assert send_from_desk(desk, talk, PDF).code == "not_found"


def test_after_the_talk_nothing_is_added_and_what_was_sent_is_still_read(maya, talk, amira, desk) -> None:
    """By the customer, and by who serves its queue, as the rest of a record that is over."""
    file = send(maya, talk, PDF).body["id"]
    say(maya, talk, file)
    close(amira, talk)
    assert send(maya, talk, PDF).code == "handoff_closed"
    assert send_from_desk(desk, talk, PDF).status in (404, 409)
    assert fetch(link(maya, talk, file).body["url"])[0] == 200
    assert fetch(desk_link(desk, talk, file).body["url"])[0] == 200
    amira.queues.clear()
    assert desk_link(desk, talk, file).code == "not_found"


def test_what_was_sent_is_not_taken_back_and_what_was_not_is(maya, talk, root) -> None:
    first, second = send(maya, talk, PDF).body["id"], send(maya, talk, PDF).body["id"]
    say(maya, talk, first)
    assert maya.call("DELETE", f"handoffs/{talk}/attachments/{first}").code == "not_found"
    assert maya.call("DELETE", f"handoffs/{talk}/attachments/{second}").status == 204
    assert maya.call("DELETE", f"handoffs/{talk}/attachments/{second}").code == "not_found"
    assert say(maya, talk, second, client_id="another").code == "attachment_gone"


def test_a_disabled_agents_link_is_dead(maya, talk, desk, amira: Agent) -> None:
    file = send(maya, talk, PDF).body["id"]
    say(maya, talk, file)
    url = desk_link(desk, talk, file).body["url"]
    amira.user.is_active = False
    amira.user.save()
    assert fetch(url)[0] == 404
