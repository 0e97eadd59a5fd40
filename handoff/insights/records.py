"""What is over: who may read it, and how it is found again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import OWNED, State
from handoff.lib.clock import rfc3339
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol import insight_shapes as shapes
from handoff.protocol.events import MessagePosted
from handoff.protocol.shapes import AgentRef
from handoff.realtime import replica
from handoff.realtime.lookups import among
from handoff.realtime.models import LogEntry
from handoff.staffing.models import Agent
from handoff.supervision.queries import is_watching, supervised_by, supervises

PAGE: Final = 30
# Words are looked for in the talks of so many of the latest; a transcript is not indexed (docs/decisions.md).
WORDS_LIMIT: Final = 2000
ID_PREFIX: Final = "ho_"


@dataclass(frozen=True)
class Asked:
    """What is looked for; what is None is not asked for. `words` were said in the talk."""

    text: str | None = None
    words: str | None = None
    intent: str | None = None
    queue: str | None = None
    disposition: str | None = None
    agent: str | None = None
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None


def read(agent: Agent, public_id: str) -> Handoff:
    """A handoff that this agent may read: their own, one they read along, one that is over in a queue of theirs, or an
    earlier one of a customer whose handoff they have in hand. Raises NotFound, also for what does not exist.
    """
    rows = Handoff.objects.select_related("customer", "intent", "queue", "agent", "site", "wrap_up", "survey")
    handoff = rows.filter(public_id=public_id).first()
    if handoff is None or not _may_read(agent, handoff):
        raise NotFound
    return handoff


def _may_read(agent: Agent, handoff: Handoff) -> bool:
    if _in_hand(agent, handoff) or is_watching(agent, handoff) or handoffs.may_look_back(agent, handoff):
        return True
    return handoff.state == State.CLOSED and supervises(agent, handoff)


def _in_hand(agent: Agent, handoff: Handoff) -> bool:
    return handoff.agent_id == agent.pk and handoff.state in OWNED


def _over(agent: Agent) -> QuerySet[Handoff]:
    """Closed ones of the queues that an agent serves or supervises. Trainees see practice, agents the rest."""
    # Looked up here and now: who may see what is not to be a little old.
    served = list(agent.queues.values_list("pk", flat=True))
    supervised = list(supervised_by(agent).values_list("pk", flat=True))
    queues = Q(queue__in=served) & Q(is_simulated=agent.is_trainee)
    return Handoff.objects.filter(queues | Q(queue__in=supervised), state=State.CLOSED)


def find(agent: Agent, asked: Asked, *, now: datetime) -> shapes.Found:
    """A page of what is over, the latest first. Raises `invalid_request` for an unknown page."""
    over = _over(agent)
    rows = _narrowed(over, asked)
    if asked.after is not None:
        rows = rows.filter(_behind(over, asked.after))
    found = _latest(rows, asked.words, now=now)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return shapes.Found(handoffs=found[:PAGE], next=more)


def _latest(rows: QuerySet[Handoff], words: str | None, *, now: datetime) -> list[shapes.FoundHandoff]:
    """One more than a page. What somebody has closed just now is found where it was written, the rest in the copy."""
    if not replica.is_configured():
        return _read(rows, words, PAGE + 1)
    edge = replica.is_there_since(now)
    found = _read(rows.filter(closed_at__gte=edge), words, PAGE + 1)
    room = PAGE + 1 - len(found)
    if not room:
        return found
    older = replica.ask(lambda: _read(rows.filter(closed_at__lt=edge), words, room))
    # Who was erased a moment ago is still whole in the copy.
    return found + older if _all_stand(older) else _read(rows, words, PAGE + 1)


def _all_stand(found: Sequence[shapes.FoundHandoff]) -> bool:
    rows = Handoff.objects.filter(among("public_id", (one.id for one in found)))
    reasons = dict(rows.values_list("public_id", "close_reason"))
    return all(reasons.get(one.id) == (one.close_reason or "") for one in found)


def _read(rows: QuerySet[Handoff], words: str | None, limit: int) -> list[shapes.FoundHandoff]:
    ordered = rows.order_by("-closed_at", "-id")
    if words:
        ordered = ordered.filter(pk__in=_with_words(ordered, words))
    related = ordered.select_related("customer", "intent", "queue", "agent", "wrap_up")
    return [_view(handoff) for handoff in related[:limit]]


def _narrowed(rows: QuerySet[Handoff], asked: Asked) -> QuerySet[Handoff]:
    if asked.text:
        is_id = asked.text.startswith(ID_PREFIX)
        rows = rows.filter(Q(public_id=asked.text) if is_id else Q(customer__name__icontains=asked.text))
    exact = {
        "intent__key": asked.intent,
        "queue__key": asked.queue,
        "wrap_up__disposition": asked.disposition,
        "agent__public_id": asked.agent,
        "channel": asked.channel,
        "closed_at__gte": asked.since,
        "closed_at__lt": asked.until,
    }
    return rows.filter(**{name: value for name, value in exact.items() if value is not None})


def _behind(over: QuerySet[Handoff], public_id: str) -> Q:
    last = over.filter(public_id=public_id).values_list("closed_at", "pk").first()
    if last is None:
        raise DomainError("invalid_request", "There is no such page.", fields={"after": "unknown"})
    return Q(closed_at__lt=last[0]) | Q(closed_at=last[0], pk__lt=last[1])


def _with_words(rows: QuerySet[Handoff], words: str) -> Iterable[int]:
    recent = list(rows.values_list("pk", flat=True)[:WORDS_LIMIT])
    said = LogEntry.objects.filter(handoff_id__in=recent, type=MessagePosted.TYPE, data__text__icontains=words)
    return {pk for pk in said.values_list("handoff_id", flat=True) if pk is not None}


def _view(handoff: Handoff) -> shapes.FoundHandoff:
    wrap_up = getattr(handoff, "wrap_up", None)
    return shapes.FoundHandoff(
        id=handoff.public_id,
        closed_at=rfc3339(handoff.closed_at or handoff.opened_at),
        opened_at=rfc3339(handoff.opened_at),
        channel=handoff.channel,
        intent=handoffs.intent_ref(handoff),
        queue=handoffs.queue_ref(handoff),
        customer=handoffs.card(handoff),
        agent=AgentRef(id=handoff.agent.public_id, name=handoff.agent.name) if handoff.agent else None,
        disposition=wrap_up.disposition if wrap_up else None,
        close_reason=handoff.close_reason or None,
    )
