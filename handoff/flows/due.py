"""Which callbacks are owed, as an agent sees them."""

from __future__ import annotations

from typing import Final

import msgspec

from handoff.broker import queries as handoffs
from handoff.broker.states import Channel, State
from handoff.callbacks import queries as callbacks
from handoff.callbacks.models import Callback
from handoff.lib.clock import rfc3339_or_none
from handoff.protocol import shapes
from handoff.staffing.models import Agent
from handoff.telephony.base import masked

SHOWN_LIMIT: Final = 200
_OWED: Final = (State.SCHEDULED, State.QUEUED, State.OFFERED, State.CONNECTED)


def due_callbacks(agent: Agent) -> shapes.DueCallbacks:
    """Mine are those of customers with whom this agent talked last; the team's, all others of the agent's lines."""
    rows = (
        Callback.objects.select_related(
            "handoff__customer", "handoff__intent", "handoff__queue", "handoff__agent", "handoff__preferred_agent"
        )
        .filter(
            handoff__channel=Channel.CALLBACK,
            handoff__state__in=_OWED,
            handoff__queue__in=agent.queues.values("pk"),
            handoff__is_simulated=agent.is_trainee,
        )
        .order_by("handoff__due_at", "handoff__ranked_at", "pk")[:SHOWN_LIMIT]
    )
    mine: list[shapes.DueCallback] = []
    team: list[shapes.DueCallback] = []
    for row in rows:
        owner = row.handoff.agent or row.handoff.preferred_agent
        (mine if owner == agent else team).append(_view(row, owner))
    return shapes.DueCallbacks(mine=mine, team=team)


def _view(row: Callback, owner: Agent | None) -> shapes.DueCallback:
    handoff = row.handoff
    return shapes.DueCallback(
        id=handoff.public_id,
        state=handoff.state,
        customer=handoffs.card(handoff),
        intent=handoffs.intent_ref(handoff),
        queue=handoffs.queue_ref(handoff),
        due_at=rfc3339_or_none(handoff.due_at),
        callback=msgspec.structs.replace(callbacks.view(row), number=masked(row.number), consent=""),
        agent=None if owner is None else shapes.AgentRef(id=owner.public_id, name=owner.name),
    )
