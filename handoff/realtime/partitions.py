"""The log in parts, one for the streams of each month: made on PostgreSQL when an operator says so.

A part holds whole streams, by the month in which they began: a stream's number begins with its month. So each look-up
goes to one part, and both promises of the log, one seq and one client id a stream, stay the database's own. Streams of
people outlive months; they have negative numbers and a part of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import OperationalError, connection, transaction

from handoff.realtime import poolers

TABLE: Final = "handoff_logentry"
STREAMS: Final = "handoff_stream"
PEOPLE: Final = f"{TABLE}_people"
BEFORE: Final = f"{TABLE}_before"
# Streams a month may have: more than a number needs, and less than 64 bits in the year 9999.
A_MONTH: Final = 10**9
# A lock that is waited for holds up everybody behind: rather often and short than once and long.
LOCK_MILLISECONDS: Final = 500
TRIES: Final = 60
PAUSE_SECONDS: Final = 0.5
# One worker at a time numbers and makes parts.
_ADVISORY: Final = 7_402_618_115
# One command at a time puts the log in parts; its session holds this until it is done.
_AT_WORK: Final = 7_402_618_116


class NotPossibleError(Exception):
    """The log cannot be put in parts here; the text says why."""


@dataclass(frozen=True)
class Part:
    """One part of the log: the streams from `low` on, below `high`."""

    name: str
    low: int | None
    high: int


def is_partitioned() -> bool:
    if connection.vendor != "postgresql":
        return False
    return bool(rows("SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass", TABLE)[0][0])


def first_of(moment: datetime) -> int:
    """The first number of a stream that begins in this month."""
    return (moment.year * 100 + moment.month) * A_MONTH


def name_of(low: int) -> str:
    return f"{TABLE}_{low // A_MONTH}"


def next_month(low: int) -> int:
    year, month = divmod(low // A_MONTH, 100)
    return ((year + month // 12) * 100 + month % 12 + 1) * A_MONTH


def parts() -> list[Part]:
    """Every part, by number. Those of months alone ever go."""
    found = rows(
        """
        SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = %s::regclass AND NOT i.inhdetachpending
        """,
        TABLE,
    )
    return sorted((_part(name, bound) for name, bound in found), key=lambda part: part.high)


def _part(name: str, bound: str) -> Part:
    """From PostgreSQL's own words: FOR VALUES FROM ('1') TO ('2')."""
    low, high = (end.partition("(")[2].partition(")")[0].strip("'") for end in bound.split(" TO "))
    return Part(name, None if low == "MINVALUE" else int(low), int(high))


def months(*, before: datetime) -> list[Part]:
    """The parts of months that were over then, the oldest first."""
    over = first_of(before)
    return [part for part in parts() if part.low is not None and A_MONTH < part.low < over]


def keep_ahead(*, now: datetime) -> None:
    """This month's part and the next one's are there, and streams that begin now are numbered into this month's.

    In this order: a number never leads to a part that is not there. Where nobody does it for a while, streams go on
    being numbered into the month before, whose part takes them.
    """
    if not is_partitioned():
        return
    low = first_of(now)
    there = {part.low for part in parts()}
    for first in (low, next_month(low)):
        if first not in there:
            _patiently(partial(_make_month, first))
    _patiently(partial(_number_from, low))


# -- making parts


def _make_month(low: int) -> None:
    with _alone():
        if low not in {part.low for part in parts()}:
            _make(name_of(low), str(low), next_month(low))


def _make(name: str, low: str, high: int) -> None:
    """Made apart and attached: to make it in place would lock the whole log. Call in a transaction."""
    bounds = f"stream_id < {high}" + ("" if low == "MINVALUE" else f" AND stream_id >= {low}")
    run(f'CREATE TABLE "{name}" (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)')
    run(f'ALTER TABLE "{name}" ADD CONSTRAINT "{name}_bounds" CHECK ({bounds})')
    run(f'ALTER TABLE {TABLE} ATTACH PARTITION "{name}" FOR VALUES FROM ({low}) TO ({high})')
    run(f'ALTER TABLE "{name}" DROP CONSTRAINT "{name}_bounds"')


