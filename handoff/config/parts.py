"""Looks at what a process stands on: the database, its schema, the workers, the clock, Redis; each told in a sentence.

The sentences are for whoever may ask, so no address, name or password is in them: those are in the log.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.db.utils import DEFAULT_DB_ALIAS

from handoff.realtime import dropping, metrics, poolers
from handoff.realtime.clock import database_now
from handoff.realtime.models import WorkerBeat

logger = logging.getLogger(__name__)
T = TypeVar("T")

WORKER_SILENCE: Final = timedelta(seconds=20)
# From here on the operator is told; what is worse than HANDOFF_CLOCK_LIMIT_SECONDS does not serve.
CLOCK_TOLD_SECONDS: Final = 3.0
CONNECT_SECONDS: Final = 2

# What PostgreSQL and its library say, and what to do about it.
_SENTENCES: Final = (
    (("password authentication failed", "SASL authentication failed", "no password supplied", "no pg_hba.conf entry"),
     "The database does not let us in: look at the user and the password in DATABASE_URL, then at "
     "pg_hba.conf, or the pooler's auth_file."),
    (("Connection refused", "No such file or directory", "No route to host", "Network is unreachable"),
     "Nothing answers at the database's address: is PostgreSQL up, and DATABASE_URL right?"),
    (("timeout expired", "timed out", "couldn't get a connection"), "The database did not answer in time."),
    (("too many clients", "too many connections", "remaining connection slots"),
     "The database lets no more connections in: raise its max_connections, or put a pooler before it."),
    (("resolve host", "could not translate host", "Name or service not known"),
     "The database's host has no address: look at the host in DATABASE_URL."),
    (("is starting up", "is shutting down", "in recovery mode", "not yet accepting connections"),
     "The database is starting or stopping."),
    (("does not exist", "no such table", "no such column"),
     "The database lacks what this release needs: run `manage.py migrate`, or look at the name in DATABASE_URL."),
    (("read-only", "readonly"), "The database is read-only: look at where DATABASE_URL leads."),
)  # fmt: skip
UNKNOWN_WORKER: Final = "Unknown, as the database does not answer."
READ_ONLY: Final = (
    "The database is read-only: DATABASE_URL leads to a replica, or default_transaction_read_only is on. "
    "It has to lead to the primary."
)


_refusals: Final[dict[str, str]] = {}


def note_refusal(who: str, error: BaseException) -> None:
    """What was said, in full, for whoever reads the log; not at each look again."""
    if _refusals.get(who) != str(error):
        _refusals[who] = str(error)
        logger.info("%s refuses: %s", who, error)


@dataclass
class Report:
    """What one look found: parts that cannot do their work, and what should be known of those that can."""

    troubles: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def with_own_connection(work: Callable[[], T]) -> T:
    """Run `work` on a connection of its own, beside the pool: one that has to wait for others says nothing of them."""
    with _own_connection():
        return work()


@contextlib.contextmanager
def _own_connection() -> Iterator[None]:
    before = connections[DEFAULT_DB_ALIAS]
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    options: dict[str, Any] = {name: value for name, value in own.settings_dict["OPTIONS"].items() if name != "pool"}
    options |= {"connect_timeout": CONNECT_SECONDS} if own.vendor == "postgresql" else {"timeout": 1}
    own.settings_dict = own.settings_dict | {"OPTIONS": options, "CONN_MAX_AGE": 0}
    connections[DEFAULT_DB_ALIAS] = own
    try:
        yield
    finally:
        own.close()
        connections[DEFAULT_DB_ALIAS] = before


def look_at_database() -> Report:
    """The database, its schema, the workers' signs of life and this process's clock. Never raises."""
    report = Report()
    try:
        with_own_connection(lambda: _look_at_database(report))
    except DatabaseError as error:
        report.troubles = {"database": explain(error), "worker": UNKNOWN_WORKER}
        note_refusal("the database", error)
    except Exception:
        logger.exception("looking at the database failed")
        report.troubles = {"database": "Looking at it failed: the log says how.", "worker": UNKNOWN_WORKER}
    return report


def explain(error: BaseException) -> str:
    """What to do about an error of the database's."""
    found = poolers.explain(error)
    if found is None:
        said = str(error)
        found = next((sentence for words, sentence in _SENTENCES if any(word in said for word in words)), None)
    return found or "The database does not answer: the log says how it refuses."


def missing_migrations() -> list[str]:
    """What of this release's schema the database does not have; a newer schema than ours is nothing to us."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def explain_missing(missing: list[str]) -> str:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"Migrations are not applied: {missing[0]}{more}. Run `manage.py migrate`."


class _Schema:
    """Whether it has been seen whole: nobody takes migrations back while we serve, so it is asked once."""

    is_whole = False


def _look_at_database(report: Report) -> None:
    standing = poolers.look()
    if advice := poolers.advise(standing):
        report.notes["database"] = advice
    if is_read_only():
        report.troubles["database"] = READ_ONLY
    if not _Schema.is_whole and (missing := missing_migrations()):
        report.troubles["database"] = explain_missing(missing)
        report.troubles["worker"] = "Unknown until the migrations are applied."
        return
    _Schema.is_whole = True
    _look_at_workers(report)
    _look_at_clock(report)
    _look_at_months(report)


def is_read_only() -> bool:
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        return Path(name).is_file() and not all(os.access(place, os.W_OK) for place in (name, Path(name).parent))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'")
        [answer] = cursor.fetchone()
    return bool(answer)


def _look_at_workers(report: Report) -> None:
    last = WorkerBeat.objects.aggregate(last=Max("beat_at"))["last"]
    if last is None:
        report.troubles["worker"] = "No worker has ever worked here: start `manage.py run_worker`."
        return
    silence = database_now() - last
    if silence > WORKER_SILENCE:
        report.troubles["worker"] = (
            f"No worker has given a sign of life for {silence.total_seconds():.0f} s: "
            "start `manage.py run_worker`, or read its log."
        )


def clock_ahead_seconds() -> float:
    """How far this machine's clock is ahead of the database's, halfway through asking."""
    before = time.time()
    asked = database_now().timestamp()
    return (before + time.time()) / 2 - asked


def _look_at_clock(report: Report) -> None:
    ahead = metrics.clock.ahead_seconds = clock_ahead_seconds()
    if abs(ahead) <= CLOCK_TOLD_SECONDS:
        return
    told = explain_clock(ahead)
    if abs(ahead) > settings.HANDOFF_SECONDS["CLOCK_LIMIT"]:
        report.troubles["clock"] = told
    else:
        report.notes["clock"] = told


def _look_at_months(report: Report) -> None:
    if connection.vendor == "postgresql" and (names := dropping.left_alone()):
        report.notes["log"] = (
            f"Detached from the log by hand, and left alone: {', '.join(names)}. Drop its foreign key to the streams "
            "and move it to another schema (docs/operations.md, A partitioned log)."
        )


def explain_clock(ahead: float) -> str:
    return (
        f"This machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the database's. "
        "Second factors and sign-ins go by it: have both set by NTP."
    )
