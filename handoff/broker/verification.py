"""An agent asks the customer to confirm who they are; a fresh sign-in answers. Callers hold a `recording`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from handoff.broker.actions import Identity
from handoff.broker.models import Handoff, VerificationRequest
from handoff.broker.queries import verification_view
from handoff.intents.verdicts import Proof, find_lack
from handoff.lib.errors import DomainError
from handoff.protocol import events
from handoff.realtime import streams
from handoff.realtime.log import Entry
from handoff.staffing.models import Agent

# Between the site's clock and ours, as for its tokens.
LEEWAY = timedelta(seconds=30)


@dataclass(frozen=True)
class Asked:
    """What would be enough, and for which action."""

    acr_values: Sequence[str]
    max_age: int | None
    action_key: str = ""
    action_label: str = ""


def ask(handoff: Handoff, agent: Agent, asked: Asked, *, now: datetime) -> list[Entry]:
    """A second request takes the place of the first."""
    request, _ = VerificationRequest.objects.update_or_create(
        handoff=handoff,
        defaults={
            "agent": agent,
            "acr_values": list(asked.acr_values),
            "max_age": asked.max_age,
            "action_key": asked.action_key,
            "action_label": asked.action_label,
            "asked_at": now,
            "expires_at": now + timedelta(seconds=settings.HANDOFF_SECONDS["VERIFICATION"]),
            "status": VerificationRequest.Status.ASKED,
            "lacks": "",
            "answered_at": None,
        },
    )
    return [_told(handoff, events.VerificationRequested, request)]


def decline(handoff: Handoff, *, now: datetime) -> list[Entry]:
    """Not now. Said twice it changes nothing. Raises `illegal_transition` where nothing is asked, or not any more."""
    request = VerificationRequest.objects.filter(handoff=handoff).first()
    if request is not None and request.status == VerificationRequest.Status.DECLINED:
        return []
    if request is None or not request.is_open(now):
        raise DomainError("illegal_transition", "Nothing is asked any more.")
    return [_answer(handoff, request, VerificationRequest.Status.DECLINED, now=now)]


def is_asked(handoff: Handoff, *, now: datetime) -> bool:
    """Whether an agent waits for an answer."""
    request = VerificationRequest.objects.filter(handoff=handoff).first()
    return request is not None and request.is_open(now)


def answer(handoff: Handoff, identity: Identity, *, is_meant: bool, now: datetime) -> list[Entry]:
    """A token has come: it satisfies the open request, or leaves it open.

    What it lacks is told if it was meant as an answer: every page presents a token, most of them with the old sign-in.
    """
    request = VerificationRequest.objects.filter(handoff=handoff).first()
    if request is None or not request.is_open(now):
        return []
    lacks = _find_lack(request, identity, now=now)
    if lacks is None:
        return [_answer(handoff, request, VerificationRequest.Status.SATISFIED, now=now)]
    if not is_meant:
        return []
    request.lacks, request.answered_at = lacks, now
    request.save(update_fields=["lacks", "answered_at"])
    return [_told(handoff, events.VerificationAnswered, request)]


def _find_lack(request: VerificationRequest, identity: Identity, *, now: datetime) -> str | None:
    """A sign-in made after the question is recent enough, however little was allowed."""
    proof = Proof(verified=identity.customer.is_verified, acr=identity.acr or None, auth_time=identity.auth_time)
    asked_at = (request.asked_at - LEEWAY).timestamp()
    is_new = identity.auth_time is not None and identity.auth_time >= asked_at
    return find_lack(request.acr_values, None if is_new else request.max_age, proof, now=now)


def _answer(
    handoff: Handoff, request: VerificationRequest, status: VerificationRequest.Status, *, now: datetime
) -> Entry:
    request.status, request.lacks, request.answered_at = status, "", now
    request.save(update_fields=["status", "lacks", "answered_at"])
    return _told(handoff, events.VerificationAnswered, request)


def _told(handoff: Handoff, event: type[events.VerificationChanged], request: VerificationRequest) -> Entry:
    view = verification_view(request)
    return Entry.of(streams.handoff(handoff.public_id), event.of(view), handoff_id=handoff.pk)
