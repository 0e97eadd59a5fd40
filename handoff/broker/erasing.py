"""Take everything personal out of a handoff; that it was, when and how it ended, stays."""

from __future__ import annotations

from datetime import datetime

from handoff.broker.models import Handoff, Survey, VerificationRequest, WrapUp
from handoff.broker.states import Action, CloseReason
from handoff.broker.transitions import apply
from handoff.journeys import actions as journeys
from handoff.protocol.events import Erased
from handoff.realtime import log, streams
from handoff.realtime.log import Entry


def erase(handoff: Handoff, *, now: datetime) -> list[Entry]:
    """Empty a locked handoff and close it as erased. Hold its streams first: nothing said meanwhile may survive."""
    log.erase(handoff.pk)
    journeys.erase(handoff.journey_id)
    WrapUp.objects.filter(handoff=handoff).update(note="")
    Survey.objects.filter(handoff=handoff).update(comment="")
    VerificationRequest.objects.filter(handoff=handoff).delete()
    handoff.statement = handoff.acr = ""
    handoff.amr, handoff.auth_time = [], None
    # Chosen by the customer's page, and still one a customer.
    handoff.client_id = handoff.public_id
    entries = apply(handoff, Action.ERASE, now=now, close_reason=CloseReason.ERASED)
    return [*entries, Entry.of(streams.handoff(handoff.public_id), Erased(), handoff_id=handoff.pk)]
