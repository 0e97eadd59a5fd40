"""Whether an agent's desk is connected: a sign of life while a socket is open, whatever the page's heartbeat does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from handoff.realtime.lookups import among
from handoff.staffing.models import Agent

SIGN_SECONDS: Final = 10.0
# One sign may be late and one skipped before a desk counts as gone; more would reach into the shortest grace.
SIGNS_MISSED: Final = 3


def sign_of_life_seconds() -> float:
    """How often a sign of life has to be written, so that no clock that reads it takes a present agent for gone."""
    seconds = settings.HANDOFF_SECONDS
    return min(SIGN_SECONDS, seconds["VOICE_GRACE"] / 4, seconds["AGENT_GRACE"] / 4)


@transaction.atomic
def note_life(agent_ids: Collection[int], *, now: datetime) -> None:
    """They have a socket. A row that somebody works on is left out: the next sign comes soon."""
    rows = Agent.objects.filter(among("pk", agent_ids)).order_by("pk")
    free = list(rows.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
    Agent.objects.filter(among("pk", free)).update(seen_at=now)


def grace_of_a_desk() -> timedelta:
    """How long a chat waits for an agent whose desk has just gone."""
    return timedelta(seconds=settings.HANDOFF_SECONDS["AGENT_GRACE"])


def awaited_until(agent: Agent, *, grace: str) -> datetime | None:
    """Until when a talk waits for them, by the grace of its channel; None where they were never seen.

    What shows life is what `flows.clocks` asks for: the latest of it counts.
    """
    seconds = settings.HANDOFF_SECONDS
    renewed = agent.lease_expires_at and agent.lease_expires_at - timedelta(seconds=seconds["LEASE"])
    signs = [sign for sign in (agent.seen_at, agent.heard_at, renewed) if sign is not None]
    return max(signs) + timedelta(seconds=seconds[grace]) if signs else None


def is_here(agent: Agent, *, now: datetime) -> bool:
    return agent.seen_at is not None and agent.seen_at > now - timedelta(seconds=SIGNS_MISSED * sign_of_life_seconds())
