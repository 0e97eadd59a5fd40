from django.db import migrations, models

from handoff.realtime import busy_tables


class Migration(migrations.Migration):
    dependencies = [("handoff", "0010_supervision")]

    operations = [
        busy_tables.AddColumns(
            [
                migrations.AddField(
                    "agent", "is_simulated", models.BooleanField(db_default=False, default=False, editable=False)
                ),
                migrations.AddField(
                    "agent",
                    "is_trainee",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Gets simulated customers only, and counts in no figure.",
                        verbose_name="training",
                    ),
                ),
                migrations.AddField("handoff", "is_simulated", models.BooleanField(db_default=False, default=False)),
                migrations.AddField(
                    "site", "is_simulated", models.BooleanField(db_default=False, default=False, editable=False)
                ),
            ],
            locked=("handoff", "agent", "site"),
        ),
    ]
