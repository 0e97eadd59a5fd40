"""What Django and WhiteNoise would do anew for each test, spared where nothing has changed since the last one."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.test import TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

# `migrate` makes their rows from the models, which costs more than most tests do. They stay while nobody changes them.
MADE = (ContentType._meta.db_table, Permission._meta.db_table)
_flush = TransactionTestCase._fixture_teardown
_scan = WhiteNoiseMiddleware.add_files_from_finders
# Of a table's file: what most tests write fills a page or two.
GROWN_BYTES = 512 * 1024
# What Django's own flush left in them, for each database.
_made: dict[str, list[Any]] = {}
_scanned: dict[tuple[str, ...], dict[str, Any]] = {}


def spare() -> None:
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[method-assign]
    WhiteNoiseMiddleware.add_files_from_finders = _add_files


def _empty(case: TransactionTestCase) -> None:
    """Delete what the test wrote, and touch nothing else."""
    names = cast(Any, case)._databases_names(include_mirrors=False)
    if all(name in _made and _looks_of_made(name) == _made[name] for name in names):
        for name in names:
            _delete_what_was_written(name)
        return
    _flush(case)
    _made.update({name: _looks_of_made(name) for name in names})


def _looks_of_made(name: str) -> list[Any]:
    with connections[name].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT count(*), max(id) FROM {table}" for table in MADE))
        return list(cursor.fetchall())


def _delete_what_was_written(name: str) -> None:
    """In any order: foreign keys are looked at when the transaction ends."""
    with transaction.atomic(using=name), connections[name].cursor() as cursor:
        if connections[name].vendor == "postgresql":
            _cut_what_has_grown(cursor, name)
        cursor.execute(_which_hold_something(name))
        for (table,) in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{table}"')


def _cut_what_has_grown(cursor: Any, name: str) -> None:
    """Thousands of deleted rows would be read over by every test that follows, until a vacuum comes by."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r' AND pg_relation_size(oid) > %s",
        [_tables(name), GROWN_BYTES],
    )
    if grown := ", ".join(f'"{table}"' for (table,) in cursor.fetchall()):
        cursor.execute(f"TRUNCATE {grown} CASCADE")


@cache
def _tables(name: str) -> list[str]:
    tables = set(connections[name].introspection.django_table_names(only_existing=True, include_views=False))
    return sorted(tables.difference(MADE))


@cache
def _which_hold_something(name: str) -> str:
    asked = (f"SELECT '{one}' WHERE EXISTS (SELECT 1 FROM \"{one}\")" for one in _tables(name))
    return " UNION ALL ".join(asked)


def _add_files(middleware: Any) -> None:
    """Every client loads the middleware for itself; the files are the same."""
    key = (middleware.static_prefix, str(middleware.max_age), str(settings.STATICFILES_DIRS))
    if key not in _scanned:
        _scan(middleware)
        _scanned[key] = dict(middleware.files)
    middleware.files |= _scanned[key]
