"""The log's SQL, for PostgreSQL and for SQLite.

The lock and the look-up are separate statements on purpose: in READ COMMITTED a statement's snapshot is older than the
lock it waits for, so a look-up in the same statement would miss what the other writer has just committed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from django.db import connection

if TYPE_CHECKING:
    from handoff.realtime.log import Entry

_PG_LOCK: Final = """
SELECT id, name, last_seq, last_at, sealed FROM handoff_stream WHERE name = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
_PG_MAKE: Final = """
INSERT INTO handoff_stream (name, last_seq, sealed) SELECT unnest(%s::text[]), 0, false ON CONFLICT (name) DO NOTHING
RETURNING id, name, last_seq, last_at, sealed
"""
_PG_FIND: Final = """
SELECT e.client_id, e.author, e.stream_id, e.seq, e.at, e.body_hash, e.data->>'id'
FROM jsonb_array_elements(%s::jsonb) k
JOIN handoff_logentry e ON e.client_id = k->>0 AND e.author = k->>1 AND e.stream_id = (k->>2)::bigint
"""
_PG_WRITE: Final = """
WITH moved AS (
  UPDATE handoff_stream s
  SET last_seq = (r->>1)::bigint, last_at = (r->>2)::timestamptz, sealed = (r->>3)::boolean
  FROM jsonb_array_elements(%s::jsonb) r WHERE s.id = (r->>0)::bigint
)
INSERT INTO handoff_logentry (stream_id, seq, at, type, data, handoff_id, author, client_id, body_hash)
SELECT (r->>0)::bigint, (r->>1)::bigint, (r->>2)::timestamptz, r->>3, r->4, (r->>5)::bigint, r->>6, r->>7, r->>8
FROM jsonb_array_elements(%s::jsonb) r
"""
_LITE_LOCK: Final = """
SELECT id, name, last_seq, last_at, sealed FROM handoff_stream WHERE name IN (SELECT value FROM json_each(%s))
"""
_LITE_MAKE: Final = """
INSERT OR IGNORE INTO handoff_stream (name, last_seq, sealed) SELECT value, 0, 0 FROM json_each(%s)
"""
_LITE_FIND: Final = """
SELECT e.client_id, e.author, e.stream_id, e.seq, e.at, e.body_hash, e.data->>'id'
FROM json_each(%s) k CROSS JOIN handoff_logentry e
ON e.client_id = k.value->>0 AND e.author = k.value->>1 AND e.stream_id = k.value->>2
"""
_LITE_INSERT: Final = """
INSERT INTO handoff_logentry (stream_id, seq, at, type, data, handoff_id, author, client_id, body_hash)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_LITE_COUNT: Final = "UPDATE handoff_stream SET last_seq = %s, last_at = %s, sealed = %s WHERE id = %s"

_json = msgspec.json.Encoder()


@dataclass(slots=True)
class StreamRow:
    """A stream's counter, under its lock."""

    id: int
    last_seq: int
    last_at: datetime | None
    sealed: bool


class Row(NamedTuple):
    """One numbered entry on its way to the table."""

    entry: Entry
    stream_id: int
    seq: int
    at: datetime


class Found(NamedTuple):
    """A stored entry under one client id."""

    client_id: str
    author: str
    stream_id: int
    seq: int
    at: datetime
    body_hash: str
    id: str


def lock(names: Collection[str]) -> dict[str, StreamRow]:
    """Lock the rows of these streams, in id order; absent ones are left out."""
    if _is_postgres():
        return _by_name(_fetch(_PG_LOCK, [list(names)]))
    return _by_name(_fetch(_LITE_LOCK, [_text(list(names))]))


def make(names: Sequence[str]) -> dict[str, StreamRow]:
    """Add streams in this order and answer them, locked; one that another process has just made is locked instead."""
    if _is_postgres():
        made = _by_name(_fetch(_PG_MAKE, [list(names)]))
        known = [name for name in names if name not in made]
        return made | lock(known) if known else made
    with connection.cursor() as cursor:
        # SQLite before 3.35 returns nothing from an insert.
        cursor.execute(_LITE_MAKE, [_text(list(names))])
    return lock(names)


def _by_name(rows: Sequence[tuple[Any, ...]]) -> dict[str, StreamRow]:
    return {
        name: StreamRow(id_, last_seq, last_at and _moment(last_at), bool(sealed))
        for id_, name, last_seq, last_at, sealed in rows
    }


def find(keys: Sequence[tuple[str | None, str, int]]) -> list[Found]:
    """Entries stored under these (client id, author, stream id)."""
    sql = _PG_FIND if _is_postgres() else _LITE_FIND
    return [
        Found(client_id, author, stream_id, seq, _moment(at), body_hash, id_ or "")
        for client_id, author, stream_id, seq, at, body_hash, id_ in _fetch(sql, [_text(keys)])
    ]


def write(fresh: Sequence[Row], streams: Sequence[StreamRow]) -> None:
    """Insert the numbered entries and move the counters."""
    with connection.cursor() as cursor:
        if _is_postgres():
            counters = [(row.id, row.last_seq, row.last_at, row.sealed) for row in streams]
            cursor.execute(_PG_WRITE, [_text(counters), _text([_as_list(row) for row in fresh])])
        else:
            cursor.executemany(_LITE_INSERT, [_as_parameters(row) for row in fresh])
            cursor.executemany(
                _LITE_COUNT, [(row.last_seq, _stored(row.last_at), row.sealed, row.id) for row in streams]
            )


def _as_list(row: Row) -> list[Any]:
    entry = row.entry
    return [
        row.stream_id, row.seq, row.at, entry.type, entry.data, entry.handoff_id, entry.author, entry.client_id,
        entry.body_hash,
    ]  # fmt: skip


def _as_parameters(row: Row) -> list[Any]:
    values = _as_list(row)
    values[2], values[4] = _stored(row.at), _text(row.entry.data)
    return values


def _stored(moment: datetime | None) -> str | None:
    """As Django's SQLite back end spells a time: naive UTC."""
    return None if moment is None else moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _moment(value: datetime | str) -> datetime:
    """SQLite keeps naive UTC, as text or as Django's converter reads it."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    return _json.encode(value).decode()


def _fetch(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _is_postgres() -> bool:
    return connection.vendor == "postgresql"
