"""The click: one record of one need, with everything known, put into the right line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError

from handoff.broker import actions as broker
from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.flows import sessions, views
from handoff.identity.models import Customer, Session
from handoff.intents.models import Intent
from handoff.journeys import actions as journeys
from handoff.journeys.context import Context, clean_context
from handoff.journeys.redaction import redact
from handoff.lib.errors import DomainError
from handoff.protocol.events import HandoffOpened
from handoff.realtime import log, streams
from handoff.realtime.log import Recording
from handoff.routing import queries as routing

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
    journey: object = None


def open_handoff(session: Session, ask: Ask) -> tuple[dict[str, Any], bool]:
    """The handoff as GET, and whether it is new. The same client id, or one open already, answers that one.

    Raises `channel_not_offered`, `channel_closed`, `channel_full`, `insufficient_user_authentication`,
    `invalid_request`, `too_long`, `context_too_large`.
    """
    try:
        with log.recording() as record:
            found = _existing(session.customer, ask.client_id)
            if found is None:
                handoff = _create(session, ask, record)
                return _announce(handoff, record), True
    except IntegrityError:
        # Two clicks at once: the constraint let one through, and the other gets that one.
        found = _existing(session.customer, ask.client_id)
        if found is None:
            raise
    return views.customer_handoff(found).to_wire() | {"existing": True}, False


def _existing(customer: Customer, client_id: str) -> Handoff | None:
    same = handoffs.by_client_id(customer, client_id)
    return same or handoffs.open_of(customer)


def _create(session: Session, ask: Ask, record: Recording) -> Handoff:
    now, site = record.now, session.customer.site
    intent = Intent.objects.select_related("queue__hours").filter(site=site, key=ask.intent).first()
    if intent is None:
        raise DomainError("invalid_request", "The site has no such intent.", fields={"intent": "unknown"})
    if len(ask.statement) > broker.TEXT_LIMIT:
        raise DomainError("too_long", f"At most {broker.TEXT_LIMIT} characters.", fields={"statement": "too long"})
    is_closed = _check_channel(intent, ask, now=now)
    _check_assurance(intent, session, now=now)
    given = clean_context({} if ask.journey is None else ask.journey, now=now, allowed_parameters=site.query_parameters)
    journey = journeys.begin(now=now)
    signed = tuple(sessions.signed_facts(session, now=now))
    journeys.record(journey.pk, Context(given.steps, signed + given.facts))
    handoff, opened = broker.open_handoff(
        state=State.QUEUED,
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
        enqueued_at=now,
    )
    record.entries.append(opened)
    return handoff


def _announce(handoff: Handoff, record: Recording) -> dict[str, Any]:
    stream = streams.handoff(handoff.public_id)
    view = views.customer_handoff(handoff, head=FIRST_SEQ)
    opened = HandoffOpened(handoff=view, heads={stream: 0}, receipt=handoffs.receipt_of(handoff))
    record.add_event(streams.customer(handoff.customer.public_id), opened, handoff_id=handoff.pk)
    return view.to_wire()


def _check_channel(intent: Intent, ask: Ask, *, now: datetime) -> bool:
    """Whether it is out of hours. Raises unless the channel takes this ask."""
    if ask.channel not in set(Channel):
        raise DomainError("invalid_request", "There is no such channel.", fields={"channel": "unknown"})
    if ask.channel not in intent.channels or ask.channel not in routing.BUILT_CHANNELS:
        raise DomainError("channel_not_offered", "This intent is not offered in that channel.")
    state = routing.channel_state(intent.queue, now=now)
    if state.state == "closed" and not ask.leave:
        opens = f" It opens at {state.opens_at}." if isinstance(state.opens_at, str) else ""
        raise DomainError("channel_closed", f"Nobody is here now.{opens} With `leave` it waits for the opening.")
    if state.state == "full":
        raise DomainError("channel_full", "The line is full; try again later.")
    return state.state == "closed"


def _check_assurance(intent: Intent, session: Session, *, now: datetime) -> None:
    """As RFC 9470 asks: the refusal names what would be enough."""
    acr_ok = not intent.required_acr or session.acr in intent.required_acr
    age = intent.max_auth_age_seconds
    age_ok = age is None or (session.auth_time is not None and now.timestamp() - session.auth_time <= age)
    if not (acr_ok and age_ok):
        raise StepUpRequired(acr_values=list(intent.required_acr), max_age=age)


class StepUpRequired(DomainError):
    """The sign-in is too weak or too old for this intent; `acr_values` and `max_age` would be enough."""

    def __init__(self, *, acr_values: list[str], max_age: int | None) -> None:
        super().__init__("insufficient_user_authentication", "Sign in again, more strongly or more recently.")
        self.acr_values = acr_values
        self.max_age = max_age
