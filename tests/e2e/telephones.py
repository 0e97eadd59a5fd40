"""People's telephones beside their browsers: real SIP and RTP to the lab that the product runs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from playwright.sync_api import expect

from tests.e2e.people import Agent, Customer
from tests.telephony.softphone import Policy, Softphone

NUMBER: Final = "+442079460000"
MAYAS_TONE: Final = 440
AMIRAS_TONE: Final = 880
# Maya's number, as the bank signs it.
MAYAS_NUMBER: Final = "+447700900001"


class Telephones:
    """`desk` is an agent's phone; `mobile` the customer's own; both go silent when the block ends."""

    def __init__(self, stack: ExitStack, sip_port: int) -> None:
        self._stack = stack
        self.sip_port = sip_port

    @property
    def lab(self) -> tuple[str, int]:
        return "127.0.0.1", self.sip_port

    def of(self, user: str, *, policy: Policy = Policy.ANSWER, drop_after: float | None = None) -> Softphone:
        """A phone of this name or number, known to the lab."""
        phone = self._stack.enter_context(Softphone(user, policy=policy, drop_after=drop_after))
        phone.register(self.lab)
        phone.wait_for(lambda: 200 in phone.get_statuses("REGISTER"), what="registered")
        return phone

    def call_in(self, phone: Softphone) -> None:
        phone.call(f"sip:{NUMBER}@127.0.0.1:{self.sip_port}")
        phone.wait_for(lambda: phone.is_up, what="answered")

    def key(self, phone: Softphone, code: str) -> None:
        """Once the tones that ask for it have begun."""
        phone.wait_for(lambda: phone.first_audio_at is not None, what="asked for the code")
        phone.send_digits(code)


@contextmanager
def telephones(sip_port: int) -> Iterator[Telephones]:
    with ExitStack() as stack:
        yield Telephones(stack, sip_port)


def choose(customer: Customer, way: str) -> None:
    """One of the ways on the start, by what it is called there."""
    customer.panel.get_by_role("radio", name=re.compile(way)).check()


def shown_code(customer: Customer) -> str:
    digits = customer.panel.locator(".code-big")
    expect(digits).to_be_visible()
    return re.sub(r"\D", "", digits.inner_text())


def watch_for(agent: Agent, text: str) -> None:
    """Note in the agent's page when this text is first in its pane, by the clock that this process reads too."""
    agent.page.evaluate(
        """text => {
            const look = () => {
                if (!window.seenAt && document.querySelector("aside.pane")?.innerText.includes(text))
                    window.seenAt = Date.now() / 1000;
            };
            window.seenAt = 0;
            new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
            look();
        }""",
        text,
    )


def seen_at(agent: Agent) -> float:
    """Seconds of the epoch; fails if it never was."""
    found = float(agent.page.evaluate("window.seenAt"))
    assert found, "the record was never in the agent's page"
    return found


def heard_at(phone: Softphone) -> float:
    """Seconds of the epoch at which the first packet of audio came."""
    assert phone.first_audio_at is not None
    return time.time() - (time.monotonic() - phone.first_audio_at)
