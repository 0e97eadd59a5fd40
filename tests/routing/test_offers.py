"""Offers under concurrency: one live offer, one owner, nobody stranded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection

from handoff.broker.models import Handoff
from handoff.flows import end_talk
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing import offers
from handoff.routing.models import Offer
from handoff.staffing.actions import end_lease, lock_agents, renew_lease
from handoff.staffing.models import Agent
from tests.scenes import close, connect, offer_to

pytestmark = pytest.mark.django_db(transaction=True)


def at_work(*agents: Agent) -> None:
    for agent in agents:
        routing.renew_lease(agent, now=utc_now())
        routing.set_availability(agent, available=True, after_current=False, reason="")


def pending() -> Offer:
    return Offer.objects.select_related("agent", "handoff").get(status=Offer.Status.PENDING)


def state_of(public_id: str) -> str:
    return Handoff.objects.get(public_id=public_id).state


def run_at_once(work) -> list:
    barrier = threading.Barrier(len(work))

    def run(one):
        try:
            barrier.wait()
            return one()
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_of_many_accepts_at_once_exactly_one_wins(maya, amira: Agent) -> None:
    at_work(amira)
    handoff_id = maya.ask().body["id"]
    routing.run_matching()
    offer = pending()
    accept = lambda: routing.accept(amira, offer_id=offer.public_id, token=offer.token)  # noqa: E731
    answers = run_at_once([accept] * 6)
    assert sorted(answers) == sorted([handoff_id] + ["offer_gone"] * 5)
    assert state_of(handoff_id) == "connected"


def test_many_routers_at_once_make_one_offer_a_handoff(page, amira: Agent, tomas: Agent) -> None:
    at_work(amira, tomas)
    for number in range(6):
        tab = page()
        tab.open(tab.token(sub=f"customer-{number}"))
        assert tab.ask().status == 201
    run_at_once([routing.run_matching] * 6)
    assert Offer.objects.filter(status=Offer.Status.PENDING).count() == 6
    for agent in (amira, tomas):
        assert Offer.objects.filter(agent=agent, status=Offer.Status.PENDING).count() <= agent.capacity


def test_an_expired_offer_cannot_be_accepted_and_the_next_agent_gets_it(maya, amira: Agent, tomas: Agent) -> None:
    at_work(amira)
    handoff_id = maya.ask().body["id"]
    enqueued_at = Handoff.objects.get(public_id=handoff_id).enqueued_at
    routing.run_matching()
    offer = pending()
    Offer.objects.filter(pk=offer.pk).update(expires_at=utc_now())
    with pytest.raises(DomainError, match="offer_gone"):
        routing.accept(amira, offer_id=offer.public_id, token=offer.token)
    at_work(tomas)
    assert routing.expire_offers() == 1
    assert routing.run_matching() == 1
    assert pending().agent == tomas
    assert Handoff.objects.get(public_id=handoff_id).enqueued_at == enqueued_at


def test_a_declined_offer_goes_to_somebody_else_at_the_same_place(maya, amira: Agent, tomas: Agent) -> None:
    at_work(amira)
    maya.ask()
    routing.run_matching()
    offer = pending()
    routing.decline(amira, offer_id=offer.public_id, token=offer.token, reason="lunch")
    assert routing.run_matching() == 0
    at_work(tomas)
    assert routing.run_matching() == 1
    assert pending().agent == tomas
    assert any("Amira" in line for line in pending().why)


def test_an_agent_who_declined_is_asked_again_after_a_while(maya, amira: Agent) -> None:
    at_work(amira)
    maya.ask()
    routing.run_matching()
    offer = pending()
    routing.decline(amira, offer_id=offer.public_id, token=offer.token, reason="")
    with patch.dict(settings.HANDOFF_SECONDS, DECLINED=0):
        assert routing.run_matching() == 1


def test_two_missed_in_a_row_set_the_agent_to_away(page, amira: Agent) -> None:
    at_work(amira)
    for number in range(2):
        tab = page()
        tab.open(tab.token(sub=f"customer-{number}"))
        tab.ask()
    for _ in range(2):
        routing.run_matching()
        Offer.objects.filter(status=Offer.Status.PENDING).update(expires_at=utc_now())
        routing.expire_offers()
    amira.refresh_from_db()
    assert not amira.wanted
    assert amira.away_reason == "missed two offers"


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_token_takes_nothing(maya, amira: Agent, token: str) -> None:
    at_work(amira)
    handoff_id = maya.ask().body["id"]
    routing.run_matching()
    for act in (routing.accept, lambda agent, **to: routing.decline(agent, reason="", **to)):
        with pytest.raises(DomainError, match="offer_gone"):
            act(amira, offer_id=pending().public_id, token=token)
    assert state_of(handoff_id) == "offered"


def test_another_agent_s_offer_is_not_there(maya, amira: Agent, tomas: Agent) -> None:
    at_work(amira)
    maya.ask()
    routing.run_matching()
    with pytest.raises(DomainError, match="offer_gone"):
        routing.accept(tomas, offer_id=pending().public_id, token=pending().token)


def test_a_customer_who_leaves_takes_the_offer_with_them(maya, amira: Agent) -> None:
    at_work(amira)
    handoff_id = maya.ask().body["id"]
    routing.run_matching()
    offer = pending()
    assert maya.post(f"handoffs/{handoff_id}/cancel").status == 200
    offer.refresh_from_db()
    assert offer.status == Offer.Status.WITHDRAWN
    with pytest.raises(DomainError, match="offer_gone"):
        routing.accept(amira, offer_id=offer.public_id, token=offer.token)


def test_without_a_lease_nothing_is_offered(maya, amira: Agent) -> None:
    at_work(amira)
    end_lease(amira, now=utc_now())
    maya.ask()
    assert routing.run_matching() == 0


# -- availability


def told_of(agent: Agent) -> list[dict]:
    entries = LogEntry.objects.filter(stream__name=f"agent/{agent.public_id}", type="availability.changed")
    return list(entries.order_by("seq").values_list("data", flat=True))


@pytest.mark.parametrize("available", [False, True])
def test_who_finishes_first_is_away_with_the_last_one(page, amira: Agent, available: bool) -> None:
    talks = []
    for number in range(2):
        tab = page()
        tab.open(tab.token(sub=f"customer-{number}"))
        talks.append(connect(tab, amira))
    waiting = page()
    waiting.open()
    waiting.ask()
    offer = offer_to(amira)
    routing.set_availability(amira, available=available, after_current=True, reason="lunch")
    finishes = {"available": False, "reason": "lunch", "after_current": True}
    assert told_of(amira)[-1] == finishes
    offer.refresh_from_db()
    assert offer.status == Offer.Status.WITHDRAWN
    assert routing.run_matching() == 0
    close(amira, talks[0])
    assert told_of(amira)[-1] == finishes
    close(amira, talks[1])
    assert told_of(amira)[-1] == finishes | {"after_current": False}
    amira.refresh_from_db()
    assert (amira.wanted, amira.after_current, amira.away_reason) == (False, False, "lunch")


def test_with_nothing_to_finish_it_is_plainly_away(amira: Agent) -> None:
    at_work(amira)
    routing.set_availability(amira, available=False, after_current=True, reason="lunch")
    assert told_of(amira)[-1] == {"available": False, "reason": "lunch", "after_current": False}


def test_a_change_of_mind_is_no_longer_the_last_one(maya, amira: Agent) -> None:
    handoff_id = connect(maya, amira)
    routing.set_availability(amira, available=False, after_current=True, reason="")
    routing.set_availability(amira, available=True, after_current=False, reason="")
    close(amira, handoff_id)
    amira.refresh_from_db()
    assert amira.wanted


def test_idle_since_is_when_they_came_took_or_finished(maya, amira: Agent) -> None:
    def idle_since():
        return Agent.objects.get(pk=amira.pk).idle_since

    def forget() -> None:
        Agent.objects.filter(pk=amira.pk).update(idle_since=None)

    at_work(amira)
    came = idle_since()
    at_work(amira)
    assert idle_since() == came is not None
    forget()
    handoff_id = connect(maya, amira)
    assert idle_since() == Handoff.objects.get().connected_at
    forget()
    end_talk.end_by_agent(amira, handoff_id, version=None)
    assert idle_since() is None
    end_talk.wrap_up(amira, handoff_id, disposition="resolved", note="", version=None)
    assert idle_since() == Handoff.objects.get().closed_at


def test_the_page_s_life_renews_the_lease_and_says_it_was_seen(amira: Agent) -> None:
    now = utc_now()
    renew_lease(amira, now=now)
    amira.refresh_from_db()
    assert amira.seen_at == now
    assert (amira.lease_expires_at - now).total_seconds() == settings.HANDOFF_SECONDS["LEASE"]
    end_lease(amira, now=now)
    amira.refresh_from_db()
    assert amira.lease_expires_at == now


def test_an_offer_made_while_its_agent_gets_up_is_taken_back(maya, amira: Agent) -> None:
    """The match that was under way when the agent went away commits first."""
    at_work(amira)
    maya.ask()
    first_look = lock_agents

    def lock_after_a_match(agent_ids):
        if not Offer.objects.exists():
            assert routing.run_matching() == 1
        return first_look(agent_ids)

    with patch.object(routing, "lock_agents", lock_after_a_match):
        routing.set_availability(amira, available=False, after_current=False, reason="")
    assert Offer.objects.get().status == Offer.Status.WITHDRAWN


def test_an_offer_that_a_former_version_told_is_still_shown(maya, amira) -> None:
    maya.ask()
    offer = offer_to(amira)
    del offer.told["handoff"]["transfer"]
    offer.save(update_fields=["told"])
    assert offers.view(offer).handoff.transfer is None
