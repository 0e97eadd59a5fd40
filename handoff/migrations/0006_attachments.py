import functools

import django.db.models.deletion
from django.db import migrations, models

import handoff.lib.ids
from handoff.realtime import busy_tables


class Migration(migrations.Migration):
    dependencies = [("handoff", "0005_callback_and_phone")]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(handoff.lib.ids.new_id, "at"),
                        editable=False,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("author_kind", models.CharField(max_length=8)),
                ("author_id", models.CharField(max_length=40)),
                ("name", models.CharField(blank=True, max_length=255)),
                ("kind", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("width", models.PositiveIntegerField(null=True)),
                ("height", models.PositiveIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("arriving", "Arriving"),
                            ("ready", "Ready"),
                            ("sent", "Sent"),
                            ("dropped", "Dropped"),
                        ],
                        max_length=8,
                    ),
                ),
                ("storage_name", models.CharField(max_length=100, unique=True)),
                ("created_at", models.DateTimeField()),
                (
                    "handoff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attachments", to="handoff.handoff"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "sent"), _negated=True),
                        fields=["created_at"],
                        name="attachments_to_sweep",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["arriving", "ready", "sent", "dropped"])),
                        name="attachment_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("author_kind__in", ["customer", "agent"])), name="attachment_author_known"
                    ),
                ],
            },
        ),
        busy_tables.take("handoff"),
    ]
