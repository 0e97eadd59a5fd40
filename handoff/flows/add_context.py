"""More of the story while it goes on: further steps and facts, and facts taken back."""

from __future__ import annotations

from handoff.broker import actions as broker
from handoff.identity.models import Customer
from handoff.journeys import queries as journeys
from handoff.journeys.context import clean_context
from handoff.protocol.shapes import Source
from handoff.realtime import log


def record_journey(customer: Customer, handoff_id: str, *, journey: object, where: str = "") -> None:
    """Add the page's steps and facts. Raises NotFound, `handoff_closed`, `invalid_request`, `context_too_large`."""
    with log.recording() as record:
        handoff = broker.lock_own(customer, handoff_id)
        added = clean_context(
            journey,
            now=record.now,
            allowed_parameters=handoff.site.query_parameters,
            where=where,
            after=journeys.newest_step_at(handoff.journey_id),
        )
        record.add(broker.add_context(handoff, added, now=record.now))


def strike_fact(customer: Customer, handoff_id: str, *, key: str, source: Source) -> None:
    """Take one observed or stated fact back. Raises NotFound, `invalid_request`."""
    with log.recording() as record:
        handoff = broker.lock_own(customer, handoff_id)
        record.add(broker.strike_fact(handoff, key=key, source=source, now=record.now))
