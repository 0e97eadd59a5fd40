"""Who is at the desk and wants work: the lease, availability, and since when an agent is idle."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings

from handoff.protocol.events import AvailabilityChanged
from handoff.realtime import streams
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent


def lock_agents(agent_ids: Collection[int]) -> dict[int, Agent]:
    """In id order, as everybody locks them; after their handoffs and before any stream."""
    rows = Agent.objects.filter(pk__in=agent_ids).order_by("id").select_for_update(no_key=True)
    return {agent.pk: agent for agent in rows}


def renew_lease(agent: Agent, *, now: datetime) -> None:
    """The agent's page is alive."""
    expires_at = now + timedelta(seconds=settings.HANDOFF_SECONDS["LEASE"])
    Agent.objects.filter(pk=agent.pk).update(lease_expires_at=expires_at, heard_at=now, seen_at=now)


def end_lease(agent: Agent, *, now: datetime) -> None:
    """Not at work from now on; another device that is still there renews it with its next heartbeat."""
    Agent.objects.filter(pk=agent.pk, lease_expires_at__gt=now).update(lease_expires_at=now)


def set_wanted(agent: Agent, *, available: bool, after_current: bool, reason: str, now: datetime) -> Entry:
    """What a locked agent wants from now on, and the event that says so."""
    if available and not agent.wanted:
        agent.idle_since = now
    agent.wanted, agent.after_current = available, after_current
    agent.away_reason = "" if available else reason
    agent.missed_in_a_row = 0
    agent.save(update_fields=["idle_since", "wanted", "after_current", "away_reason", "missed_in_a_row"])
    return _told(agent)


def note_done(agent: Agent, *, owns_more: bool, now: datetime) -> list[Entry]:
    """A locked agent is rid of one handoff. Who finishes what they have is plainly away with the last one."""
    agent.idle_since = now
    if agent.after_current and not owns_more:
        agent.after_current = False
        agent.save(update_fields=["idle_since", "after_current"])
        return [_told(agent)]
    agent.save(update_fields=["idle_since"])
    return []


def _told(agent: Agent) -> Entry:
    event = AvailabilityChanged(
        available=agent.wanted, reason=agent.away_reason or None, after_current=agent.after_current
    )
    return Entry.of(streams.agent(agent.public_id), event)
