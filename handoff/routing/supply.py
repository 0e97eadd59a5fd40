"""What waits and who is free, as plain values for the matching."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, QuerySet

from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import OWNED, State
from handoff.intents.models import Intent
from handoff.routing.heads import Head, Wanted, read_held, read_worth
from handoff.routing.matching import Candidate, Rank, Waiting, nobody_has
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Queue

# How far down the line one look goes; the next begins where it ended.
PAGE_LIMIT: Final = 200
# Of those that are held back only the first are told of in a trace.
HELD_LIMIT: Final = 50
CUSTOMER_AWAY: Final = "its customer is away"
_MISSED: Final = (Offer.Status.TIMED_OUT, Offer.Status.WITHDRAWN, Offer.Status.AGENT_LOST)


@dataclass(frozen=True)
class Abilities:
    """What an administrator has set: which queues agents at work serve and how well they do what, and what intents with
    skills need, by their queue and whether it is practice."""

    queues: Mapping[int, frozenset[int]]
    skills: Mapping[int, Mapping[str, int]]
    needs: Mapping[int, frozenset[str]]
    lines: Mapping[int, tuple[int, bool]]


@dataclass(frozen=True)
class Reach:
    """Who is at work, and what those with room could take."""

    candidates: list[Candidate]
    queue_ids: frozenset[int]
    beyond: frozenset[int]
    abilities: Abilities
    now: datetime

    def within(self, queue_ids: frozenset[int]) -> Reach:
        return replace(self, queue_ids=self.queue_ids & queue_ids)

    @property
    def has_room(self) -> bool:
        return any(one.free > 0 for one in self.candidates)

    @cached_property
    def wanted(self) -> Wanted:
        """The lines that those with room serve, and who waits for one of them, wherever.

        As of the look: what a round decides fills the candidates, and it goes on reading the same lines.
        """
        free = [one for one in self.candidates if one.free > 0]
        lines = {(queue_id, one.is_trainee) for one in free for queue_id in one.queue_ids & self.queue_ids}
        return Wanted(
            lines=sorted(lines),
            agent_ids=[one.agent_id for one in free],
            beyond=sorted(self.beyond),
            seen_before=self.now - timedelta(seconds=settings.HANDOFF_SECONDS["CUSTOMER_AWAY"]),
            now=self.now,
        )


def reach(*, now: datetime, held: Collection[int] = (), abilities: Abilities | None = None) -> Reach:
    """A look without locks at everybody at work, and the intents that need what nobody with room has.

    Agents who are `held` by somebody else are at work without room: who waits for them goes on waiting for them.
    `abilities` are those of a look just before.
    """
    at_work = agents_at_work(now=now)
    known = abilities or abilities_of(at_work)
    everybody = _candidates(at_work, known)
    for one in everybody:
        one.is_held = one.agent_id in held
    free = [one for one in everybody if one.free > 0]
    queue_ids = _queues_of(free)
    beyond = frozenset(
        intent
        for intent, line in known.lines.items()
        if line[0] in queue_ids and not _able(free, line, known.needs[intent])
    )
    return Reach(candidates=everybody, queue_ids=queue_ids, beyond=beyond, abilities=known, now=now)


def abilities_of(agents: QuerySet[Agent]) -> Abilities:
    keys = agents.order_by().values("pk")
    queues: defaultdict[int, set[int]] = defaultdict(set)
    serving = Agent.queues.through.objects.filter(agent_id__in=keys)
    for agent_id, queue_id in serving.values_list("agent_id", "queue_id"):
        queues[agent_id].add(queue_id)
    skills: defaultdict[int, dict[str, int]] = defaultdict(dict)
    able = AgentSkill.objects.filter(agent_id__in=keys)
    for agent_id, key, level in able.values_list("agent_id", "skill__key", "level"):
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
        skills=skills,
        needs={intent_id: frozenset(keys) for intent_id, keys in needs.items()},
        lines=lines,
    )


def _able(free: Iterable[Candidate], line: tuple[int, bool], skills: frozenset[str]) -> bool:
    queue_id, is_simulated = line
    return any(one.is_trainee == is_simulated and one.serves(queue_id, skills) for one in free)


def _queues_of(candidates: Iterable[Candidate]) -> frozenset[int]:
    return frozenset(queue_id for one in candidates for queue_id in one.queue_ids)


def line(
    within: Reach, *, after: Rank | None, without: Collection[int] = (), limit: int | None = None
) -> list[Waiting]:
    """The next page of those worth a look, in their order."""
    heads = read_worth(within.wanted, limit=limit or PAGE_LIMIT, after=after, without=without)
    return _describe(heads, within)


def has_line(within: Reach) -> bool:
    """Whether anybody waits for whom there is room."""
    return bool(read_worth(within.wanted, limit=1))


def held(within: Reach, *, before: Rank) -> list[Waiting]:
    """The first of those that nobody is asked to take now, each with the reason."""
    heads = read_held(within.wanted, limit=HELD_LIMIT, before=before)
    told = _describe(heads, within)
    return [
        replace(one, held=CUSTOMER_AWAY if head.is_away else nobody_has(one.skills))
        for one, head in zip(told, heads, strict=True)
    ]


def lock_queues(within: Reach) -> None:
    """One round a line at a time: of two at once the one with the later handoffs could take the earlier ones' agents.

    First of all locks, so that nobody who holds another waits for it.
    """
    list(Queue.objects.filter(pk__in=within.queue_ids).order_by("id").select_for_update(no_key=True).values_list("pk"))


def lock_handoffs(waiting: Collection[Waiting]) -> dict[int, Handoff]:
    """Those that still wait as they were seen; what somebody else holds at this moment is left out.

    The bare rows are locked first and read afterwards: a row that changed between look and lock would come with the
    relations it had before.
    """
    seen = {one.handoff_id: one.version for one in waiting}
    bare = Handoff.objects.filter(pk__in=seen, state=State.QUEUED).order_by("id")
    locked = list(bare.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
    rows = Handoff.objects.select_related("intent", "queue", "customer", "agent", "site").filter(pk__in=locked)
    return {one.pk: one for one in rows if one.version == seen[one.pk] and one.state == State.QUEUED}


def lock_agents(agent_ids: Collection[int], *, now: datetime) -> dict[int, Agent]:
    """Those of them who are at work, in id order; who is being changed at this moment is left out."""
    bare = Agent.objects.filter(pk__in=agent_ids, wanted=True, lease_expires_at__gt=now).order_by("id")
    return {agent.pk: agent for agent in bare.select_for_update(no_key=True, skip_locked=True)}


def agents_at_work(*, now: datetime) -> QuerySet[Agent]:
    return Agent.objects.filter(wanted=True, lease_expires_at__gt=now).order_by("id")


def candidates(agents: QuerySet[Agent]) -> list[Candidate]:
    """Agents with what they can still take; exact when they are locked."""
    return _candidates(agents, abilities_of(agents))


def _candidates(agents: QuerySet[Agent], abilities: Abilities) -> list[Candidate]:
    columns = ("pk", "name", "capacity", "audio", "idle_since", "last_offered_at", "is_trainee")
    rows = list(agents.values_list(*columns))
    loads = loads_of(agents.order_by().values("pk"))
    calling = on_a_call([pk for pk, _, _, audio, *_ in rows if audio])
    return [
        Candidate(
            agent_id=pk,
            name=name,
            queue_ids=abilities.queues.get(pk, frozenset()),
            capacity=capacity,
            load=loads[pk],
            skills=abilities.skills.get(pk, {}),
            idle_since=idle_since,
            last_offered_at=last_offered_at,
            has_line=bool(audio),
            is_calling=pk in calling,
            is_trainee=is_trainee,
        )
        for pk, name, capacity, audio, idle_since, last_offered_at, is_trainee in rows
    ]


def loads_of(agent_ids: Collection[int] | QuerySet[Any, Any]) -> Counter[int]:
    """What each agent carries: handoffs owned, and offers not yet answered.

    Two looks at the few rows of the present: joined in one count they would multiply an agent's whole past. Offers
    first: one that is accepted in between is counted twice and never not at all.
    """
    pending = Offer.objects.filter(agent_id__in=agent_ids, status=Offer.Status.PENDING)
    owned = Handoff.objects.filter(agent_id__in=agent_ids, state__in=OWNED)
    loads: Counter[int] = Counter()
    for rows in (pending, owned):
        loads.update(dict(rows.order_by().values_list("agent_id").annotate(count=Count("pk"))))
    return loads


def on_a_call(agent_ids: Collection[int]) -> set[int]:
    """Who talks on a telephone, writes such a talk up, or is being offered one: one person, one call."""
    if not agent_ids:
        return set()
    # Offers first, as in `loads_of`.
    offered = Offer.objects.filter(agent_id__in=agent_ids, status=Offer.Status.PENDING, handoff__channel__in=PHONES)
    talking = Handoff.objects.filter(agent_id__in=agent_ids, state__in=OWNED, channel__in=PHONES)
    return {*offered.values_list("agent_id", flat=True), *talking.values_list("agent_id", flat=True)}


def skills_of_intents(intent_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    pairs = Intent.skills.through.objects.filter(intent_id__in=list(intent_ids))
    found: defaultdict[int, set[str]] = defaultdict(set)
    for intent_id, key in pairs.values_list("intent_id", "skill__key"):
        found[intent_id].add(key)
    return {intent_id: frozenset(keys) for intent_id, keys in found.items()}


def _describe(heads: Sequence[Head], within: Reach) -> list[Waiting]:
    if not heads:
        return []
    now, skills = within.now, within.abilities.needs
    excluded, missed = _turned_down(heads, now=now)
    return [
        Waiting(
            handoff_id=head.handoff_id,
            version=head.version,
            queue_id=head.queue_id,
            queue_name=head.queue_name,
            intent_label=head.intent_label,
            enqueued_at=head.enqueued_at or now,
            ranked_at=head.ranked_at or now,
            # In the intent's own queue: elsewhere a person has sent it.
            skills=skills.get(head.intent_id, frozenset()) if head.queue_id == head.intent_queue_id else frozenset(),
            excluded=frozenset(excluded[head.handoff_id]),
            missed=frozenset(missed[head.handoff_id]),
            preferred=head.preferred_agent_id,
            preferred_until=head.preferred_until,
            needs_line=head.channel in PHONES,
            is_simulated=head.is_simulated,
        )
        for head in heads
    ]


def _turned_down(
    heads: Sequence[Head], *, now: datetime
) -> tuple[defaultdict[int, set[int]], defaultdict[int, set[int]]]:
    """By handoff, the agents who lately declined it or passed it on, and those whose offer came to nothing."""
    since = now - timedelta(seconds=settings.HANDOFF_SECONDS["DECLINED"])
    keys = [head.handoff_id for head in heads]
    ended = Offer.objects.filter(handoff_id__in=keys, ended_at__gt=since, status__in=[Offer.Status.DECLINED, *_MISSED])
    excluded: defaultdict[int, set[int]] = defaultdict(set)
    missed: defaultdict[int, set[int]] = defaultdict(set)
    for handoff_id, agent_id, status in ended.values_list("handoff_id", "agent_id", "status"):
        (missed if status in _MISSED else excluded)[handoff_id].add(agent_id)
    for one in heads:
        if one.excluded_agent_id is not None and one.excluded_until is not None and one.excluded_until > now:
            excluded[one.handoff_id].add(one.excluded_agent_id)
    return excluded, missed
