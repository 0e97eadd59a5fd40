"""The one clock that decides: the database's."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from handoff.lib import clock


def database_now() -> datetime:
    """The database's time, whole milliseconds. SQLite has one process, whose clock is the database's."""
    if connection.vendor != "postgresql":
        return clock.utc_now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return clock.to_milliseconds(moment)


def moment_or_none(value: datetime | str | None) -> datetime | None:
    """A time as a cursor answers it: SQLite keeps naive UTC, as text or as Django's converter reads it."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
