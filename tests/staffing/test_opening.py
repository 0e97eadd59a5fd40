"""Opening hours across zones, clock changes and holidays."""

from __future__ import annotations

from datetime import UTC, datetime

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


@pytest.mark.parametrize("span", ["8-20", "08:00", "20:00-08:00", "08:00-25:00", "08:60-09:00", "08:00-08:00", ""])
def test_a_malformed_span_is_refused(span: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_span(span)
