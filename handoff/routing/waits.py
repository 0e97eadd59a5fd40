"""The lines as they stand, played forward: what those in them and newcomers are told; kept for a few seconds."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from statistics import fmean
from typing import Final

from django.db import connection
from django.db.models import Count, QuerySet

from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import OWNED, CloseReason, State
from handoff.intents.models import Intent
from handoff.protocol.shapes import Estimate
from handoff.realtime import editions
from handoff.realtime.lookups import among
from handoff.routing import crew
from handoff.routing.estimates import SAMPLES_LIMIT, UNKNOWN, Desk, Need, forecast, stretched
from handoff.routing.matching import Candidate

# A line, an intent, and whether a phone line is needed too. In a line that is not its own the intent itself needs
# nothing: a person has sent it there.
Entrance = tuple[int, int | None, bool]
# Among the skills of an estimate: what only agents with a phone line have.
PHONE_LINE: Final = "a phone line"
_ON_A_PHONE: Final = frozenset({PHONE_LINE})
WAITING: Final = (State.QUEUED, State.OFFERED)
KEPT_SECONDS: Final = 3.0
# What a click is told while its transaction lasts, and who asks while another looks; nothing is better than older.
OLDEST_SECONDS: Final = 60.0
# How far down a line is played; who stands beyond is told in proportion.
PLACES_LIMIT: Final = 100
# Enough for a mean that a few odd talks do not turn.
SAMPLES_FOR_MEAN: Final = 20
_FINISHED: Final = (CloseReason.RESOLVED, CloseReason.CUSTOMER_LEFT)


@dataclass(frozen=True)
class Outlook:
    """What is told in lines that share agents: by handoff, and by line and intent to who would come now."""

    queue_ids: frozenset[int]
    waiting: Mapping[int, Estimate]
    newcomers: Mapping[Entrance, Estimate]
    lengths: Mapping[int, int]
    made_at: float

    def of_newcomer(self, entrance: Entrance) -> Estimate:
        return self.newcomers.get(entrance) or self.newcomers.get((entrance[0], None, entrance[2]), UNKNOWN)


# By queue, and whether it is practice, which shares neither line nor agents with the rest.
_kept: dict[tuple[int, bool], Outlook] = {}
# Twelve threads that find it too old make it anew once.
_making = threading.Lock()
_NOTHING_KNOWN: Final = Outlook(frozenset(), {}, {}, {}, made_at=0.0)


def estimate_of(handoff_id: int, entrance: Entrance, *, place: int, is_simulated: bool = False) -> Estimate:
    """For one that waits there at this place."""
    outlook = _outlook((entrance[0], is_simulated))
    if found := outlook.waiting.get(handoff_id):
        return found
    return stretched(outlook.of_newcomer(entrance), place / PLACES_LIMIT)


def estimate_of_newcomer(entrance: Entrance, *, is_simulated: bool = False) -> Estimate:
    outlook = _outlook((entrance[0], is_simulated))
    length = outlook.lengths.get(entrance[0], 0)
    return stretched(outlook.of_newcomer(entrance), (length + 1) / PLACES_LIMIT)


def length_of(queue_id: int, *, is_simulated: bool = False) -> int:
    """How many waited there a moment ago."""
    return _outlook((queue_id, is_simulated)).lengths.get(queue_id, 0)


def forget() -> None:
    """Look anew at the next question."""
    _kept.clear()


def _outlook(line: tuple[int, bool]) -> Outlook:
    """A fresh one, or an older one where nobody may wait for a look; who is told that hears better in a few seconds."""
    if kept := _kept_since(line, KEPT_SECONDS):
        return kept
    older = _kept_since(line, OLDEST_SECONDS)
    if _is_writing():
        return older or _NOTHING_KNOWN
    if not _making.acquire(blocking=older is None):
        return older or _NOTHING_KNOWN
    try:
        return _kept_since(line, KEPT_SECONDS) or _make(line)
    finally:
        _making.release()


def _kept_since(line: tuple[int, bool], seconds: float) -> Outlook | None:
    kept = _kept.get(line)
    return kept if kept is not None and time.monotonic() - kept.made_at <= seconds else None


def _is_writing() -> bool:
    """In a transaction that holds locks, on SQLite everybody's, which must not last as long as a look takes."""
    if not connection.in_atomic_block:
        return False
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone()[0] == "off")


def _make(line: tuple[int, bool]) -> Outlook:
    queue_id, is_simulated = line
    made = _look(queue_id, is_simulated=is_simulated)
    _kept.update({(one, is_simulated): made for one in made.queue_ids})
    return made


