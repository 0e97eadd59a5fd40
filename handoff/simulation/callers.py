"""Customers who would rather be called: they book a time days ahead and think better of it, so that no phone rings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from handoff.simulation.web import Refused

if TYPE_CHECKING:
    from handoff.simulation.customers import Customer

# Reserved by Ofcom for drama: nobody's.
NUMBERS: Final = "+447700900{:03d}"
ZONE: Final = "Europe/London"
CONSENT: Final = "Please call me about this."


def can_book(intent: dict[str, Any]) -> bool:
    return any(one["channel"] == "callback" and one["state"] == "open" for one in intent["channels"])


async def book_and_cancel(customer: Customer, intent: dict[str, Any]) -> str:
    """The last slot that is offered, taken back before it can come due. Raises Refused."""
    path = f"availability/slots?intent={intent['key']}&time_zone={ZONE}"
    slots = (await customer.call("GET", path))["slots"]
    if not slots:
        return "found no time for a callback"
    last = slots[-1]
    asked = {
        "client_id": f"{customer.key}-callback",
        "intent": intent["key"],
        "channel": "callback",
        "statement": customer.chance.pick(customer.script.statements),
        "callback": {
            "phone": NUMBERS.format(customer.chance.number(0, 999)),
            "time_zone": ZONE,
            "consent": CONSENT,
            "window": {"date": last["date"], "from": last["from"], "to": last["to"]},
        },
    }
    try:
        customer.handoff = await customer.call("POST", "handoffs", asked)
    except Refused as refusal:
        return f"not booked: {refusal.code}"
    await customer.stage.pause(customer.chance.thought(20))
    await customer.call("POST", f"handoffs/{customer.handoff['id']}/cancel", {})
    return "callback booked and cancelled"
