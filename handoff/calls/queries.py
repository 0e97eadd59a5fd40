"""Read calls: as both sides see them, and as the rules about them need them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

from django.conf import settings
from django.db.models import QuerySet

from handoff.broker.models import Handoff
from handoff.broker.phone import PHONES, READERS
from handoff.broker.states import Channel, State
from handoff.calls import codes
from handoff.calls.models import Call, Code, WrongCode
from handoff.calls.progress import LIVE, Outcome, Status
from handoff.identity.models import Customer, Site
from handoff.lib.clock import rfc3339, rfc3339_or_none
from handoff.lib.errors import NotFound
from handoff.protocol import shapes
from handoff.telephony import registry
from handoff.telephony.base import masked
from handoff.telephony.queries import as_written, number_of

# Pauses between number and code in a `tel:` link: long enough for the greeting to have begun.
TEL_PAUSES: Final = ",,,"


def latest_of(handoff: Handoff) -> Call | None:
    """The call that is on, or the last one there was."""
    return Call.objects.filter(handoff=handoff).order_by("-pk").first()


def live_dial_of(handoff: Handoff) -> Call | None:
    """The one dial that is on, or may be."""
    return Call.objects.filter(handoff=handoff, direction=Call.Direction.OUTBOUND, status__in=LIVE).first()


def has_caller(handoff: Handoff) -> bool:
    """Whether somebody who called in is still on the line."""
    return Call.objects.filter(handoff=handoff, direction=Call.Direction.INBOUND, status__in=LIVE).exists()


def of_customer(customer: Customer, call_id: str) -> Call:
    """A call of one of the customer's handoffs. Raises NotFound."""
    found = Call.objects.select_related("handoff").filter(public_id=call_id, handoff__customer=customer).first()
    if found is None:
        raise NotFound
    return found


def dials_to(customer: Customer, *, since: datetime) -> int:
    """How often the customer's phone was rung, or is being."""
    return _dials(since).filter(handoff__customer=customer).count()


def dials_to_number(number: str, *, since: datetime) -> int:
    return _dials(since).filter(called=number).count()


def dials_of(site: Site, *, since: datetime) -> int:
    return _dials(since).filter(site=site).count()


def count_dials(handoff: Handoff, *, outcome: Outcome | None = None) -> int:
    """How often its customer was rung, in all or with this outcome."""
    dials = rung(Call.objects.filter(handoff=handoff))
    return (dials if outcome is None else dials.filter(outcome=outcome)).count()


def wrong_codes_of(site: Site, *, now: datetime) -> int:
    """In the last hour."""
    return WrongCode.objects.filter(site=site, at__gt=now - timedelta(hours=1)).count()


def last_code_of(handoff: Handoff) -> Code | None:
    """The code shown last, used or not, expired or not."""
    return Code.objects.filter(handoff=handoff).order_by("-issue").first()


def view_of(handoff: Handoff) -> shapes.CallView | None:
    """The call as both sides see it, while the handoff is one of the phone's."""
    if handoff.channel not in PHONES:
        return None
    call = latest_of(handoff)
    return None if call is None else view(call)


def view(call: Call) -> shapes.CallView:
    return shapes.CallView(
        id=call.public_id,
        direction=cast(shapes.CallDirection, call.direction),
        status=cast(shapes.CallStatus, str(call.status)),
        caller=masked(_customers_number(call)) or None,
        evidence=cast(shapes.Evidence, call.evidence),
        claim=cast("shapes.Claim | None", call.claim or None),
        at=rfc3339(call.created_at),
        answered_at=rfc3339_or_none(call.answered_at),
        bridged_at=rfc3339_or_none(call.bridged_at),
        ended_at=rfc3339_or_none(call.ended_at),
        outcome=str(call.outcome) or None,
        is_rendered=call.rendered_at is not None,
        is_held=call.is_held,
        is_muted=call.is_muted,
        controls=controls_of(call),
        trouble=cast("shapes.Trouble | None", call.trouble or None),
    )


def controls_of(call: Call) -> list[str]:
    """What its provider lets an agent do; nothing while nobody is on the line."""
    if call.status != Status.BRIDGED:
        return []
    try:
        return sorted(registry.get(call.provider).controls)
    except NotFound:
        return []


def phone_of(handoff: Handoff) -> shapes.PhoneView | None:
    """Number and code for somebody who is to call; a code that a former secret made shows as expired."""
    number = number_of(handoff.site) if handoff.channel == Channel.PHONE else None
    if number is None or handoff.state != State.AWAITING_CALL:
        return None
    row = last_code_of(handoff)
    if row is None:
        return None
    code = codes.derive(handoff.public_id, row.issue, secret=settings.SECRET_KEY)
    is_live = row.digest is not None and codes.is_same(row.digest, codes.digest(code, secret=settings.SECRET_KEY))
    return shapes.PhoneView(
        number=number.number,
        display=as_written(number.number),
        code=code,
        tel=f"tel:{number.number}{TEL_PAUSES}{code}",
        expires_at=rfc3339(row.expires_at if is_live else row.issued_at),
    )


def caller_number_of(handoff: Handoff) -> str | None:
    if handoff.channel != Channel.PHONE:
        return None
    call = latest_of(handoff)
    return (call.caller or None) if call is not None else None


def _customers_number(call: Call) -> str:
    return call.caller if call.direction == Call.Direction.INBOUND else call.called


def rung(calls: QuerySet[Call]) -> QuerySet[Call]:
    """Dials at which a customer's phone rang, or may still ring; ours that were taken back before are none."""
    return calls.filter(direction=Call.Direction.OUTBOUND).exclude(status=Status.CANCELED, rang_at=None)


def _dials(since: datetime) -> QuerySet[Call]:
    return rung(Call.objects.filter(created_at__gt=since))


READERS.call = view_of
READERS.phone = phone_of
READERS.caller_number = caller_number_of
