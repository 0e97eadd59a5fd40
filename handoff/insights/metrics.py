"""What each figure of the wallboard is, from plain counts, and how it is defined to those who read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

# Whoever leaves this soon has hardly been waiting: told apart, as everywhere in the field.
SHORT_ABANDON_SECONDS: Final = 10


@dataclass(frozen=True)
class Tally:
    """What was counted in one queue and time; tallies of several queues add up."""

    answered: int = 0
    answered_in_time: int = 0
    answer_seconds: float = 0.0
    abandoned: int = 0
    abandoned_short: int = 0
    callbacks: int = 0
    # In line for longer than the queue's service level already: whatever comes of them, not in time.
    overdue: int = 0
    talks: int = 0
    passed_on: int = 0
    handled: int = 0
    handle_seconds: float = 0.0
    handoffs_connected: int = 0
    handoffs_reasked: int = 0
    efforts: int = 0
    effort_sum: float = 0.0
    promises: int = 0
    promises_kept: int = 0
    promised_seconds: float = 0.0
    actual_seconds: float = 0.0
    deflected: int = 0
    context_known: int = 0
    context_shown: int = 0

    def __add__(self, other: Tally) -> Tally:
        names = (field.name for field in fields(self))
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})


def total(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def offered(tally: Tally) -> int:
    return tally.answered + tally.abandoned + tally.callbacks + tally.overdue


def service_level(tally: Tally) -> float | None:
    return _share(tally.answered_in_time, offered(tally))


def asa_seconds(tally: Tally) -> float | None:
    return _share(tally.answer_seconds, tally.answered)


def aht_seconds(tally: Tally) -> float | None:
    return _share(tally.handle_seconds, tally.handled)


def abandonment(tally: Tally) -> float | None:
    return _share(tally.abandoned - tally.abandoned_short, offered(tally))


def transfer_rate(tally: Tally) -> float | None:
    return _share(tally.passed_on, tally.talks)


def reask_rate(tally: Tally) -> float | None:
    return _share(tally.handoffs_reasked, tally.handoffs_connected)


def effort(tally: Tally) -> float | None:
    return _share(tally.effort_sum, tally.efforts)


def promises_kept(tally: Tally) -> float | None:
    return _share(tally.promises_kept, tally.promises)


def context_delivered(tally: Tally) -> float | None:
    return _share(tally.context_shown, tally.context_known)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True)
class Span:
    start: datetime
    end: datetime


def seconds_covered(spans: Iterable[Span], within: Span) -> float:
    """How much of a time the spans cover together; what lies in several of them counts once."""
    clipped = sorted(
        (max(span.start, within.start), min(span.end, within.end))
        for span in spans
        if span.end > within.start and span.start < within.end
    )
    covered, reached = 0.0, within.start
    for start, end in clipped:
        if end > reached:
            covered += (end - max(start, reached)).total_seconds()
            reached = end
    return covered


def occupancy(handling_seconds: float, signed_in_seconds: float) -> float | None:
    """Never more than all of it: a talk outlasts the sign of life of a page that was closed."""
    share = _share(handling_seconds, signed_in_seconds)
    return None if share is None else min(1.0, share)


@dataclass(frozen=True)
class Definition:
    key: str
    label: str
    text: str


DEFINITIONS: Final = tuple(
    Definition(*one)
    for one in (
        ("waiting", "Waiting now", "In line or being offered to an agent at this moment."),
        ("oldest", "Oldest wait", "How long the one who came first has been waiting."),
        (
            "service_level",
            "Service level",
            "Answered within the queue's time / offered. Who left, who asked to be called back and who still waits "
            "beyond that time were offered and do not count as answered.",
        ),
        (
            "offered",
            "Offered",
            "First waits that began in this time and were answered, left, asked to be called back, or still wait "
            "beyond the queue's time. Left out of hours does not count.",
        ),
        ("asa", "Average wait of the answered", "Time in line / answered, from the click (or the promised time) on."),
        ("aht", "Average handle time", "Talk, hold and wrap-up together / each agent's finished work on a handoff."),
        (
            "abandonment",
            "Left the line",
            "Left while waiting / offered. Who left within 10 s is counted apart, as a short one.",
        ),
        (
            "occupancy",
            "Occupancy",
            "Time with at least one handoff in hand / time signed in, of the agents of the queue.",
        ),
        ("transfer_rate", "Passed on", "Talks that went to another agent or queue / talks begun."),
        ("reask_rate", "Re-asked", "Handoffs in which an agent asked for a fact on record / handoffs connected."),
        (
            "context_delivered",
            "Context delivered",
            "Facts and steps on the agent's desk at the accept / those known at the click, of the last 100 answered.",
        ),
        ("effort", "Effort", "Mean answer to how easy it was, 1 very difficult to 7 very easy."),
        (
            "promised",
            "Promise kept",
            "Answered within the range that the customer was told at the click / answered of those who were told one.",
        ),
        ("deflected", "Solved before queueing", "Customers who said that an article had solved it, and did not queue."),
    )
)
