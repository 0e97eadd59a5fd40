"""The log's SQL, for PostgreSQL and for SQLite.

The lock and the look-up are separate statements on purpose: in READ COMMITTED a statement's snapshot is older than the
lock it waits for, so a look-up in the same statement would miss what the other writer has just committed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from django.db import connection

from handoff.lib import clock
from handoff.realtime.pipeline import BEGIN, COMMIT, Statement

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
SELECT k->>0, k->>1, (k->>2)::bigint, d.seq, d.at, d.body_hash, d.id
FROM jsonb_array_elements(%s::jsonb) k
CROSS JOIN LATERAL (
  SELECT e.seq, e.at, e.body_hash, e.data->>'id' AS id FROM handoff_logentry e
  WHERE e.stream_id = (k->>2)::bigint AND e.client_id = k->>0 AND e.author = k->>1 LIMIT 1
) d
"""
# What a pipeline asks at once: streams by name, so that nothing has to be known before; times in microseconds.
_PIPED_LOCK: Final = b"""
SELECT id, name, last_seq, (extract(epoch FROM last_at) * 1000000)::bigint, sealed FROM handoff_stream
WHERE name = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb))) ORDER BY id FOR NO KEY UPDATE
"""
_PIPED_NOW: Final = b"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
# One look-up a key, in the part of the log that the stream's number points to.
_PIPED_FIND: Final = b"""
SELECT k->>0, k->>1, k->>2, d.seq, (extract(epoch FROM d.at) * 1000000)::bigint, d.body_hash, d.id
FROM jsonb_array_elements($1::jsonb) k
CROSS JOIN LATERAL (SELECT s.id FROM handoff_stream s WHERE s.name = k->>2 LIMIT 1) s
CROSS JOIN LATERAL (
  SELECT e.seq, e.at, e.body_hash, e.data->>'id' AS id FROM handoff_logentry e
  WHERE e.stream_id = s.id AND e.client_id = k->>0 AND e.author = k->>1 LIMIT 1
) d
"""
# The planner takes a young table for a small one, and a kept plan outlives its youth.
_PIPED_INDEXES: Final = b"SET LOCAL enable_seqscan = off"
_PG_WRITE: Final = """
WITH moved AS (
  UPDATE handoff_stream s
  SET last_seq = (r->>1)::bigint, last_at = (r->>2)::timestamptz, sealed = (r->>3)::boolean
  FROM jsonb_array_elements(%s::jsonb) r WHERE s.id = (r->>0)::bigint AND s.id = ANY(%s::bigint[])
)
INSERT INTO handoff_logentry (stream_id, seq, at, type, data, handoff_id, author, client_id, body_hash)
SELECT (r->>0)::bigint, (r->>1)::bigint, (r->>2)::timestamptz, r->>3, r->4, (r->>5)::bigint, r->>6, r->>7, r->>8
FROM jsonb_array_elements(%s::jsonb) r
"""
_PIPED_WRITE: Final = (_PG_WRITE % ("$1", "$2", "$3")).encode()
_PIPED_LOCK_KNOWN: Final = b"""
SELECT count(*) FROM (SELECT id FROM handoff_stream WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE) locked
"""
# Streams that are as they were supposed to be and know none of the client ids; the others are left as they are. One row
# a look-up (LATERAL, LIMIT 1), so that no plan reads more of a table than what is asked for.
_PIPED_APPEND: Final = """
WITH fit AS MATERIALIZED (
  SELECT s.id, s.last_seq, greatest(s.last_at, (SELECT date_trunc('milliseconds', clock_timestamp()))) AS at,
    (r->>1)::bigint AS many
  FROM jsonb_array_elements($2::jsonb) r
  CROSS JOIN LATERAL (
    SELECT s.id, s.last_seq, s.last_at FROM handoff_stream s
    WHERE s.id = (r->>0)::bigint AND s.name = r->>4 AND NOT s.sealed LIMIT 1
  ) s
  CROSS JOIN LATERAL ({condition} LIMIT 1) supposed
  WHERE NOT EXISTS (
    SELECT FROM jsonb_array_elements(r->2) k
    CROSS JOIN LATERAL (
      SELECT e.id FROM handoff_logentry e
      WHERE e.stream_id = s.id AND e.client_id = k->>0 AND e.author = k->>1 LIMIT 1
    ) d
  )
), moved AS (
  UPDATE handoff_stream s SET last_seq = fit.last_seq + fit.many, last_at = fit.at
  FROM fit WHERE s.id = fit.id AND s.id = ANY($1::bigint[])
), written AS (
  INSERT INTO handoff_logentry (stream_id, seq, at, type, data, handoff_id, author, client_id, body_hash)
  SELECT fit.id, fit.last_seq + (e->>1)::bigint, fit.at, e->>2, e->3, (e->>4)::bigint, e->>5, e->>6, e->>7
  FROM jsonb_array_elements($3::jsonb) e JOIN fit ON fit.id = (e->>0)::bigint
)
SELECT id, last_seq, (extract(epoch FROM at) * 1000000)::bigint FROM fit
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

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
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
            # The ids once more: of a list in JSON a plan knows no length, and would read every stream there is.
            ids = [row.id for row in streams]
            cursor.execute(_PG_WRITE, [_text(_counters(streams)), ids, _text([_as_list(row) for row in fresh])])
        else:
            cursor.executemany(_LITE_INSERT, [_as_parameters(row) for row in fresh])
            cursor.executemany(
                _LITE_COUNT, [(row.last_seq, _stored(row.last_at), row.sealed, row.id) for row in streams]
            )


# -- the same for a pipeline, which decides between two exchanges


def piped_look(names: Collection[str], keys: Sequence[tuple[str | None, str, str]]) -> list[Statement]:
    """Lock streams, then look: `read_look` reads the answers. Keys are (client id, author, stream's name)."""
    return [
        BEGIN,
        Statement(_PIPED_INDEXES),
        Statement(_PIPED_LOCK, (_json.encode(list(names)),)),
        Statement(_PIPED_NOW),
        Statement(_PIPED_FIND, (_json.encode(keys),)),
    ]


class Look(NamedTuple):
    """What a pipeline saw under its locks; found entries by (client id, author, stream's name)."""

    rows: dict[str, StreamRow]
    now: datetime
    found: dict[tuple[str, str, str], Found]


def read_look(answers: Sequence[Sequence[Sequence[Any]]]) -> Look:
    """The answers to `piped_look`."""
    _, _, locked, [[now]], found = answers
    rows = {
        str(name, "utf-8"): StreamRow(int(id_), int(seq), None if at is None else _of_micros(at), sealed == b"t")
        for id_, name, seq, at, sealed in locked
    }
    known = {
        (str(client_id, "utf-8"), str(author, "utf-8"), name): Found(
            str(client_id, "utf-8"), str(author, "utf-8"), rows[name].id, int(seq), _of_micros(at),
            str(hash_, "utf-8"), str(id_ or b"", "utf-8"),
        )
        for client_id, author, raw_name, seq, at, hash_, id_ in found
        if (name := str(raw_name, "utf-8")) in rows
    }  # fmt: skip
    return Look(rows, clock.to_milliseconds(_of_micros(now)), known)


def piped_write(fresh: Sequence[Row], streams: Sequence[StreamRow]) -> Statement:
    """What `write` does, as a statement."""
    # As PostgreSQL writes an array.
    ids = "{" + ",".join(str(row.id) for row in streams) + "}"
    rows = _json.encode([_as_list(row) for row in fresh])
    return Statement(_PIPED_WRITE, (_json.encode(_counters(streams)), ids.encode(), rows))


class Append(NamedTuple):
    """Entries of one stream, to be written if what is supposed still holds: its number, too, is only remembered, and a
    standby that took over without the last commits gives it to another."""

    stream: str
    stream_id: int
    entries: Sequence[Entry]
    supposed: Sequence[Any]


class Place(NamedTuple):
    """What was written stands behind this number, with this time."""

    last_seq: int
    at: datetime


def appending_if(condition: str) -> bytes:
    """The SQL of `piped_append`. `condition`: a SELECT that finds a row if what is supposed holds; it reads that, as
    JSON, from `r->3`."""
    return _PIPED_APPEND.format(condition=condition).encode()


def piped_append(sql: bytes, appends: Sequence[Append]) -> list[Statement]:
    """A whole transaction: lock streams by id, then write where everything is as supposed (`read_places`).

    Two statements: the second has a snapshot that is younger than the locks.
    """
    ids = ("{" + ",".join(str(one.stream_id) for one in appends) + "}").encode()
    streams = [
        (
            one.stream_id,
            len(one.entries),
            [(entry.client_id, entry.author) for entry in one.entries],
            one.supposed,
            one.stream,
        )
        for one in appends
    ]
    rows = [_numbered(one.stream_id, place, entry) for one in appends for place, entry in enumerate(one.entries, 1)]
    return [
        BEGIN,
        Statement(_PIPED_INDEXES),
        Statement(_PIPED_LOCK_KNOWN, (ids,)),
        Statement(sql, (ids, _json.encode(streams), _json.encode(rows))),
        COMMIT,
    ]


def read_places(answers: Sequence[Sequence[Sequence[Any]]]) -> dict[int, Place]:
    """By stream id, of those that were written to."""
    return {int(id_): Place(int(seq), _of_micros(at)) for id_, seq, at in answers[3]}


def _numbered(stream_id: int, place: int, entry: Entry) -> tuple[Any, ...]:
    data = entry.data if entry.raw is None else entry.raw
    return (
        stream_id, place, entry.type, data, entry.handoff_id, entry.author, entry.client_id, entry.body_hash
    )  # fmt: skip


def _counters(streams: Sequence[StreamRow]) -> list[tuple[Any, ...]]:
    return [(row.id, row.last_seq, row.last_at, row.sealed) for row in streams]


def _of_micros(value: bytes) -> datetime:
    return _EPOCH + timedelta(microseconds=int(value))


def _as_list(row: Row) -> list[Any]:
    entry = row.entry
    data = entry.data if entry.raw is None else entry.raw
    return [
        row.stream_id, row.seq, row.at, entry.type, data, entry.handoff_id, entry.author, entry.client_id,
        entry.body_hash,
    ]  # fmt: skip


def _as_parameters(row: Row) -> list[Any]:
    values = _as_list(row)
    values[2], values[4] = _stored(row.at), _text(values[4])
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
