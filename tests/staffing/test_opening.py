"""Opening hours across zones, clock changes and holidays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handoff.staffing.opening import Opening, parse_span

LONDON = Opening(
    zone="Europe/London",
    weekly={"monday": ["08:00-12:00", "13:00-20:00"], "tuesday": ["08:00-20:00"], "sunday": ["00:00-24:00"]},
    closed=["2026-12-28"],
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30T07:59:59", False),
        ("2026-11-30T08:00:00", True),
        ("2026-11-30T12:00:00", False),
        ("2026-11-30T13:00:00", True),
        ("2026-11-30T20:00:00", False),
        ("2026-07-06T07:00:00", True),  # British Summer Time: 08:00 there
        ("2026-07-06T06:59:00", False),
        ("2026-12-28T10:00:00", False),  # a Monday that is closed
        ("2026-11-29T23:59:59", True),
        ("2026-12-02T10:00:00", False),  # a Wednesday has no hours
    ],
)
def test_open_means_inside_a_span_of_the_queue_s_own_zone(moment: str, is_open: bool) -> None:
    assert LONDON.is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "opens_at"),
    [
        ("2026-11-30T07:00:00", "2026-11-30T08:00:00"),
        ("2026-11-30T12:30:00", "2026-11-30T13:00:00"),
        ("2026-12-01T21:00:00", "2026-12-06T00:00:00"),
        ("2026-12-27T23:59:59", "2026-12-29T08:00:00"),
    ],
)
def test_the_next_opening_is_told(moment: str, opens_at: str) -> None:
    assert LONDON.next_opening(at(moment)) == at(opens_at)


def test_a_queue_that_never_opens_says_so() -> None:
    assert Opening(zone="UTC", weekly={}, closed=[]).next_opening(at("2026-01-01T00:00:00")) is None


def opening(span: str, *, zone: str = "Europe/London", day: str = "sunday", closed: tuple[str, ...] = ()) -> Opening:
    return Opening(zone=zone, weekly={day: [span]}, closed=list(closed))


def minutes_open(hours: Opening, day: str) -> tuple[str, str, int]:
    """First and last minute of the UTC day at which it is open, and how many there are."""
    start = at(f"{day}T00:00:00")
    every = [start + timedelta(minutes=number) for number in range(24 * 60)]
    found = [moment for moment in every if hours.is_open(moment)]
    return f"{found[0]:%H:%M}", f"{found[-1]:%H:%M}", len(found)


@pytest.mark.parametrize(
    ("span", "found"),
    [
        ("00:30-03:00", ("00:30", "01:59", 90)),  # 01:00 to 02:00 is left out
        ("01:30-05:00", ("01:00", "03:59", 180)),  # opens at the change
        ("00:15-01:30", ("00:15", "00:59", 45)),  # and closes at it
    ],
)
def test_an_hour_that_is_left_out_makes_a_span_shorter_and_moves_nothing(
    span: str, found: tuple[str, str, int]
) -> None:
    hours = opening(span)
    assert minutes_open(hours, "2026-03-29") == found
    assert hours.next_opening(at("2026-03-28T22:00:00")) == at(f"2026-03-29T{found[0]}:00")


def test_a_span_inside_the_hour_that_is_left_out_does_not_open_that_day() -> None:
    hours = opening("01:15-01:45")
    assert not any(
        hours.is_open(at(f"2026-03-29T{hour:02d}:{minute:02d}:00")) for hour in range(3) for minute in (0, 30)
    )


@pytest.mark.parametrize(
    ("span", "found"),
    [
        ("00:30-03:00", ("00:00", "02:59", 180)),  # British Summer Time until 01:00 UTC
        ("01:30-05:00", ("00:30", "04:59", 270)),  # from the first 01:30
        ("00:45-01:30", ("00:00", "01:29", 90)),  # to the last
    ],
)
def test_an_hour_that_comes_twice_is_open_both_times(span: str, found: tuple[str, str, int]) -> None:
    assert minutes_open(opening(span), "2026-10-25") == found


def test_until_midnight_means_until_the_next_day_begins_there() -> None:
    hours = opening("20:00-24:00", zone="Asia/Kolkata", day="monday")
    assert minutes_open(hours, "2026-11-30") == ("14:30", "18:29", 240)
    # In Chile this midnight does not come: the clock goes from 24:00 to 01:00.
    hours = opening("20:00-24:00", zone="America/Santiago", day="saturday")
    assert hours.is_open(at("2026-09-06T03:59:00"))
    assert not hours.is_open(at("2026-09-06T04:00:00"))


def test_a_closed_date_is_a_date_in_the_queue_s_own_zone() -> None:
    hours = opening("00:00-24:00", zone="Pacific/Auckland", day="friday", closed=("2026-12-25",))
    assert not hours.is_open(at("2026-12-24T12:00:00"))
    assert not hours.is_open(at("2026-12-25T10:59:00"))
    assert hours.next_opening(at("2026-12-24T12:00:00")) == at("2026-12-31T11:00:00")


@pytest.mark.parametrize("span", ["8-20", "08:00", "20:00-08:00", "08:00-25:00", "08:60-09:00", "08:00-08:00", ""])
def test_a_malformed_span_is_refused(span: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_span(span)
