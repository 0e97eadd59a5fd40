"""The one clock that decides: the database's."""

from __future__ import annotations

from datetime import datetime

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
