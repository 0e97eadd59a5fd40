"""The nouns of the telephone: calls, callbacks, codes and windows, as they stand on the wire."""

from __future__ import annotations

from typing import Literal

import msgspec

from handoff.protocol.shape import Shape

Claim = Literal["asked", "mine", "not_mine"]
Trouble = Literal["agent_line", "provider"]
CallDirection = Literal["inbound", "outbound"]
CallStatus = Literal[
    "dialing",
    "ringing",
    "answered",
    "queued",
    "agent_ringing",
    "bridged",
    "ended",
    "failed",
    "busy",
    "no_answer",
    "canceled",
    "unknown",
]
# What speaks for the person on the line: a tap in the page that showed the code; the code and the confirmed number;
# the code alone; nothing; the page said that it is somebody else; the number of the profile was called; another number.
Evidence = Literal["tap", "code", "code_only", "none", "denied", "profile_number", "other_number"]


class PhoneView(Shape, frozen=True, kw_only=True):
    """Where to call and the code that carries the record into the call; `tel` dials both on a phone."""

    number: str
    # The number as people there write it for others: `+44 20 7946 0000`.
    display: str
    code: str
    tel: str
    expires_at: str


class TimeWindow(Shape, frozen=True, kw_only=True):
    """From and to as moments; whoever shows them knows the zone."""

    starts_at: str
    ends_at: str


class CallbackView(Shape, frozen=True, kw_only=True):
    """A call that we owe: to which number, when, and what came of it so far."""

    number: str
    # The customer typed another one than the site signed: it proves less.
    is_edited: bool
    window: TimeWindow | None
    time_zone: str
    consent: str
    attempts: int
    attempts_limit: int
    next_at: str | None
    last_outcome: str | None
    # A page that can put it off or cancel it, for whoever holds the link; told to its customer alone, in no event.
    link: str | None = None


class CallView(Shape, frozen=True, kw_only=True):
    """A call as both sides see it; `caller` is masked (`..0001`), and null if the number was withheld."""

    id: str
    direction: CallDirection
    status: CallStatus
    caller: str | None
    evidence: Evidence
    # Whether the page that showed the code is asked about it: `asked`, then what it said. Null: it is not asked.
    claim: Claim | None
    at: str
    answered_at: str | None
    bridged_at: str | None
    ended_at: str | None
    # How a dial went, or what the agent heard: answered, busy, no_answer, failed, voicemail, canceled.
    outcome: str | None
    # The agent has the record on screen: only then the line is opened.
    is_rendered: bool
    is_held: bool
    is_muted: bool
    # What the provider lets an agent do: hold, resume, mute, unmute.
    controls: list[str]
    # The line could not be opened: `agent_line` (theirs did not answer), `provider` (it refused, or is away).
    trouble: Trouble | None = None


class CallingView(Shape, frozen=True, kw_only=True):
    """What a page needs to offer a callback: the number of the signed profile, and the consent as it is shown.

    `is_standard`: the sentence is ours and not the site's own, so a page may say it in its reader's language.
    """

    number: str | None
    consent: str
    is_standard: bool


class Slot(Shape, frozen=True, kw_only=True):
    """A window that can be booked: a day and its local times in the customer's zone, and the moments they mean."""

    date: str
    # Local times as `15:00`; a pair that comes twice on a day is told apart by its moments.
    from_: str = msgspec.field(name="from")
    to: str
    starts_at: str
    ends_at: str


class Slots(Shape, frozen=True, kw_only=True):
    time_zone: str
    slots: list[Slot]