def _number_from(low: int) -> None:
    with _alone():
        [(last,)] = rows(f"SELECT last_value FROM {_sequence(STREAMS)}")
        if last < low:
            rows("SELECT setval(%s::regclass, %s, false)", _sequence(STREAMS), low)


@contextmanager
def _alone() -> Iterator[None]:
    """A short transaction that no other of its kind runs beside."""
    with transaction.atomic():
        run(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'")
        run(f"SELECT pg_advisory_xact_lock({_ADVISORY})")
        yield


def _patiently(act: Callable[[], None]) -> None:
    """Again and again with short waits for locks. Raises OperationalError when it was never let in."""
    for _ in range(TRIES - 1):
        try:
            act()
            return
        except OperationalError as error:
            if "lock timeout" not in str(error):
                raise
            time.sleep(PAUSE_SECONDS)
    act()


# -- putting the log in parts


def partition(*, now: datetime) -> Iterator[str]:
    """Put the log in parts while it is used; says each step before it is taken. Safe to run again after a failure.

    Nothing is copied: the table becomes the first part as it is. Raises NotPossibleError.
    """
    if connection.vendor != "postgresql":
        raise NotPossibleError("Only PostgreSQL keeps a table in parts.")
    if poolers.look().is_pooled:
        raise NotPossibleError("A pooler is in between: run it straight on PostgreSQL, as deploy/with_settings does.")
    [(is_alone,)] = rows("SELECT pg_try_advisory_lock(%s)", _AT_WORK)
    if not is_alone:
        raise NotPossibleError("Another partition_log is at work on this database: leave it to that one.")
    try:
        yield from _steps(first_of(now), now=now)
    finally:
        rows("SELECT pg_advisory_unlock(%s)", _AT_WORK)


def _steps(low: int, *, now: datetime) -> Iterator[str]:
    if not is_partitioned():
        _check_possible(low)
        yield "indexing by number, beside everybody's work"
        _index_by_number()
        yield "proving that every entry is of a stream before this month's number"
        _prove_bounds(low)
        yield "making the table the first part: everybody waits for some milliseconds"
        _patiently(partial(_swap, low))
    yield "making this month's part and the next one's"
    keep_ahead(now=now)
    yield "moving the streams of people into a part of their own"
    while (number := _next_of_people()) is not None:
        _patiently(partial(_move, number))


def _check_possible(low: int) -> None:
    [(last,)] = rows(f"SELECT last_value FROM {_sequence(STREAMS)}")
    if last >= low:
        raise NotPossibleError(f"Streams are numbered up to {last} already: beyond this month's first number, {low}.")
    for name, definition, is_unique, is_primary in _indexes():
        if is_unique and not is_primary and "stream_id" not in definition:
            raise NotPossibleError(f"The unique index {name} does not name the stream: it could not hold across parts.")
    if rows("SELECT 1 FROM pg_constraint WHERE contype = 'f' AND confrelid = %s::regclass", TABLE):
        raise NotPossibleError("Another table points to entries of the log.")


def _indexes() -> list[tuple[Any, ...]]:
    return rows(
        """
        SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s::regclass AND i.indisvalid
        """,
        TABLE,
    )


def _index_by_number() -> None:
    """A key that holds the stream's number too, as each unique one has to."""
    name = f"{BEFORE}_key"
    if name in {found for found, *_ in _indexes()}:
        return
    # One that another run left half made.
    run(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    run(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {TABLE} (id, stream_id)")


def _prove_bounds(low: int) -> None:
    name = f"{BEFORE}_bounds"
    bounds = f"CHECK (stream_id >= 0 AND stream_id < {low}) NOT VALID"
    anew = f"DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} {bounds}"
    _patiently(partial(briefly, f"ALTER TABLE {TABLE} {anew}"))
    run(f"ALTER TABLE {TABLE} VALIDATE CONSTRAINT {name}")


def briefly(sql: str) -> None:
    with transaction.atomic():
        run(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'")
        run(sql)


def _swap(low: int) -> None:
    """Changes of the catalogue alone; the log is nobody's for as long as they take."""
    with _alone():
        # As appends do: the streams first.
        run(f"LOCK TABLE {STREAMS}, {TABLE} IN ACCESS EXCLUSIVE MODE")
        constraints = rows(
            "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass", TABLE
        )
        indexes = [definition for name, definition, *_ in _indexes() if not _backs(name, constraints)]
        [(last,)] = rows(f"SELECT last_value FROM {_sequence(TABLE)}")
        _set_aside(constraints)
        _raise_anew(constraints, indexes, start=last + 1)
        run(f"ALTER TABLE {TABLE} ATTACH PARTITION {BEFORE} FOR VALUES FROM (0) TO ({low})")
        run(f"ALTER TABLE {BEFORE} DROP CONSTRAINT {BEFORE}_bounds")
        _make(PEOPLE, "MINVALUE", 0)
        _make(name_of(low), str(low), next_month(low))
        _number_people_apart()
        rows("SELECT setval(%s::regclass, %s, false)", _sequence(STREAMS), low)


def _backs(index: str, constraints: Sequence[tuple[Any, ...]]) -> bool:
    return index == f"{BEFORE}_key" or index in {name for name, *_ in constraints}


def _set_aside(constraints: Sequence[tuple[Any, ...]]) -> None:
    """The old table gives up its name, and its indexes theirs: migrations to come go by them."""
    plain = [name for name, *_ in _indexes() if not _backs(name, constraints)]
    run(f"ALTER TABLE {TABLE} RENAME TO {BEFORE}")
    for name, kind, _ in constraints:
        if kind == "p":
            run(f'ALTER TABLE {BEFORE} DROP CONSTRAINT "{name}"')
        elif kind in "uf":
            run(f'ALTER TABLE {BEFORE} RENAME CONSTRAINT "{name}" TO "{_aside(name)}"')
    run(f"ALTER TABLE {BEFORE} ADD CONSTRAINT {BEFORE}_key PRIMARY KEY USING INDEX {BEFORE}_key")
    for name in plain:
        run(f'ALTER INDEX "{name}" RENAME TO "{_aside(name)}"')
    run(f"ALTER TABLE {BEFORE} ALTER COLUMN id DROP IDENTITY IF EXISTS")


def _aside(name: str) -> str:
    return f"{name[:50]}_before"


def _raise_anew(constraints: Sequence[tuple[Any, ...]], indexes: Sequence[str], *, start: int) -> None:
    """The same table in parts, with all that was said of it; what is unique holds because it names the stream."""
    run(f"CREATE TABLE {TABLE} (LIKE {BEFORE} INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (stream_id)")
    run(f"ALTER TABLE {TABLE} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (START WITH {start})")
    run(f"ALTER TABLE {TABLE} ADD CONSTRAINT {TABLE}_pkey PRIMARY KEY (id, stream_id)")
    for name, kind, definition in constraints:
        if kind in "ufc" and name != f"{BEFORE}_bounds":
            run(f'ALTER TABLE {TABLE} ADD CONSTRAINT "{name}" {definition}')
    for definition in indexes:
        run(definition)


def _number_people_apart() -> None:
    run(
        """
        CREATE OR REPLACE FUNCTION handoff_number_apart() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.id := -abs(NEW.id); RETURN NEW; END $$
        """
    )
    run(
        f"""
        CREATE TRIGGER number_people_apart BEFORE INSERT ON {STREAMS} FOR EACH ROW
        WHEN (NEW.name NOT LIKE 'handoff/%') EXECUTE FUNCTION handoff_number_apart()
        """
    )


def _next_of_people() -> int | None:
    found = rows(f"SELECT id FROM {STREAMS} WHERE id > 0 AND name NOT LIKE 'handoff/%%' ORDER BY id LIMIT %s", 1)
    return found[0][0] if found else None


def _move(number: int) -> None:
    """Under the stream's own lock; who waits for it finds it by its name, under its new number."""
    with transaction.atomic():
        run(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'")
        run("SET CONSTRAINTS ALL DEFERRED")
        run(f"UPDATE {STREAMS} SET id = -id WHERE id = {number}")
        run(f"UPDATE {TABLE} SET stream_id = -stream_id WHERE stream_id = {number}")


# -- SQL


def _sequence(table: str) -> str:
    name: str = rows("SELECT pg_get_serial_sequence(%s, 'id')", table)[0][0]
    return name


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rows(sql: str, *parameters: str | int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
