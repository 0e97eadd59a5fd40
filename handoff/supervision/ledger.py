"""Keep what figures are made of as it happens: each wait, each agent's work on a handoff, each time at work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from handoff.broker.models import Handoff
from handoff.broker.states import OWNED, Action, Channel, State
from handoff.broker.transitions import FOLLOWERS, Move
from handoff.protocol.shapes import Estimate
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent
from handoff.supervision.models import SLOT_SECONDS, Promise, Shift, Stint, Wait

SHIFT_SECONDS: Final = 10
# Ten steps may be late or left out (a worker restarts) before a shift counts as another one.
SHIFT_GAP: Final = timedelta(seconds=100)
SOON_SECONDS: Final = 60
_LINE: Final = frozenset({State.QUEUED, State.OFFERED})
_OUTCOMES: Final = {
    Action.ACCEPT: Wait.Outcome.ANSWERED,
    Action.TAKE_OVER: Wait.Outcome.ANSWERED,
    Action.ABANDON: Wait.Outcome.ABANDONED,
    Action.CANCEL: Wait.Outcome.ABANDONED,
    Action.POSTPONE: Wait.Outcome.CALLBACK,
}


def slot_of(moment: datetime) -> int:
    """The half hour, counted from 1970."""
    return int(moment.timestamp()) // SLOT_SECONDS


def note_promise(handoff: Handoff, estimate: Estimate | None) -> None:
    """What a newcomer was told, to be held against the wait that it becomes."""
    if estimate is None or estimate.kind == "unknown":
        return
    if estimate.kind == "soon":
        Promise.objects.create(handoff=handoff, low_seconds=0, high_seconds=SOON_SECONDS)
    elif isinstance(estimate.low_seconds, int) and isinstance(estimate.high_seconds, int):
        Promise.objects.create(handoff=handoff, low_seconds=estimate.low_seconds, high_seconds=estimate.high_seconds)


def keep_books(move: Move) -> list[Entry]:
    """With each move: what began, and what is over."""
    if move.before in _LINE and (move.handoff.state not in _LINE or _asks_for_call(move)):
        _end_wait(move)
    if move.owner is not None and move.before in OWNED:
        _draw_out(move, move.owner)
    if move.handoff.state == State.CONNECTED and (move.before not in OWNED or _changed_hands(move)):
        _begin_stint(move)
    return []


def _changed_hands(move: Move) -> bool:
    return move.owner is not None and move.handoff.agent_id != move.owner.pk


def _asks_for_call(move: Move) -> bool:
    """Whoever asks to be called leaves the line of those who wait for an answer, even at the same place."""
    became = move.handoff.channel == Channel.CALLBACK and move.channel != Channel.CALLBACK
    return move.action is Action.SWITCH and became


def _end_wait(move: Move) -> None:
    handoff = move.handoff
    before = Wait.objects.filter(handoff=handoff).order_by("-id").first()
    stint = Stint.objects.filter(handoff=handoff, ended_at__isnull=False).order_by("-ended_at").first()
    promise = Promise.objects.filter(handoff=handoff).first()
    is_first = before is None and stint is None
    starts = [move.waited_since or handoff.opened_at]
    starts += [stint.ended_at] if stint is not None and stint.ended_at is not None else []
    starts += [before.began_at + timedelta(seconds=before.seconds)] if before is not None else []
    began_at = max(starts)
    Wait.objects.create(
        handoff=handoff,
        queue=handoff.queue,
        began_at=began_at,
        slot=slot_of(began_at),
        seconds=max(0.0, (move.now - began_at).total_seconds()),
        outcome=_outcome(move),
        # Nobody holds the line for what was left out of hours.
        is_first=is_first and not handoff.is_left,
        is_simulated=handoff.is_simulated,
        promised_low=promise.low_seconds if promise else None,
        promised_high=promise.high_seconds if promise else None,
    )
    if promise is not None:
        promise.delete()


def _outcome(move: Move) -> Wait.Outcome:
    if move.action is Action.SWITCH:
        is_call = move.handoff.channel == Channel.CALLBACK
        return Wait.Outcome.CALLBACK if is_call else Wait.Outcome.OTHER
    outcome = _OUTCOMES.get(move.action, Wait.Outcome.OTHER)
    # Whoever came for a call did not hold the line: it was neither answered nor left.
    return Wait.Outcome.CALLBACK if move.channel == Channel.CALLBACK and outcome != Wait.Outcome.OTHER else outcome


def _draw_out(move: Move, owner: Agent) -> None:
    """The talk is over, or the agent's work on it."""
    handoff = move.handoff
    stint = Stint.objects.filter(handoff=handoff, agent=owner, ended_at=None).first()
    if stint is None:
        return
    if handoff.state != State.CONNECTED or _changed_hands(move):
        stint.talked_until = stint.talked_until or move.now
    if handoff.state not in OWNED or _changed_hands(move):
        stint.ended_at, stint.ended_by = move.now, move.action.value
        stint.seconds = max(0.0, (move.now - stint.began_at).total_seconds())
    stint.save(update_fields=["talked_until", "ended_at", "ended_by", "seconds"])


def _begin_stint(move: Move) -> None:
    handoff, agent = move.handoff, move.handoff.agent
    assert agent is not None  # noqa: S101
    Stint.objects.create(
        handoff=handoff,
        agent=agent,
        queue=handoff.queue,
        began_at=move.now,
        slot=slot_of(move.now),
        is_simulated=handoff.is_simulated,
    )


def draw_shifts(*, now: datetime) -> None:
    """Who is signed in now, and whether they want work: the shift goes on, or another begins."""
    here = Agent.objects.filter(lease_expires_at__gt=now, is_trainee=False, is_simulated=False)
    last = {shift.agent_id: shift for shift in Shift.objects.filter(until__gt=now - SHIFT_GAP).order_by("until")}
    goes_on: list[int] = []
    begun: list[Shift] = []
    for agent_id, wanted, reason in here.values_list("pk", "wanted", "away_reason"):
        shift = last.get(agent_id)
        if shift is not None and (shift.wanted, shift.reason) == (wanted, reason):
            goes_on.append(shift.pk)
        else:
            begun.append(Shift(agent_id=agent_id, wanted=wanted, reason=reason, began_at=now, until=now))
    Shift.objects.filter(pk__in=goes_on).update(until=now)
    Shift.objects.bulk_create(begun)


FOLLOWERS.append(keep_books)
