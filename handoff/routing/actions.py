"""Move handoffs from the line to agents: match, accept, decline, expire; and agents' availability."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from handoff.broker import queries as broker
from handoff.broker.models import Handoff
from handoff.broker.states import Action, State
from handoff.broker.transitions import apply, lock
from handoff.intents.models import Intent
from handoff.protocol.events import AvailabilityChanged, HandoffAssigned
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry
from handoff.routing import offers
from handoff.routing.matching import Candidate, Waiting, match
from handoff.routing.models import Offer
from handoff.routing.offers import OfferGone
from handoff.routing.queries import loads_of
from handoff.staffing.models import Agent, AgentSkill

# Matches a transaction, and how far down the line one look goes.
MATCHES_LIMIT: Final = 20
LINE_LIMIT: Final = 200
MISSED_IN_A_ROW_LIMIT: Final = 2
MISSED_REASON: Final = "missed two offers"


def run_matching() -> int:
    """Offer what waits to who is free; answers how many offers were made. Any worker may run it, at any time."""
    # Most wakes find an empty line: it is looked at before a transaction takes SQLite's one write lock.
    if not Handoff.objects.filter(state=State.QUEUED).exists():
        return 0
    with log.recording() as record:
        handoffs = {handoff.pk: handoff for handoff in _line()}
        if not handoffs:
            return 0
        agents = {agent.pk: agent for agent in _lock_agents(now=record.now)}
        waiting = _waiting(handoffs.values(), now=record.now)
        matches = match(waiting, _candidates(agents.values()), now=record.now)[:MATCHES_LIMIT]
        for one in matches:
            handoff, agent = handoffs[one.handoff_id], agents[one.agent_id]
            record.add(apply(handoff, Action.OFFER, now=record.now))
            record.add(offers.make(handoff, agent, why=one.why, now=record.now))
            Agent.objects.filter(pk=agent.pk).update(last_offered_at=record.now)
    return len(matches)


def accept(agent: Agent, *, offer_id: str, token: str) -> str:
    """The agent takes the handoff; answers its public id. Raises OfferGone."""
    with log.recording() as record:
        offer, handoff = _lock_offer(agent, offer_id)
        # Read after the lock: an offer that ran out while this waited has run out.
        record.now = database_now()
        record.add(offers.take(offer, token=token, now=record.now))
        record.add(apply(handoff, Action.ACCEPT, now=record.now, agent=agent, connected_at=record.now))
        record.entries.append(assigned(handoff, why=list(offer.why), now=record.now))
        Agent.objects.filter(pk=agent.pk).update(missed_in_a_row=0)
    return handoff.public_id


def decline(agent: Agent, *, offer_id: str, token: str, reason: str) -> None:
    """Back to the line at the same place; this agent is left out for a while. Raises OfferGone."""
    with log.recording() as record:
        offer, handoff = _lock_offer(agent, offer_id)
        now = database_now()
        if offer.status != Offer.Status.PENDING or offer.token != token or offer.expires_at <= now:
            raise OfferGone
        offers.note_reason(offer, reason)
        record.add(apply(handoff, Action.DECLINE, now=now))


def expire_offers() -> int:
    """Offers whose time ran out go back to the line; an agent who misses two in a row is set to away."""
    due = Offer.objects.filter(status=Offer.Status.PENDING, expires_at__lte=database_now())
    ended = 0
    for handoff_id in list(due.values_list("handoff__public_id", flat=True)[:LINE_LIMIT]):
        with log.recording() as record:
            handoff = lock(handoff_id)
            offer = Offer.objects.select_related("agent").filter(
                handoff__public_id=handoff_id, status=Offer.Status.PENDING, expires_at__lte=record.now
            )
            missed = offer.first()
            if handoff is None or missed is None:
                continue
            record.add(apply(handoff, Action.TIME_OUT, now=record.now))
            record.add(_count_miss(missed.agent))
            ended += 1
    return ended


def set_availability(agent: Agent, *, available: bool, after_current: bool, reason: str) -> None:
    """What the agent wants. Away at once takes a pending offer back to the line, at its place."""
    with log.recording() as record:
        if not available:
            for handoff in _offered_to(agent):
                record.add(apply(handoff, Action.WITHDRAW, now=record.now))
        record.add(_set_wanted(agent, available=available, after_current=after_current, reason=reason))


def renew_lease(agent: Agent, *, now: datetime) -> None:
    """The agent's page is alive."""
    expires_at = now + timedelta(seconds=settings.HANDOFF_SECONDS["LEASE"])
    Agent.objects.filter(pk=agent.pk).update(lease_expires_at=expires_at)


def assigned(handoff: Handoff, *, why: list[str], now: datetime) -> Entry:
    """What opens a handoff at its agent's desk; live starts after its heads, read before the rest."""
    heads = log.heads_of([streams.handoff(handoff.public_id), streams.desk(handoff.public_id)])
    view = broker.desk_view(handoff, why=why, now=now, heads=heads)
    agent = handoff.agent
    assert agent is not None  # noqa: S101
    return Entry.of(streams.agent(agent.public_id), HandoffAssigned(handoff=view), handoff_id=handoff.pk)


