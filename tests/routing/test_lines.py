"""One line does not hold up another, and a change of mind passes the same gate as a click."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from handoff.broker.models import Handoff
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.routing import actions as routing
from handoff.routing import supply
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill

pytestmark = pytest.mark.django_db(transaction=True)


def at_work(agent: Agent) -> None:
    routing.renew_lease(agent, now=utc_now())
    routing.set_availability(agent, available=True, after_current=False, reason="")


def click(page, number: int, **fields: str) -> str:
    tab = page()
    tab.open(tab.token(sub=f"customer-{number}"))
    answer = tab.ask(**fields)
    assert answer.status == 201, answer.body
    return answer.body["id"]


@pytest.fixture
def loans(harbour) -> Queue:
    """A line that nobody serves, longer than one look goes."""
    queue = Queue.objects.create(key="loans", name="Loans")
    Intent.objects.create(site=harbour, key="loan", label="Loan", queue=queue, channels=["chat"], place=9)
    return queue


def test_a_line_that_nobody_serves_does_not_starve_another(page, loans, amira: Agent) -> None:
    at_work(amira)
    with patch.object(supply, "PAGE_LIMIT", 3):
        for number in range(4):
            click(page, number, intent="loan")
        handoff_id = click(page, 9)
        assert routing.run_matching() == 1
    assert Offer.objects.get().handoff.public_id == handoff_id


def test_heads_that_need_what_nobody_has_do_not_starve_those_behind_them(page, harbour, amira: Agent) -> None:
    french = Skill.objects.create(key="french")
    Intent.objects.get(site=harbour, key="lost-card").skills.add(french)
    at_work(amira)
    with patch.object(supply, "PAGE_LIMIT", 3):
        for number in range(4):
            click(page, number, intent="lost-card")
        handoff_id = click(page, 9)
        assert routing.run_matching() == 1
    assert Offer.objects.get().handoff.public_id == handoff_id
    AgentSkill.objects.create(agent=amira, skill=french, level=1)
    assert routing.run_matching() == 2


def test_an_intent_that_asks_for_more_is_not_reached_by_changing_to_it(maya, harbour) -> None:
    Intent.objects.filter(site=harbour, key="lost-card").update(required_acr=["urn:bank:9"], max_auth_age_seconds=60)
    handoff_id = maya.ask().body["id"]
    answer = maya.post(f"handoffs/{handoff_id}/intent", {"intent": "lost-card"})
    assert (answer.status, answer.code) == (401, "insufficient_user_authentication")
    assert answer.body["error"]["acr_values"] == ["urn:bank:9"]
    assert answer.body["error"]["max_age"] == 60
    assert Handoff.objects.get(public_id=handoff_id).intent.key == "dispute-charge"


def test_a_full_or_closed_line_is_not_entered_by_changing_into_it(maya, page, loans) -> None:
    handoff_id = maya.ask().body["id"]
    Queue.objects.filter(key="loans").update(max_waiting=0)
    answer = maya.post(f"handoffs/{handoff_id}/intent", {"intent": "loan"})
    assert (answer.status, answer.code) == (409, "channel_full")
    Queue.objects.filter(key="loans").update(max_waiting=None, hours=Hours.objects.create(key="never", weekly={}))
    answer = maya.post(f"handoffs/{handoff_id}/intent", {"intent": "loan"})
    assert (answer.status, answer.code) == (409, "channel_closed")


def test_a_change_of_mind_keeps_the_place_and_moves_to_the_other_line(maya, loans) -> None:
    handoff_id = maya.ask().body["id"]
    before = Handoff.objects.get(public_id=handoff_id)
    assert maya.post(f"handoffs/{handoff_id}/intent", {"intent": "loan"}).status == 200
    after = Handoff.objects.get(public_id=handoff_id)
    assert (after.queue.key, after.enqueued_at) == ("loans", before.enqueued_at)
