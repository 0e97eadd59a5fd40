"""Offers from made to ended; the only writer of an offer's `status`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

import msgspec
from django.db import connection

from handoff.broker import phone
from handoff.broker import queries as broker
from handoff.broker.actions import agent_ref
from handoff.broker.models import Handoff
from handoff.broker.states import Action, State
from handoff.broker.transitions import FOLLOWERS, Move
from handoff.journeys import queries as journeys
from handoff.journeys.context import Step, stopped_at
from handoff.lib.clock import rfc3339
from handoff.lib.errors import DomainError
from handoff.protocol import events, shapes
from handoff.realtime import streams
from handoff.realtime.log import Entry
from handoff.routing.models import Offer
from handoff.staffing.models import Agent

_STATUS_BY_ACTION: Final = {
    Action.DECLINE: Offer.Status.DECLINED,
    Action.TIME_OUT: Offer.Status.TIMED_OUT,
    Action.AGENT_LOST: Offer.Status.AGENT_LOST,
}


class OfferGone(DomainError):
    """Wrong, used or expired token: told the same, so that nobody can probe."""

    def __init__(self) -> None:
        super().__init__("offer_gone", "This offer is no longer there.")


def make(
    handoff: Handoff, agent: Agent, *, why: list[str], now: datetime, passed_on: shapes.TransferView | None = None
) -> list[Entry]:
    """A pending offer and what its agent and the desk learn of it; `passed_on` if the log does not hold it yet."""
    return make_many([Proposal(handoff, agent, why, passed_on)], now=now)


@dataclass(frozen=True)
class Proposal:
    """Who is to be offered what, and why."""

    handoff: Handoff
    agent: Agent
    why: list[str]
    passed_on: shapes.TransferView | None = None


def make_many(proposals: Sequence[Proposal], *, now: datetime) -> list[Entry]:
    """As many offers in as few statements as one."""
    handoffs = [one.handoff for one in proposals]
    steps = journeys.steps_by_journey([handoff.journey_id for handoff in handoffs])
    earlier = broker.count_histories(handoffs)
    made: list[Offer] = []
    entries: list[Entry] = []
    for one in proposals:
        handoff, agent = one.handoff, one.agent
        expires_at = now + timedelta(seconds=handoff.queue.offer_seconds)
        offer = Offer(handoff=handoff, agent=agent, why=one.why, made_at=now, expires_at=expires_at)
        known = _Known(steps[handoff.journey_id], earlier[handoff.pk], one.passed_on or broker.transfer_of(handoff))
        offer.told = _describe(offer, known).to_wire()
        stream = streams.agent(agent.public_id)
        entries.append(Entry(stream=stream, type=events.OfferMade.TYPE, data=offer.told, handoff_id=handoff.pk))
        entries.append(_recorded(offer, Offer.Status.PENDING))
        made.append(offer)
    _store(made)
    return entries


# Everything of many in one text: as arrays, which Django would send, each would be escaped letter by letter.
_STORE: Final = """
INSERT INTO handoff_offer (public_id, handoff_id, agent_id, token, status, why, told, made_at, expires_at, reason)
SELECT r->>0, (r->>1)::bigint, (r->>2)::bigint, r->>3, r->>4, r->5, r->6, (r->>7)::timestamptz, (r->>8)::timestamptz, ''
FROM jsonb_array_elements(%s::jsonb) r
"""


def _store(made: Sequence[Offer]) -> None:
    if connection.vendor != "postgresql":
        Offer.objects.bulk_create(made)
        return
    rows = [
        (
            one.public_id,
            one.handoff_id,
            one.agent_id,
            one.token,
            one.status,
            one.why,
            one.told,
            one.made_at,
            one.expires_at,
        )
        for one in made
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [msgspec.json.encode(rows).decode()])


def tell_again(handoff: Handoff) -> list[Entry]:
    """What a pending offer tells has changed: its agent gets it anew, under the same id and for the same time."""
    entries: list[Entry] = []
    pending = list(Offer.objects.select_related("agent").filter(handoff=handoff, status=Offer.Status.PENDING))
    if not pending:
        return entries
    earlier = broker.count_histories([handoff])[handoff.pk]
    known = _Known(journeys.steps_of(handoff.journey_id), earlier, broker.transfer_of(handoff))
    for offer in pending:
        offer.handoff = handoff
        told = _describe(offer, known).to_wire()
        Offer.objects.filter(pk=offer.pk, status=Offer.Status.PENDING).update(told=told)
        stream = streams.agent(offer.agent.public_id)
        entries.append(Entry(stream=stream, type=events.OfferMade.TYPE, data=told, handoff_id=handoff.pk))
    return entries


def take(offer: Offer, *, token: str, now: datetime) -> list[Entry]:
    """Accepted: the guarded update decides. Raises OfferGone."""
    pending = Offer.objects.filter(pk=offer.pk, status=Offer.Status.PENDING, token=token, expires_at__gt=now)
    if pending.update(status=Offer.Status.ACCEPTED, ended_at=now) != 1:
        raise OfferGone
    return _ended(offer, Offer.Status.ACCEPTED)


def note_taken(handoff: Handoff, agent: Agent, *, why: list[str], now: datetime) -> None:
    """Somebody took it without being asked: kept beside the offers, which say whose it became and why."""
    Offer.objects.create(
        handoff=handoff,
        agent=agent,
        why=why,
        status=Offer.Status.ACCEPTED,
        made_at=now,
        expires_at=now,
        ended_at=now,
    )


def note_reason(offer: Offer, reason: str) -> None:
    """Why an agent declined, for those who look at routing later."""
    Offer.objects.filter(pk=offer.pk).update(reason=reason)


def erase(handoff: Handoff) -> None:
    """What offers told of a customer; that they were made, and why to whom, stays."""
    Offer.objects.filter(handoff=handoff).update(told={}, reason="")


def view(offer: Offer) -> shapes.OfferView:
    """What its agent was shown: kept as it was told, so that a desk that starts anew sees the same."""
    return msgspec.convert(offer.told, shapes.OfferView)


@dataclass(frozen=True)
class _Known:
    """What an offer tells that is not in the row of its handoff."""

    steps: list[Step]
    earlier: int
    passed_on: shapes.TransferView | None


def _describe(offer: Offer, known: _Known) -> shapes.OfferView:
    handoff, steps = offer.handoff, known.steps
    return shapes.OfferView(
        id=offer.public_id,
        token=offer.token,
        offered_at=rfc3339(offer.made_at),
        expires_at=rfc3339(offer.expires_at),
        handoff=shapes.OfferedHandoff(
            id=handoff.public_id,
            channel=handoff.channel,
            intent=broker.intent_ref(handoff),
            queue=broker.queue_ref(handoff),
            site=broker.site_ref(handoff),
            statement=handoff.statement or None,
            customer=broker.card(handoff),
            enqueued_at=rfc3339(handoff.enqueued_at or offer.made_at),
            brief=broker.brief_of(handoff, steps),
            stopped_at=stopped_at(steps),
            earlier=known.earlier,
            transfer=known.passed_on,
            evidence=phone.evidence_of(handoff),
            callback=phone.callback_for_offer(handoff),
            call=phone.READERS.call(handoff),
        ),
    )


def end_with_move(move: Move) -> list[Entry]:
    """Any move out of `offered` but accept ends the pending offer with it."""
    if move.before is not State.OFFERED or move.action is Action.ACCEPT:
        return []
    status = _STATUS_BY_ACTION.get(move.action, Offer.Status.WITHDRAWN)
    pending = Offer.objects.select_related("agent", "handoff").filter(handoff=move.handoff, status=Offer.Status.PENDING)
    entries: list[Entry] = []
    for offer in pending:
        if Offer.objects.filter(pk=offer.pk, status=Offer.Status.PENDING).update(status=status, ended_at=move.now):
            entries += _ended(offer, status)
    return entries


def _ended(offer: Offer, status: Offer.Status) -> list[Entry]:
    told = events.OfferEnded(id=offer.public_id, status=cast(shapes.OfferStatus, status.value))
    return [
        Entry.of(streams.agent(offer.agent.public_id), told, handoff_id=offer.handoff_id),
        _recorded(offer, status),
    ]


def _recorded(offer: Offer, status: Offer.Status) -> Entry:
    event = events.OfferRecorded(agent=agent_ref(offer.agent), status=cast(shapes.OfferStatus, status.value))
    return Entry.of(streams.desk(offer.handoff.public_id), event, handoff_id=offer.handoff_id)


FOLLOWERS.append(end_with_move)
