"""Take over and pass on: what moves, what is kept, and who may not."""

from __future__ import annotations

import pytest

from handoff.broker.models import Handoff
from handoff.flows import supervise
from handoff.flows.erase_customer import erase_customer
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime import streams
from handoff.realtime.models import LogEntry
from handoff.routing import queries as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from tests.scenes import accept, close, connect, offer_to, sit_down

pytestmark = pytest.mark.django_db(transaction=True)


def events(stream: str) -> list[tuple[str, dict]]:
    rows = LogEntry.objects.filter(stream__name=stream).order_by("seq")
    return list(rows.values_list("type", "data"))


def acts(handoff_id: str) -> list[tuple[str, str, str | None]]:
    told = [data for kind, data in events(streams.desk(handoff_id)) if kind == "supervision.recorded"]
    return [(one["agent"]["name"], one["act"], one["to"]) for one in told]


def test_taking_over_moves_the_talk_with_all_it_holds(maya, amira, sofia) -> None:
    handoff_id = connect(maya, amira)
    before = Handoff.objects.get(public_id=handoff_id)
    supervise.take_over(sofia, handoff_id, version=before.version)
    after = Handoff.objects.get(public_id=handoff_id)
    assert (after.agent_id, after.state, after.version) == (sofia.pk, "connected", before.version + 1)
    assert (after.enqueued_at, after.connected_at, after.journey_id) == (
        before.enqueued_at, before.connected_at, before.journey_id,
    )  # fmt: skip
    assert (routing.load_of(amira), routing.load_of(sofia)) == (0, 1)
    assert ("handoff.unassigned", {"id": handoff_id, "reason": "take_over"}) in events(streams.agent(amira.public_id))
    assert routing.why_of(after) == ["Taken over by Sofia from Amira"]
    assert acts(handoff_id) == [("Sofia", "took_over", None)]
    shown = maya.get(f"handoffs/{handoff_id}").body
    assert shown["agent"] == {"name": "Sofia"}
    close(sofia, handoff_id)


def test_taking_over_out_of_the_line_ends_the_offer(maya, amira, sofia) -> None:
    handoff_id = maya.ask().body["id"]
    offer = offer_to(amira)
    supervise.take_over(sofia, handoff_id, version=None)
    offer.refresh_from_db()
    assert offer.status == Offer.Status.WITHDRAWN
    assert Handoff.objects.get(public_id=handoff_id).connected_at is not None
    assert routing.load_of(sofia) == 1


def test_an_old_version_is_refused(maya, amira, sofia) -> None:
    handoff_id = connect(maya, amira)
    with pytest.raises(DomainError) as refused:
        supervise.take_over(sofia, handoff_id, version=1)
    assert refused.value.code == "stale_version"


def test_a_call_is_not_taken_over_it_is_on_its_agents_line(maya, phone, amira, sofia) -> None:
    handoff_id = maya.ask(channel="chat").body["id"]
    Handoff.objects.filter(public_id=handoff_id).update(channel="phone")
    with pytest.raises(DomainError, match="on its agent's line"):
        supervise.take_over(sofia, handoff_id, version=None)


def test_a_talk_is_reassigned_with_a_word_and_does_not_come_straight_back(maya, amira, tomas, sofia) -> None:
    handoff_id = connect(maya, amira)
    sit_down(tomas)
    to = {"queue": None, "to_agent": tomas.public_id, "version": None}
    with pytest.raises(DomainError, match="empty"):
        supervise.reassign(sofia, handoff_id, note=" ", **to)
    assert supervise.reassign(sofia, handoff_id, note="Tomas knows the shop", **to) == "offered"
    handoff = Handoff.objects.get(public_id=handoff_id)
    assert handoff.excluded_agent_id == amira.pk
    offer = Offer.objects.get(status=Offer.Status.PENDING)
    assert (offer.agent_id, offer.told["handoff"]["transfer"]["note"]) == (tomas.pk, "Tomas knows the shop")
    assert offer.told["handoff"]["transfer"]["agent"]["name"] == "Sofia"
    assert ("Sofia", "reassigned", "Tomas") in acts(handoff_id)
    assert accept(tomas, offer) == handoff_id


def test_who_waits_is_given_to_somebody_or_to_another_line(maya, amira, tomas, sofia, loans) -> None:
    handoff_id = maya.ask().body["id"]
    came_at = Handoff.objects.get(public_id=handoff_id).enqueued_at
    with pytest.raises(DomainError, match="no room now"):
        supervise.reassign(sofia, handoff_id, queue=None, to_agent=tomas.public_id, note="", version=None)
    sit_down(tomas)
    assert (
        supervise.reassign(sofia, handoff_id, queue=None, to_agent=tomas.public_id, note="", version=None) == "offered"
    )
    assert Offer.objects.get(status="pending").why == ["Chosen by Sofia"]
    assert supervise.reassign(sofia, handoff_id, queue="loans", to_agent=None, note="a loan", version=None) == "queued"
    handoff = Handoff.objects.get(public_id=handoff_id)
    assert (handoff.queue, handoff.enqueued_at) == (loans, came_at)
    assert not Offer.objects.filter(status="pending").exists()
    # It is another supervisor's now.
    with pytest.raises(NotFound):
        supervise.reassign(sofia, handoff_id, queue="cards", to_agent=None, note="", version=None)


