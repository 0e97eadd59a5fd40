"""Quiet hours of who is called, over midnight and changing clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.callbacks.quiet import QuietHours, allowed_from, quiet_now

LONDON = "Europe/London"
NIGHT = QuietHours("21:00", "08:00")
NOON = QuietHours("12:00", "14:30")
# Changes in the middle of each other's quiet hours.
ZONES = (LONDON, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "allowed"),
    [
        (NIGHT, LONDON, "2026-11-27T20:59:59", "2026-11-27T20:59:59"),
        (NIGHT, LONDON, "2026-11-27T21:00", "2026-11-28T08:00"),
        (NIGHT, LONDON, "2026-11-28T00:00", "2026-11-28T08:00"),
        (NIGHT, LONDON, "2026-11-28T07:59:59", "2026-11-28T08:00"),
        (NIGHT, LONDON, "2026-11-28T08:00", "2026-11-28T08:00"),
        (NIGHT, LONDON, "2026-07-01T20:00", "2026-07-02T07:00"),
        (NIGHT, "America/New_York", "2026-11-27T08:00", "2026-11-27T13:00"),
        (NOON, LONDON, "2026-11-27T11:59", "2026-11-27T11:59"),
        (NOON, LONDON, "2026-11-27T12:00", "2026-11-27T14:30"),
        (NOON, LONDON, "2026-11-27T14:30", "2026-11-27T14:30"),
        (QuietHours("22:00", "24:00"), LONDON, "2026-11-27T23:00", "2026-11-28T00:00"),
        (QuietHours("22:00", "00:00"), LONDON, "2026-11-27T23:00", "2026-11-28T00:00"),
        # The night in which clocks go back is an hour longer, and one in which they go forward an hour shorter.
        (NIGHT, LONDON, "2026-10-24T20:00", "2026-10-25T08:00"),
        (NIGHT, LONDON, "2027-03-27T21:00", "2027-03-28T07:00"),
        # Quiet until 01:30, which comes twice: until the second time.
        (QuietHours("21:00", "01:30"), LONDON, "2026-10-25T00:45", "2026-10-25T01:30"),
        # Quiet until 01:30, which does not come: until clocks go forward.
        (QuietHours("21:00", "01:30"), LONDON, "2027-03-28T00:45", "2027-03-28T01:00"),
        # Quiet from 01:30 to 03:00, when 01:30 comes twice: from the first time.
        (QuietHours("01:30", "03:00"), LONDON, "2026-10-25T00:30", "2026-10-25T03:00"),
        # Midnight comes twice in Havana.
        (QuietHours("22:00", "00:30"), "America/Havana", "2026-11-01T04:15", "2026-11-01T05:30"),
        (QuietHours("22:00", "24:00"), "America/Havana", "2026-11-01T04:30", "2026-11-01T05:00"),
        (None, LONDON, "2026-11-27T03:00", "2026-11-27T03:00"),
    ],
)
def test_nobody_is_rung_before_their_quiet_hours_are_over(
    quiet: QuietHours | None, zone: str, now: str, allowed: str
) -> None:
    assert allowed_from(quiet, zone=zone, now=at(now)) == at(allowed)
    assert quiet_now(quiet, zone=zone, now=at(now)) is (now != allowed)


@pytest.mark.parametrize(("begins", "ends"), [("21:00", "21:00"), ("9pm", "08:00"), ("21:00", "25:00"), ("", "08:00")])
def test_quiet_hours_that_say_nothing_are_refused(begins: str, ends: str) -> None:
    with pytest.raises(ValueError, match=r"quiet hours|like|time of a day"):
        QuietHours(begins, ends)


@settings(deadline=None)
@given(
    begins=st.integers(0, 47),
    length=st.integers(1, 47),
    zone=st.sampled_from(ZONES),
    minutes=st.integers(0, 730 * 1440),
)
def test_what_is_allowed_is_no_quiet_time_on_the_wall(begins: int, length: int, zone: str, minutes: int) -> None:
    quiet = QuietHours(clock(begins), clock(begins + length))
    now = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    allowed = allowed_from(quiet, zone=zone, now=now)
    assert not is_quiet_on_the_wall(quiet, allowed, zone)
    assert not quiet_now(quiet, zone=zone, now=allowed)
    assert now <= allowed <= now + timedelta(hours=25)
    if allowed > now:
        assert quiet_now(quiet, zone=zone, now=allowed - timedelta(minutes=1))
    else:
        assert not is_quiet_on_the_wall(quiet, now, zone)


def clock(half_hours: int) -> str:
    return f"{half_hours % 48 // 2:02}:{half_hours % 2 * 30:02}"


def is_quiet_on_the_wall(quiet: QuietHours, moment: datetime, zone: str) -> bool:
    shown = moment.astimezone(ZoneInfo(zone)).time()
    begins, ends = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)
    return begins <= shown < ends if begins < ends else shown >= begins or shown < ends
