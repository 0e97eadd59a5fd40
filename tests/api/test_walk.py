"""The main job over HTTP: from the click to the survey."""

from __future__ import annotations

import pytest

from handoff.flows import end_talk
from handoff.lib.clock import utc_now
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_known_at_the_click_reaches_the_agent(maya, amira: Agent) -> None:
    steps = [
        {"name": "choose", "path": "/dispute/1", "status": "done"},
        {"name": "upload", "path": "/dispute/3?x=1", "status": "failed", "error": "FILE_TOO_LARGE"},
    ]
    facts = [{"key": "charge", "label": "Charge", "value": "GBP 42.10"}]
    opened = maya.ask(statement="charged twice", journey={"steps": steps, "facts": facts})
    assert opened.status == 201, opened.body
    routing.renew_lease(amira, now=utc_now())
    routing.set_availability(amira, available=True, after_current=False, reason="")
    assert routing.run_matching() == 1
    offer = Offer.objects.get()
    routing.accept(amira, offer_id=offer.public_id, token=offer.token)
    assert maya.get(f"handoffs/{opened.body['id']}").body["state"] == "connected"
    said = maya.post(f"handoffs/{opened.body['id']}/messages", {"client_id": "m1", "text": "hello"})
    assert said.status == 201, said.body
    again = maya.post(f"handoffs/{opened.body['id']}/messages", {"client_id": "m1", "text": "hello"})
    assert again.status == 200
    assert again.body == said.body
    end_talk.end_by_agent(amira, opened.body["id"], version=None)
    end_talk.wrap_up(amira, opened.body["id"], disposition="resolved", note="done", version=None)
    view = maya.get(f"handoffs/{opened.body['id']}").body
    assert view["state"] == "closed"
    assert view["close_reason"] == "resolved"
    refused = maya.post(f"handoffs/{opened.body['id']}/messages", {"client_id": "m2", "text": "hello"})
    assert refused.status == 409
    assert refused.code == "handoff_closed"
    assert maya.post(f"handoffs/{opened.body['id']}/survey", {"effort": 7}).status == 200
    receipt = maya.get(f"handoffs/{opened.body['id']}/receipt").body
    assert [step["path"] for step in receipt["steps"]] == ["/dispute/1", "/dispute/3"]
