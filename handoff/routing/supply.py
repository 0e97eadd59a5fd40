"""What waits and who is free, as plain values for the matching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from django.conf import settings

from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import State
from handoff.realtime.lookups import among
from handoff.routing import crew
from handoff.routing.crew import Abilities
from handoff.routing.heads import Head, Wanted, read_held, read_worth
from handoff.routing.matching import Candidate, Rank, Waiting, nobody_has
from handoff.routing.models import Offer
from handoff.staffing.models import Queue

# How far down the line one look goes; the next begins where it ended.
PAGE_LIMIT: Final = 200
# Of those that are held back only the first are told of in a trace.
HELD_LIMIT: Final = 50
CUSTOMER_AWAY: Final = "its customer is away"
_MISSED: Final = (Offer.Status.TIMED_OUT, Offer.Status.WITHDRAWN, Offer.Status.AGENT_LOST)


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


def reach(*, now: datetime, able: Abilities, held: Collection[int] = ()) -> Reach:
    """A look without locks at everybody at work, and the intents that need what nobody with room has.

    Agents who are `held` by somebody else are at work without room: who waits for them goes on waiting for them.
    """
    everybody = crew.at_work(now=now, able=able)
    for one in everybody:
        one.is_held = one.agent_id in held
    free = [one for one in everybody if one.free > 0]
    queue_ids = _queues_of(free)
    beyond = frozenset(
        intent
        for intent, line in able.lines.items()
        if line[0] in queue_ids and not _able(free, line, able.needs[intent])
    )
    return Reach(candidates=everybody, queue_ids=queue_ids, beyond=beyond, abilities=able, now=now)


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


def note_calls(candidates: Sequence[Candidate]) -> None:
    """Who talks on a telephone; asked where a telephone waits."""
    calling = crew.on_a_call([one.agent_id for one in candidates if one.has_line])
    for one in candidates:
        one.is_calling = one.agent_id in calling


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
    rows = Queue.objects.filter(among("pk", within.queue_ids)).order_by("id")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def lock_handoffs(waiting: Collection[Waiting]) -> dict[int, Handoff]:
    """Those that still wait as they were seen; what somebody else holds at this moment is left out.

    The bare rows are locked first and read afterwards: a row that changed between look and lock would come with the
    relations it had before.
    """
    seen = {one.handoff_id: one.version for one in waiting}
    bare = Handoff.objects.filter(among("pk", seen), state=State.QUEUED).order_by("id")
    locked = list(bare.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
    rows = Handoff.objects.select_related("intent", "queue", "customer", "agent", "site").filter(among("pk", locked))
    return {one.pk: one for one in rows if one.version == seen[one.pk] and one.state == State.QUEUED}


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
    ended = Offer.objects.filter(
        among("handoff__pk", keys), ended_at__gt=since, status__in=[Offer.Status.DECLINED, *_MISSED]
    )
    excluded: defaultdict[int, set[int]] = defaultdict(set)
    missed: defaultdict[int, set[int]] = defaultdict(set)
    for handoff_id, agent_id, status in ended.values_list("handoff_id", "agent_id", "status"):
        (missed if status in _MISSED else excluded)[handoff_id].add(agent_id)
    for one in heads:
        if one.excluded_agent_id is not None and one.excluded_until is not None and one.excluded_until > now:
            excluded[one.handoff_id].add(one.excluded_agent_id)
    return excluded, missed
