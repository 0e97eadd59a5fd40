"""What the database itself holds, in one statement at a time: for promises about a moment that no client can see."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.faults.history import History

Row = tuple[Any, ...]

# Each answers the rows that break a promise; one statement sees one moment, and may be asked many times a second.
PROMISES: Final = {
    "two live offers of one handoff": """
        SELECT handoff_id, count(*) FROM handoff_offer WHERE status = 'pending' GROUP BY handoff_id HAVING count(*) > 1
    """,
    "an offer of what is not offered": """
        SELECT o.public_id, h.public_id, h.state FROM handoff_offer o JOIN handoff_handoff h ON h.id = o.handoff_id
        WHERE o.status = 'pending' AND h.state <> 'offered'
    """,
    "offered to nobody": """
        SELECT h.public_id FROM handoff_handoff h WHERE h.state = 'offered' AND NOT EXISTS (
            SELECT 1 FROM handoff_offer o WHERE o.handoff_id = h.id AND o.status = 'pending')
    """,
    "more than an agent can take": """
        SELECT a.name, a.capacity FROM handoff_agent a WHERE a.capacity < (
            SELECT count(*) FROM handoff_offer o WHERE o.agent_id = a.id AND o.status = 'pending') + (
            SELECT count(*) FROM handoff_handoff h WHERE h.agent_id = a.id AND h.state IN ('connected', 'wrap_up'))
    """,
    "owned without having accepted": """
        SELECT h.public_id, a.name FROM handoff_handoff h JOIN handoff_agent a ON a.id = h.agent_id
        WHERE h.state = 'connected' AND NOT EXISTS (
            SELECT 1 FROM handoff_offer o WHERE o.handoff_id = h.id AND o.agent_id = a.id AND o.status = 'accepted')
    """,
}
# The same of everything that ever was: every time it became somebody's, exactly one offer was accepted, in its time.
IN_THE_END: Final = {
    "accepted when its time was over": """
        SELECT public_id, ended_at, expires_at FROM handoff_offer WHERE status = 'accepted' AND ended_at >= expires_at
    """,
    "accepted more often than connected": """
        SELECT h.public_id, o.accepted, e.connected FROM handoff_handoff h
        JOIN (SELECT handoff_id, count(*) AS accepted FROM handoff_offer
              WHERE status = 'accepted' GROUP BY handoff_id) o
          ON o.handoff_id = h.id
        JOIN (SELECT handoff_id, count(*) AS connected FROM handoff_logentry
              WHERE type = 'handoff.changed' AND data->>'state' = 'connected' GROUP BY handoff_id) e
          ON e.handoff_id = h.id
        WHERE o.accepted <> e.connected
    """,
}


def rows(url: str, query: str, *values: Any) -> list[Row]:
    """Placeholders are `?` on both engines."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")), timeout=30)) as connection:
            return connection.execute(query, values).fetchall()
    with psycopg.connect(url, autocommit=True) as server:
        return server.execute(query.replace("?", "%s").encode(), values).fetchall()


def change(url: str, *statements: str) -> None:
    """What time or an operator does to the rows, all at once."""
    with psycopg.connect(url) as server:
        for statement in statements:
            server.execute(statement.encode())


def broken_promises(url: str) -> list[str]:
    with psycopg.connect(url, autocommit=True) as connection:
        return _broken(connection, PROMISES | IN_THE_END)


@contextlib.contextmanager
def watched(url: str, history: History, *, every_seconds: float = 0.1) -> Iterator[None]:
    """Look again and again while the block runs; what is seen broken is written down."""
    over = threading.Event()

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(every_seconds):
                for promise in _broken(connection, PROMISES):
                    history.add("ledger", "broken", promise=promise)

    thread = threading.Thread(target=look, name="ledger")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _broken(connection: psycopg.Connection[Row], promises: dict[str, str]) -> list[str]:
    found = ((promise, connection.execute(query.encode()).fetchall()) for promise, query in promises.items())
    return [f"{promise}: {broken[:5]}" for promise, broken in found if broken]
