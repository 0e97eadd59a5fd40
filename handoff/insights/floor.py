"""Who does what now: each agent's condition, with its reason and since when; and every handoff that is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import OPEN, OWNED, State
from handoff.lib.clock import rfc3339, rfc3339_or_none
from handoff.protocol import insight_shapes as shapes
from handoff.protocol.shapes import AgentRef
from handoff.routing.actions import MISSED_REASON
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, Queue
from handoff.supervision.ledger import SHIFT_GAP
from handoff.supervision.models import Shift

LIVE_LIMIT: Final = 1000


@dataclass(frozen=True)
class Hands:
    """What an agent holds now."""

    talks: int = 0
    wrap_ups: int = 0
    offers: int = 0

    @property
    def load(self) -> int:
        return self.talks + self.wrap_ups


def condition_of(agent: Agent, hands: Hands, *, now: datetime) -> shapes.AgentCondition | None:
    """None for somebody who is not signed in and holds nothing: they are at home."""
    if not agent.is_signed_in(now):
        return "disconnected" if hands.load else None
    for condition, number in (("talking", hands.talks), ("wrap_up", hands.wrap_ups), ("offered", hands.offers)):
        if number:
            return condition  # type: ignore[return-value]
    return "available" if agent.wanted else "away"


def conditions(*, now: datetime) -> dict[int, shapes.AgentCondition]:
    """Of everybody who is not at home, trainees left out."""
    agents = list(Agent.objects.filter(user__is_active=True, is_trainee=False, is_simulated=False))
    holds = _hands([agent.pk for agent in agents])
    found = {agent.pk: condition_of(agent, holds.get(agent.pk, Hands()), now=now) for agent in agents}
    return {agent_id: condition for agent_id, condition in found.items() if condition is not None}


def agents(queues: Collection[Queue], *, now: datetime) -> shapes.Floor:
    """Who serves these queues and is not at home."""
    rows = Agent.objects.filter(queues__in=queues, user__is_active=True).distinct().order_by("name", "id")
    found = list(rows.prefetch_related("queues"))
    holds = _hands([agent.pk for agent in found])
    began = _shifts_begun([agent.pk for agent in found], now=now)
    views = []
    for agent in found:
        hands = holds.get(agent.pk, Hands())
        condition = condition_of(agent, hands, now=now)
        if condition is not None:
            views.append(_view(agent, condition, hands, began.get(agent.pk)))
    return shapes.Floor(at=rfc3339(now), agents=views)


def _view(
    agent: Agent, condition: shapes.AgentCondition, hands: Hands, shift_began: datetime | None
) -> shapes.FloorAgent:
    since = {
        "disconnected": agent.heard_at,
        "available": agent.idle_since,
        "away": shift_began,
        "offered": agent.last_offered_at,
    }.get(condition)
    is_away = not agent.wanted
    return shapes.FloorAgent(
        id=agent.public_id,
        name=agent.name,
        condition=condition,
        reason=(agent.away_reason or None) if is_away else None,
        by_system=is_away and agent.away_reason == MISSED_REASON,
        since=rfc3339_or_none(since),
        load=hands.load,
        capacity=agent.capacity,
        wrap_ups=hands.wrap_ups,
        trainee=agent.is_trainee,
        queues=sorted(queue.key for queue in agent.queues.all()),
    )


def _hands(agent_ids: Collection[int]) -> dict[int, Hands]:
    owned = Counter(Handoff.objects.filter(agent_id__in=agent_ids, state__in=OWNED).values_list("agent_id", "state"))
    pending = Offer.objects.filter(agent_id__in=agent_ids, status=Offer.Status.PENDING)
    offers = Counter(pending.values_list("agent_id", flat=True))
    return {
        agent_id: Hands(
            talks=owned[agent_id, State.CONNECTED], wrap_ups=owned[agent_id, State.WRAP_UP], offers=offers[agent_id]
        )
        for agent_id in agent_ids
    }


def _shifts_begun(agent_ids: Collection[int], *, now: datetime) -> dict[int, datetime]:
    """When each agent's present shift began."""
    rows = Shift.objects.filter(agent_id__in=agent_ids, until__gt=now - SHIFT_GAP).order_by("until")
    return dict(rows.values_list("agent_id", "began_at"))


def live(queues: Collection[Queue], *, now: datetime) -> shapes.Live:
    """What is open or being wrapped up in these queues, the longest waiting first."""
    rows = Handoff.objects.filter(queue__in=queues, state__in=[*OPEN, State.WRAP_UP])
    related = rows.select_related("customer", "intent", "queue", "agent", "site")
    return shapes.Live(
        at=rfc3339(now), handoffs=[_live_view(handoff) for handoff in related.order_by("opened_at")[:LIVE_LIMIT]]
    )


def _live_view(handoff: Handoff) -> shapes.LiveHandoff:
    return shapes.LiveHandoff(
        id=handoff.public_id,
        state=handoff.state,
        version=handoff.version,
        channel=handoff.channel,
        intent=handoffs.intent_ref(handoff),
        queue=handoffs.queue_ref(handoff),
        site=handoffs.site_ref(handoff),
        customer=handoffs.card(handoff),
        agent=AgentRef(id=handoff.agent.public_id, name=handoff.agent.name) if handoff.agent else None,
        enqueued_at=rfc3339_or_none(handoff.enqueued_at),
        connected_at=rfc3339_or_none(handoff.connected_at),
        ended_at=rfc3339_or_none(handoff.ended_at),
        simulated=handoff.is_simulated,
    )
