"""What the desk's composer leaves with the server: unsent words, and questions for what is on record."""

from __future__ import annotations

from collections.abc import Iterable

from handoff.broker import actions as broker
from handoff.broker.actions import TEXT_LIMIT
from handoff.broker.models import Handoff
from handoff.broker.states import CloseReason, State
from handoff.broker.transitions import FOLLOWERS, Move
from handoff.conversations.actions import check_client_id
from handoff.conversations.models import Draft, ReAsk
from handoff.journeys.context import MAX_KEY
from handoff.journeys.redaction import redact
from handoff.lib.errors import DomainError, NotFound
from handoff.protocol.composer_shapes import DraftView, KeepDraft, RecordReask
from handoff.realtime import log
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent


def keep_draft(agent: Agent, command: KeepDraft) -> tuple[bool, int]:
    """Whether it was kept, and the newest clock. Raises NotFound, `too_long`."""
    for field in ("reply", "note"):
        if len(getattr(command, field)) > TEXT_LIMIT:
            raise DomainError("too_long", f"At most {TEXT_LIMIT} characters.", fields={field: "too long"})
    with log.recording() as record:
        handoff = broker.lock_owned(agent, command.handoff)
        # The lock on the handoff orders the tabs of one agent.
        newest = Draft.objects.filter(handoff=handoff, agent=agent).values_list("clock", flat=True).first()
        if newest is not None and newest >= command.clock:
            return newest == command.clock, newest
        words = {"reply": redact(command.reply)[:TEXT_LIMIT], "note": redact(command.note)[:TEXT_LIMIT]}
        Draft.objects.update_or_create(
            handoff=handoff,
            agent=agent,
            defaults={**words, "mode": command.mode, "clock": command.clock, "at": record.now},
        )
    return True, command.clock


def drafts_of(agent: Agent, handoffs: Iterable[Handoff]) -> list[DraftView]:
    """This agent's own words, in handoffs that are theirs now."""
    found = Draft.objects.filter(agent=agent, handoff__in=list(handoffs)).select_related("handoff").order_by("pk")
    return [
        DraftView(
            handoff=draft.handoff.public_id,
            reply=draft.reply,
            note=draft.note,
            mode="note" if draft.mode == "note" else "reply",
            clock=draft.clock,
        )
        for draft in found
    ]


def note_of(handoff: Handoff) -> str:
    """What its agent has begun to note, redacted; empty where that is nothing."""
    kept = Draft.objects.filter(handoff=handoff, agent=handoff.agent_id).values_list("note", flat=True).first()
    return (kept or "").strip()


def record_reask(agent: Agent, command: RecordReask) -> None:
    """Count it once. After the end too: what was asked was asked. Raises NotFound, `invalid_request`."""
    check_client_id(command.client_id)
    if len(command.key) > MAX_KEY:
        raise DomainError("invalid_request", "The key is too long.", fields={"key": "too long"})
    with log.recording() as record:
        handoff = broker.lock_any(command.handoff)
        if handoff is None or handoff.agent_id != agent.pk or handoff.close_reason == CloseReason.ERASED:
            raise NotFound
        row, is_new = ReAsk.objects.get_or_create(
            client_id=command.client_id,
            defaults={
                "handoff": handoff,
                "agent": agent,
                "fact_key": redact(command.key)[:MAX_KEY],
                "fact_source": command.source,
                "sent": command.sent,
                "at": record.now,
            },
        )
    if not is_new and (row.handoff_id, row.agent_id, row.sent) != (handoff.pk, agent.pk, command.sent):
        raise DomainError("idempotency_conflict", "The same client id was used for something else.")


def erase(handoff: Handoff) -> None:
    """Unsent words go; that something was asked again stays, without what it was."""
    Draft.objects.filter(handoff=handoff).delete()
    ReAsk.objects.filter(handoff=handoff).update(fact_key="")


def drop_drafts(move: Move) -> list[Entry]:
    """Nobody writes in a closed handoff any more."""
    if move.handoff.state == State.CLOSED:
        Draft.objects.filter(handoff=move.handoff).delete()
    return []


FOLLOWERS.append(drop_drafts)


def answer_of(kept: tuple[bool, int]) -> dict[str, object]:
    """As it goes back to the page that wrote."""
    return {"kept": kept[0], "clock": kept[1]}
