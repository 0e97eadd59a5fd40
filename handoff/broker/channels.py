"""Where each channel begins, and how a handoff goes from one to another. Callers hold a `recording`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from handoff.broker import queries, schedule
from handoff.broker.actions import briefing, tell_anew
from handoff.broker.models import Handoff
from handoff.broker.states import Action, Channel, IllegalTransition, State
from handoff.broker.transitions import apply
from handoff.realtime.log import Entry

# Both happen in the customer's page: a talk goes from one to the other without a pause.
IN_THE_PAGE: Final = frozenset({Channel.CHAT, Channel.VOICE})


@dataclass(frozen=True)
class Beginning:
    """The state a channel begins in, and the clocks that run there."""

    state: State
    due_at: datetime | None = None
    expires_at: datetime | None = None

    def place(self, held: datetime | None, *, now: datetime) -> datetime | None:
        """When it counts as enqueued: a place in line is kept, one in the future is none yet."""
        if held is not None and held <= now:
            return held
        return None if self.state is State.AWAITING_CALL else self.due_at or now


def beginning(channel: Channel, *, due_at: datetime | None, now: datetime) -> Beginning:
    """Chat and voice wait in line at once, a caller is awaited, a callback waits for its time if it has one."""
    if channel is Channel.PHONE:
        awaited = timedelta(seconds=settings.HANDOFF_SECONDS["AWAITING_CALL"])
        return Beginning(State.AWAITING_CALL, expires_at=now + awaited)
    if channel is Channel.CALLBACK and due_at is not None and due_at > now:
        return Beginning(State.SCHEDULED, due_at=due_at, expires_at=now + schedule.SCHEDULED_LIFE)
    return Beginning(State.QUEUED)


def switch(
    handoff: Handoff, channel: Channel, *, due_at: datetime | None, now: datetime, evidence: str = ""
) -> list[Entry]:
    """Another channel for the same need; the place is kept, and after a talk the same agent is asked first.

    `evidence` is what will speak for the person on the line there.

    Raises IllegalTransition, and what `schedule.check_room` does.
    """
    if handoff.state == State.CONNECTED and channel in IN_THE_PAGE:
        moved = apply(handoff, Action.SWITCH, to=State.CONNECTED, channel=channel, evidence=evidence, now=now)
        return [*moved, briefing(handoff, now=now)]
    start = beginning(channel, due_at=due_at, now=now)
    _check_room(handoff, start, now=now)
    changes: dict[str, Any] = {
        "agent": None,
        "channel": channel,
        "evidence": evidence,
        "due_at": start.due_at,
        "expires_at": start.expires_at,
        "enqueued_at": start.place(handoff.enqueued_at, now=now),
    }
    if handoff.state == State.CONNECTED:
        until = now + timedelta(seconds=settings.HANDOFF_SECONDS["SAME_AGENT"])
        changes |= {"preferred_agent": handoff.agent, "preferred_until": until}
    return apply(handoff, Action.SWITCH, to=start.state, now=now, **changes)


def begin_again(
    handoff: Handoff, channel: Channel, *, due_at: datetime | None, now: datetime, evidence: str = ""
) -> list[Entry]:
    """A scheduled one is asked for once more: now, or for another time. Raises what `switch` does."""
    if channel is Channel.CALLBACK and handoff.channel == channel and due_at is not None and due_at > now:
        handoff.evidence = evidence
        return schedule.postpone(handoff, due_at=due_at, now=now)
    return switch(handoff, channel, due_at=due_at, evidence=evidence, now=now)


def await_call_again(handoff: Handoff, *, now: datetime) -> list[Entry]:
    """The caller was somebody else: its own customer is waited for, who keeps the place. Raises IllegalTransition."""
    start = beginning(Channel.PHONE, due_at=None, now=now)
    return apply(handoff, Action.SWITCH, to=start.state, now=now, expires_at=start.expires_at, evidence="")


def await_longer(handoff: Handoff, *, until: datetime) -> list[Entry]:
    """A locked one that awaits a call does so at least until then; its pages learn that they know it no longer."""
    handoff.expires_at = max(handoff.expires_at or until, until)
    return [tell_anew(handoff)]


def call_arrived(handoff: Handoff, *, now: datetime, evidence: str = "") -> list[Entry]:
    """The customer has dialled: in line, at the place of a wait that began before. Raises IllegalTransition."""
    start = Beginning(State.QUEUED)
    place = start.place(handoff.enqueued_at, now=now)
    return apply(handoff, Action.CALL_ARRIVED, now=now, enqueued_at=place, expires_at=None, evidence=evidence)


def _check_room(handoff: Handoff, start: Beginning, *, now: datetime) -> None:
    if start.due_at is not None:
        schedule.check_room(handoff.customer, handoff.intent, due_at=start.due_at, now=now, besides=handoff.pk)
    elif handoff.state == State.SCHEDULED and queries.has_other_open(handoff):
        raise IllegalTransition(Action.SWITCH, State.SCHEDULED)
