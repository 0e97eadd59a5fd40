"""Calls between Maya, strangers and the desk: who rings, what is keyed, and how everything stands after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
from django.apps import apps
from django.db import models
from django.db.models import F

from handoff.broker.models import Handoff
from handoff.callbacks.models import Callback
from handoff.calls.models import Call, CallReport, CallTask, Code, WrongCode
from handoff.flows import clocks, dispatch
from handoff.flows.phone import receive
from handoff.flows.transfer import transfer
from handoff.identity.models import Customer, Session
from handoff.intents.models import Intent
from handoff.lib.clock import utc_now
from handoff.lib.errors import DomainError
from handoff.realtime.models import LogEntry
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.staffing.models import Agent
from handoff.telephony import registry
from tests.conftest import Page
from tests.phones import CONSENT
from tests.scenes import accept, sit_down
from tests.scripted_phone import MAYAS_NUMBER, ScriptedPhone

PHONE_CHANNELS: Final = ["chat", "callback", "phone"]


@pytest.fixture
def desk(phone: ScriptedPhone) -> Iterator[ScriptedPhone]:
    """Every intent takes calls, and what the network reports is decided by the product."""
    Intent.objects.update(channels=PHONE_CHANNELS)
    registry.decide_with(receive)
    return phone


@pytest.fixture
def known_maya(desk: ScriptedPhone, page: Any) -> Page:
    """Maya, with the number that her bank signed."""
    return sign_in(page(), "maya-1")


def sign_in(tab: Page, subject: str, *, phone_number: str = MAYAS_NUMBER, **claims: Any) -> Page:
    signed = {"name": "Maya Chen", "acr": "urn:bank:2", "amr": ["pwd", "otp"], "auth_time": _three_minutes_ago()}
    answer = tab.open(tab.token(sub=subject, phone_number=phone_number, **(signed | claims)))
    assert answer.status == 201, answer.body
    return tab


def _three_minutes_ago() -> int:
    return int(utc_now().timestamp()) - 180


# -- what a customer does


def ask_to_call(tab: Page, **fields: Any) -> tuple[Handoff, str]:
    """The page shows a number and a code."""
    answer = tab.ask(channel="phone", **fields)
    assert answer.status in (200, 201), answer.body
    return handoff_of(answer.body["id"]), answer.body["phone"]["code"]


def ask_for_callback(tab: Page, *, phone: str = MAYAS_NUMBER, window: Any = None, **fields: Any) -> Handoff:
    answer = tab.ask(channel="callback", callback=callback_body(phone=phone, window=window), **fields)
    assert answer.status in (200, 201), answer.body
    return handoff_of(answer.body["id"])


def callback_body(*, phone: str = MAYAS_NUMBER, window: Any = None, zone: str = "UTC") -> dict[str, Any]:
    return {"phone": phone, "consent": CONSENT, "time_zone": zone} | ({"window": window} if window else {})


def call_with_code(tab: Page, network: ScriptedPhone, call_id: str = "call-1", **who: str) -> tuple[Handoff, Call]:
    """The page's code, keyed by whoever rings."""
    handoff, code = ask_to_call(tab)
    network.ring(call_id, **who)
    network.key(call_id, code)
    return reload(handoff), call_of(call_id)


def claim(tab: Page, handoff: Handoff, call: Call, *, mine: bool) -> Any:
    return tab.post(f"handoffs/{handoff.public_id}/claim", {"call": call.public_id, "mine": mine})


# -- what an agent does


def take(agent: Agent) -> Handoff:
    """Whatever is first in line is offered to this agent, who accepts."""
    sit_down(agent)
    Offer.objects.filter(status="pending").exclude(agent=agent).update(status="withdrawn")
    assert routing.run_matching() >= 1
    offer = Offer.objects.select_related("handoff").get(agent=agent, status="pending")
    accept(agent, offer)
    return reload(offer.handoff)


def give_to_the_line(agent: Agent, handoff: Handoff) -> None:
    """Passed on to whoever else answers there."""
    transfer(agent, handoff.public_id, queue="cards", to_agent=None, note="for another", version=None)


# -- how it stands


def handoff_of(public_id: str) -> Handoff:
    return Handoff.objects.select_related("agent", "customer", "intent", "site").get(public_id=public_id)


def reload(handoff: Handoff) -> Handoff:
    return handoff_of(handoff.public_id)


def call_of(provider_id: str) -> Call:
    return Call.objects.select_related("handoff__customer", "agent").get(provider_id=provider_id)


def stranger_of(call_id: str) -> Handoff:
    """Of a caller of whom nothing is known."""
    handoff = call_of(call_id).handoff
    assert handoff is not None
    assert not handoff.customer.is_verified
    assert (handoff.evidence, handoff.channel) == ("none", "phone")
    return handoff


def callback_of(handoff: Handoff) -> Callback:
    return Callback.objects.get(handoff=handoff)


def refusal_of(act: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value


def told(handoff: Handoff, type_: str) -> list[Any]:
    """What its streams were told of one kind, oldest first."""
    rows = LogEntry.objects.filter(handoff_id=handoff.pk, type=type_).order_by("id")
    return list(rows.values_list("data", flat=True))


def counts() -> dict[str, int]:
    kinds: tuple[type[models.Model], ...] = (Call, CallReport, CallTask, Code, WrongCode, Handoff, Customer, LogEntry)
    return {kind.__name__: kind.objects.count() for kind in kinds}


# -- time


def pass_time(length: timedelta) -> None:
    """Every time in every row becomes so much older; sessions and leases are kept alive, as by people who stay."""
    for model in apps.get_app_config("handoff").get_models():
        times = [field.name for field in model._meta.concrete_fields if isinstance(field, models.DateTimeField)]
        if times:
            model.objects.update(**{name: F(name) - length for name in times})
    now = utc_now()
    Customer.objects.update(seen_at=now)
    Session.objects.filter(ended_at=None).update(seen_at=now, expires_at=now + timedelta(hours=12))
    for agent in Agent.objects.filter(lease_expires_at__isnull=False):
        routing.renew_lease(agent, now=now)


def do_tasks() -> int:
    """Everything that is due is asked of the provider, and what follows from that."""
    done = 0
    while more := dispatch.run_due():
        done += more
    return done


def come_due() -> int:
    return clocks.come_due()
