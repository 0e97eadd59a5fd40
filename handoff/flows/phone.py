"""What a phone provider reports, decided: who calls, in which line, and what the caller is told.

Reports come twice, late and in any order. What is told next follows from how the call stands, never from the report.
"""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError

from handoff.broker import actions as broker
from handoff.broker import channels
from handoff.broker.models import Handoff
from handoff.broker.states import OWNED, Channel, State
from handoff.callbacks.numbers import same_number
from handoff.callbacks.queries import home_of
from handoff.calls import actions as calls
from handoff.calls import codes, queries, tasks
from handoff.calls.actions import Moved
from handoff.calls.models import Call, Code
from handoff.calls.progress import ENDED, Status
from handoff.flows import attempts, strangers
from handoff.identity.models import Customer
from handoff.protocol.shapes import Evidence
from handoff.realtime import log
from handoff.realtime.log import Recording
from handoff.routing import queries as routing
from handoff.staffing.models import Agent
from handoff.telephony import registry
from handoff.telephony.base import AskCode, Audio, CallEvent, Connect, HangUp, Hold, Instruction, Kind, Nothing
from handoff.telephony.queries import find_called

# Begun anew when another report of the same call was faster.
_TRIES: Final = 5
_ON_THE_LINE: Final = frozenset({State.QUEUED, State.OFFERED, State.CONNECTED})


def receive(event: CallEvent) -> Instruction:
    """Act on a report, once however often it comes, and answer what the caller is told now."""
    for _ in range(_TRIES - 1):
        try:
            return _receive(event)
        except (Moved, IntegrityError):
            continue
    return _receive(event)


def _receive(event: CallEvent) -> Instruction:
    with log.recording() as record:
        found = calls.find_reported(event) or _begin(event, record)
        if found is None:
            return _unknown(event)
        call, handoff = calls.lock_call(found)
        if not calls.note_report(call, event, now=record.now):
            return instruct(call, handoff)
        before = queries.view(call)
        has_ended = calls.progress(call, event.kind, now=record.now, provider_id=event.call_id)
        calls.learn_caller(call, event)
        if call.direction == Call.Direction.OUTBOUND:
            _report_dial(call, handoff, record, has_ended=has_ended)
            return Nothing()
        if event.kind is Kind.CODE_ENTERED and handoff is None:
            handoff = _enter(call, event.digits, record)
            # Keyed by somebody who has hung up meanwhile.
            has_ended = call.status in ENDED
        elif handoff is not None and queries.view(call) != before:
            # A line that only says now and then that somebody waits in it is no news.
            record.entries.append(calls.changed(call))
        if has_ended and handoff is not None:
            _hang_up(handoff, record)
        return instruct(call, handoff)


def instruct(call: Call, handoff: Handoff | None) -> Instruction:
    """What an inbound caller is told, as their call stands."""
    if call.status in ENDED or call.status == Status.BRIDGED or call.direction == Call.Direction.OUTBOUND:
        return Nothing()
    if call.goodbye:
        return HangUp(call.goodbye)
    if handoff is None:
        return AskCode(digits=codes.DIGITS, is_again=call.wrong_codes > 0)
    if not is_wanted(call, handoff):
        return HangUp()
    agent = _to_reach(call, handoff)
    return Hold() if agent is None else Connect(Audio(agent.audio), reference=call.public_id)


def is_wanted(call: Call, handoff: Handoff | None) -> bool:
    """Whether anybody waits for this call, or talks in it; a caller who has not said who they are is always heard."""
    if call.direction == Call.Direction.OUTBOUND:
        return handoff is not None and attempts.is_theirs(call, handoff)
    return handoff is None or (handoff.channel == Channel.PHONE and handoff.state in _ON_THE_LINE)


def _to_reach(call: Call, handoff: Handoff) -> Agent | None:
    """For a system that cannot be told to connect: it asks, and is told once the line may open."""
    if handoff.state != State.CONNECTED or not registry.has_to_ask(call.provider):
        return None
    return None if tasks.is_open(call, tasks.Kind.CONNECT) else call.agent


def _begin(event: CallEvent, record: Recording) -> Call | None:
    """Somebody calls one of our numbers; a report that does not say which cannot begin anything."""
    number = find_called(event.called) if event.called and not event.reference else None
    if number is None or number.provider != event.provider:
        return None
    return calls.begin_inbound(number.site, event, now=record.now)


def _unknown(event: CallEvent) -> Instruction:
    """Not one of our numbers, or a call that is none of ours: a caller is not left in silence."""
    return HangUp("not_in_service") if event.kind is Kind.RINGING else Nothing()


