"""Windows that can be promised: the grid, what it holds, and what of it is offered."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.callbacks.quiet import QuietHours, quiet_now
from handoff.callbacks.slots import Slot, Staff, Supply, compute_slots, find_slot
from handoff.callbacks.windows import LocalWindow, Window, read_window, tell_window
from handoff.lib.errors import DomainError
from handoff.staffing.opening import WEEKDAYS, Opening

LONDON = "Europe/London"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
# A Friday's hours, in a zone that is UTC in winter.
DAILY = Opening(LONDON, dict.fromkeys(WEEKDAYS, ("09:00-17:00",)), ("2026-12-01",))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(*spans: str, zone: str = LONDON) -> Opening:
    return Opening(zone, dict.fromkeys(WEEKDAYS, spans), ())


def offered(
    opening: Opening | None = DAILY,
    *,
    agents: int | Staff = 2,
    handling: float = 600,
    share: float = 0.5,
    minutes: int = 20,
    now: datetime = NOW,
    zone: str = LONDON,
    quiet: QuietHours | None = None,
    bookings: tuple[str, ...] = (),
    days: int = 7,
) -> list[Slot]:
    supply = Supply(opening, agents, handling_seconds=handling, share=share, slot_minutes=minutes)
    moments = [at(text) for text in bookings]
    return compute_slots(supply, bookings=moments, now=now, zone=zone, quiet=quiet, days=days)


def starts(slots: list[Slot], day: str) -> list[str]:
    return [f"{slot.starts_at:%H:%M}" for slot in slots if f"{slot.starts_at:%Y-%m-%d}" == day]


def test_slots_begin_with_the_hours_and_follow_each_other_to_the_closing() -> None:
    slots = offered()
    assert starts(slots, "2026-11-28")[:3] == ["09:00", "09:20", "09:40"]
    assert starts(slots, "2026-11-28")[-1] == "16:40"
    assert len(starts(slots, "2026-11-28")) == 24
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=20) for slot in slots)


def test_hours_that_open_at_an_odd_time_have_their_own_grid() -> None:
    slots = offered(hours("09:10-10:00", "13:05-13:25"))
    assert starts(slots, "2026-11-28") == ["09:10", "09:30", "13:05"]


def test_a_closed_day_has_none() -> None:
    assert starts(offered(), "2026-12-01") == []


def test_the_first_begins_ten_minutes_from_now_and_the_last_in_seven_days() -> None:
    assert offered(now=at("2026-11-27T11:50"))[0].starts_at == at("2026-11-27T12:00")
    assert offered(now=at("2026-11-27T11:50:00.001"))[0].starts_at == at("2026-11-27T12:20")
    assert offered(now=at("2026-11-27T12:00"))[-1].starts_at == at("2026-12-04T12:00")
    assert offered(now=at("2026-11-27T12:00"), days=30)[-1].starts_at == at("2026-12-27T12:00")


def test_a_line_without_hours_is_always_open() -> None:
    slots = offered(None)
    assert len(starts(slots, "2026-11-28")) == 72
    assert all(later.starts_at == earlier.ends_at for earlier, later in pairwise(slots) if later.starts_at.hour)


@pytest.mark.parametrize(
    ("agents", "handling", "share", "capacity"),
    [
        (2, 600, 0.5, [2, 2, 2, 2, 2]),
        (10, 600, 0.5, [10, 10, 10, 10, 10]),
        (1, 600, 0.5, [1, 1, 1, 1, 1]),
        (3, 300, 0.25, [3, 3, 3, 3, 3]),
        # 0.4 of a talk a slot: four in ten slots, the first one with the first.
        (1, 1500, 0.5, [1, 0, 1, 0, 0, 1, 0, 1, 0, 0]),
        # 1.5 a slot.
        (3, 1200, 0.5, [2, 1, 2, 1, 2, 1]),
        (1, 36_000, 0.5, [1, 0, 0, 0, 0]),
        (0, 600, 0.5, [0, 0, 0, 0, 0]),
        (5, 600, 0.0, [0, 0, 0, 0, 0]),
        (5, 600, 1.0, [10, 10, 10]),
        # Tenths add up to a little more than 14 after ten slots.
        (1, 600, 0.7, [2, 1, 2, 1, 1, 2, 1, 2, 1, 1, 2]),
        # Thirds that add up to whole ones.
        (1, 1200, 1 / 3, [1, 0, 0, 1, 0, 0, 1]),
    ],
)
def test_a_share_of_what_agents_can_do_is_promised(
    agents: int, handling: float, share: float, capacity: list[int]
) -> None:
    left = {f"{slot.starts_at:%H:%M}": slot.left for slot in offered(agents=agents, handling=handling, share=share)}
    day = [f"{9 + number // 3:02}:{number % 3 * 20:02}" for number in range(len(capacity))]
    assert [left.get(each, 0) for each in day] == capacity


def test_what_a_slot_holds_does_not_depend_on_when_one_looks() -> None:
    early = offered(agents=3, handling=1300, now=at("2026-11-27T05:00"))
    for hour in (9, 10, 13, 16):
        late = offered(agents=3, handling=1300, now=at(f"2026-11-27T{hour:02}:07"))
        upto = early[-1].starts_at
        assert [slot for slot in late if slot.starts_at <= upto] == [
            slot for slot in early if slot.starts_at >= late[0].starts_at
        ]


def test_a_slot_counts_the_fewest_agents_that_it_ever_has() -> None:
    staff = [
        (at("2026-11-28T09:30"), 4),
        (at("2026-11-28T10:00"), 2),
        (at("2026-11-28T10:50"), 0),
        (at("2026-11-28T10:51"), 6),
    ]
    slots = offered(agents=staff)
    found = [(f"{slot.starts_at:%H:%M}", slot.left) for slot in slots if slot.starts_at < at("2026-11-28T11:20")]
    assert found == [("09:40", 4), ("10:00", 2), ("10:20", 2), ("11:00", 6)]


def test_before_the_first_step_nobody_is_there() -> None:
    assert offered(agents=[(at("2026-11-30T09:00"), 2)])[0].starts_at == at("2026-11-30T09:00")
    assert offered(agents=[]) == []


def test_bookings_take_their_places() -> None:
    slots = offered(bookings=("2026-11-28T09:00", "2026-11-28T09:20", "2026-11-28T09:20", "2026-11-28T09:20"))
    assert [slot.left for slot in slots if slot.starts_at.day == 28][:3] == [1, 0, 2]


def test_a_booking_off_the_grid_counts_where_it_begins() -> None:
    """It was promised when the hours were others."""
    slots = offered(bookings=("2026-11-28T09:19", "2026-11-28T16:59", "2026-11-28T17:00", "2026-11-28T03:00"))
    left = [slot.left for slot in slots if slot.starts_at.day == 28]
    assert (left[0], left[1], left[-1]) == (1, 2, 1)
    assert sum(2 - each for each in left) == 2


def test_quiet_hours_of_who_is_called_are_left_out() -> None:
    """9 to 17 in London is 4 to 12 in New York: from 8 there."""
    slots = offered(zone="America/New_York", quiet=QuietHours("21:00", "08:00"))
    assert starts(slots, "2026-11-28")[0] == "13:00"
    # One that begins a minute before, or ends a minute after, is not offered.
    edges = offered(quiet=QuietHours("10:19", "11:01"))
    assert starts(edges, "2026-11-28")[2:5] == ["09:40", "11:20", "11:40"]
    exact = offered(quiet=QuietHours("10:20", "11:00"))
    assert starts(exact, "2026-11-28")[2:6] == ["09:40", "10:00", "11:00", "11:20"]
    within = offered(quiet=QuietHours("10:05", "10:10"))
    assert starts(within, "2026-11-28")[2:5] == ["09:40", "10:20", "10:40"]


def test_a_slot_over_the_customer_s_midnight_cannot_be_said() -> None:
    slots = offered(hours("00:00-24:00"), minutes=40, zone="Asia/Kathmandu")
    there = [slot.starts_at.astimezone(ZoneInfo("Asia/Kathmandu")) for slot in slots]
    assert "23:45" not in {f"{each:%H:%M}" for each in there}
    assert "23:05" in {f"{each:%H:%M}" for each in there}


@pytest.mark.parametrize(
    ("span", "day", "expected"),
    [
        # Clocks go back at 02:00 to 01:00: 01:00 to 02:00 comes twice, and only the first can be said.
        ("00:00-03:00", "2026-10-25", ["23:00", "23:20", "23:40", "00:00", "00:20", "02:00", "02:20", "02:40"]),
        # Clocks go forward at 01:00 to 02:00.
        ("00:00-03:00", "2027-03-28", ["00:00", "00:20", "00:40", "01:00", "01:20", "01:40"]),
        # It opens while there is no such time: when clocks go forward.
        ("01:30-03:00", "2027-03-28", ["01:00", "01:20", "01:40"]),
        # It opens at a time that comes twice: the first. It closes at one: the second.
        ("01:30-02:20", "2026-10-25", ["00:30"]),
    ],
)
def test_slots_follow_real_time_when_clocks_change(span: str, day: str, expected: list[str]) -> None:
    now = at(day) - timedelta(days=1)
    slots = offered(hours(span), now=now)
    found = [slot for slot in slots if slot.starts_at.astimezone(ZoneInfo(LONDON)).date().isoformat() == day]
    assert [f"{slot.starts_at:%H:%M}" for slot in found] == expected
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=20) for slot in found)


def test_two_spans_share_no_slot_in_the_hour_that_comes_twice() -> None:
    """Until 01:30 and from 01:30: the first ends the second time, so the other begins there as well."""
    slots = offered(hours("00:00-01:30", "01:30-04:00"), now=at("2026-10-24T12:00"), zone="UTC")
    assert all(earlier.ends_at <= later.starts_at for earlier, later in pairwise(slots))
    assert at("2026-10-25T01:30") in {slot.starts_at for slot in slots}


def test_days_share_no_slot_when_midnight_comes_twice() -> None:
    slots = offered(hours("00:00-24:00", zone="America/Havana"), now=at("2026-10-31T12:00"), zone="UTC")
    assert all(earlier.ends_at <= later.starts_at for earlier, later in pairwise(slots))
    # 25 hours from midnight to midnight, without the slots over midnight UTC.
    day = [slot for slot in slots if at("2026-11-01T05:00") <= slot.starts_at < at("2026-11-02T05:00")]
    assert len(day) == 72


# A week of slots takes longer on a busy machine than an example may.
unhurried = settings(deadline=None)
ZONES = st.sampled_from([LONDON, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "UTC"])
SPANS = st.sampled_from(
    [
        ("09:00-17:00",),
        ("00:00-24:00",),
        ("00:10-02:30", "03:00-11:11"),
        ("01:30-02:00",),
        ("22:00-24:00", "00:00-04:00"),
    ]
)


def test_the_day_before_is_known_also_to_who_looks_first_on_the_day() -> None:
    """Midnight comes twice in Havana: until the second one it is still the day before."""
    nights = hours("00:00-24:00", zone="America/Havana")
    early = offered(nights, minutes=25, now=at("2026-10-31T12:00"), zone="UTC")
    late = offered(nights, minutes=25, now=at("2026-11-01T04:05"), zone="UTC")
    assert late[0].starts_at < at("2026-11-01T05:00")
    assert late[: len(early) // 2] == [slot for slot in early if slot.starts_at >= late[0].starts_at][: len(early) // 2]


@unhurried
@given(
    day=st.integers(0, 729),
    minutes=st.integers(0, 1439),
    spans=SPANS,
    place=ZONES,
    zone=ZONES,
    agents=st.integers(0, 12),
    handling=st.integers(60, 7200),
    length=st.sampled_from([10, 15, 20, 30, 45, 60]),
    booked=st.lists(st.integers(0, 4000), max_size=8),
)
def test_whatever_is_offered_can_be_asked_for_and_kept(
    day: int,
    minutes: int,
    spans: tuple[str, ...],
    place: str,
    zone: str,
    agents: int,
    handling: int,
    length: int,
    booked: list[int],
) -> None:
    now = datetime.combine(date(2026, 1, 1), time(), UTC) + timedelta(days=day, minutes=minutes)
    opening = hours(*spans, zone=place)
    quiet = QuietHours("21:00", "08:00")
    supply = Supply(opening, agents, handling_seconds=handling, slot_minutes=length)
    bookings = [now + timedelta(minutes=each) for each in booked]
    slots = compute_slots(supply, bookings=bookings, now=now, zone=zone, quiet=quiet)
    assert bool(slots) <= (agents > 0)
    assert all(earlier.ends_at <= later.starts_at for earlier, later in pairwise(slots))
    for slot in slots:
        assert slot.ends_at - slot.starts_at == timedelta(minutes=length)
        assert slot.starts_at >= now + timedelta(minutes=10)
        assert opening.is_open(slot.starts_at)
        assert opening.is_open(slot.ends_at - timedelta(seconds=1))
        assert slot.left >= 0
        for moment in (
            slot.starts_at,
            slot.starts_at + timedelta(minutes=length / 2),
            slot.ends_at - timedelta(seconds=1),
        ):
            assert not quiet_now(quiet, zone=zone, now=moment)
        window = Window(slot.starts_at, slot.ends_at)
        assert read_window(tell_window(window, zone=zone), zone=zone, now=now) == window


@unhurried
@given(agents=st.integers(1, 9), handling=st.integers(60, 36_000), share=st.floats(0.05, 1))
def test_a_day_is_promised_its_share_and_at_most_one_more(agents: int, handling: int, share: float) -> None:
    slots = [slot for slot in offered(agents=agents, handling=handling, share=share) if slot.starts_at.day == 28]
    able = agents * 8 * 3600 / handling * share
    assert able - 1e-6 <= sum(slot.left for slot in slots) < able + 1
    assert slots[0].starts_at == at("2026-11-28T09:00")
    each = able / 24
    assert all(slot.left <= each + 1 for slot in slots)


def test_an_offered_slot_with_room_is_found() -> None:
    slots = offered(bookings=("2026-11-28T09:20",))
    window = read_window(LocalWindow("2026-11-28", "09:20", "09:40"), zone=LONDON, now=NOW)
    assert find_slot(slots, window) == Slot(at("2026-11-28T09:20"), at("2026-11-28T09:40"), 1)


def test_a_slot_that_was_taken_is_full() -> None:
    slots = offered(bookings=("2026-11-28T09:20", "2026-11-28T09:20"))
    with pytest.raises(DomainError) as caught:
        find_slot(slots, Window(at("2026-11-28T09:20"), at("2026-11-28T09:40")))
    assert (caught.value.code, caught.value.fields) == ("channel_full", {"window": "taken"})


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-28T03:00", "2026-11-28T03:20"),
        ("2026-11-28T17:00", "2026-11-28T17:20"),
        ("2026-11-28T09:10", "2026-11-28T09:30"),
        ("2026-11-28T09:00", "2026-11-28T09:40"),
        ("2026-11-28T09:00", "2026-11-28T09:10"),
        ("2026-11-27T12:00", "2026-11-27T12:20"),
        ("2026-12-01T09:00", "2026-12-01T09:20"),
        ("2027-12-01T09:00", "2027-12-01T09:20"),
    ],
)
def test_what_is_not_offered_cannot_be_booked(start: str, end: str) -> None:
    for slots in (offered(), []):
        with pytest.raises(DomainError) as caught:
            find_slot(slots, Window(at(start), at(end)))
        assert (caught.value.code, caught.value.fields) == ("channel_closed", {"window": "not_offered"})
