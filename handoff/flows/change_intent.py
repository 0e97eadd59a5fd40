"""The customer wants something else after all: the same handoff, another line."""

from __future__ import annotations

from handoff.broker import actions as broker
from handoff.broker.states import Channel, State
from handoff.flows import admission
from handoff.identity.models import Session
from handoff.lib.errors import DomainError
from handoff.realtime import log


def change_intent(session: Session, handoff_id: str, *, intent_key: str) -> None:
    """The place is kept; a pending offer, which tells of another need, is withdrawn.

    Raises NotFound, `handoff_closed`, `illegal_transition` once the talk has ended, and what keeps a click out of that
    line: `invalid_request`, `channel_not_offered`, `channel_closed`, `channel_full`, StepUpRequired.
    """
    with log.recording() as record:
        handoff = broker.lock_own(session.customer, handoff_id)
        broker.refuse_closed(handoff)
        if not handoff.is_open:
            raise DomainError("illegal_transition", "The talk has ended; open a new handoff.")
        intent = admission.find_intent(handoff.site, intent_key)
        if intent.pk == handoff.intent_id:
            return
        admission.check_channel(intent, handoff.channel)
        admission.check_assurance(intent, session, now=record.now)
        if handoff.agent_id is None and intent.queue_id != handoff.queue_id:
            admission.check_line(intent, Channel(handoff.channel), leave=handoff.is_left, now=record.now)
        if handoff.state == State.OFFERED:
            record.add(broker.withdraw(handoff, now=record.now))
        record.add(broker.change_intent(handoff, intent, now=record.now))
