"""The customer wants something else after all: the same handoff, another line."""

from __future__ import annotations

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.broker.states import State
from handoff.identity.models import Customer
from handoff.intents.models import Intent
from handoff.lib.errors import DomainError
from handoff.realtime import log


def change_intent(customer: Customer, handoff_id: str, *, intent_key: str) -> None:
    """The place is kept; a pending offer, which tells of another need, is withdrawn.

    Raises NotFound, `handoff_closed`, `illegal_transition` once the talk has ended, `invalid_request`,
    `channel_not_offered`.
    """
    with log.recording() as record:
        handoff = broker.lock_own(customer, handoff_id)
        broker.refuse_closed(handoff)
        if not handoff.is_open:
            raise DomainError("illegal_transition", "The talk has ended; open a new handoff.")
        intent = _find(handoff, intent_key)
        if intent.pk == handoff.intent_id:
            return
        if handoff.state == State.OFFERED:
            record.add(broker.withdraw(handoff, now=record.now))
        record.add(broker.change_intent(handoff, intent, now=record.now))


def _find(handoff: Handoff, key: str) -> Intent:
    intent = Intent.objects.select_related("queue").filter(site=handoff.site, key=key).first()
    if intent is None:
        raise DomainError("invalid_request", "The site has no such intent.", fields={"intent": "unknown"})
    if handoff.channel not in intent.channels:
        raise DomainError("channel_not_offered", "This intent is not offered in the handoff's channel.")
    return intent
