"""Move handoffs from the line to agents: match, accept, decline, expire; and agents' availability."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db import OperationalError
from django.db.models import Q

from handoff.broker import queries as broker
from handoff.broker.models import Handoff
from handoff.broker.states import OWNED, Action, State
from handoff.broker.transitions import FOLLOWERS, Move, apply, lock
from handoff.lib.turns import KEYS_LIMIT, take_turn
from handoff.protocol.events import HandoffAssigned
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.realtime.log import Entry
from handoff.routing import offers
from handoff.routing.models import Offer
from handoff.routing.offers import OfferGone
from handoff.routing.queries import load_of

# One verb of this room, long enough for a file of its own.
from handoff.routing.rounds import MATCHES_LIMIT as MATCHES_LIMIT
from handoff.routing.rounds import run_matching as run_matching
from handoff.staffing.actions import lock_agents, note_done, renew_lease, set_wanted
from handoff.staffing.models import Agent

MISSED_IN_A_ROW_LIMIT: Final = 2
MISSED_REASON: Final = "missed two offers"


def accept(agent: Agent, *, offer_id: str, token: str) -> str:
    """The agent takes the handoff; answers its public id. Raises OfferGone."""
    with log.recording() as record:
        offer, handoff = _lock_offer(agent, offer_id)
        # Read after the lock: an offer that ran out while this waited has run out.
        record.now = database_now()
        # Whose training began or ended since the offer does not get it any more.
        if not handoff.is_for(offer.agent):
            raise OfferGone
        record.add(offers.take(offer, token=token, now=record.now))
        changes: dict[str, Any] = {"agent": agent, "connected_at": record.now, "preferred_agent": None}
        record.add(apply(handoff, Action.ACCEPT, now=record.now, excluded_agent=None, **changes))
        record.entries.append(assigned(handoff, why=list(offer.why), now=record.now))
        Agent.objects.filter(pk=agent.pk).update(missed_in_a_row=0, idle_since=record.now)
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
    """Offers whose time ran out go back to the line."""
    due = Offer.objects.filter(status=Offer.Status.PENDING, expires_at__lte=database_now())
    return take_turn(
        list(due.order_by("expires_at").values_list("pk", flat=True)[:KEYS_LIMIT]), _time_out, fatal=OperationalError
    )


def lose_offers() -> int:
    """Offers to agents whose page shows no life any more go back to the line."""
    gone = Q(agent__lease_expires_at__lte=database_now()) | Q(agent__lease_expires_at=None)
    due = Offer.objects.filter(gone, status=Offer.Status.PENDING)
    return take_turn(
        list(due.order_by("id").values_list("pk", flat=True)[:KEYS_LIMIT]), _lose_offer, fatal=OperationalError
    )


def _time_out(offer_id: int) -> bool:
    """Its time ran out: back to the line; an agent who misses two in a row is set to away. False if it is not so."""
    with log.recording() as record:
        found = _claim_pending(offer_id)
        if found is None or found[0].expires_at > record.now:
            return False
        offer, handoff = found
        record.add(apply(handoff, Action.TIME_OUT, now=record.now))
        record.add(_count_miss(offer.agent_id, now=record.now))
    return True


def _lose_offer(offer_id: int) -> bool:
    """Its agent is not there any more: back to the line. False if it is not so."""
    with log.recording() as record:
        found = _claim_pending(offer_id)
        if found is None or found[0].agent.is_signed_in(record.now):
            return False
        record.add(apply(found[1], Action.AGENT_LOST, now=record.now))
    return True


def set_availability(agent: Agent, *, available: bool, after_current: bool, reason: str) -> None:
    """What the agent wants, who is there by asking. Whoever wants nothing more gives a pending offer back.

    With `after_current` the agent finishes what they own first, and is away with the last of it.
    """
    wants_more = available and not after_current
    with log.recording() as record:
        own = lock_agents([agent.pk])[agent.pk]
        finishes = after_current and load_of(own) > 0
        told = set_wanted(own, available=wants_more, after_current=finishes, reason=reason, now=record.now)
        record.entries.append(told)
        renew_lease(own, now=record.now)
    # Afterwards, since a handoff is locked before its agent: from here on nobody offers them anything new.
    if not wants_more:
        _withdraw_all(agent)


def set_away(agent: Agent, *, reason: str) -> None:
    """Somebody else decides that this agent gets nothing more; what they own stays theirs."""
    with log.recording() as record:
        locked = lock_agents([agent.pk])[agent.pk]
        record.entries.append(set_wanted(locked, available=False, after_current=False, reason=reason, now=record.now))
    _withdraw_all(agent)


def assigned(handoff: Handoff, *, why: list[str], now: datetime) -> Entry:
    """What opens a handoff at its agent's desk; live starts after its heads, where its timeline ends."""
    heads = log.heads_of([streams.handoff(handoff.public_id), streams.desk(handoff.public_id)])
    view = broker.desk_view(handoff, why=why, now=now, heads=heads)
    agent = handoff.agent
    assert agent is not None  # noqa: S101
    return Entry.of(streams.agent(agent.public_id), HandoffAssigned(handoff=view), handoff_id=handoff.pk)


