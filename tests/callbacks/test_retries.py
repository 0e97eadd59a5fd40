"""What follows when nobody was reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.callbacks.quiet import QuietHours
from handoff.callbacks.retries import ATTEMPTS_LIMIT, GiveUp, Outcome, Retry, decide_retry, dial_problem
from handoff.callbacks.windows import Window

LONDON = "Europe/London"
NIGHT = QuietHours("21:00", "08:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def decide(
    outcome: Outcome,
    *,
    attempts: int = 1,
    failures: int = 0,
    window: Window | None = None,
    quiet: QuietHours | None = NIGHT,
    zone: str = LONDON,
    now: str = "2026-11-27T12:00",
) -> Retry | GiveUp:
    moment = at(now)
    return decide_retry(
        outcome, attempts=attempts, failures=failures, window=window, quiet=quiet, zone=zone, now=moment
    )


def window(start: str, end: str, *, day: str = "2026-11-27") -> Window:
    return Window(at(f"{day}T{start}"), at(f"{day}T{end}"))


@pytest.mark.parametrize(
    ("outcome", "minutes"),
    [
        (Outcome.BUSY, 2),
        (Outcome.NO_ANSWER, 10),
        (Outcome.VOICEMAIL, 10),
    ],
)
@pytest.mark.parametrize("attempts", [1, 2])
def test_the_outcome_says_when(outcome: Outcome, minutes: int, attempts: int) -> None:
    assert decide(outcome, attempts=attempts) == Retry(at("2026-11-27T12:00") + timedelta(minutes=minutes))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_third_attempt_is_the_last(outcome: Outcome) -> None:
    assert decide(outcome, attempts=3, failures=int(outcome is Outcome.FAILED)) == GiveUp("attempts")


def test_a_dial_that_failed_is_tried_once_more() -> None:
    assert decide(Outcome.FAILED, attempts=1, failures=1) == Retry(at("2026-11-27T12:01"))
    assert decide(Outcome.FAILED, attempts=2, failures=1) == Retry(at("2026-11-27T12:01"))
    assert decide(Outcome.FAILED, attempts=2, failures=2) == GiveUp("failed")


def test_an_earlier_failure_ends_nothing_else() -> None:
    assert decide(Outcome.BUSY, attempts=2, failures=1) == Retry(at("2026-11-27T12:02"))


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("12:11", Retry(at("2026-11-27T12:10"))),
        ("12:10", GiveUp("window_over")),
        ("12:05", GiveUp("window_over")),
    ],
)
def test_no_retry_falls_outside_the_window(end: str, expected: Retry | GiveUp) -> None:
    assert decide(Outcome.NO_ANSWER, window=window("11:50", end)) == expected


def test_what_was_dialled_before_its_window_waits_for_it() -> None:
    assert decide(Outcome.BUSY, window=window("12:20", "12:40")) == Retry(at("2026-11-27T12:20"))


def test_without_a_window_the_end_of_the_quiet_hours_is_waited_for() -> None:
    assert decide(Outcome.NO_ANSWER, now="2026-11-27T20:49") == Retry(at("2026-11-27T20:59"))
    assert decide(Outcome.NO_ANSWER, now="2026-11-27T20:50") == Retry(at("2026-11-28T08:00"))


def test_quiet_hours_are_those_of_who_is_called() -> None:
    assert decide(Outcome.NO_ANSWER, zone="America/New_York") == Retry(at("2026-11-27T13:00"))


def test_a_window_that_runs_into_the_quiet_hours_is_given_up() -> None:
    late = window("20:40", "21:20")
    assert decide(Outcome.NO_ANSWER, window=late, now="2026-11-27T20:45") == Retry(at("2026-11-27T20:55"))
    assert decide(Outcome.NO_ANSWER, window=late, now="2026-11-27T20:55") == GiveUp("quiet_hours")


def test_a_night_whose_clocks_change_is_waited_out_to_its_end() -> None:
    assert decide(Outcome.NO_ANSWER, now="2026-10-24T19:55") == Retry(at("2026-10-25T08:00"))
    assert decide(Outcome.NO_ANSWER, now="2027-03-27T20:55") == Retry(at("2027-03-28T07:00"))


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        ("2026-11-27T20:39:59", "too_early"),
        ("2026-11-27T20:40", None),
        ("2026-11-27T20:59:59", None),
        ("2026-11-27T21:00", "quiet_hours"),
        ("2026-11-27T21:20", "window_over"),
    ],
)
def test_a_dial_is_looked_at_once_more_at_its_moment(now: str, problem: str | None) -> None:
    late = window("20:40", "21:20")
    assert dial_problem(window=late, quiet=NIGHT, zone=LONDON, now=at(now)) == problem


def test_without_a_window_only_the_night_keeps_from_dialling() -> None:
    assert dial_problem(window=None, quiet=NIGHT, zone=LONDON, now=at("2026-11-27T20:59")) is None
    assert dial_problem(window=None, quiet=NIGHT, zone=LONDON, now=at("2026-11-27T21:00")) == "quiet_hours"
    assert dial_problem(window=None, quiet=None, zone=LONDON, now=at("2026-11-27T21:00")) is None


MINUTES = st.integers(0, 730 * 1440)
QUIET = st.sampled_from([None, NIGHT, QuietHours("12:00", "14:00"), QuietHours("01:30", "01:00")])
ZONES = st.sampled_from([LONDON, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "UTC"])


@settings(deadline=None)
@given(
    outcomes=st.lists(st.sampled_from(list(Outcome)), min_size=4, max_size=6),
    started=MINUTES,
    length=st.none() | st.integers(1, 240),
    quiet=QUIET,
    zone=ZONES,
    talked=st.lists(st.integers(0, 900), min_size=6, max_size=6),
)
def test_every_course_ends_and_rings_nobody_when_it_must_not(
    outcomes: list[Outcome], started: int, length: int | None, quiet: QuietHours | None, zone: str, talked: list[int]
) -> None:
    start = at("2026-01-01T00:00") + timedelta(minutes=started)
    promised = Window(start, start + timedelta(minutes=length)) if length else None
    now, dials = start, 0
    failures = 0
    for outcome, seconds in zip(outcomes, talked, strict=False):
        if dial_problem(window=promised, quiet=quiet, zone=zone, now=now):
            assert dials == 0, "a retry was planned for a moment at which nobody may be rung"
            return
        assert promised is None or promised.starts_at <= now < promised.ends_at
        assert quiet is None or not is_on_the_wall(quiet, now, zone)
        dials += 1
        failures += outcome is Outcome.FAILED
        ended = now + timedelta(seconds=seconds)
        decided = decide_retry(
            outcome, attempts=dials, failures=failures, window=promised, quiet=quiet, zone=zone, now=ended
        )
        if isinstance(decided, GiveUp):
            assert dials <= ATTEMPTS_LIMIT
            return
        assert decided.at > ended
        now = decided.at
    pytest.fail(f"{dials} dials, and still no end")


def is_on_the_wall(quiet: QuietHours, moment: datetime, zone: str) -> bool:
    shown = f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
    if quiet.begins < quiet.ends:
        return quiet.begins <= shown < quiet.ends
    return shown >= quiet.begins or shown < quiet.ends
