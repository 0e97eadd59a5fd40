"""Whether a pooler stands before PostgreSQL, and what a connection through one has to do without.

A pooler may give each transaction another session: what was set or prepared in the one before is not there, or is
somebody else's. So nothing is prepared through any pooler, and how long a statement may wait is the pooler's to say.
"""

from __future__ import annotations

import weakref
from typing import Any, Final, NamedTuple

import psycopg
from django.db import connection, transaction
from django.db.backends.signals import connection_created

# A request that waits for a row holds one of few threads. The last one is for the others: a process that is frozen, or
# whose machine is lost between two statements, would keep its locks for as long as its connection is taken for alive.
LIMITS: Final = {"lock_timeout": "5s", "statement_timeout": "15s", "idle_in_transaction_session_timeout": "4s"}

_LOOK: Final = "SELECT pg_backend_pid(), " + ", ".join(f"current_setting('{name}')" for name in LIMITS)
# Statements here are short. One whose tables are not analyzed yet looks dear enough to be compiled first, which takes a
# hundred times as long as running it. Behind a pooler the server's own configuration says so.
_SET: Final = LIMITS | {"jit": "off"}
_LIMIT: Final = "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SET.items())

# What poolers say, and what to do about it.
_SENTENCES: Final = (
    (
        "statement pooling mode",
        "The pooler before PostgreSQL is in statement mode and refuses transactions: "
        "set pool_mode = transaction (or session) for this database.",
    ),
    (
        "unsupported startup parameter",
        "The pooler before PostgreSQL refuses a parameter that DATABASE_URL sets: take it out of the URL, "
        "and set it on the database's role.",
    ),
    ("query_wait_timeout", "Every connection of the pooler is taken: raise its default_pool_size."),
    ("max_client_conn", "The pooler lets no more clients in: raise its max_client_conn to 22 for each process."),
    ("no such user", "The pooler does not know DATABASE_URL's user: add it to its auth_file."),
    ("no such database", "The pooler does not know DATABASE_URL's database: add it to its [databases]."),
)

_adapted: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()
_is_limited = False


class Standing(NamedTuple):
    """How this process reaches PostgreSQL; `missing` are limits that a pooler should have set."""

    is_pooled: bool
    missing: tuple[str, ...] = ()


def limit_waits() -> None:
    """From now on every new connection of this process gives up what it waits for. Migrations may take their time."""
    global _is_limited
    _is_limited = True


def are_waits_limited() -> bool:
    return _is_limited


def adapt(link: psycopg.Connection[Any]) -> Standing:
    """Make a new connection ready for what it leads to. In autocommit."""
    standing = _standing(link)
    if standing.is_pooled:
        link.prepare_threshold = None
    elif _is_limited:
        link.execute(_LIMIT, prepare=False)
    return standing


def look() -> Standing:
    """What stands before the database now. Raises DatabaseError, also when transactions are refused."""
    if connection.vendor != "postgresql":
        return Standing(is_pooled=False)
    with transaction.atomic():
        connection.ensure_connection()
        with connection.wrap_database_errors:
            return _standing(connection.connection)


def explain(error: BaseException) -> str | None:
    """What to do about something that a pooler has said; None if this is nothing of the kind."""
    said = str(error)
    return next((sentence for words, sentence in _SENTENCES if words in said), None)


def advise(standing: Standing) -> str | None:
    """What an operator should add to the pooler, if anything."""
    if not standing.missing:
        return None
    settings = "; ".join(f"SET {name} = ''{LIMITS[name]}''" for name in standing.missing)
    return (
        f"Behind the pooler {', '.join(standing.missing)} is not in force, so what waits may wait for ever. In its "
        f"[databases], transaction mode: connect_query='{settings}'; in session mode: ALTER ROLE ... SET."
    )


def _standing(link: psycopg.Connection[Any]) -> Standing:
    [(pid, *limits)] = link.execute(_LOOK, prepare=False).fetchall()
    # Who greeted us names the process that answers; a pooler makes a number up.
    if pid == link.info.backend_pid:
        return Standing(is_pooled=False)
    return Standing(
        is_pooled=True, missing=tuple(name for name, value in zip(LIMITS, limits, strict=True) if value == "0")
    )


def _adapt_new(connection: Any, **_: Any) -> None:
    """Once for each connection of the pool: Django tells of it whenever it is taken out."""
    if connection.vendor != "postgresql" or connection.connection in _adapted:
        return
    with connection.wrap_database_errors:
        adapt(connection.connection)
    _adapted.add(connection.connection)


connection_created.connect(_adapt_new, dispatch_uid="poolers")
