"""Phones as a port: what a provider reports, what it is told, and what it can be asked to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from handoff.lib.errors import DomainError


class Kind(StrEnum):
    """What happened to a call. All but `code_entered` are also the status that the call is in from then on."""

    RINGING = "ringing"
    ANSWERED = "answered"
    CODE_ENTERED = "code_entered"
    QUEUED = "queued"
    AGENT_RINGING = "agent_ringing"
    BRIDGED = "bridged"
    ENDED = "ended"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"


FINAL: Final = frozenset({Kind.ENDED, Kind.FAILED, Kind.BUSY, Kind.NO_ANSWER, Kind.CANCELED})


@dataclass(frozen=True)
class CallEvent:
    """One report of a provider about one call; `event_id` is unique at that provider and the same when told again.

    The customer's leg is meant throughout: `ringing` and `answered` are the customer's phone, inbound or outbound;
    only `agent_ringing` is the agent's. `bridged` means that both are on the line and hear each other. A call that
    never reached `bridged` and whose customer hung up while waiting is `ended`. A dial whose customer was not reached
    for a reason on our side is `canceled`: it was taken back, or the agent's own line did not open.
    """

    provider: str
    event_id: str
    call_id: str
    kind: Kind
    # As the provider wrote them; "" where it knows none (a withheld number, or a report that does not repeat them).
    caller: str = ""
    called: str = ""
    # With `code_entered`: what was keyed, "" if nothing was within the time given.
    digits: str = ""
    # The `Order.reference` that we gave with a dial, where the provider repeats it.
    reference: str = ""


@dataclass(frozen=True)
class Audio:
    """Where an agent speaks and listens: a `sip:` address, or a phone number in E.164, asked to press 1 first."""

    address: str

    @property
    def is_sip(self) -> bool:
        return self.address.startswith("sip:")


# -- what a provider is told in answer to an event


@dataclass(frozen=True)
class AskCode:
    """Ask for the code and collect its digits, without a key to end them. `is_again`: the last one was not right."""

    digits: int
    is_again: bool = False


@dataclass(frozen=True)
class Hold:
    """The caller waits in line and is told so; the line stays open until connected or hung up."""


@dataclass(frozen=True)
class Connect:
    """Ring the agent and bridge the caller to them: for a line that asks, where it cannot be told by `connect`."""

    agent: Audio
    reference: str


@dataclass(frozen=True)
class HangUp:
    """Say goodbye in the words for this and end the call."""

    words: str = ""


@dataclass(frozen=True)
class Nothing:
    """The report changes nothing about what the caller hears."""


Instruction = AskCode | Hold | Connect | HangUp | Nothing

# What decides: a provider reports what it has verified and parsed, and renders the answer.
Report = Callable[[CallEvent], Instruction]


# -- what a provider can be asked to do


class Control(StrEnum):
    """What an agent may do to a running call."""

    HOLD = "hold"
    RESUME = "resume"
    MUTE = "mute"
    UNMUTE = "unmute"


@dataclass(frozen=True)
class Order:
    """One dial, agent first: the agent's line is opened (press 1 if it is a phone), then the customer is rung.

    Nobody who answers ever hears silence. `reference` is opaque and ours: a second order under the same one is not
    dialled again.
    """

    reference: str
    agent: Audio
    number: str
    caller_id: str
    ring_seconds: int = 30


class CallError(DomainError):
    """A provider refused or could not be reached.

    `is_permanent`: trying again cannot help. `is_ambiguous`: it may have happened all the same, so ask before trying
    again. `retry_after_seconds`: the provider's own word, if it gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        is_permanent: bool = False,
        is_ambiguous: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__("provider_failed", message)
        self.is_permanent = is_permanent
        self.is_ambiguous = is_ambiguous
        self.retry_after_seconds = retry_after_seconds


class Provider(Protocol):
    """One way to the phone network. Every method may block for up to 10 s and raises CallError."""

    name: str
    # What this one can do to a running call.
    controls: frozenset[Control]

    def is_reachable(self) -> bool:
        """Whether this process can speak to it: some keep their connection in one process only."""

    def originate(self, order: Order) -> str:
        """Begin a dial; answers the provider's id of the call."""

    def connect(self, call_id: str, agent: Audio, *, reference: str) -> None:
        """Ring the agent and bridge the waiting caller to them. Asked twice it rings once."""

    def park(self, call_id: str) -> None:
        """Take the agent off the line; the caller waits and is told so, as before they were connected."""

    def control(self, call_id: str, control: Control) -> None:
        """Hold, resume, mute or unmute a bridged call."""

    def hang_up(self, call_id: str) -> None:
        """End every leg of the call. One that has ended already is no error."""

    def look_up(self, *, call_id: str, reference: str) -> CallEvent | None:
        """How a call stands now, by the provider's id if it is known, else by our reference; None: it knows of none.

        The event's id is stable for the same status, so that a poll and a report of the same thing count once.
        """


# -- numbers as the network writes them

_NOT_DIGITS: Final = re.compile(r"[^0-9]")
_SIP_USER: Final = re.compile(r"sips?:(?P<user>[^@;>]*)")


def plain_number(text: str) -> str:
    """`+44 20 7946 0000` or `sip:+442079460000@host` as `+442079460000`; "" for what holds no digits."""
    found = _SIP_USER.search(text)
    user = found["user"] if found else text
    digits = _NOT_DIGITS.sub("", user)
    return f"+{digits}" if digits and user.strip().startswith("+") else digits


def masked(number: str) -> str:
    """The last four digits, as `..0001`; "" for a withheld number."""
    digits = _NOT_DIGITS.sub("", number)
    return f"..{digits[-4:]}" if digits else ""
