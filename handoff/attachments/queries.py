"""Which files may be read or sent, and by whom."""

from __future__ import annotations

from django.db.models import Count, QuerySet, Sum

from handoff.attachments.links import Reader
from handoff.attachments.models import Attachment, Status
from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import OWNED
from handoff.identity.queries import has_live_session
from handoff.lib.errors import NotFound
from handoff.protocol.attachment_shapes import AttachmentView
from handoff.realtime.clock import database_now
from handoff.staffing.models import Agent

_HELD = (Status.ARRIVING, Status.READY, Status.SENT)
_WHOLE = (Status.READY, Status.SENT)


def view(attachment: Attachment) -> AttachmentView:
    return AttachmentView(
        id=attachment.public_id,
        name=attachment.name,
        kind=attachment.kind,
        size=attachment.size,
        width=attachment.width,
        height=attachment.height,
    )


def usage_of(handoff: Handoff) -> tuple[int, int]:
    """How many files the handoff holds, and how many bytes; what is arriving counts."""
    held = Attachment.objects.filter(handoff=handoff, status__in=_HELD)
    found = held.aggregate(count=Count("pk"), size=Sum("size"))
    return found["count"], found["size"] or 0


def readable(attachment_id: str, *, handoff: Handoff, reader: Reader) -> Attachment:
    """One of a handoff that the reader may read: sent, or their own. Raises NotFound."""
    found = _whole().filter(public_id=attachment_id, handoff=handoff).first()
    if found is None or not _is_shown(found, reader):
        raise NotFound
    return found


def by_reader(attachment_id: str, *, reader: Reader) -> Attachment:
    """The file of a link, as long as its reader may read it. Raises NotFound."""
    found = _whole().filter(public_id=attachment_id).select_related("handoff__customer").first()
    if found is None or not _is_shown(found, reader) or not may_read(found.handoff, reader):
        raise NotFound
    return found


def _whole() -> QuerySet[Attachment]:
    return Attachment.objects.filter(status__in=_WHOLE)


def _is_shown(attachment: Attachment, reader: Reader) -> bool:
    own = (attachment.author_kind, attachment.author_id) == (reader.kind, reader.id)
    return own or attachment.status == Status.SENT


def may_read(handoff: Handoff, reader: Reader) -> bool:
    """A customer only while they are signed in: a link does not outlive the sign-out."""
    if reader.kind == "customer":
        is_theirs = handoff.customer.public_id == reader.id
        return is_theirs and has_live_session(handoff.customer, now=database_now())
    agent = Agent.objects.filter(public_id=reader.id, user__is_active=True).first()
    return agent is not None and (may_use(agent, handoff) or handoffs.may_look_back(agent, handoff))


def may_use(agent: Agent, handoff: Handoff) -> bool:
    """Its owner may, a supervisor of its queue, and an administrator; in training, its owner alone."""
    if handoff.agent_id == agent.pk and handoff.state in OWNED:
        return True
    if agent.is_trainee:
        return False
    if agent.role == Agent.Role.SUPERVISOR:
        return agent.queues.filter(pk=handoff.queue_id).exists()
    return agent.role == Agent.Role.ADMIN


def of_agent(agent: Agent, handoff_id: str, *, to_read: bool = False) -> Handoff:
    """A handoff whose files the agent may read and add to, or `to_read` alone. Raises NotFound."""
    handoff = handoffs.by_id(handoff_id)
    if not may_use(agent, handoff) and not (to_read and handoffs.may_look_back(agent, handoff)):
        raise NotFound
    return handoff
