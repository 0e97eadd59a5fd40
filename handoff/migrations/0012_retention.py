from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from handoff.realtime import busy_tables


class LetGo(migrations.AlterField):
    """A figure outlives its handoff. Django would drop the foreign key and prove it anew, row by row, under a lock."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        schema_editor.execute(f"ALTER TABLE {table} ALTER COLUMN {self.name}_id DROP NOT NULL")


def let_go(model: str, related_name: str) -> LetGo:
    field = models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name=related_name, to="handoff.handoff"
    )
    return LetGo(model, "handoff", field)


class Migration(migrations.Migration):
    dependencies = [("handoff", "0011_training")]

    operations = [busy_tables.take("wait", "stint"), let_go("wait", "waits"), let_go("stint", "stints")]
