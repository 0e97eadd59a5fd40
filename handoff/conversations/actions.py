"""What agents write beside the talk: notes, and facts that the next one need not ask for."""

from __future__ import annotations

from datetime import datetime

from msgspec import structs

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.journeys.context import Context, make_fact
from handoff.journeys.redaction import is_plain_id
from handoff.lib import ids
from handoff.lib.errors import DomainError
from handoff.protocol.events import NoteAdded
from handoff.protocol.shapes import Scalar
from handoff.realtime import log, streams
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent


def check_client_id(client_id: str) -> None:
    """Raises `invalid_request` for one that would have to be masked: a masked id could not be found again."""
    if not is_plain_id(client_id):
        raise DomainError("invalid_request", "A client id is malformed.", fields={"client_id": "pattern"})


def add_note(handoff: Handoff, agent: Agent, *, text: str, client_id: str | None, whisper: bool = False) -> Entry:
    """A remark that no customer sees. Raises `too_long`, `invalid_request`."""
    safe = broker.check_length(text, field="text")
    if client_id is not None:
        check_client_id(client_id)
    event = NoteAdded(id=ids.new_message_id(), author=broker.agent_ref(agent), text=safe, client_id=client_id)
    if whisper:
        event = structs.replace(event, whisper=True)
    return Entry(
        stream=streams.desk(handoff.public_id),
        type=NoteAdded.TYPE,
        data=event.to_wire(),
        handoff_id=handoff.pk,
        author=agent.public_id,
        client_id=client_id,
        body_hash=log.body_hash(safe),
    )


def add_fact(handoff: Handoff, *, key: str, label: str | None, value: Scalar, now: datetime) -> list[Entry]:
    """A `desk` fact. Raises `invalid_request`, `context_too_large`."""
    fact = make_fact(key, label, value, source="desk", at=now)
    return broker.add_context(handoff, Context(facts=(fact,)), now=now)
