"""Who is at work, with what they carry and can do: read with every look, so by statements of our own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection

from handoff.broker.phone import PHONES
from handoff.broker.states import OWNED
from handoff.intents.models import Intent
from handoff.realtime.clock import moment_or_none
from handoff.realtime.editions import Shelf
from handoff.realtime.lookups import among
from handoff.routing.matching import Candidate
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill


def _words(words: Iterable[str]) -> str:
    """Written into the statement: only so can a kept plan use an index of these alone."""
    return ", ".join(f"'{word}'" for word in sorted(words))


_PENDING: Final = f"o.status = '{Offer.Status.PENDING}'"
_OWNED: Final = f"h.state IN ({_words(OWNED)})"
_CALL: Final = f"h.channel IN ({_words(PHONES)})"
# One snapshot: an offer that is accepted at this moment is counted once, before or after. Each side is grouped alone:
# joined in one count they would multiply an agent's whole past.
_AT_WORK: Final = f"""
SELECT a.id, a.name, a.capacity, a.audio <> '', a.idle_since, a.last_offered_at, a.is_trainee,
  COALESCE(pending.number, 0) + COALESCE(owned.number, 0)
FROM handoff_agent a
LEFT JOIN (
  SELECT o.agent_id, count(*) AS number FROM handoff_offer o WHERE {_PENDING} GROUP BY o.agent_id
) pending ON pending.agent_id = a.id
LEFT JOIN (
  SELECT h.agent_id, count(*) AS number FROM handoff_handoff h WHERE {_OWNED} GROUP BY h.agent_id
) owned ON owned.agent_id = a.id
WHERE a.wanted AND a.lease_expires_at > %s ORDER BY a.id
"""
_LOADS: Final = f"""
SELECT agent_id, count(*) FROM (
  SELECT o.agent_id FROM handoff_offer o WHERE {_PENDING} AND o.agent_id {{among}}
  UNION ALL SELECT h.agent_id FROM handoff_handoff h WHERE {_OWNED} AND h.agent_id {{among}}
) carried GROUP BY agent_id
"""
_CALLING: Final = f"""
SELECT o.agent_id FROM handoff_offer o JOIN handoff_handoff h ON h.id = o.handoff_id
WHERE {_PENDING} AND o.agent_id {{among}} AND {_CALL}
UNION SELECT h.agent_id FROM handoff_handoff h WHERE {_OWNED} AND h.agent_id {{among}} AND {_CALL}
"""


@dataclass(frozen=True)
class Abilities:
    """What an administrator has set: which queues agents serve and how well they do what, and what intents with
    skills need, by their queue and whether it is practice."""

    queues: Mapping[int, frozenset[int]]
    skills: Mapping[int, Mapping[str, int]]
    needs: Mapping[int, frozenset[str]]
    lines: Mapping[int, tuple[int, bool]]


_abilities: Final[Shelf[None, Abilities]] = Shelf()


def abilities(*, edition: str | None) -> Abilities:
    """Everybody's, at work or not: they change with the edition, and who is at work with every minute."""
    return _abilities.get(None, _read_abilities, edition=edition)


def at_work(*, now: datetime, able: Abilities) -> list[Candidate]:
    """Agents with what they can still take, by id; who of them is on a call is for those to ask who offer one."""
    with connection.cursor() as cursor:
        cursor.execute(_AT_WORK, [connection.ops.adapt_datetimefield_value(now)])
        rows = cursor.fetchall()
    return [
        Candidate(
            agent_id=pk,
            name=name,
            queue_ids=able.queues.get(pk, frozenset()),
            capacity=capacity,
            load=load,
            skills=able.skills.get(pk, {}),
            idle_since=moment_or_none(idle_since),
            last_offered_at=moment_or_none(last_offered_at),
            has_line=bool(has_line),
            is_trainee=bool(is_trainee),
        )
        for pk, name, capacity, has_line, idle_since, last_offered_at, is_trainee, load in rows
    ]


def loads_of(agent_ids: Collection[int]) -> Counter[int]:
    """What each agent carries: handoffs owned, and offers not yet answered."""
    return Counter(dict(_ask(_LOADS, agent_ids)))


def on_a_call(agent_ids: Collection[int]) -> set[int]:
    """Who talks on a telephone, writes such a talk up, or is being offered one: one person, one call."""
    return {agent_id for (agent_id,) in _ask(_CALLING, agent_ids)}


def lock_agents(agent_ids: Collection[int], *, now: datetime) -> dict[int, Agent]:
    """Those of them who are at work, in id order; who is being changed at this moment is left out."""
    bare = Agent.objects.filter(among("pk", agent_ids), wanted=True, lease_expires_at__gt=now).order_by("id")
    return {agent.pk: agent for agent in bare.select_for_update(no_key=True, skip_locked=True)}


def _ask(sql: str, agent_ids: Collection[int]) -> list[tuple[Any, ...]]:
    """For some agents, who are named twice."""
    if not agent_ids:
        return []
    named: Any = list(agent_ids)
    condition = "= ANY(%s::bigint[])"
    if connection.vendor != "postgresql":
        condition, named = "IN (SELECT value FROM json_each(%s))", msgspec.json.encode(named).decode()
    with connection.cursor() as cursor:
        cursor.execute(sql.format(among=condition), [named, named])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _read_abilities() -> Abilities:
    queues: defaultdict[int, set[int]] = defaultdict(set)
    for agent_id, queue_id in Agent.queues.through.objects.values_list("agent_id", "queue_id"):
        queues[agent_id].add(queue_id)
    skills: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for agent_id, key, level in AgentSkill.objects.values_list("agent_id", "skill__key", "level"):
        skills[agent_id][key] = level
    needs: defaultdict[int, set[str]] = defaultdict(set)
    lines: dict[int, tuple[int, bool]] = {}
    pairs = Intent.skills.through.objects.values_list(
        "intent_id", "skill__key", "intent__queue_id", "intent__site__is_simulated"
    )
    for intent_id, key, queue_id, is_simulated in pairs:
        needs[intent_id].add(key)
        lines[intent_id] = (queue_id, is_simulated)
    return Abilities(
        queues={agent_id: frozenset(ids) for agent_id, ids in queues.items()},
        skills=dict(skills),
        needs={intent_id: frozenset(keys) for intent_id, keys in needs.items()},
        lines=lines,
    )
