"""What waits and who is free, as plain values for the matching."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import BooleanField, Case, F, Q, QuerySet, When

from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import OWNED, Channel, State
from handoff.intents.models import Intent
from handoff.routing.matching import Candidate, Rank, Waiting, nobody_has
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Queue

# How far down the line one look goes; the next begins where it ended.
PAGE_LIMIT: Final = 200
# Of those that are held back only the first are told of in a trace.
HELD_LIMIT: Final = 50
CUSTOMER_AWAY: Final = "its customer is away"
# They are on the page or on the line while they wait; the others are called.
_PRESENT_CHANNELS: Final = (Channel.CHAT, Channel.VOICE)
_MISSED: Final = (Offer.Status.TIMED_OUT, Offer.Status.WITHDRAWN, Offer.Status.AGENT_LOST)


@dataclass(frozen=True)
class Reach:
    """Who is at work, and what those with room could take."""

    candidates: list[Candidate]
    queue_ids: frozenset[int]
    beyond: frozenset[int]
    now: datetime

    def within(self, queue_ids: frozenset[int]) -> Reach:
        return replace(self, queue_ids=self.queue_ids & queue_ids)

    @property
    def has_room(self) -> bool:
        return any(one.free > 0 for one in self.candidates)

    def of_line(self) -> Q:
        """Handoffs worth a look. Others would only stand in the way of those behind them."""
        return self._in_line() & ~self._nobody_able() & ~customer_away(now=self.now)

    def held_back(self) -> Q:
        return self._in_line() & (self._nobody_able() | customer_away(now=self.now))

    def _in_line(self) -> Q:
        free = [one for one in self.candidates if one.free > 0]
        trainees = [one for one in free if one.is_trainee]
        reachable = self._reachable([one for one in free if not one.is_trainee]) & Q(is_simulated=False)
        if trainees:
            reachable |= self._reachable(trainees) & Q(is_simulated=True)
        return Q(state=State.QUEUED) & reachable

    def _reachable(self, free: Collection[Candidate]) -> Q:
        again = Q(preferred_agent__in=[one.agent_id for one in free], preferred_until__gt=self.now)
        return Q(queue__in=self.queue_ids & _queues_of(free)) | again

    def _nobody_able(self) -> Q:
        """In the intent's own queue: who was passed on to another was sent there by a person, skills or not."""
        return Q(intent__in=self.beyond, queue=F("intent__queue"))


def reach(*, now: datetime, held: Collection[int] = ()) -> Reach:
    """A look without locks at everybody at work, and the intents that need what nobody with room has.

    Agents who are `held` by somebody else are at work without room: who waits for them goes on waiting for them.
    """
    everybody = [replace(one, is_held=one.agent_id in held) for one in candidates(agents_at_work(now=now))]
    free = [one for one in everybody if one.free > 0]
    queue_ids = _queues_of(free)
    rows = Intent.objects.filter(queue__in=queue_ids, skills__isnull=False)
    intents = {pk: (queue, of) for pk, queue, of in rows.values_list("pk", "queue_id", "site__is_simulated")}
    beyond = frozenset(
        intent
        for intent, skills in skills_of_intents(intents).items()
        if not any(one.serves(intents[intent][0], skills) for one in free if one.is_trainee == intents[intent][1])
    )
    return Reach(candidates=everybody, queue_ids=queue_ids, beyond=beyond, now=now)


def _queues_of(candidates: Iterable[Candidate]) -> frozenset[int]:
    return frozenset(queue_id for one in candidates for queue_id in one.queue_ids)


def customer_away(*, now: datetime) -> Q:
    """Chats and calls in the page whose customer has not been seen lately: held back, at their place.

    What was left out of hours has nobody who holds the line.
    """
    before = now - timedelta(seconds=settings.HANDOFF_SECONDS["CUSTOMER_AWAY"])
    present = Q(customer__present_until__isnull=False, customer__present_until__gt=now)
    return Q(channel__in=_PRESENT_CHANNELS, is_left=False, customer__seen_at__lte=before) & ~present


def line(within: Reach, *, after: Rank | None, without: Collection[int] = ()) -> list[Waiting]:
    """The next page of those worth a look, in their order."""
    rows = Handoff.objects.filter(within.of_line()).exclude(pk__in=without)
    if after is not None:
        ranked_at, pk = after
        rows = rows.filter(Q(ranked_at__gt=ranked_at) | Q(ranked_at=ranked_at, pk__gt=pk))
    return _describe(rows.order_by("ranked_at", "id")[:PAGE_LIMIT], now=within.now)


