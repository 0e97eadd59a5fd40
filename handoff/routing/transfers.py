"""Pass a talk on: into a queue's line, or straight to another agent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from handoff.broker.actions import agent_ref
from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import Action, State
from handoff.broker.transitions import apply
from handoff.lib.errors import DomainError
from handoff.protocol.events import TransferRecorded
from handoff.protocol.shapes import QueueRef, TransferView
from handoff.realtime import streams
from handoff.realtime.log import Entry
from handoff.routing import offers
from handoff.routing.crew import loads_of, on_a_call
from handoff.staffing.actions import lock_agents
from handoff.staffing.models import Agent, Queue


def to_queue(
    handoff: Handoff, queue: Queue, *, agent: Agent, note: str, now: datetime, leaving: Agent | None = None
) -> list[Entry]:
    """Into that queue's line, at the place of its whole wait. Raises IllegalTransition.

    `leaving` is its agent, where another one passes it on.
    """
    ref = QueueRef(key=queue.key, name=queue.name)
    told = TransferRecorded(agent=agent_ref(agent), queue=ref, to_agent=None, note=note)
    moved = apply(
        handoff, Action.TRANSFER, to=State.QUEUED, queue=queue, now=now, **_without(leaving or agent, now=now)
    )
    return [_recorded(handoff, told), *moved]


def to_agent(
    handoff: Handoff, target: Agent, *, agent: Agent, note: str, now: datetime, leaving: Agent | None = None
) -> list[Entry]:
    """Offered to an agent who is at work and has room, else back in line. Raises IllegalTransition, `invalid_request`.

    A queue that the other agent does not serve would be no place for one they decline: it moves to theirs.
    """
    target = lock_agents([(leaving or agent).pk, target.pk])[target.pk]
    if not handoff.is_for(target):
        raise DomainError("invalid_request", "Practice stays among trainees.", fields={"agent": "not for this one"})
    told = TransferRecorded(agent=agent_ref(agent), queue=None, to_agent=agent_ref(target), note=note)
    changes = {"queue": queue_for(handoff, target)} | _without(leaving or agent, now=now)
    is_free = has_room(handoff, target, now=now)
    moved = apply(handoff, Action.TRANSFER, to=State.OFFERED if is_free else State.QUEUED, now=now, **changes)
    if is_free:
        why = [f"Passed on by {agent.name}", f"{target.name}: chosen by {agent.name}"]
        passed_on = TransferView(agent=agent_ref(agent), note=note)
        moved += offers.make(handoff, target, why=why, passed_on=passed_on, now=now)
        Agent.objects.filter(pk=target.pk).update(last_offered_at=now)
    return [_recorded(handoff, told), *moved]


def has_room(handoff: Handoff, target: Agent, *, now: datetime) -> bool:
    if not (target.wanted and target.is_signed_in(now) and loads_of([target.pk])[target.pk] < target.capacity):
        return False
    return handoff.channel not in PHONES or bool(target.audio and not on_a_call([target.pk]))


def _without(agent: Agent, *, now: datetime) -> dict[str, Any]:
    """Who has just passed it on is left out for a while, as one who declined."""
    until = now + timedelta(seconds=settings.HANDOFF_SECONDS["DECLINED"])
    return {"agent": None, "excluded_agent": agent, "excluded_until": until}


def queue_for(handoff: Handoff, agent: Agent) -> Queue:
    served = list(agent.queues.order_by("id"))
    return handoff.queue if handoff.queue in served or not served else served[0]


def _recorded(handoff: Handoff, event: TransferRecorded) -> Entry:
    return Entry.of(streams.desk(handoff.public_id), event, handoff_id=handoff.pk)
