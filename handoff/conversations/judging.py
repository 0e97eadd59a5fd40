"""Who may write where, and what is stored of it: the rules of a batch, whoever asks the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec
from django.db import connection
from msgspec.structs import force_setattr

from handoff.broker.actions import check_length
from handoff.broker.states import OWNED
from handoff.conversations import carrying
from handoff.lib import ids
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.events import MessagePosted
from handoff.protocol.shapes import Author
from handoff.realtime import log, streams
from handoff.realtime.log import Entry, Outcome

UNNAMED_CUSTOMER: Final = "Customer"

Answer = Outcome | DomainError

_json = msgspec.json.Encoder()


class Send(msgspec.Struct, frozen=True):
    """One message on its way. `author_id` is a customer's or an agent's public id; `text` is redacted already."""

    handoff_id: str
    author_kind: str
    author_id: str
    client_id: str
    text: str
    version: int | None = None
    attachments: tuple[str, ...] = ()
    stream: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "stream", streams.handoff(self.handoff_id))

    @classmethod
    def of(
        cls,
        *,
        handoff_id: str,
        author_kind: str,
        author_id: str,
        client_id: str,
        text: str,
        version: int | None = None,
        attachments: Sequence[str] = (),
    ) -> Send:
        """Redacts and checks the text, which may be empty beside files. Raises `too_long`, `invalid_request`."""
        ids = carrying.check_ids(attachments)
        safe = check_length(text, field="text") if text.strip() or not ids else ""
        return cls(handoff_id, author_kind, author_id, client_id, safe, version, ids)

    @property
    def key(self) -> tuple[str, str, str]:
        """As its entry's."""
        return self.client_id, self.author_id, self.stream


class Speaker(msgspec.Struct):
    """Whose handoff it is, read under the lock of its stream, which orders it against every move."""

    handoff_pk: int
    customer_id: str
    customer_name: str
    agent_id: str | None
    agent_name: str | None
    state: str
    version: int
    # Supervisors who write here beside the agent: their names by public id.
    joined: dict[str, str] = {}

    def name_for(self, send: Send) -> str | None:
        """The author's name if it is theirs to write here, else None."""
        if send.author_kind == "customer":
            return (self.customer_name or UNNAMED_CUSTOMER) if send.author_id == self.customer_id else None
        if self.state not in OWNED:
            return None
        return self.agent_name if send.author_id == self.agent_id else self.joined.get(send.author_id)


# `{ids}` stands for where an engine finds the public ids.
_SPEAKERS: Final = """
SELECT h.public_id, h.id, c.public_id, c.name, a.public_id, a.name, h.state, h.version
FROM handoff_handoff h JOIN handoff_customer c ON c.id = h.customer_id LEFT JOIN handoff_agent a ON a.id = h.agent_id
WHERE h.public_id {ids}
"""
PIPED_SPEAKERS: Final = _SPEAKERS.format(ids="= ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb)))").encode()
_ASKED_SPEAKERS: Final = {
    "postgresql": _SPEAKERS.format(ids="= ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))"),
    "sqlite": _SPEAKERS.format(ids="IN (SELECT value FROM json_each(%s))"),
}


# Finds a row if a handoff is still as `as_supposed` told.
STILL_SO: Final = """
SELECT h.id
FROM handoff_handoff h JOIN handoff_customer c ON c.id = h.customer_id LEFT JOIN handoff_agent a ON a.id = h.agent_id
WHERE h.id = (r->3->>0)::bigint AND h.public_id = r->3->>7
  AND h.state = r->3->>1 AND h.version = (r->3->>2)::bigint
  AND c.public_id = r->3->>3 AND c.name IS NOT DISTINCT FROM r->3->>4
  AND a.public_id IS NOT DISTINCT FROM r->3->>5 AND a.name IS NOT DISTINCT FROM r->3->>6
"""


def as_supposed(handoff_id: str, speaker: Speaker) -> tuple[Any, ...]:
    """All that a judgement rests on, for `STILL_SO`."""
    return (
        speaker.handoff_pk, speaker.state, speaker.version, speaker.customer_id, speaker.customer_name,
        speaker.agent_id, speaker.agent_name, handoff_id,
    )  # fmt: skip


def handoff_ids_of(sends: Collection[Send]) -> bytes:
    """The parameter of a question for speakers."""
    return _json.encode(list({send.handoff_id for send in sends}))


def speakers_of(sends: Collection[Send]) -> dict[str, Speaker]:
    """By the handoff's public id."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKED_SPEAKERS[connection.vendor], [handoff_ids_of(sends).decode()])
        return {row[0]: Speaker(*row[1:]) for row in cursor.fetchall()}


def read_speakers(rows: Sequence[Sequence[Any]]) -> dict[str, Speaker]:
    """The answer to `PIPED_SPEAKERS`."""
    speakers: dict[str, Speaker] = {}
    for raw in rows:
        # A name may be empty, which is not the same as nobody's.
        told: list[Any] = [None if one is None else str(one, "utf-8") for one in raw]
        handoff_id, pk, customer_id, customer, agent_id, agent, state, version = told
        speakers[handoff_id] = Speaker(int(pk), customer_id, customer, agent_id, agent, state, int(version))
    return speakers


def is_guest(send: Send, speaker: Speaker | None) -> bool:
    """Whether an agent writes who is not the owner, and may have joined."""
    return speaker is not None and send.author_kind == "agent" and send.author_id != speaker.agent_id


def judge(
    send: Send,
    speaker: Speaker | None,
    *,
    find: Callable[[Entry], Outcome | None],
    take: Callable[[Entry], Outcome],
    claims: carrying.Claims = carrying.NO_CLAIMS,
) -> Answer:
    """What becomes of one message: `find` looks for it in the log, `take` puts it there."""
    name = speaker.name_for(send) if speaker is not None else None
    entry = _entry(send, name or "", speaker, claims)
    refused = _refusal(send, name, speaker, claims)
    if refused is None:
        outcome = take(entry)
    # What was stored while it was theirs keeps its answer; the id in the key is the sender's own.
    elif (stored := find(entry)) is None:
        return refused
    else:
        outcome = stored
    return log.refusal(outcome) or outcome


def _refusal(send: Send, name: str | None, speaker: Speaker | None, claims: carrying.Claims) -> DomainError | None:
    """Why this author may not write here now, if so."""
    if speaker is None or name is None:
        return NotFound()
    if send.version is not None and send.author_kind == "agent" and send.version != speaker.version:
        return DomainError("stale_version", "The handoff has changed since; look again.")
    return claims.refusal(send, handoff_pk=speaker.handoff_pk) if send.attachments else None


def _entry(send: Send, name: str, speaker: Speaker | None, claims: carrying.Claims) -> Entry:
    event = MessagePosted(
        id=ids.new_message_id(),
        author=Author(kind="customer" if send.author_kind == "customer" else "agent", name=name),
        text=send.text,
        client_id=send.client_id,
        attachments=carrying.views_of(send, claims.files),
    )
    return Entry(
        send.stream,
        MessagePosted.TYPE,
        event.to_wire(),
        speaker.handoff_pk if speaker is not None else None,
        send.author_id,
        send.client_id,
        hash_of(send.text, send.attachments),
        raw=msgspec.Raw(_json.encode(event)),
    )


def hash_of(text: str, attachments: Sequence[str]) -> str:
    """What a message is known by when it comes again. No text holds NUL."""
    return log.body_hash("\0".join((text, *attachments)))