ACTS = {
    "watch": lambda agent, handoff: supervise.watch(agent, handoff),
    "whisper": lambda agent, handoff: supervise.whisper(agent, handoff, text="hm", client_id=None),
    "join": lambda agent, handoff: supervise.join(agent, handoff),
    "take_over": lambda agent, handoff: supervise.take_over(agent, handoff, version=None),
    "reassign": lambda agent, handoff: supervise.reassign(
        agent, handoff, queue="cards", to_agent=None, note="hm", version=None
    ),
}


@pytest.mark.parametrize("who", ["tomas", "ines", "theo", "retired"])
def test_only_a_supervisor_of_the_queue_may(request, maya, amira, sofia, who: str) -> None:
    handoff_id = connect(maya, amira)
    if who == "retired":
        type(sofia.user).objects.filter(pk=sofia.user_id).update(is_active=False)
    agent = sofia if who == "retired" else request.getfixturevalue(who)
    before = LogEntry.objects.count()
    for act in ACTS.values():
        with pytest.raises(NotFound):
            act(agent, handoff_id)
    assert LogEntry.objects.count() == before


@pytest.mark.parametrize("who", ["sofia", "root"])
def test_a_supervisor_of_the_queue_and_an_administrator_may(request, maya, amira, who: str) -> None:
    handoff_id = connect(maya, amira)
    agent = request.getfixturevalue(who)
    for act in ACTS.values():
        act(agent, handoff_id)
    assert [act for _, act, _ in acts(handoff_id)] == ["watching", "joined", "took_over", "reassigned"]


def test_practice_stays_with_its_trainee(maya, harbour, theo, sofia) -> None:
    type(harbour).objects.filter(pk=harbour.pk).update(is_simulated=True)
    harbour.refresh_from_db()
    maya.site.refresh_from_db()
    handoff_id = maya.ask().body["id"]
    offer = offer_to(theo)
    accept(theo, offer)
    assert supervise.watch(sofia, handoff_id)["id"] == handoff_id
    supervise.whisper(sofia, handoff_id, text="good so far", client_id=None)
    for refused in (supervise.join, lambda *a: supervise.take_over(*a, version=None)):
        with pytest.raises(DomainError, match="Practice"):
            refused(sofia, handoff_id)


def test_set_away_reaches_only_agents_of_the_supervisors_queues(amira, ines, sofia, root) -> None:
    sit_down(amira)
    with pytest.raises(NotFound):
        supervise.set_away(ines, amira.public_id, reason="break")
    with pytest.raises(NotFound):
        supervise.set_away(amira, sofia.public_id, reason="break")
    supervise.set_away(root, amira.public_id, reason="break")
    amira.refresh_from_db()
    assert (amira.wanted, amira.away_reason) == (False, "Set away by Root: break")


def test_erasing_empties_what_was_told_to_who_read_along(maya, amira, sofia) -> None:
    handoff_id = connect(maya, amira, statement="charged twice at Corner Cafe")
    supervise.watch(sofia, handoff_id)
    assert "Corner Cafe" in str(events(streams.agent(sofia.public_id)))
    erase_customer(Handoff.objects.get(public_id=handoff_id).customer)
    told = events(streams.agent(sofia.public_id))
    assert "Corner Cafe" not in str(told)
    assert told[-1] == ("handoff.unwatched", {"id": handoff_id, "reason": "closed"})


def test_a_fact_taken_back_is_gone_from_there_too(maya, amira, sofia) -> None:
    handoff_id = connect(maya, amira, journey={"facts": [{"key": "charge", "label": "Charge", "value": "GBP 42.10"}]})
    supervise.watch(sofia, handoff_id)
    assert "42.10" in str(events(streams.agent(sofia.public_id)))
    assert maya.post(f"handoffs/{handoff_id}/receipt/strike", {"key": "charge", "source": "observed"}).status == 200
    assert "42.10" not in str(events(streams.agent(sofia.public_id)))


def test_a_reader_who_accepts_the_offer_reads_it_as_their_own(maya, sofia) -> None:
    handoff_id = maya.ask().body["id"]
    supervise.watch(sofia, handoff_id)
    accept(sofia, offer_to(sofia))
    kinds = [kind for kind, _ in events(streams.agent(sofia.public_id))]
    assert kinds[-2:] == ["handoff.unwatched", "handoff.assigned"]
    assert Agent.objects.get(pk=sofia.pk).watches.count() == 0
