"""Not now, later: handoffs that wait for their time, and those that wait too long. Callers hold a `recording`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from handoff.broker import queries
from handoff.broker.models import Handoff
from handoff.broker.states import Action, Channel, CloseReason, IllegalTransition, State
from handoff.broker.transitions import apply
from handoff.identity.models import Customer
from handoff.intents.models import Intent
from handoff.lib.errors import DomainError
from handoff.realtime.log import Entry

SCHEDULED_LIMIT: Final = 3
SCHEDULED_LIFE: Final = timedelta(days=7)
# Due while its customer has another one open: looked at again so much later.
LOOK_AGAIN: Final = timedelta(minutes=1)


def check_room(customer: Customer, intent: Intent, *, due_at: datetime, now: datetime, besides: int = 0) -> None:
    """One scheduled an intent, three a customer. Raises `illegal_transition`, `channel_full`, `invalid_request`."""
    others = [one for one in queries.scheduled_of(customer) if one.pk != besides]
    if any(one.intent_id == intent.pk for one in others):
        raise DomainError("illegal_transition", "Something is scheduled for this intent already.")
    if len(others) >= SCHEDULED_LIMIT:
        raise DomainError("channel_full", f"{SCHEDULED_LIMIT} are scheduled already; cancel one first.")
    if due_at > now + SCHEDULED_LIFE:
        raise DomainError("invalid_request", "At most seven days ahead.", fields={"callback": "too far ahead"})


def postpone(handoff: Handoff, *, due_at: datetime, now: datetime) -> list[Entry]:
    """Later, at a time that is promised anew. Raises IllegalTransition, and what `check_room` does."""
    return _schedule(handoff, Action.POSTPONE, due_at=due_at, place=due_at, now=now)


def retry_later(handoff: Handoff, *, due_at: datetime, now: datetime) -> list[Entry]:
    """A callback that was not answered keeps its place. Raises IllegalTransition, and what `check_room` does."""
    return _schedule(handoff, Action.RETRY_LATER, due_at=due_at, place=handoff.enqueued_at or due_at, now=now)


def come_due(handoff: Handoff, *, now: datetime) -> list[Entry]:
    """Its time has come: in line, at the place it was promised; or it stands aside for another that is open."""
    if queries.has_other_open(handoff):
        handoff.due_at = now + LOOK_AGAIN
        handoff.save(update_fields=["due_at"])
        return []
    return apply(handoff, Action.COME_DUE, now=now, due_at=None, expires_at=None)


def exhaust(handoff: Handoff, *, now: datetime) -> list[Entry]:
    """The last attempt to call back has failed. Raises IllegalTransition."""
    _check_callback(handoff, Action.EXHAUST)
    return apply(handoff, Action.EXHAUST, now=now, close_reason=CloseReason.UNREACHABLE)


def expire(handoff: Handoff, *, now: datetime) -> list[Entry]:
    return apply(handoff, Action.EXPIRE, now=now, close_reason=CloseReason.EXPIRED)


def replace(handoff: Handoff, standing: Handoff, *, now: datetime) -> list[Entry]:
    """Give up a scheduled one: its person turned out to have one for the same intent."""
    return apply(handoff, Action.CANCEL, now=now, close_reason=CloseReason.MERGED, merged_into=standing)


def _schedule(handoff: Handoff, action: Action, *, due_at: datetime, place: datetime, now: datetime) -> list[Entry]:
    _check_callback(handoff, action)
    check_room(handoff.customer, handoff.intent, due_at=due_at, now=now, besides=handoff.pk)
    changes: dict[str, Any] = {}
    if handoff.agent is not None:
        # Who knows the customer already is asked first when the time has come.
        until = due_at + timedelta(seconds=settings.HANDOFF_SECONDS["SAME_AGENT"])
        changes = {"preferred_agent": handoff.agent, "preferred_until": until}
    return apply(
        handoff,
        action,
        to=State.SCHEDULED,
        now=now,
        **changes,
        agent=None,
        due_at=due_at,
        enqueued_at=place,
        expires_at=now + SCHEDULED_LIFE,
    )


def _check_callback(handoff: Handoff, action: Action) -> None:
    if handoff.channel != Channel.CALLBACK:
        raise IllegalTransition(action, State(handoff.state))
