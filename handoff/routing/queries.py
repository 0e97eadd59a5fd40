"""Read the lines: places, channels' states, the board, pending offers."""

from __future__ import annotations

from collections.abc import Collection, Set
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Count, F, Min, Q, Window
from django.db.models.functions import RowNumber
from msgspec import UNSET

from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import OWNED, Channel
from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.intents.queries import intents_of
from handoff.lib.clock import rfc3339, rfc3339_or_none
from handoff.protocol import shapes
from handoff.realtime.lookups import among, one_of
from handoff.routing import waits
from handoff.routing.crew import loads_of
from handoff.routing.estimates import UNKNOWN
from handoff.routing.lines import Line, read_lines
from handoff.routing.models import Offer
from handoff.routing.waits import PLACES_LIMIT, WAITING
from handoff.staffing.models import Agent, Queue
from handoff.staffing.queries import opening_of
from handoff.telephony.queries import caller_id_among, numbers_of

# Channels that this version can carry; others are left out of menus and refused.
BUILT_CHANNELS: Final = (Channel.CHAT, Channel.CALLBACK, Channel.PHONE)
EMPTY_LINE: Final[tuple[int, datetime | None]] = (0, None)


class Standing(NamedTuple):
    """How somebody who waits stands."""

    place: int
    estimate: shapes.Estimate


def standing_of(handoff: Handoff, *, is_last: bool = False) -> Standing | None:
    """Its place and how long that may last; None if it does not wait. `is_last`: it has come just now."""
    place = place_of(handoff, is_last=is_last)
    if place is None:
        return None
    entrance = (handoff.queue_id, handoff.intent_id, handoff.channel in PHONES)
    estimate = waits.estimate_of(handoff.pk, entrance, place=place, is_simulated=handoff.is_simulated)
    return Standing(place, estimate)


def place_of(handoff: Handoff, *, is_last: bool = False) -> int | None:
    """Its place in its line, from 1; None if it does not wait.

    Whoever `is_last` of a long line is told by how long it was a moment ago, so that a click costs the same there.
    """
    if handoff.state not in WAITING:
        return None
    # Without a rank: written by a process of a former version, until a worker ranks it.
    ranked_at = handoff.ranked_at or handoff.enqueued_at
    if not is_last:
        before = Q(ranked_at__lt=ranked_at) | Q(ranked_at=ranked_at, pk__lt=handoff.pk)
        line = Handoff.objects.filter(queue=handoff.queue_id, is_simulated=handoff.is_simulated, state__in=WAITING)
        return line.filter(before).count() + 1
    near = _count_near(handoff, ranked_at)
    if near < PLACES_LIMIT:
        return near + 1
    return max(near, waits.length_of(handoff.queue_id, is_simulated=handoff.is_simulated)) + 1


# The last of those before it, in their order: so that only the index will do. With every click: the ORM would take
# longer to write it than the database to do it.
_NEAR: Final = f"""
SELECT count(*) FROM (
  SELECT 1 FROM handoff_handoff h
  WHERE h.queue_id = %s AND h.is_simulated = %s AND h.state IN ('queued', 'offered')
    AND (h.ranked_at < %s OR (h.ranked_at = %s AND h.id < %s))
  ORDER BY h.ranked_at DESC LIMIT {PLACES_LIMIT}
) near
"""


def _count_near(handoff: Handoff, ranked_at: datetime | None) -> int:
    """How many of the last places of its line are taken before it."""
    at = connection.ops.adapt_datetimefield_value(ranked_at)
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [handoff.queue_id, handoff.is_simulated, at, at, handoff.pk])
        return int(cursor.fetchone()[0])


def standings_of(public_ids: Collection[str]) -> dict[str, Standing]:
    """How those of these handoffs stand that wait."""
    waiting = Handoff.objects.filter(among("public_id", public_ids), state__in=WAITING)
    lines = waiting.values_list("queue_id", flat=True)
    ranked = Handoff.objects.filter(queue_id__in=set(lines), state__in=WAITING).annotate(
        place=Window(
            RowNumber(),
            partition_by=[F("queue_id"), F("is_simulated")],
            order_by=[F("ranked_at").asc(), F("pk").asc()],
        ),
    )
    columns = ("public_id", "pk", "queue_id", "intent_id", "channel", "place", "is_simulated")
    return {
        public_id: Standing(
            place,
            waits.estimate_of(pk, (queue_id, intent_id, channel in PHONES), place=place, is_simulated=is_simulated),
        )
        for public_id, pk, queue_id, intent_id, channel, place, is_simulated in ranked.values_list(*columns)
        if public_id in public_ids
    }


def why_of(handoff: Handoff) -> list[str]:
    """The reason that was stored when its agent was chosen."""
    taken = Offer.objects.filter(handoff=handoff, status=Offer.Status.ACCEPTED).order_by("-ended_at")
    return list(taken.values_list("why", flat=True).first() or [])


def whys_of(handoffs: Collection[Handoff]) -> dict[int, list[str]]:
    """The reasons that were stored when their agents were chosen, by handoff."""
    taken = Offer.objects.filter(handoff__in=[one.pk for one in handoffs], status=Offer.Status.ACCEPTED)
    # The last one that was accepted is the one that counts.
    return {handoff_id: why or [] for handoff_id, why in taken.order_by("ended_at").values_list("handoff_id", "why")}


