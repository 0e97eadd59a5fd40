"""What the tests of Asterisk share: the cast, and a connected Asterisk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from handoff.telephony.backends.asterisk import AsteriskProvider
from handoff.telephony.base import Audio, Order
from tests.telephony.deciding import AMIRA_SIP, CODE, Decider
from tests.telephony.fake_asterisk import Channel, FakeAsterisk

USER, PASSWORD = "asterisk", "a password of some length"
CALLER, LINE = "+447700900001", "+448005550100"
AGENT, PHONE, CUSTOMER = "PJSIP/amira", "PJSIP/+442079460011@trunk", "PJSIP/+447700900001@trunk"


def wait(condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.005)


@contextmanager
def connected(server: str, provider: AsteriskProvider, **options: Any) -> Iterator[FakeAsterisk]:
    before = len(provider._links)
    asterisk = FakeAsterisk(server, user=USER, password=PASSWORD, **options)
    wait(lambda: len(provider._links) > before and all(link.home for link in provider._links))
    try:
        yield asterisk
    finally:
        asterisk.close()


def waiting(asterisk: FakeAsterisk, decider: Decider) -> Channel:
    """A caller who keyed the code and hears the music."""
    channel = asterisk.call_in(CALLER, LINE)
    wait(lambda: "play sound:handoff/code" in channel.heard)
    asterisk.press(channel, CODE)
    wait(lambda: "moh" in channel.heard)
    return channel


def order(agent: Audio = AMIRA_SIP, reference: str = "call-7.1") -> Order:
    return Order(reference=reference, agent=agent, number=CALLER, caller_id=LINE, ring_seconds=20)
