"""Where an agent may pass a talk on to."""

from __future__ import annotations

from datetime import datetime

from handoff.protocol import shapes
from handoff.routing.crew import loads_of
from handoff.staffing.models import Agent, Queue


def destinations(agent: Agent, *, now: datetime) -> shapes.Destinations:
    """Every queue, and every other agent with an active account; of trainees, the other trainees."""
    others = Agent.objects.filter(user__is_active=True, is_trainee=agent.is_trainee).exclude(pk=agent.pk)
    agents = list(others.prefetch_related("queues").order_by("name", "id"))
    loads = loads_of([other.pk for other in agents])
    return shapes.Destinations(
        queues=[shapes.QueueRef(key=queue.key, name=queue.name) for queue in Queue.objects.order_by("name", "id")],
        agents=[
            shapes.DestinationAgent(
                id=other.public_id,
                name=other.name,
                available=other.wanted and other.is_signed_in(now) and loads[other.pk] < other.capacity,
                queues=sorted(queue.key for queue in other.queues.all()),
            )
            for other in agents
        ],
    )