def pending_of(agent: Agent) -> list[Offer]:
    rows = Offer.objects.select_related("handoff__customer", "handoff__intent", "handoff__queue", "agent")
    return list(rows.filter(agent=agent, status=Offer.Status.PENDING).order_by("made_at"))


def agents_concerned(handoffs: Collection[Handoff]) -> set[str]:
    """Public ids of the agents who own one of these or are being offered it."""
    keys = [handoff.pk for handoff in handoffs]
    pending = Offer.objects.filter(handoff_id__in=keys, status=Offer.Status.PENDING)
    owners = Handoff.objects.filter(pk__in=keys, agent__isnull=False)
    return {
        *pending.values_list("agent__public_id", flat=True),
        *owners.values_list("agent__public_id", flat=True),
    }


def load_of(agent: Agent) -> int:
    """Handoffs that spend the agent's capacity: in talk or in wrap-up."""
    return Handoff.objects.filter(agent=agent, state__in=OWNED).count()


def menu_of(site: Site, *, now: datetime) -> list[shapes.IntentView]:
    """The site's intents, each with its channels, how they stand, and how long a newcomer would wait."""
    intents = intents_of(site)
    offered = channels_of(site, {channel for intent in intents for channel in intent.channels})
    queues = {intent.queue_id: intent.queue for intent in intents}
    lines = read_lines(queues.values(), now=now, is_simulated=site.is_simulated)
    return [
        shapes.IntentView(
            key=intent.key,
            label=intent.label,
            channels=[
                _channel(channel, _line_state(lines[intent.queue_id], channel, now=now), intent, site)
                for channel in offered
                if channel in intent.channels
            ],
        )
        for intent in intents
    ]


def channels_of(site: Site, wanted: Set[str]) -> list[Channel]:
    """Which of these the site can offer at all: without a number of its own nobody can ring it or be rung."""
    numbers = numbers_of(site) if wanted & PHONES else []
    if not numbers:
        missing = PHONES
    else:
        missing = frozenset() if caller_id_among(numbers) is not None else frozenset({Channel.CALLBACK})
    return [channel for channel in BUILT_CHANNELS if channel not in missing]


def channel_state(
    queue: Queue, channel: Channel = Channel.CHAT, *, now: datetime, is_simulated: bool = False
) -> shapes.ChannelState:
    """How a channel into this queue stands: open, unstaffed, closed, full."""
    return _line_state(read_lines([queue], now=now, is_simulated=is_simulated)[queue.pk], channel, now=now)


def board(queue_keys: Collection[str] | None, *, now: datetime, is_simulated: bool = False) -> list[shapes.QueueView]:
    """Each queue's line and who could take from it now; None means every queue. Practice has lines of its own."""
    queues = (
        Queue.objects.order_by("name")
        if queue_keys is None
        else Queue.objects.filter(key__in=queue_keys).order_by("name")
    )
    lines = {
        queue_id: (waiting, oldest)
        for queue_id, waiting, oldest in Handoff.objects.filter(one_of("state", WAITING), is_simulated=is_simulated)
        .values("queue_id")
        .annotate(waiting=Count("pk"), oldest=Min("enqueued_at"))
        .values_list("queue_id", "waiting", "oldest")
    }
    free = _free_by_queue(now=now, is_trainee=is_simulated)
    return [
        shapes.QueueView(
            key=queue.key,
            name=queue.name,
            waiting=lines.get(queue.pk, EMPTY_LINE)[0],
            oldest_enqueued_at=rfc3339_or_none(lines.get(queue.pk, EMPTY_LINE)[1]),
            agents_available=free.get(queue.pk, 0),
        )
        for queue in queues
    ]


def _free_by_queue(*, now: datetime, is_trainee: bool) -> dict[int, int]:
    """Agents who could be offered one more, by queue."""
    agents = Agent.objects.filter(wanted=True, lease_expires_at__gt=now, is_trainee=is_trainee)
    at_work = dict(agents.values_list("pk", "capacity"))
    loads = loads_of(at_work)
    free = {agent_id for agent_id, capacity in at_work.items() if loads[agent_id] < capacity}
    counts: dict[int, int] = {}
    for queue_id in Agent.queues.through.objects.filter(agent_id__in=free).values_list("queue_id", flat=True):
        counts[queue_id] = counts.get(queue_id, 0) + 1
    return counts


def _line_state(line: Line, channel: Channel, *, now: datetime) -> shapes.ChannelState:
    queue = line.queue
    opening = opening_of(queue)
    if opening is not None and not opening.is_open(now):
        opens_at = opening.next_opening(now)
        told = rfc3339(opens_at) if opens_at else UNSET
        return shapes.ChannelState(channel=channel, state="closed", opens_at=told)
    if line.is_full:
        return shapes.ChannelState(channel=channel, state="full")
    if not (line.has_audio if channel in PHONES else line.is_staffed):
        return shapes.ChannelState(channel=channel, state="unstaffed", estimate=UNKNOWN)
    return shapes.ChannelState(channel=channel, state="open")


def _channel(channel: Channel, line: shapes.ChannelState, intent: Intent, site: Site) -> shapes.ChannelState:
    is_open = line.state == "open"
    entrance = (intent.queue_id, intent.pk, channel in PHONES)
    estimate = line.estimate
    if is_open:
        estimate = waits.estimate_of_newcomer(entrance, is_simulated=site.is_simulated)
    return shapes.ChannelState(channel=channel, state=line.state, opens_at=line.opens_at, estimate=estimate)
