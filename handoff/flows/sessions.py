"""Open, refresh, upgrade and end a customer's session, with what that means for the talk under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handoff.broker import actions as broker
from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import OPEN, State
from handoff.flows import views
from handoff.identity import actions as identity
from handoff.identity import keys
from handoff.identity.models import Customer, Session, Site
from handoff.identity.queries import card_of_session, has_live_session
from handoff.identity.tokens import VerifiedFact, VerifiedIdentity
from handoff.journeys.context import Fact, make_fact
from handoff.lib.clock import rfc3339
from handoff.lib.errors import DomainError
from handoff.protocol.events import MessagePosted, SessionChanged
from handoff.protocol.shapes import Author
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.realtime.delivery import Signal, hub
from handoff.realtime.log import Entry, Recording
from handoff.realtime.models import LogEntry
from handoff.routing import queries as routing


@dataclass(frozen=True)
class Arrival:
    """Where a session was asked for: the Origin, and the page that embeds the panel."""

    origin: str
    embedded_by: str


def open_session(
    site: Site, *, token: str | None, current: Session | None, arrival: Arrival
) -> tuple[dict[str, Any], bool]:
    """The session's bundle, and whether it is a first one (201) or goes on from `current` (200).

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
        keys.note_use(site, None, now=record.now)
        if current is not None:
            _carry_over(current, opened.session, verified, record)
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
        return {
            "token": token,
            "expires_at": rfc3339(session.expires_at),
            "customer": card_of_session(session).to_wire(),
            "facts": [fact.to_wire() for fact in signed_facts(session, now=now)],
            "intents": [intent.to_wire() for intent in routing.menu_of(customer.site, now=now)],
            "handoff": views.customer_handoff(current).to_wire() if current else None,
            "scheduled": [views.customer_handoff(one).to_wire() for one in handoffs.scheduled_of(customer)],
            "recent": recent.to_wire() if recent else None,
        }


def sign_out(session: Session, *, everywhere: bool) -> None:
    """The token is dead; the talk goes on without the customer until they come back or the clock ends it."""
    customer = session.customer
    with log.recording() as record:
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


def signed_facts(session: Session, *, now: datetime) -> list[Fact]:
    """What the site vouched for at this sign-in, as facts."""
    return [
        make_fact(fact["key"], fact["label"], fact["value"], source="verified", at=session.created_at)
        for fact in session.facts
    ]


def _revive(customer: Customer, record: Recording) -> None:
    Handoff.objects.filter(customer=customer, state__in=OPEN).update(signed_out_at=None)


def _carry_over(old: Session, new: Session, verified: VerifiedIdentity, record: Recording) -> None:
    """The old token dies; what was under way goes on under the new one."""
    identity.end_session(old, reason=Session.Ended.UPGRADED, now=record.now)
    signed = signed_facts(new, now=record.now)
    if old.customer_id != new.customer_id:
        _move_handoffs(old.customer, new, signed, record)
    else:
        current = handoffs.open_of(new.customer)
        if current is not None:
            _vouch(current.public_id, new, signed, record)


def _move_handoffs(before: Customer, new: Session, signed: list[Fact], record: Recording) -> None:
    """The unverified customer turns out to be `new.customer`: their handoffs follow, an open one merges into theirs."""
    survivor = handoffs.open_of(new.customer)
    own = Handoff.objects.filter(customer=before).order_by("id").values_list("public_id", flat=True)
    for public_id in list(own):
        handoff = broker.lock_any(public_id)
        if handoff is None:
            continue
        if survivor is not None and handoff.state in OPEN:
            _merge(handoff, survivor, before, new, record)
        else:
            _adopt(handoff, before, new, signed, record)


def _vouch(public_id: str, session: Session, signed: list[Fact], record: Recording) -> None:
    handoff = broker.lock_any(public_id)
    if handoff is not None and handoff.state in OPEN:
        record.add(broker.change_identity(handoff, _identity(session), signed, now=record.now))


def _adopt(handoff: Handoff, before: Customer, session: Session, signed: list[Fact], record: Recording) -> None:
    """Their words are the verified customer's now: a resend under the new identity must find them."""
    _hand_over(handoff, before, session.customer)
    if handoff.state == State.CLOSED:
        Handoff.objects.filter(pk=handoff.pk).update(customer=session.customer)
    else:
        record.add(broker.change_identity(handoff, _identity(session), signed, now=record.now))


def _hand_over(handoff: Handoff, before: Customer, after: Customer) -> None:
    """What was said changes its author, and a click id that both used goes on standing for the one who had it."""
    LogEntry.objects.filter(handoff_id=handoff.pk, author=before.public_id).update(author=after.public_id)
    if Handoff.objects.filter(customer=after, client_id=handoff.client_id).exists():
        handoff.client_id = handoff.public_id
        handoff.save(update_fields=["client_id"])


def _identity(session: Session) -> broker.Identity:
    return broker.Identity(customer=session.customer, acr=session.acr, amr=session.amr, auth_time=session.auth_time)


def _merge(handoff: Handoff, survivor: Handoff, before: Customer, session: Session, record: Recording) -> None:
    """Close the unverified one into the verified customer's, with all that was said and known in it."""
    target = broker.lock_any(survivor.public_id)
    if target is None:
        return
    _hand_over(handoff, before, session.customer)
    record.add(broker.absorb_journey(target, handoff, now=record.now))
    record.add(_copies(handoff, target, session.customer))
    record.add(broker.merge_into(handoff, target, now=record.now))
    Handoff.objects.filter(pk=handoff.pk).update(customer=session.customer)


def _copies(handoff: Handoff, target: Handoff, customer: Customer) -> list[Entry]:
    """What was said in the one that closes, told in the one that stays, with the time it was said."""
    stream = streams.handoff(target.public_id)
    entries = [_copy_of_statement(handoff, customer)] if handoff.statement else []
    entries += LogEntry.objects.filter(handoff_id=handoff.pk, type=MessagePosted.TYPE).order_by("seq")
    taken = set(LogEntry.objects.filter(stream__name=stream).values_list("author", "client_id"))
    copies = []
    for entry in entries:
        # Clients number their messages a handoff: an id that means another text here must not swallow this one.
        client_id = entry.data["id"] if (entry.author, entry.client_id) in taken else entry.client_id
        copies.append(
            Entry(
                stream=stream,
                type=MessagePosted.TYPE,
                data=entry.data | {"client_id": client_id, "original_at": rfc3339(entry.at)},
                handoff_id=target.pk,
                author=entry.author,
                client_id=client_id,
                body_hash=log.body_hash(entry.data["text"]),
            )
        )
    return copies


def _copy_of_statement(handoff: Handoff, customer: Customer) -> LogEntry:
    id_ = f"statement-{handoff.public_id}"
    author = Author(kind="customer", name=customer.name or "Customer").to_wire()
    data = {"id": id_, "author": author, "text": handoff.statement, "client_id": id_}
    return LogEntry(at=handoff.opened_at, data=data, author=customer.public_id, client_id=id_)