def _enter(call: Call, digits: str, record: Recording) -> Handoff | None:
    """A code was keyed, or nothing. A human answers everybody, with their record or without."""
    if call.goodbye:
        return None
    code = calls.find_code(call.site, digits, now=record.now) if digits else None
    if code is not None and _is_after_hours(code.handoff, record):
        calls.turn_away(call, strangers.CLOSED)
        return None
    handoff = _match(call, code, record) if code is not None else None
    if handoff is not None:
        return handoff
    if digits and not _is_last_try(call, digits, record):
        return None
    return strangers.queue_call(call, record)


def _is_last_try(call: Call, digits: str, record: Recording) -> bool:
    """Count a wrong code; an open breaker ends the asking too, since no code alone would match."""
    calls.note_wrong_code(call, digits, now=record.now)
    return call.wrong_codes >= calls.WRONG_CODES_LIMIT or calls.is_breaker_open(call.site, now=record.now)


def _match(call: Call, code: Code, record: Recording) -> Handoff | None:
    evidence = _evidence(call, code.handoff.customer)
    if evidence == "code_only" and calls.is_breaker_open(call.site, now=record.now):
        return None
    handoff = calls.use_code(code, call, now=record.now)
    if handoff is None:
        return None
    for former in calls.live_calls_of(handoff):
        # It was left for another channel, and its end was not reported yet.
        if former.direction == Call.Direction.INBOUND:
            calls.detach(former)
    calls.attach(call, handoff, evidence=evidence, is_claimable=True, now=record.now)
    record.add(channels.call_arrived(handoff, evidence=evidence, now=record.now))
    record.entries.append(calls.changed(call))
    return handoff


def _is_after_hours(handoff: Handoff, record: Recording) -> bool:
    """Nobody will come to that line: the code stays good for as long as it lives."""
    return routing.channel_state(handoff.queue, Channel.PHONE, now=record.now).state == "closed"


def _evidence(call: Call, customer: Customer) -> Evidence:
    """A caller's number can be forged, so it counts beside the code alone; the network hides some."""
    known = customer.phone_number if customer.is_verified else ""
    is_theirs = bool(known and call.caller) and same_number(call.caller, known, default_country=home_of(call.site))
    return "code" if is_theirs else "code_only"


def _hang_up(handoff: Handoff, record: Recording) -> None:
    """The caller has gone: whoever waited is not waited for; an agent who talks ends it themselves.

    Whoever goes on in another channel has not gone, nor has who called again: the former call is nobody's by then.
    """
    if handoff.channel == Channel.PHONE and handoff.state in (State.QUEUED, State.OFFERED):
        record.add(broker.abandon(handoff, now=record.now))


def _report_dial(call: Call, handoff: Handoff | None, record: Recording, *, has_ended: bool) -> None:
    if handoff is None:
        return
    record.entries.append(calls.changed(call))
    if has_ended:
        attempts.settle(call, handoff, record)
    elif call.status in ENDED:
        attempts.recount(handoff, record)
    elif not is_wanted(call, handoff):
        # It turned up after it was to be ended, as one of which nobody could say whether it was made.
        calls.ring_off(call, now=record.now)


def disown(call: Call, handoff: Handoff, record: Recording) -> None:
    """The page says that the caller is somebody else: they go on as a stranger, and the customer gets a new code.

    Once an agent talks to them, nothing is taken back: the agent is told, and knows that the sign-in does not count.
    """
    calls.change(call, claim=Call.Claim.NOT_MINE, evidence="denied")
    record.entries.append(calls.changed(call))
    if handoff.state in OWNED:
        broker.change_evidence(handoff, "denied")
        record.entries.append(broker.briefing(handoff, now=record.now))
        return
    calls.detach(call)
    record.entries.append(calls.standing(handoff))
    record.add(channels.await_call_again(handoff, now=record.now))
    calls.issue_code(handoff, now=record.now)
    _go_on(call, record)


def let_go(handoff: Handoff, record: Recording) -> None:
    """A locked handoff is about to close for a reason of the record's, not of the caller's: they wait on without it."""
    for call in calls.live_calls_of(handoff):
        if call.direction == Call.Direction.INBOUND:
            if call.status in (Status.AGENT_RINGING, Status.BRIDGED):
                calls.take_from_agent(call, now=record.now)
            calls.detach(call)
            _go_on(call, record)


def _go_on(call: Call, record: Recording) -> None:
    if call.status not in ENDED and strangers.queue_call(call, record) is None:
        calls.ring_off(call, now=record.now)
