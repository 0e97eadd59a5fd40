"""Months of the log that go as a whole: begun by retention, finished by retention, and no other table is touched.

A month is marked before it is detached, by a comment on it that lasts as the table does. So what a process that died or
gave way has left is told from what an operator has detached to keep.
"""

from __future__ import annotations

import time
from typing import Final

from django.db import OperationalError

from handoff.realtime.clock import database_now
from handoff.realtime.partitions import STREAMS, TABLE, Part, briefly, rows, run

MARK: Final = "Retention drops this month: nothing in it is kept any more. Since "
# Longer than a worker waits between marking a month and beginning to detach it.
STALE: Final = "1 minute"
# Between two looks at who is in the way; those who serve people are long gone by the second.
LOOK_SECONDS: Final = 0.1

_MARKED: Final = f"coalesce(starts_with(obj_description(c.oid, 'pg_class'), '{MARK}'), false)"
_SINCE: Final = f"substr(obj_description(c.oid, 'pg_class'), {len(MARK) + 1})::timestamptz"
_PARTS: Final = f"""
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{TABLE}'::regclass
"""
_ALONE: Final = f"""
    SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relname ~ '^{TABLE}_[0-9]{{6}}$'
    AND pg_table_is_visible(c.oid) AND NOT EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)
"""
# A part that hangs where it belongs has the foreign key of the whole log.
_STILL_POINTING: Final = f"""
    SELECT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.confrelid = '{STREAMS}'::regclass AND k.conparentid = 0 AND c.oid <> '{TABLE}'::regclass
"""
_READERS: Final = f"""
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE relation IN ('{TABLE}'::regclass, '{STREAMS}'::regclass) AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def drop(part: Part) -> None:
    """A part in which nothing is worth keeping. Readers and writers of others go on meanwhile.

    Raises OperationalError when somebody else's transaction is in the way: `finish_dropping` does the rest.
    """
    _give_way()
    run(f"COMMENT ON TABLE \"{part.name}\" IS '{MARK}{database_now().isoformat()}'")
    # Not in a transaction: it waits for those who may still look, without keeping anybody else from looking.
    run(f'ALTER TABLE {TABLE} DETACH PARTITION "{part.name}" CONCURRENTLY')
    _drop(part.name)


def finish_dropping() -> None:
    """What a process that died or had to give up has left marked, half detached, or detached and not dropped.

    Raises OperationalError when somebody is still in the way.
    """
    for name in _names(f"{_PARTS} AND {_MARKED} AND NOT i.inhdetachpending AND {_SINCE} < now() - interval '{STALE}'"):
        # Whoever detaches it by hand from here on keeps it; if nothing of it is kept, it is marked anew.
        run(f'COMMENT ON TABLE "{name}" IS NULL')
    pending = _names(f"{_PARTS} AND {_MARKED} AND i.inhdetachpending")
    alone = _names(f"{_ALONE} AND {_MARKED}")
    if pending or alone:
        _give_way()
    for name in pending:
        run(f'ALTER TABLE {TABLE} DETACH PARTITION "{name}" FINALIZE')
    for name in [*pending, *alone]:
        _drop(name)


def left_alone() -> list[str]:
    """Months that somebody has detached by hand, wherever they are now, and that are in the way of something."""
    ours_not = f"NOT {_MARKED}"
    half_detached = _names(f"{_PARTS} AND i.inhdetachpending AND {ours_not}")
    return sorted({*half_detached, *_names(f"{_ALONE} AND {ours_not}"), *_names(f"{_STILL_POINTING} AND {ours_not}")})


def _drop(name: str) -> None:
    # Its foreign key makes PostgreSQL lock the streams too, and a backup holds those as long as it takes.
    briefly(f'DROP TABLE IF EXISTS "{name}"')


def _give_way() -> None:
    """Nothing is begun that would only wait for a backup. Raises OperationalError."""
    first = _names(_READERS)
    if first:
        time.sleep(LOOK_SECONDS)
        if set(first) & set(_names(_READERS)):
            raise OperationalError("a long transaction, as a backup is one, reads the log or its streams")


def _names(sql: str) -> list[str]:
    return [name for (name,) in rows(sql)]
