"""The life of a handoff: every legal move, on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handoff.lib.errors import DomainError


class State(StrEnum):
    SCHEDULED = "scheduled"
    AWAITING_CALL = "awaiting_call"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTED = "connected"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"


class Action(StrEnum):
    COME_DUE = "come_due"
    POSTPONE = "postpone"
    CALL_ARRIVED = "call_arrived"
    OFFER = "offer"
    DECLINE = "decline"
    TIME_OUT = "time_out"
    WITHDRAW = "withdraw"
    AGENT_LOST = "agent_lost"
    ACCEPT = "accept"
    TAKE_OVER = "take_over"
    REASSIGN = "reassign"
    SWITCH = "switch"
    TRANSFER = "transfer"
    LOSE_AGENT = "lose_agent"
    RETRY_LATER = "retry_later"
    END = "end"
    FINISH = "finish"
    CANCEL = "cancel"
    ABANDON = "abandon"
    EXPIRE = "expire"
    EXHAUST = "exhaust"
    MERGE = "merge"
    ERASE = "erase"


class CloseReason(StrEnum):
    RESOLVED = "resolved"
    CUSTOMER_LEFT = "customer_left"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    EXPIRED = "expired"
    UNREACHABLE = "unreachable"
    MERGED = "merged"
    ERASED = "erased"


class Channel(StrEnum):
    CHAT = "chat"
    CALLBACK = "callback"
    PHONE = "phone"
    VOICE = "voice"


# Open: at most one a customer and site.
OPEN: Final = frozenset({State.AWAITING_CALL, State.QUEUED, State.OFFERED, State.CONNECTED})
# Owned: an agent's capacity is spent on it.
OWNED: Final = frozenset({State.CONNECTED, State.WRAP_UP})
INITIAL: Final = frozenset({State.QUEUED, State.SCHEDULED, State.AWAITING_CALL})
BEFORE_TALK: Final = frozenset({State.SCHEDULED, State.AWAITING_CALL, State.QUEUED, State.OFFERED})
LIVE: Final = OPEN | {State.SCHEDULED, State.WRAP_UP}


@dataclass(frozen=True)
class Transition:
    """One row: from any of `sources` the action leads to one of `targets`; the caller chooses among several."""

    action: Action
    sources: frozenset[State]
    targets: frozenset[State]
    actor: str


def _states(*states: State) -> frozenset[State]:
    return frozenset(states)


_BACK_IN_LINE = frozenset({State.QUEUED, State.AWAITING_CALL, State.SCHEDULED})

TRANSITIONS: Final = (
    Transition(Action.COME_DUE, _states(State.SCHEDULED), _states(State.QUEUED), "clock"),
    Transition(
        Action.POSTPONE,
        frozenset({State.SCHEDULED, State.QUEUED, State.OFFERED, State.CONNECTED}),
        _states(State.SCHEDULED),
        "customer, agent",
    ),
    Transition(Action.CALL_ARRIVED, _states(State.AWAITING_CALL), _states(State.QUEUED), "provider"),
    Transition(Action.OFFER, _states(State.QUEUED), _states(State.OFFERED), "router"),
    Transition(Action.DECLINE, _states(State.OFFERED), _states(State.QUEUED), "agent"),
    Transition(Action.TIME_OUT, _states(State.OFFERED), _states(State.QUEUED), "clock"),
    Transition(Action.WITHDRAW, _states(State.OFFERED), _states(State.QUEUED), "router"),
    Transition(Action.AGENT_LOST, _states(State.OFFERED), _states(State.QUEUED), "clock"),
    Transition(Action.ACCEPT, _states(State.OFFERED), _states(State.CONNECTED), "agent"),
    Transition(
        Action.TAKE_OVER,
        frozenset({State.QUEUED, State.OFFERED, State.CONNECTED}),
        _states(State.CONNECTED),
        "supervisor",
    ),
    Transition(
        Action.REASSIGN,
        frozenset({State.QUEUED, State.OFFERED}),
        frozenset({State.QUEUED, State.OFFERED}),
        "supervisor",
    ),
    Transition(Action.SWITCH, BEFORE_TALK, _BACK_IN_LINE, "customer, agent"),
    Transition(Action.SWITCH, _states(State.CONNECTED), _BACK_IN_LINE | {State.CONNECTED}, "customer, agent"),
    Transition(
        Action.TRANSFER, _states(State.CONNECTED), frozenset({State.QUEUED, State.OFFERED}), "agent, supervisor"
    ),
    Transition(Action.LOSE_AGENT, _states(State.CONNECTED), _states(State.QUEUED), "clock"),
    Transition(Action.RETRY_LATER, _states(State.CONNECTED), _states(State.SCHEDULED), "clock"),
    Transition(Action.END, _states(State.CONNECTED), _states(State.WRAP_UP), "agent, customer, clock"),
    Transition(Action.FINISH, _states(State.WRAP_UP), _states(State.CLOSED), "agent, clock"),
    Transition(Action.CANCEL, BEFORE_TALK, _states(State.CLOSED), "customer"),
    Transition(Action.ABANDON, frozenset({State.QUEUED, State.OFFERED}), _states(State.CLOSED), "clock, provider"),
    Transition(Action.EXPIRE, frozenset({State.AWAITING_CALL, State.SCHEDULED}), _states(State.CLOSED), "clock"),
    Transition(Action.EXHAUST, frozenset({State.CONNECTED, State.SCHEDULED}), _states(State.CLOSED), "clock"),
    Transition(Action.MERGE, OPEN, _states(State.CLOSED), "system"),
    Transition(Action.ERASE, frozenset(State), _states(State.CLOSED), "system"),
)

_BY_ACTION: Final[dict[tuple[Action, State], frozenset[State]]] = {
    (row.action, source): row.targets for row in TRANSITIONS for source in row.sources
}


class IllegalTransition(DomainError):
    """The table has no such move from here."""

    def __init__(self, action: Action, state: State) -> None:
        super().__init__("illegal_transition", f"A handoff that is {state} cannot {action.replace('_', ' ')}.")
        self.action = action
        self.source = state


def next_state(state: State, action: Action, *, to: State | None = None) -> State:
    """Where the move leads; `to` chooses among several targets. Raises IllegalTransition if the table has no row."""
    targets = _BY_ACTION.get((action, state), frozenset())
    if to is None and len(targets) == 1:
        return next(iter(targets))
    if to is None or to not in targets:
        raise IllegalTransition(action, state)
    return to
