"""What a supervisor may see, and who reads along."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from handoff.broker.models import Handoff
from handoff.staffing.models import Agent, Queue
from handoff.supervision.models import Watch

SUPERVISING: Final = (Agent.Role.SUPERVISOR, Agent.Role.ADMIN)


def supervised_by(agent: Agent) -> QuerySet[Queue]:
    """A supervisor's own queues, an administrator's all, anybody else's none, and a trainee's none: real customers wait
    there. Asked anew: a role may be taken away.
    """
    found = Agent.objects.filter(pk=agent.pk, user__is_active=True, is_trainee=False).first()
    if found is None or found.role not in SUPERVISING:
        return Queue.objects.none()
    return Queue.objects.all() if found.role == Agent.Role.ADMIN else found.queues.all()


def supervises(agent: Agent, handoff: Handoff) -> bool:
    return supervised_by(agent).filter(pk=handoff.queue_id).exists()


def supervises_agent(agent: Agent, other: Agent) -> bool:
    """Whoever serves one of the supervisor's queues; an administrator supervises everybody."""
    queues = supervised_by(agent)
    admins = Agent.objects.filter(role=Agent.Role.ADMIN, user__is_active=True, is_trainee=False)
    return admins.filter(pk=agent.pk).exists() or other.queues.filter(pk__in=queues.values("pk")).exists()


def watched_by(agent: Agent) -> list[Watch]:
    """What a supervisor reads along, the first begun first."""
    rows = Watch.objects.filter(_lawful(), agent=agent).order_by("since", "id")
    related = ("customer", "intent", "queue", "agent", "site", "wrap_up", "survey")
    return list(rows.select_related(*(f"handoff__{name}" for name in related)))


def is_watching(agent: Agent, handoff: Handoff) -> bool:
    return Watch.objects.filter(agent=agent, handoff=handoff).exists()


def live_watches(agent_ids: Collection[int]) -> dict[int, set[str]]:
    """The public ids of what each of these agents may read along now."""
    found: dict[int, set[str]] = {agent_id: set() for agent_id in agent_ids}
    rows = Watch.objects.filter(_lawful(), agent_id__in=agent_ids)
    for agent_id, handoff_id in rows.values_list("agent_id", "handoff__public_id"):
        found[agent_id].add(handoff_id)
    return found


def unlawful() -> QuerySet[Watch]:
    """Watches whose right has ended: the role, the queue or the account is gone."""
    return Watch.objects.exclude(_lawful())


def joined_among(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Of these handoffs and agents (public ids) those who have joined, each with the agent's name."""
    asked = set(pairs)
    rows = Watch.objects.filter(
        _lawful(),
        handoff__public_id__in={handoff_id for handoff_id, _ in asked},
        agent__public_id__in={agent_id for _, agent_id in asked},
        joined_at__isnull=False,
    )
    named = rows.values_list("handoff__public_id", "agent__public_id", "agent__name")
    return {(handoff_id, agent_id): name for handoff_id, agent_id, name in named if (handoff_id, agent_id) in asked}


def watchers_of(handoffs: Collection[Handoff]) -> set[str]:
    """Public ids of the agents who read one of these along."""
    rows = Watch.objects.filter(handoff__in=[handoff.pk for handoff in handoffs])
    return set(rows.values_list("agent__public_id", flat=True))


def _lawful() -> Q:
    serves = Agent.queues.through.objects.filter(agent_id=OuterRef("agent_id"), queue_id=OuterRef("handoff__queue_id"))
    own = Q(agent__role=Agent.Role.SUPERVISOR) & Q(Exists(serves))
    return Q(agent__user__is_active=True, agent__is_trainee=False) & (Q(agent__role=Agent.Role.ADMIN) | own)
