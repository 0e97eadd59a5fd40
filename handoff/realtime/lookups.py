"""A list of any length as one parameter: the statement's text, and with it its prepared plan, stays the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, IntegerField, Lookup, Q
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup


def among(field: str, values: Iterable[object]) -> Q:
    """As `field__in`, which writes one placeholder a value: slow to build, and a new statement for every length."""
    return Q(**{f"{field}__among": list(values)})


def one_of(field: str, words: Iterable[str]) -> Q:
    """As `field__in` for words of our own code, written into the statement: only so can a database that plans without
    its parameters (SQLite always, PostgreSQL for a prepared one) see that an index of these alone will do."""
    return Q(**{f"{field}__one_of": [str(word) for word in words]})


@Field.register_lookup
class Among(_Lookup):
    """`= ANY(array)` on PostgreSQL, `IN (SELECT value FROM json_each(text))` on SQLite."""

    lookup_name = "among"

    def get_prep_lookup(self) -> list[Any]:
        prepare = self.lhs.output_field.get_prep_value
        return [prepare(value) for value in self.rhs]

    def get_db_prep_lookup(self, value: Any, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        if connection.vendor == "postgresql":
            # Named, as psycopg would choose another type for larger numbers.
            is_number = isinstance(self.lhs.output_field, IntegerField)
            return f"= ANY(%s::{'bigint' if is_number else 'text'}[])", [value]
        return "IN (SELECT value FROM json_each(%s))", [json.dumps(value)]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.get_db_prep_lookup(self.rhs, connection)
        return f"{lhs} {rhs}", [*lhs_params, *rhs_params]


@Field.register_lookup
class OneOf(_Lookup):
    """Words as literals; raises ValueError for what could be anything but a word of ours."""

    lookup_name = "one_of"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        if not all(word.isidentifier() for word in self.rhs):
            raise ValueError("only words of the code itself are written into a statement")
        lhs, lhs_params = self.process_lhs(compiler, connection)
        words = ", ".join(f"'{word}'" for word in self.rhs)
        return f"{lhs} IN ({words})", list(lhs_params)
