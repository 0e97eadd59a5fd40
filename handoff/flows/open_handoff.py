"""The click: one record of one need, with everything known, put into the right line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError

from handoff.broker import actions as broker
from handoff.broker import channels, clicks, schedule
from handoff.broker import queries as handoffs
from handoff.broker.clicks import AtClick
from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES
from handoff.broker.states import Channel
from handoff.flows import admission, announcing, booking, sessions, views
from handoff.flows.booking import Promise, Wish
from handoff.flows.callbacks import PROMISED_SECONDS, promise
from handoff.flows.switch_channel import equip, equip_anew
from handoff.identity import actions as identity
from handoff.identity.models import Session, Site
from handoff.intents.models import Intent
from handoff.journeys import actions as journeys
from handoff.journeys.context import Context, clean_context
from handoff.journeys.redaction import redact
from handoff.lib.errors import DomainError
from handoff.protocol.events import HandoffOpened
from handoff.realtime import log, streams
from handoff.realtime.log import Recording
from handoff.supervision.ledger import note_promise

# A new stream's first entry: the opening move itself.
FIRST_SEQ: Final = 1


@dataclass(frozen=True)
class Ask:
    """What the customer asks for, as it came in."""

    client_id: str
    intent: str
    channel: str
    statement: str = ""
    leave: bool = False
    wish: Wish | None = None
    journey: object = None


def open_handoff(session: Session, ask: Ask) -> tuple[dict[str, Any], bool]:
    """The handoff as GET, and whether it is new. The same client id, or one open already, answers that one.

    Raises `channel_not_offered`, `channel_closed`, `channel_full`, StepUpRequired, `invalid_request`, `too_long`,
    `context_too_large`, `session_expired`.
    """
    try:
        with log.recording() as record:
            # A click that races with signing in must not be left behind with the person one was before.
            identity.hold_session(session)
            standing = clicks.find_standing(session.customer, ask.client_id)
            found = _existing(standing)
            if found is None:
                intent = admission.find_intent(session.customer.site, ask.intent)
                if intent.pk in standing.scheduled:
                    found = _bring_forward(session, ask, intent, *standing.scheduled[intent.pk], record)
                else:
                    handoff, known = _create(session, ask, intent, record)
                    return _announce(handoff, known, record), True
    except IntegrityError:
        # Two clicks at once: the constraint let one through, and the other gets that one.
        found = _existing(clicks.find_standing(session.customer, ask.client_id))
        if found is None:
            raise
    return views.customer_handoff(found).to_wire() | {"existing": True}, False


def _existing(standing: AtClick) -> Handoff | None:
    return None if standing.public_id is None else handoffs.by_id(standing.public_id)


def _bring_forward(session: Session, ask: Ask, intent: Intent, pk: int, public_id: str, record: Recording) -> Handoff:
    """What is scheduled for this intent already is what they mean: it goes on in the channel they ask for now."""
    is_closed, promised = _admit(session, ask, intent, record, besides=pk)
    handoff = broker.lock_own(session.customer, public_id)
    identity_now = broker.Identity(session.customer, session.acr, session.amr, session.auth_time)
    record.add(broker.change_identity(handoff, identity_now, sessions.signed_facts(session), now=record.now))
    record.add(broker.add_context(handoff, _given(ask, handoff.site, record), now=record.now))
    handoff.statement = redact(ask.statement) or handoff.statement
    handoff.client_id, handoff.is_left = ask.client_id, ask.leave and is_closed
    due_at, evidence = (promised.due_at, promised.evidence) if promised else (None, "")
    promise(handoff, promised.asked.window if promised else None)
    record.add(channels.begin_again(handoff, Channel(ask.channel), due_at=due_at, evidence=evidence, now=record.now))
    equip_anew(handoff, promised, record)
    if handoff.is_open:
        record.entries.append(announcing.opened(handoff))
    return handoff


def _admit(
    session: Session, ask: Ask, intent: Intent, record: Recording, *, besides: int = 0
) -> tuple[bool, Promise | None]:
    """Whether it is out of hours, and the callback that can be promised; `besides` is what is brought forward."""
    if len(ask.statement) > broker.TEXT_LIMIT:
        raise DomainError("too_long", f"At most {broker.TEXT_LIMIT} characters.", fields={"statement": "too long"})
    admission.check_channel(intent, ask.channel)
    admission.check_assurance(intent, session, now=record.now)
    promised = _promise(session, ask, intent, record, besides=besides)
    if promised is not None and promised.due_at is not None:
        return False, promised
    return admission.check_line(intent, Channel(ask.channel), leave=ask.leave, now=record.now), promised


def _promise(session: Session, ask: Ask, intent: Intent, record: Recording, *, besides: int) -> Promise | None:
    if ask.channel != Channel.CALLBACK:
        return None
    if ask.wish is None:
        raise DomainError("invalid_request", "Say which number to call.", fields={"callback": "missing"})
    return booking.check(ask.wish, intent, session.customer, now=record.now, besides=besides)


def _given(ask: Ask, site: Site, record: Recording) -> Context:
    journey = {} if ask.journey is None else ask.journey
    return clean_context(journey, now=record.now, allowed_parameters=site.query_parameters)


def _create(session: Session, ask: Ask, intent: Intent, record: Recording) -> tuple[Handoff, Context]:
    now, site = record.now, session.customer.site
    is_closed, promised = _admit(session, ask, intent, record)
    due_at, window = (promised.due_at, promised.asked.window) if promised else (None, None)
    start = channels.beginning(Channel(ask.channel), due_at=due_at, now=now)
    if start.due_at is not None:
        schedule.check_room(session.customer, intent, due_at=start.due_at, now=now)
    given = _given(ask, site, record)
    signed = tuple(sessions.signed_facts(session))
    journey, known = journeys.begin(Context(given.steps, signed + given.facts), now=now)
    handoff, opened = broker.open_handoff(
        state=start.state,
        site=site,
        customer=session.customer,
        journey=journey,
        intent=intent,
        queue=intent.queue,
        channel=ask.channel,
        statement=redact(ask.statement),
        client_id=ask.client_id,
        acr=session.acr,
        amr=session.amr,
        auth_time=session.auth_time,
        is_left=ask.leave and is_closed,
        opened_at=now,
        enqueued_at=start.place(None, now=now),
        due_at=start.due_at,
        expires_at=start.expires_at,
        evidence=promised.evidence if promised else "",
        promised_seconds=PROMISED_SECONDS if window else None,
    )
    record.entries.append(opened)
    equip(handoff, promised, record)
    return handoff, known


def _announce(handoff: Handoff, known: Context, record: Recording) -> dict[str, Any]:
    stream = streams.handoff(handoff.public_id)
    # What the log tells is read by others too, and kept: a code is neither told nor kept.
    told = views.customer_handoff(handoff, head=FIRST_SEQ, with_code=False, is_last=True)
    has_keys = handoff.channel in PHONES
    view = views.customer_handoff(handoff, head=FIRST_SEQ, is_last=True) if has_keys else told
    note_promise(handoff, view.estimate)
    opened = HandoffOpened(handoff=told, heads={stream: 0}, receipt=handoffs.receipt(handoff, known))
    record.add_event(streams.customer(handoff.customer.public_id), opened, handoff_id=handoff.pk)
    return view.to_wire()
