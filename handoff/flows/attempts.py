"""What came of a dial: tried again by its outcome, given up, or left to the agent who talks."""

from __future__ import annotations

from typing import Final

from handoff.broker import schedule
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.callbacks import actions as callbacks
from handoff.callbacks import queries
from handoff.callbacks.models import Callback
from handoff.callbacks.retries import GiveUp, Retry, decide_retry
from handoff.callbacks.retries import Outcome as Missed
from handoff.calls import queries as calls
from handoff.calls.models import Call
from handoff.calls.progress import Outcome
from handoff.lib.errors import DomainError
from handoff.realtime.log import Entry, Recording

# With these the customer was not reached; the others need no further attempt.
_MISSED: Final = {
    Outcome.BUSY: Missed.BUSY,
    Outcome.NO_ANSWER: Missed.NO_ANSWER,
    Outcome.FAILED: Missed.FAILED,
    Outcome.VOICEMAIL: Missed.VOICEMAIL,
}


def is_theirs(call: Call, handoff: Handoff) -> bool:
    """Whether the agent who made this dial still has the callback that it is for."""
    is_callback = handoff.state == State.CONNECTED and handoff.channel == Channel.CALLBACK
    return is_callback and handoff.agent_id == call.agent_id


def recount(handoff: Handoff, record: Recording) -> None:
    """A report came late, or the handoff has moved on: that its customer was rung counts all the same."""
    callback = queries.of(handoff)
    attempts = calls.count_dials(handoff)
    if callback is not None and callback.attempts != attempts:
        callbacks.note_attempt(callback, callback.last_outcome, attempts=attempts, next_at=callback.next_at)
        record.entries.append(callbacks.changed(handoff))


def settle(call: Call, handoff: Handoff, record: Recording) -> None:
    """After a locked dial has ended; its handoff is locked too."""
    callback = queries.of(handoff)
    if callback is None or not is_theirs(call, handoff):
        recount(handoff, record)
        return
    missed = _MISSED.get(Outcome(call.outcome))
    attempts = calls.count_dials(handoff)
    if missed is None:
        # The agent goes on: they talked, or their own line did not open and they may try again.
        callbacks.note_attempt(callback, call.outcome, attempts=attempts, next_at=None)
        record.entries.append(callbacks.changed(handoff))
        return
    _try_again(callback, handoff, missed, attempts, record)


def _try_again(callback: Callback, handoff: Handoff, missed: Missed, attempts: int, record: Recording) -> None:
    decided = decide_retry(
        missed,
        attempts=attempts,
        failures=calls.count_dials(handoff, outcome=Outcome.FAILED),
        window=queries.window_of(callback),
        quiet=queries.quiet_of(queries.rules_of(handoff.site)),
        zone=queries.quiet_zone_of(callback),
        now=record.now,
    )
    next_at = decided.at if isinstance(decided, Retry) else None
    callbacks.note_attempt(callback, missed.value, attempts=attempts, next_at=next_at)
    moved = _move(handoff, decided, record)
    record.entries.append(callbacks.changed(handoff))
    record.entries += moved


def _move(handoff: Handoff, decided: Retry | GiveUp, record: Recording) -> list[Entry]:
    if isinstance(decided, GiveUp):
        return schedule.exhaust(handoff, now=record.now)
    try:
        return schedule.retry_later(handoff, due_at=decided.at, now=record.now)
    except DomainError:
        # Another one is scheduled for the same need by now: the agent who is at it decides.
        return []
