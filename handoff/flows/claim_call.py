"""The page that showed a code says whether the call that arrived with it is its own; and gets new codes."""

from __future__ import annotations

from handoff.broker import actions as broker
from handoff.broker import channels
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.calls import actions as calls
from handoff.calls import queries
from handoff.calls.models import Call
from handoff.flows import phone, sessions
from handoff.identity.models import Customer, Session
from handoff.lib.errors import DomainError, NotFound
from handoff.realtime import log
from handoff.realtime.log import Recording
from handoff.routing import offers


def claim(session: Session, call_id: str, *, is_mine: bool) -> None:
    """A tap carries the assurance of the session that taps to the call; a denial takes the record from it.

    A denial always counts, also after a tap: whoever tapped may have been somebody else, or mistaken. Said twice it
    changes nothing. Raises NotFound, also for a call that is not, or no longer, this customer's, and `handoff_closed`.
    """
    with log.recording() as record:
        found = queries.of_customer(session.customer, call_id)
        call, handoff = calls.lock_call(found)
        if handoff is None or handoff.customer_id != session.customer_id or not _is_on(call, handoff):
            raise NotFound
        if call.claim == Call.Claim.NOT_MINE or (is_mine and call.claim == Call.Claim.MINE):
            return
        broker.refuse_closed(handoff)
        if is_mine:
            _own(session, call, handoff, record)
        else:
            phone.disown(call, handoff, record)


def _is_on(call: Call, handoff: Handoff) -> bool:
    """Whether it is the call by which this handoff goes on: one that was left for another channel proves nothing."""
    latest = queries.latest_of(handoff)
    return bool(call.claim) and handoff.channel == Channel.PHONE and latest is not None and latest.pk == call.pk


def _own(session: Session, call: Call, handoff: Handoff, record: Recording) -> None:
    calls.change(call, claim=Call.Claim.MINE, evidence="tap")
    broker.change_evidence(handoff, "tap")
    identity = broker.Identity(session.customer, session.acr, session.amr, session.auth_time)
    record.entries.append(calls.changed(call))
    told = broker.change_identity(handoff, identity, sessions.signed_facts(session), now=record.now)
    record.add(told or [broker.briefing(handoff, now=record.now)])
    # Whoever is asked to take it sees at once how sure one may be.
    record.entries += offers.tell_again(handoff)


def renew_code(customer: Customer, handoff_id: str) -> None:
    """Raises NotFound, `illegal_transition` where no call is awaited."""
    with log.recording() as record:
        handoff = broker.lock_own(customer, handoff_id)
        if handoff.state != State.AWAITING_CALL:
            raise DomainError("illegal_transition", "No call is awaited.")
        code = calls.issue_code(handoff, now=record.now)
        # It is awaited as long as the code that was just shown.
        record.add(channels.await_longer(handoff, until=code.expires_at))
