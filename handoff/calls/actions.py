"""What happens to a call: begun, reported on, matched, claimed, controlled. Callers hold a `recording`.

A call with a handoff is locked after it. One without is nobody else's yet, so it may be locked first.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction

from handoff.broker.models import Handoff
from handoff.broker.states import State
from handoff.broker.transitions import lock
from handoff.calls import codes, queries, tasks
from handoff.calls.models import Call, CallReport, CallTask, Code, WrongCode
from handoff.calls.progress import ENDED, LIVE, Outcome, Status, next_status, outcome_of
from handoff.identity.models import Site
from handoff.lib.errors import DomainError
from handoff.protocol.events import CallChanged
from handoff.realtime import streams
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent
from handoff.telephony.base import CallEvent, Kind, plain_number

WRONG_CODES_LIMIT: Final = 3
# Wrong codes of one site in an hour, from when on a code alone matches nobody.
BREAKER_LIMIT: Final = 60
# No provider repeats a report after so long.
REMEMBERED: Final = timedelta(days=2)
SAME_TAIL: Final = 9
# How often a code is derived anew when it happens to be another's: with 10**7 of them, hardly ever twice.
_ISSUES_TRIED: Final = 20
_STAMPS: Final = {
    Kind.RINGING: ("rang_at",),
    Kind.ANSWERED: ("rang_at", "answered_at"),
    Kind.BRIDGED: ("rang_at", "answered_at", "bridged_at"),
    Kind.BUSY: ("rang_at",),
    Kind.NO_ANSWER: ("rang_at",),
}


class Moved(Exception):
    """The call has got its handoff while its lock was waited for: begin again, handoff first."""


# -- codes


def issue_code(handoff: Handoff, *, now: datetime) -> Code:
    """A fresh code for a locked handoff; the one before is nobody's from now on."""
    Code.objects.filter(handoff=handoff, digest__isnull=False).update(digest=None)
    last = queries.last_code_of(handoff)
    first = last.issue + 1 if last else 1
    for issue in range(first, first + _ISSUES_TRIED):
        code = codes.derive(handoff.public_id, issue, secret=settings.SECRET_KEY)
        try:
            with transaction.atomic():
                return Code.objects.create(
                    handoff=handoff,
                    issue=issue,
                    digest=codes.digest(code, secret=settings.SECRET_KEY),
                    issued_at=now,
                    expires_at=now + timedelta(seconds=settings.HANDOFF_SECONDS["CODE_LIFE"]),
                )
        except IntegrityError:
            continue
    raise DomainError("not_saved", "No code is free at the moment; try again.")


def revoke_codes(handoff: Handoff) -> None:
    Code.objects.filter(handoff=handoff, digest__isnull=False).update(digest=None)


def find_code(site: Site, digits: str, *, now: datetime) -> Code | None:
    """The live code that these digits are, of this site alone."""
    if not codes.is_well_formed(digits):
        return None
    digest = codes.digest(digits, secret=settings.SECRET_KEY)
    found = Code.objects.select_related("handoff__customer").filter(digest=digest, handoff__site=site).first()
    if found is None or found.digest is None or not codes.is_same(found.digest, digest):
        return None
    return found if found.expires_at > now else None


def use_code(code: Code, call: Call, *, now: datetime) -> Handoff | None:
    """The handoff that waits for this call, locked; None if another call was faster, or nobody waits any more."""
    handoff = lock(code.handoff.public_id)
    if handoff is None or handoff.state != State.AWAITING_CALL:
        return None
    live = Code.objects.filter(pk=code.pk, digest=code.digest, used_at=None, expires_at__gt=now)
    return handoff if live.update(used_at=now, call=call, digest=None) == 1 else None


def note_wrong_code(call: Call, digits: str, *, now: datetime) -> None:
    """One try less. A slip of the finger is not counted as a search: the check digit tells the two apart.

    Nor is a code that is somebody's and did not count alone: those who hold codes would keep the breaker open.
    """
    call.wrong_codes += 1
    call.save(update_fields=["wrong_codes"])
    if codes.is_well_formed(digits) and find_code(call.site, digits, now=now) is None:
        WrongCode.objects.create(site=call.site, at=now)


def is_breaker_open(site: Site, *, now: datetime) -> bool:
    return queries.wrong_codes_of(site, now=now) >= BREAKER_LIMIT


# -- calls


def find_reported(event: CallEvent) -> Call | None:
    """By the provider's id, or by our own reference that it repeats."""
    rows = Call.objects.select_related("handoff").filter(provider=event.provider)
    found = rows.filter(provider_id=event.call_id).first() if event.call_id else None
    if found is None and event.reference:
        found = rows.filter(public_id=event.reference).first()
    return found


