"""What a supervisor decides instead of the router: who takes a handoff now."""

from __future__ import annotations

from datetime import datetime

from handoff.broker.actions import agent_ref
from handoff.broker.models import Handoff
from handoff.broker.states import Action, State
from handoff.broker.transitions import apply
from handoff.lib.errors import DomainError
from handoff.protocol.shapes import TransferView
from handoff.realtime.log import Entry
from handoff.routing import offers
from handoff.routing.actions import assigned
from handoff.routing.transfers import has_room, queue_for
from handoff.staffing.actions import lock_agents
from handoff.staffing.models import Agent, Queue


def take_over(handoff: Handoff, agent: Agent, *, now: datetime) -> list[Entry]:
    """It is this agent's own from now on, room or not: they decided it. Raises IllegalTransition."""
    owner = handoff.agent
    lock_agents([agent.pk] + ([owner.pk] if owner is not None else []))
    # A talk that goes on has gone on since it began.
    since = handoff.connected_at if owner is not None else now
    why = [f"Taken over by {agent.name}" + (f" from {owner.name}" if owner is not None else " out of the line")]
    moved = apply(
        handoff,
        Action.TAKE_OVER,
        agent=agent,
        connected_at=since,
        preferred_agent=None,
        excluded_agent=None,
        now=now,
    )
    offers.note_taken(handoff, agent, why=why, now=now)
    Agent.objects.filter(pk=agent.pk).update(idle_since=now)
    return [*moved, assigned(handoff, why=why, now=now)]


def offer_to(handoff: Handoff, target: Agent, *, by: Agent, note: str, now: datetime) -> list[Entry]:
    """Out of the line straight to somebody who is at work and has room.

    Raises IllegalTransition, `illegal_transition` for one who has none, `invalid_request`.
    """
    target = lock_agents([target.pk])[target.pk]
    if not handoff.is_for(target):
        raise DomainError("invalid_request", "Practice stays among trainees.", fields={"agent": "not for this one"})
    if not has_room(handoff, target, now=now):
        raise DomainError("illegal_transition", f"{target.name} is not at work, or has no room now.")
    queue = queue_for(handoff, target)
    moved = apply(handoff, Action.REASSIGN, to=State.OFFERED, queue=queue, preferred_agent=None, now=now)
    passed_on = TransferView(agent=agent_ref(by), note=note) if note.strip() else None
    moved += offers.make(handoff, target, why=[f"Chosen by {by.name}"], passed_on=passed_on, now=now)
    Agent.objects.filter(pk=target.pk).update(last_offered_at=now)
    return moved


def to_line(handoff: Handoff, queue: Queue, *, now: datetime) -> list[Entry]:
    """Into another queue's line, at the place of its whole wait. Raises IllegalTransition."""
    return apply(handoff, Action.REASSIGN, to=State.QUEUED, queue=queue, preferred_agent=None, now=now)
