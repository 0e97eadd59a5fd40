"""What a handoff's moves mean for the call that is on."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from handoff.broker.phone import PHONES
from handoff.broker.states import Action, State
from handoff.broker.transitions import FOLLOWERS, Move
from handoff.calls import actions, queries
from handoff.calls.models import Call
from handoff.realtime.log import Entry

# The console says when the record is on screen; a console that does not say so in this time must not cost the call.
RENDER_LIMIT: Final = timedelta(seconds=2)
_LEFT_THE_AGENT: Final = frozenset({Action.TRANSFER, Action.LOSE_AGENT})
# Between the line and a desk that has not answered yet: the caller hears nothing of it.
_UNHEARD: Final = frozenset({Action.OFFER, Action.DECLINE, Action.TIME_OUT, Action.WITHDRAW, Action.AGENT_LOST})


def follow(move: Move) -> list[Entry]:
    """Accepted: the line is opened once the record is on screen. Passed on: the caller waits again. Over: hang up."""
    is_on_a_phone = move.handoff.channel in PHONES or move.action in (Action.SWITCH, Action.ERASE)
    if move.action in _UNHEARD or not is_on_a_phone:
        return []
    entries = _follow_all(move)
    if move.action is Action.SWITCH and not entries and queries.latest_of(move.handoff) is not None:
        # Elsewhere it is not shown; and where it was shown before, it is again.
        entries.append(actions.standing(move.handoff))
    return entries


def _follow_all(move: Move) -> list[Entry]:
    if move.before is State.SCHEDULED and move.action is not Action.ERASE:
        return []
    if move.before is State.AWAITING_CALL and move.handoff.state != State.AWAITING_CALL:
        actions.revoke_codes(move.handoff)
    return [entry for call in actions.live_calls_of(move.handoff) for entry in _follow(move, call)]


def _follow(move: Move, call: Call) -> list[Entry]:
    if move.action is Action.ACCEPT and call.direction == Call.Direction.INBOUND:
        actions.change(call, agent=move.handoff.agent, rendered_at=None)
        actions.open_line(call, due_at=move.now + RENDER_LIMIT)
        return [actions.changed(call)]
    if move.action in _LEFT_THE_AGENT and call.direction == Call.Direction.INBOUND:
        actions.take_from_agent(call, now=move.now)
        return [actions.changed(call)]
    if _is_over(move) and actions.ring_off(call, now=move.now):
        return [actions.changed(call)]
    return []


def _is_over(move: Move) -> bool:
    """The handoff has ended, waits for another time, or goes on without a telephone."""
    state = State(move.handoff.state)
    if state in (State.CLOSED, State.WRAP_UP, State.SCHEDULED, State.AWAITING_CALL):
        return True
    # A dial belongs to the agent who made it.
    return move.action is Action.SWITCH or move.handoff.channel not in PHONES or move.action in _LEFT_THE_AGENT


FOLLOWERS.append(follow)
