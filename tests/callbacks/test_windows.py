"""A day and two times on a customer's clock, as instants and back, over changing clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handoff.callbacks.windows import LocalWindow, Window, can_be_said, read_window, tell_window
from handoff.lib.errors import DomainError

LONDON = "Europe/London"
# Where clocks change by an hour, by half an hour, at midnight, in the other half of the year, and never.
ZONES = (LONDON, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Kathmandu", "UTC")
# Days around every change of 2026 and 2027 in those zones, and the days between.
DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(730)]
CHANGES = [
    day
    for day in DAYS
    for zone in ZONES
    if len({datetime.combine(day, time(hour), ZoneInfo(zone)).utcoffset() for hour in (0, 5, 23)}) > 1
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(day: str, start: str, end: str, *, zone: str = LONDON, now: str | None = None) -> Window:
    moment = at(now) if now else at(day) - timedelta(days=1)
    return read_window(LocalWindow(day, start, end), zone=zone, now=moment)


def refusal(day: str, start: str, end: str, *, zone: str = LONDON, now: str = "2026-11-27T00:00") -> dict[str, str]:
    with pytest.raises(DomainError) as caught:
        read(day, start, end, zone=zone, now=now)
    assert caught.value.code == "invalid_request"
    assert caught.value.fields is not None
    return caught.value.fields


@pytest.mark.parametrize(
    ("day", "start", "end", "zone", "starts_at", "ends_at"),
    [
        ("2026-11-27", "15:00", "15:20", LONDON, "2026-11-27T15:00", "2026-11-27T15:20"),
        ("2026-07-01", "15:00", "15:20", LONDON, "2026-07-01T14:00", "2026-07-01T14:20"),
        ("2026-11-27", "09:00", "13:00", "America/New_York", "2026-11-27T14:00", "2026-11-27T18:00"),
        ("2026-11-27", "23:40", "24:00", LONDON, "2026-11-27T23:40", "2026-11-28T00:00"),
        ("2026-11-27", "00:10", "00:30", "Asia/Kathmandu", "2026-11-26T18:25", "2026-11-26T18:45"),
        # Clocks go back at 02:00 to 01:00: 01:30 comes twice, and the first is meant.
        ("2026-10-25", "01:30", "01:50", LONDON, "2026-10-25T00:30", "2026-10-25T00:50"),
        ("2026-10-25", "01:30", "02:00", LONDON, "2026-10-25T00:30", "2026-10-25T02:00"),
        ("2026-11-01", "01:00", "01:20", "America/New_York", "2026-11-01T05:00", "2026-11-01T05:20"),
        # By half an hour, at 02:00 to 01:30.
        ("2027-04-04", "01:40", "02:00", "Australia/Lord_Howe", "2027-04-03T14:40", "2027-04-03T15:30"),
        # Clocks go forward at 01:00 to 02:00: both ends exist, and the hour between does not.
        ("2027-03-28", "00:50", "02:00", LONDON, "2027-03-28T00:50", "2027-03-28T01:00"),
    ],
)
def test_a_time_on_the_wall_is_an_instant(
    day: str, start: str, end: str, zone: str, starts_at: str, ends_at: str
) -> None:
    assert read(day, start, end, zone=zone) == (at(starts_at), at(ends_at))


@pytest.mark.parametrize(
    ("day", "start", "end", "zone"),
    [
        ("2027-03-28", "01:00", "01:20", LONDON),
        ("2027-03-28", "00:50", "01:10", LONDON),
        ("2027-03-28", "01:50", "02:10", LONDON),
        ("2027-03-14", "02:30", "03:30", "America/New_York"),
        ("2026-10-04", "02:10", "02:40", "Australia/Lord_Howe"),
        ("2026-04-24", "00:00", "00:20", "Africa/Cairo"),
        ("2026-04-23", "23:40", "24:00", "Africa/Cairo"),
    ],
)
def test_a_time_that_does_not_come_is_refused(day: str, start: str, end: str, zone: str) -> None:
    now = (at(day) - timedelta(days=1)).isoformat()[:16]
    assert refusal(day, start, end, zone=zone, now=now) == {"window": "does_not_exist"}


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("27.11.2026", "15:00", "15:20"),
        ("2026-02-30", "15:00", "15:20"),
        ("2026-W48-5", "15:00", "15:20"),
        ("20261127", "15:00", "15:20"),
        ("2026-11-27 ", "15:00", "15:20"),
        ("2026-11-27\n", "15:00", "15:20"),
        ("2026-11-27", "3pm", "15:20"),
        ("2026-11-27", "15:00:00", "15:20"),
        ("2026-11-27", "15:00", "15:60"),
        ("2026-11-27", "24:00", "24:00"),
        ("2026-11-27", "15:00", "24:01"),
        ("2026-11-27", "15:00\n", "15:20"),
        ("2026-11-27", "١٥:00", "15:20"),
        ("٢٠٢٦-11-27", "15:00", "15:20"),
        ("", "", ""),
        ("0000-00-00", "15:00", "15:20"),
        ("2026-11-27", "9" * 10_000, "15:20"),
    ],
)
def test_what_is_no_date_or_time_is_refused(day: str, start: str, end: str) -> None:
    assert refusal(day, start, end) == {"window": "malformed"}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize(("start", "end"), [("00:00", "00:20"), ("23:40", "24:00")])
def test_the_ends_of_time_are_refused_and_no_fault(day: str, zone: str, start: str, end: str) -> None:
    assert refusal(day, start, end, zone=zone)["window"] in {"malformed", "past", "too_far", "does_not_exist"}


@pytest.mark.parametrize(
    "zone",
    ["", "Europe", "Europe/Atlantis", "../etc/passwd", "/etc/localtime", "EUROPE/LONDON\0", "posix/Europe/London"],
)
def test_a_zone_that_nobody_keeps_is_refused(zone: str) -> None:
    assert refusal("2026-11-27", "15:00", "15:20", zone=zone) == {"time_zone": "unknown_zone"}
    with pytest.raises(DomainError):
        tell_window(Window(at("2026-11-27T15:00"), at("2026-11-27T15:20")), zone=zone)


@pytest.mark.parametrize(
    ("day", "start", "end", "problem"),
    [
        ("2026-11-27", "15:20", "15:00", "reversed"),
        ("2026-11-27", "15:00", "15:00", "reversed"),
        ("2026-11-27", "11:59", "12:30", "past"),
        ("2026-11-26", "15:00", "15:20", "past"),
        ("2026-12-04", "12:01", "12:20", "too_far"),
        ("2026-11-27", "15:00", "19:01", "too_long"),
    ],
)
def test_a_window_that_nobody_can_keep_is_refused(day: str, start: str, end: str, problem: str) -> None:
    assert refusal(day, start, end, now="2026-11-27T12:00") == {"window": problem}


def test_the_limits_themselves_are_allowed() -> None:
    assert read("2026-11-27", "12:00", "16:00", now="2026-11-27T12:00").starts_at == at("2026-11-27T12:00")
    assert read("2026-12-04", "12:00", "12:20", now="2026-11-27T12:00").starts_at == at("2026-12-04T12:00")


def test_four_hours_are_real_ones() -> None:
    """Four on the wall are five when clocks go back."""
    assert refusal("2026-10-25", "00:30", "04:30", now="2026-10-24T12:00") == {"window": "too_long"}
    assert read("2027-03-28", "00:30", "05:30").ends_at == at("2027-03-28T04:30")


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "zone", "told"),
    [
        ("2026-11-27T15:00", "2026-11-27T15:20", LONDON, ("2026-11-27", "15:00", "15:20")),
        ("2026-11-27T15:00", "2026-11-27T15:20", "Asia/Kathmandu", ("2026-11-27", "20:45", "21:05")),
        ("2026-11-27T23:40", "2026-11-28T00:00", LONDON, ("2026-11-27", "23:40", "24:00")),
        ("2026-11-27T23:50", "2026-11-28T00:10", LONDON, ("2026-11-27", "23:50", "00:10")),
        ("2026-10-25T01:30", "2026-10-25T01:50", LONDON, ("2026-10-25", "01:30", "01:50")),
    ],
)
def test_an_instant_is_told_by_the_clock_on_the_wall(
    starts_at: str, ends_at: str, zone: str, told: tuple[str, str, str]
) -> None:
    assert tell_window(Window(at(starts_at), at(ends_at)), zone=zone) == told


@pytest.mark.parametrize(
    ("starts_at", "can"),
    [
        ("2026-10-25T00:20", True),
        ("2026-10-25T00:40", False),  # from 01:40 to 01:00
        ("2026-10-25T01:00", False),  # 01:00 for the second time
        ("2026-10-25T01:40", False),
        ("2026-10-25T02:00", True),
        ("2026-11-27T23:40", True),
        ("2026-11-27T23:50", False),  # over midnight
    ],
)
def test_what_a_day_and_two_times_cannot_name_is_known(starts_at: str, can: bool) -> None:
    window = Window(at(starts_at), at(starts_at) + timedelta(minutes=20))
    assert can_be_said(window, zone=ZoneInfo(LONDON)) is can


def test_an_end_that_comes_for_the_second_time_cannot_be_named() -> None:
    """01:00 to 01:30, an hour and a half later: it would be read as half an hour."""
    window = Window(at("2026-10-25T00:00"), at("2026-10-25T01:30"))
    assert tell_window(window, zone=LONDON) == ("2026-10-25", "01:00", "01:30")
    assert not can_be_said(window, zone=ZoneInfo(LONDON))


@settings(deadline=None)
@given(
    day=st.sampled_from(CHANGES) | st.sampled_from(DAYS),
    start=st.integers(0, 24 * 60 - 1),
    length=st.integers(1, 240),
    zone=st.sampled_from(ZONES),
)
@example(day=date(2026, 10, 25), start=90, length=20, zone=LONDON)
@example(day=date(2026, 10, 30), start=0, length=20, zone="Africa/Cairo")
def test_what_is_read_is_told_again_or_was_never_on_the_wall(day: date, start: int, length: int, zone: str) -> None:
    end = min(start + length, 24 * 60)
    asked = LocalWindow(day.isoformat(), *(f"{each // 60:02}:{each % 60:02}" for each in (start, end)))
    now = datetime.combine(day, time(), UTC) - timedelta(days=2)
    try:
        window = read_window(asked, zone=zone, now=now)
    except DomainError as refused:
        problem = refused.fields
    else:
        problem = None
    missing = any(first_shown(day, minutes, zone) is None for minutes in (start, end))
    assert (problem == {"window": "does_not_exist"}) is missing
    if problem:
        assert missing or problem == {"window": "too_long"}
        return
    assert window.starts_at < window.ends_at <= window.starts_at + timedelta(hours=4)
    assert tell_window(window, zone=zone) == asked
    assert can_be_said(window, zone=ZoneInfo(zone))
    for told, instant in zip((start, end), window, strict=True):
        assert instant == first_shown(day, told, zone)


@settings(deadline=None)
@given(
    day=st.sampled_from(CHANGES) | st.sampled_from(DAYS),
    minutes=st.integers(0, 24 * 60 - 1),
    length=st.integers(1, 240),
    zone=st.sampled_from(ZONES),
)
def test_every_window_that_can_be_said_is_read_as_what_it_is(day: date, minutes: int, length: int, zone: str) -> None:
    start = datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)
    window = Window(start, start + timedelta(minutes=length))
    told = tell_window(window, zone=zone)
    try:
        again = read_window(told, zone=zone, now=start - timedelta(hours=3))
    except DomainError:
        again = None
    assert (again == window) is can_be_said(window, zone=ZoneInfo(zone))


@cache
def minutes_shown(day: date, zone: str) -> dict[str, datetime]:
    """What a clock there shows in two days and more, minute by minute, each at its first time: found without rules."""
    start = datetime.combine(day, time(), UTC) - timedelta(hours=15)
    found: dict[str, datetime] = {}
    for number in range(56 * 60):
        moment = start + timedelta(minutes=number)
        found.setdefault(f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}", moment)
    return found


def first_shown(day: date, minutes: int, zone: str) -> datetime | None:
    return minutes_shown(day, zone).get(f"{datetime.combine(day, time()) + timedelta(minutes=minutes):%Y-%m-%d %H:%M}")


@pytest.mark.parametrize(
    ("starts_at", "hours", "day", "zone"),
    [
        ("2026-10-24T20:00", 8, "2026-10-25", LONDON),
        ("2027-03-27T20:00", 8, "2027-03-28", LONDON),
        ("2026-10-31T20:00", 14, "2026-11-01", "America/New_York"),
        ("2027-03-13T20:00", 14, "2027-03-14", "America/New_York"),
    ],
)
def test_the_clock_over_a_change_moves_no_promise(starts_at: str, hours: int, day: str, zone: str) -> None:
    """Asked at any minute of the night, the same words mean the same instants, until they are past."""
    asked = LocalWindow(day, "05:00", "05:20")
    meant = read_window(asked, zone=zone, now=at(starts_at))
    for number in range(hours * 60):
        now = at(starts_at) + timedelta(minutes=number)
        if now > meant.starts_at:
            with pytest.raises(DomainError):
                read_window(asked, zone=zone, now=now)
        else:
            assert read_window(asked, zone=zone, now=now) == meant