def lock_call(call: Call) -> tuple[Call, Handoff | None]:
    """The call as it stands, locked behind its handoff if it has one. Raises Moved."""
    handoff = lock(call.handoff.public_id) if call.handoff is not None else None
    rows = Call.objects.select_for_update(no_key=True).filter(pk=call.pk)
    list(rows.values_list("pk", flat=True))
    found = Call.objects.select_related("site", "agent").get(pk=call.pk)
    if found.handoff_id != call.handoff_id:
        raise Moved
    return found, handoff


def begin_inbound(site: Site, event: CallEvent, *, now: datetime) -> Call:
    """Somebody calls; who it is, a code may tell. Raises IntegrityError if another report was faster."""
    return Call.objects.create(
        site=site,
        provider=event.provider,
        provider_id=event.call_id,
        direction=Call.Direction.INBOUND,
        status=Status.RINGING,
        caller=plain_number(event.caller)[:64],
        called=plain_number(event.called)[:64],
        created_at=now,
        heard_at=now,
    )


def begin_dial(
    handoff: Handoff, agent: Agent, *, provider: str, number: str, caller_id: str, evidence: str, now: datetime
) -> Call:
    """One dial of a callback, ordered with this transaction. Raises IntegrityError while another one is live."""
    earlier = queries.rung(Call.objects.filter(handoff=handoff))
    call = Call.objects.create(
        site=handoff.site,
        handoff=handoff,
        agent=agent,
        provider=provider,
        direction=Call.Direction.OUTBOUND,
        status=Status.DIALING,
        caller=caller_id,
        called=number,
        evidence=evidence,
        attempt=earlier.count() + 1,
        rendered_at=now,
        created_at=now,
        heard_at=now,
    )
    tasks.add(call, tasks.Kind.ORIGINATE, due_at=now)
    return call


def note_report(call: Call, event: CallEvent, *, now: datetime) -> bool:
    """False for one that we have had already."""
    try:
        with transaction.atomic():
            CallReport.objects.create(
                provider=event.provider, event_id=event.event_id[:200], kind=event.kind, call=call, at=now
            )
    except IntegrityError:
        return False
    return True


def progress(call: Call, kind: Kind, *, now: datetime, provider_id: str = "") -> bool:
    """Bring a locked call forward; answers whether it has ended by this."""
    before = Status(call.status)
    is_outbound = call.direction == Call.Direction.OUTBOUND
    after = next_status(before, kind, is_outbound=is_outbound, was_answered=call.answered_at is not None)
    call.heard_at = now
    call.provider_id = call.provider_id or provider_id
    for stamp in _STAMPS.get(kind, ()):
        setattr(call, stamp, getattr(call, stamp) or now)
    if before is Status.AGENT_RINGING and after is Status.QUEUED:
        call.trouble = "agent_line"
    elif after is not before:
        call.trouble = ""
    has_ended = after in ENDED and after is not before
    if has_ended:
        call.ended_at = call.ended_at or now
        call.is_held = call.is_muted = False
        if is_outbound and call.outcome != Outcome.VOICEMAIL:
            call.outcome = outcome_of(after)
    call.status = after
    call.save()
    return has_ended


def learn_caller(call: Call, event: CallEvent) -> None:
    """The report that began a call may not have said whose it is; a later one of an unmatched call may."""
    if call.handoff is None and not call.caller and call.direction == Call.Direction.INBOUND:
        change(call, caller=plain_number(event.caller)[:64])


def lose_track(call: Call, *, now: datetime) -> None:
    """Nobody can say whether this dial was made: it is looked up, and not made again."""
    if call.status in (Status.DIALING, Status.UNKNOWN):
        call.status = Status.UNKNOWN
        call.heard_at = now
        call.save(update_fields=["status", "heard_at"])


def attach(call: Call, handoff: Handoff, *, evidence: str, is_claimable: bool, now: datetime) -> None:
    """The call is this handoff's from now on, and waits in its line."""
    call.handoff, call.evidence = handoff, evidence
    call.claim = Call.Claim.ASKED if is_claimable else ""
    # Reports may have been faster than the code that they followed.
    call.status = next_status(Status(call.status), Kind.QUEUED, is_outbound=False)
    call.save()


def detach(call: Call) -> None:
    """The handoff is not, or no longer, this caller's."""
    call.handoff, call.evidence, call.claim = None, "none", ""
    call.save(update_fields=["handoff", "evidence", "claim"])


def change(call: Call, **fields: Any) -> None:
    """Set what is neither its status nor who it belongs to."""
    if fields.keys() & {"status", "handoff", "provider_id"}:
        raise TypeError("These have verbs of their own.")
    for name, value in fields.items():
        setattr(call, name, value)
    call.save(update_fields=list(fields))


