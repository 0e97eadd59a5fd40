"""Write canned replies: one's own and the team's, with a deletion that can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from handoff.knowledge import reach
from handoff.knowledge.articles import STALE
from handoff.knowledge.models import CannedReply
from handoff.lib.errors import DomainError, NotFound
from handoff.staffing.models import Agent, Queue

# Long enough to be asked about after a holiday. What the configuration named stays, or it would be written again.
KEPT_DELETED: Final = timedelta(days=30)


@dataclass(frozen=True)
class Wording:
    """What a reply says. `is_mine`: nobody else's; the team's without queues is every queue's."""

    shortcut: str
    text: str
    title: str = ""
    language: str = ""
    is_mine: bool = True
    queues: tuple[str, ...] = ()


@transaction.atomic
def create(agent: Agent, wording: Wording, *, now: datetime) -> CannedReply:
    """Raises `forbidden`, `invalid_request`."""
    _check(agent, wording)
    reply = CannedReply(version=0, owner=agent if wording.is_mine else None)
    _refuse_taken(agent, wording, besides=None)
    return write(reply, wording, by=agent, now=now)


@transaction.atomic
def save(agent: Agent, public_id: str, wording: Wording, *, version: int, now: datetime) -> CannedReply:
    """Raises NotFound, `forbidden`, `stale_version`, `invalid_request`."""
    reply = _lock(agent, public_id)
    if reply.version != version:
        raise DomainError("stale_version", STALE)
    _check(agent, wording)
    _refuse_taken(agent, wording, besides=reply)
    reply.owner = agent if wording.is_mine else None
    return write(reply, wording, by=agent, now=now)


@transaction.atomic
def delete(agent: Agent, public_id: str, *, now: datetime) -> None:
    """It can be brought back for a month. Raises NotFound, `forbidden`."""
    reply = _lock(agent, public_id)
    reply.deleted_at, reply.updated_by = now, agent
    reply.save(update_fields=["deleted_at", "updated_by"])
    CannedReply.objects.filter(key=None, deleted_at__lt=now - KEPT_DELETED).delete()


@transaction.atomic
def undelete(agent: Agent, public_id: str) -> CannedReply:
    """Raises NotFound, `forbidden`, `invalid_request` if its name was given to another one meanwhile."""
    reply = _lock(agent, public_id, deleted=True)
    _refuse_taken(agent, wording_of(reply), besides=reply)
    reply.deleted_at = None
    reply.save(update_fields=["deleted_at"])
    return reply


def note_use(agent: Agent, public_id: str) -> None:
    """Those used most stand first. Raises NotFound."""
    found = reach.canned_of(agent).filter(public_id=public_id).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound
    CannedReply.objects.filter(pk=found).update(uses=F("uses") + 1)


def write(reply: CannedReply, wording: Wording, *, by: Agent | None, now: datetime) -> CannedReply:
    """Store a locked or new reply. Whoever calls it has checked it."""
    reply.shortcut, reply.title, reply.text = wording.shortcut, wording.title, wording.text
    reply.language = wording.language
    reply.version += 1
    reply.updated_at, reply.updated_by = now, by
    reply.save()
    reply.queues.set(Queue.objects.filter(key__in=wording.queues))
    return reply


def wording_of(reply: CannedReply) -> Wording:
    """As it stands."""
    return Wording(
        reply.shortcut, reply.text, reply.title, reply.language, reply.owner_id is not None, tuple(queue_keys(reply))
    )


def lock_by_key(key: str) -> CannedReply | None:
    """For the configuration, inside its transaction."""
    return CannedReply.objects.select_for_update(no_key=True).filter(key=key).first()


def queue_keys(reply: CannedReply) -> list[str]:
    return sorted(queue.key for queue in reply.queues.all())


def _check(agent: Agent, wording: Wording) -> None:
    if wording.is_mine:
        if wording.queues:
            raise DomainError("invalid_request", "One's own is for no queue.", fields={"queues": "invalid"})
        return
    if not wording.queues and not reach.writes_for_every_queue(agent):
        raise DomainError("forbidden", "What every queue uses is written by supervisors. Name your queues.")
    if not set(reach.queues_of(agent).values_list("key", flat=True)).issuperset(wording.queues):
        raise DomainError("invalid_request", "There is none of that name.", fields={"queues": "unknown"})


def _refuse_taken(agent: Agent, wording: Wording, *, besides: CannedReply | None) -> None:
    """Two under one name would be told apart by luck; one's own may go before the team's."""
    mine = {"owner": agent} if wording.is_mine else {"owner": None}
    same = reach.canned_of(agent).filter(shortcut=wording.shortcut, language=wording.language, **mine)
    if besides is not None:
        same = same.exclude(pk=besides.pk)
    if same.exists():
        raise DomainError("invalid_request", "There is one of that name already.", fields={"shortcut": "taken"})


def _lock(agent: Agent, public_id: str, *, deleted: bool = False) -> CannedReply:
    found = reach.canned_of(agent, deleted=deleted).filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    reply = CannedReply.objects.select_for_update(no_key=True).get(pk=found.pk)
    if not reach.may_edit(agent, reply, served=reach.served_by(agent)):
        raise DomainError("forbidden", "This reply is the team's: a supervisor changes it.")
    return reply
