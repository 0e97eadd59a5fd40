"""The same need in another channel: nothing is told again, and the place is kept."""

from __future__ import annotations

from datetime import datetime

from handoff.broker import actions as broker
from handoff.broker import channels
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.callbacks import actions as callbacks
from handoff.callbacks import queries
from handoff.callbacks.windows import known_zones
from handoff.calls import actions as calls
from handoff.flows import admission, announcing, booking
from handoff.flows.booking import Promise, Wish
from handoff.flows.callbacks import promise
from handoff.identity import actions as identity
from handoff.identity.models import Customer, Session
from handoff.lib.errors import DomainError
from handoff.realtime import log
from handoff.realtime.log import Recording
from handoff.staffing.models import Agent


def switch_by_customer(session: Session, handoff_id: str, *, channel: str, wish: Wish | None = None) -> None:
    """Raises NotFound, `handoff_closed`, `illegal_transition`, and what keeps a click out of that channel."""
    with log.recording() as record:
        # What is scheduled may become open by this: no click of the same customer comes between.
        identity.hold_customer(session.customer)
        handoff = broker.lock_own(session.customer, handoff_id)
        broker.refuse_closed(handoff)
        admission.check_channel(handoff.intent, channel)
        promised = read_wish(wish, handoff, Channel(channel), now=record.now)
        if handoff.channel != channel:
            admission.check_switch(handoff, Channel(channel), is_booked=_is_booked(promised), now=record.now)
        _switch(handoff, Channel(channel), promised, record)


def switch_by_agent(agent: Agent, handoff_id: str, *, channel: str, version: int | None = None) -> None:
    """To a callback at the number of the signed profile.

    Raises NotFound, `stale_version`, `illegal_transition`, `channel_not_offered`, `invalid_request`,
    `number_not_allowed`.
    """
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        admission.check_channel(handoff.intent, channel)
        promised = None
        if channel == Channel.CALLBACK and handoff.channel != channel:
            promised = booking.check(
                _wish_of_profile(handoff.customer), handoff.intent, handoff.customer, now=record.now
            )
        _switch(handoff, Channel(channel), promised, record)


def read_wish(wish: Wish | None, handoff: Handoff, channel: Channel, *, now: datetime) -> Promise | None:
    """The checked wish of a callback; None for other channels. Raises what `booking.check` does."""
    if channel is not Channel.CALLBACK:
        return None
    if wish is None:
        if handoff.channel == channel:
            return None
        raise DomainError("invalid_request", "Say which number to call.", fields={"callback": "missing"})
    return booking.check(wish, handoff.intent, handoff.customer, now=now, besides=handoff.pk)


def _switch(handoff: Handoff, channel: Channel, promised: Promise | None, record: Recording) -> None:
    if channel == handoff.channel and promised is None:
        return
    was_scheduled = handoff.state == State.SCHEDULED
    due_at = promised.due_at if promised else None
    evidence = promised.evidence if promised else ""
    promise(handoff, promised.asked.window if promised else None)
    if channel == handoff.channel:
        moved = channels.begin_again(handoff, channel, due_at=due_at, evidence=evidence, now=record.now)
    else:
        moved = channels.switch(handoff, channel, due_at=due_at, evidence=evidence, now=record.now)
    record.add(moved)
    equip_anew(handoff, promised, record)
    if was_scheduled and handoff.is_open:
        record.entries.append(announcing.opened(handoff))


def equip(handoff: Handoff, promised: Promise | None, record: Recording) -> None:
    """What a channel needs beside the handoff: the call that is owed, or the code to call with."""
    if promised is not None:
        callbacks.ask(handoff, promised.asked, due_at=promised.due_at, now=record.now)
        record.entries.append(callbacks.changed(handoff))
    if handoff.state == State.AWAITING_CALL:
        calls.issue_code(handoff, now=record.now)


def equip_anew(handoff: Handoff, promised: Promise | None, record: Recording) -> None:
    """For one that was in another channel before: a call that was owed there is not shown any more."""
    equip(handoff, promised, record)
    if promised is None and queries.of(handoff) is not None:
        record.entries.append(callbacks.changed(handoff))


def _is_booked(promised: Promise | None) -> bool:
    return promised is not None and promised.due_at is not None


def _wish_of_profile(customer: Customer) -> Wish:
    if not (customer.is_verified and customer.phone_number):
        raise DomainError(
            "invalid_request", "The customer has to say which number to call.", fields={"callback": "missing"}
        )
    consent = f"Asked for in the conversation. {booking.consent_of(customer.site)}"
    zone = customer.zoneinfo if customer.zoneinfo in known_zones() else "UTC"
    return Wish(phone=customer.phone_number, consent=consent, time_zone=zone)
