"""One Asterisk's socket as the rest sees it: requests with their answers, and whatever else arrives."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any, Final

from handoff.telephony.backends import asterisk_wire as wire
from handoff.telephony.backends.asterisk_wire import Ask
from handoff.telephony.base import CallError, CallEvent

ANSWER_SECONDS: Final = 8.0
# Reports of one call are decided in their order, of several side by side.
LANES: Final = 4

Run = Callable[..., Any]


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]


class Link:
    """`home` is Asterisk's name for itself, "" until it has said it."""

    def __init__(
        self,
        send_text: Callable[[str], None],
        *,
        run: Run,
        on_event: Callable[[Link, dict[str, Any]], None],
        on_answer: Callable[[Link, Ask, Answer], None],
        on_tick: Callable[[], None],
    ) -> None:
        self.home = ""
        self.is_open = True
        self.tick = on_tick
        self._send_text = send_text
        self._run = run
        self._on_event = on_event
        self._on_answer = on_answer
        self._numbers = itertools.count(1)
        self._pending: dict[str, tuple[Ask, Future[Answer] | None]] = {}
        self._lock = threading.Lock()
        self._lanes = [ThreadPoolExecutor(1, thread_name_prefix=f"asterisk-{number}") for number in range(LANES)]

    def take(self, text: str) -> None:
        """One message, on the socket's own loop: nothing here may block."""
        message = wire.decode(text)
        if message.get("type") == "RESTResponse":
            self._answered(message)
        elif message:
            self._on_event(self, message)

    def send(self, ask: Ask) -> None:
        """Without waiting; a refusal is handed to `on_answer`."""
        self._put(ask, None)

    def request(self, ask: Ask) -> Answer:
        """Wait for the answer, never on the socket's own loop. Raises CallError."""
        future: Future[Answer] = Future()
        number = self._put(ask, future)
        try:
            return future.result(timeout=ANSWER_SECONDS)
        except FutureTimeout:
            raise CallError("Asterisk did not answer.", is_ambiguous=ask.method != "GET") from None
        finally:
            with self._lock:
                self._pending.pop(number, None)

    def in_lane(self, event: CallEvent, work: Callable[[CallEvent], None]) -> None:
        if self.is_open:
            self._lanes[hash(event.call_id) % LANES].submit(self._run, work, event)

    def close(self) -> None:
        with self._lock:
            self.is_open = False
            pending, self._pending = list(self._pending.values()), {}
        for ask, future in pending:
            if future is not None:
                gone = CallError("Asterisk has gone.", is_ambiguous=ask.method != "GET")
                future.set_exception(gone)
        for lane in self._lanes:
            # What was reported is decided; nobody waits for it here.
            lane.shutdown(wait=False)

    def _put(self, ask: Ask, future: Future[Answer] | None) -> str:
        number = str(next(self._numbers))
        with self._lock:
            if not self.is_open:
                raise CallError("Asterisk has gone.")
            self._pending[number] = (ask, future)
            self._send_text(wire.encode(ask, request_id=number))
        return number

    def _answered(self, message: dict[str, Any]) -> None:
        with self._lock:
            ask, future = self._pending.pop(wire.text_at(message, "request_id"), (None, None))
        status = message.get("status_code")
        body = wire.decode(wire.text_at(message, "message_body"))
        answer = Answer(status=status if isinstance(status, int) else 0, body=body)
        if future is not None:
            future.set_result(answer)
        elif ask is not None:
            self._on_answer(self, ask, answer)