def mark_voicemail(call: Call) -> None:
    """A machine has answered, says the human who hears it."""
    change(call, outcome=Outcome.VOICEMAIL)


def turn_away(call: Call, words: str) -> None:
    change(call, goodbye=words)


def ring_off(call: Call, *, now: datetime) -> bool:
    """End a locked call; a dial that nobody has begun is not made at all. Answers whether it has ended by this."""
    tasks.withdraw(call, *tasks.WHILE_TALKING)
    if tasks.withdraw(call, tasks.Kind.ORIGINATE):
        return progress(call, Kind.CANCELED, now=now)
    tasks.add(call, tasks.Kind.HANG_UP, due_at=now)
    return False


def open_line(call: Call, *, due_at: datetime) -> None:
    """Bridge the caller to the agent, then or sooner."""
    if call.trouble:
        note_trouble(call, "")
    tasks.add(call, tasks.Kind.CONNECT, due_at=due_at)


def note_trouble(call: Call, trouble: str) -> None:
    """Why an agent who waits for the line does not get it; empty: it opens, or is tried anew."""
    change(call, trouble=trouble)


def take_from_agent(call: Call, *, now: datetime) -> None:
    """A locked caller waits as before they were connected."""
    tasks.withdraw(call, tasks.Kind.CONNECT)
    change(call, agent=None, rendered_at=None, is_held=False, is_muted=False)
    wait_again(call)
    tasks.add(call, tasks.Kind.PARK, due_at=now)


def wait_again(call: Call) -> None:
    """The agent is gone from the line: the caller waits as before."""
    if call.status in (Status.AGENT_RINGING, Status.BRIDGED):
        call.status = Status.QUEUED
        call.save(update_fields=["status"])


def live_calls_of(handoff: Handoff) -> list[Call]:
    """Locked, behind their handoff."""
    rows = Call.objects.select_for_update(no_key=True).filter(handoff=handoff, status__in=LIVE)
    return list(rows.order_by("pk"))


def changed(call: Call) -> Entry:
    """What both sides of its handoff learn. The call must have one."""
    handoff = call.handoff
    assert handoff is not None  # noqa: S101
    return standing(handoff)


def standing(handoff: Handoff) -> Entry:
    """The call as a fresh view of the handoff has it: late news of one hung up before is not told as of this one."""
    event = CallChanged(call=queries.view_of(handoff))
    return Entry.of(streams.handoff(handoff.public_id), event, handoff_id=handoff.pk)


def forget_old(*, now: datetime) -> None:
    """Codes that can no longer be used, the memory of wrong ones, and reports that no provider repeats any more."""
    Code.objects.filter(digest__isnull=False, expires_at__lte=now).update(digest=None)
    WrongCode.objects.filter(at__lte=now - timedelta(hours=1)).delete()
    long_ago = now - REMEMBERED
    CallReport.objects.filter(at__lte=long_ago).delete()
    CallTask.objects.filter(done_at__lte=long_ago).delete()
    Code.objects.filter(expires_at__lte=long_ago, handoff__state=State.CLOSED).delete()
    # Nobody's record holds these: nobody could ask for them to be erased.
    Call.objects.filter(handoff=None, ended_at__lte=long_ago).exclude(caller="").update(caller="")


def erase(handoff: Handoff) -> None:
    """Whose number it was; that a call was made, when and how it ended, stays."""
    revoke_codes(handoff)
    Call.objects.filter(handoff=handoff, direction=Call.Direction.INBOUND).update(caller="")
    Call.objects.filter(handoff=handoff, direction=Call.Direction.OUTBOUND).update(called="")
    # A provider's refusal may name the number.
    CallTask.objects.filter(call__handoff=handoff).update(error="")


def forget(handoff_pks: Collection[int]) -> None:
    """The calls of handoffs that go, with what providers reported of them."""
    Call.objects.filter(handoff_id__in=handoff_pks).delete()


def erase_callers(site: Site, numbers: Collection[str]) -> None:
    """Calls of these numbers that were never known to be their customer's: without a code, or hung up before it."""
    for number in numbers:
        digits = plain_number(number).removeprefix("+")
        # Networks write the same number with and without its country: the tail is common to all forms.
        if len(digits) >= SAME_TAIL:
            calls = Call.objects.filter(site=site, direction=Call.Direction.INBOUND)
            for key in calls.filter(caller__endswith=digits[-SAME_TAIL:]).values_list("pk", flat=True):
                # One row at a time: whoever holds several waits for somebody who holds a handoff.
                Call.objects.filter(pk=key).update(caller="")
