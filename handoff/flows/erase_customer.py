"""Forget a customer: every payload, every copy, and who it was; what is left are ids, numbers and times."""

from __future__ import annotations

from handoff.attachments import actions as attachments
from handoff.broker import actions as broker
from handoff.broker.erasing import erase
from handoff.broker.models import Handoff
from handoff.callbacks import actions as callbacks
from handoff.calls import actions as calls
from handoff.conversations import composing
from handoff.identity import actions as identity
from handoff.identity.models import Customer
from handoff.lib.errors import NotFound
from handoff.protocol.events import SessionChanged
from handoff.realtime import log, streams
from handoff.routing import offers
from handoff.routing import queries as routing
from handoff.routing.actions import hold_agents_of
from handoff.supervision.queries import watchers_of


def find_customer(*, site: str, subject: str) -> Customer:
    """By what the site calls its customer. Raises NotFound."""
    return _only(Customer.objects.filter(site__key=site, subject=subject).first())


def find_by_id(public_id: str) -> Customer:
    """By our own id, for somebody whom no site vouched for. Raises NotFound."""
    return _only(Customer.objects.filter(public_id=public_id).first())


def erase_customer(customer: Customer) -> int:
    """Answers how many handoffs were emptied. A second run finds nothing more to do, and does it again."""
    _erase_callers(customer)
    with log.recording() as record:
        identity.hold_customer(customer)
        # Sessions are locked before handoffs, as by whoever signs in meanwhile.
        identity.forget_sessions(customer)
        rows = Handoff.objects.filter(customer=customer).order_by("id").values_list("public_id", flat=True)
        locked = [found for public_id in rows if (found := broker.lock_any(public_id)) is not None]
        hold_agents_of(locked)
        names = [streams.customer(customer.public_id)]
        readers = routing.agents_concerned(locked) | watchers_of(locked)
        names += [streams.agent(public_id) for public_id in readers]
        for handoff in locked:
            names += [streams.handoff(handoff.public_id), streams.desk(handoff.public_id)]
        record.hold(names)
        for handoff in locked:
            record.add(erase(handoff, now=record.now))
            offers.erase(handoff)
            callbacks.erase(handoff)
            calls.erase(handoff)
            attachments.erase(handoff)
            composing.erase(handoff)
        record.add_event(streams.customer(customer.public_id), SessionChanged())
        identity.erase(customer)
    return len(locked)


def _erase_callers(customer: Customer) -> None:
    """First, and in no transaction: calls that are nobody's are locked before handoffs, and these come after them."""
    handoffs = list(Handoff.objects.filter(customer=customer))
    calls.erase_callers(customer.site, [customer.phone_number, *callbacks.numbers_of(handoffs)])


def _only(found: Customer | None) -> Customer:
    if found is None:
        raise NotFound
    return found
