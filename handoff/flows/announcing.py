"""Tell a customer's devices of a handoff that they have not been following."""

from __future__ import annotations

from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.flows import views
from handoff.protocol.events import HandoffOpened
from handoff.realtime import streams
from handoff.realtime.log import Entry


def opened(handoff: Handoff) -> Entry:
    """Its stream from the start."""
    event = HandoffOpened(
        handoff=views.customer_handoff(handoff, with_code=False),
        heads={streams.handoff(handoff.public_id): 0},
        receipt=handoffs.receipt_of(handoff),
    )
    return Entry.of(streams.customer(handoff.customer.public_id), event, handoff_id=handoff.pk)
