"""What the phone network reports of a caller; a report that comes twice changes nothing the second time."""

from __future__ import annotations

from handoff.broker import actions as broker
from handoff.broker import channels
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.lib.errors import NotFound
from handoff.realtime import log


def arrive(handoff_id: str) -> None:
    """The customer has dialled. Raises NotFound."""
    with log.recording() as record:
        handoff = _lock(handoff_id)
        if handoff.state == State.AWAITING_CALL:
            record.add(channels.call_arrived(handoff, now=record.now))


def hang_up(handoff_id: str) -> None:
    """The caller has gone before anybody answered. Raises NotFound."""
    with log.recording() as record:
        handoff = _lock(handoff_id)
        if handoff.state in (State.QUEUED, State.OFFERED):
            record.add(broker.abandon(handoff, now=record.now))


def _lock(handoff_id: str) -> Handoff:
    handoff = broker.lock_any(handoff_id)
    if handoff is None or handoff.channel not in (Channel.PHONE, Channel.VOICE):
        raise NotFound
    return handoff
