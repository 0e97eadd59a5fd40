"""What administrators have set, kept in memory until any of it changes: the database says which edition stands.

Triggers begin a new edition with every statement that changes a site, its keys, intents, queues, hours or skills,
whoever sends it, and it counts from its commit on. So what is kept is never older than the request that asks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from django.db import connection

from handoff.lib import clock

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# For a statement that asks anyway: the time, and the edition.
NOW_AND_EDITION: Final = "clock_timestamp(), (SELECT value FROM handoff_edition)"
_READ: Final = f"SELECT {NOW_AND_EDITION}"


class Look(NamedTuple):
    """The database's now, whole milliseconds, and the edition that stands. None: nothing may be kept."""

    now: datetime
    edition: str | None


def look() -> Look:
    """SQLite, beside which everything is near, has no editions."""
    if connection.vendor != "postgresql":
        return Look(clock.utc_now(), None)
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        moment, edition = cursor.fetchone()
    return Look(clock.to_milliseconds(moment), edition)


class Shelf(Generic[Key, Value]):
    """Values made from one edition alone, by key; whoever gets one changes nothing in it."""

    def __init__(self) -> None:
        self._kept: tuple[str, dict[Key, Value]] = ("", {})

    def get(self, key: Key, make: Callable[[], Value], *, edition: str | None) -> Value:
        """What `make` made under this edition, or makes now. Whatever it raises is raised, and not kept.

        The edition was read before: what is made since then may be newer than it says, and is never older.
        """
        if edition is None:
            return make()
        of, found = self._kept
        if of != edition:
            # Two threads may come with two editions: each keeps what it makes, and the last one's stays.
            found = {}
            self._kept = (edition, found)
        value: Any = found.get(key)
        if value is None:
            value = found[key] = make()
        return value  # type: ignore[no-any-return]
