"""Changing tables that servers use at the same moment: all locks at once, as late as can be, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import migrations
from django.db.migrations import AddField, RunPython
from django.db.migrations.operations.base import Operation

# A foreign key or an index lets everybody read on; a new column lets nobody do anything.
_KEYS: Final = "SHARE ROW EXCLUSIVE"
_COLUMNS: Final = "ACCESS EXCLUSIVE"


def take(*models: str) -> RunPython:
    """The locks that the rest of a migration needs on tables in use; what only makes new tables stands before it.

    Locks that are taken one after the other, with work between them, are held while others are waited for: servers
    that ask in another order would be shut out, or chosen as victims of a deadlock. A foreign key locks both tables.
    """

    return RunPython(lambda apps, editor: _lock(apps, editor, models, _KEYS), RunPython.noop, elidable=True)


def _lock(apps: Any, editor: Any, models: Sequence[str], mode: str) -> None:
    if editor.connection.vendor == "postgresql":
        tables = ", ".join(editor.quote_name(apps.get_model("handoff", name)._meta.db_table) for name in models)
        editor.execute(f"LOCK TABLE {tables} IN {mode} MODE")


class AddColumns(Operation):
    """New columns of tables in use, under locks that are taken when nothing but SQL is left to do; for keys as well.

    One after the other, Django would work out all models anew between two columns, while nobody gets at the tables.
    """

    def __init__(self, fields: Sequence[AddField], *, locked: Sequence[str]) -> None:
        self.fields, self.locked = fields, locked

    def describe(self) -> str:
        return "; ".join(field.describe() for field in self.fields)

    def state_forwards(self, app_label: str, state: Any) -> None:
        for field in self.fields:
            field.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            self._add_in_turn(app_label, schema_editor, from_state)
            return
        # Worked out here, before anybody waits.
        apps, _ = from_state.apps, to_state.apps
        _lock(apps, schema_editor, self.locked, _COLUMNS)
        for field in self.fields:
            field.database_forwards(app_label, schema_editor, from_state, to_state)

    def _add_in_turn(self, app_label: str, schema_editor: Any, state: Any) -> None:
        """SQLite may write a table anew for a column, and must know of the columns before it."""
        for field in self.fields:
            after = state.clone()
            field.state_forwards(app_label, after)
            field.database_forwards(app_label, schema_editor, state, after)
            state = after

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for field in self.fields:
            field.database_backwards(app_label, schema_editor, from_state, to_state)


class AddIndex(migrations.AddIndex):
    """An index that is built beside everybody's work. Needs a migration with `atomic = False`.

    It waits for transactions that are open, a backup's too, and nobody waits for it. Safe to run again after it was
    cut off: what is half built is taken away first.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.connection.vendor != "postgresql":
            if not _has_index(schema_editor, model._meta.db_table, self.index.name):
                schema_editor.add_index(model, self.index)
            return
        # By `deploy/migrate` a wait is half a second: for an index that would be a whole building in vain.
        schema_editor.execute("SET lock_timeout = 0")
        name = schema_editor.quote_name(self.index.name)
        if _is_half_built(schema_editor, self.index.name):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        sql = str(self.index.create_sql(model, schema_editor, concurrently=True))
        anew = sql.replace(f"INDEX CONCURRENTLY {name}", f"INDEX CONCURRENTLY IF NOT EXISTS {name}", 1)
        schema_editor.execute(anew, params=None)
        schema_editor.execute("RESET lock_timeout")


class AddChecked(AddField):
    """A column that may be empty, with its check, without a look at the rows that are there. `prove` looks later."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.name)
        told = field.db_parameters(schema_editor.connection)
        table, column = model._meta.db_table, field.column
        schema_editor.execute(
            f'ALTER TABLE "{table}" ADD COLUMN "{column}" {told["type"]} NULL, '
            f'ADD CONSTRAINT "{table}_{column}_check" CHECK ({told["check"]}) NOT VALID'
        )


def prove(model: str, column: str) -> RunPython:
    """The check of a column from `AddChecked`, for the rows that were there: read beside everybody's work."""

    def validate(apps: Any, editor: Any) -> None:
        if editor.connection.vendor == "postgresql":
            table = apps.get_model("handoff", model)._meta.db_table
            editor.execute("SET lock_timeout = 0")
            editor.execute(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{table}_{column}_check"')
            editor.execute("RESET lock_timeout")

    return RunPython(validate, RunPython.noop, atomic=False)


def _has_index(editor: Any, table: str, name: str) -> bool:
    with editor.connection.cursor() as cursor:
        return name in editor.connection.introspection.get_constraints(cursor, table)


def _is_half_built(editor: Any, name: str) -> bool:
    """Left by one who gave up, and not what somebody else is building now."""
    with editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"
            " AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)",
            [editor.quote_name(name)],
        )
        return cursor.fetchone() is not None
