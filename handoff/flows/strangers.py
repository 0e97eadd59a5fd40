"""Callers without a code: a human answers them all the same, and sees that nothing is known."""

from __future__ import annotations

from typing import Final

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.broker.states import Channel, State
from handoff.calls import actions as calls
from handoff.calls.models import Call
from handoff.flows import announcing
from handoff.identity import actions as identity
from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.journeys import actions as journeys
from handoff.journeys.context import Context
from handoff.realtime.log import Recording
from handoff.routing import queries as routing
from handoff.telephony.queries import find_called

CLOSED: Final = "closed"
NO_LINE: Final = "not_in_service"


def queue_call(call: Call, record: Recording) -> Handoff | None:
    """Put a locked call in line as somebody unknown; None where nobody will answer, and the caller is told so."""
    intent = _intent_of(call)
    if intent is None or routing.channel_state(intent.queue, now=record.now).state == "closed":
        calls.turn_away(call, CLOSED if intent else NO_LINE)
        return None
    stranger = identity.make_stranger(call.site, now=record.now)
    journey, _ = journeys.begin(Context((), ()), now=record.now)
    handoff, opened = broker.open_handoff(
        state=State.QUEUED,
        site=call.site,
        customer=stranger,
        journey=journey,
        intent=intent,
        queue=intent.queue,
        channel=Channel.PHONE,
        client_id=call.public_id,
        evidence="none",
        opened_at=record.now,
        enqueued_at=record.now,
    )
    calls.attach(call, handoff, evidence="none", is_claimable=False, now=record.now)
    record.entries += [opened, announcing.opened(handoff), calls.changed(call)]
    return handoff


def _intent_of(call: Call) -> Intent | None:
    """Where the number leads; else the first line of the menu that takes calls."""
    number = find_called(call.called)
    menu = list(Intent.objects.select_related("queue__hours", "site").filter(site=call.site))
    named = [intent for intent in menu if number is not None and intent.key == number.intent_key]
    return next(iter(named or [intent for intent in menu if _takes_calls(intent, call.site)] or menu), None)


def _takes_calls(intent: Intent, site: Site) -> bool:
    return Channel.PHONE in intent.channels and intent.site_id == site.pk
