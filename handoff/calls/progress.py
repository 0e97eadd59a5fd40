"""How far a call has come, decided from plain values: reports may come twice, late, and in any order."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from handoff.telephony.base import FINAL, Kind


class Status(StrEnum):
    """Where a call stands. `unknown`: a dial of which nobody can say whether it was made; it is looked up."""

    DIALING = "dialing"
    UNKNOWN = "unknown"
    RINGING = "ringing"
    ANSWERED = "answered"
    QUEUED = "queued"
    AGENT_RINGING = "agent_ringing"
    BRIDGED = "bridged"
    ENDED = "ended"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"


class Outcome(StrEnum):
    """What came of a dial, for whoever decides whether to try again."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    # The customer's phone never rang: our own side took it back.
    CANCELED = "canceled"


ENDED: Final = frozenset(Status(kind) for kind in FINAL)
LIVE: Final = frozenset(Status) - ENDED

# A report of a lower rank than the status came late and changes nothing. Agent first when we dial, last when they do.
_INBOUND: Final = (
    Status.RINGING,
    Status.ANSWERED,
    Status.QUEUED,
    Status.AGENT_RINGING,
    Status.BRIDGED,
)
_OUTBOUND: Final = (
    Status.DIALING,
    Status.UNKNOWN,
    Status.AGENT_RINGING,
    Status.QUEUED,
    Status.RINGING,
    Status.ANSWERED,
    Status.BRIDGED,
)
_WHY: Final = ENDED - {Status.ENDED}
_OUTCOMES: Final = {
    Status.ENDED: Outcome.ANSWERED,
    Status.BUSY: Outcome.BUSY,
    Status.NO_ANSWER: Outcome.NO_ANSWER,
    Status.FAILED: Outcome.FAILED,
    Status.CANCELED: Outcome.CANCELED,
}


def next_status(current: Status, kind: Kind, *, is_outbound: bool, was_answered: bool = False) -> Status:
    """The status after a report: what ended stays ended, and what came late changes nothing.

    One thing comes late and counts: why a dial that nobody answered has ended. Of its two legs the other one may be
    told first, and says no more than that it is over.
    """
    if kind is Kind.CODE_ENTERED:
        return current
    reported = Status(kind)
    if current in ENDED:
        tells_why = is_outbound and current is Status.ENDED and not was_answered and reported in _WHY
        return reported if tells_why else current
    if reported in ENDED:
        return reported
    ranks = _OUTBOUND if is_outbound else _INBOUND
    if current is Status.BRIDGED and reported is Status.QUEUED:
        return current
    if reported is Status.QUEUED and not is_outbound and current is Status.AGENT_RINGING:
        # The agent's line did not answer: the caller waits again.
        return reported
    return reported if _rank(reported, ranks) > _rank(current, ranks) else current


def outcome_of(status: Status) -> Outcome:
    """What a dial that ended so came to. Raises KeyError while it lasts."""
    return _OUTCOMES[status]


def _rank(status: Status, ranks: tuple[Status, ...]) -> int:
    return ranks.index(status) if status in ranks else -1
