"""The same need in another channel: nothing is told again, and the place is kept."""

from __future__ import annotations

from datetime import datetime

from handoff.broker import actions as broker
from handoff.broker import channels
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.flows import admission, announcing
from handoff.identity import actions as identity
from handoff.identity.models import Session
from handoff.realtime import log
from handoff.realtime.log import Recording
from handoff.staffing.models import Agent


def switch_by_customer(session: Session, handoff_id: str, *, channel: str, due_at: datetime | None = None) -> None:
    """Raises NotFound, `handoff_closed`, `illegal_transition`, and what keeps a click out of that channel."""
    with log.recording() as record:
        # What is scheduled may become open by this: no click of the same customer comes between.
        identity.hold_customer(session.customer)
        handoff = broker.lock_own(session.customer, handoff_id)
        broker.refuse_closed(handoff)
        admission.check_channel(handoff.intent, channel)
        _switch(handoff, Channel(channel), due_at, record)


def switch_by_agent(
    agent: Agent, handoff_id: str, *, channel: str, due_at: datetime | None = None, version: int | None = None
) -> None:
    """Raises NotFound, `stale_version`, `illegal_transition`, `channel_not_offered`, `invalid_request`."""
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        admission.check_channel(handoff.intent, channel)
        _switch(handoff, Channel(channel), due_at, record)


def _switch(handoff: Handoff, channel: Channel, due_at: datetime | None, record: Recording) -> None:
    if channel == handoff.channel:
        return
    was_scheduled = handoff.state == State.SCHEDULED
    record.add(channels.switch(handoff, channel, due_at=due_at, now=record.now))
    if was_scheduled and handoff.is_open:
        record.entries.append(announcing.opened(handoff))
