"""What waits and who is free, as plain values for the matching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.broker.states import State
from handoff.intents.models import Intent
from handoff.routing.matching import Candidate, Waiting
from handoff.routing.models import Offer
from handoff.routing.queries import loads_of
from handoff.staffing.models import Agent, AgentSkill

# How far down the line one look goes.
LINE_LIMIT: Final = 200
_REFUSED: Final = (Offer.Status.DECLINED, Offer.Status.TIMED_OUT)


@dataclass(frozen=True)
class Reach:
    """What the agents who are free now could take: a look without locks, to know where to look with them."""

    queue_ids: frozenset[int]
    beyond: frozenset[int]

    def of_line(self) -> Q:
        """Handoffs worth a look. Others would only stand in the way of those behind them."""
        return Q(state=State.QUEUED, queue__in=self.queue_ids) & ~Q(intent__in=self.beyond)


def reach(*, now: datetime) -> Reach:
    """The lines of everybody who has room, and the intents that need what none of them has."""
    free = [one for one in candidates(agents_at_work(now=now)) if one.free > 0]
    queue_ids = frozenset(queue_id for one in free for queue_id in one.queue_ids)
    needs = _skills_of_intents(Intent.objects.filter(queue__in=queue_ids).values_list("pk", flat=True))
    beyond = frozenset(intent for intent, skills in needs.items() if not any(skills <= one.skills for one in free))
    return Reach(queue_ids=queue_ids, beyond=beyond)


def lock_line(within: Reach) -> list[Handoff]:
    """The oldest that wait, locked; those that others hold are left out.

    The bare rows are locked first and read afterwards: a row that changed between look and lock would come with the
    relations it had before.
    """
    line = Handoff.objects.filter(within.of_line()).order_by("enqueued_at", "id")
    locked = line.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    keys = list(locked[:LINE_LIMIT])
    rows = Handoff.objects.select_related("intent", "queue", "customer", "agent", "site")
    return list(rows.filter(pk__in=keys, state=State.QUEUED).order_by("enqueued_at", "id"))


def agents_at_work(*, now: datetime) -> list[Agent]:
    return list(Agent.objects.filter(wanted=True, lease_expires_at__gt=now).order_by("id"))


def lock_agents_at_work(*, now: datetime) -> list[Agent]:
    """In id order, as everybody locks them."""
    at_work = Agent.objects.filter(wanted=True, lease_expires_at__gt=now).order_by("id")
    return list(at_work.select_for_update(no_key=True))


def candidates(agents: Collection[Agent]) -> list[Candidate]:
    """Agents with what they can still take; exact when they are locked."""
    keys = [agent.pk for agent in agents]
    loads = loads_of(keys)
    queues = _gather(Agent.queues.through.objects.filter(agent_id__in=keys).values_list("agent_id", "queue_id"))
    skills = _gather(AgentSkill.objects.filter(agent_id__in=keys).values_list("agent_id", "skill__key"))
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


def waiting(handoffs: Collection[Handoff], *, now: datetime) -> list[Waiting]:
    """Handoffs in line, each with the skills it needs and the agents who turned it down lately."""
    since = now - timedelta(seconds=settings.HANDOFF_SECONDS["DECLINED"])
    keys = [handoff.pk for handoff in handoffs]
    refused = Offer.objects.filter(handoff_id__in=keys, ended_at__gt=since, status__in=_REFUSED)
    excluded = _gather(refused.values_list("handoff_id", "agent_id"))
    skills = _skills_of_intents({handoff.intent_id for handoff in handoffs})
    return [
        Waiting(
            handoff_id=handoff.pk,
            queue_id=handoff.queue_id,
            queue_name=handoff.queue.name,
            intent_label=handoff.intent.label,
            enqueued_at=handoff.enqueued_at or now,
            skills=skills.get(handoff.intent_id, frozenset()),
            excluded=frozenset(excluded[handoff.pk]),
        )
        for handoff in handoffs
    ]


def _skills_of_intents(intent_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    pairs = Intent.skills.through.objects.filter(intent_id__in=list(intent_ids))
    return {
        intent: frozenset(skills) for intent, skills in _gather(pairs.values_list("intent_id", "skill__key")).items()
    }


def _gather(pairs: Iterable[tuple[int, object]]) -> defaultdict[int, set]:  # type: ignore[type-arg]
    found: defaultdict[int, set[object]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return found
