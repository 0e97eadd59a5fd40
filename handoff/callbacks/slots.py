"""Which windows a customer can be promised: hours, agents, handling time and bookings, as plain values.

The grid. Slots begin where the hours open, by the clock on the wall, and follow each other in real time: each is
exactly as long as said also while clocks change, none crosses a closing, and what is left before it is not offered. A
line that is always open opens at midnight UTC each day, so that everybody in it sees the same slots.

The capacity. Agents could finish `agents * slot / handling` talks within a slot. A share of them may be promised; the
rest serves those who come now, and evens out talks that last longer. Whole promises come from running totals: within
one opening the n-th slot may bring the promises up to the share of what n slots hold, rounded up. So a small team with
long talks gets one in every third slot, say, and never one in each; the first slot of an opening has at least one; and
a day is promised its share and at most one more. A slot counts the fewest agents that it ever has.

What is offered can be said: on one day, at times that come once, or for the first time, on the customer's clock, and
outside the quiet hours there. When clocks change the windows' rule holds (windows.py).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from handoff.callbacks.quiet import QuietHours
from handoff.callbacks.windows import Window, can_be_said
from handoff.lib.errors import DomainError
from handoff.staffing.opening import WEEKDAYS, Opening

# What a talk takes where too few have been counted.
HANDLING_SECONDS: Final = 600.0
PROMISED_SHARE: Final = 0.5
SLOT_MINUTES: Final = 20
DAYS_AHEAD: Final = 7
LEAD: Final = timedelta(minutes=10)
# A promised callback comes due when its window begins, and stands in line as if it had come this much earlier: so it is
# before those who came since, and a dial falls into the window also when the line is long.
HEAD_START: Final = timedelta(minutes=20)
ALWAYS: Final = Opening(zone="UTC", weekly=dict.fromkeys(WEEKDAYS, ("00:00-24:00",)), closed=())
# Sums of fractions that should be whole are off by less.
_ROUNDING: Final = 1e-6

# From each of these moments so many agents take calls; none before the first.
Staff = Sequence[tuple[datetime, int]]


class Slot(NamedTuple):
    """A window that may be promised; `left` is 0 when all of it is booked."""

    starts_at: datetime
    ends_at: datetime
    left: int


@dataclass(frozen=True)
class Supply:
    """Who answers and when: `hours` None is always open; `agents` is a number, or how it changes."""

    hours: Opening | None
    agents: int | Staff
    handling_seconds: float = HANDLING_SECONDS
    share: float = PROMISED_SHARE
    slot_minutes: int = SLOT_MINUTES


def compute_slots(
    supply: Supply,
    *,
    bookings: Iterable[datetime],
    now: datetime,
    zone: str,
    quiet: QuietHours | None = None,
    days: int = DAYS_AHEAD,
    lead: timedelta = LEAD,
) -> list[Slot]:
    """All that can be promised from now on, in order, with what is left; booked-up ones too.

    `bookings` are the starts of the windows promised so far; `zone` and `quiet` are those of who is called.
    """
    first, last = now + lead, now + timedelta(days=days)
    grid = [each for each in _grid(supply, since=first, until=last) if each[2]]
    booked = _booked(grid, bookings)
    place = ZoneInfo(zone)
    silence = list(quiet.spans(zone, since=first, until=last)) if quiet else []
    return [
        Slot(start, end, max(0, capacity - taken))
        for (start, end, capacity), taken in zip(grid, booked, strict=True)
        if first <= start <= last and not _touches(silence, start, end) and can_be_said(Window(start, end), zone=place)
    ]


def find_slot(slots: Sequence[Slot], window: Window) -> Slot:
    """The offered slot that is this window. Raises DomainError `channel_closed` (not offered) or `channel_full`."""
    place = bisect_right(slots, window.starts_at, key=lambda slot: slot.starts_at) - 1
    if place < 0 or slots[place][:2] != window:
        message = "No callback is offered at that time."
        raise DomainError("channel_closed", message, fields={"window": "not_offered"})
    if slots[place].left < 1:
        raise DomainError("channel_full", "That time has been taken.", fields={"window": "taken"})
    return slots[place]


def _grid(supply: Supply, *, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, int]]:
    """Every slot of the openings that reach into that time, with what it can hold in all."""
    length = timedelta(minutes=supply.slot_minutes)
    each = supply.slot_minutes * 60 * supply.share / supply.handling_seconds
    fewest = _Fewest(supply.agents)
    for opens, closes in _openings(supply.hours or ALWAYS, since=since, until=until):
        total, promised = 0.0, 0
        start = opens
        while (end := start + length) <= closes:
            total += each * fewest.between(start, end)
            capacity = max(0, ceil(total - _ROUNDING) - promised)
            promised += capacity
            yield start, end, capacity
            start = end


def _openings(hours: Opening, *, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Without what two spans have in common: an hour that comes twice may belong to the end of one and the next."""
    place = ZoneInfo(hours.zone)
    day, last = (each.astimezone(place).date() for each in (since, until))
    closed_since = datetime.min.replace(tzinfo=UTC)
    for ahead in range(-1, (last - day).days + 1):
        for start, end in hours.spans(day + timedelta(days=ahead)):
            yield max(start, closed_since), end
            closed_since = max(closed_since, end)


class _Fewest:
    """The fewest agents between two moments, asked in the order of time."""

    def __init__(self, agents: int | Staff) -> None:
        steps: Staff = [(datetime.min.replace(tzinfo=UTC), agents)] if isinstance(agents, int) else sorted(agents)
        self._since = [since for since, _ in steps]
        self._counts = [max(0, count) for _, count in steps]

    def between(self, start: datetime, end: datetime) -> int:
        first = bisect_right(self._since, start) - 1
        if first < 0:
            return 0
        last = first + 1
        while last < len(self._since) and self._since[last] < end:
            last += 1
        return min(self._counts[first:last])


def _booked(grid: Sequence[tuple[datetime, datetime, int]], bookings: Iterable[datetime]) -> list[int]:
    """How many windows begin within each slot: those promised under other hours may not lie on the grid."""
    starts = [start for start, _, _ in grid]
    counts = [0] * len(grid)
    for moment in bookings:
        place = bisect_right(starts, moment) - 1
        if place >= 0 and moment < grid[place][1]:
            counts[place] += 1
    return counts


def _touches(spans: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime) -> bool:
    place = bisect_right(spans, start, key=lambda span: span[0])
    return any(begins < end and start < ends for begins, ends in spans[max(0, place - 1) : place + 1])
