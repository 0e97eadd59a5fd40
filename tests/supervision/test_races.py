"""A supervisor's decision and somebody else's at the same moment: one comes first, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handoff.broker.models import Handoff
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Send
from handoff.flows import end_talk, supervise
from handoff.flows.transfer import transfer
from handoff.lib.errors import DomainError
from handoff.realtime import streams
from handoff.realtime.models import LogEntry
from handoff.routing import queries as routing
from handoff.routing.models import Offer
from handoff.supervision.models import Stint
from tests.conftest import Page
from tests.scenes import accept, at_once, connect, offer_to, sit_down

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ROUNDS = 6


def tried(call: Callable[[], object]) -> Callable[[], str]:
    def run() -> str:
        try:
            call()
        except DomainError as refused:
            return refused.code
        return "done"

    return run


def new_customer(page: Callable[[], Page], number: int) -> Page:
    tab = page()
    assert tab.open(tab.token(sub=f"racer-{number}")).status == 201
    return tab


def consistent(handoff_id: str) -> Handoff:
    """The row, its open stint and the streams agree on whose it is."""
    handoff = Handoff.objects.get(public_id=handoff_id)
    open_stints = list(Stint.objects.filter(handoff=handoff, ended_at=None).values_list("agent_id", flat=True))
    owned = handoff.state in ("connected", "wrap_up")
    assert open_stints == ([handoff.agent_id] if owned else [])
    last = LogEntry.objects.filter(stream__name=streams.handoff(handoff_id), type="handoff.changed").latest("seq")
    assert last.data["state"] == handoff.state
    assert last.data["version"] == handoff.version
    return handoff


@pytest.mark.parametrize("number", range(ROUNDS))
def test_take_over_against_end(page, amira, sofia, number: int) -> None:
    handoff_id = connect(new_customer(page, number), amira)
    took, ended = at_once(
        [
            tried(lambda: supervise.take_over(sofia, handoff_id, version=None)),
            tried(lambda: end_talk.end_by_agent(amira, handoff_id, version=None)),
        ]
    )
    handoff = consistent(handoff_id)
    if took == "done":
        assert (ended, handoff.state, handoff.agent) == ("not_found", "connected", sofia)
    else:
        assert (took, ended, handoff.state, handoff.agent) == ("illegal_transition", "done", "wrap_up", amira)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_take_over_against_transfer(page, amira, tomas, sofia, number: int) -> None:
    handoff_id = connect(new_customer(page, number), amira)
    sit_down(tomas)
    to = {"queue": None, "to_agent": tomas.public_id, "note": "knows it", "version": None}
    took, passed = at_once(
        [
            tried(lambda: supervise.take_over(sofia, handoff_id, version=None)),
            tried(lambda: transfer(amira, handoff_id, **to)),
        ]
    )
    handoff = consistent(handoff_id)
    assert (took, handoff.state, handoff.agent) == ("done", "connected", sofia)
    assert passed in ("done", "not_found")
    assert not Offer.objects.filter(handoff=handoff, status="pending").exists()
    assert (routing.load_of(amira), routing.load_of(sofia)) == (0, 1)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_take_over_against_the_agents_own_message(page, amira, sofia, number: int) -> None:
    customer = new_customer(page, number)
    handoff_id = connect(customer, amira)
    send = Send.of(
        handoff_id=handoff_id, author_kind="agent", author_id=amira.public_id, client_id="a-1", text="one moment"
    )
    took, said = at_once(
        [
            tried(lambda: supervise.take_over(sofia, handoff_id, version=None)),
            tried(lambda: batcher.send(send)),
        ]
    )
    assert (took, consistent(handoff_id).agent) == ("done", sofia)
    entries = LogEntry.objects.filter(stream__name=streams.handoff(handoff_id)).order_by("seq")
    kinds = [(entry.type, entry.data.get("reason")) for entry in entries]
    posted = [place for place, (kind, _) in enumerate(kinds) if kind == "message.posted"]
    # Stored before the move, or refused after it: never written by somebody whose handoff it was not.
    assert (said == "done") == bool(posted)
    assert all(place < kinds.index(("handoff.changed", "take_over")) for place in posted)
    assert said in ("done", "not_found")


@pytest.mark.parametrize("number", range(ROUNDS))
def test_take_over_against_accept_and_against_another_supervisor(page, amira, sofia, root, number: int) -> None:
    handoff_id = new_customer(page, number).ask().body["id"]
    offer = offer_to(amira)
    results = at_once(
        [
            tried(lambda: supervise.take_over(sofia, handoff_id, version=1)),
            tried(lambda: supervise.take_over(root, handoff_id, version=None)),
            tried(lambda: accept(amira, offer)),
        ]
    )
    handoff = consistent(handoff_id)
    assert handoff.state == "connected"
    assert results[1] == "done"
    loads = {agent.name: routing.load_of(agent) for agent in (amira, sofia, root)}
    assert sum(loads.values()) == 1
    assert handoff.agent is not None
    assert loads[handoff.agent.name] == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_two_who_stop_and_close_at_once(page, amira, sofia, root, number: int) -> None:
    handoff_id = connect(new_customer(page, number), amira)
    for reader in (sofia, root):
        supervise.watch(reader, handoff_id)
        supervise.join(reader, handoff_id)
    at_once(
        [
            tried(lambda: supervise.unwatch(sofia, handoff_id)),
            tried(lambda: supervise.leave(root, handoff_id)),
            tried(lambda: end_talk.end_by_agent(amira, handoff_id, version=None)),
        ]
    )
    stopped = LogEntry.objects.filter(type="handoff.unwatched", stream__name=streams.agent(sofia.public_id))
    assert stopped.count() == 1
    consistent(handoff_id)
