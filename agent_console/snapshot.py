"""What a desk shows when it starts, which is also how it recovers."""

from __future__ import annotations

from datetime import datetime

from handoff.broker import queries as handoffs
from handoff.conversations.composing import drafts_of
from handoff.protocol import shapes
from handoff.realtime import log, streams
from handoff.routing import offers
from handoff.routing import queries as routing
from handoff.staffing.models import Agent
from handoff.supervision.queries import SUPERVISING, watched_by


def agent_snapshot(agent: Agent, *, now: datetime) -> tuple[shapes.AgentSnapshot, dict[str, int]]:
    """The desk, and the heads where live starts; heads are read before what they cover."""
    agent.refresh_from_db()
    owned = handoffs.owned_by(agent)
    watches = watched_by(agent) if agent.role in SUPERVISING else []
    names = [streams.agent(agent.public_id)]
    for handoff in [*owned, *(watch.handoff for watch in watches)]:
        names += [streams.handoff(handoff.public_id), streams.desk(handoff.public_id)]
    heads = log.heads_of(names)
    whys = routing.whys_of([*owned, *(watch.handoff for watch in watches)])
    snapshot = shapes.AgentSnapshot(
        agent=agent_view(agent, load=len(owned)),
        offers=[offers.view(offer) for offer in routing.pending_of(agent)],
        handoffs=[handoffs.desk_view(one, why=whys.get(one.pk, []), now=now) for one in owned],
        queues=routing.board(queue_keys(agent), now=now, is_simulated=agent.is_trainee),
        drafts=drafts_of(agent, owned),
        watching=[handoffs.desk_view(one.handoff, why=whys.get(one.handoff_id, []), now=now) for one in watches],
        joined=[one.handoff.public_id for one in watches if one.joined_at is not None],
    )
    return snapshot, heads


def agent_view(agent: Agent, *, load: int) -> shapes.AgentView:
    """`load` is how many handoffs they own: in talk and in wrap-up."""
    return shapes.AgentView(
        id=agent.public_id,
        name=agent.name,
        role=agent.role,
        availability=shapes.Availability(
            available=agent.wanted,
            reason=None if agent.wanted else agent.away_reason or None,
            after_current=agent.after_current,
        ),
        capacity=agent.capacity,
        load=load,
        is_trainee=agent.is_trainee,
    )


def queue_keys(agent: Agent) -> list[str]:
    """The queues whose board this agent sees."""
    return list(agent.queues.values_list("key", flat=True))
