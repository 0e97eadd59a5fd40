"""SIP transactions over UDP: sent again until answered, answered again when asked again (RFC 3261, section 17)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handoff.telephony.backends.lab.messages import Header, Message, Request, Response, build_response
from handoff.telephony.backends.lab.sockets import Address

Send = Callable[[Message], None]


@dataclass(frozen=True)
class Timers:
    """T1 and T2 of RFC 3261: the estimate of a round trip, and the longest pause between two repeats."""

    t1: float = 0.5
    t2: float = 4.0

    @property
    def limit(self) -> float:
        return 64 * self.t1


class Repeater:
    """Does something again after T1, 2 T1, 4 T1 ... until stopped; `expire` is called at 64 T1."""

    def __init__(self, act: Callable[[], None], *, timers: Timers, longest: float, expire: Callable[[], None]) -> None:
        self._act, self._longest, self._expire = act, longest, expire
        self._loop = asyncio.get_running_loop()
        self._pause = timers.t1
        self._again = self._loop.call_later(timers.t1, self._repeat)
        self._end = self._loop.call_later(timers.limit, self._give_up)

    def stop(self) -> None:
        self._again.cancel()
        self._end.cancel()

    def _repeat(self) -> None:
        self._act()
        self._pause = min(2 * self._pause, self._longest)
        self._again = self._loop.call_later(self._pause, self._repeat)

    def _give_up(self) -> None:
        self._again.cancel()
        self._expire()


class ClientTransaction:
    """One request of ours. Every answer goes to `respond`; one that never comes is a 408 of our own making."""

    def __init__(self, request: Request, *, send: Send, timers: Timers, respond: Callable[[Response], None]) -> None:
        self.request = request
        self._send, self._timers, self._respond = send, timers, respond
        self._is_invite = request.method == "INVITE"
        self._is_heard = False
        self._is_final = False
        self._is_canceled = False
        self._expiry: asyncio.TimerHandle | None = None
        longest = timers.limit if self._is_invite else timers.t2
        self._repeater = Repeater(self._transmit, timers=timers, longest=longest, expire=self._expire)
        self._transmit()

    def receive(self, response: Response) -> None:
        if response.status < 200:
            self._hear()
        elif not self._may_settle(response):
            return
        self._respond(response)

    @property
    def is_final(self) -> bool:
        return self._is_final

    def cancel(self) -> None:
        """Take an INVITE back: at once if the other side has been heard, else as soon as it is (RFC 3261, 9.1)."""
        if not (self._is_canceled or self._is_final):
            self._is_canceled = True
            if self._is_heard:
                self._send_cancel()

    def stop(self) -> None:
        self._repeater.stop()
        if self._expiry is not None:
            self._expiry.cancel()

    def _transmit(self) -> None:
        self._send(self.request)

    def _hear(self) -> None:
        if self._is_invite and not self._is_heard and not self._is_final:
            self._is_heard = True
            self._repeater.stop()
            if self._is_canceled:
                self._send_cancel()

    def _send_cancel(self) -> None:
        taken_back = build_like(self.request, method="CANCEL")
        self._repeater = Repeater(
            lambda: self._send(taken_back), timers=self._timers, longest=self._timers.t2, expire=self._expire
        )
        self._send(taken_back)

    def _may_settle(self, response: Response) -> bool:
        """Whether a last answer is news. Told again, only the acceptance of an INVITE is: it wants its ACK again."""
        is_acceptance = self._is_invite and response.status < 300
        if self._is_invite and not is_acceptance:
            self._send(build_ack(self.request, response=response))
        was_final = self._is_final
        self._finish()
        return is_acceptance or not was_final

    def _finish(self) -> None:
        self._is_final = True
        self.stop()

    def _expire(self) -> None:
        if not self._is_final:
            self._finish()
            self._respond(build_response(self.request, status=408))


class ServerTransaction:
    """One request of theirs and our last answer to it."""

    def __init__(
        self, request: Request, *, source: Address, send: Send, timers: Timers, forget: Callable[[], object]
    ) -> None:
        self.request, self.source = request, source
        self.canceled: Callable[[], None] = lambda: None
        self.acknowledged: Callable[[Request], None] = lambda ack: None
        self.unacknowledged: Callable[[], None] = lambda: None
        self._send, self._timers, self._forget = send, timers, forget
        self._last: Response | None = None
        self._repeater: Repeater | None = None

    @property
    def is_final(self) -> bool:
        return self._last is not None and self._last.status >= 200

    def respond(self, status: int, *, tag: str = "", headers: Sequence[Header] = (), body: bytes = b"") -> None:
        """Answer; an INVITE's last answer is sent again until it is acknowledged. After a last answer: nothing."""
        if self.is_final:
            return
        self._last = build_response(self.request, status=status, tag=tag, headers=headers, body=body)
        self.repeat()
        if status >= 200:
            asyncio.get_running_loop().call_later(self._timers.limit, self._forget)
        if status >= 200 and self.request.method == "INVITE":
            self._repeater = Repeater(
                self.repeat, timers=self._timers, longest=self._timers.t2, expire=lambda: self.unacknowledged()
            )

    def repeat(self) -> None:
        """They asked again, so they have not heard: say the last answer again."""
        if self._last is not None:
            self._send(self._last)

    def acknowledge(self, ack: Request) -> None:
        """An acknowledgement told again means nothing."""
        if self._repeater is not None:
            self.stop()
            self.acknowledged(ack)

    def stop(self) -> None:
        if self._repeater is not None:
            self._repeater.stop()
            self._repeater = None


def build_like(request: Request, *, method: str) -> Request:
    """A CANCEL or ACK for an INVITE of ours: the same hop, parties and number."""
    same = [header for header in request.headers if header[0] in ("via", "from", "to", "call-id", "route")]
    rest = [("cseq", f"{request.cseq[0]} {method}"), ("max-forwards", "70")]
    return Request(same + rest, method=method, uri=request.uri)


def build_ack(request: Request, *, response: Response) -> Request:
    """What a refusal of our INVITE is acknowledged with (RFC 3261, 17.1.1.3)."""
    ack = build_like(request, method="ACK")
    ack.headers = [(name, response.get("to") if name == "to" else value) for name, value in ack.headers]
    return ack
