"""What a supervisor may ask: read along, whisper, join, take over, pass on, and set somebody away."""

from __future__ import annotations

from typing import Final

from handoff.protocol.command import Command, OnHandoff, Owned


class WatchHandoff(OnHandoff, frozen=True, kw_only=True):
    """Opens the streams of a handoff to a supervisor, until `handoff.unwatch` or its end."""

    NAME = "handoff.watch"


class UnwatchHandoff(OnHandoff, frozen=True, kw_only=True):
    NAME = "handoff.unwatch"


class Whisper(OnHandoff, frozen=True, kw_only=True):
    """A word to the agent that no customer sees."""

    NAME = "handoff.whisper"
    text: str
    client_id: str | None = None


class JoinHandoff(OnHandoff, frozen=True, kw_only=True):
    """From here on this supervisor may write to the customer too."""

    NAME = "handoff.join"


class LeaveHandoff(OnHandoff, frozen=True, kw_only=True):
    NAME = "handoff.leave"


class TakeOver(Owned, frozen=True, kw_only=True):
    """The handoff becomes the supervisor's own."""

    NAME = "handoff.take_over"


class Reassign(Owned, frozen=True, kw_only=True):
    """To exactly one of them: a queue by its key, or an agent by public id. A talk needs a note."""

    NAME = "handoff.reassign"
    queue: str | None = None
    agent: str | None = None
    note: str = ""


class SetAway(Command, frozen=True, kw_only=True):
    """Another agent gets no more offers until they want some again."""

    NAME = "agent.set_away"
    agent: str
    reason: str


SUPERVISION_COMMANDS: Final = (
    WatchHandoff,
    UnwatchHandoff,
    Whisper,
    JoinHandoff,
    LeaveHandoff,
    TakeOver,
    Reassign,
    SetAway,
)