def held(within: Reach) -> list[Waiting]:
    """The first of those that nobody is asked to take now, each with the reason."""
    rows = Handoff.objects.filter(within.held_back()).order_by("ranked_at", "id")
    first = list(rows.values_list("pk", flat=True)[:HELD_LIMIT])
    is_away = Case(When(customer_away(now=within.now), then=True), default=False, output_field=BooleanField())
    away = dict(Handoff.objects.filter(pk__in=first).annotate(is_away=is_away).values_list("pk", "is_away"))
    told = _describe(rows.filter(pk__in=first), now=within.now)
    return [replace(one, held=CUSTOMER_AWAY if away[one.handoff_id] else nobody_has(one.skills)) for one in told]


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


def candidates(agents: Iterable[Agent]) -> list[Candidate]:
    """Agents with what they can still take; exact when they are locked."""
    agents = list(agents)
    keys = [agent.pk for agent in agents]
    loads = loads_of(keys)
    queues: defaultdict[int, set[int]] = defaultdict(set)
    for agent_id, queue_id in Agent.queues.through.objects.filter(agent_id__in=keys).values_list(
        "agent_id", "queue_id"
    ):
        queues[agent_id].add(queue_id)
    calling = on_a_call([agent.pk for agent in agents if agent.audio])
    skills: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for agent_id, key, level in AgentSkill.objects.filter(agent_id__in=keys).values_list(
        "agent_id", "skill__key", "level"
    ):
        skills[agent_id][key] = level
    return [
        Candidate(
            agent_id=agent.pk,
            name=agent.name,
            queue_ids=frozenset(queues[agent.pk]),
            capacity=agent.capacity,
            load=loads[agent.pk],
            skills=skills[agent.pk],
            idle_since=agent.idle_since,
            last_offered_at=agent.last_offered_at,
            has_line=bool(agent.audio),
            is_calling=agent.pk in calling,
            is_trainee=agent.is_trainee,
        )
        for agent in agents
    ]


def loads_of(agent_ids: Collection[int]) -> Counter[int]:
    """What each agent carries: handoffs owned, and offers not yet answered.

    Two looks at the few rows of the present: joined in one count they would multiply an agent's whole past. Offers
    first: one that is accepted in between is counted twice and never not at all.
    """
    pending = Offer.objects.filter(agent_id__in=agent_ids, status=Offer.Status.PENDING)
    loads = Counter(pending.values_list("agent_id", flat=True))
    loads.update(Handoff.objects.filter(agent_id__in=agent_ids, state__in=OWNED).values_list("agent_id", flat=True))
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


def _describe(rows: QuerySet[Handoff], *, now: datetime) -> list[Waiting]:
    handoffs = list(rows.select_related("intent", "queue"))
    excluded, missed = _turned_down(handoffs, now=now)
    skills = skills_of_intents({handoff.intent_id for handoff in handoffs})
    return [
        Waiting(
            handoff_id=handoff.pk,
            version=handoff.version,
            queue_id=handoff.queue_id,
            queue_name=handoff.queue.name,
            intent_label=handoff.intent.label,
            enqueued_at=handoff.enqueued_at or now,
            ranked_at=handoff.ranked_at or now,
            skills=needed(handoff, skills),
            excluded=frozenset(excluded[handoff.pk]),
            missed=frozenset(missed[handoff.pk]),
            preferred=handoff.preferred_agent_id,
            preferred_until=handoff.preferred_until,
            needs_line=handoff.channel in PHONES,
            is_simulated=handoff.is_simulated,
        )
        for handoff in handoffs
    ]


def needed(handoff: Handoff, skills: Mapping[int, frozenset[str]]) -> frozenset[str]:
    """What its intent needs, in the intent's own queue: elsewhere a person has sent it."""
    own = handoff.queue_id == handoff.intent.queue_id
    return skills.get(handoff.intent_id, frozenset()) if own else frozenset()


def _turned_down(
    handoffs: Collection[Handoff], *, now: datetime
) -> tuple[defaultdict[int, set[int]], defaultdict[int, set[int]]]:
    """By handoff, the agents who lately declined it or passed it on, and those whose offer came to nothing."""
    since = now - timedelta(seconds=settings.HANDOFF_SECONDS["DECLINED"])
    keys = [handoff.pk for handoff in handoffs]
    ended = Offer.objects.filter(handoff_id__in=keys, ended_at__gt=since, status__in=[Offer.Status.DECLINED, *_MISSED])
    excluded: defaultdict[int, set[int]] = defaultdict(set)
    missed: defaultdict[int, set[int]] = defaultdict(set)
    for handoff_id, agent_id, status in ended.values_list("handoff_id", "agent_id", "status"):
        (missed if status in _MISSED else excluded)[handoff_id].add(agent_id)
    for one in handoffs:
        if one.excluded_agent_id is not None and one.excluded_until is not None and one.excluded_until > now:
            excluded[one.pk].add(one.excluded_agent_id)
    return excluded, missed
