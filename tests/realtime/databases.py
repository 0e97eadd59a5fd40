"""A database of a test's own beside the tests' one: what it does to its tables, no other test has to live with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import connection, connections

NAME = "a_test_of_its_own"


@contextmanager
def own_database() -> Iterator[None]:
    """Every thread's connection leads to a copy of the tests' database, which goes with the block."""
    whole: dict[str, Any] = connection.settings_dict
    before = whole["NAME"]
    _leave()
    with psycopg.connect(_address(whole), autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        link.execute(f'CREATE DATABASE {NAME} TEMPLATE "{before}"')
    whole["NAME"] = NAME
    try:
        yield
    finally:
        _leave()
        whole["NAME"] = before
        with psycopg.connect(_address(whole), autocommit=True) as link:
            link.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def _leave() -> None:
    """Nobody may be in a database that is copied, and the pool keeps what is closed."""
    connections.close_all()
    cast(Any, connection).close_pool()


def _address(whole: dict[str, Any]) -> str:
    parts = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return psycopg.conninfo.make_conninfo(dbname="postgres", **{key: whole[name] for key, name in parts.items()})
