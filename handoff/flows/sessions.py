"""Open, refresh, upgrade and end a customer's session, with what that means for the talk under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.panel import OnPanel, on_panel
from handoff.broker.phone import PHONES
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
from handoff.realtime.delivery import Signal, hub
from handoff.routing import queries as routing


@dataclass(frozen=True)
class Arrival:
    """Where a session was asked for: the Origin, and the page that embeds the panel."""

    origin: str
    embedded_by: str


def open_session(
    site: Site,
    *,
    token: str | None,
    current: Session | None,
    arrival: Arrival,
    now: datetime,
    is_answer: bool = False,
) -> tuple[dict[str, Any], bool]:
    """The session's bundle, and whether it is a first one (201) or goes on from `current` (200).

    `is_answer`: the token was fetched because an agent asked the customer to confirm who they are.
    Raises TokenRefused, `unverified_not_allowed`, and `customer_changed` when the token names somebody else.
    """
    where = {"origin": arrival.origin, "embedded_by": arrival.embedded_by}
    if token is None:
        opened = identity.open_unverified(site, **where, now=now)
        return _bundle(opened, now=now), True
    ring = keys.ring_of(site)
    verified = _masked(identity.verify_token(site, ring, token, now=now), now=now)
    if current is not None and current.customer.subject not in (None, verified.subject):
        raise DomainError("customer_changed", "The token names another customer; open a new session.")
    if current is None and not is_answer:
        opened = identity.open_verified(site, verified, **where, now=now)
    else:
        with log.recording() as record:
            opened = identity.open_verified(site, verified, **where, now=record.now)
            if current is not None:
                carry_over(current, opened.session, signed_facts(opened.session), record, is_answer=is_answer)
            else:
                answer_anew(opened.session, signed_facts(opened.session), record)
    keys.note_use(site, signed_with(token, keys=ring.keys), ring=ring, now=now)
    if not opened.is_first:
        _revive(opened.session.customer)
    if current is not None:
        return describe(opened.session, token=opened.token), False
    return _bundle(opened, now=now), True


def _bundle(opened: identity.Opened, *, now: datetime) -> dict[str, Any]:
    """Of somebody who was never here before, and brings nothing along, nothing has to be looked for."""
    if opened.is_first:
        return _described(opened.session, OnPanel(None, None, []), token=opened.token, now=now)
    return describe(opened.session, token=opened.token)


def _masked(verified: VerifiedIdentity, *, now: datetime) -> VerifiedIdentity:
    """Card numbers are not stored, whoever signed them."""
    facts = [make_fact(fact.key, fact.label, fact.value, source="verified", at=now) for fact in verified.facts]
    return replace(verified, facts=tuple(VerifiedFact(fact.key, fact.label, fact.value) for fact in facts))


def describe(session: Session, *, token: str) -> dict[str, Any]:
    """What `POST sessions` answers."""
    with log.reading() as now:
        return _described(session, on_panel(session.customer, now=now), token=token, now=now)


def _described(session: Session, shown: OnPanel, *, token: str, now: datetime) -> dict[str, Any]:
    customer = session.customer
    intents = routing.menu_of(customer.site, now=now)
    # Nothing has to be known of a telephone where nothing leads to one.
    has_phone = any(one.channel in PHONES for intent in intents for one in intent.channels)
    calling = booking.calling_of(customer) if has_phone else None
    return {
        "token": token,
        "expires_at": rfc3339(session.expires_at),
        "customer": card_of_session(session).to_wire(),
        "facts": [fact.to_wire() for fact in signed_facts(session)],
        "intents": [intent.to_wire() for intent in intents],
        "calling": calling.to_wire() if calling else None,
        "handoff": views.customer_handoff(shown.open).to_wire() if shown.open else None,
        "scheduled": [views.customer_handoff(one).to_wire() for one in shown.scheduled],
        "recent": handoffs.recent_view(shown.recent).to_wire() if shown.recent else None,
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


def _revive(customer: Customer) -> None:
    """Whoever comes in is not signed out any more. Not told in the log, so it needs no transaction with the session."""
    away = Handoff.objects.filter(customer=customer, state__in=OPEN, signed_out_at__isnull=False)
    away.update(signed_out_at=None)
