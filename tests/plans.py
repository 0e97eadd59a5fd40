"""Reads how the database finds what a block of code asks it for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction

# Tables that stay small, however many customers a deployment has, agents among them: reading one whole is fine.
SMALL = frozenset(
    f"handoff_{name}"
    for name in (
        "site",
        "sitekey",
        "queue",
        "hours",
        "skill",
        "intent",
        "intent_skills",
        "intentaction",
        "epoch",
        "agent",
        "agent_queues",
        "agentskill",
    )
)
# Of rows: a table of fewer is read whole, as that is as quick.
A_PAGE = 60
_SCANNED = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?(?! VIRTUAL)$")
_EXPLAINED = ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")


class Scan(NamedTuple):
    """One table's part in one statement; `rows` were read for it, `index` is None for a whole table."""

    table: str
    index: str | None
    # SQLite does not count them.
    rows: int | None
    statement: str


@dataclass
class Plans:
    """What was asked in the block; complete after it."""

    statements: list[str] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)

    def whole(self) -> list[Scan]:
        """Tables that may grow, and were read from end to end. PostgreSQL does so where there are few rows yet."""
        found = [scan for scan in self.scans if scan.index is None and scan.table not in SMALL]
        return [scan for scan in found if scan.rows is None or scan.rows > A_PAGE]

    def dearest(self) -> int:
        """The most rows that one statement read of one table that may grow; PostgreSQL alone counts them."""
        return max((scan.rows or 0 for scan in self.scans if scan.table not in SMALL), default=0)


@contextmanager
def reading_plans() -> Iterator[Plans]:
    """On PostgreSQL the plans that were executed, with those inside functions; on SQLite what it says it would do."""
    reader = _reading_postgres if connection.vendor == "postgresql" else _reading_sqlite
    with reader() as plans:
        yield plans


@contextmanager
def _reading_postgres() -> Iterator[Plans]:
    plans = Plans()

    def take(notice: Any) -> None:
        said = notice.message_primary or ""
        if " plan:\n" in said:
            plan = json.loads(said.partition(" plan:\n")[2])
            plans.statements.append(plan["Query Text"])
            plans.scans += _scans_of(plan["Plan"], plan["Query Text"])

    connection.ensure_connection()
    link: Any = connection.connection
    with connection.cursor() as cursor:
        cursor.execute("LOAD 'auto_explain'")
        for name, value in _AUTO_EXPLAIN.items():
            cursor.execute(f"SET {name} = {value}")
    link.add_notice_handler(take)
    try:
        yield plans
    finally:
        link.remove_notice_handler(take)
        with connection.cursor() as cursor:
            cursor.execute("SET auto_explain.log_min_duration = -1; SET client_min_messages = notice")


_AUTO_EXPLAIN = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "client_min_messages": "log",
}


def _scans_of(node: dict[str, Any], statement: str) -> Iterator[Scan]:
    table = node.get("Relation Name")
    if table is not None and node["Node Type"] not in ("ModifyTable", "LockRows"):
        rows = sum(
            node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        )
        yield Scan(table, _index_of(node), round(rows * node.get("Actual Loops", 1)), statement)
    for part in node.get("Plans", ()):
        yield from _scans_of(part, statement)


def _index_of(node: dict[str, Any]) -> str | None:
    if node["Node Type"] == "Bitmap Heap Scan":
        return next((part["Index Name"] for part in node["Plans"] if "Index Name" in part), "several")
    return node.get("Index Name")


@contextmanager
def _reading_sqlite() -> Iterator[Plans]:
    plans = Plans()
    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.lstrip().upper().startswith(_EXPLAINED):
            asked.append((sql, (params[0] if params else ()) if many else params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield plans
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plans.statements.append(sql)
            for detail in [row[-1] for row in cursor.fetchall()]:
                found = _SCANNED.match(detail)
                if found and not _is_partial(cursor, found[2]) and not _is_made_here(found[1], sql):
                    plans.scans.append(Scan(_named(found[1], sql), None, None, f"{detail}: {sql}"))


def _is_partial(cursor: Any, index: str | None) -> bool:
    """An index of some rows alone is there to be read whole: those who wait, who are at work."""
    if index is None:
        return False
    cursor.execute("SELECT sql LIKE '%% WHERE %%' FROM sqlite_master WHERE type = 'index' AND name = %s", [index])
    return bool((cursor.fetchone() or [False])[0])


def _is_made_here(alias: str, sql: str) -> bool:
    """Rows that the statement itself has put together: what they were taken from is told apart."""
    return re.search(rf"\)\s+(?:AS )?{alias}\b", sql) is not None


def _named(alias: str, sql: str) -> str:
    """The table behind a name in SQLite's plan."""
    found = re.search(rf'"?(handoff_\w+|django_\w+)"? (?:AS )?"?{alias}"?\b', sql)
    return found[1] if found else alias


def grow(seed: Callable[[Any], None]) -> None:
    """Fill PostgreSQL's tables by SQL, so that a plan that reads too much shows; SQLite's plans do not need it."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            # To look for the parents of every row takes longer than all the rest. Benchmarks seed with it.
            cursor.execute("SET LOCAL session_replication_role = replica")
            seed(connection.connection)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