def _line() -> list[Handoff]:
    rows = Handoff.objects.select_related("intent", "queue", "customer", "agent", "site")
    waiting = rows.filter(state=State.QUEUED).order_by("enqueued_at", "id")
    return list(waiting.select_for_update(of=("self",), no_key=True, skip_locked=True)[:LINE_LIMIT])


def _lock_agents(*, now: datetime) -> list[Agent]:
    at_work = Agent.objects.filter(wanted=True, lease_expires_at__gt=now).order_by("id")
    return list(at_work.select_for_update(no_key=True))


def _candidates(agents: Collection[Agent]) -> list[Candidate]:
    """The agents at work with what they can still take, counted under their locks."""
    keys = [agent.pk for agent in agents]
    loads = loads_of(keys)
    queues: dict[int, set[int]] = defaultdict(set)
    for agent_id, queue_id in Agent.queues.through.objects.filter(agent_id__in=keys).values_list(
        "agent_id", "queue_id"
    ):
        queues[agent_id].add(queue_id)
    skills: dict[int, set[str]] = defaultdict(set)
    for agent_id, skill in AgentSkill.objects.filter(agent_id__in=keys).values_list("agent_id", "skill__key"):
        skills[agent_id].add(skill)
    return [
        Candidate(
            agent_id=agent.pk,
            name=agent.name,
            queue_ids=frozenset(queues[agent.pk]),
            skills=frozenset(skills[agent.pk]),
            free=agent.capacity - loads[agent.pk],
            last_offered_at=agent.last_offered_at,
        )
        for agent in agents
    ]


def _waiting(handoffs: Collection[Handoff], *, now: datetime) -> list[Waiting]:
    keys = [handoff.pk for handoff in handoffs]
    since = now - timedelta(seconds=settings.HANDOFF_SECONDS["DECLINED"])
    refused = Offer.objects.filter(
        handoff_id__in=keys, ended_at__gt=since, status__in=[Offer.Status.DECLINED, Offer.Status.TIMED_OUT]
    )
    excluded: dict[int, set[int]] = defaultdict(set)
    for handoff_id, agent_id in refused.values_list("handoff_id", "agent_id"):
        excluded[handoff_id].add(agent_id)
    skills: dict[int, set[str]] = defaultdict(set)
    intents = {handoff.intent_id for handoff in handoffs}
    for intent_id, skill in Intent.skills.through.objects.filter(intent_id__in=intents).values_list(
        "intent_id", "skill__key"
    ):
        skills[intent_id].add(skill)
    return [
        Waiting(
            handoff_id=handoff.pk,
            queue_id=handoff.queue_id,
            queue_name=handoff.queue.name,
            intent_label=handoff.intent.label,
            enqueued_at=handoff.enqueued_at or now,
            skills=frozenset(skills[handoff.intent_id]),
            excluded=frozenset(excluded[handoff.pk]),
        )
        for handoff in handoffs
    ]


def _lock_offer(agent: Agent, offer_id: str) -> tuple[Offer, Handoff]:
    """The agent's offer and its handoff, locked in that order. Raises OfferGone, also for another agent's."""
    rows = Offer.objects.select_related("agent", "handoff")
    offer = rows.filter(public_id=offer_id, agent=agent).first()
    handoff = lock(offer.handoff.public_id) if offer else None
    offer = rows.filter(public_id=offer_id).select_for_update(of=("self",), no_key=True).first()
    if offer is None or handoff is None or offer.agent_id != agent.pk or handoff.state != State.OFFERED:
        raise OfferGone
    return offer, handoff


def _offered_to(agent: Agent) -> list[Handoff]:
    pending = Offer.objects.filter(agent=agent, status=Offer.Status.PENDING).order_by("handoff_id")
    locked = [lock(public_id) for public_id in pending.values_list("handoff__public_id", flat=True)]
    return [
        handoff
        for handoff in locked
        if handoff is not None
        and handoff.state == State.OFFERED
        and Offer.objects.filter(handoff=handoff, agent=agent, status=Offer.Status.PENDING).exists()
    ]


def _count_miss(agent: Agent) -> list[Entry]:
    locked = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    locked.missed_in_a_row += 1
    locked.save(update_fields=["missed_in_a_row"])
    if locked.missed_in_a_row < MISSED_IN_A_ROW_LIMIT or not locked.wanted:
        return []
    return _set_wanted(locked, available=False, after_current=False, reason=MISSED_REASON)


def _set_wanted(agent: Agent, *, available: bool, after_current: bool, reason: str) -> list[Entry]:
    Agent.objects.filter(pk=agent.pk).update(
        wanted=available, after_current=after_current, away_reason="" if available else reason, missed_in_a_row=0
    )
    told = AvailabilityChanged(
        available=available, reason=(reason or None) if not available else None, after_current=after_current
    )
    return [Entry.of(streams.agent(agent.public_id), told)]
