"""The process's clock, and the one spelling of a time on the wire."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This process's time, whole milliseconds. Inside a transaction take `handoff.realtime.clock.database_now`."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """Cut to what the wire can carry, so that a stored time and a pushed one are the same."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
