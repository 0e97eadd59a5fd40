"""When a customer wants to be called: a day and two times on their own clock, as instants and back.

The rule for changed clocks. A time that comes twice, because clocks go back, means the first of the two. A time that
does not come at all, because clocks go forward, is refused: nobody can say what was meant. An instant is told by what
the clock on the wall shows; what that cannot say, because it shows the same again later, is not offered.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from handoff.lib.errors import DomainError

AHEAD_LIMIT: Final = timedelta(days=7)
LENGTH_LIMIT: Final = timedelta(hours=4)
# ASCII alone: `\d` would take the digits of every script, and int() with it.
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MIDNIGHT: Final = "24:00"
# Names that a machine's own files may carry, and that mean no place on a map.
_NO_PLACES: Final = frozenset({"localtime", "Factory", "posixrules"})
_PROBLEMS: Final = {
    "malformed": "A window is like 2026-11-27 from 15:00 to 15:20.",
    "reversed": "A window begins before it ends.",
    "does_not_exist": "Clocks there go forward at that time: it does not come.",
    "past": "That time is over.",
    "too_far": "At most seven days ahead.",
    "too_long": "A window is four hours long at most.",
}


class Window(NamedTuple):
    """Two instants; a dial begins at the first or later, and before the second."""

    starts_at: datetime
    ends_at: datetime


class LocalWindow(NamedTuple):
    """The same on a wall: `2026-11-27`, `15:00`, `15:20`. A window that ends with the day ends at `24:00`."""

    date: str
    start: str
    end: str


def read_window(asked: LocalWindow, *, zone: str, now: datetime) -> Window:
    """The instants that a customer means.

    Raises DomainError `invalid_request` with `fields` {"time_zone": "unknown_zone"}, or {"window": one of "malformed",
    "reversed", "does_not_exist", "past", "too_far", "too_long"}.
    """
    place = zone_of(zone)
    day, start, end = _day(asked.date), _minutes(asked.start), _minutes(asked.end, is_end=True)
    if start >= end:
        raise _refusal("reversed")
    window = Window(_instant(day, start, place), _instant(day, end, place))
    _check_limits(window, now=now)
    return window


def tell_window(window: Window, *, zone: str) -> LocalWindow:
    """What the clock on a wall there shows. Raises DomainError `invalid_request`: the zone is unknown."""
    place = zone_of(zone)
    start, end = (each.astimezone(place) for each in window)
    return LocalWindow(
        start.date().isoformat(), f"{start:%H:%M}", _MIDNIGHT if _ends_day(start, end) else f"{end:%H:%M}"
    )


def can_be_said(window: Window, *, zone: ZoneInfo) -> bool:
    """Whether a day and two times there name just these instants: on one day, and not the second time they come."""
    start, end = (each.astimezone(zone) for each in window)
    is_one_day = start.date() == end.date() or _ends_day(start, end)
    return is_one_day and not start.fold and not end.fold


@cache
def known_zones() -> frozenset[str]:
    """Looked up once: the names are read from many small files."""
    return frozenset(available_timezones()) - _NO_PLACES


def zone_of(name: str) -> ZoneInfo:
    """Raises DomainError `invalid_request` with `fields` {"time_zone": "unknown_zone"}."""
    if name not in known_zones():
        message = "A time zone is like Europe/London."
        raise DomainError("invalid_request", message, fields={"time_zone": "unknown_zone"})
    return ZoneInfo(name)


def _ends_day(start: datetime, end: datetime) -> bool:
    return end.time() == time() and end.date() == start.date() + timedelta(days=1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise _refusal("malformed") from None


def _minutes(text: str, *, is_end: bool = False) -> int:
    if is_end and text == _MIDNIGHT:
        return 24 * 60
    found = _TIME.fullmatch(text)
    if found is None:
        raise _refusal("malformed")
    return int(found[1]) * 60 + int(found[2])


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The first time that the clock there shows these minutes of the day."""
    try:
        local = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
        instant = local.astimezone(UTC)
        shown = instant.astimezone(zone)
    except OverflowError:
        raise _refusal("malformed") from None
    if shown.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise _refusal("does_not_exist")
    return instant


def _check_limits(window: Window, *, now: datetime) -> None:
    if window.starts_at < now:
        raise _refusal("past")
    if window.starts_at > now + AHEAD_LIMIT:
        raise _refusal("too_far")
    if window.ends_at - window.starts_at > LENGTH_LIMIT:
        raise _refusal("too_long")


def _refusal(problem: str) -> DomainError:
    return DomainError("invalid_request", _PROBLEMS[problem], fields={"window": problem})
