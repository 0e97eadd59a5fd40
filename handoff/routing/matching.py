"""Who takes which handoff, decided from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """One handoff in line. `excluded` are agents who declined or missed it lately."""

    handoff_id: int
    queue_id: int
    queue_name: str
    intent_label: str
    enqueued_at: datetime
    skills: frozenset[str] = frozenset()
    excluded: frozenset[int] = frozenset()


@dataclass
class Candidate:
    """One agent at work; `free` falls as offers are decided."""

    agent_id: int
    name: str
    queue_ids: frozenset[int]
    skills: frozenset[str]
    free: int
    last_offered_at: datetime | None = None


@dataclass(frozen=True)
class Match:
    """One decision, and why: lines a person can read."""

    handoff_id: int
    agent_id: int
    why: list[str] = field(default_factory=list)


def match(waiting: Sequence[Waiting], candidates: Sequence[Candidate], *, now: datetime) -> list[Match]:
    """First come, first served: each in turn gets the agent who has been without an offer longest.

    A handoff that nobody can take now is passed over and keeps its place.
    """
    matches: list[Match] = []
    for place, one in enumerate(sorted(waiting, key=_order)):
        fit = [agent for agent in candidates if _obstacle(one, agent) is None]
        if not fit:
            continue
        chosen = min(fit, key=_idle_order)
        why = _explain(one, place, chosen, fit, candidates, now)
        chosen.free -= 1
        chosen.last_offered_at = now
        matches.append(Match(one.handoff_id, chosen.agent_id, why))
    return matches


def _order(one: Waiting) -> tuple[datetime, int]:
    return one.enqueued_at, one.handoff_id


def _idle_order(agent: Candidate) -> tuple[bool, float, int]:
    offered = agent.last_offered_at
    return offered is not None, offered.timestamp() if offered else 0.0, agent.agent_id


def _obstacle(one: Waiting, agent: Candidate) -> str | None:
    """Why this agent cannot take it now, or None."""
    if one.queue_id not in agent.queue_ids:
        return "does not serve the queue"
    if agent.free < 1:
        return "is full"
    if agent.agent_id in one.excluded:
        return "declined or missed it a moment ago"
    missing = one.skills - agent.skills
    return f"lacks {', '.join(sorted(missing))}" if missing else None


def _explain(
    one: Waiting,
    place: int,
    chosen: Candidate,
    fit: Sequence[Candidate],
    candidates: Sequence[Candidate],
    now: datetime,
) -> list[str]:
    waited = max(0, int((now - one.enqueued_at).total_seconds()))
    before = "nobody before it could be served" if place else "the longest wait of all"
    lines = [
        f"Queue {one.queue_name}, by intent {one.intent_label}",
        f"Waited {waited // 60}:{waited % 60:02d}; {before}",
    ]
    if one.skills:
        lines.append(f"Needs {', '.join(sorted(one.skills))}; {chosen.name} has it")
    others = len(fit) - 1
    lines.append(
        f"{chosen.name}: longest without an offer of {len(fit)} who were free"
        if others
        else f"{chosen.name}: the only one who was free"
    )
    serving = [agent for agent in candidates if one.queue_id in agent.queue_ids and agent is not chosen]
    lines += [f"Not {agent.name}: {reason}" for agent in serving if (reason := _obstacle(one, agent))]
    return lines
