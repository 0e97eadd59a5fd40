"""The hours in which nobody is rung, on the clock of the place that is called.

The rule for changed clocks is that of opening hours: quiet hours cover all that the clock on the wall could mean, an
hour that comes twice both times. So nobody is rung who could say that it was too late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from handoff.staffing.opening import WEEKDAYS, Opening, parse_span


@dataclass(frozen=True)
class QuietHours:
    """Like `21:00` to `08:00`; over midnight where the end is before the start. Raises ValueError with the rule."""

    begins: str
    ends: str

    def __post_init__(self) -> None:
        if self.begins == self.ends:
            raise ValueError(f"quiet hours from {self.begins} to {self.ends} say nothing: leave them out")
        for span in self.parts:
            parse_span(span)

    @property
    def parts(self) -> tuple[str, ...]:
        """As spans of one day."""
        if self.begins < self.ends:
            return (f"{self.begins}-{self.ends}",)
        tail, head = f"{self.begins}-24:00", f"00:00-{self.ends}"
        return (tail,) if self.ends in {"00:00", "24:00"} else (head, tail)

    def spans(self, zone: str, *, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """From when to when it is quiet there, in order, whatever touches these instants."""
        place = ZoneInfo(zone)
        day, last = (each.astimezone(place).date() for each in (since, until))
        opening = _opening(self, zone)
        # A day more on both sides: with changed clocks a span of one date can reach into the next.
        for ahead in range(-1, (last - day).days + 2):
            yield from opening.spans(day + timedelta(days=ahead))


@cache
def _opening(quiet: QuietHours, zone: str) -> Opening:
    return Opening(zone=zone, weekly=dict.fromkeys(WEEKDAYS, quiet.parts), closed=())


def quiet_now(quiet: QuietHours | None, *, zone: str, now: datetime) -> bool:
    """Without quiet hours it never is."""
    return allowed_from(quiet, zone=zone, now=now) > now


def allowed_from(quiet: QuietHours | None, *, zone: str, now: datetime) -> datetime:
    """Now, or the moment at which the quiet hours that it lies in are over."""
    moment = now
    for start, end in quiet.spans(zone, since=now, until=now + timedelta(days=1)) if quiet else ():
        if start <= moment < end:
            moment = end
    return moment
