"""Who may read and write what: a customer what is published for their site, an agent what their queues are about."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.knowledge.models import Article, CannedReply
from handoff.lib.errors import NotFound
from handoff.staffing.models import Agent, Queue


def sites_of(agent: Agent) -> QuerySet[Site]:
    """Sites of which something leads to the agent's queues; an admin has them all."""
    if agent.role == Agent.Role.ADMIN:
        return Site.objects.all()
    return Site.objects.filter(intents__queue__agents=agent).distinct()


def intents_of(agent: Agent) -> QuerySet[Intent]:
    """Everything that customers of the agent's sites may want."""
    return Intent.objects.filter(site__in=sites_of(agent))


def articles_of_site(site: Site) -> QuerySet[Article]:
    """Those that its customers may read."""
    return Article.objects.filter(Q(sites=None) | Q(sites=site), is_published=True).distinct()


def articles_of_agent(agent: Agent) -> QuerySet[Article]:
    """Those that an agent may read and edit: for every site, or for one of theirs."""
    return Article.objects.filter(Q(sites=None) | Q(sites__in=sites_of(agent))).distinct()


def article_of_site(site: Site, public_id: str) -> Article:
    """Raises NotFound: another site's and a draft are told as if they were not there."""
    return _only(articles_of_site(site).filter(public_id=public_id).first())


def article_of_agent(agent: Agent, public_id: str) -> Article:
    """Raises NotFound."""
    return _only(articles_of_agent(agent).filter(public_id=public_id).first())


def canned_of(agent: Agent, *, deleted: bool = False) -> QuerySet[CannedReply]:
    """Their own, and the team's of every queue and of theirs."""
    team = Q(owner=None) & (Q(queues=None) | Q(queues__in=queues_of(agent)))
    return CannedReply.objects.filter(Q(owner=agent) | team, deleted_at__isnull=not deleted).distinct()


def queues_of(agent: Agent) -> QuerySet[Queue]:
    return Queue.objects.all() if agent.role == Agent.Role.ADMIN else agent.queues.all()


def writes_for_every_queue(agent: Agent) -> bool:
    """What everybody uses is not for one agent to change."""
    return agent.role in (Agent.Role.SUPERVISOR, Agent.Role.ADMIN)


def may_edit(agent: Agent, reply: CannedReply, *, served: Collection[int]) -> bool:
    """One's own; the team's of a queue for whoever serves it; every queue's for supervisors.

    `served` are the agent's queues, which a list of replies asks for once.
    """
    if reply.owner_id is not None:
        return reply.owner_id == agent.pk
    queues = {queue.pk for queue in reply.queues.all()}
    if not queues:
        return writes_for_every_queue(agent)
    return not queues.isdisjoint(served)


def served_by(agent: Agent) -> frozenset[int]:
    return frozenset(queues_of(agent).values_list("pk", flat=True))


def _only(found: Article | None) -> Article:
    if found is None:
        raise NotFound
    return found