def _look(queue_id: int, *, is_simulated: bool) -> Outlook:
    now, edition = editions.look()
    able = crew.abilities(edition=edition)
    at_work = [one for one in crew.at_work(now=now, able=able) if one.is_trainee == is_simulated]
    handoffs = Handoff.objects.filter(is_simulated=is_simulated)
    queue_ids = _sharing(queue_id, at_work)
    serving = [one for one in at_work if one.queue_ids & queue_ids]
    menus = Intent.objects.filter(queue__in=queue_ids, site__is_simulated=is_simulated)
    intents = dict(menus.values_list("pk", "queue_id"))
    needs: dict[Entrance, Need] = {}
    for on_a_phone, line_needed in ((False, frozenset[str]()), (True, _ON_A_PHONE)):
        needs |= {(queue, None, on_a_phone): Need(queue, line_needed) for queue in queue_ids}
        needs |= {
            (queue, intent, on_a_phone): Need(queue, able.needs.get(intent, frozenset()) | line_needed)
            for intent, queue in intents.items()
        }
    line = _line(handoffs, queue_ids, needs)
    found = forecast(
        [need for _, need in line],
        _desks(serving, now=now),
        {queue: _durations(handoffs, queue) for queue in queue_ids} if serving else {},
        newcomers=sorted(set(needs.values()), key=lambda need: (need.queue_id, sorted(need.skills))),
    )
    return Outlook(
        queue_ids=queue_ids,
        waiting={handoff_id: told for (handoff_id, _), told in zip(line, found.waiting, strict=True)},
        newcomers={key: found.newcomers[need] for key, need in needs.items()},
        lengths=_lengths(handoffs, queue_ids),
        made_at=time.monotonic(),
    )


def _sharing(queue_id: int, at_work: Collection[Candidate]) -> frozenset[int]:
    """The line, and those that compete with it for agents, near and far."""
    found = frozenset({queue_id})
    while True:
        more = found.union(*(one.queue_ids for one in at_work if one.queue_ids & found))
        if more == found:
            return found
        found = more


def _line(
    handoffs: QuerySet[Handoff], queue_ids: Iterable[int], needs: Mapping[Entrance, Need]
) -> list[tuple[int, Need]]:
    """The heads of the lines, merged in their order; one that is being offered has not been taken yet."""
    heads: list[tuple[datetime | None, int, Entrance]] = []
    for queue_id in queue_ids:
        standing = handoffs.filter(queue=queue_id, state__in=WAITING, ranked_at__isnull=False)
        rows = standing.order_by("ranked_at", "id").values_list("ranked_at", "pk", "intent_id", "channel")
        heads += [
            (ranked_at, pk, (queue_id, intent_id, channel in PHONES))
            for ranked_at, pk, intent_id, channel in rows[:PLACES_LIMIT]
        ]
    heads.sort(key=itemgetter(0, 1))
    elsewhere = {True: _ON_A_PHONE, False: frozenset[str]()}
    return [(pk, needs.get(entrance) or Need(entrance[0], elsewhere[entrance[2]])) for _, pk, entrance in heads]


def _desks(serving: Collection[Candidate], *, now: datetime) -> list[Desk]:
    owned = Handoff.objects.filter(among("agent__pk", [one.agent_id for one in serving]), state__in=OWNED)
    busy: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for agent_id, queue_id, since in owned.values_list("agent_id", "queue_id", "connected_at"):
        busy[agent_id].append((queue_id, (now - since).total_seconds() if since else 0.0))
    return [Desk(one.queue_ids, _abilities(one), one.capacity, busy[one.agent_id]) for one in serving]


def _abilities(one: Candidate) -> frozenset[str]:
    return frozenset(one.skills) | (_ON_A_PHONE if one.has_line else frozenset())


def mean_duration(queue_id: int) -> float | None:
    """What a talk of this line costs its agent, in seconds; None where too few were counted."""
    durations = _durations(Handoff.objects.filter(is_simulated=False), queue_id)
    return fmean(durations) if len(durations) >= SAMPLES_FOR_MEAN else None


def _durations(handoffs: QuerySet[Handoff], queue_id: int) -> list[float]:
    """From accept to the end of the wrap-up: what a talk costs its agent."""
    done = handoffs.filter(
        queue=queue_id, connected_at__isnull=False, closed_at__isnull=False, close_reason__in=_FINISHED
    )
    newest = done.order_by("-closed_at").values_list("connected_at", "closed_at")[:SAMPLES_LIMIT]
    return [(closed - since).total_seconds() for since, closed in newest if since is not None and closed is not None]


def _lengths(handoffs: QuerySet[Handoff], queue_ids: Iterable[int]) -> dict[int, int]:
    waiting = handoffs.filter(queue__in=queue_ids, state__in=WAITING).values("queue_id")
    return dict(waiting.annotate(length=Count("pk")).values_list("queue_id", "length"))
