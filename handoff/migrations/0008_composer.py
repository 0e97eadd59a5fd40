import django.db.models.deletion
from django.db import migrations, models

from handoff.realtime import busy_tables


class Migration(migrations.Migration):
    dependencies = [("handoff", "0007_step_up")]

    operations = [
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reply", models.TextField(blank=True)),
                ("note", models.TextField(blank=True)),
                ("mode", models.CharField(default="reply", max_length=5)),
                ("clock", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.agent"
                    ),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="handoff.handoff"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("handoff", "agent"), name="one_draft_an_agent")],
            },
        ),
        migrations.CreateModel(
            name="ReAsk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fact_key", models.CharField(blank=True, max_length=64)),
                ("fact_source", models.CharField(max_length=8)),
                ("client_id", models.CharField(max_length=64, unique=True)),
                ("sent", models.BooleanField(help_text="Asked anyway; otherwise it was taken back.")),
                ("at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.agent"
                    ),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reasks", to="handoff.handoff"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("sent", True)), fields=["handoff"], name="reasks_sent")],
            },
        ),
        busy_tables.take("handoff", "agent"),
    ]
