"""Open, refresh, upgrade and end a customer's session, with what that means for the talk under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import OPEN
from handoff.flows import booking, views
from handoff.flows.upgrade_session import answer_anew, carry_over
from handoff.identity import actions as identity
from handoff.identity import keys
from handoff.identity.models import Customer, Session, Site
from handoff.identity.queries import card_of_session, has_live_session
from handoff.identity.tokens import VerifiedFact, VerifiedIdentity, signed_with
from handoff.journeys.context import Fact, make_fact
from handoff.lib.clock import rfc3339
from handoff.lib.errors import DomainError
from handoff.protocol.events import SessionChanged
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import Signal, hub
from handoff.realtime.log import Recording
from handoff.routing import queries as routing


@dataclass(frozen=True)
class Arrival:
    """Where a session was asked for: the Origin, and the page that embeds the panel."""

    origin: str
    embedded_by: str


def open_session(
    site: Site, *, token: str | None, current: Session | None, arrival: Arrival, is_answer: bool = False
) -> tuple[dict[str, Any], bool]:
    """The session's bundle, and whether it is a first one (201) or goes on from `current` (200).

    `is_answer`: the token was fetched because an agent asked the customer to confirm who they are.
    Raises TokenRefused, `unverified_not_allowed`, and `customer_changed` when the token names somebody else.
    """
    now = database_now()
    if token is None:
        opened = identity.open_unverified(site, origin=arrival.origin, embedded_by=arrival.embedded_by, now=now)
        return describe(opened.session, token=opened.token), True
    verified = _masked(identity.verify_token(site, token, now=now), now=now)
    if current is not None and current.customer.subject not in (None, verified.subject):
        raise DomainError("customer_changed", "The token names another customer; open a new session.")
    with log.recording() as record:
        opened = identity.open_verified(
            site, verified, origin=arrival.origin, embedded_by=arrival.embedded_by, now=record.now
        )
        keys.note_use(site, signed_with(token, keys=keys.keys_of(site)), now=record.now)
        if current is not None:
            carry_over(current, opened.session, signed_facts(opened.session), record, is_answer=is_answer)
        elif is_answer:
            answer_anew(opened.session, signed_facts(opened.session), record)
        _revive(opened.session.customer, record)
    return describe(opened.session, token=opened.token), current is None


def _masked(verified: VerifiedIdentity, *, now: datetime) -> VerifiedIdentity:
    """Card numbers are not stored, whoever signed them."""
    facts = [make_fact(fact.key, fact.label, fact.value, source="verified", at=now) for fact in verified.facts]
    return replace(verified, facts=tuple(VerifiedFact(fact.key, fact.label, fact.value) for fact in facts))


def describe(session: Session, *, token: str) -> dict[str, Any]:
    """What `POST sessions` answers."""
    customer = session.customer
    with log.reading() as now:
        current = handoffs.open_of(customer)
        recent = views.recent(customer, now=now)
        calling = booking.calling_of(customer)
        return {
            "token": token,
            "expires_at": rfc3339(session.expires_at),
            "customer": card_of_session(session).to_wire(),
            "facts": [fact.to_wire() for fact in signed_facts(session)],
            "intents": [intent.to_wire() for intent in routing.menu_of(customer.site, now=now)],
            "calling": calling.to_wire() if calling else None,
            "handoff": views.customer_handoff(current).to_wire() if current else None,
            "scheduled": [views.customer_handoff(one).to_wire() for one in handoffs.scheduled_of(customer)],
            "recent": recent.to_wire() if recent else None,
        }


def sign_out(session: Session, *, everywhere: bool) -> None:
    """The token is dead; the talk goes on without the customer until they come back or the clock ends it."""
    customer = session.customer
    with log.recording() as record:
        # Two devices that sign out at once must not each take the other for alive.
        identity.hold_customer(customer)
        if everywhere:
            identity.end_all_sessions(customer, now=record.now)
        else:
            identity.end_session(session, reason=Session.Ended.LOGOUT, now=record.now)
        record.add_event(streams.customer(customer.public_id), SessionChanged())
        gone = not has_live_session(customer, now=record.now)
        current = handoffs.open_of(customer)
        if gone and current is not None:
            Handoff.objects.filter(pk=current.pk).update(signed_out_at=record.now)
    if gone and current is not None:
        frame = {"ev": "presence", "handoff": current.public_id, "who": "customer", "status": "signed_out"}
        hub.signal(Signal(streams.desk(current.public_id), frame, role="agent"))


def signed_facts(session: Session) -> list[Fact]:
    """What the site vouched for at this sign-in, as facts."""
    return [
        make_fact(fact["key"], fact["label"], fact["value"], source="verified", at=session.created_at)
        for fact in session.facts
    ]


def _revive(customer: Customer, record: Recording) -> None:
    Handoff.objects.filter(customer=customer, state__in=OPEN).update(signed_out_at=None)
