"""What each of a supervisor's commands does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from handoff.flows import supervise
from handoff.journeys.redaction import redact
from handoff.protocol import supervision_commands as commands
from handoff.realtime.consumer import Answer
from handoff.staffing.models import Agent


def _watch(agent: Agent, command: commands.WatchHandoff) -> Answer:
    return {"handoff": supervise.watch(agent, command.handoff)}


def _unwatch(agent: Agent, command: commands.UnwatchHandoff) -> Answer:
    supervise.unwatch(agent, command.handoff)
    return {}


def _whisper(agent: Agent, command: commands.Whisper) -> Answer:
    return supervise.whisper(agent, command.handoff, text=command.text, client_id=command.client_id)


def _join(agent: Agent, command: commands.JoinHandoff) -> Answer:
    supervise.join(agent, command.handoff)
    return {}


def _leave(agent: Agent, command: commands.LeaveHandoff) -> Answer:
    supervise.leave(agent, command.handoff)
    return {}


def _take_over(agent: Agent, command: commands.TakeOver) -> Answer:
    supervise.take_over(agent, command.handoff, version=command.version)
    return {"handoff": command.handoff}


def _reassign(agent: Agent, command: commands.Reassign) -> Answer:
    state = supervise.reassign(
        agent,
        command.handoff,
        queue=command.queue,
        to_agent=command.agent,
        note=command.note,
        version=command.version,
    )
    return {"state": state}


def _set_away(agent: Agent, command: commands.SetAway) -> Answer:
    supervise.set_away(agent, command.agent, reason=redact(command.reason[:400])[:100])
    return {}


SUPERVISION: Final[dict[type[Any], Callable[[Agent, Any], Answer]]] = {
    commands.WatchHandoff: _watch,
    commands.UnwatchHandoff: _unwatch,
    commands.Whisper: _whisper,
    commands.JoinHandoff: _join,
    commands.LeaveHandoff: _leave,
    commands.TakeOver: _take_over,
    commands.Reassign: _reassign,
    commands.SetAway: _set_away,
}
