"""What an agent does to the call of a handoff they own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from handoff.broker import actions as broker
from handoff.calls import actions as calls
from handoff.calls import queries, tasks
from handoff.calls.models import Call
from handoff.calls.progress import Status
from handoff.calls.tasks import Kind
from handoff.lib.errors import DomainError
from handoff.realtime import log
from handoff.realtime.log import Recording
from handoff.staffing.models import Agent


def control(agent: Agent, handoff_id: str, *, action: str, version: int | None = None) -> None:
    """Raises NotFound, `stale_version`, and `illegal_transition` where there is no such call, or it cannot do that."""
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        live = calls.live_calls_of(handoff)
        if not live:
            if action == "rendered":
                # The caller hung up while the record was being drawn.
                return
            raise DomainError("illegal_transition", "Nobody is on the line.")
        _ACTIONS[action](live[-1], record)
        record.entries.append(calls.changed(live[-1]))


def _rendered(call: Call, record: Recording) -> None:
    """The record is on screen: the line may open. Said again while nothing rings, it is tried again."""
    if call.direction == Call.Direction.OUTBOUND:
        return
    if call.rendered_at is None:
        calls.change(call, rendered_at=record.now)
    if call.status in (Status.QUEUED, Status.ANSWERED, Status.RINGING):
        calls.open_line(call, due_at=record.now)


def _hang_up(call: Call, record: Recording) -> None:
    calls.ring_off(call, now=record.now)


def _voicemail(call: Call, record: Recording) -> None:
    if call.direction != Call.Direction.OUTBOUND or call.answered_at is None:
        raise DomainError("illegal_transition", "Only a dial that was answered can have reached a machine.")
    calls.mark_voicemail(call)
    _hang_up(call, record)


def _asking(kind: Kind, *, instead_of: Kind, **marks: bool) -> Callable[[Call, Recording], None]:
    """The last wish counts: one that nobody has begun to carry out gives way to its opposite."""

    def act(call: Call, record: Recording) -> None:
        if kind.value not in queries.controls_of(call):
            raise DomainError("illegal_transition", "This phone system cannot do that, or nobody is on the line.")
        calls.change(call, trouble="", **marks)
        tasks.withdraw(call, instead_of)
        tasks.add(call, kind, due_at=record.now)

    return act


_ACTIONS: Final[dict[str, Callable[[Call, Recording], None]]] = {
    "rendered": _rendered,
    "hang_up": _hang_up,
    "voicemail": _voicemail,
    "hold": _asking(Kind.HOLD, instead_of=Kind.RESUME, is_held=True),
    "resume": _asking(Kind.RESUME, instead_of=Kind.HOLD, is_held=False),
    "mute": _asking(Kind.MUTE, instead_of=Kind.UNMUTE, is_muted=True),
    "unmute": _asking(Kind.UNMUTE, instead_of=Kind.MUTE, is_muted=False),
}
