"""Nobody was reached: is it tried again, and when?

By the outcome: a busy line after two minutes, one that nobody answered (or a machine did) after ten, a dial that
failed once more after one. Three attempts in all. Never outside the window that was promised, and never in the quiet
hours of who is called: what has no window waits for their end, what has one is given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from handoff.callbacks.quiet import QuietHours, allowed_from, quiet_now
from handoff.callbacks.windows import Window

ATTEMPTS_LIMIT: Final = 3
# A provider that could not place the same call twice will not place it the third time.
FAILURES_LIMIT: Final = 2


class Outcome(StrEnum):
    """How a dial ended that reached nobody."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    VOICEMAIL = "voicemail"


DELAYS: Final = {
    Outcome.BUSY: timedelta(minutes=2),
    Outcome.NO_ANSWER: timedelta(minutes=10),
    Outcome.FAILED: timedelta(minutes=1),
    Outcome.VOICEMAIL: timedelta(minutes=10),
}

Reason = Literal["attempts", "failed", "window_over", "quiet_hours"]


@dataclass(frozen=True)
class Retry:
    """At this moment the callback comes due again."""

    at: datetime


@dataclass(frozen=True)
class GiveUp:
    """The customer is told that they could not be reached, and why it ended."""

    reason: Reason


def decide_retry(
    outcome: Outcome,
    *,
    attempts: int,
    failures: int,
    window: Window | None,
    quiet: QuietHours | None,
    zone: str,
    now: datetime,
) -> Retry | GiveUp:
    """After a dial; `attempts` and, among them, `failures` count it already. `zone` is that of who is called."""
    if outcome is Outcome.FAILED and failures >= FAILURES_LIMIT:
        return GiveUp("failed")
    if attempts >= ATTEMPTS_LIMIT:
        return GiveUp("attempts")
    at = now + DELAYS[outcome]
    if window is None:
        return Retry(allowed_from(quiet, zone=zone, now=at))
    at = max(at, window.starts_at)
    problem = dial_problem(window=window, quiet=quiet, zone=zone, now=at)
    return GiveUp(problem) if problem in ("window_over", "quiet_hours") else Retry(at)


def dial_problem(
    *, window: Window | None, quiet: QuietHours | None, zone: str, now: datetime
) -> Literal["too_early", "window_over", "quiet_hours"] | None:
    """Why nobody may be rung at this moment; None: go on."""
    if window is not None and now < window.starts_at:
        return "too_early"
    if window is not None and now >= window.ends_at:
        return "window_over"
    return "quiet_hours" if quiet_now(quiet, zone=zone, now=now) else None
