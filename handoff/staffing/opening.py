"""Opening hours, decided from plain values: is a queue open now, and when does it open next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LOOK_AHEAD_DAYS: Final = 400


@dataclass(frozen=True)
class Opening:
    """Spans like `08:00-20:00` a weekday, in a zone; `closed` holds dates like `2026-12-25`. `24:00` ends a day.

    When clocks change, a span covers all that the clock on the wall could mean: an hour that comes twice belongs to it
    both times, and one that does not come counts as the moment at which it was left out.
    """

    zone: str
    weekly: Mapping[str, Sequence[str]]
    closed: Sequence[str]

    def is_open(self, now: datetime) -> bool:
        day = now.astimezone(ZoneInfo(self.zone)).date()
        return any(start <= now < end for start, end in self.spans(day))

    def next_opening(self, now: datetime) -> datetime | None:
        """The first moment after now at which it opens; None if it never does within a year."""
        first = now.astimezone(ZoneInfo(self.zone)).date()
        for ahead in range(LOOK_AHEAD_DAYS):
            for start, _ in self.spans(first + timedelta(days=ahead)):
                if start > now:
                    return start
        return None

    def spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """From when to when it is open on a date there, in order; with changed clocks two may touch or overlap."""
        if day.isoformat() in self.closed:
            return
        for span in sorted(self.weekly.get(WEEKDAYS[day.weekday()], ())):
            start, end = parse_span(span)
            yield self._moment(day, start, fold=0), self._moment(day, end, fold=1)

    def _moment(self, day: date, minutes: int, *, fold: int) -> datetime:
        """The first (fold 0) or the last time that the clock there shows these minutes of the day."""
        local = datetime.combine(day, time(), ZoneInfo(self.zone)) + timedelta(minutes=minutes)
        first, last = (local.replace(fold=each).astimezone(UTC) for each in (0, 1))
        if first > last:
            # It is never shown: what the zone's rules give for it lies on both sides of the change.
            return _change_between(last, first, ZoneInfo(self.zone))
        return last if fold else first


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The minute at which the zone's offset changes."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def parse_span(span: str) -> tuple[int, int]:
    """`08:00-20:00` as minutes of the day. Raises ValueError with the rule."""
    start, dash, end = span.partition("-")
    first, last = _minutes(start), _minutes(end)
    if not dash or first >= last:
        raise ValueError(f"{span!r} is not like 08:00-20:00, the start before the end")
    return first, last


def _minutes(text: str) -> int:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and len(minute) == 2):
        raise ValueError(f"{text!r} is not a time like 08:00")
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > 24 * 60:
        raise ValueError(f"{text!r} is not a time of a day")
    return total
