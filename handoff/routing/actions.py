"""Move handoffs from the line to agents: match, accept, decline, expire; and agents' availability."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from handoff.broker import queries as broker
from handoff.broker.models import Handoff
from handoff.broker.states import Action, State
from handoff.broker.transitions import apply, lock
from handoff.protocol.events import AvailabilityChanged, HandoffAssigned
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry
from handoff.routing import offers, supply
from handoff.routing.matching import match
from handoff.routing.models import Offer
from handoff.routing.offers import OfferGone
from handoff.staffing.models import Agent

MATCHES_LIMIT: Final = 20
EXPIRIES_LIMIT: Final = 200
MISSED_IN_A_ROW_LIMIT: Final = 2
MISSED_REASON: Final = "missed two offers"


def run_matching() -> int:
    """Offer what waits to who is free; answers how many offers were made. Any worker may run it, at any time."""
    # Most wakes find nobody free or nobody in line: that is looked at before a transaction takes SQLite's write lock.
    within = supply.reach(now=database_now())
    if not within.queue_ids or not Handoff.objects.filter(within.of_line()).exists():
        return 0
    with log.recording() as record:
        handoffs = {handoff.pk: handoff for handoff in supply.lock_line(within)}
        agents = {agent.pk: agent for agent in supply.lock_agents_at_work(now=record.now)}
        waiting = supply.waiting(handoffs.values(), now=record.now)
        matches = match(waiting, supply.candidates(agents.values()), now=record.now)[:MATCHES_LIMIT]
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
    for handoff_id in list(due.values_list("handoff__public_id", flat=True)[:EXPIRIES_LIMIT]):
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
    """What opens a handoff at its agent's desk; live starts after its heads, where its timeline ends."""
    heads = log.heads_of([streams.handoff(handoff.public_id), streams.desk(handoff.public_id)])
    view = broker.desk_view(handoff, why=why, now=now, heads=heads)
    agent = handoff.agent
    assert agent is not None  # noqa: S101
    return Entry.of(streams.agent(agent.public_id), HandoffAssigned(handoff=view), handoff_id=handoff.pk)


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
