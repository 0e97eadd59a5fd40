"""A stand-in for what decides: it writes down what is reported and answers as the real one would for one code."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from handoff.telephony.base import AskCode, Audio, CallEvent, Connect, HangUp, Hold, Instruction, Kind, Nothing

CODE = "48291374"


class Decider:
    """A repeat, by provider and event id, gets the answer that it had."""

    def __init__(self, *, digits: int = 8, code: str = CODE) -> None:
        self.digits, self.code = digits, code
        self.events: list[CallEvent] = []
        self.repeats: list[CallEvent] = []
        self.connect: Connect | None = None
        self.refuses_with: Instruction | None = None
        self.fails = 0
        self._answers: dict[tuple[str, str], Instruction] = {}
        self._lock = threading.Lock()

    def __call__(self, event: CallEvent) -> Instruction:
        with self._lock:
            if self.fails:
                self.fails -= 1
                raise RuntimeError("the database is away")
            key = (event.provider, event.event_id)
            if key in self._answers:
                self.repeats.append(event)
                return self._answers[key]
            self.events.append(event)
            self._answers[key] = answer = self._decide(event)
            return answer

    def _decide(self, event: CallEvent) -> Instruction:
        if event.kind is Kind.RINGING:
            return self.refuses_with or AskCode(self.digits)
        if event.kind is Kind.CODE_ENTERED:
            wrong = [each for each in self.events if each.kind is Kind.CODE_ENTERED and each.call_id == event.call_id]
            if event.digits in ("", self.code) or len(wrong) >= 3:
                return Hold()
            return AskCode(self.digits, is_again=True)
        if event.kind is Kind.QUEUED:
            return self.connect or Hold()
        return Nothing()

    def kinds(self, call_id: str = "") -> list[Kind]:
        return [event.kind for event in self.events if call_id in ("", event.call_id)]

    def wait_for(self, kind: Kind, *, count: int = 1, seconds: float = 5.0) -> CallEvent:
        return self.wait(lambda: [event for event in self.events if event.kind is kind][count - 1 :], seconds=seconds)

    def wait(self, find: Callable[[], list[CallEvent]], *, seconds: float) -> CallEvent:
        until = time.monotonic() + seconds
        while not (found := find()):
            assert time.monotonic() < until, f"it was never told; told were {self.kinds()}"
            time.sleep(0.005)
        return found[0]


AMIRA_SIP = Audio("sip:amira@pbx.example")
AMIRA_PHONE = Audio("+442079460011")
GOODBYE = HangUp("We are closed & <gone>.")