def hold_agents_of(handoffs: Collection[Handoff]) -> None:
    """Lock the owners of locked handoffs at once, for a caller that frees several of them."""
    lock_agents([handoff.agent_id for handoff in handoffs if handoff.agent_id is not None])


def free_owner(move: Move) -> list[Entry]:
    """An agent who is rid of a handoff has room from now on, or is away if that was the last one they finish."""
    owner, handoff = move.owner, move.handoff
    if owner is None or move.before not in OWNED or (handoff.agent_id == owner.pk and handoff.state in OWNED):
        return []
    locked = lock_agents([owner.pk])[owner.pk]
    return note_done(locked, owns_more=locked.after_current and load_of(locked) > 0, now=move.now)


def _lock_offer(agent: Agent, offer_id: str) -> tuple[Offer, Handoff]:
    """The agent's offer and its handoff, locked in that order. Raises OfferGone, also for another agent's."""
    rows = Offer.objects.select_related("agent", "handoff")
    offer = rows.filter(public_id=offer_id, agent=agent).first()
    handoff = lock(offer.handoff.public_id) if offer else None
    offer = rows.filter(public_id=offer_id).select_for_update(of=("self",), no_key=True).first()
    if offer is None or handoff is None or offer.agent_id != agent.pk or handoff.state != State.OFFERED:
        raise OfferGone
    return offer, handoff


def _claim_pending(offer_id: int) -> tuple[Offer, Handoff] | None:
    """A pending offer with its locked handoff; None if it has ended, or if somebody else is at work on it."""
    pending = Offer.objects.select_related("agent", "handoff").filter(pk=offer_id, status=Offer.Status.PENDING)
    offer = pending.first()
    handoff = lock(offer.handoff.public_id, skip_locked=True) if offer is not None else None
    offer = pending.first() if handoff is not None else None
    return None if offer is None or handoff is None else (offer, handoff)


def _withdraw_all(agent: Agent) -> None:
    pending = Offer.objects.filter(agent=agent, status=Offer.Status.PENDING).order_by("handoff_id")
    for offer_id, handoff_id in list(pending.values_list("pk", "handoff__public_id")):
        with log.recording() as record:
            handoff = lock(handoff_id)
            if handoff is not None and Offer.objects.filter(pk=offer_id, status=Offer.Status.PENDING).exists():
                record.add(apply(handoff, Action.WITHDRAW, now=record.now))


def _count_miss(agent_id: int, *, now: datetime) -> list[Entry]:
    agent = lock_agents([agent_id])[agent_id]
    agent.missed_in_a_row += 1
    agent.save(update_fields=["missed_in_a_row"])
    if agent.missed_in_a_row < MISSED_IN_A_ROW_LIMIT or not agent.wanted:
        return []
    return [set_wanted(agent, available=False, after_current=False, reason=MISSED_REASON, now=now)]


FOLLOWERS.append(free_owner)
