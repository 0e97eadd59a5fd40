"""How far a call has come, from plain values: of two legs either may be told first."""

from __future__ import annotations

import itertools

import pytest

from handoff.calls.progress import ENDED, Outcome, Status, next_status, outcome_of
from handoff.telephony.base import Kind


def after(*kinds: Kind) -> Status:
    """The status of a dial after these reports."""
    status = Status.DIALING
    for place, kind in enumerate(kinds):
        answered = any(kind in (Kind.ANSWERED, Kind.BRIDGED) for kind in kinds[:place])
        status = next_status(status, kind, is_outbound=True, was_answered=answered)
    return status


@pytest.mark.parametrize("why", [Kind.BUSY, Kind.NO_ANSWER, Kind.FAILED, Kind.CANCELED])
def test_why_a_dial_ended_counts_whichever_leg_is_told_first(why: Kind) -> None:
    for order in itertools.permutations([Kind.RINGING, why, Kind.ENDED]):
        assert after(*order) == why
        assert outcome_of(after(*order)) == Outcome(why)


@pytest.mark.parametrize("late", [Kind.BUSY, Kind.NO_ANSWER, Kind.FAILED, Kind.CANCELED, Kind.RINGING, Kind.BRIDGED])
def test_a_talk_that_ended_stays_a_talk(late: Kind) -> None:
    assert after(Kind.RINGING, Kind.BRIDGED, Kind.ENDED, late) is Status.ENDED


def test_nothing_comes_after_what_is_known_to_have_failed() -> None:
    for kind in Kind:
        assert after(Kind.BUSY, kind) is Status.BUSY
        assert next_status(Status.ENDED, kind, is_outbound=False) is Status.ENDED
    assert Status.UNKNOWN not in ENDED
