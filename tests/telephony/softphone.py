"""A telephone for tests: speaks SIP and RTP by itself, so that the product is never asked about its own work.

Every phone lives on one event loop in a thread of its own; its methods may be called from any other thread.

    with Softphone("maya") as maya, Softphone("amira") as amira:
        maya.call("sip:+442079460000@127.0.0.1:5060")
        maya.wait_for(lambda: maya.is_up)
        maya.send_digits("12345678")
        maya.send_tone(440)
        amira.wait_for(lambda: amira.hears(440))
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Any

from tests.telephony.audioline import EVENT_TYPE, HOST, AudioLine, bind
from tests.telephony.siptext import Address, Text, read

T1 = 0.5


class Policy(Enum):
    """What a phone does when it is rung; the value is its answer."""

    ANSWER = ""
    BUSY = "486 Busy Here"
    DECLINE = "603 Decline"
    AWAY = "480 Temporarily Unavailable"
    FAIL = "404 Not Found"
    # Rings until it is taken back.
    NEVER = "180 Ringing"
    # Not even that: the network lost it.
    SILENT = "silent"


class _Exchange:
    """One event loop for every phone of a test run."""

    _lock = threading.Lock()
    _loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def loop(cls) -> asyncio.AbstractEventLoop:
        with cls._lock:
            if cls._loop is None:
                cls._loop = asyncio.new_event_loop()
                threading.Thread(target=cls._loop.run_forever, name="softphones", daemon=True).start()
            return cls._loop


class Softphone:
    """One phone with one line.

    `port` 0 takes a free one. `answer_after` and `drop_after` are seconds, for the policy ANSWER; None: it never drops.
    """

    def __init__(
        self,
        user: str = "phone",
        *,
        port: int = 0,
        policy: Policy = Policy.ANSWER,
        answer_after: float = 0.0,
        drop_after: float | None = None,
        heeds_cancel: bool = True,
    ) -> None:
        self.user, self.policy = user, policy
        self.answer_after, self.drop_after, self.heeds_cancel = answer_after, drop_after, heeds_cancel
        # Every message that came, requests and answers, in order.
        self.received: list[Text] = []
        self.is_up = self.is_over = False
        self._loop = _Exchange.loop()
        self._sip, self.audio = bind(port), AudioLine(self._loop)
        self.port = self._sip.getsockname()[1]
        self._tag, self._call_id = secrets.token_hex(4), f"{secrets.token_hex(8)}@{HOST}"
        self._remote_tag, self._target, self._peer = "", "", (HOST, 0)
        self._local = self._remote = ""
        self._cseq = 0
        self._invite = Text("")
        self._last_ack: bytes | None = None
        self._resend: dict[str, asyncio.TimerHandle] = {}
        # The branch of its last INVITE, and the number of the last one acknowledged.
        self._branch, self._acked = "", 0
        self._do(self._begin)

    # -- what a test does with it

    @property
    def address(self) -> str:
        return f"sip:{self.user}@{HOST}:{self.port}"

    @property
    def methods(self) -> list[str]:
        """The requests that came, a repeated one again."""
        return [text.method for text in self.received if not text.status]

    @property
    def kinds_of_request(self) -> list[str]:
        """Each method that came, once, in the order of the first: repeats are a matter of how busy the machine is."""
        return list(dict.fromkeys(self.methods))

    @property
    def times_rung(self) -> int:
        """How many calls came, however often each INVITE was repeated."""
        return len({text.get("call-id") for text in self.received if text.method == "INVITE"})

    @property
    def statuses(self) -> list[int]:
        return [text.status for text in self.received if text.status]

    def get_statuses(self, method: str) -> list[int]:
        """The answers to its own requests of this method."""
        return [text.status for text in self.received if text.status and text.get("cseq").endswith(f" {method}")]

    @property
    def first_audio_at(self) -> float | None:
        """`time.monotonic()` of the first audio packet; None: there was none yet."""
        return self.audio.recording.first_at

    def call(self, uri: str, *, to: Address | None = None) -> None:
        """Ring a number, `sip:number@host:port`; `to` is where it is sent, if not there."""
        host, _, port = uri.partition("@")[2].partition(":")
        self._do(lambda: self._dial(uri, to=to or (host, int(port or 5060))))

    def register(self, registrar: Address, *, seconds: int = 300) -> None:
        """Be known to a registrar for so long; 0: no longer."""
        self._do(lambda: self._register(registrar, seconds=seconds))

    def send_digits(self, digits: str, *, way: str = "rfc4733") -> None:
        """Key digits within the audio (`rfc4733`), or beside it (`info`)."""
        self._do(lambda: self.audio.press(digits) if way == "rfc4733" else self._key_info(digits))

    def send_tone(self, hertz: int | None) -> None:
        """Speak a tone until told otherwise; None: speak silence no more."""
        self._do(lambda: self.audio.speak(hertz))

    def hears(self, hertz: int, *, since: float = 0.0) -> bool:
        """Whether this tone, and next to nothing else, is what came in the last 0.3 s.

        A tone that was read by the wrong law of G.711 is not: of a sine it leaves about 0.9.
        """
        return self.power(hertz, since=since) > 0.95

    def power(self, hertz: int, *, since: float = 0.0) -> float:
        return self.audio.recording.measure(hertz, since=since)

    def hold(self, *, is_held: bool = True) -> None:
        """A re-INVITE, as a phone's hold button sends."""
        self._do(lambda: self._send_invite("sendonly" if is_held else "sendrecv"))

    def cancel(self) -> None:
        self._do(self._send_cancel)

    def hang_up(self) -> None:
        self._do(self._leave)

    def wait_for(self, is_so: Callable[[], Any], *, seconds: float = 30.0, what: str = "it") -> None:
        wait_until(
            is_so,
            seconds=seconds,
            what=lambda: f"{self.user}: {what}; came: {[text.first for text in self.received]}",
        )

    def close(self) -> None:
        self._do(self._end)

    def __enter__(self) -> Softphone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- on the loop

    def _do(self, act: Callable[[], Any]) -> None:
        async def work() -> None:
            act()

        asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    def _begin(self) -> None:
        self._loop.add_reader(self._sip, self._read_sip)
        self.audio.open()

    def _end(self) -> None:
        if self._sip.fileno() == -1:
            return
        if self.is_up:
            self._leave()
        for timer in self._resend.values():
            timer.cancel()
        self._loop.remove_reader(self._sip)
        self._sip.close()
        self.audio.close()

    def _read_sip(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data, source = self._sip.recvfrom(65535)
            text = read(data)
            self.received.append(text)
            if text.status:
                self._hear_answer(text)
            else:
                self._hear_request(text, source=source)

    # -- SIP out

    def _write(self, first: str, headers: list[str], body: str = "") -> bytes:
        kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
        lines = [first, *headers, *kind, f"Content-Length: {len(body)}", "", body]
        return "\r\n".join(lines).encode()

    def _ask(self, method: str, *, headers: list[str] | None = None, body: str = "", branch: str = "") -> str:
        """Send a request of the call, again and again until it is answered; answers its branch."""
        branch = branch or f"z9hG4bK{secrets.token_hex(8)}"
        number = self._cseq
        if method not in ("ACK", "CANCEL"):
            self._cseq = number = self._cseq + 1
        own = [
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: {self._local}",
            f"To: {self._remote}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{self.user}@{HOST}:{self.port}>",
        ]
        data = self._write(f"{method} {self._target} SIP/2.0", own + (headers or []), body)
        self._send(data)
        if method == "ACK":
            self._last_ack = data
        else:
            self._again(f"{branch} {method}", data=data, pause=T1)
        return branch

    def _again(self, key: str, *, data: bytes, pause: float) -> None:
        def repeat() -> None:
            self._send(data)
            self._again(key, data=data, pause=min(2 * pause, 4.0))

        self._resend[key] = self._loop.call_later(pause, repeat)

    def _send(self, data: bytes) -> None:
        if self._sip.fileno() != -1:
            self._sip.sendto(data, self._peer)

    def _describe(self, direction: str = "sendrecv") -> str:
        lines = ["v=0", f"o=- {time.time_ns()} 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0"]
        lines += [f"m=audio {self.audio.port} RTP/AVP 0 {EVENT_TYPE}", "a=rtpmap:0 PCMU/8000"]
        lines += [f"a=rtpmap:{EVENT_TYPE} telephone-event/8000", f"a={direction}", ""]
        return "\r\n".join(lines)

    def _dial(self, uri: str, *, to: Address) -> None:
        self._peer, self._target = to, uri
        self._local, self._remote = f"<sip:{self.user}@{HOST}>;tag={self._tag}", f"<{uri}>"
        self._send_invite("sendrecv")

    def _send_invite(self, direction: str) -> None:
        self._branch = self._ask("INVITE", body=self._describe(direction))

    def _register(self, registrar: Address, *, seconds: int) -> None:
        self._peer, self._target = registrar, f"sip:{registrar[0]}:{registrar[1]}"
        self._local, self._remote = f"<sip:{self.user}@lab>;tag={self._tag}", f"<sip:{self.user}@lab>"
        self._ask("REGISTER", headers=[f"Expires: {seconds}"])

    def _send_cancel(self) -> None:
        self._ask("CANCEL", branch=self._branch)

    def _leave(self) -> None:
        if not self.is_over:
            self.is_up, self.is_over = False, True
            self._ask("BYE")

    def _key_info(self, digits: str) -> None:
        for digit in digits:
            self._ask(
                "INFO",
                headers=["Content-Type: application/dtmf-relay"],
                body=f"Signal={digit}\r\nDuration=160\r\n",
            )

    # -- SIP in

    def _hear_answer(self, text: Text) -> None:
        method = text.get("cseq").split()[1]
        branch = text.get("via").partition("branch=")[2].partition(";")[0]
        if timer := self._resend.get(f"{branch} {method}"):
            timer.cancel()
        if method == "INVITE" and text.status >= 200:
            self._hear_final(text)

    def _hear_final(self, text: Text) -> None:
        """An acceptance opens the line; either is acknowledged."""
        if text.status >= 300:
            remote, self._remote = self._remote, text.get("to")
            self._ask("ACK", branch=self._branch)
            self._remote, self.is_over = remote, not self.is_up
        elif self._last_ack is not None and self.is_up and text.get("cseq") == f"{self._acked} INVITE":
            self._send(self._last_ack)
        else:
            self._remote, self._acked = text.get("to"), self._cseq
            self._target = text.get("contact").strip("<>")
            self.audio.target = text.audio
            self._ask("ACK")
            self.is_up = True

    def _hear_request(self, text: Text, *, source: Address) -> None:
        self._peer = source
        if text.method == "INVITE":
            self._hear_invite(text)
        elif text.method == "ACK":
            self._stop_answering()
        elif text.method == "CANCEL":
            self._answer(text, "200 OK")
            if self.heeds_cancel and not self.is_up:
                self._finish(self._invite, "487 Request Terminated")
                self.is_over = True
        elif text.method == "BYE":
            self._stop_answering()
            self._answer(text, "200 OK")
            self.is_up, self.is_over = False, True
        else:
            self._answer(text, "200 OK")

    def _hear_invite(self, text: Text) -> None:
        if self.policy is Policy.SILENT or text.get("via") == self._invite.get("via"):
            return
        if self.is_up and text.get("call-id") != self._call_id:
            self._finish(text, Policy.BUSY.value)
            return
        self._invite, self.is_over = text, False
        self._call_id, self._target = text.get("call-id"), text.get("contact").strip("<>")
        self._local, self._remote = f"{text.get('to')};tag={self._tag}", text.get("from")
        self.audio.target = text.audio
        if self.policy not in (Policy.ANSWER, Policy.NEVER):
            self._finish(text, self.policy.value)
            return
        self._answer(text, "180 Ringing")
        if self.policy is Policy.ANSWER:
            self._loop.call_later(self.answer_after, self._pick_up)

    def _pick_up(self) -> None:
        if self.is_over:
            return
        self._finish(self._invite, "200 OK", body=self._describe())
        self.is_up = True
        if self.drop_after is not None:
            self._loop.call_later(self.drop_after, self._leave)

    def _answer(self, text: Text, status: str, *, body: str = "") -> bytes:
        to = text.get("to") if ";tag=" in text.get("to") else f"{text.get('to')};tag={self._tag}"
        vias = [f"Via: {value}" for value in text.headers["via"]]
        rest = [f"From: {text.get('from')}", f"To: {to}", f"Call-ID: {text.get('call-id')}"]
        rest += [f"CSeq: {text.get('cseq')}", f"Contact: <sip:{self.user}@{HOST}:{self.port}>"]
        data = self._write(f"SIP/2.0 {status}", vias + rest, body)
        self._send(data)
        return data

    def _finish(self, invite: Text, status: str, *, body: str = "") -> None:
        """A last answer to an INVITE is told until it is acknowledged."""
        self._again("answer", data=self._answer(invite, status, body=body), pause=T1)

    def _stop_answering(self) -> None:
        if timer := self._resend.pop("answer", None):
            timer.cancel()


def wait_until(is_so: Callable[[], Any], *, seconds: float = 30.0, what: str | Callable[[], str] = "it") -> None:
    """Look again and again; `what` is said, or called to say, what did not come."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.01)
