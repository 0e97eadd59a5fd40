"""A session goes on under a fresh token: the old one dies, and what was under way follows its person."""

from __future__ import annotations

from collections.abc import Sequence

from handoff.attachments import actions as attachments
from handoff.broker import actions as broker
from handoff.broker import queries as handoffs
from handoff.broker import schedule, verification
from handoff.broker.models import Handoff
from handoff.broker.states import OPEN, CloseReason, State
from handoff.conversations.judging import hash_of
from handoff.flows import announcing, phone
from handoff.identity import actions as identity
from handoff.identity.models import Customer, Session
from handoff.journeys.context import Fact
from handoff.lib.clock import rfc3339
from handoff.protocol.events import IdentityChanged, MessagePosted, SessionChanged
from handoff.protocol.shapes import Author
from handoff.realtime import streams
from handoff.realtime.log import Entry, Recording
from handoff.realtime.models import LogEntry
from handoff.routing import queries as routing
from handoff.routing.actions import hold_agents_of


def carry_over(
    old: Session, new: Session, signed: Sequence[Fact], record: Recording, *, is_answer: bool = False
) -> None:
    """Refresh the same person's open handoff, or hand an unverified customer's handoffs to who they turn out to be.

    `signed` is what the site vouches for now. `is_answer`: the page asked for it because an agent wants a confirmation.
    """
    identity.hold_customer(old.customer)
    identity.end_session(old, reason=Session.Ended.UPGRADED, now=record.now)
    if old.customer_id != new.customer_id:
        record.add_event(streams.customer(old.customer.public_id), SessionChanged())
        _move_handoffs(old.customer, new, signed, record, is_answer=is_answer)
        return
    current = handoffs.open_of(new.customer)
    handoff = broker.lock_any(current.public_id) if current else None
    if handoff is not None and handoff.state in OPEN:
        _refresh(handoff, new, signed, record, is_answer=is_answer)


def answer_anew(session: Session, signed: Sequence[Fact], record: Recording) -> None:
    """A confirmation from a tab that may keep nothing: it cannot bring its old session along, which runs out."""
    identity.hold_customer(session.customer)
    current = handoffs.open_of(session.customer)
    handoff = broker.lock_any(current.public_id) if current else None
    if handoff is not None and handoff.state in OPEN and verification.is_asked(handoff, now=record.now):
        _refresh(handoff, session, signed, record, is_answer=True)


def _refresh(
    handoff: Handoff, session: Session, signed: Sequence[Fact], record: Recording, *, is_answer: bool = False
) -> None:
    """A sign-in that is another one than before was made on purpose: whoever asked for it learns what it lacks."""
    told = broker.change_identity(handoff, _identity(session), signed, now=record.now)
    record.add(told)
    is_meant = is_answer or any(entry.type == IdentityChanged.TYPE for entry in told)
    record.add(verification.answer(handoff, _identity(session), is_meant=is_meant, now=record.now))


def _move_handoffs(
    before: Customer, new: Session, signed: Sequence[Fact], record: Recording, *, is_answer: bool
) -> None:
    """Everything is locked before the log is read: a message that is stored meanwhile must be moved too.

    With `is_answer` somebody may have asked for just this sign-in in what the verified customer has open already.
    """
    locked = _lock_all(before, new.customer)
    hold_agents_of(locked)
    record.hold(_streams_of(locked, before, new.customer))
    theirs = [one for one in locked if one.customer_id == new.customer_id]
    for handoff in [one for one in locked if one.customer_id == before.pk]:
        standing = next((one for one in theirs if _stands_for(one, handoff)), None)
        if standing is not None:
            _merge(handoff, standing, before, new, record)
        else:
            _adopt(handoff, before, new, signed, record)
    current = next((one for one in theirs if one.state in OPEN), None)
    if is_answer and current is not None and verification.is_asked(current, now=record.now):
        _refresh(current, new, signed, record, is_answer=True)


def _stands_for(standing: Handoff, handoff: Handoff) -> bool:
    """Whether the verified customer has what only one may be of: an open one, or one scheduled for this intent."""
    if handoff.state == State.SCHEDULED:
        return standing.state == State.SCHEDULED and standing.intent_id == handoff.intent_id
    return standing.state in OPEN and handoff.state in OPEN


def _lock_all(before: Customer, after: Customer) -> list[Handoff]:
    """The unverified customer's handoffs and the verified one's live ones, in id order, as everybody locks them."""
    live = OPEN | {State.SCHEDULED}
    theirs = Handoff.objects.filter(customer=before).exclude(close_reason=CloseReason.ERASED)
    rows = theirs | Handoff.objects.filter(customer=after, state__in=live)
    found = (broker.lock_any(public_id) for public_id in rows.order_by("id").values_list("public_id", flat=True))
    return [handoff for handoff in found if handoff is not None]


def _streams_of(locked: Sequence[Handoff], *customers: Customer) -> list[str]:
    names = [streams.customer(customer.public_id) for customer in customers]
    names += [streams.agent(public_id) for public_id in routing.agents_concerned(locked)]
    for handoff in locked:
        names += [streams.handoff(handoff.public_id), streams.desk(handoff.public_id)]
    return names


def _adopt(handoff: Handoff, before: Customer, session: Session, signed: Sequence[Fact], record: Recording) -> None:
    """Their words are the verified customer's now: a resend under the new identity must find them."""
    _hand_over(handoff, before, session.customer)
    if handoff.state == State.CLOSED:
        Handoff.objects.filter(pk=handoff.pk).update(customer=session.customer)
        return
    _refresh(handoff, session, signed, record)
    if handoff.is_open or handoff.state == State.SCHEDULED:
        record.entries.append(announcing.opened(handoff))


def _hand_over(handoff: Handoff, before: Customer, after: Customer) -> None:
    """What was said changes its author, and a click id that both used goes on standing for the one who had it."""
    LogEntry.objects.filter(handoff_id=handoff.pk, author=before.public_id).update(author=after.public_id)
    attachments.change_author(handoff, before=before.public_id, after=after.public_id)
    if Handoff.objects.filter(customer=after, client_id=handoff.client_id).exists():
        handoff.client_id = handoff.public_id
        handoff.save(update_fields=["client_id"])


def _identity(session: Session) -> broker.Identity:
    return broker.Identity(customer=session.customer, acr=session.acr, amr=session.amr, auth_time=session.auth_time)


def _merge(handoff: Handoff, survivor: Handoff, before: Customer, session: Session, record: Recording) -> None:
    """Close the unverified one into the verified customer's, with all that was said and known in it."""
    _hand_over(handoff, before, session.customer)
    record.add(broker.absorb_journey(survivor, handoff, now=record.now))
    record.add(_copies(handoff, survivor, session.customer))
    attachments.move(handoff, survivor)
    # Whoever is on the line goes on being answered, as somebody unknown.
    phone.let_go(handoff, record)
    close = schedule.replace if handoff.state == State.SCHEDULED else broker.merge_into
    record.add(close(handoff, survivor, now=record.now))
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
                body_hash=hash_of(entry.data["text"], [one["id"] for one in entry.data.get("attachments", ())]),
            )
        )
    return copies


def _copy_of_statement(handoff: Handoff, customer: Customer) -> LogEntry:
    id_ = f"statement-{handoff.public_id}"
    author = Author(kind="customer", name=customer.name or "Customer").to_wire()
    data = {"id": id_, "author": author, "text": handoff.statement, "client_id": id_}
    return LogEntry(at=handoff.opened_at, data=data, author=customer.public_id, client_id=id_)
