"""What may stand in opening hours: zones, spans of a day, dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Final
from zoneinfo import available_timezones

from handoff.staffing.opening import parse_span

# Two digits each, so that spans sort as text as they do as times.
_SPAN: Final = re.compile(r"[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}")


def zone_problem(zone: str) -> str | None:
    return None if zone in available_timezones() else f"{zone!r} is no time zone; one is like Europe/London"


def span_problem(span: str) -> str | None:
    if not _SPAN.fullmatch(span):
        return f"{span!r} is not like 08:00-20:00"
    try:
        parse_span(span)
    except ValueError as error:
        return str(error)
    return None


def overlap_problem(spans: Sequence[str]) -> str | None:
    """For spans that are each right."""
    ordered = sorted(spans)
    for earlier, later in pairwise(ordered):
        if parse_span(later)[0] < parse_span(earlier)[1]:
            return f"{earlier} and {later} overlap"
    return None


def date_problem(day: str) -> str | None:
    try:
        is_plain = date.fromisoformat(day).isoformat() == day
    except ValueError:
        is_plain = False
    return None if is_plain else f"{day!r} is no date like 2026-12-25"
