"""What a customer may see, put together from every room."""

from __future__ import annotations

from datetime import datetime

from handoff.broker import queries as broker
from handoff.broker.models import Handoff
from handoff.identity.models import Customer, Session
from handoff.identity.queries import card_of_session
from handoff.protocol import shapes
from handoff.realtime import log, streams
from handoff.routing import queries as routing


def customer_handoff(handoff: Handoff, *, head: int | None = None, with_code: bool = True) -> shapes.CustomerHandoff:
    """A handoff as GET, with its place in line. What goes into the log is without the code of a call."""
    stream = streams.handoff(handoff.public_id)
    standing = routing.standing_of(handoff)
    return broker.customer_view(
        handoff,
        place=standing.place if standing else None,
        estimate=standing.estimate if standing else None,
        head=log.heads_of([stream])[stream] if head is None else head,
        with_code=with_code,
    )


def recent(customer: Customer, *, now: datetime) -> shapes.RecentHandoff | None:
    found = broker.recent_of(customer, now=now)
    return broker.recent_view(found) if found else None


def customer_snapshot(session: Session, *, now: datetime) -> tuple[shapes.CustomerSnapshot, dict[str, int]]:
    """Everything the panel shows, and the heads where live starts; heads are read before what they cover."""
    customer = session.customer
    current = broker.open_of(customer)
    last = broker.recent_of(customer, now=now)
    shown = current or last
    names = [streams.customer(customer.public_id)]
    scheduled = broker.scheduled_of(customer)
    names += [streams.handoff(one.public_id) for one in (current, last, *scheduled) if one is not None]
    heads = log.heads_of(names)
    snapshot = shapes.CustomerSnapshot(
        customer=card_of_session(session),
        handoff=customer_handoff(current) if current else None,
        scheduled=[customer_handoff(one) for one in scheduled],
        recent=broker.recent_view(last) if last else None,
        timeline=broker.timeline_of(shown, for_desk=False) if shown else [],
        receipt=broker.receipt_of(shown) if shown else None,
    )
    return snapshot, heads
