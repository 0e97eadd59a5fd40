"""Twilio, and whoever else speaks TwiML: their requests are answered with documents, their calls moved by REST."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from cryptography.fernet import InvalidToken

from handoff.lib import vault
from handoff.lib.clock import utc_now
from handoff.lib.errors import NotFound
from handoff.telephony.backends import twilio_reports as reports
from handoff.telephony.backends.dialects import TWILIO, Dialect
from handoff.telephony.backends.rest import Refusal, RestClient
from handoff.telephony.backends.twilio_calls import Journal
from handoff.telephony.backends.twilio_reports import Request
from handoff.telephony.backends.twiml import CALLING, CONTENT_TYPE, GOODBYE, Dialling, Documents, Leg, leg_to
from handoff.telephony.base import (
    FINAL,
    AskCode,
    Audio,
    CallError,
    CallEvent,
    Connect,
    Control,
    HangUp,
    Instruction,
    Kind,
    Nothing,
    Order,
    Report,
)
from handoff.telephony.signatures import Forged
from handoff.telephony.webhooks import Reply, Webhook

_AGENT_EVENTS: Final = ("ringing", "answered")
_CUSTOMER_EVENTS: Final = ("ringing", "answered", "completed")
_LEG_EVENTS: Final = ("initiated", "ringing", "answered", "completed")
# Dials and connections that this process remembers having asked for.
REMEMBERED: Final = 2000
UNLISTED_SECONDS: Final = 10.0
# "Call is not in-progress": what was to be ended or moved has ended.
_OVER: Final = 21220
_OUTCOMES: Final[Mapping[Kind, str]] = {
    Kind.BUSY: "The customer's line is busy.",
    Kind.NO_ANSWER: "The customer does not answer.",
    Kind.FAILED: "The customer could not be reached.",
}


class TwilioProvider:
    """One account. It has no hold and no mute: what two ends of a Dial hear is not moved by their REST."""

    controls: frozenset[Control] = frozenset()

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        public_origin: str,
        report: Report,
        api_base: str = "",
        dialect: Dialect = TWILIO,
        signing_key: str = "",
        caller_id: str = "",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`caller_id` is what agents see when a caller is connected; without it, the caller's own number."""
        self.name = dialect.name
        self._dialect = dialect
        self._account = account_sid
        self._token = auth_token
        self._secret = signing_key or auth_token
        self._origin = public_origin
        self._caller_id = caller_id
        self._report = report
        self._clock = clock
        self._documents = Documents(dialect)
        self._rest = RestClient(api_base or dialect.api_base, user=account_sid, password=auth_token)
        self._journal = Journal(self._rest, dialect=dialect, account=account_sid, clock=clock)
        self._asked: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    # -- their requests

    def answer(self, webhook: Webhook) -> Reply:
        """Verified, parsed, decided, rendered. Raises Forged, `invalid_request`, NotFound for an unknown step."""
        if webhook.step not in reports.STEPS:
            raise NotFound
        request = reports.verify(
            webhook,
            dialect=self._dialect,
            origin=self._origin,
            secret=self._secret,
            account=self._account,
            now=self._clock(),
        )
        if request.step == "dialled":
            # That ring is over: asked again, it is another one.
            self._forget(f"connect:{request.call_id}:{request.reference}")
        event = reports.parse(request, dialect=self._dialect)
        instruction = Nothing() if event is None else self._report(event)
        return Reply(body=self._render(request, event, instruction), content_type=CONTENT_TYPE)

    def _render(self, request: Request, event: CallEvent | None, instruction: Instruction) -> str:
        match request.step:
            case "incoming" | "code" | "hold" | "dialled":
                return self._instruct(request, event, instruction)
            case "fallback":
                return self._documents.one_moment(url=self._url("incoming"))
            case "whisper":
                return self._documents.press_one(url=self._url_again("pressed", request), is_whisper=True)
            case "pressed":
                return self._documents.nothing() if request.digits == "1" else self._documents.goodbye("")
            case "outgoing" | "taken":
                return self._go_out(request)
            case "called":
                return self._documents.goodbye(_OUTCOMES.get(event.kind, "") if event else "")
        return self._documents.nothing()

    def _instruct(self, request: Request, event: CallEvent | None, instruction: Instruction) -> str:
        match instruction:
            case AskCode():
                return self._documents.ask_code(instruction, url=self._url("code"))
            case Connect():
                return self._connect_document(request.call_id, instruction.agent, instruction.reference)
            case HangUp():
                return self._documents.goodbye(instruction.words or GOODBYE)
            case Nothing() if event is not None and event.kind in FINAL:
                return self._documents.goodbye("")
        # Whoever nothing is said about waits: a line must never fall dead.
        return self._documents.hold(url=self._url("hold"))

    def _go_out(self, request: Request) -> str:
        """The agent's line is open: their phone is asked first, their SIP line is put through."""
        if request.step == "outgoing" and not request.is_sip:
            return self._documents.press_one(url=self._url_again("taken", request), is_whisper=False)
        if request.step == "taken" and request.digits != "1":
            return self._documents.goodbye("")
        number, caller_id, seconds = self._unseal(request.query.get("n", ""))
        here = {"call": request.call_id, "ref": request.reference}
        leg = Leg(address=number, is_sip=False, report_url=self._url("customer", **here), events=_CUSTOMER_EVENTS)
        done = self._url("called", **here)
        return self._documents.dial(
            Dialling(leg=leg, caller_id=caller_id, done_url=done, seconds=seconds, words=CALLING)
        )

    # -- what it can be asked to do

    def is_reachable(self) -> bool:
        return True

    def originate(self, order: Order) -> str:
        """Twilio knows no keys of ours: a repeat is known in this process alone, elsewhere `look_up` finds the call."""
        if known := self._recall(f"dial:{order.reference}"):
            return known
        sealed = self._seal(order)
        is_sip = "1" if order.agent.is_sip else "0"
        form: dict[str, str | list[str]] = {
            "To": order.agent.address,
            "From": order.caller_id,
            "Url": self._url("outgoing", ref=order.reference, sip=is_sip, n=sealed),
            "Method": "POST",
            "Timeout": str(order.ring_seconds),
            "StatusCallback": self._url("leg", ref=order.reference),
            "StatusCallbackEvent": list(_LEG_EVENTS),
            "StatusCallbackMethod": "POST",
        }
        made = self._rest.post(self._calls(), form)
        call_id = made.get("sid")
        if not isinstance(call_id, str) or not call_id:
            raise CallError("The provider named no call.", is_ambiguous=True)
        self._remember(f"dial:{order.reference}", call_id)
        return call_id

    def connect(self, call_id: str, agent: Audio, *, reference: str) -> None:
        """Asking twice would cut the first ring off, and another process may have asked: so they are asked first.

        Not where the line was parked from here a moment ago: the leg that they still list is on its way out.
        """
        if self._is_recent(f"connect:{call_id}:{reference}"):
            return
        if not self._is_recent(f"park:{call_id}") and self._journal.has_live_leg(call_id):
            return
        document = self._connect_document(call_id, agent, reference)
        self._rest.post(self._call(call_id), {"Twiml": document})
        self._remember(f"connect:{call_id}:{reference}", str(self._clock().timestamp()))

    def park(self, call_id: str) -> None:
        """The document that holds takes the place of the Dial, which ends the agent's leg."""
        self._rest.post(self._call(call_id), {"Twiml": self._documents.hold(url=self._url("hold", call=call_id))})
        self._remember(f"park:{call_id}", str(self._clock().timestamp()))

    def control(self, call_id: str, control: Control) -> None:
        raise CallError("This provider cannot hold or mute a call.", is_permanent=True)

    def hang_up(self, call_id: str) -> None:
        """Ending a call ends what it dialled."""
        try:
            self._rest.post(self._call(call_id), {"Status": "completed"})
        except Refusal as refusal:
            if refusal.http_status != 404 and refusal.number != _OVER:
                raise

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        """Without their id, by what they asked us for lately (see Journal). Raises CallError if that tells nothing."""
        known = call_id or self._recall(f"dial:{reference}") or self._journal.find(reference)
        return None if known is None else self._journal.standing(known, reference=reference)

    # -- addresses

    def _connect_document(self, call_id: str, agent: Audio, reference: str) -> str:
        here = {"call": call_id, "ref": reference}
        leg = leg_to(
            agent,
            report_url=self._url("agent", **here, sip="1" if agent.is_sip else "0"),
            events=_AGENT_EVENTS,
            whisper_url=self._url("whisper", **here),
        )
        done = self._url("dialled", ref=reference)
        return self._documents.dial(Dialling(leg=leg, caller_id=self._caller_id, done_url=done))

    def _url(self, step: str, **query: str) -> str:
        at = int(self._clock().timestamp() * 1000)
        return f"{self._origin}/voice/{self.name}/{step}?{urlencode(query | {'t': str(at)})}"

    def _url_again(self, step: str, request: Request) -> str:
        query = {name: value for name, value in request.query.items() if name in ("call", "ref", "sip", "n")}
        return self._url(step, **query)

    def _calls(self) -> str:
        return self._dialect.path(self._dialect.calls_path, account=self._account)

    def _call(self, call_id: str) -> str:
        return self._dialect.path(self._dialect.call_path, account=self._account, call=call_id)

    def _seal(self, order: Order) -> str:
        """The customer's number, unreadable in the logs that addresses end up in."""
        text = "\n".join((order.number, order.caller_id, str(order.ring_seconds)))
        return vault.encrypt(text, secrets=[self._token])

    def _unseal(self, sealed: str) -> tuple[str, str, int]:
        """Raises Forged: nobody else seals one."""
        try:
            number, caller_id, seconds = vault.decrypt(sealed, secrets=[self._token]).decode().split("\n")
        except (InvalidToken, ValueError):
            raise Forged from None
        return number, caller_id, int(seconds)

    # -- what was asked from here

    def _is_recent(self, key: str) -> bool:
        """Whether it was asked from here so lately that their lists may not show it yet."""
        at = self._recall(key)
        return at is not None and self._clock().timestamp() - float(at) < UNLISTED_SECONDS

    def _recall(self, key: str) -> str | None:
        with self._lock:
            return self._asked.get(key)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._asked.pop(key, None)

    def _remember(self, key: str, call_id: str) -> None:
        with self._lock:
            self._asked[key] = call_id
            while len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)
