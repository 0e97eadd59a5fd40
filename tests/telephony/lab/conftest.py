"""A lab that runs, and somebody who decides about its calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from handoff.telephony.backends.lab.engine import Setup
from handoff.telephony.backends.lab.provider import LabProvider
from handoff.telephony.backends.lab.transactions import Timers
from handoff.telephony.base import AskCode, CallEvent, Hold, Instruction, Kind, Nothing
from tests.telephony.softphone import wait_until

# Repeats come ten times as fast as on a real network, so that a test of them is short.
TIMERS = Timers(t1=0.05, t2=0.4)


class Desk:
    """Decides as the product would: asks for a code of eight digits once and then holds; keeps what it was told."""

    def __init__(self) -> None:
        self.events: list[CallEvent] = []
        self.threads: set[str] = set()
        self.decide: Callable[[CallEvent], Instruction] = decide

    def __call__(self, event: CallEvent) -> Instruction:
        self.threads.add(threading.current_thread().name)
        self.events.append(event)
        return self.decide(event)

    @property
    def kinds(self) -> list[Kind]:
        return [event.kind for event in self.events]

    def wait_for(self, kind: Kind, *, seconds: float = 10.0) -> CallEvent:
        wait_until(lambda: kind in self.kinds, seconds=seconds, what=lambda: f"{kind}; told: {self.kinds}")
        return next(event for event in self.events if event.kind is kind)


def decide(event: CallEvent) -> Instruction:
    if event.kind is Kind.RINGING:
        return AskCode(8)
    return Hold() if event.kind is Kind.CODE_ENTERED else Nothing()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def open_lab(desk: Desk) -> Iterator[Callable[..., LabProvider]]:
    """Start a lab with what a test wants otherwise: limits, routes, a gateway."""
    opened: list[LabProvider] = []

    def open_one(*, timers: Timers = TIMERS, **settings: Any) -> LabProvider:
        lab = LabProvider(desk, setup=Setup(timers=timers, **settings))
        lab.start()
        opened.append(lab)
        return lab

    yield open_one
    for lab in opened:
        lab.stop()


@pytest.fixture
def lab(open_lab: Callable[..., LabProvider]) -> LabProvider:
    return open_lab()


def number_at(lab: LabProvider, number: str = "+442079460000") -> str:
    """What a phone dials to reach this number at the lab."""
    host, port = lab.address
    return f"sip:{number}@{host}:{port}"
