"""A site with a number, what its customers ask for, and short ways through a call."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from handoff.broker.models import Handoff
from handoff.callbacks.models import CallingRules
from handoff.callbacks.windows import LocalWindow, Window, tell_window
from handoff.calls import codes, queries
from handoff.flows import dispatch
from handoff.flows.booking import Wish
from handoff.flows.callbacks import Later
from handoff.flows.dial import dial
from handoff.identity.models import Site
from handoff.lib.clock import utc_now
from handoff.staffing.models import Agent
from handoff.telephony.base import Instruction, Kind
from handoff.telephony.models import PhoneNumber
from tests.scripted_phone import MAYAS_NUMBER, NUMBER, ScriptedPhone

SLOT: Final = timedelta(minutes=20)
CONSENT: Final = "You may call me about this."
# Well formed, and nobody's but once in ten million runs.
WRONG_CODE: Final = "0000000" + codes.check_digit("0000000")


def set_up_phone(site: Site, *, provider: str = "scripted", number: str = NUMBER) -> None:
    """The site can be rung and can ring, at any hour: tests run at night too."""
    PhoneNumber.objects.create(site=site, number=number, provider=provider)
    CallingRules.objects.create(site=site, quiet_hours="")


def give_line(*agents: Agent) -> None:
    for agent in agents:
        agent.audio = f"sip:{agent.user.username}@127.0.0.1"
        agent.save(update_fields=["audio"])


def window_in(hours: float) -> Window:
    """The slot of a line that is always open that begins so many hours from now, or up to 20 minutes later."""
    at = utc_now() + timedelta(hours=hours)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    starts_at = midnight + SLOT * ((at - midnight) // SLOT + 1)
    return Window(starts_at, starts_at + SLOT)


def local(window: Window) -> LocalWindow:
    return tell_window(window, zone="UTC")


def wish(window: Window | None = None, *, phone: str = MAYAS_NUMBER) -> Wish:
    """A callback as soon as possible, or in a window."""
    return Wish(phone=phone, consent=CONSENT, time_zone="UTC", window=local(window) if window else None)


def later(window: Window) -> Later:
    return Later(window=local(window), time_zone="UTC")


def code_of(handoff: Handoff) -> str:
    """What its customer's page shows."""
    shown = queries.phone_of(Handoff.objects.get(pk=handoff.pk))
    assert shown is not None
    return shown.code


def call_in(phone: ScriptedPhone, handoff: Handoff, *, call_id: str = "call-1") -> Instruction:
    """The customer rings and keys the code."""
    phone.ring(call_id)
    return phone.key(call_id, code_of(handoff))


def ring(agent: Agent, handoff_id: str) -> str:
    """The agent calls the customer back; answers the provider's id of the call that it was asked for."""
    call = dial(agent, handoff_id)
    assert dispatch.run_due() >= 1
    return f"dial-{call}"


def ring_in_vain(phone: ScriptedPhone, agent: Agent, handoff_id: str, *, kind: Kind = Kind.NO_ANSWER) -> None:
    call_id = ring(agent, handoff_id)
    phone.tell(call_id, Kind.RINGING)
    phone.tell(call_id, kind)
