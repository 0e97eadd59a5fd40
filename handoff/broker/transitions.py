"""The one function that moves a handoff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db.models import F

from handoff.broker import clicks
from handoff.broker.models import Handoff
from handoff.broker.states import INITIAL, Action, CloseReason, IllegalTransition, State, next_state
from handoff.lib.clock import rfc3339_or_none
from handoff.protocol.events import HandoffChanged, HandoffUnassigned
from handoff.protocol.shapes import IntentRef, Named
from handoff.realtime import streams
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent


@dataclass(frozen=True)
class Move:
    """What just happened to a handoff, for those who keep side rows."""

    handoff: Handoff
    action: Action
    before: State
    # Whose it was before the move.
    owner: Agent | None
    now: datetime
    # And its channel and the beginning of its wait.
    channel: str = ""
    waited_since: datetime | None = None


# Features register what else must happen in the same transaction; each answers entries for the log.
Follower = Callable[[Move], list[Entry]]
FOLLOWERS: Final[list[Follower]] = []

# Fields that a move may set beside the state.
_MOVABLE: Final = frozenset(
    {
        "agent",
        "channel",
        "connected_at",
        "due_at",
        "ended_at",
        "enqueued_at",
        "evidence",
        "excluded_agent",
        "excluded_until",
        "expires_at",
        "merged_into",
        "preferred_agent",
        "preferred_until",
        "promised_seconds",
        "queue",
    }
)


def lock(public_id: str, *, skip_locked: bool = False) -> Handoff | None:
    """The handoff, locked for this transaction. NO KEY: plain FOR UPDATE would deadlock with foreign keys.

    With `skip_locked` one that somebody else is at work on is None: the clocks of several workers do not queue up.

    Two statements on purpose: in READ COMMITTED a statement that waited for the lock sees the new row beside the old
    relations, and loses both when a foreign key has changed meanwhile.
    """
    bare = Handoff.objects.select_for_update(no_key=True, skip_locked=skip_locked).filter(public_id=public_id)
    for key in bare.values_list("pk", flat=True):
        return Handoff.objects.select_related("intent", "queue", "customer", "agent", "site").get(pk=key)
    return None


def apply(
    handoff: Handoff,
    action: Action,
    *,
    now: datetime,
    to: State | None = None,
    close_reason: CloseReason | None = None,
    **changes: Any,
) -> list[Entry]:
    """Move a locked handoff and answer the log entries of the move, for the caller's one `append_many`.

    `to` chooses among several targets of the action. Raises IllegalTransition if the table has no such row.
    """
    unknown = changes.keys() - _MOVABLE
    if unknown:
        raise TypeError(f"A move does not set {sorted(unknown)}.")
    before, owner = State(handoff.state), handoff.agent
    channel, waited_since = handoff.channel, handoff.enqueued_at
    after = next_state(before, action, to=to)
    handoff.state = after
    for name, value in changes.items():
        setattr(handoff, name, value)
    if after is State.CLOSED:
        # Erasing what closed long ago does not make it end today.
        handoff.closed_at = handoff.closed_at or now
        handoff.close_reason = close_reason or CloseReason.RESOLVED
    rank(handoff)
    handoff.version += 1
    handoff.save()
    move = Move(
        handoff=handoff,
        action=action,
        before=before,
        owner=owner,
        now=now,
        channel=channel,
        waited_since=waited_since,
    )
    return _told(move)


def apply_many(handoffs: Sequence[Handoff], action: Action, *, now: datetime) -> list[Entry]:
    """The same move for many locked handoffs that changes nothing but their state: one statement for all of them.

    Raises IllegalTransition if the table has no such row for any of them.
    """
    moves = []
    for handoff in handoffs:
        before, place = State(handoff.state), handoff.ranked_at
        handoff.state = next_state(before, action)
        handoff.version += 1
        rank(handoff)
        if handoff.ranked_at != place:
            # The head start of its intent was changed since.
            handoff.save(update_fields=["ranked_at"])
        moves.append(
            Move(
                handoff=handoff,
                action=action,
                before=before,
                owner=handoff.agent,
                now=now,
                channel=handoff.channel,
                waited_since=handoff.enqueued_at,
            )
        )
    for state in {handoff.state for handoff in handoffs}:
        keys = [handoff.pk for handoff in handoffs if handoff.state == state]
        Handoff.objects.filter(pk__in=keys).update(state=state, version=F("version") + 1)
    return [entry for move in moves for entry in _told(move)]


def _told(move: Move) -> list[Entry]:
    """What the log learns of a move, with what follows from it."""
    handoff, owner, is_closed = move.handoff, move.owner, move.handoff.state == State.CLOSED
    event = changed(handoff)
    is_lost = owner is not None and handoff.agent_id != owner.pk
    if is_lost:
        event = msgspec.structs.replace(event, reason=move.action.value)
    told = Entry.of(streams.handoff(handoff.public_id), event, handoff_id=handoff.pk)
    entries = [msgspec.structs.replace(told, seals=is_closed)]
    if owner is not None and move.before is not State.CLOSED and (is_lost or is_closed):
        gone = HandoffUnassigned(id=handoff.public_id, reason=handoff.close_reason or move.action.value)
        entries.append(Entry.of(streams.agent(owner.public_id), gone, handoff_id=handoff.pk))
    for follow in FOLLOWERS:
        entries += follow(move)
    return entries


def rank(handoff: Handoff) -> None:
    """Set its place in the line: a head start counts as if it had waited that long already."""
    head_start = timedelta(minutes=handoff.intent.head_start_minutes, seconds=handoff.promised_seconds or 0)
    handoff.ranked_at = handoff.enqueued_at - head_start if handoff.enqueued_at else None


def changed(handoff: Handoff) -> HandoffChanged:
    """The event that says how a handoff stands now."""
    return HandoffChanged(
        state=handoff.state,
        version=handoff.version,
        channel=handoff.channel,
        intent=IntentRef(key=handoff.intent.key, label=handoff.intent.label),
        agent=Named(name=handoff.agent.name) if handoff.agent else None,
        close_reason=handoff.close_reason or None,
        enqueued_at=rfc3339_or_none(handoff.enqueued_at),
    )


def create(*, state: State, **fields: Any) -> Handoff:
    """A new handoff in one of the initial states; the table's `open`. Raises IllegalTransition for any other state."""
    if state not in INITIAL:
        raise IllegalTransition(Action.OFFER, state)
    handoff = Handoff(state=state, **fields)
    handoff.is_simulated = handoff.site.is_simulated
    rank(handoff)
    clicks.insert(handoff)
    return handoff
