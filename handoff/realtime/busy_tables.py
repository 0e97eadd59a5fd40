"""Changing tables that servers use at the same moment: all locks at once, as late as can be, or none."""

from __future__ import annotations

from typing import Any, Final

from django.db.migrations import RunPython

# A foreign key or an index lets everybody read on; a new column lets nobody do anything.
_KEYS: Final = "SHARE ROW EXCLUSIVE"
_COLUMNS: Final = "ACCESS EXCLUSIVE"


def take(*models: str, for_columns: bool = False) -> RunPython:
    """The locks that the rest of a migration needs on tables in use; what only makes new tables stands before it.

    Locks that are taken one after the other, with work between them, are held while others are waited for: servers
    that ask in another order would be shut out, or chosen as victims of a deadlock. A foreign key locks both tables.
    """

    def lock(apps: Any, editor: Any) -> None:
        if editor.connection.vendor == "postgresql":
            tables = ", ".join(editor.quote_name(apps.get_model("handoff", name)._meta.db_table) for name in models)
            editor.execute(f"LOCK TABLE {tables} IN {_COLUMNS if for_columns else _KEYS} MODE")

    return RunPython(lock, RunPython.noop, elidable=True)
