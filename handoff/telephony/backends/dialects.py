"""The dialects of TwiML: what differs between the companies that speak it is a row here, never a copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from handoff.telephony.base import Kind


def _table(**names: str) -> Mapping[str, str]:
    return MappingProxyType(names)


@dataclass(frozen=True)
class Dialect:
    """How one company spells verbs, attributes, webhook fields, statuses and addresses."""

    name: str
    # `{account}` is the account's id; `{call}` a call's.
    api_base: str
    calls_path: str
    call_path: str
    # What their servers asked us for in one call, in their own log of it; "" where there is no such log.
    events_path: str
    signature_header: str
    verbs: Mapping[str, str]
    attributes: Mapping[str, str]
    fields: Mapping[str, str]
    # A leg's status in their words, for whoever's leg it is.
    statuses: Mapping[str, Kind]

    def path(self, template: str, *, account: str, call: str = "") -> str:
        return template.format(account=account, call=call)


TWILIO: Final = Dialect(
    name="twilio",
    api_base="https://api.twilio.com",
    calls_path="/2010-04-01/Accounts/{account}/Calls.json",
    call_path="/2010-04-01/Accounts/{account}/Calls/{call}.json",
    events_path="/2010-04-01/Accounts/{account}/Calls/{call}/Events.json",
    signature_header="x-twilio-signature",
    verbs=_table(
        response="Response",
        gather="Gather",
        say="Say",
        pause="Pause",
        redirect="Redirect",
        dial="Dial",
        number="Number",
        sip="Sip",
        hangup="Hangup",
    ),
    attributes=_table(
        digits="numDigits",
        end_key="finishOnKey",
        kind="input",
        timeout="timeout",
        action="action",
        method="method",
        length="length",
        rings_until_bridged="answerOnBridge",
        caller_id="callerId",
        limit="timeLimit",
        url="url",
        callback="statusCallback",
        callback_events="statusCallbackEvent",
        callback_method="statusCallbackMethod",
    ),
    fields=_table(
        account="AccountSid",
        call="CallSid",
        caller="From",
        called="To",
        status="CallStatus",
        digits="Digits",
        dial_status="DialCallStatus",
        dial_bridged="DialBridged",
        at="Timestamp",
    ),
    statuses=MappingProxyType(
        {
            "ringing": Kind.RINGING,
            "in-progress": Kind.ANSWERED,
            "answered": Kind.ANSWERED,
            "completed": Kind.ENDED,
            "busy": Kind.BUSY,
            "no-answer": Kind.NO_ANSWER,
            "failed": Kind.FAILED,
            "canceled": Kind.CANCELED,
        }
    ),
)

# SignalWire's "compatibility" API speaks the same verbs at its customer's own address. Signed with the project's
# signing key, not with the token that its API takes. It keeps no log of what it asked us for.
SIGNALWIRE: Final = replace(
    TWILIO,
    name="signalwire",
    api_base="",
    calls_path="/api/laml/2010-04-01/Accounts/{account}/Calls.json",
    call_path="/api/laml/2010-04-01/Accounts/{account}/Calls/{call}.json",
    events_path="",
    signature_header="x-signalwire-signature",
)

DIALECTS: Final = MappingProxyType({dialect.name: dialect for dialect in (TWILIO, SIGNALWIRE)})
