from django.db import migrations, models

from handoff.realtime import busy_tables


class Migration(migrations.Migration):
    """What takes as long as a table is large, and keeps nobody waiting. Each step may be done again."""

    atomic = False
    dependencies = [("handoff", "0012_retention")]

    operations = [
        busy_tables.AddIndex(
            model_name="survey",
            index=models.Index(fields=["at"], name="surveys_by_time"),
        ),
        busy_tables.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("state", "closed")), fields=["-closed_at", "-id"], name="closed_by_time"
            ),
        ),
        busy_tables.prove("handoff", "promised_seconds"),
    ]
