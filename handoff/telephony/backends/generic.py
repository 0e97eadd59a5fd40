"""Every other phone system: it asks, signed as in Standard Webhooks, and is told what to do with the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from handoff.lib.errors import DomainError, NotFound
from handoff.telephony import signatures
from handoff.telephony.base import (
    AskCode,
    Audio,
    CallError,
    CallEvent,
    Connect,
    Control,
    HangUp,
    Hold,
    Instruction,
    Kind,
    Nothing,
    Order,
    Report,
)
from handoff.telephony.webhooks import Reply, Webhook

NAME: Final = "generic"
BODY_LIMIT: Final = 16 * 1024
TEXT_LIMIT: Final = 128
# A caller who waits is asked about again and again; the other words are the events' own.
_EVENTS: Final[Mapping[str, Kind]] = {kind.value: kind for kind in Kind if kind is not Kind.QUEUED} | {
    "waiting": Kind.QUEUED
}
_REQUIRED: Final = frozenset({"call_id", "event", "called"})
_OPTIONAL: Final = frozenset({"caller", "digits", "reference"})
_DIGITS: Final = frozenset("0123456789*#")


class GenericProvider:
    """It is never asked to do anything, for it has no address of ours to be asked at: it hears it when it asks."""

    name = NAME
    has_to_ask = True
    controls: frozenset[Control] = frozenset()

    def __init__(self, *, secret: str, report: Report) -> None:
        """`secret`: base64, with or without `whsec_`; raises ValueError for what is none."""
        signatures.require_standard_secret(secret)
        self._secret = secret
        self._report = report

    def answer(self, webhook: Webhook) -> Reply:
        """Raises Forged, `too_long`, `invalid_request`, `unknown_field`."""
        if webhook.step != "match":
            raise NotFound
        if len(webhook.body) > BODY_LIMIT:
            raise DomainError("too_long", f"At most {BODY_LIMIT} bytes.")
        told_id = signatures.check_standard(webhook.body, webhook.headers, secret=self._secret)
        if len(told_id) > TEXT_LIMIT:
            raise DomainError("invalid_request", "A webhook-id is too long.", fields={"webhook-id": "max_length"})
        event = parse(webhook.body, event_id=told_id)
        return Reply(body=msgspec.json.encode(render(self._report(event))).decode(), content_type="application/json")

    def is_reachable(self) -> bool:
        return True

    def originate(self, order: Order) -> str:
        raise CallError("This system makes no calls for us.", is_permanent=True)

    def connect(self, call_id: str, agent: Audio, *, reference: str) -> None:
        """Nothing to do: the call's next `waiting` is answered with Connect."""

    def park(self, call_id: str) -> None:
        raise CallError("This system cannot be told to take an agent off the line.", is_permanent=True)

    def control(self, call_id: str, control: Control) -> None:
        raise CallError("This system cannot be told to hold or mute a call.", is_permanent=True)

    def hang_up(self, call_id: str) -> None:
        """Nothing to do: a call that waits is told at its next `waiting`, and a talk ends at their own desk."""

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        raise CallError("This system cannot be asked about a call.", is_permanent=True)


def parse(body: bytes, *, event_id: str) -> CallEvent:
    """Raises `invalid_request` or `unknown_field`, with the fields."""
    told = _object(body)
    if unknown := sorted(set(told) - _REQUIRED - _OPTIONAL):
        fields = dict.fromkeys((name[:TEXT_LIMIT] for name in unknown[:20]), "unknown")
        raise DomainError("unknown_field", "A field is not known here.", fields=fields)
    if fields := _faults(told):
        raise DomainError("invalid_request", "A field is missing or wrong.", fields=fields)
    return CallEvent(
        provider=NAME,
        event_id=event_id,
        call_id=told["call_id"],
        kind=_EVENTS[told["event"]],
        caller=told.get("caller", ""),
        called=told["called"],
        digits=told.get("digits", ""),
        reference=told.get("reference", ""),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise DomainError("invalid_request", "The body is not a JSON object in UTF-8.")
    return told


def _faults(told: Mapping[str, Any]) -> dict[str, str]:
    faults = dict.fromkeys(sorted(_REQUIRED - set(told)), "required")
    for name, value in told.items():
        if fault := _fault(name, value):
            faults[name] = fault
    if "digits" in told and told.get("event") != Kind.CODE_ENTERED:
        faults["digits"] = "not_here"
    return faults


def _fault(name: str, value: Any) -> str:
    if not isinstance(value, str):
        return "invalid"
    if len(value) > TEXT_LIMIT:
        return "max_length"
    if any(not character.isprintable() for character in value):
        return "invalid"
    return _fault_of_word(name, value)


def _fault_of_word(name: str, value: str) -> str:
    match name:
        case "event":
            return "" if value in _EVENTS else "invalid_choice"
        case "digits":
            return "" if set(value) <= _DIGITS else "invalid"
        case "call_id":
            return "" if value else "blank"
    return ""


def render(instruction: Instruction) -> dict[str, Any]:
    """As the other side reads it."""
    match instruction:
        case AskCode():
            return {"instruction": "ask_code", "digits": instruction.digits, "again": instruction.is_again}
        case Connect():
            to = {"to": instruction.agent.address, "reference": instruction.reference}
            return {"instruction": "connect", "connect": to}
        case HangUp():
            return {"instruction": "hang_up"} | ({"words": instruction.words} if instruction.words else {})
        case Hold():
            return {"instruction": "hold"}
        case Nothing():
            return {"instruction": "nothing"}
