"""A local Twilio: it calls our webhooks, signed, and does what our documents say, or raises where it does not know how.

It takes an address and a token, so it drives a live server as well as the test client. Time is scaled: `second` is how
long one of its seconds lasts here.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.client import HTTPConnection, HTTPSConnection
from queue import Empty, Queue
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from twilio.request_validator import RequestValidator

from handoff.lib.clock import utc_now
from tests.telephony.twiml_api import Api

# What it knows: each verb with its attributes. Anything else is an error, as it would be a surprise on the phone.
KNOWN = {
    "Say": set(),
    "Pause": {"length"},
    "Redirect": {"method"},
    "Hangup": set(),
    "Gather": {"input", "numDigits", "finishOnKey", "timeout", "action", "method"},
    "Dial": {"action", "method", "timeout", "timeLimit", "answerOnBridge", "callerId"},
    "Number": {"url", "method", "statusCallback", "statusCallbackEvent", "statusCallbackMethod"},
    "Sip": {"url", "method", "statusCallback", "statusCallbackEvent", "statusCallbackMethod"},
}
LIVE = ("queued", "ringing", "in-progress")
_numbers = itertools.count(1)

# (url, body, headers) -> (status, text)
Transport = Callable[[str, bytes, dict[str, str]], tuple[int, str]]


def through_http(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """To a live server, whose public origin the address is."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    with closing(kind(parts.netloc, timeout=15)) as connection:
        connection.request("POST", f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


class EngineError(AssertionError):
    """Our side did something that Twilio would not understand."""


class HungUp(Exception):
    """The call is over."""


class Moved(Exception):
    """The live call was given another document by REST."""


@dataclass
class Phone:
    """How somebody behaves whose phone rings: `answer`, `busy`, `no-answer`, `failed`, and what they press then."""

    does: str = "answer"
    presses: str = ""


@dataclass
class Call:
    sid: str
    direction: str
    from_: str
    to: str
    parent: str = ""
    status: str = "queued"
    said: list[str] = field(default_factory=list)
    keys: Queue[str] = field(default_factory=Queue)
    talks_to: str = ""
    document: str | None = None
    hangs_up: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    created_at: str = ""

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def press(self, digits: str) -> None:
        for digit in digits:
            self.keys.put(digit)


class TwimlEngine:
    def __init__(
        self, base_url: str, auth_token: str, *, transport: Transport = through_http, account: str, second: float = 0.01
    ):
        self.base_url, self.account, self.second = base_url, account, second
        self.validator = RequestValidator(auth_token)
        self.header = "X-Twilio-Signature"
        self.name = "twilio"
        self.transport = transport
        self.phones: dict[str, Phone] = {}
        self.calls: dict[str, Call] = {}
        self.errors: list[BaseException] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self.api = Api(self)

    def __enter__(self) -> TwimlEngine:
        self.api.start()
        return self

    def end(self) -> None:
        """Everybody hangs up, and what follows from that has been reported."""
        for call in list(self.calls.values()):
            self.hang_up(call)
        for thread in self._threads:
            thread.join(5)

    def __exit__(self, kind: object, *rest: object) -> None:
        self.end()
        self.api.stop()
        if kind is None and self.errors:
            raise self.errors[0]

    # -- what a test does

    def call_in(self, from_: str, to: str, *, presses: str = "") -> Call:
        call = self.make("inbound", from_, to, status="ringing")
        call.press(presses)
        self._start(self._inbound, call)
        return call

    def hang_up(self, call: Call) -> None:
        with self.changed:
            call.hangs_up = True
            self.changed.notify_all()

    def wait(self, condition: Callable[[], object], *, seconds: float = 5.0) -> None:
        until = time.monotonic() + seconds
        while not condition():
            if self.errors:
                raise self.errors[0]
            assert time.monotonic() < until, (
                f"it never came to that: {[(c.to, c.status, c.said[-2:]) for c in self.calls.values()]}"
            )
            time.sleep(0.005)

    def leg_of(self, call: Call) -> Call | None:
        legs = [leg for leg in self.calls.values() if leg.parent == call.sid]
        return legs[-1] if legs else None

    # -- what Twilio does

    def make(self, direction: str, from_: str, to: str, *, parent: str = "", status: str = "queued") -> Call:
        sid = f"CA{next(_numbers):032x}"
        call = Call(sid, direction, from_, to, parent, status, created_at=format_datetime(utc_now()))
        self.calls[sid] = call
        return call

    def begin(self, call: Call, *, url: str, callback: str, events: list[str]) -> None:
        """A call made by REST."""
        self._start(self._outbound, call, url, callback, events)

    def ask(self, call: Call, url: str, **extra: str) -> str:
        """One signed webhook. Raises EngineError for anything but a good answer."""
        params = self.params(call) | extra
        body = urlencode(params).encode()
        headers = {self.header: self.validator.compute_signature(url, params)}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.asked.append((url, params))
        call.events.append({"request": {"method": "POST", "url": url, "parameters": params}})
        status, text = self.transport(url, body, headers)
        if status != 200:
            raise EngineError(f"{urlsplit(url).path} answered {status}: {text[:200]}")
        return text

    def params(self, call: Call) -> dict[str, str]:
        told = {
            "AccountSid": self.account,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Direction": call.direction,
            "From": call.from_,
            "To": call.to,
            "CallerName": "",
        }
        return told | ({"ParentCallSid": call.parent} if call.parent else {})

    def callback(self, call: Call, url: str, **extra: str) -> None:
        self.ask(call, url, Timestamp=format_datetime(utc_now()), CallbackSource="call-progress-events", **extra)

    def move(self, call: Call, document: str) -> None:
        with self.changed:
            call.document = document
            self.changed.notify_all()

    # -- one thread a call

    def _start(self, work: Callable[..., None], call: Call, *arguments: Any) -> None:
        def run() -> None:
            try:
                work(call, *arguments)
            except HungUp:
                pass
            except BaseException as error:
                self.errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _inbound(self, call: Call) -> None:
        document = self.ask(call, f"{self.base_url}/voice/{self.name}/incoming")
        call.status = "in-progress"
        try:
            self._run(call, document)
        finally:
            call.status = "completed"
            self.callback(call, f"{self.base_url}/voice/{self.name}/status")

    def _outbound(self, call: Call, url: str, callback: str, events: list[str]) -> None:
        try:
            if self._ring(call, callback, events, seconds=30):
                self._run(call, self.ask(call, url))
        finally:
            if call.is_live:
                call.status = "completed"
            self.callback(call, callback)

    def _ring(self, call: Call, callback: str, events: list[str], *, seconds: float) -> bool:
        """Whether it was answered."""
        call.status = "ringing"
        if "ringing" in events:
            self.callback(call, callback)
        does = self.phones.get(call.to, Phone("failed")).does
        if does == "no-answer":
            try:
                self._pause(call, seconds)
            except HungUp:
                call.status = "canceled"
                return False
        if does != "answer":
            call.status = does
            return False
        call.status = "in-progress"
        if "answered" in events:
            self.callback(call, callback)
        call.press(self.phones[call.to].presses)
        return True

    def _run(self, call: Call, document: str) -> None:
        """Documents until there are no more: what ends without another verb ends the call."""
        while True:
            try:
                following = self._play(call, document)
            except Moved:
                with self.changed:
                    moved, call.document = call.document, None
                assert moved is not None
                following = moved
            if following is None:
                return
            document = following

    def _play(self, call: Call, document: str) -> str | None:
        root = ElementTree.fromstring(document)
        if root.tag != "Response" or root.attrib:
            raise EngineError(f"no TwiML: {document[:100]}")
        for verb in root:
            self._check(verb)
            following = getattr(self, f"_{verb.tag.lower()}")(call, verb)
            if following is not None:
                return following
        return None

    def _check(self, verb: ElementTree.Element) -> None:
        if verb.tag not in KNOWN:
            raise EngineError(f"<{verb.tag}> is no verb")
        if unknown := set(verb.attrib) - KNOWN[verb.tag]:
            raise EngineError(f"<{verb.tag}> has no {sorted(unknown)}")
        for inner in verb:
            self._check(inner)

    # -- verbs: each answers the next document, or None to go on

    def _say(self, call: Call, verb: ElementTree.Element) -> None:
        call.said.append(verb.text or "")
        self._pause(call, 1)

    def _pause(self, call: Call, verb: ElementTree.Element | float) -> None:
        """Raises Moved or HungUp."""
        seconds = float(verb.get("length", "1")) if isinstance(verb, ElementTree.Element) else verb
        until = time.monotonic() + seconds * self.second
        with self.changed:
            while True:
                self._interrupt(call)
                left = until - time.monotonic()
                if left <= 0:
                    return
                self.changed.wait(left)

    def _interrupt(self, call: Call) -> None:
        if call.hangs_up:
            raise HungUp
        if call.document is not None:
            raise Moved

    def _redirect(self, call: Call, verb: ElementTree.Element) -> str:
        return self.ask(call, verb.text or "")

    def _hangup(self, call: Call, verb: ElementTree.Element) -> None:
        raise HungUp

    def _gather(self, call: Call, verb: ElementTree.Element) -> str | None:
        if verb.get("input") != "dtmf" or verb.get("finishOnKey") != "":
            raise EngineError("only keys are gathered, and none of them ends")
        for inner in verb:
            call.said.append(inner.text or "")
        digits = self._keyed(call, int(verb.attrib["numDigits"]), seconds=float(verb.attrib["timeout"]))
        return self.ask(call, verb.attrib["action"], Digits=digits) if digits else None

    def _keyed(self, call: Call, wanted: int, *, seconds: float) -> str:
        digits = ""
        while len(digits) < wanted:
            until = time.monotonic() + seconds * self.second
            while call.keys.empty() and time.monotonic() < until:
                self._pause(call, 0.2)
            try:
                digits += call.keys.get_nowait()
            except Empty:
                break
        return digits

    def _dial(self, call: Call, verb: ElementTree.Element) -> str | None:
        (target,) = list(verb)
        from_ = verb.get("callerId", call.from_)
        leg = self.make("outbound-dial", from_, target.text or "", parent=call.sid)
        callback, events = target.get("statusCallback", ""), target.get("statusCallbackEvent", "").split()
        is_bridged = False
        try:
            if self._ring_leg(call, leg, callback, events, seconds=float(verb.attrib["timeout"])):
                is_bridged = self._whispered(leg, target.get("url"))
                if is_bridged:
                    self._talk(call, leg)
        finally:
            call.talks_to = leg.talks_to = ""
            if leg.is_live:
                leg.status = "completed"
            if "completed" in events:
                self.callback(leg, callback)
        extra = {"DialCallStatus": leg.status, "DialCallSid": leg.sid, "DialBridged": str(is_bridged).lower()}
        return self.ask(call, verb.attrib["action"], **extra)

    def _ring_leg(self, call: Call, leg: Call, callback: str, events: list[str], *, seconds: float) -> bool:
        """As `_ring`, and whoever waits may hang up or be moved meanwhile."""
        if self.phones.get(leg.to, Phone("failed")).does == "no-answer":
            leg.status = "ringing"
            self.callback(leg, callback)
            try:
                self._pause(call, seconds)
            except (HungUp, Moved):
                leg.status = "canceled"
                raise
            leg.status = "no-answer"
            return False
        return self._ring(leg, callback, events, seconds=seconds)

    def _whispered(self, leg: Call, url: str | None) -> bool:
        """Whether they are still there after what they were asked."""
        if url is None:
            return True
        try:
            self._run(leg, self.ask(leg, url))
        except HungUp:
            return False
        return True

    def _talk(self, call: Call, leg: Call) -> None:
        """Until the leg hangs up; raises HungUp or Moved of the one who dialled."""
        call.talks_to, leg.talks_to = leg.sid, call.sid
        with self.changed:
            self.changed.notify_all()
            while not leg.hangs_up:
                self._interrupt(call)
                self.changed.wait(1)
