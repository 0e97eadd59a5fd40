"""What a customer may see, put together from every room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from handoff.broker import queries as broker
from handoff.broker.models import Handoff
from handoff.broker.panel import on_panel
from handoff.identity.models import Session
from handoff.identity.queries import card_of_session
from handoff.protocol import shapes
from handoff.realtime import log, streams
from handoff.routing import queries as routing


def customer_handoff(
    handoff: Handoff, *, head: int | None = None, with_code: bool = True, is_last: bool = False
) -> shapes.CustomerHandoff:
    """A handoff as GET, with its place in line. What goes into the log is without the code of a call.

    `is_last`: it has just come into its line.
    """
    stream = streams.handoff(handoff.public_id)
    standing = routing.standing_of(handoff, is_last=is_last)
    return broker.customer_view(
        handoff,
        place=standing.place if standing else None,
        estimate=standing.estimate if standing else None,
        head=log.heads_of([stream])[stream] if head is None else head,
        with_code=with_code,
    )


def customer_snapshot(session: Session, *, now: datetime) -> tuple[shapes.CustomerSnapshot, dict[str, int]]:
    """Everything the panel shows, and the heads where live starts; heads are read before what they cover."""
    customer = session.customer
    current, last, scheduled = on_panel(customer, now=now)
    shown = current or last
    names = [streams.customer(customer.public_id)]
    names += [streams.handoff(one.public_id) for one in (current, last, *scheduled) if one is not None]
    heads = log.heads_of(names)
    snapshot = shapes.CustomerSnapshot(
        customer=card_of_session(session),
        handoff=_with_head(current, heads) if current else None,
        scheduled=[_with_head(one, heads) for one in scheduled],
        recent=broker.recent_view(last) if last else None,
        timeline=broker.timeline_of(shown, for_desk=False) if shown else [],
        receipt=broker.receipt_of(shown) if shown else None,
    )
    return snapshot, heads


def _with_head(handoff: Handoff, heads: Mapping[str, int]) -> shapes.CustomerHandoff:
    return customer_handoff(handoff, head=heads[streams.handoff(handoff.public_id)])
